# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# hdiov's modules against each kernel's headers, in the build chroot; the kselftests; the kernel's own check scripts.

# kernel_build WHICH: the kernel's build folder, as the chroot sees it.
kernel_build() {
	if [ "$1" = debug ]; then
		echo /cache/debug/build
	else
		echo "/usr/src/linux-headers-$(cat "$cache/kernel-$1/abi")"
	fi
}

# sync_sources DIR: copy what the modules' build reads, touching only what changed, so that make builds only that.
sync_sources() {
	mkdir -p "$1"
	rsync -rlc --delete --include='*/' --include='*.c' --include='*.h' --include=Kbuild --include=Makefile --include='Kconfig*' \
		--exclude='*' --prune-empty-dirs "$top/Kbuild" "$top/Makefile" "$top/Kconfig" "$top/include" "$top/drivers" "$1/"
}

# modules_make WHICH [MAKE-ARGUMENT...]: with the compiler's extra warnings, each an error.
modules_make() {
	local extra=''

	# With versions of the intel_qat that is built here, which is not quite the kernel's own
	[ "$1" = debug ] || extra=KBUILD_EXTRA_SYMBOLS=/cache/qat-$1/Module.symvers
	# Kbuild does not see that these have changed
	rm -f "$cache/modules-$1/src/Module.symvers"
	in_chroot "make -j$(nproc) -C $(kernel_build "$1") M=/cache/modules-$1/src $extra W=1e ${*:2} modules"
}

# for_kernel WHICH DIR: throw away what was built in DIR for another build of that kernel. Out of its tree kbuild does not see that the
# kernel's configuration has changed, and with it the kernel's structures.
for_kernel() {
	if ! cmp -s "$cache/kernel-$1/.key" "$2/.kernel"; then
		rm -rf "$2"
		mkdir -p "$2"
		cp "$cache/kernel-$1/.key" "$2/.kernel"
	fi
}

make_modules() {
	for_kernel "$1" "$cache/modules-$1"
	sync_sources "$cache/modules-$1/src"
	modules_make "$1"
}

# make_overlay WHICH DIR FOLDER...: modules in the folders, and the module index with them in it, in DIR/overlay, as they are laid over L1's
# /lib/modules/ABI.
make_overlay() {
	local which=$1 dir=$2 abi all ko

	abi=$(cat "$cache/kernel-$which/abi")
	all=$(mktemp -d "$cache/all.XXXXXX")
	mkdir -p "$all/lib/modules"
	cp -al "$cache/kernel-$which/modules" "$all/lib/modules/$abi"
	# Links: what depmod rewrites must not be the stock kernel's own files.
	rm -f "$all/lib/modules/$abi"/modules.{dep,alias,symbols,softdep,devname,weakdep}* "$all/lib/modules/$abi"/modules.builtin*.bin
	mkdir -p "$all/lib/modules/$abi/updates"
	find "${@:3}" -name '*.ko' | while read -r ko; do
		cp "$ko" "$all/lib/modules/$abi/updates/"
	done
	[ "$which" = debug ] || cp "$cache/qat-$which"/*.ko "$all/lib/modules/$abi/updates/"
	/sbin/depmod -b "$all" "$abi"
	rm -rf "$dir/overlay"
	mkdir -p "$dir/overlay"
	cp -a "$all/lib/modules/$abi/updates" "$dir/overlay/"
	# L1's root file system has the stock kernels' modules only.
	[ "$which" != debug ] || cp -a "$all/lib/modules/$abi/kernel" "$dir/overlay/"
	cp -a "$all/lib/modules/$abi"/modules.*.bin "$all/lib/modules/$abi"/modules.{dep,alias,symbols,softdep} "$dir/overlay/"
	rm -rf "$all"
}

# build_modules WHICH...: hdiov's, with the ice that hdiov_e810 needs, and how they are laid over L1's: ice-WHICH/overlay of the cache.
build_modules() {
	local which

	[ -e "$top/Kbuild" ] || return 0
	for which in "$@"; do
		if [ "$which" = debug ]; then build_debug_kernel; else stock_kernel "$which"; fi
		build_chroot
		[ "$which" = debug ] || build_qat_driver "$which"
		build_modules_for "$which"
		build_ice "$which"
	done
}

build_modules_for() (
	which=$1
	lock "modules-$which"
	k=$(key modules-5 "$(cat "$cache/kernel-$which/.key" "$chroot_dir/.key" "$cache/qat-$which/.key" 2>/dev/null || true)" @Kbuild @Makefile @Kconfig @include @drivers "$(declare -f make_modules modules_make for_kernel)")
	if ! fresh "$cache/modules-$which" "$k"; then
		mkdir -p "$cache/modules-$which"
		step "modules-$which" "hdiov's modules for $(cat "$cache/kernel-$which/abi")" make_modules "$which"
		seal "$cache/modules-$which" "$k"
	fi
)

# Rebuild the modules for a running L1's kernel and put them there.
cmd_modules() {
	local name=$l1_name which overlay

	if [ "${1:-}" = --name ]; then name=$2; fi
	need_vm "$name"
	which=$(cat "$(vm_dir "$name")/kernel")
	build_modules "$which"
	overlay=$cache/ice-$which/overlay
	[ -d "$overlay" ] || die "there are no modules to build (no Kbuild in $top)"
	tar -C "$overlay" -cf - . | vm_ssh "$name" "tar --no-same-owner -C /lib/modules/$(cat "$cache/kernel-$which/abi") -xf -"
	say "in $name now: $(cd "$overlay/updates" && echo *.ko)"
}

# The kernel source, slimmed to what a build for this testbed and the check scripts need.
unpack_kernel_source() {
	local deb

	private_apt_setup
	rm -rf "$cache/linux.new" "$cache/linux"
	mkdir -p "$cache/linux.new/deb"
	download linux-source-7.3
	deb=$(find "$cache/debs" -name 'linux-source-7.3_*.deb' | sort -V | tail -n 1)
	dpkg-deb -x "$deb" "$cache/linux.new/deb"
	# Kconfig wants every Kconfig file, but nothing here compiles these.
	tar -C "$cache/linux.new" -xf "$cache/linux.new/deb/usr/src/linux-source-7.3.tar.xz" --strip-components=1 --anchored --wildcards \
		--exclude='linux-source-7.3/arch/[a-tvwyz]*/*.[chS]' --exclude='linux-source-7.3/arch/*.dts*' --exclude='linux-source-7.3/drivers/gpu/*.[ch]' \
		--exclude='linux-source-7.3/sound/*.[ch]' --exclude='linux-source-7.3/drivers/media/*.[ch]' \
		--exclude='linux-source-7.3/drivers/staging/*.[ch]' --exclude='linux-source-7.3/tools/perf/*' \
		--exclude='linux-source-7.3/Documentation/devicetree/*'
	rm -rf "$cache/linux.new/deb"
	mv "$cache/linux.new" "$cache/linux"
}

kernel_source() (
	local k

	lock linux-source
	k=$(key linux-1 linux-source-7.3 "$(declare -f unpack_kernel_source)")
	if ! fresh "$cache/linux" "$k"; then
		step linux-source "kernel source (linux-source-7.3)" unpack_kernel_source
		seal "$cache/linux" "$k"
	fi
)

# What is built here of the source of Debian stable's kernel: files and folders of a kernel tree.
stable_paths="Makefile drivers/crypto/intel/qat drivers/net/ethernet/intel/ice drivers/net/ethernet/intel/iavf drivers/infiniband/hw/irdma"

# Of the kernel's own version, or the newest of its series if the mirror does not have that any more.
unpack_stable_source() {
	local abi version package deb dir=$cache/linux-stable.new paths

	abi=$(cat "$cache/kernel-stable/abi")
	package=linux-source-$(cut -d. -f1,2 <<<"$abi")
	version=$(private_apt apt-cache show --no-all-versions "linux-headers-$abi" | sed -n 's/^Version: //p' || true)
	deb=$cache/debs/${package}_${version}_all.deb
	if [ -z "$version" ] || ! download "$package=$version"; then
		download "$package/trixie" || download "$package/trixie-security"
		deb=$(find "$cache/debs" -name "${package}_*.deb" | sort -V | tail -n 1)
	fi
	rm -rf "$dir" "$cache/linux-stable"
	mkdir -p "$dir/deb"
	dpkg-deb -x "$deb" "$dir/deb"
	read -ra paths <<<"$stable_paths"
	tar -C "$dir" -xf "$dir/deb/usr/src/$package.tar.xz" --strip-components=1 "${paths[@]/#/$package/}"
	rm -r "$dir/deb"
	mv "$dir" "$cache/linux-stable"
}

# stable_source: into linux-stable of the cache, once for all that is built of it
stable_source() (
	lock linux-stable
	k=$(key linux-stable-1 "$(cat "$cache/kernel-stable/.key")" "$stable_paths" "$(declare -f unpack_stable_source)")
	if ! fresh "$cache/linux-stable" "$k"; then
		private_apt_setup
		step linux-stable "kernel source for $(cat "$cache/kernel-stable/abi")" unpack_stable_source
		seal "$cache/linux-stable" "$k"
	fi
)

# source_of WHICH: the kernel's source, or the parts of it that are needed here
source_of() { if [ "$1" = stable ]; then echo "$cache/linux-stable"; else echo "$cache/linux"; fi; }
need_source() { if [ "$1" = stable ]; then stable_source; else kernel_source; fi; }

# qat_4xxx and the intel_qat it belongs to, unmodified, of the kernel's own source: Debian's kernels have it switched off. That source may
# be newer than the kernel, so intel_qat is built too.
make_qat_driver() {
	local which=$1 dir=$cache/qat-$1 qat=drivers/crypto/intel/qat

	rm -rf "$dir"
	mkdir -p "$dir"
	"$top/scripts/pf-driver" --kernel "$(cat "$cache/kernel-$which/abi")" --source "$(source_of "$which")" --any-version --out "$dir" qat source
	in_chroot "/src/scripts/pf-driver --kdir $(kernel_build "$which") --out /cache/qat-$which qat modules -- -j$(nproc)"
	mv "$dir"/ko/*.ko "$dir/src/$qat/Module.symvers" "$dir/"
	rm -rf "$dir/src" "$dir/ko"
}

# build_qat_driver WHICH: into $cache/qat-WHICH
build_qat_driver() (
	which=$1
	stock_kernel "$which"
	build_chroot
	need_source "$which"
	lock "qat-$which"
	k=$(key qat-2 "$(cat "$cache/kernel-$which/.key" "$chroot_dir/.key" "$(source_of "$which")/.key")" @scripts/pf-driver "$(declare -f make_qat_driver)")
	if ! fresh "$cache/qat-$which" "$k"; then
		step "qat-$which" "qat_4xxx for $(cat "$cache/kernel-$which/abi")" make_qat_driver "$which"
		seal "$cache/qat-$which" "$k"
	fi
)

# The guests' driver for VDEVs of the types vdcm: iavf of the kernel's own source, unmodified but for its name. Its symbols are of libeth and
# libie, which the guests have for their kernel's own iavf.
make_iavf() {
	local which=$1 dir=$cache/iavf-$1

	rm -rf "$dir"
	mkdir -p "$dir"
	"$top/scripts/pf-driver" --kernel "$(cat "$cache/kernel-$which/abi")" --source "$(source_of "$which")" --any-version --out "$dir" iavf source
	in_chroot "/src/scripts/pf-driver --kdir $(kernel_build "$which") --out /cache/iavf-$which iavf modules -- -j$(nproc) W=1e"
	strip --strip-debug "$dir"/ko/iavf_vdcm.ko
	mv "$dir"/ko/iavf_vdcm.ko "$dir/"
	rm -rf "$dir/src" "$dir/ko"
}

# build_iavf WHICH: into $cache/iavf-WHICH
build_iavf() (
	which=$1
	stock_kernel "$which"
	build_chroot
	need_source "$which"
	lock "iavf-$which"
	k=$(key iavf-1 "$(cat "$cache/kernel-$which/.key" "$chroot_dir/.key" "$(source_of "$which")/.key")" @scripts/pf-driver @tools/hdiov-dpdk/vdcm.h \
		"$(declare -f make_iavf)")
	if ! fresh "$cache/iavf-$which" "$k"; then
		step "iavf-$which" "iavf_vdcm for $(cat "$cache/kernel-$which/abi")" make_iavf "$which"
		seal "$cache/iavf-$which" "$k"
	fi
)

make_tests() {
	rm -rf "$cache/tests.new"
	mkdir -p "$cache/tests.new"
	in_chroot "make -j$(nproc) -C /src/tools/testing/selftests/hdiov OUTPUT=/cache/tests.new KSRC=/cache/linux"
	rm -rf "$cache/tests"
	mv "$cache/tests.new" "$cache/tests"
}

# The kernel's own tests of VFIO devices and their libvfio, which look for PCI devices only: told to look among mdevs, and that a UUID names
# one of them. What sysfs says of a PCI device they ask where there is none; that one test is left out where they are run.
vfio_tests="vfio_pci_device_test vfio_dma_mapping_test vfio_iommufd_setup_test vfio_pci_device_init_perf_test"
make_vfio_tests() {
	local dir=$cache/vfio-tests.new selftests=$cache/linux/tools/testing/selftests

	rm -rf "$dir"
	mkdir -p "$dir/selftests"
	cp -rL "$selftests"/kselftest*.h "$selftests/vfio" "$dir/selftests/"
	sed -i 's,/sys/bus/pci/,/sys/bus/mdev/,' "$dir"/selftests/vfio/lib/*.c
	sed -i 's,return count == 4,return strlen(str) == 36 || count == 4,' "$dir/selftests/vfio/lib/libvfio.c"
	in_chroot "make -s -C /cache/linux O=/cache/vfio-tests.new/build headers
		cd /cache/vfio-tests.new/selftests/vfio && for t in $vfio_tests; do
		gcc -O1 -w -D_GNU_SOURCE -isystem /cache/vfio-tests.new/build/usr/include -I.. -Ilib/include -I/cache/linux/tools/include -I/cache/linux/tools/arch/x86/include \
			-I/cache/unpacked/uuid-dev/usr/include \$t.c \$(find lib -name '*.c') -o /cache/vfio-tests.new/\$t \
			-pthread /cache/unpacked/uuid-dev/usr/lib/x86_64-linux-gnu/libuuid.a || exit 1; done"
	rm -rf "$dir/selftests" "$dir/build" "$cache/vfio-tests"
	mv "$dir" "$cache/vfio-tests"
}

build_vfio_tests() (
	build_chroot
	kernel_source
	deb_dir uuid-dev >/dev/null
	lock vfio-tests
	k=$(key vfio-tests-1 "$(cat "$chroot_dir/.key" "$cache/linux/.key")" "$vfio_tests" "$(declare -f make_vfio_tests)")
	if ! fresh "$cache/vfio-tests" "$k"; then
		step vfio-tests "the kernel's own VFIO tests" make_vfio_tests
		seal "$cache/vfio-tests" "$k"
	fi
)

build_tests() (
	build_chroot
	kernel_source
	lock tests
	k=$(key tests-1 "$(cat "$chroot_dir/.key" "$cache/linux/.key")" @tools/testing/selftests @include @drivers "$(declare -f make_tests)")
	if ! fresh "$cache/tests" "$k"; then
		step tests "kselftests" make_tests
		seal "$cache/tests" "$k"
	fi
)
