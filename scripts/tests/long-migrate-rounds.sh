#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest with a VDEV of an E810 is stopped and goes on 200 times, its migration is given up at each stage, and it is migrated there and back
# $HDIOV_ROUNDS (10) times: its connections last, and all that it had is back at the end.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-migrate.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-migrate.sh"

u1=6d1c1d3e-0061-4a6b-9df0-dddddddddddd
u2=6d1c1d3e-0062-4a6b-9df0-dddddddddddd
trap 'end_move $u1 $u2' EXIT
rounds=${HDIOV_ROUNDS:-10}
uri='{"uri": "unix:/run/l2/m2/incoming"}'

# What the card and its drivers have given away
accounts() { host "cat /sys/kernel/debug/hdiov/$pf/resources; cat $types/ice-avf-1/available_instances; grep -c . /proc/interrupts"; }

before=$(accounts)
vdev_create $u1 avf-1
vdev_create $u2 avf-1
same_address $u1 $u2
same_serial $u1 $u2
start_guest m1 --migratable --vdev $u1
check "iavf gets link" link_up m1 10.0.0.2
check "the guest reaches the peer" pings m1 10.0.0.1
serve 20000000
check "files come" files_begin m1
check "and are right" files_good m1 1

stop_and_go() {
	local resets

	resets=$(vdev_state $u1 resets)
	"$tb" run --timeout 600 'for n in $(seq 200); do l2 pause m1 && l2 resume m1 || exit 1; sleep 0.0$((n % 10)); done' || return 1
	files_good m1 2 || return 1
	echo "resets: $resets before, $(vdev_state $u1 resets) now"
	[ "$(vdev_state $u1 resets)" = "$resets" ]
}
check "stopped and on again, 200 times, without a reset" stop_and_go

# begin_move STATUS: a migration by QMP's own commands that is sure to be in that status: "active", as it takes a minute at least while the
# guest runs, or "pre-switchover": the guest is stopped soon, whatever it writes meanwhile, and the migration waits then. The target is new, and
# does not acknowledge the switchover, as "l2 migrate" wants it of both.
begin_move() {
	local rate=2000000 limit=10

	[ "$1" = active ] || { rate=1000000000 && limit=60000; }
	host "set -e; l2 start m2 --incoming --vdev $u2
		l2 qmp m1 migrate-set-capabilities '{\"capabilities\": [{\"capability\": \"pause-before-switchover\", \"state\": true},
			{\"capability\": \"switchover-ack\", \"state\": false}]}'
		l2 qmp m1 migrate-set-parameters '{\"max-bandwidth\": $rate, \"downtime-limit\": $limit}'
		l2 qmp m2 migrate-incoming '$uri'; l2 qmp m1 migrate '$uri'" >/dev/null
}
# until_guest true|false, until_migration STATUS: what QMP says of them, soon
until_guest() { host "for n in \$(seq 100); do l2 qmp m1 query-status | grep -q '\"running\": $1' && exit 0; sleep 0.1; done; l2 qmp m1 query-status; exit 1"; }
until_migration() { host "for n in \$(seq 100); do l2 qmp m1 query-migrate | grep -qE '\"status\": \"($1)\"' && exit 0; sleep 0.1; done; l2 qmp m1 query-migrate; exit 1"; }
goes_on() { until_guest true && files_good m1 2 && host 'l2 stop m2' && [ "$(host "cat /sys/bus/mdev/devices/$u2/state")" = idle ]; }
cancel_early() {
	begin_move active && until_migration active && until_guest true || return 1
	host 'l2 qmp m1 migrate_cancel' && until_migration cancelled && goes_on
}
cancel_late() {
	begin_move pre-switchover && until_migration pre-switchover && until_guest false || return 1
	host 'l2 qmp m1 migrate_cancel' && until_migration cancelled && goes_on
}
kill_target() {
	begin_move "$1" && until_migration "$1" || return 1
	# shellcheck disable=SC2016
	host 'kill -9 $(l2 pid m2)'
	# While it waits it does not look
	[ "$1" = active ] || host "l2 qmp m1 migrate-continue '{\"state\": \"pre-switchover\"}'" || return 1
	until_migration failed && goes_on
}
check "given up while the guest runs: it goes on" cancel_early
check "given up while it stands still: it goes on" cancel_late
check "the destination is killed while the guest runs: it goes on" kill_target active
check "the destination is killed while it stands still: it goes on" kill_target pre-switchover

# As "l2 migrate" wants it
host 'l2 qmp m1 migrate-set-capabilities "{\"capabilities\": [{\"capability\": \"pause-before-switchover\", \"state\": false}]}"' >/dev/null
# to UUID SOURCE TARGET
to() { host "l2 start $3 --incoming --vdev $1" && move "$2" "$3" && host "l2 stop $2" && files_good "$3" 2; }
there_and_back() {
	local n

	for ((n = 0; n < rounds; n++)); do
		to $u2 m1 m2 && to $u1 m2 m1 || { echo "round $n" && return 1; }
	done
}
check "there and back, $rounds times" there_and_back

source_dies() {
	begin_move pre-switchover && until_migration pre-switchover || return 1
	# shellcheck disable=SC2016
	host 'kill -9 $(l2 pid m1); l2 stop m2
		for u in '"$u1 $u2"'; do for n in $(seq 100); do [ "$(cat /sys/bus/mdev/devices/$u/state)" = idle ] && break; sleep 0.1; done; cat /sys/bus/mdev/devices/$u/state; done' |
		tee /dev/stderr | tr '\n' ' ' | grep -qx 'idle idle '
}
check "the source is killed: both VDEVs are idle" source_dies

all_back() {
	local now

	for u in $u1 $u2; do vdev_remove "$u"; done
	now=$(accounts)
	printf '%s\n--\n%s\n' "$before" "$now"
	[ "$now" = "$before" ]
}
check "all is where it was" all_back
finish
