#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux's own qat_4xxx against the emulated QAT: firmware, the kernel's tests
# of each algorithm, user space's use of one, services, heartbeat, telemetry,
# errors, resets. And with broken firmware, which is refused. Prints TAP.
set -eu

usage() {
	cat <<EOF
Usage: ${0##*/} QEMU KERNEL MODULES ROOT [BLOB-DIR...]

Boots a stock kernel whose unmodified qat_4xxx drives the emulated QAT.

ROOT      a Debian root file system with static busybox and python3; some
          programs of it are taken, none is run here
DRIVER    in the environment: a folder with intel_qat.ko and qat_4xxx.ko, for
          kernels that are built without
TIMEOUT   in the environment: seconds for the whole run (default: 150)
EOF
	common_usage
}

# shellcheck source-path=SCRIPTDIR source=linux.sh
. "${0%/*}/linux.sh"
debian python3.13
mkdir -p "$root/usr/lib/python3.13" "$root/fw/good"
cp -r "$from/usr/lib/python3.13/encodings" "$root/usr/lib/python3.13/"
put_modules intel_qat algif_skcipher ctr xts cbc deflate zstd authenc
cp "$DRIVER/intel_qat.ko" "$DRIVER/qat_4xxx.ko" "$root/modules/"
"${0%/*}/../qat-firmware.py" "$root/fw/good"
for kind in truncated checksum signature device no-admin; do
	mkdir "$root/fw/$kind"
	"${0%/*}/../qat-firmware.py" --broken $kind "$root/fw/$kind"
done

# What user space asks the kernel's AF_ALG for, by the driver's name: test vectors of NIST and IEEE, and there and back with all sizes
cat >"$root/alg.py" <<'EOF'
import sys, _socket
SOL_ALG, SET_KEY, DECRYPT, ENCRYPT = 279, 1, 0, 1
def crypt(driver, key, iv, data, op=ENCRYPT):
    s = _socket.socket(38, 5, 0)
    s.bind(("skcipher", driver))
    s.setsockopt(SOL_ALG, SET_KEY, key)
    c = _socket.socket(38, 5, 0, s._accept()[0])
    c.sendmsg_afalg([data], op=op, iv=iv)
    out = b""
    while len(out) < len(data):
        out += c.recv(len(data) - len(out))
    return out
aes, block = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
vectors = {
    "qat_aes_cbc": (aes, bytes(range(16)), block, "7649abac8119b246cee98e9b12e9197d"),
    "qat_aes_ctr": (aes, bytes(range(0xf0, 0x100)), block, "874d6191b620e3261bef6864990db6ce"),
    "qat_aes_xts": (b"\x11" * 16 + b"\x22" * 16, b"\x33" * 5 + bytes(11), b"\x44" * 32,
                    "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0"),
}
bad = []
for driver in sys.argv[1:]:
    key, iv, plain, want = vectors[driver]
    got = crypt(driver, key, iv, plain).hex()
    if got != want:
        bad.append(f"{driver}: {got}")
    for size in (16, 32, 48, 4096, 4112, 16384) + (() if driver == "qat_aes_cbc" else (17, 31, 33, 4097, 4111)):
        plain = bytes(i * 7 + size & 0xff for i in range(size))
        cipher = crypt(driver, key, iv, plain)
        if cipher == plain or crypt(driver, key, iv, cipher, DECRYPT) != plain:
            bad.append(f"{driver}: {size} bytes")
print("\n".join(bad))
sys.exit(bool(bad))
EOF

cat >>"$root/init" <<'EOF'
mount -t debugfs debugfs /sys/kernel/debug
bdf=0000:00:04.0
qat=/sys/bus/pci/devices/$bdf/qat
debug=/sys/kernel/debug/qat_4xxx_$bdf
v=$(uname -r)

# retry SECONDS COMMAND...
retry() {
	local n=$(($1 * 5))

	shift
	until "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.2
	done
}
# QEMU's monitor hangs on a port without a terminal's ways
exec 3<>/dev/vport0p1
cat <&3 >>/tmp/monitor &
monitor() { echo "$*" >&3; }
inject() { monitor "qom-set /machine/peripheral/qat0 inject-error $1"; }
# count NAME: one of the card's counters
count() {
	: >/tmp/monitor
	monitor "qom-get /machine/peripheral/qat0 stats"
	retry 10 grep '^}' /tmp/monitor && tr -d '\r' </tmp/monitor | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"
}
counted() { n=$(count "$1") && echo "$1: $n" && [ "${n:-0}" "$2" "$3" ]; }
quiet() { not logged 'WARNING|BUG:|Oops|DMAR: .*fault|Call Trace'; }
firmware() {
	mkdir -p /lib/firmware
	cp "/fw/$1"/* /lib/firmware/
}
load() { insmod /modules/qat_4xxx.ko; }
# others 4xxx|'' BDF...: from the next load on the driver may have them, or may not
others() {
	local driver=${1:-none} d

	shift
	for d; do
		echo $driver >/sys/bus/pci/devices/$d/driver_override
	done
}
bound() { [ -e /sys/bus/pci/devices/$bdf/driver ]; }
has() { [ "$(cat "$1" 2>&1)" = "$2" ] || { cat "$1"; false; }; }
up() { has $qat/state up; }
# The kernel's own tests of these algorithms are done, and passed
passed() {
	local d

	for d; do
		sed -n "/^driver *: $d\$/,/^\$/p" /proc/crypto | grep -q '^selftest *: passed' || return 1
	done
}
tested() { retry 30 passed "$@" || { grep -A4 '^driver *: qat' /proc/crypto; false; }; }
gone() { not grep '^driver *: qat' /proc/crypto; }
# As long as the kernel tests an algorithm, the card is in use
services() {
	retry 20 write down $qat/state && echo "$1" >$qat/cfg_services && echo up >$qat/state && up && offered "$1"
}
# Whatever their order
offered() { [ "$(tr ';' '\n' <$qat/cfg_services | sort)" = "$(echo "$1" | tr ';' '\n' | sort)" ]; }
# User space's requests, by AF_ALG. Newer kernels give it nothing asynchronous, so there it is the kernel's own tests, done each time that
# the driver registers its algorithms.
alg() { PYTHONHOME=/usr python3.13 -S /alg.py "$@"; }
uses() {
	local a

	case $v in
	6.*)
		for a in $sym_aes; do
			t "AF_ALG: $a$1" retry 10 alg $a
		done
		;;
	*) t "the kernel's tests$1" tested $sym ;;
	esac
}
alive() { sleep 0.6; has $debug/heartbeat/status 0; }
field() { sed -n "s/^ *$2:* *//p" "$1"; }
nonzero() { n=$(field "$1" "$2") && echo "$2 $n" && [ $(($n)) -gt 0 ]; }
write() { echo "$1" >"$2"; }
# The first engine of asym, and the second group's of sym
fw_counters() {
	cat $debug/fw_counters
	awk '$1 ~ /^[04]:/ && $2 > 0 && $2 == $3 { n++ } END { exit n != 2 }' $debug/fw_counters
}
limit() {
	(
		cd $qat/../qat_rl && echo sym >srv && echo 0x2 >rp && echo 500 >cir && echo 600 >pir && echo add >sla_op && cat id &&
			echo rm >sla_op
	)
}
served() { n=$(count requests-sym) && sleep 0.3 && [ "$(count requests-sym)" = "$n" ]; }
sym_aes="qat_aes_cbc qat_aes_ctr qat_aes_xts"
sym="qat_aes_cbc qat_aes_ctr qat_aes_xts qat_aes_cbc_hmac_sha1 qat_aes_cbc_hmac_sha256 qat_aes_cbc_hmac_sha512"

while read -r m; do
	insmod "/modules/$m.ko" || echo "TEST bad $m loads"
done </modules/order

others "" 0000:00:05.0 0000:00:06.0
for kind in truncated checksum signature device no-admin; do
	firmware $kind
	load
	t "$kind firmware: refused" not bound
	case $kind in
	truncated | checksum) t "by the loader" logged 'incorrect MOF checksum' ;;
	signature) t "by the card" logged 'authentication error \(FCU_STATUS = 0x3\)' ;;
	device) t "by the loader" logged 'incompatible product type' ;;
	no-admin) t "by the loader" logged 'object qat_4xxx_admin.bin is not found' ;;
	esac
	rmmod qat_4xxx
	t "no complaint of the kernel" quiet
	dmesg -c >/dev/null
done
rm /lib/firmware/*
load
t "without firmware it does not come up" not bound
rmmod qat_4xxx
t "the card refused one image" counted firmware-refused -eq 1
dmesg -c >/dev/null

firmware good
load
t "right firmware: it is up" up
t "all engines run" logged 'started 9 acceleration engines'
t "services: sym;asym" offered 'sym;asym'
t "no error in the log" not logged '(QAT|4xxx).*([Ff]ail|[Ee]rror|not )'
t "the kernel's tests of ciphers and hashes" tested $sym
t "of RSA and DH" tested qat-rsa qat-dh
t "no test failed" not logged 'alg: .*([Ff]ail|mismatch|wrong)'
uses ""
t "requests of both services" counted requests-asym -gt 0
t "interrupts by MSI-X" counted interrupts-msix -gt 0
t "none by IMS" counted interrupts-ims -eq 0
t "no response with an error was wanted" counted errors-asym -eq 0
t "heartbeat" alive
t "and again" alive
t "firmware counts requests and responses" fw_counters
# Firmware, once it has seen nothing to do for a while, asks the driver for leave to save power
inject PM_INTERRUPT=2
t "power management: the driver lets firmware save power" retry 5 grep -q 'host_ack_count: 0x1' $debug/pm_status
if [ -e $debug/telemetry ]; then
	t "telemetry starts" write 1 $debug/telemetry/control
	sleep 3
	t "telemetry of the device" nonzero $debug/telemetry/device_data 'pci_trans_cnt'
	t "telemetry stops" write 0 $debug/telemetry/control
fi
t "rate limits are there" [ -e $qat/../qat_rl/sla_op ]
t "a limit is set" limit

for e in correctable:HIAECORERRLOG_CPP0 nonfatal:HIAEUNCERRLOG_CPP0; do
	inject "${e#*:}=1"
	t "${e%:*} error: counted" retry 5 has $qat/../qat_ras/errors_${e%:*} 1
done
t "still up" up
uses " after errors"
t "auto_reset" write on $qat/auto_reset
dmesg -c >/dev/null
inject HICPPAGENTCMDPARERRLOG=1
t "fatal error: the driver resets the card" retry 20 logged 'started 9 acceleration engines'
t "it is up again" retry 10 up
uses " after it"
t "heartbeat after it" alive
t "no complaint of the kernel" quiet

for s in dc sym asym 'sym;dc' 'asym;dc' dcc 'sym;asym'; do
	t "services: $s" services "$s"
	case $s in
	dc | dcc) t "its tests" tested qat_deflate ;;
	esac
done
t "services: sym;asym, its tests" tested $sym qat-rsa qat-dh
uses " after all services"
t "compression was tested on the card" counted requests-dc -gt 0
t "no compression failed that should not" counted errors-dc -eq 0

case $v in
6.*) t "down, as this kernel's driver has to be for a reset" retry 20 write down $qat/state ;;
esac
t "reset by sysfs" write 1 $qat/../reset
case $v in
6.*) t "up again" write up $qat/state ;;
esac
t "it is up after the reset" retry 10 up
uses " after the reset"
t "heartbeat after the reset" alive

for i in 1 2; do
	t "unload $i" retry 20 rmmod qat_4xxx
	t "no algorithm is left" gone
	t "nothing is served" served no
	t "load $i" load
	t "it is up" up
	t "the kernel's tests, load $i" tested $sym qat-rsa qat-dh
	uses ", load $i"
done
# The other cards that this driver knows, one after the other
others "" 0000:00:04.0
for card in 401xx:05 402xx:06; do
	bdf=0000:00:${card#*:}.0
	debug=/sys/kernel/debug/qat_4xxx_$bdf
	retry 20 rmmod qat_4xxx
	others 4xxx $bdf
	case $card in
	402xx:*)
		rm /lib/firmware/qat_402xx*
		load
		t "402xx: refused with the firmware of a 4xxx" not bound
		t "it asks for its own" logged 'qat_402xx_mmp.bin'
		rmmod qat_4xxx
		firmware good
		;;
	esac
	load
	t "${card%:*}: it is up" has /sys/bus/pci/devices/$bdf/qat/state up
	t "the kernel's tests, ${card%:*}" tested $sym qat-rsa qat-dh
	uses ", ${card%:*}"
	t "heartbeat of ${card%:*}" alive
	others "" $bdf
done
retry 20 rmmod qat_4xxx
t "the common module goes too" rmmod intel_qat
t "all that was fetched had an engine" counted abandoned -eq 0
t "no ring was lost" counted ring-faults -eq 0
t "no register that the card lacks" counted unknown-reg -eq 0
t "no complaint of the kernel" quiet
dmesg
grep -A3 '^driver *: qat' /proc/crypto
echo TEST-DONE
poweroff -f
EOF

# One processor: when a compression is done, the driver of Linux 7.3 looks into the request once more, which another processor may have freed
run_linux "${TIMEOUT:-150}" quiet -smp 1 -device qat-4xxx,id=qat0,addr=4.0,firmware=off \
	-device qat-4xxx,addr=5.0,firmware=off,device-id=0x4942 -device qat-4xxx,addr=6.0,firmware=off,device-id=0x4944 -d guest_errors,unimp \
	-chardev "socket,id=monitor,path=$tmp/monitor,server=on,wait=off" -mon chardev=monitor \
	-chardev "socket,id=port,path=$tmp/monitor" -device virtio-serial-pci,addr=7.0 -device virtserialport,chardev=port

answers
finish
