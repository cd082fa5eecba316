#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In L1, in the folder of the kselftests: streams.sh COUNT. So many mutated streams of saved state are loaded into VDEVs of each driver, and each
# driver's VDEV works for its guest after that. Most go to drivers whose VDEVs are ready soon: an E810's takes 20 times as long.
set -eu

usage() { echo "usage: streams.sh COUNT"; }
case ${1:-} in
-h | --help) usage && exit 0 ;;
'' | *[!0-9]*) usage >&2 && exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# some PROGRAM VARIANT COUNT PART: all of its streams, as many at a time as it does within a test's time
some() {
	num=0 taken=0 bad=0
	while [ $num -lt "$3" ] && [ $bad = 0 ]; do
		n=$(($3 - num))
		[ $n -le "$4" ] || n=$4
		HDIOV_SEED=$num HDIOV_MUTATIONS=$n "./$1" -r "$1.$2.hostile" >"$work/$1.out" 2>&1 || bad=1
		# One that was skipped has tried nothing
		grep -q "^ok 1 [^#]*\$" "$work/$1.out" || bad=1
		took=$(sed -n -E 's/.*[: ]([0-9]+) streams, ([0-9]+) taken.*/\2/p' "$work/$1.out")
		taken=$((taken + ${took:-0})) num=$((num + n))
	done
	echo "$num $taken $bad" >"$work/$1"
}

e810=$(($1 / 100))
qat=$(($1 * 2 / 5))
some migrate container_dma_4 $(($1 - e810 - qat)) 2000 &
some qat_migrate container_sym $qat 2000 &
some e810_migrate container_avf_4 $e810 200 &
wait
i=0
echo 1..3
for test in migrate qat_migrate e810_migrate; do
	i=$((i + 1))
	read -r num taken bad <"$work/$test"
	if [ "$bad" = 0 ]; then
		echo "ok $i $test: $num streams, $taken of them a VDEV could have come to"
	else
		sed 's/^/# /' "$work/$test.out"
		echo "not ok $i $test: within the first $num streams"
	fi
done
