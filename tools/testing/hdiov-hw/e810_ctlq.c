/*
 * Emulated Intel E810: admin queues and mailboxes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Three kinds of queue pairs have the same registers and descriptors: the PF's
 * to firmware, the PF's mailbox, and a mailbox for each VSI or VF. A message
 * that one of them sends appears in the PF's mailbox, and the other way round. Work is done
 * in a bottom half, a few descriptors of each queue in turn.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "e810.h"

#define CTLQ_BUDGET     4       /* descriptors of a queue in one turn */
#define CTLQ_TURNS      16      /* turns in one run of the bottom half */
#define MBX_OP_TO_PF    0x0801
#define MBX_OP_TO_VSI   0x0802
#define AQ_OP_LINK      0x0607

/* Whom a queue does DMA as */
static HdiovDmaTag e810_ctlq_tag(E810State *s, E810CtlQ *q)
{
    if (q->vf != E810_NO_VF) {
        return e810_vf_tag(s, q->vf);
    }
    if (q->vsi == E810_NO_VSI || !(s->card->gl_mbx_pasid & MBX_PASID_MODE)) {
        return hdiov_dma_pf(&s->dma, HDIOV_NO_PASID);
    }
    return e810_vsi_tag(s, q->vsi);
}

static unsigned e810_ring_len(E810Ring *r)
{
    return r->reg[CQ_LEN] & CQ_LEN_MASK;
}

static bool e810_ring_live(E810State *s, E810CtlQ *q, E810Ring *r)
{
    if (q->vsi != E810_NO_VSI &&
        (!s->vsi[q->vsi].valid || s->vsi[q->vsi].in_reset)) {
        return false;
    }
    if (q->vf != E810_NO_VF && !e810_vf_live(s, q->vf)) {
        return false;
    }
    return (r->reg[CQ_LEN] & CQ_LEN_ENABLE) && !r->stopped;
}

static bool e810_ring_has_work(E810Ring *r)
{
    return r->reg[CQ_H] != r->reg[CQ_T];
}

static dma_addr_t e810_ring_addr(E810Ring *r)
{
    return ((uint64_t)r->reg[CQ_BAH] << 32 | r->reg[CQ_BAL]) +
           r->reg[CQ_H] * AQ_DESC_SIZE;
}

static void e810_ring_advance(E810Ring *r)
{
    r->reg[CQ_H] = r->reg[CQ_H] + 1 >= e810_ring_len(r) ? 0 :
                   r->reg[CQ_H] + 1;
}

/* A critical error: nothing more until software writes LEN again */
static void e810_ring_crit(E810Ring *r)
{
    r->reg[CQ_LEN] |= CQ_LEN_CRIT;
    r->stopped = true;
}

/* Fetch the descriptor at the head; false stops the queue */
static bool e810_ring_fetch(E810State *s, E810CtlQ *q, E810Ring *r,
                            E810Desc *d)
{
    if (r->reg[CQ_H] >= e810_ring_len(r) || r->reg[CQ_T] >= e810_ring_len(r) ||
        !hdiov_dma_read(&s->dma, e810_ctlq_tag(s, q), e810_ring_addr(r),
                        d, sizeof(*d))) {
        e810_ring_crit(r);
        return false;
    }
    d->flags = le16_to_cpu(d->flags);
    d->opcode = le16_to_cpu(d->opcode);
    d->datalen = le16_to_cpu(d->datalen);
    d->retval = le16_to_cpu(d->retval);
    return true;
}

static dma_addr_t e810_desc_addr(const E810Desc *d)
{
    return (uint64_t)le32_to_cpu(d->addr_high) << 32 |
           le32_to_cpu(d->addr_low);
}

/* Write the descriptor back and go on to the next one */
static bool e810_ring_complete(E810State *s, E810CtlQ *q, E810Ring *r,
                               const E810Desc *d)
{
    E810Desc le = *d;

    le.flags = cpu_to_le16(d->flags | AQ_FLAG_DD | AQ_FLAG_CMP |
                           (d->retval && d->opcode != MBX_OP_TO_PF ?
                            AQ_FLAG_ERR : 0));
    le.opcode = cpu_to_le16(d->opcode);
    le.datalen = cpu_to_le16(d->datalen);
    le.retval = cpu_to_le16(d->retval);
    if (!hdiov_dma_write(&s->dma, e810_ctlq_tag(s, q), e810_ring_addr(r),
                         &le, sizeof(le))) {
        e810_ring_crit(r);
        return false;
    }
    e810_ring_advance(r);
    return true;
}

/* The card has taken the command at the head and has no answer yet: DD alone */
void e810_ctlq_taken(E810State *s, E810CtlQ *q)
{
    E810Ring *r = &q->sq;
    uint16_t flags;

    /* What cannot be had here stops the queue when the command is fetched */
    if (r->reg[CQ_H] < e810_ring_len(r) &&
        hdiov_dma_read(&s->dma, e810_ctlq_tag(s, q), e810_ring_addr(r),
                       &flags, sizeof(flags))) {
        flags |= cpu_to_le16(AQ_FLAG_DD | AQ_FLAG_CMP);
        hdiov_dma_write(&s->dma, e810_ctlq_tag(s, q), e810_ring_addr(r),
                        &flags, sizeof(flags));
    }
}

static void e810_ctlq_irq(E810State *s, E810CtlQ *q)
{
    if (q == &s->fw) {
        e810_irq_cause(s, s->fw_ctl, E810_NO_VF);
    } else if (q == &s->mbx) {
        e810_irq_cause(s, s->mbx_ctl, E810_NO_VF);
    } else if (q->vf != E810_NO_VF) {
        e810_irq_cause(s, s->vpint_mbx_ctl[q->vf], q->vf);
    } else {
        e810_irq_cause(s, s->vpint_mbx_ctl[q->vsi], E810_NO_VF);
    }
}

/*
 * Put a message into the receive ring of @q: AQ_RC_EAGAIN if there is no room,
 * AQ_RC_ENOENT if nobody listens.
 */
static uint16_t e810_ctlq_post(E810State *s, E810CtlQ *q, const E810Desc *msg,
                               const void *buf, uint16_t len)
{
    HdiovDmaTag tag = e810_ctlq_tag(s, q);
    E810Ring *r = &q->rq;
    E810Desc d;

    if (!e810_ring_live(s, q, r)) {
        return AQ_RC_ENOENT;
    }
    if (!e810_ring_has_work(r)) {
        r->reg[CQ_LEN] |= CQ_LEN_OVFL;
        return AQ_RC_EAGAIN;
    }
    if (!e810_ring_fetch(s, q, r, &d)) {
        return AQ_RC_EIO;
    }
    if (len && (!(d.flags & AQ_FLAG_BUF) || len > d.datalen)) {
        return AQ_RC_EINVAL;
    }
    if (len && !hdiov_dma_write(&s->dma, tag, e810_desc_addr(&d), buf, len)) {
        e810_ring_crit(r);
        return AQ_RC_EIO;
    }
    d.flags &= AQ_FLAG_BUF | AQ_FLAG_LB | AQ_FLAG_RD;
    d.opcode = msg->opcode;
    d.datalen = len;
    d.retval = msg->retval;
    d.cookie_high = msg->cookie_high;
    d.cookie_low = msg->cookie_low;
    d.param0 = msg->param0;
    d.param1 = msg->param1;
    if (!e810_ring_complete(s, q, r, &d)) {
        return AQ_RC_EIO;
    }
    e810_ctlq_irq(s, q);
    return AQ_RC_OK;
}

bool e810_ctlq_event(E810State *s, E810CtlQ *q, E810Desc *d, const void *buf,
                     uint16_t len)
{
    return e810_ctlq_post(s, q, d, buf, len) == AQ_RC_OK;
}

void e810_link_event(E810State *s)
{
    E810Desc d = { .opcode = AQ_OP_LINK };
    uint8_t buf[56] = {};

    if (!s->lse_enabled) {
        return;
    }
    e810_fill_link(s, buf);
    e810_ctlq_event(s, &s->fw, &d, buf, 32);
}

void e810_ctlq_kick(E810State *s, E810CtlQ *q)
{
    if (!q->active && e810_ring_live(s, q, &q->sq) &&
        e810_ring_has_work(&q->sq)) {
        q->active = true;
        QTAILQ_INSERT_TAIL(&s->cq_active, q, next);
        qemu_bh_schedule(s->cq_bh);
    }
}

/* The PF's mailbox has room, or stopped listening: look at those waiting */
static void e810_mbx_wake(E810State *s)
{
    E810CtlQ *q;

    while ((q = QTAILQ_FIRST(&s->mbx_wait))) {
        QTAILQ_REMOVE(&s->mbx_wait, q, next);
        QTAILQ_INSERT_TAIL(&s->cq_active, q, next);
        qemu_bh_schedule(s->cq_bh);
    }
}

static void e810_fw_one(E810State *s, E810Desc *d)
{
    HdiovDmaTag tag = hdiov_dma_pf(&s->dma, HDIOV_NO_PASID);
    uint16_t len = d->datalen;
    dma_addr_t addr = 0;

    s->cnt.aq_commands++;
    if (e810_fw_busy(s, d->opcode)) {
        d->retval = AQ_RC_EBUSY;
        return;
    }
    memset(s->aq_buf, 0, sizeof(s->aq_buf));
    if (!(d->flags & AQ_FLAG_BUF)) {
        d->retval = e810_aq_command(s, d, NULL, 0);
        return;
    }
    if (len > AQ_BUF_MAX) {
        d->retval = AQ_RC_EINVAL;
        return;
    }
    addr = e810_desc_addr(d);
    if ((d->flags & AQ_FLAG_RD) &&
        !hdiov_dma_read(&s->dma, tag, addr, s->aq_buf, len)) {
        d->retval = AQ_RC_EIO;
        return;
    }
    d->retval = e810_aq_command(s, d, s->aq_buf, len);
    if (len && !hdiov_dma_write(&s->dma, tag, addr, s->aq_buf, len)) {
        d->retval = AQ_RC_EIO;
    }
}

static void e810_pf_mbx_one(E810State *s, E810Desc *d)
{
    uint32_t to = le32_to_cpu(d->param0);
    uint16_t len = d->flags & AQ_FLAG_BUF ? d->datalen : 0;
    E810Desc msg = *d;
    E810CtlQ *q = NULL;

    if (d->opcode != MBX_OP_TO_VSI) {
        d->retval = AQ_RC_ESRCH;
        return;
    }
    /* With VFs, mailboxes are theirs; else those of VSIs */
    if (e810_vf_count(s)) {
        q = to < e810_vf_count(s) ? &s->vf[to].mbx : NULL;
    } else if (e810_vsi_get(s, to)) {
        q = &s->vsi[to].mbx;
    }
    if (!q || len > AQ_BUF_MAX) {
        d->retval = AQ_RC_EINVAL;
        return;
    }
    if (len && !hdiov_dma_read(&s->dma, hdiov_dma_pf(&s->dma, HDIOV_NO_PASID),
                               e810_desc_addr(d), s->aq_buf, len)) {
        d->retval = AQ_RC_EIO;
        return;
    }
    msg.param0 = msg.param1 = 0;
    d->retval = e810_ctlq_post(s, q, &msg, s->aq_buf, len);
    if (d->retval == AQ_RC_OK) {
        s->cnt.mbx_to_vsi++;
    }
}

/*
 * A message of a VSI or VF. Returns false if it must wait for room in the PF's
 * mailbox.
 */
static bool e810_vsi_mbx_one(E810State *s, E810CtlQ *q, E810Desc *d)
{
    uint16_t len = d->flags & AQ_FLAG_BUF ? d->datalen : 0;
    E810Desc msg = *d;
    uint16_t rc;

    if (d->opcode != MBX_OP_TO_PF) {
        d->retval = AQ_RC_ESRCH;
        d->flags |= AQ_FLAG_ERR;
        return true;
    }
    if (len > AQ_BUF_MAX) {
        d->retval = AQ_RC_EINVAL;
        d->flags |= AQ_FLAG_ERR;
        return true;
    }
    if (!e810_ring_live(s, &s->mbx, &s->mbx.rq) ||
        !e810_ring_has_work(&s->mbx.rq)) {
        return false;
    }
    if (len && !hdiov_dma_read(&s->dma, e810_ctlq_tag(s, q),
                               e810_desc_addr(d), s->aq_buf, len)) {
        d->retval = AQ_RC_EIO;
        d->flags |= AQ_FLAG_ERR;
        return true;
    }
    /* The card, not the sender, says who the sender is */
    msg.retval = q->vf != E810_NO_VF ? q->vf : q->vsi;
    msg.param0 = msg.param1 = 0;
    rc = e810_ctlq_post(s, &s->mbx, &msg, s->aq_buf, len);
    d->retval = rc;
    if (rc == AQ_RC_OK) {
        s->cnt.mbx_to_pf++;
    } else {
        d->flags |= AQ_FLAG_ERR;
    }
    return true;
}

static void e810_ctlq_bh(void *opaque)
{
    E810State *s = opaque;
    unsigned turns = 0;
    E810CtlQ *q;

    while (turns++ < CTLQ_TURNS && (q = QTAILQ_FIRST(&s->cq_active))) {
        E810Ring *r = &q->sq;
        bool wait = false, later = false;
        E810Desc d;
        int n;

        for (n = 0; n < CTLQ_BUDGET && !wait; n++) {
            if (!e810_ring_live(s, q, r) || !e810_ring_has_work(r)) {
                break;
            }
            if (!e810_fw_ready(s, q)) {
                later = true;
                break;
            }
            if (!e810_ring_fetch(s, q, r, &d)) {
                break;
            }
            d.flags &= ~(AQ_FLAG_DD | AQ_FLAG_CMP | AQ_FLAG_ERR);
            if (q == &s->fw) {
                e810_fw_one(s, &d);
            } else if (q == &s->mbx) {
                e810_pf_mbx_one(s, &d);
            } else {
                wait = !e810_vsi_mbx_one(s, q, &d);
            }
            if (!wait && e810_ring_complete(s, q, r, &d) &&
                !(d.flags & AQ_FLAG_SI)) {
                e810_ctlq_irq(s, q);
            }
        }

        QTAILQ_REMOVE(&s->cq_active, q, next);
        if (wait) {
            QTAILQ_INSERT_TAIL(&s->mbx_wait, q, next);
        } else if (!later && e810_ring_live(s, q, r) &&
                   e810_ring_has_work(r)) {
            QTAILQ_INSERT_TAIL(&s->cq_active, q, next);
        } else {
            q->active = false;
        }
    }
    if (!QTAILQ_EMPTY(&s->cq_active)) {
        qemu_bh_schedule(s->cq_bh);
    }
}

uint32_t e810_ctlq_read(E810Ring *r, unsigned reg)
{
    return r->reg[reg];
}

void e810_ctlq_write(E810State *s, E810CtlQ *q, bool rq, unsigned reg,
                     uint32_t val)
{
    E810Ring *r = rq ? &q->rq : &q->sq;

    /* A VSI or VF in reset holds its mailbox registers at 0 */
    if ((q->vsi != E810_NO_VSI && s->vsi[q->vsi].in_reset) ||
        (q->vf != E810_NO_VF && s->vf[q->vf].in_reset)) {
        return;
    }

    switch (reg) {
    case CQ_BAL:
        r->reg[reg] = val & ~0x3f;
        return;
    case CQ_BAH:
        r->reg[reg] = val;
        return;
    case CQ_LEN:
        r->reg[reg] = val & (0xf0000000 | CQ_LEN_MASK);
        r->stopped = false;
        if (!rq) {
            q->when = 0;
        }
        break;
    case CQ_H:
        r->reg[reg] = val & CQ_LEN_MASK;
        return;
    case CQ_T:
        r->reg[reg] = val & CQ_LEN_MASK;
        if (q->vsi != E810_NO_VSI || q->vf != E810_NO_VF) {
            s->cnt.doorbells_mbx++;
        }
        break;
    }

    if (!rq) {
        e810_ctlq_kick(s, q);
    } else if (q == &s->mbx) {
        e810_mbx_wake(s);
    }
}

void e810_ctlq_reset(E810State *s, E810CtlQ *q)
{
    memset(&q->sq, 0, sizeof(q->sq));
    memset(&q->rq, 0, sizeof(q->rq));
    q->when = 0;
}

void e810_ctlq_init(E810State *s)
{
    int i;

    QTAILQ_INIT(&s->cq_active);
    QTAILQ_INIT(&s->mbx_wait);
    s->fw.vsi = s->mbx.vsi = E810_NO_VSI;
    s->fw.vf = s->mbx.vf = E810_NO_VF;
    for (i = 0; i < E810_NUM_VSI; i++) {
        s->vsi[i].mbx.vsi = i;
        s->vsi[i].mbx.vf = E810_NO_VF;
    }
    s->cq_bh = qemu_bh_new_guarded(e810_ctlq_bh, s,
                                   &DEVICE(s)->mem_reentrancy_guard);
}

void e810_ctlq_finalize(E810State *s)
{
    qemu_bh_delete(s->cq_bh);
}
