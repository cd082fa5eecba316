// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: queue pairs
 *
 * An ADI gets contiguous queue pairs, aligned to the next power of two of their
 * number, so that what is free at any moment tells exactly how many more VDEVs
 * of a type fit.
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

/**
 * hdiov_qp_alloc - take contiguous queue pairs
 * @core: the PF
 * @num: how many
 * @base: set to the first one
 *
 * Context: process; takes qp_lock
 *
 * Return: 0, or -ENOSPC if no run of that length is free
 */
int hdiov_qp_alloc(struct hdiov_pf_core *core, unsigned int num,
		   unsigned int *base)
{
	unsigned long first;

	guard(mutex)(&core->qp_lock);
	first = bitmap_find_next_zero_area(core->qp_map, core->pf->num_qps, 0,
					   num, roundup_pow_of_two(num) - 1);
	if (first >= core->pf->num_qps)
		return -ENOSPC;

	bitmap_set(core->qp_map, first, num);
	*base = first;
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
	unsigned long step = roundup_pow_of_two(type->num_qps);
	unsigned long first, taken;
	unsigned int fit = 0;

	scoped_guard(mutex, &core->qp_lock) {
		for (first = 0; first + type->num_qps <= core->pf->num_qps;
		     first += step) {
			taken = find_next_bit(core->qp_map,
					      first + type->num_qps, first);
			if (taken >= first + type->num_qps)
				fit++;
		}
	}

	return ops->available ? min(fit, ops->available(core->pf, type)) : fit;
}
