#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux's own ice driver against two emulated E810s that face each other and
# know double VLAN mode: 802.1Q, 802.1ad, and one in the other. Prints TAP.
set -eu

usage() {
	cat <<EOF
Usage: ${0##*/} QEMU KERNEL MODULES ROOT [BLOB-DIR...]

Boots a stock kernel whose in-tree ice drives two emulated E810s in double
VLAN mode.

ROOT      a Debian root file system with static busybox, iproute2 and ethtool;
          some programs of it are taken, none is run here
TIMEOUT   in the environment: seconds for the whole run (default: 150)
EOF
	common_usage
}

# shellcheck source-path=SCRIPTDIR source=linux.sh
. "${0%/*}/linux.sh"
debian ethtool
put_modules ice 8021q
mkdir -p "$root/lib/firmware/intel/ice/ddp"
for i in 1 2; do
	"${0%/*}/../ddp-package.py" "$root/lib/firmware/intel/ice/ddp/ice-525400ffffe8100$i.pkg"
done

cat >>"$root/init" <<'EOF'
feature() { ethtool -k "$dev0" | grep -Ex "$1: $2"; }
# pings NETWORK
pings() {
	local n

	for n in 1 2 3 4 5 6 7 8 9 10; do
		! ping -c 1 -W 1 "10.0.$1.2" || return 0
		sleep 0.2
	done
	return 1
}
load() {
	local m n=0

	while read -r m; do
		[ -e "/sys/module/$m" ] || insmod "/modules/$m.ko" || return 1
	done </modules/order
	until netdev 1 && netdev 2; do
		n=$((n + 1))
		[ $n -lt 50 ] || return 1
		sleep 0.2
	done >/dev/null 2>&1
	dev0=$(netdev 1) dev1=$(netdev 2)
}
# vlan NETWORK LOWER0 LOWER1 PROTOCOL: on both sides; the VLAN has the network's number
vlan() {
	ip link add link "$2" name "v$1" type vlan proto "$4" id "$1"
	peer ip link add link "$3" name "v$1" type vlan proto "$4" id "$1"
	up "$1" "v$1" "v$1"
}
up() {
	ip addr add "10.0.$1.1/24" dev "$2"
	peer ip addr add "10.0.$1.2/24" dev "$3"
	ip link set "$2" up
	peer ip link set "$3" up
}
# The second card's port is in a name space of its own
wire() {
	ip link set "$dev1" netns peer
	up 1 "$dev0" "$dev1"
	vlan 100 "$dev0" "$dev1" 802.1Q
	vlan 200 "$dev0" "$dev1" 802.1ad
	vlan 210 v200 v200 802.1Q
	vlan 110 v100 v100 802.1Q
}
talk() {
	t "untagged, $1" pings 1
	t "802.1Q, $1" pings 100
	t "802.1ad, $1" pings 200
	t "802.1Q in 802.1ad, $1" pings 210
	t "802.1Q in 802.1Q, $1" pings 110
}

ip netns add peer
t "modules load" load
t "not in safe mode" not logged 'Safe Mode'
t "double VLAN mode" not logged 'QinQ functionality cannot be enabled'
t "filters of both types of tags" feature rx-vlan-stag-filter on
t "offloads for 802.1Q" feature 'rx-vlan-offload' on
t "802.1ad tags can be had of the card instead" feature 'rx-vlan-stag-hw-parse' off
wire
talk "offloads for 802.1Q"
t "no offload" ethtool -K "$dev0" rxvlan off txvlan off
talk "no offload"
t "offloads for 802.1ad" ethtool -K "$dev0" rx-vlan-stag-hw-parse on tx-vlan-stag-hw-insert on
t "that for reception is on" feature rx-vlan-stag-hw-parse on
t "that for sending is on" feature tx-vlan-stag-hw-insert on
talk "offloads for 802.1ad"
echo 1 >/sys/bus/pci/devices/0000:00:01.0/reset
talk "after a reset of the function"
peer ip link set "$dev1" netns 1
rmmod ice
t "modules load again" load
t "the package was there" logged 'DDP package already present on device'
t "double VLAN mode outlives the driver" feature rx-vlan-stag-filter on
wire
talk "with the next driver"
t "no complaint of the kernel" not logged 'WARNING|BUG:|Oops|DMAR: .*fault|Malicious'
dmesg
echo TEST-DONE
poweroff -f
EOF

run_linux "${TIMEOUT:-150}" quiet -smp 2 -netdev hubport,id=n0,hubid=0 -netdev hubport,id=n1,hubid=0 \
	-device e810,id=pf0,netdev=n0,mac=52:54:00:e8:10:01,addr=1.0,double-vlan=on \
	-device e810,id=pf1,netdev=n1,mac=52:54:00:e8:10:02,addr=2.0,double-vlan=on \
	-d guest_errors,unimp

answers
finish
