// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VDEV is opened, used, saved and closed as Cloud Hypervisor does it: by its ioctls, in
 * its order, and with what it demands of the answers.
 *
 * As read in its version 53.0, and in vfio-ioctls of April 2026, between 0.6.0 and the
 * 0.7.0 that it is built with. A path is given, not iommufd=on. There is no guest, and
 * nothing of KVM that has to do with interrupts.
 */
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "stream.h"
#include "vdev.h"

#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
#define ROM		VFIO_PCI_ROM_REGION_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define TRIGGER_EVENTFD	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)
#define TRIGGER_NONE	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE)

#define MAX_VECTORS	64
#define MAX_MAPS	64
#define SNAPSHOT_MAX	(1 << 20)
#define SOON_MS		5000

/* The guest's memory begins at 0, its BARs are above all memory */
#define RAM_SIZE	(4UL << 20)
#define MMIO_BASE	(1ULL << 38)
#define PAGE		4096ULL

/* What is mapped of a BAR */
struct map {
	uint64_t gpa;
	uint64_t size;
	void *addr;
};

/**
 * struct ch - what Cloud Hypervisor knows of a VDEV
 * @vdev: the VDEV, whose files it opens by itself
 * @vm: KVM's virtual machine, or -1 where there is no KVM
 * @kvm_vfio: KVM's device that is told of groups
 * @ram: the guest's memory
 * @info: as the VDEV says
 * @region: all regions
 * @sparse: their areas that can be mapped, or NULL
 * @msix_mappable: those that can be mapped though they have the MSI-X table
 * @irqs: how many interrupts there are of each kind
 * @msix_cap: where the capability is, 0 if there is none
 * @vectors: size of the MSI-X table
 * @table: the capability's register
 * @pba: the other one
 * @msix: are vectors enabled
 * @efd: for each vector
 * @bar: sizes, as the registers tell; the last is the ROM's
 * @gpa: where the guest has them
 * @map: what is mapped of them
 * @num_maps: how many
 */
struct ch {
	struct vdev vdev;
	int vm;
	int kvm_vfio;
	void *ram;
	struct vfio_device_info info;
	struct vfio_region_info region[VFIO_PCI_NUM_REGIONS];
	struct vfio_region_info_cap_sparse_mmap *sparse[VFIO_PCI_NUM_REGIONS];
	bool msix_mappable[VFIO_PCI_NUM_REGIONS];
	unsigned int irqs[VFIO_PCI_NUM_IRQS];
	unsigned int msix_cap;
	unsigned int vectors;
	uint32_t table;
	uint32_t pba;
	bool msix;
	int32_t efd[MAX_VECTORS];
	uint64_t bar[ROM + 1];
	uint64_t gpa[ROM + 1];
	struct map map[MAX_MAPS];
	unsigned int num_maps;
};

FIXTURE(cloud_hypervisor)
{
	struct ch ch;
};

FIXTURE_VARIANT(cloud_hypervisor)
{
	const char *type;
	enum vdev_mode mode;
};

/* Those of VDEV_VARIANTS(), by the container only: the first of the modes */
FIXTURE_VARIANT_ADD(cloud_hypervisor, container_dma_1) { .type = "dma-1" };
FIXTURE_VARIANT_ADD(cloud_hypervisor, container_dma_4) { .type = "dma-4" };
FIXTURE_VARIANT_ADD(cloud_hypervisor, container_avf_1) { .type = "avf-1" };
FIXTURE_VARIANT_ADD(cloud_hypervisor, container_vdcm_4) { .type = "vdcm-4" };
FIXTURE_VARIANT_ADD(cloud_hypervisor, container_vqat_sym) { .type = "vqat_sym" };

/* A virtual machine is there before the VDEV is */
static void create_vm(struct ch *ch)
{
	struct kvm_create_device vfio = { .type = KVM_DEV_TYPE_VFIO };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	ch->vm = -1;
	if (kvm < 0)
		return;
	ch->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	close(kvm);
	if (ch->vm >= 0 && ioctl(ch->vm, KVM_CREATE_DEVICE, &vfio)) {
		close(ch->vm);
		ch->vm = -1;
	}
	ch->kvm_vfio = vfio.fd;
}

/* KVM is told of the group, or that it is gone */
static int tell_kvm(struct ch *ch, unsigned int attr)
{
	int32_t fd = ch->vdev.group;
	struct kvm_device_attr arg = {
		.group = KVM_DEV_VFIO_FILE,
		.attr = attr,
		.addr = (uintptr_t)&fd,
	};

	if (ch->vm < 0)
		return 0;
	return ioctl(ch->kvm_vfio, KVM_SET_DEVICE_ATTR, &arg) ? -errno : 0;
}

/* A part of the guest's memory, or none any more if @size is 0 */
static int set_memory(struct ch *ch, unsigned int slot, uint64_t gpa, void *addr,
		      uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)addr,
	};

	if (ch->vm < 0)
		return 0;
	return ioctl(ch->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

/* As it reads and writes regions: not beyond their sizes, and the whole or nothing */
static uint32_t region_get(struct __test_metadata *_metadata, struct ch *ch,
			   unsigned int index, uint64_t offset, unsigned int size)
{
	struct vfio_region_info *region = &ch->region[index];
	uint32_t value = 0;

	ASSERT_LE(offset + size, region->size);
	ASSERT_EQ(size, pread(ch->vdev.fd, &value, size, region->offset + offset));
	return le32toh(value);
}

static void region_set(struct __test_metadata *_metadata, struct ch *ch,
		       unsigned int index, uint64_t offset, unsigned int size,
		       uint32_t value)
{
	struct vfio_region_info *region = &ch->region[index];

	ASSERT_LE(offset + size, region->size);
	ASSERT_TRUE(region->flags & VFIO_REGION_INFO_FLAG_WRITE);
	value = htole32(value);
	ASSERT_EQ(size, pwrite(ch->vdev.fd, &value, size, region->offset + offset));
}

#define get(ch, reg, size)		region_get(_metadata, ch, CONFIG, reg, size)
#define set(ch, reg, size, value)	region_set(_metadata, ch, CONFIG, reg, size, value)

static void open_container(struct __test_metadata *_metadata, struct ch *ch)
{
	struct vdev *vdev = &ch->vdev;

	vdev->iommu = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, vdev->iommu);
	ASSERT_EQ(VFIO_API_VERSION, ioctl(vdev->iommu, VFIO_GET_API_VERSION));
	ASSERT_EQ(1, ioctl(vdev->iommu, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU));
}

/* @path: the VDEV in sysfs. No other flags are accepted than those */
static void open_group(struct __test_metadata *_metadata, struct ch *ch,
		       const char *path)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char name[PATH_MAX], link[PATH_MAX], *end;
	struct vdev *vdev = &ch->vdev;
	unsigned long group;
	ssize_t len;

	snprintf(name, sizeof(name), "%s/iommu_group", path);
	len = readlink(name, link, sizeof(link) - 1);
	ASSERT_LT(0, len);
	link[len] = 0;
	ASSERT_NE(NULL, strrchr(link, '/'));
	group = strtoul(strrchr(link, '/') + 1, &end, 10);
	ASSERT_EQ(0, *end);

	snprintf(name, sizeof(name), "/dev/vfio/%lu", group);
	vdev->group = open(name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, vdev->group);
	ASSERT_EQ(0, ioctl(vdev->group, VFIO_GROUP_GET_STATUS, &status));
	ASSERT_EQ(VFIO_GROUP_FLAGS_VIABLE, status.flags);

	ASSERT_EQ(0, ioctl(vdev->group, VFIO_GROUP_SET_CONTAINER, &vdev->iommu));
	ASSERT_EQ(0, ioctl(vdev->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, tell_kvm(ch, KVM_DEV_VFIO_FILE_ADD));
}

static void get_caps(struct __test_metadata *_metadata, struct ch *ch,
		     unsigned int index)
{
	uint32_t size = ch->region[index].argsz;
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_info_cap_header *cap;
	struct vfio_region_info *full;
	uint32_t pos;

	full = calloc(1, size);
	ASSERT_NE(NULL, full);
	full->argsz = size;
	full->index = index;
	ASSERT_EQ(0, ioctl(ch->vdev.fd, VFIO_DEVICE_GET_REGION_INFO, full));
	for (pos = full->cap_offset; pos >= sizeof(*full); pos = cap->next) {
		cap = (void *)full + pos;
		ASSERT_LE(pos + sizeof(*cap), size);
		if (cap->id == VFIO_REGION_INFO_CAP_MSIX_MAPPABLE)
			ch->msix_mappable[index] = true;
		if (cap->id != VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			continue;
		sparse = (void *)cap;
		size = sizeof(*sparse) + sparse->nr_areas * sizeof(sparse->areas[0]);
		ASSERT_LE(pos + size, full->argsz);
		ch->sparse[index] = memcpy(malloc(size), sparse, size);
		size = full->argsz;
	}
	free(full);
}

/* What it cannot learn of a region, it takes from the next one */
static void get_regions(struct __test_metadata *_metadata, struct ch *ch)
{
	struct vfio_region_info *region;
	unsigned int i;

	for (i = 0; i < ch->info.num_regions; i++) {
		region = &ch->region[i];
		*region = (struct vfio_region_info) { .argsz = sizeof(*region), .index = i };
		if (ioctl(ch->vdev.fd, VFIO_DEVICE_GET_REGION_INFO, region)) {
			ASSERT_EQ(EINVAL, errno);
			ASSERT_EQ(VFIO_PCI_VGA_REGION_INDEX, i);
			continue;
		}
		if (region->flags & VFIO_REGION_INFO_FLAG_CAPS &&
		    region->argsz > sizeof(*region))
			get_caps(_metadata, ch, i);
	}
}

static void get_irqs(struct __test_metadata *_metadata, struct ch *ch)
{
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };

	for (irq.index = 0; irq.index < ch->info.num_irqs; irq.index++) {
		ASSERT_EQ(0, ioctl(ch->vdev.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq));
		ch->irqs[irq.index] = irq.count;
	}
}

/* It is found in its group by the last part of its path */
static void open_device(struct __test_metadata *_metadata, struct ch *ch)
{
	struct vdev *vdev = &ch->vdev;
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s", vdev->uuid);
	open_container(_metadata, ch);
	open_group(_metadata, ch, path);
	vdev->fd = ioctl(vdev->group, VFIO_GROUP_GET_DEVICE_FD,
			 strrchr(path, '/') + 1);
	ASSERT_LE(0, vdev->fd);

	ch->info = (struct vfio_device_info) { .argsz = sizeof(ch->info) };
	ASSERT_EQ(0, ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, &ch->info));
	ASSERT_EQ(VFIO_DEVICE_FLAGS_PCI, ch->info.flags &
		  (VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_PLATFORM |
		   VFIO_DEVICE_FLAGS_AMBA | VFIO_DEVICE_FLAGS_CCW |
		   VFIO_DEVICE_FLAGS_AP));
	ASSERT_LE(CONFIG + 1, ch->info.num_regions);
	ASSERT_LE(MSIX + 1, ch->info.num_irqs);
	/* More there may be, but we have no room for them */
	ASSERT_GE(VFIO_PCI_NUM_REGIONS, ch->info.num_regions);
	ASSERT_GE(VFIO_PCI_NUM_IRQS, ch->info.num_irqs);
	get_regions(_metadata, ch);
	get_irqs(_metadata, ch);

	ASSERT_EQ(0, vdev_map(vdev, 0, ch->ram, RAM_SIZE, true));
}

static void get_ext_caps(struct __test_metadata *_metadata, struct ch *ch)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE, left;
	uint32_t head;

	for (left = 960; pos && left; left--) {
		head = get(ch, pos, 4);
		/* It hides these from the guest */
		EXPECT_NE(PCI_EXT_CAP_ID_ARI, PCI_EXT_CAP_ID(head));
		EXPECT_NE(PCI_EXT_CAP_ID_REBAR, PCI_EXT_CAP_ID(head));
		EXPECT_NE(PCI_EXT_CAP_ID_SRIOV, PCI_EXT_CAP_ID(head));
		pos = head >> 20;
	}
	ASSERT_NE(0, left);
}

static void get_pci_caps(struct __test_metadata *_metadata, struct ch *ch)
{
	bool exp = false, power = false;
	unsigned int pos, left;

	ASSERT_TRUE(get(ch, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	pos = get(ch, PCI_CAPABILITY_LIST, 1) & ~3;
	for (left = 48; pos && left; left--) {
		switch (get(ch, pos, 1)) {
		case PCI_CAP_ID_MSI:
			EXPECT_EQ(0, ch->irqs[VFIO_PCI_MSI_IRQ_INDEX]);
			break;
		case PCI_CAP_ID_MSIX:
			ASSERT_LT(0, ch->irqs[MSIX]);
			ch->msix_cap = pos;
			ch->vectors = (get(ch, pos + PCI_MSIX_FLAGS, 2) &
				       PCI_MSIX_FLAGS_QSIZE) + 1;
			ch->table = get(ch, pos + PCI_MSIX_TABLE, 4);
			ch->pba = get(ch, pos + PCI_MSIX_PBA, 4);
			break;
		case PCI_CAP_ID_EXP:
			exp = true;
			break;
		case PCI_CAP_ID_PM:
			power = true;
			break;
		}
		pos = get(ch, pos + PCI_CAP_LIST_NEXT, 1) & ~3;
	}
	ASSERT_NE(0, left);
	if (exp && power)
		get_ext_caps(_metadata, ch);

	ASSERT_NE(0, ch->msix_cap);
	/* As many as it gives eventfds, in one call */
	ASSERT_GE(ch->irqs[MSIX], ch->vectors);
	ASSERT_GE(MAX_VECTORS, ch->vectors);
	/* If not, it makes a BAR twice as large and moves the table there */
	EXPECT_EQ(0, (ch->table & PCI_MSIX_TABLE_OFFSET) % PAGE);
	/* Or it would want an interrupt of its own for it */
	ASSERT_EQ(0, ch->irqs[VFIO_PCI_INTX_IRQ_INDEX]);
}

/* It writes all ones and does not put back what was there: its guest's BARs are its own */
static void size_bars(struct __test_metadata *_metadata, struct ch *ch)
{
	uint64_t next = MMIO_BASE;
	unsigned int i, reg;
	uint32_t flags;
	uint64_t mask;
	bool is_64;

	for (i = 0; i < CONFIG; i++) {
		reg = i == ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + i * 4;
		flags = get(ch, reg, 4);
		ASSERT_FALSE(i != ROM && flags & PCI_BASE_ADDRESS_SPACE_IO);
		is_64 = i != ROM && flags & PCI_BASE_ADDRESS_MEM_TYPE_64;
		set(ch, reg, 4, ~0U);
		mask = get(ch, reg, 4) & ~0xfULL;
		if (is_64) {
			set(ch, reg + 4, 4, ~0U);
			mask |= (uint64_t)get(ch, reg + 4, 4) << 32;
		} else if (mask) {
			mask |= ~0ULL << 32;
		}
		ch->bar[i] = -mask;
		/* The region ends where the guest's BAR does */
		EXPECT_EQ(ch->region[i].size, ch->bar[i]) {
			TH_LOG("BAR %u", i);
		}
		if (!mask)
			continue;
		ch->gpa[i] = (next + ch->bar[i] - 1) & -ch->bar[i];
		next = ch->gpa[i] + ch->bar[i];
		i += is_64;
	}
}

/* Reset before all else */
static void start_device(struct __test_metadata *_metadata, struct ch *ch)
{
	struct vfio_device_feature_migration mig = {};

	ASSERT_TRUE(ch->info.flags & VFIO_DEVICE_FLAGS_RESET);
	ASSERT_EQ(0, ioctl(ch->vdev.fd, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, vdev_feature(&ch->vdev, VFIO_DEVICE_FEATURE_GET |
				  VFIO_DEVICE_FEATURE_MIGRATION, &mig, sizeof(mig)));
	EXPECT_TRUE(mig.flags & VFIO_MIGRATION_STOP_COPY);
}

/* Has the area a byte of the table, or of what else the capability's register tells */
static bool hits_msix(unsigned int bar, uint64_t offset, uint64_t size, uint32_t reg,
		      uint64_t msix_size)
{
	uint64_t start = reg & PCI_MSIX_TABLE_OFFSET;

	return bar == (reg & PCI_MSIX_TABLE_BIR) && offset < start + msix_size &&
	       start < offset + size;
}

/* @peers: with vfio_p2p_dma=on, where it ends with the first error, which is returned */
static int map_area(struct __test_metadata *_metadata, struct ch *ch, unsigned int bar,
		    uint64_t offset, uint64_t size, bool peers)
{
	struct vfio_region_info *region = &ch->region[bar];
	struct map *map = &ch->map[ch->num_maps];
	int prot = 0;

	ASSERT_GT(MAX_MAPS, ch->num_maps);
	EXPECT_EQ(0, offset % PAGE);
	EXPECT_EQ(0, size % PAGE);
	EXPECT_LE(offset + size, region->size);
	EXPECT_FALSE(hits_msix(bar, offset, size, ch->table,
			       ch->vectors * PCI_MSIX_ENTRY_SIZE));
	EXPECT_FALSE(hits_msix(bar, offset, size, ch->pba, (ch->vectors + 63) / 64 * 8));

	if (region->flags & VFIO_REGION_INFO_FLAG_READ)
		prot |= PROT_READ;
	if (region->flags & VFIO_REGION_INFO_FLAG_WRITE)
		prot |= PROT_WRITE;
	map->addr = mmap(NULL, size, prot, MAP_SHARED, ch->vdev.fd,
			 region->offset + offset);
	ASSERT_NE(MAP_FAILED, map->addr);
	map->size = size;
	map->gpa = ch->gpa[bar] + offset;
	ch->num_maps++;
	ASSERT_EQ(0, set_memory(ch, ch->num_maps, map->gpa, map->addr, size));
	return peers ? vdev_map(&ch->vdev, map->gpa, map->addr, size, true) : 0;
}

static int map_bars(struct __test_metadata *_metadata, struct ch *ch, bool peers)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	unsigned int bar, i;
	bool msix;
	int ret;

	for (bar = 0; bar < CONFIG; bar++) {
		if (!ch->bar[bar] || !(ch->region[bar].flags & VFIO_REGION_INFO_FLAG_MMAP))
			continue;
		/* Whatever else is there to be mapped, all accesses to it trap then */
		msix = bar == (ch->table & PCI_MSIX_TABLE_BIR) ||
		       bar == (ch->pba & PCI_MSIX_PBA_BIR);
		if (msix && !ch->msix_mappable[bar])
			continue;

		/* It would take this as all of the BAR: there is nothing of the kind */
		sparse = ch->sparse[bar];
		ASSERT_NE(NULL, sparse);
		for (i = 0; i < sparse->nr_areas; i++) {
			ret = map_area(_metadata, ch, bar, sparse->areas[i].offset,
				       sparse->areas[i].size, peers);
			if (ret)
				return ret;
		}
	}
	EXPECT_LT(0, ch->num_maps);
	return 0;
}

static void unmap_bars(struct ch *ch)
{
	while (ch->num_maps) {
		set_memory(ch, ch->num_maps, ch->map[ch->num_maps - 1].gpa, NULL, 0);
		ch->num_maps--;
		munmap(ch->map[ch->num_maps].addr, ch->map[ch->num_maps].size);
	}
}

static int enable_msix(struct ch *ch)
{
	ch->msix = true;
	return vdev_set_irqs(&ch->vdev, MSIX, TRIGGER_EVENTFD, 0, ch->vectors, ch->efd,
			     ch->vectors * sizeof(ch->efd[0]));
}

static int disable_msix(struct ch *ch)
{
	ch->msix = false;
	return vdev_set_irqs(&ch->vdev, MSIX, TRIGGER_NONE, 0, 0, NULL, 0);
}

/*
 * The guest writes to the capability: all vectors at once, when it sets the enable bit,
 * and before the VDEV sees that. What it writes to the table the VDEV never sees.
 */
static void guest_msix(struct __test_metadata *_metadata, struct ch *ch, uint16_t bits)
{
	bool on = bits & PCI_MSIX_FLAGS_ENABLE;

	if (on && !ch->msix)
		ASSERT_EQ(0, enable_msix(ch));
	if (!on && ch->msix)
		ASSERT_EQ(0, disable_msix(ch));
	set(ch, ch->msix_cap + PCI_MSIX_FLAGS, 2, (ch->vectors - 1) | bits);
}

/* As Linux begins in the guest */
static void guest_starts(struct __test_metadata *_metadata, struct ch *ch)
{
	set(ch, PCI_COMMAND, 2, get(ch, PCI_COMMAND, 2) | PCI_COMMAND_MEMORY |
	    PCI_COMMAND_MASTER);
	guest_msix(_metadata, ch, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	guest_msix(_metadata, ch, PCI_MSIX_FLAGS_ENABLE);
}

/* Its library can, though it does not: have the kernel raise each vector */
static void check_vectors(struct __test_metadata *_metadata, struct ch *ch)
{
	unsigned int i, j;

	for (i = 0; i < ch->vectors; i++)
		event_wait(ch->efd[i], 0);
	for (i = 0; i < ch->vectors; i++) {
		ASSERT_EQ(0, vdev_set_irqs(&ch->vdev, MSIX, TRIGGER_NONE, i, 1, NULL, 0));
		for (j = 0; j < ch->vectors; j++) {
			EXPECT_EQ(ch->msix && i == j, event_wait(ch->efd[j], 0)) {
				TH_LOG("vector %u by %u", j, i);
			}
		}
	}
}

/* By the guest, without an exit to Cloud Hypervisor, nor to the host */
static void check_maps(struct __test_metadata *_metadata, struct ch *ch)
{
	long long traps = vdev_traps(&ch->vdev, NULL);
	volatile uint32_t *addr;
	unsigned int i;
	uint64_t pos;

	for (i = 0; i < ch->num_maps; i++) {
		addr = ch->map[i].addr;
		for (pos = 0; pos < ch->map[i].size; pos += PAGE)
			(void)addr[pos / 4];
	}
	EXPECT_LE(0, traps);
	EXPECT_EQ(traps, vdev_traps(&ch->vdev, NULL));
}

/* Mappings, vectors, the VDEV, its group, the container: each must be free of the one before */
static void close_device(struct __test_metadata *_metadata, struct ch *ch)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	struct vdev *vdev = &ch->vdev;
	unsigned int i;

	unmap_bars(ch);
	if (ch->msix)
		ASSERT_EQ(0, disable_msix(ch));
	ASSERT_EQ(0, close(vdev->fd));
	vdev->fd = -1;
	ASSERT_EQ(0, tell_kvm(ch, KVM_DEV_VFIO_FILE_DEL));
	ASSERT_EQ(0, ioctl(vdev->group, VFIO_GROUP_UNSET_CONTAINER));
	ASSERT_EQ(0, ioctl(vdev->group, VFIO_GROUP_GET_STATUS, &status));
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE, status.flags);
	vdev_close(vdev);
	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		free(ch->sparse[i]);
		ch->sparse[i] = NULL;
	}

	EXPECT_TRUE(vdev_in_state(vdev, "idle"));
	EXPECT_TRUE(vdev_says(vdev, "idle"));
}

/* Up to where the guest could be told of it */
static void find_device(struct __test_metadata *_metadata, struct ch *ch)
{
	open_device(_metadata, ch);
	start_device(_metadata, ch);
	get_pci_caps(_metadata, ch);
	size_bars(_metadata, ch);
}

FIXTURE_SETUP(cloud_hypervisor)
{
	struct ch *ch = &self->ch;
	unsigned int i;

	VDEV_SETUP(&ch->vdev);
	ch->ram = dma_alloc(RAM_SIZE);
	create_vm(ch);
	if (ch->vm < 0)
		TH_LOG("no KVM here: without what it is told");
	ASSERT_EQ(0, set_memory(ch, 0, 0, ch->ram, RAM_SIZE));
	for (i = 0; i < MAX_VECTORS; i++) {
		ch->efd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ASSERT_LE(0, ch->efd[i]);
	}
}

FIXTURE_TEARDOWN(cloud_hypervisor)
{
	struct ch *ch = &self->ch;

	if (!ch->vdev.uuid[0])
		return;
	unmap_bars(ch);
	if (ch->vm >= 0) {
		close(ch->kvm_vfio);
		close(ch->vm);
	}
	vdev_cleanup(&ch->vdev);
}

/* The second time as a guest that restarts: Cloud Hypervisor closes all and begins anew */
TEST_F(cloud_hypervisor, restart)
{
	long long messages = pf_resource(self->ch.vdev.pf, "interrupt_messages");
	struct ch *ch = &self->ch;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		find_device(_metadata, ch);
		ASSERT_EQ(0, map_bars(_metadata, ch, false));

		guest_starts(_metadata, ch);
		EXPECT_TRUE(vdev_says(&ch->vdev, "running"));
		check_maps(_metadata, ch);
		check_vectors(_metadata, ch);
		/* By the guest's driver, when it is unloaded, and loaded again */
		guest_msix(_metadata, ch, 0);
		EXPECT_EQ(messages, pf_resource(ch->vdev.pf, "interrupt_messages"));
		check_vectors(_metadata, ch);
		guest_msix(_metadata, ch, PCI_MSIX_FLAGS_ENABLE);
		check_vectors(_metadata, ch);

		close_device(_metadata, ch);
		EXPECT_EQ(messages, pf_resource(ch->vdev.pf, "interrupt_messages"));
	}
}

/* Without vfio_p2p_dma=off it gives up when it is refused a BAR for other devices */
TEST_F(cloud_hypervisor, peers)
{
	struct ch *ch = &self->ch;
	unsigned int i;

	find_device(_metadata, ch);
	EXPECT_EQ(-EFAULT, map_bars(_metadata, ch, true));
	EXPECT_EQ(1, ch->num_maps);
	close_device(_metadata, ch);

	/* Nor when the guest moves a BAR, with doorbells behind it */
	find_device(_metadata, ch);
	ASSERT_EQ(0, map_bars(_metadata, ch, false));
	guest_starts(_metadata, ch);
	check_maps(_metadata, ch);
	for (i = 0; i < ch->num_maps; i++) {
		EXPECT_EQ(-EFAULT, vdev_map(&ch->vdev, ch->map[i].gpa, ch->map[i].addr,
					    ch->map[i].size, true)) {
			TH_LOG("area %u", i);
		}
	}
	close_device(_metadata, ch);
}

/* All of what is to be had, in parts of any size */
static size_t take_snapshot(struct __test_metadata *_metadata, struct ch *ch,
			    uint8_t *data)
{
	ssize_t len;
	int fd;

	ASSERT_EQ(0, vdev_mig_set(&ch->vdev, STATE(STOP_COPY), &fd));
	ASSERT_LE(0, fd);
	len = drain(fd, data, SNAPSHOT_MAX);
	ASSERT_LT(0, len);
	ASSERT_GT(SNAPSHOT_MAX, len);
	ASSERT_EQ(0, vdev_mig_set(&ch->vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, close(fd));
	return len;
}

static void load_snapshot(struct __test_metadata *_metadata, struct ch *ch,
			  const uint8_t *data, size_t len)
{
	ssize_t ret;
	int fd;

	ASSERT_EQ(0, vdev_mig_set(&ch->vdev, STATE(RESUMING), &fd));
	ASSERT_LE(0, fd);
	for (; len; len -= ret, data += ret) {
		ret = write(fd, data, len);
		ASSERT_LT(0, ret);
	}
	ASSERT_EQ(0, close(fd));
}

/*
 * Paused, saved, and it goes on; paused, saved, closed, and restored. The command register
 * and the vectors are given to the VDEV when its state has been loaded, but before it runs.
 */
TEST_F(cloud_hypervisor, snapshot)
{
	uint8_t *data = malloc(SNAPSHOT_MAX);
	struct ch *ch = &self->ch;
	unsigned int i, command;
	size_t len;

	ASSERT_NE(NULL, data);
	find_device(_metadata, ch);
	ASSERT_EQ(0, map_bars(_metadata, ch, false));
	guest_starts(_metadata, ch);
	/* Something that is the guest's, and that Cloud Hypervisor does not put back */
	set(ch, PCI_CACHE_LINE_SIZE, 1, 16);
	command = get(ch, PCI_COMMAND, 2);

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, vdev_mig_set(&ch->vdev, STATE(STOP), NULL));
		EXPECT_TRUE(vdev_says(&ch->vdev, "paused: its user has stopped it"));
		len = take_snapshot(_metadata, ch, data);
		if (i)
			break;
		ASSERT_EQ(0, vdev_mig_set(&ch->vdev, STATE(RUNNING), NULL));
		EXPECT_TRUE(vdev_says(&ch->vdev, "running"));
		check_maps(_metadata, ch);
		check_vectors(_metadata, ch);
	}
	close_device(_metadata, ch);

	open_device(_metadata, ch);
	start_device(_metadata, ch);
	EXPECT_EQ(0, get(ch, PCI_CACHE_LINE_SIZE, 1));
	load_snapshot(_metadata, ch, data, len);
	set(ch, PCI_COMMAND, 2, command);
	for (i = 0; i < ch->vectors; i++)
		event_wait(ch->efd[i], 0);
	ASSERT_EQ(0, enable_msix(ch));
	/* The BARs are where they were, and are not looked for */
	ASSERT_EQ(0, map_bars(_metadata, ch, false));
	ASSERT_EQ(0, vdev_mig_set(&ch->vdev, STATE(RUNNING), NULL));

	EXPECT_TRUE(vdev_says(&ch->vdev, "running"));
	EXPECT_EQ(16, get(ch, PCI_CACHE_LINE_SIZE, 1));
	EXPECT_EQ(command, get(ch, PCI_COMMAND, 2));
	EXPECT_TRUE(get(ch, ch->msix_cap + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE);
	/* In place of interrupts that were lost between the two */
	for (i = 0; i < ch->vectors; i++) {
		EXPECT_LT(0, event_wait(ch->efd[i], SOON_MS)) {
			TH_LOG("vector %u", i);
		}
	}
	check_maps(_metadata, ch);
	check_vectors(_metadata, ch);
	close_device(_metadata, ch);
	free(data);
}

TEST_HARNESS_MAIN
