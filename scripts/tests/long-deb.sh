#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The Debian packages on a fresh Debian 13: made, installed, upgraded, removed; and L1 with the modules that DKMS made there, from mdevctl to a
# guest with traffic.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")/../lib" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$lib/common.sh"
# shellcheck source=scripts/lib/apt.sh
. "$lib/apt.sh"
# shellcheck source=scripts/lib/roots.sh
. "$lib/roots.sh"

root=$cache/debian
u=6d1c1d3e-000b-4a6b-9df0-aaaaaaaaaaaa
stable=$(kernel_abi stable) backports=$(kernel_abi backports)

cleanup() {
	"$tb" run "l2 stop g1; mdevctl stop -u $u; mdevctl undefine -u $u; modprobe -r hdiov_e810 hdiov_qat qat_4xxx; rmmod ice hdiov
		cd /lib/modules/$stable && [ -e testbed ] && rm -rf updates && mv testbed updates && depmod $stable; modprobe hdiov_e810; exit 0" >/dev/null 2>&1 || true
	"${sudo[@]}" rm -rf "$root"
}
trap cleanup EXIT

build_debian
"${sudo[@]}" rm -rf "$root"
"${sudo[@]}" cp -a "$debian_dir" "$root"
"${sudo[@]}" mkdir -p "$root/src" "$root/proc" "$root/root/hdiov"
git -C "$top" ls-files -z | tar -C "$top" --null -T - -cf - | "${sudo[@]}" tar -C "$root/root/hdiov" -xf -

# debian CMD: as root of the fresh Debian
debian() {
	# shellcheck disable=SC2016
	"${sudo[@]}" unshare --mount --fork sh -euc '
		mount -t proc proc "$1/proc"
		mount --rbind /dev "$1/dev"
		exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -euc "$2"
	' sh "$root" "$1"
}

made() { debian "cd /root/hdiov && make deb >/tmp/deb.log 2>&1 || { tail -n 20 /tmp/deb.log; exit 1; }; ls build-deb"; }
check "make deb" made

# modules ABI: what DKMS has for a kernel, sorted
modules() { debian "find /lib/modules/$1/updates/dkms -name '*.ko*' 2>/dev/null | sed 's,.*/,,; s,[.]ko.*,,' | sort | tr '\n' ' '"; }
# intel_qat is the kernel's own
all="hdiov hdiov_e810 hdiov_qat ice irdma qat_4xxx "
# For that kernel there is no source
few="hdiov hdiov_qat "
installs() {
	debian "apt-get -y --no-install-recommends install /root/hdiov/build-deb/*.deb 2>&1 | tail -n 15
		dkms autoinstall -k $stable; dkms autoinstall -k $backports; dkms status"
	echo "$stable: $(modules "$stable"); $backports: $(modules "$backports")"
	[ "$(modules "$stable")" = "$all" ] && [ "$(modules "$backports")" = "$few" ] && [ -e "$root/usr/lib/udev/rules.d/61-hdiov.rules" ]
}
check "apt install: DKMS makes all modules for a kernel whose source is there, the core's and the QAT's for another" installs
preferred() {
	local files

	files=$(debian "depmod $stable; for m in ice qat_4xxx hdiov_e810; do modinfo -k $stable -F filename \$m; done")
	echo "$files"
	[ "$(grep -c updates/dkms <<<"$files")" = 3 ]
}
check "modprobe takes these" preferred
dpdk_tool() {
	local out

	out=$(debian "hdiov-dpdk --help; make -C /usr/share/hdiov-dpdk -n OUTPUT=/usr/local/lib/hdiov-dpdk 2>&1 || true; ! hdiov-dpdk $u -- true 2>&1") &&
		echo "$out" && grep -q '^usage: hdiov-dpdk' <<<"$out" && grep -q 'DPDK_SOURCE=.* is needed' <<<"$out" &&
		grep -q 'no driver /usr/local/lib/hdiov-dpdk/librte_net_iavf_vdcm.so' <<<"$out"
}
check "hdiov-dpdk is there, and asks for its driver, which make -C /usr/share/hdiov-dpdk makes from DPDK's source" dpdk_tool
# In a chroot modinfo sees the host's modules, if it is not told otherwise
signed() {
	local signer

	signer=$(debian "modinfo -F signer \$(modinfo -k $stable -F filename ice)") && echo "$signer" && [[ $signer == *DKMS* ]]
}
check "they are signed by DKMS's key" signed

# To L1, whose own modules are put aside
to_l1() {
	host "modprobe -r hdiov_e810 hdiov_qat qat_4xxx hdiov_mock; rmmod ice hdiov; lsmod | grep -E '^(hdiov|ice|qat_4xxx) ' && exit 1
		cd /lib/modules/$stable && mv updates testbed && mkdir updates"
	"$tb" push "$root/lib/modules/$stable/updates/dkms" "/lib/modules/$stable/updates" &&
		host "depmod $stable && modprobe hdiov_e810 && modinfo -F filename ice && [ -e $types/ice-avf-1 ]"
}
check "L1 with these modules: the E810 has types" to_l1
by_mdevctl() {
	host "mdevctl define -u $u -p $pf -t ice-avf-1 && mdevctl modify -u $u --addattr=mac --value=02:00:00:00:00:0b && mdevctl start -u $u &&
		grep -q 02:00:00:00:00:0b /sys/bus/mdev/devices/$u/mac"
}
check "a VDEV by mdevctl, with an address" by_mdevctl
reports() {
	local out

	"$tb" push "$root/usr/bin/hdiov-report" /root && out=$(host '/root/hdiov-report --no-log') && echo "$out" &&
		grep -qE '^hdiov_e810 +loaded .*/updates/dkms/' <<<"$out" && grep -q "^== VDEV $u" <<<"$out" && grep -q '^mac: 02:00:00:00:00:0b' <<<"$out"
}
check "hdiov-report tells of modules and VDEV" reports
# As mdevctl's udev rule does when a PF begins to offer types; L1 has no udev. A VDEV that nobody uses goes with the driver.
back_again() {
	host "mdevctl modify -u $u --auto && rmmod hdiov_e810 && [ ! -e /sys/bus/mdev/devices/$u ] && modprobe hdiov_e810 &&
		mdevctl start-parent-mdevs $pf && grep 02:00:00:00:00:0b /sys/bus/mdev/devices/$u/mac"
}
check "back by mdevctl, with its address, after the driver was loaded again" back_again
start_guest g1 --vdev $u
check "its guest gets link" link_up g1 10.0.0.2
check "and reaches the peer" reaches g1 10.0.0.1

upgrades() {
	debian "cd /root/hdiov && sed -i '1s/(.*)/(99.0)/' debian/changelog && make deb >/tmp/deb.log 2>&1 || { tail -n 20 /tmp/deb.log; exit 1; }
		apt-get -y --no-install-recommends install /root/hdiov/build-deb/*.deb 2>&1 | tail -n 5; dkms autoinstall -k $stable; dkms status"
	echo "$stable: $(modules "$stable")"
	[ "$(modules "$stable")" = "$all" ] && debian 'dkms status | grep hdiov/99.0 && ! dkms status | grep -v hdiov/99.0'
}
check "an upgrade leaves nothing of the version before" upgrades
purges() {
	debian "apt-get -y purge hdiov-dkms hdiov-tools 2>&1 | tail -n 5; dkms status; ls /usr/src"
	[ -z "$(modules "$stable")$(modules "$backports")" ] && debian '! ls -d /usr/src/hdiov-* /var/lib/dkms/hdiov /usr/lib/modprobe.d/hdiov.conf /usr/lib/udev/rules.d/61-hdiov.rules /usr/share/hdiov-dpdk /usr/bin/hdiov-dpdk 2>/dev/null'
}
check "apt purge leaves nothing" purges
finish
