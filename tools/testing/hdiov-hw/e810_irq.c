/*
 * Emulated Intel E810: interrupts and their moderation
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A cause names a vector and an ITR index in its control register. The vector
 * remembers it until INTENA is set and the interval of that ITR, counted from
 * the last interrupt, is over. The interrupt then clears INTENA (automask).
 * Before it, the vector's Rx queues write their descriptors back. With
 * WB_ON_ITR, they do so at the end of the interval without INTENA as well.
 */

#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "e810.h"

/* The function whose message a vector is; *idx: which one of its own */
static PCIDevice *e810_vector_fn(E810State *s, unsigned v, unsigned *idx)
{
    unsigned vf = e810_vf_of_vector(s, v, idx);

    if (vf == E810_NO_VF) {
        *idx = v;
        return v < s->vecs.num ? PCI_DEVICE(s) : NULL;
    }
    return *idx < E810_VF_VECTORS ? e810_vf_tag(s, vf).fn : NULL;
}

static void e810_vector_eval(E810State *s, unsigned v)
{
    E810Vector *vec = &s->vec[v];
    int64_t now, when = INT64_MAX;
    PCIDevice *fn;
    unsigned idx;
    int i;

    if (!vec->pending ||
        !(vec->dyn_ctl & (DYN_CTL_INTENA | DYN_CTL_WB_ON_ITR))) {
        return;
    }

    now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    if (vec->pending & BIT(ITR_NONE)) {
        when = now;
    }
    for (i = 0; i < ARRAY_SIZE(vec->itr); i++) {
        if (vec->pending & BIT(i)) {
            when = MIN(when, vec->last + vec->itr[i] * 2 * SCALE_US);
        }
    }
    if (vec->rate & GLINT_RATE_ENA) {
        when = MAX(when, vec->last + (vec->rate & 0x3f) * 4 * SCALE_US);
    }
    if (when > now) {
        timer_mod_anticipate_ns(&vec->timer, when);
        return;
    }

    timer_del(&vec->timer);
    vec->last = now;
    e810_rx_flush_vector(s, v);
    if (!(vec->dyn_ctl & DYN_CTL_INTENA)) {
        return;
    }
    vec->pending = 0;
    if (!(s->glint_ctl & GLINT_CTL_DIS_AUTOMASK)) {
        vec->dyn_ctl &= ~DYN_CTL_INTENA;
    }
    s->cnt.interrupts++;
    fn = e810_vector_fn(s, v, &idx);
    if (fn) {
        msix_notify(fn, idx);
    }
}

static void e810_vector_timer(void *opaque)
{
    E810Vector *vec = opaque;

    e810_vector_eval(vec->dev, vec - vec->dev->vec);
}

static void e810_vector_event(E810State *s, unsigned v, unsigned itr)
{
    s->vec[v].pending |= BIT(itr);
    e810_vector_eval(s, v);
}

/*
 * The vector that a cause's control register names, or -1. For a VF's queues
 * and mailbox it counts from the VF's first one.
 */
int e810_irq_vector(E810State *s, uint32_t ctl, unsigned vf)
{
    unsigned idx = extract32(ctl, 0, 11);

    if (!(ctl & CAUSE_ENA)) {
        return -1;
    }
    return vf == E810_NO_VF ? idx : e810_vf_vector(s, vf, idx);
}

void e810_irq_cause(E810State *s, uint32_t ctl, unsigned vf)
{
    int v = e810_irq_vector(s, ctl, vf);

    if (v >= 0) {
        e810_vector_event(s, v, extract32(ctl, 11, 2));
    }
}

void e810_oicr_set(E810State *s, uint32_t bits)
{
    s->oicr |= bits;
    if (s->oicr & s->oicr_ena) {
        e810_irq_cause(s, s->oicr_ctl, E810_NO_VF);
    }
}

uint32_t e810_oicr_read(E810State *s)
{
    uint32_t val = s->oicr;

    if (val & s->oicr_ena) {
        val |= OICR_INTEVENT;
    }
    s->oicr = 0;
    return val;
}

uint32_t e810_dyn_ctl_read(E810State *s, unsigned v)
{
    return s->vec[v].dyn_ctl;
}

void e810_dyn_ctl_write(E810State *s, unsigned v, uint32_t val)
{
    E810Vector *vec = &s->vec[v];
    unsigned itr = extract32(val, 3, 2);
    PCIDevice *fn;
    unsigned idx;

    if (itr != ITR_NONE) {
        vec->itr[itr] = extract32(val, 5, 12);
    }
    /*
     * Only the PBA bit, that is, an interrupt held back by the MSI-X mask.
     * Events since the last interrupt are not forgotten: drivers set this
     * bit when they re-enable the vector after polling.
     */
    if (val & DYN_CTL_CLEARPBA) {
        fn = e810_vector_fn(s, v, &idx);
        if (fn) {
            msix_clr_pending(fn, idx);
        }
    }
    vec->dyn_ctl = (vec->dyn_ctl & ~DYN_CTL_WB_ON_ITR) |
                   (val & DYN_CTL_WB_ON_ITR);
    if (!(val & DYN_CTL_INTENA_MSK)) {
        vec->dyn_ctl = (vec->dyn_ctl & ~DYN_CTL_INTENA) |
                       (val & DYN_CTL_INTENA);
    }
    if (val & DYN_CTL_SWINT_TRIG) {
        if (e810_irq_vector(s, s->oicr_ctl, E810_NO_VF) == v) {
            s->oicr |= OICR_SWINT;
        }
        e810_vector_event(s, v, val & DYN_CTL_SW_ITR_ENA ?
                          extract32(val, 25, 2) : ITR_NONE);
    } else {
        e810_vector_eval(s, v);
    }
}

void e810_itr_write(E810State *s, unsigned v, unsigned i, uint32_t val)
{
    s->vec[v].itr[i] = val & 0xfff;
    e810_vector_eval(s, v);
}

void e810_irq_init(E810State *s)
{
    int v;

    for (v = 0; v < E810_NUM_VECTORS; v++) {
        s->vec[v].dev = s;
        timer_init_ns(&s->vec[v].timer, QEMU_CLOCK_VIRTUAL,
                      e810_vector_timer, &s->vec[v]);
    }
}

void e810_irq_finalize(E810State *s)
{
    int v;

    for (v = 0; v < E810_NUM_VECTORS; v++) {
        timer_del(&s->vec[v].timer);
    }
}

/* As a VF's reset leaves its vectors; @last may be below @first: none */
void e810_irq_reset_range(E810State *s, unsigned first, unsigned last)
{
    unsigned v;

    for (v = first; v <= last; v++) {
        E810Vector *vec = &s->vec[v];

        timer_del(&vec->timer);
        vec->dyn_ctl = 0;
        memset(vec->itr, 0, sizeof(vec->itr));
        vec->rate = 0;
        vec->pending = 0;
        vec->last = 0;
    }
}

void e810_irq_reset(E810State *s)
{
    e810_irq_reset_range(s, 0, E810_NUM_VECTORS - 1);
    s->oicr = 0;
    s->oicr_ena = 0;
    /* DPDK's net_ice never writes it and still waits for changes of the link */
    s->oicr_ctl = CAUSE_ENA;
    s->fw_ctl = s->mbx_ctl = s->sb_ctl = 0;
    s->glint_ctl = GLINT_CTL_ITR_GRAN_2US;
    memset(s->qint_tqctl, 0, sizeof(s->qint_tqctl));
    memset(s->qint_rqctl, 0, sizeof(s->qint_rqctl));
    memset(s->vect2func, 0, sizeof(s->vect2func));
    memset(s->vpint_mbx_ctl, 0, sizeof(s->vpint_mbx_ctl));
}
