// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on a bank that its isolation hangs on
 */
#include <linux/iopoll.h>

#include "qat.h"

/* A request in flight may end by itself for so long, then it is cut off */
#define QAT_RESET_TIMEOUT_US	(1 * USEC_PER_SEC)
#define QAT_ABORT_TIMEOUT_US	(5 * USEC_PER_SEC)
#define QAT_POLL_US		20

/**
 * qat_bank_set_pasid - put a PASID on all requests of a bank
 * @pf: the PF
 * @bank: the bank, idle
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

static int qat_bank_reset_op(struct qat_pf *pf, unsigned int bank, u32 op,
			     unsigned long timeout)
{
	u32 val;

	qat_etr_write(pf, ETR_RPRESETCTL(bank), op);
	/* A card that is gone has all bits set, this one too */
	return read_poll_timeout(qat_etr_read, val, val & RPRESETSTS_DONE,
				 QAT_POLL_US, timeout, false, pf,
				 ETR_RPRESETSTS(bank));
}

/**
 * qat_bank_reset - stop a bank and put it back to what it was after power-up
 * @pf: the PF
 * @bank: the bank; its page is not mapped into any guest
 * @pasidctl: what PASIDCTL shall be from now on
 *
 * When it returns 0, none of the bank's requests is pending. The reset clears
 * PASIDCTL together with the rings. It is written again before the bank is let
 * go, so that not even a ring which lived through it could run without a PASID.
 *
 * Context: process, sleeps for up to 6 s if a request hangs
 *
 * Return: 0; -ETIMEDOUT if the card does not confirm; -EIO if it answers no more
 */
int qat_bank_reset(struct qat_pf *pf, unsigned int bank, u32 pasidctl)
{
	int ret;

	/* No new requests */
	qat_etr_write(pf, ETR_BANK(bank) + BANK_RING_SRV_ARB_EN, 0);

	ret = qat_bank_reset_op(pf, bank, RPRESETCTL_OP_RESET,
				QAT_RESET_TIMEOUT_US);
	if (ret) {
		dev_warn_ratelimited(&pf->pdev->dev,
				     "bank %u is busy for more than %lu ms: its request is aborted\n",
				     bank, QAT_RESET_TIMEOUT_US / USEC_PER_MSEC);
		ret = qat_bank_reset_op(pf, bank, RPRESETCTL_OP_ABORT,
					QAT_ABORT_TIMEOUT_US);
	}
	if (ret)
		return ret;

	/* An interrupt that was held back is not for whoever comes next */
	qat_pmisc_write(pf, PMISC_RPINTSOU(bank), RPINT_BANK);
	qat_etr_write(pf, ETR_PASIDCTL(bank), pasidctl);
	qat_etr_write(pf, ETR_RPRESETSTS(bank), RPRESETSTS_DONE);
	/* Not lost at the end of the reset either */
	return qat_bank_set_pasid(pf, bank, pasidctl);
}
