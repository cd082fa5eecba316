/*
 * DMA of emulated devices by function and PASID, with counters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_HDIOV_DMA_H
#define HW_HDIOV_DMA_H

#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "qapi/visitor.h"

/* A 20-bit PASID, or none (the requester id alone says who it is) */
#define HDIOV_NO_PASID  PCI_NO_PASID
#define HDIOV_PASID_MASK 0xfffffu

/* Who a request is from */
typedef struct HdiovDmaTag {
    PCIDevice *fn;          /* a function, NULL if it is not there */
    uint32_t pasid;
    bool master;            /* the function may be bus master */
} HdiovDmaTag;

typedef struct HdiovDmaCount {
    uint64_t reads;
    uint64_t writes;
    uint64_t read_bytes;
    uint64_t write_bytes;
    uint64_t faults;        /* transfers that were blocked, wholly or partly */
    uint64_t no_master;     /* those of a function that may not be bus master */
} HdiovDmaCount;

typedef struct HdiovDma {
    PCIDevice *dev;
    uint16_t pasid_cap;     /* offset of the PASID capability, 0 if none */
    uint16_t num_vfs;       /* that there can be */
    bool under_way;         /* a transfer, see hdiov_dma_busy() */
    bool gone;              /* the device is being unplugged, see there, too */
    HdiovDmaCount total;
    HdiovDmaCount no_pasid; /* of the PF */
    HdiovDmaCount *by_vf;
    GHashTable *by_pasid;   /* PASID -> HdiovDmaCount */
} HdiovDma;

void hdiov_dma_init(HdiovDma *d, PCIDevice *dev, uint16_t pasid_cap,
                    uint16_t num_vfs);
void hdiov_dma_finalize(HdiovDma *d);

/*
 * Is a transfer of the device under way? What it finds at the device's own BARs, or
 * those of its VFs, does not arrive, as a device model is not made for being called
 * amid its work: QEMU's guard against that is one for each function, and timers have
 * none. The memory of a guest that has a VF includes the VF's BARs.
 *
 * Nor does what comes when the device is gone: a processor that has found a BAR
 * already waits for the big lock while another one unplugs the device, and would
 * then start a timer that has been freed.
 */
static inline bool hdiov_dma_busy(const HdiovDma *d)
{
    return d->under_way || d->gone;
}

/* The tag of the PF's own requests */
static inline HdiovDmaTag hdiov_dma_pf(HdiovDma *d, uint32_t pasid)
{
    return (HdiovDmaTag) {
        d->dev, pasid,
        pci_get_word(d->dev->config + PCI_COMMAND) & PCI_COMMAND_MASTER
    };
}

/*
 * Move @len bytes between @buf and the I/O virtual address @addr. Returns
 * false if the IOMMU or the bus blocked any of it.
 */
bool hdiov_dma_read(HdiovDma *d, HdiovDmaTag tag, dma_addr_t addr,
                    void *buf, dma_addr_t len);
bool hdiov_dma_write(HdiovDma *d, HdiovDmaTag tag, dma_addr_t addr,
                     const void *buf, dma_addr_t len);

/*
 * A struct of counters, an entry for each PASID seen, and one for each VF that
 * ever did anything.
 */
bool hdiov_dma_visit_count(Visitor *v, const char *name, HdiovDmaCount *c,
                           Error **errp);
bool hdiov_dma_visit_by_pasid(HdiovDma *d, Visitor *v, const char *name,
                              Error **errp);
bool hdiov_dma_visit_by_vf(HdiovDma *d, Visitor *v, const char *name,
                           Error **errp);

#endif
