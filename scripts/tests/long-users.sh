#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What users of such devices have come across elsewhere: two VDEVs in a bond, frames at their limits, tags within tags and tags of priority, an
# uplink that goes while the PF is reset, a server that takes a CPU off, a QEMU that dies while others have what is its own, more queues than there are.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib/testpmd.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/testpmd.sh"

u1=6d1c1d3e-0081-4a6b-9df0-aaaaaaaaaaaa
u2=6d1c1d3e-0082-4a6b-9df0-aaaaaaaaaaaa
u3=6d1c1d3e-0083-4a6b-9df0-aaaaaaaaaaaa

cleanup() {
	"$tb" run "[ ! -s /run/test-holder.pid ] || kill \$(cat /run/test-holder.pid); l2 stop g1 g2; for u in $u1 $u2 $u3; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		echo 1 >/sys/devices/system/cpu/cpu1/online
		ip -n peer link del up0.7; ip -n peer link del up0.5; ip -n peer link set up0 mtu 1500 up; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

vdev_create $u1 avf-1
vdev_create $u2 avf-1
start_guest g1 --vdev $u1 --vdev $u2

# bond OPTION...: of both, and what it says of the second
bond() {
	guest g1 "set -e; modprobe bonding max_bonds=0
		until [ -e /sys/class/net/eth1 ]; do sleep 0.2; done
		ip link set eth0 down; ip link set eth1 down
		ip link add bond0 type bond mode active-backup miimon 100 $*
		ip link set eth0 master bond0; ip link set bond0 up
		i=0; until ip link show bond0 | grep -q LOWER_UP; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 100 ]; done
		ip link set eth1 master bond0 && ip addr add 10.0.0.2/24 dev bond0"
}
unbond() { guest g1 'ip link del bond0'; }
bond_fails_over() {
	bond fail_over_mac active && pings g1 10.0.0.1 || return 1
	guest g1 'ip link set eth0 down' && reaches g1 10.0.0.1 || return 1
	guest g1 'ip link set eth0 up; sleep 1; ip link set eth1 down' && reaches g1 10.0.0.1
}
check "two VDEVs in a bond, fail_over_mac=active: each takes over from the other" bond_fails_over
unbond || true
# Two of a port would have one address, as the bond gives the second that of the first, if they may choose one
bond_of_one_address() {
	host "for u in $u1 $u2; do echo 0 >/sys/bus/mdev/devices/\$u/mac_locked; done"
	bond fail_over_mac none || true
	guest g1 'ip link set eth1 up; sleep 2' || true
	host "dmesg | grep '$u2' | tail -n 3" | tee /dev/stderr | grep -q "is $u1's"
}
check "without that the server's log says whose address it is" bond_of_one_address
unbond || true

check "the link comes back by itself" link_up g1 10.0.0.2
# As much as the card takes is what ice lets the guest have; a byte more is refused at once
largest() {
	local max

	max=$(guest g1 'ip -d link show eth0' | sed -n 's/.* maxmtu \([0-9]*\).*/\1/p')
	echo "maxmtu $max"
	host "ip -n peer link set up0 mtu $max"
	guest g1 "ip link set eth0 mtu $max" && link_up g1 10.0.0.2 && pings g1 10.0.0.1 -M "do" -s $((max - 28)) || return 1
	! guest g1 "ip link set eth0 mtu $((max + 1))" && pings g1 10.0.0.1 -M "do" -s $((max - 28)) && guest g1 'ip link set eth0 mtu 1500' &&
		link_up g1 10.0.0.2
}
check "the largest MTU, and one more" largest

seen_at_peer() { host "timeout 10 ip netns exec peer tcpdump -c 1 -e -n -i up0 '$1' 2>/dev/null"; }
priority() {
	guest g1 'modprobe 8021q; ip link add link eth0 name eth0.5 type vlan id 5 egress-qos-map 0:3 && ip addr add 10.5.0.2/24 dev eth0.5 && ip link set eth0.5 up'
	host 'ip -n peer link add link up0 name up0.5 type vlan id 5 && ip -n peer addr add 10.5.0.1/24 dev up0.5 && ip -n peer link set up0.5 up'
	pings g1 10.5.0.1 || return 1
	guest g1 'ping -c 20 -i 0.3 10.5.0.1 >/dev/null 2>&1 &'
	seen_at_peer 'vlan 5 and icmp[icmptype] == icmp-echo' | tee /dev/stderr | grep -q 'vlan 5, p 3'
}
check "a VLAN's priority arrives" priority
qinq() {
	guest g1 'ip link del eth0.5; ip link add link eth0 name eth0.7 type vlan proto 802.1ad id 7 && ip link set eth0.7 up &&
		ip link add link eth0.7 name eth0.7.5 type vlan id 5 && ip addr add 10.7.0.2/24 dev eth0.7.5 && ip link set eth0.7.5 up'
	host 'ip -n peer link del up0.5; ip -n peer link add link up0 name up0.7 type vlan proto 802.1ad id 7 && ip -n peer link set up0.7 up &&
		ip -n peer link add link up0.7 name up0.7.5 type vlan id 5 && ip -n peer addr add 10.7.0.1/24 dev up0.7.5 && ip -n peer link set up0.7.5 up'
	pings g1 10.7.0.1
}
check "a VLAN within another's (802.1ad)" qinq

uplink() {
	host "ip -n peer link set up0 down && sleep 1 && echo 1 >/sys/bus/pci/devices/$pf/reset && sleep 2 && ip -n peer link set up0 up"
	reaches g1 10.0.0.1
}
check "the uplink goes, the PF is reset, the uplink comes back" uplink
cpu_off() {
	guest g1 'ping -q -c 60 -i 0.1 10.0.0.1 >/tmp/ping 2>&1 &'
	# shellcheck disable=SC2016
	host 'for n in 0 1 0 1; do echo $n >/sys/devices/system/cpu/cpu1/online || exit 1; sleep 1; done'
	guest g1 'sleep 5; cat /tmp/ping'
	pings g1 10.0.0.1
}
check "a CPU of the server goes and comes" cpu_off
host "l2 stop g1"

# killed: the guest's QEMU, while packets pass by its VDEV and by vhost
starts_with_vhost() {
	host "l2 stop g1; [ ! -s /run/test-holder.pid ] || kill \$(cat /run/test-holder.pid); rm -f /run/test-holder.pid; modprobe -a vhost_net tun"
	start_guest g1 --vdev $u1 -- -netdev tap,id=net,ifname=tap-g1,script=no,downscript=no,vhost=on -device virtio-net-pci,netdev=net,romfile=
	host "ip link set tap-g1 up; ip addr replace 10.9.0.1/24 dev tap-g1; grep -l vhost /proc/\$(l2 pid g1)/task/*/comm"
	link_up g1 10.0.0.2 "$(card iavf)" && link_up g1 10.9.0.2 "$(card virtio_net)" && guest g1 'ping -c 3 -W 5 10.9.0.1 && ping -c 3 -W 5 10.0.0.1' &&
		guest g1 'ping -f -s 1400 10.9.0.1 >/dev/null 2>&1 & ping -f -s 1400 10.0.0.1 >/dev/null 2>&1 &'
}
card() { guest g1 "for d in /sys/class/net/*; do [ \"\$(basename \"\$(readlink \$d/device/driver)\")\" != $1 ] || echo \${d##*/}; done"; }
pinned() { host "awk '/nr_foll_pin_acquired/ { n += \$2 } /nr_foll_pin_released/ { n -= \$2 } END { print n }' /proc/vmstat"; }
killed() { host "p=\$(l2 pid g1); sleep 1; kill -9 \$p; for n in \$(seq 100); do [ -e /proc/\$p ] || exit 0; sleep 0.1; done; exit 1"; }
is_state() { host "for n in \$(seq 50); do [ \$(cat /sys/bus/mdev/devices/$u1/state) != $1 ] || exit 0; sleep 0.1; done; cat /sys/bus/mdev/devices/$u1/state; exit 1"; }
# The guest's 224 MiB are; others have a page pinned now and then
is_pinned() { local n; n=$(pinned); echo "$n pages are pinned"; [ "$n" -ge 57344 ]; }
none_pinned() { local n; n=$(pinned); echo "$n pages are pinned"; [ "$n" -lt 1000 ]; }
dies() { starts_with_vhost && is_pinned && killed && is_state idle && none_pinned; }
check "QEMU is killed while packets pass by its VDEV and by vhost: five seconds later the VDEV is idle, and no memory pinned" dies
# held PATTERN: somebody else has those of QEMU's files that are called so
held() {
	# shellcheck disable=SC2016
	host 'rm -f /run/test-holder; setsid perl -e '"'"'my ($pid, $what) = @ARGV; my $p = syscall(434, $pid + 0, 0); my $n = 0;
		for (glob("/proc/$pid/fd/*")) { my $l = readlink or next; next unless $l =~ m($what); m(/(\d+)$); $n++ if syscall(438, $p, $1 + 0, 0) >= 0; }
		open my $f, ">", "/run/test-holder"; print $f "$n\n"; close $f; sleep 600'"'"' $(l2 pid g1) '"'$1'"' </dev/null >/dev/null 2>&1 & echo $! >/run/test-holder.pid
		for n in $(seq 100); do [ -s /run/test-holder ] && break; sleep 0.2; done; cat /run/test-holder; grep -qx 1 /run/test-holder'
}
# shellcheck disable=SC2016
free() { host 'kill $(cat /run/test-holder.pid); rm /run/test-holder.pid; sleep 1'; }
device_held() {
	starts_with_vhost && held 'vfio-device' && killed && is_state running && is_pinned && free && is_state idle && none_pinned
}
check "somebody else has its VDEV's file: the VDEV runs on in the guest's memory until that one is closed" device_held
group_held() {
	starts_with_vhost && held '/dev/vfio/[0-9]' && killed && is_state idle && is_pinned &&
		! host "l2 start --no-wait g2 --vdev $u1 && sleep 3 && l2 pid g2" && host 'grep "Could not open ./dev/vfio/[0-9]*.: Device or resource busy" /run/l2/g2/qemu.log' &&
		free && none_pinned
}
check "its group's: the VDEV is idle, the memory pinned, and nobody can have the VDEV, until that one is closed" group_held
container_held() { starts_with_vhost && held '/dev/vfio/vfio' && killed && is_state idle && none_pinned && start_guest g2 --vdev $u1 && host 'l2 stop g2' && free; }
check "its container's: the VDEV is free, and no memory pinned" container_held

vdev_create $u3 avf-4
start_guest g2 --dpdk --iommu --smp 2 --vdev $u3
too_many() {
	guest g2 "$(testpmd_bind)" || return 1
	# It quits by itself: with an open pipe it would wait for commands
	guest g2 'timeout 100 dpdk-testpmd -l 0-1 --huge-unlink=always -- -i --total-num-mbufs=2048 --rxq=5 --txq=5 </dev/null 2>&1 || [ $? != 124 ]' |
		tee /dev/stderr | grep -q 'Fail to start port 0'
}
check "five queues of four: DPDK says so, and ends" too_many
four() {
	guest g2 "$(testpmd_start --total-num-mbufs=2048 --rxq=4 --txq=4)" && guest g2 "$(testpmd_do 'show port info 0' start stop)" &&
		guest g2 'echo quit >/tmp/in; sleep 2; cat /tmp/testpmd.log' | tee /dev/stderr | grep -q 'Current number of RX queues: 4'
}
check "four of four are good after that" four
finish
