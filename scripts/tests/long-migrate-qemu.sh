#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest with a VDEV of an E810 and one of a QAT, both at work, goes from Debian stable's QEMU to the newer one of its backports, and back.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-migrate.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-migrate.sh"

net1=6d1c1d3e-0051-4a6b-9df0-dddddddddddd
net2=6d1c1d3e-0052-4a6b-9df0-dddddddddddd
qat1=6d1c1d3e-0053-4a6b-9df0-dddddddddddd
qat2=6d1c1d3e-0054-4a6b-9df0-dddddddddddd
trap 'end_move $net1 $net2 $qat1 $qat2' EXIT
next=/opt/qemu-next
same="--machine pc-q35-10.0 --isa-agent --dpdk --mem 480"

qat=$(host "modprobe qat_4xxx; modprobe hdiov_qat; lspci -Dn -d 8086:4940 | cut -d' ' -f1 | head -n 1")
[ -n "$qat" ] || bail "L1 has a QAT"
type=/sys/class/mdev_bus/$qat/mdev_supported_types/4xxx-vqat_sym
vdev_create $net1 avf-1
vdev_create $net2 avf-1
host "echo $qat1 >$type/create; echo $qat2 >$type/create"
same_address $net1 $net2
same_serial $net1 $net2
same_serial $qat1 $qat2
versions() {
	local old new

	old=$(host 'qemu-system-x86_64 --version' | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	new=$(host "$next/usr/bin/qemu-system-x86_64 --version" | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	printf '# count: QEMU %s and %s\n' "$old" "$new" >&3
	[ -n "$old" ] && [ -n "$new" ] && [ "${old%%.*}" -lt "${new%%.*}" ]
}
check "there are two versions of QEMU" versions
# shellcheck disable=SC2086
start_guest m1 $same --migratable --vdev $net1 --vdev $qat1
check "iavf gets link" link_up m1 10.0.0.2
check "the guest reaches the peer" pings m1 10.0.0.1
check "DPDK in the guest begins" dpdk_begin m1
check "its results are right" dpdk_good m1 1
serve 40000000

# to NET QAT SOURCE TARGET [ARG...]: the guest goes from one QEMU to another; its connection goes on, and its DPDK
to() {
	stream "$3" && dpdk_count "$3"
	host "l2 start $4 $same --incoming ${*:5} --vdev $1 --vdev $2" && move "$3" "$4" && host "l2 stop $3" && streamed "$4" && dpdk_good "$4" 2
}
check "to the newer QEMU, amid a connection and cryptography" to $net2 $qat2 m1 m2 --qemu $next
check "and back to the older one" to $net1 $qat1 m2 m1
check "and there again" to $net2 $qat2 m1 m2 --qemu $next
check "the guest reaches the peer" pings m2 10.0.0.1
finish
