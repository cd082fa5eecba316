# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Linux's own ice with the patches of patches/: built from the distribution's source of a kernel, against that kernel's headers; and
# hdiov_e810, which goes with it.

ice_path=drivers/net/ethernet/intel/ice
iavf_registers=drivers/net/ethernet/intel/iavf/iavf_register.h
irdma_path=drivers/infiniband/hw/irdma

# ice_series WHICH: the folder with the patches for a kernel.
ice_series() {
	local v

	v=$(cut -d. -f1,2 "$cache/kernel-$1/abi")
	[ -d "$top/patches/linux-$v" ] || die "no patches to ice for Linux $v (there are: $(cd "$top/patches" && echo linux-*))"
	echo "$top/patches/linux-$v"
}

# ice_source WHICH DIR: ice's own source, as in a kernel tree, with what is compared with it, and its version in DIR/Makefile.
ice_source() {
	local paths=(Makefile "$ice_path" "$iavf_registers")

	# Stable's irdma knows ice's structures, so it is built with it. It sends for ice.h in ice's folder.
	if [ "$1" = stable ]; then
		stable_source "$2" "${paths[@]}" "$irdma_path"
	else
		mkdir -p "$2"
		tar -C "$cache/linux" -cf - "${paths[@]}" | tar -C "$2" -xf -
	fi
}

# sync_ice WHICH DIR SERIES: the source with the patches in DIR, laid out as in a kernel tree, with the core's header; only what changed is
# touched, so that make builds only that.
sync_ice() {
	local dir=$2 series=$3 new=$2.new p version

	rm -rf "$new"
	ice_source "$1" "$new"
	version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = //p' "$new/Makefile" | paste -sd .)
	rm "$new/Makefile"
	mkdir -p "$new/include/linux/net/intel"
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
	in_chroot "make -j$(nproc) -C $(kernel_build "$1") M=/cache/ice-$1/$2 W=1e KCFLAGS=-I/cache/ice-$1/src/include ${*:3}"
}

# check_ice WHICH DIR: what the project's headers say of the card is what ice's say. What that makes is not installed.
check_ice() {
	local which=$1 dir=$2/check tests=$top/tools/testing/selftests/hdiov/ice intel=$2/src/drivers/net/ethernet/intel

	mkdir -p "$dir"
	cp "$tests/Makefile" "$tests/conformance.c" "$2/src/$iavf_registers" "$dir/"
	/usr/bin/python3 "$tests/names.py" "$dir" "$intel/ice/ice_hw_autogen.h" "MODEL:$top/tools/testing/hdiov-hw/e810_regs.h:80" \
		"DRV:$top/drivers/net/ethernet/intel/hdiov_e810/e810_regs.h:4"
	ice_make "$which" check "ICE=/cache/ice-$which/src/$ice_path" conformance.o
}

make_ice() {
	local which=$1 dir=$cache/ice-$1 ours

	for_kernel "$which" "$dir"
	sync_ice "$which" "$dir/src" "$(ice_series "$which")"
	ice_make "$which" "src/$ice_path" modules
	rm -rf "$dir/ko"
	mkdir -p "$dir/e810" "$dir/ko"
	if [ "$which" = stable ]; then
		ice_make "$which" "src/$irdma_path" "KBUILD_EXTRA_SYMBOLS=/cache/ice-$which/src/$ice_path/Module.symvers" modules
	fi
	check_ice "$which" "$dir"
	# The driver beside it, which uses its symbols and the core's
	rsync -rlc "$top/drivers/net/ethernet/intel/hdiov_e810/" "$dir/e810/"
	cat "$dir/src/$ice_path/Module.symvers" "$cache/modules-$which/src/Module.symvers" >"$dir/symvers"
	ice_make "$which" e810 CONFIG_HDIOV_E810=m "KBUILD_EXTRA_SYMBOLS=/cache/ice-$which/symvers" modules
	find "$dir/src" "$dir/e810" -name '*.ko' -exec cp -t "$dir/ko" {} +
	strip --strip-debug "$dir/ko"/*.ko
	make_overlay "$which" "$dir" "$cache/modules-$which/src" "$dir/ko"
	# The kernel's modules with these in the place of its own, for a test that takes such a folder
	rm -rf "$dir/modules"
	cp -al "$cache/kernel-$which/modules" "$dir/modules"
	(cd "$dir/src" && find . -name '*.ko') | while read -r ours; do
		rm "$dir/modules/kernel/$ours"*
		cp "$dir/ko/${ours##*/}" "$dir/modules/kernel/$ours"
	done
}

# build_ice WHICH: into ice-WHICH of the cache: overlay, for L1, and modules, all of the kernel's with this ice.
build_ice() (
	which=$1
	build_modules "$which"
	ice_series "$which" >/dev/null
	kernel_source
	if [ "$which" = stable ]; then private_apt_setup; fi
	lock "ice-$which"
	k=$(key ice-1 "$(cat "$cache/modules-$which/.key" "$cache/linux/.key")" @patches @drivers/net/ethernet/intel/hdiov_e810 \
		@tools/testing/selftests/hdiov/ice @tools/testing/hdiov-hw/e810_regs.h "$(declare -f make_ice check_ice ice_make ice_source sync_ice stable_source for_kernel)")
	if ! fresh "$cache/ice-$which" "$k"; then
		mkdir -p "$cache/ice-$which"
		step "ice-$which" "ice with hdiov's patches for $(cat "$cache/kernel-$which/abi")" make_ice "$which"
		seal "$cache/ice-$which" "$k"
	fi
)
