# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Debian packages: what the host needs, and a private apt for everything that must not touch the host's own.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirror that this machine's own apt uses (deb822 or one-line format), or HDIOV_MIRROR.
mirror() {
	local m=${HDIOV_MIRROR:-}

	if [ -z "$m" ]; then
		m=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
			sed -n -E 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' |
			sed 's,/*$,,' | grep -E '/debian$' | head -n 1)
	fi
	[ -n "$m" ] || die "no Debian mirror in this machine's apt sources; set HDIOV_MIRROR=http://.../debian"
	printf '%s\n' "$m"
}

security_mirror() {
	printf '%s\n' "${HDIOV_SECURITY_MIRROR:-$(mirror)-security}"
}

sources() {
	local opt="[signed-by=$keyring]"

	printf 'deb %s %s %s main\n' \
		"$opt" "$(mirror)" trixie "$opt" "$(mirror)" trixie-backports \
		"$opt" "$(mirror)" bookworm-backports \
		"$opt" "$(security_mirror)" trixie-security
	printf 'deb-src %s %s %s main\n' \
		"$opt" "$(mirror)" trixie "$opt" "$(security_mirror)" trixie-security
}

# private_apt CMD...: run an apt command on the lists in the cache.
private_apt() { APT_CONFIG=$cache/apt.conf "$@"; }

private_apt_update() {
	private_apt apt-get -q update
}

private_apt_setup() (
	a=$cache/apt

	lock apt
	[ -r "$keyring" ] || die "$keyring is missing (package debian-archive-keyring)"
	mkdir -p "$a"/etc/apt/{apt.conf.d,preferences.d,trusted.gpg.d} "$a"/var/lib/apt/lists/partial \
		"$a"/var/cache/apt/archives/partial "$a"/var/lib/dpkg "$cache/debs"
	: >"$a/var/lib/dpkg/status"
	{
		printf 'Dir "%s";\nDir::State::status "%s/var/lib/dpkg/status";\n' "$a" "$a"
		printf 'APT::Architecture "amd64";\nAPT::Sandbox::User "root";\nAcquire::Retries "5";\n'
		apt-config dump | grep -iE '^Acquire::(http|https|ftp)::.*"..*"' || true
	} >"$cache/apt.conf.new"
	mv "$cache/apt.conf.new" "$cache/apt.conf"
	sources >"$cache/sources.new"
	if cmp -s "$cache/sources.new" "$a/etc/apt/sources.list" && [ -e "$a/.updated" ]; then
		return
	fi
	cp "$cache/sources.new" "$a/etc/apt/sources.list"
	step apt-lists "package lists of trixie and backports" private_apt_update
	touch "$a/.updated"
)

# download PKG[=VERSION|/SUITE]...: fetch packages into the cache; refresh stale lists once.
download() {
	(
		cd "$cache/debs" || exit
		private_apt apt-get -q download "$@" || {
			private_apt_update
			private_apt apt-get -q download "$@"
		}
	)
}

# deb_dir PKG: the folder with the unpacked files of a trixie package.
deb_dir() (
	d=$cache/unpacked/$1

	lock "deb-$1"
	if [ ! -e "$d/.key" ]; then
		private_apt_setup
		rm -rf "$d"
		mkdir -p "$d"
		download "$1/trixie" >>"$logs/downloads.log" 2>&1
		dpkg-deb -x "$(find "$cache/debs" -name "$1_*.deb" | sort -V | tail -n 1)" "$d"
		seal "$d" unpacked
	fi
	printf '%s\n' "$d"
)

# The QEMU of trixie-backports as Debian has built it, for tests with two versions of it. It runs with trixie's libraries.
fetch_qemu_next() {
	local p dir=$1 debs=$1.debs

	rm -rf "$dir" "$debs"
	mkdir -p "$dir" "$debs"
	for p in qemu-system-x86 qemu-system-common qemu-system-data seabios; do
		(cd "$debs" && { private_apt apt-get -q download "$p/trixie-backports" || private_apt apt-get -q download "$p"; })
		dpkg-deb -x "$(find "$debs" -name "${p}_*.deb")" "$dir"
	done
	rm -rf "$debs" "$dir/usr/share/doc"
}

build_qemu_next() (
	private_apt_setup
	lock qemu-next
	k=$(key qemu-next-1 "$(private_apt apt-cache madison qemu-system-x86 | grep -F trixie-backports)" "$(declare -f fetch_qemu_next)")
	if ! fresh "$cache/qemu-next" "$k"; then
		step qemu-next "QEMU of trixie-backports" fetch_qemu_next "$cache/qemu-next"
		seal "$cache/qemu-next" "$k"
	fi
)

host_packages=(mmdebstrap debian-archive-keyring debootstrap- e2fsprogs openssh-client cpio kmod xz-utils zstd patch rsync
	python3 python3-venv python3-setuptools gcc libc6-dev make ninja-build pkgconf flex bison ccache
	libglib2.0-dev libslirp-dev libattr1-dev libfdt-dev zlib1g-dev liblz4-dev lz4 libssl-dev openssl util-linux perl file shellcheck)

cmd_deps() {
	local want=() p

	[ -r /etc/debian_version ] || die "this testbed builds on Debian 12 or 13 (no /etc/debian_version here)"
	for p in "${host_packages[@]}"; do
		case $p in
		*-) continue ;;
		esac
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || want+=("$p")
	done
	if [ ${#want[@]} -gt 0 ]; then
		step apt-update "apt-get update" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
		step apt-install "apt-get install ${want[*]}" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get -q -y --no-install-recommends install "${want[@]}"
	fi
	private_apt_setup
}

# kernel_abi stable|backports: the pinned kernel's ABI name, or the newest of its series if the mirror has moved on.
kernel_abi() {
	local pin suite series abi

	case $1 in
	stable) pin=$pin_stable series=6.12 suite=trixie ;;
	backports) pin=$pin_backports series=7 suite=trixie-backports ;;
	*) die "kernel $1: not one of stable, backports" ;;
	esac
	if [ ! -s "$cache/abi-$1" ]; then
		private_apt_setup
		abi=$pin-amd64
		if ! private_apt apt-cache show "linux-headers-$abi" >/dev/null 2>&1; then
			abi=$(private_apt apt-cache pkgnames "linux-headers-$series." | sed -n 's/^linux-headers-\(.*+deb13-amd64\)$/\1/p' |
				sort -V | tail -n 1)
			[ -n "$abi" ] || die "the mirror has neither linux-headers-$pin-amd64 nor any other $series kernel of $suite"
			say "NOTE: kernel $pin is no longer on the mirror; using $abi of $suite instead"
		fi
		printf '%s\n' "$abi" >"$cache/abi-$1.$BASHPID"
		mv "$cache/abi-$1.$BASHPID" "$cache/abi-$1"
	fi
	cat "$cache/abi-$1"
}
