# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# DPDK's testpmd with net_iavf in a guest that was started with --dpdk --iommu --smp 2: each prints what the guest's shell is to run.
# net_iavf wants an interrupt for the mailbox, a virtual function has MSI-X only, and that takes VFIO: so the guest has an IOMMU.

# testpmd_bind: give all that iavf has to vfio-pci
testpmd_bind() {
	cat <<-'EOT'
	set -e
	modprobe -a vfio_iommu_type1 vfio-pci
	for dev in /sys/bus/pci/drivers/iavf/0000:*; do
		until [ -e "$dev/net" ]; do sleep 0.2; done
		d=${dev##*/}
		echo vfio-pci >"/sys/bus/pci/devices/$d/driver_override"
		echo "$d" >/sys/bus/pci/drivers/iavf/unbind
		echo "$d" >/sys/bus/pci/drivers/vfio-pci/bind
	done
	echo 128 >/proc/sys/vm/nr_hugepages
	mount -t hugetlbfs none /dev/hugepages
	mkdir -p /var/run
	mkfifo /tmp/in
	EOT
}

# testpmd_start ARGUMENT...: start it, with one queue a port, one core for packets and one for commands, and wait for its first prompt.
# What it prints is in /tmp/testpmd.log when it quits; its prompts and what it prints before the first are there at once.
testpmd_start() {
	cat <<-EOT
	# The open end of the pipe keeps testpmd reading. Nothing that stays may hold the agent's output open.
	(exec 3<>/tmp/in; exec dpdk-testpmd -l 0-1 --huge-unlink=always -- -i --rxq=1 --txq=1 $* <&3) >/tmp/testpmd.log 2>&1 &
	i=0
	until grep -q '^testpmd> ' /tmp/testpmd.log 2>/dev/null; do
		sleep 0.5
		i=\$((i + 1))
		[ \$i -lt 200 ] || break
	done
	cat /tmp/testpmd.log
	grep -q '^testpmd> ' /tmp/testpmd.log
	EOT
}

# testpmd_do COMMAND...: give it these commands, one after the other
testpmd_do() {
	cat <<-'EOT'
	prompts() { grep -o 'testpmd> ' /tmp/testpmd.log | wc -l; }
	give() {
		n=$(prompts)
		echo "$1" >/tmp/in
		i=0
		until [ "$(prompts)" -gt "$n" ]; do
			sleep 0.2
			i=$((i + 1))
			[ $i -lt 150 ] || exit 1
		done
	}
	EOT
	printf 'give "%s"\n' "$@"
}
