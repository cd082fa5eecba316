// SPDX-License-Identifier: GPL-2.0-only
/*
 * HD-IOV core: BARs of VDEVs
 *
 * Fast path: pages of the PF, mapped by the fault handler one at a time. While
 * nothing may back an area (the VDEV is not running, memory space is disabled,
 * the vector is not enabled) a page of plain memory does, so that no access of a
 * guest is ever a fault of its virtual machine. Areas of the vendor's memory are
 * there whatever happens. Slow path: registers, answered by
 * the vendor, in the widths that it has.
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "hdiov_private.h"
#include "trace.h"

static const struct hdiov_area *hdiov_find_area(struct hdiov_vdev *vdev,
						unsigned int bar, u64 offset,
						u64 size)
{
	struct hdiov_adi *adi = vdev->adi;
	unsigned int i;

	for (i = 0; i < adi->num_areas; i++) {
		const struct hdiov_area *area = &adi->areas[i];

		if (bar == area->bar && offset >= area->offset &&
		    size <= area->size &&
		    offset - area->offset <= area->size - size)
			return area;
	}
	return NULL;
}

static bool hdiov_area_hits(const struct hdiov_area *area, unsigned int bar,
			    u64 offset, u64 size)
{
	return bar == area->bar && offset < area->offset + area->size &&
	       area->offset < offset + size;
}

/* Is there a fast-path page in a part of a BAR? */
static bool hdiov_has_area(struct hdiov_vdev *vdev, unsigned int bar,
			   u64 offset, u64 size)
{
	struct hdiov_adi *adi = vdev->adi;
	unsigned int i;

	for (i = 0; i < adi->num_areas; i++)
		if (hdiov_area_hits(&adi->areas[i], bar, offset, size))
			return true;
	return false;
}

/* Does an area have a page in common with @size bytes of the MSI-X BAR? */
static bool hdiov_area_hits_msix(struct hdiov_adi *adi,
				 const struct hdiov_area *area, u64 offset,
				 u64 size)
{
	u64 first = round_down(offset, PAGE_SIZE);

	return hdiov_area_hits(area, adi->type->model->msix_bar, first,
			       round_up(offset + size, PAGE_SIZE) - first);
}

static bool hdiov_area_good(struct hdiov_adi *adi, unsigned int index)
{
	const struct hdiov_area *area = &adi->areas[index];
	const struct hdiov_type *type = adi->type;
	const struct hdiov_model *model = type->model;
	unsigned int i;
	u64 bar_size;

	if (area->bar >= HDIOV_NUM_BARS || !area->size ||
	    !PAGE_ALIGNED(area->offset) || !PAGE_ALIGNED(area->size))
		return false;
	/* Without it, it is for the vendor to say what page there is */
	if (area->memory ? !PAGE_ALIGNED(area->memory) :
			   !adi->pf->mmio_ops->fast_page)
		return false;
	bar_size = model->bar[area->bar].size;
	if (area->size > bar_size || area->offset > bar_size - area->size)
		return false;
	if (hdiov_area_hits_msix(adi, area, model->msix_table,
				 type->num_vectors * PCI_MSIX_ENTRY_SIZE) ||
	    hdiov_area_hits_msix(adi, area, model->msix_pba,
				 BITS_TO_U64(type->num_vectors) * 8))
		return false;

	for (i = 0; i < index; i++)
		if (hdiov_area_hits(&adi->areas[i], area->bar, area->offset,
				    area->size))
			return false;
	return true;
}

/**
 * hdiov_region_check - are the fast-path areas of a new ADI as they must be
 * @adi: the ADI, created by its vendor, without a user yet
 *
 * Return: 0, or -EINVAL after a message
 */
int hdiov_region_check(struct hdiov_adi *adi)
{
	unsigned int i;

	if (adi->num_areas && !adi->areas) {
		dev_err(adi->pf->dev,
			"hdiov: type %s: no fast-path areas where there should be some\n",
			adi->type->name);
		return -EINVAL;
	}

	for (i = 0; i < adi->num_areas; i++) {
		if (hdiov_area_good(adi, i))
			continue;
		dev_err(adi->pf->dev,
			"hdiov: type %s: bad fast-path area %u: BAR %u, 0x%llx bytes at 0x%llx\n",
			adi->type->name, i, adi->areas[i].bar,
			adi->areas[i].size, adi->areas[i].offset);
		return -EINVAL;
	}
	return 0;
}

static int hdiov_sparse_areas(struct hdiov_vdev *vdev, unsigned int bar,
			      struct vfio_region_info *info,
			      struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct hdiov_adi *adi = vdev->adi;
	unsigned int i;
	size_t size;
	int ret;

	size = struct_size(sparse, areas, adi->num_areas);
	sparse = kzalloc(size, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	for (i = 0; i < adi->num_areas; i++) {
		if (adi->areas[i].bar != bar)
			continue;
		sparse->areas[sparse->nr_areas].offset = adi->areas[i].offset;
		sparse->areas[sparse->nr_areas].size = adi->areas[i].size;
		sparse->nr_areas++;
	}

	ret = 0;
	if (sparse->nr_areas) {
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
		size = struct_size(sparse, areas, sparse->nr_areas);
		ret = vfio_info_add_capability(caps, &sparse->header, size);
	}
	kfree(sparse);
	return ret;
}

/**
 * hdiov_region_get_info - VFIO_DEVICE_GET_REGION_INFO
 * @vfio: the VFIO device
 * @info: filled for its index
 * @caps: gets the capability that tells which areas can be mapped
 *
 * Context: process
 *
 * Return: 0, -EINVAL or -ENOMEM
 */
int hdiov_region_get_info(struct vfio_device *vfio,
			  struct vfio_region_info *info,
			  struct vfio_info_cap *caps)
{
	struct hdiov_vdev *vdev = container_of(vfio, struct hdiov_vdev, vfio);
	u32 index = info->index;

	if (index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;

	info->offset = (u64)index << HDIOV_REGION_SHIFT;
	info->size = 0;
	info->flags = 0;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info->size = HDIOV_CONFIG_SIZE;
	} else if (index < HDIOV_NUM_BARS) {
		index = array_index_nospec(index, HDIOV_NUM_BARS);
		info->size = vdev->adi->type->model->bar[index].size;
	}
	if (!info->size)
		return 0;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return 0;
	return hdiov_sparse_areas(vdev, index, info, caps);
}

/*
 * Where in the emulated MSI-X table @offset is, or NULL. The table, as the pending
 * bits, begins and ends at multiples of 8: an aligned access is in it or is not.
 */
static u8 *hdiov_msix_entry(struct hdiov_vdev *vdev, unsigned int bar,
			    u64 offset)
{
	const struct hdiov_type *type = vdev->adi->type;
	u64 size = (u64)type->num_vectors * PCI_MSIX_ENTRY_SIZE;

	if (bar != type->model->msix_bar || offset < type->model->msix_table)
		return NULL;
	offset -= type->model->msix_table;
	if (offset >= size)
		return NULL;
	return vdev->msix_table + array_index_nospec(offset, size);
}

static bool hdiov_is_msix_pba(struct hdiov_vdev *vdev, unsigned int bar,
			      u64 offset)
{
	const struct hdiov_type *type = vdev->adi->type;

	return bar == type->model->msix_bar &&
	       offset >= type->model->msix_pba &&
	       offset - type->model->msix_pba <
	       BITS_TO_U64(type->num_vectors) * 8;
}

static u64 hdiov_width_mask(unsigned int width)
{
	return GENMASK_ULL(width * 8 - 1, 0);
}

static void hdiov_count_trap(struct hdiov_vdev *vdev, unsigned int bar,
			     u64 offset, bool write)
{
	const struct hdiov_mmio_ops *ops = vdev->core->pf->mmio_ops;
	unsigned int class = 0;

	/* The vendor derives it from the guest's offset */
	if (ops->trap_class)
		class = ops->trap_class(vdev->adi, bar, offset, write);
	if (WARN_ON_ONCE(class >= HDIOV_MAX_TRAP_CLASSES))
		return;

	class = array_index_nospec(class, HDIOV_MAX_TRAP_CLASSES);
	atomic64_inc(&vdev->traps[class][write]);
}

/* One access in a width that the vendor has */
static void hdiov_trap(struct hdiov_vdev *vdev, unsigned int bar, u64 offset,
		       unsigned int width, u64 *value, bool write)
{
	const struct hdiov_mmio_ops *ops = vdev->core->pf->mmio_ops;
	const struct hdiov_area *area;
	ktime_t start;

	guard(rwsem_read)(&vdev->access);

	if (!hdiov_vdev_answers(vdev) || !hdiov_config_memory_enabled(vdev)) {
		*value = hdiov_width_mask(width);
		return;
	}

	/* A doorbell goes the way of those that are mapped, to the inert page */
	area = hdiov_find_area(vdev, bar, offset, width);
	if (write && vdev->state == HDIOV_PAUSED && area &&
	    !area->written_paused)
		return;

	start = ktime_get();
	hdiov_count_trap(vdev, bar, offset, write);
	if (write)
		ops->write(vdev->adi, bar, offset, width, *value);
	else
		*value = ops->read(vdev->adi, bar, offset, width) &
			 hdiov_width_mask(width);
	trace_hdiov_trap(vdev, bar, offset, width, *value, write,
			 ktime_sub(ktime_get(), start));
}

static u64 hdiov_trap_read(struct hdiov_vdev *vdev, unsigned int bar,
			   u64 offset, unsigned int width)
{
	const struct hdiov_mmio_ops *ops = vdev->core->pf->mmio_ops;
	unsigned int skip = offset & (ops->min_width - 1);
	unsigned int part = min(width, ops->max_width);
	u64 value = 0;
	u64 piece = 0;
	unsigned int i;

	if (width < ops->min_width) {
		hdiov_trap(vdev, bar, offset - skip, ops->min_width, &value,
			   false);
		return value >> (skip * 8);
	}

	for (i = 0; i < width; i += part) {
		hdiov_trap(vdev, bar, offset + i, part, &piece, false);
		value |= piece << (i * 8);
	}
	return value;
}

static void hdiov_trap_write(struct hdiov_vdev *vdev, unsigned int bar,
			     u64 offset, unsigned int width, u64 value)
{
	const struct hdiov_mmio_ops *ops = vdev->core->pf->mmio_ops;
	unsigned int part = min(width, ops->max_width);
	unsigned int i;
	u64 piece;

	/* There is no part of a register that could be written alone */
	if (width < ops->min_width)
		return;

	for (i = 0; i < width; i += part) {
		piece = (value >> (i * 8)) & hdiov_width_mask(part);
		hdiov_trap(vdev, bar, offset + i, part, &piece, true);
	}
}

/*
 * The MSI-X table and the pending bits are the core's own, so they answer while the
 * PF is being reset, too. As with any device, not without memory space.
 */
static void hdiov_msix_rw(struct hdiov_vdev *vdev, u8 *entry, unsigned int width,
			  u64 *value, bool write)
{
	__le64 raw = cpu_to_le64(*value);

	guard(mutex)(&vdev->lock);

	if (!hdiov_config_memory_enabled(vdev)) {
		*value = hdiov_width_mask(width);
	} else if (!entry) {
		*value = 0;
	} else if (write) {
		memcpy(entry, &raw, width);
	} else {
		memcpy(&raw, entry, width);
		*value = le64_to_cpu(raw);
	}
}

/* As the guest makes it, but aligned: @width is 1, 2, 4 or 8 */
static u64 hdiov_reg_read(struct hdiov_vdev *vdev, unsigned int bar, u64 offset,
			  unsigned int width)
{
	u8 *entry = hdiov_msix_entry(vdev, bar, offset);
	u64 value = 0;

	if (!entry && !hdiov_is_msix_pba(vdev, bar, offset))
		return hdiov_trap_read(vdev, bar, offset, width);

	hdiov_msix_rw(vdev, entry, width, &value, false);
	return value;
}

static void hdiov_reg_write(struct hdiov_vdev *vdev, unsigned int bar,
			    u64 offset, unsigned int width, u64 value)
{
	u8 *entry = hdiov_msix_entry(vdev, bar, offset);

	if (entry || hdiov_is_msix_pba(vdev, bar, offset))
		hdiov_msix_rw(vdev, entry, width, &value, true);
	else
		hdiov_trap_write(vdev, bar, offset, width, value);
}

/* The largest aligned access at @pos, as vfio_pci_core_do_io_rw() takes it */
static unsigned int hdiov_access_width(u64 pos, size_t left)
{
	unsigned int width = sizeof(u64);

	while (width > left || !IS_ALIGNED(pos, width))
		width /= 2;
	return width;
}

/**
 * hdiov_region_rw - read or write a BAR through the device fd
 * @vdev: the VDEV
 * @bar: which BAR, less than %HDIOV_NUM_BARS
 * @buf: user memory
 * @count: bytes
 * @pos: where in the BAR
 * @write: direction
 *
 * Context: process
 *
 * Return: the number of bytes, fewer than @count at the end of the BAR; -EINVAL
 * beyond it; -EFAULT; -EINTR
 */
ssize_t hdiov_region_rw(struct hdiov_vdev *vdev, unsigned int bar,
			char __user *buf, size_t count, u64 pos, bool write)
{
	size_t done = 0;
	u64 size;

	bar = array_index_nospec(bar, HDIOV_NUM_BARS);
	size = vdev->adi->type->model->bar[bar].size;
	if (pos >= size)
		return -EINVAL;
	count = min_t(u64, count, size - pos);

	while (done < count) {
		unsigned int width = hdiov_access_width(pos, count - done);
		__le64 raw = 0;

		if (write) {
			if (copy_from_user(&raw, buf + done, width))
				return -EFAULT;
			hdiov_reg_write(vdev, bar, pos, width,
					le64_to_cpu(raw));
		} else {
			raw = cpu_to_le64(hdiov_reg_read(vdev, bar, pos,
							 width));
			if (copy_to_user(buf + done, &raw, width))
				return -EFAULT;
		}
		done += width;
		pos += width;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return done;
}

static vm_fault_t hdiov_region_fault(struct vm_fault *vmf)
{
	struct hdiov_vdev *vdev = vmf->vma->vm_private_data;
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT;
	u64 offset = pos & HDIOV_REGION_MASK;
	const struct hdiov_area *area;
	phys_addr_t addr;
	u64 page;

	area = hdiov_find_area(vdev, pos >> HDIOV_REGION_SHIFT, offset,
			       PAGE_SIZE);
	if (!area)
		return VM_FAULT_SIGBUS;
	/* Vendors index by it what they have for each page */
	page = array_index_nospec(PHYS_PFN(offset - area->offset),
				  PHYS_PFN(area->size));

	if (area->memory)
		return hdiov_insert_pfn(vmf->vma, vmf->address,
					page_to_pfn(virt_to_page(area->memory)) +
					page);

	guard(rwsem_read)(&vdev->mapping);

	if (vdev->mapped &&
	    !vdev->core->pf->mmio_ops->fast_page(vdev->adi,
						 area - vdev->adi->areas,
						 page, &addr))
		return hdiov_insert_pfn(vmf->vma, vmf->address, PHYS_PFN(addr));

	WRITE_ONCE(vdev->inert_used, true);
	/* x86 maps memory cached, whatever the mapping's protection says */
	return hdiov_insert_pfn(vmf->vma, vmf->address,
				page_to_pfn(vdev->inert));
}

static const struct vm_operations_struct hdiov_region_vm_ops = {
	.fault = hdiov_region_fault,
};

/**
 * hdiov_region_mmap - map fast-path pages
 * @vdev: the VDEV
 * @vma: the new mapping; filled by faults
 *
 * Not all users know of areas: the kernel's own libvfio maps whole BARs. They
 * may, as long as there is a fast-path page in what they map; other pages of it
 * raise SIGBUS.
 *
 * Context: process, mmap_lock held
 *
 * Return: 0, or -EINVAL if it is not shared, not inside one BAR or without a
 * fast-path page
 */
int hdiov_region_mmap(struct hdiov_vdev *vdev, struct vm_area_struct *vma)
{
	u64 pos = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 bar = pos >> HDIOV_REGION_SHIFT;
	u64 size = vma->vm_end - vma->vm_start;
	u64 bar_size;

	pos &= HDIOV_REGION_MASK;
	if (!(vma->vm_flags & VM_SHARED) || bar >= HDIOV_NUM_BARS)
		return -EINVAL;

	bar = array_index_nospec(bar, HDIOV_NUM_BARS);
	bar_size = vdev->adi->type->model->bar[bar].size;
	if (size > bar_size || pos > bar_size - size ||
	    !hdiov_has_area(vdev, bar, pos, size))
		return -EINVAL;

	vma->vm_private_data = vdev;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	/*
	 * Where the host encrypts its memory, a device's registers are not part
	 * of that, but a software device's are. The inert page then reads as
	 * cipher text of zeros, which means as little. Areas of memory would have
	 * to be shared by their vendor, set_memory_decrypted().
	 */
	if (!vdev->core->domain_alloc)
		vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	vma->vm_ops = &hdiov_region_vm_ops;

	/*
	 * Not VM_PFNMAP: VFIO's container would map such pages for DMA, and go
	 * on to do so when they are another VDEV's.
	 */
	vm_flags_set(vma, VM_IO | VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static void hdiov_region_zap(struct hdiov_vdev *vdev)
{
	lockdep_assert_held_write(&vdev->access);

	vdev->zaps++;
	unmap_mapping_range(vdev->vfio.inode->i_mapping, 0, 0, true);
}

/**
 * hdiov_region_unmap - take the fast path away from the guest
 * @vdev: the VDEV; the caller holds its access for writing
 *
 * Until hdiov_region_map() its doorbells reach the inert page, and the vendor is not
 * asked for pages. Page faults do not wait for what the caller goes on to do: CPU 0
 * has the vendor drain the queues, which can take seconds, while a vCPU on CPU 1
 * faults on a doorbell. It would wait with mmap_lock held, and everybody who looks at
 * that process with it.
 *
 * Context: process
 */
void hdiov_region_unmap(struct hdiov_vdev *vdev)
{
	const struct hdiov_mmio_ops *ops = vdev->core->pf->mmio_ops;

	if (ops->mapped)
		ops->mapped(vdev->adi, false);
	scoped_guard(rwsem_write, &vdev->mapping)
		vdev->mapped = false;
	hdiov_region_zap(vdev);
}

/**
 * hdiov_region_map - give the guest its fast path, if it may have it now
 * @vdev: the VDEV; the caller holds its access for writing
 *
 * Context: process
 */
void hdiov_region_map(struct hdiov_vdev *vdev)
{
	const struct hdiov_mmio_ops *ops = vdev->core->pf->mmio_ops;

	lockdep_assert_held_write(&vdev->access);

	if (vdev->state != HDIOV_RUNNING || !hdiov_config_memory_enabled(vdev))
		return;

	scoped_guard(rwsem_write, &vdev->mapping)
		vdev->mapped = true;
	/* Pages that were touched meanwhile give way to real ones */
	if (vdev->inert_used) {
		vdev->inert_used = false;
		hdiov_region_zap(vdev);
	}
	if (ops->mapped)
		ops->mapped(vdev->adi, true);
}
