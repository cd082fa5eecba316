# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# QEMU: Debian's source, our fixes and device models; built natively, incrementally.

qemu_dir=$cache/qemu
hw_dir=$top/tools/testing/hdiov-hw

# The source as Debian has it: pinned, or what the suite has now.
qemu_source() {
	local work=$cache/qemu-orig.new dsc

	rm -rf "$work" "$cache/qemu-orig"
	mkdir -p "$work"
	(
		cd "$work" || exit
		dsc=$(private_apt apt-cache showsrc qemu | sed -n 's/^Version: //p' | grep -F "$pin_qemu+" | sort -V | tail -n 1)
		if [ -z "$dsc" ]; then
			dsc=$(private_apt apt-cache showsrc qemu | sed -n 's/^Version: //p' | grep '^1:10\.' | sort -V | tail -n 1)
			[ -n "$dsc" ] || die "the mirror has no qemu 10 source in trixie"
			echo "NOTE: qemu $pin_qemu is no longer on the mirror; trying $dsc with the same patches"
		fi
		private_apt apt-get -q source --download-only "qemu=$dsc" || {
			private_apt_update
			private_apt apt-get -q source --download-only "qemu=$dsc"
		}
		tar -xf qemu_*.orig.tar.xz --strip-components=1
		rm -f qemu_*
		# Debian's tarball lacks what only QEMU's own tests and firmware need.
		sed -i '/pycotap/d' pythondeps.toml
		sed -i 's/unpack_edk2_blobs = bzip2.found()/unpack_edk2_blobs = false/' meson.build
	)
	mv "$work" "$cache/qemu-orig"
}

# Bring the source tree to orig + patches + models, touching only files whose content changes.
qemu_sync() {
	local k p

	mkdir -p "$qemu_dir/src"
	k=$(key "$(cat "$cache/qemu-orig/.key")" @tools/testing/hdiov-hw/patches)
	if [ "$(cat "$qemu_dir/patched.key" 2>/dev/null)" != "$k" ]; then
		rm -rf "$cache/qemu-patched"
		cp -a "$cache/qemu-orig" "$cache/qemu-patched"
		for p in "$hw_dir"/patches/*.patch; do
			[ -e "$p" ] || continue
			echo "applying $(basename "$p")"
			patch -d "$cache/qemu-patched" -p1 -s --no-backup-if-mismatch <"$p"
		done
		rsync -rlpc --delete --exclude=/hw/hdiov --exclude=/configs/devices/x86_64-softmmu/hdiov.mak --exclude=/.key \
			"$cache/qemu-patched/" "$qemu_dir/src/"
		rm -rf "$cache/qemu-patched"
		printf '%s\n' "$k" >"$qemu_dir/patched.key"
	fi
	mkdir -p "$qemu_dir/src/hw/hdiov"
	rsync -rlc --delete --include='*.c' --include='*.h' --include='*.inc' --include=meson.build --include=Kconfig --include=trace-events \
		--include=trace.h --exclude='*' "$hw_dir/" "$qemu_dir/src/hw/hdiov/"
	rsync -lc "$hw_dir/devices.mak" "$qemu_dir/src/configs/devices/x86_64-softmmu/hdiov.mak"
}

qemu_make() {
	local python=/usr/bin/python3 k

	qemu_sync
	export CCACHE_DIR=$cache/ccache CCACHE_BASEDIR=$qemu_dir CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=3G
	# Without preprocessing first, which is much of the work with files as small as these.
	export CCACHE_DEPEND=1
	# Only Debian's own tools: a python or a compiler from elsewhere in PATH would end up in the build.
	export PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin
	unset PYTHONHOME PYTHONPATH VIRTUAL_ENV CFLAGS LDFLAGS CC CXX
	if ! /usr/bin/meson --version 2>/dev/null | grep -qE '^(1\.([5-9]|[1-9][0-9])|[2-9])'; then
		PYTHONPATH=$(meson_dir)/usr/lib/python3/dist-packages
		export PYTHONPATH
	fi
	k=$(key configure-1 "$(cat "$qemu_dir/patched.key")" "$(declare -f qemu_configure)" "${PYTHONPATH:-}")
	if [ "$(cat "$qemu_dir/build/.configured" 2>/dev/null)" != "$k" ]; then
		mkdir -p "$qemu_dir/build"
		qemu_configure "$python"
		printf '%s\n' "$k" >"$qemu_dir/build/.configured"
	fi
	nice -n "${HDIOV_NICE:-5}" ninja -C "$qemu_dir/build" -j "$(nproc)" qemu-system-x86_64
}

qemu_configure() {
	cd "$qemu_dir/build" || return
	../src/configure --python="$1" --cc='ccache gcc' --target-list=x86_64-softmmu --without-default-features \
		--without-default-devices --with-devices-x86_64=hdiov --enable-system --disable-user --enable-tcg --enable-kvm \
		--enable-slirp --enable-virtfs --enable-attr --enable-fdt=system --disable-tools --disable-docs \
		--disable-debug-info --disable-install-blobs --disable-guest-agent --disable-werror --disable-pixman --disable-download --audio-drv-list=
}

# meson 1.5 or later, for a host whose own is too old: unpacked beside everything else, not installed.
meson_dir() {
	local d=$cache/unpacked/meson

	if [ ! -e "$d/.key" ]; then
		rm -rf "$d"
		mkdir -p "$d"
		download meson/bookworm-backports >>"$logs/downloads.log" 2>&1
		dpkg-deb -x "$(find "$cache/debs" -name 'meson_*bpo12*.deb' | sort -V | tail -n 1)" "$d"
		seal "$d" unpacked
	fi
	printf '%s\n' "$d"
}

build_qemu() (


	[ -z "${HDIOV_QEMU:-}" ] || return 0
	lock qemu
	k=$(key qemu-1 "$(cat "$cache/qemu-orig/.key" 2>/dev/null)" @tools/testing/hdiov-hw "$(declare -f qemu_make qemu_configure qemu_sync)")
	if fresh "$qemu_dir" "$k" && [ -x "$qemu_dir/build/qemu-system-x86_64" ]; then
		return
	fi
	if ! fresh "$cache/qemu-orig" "$(key orig-1 "$pin_qemu" "$(declare -f qemu_source)")"; then
		private_apt_setup
		step qemu-source "QEMU source" qemu_source
		seal "$cache/qemu-orig" "$(key orig-1 "$pin_qemu" "$(declare -f qemu_source)")"
		k=$(key qemu-1 "$(cat "$cache/qemu-orig/.key")" @tools/testing/hdiov-hw "$(declare -f qemu_make qemu_configure qemu_sync)")
	fi
	step qemu "QEMU with the device models of tools/testing/hdiov-hw" qemu_make
	seal "$qemu_dir" "$k"
)
