#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# DPDK's testpmd with net_iavf in the guest, on an avf VDEV: answers the peer's pings, and counts them right.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

u=6d1c1d3e-0003-4a6b-9df0-aaaaaaaaaaaa
cleanup() {
	"$tb" run "l2 stop d1; [ ! -e /sys/bus/mdev/devices/$u ] || echo 1 >/sys/bus/mdev/devices/$u/remove" >/dev/null 2>&1 || true
}
trap cleanup EXIT

vdev_create $u avf-1
host "l2 start d1 --dpdk --smp 2 --vdev $u" || bail "a guest for DPDK starts"

bind() {
	guest d1 'set -e
		d=$(basename "$(readlink /sys/class/net/eth0/device)")
		echo "$d" >/sys/bus/pci/drivers/iavf/unbind
		modprobe uio_pci_generic
		echo uio_pci_generic >/sys/bus/pci/devices/$d/driver_override
		echo "$d" >/sys/bus/pci/drivers/uio_pci_generic/bind
		echo 128 >/proc/sys/vm/nr_hugepages
		mount -t hugetlbfs none /dev/hugepages
		mkdir -p /var/run
		mkfifo /tmp/in'
}
check "the VDEV is bound to uio_pci_generic" bind

testpmd_starts() {
	# The open end of the pipe keeps testpmd reading. Nothing that stays may hold the agent's output open.
	guest d1 '(exec 3<>/tmp/in; exec dpdk-testpmd -l 0-1 --huge-unlink=always -- -i --forward-mode=icmpecho --rxq=1 --txq=1 \
			--total-num-mbufs=4096 <&3) >/tmp/testpmd.log 2>&1 &
		i=0
		until grep -q "^Done" /tmp/testpmd.log 2>/dev/null; do
			sleep 0.5; i=$((i + 1)); [ $i -lt 180 ] || break
		done
		cat /tmp/testpmd.log
		grep -q "^Done" /tmp/testpmd.log && grep -q "net_iavf" /tmp/testpmd.log
		echo start >/tmp/in; sleep 2; grep -q "icmpecho packet forwarding" /tmp/testpmd.log'
}
check "testpmd starts with net_iavf" testpmd_starts

# An address of nobody's: testpmd answers ARP and echo requests for any.
echoes() { host 'ip netns exec peer ping -c 20 -i 0.3 -W 5 10.0.0.77' | tee /dev/stderr | grep -qE ' (18|19|20) received'; }
check "it answers the peer's pings" echoes

statistics() {
	local out rx tx

	out=$(guest d1 'echo "show port stats 0" >/tmp/in; sleep 3; cat /tmp/testpmd.log')
	rx=$(printf '%s\n' "$out" | sed -n 's/.*RX-packets: *\([0-9]*\).*/\1/p' | tail -n 1)
	tx=$(printf '%s\n' "$out" | sed -n 's/.*TX-packets: *\([0-9]*\).*/\1/p' | tail -n 1)
	echo "testpmd: RX-packets $rx, TX-packets $tx"
	# 20 echo requests and the ARP request before them; what the peer sends by itself (IPv6) may add some to the first.
	[ "${rx:-0}" -ge 19 ] && [ "${tx:-0}" -ge 19 ] && [ "$tx" -le "$rx" ]
}
check "its statistics are right" statistics

tails() { echo "$(traps $u tx_tail), $(traps $u rx_tail)" && [ "$(traps $u tx_tail)" = "0 0" ] && [ "$(traps $u rx_tail)" = "0 0" ]; }
check "no doorbell trapped" tails
quits() { guest d1 'echo quit >/tmp/in; i=0; while pidof dpdk-testpmd >/dev/null; do sleep 0.5; i=$((i + 1)); [ $i -lt 60 ] || exit 1; done'; }
check "testpmd quits" quits
finish
