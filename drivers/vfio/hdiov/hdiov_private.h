/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the HD-IOV core share */
#ifndef _HDIOV_PRIVATE_H
#define _HDIOV_PRIVATE_H

#include <linux/completion.h>
#include <linux/eventfd.h>
#include <linux/hdiov.h>
#include <linux/iommu.h>
#include <linux/irqbypass.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/pci_regs.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

/* Regions are told apart by the upper bits of the offset in the device fd */
#define HDIOV_REGION_SHIFT	40
#define HDIOV_REGION_MASK	(BIT_ULL(HDIOV_REGION_SHIFT) - 1)

/*
 * Configuration space of a PCI Express function. Its extended part has one capability
 * and is zero from there on, which is not kept: thousands of VDEVs would need
 * megabytes for it.
 */
#define HDIOV_CONFIG_SIZE	PCI_CFG_SPACE_EXP_SIZE
#define HDIOV_CONFIG_KEPT	(PCI_CFG_SPACE_SIZE + PCI_EXT_CAP_DSN_SIZEOF)

/* Where the power management capability is, and in it the byte with the power state */
#define HDIOV_CAP_PM		0x40
#define HDIOV_PM_STATE		(HDIOV_CAP_PM + PCI_PM_CTRL)

#define HDIOV_MAX_TRAP_CLASSES	16

/*
 * A VDEV's resets take the PF's firmware and the host's processors, from its
 * neighbours too. So its user gets this many in a row and then one each interval,
 * which is the time that a guest has to give a function level reset anyway (PCIe,
 * 6.6.2). Those that come with opening and closing it, with another address space,
 * or with a migration are not counted: no guest can ask for them, and each takes its
 * user's own process through more than the reset.
 */
#define HDIOV_RESET_BURST	16
#define HDIOV_RESET_INTERVAL	(100 * NSEC_PER_MSEC)

/* A pause that takes longer costs as much */
#define HDIOV_CHEAP_PAUSE	(20 * NSEC_PER_MSEC)

/**
 * enum hdiov_state - state of an ADI, see &struct hdiov_adi_ops
 * @HDIOV_IDLE: no PASID, nothing runs
 * @HDIOV_BOUND: has a PASID attached to an IOMMU domain, nothing runs
 * @HDIOV_PAUSED: registers answer, nothing runs, nothing is lost
 * @HDIOV_RUNNING: the guest may use the hardware
 */
enum hdiov_state {
	HDIOV_IDLE,
	HDIOV_BOUND,
	HDIOV_PAUSED,
	HDIOV_RUNNING,
};

/**
 * enum hdiov_pf_state - what can be expected of a PF
 * @HDIOV_PF_UP: it works
 * @HDIOV_PF_RESETTING: after hdiov_pf_reset_prepare() or hdiov_pf_reset_begun(),
 *	until all that have begun are over
 * @HDIOV_PF_DOWN: its reset has failed: as before a reset, but nobody waits
 */
enum hdiov_pf_state {
	HDIOV_PF_UP,
	HDIOV_PF_RESETTING,
	HDIOV_PF_DOWN,
};

struct hdiov_ims;

/**
 * struct hdiov_pf_core - what the core knows of a registered PF
 * @pf: the vendor's part
 * @domain_alloc: makes the page tables of a software device; NULL if it is a real
 *	one, with an IOMMU
 * @logs: page tables of this PF know which pages were written to
 * @id: of this registration, never used again
 * @users: registration and resets that are being dealt with
 * @unused: none of @users is left
 * @parent: mdev parent; the types live in @mdev_types
 * @mdev_types: one for each of &hdiov_pf.types, in that order
 * @mdev_type_ptrs: as mdev_register_parent() wants them
 * @qp_lock: protects @qp_map
 * @qp_map: which queue pairs are taken
 * @ims: interrupt message storage
 * @vdevs_lock: protects @vdevs, @state, @gone, @resets, @comebacks and @lost; taken
 *	before any VDEV's lock
 * @vdevs: all VDEVs of this PF
 * @state: of the PF
 * @gone: its reset began before it was announced: no callback that touches it begins,
 *	and VDEVs are taken off it without. Set without @vdevs_lock, too
 * @resets: resets of the PF that have begun and are not over
 * @comebacks: how many times the PF was brought back by a reset
 * @lost: what VDEVs had that are removed, and that only a reset brings back
 * @debugfs: directory of this PF
 */
struct hdiov_pf_core {
	struct hdiov_pf *pf;
	struct iommu_domain *(*domain_alloc)(struct hdiov_pf *pf);
	bool logs;
	u64 id;
	refcount_t users;
	struct completion unused;
	struct mdev_parent parent;
	struct mdev_type *mdev_types;
	struct mdev_type **mdev_type_ptrs;

	struct mutex qp_lock;		/* qp_map */
	unsigned long *qp_map;

	struct hdiov_ims *ims;

	struct mutex vdevs_lock;	/* vdevs, state and so on, see above */
	struct list_head vdevs;
	enum hdiov_pf_state state;
	bool gone;
	unsigned int resets;
	u64 comebacks;
	struct list_head lost;

	struct dentry *debugfs;
};

/**
 * struct hdiov_lost - what of a removed VDEV stays until the PF has been reset
 * @node: in &hdiov_pf_core.lost
 * @stuck: it did not get quiet: nobody else may have its PASID and queue pairs
 * @since: &hdiov_pf_core.comebacks when it did not
 * @pasid: the PASID, if @stuck
 * @qp_base: first queue pair
 * @num_qps: number of queue pairs, if @stuck
 * @vectors: its vectors, if some have an interrupt still, else NULL
 * @num_vectors: number of vectors
 */
struct hdiov_lost {
	struct list_head node;
	bool stuck;
	u64 since;
	u32 pasid;
	unsigned int qp_base;
	unsigned int num_qps;
	struct hdiov_vector *vectors;
	unsigned int num_vectors;
};

/**
 * struct hdiov_domain - IOMMU domain of one or more VDEVs of a PF
 * @domain: what VFIO or iommufd sees
 * @real: paging domain of the PF that everything is forwarded to
 * @owner: module of the operations of @real; NULL if it is the kernel
 * @users: who allocated it, and each VDEV whose PASID is attached to @real
 * @pf_id: &hdiov_pf_core.id of the PF
 * @can_enforce: the PF's IOMMU can make all DMA snoop the caches
 * @tables: read: changes of the page tables, one of the other; write: the walk over
 *	them that reads which pages are dirty. The walk touches user memory, so a
 *	user can make it wait, and with it those who map and unmap in its own domain,
 *	but nobody who holds a VDEV's lock.
 * @log_lock: protects @loggers
 * @loggers: how many VDEVs have their writes to it logged
 *
 * With iommufd a domain can outlive the VDEV that it was made for, its PF, and
 * but for the references it holds the modules. The other way round, a VDEV keeps
 * its domain until it is stopped, when iommufd has emptied and freed it already.
 */
struct hdiov_domain {
	struct iommu_domain domain;
	struct iommu_domain *real;
	struct module *owner;
	refcount_t users;
	u64 pf_id;
	bool can_enforce;
	struct rw_semaphore tables;
	struct mutex log_lock;		/* loggers */
	unsigned int loggers;
};

/**
 * struct hdiov_vector - one enabled MSI-X vector of a VDEV
 * @lock: protects @trigger against the interrupt handler
 * @trigger: eventfd to signal; NULL while the vector is not enabled
 * @producer: irq bypass producer, registered if @bypass
 * @name: as in /proc/interrupts
 * @count: interrupts so far
 * @irq: Linux interrupt, 0 for a software vector
 * @want: what &hdiov_vector_ops.slot has returned, or %HDIOV_SLOT_ANY
 * @slot: slot of the message storage
 * @bound: the vendor has pointed the vector's causes to @slot
 * @bypass: @producer is registered
 */
struct hdiov_vector {
	spinlock_t lock;		/* trigger, against the handler */
	struct eventfd_ctx *trigger;
	struct irq_bypass_producer producer;
	char *name;
	u64 count;
	int irq;
	int want;
	unsigned int slot;
	bool bound;
	bool bypass;
};

/**
 * struct hdiov_records - the state of a VDEV as it is migrated
 * @size: room in @data
 * @len: bytes of @data that are in use, a multiple of 8
 * @data: one record after the other, &struct hdiov_record and its data, each padded
 *	to 8 bytes
 */
struct hdiov_records {
	u32 size;
	u32 len;
	u8 data[] __aligned(8);
};

/* As it is in the stream */
struct hdiov_record {
	__le16 type;
	__le16 flags;
	__le32 len;
};

/* Who does not know a record of this kind can do without */
#define HDIOV_RECORD_SKIP	0x1

/* The core's own: the first 256 bytes of configuration space */
#define HDIOV_RECORD_CONFIG	0x1

struct hdiov_mig_file;

/**
 * struct hdiov_vdev - a VDEV
 * @vfio: the VFIO device; its life is the life of this structure
 * @core: the PF
 * @adi: the hardware behind it
 * @node: in &hdiov_pf_core.vdevs
 * @lock: serializes changes of @state, vectors, opening and closing, and host
 *	configuration. Never taken under mmap_lock; no user memory is touched
 *	while it is held.
 * @access: read: register accesses; write: changes of @state, of the memory enable
 *	bit and of what backs the fast path. Nests inside @lock. No user memory is
 *	touched while it is held.
 * @state: of the ADI; written with @lock and @access (write) held
 * @opened: has a user; protected by @lock
 * @failed: could not be started when it got a domain, and has none since then;
 *	protected by @lock
 * @suspended: was in use when the PF's reset began, or when the vendor said that one
 *	is coming; protected by @lock
 * @dear_pause: the last pause that its guest has caused took longer than
 *	%HDIOV_CHEAP_PAUSE; protected by @lock
 * @parked: is bound and not running because its guest has turned bus mastering off,
 *	or has put it to sleep, and its hardware could not pause. A reset by its
 *	user or of the PF ends that; protected by @lock
 * @unreachable: the PF is being reset or down: neither its registers nor its
 *	MSI-X table may be touched; protected by @lock
 * @needs_reset: holds what a guest has programmed, which must be wiped before it can
 *	run: its reset failed, or is still to come; protected by @lock
 * @not_quiet: the hardware did not confirm that it is quiet: its PASID and queue
 *	pairs must not be given to anyone else until the PF has been reset;
 *	protected by @lock
 * @dead: why it is dead, as was reported, or %NULL; protected by @lock
 * @told: its user has been told by the error interrupt that it is dead; protected by
 *	@lock
 * @not_quiet_since: &hdiov_pf_core.comebacks at that moment
 * @lost: takes note of them if the VDEV is removed before that, and of vectors
 *	that cannot be freed because the PF is not reachable
 * @suspend_work: takes it off the hardware when the PF's reset begins
 * @resume_work: brings it back when that is over
 * @reset_wanted: the vendor has asked for a reset since the ADI was last quiet
 * @reset_work: does that reset, unless another one has come first
 * @reset_paid: when, in ns, its user's resets so far would have been granted at
 *	one each %HDIOV_RESET_INTERVAL; protected by @lock
 * @resets: how many resets there were; protected by @lock
 * @mig_state: what VFIO's migration protocol has it in; its user has stopped it in all
 *	but RUNNING and PRE_COPY; protected by @lock
 * @mig_file: what its state is read from or written to, %NULL if nothing; protected
 *	by @lock
 * @mig_loaded: in RESUMING: all was written, and no more, and it is loaded; its user may
 *	have closed the file since. Protected by @lock
 * @saved: its state, while it is stopped: the hardware has been quiesced, or holds the
 *	same; protected by @lock
 * @owed: its vectors are to be raised when it runs, as one may have been lost; protected
 *	by @lock
 * @logging: its user has the pages logged that it writes to; protected by @lock
 * @log_all: the log has missed something: all pages count as written; protected by
 *	@lock
 * @logged: domain whose dirty pages are its log, NULL if it has not had one since
 *	@logging; protected by @lock
 * @endpoint: stands for {PF, PASID} towards the IOMMU core
 * @domain: domain attached to the endpoint, NULL while that is the blocked one;
 *	written under the endpoint's iommu_group mutex
 * @bound: domain that the PASID is attached to; protected by @lock
 * @pasid: valid while @state is not %HDIOV_IDLE, and while @not_quiet
 * @serial: its Device Serial Number; does not change while it is open
 * @config: PCI configuration space, what is kept of it; protected by @lock, and changes
 *	of the memory enable bit and of the power state by @access too
 * @msix_table: what the user wrote to the MSI-X table; no meaning, protected by
 *	@lock
 * @inert: page behind fast-path areas that have nothing to back them
 * @mapping: page faults hold it for reading, changes of @mapped for writing, never
 *	for longer than it takes to change that or to map a page. Nests inside
 *	@access and inside mmap_lock.
 * @mapped: page faults may map what backs the fast path
 * @inert_used: the inert page may be mapped; set by page faults
 * @zaps: how many times the fast path was unmapped; written with @access (write)
 *	held
 * @vectors: &hdiov_type.num_vectors entries
 * @notify_lock: protects @req_trigger and @err_trigger
 * @req_trigger: eventfd that asks the user to let the VDEV go
 * @err_trigger: eventfd that tells the user that the VDEV has died
 * @traps: number of trapped accesses by class, [0] read, [1] write
 * @debugfs: directory of this VDEV
 */
struct hdiov_vdev {
	struct vfio_device vfio;
	struct hdiov_pf_core *core;
	struct hdiov_adi *adi;
	struct list_head node;

	struct mutex lock;		/* changes of state and vectors */
	struct rw_semaphore access;
	enum hdiov_state state;
	bool opened;
	bool failed;
	bool suspended;
	bool dear_pause;
	bool parked;
	bool unreachable;
	bool needs_reset;
	bool not_quiet;
	const char *dead;
	bool told;
	u64 not_quiet_since;
	struct hdiov_lost *lost;
	struct work_struct suspend_work;
	struct work_struct resume_work;
	bool reset_wanted;
	struct delayed_work reset_work;
	u64 reset_paid;
	u64 resets;

	enum vfio_device_mig_state mig_state;
	struct hdiov_mig_file *mig_file;
	bool mig_loaded;
	struct hdiov_records *saved;
	bool owed;

	bool logging;
	bool log_all;
	struct hdiov_domain *logged;

	struct platform_device *endpoint;
	struct hdiov_domain *domain;
	struct hdiov_domain *bound;
	u32 pasid;

	u64 serial;
	u8 config[HDIOV_CONFIG_KEPT];
	u8 *msix_table;
	struct page *inert;
	struct rw_semaphore mapping;	/* mapped */
	bool mapped;
	bool inert_used;
	u64 zaps;

	struct hdiov_vector *vectors;
	struct mutex notify_lock;	/* req_trigger, err_trigger */
	struct eventfd_ctx *req_trigger;
	struct eventfd_ctx *err_trigger;

	atomic64_t traps[HDIOV_MAX_TRAP_CLASSES][2];
	struct dentry *debugfs;
};

static inline struct hdiov_vdev *to_hdiov_vdev(struct vfio_device *vfio)
{
	return container_of(vfio, struct hdiov_vdev, vfio);
}

extern struct workqueue_struct *hdiov_wq;
extern struct workqueue_struct *hdiov_pf_wq;
extern struct dentry *hdiov_debugfs_root;
extern const struct vfio_device_ops hdiov_vfio_ops;

/* mdev.c: the mdev front end */
int hdiov_mdev_init(void);
void hdiov_mdev_exit(void);
int hdiov_mdev_register(struct hdiov_pf_core *core);
void hdiov_mdev_unregister(struct hdiov_pf_core *core);

/* vdev.c: life of a VDEV, whatever the front end */
struct hdiov_vdev *hdiov_vdev_create(struct hdiov_pf_core *core,
				     const struct hdiov_type *type,
				     struct device *dev);
void hdiov_vdev_destroy(struct hdiov_vdev *vdev);
int hdiov_vdev_open(struct hdiov_vdev *vdev);
void hdiov_vdev_close(struct hdiov_vdev *vdev);
int hdiov_vdev_usable(struct hdiov_vdev *vdev);
int hdiov_vdev_start(struct hdiov_vdev *vdev);
void hdiov_vdev_stop(struct hdiov_vdev *vdev);
u64 hdiov_vdev_grant_reset(struct hdiov_vdev *vdev);
int hdiov_vdev_await_reset(u64 wait);
int hdiov_vdev_reset(struct hdiov_vdev *vdev, bool answered);
void hdiov_vdev_report(struct hdiov_vdev *vdev, bool answered);
void hdiov_vdev_set_master(struct hdiov_vdev *vdev, bool on);
void hdiov_vdev_halt(struct hdiov_vdev *vdev);
void hdiov_vdev_go(struct hdiov_vdev *vdev);
int hdiov_vdev_save(struct hdiov_vdev *vdev, struct hdiov_records *to);
void hdiov_vdev_unsave(struct hdiov_vdev *vdev);
int hdiov_vdev_load(struct hdiov_vdev *vdev, struct hdiov_records *from);

/* pf.c: registration of PFs, their resets */
void hdiov_pf_lose(struct hdiov_pf_core *core, struct hdiov_lost *lost);

/* qp.c: queue pairs and what else limits the number of VDEVs */
int hdiov_qp_init(struct hdiov_pf_core *core);
void hdiov_qp_exit(struct hdiov_pf_core *core);
int hdiov_qp_alloc(struct hdiov_pf_core *core, const struct hdiov_type *type,
		   unsigned int *base);
void hdiov_qp_free(struct hdiov_pf_core *core, unsigned int base,
		   unsigned int num);
unsigned int hdiov_available(struct hdiov_pf_core *core,
			     const struct hdiov_type *type);

/* pasid.c */
int hdiov_pasid_alloc(struct hdiov_pf_core *core, u32 *pasid);
void hdiov_pasid_free(struct hdiov_pf_core *core, u32 pasid);

/* iommu.c: what stands between {PF, PASID} and VFIO */
int hdiov_iommu_init(void);
int hdiov_iommu_check(struct hdiov_pf_core *core);
void hdiov_iommu_exit(void);
int hdiov_iommu_join(struct hdiov_vdev *vdev);
void hdiov_iommu_leave(struct hdiov_vdev *vdev);
int hdiov_iommu_bind(struct hdiov_vdev *vdev);
void hdiov_iommu_unbind(struct hdiov_vdev *vdev);
void hdiov_domain_put(struct hdiov_domain *hdom);

/* ims.c, ims_msix.c, ims_table.c: interrupt message storage */

/**
 * struct hdiov_ims_backend - one kind of interrupt message storage
 * @init: prepare; fills &hdiov_ims.priv if it needs to. Returns 0 or an errno.
 * @exit: undo @init; no slot is in use
 * @alloc: take slot @want, or any if that is %HDIOV_SLOT_ANY. Returns the Linux
 *	interrupt and sets @slot, or a negative errno: -ENOSPC if none is left,
 *	-EBUSY if @want is taken.
 * @free: give the slot back; the interrupt has no handler any more
 */
struct hdiov_ims_backend {
	int (*init)(struct hdiov_ims *ims);
	void (*exit)(struct hdiov_ims *ims);
	int (*alloc)(struct hdiov_ims *ims, int want, unsigned int *slot);
	void (*free)(struct hdiov_ims *ims, int irq, unsigned int slot);
};

/**
 * struct hdiov_ims - interrupt message storage of a PF
 * @backend: where the messages are
 * @pf: the PF
 * @in_use: slots taken by VDEVs
 * @priv: the backend's
 */
struct hdiov_ims {
	const struct hdiov_ims_backend *backend;
	struct hdiov_pf *pf;
	atomic_t in_use;
	void *priv;
};

extern const struct hdiov_ims_backend hdiov_ims_msix;
extern const struct hdiov_ims_backend hdiov_ims_table;

struct hdiov_ims *hdiov_ims_create(struct hdiov_pf *pf);
void hdiov_ims_destroy(struct hdiov_ims *ims);
int hdiov_ims_alloc(struct hdiov_ims *ims, int want, unsigned int *slot);
void hdiov_ims_free(struct hdiov_ims *ims, int irq, unsigned int slot);

/* irq.c: SET_IRQS */
long hdiov_irq_get_info(struct hdiov_vdev *vdev,
			struct vfio_irq_info __user *arg);
long hdiov_irq_set(struct hdiov_vdev *vdev, struct vfio_irq_set __user *arg);
int hdiov_irq_init(struct hdiov_vdev *vdev, const struct hdiov_type *type);
void hdiov_irq_exit(struct hdiov_vdev *vdev);
void hdiov_irq_release(struct hdiov_vdev *vdev);
void hdiov_irq_resume(struct hdiov_vdev *vdev);
bool hdiov_irq_any(struct hdiov_vdev *vdev);
void hdiov_irq_free_lost(struct hdiov_pf_core *core,
			 struct hdiov_vector *vectors, unsigned int num);
void hdiov_irq_request(struct hdiov_vdev *vdev, unsigned int count);
void hdiov_irq_error(struct hdiov_vdev *vdev);
void hdiov_irq_wait(struct hdiov_vdev *vdev);
void hdiov_irq_raise(struct hdiov_vdev *vdev);

/* config.c: PCI configuration space */
void hdiov_config_reset(struct hdiov_vdev *vdev);
int hdiov_config_flr(struct hdiov_vdev *vdev, bool answered);
int hdiov_config_save(struct hdiov_vdev *vdev, struct hdiov_records *to);
void hdiov_config_load(struct hdiov_vdev *vdev,
		       const struct hdiov_records *from);
ssize_t hdiov_config_rw(struct hdiov_vdev *vdev, char __user *buf, size_t count,
			u64 pos, bool write);

/* records.c: what a saved VDEV consists of */
struct hdiov_records *hdiov_records_alloc(u32 size);
u32 hdiov_records_size(const struct hdiov_migrate_ops *ops);
int hdiov_records_check(struct hdiov_vdev *vdev,
			const struct hdiov_records *records);

/* migrate.c: VFIO's migration protocol */
extern const struct vfio_migration_ops hdiov_vfio_mig_ops;
void hdiov_migrate_end(struct hdiov_vdev *vdev);

/* dirty.c: the pages that a VDEV writes to */
extern const struct vfio_log_ops hdiov_vfio_log_ops;
void hdiov_dirty_follow(struct hdiov_vdev *vdev);
void hdiov_dirty_end(struct hdiov_vdev *vdev);

/* region.c: BARs */
int hdiov_region_check(struct hdiov_adi *adi);
int hdiov_region_get_info(struct vfio_device *vfio,
			  struct vfio_region_info *info,
			  struct vfio_info_cap *caps);
ssize_t hdiov_region_rw(struct hdiov_vdev *vdev, unsigned int bar,
			char __user *buf, size_t count, u64 pos, bool write);
int hdiov_region_mmap(struct hdiov_vdev *vdev, struct vm_area_struct *vma);
void hdiov_region_unmap(struct hdiov_vdev *vdev);
void hdiov_region_map(struct hdiov_vdev *vdev);

/* debugfs.c */
void hdiov_debugfs_add_pf(struct hdiov_pf_core *core);
void hdiov_debugfs_add_vdev(struct hdiov_vdev *vdev);

/**
 * hdiov_vdev_answers - does the vendor serve a VDEV's registers
 * @vdev: the VDEV; the caller holds its lock or access
 *
 * Return: true if there is something behind them that the guest may program
 */
static inline bool hdiov_vdev_answers(const struct hdiov_vdev *vdev)
{
	return vdev->state == HDIOV_PAUSED || vdev->state == HDIOV_RUNNING;
}

/*
 * What a VDEV's configuration space says to those below config.c, who do not call it.
 */

/**
 * hdiov_config_d3hot - has the guest put the VDEV to sleep
 * @vdev: the VDEV; the caller holds its lock or access
 *
 * Return: true in D3hot, false in D0
 */
static inline bool hdiov_config_d3hot(const struct hdiov_vdev *vdev)
{
	return vdev->config[HDIOV_PM_STATE] & PCI_PM_CTRL_STATE_MASK;
}

/**
 * hdiov_config_memory_enabled - may BARs be accessed
 * @vdev: the VDEV; the caller holds its lock or access
 *
 * Return: the memory space bit of the command register, false in D3hot
 */
static inline bool hdiov_config_memory_enabled(const struct hdiov_vdev *vdev)
{
	return vdev->config[PCI_COMMAND] & PCI_COMMAND_MEMORY &&
	       !hdiov_config_d3hot(vdev);
}

/**
 * hdiov_config_master - may the VDEV do DMA and interrupt
 * @vdev: the VDEV; the caller holds its lock
 *
 * Return: the bus master bit of the command register, false in D3hot
 */
static inline bool hdiov_config_master(const struct hdiov_vdev *vdev)
{
	return vdev->config[PCI_COMMAND] & PCI_COMMAND_MASTER &&
	       !hdiov_config_d3hot(vdev);
}

/**
 * hdiov_vdev_halted - has its user stopped a VDEV
 * @vdev: the VDEV; the caller holds its lock
 *
 * Return: true if it must do no DMA and raise no interrupt, whatever its guest wants
 */
static inline bool hdiov_vdev_halted(const struct hdiov_vdev *vdev)
{
	return vdev->mig_state != VFIO_DEVICE_STATE_RUNNING &&
	       vdev->mig_state != VFIO_DEVICE_STATE_PRE_COPY;
}

/**
 * hdiov_vdev_dev - the device that a VDEV is known by
 * @vdev: the VDEV
 *
 * Return: the device of the front end, for messages
 */
static inline struct device *hdiov_vdev_dev(const struct hdiov_vdev *vdev)
{
	return vdev->vfio.dev;
}

#endif /* _HDIOV_PRIVATE_H */
