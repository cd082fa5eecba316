#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux's own ice driver, and its iavf on a VF, against two emulated E810s that
# face each other: what they have the card do for packets in tunnels. The
# receiver's kernel looks at all checksums but the outermost. Prints TAP.
set -eu

usage() {
	cat <<EOF
Usage: ${0##*/} QEMU KERNEL MODULES ROOT [BLOB-DIR...]

Boots a stock kernel whose in-tree ice drives two emulated E810s, with tunnels
of all kinds that it has offloads for between them, and some of a VF's iavf.

ROOT      a Debian root file system with static busybox, iproute2 and ethtool;
          some programs of it are taken, none is run here
TIMEOUT   in the environment: seconds for the whole run (default: 200)
EOF
	common_usage
}

# shellcheck source-path=SCRIPTDIR source=linux.sh
. "${0%/*}/linux.sh"
debian ethtool
put_modules ice iavf vxlan geneve ip_gre ip6_gre ipip sit ip6_tunnel
mkdir -p "$root/lib/firmware/intel/ice/ddp" "$root/www"
for i in 1 2; do
	"${0%/*}/../ddp-package.py" "$root/lib/firmware/intel/ice/ddp/ice-525400ffffe8100$i.pkg"
done
head -c 600000 /dev/urandom >"$root/www/file"

cat >>"$root/init" <<'EOF'
trace=/sys/kernel/tracing
pf=/sys/bus/pci/devices/0000:01:00.0
here() { "$@"; }
guest() { ip netns exec guest "$@"; }
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
	retry 10 ls $pf/net && retry 10 netdev 2
}
feature() { $side ethtool -k "$dev0" | grep -Ex "$1: on"; }
# up SIDE DEVICE ADDRESS...: SIDE is what runs a command there
up() {
	local side=$1 dev=$2 a

	shift 2
	for a; do
		$side ip addr add "$a" dev "$dev"
	done
	$side ip link set "$dev" up
}
# wire SIDE DEVICE NUMBER: this end of all tunnels, its addresses end with NUMBER
wire() {
	side=$1 dev0=$2 host=$3
	up "$side" "$dev0" "10.0.0.$host/24" "fd00::$host/64"
	$side httpd -p '[::]:80' -h /www
	retry 20 "$side" ping -c 1 -W 1 10.0.0.2 && retry 20 "$side" ping -c 1 -W 1 fd00::2
}
# What both sides count as wrong
errors() {
	for ns in $side peer; do
		$ns cat /proc/net/snmp /proc/net/netstat | awk '
			{ key = $1 }
			key != last { split($0, names); last = key; next }
			{ for (i = 2; i <= NF; i++) if (names[i] ~ /CsumErr|HdrErr|InErr|Truncated/) n += $i; last = "" }
			END { print n + 0 }'
		$ns awk '/CsumErr|HdrErr|InErr|Truncated/ { n += $2 } END { print n + 0 }' /proc/net/snmp6
		$ns sh -c 'cat /sys/class/net/t[0-9]*/statistics/rx_errors' 2>/dev/null
	done | awk '{ n += $1 } END { print n + 0 }'
	for d in "ethtool -S $pf0" "peer ethtool -S $dev1"; do
		$d | sed -n 's/^ *rx_csum_bad.nic: //p'
	done
}
# The protocols' sum and both cards' counters: all were read, and say what they said
no_error_since() { [ "$(echo "$1" | wc -l)" = 3 ] && [ "$1" = "$(errors)" ]; }
# get SIDE ADDRESS: a file from there by TCP
get() {
	rm -f /tmp/got
	$1 timeout 20 wget -q -T 10 -O /tmp/got "http://$2/file"
	cmp /www/file /tmp/got
}
# How many frames of several segments a device was given since the last clear
big() { grep -c "dev=$1 " $trace/trace; }
clear() { echo >$trace/trace; }
segmented() {
	local n0 n1

	n0=$(big "$dev0") n1=$(big "$dev1")
	echo "$n0 and $n1 frames of several segments"
	[ "$n0" -ge 10 ] && [ "$n1" -ge 10 ]
}
whole() { [ "$(big "$dev0")" = 0 ] && [ "$(big "$dev1")" = 0 ]; }
# tunnel NAME NUMBER OUTER INNER TYPE ARGUMENT...: between addresses of the outer version of IP, with some of the inner one
tunnel() {
	local name=$1 n=$2 outer=$3 inner=$4 type=$5 a b was len

	shift 5
	if [ "$outer" = 6 ]; then a=fd00::$host b=fd00::2; else a=10.0.0.$host b=10.0.0.2; fi
	# Geneve takes the address that the route has
	if [ "$type" = geneve ]; then
		$side ip link add "t$n" mtu 1400 type "$type" remote $b "$@"
		peer ip link add "t$n" mtu 1400 type "$type" remote $a "$@"
	else
		$side ip link add "t$n" mtu 1400 type "$type" local $a remote $b "$@"
		peer ip link add "t$n" mtu 1400 type "$type" local $b remote $a "$@"
	fi
	if [ "$inner" = 6 ]; then a=fd$n::1 b=fd$n::2 len=64; else a=10.$n.0.1 b=10.$n.0.2 len=24; fi
	up "$side" "t$n" $a/$len
	up peer "t$n" $b/$len
	was=$(errors)
	t "$name" retry 10 "$side" ping -c 1 -W 1 $b
	if [ "$inner" = 6 ]; then a="[$a]" b="[$b]"; fi
	clear
	t "$name: a file from the peer" get "$side" "$b"
	t "$name: a file to the peer" get peer "$a"
	t "$name: the cards segment" segmented
	t "$name: no header or checksum is wrong" no_error_since "$was"
}

mount -t tracefs trace $trace
echo 'gso_size > 0 && len > 1600' >$trace/events/net/net_dev_start_xmit/filter
echo 1 >$trace/events/net/net_dev_start_xmit/enable
ip netns add peer
ip netns add guest
for ns in here peer guest; do
	# Addresses can be used at once
	$ns sh -c 'echo 0 | tee /proc/sys/net/ipv6/conf/*/accept_dad >/dev/null'
	$ns ip link set lo up
done
t "modules load" load
t "not in safe mode" not logged 'Safe Mode'
# Names that no other device gets, which the counters of frames go by
pf0=pf0 dev1=pf1 vf=vf0
ip link set "$(ls $pf/net)" name $pf0
ip link set "$(netdev 2)" name $dev1
ip link set $dev1 netns peer
up peer $dev1 10.0.0.2/24 fd00::2/64
peer httpd -p '[::]:80' -h /www
t "ping" wire here $pf0 1
for f in udp_tnl udp_tnl-csum gre gre-csum ipxip4 ipxip6; do
	t "segmentation for $f" feature "tx-$f-segmentation"
done

tunnel VXLAN 11 4 4 vxlan id 11 dstport 4789 noudpcsum
tunnel "VXLAN with checksum" 12 4 4 vxlan id 12 dstport 4789 udpcsum
tunnel "VXLAN over IPv6" 13 6 4 vxlan id 13 dstport 4790
tunnel Geneve 14 4 6 geneve id 14 noudpcsum
tunnel "Geneve over IPv6" 15 6 4 geneve id 15
tunnel GRE 16 4 4 gre
tunnel "GRE with key and checksum" 17 4 6 gre key 17 csum
tunnel "Ethernet in GRE" 18 4 4 gretap key 18
tunnel "GRE over IPv6" 19 6 4 ip6gre encaplimit none
tunnel IPIP 21 4 4 ipip
tunnel SIT 22 4 6 sit
ip6tnl=yes
# Linux 6.12.107 takes the inner header for an extension header of the outer one: it warns, and drops what is to be segmented
case $(uname -r) in 6.12.*) ip6tnl=no ;; esac
[ $ip6tnl = no ] || tunnel 4in6 23 6 4 ip6tnl mode ipip6 encaplimit none
# Between the same addresses there can be only one
[ $ip6tnl = no ] || { ip link del t23; peer ip link del t23; }
[ $ip6tnl = no ] || tunnel 6in6 24 6 6 ip6tnl mode ip6ip6 encaplimit none

# That it would be noticed if the cards did not
ethtool -K $pf0 tso off
peer ethtool -K $dev1 tso off
clear
t "without TSO, a file" get here 10.11.0.2
t "without TSO, a file to the peer" get peer 10.11.0.1
t "without TSO, no card segments" whole
peer ethtool -K $dev1 tso on

# iavf has the outer UDP checksum made by the card, which ice makes itself
echo 1 >$pf/sriov_numvfs
t "a VF" retry 20 ls $pf/virtfn0/net
ip link set "$(ls $pf/virtfn0/net)" name $vf
ip link set $vf netns guest
t "VF: ping" wire guest $vf 3
t "VF: segmentation with the outer checksum" feature tx-udp_tnl-csum-segmentation
tunnel "VF: VXLAN with checksum" 32 4 4 vxlan id 32 dstport 4789 udpcsum
tunnel "VF: VXLAN over IPv6" 33 6 6 vxlan id 33 dstport 4790
tunnel "VF: GRE" 36 4 4 gre
echo 0 >$pf/sriov_numvfs
t "no complaint of the kernel" not logged 'WARNING|BUG:|Oops|DMAR: .*fault|Malicious'
dmesg
echo TEST-DONE
poweroff -f
EOF

run_linux "${TIMEOUT:-200}" quiet -smp 2 -netdev hubport,id=n0,hubid=0 -netdev hubport,id=n1,hubid=0 \
	-device pcie-root-port,id=rp0,addr=1.0,pref64-reserve=512M \
	-device e810,id=pf0,netdev=n0,mac=52:54:00:e8:10:01,bus=rp0,sriov-vfs=1 \
	-device e810,id=pf1,netdev=n1,mac=52:54:00:e8:10:02,addr=2.0 \
	-d guest_errors,unimp

answers
finish
