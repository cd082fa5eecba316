# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Linux's own ice with the patches of patches/: built from the distribution's source of a kernel, against that kernel's headers; and
# hdiov_e810_ice, which goes with it.

ice_path=drivers/net/ethernet/intel/ice

# ice_series WHICH: the folder with the patches for a kernel.
ice_series() {
	local v

	v=$(cut -d. -f1,2 "$cache/kernel-$1/abi")
	[ -d "$top/patches/linux-$v" ] || die "no patches to ice for Linux $v (there are: $(cd "$top/patches" && echo linux-*))"
	echo "$top/patches/linux-$v"
}

version_of() { sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = //p' "$1" | paste -sd .; }

# ice_source WHICH DIR: ice's own source, of the package that Debian has of it now, as in a kernel tree. Prints its version.
ice_source() {
	local series tar deb=$2.deb

	mkdir -p "$2/$ice_path" "$2/include/linux/net/intel"
	if [ "$1" != stable ]; then
		cp -a "$cache/linux/$ice_path/." "$2/$ice_path/"
		version_of "$cache/linux/Makefile"
		return
	fi
	series=$(cut -d. -f1,2 "$cache/kernel-$1/abi")
	download "linux-source-$series/trixie" >&2 || download "linux-source-$series/trixie-security" >&2
	rm -rf "$deb"
	mkdir "$deb"
	dpkg-deb -x "$(find "$cache/debs" -name "linux-source-${series}_*.deb" | sort -V | tail -n 1)" "$deb"
	tar=$deb/usr/src/linux-source-$series.tar.xz
	tar -C "$2" -xf "$tar" --strip-components=1 "linux-source-$series/$ice_path" "linux-source-$series/Makefile"
	version_of "$2/Makefile"
	rm -r "$deb" "$2/Makefile"
}

# sync_ice WHICH DIR SERIES: the source with the patches in DIR, laid out as in a kernel tree, with the core's header; only what changed is
# touched, so that make builds only that.
sync_ice() {
	local dir=$2 series=$3 new=$2.new p version

	rm -rf "$new"
	version=$(ice_source "$1" "$new")
	cp "$top/include/linux/hdiov.h" "$new/include/linux/"
	for p in "$series"/*.patch; do
		patch -d "$new" -p1 -s -F0 --no-backup-if-mismatch <"$p" ||
			die "${p#"$top/"} does not fit ice of Linux $version: the patches are for another release of it, and have to be carried over"
	done
	# Its tracepoints name a file as it lies in a kernel tree.
	sed -i 's,^#define TRACE_INCLUDE_FILE .*,#define TRACE_INCLUDE_FILE ice_trace,' "$new/$ice_path/ice_trace.h"
	mkdir -p "$dir"
	rsync -rlc --delete --exclude='*.o' --exclude='*.ko' --exclude='*.mod*' --exclude='.*' --exclude='Module.symvers' \
		--exclude='modules.order' "$new/" "$dir/"
	rm -rf "$new"
}

# ice_make WHICH FOLDER ARGUMENT...: with a warning as an error, as there are none.
ice_make() {
	in_chroot "make -j$(nproc) -C $(kernel_build "$1") M=/cache/ice-$1/$2 W=1e KCFLAGS=-I/cache/ice-$1/src/include ${*:3} modules"
}

make_ice() {
	local which=$1 dir=$cache/ice-$1 abi kernel

	sync_ice "$which" "$dir/src" "$(ice_series "$which")"
	ice_make "$which" "src/$ice_path"
	# The driver beside it, which uses its symbols and the core's
	mkdir -p "$dir/e810" "$dir/ko"
	rsync -rlc "$top/drivers/net/ethernet/intel/hdiov_e810_ice/" "$dir/e810/"
	cat "$dir/src/$ice_path/Module.symvers" "$cache/modules-$which/src/Module.symvers" >"$dir/symvers"
	ice_make "$which" e810 CONFIG_HDIOV_E810_ICE=m "KBUILD_EXTRA_SYMBOLS=/cache/ice-$which/symvers"
	cp "$dir/src/$ice_path/ice.ko" "$dir/e810/hdiov_e810_ice.ko" "$dir/ko/"
	strip --strip-debug "$dir/ko"/*.ko
	make_overlay "$which" "$dir" "$cache/modules-$which/src" "$dir/ko"
	# The kernel's modules with this ice among them, for a test that takes such a folder
	abi=$(cat "$cache/kernel-$which/abi")
	rm -rf "$dir/modules"
	cp -al "$cache/kernel-$which/modules" "$dir/modules"
	kernel=$(find "$dir/modules/kernel/$ice_path" -name 'ice.ko*')
	[ -n "$kernel" ] || die "the kernel $abi has no ice"
	rm "$kernel"
	cp "$dir/ko/ice.ko" "$dir/modules/kernel/$ice_path/"
}

# build_ice WHICH: into ice-WHICH of the cache: overlay, for L1, and modules, all of the kernel's with this ice.
build_ice() (
	which=$1
	build_modules "$which"
	ice_series "$which" >/dev/null
	kernel_source
	if [ "$which" = stable ]; then private_apt_setup; fi
	lock "ice-$which"
	k=$(key ice-1 "$(cat "$cache/modules-$which/.key" "$cache/linux/.key")" @patches @drivers/net/ethernet/intel/hdiov_e810_ice \
		"$(declare -f make_ice ice_make ice_source sync_ice)")
	if ! fresh "$cache/ice-$which" "$k"; then
		mkdir -p "$cache/ice-$which"
		step "ice-$which" "ice with hdiov's patches for $(cat "$cache/kernel-$which/abi")" make_ice "$which"
		seal "$cache/ice-$which" "$k"
	fi
)
