#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Intel's own user space on the emulated QAT: Debian's qatlib, unmodified, in L1, on virtual functions that Linux's qat_4xxx makes. It asks the PF's
# driver what the card can do, and its sample program then wants all of that. L1 was booted with --vfs.
# shellcheck disable=SC2016
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-clients.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-clients.sh"

work=$(mktemp -d)
qat=
manager_end() {
	host 'p=$(cat /run/qat/qatmgr.pid 2>/dev/null) || exit 0
		kill $p && for n in $(seq 100); do [ -e /proc/$p ] || break; sleep 0.1; done; rm -rf /run/qat'
}
# services LIST: what the card shall do. As long as the kernel tests its algorithms on the card, it is in use.
services() {
	host "cd /sys/bus/pci/devices/$qat/qat; [ \"\$(cat cfg_services)\" != '$1' ] || exit 0; i=0
		until echo down >state; do sleep 0.5; i=\$((i + 1)); [ \$i -lt 120 ] || exit 1; done 2>/dev/null; echo '$1' >cfg_services && echo up >state"
}
cleanup() {
	rm -rf "$work"
	[ -n "$qat" ] || return 0
	manager_end >/dev/null 2>&1 || true
	host "vfs $qat 0; rm -rf /usr/share/qat" >/dev/null 2>&1 || true
	services 'sym;asym' >/dev/null 2>&1 || true
}
trap cleanup EXIT

clients_install
qat=$(host "modprobe qat_4xxx; modprobe vfio-pci; lspci -Dn -d 8086:4940 | cut -d' ' -f1 | head -n 1")
[ -n "$qat" ] || bail "L1 has a QAT"
# The files that the sample program compresses are to be had elsewhere: any will do
host 'mkdir -p /usr/share/qat && for f in calgary calgary32 canterbury; do head -c 200000 /usr/bin/qemu-system-x86_64 >/usr/share/qat/$f; done'

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
# take N: of 16 VFs the first N are for user space
take() {
	host "i=0; until vfs $qat 16 none >/dev/null 2>&1; do sleep 0.5; i=\$((i + 1)); [ \$i -lt 200 ] || exit 1; done
		for n in \$(seq 0 $(($1 - 1))); do
			vf=\$(basename \$(readlink /sys/bus/pci/devices/$qat/virtfn\$n))
			echo vfio-pci >/sys/bus/pci/devices/\$vf/driver_override && echo \$vf >/sys/bus/pci/drivers/vfio-pci/bind || exit 1
		done; [ \$(ls /dev/vfio | wc -l) -ge $(($1 + 1)) ]"
}
give() { host "vfs $qat 0 && [ \$(ls /dev/vfio | wc -l) = 1 ]"; }
# sample ARG...: the program, and its output in $work/out
sample() {
	"$tb" run --timeout 200 "ulimit -l unlimited; cd /tmp; timeout 180 cpa_sample_code signOfLife=1 $* 2>&1" >"$work/out"
}
# counts SERVICE: its requests, all that went wrong, and what the PF's own banks did
counts() {
	card "(s['requests-$1'], sum(s[k] for k in ('errors-sym', 'errors-asym', 'errors-dc', 'data-faults', 'ring-faults', 'unknown-reg')),
		sum(x['no-pasid'] for x in b))"
}
# group SERVICE RESULTS ARG...: it ends well and says nothing of errors, there are so many results, and the card had at least as many requests of the
# service as the program counted answers, none with an error, all of VFs
group() {
	local service=$1 results=$2 answers before after
	shift 2

	before=$(counts "$service")
	sample "$@" || { tail -n 20 "$work/out"; return 1; }
	after=$(counts "$service")
	answers=$(awk '/^Total Responses/ { n++; sum += $3 } END { print n + 0, sum + 0 }' "$work/out")
	echo "results and answers: $answers; $service requests, errors, transfers of the PF's banks: $before before, $after after"
	grep -iE 'error|fail|unsupported|invalid' "$work/out" && return 1
	grep -q '^Sample code completed successfully' "$work/out" || { tail -n 20 "$work/out"; return 1; }
	/usr/bin/python3 -c '
import sys
n, answers = map(int, sys.argv[2].split())
(req0, err0, pf0), (req1, err1, pf1) = (eval(v) for v in sys.argv[3:])
sys.exit(not (n == int(sys.argv[1]) and answers >= 20 * n and req1 - req0 >= answers and err1 == err0 and pf1 == pf0))' \
		"$results" "$answers" "$before" "$after"
}

services 'sym;asym' || bail "the card does sym;asym"
check "qat_4xxx makes 16 VFs, and vfio-pci takes two" take 2
check "RSA, without a manager" group asym 1 runTests=2
# One VF for each process
started() {
	host 'mkdir -p /run/qat && qatmgr --policy=1 >/dev/null 2>&1 </dev/null || exit 1
		for n in $(seq 50); do [ ! -S /run/qat/qatmgr.sock ] || exit 0; sleep 0.1; done; exit 1'
}
check "qatmgr starts" started
check "RSA" group asym 1 runTests=2
check "DSA" group asym 1 runTests=4
check "ECDSA" group asym 1 runTests=8
check "Diffie-Hellman" group asym 1 runTests=16
check "SM2: signatures, encryption, key exchange" group asym 6 runTests=1024
check "SM3 and SM4" group sym 16 runTests=2048
check "AES and HMAC, both interfaces" group sym 64 runTests=1
two() {
	local before

	before=$(card 'sorted(v.items())')
	host "ulimit -l unlimited; cd /tmp
		timeout 100 cpa_sample_code signOfLife=1 runTests=16 cyAsymLoops=20 >/tmp/qatlib.1 2>&1 & a=\$!
		timeout 100 cpa_sample_code signOfLife=1 runTests=2 >/tmp/qatlib.2 2>&1 & b=\$!
		wait \$a && wait \$b && [ \$(grep -h 'completed successfully' /tmp/qatlib.[12] | wc -l) = 2 ]; rc=\$?
		rm -f /tmp/qatlib.[12]; exit \$rc" || return 1
	echo "transfers of VFs: $before before, $(card 'sorted(v.items())') after"
	[ "$(card "sorted(v) == [0, 1] and all(v[n] > x for n, x in $before)")" = True ]
}
check "two processes at once, each with a VF" two
check "the VFs are given back" give
none() { ! sample runTests=2 && grep -iE 'could not|no devices' "$work/out"; }
check "without VFs the library says so" none
manager_end

services dc || bail "the card does dc"
check "the card does dc, and has VFs again" take 1
check "DEFLATE and LZ4, there and back, with checksums and verified" group dc 25 runTests=32 includeLZ4=1
check "the VFs are given back" give
finish
