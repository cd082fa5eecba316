/*
 * Emulated QAT 2.0 (4xxx): errors, power management events, and the interrupt
 * that they and messages of VFs have
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There are no errors but those that a test asks for, with the property
 * "inject-error". Names are those of Linux, without prefix.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "hw/pci/msix.h"
#include "qat.h"

#define ARAM                    BIT(31)     /* in BAR0, the others in BAR2 */

typedef enum QATRasKind {
    RAS_RW,             /* enables, masks and what only stores */
    RAS_W1C,            /* errors */
    RAS_RO,
    RAS_ARAM,           /* errors in bit 0, enables above */
} QATRasKind;

static const struct {
    const char *name;
    uint32_t off;
    QATRasKind kind;
} qat_ras_regs[] = {
#define R(_name, _off, _kind) { #_name, _off, RAS_##_kind }
/* One for each pair of kinds of slices */
#define R5(_name, _off, _kind)                  \
    R(_name##_ATH_CPH, _off, _kind),            \
    R(_name##_CPR_XLT, _off + 4, _kind),        \
    R(_name##_WAT_WCP, _off + 8, _kind),        \
    R(_name##_DCPR_UCS, _off + 12, _kind),      \
    R(_name##_PKE, _off + 16, _kind)
    R(INTMASKSSM, 0x0, RW),
    R(PPERR, 0x8, W1C),
    R(PPERRID, 0xc, RO),
    R(CERRSSMSH, 0x10, W1C),
    R(CERRSSMSHAD, 0x14, RO),
    R(UERRSSMSH, 0x18, W1C),
    R(UERRSSMSHAD, 0x1c, RO),
    R(IAINTSTATSSM, 0x28, W1C),
    R(SSMWDTL, 0x54, RW),
    R(SSMWDTPKEL, 0x58, RW),
    R(SSMWDTH, 0x5c, RW),
    R(SSMWDTPKEH, 0x60, RW),
    R5(SLICEHANGSTATUS, 0x84, W1C),
    R(SSMSOFTERRORPARITY_SRC, 0x9c, W1C),
    R5(SSMSOFTERRORPARITY, 0xa0, W1C),
    R(SSMSOFTERRORPARITYMASK_SRC, 0xb8, RW),
    R5(SSMSOFTERRORPARITYMASK, 0xbc, RW),
    R5(SHINTMASKSSM, 0xf0, RW),
    R(SSMFEATREN, 0x198, RW),
    R5(SPPPULLCMDPARERR, 0x1a4, W1C),
    R5(SPPPULLDATAPARERR, 0x1bc, W1C),
    R5(SPPPUSHCMDPARERR, 0x1d4, W1C),
    R5(SPPPUSHDATAPARERR, 0x1ec, W1C),
    R5(SPPPARERRMSK, 0x204, RW),
    R(SSMCPPERR, 0x224, W1C),
    R(SER_ERR_SSMSH, 0x44c, W1C),
    R(SER_EN_SSMSH, 0x450, RW),
    R(EXPRPSSMCPR, 0x2000, W1C),
    R(EXPRPSSMXLT, 0xa000, W1C),
    R(EXPRPSSMDCPR0, 0x12000, W1C),
    R(EXPRPSSMDCPR1, 0x12080, W1C),
    R(EXPRPSSMDCPR2, 0x12100, W1C),
    R(HIAEUNCERRLOG_CPP0, 0x41a300, W1C),
    R(HIAECORERRLOG_CPP0, 0x41a308, W1C),
    R(HICPPAGENTCMDPARERRLOG, 0x41a310, W1C),
    R(HICPPAGENTCMDPARERRLOGENABLE, 0x41a314, RW),
    R(HIAECORERRLOGENABLE_CPP0, 0x41a318, RW),
    R(HIAEUNCERRLOGENABLE_CPP0, 0x41a320, RW),
    R(RICPPINTCTL, 0x41a32c, RW),
    R(RICPPINTSTS, 0x41a330, W1C),
    R(RIERRPUSHID, 0x41a334, RO),
    R(RIERRPULLID, 0x41a338, RO),
    R(RIMEM_PARERR_STS, 0x41b128, W1C),
    R(RI_MEM_PAR_ERR_EN0, 0x41b12c, RW),
    R(RIMISCSTS, 0x41b1b8, W1C),
    R(RIMISCCTL, 0x41b1bc, RW),
    R(TICPPINTCTL, 0x500538, RW),
    R(TICPPINTSTS, 0x50053c, W1C),
    R(TIERRPUSHID, 0x500540, RO),
    R(TIERRPULLID, 0x500544, RO),
    R(TIMISCCTL, 0x500548, RW),
    R(TIMISCSTS, 0x50054c, W1C),
    R(TI_CI_PAR_ERR_MASK, 0x500608, RW),
    R(TI_CI_PAR_STS, 0x50060c, W1C),
    R(TI_PULL0FUB_PAR_ERR_MASK, 0x500614, RW),
    R(TI_PULL0FUB_PAR_STS, 0x500618, W1C),
    R(TI_PUSHFUB_PAR_ERR_MASK, 0x50062c, RW),
    R(TI_PUSHFUB_PAR_STS, 0x500630, W1C),
    R(TI_CD_PAR_ERR_MASK, 0x500638, RW),
    R(TI_CD_PAR_STS, 0x50063c, W1C),
    R(TI_TRNSB_PAR_ERR_MASK, 0x500644, RW),
    R(TI_TRNSB_PAR_STS, 0x500648, W1C),
    R(CPP_CFC_ERR_CTRL, 0x640c00, RW),
    R(CPP_CFC_ERR_STATUS, 0x640c04, RO),
    R(CPP_CFC_ERR_PPID_LO, 0x640c0c, RO),
    R(CPP_CFC_ERR_PPID_HI, 0x640c10, RO),
    R(REG_ARAMCERR, ARAM | 0x1700, ARAM),
    R(REG_ARAMUERR, ARAM | 0x1704, ARAM),
    R(REG_ARAMCERRAD, ARAM | 0x1708, RO),
    R(REG_ARAMUERRAD, ARAM | 0x170c, RO),
    R(REG_CPPMEMTGTERR, ARAM | 0x1710, ARAM),
    R(REG_ERRPPID_LO, ARAM | 0x1714, RO),
    R(REG_ERRPPID_HI, ARAM | 0x1718, RO),
    R(REG_ARAMCERRUERR_EN, ARAM | 0x1808, RW),
};
QEMU_BUILD_BUG_ON(ARRAY_SIZE(qat_ras_regs) > QAT_NUM_RAS);

#define CPP_CFC_ERR_STATUS_CLR  0x640c08    /* W1C of CPP_CFC_ERR_STATUS */
#define ATUFAULTSTATUS          0x506000    /* one for each bank */

/* What of which register shows in ERRSOU, if that which enables it lets it */
static const struct {
    uint32_t status;
    uint32_t ctl;
    uint8_t sou;
    uint8_t bit;
    bool mask;          /* ctl is a mask, not enables */
    uint32_t bits;      /* the bits of status that are looked at */
    uint32_t en;        /* and of ctl, if not the same */
} qat_ras_sources[] = {
    { 0x41a308, 0x41a318, 0, 0, false, ~0u },           /* engine, corrected */
    { 0x41a300, 0x41a320, 1, 0, false, ~0u },           /* not corrected */
    { 0x41a310, 0x41a314, 1, 1, false, ~0u },           /* command parity */
    { 0x41b128, 0x41b12c, 1, 2, false, ~0u },           /* RI memory */
    { 0x50060c, 0x500608, 1, 3, true, ~0u },            /* TI memory */
    { 0x500618, 0x500614, 1, 3, true, ~0u },
    { 0x500630, 0x50062c, 1, 3, true, ~0u },
    { 0x50063c, 0x500638, 1, 3, true, ~0u },
    { 0x500648, 0x500644, 1, 3, true, ~0u },
    { 0x41b1b8, 0x41b1bc, 1, 4, false, 1 },
    { 0x28, 0x0, 2, 0, true, 0x1ff },                   /* slices */
    { 0x640c04, 0x640c00, 2, 1, false, ~0u, 1 },
    { 0x50054c, 0x500548, 3, 0, false, 1 },
    { 0x41a330, 0x41a32c, 3, 1, false, ~0u, ~0u },
    { 0x50053c, 0x500538, 3, 2, false, ~0u, ~0u },
    { ARAM | 0x1700, ARAM | 0x1808, 3, 3, false, 1, ~0u },
    { ARAM | 0x1704, ARAM | 0x1808, 3, 4, false, 1, ~0u },
    { ARAM | 0x1710, ARAM | 0x1808, 3, 4, false, 1, ~0u },
};

static uint32_t *qat_ras_reg(QATState *s, uint32_t off, QATRasKind *kind)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(qat_ras_regs); i++) {
        if (qat_ras_regs[i].off == off) {
            *kind = qat_ras_regs[i].kind;
            return &s->ras[i];
        }
    }
    if (off >= ATUFAULTSTATUS && off < ATUFAULTSTATUS + 4 * QAT_NUM_BANKS) {
        *kind = RAS_W1C;
        return &s->atu_fault[(off - ATUFAULTSTATUS) / 4];
    }
    return NULL;
}

static uint32_t qat_ras_val(QATState *s, uint32_t off)
{
    QATRasKind kind;

    return *qat_ras_reg(s, off, &kind);
}

/* The source of ERRSOU0 to 3 */
uint32_t qat_errsou(QATState *s, unsigned n)
{
    uint32_t sou = 0;
    int i;

    for (i = 0; i < ARRAY_SIZE(qat_ras_sources); i++) {
        uint32_t status, ctl;

        if (qat_ras_sources[i].sou != n) {
            continue;
        }
        status = qat_ras_val(s, qat_ras_sources[i].status) &
                 qat_ras_sources[i].bits;
        ctl = qat_ras_val(s, qat_ras_sources[i].ctl);
        if (qat_ras_sources[i].mask) {
            status &= ~ctl;
        } else if (!qat_ras_sources[i].en) {
            status &= ctl;
        } else if (!(ctl & qat_ras_sources[i].en)) {
            status = 0;
        }
        sou |= status ? BIT(qat_ras_sources[i].bit) : 0;
    }
    if (n == 2 && (s->pm_interrupt & PM_INTERRUPT_STS) &&
        (s->pm_interrupt & PM_INTERRUPT_EN)) {
        sou |= ERRSOU2_PM;
    }
    if (n == 3) {
        for (i = 0; i < QAT_NUM_BANKS; i++) {
            if (s->atu_fault[i]) {
                sou |= ERRSOU3_ATU;
            }
        }
    }
    return sou;
}

/* A source that appears, or is no longer masked, is one message */
void qat_misc_irq_eval(QATState *s)
{
    bool raise = false;
    uint32_t vm2pf;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(s->errmsk); i++) {
        uint32_t now = qat_errsou(s, i) & ~s->errmsk[i];

        raise |= now & ~s->errsou_sent[i];
        s->errsou_sent[i] = now;
    }
    vm2pf = qat_vm2pf_sou(s) & ~s->vm2pf_msk;
    raise |= vm2pf & ~s->vm2pf_sent;
    s->vm2pf_sent = vm2pf;
    if (raise && !(s->smiapf_mask & SMIAPF_MASK_MISC) &&
        s->route[QAT_NUM_BANKS] < QAT_NUM_VECTORS) {
        s->cnt.interrupts_misc++;
        msix_notify(PCI_DEVICE(s), s->route[QAT_NUM_BANKS]);
    }
}

bool qat_ras_read(QATState *s, hwaddr addr, bool aram, uint32_t *val)
{
    QATRasKind kind;
    uint32_t *reg = qat_ras_reg(s, addr | (aram ? ARAM : 0), &kind);

    if (reg) {
        *val = *reg;
    } else if (!aram && addr == CPP_CFC_ERR_STATUS_CLR) {
        *val = 0;
        return true;
    }
    return reg;
}

bool qat_ras_write(QATState *s, hwaddr addr, bool aram, uint32_t val)
{
    QATRasKind kind;
    uint32_t *reg = qat_ras_reg(s, addr | (aram ? ARAM : 0), &kind);

    if (!aram && addr == CPP_CFC_ERR_STATUS_CLR) {
        reg = qat_ras_reg(s, 0x640c04, &kind);
        kind = RAS_W1C;
    }
    if (!reg) {
        return false;
    }
    switch (kind) {
    case RAS_RW:
        *reg = val;
        break;
    case RAS_W1C:
        *reg &= ~val;
        break;
    case RAS_ARAM:
        *reg = (val & ~1u) | (*reg & ~val & 1);
        break;
    case RAS_RO:
        break;
    }
    qat_misc_irq_eval(s);
    return true;
}

void qat_ras_reset(QATState *s)
{
    int i;

    memset(s->ras, 0, sizeof(s->ras));
    memset(s->atu_fault, 0, sizeof(s->atu_fault));
    memset(s->errsou_sent, 0, sizeof(s->errsou_sent));
    /* Nothing is reported before a driver asks for it */
    for (i = 0; i < ARRAY_SIZE(qat_ras_sources); i++) {
        if (qat_ras_sources[i].mask) {
            QATRasKind kind;

            *qat_ras_reg(s, qat_ras_sources[i].ctl, &kind) = UINT32_MAX;
        }
    }
}

/* "NAME=VALUE": set bits of a register that shows errors, or PM_INTERRUPT's */
void qat_inject(Object *obj, const char *what, Error **errp)
{
    QATState *s = QAT(obj);
    const char *eq = strchr(what, '=');
    unsigned val;
    int i;

    if (!eq || qemu_strtoui(eq + 1, NULL, 0, &val)) {
        error_setg(errp, "inject-error '%s': need REGISTER=BITS", what);
        return;
    }
    if (!strncmp(what, "PM_INTERRUPT=", eq - what + 1)) {
        s->pm_interrupt |= val & PM_INTERRUPT_STS;
        qat_misc_irq_eval(s);
        return;
    }
    for (i = 0; i < ARRAY_SIZE(qat_ras_regs); i++) {
        const char *name = qat_ras_regs[i].name;

        if (qat_ras_regs[i].kind != RAS_RW && strlen(name) == eq - what &&
            !strncmp(what, name, eq - what)) {
            s->ras[i] |= val;
            qat_misc_irq_eval(s);
            return;
        }
    }
    error_setg(errp, "inject-error '%s': no such register of errors", what);
}
