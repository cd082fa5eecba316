# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What libvirt is told, by files in L1.

# xml FILE: what comes, into a file in L1
xml() { host "cat >/tmp/$1.xml" && host "cat /tmp/$1.xml"; }

hostdev() {
	printf "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='%s'/></source><alias name='ua-vdev-%s'/></hostdev>\n" \
		"$1" "${1:9:4}"
}
# domain NAME UUID [migratable]: without devices that its kernel has no use for. Nobody tells on this kernel which memory a VDEV has written, so to move
# a guest QEMU has to be told that it may.
domain() {
	local kvm=qemu cpu=maximum

	if host '[ -e /dev/kvm ]'; then kvm=kvm cpu=host-passthrough; fi
	cat <<-EOT
		<domain type='$kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
		<name>l2-$1</name><memory unit='MiB'>224</memory><vcpu>1</vcpu>
		<os><type arch='x86_64' machine='q35'>hvm</type><kernel>/srv/l2/stable/vmlinux</kernel><initrd>/srv/l2/stable/initrd</initrd>
		<cmdline>console=ttyS0 quiet no_timer_check mitigations=off panic=-1</cmdline></os>
		<features><acpi/></features><cpu mode='$cpu'/>
		<devices>
		<controller type='usb' model='none'/><controller type='pci' model='pcie-root'/>
		<controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
		<controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
		<memballoon model='none'/>
		<serial type='file'><source path='/run/l2/$1/console'/></serial>
		<channel type='unix'><source mode='bind' path='/run/l2/$1/agent'/><target type='virtio' name='agent'/></channel>
		$(hostdev "$2")
		</devices>
	EOT
	if [ "${3:-}" = migratable ]; then
		cat <<-EOT
			<qemu:override><qemu:device alias='ua-vdev-${2:9:4}'><qemu:frontend>
			<qemu:property name='enable-migration' type='string' value='on'/>
			<qemu:property name='x-pre-copy-dirty-page-tracking' type='string' value='off'/>
			</qemu:frontend></qemu:device></qemu:override>
		EOT
	fi
	echo '</domain>'
}
