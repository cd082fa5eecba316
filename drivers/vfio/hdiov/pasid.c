// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: PASIDs
 *
 * A PASID of a real device comes from the system's one space, so that it never
 * collides with those of SVA users of the same device. A software device has
 * numbers of its own.
 */
#include <linux/idr.h>

#include "hdiov_private.h"

/* PASIDs are 20 bits wide (PCIe, PASID TLP prefix); 0 stands for none */
#define HDIOV_SOFT_PASID_MAX	(BIT(20) - 1)

static DEFINE_IDA(hdiov_soft_pasids);

/**
 * hdiov_pasid_alloc - get a PASID for an ADI
 * @core: the PF
 * @pasid: set to the PASID
 *
 * Context: process
 *
 * Return: 0, or -ENOSPC if there is none left that the PF can send
 */
int hdiov_pasid_alloc(struct hdiov_pf_core *core, u32 *pasid)
{
	ioasid_t new;
	int id;

	if (core->domain_alloc) {
		id = ida_alloc_range(&hdiov_soft_pasids, 1,
				     HDIOV_SOFT_PASID_MAX, GFP_KERNEL);
		if (id < 0)
			return id;
		*pasid = id;
		return 0;
	}

	new = iommu_alloc_global_pasid(core->pf->dev);
	if (new == IOMMU_PASID_INVALID)
		return -ENOSPC;
	*pasid = new;
	return 0;
}

/**
 * hdiov_pasid_free - give a PASID back
 * @core: the PF
 * @pasid: the PASID; no queue sends it any more
 *
 * Context: process
 */
void hdiov_pasid_free(struct hdiov_pf_core *core, u32 pasid)
{
	if (core->domain_alloc)
		ida_free(&hdiov_soft_pasids, pasid);
	else
		iommu_free_global_pasid(pasid);
}
