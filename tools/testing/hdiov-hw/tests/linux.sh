# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# To be sourced: a small Linux guest, a stock kernel with an initrd of our own.
# The tests set: qemu, kernel, modules (the folder with modules.dep), blobs.

need() {
	local f

	for f; do
		[ -e "$f" ] || { echo "${0##*/}: no $f" >&2 && exit 2; }
	done
}

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

# put NAME: a program or library of the root file system $debian into the initrd, with its libraries
put() {
	local name=$1 dir need

	for dir in lib64 usr/bin usr/sbin usr/lib/x86_64-linux-gnu; do
		[ -e "$debian/$dir/$name" ] || continue
		[ ! -e "$root/$dir/$name" ] || return 0
		mkdir -p "$root/$dir"
		cp -L "$debian/$dir/$name" "$root/$dir/$name"
		for need in $(readelf -d "$root/$dir/$name" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
			put "$need"
		done
		return 0
	done
	echo "${0##*/}: no $name in $debian" >&2
	exit 2
}

# run_linux SECONDS APPEND ARGUMENT...: boot it and wait until QEMU ends. The console is in $tmp/log, QEMU's words are in $tmp/err.
# A boot that gets stuck, as in vm_answers() of scripts/lib/vm.sh, is done once more.
run_linux() {
	local limit=$1 append=$2 attempt left stuck
	shift 2

	(cd "$root" && find . -print0 | cpio -0 -o -H newc --quiet) >"$tmp/initrd"
	for attempt in 1 2 3; do
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

# The end of the TAP, and what the guest and QEMU said if it is wanted
finish() {
	echo "1..$n"
	if [ $bad -ne 0 ] || [ -n "${VERBOSE:-}" ]; then
		sed 's/^/# /' "$tmp/log" "$tmp/err" >&2
	fi
	[ $bad -eq 0 ]
}
