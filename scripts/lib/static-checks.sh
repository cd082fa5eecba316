# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The checks that need no boot. Each prints what it finds and returns non-zero if it found anything.

kernel_files() { (cd "$top" && git ls-files 'include/linux/*.h' 'drivers/*.[ch]' 'tools/testing/selftests/*.[ch]'); }
script_files() {
	(cd "$top" && git ls-files scripts .ci tools | while read -r f; do
		if [ -f "$f" ] && head -n 1 "$f" | grep -qE '^#!.*[/ ](ba)?sh( |$)'; then echo "$f"; fi
	done)
}

static_checkpatch() {
	local f bad=0

	# The tree is not a patch series: MAINTAINERS lies in this tree, and a macro that builds a sysfs file is what the kernel has.
	for f in $(kernel_files); do
		perl "$cache/linux/scripts/checkpatch.pl" --root="$cache/linux" --no-tree --strict --terse --show-types --file \
			--max-line-length=100 --ignore FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE "$top/$f" |
			grep -v '^total:' && bad=1
	done
	return $bad
}

# A build of its own, so that what is compiled for L1 is not compiled again.
check_build() {
	local which=$1 args=$2 dir=$cache/check-$1 out

	rm -rf "$dir"
	sync_sources "$dir/src"
	out=$(in_chroot "make -j$(nproc) -C $(kernel_build "$which") M=/cache/check-$which/src $args modules" 2>&1) || {
		printf '%s\n' "$out"
		return 1
	}
	rm -rf "$dir"
	if printf '%s\n' "$out" | grep -E '(warning|error):' | grep -v 'Skipping BTF'; then
		return 1
	fi
}

static_sparse() { check_build backports 'W=1 C=2 CHECK=sparse'; }
static_W1-stable() { check_build stable 'W=1'; }
static_W1-backports() { check_build backports 'W=1'; }

static_kernel-doc() {
	local out tool=$cache/linux/scripts/kernel-doc

	[ -e "$tool" ] || tool=$cache/linux/tools/docs/kernel-doc
	# shellcheck disable=SC2046
	out=$(cd "$top" && /usr/bin/python3 "$tool" -none -Wall $(git ls-files 'include/linux/*.h' 'drivers/*.[ch]') 2>&1) || {
		printf '%s\n' "$out"
		return 1
	}
	[ -z "$out" ] || {
		printf '%s\n' "$out"
		return 1
	}
}

static_shellcheck() {
	# shellcheck disable=SC2046
	(cd "$top" && shellcheck -x -S warning $(script_files))
}
