/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that hdiov_qat builds against out of tree, 6.12
 * and 7.3. Merged, this file would go.
 */
#ifndef _QAT_COMPAT_H
#define _QAT_COMPAT_H

#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/slab.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
/* Not a string yet */
#define QAT_IMPORT_INTEL_QAT	MODULE_IMPORT_NS(CRYPTO_QAT)
#else
#define QAT_IMPORT_INTEL_QAT	MODULE_IMPORT_NS("CRYPTO_QAT")
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
DEFINE_LOCK_GUARD_1(msi_descs_lock, struct device,
		    msi_lock_descs(_T->lock), msi_unlock_descs(_T->lock))
#endif

#ifndef kzalloc_obj
#define kzalloc_obj(obj, ...)	kzalloc(sizeof(obj), GFP_KERNEL)
#endif

#endif /* _QAT_COMPAT_H */
