#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest that is a whole Debian, whose only card is a VDEV, with what users have there: systemd-networkd, lldpd, keepalived, XDP and AF_XDP, Open
# vSwitch by the kernel, by AF_XDP and by DPDK, kdump. The peer has the same programs, of the guest's own disk.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

u=6d1c1d3e-0091-4a6b-9df0-aaaaaaaaaaaa
one=6d1c1d3e-0092-4a6b-9df0-aaaaaaaaaaaa
vdev=/sys/bus/mdev/devices/$u
root=/run/peer/root

cleanup() {
	"$tb" run "l2 stop g1
		for f in /run/test-udhcpd.pid $root/run/lldpd.pid $root/run/keepalived.pid; do [ ! -s \$f ] || kill \$(cat \$f); done
		sleep 2; umount $root/run $root/dev $root/sys $root/proc $root; rm -rf /run/peer
		ip -n peer addr del 10.0.0.100/24 dev up0
		for u in $u $one; do [ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

host '[ -e /srv/debian/boot ]' || bail "L1 has the guest's disk (testbed build debian-guest, before L1 boots)"
host "mkdir -p /run/peer/up /run/peer/work $root && modprobe -a overlay macvlan &&
	mount -t overlay -o lowerdir=/srv/debian,upperdir=/run/peer/up,workdir=/run/peer/work peer $root &&
	for d in proc sys dev; do mount --bind /\$d $root/\$d || exit 1; done && mount -t tmpfs tmpfs $root/run && mkdir $root/run/lldpd
	printf '%s\n' 'start 10.0.0.50' 'end 10.0.0.59' 'interface up0' 'lease_file /run/test-udhcpd.leases' 'pidfile /run/test-udhcpd.pid' 'opt subnet 255.255.255.0' >/run/test-udhcpd.conf
	: >/run/test-udhcpd.leases && ip netns exec peer busybox udhcpd /run/test-udhcpd.conf"
peer() { host "ip netns exec peer $1"; }
of_peer() { host "ip netns exec peer chroot $root $1"; }
# soon CMD...: within a minute or so
soon() {
	for _ in $(seq 20); do
		if "$@"; then return 0; fi
		sleep 1
	done
	return 1
}
# boot ARG...: the guest
boot() {
	"$tb" run --timeout 330 l2 start g1 --debian --vdev $u "$@" || bail "the guest starts"
}
log_has() { host "dmesg | tail -n 40 | grep '$1'"; }

vdev_create $u avf-4
boot --iommu --smp 2 --mem 1280 --append hugepages=160
boots() { guest g1 'systemctl is-system-running --wait; systemctl --failed --no-legend' | tee /dev/stderr | cmp - <(echo running); }
check "Debian boots, and none of its services fails" boots
# Slot 0 of bus 1, which is behind the first root port
nic=enp1s0
named() { guest g1 'cd /sys/class/net && echo *' | tee /dev/stderr | grep -qx "$nic lo"; }
check "its only card is named by its place" soon named
has_lease() { guest g1 "ip -4 addr show $nic && networkctl --no-pager list && ping -c 3 -W 3 10.0.0.1" | tee /dev/stderr | grep -qE 'inet 10\.0\.0\.5[0-9]/'; }
check "systemd-networkd gets its address by DHCP" soon has_lease
# Not before the old one is gone, which takes a moment: whatever is started now would find the card on its way down
renews() {
	guest g1 "networkctl down $nic
		n=0
		while ip -4 addr show $nic | grep -q inet; do sleep 0.2; n=\$((n + 1)); [ \$n -lt 150 ] || exit 1; done
		networkctl up $nic" && soon has_lease
}
check "and again, after networkctl down and up" renews

# By its files: what is configured while it starts it may forget, as it reads these meanwhile
often='echo configure lldp tx-interval 2 >/etc/lldpd.d/often.conf'
of_peer "/bin/sh -c '$often'"
of_peer '/usr/sbin/lldpd -I up0'
guest g1 "$often; systemctl start lldpd"
neighbour() { guest g1 'lldpcli show neighbors' | tee /dev/stderr | grep -qE 'SysName: +hdiov-l1$'; }
check "lldpd hears of the peer" soon neighbour
# As of VFs, the card sends no LLDP of theirs: neighbours would take it for the host's
silent() {
	guest g1 'sleep 5; lldpcli show statistics' | tee /dev/stderr | grep -qE 'Transmitted: +[1-9]' &&
		! of_peer '/usr/sbin/lldpcli show neighbors' | tee /dev/stderr | grep SysName
}
check "the peer does not hear of the guest, whose lldpd thinks that it has sent" silent
guest g1 'systemctl stop lldpd'
host "kill \$(cat $root/run/lldpd.pid)"

# vrrp PRIORITY INTERFACE [LINE...]: keepalived's configuration
vrrp() {
	local priority=$1 interface=$2
	shift 2

	printf '%s\n' 'vrrp_instance one {' 'state BACKUP' "interface $interface" 'virtual_router_id 10' "priority $priority" 'advert_int 1' "$@" \
		'virtual_ipaddress {' '10.0.0.100/24' '}' '}'
}
vrrp 50 up0 | "$tb" run "cat >$root/etc/keepalived/keepalived.conf"
of_peer '/usr/sbin/keepalived -l -p /run/keepalived.pid'
# keepalive [LINE...]: the guest's
keepalive() {
	guest g1 "cat >/etc/keepalived/keepalived.conf <<'END'
$(vrrp 150 "$nic" "$@")
END
systemctl restart keepalived"
}
has_100() { guest g1 'ip -4 addr' | grep -q '10\.0\.0\.100/'; }
peer_has_100() { host 'ip -n peer -4 addr show up0' | grep -q '10\.0\.0\.100/'; }
# answers MAC: the guest, at the virtual address
answers() {
	host "ip -n peer neigh flush dev up0; ip netns exec peer ping -c 3 -W 2 -I 10.0.0.1 10.0.0.100; ip -n peer neigh" | tee /dev/stderr |
		grep -q "^10.0.0.100 .*lladdr $1"
}
mac=$(host "cat $vdev/mac")
takes_over() { soon peer_has_100 && keepalive && soon has_100 && ! peer_has_100 && answers "$mac"; }
check "keepalived (VRRP) takes the virtual address over from the peer" takes_over
gives_back() { guest g1 'systemctl stop keepalived' && soon peer_has_100 && guest g1 'ping -c 3 -W 3 10.0.0.100'; }
check "and gives it back" gives_back
vmac=00:00:5e:00:01:0a
no_vmac() { keepalive use_vmac vmac_xmit_base && soon has_100 && ! answers $vmac && guest g1 'dmesg | grep "Failed to add MAC filter"' && log_has "$u: VF attempting to override administratively set MAC"; }
check "a virtual MAC of its own (use_vmac) is not heard, and the logs say why" no_vmac
may_vmac() { host "echo 0 >$vdev/mac_locked" && keepalive use_vmac vmac_xmit_base && soon has_100 && soon answers $vmac; }
check "with mac_locked 0 it is" may_vmac
guest g1 'systemctl stop keepalived'
host "echo 1 >$vdev/mac_locked; kill \$(cat $root/run/keepalived.pid)"

native() { ! guest g1 "xdp-filter load -m native $nic" 2>&1 && ! guest g1 "xdp-loader status | grep -w $nic.*native"; }
check "XDP in the driver is refused: iavf has none" native
filter() {
	soon has_lease && guest g1 "xdp-filter load -m skb $nic && xdp-filter ip 10.0.0.1 -m src && ! ping -c 3 -W 2 10.0.0.1 && xdp-filter status && xdp-filter ip -r 10.0.0.1 -m src &&
		ping -c 3 -W 2 10.0.0.1 && xdp-filter unload $nic"
}
check "XDP's generic mode filters" filter

# ovs BRIDGE ADD...: a bridge of this name with the card, and the guest's address on it
guest g1 'systemctl stop systemd-networkd.socket systemd-networkd; systemctl start openvswitch-switch'
ovs() {
	local bridge=$1
	shift

	guest g1 "ip addr flush dev $nic; ip link set $nic up; ovs-vsctl add-br $bridge $* && ip addr add 10.0.0.2/24 dev $bridge && ip link set $bridge up"
}
# A bridge has an address of its own, unless it is told
plain() {
	ovs br0 -- add-port br0 "$nic" && ! guest g1 'ping -c 3 -W 2 10.0.0.1' && log_has "$u: Unprivileged VF .* attempting to configure promiscuous mode" &&
		guest g1 "ovs-vsctl set bridge br0 other-config:hwaddr=$mac" && soon guest g1 'ping -c 3 -W 3 10.0.0.1'
}
check "Open vSwitch: a bridge that has the VDEV's address reaches the peer; with its own it does not" plain
# iavf asks for promiscuous mode once in two seconds, if it has changed since
behind() {
	host "echo 1 >$vdev/trust; echo 0 >$vdev/spoofchk"
	guest g1 "ip netns add vm; ip link add v0 type veth peer name v1 netns vm; ip -n vm addr add 10.0.0.9/24 dev v1; ip -n vm link set v1 up; ip link set v0 up
		ovs-vsctl del-port br0 $nic && sleep 4 && ovs-vsctl add-port br0 $nic && ovs-vsctl add-port br0 v0" && soon guest g1 'ip netns exec vm ping -c 3 -W 3 10.0.0.1'
}
check "what is behind the bridge reaches the peer with trust 1 and spoofchk 0" behind
guest g1 'ovs-vsctl del-br br0; ip link del v0; ip netns del vm'
host "echo 0 >$vdev/trust; echo 1 >$vdev/spoofchk"
# One queue, as others' packets would go to the kernel
af_xdp() {
	guest g1 "ethtool -L $nic combined 1"
	ovs br1 -- set bridge br1 datapath_type=netdev other-config:hwaddr="$mac" -- add-port br1 "$nic" -- set interface "$nic" type=afxdp options:xdp-mode=generic &&
		guest g1 "ip link show $nic" | tee /dev/stderr | grep -q xdpgeneric && soon guest g1 'ping -c 3 -W 3 10.0.0.1'
}
check "Open vSwitch by AF_XDP, in generic mode" af_xdp
guest g1 'ovs-vsctl del-br br1'
# to_vfio BDF
to_vfio() {
	guest g1 "modprobe -a vfio-pci vfio_iommu_type1 && cd /sys/bus/pci/devices/$1 && echo vfio-pci >driver_override && { [ ! -e driver ] || echo $1 >driver/unbind; } &&
		echo $1 >/sys/bus/pci/drivers_probe && basename \"\$(readlink driver)\"" | grep -qx vfio-pci
}
port() { guest g1 "ovs-vsctl add-port br2 $1 -- set interface $1 type=dpdk options:dpdk-devargs=$2 2>&1; ovs-vsctl get interface $1 status error"; }
dpdk() {
	to_vfio 0000:01:00.0 && guest g1 "update-alternatives --set ovs-vswitchd /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk &&
		ovs-vsctl --no-wait set Open_vSwitch . other_config:dpdk-init=true other_config:dpdk-socket-mem=256 && systemctl restart openvswitch-switch &&
		ovs-vsctl add-br br2 -- set bridge br2 datapath_type=netdev other-config:hwaddr=$mac && ip addr add 10.0.0.2/24 dev br2 && ip link set br2 up" &&
		port p0 0000:01:00.0 | tee /dev/stderr | grep -q 'driver_name=net_iavf' && soon guest g1 'ping -c 3 -W 3 10.0.0.1'
}
check "Open vSwitch by DPDK: a VDEV as its port" dpdk
# It wants a queue to send by for each of its threads, and one more
too_few() {
	vdev_create $one avf-1 && host "l2 hotplug g1 $one" && soon guest g1 '[ -e /sys/bus/pci/devices/0000:02:00.0 ]' && to_vfio 0000:02:00.0 &&
		port p1 0000:02:00.0 | tee /dev/stderr | grep -q 'could not add network device p1' && guest g1 'grep -E "iavf_dev_start.*configure queues failed" /var/log/openvswitch/ovs-vswitchd.log' &&
		guest g1 'ovs-vsctl del-port br2 p1; ping -c 3 -W 3 10.0.0.1'
}
check "a VDEV of one queue pair cannot be one; the other one goes on" too_few

# Without an IOMMU in the guest; and without the watchdog of QEMU's q35, which resets a guest half a minute after a crash if it has loaded the driver
host 'l2 stop g1'
boot --mem 1024 --smp 2 --append "crashkernel=256M modprobe.blacklist=iTCO_wdt"
check "the guest with memory for a second kernel" soon has_lease
crashes() {
	# shellcheck disable=SC2016
	guest g1 'kexec -p /boot/vmlinuz-* --initrd="$(echo /boot/initrd.img-*)" --append="$(sed "s/crashkernel=[^ ]*//" /proc/cmdline) nr_cpus=1 irqpoll reset_devices panic=-1" &&
		grep -x 1 /sys/kernel/kexec_crash_loaded && { ping -i 0.1 10.0.0.1 >/dev/null 2>&1 & (sleep 10; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 & }' || return 1
	# What is asked of the kernel that dies has no answer
	for _ in $(seq 40); do
		if "$tb" run --timeout 30 l2 run --timeout 10 g1 'grep -w elfcorehdr /proc/cmdline'; then return 0; fi
	done
	return 1
}
check "kdump: the guest crashes while it pings, and its other kernel boots" crashes
check "which gets its address by DHCP, and reaches the peer" soon has_lease
dumps() {
	local dump=/run/peer/dump want

	# It ends when there is nothing to be sent, too
	host "{ sleep 140 | ip netns exec peer timeout 140 busybox nc -l -p 9; } >$dump 2>/dev/null & sleep 1"
	want=$(guest g1 'head -c 8M /proc/vmcore | tee /tmp/dump | busybox nc 10.0.0.1 9; sha256sum </tmp/dump') && echo "$want" &&
		host "sleep 1; ls -l $dump; head -c 4 $dump | grep ELF && sha256sum <$dump" | tee /dev/stderr | grep -x "$want"
}
check "the beginning of its memory, /proc/vmcore, sent to the peer" dumps
finish
