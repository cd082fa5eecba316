#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A card is pulled out of its slot with VDEVs at work, and put back. What ice and hdiov have of it must go, though nothing of it answers.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pulled() { "$tb" qmp qom-set "{\"path\":\"/machine/peripheral/pf0\",\"property\":\"pulled\",\"value\":$1}"; }
trap 'pulled false >/dev/null 2>&1 || true' EXIT
dev=/sys/bus/pci/devices/$pf

at_work() {
	host 'cd /root/tests; rm -f /tmp/at_work; setsid ./at_work stay >/tmp/at_work 2>&1 & until [ -s /tmp/at_work ]; do sleep 0.2; done
		cat /tmp/at_work; grep -q ready /tmp/at_work'
}
check "VDEVs are at work" at_work
[ $test_bad = 0 ] || bail "no VDEVs"

# As the driver of a slot does it that notices. It waits for whoever has VDEVs.
removed() {
	pulled true || return 1
	host "set -ex
		[ \$(setpci -s $pf 0.L) = ffffffff ]
		net=\$(echo $dev/net/*)
		net=/sys/class/net/\${net##*/}
		[ -e \$net ]
		(sleep 2; pkill at_work) &
		timeout 100 sh -c 'echo 1 >$dev/remove'
		[ ! -e $dev ]
		[ ! -e \$net ]
		[ -z \"\$(ls /sys/bus/mdev/devices)\" ]"
}
check "it is pulled, and all of it goes" removed

back() {
	pulled false || return 1
	host "set -e
		echo 1 >/sys/bus/pci/rescan
		for i in \$(seq 200); do [ ! -e $types/ice-avf-1/create ] || exit 0; sleep 0.2; done
		dmesg | tail -n 12; exit 1"
}
check "it is put back, and is as before" back
check "VDEVs are at work again" at_work
# shellcheck disable=SC2016
check "and can be removed" host 'pkill at_work; for d in /sys/bus/mdev/devices/*; do echo 1 >$d/remove; done; [ -z "$(ls /sys/bus/mdev/devices)" ]'
finish
