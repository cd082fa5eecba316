#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest whose DPDK works on a VDEV of the QAT, and compares each result, is stopped and goes on, and is migrated by stock QEMU to
# another VDEV and back. A request that is lost or done twice would end it, or be a wrong result.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

u1=6d1c1d3e-0021-4a6b-9df0-cccccccccccc
u2=6d1c1d3e-0022-4a6b-9df0-cccccccccccc
work=$(mktemp -d)
cleanup() {
	rm -rf "$work"
	"$tb" run "l2 stop m1 m2; for u in $u1 $u2; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done; exit 0" >/dev/null 2>&1 || true
}
trap cleanup EXIT

qat=$(host "modprobe qat_4xxx; modprobe hdiov_qat; lspci -Dn -d 8086:4940 | cut -d' ' -f1 | head -n 1")
[ -n "$qat" ] || bail "L1 has a QAT"
type=/sys/class/mdev_bus/$qat/mdev_supported_types/4xxx-vqat_sym
free_before=$(host "cat $type/available_instances")
for u in $u1 $u2; do host "echo $u >$type/create"; done
host "cat /sys/bus/mdev/devices/$u1/serial_number >/sys/bus/mdev/devices/$u2/serial_number"
# faults: how often it was refused its rings, or data, and what registers it does not have were touched
faults() {
	"$tb" qmp qom-get '{"path":"/machine/peripheral/qat0","property":"stats"}' |
		/usr/bin/python3 -c '
import json, sys
s = json.load(sys.stdin)
print(s["ring-faults"], s["data-faults"], s["unknown-reg"])'
}
faults0=$(faults)
start_guest m1 --dpdk --mem 480 --migratable --vdev $u1

# Random data, and what OpenSSL makes of it
/usr/bin/python3 - "$work" <<-'EOT'
import os, subprocess, sys
def value(name, data):
    return name + " =\n" + ",\n".join(", ".join("0x%02x" % x for x in data[i:i + 16]) for i in range(0, len(data), 16)) + "\n"
plain, key, iv = (os.urandom(n) for n in (1024, 16, 16))
cipher = subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", key.hex(), "-iv", iv.hex(), "-nopad"],
                        input=plain, stdout=subprocess.PIPE, check=True).stdout
with open(sys.argv[1] + "/ctr.data", "w") as f:
    f.write(value("plaintext", plain) + value("cipher_key", key) + value("cipher_iv", iv) + value("ciphertext", cipher))
EOT
guest m1 "echo $(gzip -c "$work/ctr.data" | base64 -w 0) | base64 -d | gunzip >/tmp/ctr.data"

# DPDK again and again. A line of /tmp/done for each run whose 2,048 results were right, and "bad" for another
# shellcheck disable=SC2016
begin() {
	guest m1 'set -e
		modprobe uio_pci_generic
		echo 8086 0da5 >/sys/bus/pci/drivers/uio_pci_generic/new_id
		d=$(echo /sys/bus/pci/drivers/uio_pci_generic/0*)
		echo 100 >/proc/sys/vm/nr_hugepages
		mount -t hugetlbfs none /dev/hugepages
		mkdir -p /var/run
		: >/tmp/done
		cat >/tmp/again <<-EOT
			while [ ! -e /tmp/enough ]; do
				timeout 100 dpdk-test-crypto-perf --lcores 0@0,1@0 --huge-unlink=always -a ${d##*/} -- --ptest verify --devtype crypto_qat \
					--total-ops 2048 --burst-sz 32 --buffer-sz 1024 --pool-sz 4096 --test-file /tmp/ctr.data --optype cipher-only \
					--cipher-algo aes-ctr --cipher-op encrypt --cipher-key-sz 16 --cipher-iv-sz 16 >/tmp/out 2>&1
				if grep -qE "^ +1 +1024 +32 +2048 +2048 +[0-9]+ +[0-9]+ +0\$" /tmp/out; then
					echo good >>/tmp/done
				else
					echo bad >>/tmp/done
					cp /tmp/out /tmp/bad
				fi
			done
		EOT
		setsid sh /tmp/again </dev/null >/dev/null 2>&1 &'
}
# good GUEST N: it has N good runs more, and no bad one
runs=0
good() {
	local n out want=$((runs + $2))

	for ((n = 0; n < 60; n++)); do
		out=$(guest "$1" 'cat /tmp/done')
		case $out in
		*bad*)
			guest "$1" 'tail -n 20 /tmp/bad'
			return 1
			;;
		esac
		if [ "$(grep -c good <<<"$out")" -ge $want ]; then return 0; fi
		sleep 1
	done
	echo "runs: $out"
	guest "$1" 'tail -n 5 /tmp/out'
	return 1
}
count_runs() { runs=$(guest "$1" 'grep -c good /tmp/done' || true); }

check "DPDK in the guest begins" begin
check "its results are right" good m1 1
count_runs m1

stop_and_go() {
	local n

	for ((n = 0; n < 12; n++)); do
		host "l2 qmp m1 stop >/dev/null; l2 qmp m1 cont >/dev/null; sleep 0.$((n % 4))"
	done
	good m1 2
}
check "stopped and on again, twelve times" stop_and_go

# to UUID SOURCE TARGET: the guest goes from one QEMU to another
to() {
	count_runs "$2"
	host "l2 start $3 --incoming --dpdk --mem 480 --vdev $1 && l2 migrate $2 $3 && l2 stop $2" && good "$3" 2
}
check "migrated to another VDEV while it works" to $u2 m1 m2
check "and back" to $u1 m2 m1

silent() {
	local now

	now=$(faults)
	echo "$faults0 before, $now now"
	[ "$now" = "$faults0" ]
}
check "the card has seen no fault" silent

all_back() {
	local now

	host 'l2 stop m1'
	for u in $u1 $u2; do vdev_remove "$u"; done
	now=$(host "cat $type/available_instances")
	echo "available: $free_before before, $now now"
	[ "$now" = "$free_before" ]
}
check "all ring pairs are back" all_back
finish
