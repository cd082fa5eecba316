#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest with Debian's own iavf on a VDEV of an E810 is stopped and goes on, and is migrated by stock QEMU to another VDEV of
# the same port and back, while packets and a TCP connection go.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-migrate.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-migrate.sh"

u1=6d1c1d3e-0031-4a6b-9df0-dddddddddddd
u2=6d1c1d3e-0032-4a6b-9df0-dddddddddddd
trap 'end_move $u1 $u2' EXIT

free_before=$(available avf-4)
vdev_create $u1 avf-4
vdev_create $u2 avf-4
same_address $u1 $u2
same_serial $u1 $u2
start_guest m1 --migratable --vdev $u1
check "iavf gets link" link_up m1 10.0.0.2
check "the guest reaches the peer" pings m1 10.0.0.1
boot=$(guest m1 'cat /proc/sys/kernel/random/boot_id')

# A connection that lasts: what the guest gets of it in the end must be what was sent
serve 80000000

stop_and_go() {
	local n resets

	resets=$(vdev_state $u1 resets)
	stream m1 || return 1
	for ((n = 0; n < 20; n++)); do
		host "l2 pause m1; l2 resume m1; sleep 0.$((n % 4))"
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
	host "l2 start $3 --incoming --vdev $1" && move "$2" "$3" && host "l2 stop $2" || return 1
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
	host "echo 02:00:00:00:00:77 >/sys/bus/mdev/devices/$u2/mac"
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
