# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Initial RAM file systems: L1's (find the disk, lay the payload over it) and L2's (the whole guest).

# module_order DIR MODULE...: files of the modules and what they depend on, in load order; built-in ones give nothing.
module_order() {
	local dir=$1 tmp abi=x

	shift
	tmp=$(mktemp -d "$cache/order.XXXXXX")
	mkdir -p "$tmp/lib/modules"
	ln -s "$dir" "$tmp/lib/modules/$abi"
	# A module that this kernel has built in and does not list is only warned about.
	{ /sbin/modprobe -d "$tmp" -S "$abi" -C /dev/null -aD --ignore-install "$@" || true; } | sed -n 's/^insmod \([^ ]*\).*/\1/p' |
		awk '!seen[$0]++' | sed "s,^$tmp/lib/modules/$abi/,$dir/,"
	rm -rf "$tmp"
}

# put_modules ROOT DIR MODULE...: copy them, unpacked, to ROOT/modules, with ROOT/modules/order to load them by.
put_modules() {
	local root=$1 dir=$2 f name
	shift 2

	mkdir -p "$root/modules"
	: >"$root/modules/order"
	module_order "$dir" "$@" | while read -r f; do
		name=$(basename "$f")
		name=${name%.xz}
		case $f in
		*.xz) xz -dc "$f" >"$root/modules/$name" ;;
		*) cp "$f" "$root/modules/$name" ;;
		esac
		printf '%s\n' "$name" >>"$root/modules/order"
	done
}

pack_cpio() {
	(cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc --owner 0:0 --quiet) >"$2"
}

make_l1_initrd() {
	local which=$1 root

	root=$(mktemp -d "$cache/initrd.XXXXXX")
	mkdir -p "$root"/{bin,dev,proc,sys,new}
	cp "$(deb_dir busybox-static)/usr/bin/busybox" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp "$top/scripts/l1/init" "$root/init"
	chmod 0755 "$root/init"
	put_modules "$root" "$cache/kernel-$which/modules" virtio_pci virtio_blk virtio_net ext4
	pack_cpio "$root" "$cache/kernel-$which/l1-initrd.new"
	rm -rf "$root"
	mv "$cache/kernel-$which/l1-initrd.new" "$cache/kernel-$which/l1-initrd"
}

build_l1_initrd() (
	local which=$1 k

	lock "l1-initrd-$1"
	k=$(key l1initrd-1 "$(cat "$cache/kernel-$which/.key")" @scripts/l1/init "$(declare -f make_l1_initrd put_modules)")
	if [ "$(cat "$cache/kernel-$which/l1-initrd.key" 2>/dev/null)" != "$k" ]; then
		step "l1-initrd-$which" "L1 initrd ($which)" make_l1_initrd "$which"
		printf '%s\n' "$k" >"$cache/kernel-$which/l1-initrd.key"
	fi
)

# The package that takes Linux's ice out of its safe mode, made from the published format.
build_ddp_package() (
	generator=tools/testing/hdiov-hw/ddp-package.py

	lock ddp-package
	k=$(key ddp-1 "@$generator")
	if [ "$(cat "$cache/ice.pkg.key" 2>/dev/null)" != "$k" ]; then
		/usr/bin/python3 "$top/$generator" "$cache/ice.pkg"
		printf '%s\n' "$k" >"$cache/ice.pkg.key"
	fi
)

# payload WHICH OUT: what changes from boot to boot, as a second initrd: the testbed's own scripts in L1, the modules if they have been built,
# the ssh key; firmware for the QATs, and ice's package.
payload() {
	local which=$1 out=$2 overlay=$cache/ice-$1/overlay root abi

	abi=$(cat "$cache/kernel-$which/abi")
	root=$(mktemp -d "$cache/payload.XXXXXX")
	mkdir -p "$root/payload/usr/lib/hdiov" "$root/payload/usr/bin" "$root/payload/root/.ssh" "$root/payload/etc/ssh/sshd_config.d"
	cp "$top"/scripts/l1/{rc,l2_agent.py,l2_guests.py} "$root/payload/usr/lib/hdiov/"
	cp "$top"/scripts/l1/inittab "$root/payload/etc/inittab"
	cp "$top"/scripts/l1/sshd.conf "$root/payload/etc/ssh/sshd_config.d/hdiov.conf"
	cp "$top"/scripts/l1/{l2,vfs,container} "$root/payload/usr/bin/"
	chmod 0755 "$root/payload/usr/lib/hdiov/rc" "$root"/payload/usr/bin/*
	cp "$cache/ssh-key.pub" "$root/payload/root/.ssh/authorized_keys"
	chmod 0700 "$root/payload/root" "$root/payload/root/.ssh"
	if [ -d "$overlay" ]; then
		mkdir -p "$root/payload/usr/lib/modules/$abi"
		cp -a "$overlay/." "$root/payload/usr/lib/modules/$abi/"
	fi
	mkdir -p "$root/payload/usr/lib/firmware/intel/ice/ddp"
	/usr/bin/python3 "$top/tools/testing/hdiov-hw/qat-firmware.py" "$root/payload/usr/lib/firmware"
	build_ddp_package
	cp "$cache/ice.pkg" "$root/payload/usr/lib/firmware/intel/ice/ddp/"
	pack_cpio "$root" "$out"
	rm -rf "$root"
}
