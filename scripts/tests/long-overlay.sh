#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hdiov in a kernel tree, by scripts/overlay: what Kconfig makes of it, and that it compiles there without a warning.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")/../lib" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$lib/common.sh"
# shellcheck source=scripts/lib/apt.sh
. "$lib/apt.sh"
# shellcheck source=scripts/lib/roots.sh
. "$lib/roots.sh"

tree=$cache/overlay
cleanup() { "${sudo[@]}" rm -rf "$tree" "$tree.out"; }
trap cleanup EXIT
cleanup
# Files of the same inode: what overlay changes, it must replace.
cp -al "$cache/linux" "$tree"
mkdir -p "$tree.out"
before=$(find "$cache/linux" -type f -newer "$cache/linux/.key" | wc -l)

check "scripts/overlay" "$top/scripts/overlay" "$tree"
again() {
	local a b

	a=$(cd "$tree" && find . -type f -exec sha256sum {} + | sort | sha256sum)
	"$top/scripts/overlay" "$tree" && b=$(cd "$tree" && find . -type f -exec sha256sum {} + | sort | sha256sum)
	[ "$a" = "$b" ]
}
check "again: nothing changes" again
untouched() { [ "$(find "$cache/linux" -type f -newer "$cache/linux/.key" | wc -l)" = "$before" ]; }
check "no file was written through" untouched
refused() {
	local out

	if out=$("$top/scripts/overlay" "$tree.out" 2>&1); then return 1; fi
	echo "$out"
	[[ $out == *"is no kernel tree"* ]]
}
check "what is no kernel tree: refused" refused
configured() {
	in_chroot "make -s -C /cache/overlay O=/cache/overlay.out defconfig && cd /cache/overlay.out && /cache/overlay/scripts/config \
		-e VFIO -e IOMMU_SUPPORT -e INTEL_IOMMU -m VFIO_MDEV -m ICE -m CRYPTO_DEV_QAT_4XXX -m HDIOV -m HDIOV_MOCK -m HDIOV_E810 -m HDIOV_QAT &&
		make -s olddefconfig && grep HDIOV .config" | tee /dev/stderr | grep -c =m | grep -qx 4
}
check "Kconfig has all of it" configured
# Without kernel-doc, for which the chroot has not enough of python, and which static/kernel-doc runs
compiled() {
	local out

	out=$(in_chroot "cd /cache/overlay.out && make -s -j$(nproc) W=1 KERNELDOC=/dev/null drivers/vfio/hdiov/ drivers/net/ethernet/intel/ice/ drivers/net/ethernet/intel/hdiov_e810/ \
		drivers/crypto/intel/hdiov_qat/" 2>&1) || { echo "$out" && return 1; }
	echo "$out"
	! grep -E 'hdiov.*(warning|error):' <<<"$out" && [ -e "$tree.out/drivers/net/ethernet/intel/hdiov_e810/e810_main.o" ] && [ -e "$tree.out/drivers/vfio/hdiov/hdiov.o" ]
}
check "it compiles without a warning" compiled
finish
