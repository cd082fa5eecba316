# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
# scripts/bench's part for guests with the stock iavf: VDEVs beside VFs of a card of the same kind, and virtio-net.

# The wire of virtio-net: as the E810's, but from a card of L1's own, bridged to the guest's, to another card of the peer's
wire=(-netdev "hubport,id=near,hubid=99" -device "virtio-net-pci,netdev=near,mac=52:54:00:aa:fe:01,host_mtu=9000,romfile="
	-netdev "hubport,id=far,hubid=99" -device "virtio-net-pci,netdev=far,mac=52:54:00:aa:fe:02,host_mtu=9000,romfile=")
# guest_wire GUEST
guest_wire() { echo "tap=tap-$1; $wire_up"; }
# shellcheck disable=SC2016
wire_up='
	for d in /sys/class/net/*; do
		case $(cat $d/address) in
		52:54:00:aa:fe:01) ip link set ${d##*/} name wire0 ;;
		52:54:00:aa:fe:02) ip link set ${d##*/} netns peer name wire1 ;;
		esac
	done
	[ -e /sys/class/net/br0 ] || ip link add br0 type bridge
	for d in wire0 $tap; do ip link set $d master br0; done
	for d in wire0 $tap br0; do ip link set $d up; done
	ip -n peer addr replace 10.9.0.1/24 dev wire1
	ip -n peer link set wire1 up'
# shellcheck disable=SC2016
servers_up='
	for p in peer peer1; do
		ip netns exec $p sh -c "ss -Hltn sport = :5201 | grep -q . || iperf3 -s -D"
	done'
# Names by the card that a device is on: each has a peer of its own
# shellcheck disable=SC2016
guest_up='
	for d in /sys/class/net/eth*; do
		case $(basename "$(readlink $d/device/driver)") in
		iavf)
			n=vdev0 a=10.0.0.$1/24
			[ "$(basename "$(readlink -f $d/device)")" = "$2" ] || n=vf0 a=10.0.1.$1/24
			;;
		*) n=virtio0 a=10.9.0.$1/24 ;;
		esac
		ip link set ${d##*/} down
		ip link set ${d##*/} name $n
		ip addr add $a dev $n
		ip link set $n up
	done
	for a in 10.0.0.1 10.0.1.1 ${3:-}; do
		i=0
		until ping -q -c 1 -W 1 $a >/dev/null; do i=$((i + 1)); [ $i -lt 60 ] || { echo "no answer from $a"; exit 1; }; done
	done'
declare -A address=([vdev]=10.0.0.1 [vf]=10.0.1.1 [calm]=10.0.0.1 [calmvf]=10.0.1.1 [virtio]=10.9.0.1)
declare -A card=([vdev]=pf0 [vf]=pf1 [calm]=pf0 [calmvf]=pf1)
one_queue=(vdev vf calm calmvf virtio)

# How often VDEV and VF may interrupt for what it has sent. The driver's own way (adaptive, 50 us and less) is made for processors that send
# some ten packets in that time; an emulated one does not send even one, and is interrupted for each. The calm way gives it time for as
# many. virtio-net does not interrupt for packets that were sent.
# moderate WAY
moderate() {
	case $1 in
	vdev | vf) guest "ethtool -C ${1}0 adaptive-tx off tx-usecs 50 && ethtool -C ${1}0 adaptive-tx on" ;;
	calm) guest 'ethtool -C vdev0 adaptive-tx off tx-usecs 3000' ;;
	calmvf) guest 'ethtool -C vf0 adaptive-tx off tx-usecs 3000' ;;
	esac
}

# mbits WAY ARGUMENT...: of iperf3, that arrived. Its server hangs up when a busy machine takes longer than it expects, which says nothing.
mbits() {
	local way=$1 _
	shift

	for _ in 1 2 3; do
		guest "iperf3 -J -t 3 -c ${address[$way]} $*" | py iperf && return
		say "$way: once more" >&2
	done
	return 1
}

# measure RUN TEST ARGUMENT...: iperf3 by each way, one right after the other: they find the machine equally busy. Mbit/s that arrived.
# The ways are those of \$ways; run 0 does not count.
measure() {
	local n=$1 test=$2 way bits
	shift 2

	for way in "${ways[@]}"; do
		moderate "$way"
		[ -z "${card[$way]:-}" ] || count before "$way"
		bits=$(mbits "$way" "$@")
		[ -z "${card[$way]:-}" ] || count after "$way" "$n" "$test"
		[ "$n" = 0 ] || result "$test" "$way" "$n" "$(awk "BEGIN { print $bits / 1e6 }")" Mbit/s
	done
}

# guest_one TEST...: of one queue pair
guest_one() {
	local n t len way ms sizes=(64 128 256 512 1024 1470) pings=(56 120 248 504 1016 1462) ways=("${one_queue[@]}")

	if [ $quick = yes ]; then sizes=(512) pings=(56 1462); fi
	guest=g1 csv=guest.csv uuid=$guest_vdev1
	say "a guest with a VDEV, a VF and a virtio-net card: $*"
	host "l2 start g1 --vdev $uuid --vf ${guest_vf[0]} --net" 600
	host "$(guest_wire g1); $servers_up"
	guest "set -- 2 0000:01:00.0 10.9.0.1; $guest_up"
	for n in $(runs_left); do
		say "run $n of $runs"
		for t; do
			case $t in
			tcp)
				measure "$n" "TCP out"
				measure "$n" "TCP in" -R
				;;
			udp)
				for len in "${sizes[@]}"; do
					measure "$n" "UDP out $len bytes" -u -b 10G -P 4 -l "$len"
					measure "$n" "UDP in $len bytes" -u -b 10G -P 4 -l "$len" -R
				done
				;;
			ping)
				for len in "${pings[@]}"; do
					for way in "${ways[@]}"; do
						moderate "$way"
						ms=$(guest "ping -q -c 100 -i 0.02 -s $len ${address[$way]}" | average)
						[ "$n" = 0 ] || result "ping of $len bytes" "$way" "$n" "$ms" ms
					done
				done
				;;
			esac
		done
		run_done "$n"
	done
	host 'l2 stop g1'
	py guest "$out/$csv" "$out/guest.svg" | tee "$out/guest.txt"
}

# queues_of NUMBER: both interfaces of the guest have so many queues in use from now on
queues_of() {
	guest "for n in vdev0 vf0; do
			[ \"\$(ethtool -l \$n | sed -n 's/^Combined:[^0-9]*//p' | tail -n 1)\" = $1 ] || ethtool -L \$n combined $1
		done
		for a in 10.0.0.1 10.0.1.1; do
			i=0
			until ping -q -c 1 -W 1 \$a >/dev/null; do i=\$((i + 1)); [ \$i -lt 60 ] || exit 1; done
		done"
}

# guest_queues: of four queue pairs, of which so many are in use as there are flows
guest_queues() {
	local n q ways=(vdev vf) numbers=(1 2 4)

	if [ $quick = yes ]; then numbers=(1 4); fi
	guest=g4 csv=queues.csv uuid=$guest_vdev4
	say "a guest with a VDEV and a VF of four queue pairs each"
	host "$servers_up
		l2 start g4 --smp 4 --mem 320 --vdev $uuid --vf ${guest_vf[1]}" 600
	guest "set -- 4 0000:01:00.0; $guest_up"
	for n in $(runs_left); do
		say "run $n of $runs"
		for q in "${numbers[@]}"; do
			queues_of $q
			measure "$n" "UDP out 512 bytes by $q queues" -u -b 10G -l 512 -P $q
			measure "$n" "UDP in 512 bytes by $q queues" -u -b 10G -l 512 -P $q -R
			measure "$n" "TCP out by $q queues" -P $q
			measure "$n" "TCP in by $q queues" -P $q -R
		done
		run_done "$n"
	done
	host 'l2 stop g4'
	py guest "$out/$csv" "$out/queues.svg" | tee "$out/queues.txt"
}

# What serves files in the guest: as the paper's, a worker for each CPU, connections that stay, files sent by the kernel, no log of each request
# shellcheck disable=SC2016
nginx_up='
	mkdir -p /tmp/www /tmp/nginx
	head -c 1024 /dev/urandom >/tmp/www/1
	head -c 102400 /dev/urandom >/tmp/www/100
	cat >/tmp/nginx.conf <<-EOT
	user root;
	worker_processes auto;
	pid /run/nginx.pid;
	error_log /tmp/nginx.err;
	events { worker_connections 1024; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		keepalive_timeout 65;
		keepalive_requests 1000000;
		client_body_temp_path /tmp/nginx/body;
		proxy_temp_path /tmp/nginx/proxy;
		fastcgi_temp_path /tmp/nginx/fastcgi;
		uwsgi_temp_path /tmp/nginx/uwsgi;
		scgi_temp_path /tmp/nginx/scgi;
		server {
			listen 80;
			root /tmp/www;
		}
	}
	EOT
	nginx -c /tmp/nginx.conf -e /tmp/nginx.err || { cat /tmp/nginx.err >&2; exit 1; }'

# asks WAY KB CONCURRENCY REQUESTS: requests a second, and the longest time that one took, ms; all must have been answered with the whole file
asks() {
	local netns=peer at=${address[$1]%.*}.2

	case $1 in *vf) netns=peer1 ;; esac
	"$tb" run --timeout 600 "ip netns exec $netns ab -q -k -s 120 -n $4 -c $3 http://$at/$2" | awk -v "n=$4" -v "bytes=$(($2 * 1024))" '
		/^Complete requests:/ { complete = $3 }
		/^Failed requests:/ { failed = $3 }
		/^Non-2xx responses:/ { failed += $3 }
		/^Document Length:/ { length_is = $3 }
		/^Requests per second:/ { rate = $4 }
		/^Total:/ { most = $6 }
		{ said = said $0 "\n" }
		END {
			if (complete != n || failed != "0" || length_is != bytes || !rate) {
				printf "%s", said >"/dev/stderr"
				exit 1
			}
			print rate, most
		}'
}

# guest_nginx: of one queue pair, a server in the guest, which the peer asks for files
guest_nginx() {
	local n kb c way per_second most at_a_time=(1 8 32 128) ways=(vdev vf virtio)
	local -A requests=([1]=2000 [100]=500)

	if [ $quick = yes ]; then requests=([1]=500 [100]=200) at_a_time=(1 32); fi
	guest=w1 csv=nginx.csv uuid=$guest_vdev1
	say "a guest with nginx, a VDEV, a VF and a virtio-net card"
	host "l2 start w1 --dpdk --vdev $uuid --vf ${guest_vf[0]} --net" 600
	host "$(guest_wire w1)"
	guest "set -- 2 0000:01:00.0 10.9.0.1; $guest_up; $nginx_up"
	for n in $(runs_left); do
		say "run $n of $runs"
		for kb in 1 100; do
			for c in "${at_a_time[@]}"; do
				for way in "${ways[@]}"; do
					moderate "$way"
					[ -z "${card[$way]:-}" ] || count before "$way"
					read -r per_second most < <(asks "$way" $kb "$c" "${requests[$kb]}") || { echo "nginx by $way did not answer as it should" >&2; exit 1; }
					[ -z "${card[$way]:-}" ] || count after "$way" "$n" "$kb kB by $c at a time"
					[ "$n" != 0 ] || continue
					result "$kb kB by $c at a time" "$way" "$n" "$per_second" requests/s
					result "$kb kB by $c at a time" "$way" "$n" "$most" "ms at most"
				done
			done
		done
		run_done "$n"
	done
	host 'l2 stop w1'
	py guest "$out/$csv" "$out/nginx.svg" | tee "$out/nginx.txt"
}

# bench_guest TEST...: of tcp, udp, ping, queues, nginx
bench_guest() {
	local t one=() others=() u

	guest_vdev1=6d1c1d3e-0009-4a6b-9df0-aaaaaaaaaaaa
	guest_vdev4=6d1c1d3e-000a-4a6b-9df0-aaaaaaaaaaaa
	boot 4 3G --ports 2 --vfs 8 -- "${wire[@]}"
	two_cards
	mapfile -t guest_vf < <(host "vfs $pf1 2 none")
	one_vdev $guest_vdev1 avf-1
	one_vdev $guest_vdev4 avf-4
	one_vf "${guest_vf[0]}" 1
	one_vf "${guest_vf[1]}" 4
	for t; do
		case $t in
		queues | nginx) others+=("$t") ;;
		*) one+=("$t") ;;
		esac
	done
	if [ ${#one[@]} != 0 ]; then guest_one "${one[@]}"; fi
	for t in "${others[@]}"; do "guest_$t"; done
	for u in $guest_vdev1 $guest_vdev4; do host "echo 1 >/sys/bus/mdev/devices/$u/remove"; done
}
