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
#define E810_MAX_AREAS		5
#define E810_MAX_QPS		ICE_ADI_MAX_QPS
#define E810_MAX_VECTORS	(E810_MAX_QPS + 1)

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
 * struct e810_kept - registers that a paused ADI gets when it goes on
 * @mbx: of the mailbox page
 * @tx_tail: of its Tx queues
 * @rx_tail: of its Rx queues
 * @mbx_set: which ones of @mbx are to be written
 * @tx_set: as well
 * @rx_set: as well
 * @dyn_ctl: of all its vectors, which are off until then: INTENA, WB_ON_ITR, and
 *	SWINT_TRIG for an interrupt that is due
 *
 * Accesses of the guest change single members, at once.
 */
struct e810_kept {
	u32 mbx[VSI_MBX_NUM_REGS];
	u32 tx_tail[E810_MAX_QPS];
	u32 rx_tail[E810_MAX_QPS];
	DECLARE_BITMAP(mbx_set, VSI_MBX_NUM_REGS);
	DECLARE_BITMAP(tx_set, E810_MAX_QPS);
	DECLARE_BITMAP(rx_set, E810_MAX_QPS);
	u32 dyn_ctl[E810_MAX_VECTORS];
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
 * @paused: registers that begin something are kept in @kept. Changes when nobody
 *	accesses registers.
 * @kept: while it is paused
 * @rstat: page of which the first register is VFGEN_RSTAT, for the guest to read and
 *	for nobody else, as the guest can write to it. NULL without such a page
 * @resetting: a reset was asked for that has not come yet
 * @malicious: how often the card has stopped a queue for what the guest did
 * @total_overflows: how often the guest has caused an overflow; this and the next two
 *	are changed by ice's events only, one at a time
 * @overflows: how often since @overflow_since
 * @overflow_since: in jiffies
 * @stopped: its guest has caused too many: does not run before their time has
 *	passed, for another one neither
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
	bool paused;
	struct e810_kept kept;
	u32 *rstat;
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

/**
 * struct e810_reg - what an offset of a VDEV's BAR 0 means
 * @class: kind of register
 * @index: queue, vector, or register of the mailbox page
 * @itr: interval, for E810_TRAP_ITR
 */
struct e810_reg {
	enum e810_trap_class class;
	unsigned int index;
	unsigned int itr;
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

/* e810_migrate.c */
extern const struct hdiov_migrate_ops e810_migrate_ops;

/* e810_mmio.c */
extern const struct hdiov_mmio_ops e810_mmio_ops;
int e810_mmio_create(struct e810_adi *ea);
void e810_mmio_destroy(struct e810_adi *ea);
void e810_mmio_reset(struct e810_adi *ea);
void e810_mmio_reset_begun(struct e810_adi *ea);

/* e810_pause.c */
bool e810_kept_read(struct e810_adi *ea, const struct e810_reg *reg, u32 *value);
bool e810_kept_write(struct e810_adi *ea, const struct e810_reg *reg, u32 value);
void e810_kept_reset(struct e810_adi *ea);
int e810_adi_pause(struct hdiov_adi *adi);
int e810_adi_resume(struct hdiov_adi *adi);

/* e810_sysfs.c */
extern const struct attribute_group *e810_vdev_groups[];

/* e810_types.c */
extern const struct hdiov_type e810_types[];
extern const unsigned int e810_num_types;
bool e810_type_is_vdcm(const struct hdiov_type *type);

#endif /* _E810_H */
