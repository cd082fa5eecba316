/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hdiov_e810: VDEVs of an Intel E810, whose PF is ice's
 */
#ifndef _E810_H
#define _E810_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/compiler.h>
#include <linux/hdiov.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/net/intel/ice_hdiov.h>
#include <linux/pci.h>
#include <linux/wait.h>

#include "e810_regs.h"

/* Throttling intervals of a vector */
#define E810_NUM_ITR		3
#define E810_MAX_AREAS		4

/**
 * struct e810_pf - a port
 * @hpf: for the core
 * @pdev: the PCI function, bound to ice
 * @ice: ice's side of it
 * @bar0: physical address of BAR 0
 * @pages: its page space
 * @entries: entries of its MSI-X table that the core has for vectors of ADIs
 * @entry_back: woken when the core gives one back
 */
struct e810_pf {
	struct hdiov_pf hpf;
	struct pci_dev *pdev;
	struct ice_hdiov *ice;
	phys_addr_t bar0;
	void __iomem *pages;
	DECLARE_BITMAP(entries, HDIOV_MAX_VECTORS);
	wait_queue_head_t entry_back;
};

/**
 * struct e810_adi - an ADI
 * @adi: for the core
 * @pf: the port
 * @ice: ice's side of it
 * @layout: the queues, vectors and mailbox it has. Changes with resets only,
 *	when nobody accesses registers.
 * @areas: for &hdiov_adi.areas
 * @policy_lock: one change of what the host has decided at a time
 * @resetting: a reset was asked for that has not come yet
 * @malicious: how often the card has stopped a queue for what the guest did
 * @total_overflows: how often the guest has caused an overflow; this and the next two
 *	are changed by ice's events only, one at a time
 * @overflows: how often since @overflow_since
 * @overflow_since: in jiffies
 * @stopped: its guest has caused too many: not enabled again before the next one
 * @icr0_ena: what the guest wrote
 * @icr0_heads: heads of the mailbox when the guest last asked for causes
 */
struct e810_adi {
	struct hdiov_adi adi;
	struct e810_pf *pf;
	struct ice_adi *ice;
	struct ice_adi_layout layout;
	struct hdiov_area areas[E810_MAX_AREAS];
	struct mutex policy_lock;	/* changes of ice's policy */
	bool resetting;
	atomic_t malicious;
	unsigned int total_overflows;
	unsigned int overflows;
	unsigned long overflow_since;
	bool stopped;
	u32 icr0_ena;
	u32 icr0_heads;
};

/* Kinds of registers that trap, for statistics */
enum e810_trap_class {
	E810_TRAP_TX_TAIL,
	E810_TRAP_RX_TAIL,
	E810_TRAP_DYN_CTL,
	E810_TRAP_ITR,
	E810_TRAP_MAILBOX,
	E810_TRAP_RSTAT,
	E810_TRAP_OTHER,
	E810_NUM_TRAP_CLASSES,
};

static inline struct e810_pf *to_e810_pf(struct hdiov_pf *hpf)
{
	return container_of(hpf, struct e810_pf, hpf);
}

static inline struct e810_adi *to_e810_adi(struct hdiov_adi *adi)
{
	return container_of(adi, struct e810_adi, adi);
}

/* A register in page space, by its offset in BAR 0 */
static inline void __iomem *e810_page(struct e810_pf *pf, u32 offset)
{
	return pf->pages + (offset - E810_PAGES_START);
}

/* e810_adi.c */
extern const struct hdiov_adi_ops e810_adi_ops;
extern const struct hdiov_vector_ops e810_vector_ops;

/* e810_mmio.c */
extern const struct hdiov_mmio_ops e810_mmio_ops;
void e810_mmio_set_areas(struct e810_adi *ea);

/* e810_sysfs.c */
extern const struct attribute_group *e810_vdev_groups[];

/* e810_types.c */
extern const struct hdiov_type e810_types[];
extern const unsigned int e810_num_types;
bool e810_type_is_vdcm(const struct hdiov_type *type);

#endif /* _E810_H */
