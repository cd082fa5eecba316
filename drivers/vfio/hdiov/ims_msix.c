// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: interrupt messages in the PF's MSI-X table
 *
 * For devices such as the E810, whose queues can raise any entry of the PF's
 * MSI-X table and that have no table besides it.
 */
#include <linux/pci.h>

#include "hdiov_private.h"

static int hdiov_msix_init(struct hdiov_ims *ims)
{
	/* The others raise their vectors by hdiov_adi_signal() */
	if (!ims->pf->vector_ops || !dev_is_pci(ims->pf->dev))
		return 0;

	if (!pci_msix_can_alloc_dyn(to_pci_dev(ims->pf->dev))) {
		dev_err(ims->pf->dev,
			"hdiov: MSI-X vectors cannot be added one by one: interrupt remapping needed\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

static void hdiov_msix_exit(struct hdiov_ims *ims)
{
}

static int hdiov_msix_alloc(struct hdiov_ims *ims, int want, unsigned int *slot)
{
	unsigned int index = want == HDIOV_SLOT_ANY ? MSI_ANY_INDEX : want;
	struct msi_map map;

	if (!dev_is_pci(ims->pf->dev))
		return -EOPNOTSUPP;

	map = pci_msix_alloc_irq_at(to_pci_dev(ims->pf->dev), index, NULL);
	/* The entries' allocator says -EBUSY both if all are and if one is */
	if (map.index == -EBUSY && want == HDIOV_SLOT_ANY)
		return -ENOSPC;
	if (map.index < 0)
		return map.index;

	*slot = map.index;
	return map.virq;
}

static void hdiov_msix_free(struct hdiov_ims *ims, int irq, unsigned int slot)
{
	struct msi_map map = { .index = slot, .virq = irq };

	pci_msix_free_irq(to_pci_dev(ims->pf->dev), map);
}

const struct hdiov_ims_backend hdiov_ims_msix = {
	.init = hdiov_msix_init,
	.exit = hdiov_msix_exit,
	.alloc = hdiov_msix_alloc,
	.free = hdiov_msix_free,
};
