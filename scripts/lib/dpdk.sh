# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# The driver by which L1's DPDK uses VDEVs of its own: Debian's net_iavf, built once more.

# dpdk_version: of L1's DPDK
dpdk_version() { sed -n '/^Package: dpdk-dev$/,/^$/s/^Version: //p' "$l1_dir/var/lib/dpkg/status"; }

# dpdk_source DIR: what is needed of its source: of HDIOV_DPDK_SOURCE, or of Debian's source package
dpdk_source() {
	local version from=${HDIOV_DPDK_SOURCE:-} dir=$1.deb parts=(drivers/common drivers/bus drivers/net lib)

	version=$(dpdk_version)
	mkdir -p "$1"
	if [ -n "$from" ]; then
		[ -e "$from/VERSION" ] || die "HDIOV_DPDK_SOURCE=$from: no source of DPDK (it has no file VERSION)"
		case $version in
		"$(cut -d. -f1,2 "$from/VERSION")".*) ;;
		*) die "HDIOV_DPDK_SOURCE=$from: of DPDK $(cat "$from/VERSION"), but L1 has $version" ;;
		esac
		tar -C "$from" -cf - "${parts[@]}" | tar -C "$1" -xf -
		return
	fi
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$dir" && private_apt apt-get -q source --download-only "dpdk=$version") ||
		die "the mirror has no source of dpdk $version; HDIOV_DPDK_SOURCE=FOLDER does as well, with an unpacked DPDK $(cut -d. -f1,2 <<<"$version")"
	tar -C "$1" -xf "$dir"/dpdk_*.orig.tar.* --strip-components=1 --wildcards "${parts[@]/#/*/}"
	rm -rf "$dir"
}

make_dpdk() {
	local dir=$cache/dpdk debian=/cache/l1root/usr include=/cache/unpacked/libbsd-dev/usr/include libs

	rm -rf "$dir"
	dpdk_source "$dir/source"
	# L1's libraries, with the headers that belong to them
	libs=$(printf ' -lrte_%s' ethdev eal bus_pci mbuf mempool security cryptodev hash kvargs net ring)
	in_chroot "make -j$(nproc) -C /src/tools/hdiov-dpdk OUTPUT=/cache/dpdk DPDK_SOURCE=/cache/dpdk/source \
		DPDK_CFLAGS='-I$debian/include/dpdk -I$debian/include/x86_64-linux-gnu/dpdk -I$include -I$include/x86_64-linux-gnu -include rte_config.h -march=corei7' \
		DPDK_LIBS='-L$debian/lib/x86_64-linux-gnu$libs'"
	rm -rf "$dir/source" "$dir"/*.o
	cp "$top/tools/hdiov-dpdk/hdiov-dpdk" "$dir/"
}

# build_dpdk: hdiov-dpdk and its driver, into $cache/dpdk, for L1's /opt/hdiov-dpdk, where "container" looks for them
build_dpdk() (
	build_rootfs
	build_chroot
	deb_dir libbsd-dev >/dev/null
	lock dpdk
	k=$(key dpdk-1 "$(cat "$l1_dir/.key" "$chroot_dir/.key")" "$(dpdk_version)" "${HDIOV_DPDK_SOURCE:-}" @tools/hdiov-dpdk "$(declare -f dpdk_source make_dpdk)")
	if ! fresh "$cache/dpdk" "$k"; then
		private_apt_setup
		step dpdk "DPDK's driver for VDEVs" make_dpdk
		seal "$cache/dpdk" "$k"
	fi
)
