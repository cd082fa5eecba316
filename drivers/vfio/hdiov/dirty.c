// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: the pages that a VDEV writes to
 *
 * Who migrates a guest while it runs sends a page again that has been written to
 * since. Of what a VDEV writes the IOMMU takes note, in its page tables. The log that
 * VFIO starts, reads and stops for a VDEV is that of its domain:
 *
 *  - VDEVs of one address space share it. Whoever reads a page's bit has it cleared
 *    for all. A user has all of them, and sends the page again whoever wrote to it.
 *  - Resets of a VDEV and of its PF change nothing: its page tables stay.
 *  - What is unmapped takes its bits along, as with iommufd.
 *  - Memory in huge pages is dirty by huge pages, so what is read has to begin and end
 *    where something that was mapped does.
 */
#include <linux/iova_bitmap.h>

#include "compat.h"
#include "hdiov_private.h"

/*
 * What was written to before. Not if somebody walks the page tables: that may take as
 * long as a user wants, who has a VDEV of this domain itself. Then some more pages count
 * as written to.
 */
static int hdiov_dirty_forget(struct hdiov_domain *hdom)
{
	struct iommu_domain *real = hdom->real;
	unsigned long start = real->geometry.aperture_start;
	struct iommu_iotlb_gather gather;
	struct iommu_dirty_bitmap dirty;
	int ret;

	if (!down_write_trylock(&hdom->tables))
		return 0;

	iommu_iotlb_gather_init(&gather);
	iommu_dirty_bitmap_init(&dirty, NULL, &gather);
	ret = real->dirty_ops->read_and_clear_dirty(real, start,
						    real->geometry.aperture_end -
						    start, 0, &dirty);
	iommu_iotlb_sync(real, &gather);
	up_write(&hdom->tables);
	return ret;
}

static int hdiov_dirty_join(struct hdiov_domain *hdom)
{
	struct iommu_domain *real = hdom->real;
	int ret = 0;

	guard(mutex)(&hdom->log_lock);

	/* The first one: nobody waits for bits that are set */
	if (!hdom->loggers) {
		ret = hdiov_dirty_forget(hdom);
		if (!ret)
			ret = real->dirty_ops->set_dirty_tracking(real, true);
	}
	if (!ret) {
		hdom->loggers++;
		refcount_inc(&hdom->users);
	}
	return ret;
}

static void hdiov_dirty_leave(struct hdiov_vdev *vdev)
{
	struct hdiov_domain *hdom = vdev->logged;

	lockdep_assert_held(&vdev->lock);

	vdev->logged = NULL;
	if (!hdom)
		return;
	scoped_guard(mutex, &hdom->log_lock) {
		if (!--hdom->loggers)
			hdom->real->dirty_ops->set_dirty_tracking(hdom->real,
								  false);
	}
	hdiov_domain_put(hdom);
}

/**
 * hdiov_dirty_follow - a VDEV whose writes may be logged is bound to a domain
 * @vdev: the VDEV, bound, and nothing runs yet; the caller holds its lock
 *
 * If it had another one when the log began, nobody knows any more what it wrote to
 * that: then all pages count as written to until the log ends. So they do if these
 * page tables cannot be made to take note.
 *
 * Context: process
 */
void hdiov_dirty_follow(struct hdiov_vdev *vdev)
{
	struct hdiov_domain *hdom = vdev->bound;
	int ret;

	lockdep_assert_held(&vdev->lock);

	if (!vdev->logging || vdev->log_all || vdev->logged == hdom)
		return;
	if (!vdev->logged) {
		ret = hdiov_dirty_join(hdom);
		if (!ret) {
			vdev->logged = hdom;
			return;
		}
		dev_warn_ratelimited(hdiov_vdev_dev(vdev),
				     "its writes cannot be logged, all pages count as written to: %d\n",
				     ret);
	}
	hdiov_dirty_leave(vdev);
	vdev->log_all = true;
}

/**
 * hdiov_dirty_end - a VDEV's writes are not logged any more, if they were
 * @vdev: the VDEV; the caller holds its lock
 *
 * Context: process
 */
void hdiov_dirty_end(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	hdiov_dirty_leave(vdev);
	vdev->logging = false;
	vdev->log_all = false;
}

/* The ranges are of no use: page tables know more of them than their user */
static int hdiov_log_start(struct vfio_device *vfio,
			   struct rb_root_cached *ranges, u32 nnodes,
			   u64 *page_size)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);
	int ret;

	guard(mutex)(&vdev->lock);

	if (vdev->logging)
		return -EINVAL;
	/* If it has to wait for its PF, it is when that is back, see above */
	if (vdev->bound) {
		ret = hdiov_dirty_join(vdev->bound);
		if (ret) {
			dev_err_ratelimited(hdiov_vdev_dev(vdev),
					    "its writes cannot be logged: %d\n",
					    ret);
			return ret;
		}
		vdev->logged = vdev->bound;
	}
	vdev->logging = true;
	*page_size = PAGE_SIZE;
	return 0;
}

static int hdiov_log_stop(struct vfio_device *vfio)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);

	guard(mutex)(&vdev->lock);
	hdiov_dirty_end(vdev);
	return 0;
}

/* Touches user memory, so without the VDEV's lock */
static int hdiov_dirty_read(struct hdiov_domain *hdom, unsigned long iova,
			    unsigned long length, struct iova_bitmap *bitmap)
{
	struct iommu_domain *real = hdom->real;
	struct iommu_iotlb_gather gather;
	struct iommu_dirty_bitmap dirty;
	int ret;

	iommu_iotlb_gather_init(&gather);
	iommu_dirty_bitmap_init(&dirty, bitmap, &gather);

	guard(rwsem_write)(&hdom->tables);
	ret = real->dirty_ops->read_and_clear_dirty(real, iova, length, 0,
						    &dirty);
	/* The next write must set a bit that is cleared: before the user copies the page */
	iommu_iotlb_sync(real, &gather);
	return ret;
}

/*
 * Without @hdom all counts as written to. A user may ask for as much as it has bits for. So
 * it can be killed on the way. No page is so large that it is in two pieces.
 */
static int hdiov_dirty_pieces(struct hdiov_domain *hdom, unsigned long iova,
			      unsigned long length, struct iova_bitmap *bitmap)
{
	unsigned long piece;
	int ret;

	while (length) {
		if (fatal_signal_pending(current))
			return -EINTR;
		piece = min(length, SZ_64G - (iova & (SZ_64G - 1)));
		if (hdom) {
			ret = hdiov_dirty_read(hdom, iova, piece, bitmap);
			if (ret)
				return ret;
		} else {
			iova_bitmap_set(bitmap, iova, piece);
		}
		iova += piece;
		length -= piece;
		cond_resched();
	}
	return 0;
}

static int hdiov_log_read_and_clear(struct vfio_device *vfio, unsigned long iova,
				    unsigned long length,
				    struct iova_bitmap *bitmap)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);
	struct hdiov_domain *hdom;
	int ret;

	/* VFIO lets it pass, and for the bitmap it is all there can be */
	if (!length)
		return -EINVAL;

	scoped_guard(mutex, &vdev->lock) {
		if (!vdev->logging)
			return -EINVAL;
		hdom = vdev->logged;
		if (hdom)
			refcount_inc(&hdom->users);
		else if (!vdev->log_all)
			return 0;
	}
	ret = hdiov_dirty_pieces(hdom, iova, length, bitmap);
	if (hdom)
		hdiov_domain_put(hdom);
	return ret;
}

const struct vfio_log_ops hdiov_vfio_log_ops = {
	.log_start = hdiov_log_start,
	.log_stop = hdiov_log_stop,
	.log_read_and_clear = hdiov_log_read_and_clear,
};
