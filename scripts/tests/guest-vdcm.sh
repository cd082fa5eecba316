#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# VDEVs of the types vdcm, of one queue pair (eth0) and of four (eth1), in a guest that drives them by Linux's own iavf, built for the registers
# of this layout. All of them have pages, so in a guest, too, nothing traps.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

u1=6d1c1d3e-0001-4a6b-9df0-dddddddddddd
u2=6d1c1d3e-0002-4a6b-9df0-dddddddddddd
dev=/sys/bus/pci/devices/$pf

cleanup() {
	"$tb" run "l2 stop g1; for u in $u1 $u2; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		for p in \$(pgrep -x iperf3); do kill \$p; done
		ip netns exec peer sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore'
		ip -n peer addr del 10.0.9.1/24 dev up0; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

host "d=\$(ls $dev/net) && ip link set \$d up"
check "a VDEV of one queue pair" vdev_create $u1 vdcm-1
check "a VDEV of four" vdev_create $u2 vdcm-4
start_guest g1 --smp 2 --vdev $u1 --vdev $u2
host 'ip -n peer addr replace 10.0.9.1/24 dev up0; ip netns exec peer iperf3 -s -D'
# Or one interface answers for the other's addresses
arp_ignore=/proc/sys/net/ipv4/conf/all/arp_ignore
host "ip netns exec peer sh -c 'echo 1 >$arp_ignore'"
guest g1 "echo 1 >$arp_ignore"

stock_leaves_them() { guest g1 '[ -d /sys/bus/pci/drivers/iavf ] && [ ! -e /sys/class/net/eth0 ] && lspci -n -d 8086:0dd5 | grep -c . | grep -x 2'; }
check "iavf itself is loaded, and leaves them alone" stock_leaves_them
# The first VDEV is on the first root port; which of the two is eth0 is by luck.
load() {
	# shellcheck disable=SC2016
	guest g1 'modprobe iavf_vdcm || exit 1
		for n in $(seq 200); do [ ! -e /sys/class/net/eth1 ] || break; sleep 0.1; done
		[ -e /sys/bus/pci/devices/0000:01:00.0/net/eth0 ] || {
			ip link set eth0 name first && ip link set eth1 name eth0 && ip link set first name eth1
		}
		ethtool -i eth0 | grep -x "driver: iavf_vdcm"'
}
check "iavf_vdcm makes two interfaces" load
check "link with one queue" link_up g1 10.0.0.2
check "link with four" link_up g1 10.0.9.2 eth1
check "the first reaches the peer" pings g1 10.0.0.1
check "the second reaches the peer" pings g1 10.0.9.1

# all_traps UUID: of all classes
all_traps() { host "awk '{ n += \$2 + \$3 } END { print n }' /sys/kernel/debug/hdiov/$pf/$1/traps"; }
traffic
# untrapped UUID CMD...
untrapped() {
	local u=$1 before after pasid transfers

	pasid=$(vdev_state "$u" pasid) && transfers=$(stat_of "pasid($pasid)") && before=$(all_traps "$u") && "${@:2}" || return 1
	after=$(all_traps "$u") && transfers=$(($(stat_of "pasid($pasid)") - transfers))
	echo "traps: $before before, $after after; $transfers transfers with PASID $pasid"
	[ "$before" = "$after" ] && [ "$transfers" -gt 1000 ]
}
both_ways() { guest g1 'ping -q -c 300 -i 0.01 10.0.0.1' && iperf g1 10.0.0.1 -n 5M && iperf g1 10.0.0.1 -n 5M -R; }
check "300 pings, and TCP both ways: nothing traps" untrapped $u1 both_ways

received() { guest g1 'ethtool -S eth1' | sed -n 's/^ *rx-[0-9]*\.packets: //p' | head -n 4; }
spread() {
	local before after i

	mapfile -t before < <(received)
	datagrams 10.0.9.2 512 && iperf g1 10.0.9.1 -n 5M -P 4 || return 1
	mapfile -t after < <(received)
	echo "packets received by each queue before: ${before[*]}, and after: ${after[*]}"
	[ ${#after[@]} = 4 ] || return 1
	for i in "${!after[@]}"; do
		[ $((after[i] - before[i])) -ge 50 ] || return 1
	done
}
channels() { guest g1 'ethtool -L eth1 combined 4' && link_up g1 10.0.9.2 eth1 && reaches g1 10.0.9.1; }
check "all four queues are used" channels
check "512 flows spread over them, four streams of TCP: nothing traps" untrapped $u2 spread

check "jumbo frames" jumbo
check "VLAN" vlan
stop_cont() {
	local n

	n=$(vdev_state $u1 resets)
	host 'l2 pause g1; sleep 2; l2 resume g1' && reaches g1 10.0.0.1 && reaches g1 10.0.9.1 && [ "$(vdev_state $u1 resets)" = "$n" ]
}
check "stop and cont of QEMU, without a reset" stop_cont
# reset CMD...: the VDEVs are reset by it
resets() {
	local r1

	r1=$(vdev_state $u1 resets)
	"$@" && reaches g1 10.0.0.1 || return 1
	echo "resets: $r1 before, $(vdev_state $u1 resets) now"
	[ "$(vdev_state $u1 resets)" -gt "$r1" ]
}
check "FLR by the guest" resets guest g1 'echo 1 >/sys/class/net/eth0/device/reset'
new_mac() { host "echo 02:00:00:00:00:78 >/sys/bus/mdev/devices/$u1/mac; ip -n peer neigh flush dev up0"; }
check "another address by the host" resets new_mac
pf_reset() { guest g1 'ping -q -i 0.02 -c 200 10.0.9.1 >/dev/null 2>&1 &' && host "echo 1 >$dev/reset" && reaches g1 10.0.9.1; }
check "reset of the PF amid traffic" resets pf_reset
reload() { guest g1 'rmmod iavf_vdcm' && load && link_up g1 10.0.0.2 && link_up g1 10.0.9.2 eth1 && reaches g1 10.0.0.1 && reaches g1 10.0.9.1; }
check "rmmod iavf_vdcm, modprobe iavf_vdcm" reload
gone() { host 'l2 stop g1' && [ "$(vdev_state $u1 state)" = idle ] && vdev_remove $u1 && vdev_remove $u2; }
check "the guest ends, its VDEVs are removed" gone
finish
