// SPDX-License-Identifier: GPL-2.0-only
/* BARs: what can be mapped is mapped, and all else traps or is refused */
#include <setjmp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "qat_guest.h"
#include "vdev.h"

FIXTURE(region)
{
	struct vdev vdev;
	struct vfio_region_info_cap_sparse_mmap *sparse;
	size_t page;
};

FIXTURE_VARIANT(region)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(region);

FIXTURE_SETUP(region)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	self->page = sysconf(_SC_PAGESIZE);
	self->sparse = vdev_sparse(&self->vdev, 0);
	ASSERT_NE(NULL, self->sparse);
	ASSERT_LT(0, self->sparse->nr_areas);
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(region)
{
	free(self->sparse);
	vdev_cleanup(&self->vdev);
}

TEST_F(region, device_info)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->vdev.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		  info.flags & (VFIO_DEVICE_FLAGS_PCI |
				VFIO_DEVICE_FLAGS_RESET));
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);

	info.argsz = 8;
	EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_GET_INFO, 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_PCI_HOT_RESET, &info));
	EXPECT_EQ(ENOTTY, errno);
}

/* What a VDEV has no use for, it does not claim to have, whoever asks and how */
TEST_F(region, no_such_feature)
{
	static const uint32_t features[] = {
		VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
		VFIO_DEVICE_FEATURE_MASK,
	};
	static const uint32_t how[] = {
		VFIO_DEVICE_FEATURE_PROBE,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET,
		VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_GET,
	};
	struct {
		struct vfio_device_feature head;
		uint8_t data[64];
	} arg = { .head.argsz = sizeof(arg) };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		for (n = 0; n < ARRAY_SIZE(how); n++) {
			arg.head.flags = features[i] | how[n];
			EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_FEATURE,
					    &arg));
			EXPECT_EQ(ENOTTY, errno) {
				TH_LOG("feature %#x", arg.head.flags);
			}
		}
	}
}

TEST_F(region, no_ioeventfd)
{
	int efd = eventfd(0, EFD_CLOEXEC);
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_IOEVENTFD_32,
		.fd = efd,
	};

	ASSERT_LE(0, efd);
	EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_IOEVENTFD, &arg));
	EXPECT_EQ(ENOTTY, errno);
	close(efd);
}

TEST_F(region, region_info)
{
	struct vfio_region_info info;
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		ASSERT_EQ(0, vdev_region(&self->vdev, i, &info));
		if (!info.size) {
			EXPECT_EQ(0, info.flags);
			continue;
		}
		/* They do not overlap */
		EXPECT_LE(end, info.offset);
		end = info.offset + info.size;
		EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ |
			  VFIO_REGION_INFO_FLAG_WRITE,
			  info.flags & (VFIO_REGION_INFO_FLAG_READ |
					VFIO_REGION_INFO_FLAG_WRITE));
		/* What maps has the list of what maps */
		EXPECT_EQ(!(info.flags & VFIO_REGION_INFO_FLAG_MMAP),
			  !(info.flags & VFIO_REGION_INFO_FLAG_CAPS));
	}
	EXPECT_EQ(-EINVAL, vdev_region(&self->vdev, VFIO_PCI_NUM_REGIONS,
				       &info));
	EXPECT_EQ(-EINVAL, vdev_region(&self->vdev, ~0U, &info));
	memset(&info, 0, sizeof(info));
	info.argsz = 8;
	EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(region, areas)
{
	struct vfio_region_info info;
	unsigned int i;
	uint64_t end = 0;
	void *map;

	ASSERT_EQ(0, vdev_region(&self->vdev, 0, &info));
	for (i = 0; i < self->sparse->nr_areas; i++) {
		uint64_t offset = self->sparse->areas[i].offset;
		uint64_t size = self->sparse->areas[i].size;

		EXPECT_EQ(0, offset % self->page);
		EXPECT_EQ(0, size % self->page);
		EXPECT_LE(offset + size, info.size);

		map = vdev_mmap(&self->vdev, 0, offset, size);
		ASSERT_NE(MAP_FAILED, map);
		ASSERT_EQ(0, munmap(map, size));

		/* No page besides, on either side, unless the next area begins */
		if (offset && offset != end)
			EXPECT_EQ(MAP_FAILED,
				  vdev_mmap(&self->vdev, 0, offset - self->page,
					    self->page));
		if (i + 1 == self->sparse->nr_areas ||
		    self->sparse->areas[i + 1].offset != offset + size)
			EXPECT_EQ(MAP_FAILED,
				  vdev_mmap(&self->vdev, 0, offset + size,
					    self->page));
		end = offset + size;
	}
}

static bool in_area(const struct vfio_region_info_cap_sparse_mmap *sparse,
		    uint64_t offset)
{
	unsigned int i;

	for (i = 0; i < sparse->nr_areas; i++)
		if (offset >= sparse->areas[i].offset &&
		    offset - sparse->areas[i].offset < sparse->areas[i].size)
			return true;
	return false;
}

/* By the kernel, which gets an error where we would get SIGBUS */
static int read_page(const void *page)
{
	int fds[2], ret;

	if (pipe(fds))
		return -errno;
	ret = write(fds[1], page, 4) == 4 ? 0 : -errno;
	close(fds[0]);
	close(fds[1]);
	return ret;
}

/* As the kernel's libvfio maps BARs: only the fast path is there */
TEST_F(region, whole_bar)
{
	struct vfio_region_info info;
	unsigned int i, n;
	uint8_t *map;

	ASSERT_EQ(0, vdev_region(&self->vdev, 0, &info));
	map = vdev_mmap(&self->vdev, 0, 0, info.size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(MAP_FAILED,
		  vdev_mmap(&self->vdev, 0, 0, info.size + self->page));
	EXPECT_EQ(EINVAL, errno);

	for (i = 0; i < self->sparse->nr_areas; i++) {
		uint64_t offset = self->sparse->areas[i].offset;
		uint64_t pages[] = {
			offset - self->page, offset,
			offset + self->sparse->areas[i].size - self->page,
			offset + self->sparse->areas[i].size,
		};

		for (n = 0; n < 4; n++)
			if (pages[n] < info.size)
				EXPECT_EQ(in_area(self->sparse, pages[n]) ?
					  0 : -EFAULT,
					  read_page(map + pages[n]));
	}
	ASSERT_EQ(0, munmap(map, info.size));
}

TEST_F(region, cannot_map)
{
	uint64_t offset = self->sparse->areas[0].offset;
	struct vfio_region_info info;
	unsigned int i;

	/* Regions without areas, regions that do not exist */
	ASSERT_EQ(0, vdev_region(&self->vdev, 0, &info));
	for (i = 1; i < 12; i++)
		EXPECT_EQ(MAP_FAILED, vdev_mmap(&self->vdev, i, 0, self->page));
	EXPECT_EQ(MAP_FAILED, vdev_mmap(&self->vdev, 0, ~0ULL - 4095,
					self->page));

	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE, self->vdev.fd,
				   info.offset + offset));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(region, bad_accesses)
{
	struct vfio_region_info info;
	uint64_t value;
	unsigned int i;

	ASSERT_EQ(0, vdev_region(&self->vdev, 0, &info));
	EXPECT_EQ(-EINVAL, vdev_read(&self->vdev, 0, info.size, &value, 4));
	EXPECT_EQ(-EINVAL, vdev_write(&self->vdev, 0, info.size, &value, 4));
	EXPECT_EQ(4, vdev_read(&self->vdev, 0, info.size - 4, &value, 8));
	EXPECT_EQ(-EFAULT, vdev_read(&self->vdev, 0, 0, (void *)8, 4));
	EXPECT_EQ(-EFAULT, vdev_write(&self->vdev, 0, 0, (void *)8, 4));
	EXPECT_EQ(-EINVAL, vdev_read(&self->vdev, VFIO_PCI_ROM_REGION_INDEX, 0,
				     &value, 4));
	EXPECT_EQ(-EINVAL, vdev_read(&self->vdev, VFIO_PCI_VGA_REGION_INDEX, 0,
				     &value, 4));
	for (i = VFIO_PCI_NUM_REGIONS; i < 20; i++)
		EXPECT_EQ(-EINVAL, vdev_read(&self->vdev, i, 0, &value, 4));
}

/* The fast path is one: no access through a mapping reaches the host */
TEST_F(region, no_traps)
{
	long long traps = vdev_traps(&self->vdev, NULL);
	volatile uint32_t *map;
	unsigned int i, n;

	ASSERT_LE(0, traps);
	for (i = 0; i < self->sparse->nr_areas; i++) {
		map = vdev_mmap(&self->vdev, 0, self->sparse->areas[i].offset,
				self->sparse->areas[i].size);
		ASSERT_NE(MAP_FAILED, map);
		/* Reads: what they give is the device's business */
		for (n = 0; n < self->sparse->areas[i].size; n += self->page)
			(void)map[n / 4];
		munmap((void *)map, self->sparse->areas[i].size);
	}
	EXPECT_EQ(traps, vdev_traps(&self->vdev, NULL));
	vdev_get32(&self->vdev, 0, 0);
	EXPECT_EQ(traps + 1, vdev_traps(&self->vdev, NULL));
}

/* The table of vectors takes whatever a guest writes, part of an entry too */
TEST_F(region, msix_table)
{
	unsigned int cap = cfg_cap(&self->vdev, PCI_CAP_ID_MSIX);
	uint32_t table = cfg_get(&self->vdev, cap + PCI_MSIX_TABLE, 4);
	uint32_t pba = cfg_get(&self->vdev, cap + PCI_MSIX_PBA, 4);
	size_t size = vdev_vectors(&self->vdev) * PCI_MSIX_ENTRY_SIZE;
	unsigned int bar = table & PCI_MSIX_TABLE_BIR;
	uint8_t want[512], part[512];
	unsigned int pos, len, i;

	ASSERT_GE(sizeof(want), size);
	table &= PCI_MSIX_TABLE_OFFSET;
	memset(want, 0, size);
	for (pos = 0; pos < size; pos += len) {
		len = 1 + pos * 7 % 19;
		if (len > size - pos)
			len = size - pos;
		for (i = 0; i < len; i++)
			want[pos + i] = pos * 31 + i + 1;
		ASSERT_EQ(len, vdev_write(&self->vdev, bar, table + pos,
					  want + pos, len));
	}
	for (pos = 0; pos < size; pos++) {
		for (len = 1; len <= 9 && pos + len <= size; len++) {
			ASSERT_EQ(len, vdev_read(&self->vdev, bar, table + pos,
						 part, len));
			ASSERT_EQ(0, memcmp(want + pos, part, len)) {
				TH_LOG("%u bytes at %u", len, pos);
			}
		}
	}
	/* As many bits as there are vectors, and they cannot be written */
	memset(part, 0xff, 8);
	for (len = 1; len <= 8; len++) {
		ASSERT_EQ(8, vdev_write(&self->vdev, pba & PCI_MSIX_PBA_BIR,
					pba & PCI_MSIX_PBA_OFFSET, part, 8));
		ASSERT_EQ(len, vdev_read(&self->vdev, pba & PCI_MSIX_PBA_BIR,
					 pba & PCI_MSIX_PBA_OFFSET, want, len));
		for (i = 0; i < len; i++)
			EXPECT_EQ(0, want[i]);
	}
}

static sigjmp_buf bus_env;

static void bus_handler(int sig)
{
	siglongjmp(bus_env, 1);
}

/* A mapping holds its VDEV open; nobody ever gets a SIGBUS */
TEST_F(region, mapping_outlives_fd)
{
	struct sigaction sa = { .sa_handler = bus_handler };
	volatile uint32_t *map;

	map = vdev_mmap(&self->vdev, 0, self->sparse->areas[0].offset,
			self->page);
	ASSERT_NE(MAP_FAILED, map);
	vdev_close(&self->vdev);
	EXPECT_FALSE(vdev_in_state(&self->vdev, "idle"));
	ASSERT_EQ(0, sigaction(SIGBUS, &sa, NULL));
	if (!sigsetjmp(bus_env, 1))
		(void)map[0];
	else
		EXPECT_TRUE(false) TH_LOG("SIGBUS");
	munmap((void *)map, self->page);
	EXPECT_TRUE(vdev_in_state(&self->vdev, "idle"));
}

/* Two neighbours of 32 bits that keep what they are given, the second perhaps */
struct registers {
	uint64_t offset;
	bool both;
};

/* Registers of 32 bits get accesses of 32 bits, whatever the guest makes */
static void check_32_bits(struct __test_metadata *_metadata, struct vdev *vdev,
			  struct registers regs)
{
	uint8_t want[8] = { 0x11, 0x22, 0x33, 0x44 };
	unsigned int pos, len;
	uint8_t bytes[8];
	long long traps;

	ASSERT_EQ(4, vdev_write(vdev, 0, regs.offset, want, 4));
	ASSERT_EQ(4, vdev_read(vdev, 0, regs.offset + 4, want + 4, 4));

	/* Wider: both of them, one after the other */
	traps = vdev_traps(vdev, NULL);
	ASSERT_EQ(8, vdev_read(vdev, 0, regs.offset, bytes, 8));
	EXPECT_EQ(traps + 2, vdev_traps(vdev, NULL));
	EXPECT_EQ(0, memcmp(want, bytes, 8));
	memset(want, 0x77, regs.both ? 8 : 4);
	ASSERT_EQ(8, vdev_write(vdev, 0, regs.offset, want, 8));
	EXPECT_EQ(traps + 4, vdev_traps(vdev, NULL));
	ASSERT_EQ(8, vdev_read(vdev, 0, regs.offset, bytes, 8));
	EXPECT_EQ(0, memcmp(want, bytes, 8));

	/* Narrower: a part of what is read, and nothing is written */
	memcpy(want, "\x51\x62\x73\x84", 4);
	ASSERT_EQ(4, vdev_write(vdev, 0, regs.offset, want, 4));
	for (pos = 0; pos < 4; pos++) {
		for (len = 1; len < 4 && pos + len <= 4; len++) {
			ASSERT_EQ(len, vdev_read(vdev, 0, regs.offset + pos,
						 bytes, len));
			EXPECT_EQ(0, memcmp(want + pos, bytes, len)) {
				TH_LOG("%u bytes at %u", len, pos);
			}
			traps = vdev_traps(vdev, NULL);
			ASSERT_EQ(len, vdev_write(vdev, 0, regs.offset + pos,
						  "\xee\xee\xee\xee", len));
			EXPECT_EQ(traps, vdev_traps(vdev, NULL));
		}
	}
	ASSERT_EQ(4, vdev_read(vdev, 0, regs.offset, bytes, 4));
	EXPECT_EQ(0, memcmp(want, bytes, 4));
	/* What is not aligned has a whole register in it, and parts of others */
	ASSERT_EQ(7, vdev_write(vdev, 0, regs.offset - 3,
				"\xee\xee\xee\x01\x02\x03\x04", 7));
	ASSERT_EQ(4, vdev_read(vdev, 0, regs.offset, bytes, 4));
	EXPECT_EQ(0, memcmp("\x01\x02\x03\x04", bytes, 4));
}

FIXTURE(hw)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(hw)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_HW(hw);

FIXTURE_SETUP(hw)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(hw)
{
	vdev_cleanup(&self->vdev);
}

TEST_F(hw, access_sizes)
{
	/* VFINT_ICR0_ENA and nothing; the upper halves of the rings' addresses */
	struct registers e810 = { 0x5000 }, qat = { QG_UBASE(0), true };

	check_32_bits(_metadata, &self->vdev,
		      strncmp(variant->type, "vqat", 4) ? e810 : qat);
}

/* The software device, when its driver says that its registers have 32 bits */
FIXTURE(bare)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(bare)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(bare);

#define MOCK_BARE	"/sys/kernel/debug/hdiov_mock/bare"
#define MOCK_DRIVER	"/sys/bus/platform/drivers/hdiov_mock"

FIXTURE_SETUP(bare)
{
	const char *why;
	char pf[64];

	if (!pf_find(variant->type, variant->mode, pf, sizeof(pf), &why))
		SKIP(return, "%s: %s", variant->type, why);
	vdev_init(&self->vdev, pf, variant->type, variant->mode);
	ASSERT_EQ(0, file_write(MOCK_DRIVER "/unbind", pf));
	ASSERT_EQ(0, file_write(MOCK_BARE, "1"));
	ASSERT_EQ(0, file_write(MOCK_DRIVER "/bind", pf));
	ASSERT_EQ(0, vdev_create(&self->vdev));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(bare)
{
	if (!self->vdev.pf[0])
		return;
	vdev_cleanup(&self->vdev);
	file_write(MOCK_DRIVER "/unbind", self->vdev.pf);
	file_write(MOCK_BARE, "0");
	file_write(MOCK_DRIVER "/bind", self->vdev.pf);
}

TEST_F(bare, access_sizes)
{
	check_32_bits(_metadata, &self->vdev,
		      (struct registers){ MOCK_SCRATCH, true });
}

/* Its driver does not sort registers: all are counted as one kind */
TEST_F(bare, traps)
{
	long long traps = vdev_traps(&self->vdev, "all");

	ASSERT_LE(0, traps);
	vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID);
	vdev_set32(&self->vdev, MOCK_BAR, MOCK_SCRATCH, 1);
	EXPECT_EQ(traps + 2, vdev_traps(&self->vdev, "all"));
	EXPECT_EQ(traps + 2, vdev_traps(&self->vdev, NULL));
}

/* The registers that only the software device has: they keep what they are given */
FIXTURE(mock)
{
	struct vdev vdev;
	size_t page;
};

FIXTURE_VARIANT(mock)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(mock);

FIXTURE_SETUP(mock)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	self->page = sysconf(_SC_PAGESIZE);
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(mock)
{
	vdev_cleanup(&self->vdev);
}

/* A register that takes all widths gets all, one access for each that is aligned */
TEST_F(mock, access_sizes)
{
	static const unsigned int pieces[8][9] = {
		/* How many there are of 0 to 8 bytes, at offsets from 0 */
		{ 0, 1, 1, 2, 1, 2, 2, 3, 1 },
		{ 0, 1, 2, 2, 3, 3, 4, 3 },
		{ 0, 1, 1, 2, 2, 3, 2 },
		{ 0, 1, 2, 2, 3, 2 },
		{ 0, 1, 1, 2, 1 },
		{ 0, 1, 2, 2 },
		{ 0, 1, 1 },
		{ 0, 1 },
	};
	uint8_t want[8] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
	struct vdev *vdev = &self->vdev;
	unsigned int pos, len, i;
	uint8_t bytes[16];
	long long traps;

	ASSERT_EQ(8, vdev_write(vdev, MOCK_BAR, MOCK_SCRATCH, want, 8));
	for (pos = 0; pos < 8; pos++) {
		for (len = 1; pos + len <= 8; len++) {
			for (i = 0; i < len; i++)
				want[pos + i] += 0x31;
			traps = vdev_traps(vdev, NULL);
			ASSERT_EQ(len, vdev_write(vdev, MOCK_BAR,
						  MOCK_SCRATCH + pos,
						  want + pos, len));
			EXPECT_EQ(traps + pieces[pos][len],
				  vdev_traps(vdev, NULL)) {
				TH_LOG("%u bytes at %u", len, pos);
			}
			ASSERT_EQ(8, vdev_read(vdev, MOCK_BAR, MOCK_SCRATCH,
					       bytes, 8));
			EXPECT_EQ(0, memcmp(want, bytes, 8));

			traps = vdev_traps(vdev, NULL);
			ASSERT_EQ(len, vdev_read(vdev, MOCK_BAR,
						 MOCK_SCRATCH + pos, bytes,
						 len));
			EXPECT_EQ(traps + pieces[pos][len],
				  vdev_traps(vdev, NULL));
			EXPECT_EQ(0, memcmp(want + pos, bytes, len));
		}
	}

	/* Beyond it there are others, which take 4 bytes only */
	ASSERT_EQ(16, vdev_read(vdev, MOCK_BAR, MOCK_SCRATCH - 4, bytes, 16));
	EXPECT_EQ(self->page, le32toh(*(uint32_t *)bytes));
	EXPECT_EQ(0, memcmp(want, bytes + 4, 8));
	ASSERT_EQ(8, vdev_read(vdev, MOCK_BAR, MOCK_ID, bytes, 8));
	EXPECT_EQ(0, *(uint64_t *)bytes);

	vdev_enable(vdev, false);
	for (len = 1; len <= 8; len++) {
		memset(bytes, 0, sizeof(bytes));
		ASSERT_EQ(len, vdev_read(vdev, MOCK_BAR, MOCK_SCRATCH, bytes,
					 len));
		for (i = 0; i < 8; i++)
			EXPECT_EQ(i < len ? 0xff : 0, bytes[i]);
	}
}

TEST_F(mock, doorbell)
{
	uint64_t db;
	volatile uint32_t *map;
	long long traps;

	db = mock_db_offset(&self->vdev, 0);
	map = vdev_mmap(&self->vdev, MOCK_BAR, db, self->page);
	ASSERT_NE(MAP_FAILED, map);
	traps = vdev_traps(&self->vdev, "doorbell");
	EXPECT_EQ(0, traps);
	map[MOCK_DB_TAIL / 4] = 17;
	EXPECT_EQ(17, map[MOCK_DB_TAIL / 4]);
	EXPECT_EQ(0, vdev_traps(&self->vdev, "doorbell"));

	/* Users that do not map reach the same register */
	EXPECT_EQ(17, vdev_get32(&self->vdev, MOCK_BAR, db + MOCK_DB_TAIL));
	EXPECT_EQ(1, vdev_traps(&self->vdev, "doorbell"));

	/* Memory space off: an inert page in its place, and no SIGBUS */
	vdev_enable(&self->vdev, false);
	EXPECT_NE(17, map[MOCK_DB_TAIL / 4]);
	map[MOCK_DB_TAIL / 4] = 42;
	vdev_enable(&self->vdev, true);
	EXPECT_EQ(17, map[MOCK_DB_TAIL / 4]);

	/* Reset: the mapping stays and shows what is there now */
	ASSERT_EQ(0, vdev_reset(&self->vdev));
	EXPECT_EQ(0, map[MOCK_DB_TAIL / 4]);
	map[MOCK_DB_TAIL / 4] = 3;
	EXPECT_EQ(3, vdev_get32(&self->vdev, MOCK_BAR, db + MOCK_DB_TAIL));
	munmap((void *)map, self->page);
}

/* A page of one VDEV is not that of another */
TEST_F(mock, private_pages)
{
	volatile uint32_t *a, *b;
	struct vdev other;
	uint64_t db;

	vdev_init(&other, self->vdev.pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&other));
	ASSERT_EQ(0, vdev_open(&other));
	vdev_enable(&other, true);
	db = mock_db_offset(&other, 0);
	a = vdev_mmap(&self->vdev, MOCK_BAR, db, self->page);
	b = vdev_mmap(&other, MOCK_BAR, db, self->page);
	ASSERT_NE(MAP_FAILED, a);
	ASSERT_NE(MAP_FAILED, b);
	a[5] = 0x1111;
	EXPECT_EQ(0, b[5]);
	b[5] = 0x2222;
	EXPECT_EQ(0x1111, a[5]);

	/* Nor do they share the page that stands in */
	vdev_enable(&self->vdev, false);
	vdev_enable(&other, false);
	a[6] = 0x3333;
	EXPECT_EQ(0, b[6]);
	munmap((void *)a, self->page);
	munmap((void *)b, self->page);
	vdev_cleanup(&other);
}

TEST_HARNESS_MAIN
