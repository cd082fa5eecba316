#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest with Debian's own iavf on a VDEV of an E810 is stopped and goes on, and is migrated by stock QEMU to another VDEV of
# the same port and back, while packets and a TCP connection go.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

u1=6d1c1d3e-0031-4a6b-9df0-dddddddddddd
u2=6d1c1d3e-0032-4a6b-9df0-dddddddddddd
cleanup() {
	"$tb" run "l2 stop m1 m2; for u in $u1 $u2; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		[ ! -e /tmp/httpd ] || kill \$(cat /tmp/httpd); rm -rf /tmp/httpd /tmp/www; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

free_before=$(available avf-4)
vdev_create $u1 avf-4
vdev_create $u2 avf-4
# Two VDEVs of a port do not have the same address, but for one that is trusted
host "echo 1 >/sys/bus/mdev/devices/$u2/trust; cat /sys/bus/mdev/devices/$u1/serial_number >/sys/bus/mdev/devices/$u2/serial_number"
start_guest m1 --migratable --vdev $u1
check "iavf gets link" link_up m1 10.0.0.2
check "the guest reaches the peer" pings m1 10.0.0.1
boot=$(guest m1 'cat /proc/sys/kernel/random/boot_id')

# A connection that lasts: what the guest gets of it in the end must be what was sent. Not iperf3: its server hangs up after a while.
host 'mkdir -p /tmp/www; head -c 80000000 /dev/urandom >/tmp/www/f
	setsid ip netns exec peer busybox httpd -f -p 10.0.0.1:8000 -h /tmp/www >/dev/null 2>&1 </dev/null & echo $! >/tmp/httpd'
sum=$(host 'sha256sum </tmp/www/f')
stream() { guest "$1" 'rm -f /tmp/sum; setsid sh -c "wget -q -O - http://10.0.0.1:8000/f | sha256sum >/tmp/sum" </dev/null >/dev/null 2>&1 &'; }
streamed() {
	# shellcheck disable=SC2016
	guest "$1" 'i=0; until [ -s /tmp/sum ]; do sleep 0.5; i=$((i + 1)); [ $i -lt 200 ] || exit 1; done' || return 1
	[ "$(guest "$1" 'cat /tmp/sum')" = "$sum" ]
}

stop_and_go() {
	local n resets

	resets=$(vdev_state $u1 resets)
	stream m1 || return 1
	for ((n = 0; n < 20; n++)); do
		host "l2 qmp m1 stop >/dev/null; l2 qmp m1 cont >/dev/null; sleep 0.$((n % 4))"
	done
	streamed m1 && pings m1 10.0.0.1 || return 1
	echo "resets: $resets before, $(vdev_state $u1 resets) now"
	[ "$(vdev_state $u1 resets)" = "$resets" ]
}
check "stopped and on again, twenty times, amid a connection: it goes on, without a reset" stop_and_go

# to UUID SOURCE TARGET: the guest goes from one QEMU to another; most of the pings meanwhile come back
to() {
	local got

	host "rm -f /tmp/pings; (ip netns exec peer ping -q -i 0.1 -c 400 10.0.0.2 >/tmp/pings 2>&1 &)"
	host "l2 start $3 --incoming --vdev $1 && l2 migrate $2 $3 && l2 stop $2" || return 1
	[ "$(guest "$3" 'cat /proc/sys/kernel/random/boot_id')" = "$boot" ] || return 1
	pings "$3" 10.0.0.1 || return 1
	guest "$3" '! dmesg | grep -i "iavf.*reset\|NETDEV WATCHDOG"' || return 1
	# shellcheck disable=SC2016
	got=$(host 'i=0; until grep -q received /tmp/pings; do sleep 0.5; i=$((i + 1)); [ $i -lt 200 ] || exit 1; done; cat /tmp/pings' |
		sed -n 's/.* \([0-9]*\) received.*/\1/p')
	echo "pings: $got of 400"
	[ "$got" -gt 100 ]
}
stream_and_go() {
	stream "$2" && to "$@" && streamed "$3"
}
check "migrated to another VDEV amid a connection" stream_and_go $u2 m1 m2
check "and back" stream_and_go $u1 m2 m1

refused() {
	host "echo 0 >/sys/bus/mdev/devices/$u2/trust"
	host "l2 start m2 --incoming --vdev $u2" || return 1
	! host "l2 migrate m1 m2" || return 1
	host "l2 stop m2"
	pings m1 10.0.0.1 && host "dmesg | grep -q 'saved state: addresses that its guest may not have here'"
}
check "to one that may not have its address: refused, and it goes on where it is" refused

all_back() {
	local now

	host 'l2 stop m1'
	for u in $u1 $u2; do vdev_remove "$u"; done
	now=$(available avf-4)
	echo "available: $free_before before, $now now"
	[ "$now" = "$free_before" ]
}
check "all queue pairs are back" all_back
finish
