/*
 * DMA of emulated devices by function and PASID, with counters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/i386/intel_iommu.h"
#include "hw/pci/pcie_sriov.h"
#include "hdiov_dma.h"

void hdiov_dma_init(HdiovDma *d, PCIDevice *dev, uint16_t pasid_cap,
                    uint16_t num_vfs)
{
    d->dev = dev;
    d->pasid_cap = pasid_cap;
    d->num_vfs = num_vfs;
    d->by_vf = g_new0(HdiovDmaCount, num_vfs);
    d->by_pasid = g_hash_table_new_full(g_direct_hash, g_direct_equal,
                                        NULL, g_free);
}

void hdiov_dma_finalize(HdiovDma *d)
{
    g_clear_pointer(&d->by_pasid, g_hash_table_destroy);
    g_clear_pointer(&d->by_vf, g_free);
}

static HdiovDmaCount *hdiov_dma_counter(HdiovDma *d, HdiovDmaTag tag)
{
    HdiovDmaCount *c;

    if (tag.fn && tag.fn != d->dev) {
        return &d->by_vf[pcie_sriov_vf_number(tag.fn)];
    }
    if (tag.pasid == HDIOV_NO_PASID) {
        return &d->no_pasid;
    }
    c = g_hash_table_lookup(d->by_pasid, GUINT_TO_POINTER(tag.pasid));
    if (!c) {
        c = g_new0(HdiovDmaCount, 1);
        g_hash_table_insert(d->by_pasid, GUINT_TO_POINTER(tag.pasid), c);
    }
    return c;
}

static bool hdiov_dma_may(HdiovDma *d, HdiovDmaTag tag)
{
    if (tag.pasid == HDIOV_NO_PASID) {
        return true;
    }
    /* A function must not send PASIDs before it is told that it may */
    return tag.fn == d->dev && d->pasid_cap &&
           (pci_get_word(d->dev->config + d->pasid_cap + PCI_PASID_CTRL) &
            PCI_PASID_CTRL_ENABLE);
}

static bool hdiov_dma_rw(HdiovDma *d, HdiovDmaTag tag, dma_addr_t addr,
                         void *buf, dma_addr_t len, bool is_write)
{
    HdiovDmaCount *c[] = { &d->total, hdiov_dma_counter(d, tag) };
    MemTxResult ret;
    int i;

    if (!tag.fn || !tag.master) {
        /* Such a transfer does not leave the card, and no IOMMU hears of it */
        for (i = 0; i < ARRAY_SIZE(c); i++) {
            c[i]->no_master++;
        }
        return false;
    }
    d->under_way = true;
    if (!hdiov_dma_may(d, tag)) {
        ret = MEMTX_ACCESS_ERROR;
    } else if (tag.pasid == HDIOV_NO_PASID && tag.fn == d->dev) {
        ret = pci_dma_rw(d->dev, addr, buf, len,
                         is_write ? DMA_DIRECTION_FROM_DEVICE :
                         DMA_DIRECTION_TO_DEVICE, MEMTXATTRS_UNSPECIFIED);
    } else {
        ret = vtd_dma_rw(tag.fn, tag.pasid, addr, buf, len, is_write);
    }
    d->under_way = false;

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

bool hdiov_dma_read(HdiovDma *d, HdiovDmaTag tag, dma_addr_t addr,
                    void *buf, dma_addr_t len)
{
    return hdiov_dma_rw(d, tag, addr, buf, len, false);
}

bool hdiov_dma_write(HdiovDma *d, HdiovDmaTag tag, dma_addr_t addr,
                     const void *buf, dma_addr_t len)
{
    return hdiov_dma_rw(d, tag, addr, (void *)buf, len, true);
}

static bool hdiov_dma_visit_members(Visitor *v, HdiovDmaCount *c, Error **errp)
{
    return visit_type_uint64(v, "reads", &c->reads, errp) &&
           visit_type_uint64(v, "writes", &c->writes, errp) &&
           visit_type_uint64(v, "read-bytes", &c->read_bytes, errp) &&
           visit_type_uint64(v, "write-bytes", &c->write_bytes, errp) &&
           visit_type_uint64(v, "faults", &c->faults, errp) &&
           visit_type_uint64(v, "no-master", &c->no_master, errp);
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

/* An entry of a list: whose counters, and the counters */
static bool hdiov_dma_visit_entry(Visitor *v, const char *who, uint32_t num,
                                  HdiovDmaCount *c, Error **errp)
{
    HdiovDmaCount copy = *c;
    bool ok;

    if (!visit_start_struct(v, NULL, NULL, 0, errp)) {
        return false;
    }
    ok = visit_type_uint32(v, who, &num, errp) &&
         hdiov_dma_visit_members(v, &copy, errp) &&
         visit_check_struct(v, errp);
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
        ok = hdiov_dma_visit_entry(v, "pasid", GPOINTER_TO_UINT(l->data),
                                   g_hash_table_lookup(d->by_pasid, l->data),
                                   errp);
    }
    ok = ok && visit_check_list(v, errp);
    visit_end_list(v, NULL);
    return ok;
}

bool hdiov_dma_visit_by_vf(HdiovDma *d, Visitor *v, const char *name,
                           Error **errp)
{
    bool ok = true;
    unsigned i;

    if (!visit_start_list(v, name, NULL, 0, errp)) {
        return false;
    }
    for (i = 0; i < d->num_vfs && ok; i++) {
        HdiovDmaCount *c = &d->by_vf[i];

        if (c->reads || c->writes || c->faults || c->no_master) {
            ok = hdiov_dma_visit_entry(v, "vf", i, c, errp);
        }
    }
    ok = ok && visit_check_list(v, errp);
    visit_end_list(v, NULL);
    return ok;
}
