# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
# Root file systems: the build chroot, L1's disk image, L2's initramfs; and the stock kernels.

chroot_dir=$cache/chroot
debian_dir=$cache/debian-fresh
l1_dir=$cache/l1root
l1_img=$cache/l1.img
l2_dir=$cache/l2

l1_packages=busybox-static,kmod,iproute2,ethtool,iperf3,iputils-ping,tcpdump,mdevctl,jq,python3-minimal,strace,pciutils,procps
l1_packages+=,openssh-server,openssh-client,qemu-system-x86,seabios,ipxe-qemu,psmisc,bash,coreutils,uuid-runtime,nginx,apache2-utils,dpdk-dev,librte-net-iavf25,librte-mempool-ring25,librte-bus-pci25,librte-bus-vdev25,librte-common-qat25

# What stock clients of VDEVs want in L1 besides
client_packages=libvirt-daemon,libvirt-daemon-driver-qemu,libvirt-daemon-driver-nodedev,libvirt-clients,udev,podman,bpftrace,linux-perf,qatlib-service,qatlib-examples
clients_dir=$cache/clients

# A guest that is a whole Debian, with its own kernel, initial RAM disk and systemd, and what users have in guests
guest_packages=systemd-sysv,udev,dbus,initramfs-tools,kmod,iproute2,ethtool,iputils-ping,tcpdump,pciutils,procps,busybox-static,lldpd,keepalived,kexec-tools
guest_packages+=,xdp-tools,openvswitch-switch-dpdk,librte-net-iavf25,librte-mempool-ring25,librte-bus-pci25,librte-bus-vdev25
guest_dir=$cache/debian-guest

# bootstrap DIR PACKAGES VARIANT [extra mmdebstrap args]
bootstrap() {
	local dir=$1 packages=$2 variant=$3 tmp=$1.new
	shift 3

	"${sudo[@]}" rm -rf "$tmp"
	sources | grep -v -e ^deb-src -e bookworm >"$cache/bootstrap.list"
	# Backports only for what trixie itself does not have under that name.
	# shellcheck disable=SC2016
	"${sudo[@]}" env TMPDIR="$cache" mmdebstrap --variant="$variant" --include="$packages" --mode=root \
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/lib/x86_64-linux-gnu/librte_*.a' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' \
		--setup-hook='mkdir -p "$1/etc/apt/preferences.d"; printf "Package: *\nPin: release n=trixie-backports\nPin-Priority: 100\n" >"$1/etc/apt/preferences.d/bpo"' \
		"$@" trixie "$tmp" - <"$cache/bootstrap.list"
	"${sudo[@]}" rm -rf "$dir"
	mv "$tmp" "$dir"
}

build_chroot() (
	local stable backports k

	lock chroot
	stable=$(kernel_abi stable)
	backports=$(kernel_abi backports)
	k=$(key chroot-1 "$stable" "$backports")
	if ! fresh "$chroot_dir" "$k"; then
		private_apt_setup
		step chroot "build chroot: trixie, gcc, headers of $stable and $backports" bootstrap "$chroot_dir" \
			"gcc-14,gcc,libc6-dev,make,sparse,perl,python3-minimal,linux-headers-$stable,linux-headers-$backports,bc,bison,flex,libelf-dev,libssl-dev,cpio,kmod,rsync,xz-utils" apt
		seal "$chroot_dir" "$k"
	fi
)

# in_chroot CMD: run a shell command in the build chroot; the tree is /src (read-only), the cache is /cache.
in_chroot() {
	# shellcheck disable=SC2016
	"${sudo[@]}" unshare --mount --fork sh -euc '
		root=$1
		mkdir -p "$root/src" "$root/cache" "$root/proc" "$root/dev"
		mount --bind -o ro "$2" "$root/src"
		mount -o remount,bind,ro "$root/src"
		mount --bind "$3" "$root/cache"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C.UTF-8 TMPDIR=/tmp nice -n "${5:-5}" sh -euc "$4"
	' sh "$chroot_dir" "$top" "$cache" "$1" "${HDIOV_NICE:-5}"
}

# A Debian 13 on which packages are made and installed: DKMS, the headers of both stock kernels, and the first one's source if the mirror has it.
build_debian() (
	local stable backports version source='' k

	lock debian
	stable=$(kernel_abi stable)
	backports=$(kernel_abi backports)
	private_apt_setup
	version=$(private_apt apt-cache show --no-all-versions "linux-headers-$stable" | sed -n 's/^Version: //p')
	if private_apt apt-cache madison linux-source-6.12 | grep -F " $version " >/dev/null; then
		source=,linux-source-6.12=$version
	else
		say "NOTE: the mirror has no linux-source-6.12 of version $version"
	fi
	k=$(key debian-1 "$stable" "$backports" "$source" "$(declare -f build_debian bootstrap)")
	if ! fresh "$debian_dir" "$k"; then
		step debian "Debian 13 with DKMS" bootstrap "$debian_dir" \
			"build-essential,debhelper,dh-dkms,dkms,openssl,patch,xz-utils,kmod,pciutils,linux-headers-$stable,linux-headers-$backports$source" apt
		seal "$debian_dir" "$k"
	fi
)

# stock_kernel WHICH: unpack Debian's kernel into $cache/kernel-WHICH: vmlinuz, vmlinux, abi, modules/.
fetch_kernel() {
	local which=$1 abi=$2 dir=$3 deb got=()

	rm -rf "$dir"
	mkdir -p "$dir/root"
	if private_apt apt-cache show "linux-modules-$abi" >/dev/null 2>&1; then
		got=("linux-base-$abi" "linux-binary-$abi" "linux-modules-$abi")
	else
		got=("linux-image-$abi")
	fi
	download "${got[@]}"
	for deb in "${got[@]}"; do
		dpkg-deb -x "$(find "$cache/debs" -name "${deb}_*.deb" | sort -V | tail -n 1)" "$dir/root"
	done
	if [ -e "$dir/root/lib/modules/$abi" ]; then
		mv "$dir/root/lib/modules/$abi" "$dir/modules"
	else
		mv "$dir/root/usr/lib/modules/$abi" "$dir/modules"
	fi
	if [ -e "$dir/modules/vmlinuz" ]; then
		mv "$dir/modules/vmlinuz" "$dir/vmlinuz"
	else
		mv "$dir/root/boot/vmlinuz-$abi" "$dir/vmlinuz"
	fi
	rm -rf "$dir/root"
	/usr/bin/python3 "$top/scripts/lib/extract-vmlinux.py" "$dir/vmlinuz" "$dir/vmlinux"
	depmod_dir "$abi" "$dir/modules"
	printf '%s\n' "$abi" >"$dir/abi"
}

# depmod_dir ABI DIR: run depmod for a modules folder that lies anywhere.
depmod_dir() {
	local tmp

	tmp=$(mktemp -d "$cache/depmod.XXXXXX")
	mkdir -p "$tmp/lib/modules"
	ln -s "$2" "$tmp/lib/modules/$1"
	/sbin/depmod -b "$tmp" "$1"
	rm -rf "$tmp"
}

stock_kernel() (
	local which=$1 abi dir k

	lock "kernel-$which"
	abi=$(kernel_abi "$which")
	dir=$cache/kernel-$which
	k=$(key stock-3 "$abi" @scripts/lib/extract-vmlinux.py)
	if ! fresh "$dir" "$k"; then
		private_apt_setup
		step "kernel-$which" "stock kernel $abi" fetch_kernel "$which" "$abi" "$dir"
		seal "$dir" "$k"
	fi
)

make_l1_root() {
	# shellcheck disable=SC2016
	bootstrap "$l1_dir" "$l1_packages" essential \
		--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/usr/share/info "$1"/usr/share/gcc* "$1"/usr/lib/systemd "$1"/etc/init.d/* "$1"/etc/rc?.d' \
		--customize-hook='printf "hdiov-l1\n" >"$1/etc/hostname"; ln -sf ../bin/busybox "$1/usr/sbin/init"; ln -sf ../bin/busybox "$1/usr/sbin/poweroff"; ln -sf ../bin/busybox "$1/usr/sbin/reboot"' \
		--customize-hook='chroot "$1" usermod -p "*" -s /bin/bash root; mkdir -p "$1/run/sshd" "$1/srv/l2" "$1/mnt"; : >"$1/etc/fstab"' \
		--customize-hook='printf "blacklist ice\nblacklist iavf\nblacklist qat_4xxx\nblacklist intel_qat\n" >"$1/etc/modprobe.d/hdiov-testbed.conf"'
}

make_l1_image() {
	local which abi

	for which in stable backports; do
		abi=$(cat "$cache/kernel-$which/abi")
		"${sudo[@]}" mkdir -p "$l1_dir/usr/lib/modules"
		"${sudo[@]}" rm -rf "$l1_dir/usr/lib/modules/$abi"
		"${sudo[@]}" cp -a "$cache/kernel-$which/modules" "$l1_dir/usr/lib/modules/$abi"
	done
	"${sudo[@]}" du -sh "$l1_dir"
	rm -f "$l1_img.new"
	"${sudo[@]}" mke2fs -q -t ext4 -O '^has_journal' -m 0 -L l1 -d "$l1_dir" "$l1_img.new" 4G
	"${sudo[@]}" chmod 0644 "$l1_img.new"
	mv "$l1_img.new" "$l1_img"
}

build_rootfs() (
	local k

	lock rootfs
	stock_kernel stable
	stock_kernel backports
	k=$(key l1root-1 "$l1_packages" "$(declare -f make_l1_root bootstrap)")
	if ! fresh "$l1_dir" "$k"; then
		private_apt_setup
		step l1root "L1 root file system (trixie, QEMU, DPDK, tools)" make_l1_root
		"${sudo[@]}" sh -c "printf '%s\n' '$k' >'$l1_dir/.key'"
	fi
	k=$(key "$k" "$(cat "$cache/kernel-stable/.key" "$cache/kernel-backports/.key")" "$(declare -f make_l1_image)")
	if [ "$(cat "$l1_img.key" 2>/dev/null)" != "$k" ] || [ ! -e "$l1_img" ]; then
		step l1image "L1 disk image" make_l1_image
		printf '%s\n' "$k" >"$l1_img.key"
	fi
)

# What L1 has to be given so that it has these packages too: $clients_dir/clients.tar.gz, to be unpacked over its root file system. It is the difference of two
# such file systems, without kernels' modules, which are in L1 already. And udevd, whose folder L1 does without.
make_clients() {
	local l1=$l1_dir l1_dir=$clients_dir.root l1_packages=$l1_packages,$client_packages

	make_l1_root
	"${sudo[@]}" rm -rf "$clients_dir" "$clients_dir.new"
	"${sudo[@]}" rsync -rlpgoDc --compare-dest="$l1/" "$l1_dir/" "$clients_dir.new/"
	"${sudo[@]}" rm -rf "$l1_dir"
	"${sudo[@]}" mkdir -p "$clients_dir.new/usr/lib/systemd"
	"${sudo[@]}" ln -s ../../bin/udevadm "$clients_dir.new/usr/lib/systemd/systemd-udevd"
	mkdir -p "$clients_dir"
	"${sudo[@]}" tar --numeric-owner -C "$clients_dir.new" -cf - etc usr var | gzip >"$clients_dir/clients.tar.gz"
	"${sudo[@]}" rm -rf "$clients_dir.new"
	du -h "$clients_dir/clients.tar.gz"
}

build_clients() (
	local k

	lock clients
	build_rootfs
	k=$(key clients-1 "$(cat "$l1_dir/.key")" "$client_packages" "$(declare -f make_clients make_l1_root bootstrap)")
	if ! fresh "$clients_dir" "$k"; then
		private_apt_setup
		step clients "stock clients for L1" make_clients
		seal "$clients_dir" "$k"
	fi
)

# All that is not asked for is left out of its boot, which is an emulated guest's on an emulated server. Services are a test's to start.
make_debian_guest() {
	local abi root=$guest_dir.root

	abi=$(cat "$cache/kernel-stable/abi")
	# shellcheck disable=SC2016
	bootstrap "$root" "$guest_packages,linux-image-$abi" minbase \
		--setup-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/etc/initramfs-tools/hooks"; echo MODULES=list >"$1/etc/initramfs-tools/conf.d/guest"' \
		--setup-hook='printf "%s\n" "#!/bin/sh" "[ \"\$1\" != prereqs ] || exit 0" ". /usr/share/initramfs-tools/hook-functions" "manual_add_modules virtio_pci virtio_blk ext4" >"$1/etc/initramfs-tools/hooks/guest"; chmod +x "$1/etc/initramfs-tools/hooks/guest"' \
		--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*; : >"$1/etc/fstab"; echo debian >"$1/etc/hostname"; printf "127.0.0.1 localhost\n127.0.1.1 debian\n" >"$1/etc/hosts"; chroot "$1" systemd-machine-id-setup; touch "$1/etc/.updated" "$1/var/.updated"' \
		--customize-hook='chroot "$1" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service serial-getty@ttyS0.service systemd-journal-flush.service systemd-networkd-wait-online.service' \
		--customize-hook='for s in lldpd keepalived openvswitch-switch; do chroot "$1" systemctl disable $s; done; chroot "$1" systemctl enable systemd-networkd guest-agent' \
		--customize-hook='printf "[Match]\nDriver=iavf\n\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n" >"$1/etc/systemd/network/10-vdev.network"' \
		--essential-hook='mkdir -p "$1/etc/systemd/system"; printf "[Unit]\nDescription=The testbed'"'"'s agent\n\n[Service]\nExecStart=/usr/lib/agent\n\n[Install]\nWantedBy=multi-user.target\n" >"$1/etc/systemd/system/guest-agent.service"' \
		--essential-hook='install -m 755 "'"$top"'/scripts/l2/agent" "$1/usr/lib/agent"'
	"${sudo[@]}" du -sh "$root"
	mkdir -p "$guest_dir"
	rm -f "$guest_dir/disk.img"
	"${sudo[@]}" mke2fs -q -t ext4 -m 0 -L debian -d "$root" "$guest_dir/disk.img" 2G
	"${sudo[@]}" chmod 0644 "$guest_dir/disk.img"
	"${sudo[@]}" rm -rf "$root"
}

build_debian_guest() (
	local k

	lock debian-guest
	stock_kernel stable
	k=$(key debian-guest-1 "$(cat "$cache/kernel-stable/.key")" "$guest_packages" @scripts/l2/agent "$(declare -f make_debian_guest bootstrap)")
	if ! fresh "$guest_dir" "$k"; then
		private_apt_setup
		step debian-guest "a Debian as guest" make_debian_guest
		seal "$guest_dir" "$k"
	fi
)
