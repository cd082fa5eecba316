#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# DPDK's testpmd with net_iavf in the guest, on an avf VDEV: echoes, sends and receives, and counts it right.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib/testpmd.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/testpmd.sh"

u=6d1c1d3e-0003-4a6b-9df0-aaaaaaaaaaaa
cleanup() {
	"$tb" run "l2 stop d1; [ ! -e /sys/bus/mdev/devices/$u ] || echo 1 >/sys/bus/mdev/devices/$u/remove
		ip -n peer neigh del 10.0.0.78 dev up0; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

vdev_create $u avf-1
start_guest d1 --dpdk --iommu --smp 2 --vdev $u
mac=$(host "cat /sys/bus/mdev/devices/$u/mac")

check "the guest gives its VDEV from iavf to vfio-pci" guest d1 "$(testpmd_bind)"
# pmd COMMAND...: give testpmd these commands, one after the other
pmd() { guest d1 "$(testpmd_do "$@")"; }

testpmd_starts() {
	guest d1 "$(testpmd_start --forward-mode=icmpecho --total-num-mbufs=4096 --eth-peer=0,52:54:00:aa:00:01)" &&
		guest d1 'pidof dpdk-testpmd && ! grep -qE "No response|[Ff]ail" /tmp/testpmd.log'
}
check "testpmd starts with net_iavf" testpmd_starts

# counters: what the card and the peer have received and sent so far
counters() {
	stat_of 's["rx-packets"], s["tx-packets"]' | tr -d '(),'
	host 'for f in rx_packets tx_packets; do ip netns exec peer cat /sys/class/net/up0/statistics/$f; done'
}
read -r -d '' card_rx0 card_tx0 peer_rx0 _ < <(counters) || true

# An address of nobody's: testpmd answers ARP and echo requests for any.
echoes() {
	pmd start && host 'ip netns exec peer ping -q -c 200 -i 0.02 -W 5 10.0.0.77' | tee /dev/stderr | grep -q ' 200 received' && pmd stop
}
check "it echoes 200 pings of the peer" echoes
read -r -d '' card_rx1 card_tx1 peer_rx1 _ < <(counters) || true

# 40 bursts of 32, not more than the peer's card takes at once; then it would only receive, and nothing comes.
sends() { pmd 'set fwd rxonly' 'set txpkts 200' 'start tx_first 40' && sleep 1 && pmd stop; }
check "it sends bursts" sends
read -r -d '' card_rx2 card_tx2 peer_rx2 _ < <(counters) || true

receives() {
	pmd start
	host "ip -n peer neigh replace 10.0.0.78 lladdr $mac dev up0
		ip netns exec peer ping -q -l 20 -c 1000 -i 0.002 -W 1 10.0.0.78 | grep '1000 packets transmitted'" && pmd stop
}
check "it receives" receives
read -r -d '' card_rx3 card_tx3 _ < <(counters) || true

# As fast as it can: more than the peer takes.
floods() { pmd 'set fwd txonly' start && sleep 2 && pmd stop; }
check "it sends without a pause" floods
read -r -d '' card_rx4 card_tx4 _ < <(counters) || true

check "testpmd quits" eval "pmd 'show port stats 0' && guest d1 '
	echo quit >/tmp/in; i=0; while pidof dpdk-testpmd >/dev/null; do sleep 0.5; i=\$((i + 1)); [ \$i -lt 60 ] || exit 1; done'"
# The prompts come in the middle of what it prints.
log=$(guest d1 'cat /tmp/testpmd.log' | sed -z 's/testpmd> [^\n]*\n//g')

# forwarded N NAME: what testpmd itself counted in its N-th run
forwarded() {
	printf '%s\n' "$log" | sed -n '/Forward statistics for port 0/,/----$/s/.*'"$2"': *\([0-9]*\).*/\1/p' | sed -n "$1p"
}
# port NAME: what it says that the device counted
port() { printf '%s\n' "$log" | sed -n '/NIC statistics for port 0/,/####$/s/.*'"$1"': *\([0-9]*\).*/\1/p' | tail -n 1; }

# same TEXT NUMBER...: the numbers are there and all the same
same() {
	local text=$1 n=$2 i
	shift 2

	echo "$text: $n $*"
	[ -n "$n" ] || return 1
	for i in "$@"; do [ "$i" = "$n" ] || return 1; done
}
echoed() {
	# 200 echo requests, and the ARP requests before and amid them
	[ "$(forwarded 1 RX-packets)" -ge 201 ] &&
		same "received, by testpmd and the card" "$(forwarded 1 RX-packets)" $((card_rx1 - card_rx0)) &&
		same "sent, by testpmd, the card and the peer" "$(forwarded 1 TX-packets)" $((card_tx1 - card_tx0)) $((peer_rx1 - peer_rx0))
}
check "echoed: testpmd, the card and the peer count the same" echoed
sent() {
	[ "$(forwarded 2 TX-packets)" -ge 500 ] &&
		same "sent, by testpmd, the card and the peer" "$(forwarded 2 TX-packets)" $((card_tx2 - card_tx1)) $((peer_rx2 - peer_rx1))
}
check "bursts: testpmd, the card and the peer count the same" sent
received() {
	[ "$(forwarded 3 RX-packets)" -ge 1000 ] && same "received, by testpmd and the card" "$(forwarded 3 RX-packets)" $((card_rx3 - card_rx2))
}
check "received: testpmd and the card count the same" received
flooded() {
	[ "$(forwarded 4 TX-packets)" -ge 5000 ] && same "sent, by testpmd and the card" "$(forwarded 4 TX-packets)" $((card_tx4 - card_tx3))
}
check "without a pause: testpmd and the card count the same" flooded
port_stats() {
	same "RX-packets, of the port and by the card" "$(port RX-packets)" $((card_rx4 - card_rx0)) &&
		same "TX-packets, of the port and by the card" "$(port TX-packets)" $((card_tx4 - card_tx0)) &&
		same "RX-missed, RX-errors, TX-errors" 0 "$(port RX-missed)" "$(port RX-errors)" "$(port TX-errors)"
}
check "the port's statistics are the card's" port_stats
printf '%s\n' "$log" | grep -E '^  [RT]X-packets:' | sed 's/^/# /'

tails() {
	echo "card: $((card_tx4 - card_tx0)) sent, $((card_rx4 - card_rx0)) received; trapped: tx_tail $(traps $u tx_tail), rx_tail $(traps $u rx_tail)"
	[ "$(traps $u tx_tail)" = "0 0" ] && [ "$(traps $u rx_tail)" = "0 0" ]
}
check "no doorbell trapped" tails

back() {
	guest d1 'set -e
		d=$(basename /sys/bus/pci/drivers/vfio-pci/0000:*)
		echo "$d" >/sys/bus/pci/drivers/vfio-pci/unbind
		echo >/sys/bus/pci/devices/$d/driver_override
		echo "$d" >/sys/bus/pci/drivers/iavf/bind'
	link_up d1 10.0.0.2 && pings d1 10.0.0.1
}
check "the guest gives it back to iavf" back
finish
