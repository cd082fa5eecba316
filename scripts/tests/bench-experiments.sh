#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A cut of the experiments, so that they go on to work: the quickest one is run, once, and its page is made; and the one with the most guests,
# with two.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
n=0 bad=0

# check TEXT CMD...
check() {
	local text=$1 said
	shift

	n=$((n + 1))
	if said=$("$@" 2>&1); then
		echo "ok $n $text"
	else
		bad=$((bad + 1))
		printf 'not ok %d %s\n' $n "$text"
		printf '%s\n' "$said" | tail -n 20 | sed 's/^/# /'
	fi
}

check "many devices at once, quick" "$scripts/experiments" --quick --out "$out" startup
whole() {
	local kind

	for kind in vdev vf; do
		[ "$(grep -c '^queues,50,1,' "$out/figure-startup/startup-$kind-50.csv")" = 50 ] || { echo "not 50 of $kind" && return 1; }
		if grep '^#' "$out/figure-startup/startup-$kind-50.csv"; then return 1; fi
	done
	grep -q ' < ' "$out/figure-startup/startup.txt"
}
check "all 50 VDEVs and all 50 VFs were started; who waited for whom is told" whole
page() {
	grep -qE '50 at once, .*median [1-9][0-9]* ms, p99 [1-9][0-9]* .*; VFs [1-9][0-9]* and [1-9]' "$out/index.html" &&
		grep -q '<img src="figure-startup/startup.svg"' "$out/index.html" && [ "$(grep -c 'not run' "$out/index.html")" -gt 5 ]
}
check "the page has its figures, and says what was not run" page
again() {
	local said

	said=$("$scripts/experiments" --quick --out "$out" startup)
	echo "$said"
	grep -q 'there already' <<<"$said" && ! grep -q 'at once$' <<<"$said"
}
check "what is there is not run again" again
check "two guests at once from a template, with a VDEV and with a VF each, and 20 other VDEVs" \
	"$scripts/bench" --part crowd --quick --runs 1 --guests 2 --vdevs 22 --out "$out/crowd"
crowd() {
	local test

	for test in "2 guests: start to ping,vdev" "2 guests: start to ping,vf" "2 guests send 1 flows,vdev" "2 guests send 1 flows,vf" \
		"2 guests of 22 VDEVs send,vdev"; do
		[ "$(grep -c "^$test,1,[0-9.]*[1-9]" "$out/crowd/crowd.csv")" = 2 ] || { echo "not two of $test" && return 1; }
	done
	[ "$(grep -c "^the other 20 of 22 send,vdev,1,[0-9.]*[1-9]" "$out/crowd/crowd.csv")" = 20 ]
}
check "every one of them has sent" crowd
echo "1..$n"
[ $bad = 0 ]
