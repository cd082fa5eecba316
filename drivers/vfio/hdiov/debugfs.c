// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: debugfs
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "hdiov_private.h"

static const char * const hdiov_state_names[] = {
	[HDIOV_IDLE] = "idle",
	[HDIOV_BOUND] = "bound",
	[HDIOV_PAUSED] = "paused",
	[HDIOV_RUNNING] = "running",
};

static int hdiov_state_show(struct seq_file *s, void *unused)
{
	struct hdiov_vdev *vdev = s->private;
	struct hdiov_adi *adi = vdev->adi;
	const struct hdiov_adi_ops *ops = vdev->core->pf->adi_ops;
	unsigned int i;

	guard(mutex)(&vdev->lock);

	seq_printf(s, "type: %s\n", adi->type->name);
	seq_printf(s, "state: %s%s\n", hdiov_state_names[vdev->state],
		   vdev->not_quiet ? " (out of use)" : "");
	seq_printf(s, "open: %d\n", vdev->opened);
	if (vdev->state == HDIOV_IDLE)
		seq_puts(s, "pasid: none\n");
	else
		seq_printf(s, "pasid: %u\n", vdev->pasid);
	/* If the vendor has claimed them, it is the one to show them */
	if (vdev->core->pf->num_qps)
		seq_printf(s, "queue_pairs: %u-%u\n", adi->qp_base,
			   adi->qp_base + adi->num_qps - 1);
	seq_printf(s, "resets: %llu\n", vdev->resets);
	seq_printf(s, "zaps: %llu\n", vdev->zaps);
	seq_printf(s, "vectors: %u\n", adi->type->num_vectors);
	for (i = 0; i < adi->type->num_vectors; i++) {
		struct hdiov_vector *vec = &vdev->vectors[i];

		if (!vec->trigger)
			continue;
		if (vec->irq)
			seq_printf(s, "vector %u: slot %u irq %d count %llu\n",
				   i, vec->slot, vec->irq, vec->count);
		else
			seq_printf(s, "vector %u: software count %llu\n", i,
				   vec->count);
	}
	if (ops->show)
		ops->show(adi, s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hdiov_state);

static int hdiov_traps_show(struct seq_file *s, void *unused)
{
	struct hdiov_vdev *vdev = s->private;
	const struct hdiov_model *model = vdev->adi->type->model;
	unsigned int i;

	seq_puts(s, "class reads writes\n");
	if (!model->num_trap_classes)
		seq_printf(s, "all %lld %lld\n",
			   atomic64_read(&vdev->traps[0][0]),
			   atomic64_read(&vdev->traps[0][1]));
	for (i = 0; i < model->num_trap_classes; i++)
		seq_printf(s, "%s %lld %lld\n", model->trap_class[i],
			   atomic64_read(&vdev->traps[i][0]),
			   atomic64_read(&vdev->traps[i][1]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hdiov_traps);

static int hdiov_resources_show(struct seq_file *s, void *unused)
{
	struct hdiov_pf_core *core = s->private;
	struct hdiov_lost *lost;
	struct hdiov_vdev *vdev;
	unsigned int vdevs = 0;
	unsigned int pasids = 0;
	unsigned int qps = 0;

	scoped_guard(mutex, &core->vdevs_lock) {
		list_for_each_entry(vdev, &core->vdevs, node) {
			vdevs++;
			pasids += READ_ONCE(vdev->state) != HDIOV_IDLE;
			qps += vdev->adi->num_qps;
		}
		list_for_each_entry(lost, &core->lost, node)
			qps += lost->stuck ? lost->num_qps : 0;
	}
	seq_printf(s, "vdevs: %u\n", vdevs);
	seq_printf(s, "pasids: %u\n", pasids);
	seq_printf(s, "interrupt_messages: %d\n",
		   atomic_read(&core->ims->in_use));
	if (!core->pf->num_qps) {
		seq_printf(s, "queue_pairs: %u\n", qps);
		return 0;
	}
	scoped_guard(mutex, &core->qp_lock)
		seq_printf(s, "queue_pairs: %u of %u\n",
			   bitmap_weight(core->qp_map, core->pf->num_qps),
			   core->pf->num_qps);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hdiov_resources);

/**
 * hdiov_debugfs_add_pf - the directory of a PF
 * @core: the PF
 */
void hdiov_debugfs_add_pf(struct hdiov_pf_core *core)
{
	core->debugfs = debugfs_create_dir(dev_name(core->pf->dev),
					   hdiov_debugfs_root);
	debugfs_create_file("resources", 0400, core->debugfs, core,
			    &hdiov_resources_fops);
}

/**
 * hdiov_debugfs_add_vdev - the directory of a VDEV, below its PF's
 * @vdev: the VDEV
 */
void hdiov_debugfs_add_vdev(struct hdiov_vdev *vdev)
{
	vdev->debugfs = debugfs_create_dir(dev_name(hdiov_vdev_dev(vdev)),
					   vdev->core->debugfs);
	debugfs_create_file("state", 0400, vdev->debugfs, vdev,
			    &hdiov_state_fops);
	debugfs_create_file("traps", 0400, vdev->debugfs, vdev,
			    &hdiov_traps_fops);
}
