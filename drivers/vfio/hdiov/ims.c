// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: interrupt message storage
 *
 * Where the device keeps address and data of its interrupts: a table of its own
 * or its MSI-X table. Slots are taken one by one as guests enable vectors. A
 * guest never sees an address or data.
 */
#include <linux/slab.h>

#include "compat.h"
#include "hdiov_private.h"

/**
 * hdiov_ims_create - prepare the interrupt message storage of a PF
 * @pf: the PF
 *
 * Context: process
 *
 * Return: the storage or an ERR_PTR; -EOPNOTSUPP after a message if the
 * platform cannot do it
 */
struct hdiov_ims *hdiov_ims_create(struct hdiov_pf *pf)
{
	struct hdiov_ims *ims;
	int ret;

	ims = kzalloc_obj(*ims);
	if (!ims)
		return ERR_PTR(-ENOMEM);

	ims->pf = pf;
	ims->backend = pf->ims_ops ? &hdiov_ims_table : &hdiov_ims_msix;
	ret = ims->backend->init(ims);
	if (ret) {
		kfree(ims);
		return ERR_PTR(ret);
	}
	return ims;
}

/**
 * hdiov_ims_destroy - undo hdiov_ims_create()
 * @ims: the storage, no slot taken
 */
void hdiov_ims_destroy(struct hdiov_ims *ims)
{
	WARN_ON(atomic_read(&ims->in_use));
	ims->backend->exit(ims);
	kfree(ims);
}

/**
 * hdiov_ims_alloc - take a slot
 * @ims: the storage
 * @want: number of the slot, or %HDIOV_SLOT_ANY
 * @slot: set to the slot
 *
 * Context: process
 *
 * Return: the Linux interrupt, which is positive, or a negative errno: -ENOSPC
 * if none is left, -EBUSY if @want is taken
 */
int hdiov_ims_alloc(struct hdiov_ims *ims, int want, unsigned int *slot)
{
	int irq = ims->backend->alloc(ims, want, slot);

	if (irq > 0)
		atomic_inc(&ims->in_use);
	return irq;
}

/**
 * hdiov_ims_free - give a slot back
 * @ims: the storage
 * @irq: what hdiov_ims_alloc() returned; it has no handler any more
 * @slot: its slot
 *
 * Context: process
 */
void hdiov_ims_free(struct hdiov_ims *ims, int irq, unsigned int slot)
{
	ims->backend->free(ims, irq, slot);
	atomic_dec(&ims->in_use);
}
