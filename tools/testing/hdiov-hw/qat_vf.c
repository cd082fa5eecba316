/*
 * Emulated QAT 2.0 (4xxx): SR-IOV virtual functions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VF is four banks and two mailbox registers. With VFs enabled, what its banks
 * do goes out under its requester id, their interrupts are its MSI, and its BAR0
 * is their windows: nothing has to be given to it. It resets no bank, the PF's
 * driver does that for it when asked by mailbox.
 *
 * Facts: VINTSOU to VM2PF as in Linux' adf_gen4_hw_data.h and, as the VF has them,
 * FreeBSD's adf_4xxxvf_hw_data.h; how the PF's side is driven: adf_gen4_pfvf.c.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pci/msi.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "migration/vmstate.h"
#include "qat.h"

/* The PF's */
#define QAT_ECAP_ARI        0x158
#define QAT_ECAP_SRIOV      0x160
/* Its own. 0x40, 0x44, 0x4c, 0x1c4 and 0x1c8 are fuses: all parts are on. */
#define QAT_VF_CAP_MSI      0x50
#define QAT_VF_CAP_PCIE     0x70
#define QAT_VF_ECAP_ARI     0x100
#define QAT_VF_ECAP_ATS     0x108

#define QAT_VF_ETR_SIZE     (QAT_VF_BANKS * ETR_BANK_SIZE)
#define QAT_VF_PMISC_SIZE   (8 * KiB)

/* BAR2: the PF's six registers for it, two of them at the same offset */
#define VF_PMISC_INT        0x0         /* VINTSOU, VINTMSK */
#define VF_PMISC_PFVF       0x1000      /* VINTSOUPF2VM to VM2PF */

#define TYPE_QAT_VF "qat-4xxx-vf"
OBJECT_DECLARE_SIMPLE_TYPE(QATVfDev, QAT_VF)

struct QATVfDev {
    PCIDevice parent_obj;

    MemoryRegion etr;
    MemoryRegion pmisc;
    bool master;                        /* PCI_COMMAND.MASTER as it is seen */
};

unsigned qat_vf_count(QATState *s)
{
    return pcie_sriov_num_vfs(PCI_DEVICE(s));
}

static QATVfDev *qat_vf_dev(QATState *s, unsigned n)
{
    PCIDevice *fn = pcie_sriov_get_vf_at_index(PCI_DEVICE(s), n);

    return fn ? QAT_VF(fn) : NULL;
}

bool qat_vf_owns(QATState *s, unsigned bank)
{
    return bank / QAT_VF_BANKS < qat_vf_count(s);
}

/* Whom a bank does DMA as, if it is a VF's */
void qat_vf_tag(QATState *s, unsigned bank, HdiovDmaTag *tag)
{
    QATVfDev *vf = qat_vf_dev(s, bank / QAT_VF_BANKS);

    if (vf) {
        tag->fn = PCI_DEVICE(vf);
        tag->master = vf->master;
    }
}

/* Interrupts */

static uint32_t qat_vf_sou(QATState *s, unsigned n)
{
    uint32_t sou = 0;
    unsigned i;

    for (i = 0; i < QAT_VF_BANKS; i++) {
        sou |= s->bank[n * QAT_VF_BANKS + i].rpintsou << i;
    }
    return sou;
}

static bool qat_vf_message(QATState *s, unsigned n)
{
    QATVfDev *vf = qat_vf_dev(s, n);

    if (!vf || !vf->master || !msi_enabled(PCI_DEVICE(vf))) {
        return false;
    }
    s->cnt.interrupts_vf++;
    msi_notify(PCI_DEVICE(vf), 0);
    return true;
}

/* An event of a VF's bank: true if it is over, with or without a message */
bool qat_vf_bank_irq(QATState *s, unsigned bank, bool *sent)
{
    unsigned n = bank / QAT_VF_BANKS;

    if (extract32(s->vf[n].intmsk, bank % QAT_VF_BANKS, 1)) {
        return false;
    }
    *sent = qat_vf_message(s, n);
    return true;
}

/* A message of the PF that comes, or is no longer masked, is one interrupt */
static void qat_vf_pf2vm_eval(QATState *s, unsigned n)
{
    QATVf *vf = &s->vf[n];
    bool now = (vf->pf2vm & PFVF_INT) && !(vf->pf2vm_msk & 1);

    if (now && !vf->pf2vm_sent) {
        qat_vf_message(s, n);
    }
    vf->pf2vm_sent = now;
}

/* VM2PF_SOU: those that have a message which the PF has not acknowledged */
uint32_t qat_vm2pf_sou(QATState *s)
{
    uint32_t sou = 0;
    unsigned n;

    for (n = 0; n < QAT_NUM_VFS; n++) {
        sou |= s->vf[n].vm2pf & PFVF_INT ? BIT(n) : 0;
    }
    return sou;
}

/* Registers, the same for both sides */

uint32_t qat_vf_reg_read(QATState *s, unsigned n, unsigned off)
{
    QATVf *vf = &s->vf[n];

    switch (off) {
    case VF_VINTSOU:
        return qat_vf_sou(s, n);
    case VF_VINTMSK:
        return vf->intmsk;
    case VF_VINTSOUPF2VM:
        return vf->pf2vm & PFVF_INT;
    case VF_VINTMSKPF2VM:
        return vf->pf2vm_msk;
    case VF_PF2VM:
        return vf->pf2vm;
    case VF_VM2PF:
        return vf->vm2pf;
    }
    return 0;
}

void qat_vf_reg_write(QATState *s, unsigned n, unsigned off, uint32_t val)
{
    QATVf *vf = &s->vf[n];
    unsigned i;

    switch (off) {
    case VF_VINTSOU:
        for (i = 0; i < QAT_VF_BANKS; i++) {
            if (extract32(val, i, 1)) {
                qat_bank_irq_clear(&s->bank[n * QAT_VF_BANKS + i]);
            }
        }
        break;
    case VF_VINTMSK:
        vf->intmsk = val & VINTMSK_ALL;
        for (i = 0; i < QAT_VF_BANKS; i++) {
            qat_bank_irq_eval(&s->bank[n * QAT_VF_BANKS + i]);
        }
        break;
    case VF_VINTMSKPF2VM:
        vf->pf2vm_msk = val & 1;
        qat_vf_pf2vm_eval(s, n);
        break;
    case VF_PF2VM:
        vf->pf2vm = val;
        qat_vf_pf2vm_eval(s, n);
        break;
    case VF_VM2PF:
        vf->vm2pf = val;
        qat_misc_irq_eval(s);
        break;
    }
}

static bool qat_vf_reg(hwaddr addr, unsigned *off)
{
    switch (addr) {
    case VF_PMISC_INT + VF_VINTSOU:
    case VF_PMISC_INT + VF_VINTMSK:
        *off = addr;
        return true;
    case VF_PMISC_PFVF ... VF_PMISC_PFVF + 12:
        *off = addr - VF_PMISC_PFVF + VF_VINTSOUPF2VM;
        return !(addr & 3);
    }
    return false;
}

static uint64_t qat_vf_pmisc_read(void *opaque, hwaddr addr, unsigned size)
{
    PCIDevice *pci = opaque;
    QATState *s = QAT(pcie_sriov_get_pf(pci));
    unsigned off;

    if (qat_vf_reg(addr, &off)) {
        return qat_vf_reg_read(s, pcie_sriov_vf_number(pci), off);
    }
    qat_unknown_reg(s, "VF's read", 2, addr);
    return 0;
}

static void qat_vf_pmisc_write(void *opaque, hwaddr addr, uint64_t val,
                               unsigned size)
{
    PCIDevice *pci = opaque;
    QATState *s = QAT(pcie_sriov_get_pf(pci));
    unsigned off;

    if (hdiov_dma_busy(&s->dma)) {
        return;
    }
    if (qat_vf_reg(addr, &off)) {
        qat_vf_reg_write(s, pcie_sriov_vf_number(pci), off, val);
    } else {
        qat_unknown_reg(s, "VF's write", 2, addr);
    }
}

/* BAR0: its banks */

static QATBank *qat_vf_bank(PCIDevice *pci, hwaddr addr)
{
    QATState *s = QAT(pcie_sriov_get_pf(pci));

    return &s->bank[pcie_sriov_vf_number(pci) * QAT_VF_BANKS +
                    addr / ETR_BANK_SIZE];
}

static uint64_t qat_vf_etr_read(void *opaque, hwaddr addr, unsigned size)
{
    return qat_bank_read(qat_vf_bank(opaque, addr), addr % ETR_BANK_SIZE);
}

static void qat_vf_etr_write(void *opaque, hwaddr addr, uint64_t val,
                             unsigned size)
{
    if (!hdiov_dma_busy(&QAT(pcie_sriov_get_pf(opaque))->dma)) {
        qat_bank_write(qat_vf_bank(opaque, addr), addr % ETR_BANK_SIZE, val);
    }
}

QAT_MMIO_OPS(vf_etr);
QAT_MMIO_OPS(vf_pmisc);

/* Device */

/* What both sides see of it, which is the PF's even without VFs */
void qat_vf_reset(QATState *s, unsigned n)
{
    s->vf[n] = (QATVf) { .intmsk = VINTMSK_ALL, .pf2vm_msk = 1 };
}

/* VFE cleared, FLR of the VF or the PF, reset of the machine */
static void qat_vf_dev_reset(DeviceState *dev)
{
    PCIDevice *pci = PCI_DEVICE(dev);
    QATState *s = QAT(pcie_sriov_get_pf(pci));
    unsigned i, n = pcie_sriov_vf_number(pci);

    QAT_VF(dev)->master = false;
    qat_ats_reset(pci);
    qat_vf_reset(s, n);
    for (i = 0; i < QAT_VF_BANKS; i++) {
        QATBank *b = &s->bank[n * QAT_VF_BANKS + i];
        bool asked = b->stopping || b->rpresetsts;

        qat_bank_reset(b);
        if (asked) {
            /* The PF waits for RPRESETSTS, and this was a reset as well */
            b->stopped = true;
            b->rpresetsts = RPRESETSTS_DONE;
        }
    }
    qat_misc_irq_eval(s);
}

/*
 * For QEMU, both bits of PCI_COMMAND are always set, as those of the E810's VFs,
 * for the same reasons: a VF has no Memory Space Enable of its own, and QEMU
 * makes all address spaces anew with each change of Bus Master Enable.
 */
#define VF_COMMAND (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static uint32_t qat_vf_read_config(PCIDevice *pci, uint32_t addr, int len)
{
    uint32_t val = pci_default_read_config(pci, addr, len);

    if (addr == PCI_COMMAND) {
        val &= ~VF_COMMAND;
        val |= QAT_VF(pci)->master ? PCI_COMMAND_MASTER : 0;
    }
    return val;
}

static void qat_vf_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                                int len)
{
    if (addr == PCI_COMMAND) {
        QAT_VF(pci)->master = val & PCI_COMMAND_MASTER;
    }
    pci_default_write_config(pci, addr, val, len);
    pcie_cap_flr_write_config(pci, addr, val, len);
}

static void qat_vf_realize(PCIDevice *pci, Error **errp)
{
    QATVfDev *vf = QAT_VF(pci);
    QATState *s = QAT(pcie_sriov_get_pf(pci));

    pci_set_word(pci->config + PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_INTEL);
    pci_set_word(pci->config + PCI_SUBSYSTEM_ID, 0);
    memory_region_init_io(&vf->etr, OBJECT(vf), &qat_vf_etr_ops, vf,
                          "qat-vf-etr", QAT_VF_ETR_SIZE);
    pci_register_bar(pci, 0, QAT_BAR_TYPE, &vf->etr);
    memory_region_init_io(&vf->pmisc, OBJECT(vf), &qat_vf_pmisc_ops, vf,
                          "qat-vf-pmisc", QAT_VF_PMISC_SIZE);
    pci_register_bar(pci, 2, QAT_BAR_TYPE, &vf->pmisc);
    if (msi_init(pci, QAT_VF_CAP_MSI, 1, true, true, errp)) {
        return;
    }
    if (pcie_endpoint_cap_init(pci, QAT_VF_CAP_PCIE) < 0) {
        msi_uninit(pci);
        error_setg(errp, "no place for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pci);
    pcie_cap_deverr_init(pci);
    pcie_ari_init(pci, QAT_VF_ECAP_ARI);
    if (s->ats) {
        pcie_ats_init(pci, QAT_VF_ECAP_ATS, true);
    }
    /* Not before the BARs are there: QEMU would map them at once */
    pci_set_word(pci->config + PCI_COMMAND, VF_COMMAND);
    pci_set_word(pci->wmask + PCI_COMMAND, 0);
}

static void qat_vf_exit(PCIDevice *pci)
{
    pcie_cap_exit(pci);
    msi_uninit(pci);
}

bool qat_vf_init(QATState *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);

    if (!s->sriov_vfs) {
        return true;
    }
    /* The card has no other number, and Linux's qat_4xxx enables all of them */
    if (s->sriov_vfs != QAT_NUM_VFS) {
        error_setg(errp, "sriov-vfs=%u: 0 or %u", s->sriov_vfs, QAT_NUM_VFS);
        return false;
    }
    pcie_ari_init(pci, QAT_ECAP_ARI);
    /* VF n is function n + 1: those of 6b:00.0 are 6b:00.1 to 6b:02.0 */
    if (!pcie_sriov_pf_init(pci, QAT_ECAP_SRIOV, TYPE_QAT_VF, s->device_id + 1,
                            QAT_NUM_VFS, QAT_NUM_VFS, 1, 1, errp)) {
        return false;
    }
    pcie_sriov_pf_init_vf_bar(pci, 0, QAT_BAR_TYPE, QAT_VF_ETR_SIZE);
    pcie_sriov_pf_init_vf_bar(pci, 2, QAT_BAR_TYPE, QAT_VF_PMISC_SIZE);
    return true;
}

static const VMStateDescription qat_vf_vmstate = {
    .name = TYPE_QAT_VF,
    .unmigratable = 1,
};

static void qat_vf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *c = PCI_DEVICE_CLASS(klass);

    c->realize = qat_vf_realize;
    c->exit = qat_vf_exit;
    c->config_read = qat_vf_read_config;
    c->config_write = qat_vf_write_config;
    c->vendor_id = PCI_VENDOR_ID_INTEL;
    c->device_id = QAT_DEVICE_ID + 1;
    c->revision = QAT_REVISION;
    c->class_id = QAT_CLASS;
    dc->desc = "Intel QAT 2.0 (4xxx) virtual function";
    dc->user_creatable = false;
    dc->vmsd = &qat_vf_vmstate;
    device_class_set_legacy_reset(dc, qat_vf_dev_reset);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo qat_vf_info = {
    .name = TYPE_QAT_VF,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(QATVfDev),
    .class_init = qat_vf_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void qat_vf_register_types(void)
{
    type_register_static(&qat_vf_info);
}

type_init(qat_vf_register_types)
