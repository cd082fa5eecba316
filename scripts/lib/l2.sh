# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# L2, the tenant's guest: one initramfs a kernel, made of the stock kernel's own modules and of L1's trixie binaries.

l2_programs="/usr/bin/dash /usr/bin/iperf3 /usr/bin/ping /usr/sbin/ethtool /usr/bin/ip /usr/bin/tcpdump /usr/bin/lspci"
l2_modules="virtio_pci virtio_net iavf 8021q macvlan bonding af_packet"
# Of a guest of many, to which memory is dear. busybox's ping does all that it has to do at its end in its handler of SIGALRM, too: when an answer
# comes just as it stops waiting for one, it hangs, as one in some 250 guests did of those that were started together.
l2_small_programs="/usr/bin/dash /usr/bin/iperf3 /usr/bin/ip /usr/bin/ping"
l2_dpdk_modules="vfio_pci vfio_iommu_type1 uio_pci_generic"
l2_dpdk_programs="/usr/bin/dpdk-testpmd /usr/bin/dpdk-test /usr/bin/dpdk-test-crypto-perf /usr/bin/dpdk-test-compress-perf"
l2_web_programs="/usr/sbin/nginx"
l2_dpdk_drivers="bus_pci bus_vdev mempool_ring common_iavf net_iavf common_qat"

# put_file ROOT FILE: copy from L1's root; a symbolic link stays one, and what it points to comes with it. DPDK loads its
# drivers by more than one path: only if these lead to one file does it notice that it has that driver already.
put_file() {
	local root=$1 f=$2 link

	while [ -L "$l1_dir/$f" ]; do
		link=$(readlink "$l1_dir/$f")
		mkdir -p "$root/$(dirname "$f")"
		ln -sf "$link" "$root/$f"
		case $link in
		/*) f=$link ;;
		*) f=$(dirname "$f")/$link ;;
		esac
	done
	mkdir -p "$root/$(dirname "$f")"
	cp "$l1_dir/$f" "$root/$f"
}

# put_programs ROOT PROGRAM...: copy from L1's root with the libraries they are linked to.
put_programs() {
	local root=$1 f
	shift

	for f in "$@" $("${sudo[@]}" chroot "$l1_dir" ldd "$@" | sed -n -E 's/.*(=> |^\t)(\/[^ ]+).*/\2/p' | sort -u); do
		put_file "$root" "$f"
	done
}

# make_l2_initrd KERNEL full|dpdk|small OUT
make_l2_initrd() {
	local which=$1 size=$2 root abi out=$3 m dir dpdk_files=() programs=$l2_programs modules=$l2_modules

	case $size in
	dpdk) modules="$l2_modules $l2_dpdk_modules" ;;
	small) programs=$l2_small_programs modules=iavf ;;
	esac

	abi=$(cat "$cache/kernel-$which/abi")
	root=$(mktemp -d "$cache/l2root.XXXXXX")
	mkdir -p "$root"/{dev,proc,sys,etc,tmp,run,root,usr/{bin,sbin,lib,lib64}}
	for m in bin sbin lib lib64; do
		ln -s "usr/$m" "$root/$m"
	done
	cp "$(deb_dir busybox-static)/usr/bin/busybox" "$root/usr/bin/busybox"
	for m in $("$root/usr/bin/busybox" --list); do
		[ "$m" = busybox ] || ln -s busybox "$root/usr/bin/$m"
	done
	# Its shell prefers its own programs to the real ones: dash does not.
	for m in sh modprobe $programs; do
		rm -f "$root/usr/bin/${m##*/}"
	done
	ln -s dash "$root/usr/bin/sh"
	ln -s ../bin/busybox "$root/usr/sbin/modprobe"
	# shellcheck disable=SC2086
	put_programs "$root" $programs
	# Loaded by name when a thread is cancelled: iperf3 does that.
	cp -L "$l1_dir/usr/lib/x86_64-linux-gnu/libgcc_s.so.1" "$root/usr/lib/x86_64-linux-gnu/"
	# shellcheck disable=SC2086
	put_modules "$root" "$cache/kernel-$which/modules" $modules
	# modprobe's own layout, so that the guest loads and unloads its drivers as any distribution does.
	dir=$root/usr/lib/modules/$abi
	mkdir -p "$dir"
	rm "$root/modules/order"
	mv "$root/modules" "$dir/kernel"
	[ "$size" = small ] || cp "$cache/iavf-$which/iavf_vdcm.ko" "$dir/kernel/"
	cp "$cache/kernel-$which/modules"/modules.builtin* "$dir/" 2>/dev/null || true
	/sbin/depmod -b "$root" "$abi"
	if [ "$size" = dpdk ]; then
		dir=$(basename "$(find "$l1_dir"/usr/lib/x86_64-linux-gnu/dpdk -maxdepth 1 -name 'pmds-*')")
		for m in $l2_dpdk_drivers; do
			m=$(find "$l1_dir/usr/lib/x86_64-linux-gnu/dpdk/$dir" -name "librte_$m.so.*" -type l)
			[ -n "$m" ] || die "L1's root has not every one of DPDK's drivers $l2_dpdk_drivers"
			dpdk_files+=("${m#"$l1_dir"}")
		done
		# shellcheck disable=SC2086
		put_programs "$root" $l2_dpdk_programs $l2_web_programs "${dpdk_files[@]}"
		# The drivers that a program is linked to find one another in the libraries' folder.
		for m in "$root/usr/lib/x86_64-linux-gnu/dpdk/$dir"/librte_*.so.*; do
			put_file "$root" "/usr/lib/x86_64-linux-gnu/$(basename "$m")"
		done
	fi
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\n' >"$root/etc/group"
	cp "$top/scripts/l2/init" "$root/init"
	cp "$top/scripts/l2/agent" "$root/usr/lib/agent"
	cp "$top/scripts/l2/small" "$root/usr/lib/small"
	chmod 0755 "$root/init" "$root/usr/lib/agent" "$root/usr/lib/small"
	pack_cpio "$root" "$out"
	rm -rf "$root"
}

make_l2() {
	local which root

	root=$(mktemp -d "$cache/l2disk.XXXXXX")
	for which in stable backports; do
		mkdir -p "$root/$which"
		cp "$cache/kernel-$which/vmlinux" "$root/$which/vmlinux"
		make_l2_initrd "$which" full "$root/$which/initrd"
		make_l2_initrd "$which" dpdk "$root/$which/initrd-dpdk"
		make_l2_initrd "$which" small "$root/$which/initrd-small"
	done
	mkdir -p "$l2_dir"
	rm -f "$l2_dir/l2.img.new"
	mke2fs -q -t ext4 -O '^has_journal' -m 0 -L l2 -d "$root" "$l2_dir/l2.img.new" 1G
	mv "$l2_dir/l2.img.new" "$l2_dir/l2.img"
	rm -rf "$root"
}

build_l2() (
	local k

	build_iavf stable
	build_iavf backports
	lock l2
	k=$(key l2-2 "$(cat "$l1_dir/.key" "$cache"/{kernel,iavf}-{stable,backports}/.key)" @scripts/l2 @scripts/lib/l2.sh \
		"$(declare -f put_modules module_order pack_cpio)")
	if ! fresh "$l2_dir" "$k"; then
		step l2 "L2 guest images (stock kernels with iavf, and iavf_vdcm; DPDK)" make_l2
		seal "$l2_dir" "$k"
	fi
)
