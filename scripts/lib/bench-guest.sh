# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
# scripts/bench's part for guests with the stock iavf: VDEVs of both layouts beside VFs of a card of the same kind, and virtio-net.

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

# guest_up HOST [ADDRESS...]: shell for a guest whose first device is the VDEV of the AVF layout. Interfaces get names by their devices and drivers,
# and all peers answer, and at these addresses. Both VDEVs are on one wire: only the one that has an address shall answer for it.
guest_up() {
	echo "host=$1 others='${*:2}'"
	# shellcheck disable=SC2016
	echo '
	up() {
		i=0
		until old=$(ls $1/net) && [ -n "$old" ]; do i=$((i + 1)); [ $i -lt 300 ] || { echo "$1 has no interface"; exit 1; }; sleep 0.1; done 2>/dev/null
		ip link set $old down
		ip link set $old name $2
		ip addr add $3.$host/24 dev $2
		ip link set $2 up
	}
	echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
	modprobe iavf_vdcm || exit
	cd /sys/bus/pci/drivers
	for d in iavf/0*; do
		if [ ${d#*/} = 0000:01:00.0 ]; then up $d vdev0 10.0.0; else up $d vf0 10.0.1; fi
	done
	up iavf_vdcm/0* vdcm0 10.0.8
	for d in /sys/bus/virtio/drivers/virtio_net/virtio*; do
		[ ! -e $d ] || up $d virtio0 10.9.0
	done
	for a in 10.0.0.1 10.0.1.1 10.0.8.1 $others; do
		i=0
		until ping -q -c 1 -W 1 $a >/dev/null; do i=$((i + 1)); [ $i -lt 60 ] || { echo "no answer from $a"; exit 1; }; done
	done'
}

# The ways: a VDEV of the AVF layout, for iavf as it is, which re-arms its interrupts by a register that traps; vdcm, a VDEV of the paper's layout, of
# which nothing traps, for iavf with other offsets; a VF; the same calm, see below. By which address each reaches its peer, and of which card it is.
declare -A address=([vdev]=10.0.0.1 [vdcm]=10.0.8.1 [vf]=10.0.1.1 [calm]=10.0.0.1 [calmvdcm]=10.0.8.1 [calmvf]=10.0.1.1 [virtio]=10.9.0.1)
declare -A card=([vdev]=pf0 [vdcm]=pf0 [vf]=pf1 [calm]=pf0 [calmvdcm]=pf0 [calmvf]=pf1) uuid=()
plain=(vdev vdcm vf virtio) calm=(calm calmvdcm calmvf)

# How often VDEVs and VF may interrupt for what they have sent. The driver's own way (adaptive, 50 us and less) is made for processors that send
# some ten packets in that time; an emulated one does not send even one, and is interrupted for each. The calm way gives it time for as
# many. virtio-net does not interrupt for packets that were sent.
# moderate WAY
moderate() {
	local to=own

	case $1 in
	calm*) to=calm ;;
	virtio) return ;;
	esac
	[ "$moderation" != $to ] || return 0
	# shellcheck disable=SC2016
	case $to in
	own) guest 'for n in vdev0 vdcm0 vf0; do ethtool -C $n adaptive-tx off tx-usecs 50 && ethtool -C $n adaptive-tx on || exit; done' ;;
	calm) guest 'for n in vdev0 vdcm0 vf0; do ethtool -C $n adaptive-tx off tx-usecs 3000 || exit; done' ;;
	esac
	moderation=$to
}

# run_by WAY COMMAND: in L1, with that way's moderation. What it prints is in $said; and counts are taken, if that way has any.
run_by() {
	moderate "$1"
	if [ -n "${card[$1]:-}" ]; then
		counting "$1" "$2"
	else
		said=$(host "$2" 600)
	fi
}

# counted_by RUN TEST WAY: and tell what was counted
counted_by() { [ -z "${card[$3]:-}" ] || counted "$@"; }

# in_guest COMMAND: in L1, a command that does this in the guest
in_guest() { printf 'l2 run --timeout 120 %s %q' "$guest" "$1"; }

# measure RUN TEST ARGUMENT...: iperf3 by each way, one right after the other: they find the machine equally busy. Mbit/s that arrived.
# The ways are those of $ways; run 0 does not count. iperf3's server hangs up when a busy machine takes longer than it expects, which says nothing.
measure() {
	local n=$1 test=$2 way bits try
	shift 2

	for way in "${ways[@]}"; do
		for try in 1 2 3 no; do
			[ $try != no ] || { echo "bench: no result of $test by $way" >&2; exit 1; }
			if run_by "$way" "$(in_guest "iperf3 -J -t 3 -c ${address[$way]} $*")" && bits=$(py iperf <<<"$said"); then break; fi
			say "$way: once more" >&2
		done
		counted_by "$n" "$test" "$way"
		[ "$n" = 0 ] || result "$test" "$way" "$n" "$(awk "BEGIN { print $bits / 1e6 }")" Mbit/s
	done
}

# ways_of LENGTH LENGTHS: the ways that this length of them is measured by. The calm ones are another view of the same, and three lengths will do.
ways_of() {
	ways=("${plain[@]}")
	case " $2 " in *" $1 "*) ways+=("${calm[@]}") ;; esac
}

# guest_one TEST...: of one queue pair
guest_one() {
	local n t len way sizes=(64 128 256 512 1024 1470) pings=(56 120 248 504 1016 1462) ways

	if [ $quick = yes ]; then sizes=(512) pings=(56 1462); fi
	csv=guest.csv
	say "a guest with two VDEVs, a VF and a virtio-net card: $*"
	start_guest g1 1 --net
	host "$(guest_wire g1); $servers_up"
	guest "$(guest_up 2 10.9.0.1)"
	for n in $(runs_left); do
		say "run $n of $runs"
		for t; do
			case $t in
			tcp)
				ways=("${plain[@]}" "${calm[@]}")
				measure "$n" "TCP out"
				measure "$n" "TCP in" -R
				;;
			udp)
				for len in "${sizes[@]}"; do
					ways_of "$len" '64 512 1470'
					measure "$n" "UDP out $len bytes" -u -b 10G -P 4 -l "$len"
					measure "$n" "UDP in $len bytes" -u -b 10G -P 4 -l "$len" -R
					# To warm up
					[ "$n" != 0 ] || break
				done
				;;
			ping)
				for len in "${pings[@]}"; do
					ways_of "$len" '56 504 1462'
					for way in "${ways[@]}"; do
						run_by "$way" "$(in_guest "ping -q -c 100 -i 0.01 -s $len ${address[$way]}")"
						counted_by "$n" "ping of $len bytes" "$way"
						[ "$n" = 0 ] || result "ping of $len bytes" "$way" "$n" "$(average <<<"$said")" ms
					done
					[ "$n" != 0 ] || break
				done
				;;
			esac
		done
		run_done "$n"
	done
	host 'l2 stop g1'
	py guest "$out/$csv" "$out/guest.svg" | tee "$out/guest.txt"
}

# queues_of NUMBER: all interfaces of the guest have so many queues in use from now on
queues_of() {
	guest "for n in vdev0 vdcm0 vf0; do
			[ \"\$(ethtool -l \$n | sed -n 's/^Combined:[^0-9]*//p' | tail -n 1)\" = $1 ] || ethtool -L \$n combined $1
		done
		for a in 10.0.0.1 10.0.1.1 10.0.8.1; do
			i=0
			until ping -q -c 1 -W 1 \$a >/dev/null; do i=\$((i + 1)); [ \$i -lt 60 ] || exit 1; done
		done"
}

# guest_queues: of four queue pairs, of which so many are in use as there are flows. TCP, which the paper's figure has not, by all queues.
guest_queues() {
	local n q ways=(vdev vdcm vf) numbers=(1 2 4)

	if [ $quick = yes ]; then numbers=(1 4); fi
	csv=queues.csv
	say "a guest with two VDEVs and a VF of four queue pairs each"
	host "$servers_up"
	start_guest g4 4 --smp 4 --mem 352
	guest "$(guest_up 4)"
	for n in $(runs_left); do
		say "run $n of $runs"
		for q in "${numbers[@]}"; do
			queues_of $q
			measure "$n" "UDP out 512 bytes by $q queues" -u -b 10G -l 512 -P $q
			measure "$n" "UDP in 512 bytes by $q queues" -u -b 10G -l 512 -P $q -R
			[ "$n" != 0 ] || break
			[ $q = 4 ] || continue
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

# asks WAY KB CONCURRENCY REQUESTS: what the peer does to ask for files
asks() {
	local netns=peer

	case $1 in *vf) netns=peer1 ;; esac
	echo "ip netns exec $netns ab -q -k -s 120 -n $4 -c $3 http://${address[$1]%.*}.2/$2"
}

# answers KB REQUESTS: of what that prints, requests a second, and the longest time that one took, ms; all must have been answered with the whole file
answers() {
	awk -v "n=$2" -v "bytes=$(($1 * 1024))" '
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
	local n kb c way per_second most at_a_time=(1 8 32 128)
	local -A requests=([1]=2000 [100]=500)

	if [ $quick = yes ]; then requests=([1]=500 [100]=200) at_a_time=(1 32); fi
	csv=nginx.csv
	say "a guest with nginx, two VDEVs, a VF and a virtio-net card"
	start_guest w1 1 --dpdk --net
	host "$(guest_wire w1)"
	guest "$(guest_up 2 10.9.0.1)
		$nginx_up"
	for n in $(runs_left); do
		say "run $n of $runs"
		for kb in 1 100; do
			for c in "${at_a_time[@]}"; do
				for way in "${plain[@]}"; do
					run_by "$way" "$(asks "$way" $kb "$c" "${requests[$kb]}")"
					read -r per_second most < <(answers $kb "${requests[$kb]}" <<<"$said") || { echo "nginx by $way did not answer as it should" >&2; exit 1; }
					counted_by "$n" "$kb kB by $c at a time" "$way"
					[ "$n" != 0 ] || continue
					result "$kb kB by $c at a time" "$way" "$n" "$per_second" requests/s
					result "$kb kB by $c at a time" "$way" "$n" "$most" "ms at most"
				done
				[ "$n" != 0 ] || break
			done
		done
		run_done "$n"
	done
	host 'l2 stop w1'
	py guest "$out/$csv" "$out/nginx.svg" | tee "$out/nginx.txt"
}

# guest_uuid avf|vdcm QUEUES
guest_uuid() {
	case $1 in
	avf) echo "6d1c1d3e-000$2-4a6b-9df0-aaaaaaaaaaaa" ;;
	vdcm) echo "6d1c1d3e-000$2-4a6b-9df0-cccccccccccc" ;;
	esac
}

# start_guest NAME QUEUES ARGUMENT...: with two VDEVs and a VF of so many queue pairs
start_guest() {
	local avf vdcm vf=${guest_vf[0]}

	avf=$(guest_uuid avf "$2") vdcm=$(guest_uuid vdcm "$2")
	[ "$2" = 1 ] || vf=${guest_vf[1]}
	guest=$1 moderation=''
	uuid=([vdev]=$avf [calm]=$avf [vdcm]=$vdcm [calmvdcm]=$vdcm)
	host "l2 start $1 ${*:3} --vdev $avf --vdev $vdcm --vf $vf" 600
}

# bench_guest TEST...: of tcp, udp, ping, queues, nginx
bench_guest() {
	local t one=() others=() queues of

	boot 4 3G --ports 2 --vfs 8 -- "${wire[@]}"
	two_cards
	mapfile -t guest_vf < <(host "vfs $pf1 2 none")
	for queues in 1 4; do
		for of in avf vdcm; do one_vdev "$(guest_uuid $of $queues)" $of-$queues; done
	done
	one_vf "${guest_vf[0]}" 1
	one_vf "${guest_vf[1]}" 4
	host 'ip -n peer addr add 10.0.8.1/24 dev up0'
	for t; do
		case $t in
		queues | nginx) others+=("$t") ;;
		*) one+=("$t") ;;
		esac
	done
	if [ ${#one[@]} != 0 ]; then guest_one "${one[@]}"; fi
	for t in "${others[@]}"; do "guest_$t"; done
	host "for d in /sys/bus/mdev/devices/*/remove; do echo 1 >\$d; done"
}
