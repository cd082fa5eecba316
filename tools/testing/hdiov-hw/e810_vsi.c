/*
 * Emulated Intel E810: virtual station interfaces
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/cutils.h"
#include "e810.h"

/* How long a VSI's reset takes at least */
#define VSI_RESET_NS    (20 * SCALE_US)

E810Vsi *e810_vsi_get(E810State *s, unsigned num)
{
    return num < E810_NUM_VSI && s->vsi[num].valid ? &s->vsi[num] : NULL;
}

uint16_t e810_vsi_count(E810State *s)
{
    uint16_t n = 0;
    int i;

    for (i = 0; i < E810_NUM_VSI; i++) {
        n += s->vsi[i].valid;
    }
    return n;
}

/* The region's queue number @idx as a queue of the card, or -1 */
static int e810_ctx_rxq(const uint8_t *ctx, unsigned idx)
{
    uint16_t tc = lduw_le_p(ctx + VSI_CTX_TC_MAP);
    unsigned q = extract32(tc, 0, 11) + idx;

    if (lduw_le_p(ctx + VSI_CTX_MAP_FLAGS) & VSI_MAP_NONCONTIG) {
        if (q >= 16) {
            return -1;
        }
        q = lduw_le_p(ctx + VSI_CTX_Q_MAP + 2 * q) & 0x7ff;
    } else {
        q += lduw_le_p(ctx + VSI_CTX_Q_MAP) & 0x7ff;
    }
    return q < E810_NUM_RXQ ? q : -1;
}

static unsigned e810_ctx_region(const uint8_t *ctx)
{
    return 1 << extract32(lduw_le_p(ctx + VSI_CTX_TC_MAP), 11, 4);
}

/* The size of the region that look-up tables spread over */
unsigned e810_vsi_region(E810Vsi *v)
{
    return e810_ctx_region(v->ctx);
}

/*
 * A region has a power of two of queues. How many of them there are stands in
 * the second word of a contiguous map (Linux's ice_vsi_setup_q_map()): of 12
 * queues, the region's last four are the next VSI's.
 */
static unsigned e810_ctx_num_rxq(const uint8_t *ctx)
{
    unsigned n = e810_ctx_region(ctx);
    unsigned there = lduw_le_p(ctx + VSI_CTX_Q_MAP + 2);

    if (lduw_le_p(ctx + VSI_CTX_MAP_FLAGS) & VSI_MAP_NONCONTIG || !there) {
        return n;
    }
    return MIN(n, there);
}

int e810_vsi_rxq(E810State *s, E810Vsi *v, unsigned idx)
{
    return idx < v->num_rxq ? e810_ctx_rxq(v->ctx, idx) : -1;
}

static void e810_vsi_drop_rxq(E810State *s, unsigned num)
{
    int i;

    for (i = 0; i < s->vsi[num].num_rxq; i++) {
        int q = e810_ctx_rxq(s->vsi[num].ctx, i);

        if (q >= 0 && s->rxq[q].vsi == num) {
            s->rxq[q].vsi = E810_NO_VSI;
        }
    }
    s->vsi[num].num_rxq = 0;
}

/*
 * A queue belongs to one VSI: refuse what another one has. Only firmware's own
 * VSI gives its queue up.
 */
static uint16_t e810_vsi_map_rxq(E810State *s, unsigned num,
                                 const uint8_t *ctx)
{
    unsigned i, owner, n = e810_ctx_num_rxq(ctx);
    int q;

    if (n > s->rxqs.num) {
        return AQ_RC_EINVAL;
    }
    for (i = 0; i < n; i++) {
        q = e810_ctx_rxq(ctx, i);
        if (q < 0 || q >= s->rxqs.num) {
            return AQ_RC_EINVAL;
        }
        owner = s->rxq[q].vsi;
        if (owner != E810_NO_VSI && owner != num &&
            owner != e810_default_vsi(s)) {
            return AQ_RC_EINVAL;
        }
    }
    e810_vsi_drop_rxq(s, num);
    for (i = 0; i < n; i++) {
        s->rxq[e810_ctx_rxq(ctx, i)].vsi = num;
    }
    s->vsi[num].num_rxq = n;
    return AQ_RC_OK;
}

/*
 * Take bytes @first to @end of a context over, if that section is marked valid.
 * When a VSI is added, what is not marked but not all zero counts as well:
 * Linux's ice marks neither queues nor RSS nor its VFs' switch flags, and its
 * card does what they say.
 */
static bool e810_ctx_section(uint8_t *to, const uint8_t *from, uint16_t flag,
                             bool add, unsigned first, unsigned end)
{
    if (!(lduw_le_p(from) & flag) &&
        !(add && !buffer_is_zero(from + first, end - first))) {
        return false;
    }
    memcpy(to + first, from + first, end - first);
    return true;
}

uint16_t e810_vsi_update(E810State *s, unsigned num, const uint8_t *ctx,
                         bool add)
{
    E810Vsi *v = &s->vsi[num];
    uint16_t valid = lduw_le_p(ctx + VSI_CTX_VALID);
    uint8_t new[VSI_CTX_SIZE] = {};
    uint16_t rc;

    if (add) {
        /* what firmware gives where the driver says nothing */
        new[VSI_CTX_SW_FLAGS2] = VSI_SW2_LAN_ENA;
        new[VSI_CTX_VLAN_FLAGS] = VSI_VLAN_TX_ALL |
                                  VSI_EMODE_NOTHING << VSI_VLAN_EMODE_S;
        new[VSI_CTX_OUTER_FLAGS] = s->dvm ?
                                   VSI_EMODE_NOTHING |
                                   OUTER_TAG_8100 << VSI_OUTER_TAG_TYPE_S |
                                   VSI_VLAN_TX_ALL << VSI_OUTER_TX_MODE_S : 0;
    } else {
        memcpy(new, v->ctx, sizeof(new));
    }
    e810_ctx_section(new, ctx, VSI_VALID_SW, add, 2, 6);
    e810_ctx_section(new, ctx, VSI_VALID_SECURITY, add, 6, 8);
    e810_ctx_section(new, ctx, VSI_VALID_VLAN, add, 8, 16);
    e810_ctx_section(new, ctx, VSI_VALID_OUTER, add, 24, 28);
    /* Where the section is not marked, it is no reason to refuse */
    if (e810_ctx_section(new, ctx, VSI_VALID_RXQ_MAP, add, 28, 78) || add) {
        rc = e810_vsi_map_rxq(s, num, new);
        if (rc && (valid & VSI_VALID_RXQ_MAP)) {
            return rc;
        }
    }
    e810_ctx_section(new, ctx, VSI_VALID_Q_OPT, add, 78, 84);
    if (!e810_ctx_section(new, ctx, VSI_VALID_FD, add, VSI_CTX_FD,
                          VSI_CTX_PASID) && add) {
        /* Unless told otherwise, the VSI may use and program the filters */
        stw_le_p(new + VSI_CTX_FD, VSI_FD_ENABLE | VSI_FD_PROG_ENABLE);
    }
    if (e810_ctx_section(new, ctx, VSI_VALID_PASID, false, VSI_CTX_PASID,
                         VSI_CTX_PASID + 4)) {
        v->pasid = ldl_le_p(ctx + VSI_CTX_PASID) &
                   (VSI_PASID_EN | HDIOV_PASID_MASK);
    } else if (add) {
        v->pasid = 0;
    }
    stw_le_p(new, lduw_le_p(new) | valid);
    memcpy(v->ctx, new, sizeof(new));
    if (add) {
        v->valid = true;
        v->in_reset = false;
        v->reset_done = 0;
        memset(&v->stats, 0, sizeof(v->stats));
    }
    return AQ_RC_OK;
}

void e810_vsi_free(E810State *s, unsigned num)
{
    E810Vsi *v = &s->vsi[num];
    int i;

    for (i = 0; i < v->num_rxq; i++) {
        int q = e810_vsi_rxq(s, v, i);

        if (q >= 0 && s->rxq[q].vsi == num) {
            e810_rx_stop(s, q);
        }
    }
    e810_vsi_drop_rxq(s, num);
    e810_fdir_clear(s, num);
    v->valid = false;
    v->pasid = 0;
    memset(v->ctx, 0, sizeof(v->ctx));
}

/* Firmware's VSI for a PF without driver: queue 0, everything to the LAN */
void e810_vsi_default(E810State *s)
{
    uint8_t ctx[VSI_CTX_SIZE] = {};

    stw_le_p(ctx, VSI_VALID_SW | VSI_VALID_RXQ_MAP);
    ctx[VSI_CTX_SW_FLAGS2] = VSI_SW2_LAN_ENA;
    e810_vsi_update(s, e810_default_vsi(s), ctx, true);
    s->vsi[e810_default_vsi(s)].type = VSI_TYPE_PF;
}

/* The VF that a VSI belongs to, or E810_NO_VF */
unsigned e810_vsi_vf(E810State *s, unsigned num)
{
    E810Vsi *v = e810_vsi_get(s, num);

    return v && v->type == VSI_TYPE_VF ? v->vf_id : E810_NO_VF;
}

/* Whom a VSI's queues do DMA as */
HdiovDmaTag e810_vsi_tag(E810State *s, unsigned num)
{
    uint32_t pasid = s->vsi[num].pasid;
    unsigned vf = e810_vsi_vf(s, num);

    if (vf != E810_NO_VF) {
        return e810_vf_tag(s, vf);
    }
    return hdiov_dma_pf(&s->dma, pasid & VSI_PASID_EN ?
                        pasid & HDIOV_PASID_MASK : HDIOV_NO_PASID);
}

/* May a VSI's queues run? */
bool e810_vsi_live(E810State *s, unsigned num)
{
    E810Vsi *v = e810_vsi_get(s, num);
    unsigned vf = e810_vsi_vf(s, num);

    return v && !v->in_reset && (vf == E810_NO_VF || e810_vf_live(s, vf));
}

/* Stop the queues of a VSI; they are configured anew before they run again */
void e810_vsi_stop(E810State *s, unsigned num)
{
    E810Vsi *v = &s->vsi[num];
    int i;

    for (i = 0; i < v->num_rxq; i++) {
        int q = e810_vsi_rxq(s, v, i);

        if (q >= 0) {
            e810_rx_stop(s, q);
            s->rxq[q].tail = 0;
        }
    }
    e810_tx_stop_vsi(s, num);
}

/*
 * VSIGEN_RTRIG: as long as VMSWR is set the VSI's queues do nothing. VMRD in
 * VSIGEN_RSTAT is 0 while the reset is under way: until the driver has had the
 * VSI taken off the scheduler (0x0C31 for it), whether or not it has queues.
 */
void e810_vsi_rtrig(E810State *s, unsigned num, uint32_t val)
{
    E810Vsi *v = &s->vsi[num];

    if (!(val & VSIGEN_RTRIG_VMSWR)) {
        v->in_reset = false;
        return;
    }
    if (v->in_reset) {
        return;
    }
    v->in_reset = true;
    v->reset_done = INT64_MAX;
    e810_ctlq_reset(s, &v->mbx);
    e810_vsi_stop(s, num);
}

/* 0x0C31 for a VSI in reset */
void e810_vsi_drained(E810State *s, unsigned num)
{
    E810Vsi *v = &s->vsi[num];

    if (v->reset_done == INT64_MAX) {
        v->reset_done = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + VSI_RESET_NS;
    }
}

uint32_t e810_vsi_rstat(E810State *s, unsigned num)
{
    E810Vsi *v = &s->vsi[num];
    bool done = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >= v->reset_done;

    return v->rstat | (done ? VSIGEN_RSTAT_VMRD : 0);
}

/* PFPCI_VMPEND: work of the VSI that may still do DMA */
bool e810_vsi_pending(E810State *s, unsigned num)
{
    E810TxQ *q;

    if (num >= E810_NUM_VSI) {
        return false;
    }
    if (s->vsi[num].mbx.active && s->vsi[num].valid && !s->vsi[num].in_reset &&
        (s->vsi[num].mbx.sq.reg[CQ_LEN] & CQ_LEN_ENABLE)) {
        return true;
    }
    QTAILQ_FOREACH(q, &s->tx_active, next) {
        if (q->vsi == num && !q->stopped) {
            return true;
        }
    }
    return false;
}
