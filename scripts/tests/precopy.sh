#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest with Debian's own iavf on a VDEV of an E810 is migrated by stock QEMU while it runs, as one without VDEVs is: QEMU is told
# which pages the VDEV writes to, and needs no option for that. On a kernel with IOMMUFD.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-migrate.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-migrate.sh"

u1=6d1c1d3e-0041-4a6b-9df0-dddddddddddd
u2=6d1c1d3e-0042-4a6b-9df0-dddddddddddd
trap 'end_move $u1 $u2' EXIT

vdev_create $u1 avf-1
vdev_create $u2 avf-1
same_address $u1 $u2
same_serial $u1 $u2
start_guest m1 --precopy --vdev $u1
check "iavf gets link" link_up m1 10.0.0.2
check "the guest reaches the peer" pings m1 10.0.0.1

# A file that the guest keeps: pages that the VDEV has written to, and some that were sent before that. It comes again and again, and the
# last one whole is compared with what was sent.
serve 20000000
# shellcheck disable=SC2016
begin() {
	guest m1 'cat >/tmp/again <<-"EOT"
			n=0
			until [ -e /tmp/enough ]; do
				wget -q -O /tmp/new http://10.0.0.1:8000/f && mv /tmp/new /tmp/f && n=$((n + 1)) && echo $n >/tmp/files
			done
		EOT
		setsid sh /tmp/again </dev/null >/dev/null 2>&1 &
		i=0; until [ -s /tmp/files ]; do sleep 0.2; i=$((i + 1)); [ $i -lt 500 ] || exit 1; done'
}
check "files come" begin

# to UUID SOURCE TARGET: the guest goes from one QEMU to another
to() {
	local out ms stood rounds

	host "l2 start $3 --incoming --precopy --vdev $1" || return 1
	out=$(move "$2" "$3" --downtime 3000) || return 1
	host "l2 stop $2"
	echo "$out"
	read -r ms stood rounds < <(sed -nE 's/^([0-9]+) ms in all, ([0-9]+) ms .* in ([0-9]+) rounds.*/\1 \2 \3/p' <<<"$out")
	# Once all, and at least once what was written to meanwhile
	[ "$rounds" -ge 3 ] && [ $((stood * 2)) -lt "$ms" ]
}
check "migrated to another VDEV while files come" to $u2 m1 m2
check "the guest reaches the peer" pings m2 10.0.0.1
check "and back" to $u1 m2 m1

# All that the guest has of the last file was written by a VDEV, on either side of a migration
# shellcheck disable=SC2016
whole() {
	local got

	got=$(guest m1 'touch /tmp/enough; i=0; while pgrep -f /tmp/again >/dev/null; do sleep 0.2; i=$((i + 1)); [ $i -lt 500 ] || exit 1; done
		cat /tmp/files; sha256sum </tmp/f')
	echo "$got"
	[ "$(tail -n 1 <<<"$got")" = "$sum" ]
}
check "its files are whole" whole
check "and nothing was wrong in its memory" guest m1 '! dmesg | grep -E "corrupt|Bad page|Oops|BUG:"'
finish
