#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a host and its guests have together on one port, whose PF stays with ice: a guest with Debian's own iavf on a VDEV of one queue pair (eth0) and on one of
# sixteen (eth1), the host's own network on the same port, and what ice does with its PF meanwhile. With --no-guest only what needs no guest, for
# a kernel that is too slow for one.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
guest=yes
if [ "${1:-}" = --no-guest ]; then guest=no; fi

u1=6d1c1d3e-0001-4a6b-9df0-aaaaaaaaaaaa
u2=6d1c1d3e-0002-4a6b-9df0-aaaaaaaaaaaa
dev=/sys/bus/pci/devices/$pf

cleanup() {
	"$tb" run "l2 stop g1; for u in $u1 $u2; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		for p in \$(pgrep -x iperf3); do kill \$p; done
		echo 0 >$dev/sriov_numvfs
		ip netns exec peer sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore'
		ip netns del vf; ip -n peer addr del 10.0.9.1/24 dev up0; ip -n peer link del up0.5; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

# logged TEXT: how often the host's kernel has said so
logged() { host "dmesg | grep -cF '$1' || true"; }

# refused ERROR REASON CMD: CMD in L1 fails and says ERROR; the kernel's log gives REASON, if that is not empty.
refused() {
	local out n=0

	[ -z "$2" ] || n=$(logged "$2")
	if out=$(host "$3" 2>&1); then
		echo "not refused: $3"
		return 1
	fi
	echo "$out"
	[[ $out == *"$1"* ]] || return 1
	[ -z "$2" ] || [ "$(logged "$2")" -gt "$n" ] || { host 'dmesg | tail -n 5' && return 1; }
}

host_up() {
	host "modprobe hdiov_e810 || exit 1
		d=\$(ls $dev/net) && ip addr replace 10.0.0.9/24 dev \$d && ip link set \$d up
		[ -e $types ] || { dmesg | tail -n 20; exit 1; }"
}
# host_pings ADDRESS [FROM]: within a minute; FROM is how to get into a name space
host_pings() { host "i=0; until ${2:-} ping -q -c 3 -i 0.3 -W 2 $1 | grep -q ' 3 received'; do i=\$((i + 1)); [ \$i -lt 25 ] || exit 1; done"; }

host 'modprobe -r hdiov_e810 && rmmod ice' || true
check "ice with hdiov's patches has the PF, hdiov_e810 its queues" host_up
check "the host's own network reaches the peer" host_pings 10.0.0.1
netdev=$(host "ls $dev/net") free1=$(available avf-1) free4=$(available avf-4)

# Limits of the card: 768 VSIs, of which ice has some; 2048 vectors, of which a VDEV of four takes five
many() { echo "avf-1: $free1, avf-4: $free4" && [ "$free1" -ge 758 ] && [ "$free4" -ge 400 ]; }
check "room for 758 VDEVs of one queue pair, 400 of four" many

# Linux 6.12's irdma knows ice's structures: one that was not built with this ice is refused. Not by modprobe -r, which would take ice along.
irdma() { host 'modprobe irdma && lsmod | grep -qE "^ice .*irdma" && rmmod irdma'; }
if [ $guest = yes ]; then check "RDMA's driver loads beside this ice" irdma; fi

# SR-IOV is as it was. A VF in the host's hands will do, in a name space of its own, as if it were a guest's.
vf_pings() { host_pings "10.0.0.1" "ip netns exec vf"; }
vf() {
	host "ip netns add vf; echo 1 >$dev/sriov_drivers_autoprobe; echo 1 >$dev/sriov_numvfs && modprobe iavf || exit 1
		i=0; until ls $dev/virtfn0/net/* >/dev/null 2>&1; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 100 ] || exit 1; done
		d=\$(ls $dev/virtfn0/net) && ip link set \$d netns vf name vf0 && ip -n vf addr add 10.0.0.8/24 dev vf0 && ip -n vf link set vf0 up" &&
		vf_pings
}
check "a VF, with its own driver, reaches the peer" vf
vf_reset() { host "echo 1 >$dev/reset" && vf_pings && host_pings 10.0.0.1; }
check "reset of the PF: VF and host go on" vf_reset
# SR-IOV and VDEVs exclude one another
check "a VF is there: no VDEV, and the log says why" refused "Device or resource busy" "no HD-IOV device while SR-IOV is enabled" \
	"echo $u1 >$types/ice-avf-1/create"
vf_gone() {
	echo "avf-1: $(available avf-1) with a VF"
	[ "$(available avf-1)" = 0 ] && host "echo 0 >$dev/sriov_numvfs; ip netns del vf" || return 1
	echo "$(available avf-1) without"
	[ "$(available avf-1)" = "$free1" ]
}
check "without it there is room for as many VDEVs as before" vf_gone
check "a VDEV of one queue pair" vdev_create $u1 avf-1
# Its hash is that of the first one, whose group of profiles it joins. Without that it takes more than a hundred.
second_vdev() {
	local before now

	before=$(stat_of 's["aq-commands"]')
	vdev_create $u2 avf-16 || return 1
	now=$(stat_of 's["aq-commands"]')
	echo "$((now - before)) admin commands"
	[ $((now - before)) -lt 40 ]
}
check "a VDEV of sixteen, with few admin commands" second_vdev
check "VDEVs are there: no VF, and the log says why" refused "Device or resource busy" \
	"SR-IOV cannot be enabled: 2 HD-IOV devices are there" "echo 1 >$dev/sriov_numvfs"
check "nor is a VDEV a VF to the host's tools" refused "Operation not supported" "" \
	"ip link set $netdev vf $(vdev_state $u1 vsi) mac 02:00:00:00:00:09"

removed() {
	vdev_remove $u1 && vdev_remove $u2 || return 1
	echo "avf-1: $free1 before, $(available avf-1) now; avf-4: $free4 before, $(available avf-4) now"
	[ "$(available avf-1)" = "$free1" ] && [ "$(available avf-4)" = "$free4" ]
}
unload() { host "rmmod hdiov_e810 && [ ! -e $types ] && ping -q -c 1 -W 5 10.0.0.1 && rmmod ice && [ ! -e $dev/driver ]"; }
again() { host_up && host_pings 10.0.0.1 && vdev_create $u1 avf-1 && vdev_remove $u1; }
# GLGEN_RTRIG.CORER, as any function of the card or its firmware can ask for it. ice hears of it by an interrupt, in the time that the card
# lets pass before. The debug kernel has no /dev/mem.
core_reset="python3 -c 'import mmap, os
m = mmap.mmap(os.open(\"$dev/resource0\", os.O_RDWR | os.O_SYNC), 4096, offset=0xb8000)
memoryview(m).cast(\"I\")[0x190 // 4] = 1'"

if [ $guest = no ]; then
	# rebuilt CMD: ice is reset by CMD in L1, and has the VDEVs again, which nobody uses
	rebuilt() {
		local n

		n=$(logged 'VSI rebuilt. VSI index 0')
		host "$1 || exit 1; i=0; until [ \$(dmesg | grep -cF 'VSI rebuilt. VSI index 0') -gt $n ]; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 300 ] || exit 1; done" &&
			host_pings 10.0.0.1 && [ "$(vdev_state $u1 state)" = idle ] && [ "$(vdev_state $u2 state)" = idle ]
	}
	check "reset of the PF: host and VDEVs are back" rebuilt "echo 1 >$dev/reset"
	check "reset of the card: host and VDEVs are back" rebuilt "$core_reset"
	check "the VDEVs are removed: all is back" removed
	check "rmmod hdiov_e810, which leaves the host its network; rmmod ice" unload
	check "and both again" again
	finish
	exit
fi

start_guest g1 --smp 2 --vdev $u1 --vdev $u2
host 'ip -n peer addr add 10.0.9.1/24 dev up0; ip netns exec peer iperf3 -s -D'
# Or one interface answers for the other's addresses, and a packet that must not get there does so by the other way.
arp_ignore=/proc/sys/net/ipv4/conf/all/arp_ignore
host "ip netns exec peer sh -c 'echo 1 >$arp_ignore'"
guest g1 "echo 1 >$arp_ignore"
# iavf makes its interface some time after its probe, so which of the two is eth0 is by luck, each time that it is loaded. The first VDEV is
# on the first root port.
# shellcheck disable=SC2016
first_is_eth0() {
	guest g1 'for n in $(seq 200); do [ ! -e /sys/class/net/eth1 ] || break; sleep 0.1; done
		[ -e /sys/bus/pci/devices/0000:01:00.0/net/eth0 ] || {
			ip link set eth0 name first && ip link set eth1 name eth0 && ip link set first name eth1
		}'
}
check "the guest has two interfaces" first_is_eth0
check "iavf gets link with one queue" link_up g1 10.0.0.2
check "iavf gets link with sixteen" link_up g1 10.0.9.2 eth1
check "the guest reaches the peer" pings g1 10.0.0.1
check "the guest reaches the host's own interface on the same port" pings g1 10.0.0.9
check "the host reaches the guest" host_pings 10.0.0.2
check "the second VDEV reaches the peer" pings g1 10.0.9.1

pasid1=$(vdev_state $u1 pasid)
fast_path() {
	local d0 d1

	d0=$(stat_of "pasid($pasid1)")
	guest g1 'ping -q -c 300 -i 0.01 10.0.0.1' | tee /dev/stderr | grep -qE ' (29[0-9]|300) received' || return 1
	d1=$(stat_of "pasid($pasid1)")
	echo "$((d1 - d0)) transfers with PASID $pasid1; traps: tx_tail $(traps $u1 tx_tail), rx_tail $(traps $u1 rx_tail)"
	# Each packet is at least a descriptor, a buffer and a write-back
	[ $((d1 - d0)) -ge 1200 ] && [ "$(traps $u1 tx_tail)" = "0 0" ] && [ "$(traps $u1 rx_tail)" = "0 0" ]
}
check "300 pings: DMA with the VDEV's PASID, no doorbell trapped" fast_path

# ice hashes for the guest, as for a VF. iavf itself uses no more queues than the guest has CPUs, until it is told to.
# spread QUEUES PACKETS CMD...: CMD has the peer send to eth1, at least so many PACKETS to each of its queues
spread() {
	local queues=$1 least=$2 before after i

	guest g1 "ethtool -L eth1 combined $queues" && link_up g1 10.0.9.2 eth1 && reaches g1 10.0.9.1 || return 1
	mapfile -t before < <(received)
	"${@:3}" || return 1
	mapfile -t after < <(received)
	echo "packets received by each queue before: ${before[*]}, and after: ${after[*]}"
	[ ${#after[@]} = "$queues" ] || return 1
	for i in "${!after[@]}"; do
		[ $((after[i] - before[i])) -ge "$least" ] || return 1
	done
}
# The counters of queues that are not used any more stay
received() { guest g1 'ethtool -S eth1' | sed -n 's/^ *rx-[0-9]*\.packets: //p' | head -n "$queues"; }
four_queues() { spread 4 50 datagrams 10.0.9.2 512; }
check "512 flows spread over four queues" four_queues
# 32 for each queue on average
sixteen_queues() { spread 16 5 datagrams 10.0.9.2 512; }
check "and over sixteen" sixteen_queues

# What the host decides while the guest runs
at=/sys/bus/mdev/devices/$u1
mac_of() { guest g1 'cat /sys/class/net/eth0/address'; }
keeps_mac() {
	local mac

	mac=$(mac_of)
	[ "$mac" = "$(host "cat $at/mac")" ] && guest g1 '! ip link set eth0 address 02:00:00:00:00:66' && [ "$(mac_of)" = "$mac" ]
}
check "the guest has the address that the host gave it, and no other" keeps_mac
changes_mac() {
	# shellcheck disable=SC2016
	host "echo 0 >$at/mac_locked" && guest g1 'for i in $(seq 10 49); do ip link set eth0 address 02:00:00:00:01:$i || exit 1; done' &&
		pings g1 10.0.0.1 && [ "$(mac_of)" = 02:00:00:00:01:49 ] && host "echo 1 >$at/mac_locked" && reaches g1 10.0.0.1
}
check "not locked: 40 changes of address by the guest" changes_mac
# The peer forgets the old address: iavf does not announce the one that it finds after a reset, and if its link is back before the guest's
# network has seen it go, nobody asks for it until the peer's entry is too old, which takes a minute.
new_mac() {
	host "echo 02:00:00:00:00:77 >$at/mac; ip -n peer neigh flush dev up0" && reaches g1 10.0.0.1 || return 1
	host "ip -n peer neigh show 10.0.0.2"
	host "ip -n peer neigh show 10.0.0.2 | grep -q 02:00:00:00:00:77"
}
check "locked again, and another address from the host: the guest goes on with it" new_mac
port_vlan() {
	host 'ip -n peer link add link up0 name up0.5 type vlan id 5; ip -n peer addr add 10.5.0.1/24 dev up0.5; ip -n peer link set up0.5 up' &&
		guest g1 'ip addr add 10.5.0.2/24 dev eth0' && host "echo 5 >$at/vlan" && reaches g1 10.5.0.1 &&
		guest g1 '! ping -q -c 2 -W 2 10.0.0.1' && host "echo 0 >$at/vlan" && reaches g1 10.0.0.1 &&
		guest g1 'ip addr del 10.5.0.2/24 dev eth0'
}
check "port VLAN: untagged to the guest, and no way out of it" port_vlan
# iperf3's server hangs up when a busy machine takes longer than it expects: that says nothing of the rate.
mbits() {
	local _

	for _ in 1 2 3; do
		guest g1 "iperf3 -J -c 10.0.0.1 -n $1" |
			/usr/bin/python3 -c 'import json, sys; print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6))' && return
	done
	return 1
}
rate() {
	local limited free

	host "echo 4 >$at/max_tx_rate" && limited=$(mbits 2M) && host "echo 0 >$at/max_tx_rate" && free=$(mbits 10M) || return 1
	echo "Mbit/s: $limited with a limit of 4, $free without"
	[ "$limited" -le 4 ] && [ "$free" -ge 8 ]
}
# So little that a busy machine has more to give
check "rate: 4 Mbit/s" rate
stop_cont() {
	local n

	n=$(vdev_state $u1 resets)
	host 'l2 pause g1; sleep 3; l2 resume g1' && reaches g1 10.0.0.1 && reaches g1 10.0.9.1 || return 1
	echo "resets: $n before, $(vdev_state $u1 resets) now"
	[ "$(vdev_state $u1 resets)" = "$n" ]
}
check "stop and cont of QEMU: the guest goes on, without a reset" stop_cont

# survives CMD: the VDEVs are reset while packets go, because of CMD in L1, and the guest goes on; the host, too.
survives() {
	local r1 r2

	r1=$(vdev_state $u1 resets) r2=$(vdev_state $u2 resets)
	guest g1 'ping -q -i 0.02 -c 400 10.0.9.1 >/dev/null 2>&1 &'
	host "ip netns exec peer ping -q -i 0.02 -c 400 10.0.0.2 >/dev/null 2>&1 & sleep 1; $1 || exit 1; sleep 2" || return 1
	reaches g1 10.0.0.1 && reaches g1 10.0.0.9 && reaches g1 10.0.9.1 && host_pings 10.0.0.1 || return 1
	echo "resets: $r1 and $r2 before, $(vdev_state $u1 resets) and $(vdev_state $u2 resets) now, PASID $(vdev_state $u1 pasid)"
	[ "$(vdev_state $u1 resets)" -gt "$r1" ] && [ "$(vdev_state $u2 resets)" -gt "$r2" ] && [ "$(vdev_state $u1 pasid)" = "$pasid1" ]
}
check "reset of the PF amid traffic: VDEVs and host go on" survives "echo 1 >$dev/reset"
check "reset of the card amid traffic: VDEVs and host go on" survives "$core_reset"

carrier() { guest g1 "i=0; until [ \$(cat /sys/class/net/eth0/carrier) = $1 ]; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 100 ] || exit 1; done"; }
link_down() {
	"$tb" qmp set_link '{"name":"pf0","up":false}' && carrier 0 && "$tb" qmp set_link '{"name":"pf0","up":true}' && carrier 1 &&
		reaches g1 10.0.0.1 && host_pings 10.0.0.1
}
check "the port loses its link: the guest sees it, and goes on when it is back" link_down
# What the host has decided does not depend on the link: a guest that resets its device while there is none keeps its limit
limit_without_link() {
	local limited

	"$tb" qmp set_link '{"name":"pf0","up":false}' && carrier 0 && host "echo 4 >$at/max_tx_rate" &&
		guest g1 'echo 1 >/sys/class/net/eth0/device/reset' && "$tb" qmp set_link '{"name":"pf0","up":true}' && carrier 1 &&
		reaches g1 10.0.0.1 && limited=$(mbits 2M) && [ "$(host "cat $at/max_tx_rate")" = 4 ] && host "echo 0 >$at/max_tx_rate" || return 1
	echo "Mbit/s: $limited with a limit of 4"
	[ "$limited" -le 4 ]
}
check "there is no link: a rate is limited, and a reset does not lift that" limit_without_link
if_down() {
	host "ip link set $netdev down" && pings g1 10.0.0.1 && host "ip link set $netdev up" && reaches g1 10.0.0.9
}
check "the host's interface is down: guests go on; up: they reach it again" if_down
reload_both() {
	guest g1 'rmmod iavf && modprobe iavf' && first_is_eth0 && link_up g1 10.0.0.2 && link_up g1 10.0.9.2 eth1 && pings g1 10.0.0.1 &&
		pings g1 10.0.9.1
}
check "rmmod iavf, modprobe iavf" reload_both
flr() {
	local n

	n=$(vdev_state $u1 resets)
	guest g1 'echo 1 >/sys/class/net/eth0/device/reset' || return 1
	echo "resets: $n before, $(vdev_state $u1 resets) now"
	[ "$(vdev_state $u1 resets)" -gt "$n" ] && reaches g1 10.0.0.1
}
check "FLR by the guest" flr

# A guest whose queue leaves the port's packets where they are, of which the card tells ice, is reset; but no more than four times in a minute.
# stalls: the second VDEV's does, and is reset
stalls() {
	local q r n

	q=$(host "sed -n 's/^queue pair 0: .*rx //p' /sys/kernel/debug/hdiov/$pf/$u2/state") && r=$(vdev_state $u2 resets) &&
		n=$(vdev_state $u2 overflows) &&
		"$tb" qmp qom-set "{\"path\":\"/machine/peripheral/pf0\",\"property\":\"lan-overflow\",\"value\":$q}" || return 1
	for _ in $(seq 100); do
		if [ "$(vdev_state $u2 overflows)" != "$n" ] && [ "$(vdev_state $u2 resets)" -gt "$r" ]; then return; fi
		sleep 0.1
	done
	echo "overflows: $(vdev_state $u2 overflows), $n before; resets: $(vdev_state $u2 resets), $r before"
	return 1
}
overflow() { stalls && reaches g1 10.0.9.1; }
check "a queue of a guest stalls the port: the guest is reset, and goes on" overflow
# Nobody takes the driver away below its guests
check "rmmod ice: refused" refused "is in use" "" "rmmod ice"
check "rmmod hdiov_e810: refused" refused "is in use" "" "rmmod hdiov_e810"
check "rmmod hdiov: refused" refused "is in use" "" "rmmod hdiov"
check "devlink reload: refused" refused "Operation not supported" "" "devlink dev reload pci/$pf"
check "and the guest has not noticed" pings g1 10.0.0.1

# QEMU stops a guest that has a device which is dead.
stopped() {
	local status

	# The first one may be too long ago to count.
	for _ in 2 3 4 5 6; do
		stalls || return 1
		if [[ $(vdev_state $u2 overflows) == *stopped ]]; then break; fi
	done
	status=$(host "dmesg | grep 'stopped: its guest has caused'; l2 qmp g1 query-status; cat /sys/bus/mdev/devices/$u2/state") && echo "$status" &&
		[[ $status == *internal-error*dead* ]] && host_pings 10.0.0.1
}
check "a guest's queue stalls the port again and again: it is stopped, the host goes on" stopped

gone() {
	host 'l2 stop g1' && [ "$(vdev_state $u1 state)" = idle ] && [ "$(vdev_state $u1 pasid)" = none ] && removed
}
check "the guest ends, its VDEVs are removed: all is back" gone
check "rmmod hdiov_e810, which leaves the host its network; rmmod ice" unload
check "and both again" again
finish
