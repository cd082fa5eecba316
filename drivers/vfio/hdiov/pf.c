// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: registration of physical functions
 */
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "compat.h"
#include "hdiov_private.h"

static int hdiov_check_model(struct hdiov_pf *pf, const struct hdiov_type *type)
{
	const struct hdiov_model *model = type->model;
	unsigned int i;
	u64 end;

	for (i = 0; i < HDIOV_NUM_BARS; i++) {
		const struct hdiov_bar *bar = &model->bar[i];
		bool wide = bar->flags & PCI_BASE_ADDRESS_MEM_TYPE_64;

		if (!bar->size)
			continue;
		if (!is_power_of_2(bar->size) || bar->size < PAGE_SIZE ||
		    bar->size > HDIOV_REGION_MASK + 1 ||
		    (!wide && bar->size > SZ_2G) ||
		    (wide && (i == HDIOV_NUM_BARS - 1 ||
			      model->bar[i + 1].size))) {
			dev_err(pf->dev, "hdiov: type %s: bad BAR %u\n",
				type->name, i);
			return -EINVAL;
		}
	}

	end = max_t(u64, model->msix_table +
		    (u64)type->num_vectors * PCI_MSIX_ENTRY_SIZE,
		    model->msix_pba + BITS_TO_U64(type->num_vectors) * 8);
	if (model->msix_bar >= HDIOV_NUM_BARS ||
	    end > model->bar[model->msix_bar].size ||
	    !IS_ALIGNED(model->msix_table | model->msix_pba, 8)) {
		dev_err(pf->dev, "hdiov: type %s: MSI-X table not in its BAR\n",
			type->name);
		return -EINVAL;
	}

	return 0;
}

static int hdiov_check_pf(struct hdiov_pf *pf)
{
	unsigned int i;
	int ret;

	if (!pf->dev || !pf->owner || !pf->adi_ops || !pf->mmio_ops ||
	    !pf->vector_ops || !pf->num_types || !pf->num_qps ||
	    pf->adi_size < sizeof(struct hdiov_adi))
		return -EINVAL;

	for (i = 0; i < pf->num_types; i++) {
		const struct hdiov_type *type = &pf->types[i];

		if (!type->num_qps || !type->num_vectors ||
		    type->num_vectors > HDIOV_MAX_VECTORS ||
		    type->model->num_trap_classes > HDIOV_MAX_TRAP_CLASSES)
			return -EINVAL;
		ret = hdiov_check_model(pf, type);
		if (ret)
			return ret;
	}

	if (pf->domain_alloc)
		return 0;

	if (!dev_is_pci(pf->dev) || !to_pci_dev(pf->dev)->pasid_enabled) {
		dev_err(pf->dev,
			"hdiov: PASID is not enabled: IOMMU in scalable mode needed (intel_iommu=on,sm_on)\n");
		return -EOPNOTSUPP;
	}

	return 0;
}

/**
 * hdiov_register_pf - offer VDEVs of a physical function
 * @pf: the PF, with all of the vendor's members set. It must stay as it is
 *	until hdiov_unregister_pf().
 *
 * The types are in sysfs, and callbacks may come, before this returns.
 *
 * Context: process, may sleep; usually the probe function of the PF's driver.
 *
 * Return: 0; -EINVAL for a mistake in @pf; -EOPNOTSUPP if the platform lacks
 * PASIDs or dynamic allocation of MSI-X vectors for the device, after a message
 * that says which; -ENOMEM.
 */
int hdiov_register_pf(struct hdiov_pf *pf)
{
	static atomic64_t last_id;
	struct hdiov_pf_core *core;
	int ret;

	ret = hdiov_check_pf(pf);
	if (ret)
		return ret;

	core = kzalloc_obj(*core);
	if (!core)
		return -ENOMEM;
	core->pf = pf;
	core->id = atomic64_inc_return(&last_id);
	mutex_init(&core->vdevs_lock);
	INIT_LIST_HEAD(&core->vdevs);

	ret = hdiov_qp_init(core);
	if (ret)
		goto err_free;

	core->ims = hdiov_ims_create(pf);
	if (IS_ERR(core->ims)) {
		ret = PTR_ERR(core->ims);
		goto err_qp;
	}

	mutex_init(&pf->core_lock);
	pf->core = core;
	hdiov_debugfs_add_pf(core);
	ret = hdiov_mdev_register(core);
	if (ret)
		goto err_ims;

	return 0;

err_ims:
	debugfs_remove(core->debugfs);
	pf->core = NULL;
	hdiov_ims_destroy(core->ims);
err_qp:
	hdiov_qp_exit(core);
err_free:
	kfree(core);
	return ret;
}
EXPORT_SYMBOL_GPL(hdiov_register_pf);

/**
 * hdiov_unregister_pf - take back what hdiov_register_pf() offered
 * @pf: the PF
 *
 * All VDEVs are removed. Those in use are asked back from their users by their
 * request interrupt, and this waits until they are closed. A PF can be reset
 * meanwhile: hdiov_pf_reset_prepare() and its counterparts may be called as
 * before, and do nothing from the return of this on. When it returns no callback
 * runs and none will come.
 *
 * Context: process, may sleep for as long as users take.
 */
void hdiov_unregister_pf(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core = pf->core;

	hdiov_mdev_unregister(core);
	debugfs_remove(core->debugfs);
	WARN_ON(!list_empty(&core->vdevs));
	scoped_guard(mutex, &pf->core_lock)
		pf->core = NULL;
	hdiov_ims_destroy(core->ims);
	hdiov_qp_exit(core);
	kfree(core);
}
EXPORT_SYMBOL_GPL(hdiov_unregister_pf);

/**
 * hdiov_pf_reset_prepare - the PF is about to be reset
 * @pf: the PF, registered
 *
 * Takes all VDEVs off the hardware: doorbells are unmapped, queues quiesced as
 * far as the device still answers. Until hdiov_pf_reset_done() the registers of
 * VDEVs read as all ones and no VDEV can be opened. For the reset_prepare and
 * error_detected handlers of struct pci_error_handlers, and for system sleep.
 *
 * Context: process, may sleep. hdiov_pf_reset_done() or hdiov_pf_reset_failed()
 * must follow; another call of this may come before.
 */
void hdiov_pf_reset_prepare(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core;
	struct hdiov_vdev *vdev;

	guard(mutex)(&pf->core_lock);
	core = pf->core;
	if (!core)
		return;

	guard(mutex)(&core->vdevs_lock);
	WRITE_ONCE(core->state, HDIOV_PF_RESETTING);
	list_for_each_entry(vdev, &core->vdevs, node)
		hdiov_vdev_suspend(vdev);
}
EXPORT_SYMBOL_GPL(hdiov_pf_reset_prepare);

/**
 * hdiov_pf_reset_done - the PF works again
 * @pf: the PF, registered
 *
 * The vendor has set up the PF and the hardware contexts of all its ADIs again,
 * each with the PASID it had. Each VDEV that ran before is reset and runs again;
 * its guest sees a device that was reset. What did not confirm that it was quiet
 * is trusted again.
 *
 * Context: process, may sleep.
 */
void hdiov_pf_reset_done(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core;
	struct hdiov_vdev *vdev;

	guard(mutex)(&pf->core_lock);
	core = pf->core;
	if (!core)
		return;

	guard(mutex)(&core->vdevs_lock);
	WRITE_ONCE(core->state, HDIOV_PF_UP);
	list_for_each_entry(vdev, &core->vdevs, node)
		hdiov_vdev_resume(vdev);
}
EXPORT_SYMBOL_GPL(hdiov_pf_reset_done);

/**
 * hdiov_pf_reset_failed - the PF does not work
 * @pf: the PF, registered
 *
 * Instead of hdiov_pf_reset_done() when the reset has failed or nobody will do
 * it. VDEVs stay off the hardware until a reset succeeds, and fail with -EIO.
 * What did not confirm that it was quiet may still run: its PASID and its queue
 * pairs stay out of use.
 *
 * Context: process, may sleep.
 */
void hdiov_pf_reset_failed(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core;

	guard(mutex)(&pf->core_lock);
	core = pf->core;
	if (!core)
		return;

	guard(mutex)(&core->vdevs_lock);
	WRITE_ONCE(core->state, HDIOV_PF_DOWN);
}
EXPORT_SYMBOL_GPL(hdiov_pf_reset_failed);
