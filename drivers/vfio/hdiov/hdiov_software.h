/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only a software device needs of the HD-IOV core: no IOMMU serves it, so it
 * translates by itself what its engines read and write.
 */
#ifndef _HDIOV_SOFTWARE_H
#define _HDIOV_SOFTWARE_H

struct hdiov_adi;
struct hdiov_pf;
struct iommu_domain;

int hdiov_register_software_pf(struct hdiov_pf *pf,
			       struct iommu_domain *(*domain_alloc)(struct hdiov_pf *pf));
struct iommu_domain *hdiov_adi_domain(struct hdiov_adi *adi);

#endif /* _HDIOV_SOFTWARE_H */
