#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Containers on the host, each with DPDK and a VDEV of its own, as others with a virtual function: packets pass, nothing traps, and none
# has more than is its own.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! log=$("$tb" build dpdk 2>&1); then
	why=$(sed -n 's/^testbed: \(the mirror has no source of dpdk.*\)/\1/p' <<<"$log")
	[ -n "$why" ] || bail "DPDK's driver is built: $log"
	echo "1..0 # SKIP $why"
	exit 0
fi
cache=${HDIOV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hdiov}

u=6d1c1d3e-0011-4a6b-9df0-aaaaaaaaaaaa v=6d1c1d3f-0011-4a6b-9df0-aaaaaaaaaaaa
alike=6d1c1d3e-0012-4a6b-9df0-aaaaaaaaaaaa avf=6d1c1d40-0011-4a6b-9df0-aaaaaaaaaaaa
all="$u $v $alike $avf"
cleanup() {
	"$tb" run "container stop --all; for u in $all; do [ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		vfs $pf 0; echo 0 >/proc/sys/vm/nr_hugepages; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

"$tb" push "$cache"/dpdk/{hdiov-dpdk,librte_net_iavf_vdcm.so} /opt/hdiov-dpdk
host 'modprobe -a vfio-pci vfio_iommu_type1; echo 64 >/proc/sys/vm/nr_hugepages'
vdev_create $u vdcm-1
vdev_create $v vdcm-4
vdev_create $alike vdcm-1
vdev_create $avf avf-1

# refuses WORDS ARGUMENT...: hdiov-dpdk says so, does not run the program, and leaves nothing
refuses() {
	local words=$1 out
	shift

	if out=$(host "ls /tmp >/root/before; /opt/hdiov-dpdk/hdiov-dpdk $* 2>&1"); then
		echo "it did not fail: $out"
		return 1
	fi
	host 'ls /tmp | diff /root/before -' || return 1
	echo "$out"
	grep -qF -- "$words" <<<"$out" && ! grep -q was-run <<<"$out"
}
check "hdiov-dpdk: no VDEV, no program: usage" eval "refuses usage: -- echo was-run && refuses usage: $u && refuses usage: $u --"
check "hdiov-dpdk: no such VDEV" refuses "there is no VDEV" 6d1c1d3e-0013-4a6b-9df0-aaaaaaaaaaaa -- echo was-run
check "hdiov-dpdk: a VDEV with registers that trap" refuses "not of a type vdcm of an E810, but ice-avf-1" $u $avf -- echo was-run
check "hdiov-dpdk: VDEVs whose names begin alike" refuses "cannot tell them apart" $u $alike -- echo was-run
check "hdiov-dpdk: no such program, no driver" eval "refuses 'no program no-such' $u -- no-such && refuses 'no driver' --driver /none $u -- echo was-run"
host "printf '%s\n' '#!/bin/sh' 'cat >/root/in; ls \$SYSFS_PCI_DEVICES >/root/seen; echo \"\$@\" >>/root/seen; exit 7' >/root/program; chmod +x /root/program"
status() {
	local rc=0

	host "echo word | /opt/hdiov-dpdk/hdiov-dpdk $u $v -- /root/program a b" || rc=$?
	echo "status $rc"
	host 'ls /tmp | diff /root/before - && cat /root/seen /root/in' | tee /dev/stderr |
		cmp - <(printf '%s\n' 6d1c1d3e:00:00.0 6d1c1d3f:00:00.0 "-d /opt/hdiov-dpdk/librte_net_iavf_vdcm.so a b" word) && [ $rc = 7 ]
}
check "hdiov-dpdk: the program's devices, arguments, input and status" status

# starts NAME=DEVICE...
starts() { "$tb" run --timeout 150 "container start --cores 0-1 $* -- --forward-mode=icmpecho"; }
pmd() { host "container do $1 $(printf "'%s' " "${@:2}")"; }
check "two containers start at once" starts c1=$u c2=$v
group() { host "basename \$(readlink /sys/bus/mdev/devices/$1/iommu_group)"; }
own() {
	local g h

	g=$(group $u) h=$(group $v)
	host "container exec c1 'cd /dev/vfio && echo *'" | tee /dev/stderr | grep -qx "$g vfio" &&
		host "container exec c2 'cd /dev/vfio && echo *'" | tee /dev/stderr | grep -qx "$h vfio" &&
		host "! container exec c1 'mknod /tmp/x c 1 3' && ! container exec c1 'mount -t tmpfs none /mnt' && ! container exec c1 'echo 1 >/sys/bus/mdev/devices/$v/remove'" &&
		pmd c1 "show port info all" | tee /dev/stderr | grep -c '^Device name' | grep -qx 1
}
check "each has its own group only, and no way to another" own
is_named() { pmd c1 "show port info 0" | grep -E '^(Device|Driver) name' | tee /dev/stderr | sort | cmp - <(printf 'Device name: 6d1c1d3e:00:00.0\nDriver name: net_iavf_vdcm\n'); }
check "DPDK has it by its name" is_named

echoes() {
	pmd "$1" start >/dev/null && host 'ip netns exec peer ping -q -c 200 -i 0.02 -W 5 10.0.0.77; ip -n peer neigh flush dev up0' | tee /dev/stderr | grep -q ' 200 received' &&
		pmd "$1" stop | grep 'X-packets' | head -n 2
}
check "the first echoes 200 pings of the peer" echoes c1
check "the second echoes 200 pings of the peer" echoes c2
mac() { host "cat /sys/bus/mdev/devices/$1/mac"; }
between() {
	local sent got

	pmd c2 'set fwd rxonly' start >/dev/null
	# No more than there are buffers for
	pmd c1 "set eth-peer 0 $(mac $v)" 'set fwd rxonly' 'set txpkts 200' 'start tx_first 2' >/dev/null
	sleep 2
	sent=$(pmd c1 stop | sed -n 's/.*TX-packets: *\([0-9]*\).*/\1/p' | head -n 1)
	got=$(pmd c2 stop | sed -n 's/.*RX-packets: *\([0-9]*\).*/\1/p' | head -n 1)
	echo "sent $sent, received $got"
	[ "$sent" = 64 ] && [ "$got" = 64 ]
}
check "64 packets pass from one to the other" between
no_traps() {
	local d

	for d in $u $v; do
		host "cat /sys/kernel/debug/hdiov/$pf/$d/traps" | tee /dev/stderr | awk 'NR > 1 && $2 + $3 { bad = 1 } END { exit NR < 2 || bad }' || return 1
	done
}
check "nothing has trapped" no_traps

killed() {
	host "kill -9 \$(pidof dpdk-testpmd); i=0; while container list | grep running; do sleep 1; i=\$((i + 1)); [ \$i -lt 100 ] || exit 1; done
		container stop c1 c2" && [ "$(vdev_state $u state)" = idle ] && [ "$(vdev_state $v state)" = idle ] && starts c1=$u && echoes c1
}
check "killed: its VDEV is free, and another has it" killed
quits() {
	host "container list | grep 'c1 running' && echo quit >/run/containers/c1/in && i=0 && while container list | grep running; do sleep 1; i=\$((i + 1)); [ \$i -lt 100 ] || exit 1; done
		container stop c1; ! pgrep testpmd" && [ "$(vdev_state $u state)" = idle ]
}
check "it quits, and its VDEV is free" quits

# A card has VDEVs or virtual functions
for d in $all; do vdev_remove "$d"; done
vf=$(host "vfs $pf 1")
check "a container with a virtual function starts" starts "c3=$vf"
check "it echoes 200 pings of the peer" echoes c3
finish
