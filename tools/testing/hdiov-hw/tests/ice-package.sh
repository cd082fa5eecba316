#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux's own ice driver against two emulated E810s that face each other, with
# a DDP package, so out of safe mode: RSS, queues, offloads, self-test,
# devlink. And with broken packages, in safe mode. Prints TAP.
set -eu

usage() {
	cat <<EOF
Usage: ${0##*/} QEMU KERNEL MODULES ROOT [BLOB-DIR...]

Boots a stock kernel whose in-tree ice drives two emulated E810s.

ROOT      a Debian root file system with static busybox, iproute2, ethtool
          and iperf3; some programs of it are taken, none is run here
TIMEOUT   in the environment: seconds for the whole run (default: 240)
EOF
	common_usage
}

# shellcheck source-path=SCRIPTDIR source=linux.sh
. "${0%/*}/linux.sh"
debian ethtool devlink iperf3
put_modules ice 8021q

cat >>"$root/init" <<'EOF'
# retry SECONDS COMMAND...
retry() {
	local n=$(($1 * 5))

	shift
	until "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.2
	done
}
load() {
	local m

	while read -r m; do
		[ -e "/sys/module/$m" ] || insmod "/modules/$m.ko" || return 1
	done </modules/order
	retry 10 netdev 1 && retry 10 netdev 2
}
pinged() { retry 20 ping -c 1 -W 1 10.0.0.2; }
# The second card's port is in a name space of its own
wire() {
	dev0=$(netdev 1) dev1=$(netdev 2)
	ip link set "$dev1" netns peer
	ip addr add 10.0.0.1/24 dev "$dev0"
	peer ip addr add 10.0.0.2/24 dev "$dev1"
	ip link set "$dev0" up
	peer ip link set "$dev1" up
	pinged
}
quiet() {
	not logged 'WARNING|BUG:|Oops|DMAR: .*fault|Malicious'
}

packets() {
	ethtool -S "$dev0" | sed -n "s/^ *rx_queue_$1_packets: //p"
}
# How many queues got more than 20 frames since the last call
busy() {
	local q now was n=0

	for q in 0 1 2 3; do
		now=$(packets $q) was=$(cat "/tmp/q$q" 2>/dev/null)
		echo "${now:-0}" >"/tmp/q$q"
		[ $((${now:-0} - ${was:-0})) -le 20 ] || n=$((n + 1))
	done
	echo $n
}
used() {
	local n

	n=$(busy)
	echo "$n queues got frames"
	[ "$n" = "$1" ]
}
# TCP or UDP from the peer, with -R to it. With the key below, which queues
# the flows take depends on their ports alone.
port=41000
key=6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb:ae:7b:30:b4:77:cb
key=$key:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa:6d:5a:56:da:25:5b:0e:c2:41:67:25:3d
flows() {
	local n

	iperf3 -s -D --one-off >/dev/null
	retry 5 grep -q ':1451 ' /proc/net/tcp6
	port=$((port + 100))
	peer iperf3 -c 10.0.0.1 --cport $port -t 1 -J -P 12 "$@" >/tmp/iperf
	n=$(sed -n 's/.*"bytes":[^0-9]*\([0-9]*\).*/\1/p' /tmp/iperf | tail -n 1)
	echo "iperf3 $*: ${n:-0} bytes"
	[ "${n:-0}" -gt 100000 ] || { grep error /tmp/iperf; false; }
}
# Can the peer connect to a port?
connects() {
	nc -l -p "$1" </dev/null >/dev/null &
	sleep 0.5
	echo | peer nc -w 2 10.0.0.1 "$1"
	set -- $?
	kill $! 2>/dev/null
	return "$1"
}
says() {
	local want=$1

	shift
	"$@" | grep -E "$want"
}

unload() {
	peer ip link set "$dev1" netns 1
	rmmod ice
}

ip netns add peer
# No port that flows() names may be one that iperf3's control connection has
# been given
peer sh -c 'echo 50000 60999 >/proc/sys/net/ipv4/ip_local_port_range'
mkdir -p /lib/firmware/intel/ice/ddp
# What the card does not take, or the driver, leaves the card without package
for kind in truncated corrupt wrong-version; do
	dmesg -c >/tmp/dmesg
	for i in 1 2; do
		cp "/pkg/$kind" /lib/firmware/intel/ice/ddp/ice-525400ffffe8100$i.pkg
	done
	t "$kind package: modules load" load
	t "it is refused" logged 'Entering Safe Mode|error occurred on the device while loading the DDP package'
	t "ping" wire
	t "safe mode: no RSS" not ethtool -x "$dev0"
	t "no complaint of the kernel" quiet
	unload
done
dmesg -c >/tmp/dmesg

# ice looks for the card's serial number, made of its MAC address
for i in 1 2; do
	cp /pkg/good /lib/firmware/intel/ice/ddp/ice-525400ffffe8100$i.pkg
done
t "right package: modules load" load
t "the package's name and version are in the log" logged \
	'ice 0000:00:01.0: The DDP package was successfully loaded: hdiov emulated E810 version 1\.3\.0\.0'
t "not in safe mode" not logged 'Safe Mode'
t "flow director" not logged 'could not initialize flow director'
t "ping" wire

t "ethtool -i" says 'driver: ice' ethtool -i "$dev0"
# By default newer kernels take no more vectors than half of the CPUs need
if devlink dev param set pci/0000:00:01.0 name msix_vec_per_pf_max value 16 cmode driverinit; then
	devlink dev reload pci/0000:00:01.0
	retry 10 netdev 1
	dev0=$(netdev 1)
	ip addr add 10.0.0.1/24 dev "$dev0"
	ip link set "$dev0" up
fi
t "ethtool -L: four queues" ethtool -L "$dev0" combined 4
t "there are four" says 'Combined:.*4' ethtool -l "$dev0"
t "ethtool -X hkey" ethtool -X "$dev0" hkey "$key"
pinged
busy >/dev/null
t "TCP from the peer" flows
t "over all queues" used 4
t "TCP to the peer" flows -R
t "UDP from the peer" flows -u -b 20M -l 1000
t "ethtool -X" ethtool -X "$dev0" equal 2
busy >/dev/null
t "TCP from the peer after it" flows
t "over two queues" used 2
t "ethtool -X default" ethtool -X "$dev0" default
t "the hash is of addresses and ports" says 'L4 bytes 0 & 1' ethtool -n "$dev0" rx-flow-hash tcp4
t "ethtool -N: of addresses alone" ethtool -N "$dev0" rx-flow-hash tcp4 sd
busy >/dev/null
flows
t "all flows are on one queue then" used 1
t "ethtool -N: of ports again" ethtool -N "$dev0" rx-flow-hash tcp4 sdfn
busy >/dev/null
flows
t "over all queues again" used 4
t "a flow director filter" ethtool -N "$dev0" flow-type tcp4 dst-port 5201 action 2 loc 1
t "it is listed" says 'Filter: 1' ethtool -n "$dev0"
busy >/dev/null
was=$(packets 2)
flows
t "all flows are on one queue" used 1
t "on that of the filter" [ $(($(packets 2) - was)) -gt 20 ]
t "it goes" ethtool -N "$dev0" delete 1
busy >/dev/null
flows
t "over all queues without it" used 4
t "a filter that drops" ethtool -N "$dev0" flow-type tcp4 dst-port 9 action -1 loc 2
t "nothing gets through it" not connects 9
t "but beside it" connects 10
ethtool -N "$dev0" delete 2
t "ethtool -G" ethtool -G "$dev0" rx 512 tx 512
t "the rings have that size" says 'RX:.*512' ethtool -g "$dev0"
t "ethtool -C" ethtool -C "$dev0" adaptive-rx off rx-usecs 20
t "moderation is that" says 'rx-usecs:.*20' ethtool -c "$dev0"
for f in rx tx tso gro rxvlan txvlan; do
	t "ethtool -K $f off" ethtool -K "$dev0" $f off
done
t "ping without offloads" pinged
for f in rx tx tso gro rxvlan txvlan; do
	t "ethtool -K $f on" ethtool -K "$dev0" $f on
done
t "ethtool -S" says 'rx_unicast' ethtool -S "$dev0"

ip link set "$dev0" mtu 9000
peer ip link set "$dev1" mtu 9000
pinged
t "MTU 9000" retry 5 ping -c 1 -W 1 -s 8900 10.0.0.2
t "TCP with jumbo frames" flows
ip link add link "$dev0" name v100 type vlan id 100
peer ip link add link "$dev1" name v100 type vlan id 100
ip addr add 10.0.100.1/24 dev v100
peer ip addr add 10.0.100.2/24 dev v100
ip link set v100 up
peer ip link set v100 up
t "VLAN" retry 10 ping -c 1 -W 1 10.0.100.2
t "promiscuous" ip link set "$dev0" promisc on
t "ping with it" pinged
ip link set "$dev0" promisc off
ip link set "$dev0" allmulticast on
t "VLAN with allmulticast" retry 5 ping -c 1 -W 1 10.0.100.2
ip link del v100

# The driver gives its interrupt 2 ms, which an emulated CPU may sleep through
selftest() {
	local i

	for i in 1 2 3; do
		ethtool -t "$dev0" offline | tee /tmp/selftest
		grep 'result is PASS' /tmp/selftest && return
		pinged
	done
	return 1
}
t "ethtool -t offline" selftest
t "ping after it" pinged
t "devlink dev info" says 'hdiov emulated E810' devlink dev info pci/0000:00:01.0
t "devlink dev reload" devlink dev reload pci/0000:00:01.0
retry 10 netdev 1
dev0=$(netdev 1)
ip addr add 10.0.0.1/24 dev "$dev0"
ip link set "$dev0" up
t "ping after it" pinged
echo 1 >/sys/bus/pci/devices/0000:00:01.0/reset
t "ping after a reset of the function" pinged

for i in 1 2; do
	t "rmmod ($i)" unload
	t "insmod ($i)" load
	t "ping ($i)" wire
done
t "the package outlives the driver" logged 'DDP package already present on device: hdiov emulated E810'
t "no complaint of the kernel" quiet
cat /tmp/dmesg
dmesg
echo TEST-DONE
poweroff -f
EOF

mkdir "$root/pkg"
"${0%/*}/../ddp-package.py" "$root/pkg/good"
for kind in truncated corrupt wrong-version; do
	"${0%/*}/../ddp-package.py" --broken $kind "$root/pkg/$kind"
done

run_linux "${TIMEOUT:-240}" quiet -smp 4 -netdev hubport,id=n0,hubid=0 -netdev hubport,id=n1,hubid=0 \
	-device e810,id=pf0,netdev=n0,mac=52:54:00:e8:10:01,addr=1.0 \
	-device e810,id=pf1,netdev=n1,mac=52:54:00:e8:10:02,addr=2.0 \
	-d guest_errors,unimp

answers
finish
