/*
 * Emulated Intel E810 physical function: PCI device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/pcie.h"
#include "hw/pci/msix.h"
#include "hw/qdev-properties.h"
#include "net/net.h"

#define TYPE_E810 "e810"
OBJECT_DECLARE_SIMPLE_TYPE(E810State, E810)

struct E810State {
    PCIDevice parent_obj;
    NICConf conf;
    MemoryRegion bar0;
    MemoryRegion bar3;
};

static uint64_t e810_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void e810_mmio_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
}

static const MemoryRegionOps e810_mmio_ops = {
    .read = e810_mmio_read,
    .write = e810_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void e810_realize(PCIDevice *pci, Error **errp)
{
    E810State *s = E810(pci);

    memory_region_init_io(&s->bar0, OBJECT(s), &e810_mmio_ops, s,
                          "e810-bar0", 128 * MiB);
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->bar0);
}

static const Property e810_properties[] = {
    DEFINE_NIC_PROPERTIES(E810State, conf),
};

static void e810_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *c = PCI_DEVICE_CLASS(klass);

    c->realize = e810_realize;
    c->vendor_id = PCI_VENDOR_ID_INTEL;
    c->device_id = 0x1592;
    c->class_id = PCI_CLASS_NETWORK_ETHERNET;
    dc->desc = "Intel E810 physical function";
    device_class_set_props(dc, e810_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static const TypeInfo e810_info = {
    .name = TYPE_E810,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(E810State),
    .class_init = e810_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void e810_register_types(void)
{
    type_register_static(&e810_info);
}

type_init(e810_register_types)
