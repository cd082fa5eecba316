#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# VDEVs of a QAT while the card reports a fatal error and Linux's qat_4xxx, told to, resets it. Only who is outside of L1 can have it do so.
# And that VDEVs and virtual functions are never on one card at once. L1 was booted with --vfs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$here/../lib/common.sh"
# shellcheck source=scripts/tests/lib.sh
. "$here/lib.sh"

mapfile -t qats < <(host "modprobe qat_4xxx; modprobe hdiov_qat; lspci -Dn -d 8086:4940 | cut -d' ' -f1")
[ ${#qats[@]} = 2 ] || bail "L1 has two QATs"
"$tb" build tests >/dev/null
"$tb" push "$cache/tests" /root

# counter CARD EXPRESSION: s is its stats, b its list of banks
counter() {
	local p

	for p in stats banks; do
		"$tb" qmp qom-get "{\"path\":\"/machine/peripheral/qat$1\",\"property\":\"$p\"}" | tr -d '\n'
		echo
	done | /usr/bin/python3 -c '
import json, sys
s, b = (json.loads(line) for line in sys.stdin)
print(eval(sys.argv[1]))' "$2"
}
# inject CARD REGISTER: it reports an error
inject() { "$tb" qmp qom-set "{\"path\":\"/machine/peripheral/qat$1\",\"property\":\"inject-error\",\"value\":\"$2=1\"}"; }

# back CARD TYPE: three VDEVs live through a reset of their card
back() {
	local loads

	loads=$(counter "$1" 's["firmware-loaded"]')
	host "cd /root/tests; setsid ./qat_reset $2 >/tmp/qat_reset 2>&1 & i=0
		until grep -q ready /tmp/qat_reset; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 300 ] || { cat /tmp/qat_reset; exit 1; }; done" || return 1
	inject "$1" HICPPAGENTCMDPARERRLOG
	host "i=0; while pidof qat_reset >/dev/null; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 700 ] || break; done
		cat /tmp/qat_reset; grep -q back /tmp/qat_reset" || return 1
	echo "images loaded: $loads before, $(counter "$1" 's["firmware-loaded"]') now"
	[ "$(counter "$1" 's["firmware-loaded"]')" -gt "$loads" ]
}
# Without a PASID only the host's own ring pairs: two for each of its two CPUs at most
isolated() {
	local n bad

	for n in 0 1; do
		bad=$(counter $n '[x for x in b if x["bank"] >= 4 and (x["no-pasid"] or x["interrupts-msix"])]')
		echo "qat$n: $bad"
		[ "$bad" = "[]" ] || return 1
	done
}

for n in 0 1; do
	host "echo on >/sys/bus/pci/devices/${qats[n]}/qat/auto_reset"
done
check "a fatal error: the card with sym and asym is reset, its VDEVs work again" back 0 vqat_sym
check "and once more, those of asym" back 0 vqat_asym
check "the same of the card with dc" back 1 vqat_dc
for n in 0 1; do
	host "echo off >/sys/bus/pci/devices/${qats[n]}/qat/auto_reset"
done

dev=/sys/bus/pci/devices/${qats[0]}
types=/sys/class/mdev_bus/${qats[0]}/mdev_supported_types
u=6d1c1d3e-0021-4a6b-9df0-aaaaaaaaaaaa
cleanup() {
	"$tb" run "[ ! -e /sys/bus/mdev/devices/$u ] || echo 1 >/sys/bus/mdev/devices/$u/remove
		[ \$(cat $dev/sriov_numvfs) = 0 ] || echo 0 >$dev/sriov_numvfs" >/dev/null 2>&1 || true
}
trap cleanup EXIT
# within SECONDS COMMAND: hdiov_qat looks at the card every now and then, and while the kernel tests an algorithm on the card it is in use
within() { host "i=0; until $2; do sleep 0.2; i=\$((i + 1)); [ \$i -lt $(($1 * 5)) ] || exit 1; done"; }
refused() {
	local out

	within 30 "[ -e $types ]" && host "echo $u >$types/4xxx-vqat_sym/create" || return 1
	! out=$(host "echo 16 >$dev/sriov_numvfs" 2>&1) && echo "$out" && [[ $out = *"resource busy"* ]] &&
		[ "$(host "cat $dev/sriov_numvfs; [ -e /sys/bus/mdev/devices/$u ] && echo there" | tr '\n' ' ')" = "0 there " ] && vdev_remove $u
}
check "with a VDEV there whoever wants virtual functions gets EBUSY, and the VDEV stays" refused
never_both() {
	local said

	host "dmesg -C; lspci -n -d 8086:4941 | wc -l" | grep -qx 0 && within 60 "echo 16 >$dev/sriov_numvfs" && within 10 "[ ! -e $types ]" &&
		host "sleep 1; lspci -n -d 8086:4941 | wc -l" | grep -qx 16 || return 1
	said=$(host "dmesg | grep 'no ring pairs for VDEVs'")
	echo "$said"
	[ "$(wc -l <<<"$said")" = 1 ] && [[ $said = *"${qats[0]}"*"SR-IOV is on"* ]]
}
check "with virtual functions there are no VDEVs, which the log says once" never_both
again() {
	within 30 "echo 0 >$dev/sriov_numvfs" && within 30 "[ -e $types ]" && host "echo $u >$types/4xxx-vqat_sym/create" && vdev_remove $u
}
check "without them there are again" again
check "no VDEV's request without a PASID, no interrupt but by the cards' own tables" isolated
finish
