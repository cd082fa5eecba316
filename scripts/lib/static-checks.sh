# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# The checks that need no boot. Each prints what it finds and returns non-zero if it found anything.

kernel_files() { (cd "$top" && git ls-files 'include/linux/*.h' 'drivers/*.[ch]' 'tools/testing/selftests/*.[ch]'); }
script_files() {
	(cd "$top" && git ls-files scripts .ci tools | while read -r f; do
		if [ -f "$f" ] && head -n 2 "$f" | grep -qE '^#!.*[/ ](ba)?sh( |$)|^# shellcheck shell='; then echo "$f"; fi
	done)
}

# checkpatch IGNORED FILE...: print what checkpatch finds, and fail if that is something.
checkpatch() {
	local out

	# Its status says only that it found something, and so does what it prints.
	out=$(cd "$top" && printf '%s\n' "${@:2}" | xargs -P "$(nproc)" -n 6 perl "$cache/linux/scripts/checkpatch.pl" --root="$cache/linux" \
		--no-tree --strict --terse --show-types --file --max-line-length=100 \
		--ignore "FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE,$1" 2>&1) || true
	! printf '%s\n' "$out" | grep -v -e '^total: ' -e '^$'
}

# The patches, as they would be mailed
static_patches() {
	local out p not

	# MAINTAINERS has a wildcard for what ice's patches add, and kzalloc_obj() is newer than 6.12. A file that git knows it would not take for a
	# patch: so from its standard input.
	out=$(cd "$top" && for p in patches/*/*.patch; do
		not=FILE_PATH_CHANGES
		case $p in patches/linux-6.*) not+=,ALLOC_WITH_SIZEOF ;; esac
		perl "$cache/linux/scripts/checkpatch.pl" --root="$cache/linux" --no-tree --strict --terse --show-types \
			--ignore $not - <"$p" 2>&1 | sed "s,^,$p: ," || true
	done)
	! printf '%s\n' "$out" | grep -v -e ': total: ' -e '^$'
}

static_checkpatch() {
	local tests tests_ignore trace compat bad=0 canary=$cache/canary.c

	# One that finds nothing in this does not work.
	printf 'int x ;\n' >"$canary"
	if checkpatch X "$canary"; then
		echo "checkpatch finds nothing wrong with: $(cat "$canary")"
		bad=1
	fi >/dev/null
	mapfile -t tests < <(kernel_files | grep ^tools/)
	trace=drivers/vfio/hdiov/trace.h
	compat=(drivers/vfio/hdiov/compat.h drivers/crypto/intel/hdiov_qat/qat_compat.h)
	# The tree is not a patch series: MAINTAINERS lies in this tree. Names of types and members are used twice in a macro.
	# shellcheck disable=SC2046
	checkpatch MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE $(kernel_files | grep -v -e ^tools/ -e "^$trace" -e "^${compat[0]}" -e "^${compat[1]}") || bad=1
	# A kernel version is no constant to it, and an argument may be there to be dropped.
	checkpatch CONSTANT_COMPARISON,MACRO_ARG_UNUSED "${compat[@]}" || bad=1
	# Every trace header of the kernel looks like this.
	checkpatch PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE "$trace" || bad=1
	# Programs of user space: device registers, long test vectors, kselftest's macros (which it takes for products, and which want
	# braces), no kernel header.
	tests_ignore=VOLATILE,MSLEEP,BIT_MACRO,SPLIT_STRING,MISSING_SPACE,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,MACRO_WITH_FLOW_CONTROL
	tests_ignore+=,MULTISTATEMENT_MACRO_USE_DO_WHILE,EMBEDDED_FUNCTION_NAME,CAMELCASE,SPACING,BRACES
	checkpatch "$tests_ignore" "${tests[@]}" || bad=1
	return $bad
}

# no_warnings LOG: fail with the compiler's and sparse's, if a build's output has some.
no_warnings() {
	! grep -E '(warning|error):' "$1" | grep -v 'Skipping BTF'
}

# All builds of the modules are made so that a warning is an error: what was built has none.
static_W1-stable() { build_modules stable; }
static_W1-backports() { build_modules backports; }

# On the objects of the same build, so that only sparse has work. Debian's sparse is too old for Linux 7.3's headers, which then
# leave it out without an error.
static_sparse() {
	local log=$logs/sparse.log checked files

	build_modules stable
	{
		modules_make stable C=2 CHECK=sparse &&
			in_chroot "make -C $(kernel_build stable) M=/cache/ice-stable/src/hdiov_e810 KCFLAGS=-I/cache/ice-stable/src/include \
				KBUILD_EXTRA_SYMBOLS='/cache/ice-stable/src/$ice_path/Module.symvers /cache/modules-stable/src/Module.symvers' \
				CONFIG_HDIOV_E810=m C=2 CHECK=sparse modules"
	} >"$log" 2>&1 || {
		cat "$log"
		return 1
	}
	checked=$(grep -c '^  CHECK ' "$log")
	files=$(cd "$top" && git ls-files 'drivers/*.c' | wc -l)
	if [ "$checked" -lt "$files" ]; then
		echo "sparse looked at $checked of $files files"
		return 1
	fi
	no_warnings "$log"
}

# An index from a user is masked against speculation. Nothing that runs can tell, but the objects show it: array_index_nospec() is a
# comparison and a sbb of a register from itself.
static_nospec() {
	local dir=$cache/modules-stable/src/drivers/vfio/hdiov want found bad=0

	build_modules_for stable
	for want in config:1 irq:3 region:6; do
		found=$(objdump -d "$dir/${want%:*}.o" | grep -cE '\ssbb +(%[a-z0-9]+),\1$' || true)
		if [ "$found" -lt "${want#*:}" ]; then
			echo "${want%:*}.c masks $found indices, not ${want#*:}"
			bad=1
		fi
	done
	return $bad
}

# Of these files of the core each calls those before it only. The objects show what they call.
static_layers() {
	local dir=$cache/modules-stable/src/drivers/vfio/hdiov above=vfio layer calls bad=0

	build_modules_for stable
	for layer in mdev migrate config vdev dirty iommu irq region; do
		[ -e "$dir/$layer.o" ] || { echo "no $layer.o" && return 1; }
		calls=$(nm -u "$dir/$layer.o" | grep -oE " hdiov_($above)_\w+" | grep -vE ' hdiov_vfio_((mig|log)_)?ops' || true)
		if [ -n "$calls" ]; then
			echo "$layer.c calls what is above it:" $calls
			bad=1
		fi
		above+="|$layer"
	done
	return $bad
}

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
	(cd "$top" && shellcheck -S warning $(script_files))
}
