#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# iPXE's own ice driver against the emulated E810: DHCP, TFTP download, and
# the statistics seen from outside. Prints TAP.
set -eu

usage() {
	cat <<EOF
Usage: ${0##*/} [QEMU [BLOB-DIR...]]

Boots iPXE on the emulated E810 and downloads a file through it.

QEMU      the testbed's qemu-system-x86_64 (default: \$QEMU)
BLOB-DIR  folders that hold bios-256k.bin, linuxboot_dma.bin, kvmvapic.bin
          (default: \$QEMU_BLOBS, separated by ':')
IPXE      in the environment: ipxe.lkrn (default: /usr/lib/ipxe/ipxe.lkrn)
TIMEOUT   in the environment: seconds for the whole run (default: 120)
EOF
}

case ${1:-} in
-h|--help) usage; exit 0;;
esac

qemu=${1:-${QEMU:-}}
[ $# -eq 0 ] || shift
ipxe=${IPXE:-/usr/lib/ipxe/ipxe.lkrn}

if [ -z "$qemu" ] || ! [ -x "$qemu" ]; then
	echo "${0##*/}: no QEMU at '${qemu}' (give it as argument or in QEMU)" >&2
	exit 2
fi
if ! [ -r "$ipxe" ]; then
	echo "1..0 # SKIP no iPXE image at $ipxe (package ipxe, or set IPXE)"
	exit 0
fi

if [ $# -eq 0 ]; then
	old_ifs=$IFS
	IFS=:
	# shellcheck disable=SC2086 # the list is meant to be split
	set -- ${QEMU_BLOBS:-}
	IFS=$old_ifs
fi
for dir; do
	set -- "$@" -L "$dir"
	shift
done

tmp=$(mktemp -d)
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

mkdir "$tmp/tftp"
size=1000000
head -c $size /dev/urandom >"$tmp/tftp/file.bin"
cat >"$tmp/tftp/boot.ipxe" <<'EOF'
#!ipxe
echo SCRIPT-RUNS
imgfetch tftp://10.0.2.2/file.bin && echo FETCH-DONE || echo FETCH-FAILED
imgstat
ifstat
ifclose net0
ifopen net0 && echo REOPEN-DONE || echo REOPEN-FAILED
dhcp net0 && echo REDHCP-DONE || echo REDHCP-FAILED
echo ALL-DONE
sleep 600
EOF
mkfifo "$tmp/qmp.in" "$tmp/qmp.out"

"$qemu" -M q35,graphics=off -m 256 -nodefaults -display none -no-reboot "$@" \
	-kernel "$ipxe" \
	-append 'dhcp net0 && chain tftp://10.0.2.2/boot.ipxe || echo BOOT-FAILED' \
	-netdev "user,id=n0,tftp=$tmp/tftp,restrict=on" \
	-device e810,id=pf0,netdev=n0,mac=52:54:00:e8:10:01 \
	-chardev "file,id=c0,path=$tmp/log" -serial chardev:c0 \
	-chardev "pipe,id=q0,path=$tmp/qmp" -mon chardev=q0,mode=control \
	>"$tmp/err" 2>&1 &
pid=$!
exec 3>"$tmp/qmp.in" 4<"$tmp/qmp.out"

left=${TIMEOUT:-120}
while ! grep -qE 'ALL-DONE|BOOT-FAILED' "$tmp/log" 2>/dev/null; do
	if [ "$left" -le 0 ] || ! kill -0 "$pid" 2>/dev/null; then
		break
	fi
	left=$((left - 1))
	sleep 1
done

# greeting, capabilities, statistics: one line each
stats=
if kill -0 "$pid" 2>/dev/null; then
	read -r _ <&4
	echo '{"execute":"qmp_capabilities"}' >&3
	read -r _ <&4
	echo '{"execute":"qom-get","arguments":{"path":"/machine/peripheral/pf0","property":"stats"}}' >&3
	read -r stats <&4
fi
stat() {
	printf '%s\n' "$stats" | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"
}

n=0
bad=0
check() {
	n=$((n + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		bad=$((bad + 1))
	fi
}
log() {
	grep -qE "$1" "$tmp/log"
}
at_least() {
	[ "${1:-0}" -ge "$2" ]
}
is() {
	[ "${1:-none}" = "$2" ]
}

check "driver binds as e810c-qsfp" log 'net0: 52:54:00:e8:10:01 using e810c-qsfp'
check "link and DHCP" log 'Configuring \(net0 52:54:00:e8:10:01\)\.* ok'
check "script by TFTP" log SCRIPT-RUNS
check "1 MB by TFTP" log FETCH-DONE
check "length of the file" log "file.bin : $size bytes"
check "no errors counted by the driver" log 'TXE:0 RX:[0-9]* RXE:0'
check "close and open again" log REOPEN-DONE
check "DHCP once more" log REDHCP-DONE
check "QEMU is alive" kill -0 "$pid"
check "frames through the uplink" at_least "$(stat uplink-rx)" 700
check "doorbells" at_least "$(stat doorbells-tx)" 700
check "no malicious driver event" is "$(stat mdd)" 0
check "no drops for want of descriptors" is "$(stat drop-no-desc)" 0
check "no access to a register that is not modelled" is "$(stat unknown-reg)" 0
echo "1..$n"

if [ $bad -ne 0 ]; then
	sed 's/^/# /' "$tmp/log" "$tmp/err" >&2
	echo "# $stats" >&2
	exit 1
fi
