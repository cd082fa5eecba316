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
check "what was run is published" "$scripts/experiments" --out "$out" --publish "$out/pages"

# made_up DIR FACTOR: figure 9 as a run leaves it, with numbers that nobody has measured: of a VF, and so many times as much of a VDEV of vdcm
made_up() {
	local dir=$1/figure-9 run

	mkdir -p "$dir"
	for run in 1 2 3; do
		printf 'ping of 56 bytes,%s,ms\n' "vdev,$run,$((run * 6))" "vdcm,$run,$((run * 4 * $2))" "vf,$run,$((run * 4))" "virtio,$run,$run" \
			"calm,$run,9" "calmvdcm,$run,5" "calmvf,$run,4"
		printf 'dyn_ctl: ping of 56 bytes,%s,per 1000 packets\n' "vdev,$run,1000" "vdcm,$run,0" "vf,$run,0"
	done >"$dir/guest.csv"
	/usr/bin/python3 -B "$scripts/lib/bench.py" guest "$dir/guest.csv" "$dir/guest.svg" >"$dir/guest.txt"
	printf 'processor: made up %d\nhdiov: abc\ndate: today, 1 s\n' "$2" >"$dir/meta"
	echo 3 >"$dir/done"
}
published() {
	local page=$out/pages/index.rst factor

	for factor in 1 3; do
		made_up "$out/other-$factor" $factor
		"$scripts/experiments" --out "$out/other-$factor" --publish "$out/pages" || return 1
		grep -q "vdcm layout (the paper's): $factor.00, .*AVF layout (unmodified iavf): 1.50, " "$page" || return 1
		grep -q "hdiov abc, today, made up $factor$" "$page" || return 1
		grep -q "^ping of 56 bytes,vdcm/vf,ratio of ms,$factor,$factor,$factor,3$" "$out/pages/figure-9/medians.csv" || return 1
		grep -q "^dyn_ctl: ping of 56 bytes,vdev,per 1000,1000,1000,1000,3$" "$out/pages/figure-9/medians.csv" || return 1
	done
	if grep -q 'made up 1$' "$page"; then return 1; fi
	grep -q '50 at once, .*median [1-9]' "$page" && grep -q 'image:: figure-startup/startup.svg' "$page" && [ -s "$out/pages/figure-startup/startup.svg" ] &&
		grep -q '^"started, 50 at once",vdev,ms,[1-9].*,50$' "$out/pages/figure-startup/medians.csv" && grep -q '^  *Milliseconds for N made' "$page"
}
check "one figure's results, of another run, take the place of what there was of it, and of nothing else; both layouts are told apart" published
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
