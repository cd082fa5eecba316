/*
 * Emulated QAT 2.0 (4xxx) physical function: PCI device, registers, counters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Facts: Linux' and DPDK's headers. What they do not say is listed in
 * README-qat.rst. The files: qat_ae.c engines and firmware, qat_ras.c errors,
 * qat_ring.c ring pairs, workers and interrupts, qat_vf.c virtual functions,
 * qat_sym.c, qat_asym.c and qat_dc.c the three services.
 *
 * Unless the property "firmware" is off, firmware is there from the start, and
 * the property "services" says what each bank does, until a driver resets the
 * engines to load its own.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/module.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/pci/msix.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qat.h"

#define QAT_CAP_PM          0x40
#define QAT_CAP_MSIX        0x70
#define QAT_CAP_PCIE        0xa0
#define QAT_ECAP_AER        0x100
#define QAT_ECAP_PASID      0x150
#define   PASID_WIDTH           20
/* Not at 0x1a0, where SR-IOV ends: QEMU's reset of that writes 4 bytes beyond */
#define QAT_ECAP_ATS        0x1b0

const char *const qat_service_names[QAT_NUM_SERVICES] = {
    [QAT_SYM] = "sym",
    [QAT_ASYM] = "asym",
    [QAT_DC] = "dc",
};

void qat_unknown_reg(QATState *s, const char *what, int bar, hwaddr addr)
{
    s->cnt.unknown_reg++;
    qemu_log_mask(LOG_UNIMP, "qat: %s of unknown register 0x%06" HWADDR_PRIx
                  " of BAR%d\n", what, addr, bar);
}

/* BAR2 */

static uint32_t *qat_ims_reg(QATState *s, hwaddr addr)
{
    QATIms *ims = &s->ims[(addr - PMISC_IMS) / 16];

    switch (addr & 0xf) {
    case IMS_LTBL:
        return &ims->ltbl;
    case IMS_UTBL:
        return &ims->utbl;
    case IMS_DATA:
        return &ims->data;
    default:
        return &ims->vecctl;
    }
}

/* Registers that only store, or whose write only makes banks look again */
static uint32_t *qat_pmisc_stored(QATState *s, hwaddr addr)
{
    switch (addr) {
    case PMISC_MSIX_ROUTE ... PMISC_MSIX_ROUTE + 4 * QAT_NUM_VECTORS - 1:
        return &s->route[(addr - PMISC_MSIX_ROUTE) / 4];
    case PMISC_IMS ... PMISC_IMS + 16 * QAT_NUM_BANKS - 1:
        return qat_ims_reg(s, addr);
    case PMISC_SMIAPF_RP_MASK:
    case PMISC_SMIAPF_RP_MASK + 4:
        return &s->smiapf_rp_mask[(addr - PMISC_SMIAPF_RP_MASK) / 4];
    case PMISC_SMIAPF_MASK:
        return &s->smiapf_mask;
    case PMISC_ERRMSK ... PMISC_ERRMSK + 15:
        return &s->errmsk[(addr - PMISC_ERRMSK) / 4];
    case PMISC_RL_R2L ... PMISC_RL_R2L + 4 * 64 - 1:
        return &s->rl[(addr - PMISC_RL_R2L) / 4];
    case PMISC_RL_L2C ... PMISC_RL_L2C + 4 * 64 - 1:
        return &s->rl[64 + (addr - PMISC_RL_L2C) / 4];
    case PMISC_RL_C2S ... PMISC_RL_C2S + 4 * 16 - 1:
        return &s->rl[128 + (addr - PMISC_RL_C2S) / 4];
    case PMISC_RL_PCIEIN:
    case PMISC_RL_PCIEOUT:
        return &s->rl[144 + (addr - PMISC_RL_PCIEIN) / 4];
    }
    return NULL;
}

static bool qat_rpint(hwaddr addr, unsigned *bank, bool *mask)
{
    *bank = (addr - PMISC_RPINT) >> 12;
    *mask = addr & 4;
    return addr >= PMISC_RPINT && *bank < QAT_NUM_BANKS && !(addr & 0xff8);
}

static uint64_t qat_pmisc_read(void *opaque, hwaddr addr, unsigned size)
{
    QATState *s = opaque;
    uint32_t *reg = qat_pmisc_stored(s, addr);
    uint32_t val;
    unsigned n;
    bool mask;

    if (reg) {
        return *reg;
    }
    if (qat_cap_read(s, addr, &val) || qat_ras_read(s, addr, false, &val)) {
        return val;
    }
    if (qat_rpint(addr, &n, &mask)) {
        return mask ? s->bank[n].rpintmsk : s->bank[n].rpintsou;
    }
    switch (addr) {
    case PMISC_ADMINMSGUR:
        return s->admin_page >> 32;
    case PMISC_ADMINMSGLR:
        return s->admin_page;
    case PMISC_PM_STATUS:
        return s->powered ? PM_STATUS_INIT : 0;
    case PMISC_PM_HOST_MSG:
        return s->pm_host_msg;
    case PMISC_PM_INTERRUPT:
        return s->pm_interrupt;
    case PMISC_VM2PF_MSK:
        return s->vm2pf_msk;
    case PMISC_ERRSOU ... PMISC_ERRSOU + 15:
        return qat_errsou(s, (addr - PMISC_ERRSOU) / 4);
    case PMISC_VM2PF_SOU:
        return qat_vm2pf_sou(s);
    case PMISC_VF ... PMISC_VF_END - 1:
        addr -= PMISC_VF;
        return qat_vf_reg_read(s, addr / PMISC_VF_SIZE, addr % PMISC_VF_SIZE);
    }
    qat_unknown_reg(s, "read", 2, addr);
    return 0;
}

static void qat_pmisc_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
    QATState *s = opaque;
    uint32_t *reg = qat_pmisc_stored(s, addr);
    unsigned n;
    bool mask;

    if (hdiov_dma_busy(&s->dma)) {
        return;
    }
    if (reg) {
        *reg = val;
        if (addr >= PMISC_IMS && addr < PMISC_IMS + 16 * QAT_NUM_BANKS) {
            qat_bank_irq_eval(&s->bank[(addr - PMISC_IMS) / 16]);
        } else if (addr == PMISC_SMIAPF_RP_MASK ||
                   addr == PMISC_SMIAPF_RP_MASK + 4) {
            for (n = 0; n < QAT_NUM_BANKS; n++) {
                qat_bank_irq_eval(&s->bank[n]);
            }
        } else if (addr >= PMISC_ERRMSK && addr < PMISC_ERRMSK + 16) {
            qat_misc_irq_eval(s);
        }
        return;
    }
    if (qat_cap_write(s, addr, val) || qat_ras_write(s, addr, false, val)) {
        return;
    }
    if (qat_rpint(addr, &n, &mask)) {
        QATBank *b = &s->bank[n];

        if (mask) {
            b->rpintmsk = val & 1;
            qat_bank_irq_eval(b);
        } else if (val & 1) {
            qat_bank_irq_clear(b);
        }
        return;
    }
    switch (addr) {
    case PMISC_ADMINMSGUR:
        s->admin_page = deposit64(s->admin_page, 32, 32, val);
        return;
    case PMISC_ADMINMSGLR:
        s->admin_page = deposit64(s->admin_page, 0, 32, val & ~63u);
        return;
    case PMISC_PM_HOST_MSG:
        /* The engine for messages takes it, if there is one */
        s->pm_host_msg = val;
        if ((val & PM_HOST_MSG_PENDING) && s->ae[QAT_NUM_AES - 1].running) {
            s->pm_host_msg &= ~PM_HOST_MSG_PENDING;
            s->host_msgs++;
        }
        return;
    case PMISC_PM_INTERRUPT:
        s->pm_interrupt = (val & PM_INTERRUPT_EN) |
                          ((val | s->pm_interrupt) & PM_INTERRUPT_DRV_ACTIVE) |
                          (s->pm_interrupt & ~val & PM_INTERRUPT_STS);
        qat_misc_irq_eval(s);
        if ((val & PM_INTERRUPT_DRV_ACTIVE) && !s->powered) {
            s->powered = true;
            for (n = 0; n < QAT_NUM_BANKS; n++) {
                qat_bank_kick(&s->bank[n]);
            }
        }
        return;
    case PMISC_VM2PF_MSK:
        s->vm2pf_msk = val & VM2PF_MSK_ALL;
        qat_misc_irq_eval(s);
        return;
    case PMISC_VF ... PMISC_VF_END - 1:
        addr -= PMISC_VF;
        qat_vf_reg_write(s, addr / PMISC_VF_SIZE, addr % PMISC_VF_SIZE, val);
        return;
    case PMISC_VM2PF_SOU:
    case PMISC_ERRSOU ... PMISC_ERRSOU + 15:
        return;
    }
    qat_unknown_reg(s, "write", 2, addr);
}

/* BAR4 */

static uint64_t qat_etr_read(void *opaque, hwaddr addr, unsigned size)
{
    QATState *s = opaque;

    switch (addr) {
    case ETR_SARCONFIG ... ETR_SARCONFIG + 4 * QAT_NUM_ARBITERS - 1:
        return s->sarconfig[addr / 4];
    case ETR_WT2SAM ... ETR_WT2SAM + 4 * QAT_NUM_AES - 1:
        return s->wt2sam[(addr - ETR_WT2SAM) / 4];
    case ETR_PASIDCTL ... ETR_PASIDCTL + 16 * QAT_NUM_BANKS - 1:
        if (addr & 0xf) {
            break;
        }
        return s->bank[(addr - ETR_PASIDCTL) / 16].pasidctl;
    case ETR_RPRESET ... ETR_RPRESET + 8 * QAT_NUM_BANKS - 1:
        return addr & 4 ? s->bank[(addr - ETR_RPRESET) / 8].rpresetsts : 0;
    case ETR_RINGMODECTL ... ETR_RINGMODECTL + 4 * QAT_NUM_BANKS - 1:
        return s->bank[(addr - ETR_RINGMODECTL) / 4].ringmode;
    case ETR_BANKS ... ETR_BANKS + ETR_BANK_SIZE * QAT_NUM_BANKS - 1:
        return qat_bank_read(&s->bank[(addr - ETR_BANKS) / ETR_BANK_SIZE],
                             addr % ETR_BANK_SIZE);
    }
    qat_unknown_reg(s, "read", 4, addr);
    return 0;
}

static void qat_etr_write(void *opaque, hwaddr addr, uint64_t val,
                          unsigned size)
{
    QATState *s = opaque;

    if (hdiov_dma_busy(&s->dma)) {
        return;
    }
    switch (addr) {
    case ETR_SARCONFIG ... ETR_SARCONFIG + 4 * QAT_NUM_ARBITERS - 1:
        s->sarconfig[addr / 4] = val;
        qat_serve(s);
        return;
    case ETR_WT2SAM ... ETR_WT2SAM + 4 * QAT_NUM_AES - 1:
        s->wt2sam[(addr - ETR_WT2SAM) / 4] = val;
        qat_serve(s);
        return;
    case ETR_PASIDCTL ... ETR_PASIDCTL + 16 * QAT_NUM_BANKS - 1:
        if (addr & 0xf) {
            break;
        }
        s->bank[(addr - ETR_PASIDCTL) / 16].pasidctl = val & PASIDCTL_MASK;
        return;
    case ETR_RPRESET ... ETR_RPRESET + 8 * QAT_NUM_BANKS - 1:
        if (addr & 4) {
            qat_bank_resetsts(&s->bank[(addr - ETR_RPRESET) / 8], val);
        } else {
            qat_bank_resetctl(&s->bank[(addr - ETR_RPRESET) / 8], val);
        }
        return;
    case ETR_RINGMODECTL ... ETR_RINGMODECTL + 4 * QAT_NUM_BANKS - 1:
        s->bank[(addr - ETR_RINGMODECTL) / 4].ringmode = val & 1;
        return;
    case ETR_BANKS ... ETR_BANKS + ETR_BANK_SIZE * QAT_NUM_BANKS - 1:
        qat_bank_write(&s->bank[(addr - ETR_BANKS) / ETR_BANK_SIZE],
                       addr % ETR_BANK_SIZE, val);
        return;
    }
    qat_unknown_reg(s, "write", 4, addr);
}

/* BAR0: the engines' SRAM, of use to firmware alone, and its error registers */

static uint64_t qat_sram_read(void *opaque, hwaddr addr, unsigned size)
{
    uint32_t val;

    return qat_ras_read(opaque, addr, true, &val) ? val : 0;
}

static void qat_sram_write(void *opaque, hwaddr addr, uint64_t val,
                           unsigned size)
{
    QATState *s = opaque;

    if (!hdiov_dma_busy(&s->dma)) {
        qat_ras_write(s, addr, true, val);
    }
}

QAT_MMIO_OPS(sram);
QAT_MMIO_OPS(pmisc);
QAT_MMIO_OPS(etr);

/* Device */

/* QEMU's reset of a function leaves it */
void qat_ats_reset(PCIDevice *pci)
{
    if (pci->exp.ats_cap) {
        pci_set_word(pci->config + pci->exp.ats_cap + PCI_ATS_CTRL, 0);
    }
}

static void qat_reset(DeviceState *dev)
{
    QATState *s = QAT(dev);
    int i;

    for (i = 0; i < QAT_NUM_BANKS; i++) {
        qat_bank_reset(&s->bank[i]);
        s->ims[i] = (QATIms) { .vecctl = IMS_VECCTL_MASK };
    }
    for (i = 0; i < QAT_NUM_VECTORS; i++) {
        s->route[i] = i;
    }
    memset(s->sarconfig, 0, sizeof(s->sarconfig));
    memset(s->wt2sam, 0, sizeof(s->wt2sam));
    memset(s->smiapf_rp_mask, 0xff, sizeof(s->smiapf_rp_mask));
    s->smiapf_mask = UINT32_MAX;
    s->vm2pf_msk = VM2PF_MSK_ALL;
    s->vm2pf_sent = 0;
    for (i = 0; i < QAT_NUM_VFS; i++) {
        qat_vf_reset(s, i);
    }
    memset(s->errmsk, 0xff, sizeof(s->errmsk));
    s->pm_host_msg = 0;
    s->pm_interrupt = 0;
    s->host_msgs = 0;
    s->idle_filter = 0;
    s->powered = false;
    s->admin_page = 0;
    s->admin_pending = 0;
    memset(s->rl, 0, sizeof(s->rl));
    qat_ras_reset(s);
    qat_ae_reset(s);
    pci_set_word(PCI_DEVICE(dev)->config + QAT_ECAP_PASID + PCI_PASID_CTRL, 0);
    qat_ats_reset(PCI_DEVICE(dev));
}

static void qat_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                             int len)
{
    /* One change of the memory map for all VFs that come or go */
    memory_region_transaction_begin();
    pci_default_write_config(pci, addr, val, len);
    pcie_cap_flr_write_config(pci, addr, val, len);
    memory_region_transaction_commit();
    pcie_aer_write_config(pci, addr, val, len);
}

/* One, two or four services, which the banks get in turn */
static bool qat_parse_services(QATState *s, Error **errp)
{
    g_auto(GStrv) names = g_strsplit(s->services, ";", -1);
    unsigned n = g_strv_length(names);
    unsigned i, j;

    if (n != 1 && n != 2 && n != 4) {
        error_setg(errp, "services '%s': need 1, 2 or 4 of sym, asym, dc, "
                   "separated by ';'", s->services);
        return false;
    }
    for (i = 0; i < QAT_NUM_BANKS; i++) {
        for (j = 0; j < QAT_NUM_SERVICES; j++) {
            if (!strcmp(names[i % n], qat_service_names[j])) {
                break;
            }
        }
        if (j == QAT_NUM_SERVICES) {
            error_setg(errp, "services '%s': '%s' is not sym, asym or dc",
                       s->services, names[i % n]);
            return false;
        }
        s->bank[i].preload = j;
    }
    return true;
}

static void qat_add_pasid(PCIDevice *pci)
{
    uint8_t *devcap2 = pci->config + QAT_CAP_PCIE + PCI_EXP_DEVCAP2;

    /* PASID goes in an end-to-end TLP prefix, of which there is at most one */
    pci_set_long(devcap2, pci_get_long(devcap2) | PCI_EXP_DEVCAP2_EE_PREFIX |
                 BIT(22));
    pcie_add_capability(pci, PCI_EXT_CAP_ID_PASID, 1, QAT_ECAP_PASID, 8);
    pci_set_word(pci->config + QAT_ECAP_PASID + PCI_PASID_CAP,
                 PASID_WIDTH << 8);
    pci_set_word(pci->wmask + QAT_ECAP_PASID + PCI_PASID_CTRL,
                 PCI_PASID_CTRL_ENABLE);
}

static void qat_exit_parts(QATState *s)
{
    PCIDevice *pci = PCI_DEVICE(s);

    qat_ae_finalize(s);
    hdiov_dma_finalize(&s->dma);
    msix_uninit(pci, &s->pmisc, &s->pmisc);
    pcie_aer_exit(pci);
    pcie_cap_exit(pci);
}

static void qat_realize(PCIDevice *pci, Error **errp)
{
    QATState *s = QAT(pci);
    int i;

    if (!s->num_workers || s->num_workers > QAT_MAX_WORKERS) {
        error_setg(errp, "workers must be 1 to %d", QAT_MAX_WORKERS);
        return;
    }
    if (s->device_id != QAT_DEVICE_ID && s->device_id != QAT_401XX_DEVICE_ID &&
        s->device_id != QAT_402XX_DEVICE_ID) {
        error_setg(errp, "device-id 0x%04x is not a QAT 2.0", s->device_id);
        return;
    }
    if (!qat_parse_services(s, errp)) {
        return;
    }

    pci_config_set_device_id(pci->config, s->device_id);
    pci_config_set_revision(pci->config, QAT_REVISION);
    pci_set_word(pci->config + PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_INTEL);
    pci_set_word(pci->config + PCI_SUBSYSTEM_ID, 0);
    pci_config_set_interrupt_pin(pci->config, 1);

    memory_region_init_io(&s->sram, OBJECT(s), &qat_sram_ops, s, "qat-sram",
                          QAT_SRAM_SIZE);
    pci_register_bar(pci, 0, QAT_BAR_TYPE, &s->sram);
    memory_region_init_io(&s->pmisc, OBJECT(s), &qat_pmisc_ops, s,
                          "qat-pmisc", QAT_PMISC_SIZE);
    pci_register_bar(pci, 2, QAT_BAR_TYPE, &s->pmisc);
    memory_region_init_io(&s->etr, OBJECT(s), &qat_etr_ops, s, "qat-etr",
                          QAT_ETR_SIZE);
    pci_register_bar(pci, 4, QAT_BAR_TYPE, &s->etr);

    if (pci_pm_init(pci, QAT_CAP_PM, errp) < 0 ||
        msix_init(pci, QAT_NUM_VECTORS, &s->pmisc, 2, PMISC_MSIX_TABLE,
                  &s->pmisc, 2, PMISC_MSIX_PBA, QAT_CAP_MSIX, errp)) {
        return;
    }
    pci_set_word(pci->wmask + QAT_CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    for (i = 0; i < QAT_NUM_VECTORS; i++) {
        msix_vector_use(pci, i);
    }
    if (pcie_endpoint_cap_init(pci, QAT_CAP_PCIE) < 0) {
        msix_uninit(pci, &s->pmisc, &s->pmisc);
        error_setg(errp, "no place for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pci);
    pcie_cap_deverr_init(pci);
    pcie_aer_init(pci, PCI_ERR_VER, QAT_ECAP_AER, PCI_ERR_SIZEOF, &error_abort);
    qat_add_pasid(pci);

    if (s->ats) {
        pcie_ats_init(pci, QAT_ECAP_ATS, true);
    }

    hdiov_dma_init(&s->dma, pci, QAT_ECAP_PASID, s->sriov_vfs);
    qat_ae_init(s);
    qat_ring_init(s);
    if (!qat_vf_init(s, errp)) {
        qat_ring_finalize(s);
        qat_exit_parts(s);
    }
}

static void qat_exit(PCIDevice *pci)
{
    QATState *s = QAT(pci);

    /* Workers may be about to do a VF's DMA */
    qat_ring_finalize(s);
    pcie_sriov_pf_exit(pci);
    qat_exit_parts(s);
}

/* Counters for qom-get */
static const struct {
    const char *name;
    size_t offset;
} qat_counters[] = {
#define CNT(_name, _field) { _name, offsetof(QATCounters, _field) }
    CNT("doorbells-tx", doorbells_tx),
    CNT("doorbells-rx", doorbells_rx),
    CNT("interrupts-ims", interrupts_ims),
    CNT("interrupts-msix", interrupts_msix),
    CNT("requests-null", req_null),
    CNT("requests-sym", req[QAT_SYM]),
    CNT("requests-asym", req[QAT_ASYM]),
    CNT("requests-dc", req[QAT_DC]),
    CNT("errors-sym", err[QAT_SYM]),
    CNT("errors-asym", err[QAT_ASYM]),
    CNT("errors-dc", err[QAT_DC]),
    CNT("responses", responses),
    CNT("abandoned", abandoned),
    CNT("bank-resets", bank_resets),
    CNT("ring-faults", ring_faults),
    CNT("data-faults", data_faults),
    CNT("admin-messages", admin),
    CNT("firmware-verified", fw_verified),
    CNT("firmware-loaded", fw_loaded),
    CNT("firmware-refused", fw_refused),
    CNT("interrupts-misc", interrupts_misc),
    CNT("interrupts-vf", interrupts_vf),
    CNT("unknown-reg", unknown_reg),
};

static void qat_get_stats(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    QATState *s = QAT(obj);
    uint32_t vfs = qat_vf_count(s);
    int i;

    if (!visit_start_struct(v, name, NULL, 0, errp)) {
        return;
    }
    for (i = 0; i < ARRAY_SIZE(qat_counters); i++) {
        uint64_t val = *(uint64_t *)((char *)&s->cnt + qat_counters[i].offset);

        if (!visit_type_uint64(v, qat_counters[i].name, &val, errp)) {
            goto out;
        }
    }
    if (visit_type_uint32(v, "vfs", &vfs, errp) &&
        hdiov_dma_visit_count(v, "dma", &s->dma.total, errp) &&
        hdiov_dma_visit_count(v, "dma-no-pasid", &s->dma.no_pasid, errp)) {
        visit_check_struct(v, errp);
    }
out:
    visit_end_struct(v, NULL);
}

static void qat_get_by_pasid(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    hdiov_dma_visit_by_pasid(&QAT(obj)->dma, v, name, errp);
}

static void qat_get_by_vf(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    hdiov_dma_visit_by_vf(&QAT(obj)->dma, v, name, errp);
}

/* Banks that ever did anything or have a PASID */
static void qat_get_banks(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    QATState *s = QAT(obj);
    bool ok = true;
    uint32_t i;

    if (!visit_start_list(v, name, NULL, 0, errp)) {
        return;
    }
    for (i = 0; i < QAT_NUM_BANKS && ok; i++) {
        QATBank *b = &s->bank[i];
        char *service = (char *)qat_service_names[b->service];
        uint32_t num = i, pasidctl = b->pasidctl;

        if (!b->requests && !b->no_pasid && !pasidctl) {
            continue;
        }
        ok = visit_start_struct(v, NULL, NULL, 0, errp);
        if (ok) {
            ok = visit_type_uint32(v, "bank", &num, errp) &&
                 visit_type_str(v, "service", &service, errp) &&
                 visit_type_uint32(v, "pasidctl", &pasidctl, errp) &&
                 visit_type_uint64(v, "requests", &b->requests, errp) &&
                 visit_type_uint64(v, "responses", &b->responses, errp) &&
                 visit_type_uint64(v, "errors", &b->errors, errp) &&
                 visit_type_uint64(v, "interrupts", &b->interrupts, errp) &&
                 visit_type_uint64(v, "interrupts-msix", &b->msix, errp) &&
                 visit_type_uint64(v, "no-pasid", &b->no_pasid, errp) &&
                 visit_check_struct(v, errp);
            visit_end_struct(v, NULL);
        }
    }
    if (ok) {
        visit_check_list(v, errp);
    }
    visit_end_list(v, NULL);
}

static const Property qat_properties[] = {
    DEFINE_PROP_STRING("services", QATState, services),
    DEFINE_PROP_UINT32("workers", QATState, num_workers, 4),
    DEFINE_PROP_BOOL("firmware", QATState, firmware, true),
    DEFINE_PROP_UINT16("device-id", QATState, device_id, QAT_DEVICE_ID),
    DEFINE_PROP_UINT16("sriov-vfs", QATState, sriov_vfs, 0),
    DEFINE_PROP_BOOL("ats", QATState, ats, false),
};

static char *qat_get_inject(Object *obj, Error **errp)
{
    return g_strdup("");
}

static const VMStateDescription qat_vmstate = {
    .name = TYPE_QAT,
    .unmigratable = 1,
};

static void qat_instance_init(Object *obj)
{
    QAT(obj)->services = g_strdup("sym;asym;dc;sym");
    object_property_add_uint32_ptr(obj, "hung-engines", &QAT(obj)->hung_aes,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void qat_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *c = PCI_DEVICE_CLASS(klass);

    c->realize = qat_realize;
    c->exit = qat_exit;
    c->config_write = qat_write_config;
    c->vendor_id = PCI_VENDOR_ID_INTEL;
    c->device_id = QAT_DEVICE_ID;
    c->class_id = QAT_CLASS;
    dc->desc = "Intel QAT 2.0 (4xxx) physical function";
    dc->vmsd = &qat_vmstate;
    device_class_set_legacy_reset(dc, qat_reset);
    device_class_set_props(dc, qat_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);

    object_class_property_add(klass, "stats", "QATStats", qat_get_stats,
                              NULL, NULL, NULL);
    object_class_property_add(klass, "dma-by-pasid", "HdiovDmaByPasid",
                              qat_get_by_pasid, NULL, NULL, NULL);
    object_class_property_add(klass, "dma-by-vf", "HdiovDmaByVf",
                              qat_get_by_vf, NULL, NULL, NULL);
    object_class_property_add_str(klass, "inject-error", qat_get_inject,
                                  qat_inject);
    object_class_property_add(klass, "banks", "QATBanks", qat_get_banks,
                              NULL, NULL, NULL);
}

static const TypeInfo qat_info = {
    .name = TYPE_QAT,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(QATState),
    .instance_init = qat_instance_init,
    .class_init = qat_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void qat_register_types(void)
{
    type_register_static(&qat_info);
}

type_init(qat_register_types)
