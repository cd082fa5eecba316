// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on a bank that its isolation hangs on
 *
 * qat_4xxx can reset the function at any time, and this driver learns of it some
 * milliseconds later. What a bank has after that is not what it had: no PASID, and
 * the kernel may use it for itself. So whoever changes something here looks first
 * whether the bank still has its PASID.
 */
#include <linux/iopoll.h>
#include <linux/irqflags.h>

#include "qat.h"

/*
 * A request in flight may end by itself for so long, then it is cut off; qat_4xxx waits
 * for the second of them, whatever for
 */
#define QAT_RESET_TIMEOUT_US	(1 * USEC_PER_SEC)
#define QAT_ABORT_TIMEOUT_US	(5 * USEC_PER_SEC)
#define QAT_POLL_US		20

/**
 * qat_bank_is_idle - does nobody use a bank
 * @pf: the PF, up
 * @bank: the bank
 *
 * qat_4xxx zeroes all banks when it starts the card, and then makes the kernel's
 * rings.
 *
 * Return: true if it has no ring
 */
bool qat_bank_is_idle(struct qat_pf *pf, unsigned int bank)
{
	u32 window = ETR_BANK(bank);
	unsigned int r;
	u32 used;

	used = qat_etr_read(pf, window + BANK_RING_SRV_ARB_EN);
	for (r = 0; r < BANK_NUM_RINGS; r++) {
		used |= qat_etr_read(pf, window + BANK_RING_CONFIG(r));
		used |= qat_etr_read(pf, window + BANK_RING_LBASE(r));
		used |= qat_etr_read(pf, window + BANK_RING_UBASE(r));
	}
	return !used;
}

/**
 * qat_bank_has_pasid - is a bank still what it was made
 * @pf: the PF
 * @bank: the bank
 * @pasidctl: what was written to PASIDCTL, not 0
 *
 * Neither a card that was reset says so (0) nor one that is being reset or gone
 * (all ones, which has bits that are not in @pasidctl).
 *
 * Return: true if it is
 */
bool qat_bank_has_pasid(struct qat_pf *pf, unsigned int bank, u32 pasidctl)
{
	return qat_etr_read(pf, ETR_PASIDCTL(bank)) == pasidctl;
}

/**
 * qat_bank_set_pasid - put a PASID on all requests of a bank
 * @pf: the PF
 * @bank: the bank, idle or with a PASID that is to go
 * @pasidctl: value of PASIDCTL, or 0 for requests without a PASID
 *
 * Return: 0, or -EIO if the card does not take it
 */
int qat_bank_set_pasid(struct qat_pf *pf, unsigned int bank, u32 pasidctl)
{
	u32 val;

	qat_etr_write(pf, ETR_PASIDCTL(bank), pasidctl);
	val = qat_etr_read(pf, ETR_PASIDCTL(bank));
	if (val == pasidctl)
		return 0;
	dev_err_ratelimited(&pf->pdev->dev,
			    "bank %u has PASID register 0x%08x instead of 0x%08x\n",
			    bank, val, pasidctl);
	return -EIO;
}

/**
 * qat_bank_configure - write a register that a ring is made by, for a guest
 * @pf: the PF
 * @bank: the bank; the caller's lock keeps all other writers of it away
 * @pasidctl: the bank's PASIDCTL, not 0
 * @reg: RING_CONFIG or half of an address, in the bank's window
 * @value: what the guest wants
 *
 * A function that was just reset has banks without PASID, and the guest's page of
 * heads and tails is mapped until the watch finds out. What is missing for requests
 * that go out as the function's own is size and address of a ring. So these are
 * written only to a bank that has its PASID before and after: what a reset in
 * between leaves is a ring without an address, or an address without a ring, and no
 * longer than it takes to read a register, interrupts being off.
 *
 * Context: process
 *
 * Return: true; or false if the bank has lost its PASID, then nothing of it stays
 */
bool qat_bank_configure(struct qat_pf *pf, unsigned int bank, u32 pasidctl,
			u32 reg, u32 value)
{
	unsigned int r;

	guard(irqsave)();
	if (!qat_bank_has_pasid(pf, bank, pasidctl))
		return false;
	qat_etr_write(pf, ETR_BANK(bank) + reg, value);
	if (qat_bank_has_pasid(pf, bank, pasidctl))
		return true;

	for (r = 0; r < BANK_NUM_RINGS; r++)
		qat_etr_write(pf, ETR_BANK(bank) + BANK_RING_CONFIG(r), 0);
	/* Flush */
	qat_etr_read(pf, ETR_BANK(bank) + BANK_RING_CONFIG(0));
	return false;
}

/*
 * A reset of the function, which takes 100 ms at least, is seen by what it answers
 * meanwhile, all ones.
 *
 * Returns 0, -ETIMEDOUT, or -EAGAIN if the function is reset
 */
static int qat_bank_reset_op(struct qat_pf *pf, unsigned int bank, u32 op,
			     unsigned long timeout)
{
	u32 val;
	int ret;

	qat_etr_write(pf, ETR_RPRESETCTL(bank), op);
	ret = read_poll_timeout(qat_etr_read, val, val & RPRESETSTS_DONE,
				QAT_POLL_US, timeout, false, pf,
				ETR_RPRESETSTS(bank));
	if (val != ~0U)
		return ret;
	qat_host_lost(pf);
	return -EAGAIN;
}

/* qat_4xxx takes all banks from all engines, and then the arbiters, before it resets */
static bool qat_engines_work(struct qat_pf *pf)
{
	unsigned int engine;

	for (engine = 0; engine < QAT_NUM_ENGINES; engine++)
		if (qat_etr_read(pf, ETR_WT2SAM(engine)))
			return true;
	return false;
}

/**
 * qat_bank_drain - stop a bank and keep what it has
 * @pf: the PF
 * @bank: the bank; its page is not mapped into any guest
 * @pasidctl: what PASIDCTL is
 * @arbiter: set to RING_SRV_ARB_EN, which is 0 then
 *
 * When it returns 0, none of the bank's requests is pending, and the next one is taken
 * after qat_bank_run(). As adf_gen4_bank_drain_start(), and the arbiter is off besides:
 * a bank that is loaded, and was not drained, has nothing else.
 *
 * Context: process, sleeps for up to 5 s if a request hangs
 *
 * Return: 0; -ETIMEDOUT if a request does not end: it is to be reset; -EAGAIN if the
 * function is being reset, or was
 */
int qat_bank_drain(struct qat_pf *pf, unsigned int bank, u32 pasidctl,
		   u32 *arbiter)
{
	int ret;

	if (!qat_bank_has_pasid(pf, bank, pasidctl))
		goto lost;
	ret = qat_bank_reset_op(pf, bank, RPRESETCTL_DRAIN,
				QAT_ABORT_TIMEOUT_US);
	if (ret)
		return ret;

	/* As in qat_bank_configure() */
	scoped_guard(irqsave) {
		if (!qat_bank_has_pasid(pf, bank, pasidctl))
			goto lost;
		*arbiter = qat_etr_read(pf, ETR_BANK(bank) +
					    BANK_RING_SRV_ARB_EN) &
			   BANK_ALL_RINGS;
		qat_etr_write(pf, ETR_BANK(bank) + BANK_RING_SRV_ARB_EN, 0);
	}
	/* Was it the guest, or qat_4xxx that is about to reset the function? */
	if (*arbiter || qat_engines_work(pf))
		return 0;

lost:
	qat_host_lost(pf);
	return -EAGAIN;
}

/**
 * qat_bank_run - let a bank go on, or begin
 * @pf: the PF
 * @bank: the bank
 * @pasidctl: what PASIDCTL is
 * @arbiter: what RING_SRV_ARB_EN becomes
 *
 * Return: true; or false if the bank has lost its PASID, then it does not
 */
bool qat_bank_run(struct qat_pf *pf, unsigned int bank, u32 pasidctl,
		  u32 arbiter)
{
	/* As in qat_bank_configure() */
	guard(irqsave)();
	if (!qat_bank_has_pasid(pf, bank, pasidctl))
		return false;
	qat_etr_write(pf, ETR_BANK(bank) + BANK_RING_SRV_ARB_EN, arbiter);
	/* If it was drained */
	qat_etr_write(pf, ETR_RPRESETSTS(bank), RPRESETSTS_DONE);
	return true;
}

/**
 * qat_bank_reset - stop a bank and put it back to what it was after power-up
 * @pf: the PF
 * @bank: the bank; its page is not mapped into any guest
 * @pasidctl: what PASIDCTL is and shall be from now on
 *
 * When it returns 0, none of the bank's requests is pending. The reset clears
 * PASIDCTL together with the rings. It is written again before the bank is let
 * go, so that not even a ring which lived through it could run without a PASID.
 *
 * Context: process, sleeps for up to 6 s if a request hangs
 *
 * Return: 0; -ETIMEDOUT if the card does not confirm; -EAGAIN if the function is
 * being reset, or was, which has stopped the bank; -EIO if the card does not take the
 * PASID
 */
int qat_bank_reset(struct qat_pf *pf, unsigned int bank, u32 pasidctl)
{
	int ret;

	/* Not ours any more: the kernel's rings may be in it */
	if (!qat_bank_has_pasid(pf, bank, pasidctl)) {
		qat_host_lost(pf);
		return -EAGAIN;
	}

	/* No new requests; and that it was drained counts no more */
	qat_etr_write(pf, ETR_BANK(bank) + BANK_RING_SRV_ARB_EN, 0);
	qat_etr_write(pf, ETR_RPRESETSTS(bank), RPRESETSTS_DONE);

	ret = qat_bank_reset_op(pf, bank, RPRESETCTL_OP_RESET,
				QAT_RESET_TIMEOUT_US);
	/* That was the end of a drain, which was given up, and not of this */
	if (!ret && !qat_bank_is_idle(pf, bank))
		ret = -ETIMEDOUT;
	if (ret == -ETIMEDOUT) {
		dev_warn_ratelimited(&pf->pdev->dev,
				     "bank %u is busy for more than %lu ms: its request is aborted\n",
				     bank, QAT_RESET_TIMEOUT_US / USEC_PER_MSEC);
		ret = qat_bank_reset_op(pf, bank, RPRESETCTL_OP_ABORT,
					QAT_ABORT_TIMEOUT_US);
	}
	if (!ret && !qat_bank_is_idle(pf, bank))
		ret = -ETIMEDOUT;
	if (ret)
		return ret;

	/* An interrupt that was held back is not for whoever comes next */
	qat_pmisc_write(pf, PMISC_RPINTSOU(bank), RPINT_BANK);
	qat_etr_write(pf, ETR_PASIDCTL(bank), pasidctl);
	qat_etr_write(pf, ETR_RPRESETSTS(bank), RPRESETSTS_DONE);
	/* Not lost at the end of the reset either */
	return qat_bank_set_pasid(pf, bank, pasidctl);
}
