# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# QATs for DPDK in a guest that was started with --dpdk: each prints what a shell is to run, that of L1 or that of the guest.

# qat_services LIST BDF...: in L1: what these cards shall do. As long as the kernel tests its algorithms on a card, it is in use.
qat_services() {
	cat <<-EOT
	for qat in ${*:2}; do
		cd /sys/bus/pci/devices/\$qat/qat
		[ "\$(cat cfg_services)" != '$1' ] || continue
		i=0
		until echo down >state; do sleep 0.5; i=\$((i + 1)); [ \$i -lt 120 ] || exit 1; done
		echo '$1' >cfg_services && echo up >state || exit 1
	done
	EOT
}

# qat_bind: in the guest: all VDEVs and VFs for DPDK, which polls them: a driver that knows no MSI-X is enough. Prints "BDF device subsystem".
# compress_qat keeps the number of the NUMA node in a byte, and finds no memory on node 255, which -1 becomes: so they get the one that there is.
qat_bind() {
	cat <<-'EOT'
	set -e
	modprobe uio_pci_generic
	cd /sys/bus/pci/drivers/uio_pci_generic
	for id in 0da5 4941; do echo 8086 $id >new_id; done
	for d in 0*; do
		echo 0 >$d/numa_node
		echo "$d $(cat $d/device) $(cat $d/subsystem_device)"
	done
	echo 128 >/proc/sys/vm/nr_hugepages
	mount -t hugetlbfs none /dev/hugepages
	mkdir -p /var/run
	head -c 400000 /usr/bin/dpdk-testpmd >/tmp/input
	EOT
}

# qat_dpdk PROGRAM LCORES "DEVICE..." ARGUMENT...: in the guest, on its one CPU: what it printed. DPDK asks the PF's driver by a VF's mailbox
# what the ring pairs do. It reads the answer as soon as the question was acknowledged, which qat_4xxx does before it answers: if it is
# overtaken there, then "ring configuration" cannot be had, the program goes on without that device, and it is ended and run again.
qat_dpdk() {
	local allow

	# shellcheck disable=SC2086
	allow=$(printf -- '-a %s ' $3)
	cat <<-EOT
	lost() { grep -sqE 'ring configuration|ACK not received' /tmp/out; }
	for try in 1 2 3 4 5; do
		rm -f /tmp/out /tmp/rc
		(timeout 240 $1 --lcores $2 --huge-unlink=always $allow -- ${*:4} >/tmp/out 2>&1; echo \$? >/tmp/rc) &
		while [ ! -e /tmp/rc ] && ! lost; do sleep 0.5; done
		[ -e /tmp/rc ] || kill -9 \$(pidof $1) || true
		wait
		lost || break
	done
	rc=\$(cat /tmp/rc 2>/dev/null || echo 1)
	if [ \$rc != 0 ]; then
		grep -v ' = *\$\|^0x' /tmp/out | tail -n 12 >&2
		exit 1
	fi
	grep -v ' = *\$\|^0x' /tmp/out
	EOT
}
