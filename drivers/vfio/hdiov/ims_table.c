// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: interrupt messages in a table of the device's own
 *
 * A hierarchical irq domain on top of the one that remaps the PF's interrupts.
 * Linux has no API for this at the moment (it was removed for want of users), so
 * the allocation info is built here as the PCI/MSI-X domain would build it: the
 * PF's requester id then goes into the remapping entry, and no other device can
 * raise the interrupt.
 */
#include <linux/bitmap.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/slab.h>

#include <asm/hw_irq.h>

#include "compat.h"
#include "hdiov_private.h"

/**
 * struct hdiov_table - the priv member of a struct hdiov_ims
 * @domain: irq domain of the table
 * @fwnode: its name
 * @lock: protects @taken
 * @taken: which slots are in use
 */
struct hdiov_table {
	struct irq_domain *domain;
	struct fwnode_handle *fwnode;
	struct mutex lock;		/* taken */
	unsigned long *taken;
};

static struct hdiov_pf *hdiov_table_pf(struct irq_data *data)
{
	struct hdiov_ims *ims = irq_data_get_irq_chip_data(data);

	return ims->pf;
}

static void hdiov_table_mask(struct irq_data *data)
{
	struct hdiov_pf *pf = hdiov_table_pf(data);

	pf->ims_ops->mask(pf, irqd_to_hwirq(data));
}

static void hdiov_table_unmask(struct irq_data *data)
{
	struct hdiov_pf *pf = hdiov_table_pf(data);

	pf->ims_ops->unmask(pf, irqd_to_hwirq(data));
}

static void hdiov_table_write(struct irq_data *data)
{
	struct hdiov_pf *pf = hdiov_table_pf(data);
	struct irq_data *up = data->parent_data;
	struct msi_msg msg = {};

	while (up && !(up->chip && up->chip->irq_compose_msi_msg))
		up = up->parent_data;
	if (WARN_ON_ONCE(!up))
		return;

	up->chip->irq_compose_msi_msg(up, &msg);
	pf->ims_ops->write_msg(pf, irqd_to_hwirq(data),
			       (u64)msg.address_hi << 32 | msg.address_lo,
			       msg.data);
}

static int hdiov_table_set_affinity(struct irq_data *data,
				    const struct cpumask *mask, bool force)
{
	int ret = irq_chip_set_affinity_parent(data, mask, force);

	/* With interrupt remapping the message itself does not change */
	if (ret >= 0 && ret != IRQ_SET_MASK_OK_DONE)
		hdiov_table_write(data);
	return ret;
}

static struct irq_chip hdiov_table_chip = {
	.name = "hdiov-IMS",
	.irq_mask = hdiov_table_mask,
	.irq_unmask = hdiov_table_unmask,
	.irq_ack = irq_chip_ack_parent,
	.irq_set_affinity = hdiov_table_set_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int hdiov_table_domain_alloc(struct irq_domain *domain,
				    unsigned int virq, unsigned int nr,
				    void *arg)
{
	struct irq_alloc_info *info = arg;
	irq_hw_number_t slot = info->hwirq;
	int ret;

	ret = irq_domain_alloc_irqs_parent(domain, virq, nr, arg);
	if (ret < 0)
		return ret;

	ret = irq_domain_set_hwirq_and_chip(domain, virq, slot,
					    &hdiov_table_chip,
					    domain->host_data);
	if (ret) {
		irq_domain_free_irqs_parent(domain, virq, nr);
		return ret;
	}
	irq_set_handler(virq, handle_edge_irq);
	return 0;
}

static void hdiov_table_domain_free(struct irq_domain *domain,
				    unsigned int virq, unsigned int nr)
{
	irq_domain_free_irqs_common(domain, virq, nr);
}

static int hdiov_table_activate(struct irq_domain *domain,
				struct irq_data *data, bool reserve)
{
	hdiov_table_write(data);
	return 0;
}

/* Nobody requests the interrupt any more, and the core has masked it */
static void hdiov_table_deactivate(struct irq_domain *domain,
				   struct irq_data *data)
{
	struct hdiov_pf *pf = hdiov_table_pf(data);

	pf->ims_ops->write_msg(pf, irqd_to_hwirq(data), 0, 0);
}

static const struct irq_domain_ops hdiov_table_domain_ops = {
	.alloc = hdiov_table_domain_alloc,
	.free = hdiov_table_domain_free,
	.activate = hdiov_table_activate,
	.deactivate = hdiov_table_deactivate,
};

static int hdiov_table_init(struct hdiov_ims *ims)
{
	struct hdiov_pf *pf = ims->pf;
	struct irq_domain *parent = dev_get_msi_domain(pf->dev);
	struct hdiov_table *table;
	unsigned int slot;
	int ret;

	/* Without remapping any device could write any interrupt message */
	if (!parent || !msi_device_has_isolated_msi(pf->dev)) {
		dev_err(pf->dev, "hdiov: interrupt remapping needed\n");
		return -EOPNOTSUPP;
	}

	table = kzalloc_obj(*table);
	if (!table)
		return -ENOMEM;
	mutex_init(&table->lock);

	ret = -ENOMEM;
	table->taken = bitmap_zalloc(pf->num_ims, GFP_KERNEL);
	if (!table->taken)
		goto err_free;
	table->fwnode = irq_domain_alloc_named_fwnode(dev_name(pf->dev));
	if (!table->fwnode)
		goto err_taken;
	table->domain = irq_domain_create_hierarchy(parent, 0, pf->num_ims,
						    table->fwnode,
						    &hdiov_table_domain_ops,
						    ims);
	if (!table->domain)
		goto err_fwnode;

	for (slot = 0; slot < pf->num_ims; slot++)
		pf->ims_ops->mask(pf, slot);
	ims->priv = table;
	return 0;

err_fwnode:
	irq_domain_free_fwnode(table->fwnode);
err_taken:
	bitmap_free(table->taken);
err_free:
	kfree(table);
	return ret;
}

static void hdiov_table_exit(struct hdiov_ims *ims)
{
	struct hdiov_table *table = ims->priv;

	irq_domain_remove(table->domain);
	irq_domain_free_fwnode(table->fwnode);
	bitmap_free(table->taken);
	kfree(table);
}

static int hdiov_table_alloc_irq(struct hdiov_ims *ims, unsigned int slot)
{
	struct hdiov_table *table = ims->priv;
	struct msi_desc desc = { .dev = ims->pf->dev };
	struct irq_alloc_info info = {
		.type = X86_IRQ_ALLOC_TYPE_PCI_MSIX,
		.desc = &desc,
		.hwirq = slot,
	};

	return irq_domain_alloc_irqs(table->domain, 1, dev_to_node(desc.dev),
				     &info);
}

static int hdiov_table_alloc(struct hdiov_ims *ims, int want,
			     unsigned int *slot)
{
	struct hdiov_table *table = ims->priv;
	unsigned long index;
	int irq;

	scoped_guard(mutex, &table->lock) {
		index = want;
		if (want == HDIOV_SLOT_ANY)
			index = find_first_zero_bit(table->taken,
						    ims->pf->num_ims);
		if (index >= ims->pf->num_ims)
			return -ENOSPC;
		if (__test_and_set_bit(index, table->taken))
			return -EBUSY;
	}

	irq = hdiov_table_alloc_irq(ims, index);
	if (irq <= 0) {
		guard(mutex)(&table->lock);
		__clear_bit(index, table->taken);
		return irq ?: -ENOSPC;
	}

	*slot = index;
	return irq;
}

static void hdiov_table_free(struct hdiov_ims *ims, int irq, unsigned int slot)
{
	struct hdiov_table *table = ims->priv;

	irq_dispose_mapping(irq);
	ims->pf->ims_ops->mask(ims->pf, slot);
	guard(mutex)(&table->lock);
	__clear_bit(slot, table->taken);
}

const struct hdiov_ims_backend hdiov_ims_table = {
	.init = hdiov_table_init,
	.exit = hdiov_table_exit,
	.alloc = hdiov_table_alloc,
	.free = hdiov_table_free,
};
