#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The rival on the same card: Linux's own ice on the PF, its virtual functions in guests with the stock kernels' own iavf. What the host can
# say to a VF, what can happen to a guest; at last a VDEV on the same card. L1 was booted with --vfs.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

back=reaches
u=6d1c1d3e-0005-4a6b-9df0-aaaaaaaaaaaa
mac1=02:00:00:00:0a:01
mac2=02:00:00:00:0a:02
other=02:00:00:00:99:99

cleanup() {
	"$tb" run "l2 stop g1 g2; vfs $pf 0
		[ ! -e /sys/bus/mdev/devices/$u ] || echo 1 >/sys/bus/mdev/devices/$u/remove
		for p in \$(pgrep -x iperf3); do kill \$p; done
		ip -n peer link del up0.5; ip -n peer neigh del 10.0.0.77 dev up0; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

# The PF
faults_before=$(host 'dmesg | grep -c "DMAR.*fault" || true')
host 'echo vf-in-guests begins >/dev/kmsg'
host 'modprobe -r hdiov_e810; rmmod ice; modprobe hdiov_e810' || bail "ice takes the PF"
package() {
	local log

	log=$(host 'dmesg | sed -n "/vf-in-guests begins/,\$p" | grep "ice "')
	printf '%s\n' "$log"
	# The card keeps it from one driver to the next.
	grep -qE 'DDP package (was successfully loaded|already present on device): ' <<<"$log" && ! grep -qi 'safe mode' <<<"$log"
}
check "ice loads its package" package
dev=$(host "ls /sys/bus/pci/devices/$pf/net")
pf_up() {
	host "ip addr replace 10.0.0.9/24 dev $dev; ip link set $dev up
		i=0; until ping -q -c 1 -W 1 10.0.0.1; do i=\$((i + 1)); [ \$i -lt 30 ] || exit 1; done"
}
check "the PF reaches the peer" pf_up

# Virtual functions
check "1 and 8 VFs made and removed" make_vfs 1 0 8 0 8
mapfile -t vf < <(host "vfs $pf 8")
[ ${#vf[@]} = 8 ] || bail "vfio-pci takes 8 VFs"
host "ip link set $dev vf 0 mac $mac1 && ip link set $dev vf 1 mac $mac2"
start_guest g1 --vf "${vf[0]}"
start_guest g2 --kernel backports --smp 2 --vf "${vf[1]}"
check "iavf gets link" link_up g1 10.0.0.2
check "the second guest's iavf gets link" link_up g2 10.0.0.3
addresses() {
	local a b

	a=$(guest g1 'cat /sys/class/net/eth0/address') b=$(guest g2 'cat /sys/class/net/eth0/address')
	echo "$a $b"
	[ "$a $b" = "$mac1 $mac2" ]
}
check "MAC by ip link set vf" addresses
keeps_mac() {
	guest g1 "! ip link set eth0 address $other" && [ "$(guest g1 'cat /sys/class/net/eth0/address')" = $mac1 ]
}
check "the guest cannot change a MAC that the host set" keeps_mac

# Traffic
check "ping" pings g1 10.0.0.1
host 'ip netns exec peer iperf3 -s -D'
traffic
vf_to_vf() {
	local l0 l1

	l0=$(stat_of 's["loopback"]')
	pings g2 10.0.0.2 || return 1
	l1=$(stat_of 's["loopback"]')
	echo "$((l1 - l0)) frames inside of the card"
	[ $((l1 - l0)) -ge 8 ]
}
check "VF to VF, through the card's switch" vf_to_vf
check "VF to PF" pings g1 10.0.0.9

by_vf() {
	local v0 v1 n0 n1 o0 o1 m0 m1

	v0=$(stat_of 'vf(0)') n0=$(stat_of 'no_pasid()') o0=$(stat_of 'other_vfs(0, 1)') m0=$(stat_of 'messages()')
	guest g1 'ping -q -c 300 -i 0.01 10.0.0.1'
	v1=$(stat_of 'vf(0)') n1=$(stat_of 'no_pasid()') o1=$(stat_of 'other_vfs(0, 1)') m1=$(stat_of 'messages()')
	echo "300 pings: $((v1 - v0)) transfers under the RID of VF 0, $((n1 - n0)) under the PF's, $((o1 - o0)) under those of idle VFs"
	echo "$((m1 - m0)) messages between PF, firmware and VFs; $(stat_of 'vf_faults()') faults of VFs"
	# Each packet is at least a descriptor read, a buffer and a write-back; the PF's own queues move a few a message, and get a broadcast.
	[ $((v1 - v0)) -ge 1200 ] && [ $((n1 - n0)) -le $((6 * (m1 - m0) + 20)) ] && [ $((o1 - o0)) = 0 ] && [ "$(stat_of 'vf_faults()')" = 0 ]
}
check "DMA only under the VF's requester id" by_vf

check "several queues: flows spread over them" spread
check "ethtool -L: one queue, then two again" channels

check "jumbo frames: 9000 bytes, not fragmented" jumbo
guest g1 'ip link set eth0 mtu 1500'
reaches g1 10.0.0.1 || true

check "VLAN 5" vlan
port_vlan() {
	guest g1 'ip link del eth0.5; ip addr add 10.5.0.2/24 dev eth0'
	host "ip link set $dev vf 0 vlan 5"
	reaches g1 10.5.0.1 && guest g1 '! ping -q -c 2 -W 2 10.0.0.1' && host "ip link set $dev vf 0 vlan 0" && reaches g1 10.0.0.1
}
check "port VLAN by the host: untagged to the guest, and no way out of it" port_vlan
guest g1 'ip addr del 10.5.0.2/24 dev eth0' || true

# Trust: only then may a guest see what is sent to others
sees_others() {
	host "ip -n peer neigh replace 10.0.0.77 lladdr $other dev up0
		ip netns exec peer ping -q -i 0.2 -c 40 10.0.0.77 >/dev/null 2>&1 &"
	guest g1 "timeout 8 tcpdump -Z root -q -i eth0 -c 3 ether dst $other >/tmp/seen 2>/dev/null; [ \$(wc -l </tmp/seen) = 3 ]"
}
trust() {
	! sees_others || return 1
	host "ip link set $dev vf 0 trust on"
	reaches g1 10.0.0.1 && sees_others || return 1
	host "ip link set $dev vf 0 trust off"
	reaches g1 10.0.0.1 && ! sees_others
}
check "trust: promiscuous with it, not without it" trust
host "ip link set $dev vf 0 trust off"
reaches g1 10.0.0.1 || true

# Frames with a source that is not the VF's: a second address on top of its device, which the PF refuses to add
spoofs() {
	host "timeout 12 ip netns exec peer tcpdump -q -i up0 -c 2 ether src $other >/tmp/spoofed 2>/dev/null & sleep 2"
	guest g1 "modprobe macvlan; ip link add link eth0 name mv0 address $other type macvlan mode bridge
		ip link set mv0 up; ip addr add 10.0.0.66/32 dev mv0; ip route add 10.0.0.65 dev mv0
		ping -q -c 4 -W 1 10.0.0.65; ip link del mv0" || true
	sleep 3
	[ "$(host 'wc -l </tmp/spoofed')" = 2 ]
}
spoofchk() {
	local s0 s1

	s0=$(stat_of 's["spoof-mac"]')
	! spoofs || return 1
	s1=$(stat_of 's["spoof-mac"]')
	echo "$((s1 - s0)) frames dropped by the card"
	[ "$s1" -gt "$s0" ] || return 1
	host "ip link set $dev vf 0 spoofchk off" && reaches g1 10.0.0.1 && spoofs || return 1
	host "ip link set $dev vf 0 spoofchk on" && reaches g1 10.0.0.1 && ! spoofs
}
check "spoof check: on by default, off and on again" spoofchk

mbits() {
	guest g1 "iperf3 -J -c 10.0.0.1 -n $1" |
		/usr/bin/python3 -c 'import json, sys; print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6))'
}
rate() {
	local limited free

	host "ip link set $dev vf 0 max_tx_rate 20"
	limited=$(mbits 6M)
	host "ip link set $dev vf 0 max_tx_rate 0"
	free=$(mbits 20M)
	echo "Mbit/s: $limited with a limit of 20, $free without"
	[ "$limited" -le 22 ] && [ "$free" -gt 25 ]
}
check "rate: 20 Mbit/s" rate

# What can happen to a guest
guest_flr() { guest g1 'echo 1 >/sys/class/net/eth0/device/reset' && reaches g1 10.0.0.1; }
check "FLR by the guest" guest_flr
host_flr() { host "echo 1 >/sys/bus/pci/devices/${vf[0]}/reset" && reaches g1 10.0.0.1; }
check "FLR by the host" host_flr
check "rmmod iavf, modprobe iavf" reload

check "guest reboot" reboot_guest

# Resets of the PF, and of the whole card as another PF or the firmware might do, amid traffic
all_go_on() { reaches g1 10.0.0.1 && reaches g2 10.0.0.1 && reaches g2 10.0.0.2 && pf_up; }
pf_reset() {
	guest g1 'iperf3 -t 4 -c 10.0.0.1 >/dev/null 2>&1 &'
	host "sleep 1; echo 1 >/sys/bus/pci/devices/$pf/reset"
	all_go_on
}
check "reset of the PF amid traffic: all go on" pf_reset
core_reset() {
	guest g1 'iperf3 -t 4 -c 10.0.0.1 >/dev/null 2>&1 &'
	# GLGEN_RTRIG, a core reset, which the card warns of 800 ms before
	host "read -r bar _ </sys/bus/pci/devices/$pf/resource; sleep 1; busybox devmem \$((bar + 0xb8190)) 32 1; sleep 1"
	all_go_on
}
check "core reset amid traffic: all go on" core_reset

killed() {
	local d0 d1

	host 'ip netns exec peer ping -q -i 0.02 -c 400 10.0.0.2 >/dev/null 2>&1 & sleep 1; kill -9 "$(l2 pid g1)"; sleep 1'
	d0=$(stat_of 'vf(0)')
	sleep 4
	d1=$(stat_of 'vf(0)')
	echo "transfers of VF 0: $d0 after the kill, $d1 four seconds later"
	[ "$d0" -gt 0 ] && [ "$d0" = "$d1" ]
}
check "kill -9 of QEMU amid traffic: not one DMA after it" killed
check "the second guest does not notice" pings g2 10.0.0.1

# One card, first with VFs, then with VDEVs, then again with VFs
hotunplug() { host "l2 hotunplug g2 ${vf[1]}" && guest g2 '! [ -e /sys/class/net/eth0 ]'; }
check "hot-unplug from the second guest" hotunplug
all_gone() { host "vfs $pf 0" && [ "$(count_vfs)" = 0 ]; }
check "all VFs removed" all_gone
swap() {
	local v0 v1 p0 p1 pasid

	vdev_create $u avf-4 && host "l2 hotplug g2 $u" && link_up g2 10.0.0.3 && reaches g2 10.0.0.1 || return 1
	pasid=$(vdev_state $u pasid)
	v0=$(stat_of 'other_vfs()') p0=$(stat_of "pasid($pasid)")
	pings g2 10.0.0.1 || return 1
	v1=$(stat_of 'other_vfs()') p1=$(stat_of "pasid($pasid)")
	echo "transfers: $((p1 - p0)) with PASID $pasid, $((v1 - v0)) of VFs"
	[ $((p1 - p0)) -ge 24 ] && [ $((v1 - v0)) = 0 ] && host "l2 hotunplug g2 $u" && vdev_remove $u
}
check "a VDEV instead of the VF" swap
back() {
	local v0 v1

	host "vfs $pf 2" && v0=$(stat_of 'vf(1)') || return 1
	host "l2 hotplug g2 ${vf[1]}" && link_up g2 10.0.0.3 && reaches g2 10.0.0.1 || return 1
	v1=$(stat_of 'vf(1)')
	echo "$((v1 - v0)) transfers of VF 1"
	[ $((v1 - v0)) -ge 24 ]
}
check "and VFs again" back
no_fault() {
	local now

	now=$(host 'dmesg | grep -c "DMAR.*fault" || true')
	echo "$faults_before DMAR faults before, $now now, $(stat_of 'vf_faults()') of VFs by the card's counters"
	[ "$now" = "$faults_before" ] && [ "$(stat_of 'vf_faults()')" = 0 ] && ! guest g2 "dmesg | grep -E 'WARNING|BUG|Oops'"
}
check "no DMA was blocked, and the guest's kernel has nothing to say" no_fault
finish
