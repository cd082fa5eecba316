# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
# scripts/bench's part for QATs: VDEVs beside VFs of cards of the same kind, both driven by DPDK in a guest.

# shellcheck source=scripts/lib/qat-dpdk.sh
. "$here/lib/qat-dpdk.sh"

# qat_uuid N: that of a VDEV
qat_uuid() { printf '6d1c1d3e-%04x-4a6b-9df0-aaaaaaaaaaaa' $((0x100 + $1)); }

# qat_boot N [CPUS]: a server with N QATs, and their BDFs in $qat. Nothing here needs more CPUs, and a third would have to share those of this
# machine; but one has interrupt vectors for three QATs only.
qat_boot() {
	boot "${2:-2}" 3G --vfs 8 --ports 0 --qats "$1"
	read -ra qat < <(host "set -e; modprobe qat_4xxx; modprobe hdiov_qat; lspci -Dn -d 8086:4940 | cut -d' ' -f1 | tr '\n' ' '; echo")
}

# qat_create CARD TYPE UUID...: hdiov_qat looks every now and then what a card does now
qat_create() {
	host "dir=/sys/class/mdev_bus/$1/mdev_supported_types/4xxx-$2 i=0
		until [ \"\$(cat \$dir/available_instances 2>/dev/null)\" -gt 0 ] 2>/dev/null; do
			sleep 0.2; i=\$((i + 1)); [ \$i -lt 150 ] || { echo '$1 has no $2'; exit 1; }
		done
		for u in ${*:3}; do echo \$u >\$dir/create || exit 1; done"
}

# What is counted while a program of DPDK runs, from its start to its end: traps into hdiov by class (a VF has none), exits of the guest and
# those for device memory by KVM, interrupts of the card, tails written, and requests last. Nobody else uses guest and card meanwhile.
qat_classes=(ring config other exits mmio_exits interrupts tails)

# qat_counts WAY SERVICE
qat_counts() {
	host "case $1 in
		vf) printf '0 0 0 ' ;;
		*) awk '{ n = \$2 + \$3 } \$1 == \"ring\" { r += n; next } \$1 == \"config\" { c += n; next } NR > 1 { o += n }
			END { printf \"%d %d %d \", r, c, o }' /sys/kernel/debug/hdiov/*/${qat_vdev[$2]}/traps ;;
		esac
		for c in exits mmio_exits; do
			cat /sys/kernel/debug/kvm/\$(l2 pid $guest)-*/\$c | awk '{ printf \"%d \", \$1 }'
		done"
	"$tb" qmp qom-get "{\"path\":\"/machine/peripheral/qat${qat_card[$1 $2]}\",\"property\":\"stats\"}" |
		/usr/bin/python3 -c 'import json, sys; s = json.load(sys.stdin)
print(sum(s["interrupts-" + k] for k in ("ims", "msix", "vf")), s["doorbells-tx"], sum(s["requests-" + k] for k in ("sym", "asym", "dc")))'
}

# What the programs print. Cycles of the clock that all guests share, $mhz, have more digits than the programs' own rates.

# qat_pair TEST UNIT: of "lcore;what;rate" on standard input, one line for each of two queue pairs that worked at the same time (1 is the VDEV's,
# 2 the VF's) and what: "TEST what;way;rate;UNIT". When the faster one has ended the other has the guest's processor for itself and goes twice
# as fast: which is taken out of its time.
qat_pair() {
	awk -F';' -v "test=$1" -v "unit=$2" '{
			if (!($2 in seen)) order[n++] = $2
			seen[$2]++
			t[$1, $2] = 1 / $3
		}
		END {
			for (i = 0; i < n; i++) {
				what = order[i]
				vdev = t[1, what]
				vf = t[2, what]
				if (seen[what] != 2 || !vdev || !vf) exit 1
				printf "%s%s;vdev;%s;%s\n", test, what, 1 / (vdev > vf ? 2 * vdev - vf : vdev), unit
				printf "%s%s;vf;%s;%s\n", test, what, 1 / (vf > vdev ? 2 * vf - vdev : vf), unit
			}
		}'
}
# Of crypto-perf's lines: lcore, size, burst, ..., cycles for a request. The first size is there to warm up: one thread begins while the other
# still prepares.
qat_crypto_rates() {
	awk -F, -v "mhz=$mhz" -v "asym=${2:-}" '/^ *[0-9]+,[0-9]+,/ {
			if (!warm) warm = $2
			if ($2 != warm) printf "%d;%s;%s\n", $1, (asym ? "" : " " $2 " bytes"), mhz * 1000 / $10
		}' | qat_pair "$1" krequests/s
}
# The size of an exponent is no buffer's
qat_asym_rates() { qat_crypto_rates "$1" asym; }
# Of compress-perf's: cycles for each of the operations that the file is cut into, to enqueue it and until it has been dequeued, there and back
qat_dc_rates() {
	awk -v "mhz=$mhz" '/Number of ops:/ { ops = $NF } /Total memory allocation:/ { bytes = $NF }
		$2 ~ /^[0-9]+$/ && $5 == "|" {
			printf "%d;: deflate;%s\n%d;: inflate;%s\n", $1, bytes * 8 * mhz / ops / ($12 + $13), $1, bytes * 8 * mhz / ops / ($14 + $15)
		}' | qat_pair "$1" Mbit/s
}

# qat_run LCORES "DEVICE..." PROGRAM ARGUMENT...: in the guest
qat_run() { "$tb" run --timeout 270 l2 run --timeout 260 "$guest" "$(qat_dpdk "$3" "$1" "$2" "${@:4}")"; }

# qat_measure RUN TEST SERVICE RATES PROGRAM ARGUMENT...: both at the same time, by two threads that have the guest's one processor in turns, some
# hundred times a second: what else the machine does meets both. Run 0 does not count. What each way takes is counted once, of it alone.
qat_measure() {
	local n=$1 test=$2 service=$3 rates=$4 way i text before now name value unit
	shift 4

	text=$(qat_run 0@0,1@0,2@0 "${qat_in_guest[vdev $service]} ${qat_in_guest[vf $service]}" "$@" | "$rates" "$test")
	[ -n "$text" ] || { echo "$1 gave no rates: $test" >&2; exit 1; }
	[ "$n" != 0 ] || return 0
	while IFS=';' read -r name way value unit; do result "$name" "$way" "$n" "$value" "$unit"; done <<<"$text"
	[ "$n" = 1 ] || return 0
	for way in vdev vf; do
		read -r -d '' -a before < <(qat_counts "$way" "$service") || true
		qat_run 0@0,1@0 "${qat_in_guest[$way $service]}" "$@" >/dev/null
		read -r -d '' -a now < <(qat_counts "$way" "$service") || true
		for i in "${!qat_classes[@]}"; do
			result "${qat_classes[i]}: $test" "$way" "$n" \
				"$(awk "BEGIN { print (${now[i]} - ${before[i]}) * 1000 / (${now[-1]} - ${before[-1]}) }")" "per 1000 requests"
		done
	done
}

# qat_crypto RUN TEST SERVICE REQUESTS ARGUMENT...
qat_crypto() {
	local rates=qat_crypto_rates pool=4096

	# These are small, and the program gives up when all are on their way.
	if [ "$3" = asym ]; then rates=qat_asym_rates pool=16384; fi
	qat_measure "$1" "$2" "$3" $rates dpdk-test-crypto-perf --ptest throughput --csv-friendly --total-ops "$4" --burst-sz 32 \
		--pool-sz $pool "${@:5}"
}

# qat_dc RUN TEST HUFFMAN: a pass over the file takes the VDEV or the VF 4 ms, as long as the guest's scheduler lets one of them run: only hundreds of
# passes have in them equally much of both
qat_dc() {
	local passes=600

	[ $quick = no ] || passes=100
	qat_measure "$1" "$2" dc qat_dc_rates dpdk-test-compress-perf --ptest pmd-cyclecount --cc-delay-us 0 --driver-name compress_qat \
		--input-file /tmp/input --huffman-enc "$3" --num-iter $passes --compress-level 1 --operation comp_and_decomp --seg-sz 8192 --pool-sz 256 \
		--burst-sz 8
}

# What runs for a service: SERVICE RUN
qat_tests() {
	local aes="--devtype crypto_qat --cipher-key-sz 16 --cipher-iv-sz 16 --cipher-op encrypt" sizes=64,512,4096

	[ $quick = no ] || sizes=512
	case $1 in
	sym)
		# shellcheck disable=SC2086
		qat_crypto "$2" "AES-CBC and HMAC-SHA256" sym 16384 --optype cipher-then-auth $aes --cipher-algo aes-cbc \
			--auth-algo sha2-256-hmac --auth-op generate --auth-key-sz 64 --digest-sz 32 --buffer-sz 128,$sizes
		# shellcheck disable=SC2086
		qat_crypto "$2" "AES-CTR" sym 16384 --optype cipher-only $aes --cipher-algo aes-ctr --buffer-sz 128,$sizes
		;;
	asym)
		qat_crypto "$2" "modular exponentiation of 1024 bits" asym 8192 --devtype crypto_qat_asym --optype modex --modex-len 128 --buffer-sz 128,64
		;;
	dc)
		qat_dc "$2" "fixed codes" fixed
		qat_dc "$2" "dynamic codes" dynamic
		;;
	esac
}

# bench_qat SERVICE...: of each, one queue pair of a VDEV and one of a VF (which has four)
bench_qat() {
	local n i s vdev_args=() vf_args=() vf mhz
	# Which card, by way and service, and where that way's device is in the guest
	local -A qat_vdev=() qat_card=(["vdev sym"]=0 ["vdev dc"]=0 ["vf sym"]=1 ["vf dc"]=1 ["vdev asym"]=2 ["vf asym"]=3) qat_in_guest=()

	guest=q1 csv=qat.csv
	qat_boot 4
	# With these services the kernel leaves all ring pairs to others, for VDEVs and for VFs
	host "$(qat_services 'sym;dc' "${qat[0]}" "${qat[1]}"); $(qat_services 'asym;dc' "${qat[2]}" "${qat[3]}")"
	for n in 1 3; do host "vfs ${qat[n]} 16 >/run/vfs-$n"; done
	i=0
	for s; do
		i=$((i + 1))
		qat_vdev[$s]=$(qat_uuid $i)
		qat_create "${qat[${qat_card["vdev $s"]}]}" "vqat_$s" "${qat_vdev[$s]}"
		vf=$(host "sed -n ${i}p /run/vfs-${qat_card["vf $s"]}")
		vdev_args+=(--vdev "${qat_vdev[$s]}") vf_args+=(--vf "$vf")
		# In the order of the guest's command line
		qat_in_guest["vdev $s"]=$(printf '%02x:00.0,qat_legacy_capa=1' $i)
		qat_in_guest["vf $s"]=$(printf '%02x:00.0,qat_legacy_capa=1' $(($# + i)))
	done
	mhz=$(host "sed -n 's/^cpu MHz.*: //p' /proc/cpuinfo | head -n 1")
	say "a guest whose DPDK has a VDEV and a VF for each of: $*"
	host "l2 start $guest --dpdk --mem 700 ${vdev_args[*]} ${vf_args[*]} --no-wait; l2 wait --timeout 900 $guest" 960
	guest "$(qat_bind)" | tee "$out/qat-guest.txt"
	[ "$(awk '{ print $2 }' "$out/qat-guest.txt" | sort | uniq -c | awk '{ printf "%s %s ", $1, $2 }')" = "$# 0x0da5 $# 0x4941 " ]
	for n in $(runs_left); do
		say "run $n of $runs"
		for s; do qat_tests "$s" "$n"; done
		run_done "$n"
	done
	host "l2 stop $guest"
	py qat "$out/qat.csv" "$out/qat.svg" | tee "$out/qat.txt"
}

# bench_qat_life: how long VDEVs and VFs take until a guest can have them, and how many a card has
bench_qat_life() {
	local n

	"$tb" build tests
	qat_boot 2
	"$tb" push "$cache/tests/bench" /root
	host "modprobe vfio-pci; $(qat_services sym "${qat[@]}")"
	host "vfs ${qat[1]} 0"
	for n in 16 64; do
		say "$n VDEVs"
		into "qat-life-vdev-$n.csv" 1200 "yes '' | HDIOV_PF=${qat[0]} ./bench -w -t vqat_sym -n $n -r $runs"
	done
	# The card has 16 or none
	say "16 VFs"
	into qat-life-vf-16.csv 1200 "yes '' | ./bench -w -V ${qat[1]} -n 16 -r $runs"
	py qat-life "$out" | tee "$out/qat-life.txt"
}

# qat_many_rates TEST RUN: what qat_many prints, as lines of the part's file: the rate of all ring pairs together, the slowest one's part of the
# fastest one's, and of 1000 requests what trapped and the tails and heads written
qat_many_rates() {
	awk -F, -v "test=$1" -v "run=$2" '/^#/ { next }
		$2 == "ns" { seconds[$1] = $3 / 1e9; next }
		$2 == "traps" || $2 == "doorbells" || $2 == "all" { counts[$1, $2] = $3; next }
		{
			all[$1] += $3
			if (!($1 in least) || $3 < least[$1]) least[$1] = $3
			if ($3 > most[$1]) most[$1] = $3
		}
		END {
			for (i = split("vdev vf", ways, " "); i; i--) {
				way = ways[i]
				if (!all[way] || !seconds[way] || !counts[way, "all"]) exit 1
				printf "%s,%s,%s,%s,krequests/s\n", test, way, run, all[way] / seconds[way] / 1000
				printf "%s,%s,%s,%s,slowest to fastest\n", test, way, run, least[way] / most[way]
				for (j = split("traps doorbells", kinds, " "); j; j--)
					printf "%s: %s,%s,%s,%s,per 1000 requests\n", kinds[j], test, way, run, counts[way, kinds[j]] * 1000 / counts[way, "all"]
			}
		}'
}

# bench_qat_many: all ring pairs of a card at once, those of VDEVs and those of VFs of another card. One program plays all guests: as many real
# ones would share the processors, and it is them that would be measured.
bench_qat_many() {
	local n s i number numbers=(1 4 16 60) turns=9 text vdevs vfs services=(asym sym dc)
	# ms of a turn, and requests in flight of a ring pair: exponentiations take longest, and each of 60 shall have done some hundred. The
	# more turns the more of what else the machine does meets both.
	local -A turn=([asym]=500 [sym]=200 [dc]=200) depth=([asym]=8 [sym]=16 [dc]=16)

	if [ $quick = yes ]; then numbers=(1 16 60) turns=8; fi
	csv=many.csv
	"$tb" build tests
	# For each service a card for VDEVs and one for VFs
	qat_boot 6 3
	"$tb" push "$cache/tests/qat_many" /root
	for i in 0 1 2; do
		host "set -e; $(qat_services "${services[i]}" "${qat[2 * i]}" "${qat[2 * i + 1]}")
			vfs ${qat[2 * i + 1]} 16 >/dev/null"
	done
	for i in 0 1 2; do
		host "i=0
			until [ \"\$(cat /sys/class/mdev_bus/${qat[2 * i]}/mdev_supported_types/4xxx-vqat_${services[i]}/available_instances 2>/dev/null)\" -ge 60 ] 2>/dev/null; do
				sleep 0.2; i=\$((i + 1)); [ \$i -lt 150 ] || { echo '${qat[2 * i]} has not 60 of vqat_${services[i]}'; exit 1; }
			done"
	done
	for n in $(runs_left); do
		say "run $n of $runs"
		for i in 0 1 2; do
			s=${services[i]} vdevs=${qat[2 * i]} vfs=${qat[2 * i + 1]}
			for number in "${numbers[@]}"; do
				text=$(host "HDIOV_PF=$vdevs ./qat_many -s $s -n $number -t $turns -m ${turn[$s]} -d ${depth[$s]} -V $vfs")
				printf '%s\n' "$text" | sed -n "s/^#/# $s, $number of each:/p"
				[ "$n" != 0 ] || break
				qat_many_rates "$s $number" "$n" <<<"$text" >>"$out/$csv"
			done
		done
		run_done "$n"
	done
	py qat-many "$out/$csv" "$out/many.svg" | tee "$out/many.txt"
}
