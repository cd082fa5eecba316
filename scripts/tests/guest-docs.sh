#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the administrator's pages, as they are printed there.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
docs=${scripts%/*}/Documentation/admin-guide

one=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
other=6d1c1d3e-0071-4a6b-9df0-aaaaaaaaaaaa
# shellcheck disable=SC2016
remove='for d in /sys/bus/mdev/devices/*/remove; do [ ! -e $d ] || echo 1 >$d; done'
read -r qat _ < <(host "lspci -Dn -d 8086:4940 | cut -d' ' -f1 | tr '\n' ' '; echo")
services=$(host "cat /sys/bus/pci/devices/$qat/qat/cfg_services")

# All is again as the other tests want it: they count packets, so the host's own interface stays down
end() {
	# shellcheck disable=SC2016
	host 'mdevctl undefine -u '"$other; $remove"'
		echo 0 >/sys/kernel/tracing/events/hdiov/enable
		modprobe hdiov_e810; modprobe -r hdiov_qat
		cd /sys/bus/pci/devices/'"$qat/qat && echo down >state && echo '$services' >cfg_services && echo up >state; modprobe hdiov_qat"'
		for d in /sys/bus/pci/drivers/ice/0*/net/*; do ethtool --set-priv-flags ${d##*/} vf-vlan-pruning on; done; exit 0' >/dev/null 2>&1 || true
}
trap end EXIT

# As on a machine that has just been booted
host 'modprobe -r hdiov_e810 hdiov_qat; ! lsmod | grep -q "^hdiov_[eq]"' || bail "the drivers can be unloaded"
/usr/bin/python3 "$scripts/lib/doctest.py" --set "0000:18:00.0=$pf" --set "0000:6b:00.0=$qat" --set "\$UUID=$one" --set "\$FROM=$one" \
	--set "\$TO=$other" --set "UUID=$other" --after "$remove" "$docs"/hdiov-e810.rst "$docs"/hdiov-qat.rst "$docs"/hdiov.rst "$docs"/hdiov-tracing.rst -- "$tb" run --timeout 120
