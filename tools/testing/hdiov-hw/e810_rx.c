/*
 * Emulated Intel E810: receive
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <zlib.h>
#include "qemu/log.h"
#include "qemu/crc32c.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "e810.h"

#define FRAME_MIN   60
#define RXDID_LEGACY_16 0
#define RXDID_LEGACY_32 1
#define RXDID_FLEX_NIC  2
#define RXDID_COMMS     16      /* COMMS_GENERIC */
#define RXDID_COMMS_OVS 22
#define RXDID_FDIR      0x40

enum {
    PTYPE_L2 = 1, PTYPE_IPV4_FRAG = 22, PTYPE_IPV4 = 23, PTYPE_IPV6_FRAG = 88,
    PTYPE_IPV6 = 89,
};

/* What the parser finds out about a frame */
typedef struct RxMeta {
    uint8_t ptype;
    bool l3l4p;                 /* checksums were looked at */
    bool ipe, l4e;
    bool ipv6ext;
    bool rss;
    uint32_t hash;
    uint32_t flow;              /* of the flow director */
    uint8_t umbcast;
    E810Stripped stripped;      /* tags */
    E810Headers hdr;
} RxMeta;

static uint32_t rx_ctx(E810State *s, unsigned q, unsigned lsb, unsigned width)
{
    uint64_t lo = s->qrx_context[lsb / 32 * E810_NUM_RXQ + q];
    uint64_t hi = lsb / 32 < 7 ?
                  s->qrx_context[(lsb / 32 + 1) * E810_NUM_RXQ + q] : 0;

    return (lo | hi << 32) >> (lsb % 32) & MAKE_64BIT_MASK(0, width);
}

/*
 * A queue's context in registers. Its head is where the queue is, and what is
 * left there when it stops: it goes on from there if it is enabled again.
 */
static void e810_rx_store_head(E810State *s, unsigned n)
{
    s->qrx_context[n] = deposit32(s->qrx_context[n], 0, 13, s->rxq[n].head);
}

uint32_t e810_rx_ctx_read(E810State *s, unsigned i)
{
    if (i < E810_NUM_RXQ && s->rxq[i].enabled) {
        e810_rx_store_head(s, i);
    }
    return s->qrx_context[i];
}

void e810_rx_ctx_write(E810State *s, unsigned i, uint32_t val)
{
    s->qrx_context[i] = val;
}

/*
 * Flexible descriptors that there are. Of those for communications, the ones
 * that hold no words of the frame are modelled. They need that package; or
 * none, as DPDK's net_ice shows, which uses them in safe mode as well.
 */
bool e810_rx_flexible(E810State *s, unsigned rxdid)
{
    switch (rxdid) {
    case RXDID_FLEX_NIC:
        return true;
    case RXDID_COMMS:
    case RXDID_COMMS_OVS:
        return !s->card->pkg.loaded || e810_pkg_comms(s);
    default:
        return false;
    }
}

/* Take the queue context over; false if the card could not run with it */
static bool e810_rx_load(E810State *s, unsigned n)
{
    E810RxQ *q = &s->rxq[n];

    q->base = (rx_ctx(s, n, 32, 32) |
               (uint64_t)rx_ctx(s, n, 64, 25) << 32) << 7;
    q->qlen = rx_ctx(s, n, 89, 13);
    q->dbuf = rx_ctx(s, n, 102, 7) * 128;
    q->dsize = rx_ctx(s, n, 116, 1) ? 32 : 16;
    q->crcstrip = rx_ctx(s, n, 117, 1);
    q->l2tsel = rx_ctx(s, n, 119, 1);
    q->showiv = rx_ctx(s, n, 127, 1);
    q->rxmax = rx_ctx(s, n, 174, 14);
    q->rxdid = s->qrxflxp[n] & 0x3f;
    q->head = rx_ctx(s, n, 0, 13);
    q->cache_len = 0;

    /*
     * Header split is not modelled.
     * A queue without buffers runs and gets nothing: Linux's ice gives its
     * flow director VSI such a one.
     */
    return q->qlen >= 8 && q->qlen <= 8160 && q->head < q->qlen &&
           (q->dbuf ? q->rxmax >= 64 && q->rxmax <= E810_MAX_FRAME &&
                      q->rxmax <= E810_MAX_RX_BUFS * q->dbuf :
                      !q->rxmax) && !s->broken &&
           !rx_ctx(s, n, 114, 2) &&
           (q->rxdid <= RXDID_LEGACY_32 || e810_rx_flexible(s, q->rxdid));
}

/*
 * Descriptors are written back by cache lines. One that is not full waits for
 * the next interrupt of the queue's vector, or, if the vector has WB_ON_ITR
 * set, for the end of its interval: drivers that poll have to care for that.
 */
static void e810_rx_flush(E810State *s, E810RxQ *q)
{
    unsigned len = q->wb_len * q->dsize;

    if (!len) {
        return;
    }
    q->wb_len = 0;
    QTAILQ_REMOVE(&s->rx_held, q, next);
    if (q->vsi != E810_NO_VSI) {
        hdiov_dma_write(&s->dma, e810_vsi_tag(s, q->vsi),
                        q->base + q->wb_head * q->dsize, q->wb, len);
    }
}

void e810_rx_flush_vector(E810State *s, unsigned v)
{
    E810RxQ *q, *tmp;

    QTAILQ_FOREACH_SAFE(q, &s->rx_held, next, tmp) {
        uint32_t ctl = s->qint_rqctl[q - s->rxq];

        if (e810_irq_vector(s, ctl, e810_vsi_vf(s, q->vsi)) == v) {
            e810_rx_flush(s, q);
        }
    }
}

void e810_rx_stop(E810State *s, unsigned n)
{
    E810RxQ *q = &s->rxq[n];

    if (q->enabled) {
        e810_rx_store_head(s, n);
    }
    q->enabled = false;
    q->cache_len = 0;
    if (q->wb_len) {
        q->wb_len = 0;
        QTAILQ_REMOVE(&s->rx_held, q, next);
    }
}

/* A tail beyond the ring: stop the queue and tell the PF */
static bool e810_rx_tail_ok(E810State *s, unsigned n)
{
    E810RxQ *q = &s->rxq[n];
    unsigned vf = e810_vsi_vf(s, q->vsi);

    if (q->tail < q->qlen) {
        return true;
    }
    q->stopped = true;
    s->cnt.mdd++;
    qemu_log_mask(LOG_GUEST_ERROR, "e810: Rx queue %u of VSI %u: tail %u "
                  "beyond its %u descriptors\n", n, q->vsi, q->tail, q->qlen);
    if (!(s->card->mdet_rx & BIT(31))) {
        s->card->mdet_rx = BIT(31) | MDD_RX_TAIL << 26 | s->pf << 23 |
                           (vf == E810_NO_VF ? q->vsi & 0xff : vf) << 15 |
                           (s->rxqs.first + n);
    }
    if (vf == E810_NO_VF) {
        s->pf_mdet_rx = 1;
    } else {
        s->vp_mdet_rx[vf] = 1;
    }
    e810_oicr_set(s, OICR_MAL_DETECT);
    return false;
}

void e810_rx_ctrl_write(E810State *s, unsigned n, uint32_t val)
{
    E810RxQ *q = &s->rxq[n];

    if (!(val & QRX_CTRL_REQ)) {
        e810_rx_flush(s, q);
        e810_rx_stop(s, n);
    } else if (!q->enabled && e810_rx_load(s, n)) {
        q->enabled = true;
        q->stopped = false;
        e810_rx_tail_ok(s, n);
    } else if (!q->enabled) {
        qemu_log_mask(LOG_GUEST_ERROR, "e810: Rx queue %u: bad context\n", n);
    }
}

uint32_t e810_rx_ctrl_read(E810State *s, unsigned n)
{
    return s->rxq[n].enabled ? QRX_CTRL_REQ | QRX_CTRL_STAT : 0;
}

/*
 * The tail is a register like others while the queue is stopped: drivers of
 * VFs fill their rings before the PF has configured the queue.
 */
void e810_rx_tail(E810State *s, unsigned n, uint32_t val)
{
    E810RxQ *q = &s->rxq[n];

    s->cnt.doorbells_rx++;
    q->tail = val & 0x1ff8;
    if (q->enabled && !q->stopped) {
        e810_rx_tail_ok(s, n);
    }
}

static unsigned e810_rx_avail(E810RxQ *q)
{
    return q->tail >= q->head ? q->tail - q->head :
                                q->qlen - q->head + q->tail;
}

static uint32_t rx_toeplitz(E810State *s, unsigned vsi, const uint8_t *in,
                            unsigned len)
{
    uint32_t hash = 0, window, next;
    unsigned i, j;

    /* byte i of the key is byte i % 4 of register i / 4 */
#define KEY(i) ((s->hkey[(i) / 4 * 1024 + vsi] >> ((i) % 4 * 8)) & 0xff)
    for (i = 0; i < len; i++) {
        if (!in[i]) {
            continue;
        }
        window = KEY(i) << 24 | KEY(i + 1) << 16 | KEY(i + 2) << 8 |
                 KEY(i + 3);
        next = KEY(i + 4);
        for (j = 0; j < 8; j++) {
            if (in[i] & (0x80 >> j)) {
                hash ^= window;
            }
            window = window << 1 | ((next >> (7 - j)) & 1);
        }
    }
#undef KEY
    return hash;
}

static void rx_l4(RxMeta *m, uint8_t proto, const uint8_t *l4, unsigned len,
                  uint32_t pseudo, bool verify)
{
    unsigned base = m->ptype;

    switch (proto) {
    case IP_PROTO_UDP:
        if (len < 8) {
            return;
        }
        m->ptype = base + 1;
        m->l3l4p = true;
        if (verify && lduw_be_p(l4 + 6)) {
            m->l4e = net_checksum_finish(net_checksum_add(len, (uint8_t *)l4) +
                                         pseudo) != 0;
        }
        break;
    case IP_PROTO_TCP:
        if (len < 20) {
            return;
        }
        m->ptype = base + 3;
        m->l3l4p = true;
        if (verify) {
            m->l4e = net_checksum_finish(net_checksum_add(len, (uint8_t *)l4) +
                                         pseudo) != 0;
        }
        break;
    case IP_PROTO_SCTP:
        if (len < 12) {
            return;
        }
        m->ptype = base + 4;
        m->l3l4p = true;
        if (verify) {
            static const uint8_t zero[4];
            struct iovec iov[] = {
                { (void *)l4, 8 }, { (void *)zero, 4 },
                { (void *)(l4 + 12), len - 12 },
            };

            m->l4e = iov_crc32c(0xffffffff, iov, 3) != ldl_le_p(l4 + 8);
        }
        break;
    case 1:                             /* ICMP */
    case 58:                            /* ICMPv6 */
        m->ptype = base + 5;
        break;
    }
}

/* Where the L4 header is */
static void rx_l4_header(RxMeta *m, unsigned base, unsigned at)
{
    switch (m->ptype - base) {
    case 1:
        m->hdr.udp = at;
        break;
    case 3:
        m->hdr.tcp = at;
        break;
    case 4:
        m->hdr.sctp = at;
        break;
    case 5:
        if (base == PTYPE_IPV4) {
            m->hdr.icmp = at;
        } else {
            m->hdr.icmpv6 = at;
        }
        break;
    }
}

static void rx_parse(const uint8_t *f, unsigned len, bool verify, RxMeta *m)
{
    unsigned off = 14, iplen, tot;
    uint16_t type = lduw_be_p(f + 12);
    bool frag;
    uint8_t proto;

    m->ptype = PTYPE_L2;
    m->hdr.ethertype = 12;
    while ((type == ETH_P_VLAN || type == ETH_P_DVLAN) && off + 4 <= len &&
           off < 22) {
        type = lduw_be_p(f + off + 2);
        m->hdr.vlan = 14;
        m->hdr.ethertype = off + 2;
        off += 4;
    }

    if (type == ETH_P_IP && off + 20 <= len && f[off] >> 4 == 4) {
        const uint8_t *ip = f + off;

        iplen = (ip[0] & 0xf) * 4;
        tot = lduw_be_p(ip + 2);
        if (iplen < 20 || tot < iplen || off + tot > len) {
            return;
        }
        frag = lduw_be_p(ip + 6) & 0x3fff;
        m->ptype = frag ? PTYPE_IPV4_FRAG : PTYPE_IPV4;
        m->hdr.ipv4 = off;
        m->l3l4p = true;
        m->ipe = verify &&
                 net_checksum_finish(net_checksum_add(iplen, (uint8_t *)ip));
        proto = ip[9];
        if (!frag) {
            rx_l4(m, proto, ip + iplen, tot - iplen,
                  net_checksum_add(8, (uint8_t *)ip + 12) + proto +
                  tot - iplen, verify);
            rx_l4_header(m, PTYPE_IPV4, off + iplen);
        }
    } else if (type == ETH_P_IPV6 && off + 40 <= len && f[off] >> 4 == 6) {
        const uint8_t *ip = f + off;

        tot = lduw_be_p(ip + 4);
        if (off + 40 + tot > len) {
            return;
        }
        m->ptype = PTYPE_IPV6;
        m->hdr.ipv6 = off;
        proto = ip[6];
        iplen = 0;                      /* of extension headers */
        frag = false;
        while (!frag && (proto == 0 || proto == 43 || proto == 60 ||
                         proto == 44) && iplen + 8 <= tot) {
            const uint8_t *ext = ip + 40 + iplen;

            m->ipv6ext = true;
            if (proto == 44) {
                frag = true;
                m->ptype = PTYPE_IPV6_FRAG;
                break;
            }
            proto = ext[0];
            iplen += (ext[1] + 1) * 8;
        }
        m->l3l4p = true;
        if (!frag && iplen <= tot) {
            rx_l4(m, proto, ip + 40 + iplen, tot - iplen,
                  net_checksum_add(32, (uint8_t *)ip + 8) + proto +
                  tot - iplen, verify);
            rx_l4_header(m, PTYPE_IPV6, off + 40 + iplen);
        }
    }
}

/* What the parser finds out about a frame that is not received */
void e810_rx_headers(const uint8_t *f, unsigned len, E810Headers *h)
{
    RxMeta m = {};

    rx_parse(f, len, false, &m);
    *h = m.hdr;
    h->ptype = m.ptype;
}

/* A frame is hashed if a profile of the VSI says so: never without a package */
static void rx_hash(E810State *s, unsigned vsi, const uint8_t *f, unsigned len,
                    RxMeta *m)
{
    uint8_t in[2 * E810_FV_WORDS];
    unsigned n;

    if (s->card->pkg.loaded) {
        n = e810_flex_hash_input(s, vsi, &m->hdr, f, len, in);
        if (n) {
            m->rss = true;
            m->hash = rx_toeplitz(s, vsi, in, n);
        }
    }
}

/* The queue for a frame: by the look-up table if it was hashed */
static int rx_select(E810State *s, E810Vsi *v, unsigned vsi, const RxMeta *m)
{
    unsigned lut = 0, opt = v->ctx[VSI_CTX_Q_OPT_RSS], i;

    if (m->rss && v->num_rxq > 1) {
        switch (opt & VSI_RSS_LUT_TYPE) {
        case VSI_RSS_LUT_PF:
            lut = s->pf_lut[m->hash % s->pf_lut_size];
            break;
        case VSI_RSS_LUT_GLOBAL:
            i = (opt >> 2) & 0xf;
            lut = s->global_lut[i][m->hash % s->global_lut_size[i]];
            break;
        default:
            lut = s->hlut[(m->hash % 64) / 4 * 1024 + vsi] >>
                  ((m->hash % 4) * 8) & 0xff;
            break;
        }
    }
    return e810_vsi_rxq(s, v, lut & (e810_vsi_region(v) - 1));
}

/* Fetch buffer addresses ahead; false stops the queue */
static bool e810_rx_prefetch(E810State *s, E810RxQ *q, HdiovDmaTag tag)
{
    uint64_t d[ARRAY_SIZE(q->cache) * 4];
    unsigned i, n = MIN(e810_rx_avail(q), ARRAY_SIZE(q->cache));

    n = MIN(n, q->qlen - q->head);
    if (!n) {
        return false;
    }
    if (!hdiov_dma_read(&s->dma, tag, q->base + q->head * q->dsize, d,
                        n * q->dsize)) {
        q->stopped = true;
        return false;
    }
    for (i = 0; i < n; i++) {
        q->cache[i] = le64_to_cpu(d[i * q->dsize / 8]);
    }
    q->cache_pos = 0;
    q->cache_len = n;
    return true;
}

static void rx_store_desc(E810State *s, E810RxQ *q, unsigned idx, uint64_t *d)
{
    int i;

    for (i = 0; i < 4; i++) {
        d[i] = cpu_to_le64(d[i]);
    }
    if (!q->wb_len) {
        q->wb_head = idx;
        QTAILQ_INSERT_TAIL(&s->rx_held, q, next);
    }
    memcpy(q->wb + q->wb_len++ * q->dsize, d, q->dsize);
    if ((idx + 1) * q->dsize % E810_CACHE_LINE == 0 || idx + 1 == q->qlen) {
        e810_rx_flush(s, q);
    }
}

static void e810_rx_writeback(E810State *s, E810RxQ *q, unsigned idx,
                              unsigned len, bool eop, bool loopback,
                              const RxMeta *m)
{
    uint64_t d[4] = {};
    const E810Stripped *tags = &m->stripped;
    /* L2TAG1 is for the inner tag, unless it is wanted for the outermost */
    unsigned n1 = q->l2tsel && tags->has[0] ? 0 : 1, n2 = 1 - n1;
    uint16_t tag1 = tags->tci[n1], tag2 = tags->tci[n2];

    if (q->rxdid > RXDID_LEGACY_32) {
        bool ovs = q->rxdid == RXDID_COMMS_OVS;
        uint16_t st = RXF_DD;

        d[0] = q->rxdid | (uint64_t)len << 32;
        if (eop) {
            st |= RXF_EOP | (m->l3l4p ? RXF_L3L4P : 0) |
                  (m->ipe ? RXF_IPE : 0) | (m->l4e ? RXF_L4E : 0) |
                  (loopback ? RXF_LPBK : 0) | (m->ipv6ext ? RXF_IPV6EXADD : 0) |
                  (q->crcstrip ? 0 : RXF_CRCP) |
                  (m->rss ? RXF_RSS_VALID : 0) |
                  (tags->has[n1] ? RXF_L2TAG1P : 0);
            d[0] |= (uint64_t)m->umbcast << 14 | (uint64_t)m->ptype << 16;
            d[1] = (uint64_t)tag1 << 16 |
                   (uint64_t)(ovs ? m->flow : m->hash) << 32;
            d[2] = (tags->has[n2] ? RXF1_L2TAG2P : 0) |
                   (uint64_t)tag2 << 48;
            d[3] = ovs ? m->hash : m->flow;
        }
        d[1] |= st;
    } else {
        uint64_t qw1 = RXD_DD | (uint64_t)len << RXD_LEN_S;

        if (eop) {
            qw1 |= RXD_EOP | (m->l3l4p ? RXD_L3L4P : 0) |
                   (m->ipe ? RXD_ERR_IPE : 0) | (m->l4e ? RXD_ERR_L4E : 0) |
                   (loopback ? RXD_LPBK : 0) |
                   (m->ipv6ext ? RXD_IPV6EXADD : 0) |
                   (q->crcstrip ? 0 : RXD_CRCP) |
                   (m->rss ? RXD_FLTSTAT_RSS : 0) |
                   (tags->has[n1] ? RXD_L2TAG1P : 0) |
                   (uint64_t)m->umbcast << RXD_UMBCAST_S |
                   (uint64_t)m->ptype << RXD_PTYPE_S;
            d[0] = (uint64_t)tag1 << 16 | (uint64_t)m->hash << 32;
            d[2] = (tags->has[n2] ? RXD_L2TAG2P : 0) |
                   (uint64_t)tag2 << 48;
        }
        d[1] = qw1;
    }
    rx_store_desc(s, q, idx, d);
}

/*
 * Put a frame into a queue of @vsi; @csum_ok: the card made the checksums. The
 * switch may have chosen one of @num_queues from @queue on, or that is -1.
 */
void e810_rx_deliver(E810State *s, unsigned vsi, const uint8_t *frame,
                     unsigned len, bool loopback, bool csum_ok, int queue,
                     unsigned num_queues)
{
    E810Vsi *v = &s->vsi[vsi];
    HdiovDmaTag tag = e810_vsi_tag(s, vsi);
    uint16_t idx[E810_MAX_RX_BUFS];
    uint64_t addr[E810_MAX_RX_BUFS];
    const E810Fdir *fd;
    bool bad = false;
    unsigned i, n, pos;
    RxMeta m = { .flow = E810_NO_FLOW };
    E810RxQ *q;
    int qid;

    s->work++;
    rx_parse(frame, len, !csum_ok, &m);
    m.hdr.ptype = m.ptype;
    rx_hash(s, vsi, frame, len, &m);
    fd = e810_fdir_match(s, vsi, &m.hdr, frame, len);
    if (fd && fd->drop) {
        s->cnt.drop_filter++;
        return;
    }
    if (fd) {
        m.flow = fd->id;
    }
    m.umbcast = !(frame[0] & 1) ? 0 :
                !memcmp(frame, "\xff\xff\xff\xff\xff\xff", 6) ? 2 : 1;
    if (fd && fd->to_queue) {
        qid = e810_vsi_rxq(s, v, fd->queue +
                           (m.hash & (BIT(fd->region) - 1)));
    } else if (queue >= 0) {
        qid = queue + m.hash % num_queues;
    } else {
        qid = rx_select(s, v, vsi, &m);
    }
    if (qid < 0 || qid >= E810_NUM_RXQ || s->rxq[qid].vsi != vsi ||
        !s->rxq[qid].enabled || s->rxq[qid].stopped) {
        s->cnt.drop_no_queue++;
        v->stats.rdpc++;
        return;
    }
    q = &s->rxq[qid];

    /* The frame as it is stored: without its tags, with its CRC, padded */
    n = e810_vlan_rx(s, v, frame, len, s->rx_buf, &m.stripped);
    if (n != len) {
        frame = s->rx_buf;
        len = n;
    }
    if (len < FRAME_MIN || !q->crcstrip) {
        if (frame != s->rx_buf) {
            memcpy(s->rx_buf, frame, len);
            frame = s->rx_buf;
        }
        if (len < FRAME_MIN) {
            memset(s->rx_buf + len, 0, FRAME_MIN - len);
            len = FRAME_MIN;
        }
        if (!q->crcstrip) {
            stl_le_p(s->rx_buf + len, crc32(0, s->rx_buf, len));
            len += 4;
        }
    }
    if (len > q->rxmax) {
        s->cnt.drop_oversize++;
        v->stats.rdpc++;
        return;
    }

    n = DIV_ROUND_UP(len, q->dbuf);
    if (n > E810_MAX_RX_BUFS || n > e810_rx_avail(q)) {
        s->cnt.drop_no_desc++;
        v->stats.rdpc++;
        return;
    }

    for (i = 0, pos = 0; i < n; i++) {
        unsigned size = MIN(q->dbuf, len - pos);

        if (!q->cache_len && !e810_rx_prefetch(s, q, tag)) {
            s->cnt.drop_dma_fault++;
            v->stats.rdpc++;
            return;
        }
        addr[i] = q->cache[q->cache_pos++];
        q->cache_len--;
        idx[i] = q->head;
        q->head = q->head + 1 == q->qlen ? 0 : q->head + 1;
        /* A blocked write is lost on the bus; the card does not notice */
        bad |= !hdiov_dma_write(&s->dma, tag, addr[i], frame + pos, size);
        pos += size;
    }
    for (i = 0, pos = 0; i < n; i++) {
        unsigned size = MIN(q->dbuf, len - pos);

        e810_rx_writeback(s, q, idx[i], size, i == n - 1, loopback, &m);
        pos += size;
    }
    if (bad) {
        s->cnt.drop_dma_fault++;
    }
    s->cnt.rx_packets++;
    e810_irq_cause(s, s->qint_rqctl[qid], e810_vsi_vf(s, vsi));
}

/* A report of the flow director takes a descriptor of @vsi's first queue */
void e810_rx_report(E810State *s, unsigned vsi, uint16_t status)
{
    int qid = e810_vsi_rxq(s, &s->vsi[vsi], 0);
    uint64_t d[4] = { RXDID_FDIR, status };
    unsigned idx;
    E810RxQ *q;

    if (qid < 0 || s->rxq[qid].vsi != vsi || !s->rxq[qid].enabled ||
        s->rxq[qid].stopped) {
        return;
    }
    q = &s->rxq[qid];
    if (!e810_rx_avail(q) ||
        (!q->cache_len && !e810_rx_prefetch(s, q, e810_vsi_tag(s, vsi)))) {
        return;
    }
    q->cache_pos++;
    q->cache_len--;
    idx = q->head;
    q->head = q->head + 1 == q->qlen ? 0 : q->head + 1;
    rx_store_desc(s, q, idx, d);
    e810_irq_cause(s, s->qint_rqctl[qid], e810_vsi_vf(s, vsi));
}
