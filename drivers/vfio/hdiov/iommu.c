// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: what stands between {PF, PASID} and VFIO
 *
 * VFIO's container and iommufd attach domains to whole devices, and Linux has
 * no device that stands for {device, PASID}. So there is one here: each VDEV has
 * an endpoint, a platform device below the mdev device, and an IOMMU driver
 * whose domains wrap paging domains of the PF. VFIO and iommufd map and unmap
 * in the wrapped domain. Which domain is attached to an endpoint is only
 * recorded; the core attaches the wrapped domain to the VDEV's PASID when the
 * VDEV starts, and detaches it after its queues are quiet. It cannot be done in
 * the attach callback: that runs under the endpoint's group mutex, and attaching
 * a PASID takes the PF's, which is of the same lock class.
 *
 * All of this goes when Linux binds {device, PASID} itself.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "compat.h"
#include "hdiov_private.h"

static struct iommu_device hdiov_iommu;

static struct hdiov_domain *to_hdiov_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct hdiov_domain, domain);
}

/* Both the endpoint and the front end's device lead to the VDEV */
static struct hdiov_vdev *hdiov_iommu_vdev(struct device *dev)
{
	return dev->iommu->priv;
}

static int hdiov_domain_attach(HDIOV_ATTACH_DEV_ARGS)
{
	struct hdiov_domain *hdom = to_hdiov_domain(domain);
	struct hdiov_vdev *vdev = hdiov_iommu_vdev(dev);

	/* A caller may try a domain of another PF; it then makes a new one */
	if (hdom->pf_id != vdev->core->id)
		return -EINVAL;

	WRITE_ONCE(vdev->domain, hdom);
	return 0;
}

static int hdiov_domain_map(struct iommu_domain *domain, unsigned long iova,
			    phys_addr_t paddr, size_t pgsize, size_t pgcount,
			    int prot, gfp_t gfp, size_t *mapped)
{
	struct hdiov_domain *hdom = to_hdiov_domain(domain);
	int ret;

	/* A huge page takes the place of a table that a walk may be in */
	guard(rwsem_read)(&hdom->tables);

	ret = iommu_map(hdom->real, iova, paddr, pgsize * pgcount, prot, gfp);
	if (!ret)
		*mapped = pgsize * pgcount;
	return ret;
}

static size_t hdiov_domain_unmap(struct iommu_domain *domain,
				 unsigned long iova, size_t pgsize,
				 size_t pgcount,
				 struct iommu_iotlb_gather *gather)
{
	struct hdiov_domain *hdom = to_hdiov_domain(domain);

	guard(rwsem_read)(&hdom->tables);

	return iommu_unmap_fast(hdom->real, iova, pgsize * pgcount, gather);
}

static void hdiov_domain_iotlb_sync(struct iommu_domain *domain,
				    struct iommu_iotlb_gather *gather)
{
	struct hdiov_domain *hdom = to_hdiov_domain(domain);

	if (hdom->real->ops->iotlb_sync)
		hdom->real->ops->iotlb_sync(hdom->real, gather);
}

static void hdiov_domain_flush_iotlb_all(struct iommu_domain *domain)
{
	iommu_flush_iotlb_all(to_hdiov_domain(domain)->real);
}

static phys_addr_t hdiov_domain_iova_to_phys(struct iommu_domain *domain,
					     dma_addr_t iova)
{
	return iommu_iova_to_phys(to_hdiov_domain(domain)->real, iova);
}

static bool hdiov_domain_enforce_coherency(struct iommu_domain *domain)
{
	struct hdiov_domain *hdom = to_hdiov_domain(domain);
	struct iommu_domain *real = hdom->real;

	return hdom->can_enforce && real->ops->enforce_cache_coherency &&
	       real->ops->enforce_cache_coherency(real);
}

/**
 * hdiov_domain_put - the domain has a user less
 * @hdom: the domain, which is freed with the last one
 *
 * Context: process
 */
void hdiov_domain_put(struct hdiov_domain *hdom)
{
	if (!refcount_dec_and_test(&hdom->users))
		return;

	mutex_destroy(&hdom->log_lock);
	iommu_domain_free(hdom->real);
	module_put(hdom->owner);
	kfree(hdom);
	module_put(THIS_MODULE);
}

/* Nothing is mapped in it any more, but a VDEV may still be bound to it */
static void hdiov_domain_free(struct iommu_domain *domain)
{
	hdiov_domain_put(to_hdiov_domain(domain));
}

static const struct iommu_domain_ops hdiov_domain_ops = {
	.attach_dev = hdiov_domain_attach,
	.map_pages = hdiov_domain_map,
	.unmap_pages = hdiov_domain_unmap,
	.iotlb_sync = hdiov_domain_iotlb_sync,
	.flush_iotlb_all = hdiov_domain_flush_iotlb_all,
	.iova_to_phys = hdiov_domain_iova_to_phys,
	.enforce_cache_coherency = hdiov_domain_enforce_coherency,
	.free = hdiov_domain_free,
};

/* A paging domain that PASIDs of the PF can be attached to */
static struct iommu_domain *hdiov_domain_alloc_real(struct hdiov_pf_core *core)
{
	struct device *dev = core->pf->dev;

	if (core->domain_alloc)
		return core->domain_alloc(core->pf);
	if (HDIOV_CAN_LOG &&
	    device_iommu_capable(dev, IOMMU_CAP_DIRTY_TRACKING))
		return hdiov_paging_domain_alloc_logging(dev);
	return iommu_paging_domain_alloc(dev);
}

static struct iommu_domain *hdiov_domain_alloc_paging(struct device *dev)
{
	struct hdiov_pf_core *core;
	struct hdiov_domain *hdom;
	struct iommu_domain *real;
	int ret;

	if (!dev)
		return ERR_PTR(-EOPNOTSUPP);
	core = hdiov_iommu_vdev(dev)->core;

	/* As many as the user of an iommufd likes */
	hdom = kzalloc_obj(*hdom, GFP_KERNEL_ACCOUNT);
	if (!hdom)
		return ERR_PTR(-ENOMEM);

	if (core->domain_alloc) {
		hdom->owner = core->pf->owner;
		if (!try_module_get(hdom->owner)) {
			ret = -ENODEV;
			goto err_free;
		}
	}
	real = hdiov_domain_alloc_real(core);
	if (IS_ERR(real)) {
		ret = PTR_ERR(real);
		goto err_module;
	}

	/* The endpoint that @dev leads to holds one as well */
	__module_get(THIS_MODULE);
	hdom->pf_id = core->id;
	hdom->real = real;
	refcount_set(&hdom->users, 1);
	init_rwsem(&hdom->tables);
	mutex_init(&hdom->log_lock);
	/*
	 * A domain without a device says yes to everything. VT-d then refuses
	 * to attach it to a PASID of an IOMMU without snoop control.
	 */
	hdom->can_enforce = device_iommu_capable(core->pf->dev,
						 IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
	hdom->domain.pgsize_bitmap = real->pgsize_bitmap;
	hdom->domain.geometry = real->geometry;
	hdom->domain.ops = &hdiov_domain_ops;
	return &hdom->domain;

err_module:
	module_put(hdom->owner);
err_free:
	kfree(hdom);
	return ERR_PTR(ret);
}

static int hdiov_blocked_attach(HDIOV_ATTACH_DEV_ARGS)
{
	WRITE_ONCE(hdiov_iommu_vdev(dev)->domain, NULL);
	return 0;
}

static struct iommu_domain hdiov_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = hdiov_blocked_attach,
	},
};

static bool hdiov_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	struct hdiov_pf_core *core = hdiov_iommu_vdev(dev)->core;

	/* The engine of a software device is a CPU */
	if (core->domain_alloc)
		return cap == IOMMU_CAP_CACHE_COHERENCY;

	/*
	 * Not all that the PF's IOMMU can do: a user has the log from the VDEV, not
	 * from the domain.
	 */
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
	case IOMMU_CAP_ENFORCE_CACHE_COHERENCY:
		return device_iommu_capable(core->pf->dev, cap);
	default:
		return false;
	}
}

static struct iommu_device *hdiov_iommu_probe(struct device *dev)
{
	/* The fwspec, which only endpoints have, has led here */
	return &hdiov_iommu;
}

/*
 * Of the PF's reserved regions those that concern all who send through its
 * IOMMU: where interrupts are taken from the bus, and where nobody may write.
 *
 * Direct regions (RMRRs) are for what firmware and the PF do behind the back of
 * the PF's driver. They do it without a PASID, and so within the PF's own domain,
 * where Linux maps them. A VDEV that had them, too, could not be attached to the
 * blocked domain, and its guest's memory would have holes.
 *
 * Software-managed MSI windows are for interrupts that a domain translates.
 * Those of a VDEV are the PF's messages, which have no PASID either.
 */
static void hdiov_iommu_resv_regions(struct device *dev, struct list_head *list)
{
	struct hdiov_pf_core *core = hdiov_iommu_vdev(dev)->core;
	struct iommu_resv_region *region, *next;
	LIST_HEAD(regions);

	/* The engine of a software device is a CPU */
	if (core->domain_alloc)
		return;

	iommu_get_resv_regions(core->pf->dev, &regions);
	list_for_each_entry_safe(region, next, &regions, list) {
		if (region->type == IOMMU_RESV_MSI ||
		    region->type == IOMMU_RESV_RESERVED)
			list_move_tail(&region->list, list);
	}
	iommu_put_resv_regions(core->pf->dev, &regions);
}

static const struct iommu_ops hdiov_iommu_ops = {
	.owner = THIS_MODULE,
	.capable = hdiov_iommu_capable,
	.probe_device = hdiov_iommu_probe,
	.device_group = generic_device_group,
	.get_resv_regions = hdiov_iommu_resv_regions,
	.domain_alloc_paging = hdiov_domain_alloc_paging,
	.default_domain_ops = &hdiov_domain_ops,
	.default_domain = &hdiov_blocked_domain,
	.blocked_domain = &hdiov_blocked_domain,
	.release_domain = &hdiov_blocked_domain,
};

/**
 * hdiov_iommu_check - can requests of a PF be translated by PASID
 * @core: the PF, about to be registered
 *
 * There are IOMMUs that let a device have PASIDs, but only for the address spaces
 * of processes. So try. By the way it is seen whether the page tables have dirty
 * bits.
 *
 * Context: process; takes the mutex of the PF's IOMMU group
 *
 * Return: 0, or what the IOMMU driver says, after a message
 */
int hdiov_iommu_check(struct hdiov_pf_core *core)
{
	struct hdiov_pf *pf = core->pf;
	struct iommu_domain *domain;
	u32 pasid;
	int ret;

	domain = hdiov_domain_alloc_real(core);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto out;
	}
	core->logs = HDIOV_CAN_LOG && domain->dirty_ops;

	ret = hdiov_pasid_alloc(core, &pasid);
	if (ret)
		goto out_domain;

	if (!core->domain_alloc) {
		ret = iommu_attach_device_pasid(domain, pf->dev, pasid, NULL);
		if (!ret)
			iommu_detach_device_pasid(domain, pf->dev, pasid);
	}
	hdiov_pasid_free(core, pasid);
out_domain:
	iommu_domain_free(domain);
out:
	if (ret)
		dev_err(pf->dev,
			"hdiov: its IOMMU cannot translate for guests by PASID: %d\n",
			ret);
	return ret;
}

/* The IOMMU core frees it by the same steps when the device leaves its group */
static void hdiov_dev_iommu_free(struct dev_iommu *param)
{
	if (param->fwspec) {
		fwnode_handle_put(param->fwspec->iommu_fwnode);
		kfree(param->fwspec);
	}
	kfree(param);
}

static struct dev_iommu *hdiov_dev_iommu_alloc(struct hdiov_vdev *vdev)
{
	struct dev_iommu *param;

	param = kzalloc_obj(*param);
	if (!param)
		return NULL;
	mutex_init(&param->lock);
	param->priv = vdev;

	param->fwspec = kzalloc_obj(*param->fwspec);
	if (!param->fwspec) {
		kfree(param);
		return NULL;
	}
	param->fwspec->iommu_fwnode = fwnode_handle_get(hdiov_iommu.fwnode);
	return param;
}

/**
 * hdiov_iommu_join - give a VDEV's device an IOMMU group
 * @vdev: the VDEV; its PF and its VFIO device's parent are set
 *
 * Afterwards the device and its endpoint are in a group of their own with the
 * blocked domain attached.
 *
 * Context: process
 *
 * Return: 0 or a negative errno
 */
int hdiov_iommu_join(struct hdiov_vdev *vdev)
{
	struct device *dev = hdiov_vdev_dev(vdev);
	struct platform_device *ep;
	int ret;

	ep = platform_device_alloc("hdiov-endpoint", PLATFORM_DEVID_AUTO);
	if (!ep)
		return -ENOMEM;
	ep->dev.parent = dev;
	/* VFIO asks all devices of a group whether their MSIs are isolated */
	dev_set_msi_domain(&ep->dev, dev_get_msi_domain(vdev->core->pf->dev));

	/*
	 * Set by hand what iommu_fwspec_init() would: that asserts a lock which
	 * only the IOMMU core can take. Nobody else sees the device yet.
	 */
	ep->dev.iommu = hdiov_dev_iommu_alloc(vdev);
	if (!ep->dev.iommu) {
		ret = -ENOMEM;
		goto err_put;
	}

	ret = platform_device_add(ep);
	if (ret)
		goto err_param;
	if (!ep->dev.iommu_group) {
		ret = -ENODEV;
		goto err_del;
	}

	dev->iommu = hdiov_dev_iommu_alloc(vdev);
	if (!dev->iommu) {
		ret = -ENOMEM;
		goto err_del;
	}
	dev->iommu->iommu_dev = &hdiov_iommu;
	dev_set_msi_domain(dev, dev_get_msi_domain(vdev->core->pf->dev));

	ret = iommu_group_add_device(ep->dev.iommu_group, dev);
	if (ret)
		goto err_dev_param;

	/*
	 * The IOMMU core drops a reference to hdiov_iommu_ops.owner for each
	 * device that leaves, but took none for one that it did not probe.
	 */
	__module_get(THIS_MODULE);
	vdev->endpoint = ep;
	return 0;

err_dev_param:
	hdiov_dev_iommu_free(dev->iommu);
	dev->iommu = NULL;
err_del:
	platform_device_del(ep);
err_param:
	if (ep->dev.iommu) {
		hdiov_dev_iommu_free(ep->dev.iommu);
		ep->dev.iommu = NULL;
	}
err_put:
	platform_device_put(ep);
	return ret;
}

/**
 * hdiov_iommu_leave - undo hdiov_iommu_join()
 * @vdev: the VDEV, not registered with VFIO any more
 *
 * Context: process
 */
void hdiov_iommu_leave(struct hdiov_vdev *vdev)
{
	iommu_group_remove_device(hdiov_vdev_dev(vdev));
	platform_device_unregister(vdev->endpoint);
}

/**
 * hdiov_iommu_bind - get a PASID and attach the VDEV's domain to it
 * @vdev: the VDEV, idle, with a domain attached to its endpoint; the caller
 *	holds its lock
 *
 * From here on the IOMMU translates requests with &hdiov_vdev.pasid.
 *
 * Context: process; takes the mutex of the PF's IOMMU group
 *
 * Return: 0; -ENODEV if VFIO attached no domain; -ENOSPC if no PASID is left;
 * or what the IOMMU driver says
 */
int hdiov_iommu_bind(struct hdiov_vdev *vdev)
{
	struct hdiov_domain *hdom = READ_ONCE(vdev->domain);
	struct hdiov_pf *pf = vdev->core->pf;
	int ret;

	lockdep_assert_held(&vdev->lock);

	if (!hdom)
		return -ENODEV;

	ret = hdiov_pasid_alloc(vdev->core, &vdev->pasid);
	if (ret) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "no PASID left on %s\n",
				    dev_name(pf->dev));
		return ret;
	}

	if (!vdev->core->domain_alloc) {
		ret = iommu_attach_device_pasid(hdom->real, pf->dev,
						vdev->pasid, NULL);
		if (ret) {
			dev_err_ratelimited(hdiov_vdev_dev(vdev),
					    "cannot attach PASID %u of %s: %d\n",
					    vdev->pasid, dev_name(pf->dev), ret);
			hdiov_pasid_free(vdev->core, vdev->pasid);
			return ret;
		}
	}

	refcount_inc(&hdom->users);
	vdev->bound = hdom;
	return 0;
}

/**
 * hdiov_iommu_unbind - undo hdiov_iommu_bind()
 * @vdev: the VDEV; nothing on the PF sends its PASID any more, unless it did not
 *	get quiet: then the PASID is blocked, and not given out again before the PF
 *	has been reset. The caller holds its lock.
 *
 * Context: process; takes the mutex of the PF's IOMMU group
 */
void hdiov_iommu_unbind(struct hdiov_vdev *vdev)
{
	struct hdiov_pf *pf = vdev->core->pf;

	lockdep_assert_held(&vdev->lock);

	if (!vdev->core->domain_alloc)
		iommu_detach_device_pasid(vdev->bound->real, pf->dev,
					  vdev->pasid);
	if (!vdev->not_quiet)
		hdiov_pasid_free(vdev->core, vdev->pasid);
	hdiov_domain_put(vdev->bound);
	vdev->bound = NULL;
}

/**
 * hdiov_iommu_init - register the IOMMU driver of the endpoints
 *
 * Return: 0 or a negative errno
 */
int hdiov_iommu_init(void)
{
	struct fwnode_handle *fwnode;
	int ret;

	/* What makes the IOMMU core find this driver for an endpoint */
	fwnode = fwnode_create_software_node(NULL, NULL);
	if (IS_ERR(fwnode))
		return PTR_ERR(fwnode);

	ret = iommu_device_sysfs_add(&hdiov_iommu, NULL, NULL, "hdiov");
	if (ret)
		goto err_fwnode;

	hdiov_iommu.fwnode = fwnode;
	ret = iommu_device_register(&hdiov_iommu, &hdiov_iommu_ops, NULL);
	if (ret)
		goto err_sysfs;
	return 0;

err_sysfs:
	iommu_device_sysfs_remove(&hdiov_iommu);
err_fwnode:
	fwnode_remove_software_node(fwnode);
	return ret;
}

/**
 * hdiov_iommu_exit - undo hdiov_iommu_init()
 */
void hdiov_iommu_exit(void)
{
	iommu_device_unregister(&hdiov_iommu);
	iommu_device_sysfs_remove(&hdiov_iommu);
	fwnode_remove_software_node(hdiov_iommu.fwnode);
}
