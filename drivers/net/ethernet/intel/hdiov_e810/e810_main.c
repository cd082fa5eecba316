// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel Ethernet Controller E810 in HD-IOV mode: PCI driver
 *
 * The function has no network interface of its own in this mode. All of its
 * queues, VSIs and interrupt messages are for VDEVs.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>

#include "e810.h"

#define E810_AQ_SQ_SIZE		64
#define E810_AQ_RQ_SIZE		16
#define E810_MBX_SQ_SIZE	64
#define E810_MBX_RQ_SIZE	256

/* MSI-X vectors of the function itself; VDEVs get the others */
#define E810_PF_VECTOR		0
#define E810_NUM_PF_VECTORS	2	/* the other is E810_WB_VECTOR */

/* Units of 2 us */
#define E810_WB_INTERVAL	10

/* Units of 2 us for interrupt intervals, at all link speeds */
#define E810_ITR_GRAN		2

/* Another function may hold the card's lock, for 5 s, to load a package */
#define E810_PFR_TIMEOUT_US	(5300 * USEC_PER_MSEC)
/* Some cards load the port's firmware from elsewhere */
#define E810_FW_LOAD_TIMEOUT_US	(30 * USEC_PER_SEC)
/* Firmware reloads in a global reset */
#define E810_GLOBAL_TIMEOUT_US	(10 * USEC_PER_SEC)
#define E810_ULD_TIMEOUT_US	(5 * USEC_PER_SEC)

static int e810_wait_active(struct e810_pf *pf)
{
	u32 val;
	int ret;

	ret = read_poll_timeout(e810_rd32, val,
				!(val & GLGEN_RSTAT_DEVSTATE), 1000,
				E810_GLOBAL_TIMEOUT_US, false, pf, GLGEN_RSTAT);
	if (ret) {
		dev_err(&pf->pdev->dev, "card is in reset for more than %lu s\n",
			E810_GLOBAL_TIMEOUT_US / USEC_PER_SEC);
		return ret;
	}

	/* Out of reset, but firmware does not answer before this */
	ret = read_poll_timeout(e810_rd32, val,
				(val & GLNVM_ULD_DONE) == GLNVM_ULD_DONE, 1000,
				E810_ULD_TIMEOUT_US, false, pf, GLNVM_ULD);
	if (ret)
		dev_err(&pf->pdev->dev,
			"card has not loaded its settings within %lu s: 0x%x\n",
			E810_ULD_TIMEOUT_US / USEC_PER_SEC, val);
	return ret;
}

static int e810_pf_reset(struct e810_pf *pf)
{
	u32 val;
	int ret;

	ret = e810_wait_active(pf);
	if (ret)
		return ret;

	e810_wr32(pf, PFGEN_CTRL, PFGEN_CTRL_PFSWR);
	ret = read_poll_timeout(e810_rd32, val, !(val & PFGEN_CTRL_PFSWR), 100,
				E810_PFR_TIMEOUT_US, false, pf, PFGEN_CTRL);
	if (ret)
		dev_err(&pf->pdev->dev, "function is not reset within %lu ms\n",
			E810_PFR_TIMEOUT_US / USEC_PER_MSEC);
	return ret;
}

/* Queue pairs of the function, numbered from 0 in its own registers */
static int e810_count_queues(struct e810_pf *pf)
{
	unsigned int num_rx, num_tx;
	int ret;

	ret = e810_aq_get_caps(pf, &num_rx, &num_tx);
	if (ret) {
		dev_err(&pf->pdev->dev, "function has no queues: %d\n", ret);
		return ret;
	}
	pf->hdiov.num_qps = min3(num_rx, num_tx, (unsigned int)E810_MAX_QUEUES);
	return 0;
}

/* Rx descriptor formats that the card is set up for; legacy always is */
static void e810_read_rxdids(struct e810_pf *pf)
{
	/* 1: legacy, 32 bytes; from 2 on flexible ones, as a package says */
	const unsigned int legacy = 1, flex_first = 2, num = 64;
	unsigned int i;

	pf->rxdids = BIT_ULL(legacy);
	for (i = flex_first; i < num; i++)
		if (e810_rd32(pf, GLFLXP_RXDID_FLAGS(i, 0)) &
		    GLFLXP_RXDID_FLAGS_FLEXIFLAG_4N)
			pf->rxdids |= BIT_ULL(i);
}

static void e810_enable_irq(struct e810_pf *pf)
{
	u32 cause = FIELD_PREP(INT_CTL_MSIX_INDX, E810_PF_VECTOR) |
		    INT_CTL_CAUSE_ENA;

	e810_wr32(pf, GLINT_CTL,
		  FIELD_PREP(GLINT_CTL_ITR_GRAN_200, E810_ITR_GRAN) |
		  FIELD_PREP(GLINT_CTL_ITR_GRAN_100, E810_ITR_GRAN) |
		  FIELD_PREP(GLINT_CTL_ITR_GRAN_50, E810_ITR_GRAN) |
		  FIELD_PREP(GLINT_CTL_ITR_GRAN_25, E810_ITR_GRAN));

	e810_wr32(pf, PFINT_OICR_ENA,
		  PFINT_OICR_ECC_ERR | PFINT_OICR_MAL_DETECT |
		  PFINT_OICR_GRST | PFINT_OICR_PCI_EXCEPTION);
	e810_wr32(pf, PFINT_OICR_CTL, cause);
	e810_wr32(pf, PFINT_FW_CTL, cause);
	e810_wr32(pf, PFINT_MBX_CTL, cause);
	writel(GLINT_DYN_CTL_INTENA | GLINT_DYN_CTL_CLEARPBA |
	       FIELD_PREP(GLINT_DYN_CTL_ITR_INDX, GLINT_DYN_CTL_ITR_NONE),
	       pf->hw + e810_page_int(pf, E810_PF_VECTOR) + PGINT_DYN_CTL);

	/* Never interrupts, but has its queues written back */
	writel(E810_WB_INTERVAL,
	       pf->hw + e810_page_int(pf, E810_WB_VECTOR) + PGINT_ITR(0));
	writel(GLINT_DYN_CTL_WB_ON_ITR |
	       FIELD_PREP(GLINT_DYN_CTL_ITR_INDX, GLINT_DYN_CTL_ITR_NONE),
	       pf->hw + e810_page_int(pf, E810_WB_VECTOR) + PGINT_DYN_CTL);
}

static void e810_disable_irq(struct e810_pf *pf)
{
	e810_wr32(pf, PFINT_OICR_ENA, 0);
	e810_wr32(pf, PFINT_OICR_CTL, 0);
	e810_wr32(pf, PFINT_FW_CTL, 0);
	e810_wr32(pf, PFINT_MBX_CTL, 0);
	writel(0, pf->hw + e810_page_int(pf, E810_PF_VECTOR) + PGINT_DYN_CTL);
	writel(0, pf->hw + e810_page_int(pf, E810_WB_VECTOR) + PGINT_DYN_CTL);
	e810_flush(pf);
}

static int e810_wait_fw_load(struct e810_pf *pf)
{
	u32 val;

	return read_poll_timeout(e810_rd32, val,
				 !(val & GL_MNG_FWSM_FW_LOADING), 10000,
				 E810_FW_LOAD_TIMEOUT_US, false, pf,
				 GL_MNG_FWSM);
}

/* From reset to ready for VSIs */
static int e810_hw_up(struct e810_pf *pf)
{
	static const struct {
		int (*step)(struct e810_pf *pf);
		const char *what;
	} steps[] = {
		{ e810_aq_get_version, "firmware version" },
		{ e810_aq_clear_pxe, "leaving boot mode" },
		{ e810_aq_get_switch, "switch configuration" },
		{ e810_aq_read_mac, "port address" },
		{ e810_aq_get_vlan_mode, "VLAN mode" },
		{ e810_sched_init, "scheduler topology" },
		{ e810_wait_fw_load, "loading of the port's firmware" },
		{ e810_aq_start_port, "port start" },
		{ e810_aq_close_pf_vsi, "closing firmware's VSI" },
		{ e810_fltr_drop_control, "rules against control frames" },
	};
	unsigned int i;
	int ret;

	/*
	 * From here on the card must tell when it is reset again: the function
	 * would only not answer. But without MSI-X, at probe, it would assert a
	 * line that has no handler.
	 */
	do {
		ret = e810_pf_reset(pf);
		if (ret)
			return ret;
		pci_set_master(pf->pdev);
		if (pf->pdev->msix_enabled)
			e810_enable_irq(pf);
	} while (e810_rd32(pf, GLGEN_RSTAT) & GLGEN_RSTAT_DEVSTATE);
	pf->pf_num = FIELD_GET(PF_FUNC_RID_FUNC_NUM,
			       e810_rd32(pf, PF_FUNC_RID));
	ret = e810_ctlq_start(&pf->aq);
	if (ret)
		return ret;
	ret = e810_ctlq_start(&pf->mbx);
	if (ret)
		goto err_aq;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ret = steps[i].step(pf);
		if (ret) {
			dev_err(&pf->pdev->dev, "bring-up failed at %s: %d\n",
				steps[i].what, ret);
			goto err_mbx;
		}
	}
	e810_read_rxdids(pf);
	/* From now on, the card fetches mailboxes under the VSI's PASID */
	e810_wr32(pf, GL_MBX_PASID, GL_MBX_PASID_MODE | GL_MBX_PASID_MODE_VALID);
	return 0;

err_mbx:
	e810_sched_forget(pf);
	e810_ctlq_stop(&pf->mbx);
err_aq:
	e810_ctlq_stop(&pf->aq);
	return ret;
}

/* The card stopped an Rx queue that has no buffers and blocked others' packets */
static void e810_service_overflow(struct e810_pf *pf,
				  const struct e810_aq_desc *desc)
{
	u32 ctl = le32_to_cpu(desc->lan_overflow.prtdcb_ruptq);
	unsigned int q = FIELD_GET(GLDCB_RTCTQ_RXQNUM, ctl) - pf->first_rxq;
	struct e810_adi *ea;

	spin_lock(&pf->vsi_lock);
	ea = e810_mbx_adi_of_queue(pf, q);
	if (ea) {
		dev_warn_ratelimited(&pf->pdev->dev,
				     "%s: Rx queue %u has no buffers and blocks the port, resetting the VDEV\n",
				     hdiov_adi_name(&ea->adi),
				     q - ea->adi.qp_base);
		hdiov_adi_request_reset(&ea->adi);
	}
	spin_unlock(&pf->vsi_lock);
}

static void e810_service_aq(struct e810_pf *pf)
{
	struct e810_aq_desc desc;
	bool link = false;
	void *buf;

	while (e810_ctlq_receive(&pf->aq, &desc, &buf)) {
		switch (le16_to_cpu(desc.opcode)) {
		case E810_AQC_GET_LINK_STATUS:
			link = true;
			break;
		case E810_AQC_LAN_OVERFLOW:
			e810_service_overflow(pf, &desc);
			break;
		}
		e810_ctlq_return(&pf->aq);
	}
	/* Asking also arms the next event */
	if (link && !e810_aq_get_link(pf))
		e810_mbx_link_changed(pf);
}

/*
 * Name the guest whose descriptors or doorbell the card refused. It has stopped
 * the queue, until the guest resets its device.
 */
static void e810_service_mdet(struct e810_pf *pf)
{
	static const struct {
		u32 reg, pf_reg, qnum, pf_num;
		bool rx;
	} causes[] = {
		{ GL_MDET_TX_PQM, PF_MDET_TX_PQM,
		  GL_MDET_TX_PQM_QNUM, GL_MDET_TX_PQM_PF_NUM, false },
		{ GL_MDET_TX_TCLAN, PF_MDET_TX_TCLAN,
		  GL_MDET_QNUM, GL_MDET_PF_NUM, false },
		{ GL_MDET_RX, PF_MDET_RX, GL_MDET_QNUM, GL_MDET_PF_NUM, true },
	};
	struct e810_adi *ea;
	unsigned int i, q;
	u32 val;

	for (i = 0; i < ARRAY_SIZE(causes); i++) {
		val = e810_rd32(pf, causes[i].reg);
		/* All of the card's functions share it */
		if (!(val & GL_MDET_VALID) || val == ~0U ||
		    (val & causes[i].pf_num) >> __ffs(causes[i].pf_num) != pf->pf_num)
			continue;
		q = (val & causes[i].qnum) >> __ffs(causes[i].qnum);
		q -= causes[i].rx ? pf->first_rxq : pf->first_txq;

		spin_lock(&pf->vsi_lock);
		ea = e810_mbx_adi_of_queue(pf, q);
		if (ea)
			ea->mdd_events++;
		dev_warn_ratelimited(&pf->pdev->dev,
				     "%s: card stopped %s queue %u, malicious driver event %lu\n",
				     ea ? hdiov_adi_name(&ea->adi) : "no VDEV",
				     causes[i].rx ? "Rx" : "Tx",
				     ea ? q - ea->adi.qp_base : q,
				     FIELD_GET(GL_MDET_MAL_TYPE, val));
		spin_unlock(&pf->vsi_lock);
		e810_wr32(pf, causes[i].reg, ~0U);
		e810_wr32(pf, causes[i].pf_reg, ~0U);
	}
}

static void e810_service(struct work_struct *work)
{
	struct e810_pf *pf = container_of(work, struct e810_pf, service);
	struct e810_aq_desc desc;
	unsigned int i;
	void *buf;

	if (READ_ONCE(pf->in_reset))
		return;

	if (xchg(&pf->mal_detect, false))
		e810_service_mdet(pf);
	e810_service_aq(pf);
	/*
	 * One run takes what was in the ring when it began, and no more if
	 * guests refill it: quiescing waits for it.
	 */
	for (i = 0; i < pf->mbx.rq_size; i++) {
		if (!e810_ctlq_receive(&pf->mbx, &desc, &buf))
			return;
		e810_mbx_dispatch(pf, &desc, buf);
		e810_ctlq_return(&pf->mbx);
		cond_resched();
	}
	queue_work(pf->wq, &pf->service);
}

/**
 * e810_card_reset - someone resets the card, now or soon, or has, or it must be
 * @pf: the function
 *
 * That makes the card forget that mailboxes have PASIDs: no requests, until all
 * doorbells are unmapped and the function is reset.
 *
 * Context: any
 */
void e810_card_reset(struct e810_pf *pf)
{
	pci_clear_master(pf->pdev);
	WRITE_ONCE(pf->in_reset, true);
	queue_work(pf->wq, &pf->reset);
}

static irqreturn_t e810_irq(int irq, void *data)
{
	struct e810_pf *pf = data;
	u32 oicr = e810_rd32(pf, PFINT_OICR);

	/* All ones: the card is gone, the PCI core will tell */
	if (oicr == ~0U)
		return IRQ_HANDLED;

	if (oicr & PFINT_OICR_GRST) {
		e810_card_reset(pf);
		return IRQ_HANDLED;
	}
	/* Nothing that the function has can be relied on any more */
	if (oicr & (PFINT_OICR_ECC_ERR | PFINT_OICR_PCI_EXCEPTION)) {
		dev_err_ratelimited(&pf->pdev->dev,
				    "hardware error, causes 0x%08x\n", oicr);
		e810_card_reset(pf);
		return IRQ_HANDLED;
	}
	if (oicr & PFINT_OICR_MAL_DETECT)
		WRITE_ONCE(pf->mal_detect, true);

	queue_work(pf->wq, &pf->service);
	/* Before the work looks: what comes later interrupts again */
	writel(GLINT_DYN_CTL_INTENA | GLINT_DYN_CTL_CLEARPBA |
	       FIELD_PREP(GLINT_DYN_CTL_ITR_INDX, GLINT_DYN_CTL_ITR_NONE),
	       pf->hw + e810_page_int(pf, E810_PF_VECTOR) + PGINT_DYN_CTL);
	return IRQ_HANDLED;
}

/* The function is about to be reset; @gone: it is already, or unreachable */
static void e810_reset_begin(struct e810_pf *pf, bool gone)
{
	bool vdevs_on = !pf->vdevs_off;

	pf->vdevs_off = true;
	if (gone) {
		WRITE_ONCE(pf->in_reset, true);
		if (vdevs_on)
			hdiov_pf_reset_begun(&pf->hdiov);
	} else {
		e810_vc_reset_impending(pf);
		/* If it is stuck, VDEVs would wait for it one after the other */
		e810_ctlq_stop(&pf->mbx);
		if (vdevs_on)
			hdiov_pf_reset_prepare(&pf->hdiov);
	}
	WRITE_ONCE(pf->in_reset, true);
	e810_disable_irq(pf);
	e810_ctlq_stop(&pf->mbx);
	e810_ctlq_stop(&pf->aq);
	cancel_work_sync(&pf->service);
}

/* No reset is under way any more, or none that will succeed */
static void e810_reset_over(struct e810_pf *pf, bool works)
{
	pf->vdevs_off = false;
	if (works)
		hdiov_pf_reset_done(&pf->hdiov);
	else
		hdiov_pf_reset_failed(&pf->hdiov);
}

/* Bring function and VSIs up again. VDEVs that ran begin with a reset */
static void e810_reset_end(struct e810_pf *pf)
{
	int ret;

	scoped_guard(rwsem_write, &pf->reset_sem) {
		e810_fltr_forget(pf);
		e810_rate_forget(pf);
		e810_sched_forget(pf);
		ret = e810_hw_up(pf);
		if (!ret) {
			WRITE_ONCE(pf->in_reset, false);
			e810_adi_restore_all(pf);
			queue_work(pf->wq, &pf->service);
		}
	}
	if (ret)
		dev_err(&pf->pdev->dev,
			"VDEVs are dead until the next reset\n");
	e810_reset_over(pf, !ret);
}

static void e810_global_reset(struct work_struct *work)
{
	struct e810_pf *pf = container_of(work, struct e810_pf, reset);

	guard(mutex)(&pf->reset_lock);
	/* The probe function comes back to it, or no VDEV is left */
	if (!pf->registered)
		return;
	dev_warn(&pf->pdev->dev, "function is reset, VDEVs begin anew\n");
	e810_reset_begin(pf, true);
	e810_reset_end(pf);
}

static void e810_reset_prepare(struct pci_dev *pdev)
{
	struct e810_pf *pf = pci_get_drvdata(pdev);

	mutex_lock(&pf->reset_lock);
	e810_reset_begin(pf, false);
}

static void e810_reset_done(struct pci_dev *pdev)
{
	struct e810_pf *pf = pci_get_drvdata(pdev);

	e810_reset_end(pf);
	mutex_unlock(&pf->reset_lock);
}

static pci_ers_result_t e810_error_detected(struct pci_dev *pdev,
					    pci_channel_state_t state)
{
	struct e810_pf *pf = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;

	guard(mutex)(&pf->reset_lock);
	e810_reset_begin(pf, true);
	if (state != pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_NEED_RESET;

	e810_reset_over(pf, false);
	return PCI_ERS_RESULT_DISCONNECT;
}

static pci_ers_result_t e810_slot_reset(struct pci_dev *pdev)
{
	struct e810_pf *pf = pci_get_drvdata(pdev);
	int ret;

	/*
	 * VDEVs are off since e810_error_detected(), unless another reset has brought
	 * the card up meanwhile. Its registers need not answer before it is enabled.
	 */
	scoped_guard(mutex, &pf->reset_lock) {
		if (!pf->vdevs_off)
			e810_reset_begin(pf, true);
	}

	ret = pci_enable_device_mem(pdev);
	if (ret) {
		dev_err(&pdev->dev, "cannot enable after slot reset: %d\n", ret);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	pci_set_master(pdev);
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void e810_resume(struct pci_dev *pdev)
{
	struct e810_pf *pf = pci_get_drvdata(pdev);

	guard(mutex)(&pf->reset_lock);
	if (!READ_ONCE(pf->in_reset))
		return;
	/*
	 * After an error that was not fatal nobody has taken VDEVs off, and it may be
	 * e810_card_reset() that has set this, called by e810_irq() for that error. Its
	 * work comes to the lock after this.
	 */
	e810_reset_begin(pf, true);
	e810_reset_end(pf);
}

static const struct pci_error_handlers e810_err_handlers = {
	.error_detected = e810_error_detected,
	.slot_reset = e810_slot_reset,
	.resume = e810_resume,
	.reset_prepare = e810_reset_prepare,
	.reset_done = e810_reset_done,
};

/* The card forgets its VSIs, and their PASIDs, while the system sleeps */
static int e810_pm_suspend(struct device *dev)
{
	struct e810_pf *pf = dev_get_drvdata(dev);

	/* Nor does a global reset bring it up before the system is back */
	disable_work_sync(&pf->reset);
	guard(mutex)(&pf->reset_lock);
	e810_reset_begin(pf, false);
	return 0;
}

static int e810_pm_resume(struct device *dev)
{
	struct e810_pf *pf = dev_get_drvdata(dev);

	/* A reset from now on waits for the lock */
	guard(mutex)(&pf->reset_lock);
	enable_work(&pf->reset);
	e810_reset_end(pf);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(e810_pm_ops, e810_pm_suspend, e810_pm_resume);

/* No VDEV's request may reach the memory of what runs after this system */
static void e810_shutdown(struct pci_dev *pdev)
{
	struct e810_pf *pf = pci_get_drvdata(pdev);

	e810_pm_suspend(&pdev->dev);
	scoped_guard(mutex, &pf->reset_lock)
		e810_reset_over(pf, false);
	pci_clear_master(pdev);
}

static int e810_init_locks(struct e810_pf *pf)
{
	unsigned int layer;

	for (layer = 0; layer < E810_SCHED_MAX_LAYERS; layer++)
		INIT_LIST_HEAD(&pf->sched_room[layer]);
	INIT_LIST_HEAD(&pf->sched_full);
	INIT_WORK(&pf->service, e810_service);
	INIT_WORK(&pf->reset, e810_global_reset);
	INIT_LIST_HEAD(&pf->adis);
	INIT_LIST_HEAD(&pf->rls);
	spin_lock_init(&pf->vsi_lock);
	init_rwsem(&pf->reset_sem);
	hash_init(pf->fltrs);
	hash_init(pf->assigned);
	return devm_mutex_init(&pf->pdev->dev, &pf->adis_lock) ?:
	       devm_mutex_init(&pf->pdev->dev, &pf->drain_lock) ?:
	       devm_mutex_init(&pf->pdev->dev, &pf->fltr_lock) ?:
	       devm_mutex_init(&pf->pdev->dev, &pf->sched_lock) ?:
	       devm_mutex_init(&pf->pdev->dev, &pf->rl_lock) ?:
	       devm_mutex_init(&pf->pdev->dev, &pf->reset_lock);
}

static int e810_map(struct e810_pf *pf)
{
	struct pci_dev *pdev = pf->pdev;
	resource_size_t len = pci_resource_len(pdev, 0);
	int ret;

	if (len < E810_BAR0_SIZE_PAGES)
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "BAR 0 has %llu MiB, HD-IOV needs %u: enable SIOV in the card's NVM\n",
				     (u64)len >> 20,
				     E810_BAR0_SIZE_PAGES >> 20);

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "no 64-bit DMA\n");
	ret = pcim_request_all_regions(pdev, "hdiov_e810");
	if (ret)
		return ret;
	pf->hw = pcim_iomap(pdev, 0, 0);
	if (!pf->hw)
		return -ENOMEM;
	pf->bar0 = pci_resource_start(pdev, 0);
	pci_set_master(pdev);
	return 0;
}

static int e810_start(struct e810_pf *pf)
{
	struct pci_dev *pdev = pf->pdev;
	int ret;

	/* Resets before this one are of no interest */
	e810_rd32(pf, PFINT_OICR);
	ret = e810_hw_up(pf);
	if (ret)
		return ret;
	ret = e810_count_queues(pf);
	if (ret)
		goto err_ctlq;

	ret = pci_alloc_irq_vectors(pdev, E810_NUM_PF_VECTORS,
				    E810_NUM_PF_VECTORS, PCI_IRQ_MSIX);
	if (ret < 0) {
		dev_err(&pdev->dev, "no MSI-X vectors: %d\n", ret);
		goto err_ctlq;
	}
	ret = request_irq(pci_irq_vector(pdev, E810_PF_VECTOR), e810_irq, 0,
			  dev_name(&pdev->dev), pf);
	if (ret)
		goto err_vectors;
	e810_enable_irq(pf);
	/* Messages may have come before the interrupt was on */
	queue_work(pf->wq, &pf->service);
	return 0;

err_vectors:
	pci_free_irq_vectors(pdev);
err_ctlq:
	e810_sched_forget(pf);
	e810_ctlq_stop(&pf->mbx);
	e810_ctlq_stop(&pf->aq);
	return ret;
}

static void e810_stop(struct e810_pf *pf)
{
	struct pci_dev *pdev = pf->pdev;

	e810_disable_irq(pf);
	free_irq(pci_irq_vector(pdev, E810_PF_VECTOR), pf);
	/* Neither is queued again, the interrupt is gone */
	cancel_work_sync(&pf->reset);
	cancel_work_sync(&pf->service);
	pci_free_irq_vectors(pdev);
	if (!pf->in_reset)
		e810_aq_shutdown(pf);
	e810_ctlq_stop(&pf->mbx);
	e810_ctlq_stop(&pf->aq);
	/* Nothing of ours stays behind for the next driver */
	if (pci_device_is_present(pdev))
		e810_pf_reset(pf);
	e810_fltr_forget(pf);
	e810_rate_forget(pf);
	e810_sched_forget(pf);
}

static int e810_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct e810_pf *pf;
	int ret;

	if (pci_num_vf(pdev))
		return dev_err_probe(&pdev->dev, -EBUSY,
				     "%d SR-IOV functions are enabled, which excludes HD-IOV\n",
				     pci_num_vf(pdev));

	pf = devm_kzalloc(&pdev->dev, sizeof(*pf), GFP_KERNEL);
	if (!pf)
		return -ENOMEM;
	pf->pdev = pdev;
	ret = e810_init_locks(pf);
	if (ret)
		return ret;
	ret = e810_map(pf);
	if (ret)
		return ret;

	pf->wq = alloc_workqueue("hdiov_e810/%s", WQ_UNBOUND, 0,
				 pci_name(pdev));
	if (!pf->wq)
		return -ENOMEM;
	ret = e810_ctlq_alloc(&pf->aq, pf, &e810_aq_regs, E810_AQ_SQ_SIZE,
			      E810_AQ_RQ_SIZE);
	if (ret)
		goto err_wq;
	ret = e810_ctlq_alloc(&pf->mbx, pf, &e810_mbx_regs, E810_MBX_SQ_SIZE,
			      E810_MBX_RQ_SIZE);
	if (ret)
		goto err_aq;
	ret = e810_start(pf);
	if (ret)
		goto err_mbx;

	pf->hdiov.dev = &pdev->dev;
	pf->hdiov.owner = THIS_MODULE;
	pf->hdiov.adi_size = HDIOV_ADI_SIZE(struct e810_adi, adi);
	pf->hdiov.adi_ops = &e810_adi_ops;
	pf->hdiov.mmio_ops = &e810_mmio_ops;
	pf->hdiov.vector_ops = &e810_vector_ops;
	pf->hdiov.types = e810_types;
	pf->hdiov.num_types = e810_num_types;
	pf->hdiov.vdev_groups = e810_vdev_groups;
	pci_set_drvdata(pdev, pf);
	pci_save_state(pdev);

	ret = hdiov_register_pf(&pf->hdiov);
	if (ret)
		goto err_stop;
	scoped_guard(mutex, &pf->reset_lock)
		pf->registered = true;
	/* Somebody else reset the card meanwhile */
	if (READ_ONCE(pf->in_reset))
		queue_work(pf->wq, &pf->reset);
	dev_info(&pdev->dev, "HD-IOV: %u queue pairs, %u VSIs, port address %pM\n",
		 pf->hdiov.num_qps, pf->vsi_free, pf->mac);
	return 0;

err_stop:
	e810_stop(pf);
err_mbx:
	e810_ctlq_free(&pf->mbx);
err_aq:
	e810_ctlq_free(&pf->aq);
err_wq:
	destroy_workqueue(pf->wq);
	return ret;
}

static void e810_remove(struct pci_dev *pdev)
{
	struct e810_pf *pf = pci_get_drvdata(pdev);

	/* Resets go on as long as VDEVs have users */
	hdiov_unregister_pf(&pf->hdiov);
	scoped_guard(mutex, &pf->reset_lock)
		pf->registered = false;
	e810_stop(pf);
	e810_ctlq_free(&pf->mbx);
	e810_ctlq_free(&pf->aq);
	destroy_workqueue(pf->wq);
}

/*
 * No MODULE_DEVICE_TABLE: these are the ids of the ice driver, which must stay
 * the default. A function gets into HD-IOV mode only when its administrator
 * loads this module, or binds the function to it.
 */
static const struct pci_device_id e810_ids[] = {
	{ PCI_VDEVICE(INTEL, 0x1591) },	/* E810-C, backplane */
	{ PCI_VDEVICE(INTEL, 0x1592) },	/* E810-C, QSFP */
	{ PCI_VDEVICE(INTEL, 0x1593) },	/* E810-C, SFP */
	{ PCI_VDEVICE(INTEL, 0x1599) },	/* E810-XXV, backplane */
	{ PCI_VDEVICE(INTEL, 0x159a) },	/* E810-XXV, QSFP */
	{ PCI_VDEVICE(INTEL, 0x159b) },	/* E810-XXV, SFP */
	{ }
};

static struct pci_driver e810_driver = {
	.name = "hdiov_e810",
	.id_table = e810_ids,
	.probe = e810_probe,
	.remove = e810_remove,
	.shutdown = e810_shutdown,
	.err_handler = &e810_err_handlers,
	.driver.pm = pm_sleep_ptr(&e810_pm_ops),
};
module_pci_driver(e810_driver);

MODULE_DESCRIPTION("Intel Ethernet Controller E810 in HD-IOV mode");
MODULE_LICENSE("GPL");
