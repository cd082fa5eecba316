#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Two guests with the stock kernels' own iavf, on a VDEV of one queue pair and on one of four: traffic of all kinds, then what can
# happen to a guest.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

u1=6d1c1d3e-0001-4a6b-9df0-aaaaaaaaaaaa
u2=6d1c1d3e-0002-4a6b-9df0-aaaaaaaaaaaa

cleanup() {
	"$tb" run "l2 stop g1 g2; for u in $u1 $u2; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		for p in \$(pgrep -x iperf3); do kill \$p; done
		ip -n peer link del up0.5 2>/dev/null; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

free_before=$(available avf-1)
vdev_create $u1 avf-1
vdev_create $u2 avf-4
start_guest g1 --vdev $u1
check "iavf gets link" link_up g1 10.0.0.2
guest g1 'ip addr add fd00::2/64 dev eth0 nodad' || true

# Traffic
check "ping, IPv4" pings g1 10.0.0.1
check "ping, IPv6" pings g1 fd00::1
host 'ip netns exec peer iperf3 -s -D'
traffic

check "jumbo frames: 9000 bytes, not fragmented" jumbo
guest g1 'ip link set eth0 mtu 1500'
link_up g1 10.0.0.2 || true

check "VLAN 5" vlan

# What of it went through software, and under which PASID the DMA was
pasid1=$(vdev_state $u1 pasid)
tails() {
	local packets

	packets=$(stat_of 's["tx-packets"]')
	echo "card: $packets packets sent; traps: tx_tail $(traps $u1 tx_tail), rx_tail $(traps $u1 rx_tail)"
	[ "$packets" -gt 500 ] && [ "$(traps $u1 tx_tail)" = "0 0" ] && [ "$(traps $u1 rx_tail)" = "0 0" ]
}
check "no doorbell of hundreds of packets trapped" tails

by_pasid() {
	local d0 d1 n0 n1 m0 m1

	d0=$(stat_of "pasid($pasid1)") n0=$(stat_of 'no_pasid()') m0=$(stat_of 'messages()')
	guest g1 'ping -q -c 300 -i 0.01 10.0.0.1'
	d1=$(stat_of "pasid($pasid1)") n1=$(stat_of 'no_pasid()') m1=$(stat_of 'messages()')
	echo "300 pings: $((d1 - d0)) transfers with PASID $pasid1, $((n1 - n0)) without, $((m1 - m0)) messages between PF, firmware and VDEVs"
	# Each packet is at least a descriptor read, a buffer and a write-back; the PF's own queues move a few a message.
	[ $((d1 - d0)) -ge 1200 ] && [ $((n1 - n0)) -le $((6 * (m1 - m0) + 6)) ]
}
check "DMA only under the VDEV's PASID" by_pasid

# A second guest: the newer kernel, several queues
start_guest g2 --kernel backports --smp 2 --vdev $u2
check "the second guest's iavf gets link" link_up g2 10.0.0.3
check "the second guest reaches the peer" pings g2 10.0.0.1
check "guest to guest, through the card's switch" pings g2 10.0.0.2
two_pasids() { echo "$pasid1 $(vdev_state $u2 pasid)" && [ "$pasid1" != "$(vdev_state $u2 pasid)" ]; }
check "each VDEV has a PASID of its own" two_pasids

check "its flows spread over its queues" spread
check "ethtool -L: one queue, then two again" channels
table() {
	local a0 a1 b0 b1

	guest g2 'ethtool -X eth0 equal 1' || return 1
	read -r a0 a1 < <(queue_packets)
	datagrams 10.0.0.3 128 || return 1
	read -r b0 b1 < <(queue_packets)
	echo "packets received by queue 0: $((b0 - a0)), by queue 1: $((b1 - a1))"
	[ $((b0 - a0)) -gt 100 ] && [ "$b1" = "$a1" ] && guest g2 'ethtool -X eth0 equal 2' && spread
}
check "ethtool -X: all to the first queue, then to both again" table

# Each change is a reset that the driver asks for, some begin amid what follows the last one
quick_mtu() {
	local refused

	guest g2 'for m in 9000 1400 3000 1500 9000 1500; do ip link set eth0 mtu $m || exit 1; done' &&
		link_up g2 10.0.0.3 && pings g2 10.0.0.1 || return 1
	refused=$(guest g2 'dmesg | grep "PF returned error" || true')
	echo "$refused"
	[ -z "$refused" ]
}
check "its MTU changes quickly, and the PF refuses nothing" quick_mtu

# What can happen to a guest
check "rmmod iavf, modprobe iavf" reload

check "guest reboot" reboot_guest

pf_reset() {
	local g

	guest g1 'iperf3 -t 4 -c 10.0.0.1 >/dev/null 2>&1 &'
	host "sleep 1; echo 1 >/sys/bus/pci/devices/$pf/reset; sleep 2"
	for g in 1 2; do
		link_up g$g 10.0.0.$((g + 1)) && pings g$g 10.0.0.1 || return 1
	done
}
check "reset of the PF amid traffic: both guests go on" pf_reset

# As kexec leaves a device behind. The command register is read by the kernel, written by its bytes: no setpci in there.
bus_master() {
	local d0 d1 p bar='d=$(readlink -f /sys/class/net/eth0/device)'

	p=$(vdev_state $u1 pasid)
	host 'ip netns exec peer ping -q -i 0.02 -c 300 10.0.0.2 >/dev/null 2>&1 &'
	guest g1 "$bar; printf '\\002\\004' | dd of=\$d/config bs=1 seek=4 conv=notrunc 2>/dev/null"
	d0=$(stat_of "pasid($p)")
	host "cat /sys/bus/mdev/devices/$u1/state; sleep 3"
	d1=$(stat_of "pasid($p)")
	guest g1 "$bar; printf '\\006\\004' | dd of=\$d/config bs=1 seek=4 conv=notrunc 2>/dev/null"
	echo "transfers with PASID $p: $d0 when it was off, $d1 three seconds later"
	[ "$d0" = "$d1" ] && link_up g1 10.0.0.2 && pings g1 10.0.0.1
}
check "bus mastering off amid traffic: not one DMA; on: the guest goes on" bus_master

hotunplug() {
	host "l2 hotunplug g2 $u2" && [ "$(vdev_state $u2 open)" = 0 ] && [ "$(vdev_state $u2 pasid)" = none ] &&
		guest g2 '! [ -e /sys/class/net/eth0 ]' && pings g1 10.0.0.1
}
check "hot-unplug from the second guest; the first goes on" hotunplug
hotplug() { host "l2 hotplug g2 $u2" && link_up g2 10.0.0.3 && pings g2 10.0.0.1; }
check "hot-plug it again" hotplug

killed() {
	local p d0 d1

	p=$(vdev_state $u1 pasid)
	host 'ip netns exec peer ping -q -i 0.02 -c 400 10.0.0.2 >/dev/null 2>&1 & sleep 1; kill -9 "$(l2 pid g1)"; sleep 1'
	d0=$(stat_of "pasid($p)")
	sleep 4
	d1=$(stat_of "pasid($p)")
	echo "transfers with PASID $p: $d0 after the kill, $d1 four seconds later; state: $(vdev_state $u1 state)"
	[ "$d0" -gt 0 ] && [ "$d0" = "$d1" ] && [ "$(vdev_state $u1 open)" = 0 ] && [ "$(vdev_state $u1 pasid)" = none ]
}
check "kill -9 of QEMU amid traffic: not one DMA after it" killed
check "the second guest does not notice" pings g2 10.0.0.1

# A software device on its own PF: that of the E810 is needed
died() {
	local u=6d1c1d3e-0008-4a6b-9df0-aaaaaaaaaaaa status back

	host "modprobe hdiov_mock; cd /sys/kernel/debug/hdiov_mock/*/
		echo $u >/sys/class/mdev_bus/*mock*/mdev_supported_types/*-dma-1/create
		l2 hotplug g2 $u && echo 1 >fail_pf_reset && ! echo 1 >reset 2>/dev/null"
	status=$(host "cat /sys/bus/mdev/devices/$u/state; l2 qmp g2 query-status")
	back=$(host "echo 1 >/sys/kernel/debug/hdiov_mock/*/reset; cat /sys/bus/mdev/devices/$u/state
		l2 qmp g2 system_reset; l2 resume g2; sleep 1; l2 qmp g2 query-status")
	printf '%s\n' "$status" "$back"
	host "l2 stop g2; echo 1 >/sys/bus/mdev/devices/$u/remove; rmmod hdiov_mock"
	[[ $status == *dead*internal-error* && $back == *'"running"'* ]]
}
check "a VDEV whose PF is down: QEMU stops the guest, and it can go on after a reset" died

gone() {
	local now

	host 'l2 stop g2'
	vdev_remove $u1 && vdev_remove $u2
	now=$(available avf-1)
	echo "available_instances: $free_before before, $now now; $(host "cat /sys/kernel/debug/hdiov/$pf/resources" | tr '\n' ' ')"
	[ "$now" = "$free_before" ]
}
check "all resources are back" gone
finish
