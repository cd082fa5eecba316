# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
# scripts/bench's part for containers on the host: from the start of one to a DPDK port that is up, with a VDEV and with a virtual function.

# What a container has: a VDEV; a VF, among all PCI devices of the server, as DPDK finds it; a VF, and sees no other device, as it sees no
# other VDEV; nothing, which is what of the time is not any device's
container_ways=(vdev vf alone none)

# container_uuid N: they differ in what DPDK knows them by
container_uuid() { printf '%08x-0012-4a6b-9df0-aaaaaaaaaaaa' $((0x6d1c0000 + $1)); }

# container_device WAY N: the N-th there is
container_device() {
	case $1 in
	vdev) container_uuid "$2" ;;
	vf | alone) echo "${container_vf[$2]}" ;;
	none) echo none ;;
	esac
}

# container_devices N: so many VDEVs on one card, and VFs on the other as far as there can be
container_devices() {
	local vfs=$1

	[ "$vfs" -le 255 ] || vfs=0
	say "$1 VDEVs and $vfs VFs"
	"$tb" run --timeout 1200 "for d in /sys/bus/mdev/devices/*; do [ ! -e \$d ] || echo 1 >\$d/remove; done
		i=0
		while [ \$i -lt $1 ]; do
			printf '%08x-0012-4a6b-9df0-aaaaaaaaaaaa' \$((0x6d1c0000 + i)) >/sys/class/mdev_bus/$pf/mdev_supported_types/ice-vdcm-1/create
			i=\$((i + 1))
		done"
	mapfile -t container_vf < <("$tb" run --timeout 1200 "vfs $pf1 $vfs")
	[ ${#container_vf[@]} = "$vfs" ] || { echo "bench: ${#container_vf[@]} of $vfs VFs" >&2 && return 1; }
}

# container_start RUN TEST WAY DEVICE...: start containers at once, and end them; the seconds of each. A VF may say that it can be used before
# ice has heard of the reset that vfio-pci gave it, and be reset below net_iavf, which then has no port: that is counted, and tried again.
container_start() {
	local n=$1 test=$2 way=$3 options=() list=() seconds='' device i=0
	shift 3

	[ "$way" != alone ] || options=(--alone)
	for device; do
		list+=("c$i=$device")
		i=$((i + 1))
	done
	for ((i = 0; ; i++)); do
		if seconds=$("$tb" run --timeout 900 "container start ${options[*]} ${list[*]} && container stop --all" | sed 's/.* //') &&
			[ "$(wc -l <<<"$seconds")" = $# ]; then
			break
		fi
		[ $i -lt 3 ] || return 1
		say "$test, $way: a container has no port, once more"
		[ "$n" = 0 ] || result "$test" "$way" "$n" 1 failures
	done
	[ "$n" != 0 ] || return 0
	while read -r device; do result "$test" "$way" "$n" "$device" s; done <<<"$seconds"
}

# container_one RUN NUMBER SAMPLES: of so many devices one after the other, as many as samples, from the first to the last
container_one() {
	local s way at

	for ((s = 0; s < $3; s++)); do
		at=$((s * ($2 - 1) / ($3 > 1 ? $3 - 1 : 1)))
		for way in "${container_ways[@]}"; do
			container_start "$1" "one of $2" "$way" "$(container_device "$way" $at)"
		done
	done
}

# container_many RUN NUMBER AT-ONCE: so many of them start together
container_many() {
	local way i list

	for way in "${container_ways[@]}"; do
		list=()
		for ((i = 0; i < $3; i++)); do list+=("$(container_device "$way" $i)"); done
		container_start "$1" "$3 of $2 at once" "$way" "${list[@]}"
	done
}

bench_container() {
	local n number numbers=(255 758) samples=5 at_once=8 all_ways=("${container_ways[@]}")

	if [ $quick = yes ]; then numbers=(32) samples=3 at_once=4; fi
	"$tb" build dpdk
	# 100 MB for each container, of which 20 are huge pages. L1's time is what it executes, and what it sleeps: testpmd's own start, the same with
	# all devices, takes so many seconds of a busy machine's time that what a device adds is not to be seen among them.
	boot 4 6G --icount --ports 2 --vfs 255
	two_cards
	"$tb" push "$cache"/dpdk/{hdiov-dpdk,librte_net_iavf_vdcm.so} /opt/hdiov-dpdk
	host "modprobe -a vfio-pci vfio_iommu_type1; echo $((at_once * 12 + 16)) >/proc/sys/vm/nr_hugepages; grep HugePages_Total /proc/meminfo"
	for number in "${numbers[@]}"; do
		csv=container-$number.csv
		container_ways=("${all_ways[@]}")
		[ "$number" -le 255 ] || container_ways=(vdev none)
		container_devices "$number"
		for n in $(runs_left); do
			say "$number devices: run $n of $runs"
			# A warm-up run is there to have all programs in memory
			container_one "$n" "$number" $((n == 0 ? 1 : samples < number ? samples : number))
			if [ "$n" != 0 ] && [ "$number" -ge $at_once ]; then container_many "$n" "$number" $at_once; fi
			run_done "$n"
		done
	done
	py container "$out" "$out/container.svg" | tee "$out/container.txt"
}
