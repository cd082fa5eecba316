// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: the mdev front end
 *
 * VDEVs are made and removed through the mdev files in sysfs. Everything else
 * is the same whatever a VDEV was made by.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "hdiov_private.h"

static struct hdiov_pf_core *hdiov_mdev_core(struct mdev_type *mtype)
{
	return container_of(mtype->parent, struct hdiov_pf_core, parent);
}

static const struct hdiov_type *hdiov_mdev_type(struct mdev_type *mtype)
{
	struct hdiov_pf_core *core = hdiov_mdev_core(mtype);

	return &core->pf->types[mtype - core->mdev_types];
}

static int hdiov_mdev_probe(struct mdev_device *mdev)
{
	struct hdiov_vdev *vdev;

	vdev = hdiov_vdev_create(hdiov_mdev_core(mdev->type),
				 hdiov_mdev_type(mdev->type), &mdev->dev);
	return PTR_ERR_OR_ZERO(vdev);
}

static void hdiov_mdev_remove(struct mdev_device *mdev)
{
	hdiov_vdev_destroy(dev_get_drvdata(&mdev->dev));
}

static unsigned int hdiov_mdev_available(struct mdev_type *mtype)
{
	return hdiov_available(hdiov_mdev_core(mtype), hdiov_mdev_type(mtype));
}

static ssize_t hdiov_mdev_description(struct mdev_type *mtype, char *buf)
{
	const struct hdiov_type *type = hdiov_mdev_type(mtype);

	return sysfs_emit(buf, "%04x:%04x, queue pairs: %u, vectors: %u\n",
			  type->model->vendor, type->model->device,
			  type->num_qps, type->num_vectors);
}

static struct mdev_driver hdiov_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.driver = {
		.name = "hdiov",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
	.probe = hdiov_mdev_probe,
	.remove = hdiov_mdev_remove,
	.get_available = hdiov_mdev_available,
	.show_description = hdiov_mdev_description,
};

/**
 * hdiov_mdev_init - register the mdev driver
 *
 * Return: 0 or a negative errno
 */
int hdiov_mdev_init(void)
{
	return mdev_register_driver(&hdiov_mdev_driver);
}

/**
 * hdiov_mdev_exit - undo hdiov_mdev_init()
 */
void hdiov_mdev_exit(void)
{
	mdev_unregister_driver(&hdiov_mdev_driver);
}

/**
 * hdiov_mdev_register - show the types of a PF in sysfs
 * @core: the PF
 *
 * Context: process
 *
 * Return: 0 or a negative errno
 */
int hdiov_mdev_register(struct hdiov_pf_core *core)
{
	struct hdiov_pf *pf = core->pf;
	unsigned int i;
	int ret;

	core->mdev_types = kcalloc(pf->num_types, sizeof(*core->mdev_types),
				   GFP_KERNEL);
	core->mdev_type_ptrs = kcalloc(pf->num_types,
				       sizeof(*core->mdev_type_ptrs),
				       GFP_KERNEL);
	if (!core->mdev_types || !core->mdev_type_ptrs) {
		ret = -ENOMEM;
		goto err_free;
	}

	for (i = 0; i < pf->num_types; i++) {
		core->mdev_types[i].sysfs_name = pf->types[i].name;
		core->mdev_types[i].pretty_name = pf->types[i].pretty_name;
		core->mdev_type_ptrs[i] = &core->mdev_types[i];
	}

	ret = mdev_register_parent(&core->parent, pf->dev, &hdiov_mdev_driver,
				   core->mdev_type_ptrs, pf->num_types);
	if (ret)
		goto err_free;
	return 0;

err_free:
	kfree(core->mdev_type_ptrs);
	kfree(core->mdev_types);
	return ret;
}

/**
 * hdiov_mdev_unregister - undo hdiov_mdev_register()
 * @core: the PF
 *
 * Removes all VDEVs of the PF, and waits for their users.
 *
 * Context: process
 */
void hdiov_mdev_unregister(struct hdiov_pf_core *core)
{
	mdev_unregister_parent(&core->parent);
	kfree(core->mdev_type_ptrs);
	kfree(core->mdev_types);
}
