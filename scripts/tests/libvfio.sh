#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In L1: the kernel's own tests of VFIO devices (tools/testing/selftests/vfio), on a VDEV of each driver. TAP.
set -eu

uuid=6d1c1d3e-0007-4a6b-9df0-aaaaaaaaaaaa
mdev=/sys/bus/mdev/devices/$uuid
n=0

# Some of the tests map huge pages.
echo 4 >/proc/sys/vm/nr_hugepages
trap "echo 0 >/proc/sys/vm/nr_hugepages" EXIT

# not_listed PROGRAM: arguments that leave out what cannot run
not_listed() {
	case $1 in
	# That one compares with what sysfs says of a PCI device, which a VDEV is not in the host. And VDEVs have MSI-X only.
	vfio_pci_device_test) echo -T config_space_read_write -V msi ;;
	# Pages of 1 GiB, where the CPU has none
	vfio_dma_mapping_test)
		if [ ! -e /sys/kernel/mm/hugepages/hugepages-1048576kB ]; then
			"./$1" -l $uuid 2>&1 | grep -oE '\w+_hugetlb_1gb' | sort -u | sed 's/^/-V /'
		fi
		;;
	esac
}

# results TYPE PROGRAM: the results of a program, numbered on
results() {
	grep -E '^(not )?ok ' /tmp/libvfio.log >/tmp/libvfio.results || true
	while read -r line; do
		n=$((n + 1))
		printf '%s\n' "$line" | sed -E "s/^((not )?ok) [0-9]+ /\\1 $n $1 $2: /"
	done </tmp/libvfio.results
	if ! grep -q '^# Totals:' /tmp/libvfio.log; then
		n=$((n + 1))
		echo "not ok $n $1 $2: it did not end by itself"
	fi
	if ! grep -qE '^# Totals: .* fail:0 ' /tmp/libvfio.log; then
		grep -vE '^ok|^# +(RUN|OK)' /tmp/libvfio.log | sed 's/^/# /'
	fi
}

for type in ice-avf-1 4xxx-vqat_sym hdiov_mock-dma-1; do
	# A QAT does not do all that it has types for
	dir=$(grep -L '^0$' /sys/class/mdev_bus/*/mdev_supported_types/$type/available_instances | head -n 1)
	dir=${dir%/*}
	if [ -z "$dir" ]; then
		n=$((n + 1))
		echo "not ok $n $type: no PF offers it"
		continue
	fi
	echo $uuid >"$dir/create"
	for program in vfio_*_test; do
		# shellcheck disable=SC2046
		timeout 150 "./$program" $(not_listed "$program") $uuid >/tmp/libvfio.log 2>&1 || true
		results "$type" "$program"
	done
	echo 1 >$mdev/remove
done
echo "1..$n"
