// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV software device: copy engines without hardware
 *
 * For tests of the core on any machine, and the example to copy for a new
 * vendor driver. Each queue pair is an engine that copies guest memory to guest
 * memory, through a page table of its VDEV's own. Its interrupt messages are in a
 * table of its own, but for each ADI's vector 0, which is raised by software.
 *
 * What a real device does by itself, and is done by hand here:
 *  - fetching descriptors when a doorbell page was written: mock_engine() polls;
 *  - address translation by PASID: struct mock_domain;
 *  - sending a message: the number in it is that of a Linux interrupt, which
 *    mock_send() has handled.
 *
 * Files in /sys/kernel/debug/hdiov_mock/<PF>/ make it misbehave; see
 * Documentation/ABI/testing/debugfs-hdiov-mock.
 */
#include <linux/bitfield.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hdiov.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/nospec.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "hdiov_mock.h"
#include "hdiov_software.h"

#define MOCK_MAX_PFS		16
#define MOCK_MAX_QPS		2048
#define MOCK_MAX_VECTORS	5
#define MOCK_MAX_ADI_QPS	4
#define MOCK_NUM_TYPES		2
#define MOCK_POLL_DELAY		msecs_to_jiffies(1)
/* Descriptors of one queue that are executed before others get their turn */
#define MOCK_BURST		16

static unsigned int num_pfs = 1;
module_param(num_pfs, uint, 0444);
MODULE_PARM_DESC(num_pfs, "Physical functions (1 to 16, default 1)");

static unsigned int num_qps = 128;
module_param(num_qps, uint, 0444);
MODULE_PARM_DESC(num_qps, "Queue pairs of each physical function (1 to 2048, default 128)");

static unsigned int num_contexts = 80;
module_param(num_contexts, uint, 0444);
MODULE_PARM_DESC(num_contexts, "VDEVs that each physical function can hold (default 80)");

static bool own_accounts;
module_param(own_accounts, bool, 0644);
MODULE_PARM_DESC(own_accounts, "Physical functions probed from now on keep account of what VDEVs take, as one does whose driver has other users (default N)");

static struct dentry *mock_debugfs;
/* The mistake of an IOMMU that cannot translate by PASID */
#define MOCK_BAD_IOMMU		17
/* The next PF has none of the operations that are optional */
static bool mock_bare;
/* Which mistake the next PF makes when it registers, see mock_make_mistake() */
static u32 mock_mistake;
static struct workqueue_struct *mock_wq;
static struct fwnode_handle *mock_msi_fwnode;
static struct irq_domain *mock_msi_domain;

/**
 * struct mock_domain - the IOMMU page table of one PASID
 * @domain: what the core sees
 * @pages: by IOVA page number: physical page number and IOMMU_READ, IOMMU_WRITE;
 *	%MOCK_DIRTY marks those that were written to. Its lock is also held over each
 *	access to memory, so that none is under way once an unmap has returned.
 * @tracks: pages that are written to are marked; protected by the lock of @pages
 */
struct mock_domain {
	struct iommu_domain domain;
	struct xarray pages;
	bool tracks;
};

#define MOCK_DIRTY		XA_MARK_0
#define MOCK_PTE_PROT		GENMASK(1, 0)
#define MOCK_PTE_PFN		GENMASK(61, 2)

/**
 * struct mock_qp - a queue pair of the PF
 * @adi: who has it; NULL if free; protected by &mock_pf.accounts_lock
 * @stuck: nobody has it, but it may still run: not free before a reset; protected
 *	by &mock_pf.accounts_lock
 * @db: its doorbell page, MOCK_DB_*; the guest may write to it at any time
 * @ring: IOVA of the descriptors
 * @size: number of descriptors
 * @head: next descriptor to execute
 * @status: MOCK_QP_STATUS_*
 * @vector: MOCK_QP_VECTOR_*
 * @fault: IOVA of the last fault
 */
struct mock_qp {
	struct mock_adi *adi;
	bool stuck;
	__le32 *db;
	u64 ring;
	u32 size;
	u32 head;
	u32 status;
	u32 vector;
	u64 fault;
};

/**
 * struct mock_msg - an entry of the interrupt message table
 * @data: what to send: the number of a Linux interrupt
 * @masked: nothing is sent
 */
struct mock_msg {
	u32 data;
	bool masked;
};

enum mock_state { MOCK_IDLE, MOCK_BOUND, MOCK_PAUSED, MOCK_RUNNING };

/**
 * struct mock_adi - an ADI
 * @adi: the core's part
 * @doorbells: the only fast-path area
 * @qp: its queue pairs
 * @lock: protects all below and the ADI's queue pairs
 * @engine: executes descriptors while in MOCK_RUNNING
 * @state: state of the ADI, to check that the core keeps to the order
 * @pasid: number of the address space, just for people
 * @domain: the address space; NULL in MOCK_IDLE
 * @scratch: MOCK_SCRATCH
 * @faults: MOCK_FAULTS
 * @raise_lock: protects @slot, and is held while a message is on its way
 * @slot: entry of the message table for each vector, negative if it has none
 * @dma_bytes: bytes read and written since creation
 * @dma_faults: faults since creation
 * @stuck: did not get quiet since the PF was reset; protected by
 *	&mock_pf.accounts_lock
 */
struct mock_adi {
	struct hdiov_adi adi;
	struct hdiov_area doorbells;
	struct mock_qp *qp[MOCK_MAX_ADI_QPS];
	struct mutex lock;	/* see above */
	struct delayed_work engine;
	enum mock_state state;
	u32 pasid;
	struct mock_domain *domain;
	u64 scratch;
	u32 faults;
	spinlock_t raise_lock;	/* see above */
	int slot[MOCK_MAX_VECTORS];
	u64 dma_bytes;
	u64 dma_faults;
	bool stuck;
};

/**
 * struct mock_pf - a physical function
 * @pf: the core's part
 * @qp: the queue pairs
 * @msgs_lock: protects @msgs
 * @msgs: the interrupt message table, with as many entries as queue pairs
 * @contexts: ADIs that can still be created
 * @own_accounts: queue pairs and interrupt messages are given out here, not by the
 *	core
 * @slots: if so, which messages are taken: a bit for each and one more, which there is no
 *	message for; protected by @accounts_lock
 * @next_slot: where to look for the next one; protected by @accounts_lock
 * @slots_taken: how many were given out so far; protected by @accounts_lock
 * @slots_released: and came back; protected by @accounts_lock
 * @accounts_lock: protects who has which queue pair and message, and what is stuck
 * @stuck_contexts: contexts of removed ADIs that did not get quiet
 * @dma_bytes: bytes read and written by all ADIs since the PF was probed
 * @debugfs: directory of the following
 * @fail_create: that many calls of create() will fail
 * @fail_enable: same for enable()
 * @fail_reset: same for reset()
 * @fail_quiesce: same for quiesce(), as if the hardware never got idle
 * @fail_clear: same for clear_pasid()
 * @fail_pause: same for pause()
 * @fail_resume: same for resume()
 * @fail_save: same for save()
 * @fail_load: same for load()
 * @fail_bind: same for bind()
 * @fail_slot: same for slot()
 * @bad_slot: that many calls of slot() will give out a message that does not exist
 * @fail_pf_reset: that many resets of the PF will fail
 * @in_reset: registers do not answer
 * @reset_accesses: how often they were touched all the same
 * @bad_area: if not 0, create() sets areas that it must not: which of
 *	mock_bad_areas, from 1
 * @reset_coming: a reset of the PF will be told of
 * @drain_ms: time that quiesce() takes
 * @pause_ms: time that pause() takes
 * @model: model of its types, if it is bare
 * @types: its types, if it is bare
 */
struct mock_pf {
	struct hdiov_pf pf;
	struct mock_qp *qp;
	raw_spinlock_t msgs_lock;	/* msgs */
	struct mock_msg *msgs;
	atomic_t contexts;
	bool own_accounts;
	unsigned long *slots;
	unsigned int next_slot;
	u32 slots_taken;
	u32 slots_released;
	struct mutex accounts_lock;	/* see above */
	unsigned int stuck_contexts;
	atomic64_t dma_bytes;
	struct dentry *debugfs;
	atomic_t fail_create;
	atomic_t fail_enable;
	atomic_t fail_reset;
	atomic_t fail_quiesce;
	atomic_t fail_clear;
	atomic_t fail_pause;
	atomic_t fail_resume;
	atomic_t fail_save;
	atomic_t fail_load;
	atomic_t fail_bind;
	atomic_t fail_slot;
	atomic_t bad_slot;
	atomic_t fail_pf_reset;
	bool in_reset;
	atomic_t reset_accesses;
	u32 bad_area;
	bool reset_coming;
	u32 drain_ms;
	u32 pause_ms;
	struct hdiov_model model;
	struct hdiov_type types[MOCK_NUM_TYPES];
};

static struct mock_adi *to_mock(struct hdiov_adi *adi)
{
	return container_of(adi, struct mock_adi, adi);
}

static struct mock_pf *to_mock_pf(struct hdiov_pf *pf)
{
	return container_of(pf, struct mock_pf, pf);
}

/* True as many times as was written into the file of that name */
static bool mock_misbehaves(atomic_t *times)
{
	return atomic_dec_if_positive(times) >= 0;
}

/* Somebody touches registers, which nobody may while they do not answer */
static void mock_touch(struct hdiov_pf *pf)
{
	struct mock_pf *mpf = to_mock_pf(pf);

	if (READ_ONCE(mpf->in_reset))
		atomic_inc(&mpf->reset_accesses);
}

/* Address translation */

static struct mock_domain *to_mock_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_domain, domain);
}

static int mock_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct mock_domain *mdom = to_mock_domain(domain);
	int ret;

	for (; pgcount; pgcount--) {
		unsigned long pfn = PHYS_PFN(paddr);
		unsigned long pte = FIELD_PREP(MOCK_PTE_PFN, pfn);

		/* The processor copies: what is no memory, it must not touch */
		if (page_is_ram(pfn))
			pte |= FIELD_PREP(MOCK_PTE_PROT,
					  prot & (IOMMU_READ | IOMMU_WRITE));

		ret = xa_insert(&mdom->pages, iova >> PAGE_SHIFT,
				xa_mk_value(pte), gfp);
		if (ret)
			return ret;

		iova += pgsize;
		paddr += pgsize;
		*mapped += pgsize;
	}

	return 0;
}

static size_t mock_unmap_pages(struct iommu_domain *domain, unsigned long iova,
			       size_t pgsize, size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	struct mock_domain *mdom = to_mock_domain(domain);
	size_t unmapped = 0;

	for (; pgcount; pgcount--) {
		if (!xa_erase(&mdom->pages, iova >> PAGE_SHIFT))
			break;
		iova += pgsize;
		unmapped += pgsize;
	}

	return unmapped;
}

static phys_addr_t mock_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	void *entry = xa_load(&to_mock_domain(domain)->pages, iova >> PAGE_SHIFT);

	if (!entry)
		return 0;

	return PFN_PHYS(FIELD_GET(MOCK_PTE_PFN, xa_to_value(entry))) +
	       offset_in_page(iova);
}

/*
 * Possibly with pages in it: a VFIO container with devices on several IOMMUs has a
 * domain for each, and unmaps from the last one only.
 */
static void mock_domain_free(struct iommu_domain *domain)
{
	struct mock_domain *mdom = to_mock_domain(domain);

	xa_destroy(&mdom->pages);
	kfree(mdom);
}

static const struct iommu_domain_ops mock_domain_ops = {
	.map_pages = mock_map_pages,
	.unmap_pages = mock_unmap_pages,
	.iova_to_phys = mock_iova_to_phys,
	.free = mock_domain_free,
};

static int mock_set_dirty_tracking(struct iommu_domain *domain, bool enabled)
{
	struct mock_domain *mdom = to_mock_domain(domain);

	scoped_guard(spinlock, &mdom->pages.xa_lock)
		mdom->tracks = enabled;
	return 0;
}

static int mock_read_and_clear_dirty(struct iommu_domain *domain, unsigned long iova,
				     size_t size, unsigned long flags,
				     struct iommu_dirty_bitmap *dirty)
{
	struct xarray *pages = &to_mock_domain(domain)->pages;
	unsigned long index = iova >> PAGE_SHIFT;
	unsigned long last = (iova + size - 1) >> PAGE_SHIFT;
	void *entry;

	for (entry = xa_find(pages, &index, last, MOCK_DIRTY); entry;
	     entry = xa_find_after(pages, &index, last, MOCK_DIRTY)) {
		if (!(flags & IOMMU_DIRTY_NO_CLEAR))
			xa_clear_mark(pages, index, MOCK_DIRTY);
		/* Takes its time: the user's memory may not be there */
		iommu_dirty_bitmap_record(dirty, index << PAGE_SHIFT, PAGE_SIZE);
	}
	return 0;
}

static const struct iommu_dirty_ops mock_dirty_ops = {
	.set_dirty_tracking = mock_set_dirty_tracking,
	.read_and_clear_dirty = mock_read_and_clear_dirty,
};

/* An IOMMU whose page tables no PASID can have */
static struct iommu_domain *mock_domain_alloc_none(struct hdiov_pf *pf)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static struct iommu_domain *mock_domain_alloc(struct hdiov_pf *pf)
{
	struct mock_domain *mdom;

	mdom = kzalloc_obj(*mdom, GFP_KERNEL_ACCOUNT);
	if (!mdom)
		return ERR_PTR(-ENOMEM);

	xa_init(&mdom->pages);
	mdom->domain.type = IOMMU_DOMAIN_UNMANAGED;
	mdom->domain.ops = &mock_domain_ops;
	mdom->domain.dirty_ops = &mock_dirty_ops;
	/*
	 * The IOMMU core would set the page sizes on older kernels, but only
	 * for a domain that it allocates.
	 */
	mdom->domain.pgsize_bitmap = PAGE_SIZE;
	mdom->domain.geometry.aperture_end = DMA_BIT_MASK(48);
	mdom->domain.geometry.force_aperture = true;

	return &mdom->domain;
}

/*
 * The page behind @iova, or NULL if there is none or it does not allow @prot.
 * Good for as long as the caller holds the lock of the page table.
 */
static struct page *mock_translate(struct mock_domain *mdom, u64 iova, int prot)
{
	void *entry;

	lockdep_assert_held(&mdom->pages.xa_lock);

	if (iova > mdom->domain.geometry.aperture_end)
		return NULL;
	entry = xa_load(&mdom->pages, iova >> PAGE_SHIFT);
	if (!entry || !(FIELD_GET(MOCK_PTE_PROT, xa_to_value(entry)) & prot))
		return NULL;

	if (prot & IOMMU_WRITE && mdom->tracks)
		__xa_set_mark(&mdom->pages, iova >> PAGE_SHIFT, MOCK_DIRTY);
	return pfn_to_page(FIELD_GET(MOCK_PTE_PFN, xa_to_value(entry)));
}

/* Interrupts */

static void mock_write_msg(struct hdiov_pf *pf, unsigned int slot, u64 address,
			   u32 data)
{
	struct mock_pf *mpf = to_mock_pf(pf);

	mock_touch(pf);
	scoped_guard(raw_spinlock_irqsave, &mpf->msgs_lock)
		mpf->msgs[slot].data = data;
}

static void mock_set_mask(struct hdiov_pf *pf, unsigned int slot, bool masked)
{
	struct mock_pf *mpf = to_mock_pf(pf);

	mock_touch(pf);
	scoped_guard(raw_spinlock_irqsave, &mpf->msgs_lock)
		mpf->msgs[slot].masked = masked;
}

static void mock_mask(struct hdiov_pf *pf, unsigned int slot)
{
	mock_set_mask(pf, slot, true);
}

static void mock_unmask(struct hdiov_pf *pf, unsigned int slot)
{
	mock_set_mask(pf, slot, false);
}

static const struct hdiov_ims_ops mock_ims_ops = {
	.write_msg = mock_write_msg,
	.mask = mock_mask,
	.unmask = mock_unmask,
};

static void mock_send(struct mock_pf *mpf, unsigned int slot)
{
	u32 irq = 0;

	scoped_guard(raw_spinlock_irqsave, &mpf->msgs_lock) {
		if (!mpf->msgs[slot].masked)
			irq = mpf->msgs[slot].data;
	}
	if (irq)
		generic_handle_irq_safe(irq);
}

/* The guest has chosen the vector */
static void mock_raise(struct mock_adi *madi, u32 vector)
{
	int slot = -1;

	scoped_guard(spinlock, &madi->raise_lock) {
		if (vector < MOCK_MAX_VECTORS)
			slot = madi->slot[array_index_nospec(vector, MOCK_MAX_VECTORS)];
		/* Without a message: the core looks whether there is such a vector */
		if (slot < 0)
			hdiov_adi_signal(&madi->adi, vector);
		else
			mock_send(to_mock_pf(madi->adi.pf), slot);
	}
}

/* A message, in turn: one that is used after its release does not go unnoticed */
static int mock_take_slot(struct mock_pf *mpf)
{
	unsigned int slot;

	if (mock_misbehaves(&mpf->fail_slot)) {
		dev_err(mpf->pf.dev, "told to have no message left\n");
		return -ENOSPC;
	}

	guard(mutex)(&mpf->accounts_lock);

	slot = num_qps;
	if (!mock_misbehaves(&mpf->bad_slot)) {
		slot = find_next_zero_bit(mpf->slots, num_qps, mpf->next_slot);
		if (slot >= num_qps)
			slot = find_first_zero_bit(mpf->slots, num_qps);
		if (slot >= num_qps)
			return -ENOSPC;
		mpf->next_slot = slot + 1;
	}

	if (__test_and_set_bit(slot, mpf->slots))
		return -ENOSPC;
	mpf->slots_taken++;
	return slot;
}

static int mock_slot(struct hdiov_adi *adi, unsigned int vector)
{
	struct mock_pf *mpf = to_mock_pf(adi->pf);

	if (vector == MOCK_VECTOR_FAULT)
		return HDIOV_SLOT_SOFTWARE;

	return mpf->own_accounts ? mock_take_slot(mpf) : HDIOV_SLOT_ANY;
}

static void mock_release_slot(struct hdiov_pf *pf, unsigned int slot)
{
	struct mock_pf *mpf = to_mock_pf(pf);

	guard(mutex)(&mpf->accounts_lock);

	/* Once only, and not while somebody could still be sent it */
	WARN_ON(!__test_and_clear_bit(slot, mpf->slots));
	WARN_ON(slot < num_qps && !mpf->msgs[slot].masked);
	mpf->slots_released++;
}

static void mock_set_slot(struct hdiov_adi *adi, unsigned int vector, int slot)
{
	struct mock_adi *madi = to_mock(adi);

	mock_touch(adi->pf);
	scoped_guard(spinlock, &madi->raise_lock)
		madi->slot[vector] = slot;
}

static int mock_bind(struct hdiov_adi *adi, unsigned int vector,
		     unsigned int slot)
{
	if (mock_misbehaves(&to_mock_pf(adi->pf)->fail_bind)) {
		dev_err(adi->pf->dev, "%s: told to fail bind\n",
			hdiov_adi_name(adi));
		return -EIO;
	}
	mock_set_slot(adi, vector, slot);

	return 0;
}

static void mock_unbind(struct hdiov_adi *adi, unsigned int vector)
{
	mock_set_slot(adi, vector, -1);
}

static const struct hdiov_vector_ops mock_vector_ops = {
	.slot = mock_slot,
	.release = mock_release_slot,
	.bind = mock_bind,
	.unbind = mock_unbind,
};

/* DMA by the engine of a queue pair */

static void mock_count(struct mock_adi *madi, u64 bytes)
{
	madi->dma_bytes += bytes;
	atomic64_add(bytes, &to_mock_pf(madi->adi.pf)->dma_bytes);
}

/* A fault stops the queue; its driver has to enable it again */
static int mock_fault(struct mock_adi *madi, struct mock_qp *qp, u64 iova)
{
	qp->status &= ~MOCK_QP_STATUS_RUNNING;
	qp->status |= MOCK_QP_STATUS_FAULT;
	qp->fault = iova;
	madi->faults++;
	madi->dma_faults++;
	mock_raise(madi, MOCK_VECTOR_FAULT);

	return -EFAULT;
}

/* @iova to @iova + @len is inside one page */
static int mock_read(struct mock_adi *madi, struct mock_qp *qp, void *buf,
		     u64 iova, size_t len)
{
	struct page *page;

	scoped_guard(spinlock, &madi->domain->pages.xa_lock) {
		page = mock_translate(madi->domain, iova, IOMMU_READ);
		if (page)
			memcpy_from_page(buf, page, offset_in_page(iova), len);
	}
	if (!page)
		return mock_fault(madi, qp, iova);

	mock_count(madi, len);
	return 0;
}

static int mock_write(struct mock_adi *madi, struct mock_qp *qp, u64 iova,
		      const void *buf, size_t len)
{
	struct page *page;

	scoped_guard(spinlock, &madi->domain->pages.xa_lock) {
		page = mock_translate(madi->domain, iova, IOMMU_WRITE);
		if (page)
			memcpy_to_page(page, offset_in_page(iova), buf, len);
	}
	if (!page)
		return mock_fault(madi, qp, iova);

	mock_count(madi, len);
	return 0;
}

static int mock_copy(struct mock_adi *madi, struct mock_qp *qp, u64 dst, u64 src,
		     size_t len)
{
	struct page *to, *from;
	size_t chunk;

	for (; len; len -= chunk) {
		chunk = min3(len, PAGE_SIZE - offset_in_page(src),
			     PAGE_SIZE - offset_in_page(dst));

		scoped_guard(spinlock, &madi->domain->pages.xa_lock) {
			from = mock_translate(madi->domain, src, IOMMU_READ);
			to = mock_translate(madi->domain, dst, IOMMU_WRITE);
			if (from && to)
				memcpy_page(to, offset_in_page(dst), from,
					    offset_in_page(src), chunk);
		}
		if (!from)
			return mock_fault(madi, qp, src);
		if (!to)
			return mock_fault(madi, qp, dst);

		mock_count(madi, 2 * chunk);
		src += chunk;
		dst += chunk;
		cond_resched();
	}

	return 0;
}

/* Execute one descriptor. The guest may change it meanwhile: read it once. */
static int mock_execute(struct mock_adi *madi, struct mock_qp *qp)
{
	u64 addr = qp->ring + qp->head * sizeof(struct mock_desc);
	__le32 status = cpu_to_le32(MOCK_DESC_DONE);
	struct mock_desc desc;
	u32 len;
	int ret;

	ret = mock_read(madi, qp, &desc, addr, sizeof(desc));
	if (ret)
		return ret;

	len = le32_to_cpu(desc.len);
	if (!len || len > MOCK_COPY_MAX)
		status = cpu_to_le32(MOCK_DESC_ERROR);
	else
		ret = mock_copy(madi, qp, le64_to_cpu(desc.dst),
				le64_to_cpu(desc.src), len);
	if (ret)
		return ret;

	ret = mock_write(madi, qp, addr + offsetof(struct mock_desc, status),
			 &status, sizeof(status));
	if (ret)
		return ret;

	qp->head = (qp->head + 1) & (qp->size - 1);
	WRITE_ONCE(qp->db[MOCK_DB_HEAD / 4], cpu_to_le32(qp->head));
	if ((le32_to_cpu(desc.flags) & MOCK_DESC_INTERRUPT) &&
	    (qp->vector & MOCK_QP_VECTOR_ENABLE))
		mock_raise(madi, qp->vector & MOCK_QP_VECTOR_INDEX);

	return 0;
}

static u32 mock_tail(struct mock_qp *qp)
{
	return le32_to_cpu(READ_ONCE(qp->db[MOCK_DB_TAIL / 4])) & (qp->size - 1);
}

static void mock_engine(struct work_struct *work)
{
	struct mock_adi *madi = container_of(to_delayed_work(work),
					     struct mock_adi, engine);
	unsigned long delay = MOCK_POLL_DELAY;
	struct mock_qp *qp;
	bool poll = false;
	unsigned int i, n;

	guard(mutex)(&madi->lock);

	if (madi->state != MOCK_RUNNING ||
	    READ_ONCE(to_mock_pf(madi->adi.pf)->in_reset))
		return;

	for (i = 0; i < madi->adi.num_qps; i++) {
		qp = madi->qp[i];
		if (!(qp->status & MOCK_QP_STATUS_RUNNING))
			continue;
		poll = true;
		for (n = 0; qp->head != mock_tail(qp); n++) {
			if (n == MOCK_BURST) {
				delay = 0;
				break;
			}
			if (mock_execute(madi, qp))
				break;
		}
	}

	if (poll)
		queue_delayed_work(mock_wq, &madi->engine, delay);
}

static void mock_kick(struct mock_adi *madi)
{
	mod_delayed_work(mock_wq, &madi->engine, 0);
}

static void mock_stop(struct mock_adi *madi)
{
	unsigned int i;

	for (i = 0; i < madi->adi.num_qps; i++)
		madi->qp[i]->status &= ~MOCK_QP_STATUS_RUNNING;
}

/* Registers */

static u32 mock_qp_read(struct mock_qp *qp, unsigned int reg)
{
	switch (reg) {
	case MOCK_QP_RING_LO:
		return lower_32_bits(qp->ring);
	case MOCK_QP_RING_HI:
		return upper_32_bits(qp->ring);
	case MOCK_QP_RING_SIZE:
		return qp->size;
	case MOCK_QP_CTRL:
		return qp->status & MOCK_QP_STATUS_RUNNING ?
		       MOCK_QP_CTRL_ENABLE : 0;
	case MOCK_QP_STATUS:
		return qp->status;
	case MOCK_QP_VECTOR:
		return qp->vector;
	case MOCK_QP_FAULT_LO:
		return lower_32_bits(qp->fault);
	case MOCK_QP_FAULT_HI:
		return upper_32_bits(qp->fault);
	default:
		return 0;
	}
}

static bool mock_ring_valid(u64 ring, u32 size)
{
	return is_power_of_2(size) && size >= MOCK_RING_MIN &&
	       size <= MOCK_RING_MAX && IS_ALIGNED(ring, MOCK_RING_ALIGN);
}

static void mock_qp_start(struct mock_qp *qp)
{
	if (!mock_ring_valid(qp->ring, qp->size)) {
		qp->status = MOCK_QP_STATUS_INVALID;
		return;
	}

	qp->head = 0;
	WRITE_ONCE(qp->db[MOCK_DB_TAIL / 4], 0);
	WRITE_ONCE(qp->db[MOCK_DB_HEAD / 4], 0);
	qp->status = MOCK_QP_STATUS_RUNNING;
}

static void mock_qp_write(struct mock_qp *qp, unsigned int reg, u32 value)
{
	bool running = qp->status & MOCK_QP_STATUS_RUNNING;

	switch (reg) {
	case MOCK_QP_RING_LO:
		if (!running)
			qp->ring = (qp->ring & ~U64_C(0xffffffff)) | value;
		break;
	case MOCK_QP_RING_HI:
		if (!running)
			qp->ring = ((u64)value << 32) | lower_32_bits(qp->ring);
		break;
	case MOCK_QP_RING_SIZE:
		if (!running)
			qp->size = value;
		break;
	case MOCK_QP_CTRL:
		if (!(value & MOCK_QP_CTRL_ENABLE))
			qp->status = 0;
		else if (!running)
			mock_qp_start(qp);
		break;
	case MOCK_QP_VECTOR:
		qp->vector = value &
			     (MOCK_QP_VECTOR_ENABLE | MOCK_QP_VECTOR_INDEX);
		break;
	}
}

enum mock_reg { MOCK_REG_GLOBAL, MOCK_REG_QP, MOCK_REG_DOORBELL, MOCK_REG_NONE };

static const char * const mock_reg_names[] = {
	[MOCK_REG_GLOBAL] = "global",
	[MOCK_REG_QP] = "queue",
	[MOCK_REG_DOORBELL] = "doorbell",
	[MOCK_REG_NONE] = "none",
};

/* Splits @offset into a kind of register, a queue pair of the ADI and the rest */
static enum mock_reg mock_decode(struct hdiov_adi *adi, unsigned int bar,
				 u64 offset, struct mock_qp **qp, unsigned int *reg)
{
	unsigned int q;

	if (bar != MOCK_BAR)
		return MOCK_REG_NONE;

	if (offset < MOCK_QP_BASE) {
		*reg = offset;
		return MOCK_REG_GLOBAL;
	}

	if (offset < MOCK_DB) {
		q = (offset - MOCK_QP_BASE) / MOCK_QP_STRIDE;
		*reg = (offset - MOCK_QP_BASE) % MOCK_QP_STRIDE;
	} else {
		q = (offset - MOCK_DB) / PAGE_SIZE;
		*reg = offset_in_page(offset - MOCK_DB);
	}
	if (q >= adi->num_qps)
		return MOCK_REG_NONE;

	*qp = to_mock(adi)->qp[array_index_nospec(q, adi->num_qps)];
	return offset < MOCK_DB ? MOCK_REG_QP : MOCK_REG_DOORBELL;
}

/* What an access of MOCK_SCRATCH, or of a part of it, is about */
static u64 mock_scratch_mask(unsigned int reg, unsigned int width)
{
	return GENMASK_ULL(width * 8 - 1, 0) << (reg - MOCK_SCRATCH) * 8;
}

static bool mock_is_scratch(enum mock_reg kind, unsigned int reg)
{
	return kind == MOCK_REG_GLOBAL && reg >= MOCK_SCRATCH &&
	       reg < MOCK_SCRATCH + sizeof(u64);
}

static u64 mock_mmio_read(struct hdiov_adi *adi, unsigned int bar, u64 offset,
			  unsigned int width)
{
	struct mock_adi *madi = to_mock(adi);
	struct mock_qp *qp;
	unsigned int reg;
	enum mock_reg kind;

	mock_touch(adi->pf);
	guard(mutex)(&madi->lock);

	kind = mock_decode(adi, bar, offset, &qp, &reg);
	if (mock_is_scratch(kind, reg))
		return (madi->scratch & mock_scratch_mask(reg, width)) >>
		       (reg - MOCK_SCRATCH) * 8;
	if (width != sizeof(u32))
		return 0;

	switch (kind) {
	case MOCK_REG_GLOBAL:
		break;
	case MOCK_REG_QP:
		return mock_qp_read(qp, reg);
	case MOCK_REG_DOORBELL:
		return le32_to_cpu(READ_ONCE(qp->db[reg / 4]));
	case MOCK_REG_NONE:
		return 0;
	}

	switch (reg) {
	case MOCK_ID:
		return MOCK_ID_VALUE;
	case MOCK_NUM_QPS:
		return adi->num_qps;
	case MOCK_NUM_VECTORS:
		return adi->type->num_vectors;
	case MOCK_DB_STRIDE:
		return PAGE_SIZE;
	case MOCK_FAULTS:
		return madi->faults;
	default:
		return 0;
	}
}

static void mock_mmio_write(struct hdiov_adi *adi, unsigned int bar, u64 offset,
			    unsigned int width, u64 value)
{
	struct mock_adi *madi = to_mock(adi);
	struct mock_qp *qp;
	unsigned int reg;
	enum mock_reg kind;
	u64 mask;

	mock_touch(adi->pf);
	guard(mutex)(&madi->lock);

	kind = mock_decode(adi, bar, offset, &qp, &reg);
	if (mock_is_scratch(kind, reg)) {
		mask = mock_scratch_mask(reg, width);
		madi->scratch &= ~mask;
		madi->scratch |= value << (reg - MOCK_SCRATCH) * 8 & mask;
		return;
	}
	if (width != sizeof(u32))
		return;

	switch (kind) {
	case MOCK_REG_GLOBAL:
		break;
	case MOCK_REG_QP:
		mock_qp_write(qp, reg, value);
		mock_kick(madi);
		return;
	case MOCK_REG_DOORBELL:
		WRITE_ONCE(qp->db[reg / 4], cpu_to_le32(value));
		mock_kick(madi);
		return;
	case MOCK_REG_NONE:
		return;
	}

	switch (reg) {
	case MOCK_SWINT:
		if (madi->state == MOCK_RUNNING)
			mock_raise(madi, value);
		break;
	case MOCK_RESET:
		if (value & 1)
			hdiov_adi_request_reset(adi);
		break;
	}
}

static unsigned int mock_trap_class(struct hdiov_adi *adi, unsigned int bar,
				    u64 offset, bool write)
{
	struct mock_qp *qp;
	unsigned int reg;

	return mock_decode(adi, bar, offset, &qp, &reg);
}

static int mock_fast_page(struct hdiov_adi *adi, unsigned int area,
			  unsigned int page, phys_addr_t *addr)
{
	*addr = virt_to_phys(to_mock(adi)->qp[page]->db);

	return 0;
}

static const struct hdiov_mmio_ops mock_mmio_ops = {
	.min_width = 1,
	.max_width = 8,
	.read = mock_mmio_read,
	.write = mock_mmio_write,
	.trap_class = mock_trap_class,
	.fast_page = mock_fast_page,
};

/* Life of an ADI */

static unsigned int mock_available(struct hdiov_pf *pf,
				   const struct hdiov_type *type)
{
	struct mock_pf *mpf = to_mock_pf(pf);
	unsigned int contexts = atomic_read(&mpf->contexts);
	unsigned int unused = 0;
	unsigned int i;

	if (!mpf->own_accounts)
		return contexts;

	guard(mutex)(&mpf->accounts_lock);

	for (i = 0; i < num_qps; i++)
		unused += !mpf->qp[i].adi && !mpf->qp[i].stuck;
	return min(contexts, unused / type->num_qps);
}

/* What a guest can see or has programmed, back to the start */
static void mock_clear(struct mock_adi *madi)
{
	struct mock_qp *qp;
	unsigned int i;

	madi->scratch = 0;
	madi->faults = 0;
	for (i = 0; i < madi->adi.num_qps; i++) {
		qp = madi->qp[i];
		qp->ring = 0;
		qp->size = 0;
		qp->head = 0;
		qp->status = 0;
		qp->vector = 0;
		qp->fault = 0;
		clear_page(qp->db);
	}
}

static void mock_free_qp(struct mock_qp *qp)
{
	free_page((unsigned long)qp->db);
	memset(qp, 0, sizeof(*qp));
}

/* A queue pair that is free, or NULL. Any one: who takes them for a row is found out */
static struct mock_qp *mock_find_qp(struct mock_pf *mpf)
{
	unsigned int first = get_random_u32_below(num_qps);
	struct mock_qp *qp;
	unsigned int i;

	lockdep_assert_held(&mpf->accounts_lock);

	for (i = 0; i < num_qps; i++) {
		qp = &mpf->qp[(first + i) % num_qps];
		if (!qp->adi && !qp->stuck)
			return qp;
	}
	return NULL;
}

static int mock_claim_qps(struct mock_adi *madi)
{
	struct mock_pf *mpf = to_mock_pf(madi->adi.pf);
	struct mock_qp *qp;
	unsigned int i;

	guard(mutex)(&mpf->accounts_lock);

	for (i = 0; i < madi->adi.num_qps; i++) {
		qp = mpf->own_accounts ? mock_find_qp(mpf) :
					 &mpf->qp[madi->adi.qp_base + i];
		if (!qp) {
			dev_err(mpf->pf.dev, "%s: no queue pair left\n",
				hdiov_adi_name(&madi->adi));
			return -ENOSPC;
		}
		if (WARN_ON(qp->adi || qp->stuck))
			return -EBUSY;
		qp->db = (__le32 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!qp->db)
			return -ENOMEM;
		qp->adi = madi;
		madi->qp[i] = qp;
	}

	return 0;
}

static void mock_release(struct mock_adi *madi)
{
	struct mock_pf *mpf = to_mock_pf(madi->adi.pf);
	struct mock_qp *qp;
	unsigned int i;

	guard(mutex)(&mpf->accounts_lock);

	/* Those that it has got so far */
	for (i = 0; i < madi->adi.num_qps && madi->qp[i]; i++) {
		qp = madi->qp[i];
		if (madi->stuck) {
			qp->adi = NULL;
			qp->stuck = true;
		} else {
			mock_free_qp(qp);
		}
	}
	if (madi->stuck)
		mpf->stuck_contexts++;
	else
		atomic_inc(&mpf->contexts);
}

/* The PF has been reset: nothing runs any more */
static void mock_unstick(struct mock_pf *mpf)
{
	struct mock_qp *qp;
	unsigned int i;

	guard(mutex)(&mpf->accounts_lock);

	for (i = 0; i < num_qps; i++) {
		qp = &mpf->qp[i];
		qp->status = 0;
		if (qp->stuck)
			mock_free_qp(qp);
		else if (qp->adi)
			qp->adi->stuck = false;
	}
	atomic_add(mpf->stuck_contexts, &mpf->contexts);
	mpf->stuck_contexts = 0;
}

/* What no ADI may have: one of these, or the last two together */
static const struct hdiov_area mock_bad_areas[] = {
	{ MOCK_MSIX_BAR, MOCK_MSIX_TABLE, PAGE_SIZE },
	{ MOCK_MSIX_BAR, MOCK_MSIX_PBA, PAGE_SIZE },
	{ MOCK_BAR, MOCK_BAR_SIZE, PAGE_SIZE },
	{ MOCK_BAR, 0, 2 * MOCK_BAR_SIZE },
	{ MOCK_BAR, MOCK_DB + 64, PAGE_SIZE },
	{ MOCK_BAR, MOCK_DB, 64 },
	{ MOCK_BAR, MOCK_DB, 0 },
	{ HDIOV_NUM_BARS, 0, PAGE_SIZE },
	{ HDIOV_NUM_BARS - 1, 0, PAGE_SIZE },
	{ MOCK_BAR, MOCK_DB, PAGE_SIZE, false, (void *)64 },
	{ MOCK_BAR, MOCK_DB, 2 * PAGE_SIZE },
	{ MOCK_BAR, MOCK_DB + PAGE_SIZE, PAGE_SIZE },
};

static void mock_set_bad_area(struct hdiov_adi *adi, u32 which)
{
	unsigned int last = ARRAY_SIZE(mock_bad_areas) - 2;
	unsigned int index = min(which - 1, last);

	adi->areas = &mock_bad_areas[index];
	adi->num_areas = index == last ? 2 : 1;
}

static int mock_create(struct hdiov_adi *adi)
{
	struct mock_pf *mpf = to_mock_pf(adi->pf);
	struct mock_adi *madi = to_mock(adi);
	unsigned int i;
	int ret;

	if (mock_misbehaves(&mpf->fail_create)) {
		dev_err(adi->pf->dev, "%s: told to fail create\n",
			hdiov_adi_name(adi));
		return -EIO;
	}

	if (atomic_dec_if_positive(&mpf->contexts) < 0) {
		dev_err(adi->pf->dev, "%s: no context left, %u in use\n",
			hdiov_adi_name(adi), num_contexts);
		return -ENOSPC;
	}

	mutex_init(&madi->lock);
	spin_lock_init(&madi->raise_lock);
	for (i = 0; i < MOCK_MAX_VECTORS; i++)
		madi->slot[i] = -1;
	INIT_DELAYED_WORK(&madi->engine, mock_engine);

	ret = mock_claim_qps(madi);
	if (ret) {
		mock_release(madi);
		return ret;
	}

	madi->doorbells.bar = MOCK_BAR;
	madi->doorbells.offset = MOCK_DB;
	madi->doorbells.size = adi->num_qps * PAGE_SIZE;
	adi->areas = &madi->doorbells;
	adi->num_areas = 1;
	if (mpf->bad_area)
		mock_set_bad_area(adi, mpf->bad_area);

	return 0;
}

static void mock_destroy(struct hdiov_adi *adi)
{
	struct mock_adi *madi = to_mock(adi);

	/* Bound still if it was told to fail quiesce */
	WARN_ON(madi->state >= MOCK_PAUSED);
	mock_release(madi);
	mutex_destroy(&madi->lock);
}

/* See the file "reset_coming": the card has stopped its engines, and waits for its reset */
static bool mock_reset_comes(struct hdiov_pf *pf)
{
	return READ_ONCE(to_mock_pf(pf)->reset_coming);
}

static int mock_set_pasid(struct hdiov_adi *adi, const struct hdiov_dma_id *id)
{
	struct mock_adi *madi = to_mock(adi);

	mock_touch(adi->pf);
	if (mock_reset_comes(adi->pf))
		return -EAGAIN;
	guard(mutex)(&madi->lock);

	WARN_ON(madi->state != MOCK_IDLE && adi->pf->adi_ops->clear_pasid);
	madi->domain = to_mock_domain(hdiov_adi_domain(adi));
	madi->pasid = id->pasid;
	madi->state = MOCK_BOUND;

	return 0;
}

/* May come amid a reset, and is then for later: there is no register here */
static int mock_clear_pasid(struct hdiov_adi *adi)
{
	struct mock_adi *madi = to_mock(adi);

	guard(mutex)(&madi->lock);

	WARN_ON(madi->state != MOCK_BOUND);
	if (mock_misbehaves(&to_mock_pf(adi->pf)->fail_clear)) {
		dev_err(adi->pf->dev, "%s: told to fail clear_pasid\n",
			hdiov_adi_name(adi));
		return -EIO;
	}
	madi->domain = NULL;
	madi->state = MOCK_IDLE;
	return 0;
}

static int mock_enable(struct hdiov_adi *adi)
{
	struct mock_adi *madi = to_mock(adi);

	mock_touch(adi->pf);
	guard(mutex)(&madi->lock);

	WARN_ON(madi->state != MOCK_BOUND);
	if (mock_reset_comes(adi->pf))
		return -EAGAIN;
	if (mock_misbehaves(&to_mock_pf(adi->pf)->fail_enable)) {
		dev_err(adi->pf->dev, "%s: told to fail enable\n",
			hdiov_adi_name(adi));
		return -EIO;
	}
	if (adi->pf->adi_ops->resume) {
		madi->state = MOCK_PAUSED;
	} else {
		madi->state = MOCK_RUNNING;
		mock_kick(madi);
	}

	return 0;
}

static int mock_resume(struct hdiov_adi *adi)
{
	struct mock_adi *madi = to_mock(adi);

	mock_touch(adi->pf);
	guard(mutex)(&madi->lock);

	WARN_ON(madi->state != MOCK_PAUSED);
	if (mock_reset_comes(adi->pf))
		return -EAGAIN;
	if (mock_misbehaves(&to_mock_pf(adi->pf)->fail_resume)) {
		dev_err(adi->pf->dev, "%s: told to fail resume\n",
			hdiov_adi_name(adi));
		return -EIO;
	}
	madi->state = MOCK_RUNNING;
	mock_kick(madi);

	return 0;
}

static int mock_pause(struct hdiov_adi *adi)
{
	struct mock_pf *mpf = to_mock_pf(adi->pf);
	struct mock_adi *madi = to_mock(adi);

	mock_touch(adi->pf);
	/*
	 * Not by jiffies: a virtual processor that did not run for some ticks gets them
	 * all at once, and a sleep that began before them ends too early.
	 */
	if (mpf->pause_ms)
		usleep_range(mpf->pause_ms * USEC_PER_MSEC,
			     (mpf->pause_ms + 1) * USEC_PER_MSEC);
	scoped_guard(mutex, &madi->lock) {
		WARN_ON(madi->state != MOCK_RUNNING);
		if (mock_misbehaves(&mpf->fail_pause)) {
			dev_err(adi->pf->dev, "%s: told to fail pause\n",
				hdiov_adi_name(adi));
			return -EIO;
		}
		madi->state = MOCK_PAUSED;
	}
	/* As in mock_quiesce() */
	cancel_delayed_work_sync(&madi->engine);

	return 0;
}

static int mock_quiesce(struct hdiov_adi *adi)
{
	struct mock_pf *mpf = to_mock_pf(adi->pf);
	struct mock_adi *madi = to_mock(adi);

	mock_touch(adi->pf);
	scoped_guard(mutex, &madi->lock) {
		WARN_ON(madi->state < MOCK_PAUSED);
		madi->state = MOCK_BOUND;
		mock_stop(madi);
	}
	/* It may have started before the state changed, but not after */
	cancel_delayed_work_sync(&madi->engine);

	if (mpf->drain_ms)
		msleep(mpf->drain_ms);

	if (mock_reset_comes(adi->pf))
		return -EAGAIN;
	if (mock_misbehaves(&mpf->fail_quiesce)) {
		dev_err(adi->pf->dev, "%s: told to fail quiesce\n",
			hdiov_adi_name(adi));
		guard(mutex)(&mpf->accounts_lock);
		madi->stuck = true;
		return -ETIMEDOUT;
	}

	return 0;
}

/* The engine has stopped by itself, but may be in the middle of a descriptor */
static void mock_abandon(struct hdiov_adi *adi)
{
	struct mock_adi *madi = to_mock(adi);

	scoped_guard(mutex, &madi->lock) {
		WARN_ON(madi->state < MOCK_PAUSED);
		madi->state = MOCK_BOUND;
	}
	cancel_delayed_work_sync(&madi->engine);
}

static int mock_reset(struct hdiov_adi *adi)
{
	struct mock_adi *madi = to_mock(adi);

	mock_touch(adi->pf);
	guard(mutex)(&madi->lock);

	WARN_ON(madi->state != MOCK_BOUND);
	if (mock_reset_comes(adi->pf))
		return -EAGAIN;
	if (mock_misbehaves(&to_mock_pf(adi->pf)->fail_reset)) {
		dev_err(adi->pf->dev, "%s: told to fail reset\n",
			hdiov_adi_name(adi));
		return -EIO;
	}
	mock_clear(madi);

	return 0;
}

static void mock_show(struct hdiov_adi *adi, struct seq_file *s)
{
	struct mock_adi *madi = to_mock(adi);
	struct mock_qp *qp;
	unsigned int i;

	guard(mutex)(&madi->lock);

	seq_printf(s, "dma bytes: %llu\n", madi->dma_bytes);
	seq_printf(s, "dma faults: %llu\n", madi->dma_faults);
	if (madi->state != MOCK_IDLE)
		seq_printf(s, "dma pasid: %u\n", madi->pasid);
	if (READ_ONCE(to_mock_pf(adi->pf)->in_reset))
		return;
	for (i = 0; i < adi->num_qps; i++) {
		qp = madi->qp[i];
		seq_printf(s, "queue %u: number %td status %x head %u tail %u size %u\n",
			   i, qp - to_mock_pf(adi->pf)->qp, qp->status, qp->head,
			   qp->size ? mock_tail(qp) : 0, qp->size);
	}
}

/* Migration: what there is of it in the stream, little-endian */

#define MOCK_MIGRATE_VERSION	1

enum mock_record { MOCK_RECORD_ADI = HDIOV_RECORD_VENDOR, MOCK_RECORD_QPS };

struct mock_saved_adi {
	__le64 scratch;
	__le32 faults;
	__le32 reserved;
};

/* An entry for each queue pair of the ADI */
struct mock_saved_qp {
	__le64 ring;
	__le64 fault;
	__le32 size;
	__le32 head;
	__le32 tail;
	__le32 status;
	__le32 vector;
	__le32 reserved;
};

static const struct hdiov_record_kind mock_record_kinds[] = {
	{
		.type = MOCK_RECORD_ADI,
		.name = "registers",
		.min_len = sizeof(struct mock_saved_adi),
		.max_len = sizeof(struct mock_saved_adi),
	},
	{
		.type = MOCK_RECORD_QPS,
		.name = "queue pairs",
		.min_len = sizeof(struct mock_saved_qp),
		.max_len = MOCK_MAX_ADI_QPS * sizeof(struct mock_saved_qp),
	},
};

static int mock_save(struct hdiov_adi *adi, struct hdiov_records *to)
{
	struct mock_saved_qp qps[MOCK_MAX_ADI_QPS] = {};
	struct mock_adi *madi = to_mock(adi);
	struct mock_saved_adi regs = {};
	struct mock_qp *qp;
	unsigned int i;
	int ret;

	mock_touch(adi->pf);
	guard(mutex)(&madi->lock);

	WARN_ON(madi->state != MOCK_PAUSED);
	if (mock_misbehaves(&to_mock_pf(adi->pf)->fail_save)) {
		dev_err(adi->pf->dev, "%s: told to fail save\n",
			hdiov_adi_name(adi));
		return -EIO;
	}

	regs.scratch = cpu_to_le64(madi->scratch);
	regs.faults = cpu_to_le32(madi->faults);
	for (i = 0; i < adi->num_qps; i++) {
		qp = madi->qp[i];
		qps[i].ring = cpu_to_le64(qp->ring);
		qps[i].fault = cpu_to_le64(qp->fault);
		qps[i].size = cpu_to_le32(qp->size);
		qps[i].head = cpu_to_le32(qp->head);
		qps[i].tail = READ_ONCE(qp->db[MOCK_DB_TAIL / 4]);
		qps[i].status = cpu_to_le32(qp->status);
		qps[i].vector = cpu_to_le32(qp->vector);
	}
	ret = hdiov_records_put(to, MOCK_RECORD_ADI, &regs, sizeof(regs));
	return ret ?: hdiov_records_put(to, MOCK_RECORD_QPS, qps,
					adi->num_qps * sizeof(qps[0]));
}

/* What of a queue pair no guest could have come to, or NULL */
static const char *mock_saved_mistake(const struct mock_saved_qp *qp)
{
	u32 status = le32_to_cpu(qp->status);
	u32 vector = le32_to_cpu(qp->vector);
	u32 size = le32_to_cpu(qp->size);

	if (qp->reserved)
		return "reserved bits";
	if (vector & ~(MOCK_QP_VECTOR_ENABLE | MOCK_QP_VECTOR_INDEX))
		return "vector";
	if (status & ~(MOCK_QP_STATUS_RUNNING | MOCK_QP_STATUS_FAULT |
		       MOCK_QP_STATUS_INVALID) || status & (status - 1))
		return "status";
	if (status != MOCK_QP_STATUS_RUNNING)
		return NULL;
	if (!mock_ring_valid(le64_to_cpu(qp->ring), size))
		return "ring";
	return le32_to_cpu(qp->head) < size ? NULL : "head";
}

static int mock_check(struct hdiov_adi *adi, const struct hdiov_records *from)
{
	const struct mock_saved_adi *regs;
	const struct mock_saved_qp *qps;
	const char *mistake;
	unsigned int i;
	u32 len;

	regs = hdiov_records_get(from, MOCK_RECORD_ADI, &len);
	if (regs->reserved) {
		dev_err_ratelimited(adi->pf->dev,
				    "%s: saved state: reserved bits 0x%x\n",
				    hdiov_adi_name(adi),
				    le32_to_cpu(regs->reserved));
		return -EINVAL;
	}

	qps = hdiov_records_get(from, MOCK_RECORD_QPS, &len);
	if (len != adi->num_qps * sizeof(*qps)) {
		dev_err_ratelimited(adi->pf->dev,
				    "%s: saved state: %u bytes of queue pairs, not %zu\n",
				    hdiov_adi_name(adi), len,
				    adi->num_qps * sizeof(*qps));
		return -EINVAL;
	}
	for (i = 0; i < adi->num_qps; i++) {
		mistake = mock_saved_mistake(&qps[i]);
		if (mistake) {
			dev_err_ratelimited(adi->pf->dev,
					    "%s: saved state: queue pair %u: bad %s\n",
					    hdiov_adi_name(adi), i, mistake);
			return -EINVAL;
		}
	}
	return 0;
}

static int mock_load(struct hdiov_adi *adi, const struct hdiov_records *from)
{
	const struct mock_saved_adi *regs;
	struct mock_adi *madi = to_mock(adi);
	const struct mock_saved_qp *qps;
	struct mock_qp *qp;
	unsigned int i;
	u32 len;

	mock_touch(adi->pf);
	guard(mutex)(&madi->lock);

	WARN_ON(madi->state != MOCK_PAUSED);
	if (mock_reset_comes(adi->pf))
		return -EAGAIN;
	if (mock_misbehaves(&to_mock_pf(adi->pf)->fail_load)) {
		dev_err(adi->pf->dev, "%s: told to fail load\n",
			hdiov_adi_name(adi));
		return -EIO;
	}

	regs = hdiov_records_get(from, MOCK_RECORD_ADI, &len);
	qps = hdiov_records_get(from, MOCK_RECORD_QPS, &len);
	madi->scratch = le64_to_cpu(regs->scratch);
	madi->faults = le32_to_cpu(regs->faults);
	for (i = 0; i < adi->num_qps; i++) {
		qp = madi->qp[i];
		qp->ring = le64_to_cpu(qps[i].ring);
		qp->fault = le64_to_cpu(qps[i].fault);
		qp->size = le32_to_cpu(qps[i].size);
		qp->head = le32_to_cpu(qps[i].head);
		qp->status = le32_to_cpu(qps[i].status);
		qp->vector = le32_to_cpu(qps[i].vector);
		WRITE_ONCE(qp->db[MOCK_DB_TAIL / 4], qps[i].tail);
		WRITE_ONCE(qp->db[MOCK_DB_HEAD / 4], qps[i].head);
	}

	return 0;
}

static const struct hdiov_migrate_ops mock_migrate_ops = {
	.version = MOCK_MIGRATE_VERSION,
	.min_reader = MOCK_MIGRATE_VERSION,
	.kinds = mock_record_kinds,
	.num_kinds = ARRAY_SIZE(mock_record_kinds),
	.save = mock_save,
	.check = mock_check,
	.load = mock_load,
};

static const struct hdiov_adi_ops mock_adi_ops = {
	.available = mock_available,
	.create = mock_create,
	.destroy = mock_destroy,
	.set_pasid = mock_set_pasid,
	.clear_pasid = mock_clear_pasid,
	.enable = mock_enable,
	.resume = mock_resume,
	.pause = mock_pause,
	.quiesce = mock_quiesce,
	.abandon = mock_abandon,
	.reset = mock_reset,
	.show = mock_show,
};

/* What no driver can do without, and abandon, as these engines are software */
static const struct hdiov_adi_ops mock_bare_adi_ops = {
	.create = mock_create,
	.destroy = mock_destroy,
	.set_pasid = mock_set_pasid,
	.enable = mock_enable,
	.quiesce = mock_quiesce,
	.abandon = mock_abandon,
	.reset = mock_reset,
};

/* Registers of 32 bits, as many cards have them */
static const struct hdiov_mmio_ops mock_bare_mmio_ops = {
	.min_width = 4,
	.max_width = 4,
	.read = mock_mmio_read,
	.write = mock_mmio_write,
	.fast_page = mock_fast_page,
};

/* Physical functions */

static const struct hdiov_model mock_model = {
	.vendor = MOCK_VENDOR_ID,
	.device = MOCK_DEVICE_ID,
	.subsystem_vendor = MOCK_VENDOR_ID,
	.subsystem_device = MOCK_DEVICE_ID,
	.class_code = MOCK_CLASS_CODE,
	.bar = {
		[MOCK_BAR] = {
			.size = MOCK_BAR_SIZE,
			.flags = PCI_BASE_ADDRESS_MEM_TYPE_64,
		},
		[MOCK_MSIX_BAR] = {
			.size = MOCK_MSIX_BAR_SIZE,
			.flags = PCI_BASE_ADDRESS_MEM_TYPE_64,
		},
	},
	.msix_bar = MOCK_MSIX_BAR,
	.msix_table = MOCK_MSIX_TABLE,
	.msix_pba = MOCK_MSIX_PBA,
	.trap_class = mock_reg_names,
	.num_trap_classes = ARRAY_SIZE(mock_reg_names),
};

static const struct hdiov_type mock_types[MOCK_NUM_TYPES] = {
	{
		.name = "dma-1",
		.pretty_name = "Copy engine with 1 queue pair",
		.model = &mock_model,
		.num_qps = 1,
		.num_vectors = 2,
	},
	{
		.name = "dma-4",
		.pretty_name = "Copy engine with 4 queue pairs",
		.model = &mock_model,
		.num_qps = 4,
		.num_vectors = MOCK_MAX_VECTORS,
	},
};

static void mock_pf_go(struct mock_pf *mpf)
{
	hdiov_pf_reset_prepare(&mpf->pf);
	WRITE_ONCE(mpf->in_reset, true);
}

static int mock_pf_come_back(struct mock_pf *mpf)
{
	if (mock_misbehaves(&mpf->fail_pf_reset)) {
		dev_err(mpf->pf.dev, "told to fail a reset of the PF\n");
		hdiov_pf_reset_failed(&mpf->pf);
		WRITE_ONCE(mpf->in_reset, true);
		return -EIO;
	}
	mock_unstick(mpf);
	WRITE_ONCE(mpf->in_reset, false);
	hdiov_pf_reset_done(&mpf->pf);

	return 0;
}

/* Reset of the whole PF, as after an error that the bus reports */
static int mock_pf_reset(void *data, u64 value)
{
	struct mock_pf *mpf = data;

	mock_pf_go(mpf);

	return mock_pf_come_back(mpf);
}
DEFINE_DEBUGFS_ATTRIBUTE(mock_pf_reset_fops, NULL, mock_pf_reset, "%llu\n");

/* The two halves of it, for resets of which one begins amid another */
static int mock_pf_reset_begin(void *data, u64 value)
{
	mock_pf_go(data);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(mock_pf_reset_begin_fops, NULL, mock_pf_reset_begin,
			 "%llu\n");

/* As the first half, but the reset begins before the driver knows */
static int mock_pf_reset_late(void *data, u64 value)
{
	struct mock_pf *mpf = data;

	WRITE_ONCE(mpf->in_reset, true);
	WRITE_ONCE(mpf->reset_coming, false);
	hdiov_pf_reset_begun(&mpf->pf);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(mock_pf_reset_late_fops, NULL, mock_pf_reset_late,
			 "%llu\n");

static int mock_pf_reset_end(void *data, u64 value)
{
	return mock_pf_come_back(data);
}
DEFINE_DEBUGFS_ATTRIBUTE(mock_pf_reset_end_fops, NULL, mock_pf_reset_end,
			 "%llu\n");

/* As hardware does that has stopped a queue of each ADI, whether or not somebody has it */
static int mock_ask_resets(void *data, u64 value)
{
	struct mock_pf *mpf = data;
	unsigned int i;

	guard(mutex)(&mpf->accounts_lock);

	for (i = 0; i < num_qps; i++)
		if (mpf->qp[i].adi)
			hdiov_adi_request_reset(&mpf->qp[i].adi->adi);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(mock_ask_resets_fops, NULL, mock_ask_resets, "%llu\n");

static int mock_dma_bytes(void *data, u64 *value)
{
	struct mock_pf *mpf = data;

	*value = atomic64_read(&mpf->dma_bytes);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(mock_dma_bytes_fops, mock_dma_bytes, NULL, "%llu\n");

static void mock_debugfs_add(struct mock_pf *mpf)
{
	struct dentry *dir;

	dir = debugfs_create_dir(dev_name(mpf->pf.dev), mock_debugfs);
	debugfs_create_atomic_t("fail_create", 0600, dir, &mpf->fail_create);
	debugfs_create_atomic_t("fail_enable", 0600, dir, &mpf->fail_enable);
	debugfs_create_atomic_t("fail_reset", 0600, dir, &mpf->fail_reset);
	debugfs_create_atomic_t("fail_quiesce", 0600, dir, &mpf->fail_quiesce);
	debugfs_create_atomic_t("fail_clear", 0600, dir, &mpf->fail_clear);
	debugfs_create_atomic_t("fail_pause", 0600, dir, &mpf->fail_pause);
	debugfs_create_atomic_t("fail_resume", 0600, dir, &mpf->fail_resume);
	debugfs_create_atomic_t("fail_save", 0600, dir, &mpf->fail_save);
	debugfs_create_atomic_t("fail_load", 0600, dir, &mpf->fail_load);
	debugfs_create_atomic_t("fail_bind", 0600, dir, &mpf->fail_bind);
	debugfs_create_atomic_t("fail_slot", 0600, dir, &mpf->fail_slot);
	debugfs_create_atomic_t("bad_slot", 0600, dir, &mpf->bad_slot);
	debugfs_create_u32("slots_taken", 0400, dir, &mpf->slots_taken);
	debugfs_create_u32("slots_released", 0400, dir, &mpf->slots_released);
	debugfs_create_atomic_t("fail_pf_reset", 0600, dir, &mpf->fail_pf_reset);
	debugfs_create_atomic_t("reset_accesses", 0600, dir,
				&mpf->reset_accesses);
	debugfs_create_u32("bad_area", 0600, dir, &mpf->bad_area);
	debugfs_create_bool("reset_coming", 0600, dir, &mpf->reset_coming);
	debugfs_create_u32("drain_ms", 0600, dir, &mpf->drain_ms);
	debugfs_create_u32("pause_ms", 0600, dir, &mpf->pause_ms);
	debugfs_create_file_unsafe("reset", 0200, dir, mpf, &mock_pf_reset_fops);
	debugfs_create_file_unsafe("reset_begin", 0200, dir, mpf,
				   &mock_pf_reset_begin_fops);
	debugfs_create_file_unsafe("reset_late", 0200, dir, mpf,
				   &mock_pf_reset_late_fops);
	debugfs_create_file_unsafe("reset_end", 0200, dir, mpf,
				   &mock_pf_reset_end_fops);
	debugfs_create_file_unsafe("ask_resets", 0200, dir, mpf,
				   &mock_ask_resets_fops);
	debugfs_create_file_unsafe("dma_bytes", 0400, dir, mpf,
				   &mock_dma_bytes_fops);
	mpf->debugfs = dir;
}

/* There is nothing to choose from if the core has no queue pairs */
static bool mock_suits(struct hdiov_pf *pf, const struct hdiov_type *type,
		       unsigned int qp)
{
	return true;
}

/*
 * Leave out or spoil something that the core must find when the PF registers.
 * PFs are probed one after the other: what is static here is used by one at most.
 */
static void mock_make_mistake(struct mock_pf *mpf, u32 which)
{
	static const struct hdiov_ims_ops ims_ops;
	static struct hdiov_adi_ops adi_ops;
	static struct hdiov_mmio_ops mmio_ops;
	static struct hdiov_vector_ops vector_ops;
	static struct hdiov_migrate_ops migrate_ops;
	static struct hdiov_record_kind kinds[2];
	static struct hdiov_model model;
	static struct hdiov_type type;

	adi_ops = mock_adi_ops;
	mmio_ops = mock_mmio_ops;
	vector_ops = mock_vector_ops;
	migrate_ops = mock_migrate_ops;
	memcpy(kinds, mock_record_kinds, sizeof(kinds));
	migrate_ops.kinds = kinds;
	model = mock_model;
	type = mock_types[0];
	type.model = &model;
	mpf->pf.adi_ops = &adi_ops;
	mpf->pf.mmio_ops = &mmio_ops;
	mpf->pf.vector_ops = &vector_ops;
	mpf->pf.migrate_ops = &migrate_ops;
	mpf->pf.types = &type;
	mpf->pf.num_types = 1;

	switch (which) {
	case 1:
		mpf->pf.adi_ops = NULL;
		break;
	case 2:
		adi_ops.create = NULL;
		break;
	case 3:
		adi_ops.quiesce = NULL;
		break;
	case 4:
		adi_ops.reset = NULL;
		break;
	case 5:
		mmio_ops.read = NULL;
		break;
	case 6:
		mmio_ops.trap_class = NULL;
		break;
	case 7:
		vector_ops.bind = NULL;
		break;
	case 8:
		mpf->pf.ims_ops = &ims_ops;
		break;
	case 9:
		mpf->pf.types = NULL;
		break;
	case 10:
		type.model = NULL;
		break;
	case 11:
		type.name = NULL;
		break;
	case 12:
		model.trap_class = NULL;
		break;
	case 13:
		model.bar[MOCK_BAR].size = MOCK_BAR_SIZE + PAGE_SIZE;
		break;
	case 14:
		model.msix_pba = MOCK_MSIX_TABLE + PCI_MSIX_ENTRY_SIZE;
		break;
	case 15:
		model.msix_bar = HDIOV_NUM_BARS;
		break;
	case 16:
		adi_ops.resume = NULL;
		break;
	case 18:
		mpf->pf.vector_ops = NULL;
		break;
	case 19:
		adi_ops.set_pasid = NULL;
		break;
	case 20:
		vector_ops.unbind = NULL;
		break;
	case 21:
		vector_ops.slot = NULL;
		break;
	case 22:
		mpf->pf.num_qps = 0;
		adi_ops.available = NULL;
		break;
	case 23:
		mpf->pf.num_qps = 0;
		adi_ops.suits = mock_suits;
		break;
	case 24:
		mmio_ops.min_width = 0;
		break;
	case 25:
		mmio_ops.max_width = 6;
		break;
	case 26:
		mmio_ops.max_width = 16;
		break;
	case 27:
		mmio_ops.min_width = 8;
		mmio_ops.max_width = 4;
		break;
	case 28:
		model.num_trap_classes = 0;
		break;
	case 29:
		adi_ops.pause = NULL;
		adi_ops.resume = NULL;
		break;
	case 30:
		migrate_ops.check = NULL;
		break;
	case 31:
		kinds[0].type = HDIOV_RECORD_VENDOR - 1;
		break;
	case 32:
		kinds[1].type = kinds[0].type;
		break;
	case 33:
		kinds[1].max_len = HDIOV_RECORD_MAX_LEN + 1;
		break;
	case 34:
		migrate_ops.min_reader = migrate_ops.version + 1;
		break;
	}
}

/* See the file "bare" */
static void mock_make_bare(struct mock_pf *mpf)
{
	unsigned int i;

	mpf->model = mock_model;
	mpf->model.trap_class = NULL;
	mpf->model.num_trap_classes = 0;
	for (i = 0; i < MOCK_NUM_TYPES; i++) {
		mpf->types[i] = mock_types[i];
		mpf->types[i].model = &mpf->model;
	}
	mpf->pf.types = mpf->types;
	mpf->pf.adi_ops = &mock_bare_adi_ops;
	mpf->pf.mmio_ops = &mock_bare_mmio_ops;
	mpf->pf.vector_ops = NULL;
	mpf->pf.ims_ops = NULL;
	mpf->pf.migrate_ops = NULL;
	mpf->pf.num_qps = num_qps;
	mpf->own_accounts = false;
}

static int mock_probe(struct platform_device *pdev)
{
	struct mock_pf *mpf;
	int ret;

	mpf = devm_kzalloc(&pdev->dev, sizeof(*mpf), GFP_KERNEL);
	if (!mpf)
		return -ENOMEM;
	mpf->qp = devm_kcalloc(&pdev->dev, num_qps, sizeof(*mpf->qp), GFP_KERNEL);
	mpf->msgs = devm_kcalloc(&pdev->dev, num_qps, sizeof(*mpf->msgs),
				 GFP_KERNEL);
	mpf->slots = devm_bitmap_zalloc(&pdev->dev, num_qps + 1, GFP_KERNEL);
	if (!mpf->qp || !mpf->msgs || !mpf->slots)
		return -ENOMEM;

	raw_spin_lock_init(&mpf->msgs_lock);
	ret = devm_mutex_init(&pdev->dev, &mpf->accounts_lock);
	if (ret)
		return ret;
	atomic_set(&mpf->contexts, num_contexts);
	mpf->own_accounts = own_accounts;
	dev_set_msi_domain(&pdev->dev, mock_msi_domain);

	mpf->pf.dev = &pdev->dev;
	mpf->pf.owner = THIS_MODULE;
	mpf->pf.adi_size = HDIOV_ADI_SIZE(struct mock_adi, adi);
	mpf->pf.adi_ops = &mock_adi_ops;
	mpf->pf.mmio_ops = &mock_mmio_ops;
	mpf->pf.vector_ops = &mock_vector_ops;
	mpf->pf.ims_ops = &mock_ims_ops;
	mpf->pf.num_ims = num_qps;
	mpf->pf.migrate_ops = &mock_migrate_ops;
	mpf->pf.types = mock_types;
	mpf->pf.num_types = ARRAY_SIZE(mock_types);
	mpf->pf.num_qps = mpf->own_accounts ? 0 : num_qps;
	if (mock_bare)
		mock_make_bare(mpf);
	if (mock_mistake)
		mock_make_mistake(mpf, mock_mistake);
	platform_set_drvdata(pdev, mpf);

	/* As after an error that the bus reports already: of no consequence */
	hdiov_pf_reset_prepare(&mpf->pf);
	hdiov_pf_reset_done(&mpf->pf);

	ret = hdiov_register_software_pf(&mpf->pf,
					 mock_mistake == MOCK_BAD_IOMMU ?
					 mock_domain_alloc_none :
					 mock_domain_alloc);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "cannot register\n");

	mock_debugfs_add(mpf);

	return 0;
}

static void mock_remove(struct platform_device *pdev)
{
	struct mock_pf *mpf = platform_get_drvdata(pdev);

	debugfs_remove(mpf->debugfs);
	hdiov_unregister_pf(&mpf->pf);
	WARN_ON(!bitmap_empty(mpf->slots, num_qps + 1));
	mock_unstick(mpf);
	dev_set_msi_domain(&pdev->dev, NULL);
}

/* Real hardware forgets all while the system sleeps: that is a reset */
static int mock_pm_suspend(struct device *dev)
{
	mock_pf_go(dev_get_drvdata(dev));

	return 0;
}

static int mock_pm_resume(struct device *dev)
{
	mock_pf_come_back(dev_get_drvdata(dev));

	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(mock_pm_ops, mock_pm_suspend, mock_pm_resume);

static struct platform_driver mock_driver = {
	.driver.name = "hdiov_mock",
	.driver.pm = pm_sleep_ptr(&mock_pm_ops),
	.probe = mock_probe,
	.remove = mock_remove,
};

static struct platform_device *mock_pdev[MOCK_MAX_PFS];

static void mock_msi_compose(struct irq_data *data, struct msi_msg *msg)
{
	msg->data = data->irq;
}

static void mock_msi_ack(struct irq_data *data)
{
}

/* Any processor that mock_send() runs on is as good */
static int mock_msi_set_affinity(struct irq_data *data,
				 const struct cpumask *mask, bool force)
{
	irq_data_update_effective_affinity(data, mask);

	return IRQ_SET_MASK_OK_DONE;
}

static struct irq_chip mock_msi_chip = {
	.name = "mock-MSI",
	.irq_compose_msi_msg = mock_msi_compose,
	.irq_ack = mock_msi_ack,
	.irq_set_affinity = mock_msi_set_affinity,
};

static int mock_msi_alloc(struct irq_domain *domain, unsigned int virq,
			  unsigned int nr, void *arg)
{
	return irq_domain_set_hwirq_and_chip(domain, virq, virq, &mock_msi_chip,
					     NULL);
}

static const struct irq_domain_ops mock_msi_ops = {
	.alloc = mock_msi_alloc,
	.free = irq_domain_free_irqs_common,
};

/*
 * The interrupts below the message table. VFIO wants a promise that a device
 * cannot send others than its own. The engines write to memory that is mapped for
 * them and mock_send() to the table's, so it is easily given.
 */
static int mock_msi_init(void)
{
	mock_msi_fwnode = irq_domain_alloc_named_fwnode("hdiov_mock");
	if (!mock_msi_fwnode)
		return -ENOMEM;

	mock_msi_domain = irq_domain_create_tree(mock_msi_fwnode, &mock_msi_ops,
						 NULL);
	if (!mock_msi_domain) {
		irq_domain_free_fwnode(mock_msi_fwnode);
		return -ENOMEM;
	}
	mock_msi_domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;

	return 0;
}

static void mock_msi_exit(void)
{
	irq_domain_remove(mock_msi_domain);
	irq_domain_free_fwnode(mock_msi_fwnode);
}

static int __init mock_init(void)
{
	unsigned int i;
	int ret;

	if (!num_pfs || num_pfs > MOCK_MAX_PFS || !num_qps ||
	    num_qps > MOCK_MAX_QPS) {
		pr_err("hdiov_mock: num_pfs %u is not in 1..%u or num_qps %u is not in 1..%u\n",
		       num_pfs, MOCK_MAX_PFS, num_qps, MOCK_MAX_QPS);
		return -EINVAL;
	}

	mock_wq = alloc_workqueue("hdiov_mock", WQ_UNBOUND, 0);
	if (!mock_wq)
		return -ENOMEM;

	ret = mock_msi_init();
	if (ret)
		goto err_wq;

	mock_debugfs = debugfs_create_dir("hdiov_mock", NULL);
	debugfs_create_u32("mistake", 0600, mock_debugfs, &mock_mistake);
	debugfs_create_bool("bare", 0600, mock_debugfs, &mock_bare);

	ret = platform_driver_register(&mock_driver);
	if (ret)
		goto err_debugfs;

	for (i = 0; i < num_pfs; i++) {
		mock_pdev[i] = platform_device_register_simple("hdiov_mock", i,
							       NULL, 0);
		if (IS_ERR(mock_pdev[i])) {
			ret = PTR_ERR(mock_pdev[i]);
			goto err_devices;
		}
	}

	return 0;

err_devices:
	while (i--)
		platform_device_unregister(mock_pdev[i]);
	platform_driver_unregister(&mock_driver);
err_debugfs:
	debugfs_remove(mock_debugfs);
	mock_msi_exit();
err_wq:
	destroy_workqueue(mock_wq);
	return ret;
}

static void __exit mock_exit(void)
{
	unsigned int i;

	for (i = 0; i < num_pfs; i++)
		platform_device_unregister(mock_pdev[i]);
	platform_driver_unregister(&mock_driver);
	debugfs_remove(mock_debugfs);
	mock_msi_exit();
	destroy_workqueue(mock_wq);
}

module_init(mock_init);
module_exit(mock_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("HD-IOV software device for tests");
/* MODULE_IMPORT_NS() takes a string since Linux 6.13 */
MODULE_INFO(import_ns, "IOMMUFD");
