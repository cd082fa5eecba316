// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors of an ADI: entries of the PF's MSI-X table and their causes
 *
 * Vector 0 of an ADI is its mailbox's, the others are its queues'. Which entry
 * of the PF's table backs a vector changes when the guest or its VMM enables
 * vectors anew. What the guest wrote to a vector's registers moves with it.
 */
#include <linux/bitfield.h>

#include "e810.h"

/* What a vector that has no slot remembers */
#define E810_DYN_CTL_KEPT	(GLINT_DYN_CTL_INTENA | GLINT_DYN_CTL_WB_ON_ITR)

static u32 e810_cause(unsigned int slot, unsigned int itr)
{
	return FIELD_PREP(INT_CTL_MSIX_INDX, slot) |
	       FIELD_PREP(INT_CTL_ITR_INDX, itr) | INT_CTL_CAUSE_ENA;
}

static u32 e810_queue_cause(int slot, const struct e810_queue *queue)
{
	return slot < 0 ? e810_cause(E810_WB_VECTOR, 0) :
			  e810_cause(slot, queue->itr);
}

/* Point the causes of a vector to its slot, or where they raise nothing */
static void e810_irq_write_causes(struct e810_adi *ea, unsigned int vector)
{
	int slot = ea->vec[vector].slot;
	struct e810_pf *pf = ea->pf;
	unsigned int q, abs_q;

	lockdep_assert_held(&ea->irq_lock);

	if (!vector) {
		/* Its last number may be another ADI's by now */
		if (ea->vsi == E810_NO_VSI)
			return;
		e810_wr32(pf, VPINT_MBX_CTL(ea->vsi),
			  slot < 0 ? 0 : e810_cause(slot, 0));
		return;
	}
	for (q = 0; q < ea->adi.num_qps; q++) {
		abs_q = ea->adi.qp_base + q;
		if (ea->txq[q].vector == vector)
			e810_wr32(pf, QINT_TQCTL(abs_q),
				  e810_queue_cause(slot, &ea->txq[q]));
		if (ea->rxq[q].vector == vector)
			e810_wr32(pf, QINT_RQCTL(abs_q),
				  e810_queue_cause(slot, &ea->rxq[q]));
	}
}

static u32 e810_pgint_read(struct e810_adi *ea, int slot, u32 reg)
{
	return readl(ea->pf->hw + e810_page_int(ea->pf, slot) + reg);
}

static void e810_pgint_write(struct e810_adi *ea, int slot, u32 reg, u32 val)
{
	writel(val, ea->pf->hw + e810_page_int(ea->pf, slot) + reg);
}

/* Write what the guest had set into the registers of the vector's slot */
static void e810_irq_write_slot(struct e810_adi *ea, unsigned int vector)
{
	struct e810_vector *vec = &ea->vec[vector];
	u32 ctl = FIELD_PREP(GLINT_DYN_CTL_ITR_INDX, GLINT_DYN_CTL_ITR_NONE) |
		  GLINT_DYN_CTL_CLEARPBA;
	unsigned int i;

	lockdep_assert_held(&ea->irq_lock);

	for (i = 0; i < E810_NUM_ITR; i++)
		e810_pgint_write(ea, vec->slot, PGINT_ITR(i), vec->itr[i]);
	/*
	 * What happened while the vector had no slot raised nothing: raise the
	 * interrupt once for a guest that waits for it.
	 */
	ctl |= vec->ctl;
	if (vec->ctl & GLINT_DYN_CTL_INTENA)
		ctl |= GLINT_DYN_CTL_SWINT_TRIG;
	e810_pgint_write(ea, vec->slot, PGINT_DYN_CTL, ctl);
}

static int e810_vector_bind(struct hdiov_adi *adi, unsigned int vector,
			    unsigned int slot)
{
	struct e810_adi *ea = to_e810_adi(adi);

	spin_lock(&ea->irq_lock);
	ea->vec[vector].slot = slot;
	/* First: the slot is told to raise what the causes hold by then */
	e810_irq_write_causes(ea, vector);
	e810_irq_write_slot(ea, vector);
	spin_unlock(&ea->irq_lock);
	return 0;
}

static void e810_irq_unbind(struct e810_adi *ea, unsigned int vector)
{
	struct e810_vector *vec = &ea->vec[vector];
	int slot = vec->slot;
	unsigned int i;
	u32 ctl;

	lockdep_assert_held(&ea->irq_lock);

	if (slot < 0)
		return;

	ctl = e810_pgint_read(ea, slot, PGINT_DYN_CTL);
	if (ctl != ~0U) {
		/* With the page mapped, the guest wrote there unseen */
		if (e810_type_is_vdcm(ea->adi.type))
			vec->ctl = ctl & E810_DYN_CTL_KEPT;
		for (i = 0; i < E810_NUM_ITR; i++)
			vec->itr[i] = e810_pgint_read(ea, slot, PGINT_ITR(i)) &
				      E810_ITR_INTERVAL;
	}

	vec->slot = -1;
	e810_irq_write_causes(ea, vector);
	e810_pgint_write(ea, slot, PGINT_DYN_CTL,
			 FIELD_PREP(GLINT_DYN_CTL_ITR_INDX,
				    GLINT_DYN_CTL_ITR_NONE) |
			 GLINT_DYN_CTL_CLEARPBA);
	e810_flush(ea->pf);
}

static void e810_vector_unbind(struct hdiov_adi *adi, unsigned int vector)
{
	struct e810_adi *ea = to_e810_adi(adi);

	spin_lock(&ea->irq_lock);
	e810_irq_unbind(ea, vector);
	spin_unlock(&ea->irq_lock);
}

const struct hdiov_vector_ops e810_vector_ops = {
	.bind = e810_vector_bind,
	.unbind = e810_vector_unbind,
};

/**
 * e810_irq_init - an ADI begins without slots
 * @ea: the ADI
 */
void e810_irq_init(struct e810_adi *ea)
{
	unsigned int v;

	spin_lock_init(&ea->irq_lock);
	for (v = 0; v < E810_MAX_VECTORS_PER_ADI; v++)
		ea->vec[v].slot = -1;
}

/**
 * e810_irq_map_queue - choose the vector that a queue interrupts
 * @ea: the ADI
 * @queue: one of its queues
 * @vector: vector of the ADI, not 0
 * @itr: interval of the vector, or GLINT_DYN_CTL_ITR_NONE
 *
 * e810_irq_apply() tells the hardware.
 */
void e810_irq_map_queue(struct e810_adi *ea, struct e810_queue *queue,
			unsigned int vector, unsigned int itr)
{
	spin_lock(&ea->irq_lock);
	queue->vector = vector;
	queue->itr = itr;
	spin_unlock(&ea->irq_lock);
}

/**
 * e810_irq_apply - tell the hardware where all causes of an ADI go
 * @ea: the ADI
 */
void e810_irq_apply(struct e810_adi *ea)
{
	unsigned int v, q, abs_q;

	spin_lock(&ea->irq_lock);
	for (q = 0; q < ea->adi.num_qps; q++) {
		abs_q = ea->adi.qp_base + q;
		if (!ea->txq[q].vector)
			e810_wr32(ea->pf, QINT_TQCTL(abs_q), 0);
		if (!ea->rxq[q].vector)
			e810_wr32(ea->pf, QINT_RQCTL(abs_q), 0);
	}
	for (v = 0; v < ea->adi.type->num_vectors; v++)
		e810_irq_write_causes(ea, v);
	spin_unlock(&ea->irq_lock);
}

/**
 * e810_irq_reset - forget what the guest set, keep the slots
 * @ea: the ADI
 */
void e810_irq_reset(struct e810_adi *ea)
{
	unsigned int v, q;

	spin_lock(&ea->irq_lock);
	for (q = 0; q < ea->adi.num_qps; q++) {
		ea->txq[q].vector = 0;
		ea->rxq[q].vector = 0;
	}
	for (v = 0; v < ea->adi.type->num_vectors; v++) {
		struct e810_vector *vec = &ea->vec[v];

		vec->ctl = 0;
		memset(vec->itr, 0, sizeof(vec->itr));
		if (vec->slot >= 0)
			e810_irq_write_slot(ea, v);
	}
	spin_unlock(&ea->irq_lock);
	e810_irq_apply(ea);
}

/**
 * e810_irq_read_ctl - read a vector's control register for the guest
 * @ea: the ADI
 * @vector: vector of the ADI
 *
 * Return: as GLINT_DYN_CTL
 */
u32 e810_irq_read_ctl(struct e810_adi *ea, unsigned int vector)
{
	struct e810_vector *vec = &ea->vec[vector];
	u32 val;

	spin_lock(&ea->irq_lock);
	if (vec->slot < 0)
		val = vec->ctl;
	else
		val = e810_pgint_read(ea, vec->slot, PGINT_DYN_CTL);
	spin_unlock(&ea->irq_lock);
	return val;
}

/**
 * e810_irq_write_ctl - write a vector's control register for the guest
 * @ea: the ADI
 * @vector: vector of the ADI
 * @val: as GLINT_DYN_CTL
 */
void e810_irq_write_ctl(struct e810_adi *ea, unsigned int vector, u32 val)
{
	struct e810_vector *vec = &ea->vec[vector];

	spin_lock(&ea->irq_lock);
	if (val & GLINT_DYN_CTL_INTENA_MSK)
		vec->ctl = (vec->ctl & GLINT_DYN_CTL_INTENA) |
			   (val & GLINT_DYN_CTL_WB_ON_ITR);
	else
		vec->ctl = val & E810_DYN_CTL_KEPT;
	if (vec->slot >= 0)
		e810_pgint_write(ea, vec->slot, PGINT_DYN_CTL, val);
	spin_unlock(&ea->irq_lock);
}

/**
 * e810_irq_read_itr - read an interval of a vector for the guest
 * @ea: the ADI
 * @vector: vector of the ADI
 * @i: which, below E810_NUM_ITR
 *
 * Return: units of 2 us
 */
u32 e810_irq_read_itr(struct e810_adi *ea, unsigned int vector, unsigned int i)
{
	struct e810_vector *vec = &ea->vec[vector];
	u32 val;

	spin_lock(&ea->irq_lock);
	if (vec->slot < 0)
		val = vec->itr[i];
	else
		val = e810_pgint_read(ea, vec->slot, PGINT_ITR(i));
	spin_unlock(&ea->irq_lock);
	return val;
}

/**
 * e810_irq_write_itr - write an interval of a vector for the guest
 * @ea: the ADI
 * @vector: vector of the ADI
 * @i: which, below E810_NUM_ITR
 * @val: units of 2 us
 */
void e810_irq_write_itr(struct e810_adi *ea, unsigned int vector,
			unsigned int i, u32 val)
{
	struct e810_vector *vec = &ea->vec[vector];

	spin_lock(&ea->irq_lock);
	vec->itr[i] = val & E810_ITR_INTERVAL;
	if (vec->slot >= 0)
		e810_pgint_write(ea, vec->slot, PGINT_ITR(i), vec->itr[i]);
	spin_unlock(&ea->irq_lock);
}
