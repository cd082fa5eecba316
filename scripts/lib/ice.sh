# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Linux's own ice with the patches of patches/, and hdiov_e810, by scripts/pf-driver: of the distribution's source of a kernel, against that kernel's
# headers.

ice_path=drivers/net/ethernet/intel/ice
iavf_registers=drivers/net/ethernet/intel/iavf/iavf_register.h

# ice_make WHICH ARGUMENT...: modules, with a warning as an error, as there are none.
ice_make() {
	in_chroot "/src/scripts/pf-driver --kdir $(kernel_build "$1") --core /cache/modules-$1/src --out /cache/ice-$1 ice modules -- -j$(nproc) W=1e ${*:2}"
}

# check_ice WHICH DIR: what the project's headers say of the card is what ice's say. What that makes is not installed.
check_ice() {
	local which=$1 dir=$2/check tests=$top/tools/testing/selftests/hdiov/ice intel=$2/src/drivers/net/ethernet/intel

	mkdir -p "$dir"
	cp "$tests/Makefile" "$tests/conformance.c" "$2/src/$iavf_registers" "$dir/"
	/usr/bin/python3 "$tests/names.py" "$dir" "$intel/ice/ice_hw_autogen.h" "MODEL:$top/tools/testing/hdiov-hw/e810_regs.h:80" \
		"DRV:$top/drivers/net/ethernet/intel/hdiov_e810/e810_regs.h:4"
	in_chroot "make -C $(kernel_build "$which") M=/cache/ice-$which/check KCFLAGS=-I/cache/ice-$which/src/include \
		ICE=/cache/ice-$which/src/$ice_path conformance.o"
}

make_ice() {
	local which=$1 dir=$cache/ice-$1 ours

	for_kernel "$which" "$dir"
	# The mirror may have a newer source than this kernel's
	"$top/scripts/pf-driver" --kernel "$(cat "$cache/kernel-$which/abi")" --source "$(source_of "$which")" --any-version --out "$dir" ice source
	ice_make "$which"
	check_ice "$which" "$dir"
	strip --strip-debug "$dir/ko"/*.ko
	make_overlay "$which" "$dir" "$cache/modules-$which/src" "$dir/ko"
	# The kernel's modules with these in the place of its own, for a test that takes such a folder
	rm -rf "$dir/modules"
	cp -al "$cache/kernel-$which/modules" "$dir/modules"
	(cd "$dir/src" && find drivers -name '*.ko') | while read -r ours; do
		rm "$dir/modules/kernel/$ours"*
		cp "$dir/ko/${ours##*/}" "$dir/modules/kernel/$ours"
	done
}

# build_ice WHICH: after hdiov's other modules, into ice-WHICH of the cache: overlay, for L1, and modules, all of the kernel's with this ice.
build_ice() (
	which=$1
	need_source "$which"
	lock "ice-$which"
	k=$(key ice-4 "$(cat "$cache/modules-$which/.key" "$(source_of "$which")/.key")" @patches @drivers/net/ethernet/intel/hdiov_e810 @scripts/pf-driver \
		@tools/testing/selftests/hdiov/ice @tools/testing/hdiov-hw/e810_regs.h "$(declare -f make_ice check_ice ice_make for_kernel make_overlay)")
	if ! fresh "$cache/ice-$which" "$k"; then
		mkdir -p "$cache/ice-$which"
		step "ice-$which" "ice with hdiov's patches for $(cat "$cache/kernel-$which/abi")" make_ice "$which"
		seal "$cache/ice-$which" "$k"
	fi
)
