// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: VFIO device operations
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "hdiov_private.h"

static int hdiov_vfio_open(struct vfio_device *vfio)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);

	/* Whoever had it before */
	scoped_guard(mutex, &vdev->lock)
		hdiov_config_reset(vdev);
	return hdiov_vdev_open(vdev);
}

static void hdiov_vfio_close(struct vfio_device *vfio)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);

	scoped_guard(mutex, &vdev->lock) {
		hdiov_migrate_end(vdev);
		hdiov_dirty_end(vdev);
	}
	hdiov_vdev_close(vdev);
}

static void hdiov_vfio_request(struct vfio_device *vfio, unsigned int count)
{
	hdiov_irq_request(to_hdiov_vdev(vfio), count);
}

/*
 * By its UUID, as any mdev; and as a PCI device whose domain is the UUID's first 32
 * bits. There is no such device, but DPDK, which asks for nothing that has no PCI
 * address, can be shown one (SYSFS_PCI_DEVICES). It writes domains as Linux does.
 * A group has one VDEV, so two that begin alike are not confused.
 */
static int hdiov_vfio_match(struct vfio_device *vfio, char *buf)
{
	const char *uuid = dev_name(vfio->dev);
	char name[sizeof("01234567:00:00.0")];
	u32 domain;

	if (!strcmp(uuid, buf))
		return 1;
	if (sscanf(uuid, "%8x-", &domain) != 1)
		return 0;
	snprintf(name, sizeof(name), "%04x:00:00.0", domain);
	return !strcmp(name, buf);
}

static int hdiov_vfio_mmap(struct vfio_device *vfio, struct vm_area_struct *vma)
{
	return hdiov_region_mmap(to_hdiov_vdev(vfio), vma);
}

/* The position in the fd says which region, and where in it */
static ssize_t hdiov_vfio_rw(struct hdiov_vdev *vdev, char __user *buf,
			     size_t count, loff_t *ppos, bool write)
{
	u64 index = (u64)*ppos >> HDIOV_REGION_SHIFT;
	u64 pos = *ppos & HDIOV_REGION_MASK;
	ssize_t ret;

	if (!count)
		return 0;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		ret = hdiov_config_rw(vdev, buf, count, pos, write);
	else if (index < HDIOV_NUM_BARS)
		ret = hdiov_region_rw(vdev, index, buf, count, pos, write);
	else
		ret = -EINVAL;

	if (ret > 0)
		*ppos += ret;
	return ret;
}

static ssize_t hdiov_vfio_read(struct vfio_device *vfio, char __user *buf,
			       size_t count, loff_t *ppos)
{
	return hdiov_vfio_rw(to_hdiov_vdev(vfio), buf, count, ppos, false);
}

static ssize_t hdiov_vfio_write(struct vfio_device *vfio,
				const char __user *buf, size_t count,
				loff_t *ppos)
{
	return hdiov_vfio_rw(to_hdiov_vdev(vfio), (char __user *)buf, count,
			     ppos, true);
}

static long hdiov_vfio_get_info(struct vfio_device_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long hdiov_vfio_reset(struct hdiov_vdev *vdev)
{
	int ret = 0;
	u64 wait;

	for (;;) {
		scoped_guard(mutex, &vdev->lock) {
			wait = hdiov_vdev_grant_reset(vdev);
			if (!wait) {
				/* From wherever it is, from an error too */
				hdiov_migrate_end(vdev);
				vdev->mig_state = VFIO_DEVICE_STATE_RUNNING;
				ret = hdiov_config_flr(vdev, true);
			}
		}
		if (!wait)
			return ret;
		if (hdiov_vdev_await_reset(wait))
			return -EINTR;
	}
}

static long hdiov_vfio_ioctl(struct vfio_device *vfio, unsigned int cmd,
			     unsigned long arg)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return hdiov_vfio_get_info(uarg);
#ifdef HDIOV_COMPAT_REGION_IOCTL
	case VFIO_DEVICE_GET_REGION_INFO:
		return hdiov_compat_region_ioctl(vfio, uarg,
						 hdiov_region_get_info);
#endif
	case VFIO_DEVICE_GET_IRQ_INFO:
		return hdiov_irq_get_info(vdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return hdiov_irq_set(vdev, uarg);
	case VFIO_DEVICE_RESET:
		return hdiov_vfio_reset(vdev);
	default:
		return -ENOTTY;
	}
}

#if IS_ENABLED(CONFIG_IOMMUFD)
/* Stop and start a VDEV that has got another domain, or its first one */
static int hdiov_vfio_change_domain(struct hdiov_vdev *vdev)
{
	int ret;

	guard(mutex)(&vdev->lock);

	/* It was given the one that it has */
	if (vdev->state != HDIOV_IDLE &&
	    vdev->bound == READ_ONCE(vdev->domain))
		return 0;

	hdiov_vdev_stop(vdev);
	ret = hdiov_vdev_start(vdev);
	/* Nothing is wrong with it if it has to wait for the PF's reset */
	vdev->failed = ret && ret != -EAGAIN;
	hdiov_vdev_report(vdev, true);
	return ret;
}

/*
 * A domain is attached after the VDEV is open, or replaces another. What can fail
 * comes first, so that a guest whose VMM asked for something that there is not
 * goes on as if nothing had been. Until the VDEV is stopped it stays bound to the
 * old domain, and keeps that: iommufd has unmapped everything in it, and would
 * free it next.
 */
static int hdiov_vfio_attach_ioas(struct vfio_device *vfio, u32 *pt_id)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);
	int ret;

	scoped_guard(mutex, &vdev->lock)
		ret = hdiov_vdev_usable(vdev);
	if (ret)
		return ret;

	ret = vfio_iommufd_physical_attach_ioas(vfio, pt_id);
	if (ret)
		return ret;

	ret = hdiov_vfio_change_domain(vdev);
	if (ret)
		vfio_iommufd_physical_detach_ioas(vfio);
	return ret;
}

static void hdiov_vfio_detach_ioas(struct vfio_device *vfio)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);

	scoped_guard(mutex, &vdev->lock) {
		hdiov_vdev_stop(vdev);
		vdev->failed = false;
		hdiov_vdev_report(vdev, true);
	}
	vfio_iommufd_physical_detach_ioas(vfio);
}
#endif

const struct vfio_device_ops hdiov_vfio_ops = {
	.name = "hdiov",
	.open_device = hdiov_vfio_open,
	.close_device = hdiov_vfio_close,
	.request = hdiov_vfio_request,
	.read = hdiov_vfio_read,
	.write = hdiov_vfio_write,
	.match = hdiov_vfio_match,
	.mmap = hdiov_vfio_mmap,
	.ioctl = hdiov_vfio_ioctl,
#ifndef HDIOV_COMPAT_REGION_IOCTL
	.get_region_info_caps = hdiov_region_get_info,
#endif
#if IS_ENABLED(CONFIG_IOMMUFD)
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = hdiov_vfio_attach_ioas,
	.detach_ioas = hdiov_vfio_detach_ioas,
#endif
};
