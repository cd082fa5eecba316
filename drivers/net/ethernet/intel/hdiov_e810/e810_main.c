// SPDX-License-Identifier: GPL-2.0-only
/*
 * hdiov_e810: VDEVs of an Intel E810, whose PF is ice's
 */
#include <linux/auxiliary_bus.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "e810.h"

/* Linux 6.12 does not have it */
#ifndef kzalloc_obj
#define kzalloc_obj(obj)	kzalloc(sizeof(obj), GFP_KERNEL)
#endif

static void e810_reset_prepare(void *priv, bool gone)
{
	struct e810_pf *pf = priv;

	if (gone)
		hdiov_pf_reset_begun(&pf->hpf);
	else
		hdiov_pf_reset_prepare(&pf->hpf);
}

static void e810_reset_done(void *priv, bool ok)
{
	struct e810_pf *pf = priv;

	if (ok)
		hdiov_pf_reset_done(&pf->hpf);
	else
		hdiov_pf_reset_failed(&pf->hpf);
}

static const struct ice_hdiov_ops e810_ice_ops = {
	.reset_prepare = e810_reset_prepare,
	.reset_done = e810_reset_done,
};

static int e810_probe(struct auxiliary_device *adev,
		      const struct auxiliary_device_id *id)
{
	struct pci_dev *pdev = to_pci_dev(adev->dev.parent);
	struct e810_pf *pf;
	int ret;

	pf = kzalloc_obj(*pf);
	if (!pf)
		return -ENOMEM;
	pf->pdev = pdev;
	init_waitqueue_head(&pf->entry_back);
	pf->bar0 = pci_resource_start(pdev, 0);
	pf->pages = ioremap(pf->bar0 + E810_PAGES_START,
			    E810_PAGES_END - E810_PAGES_START);
	if (!pf->pages) {
		ret = -ENOMEM;
		goto err_free;
	}

	pf->hpf = (struct hdiov_pf){
		.dev = &pdev->dev,
		.owner = THIS_MODULE,
		.adi_size = HDIOV_ADI_SIZE(struct e810_adi, adi),
		.adi_ops = &e810_adi_ops,
		.mmio_ops = &e810_mmio_ops,
		.vector_ops = &e810_vector_ops,
		.migrate_ops = &e810_migrate_ops,
		.types = e810_types,
		.num_types = e810_num_types,
		.vdev_groups = e810_vdev_groups,
	};
	pf->ice = ice_hdiov_open(adev, &e810_ice_ops, pf);
	ret = hdiov_register_pf(&pf->hpf);
	if (ret)
		goto err_close;
	auxiliary_set_drvdata(adev, pf);
	return 0;

err_close:
	ice_hdiov_close(pf->ice);
	iounmap(pf->pages);
err_free:
	kfree(pf);
	return ret;
}

static void e810_remove(struct auxiliary_device *adev)
{
	struct e810_pf *pf = auxiliary_get_drvdata(adev);

	hdiov_unregister_pf(&pf->hpf);
	ice_hdiov_close(pf->ice);
	iounmap(pf->pages);
	kfree(pf);
}

static const struct auxiliary_device_id e810_id_table[] = {
	{ .name = ICE_HDIOV_DEV },
	{}
};
MODULE_DEVICE_TABLE(auxiliary, e810_id_table);

static struct auxiliary_driver e810_driver = {
	.name = "hdiov",
	.probe = e810_probe,
	.remove = e810_remove,
	.id_table = e810_id_table,
};
module_auxiliary_driver(e810_driver);

MODULE_DESCRIPTION("HD-IOV devices of Intel E810, beside ice");
MODULE_LICENSE("GPL");
/* MODULE_IMPORT_NS() takes a string since Linux 6.13 */
MODULE_INFO(import_ns, "ICE_HDIOV");
