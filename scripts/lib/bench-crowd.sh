# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
# scripts/bench's part for many guests at once: how long they take from their start to a ping, and what each gets of the card, with a VDEV each and with a
# virtual function each; and the same while somebody uses every other VDEV that the card has.

# crowd_address N: that of the guest N, in hexadecimal; "l2 clone" makes an IP address of it
crowd_address() { printf '02:00:00:00:%02x:%02x' $((($1 + 2) >> 8)) $((($1 + 2) & 255)); }
crowd_uuid() { printf '6d1c1d3e-%04x-4a6b-9df0-bbbbbbbbbbbb' "$1"; }

# In L1, counts WAY FIRST N: bytes that so many of a way's devices have sent, one a line, and the time in seconds
# shellcheck disable=SC2016
crowd_counts='
	counts() {
		case $1 in
		vdev) for u in $(tail -n +$(($2 + 1)) crowd-guests | head -n $3 | cut -d" " -f1); do cat /sys/bus/mdev/devices/$u/statistics/tx_bytes; done ;;
		vf) ip -s -j link show dev $(ls /sys/bus/pci/devices/$pf1/net) | jq -r ".[0].vfinfo_list[$2:$2 + $3][] | .stats.tx | (.tx_bytes // .bytes)" ;;
		esac
		cut -d" " -f1 /proc/uptime
	}'

# In L1: iperf3 on the peer has N guests send without an end, each as soon as it has said hello to its server, and all stand still. Among guests
# that send as fast as they can another never gets so far.
# shellcheck disable=SC2016
crowd_gather='
	i=0
	l2 pause $names
	for name in $names; do
		l2 resume $name
		ip=10.1.$(((i + 2) >> 8)).$(((i + 2) & 255)) n=0 pid=
		before=$(counts $way $i 1 | head -n 1)
		until [ $(($(counts $way $i 1 | head -n 1) - before)) -gt 50000 ]; do
			if [ -z "$pid" ] || ! kill -0 $pid 2>/dev/null; then
				ip netns exec $peer nice -n 20 iperf3 -c $ip -R -u -b 10G -l 1470 -P $flows -t 3600 --rcv-timeout 3600000 >/dev/null 2>&1 </dev/null &
				pid=$!
			fi
			sleep 0.2
			n=$((n + 1))
			[ $n -lt 300 ] || { echo "$name does not send"; exit 1; }
		done
		l2 pause $name
		i=$((i + 1))
	done'

# crowd_gathered WAY N FLOWS: and then all go on
crowd_gathered() {
	local i names=()

	for ((i = 0; i < $2; i++)); do names+=("crowd-$i"); done
	host "way=$1 flows=$3 peer=${peer[$1]} names='${names[*]}' pf1=$pf1; $crowd_counts; $crowd_gather; l2 resume ${names[*]}" 900
}

# In L1: iperf3 on the peers ends. By SIGKILL: once one of 64 guests sent on for a minute after SIGTERM, in whose handler iperf3 prints, which may be
# what it was doing. The kernel tells the guest either way.
crowd_clients_end='pkill -KILL -x iperf3'

# In L1: the servers in the guests hear that their clients have ended before they stand still: one that did not would go on with it when it is
# gathered anew, and be taken for one that sends to its new client
# shellcheck disable=SC2016
crowd_still='
	n=0 last=
	until now=$(counts $way 0 $many | head -n $many | md5sum); [ "$now" = "$last" ]; do
		last=$now n=$((n + 1))
		[ $n -lt 60 ] || { echo "somebody does not end sending" >&2; exit 1; }
		sleep 1
	done
	l2 pause $names'

# crowd_end WAY N: none of so many guests sends any more, and they stand still, to be gathered anew
crowd_end() {
	local i names=()

	for ((i = 0; i < $2; i++)); do names+=("crowd-$i"); done
	host "way=$1 many=$2 names='${names[*]}' pf1=$pf1; $crowd_counts; $crowd_clients_end; $crowd_still" 900
}

# crowd_measure RUN TEST WAY N: in the middle of it, Mbit/s of each by the card's own counters
crowd_measure() {
	local n=$1 test=$2 way=$3 many=$4 i before now

	mapfile -t now < <(host "pf1=$pf1; $crowd_counts
		sleep 2
		counts $way 0 $many
		sleep $crowd_seconds
		counts $way 0 $many" 900)
	[ ${#now[@]} = $((2 * (many + 1))) ] || { echo "bench: $test: not all of $many have counters" >&2 && return 1; }
	before=("${now[@]:0:many + 1}") now=("${now[@]:many + 1}")
	for ((i = 0; i < many; i++)); do
		result "$test" "$way" "$n" "$(awk "BEGIN { print (${now[i]} - ${before[i]}) * 8 / 1e6 / (${now[many]} - ${before[many]}) }")" Mbit/s
	done
}

# crowd_start RUN WAY N: so many guests at once, and the seconds of each
crowd_start() {
	local name seconds times

	case $2 in
	vdev) times=$("$tb" run --timeout 900 "nice -n 20 l2 clone --timeout 800 crowd ${crowd_vdev[*]:0:$3}") ;;
	vf) times=$("$tb" run --timeout 900 "nice -n 20 l2 clone --timeout 800 crowd ${crowd_vf[*]:0:$3}") ;;
	esac
	while read -r name seconds; do result "$3 guests: start to ping" "$2" "$1" "$seconds" s; done <<<"$times"
}

# crowd_most RUN N: so many guests send, and then somebody by all other VDEVs of the card, too, but not before the guests do: beside hundreds of VDEVs
# that send, each of them would take seconds to go on, and iperf3 give up
crowd_most() {
	local others=$((vdevs - $2)) from to pid line vdev frames ns

	coproc { "$tb" run --timeout 1800 "HDIOV_PF=$pf nice -n 20 ./senders -n $others"; }
	pid=$!
	# Ours: bash closes its own when the other end is gone
	exec {from}<&"${COPROC[0]}" {to}>&"${COPROC[1]}"
	read -r line <&"$from"
	[ "$line" = ready ] || { echo "bench: senders said: $line" >&2 && return 1; }
	crowd_gathered vdev "$2" 1
	crowd_measure "$1" "$2 guests send 1 flows" vdev "$2"
	say "and $others other VDEVs"
	echo >&"$to"
	crowd_measure "$1" "$2 guests of $vdevs VDEVs send" vdev "$2"
	# The others end sooner without them
	host "$crowd_clients_end; l2 stop --all"
	echo >&"$to"
	while IFS=, read -r vdev frames ns <&"$from"; do
		result "the other $others of $vdevs send" vdev "$1" "$(awk "BEGIN { print $frames * 1514 * 8 * 1e3 / $ns }")" Mbit/s
	done
	exec {from}<&- {to}>&-
	wait $pid
}

bench_crowd() {
	local n many way i peers numbers=() flows=(4 1) crowd_seconds=10 most crowd_vdev=() crowd_vf=()
	local -A peer=([vdev]=peer [vf]=peer1)

	for n in 1 8; do
		if [ $n -lt "$guests" ]; then numbers+=("$n"); fi
	done
	numbers+=("$guests")
	if [ $quick = yes ]; then numbers=($((guests < 8 ? guests : 8))) flows=(1) crowd_seconds=5; fi
	most=${numbers[-1]} csv=crowd.csv
	"$tb" build tests
	# Of memory, 96 MB for each guest, and 50 for its QEMU, which VFIO has all in memory; 1.4 for each VDEV that is used without one
	boot 4 $((most * 150 + vdevs * 2 + 1500))M --ports 2 --vfs "$most"
	two_cards
	"$tb" push "$cache/tests/senders" /root
	host 'l2 template crowd; for p in peer peer1; do ip -n $p addr add 10.1.0.1/16 dev up0; done'
	mapfile -t crowd_vf < <(host "vfs $pf1 $most")
	for ((i = 0; i < most; i++)); do
		crowd_vdev+=("$(crowd_uuid "$i")")
		printf '%s %s\n' "$(crowd_uuid "$i")" "$(crowd_address "$i")"
	done >"$out/crowd-guests"
	"$tb" push "$out/crowd-guests" /root
	host "set -e
		i=0
		while read -r uuid mac; do
			echo \$uuid >/sys/class/mdev_bus/$pf/mdev_supported_types/ice-avf-1/create
			echo \$mac >/sys/bus/mdev/devices/\$uuid/mac
			ip link set dev \$(ls /sys/bus/pci/devices/$pf1/net) vf \$i mac \$mac
			i=\$((i + 1))
		done <crowd-guests"
	# Who measures does not wait for a processor among those who are measured, which are started by "nice -n 20" from now on: 64 guests that
	# send would keep it from beginning for minutes
	host 'renice -n -20 -p $(pidof sshd sshd-session) >/dev/null'
	# What is done for the first time takes longer
	for i in "${crowd_vdev[0]}" "${crowd_vf[0]}"; do host "nice -n 20 l2 clone --timeout 250 crowd $i >/dev/null && l2 stop --all"; done
	for n in $(runs_left); do
		[ "$n" != 0 ] || continue
		say "run $n of $runs"
		for many in "${numbers[@]}"; do
			for way in vdev vf; do
				say "$many guests with a ${way^^} each"
				crowd_start "$n" $way "$many"
				for i in "${flows[@]}"; do
					# By one flow at last. To gather them takes seconds for each
					if [ "$i" != 1 ] && [ "$many" -gt 8 ]; then continue; fi
					if [ "$i $many $way" = "1 $most vdev" ]; then
						crowd_most "$n" "$many"
					else
						crowd_gathered $way "$many" "$i"
						crowd_measure "$n" "$many guests send $i flows" $way "$many"
						[ "$i" = 1 ] || crowd_end $way "$many"
					fi
				done
				host "$crowd_clients_end; l2 stop --all"
			done
		done
		run_done "$n"
	done
	py crowd "$out/crowd.csv" "$out/crowd.svg" | tee "$out/crowd.txt"
}
