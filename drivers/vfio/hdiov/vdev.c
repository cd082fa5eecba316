// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: life of a VDEV
 *
 * Nothing here knows which front end a VDEV was made by.
 *
 * The order of steps is what isolates guests. A queue can only run in state
 * RUNNING, which is entered after the PASID is attached to the guest's IOMMU
 * domain and programmed into the device. On the way out doorbells are unmapped
 * first, then the vendor quiesces, and only when no transaction is pending does
 * the PASID go.
 */
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/hex.h>
#include <linux/kobject.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/unaligned.h>

#include "hdiov_private.h"
#include "hdiov_software.h"
#include "trace.h"

/*
 * Is a reset of the PF coming, under way, or not over for this VDEV: CPU 0 has
 * brought the PF up and not come to this VDEV yet, which did not get quiet. CPU 1, on
 * which its user resets it, must not report that as the end.
 */
static bool hdiov_vdev_awaits_pf(const struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	return READ_ONCE(vdev->core->state) == HDIOV_PF_RESETTING ||
	       READ_ONCE(vdev->core->gone) || vdev->unreachable ||
	       vdev->suspended;
}

/* Why nothing that the guest does reaches hardware any more, or NULL */
static const char *hdiov_vdev_dead(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	if (READ_ONCE(vdev->core->state) == HDIOV_PF_DOWN)
		return "PF is down";
	/* No news before */
	if (hdiov_vdev_awaits_pf(vdev))
		return vdev->dead;
	if (vdev->not_quiet)
		return "did not get quiet";
	if (vdev->failed)
		return "did not start";
	if (vdev->state == HDIOV_BOUND && !vdev->parked && !vdev->saved)
		return "reset failed";
	return NULL;
}

/**
 * hdiov_vdev_report - say so if a VDEV has died or has come back
 * @vdev: the VDEV; the caller holds its lock
 * @answered: the caller's result tells the user, who may try again
 *
 * To be called after whatever can be the cause. The administrator is told by a
 * uevent and the file "state". The user is told by VFIO's error interrupt, whereupon
 * QEMU stops the guest, of all that was not @answered, and of what no other try can
 * mend; once, until it is alive again.
 *
 * Context: process
 */
void hdiov_vdev_report(struct hdiov_vdev *vdev, bool answered)
{
	struct kobject *kobj = &hdiov_vdev_dev(vdev)->kobj;
	bool down = READ_ONCE(vdev->core->state) == HDIOV_PF_DOWN;
	const char *dead = hdiov_vdev_dead(vdev);
	char text[48];
	char *env[2] = { text };

	if (!down && hdiov_vdev_awaits_pf(vdev))
		return;

	if (dead != vdev->dead) {
		vdev->dead = dead;
		snprintf(text, sizeof(text), "HDIOV_STATE=%s%s",
			 dead ? "dead: " : "alive", dead ?: "");
		kobject_uevent_env(kobj, KOBJ_CHANGE, env);
		sysfs_notify(kobj, NULL, "state");
	}
	if (!dead) {
		vdev->told = false;
	} else if (!vdev->told && (!answered || vdev->not_quiet || down)) {
		vdev->told = true;
		hdiov_irq_error(vdev);
	}
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct hdiov_vdev *vdev = dev_get_drvdata(dev);
	const char *dead;

	guard(mutex)(&vdev->lock);

	dead = hdiov_vdev_dead(vdev);
	if (dead)
		return sysfs_emit(buf, "dead: %s\n", dead);
	if (vdev->suspended)
		return sysfs_emit(buf, "paused: PF is being reset\n");
	if (hdiov_vdev_halted(vdev))
		return sysfs_emit(buf, "paused: its user has stopped it\n");
	if (vdev->state == HDIOV_PAUSED || vdev->parked)
		return sysfs_emit(buf, "paused: %s\n",
				  hdiov_config_d3hot(vdev) ?
				  "in D3hot" : "bus mastering is off");
	return sysfs_emit(buf, "%s\n",
			  vdev->state == HDIOV_RUNNING ? "running" : "idle");
}
static DEVICE_ATTR_RO(state);

/*
 * An EUI-64 that is always the same for the same UUID: a hash of the VDEV's name, the
 * UUID in small letters: SipHash-2-4 with a key of zeros. Not a part of the UUID: some
 * that are made one after the other have one half in common, some the other. In its
 * first byte, which is the highest, bit 1 is set, as no manufacturer has given it out,
 * and bit 0 is clear. So no two have the same, as far as 62 bits can tell, and it
 * stays when the VDEV is made again with the same UUID, here or on another server.
 */
static u64 hdiov_vdev_default_serial(const struct hdiov_vdev *vdev)
{
	static const siphash_key_t key;
	const char *name = dev_name(hdiov_vdev_dev(vdev));
	u64 serial = siphash(name, strlen(name), &key);

	return (serial & ~BIT_ULL(56)) | BIT_ULL(57);
}

/* As Linux shows that of a PCI device */
static ssize_t serial_number_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	struct hdiov_vdev *vdev = dev_get_drvdata(dev);
	u8 bytes[8];

	scoped_guard(mutex, &vdev->lock)
		put_unaligned_be64(vdev->serial, bytes);
	return sysfs_emit(buf, "%8phD\n", bytes);
}

/* 01-23-45-67-89-ab-cd-ef, and no more */
static bool hdiov_serial_parse(const char *buf, u8 *bytes)
{
	unsigned int i;

	if (strcspn(buf, "\n") != 23)
		return false;
	for (i = 0; i < 8; i++)
		if (hex2bin(&bytes[i], buf + i * 3, 1) ||
		    (i < 7 && buf[i * 3 + 2] != '-'))
			return false;
	return true;
}

static ssize_t serial_number_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct hdiov_vdev *vdev = dev_get_drvdata(dev);
	u8 bytes[8];

	if (!hdiov_serial_parse(buf, bytes)) {
		dev_err(dev, "serial number %.32s: not eight bytes as 01-23-45-67-89-ab-cd-ef\n",
			buf);
		return -EINVAL;
	}

	guard(mutex)(&vdev->lock);
	if (vdev->opened) {
		dev_err(dev, "in use: its serial number cannot be changed\n");
		return -EBUSY;
	}
	vdev->serial = get_unaligned_be64(bytes);
	return count;
}
static DEVICE_ATTR_RW(serial_number);

static struct attribute *hdiov_vdev_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_serial_number.attr,
	NULL
};
ATTRIBUTE_GROUPS(hdiov_vdev);

/*
 * Has a vendor returned that a reset of the PF is coming? Then this VDEV is as if that
 * had come to it already, and its end brings it back.
 */
static bool hdiov_vdev_leaves(struct hdiov_vdev *vdev, int ret)
{
	lockdep_assert_held(&vdev->lock);

	if (ret != -EAGAIN)
		return false;
	vdev->needs_reset = true;
	vdev->suspended = true;
	return true;
}

/* What may still send must not lose its PASID, and nobody else get that */
static void hdiov_vdev_set_aside(struct hdiov_vdev *vdev, const char *what,
				 int err)
{
	if (vdev->not_quiet)
		return;
	vdev->not_quiet = true;
	vdev->not_quiet_since = READ_ONCE(vdev->core->comebacks);
	dev_err(hdiov_vdev_dev(vdev),
		"%s %s (%d): its %u queue pairs and PASID %u are out of use until the PF is reset\n",
		dev_name(vdev->core->pf->dev), what, err, vdev->adi->num_qps,
		vdev->pasid);
}

/* Fast path off, and the hardware quiet. Leaves a running ADI bound. */
static void hdiov_vdev_quiesce(struct hdiov_vdev *vdev)
{
	const struct hdiov_adi_ops *ops = vdev->core->pf->adi_ops;
	int ret = 0;

	lockdep_assert_held(&vdev->lock);
	lockdep_assert_held_write(&vdev->access);

	vdev->state = HDIOV_BOUND;
	hdiov_region_unmap(vdev);

	if (!READ_ONCE(vdev->core->gone))
		ret = ops->quiesce(vdev->adi);
	else if (ops->abandon)
		ops->abandon(vdev->adi);
	/* Whatever reset follows is as good as the one asked for before */
	WRITE_ONCE(vdev->reset_wanted, false);
	if (ret && !hdiov_vdev_leaves(vdev, ret))
		hdiov_vdev_set_aside(vdev, "does not confirm that it is quiet",
				     ret);
}

/* @restart: no more than what the vendor has asked for */
static int hdiov_vdev_wipe(struct hdiov_vdev *vdev, bool restart)
{
	const struct hdiov_adi_ops *ops = vdev->core->pf->adi_ops;
	int ret;

	/* As in hdiov_vdev_quiesce(), and it may not have been running when it was asked */
	WRITE_ONCE(vdev->reset_wanted, false);
	if (READ_ONCE(vdev->core->gone))
		ret = -EAGAIN;
	else if (restart && ops->restart)
		ret = ops->restart(vdev->adi);
	else
		ret = ops->reset(vdev->adi);
	vdev->needs_reset = ret;
	vdev->owed = false;
	if (ret && !hdiov_vdev_leaves(vdev, ret))
		dev_err_ratelimited(hdiov_vdev_dev(vdev), "reset failed: %d\n",
				    ret);
	return ret;
}

/* Can the hardware be silent and keep all it knows? */
static bool hdiov_vdev_can_pause(const struct hdiov_vdev *vdev)
{
	return vdev->core->pf->adi_ops->pause;
}

static int hdiov_vdev_unpause(struct hdiov_vdev *vdev)
{
	int ret;

	lockdep_assert_held(&vdev->lock);
	lockdep_assert_held_write(&vdev->access);

	ret = READ_ONCE(vdev->core->gone) ? -EAGAIN :
	      vdev->core->pf->adi_ops->resume(vdev->adi);
	if (ret) {
		if (!hdiov_vdev_leaves(vdev, ret))
			dev_err_ratelimited(hdiov_vdev_dev(vdev),
					    "cannot go on: %d\n", ret);
		hdiov_vdev_quiesce(vdev);
		vdev->needs_reset = true;
		return ret;
	}

	vdev->state = HDIOV_RUNNING;
	hdiov_region_map(vdev);
	if (vdev->owed)
		hdiov_irq_raise(vdev);
	vdev->owed = false;
	return 0;
}

/* What was saved is not what the guest goes on with */
static void hdiov_vdev_forget(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	kvfree(vdev->saved);
	vdev->saved = NULL;
}

/*
 * It goes on, or is dead: what was saved is of use to nobody, unless it is still to be
 * loaded, as the PF is being reset or the VDEV has no address space yet.
 */
static void hdiov_vdev_settle(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	if (!vdev->suspended && vdev->state != HDIOV_IDLE)
		hdiov_vdev_forget(vdev);
}

/* What was saved, into hardware that has been reset */
static int hdiov_vdev_restore(struct hdiov_vdev *vdev)
{
	int ret;

	lockdep_assert_held(&vdev->lock);
	lockdep_assert_held_write(&vdev->access);

	ret = READ_ONCE(vdev->core->gone) ? -EAGAIN :
	      vdev->core->pf->migrate_ops->load(vdev->adi, vdev->saved);
	if (!ret) {
		/*
		 * An interrupt that came when it was stopped may be lost. Its driver
		 * looks what there is to do if it gets one too many.
		 */
		vdev->owed = true;
		return 0;
	}

	if (!hdiov_vdev_leaves(vdev, ret)) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "cannot restore what was saved: %d\n",
				    ret);
		hdiov_vdev_forget(vdev);
	}
	hdiov_vdev_quiesce(vdev);
	vdev->needs_reset = true;
	return ret;
}

static int hdiov_vdev_enable(struct hdiov_vdev *vdev, bool restart)
{
	int ret;

	if (vdev->not_quiet)
		return -EIO;
	if (vdev->needs_reset) {
		ret = hdiov_vdev_wipe(vdev, restart);
		if (ret)
			return ret;
	}

	ret = READ_ONCE(vdev->core->gone) ? -EAGAIN :
	      vdev->core->pf->adi_ops->enable(vdev->adi);
	if (ret) {
		if (!hdiov_vdev_leaves(vdev, ret))
			dev_err_ratelimited(hdiov_vdev_dev(vdev),
					    "cannot enable: %d\n", ret);
		return ret;
	}

	if (!hdiov_vdev_can_pause(vdev)) {
		vdev->state = HDIOV_RUNNING;
		hdiov_region_map(vdev);
		return 0;
	}

	vdev->state = HDIOV_PAUSED;
	if (vdev->saved) {
		ret = hdiov_vdev_restore(vdev);
		if (ret)
			return ret;
	}
	if (hdiov_vdev_halted(vdev))
		return 0;
	if (hdiov_config_master(vdev))
		ret = hdiov_vdev_unpause(vdev);
	hdiov_vdev_settle(vdev);
	return ret;
}

/* Silent, and its state kept if the hardware can do that */
static void hdiov_vdev_pause(struct hdiov_vdev *vdev)
{
	int ret = -EOPNOTSUPP;

	lockdep_assert_held(&vdev->lock);
	lockdep_assert_held_write(&vdev->access);

	if (hdiov_vdev_can_pause(vdev)) {
		/* Before the vendor is called: what the guest rings must not run */
		vdev->state = HDIOV_PAUSED;
		hdiov_region_unmap(vdev);
		ret = vdev->core->pf->adi_ops->pause(vdev->adi);
		if (ret && ret != -EAGAIN)
			dev_err_ratelimited(hdiov_vdev_dev(vdev),
					    "cannot pause: %d, is to be reset\n",
					    ret);
	}
	if (!ret)
		return;

	hdiov_vdev_quiesce(vdev);
	vdev->needs_reset = true;
	vdev->parked = true;
}

/**
 * hdiov_vdev_set_master - a guest turns bus mastering of its VDEV on or off
 * @vdev: the VDEV in any state; the caller holds its lock and access (write)
 * @on: what it is now, and was not before; off in D3hot, whatever its bit says
 *
 * Off: when this returns, no DMA and no message of the VDEV is under way, and none
 * comes. On: it goes on where it was if the hardware can pause. Otherwise it is
 * reset, as a guest does before it turns bus mastering on, with kexec for example.
 * Hardware that cannot pause runs after any other reset too, and at first: registers
 * have to answer before a driver turns bus mastering on, and nothing is programmed
 * that could do DMA.
 *
 * Context: process; the caller reports the outcome when it has let go of access
 */
void hdiov_vdev_set_master(struct hdiov_vdev *vdev, bool on)
{
	u64 start = ktime_get_ns();

	lockdep_assert_held(&vdev->lock);
	lockdep_assert_held_write(&vdev->access);

	/* It has been paid for */
	vdev->dear_pause = false;
	/*
	 * CPU 0 is told that the PF's reset has begun, and has not come to this VDEV
	 * yet, whose guest is here on CPU 1. Nothing runs any more, and when it is
	 * enabled again, what the guest has written now is what counts.
	 */
	if (READ_ONCE(vdev->core->gone))
		return;
	if (!on && vdev->state == HDIOV_RUNNING) {
		hdiov_vdev_pause(vdev);
		vdev->dear_pause = ktime_get_ns() - start > HDIOV_CHEAP_PAUSE;
	} else if (on && vdev->state == HDIOV_PAUSED) {
		if (!hdiov_vdev_halted(vdev))
			hdiov_vdev_unpause(vdev);
	} else if (on && vdev->parked && !vdev->suspended) {
		vdev->resets++;
		vdev->parked = false;
		hdiov_vdev_enable(vdev, false);
	}
}

/**
 * hdiov_vdev_usable - can a VDEV be started at all
 * @vdev: the VDEV; the caller holds its lock
 *
 * Return: 0; -EAGAIN while the PF is being reset; -EIO if that has failed or the
 * hardware of this VDEV is out of use
 */
int hdiov_vdev_usable(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	if (READ_ONCE(vdev->core->state) == HDIOV_PF_DOWN)
		return -EIO;
	if (hdiov_vdev_awaits_pf(vdev))
		return -EAGAIN;
	return vdev->not_quiet ? -EIO : 0;
}

static void hdiov_vdev_clear_pasid(struct hdiov_vdev *vdev)
{
	const struct hdiov_adi_ops *ops = vdev->core->pf->adi_ops;
	int ret;

	lockdep_assert_held(&vdev->lock);

	ret = ops->clear_pasid ? ops->clear_pasid(vdev->adi) : 0;
	if (ret)
		hdiov_vdev_set_aside(vdev, "does not let go of its PASID", ret);
}

static int hdiov_vdev_enable_idle(struct hdiov_vdev *vdev)
{
	int ret;

	guard(rwsem_write)(&vdev->access);
	vdev->state = HDIOV_BOUND;
	ret = hdiov_vdev_enable(vdev, false);
	if (ret) {
		vdev->state = HDIOV_IDLE;
		vdev->suspended = false;
	}
	return ret;
}

/**
 * hdiov_vdev_start - let the guest use the hardware
 * @vdev: the VDEV, idle, with an IOMMU domain attached; the caller holds its
 *	lock
 *
 * Context: process
 *
 * Return: 0; or what hdiov_vdev_usable(), hdiov_iommu_bind() or the vendor return.
 * On error the VDEV stays idle.
 */
int hdiov_vdev_start(struct hdiov_vdev *vdev)
{
	const struct hdiov_adi_ops *ops = vdev->core->pf->adi_ops;
	struct hdiov_dma_id id;
	int ret;

	lockdep_assert_held(&vdev->lock);

	ret = hdiov_vdev_usable(vdev);
	if (ret)
		return ret;

	ret = hdiov_iommu_bind(vdev);
	if (ret)
		return ret;
	hdiov_dirty_follow(vdev);

	/* That was asked for while nobody had it. It is as after a reset */
	WRITE_ONCE(vdev->reset_wanted, false);

	/* Attaching the PASID may have taken its time */
	id.pasid = vdev->pasid;
	ret = READ_ONCE(vdev->core->gone) ? -EAGAIN :
	      ops->set_pasid(vdev->adi, &id);
	if (ret) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "cannot set PASID %u: %d\n", vdev->pasid,
				    ret);
		goto err_unbind;
	}

	ret = hdiov_vdev_enable_idle(vdev);
	if (ret)
		goto err_clear;

	trace_hdiov_bind(vdev, vdev->pasid);
	return 0;

err_clear:
	/* See hdiov_vdev_stop() */
	if (!vdev->not_quiet)
		hdiov_vdev_clear_pasid(vdev);
err_unbind:
	hdiov_iommu_unbind(vdev);
	return ret;
}

/**
 * hdiov_vdev_stop - take the hardware away from the guest
 * @vdev: the VDEV in any state; the caller holds its lock
 *
 * When it returns no DMA of this VDEV is pending and its PASID is detached. All
 * that the guest had programmed is gone. If the hardware did not confirm that it
 * is quiet, it keeps its PASID, which is blocked.
 *
 * Context: process
 */
void hdiov_vdev_stop(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	if (vdev->state == HDIOV_IDLE)
		return;

	scoped_guard(rwsem_write, &vdev->access) {
		if (hdiov_vdev_answers(vdev))
			hdiov_vdev_quiesce(vdev);
		/* That of a suspended one is done when it is started again */
		if (vdev->not_quiet || READ_ONCE(vdev->core->gone))
			vdev->needs_reset = true;
		else if (!vdev->suspended)
			hdiov_vdev_wipe(vdev, false);
		vdev->state = HDIOV_IDLE;
	}
	vdev->suspended = false;
	vdev->parked = false;

	/*
	 * What may still run must not lose its PASID: its requests would go out
	 * as the PF's own. With it they end at the IOMMU from here on.
	 */
	if (!vdev->not_quiet)
		hdiov_vdev_clear_pasid(vdev);
	trace_hdiov_unbind(vdev, vdev->pasid);
	hdiov_iommu_unbind(vdev);
	hdiov_vdev_report(vdev, true);
}

static int hdiov_vdev_try_reset(struct hdiov_vdev *vdev, bool restart)
{
	ktime_t start = ktime_get();
	int ret;

	lockdep_assert_held(&vdev->lock);

	vdev->resets++;
	if (vdev->state == HDIOV_IDLE)
		return vdev->failed || vdev->not_quiet ? -EIO : 0;
	/* It is reset when the PF is back, if ever. If it is gone, that is for sure */
	if (vdev->suspended || READ_ONCE(vdev->core->gone))
		return READ_ONCE(vdev->core->state) == HDIOV_PF_DOWN ? -EIO : 0;

	scoped_guard(rwsem_write, &vdev->access) {
		if (hdiov_vdev_answers(vdev))
			hdiov_vdev_quiesce(vdev);
		vdev->parked = false;
		/* A reset that failed is still owed */
		restart = restart && !vdev->needs_reset;
		vdev->needs_reset = true;
		ret = hdiov_vdev_enable(vdev, restart);
		/* When the PF is back */
		if (vdev->suspended)
			ret = 0;
	}

	trace_hdiov_reset(vdev, ret, ktime_sub(ktime_get(), start));
	return ret;
}

/**
 * hdiov_vdev_grant_reset - may a VDEV's user or guest have it reset now
 * @vdev: the VDEV; the caller holds its lock
 *
 * Context: process
 *
 * Return: 0 if it may, and then this one counts; or for how many ns not
 */
u64 hdiov_vdev_grant_reset(struct hdiov_vdev *vdev)
{
	u64 now = ktime_get_ns();
	u64 paid = max(vdev->reset_paid, now) + HDIOV_RESET_INTERVAL;
	u64 due = now + HDIOV_RESET_BURST * HDIOV_RESET_INTERVAL;

	lockdep_assert_held(&vdev->lock);

	if (paid > due)
		return paid - due;
	vdev->reset_paid = paid;
	return 0;
}

/**
 * hdiov_vdev_await_reset - wait before asking hdiov_vdev_grant_reset() again
 * @wait: what it said
 *
 * Context: process, without locks
 *
 * Return: 0, or -EINTR if the user is killed meanwhile
 */
int hdiov_vdev_await_reset(u64 wait)
{
	schedule_timeout_killable(nsecs_to_jiffies(wait) + 1);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * hdiov_vdev_reset - reset a VDEV as a function level reset does
 * @vdev: the VDEV; the caller holds its lock
 * @answered: as hdiov_vdev_report() wants to know
 *
 * Accesses to its registers wait meanwhile. Its vectors and its PASID stay.
 *
 * Context: process
 *
 * Return: 0, also for a VDEV that has no IOMMU domain yet; -EIO if it has lost that
 * because it could not be started, or is out of use; or what the vendor returns if
 * it failed, then the VDEV is dead until the next reset
 */
int hdiov_vdev_reset(struct hdiov_vdev *vdev, bool answered)
{
	int ret;

	/* Of one that is stopped, too, and even if it has to wait for the PF */
	hdiov_vdev_forget(vdev);
	ret = hdiov_vdev_try_reset(vdev, false);
	hdiov_vdev_report(vdev, answered);
	return ret;
}

static void hdiov_vdev_suspend(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	if (vdev->state == HDIOV_IDLE)
		return;

	/* A dead one too: its user could ask for a reset meanwhile */
	guard(rwsem_write)(&vdev->access);
	if (hdiov_vdev_answers(vdev))
		hdiov_vdev_quiesce(vdev);
	vdev->needs_reset = true;
	vdev->suspended = true;
}

/**
 * hdiov_vdev_halt - a VDEV's user stops it
 * @vdev: the VDEV in any state, halted from now on; the caller holds its lock
 *
 * When it returns, no DMA and no message of the VDEV is under way, and none comes.
 * A reset that its guest has asked for is done before, as nobody would know of it
 * elsewhere.
 *
 * Context: process
 */
void hdiov_vdev_halt(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	if (READ_ONCE(vdev->reset_wanted) && !vdev->parked) {
		hdiov_vdev_try_reset(vdev, true);
	} else if (!READ_ONCE(vdev->core->gone) &&
		   vdev->state == HDIOV_RUNNING) {
		guard(rwsem_write)(&vdev->access);
		hdiov_vdev_pause(vdev);
	}
	hdiov_irq_wait(vdev);
	hdiov_vdev_report(vdev, false);
}

/**
 * hdiov_vdev_go - a VDEV's user lets it go on
 * @vdev: the VDEV in any state, halted until now; the caller holds its lock
 *
 * Context: process
 */
void hdiov_vdev_go(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	/*
	 * CPU 0 is told that a reset of the PF has begun, and has not come to this VDEV
	 * yet, whose user is here on CPU 1. It is off the hardware now: so its guest
	 * gets what was saved when the PF is back, and cannot do anything before.
	 */
	if (READ_ONCE(vdev->core->gone))
		hdiov_vdev_suspend(vdev);
	/*
	 * The host has decided something else for a VDEV that was halted. What its guest
	 * had before must not run under the old rules, not even for a moment, and what
	 * was loaded is what it had before.
	 */
	if (READ_ONCE(vdev->reset_wanted) && !vdev->parked) {
		hdiov_vdev_settle(vdev);
		hdiov_vdev_try_reset(vdev, true);
	}
	scoped_guard(rwsem_write, &vdev->access) {
		if (hdiov_config_master(vdev))
			hdiov_vdev_set_master(vdev, true);
		hdiov_vdev_settle(vdev);
	}
	hdiov_vdev_report(vdev, false);
}

/**
 * hdiov_vdev_save - keep what a halted VDEV has, and let go of the hardware
 * @vdev: the VDEV; the caller holds its lock
 * @to: where to; on success it belongs to the VDEV
 *
 * The hardware is quiesced. So each guest that is stopped and goes on goes the way of
 * one that is migrated, and a reset of the PF meanwhile takes nothing from it.
 *
 * Context: process
 *
 * Return: 0; -EAGAIN while the PF is being reset; -EIO if there is nothing to be saved,
 * as the VDEV is dead or has no address space; or what the vendor returns
 */
int hdiov_vdev_save(struct hdiov_vdev *vdev, struct hdiov_records *to)
{
	int ret;

	lockdep_assert_held(&vdev->lock);

	/*
	 * That a message of the guest has asked for which was served since. What was loaded
	 * into a VDEV that has not gone on yet is what the guest had before.
	 */
	if (READ_ONCE(vdev->reset_wanted)) {
		hdiov_vdev_settle(vdev);
		hdiov_vdev_try_reset(vdev, true);
	}
	ret = hdiov_vdev_usable(vdev);
	if (ret)
		return ret;

	guard(rwsem_write)(&vdev->access);
	if (vdev->state != HDIOV_PAUSED)
		return -EIO;
	ret = vdev->core->pf->migrate_ops->save(vdev->adi, to);
	if (ret)
		return ret;

	hdiov_vdev_forget(vdev);
	vdev->saved = to;
	hdiov_vdev_quiesce(vdev);
	vdev->needs_reset = true;
	return 0;
}

/* Load it, unless it is already, or is when the VDEV is started or the PF is back */
static int hdiov_vdev_unsave_locked(struct hdiov_vdev *vdev)
{
	lockdep_assert_held_write(&vdev->access);

	if (!vdev->saved || vdev->state != HDIOV_BOUND || vdev->suspended ||
	    READ_ONCE(vdev->core->gone))
		return 0;
	return hdiov_vdev_enable(vdev, false);
}

/**
 * hdiov_vdev_unsave - undo hdiov_vdev_save()
 * @vdev: the VDEV, halted; the caller holds its lock
 *
 * If the hardware does not take it, the VDEV is dead until its next reset. Its user is
 * told by the error interrupt, not by an error: for that QEMU would reset the VDEV, and
 * give up the guest if it cannot.
 *
 * Context: process
 */
void hdiov_vdev_unsave(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	scoped_guard(rwsem_write, &vdev->access) {
		if (hdiov_vdev_unsave_locked(vdev) && !vdev->suspended)
			hdiov_vdev_forget(vdev);
	}
	hdiov_vdev_report(vdev, false);
}

/**
 * hdiov_vdev_load - a halted VDEV gets what another has saved
 * @vdev: the VDEV; the caller holds its lock
 * @from: what it gets, which the vendor has checked; belongs to the VDEV from now on, or
 *	is freed
 *
 * Context: process
 *
 * Return: 0; -EIO if it has no address space yet; what hdiov_vdev_usable() or the vendor
 * return, then the VDEV is as after a reset
 */
int hdiov_vdev_load(struct hdiov_vdev *vdev, struct hdiov_records *from)
{
	int ret;

	lockdep_assert_held(&vdev->lock);

	ret = vdev->state == HDIOV_IDLE ? -EIO : hdiov_vdev_usable(vdev);
	if (ret) {
		kvfree(from);
		return ret;
	}

	scoped_guard(rwsem_write, &vdev->access) {
		hdiov_vdev_forget(vdev);
		vdev->saved = from;
		if (hdiov_vdev_answers(vdev))
			hdiov_vdev_quiesce(vdev);
		vdev->parked = false;
		vdev->needs_reset = true;
		ret = hdiov_vdev_unsave_locked(vdev);
		/* A reset of the PF has begun since */
		if (!ret && vdev->state != HDIOV_PAUSED)
			ret = -EAGAIN;
		if (ret)
			hdiov_vdev_forget(vdev);
		if (ret && !vdev->suspended && vdev->state == HDIOV_BOUND)
			hdiov_vdev_enable(vdev, false);
	}
	hdiov_vdev_report(vdev, true);
	return ret;
}

/*
 * Is there a reset to be done? A parked one is reset when its guest turns bus mastering
 * on. And one that is halted, when it goes on.
 */
static bool hdiov_vdev_reset_is_due(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	return READ_ONCE(vdev->reset_wanted) && !vdev->parked &&
	       !hdiov_vdev_halted(vdev);
}

static void hdiov_vdev_reset_work(struct work_struct *work)
{
	struct hdiov_vdev *vdev = container_of(to_delayed_work(work),
					       struct hdiov_vdev, reset_work);
	u64 wait;

	guard(mutex)(&vdev->lock);

	if (!hdiov_vdev_reset_is_due(vdev))
		return;

	wait = hdiov_vdev_grant_reset(vdev);
	if (wait) {
		queue_delayed_work(hdiov_wq, &vdev->reset_work,
				   nsecs_to_jiffies(wait) + 1);
		return;
	}
	hdiov_vdev_try_reset(vdev, true);
	hdiov_vdev_report(vdev, false);
}

/**
 * hdiov_adi_request_reset - have an ADI reset soon
 * @adi: the ADI, between its create and destroy callbacks
 *
 * For a guest that asks for a reset through a mailbox or a register, or a queue
 * that the hardware has stopped. The core unmaps, quiesces, resets and enables
 * the ADI from a work item. Requests before that has begun count as one, and any
 * other reset that comes first settles them. A guest that asks for one reset after
 * the other has to wait for them.
 *
 * Context: any
 */
void hdiov_adi_request_reset(struct hdiov_adi *adi)
{
	WRITE_ONCE(adi->vdev->reset_wanted, true);
	queue_delayed_work(hdiov_wq, &adi->vdev->reset_work, 0);
}
EXPORT_SYMBOL_GPL(hdiov_adi_request_reset);

/**
 * hdiov_adi_finish_reset - have a reset that was asked for done now
 * @adi: the ADI, between its create and destroy callbacks
 *
 * After hdiov_adi_request_reset(), for what the host's administrator has decided: the
 * guest must not go on without it after it was written, though it may have to wait for
 * resets of its own. On return no queue runs that was started before. If none runs
 * anyway, because the VDEV is halted, or the PF is being reset, the reset comes before
 * one does.
 *
 * Context: process, may sleep; without locks that a callback of an ADI takes
 */
void hdiov_adi_finish_reset(struct hdiov_adi *adi)
{
	struct hdiov_vdev *vdev = adi->vdev;

	guard(mutex)(&vdev->lock);

	if (!hdiov_vdev_reset_is_due(vdev))
		return;
	hdiov_vdev_try_reset(vdev, true);
	hdiov_vdev_report(vdev, false);
}
EXPORT_SYMBOL_GPL(hdiov_adi_finish_reset);

/* The PF is about to be reset, and waits for this with its vdevs_lock held */
static void hdiov_vdev_suspend_work(struct work_struct *work)
{
	struct hdiov_vdev *vdev = container_of(work, struct hdiov_vdev,
					       suspend_work);

	guard(mutex)(&vdev->lock);
	hdiov_vdev_suspend(vdev);
	/*
	 * Not before: that has touched registers. And not without the lock: CPU 0
	 * enables a vector and writes its message, while CPU 1 comes here, goes on
	 * to turn off the PF's decoding, and the rest of the message is lost.
	 */
	vdev->unreachable = true;
	hdiov_vdev_report(vdev, false);
}

/* The PF has been reset, and waits for this with its vdevs_lock held */
static void hdiov_vdev_resume_work(struct work_struct *work)
{
	struct hdiov_vdev *vdev = container_of(work, struct hdiov_vdev,
					       resume_work);

	guard(mutex)(&vdev->lock);

	/* No queue lives through a reset of the PF */
	if (vdev->not_quiet) {
		vdev->not_quiet = false;
		if (vdev->state == HDIOV_IDLE)
			hdiov_vdev_clear_pasid(vdev);
		if (vdev->state == HDIOV_IDLE && !vdev->not_quiet)
			hdiov_pasid_free(vdev->core, vdev->pasid);
	}
	/* Before the guest's queues, which would raise them, can run */
	vdev->unreachable = false;
	hdiov_irq_resume(vdev);
	if (vdev->suspended) {
		vdev->suspended = false;
		hdiov_vdev_try_reset(vdev, false);
	}
	hdiov_vdev_report(vdev, false);
}

static int hdiov_vdev_get(struct hdiov_vdev *vdev)
{
	int ret;

	lockdep_assert_held(&vdev->lock);

	/* Its driver cannot be unloaded below an open VDEV */
	if (!try_module_get(vdev->core->pf->owner))
		return -ENODEV;

	vdev->inert = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vdev->inert) {
		ret = -ENOMEM;
		goto err_module;
	}

	vdev->opened = true;
	vdev->failed = false;
	if (READ_ONCE(vdev->domain)) {
		ret = hdiov_vdev_start(vdev);
		if (ret)
			goto err_page;
	}
	return 0;

err_page:
	vdev->opened = false;
	__free_page(vdev->inert);
	vdev->inert = NULL;
err_module:
	module_put(vdev->core->pf->owner);
	return ret;
}

/**
 * hdiov_vdev_open - the VDEV gets its user
 * @vdev: the VDEV
 *
 * It starts now if VFIO has attached an IOMMU domain (a container), or when
 * that happens (iommufd).
 *
 * Context: process
 *
 * Return: 0; -ENODEV if the PF's driver is going away; -ENOMEM; or what
 * hdiov_vdev_start() returns
 */
int hdiov_vdev_open(struct hdiov_vdev *vdev)
{
	ktime_t start = ktime_get();
	int ret;

	guard(mutex)(&vdev->lock);
	ret = hdiov_vdev_get(vdev);
	if (!ret)
		trace_hdiov_open(vdev, ktime_sub(ktime_get(), start));
	hdiov_vdev_report(vdev, true);
	return ret;
}

/**
 * hdiov_vdev_close - the last user of a VDEV is gone
 * @vdev: the VDEV; nothing maps its pages any more
 *
 * Context: process
 */
void hdiov_vdev_close(struct hdiov_vdev *vdev)
{
	ktime_t start = ktime_get();

	scoped_guard(mutex, &vdev->lock) {
		hdiov_vdev_stop(vdev);
		hdiov_vdev_forget(vdev);
		vdev->mig_state = VFIO_DEVICE_STATE_RUNNING;
		hdiov_irq_release(vdev);
		vdev->opened = false;
		vdev->failed = false;
		hdiov_vdev_report(vdev, true);
	}
	/* Only now: a running ADI could ask for another reset */
	cancel_delayed_work_sync(&vdev->reset_work);

	__free_page(vdev->inert);
	vdev->inert = NULL;
	trace_hdiov_close(vdev, ktime_sub(ktime_get(), start));
	module_put(vdev->core->pf->owner);
}

static int hdiov_adi_create(struct hdiov_vdev *vdev,
			    const struct hdiov_type *type)
{
	struct hdiov_pf *pf = vdev->core->pf;
	struct hdiov_adi *adi;
	int ret;

	if (READ_ONCE(vdev->core->state) == HDIOV_PF_DOWN) {
		dev_err(hdiov_vdev_dev(vdev), "%s is down until it is reset\n",
			dev_name(pf->dev));
		return -EIO;
	}

	adi = kzalloc(pf->adi_size, GFP_KERNEL);
	if (!adi)
		return -ENOMEM;
	adi->pf = pf;
	adi->type = type;
	adi->num_qps = type->num_qps;
	adi->vdev = vdev;

	/* Once it is needed there is no way back */
	ret = -ENOMEM;
	vdev->lost = kzalloc_obj(*vdev->lost);
	if (!vdev->lost)
		goto err_free;

	ret = hdiov_qp_alloc(vdev->core, type, &adi->qp_base);
	if (ret) {
		dev_err(hdiov_vdev_dev(vdev),
			"%s has no %u free queue pairs in a row for %s, of %u\n",
			dev_name(pf->dev), adi->num_qps, type->name,
			pf->num_qps);
		goto err_lost;
	}

	vdev->adi = adi;
	ret = pf->adi_ops->create(adi);
	if (ret)
		goto err_qp;
	ret = hdiov_region_check(adi);
	if (ret)
		goto err_destroy;
	return 0;

err_destroy:
	pf->adi_ops->destroy(adi);
err_qp:
	/* That the vendor may have queued */
	cancel_delayed_work_sync(&vdev->reset_work);
	vdev->adi = NULL;
	hdiov_qp_free(vdev->core, adi->qp_base, adi->num_qps);
err_lost:
	kfree(vdev->lost);
err_free:
	kfree(adi);
	return ret;
}

/* Give back what the ADI had, or have it kept until that can be done */
static void hdiov_adi_lose(struct hdiov_vdev *vdev)
{
	struct hdiov_lost *lost = vdev->lost;
	struct hdiov_adi *adi = vdev->adi;

	if (!vdev->not_quiet && !hdiov_irq_any(vdev)) {
		kfree(lost);
		hdiov_qp_free(vdev->core, adi->qp_base, adi->num_qps);
		return;
	}

	lost->stuck = vdev->not_quiet;
	lost->since = vdev->not_quiet_since;
	lost->pasid = vdev->pasid;
	lost->qp_base = adi->qp_base;
	lost->num_qps = adi->num_qps;
	lost->vectors = vdev->vectors;
	lost->num_vectors = adi->type->num_vectors;
	vdev->vectors = NULL;
	hdiov_pf_lose(vdev->core, lost);
	/* After the vectors, whose slots hardware may tie to the queue pairs */
	if (!vdev->not_quiet)
		hdiov_qp_free(vdev->core, adi->qp_base, adi->num_qps);
}

static void hdiov_adi_destroy(struct hdiov_vdev *vdev)
{
	struct hdiov_adi *adi = vdev->adi;

	vdev->core->pf->adi_ops->destroy(adi);
	cancel_delayed_work_sync(&vdev->reset_work);
	hdiov_adi_lose(vdev);
	vdev->adi = NULL;
	kfree(adi);
}

/* From now on resets of the PF visit it. One may be under way */
static void hdiov_vdev_list(struct hdiov_vdev *vdev)
{
	struct hdiov_pf_core *core = vdev->core;

	guard(mutex)(&core->vdevs_lock);
	list_add_tail(&vdev->node, &core->vdevs);
	vdev->unreachable = core->state != HDIOV_PF_UP;
}

static void hdiov_vdev_unlist(struct hdiov_vdev *vdev)
{
	guard(mutex)(&vdev->core->vdevs_lock);
	list_del(&vdev->node);
}

/**
 * hdiov_vdev_create - make a VDEV
 * @core: the PF
 * @type: what to make
 * @dev: device of the front end; its driver data is set to the VDEV
 *
 * When it returns the VDEV is complete and may be opened. Other VDEVs of the PF
 * are not disturbed.
 *
 * Context: process
 *
 * Return: the VDEV or an ERR_PTR: -ENOSPC if the PF has run out of something,
 * named in a message; -EIO if its reset has failed; -ENOMEM; or what the vendor
 * returned
 */
struct hdiov_vdev *hdiov_vdev_create(struct hdiov_pf_core *core,
				     const struct hdiov_type *type,
				     struct device *dev)
{
	ktime_t start = ktime_get();
	struct hdiov_vdev *vdev;
	int ret;

	vdev = vfio_alloc_device(hdiov_vdev, vfio, dev, &hdiov_vfio_ops);
	if (IS_ERR(vdev))
		return vdev;

	mutex_init(&vdev->lock);
	mutex_init(&vdev->notify_lock);
	init_rwsem(&vdev->access);
	init_rwsem(&vdev->mapping);
	INIT_DELAYED_WORK(&vdev->reset_work, hdiov_vdev_reset_work);
	INIT_WORK(&vdev->suspend_work, hdiov_vdev_suspend_work);
	INIT_WORK(&vdev->resume_work, hdiov_vdev_resume_work);
	vdev->core = core;
	vdev->serial = hdiov_vdev_default_serial(vdev);
	vdev->mig_state = VFIO_DEVICE_STATE_RUNNING;
	if (core->pf->migrate_ops) {
		vdev->vfio.mig_ops = &hdiov_vfio_mig_ops;
		vdev->vfio.migration_flags = VFIO_MIGRATION_STOP_COPY |
					     VFIO_MIGRATION_P2P |
					     VFIO_MIGRATION_PRE_COPY;
	}
	if (core->logs)
		vdev->vfio.log_ops = &hdiov_vfio_log_ops;

	ret = hdiov_irq_init(vdev, type);
	if (ret)
		goto err_put;

	ret = hdiov_adi_create(vdev, type);
	if (ret)
		goto err_irq;

	ret = hdiov_iommu_join(vdev);
	if (ret) {
		dev_err(dev, "cannot make an IOMMU group: %d\n", ret);
		goto err_adi;
	}

	dev_set_drvdata(dev, vdev);
	ret = sysfs_create_groups(&dev->kobj, hdiov_vdev_groups);
	if (ret)
		goto err_iommu;
	ret = sysfs_create_groups(&dev->kobj, core->pf->vdev_groups);
	if (ret)
		goto err_groups;

	hdiov_vdev_list(vdev);
	hdiov_debugfs_add_vdev(vdev);

	/* A set of its own. VFIO would make it too, and not notice if it cannot */
	ret = vfio_assign_device_set(&vdev->vfio, vdev);
	if (!ret)
		ret = vfio_register_group_dev(&vdev->vfio);
	if (ret)
		goto err_list;

	trace_hdiov_create(vdev, ktime_sub(ktime_get(), start));
	return vdev;

err_list:
	debugfs_remove(vdev->debugfs);
	hdiov_vdev_unlist(vdev);
	sysfs_remove_groups(&dev->kobj, core->pf->vdev_groups);
err_groups:
	sysfs_remove_groups(&dev->kobj, hdiov_vdev_groups);
err_iommu:
	dev_set_drvdata(dev, NULL);
	hdiov_iommu_leave(vdev);
err_adi:
	hdiov_adi_destroy(vdev);
err_irq:
	hdiov_irq_exit(vdev);
err_put:
	vfio_put_device(&vdev->vfio);
	return ERR_PTR(ret);
}

/**
 * hdiov_vdev_destroy - remove a VDEV
 * @vdev: the VDEV
 *
 * Asks its user to let go if there is one, and waits for that.
 *
 * Context: process
 */
void hdiov_vdev_destroy(struct hdiov_vdev *vdev)
{
	struct device *dev = hdiov_vdev_dev(vdev);
	struct hdiov_pf_core *core = vdev->core;

	vfio_unregister_group_dev(&vdev->vfio);

	debugfs_remove(vdev->debugfs);
	hdiov_vdev_unlist(vdev);
	sysfs_remove_groups(&dev->kobj, core->pf->vdev_groups);
	sysfs_remove_groups(&dev->kobj, hdiov_vdev_groups);
	dev_set_drvdata(dev, NULL);
	hdiov_iommu_leave(vdev);
	trace_hdiov_destroy(vdev);
	hdiov_adi_destroy(vdev);
	hdiov_irq_exit(vdev);
	vfio_put_device(&vdev->vfio);
}

/**
 * hdiov_adi_name - the name of the VDEV that an ADI belongs to
 * @adi: the ADI
 *
 * Return: the name, for messages; for an mdev it is the UUID
 */
const char *hdiov_adi_name(struct hdiov_adi *adi)
{
	return dev_name(hdiov_vdev_dev(adi->vdev));
}
EXPORT_SYMBOL_GPL(hdiov_adi_name);

/**
 * hdiov_adi_from_dev - the ADI behind a VDEV's device
 * @dev: device that a function of &hdiov_pf.vdev_groups was called with
 *
 * Return: the ADI, valid as long as that function runs
 */
struct hdiov_adi *hdiov_adi_from_dev(struct device *dev)
{
	struct hdiov_vdev *vdev = dev_get_drvdata(dev);

	return vdev->adi;
}
EXPORT_SYMBOL_GPL(hdiov_adi_from_dev);

/**
 * hdiov_adi_domain - what the PASID of a software device stands for
 * @adi: an ADI of a PF that hdiov_register_software_pf() has registered
 *
 * Context: between the set_pasid and clear_pasid callbacks
 *
 * Return: the domain, made by the PF's domain_alloc function
 */
struct iommu_domain *hdiov_adi_domain(struct hdiov_adi *adi)
{
	return adi->vdev->bound->real;
}
EXPORT_SYMBOL_GPL(hdiov_adi_domain);
