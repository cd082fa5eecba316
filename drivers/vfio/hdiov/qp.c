// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: queue pairs
 *
 * An ADI gets contiguous queue pairs, aligned to the next power of two of their
 * number, so that what is free at any moment tells exactly how many more VDEVs
 * of a type fit. A PF without any here has a driver that shares them out itself.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>

#include "hdiov_private.h"

/**
 * hdiov_qp_init - start with all queue pairs of a PF free
 * @core: the PF
 *
 * Return: 0 or -ENOMEM
 */
int hdiov_qp_init(struct hdiov_pf_core *core)
{
	mutex_init(&core->qp_lock);
	core->qp_map = bitmap_zalloc(core->pf->num_qps, GFP_KERNEL);
	return core->qp_map ? 0 : -ENOMEM;
}

/**
 * hdiov_qp_exit - undo hdiov_qp_init()
 * @core: the PF
 */
void hdiov_qp_exit(struct hdiov_pf_core *core)
{
	bitmap_free(core->qp_map);
}

/* Are the queue pairs from @first on free, and do they suit the type? */
static bool hdiov_qp_usable(struct hdiov_pf_core *core,
			    const struct hdiov_type *type, unsigned int first)
{
	const struct hdiov_adi_ops *ops = core->pf->adi_ops;
	unsigned int qp;

	lockdep_assert_held(&core->qp_lock);

	for (qp = first; qp < first + type->num_qps; qp++) {
		if (test_bit(qp, core->qp_map))
			return false;
		if (ops->suits && !ops->suits(core->pf, type, qp))
			return false;
	}
	return true;
}

/* The first place for a VDEV of @type from @first on, or num_qps */
static unsigned int hdiov_qp_find(struct hdiov_pf_core *core,
				  const struct hdiov_type *type,
				  unsigned int first)
{
	unsigned int step = roundup_pow_of_two(type->num_qps);
	unsigned int num = core->pf->num_qps;

	for (;; first += step) {
		/* Hundreds of taken ones in a row, by words of the map */
		first = find_next_zero_bit(core->qp_map, num, first);
		first = round_up(first, step);
		if (first + type->num_qps > num)
			return num;
		if (hdiov_qp_usable(core, type, first))
			return first;
	}
}

/**
 * hdiov_qp_alloc - take contiguous queue pairs
 * @core: the PF
 * @type: what for
 * @base: set to the first one
 *
 * Context: process; takes qp_lock
 *
 * Return: 0, or -ENOSPC if no run of that length is free and suits
 */
int hdiov_qp_alloc(struct hdiov_pf_core *core, const struct hdiov_type *type,
		   unsigned int *base)
{
	*base = 0;
	if (!core->pf->num_qps)
		return 0;

	guard(mutex)(&core->qp_lock);
	*base = hdiov_qp_find(core, type, 0);
	if (*base == core->pf->num_qps)
		return -ENOSPC;

	bitmap_set(core->qp_map, *base, type->num_qps);
	return 0;
}

/**
 * hdiov_qp_free - give queue pairs back
 * @core: the PF
 * @base: the first one
 * @num: how many
 *
 * Context: process; takes qp_lock
 */
void hdiov_qp_free(struct hdiov_pf_core *core, unsigned int base,
		   unsigned int num)
{
	if (!core->pf->num_qps)
		return;

	guard(mutex)(&core->qp_lock);
	bitmap_clear(core->qp_map, base, num);
}

/**
 * hdiov_available - how many more VDEVs of a type a PF has room for
 * @core: the PF
 * @type: the type
 *
 * Context: process; takes qp_lock
 *
 * Return: the number that could be created just now
 */
unsigned int hdiov_available(struct hdiov_pf_core *core,
			     const struct hdiov_type *type)
{
	const struct hdiov_adi_ops *ops = core->pf->adi_ops;
	unsigned int step = roundup_pow_of_two(type->num_qps);
	unsigned int fit = 0;
	unsigned int first;

	if (READ_ONCE(core->state) == HDIOV_PF_DOWN)
		return 0;
	if (!core->pf->num_qps)
		return ops->available(core->pf, type);

	scoped_guard(mutex, &core->qp_lock) {
		for (first = hdiov_qp_find(core, type, 0);
		     first < core->pf->num_qps;
		     first = hdiov_qp_find(core, type, first + step))
			fit++;
	}

	return ops->available ? min(fit, ops->available(core->pf, type)) : fit;
}
