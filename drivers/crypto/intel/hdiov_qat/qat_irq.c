// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: the card's own message table, with a slot for each bank, and the
 * mask between a bank and its slot
 *
 * Vector 0 of a VDEV tells of a message from the host and is raised by software;
 * vector 1 is the ring pair's. Its slot has the number of the bank.
 */
#include "qat.h"

#define QAT_VECTOR_MSG		0

/* The mask first: never is a message sent that is half the old one */
static void qat_ims_apply(struct qat_pf *pf, unsigned int slot)
{
	struct qat_ims_slot *ims = &pf->ims[slot];

	lockdep_assert_held(&pf->ims_lock);

	qat_pmisc_write(pf, PMISC_IMS_VECCTL(slot), IMS_VECCTL_MASK);
	qat_pmisc_write(pf, PMISC_IMS_LTBL(slot), lower_32_bits(ims->address));
	qat_pmisc_write(pf, PMISC_IMS_UTBL(slot), upper_32_bits(ims->address));
	qat_pmisc_write(pf, PMISC_IMS_DATA(slot), ims->data);
	if (!ims->masked)
		qat_pmisc_write(pf, PMISC_IMS_VECCTL(slot), 0);
	/* A message that is on its way arrives before the answer to this */
	qat_pmisc_read(pf, PMISC_IMS_VECCTL(slot));
}

/* What cannot be written now is when the card is up again */
static bool qat_ims_reachable(struct qat_pf *pf, unsigned int slot)
{
	return test_bit(slot, pf->share.banks) && qat_usable(pf);
}

static void qat_ims_write_msg(struct hdiov_pf *hpf, unsigned int slot,
			      u64 address, u32 data)
{
	struct qat_pf *pf = to_qat_pf(hpf);
	unsigned long flags;

	raw_spin_lock_irqsave(&pf->ims_lock, flags);
	pf->ims[slot].address = address;
	pf->ims[slot].data = data;
	if (qat_ims_reachable(pf, slot))
		qat_ims_apply(pf, slot);
	raw_spin_unlock_irqrestore(&pf->ims_lock, flags);
}

static void qat_ims_set_mask(struct qat_pf *pf, unsigned int slot, bool masked)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pf->ims_lock, flags);
	pf->ims[slot].masked = masked;
	if (qat_ims_reachable(pf, slot)) {
		qat_pmisc_write(pf, PMISC_IMS_VECCTL(slot),
				masked ? IMS_VECCTL_MASK : 0);
		qat_pmisc_read(pf, PMISC_IMS_VECCTL(slot));
	}
	raw_spin_unlock_irqrestore(&pf->ims_lock, flags);
}

static void qat_ims_mask(struct hdiov_pf *hpf, unsigned int slot)
{
	qat_ims_set_mask(to_qat_pf(hpf), slot, true);
}

static void qat_ims_unmask(struct hdiov_pf *hpf, unsigned int slot)
{
	qat_ims_set_mask(to_qat_pf(hpf), slot, false);
}

const struct hdiov_ims_ops qat_ims_ops = {
	.write_msg = qat_ims_write_msg,
	.mask = qat_ims_mask,
	.unmask = qat_ims_unmask,
};

/**
 * qat_ims_init - start with all slots empty and masked
 * @pf: the PF, not registered; its registers are not touched
 */
void qat_ims_init(struct qat_pf *pf)
{
	unsigned int slot;

	for (slot = 0; slot < QAT_NUM_BANKS; slot++)
		pf->ims[slot] = (struct qat_ims_slot){ .masked = true };
}

/**
 * qat_ims_restore - fill the card's table, as far as it is for VDEVs
 * @pf: the PF, fresh out of a reset or never used
 *
 * A slot with something in it would take the interrupts of the kernel's own bank
 * of that number.
 */
void qat_ims_restore(struct qat_pf *pf)
{
	unsigned long flags;
	unsigned int slot;

	for_each_set_bit(slot, pf->share.banks, QAT_NUM_BANKS) {
		raw_spin_lock_irqsave(&pf->ims_lock, flags);
		qat_ims_apply(pf, slot);
		raw_spin_unlock_irqrestore(&pf->ims_lock, flags);
	}
}

/**
 * qat_vector_apply - let a bank's interrupts through to its slot, or not
 * @qa: the ADI, its lock held; the PF up
 *
 * Not of a bank without PASID: it raises none, and may not be ours by now. One that does
 * not run may still raise one: responses have come before, and are told of together,
 * after a while.
 */
void qat_vector_apply(struct qat_adi *qa)
{
	struct qat_pf *pf = qa->pf;

	lockdep_assert_held(&qa->lock);

	if (!qa->pasidctl || qa->barred)
		return;
	/* What the mask holds back now is raised once vector and bank are back */
	qat_pmisc_write(pf, PMISC_RPINTMSK(qa->bank),
			qa->bound && qa->running ? 0 : RPINT_BANK);
	qat_pmisc_read(pf, PMISC_RPINTMSK(qa->bank));
}

static int qat_vector_slot(struct hdiov_adi *adi, unsigned int vector)
{
	return vector == QAT_VECTOR_MSG ? HDIOV_SLOT_SOFTWARE : adi->qp_base;
}

static int qat_vector_bind(struct hdiov_adi *adi, unsigned int vector,
			   unsigned int slot)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	qa->bound = true;
	if (qat_usable(qa->pf))
		qat_vector_apply(qa);
	return 0;
}

static void qat_vector_unbind(struct hdiov_adi *adi, unsigned int vector)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	qa->bound = false;
	if (qat_usable(qa->pf))
		qat_vector_apply(qa);
}

const struct hdiov_vector_ops qat_vector_ops = {
	.slot = qat_vector_slot,
	.bind = qat_vector_bind,
	.unbind = qat_vector_unbind,
};
