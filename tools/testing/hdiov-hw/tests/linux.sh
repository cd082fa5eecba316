# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# To be sourced, with the test's arguments and its usage(): a small Linux guest, a
# stock kernel with an initrd of our own. Sets qemu, kernel, modules (the folder with
# modules.dep), from (what the fourth argument names), tmp and root, the initrd's.

# What usage() of each test says of the arguments and variables that all have
common_usage() {
	cat <<EOF
QEMU      the testbed's qemu-system-x86_64
KERNEL    vmlinux or bzImage
MODULES   folder of its modules (the one with modules.dep)
BLOB-DIR  folders that hold bios-256k.bin, linuxboot_dma.bin, pvh.bin
APPEND    in the environment: more for the kernel's command line
VERBOSE   in the environment: print the guest's console even if all is well
EOF
}

case ${1:-} in
-h | --help) usage && exit 0 ;;
esac
if [ $# -lt 4 ]; then
	usage >&2
	exit 2
fi
qemu=$1 kernel=$2 modules=$3 from=$4
shift 4
for f in "$qemu" "$kernel" "$modules/modules.dep" "$from"; do
	[ -e "$f" ] || { echo "${0##*/}: no $f" >&2 && exit 2; }
done
blobs=()
for d; do
	blobs+=(-L "$d")
done

tmp=$(mktemp -d)
root=$tmp/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules,etc}
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# order MODULE: it and what it needs, in load order
order() {
	local m=$1 dep

	while read -r dep; do
		order "$dep"
	done < <(sed -n "s,^\S*/$m\.ko\S*: *,,p" "$modules/modules.dep" | tr ' ' '\n' |
		sed -n 's,.*/\([^/.]*\)\.ko.*,\1,p')
	echo "$m"
}

# put_modules MODULE...: into the initrd's /modules, and /modules/order. What is built into the kernel is left out.
put_modules() {
	local m f

	for m; do
		order "$m"
	done | awk '!seen[$0]++' | while read -r m; do
		f=$(find "$modules/kernel" -name "$m.ko*" | head -n 1)
		case $f in
		*.xz) xz -dc "$f" >"$root/modules/$m.ko" ;;
		*.ko) cp "$f" "$root/modules/$m.ko" ;;
		*) continue ;;
		esac
		echo "$m"
	done >"$root/modules/order"
}

# put NAME: a program or library of the root file system $from into the initrd, with its libraries
put() {
	local name=$1 dir need

	for dir in lib64 usr/bin usr/sbin usr/lib/x86_64-linux-gnu; do
		[ -e "$from/$dir/$name" ] || continue
		[ ! -e "$root/$dir/$name" ] || return 0
		mkdir -p "$root/$dir"
		cp -L "$from/$dir/$name" "$root/$dir/$name"
		for need in $(readelf -d "$root/$dir/$name" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
			put "$need"
		done
		return 0
	done
	echo "${0##*/}: no $name in $from" >&2
	exit 2
}

# debian PROGRAM...: an initrd with programs of $from, and the beginning of its /init, which the test goes on with: it prints with t() what
# answers() counts
debian() {
	local f

	mkdir -p "$root"/{run,var,lib64}
	ln -s ../run "$root/var/run"
	cp "$from/usr/bin/busybox" "$root/bin/busybox"
	for f in libgcc_s.so.1 ld-linux-x86-64.so.2 ip "$@"; do
		put "$f"
	done
	cat >"$root/init" <<'EOF'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/usr/bin:/usr/sbin:/bin LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
dmesg -n 4

# t NAME COMMAND...: prints what the host counts
t() {
	local name=$1

	shift
	if "$@"; then
		echo "TEST ok $name"
	else
		echo "TEST bad $name"
	fi
}
# busybox's shell prefers its own ip
ip() { /usr/bin/ip "$@"; }
netdev() { ls "/sys/bus/pci/devices/0000:00:0$1.0/net"; }
peer() { ip netns exec peer "$@"; }
logged() { dmesg | grep -E "$1"; }
not() { ! "$@"; }
EOF
	chmod 0755 "$root/init"
}

# run_linux SECONDS APPEND ARGUMENT...: boot it and wait until QEMU ends. The console is in $tmp/log, QEMU's words are in $tmp/err.
# A boot that gets stuck, as in vm_answers() of scripts/lib/vm.sh, is done once more.
run_linux() {
	local limit=$1 append=$2 attempt left stuck
	shift 2

	(cd "$root" && find . -print0 | cpio -0 -o -H newc --quiet) >"$tmp/initrd"
	for attempt in 1 2 3; do
		# Or a slow QEMU would be taken for stuck by what the last one said
		rm -f "$tmp/log"
		"$qemu" -M q35,kernel-irqchip=split,graphics=off -cpu qemu64 -m 1G -nodefaults -display none -no-reboot \
			"${blobs[@]}" -device intel-iommu,intremap=on,x-scalable-mode=on,x-pasid-mode=on \
			-kernel "$kernel" -initrd "$tmp/initrd" \
			-append "console=ttyS0 panic=-1 no_timer_check mitigations=off intel_iommu=on,sm_on $append ${APPEND:-}" \
			-serial "file:$tmp/log" "$@" >"$tmp/err" 2>&1 &
		pid=$! left=$limit stuck=no
		while kill -0 "$pid" 2>/dev/null && [ "$left" -gt 0 ] && [ $stuck = no ]; do
			left=$((left - 1))
			sleep 1
			! grep -aqs "kthread timer wakeup didn't happen" "$tmp/log" || stuck=yes
		done
		[ $stuck = yes ] || break
		echo "# attempt $attempt: the guest is stuck" >&2
		tail -n 5 "$tmp/log" >&2
		kill "$pid"
		wait "$pid" || :
		pid=
	done
}

n=0 bad=0
# result ok|bad NAME
result() {
	n=$((n + 1))
	if [ "$1" = ok ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		bad=$((bad + 1))
	fi
}

# check NAME COMMAND...
check() {
	local name=$1

	shift
	if "$@"; then
		result ok "$name"
	else
		result bad "$name"
	fi
}

not() { ! "$@"; }

# What the guest's t() has printed, and what it did not get to
answers() {
	local how name

	while read -r _ how name; do
		result "$how" "$name"
	done < <(tr -d '\r' <"$tmp/log" | grep -a -o 'TEST \(ok\|bad\) .*')
	check "to the end" grep -aq TEST-DONE "$tmp/log"
	check "no register that the card lacks" not grep -q 'unknown register' "$tmp/err"
}

# The end of the TAP, and what the guest and QEMU said if it is wanted
finish() {
	echo "1..$n"
	if [ $bad -ne 0 ] || [ -n "${VERBOSE:-}" ]; then
		sed 's/^/# /' "$tmp/log" "$tmp/err" >&2
	fi
	[ $bad -eq 0 ]
}
