/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that hdiov builds against out of tree, 6.12
 * and 7.3. Merged, this file would go.
 */
#ifndef _HDIOV_COMPAT_H
#define _HDIOV_COMPAT_H

#include <linux/iommu.h>
#include <linux/irqbypass.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vfio.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
/* iommu_domain_ops.attach_dev has no third parameter yet */
#define HDIOV_ATTACH_DEV_ARGS struct iommu_domain *domain, struct device *dev
#else
#define HDIOV_ATTACH_DEV_ARGS						\
	struct iommu_domain *domain, struct device *dev,		\
	struct iommu_domain *old
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
static inline int hdiov_bypass_register(struct irq_bypass_producer *producer,
					struct eventfd_ctx *trigger, int irq)
{
	producer->token = trigger;
	producer->irq = irq;
	return irq_bypass_register_producer(producer);
}
#else
#define hdiov_bypass_register irq_bypass_register_producer
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#define hdiov_insert_pfn(vma, addr, pfn)				\
	vmf_insert_mixed(vma, addr, __pfn_to_pfn_t(pfn, PFN_DEV))
#else
#define hdiov_insert_pfn	vmf_insert_mixed
#endif

#ifndef kzalloc_obj
#define hdiov_gfp(unused, gfp, ...)	gfp
#define kzalloc_obj(obj, ...)						\
	kzalloc(sizeof(obj), hdiov_gfp(0, ##__VA_ARGS__, GFP_KERNEL, 0))
#endif

/* Without CONFIG_IOMMUFD the kernel has nothing to report dirty pages by */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define HDIOV_CAN_LOG		false
#define hdiov_paging_domain_alloc_logging iommu_paging_domain_alloc
#else
#include <uapi/linux/iommufd.h>
#define HDIOV_CAN_LOG		IS_ENABLED(CONFIG_IOMMUFD_DRIVER)
#define hdiov_paging_domain_alloc_logging(dev)				\
	iommu_paging_domain_alloc_flags(dev, IOMMU_HWPT_ALLOC_DIRTY_TRACKING)
#endif

/* Came together with this flag */
#ifndef VFIO_PRECOPY_INFO_REINIT
static inline int vfio_check_precopy_ioctl(struct vfio_device *vdev,
					   unsigned int cmd, unsigned long arg,
					   struct vfio_precopy_info *info)
{
	const size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(info, (void __user *)arg, minsz))
		return -EFAULT;
	return info->argsz < minsz ? -EINVAL : 0;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define HDIOV_COMPAT_REGION_IOCTL

/* VFIO_DEVICE_GET_REGION_INFO around what newer kernels call a callback for */
static inline long
hdiov_compat_region_ioctl(struct vfio_device *vfio,
			  struct vfio_region_info __user *arg,
			  int (*get)(struct vfio_device *vfio,
				     struct vfio_region_info *info,
				     struct vfio_info_cap *caps))
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	long ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	ret = get(vfio, &info, &caps);
	if (ret)
		goto out;

	if (caps.size) {
		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info.argsz < sizeof(info) + caps.size) {
			info.argsz = sizeof(info) + caps.size;
			info.cap_offset = 0;
		} else {
			vfio_info_cap_shift(&caps, sizeof(info));
			info.cap_offset = sizeof(info);
			if (copy_to_user(arg + 1, caps.buf, caps.size)) {
				ret = -EFAULT;
				goto out;
			}
		}
	}
	if (copy_to_user(arg, &info, minsz))
		ret = -EFAULT;
out:
	kfree(caps.buf);
	return ret;
}
#endif

#endif /* _HDIOV_COMPAT_H */
