#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# DPDK's net_ice, in Debian's testpmd as it is, against an emulated E810 that a
# second one with Linux's ice faces: without package and with one, by all its
# ways to receive and send, with all that it lets the card do. Prints TAP.
set -eu

usage() {
	cat <<EOF
Usage: ${0##*/} QEMU KERNEL MODULES ROOT [BLOB-DIR...]

Boots a stock kernel in which testpmd and ice drive two emulated E810s.

ROOT      a Debian root file system with static busybox, iproute2, ethtool,
          python3-minimal, dpdk and librte-net-ice; some programs of it are
          taken, none is run here
TIMEOUT   in the environment: seconds for the whole run (default: 300)
EOF
	common_usage
}

# shellcheck source-path=SCRIPTDIR source=linux.sh
. "${0%/*}/linux.sh"
debian ethtool python3.13 dpdk-testpmd librte_mempool_ring.so.25
put_modules ice vfio-pci vfio_iommu_type1
# Of Python's own modules those that the guest's part needs
py=usr/lib/python3.13
mkdir -p "$root/$py"
for f in collections encodings importlib re; do
	cp -r "$from/$py/$f" "$root/$py/"
done
for f in _collections_abc _sitebuiltins _weakrefset abc codecs contextlib copyreg enum functools genericpath \
	io keyword linecache locale operator os posixpath reprlib selectors signal site socket stat struct subprocess threading types \
	warnings zipimport; do
	[ ! -e "$from/$py/$f.py" ] || cp "$from/$py/$f.py" "$root/$py/"
done
cp "${0%/*}/dpdk-guest.py" "$root/dpdk-guest.py"
mkdir -p "$root"/{pkg,lib/firmware/intel/ice/ddp}
"${0%/*}/../ddp-package.py" --name "ICE COMMS Package" "$root/pkg/comms"
cp "$root/pkg/comms" "$root/lib/firmware/intel/ice/ddp/ice-525400ffffe81002.pkg"

cat >>"$root/init" <<'EOF'
load() {
	local m

	while read -r m; do
		[ -e "/sys/module/$m" ] || insmod "/modules/$m.ko" || return 1
	done </modules/order
}
quiet() {
	not logged 'WARNING|BUG:|Oops|DMAR: .*fault|Malicious'
}

mkdir -p /dev/pts /dev/hugepages /var/run
mount -t devpts devpts /dev/pts
mount -t hugetlbfs none /dev/hugepages
echo vfio-pci >/sys/bus/pci/devices/0000:00:01.0/driver_override
t "modules load" load
until dev=$(netdev 2 2>/dev/null); do sleep 0.2; done
t "vfio-pci has the first card" [ -e /sys/bus/pci/drivers/vfio-pci/0000:00:01.0 ]
echo 1 >"/proc/sys/net/ipv6/conf/$dev/disable_ipv6"
ip link set "$dev" mtu 9000 promisc on up
# As frames come, they are to be seen
for f in gro rxvlan rx; do
	ethtool -K "$dev" $f off
done
t "all of the guest's part was run" python3.13 /dpdk-guest.py "$dev"
t "no complaint of the kernel" quiet
dmesg
echo TEST-DONE
poweroff -f
EOF

# The guest says when it wants the cable of the first card off or on
mkfifo "$tmp/monitor.in" "$tmp/monitor.out"
(
	exec 3<>"$tmp/monitor.in" 4<>"$tmp/monitor.out"
	done=0
	while sleep 0.3; do
		n=$(tr -d '\r' 2>/dev/null <"$tmp/log" | grep -ac '^LINK ') || :
		while [ "$done" -lt "${n:-0}" ]; do
			done=$((done + 1))
			echo "set_link pf0 $(tr -d '\r' <"$tmp/log" | grep -a '^LINK ' | sed -n "${done}s/LINK //p")" >&3
		done
	done
) 2>/dev/null &
watcher=$!
stop_watcher() {
	kill $watcher 2>/dev/null || :
	cleanup
}
trap stop_watcher EXIT

run_linux "${TIMEOUT:-300}" "quiet hugepages=160" -cpu max -m 1536 -smp 3 -netdev hubport,id=n0,hubid=0 -netdev hubport,id=n1,hubid=0 \
	-device e810,id=pf0,netdev=n0,mac=52:54:00:e8:10:01,addr=1.0 \
	-device e810,id=pf1,netdev=n1,mac=52:54:00:e8:10:02,addr=2.0 \
	-chardev "pipe,id=monitor,path=$tmp/monitor" -mon chardev=monitor \
	-d guest_errors,unimp

answers
finish
