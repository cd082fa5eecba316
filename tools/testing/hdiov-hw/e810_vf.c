/*
 * Emulated Intel E810: SR-IOV virtual functions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VF is a window on what the PF's driver gives it: VPLAN registers say which
 * queues' doorbells its BAR0 reaches, VPINT_ALLOC which vectors. Its mailbox
 * is its own. Queues and vectors themselves are the card's; what a VSI of
 * type VF does goes out under the VF's requester id.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "migration/vmstate.h"
#include "e810.h"

#define E810_VF_CAP_MSIX    0x70
#define E810_VF_CAP_PCIE    0xa0        /* ice reads Device Status at 0xaa */
#define E810_VF_ECAP_AER    0x100
#define E810_VF_ECAP_ARI    0x148
#define E810_VF_BAR0_SIZE   (128 * KiB)
#define E810_VF_BAR3_SIZE   (16 * KiB)
#define E810_VF_MSIX_PBA    0x2000

/* How long a VF's reset takes, once its queues are off the scheduler */
#define VF_RESET_NS         (20 * SCALE_US)

/* BAR0: the registers of the adaptive virtual function */
#define VF_QTX_TAIL         0x0000
#define VF_QRX_TAIL         0x2000
#define   VF_NUM_TAILS          256
#define VF_ITRN             0x2800      /* 64 bytes for each ITR index */
#define VF_DYN_CTLN         0x3800
#define   VF_NUM_DYN_CTLN       64
#define VF_ICR01            0x4800
#define VF_ITR0             0x4c00
#define VF_ICR0_ENA1        0x5000
#define VF_DYN_CTL0         0x5c00
#define VF_MBX_FIRST        0x6000
#define VF_MBX_LAST         0x8400
#define VF_GEN_RSTAT        0x8800

#define TYPE_E810_VF "e810-vf"
OBJECT_DECLARE_SIMPLE_TYPE(E810VfDev, E810_VF)

struct E810VfDev {
    PCIDevice parent_obj;

    MemoryRegion mmio;
    MemoryRegion bar3;
    bool flr;                           /* the reset under way is an FLR */
    bool master;                        /* PCI_COMMAND.MASTER as it is seen */
};

unsigned e810_vf_count(E810State *s)
{
    return pcie_sriov_num_vfs(PCI_DEVICE(s));
}

/* Whom an enabled VF does DMA as */
HdiovDmaTag e810_vf_tag(E810State *s, unsigned vf)
{
    PCIDevice *fn = pcie_sriov_get_vf_at_index(PCI_DEVICE(s), vf);

    return (HdiovDmaTag) {
        fn, HDIOV_NO_PASID, fn && E810_VF(fn)->master
    };
}

bool e810_vf_live(E810State *s, unsigned vf)
{
    return vf < e810_vf_count(s) && !s->vf[vf].in_reset;
}

/*
 * The card's vector number @idx of a VF, or -1: what VPINT_ALLOC gives, and
 * GLINT_VECT2FUNC agrees to.
 */
int e810_vf_vector(E810State *s, unsigned vf, unsigned idx)
{
    uint32_t alloc = s->vpint_alloc[vf];
    unsigned v = extract32(alloc, 0, 11) + idx;

    if (!(alloc & ALLOC_VALID) || v > extract32(alloc, 12, 11) ||
        (s->vect2func[v] & VECT2FUNC_IS_PF) ||
        extract32(s->vect2func[v], 0, 8) != vf) {
        return -1;
    }
    return v;
}

/* The VF that a vector belongs to, or E810_NO_VF; *idx: which one of its own */
unsigned e810_vf_of_vector(E810State *s, unsigned v, unsigned *idx)
{
    unsigned vf = extract32(s->vect2func[v], 0, 8);
    unsigned first = extract32(s->vpint_alloc[vf], 0, 11);

    if (v < first || e810_vf_vector(s, vf, v - first) < 0) {
        return E810_NO_VF;
    }
    *idx = v - first;
    return vf;
}

/*
 * Software reset or FLR: what the VF had running stops at once. The reset is
 * done when the PF's driver has taken its queues off the scheduler (0x0C31 for
 * this VF), whether or not there are any; without a VSI nothing can be there.
 */
static void e810_vf_reset(E810State *s, unsigned n)
{
    uint32_t alloc = s->vpint_alloc[n];
    E810Vf *vf = &s->vf[n];
    bool has_vsi = false;
    unsigned i;

    vf->in_reset = true;
    vf->rstat = 0;
    vf->icr0_ena = 0;
    e810_ctlq_reset(s, &vf->mbx);
    for (i = 0; i < E810_NUM_VSI; i++) {
        if (e810_vsi_vf(s, i) == n) {
            e810_vsi_stop(s, i);
            has_vsi = true;
        }
    }
    if (alloc & ALLOC_VALID) {
        e810_irq_reset_range(s, extract32(alloc, 0, 11),
                             extract32(alloc, 12, 11));
    }
    vf->reset_done = has_vsi ? INT64_MAX :
                     qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + VF_RESET_NS;
}

/* 0x0C31 for a VF */
void e810_vf_drained(E810State *s, unsigned n)
{
    E810Vf *vf = &s->vf[n];

    if (vf->reset_done == INT64_MAX) {
        vf->reset_done = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + VF_RESET_NS;
    }
}

uint32_t e810_vf_rtrig_read(E810State *s, unsigned n)
{
    return s->vf[n].swr ? VPGEN_VFRTRIG_VFSWR : 0;
}

void e810_vf_rtrig_write(E810State *s, unsigned n, uint32_t val)
{
    E810Vf *vf = &s->vf[n];
    bool swr = val & VPGEN_VFRTRIG_VFSWR;

    if (swr && !vf->swr) {
        e810_vf_reset(s, n);
    } else if (!swr) {
        vf->in_reset = false;
    }
    vf->swr = swr;
}

uint32_t e810_vf_rstat_read(E810State *s, unsigned n)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >= s->vf[n].reset_done ?
           VPGEN_VFRSTAT_VFRD : 0;
}

uint32_t e810_vfgen_rstat_read(E810State *s, unsigned n)
{
    return s->vf[n].rstat;
}

void e810_vfgen_rstat_write(E810State *s, unsigned n, uint32_t val)
{
    s->vf[n].rstat = val & 0x3;
}

/* VPINT_ALLOC_PCI: how many vectors the VF's MSI-X capability shows */
void e810_vf_alloc_pci_write(E810State *s, unsigned n, uint32_t val)
{
    unsigned first = extract32(val, 0, 11), last = extract32(val, 12, 11);
    unsigned size = 1;
    uint8_t *flags;

    s->vpint_alloc_pci[n] = val & VPINT_ALLOC_MASK;
    if (n >= s->sriov_vfs) {
        return;
    }
    if ((val & ALLOC_VALID) && last >= first) {
        size = MIN(last - first + 1, E810_VF_VECTORS);
    }
    flags = PCI_DEVICE(s)->exp.sriov_pf.vf[n]->config + E810_VF_CAP_MSIX +
            PCI_MSIX_FLAGS;
    pci_set_word(flags, (pci_get_word(flags) & ~PCI_MSIX_FLAGS_QSIZE) |
                 (size - 1));
}

/* The PF's view of a VF's mailbox: the length registers */
uint32_t e810_vf_mbx_len_read(E810State *s, unsigned n, bool rq)
{
    return e810_ctlq_read(rq ? &s->vf[n].mbx.rq : &s->vf[n].mbx.sq, CQ_LEN);
}

void e810_vf_mbx_len_write(E810State *s, unsigned n, bool rq, uint32_t val)
{
    e810_ctlq_write(s, &s->vf[n].mbx, rq, CQ_LEN, val);
}

/* PFR and above: the PF's driver gives everything out anew */
void e810_vf_reset_all(E810State *s)
{
    unsigned i;

    for (i = 0; i < E810_MAX_VFS; i++) {
        E810Vf *vf = &s->vf[i];

        e810_ctlq_reset(s, &vf->mbx);
        vf->in_reset = vf->swr = false;
        vf->rstat = 0;
        vf->icr0_ena = 0;
        vf->reset_done = 0;
        if (i < s->sriov_vfs) {
            e810_vf_alloc_pci_write(s, i, 0);
        }
    }
    memset(s->vpint_alloc, 0, sizeof(s->vpint_alloc));
    memset(s->vplan_rx_qbase, 0, sizeof(s->vplan_rx_qbase));
    memset(s->vplan_tx_qbase, 0, sizeof(s->vplan_tx_qbase));
    memset(s->vplan_rx_mapena, 0, sizeof(s->vplan_rx_mapena));
    memset(s->vplan_tx_mapena, 0, sizeof(s->vplan_tx_mapena));
    memset(s->vflrstat, 0, sizeof(s->vflrstat));
    memset(s->vp_mdet_pqm, 0, sizeof(s->vp_mdet_pqm));
    memset(s->vp_mdet_tclan, 0, sizeof(s->vp_mdet_tclan));
    memset(s->vp_mdet_rx, 0, sizeof(s->vp_mdet_rx));
}

/*
 * Mailbox registers lie 0x400 apart, in an order of their own: true and which
 * register of which ring, or false.
 */
static bool vf_mbx_reg(hwaddr addr, bool *rq, unsigned *reg)
{
    static const struct {
        uint16_t addr;
        bool rq;
        uint8_t reg;
    } regs[] = {
        { 0x6000, true, CQ_BAH }, { 0x6400, false, CQ_H },
        { 0x6800, false, CQ_LEN }, { 0x6c00, true, CQ_BAL },
        { 0x7000, true, CQ_T }, { 0x7400, true, CQ_H },
        { 0x7800, false, CQ_BAH }, { 0x7c00, false, CQ_BAL },
        { 0x8000, true, CQ_LEN }, { 0x8400, false, CQ_T },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(regs); i++) {
        if (regs[i].addr == addr) {
            *rq = regs[i].rq;
            *reg = regs[i].reg;
            return true;
        }
    }
    return false;
}

/* The vector and ITR index (3: DYN_CTL) that a register stands for */
static bool vf_int_reg(E810State *s, unsigned vf, hwaddr addr, int *v,
                       unsigned *itr)
{
    if (addr == VF_DYN_CTL0) {
        *v = e810_vf_vector(s, vf, 0);
        *itr = ITR_NONE;
    } else if (addr >= VF_DYN_CTLN &&
               addr < VF_DYN_CTLN + 4 * VF_NUM_DYN_CTLN) {
        *v = e810_vf_vector(s, vf, (addr - VF_DYN_CTLN) / 4 + 1);
        *itr = ITR_NONE;
    } else if (addr >= VF_ITR0 && addr < VF_ITR0 + 12) {
        *v = e810_vf_vector(s, vf, 0);
        *itr = (addr - VF_ITR0) / 4;
    } else if (addr >= VF_ITRN && addr < VF_ITRN + 3 * 64) {
        *v = e810_vf_vector(s, vf, (addr - VF_ITRN) % 64 / 4 + 1);
        *itr = (addr - VF_ITRN) / 64;
    } else {
        return false;
    }
    return true;
}

/* The queue that a tail register is of, *q -1: one that the VF has not */
static bool vf_tail_reg(E810State *s, unsigned vf, hwaddr addr, bool *rx,
                        int *q)
{
    hwaddr base = addr < VF_QRX_TAIL ? VF_QTX_TAIL : VF_QRX_TAIL;
    unsigned idx = (addr - base) / 4, first, num;
    uint32_t mapena, qbase;

    if (idx >= VF_NUM_TAILS) {
        return false;
    }
    *rx = base == VF_QRX_TAIL;
    mapena = *rx ? s->vplan_rx_mapena[vf] : s->vplan_tx_mapena[vf];
    qbase = *rx ? s->vplan_rx_qbase[vf] : s->vplan_tx_qbase[vf];
    first = extract32(qbase, 0, *rx ? 11 : 14);
    num = *rx ? E810_NUM_RXQ : E810_NUM_TXQ;
    *q = (mapena & VPLAN_MAPENA) && idx <= extract32(qbase, 16, 8) &&
         first + idx < num ? first + idx : -1;
    return true;
}

static void vf_unknown(E810State *s, unsigned vf, hwaddr addr)
{
    s->cnt.unknown_reg++;
    qemu_log_mask(LOG_UNIMP, "e810: VF %u: unknown register 0x%05"
                  HWADDR_PRIx "\n", vf, addr);
}

static uint64_t e810_vf_read(void *opaque, hwaddr addr, unsigned size)
{
    PCIDevice *dev = opaque;
    E810State *s = E810(pcie_sriov_get_pf(dev));
    unsigned n = pcie_sriov_vf_number(dev), reg;
    E810Vf *vf = &s->vf[n];
    bool rq;
    int v;

    if (addr == VF_GEN_RSTAT) {
        return vf->rstat;
    }
    if (vf->in_reset || hdiov_dma_busy(&s->dma)) {
        return E810_DEADBEEF;
    }
    if (vf_mbx_reg(addr, &rq, &reg)) {
        return e810_ctlq_read(rq ? &vf->mbx.rq : &vf->mbx.sq, reg);
    }
    if (vf_int_reg(s, n, addr, &v, &reg)) {
        return v < 0 ? E810_DEADBEEF : reg == ITR_NONE ?
               e810_dyn_ctl_read(s, v) : s->vec[v].itr[reg];
    }
    if (vf_tail_reg(s, n, addr, &rq, &v)) {
        return v < 0 ? E810_DEADBEEF : rq ? s->rxq[v].tail : s->txq[v].tail;
    }
    switch (addr) {
    case VF_ICR01:
        return 0;
    case VF_ICR0_ENA1:
        return vf->icr0_ena;
    default:
        vf_unknown(s, n, addr);
        return E810_DEADBEEF;
    }
}

static void e810_vf_write(void *opaque, hwaddr addr, uint64_t val,
                          unsigned size)
{
    PCIDevice *dev = opaque;
    E810State *s = E810(pcie_sriov_get_pf(dev));
    unsigned n = pcie_sriov_vf_number(dev), reg;
    E810Vf *vf = &s->vf[n];
    bool rq;
    int v;

    if (vf->in_reset || hdiov_dma_busy(&s->dma)) {
        return;
    }
    if (vf_mbx_reg(addr, &rq, &reg)) {
        e810_ctlq_write(s, &vf->mbx, rq, reg, val);
    } else if (vf_int_reg(s, n, addr, &v, &reg)) {
        if (v >= 0 && reg == ITR_NONE) {
            e810_dyn_ctl_write(s, v, val);
        } else if (v >= 0) {
            e810_itr_write(s, v, reg, val);
        }
    } else if (vf_tail_reg(s, n, addr, &rq, &v)) {
        if (v >= 0 && rq) {
            e810_rx_tail(s, v, val);
        } else if (v >= 0) {
            e810_tx_doorbell(s, v, val);
        }
    } else if (addr == VF_ICR0_ENA1) {
        vf->icr0_ena = val;
    } else if (addr != VF_GEN_RSTAT && addr != VF_ICR01) {
        vf_unknown(s, n, addr);
    }
}

static const MemoryRegionOps e810_vf_ops = {
    .read = e810_vf_read,
    .write = e810_vf_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* VFE set or cleared, FLR of the VF or the PF, reset of the machine */
static void e810_vf_dev_reset(DeviceState *dev)
{
    E810VfDev *vf = E810_VF(dev);
    PCIDevice *pci = PCI_DEVICE(dev);
    E810State *s = E810(pcie_sriov_get_pf(pci));
    unsigned n = pcie_sriov_vf_number(pci);

    vf->master = false;
    e810_vf_reset(s, n);
    if (vf->flr) {
        s->vflrstat[n / 32] |= BIT(n % 32);
        e810_oicr_set(s, OICR_VFLR);
    } else {
        /* The PF's driver is the one that did it: it need not be told */
        s->vf[n].in_reset = s->vf[n].swr = false;
        s->vf[n].reset_done = 0;
    }
}

/*
 * For QEMU, both bits of PCI_COMMAND are always set.
 *
 * A VF has no Memory Space Enable of its own, the PF has one for all of them,
 * but QEMU decodes by the VF's. If a reset cleared it, nobody would set it
 * again: Linux's iavf does not after a reset of the PF.
 *
 * Bus Master Enable is kept here: with each change of QEMU's it makes new views
 * of the address spaces of all devices, and 255 VFs that are enabled one
 * after the other took gigabytes of such views.
 */
#define VF_COMMAND (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static uint32_t e810_vf_read_config(PCIDevice *pci, uint32_t addr, int len)
{
    uint32_t val = pci_default_read_config(pci, addr, len);

    if (addr == PCI_COMMAND) {
        val &= ~VF_COMMAND;
        val |= E810_VF(pci)->master ? PCI_COMMAND_MASTER : 0;
    }
    return val;
}

static void e810_vf_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                                 int len)
{
    E810VfDev *vf = E810_VF(pci);

    if (addr == PCI_COMMAND) {
        vf->master = val & PCI_COMMAND_MASTER;
    }
    pci_default_write_config(pci, addr, val, len);
    vf->flr = true;
    pcie_cap_flr_write_config(pci, addr, val, len);
    vf->flr = false;
    pcie_aer_write_config(pci, addr, val, len);
}

static void e810_vf_realize(PCIDevice *pci, Error **errp)
{
    const uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY |
                         PCI_BASE_ADDRESS_MEM_TYPE_64 |
                         PCI_BASE_ADDRESS_MEM_PREFETCH;
    E810VfDev *vf = E810_VF(pci);
    int i;

    pci_set_word(pci->config + PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_INTEL);
    pci_set_word(pci->config + PCI_SUBSYSTEM_ID, 0);
    memory_region_init_io(&vf->mmio, OBJECT(vf), &e810_vf_ops, vf,
                          "e810-vf-regs", E810_VF_BAR0_SIZE);
    pci_register_bar(pci, 0, type, &vf->mmio);
    memory_region_init(&vf->bar3, OBJECT(vf), "e810-vf-bar3",
                       E810_VF_BAR3_SIZE);
    pci_register_bar(pci, 3, type, &vf->bar3);
    if (msix_init(pci, E810_VF_VECTORS, &vf->bar3, 3, 0, &vf->bar3, 3,
                  E810_VF_MSIX_PBA, E810_VF_CAP_MSIX, errp)) {
        return;
    }
    for (i = 0; i < E810_VF_VECTORS; i++) {
        msix_vector_use(pci, i);
    }
    if (pcie_endpoint_cap_init(pci, E810_VF_CAP_PCIE) < 0) {
        msix_uninit(pci, &vf->bar3, &vf->bar3);
        error_setg(errp, "no place for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pci);
    pcie_cap_deverr_init(pci);
    pcie_aer_init(pci, PCI_ERR_VER, E810_VF_ECAP_AER, PCI_ERR_SIZEOF,
                  &error_abort);
    pcie_ari_init(pci, E810_VF_ECAP_ARI);
    /* Not before the BARs are there: QEMU would map them at once */
    pci_set_word(pci->config + PCI_COMMAND, VF_COMMAND);
    pci_set_word(pci->wmask + PCI_COMMAND, 0);
}

static void e810_vf_exit(PCIDevice *pci)
{
    E810VfDev *vf = E810_VF(pci);

    pcie_aer_exit(pci);
    pcie_cap_exit(pci);
    msix_uninit(pci, &vf->bar3, &vf->bar3);
}

bool e810_vf_init(E810State *s, Error **errp)
{
    const uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY |
                         PCI_BASE_ADDRESS_MEM_TYPE_64 |
                         PCI_BASE_ADDRESS_MEM_PREFETCH;
    PCIDevice *pci = PCI_DEVICE(s);
    unsigned i;
    bool ok;

    for (i = 0; i < E810_MAX_VFS; i++) {
        s->vf[i].mbx.vsi = E810_NO_VSI;
        s->vf[i].mbx.vf = i;
    }
    if (!s->sriov_vfs) {
        return true;
    }
    /* Their routing ids are those of a whole bus */
    if (s->sriov_vfs >= E810_MAX_VFS || pci_bus_is_root(pci_get_bus(pci))) {
        error_setg(errp, "sriov-vfs=%u: at most %u, below a port of its own",
                   s->sriov_vfs, E810_MAX_VFS - 1);
        return false;
    }
    pcie_ari_init(pci, E810_ECAP_ARI);
    /* One change of the memory map, as when they are enabled */
    memory_region_transaction_begin();
    ok = pcie_sriov_pf_init(pci, E810_ECAP_SRIOV, TYPE_E810_VF, E810_VF_DEV_ID,
                            s->sriov_vfs, s->sriov_vfs, 1, 1, errp);
    memory_region_transaction_commit();
    if (!ok) {
        return false;
    }
    pcie_sriov_pf_init_vf_bar(pci, 0, type, E810_VF_BAR0_SIZE);
    pcie_sriov_pf_init_vf_bar(pci, 3, type, E810_VF_BAR3_SIZE);
    return true;
}

static const VMStateDescription e810_vf_vmstate = {
    .name = TYPE_E810_VF,
    .unmigratable = 1,
};

static void e810_vf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *c = PCI_DEVICE_CLASS(klass);

    c->realize = e810_vf_realize;
    c->exit = e810_vf_exit;
    c->config_read = e810_vf_read_config;
    c->config_write = e810_vf_write_config;
    c->vendor_id = PCI_VENDOR_ID_INTEL;
    c->device_id = E810_VF_DEV_ID;
    c->revision = 0x02;
    c->class_id = PCI_CLASS_NETWORK_ETHERNET;
    dc->desc = "Intel E810 virtual function";
    dc->user_creatable = false;
    dc->vmsd = &e810_vf_vmstate;
    device_class_set_legacy_reset(dc, e810_vf_dev_reset);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static const TypeInfo e810_vf_info = {
    .name = TYPE_E810_VF,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(E810VfDev),
    .class_init = e810_vf_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void e810_vf_register_types(void)
{
    type_register_static(&e810_vf_info);
}

type_init(e810_vf_register_types)
