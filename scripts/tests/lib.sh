# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests with guests: TAP, and short names for what they do all the time. L1 is up, hdiov_e810 loaded.

tb=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/testbed
export HDIOV_NAME=${HDIOV_NAME:-test}
test_n=0 test_bad=0

ok() { test_n=$((test_n + 1)) && printf 'ok %d %s\n' $test_n "$*"; }
not_ok() { test_n=$((test_n + 1)) && test_bad=$((test_bad + 1)) && printf 'not ok %d %s\n' $test_n "$*"; }

# check TEXT CMD...: a test that passes if the command does; its output is shown if it does not.
check() {
	local text=$1 out
	shift

	if out=$("$@" 2>&1); then
		ok "$text"
	else
		not_ok "$text"
		printf '%s\n' "$out" | tail -n 12 | sed 's/^/# /'
	fi
}

finish() {
	printf '1..%d\n' $test_n
	[ $test_bad = 0 ]
}

bail() {
	not_ok "$*"
	finish
	exit 1
}

host() { "$tb" run --timeout 150 "$1"; }
# start_guest NAME ARG...: as "l2 start", with time for a machine that is busy with other tests as well; or give up.
start_guest() {
	"$tb" run --timeout 330 l2 start "$@" || bail "guest $1 starts"
}
guest() { "$tb" run --timeout 150 l2 run --timeout 120 "$1" "$2"; }

pf=$(host "lspci -Dn -d 8086:1592 | cut -d' ' -f1 | head -n 1")
[ -n "$pf" ] || bail "L1 has an E810"

types=/sys/class/mdev_bus/$pf/mdev_supported_types

# available TYPE: how many more VDEVs of an E810's type there can be
available() { host "cat $types/ice-$1/available_instances"; }
# vdev_create UUID TYPE
vdev_create() { host "echo $1 >$types/ice-$2/create"; }
vdev_remove() { host "echo 1 >/sys/bus/mdev/devices/$1/remove"; }
# vdev_state UUID NAME: one value of the VDEV's state in debugfs
vdev_state() { host "sed -n 's/^$2: //p' /sys/kernel/debug/hdiov/$pf/$1/state"; }
# traps UUID CLASS: reads and writes that went through software
traps() { host "sed -n 's/^$2 //p' /sys/kernel/debug/hdiov/$pf/$1/traps"; }

# stat_of EXPRESSION: a number out of the card's counters; s is stats, pasid(n) that PASID's DMA, vf(n) that virtual function's
stat_of() {
	local p

	for p in stats dma-by-pasid dma-by-vf; do
		"$tb" qmp qom-get "{\"path\":\"/machine/peripheral/pf0\",\"property\":\"$p\"}" | tr -d '\n'
		echo
	done | /usr/bin/python3 -c '
import json, sys
s, by_pasid, by_vf = (json.loads(line) for line in sys.stdin)
def transfers(counts, kind, n):
    return sum(d["reads"] + d["writes"] for d in counts if d[kind] == n)
def pasid(n):
    return transfers(by_pasid, "pasid", n)
def vf(n):
    return transfers(by_vf, "vf", n)
def other_vfs(*n):
    return sum(d["reads"] + d["writes"] for d in by_vf if d["vf"] not in n)
def vf_faults():
    return sum(d["faults"] for d in by_vf)
def no_pasid():
    return s["dma-no-pasid"]["reads"] + s["dma-no-pasid"]["writes"]
def messages():
    return s["aq-commands"] + s["mbx-to-pf"] + s["mbx-to-vsi"]
print(eval(sys.argv[1]))
' "$1"
}

# link_up GUEST ADDRESS [IF]: configure the guest's VDEV and wait for its link
link_up() {
	guest "$1" "
		i=0
		until [ -e /sys/class/net/${3:-eth0} ]; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 150 ] || exit 1; done
		ip link set ${3:-eth0} up
		ip addr replace $2/24 dev ${3:-eth0}
		until ip link show ${3:-eth0} | grep -q LOWER_UP; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 300 ] || exit 1; done"
}

# pings GUEST ADDRESS [ARG...]: most of the pings come back (the first may wait for a neighbour)
pings() {
	local g=$1 a=$2
	shift 2

	guest "$g" "ping -c 6 -i 0.3 -W 5 $* $a" | tee /dev/stderr | grep -qE ' [456] received'
}

# reaches GUEST ADDRESS: within a minute. For what resets the guest's device some time after it returns.
reaches() { guest "$1" "i=0; until ping -q -c 3 -i 0.3 -W 2 $2 | grep -q ' 3 received'; do i=\$((i + 1)); [ \$i -lt 25 ] || exit 1; done"; }

# iperf GUEST SERVER ARG...: iperf3 moved data, as the receiver counts it. TCP by amount (-n), not by time: iperf3's server hangs up five
# seconds after the time asked for, which many flows on a busy machine need to get their last word through. UDP by time: what is lost
# would be waited for.
iperf() {
	local g=$1 a=$2
	shift 2

	guest "$g" "iperf3 -J -c $a $*" | /usr/bin/python3 -c '
import json, sys
r = json.load(sys.stdin)
if "error" in r:
    sys.exit(r["error"])
end = r["end"]
got = end.get("sum_received", end.get("sum"))
if got["bytes"] < 100000:
    sys.exit("only {} bytes arrived".format(got["bytes"]))
'
}

# What a driver of Intel's does in a guest, on a VDEV as on a VF. The first guest is g1 at 10.0.0.2, with one queue; the second is g2 at
# 10.0.0.3, with two. The peer is 10.0.0.1, and runs iperf3's server. A VDEV works again when its link is up; a VF is reset some time after
# that, so its test sets back=reaches.
back=pings
traffic() {
	check "iperf3 TCP, guest to peer" iperf g1 10.0.0.1 -n 20M
	check "iperf3 TCP, peer to guest" iperf g1 10.0.0.1 -n 20M -R
	check "iperf3 UDP, guest to peer" iperf g1 10.0.0.1 -t 3 -u -b 5M -l 1400
	check "iperf3 UDP, peer to guest" iperf g1 10.0.0.1 -t 3 -u -b 5M -l 1400 -R
}

jumbo() {
	guest g1 'ip link set eth0 mtu 9000' && link_up g1 10.0.0.2 && "$back" g1 10.0.0.1 && pings g1 10.0.0.1 -M "do" -s 8972
}

vlan() {
	host 'ip -n peer link add link up0 name up0.5 type vlan id 5 && ip -n peer addr add 10.5.0.1/24 dev up0.5 && ip -n peer link set up0.5 up'
	guest g1 'modprobe 8021q; ip link add link eth0 name eth0.5 type vlan id 5 && ip addr add 10.5.0.2/24 dev eth0.5 && ip link set eth0.5 up'
	pings g1 10.5.0.1
}

queue_packets() { guest g2 'ethtool -S eth0' | sed -n 's/^ *rx-[0-9]*\.packets: //p' | head -n 2 | tr '\n' ' '; }
# datagrams ADDRESS FLOWS: the peer sends one of each flow
datagrams() {
	host "ip netns exec peer python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(20000, 20000 + $2):
    s.sendto(bytes(100), (\"$1\", port))
    time.sleep(0.002)'"
}
spread() {
	local a0 a1 b0 b1

	read -r a0 a1 < <(queue_packets)
	datagrams 10.0.0.3 128 || return 1
	read -r b0 b1 < <(queue_packets)
	echo "packets received by queue 0: $((b0 - a0)), by queue 1: $((b1 - a1))"
	[ $((b0 - a0)) -gt 20 ] && [ $((b1 - a1)) -gt 20 ]
}
channels() {
	local n

	for n in 1 2; do
		guest g2 "ethtool -L eth0 combined $n" && link_up g2 10.0.0.3 && "$back" g2 10.0.0.1 || return 1
	done
	spread
}

reload() { guest g1 'rmmod iavf && modprobe iavf' && link_up g1 10.0.0.2 && "$back" g1 10.0.0.1; }

reboot_guest() {
	local up=x

	guest g1 'touch /tmp/before'
	guest g1 '(sleep 0.5; reboot -f) >/dev/null 2>&1 &'
	for _ in $(seq 40); do
		sleep 1
		if up=$("$tb" run --timeout 20 l2 run --timeout 8 g1 'ls /tmp/before 2>/dev/null || echo rebooted' 2>/dev/null) &&
			[ "$up" = rebooted ]; then
			link_up g1 10.0.0.2 && "$back" g1 10.0.0.1
			return
		fi
	done
	echo "not rebooted: $up"
	return 1
}

# For VFs: make_vfs N..., one number after the other. It takes a while with hundreds.
count_vfs() { host 'lspci -Dn -d 8086:1889 | wc -l'; }
make_vfs() {
	local n

	for n; do
		"$tb" run --timeout 600 "vfs $pf $n none >/dev/null" || return 1
		echo "$n asked for, $(count_vfs) there"
		[ "$(count_vfs)" = "$n" ] || return 1
	done
}
