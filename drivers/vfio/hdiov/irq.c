// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: interrupts of VDEVs
 *
 * A vector that the guest enables gets a slot of the interrupt message storage,
 * a Linux interrupt with a handler that signals the eventfd, and a bypass
 * producer, so that with posted interrupts not even that handler runs. Then the
 * vendor points the vector's causes to the slot.
 */
#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "hdiov_private.h"
#include "trace.h"

/* @index has been checked, but comes from a user */
static struct hdiov_vector *hdiov_vector(struct hdiov_vdev *vdev,
					 unsigned int index)
{
	return &vdev->vectors[array_index_nospec(index,
						 vdev->adi->type->num_vectors)];
}

static irqreturn_t hdiov_vector_handler(int irq, void *data)
{
	struct hdiov_vector *vector = data;

	spin_lock(&vector->lock);
	vector->count++;
	if (vector->trigger)
		eventfd_signal(vector->trigger);
	spin_unlock(&vector->lock);
	return IRQ_HANDLED;
}

/**
 * hdiov_adi_signal - raise a vector from software
 * @adi: the ADI, between its create and destroy callbacks
 * @vector: index of the vector, possibly one that a guest has chosen; nothing
 *	happens unless there is such a vector and the guest has enabled it
 *
 * Context: any, hard interrupts included
 */
void hdiov_adi_signal(struct hdiov_adi *adi, unsigned int vector)
{
	struct hdiov_vector *vec;
	unsigned long flags;

	if (vector >= adi->type->num_vectors)
		return;

	vec = hdiov_vector(adi->vdev, vector);
	spin_lock_irqsave(&vec->lock, flags);
	if (vec->trigger) {
		vec->count++;
		eventfd_signal(vec->trigger);
	}
	spin_unlock_irqrestore(&vec->lock, flags);
}
EXPORT_SYMBOL_GPL(hdiov_adi_signal);

/**
 * hdiov_irq_init - prepare a VDEV's vectors
 * @vdev: the VDEV, still without an ADI, whose vendor may raise vectors at once
 * @type: what it will be
 *
 * Return: 0 or -ENOMEM
 */
int hdiov_irq_init(struct hdiov_vdev *vdev, const struct hdiov_type *type)
{
	unsigned int i;

	vdev->vectors = kcalloc(type->num_vectors, sizeof(*vdev->vectors),
				GFP_KERNEL);
	vdev->msix_table = kcalloc(type->num_vectors, PCI_MSIX_ENTRY_SIZE,
				   GFP_KERNEL);
	if (!vdev->vectors || !vdev->msix_table) {
		hdiov_irq_exit(vdev);
		return -ENOMEM;
	}

	for (i = 0; i < type->num_vectors; i++)
		spin_lock_init(&vdev->vectors[i].lock);
	return 0;
}

/**
 * hdiov_irq_exit - undo hdiov_irq_init()
 * @vdev: the VDEV, without an ADI any more
 */
void hdiov_irq_exit(struct hdiov_vdev *vdev)
{
	kfree(vdev->msix_table);
	kfree(vdev->vectors);
}

static void hdiov_vector_bypass(struct hdiov_vdev *vdev,
				struct hdiov_vector *vec)
{
	int ret;

	memset(&vec->producer, 0, sizeof(vec->producer));
	ret = hdiov_bypass_register(&vec->producer, vec->trigger, vec->irq);
	if (ret)
		dev_info_ratelimited(hdiov_vdev_dev(vdev),
				     "no irq bypass for %s: %d\n", vec->name,
				     ret);
	vec->bypass = !ret;
}

static void hdiov_vector_unbypass(struct hdiov_vector *vec)
{
	if (vec->bypass)
		irq_bypass_unregister_producer(&vec->producer);
	vec->bypass = false;
}

/* NULL to disable it. Takes over the reference of @trigger */
static void hdiov_vector_set_trigger(struct hdiov_vector *vec,
				     struct eventfd_ctx *trigger)
{
	struct eventfd_ctx *old;

	/* Whoever it bypasses to is found by the eventfd */
	hdiov_vector_unbypass(vec);
	scoped_guard(spinlock_irq, &vec->lock) {
		old = vec->trigger;
		vec->trigger = trigger;
		if (!old)
			vec->count = 0;
	}
	if (old)
		eventfd_ctx_put(old);
}

/* Which slot a vector must use, HDIOV_SLOT_*, or a negative errno */
static int hdiov_vector_want(struct hdiov_vdev *vdev, unsigned int index)
{
	const struct hdiov_vector_ops *ops = vdev->core->pf->vector_ops;

	lockdep_assert_held(&vdev->lock);

	if (!ops)
		return HDIOV_SLOT_SOFTWARE;
	return ops->slot ? ops->slot(vdev->adi, index) : HDIOV_SLOT_ANY;
}

/* What hdiov_vector_want() has returned is not in use, or not any more */
static void hdiov_slot_release(struct hdiov_pf *pf, int want)
{
	if (want >= 0 && want != HDIOV_SLOT_ANY && pf->vector_ops->release)
		pf->vector_ops->release(pf, want);
}

/*
 * A slot, and a handler for its interrupt, unless software raises the vector.
 * Nothing raises it yet.
 */
static int hdiov_vector_request(struct hdiov_vdev *vdev, unsigned int index)
{
	struct hdiov_vector *vec = hdiov_vector(vdev, index);
	int irq, ret;

	lockdep_assert_held(&vdev->lock);

	vec->want = hdiov_vector_want(vdev, index);
	if (vec->want == HDIOV_SLOT_SOFTWARE)
		return 0;

	irq = vec->want;
	if (irq >= 0)
		irq = hdiov_ims_alloc(vdev->core->ims, vec->want, &vec->slot);
	if (irq < 0) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "no interrupt message left on %s for vector %u: %d\n",
				    dev_name(vdev->core->pf->dev), index, irq);
		ret = irq;
		goto err_release;
	}

	vec->name = kasprintf(GFP_KERNEL_ACCOUNT, "hdiov[%u](%s)", index,
			      dev_name(hdiov_vdev_dev(vdev)));
	if (!vec->name) {
		ret = -ENOMEM;
		goto err_ims;
	}

	ret = request_irq(irq, hdiov_vector_handler, 0, vec->name, vec);
	if (ret) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "cannot enable interrupt %d for vector %u: %d\n",
				    irq, index, ret);
		goto err_name;
	}

	vec->irq = irq;
	return 0;

err_name:
	kfree(vec->name);
err_ims:
	hdiov_ims_free(vdev->core->ims, irq, vec->slot);
err_release:
	hdiov_slot_release(vdev->core->pf, vec->want);
	return ret;
}

/* Of a vector that nothing raises any more, and whose VDEV may be gone */
static void hdiov_vector_free_irq(struct hdiov_pf_core *core,
				  struct hdiov_vector *vec)
{
	free_irq(vec->irq, vec);
	hdiov_ims_free(core->ims, vec->irq, vec->slot);
	hdiov_slot_release(core->pf, vec->want);
	kfree(vec->name);
}

/* Undo hdiov_vector_request() if there was one */
static void hdiov_vector_free(struct hdiov_vdev *vdev, unsigned int index)
{
	struct hdiov_vector *vec = hdiov_vector(vdev, index);

	lockdep_assert_held(&vdev->lock);

	if (!vec->irq)
		return;

	hdiov_vector_free_irq(vdev->core, vec);
	trace_hdiov_vector(vdev, index, vec->irq, vec->slot, false);
	vec->irq = 0;
}

/* Whether hdiov_vectors_bind() has something to do */
static bool hdiov_vectors_change(struct hdiov_vdev *vdev, unsigned int start,
				 unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct hdiov_vector *vec = hdiov_vector(vdev, start + i);

		if (vec->irq && vec->bound != !!vec->trigger)
			return true;
	}
	return false;
}

/*
 * Bind the vectors that have got an eventfd and unbind those that have lost it.
 * What backs the fast path changes by it: unmap that once, not for each of up to
 * 2048 vectors.
 */
static int hdiov_vectors_bind(struct hdiov_vdev *vdev, unsigned int start,
			      unsigned int count)
{
	const struct hdiov_vector_ops *ops = vdev->core->pf->vector_ops;
	unsigned int i;
	int ret = 0;

	lockdep_assert_held(&vdev->lock);

	if (!hdiov_vectors_change(vdev, start, count))
		return 0;

	guard(rwsem_write)(&vdev->access);
	hdiov_region_unmap(vdev);
	for (i = 0; i < count; i++) {
		struct hdiov_vector *vec = hdiov_vector(vdev, start + i);

		if (!vec->irq || vec->bound == !!vec->trigger)
			continue;
		if (vec->trigger) {
			ret = ops->bind(vdev->adi, start + i, vec->slot);
			if (ret)
				break;
			trace_hdiov_vector(vdev, start + i, vec->irq, vec->slot,
					   true);
		} else {
			ops->unbind(vdev->adi, start + i);
		}
		vec->bound = !!vec->trigger;
	}
	hdiov_region_map(vdev);
	return ret;
}

/*
 * Have the hardware follow the eventfds, or leave that to hdiov_irq_resume().
 * Cannot fail if no vector has got one.
 */
static int hdiov_vectors_apply(struct hdiov_vdev *vdev, unsigned int start,
			       unsigned int count)
{
	unsigned int i;
	int ret;

	lockdep_assert_held(&vdev->lock);

	/*
	 * A vector without an eventfd signals nobody, whoever raises it. Once the PF
	 * is gone it is better not touched, though this VDEV is not off it yet.
	 */
	if (vdev->unreachable || READ_ONCE(vdev->core->gone))
		return 0;

	for (i = 0; i < count; i++) {
		struct hdiov_vector *vec = hdiov_vector(vdev, start + i);

		if (!vec->trigger || vec->irq)
			continue;
		ret = hdiov_vector_request(vdev, start + i);
		if (ret)
			return ret;
	}

	ret = hdiov_vectors_bind(vdev, start, count);
	if (ret)
		return ret;

	for (i = 0; i < count; i++) {
		struct hdiov_vector *vec = hdiov_vector(vdev, start + i);

		if (!vec->trigger)
			hdiov_vector_free(vdev, start + i);
		else if (vec->irq && !vec->bypass)
			hdiov_vector_bypass(vdev, vec);
	}
	return 0;
}

static void hdiov_vectors_disable(struct hdiov_vdev *vdev, unsigned int start,
				  unsigned int count)
{
	unsigned int i;

	lockdep_assert_held(&vdev->lock);

	for (i = 0; i < count; i++)
		hdiov_vector_set_trigger(hdiov_vector(vdev, start + i), NULL);
	hdiov_vectors_apply(vdev, start, count);
}

/* A negative eventfd disables its vector. On error all are disabled */
static int hdiov_vectors_set(struct hdiov_vdev *vdev, unsigned int start,
			     unsigned int count, const s32 *fds)
{
	struct eventfd_ctx *trigger;
	unsigned int i;
	int ret;

	lockdep_assert_held(&vdev->lock);

	for (i = 0; i < count; i++) {
		trigger = fds[i] < 0 ? NULL : eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(trigger)) {
			ret = PTR_ERR(trigger);
			goto err_disable;
		}
		/* Users move a live vector to another eventfd all the time */
		hdiov_vector_set_trigger(hdiov_vector(vdev, start + i), trigger);
	}

	ret = hdiov_vectors_apply(vdev, start, count);
	if (ret)
		goto err_disable;
	return 0;

err_disable:
	hdiov_vectors_disable(vdev, start, count);
	return ret;
}

static long hdiov_irq_set_msix(struct hdiov_vdev *vdev,
			       const struct vfio_irq_set *set, const void *data)
{
	unsigned int num = vdev->adi->type->num_vectors;
	const u8 *bools = data;
	unsigned int i;

	if ((set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) !=
	    VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;

	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return hdiov_vectors_set(vdev, set->start, set->count, data);
	case VFIO_IRQ_SET_DATA_NONE:
		if (!set->count) {
			hdiov_vectors_disable(vdev, 0, num);
			return 0;
		}
		for (i = 0; i < set->count; i++)
			hdiov_adi_signal(vdev->adi, set->start + i);
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		for (i = 0; i < set->count; i++)
			if (bools[i])
				hdiov_adi_signal(vdev->adi, set->start + i);
		return 0;
	}
	return -EINVAL;
}

/* Signal the user by REQ or ERR; false if it gave no eventfd for that */
static bool hdiov_irq_notify(struct hdiov_vdev *vdev, struct eventfd_ctx **slot)
{
	guard(mutex)(&vdev->notify_lock);
	if (*slot)
		eventfd_signal(*slot);
	return *slot;
}

/* REQ or ERR, whose eventfd is in @slot */
static long hdiov_irq_set_notify(struct hdiov_vdev *vdev,
				 struct eventfd_ctx **slot,
				 const struct vfio_irq_set *set,
				 const void *data)
{
	struct eventfd_ctx *trigger = NULL;

	if ((set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) !=
	    VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;

	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		if (set->count != 1)
			return -EINVAL;
		if (*(const s32 *)data >= 0) {
			trigger = eventfd_ctx_fdget(*(const s32 *)data);
			if (IS_ERR(trigger))
				return PTR_ERR(trigger);
		}
		break;
	case VFIO_IRQ_SET_DATA_NONE:
		if (set->count) {
			hdiov_irq_notify(vdev, slot);
			return 0;
		}
		break;
	case VFIO_IRQ_SET_DATA_BOOL:
		if (set->count && *(const u8 *)data)
			hdiov_irq_notify(vdev, slot);
		return 0;
	}

	scoped_guard(mutex, &vdev->notify_lock)
		swap(trigger, *slot);
	if (trigger)
		eventfd_ctx_put(trigger);
	return 0;
}

/**
 * hdiov_irq_request - ask the user of a VDEV to let it go
 * @vdev: the VDEV
 * @count: how many times it was asked before
 *
 * Context: process
 */
void hdiov_irq_request(struct hdiov_vdev *vdev, unsigned int count)
{
	if (!hdiov_irq_notify(vdev, &vdev->req_trigger) && !count)
		dev_notice(hdiov_vdev_dev(vdev),
			   "in use, and its user cannot be asked to release it\n");
}

/**
 * hdiov_irq_error - tell the user of a VDEV that it has died
 * @vdev: the VDEV
 *
 * Context: process
 */
void hdiov_irq_error(struct hdiov_vdev *vdev)
{
	hdiov_irq_notify(vdev, &vdev->err_trigger);
}

/**
 * hdiov_irq_wait - wait for interrupts that the hardware has raised
 * @vdev: the VDEV, which raises none any more; the caller holds its lock
 *
 * Context: process
 */
void hdiov_irq_wait(struct hdiov_vdev *vdev)
{
	unsigned int i;

	lockdep_assert_held(&vdev->lock);

	for (i = 0; i < vdev->adi->type->num_vectors; i++)
		if (vdev->vectors[i].irq)
			synchronize_irq(vdev->vectors[i].irq);
}

/**
 * hdiov_irq_raise - signal the user of each vector that is enabled
 * @vdev: the VDEV; the caller holds its lock
 *
 * Context: process
 */
void hdiov_irq_raise(struct hdiov_vdev *vdev)
{
	unsigned int i;

	lockdep_assert_held(&vdev->lock);

	for (i = 0; i < vdev->adi->type->num_vectors; i++)
		hdiov_adi_signal(vdev->adi, i);
}

static unsigned int hdiov_irq_count(struct hdiov_vdev *vdev, u32 index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return vdev->adi->type->num_vectors;
	case VFIO_PCI_ERR_IRQ_INDEX:
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	}
	return 0;
}

/**
 * hdiov_irq_get_info - VFIO_DEVICE_GET_IRQ_INFO
 * @vdev: the VDEV
 * @arg: from the user
 *
 * Context: process
 *
 * Return: 0, -EFAULT or -EINVAL
 */
long hdiov_irq_get_info(struct hdiov_vdev *vdev,
			struct vfio_irq_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	/* Vectors can be added while others are enabled: no NORESIZE */
	info.count = hdiov_irq_count(vdev, info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	if (info.index == VFIO_PCI_REQ_IRQ_INDEX ||
	    info.index == VFIO_PCI_ERR_IRQ_INDEX)
		info.flags |= VFIO_IRQ_INFO_NORESIZE;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/**
 * hdiov_irq_set - VFIO_DEVICE_SET_IRQS
 * @vdev: the VDEV
 * @arg: from the user
 *
 * Context: process; takes the VDEV's lock
 *
 * Return: 0; -EINVAL for a range or flags that do not exist; -ENOTTY for an
 * action that MSI-X vectors do not have; -EFAULT; -EBADF; -ENOSPC when there is
 * no interrupt left. After an error no vector of the range is enabled. While the
 * PF is being reset, vectors are enabled without an interrupt, which they get
 * afterwards.
 */
long hdiov_irq_set(struct hdiov_vdev *vdev, struct vfio_irq_set __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set set;
	void *data = NULL;
	size_t size;
	long ret;

	if (copy_from_user(&set, arg, minsz))
		return -EFAULT;
	if (set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	ret = vfio_set_irqs_validate_and_prepare(&set,
						 hdiov_irq_count(vdev, set.index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	/* Copied before any lock that a page fault could want */
	if (size) {
		data = memdup_user(&arg->data, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}

	if (set.index == VFIO_PCI_REQ_IRQ_INDEX) {
		ret = hdiov_irq_set_notify(vdev, &vdev->req_trigger, &set, data);
	} else if (set.index == VFIO_PCI_ERR_IRQ_INDEX) {
		ret = hdiov_irq_set_notify(vdev, &vdev->err_trigger, &set, data);
	} else {
		guard(mutex)(&vdev->lock);
		ret = hdiov_irq_set_msix(vdev, &set, data);
	}

	kfree(data);
	return ret;
}

/**
 * hdiov_irq_release - disable all vectors of a VDEV, its user is gone
 * @vdev: the VDEV; the caller holds its lock
 *
 * Context: process
 */
void hdiov_irq_release(struct hdiov_vdev *vdev)
{
	struct eventfd_ctx *req = NULL;
	struct eventfd_ctx *err = NULL;

	lockdep_assert_held(&vdev->lock);

	hdiov_vectors_disable(vdev, 0, vdev->adi->type->num_vectors);

	scoped_guard(mutex, &vdev->notify_lock) {
		swap(req, vdev->req_trigger);
		swap(err, vdev->err_trigger);
	}
	if (req)
		eventfd_ctx_put(req);
	if (err)
		eventfd_ctx_put(err);
}

/**
 * hdiov_irq_resume - do what was asked for while the PF was out of reach
 * @vdev: the VDEV, reachable; the caller holds its lock
 *
 * A vector that there is no interrupt for any more is disabled, after a message, and the
 * user is told as if the VDEV had died: the guest would wait for that vector for ever.
 *
 * Context: process
 */
void hdiov_irq_resume(struct hdiov_vdev *vdev)
{
	unsigned int num = vdev->adi->type->num_vectors;
	bool lost = false;
	unsigned int i;
	int ret;

	lockdep_assert_held(&vdev->lock);

	if (!hdiov_vectors_apply(vdev, 0, num))
		return;

	for (i = 0; i < num; i++) {
		ret = hdiov_vectors_apply(vdev, i, 1);
		if (!ret)
			continue;
		dev_err(hdiov_vdev_dev(vdev),
			"vector %u could not be enabled after a reset: %d\n", i,
			ret);
		hdiov_vectors_disable(vdev, i, 1);
		lost = true;
	}
	if (lost)
		hdiov_irq_error(vdev);
}

/**
 * hdiov_irq_any - has a VDEV's vector still an interrupt
 * @vdev: the VDEV, closed
 *
 * Return: true only if it was closed while the PF was out of reach
 */
bool hdiov_irq_any(struct hdiov_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < vdev->adi->type->num_vectors; i++)
		if (vdev->vectors[i].irq)
			return true;
	return false;
}

/**
 * hdiov_irq_free_lost - free vectors that have outlived their VDEV
 * @core: the PF, which is reachable
 * @vectors: the vectors, without eventfds, or NULL
 * @num: how many
 *
 * Context: process
 */
void hdiov_irq_free_lost(struct hdiov_pf_core *core,
			 struct hdiov_vector *vectors, unsigned int num)
{
	unsigned int i;

	for (i = 0; vectors && i < num; i++) {
		if (vectors[i].irq)
			hdiov_vector_free_irq(core, &vectors[i]);
	}
	kfree(vectors);
}
