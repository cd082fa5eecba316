#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# All 255 virtual functions of a card: made, removed and made again; the first and the last of them at work in guests, and their DMA under
# their own requester ids. L1 was booted with --vfs 255.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cleanup() { "$tb" run --timeout 300 "l2 stop g1 g2; vfs $pf 0; exit 0" >/dev/null 2>&1 || true; }
trap cleanup EXIT

host "modprobe ice"
dev=$(host "ls /sys/bus/pci/devices/$pf/net")
host "ip addr replace 10.0.0.9/24 dev $dev; ip link set $dev up"
check "255 VFs made, removed and made again" make_vfs 255 0 255
mapfile -t vf < <(host "vfs $pf")
[ ${#vf[@]} = 255 ] || bail "255 VFs"
distinct() {
	local n

	n=$(printf '%s\n' "${vf[@]}" | sort -u | wc -l)
	echo "$n different addresses, from ${vf[0]} to ${vf[254]}"
	[ "$n" = 255 ] && host "ip link show $dev" | grep -c '^ *vf ' | grep -qx 255
}
check "each has an address of its own, and ip link shows it" distinct
for n in 0 254; do
	host "ip link set $dev vf $n mac 02:00:00:00:0a:$(printf %02x $n); modprobe vfio-pci; echo vfio-pci >/sys/bus/pci/devices/${vf[n]}/driver_override
		echo ${vf[n]} >/sys/bus/pci/drivers/vfio-pci/bind"
done
start_guest g1 --vf "${vf[0]}"
start_guest g2 --vf "${vf[254]}"
check "the first VF's guest gets link" link_up g1 10.0.0.2
check "the last VF's guest gets link" link_up g2 10.0.0.3
check "the last VF's guest reaches the peer" reaches g2 10.0.0.1
check "the last VF reaches the first" pings g2 10.0.0.2
own_dma() {
	local a0 a1 b0 b1 c0 c1

	a0=$(stat_of 'vf(0)') b0=$(stat_of 'vf(254)') c0=$(stat_of 'other_vfs(0, 254)')
	guest g2 'ping -q -c 100 -i 0.02 10.0.0.1'
	a1=$(stat_of 'vf(0)') b1=$(stat_of 'vf(254)') c1=$(stat_of 'other_vfs(0, 254)')
	echo "100 pings of VF 254: $((b1 - b0)) transfers under its RID, $((a1 - a0)) under VF 0's, $((c1 - c0)) under others'; $(stat_of 'vf_faults()') faults"
	# VF 0's guest may get a broadcast, and say something itself
	[ $((b1 - b0)) -ge 400 ] && [ $((a1 - a0)) -le 100 ] && [ $((c1 - c0)) = 0 ] && [ "$(stat_of 'vf_faults()')" = 0 ]
}
check "DMA only under the VF's requester id" own_dma
gone() {
	host 'l2 stop g1 g2'
	"$tb" run --timeout 600 "time vfs $pf 0" && [ "$(count_vfs)" = 0 ] && [ "$(available avf-1)" -ge 700 ]
}
check "all removed, and there is room for VDEVs" gone
finish
