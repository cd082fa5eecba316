/*
 * PASID-tagged DMA of emulated devices, with counters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_HDIOV_DMA_H
#define HW_HDIOV_DMA_H

#include "hw/pci/pci_device.h"
#include "qapi/visitor.h"

/* A DMA stream's tag: a 20-bit PASID, or none (plain requester id) */
#define HDIOV_NO_PASID  UINT32_MAX
#define HDIOV_PASID_MASK 0xfffffu

typedef struct HdiovDmaCount {
    uint64_t reads;
    uint64_t writes;
    uint64_t read_bytes;
    uint64_t write_bytes;
    uint64_t faults;        /* transfers that were blocked, wholly or partly */
} HdiovDmaCount;

typedef struct HdiovDma {
    PCIDevice *dev;
    uint16_t pasid_cap;     /* offset of the PASID capability, 0 if none */
    HdiovDmaCount total;
    HdiovDmaCount no_pasid;
    GHashTable *by_pasid;   /* PASID -> HdiovDmaCount */
} HdiovDma;

void hdiov_dma_init(HdiovDma *d, PCIDevice *dev, uint16_t pasid_cap);
void hdiov_dma_finalize(HdiovDma *d);

/*
 * Move @len bytes between @buf and the I/O virtual address @addr. Returns
 * false if the IOMMU or the bus blocked any of it.
 */
bool hdiov_dma_read(HdiovDma *d, uint32_t pasid, dma_addr_t addr,
                    void *buf, dma_addr_t len);
bool hdiov_dma_write(HdiovDma *d, uint32_t pasid, dma_addr_t addr,
                     const void *buf, dma_addr_t len);

/* A struct of the counters without PASID, and one entry for each PASID seen */
bool hdiov_dma_visit_count(Visitor *v, const char *name, HdiovDmaCount *c,
                           Error **errp);
bool hdiov_dma_visit_by_pasid(HdiovDma *d, Visitor *v, const char *name,
                              Error **errp);

#endif
