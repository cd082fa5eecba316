# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# For the tests that move guests: work that goes on meanwhile, and of which nothing may be missing at the end.

# end_move UUID...: what a test leaves behind when it ends early
end_move() {
	"$tb" run "l2 stop m1 m2; for u in $*; do
		[ ! -e /sys/bus/mdev/devices/\$u ] || echo 1 >/sys/bus/mdev/devices/\$u/remove; done
		[ ! -e /tmp/httpd ] || kill \$(cat /tmp/httpd); rm -rf /tmp/httpd /tmp/www; exit 0" >/dev/null 2>&1 || true
}

# same_serial FROM TO: QEMU takes a VDEV for another device if its serial number is another
same_serial() { host "cat /sys/bus/mdev/devices/$1/serial_number >/sys/bus/mdev/devices/$2/serial_number"; }

# same_address FROM TO: a VDEV of the E810 has the address of another one, whose guest will come
same_address() { host "cd /sys/bus/mdev/devices; echo 1 >$2/mac_shared; cat $1/mac >$2/mac"; }

# move SOURCE TARGET [ARG...]: "l2 migrate", and where the time has gone. What a VDEV does is known from the trace: 2 is RUNNING, 5 RUNNING_P2P, 6 and 7
# the same of PRE_COPY, 1 STOP, 3 STOP_COPY, 4 RESUMING. The rest of the time that the guest stands still is QEMU's, most of it for memory.
exec 3>&1
move() {
	local out devices t=/sys/kernel/tracing

	host "echo >$t/trace; echo 1 >$t/events/hdiov/hdiov_migrate/enable"
	out=$("$tb" run --timeout 320 "l2 migrate ${*:3} $1 $2") || return 1
	echo "$out"
	devices=$(host "echo 0 >$t/events/hdiov/hdiov_migrate/enable; cat $t/trace" | awk '
		match($0, /state=[0-9]->[0-9]/) {
			arc = substr($0, RSTART + 6, 4); sub(/.* ns=/, ""); ns = $0 / 1e6
			if (arc ~ /^(2->5|6->7|5->1|7->3)$/) save += ns
			else if (arc == "4->4") load += ns
			else if (arc ~ /^(1->5|5->2)$/) resume += ns
		}
		END { printf "%.1f ms to save, %.1f to load, %.1f to resume", save, load, resume }')
	printf '# count: %s: %s; VDEVs: %s\n' "$1 to $2" "$out" "$devices" >&3
}

# serve BYTES: the peer offers a file. Not by iperf3, whose server hangs up after a while. Its checksum is in $sum.
serve() {
	host "mkdir -p /tmp/www; head -c $1 /dev/urandom >/tmp/www/f
		setsid ip netns exec peer busybox httpd -f -p 10.0.0.1:8000 -h /tmp/www >/dev/null 2>&1 </dev/null & echo \$! >/tmp/httpd"
	sum=$(host 'sha256sum </tmp/www/f')
}
# stream GUEST: it begins to get the file, by one TCP connection; streamed GUEST: what it has got is what was sent
stream() { guest "$1" 'rm -f /tmp/sum; setsid sh -c "wget -q -O - http://10.0.0.1:8000/f | sha256sum >/tmp/sum" </dev/null >/dev/null 2>&1 &'; }
streamed() {
	# shellcheck disable=SC2016
	guest "$1" 'i=0; until [ -s /tmp/sum ]; do sleep 0.5; i=$((i + 1)); [ $i -lt 200 ] || exit 1; done' || return 1
	[ "$(guest "$1" 'cat /tmp/sum')" = "$sum" ]
}

# files_begin GUEST: it gets the file again and again, and compares. A line of /tmp/files for each that was right, and "bad" for another one, or for
# a connection that broke
files_begin() {
	guest "$1" ": >/tmp/files
		cat >/tmp/get <<-\"EOT\"
			while [ ! -e /tmp/enough ]; do
				sum=\$(wget -q -O - http://10.0.0.1:8000/f | sha256sum)
				if [ \"\$sum\" = '$sum' ]; then echo good; else echo \"bad: \$sum\"; fi >>/tmp/files
			done
		EOT
		setsid sh /tmp/get </dev/null >/dev/null 2>&1 &"
}
# files_good GUEST N: it has got N more since it was asked last, and all were right
files_seen=0
files_good() {
	local n out want=$((files_seen + $2))

	for ((n = 0; n < 100; n++)); do
		out=$(guest "$1" 'cat /tmp/files')
		if [[ $out == *bad* ]]; then break; fi
		files_seen=$(grep -c good <<<"$out" || true)
		if [ "$files_seen" -ge $want ]; then return 0; fi
		sleep 1
	done
	echo "files: $out"
	return 1
}

# dpdk_begin GUEST: its DPDK works on its QAT again and again, and compares each result with what OpenSSL makes of random data. A line of /tmp/done
# for each run whose 2,048 results were right, and "bad" for another. A request that is lost or done twice would end it, or be a wrong result.
dpdk_begin() {
	local dir

	dir=$(mktemp -d)
	/usr/bin/python3 - "$dir" <<-'EOT'
	import os, subprocess, sys
	def value(name, data):
	    return name + " =\n" + ",\n".join(", ".join("0x%02x" % x for x in data[i:i + 16]) for i in range(0, len(data), 16)) + "\n"
	plain, key, iv = (os.urandom(n) for n in (1024, 16, 16))
	cipher = subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", key.hex(), "-iv", iv.hex(), "-nopad"],
	                        input=plain, stdout=subprocess.PIPE, check=True).stdout
	with open(sys.argv[1] + "/ctr.data", "w") as f:
	    f.write(value("plaintext", plain) + value("cipher_key", key) + value("cipher_iv", iv) + value("ciphertext", cipher))
	EOT
	guest "$1" "echo $(gzip -c "$dir/ctr.data" | base64 -w 0) | base64 -d | gunzip >/tmp/ctr.data"
	rm -r "$dir"
	# shellcheck disable=SC2016
	guest "$1" 'set -e
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
# dpdk_good GUEST N: it has N good runs more than dpdk_count GUEST counted last, and no bad one
dpdk_runs=0
dpdk_count() { dpdk_runs=$(guest "$1" 'grep -c good /tmp/done' || true); }
dpdk_good() {
	local n out want=$((dpdk_runs + $2))

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
