#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest with a VDEV of the software device is stopped, goes on, and is migrated by stock QEMU, to another VDEV and back. The guest
# has no driver for it: what it writes to registers must be there where it goes.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

u1=6d1c1d3e-0001-4a6b-9df0-cccccccccccc
u2=6d1c1d3e-0002-4a6b-9df0-cccccccccccc
u3=6d1c1d3e-0003-4a6b-9df0-cccccccccccc
mock=hdiov_mock.0

cleanup() {
	"$tb" run "l2 stop m1 m2; for u in $u1 $u2 $u3; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		modprobe -r hdiov_mock; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

of_mdev() { host "cat /sys/bus/mdev/devices/$1/$2"; }
mock_create() { host "echo $1 >/sys/class/mdev_bus/$mock/mdev_supported_types/hdiov_mock-$2/create"; }
available() { host "cat /sys/class/mdev_bus/$mock/mdev_supported_types/hdiov_mock-dma-4/available_instances"; }
# says UUID STATE: what its file "state" says, soon
says() {
	host "for n in \$(seq 50); do [ \"\$(cat /sys/bus/mdev/devices/$1/state)\" != '$2' ] || exit 0; sleep 0.1; done
		cat /sys/bus/mdev/devices/$1/state; exit 1"
}

host 'modprobe hdiov_mock'
free_before=$(available)
mock_create $u1 dma-4
mock_create $u2 dma-4
mock_create $u3 dma-1
start_guest m1 --migratable --vdev $u1

# Memory space and bus mastering on, a register of the device, one of its second queue pair, and a program that counts
# shellcheck disable=SC2016
bar=$(guest m1 'for d in /sys/bus/pci/devices/*; do
		[ "$(cat $d/vendor):$(cat $d/device)" = 0x1234:0x4d6b ] || continue
		echo 1 >$d/enable
		printf "\006" | dd of=$d/config bs=1 seek=4 conv=notrunc 2>/dev/null
		head -n 1 $d/resource | cut -d" " -f1
	done')
reg() { printf '0x%x' $((bar + $1)); }
guest m1 "devmem $(reg 0x010) 32 0x12345678; devmem $(reg 0x128) 32 64
	setsid sh -c 'i=0; while :; do i=\$((i + 1)); echo \$i >/tmp/new; mv /tmp/new /tmp/count; sleep 0.05; done' >/dev/null 2>&1 &"
as_written() {
	local got

	got=$(guest "$1" "devmem $(reg 0x000); devmem $(reg 0x010); devmem $(reg 0x128)" | tr '\n' ' ')
	echo "guest $1: $got"
	[ "$got" = "0x56444D48 0x12345678 0x00000040 " ]
}
# counts NAME: the guest's program goes on from where it was
counted=0
counts() {
	local now later

	now=$(guest "$1" 'cat /tmp/count; sleep 1')
	later=$(guest "$1" 'cat /tmp/count')
	echo "counted: $counted before, $now now, $later a second later"
	[ "$now" -gt "$counted" ] && [ "$later" -gt "$now" ]
}
check "the guest uses its VDEV" as_written m1
check "and it runs" says $u1 running
counted=$(guest m1 'cat /tmp/count')

stop_and_go() {
	local n

	for ((n = 0; n < 4; n++)); do
		host "l2 pause m1"
		says $u1 'paused: its user has stopped it' || return 1
		host "l2 resume m1"
		says $u1 running || return 1
	done
	as_written m1
}
check "stopped and on again, four times: its registers are what they were" stop_and_go

refused() {
	local out

	host "l2 start m2 --incoming --vdev $u3"
	out=$(host 'l2 migrate m1 m2' 2>&1) && return 1
	echo "$out"
	host "l2 stop m2; dmesg" | grep "saved state: of type hdiov_mock-dma-4, not hdiov_mock-dma-1" || return 1
	says $u1 running && as_written m1
}
check "to a VDEV of another type: refused, and the guest goes on" refused

# to UUID SOURCE TARGET: the guest goes from one QEMU to another
to() {
	host "l2 start $3 --incoming --vdev $1 && l2 migrate $2 $3"
}
has_moved() {
	says "$2" running && says "$3" 'paused: its user has stopped it' && as_written "$1"
}

other_serial() {
	local out

	out=$(to $u2 m1 m2 2>&1) && return 1
	echo "$out"
	host 'l2 stop m2'
	says $u1 running && as_written m1
}
check "to one with another serial number: QEMU refuses, and the guest goes on" other_serial

host "cat /sys/bus/mdev/devices/$u1/serial_number >/sys/bus/mdev/devices/$u2/serial_number"
check "to another VDEV" to $u2 m1 m2
check "its registers are what they were" has_moved m2 $u2 $u1
check "its programs go on" counts m2
host 'l2 stop m1'
check "the VDEV that it has left is of use to others" says $u1 idle

there_and_back() {
	to $u1 m2 m1 && has_moved m1 $u1 $u2 && host 'l2 stop m2' &&
		to $u2 m1 m2 && has_moved m2 $u2 $u1 && host 'l2 stop m1' || return 1
	counted=0 counts m2
}
check "back, and there again" there_and_back

pf_reset() {
	host "l2 pause m2; echo 1 >/sys/kernel/debug/hdiov_mock/$mock/reset; l2 resume m2"
	says $u2 running && as_written m2
}
check "a reset of the PF while the guest is stopped takes nothing from it" pf_reset

all_back() {
	local now

	host 'l2 stop m2'
	for u in $u1 $u2 $u3; do vdev_remove $u; done
	now=$(available)
	echo "available: $free_before before, $now now"
	[ "$now" = "$free_before" ]
}
check "all resources are back" all_back
finish
