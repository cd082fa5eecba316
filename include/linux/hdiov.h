/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HD-IOV: queue-pair virtualization of PCI devices (Intel Scalable IOV)
 *
 * The one interface between the core (hdiov.ko) and the drivers of physical
 * functions. The core composes VDEVs, binds PASIDs, allocates interrupt
 * messages and speaks VFIO; a vendor driver speaks to its hardware only. See
 * Documentation/driver-api/hdiov.rst.
 */
#ifndef _LINUX_HDIOV_H
#define _LINUX_HDIOV_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/types.h>

struct attribute_group;
struct device;
struct hdiov_adi;
struct hdiov_pf;
struct hdiov_pf_core;
struct hdiov_records;
struct hdiov_vdev;
struct module;
struct seq_file;

/* Base address registers of a PCI function (PCI Local Bus, header type 0) */
#define HDIOV_NUM_BARS		6

/* Largest number of vectors of a VDEV: the MSI-X table size field */
#define HDIOV_MAX_VECTORS	2048

/* Returned by &hdiov_vector_ops.slot: no table is that large */
#define HDIOV_SLOT_ANY		INT_MAX
#define HDIOV_SLOT_SOFTWARE	(INT_MAX - 1)

/**
 * struct hdiov_bar - one base address register of a VDEV
 * @size: bytes, a power of two of at least PAGE_SIZE; 0 if there is no such BAR
 * @flags: PCI_BASE_ADDRESS_MEM_TYPE_64 and PCI_BASE_ADDRESS_MEM_PREFETCH bits.
 *	A 64-bit BAR also takes the next register, whose entry stays zero.
 */
struct hdiov_bar {
	u64 size;
	u32 flags;
};

/**
 * struct hdiov_model - the PCI device that a guest sees
 * @vendor: PCI vendor id
 * @device: PCI device id
 * @subsystem_vendor: PCI subsystem vendor id
 * @subsystem_device: PCI subsystem id
 * @class_code: base class, sub-class and interface, 24 bits
 * @revision: PCI revision id
 * @bar: the BARs
 * @msix_bar: BAR that holds the MSI-X table and pending bits. Both are emulated
 *	by the core, no access to them reaches the vendor.
 * @msix_table: byte offset of the MSI-X table in @msix_bar
 * @msix_pba: byte offset of the pending bit array in @msix_bar
 * @trap_class: names of the kinds of registers that trap, for statistics; NULL
 *	without &hdiov_mmio_ops.trap_class
 * @num_trap_classes: entries of @trap_class
 */
struct hdiov_model {
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class_code;
	u8 revision;
	struct hdiov_bar bar[HDIOV_NUM_BARS];
	u8 msix_bar;
	u32 msix_table;
	u32 msix_pba;
	const char * const *trap_class;
	unsigned int num_trap_classes;
};

/**
 * struct hdiov_type - a kind and size of VDEV that a PF offers
 * @name: stable name; the mdev type is "<PCI driver>-<name>"
 * @pretty_name: one line for people
 * @model: what the guest sees
 * @num_qps: queue pairs of an ADI of this type
 * @num_vectors: MSI-X vectors of a VDEV of this type, at least 1
 */
struct hdiov_type {
	const char *name;
	const char *pretty_name;
	const struct hdiov_model *model;
	unsigned int num_qps;
	unsigned int num_vectors;
};

/**
 * struct hdiov_area - pages of a VDEV's BAR that are mapped into the guest
 * @bar: index of the BAR
 * @offset: first byte in the BAR, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 * @written_paused: what a user writes there in state PAUSED without having mapped it goes
 *	to &hdiov_mmio_ops.write. Otherwise, and through a mapping, it is lost: fine for
 *	doorbells, as the next one tells the position again
 * @memory: NULL; or what is mapped in the place of pages of the PF, @size bytes, page
 *	aligned: registers that are only read, and that the vendor keeps up to date there.
 *	Unlike pages of the PF it stays mapped in all states, so it must not say that the
 *	guest can use those but as &hdiov_mmio_ops.mapped says. A guest can write to it, and
 *	sees that itself only: the vendor must not read it, nor share it between ADIs, and
 *	has it cleared by &hdiov_adi_ops.reset and before another user's
 *	&hdiov_adi_ops.enable. It stays until &hdiov_adi_ops.destroy.
 */
struct hdiov_area {
	unsigned int bar;
	u64 offset;
	u64 size;
	bool written_paused;
	void *memory;
};

/**
 * struct hdiov_adi - an assignable device interface
 * @pf: the physical function
 * @type: what was asked for
 * @qp_base: first of the ADI's queue pairs on the PF, which are contiguous; 0 if
 *	the vendor claims them itself
 * @num_qps: number of queue pairs
 * @areas: fast-path areas. Set by &hdiov_adi_ops.create, constant from then on.
 *	They do not overlap, nor do they share a page with the MSI-X table or
 *	its pending bits: a guest could then have messages sent of its own making.
 * @num_areas: entries of @areas
 *
 * A vendor embeds this as the first member of its own structure. The core
 * allocates (&hdiov_pf.adi_size bytes, zeroed), fills all members but @areas
 * and @num_areas before &hdiov_adi_ops.create, and frees.
 */
struct hdiov_adi {
	struct hdiov_pf *pf;
	const struct hdiov_type *type;
	unsigned int qp_base;
	unsigned int num_qps;
	const struct hdiov_area *areas;
	unsigned int num_areas;

	/* private: */
	struct hdiov_vdev *vdev;
};

/**
 * HDIOV_ADI_SIZE - value of &hdiov_pf.adi_size
 * @adi_struct: the vendor's structure
 * @member: its first member, a struct hdiov_adi
 */
#define HDIOV_ADI_SIZE(adi_struct, member)				\
	(sizeof(adi_struct) +						\
	 BUILD_BUG_ON_ZERO(offsetof(adi_struct, member)) +		\
	 BUILD_BUG_ON_ZERO(!__same_type(((adi_struct *)0)->member,	\
					struct hdiov_adi)))

/**
 * struct hdiov_dma_id - what the IOMMU knows requests of an ADI by
 * @pasid: their PASID, 20 bits
 *
 * Beside the requester id, which is the PF's. Hardware whose ADIs have requester ids
 * of their own would find theirs here, too.
 */
struct hdiov_dma_id {
	u32 pasid;
};

/**
 * struct hdiov_adi_ops - life of an ADI
 *
 * An ADI is in one of four states::
 *
 *	create --> IDLE --set_pasid--> BOUND --enable--> PAUSED --resume--> RUNNING
 *	destroy <-- IDLE <--clear_pasid-- BOUND <--quiesce-- PAUSED <--pause-- RUNNING
 *
 * A reset of the PF that nobody announced takes the place of @quiesce, see @abandon.
 *
 * Where the vendor knows of such a reset before it can call hdiov_pf_reset_begun(), or
 * finds that the card needs one, @set_pasid, @enable, @resume, @pause, @quiesce, @reset
 * and @restart return -EAGAIN, as do those of struct hdiov_migrate_ops: nothing leaves
 * the ADI any more, as bus mastering is off for example, and that call will come. The
 * core then takes the VDEV off the hardware, has it wait for the end of that reset, and
 * tells nobody that it died.
 *
 * A vendor without @pause and @resume has no state PAUSED: @enable leads to
 * RUNNING, from where @quiesce comes back.
 *
 * No DMA may leave the ADI's queues, its mailbox included, and no interrupt, in
 * any state but RUNNING: this is what keeps a queue from ever running without its
 * PASID.
 *
 * The core calls all of these in process context, may sleep. Calls for one ADI
 * are serialized; calls for different ADIs run in parallel, those for a reset of
 * the PF as well, and must not wait for one another's firmware answers more than
 * the hardware's command queue enforces.
 *
 * A reset of the PF is kept apart from all of these but @create, @destroy,
 * @clear_pasid (of a VDEV that is closed meanwhile) and @show, which the vendor
 * has to fence itself: the device may not even decode its addresses then. What is
 * under way when hdiov_pf_reset_begun() is called it has to fence, too.
 *
 * @suits: optional, for hardware whose queue pairs are not all alike; whether
 *	queue pair @qp can be one of an ADI of @type. Constant while the PF is
 *	registered. Called under a lock of the core: must not sleep, nor call
 *	back. Without it, all queue pairs suit all types.
 * @available: how many more ADIs of @type the PF could make just now, as far as
 *	the vendor's resources go: contexts, firmware limits, and queue pairs if
 *	&hdiov_pf.num_qps is 0. Optional if it is not. Called without locks, may
 *	be called at any time while the PF is registered.
 * @create: claim and set up the hardware context of an ADI, in state IDLE, and
 *	&hdiov_adi.num_qps queue pairs if &hdiov_pf.num_qps is 0: any ones, the
 *	core does not ask which. Sets &hdiov_adi.areas. Returns 0; -ENOSPC after
 *	a dev_err() that names the resource; or another negative errno. On error
 *	nothing stays claimed.
 * @destroy: undo @create. State IDLE. Cannot fail: what the hardware refuses to
 *	give back is logged and stays claimed until the PF is reset. After a
 *	@quiesce that failed the state is BOUND: then the hardware context stays
 *	claimed as well, keeps its PASID, and with it queue pairs that the vendor
 *	has claimed itself. The vendor takes them back while it brings the PF up
 *	after a reset, before hdiov_pf_reset_done(). After that the core gives the
 *	PASID, and queue pairs of its own, to others. While the PF is being reset,
 *	vectors may still be bound: they are forgotten with the ADI, but their
 *	slots come back later, see &hdiov_vector_ops.release.
 * @set_pasid: IDLE to BOUND: all requests of this ADI carry @id from now on, which
 *	is good for the time of this call. The core has attached the PASID to an
 *	IOMMU domain before. Returns 0 or a negative errno, then the state stays
 *	IDLE.
 * @clear_pasid: BOUND to IDLE. Optional, for hardware in which the next @set_pasid
 *	just replaces what there is: in state IDLE nothing leaves the ADI that could
 *	carry it. Returns 0, or a negative errno if something still may: then the
 *	PASID and the queue pairs are dealt with as if @quiesce had failed.
 * @enable: BOUND to PAUSED (RUNNING without @resume): the guest may program its
 *	device. Returns 0 or a negative errno, then the state stays BOUND.
 * @resume: PAUSED to RUNNING: queues go on where they were when @pause came, and
 *	what the guest has started since then starts. Returns 0 or a negative errno,
 *	then the state stays PAUSED, and the core has the ADI reset.
 * @pause: RUNNING to PAUSED: be silent and lose nothing. All that the guest has
 *	programmed stays, as do requests that it has made and that are not served.
 *	Returns only when no transaction of this ADI is pending. Doorbells are
 *	already unmapped and no trapped access runs; what the guest writes to
 *	fast-path areas before @resume is lost, unless @written_paused of &struct
 *	hdiov_area says otherwise. Other registers are still served. A guest can have
 *	this as often as it likes as long as it is quick; one that took more than 20 ms,
 *	of firmware for example, is paid for like a reset before the guest goes on.
 *	Optional, with @resume: without them, and if this returns an error (state
 *	RUNNING), the core quiesces the ADI and later resets it, and the guest loses
 *	what it has programmed.
 * @quiesce: RUNNING or PAUSED to BOUND: stop all queues and the mailbox, drain,
 *	and return only when no transaction of this ADI is pending. Doorbells are
 *	already unmapped and no trapped access runs. Returns 0, or a negative errno if
 *	the hardware does not confirm; before hdiov_pf_reset_done() the core
 *	then does not give the PASID and the queue pairs to anyone else, nor
 *	does it call @clear_pasid, so that nothing goes out without its PASID.
 * @abandon: optional; RUNNING or PAUSED to BOUND, instead of @quiesce after
 *	hdiov_pf_reset_begun(): the PF's reset stops all queues, and the
 *	function must not be touched. Forget what was under way for this ADI, and
 *	wait for work items that still deal with it. Doorbells are already
 *	unmapped and no trapped access runs.
 * @reset: in BOUND: put everything that a guest can see or has programmed back
 *	to what it was after @create (a function level reset). The PASID stays
 *	set and vectors stay bound: where the hardware loses them, write them
 *	again. Returns 0 or a negative errno; the ADI is then left BOUND and the
 *	VDEV is dead until its next reset.
 * @restart: optional; in BOUND: does what hdiov_adi_request_reset() was called
 *	for, where that is less than what @reset does: the guest asked for a
 *	reset of its queues alone. Else as @reset, which is called if there is
 *	no @restart, or if the last reset has failed.
 * @show: optional; print the hardware context into the VDEV's debugfs file, each
 *	line "name: value"
 */
struct hdiov_adi_ops {
	bool (*suits)(struct hdiov_pf *pf, const struct hdiov_type *type,
		      unsigned int qp);
	unsigned int (*available)(struct hdiov_pf *pf,
				  const struct hdiov_type *type);
	int (*create)(struct hdiov_adi *adi);
	void (*destroy)(struct hdiov_adi *adi);
	int (*set_pasid)(struct hdiov_adi *adi, const struct hdiov_dma_id *id);
	int (*clear_pasid)(struct hdiov_adi *adi);
	int (*enable)(struct hdiov_adi *adi);
	int (*resume)(struct hdiov_adi *adi);
	int (*pause)(struct hdiov_adi *adi);
	int (*quiesce)(struct hdiov_adi *adi);
	void (*abandon)(struct hdiov_adi *adi);
	int (*reset)(struct hdiov_adi *adi);
	int (*restart)(struct hdiov_adi *adi);
	void (*show)(struct hdiov_adi *adi, struct seq_file *s);
};

/**
 * struct hdiov_mmio_ops - registers of a VDEV
 *
 * Called only in states RUNNING and PAUSED, @fast_page only in RUNNING. In others
 * the core answers (reads give all ones, writes are dropped). It keeps these calls
 * and state changes apart, and looks after the MSI-X table. Any number of these may
 * run at once, but not while &hdiov_vector_ops.bind or .unbind does. Every value and offset
 * comes from a guest and may be hostile.
 *
 * A guest may access registers with 1, 2, 4 or 8 bytes, as those of any PCI device.
 * The vendor says by @min_width and @max_width which of these it wants to see: the
 * core makes several accesses of a wider one, the low bytes first, cuts a narrower
 * read out of one of @min_width, and drops a narrower write.
 *
 * @min_width: smallest access of the registers, in bytes: 1, 2, 4 or 8
 * @max_width: largest one, not less than @min_width
 * @read: slow path: read @width bytes at @offset (a multiple of @width, inside the
 *	BAR). Process context, may sleep. Offsets in a fast-path area arrive here
 *	too, from users that do not map. Registers that do not exist return what
 *	the hardware would. Bits beyond @width are ignored.
 * @write: slow path: write, as @read. Bits of @value beyond @width are 0.
 * @trap_class: optional; index into &hdiov_model.trap_class of the register at
 *	@offset, for statistics only. Called for each access that the vendor sees.
 * @fast_page: the physical address that backs page @page (0 is the first) of
 *	fast-path area @area, one without memory, page aligned, or -ENXIO while nothing does (a
 *	vector that the guest has not enabled). The core maps an inert page in
 *	that case. Called under the fault handler's locks: must not sleep for
 *	long, must not touch user memory. An address handed out stays valid
 *	until the core has unmapped it: before @quiesce, and before and after
 *	&hdiov_vector_ops.bind and .unbind.
 * @mapped: optional, for memory of a &struct hdiov_area that tells the guest to wait or
 *	to go on: what it writes from now on reaches the pages of the PF, in RUNNING;
 *	or, @reachable is false, soon does not any more, in any state and while the PF
 *	is being reset. Called with no trapped access under way. Must not touch the
 *	hardware, nor sleep for long.
 */
struct hdiov_mmio_ops {
	unsigned int min_width;
	unsigned int max_width;
	u64 (*read)(struct hdiov_adi *adi, unsigned int bar, u64 offset,
		    unsigned int width);
	void (*write)(struct hdiov_adi *adi, unsigned int bar, u64 offset,
		      unsigned int width, u64 value);
	unsigned int (*trap_class)(struct hdiov_adi *adi, unsigned int bar,
				   u64 offset, bool write);
	int (*fast_page)(struct hdiov_adi *adi, unsigned int area,
			 unsigned int page, phys_addr_t *addr);
	void (*mapped)(struct hdiov_adi *adi, bool reachable);
};

/**
 * struct hdiov_vector_ops - which interrupt message a vector of an ADI uses
 *
 * Called in process context, may sleep; all but @release with the VDEV's lock held,
 * in any state of the ADI. Vectors come and go one by one when the guest enables
 * them, but none of these is called while the PF is being reset or down, unless
 * hdiov_unregister_pf() calls @release.
 *
 * @slot: optional, NULL is the same as always %HDIOV_SLOT_ANY; which slot of the
 *	interrupt message storage vector @vector must use: a slot number where
 *	the hardware ties them together, or where the PF's own driver keeps
 *	account of them and has given one away; %HDIOV_SLOT_ANY; or
 *	%HDIOV_SLOT_SOFTWARE for a vector without hardware that the driver
 *	raises by hdiov_adi_signal(). Asked each time that the guest enables the
 *	vector, of a software vector perhaps more often, which must give the same
 *	answer then. A negative errno if there is none, which the user is told.
 * @release: optional, with @slot: the core has no use any more for the number @slot
 *	that the function of that name has returned: it could not be allocated,
 *	or the vector has been disabled. Called once for each such number, after
 *	@unbind, and after the Linux interrupt has been freed and the message
 *	with it. That can be after &hdiov_adi_ops.destroy: a VDEV that is removed
 *	while the PF is being reset keeps its slots for so long. It must not touch
 *	the hardware. hdiov_pf_reset_done() may be the caller: it must not call
 *	that or its counterparts, nor wait for who does.
 * @bind: vector @vector (0 based) of the ADI now has message @slot: an index of
 *	the device's own table, or of the PF's MSI-X table. The message is
 *	already live. The vendor keeps the number, over resets too, and points
 *	the interrupt causes of that vector to it. Not called for software
 *	vectors. Returns 0 or a negative errno.
 * @unbind: undo @bind: no cause of this ADI may raise the message after return.
 */
struct hdiov_vector_ops {
	int (*slot)(struct hdiov_adi *adi, unsigned int vector);
	void (*release)(struct hdiov_pf *pf, unsigned int slot);
	int (*bind)(struct hdiov_adi *adi, unsigned int vector,
		    unsigned int slot);
	void (*unbind)(struct hdiov_adi *adi, unsigned int vector);
};

/**
 * struct hdiov_ims_ops - a PF's own interrupt message table
 *
 * For devices with interrupt message storage other than their MSI-X table.
 * Called by the irq core in atomic context with a raw spinlock held; not while the
 * PF is being reset or down, except by hdiov_unregister_pf().
 *
 * @write_msg: store address and data of @slot; 0 and 0 if nobody has it any more.
 *	The vendor remembers them and whether the slot is masked: after a reset of
 *	the PF nobody but the vendor writes them again.
 * @mask: no interrupt from @slot after return
 * @unmask: undo @mask
 */
struct hdiov_ims_ops {
	void (*write_msg)(struct hdiov_pf *pf, unsigned int slot, u64 address,
			  u32 data);
	void (*mask)(struct hdiov_pf *pf, unsigned int slot);
	void (*unmask)(struct hdiov_pf *pf, unsigned int slot);
};

/**
 * struct hdiov_record_kind - a part of a saved ADI
 * @type: what it is called in the stream: %HDIOV_RECORD_VENDOR or more
 * @name: for messages
 * @min_len: smallest length in bytes
 * @max_len: largest length in bytes, at most %HDIOV_RECORD_MAX_LEN
 * @optional: may be missing
 */
struct hdiov_record_kind {
	u16 type;
	const char *name;
	u32 min_len;
	u32 max_len;
	bool optional;
};

/* Types below are the core's */
#define HDIOV_RECORD_VENDOR	0x100
#define HDIOV_RECORD_MAX_LEN	0x10000

/**
 * struct hdiov_migrate_ops - an ADI's state, to be taken elsewhere
 *
 * What the guest has programmed, and how far the hardware has come with it, in terms
 * that do not depend on the card: queues by their number in the ADI, no number of
 * the PF's. It goes through the hands of whoever migrates the guest. So it can have
 * no more authority than the guest, and what the host's administrator has decided
 * about a VDEV is not in it: the destination has its own.
 *
 * It is used on the host that it comes from as well: when a guest is stopped, its
 * ADI is saved and quiesced, and loaded when the guest goes on.
 *
 * All in process context, may sleep, with the VDEV's lock held.
 *
 * @version: of the records that @save writes. What changes gets a new type of record, so
 *	that @check and @load need not know by which version they were written
 * @min_reader: the oldest version whose @check understands them
 * @kinds: which records there can be, each once; the core has checked their lengths,
 *	that none is missing and that there are no others, before @check
 * @num_kinds: entries of @kinds
 * @save: in PAUSED: write all of it by hdiov_records_put(). Nothing is under way for
 *	this ADI, and no access to its registers comes; from here on the vendor asks
 *	for no reset. Must not take for state what a card says that has been reset
 *	meanwhile. Returns 0 or a negative errno
 * @check: in any state: would @load accept these? Must look at each value, as all come
 *	from outside, and must change nothing. Returns 0 or -EINVAL, or -EPERM if the
 *	guest had what it must not have here, after a dev_err_ratelimited() that names
 *	the value and its limit
 * @load: in PAUSED, nothing programmed since @reset: put what was saved and @check
 *	has accepted into the hardware. After @resume the guest's queues go on where
 *	they were. Returns 0 or a negative errno; the ADI is then quiesced and reset
 */
struct hdiov_migrate_ops {
	u16 version;
	u16 min_reader;
	const struct hdiov_record_kind *kinds;
	unsigned int num_kinds;
	int (*save)(struct hdiov_adi *adi, struct hdiov_records *to);
	int (*check)(struct hdiov_adi *adi, const struct hdiov_records *from);
	int (*load)(struct hdiov_adi *adi, const struct hdiov_records *from);
};

/**
 * struct hdiov_pf - a physical function in HD-IOV mode
 * @dev: the PCI device, with PASIDs enabled; its driver's name begins the names of
 *	the mdev types
 * @owner: module of the vendor driver, THIS_MODULE
 * @adi_size: HDIOV_ADI_SIZE() of the vendor's structure
 * @adi_ops: life of an ADI
 * @mmio_ops: registers of a VDEV
 * @vector_ops: interrupts of an ADI; NULL if software raises all of them, by
 *	hdiov_adi_signal()
 * @ims_ops: the device's own message table; NULL to use the PF's MSI-X table,
 *	which must then be enabled with room for dynamic allocation
 *	(pci_msix_can_alloc_dyn()) before hdiov_register_pf()
 * @num_ims: slots of the device's own table
 * @migrate_ops: optional, with &hdiov_adi_ops.pause: guests can be migrated
 * @types: the types offered, constant while registered
 * @num_types: entries of @types
 * @num_qps: queue pairs for the core to share out, numbered from 0; or 0 if the
 *	PF's own driver does that, and ADIs claim theirs in &hdiov_adi_ops.create
 * @vdev_groups: optional; NULL-terminated sysfs groups of the vendor, shown in
 *	each VDEV's mdev directory. In a show or store function,
 *	hdiov_adi_from_dev() gives the ADI.
 *
 * Embedded in the vendor's structure of the PF, which is zeroed when allocated:
 * resets may be announced before hdiov_register_pf().
 */
struct hdiov_pf {
	struct device *dev;
	struct module *owner;
	size_t adi_size;
	const struct hdiov_adi_ops *adi_ops;
	const struct hdiov_mmio_ops *mmio_ops;
	const struct hdiov_vector_ops *vector_ops;
	const struct hdiov_ims_ops *ims_ops;
	unsigned int num_ims;
	const struct hdiov_migrate_ops *migrate_ops;
	const struct hdiov_type *types;
	unsigned int num_types;
	unsigned int num_qps;
	const struct attribute_group **vdev_groups;

	/* private: */
	struct hdiov_pf_core *core;
};

int hdiov_register_pf(struct hdiov_pf *pf);
void hdiov_unregister_pf(struct hdiov_pf *pf);

void hdiov_pf_reset_prepare(struct hdiov_pf *pf);
void hdiov_pf_reset_begun(struct hdiov_pf *pf);
void hdiov_pf_reset_done(struct hdiov_pf *pf);
void hdiov_pf_reset_failed(struct hdiov_pf *pf);

void hdiov_adi_request_reset(struct hdiov_adi *adi);
void hdiov_adi_finish_reset(struct hdiov_adi *adi);
void hdiov_adi_signal(struct hdiov_adi *adi, unsigned int vector);

int hdiov_records_put(struct hdiov_records *records, u16 type, const void *data,
		      u32 len);
const void *hdiov_records_get(const struct hdiov_records *records, u16 type,
			      u32 *len);

const char *hdiov_adi_name(struct hdiov_adi *adi);
struct hdiov_adi *hdiov_adi_from_dev(struct device *dev);

#endif /* _LINUX_HDIOV_H */
