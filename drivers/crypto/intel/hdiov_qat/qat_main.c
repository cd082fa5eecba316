// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel QAT 2.0 (4xxx) in HD-IOV mode: PCI driver
 *
 * The host's own cryptography does not use the function in this mode. All of its
 * ring pairs are for VDEVs. It has no interrupt of its own: firmware is polled
 * while the card is brought up, and errors come through AER.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>

#include "qat.h"

/* A request and an answer for each engine */
#define QAT_ADMIN_SIZE		SZ_4K

/* The function is about to be reset; @gone: it is already, or unreachable */
static void qat_reset_begin(struct qat_pf *pf, bool gone)
{
	bool vdevs_on = !pf->vdevs_off;

	pf->vdevs_off = true;
	if (gone) {
		WRITE_ONCE(pf->in_reset, true);
		if (vdevs_on)
			hdiov_pf_reset_begun(&pf->hdiov);
	} else if (vdevs_on) {
		hdiov_pf_reset_prepare(&pf->hdiov);
	}
	WRITE_ONCE(pf->in_reset, true);
}

/* No reset is under way any more, or none that will succeed */
static void qat_reset_over(struct qat_pf *pf, bool works)
{
	pf->vdevs_off = false;
	if (works)
		hdiov_pf_reset_done(&pf->hdiov);
	else
		hdiov_pf_reset_failed(&pf->hdiov);
}

/* Bring the function up again. VDEVs that ran begin with a reset */
static void qat_reset_end(struct qat_pf *pf)
{
	int ret;

	scoped_guard(rwsem_write, &pf->reset_sem) {
		ret = qat_hw_up(pf, false);
		if (!ret) {
			qat_ims_restore(pf);
			qat_adi_restore_all(pf);
			WRITE_ONCE(pf->in_reset, false);
		}
	}
	if (ret)
		dev_err(&pf->pdev->dev,
			"VDEVs are dead until the next reset: %d\n", ret);
	qat_reset_over(pf, !ret);
}

static void qat_reset_prepare(struct pci_dev *pdev)
{
	struct qat_pf *pf = pci_get_drvdata(pdev);

	qat_msg_announce(pf, QAT_MSG_RESTARTING);
	qat_reset_begin(pf, false);
}

static void qat_reset_done(struct pci_dev *pdev)
{
	qat_reset_end(pci_get_drvdata(pdev));
}

static pci_ers_result_t qat_error_detected(struct pci_dev *pdev,
					   pci_channel_state_t state)
{
	struct qat_pf *pf = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;

	qat_msg_announce(pf, QAT_MSG_FATAL_ERROR);
	qat_reset_begin(pf, true);
	if (state != pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_NEED_RESET;

	qat_reset_over(pf, false);
	return PCI_ERS_RESULT_DISCONNECT;
}

static pci_ers_result_t qat_slot_reset(struct pci_dev *pdev)
{
	struct qat_pf *pf = pci_get_drvdata(pdev);
	int ret;

	/* Somebody's reset of the function has brought it up meanwhile */
	if (!READ_ONCE(pf->in_reset))
		qat_reset_begin(pf, true);

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

static void qat_resume(struct pci_dev *pdev)
{
	struct qat_pf *pf = pci_get_drvdata(pdev);

	if (READ_ONCE(pf->in_reset))
		qat_reset_end(pf);
}

static const struct pci_error_handlers qat_err_handlers = {
	.error_detected = qat_error_detected,
	.slot_reset = qat_slot_reset,
	.resume = qat_resume,
	.reset_prepare = qat_reset_prepare,
	.reset_done = qat_reset_done,
};

/* Whatever the card keeps while the system sleeps, PASIDs are not among it */
static int qat_pm_suspend(struct device *dev)
{
	struct qat_pf *pf = dev_get_drvdata(dev);

	qat_msg_announce(pf, QAT_MSG_RESTARTING);
	qat_reset_begin(pf, false);
	return 0;
}

static int qat_pm_resume(struct device *dev)
{
	qat_reset_end(dev_get_drvdata(dev));
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(qat_pm_ops, qat_pm_suspend, qat_pm_resume);

/* No VDEV's request may reach the memory of what runs after this system */
static void qat_shutdown(struct pci_dev *pdev)
{
	struct qat_pf *pf = pci_get_drvdata(pdev);

	qat_pm_suspend(&pdev->dev);
	qat_reset_over(pf, false);
	pci_clear_master(pdev);
}

static int qat_map(struct qat_pf *pf)
{
	struct pci_dev *pdev = pf->pdev;
	int ret;

	if (pci_resource_len(pdev, QAT_BAR_PMISC) < PMISC_SIZE ||
	    pci_resource_len(pdev, QAT_BAR_ETR) < ETR_SIZE)
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "BARs %u and %u have %llu and %llu bytes, need %u and %u\n",
				     QAT_BAR_PMISC, QAT_BAR_ETR,
				     (u64)pci_resource_len(pdev, QAT_BAR_PMISC),
				     (u64)pci_resource_len(pdev, QAT_BAR_ETR),
				     PMISC_SIZE, ETR_SIZE);

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "no 64-bit DMA\n");
	ret = pcim_request_all_regions(pdev, "hdiov_qat");
	if (ret)
		return ret;
	pf->pmisc = pcim_iomap(pdev, QAT_BAR_PMISC, 0);
	pf->etr = pcim_iomap(pdev, QAT_BAR_ETR, 0);
	if (!pf->pmisc || !pf->etr)
		return -ENOMEM;
	pf->etr_phys = pci_resource_start(pdev, QAT_BAR_ETR);

	pf->admin = dmam_alloc_coherent(&pdev->dev, QAT_ADMIN_SIZE,
					&pf->admin_dma, GFP_KERNEL);
	return pf->admin ? 0 : -ENOMEM;
}

static int qat_init_locks(struct qat_pf *pf)
{
	qat_ims_init(pf);
	init_rwsem(&pf->reset_sem);
	INIT_LIST_HEAD(&pf->adis);
	return devm_mutex_init(&pf->pdev->dev, &pf->adis_lock);
}

static int qat_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct qat_pf *pf;
	int ret;

	if (pci_num_vf(pdev))
		return dev_err_probe(&pdev->dev, -EBUSY,
				     "%d SR-IOV functions are enabled, which excludes HD-IOV\n",
				     pci_num_vf(pdev));

	pf = devm_kzalloc(&pdev->dev, sizeof(*pf), GFP_KERNEL);
	if (!pf)
		return -ENOMEM;
	pf->pdev = pdev;
	ret = qat_init_locks(pf);
	if (ret)
		return ret;
	ret = qat_map(pf);
	if (ret)
		return ret;

	pci_set_master(pdev);
	ret = qat_hw_up(pf, true);
	if (ret)
		goto err_master;
	qat_ims_restore(pf);

	pf->hdiov.dev = &pdev->dev;
	pf->hdiov.owner = THIS_MODULE;
	pf->hdiov.adi_size = HDIOV_ADI_SIZE(struct qat_adi, adi);
	pf->hdiov.adi_ops = &qat_adi_ops;
	pf->hdiov.mmio_ops = &qat_mmio_ops;
	pf->hdiov.vector_ops = &qat_vector_ops;
	pf->hdiov.ims_ops = &qat_ims_ops;
	pf->hdiov.num_ims = QAT_NUM_BANKS;
	pf->hdiov.types = qat_types;
	pf->hdiov.num_types = QAT_NUM_SERVICES;
	pf->hdiov.num_qps = QAT_NUM_BANKS;
	pci_set_drvdata(pdev, pf);
	pci_save_state(pdev);

	ret = hdiov_register_pf(&pf->hdiov);
	if (ret)
		goto err_hw;
	dev_info(&pdev->dev, "HD-IOV: %u ring pairs, in turn %s, %s, %s, %s\n",
		 QAT_NUM_BANKS, qat_service_names[pf->service[0]],
		 qat_service_names[pf->service[1]],
		 qat_service_names[pf->service[2]],
		 qat_service_names[pf->service[3]]);
	return 0;

err_hw:
	qat_hw_down(pf);
err_master:
	pci_clear_master(pdev);
	return ret;
}

static void qat_remove(struct pci_dev *pdev)
{
	struct qat_pf *pf = pci_get_drvdata(pdev);

	qat_msg_announce(pf, QAT_MSG_RESTARTING);
	hdiov_unregister_pf(&pf->hdiov);
	qat_hw_down(pf);
	/* A bank that did not stop: no more requests from it, PASID or not */
	pci_clear_master(pdev);
}

/*
 * No MODULE_DEVICE_TABLE: this is the id of the qat_4xxx driver, which must stay
 * the default. A function gets into HD-IOV mode only when its administrator
 * loads this module, or binds the function to it.
 */
static const struct pci_device_id qat_ids[] = {
	{ PCI_VDEVICE(INTEL, QAT_PF_DEVICE_ID) },
	{ }
};

/* The name begins those of the types: Intel's tools know 4xxx-vqat_sym etc. */
static struct pci_driver qat_driver = {
	.name = "4xxx",
	.id_table = qat_ids,
	.probe = qat_probe,
	.remove = qat_remove,
	.shutdown = qat_shutdown,
	.err_handler = &qat_err_handlers,
	.driver.pm = pm_sleep_ptr(&qat_pm_ops),
};
module_pci_driver(qat_driver);

MODULE_DESCRIPTION("Intel QAT 2.0 (4xxx) in HD-IOV mode");
MODULE_LICENSE("GPL");
