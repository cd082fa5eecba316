/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Linux's intel_qat exports and this driver needs of it. Its headers are not
 * for others, so its structure is opaque here; modversions tell if a function is
 * no longer what it was.
 */
#ifndef _QAT_4XXX_H
#define _QAT_4XXX_H

#include <linux/types.h>

struct adf_accel_dev;
struct pci_dev;

/* NULL if the function is not bound to a driver of intel_qat */
struct adf_accel_dev *adf_devmgr_pci_to_accel_dev(struct pci_dev *pdev);
/* Pins the driver's module; "state" and SR-IOV in sysfs then say EBUSY */
int adf_dev_get(struct adf_accel_dev *accel);
void adf_dev_put(struct adf_accel_dev *accel);
/* One bit each */
int adf_dev_started(struct adf_accel_dev *accel);
int adf_devmgr_in_reset(struct adf_accel_dev *accel);
/* SVC_MAP_*; 0 if it cannot be told */
u16 adf_gen4_get_ring_to_svc_map(struct adf_accel_dev *accel);

#endif /* _QAT_4XXX_H */
