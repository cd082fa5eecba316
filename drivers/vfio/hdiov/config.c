// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: PCI configuration space of VDEVs
 *
 * All of it is software. A type 0 header, an MSI-X capability, a PCI Express
 * capability of a root complex integrated endpoint that can be reset by FLR, power
 * management with the states D0 and D3hot, and a serial number in extended space.
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "hdiov_private.h"

/* Where Intel's own functions have them: FreeBSD's iavf took 0x70 for granted, once */
#define HDIOV_CAP_MSIX		0x70
#define HDIOV_CAP_EXP		0xa0
#define HDIOV_CAP_DSN		PCI_CFG_SPACE_SIZE

/* PCI_PM_CTRL_STATE_MASK when it is D3hot */
#define HDIOV_PM_D3HOT		3

static void hdiov_config_bars(struct hdiov_vdev *vdev)
{
	const struct hdiov_model *model = vdev->adi->type->model;
	unsigned int i;

	for (i = 0; i < HDIOV_NUM_BARS; i++)
		if (model->bar[i].size)
			put_unaligned_le32(model->bar[i].flags,
					   vdev->config + PCI_BASE_ADDRESS_0 +
					   i * 4);
}

/* Which bits of a base address register the guest can write */
static u32 hdiov_config_bar_mask(const struct hdiov_model *model, unsigned int i)
{
	if (model->bar[i].size)
		return ~(model->bar[i].size - 1) & PCI_BASE_ADDRESS_MEM_MASK;
	if (i && model->bar[i - 1].flags & PCI_BASE_ADDRESS_MEM_TYPE_64)
		return ~(model->bar[i - 1].size - 1) >> 32;
	return 0;
}

/*
 * Which bits of a register of one byte the guest can write. Worked out at each write,
 * as these are rare: a table in each of hundreds of VDEVs would be the larger half
 * of it.
 */
static u8 hdiov_config_wmask(const struct hdiov_vdev *vdev, unsigned int reg)
{
	const unsigned int bars = PCI_BASE_ADDRESS_0;
	unsigned int first = ALIGN_DOWN(reg, 2);
	u32 mask;

	if (reg >= bars && reg < bars + HDIOV_NUM_BARS * 4) {
		first = ALIGN_DOWN(reg, 4);
		mask = hdiov_config_bar_mask(vdev->adi->type->model,
					     (first - bars) / 4);
		return mask >> (reg - first) * 8;
	}

	switch (first) {
	case PCI_COMMAND:
		mask = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		       PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		       PCI_COMMAND_INTX_DISABLE;
		break;
	case PCI_CACHE_LINE_SIZE:
	case PCI_INTERRUPT_LINE:
		mask = 0xff;
		break;
	case HDIOV_CAP_MSIX + PCI_MSIX_FLAGS:
		mask = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL;
		break;
	case HDIOV_CAP_EXP + PCI_EXP_DEVCTL:
		mask = PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
		       PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
		       PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |
		       PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ;
		break;
	case HDIOV_PM_STATE:
		mask = PCI_PM_CTRL_STATE_MASK;
		break;
	default:
		mask = 0;
	}
	return mask >> (reg - first) * 8;
}

/**
 * hdiov_config_reset - the state after power-on
 * @vdev: the VDEV, without a user yet; the caller holds its lock
 */
void hdiov_config_reset(struct hdiov_vdev *vdev)
{
	const struct hdiov_type *type = vdev->adi->type;
	const struct hdiov_model *model = type->model;
	u8 *cfg = vdev->config;

	lockdep_assert_held(&vdev->lock);

	memset(cfg, 0, sizeof(vdev->config));
	memset(vdev->msix_table, 0, type->num_vectors * PCI_MSIX_ENTRY_SIZE);

	put_unaligned_le16(model->vendor, cfg + PCI_VENDOR_ID);
	put_unaligned_le16(model->device, cfg + PCI_DEVICE_ID);
	put_unaligned_le16(PCI_STATUS_CAP_LIST, cfg + PCI_STATUS);
	put_unaligned_le32(model->class_code << 8 | model->revision,
			   cfg + PCI_CLASS_REVISION);
	put_unaligned_le16(model->subsystem_vendor,
			   cfg + PCI_SUBSYSTEM_VENDOR_ID);
	put_unaligned_le16(model->subsystem_device, cfg + PCI_SUBSYSTEM_ID);
	cfg[PCI_CAPABILITY_LIST] = HDIOV_CAP_MSIX;

	hdiov_config_bars(vdev);

	cfg[HDIOV_CAP_MSIX] = PCI_CAP_ID_MSIX;
	cfg[HDIOV_CAP_MSIX + PCI_CAP_LIST_NEXT] = HDIOV_CAP_EXP;
	put_unaligned_le16(type->num_vectors - 1,
			   cfg + HDIOV_CAP_MSIX + PCI_MSIX_FLAGS);
	put_unaligned_le32(model->msix_table | model->msix_bar,
			   cfg + HDIOV_CAP_MSIX + PCI_MSIX_TABLE);
	put_unaligned_le32(model->msix_pba | model->msix_bar,
			   cfg + HDIOV_CAP_MSIX + PCI_MSIX_PBA);

	cfg[HDIOV_CAP_EXP] = PCI_CAP_ID_EXP;
	cfg[HDIOV_CAP_EXP + PCI_CAP_LIST_NEXT] = HDIOV_CAP_PM;
	put_unaligned_le16(2 | PCI_EXP_TYPE_RC_END << 4,
			   cfg + HDIOV_CAP_EXP + PCI_EXP_FLAGS);
	put_unaligned_le32(PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR,
			   cfg + HDIOV_CAP_EXP + PCI_EXP_DEVCAP);

	/* Version 3, without D1, D2 and PME */
	cfg[HDIOV_CAP_PM] = PCI_CAP_ID_PM;
	put_unaligned_le16(3, cfg + HDIOV_CAP_PM + PCI_PM_PMC);
	/* It goes on where it was, or is reset when it wakes up, and says which */
	if (vdev->core->pf->adi_ops->pause)
		put_unaligned_le16(PCI_PM_CTRL_NO_SOFT_RESET,
				   cfg + HDIOV_CAP_PM + PCI_PM_CTRL);

	put_unaligned_le32(PCI_EXT_CAP_ID_DSN | 1 << 16, cfg + HDIOV_CAP_DSN);
	put_unaligned_le64(vdev->serial, cfg + HDIOV_CAP_DSN + 4);
}

/**
 * hdiov_config_flr - function level reset, whoever asks for it
 * @vdev: the VDEV; the caller holds its lock
 * @answered: as hdiov_vdev_report() wants to know
 *
 * It wakes the VDEV up. The other registers stay, as with vfio-pci, whose users
 * rely on that; a guest has to restore them anyway.
 *
 * Context: process
 *
 * Return: as hdiov_vdev_reset()
 */
int hdiov_config_flr(struct hdiov_vdev *vdev, bool answered)
{
	lockdep_assert_held(&vdev->lock);

	if (hdiov_config_d3hot(vdev)) {
		guard(rwsem_write)(&vdev->access);
		vdev->config[HDIOV_PM_STATE] &= ~PCI_PM_CTRL_STATE_MASK;
	}
	return hdiov_vdev_reset(vdev, answered);
}

/* Does this write ask for a function level reset? */
static bool hdiov_config_asks_flr(unsigned int pos, const u8 *val, size_t count)
{
	const unsigned int reg = HDIOV_CAP_EXP + PCI_EXP_DEVCTL + 1;

	return pos <= reg && reg - pos < count &&
	       val[reg - pos] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

/* What a register of one byte is after this write */
static u8 hdiov_config_after(const struct hdiov_vdev *vdev, unsigned int reg,
			     unsigned int pos, const u8 *val, size_t count)
{
	u8 mask = hdiov_config_wmask(vdev, reg);
	u8 old = vdev->config[reg];
	u8 new;

	if (pos > reg || reg - pos >= count)
		return old;

	new = (old & ~mask) | (val[reg - pos] & mask);
	/* A power state that there is not: the write is ignored (PCI PM, 3.2.4) */
	if (reg == HDIOV_PM_STATE && (new & PCI_PM_CTRL_STATE_MASK) &&
	    (new & PCI_PM_CTRL_STATE_MASK) != HDIOV_PM_D3HOT)
		return old;
	return new;
}

/**
 * hdiov_config_save - what a guest has written to configuration space
 * @vdev: the VDEV; the caller holds its lock
 * @to: where to
 *
 * Return: as hdiov_records_put()
 */
int hdiov_config_save(struct hdiov_vdev *vdev, struct hdiov_records *to)
{
	lockdep_assert_held(&vdev->lock);

	return hdiov_records_put(to, HDIOV_RECORD_CONFIG, vdev->config,
				 PCI_CFG_SPACE_SIZE);
}

/**
 * hdiov_config_load - put back what hdiov_config_save() has saved, of another VDEV perhaps
 * @vdev: the VDEV, halted; the caller holds its lock
 * @from: checked records
 *
 * Only what a guest could write is taken, and as if it had written it.
 */
void hdiov_config_load(struct hdiov_vdev *vdev, const struct hdiov_records *from)
{
	const u8 *val;
	unsigned int i;
	u32 len;

	lockdep_assert_held(&vdev->lock);

	/* Nothing is mapped that would have to go with memory space */
	WARN_ON(vdev->state == HDIOV_RUNNING);
	val = hdiov_records_get(from, HDIOV_RECORD_CONFIG, &len);

	guard(rwsem_write)(&vdev->access);
	for (i = 0; i < len; i++)
		vdev->config[i] = hdiov_config_after(vdev, i, 0, val, len);
}

/* Is this write a reset? FLR is, and to wake up if that does not keep all there was */
static bool hdiov_config_is_reset(const struct hdiov_vdev *vdev,
				  unsigned int pos, const u8 *val, size_t count)
{
	u8 power = hdiov_config_after(vdev, HDIOV_PM_STATE, pos, val, count);

	return hdiov_config_asks_flr(pos, val, count) ||
	       (hdiov_config_d3hot(vdev) &&
		!(power & (PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_NO_SOFT_RESET)));
}

/*
 * Does this write lead to a reset, or cost others as much? Bus mastering that is turned on
 * does, by its bit or from D3hot, if the VDEV could not pause when it was turned off, or
 * only by asking much of the PF.
 */
static bool hdiov_config_is_dear(struct hdiov_vdev *vdev, unsigned int pos,
				 const u8 *val, size_t count)
{
	u8 command = hdiov_config_after(vdev, PCI_COMMAND, pos, val, count);
	u8 power = hdiov_config_after(vdev, HDIOV_PM_STATE, pos, val, count);

	lockdep_assert_held(&vdev->lock);

	return hdiov_config_is_reset(vdev, pos, val, count) ||
	       ((vdev->parked || vdev->dear_pause) && !vdev->suspended &&
		!hdiov_config_master(vdev) && command & PCI_COMMAND_MASTER &&
		!(power & PCI_PM_CTRL_STATE_MASK));
}

static void hdiov_config_write(struct hdiov_vdev *vdev, unsigned int pos,
			       const u8 *val, size_t count)
{
	bool reset = hdiov_config_is_reset(vdev, pos, val, count);
	bool had_memory = hdiov_config_memory_enabled(vdev);
	bool had_master = hdiov_config_master(vdev);
	bool slept = hdiov_config_d3hot(vdev);
	bool master = false;
	unsigned int i;

	lockdep_assert_held(&vdev->lock);

	scoped_guard(rwsem_write, &vdev->access) {
		for (i = 0; i < count; i++)
			vdev->config[pos + i] = hdiov_config_after(vdev, pos + i,
								   pos, val,
								   count);
		if (hdiov_config_memory_enabled(vdev) != had_memory) {
			hdiov_region_unmap(vdev);
			hdiov_region_map(vdev);
		}
		/*
		 * Hardware that cannot pause may run with bus mastering off, but does
		 * not in D3hot. A reset sees to it by itself, and nothing old runs
		 * before.
		 */
		slept = !slept && hdiov_config_d3hot(vdev);
		master = !reset &&
			 (slept || hdiov_config_master(vdev) != had_master);
		if (master)
			hdiov_vdev_set_master(vdev, hdiov_config_master(vdev));
	}
	if (master) {
		if (!hdiov_config_master(vdev))
			hdiov_irq_wait(vdev);
		hdiov_vdev_report(vdev, false);
	}
	if (reset)
		hdiov_config_flr(vdev, false);
}

/* Returns 0 if it is done, or for how many ns the user must wait before */
static u64 hdiov_config_try_write(struct hdiov_vdev *vdev, unsigned int pos,
				  const u8 *val, size_t count)
{
	u64 wait = 0;

	guard(mutex)(&vdev->lock);
	if (hdiov_config_is_dear(vdev, pos, val, count))
		wait = hdiov_vdev_grant_reset(vdev);
	if (!wait)
		hdiov_config_write(vdev, pos, val, count);
	return wait;
}

/**
 * hdiov_config_rw - read or write configuration space
 * @vdev: the VDEV
 * @buf: user memory
 * @count: bytes
 * @pos: first register
 * @write: direction
 *
 * Context: process; takes the VDEV's lock
 *
 * Return: the number of bytes, fewer than @count at the end of the space;
 * -EINVAL beyond it; -EFAULT; -EINTR if the user is killed while a reset waits
 */
ssize_t hdiov_config_rw(struct hdiov_vdev *vdev, char __user *buf, size_t count,
			u64 pos, bool write)
{
	u8 val[HDIOV_CONFIG_KEPT];
	size_t kept;
	u64 wait;

	if (pos >= HDIOV_CONFIG_SIZE)
		return -EINVAL;
	count = min_t(size_t, count, HDIOV_CONFIG_SIZE - pos);

	/* There is nothing but zeros, and nothing to write */
	if (pos >= HDIOV_CONFIG_KEPT)
		return !write && clear_user(buf, count) ? -EFAULT : count;
	pos = array_index_nospec(pos, HDIOV_CONFIG_KEPT);
	kept = min_t(size_t, count, HDIOV_CONFIG_KEPT - pos);

	if (write) {
		if (copy_from_user(val, buf, kept))
			return -EFAULT;
		for (;;) {
			wait = hdiov_config_try_write(vdev, pos, val, kept);
			if (!wait)
				return count;
			if (hdiov_vdev_await_reset(wait))
				return -EINTR;
		}
	}

	scoped_guard(mutex, &vdev->lock)
		memcpy(val, vdev->config + pos, kept);
	if (copy_to_user(buf, val, kept) ||
	    clear_user(buf + kept, count - kept))
		return -EFAULT;
	return count;
}
