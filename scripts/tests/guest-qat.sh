#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# DPDK's own tests in a guest with a VDEV of each of QAT's services, beside iavf on a VDEV of the E810.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/tests/lib.sh
. "$here/lib.sh"

declare -A uuid=([sym]=6d1c1d3e-0011-4a6b-9df0-aaaaaaaaaaaa [asym]=6d1c1d3e-0012-4a6b-9df0-aaaaaaaaaaaa
	[dc]=6d1c1d3e-0013-4a6b-9df0-aaaaaaaaaaaa) bdf=()
net=6d1c1d3e-0010-4a6b-9df0-aaaaaaaaaaaa
work=$(mktemp -d)
cleanup() {
	rm -rf "$work"
	"$tb" run "l2 stop q1; for u in $net ${uuid[*]}; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

mapfile -t qats < <(host "modprobe qat_4xxx; modprobe hdiov_qat; lspci -Dn -d 8086:4940 | cut -d' ' -f1")
[ ${#qats[@]} = 2 ] || bail "L1 has two QATs"
declare -A qat=([sym]=${qats[0]} [asym]=${qats[0]} [dc]=${qats[1]})
# available: instances that are left, of each service
available() {
	host "cd /sys/class/mdev_bus; cat ${qats[0]}/mdev_supported_types/4xxx-vqat_{sym,asym}/available_instances \
		${qats[1]}/mdev_supported_types/4xxx-vqat_dc/available_instances" | tr '\n' ' '
}
# card EXPRESSION: a number out of the QATs' counters; s is their stats, added up, b the list of the banks that are VDEVs': Linux has two of the
# first card, with sym and asym, and one of the second for each of the server's two CPUs
card() {
	local n p

	for n in 0 1; do
		for p in stats banks; do
			"$tb" qmp qom-get "{\"path\":\"/machine/peripheral/qat$n\",\"property\":\"$p\"}" | tr -d '\n'
			echo
		done
	done | /usr/bin/python3 -c '
import json, sys
s0, b0, s1, b1 = (json.loads(line) for line in sys.stdin)
s = {k: v + s1[k] for k, v in s0.items() if isinstance(v, int)}
b = [x for x in b0 if x["bank"] >= 4] + [x for x in b1 if x["bank"] >= 2]
print(eval(sys.argv[1]))
' "$1"
}
# long SECONDS CMD: run a command that takes long in the guest
long() { "$tb" run --timeout $(($1 + 20)) l2 run --timeout "$1" q1 "$2"; }

free_before=$(available)
vdev_create $net avf-1
for s in sym asym dc; do host "echo ${uuid[$s]} >/sys/class/mdev_bus/${qat[$s]}/mdev_supported_types/4xxx-vqat_$s/create"; done
# One CPU: the others are busy being the card.
start_guest q1 --dpdk --mem 700 --vdev $net --vdev ${uuid[sym]} --vdev ${uuid[asym]} --vdev ${uuid[dc]}

check "iavf gets link on the E810's VDEV" link_up q1 10.0.0.2

# DPDK polls QAT: uio_pci_generic, which knows no MSI-X, is enough. compress_qat keeps the number of the NUMA node in a byte,
# and finds no memory on node 255, which -1 becomes, so the devices get the node that there is.
bind() {
	guest q1 'set -e
		modprobe uio_pci_generic
		echo 8086 0da5 >/sys/bus/pci/drivers/uio_pci_generic/new_id
		for d in /sys/bus/pci/drivers/uio_pci_generic/0*; do
			echo 0 >$d/numa_node
			echo "${d##*/} $(cat $d/subsystem_device)"
		done >/tmp/devices
		[ "$(wc -l </tmp/devices)" = 3 ]
		echo 128 >/proc/sys/vm/nr_hugepages
		mount -t hugetlbfs none /dev/hugepages
		mkdir -p /var/run'
}
check "the guest has three devices 8086:0da5" bind
while read -r d id; do
	case $id in
	0x0000) bdf[sym]=$d ;;
	0x0001) bdf[asym]=$d ;;
	0x0002) bdf[dc]=$d ;;
	esac
done < <(guest q1 'cat /tmp/devices')
[ ${#bdf[@]} = 3 ] || bail "each has another service's subsystem id: ${bdf[*]}"

# What VDEVs had done, not the server's kernel
requests() { card '" ".join(str(sum(x["requests"] for x in b if x["service"] == k)) for k in ("sym", "asym", "dc"))'; }
read -r sym0 asym0 dc0 < <(requests)
errors0=$(card 's["data-faults"] + s["ring-faults"] + s["unknown-reg"]')
no_pasid0=$(card 'sum(x["no-pasid"] for x in b)')
guest q1 '(ping -i 0.5 10.0.0.1 >/tmp/ping.log 2>&1 &)'

# At log level "debug", the default, it would print 200,000 lines of data.
# suite NAME DEVICE: one of dpdk-test's suites, as one test, with its own counts. Their deadlines are those of a real card:
# on a machine that is busy otherwise compressdev_autotest may not see its results within 100 ms; then it runs once more.
suite() {
	local name=$1 dev=$2 out rc=0 i text

	for i in 1 2 3; do
		rc=0
		long 300 "echo quit | DPDK_TEST=$name timeout 290 dpdk-test -l 0 -m 200 --log-level=info --huge-unlink=always -a $dev >/tmp/out 2>/tmp/err; rc=\$?
			grep '^ + ' /tmp/out; grep -q 'operations could be dequeued' /tmp/err && exit 99; exit \$rc" >"$work/$name" || rc=$?
		[ $rc = 99 ] || break
		echo "# $name: the card did not answer within DPDK's deadline, run $i"
	done
	out=$("$here/dpdk-cases.py" <"$work/$name") || rc=1
	text="$name: ${out%%$'\n'*}"
	echo "# count: $text"
	if [ $rc = 0 ]; then
		ok "$text"
	else
		not_ok "$text"
		guest q1 'grep -v EAL: /tmp/err | tail -n 20' | sed 's/^/# /' || true
	fi
	printf '%s\n' "$out" | sed -n '2,$p'
}
suite cryptodev_qat_autotest "${bdf[sym]},qat_legacy_capa=1"
suite cryptodev_qat_asym_autotest "${bdf[asym]},qat_legacy_capa=1"
suite compressdev_autotest "${bdf[dc]}"

# What the perf programs' verify modes compare with: random data, and what others make of it.
/usr/bin/python3 - "$work" <<-'EOT'
import hashlib, hmac, os, subprocess, sys
def value(name, data):
    return name + " =\n" + ",\n".join(", ".join("0x%02x" % x for x in data[i:i + 16]) for i in range(0, len(data), 16)) + "\n"
for size in (64, 1024):
    plain, key, auth_key, iv = (os.urandom(n) for n in (size, 16, 64, 16))
    for mode in ("cbc", "ctr"):
        cipher = subprocess.run(["openssl", "enc", "-aes-128-" + mode, "-K", key.hex(), "-iv", iv.hex(), "-nopad"],
                                input=plain, stdout=subprocess.PIPE, check=True).stdout
        digest = hmac.new(auth_key, cipher, hashlib.sha256).digest()
        with open(f"{sys.argv[1]}/{mode}-{size}.data", "w") as f:
            f.write(value("plaintext", plain) + value("cipher_key", key) + value("auth_key", auth_key) + value("cipher_iv", iv) +
                    value("ciphertext", cipher) + "[sha256]\n" + value("digest", digest))
EOT
guest q1 "echo $(tar -C "$work" -cz cbc-64.data cbc-1024.data ctr-64.data ctr-1024.data | base64 -w 0) | base64 -d | tar -C /tmp -xz"

# crypto_perf VECTORS SIZE OPTION...: DPDK compares each of 1,024 results
crypto_perf() {
	local vectors=$1 size=$2 out
	shift 2

	out=$(long 100 "timeout 90 dpdk-test-crypto-perf --lcores 0@0,1@0 --huge-unlink=always -a ${bdf[sym]},qat_legacy_capa=1 -- \
		--ptest verify --devtype crypto_qat --total-ops 1024 --burst-sz 32 --buffer-sz $size --pool-sz 1024 \
		--test-file /tmp/$vectors-$size.data $* 2>&1") || true
	printf '%s\n' "$out"
	# lcore, size, burst, enqueued, dequeued, enqueues and dequeues that found nothing, failed operations
	printf '%s\n' "$out" | grep -qE "^ +1 +$size +32 +1024 +1024 +[0-9]+ +[0-9]+ +0\$"
}
aes="--cipher-key-sz 16 --cipher-iv-sz 16 --cipher-algo"
hmac="--auth-algo sha2-256-hmac --auth-key-sz 64 --digest-sz 32 --test-name sha256 --auth-op"
for size in 64 1024; do
	check "dpdk-test-crypto-perf, verify: AES-CTR, 1,024 x $size bytes" \
		crypto_perf ctr $size "--optype cipher-only $aes aes-ctr --cipher-op encrypt"
	check "dpdk-test-crypto-perf, verify: AES-CBC then HMAC-SHA256, 1,024 x $size bytes" \
		crypto_perf cbc $size "--optype cipher-then-auth $aes aes-cbc --cipher-op encrypt $hmac generate"
	check "dpdk-test-crypto-perf, verify: HMAC-SHA256 then AES-CBC, 1,024 x $size bytes" \
		crypto_perf cbc $size "--optype auth-then-cipher $aes aes-cbc --cipher-op decrypt $hmac verify"
done
wrong() {
	guest q1 "sed -i '/^plaintext/,/^cipher_key/s/0x[0-9a-f]*,/0x00,/' /tmp/ctr-64.data"
	! crypto_perf ctr 64 "--optype cipher-only $aes aes-ctr --cipher-op encrypt" >"$work/wrong" &&
		grep -E ' 1024 +1024 .* 1024$' "$work/wrong"
}
check "dpdk-test-crypto-perf notices wrong results" wrong

# compress_perf HUFFMAN: DPDK compresses and inflates a file, and compares
compress_perf() {
	long 100 "head -c 400000 /usr/bin/dpdk-testpmd >/tmp/input
		timeout 90 dpdk-test-compress-perf --lcores 0@0,1@0 --huge-unlink=always -a ${bdf[dc]} -- --ptest verify --driver-name compress_qat \
		--input-file /tmp/input --huffman-enc $1 --num-iter 1 --compress-level 1,6,9 --operation comp_and_decomp --seg-sz 8192 \
		--pool-sz 256 --burst-sz 8 >/tmp/out 2>&1; rc=\$?; tail -n 12 /tmp/out; exit \$rc" >"$work/perf" || { cat "$work/perf"; return 1; }
	cat "$work/perf"
	# lcore, level, size, ratio
	[ "$(grep -cE '^ +1 +[0-9]+ +[1-9][0-9]+ +[0-9.]+$' "$work/perf")" -ge 3 ]
}
check "dpdk-test-compress-perf, verify: fixed codes" compress_perf fixed
check "dpdk-test-compress-perf, verify: dynamic codes" compress_perf dynamic

pinged() {
	local out

	out=$(guest q1 'kill -INT $(pidof ping); sleep 0.5; tail -n 3 /tmp/ping.log')
	echo "$out"
	printf '%s\n' "$out" | /usr/bin/python3 -c '
import re, sys
sent, got = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", sys.stdin.read()).groups())
sys.exit(not (got >= 20 and got >= 0.95 * sent))'
}
check "iavf carried pings on the E810 all the while" pinged

computed() {
	local sym asym dc

	read -r sym asym dc < <(requests)
	echo "requests: sym $((sym - sym0)), asym $((asym - asym0)), dc $((dc - dc0)); banks: $(card '[(x["bank"], x["service"], x["requests"], x["errors"]) for x in b]')"
	[ $((sym - sym0)) -ge 7400 ] && [ $((asym - asym0)) -ge 6 ] && [ $((dc - dc0)) -ge 100 ]
}
check "it was the card that computed" computed

clean() {
	local errors no_pasid

	errors=$(card 's["data-faults"] + s["ring-faults"] + s["unknown-reg"]')
	no_pasid=$(card 'sum(x["no-pasid"] for x in b)')
	echo "faults $errors0 before, $errors now; transfers without PASID: $no_pasid0 before, $no_pasid now"
	[ "$errors" = "$errors0" ] && [ "$no_pasid" = "$no_pasid0" ]
}
check "no fault, and no DMA without a PASID" clean

doorbells() {
	local s t

	echo "card: $(card 's["doorbells-tx"]') tails written"
	for s in sym asym dc; do
		t=$(host "sed -n 's/^ring //p' /sys/kernel/debug/hdiov/${qat[$s]}/${uuid[$s]}/traps")
		echo "$s: ring page trapped $t"
		[ "$t" = "0 0" ] || return 1
	done
}
check "no doorbell trapped" doorbells

gone() {
	local now

	host 'l2 stop q1'
	for s in $net "${uuid[@]}"; do vdev_remove "$s"; done
	now=$(available)
	echo "available: $free_before before, $now now"
	[ "$now" = "$free_before" ]
}
check "all ring pairs are back" gone
finish
