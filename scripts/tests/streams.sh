#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In L1, in the folder of the kselftests: streams.sh COUNT [PROGRAM...]. So many mutated streams of saved state are loaded into VDEVs, by these
# of the kselftests or by all three, and each driver's VDEV works for its guest after that. Most go to drivers whose VDEVs are ready soon: an
# E810's takes 20 times as long. That one wants the port for itself, too. $HDIOV_SEED (0) is the first one's number.
set -eu

usage() { echo "usage: streams.sh COUNT [migrate|qat_migrate|e810_migrate]..."; }
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
		HDIOV_SEED=$((first + num)) HDIOV_MUTATIONS=$n "./$1" -r "$1.$2.hostile" >"$work/$1.out" 2>&1 || bad=1
		# One that was skipped has tried nothing
		grep -q "^ok 1 [^#]*\$" "$work/$1.out" || bad=1
		took=$(sed -n -E 's/.*[: ]([0-9]+) streams, ([0-9]+) taken.*/\2/p' "$work/$1.out")
		taken=$((taken + ${took:-0})) num=$((num + n))
	done
	echo "$num $taken $bad" >"$work/$1"
}

all=$1 first=${HDIOV_SEED:-0}
shift
[ $# -gt 0 ] || set -- migrate qat_migrate e810_migrate
# share PROGRAM: of a hundred
share() {
	case $1 in
	migrate) echo 59 ;;
	qat_migrate) echo 40 ;;
	e810_migrate) echo 1 ;;
	*) usage >&2 && exit 2 ;;
	esac
}
sum=0
for test; do sum=$((sum + $(share "$test"))); done
for test; do
	count=$((all * $(share "$test") / sum))
	case $test in
	migrate) some migrate container_dma_4 $count 2000 & ;;
	qat_migrate) some qat_migrate container_sym $count 2000 & ;;
	e810_migrate) some e810_migrate container_avf_4 $count 200 & ;;
	esac
done
wait
i=0
echo 1..$#
for test; do
	i=$((i + 1))
	read -r num taken bad <"$work/$test"
	if [ "$bad" = 0 ]; then
		echo "ok $i $test: $num streams from $first on, $taken of them a VDEV could have come to"
	else
		sed 's/^/# /' "$work/$test.out"
		echo "not ok $i $test: within $num streams from $first on"
	fi
done
