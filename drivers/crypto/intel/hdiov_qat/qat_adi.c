// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of an ADI: a bank
 *
 * What keeps a bank apart from the others is its PASIDCTL, and the card's reset
 * of a bank clears that together with the rings. These hold:
 *
 *  - IDLE: rings off, arbiter off, no PASID. BOUND: the same, with its PASID.
 *    A bank gets there by a reset only, and qat_bank_reset() writes the PASID
 *    before it lets go of the bank.
 *  - The guest writes to the rings' sizes and addresses by traps, and to heads,
 *    tails and arbiter by its page. Both are closed whenever the bank is reset,
 *    the guest's own wish (RPRESETCTL) included: it goes through the core.
 *  - A bank that does not confirm its reset keeps PASIDCTL as it was, and the
 *    core keeps its number from everyone.
 *
 * While the PF is being reset, the core calls none of these but create, destroy,
 * clear_pasid and show. They do not touch the card then.
 */
#include <linux/bitfield.h>
#include <linux/gfp.h>
#include <linux/seq_file.h>

#include "qat.h"

static enum qat_service qat_type_service(const struct hdiov_type *type)
{
	return type - qat_types;
}

static bool qat_adi_suits(struct hdiov_pf *hpf, const struct hdiov_type *type,
			  unsigned int qp)
{
	return to_qat_pf(hpf)->service[qp % QAT_SERVICE_PERIOD] ==
	       qat_type_service(type);
}

/* What a guest can see or has written, other than the bank's registers */
static void qat_adi_wipe(struct qat_adi *qa)
{
	lockdep_assert_held(&qa->lock);

	qat_msg_reset(qa);
	qa->rp_done = false;
}

static int qat_adi_create(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);
	struct qat_pf *pf = to_qat_pf(adi->pf);

	qa->pf = pf;
	qa->bank = adi->qp_base;
	qa->service = qat_type_service(adi->type);
	mutex_init(&qa->lock);
	qa->msgq = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!qa->msgq) {
		mutex_destroy(&qa->lock);
		return -ENOMEM;
	}
	qat_mmio_set_areas(qa);

	/* The bank is as the last ADI's quiesce or the PF's bring-up left it */
	guard(rwsem_read)(&pf->reset_sem);
	guard(mutex)(&pf->adis_lock);
	list_add_tail(&qa->node, &pf->adis);
	return 0;
}

static void qat_adi_destroy(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);
	struct qat_pf *pf = qa->pf;

	scoped_guard(rwsem_read, &pf->reset_sem) {
		guard(mutex)(&pf->adis_lock);
		list_del(&qa->node);
	}
	if (qa->pasidctl)
		dev_err(&pf->pdev->dev,
			"%s: bank %u and its PASID stay claimed until the function is reset\n",
			hdiov_adi_name(adi), qa->bank);
	free_page((unsigned long)qa->msgq);
	mutex_destroy(&qa->lock);
}

static int qat_adi_set_pasid(struct hdiov_adi *adi, const struct hdiov_dma_id *id)
{
	u32 pasidctl = PASIDCTL_ADI_MODE | FIELD_PREP(PASIDCTL_PASID, id->pasid);
	struct qat_adi *qa = to_qat_adi(adi);
	int ret;

	guard(mutex)(&qa->lock);
	if (READ_ONCE(qa->pf->in_reset))
		return -EAGAIN;
	/* A new guest. The last one may have gone while it was being reset */
	qa->announced = false;
	qat_adi_wipe(qa);
	ret = qat_bank_set_pasid(qa->pf, qa->bank, pasidctl);
	if (!ret)
		qa->pasidctl = pasidctl;
	return ret;
}

static void qat_adi_clear_pasid(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	/* Not while it is being brought up, which may be about to write it again */
	guard(rwsem_read)(&qa->pf->reset_sem);
	guard(mutex)(&qa->lock);
	/* Whatever the card says: somebody else may have it from now on */
	qa->pasidctl = 0;
	if (!READ_ONCE(qa->pf->in_reset))
		qat_bank_set_pasid(qa->pf, qa->bank, 0);
}

static int qat_adi_enable(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);
	u32 val;

	guard(mutex)(&qa->lock);
	if (READ_ONCE(qa->pf->in_reset))
		return -EAGAIN;
	/* Without one, the guest's requests would go out as the function's */
	val = qat_etr_read(qa->pf, ETR_PASIDCTL(qa->bank));
	if (!qa->pasidctl || val != qa->pasidctl) {
		dev_err_ratelimited(&qa->pf->pdev->dev,
				    "%s: bank %u has PASID register 0x%08x instead of 0x%08x\n",
				    hdiov_adi_name(adi), qa->bank, val,
				    qa->pasidctl);
		return -EIO;
	}
	qa->running = true;
	return 0;
}

static int qat_adi_quiesce(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	qa->running = false;
	/* The reset of the function has stopped everything, or its removal */
	if (READ_ONCE(qa->pf->in_reset) ||
	    !pci_device_is_present(qa->pf->pdev))
		return 0;
	return qat_bank_reset(qa->pf, qa->bank, qa->pasidctl);
}

static void qat_adi_abandon(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	qa->running = false;
}

static int qat_adi_reset(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	if (READ_ONCE(qa->pf->in_reset))
		return -EAGAIN;

	/* Quiescing has reset the bank */
	qat_adi_wipe(qa);
	return 0;
}

/* The guest wanted a reset of its ring pair: quiescing was that */
static int qat_adi_restart(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	if (READ_ONCE(qa->pf->in_reset))
		return -EAGAIN;
	qa->rp_done = true;
	return 0;
}

static void qat_adi_show(struct hdiov_adi *adi, struct seq_file *s)
{
	struct qat_adi *qa = to_qat_adi(adi);
	unsigned int r;

	guard(mutex)(&qa->lock);
	seq_printf(s, "bank: %u\n", qa->bank);
	seq_printf(s, "service: %s\n", qat_service_names[qa->service]);
	seq_printf(s, "driver: %s\n", qa->guest_up ? "up" : "silent");
	seq_printf(s, "message: %u bytes\n", qa->rx_len);
	if (READ_ONCE(qa->pf->in_reset)) {
		seq_puts(s, "registers: the function is being reset\n");
		return;
	}
	seq_printf(s, "pasidctl: 0x%08x\n",
		   qat_etr_read(qa->pf, ETR_PASIDCTL(qa->bank)));
	seq_printf(s, "arbiter: %u\n",
		   qat_bank_read(qa, BANK_RING_SRV_ARB_EN));
	for (r = 0; r < BANK_NUM_RINGS; r++)
		seq_printf(s, "ring %u: config 0x%04x head 0x%x tail 0x%x\n", r,
			   qat_bank_read(qa, BANK_RING_CONFIG(r)),
			   qat_bank_read(qa, BANK_RING_HEAD(r)),
			   qat_bank_read(qa, BANK_RING_TAIL(r)));
}

const struct hdiov_adi_ops qat_adi_ops = {
	.suits = qat_adi_suits,
	.create = qat_adi_create,
	.destroy = qat_adi_destroy,
	.set_pasid = qat_adi_set_pasid,
	.clear_pasid = qat_adi_clear_pasid,
	.enable = qat_adi_enable,
	.quiesce = qat_adi_quiesce,
	.abandon = qat_adi_abandon,
	.reset = qat_adi_reset,
	.restart = qat_adi_restart,
	.show = qat_adi_show,
};

/**
 * qat_adi_restore_all - give all banks their PASIDs and interrupts again
 * @pf: the PF, fresh out of a reset, its reset_sem held for writing
 */
void qat_adi_restore_all(struct qat_pf *pf)
{
	struct qat_adi *qa;

	lockdep_assert_held_write(&pf->reset_sem);

	guard(mutex)(&pf->adis_lock);
	list_for_each_entry(qa, &pf->adis, node) {
		guard(mutex)(&qa->lock);
		/* Enabling it fails if the card does not take this */
		qat_bank_set_pasid(pf, qa->bank, qa->pasidctl);
		qat_vector_apply(qa);
	}
}
