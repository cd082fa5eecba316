// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: module
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "hdiov_private.h"

/* Resets asked for by vendors; VDEVs do not wait for one another there */
struct workqueue_struct *hdiov_wq;

/*
 * VDEVs that are taken off their PF for its reset, or brought back. Apart from the
 * resets above, which guests can ask for in any number, and with as many workers
 * as there are: each may sleep until its hardware is quiet.
 */
struct workqueue_struct *hdiov_pf_wq;

struct dentry *hdiov_debugfs_root;

static int __init hdiov_init(void)
{
	int ret;

	hdiov_wq = alloc_workqueue("hdiov", WQ_UNBOUND, 0);
	if (!hdiov_wq)
		return -ENOMEM;

	ret = -ENOMEM;
	hdiov_pf_wq = alloc_workqueue("hdiov_pf", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!hdiov_pf_wq)
		goto err_wq;

	ret = hdiov_iommu_init();
	if (ret)
		goto err_pf_wq;

	ret = hdiov_mdev_init();
	if (ret)
		goto err_iommu;

	hdiov_debugfs_root = debugfs_create_dir("hdiov", NULL);
	return 0;

err_iommu:
	hdiov_iommu_exit();
err_pf_wq:
	destroy_workqueue(hdiov_pf_wq);
err_wq:
	destroy_workqueue(hdiov_wq);
	return ret;
}

static void __exit hdiov_exit(void)
{
	debugfs_remove(hdiov_debugfs_root);
	hdiov_mdev_exit();
	hdiov_iommu_exit();
	destroy_workqueue(hdiov_pf_wq);
	destroy_workqueue(hdiov_wq);
	/*
	 * CPU 0 closes the last iommufd with a domain of a VDEV that is long
	 * gone, and hdiov_domain_put() drops the last reference to this module.
	 * Before it has returned, CPU 1 unloads the module. Wait for all tasks
	 * to leave what they were in the middle of.
	 */
	synchronize_rcu_tasks();
}

module_init(hdiov_init);
module_exit(hdiov_exit);

MODULE_DESCRIPTION("HD-IOV: queue-pair virtualization of PCI devices");
MODULE_AUTHOR("The hdiov authors");
MODULE_LICENSE("GPL");
/* MODULE_IMPORT_NS() takes a string since Linux 6.13 */
MODULE_INFO(import_ns, "IOMMUFD");
