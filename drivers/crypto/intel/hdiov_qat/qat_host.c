// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card, as Linux's qat_4xxx has it
 *
 * That driver loads the firmware, says which service it gives to which banks, uses
 * some of them for the kernel itself, and resets the function when it likes: because
 * an administrator wants other services, because an engine hangs, after an error.
 * It asks nobody before. So there is a watch, which finds out, and everything that
 * must not happen in the time until then is fenced where it would happen:
 *
 *  - A ring can be made only by a trap, see qat_bank_configure().
 *  - A bank gets a PASID only if nobody uses it, see qat_host_claim().
 *  - A bank without its PASID is not ours, and is left alone.
 *
 * What is said here about its order of things: it resets the function (100 ms at
 * least) in all cases between "started" and "started" again, zeroes all banks, loads
 * firmware (some 100 ms) and makes its vectors; then its own rings; then "started".
 */
#include <linux/bitmap.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/jiffies.h>
#include <linux/msi.h>

#include "qat.h"
#include "qat_4xxx.h"
#include "qat_compat.h"

/* A fraction of the shortest reset; the second one where nobody can be hurt */
#define QAT_WATCH_MS		10
#define QAT_WATCH_IDLE_MS	50
/* Loading firmware takes less than a second, testing the kernel's algorithms several */
#define QAT_RESET_MS		30000

/**
 * qat_host_up - does qat_4xxx say that the card works
 * @pf: the PF
 *
 * Context: any
 *
 * Return: true if it does
 */
bool qat_host_up(struct qat_pf *pf)
{
	return adf_dev_started(pf->accel) && !adf_devmgr_in_reset(pf->accel);
}

static void qat_host_queue(struct qat_pf *pf, unsigned int ms)
{
	/* It must not touch a card that sleeps, when nobody says "down" */
	mod_delayed_work(system_freezable_wq, &pf->watch, msecs_to_jiffies(ms));
}

/**
 * qat_host_lost - a bank that was ours has no PASID
 * @pf: the PF
 *
 * What else can it be than a reset of the function that nobody has noticed? So the
 * watch takes it for one. One VDEV alone cannot be helped: a reset of it would find
 * a bank that may be the kernel's.
 *
 * Context: any
 */
void qat_host_lost(struct qat_pf *pf)
{
	WRITE_ONCE(pf->lost, true);
	qat_host_queue(pf, 0);
}

/**
 * qat_usable - may registers of the card be touched
 * @pf: the PF
 *
 * A reset that begins right after this is none that anybody could see coming: what
 * is read then is all ones, and what is written goes nowhere.
 *
 * Whoever is told that it is not does something else, and the core must hear why:
 * otherwise nobody would do it later, if what qat_4xxx is at is over before the watch
 * looks.
 *
 * Context: any
 *
 * Return: true if they may
 */
bool qat_usable(struct qat_pf *pf)
{
	if (READ_ONCE(pf->in_reset))
		return false;
	if (qat_host_up(pf))
		return true;
	qat_host_lost(pf);
	return false;
}

/**
 * qat_host_get - there is a VDEV more
 * @pf: the PF
 *
 * As long as there are VDEVs, qat_4xxx gives an administrator neither other
 * services nor SR-IOV, and its module stays.
 *
 * Return: 0; -ENODEV if qat_4xxx is going away; -EAGAIN after a message if there is
 * no card, or another one than was offered
 */
int qat_host_get(struct qat_pf *pf)
{
	if (adf_dev_get(pf->accel))
		return -ENODEV;

	/* Not before: only now it stays as it is */
	if ((adf_dev_started(pf->accel) || adf_devmgr_in_reset(pf->accel)) &&
	    !pci_num_vf(pf->pdev) &&
	    adf_gen4_get_ring_to_svc_map(pf->accel) == pf->share.svc_map) {
		/* From now on it is worth to look more often */
		qat_host_queue(pf, QAT_WATCH_MS);
		return 0;
	}

	adf_dev_put(pf->accel);
	dev_err(&pf->pdev->dev,
		"no VDEV now: the card is down (qat/state), or not what it was\n");
	qat_host_queue(pf, 0);
	return -EAGAIN;
}

/**
 * qat_host_put - undo qat_host_get()
 * @pf: the PF
 */
void qat_host_put(struct qat_pf *pf)
{
	adf_dev_put(pf->accel);
}

/*
 * The Linux interrupt that qat_4xxx has for a bank, 0 if there is none. It has one
 * for each bank, whoever uses that, but not with SR-IOV.
 */
static unsigned int qat_host_irq(struct qat_pf *pf, unsigned int bank)
{
	struct device *dev = &pf->pdev->dev;
	struct msi_desc *desc;

	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED)
		if (desc->msi_index == bank)
			return irq_has_action(desc->irq) ? desc->irq : 0;
	return 0;
}

static bool qat_host_has_irq(struct qat_pf *pf, unsigned int bank)
{
	guard(msi_descs_lock)(&pf->pdev->dev);
	return qat_host_irq(pf, bank);
}

/*
 * Keep qat_4xxx's interrupt handler off a bank: it would turn the guest's interrupts
 * off, should the card raise both its vector and the one in the card's table.
 *
 * Never enabled again. qat_4xxx makes rings only after it has made all vectors anew,
 * so nobody misses this one, and by the time that it could be enabled, its number may
 * be somebody else's.
 */
static int qat_host_fence(struct qat_pf *pf, unsigned int bank)
{
	unsigned int irq;

	/* The vectors are not freed while this is held */
	guard(msi_descs_lock)(&pf->pdev->dev);
	irq = qat_host_irq(pf, bank);
	if (!irq)
		return -EBUSY;
	if (!irqd_irq_disabled(irq_get_irq_data(irq))) {
		irq_set_status_flags(irq, IRQ_DISABLE_UNLAZY);
		disable_irq(irq);
	}
	return 0;
}

/*
 * Older versions of qat_4xxx do not hear of a reset by sysfs, and take a card for up that
 * has no firmware. One that was pulled reads as all ones.
 */
static bool qat_host_runs(struct qat_pf *pf)
{
	u32 fcu = qat_pmisc_read(pf, PMISC_FCU_STATUS);

	return fcu != ~0U && fcu & FCU_STATUS_STARTED;
}

/**
 * qat_host_claim - make sure that a bank is not the kernel's
 * @pf: the PF, up; reset_sem or the ADI's lock held
 * @bank: the bank, of which nothing is set
 *
 * To be called whenever it is about to get a PASID: what the kernel's own
 * cryptography does with a bank would fail from then on. No bank that has one has noticed
 * yet if the card has lost its firmware, or is gone: then the guest's requests would have
 * no answer.
 *
 * Return: 0; -EBUSY after a message; -EAGAIN if the function is reset meanwhile, or has to
 * be
 */
int qat_host_claim(struct qat_pf *pf, unsigned int bank)
{
	int ret;

	ret = qat_host_fence(pf, bank);
	if (!ret && !qat_bank_is_idle(pf, bank))
		ret = -EBUSY;
	if (!qat_host_up(pf) || !qat_host_runs(pf)) {
		qat_host_lost(pf);
		return -EAGAIN;
	}
	if (ret)
		dev_err_ratelimited(&pf->pdev->dev,
				    "bank %u is used by the kernel or a virtual function now\n",
				    bank);
	return ret;
}

static bool qat_host_serves(const struct qat_share *share)
{
	unsigned int bank;

	for_each_set_bit(bank, share->banks, QAT_NUM_BANKS)
		if (qat_service_of(share, bank) != QAT_NUM_SERVICES)
			return true;
	return false;
}

/* What is there to be shared out? NULL, or why nothing */
static const char *qat_host_look(struct qat_pf *pf, struct qat_share *share)
{
	unsigned int bank;

	share->svc_map = adf_gen4_get_ring_to_svc_map(pf->accel);
	bitmap_zero(share->banks, QAT_NUM_BANKS);

	if (!qat_host_runs(pf))
		return "the card runs no firmware: unbind qat_4xxx from it, and bind it again";
	/* Vectors: virtual functions are about to be made */
	if (pci_num_vf(pf->pdev) || !qat_host_has_irq(pf, 0))
		return "SR-IOV is on, which takes all ring pairs: echo 0 >sriov_numvfs";

	for (bank = 0; bank < QAT_NUM_BANKS; bank++)
		if (qat_bank_is_idle(pf, bank))
			__set_bit(bank, share->banks);
	if (bitmap_empty(share->banks, QAT_NUM_BANKS))
		return "all are the kernel's: with qat/state down, put sym;dc in qat/cfg_services";
	if (!qat_host_serves(share))
		return "no ring pair that is free does sym, asym or dc: see qat/cfg_services";
	return NULL;
}

/* Once for each time that qat_4xxx brings the card up */
static void qat_host_say(struct qat_pf *pf, const char *why)
{
	if (why && why != pf->said)
		dev_warn(&pf->pdev->dev, "no ring pairs for VDEVs: %s\n", why);
	pf->said = why;
}

static const char *qat_host_register(struct qat_pf *pf)
{
	static const char * const names[] = {
		[QAT_SYM] = "sym",
		[QAT_ASYM] = "asym",
		[QAT_DC] = "dc",
		[QAT_NUM_SERVICES] = "nothing",
	};
	struct qat_share *share = &pf->share;

	qat_ims_init(pf);
	pf->closed = false;
	WRITE_ONCE(pf->lost, false);
	WRITE_ONCE(pf->in_reset, false);
	if (hdiov_register_pf(&pf->hdiov))
		return "the core does not take the card";

	dev_info(&pf->pdev->dev,
		 "HD-IOV: %u of %u ring pairs, in turn %s, %s, %s, %s\n",
		 bitmap_weight(share->banks, QAT_NUM_BANKS), QAT_NUM_BANKS,
		 names[qat_service_of(share, 0)], names[qat_service_of(share, 1)],
		 names[qat_service_of(share, 2)], names[qat_service_of(share, 3)]);
	pf->state = QAT_ON;
	return NULL;
}

/* State OFF */
static void qat_host_offer(struct qat_pf *pf)
{
	const char *why;

	guard(mutex)(&pf->offer_lock);
	if (pf->leaving)
		return;
	if (!qat_host_up(pf)) {
		pf->said = NULL;
		return;
	}
	/* Nothing that can change without another bring-up, of which this is a trace */
	if (pf->said &&
	    adf_gen4_get_ring_to_svc_map(pf->accel) == pf->share.svc_map)
		return;

	why = qat_host_look(pf, &pf->share);
	/* All that was read is of one bring-up, or nothing */
	if (!qat_host_up(pf))
		return;
	qat_host_say(pf, why ?: qat_host_register(pf));
}

/* The function is being reset, or was */
static void qat_host_gone(struct qat_pf *pf)
{
	WRITE_ONCE(pf->in_reset, true);
	hdiov_pf_reset_begun(&pf->hdiov);
	pf->state = QAT_DOWN;
	pf->since = jiffies;
	pf->said = NULL;
}

/* State ON */
static void qat_host_check(struct qat_pf *pf)
{
	if (!qat_host_up(pf) || READ_ONCE(pf->lost) || pci_num_vf(pf->pdev) ||
	    !qat_adi_check(pf))
		qat_host_gone(pf);
	/* With VDEVs nobody can change it */
	else if (!qat_adi_any(pf) &&
		 adf_gen4_get_ring_to_svc_map(pf->accel) != pf->share.svc_map)
		qat_host_gone(pf);
}

static void qat_host_dead(struct qat_pf *pf)
{
	if (pf->state == QAT_DEAD)
		return;
	dev_err(&pf->pdev->dev, "VDEVs are dead until qat_4xxx has the card up\n");
	hdiov_pf_reset_failed(&pf->hdiov);
	pf->state = QAT_DEAD;
}

static void qat_host_restore(struct qat_pf *pf)
{
	scoped_guard(rwsem_write, &pf->reset_sem) {
		WRITE_ONCE(pf->lost, false);
		qat_adi_restore_all(pf);
		/* Reset again: what was restored was not */
		if (!qat_host_up(pf))
			return;
		WRITE_ONCE(pf->in_reset, false);
		/* Last: what is written to the table from now on gets there */
		qat_ims_restore(pf);
	}
	hdiov_pf_reset_done(&pf->hdiov);
	pf->state = QAT_ON;
}

/* Without VDEVs, nobody is disturbed if it is offered anew */
static bool qat_host_withdraw(struct qat_pf *pf)
{
	guard(mutex)(&pf->offer_lock);
	if (pf->leaving || !qat_adi_close(pf))
		return false;
	hdiov_unregister_pf(&pf->hdiov);
	pf->state = QAT_OFF;
	return true;
}

/* Is that what it was, as far as somebody has it? */
static bool qat_host_same(struct qat_pf *pf, const struct qat_share *now)
{
	return now->svc_map == pf->share.svc_map &&
	       (qat_adi_any(pf) ||
		bitmap_equal(now->banks, pf->share.banks, QAT_NUM_BANKS));
}

/* States DOWN and DEAD, and the card is up */
static void qat_host_back(struct qat_pf *pf)
{
	struct qat_share now;
	const char *why;

	/* Said already, and it is no better yet */
	if (pf->said && qat_adi_any(pf))
		return;

	why = qat_host_look(pf, &now);
	if (!qat_host_up(pf))
		return;
	if (!why && qat_host_same(pf, &now)) {
		qat_host_restore(pf);
		return;
	}
	if (qat_host_withdraw(pf))
		return;
	qat_host_say(pf, why ?: "the card has other services than they had");
	qat_host_dead(pf);
}

/* States DOWN and DEAD */
static void qat_host_await(struct qat_pf *pf)
{
	if (qat_host_up(pf)) {
		qat_host_back(pf);
		return;
	}
	pf->said = NULL;
	/* An administrator wants it to be down, or to do something else */
	if (!adf_devmgr_in_reset(pf->accel) && qat_host_withdraw(pf))
		return;
	if (time_after(jiffies, pf->since + msecs_to_jiffies(QAT_RESET_MS)) &&
	    !qat_host_withdraw(pf))
		qat_host_dead(pf);
}

static void qat_host_watch(struct work_struct *work)
{
	struct qat_pf *pf = container_of(to_delayed_work(work), struct qat_pf,
					 watch);

	switch (pf->state) {
	case QAT_OFF:
		qat_host_offer(pf);
		break;
	case QAT_ON:
		qat_host_check(pf);
		break;
	case QAT_DOWN:
	case QAT_DEAD:
		qat_host_await(pf);
		break;
	}
	qat_host_queue(pf, pf->state == QAT_DOWN || qat_adi_any(pf) ?
		       QAT_WATCH_MS : QAT_WATCH_IDLE_MS);
}

/**
 * qat_host_init - prepare for qat_host_start()
 * @pf: the PF, zeroed but for what it has of the PCI device
 */
void qat_host_init(struct qat_pf *pf)
{
	raw_spin_lock_init(&pf->ims_lock);
	init_rwsem(&pf->reset_sem);
	mutex_init(&pf->adis_lock);
	mutex_init(&pf->offer_lock);
	INIT_LIST_HEAD(&pf->adis);
	INIT_DELAYED_WORK(&pf->watch, qat_host_watch);
}

/**
 * qat_host_start - offer VDEVs as soon as there is something to share out
 * @pf: the PF
 *
 * If there is already, it is done when this returns, so that whoever loads the module
 * finds the types.
 */
void qat_host_start(struct qat_pf *pf)
{
	qat_host_queue(pf, 0);
	flush_delayed_work(&pf->watch);
}

/**
 * qat_host_stop - offer no VDEVs any more
 * @pf: the PF, still qat_4xxx's
 *
 * Waits for users of VDEVs. The function may be reset meanwhile.
 */
void qat_host_stop(struct qat_pf *pf)
{
	bool on;

	scoped_guard(mutex, &pf->offer_lock) {
		pf->leaving = true;
		on = pf->state != QAT_OFF;
	}
	if (on) {
		qat_adi_announce_all(pf);
		hdiov_unregister_pf(&pf->hdiov);
	}
	disable_delayed_work_sync(&pf->watch);
	mutex_destroy(&pf->offer_lock);
	mutex_destroy(&pf->adis_lock);
}

/**
 * qat_host_shutdown - the system goes down
 * @pf: the PF, still qat_4xxx's
 *
 * No VDEV's request may reach the memory of what runs after this system.
 */
void qat_host_shutdown(struct qat_pf *pf)
{
	disable_delayed_work_sync(&pf->watch);
	if (pf->state == QAT_ON) {
		qat_adi_announce_all(pf);
		hdiov_pf_reset_prepare(&pf->hdiov);
	}
	WRITE_ONCE(pf->in_reset, true);
	if (pf->state == QAT_ON || pf->state == QAT_DOWN)
		hdiov_pf_reset_failed(&pf->hdiov);
}
