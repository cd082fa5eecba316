/*
 * Emulated QAT 2.0 (4xxx): ring pairs, workers, interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A tail write puts the bank on a list, from which workers take it. A worker
 * processes a few requests of the bank, one after the other, and puts it back
 * at the end if there are more. It holds the big QEMU lock for all but the
 * computing, so that each memory transfer sees whether the bank was reset.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "qat.h"

#define QAT_BURST       8               /* requests before the next bank, */
#define QAT_BURST_NS    (10 * SCALE_MS) /* and none after so long */
#define QAT_DMA_CHUNK   (64 * KiB)      /* in one go under the big QEMU lock */

static unsigned qat_bank_num(QATBank *b)
{
    return b - b->s->bank;
}

/* Interrupts */

static bool qat_ims_used(QATIms *ims)
{
    return !(ims->vecctl & IMS_VECCTL_MASK) ||
           ims->ltbl || ims->utbl || ims->data;
}

void qat_bank_irq_eval(QATBank *b)
{
    QATState *s = b->s;
    unsigned n = qat_bank_num(b);
    QATIms *ims = &s->ims[n];
    bool sent;

    if (!b->irq_pending || (b->rpintmsk & 1)) {
        return;
    }

    if (qat_vf_owns(s, n)) {
        if (qat_vf_bank_irq(s, n, &sent)) {
            b->irq_pending = false;
            b->interrupts += sent;
        }
    } else if (qat_ims_used(ims)) {
        MSIMessage msg = {
            .address = (uint64_t)ims->utbl << 32 | ims->ltbl,
            .data = ims->data,
        };

        if (ims->vecctl & IMS_VECCTL_MASK) {
            return;
        }
        b->irq_pending = false;
        if (!(pci_get_word(PCI_DEVICE(s)->config + PCI_COMMAND) &
              PCI_COMMAND_MASTER)) {
            return;
        }
        s->cnt.interrupts_ims++;
        b->interrupts++;
        msi_send_message(PCI_DEVICE(s), msg);
    } else {
        if (extract32(s->smiapf_rp_mask[n / 32], n % 32, 1)) {
            return;
        }
        b->irq_pending = false;
        if (s->route[n] < QAT_NUM_VECTORS) {
            s->cnt.interrupts_msix++;
            b->interrupts++;
            b->msix++;
            msix_notify(PCI_DEVICE(s), s->route[n]);
        }
    }
}

static void qat_bank_irq_raise(QATBank *b)
{
    b->rpintsou |= 1;
    b->irq_pending = true;
    qat_bank_irq_eval(b);
}

static uint32_t qat_ring_used(QATRing *r);

/* The event was seen; a message that a mask holds back is not sent any more */
void qat_bank_irq_clear(QATBank *b)
{
    b->rpintsou = 0;
    b->irq_pending = false;
}

static bool qat_bank_not_empty(QATBank *b)
{
    return qat_ring_used(&b->ring[1]);
}

/* There are responses: new ones, or still when interrupts are turned on */
static void qat_bank_irq_check(QATBank *b)
{
    if (!qat_bank_not_empty(b) ||
        !(extract32(b->int_src_sel, 4, 4) & INT_SRC_NOT_EMPTY)) {
        return;
    }
    b->int_flag |= BIT(1);
    if (b->int_flag_en & BIT(1)) {
        qat_bank_irq_raise(b);
    } else if ((b->int_col_en & BIT(1)) &&
               (b->int_col_ctl & INT_COL_CTL_ENABLE) &&
               !timer_pending(&b->coal_timer)) {
        timer_mod_ns(&b->coal_timer,
                     qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                     (b->int_col_ctl & INT_COL_CTL_TIME) * INT_COL_UNIT_NS);
    }
}

static void qat_bank_coal_timer(void *opaque)
{
    QATBank *b = opaque;

    if (qat_bank_not_empty(b) && (b->int_col_en & BIT(1))) {
        qat_bank_irq_raise(b);
    }
}

static void qat_bank_col_en(QATBank *b, uint32_t val)
{
    b->int_col_en = val & 3;
    if (b->int_col_en & BIT(1)) {
        qat_bank_irq_check(b);
    } else {
        timer_del(&b->coal_timer);
    }
}

/* Rings */

static uint32_t qat_ring_bytes(QATRing *r)
{
    uint32_t size = r->config & RING_CONFIG_SIZE;

    return size && size <= RING_CONFIG_MAX_SIZE ? 64u << size : 0;
}

static uint64_t qat_ring_base(QATRing *r)
{
    return r->base & ~(uint64_t)(qat_ring_bytes(r) - 1);
}

static uint32_t qat_ring_used(QATRing *r)
{
    uint32_t bytes = qat_ring_bytes(r);

    if (!bytes) {
        return 0;
    }
    return r->full ? bytes : (r->tail - r->head) & (bytes - 1);
}

static uint32_t qat_msg_size(QATBank *b, unsigned r)
{
    if (r) {
        return QAT_RESP_SIZE;
    }
    return b->service == QAT_ASYM ? QAT_PKE_REQ_SIZE : QAT_REQ_SIZE;
}

static bool qat_ring_full(QATBank *b, unsigned r)
{
    QATRing *ring = &b->ring[r];
    uint32_t bytes = qat_ring_bytes(ring);

    return bytes && qat_ring_used(ring) + qat_msg_size(b, r) >= bytes;
}

/* A ring's watermarks: 0 is none, else 2^(n-1) times 4 bytes */
static uint32_t qat_ring_mark(QATRing *r, unsigned bit)
{
    uint32_t n = extract32(r->config, bit, 5);

    return n ? 4u << MIN(n - 1, 24) : 0;
}

static uint32_t qat_bank_stat(QATBank *b, uint32_t off)
{
    uint32_t val = 0, stat = 0;
    int i;

    for (i = 0; i < 2; i++) {
        QATRing *r = &b->ring[i];
        uint32_t used = qat_ring_used(r), bytes = qat_ring_bytes(r);
        bool e = !used;
        bool ne = used <= qat_ring_mark(r, 5);
        bool nf = bytes && used + qat_ring_mark(r, 10) >= bytes;
        bool f = qat_ring_full(b, i);

        stat |= (e | ne << 1 | nf << 2 | f << 3) << (4 * i);
        switch (off) {
        case RING_E_STAT:
            val |= e << i;
            break;
        case RING_NE_STAT:
            val |= ne << i;
            break;
        case RING_NF_STAT:
            val |= nf << i;
            break;
        case RING_F_STAT:
            val |= f << i;
            break;
        }
    }
    return off == RING_STAT ? stat : val;
}

uint32_t qat_bank_read(QATBank *b, uint32_t off)
{
    unsigned r = (off >> 2) & 1;

    switch (off) {
    case RING_HEAD:
    case RING_HEAD + 4:
        return b->ring[r].head;
    case RING_TAIL:
    case RING_TAIL + 4:
        return b->ring[r].tail;
    case RING_STAT:
    case RING_E_STAT:
    case RING_NE_STAT:
    case RING_NF_STAT:
    case RING_F_STAT:
        return qat_bank_stat(b, off);
    case RING_UO_STAT:
    case RING_C_STAT:
        return 0;
    case RING_INT_FLAG_EN:
        return b->int_flag_en;
    case RING_INT_FLAG:
        return b->int_flag;
    case RING_INT_SRC_SEL:
        return b->int_src_sel;
    case RING_INT_COL_EN:
    case RING_INT_FLAG_AND_COL:
        return b->int_col_en;
    case RING_INT_COL_CTL:
        return b->int_col_ctl;
    case RING_EXP_STAT:
        return b->exp_stat;
    case RING_EXP_INT_EN:
        return b->exp_int_en;
    case RING_SRV_ARB_EN:
        return b->arb_en;
    case RING_CONFIG:
    case RING_CONFIG + 4:
        return b->ring[r].config;
    case RING_LBASE:
    case RING_LBASE + 4:
        return b->ring[r].base;
    case RING_UBASE:
    case RING_UBASE + 4:
        return b->ring[r].base >> 32;
    }
    qat_unknown_reg(b->s, "read", 4, ETR_BANKS + off);
    return 0;
}

/* A ring that gets another place or size starts from the beginning */
static void qat_ring_restart(QATBank *b, unsigned r)
{
    b->ring[r].head = b->ring[r].tail = 0;
    b->ring[r].full = false;
    b->gen++;
}

/*
 * Where head and tail are the same, the ring is full if the tail was written
 * last, else empty: what bank_state_restore() of Linux's intel_qat works around.
 */
void qat_bank_write(QATBank *b, uint32_t off, uint32_t val)
{
    unsigned r = (off >> 2) & 1;
    QATRing *ring = &b->ring[r];
    uint32_t bytes = qat_ring_bytes(ring);

    switch (off) {
    case RING_HEAD:
    case RING_HEAD + 4:
        b->s->cnt.doorbells_rx += r;
        ring->head = bytes ? val & (bytes - 1) & ~(qat_msg_size(b, r) - 1) : 0;
        ring->full = false;
        if (r && !qat_bank_not_empty(b)) {
            b->int_flag &= ~BIT(1);
        }
        qat_bank_kick(b);
        break;
    case RING_TAIL:
    case RING_TAIL + 4:
        b->s->cnt.doorbells_tx += !r;
        ring->tail = bytes ? val & (bytes - 1) & ~(qat_msg_size(b, r) - 1) : 0;
        ring->full = bytes && ring->tail == ring->head;
        qat_bank_kick(b);
        break;
    case RING_INT_FLAG_EN:
        b->int_flag_en = val & 3;
        if (b->int_flag_en & BIT(1)) {
            qat_bank_irq_check(b);
        }
        break;
    case RING_INT_FLAG:
        b->int_flag &= ~val;
        break;
    case RING_INT_SRC_SEL:
        b->int_src_sel = val & 0xff;
        break;
    case RING_INT_COL_EN:
        qat_bank_col_en(b, val);
        break;
    case RING_INT_COL_CTL:
        b->int_col_ctl = val & (INT_COL_CTL_ENABLE | INT_COL_CTL_TIME);
        qat_bank_col_en(b, b->int_col_en);
        break;
    case RING_INT_FLAG_AND_COL:
        b->int_flag = 0;
        /* All that a VF's driver does about VINTSOU: it never writes that */
        if (qat_vf_owns(b->s, qat_bank_num(b))) {
            qat_bank_irq_clear(b);
        }
        qat_bank_col_en(b, val);
        break;
    case RING_EXP_STAT:
        b->exp_stat &= ~val;
        qat_bank_kick(b);
        break;
    case RING_EXP_INT_EN:
        b->exp_int_en = val & 3;
        break;
    case RING_SRV_ARB_EN:
        b->arb_en = val & 3;
        qat_bank_kick(b);
        break;
    case RING_CONFIG:
    case RING_CONFIG + 4:
        ring->config = val & 0x7fff;
        qat_ring_restart(b, r);
        break;
    case RING_LBASE:
    case RING_LBASE + 4:
        ring->base = deposit64(ring->base, 0, 32, val);
        qat_ring_restart(b, r);
        break;
    case RING_UBASE:
    case RING_UBASE + 4:
        ring->base = deposit64(ring->base, 32, 32, val);
        qat_ring_restart(b, r);
        break;
    case RING_STAT:
    case RING_UO_STAT:
    case RING_E_STAT:
    case RING_NE_STAT:
    case RING_NF_STAT:
    case RING_F_STAT:
    case RING_C_STAT:
        break;
    default:
        qat_unknown_reg(b->s, "write", 4, ETR_BANKS + off);
    }
}

/* Reset and drain */

void qat_bank_clear(QATBank *b)
{
    b->gen++;
    memset(b->ring, 0, sizeof(b->ring));
    b->pasidctl = 0;
    b->ringmode = 0;
    b->arb_en = 0;
    b->exp_stat = b->exp_int_en = 0;
    b->int_flag = b->int_flag_en = b->int_src_sel = 0;
    b->int_col_en = b->int_col_ctl = 0;
    qat_bank_irq_clear(b);
    timer_del(&b->coal_timer);
}

/* FLR */
void qat_bank_reset(QATBank *b)
{
    qat_bank_clear(b);
    b->rpresetsts = 0;
    b->stopped = b->stopping = b->reset = false;
    b->rpintmsk = 0;
}

static void qat_bank_stop_done(QATBank *b)
{
    if (b->reset) {
        qat_bank_clear(b);
        b->reset = false;
        b->s->cnt.bank_resets++;
    }
    b->stopping = false;
    b->rpresetsts |= RPRESETSTS_DONE;
}

void qat_bank_resetctl(QATBank *b, uint32_t val)
{
    uint32_t op = val & RPRESETCTL_OP;

    if (!op && !(val & RPRESETCTL_DRAIN)) {
        return;
    }
    /* What RPRESETSTS says already stays there until it is cleared */
    b->stopped = b->stopping = true;
    if (op == RPRESETCTL_OP_RESET || op == RPRESETCTL_OP_ABORT) {
        b->reset = true;
    }
    if (op == RPRESETCTL_OP_ABORT) {
        b->gen++;
    }
    if (!b->busy) {
        qat_bank_stop_done(b);
    }
}

void qat_bank_resetsts(QATBank *b, uint32_t val)
{
    if (b->rpresetsts & val & RPRESETSTS_DONE) {
        b->rpresetsts = 0;
        b->stopped = b->stopping;
        qat_bank_kick(b);
    }
}

/* For loops without memory accesses, which fail when it is */
bool qat_job_aborted(QATJob *job)
{
    return qatomic_read(&job->bank->gen) != job->gen;
}

/* Memory */

/*
 * Whom a bank does DMA as: its VF, or the PF with the bank's PASID. A VF has no
 * PASIDs: what is sent with one under its requester id is blocked.
 */
static HdiovDmaTag qat_bank_tag(QATBank *b, uint32_t enable)
{
    HdiovDmaTag tag = hdiov_dma_pf(&b->s->dma, b->pasidctl & enable ?
                                   b->pasidctl & PASIDCTL_PASID :
                                   HDIOV_NO_PASID);

    qat_vf_tag(b->s, qat_bank_num(b), &tag);
    return tag;
}

static void qat_bank_count_dma(QATBank *b, HdiovDmaTag tag)
{
    if (tag.pasid == HDIOV_NO_PASID && tag.fn == b->s->dma.dev) {
        b->no_pasid++;
    }
}

static bool qat_dma(QATJob *job, uint64_t addr, void *buf, uint64_t len,
                    bool is_write)
{
    QATBank *b = job->bank;
    uint8_t *p = buf;

    if (addr + len < addr) {
        job->fault = true;
    }
    while (len && !job->fault) {
        uint64_t n = MIN(len, QAT_DMA_CHUNK);
        bool ok;

        bql_lock();
        ok = b->gen == job->gen;
        if (ok) {
            job->tag.master = qat_bank_tag(b, 0).master;
            qat_bank_count_dma(b, job->tag);
        }
        if (ok && is_write) {
            ok = hdiov_dma_write(&b->s->dma, job->tag, addr, p, n);
        } else if (ok) {
            ok = hdiov_dma_read(&b->s->dma, job->tag, addr, p, n);
        }
        bql_unlock();
        job->fault = !ok;
        addr += n;
        p += n;
        len -= n;
    }
    return !job->fault;
}

bool qat_dma_read(QATJob *job, uint64_t addr, void *buf, uint64_t len)
{
    return qat_dma(job, addr, buf, len, false);
}

bool qat_dma_write(QATJob *job, uint64_t addr, const void *buf, uint64_t len)
{
    return qat_dma(job, addr, (void *)buf, len, true);
}

/*
 * A list is a header of 16 bytes, with the number of elements at 8, and
 * elements of 16 bytes: length, reserved, address.
 */
bool qat_buf_load(QATJob *job, bool is_list, uint64_t addr, uint32_t len,
                  QATBuf *b)
{
    g_autofree uint8_t *raw = NULL;
    uint8_t hdr[16];
    uint32_t i;

    if (!is_list) {
        b->flat.addr = addr;
        b->flat.len = len;
        b->elem = &b->flat;
        b->n = 1;
        b->len = len;
        return true;
    }

    if (!qat_dma_read(job, addr, hdr, sizeof(hdr))) {
        return false;
    }
    b->n = ldl_le_p(hdr + 8);
    if (b->n > QAT_MAX_SGL) {
        b->n = 0;
        return false;
    }
    raw = g_malloc(b->n * 16);
    b->elem = g_new(QATBufElem, b->n);
    if (!qat_dma_read(job, addr + 16, raw, b->n * 16)) {
        return false;
    }
    for (i = 0; i < b->n; i++) {
        b->elem[i].len = ldl_le_p(raw + 16 * i);
        b->elem[i].addr = ldq_le_p(raw + 16 * i + 8);
        b->len += b->elem[i].len;
    }
    return true;
}

void qat_buf_free(QATBuf *b)
{
    if (b->elem != &b->flat) {
        g_free(b->elem);
    }
    b->elem = NULL;
}

static bool qat_buf_rw(QATJob *job, QATBuf *b, uint64_t off, void *buf,
                       uint64_t len, bool is_write)
{
    uint8_t *p = buf;
    uint32_t i;

    for (i = 0; i < b->n && len; i++) {
        QATBufElem *e = &b->elem[i];
        uint64_t n;

        if (off >= e->len) {
            off -= e->len;
            continue;
        }
        n = MIN(len, e->len - off);
        if (!qat_dma(job, e->addr + off, p, n, is_write)) {
            return false;
        }
        off = 0;
        p += n;
        len -= n;
    }
    return !len;
}

bool qat_buf_read(QATJob *job, QATBuf *b, uint64_t off, void *p, uint64_t len)
{
    return qat_buf_rw(job, b, off, p, len, false);
}

bool qat_buf_write(QATJob *job, QATBuf *b, uint64_t off, const void *p,
                   uint64_t len)
{
    return qat_buf_rw(job, b, off, (void *)p, len, true);
}

/* Workers */

static const struct {
    uint8_t code;
    uint8_t status;
    void (*process)(QATJob *job);
} qat_services[] = {
    [QAT_SYM] = { SERVICE_LA, STATUS_CRYPTO, qat_sym_process },
    [QAT_ASYM] = { SERVICE_PKE, STATUS_PKE, qat_asym_process },
    [QAT_DC] = { SERVICE_COMP, STATUS_CMP, qat_dc_process },
};

/* Without the big QEMU lock */
static void qat_job_process(QATJob *job)
{
    QATService service = job->bank->service;
    uint8_t *req = job->req, *resp = job->resp;

    resp[RESP_SERVICE] = RESP_SERVICE_FW;
    resp[RESP_TYPE] = req[REQ_SERVICE];
    resp[RESP_HDR_FLAGS] = HDR_VALID;
    resp[RESP_CMD] = req[REQ_CMD];
    memcpy(resp + RESP_OPAQUE, req + REQ_OPAQUE, 8);

    if (req[REQ_HDR_FLAGS] & HDR_VALID) {
        if (req[REQ_SERVICE] == SERVICE_NULL) {
            return;
        }
        if (req[REQ_SERVICE] == qat_services[service].code) {
            qat_services[service].process(job);
            return;
        }
    }

    /* The service's own layout tells where its error bit is */
    if (service == QAT_ASYM) {
        resp[4] = STATUS_UNSUPPORTED;
        resp[5] = STATUS_PKE;
    } else {
        resp[RESP_STATUS] = qat_services[service].status |
                            (req[REQ_HDR_FLAGS] & HDR_VALID ?
                             STATUS_UNSUPPORTED : STATUS_INVALID);
    }
}

static bool qat_job_failed(QATJob *job)
{
    if (job->bank->service == QAT_ASYM) {
        return job->resp[5] & STATUS_PKE;
    }
    return job->resp[RESP_STATUS] & ~STATUS_LAST_BLOCK;
}

static bool qat_bank_runnable(QATBank *b)
{
    QATRing *tx = &b->ring[0];

    return b->s->powered && b->served &&
           !b->busy && !b->stopped && !b->exp_stat && (b->arb_en & BIT(0)) &&
           qat_ring_used(tx) &&
           qat_ring_bytes(&b->ring[1]) && !qat_ring_full(b, 1);
}

void qat_bank_kick(QATBank *b)
{
    if (!b->queued && qat_bank_runnable(b)) {
        b->queued = true;
        QTAILQ_INSERT_TAIL(&b->s->ready, b, next);
        qemu_cond_signal(&b->s->work);
    }
}

static void qat_bank_exception(QATBank *b, unsigned r)
{
    b->exp_stat |= BIT(r);
    b->s->cnt.ring_faults++;
    if (b->exp_int_en & BIT(r)) {
        qat_bank_irq_raise(b);
    }
}

static void qat_bank_one(QATBank *b, QATJob *job)
{
    QATState *s = b->s;
    QATRing *tx = &b->ring[0], *rx = &b->ring[1];
    QATAe *ae = qat_bank_ae(b);
    uint32_t size = qat_msg_size(b, 0);
    HdiovDmaTag tag = qat_bank_tag(b, PASIDCTL_RING_PASID_EN);
    uint64_t addr;
    bool ok;

    memset(job, 0, sizeof(*job));
    job->bank = b;
    job->gen = b->gen;
    job->tag = qat_bank_tag(b, PASIDCTL_DATA_PASID_EN);

    qat_bank_count_dma(b, tag);
    ok = hdiov_dma_read(&s->dma, tag, qat_ring_base(tx) + tx->head,
                        job->req, size);
    /* Any transfer may hit the device's own registers */
    if (b->gen != job->gen) {
        return;
    }
    if (!ok) {
        qat_bank_exception(b, 0);
        return;
    }
    tx->head = (tx->head + size) & (qat_ring_bytes(tx) - 1);
    tx->full = false;
    b->requests++;
    ae->requests++;
    if (job->req[REQ_SERVICE] == SERVICE_NULL) {
        s->cnt.req_null++;
    } else {
        s->cnt.req[b->service]++;
    }

    bql_unlock();
    qat_job_process(job);
    bql_lock();

    if (b->gen != job->gen) {
        s->cnt.abandoned++;
        return;
    }
    if (job->fault) {
        s->cnt.data_faults++;
    }
    if (qat_job_failed(job)) {
        s->cnt.err[b->service]++;
        b->errors++;
    }

    /* Software polls the first word */
    tag.master = qat_bank_tag(b, 0).master;
    addr = qat_ring_base(rx) + rx->tail;
    ok = hdiov_dma_write(&s->dma, tag, addr + 4, job->resp + 4,
                         QAT_RESP_SIZE - 4);
    if (b->gen == job->gen) {
        ok &= hdiov_dma_write(&s->dma, tag, addr, job->resp, 4);
    }
    if (b->gen != job->gen) {
        return;
    }
    if (!ok) {
        qat_bank_exception(b, 1);
        return;
    }
    rx->tail = (rx->tail + QAT_RESP_SIZE) & (qat_ring_bytes(rx) - 1);
    b->responses++;
    ae->responses++;
    s->cnt.responses++;
    qat_bank_irq_check(b);
}

/*
 * Whose turn it is. A request of one service, a chain of prime tests, can take as
 * long as a million of another: one worker is left for the others. Who waits for
 * the last of a service's workers is found when that one looks for the next.
 */
static QATBank *qat_next_bank(QATState *s)
{
    QATBank *b;

    QTAILQ_FOREACH(b, &s->ready, next) {
        if (s->active[b->service] < MAX(1, s->num_workers - 1)) {
            break;
        }
    }
    return b;
}

static void *qat_worker(void *opaque)
{
    QATState *s = opaque;
    g_autofree QATJob *job = g_new(QATJob, 1);

    rcu_register_thread();
    bql_lock();
    while (!s->stopping) {
        QATBank *b = qat_next_bank(s);
        QATService service;
        int64_t end;
        int i;

        if (!b) {
            qemu_cond_wait_bql(&s->work);
            continue;
        }
        QTAILQ_REMOVE(&s->ready, b, next);
        b->queued = false;
        service = b->service;           /* of the bank, it can change meanwhile */
        s->active[service]++;

        end = get_clock() + QAT_BURST_NS;
        for (i = 0; i < QAT_BURST && qat_bank_runnable(b) &&
                    (!i || get_clock() < end); i++) {
            b->busy = true;
            qat_bank_one(b, job);
            b->busy = false;
        }
        s->active[service]--;
        if (b->stopping) {
            qat_bank_stop_done(b);
        }
        qat_bank_kick(b);
    }
    s->workers--;
    qemu_cond_signal(&s->idle);
    bql_unlock();
    rcu_unregister_thread();
    return NULL;
}

void qat_ring_init(QATState *s)
{
    int i;

    QTAILQ_INIT(&s->ready);
    qemu_cond_init(&s->work);
    qemu_cond_init(&s->idle);
    for (i = 0; i < QAT_NUM_BANKS; i++) {
        s->bank[i].s = s;
        timer_init_ns(&s->bank[i].coal_timer, QEMU_CLOCK_VIRTUAL,
                      qat_bank_coal_timer, &s->bank[i]);
    }
    for (i = 0; i < s->num_workers; i++) {
        qemu_thread_create(&s->worker[i], "qat-worker", qat_worker, s,
                           QEMU_THREAD_JOINABLE);
        s->workers++;
    }
}

void qat_ring_finalize(QATState *s)
{
    int i;

    /*
     * Requests in flight need the big QEMU lock to end: waiting gives it up, and
     * processors may write registers meanwhile, also those of VFs, whose BARs
     * are still there.
     */
    s->dma.gone = true;
    for (i = 0; i < QAT_NUM_BANKS; i++) {
        qat_bank_clear(&s->bank[i]);
    }
    s->stopping = true;
    qemu_cond_broadcast(&s->work);
    while (s->workers) {
        qemu_cond_wait_bql(&s->idle);
    }
    bql_unlock();
    for (i = 0; i < s->num_workers; i++) {
        qemu_thread_join(&s->worker[i]);
    }
    bql_lock();
    /* Those that had begun could still start one */
    for (i = 0; i < QAT_NUM_BANKS; i++) {
        timer_del(&s->bank[i].coal_timer);
    }
    qemu_cond_destroy(&s->work);
    qemu_cond_destroy(&s->idle);
}
