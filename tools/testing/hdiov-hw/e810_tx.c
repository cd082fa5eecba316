/*
 * Emulated Intel E810: transmit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A doorbell only puts its queue on a list. A bottom half takes a few packets
 * of each queue in turn. Everything in a ring comes from a guest: what the
 * card calls malicious stops that queue (0x0C31 and 0x0C30 start it anew) and
 * is reported to the PF.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "e810.h"

/* Work is counted in frames sent and copies of them delivered to VSIs */
#define TX_QUEUE_BUDGET 64      /* of a queue in one turn */
#define TX_BUDGET       256     /* in one run of the bottom half */
#define TX_WINDOW       32      /* descriptors fetched at once */
#define TX_HEADROOM     16      /* for VLAN tags */
#define TX_GRP_SIZE     8
#define TX_PERQ_SIZE    48

typedef struct TxWindow {
    uint16_t pos;
    uint16_t len;
    uint64_t qw[TX_WINDOW * 2];
} TxWindow;

typedef enum TxResult {
    TX_SENT,
    TX_AGAIN,                   /* a part of it, more in the next turn */
    TX_MALICIOUS,
} TxResult;

typedef struct TxPacket {
    bool has_ctx;
    uint64_t ctx0, ctx1;
    bool has_filter;
    uint64_t filter0, filter1;
    uint64_t qw1;               /* of the first data descriptor */
    unsigned len;
    unsigned sent;              /* of them, or of segments, in this turn */
    unsigned descs;
    bool fault;
    bool dummy;
    unsigned num_rs;
    uint16_t rs[E810_MAX_TSO_BUFS + 1];
} TxPacket;

static uint64_t tx_ctx_bits(const uint8_t *ctx, unsigned lsb, unsigned width)
{
    uint64_t val = 0;
    unsigned i;

    for (i = 0; i < width; i++) {
        val |= (uint64_t)(ctx[(lsb + i) / 8] >> ((lsb + i) % 8) & 1) << i;
    }
    return val;
}

/* Stop the queue of a malicious driver and tell the PF */
static void e810_tx_mdd(E810State *s, E810TxQ *q, bool pqm, unsigned type)
{
    unsigned fn = e810_vsi_vf(s, q->vsi);
    unsigned vf = fn == E810_NO_VF ? q->vsi & 0xff : fn;

    q->stopped = true;
    s->cnt.mdd++;
    qemu_log_mask(LOG_GUEST_ERROR, "e810: Tx queue %u of VSI %u: malicious "
                  "driver detected, type %u\n", q->id, q->vsi, type);
    if (pqm) {
        if (!(s->card->mdet_pqm & BIT(31))) {
            s->card->mdet_pqm = BIT(31) | type << 26 |
                                (s->txqs.first + q->id) << 12 | vf << 4 | s->pf;
        }
        *(fn == E810_NO_VF ? &s->pf_mdet_pqm : &s->vp_mdet_pqm[fn]) = 1;
    } else {
        if (!(s->card->mdet_tclan & BIT(31))) {
            s->card->mdet_tclan = BIT(31) | type << 26 | s->pf << 23 |
                                  vf << 15 | (s->txqs.first + q->id);
        }
        *(fn == E810_NO_VF ? &s->pf_mdet_tclan : &s->vp_mdet_tclan[fn]) = 1;
    }
    e810_oicr_set(s, OICR_MAL_DETECT);
}

static unsigned e810_tx_avail(E810TxQ *q)
{
    return q->tail >= q->head ? q->tail - q->head :
                                q->qlen - q->head + q->tail;
}

/* Descriptor @idx of the ring, through the window of fetched ones */
static uint64_t *e810_tx_desc(E810State *s, E810TxQ *q, TxWindow *w,
                              unsigned idx)
{
    unsigned i;

    if (idx < w->pos || idx >= w->pos + w->len) {
        unsigned end = q->tail > idx ? q->tail : q->qlen;

        w->len = MIN(end - idx, TX_WINDOW);
        w->pos = idx;
        if (!hdiov_dma_read(&s->dma, e810_vsi_tag(s, q->vsi),
                            q->base + idx * 16, w->qw, w->len * 16)) {
            w->len = 0;
            return NULL;
        }
        for (i = 0; i < w->len * 2; i++) {
            w->qw[i] = le64_to_cpu(w->qw[i]);
        }
    }
    return &w->qw[(idx - w->pos) * 2];
}

/*
 * Gather a packet. Returns 1 for a whole packet, 0 if its end is not there
 * yet, -1 if the queue was stopped.
 */
static int e810_tx_gather(E810State *s, E810TxQ *q, TxWindow *w, TxPacket *p)
{
    HdiovDmaTag tag = e810_vsi_tag(s, q->vsi);
    uint8_t *buf = s->tx_buf + TX_HEADROOM;
    unsigned avail = e810_tx_avail(q), idx = q->head, bufs = 0, size;
    uint64_t *d;
    bool tso;

    p->has_ctx = p->has_filter = p->fault = p->dummy = false;
    p->len = p->descs = p->num_rs = 0;

    while (p->descs < avail) {
        d = e810_tx_desc(s, q, w, idx);
        if (!d) {
            /* Where the ring cannot be read the queue cannot go on */
            q->stopped = true;
            s->cnt.drop_dma_fault++;
            return -1;
        }
        p->descs++;

        switch (TXD_DTYPE(d[1])) {
        case TXD_FILTER:
            /*
             * A flow director filter, and a packet, mostly a dummy, to show
             * what it is for. Only PFs program filters.
             */
            if (p->has_filter || p->has_ctx || bufs || !s->card->pkg.loaded ||
                s->vsi[q->vsi].type != VSI_TYPE_PF) {
                e810_tx_mdd(s, q, false, MDD_TX_BAD_DESC);
                return -1;
            }
            p->has_filter = true;
            p->filter0 = d[0];
            p->filter1 = d[1];
            break;
        case TXD_CTX:
            if (p->has_ctx || bufs) {
                e810_tx_mdd(s, q, false, MDD_TX_BAD_DESC);
                return -1;
            }
            p->has_ctx = true;
            p->ctx0 = d[0];
            p->ctx1 = d[1];
            break;
        case TXD_DATA:
            size = TXD_BUFSZ(d[1]);
            tso = p->has_ctx && (TXC_CMD(p->ctx1) & TXC_CMD_TSO);
            if (!size) {
                e810_tx_mdd(s, q, false, MDD_TX_LEN);
                return -1;
            }
            if (++bufs > (tso ? E810_MAX_TSO_BUFS : E810_MAX_TX_BUFS)) {
                e810_tx_mdd(s, q, false, MDD_TX_TOO_MANY_BUFS);
                return -1;
            }
            if (p->len + size > (tso ? E810_MAX_TSO_LEN : E810_MAX_FRAME)) {
                e810_tx_mdd(s, q, false, MDD_TX_LEN);
                return -1;
            }
            if (bufs == 1) {
                p->qw1 = d[1];
            }
            if (!p->fault &&
                !hdiov_dma_read(&s->dma, tag, d[0], buf + p->len, size)) {
                p->fault = true;
            }
            p->len += size;
            p->dummy |= !!(TXD_CMD(d[1]) & TXD_CMD_DUMMY);
            if (TXD_CMD(d[1]) & TXD_CMD_RS) {
                p->rs[p->num_rs++] = idx;
            }
            if (TXD_CMD(d[1]) & TXD_CMD_EOP) {
                return 1;
            }
            break;
        default:
            e810_tx_mdd(s, q, false, MDD_TX_BAD_DESC);
            return -1;
        }
        idx = idx + 1 == q->qlen ? 0 : idx + 1;
    }
    return 0;
}

/* Tags that the descriptors ask for, then to the switch */
static void e810_tx_frame(E810State *s, E810TxQ *q, const TxPacket *p,
                          uint8_t *f, unsigned len, bool csum_ok)
{
    bool has1 = TXD_CMD(p->qw1) & TXD_CMD_IL2TAG1;
    bool has2 = p->has_ctx && (TXC_CMD(p->ctx1) & TXC_CMD_IL2TAG2);
    uint16_t tag1 = TXD_L2TAG1(p->qw1), tag2 = TXC_L2TAG2(p->ctx0);
    E810Tags given;

    if (!e810_vlan_tx_desc(s, &s->vsi[q->vsi], &f, &len, has1 ? &tag1 : NULL,
                           has2 ? &tag2 : NULL, &given)) {
        e810_switch_spoof_vlan(s, q->vsi);
        s->work++;
        return;
    }
    if (len + 4 > s->max_frame) {
        s->cnt.drop_oversize++;
        s->vsi[q->vsi].stats.tepc++;
        s->work++;
        return;
    }
    e810_switch_tx(s, q->vsi, f, len, &given, csum_ok);
}

/*
 * Cut a packet into segments. A large one may take several turns: the queue
 * remembers how far it got, and the packet is fetched and checked again.
 */
static TxResult e810_tx_tso(E810State *s, E810TxQ *q, TxPacket *p,
                            const E810Offload *o, uint64_t until)
{
    const uint8_t *in = s->tx_buf + TX_HEADROOM;
    uint8_t *out = s->seg_buf + TX_HEADROOM;
    unsigned mss = TXC_MSS(p->ctx1), payload, pos, seg;

    if (!q->tso_ena || !e810_offload_can_segment(o) || mss < E810_MIN_MSS ||
        o->payload >= p->len || TXC_TSO_LEN(p->ctx1) != p->len - o->payload ||
        o->payload + mss + 4 > E810_MAX_FRAME) {
        e810_tx_mdd(s, q, false, MDD_TX_BAD_TSO);
        return TX_MALICIOUS;
    }
    payload = p->len - o->payload;
    p->sent = 0;

    while (q->tso_pos < payload) {
        if (s->work >= until) {
            return TX_AGAIN;
        }
        pos = q->tso_pos;
        seg = MIN(mss, payload - pos);
        e810_offload_segment(o, in, out, pos / mss, pos, seg,
                             pos + seg == payload);
        e810_tx_frame(s, q, p, out, o->payload + seg, !o->eipt);
        p->sent += o->payload + seg;
        q->tso_pos += seg;
    }
    q->tso_pos = 0;
    return TX_SENT;
}

static TxResult e810_tx_send(E810State *s, E810TxQ *q, TxPacket *p,
                             uint64_t until)
{
    uint8_t *f = s->tx_buf + TX_HEADROOM;
    bool csum_ok;
    E810Offload o;

    p->sent = p->len;
    if (p->len < E810_MIN_TX_LEN) {
        e810_tx_mdd(s, q, false, MDD_TX_LEN);
        return TX_MALICIOUS;
    }
    if (p->fault) {
        /* The headers may not be there: nothing to look at */
        s->cnt.drop_dma_fault++;
        s->vsi[q->vsi].stats.tepc++;
        s->work++;
        return TX_SENT;
    }
    /* Direct switching is not modelled */
    if (!e810_offload_parse(&o, p->qw1, p->has_ctx ? p->ctx0 : 0, f, p->len) ||
        (p->has_ctx && (TXC_CMD(p->ctx1) & TXC_CMD_SWITCH))) {
        e810_tx_mdd(s, q, false, MDD_TX_BAD_HDR);
        return TX_MALICIOUS;
    }
    if (p->has_filter && !q->tso_pos) {
        e810_fdir_program(s, q->vsi, p->filter0, p->filter1, f, p->len);
    }
    if (p->dummy) {
        s->work++;
        return TX_SENT;
    }
    if (p->has_ctx && (TXC_CMD(p->ctx1) & TXC_CMD_TSO)) {
        return e810_tx_tso(s, q, p, &o, until);
    }
    if (p->len + 4 > E810_MAX_FRAME) {
        e810_tx_mdd(s, q, false, MDD_TX_LEN);
        return TX_MALICIOUS;
    }
    csum_ok = e810_offload_csum(&o, f, p->len);
    e810_tx_frame(s, q, p, f, p->len, csum_ok);
    return TX_SENT;
}

static void e810_tx_complete(E810State *s, E810TxQ *q, const TxPacket *p)
{
    HdiovDmaTag tag = e810_vsi_tag(s, q->vsi);
    uint64_t done = cpu_to_le64(TXD_DONE);
    unsigned i;

    q->tso_pos = 0;
    q->head += p->descs;
    if (q->head >= q->qlen) {
        q->head -= q->qlen;
    }
    for (i = 0; i < p->num_rs; i++) {
        hdiov_dma_write(&s->dma, tag, q->base + p->rs[i] * 16 + 8, &done,
                        sizeof(done));
    }
    if (p->num_rs) {
        q->comm_head = p->rs[p->num_rs - 1];
        e810_irq_cause(s, s->qint_tqctl[q->id], e810_vsi_vf(s, q->vsi));
    }
}

static bool e810_tx_may_run(E810State *s, E810TxQ *q)
{
    return q->configured && !q->stopped && e810_vsi_live(s, q->vsi) &&
           q->head != q->tail;
}

/*
 * A turn of one queue. Returns true if there is more to do, for a rate limit
 * not before *when.
 */
static bool e810_tx_run(E810State *s, E810TxQ *q, int64_t *when)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint64_t until = s->work + TX_QUEUE_BUDGET;
    TxResult res;
    TxWindow w = {};
    TxPacket p;

    *when = now;
    while (s->work < until) {
        if (!e810_tx_may_run(s, q)) {
            return false;
        }
        *when = e810_sched_when(s, q->node, now);
        if (*when > now) {
            return true;
        }
        if (e810_tx_gather(s, q, &w, &p) <= 0) {
            return false;
        }
        /* To fetch a large one is work, each time that it is fetched */
        s->work += p.len / E810_MAX_FRAME;
        res = e810_tx_send(s, q, &p, until);
        if (res == TX_MALICIOUS) {
            return false;
        }
        /*
         * What has left in this turn: by the next one the guest can have made
         * the packet a short one.
         */
        e810_sched_charge(s, q->node, now, p.sent);
        if (res == TX_AGAIN) {
            return true;
        }
        e810_tx_complete(s, q, &p);
    }
    return e810_tx_may_run(s, q);
}

static void e810_tx_bh(void *opaque)
{
    E810State *s = opaque;
    QTAILQ_HEAD(, E810TxQ) waiting = QTAILQ_HEAD_INITIALIZER(waiting);
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t first = INT64_MAX, when;
    uint64_t until = s->work + TX_BUDGET;
    unsigned turns = 0;
    E810TxQ *q;

    while (s->work < until && turns++ < TX_BUDGET &&
           (q = QTAILQ_FIRST(&s->tx_active))) {
        bool more = e810_tx_run(s, q, &when);

        QTAILQ_REMOVE(&s->tx_active, q, next);
        if (!more) {
            q->active = false;
        } else if (when > now) {
            QTAILQ_INSERT_TAIL(&waiting, q, next);
            first = MIN(first, when);
        } else {
            QTAILQ_INSERT_TAIL(&s->tx_active, q, next);
        }
    }
    if (!QTAILQ_EMPTY(&s->tx_active)) {
        qemu_bh_schedule(s->tx_bh);
    }
    while ((q = QTAILQ_FIRST(&waiting))) {
        QTAILQ_REMOVE(&waiting, q, next);
        QTAILQ_INSERT_TAIL(&s->tx_active, q, next);
    }
    if (first != INT64_MAX) {
        timer_mod_anticipate_ns(s->tx_timer, first);
    }
}

static void e810_tx_timer(void *opaque)
{
    E810State *s = opaque;

    qemu_bh_schedule(s->tx_bh);
}

void e810_tx_doorbell(E810State *s, unsigned n, uint32_t val)
{
    E810TxQ *q = &s->txq[n];

    s->cnt.doorbells_tx++;
    if (!q->configured || q->stopped) {
        return;
    }
    if (val >= q->qlen) {
        e810_tx_mdd(s, q, true, MDD_TX_TAIL);
        return;
    }
    q->tail = val;
    if (!q->active && q->tail != q->head) {
        q->active = true;
        QTAILQ_INSERT_TAIL(&s->tx_active, q, next);
        qemu_bh_schedule(s->tx_bh);
    }
}

/* Could a queue of this PF run with this context? */
static bool e810_tx_ctx_ok(E810State *s, const uint8_t *ctx)
{
    unsigned vsi = tx_ctx_bits(ctx, 80, 10), vf = e810_vsi_vf(s, vsi);
    unsigned type = tx_ctx_bits(ctx, 78, 2), qlen = tx_ctx_bits(ctx, 135, 13);

    /* The queue's function must be its VSI's */
    if (vf == E810_NO_VF ? type == VSI_TYPE_VF :
        (type != VSI_TYPE_VF || tx_ctx_bits(ctx, 68, 10) != vf)) {
        return false;
    }
    /* Each PF's port is 0; queue lengths as the family's datasheets have */
    return e810_vsi_get(s, vsi) && type != 3 &&
           tx_ctx_bits(ctx, 65, 3) == s->pf && !tx_ctx_bits(ctx, 57, 3) &&
           qlen >= 8 && qlen <= 8160;
}

static void e810_tx_take_ctx(E810TxQ *q, const uint8_t *ctx)
{
    memcpy(q->ctx, ctx, sizeof(q->ctx));
    q->vsi = tx_ctx_bits(ctx, 80, 10);
    q->qlen = tx_ctx_bits(ctx, 135, 13);
    q->base = tx_ctx_bits(ctx, 0, 57) << 7;
    q->tso_ena = tx_ctx_bits(ctx, 152, 1);
}

/*
 * GLCOMM_QTX_CNTX: a queue gets another context, and goes on from where it is.
 * That it is idle meanwhile is up to software; here it is not taken otherwise.
 */
void e810_tx_set_ctx(E810State *s, E810TxQ *q, const uint8_t *ctx)
{
    if (!q->configured || q->stopped || q->head != q->tail ||
        !e810_tx_ctx_ok(s, ctx) || q->head >= tx_ctx_bits(ctx, 135, 13)) {
        qemu_log_mask(LOG_GUEST_ERROR, "e810: Tx queue %u: context written "
                      "that it cannot have now\n", q->id);
        return;
    }
    e810_tx_take_ctx(q, ctx);
}

static uint16_t e810_tx_add_one(E810State *s, uint32_t parent, uint8_t *b)
{
    const uint8_t *ctx = b + 8;
    unsigned id = lduw_le_p(b);
    uint16_t rc;
    E810TxQ *q;

    if (id >= s->txqs.num) {
        return AQ_RC_EINVAL;
    }
    q = &s->txq[id];
    if (q->configured) {
        return AQ_RC_EEXIST;
    }
    if (!e810_tx_ctx_ok(s, ctx)) {
        return AQ_RC_EINVAL;
    }
    if (s->broken) {
        return AQ_RC_EIO;
    }
    q->node = e810_sched_add_leaf(s, parent, b + 32, &rc);
    if (!q->node) {
        return rc;
    }
    e810_tx_take_ctx(q, ctx);
    q->head = q->tail = q->tso_pos = 0;
    q->stopped = false;
    q->configured = true;
    stl_le_p(b + 4, q->node->teid);
    return AQ_RC_OK;
}

/* 0x0C30 */
uint16_t e810_tx_add(E810State *s, unsigned num_grps, uint8_t *buf,
                     unsigned len)
{
    unsigned g, i, n, pos = 0;
    uint32_t parent;
    uint16_t rc;

    if (!buf || !num_grps) {
        return AQ_RC_EINVAL;
    }
    for (g = 0; g < num_grps; g++) {
        if (len - pos < TX_GRP_SIZE) {
            return AQ_RC_EINVAL;
        }
        parent = ldl_le_p(buf + pos);
        n = buf[pos + 4];
        pos += TX_GRP_SIZE;
        if (!n || n * TX_PERQ_SIZE > len - pos) {
            return AQ_RC_EINVAL;
        }
        for (i = 0; i < n; i++, pos += TX_PERQ_SIZE) {
            rc = e810_tx_add_one(s, parent, buf + pos);
            if (rc) {
                return rc;
            }
        }
    }
    return AQ_RC_OK;
}

void e810_tx_release(E810State *s, E810TxQ *q)
{
    if (!q->configured) {
        return;
    }
    q->configured = false;
    q->head = q->tail = 0;
    if (q->node) {
        e810_sched_del_leaf(s, q->node);
        q->node = NULL;
    }
}

/* 0x0C31 */
uint16_t e810_tx_disable(E810State *s, E810Desc *d, uint8_t *buf,
                         unsigned len)
{
    unsigned n = d->raw[1], g, i, nq, pos = 0;
    unsigned cmd = d->raw[0] & 0x3, vm = lduw_le_p(d->raw + 2) & 0x3ff;
    uint16_t rc = AQ_RC_OK;

    if (cmd == 1) {
        if (!e810_vsi_get(s, vm)) {
            return AQ_RC_EINVAL;
        }
        e810_tx_stop_vsi(s, vm);
        e810_vsi_drained(s, vm);
    } else if (cmd == 2) {
        if (vm >= e810_vf_count(s)) {
            return AQ_RC_EINVAL;
        }
        e810_vf_drained(s, vm);
    }
    if (n && !buf) {
        return AQ_RC_EINVAL;
    }
    for (g = 0; g < n; g++) {
        uint32_t parent;

        if (len < pos || len - pos < 6) {
            return AQ_RC_EINVAL;
        }
        parent = ldl_le_p(buf + pos);
        nq = buf[pos + 4];
        if (len - pos - 6 < nq * 2) {
            return AQ_RC_EINVAL;
        }
        for (i = 0; i < nq; i++) {
            unsigned id = lduw_le_p(buf + pos + 6 + 2 * i);

            if (id >= E810_NUM_TXQ) {
                rc = AQ_RC_EINVAL;
            } else if (!s->txq[id].configured) {
                rc = AQ_RC_ENOENT;
            } else if (!e810_sched_has_child(s, parent, s->txq[id].node)) {
                rc = AQ_RC_EINVAL;
            } else {
                e810_tx_release(s, &s->txq[id]);
            }
        }
        /* The next group starts at a multiple of 4 */
        pos += ROUND_UP(6 + nq * 2, 4);
    }
    return rc;
}

void e810_tx_stop_vsi(E810State *s, unsigned vsi)
{
    int i;

    for (i = 0; i < E810_NUM_TXQ; i++) {
        if (s->txq[i].configured && s->txq[i].vsi == vsi) {
            s->txq[i].stopped = true;
        }
    }
}

void e810_tx_init(E810State *s)
{
    int i;

    QTAILQ_INIT(&s->tx_active);
    for (i = 0; i < E810_NUM_TXQ; i++) {
        s->txq[i].id = i;
    }
    s->tx_buf = g_malloc(TX_HEADROOM + E810_MAX_TSO_LEN + 1);
    s->seg_buf = g_malloc(TX_HEADROOM + 2 * E810_MAX_FRAME);
    s->tx_bh = qemu_bh_new_guarded(e810_tx_bh, s,
                                   &DEVICE(s)->mem_reentrancy_guard);
    s->tx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, e810_tx_timer, s);
}

void e810_tx_finalize(E810State *s)
{
    timer_free(s->tx_timer);
    qemu_bh_delete(s->tx_bh);
    g_free(s->tx_buf);
    g_free(s->seg_buf);
}
