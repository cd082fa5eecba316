#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A VDEV in a container of podman's, to QEMU there as to anything that opens it by VFIO: by --device and by CDI. What a container has not been
# given it cannot have.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-clients.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-clients.sh"

cleanup() {
	host 'podman rm -f -t 0 p1 p2; rm -rf /run/l2/p1 /run/l2/p2 /run/test-root /etc/cdi' >/dev/null 2>&1 || true
	clients_end
}
trap cleanup EXIT

clients_begin
free_before=$(available avf-1)
vdev_create $u1 avf-1
vdev_create $u2 avf-1
group() { host "basename \$(readlink /sys/bus/mdev/devices/$1/iommu_group)"; }
g1=$(group $u1) g2=$(group $u2)
# A root of L1's own programs
# shellcheck disable=SC2016
host 'mkdir -p /run/test-root /run/l2/p1 /run/l2/p2 && cd /run/test-root && mkdir -p dev etc proc run srv/l2 sys tmp usr &&
	for d in bin sbin lib lib64; do ln -s usr/$d $d; done'
kvm=()
if host '[ -e /dev/kvm ]'; then kvm=(--device /dev/kvm); fi

# contain NAME ARGUMENT... -- CMD...: podman run
contain() {
	local name=$1 args=()
	shift

	while [ "$1" != -- ]; do args+=("$1") && shift; done
	shift
	host "podman run --name $name --network none -v /usr:/usr:ro -v /srv/l2:/srv/l2:ro -v /run/l2/$name:/run/l2/$name ${args[*]} --rootfs /run/test-root $*"
}
# qemu NAME UUID: its command, as l2 has it
qemu() {
	local accel='tcg -cpu max'

	if [ ${#kvm[@]} != 0 ]; then accel='kvm -cpu host'; fi
	echo "qemu-system-x86_64 -name l2-$1 -M q35,usb=off,sata=off,smbus=off,vmport=off,hpet=off -accel $accel -nodefaults -display none -m 224" \
		"-kernel /srv/l2/stable/vmlinux -initrd /srv/l2/stable/initrd" \
		"-append 'console=ttyS0 quiet no_timer_check mitigations=off panic=-1' -serial file:/run/l2/$1/console" \
		"-chardev socket,id=agent,path=/run/l2/$1/agent,server=on,wait=off -device virtio-serial-pci" \
		"-device virtserialport,chardev=agent,name=agent -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/$2"
}
node() { echo "--device /dev/vfio/vfio --device /dev/vfio/$1"; }
remove() { host "podman rm -f -t 0 $1 >/dev/null"; }

# shellcheck disable=SC2046
has_guest() {
	contain p1 -d --ulimit memlock=-1 "${kvm[@]}" $(node "$g1") -- "$(qemu p1 $u1)" && agent_of p1 && link_up p1 10.0.0.2
}
check "a container with --device: QEMU in it starts its guest" has_guest
check "traffic to the peer" iperf p1 10.0.0.1 -n 10M
check "traffic from the peer" iperf p1 10.0.0.1 -n 10M -R

# shellcheck disable=SC2046
busy() {
	refused 'Device or resource busy' contain p2 --rm --ulimit memlock=-1 "${kvm[@]}" $(node "$g1") -- "$(qemu p2 $u1)" && pings p1 10.0.0.1
}
check "a second container with the same VDEV: refused, and the first one's works on" busy
# shellcheck disable=SC2046
no_memlock() {
	refused 'Cannot allocate memory' contain p2 --rm --ulimit memlock=8388608:8388608 "${kvm[@]}" $(node "$g2") -- "$(qemu p2 $u2)" && state_is $u2 idle
}
check "a container that may not pin its guest's memory: refused" no_memlock
# shellcheck disable=SC2046
not_others() {
	refused "Could not open '/dev/vfio/$g2': No such file or directory" contain p2 --rm --ulimit memlock=-1 "${kvm[@]}" $(node "$g1") -- "$(qemu p2 $u2)"
}
check "a container with one VDEV's node does not get the other" not_others
none() { refused "Could not open '/dev/vfio/$g2': No such file or directory" contain p2 --rm --ulimit memlock=-1 "${kvm[@]}" -- "$(qemu p2 $u2)"; }
check "a container without a node gets none" none
# Even by a node of its own making: its cgroup has not the device
by_mknod() {
	local numbers

	numbers=$(host "stat -c '%Hr %Lr' /dev/vfio/$g2")
	refused 'Operation not permitted' contain p2 --rm --cap-add MKNOD -- sh -c "'mknod /dev/mine c $numbers && ls -l /dev/mine && exec 3<>/dev/mine'" || return 1
	# The same opens, if it may
	contain p2 --rm --cap-add MKNOD --device "/dev/vfio/$g2" -- sh -c "'mknod /dev/mine c $numbers && exec 3<>/dev/mine && echo opened'" | grep opened
}
check "nor by mknod" by_mknod

killed() { host 'podman kill p1' && state_is $u1 idle && remove p1; }
check "the container is killed: the VDEV is of use to others" killed

# Each VDEV by its UUID
cdi() {
	host "mkdir -p /etc/cdi && for u in $u1 $u2; do
			jq -n --arg u \$u --arg g \$(basename \$(readlink /sys/bus/mdev/devices/\$u/iommu_group)) \
				'{name: \$u, containerEdits: {deviceNodes: [{path: \"/dev/vfio/vfio\"}, {path: (\"/dev/vfio/\" + \$g)}], env: [\"VDEV=\" + \$u]}}'
		done | jq -s '{cdiVersion: \"0.6.0\", kind: \"hdiov.example/vdev\", devices: .}' >/etc/cdi/hdiov.json && cat /etc/cdi/hdiov.json"
	contain p2 -d --ulimit memlock=-1 "${kvm[@]}" --device "hdiov.example/vdev=$u2" -- sh -c "\"exec $(qemu p2 "\\\$VDEV")\"" && agent_of p2 &&
		link_up p2 10.0.0.3 && pings p2 10.0.0.1 && state_is $u2 running
}
check "by CDI: a container asks for a VDEV by name, and its guest has traffic" cdi
cdi_unknown() { refused 'unresolvable CDI devices' contain p1 --rm --device hdiov.example/vdev=other -- true; }
check "a name that CDI does not know: refused" cdi_unknown

all_back() {
	local now

	remove p2 && state_is $u2 idle && vdev_remove $u1 && vdev_remove $u2 || return 1
	now=$(available avf-1)
	echo "available: $free_before before, $now now"
	[ "$now" = "$free_before" ]
}
check "nothing is left" all_back
finish
