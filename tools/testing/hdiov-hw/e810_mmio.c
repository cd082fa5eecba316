/*
 * Emulated Intel E810: registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The linear registers are a sorted table of arrays. From 32 MiB on each
 * register that a VM may own has a page of its own, and the rest of that page
 * is inert.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "e810.h"

typedef struct E810Reg {
    uint32_t base;
    uint32_t count;             /* registers, 4 bytes each */
    uint32_t wmask;             /* of what is stored */
    size_t offset;              /* of the stored array, 0 if none */
    uint32_t (*read)(E810State *s, unsigned i);
    void (*write)(E810State *s, unsigned i, uint32_t val);
    uint32_t fixed;             /* value if neither stored nor read */
} E810Reg;

#define RW(_base, _count, _field, _mask) \
    { .base = _base, .count = _count, .offset = offsetof(E810State, _field), \
      .wmask = _mask }
#define RO(_base, _count, _value) \
    { .base = _base, .count = _count, .fixed = _value }
#define FN(_base, _count, _read, _write) \
    { .base = _base, .count = _count, .read = _read, .write = _write }

static void nop_write(E810State *s, unsigned i, uint32_t val)
{
}

/*
 * Admin queues: registers of the two rings are 0x80 apart (the ATQ's BAL, the
 * ARQ's BAL, the ATQ's BAH, ...), those of a mailbox ring follow each other.
 */
static uint32_t fw_read(E810State *s, unsigned i)
{
    return i % 0x20 ? E810_DEADBEEF :
           e810_ctlq_read(i / 0x20 % 2 ? &s->fw.rq : &s->fw.sq, i / 0x40);
}

static void fw_write(E810State *s, unsigned i, uint32_t val)
{
    if (!(i % 0x20)) {
        e810_ctlq_write(s, &s->fw, i / 0x20 % 2, i / 0x40, val);
    }
}

static uint32_t mbx_read(E810State *s, unsigned i)
{
    return i % 0x20 ? E810_DEADBEEF :
           e810_ctlq_read(i / 0x20 < CQ_NREGS ? &s->mbx.sq : &s->mbx.rq,
                          i / 0x20 % CQ_NREGS);
}

static void mbx_write(E810State *s, unsigned i, uint32_t val)
{
    if (!(i % 0x20)) {
        e810_ctlq_write(s, &s->mbx, i / 0x20 >= CQ_NREGS,
                        i / 0x20 % CQ_NREGS, val);
    }
}

static uint32_t pasid_read(E810State *s, unsigned i)
{
    return s->vsi[i].pasid;
}

static void pasid_write(E810State *s, unsigned i, uint32_t val)
{
    s->vsi[i].pasid = val & (VSI_PASID_EN | HDIOV_PASID_MASK);
}

static uint32_t vsi2f_read(E810State *s, unsigned i)
{
    E810Vsi *v = &s->vsi[i];

    return v->valid ? BIT(31) | i << 20 | s->pf << 12 | v->type << 10 |
           v->vf_id : 0;
}

static uint32_t vmpend_read(E810State *s, unsigned i)
{
    return e810_vsi_pending(s, s->vmindex);
}

static uint32_t pfgen_ctrl_read(E810State *s, unsigned i)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < s->pfr_done ?
           PFGEN_CTRL_PFSWR : 0;
}

static void pfgen_ctrl_write(E810State *s, unsigned i, uint32_t val)
{
    if (val & PFGEN_CTRL_PFSWR) {
        e810_fw_pfr(s);
    }
}

static uint32_t fwsm_read(E810State *s, unsigned i)
{
    return GL_MNG_FWSM_VALID |
           (e810_fw_loading(s) ? GL_MNG_FWSM_FW_LOADING : 0);
}

static uint32_t vsi_rtrig_read(E810State *s, unsigned i)
{
    return s->vsi[i].in_reset ? VSIGEN_RTRIG_VMSWR : 0;
}

static void vsi_rstat_write(E810State *s, unsigned i, uint32_t val)
{
    /* VMRD is the card's, the rest is a note of the driver */
    s->vsi[i].rstat = val & ~VSIGEN_RSTAT_VMRD & 0x3;
}

/* Registers of the whole card, whichever function asks */
static uint32_t qf_read(E810State *s, unsigned i)
{
    return s->card->qf[i];
}

static void qf_write(E810State *s, unsigned i, uint32_t val)
{
    s->card->qf[i] = val;
}

static uint32_t preext_read(E810State *s, unsigned i)
{
    return s->card->preext_mask[i];
}

static void preext_write(E810State *s, unsigned i, uint32_t val)
{
    s->card->preext_mask[i] = val;
}

#define CARD(_name, _mask) \
static uint32_t _name##_read(E810State *s, unsigned i) \
{ \
    return s->card->_name; \
} \
static void _name##_write(E810State *s, unsigned i, uint32_t val) \
{ \
    s->card->_name = val & (_mask); \
}
CARD(gl_mbx_pasid, 0x3)
CARD(rstctl, GLGEN_RSTCTL_GRSTDEL)
CARD(mdet_tclan, 0)                     /* anything written clears these */
CARD(mdet_pqm, 0)
CARD(mdet_rx, 0)

static uint32_t func_rid_read(E810State *s, unsigned i)
{
    return s->pf;
}

static uint32_t share_read(const E810Share *share, unsigned shift)
{
    return ALLOC_VALID | (share->first + share->num - 1) << shift |
           share->first;
}

static uint32_t rx_qalloc_read(E810State *s, unsigned i)
{
    return share_read(&s->rxqs, 16);
}

/* Indexed by function, unlike the one of Rx queues */
static uint32_t tx_qalloc_read(E810State *s, unsigned i)
{
    return s->card->fn[i] ? share_read(&s->card->fn[i]->txqs, 16) : 0;
}

static uint32_t pfint_alloc_read(E810State *s, unsigned i)
{
    return share_read(&s->vecs, 12);
}

static uint32_t rstat_read(E810State *s, unsigned i)
{
    bool busy;

    s = s->card;
    busy = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < s->grst_done;
    /* Asked for, in progress, or the card is active */
    return (timer_pending(s->grst_timer) ? 1 : busy ? 2 : 0) |
           s->grst_type << 2;
}

/* Functions are warned, and the reset follows after GLGEN_RSTCTL.GRSTDEL */
static void rtrig_write(E810State *s, unsigned i, uint32_t val)
{
    s = s->card;
    if (!(val & GLGEN_RTRIG_ANY) || timer_pending(s->grst_timer)) {
        return;
    }
    s->grst_type = val & BIT(0) ? 1 : val & BIT(1) ? 2 : 3;
    timer_mod(s->grst_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              (s->rstctl & GLGEN_RSTCTL_GRSTDEL) * 100LL * SCALE_MS + SCALE_MS);
    for (i = 0; i < E810_MAX_PFS; i++) {
        if (s->fn[i]) {
            e810_oicr_set(s->fn[i], OICR_GRST);
        }
    }
}

static uint32_t itr_read(E810State *s, unsigned i)
{
    return s->vec[i % E810_NUM_VECTORS].itr[i / E810_NUM_VECTORS];
}

static void itr_write(E810State *s, unsigned i, uint32_t val)
{
    e810_itr_write(s, i % E810_NUM_VECTORS, i / E810_NUM_VECTORS, val);
}

static uint32_t rate_read(E810State *s, unsigned i)
{
    return s->vec[i].rate;
}

static void rate_write(E810State *s, unsigned i, uint32_t val)
{
    s->vec[i].rate = val & 0x7f;
}

static uint32_t oicr_read(E810State *s, unsigned i)
{
    return e810_oicr_read(s);
}

static void oicr_write(E810State *s, unsigned i, uint32_t val)
{
    e810_oicr_set(s, val);
}

static void oicr_ena_write(E810State *s, unsigned i, uint32_t val)
{
    s->oicr_ena = val;
    e810_oicr_set(s, 0);
}

static uint32_t oicr_ena_read(E810State *s, unsigned i)
{
    return s->oicr_ena;
}

/*
 * Which descriptor the card has written back last, not which comes next. It
 * stays when a queue is added anew: who wants to know whether there was one
 * since writes what cannot be one, 0x1fff.
 */
static uint32_t tx_head_read(E810State *s, unsigned i)
{
    return s->txq[i].comm_head;
}

static void tx_head_write(E810State *s, unsigned i, uint32_t val)
{
    s->txq[i].comm_head = val & QTX_COMM_HEAD_MASK;
}

static uint32_t tx_tail_read(E810State *s, unsigned i)
{
    return s->txq[i].tail;
}

static uint32_t rx_tail_read(E810State *s, unsigned i)
{
    return s->rxq[i].tail;
}

/*
 * A Tx queue's context, the queue being named by its number on the card: bytes
 * as software gave them. Of the ways to write it, the one that leaves the head
 * and all else that the card keeps there is modelled.
 */
static void qtx_cntx_write(E810State *s, unsigned i, uint32_t val)
{
    unsigned q = (val & 0x3fff) - s->txqs.first;
    uint8_t ctx[40] = {};

    s->qtx_cntx_ctl = val & ~QTX_CNTX_CTL_EXEC;
    if (!(val & QTX_CNTX_CTL_EXEC) || q >= s->txqs.num) {
        return;
    }
    switch (extract32(val, 16, 3)) {
    case QTX_CNTX_CTL_READ:
        memcpy(ctx, s->txq[q].ctx, E810_TXQ_CTX_LEN);
        for (i = 0; i < ARRAY_SIZE(s->qtx_cntx_data); i++) {
            s->qtx_cntx_data[i] = ldl_le_p(ctx + 4 * i);
        }
        break;
    case QTX_CNTX_CTL_WRITE_NO_DYN:
        for (i = 0; i < ARRAY_SIZE(s->qtx_cntx_data); i++) {
            stl_le_p(ctx + 4 * i, s->qtx_cntx_data[i]);
        }
        e810_tx_set_ctx(s, &s->txq[q], ctx);
        break;
    default:
        qemu_log_mask(LOG_UNIMP, "e810: Tx queue %u: context command 0x%x\n",
                      q, val);
        break;
    }
}

static uint32_t qtx_cntx_read(E810State *s, unsigned i)
{
    return s->qtx_cntx_ctl;
}

/* Which descriptor profiles there are */
static uint32_t rxdid_flags_read(E810State *s, unsigned i)
{
    return i < 64 && e810_rx_flexible(s, i) ? FLG_PKT_FRG : 0;
}

/* Frames that hit a flow director filter, in 64 bits; software clears them */
static uint32_t fd_count_read(E810State *s, unsigned i)
{
    return s->fd_count[i / 2] >> (i % 2 * 32);
}

static void fd_count_write(E810State *s, unsigned i, uint32_t val)
{
    uint64_t *count = &s->fd_count[i / 2];

    *count = deposit64(*count, i % 2 * 32, 32, val);
}

/* 64-bit counters of a VSI; software takes differences, so they only grow */
#define GLV(_name) \
static uint32_t glv_##_name##_read(E810State *s, unsigned i) \
{ \
    return s->vsi[i / 2].stats._name >> (i % 2 * 32); \
}
GLV(gorc)
GLV(uprc)
GLV(mprc)
GLV(bprc)
GLV(gotc)
GLV(uptc)
GLV(mptc)
GLV(bptc)

static uint32_t glv_rdpc_read(E810State *s, unsigned i)
{
    return s->vsi[i].stats.rdpc;
}

static uint32_t glv_tepc_read(E810State *s, unsigned i)
{
    return s->vsi[i].stats.tepc;
}

/* Counters of the port, 64 bytes apart, of which the first 8 are port 0's */
static uint32_t glprt_read(E810State *s, unsigned i)
{
#define PORT(_reg, _name) { _reg, offsetof(E810PortStats, _name) }
    static const struct {
        uint32_t reg;
        size_t offset;
    } counters[] = {
        PORT(0x000, gorc), PORT(0x240, roc), PORT(0x900, prc[0]),
        PORT(0x940, prc[1]), PORT(0x980, prc[2]), PORT(0x9c0, prc[3]),
        PORT(0xa00, prc[4]), PORT(0xa40, prc[5]), PORT(0xa80, prc[6]),
        PORT(0xb40, gotc), PORT(0xb80, ptc[0]), PORT(0xbc0, ptc[1]),
        PORT(0xc00, ptc[2]), PORT(0xc40, ptc[3]), PORT(0xc80, ptc[4]),
        PORT(0xcc0, ptc[5]), PORT(0xd00, ptc[6]), PORT(0x11c0, uptc),
        PORT(0x1200, mptc), PORT(0x1240, bptc), PORT(0x1280, tdold),
        PORT(0x1300, uprc), PORT(0x1340, mprc), PORT(0x1380, bprc),
    };
#undef PORT
    unsigned n;

    for (n = 0; n < ARRAY_SIZE(counters); n++) {
        if (counters[n].reg / 4 == (i & ~1)) {
            uint64_t *val = (void *)&s->port + counters[n].offset;

            return *val >> (i % 2 * 32);
        }
    }
    return 0;
}

/* Anything written clears these */
#define MDET(_name) \
static uint32_t _name##_read(E810State *s, unsigned i) \
{ \
    return s->_name; \
} \
static void _name##_write(E810State *s, unsigned i, uint32_t val) \
{ \
    s->_name = 0; \
}
MDET(pf_mdet_tclan)
MDET(pf_mdet_pqm)
MDET(pf_mdet_rx)

/* Those of a VF, instead of the PF's */
#define VP_MDET(_name) \
static uint32_t _name##_read(E810State *s, unsigned i) \
{ \
    return s->_name[i]; \
} \
static void _name##_write(E810State *s, unsigned i, uint32_t val) \
{ \
    s->_name[i] = 0; \
}
VP_MDET(vp_mdet_pqm)
VP_MDET(vp_mdet_tclan)
VP_MDET(vp_mdet_rx)

static uint32_t vflrstat_read(E810State *s, unsigned i)
{
    return s->vflrstat[i];
}

static void vflrstat_write(E810State *s, unsigned i, uint32_t val)
{
    s->vflrstat[i] &= ~val;
}

static uint32_t vpint_alloc_pci_read(E810State *s, unsigned i)
{
    return s->vpint_alloc_pci[i];
}

static uint32_t vf_atqlen_read(E810State *s, unsigned i)
{
    return e810_vf_mbx_len_read(s, i, false);
}

static void vf_atqlen_write(E810State *s, unsigned i, uint32_t val)
{
    e810_vf_mbx_len_write(s, i, false, val);
}

static uint32_t vf_arqlen_read(E810State *s, unsigned i)
{
    return e810_vf_mbx_len_read(s, i, true);
}

static void vf_arqlen_write(E810State *s, unsigned i, uint32_t val)
{
    e810_vf_mbx_len_write(s, i, true, val);
}

/* Sorted by base */
static const E810Reg e810_regs[] = {
    RO(VP_MDET_TX_TDPU, 256, 0),
    RW(GL_MDCK_TX_TDPU, 1, mdck_tdpu, 0xffffffff),
    RW(VPLAN_RX_QBASE, E810_MAX_VFS, vplan_rx_qbase, 0xff07ff),
    RW(VPLAN_RXQ_MAPENA, E810_MAX_VFS, vplan_rx_mapena, VPLAN_MAPENA),
    RW(VPLAN_TXQ_MAPENA, E810_MAX_VFS, vplan_tx_mapena, VPLAN_MAPENA),
    FN(VFGEN_RSTAT, E810_MAX_VFS, e810_vfgen_rstat_read,
       e810_vfgen_rstat_write),
    FN(PF_FW_ATQBAL, 0x140, fw_read, fw_write),
    RO(GLTSYN_TIME_L, 4, 0),                    /* the clock does not run */
    FN(VPGEN_VFRTRIG, E810_MAX_VFS, e810_vf_rtrig_read, e810_vf_rtrig_write),
    FN(VPGEN_VFRSTAT, E810_MAX_VFS, e810_vf_rstat_read, nop_write),
    FN(PFGEN_CTRL, 1, pfgen_ctrl_read, pfgen_ctrl_write),
    FN(VSIGEN_RTRIG, E810_NUM_VSI, vsi_rtrig_read, e810_vsi_rtrig),
    FN(VSIGEN_RSTAT, E810_NUM_VSI, e810_vsi_rstat, vsi_rstat_write),
    FN(GLGEN_VFLRSTAT, E810_MAX_VFS / 32, vflrstat_read, vflrstat_write),
    FN(VSI_PASID, E810_NUM_VSI, pasid_read, pasid_write),
    FN(VPINT_ALLOC_PCI, E810_MAX_VFS, vpint_alloc_pci_read,
       e810_vf_alloc_pci_write),
    RO(PFPM_WUS, 1, 0),
    RW(PFPM_WUFC, 1, wufc, 0x2),
    RO(GLPCI_LBARCTRL, 1, LBARCTRL_PAGES_PF),
    RO(GLPCI_CAPSUP, 1, CAPSUP_PASID_EN),
    RO(PF_PCI_CIAD, 1, 0),
    RO(PF_PCI_CIAA, 1, 0),
    RW(PFPCI_VMINDEX, 1, vmindex, 0x3ff),
    FN(PFPCI_VMPEND, 1, vmpend_read, nop_write),
    FN(PF_FUNC_RID, 1, func_rid_read, nop_write),
    RO(PRTRPB_RDPC, 1, 0),
    RO(GLNVM_ULD, 1, GLNVM_ULD_DONE),
    RO(GLNVM_GENS, 1, GLNVM_GENS_NVM_PRES | 6 << GLNVM_GENS_SR_SIZE_S),
    RO(GLNVM_FLA, 1, GLNVM_FLA_LOCKED),
    RO(GLGEN_STAT, 1, 0),
    FN(GL_MNG_FWSM, 1, fwsm_read, nop_write),
    RW(PFPM_APM, 1, apm, 0x1),
    RO(PRTGEN_STATUS, 1, 0),
    FN(GLGEN_RSTCTL, 1, rstctl_read, rstctl_write),
    FN(GLGEN_RSTAT, 1, rstat_read, nop_write),
    FN(GLGEN_RTRIG, 1, NULL, rtrig_write),
    RO(GL_PWR_MODE_CTL, 1, 0),
    RO(GLGEN_CLKSTAT_SRC, 1, 2 << 4),           /* 446 MHz */
    RO(GLPCI_CNF2, 1, 0),                       /* 64-byte cache lines */
    FN(QTX_COMM_HEAD, E810_NUM_TXQ, tx_head_read, tx_head_write),
    FN(VP_MDET_TX_TCLAN, E810_MAX_VFS, vp_mdet_tclan_read, vp_mdet_tclan_write),
    FN(PF_MDET_TX_TCLAN, 1, pf_mdet_tclan_read, pf_mdet_tclan_write),
    FN(GL_MDET_TX_TCLAN, 1, mdet_tclan_read, mdet_tclan_write),
    FN(QRX_CTRL, E810_NUM_RXQ, e810_rx_ctrl_read, e810_rx_ctrl_write),
    RW(QINT_TQCTL, E810_NUM_TXQ, qint_tqctl, 0x40001fff),
    RW(QINT_RQCTL, E810_NUM_RXQ, qint_rqctl, 0x40001fff),
    FN(GLINT_ITR, 3 * E810_NUM_VECTORS, itr_read, itr_write),
    FN(GLINT_RATE, E810_NUM_VECTORS, rate_read, rate_write),
    FN(GLINT_DYN_CTL, E810_NUM_VECTORS, e810_dyn_ctl_read, e810_dyn_ctl_write),
    RW(GLINT_VECT2FUNC, E810_NUM_VECTORS, vect2func, 0x170ff),
    RW(VPINT_MBX_CTL, E810_NUM_VSI, vpint_mbx_ctl, 0x40001fff),
    RW(PFINT_MBX_CTL, 1, mbx_ctl, 0x40001fff),
    RW(PFINT_SB_CTL, 1, sb_ctl, 0x40001fff),
    RW(PFINT_FW_CTL, 1, fw_ctl, 0x40001fff),
    FN(PFINT_OICR_ENA, 1, oicr_ena_read, oicr_ena_write),
    RW(PFINT_TSYN_MSK, 1, tsyn_msk, 0x1f),
    FN(PFINT_OICR, 1, oicr_read, oicr_write),
    RW(PFINT_OICR_CTL, 1, oicr_ctl, 0x40001fff),
    RW(GLINT_CTL, 1, glint_ctl, GLINT_CTL_DIS_AUTOMASK |
       GLINT_CTL_ITR_GRAN),
    FN(VSI_VSI2F, E810_NUM_VSI, vsi2f_read, nop_write),
    RW(VPINT_ALLOC, E810_MAX_VFS, vpint_alloc, VPINT_ALLOC_MASK),
    RW(VPLAN_TX_QBASE, E810_MAX_VFS, vplan_tx_qbase, 0xff3fff),
    FN(PFGEN_PORTNUM, 1, func_rid_read, nop_write),
    FN(PFLAN_RX_QALLOC, 1, rx_qalloc_read, nop_write),
    FN(PFLAN_TX_QALLOC, E810_MAX_PFS, tx_qalloc_read, nop_write),
    FN(PFINT_ALLOC, 1, pfint_alloc_read, nop_write),
    RO(PRTMAC_BASE, (PRTMAC_PS_QNT - PRTMAC_BASE) / 4, 0),
    RW(PRTMAC_PS_QNT, 1, pause_quanta, 0xffff),
    RO(PRTMAC_PS_QNT + 4, (PRTMAC_PS_RFSH - PRTMAC_PS_QNT) / 4 - 1, 0),
    RW(PRTMAC_PS_RFSH, 1, pause_refresh, 0xffff),
    RO(PRTMAC_PS_RFSH + 4, (PRTMAC_END - PRTMAC_PS_RFSH) / 4 - 1, 0),
    FN(GL_PREEXT_L2_PMASK0, 6, preext_read, preext_write),
    FN(VF_MBX_ATQLEN, E810_MAX_VFS, vf_atqlen_read, vf_atqlen_write),
    FN(VF_MBX_ARQLEN, E810_MAX_VFS, vf_arqlen_read, vf_arqlen_write),
    FN(PF_MBX_ATQBAL, 0x140, mbx_read, mbx_write),
    FN(GL_MBX_PASID, 1, gl_mbx_pasid_read, gl_mbx_pasid_write),
    FN(QRX_CONTEXT, 8 * E810_NUM_RXQ, e810_rx_ctx_read, e810_rx_ctx_write),
    FN(QRX_TAIL, E810_NUM_RXQ, rx_tail_read, e810_rx_tail),
    RW(QRX_ITR, E810_NUM_RXQ, qrx_itr, 0x1),
    RW(GLLAN_RCTL_0, 1, gllan_rctl, RCTL_0_PXE_MODE),
    FN(PF_MDET_RX, 1, pf_mdet_rx_read, pf_mdet_rx_write),
    FN(VP_MDET_RX, E810_MAX_VFS, vp_mdet_rx_read, vp_mdet_rx_write),
    FN(GL_MDET_RX, 1, mdet_rx_read, mdet_rx_write),
    FN(GLV_RDPC, E810_NUM_VSI, glv_rdpc_read, nop_write),
    RO(GLV_REPC, E810_NUM_VSI, 0),
    FN(QTX_COMM_DBELL, E810_NUM_TXQ, tx_tail_read, e810_tx_doorbell),
    FN(VP_MDET_TX_PQM, E810_MAX_VFS, vp_mdet_pqm_read, vp_mdet_pqm_write),
    FN(PF_MDET_TX_PQM, 1, pf_mdet_pqm_read, pf_mdet_pqm_write),
    RW(GLCOMM_QTX_CNTX_DATA, 10, qtx_cntx_data, 0xffffffff),
    RW(GLCOMM_QUANTA_PROF, E810_NUM_QUANTA, quanta_prof, 0x3fff3fff),
    FN(GLCOMM_QTX_CNTX_CTL, 1, qtx_cntx_read, qtx_cntx_write),
    RO(GLCOMM_QTX_CNTX_STAT, 1, 0),
    FN(GL_MDET_TX_PQM, 1, mdet_pqm_read, mdet_pqm_write),
    FN(GLV_GOTC, 2 * E810_NUM_VSI, glv_gotc_read, nop_write),
    FN(GLV_UPTC, 2 * E810_NUM_VSI, glv_uptc_read, nop_write),
    FN(GLV_MPTC, 2 * E810_NUM_VSI, glv_mptc_read, nop_write),
    FN(GLV_BPTC, 2 * E810_NUM_VSI, glv_bptc_read, nop_write),
    FN(GLV_TEPC, E810_NUM_VSI, glv_tepc_read, nop_write),
    RO(GLSWID_RUPP, 256, 0),
    FN(GLPRT_BASE, (GLPRT_END - GLPRT_BASE) / 4, glprt_read, nop_write),
    FN(GLSTAT_FD_CNT0, 2 * E810_NUM_FD_COUNTERS, fd_count_read,
       fd_count_write),
    FN(GLV_GORC, 2 * E810_NUM_VSI, glv_gorc_read, nop_write),
    FN(GLV_UPRC, 2 * E810_NUM_VSI, glv_uprc_read, nop_write),
    FN(GLV_MPRC, 2 * E810_NUM_VSI, glv_mprc_read, nop_write),
    FN(GLV_BPRC, 2 * E810_NUM_VSI, glv_bprc_read, nop_write),
    RW(VSIQF_HKEY, 13 * 1024, hkey, 0xffffffff),
    RW(VSIQF_HASH_CTL, E810_NUM_VSI, hash_ctl, 0x9fdf),
    FN(GLQF_HSYMM, GLQF_DWORDS, qf_read, qf_write),
    RW(VSIQF_HLUT, 16 * 1024, hlut, 0xffffffff),
    RW(PFQF_FD_ENA, 1, fd_ena, 0x1),
    RO(GLFLXP_RXDID_FLX_WRD, 6 * 64, 0),
    FN(GLFLXP_RXDID_FLAGS, 5 * 64, rxdid_flags_read, nop_write),
    RO(GLQF_FD_SIZE, 1, E810_NUM_FD_FILTERS << 16 | E810_NUM_FD_FILTERS),
    RO(GLQF_FD_CNT, 1, 0),
    RO(PFQF_FD_SIZE, 1, 0),
    RO(VSIQF_FD_SIZE, E810_NUM_VSI, 0),
    RO(VSIQF_FD_CNT, E810_NUM_VSI, 0),
    RW(QRXFLXP_CNTXT, E810_NUM_RXQ, qrxflxp, 0xf3f),
};

static const E810Reg *e810_find(hwaddr addr)
{
    int lo = 0, hi = ARRAY_SIZE(e810_regs) - 1;

    while (lo <= hi) {
        int mid = (lo + hi) / 2;
        const E810Reg *r = &e810_regs[mid];

        if (addr < r->base) {
            hi = mid - 1;
        } else if (addr >= r->base + r->count * 4ULL) {
            lo = mid + 1;
        } else {
            return r;
        }
    }
    return NULL;
}

static uint32_t *e810_stored(E810State *s, const E810Reg *r, unsigned i)
{
    return r->offset ? (uint32_t *)((uint8_t *)s + r->offset) + i : NULL;
}

static uint32_t e810_linear_read(E810State *s, hwaddr addr)
{
    const E810Reg *r = e810_find(addr);
    uint32_t *val;
    unsigned i;

    if (!r) {
        s->cnt.unknown_reg++;
        qemu_log_mask(LOG_UNIMP, "e810: read of unknown register 0x%06"
                      HWADDR_PRIx "\n", addr);
        return E810_DEADBEEF;
    }
    i = (addr - r->base) / 4;
    val = e810_stored(s, r, i);
    return val ? *val : r->read ? r->read(s, i) : r->fixed;
}

static void e810_linear_write(E810State *s, hwaddr addr, uint32_t data)
{
    const E810Reg *r = e810_find(addr);
    uint32_t *val;
    unsigned i;

    if (!r) {
        s->cnt.unknown_reg++;
        qemu_log_mask(LOG_UNIMP, "e810: write of unknown register 0x%06"
                      HWADDR_PRIx " = 0x%08x\n", addr, data);
        return;
    }
    i = (addr - r->base) / 4;
    val = e810_stored(s, r, i);
    if (val) {
        *val = (*val & ~r->wmask) | (data & r->wmask);
    } else if (r->write) {
        r->write(s, i, data);
    }
}

/* The page of a VSI's mailbox: the ATQ's registers, then the ARQ's */
static uint32_t e810_mbx_page_read(E810State *s, unsigned vsi, unsigned reg)
{
    E810CtlQ *q = &s->vsi[vsi].mbx;

    return e810_ctlq_read(reg < CQ_NREGS ? &q->sq : &q->rq, reg % CQ_NREGS);
}

/*
 * Pages are numbered as the card numbers what they belong to. Of another
 * function's a function reaches nothing: -1.
 */
static int e810_page_index(const E810Share *share, hwaddr offset)
{
    unsigned i = offset >> 12;

    return i >= share->first && i < share->first + share->num ?
           i - share->first : -1;
}

static uint64_t e810_page_read(E810State *s, hwaddr addr)
{
    unsigned reg = (addr & 0xfff) / 4;
    int i;

    if (addr < E810_PAGE_MBX + E810_NUM_VSI * 4096ULL) {
        i = e810_page_index(&s->vsis, addr - E810_PAGE_MBX);
        if (i >= 0 && reg < 2 * CQ_NREGS) {
            return e810_mbx_page_read(s, s->vsis.first + i, reg);
        }
    } else if (addr >= E810_PAGE_INT && addr < E810_PAGE_RX_TAIL) {
        i = e810_page_index(&s->vecs, addr - E810_PAGE_INT);
        if (i >= 0 && reg == 0) {
            return e810_dyn_ctl_read(s, i);
        } else if (i >= 0 && reg < 4) {
            return s->vec[i].itr[reg - 1];
        }
    } else if (addr >= E810_PAGE_RX_TAIL && addr < E810_PAGE_TX_DBELL) {
        i = e810_page_index(&s->rxqs, addr - E810_PAGE_RX_TAIL);
        if (i >= 0 && reg == 0) {
            return s->rxq[i].tail;
        }
    } else if (addr >= E810_PAGE_TX_DBELL) {
        i = e810_page_index(&s->txqs, addr - E810_PAGE_TX_DBELL);
        if (i >= 0 && reg == 0) {
            return s->txq[i].tail;
        }
    }
    return E810_DEADBEEF;
}

static void e810_page_write(E810State *s, hwaddr addr, uint32_t val)
{
    unsigned reg = (addr & 0xfff) / 4;
    int i;

    if (addr < E810_PAGE_MBX + E810_NUM_VSI * 4096ULL) {
        i = e810_page_index(&s->vsis, addr - E810_PAGE_MBX);
        if (i >= 0 && reg < 2 * CQ_NREGS) {
            e810_ctlq_write(s, &s->vsi[s->vsis.first + i].mbx,
                            reg >= CQ_NREGS, reg % CQ_NREGS, val);
        }
    } else if (addr >= E810_PAGE_INT && addr < E810_PAGE_RX_TAIL) {
        i = e810_page_index(&s->vecs, addr - E810_PAGE_INT);
        if (i >= 0 && reg == 0) {
            e810_dyn_ctl_write(s, i, val);
        } else if (i >= 0 && reg < 4) {
            e810_itr_write(s, i, reg - 1, val);
        }
    } else if (addr >= E810_PAGE_RX_TAIL && addr < E810_PAGE_TX_DBELL) {
        i = e810_page_index(&s->rxqs, addr - E810_PAGE_RX_TAIL);
        if (i >= 0 && reg == 0) {
            e810_rx_tail(s, i, val);
        }
    } else if (addr >= E810_PAGE_TX_DBELL) {
        i = e810_page_index(&s->txqs, addr - E810_PAGE_TX_DBELL);
        if (i >= 0 && reg == 0) {
            e810_tx_doorbell(s, i, val);
        }
    }
}

static uint64_t e810_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    E810State *s = opaque;

    if (hdiov_dma_busy(&s->dma)) {
        return E810_DEADBEEF;
    }
    return addr < E810_PAGE_MBX ? e810_linear_read(s, addr) :
                                  e810_page_read(s, addr);
}

static void e810_mmio_write(void *opaque, hwaddr addr, uint64_t val,
                            unsigned size)
{
    E810State *s = opaque;

    if (hdiov_dma_busy(&s->dma)) {
        return;
    }
    if (addr < E810_PAGE_MBX) {
        e810_linear_write(s, addr, val);
    } else {
        e810_page_write(s, addr, val);
    }
}

const MemoryRegionOps e810_mmio_ops = {
    .read = e810_mmio_read,
    .write = e810_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};
