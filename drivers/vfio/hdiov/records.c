// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: what a saved VDEV consists of
 *
 * Records of a type and a length each, little-endian. See
 * Documentation/driver-api/hdiov-migration.rst.
 */
#include <linux/align.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "hdiov_private.h"

#define HDIOV_RECORD_ALIGN	8

static const struct hdiov_record_kind hdiov_config_kind = {
	.type = HDIOV_RECORD_CONFIG,
	.name = "configuration space",
	.min_len = PCI_CFG_SPACE_SIZE,
	.max_len = PCI_CFG_SPACE_SIZE,
};

/* What a record with @len bytes takes; @len is at most U32_MAX / 2 */
static u32 hdiov_record_size(u32 len)
{
	return sizeof(struct hdiov_record) + ALIGN(len, HDIOV_RECORD_ALIGN);
}

/**
 * hdiov_records_size - room for all that a VDEV can save
 * @ops: of its PF
 *
 * Return: bytes
 */
u32 hdiov_records_size(const struct hdiov_migrate_ops *ops)
{
	u32 size = hdiov_record_size(hdiov_config_kind.max_len);
	unsigned int i;

	for (i = 0; i < ops->num_kinds; i++)
		size += hdiov_record_size(ops->kinds[i].max_len);
	return size;
}

/**
 * hdiov_records_alloc - make room for records
 * @size: bytes
 *
 * Context: process
 *
 * Return: empty records, to be freed by kvfree(), or NULL
 */
struct hdiov_records *hdiov_records_alloc(u32 size)
{
	struct hdiov_records *records;

	records = kvzalloc(struct_size(records, data, size), GFP_KERNEL_ACCOUNT);
	if (records)
		records->size = size;
	return records;
}

/**
 * hdiov_records_put - write a record of an ADI's state
 * @records: what &hdiov_migrate_ops.save was given
 * @type: what it is called
 * @data: what is in it, little-endian
 * @len: bytes
 *
 * Return: 0, or -ENOSPC if that is more than the kinds of records allow for
 */
int hdiov_records_put(struct hdiov_records *records, u16 type, const void *data,
		      u32 len)
{
	struct hdiov_record *record = (void *)(records->data + records->len);

	if (WARN_ON(len > HDIOV_RECORD_MAX_LEN ||
		    hdiov_record_size(len) > records->size - records->len))
		return -ENOSPC;

	record->type = cpu_to_le16(type);
	record->len = cpu_to_le32(len);
	memcpy(record + 1, data, len);
	records->len += hdiov_record_size(len);
	return 0;
}
EXPORT_SYMBOL_GPL(hdiov_records_put);

/*
 * The record at @pos, or NULL at the end or if there is no whole one. Anybody may have
 * written them.
 */
static const struct hdiov_record *
hdiov_records_at(const struct hdiov_records *records, u32 pos)
{
	const struct hdiov_record *record = (const void *)(records->data + pos);
	u32 left = records->len - pos;

	if (left < sizeof(*record) ||
	    le32_to_cpu(record->len) > HDIOV_RECORD_MAX_LEN ||
	    hdiov_record_size(le32_to_cpu(record->len)) > left)
		return NULL;
	return record;
}

static const struct hdiov_record *
hdiov_records_find(const struct hdiov_records *records, u16 type)
{
	const struct hdiov_record *record;
	u32 pos = 0;

	for (;;) {
		record = hdiov_records_at(records, pos);
		if (!record || le16_to_cpu(record->type) == type)
			return record;
		pos += hdiov_record_size(le32_to_cpu(record->len));
	}
}

/**
 * hdiov_records_get - read a record of an ADI's state
 * @records: what &hdiov_migrate_ops.check or .load was given
 * @type: what it is called
 * @len: set to the number of bytes, which is in the limits of its kind
 *
 * Return: what is in it, aligned to 8 bytes, or NULL if there is none
 */
const void *hdiov_records_get(const struct hdiov_records *records, u16 type,
			      u32 *len)
{
	const struct hdiov_record *record = hdiov_records_find(records, type);

	*len = record ? le32_to_cpu(record->len) : 0;
	return record ? record + 1 : NULL;
}
EXPORT_SYMBOL_GPL(hdiov_records_get);

static const struct hdiov_record_kind *
hdiov_record_kind(const struct hdiov_migrate_ops *ops, u16 type)
{
	unsigned int i;

	if (type == HDIOV_RECORD_CONFIG)
		return &hdiov_config_kind;
	for (i = 0; i < ops->num_kinds; i++)
		if (ops->kinds[i].type == type)
			return &ops->kinds[i];
	return NULL;
}

static int hdiov_record_check(struct hdiov_vdev *vdev,
			      const struct hdiov_records *records,
			      const struct hdiov_record *record)
{
	const struct hdiov_record_kind *kind;
	u16 flags = le16_to_cpu(record->flags);
	u16 type = le16_to_cpu(record->type);
	u32 len = le32_to_cpu(record->len);

	kind = hdiov_record_kind(vdev->core->pf->migrate_ops, type);
	if (!kind && flags == HDIOV_RECORD_SKIP)
		return 0;
	if (!kind || flags & ~HDIOV_RECORD_SKIP) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "saved state: record of unknown type 0x%x, flags 0x%x\n",
				    type, flags);
		return -EINVAL;
	}
	if (len < kind->min_len || len > kind->max_len) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "saved state: %s has %u bytes, not %u to %u\n",
				    kind->name, len, kind->min_len,
				    kind->max_len);
		return -EINVAL;
	}
	if (hdiov_records_find(records, type) != record) {
		dev_err_ratelimited(hdiov_vdev_dev(vdev),
				    "saved state: %s is there twice\n",
				    kind->name);
		return -EINVAL;
	}
	return 0;
}

static int hdiov_record_missing(struct hdiov_vdev *vdev,
				const struct hdiov_records *records,
				const struct hdiov_record_kind *kind)
{
	if (kind->optional || hdiov_records_find(records, kind->type))
		return 0;
	dev_err_ratelimited(hdiov_vdev_dev(vdev),
			    "saved state: %s is missing\n", kind->name);
	return -EINVAL;
}

/**
 * hdiov_records_check - are these records that a VDEV can load
 * @vdev: the VDEV; the caller holds its lock
 * @records: from anybody
 *
 * Context: process
 *
 * Return: 0; -EINVAL after a message that names the record; or what the vendor says of
 * what is in them
 */
int hdiov_records_check(struct hdiov_vdev *vdev,
			const struct hdiov_records *records)
{
	const struct hdiov_migrate_ops *ops = vdev->core->pf->migrate_ops;
	const struct hdiov_record *record;
	unsigned int i;
	u32 pos = 0;
	int ret;

	lockdep_assert_held(&vdev->lock);

	while (pos < records->len) {
		record = hdiov_records_at(records, pos);
		if (!record) {
			dev_err_ratelimited(hdiov_vdev_dev(vdev),
					    "saved state: the record at byte %u of %u is cut off\n",
					    pos, records->len);
			return -EINVAL;
		}
		ret = hdiov_record_check(vdev, records, record);
		if (ret)
			return ret;
		pos += hdiov_record_size(le32_to_cpu(record->len));
	}

	ret = hdiov_record_missing(vdev, records, &hdiov_config_kind);
	for (i = 0; i < ops->num_kinds && !ret; i++)
		ret = hdiov_record_missing(vdev, records, &ops->kinds[i]);
	return ret ?: ops->check(vdev->adi, records);
}
