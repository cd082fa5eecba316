#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In L1, in the folder of the kselftests: streams.sh COUNT. So many mutated streams of saved state are loaded into VDEVs of each driver, a third
# each, and each driver's VDEV works for its guest after that.
set -eu

usage() { echo "usage: streams.sh COUNT"; }
case ${1:-} in
-h | --help) usage && exit 0 ;;
'' | *[!0-9]*) usage >&2 && exit 2 ;;
esac
each=$((($1 + 2) / 3))
# As many as even the slowest does within a test's time
part=200
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# some PROGRAM VARIANT: all of its streams
some() {
	num=0 taken=0 bad=0
	while [ $num -lt $each ] && [ $bad = 0 ]; do
		n=$((each - num))
		[ $n -le $part ] || n=$part
		HDIOV_SEED=$num HDIOV_MUTATIONS=$n "./$1" -r "$1.$2.hostile" >"$work/$1.out" 2>&1 || bad=1
		# One that was skipped has tried nothing
		grep -q "^ok 1 [^#]*\$" "$work/$1.out" || bad=1
		took=$(sed -n -E 's/.* ([0-9]+) streams, ([0-9]+) taken.*/\2/p' "$work/$1.out")
		taken=$((taken + ${took:-0})) num=$((num + n))
	done
	echo "$num $taken $bad" >"$work/$1"
}

i=0
echo 1..3
for test in "migrate container_dma_4" "qat_migrate container_sym" "e810_migrate container_avf_4"; do
	# shellcheck disable=SC2086
	some $test &
done
wait
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
