// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: VFIO's migration protocol, version 2
 *
 * See enum vfio_device_mig_state. A VDEV that its user has stopped is saved, and its
 * hardware let go of; when it goes on, the hardware is loaded with what was saved. So
 * the stream is what it has saved anyway, behind a head that says what it fits. The
 * head alone is what there is to be had before the VDEV is stopped: a destination that
 * it does not suit says so while the guest still runs.
 *
 * What comes in has gone through others' hands. It is read to the end and checked
 * before a register is written.
 */
#include <linux/anon_inodes.h>
#include <linux/crc32.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "hdiov_private.h"
#include "trace.h"

#define HDIOV_STREAM_MAGIC	"HDIOVMIG"
#define HDIOV_STREAM_VERSION	1
#define HDIOV_STREAM_MIN_READER	1

/* What a stream begins with: who can read it, and what it fits */
struct hdiov_stream_head {
	u8 magic[8];
	__le16 version;
	__le16 min_reader;
	__le16 vendor_version;
	__le16 vendor_min_reader;
	__le16 vendor_id;
	__le16 device_id;
	__le16 subsystem_vendor;
	__le16 subsystem_device;
	__le32 class_revision;
	__le32 num_qps;
	__le32 num_vectors;
	__le32 reserved;
	char type[64];
};

/* Then this, and that many bytes of records. The checksum is against accidents only */
struct hdiov_stream_body {
	__le32 len;
	__le32 crc;
	__le64 reserved;
};

/* Room for records of newer writers that can be left out */
#define HDIOV_STREAM_SLACK	SZ_4K

#define HDIOV_STREAM_RECORDS						\
	(sizeof(struct hdiov_stream_head) + sizeof(struct hdiov_stream_body))

/**
 * struct hdiov_mig_file - what the state of a VDEV is read from, or written to
 * @vdev: the VDEV, whose structure stays as long as this one, while all in it may be gone
 * @io_lock: one read or write at a time; taken before the VDEV's lock
 * @over: the VDEV is not in a state any more that this file is for. Protected by the
 *	VDEV's lock, as is all that follows
 * @pos: bytes read or written so far
 * @head: what was written of it
 * @body: what was written of it
 * @records: what was written of them; NULL before @body is complete, and at the end
 * @bad: what was written is of no use, or more than there is to be
 */
struct hdiov_mig_file {
	struct hdiov_vdev *vdev;
	struct mutex io_lock;		/* see above */
	bool over;
	u64 pos;
	struct hdiov_stream_head head;
	struct hdiov_stream_body body;
	struct hdiov_records *records;
	bool bad;
};

static void hdiov_stream_fill_head(const struct hdiov_vdev *vdev,
				   struct hdiov_stream_head *head)
{
	const struct hdiov_type *type = vdev->adi->type;
	const struct hdiov_model *model = type->model;
	const struct hdiov_pf *pf = vdev->core->pf;

	memset(head, 0, sizeof(*head));
	memcpy(head->magic, HDIOV_STREAM_MAGIC, sizeof(head->magic));
	head->version = cpu_to_le16(HDIOV_STREAM_VERSION);
	head->min_reader = cpu_to_le16(HDIOV_STREAM_MIN_READER);
	head->vendor_version = cpu_to_le16(pf->migrate_ops->version);
	head->vendor_min_reader = cpu_to_le16(pf->migrate_ops->min_reader);
	head->vendor_id = cpu_to_le16(model->vendor);
	head->device_id = cpu_to_le16(model->device);
	head->subsystem_vendor = cpu_to_le16(model->subsystem_vendor);
	head->subsystem_device = cpu_to_le16(model->subsystem_device);
	head->class_revision = cpu_to_le32(model->class_code << 8 |
					   model->revision);
	head->num_qps = cpu_to_le32(vdev->adi->num_qps);
	head->num_vectors = cpu_to_le32(type->num_vectors);
	snprintf(head->type, sizeof(head->type), "%s-%s",
		 dev_driver_string(pf->dev), type->name);
}

/* Is what was saved for us, and do we understand it? */
static int hdiov_stream_check_head(struct hdiov_vdev *vdev,
				   const struct hdiov_stream_head *head)
{
	struct device *dev = hdiov_vdev_dev(vdev);
	struct hdiov_stream_head own;

	hdiov_stream_fill_head(vdev, &own);

	if (memcmp(head->magic, own.magic, sizeof(own.magic))) {
		dev_err_ratelimited(dev, "saved state: is not of a VDEV\n");
		return -EINVAL;
	}
	if (le16_to_cpu(head->min_reader) > HDIOV_STREAM_VERSION) {
		dev_err_ratelimited(dev,
				    "saved state: for readers of version %u or later, not %u\n",
				    le16_to_cpu(head->min_reader),
				    HDIOV_STREAM_VERSION);
		return -EPROTONOSUPPORT;
	}
	if (strncmp(head->type, own.type, sizeof(own.type))) {
		dev_err_ratelimited(dev,
				    "saved state: of type %*pE, not %s\n",
				    (int)strnlen(head->type, sizeof(head->type)),
				    head->type, own.type);
		return -ENODEV;
	}
	if (le16_to_cpu(head->vendor_min_reader) >
	    le16_to_cpu(own.vendor_version)) {
		dev_err_ratelimited(dev,
				    "saved state: for %s of version %u or later, not %u\n",
				    dev_driver_string(vdev->core->pf->dev),
				    le16_to_cpu(head->vendor_min_reader),
				    le16_to_cpu(own.vendor_version));
		return -EPROTONOSUPPORT;
	}
	if (head->vendor_id != own.vendor_id ||
	    head->device_id != own.device_id ||
	    head->subsystem_vendor != own.subsystem_vendor ||
	    head->subsystem_device != own.subsystem_device ||
	    head->class_revision != own.class_revision) {
		dev_err_ratelimited(dev,
				    "saved state: of a device %04x:%04x (%04x:%04x), not %04x:%04x (%04x:%04x)\n",
				    le16_to_cpu(head->vendor_id),
				    le16_to_cpu(head->device_id),
				    le16_to_cpu(head->subsystem_vendor),
				    le16_to_cpu(head->subsystem_device),
				    le16_to_cpu(own.vendor_id),
				    le16_to_cpu(own.device_id),
				    le16_to_cpu(own.subsystem_vendor),
				    le16_to_cpu(own.subsystem_device));
		return -ENODEV;
	}
	if (head->num_qps != own.num_qps ||
	    head->num_vectors != own.num_vectors) {
		dev_err_ratelimited(dev,
				    "saved state: of %u queue pairs and %u vectors, not %u and %u\n",
				    le32_to_cpu(head->num_qps),
				    le32_to_cpu(head->num_vectors),
				    le32_to_cpu(own.num_qps),
				    le32_to_cpu(own.num_vectors));
		return -ENOSPC;
	}
	if (head->reserved) {
		dev_err_ratelimited(dev, "saved state: reserved bits 0x%x\n",
				    le32_to_cpu(head->reserved));
		return -EINVAL;
	}
	return 0;
}

static void hdiov_stream_fill_body(const struct hdiov_records *records,
				   struct hdiov_stream_body *body)
{
	memset(body, 0, sizeof(*body));
	body->len = cpu_to_le32(records->len);
	body->crc = cpu_to_le32(crc32_le(~0, records->data, records->len));
}

/* So many bytes as this kind of VDEV can have, before there is memory for them */
static int hdiov_stream_begin_body(struct hdiov_mig_file *file)
{
	struct hdiov_vdev *vdev = file->vdev;
	u32 max = hdiov_records_size(vdev->core->pf->migrate_ops) +
		  HDIOV_STREAM_SLACK;
	u32 len = le32_to_cpu(file->body.len);

	if (!len || len > max || file->body.reserved) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "saved state: %u bytes, reserved bits 0x%llx, not 1 to %u and 0\n",
				    len, le64_to_cpu(file->body.reserved), max);
		return -EINVAL;
	}
	file->records = hdiov_records_alloc(len);
	if (!file->records)
		return -ENOMEM;
	file->records->len = len;
	return 0;
}

/* All is there: nothing has been touched yet */
static int hdiov_stream_load(struct hdiov_mig_file *file)
{
	struct hdiov_records *records = file->records;
	struct hdiov_vdev *vdev = file->vdev;
	struct hdiov_stream_body body;
	ktime_t start = ktime_get();
	u32 len = records->len;
	int ret;

	hdiov_stream_fill_body(records, &body);
	if (body.crc != file->body.crc) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "saved state: checksum 0x%x, not 0x%x\n",
				    le32_to_cpu(body.crc),
				    le32_to_cpu(file->body.crc));
		return -EINVAL;
	}
	/* While the PF is reset, nobody can say what the VDEV may have */
	ret = hdiov_vdev_usable(vdev) ?: hdiov_records_check(vdev, records);
	if (ret)
		return ret;

	file->records = NULL;
	ret = hdiov_vdev_load(vdev, records);
	trace_hdiov_migrate(vdev, VFIO_DEVICE_STATE_RESUMING,
			    VFIO_DEVICE_STATE_RESUMING, len, ret,
			    ktime_sub(ktime_get(), start));
	if (ret)
		return ret;
	hdiov_config_load(vdev, vdev->saved);
	vdev->mig_loaded = true;
	return 0;
}

/* What comes next: copies a part of it, and says how much, or a negative errno */
static ssize_t hdiov_stream_take(struct hdiov_mig_file *file, const u8 *data,
				 size_t len)
{
	size_t head = sizeof(file->head);
	u64 end = HDIOV_STREAM_RECORDS;
	int ret = 0;
	u8 *to;

	if (file->pos < head) {
		to = (u8 *)&file->head + file->pos;
		len = min_t(u64, len, head - file->pos);
	} else if (file->pos < end) {
		to = (u8 *)&file->body + (file->pos - head);
		len = min_t(u64, len, end - file->pos);
	} else if (file->records) {
		to = file->records->data + (file->pos - end);
		end += file->records->len;
		len = min_t(u64, len, end - file->pos);
	} else {
		dev_err_ratelimited(hdiov_vdev_dev(file->vdev),
				    "saved state: goes on after its end\n");
		return -EINVAL;
	}

	memcpy(to, data, len);
	file->pos += len;
	if (file->pos == head)
		ret = hdiov_stream_check_head(file->vdev, &file->head);
	else if (file->pos == HDIOV_STREAM_RECORDS)
		ret = hdiov_stream_begin_body(file);
	else if (file->pos == end)
		ret = hdiov_stream_load(file);
	return ret ?: len;
}

static int hdiov_mig_take(struct hdiov_mig_file *file, const u8 *data, size_t len)
{
	ssize_t ret;

	guard(mutex)(&file->vdev->lock);

	if (file->over)
		return -ENODEV;
	for (; len; len -= ret, data += ret) {
		ret = file->bad ? -EINVAL : hdiov_stream_take(file, data, len);
		if (ret < 0) {
			file->bad = true;
			file->vdev->mig_loaded = false;
			return ret;
		}
	}
	return 0;
}

static ssize_t hdiov_mig_write(struct file *filp, const char __user *buf,
			       size_t count, loff_t *unused)
{
	struct hdiov_mig_file *file = filp->private_data;
	size_t done, len;
	u8 *data;
	int ret;

	guard(mutex)(&file->io_lock);

	for (done = 0; done < count; done += len) {
		len = min_t(size_t, count - done, SZ_4K);
		data = memdup_user(buf + done, len);
		if (IS_ERR(data))
			return PTR_ERR(data);
		ret = hdiov_mig_take(file, data, len);
		kfree(data);
		/* Of what is written last, this is what fails the migration */
		if (ret)
			return ret;
	}
	return count;
}

/* A part of what comes next, at most @len bytes; 0 at the end */
static ssize_t hdiov_stream_give(struct hdiov_mig_file *file, u8 *data,
				 size_t len)
{
	const struct hdiov_records *saved = file->vdev->saved;
	struct hdiov_stream_head head;
	struct hdiov_stream_body body;
	u64 end = HDIOV_STREAM_RECORDS;
	u64 pos = file->pos;

	if (pos < sizeof(head)) {
		hdiov_stream_fill_head(file->vdev, &head);
		len = min_t(u64, len, sizeof(head) - pos);
		memcpy(data, (u8 *)&head + pos, len);
		return len;
	}
	/* That is all, before it is stopped */
	if (file->vdev->mig_state != VFIO_DEVICE_STATE_STOP_COPY)
		return -ENOMSG;
	/*
	 * It could not be saved, its guest has had it reset though it is stopped, or it
	 * may still be at work. QEMU takes this for a migration that has failed, and
	 * lets the guest go on.
	 */
	if (!saved || file->vdev->not_quiet)
		return -EIO;
	if (pos < end) {
		hdiov_stream_fill_body(saved, &body);
		pos -= sizeof(head);
		len = min_t(u64, len, sizeof(body) - pos);
		memcpy(data, (u8 *)&body + pos, len);
		return len;
	}
	pos -= end;
	len = min_t(u64, len, saved->len - min_t(u64, pos, saved->len));
	memcpy(data, saved->data + pos, len);
	return len;
}

static ssize_t hdiov_mig_give(struct hdiov_mig_file *file, u8 *data, size_t len)
{
	guard(mutex)(&file->vdev->lock);

	return file->over ? -ENODEV : hdiov_stream_give(file, data, len);
}

static ssize_t hdiov_mig_read(struct file *filp, char __user *buf, size_t count,
			      loff_t *unused)
{
	struct hdiov_mig_file *file = filp->private_data;
	size_t len = min_t(size_t, count, SZ_4K);
	ssize_t ret;
	u8 *data;

	if (!count)
		return 0;
	data = kmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;

	scoped_guard(mutex, &file->io_lock) {
		ret = hdiov_mig_give(file, data, len);
		if (ret > 0 && copy_to_user(buf, data, ret))
			ret = -EFAULT;
		if (ret > 0)
			file->pos += ret;
	}
	kfree(data);
	return ret;
}

/* How much there is to be had before the VDEV is stopped: what is left of the head */
static long hdiov_mig_ioctl(struct file *filp, unsigned int cmd,
			    unsigned long arg)
{
	const size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct hdiov_mig_file *file = filp->private_data;
	struct hdiov_vdev *vdev = file->vdev;
	struct vfio_precopy_info info;
	int ret;

	ret = vfio_check_precopy_ioctl(&vdev->vfio, cmd, arg, &info);
	if (ret)
		return ret;

	guard(mutex)(&file->io_lock);
	scoped_guard(mutex, &vdev->lock) {
		if (file->over)
			return -ENODEV;
		if (vdev->mig_state != VFIO_DEVICE_STATE_PRE_COPY &&
		    vdev->mig_state != VFIO_DEVICE_STATE_PRE_COPY_P2P)
			return -EINVAL;
	}
	info.initial_bytes = sizeof(struct hdiov_stream_head) -
			     min_t(u64, file->pos, sizeof(struct hdiov_stream_head));
	info.dirty_bytes = 0;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

static int hdiov_mig_release(struct inode *inode, struct file *filp)
{
	struct hdiov_mig_file *file = filp->private_data;
	struct hdiov_vdev *vdev = file->vdev;

	scoped_guard(mutex, &vdev->lock) {
		if (vdev->mig_file == file)
			vdev->mig_file = NULL;
	}
	put_device(&vdev->vfio.device);
	kvfree(file->records);
	mutex_destroy(&file->io_lock);
	kfree(file);
	return 0;
}

static const struct file_operations hdiov_mig_save_fops = {
	.owner = THIS_MODULE,
	.read = hdiov_mig_read,
	.unlocked_ioctl = hdiov_mig_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = hdiov_mig_release,
};

static const struct file_operations hdiov_mig_load_fops = {
	.owner = THIS_MODULE,
	.write = hdiov_mig_write,
	.release = hdiov_mig_release,
};

static struct file *hdiov_mig_open(struct hdiov_vdev *vdev,
				   const struct file_operations *fops, int flags)
{
	struct hdiov_mig_file *file;
	struct file *filp;

	lockdep_assert_held(&vdev->lock);

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return ERR_PTR(-ENOMEM);
	filp = anon_inode_getfile("hdiov-migration", fops, file, flags);
	if (IS_ERR(filp)) {
		kfree(file);
		return filp;
	}

	stream_open(filp->f_inode, filp);
	mutex_init(&file->io_lock);
	file->vdev = vdev;
	get_device(&vdev->vfio.device);
	vdev->mig_file = file;
	return filp;
}

/**
 * hdiov_migrate_end - a VDEV's state is not read or written any more
 * @vdev: the VDEV; the caller holds its lock
 *
 * Whatever its user does with the file.
 *
 * Context: process
 */
void hdiov_migrate_end(struct hdiov_vdev *vdev)
{
	lockdep_assert_held(&vdev->lock);

	if (vdev->mig_file)
		vdev->mig_file->over = true;
	vdev->mig_file = NULL;
}

static int hdiov_mig_try_save(struct hdiov_vdev *vdev)
{
	const struct hdiov_migrate_ops *ops = vdev->core->pf->migrate_ops;
	struct hdiov_records *records;
	int ret;

	lockdep_assert_held(&vdev->lock);

	records = hdiov_records_alloc(hdiov_records_size(ops));
	if (!records)
		return -ENOMEM;
	ret = hdiov_config_save(vdev, records);
	if (!ret)
		ret = hdiov_vdev_save(vdev, records);
	if (ret)
		kvfree(records);
	return ret;
}

/*
 * If it cannot be saved it stops all the same, and goes on from where it was. What there
 * is to be read then is an error. None here: QEMU would reset the VDEV for that, and give
 * up the guest if it cannot.
 */
static void hdiov_mig_save(struct hdiov_vdev *vdev)
{
	int ret = hdiov_mig_try_save(vdev);

	if (ret)
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "cannot be saved: %d\n", ret);
	/* Its hardware may not have become quiet */
	hdiov_vdev_report(vdev, false);
}

static int hdiov_mig_leave_resuming(struct hdiov_vdev *vdev)
{
	if (!vdev->mig_loaded) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "saved state: is not complete\n");
		return -EINVAL;
	}
	hdiov_migrate_end(vdev);
	return 0;
}

#define HDIOV_ARC(from, to)						\
	(VFIO_DEVICE_STATE_##from << 8 | VFIO_DEVICE_STATE_##to)

/*
 * One arc of the state machine, the VDEV being in its end already. Returns what the user
 * gets, NULL if that is nothing, or an ERR_PTR, then it goes back.
 */
static struct file *hdiov_mig_step(struct hdiov_vdev *vdev, unsigned int arc)
{
	int ret = 0;

	lockdep_assert_held(&vdev->lock);

	switch (arc) {
	case HDIOV_ARC(RUNNING, RUNNING_P2P):
	case HDIOV_ARC(PRE_COPY, PRE_COPY_P2P):
		hdiov_vdev_halt(vdev);
		break;
	case HDIOV_ARC(RUNNING_P2P, RUNNING):
	case HDIOV_ARC(PRE_COPY_P2P, PRE_COPY):
		hdiov_vdev_go(vdev);
		break;
	case HDIOV_ARC(RUNNING_P2P, STOP):
	case HDIOV_ARC(PRE_COPY_P2P, STOP_COPY):
		hdiov_mig_save(vdev);
		break;
	case HDIOV_ARC(STOP, RUNNING_P2P):
		hdiov_vdev_unsave(vdev);
		break;
	case HDIOV_ARC(STOP, STOP_COPY):
	case HDIOV_ARC(RUNNING, PRE_COPY):
	case HDIOV_ARC(RUNNING_P2P, PRE_COPY_P2P):
		return hdiov_mig_open(vdev, &hdiov_mig_save_fops, O_RDONLY);
	case HDIOV_ARC(STOP, RESUMING):
		vdev->mig_loaded = false;
		return hdiov_mig_open(vdev, &hdiov_mig_load_fops, O_WRONLY);
	case HDIOV_ARC(RESUMING, STOP):
		ret = hdiov_mig_leave_resuming(vdev);
		break;
	case HDIOV_ARC(STOP_COPY, STOP):
	case HDIOV_ARC(PRE_COPY, RUNNING):
	case HDIOV_ARC(PRE_COPY_P2P, RUNNING_P2P):
		hdiov_migrate_end(vdev);
		break;
	default:
		ret = -EINVAL;
	}
	return ERR_PTR(ret);
}

static struct file *hdiov_mig_to_next(struct hdiov_vdev *vdev,
				      enum vfio_device_mig_state next)
{
	enum vfio_device_mig_state old = vdev->mig_state;
	ktime_t start = ktime_get();
	struct file *filp;

	lockdep_assert_held(&vdev->lock);

	vdev->mig_state = next;
	filp = hdiov_mig_step(vdev, old << 8 | next);
	if (IS_ERR(filp))
		vdev->mig_state = old;
	trace_hdiov_migrate(vdev, old, next, vdev->saved ? vdev->saved->len : 0,
			    PTR_ERR_OR_ZERO(filp), ktime_sub(ktime_get(), start));
	return filp;
}

static struct file *hdiov_mig_set_state(struct vfio_device *vfio,
					enum vfio_device_mig_state state)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);
	enum vfio_device_mig_state next;
	struct file *filp = NULL;
	int ret;

	guard(mutex)(&vdev->lock);

	/* An arc that gives the user a file is always the last one */
	while (!filp && vdev->mig_state != state) {
		ret = vfio_mig_get_next_state(vfio, vdev->mig_state, state, &next);
		if (ret)
			return ERR_PTR(ret);
		filp = hdiov_mig_to_next(vdev, next);
	}
	return filp;
}

static int hdiov_mig_get_state(struct vfio_device *vfio,
			       enum vfio_device_mig_state *state)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);

	guard(mutex)(&vdev->lock);
	*state = vdev->mig_state;
	return 0;
}

static int hdiov_mig_get_data_size(struct vfio_device *vfio, unsigned long *size)
{
	struct hdiov_vdev *vdev = to_hdiov_vdev(vfio);

	*size = HDIOV_STREAM_RECORDS +
		hdiov_records_size(vdev->core->pf->migrate_ops);
	return 0;
}

const struct vfio_migration_ops hdiov_vfio_mig_ops = {
	.migration_set_state = hdiov_mig_set_state,
	.migration_get_state = hdiov_mig_get_state,
	.migration_get_data_size = hdiov_mig_get_data_size,
};
