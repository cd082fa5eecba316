#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The rival on a QAT: virtual functions that Linux's own qat_4xxx makes, driven by unmodified DPDK in a guest; at last VDEVs on the same card.
# L1 was booted with --vfs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/tests/lib.sh
. "$here/lib.sh"

u=6d1c1d3e-0021-4a6b-9df0-aaaaaaaaaaaa
work=$(mktemp -d)
qat=
# services LIST: what the card shall do. As long as the kernel tests its algorithms on the card, it is in use.
services() {
	host "cd /sys/bus/pci/devices/$qat/qat; [ \"\$(cat cfg_services)\" != '$1' ] || exit 0; i=0
		until echo down >state; do sleep 0.5; i=\$((i + 1)); [ \$i -lt 120 ] || exit 1; done; echo '$1' >cfg_services && echo up >state"
}
cleanup() {
	rm -rf "$work"
	[ -n "$qat" ] || return 0
	"$tb" run "l2 stop g1; [ ! -e /sys/bus/mdev/devices/$u ] || echo 1 >/sys/bus/mdev/devices/$u/remove; vfs $qat 0; exit 0" >/dev/null 2>&1 || true
	services 'sym;asym' >/dev/null 2>&1 || true
}
trap cleanup EXIT

qat=$(host "modprobe qat_4xxx; modprobe hdiov_qat; lspci -Dn -d 8086:4940 | cut -d' ' -f1 | head -n 1")
[ -n "$qat" ] || bail "L1 has a QAT"
# card EXPRESSION: s is its stats, b the list of its banks, v what each VF's requester id did
card() {
	local p

	for p in stats banks dma-by-vf; do
		"$tb" qmp qom-get "{\"path\":\"/machine/peripheral/qat0\",\"property\":\"$p\"}" | tr -d '\n'
		echo
	done | /usr/bin/python3 -c '
import json, sys
s, b, v = (json.loads(line) for line in sys.stdin)
v = {e["vf"]: e["reads"] + e["writes"] for e in v}
print(eval(sys.argv[1]))' "$1"
}

services 'sym;dc' || bail "the card does sym;dc"
mapfile -t vf < <(host "vfs $qat 16")
all_there() { echo "${vf[*]}" && [ ${#vf[@]} = 16 ] && [ "$(card 's["vfs"]')" = 16 ] && [ "$(host 'lspci -n -d 8086:4941 | wc -l')" = 16 ]; }
check "qat_4xxx makes 16, and vfio-pci takes them" all_there

# The first one, and the last one
start_guest g1 --dpdk --mem 700 --vf "${vf[0]}" --vf "${vf[15]}"
# compress_qat keeps the number of the NUMA node in a byte, and finds no memory on node 255, which -1 becomes
bind() {
	guest g1 'set -e
		modprobe uio_pci_generic
		echo 8086 4941 >/sys/bus/pci/drivers/uio_pci_generic/new_id
		cd /sys/bus/pci/drivers/uio_pci_generic
		for d in 0*; do echo 0 >$d/numa_node; done
		[ "$(echo 0*)" = "0000:01:00.0 0000:02:00.0" ]
		echo 128 >/proc/sys/vm/nr_hugepages
		mount -t hugetlbfs none /dev/hugepages
		mkdir -p /var/run'
}
check "the guest has two devices 8086:4941" bind

# What the perf program's verify mode compares with: random data, and what others make of it
/usr/bin/python3 - "$work/data" <<-'EOT'
import hashlib, hmac, os, subprocess, sys
def value(name, data):
    return name + " =\n" + ",\n".join(", ".join("0x%02x" % x for x in data[i:i + 16]) for i in range(0, len(data), 16)) + "\n"
plain, key, auth_key, iv = (os.urandom(n) for n in (1024, 16, 64, 16))
cipher = subprocess.run(["openssl", "enc", "-aes-128-cbc", "-K", key.hex(), "-iv", iv.hex(), "-nopad"],
                        input=plain, stdout=subprocess.PIPE, check=True).stdout
with open(sys.argv[1], "w") as f:
    f.write(value("plaintext", plain) + value("cipher_key", key) + value("auth_key", auth_key) + value("cipher_iv", iv) +
            value("ciphertext", cipher) + "[sha256]\n" + value("digest", hmac.new(auth_key, cipher, hashlib.sha256).digest()))
EOT
guest g1 "echo $(gzip -c "$work/data" | base64 -w 0) | base64 -d | gunzip >/tmp/data; head -c 400000 /usr/bin/dpdk-testpmd >/tmp/input"

# dpdk DEVICE PROGRAM...: DPDK asks the PF's driver by mailbox what the ring pairs do. It reads the answer as soon as the question was
# acknowledged, which qat_4xxx does before it answers: if it is overtaken there, then "ring configuration" cannot be had, and it is run again.
dpdk() {
	local i

	for i in 1 2 3; do
		"$tb" run --timeout 120 l2 run --timeout 100 g1 "timeout 90 $2 --lcores 0@0,1@0 --huge-unlink=always -a $1 -- ${3//$'\n'/} 2>&1" >"$work/out" && break
		grep -qE 'ring configuration|ACK not received' "$work/out" || break
		echo "# run $i: the PF's answer came too late for DPDK" >&2
	done
	grep -v ' = *$\|^0x' "$work/out" | tail -n 12
}
crypto() {
	dpdk 01:00.0,qat_legacy_capa=1 dpdk-test-crypto-perf "--ptest verify --devtype crypto_qat --total-ops 1024 --burst-sz 32 --buffer-sz 1024
		--pool-sz 1024 --test-file /tmp/data --optype cipher-then-auth --cipher-key-sz 16 --cipher-iv-sz 16 --cipher-algo aes-cbc
		--cipher-op encrypt --auth-algo sha2-256-hmac --auth-key-sz 64 --digest-sz 32 --test-name sha256 --auth-op generate"
	# lcore, size, burst, enqueued, dequeued, enqueues and dequeues that found nothing, failed operations
	grep -qE '^ +1 +1024 +32 +1024 +1024 +[0-9]+ +[0-9]+ +0$' "$work/out"
}
compress() {
	dpdk 02:00.0 dpdk-test-compress-perf "--ptest verify --driver-name compress_qat --input-file /tmp/input --huffman-enc $1 --num-iter 1
		--compress-level 1 --operation comp_and_decomp --seg-sz 8192 --pool-sz 256 --burst-sz 8"
	# lcore, level, size, ratio
	grep -qE '^ +1 +1 +[1-9][0-9]+ +[0-9.]+$' "$work/out"
}
read -r sym0 dc0 pf0 < <(card 's["requests-sym"], s["requests-dc"], sum(x["no-pasid"] for x in b)' | tr -d '(,)')
check "VF 0, dpdk-test-crypto-perf, verify: AES-CBC then HMAC-SHA256, 1,024 x 1024 bytes" crypto
check "VF 15, dpdk-test-compress-perf, verify: fixed codes" compress fixed
check "VF 15, dpdk-test-compress-perf, verify: dynamic codes" compress dynamic
by_vf() {
	local sym dc pf faults

	read -r sym dc pf faults < <(card 's["requests-sym"], s["requests-dc"], sum(x["no-pasid"] for x in b), s["data-faults"] + s["ring-faults"] + s["unknown-reg"]' | tr -d '(,)')
	echo "sym $((sym - sym0)), dc $((dc - dc0)) requests; transfers of the PF's banks $((pf - pf0)), of VFs: $(card v); faults: $faults"
	[ $((sym - sym0)) -ge 1024 ] && [ $((dc - dc0)) -ge 16 ] && [ "$pf" = "$pf0" ] && [ "$faults" = 0 ] && [ "$(card 'sorted(v)')" = "[0, 15]" ]
}
check "it was the card that computed, and all of it under the two VFs' requester ids" by_vf

# PF2VM, where the last answer is
mailbox() { host "read -r bar _ < <(sed -n 3p /sys/bus/pci/devices/$qat/resource); busybox devmem \$((bar + 0x40b010)) 32"; }
flr() {
	local before after

	before=$(mailbox)
	guest g1 'echo 1 >/sys/bus/pci/devices/0000:01:00.0/reset' && after=$(mailbox) || return 1
	echo "mailbox: $before before, $after after"
	[ "$before" != 0x00000000 ] && [ "$after" = 0x00000000 ] && crypto
}
check "FLR by the guest: the VF is as new, and works again" flr
check "the other one does not notice" compress fixed

# hdiov_qat looks at the card every now and then
back() {
	local types=/sys/class/mdev_bus/$qat/mdev_supported_types

	host "l2 stop g1; vfs $qat 0; i=0; until [ -e $types ]; do sleep 0.2; i=\$((i + 1)); [ \$i -lt 150 ] || exit 1; done
		echo $u >$types/4xxx-vqat_dc/create && echo 1 >/sys/bus/mdev/devices/$u/remove" &&
		[ "$(host 'lspci -n -d 8086:4941 | wc -l')" = 0 ] && [ "$(card 's["vfs"]')" = 0 ]
}
check "VFs off: the card has VDEVs again" back
finish
