# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices of the testbed's QEMU, in addition to what these select.
# Installed as configs/devices/x86_64-softmmu/hdiov.mak and chosen with
# --without-default-devices --with-devices-x86_64=hdiov.

CONFIG_Q35=y
CONFIG_VTD=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_9P=y
CONFIG_VIRTFS=y
CONFIG_IGB_PCI_EXPRESS=y
CONFIG_E1000E_PCI_EXPRESS=y
CONFIG_VFIO=y
CONFIG_VFIO_PCI=y
CONFIG_IOMMUFD=y
CONFIG_PCIE_PORT=y
CONFIG_SERIAL_ISA=y
CONFIG_EDU=y

# the emulated hardware of this directory
CONFIG_HDIOV_E810=y
CONFIG_HDIOV_QAT=y
