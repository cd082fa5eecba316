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
 *  - PAUSED: arbiter and interrupts off, and none of its requests in the card. Rings
 *    may be made, and have requests in them.
 *  - The guest writes to the rings' sizes and addresses by traps, and to heads,
 *    tails and arbiter by its page. Both are closed whenever the bank is reset,
 *    the guest's own wish (RPRESETCTL) included: it goes through the core.
 *  - A bank that does not confirm its reset keeps PASIDCTL as it was, and the
 *    core keeps its number from everyone.
 *
 * While the PF is being reset, the core calls none of these but create, destroy,
 * clear_pasid and show. They do not touch the card then. And for some milliseconds
 * at the beginning of a reset, which qat_4xxx does on its own, the core calls any of
 * them, as it does not know: it is told so by -EAGAIN, and by the watch soon after.
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
	struct qat_share *share = &to_qat_pf(hpf)->share;

	return test_bit(qp, share->banks) &&
	       qat_service_of(share, qp) == qat_type_service(type);
}

/* What a guest can see or has written, other than the bank's registers */
static void qat_adi_wipe(struct qat_adi *qa)
{
	lockdep_assert_held(&qa->lock);

	qat_msg_reset(qa);
	/*
	 * But whoever polls for the end of a reset of the ring pair sees it: that of
	 * the VDEV or of the whole function, which came first, was more than that.
	 */
	qa->rp_done = qa->rp_asked || qa->rp_overtaken;
	qa->rp_overtaken = false;
	qa->rp_asked = false;
}

static int qat_adi_list(struct qat_adi *qa)
{
	struct qat_pf *pf = qa->pf;

	guard(rwsem_read)(&pf->reset_sem);
	guard(mutex)(&pf->adis_lock);
	/* It is about to be offered anew, with other banks */
	if (pf->closed)
		return -EAGAIN;
	list_add_tail(&qa->node, &pf->adis);
	return 0;
}

static int qat_adi_create(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);
	struct qat_pf *pf = to_qat_pf(adi->pf);
	int ret;

	qa->pf = pf;
	qa->bank = adi->qp_base;
	qa->service = qat_type_service(adi->type);
	ret = qat_host_get(pf);
	if (ret)
		return ret;
	ret = -ENOMEM;
	qa->msgq = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!qa->msgq)
		goto err_put;
	mutex_init(&qa->lock);
	qat_mmio_set_areas(qa);

	/* The bank is not touched before it gets its PASID */
	ret = qat_adi_list(qa);
	if (ret)
		goto err_free;
	return 0;

err_free:
	mutex_destroy(&qa->lock);
	free_page((unsigned long)qa->msgq);
err_put:
	qat_host_put(pf);
	return ret;
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
	qat_host_put(pf);
}

static int qat_adi_set_pasid(struct hdiov_adi *adi, const struct hdiov_dma_id *id)
{
	u32 pasidctl = PASIDCTL_ADI_MODE | FIELD_PREP(PASIDCTL_PASID, id->pasid);
	struct qat_adi *qa = to_qat_adi(adi);
	int ret;

	guard(mutex)(&qa->lock);
	if (!qat_usable(qa->pf))
		return -EAGAIN;
	ret = qat_host_claim(qa->pf, qa->bank);
	if (ret)
		return ret;
	/* A new guest. The last one may have gone while it was being reset */
	qa->announced = false;
	qa->rp_asked = false;
	qa->rp_overtaken = false;
	qat_adi_wipe(qa);
	ret = qat_bank_set_pasid(qa->pf, qa->bank, pasidctl);
	if (ret)
		return qat_usable(qa->pf) ? ret : -EAGAIN;
	qa->pasidctl = pasidctl;
	qa->barred = false;
	qat_vector_apply(qa);
	return 0;
}

static int qat_adi_clear_pasid(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);
	u32 pasidctl;
	int ret;

	/* Not while it is being brought up, which may be about to write it again */
	guard(rwsem_read)(&qa->pf->reset_sem);
	guard(mutex)(&qa->lock);
	/* Whatever the card says: what brings the bank up after a reset must not write it again */
	pasidctl = qa->pasidctl;
	qa->pasidctl = 0;
	if (!pasidctl || !qat_bank_has_pasid(qa->pf, qa->bank, pasidctl))
		return 0;
	/*
	 * The watch took the function for one that was reset, as another bank was not as
	 * it should be, and so this one was never quiesced, or did not stop when the
	 * function came back. If it does not stop now, it keeps its PASID: without one,
	 * its requests would be the function's own.
	 */
	if (qa->barred || !qat_usable(qa->pf)) {
		ret = qat_bank_reset(qa->pf, qa->bank, pasidctl);
		if (ret)
			return ret;
	}
	return qat_bank_set_pasid(qa->pf, qa->bank, 0);
}

static int qat_adi_enable(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	if (!qat_usable(qa->pf))
		return -EAGAIN;
	if (!qa->pasidctl || qa->barred) {
		dev_err_ratelimited(&qa->pf->pdev->dev,
				    "%s: bank %u could not get its PASID\n",
				    hdiov_adi_name(adi), qa->bank);
		return -EIO;
	}
	/* Without it, the guest's requests would go out as the function's */
	if (!qat_bank_has_pasid(qa->pf, qa->bank, qa->pasidctl)) {
		qat_host_lost(qa->pf);
		return -EAGAIN;
	}
	/* Its last reset has failed */
	if (!qat_bank_is_idle(qa->pf, qa->bank))
		return -EIO;
	qa->arbiter = 0;
	qat_vector_apply(qa);
	return 0;
}

static int qat_adi_resume(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	if (!qat_usable(qa->pf))
		return -EAGAIN;
	/* As in qat_adi_enable() */
	if (!qat_bank_run(qa->pf, qa->bank, qa->pasidctl, qa->arbiter)) {
		qat_host_lost(qa->pf);
		return -EAGAIN;
	}
	qa->running = true;
	qat_vector_apply(qa);
	qat_msg_raise(qa);
	return 0;
}

static int qat_adi_pause(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);
	int ret;

	guard(mutex)(&qa->lock);
	ret = qat_bank_drain(qa->pf, qa->bank, qa->pasidctl, &qa->arbiter);
	if (ret)
		return ret;
	qa->running = false;
	qat_vector_apply(qa);
	return 0;
}

static int qat_adi_quiesce(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	qa->running = false;
	/*
	 * Also if qat_4xxx is about to reset the function: until it gets to that, the
	 * bank works, and its requests may be under way.
	 */
	return qat_bank_reset(qa->pf, qa->bank, qa->pasidctl);
}

static void qat_adi_abandon(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	qat_msg_announce(qa);
	qa->running = false;
	qa->rp_overtaken = qa->rp_asked;
}

static int qat_adi_reset(struct hdiov_adi *adi)
{
	struct qat_adi *qa = to_qat_adi(adi);

	guard(mutex)(&qa->lock);
	if (!qat_usable(qa->pf))
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
	if (!qat_usable(qa->pf))
		return -EAGAIN;
	qa->rp_asked = false;
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
	if (!qat_usable(qa->pf)) {
		seq_puts(s, "registers: the function is being reset\n");
		return;
	}
	seq_printf(s, "pasidctl: 0x%08x\n",
		   qat_etr_read(qa->pf, ETR_PASIDCTL(qa->bank)));
	seq_printf(s, "arbiter: %u\n",
		   qa->running ? qat_bank_read(qa, BANK_RING_SRV_ARB_EN) :
				 qa->arbiter);
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
	.resume = qat_adi_resume,
	.pause = qat_adi_pause,
	.quiesce = qat_adi_quiesce,
	.abandon = qat_adi_abandon,
	.reset = qat_adi_reset,
	.restart = qat_adi_restart,
	.show = qat_adi_show,
};

/**
 * qat_adi_any - are there ADIs
 * @pf: the PF
 *
 * Return: true if there are
 */
bool qat_adi_any(struct qat_pf *pf)
{
	guard(mutex)(&pf->adis_lock);
	return !list_empty(&pf->adis);
}

/**
 * qat_adi_close - have no ADI created from now on
 * @pf: the PF
 *
 * Return: true; or false if there are some already, then nothing changes
 */
bool qat_adi_close(struct qat_pf *pf)
{
	guard(mutex)(&pf->adis_lock);
	pf->closed = list_empty(&pf->adis);
	return pf->closed;
}

/**
 * qat_adi_check - have the banks what they were given
 * @pf: the PF, up
 *
 * Looks at one that has a PASID, and at another one next time: a reset of the
 * function takes it from all.
 *
 * Return: false if it was reset and nobody has noticed
 */
bool qat_adi_check(struct qat_pf *pf)
{
	bool looked, good = true;
	struct qat_adi *qa;

	guard(mutex)(&pf->adis_lock);
	list_for_each_entry(qa, &pf->adis, node) {
		/* A reset of a bank takes its time, and the PASID meanwhile */
		if (!mutex_trylock(&qa->lock))
			continue;
		looked = qa->pasidctl && !qa->barred;
		if (looked)
			good = qat_bank_has_pasid(pf, qa->bank, qa->pasidctl);
		mutex_unlock(&qa->lock);
		if (looked) {
			list_move_tail(&qa->node, &pf->adis);
			break;
		}
	}
	return good;
}

/**
 * qat_adi_announce_all - tell the drivers of all guests that their devices go
 * @pf: the PF
 */
void qat_adi_announce_all(struct qat_pf *pf)
{
	struct qat_adi *qa;

	guard(mutex)(&pf->adis_lock);
	list_for_each_entry(qa, &pf->adis, node) {
		guard(mutex)(&qa->lock);
		qat_msg_announce(qa);
	}
}

static void qat_adi_restore(struct qat_adi *qa)
{
	int ret;

	guard(mutex)(&qa->lock);
	if (!qa->pasidctl)
		return;
	/* The function was not reset, but another bank has lost its PASID */
	if (qat_bank_has_pasid(qa->pf, qa->bank, qa->pasidctl))
		ret = qat_bank_reset(qa->pf, qa->bank, qa->pasidctl);
	else
		ret = qat_host_claim(qa->pf, qa->bank) ?:
		      qat_bank_set_pasid(qa->pf, qa->bank, qa->pasidctl);
	/* Enabling it fails then */
	qa->barred = ret;
	if (!ret)
		qat_vector_apply(qa);
}

/**
 * qat_adi_restore_all - give all banks their PASIDs and interrupts again
 * @pf: the PF, fresh out of a reset, its reset_sem held for writing
 */
void qat_adi_restore_all(struct qat_pf *pf)
{
	struct qat_adi *qa;

	lockdep_assert_held_write(&pf->reset_sem);

	guard(mutex)(&pf->adis_lock);
	list_for_each_entry(qa, &pf->adis, node)
		qat_adi_restore(qa);
}
