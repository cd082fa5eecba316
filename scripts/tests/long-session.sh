#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A user's own libvirt (qemu:///session) on a VDEV: what it may not do, and what the administrator has to give it.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-clients.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-clients.sh"
# shellcheck source=scripts/tests/lib-libvirt.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-libvirt.sh"

rule=/etc/udev/rules.d/99-test-session.rules
cleanup() {
	virsh 64 destroy l2-s1 >/dev/null 2>&1 || true
	host "pkill -u alice; sleep 1; pkill -9 -u alice; rm -rf $rule /run/l2/s1 /run/user/4711 /home/alice; sed -i '/^alice:/d' /etc/passwd /etc/group; sed -i '/^kvm:/s/alice//' /etc/group" >/dev/null 2>&1 || true
	clients_end
}
trap cleanup EXIT

# virsh KIB ARG...: as alice, who may lock so much memory
virsh() {
	local kib=$1
	shift

	host "cd /home/alice && prlimit --memlock=$((kib * 1024)):$((kib * 1024)) setpriv --reuid=alice --regid=alice --init-groups --inh-caps=-all \
		env -i PATH=/usr/sbin:/usr/bin HOME=/home/alice USER=alice XDG_RUNTIME_DIR=/run/user/4711 virsh -c qemu:///session $*"
}
# A daemon of hers has the limit that it was started with
daemon_ends() { host "for p in \$(pgrep -u alice 'libvirtd|virt'); do kill \$p; done; for n in \$(seq 100); do pgrep -u alice 'libvirtd|virt' >/dev/null || exit 0; sleep 0.1; done; exit 1"; }

clients_begin
host "echo 'alice:x:4711:4711::/home/alice:/bin/bash' >>/etc/passwd; echo 'alice:x:4711:' >>/etc/group
	grep -q ^kvm: /etc/group || echo kvm:x:4712: >>/etc/group; sed -i '/^kvm:/s/\$/alice/' /etc/group; chown root:kvm /dev/kvm && chmod 660 /dev/kvm
	mkdir -p /run/user/4711 /home/alice /run/l2/s1 && chown alice:alice /run/user/4711 /home/alice /run/l2/s1"
vdev_create $u1 avf-1
group=$(host "basename \$(readlink /sys/bus/mdev/devices/$u1/iommu_group)")
domain s1 $u1 | xml s1 >/dev/null

no_node() { refused "Could not open '/dev/vfio/$group': Permission denied" virsh $((1 << 22)) create /tmp/s1.xml && state_is $u1 idle; }
check "the node of the group is root's: refused" no_node
vdev_remove $u1
host "echo 'SUBSYSTEM==\"vfio\", OWNER=\"alice\"' >$rule && udevadm control --reload"
vdev_create $u1 avf-1
group=$(host "udevadm settle; basename \$(readlink /sys/bus/mdev/devices/$u1/iommu_group)")
owned() { host "stat -c '%U %a' /dev/vfio/$group /dev/vfio/vfio" | tee /dev/stderr | head -n 1 | grep -q '^alice '; }
check "a udev rule gives it to her" owned
daemon_ends
no_memory() { refused 'cannot limit locked memory' virsh $((64 << 10)) create /tmp/s1.xml && state_is $u1 idle; }
check "64 MiB of locked memory are too few: refused" no_memory
daemon_ends
runs() { virsh $((2 << 20)) create /tmp/s1.xml && agent_of s1 && host "stat -c %U /proc/\$(cat /run/l2/s1/pid)" | grep -x alice && link_up s1 10.0.0.2 && pings s1 10.0.0.1; }
check "with 2 GiB her guest runs, and has link" runs
check "traffic to the peer" iperf s1 10.0.0.1 -n 4M
ends() { virsh $((2 << 20)) destroy l2-s1 && state_is $u1 idle; }
check "destroy: the VDEV is idle" ends
finish
