# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# For the tests of stock clients: their packages come into L1, and what an ordinary host has running for them, udevd and a tree of cgroups.

u1=6d1c1d3e-0001-4a6b-9df0-eeeeeeeeeeee
u2=6d1c1d3e-0002-4a6b-9df0-eeeeeeeeeeee

# clients_install: L1 has their packages
clients_install() {
	local cache=${HDIOV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hdiov}

	if ! host 'command -v virsh >/dev/null'; then
		"$tb" build clients
		"$tb" push "$cache/clients/clients.tar.gz" /var/tmp
		host 'tar --numeric-owner -C / -xzf /var/tmp/clients.tar.gz && rm /var/tmp/clients.tar.gz'
	fi
}

clients_begin() {
	clients_install
	# As hdiov's package does
	"$tb" push "$(dirname "$tb")/../debian/61-hdiov.rules" /usr/lib/udev/rules.d
	host 'modprobe -q kvm_amd nested=0 || modprobe -q kvm_intel
		mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
		mkdir -p /run/udev
		setsid /usr/lib/systemd/systemd-udevd >/var/log/udevd 2>&1 </dev/null &
		echo $! >/run/test-udevd.pid
		udevadm settle
		modprobe hdiov_e810
		ip netns exec peer iperf3 -s -D -I /run/test-iperf3.pid'
}

# end_of FILE...: in L1, ends the daemons whose numbers are there, and waits until they have gone
end_of() {
	host "for f in $*; do
			[ -s \$f ] || continue
			p=\$(cat \$f)
			kill \$p 2>/dev/null || continue
			for n in \$(seq 100); do [ -e /proc/\$p ] || break; sleep 0.1; done
		done
		rm -f $*"
}

# clients_end: L1 is as it was, but for the packages
clients_end() {
	host "for u in $u1 $u2; do [ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; mdevctl undefine -u \$u; done" \
		>/dev/null 2>&1 || true
	end_of /run/test-udevd.pid /run/test-iperf3.pid
	host 'rm -f /usr/lib/udev/rules.d/61-hdiov.rules'
}

# state_is UUID STATE: soon
state_is() {
	host "for n in \$(seq 50); do [ \"\$(cat /sys/bus/mdev/devices/$1/state)\" != '$2' ] || exit 0; sleep 0.1; done
		cat /sys/bus/mdev/devices/$1/state; exit 1"
}

# agent_of NAME: "l2 run" finds the QEMU that somebody else has started, whose name is l2-NAME, and waits for its guest
agent_of() {
	host "pgrep -f '[g]uest=l2-$1,|[-]name l2-$1 ' >/run/l2/$1/pid && [ \$(wc -l </run/l2/$1/pid) = 1 ] && l2 wait --timeout 140 $1"
}

# refused TEXT CMD...: it fails, and says so
refused() {
	local out text=$1
	shift

	if out=$("$@" 2>&1); then
		echo "not refused: $out"
		return 1
	fi
	# Lines may be broken anywhere
	echo "$out"
	[[ $(tr -d '\n' <<<"$out") == *"$text"* ]]
}
