# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# The debug kernel: Debian's linux-source-7.3 with debug-kernel.config.

debug_dir=$cache/debug

make_debug_kernel() {
	local line opt

	mkdir -p "$debug_dir/build"
	cp "$top/scripts/lib/debug-kernel.config" "$debug_dir/fragment"
	in_chroot "make -s -C /cache/linux O=/cache/debug/build KCONFIG_ALLCONFIG=/cache/debug/fragment allnoconfig"
	# Kconfig drops in silence what it cannot satisfy.
	while read -r line; do
		case $line in
		CONFIG_*) opt=${line%%=*} ;;
		*) continue ;;
		esac
		if ! grep -qxF "$line" "$debug_dir/build/.config"; then
			echo "debug-kernel.config: $line did not hold: $(grep -w "$opt" "$debug_dir/build/.config" || echo "$opt unknown")"
			return 1
		fi
	done <"$debug_dir/fragment"
	grep -qx 'CONFIG_VFIO_MDEV=m' "$debug_dir/build/.config"
	in_chroot "make -j$(nproc) -C /cache/linux O=/cache/debug/build bzImage modules"
	rm -rf "$debug_dir/install"
	in_chroot "make -s -C /cache/linux O=/cache/debug/build INSTALL_MOD_PATH=/cache/debug/install modules_install"
}

install_debug_kernel() {
	local abi dir=$cache/kernel-debug

	abi=$(basename "$debug_dir"/install/lib/modules/*)
	rm -rf "$dir"
	mkdir -p "$dir"
	cp -a "$debug_dir/install/lib/modules/$abi" "$dir/modules"
	rm -f "$dir/modules/build" "$dir/modules/source"
	# Not the ELF image: its PVH entry runs C code before KASAN has its shadow.
	cp -L "$debug_dir/build/arch/x86/boot/bzImage" "$dir/vmlinux"
	depmod_dir "$abi" "$dir/modules"
	printf '%s\n' "$abi" >"$dir/abi"
}

make_and_install_debug_kernel() {
	make_debug_kernel
	install_debug_kernel
}

build_debug_kernel() (
	local k

	build_chroot
	kernel_source
	lock debug-kernel
	k=$(key debug-1 "$(cat "$cache/linux/.key" "$chroot_dir/.key")" @scripts/lib/debug-kernel.config "$(declare -f make_debug_kernel)")
	if ! fresh "$cache/kernel-debug" "$k"; then
		step debug-kernel "debug kernel (KASAN, lockdep, kmemleak, IOMMUFD)" make_and_install_debug_kernel
		seal "$cache/kernel-debug" "$k"
	fi
)
