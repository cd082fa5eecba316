#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's libvirt on VDEVs: node devices from their definition to autostart, domains with them, also added and taken away while they run; suspended,
# saved, and moved to another libvirtd, which stands for another host.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-clients.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-clients.sh"
# shellcheck source=scripts/tests/lib-libvirt.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-libvirt.sh"

b='qemu+unix:///system?socket=/run/libvirt-b/libvirt-sock'
parent=pci_${pf//[:.]/_}
# nodedev UUID: libvirt's name for a VDEV
nodedev() { echo "mdev_${1//-/_}_${pf//[:.]/_}"; }
n1=$(nodedev $u1)
mac=02:00:00:00:00:0e

cleanup() {
	host "virsh destroy l2-v1; virsh -c '$b' destroy l2-v2; virsh undefine l2-v1 --managed-save; virsh nodedev-destroy $n1; virsh nodedev-undefine $n1
		rm -rf /run/l2/v1 /run/l2/v2" >/dev/null 2>&1 || true
	end_of /run/test-libvirtd.pid /run/test-virtlogd.pid /run/test-libvirtd-b.pid /run/test-virtlogd-b.pid
	host 'rm -rf /run/libvirt-b /etc/libvirt-b /var/lib/libvirt-b'
	clients_end
}
trap cleanup EXIT

virsh() { host "virsh $*"; }

# nodedev_xml UUID TYPE [ATTRIBUTE=VALUE...]
nodedev_xml() {
	local a u=$1 type=$2
	shift 2

	printf "<device><parent>%s</parent><capability type='mdev'><type id='%s'/><uuid>%s</uuid>\n" "$parent" "$type" "$u"
	for a; do printf "<attr name='%s' value='%s'/>\n" "${a%%=*}" "${a#*=}"; done
	printf '</capability></device>\n'
}
clients_begin
free_before=$(available avf-1)
# shellcheck disable=SC2016
host 'mkdir -p /run/l2/v1 /run/l2/v2; chown libvirt-qemu /run/l2/v1 /run/l2/v2
	setsid virtlogd -d -p /run/test-virtlogd.pid; setsid libvirtd -d -p /run/test-libvirtd.pid
	for n in $(seq 100); do if virsh nodedev-list --cap mdev_types 2>/dev/null | grep -q pci; then break; fi; sleep 0.2; done
	virsh version --daemon'

knows_types() {
	local out

	virsh nodedev-list --cap mdev_types | tee /dev/stderr | grep -qx "$parent" || return 1
	out=$(virsh nodedev-dumpxml "$parent")
	echo "$out"
	grep -A3 "<type id='ice-avf-1'>" <<<"$out" | grep -q "<availableInstances>$free_before<"
}
check "virsh nodedev-list, nodedev-dumpxml: the PF's types, and how many there can be" knows_types

defines() {
	nodedev_xml $u1 ice-avf-1 mac=$mac max_tx_rate=5000 | xml n1
	virsh nodedev-define /tmp/n1.xml && virsh nodedev-list --cap mdev --inactive | grep -qx "$n1" && virsh nodedev-dumpxml "$n1" --inactive | tee /dev/stderr |
		grep -q "<attr name='mac' value='$mac'/>" && host "[ ! -e /sys/bus/mdev/devices/$u1 ]"
}
check "nodedev-define, with attributes" defines
starts() {
	virsh nodedev-start "$n1" && virsh nodedev-info "$n1" && host "cd /sys/bus/mdev/devices/$u1 && grep . mac max_tx_rate state &&
		[ \$(cat mac max_tx_rate state | tr '\n' ,) = $mac,5000,idle, ]"
}
check "nodedev-start: they are set" starts
again() {
	virsh nodedev-autostart "$n1" && virsh nodedev-destroy "$n1" && host "[ ! -e /sys/bus/mdev/devices/$u1 ] && rmmod hdiov_e810 && modprobe hdiov_e810
		for n in \$(seq 100); do [ \"\$(cat /sys/bus/mdev/devices/$u1/mac 2>/dev/null)\" != $mac ] || break; sleep 0.1; done
		grep $mac /sys/bus/mdev/devices/$u1/mac || exit 1
		for n in \$(seq 50); do if virsh nodedev-info $n1 | grep 'Active: *yes'; then exit 0; fi; sleep 0.2; done; virsh nodedev-info $n1; exit 1"
}
check "nodedev-autostart: it is there again when the driver was loaded again, by mdevctl's udev rule" again
bad_attribute() {
	nodedev_xml $u2 ice-avf-1 mac=01:00:5e:00:00:01 | xml bad
	refused 'Cannot assign requested address' virsh nodedev-create /tmp/bad.xml && host "[ ! -e /sys/bus/mdev/devices/$u2 ]"
}
check "an attribute that cannot be: refused with the reason, and nothing is left" bad_attribute

runs() {
	domain v1 $u1 | xml v1
	virsh define /tmp/v1.xml && virsh start l2-v1 && agent_of v1
}
check "a domain with it starts" runs
# No root, and no more than it needs: its own device nodes, and the right to pin its memory
confined() {
	# shellcheck disable=SC2016
	host 'p=$(cat /run/l2/v1/pid); stat -c %U /proc/$p; ls -l /proc/$p/root/dev/vfio; grep locked /proc/$p/limits
		[ "$(stat -c %U /proc/$p)" = libvirt-qemu ] && [ "$(ls /proc/$p/root/dev/vfio | wc -l)" = 2 ] && ! grep -q "locked.*unlimited" /proc/$p/limits'
}
check "as an ordinary user, to whom libvirt has given this VDEV only" confined
check "its guest gets link" link_up v1 10.0.0.2
check "traffic to the peer" iperf v1 10.0.0.1 -n 10M
check "traffic from the peer" iperf v1 10.0.0.1 -n 10M -R
twice() {
	domain v3 $u1 | xml v3
	refused 'mediated device' virsh create /tmp/v3.xml
}
check "another domain with the same VDEV: refused" twice
check "nodedev-destroy of a VDEV in use: refused" refused 'device in use' virsh nodedev-destroy "$n1"

attaches() {
	nodedev_xml $u2 ice-avf-1 | xml n2
	hostdev $u2 | xml h2
	virsh nodedev-create /tmp/n2.xml && virsh attach-device l2-v1 /tmp/h2.xml --live && guest v1 'ip addr del 10.0.0.2/24 dev eth0' &&
		link_up v1 10.0.0.3 eth1 && pings v1 10.0.0.1
}
check "attach-device while it runs, and traffic" attaches
detaches() {
	virsh detach-device l2-v1 /tmp/h2.xml --live && state_is $u2 idle && guest v1 '[ ! -e /sys/class/net/eth1 ]' && link_up v1 10.0.0.2 && pings v1 10.0.0.1 &&
		virsh nodedev-destroy "$(nodedev $u2)"
}
check "detach-device, and the first one works on" detaches
suspends() {
	virsh suspend l2-v1 && state_is $u1 'paused: its user has stopped it' && virsh resume l2-v1 && pings v1 10.0.0.1
}
check "suspend and resume" suspends
not_saved() {
	refused "VFIO device doesn't support device and IOMMU dirty tracking" virsh managedsave l2-v1 && pings v1 10.0.0.1
}
check "managedsave, where nobody tells what a VDEV has written: refused, and it goes on" not_saved
ends() {
	virsh destroy l2-v1 && virsh undefine l2-v1 && state_is $u1 idle
}
check "destroy: the VDEV is of use to others" ends

allowed() {
	domain v1 $u1 migratable | xml v1
	virsh define /tmp/v1.xml && virsh start l2-v1 && agent_of v1 && link_up v1 10.0.0.2 && guest v1 'echo here >/tmp/before'
}
check "a domain whose VDEV may be saved all the same, by qemu:override" allowed
# All of its memory is sent while it stands still. With libvirt's 300 ms for that it would be sent again and again.
saves() {
	virsh migrate-setmaxdowntime l2-v1 600000 && virsh managedsave l2-v1 && state_is $u1 idle && virsh start l2-v1 && agent_of v1 &&
		guest v1 'grep here /tmp/before' && pings v1 10.0.0.1
}
check "managedsave, and start: it goes on from there" saves

# Another host: what libvirt has for itself is another's, and so are its name and number
# shellcheck disable=SC2016
host 'mkdir -p /run/libvirt-b /etc/libvirt-b /var/lib/libvirt-b/qemu && cp /etc/libvirt/*.conf /etc/libvirt-b
	chown libvirt-qemu:libvirt-qemu /var/lib/libvirt-b/qemu
	printf "host_uuid = \"%s\"\nunix_sock_dir = \"/run/libvirt-b\"\n" "$(cat /proc/sys/kernel/random/uuid)" >>/etc/libvirt-b/libvirtd.conf
	setsid unshare --mount --uts sh -euc "
		mount -t tmpfs none /run/libvirt
		mount --bind /etc/libvirt-b /etc/libvirt
		mount --bind /var/lib/libvirt-b /var/lib/libvirt
		hostname hdiov-b
		virtlogd -d -p /run/test-virtlogd-b.pid
		libvirtd -d -p /run/test-libvirtd-b.pid"
	for n in $(seq 100); do if [ -e /run/libvirt-b/libvirt-sock ]; then break; fi; sleep 0.2; done'
# other: what virsh dumpxml says of v1, of the domain there: other paths, as both are on one host, and another VDEV
other() { host "virsh dumpxml --migratable l2-v1 | sed 's,/run/l2/v1/,/run/l2/v2/,; s,$u1,$u2,' >/tmp/v2.xml"; }
migrate() {
	other && virsh migrate l2-v1 "'$b'" --live --dname l2-v2 --xml /tmp/v2.xml --migrateuri tcp://127.0.0.1:49200
}
# goes_on: it has stayed
goes_on() { state_is $u1 running && state_is $u2 idle && pings v1 10.0.0.1; }

no_device() { refused 'not found' migrate && state_is $u1 running && pings v1 10.0.0.1; }
check "migrate to where its VDEV is not: refused, and it goes on" no_device
other_type() {
	nodedev_xml $u2 ice-avf-4 mac_shared=1 mac=$mac "serial_number=$(host "cat /sys/bus/mdev/devices/$u1/serial_number")" | xml n2
	virsh nodedev-create /tmp/n2.xml && refused 'load of migration failed: No such device' migrate && goes_on && host 'dmesg | grep "saved state: of type ice-avf-1, not ice-avf-4"' &&
		virsh nodedev-destroy "$(nodedev $u2)"
}
check "migrate to a VDEV of another type: refused, and it goes on" other_type
other_device() {
	nodedev_xml $u2 ice-avf-1 mac_shared=1 mac=$mac | xml n2
	virsh nodedev-create /tmp/n2.xml && refused 'load of migration failed: Invalid argument' migrate && goes_on
}
check "migrate to a VDEV with another serial number: refused, and it goes on" other_device
moves() {
	nodedev_xml $u2 ice-avf-1 mac_shared=1 mac=$mac "serial_number=$(host "cat /sys/bus/mdev/devices/$u1/serial_number")" | xml n2
	virsh nodedev-destroy "$(nodedev $u2)" && virsh nodedev-create /tmp/n2.xml && migrate && virsh -c "'$b'" domstate l2-v2 | grep -x running &&
		agent_of v2 && guest v2 'grep here /tmp/before'
}
check "migrate to another libvirtd's VDEV" moves
check "the VDEV that it has left is idle" state_is $u1 idle
check "traffic from where it is now" iperf v2 10.0.0.1 -n 10M

all_back() {
	local now

	virsh -c "'$b'" destroy l2-v2 && state_is $u2 idle && virsh nodedev-destroy "$(nodedev $u2)" && virsh nodedev-destroy "$n1" &&
		virsh nodedev-undefine "$n1" && [ -z "$(virsh nodedev-list --cap mdev --all | tr -d '\n')" ] || return 1
	now=$(available avf-1)
	echo "available: $free_before before, $now now"
	[ "$now" = "$free_before" ]
}
check "nodedev-destroy, nodedev-undefine: nothing is left" all_back
finish
