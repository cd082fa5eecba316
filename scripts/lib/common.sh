# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Paths, messages, long steps, locks and keyed caching, for all of scripts/.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HDIOV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hdiov}
logs=$cache/logs
t0=${HDIOV_T0:-$(date +%s)}
export HDIOV_T0=$t0

# The versions everything was tested with; a mirror that has dropped one of them is answered with its successor.
pin_qemu=10.0.13
pin_stable=6.12.107+deb13
pin_backports=7.3.4+deb13
export pin_qemu pin_stable pin_backports

if [ "$(id -u)" = 0 ]; then sudo=(); else sudo=(sudo -n); fi

elapsed() {
	local s=$(($(date +%s) - t0))

	printf '%d:%02d' $((s / 60)) $((s % 60))
}

say() { printf '[%s] %s\n' "$(elapsed)" "$*" >&2; }

die() {
	printf 'testbed: %s\n' "$*" >&2
	exit 1
}

# step NAME TEXT CMD...: run a long step with its output in a log file, and say how it went.
step() {
	local name=$1 text=$2 start rc=0 beat
	shift 2

	mkdir -p "$logs"
	start=$(date +%s)
	say "$text ..."
	(
		# No sleep: it would outlive this, and hold the caller's locks.
		until read -r -t 60 _ <> <(:); do
			say "  ... $name: $(tail -n 1 "$logs/$name.log" 2>/dev/null | tr -d '\r' | cut -c1-90)"
		done
	) &
	beat=$!
	# A subshell of its own, and not a condition's, so that set -e holds within CMD.
	set +e
	(
		set -e
		"$@"
	) >"$logs/$name.log" 2>&1 </dev/null
	rc=$?
	set -e
	kill "$beat" 2>/dev/null || true
	wait "$beat" 2>/dev/null || true
	if [ "$rc" != 0 ]; then
		tail -n 25 "$logs/$name.log" >&2
		die "$name failed with status $rc after $(($(date +%s) - start)) s; whole log: $logs/$name.log"
	fi
	say "$text: done in $(($(date +%s) - start)) s"
}

# lock NAME: one process at a time from here to the end of the calling (sub)shell.
lock() {
	mkdir -p "$cache/locks"
	exec {lock_fd}>"$cache/locks/$1"
	if ! flock -w 3 "$lock_fd"; then
		say "waiting for $1: another process is at it"
		flock "$lock_fd"
	fi
}

# lock_free CMD...: run a program that outlives the caller, without the caller's lock and that of the run of tests it belongs to.
lock_free() (
	if [ -n "${lock_fd:-}" ]; then exec {lock_fd}>&-; fi
	if [ -n "${HDIOV_RUN_FD:-}" ]; then exec {HDIOV_RUN_FD}>&-; fi
	exec "$@"
)

# key ITEM...: a short hash of strings and (for an @PATH) of a file or of all files of a folder.
key() {
	local i

	for i in "$@"; do
		case $i in
		@*)
			if [ -e "${i#@}" ]; then
				(cd "$top" && find "${i#@}" -type f -print0 | sort -z | xargs -0 sha256sum)
			fi
			;;
		*) printf '%s\n' "$i" ;;
		esac
	done | sha256sum | cut -c1-16
}

# fresh DIR KEY: does DIR hold the result for KEY? If not, it is about to be made anew: then the seal goes, as what a failed build leaves must
# not pass for the result of before.
fresh() {
	[ "$(cat "$1/.key" 2>/dev/null)" != "$2" ] || return 0
	rm -f "$1/.key"
	return 1
}
# A new file each time: a copy of the cache made of hard links (cp -al) must not take this result for its own.
seal() {
	printf '%s\n' "$2" >"$1/.key.new"
	mv "$1/.key.new" "$1/.key"
}
