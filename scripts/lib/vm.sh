# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# L1: boot it, talk to it, stop it.

l1_name=${HDIOV_NAME:-l1}

vm_dir() { printf '%s/vm/%s\n' "$cache" "$1"; }

qemu_binary() {
	if [ -n "${HDIOV_QEMU:-}" ]; then
		printf '%s\n' "$HDIOV_QEMU"
	else
		printf '%s\n' "$cache/qemu/build/qemu-system-x86_64"
	fi
}

# The BIOS and option ROMs that a -kernel boot needs, from Debian's packages: the source package has none.
bios_dir() (
	d=$cache/bios

	lock bios
	if [ ! -e "$d/.key" ]; then
		mkdir -p "$d"
		for p in seabios qemu-system-data ipxe-qemu; do
			for f in "$(deb_dir "$p")"/usr/share/{seabios,qemu,qemu/optionrom,ipxe-qemu}/*; do
				case $f in
				*/bios-256k.bin | */linuxboot_dma.bin | */kvmvapic.bin | */pvh.bin | *.rom | */linuxboot.bin | */multiboot_dma.bin)
					cp -L "$f" "$d/"
					;;
				esac
			done
		done
		seal "$d" unpacked
	fi
	printf '%s\n' "$d"
)

ssh_key() (
	lock ssh-key
	if [ ! -e "$cache/ssh-key" ]; then
		ssh-keygen -q -t ed25519 -N '' -C hdiov-testbed -f "$cache/ssh-key"
	fi
)

vm_alive() {
	local d pid

	d=$(vm_dir "$1")
	pid=$(cat "$d/pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && grep -aqs "hdiov-$1" "/proc/$pid/cmdline"
}

# vm_ssh NAME ARG...: ssh into it over one shared connection, for at most ssh_limit seconds if that is set.
vm_ssh() {
	local d sock

	d=$(vm_dir "$1")
	sock=$(cat "$d/sockets")
	shift
	lock_free ${ssh_limit:+timeout $ssh_limit} ssh -F /dev/null -i "$cache/ssh-key" -p "$(cat "$d/port")" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR -o BatchMode=yes -o ControlMaster=auto -o ControlPersist=600 -o "ControlPath=$sock/ssh" \
		-o ServerAliveInterval=15 -o ServerAliveCountMax=20 -o ConnectTimeout=20 -o Ciphers=aes128-ctr,chacha20-poly1305@openssh.com \
		root@127.0.0.1 "$@"
}

# KVM where it is of use, else software; only a boot that gets to user space proves a KVM.
accel_args() (
	lock accel
	k=$(key accel-1 "$(uname -r)" "$(grep -m1 'model name' /proc/cpuinfo)" "${HDIOV_ACCEL:-auto}" "$(cat "$cache/kernel-stable/.key")")
	verdict=$(sed -n "s/^$k //p" "$cache/accel" 2>/dev/null)
	if [ -z "$verdict" ]; then
		verdict=$(probe_accel)
		printf '%s %s\n' "$k" "$verdict" >"$cache/accel"
		say "L1 runs under $verdict"
	fi
	case $verdict in
	kvm) echo "-accel kvm -cpu host" ;;
	*) echo "-accel tcg,thread=multi,tb-size=1024 -cpu qemu64,+svm,+npt,+ssse3,+sse4.1,+sse4.2,+popcnt,+aes,+pclmulqdq" ;;
	esac
)

probe_accel() {
	local nested=N f rc=0 out

	case ${HDIOV_ACCEL:-auto} in
	kvm | tcg)
		echo "$HDIOV_ACCEL"
		return
		;;
	auto) ;;
	*) die "HDIOV_ACCEL=$HDIOV_ACCEL: not one of auto, kvm, tcg" ;;
	esac
	for f in /sys/module/kvm_intel/parameters/nested /sys/module/kvm_amd/parameters/nested; do
		[ -e "$f" ] && nested=$(cat "$f")
	done
	if [ ! -w /dev/kvm ]; then
		say "no usable /dev/kvm: software emulation (slow, but the same)"
	elif ! grep -qE '^flags.*\b(vmx|svm)\b' /proc/cpuinfo; then
		say "/dev/kvm is there, but this CPU shows neither vmx nor svm: software emulation"
	elif [ "$nested" != Y ] && [ "$nested" != 1 ]; then
		say "KVM is there, but without nesting: software emulation"
	else
		out=$cache/logs/kvm-probe.log
		timeout 20 "$(qemu_binary)" -L "$(bios_dir)" -M q35,kernel-irqchip=split -accel kvm -cpu host -smp 2 -m 512 -nodefaults \
			-display none -no-reboot -serial "file:$out" -kernel "$cache/kernel-stable/vmlinux" \
			-initrd "$cache/kernel-stable/l1-initrd" -append "console=ttyS0 panic=-1" >"$out.err" 2>&1 || rc=$?
		# Without a disk, our init says so and powers off: that line proves that user space ran.
		if [ $rc = 0 ] && grep -q 'hdiov-init: no root' "$out"; then
			echo kvm
			return
		fi
		say "KVM cannot run an ordinary kernel here (see $out): software emulation"
	fi
	echo tcg
}

free_port() {
	local p i

	for i in $(seq 50); do
		p=$((20000 + (RANDOM * 32768 + RANDOM + i) % 40000))
		grep -qi ":$(printf '%04X' "$p") " /proc/net/tcp || break
	done
	echo "$p"
}

# vm_answers NAME: wait for a booting L1. False if it will not come up any more.
# An APIC that has lost an EOI gives its CPU no more timer interrupts: Linux complains of a timer wakeup that did not happen, and all waits for
# ever. QEMU lost one in some hundred boots before patch 0008; nobody should have to wait 300 s to learn that it does so still.
vm_answers() {
	local d end=$(($(date +%s) + 300))

	d=$(vm_dir "$1")
	while [ "$(date +%s)" -lt $end ]; do
		if ! vm_alive "$1"; then
			tail -n 30 "$d/console.log" "$d/qemu.log" "$d/stderr.log" >&2
			die "boot: $1 died on the way up; console: $d/console.log"
		fi
		if ssh_limit=20 vm_ssh "$1" -o ConnectTimeout=5 true >/dev/null 2>&1; then return 0; fi
		if grep -q "kthread timer wakeup didn't happen" "$d/console.log"; then return 1; fi
		sleep 0.3
	done
	return 1
}

has_device() { "$(qemu_binary)" -device help 2>/dev/null | grep -q "name \"$1\""; }

cmd_boot() {
	local kernel=stable name=$l1_name smp=2 mem=3G ports='' qats=2 extra=() qemu d sock accel i attempt start append='' modules=yes below=no bus='' vfs='' one=no icount=no card port

	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) kernel=$2 && shift 2 ;;
		--name) name=$2 && shift 2 ;;
		--smp) smp=$2 && shift 2 ;;
		--mem) mem=$2 && shift 2 ;;
		--ports) ports=$2 && shift 2 ;;
		--qats) qats=$2 && shift 2 ;;
		--root-ports) below=yes && shift ;;
		--vfs) vfs=$2 && shift 2 ;;
		--one-card) one=yes && shift ;;
		--icount) icount=yes && shift ;;
		--append) append=$2 && shift 2 ;;
		--no-modules) modules=no && shift ;;
		--) shift && extra=("$@") && break ;;
		*) die "boot: unknown argument $1 (see --help)" ;;
		esac
	done
	case $kernel in
	stable | backports | debug) ;;
	*) die "boot: --kernel $kernel: not one of stable, backports, debug" ;;
	esac
	[[ $name =~ ^[a-z0-9-]+$ ]] || die "boot: --name $name: only a-z, 0-9 and -"
	[[ $qats =~ ^[0-9]$ ]] || die "boot: --qats $qats: a number of at most 9"
	[[ $vfs =~ ^([0-9]{,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])$ ]] || die "boot: --vfs $vfs: a number of at most 255"
	if [ $one = yes ]; then
		case ${ports:-1} in
		1 | 2 | 4 | 8) ;;
		*) die "boot: --one-card --ports $ports: a card has 1, 2, 4 or 8" ;;
		esac
		[ "${ports:-1}" = 1 ] || [ "${vfs:-0}" = 0 ] || die "boot: --one-card --vfs $vfs: virtual functions are modelled on cards with one PF"
	fi
	start=$(date +%s)
	build_for_boot "$kernel"
	if [ $modules = yes ]; then build_modules "$kernel"; fi
	qemu=$(qemu_binary)
	[ -x "$qemu" ] || die "no QEMU at $qemu; run: scripts/testbed build qemu"
	d=$(vm_dir "$name")
	mkdir -p "$d"
	lock "vm-$name"
	if vm_alive "$name"; then
		die "$name is running already (pid $(cat "$d/pid")); scripts/testbed stop --name $name"
	fi
	if [ -z "$ports" ]; then
		ports=1
		if ! has_device e810; then
			say "NOTE: $qemu has no e810 device: booting without a PF"
			ports=0
		fi
	fi
	rm -rf "$d" && mkdir -p "$d"
	sock=$(mktemp -d "${TMPDIR:-/tmp}/hdiov.XXXXXX")
	printf '%s\n' "$sock" >"$d/sockets"
	printf '%s\n' "$kernel" >"$d/kernel"
	payload "$kernel" "$d/payload"
	cat "$cache/kernel-$kernel/l1-initrd" "$d/payload" >"$d/initrd"
	rm "$d/payload"
	if [ $icount = yes ]; then
		accel=$(HDIOV_ACCEL=tcg accel_args)
		accel="${accel/thread=multi/thread=single} -icount shift=1"
	else
		accel=$(accel_args)
	fi
	[ -e "$cache/l2/l2.img" ] && extra+=(-drive "file=$cache/l2/l2.img,format=raw,if=none,id=l2,readonly=on" -device "virtio-blk-pci,drive=l2")
	[ -e "$guest_dir/.key" ] && extra+=(-drive "file=$guest_dir/disk.img,format=raw,if=none,id=debian,readonly=on" -device "virtio-blk-pci,drive=debian,serial=debian")
	for ((i = 0; i < ports; i++)); do
		card=
		port=pcie-root-port,id=port$i,x-speed=2_5,chassis=$((i + 2)),slot=$((i + 2))
		if [ $one = yes ] && [ $i != 0 ]; then
			port=
		fi
		if [ -n "$vfs" ]; then
			# Address space for the BARs of all VFs, which firmware does not count
			if [ -n "$port" ]; then extra+=(-device "$port,pref64-reserve=512M"); fi
			card=,bus=port$i,sriov-vfs=$vfs
		elif [ $below = yes ]; then
			if [ -n "$port" ]; then extra+=(-device "$port"); fi
			card=,bus=port$i
		fi
		if [ $one = yes ]; then
			# Functions of one slot, of which the first says how many there are
			case $card in
			,bus=*) card=${card/bus=port$i/bus=port0},addr=0.$i ;;
			*) card=,addr=10.$i ;;
			esac
			if [ $i = 0 ]; then card+=,multifunction=on,pfs=$ports; fi
		fi
		extra+=(-netdev "hubport,id=up$i,hubid=$i" -device "e810,id=pf$i,netdev=up$i$card"
			-netdev "hubport,id=peer$i,hubid=$i"
			-device "$(printf 'virtio-net-pci,netdev=peer%d,mac=52:54:00:aa:00:%02x,host_mtu=9000' "$i" $((i + 1)))")
	done
	# Servers' firmware wants memory mapped 1:1 for its own use of a NIC. Here nothing uses it, and QEMU and firmware load nothing there.
	if [ "$ports" != 0 ]; then extra+=(-global "intel-iommu.rmrr=pf0:10000000:1000ffff"); fi
	if ((qats)) && ! has_device qat-4xxx; then
		say "NOTE: $qemu has no qat-4xxx device: booting without a QAT"
		qats=0
	fi
	for ((i = 0; i < qats; i++)); do
		bus=
		port=pcie-root-port,id=port-qat$i,x-speed=2_5,chassis=$((i + 20)),slot=$((i + 20))
		if [ -n "$vfs" ]; then
			extra+=(-device "$port,pref64-reserve=32M")
			bus=,bus=port-qat$i,sriov-vfs=16
		elif [ $below = yes ]; then
			extra+=(-device "$port")
			bus=,bus=port-qat$i
		fi
		extra+=(-device "qat-4xxx,id=qat$i,firmware=off$bus")
	done
	if [[ $accel = *tcg* ]]; then
		# One counter for all CPUs, this machine's. On a busy machine the kernel would not believe it, and each look at the clock
		# would be an access to a port: guests get a twentieth of their throughput then. Or it would measure it 40 times
		# too slow, where it has no HPET to notice by: so it is told.
		append="tsc=reliable tsc_early_khz=$(/usr/bin/python3 "$top/scripts/lib/tsc-khz.py") $append"
	fi
	if [ "$kernel" != stable ]; then
		# Linux 7.3's intel_qat (qat_comp_generic_callback) looks into a request for compression after it has completed it. The
		# kernel's own test of deflate frees it on another CPU by then, and L1 dies of it.
		append="cryptomgr.notests=1 $append"
	fi
	# Without -d, a daemon's last words (a failed assertion) go to /dev/null
	for attempt in 1 2 3; do
		for i in 1 2 3 4 5; do
			printf '%s\n' "$(free_port)" >"$d/port"
			# shellcheck disable=SC2086
			lock_free "$qemu" -name "hdiov-$name" -L "$(bios_dir)" -M q35,kernel-irqchip=split $accel -smp "$smp" -m "$mem" -nodefaults -display none \
				-no-reboot -device intel-iommu,intremap=on,x-scalable-mode=on,x-pasid-mode=on \
				-kernel "$cache/kernel-$kernel/vmlinux" -initrd "$d/initrd" \
				-append "console=ttyS0 quiet loglevel=4 panic=-1 no_timer_check mitigations=off intel_iommu=on,sm_on iomem=relaxed $append" \
				-serial "file:$d/console.log" -qmp "unix:$sock/qmp,server=on,wait=off" \
				-drive "file=$l1_img,format=raw,if=none,id=root,snapshot=on" -device virtio-blk-pci,drive=root \
				-netdev "user,id=mgmt,restrict=on,hostfwd=tcp:127.0.0.1:$(cat "$d/port")-:22" \
				-device virtio-net-pci,netdev=mgmt,mac=52:54:00:aa:ff:01,romfile= \
				-object rng-builtin,id=rng -device virtio-rng-pci,rng=rng \
				"${extra[@]}" -pidfile "$d/pid" -daemonize -D "$d/stderr.log" -d unimp >"$d/qemu.log" 2>&1 && break
			grep -q 'forwarding rule' "$d/qemu.log" || break
		done
		if ! vm_alive "$name"; then
			cat "$d/qemu.log" >&2
			die "boot: QEMU did not start"
		fi
		if vm_answers "$name"; then
			say "$name is up after $(($(date +%s) - start)) s: kernel $(cat "$cache/kernel-$kernel/abi"), $ports PF(s)"
			return
		fi
		tail -n 30 "$d/console.log" >&2
		[ $attempt != 3 ] || die "boot: $name does not answer; console: $d/console.log"
		say "$name does not answer: once more"
		kill -9 "$(cat "$d/pid")"
		while vm_alive "$name"; do sleep 0.1; done
	done
}

need_vm() { vm_alive "$1" || die "$1 is not running; start it with: scripts/testbed boot --name $1"; }

# run_in NAME TIMEOUT CMD...: as cmd_run, for scripts.
run_in() {
	local name=$1 limit=$2 cmd rc=0
	shift 2

	need_vm "$name"
	if [ $# = 1 ]; then cmd=$1; else cmd=$(printf '%q ' "$@"); fi
	# The limit holds within L1, so that nothing is left running there; the outer one is for an L1 that hangs.
	ssh_limit=$((limit + 30)) vm_ssh "$name" "timeout -k 10 $limit bash -c $(printf %q "$cmd")" || rc=$?
	if [ "$rc" = 124 ]; then say "$name: ended after $limit s: ${cmd:0:200}" >&2; fi
	if [ "$rc" = 255 ] && ! vm_alive "$name"; then
		tail -n 20 "$(vm_dir "$name")/console.log" "$(vm_dir "$name")/stderr.log" >&2
		die "$name died; console: $(vm_dir "$name")/console.log"
	fi
	return "$rc"
}

cmd_run() {
	local name=$l1_name limit=600

	while [ $# -gt 0 ]; do
		case $1 in
		--name) name=$2 && shift 2 ;;
		--timeout) limit=$2 && shift 2 ;;
		--) shift && break ;;
		*) break ;;
		esac
	done
	[ $# -gt 0 ] || die "run: no command"
	run_in "$name" "$limit" "$@"
}

cmd_push() {
	local name=$l1_name dest

	if [ "${1:-}" = --name ]; then name=$2 && shift 2; fi
	[ $# -ge 2 ] || die "push: SRC... DEST (a folder in L1)"
	dest=${!#}
	set -- "${@:1:$#-1}"
	need_vm "$name"
	local f
	for f in "$@"; do
		tar -C "$(dirname "$f")" -cf - "$(basename "$f")" |
			vm_ssh "$name" "mkdir -p $(printf %q "$dest") && tar --no-same-owner -C $(printf %q "$dest") -xf -"
	done
}

cmd_pull() {
	local name=$l1_name

	if [ "${1:-}" = --name ]; then name=$2 && shift 2; fi
	[ $# = 2 ] || die "pull: SRC (in L1) DEST (a folder here)"
	need_vm "$name"
	mkdir -p "$2"
	vm_ssh "$name" "tar -C $(printf %q "$(dirname "$1")") -cf - $(printf %q "$(basename "$1")")" | tar -C "$2" -xf -
}

cmd_shell() {
	local name=$l1_name

	if [ "${1:-}" = --name ]; then name=$2; fi
	need_vm "$name"
	vm_ssh "$name" -t
}

cmd_qmp() {
	local name=$l1_name

	if [ "${1:-}" = --name ]; then name=$2 && shift 2; fi
	[ $# -ge 1 ] || die "qmp: COMMAND [JSON-ARGUMENTS]"
	need_vm "$name"
	/usr/bin/python3 "$top/scripts/lib/qmp.py" "$(cat "$(vm_dir "$name")/sockets")/qmp" "$@"
}

cmd_log() {
	local name=$l1_name

	if [ "${1:-}" = --name ]; then name=$2; fi
	cat "$(vm_dir "$name")/console.log"
}

cmd_stop() {
	local name=$l1_name d pid i

	if [ "${1:-}" = --name ]; then name=$2; fi
	d=$(vm_dir "$name")
	if vm_alive "$name"; then
		pid=$(cat "$d/pid")
		vm_ssh "$name" -O exit >/dev/null 2>&1 || true
		kill "$pid" 2>/dev/null || true
		for i in $(seq 50); do
			vm_alive "$name" || break
			[ "$i" != 40 ] || kill -9 "$pid" 2>/dev/null || true
			sleep 0.1
		done
	fi
	if [ -s "$d/sockets" ]; then
		rm -rf "$(cat "$d/sockets")"
		rm -f "$d/sockets" "$d/pid" "$d/initrd"
	fi
}

cmd_status() {
	local d n

	for d in "$cache"/vm/*/; do
		[ -d "$d" ] || continue
		n=$(basename "$d")
		if vm_alive "$n"; then
			printf '%s: running, pid %s, kernel %s, ssh port %s\n' "$n" "$(cat "$d/pid")" "$(cat "$d/kernel")" "$(cat "$d/port")"
		else
			printf '%s: stopped\n' "$n"
		fi
	done
	du -sh "$cache" 2>/dev/null | sed 's/^/cache: /'
}
