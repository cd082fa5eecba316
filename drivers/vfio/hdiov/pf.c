// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: registration of physical functions
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "hdiov_private.h"
#include "hdiov_software.h"

/*
 * Guards &hdiov_pf.core. Not in the PF: a bus error or a work item of the vendor
 * can announce a reset before the PF is registered, and nothing in it is set up.
 */
static DEFINE_SPINLOCK(hdiov_cores_lock);

/* The core's side of a PF, which stays until hdiov_core_put(); NULL if none */
static struct hdiov_pf_core *hdiov_core_get(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core;

	scoped_guard(spinlock, &hdiov_cores_lock) {
		core = pf->core;
		if (core)
			refcount_inc(&core->users);
	}
	return core;
}

static void hdiov_core_put(struct hdiov_pf_core *core)
{
	if (refcount_dec_and_test(&core->users))
		complete(&core->unused);
}

/* From now on resets find it */
static void hdiov_core_show(struct hdiov_pf_core *core)
{
	scoped_guard(spinlock, &hdiov_cores_lock)
		core->pf->core = core;
}

/* Nobody finds it any more, and resets that had found it are over */
static void hdiov_core_hide(struct hdiov_pf_core *core)
{
	scoped_guard(spinlock, &hdiov_cores_lock)
		core->pf->core = NULL;
	hdiov_core_put(core);
	wait_for_completion(&core->unused);
}

static void hdiov_lost_free(struct hdiov_pf_core *core, struct hdiov_lost *lost)
{
	if (lost->stuck) {
		hdiov_pasid_free(core, lost->pasid);
		hdiov_qp_free(core, lost->qp_base, lost->num_qps);
	}
	hdiov_irq_free_lost(core, lost->vectors, lost->num_vectors);
	kfree(lost);
}

/**
 * hdiov_pf_lose - keep what a removed VDEV had until the PF has been reset
 * @core: the PF
 * @lost: what it had, allocated; not the caller's any more
 *
 * Context: process; takes vdevs_lock
 */
void hdiov_pf_lose(struct hdiov_pf_core *core, struct hdiov_lost *lost)
{
	guard(mutex)(&core->vdevs_lock);

	/*
	 * CPU 0 removes the VDEV and has taken it off the list of VDEVs. CPU 1
	 * resets the PF from beginning to end and does not find it there. Then
	 * CPU 0 comes here. Or CPU 1 has just been told that the PF is gone, and waits
	 * for the lock that CPU 0 has: then its registers are not touched any more.
	 */
	if (core->state == HDIOV_PF_UP && !READ_ONCE(core->gone) &&
	    (!lost->stuck || core->comebacks != lost->since))
		hdiov_lost_free(core, lost);
	else
		list_add(&lost->node, &core->lost);
}

/* No queue lives through a reset of the PF */
static void hdiov_pf_recover(struct hdiov_pf_core *core)
{
	struct hdiov_lost *lost, *next;

	lockdep_assert_held(&core->vdevs_lock);

	WRITE_ONCE(core->gone, false);
	/* Before any VDEV runs again, and fails again to get quiet */
	WRITE_ONCE(core->comebacks, core->comebacks + 1);
	list_for_each_entry_safe(lost, next, &core->lost, node) {
		list_del(&lost->node);
		hdiov_lost_free(core, lost);
	}
}

/* At the end: nobody finds @core any more */
static void hdiov_pf_forget_lost(struct hdiov_pf_core *core)
{
	struct hdiov_lost *lost, *next;

	list_for_each_entry_safe(lost, next, &core->lost, node) {
		if (lost->stuck)
			dev_warn(core->pf->dev,
				 "hdiov: PASID %u is out of use until the next boot\n",
				 lost->pasid);
		hdiov_irq_free_lost(core, lost->vectors, lost->num_vectors);
		list_del(&lost->node);
		kfree(lost);
	}
}

static bool hdiov_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static int hdiov_check_model(struct hdiov_pf *pf, const struct hdiov_type *type)
{
	const struct hdiov_model *model = type->model;
	u64 table_size = (u64)type->num_vectors * PCI_MSIX_ENTRY_SIZE;
	u64 pba_size = BITS_TO_U64(type->num_vectors) * 8;
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

	end = max(model->msix_table + table_size, model->msix_pba + pba_size);
	if (model->msix_bar >= HDIOV_NUM_BARS ||
	    end > model->bar[model->msix_bar].size ||
	    hdiov_overlap(model->msix_table, table_size, model->msix_pba,
			  pba_size) ||
	    !IS_ALIGNED(model->msix_table | model->msix_pba, 8)) {
		dev_err(pf->dev, "hdiov: type %s: MSI-X table or pending bits misplaced\n",
			type->name);
		return -EINVAL;
	}

	return 0;
}

static bool hdiov_has_adi_ops(const struct hdiov_adi_ops *ops)
{
	return ops && ops->create && ops->destroy && ops->set_pasid &&
	       ops->enable && ops->quiesce && ops->reset &&
	       !ops->pause == !ops->resume;
}

static bool hdiov_has_mmio_ops(const struct hdiov_mmio_ops *ops)
{
	return ops && ops->read && ops->write;
}

static bool hdiov_has_widths(const struct hdiov_mmio_ops *ops)
{
	return is_power_of_2(ops->min_width) && is_power_of_2(ops->max_width) &&
	       ops->min_width <= ops->max_width &&
	       ops->max_width <= sizeof(u64);
}

static bool hdiov_has_vector_ops(const struct hdiov_vector_ops *ops)
{
	return ops->bind && ops->unbind && (ops->slot || !ops->release);
}

static bool hdiov_has_ims_ops(const struct hdiov_ims_ops *ops)
{
	return ops->write_msg && ops->mask && ops->unmask;
}

static bool hdiov_has_migrate_ops(const struct hdiov_migrate_ops *ops)
{
	return ops->save && ops->check && ops->load && ops->kinds &&
	       ops->num_kinds;
}

static bool hdiov_has_record_kinds(const struct hdiov_migrate_ops *ops)
{
	unsigned int i, k;

	for (i = 0; i < ops->num_kinds; i++) {
		const struct hdiov_record_kind *kind = &ops->kinds[i];

		if (kind->type < HDIOV_RECORD_VENDOR || !kind->name ||
		    kind->min_len > kind->max_len ||
		    kind->max_len > HDIOV_RECORD_MAX_LEN)
			return false;
		for (k = 0; k < i; k++)
			if (ops->kinds[k].type == kind->type)
				return false;
	}
	return ops->min_reader <= ops->version;
}

/* What of the vendor's part of @pf is not as it must be, or NULL */
static const char *hdiov_pf_mistake(const struct hdiov_pf *pf)
{
	if (!pf->dev)
		return "there is no device";
	if (!hdiov_has_adi_ops(pf->adi_ops))
		return "an operation of ADIs is missing";
	if (!hdiov_has_mmio_ops(pf->mmio_ops))
		return "an operation of registers is missing";
	if (!hdiov_has_widths(pf->mmio_ops))
		return "min_width and max_width are not 1, 2, 4 or 8";
	if (pf->vector_ops && !hdiov_has_vector_ops(pf->vector_ops))
		return "an operation of vectors is missing";
	if (pf->ims_ops && !pf->vector_ops)
		return "there is a message table, and no vector for it";
	if (pf->ims_ops && !hdiov_has_ims_ops(pf->ims_ops))
		return "an operation of the message table is missing";
	if (pf->ims_ops && !pf->num_ims)
		return "the message table has no slots";
	if (pf->migrate_ops && !pf->adi_ops->pause)
		return "it cannot pause, which migration needs";
	if (pf->migrate_ops && !hdiov_has_migrate_ops(pf->migrate_ops))
		return "an operation of migration is missing";
	if (pf->migrate_ops && !hdiov_has_record_kinds(pf->migrate_ops))
		return "bad kinds of records, or versions of them";
	if (pf->adi_size < sizeof(struct hdiov_adi))
		return "adi_size is not HDIOV_ADI_SIZE()";
	if (!pf->types || !pf->num_types)
		return "there are no types";
	if (!pf->num_qps && (pf->adi_ops->suits || !pf->adi_ops->available))
		return "only the vendor can tell what its own queue pairs are enough for";
	return NULL;
}

static const char *hdiov_type_mistake(const struct hdiov_pf *pf,
				      const struct hdiov_type *type)
{
	if (!type->name || !type->pretty_name)
		return "no name";
	if (!type->model)
		return "no model";
	if (!type->num_qps)
		return "no queue pairs";
	if (!type->num_vectors || type->num_vectors > HDIOV_MAX_VECTORS)
		return "bad number of vectors";
	if (type->model->num_trap_classes > HDIOV_MAX_TRAP_CLASSES ||
	    !type->model->num_trap_classes != !type->model->trap_class ||
	    !type->model->trap_class != !pf->mmio_ops->trap_class)
		return "bad trap classes";
	return NULL;
}

static int hdiov_check_pf(struct hdiov_pf *pf)
{
	const char *mistake = hdiov_pf_mistake(pf);
	unsigned int i;
	int ret;

	if (mistake) {
		dev_err(pf->dev, "hdiov: %s\n", mistake);
		return -EINVAL;
	}

	for (i = 0; i < pf->num_types; i++) {
		const struct hdiov_type *type = &pf->types[i];

		mistake = hdiov_type_mistake(pf, type);
		if (mistake) {
			dev_err(pf->dev, "hdiov: type %u (%s): %s\n", i,
				type->name ?: "?", mistake);
			return -EINVAL;
		}
		ret = hdiov_check_model(pf, type);
		if (ret)
			return ret;
	}

	return 0;
}

static int hdiov_core_add(struct hdiov_pf *pf,
			  struct iommu_domain *(*domain_alloc)(struct hdiov_pf *pf))
{
	static atomic64_t last_id;
	struct hdiov_pf_core *core;
	int ret;

	core = kzalloc_obj(*core);
	if (!core)
		return -ENOMEM;
	core->pf = pf;
	core->domain_alloc = domain_alloc;
	core->id = atomic64_inc_return(&last_id);
	refcount_set(&core->users, 1);
	init_completion(&core->unused);
	mutex_init(&core->vdevs_lock);
	INIT_LIST_HEAD(&core->vdevs);
	INIT_LIST_HEAD(&core->lost);

	ret = hdiov_qp_init(core);
	if (ret)
		goto err_free;

	ret = hdiov_iommu_check(core);
	if (ret)
		goto err_qp;

	core->ims = hdiov_ims_create(pf);
	if (IS_ERR(core->ims)) {
		ret = PTR_ERR(core->ims);
		goto err_qp;
	}

	hdiov_core_show(core);
	hdiov_debugfs_add_pf(core);
	ret = hdiov_mdev_register(core);
	if (ret)
		goto err_ims;

	return 0;

err_ims:
	debugfs_remove(core->debugfs);
	hdiov_core_hide(core);
	hdiov_ims_destroy(core->ims);
err_qp:
	hdiov_qp_exit(core);
err_free:
	kfree(core);
	return ret;
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
 * PASIDs or dynamic allocation of MSI-X vectors for the device, or what the IOMMU
 * driver says if no domain for guests can be attached to a PASID; all after a
 * message that says which; -ENOMEM.
 */
int hdiov_register_pf(struct hdiov_pf *pf)
{
	int ret;

	ret = hdiov_check_pf(pf);
	if (ret)
		return ret;

	if (!dev_is_pci(pf->dev) || !to_pci_dev(pf->dev)->pasid_enabled) {
		dev_err(pf->dev,
			"hdiov: PASID is not enabled: IOMMU in scalable mode needed (intel_iommu=on,sm_on)\n");
		return -EOPNOTSUPP;
	}

	return hdiov_core_add(pf, NULL);
}
EXPORT_SYMBOL_GPL(hdiov_register_pf);

/**
 * hdiov_register_software_pf - offer VDEVs of a software device
 * @pf: as for hdiov_register_pf(), but any device
 * @domain_alloc: allocate a paging domain of the driver's own, with map_pages,
 *	unmap_pages, iova_to_phys and free. The PASID handed to
 *	&hdiov_adi_ops.set_pasid is then just a number, and hdiov_adi_domain() tells
 *	what it stands for.
 *
 * Context: as hdiov_register_pf()
 *
 * Return: as hdiov_register_pf(), or what @domain_alloc returns
 */
int hdiov_register_software_pf(struct hdiov_pf *pf,
			       struct iommu_domain *(*domain_alloc)(struct hdiov_pf *pf))
{
	int ret;

	ret = hdiov_check_pf(pf);
	if (ret)
		return ret;

	return hdiov_core_add(pf, domain_alloc);
}
EXPORT_SYMBOL_GPL(hdiov_register_software_pf);

/**
 * hdiov_unregister_pf - take back what hdiov_register_pf() offered
 * @pf: the PF
 *
 * All VDEVs are removed. Those in use are asked back from their users by their
 * request interrupt, and this waits until they are closed. A PF can be reset
 * meanwhile: hdiov_pf_reset_prepare() and its counterparts may be called as
 * before, and do nothing from the return of this on. When it returns no callback
 * runs and none will come. The PASIDs of VDEVs that were removed and never got
 * quiet since the last reset of the PF are not used again before the next boot.
 *
 * Context: process, may sleep for as long as users take.
 */
void hdiov_unregister_pf(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core = pf->core;

	hdiov_mdev_unregister(core);
	debugfs_remove(core->debugfs);
	WARN_ON(!list_empty(&core->vdevs));
	hdiov_core_hide(core);
	hdiov_pf_forget_lost(core);
	hdiov_ims_destroy(core->ims);
	hdiov_qp_exit(core);
	kfree(core);
}
EXPORT_SYMBOL_GPL(hdiov_unregister_pf);

static void hdiov_pf_down(struct hdiov_pf_core *core, enum hdiov_pf_state state)
{
	struct hdiov_vdev *vdev;

	lockdep_assert_held(&core->vdevs_lock);

	WRITE_ONCE(core->state, state);
	/* All at once: hundreds, each of which can take seconds */
	list_for_each_entry(vdev, &core->vdevs, node)
		queue_work(hdiov_pf_wq, &vdev->suspend_work);
	list_for_each_entry(vdev, &core->vdevs, node)
		flush_work(&vdev->suspend_work);
}

static void hdiov_pf_up(struct hdiov_pf_core *core)
{
	struct hdiov_vdev *vdev;

	lockdep_assert_held(&core->vdevs_lock);

	hdiov_pf_recover(core);
	WRITE_ONCE(core->state, HDIOV_PF_UP);
	list_for_each_entry(vdev, &core->vdevs, node)
		queue_work(hdiov_pf_wq, &vdev->resume_work);
	list_for_each_entry(vdev, &core->vdevs, node)
		flush_work(&vdev->resume_work);
}

/* One of the resets that have begun is over; true if it was the last of them */
static bool hdiov_pf_reset_over(struct hdiov_pf_core *core)
{
	lockdep_assert_held(&core->vdevs_lock);

	/* None has begun: a PF that was given up is back, or one is given up */
	if (core->resets)
		core->resets--;
	return !core->resets;
}

/**
 * hdiov_pf_reset_prepare - the PF is about to be reset
 * @pf: the PF
 *
 * Takes all VDEVs off the hardware at once: doorbells are unmapped, queues
 * quiesced. The function must still answer, or else hdiov_pf_reset_begun() is to be
 * called. It takes as long as the slowest of them does. From its return on the core
 * has nobody touch the registers of the PF or its MSI-X table: vectors that users
 * enable or disable meanwhile get or lose their messages later. Until
 * hdiov_pf_reset_done() the registers of VDEVs read as all ones and no VDEV gets an
 * address space (-EAGAIN). For the reset_prepare and shutdown handlers of the PF's
 * driver, and for system sleep.
 *
 * Resets nest: an administrator can reset the function between two steps of the
 * recovery from a bus error. VDEVs come back when as many resets are done as
 * have begun, and the last one decides how.
 *
 * Context: process, may sleep; without locks that a callback of an ADI takes; also
 * before the PF is registered and after, which does nothing. hdiov_pf_reset_done()
 * or hdiov_pf_reset_failed() must follow each call, but for that of a shutdown handler,
 * after which nothing comes.
 */
void hdiov_pf_reset_prepare(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core = hdiov_core_get(pf);

	if (!core)
		return;

	scoped_guard(mutex, &core->vdevs_lock) {
		core->resets++;
		hdiov_pf_down(core, HDIOV_PF_RESETTING);
	}
	hdiov_core_put(core);
}
EXPORT_SYMBOL_GPL(hdiov_pf_reset_prepare);

/**
 * hdiov_pf_reset_begun - the PF is being reset already, or does not answer
 * @pf: the PF
 *
 * Instead of hdiov_pf_reset_prepare() for a vendor that was not asked: another
 * driver resets the card, its registers are found to be as after a reset, or the
 * bus has reported an error. Doorbells are unmapped at once. No VDEV is quiesced:
 * &hdiov_adi_ops.abandon is called for those that run, and no other callback that
 * touches hardware begins but for register accesses of guests, which may come until
 * this returns. Those, and what was under way when this was called, the vendor has
 * to fence itself, as it has in the time in which nobody knew: by registers that are
 * read back, for example, and by giving up where the hardware does not answer. From
 * the return of this on everything is as after hdiov_pf_reset_prepare(), with which
 * it nests.
 *
 * If the reset can be over before the core has heard of it, the vendor keeps bus
 * mastering off until this has returned: doorbells that are still mapped could
 * start queues that have lost their PASIDs.
 *
 * Context: process, may sleep; as hdiov_pf_reset_prepare(), from a work item as well
 * as from a handler of struct pci_error_handlers. The caller holds no lock, and is
 * no work item, that a callback of an ADI waits for: this waits for those that are
 * under way. hdiov_pf_reset_done() or hdiov_pf_reset_failed() must follow each call.
 * What such a callback has started on a card that was reset under it, the vendor
 * stops before hdiov_pf_reset_done(); messages that were written into the MSI-X table
 * meanwhile it writes again after this.
 */
void hdiov_pf_reset_begun(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core = hdiov_core_get(pf);

	if (!core)
		return;

	/* At once, for callbacks that are to begin, and again if done() took it back */
	WRITE_ONCE(core->gone, true);
	scoped_guard(mutex, &core->vdevs_lock) {
		core->resets++;
		WRITE_ONCE(core->gone, true);
		hdiov_pf_down(core, HDIOV_PF_RESETTING);
	}
	hdiov_core_put(core);
}
EXPORT_SYMBOL_GPL(hdiov_pf_reset_begun);

/**
 * hdiov_pf_reset_done - the PF works again
 * @pf: the PF
 *
 * The vendor has set up the PF and the hardware contexts of all its ADIs again,
 * each with the PASID it had. If no other reset has begun, each VDEV that ran
 * before is reset and runs again; its guest sees a device that was reset. What
 * did not confirm that it was quiet is trusted again, and what removed VDEVs had
 * of it is given out again.
 *
 * Context: as hdiov_pf_reset_prepare(). Without one before, it brings back a PF
 * that was given up, and does nothing if there is none.
 */
void hdiov_pf_reset_done(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core = hdiov_core_get(pf);

	if (!core)
		return;

	/*
	 * In state UP no reset has begun that VDEVs could come back from: they run, and
	 * what did not get quiet still may.
	 */
	scoped_guard(mutex, &core->vdevs_lock) {
		if (core->state != HDIOV_PF_UP && hdiov_pf_reset_over(core))
			hdiov_pf_up(core);
	}
	hdiov_core_put(core);
}
EXPORT_SYMBOL_GPL(hdiov_pf_reset_done);

/**
 * hdiov_pf_reset_failed - the PF does not work
 * @pf: the PF
 *
 * Instead of hdiov_pf_reset_done() when the reset has failed or nobody will do
 * it, and when the PF is given up without one. VDEVs stay off the hardware, or
 * are taken off it, until a reset succeeds, and fail with -EIO. What did not
 * confirm that it was quiet may still run: its PASID and its queue pairs stay out
 * of use.
 *
 * Context: as hdiov_pf_reset_prepare()
 */
void hdiov_pf_reset_failed(struct hdiov_pf *pf)
{
	struct hdiov_pf_core *core = hdiov_core_get(pf);

	if (!core)
		return;

	scoped_guard(mutex, &core->vdevs_lock) {
		hdiov_pf_down(core, hdiov_pf_reset_over(core) ?
			      HDIOV_PF_DOWN : HDIOV_PF_RESETTING);
	}
	hdiov_core_put(core);
}
EXPORT_SYMBOL_GPL(hdiov_pf_reset_failed);
