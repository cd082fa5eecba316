// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV on Intel QAT 2.0 (4xxx): the devices that this driver is bound to
 *
 * The PCI function stays with qat_4xxx. Beside it there is an auxiliary device for
 * each function that qat_4xxx could have, and a device link between them: that binds
 * this driver when qat_4xxx is bound, and unbinds it before that goes, which may take
 * as long as guests need to let go of their VDEVs. A notifier of the driver's unbinding
 * could not wait for them.
 */
#include <linux/auxiliary_bus.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/pm.h>

#include "qat.h"
#include "qat_4xxx.h"
#include "qat_compat.h"

#define QAT_PART_NAME	"pf"

/**
 * struct qat_part - this driver's part of a PCI function
 * @aux: what it is bound to
 * @node: in qat_parts
 */
struct qat_part {
	struct auxiliary_device aux;
	struct list_head node;
};

/* All of them. pci_lock_rescan_remove() is held by whoever adds or removes one */
static LIST_HEAD(qat_parts);

/*
 * No MODULE_DEVICE_TABLE: VDEVs are offered when an administrator loads this module,
 * not wherever there is such a card.
 */
static const struct pci_device_id qat_functions[] = {
	{ PCI_VDEVICE(INTEL, QAT_4XXX_DEVICE_ID) },
	{ PCI_VDEVICE(INTEL, QAT_401XX_DEVICE_ID) },
	{ PCI_VDEVICE(INTEL, QAT_402XX_DEVICE_ID) },
	{ }
};

static int qat_map(struct qat_pf *pf)
{
	struct pci_dev *pdev = pf->pdev;

	if (pci_resource_len(pdev, QAT_BAR_PMISC) < PMISC_SIZE ||
	    pci_resource_len(pdev, QAT_BAR_ETR) < ETR_SIZE)
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "BARs %u and %u have %llu and %llu bytes, need %u and %u\n",
				     QAT_BAR_PMISC, QAT_BAR_ETR,
				     (u64)pci_resource_len(pdev, QAT_BAR_PMISC),
				     (u64)pci_resource_len(pdev, QAT_BAR_ETR),
				     PMISC_SIZE, ETR_SIZE);

	/* The regions are qat_4xxx's, and it has mappings of its own */
	pf->pmisc = pci_iomap(pdev, QAT_BAR_PMISC, 0);
	if (!pf->pmisc)
		return -ENOMEM;
	pf->etr = pci_iomap(pdev, QAT_BAR_ETR, 0);
	if (!pf->etr) {
		pci_iounmap(pdev, pf->pmisc);
		return -ENOMEM;
	}
	pf->etr_phys = pci_resource_start(pdev, QAT_BAR_ETR);
	return 0;
}

static void qat_unmap(struct qat_pf *pf)
{
	pci_iounmap(pf->pdev, pf->etr);
	pci_iounmap(pf->pdev, pf->pmisc);
}

static void qat_fill(struct qat_pf *pf)
{
	/* Not ours: its driver's name is that of Intel's tools, as in 4xxx-vqat_sym */
	pf->hdiov.dev = &pf->pdev->dev;
	pf->hdiov.owner = THIS_MODULE;
	pf->hdiov.adi_size = HDIOV_ADI_SIZE(struct qat_adi, adi);
	pf->hdiov.adi_ops = &qat_adi_ops;
	pf->hdiov.migrate_ops = &qat_migrate_ops;
	pf->hdiov.mmio_ops = &qat_mmio_ops;
	pf->hdiov.vector_ops = &qat_vector_ops;
	pf->hdiov.ims_ops = &qat_ims_ops;
	pf->hdiov.num_ims = QAT_NUM_BANKS;
	pf->hdiov.types = qat_types;
	pf->hdiov.num_types = QAT_NUM_SERVICES;
	pf->hdiov.num_qps = QAT_NUM_BANKS;
}

static int qat_probe(struct auxiliary_device *aux,
		     const struct auxiliary_device_id *id)
{
	struct pci_dev *pdev = to_pci_dev(aux->dev.parent);
	struct adf_accel_dev *accel;
	struct qat_pf *pf;
	int ret;

	/* Bound to vfio-pci, for example */
	accel = adf_devmgr_pci_to_accel_dev(pdev);
	if (!accel)
		return -ENODEV;

	/* Nothing here is the PCI device's, neither memory nor its driver data */
	pf = devm_kzalloc(&aux->dev, sizeof(*pf), GFP_KERNEL);
	if (!pf)
		return -ENOMEM;
	pf->pdev = pdev;
	pf->accel = accel;
	ret = qat_map(pf);
	if (ret)
		return ret;

	qat_fill(pf);
	qat_host_init(pf);
	auxiliary_set_drvdata(aux, pf);
	qat_host_start(pf);
	return 0;
}

static void qat_remove(struct auxiliary_device *aux)
{
	struct qat_pf *pf = auxiliary_get_drvdata(aux);

	qat_host_stop(pf);
	qat_unmap(pf);
}

static void qat_shutdown(struct auxiliary_device *aux)
{
	qat_host_shutdown(auxiliary_get_drvdata(aux));
}

/* qat_4xxx does nothing for sleep, so nobody brings the card back as it was */
static int qat_pm_prepare(struct device *dev)
{
	struct qat_pf *pf = dev_get_drvdata(dev);

	if (!qat_adi_any(pf))
		return 0;
	dev_err(&pf->pdev->dev, "the system cannot sleep while there are VDEVs\n");
	return -EBUSY;
}

static const struct dev_pm_ops qat_pm_ops = {
	.prepare = pm_sleep_ptr(qat_pm_prepare),
};

static const struct auxiliary_device_id qat_ids[] = {
	{ .name = KBUILD_MODNAME "." QAT_PART_NAME },
	{ }
};

static struct auxiliary_driver qat_driver = {
	.name = QAT_PART_NAME,
	.id_table = qat_ids,
	.probe = qat_probe,
	.remove = qat_remove,
	.shutdown = qat_shutdown,
	.driver.pm = pm_sleep_ptr(&qat_pm_ops),
};

static struct qat_part *qat_part_of(struct pci_dev *pdev)
{
	struct qat_part *part;

	list_for_each_entry(part, &qat_parts, node)
		if (part->aux.dev.parent == &pdev->dev)
			return part;
	return NULL;
}

static void qat_part_release(struct device *dev)
{
	kfree(container_of(to_auxiliary_dev(dev), struct qat_part, aux));
}

static void qat_part_add(struct pci_dev *pdev)
{
	static u32 last_id;
	struct qat_part *part;

	/* The notifier comes for those that the module has found itself as well */
	if (!pci_match_id(qat_functions, pdev) || qat_part_of(pdev))
		return;

	part = kzalloc_obj(*part);
	if (!part)
		return;
	part->aux.name = QAT_PART_NAME;
	part->aux.id = ++last_id;
	part->aux.dev.parent = &pdev->dev;
	part->aux.dev.release = qat_part_release;
	if (auxiliary_device_init(&part->aux)) {
		kfree(part);
		return;
	}
	if (auxiliary_device_add(&part->aux)) {
		auxiliary_device_uninit(&part->aux);
		return;
	}
	/* It is not probed before: qat_4xxx is not bound, or qat_driver not registered */
	if (!device_link_add(&part->aux.dev, &pdev->dev,
			     DL_FLAG_AUTOPROBE_CONSUMER)) {
		dev_err(&pdev->dev, "HD-IOV: no device link\n");
		auxiliary_device_delete(&part->aux);
		auxiliary_device_uninit(&part->aux);
		return;
	}
	list_add(&part->node, &qat_parts);
}

/* Not bound any more */
static void qat_part_del(struct qat_part *part)
{
	list_del(&part->node);
	/* The link goes with it */
	auxiliary_device_delete(&part->aux);
	auxiliary_device_uninit(&part->aux);
}

static int qat_notify(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);
	struct qat_part *part;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		qat_part_add(pdev);
		break;
	case BUS_NOTIFY_DEL_DEVICE:
		part = qat_part_of(pdev);
		if (part)
			qat_part_del(part);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block qat_notifier = {
	.notifier_call = qat_notify,
};

static void qat_parts_del(void)
{
	struct qat_part *part, *next;

	pci_lock_rescan_remove();
	bus_unregister_notifier(&pci_bus_type, &qat_notifier);
	list_for_each_entry_safe(part, next, &qat_parts, node)
		qat_part_del(part);
	pci_unlock_rescan_remove();
	/*
	 * The driver core lets go of a link, and by that of qat_part_release(), in a work
	 * item of its own: not after this module is gone
	 */
	device_link_wait_removal();
}

static int __init qat_init(void)
{
	struct pci_dev *pdev = NULL;
	int ret;

	pci_lock_rescan_remove();
	ret = bus_register_notifier(&pci_bus_type, &qat_notifier);
	if (!ret)
		for_each_pci_dev(pdev)
			qat_part_add(pdev);
	pci_unlock_rescan_remove();
	if (ret)
		return ret;

	ret = auxiliary_driver_register(&qat_driver);
	if (ret)
		qat_parts_del();
	return ret;
}

static void __exit qat_exit(void)
{
	auxiliary_driver_unregister(&qat_driver);
	qat_parts_del();
}

module_init(qat_init);
module_exit(qat_exit);

MODULE_DESCRIPTION("HD-IOV on Intel QAT 2.0 (4xxx)");
MODULE_LICENSE("GPL");
QAT_IMPORT_INTEL_QAT;
