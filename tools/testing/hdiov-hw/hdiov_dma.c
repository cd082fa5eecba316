/*
 * PASID-tagged DMA of emulated devices, with counters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/i386/intel_iommu.h"
#include "hdiov_dma.h"

void hdiov_dma_init(HdiovDma *d, PCIDevice *dev, uint16_t pasid_cap)
{
    d->dev = dev;
    d->pasid_cap = pasid_cap;
    d->by_pasid = g_hash_table_new_full(g_direct_hash, g_direct_equal,
                                        NULL, g_free);
}

void hdiov_dma_finalize(HdiovDma *d)
{
    g_clear_pointer(&d->by_pasid, g_hash_table_destroy);
}

static HdiovDmaCount *hdiov_dma_counter(HdiovDma *d, uint32_t pasid)
{
    HdiovDmaCount *c;

    if (pasid == HDIOV_NO_PASID) {
        return &d->no_pasid;
    }
    c = g_hash_table_lookup(d->by_pasid, GUINT_TO_POINTER(pasid));
    if (!c) {
        c = g_new0(HdiovDmaCount, 1);
        g_hash_table_insert(d->by_pasid, GUINT_TO_POINTER(pasid), c);
    }
    return c;
}

static bool hdiov_dma_rw(HdiovDma *d, uint32_t pasid, dma_addr_t addr,
                         void *buf, dma_addr_t len, bool is_write)
{
    HdiovDmaCount *c[] = { &d->total, hdiov_dma_counter(d, pasid) };
    MemTxResult ret;
    int i;

    if (!(pci_get_word(d->dev->config + PCI_COMMAND) & PCI_COMMAND_MASTER)) {
        ret = MEMTX_ACCESS_ERROR;
    } else if (pasid == HDIOV_NO_PASID) {
        ret = pci_dma_rw(d->dev, addr, buf, len,
                         is_write ? DMA_DIRECTION_FROM_DEVICE :
                         DMA_DIRECTION_TO_DEVICE, MEMTXATTRS_UNSPECIFIED);
    } else if (!d->pasid_cap ||
               !(pci_get_word(d->dev->config + d->pasid_cap + PCI_PASID_CTRL) &
                 PCI_PASID_CTRL_ENABLE)) {
        /* A function must not send PASIDs before it is told that it may */
        ret = MEMTX_ACCESS_ERROR;
    } else {
        ret = vtd_pasid_dma_rw(d->dev, pasid, addr, buf, len, is_write);
    }

    for (i = 0; i < ARRAY_SIZE(c); i++) {
        if (ret != MEMTX_OK) {
            c[i]->faults++;
        } else if (is_write) {
            c[i]->writes++;
            c[i]->write_bytes += len;
        } else {
            c[i]->reads++;
            c[i]->read_bytes += len;
        }
    }
    return ret == MEMTX_OK;
}

bool hdiov_dma_read(HdiovDma *d, uint32_t pasid, dma_addr_t addr,
                    void *buf, dma_addr_t len)
{
    return hdiov_dma_rw(d, pasid, addr, buf, len, false);
}

bool hdiov_dma_write(HdiovDma *d, uint32_t pasid, dma_addr_t addr,
                     const void *buf, dma_addr_t len)
{
    return hdiov_dma_rw(d, pasid, addr, (void *)buf, len, true);
}

static bool hdiov_dma_visit_members(Visitor *v, HdiovDmaCount *c, Error **errp)
{
    return visit_type_uint64(v, "reads", &c->reads, errp) &&
           visit_type_uint64(v, "writes", &c->writes, errp) &&
           visit_type_uint64(v, "read-bytes", &c->read_bytes, errp) &&
           visit_type_uint64(v, "write-bytes", &c->write_bytes, errp) &&
           visit_type_uint64(v, "faults", &c->faults, errp);
}

bool hdiov_dma_visit_count(Visitor *v, const char *name, HdiovDmaCount *c,
                           Error **errp)
{
    bool ok;

    if (!visit_start_struct(v, name, NULL, 0, errp)) {
        return false;
    }
    ok = hdiov_dma_visit_members(v, c, errp) && visit_check_struct(v, errp);
    visit_end_struct(v, NULL);
    return ok;
}

static gint hdiov_dma_cmp_pasid(gconstpointer a, gconstpointer b)
{
    return GPOINTER_TO_UINT(a) < GPOINTER_TO_UINT(b) ? -1 : 1;
}

bool hdiov_dma_visit_by_pasid(HdiovDma *d, Visitor *v, const char *name,
                              Error **errp)
{
    g_autoptr(GList) keys = NULL;
    bool ok = true;
    GList *l;

    keys = g_list_sort(g_hash_table_get_keys(d->by_pasid),
                       hdiov_dma_cmp_pasid);

    /* The output visitor only needs the list to be non-NULL if not empty */
    if (!visit_start_list(v, name, NULL, 0, errp)) {
        return false;
    }
    for (l = keys; l && ok; l = l->next) {
        HdiovDmaCount c = *(HdiovDmaCount *)
            g_hash_table_lookup(d->by_pasid, l->data);
        uint32_t pasid = GPOINTER_TO_UINT(l->data);

        ok = visit_start_struct(v, NULL, NULL, 0, errp);
        if (ok) {
            ok = visit_type_uint32(v, "pasid", &pasid, errp) &&
                 hdiov_dma_visit_members(v, &c, errp) &&
                 visit_check_struct(v, errp);
            visit_end_struct(v, NULL);
        }
    }
    if (ok) {
        ok = visit_check_list(v, errp);
    }
    visit_end_list(v, NULL);
    return ok;
}
