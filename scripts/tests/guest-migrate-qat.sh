#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest whose DPDK works on a VDEV of the QAT, and compares each result, is stopped and goes on, and is migrated by stock QEMU to
# another VDEV and back. A request that is lost or done twice would end it, or be a wrong result.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-migrate.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-migrate.sh"

u1=6d1c1d3e-0021-4a6b-9df0-cccccccccccc
u2=6d1c1d3e-0022-4a6b-9df0-cccccccccccc
trap 'end_move $u1 $u2' EXIT

qat=$(host "modprobe qat_4xxx; modprobe hdiov_qat; lspci -Dn -d 8086:4940 | cut -d' ' -f1 | head -n 1")
[ -n "$qat" ] || bail "L1 has a QAT"
type=/sys/class/mdev_bus/$qat/mdev_supported_types/4xxx-vqat_sym
free_before=$(host "cat $type/available_instances")
for u in $u1 $u2; do host "echo $u >$type/create"; done
same_serial $u1 $u2
# faults: how often it was refused its rings, or data, and what registers it does not have were touched
faults() {
	"$tb" qmp qom-get '{"path":"/machine/peripheral/qat0","property":"stats"}' |
		/usr/bin/python3 -c '
import json, sys
s = json.load(sys.stdin)
print(s["ring-faults"], s["data-faults"], s["unknown-reg"])'
}
faults0=$(faults)
start_guest m1 --dpdk --mem 480 --migratable --vdev $u1

check "DPDK in the guest begins" dpdk_begin m1
check "its results are right" dpdk_good m1 1
dpdk_count m1

stop_and_go() {
	local n

	for ((n = 0; n < 12; n++)); do
		host "l2 pause m1; l2 resume m1; sleep 0.$((n % 4))"
	done
	dpdk_good m1 2
}
check "stopped and on again, twelve times" stop_and_go

# to UUID SOURCE TARGET: the guest goes from one QEMU to another
to() {
	dpdk_count "$2"
	host "l2 start $3 --incoming --dpdk --mem 480 --vdev $1" && move "$2" "$3" && host "l2 stop $2" && dpdk_good "$3" 2
}
check "migrated to another VDEV while it works" to $u2 m1 m2
check "and back" to $u1 m2 m1

silent() {
	local now

	now=$(faults)
	echo "$faults0 before, $now now"
	[ "$now" = "$faults0" ]
}
check "the card has seen no fault" silent

all_back() {
	local now

	host 'l2 stop m1'
	for u in $u1 $u2; do vdev_remove "$u"; done
	now=$(host "cat $type/available_instances")
	echo "available: $free_before before, $now now"
	[ "$now" = "$free_before" ]
}
check "all ring pairs are back" all_back
finish
