// SPDX-License-Identifier: GPL-2.0-only
/* The configuration space of a VDEV is that of a PCI Express endpoint */
#include "kselftest_harness.h"

#include <linux/pci_regs.h>

#include "mock_guest.h"
#include "vdev.h"

#define CFG	VFIO_PCI_CONFIG_REGION_INDEX

FIXTURE(config)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(config)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(config);

FIXTURE_SETUP(config)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
}

FIXTURE_TEARDOWN(config)
{
	vdev_cleanup(&self->vdev);
}

TEST_F(config, identity)
{
	static const struct {
		const char *kind;
		uint16_t vendor, device;
		uint32_t class_code;
	} ids[] = {
		{ "dma-", MOCK_VENDOR_ID, MOCK_DEVICE_ID, MOCK_CLASS_CODE },
		{ "avf-", 0x8086, 0x1889, 0x020000 },
		{ "vdcm-", 0x8086, 0x0dd5, 0x020000 },
		{ "vqat_", 0x8086, 0x0da5, 0x0b4000 },
	};
	struct vfio_region_info info;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		if (strncmp(variant->type, ids[i].kind, strlen(ids[i].kind)))
			continue;
		EXPECT_EQ(ids[i].vendor,
			  cfg_get(&self->vdev, PCI_VENDOR_ID, 2));
		EXPECT_EQ(ids[i].device,
			  cfg_get(&self->vdev, PCI_DEVICE_ID, 2));
		EXPECT_EQ(ids[i].class_code,
			  cfg_get(&self->vdev, PCI_CLASS_REVISION, 4) >> 8);
		break;
	}
	EXPECT_LT(i, ARRAY_SIZE(ids));
	EXPECT_EQ(PCI_HEADER_TYPE_NORMAL,
		  cfg_get(&self->vdev, PCI_HEADER_TYPE, 1));
	EXPECT_TRUE(cfg_get(&self->vdev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);

	ASSERT_EQ(0, vdev_region(&self->vdev, CFG, &info));
	EXPECT_EQ(PCI_CFG_SPACE_EXP_SIZE, info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
		  info.flags);
}

TEST_F(config, command)
{
	uint32_t cmd;

	EXPECT_EQ(0, cfg_get(&self->vdev, PCI_COMMAND, 2) &
		     (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
	cfg_set(&self->vdev, PCI_COMMAND, 2, 0xffff);
	cmd = cfg_get(&self->vdev, PCI_COMMAND, 2);
	EXPECT_TRUE(cmd & PCI_COMMAND_MEMORY);
	EXPECT_TRUE(cmd & PCI_COMMAND_MASTER);
	/* No I/O space, no fast back-to-back on PCI Express, reserved bits */
	EXPECT_FALSE(cmd & (PCI_COMMAND_IO | PCI_COMMAND_FAST_BACK | 0xf800));
	cfg_set(&self->vdev, PCI_COMMAND, 1, PCI_COMMAND_MEMORY);
	EXPECT_EQ(PCI_COMMAND_MEMORY, cfg_get(&self->vdev, PCI_COMMAND, 1));
	cfg_set(&self->vdev, PCI_COMMAND, 2, 0);
	EXPECT_EQ(0, cfg_get(&self->vdev, PCI_COMMAND, 2));
}

TEST_F(config, bars)
{
	struct vfio_region_info info;
	unsigned int i, reg;
	uint64_t size;
	uint32_t lo;

	for (i = 0; i < 6; i++) {
		reg = PCI_BASE_ADDRESS_0 + 4 * i;
		ASSERT_EQ(0, vdev_region(&self->vdev, i, &info));
		cfg_set(&self->vdev, reg, 4, ~0U);
		lo = cfg_get(&self->vdev, reg, 4);
		if (!lo) {
			EXPECT_EQ(0, info.size);
			continue;
		}
		EXPECT_FALSE(lo & PCI_BASE_ADDRESS_SPACE_IO);
		size = lo & PCI_BASE_ADDRESS_MEM_MASK;
		if (lo & PCI_BASE_ADDRESS_MEM_TYPE_64) {
			cfg_set(&self->vdev, reg + 4, 4, ~0U);
			size |= (uint64_t)cfg_get(&self->vdev, reg + 4, 4) << 32;
		} else {
			size |= ~0ULL << 32;
		}
		EXPECT_EQ(info.size, -size);

		/* An address keeps what is above the size, and the flags */
		cfg_set(&self->vdev, reg, 4, 0xfedc0000 | (uint32_t)info.size);
		EXPECT_EQ((0xfedc0000 | (uint32_t)info.size) & (uint32_t)size,
			  cfg_get(&self->vdev, reg, 4) &
			  PCI_BASE_ADDRESS_MEM_MASK);
		EXPECT_EQ(lo & ~PCI_BASE_ADDRESS_MEM_MASK,
			  cfg_get(&self->vdev, reg, 4) &
			  ~PCI_BASE_ADDRESS_MEM_MASK);
		if (lo & PCI_BASE_ADDRESS_MEM_TYPE_64) {
			ASSERT_EQ(0, vdev_region(&self->vdev, ++i, &info));
			EXPECT_EQ(0, info.size);
		}
	}
}

TEST_F(config, msix)
{
	unsigned int cap = cfg_cap(&self->vdev, PCI_CAP_ID_MSIX);
	struct vfio_region_info info;
	uint32_t table, pba, ctl;
	unsigned int num;

	ASSERT_NE(0, cap);
	ctl = cfg_get(&self->vdev, cap + PCI_MSIX_FLAGS, 2);
	num = (ctl & PCI_MSIX_FLAGS_QSIZE) + 1;
	EXPECT_EQ(vdev_vectors(&self->vdev), num);
	EXPECT_FALSE(ctl & PCI_MSIX_FLAGS_ENABLE);

	cfg_set(&self->vdev, cap + PCI_MSIX_FLAGS, 2, 0xffff);
	EXPECT_EQ((num - 1) | PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL,
		  cfg_get(&self->vdev, cap + PCI_MSIX_FLAGS, 2));

	table = cfg_get(&self->vdev, cap + PCI_MSIX_TABLE, 4);
	pba = cfg_get(&self->vdev, cap + PCI_MSIX_PBA, 4);
	ASSERT_EQ(0, vdev_region(&self->vdev, table & PCI_MSIX_TABLE_BIR,
				 &info));
	EXPECT_LE((table & PCI_MSIX_TABLE_OFFSET) + num * PCI_MSIX_ENTRY_SIZE,
		  info.size);
	ASSERT_EQ(0, vdev_region(&self->vdev, pba & PCI_MSIX_PBA_BIR, &info));
	EXPECT_LT(pba & PCI_MSIX_PBA_OFFSET, info.size);

	/* The table is there, it can be written, and means nothing */
	vdev_enable(&self->vdev, true);
	vdev_set32(&self->vdev, table & PCI_MSIX_TABLE_BIR,
		   (table & PCI_MSIX_TABLE_OFFSET) + 8, 0x12345678);
	EXPECT_EQ(0x12345678,
		  vdev_get32(&self->vdev, table & PCI_MSIX_TABLE_BIR,
			     (table & PCI_MSIX_TABLE_OFFSET) + 8));
	EXPECT_EQ(0, vdev_get32(&self->vdev, pba & PCI_MSIX_PBA_BIR,
				pba & PCI_MSIX_PBA_OFFSET));

	/* It is memory space as all the rest: gone without that, and kept */
	vdev_enable(&self->vdev, false);
	EXPECT_EQ(~0U, vdev_get32(&self->vdev, table & PCI_MSIX_TABLE_BIR,
				  (table & PCI_MSIX_TABLE_OFFSET) + 8));
	EXPECT_EQ(~0U, vdev_get32(&self->vdev, pba & PCI_MSIX_PBA_BIR,
				  pba & PCI_MSIX_PBA_OFFSET));
	vdev_set32(&self->vdev, table & PCI_MSIX_TABLE_BIR,
		   (table & PCI_MSIX_TABLE_OFFSET) + 8, 0);
	vdev_enable(&self->vdev, true);
	EXPECT_EQ(0x12345678,
		  vdev_get32(&self->vdev, table & PCI_MSIX_TABLE_BIR,
			     (table & PCI_MSIX_TABLE_OFFSET) + 8));
}

TEST_F(config, express)
{
	unsigned int cap = cfg_cap(&self->vdev, PCI_CAP_ID_EXP);

	ASSERT_NE(0, cap);
	EXPECT_EQ(2, cfg_get(&self->vdev, cap + PCI_EXP_FLAGS, 2) &
		     PCI_EXP_FLAGS_VERS);
	EXPECT_TRUE(cfg_get(&self->vdev, cap + PCI_EXP_DEVCAP, 4) &
		    PCI_EXP_DEVCAP_FLR);
	vdev_enable(&self->vdev, true);
	/* The bit that resets reads as zero */
	vdev_flr(&self->vdev);
	EXPECT_FALSE(cfg_get(&self->vdev, cap + PCI_EXP_DEVCTL, 2) &
		     PCI_EXP_DEVCTL_BCR_FLR);
	EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
}

/* What a driver may not change stays, whatever is written, in any size */
TEST_F(config, read_only)
{
	static const uint8_t ro[][2] = {
		{ PCI_VENDOR_ID, 4 }, { PCI_CLASS_REVISION, 4 },
		{ PCI_HEADER_TYPE, 1 }, { PCI_CARDBUS_CIS, 4 },
		{ PCI_SUBSYSTEM_VENDOR_ID, 4 }, { PCI_CAPABILITY_LIST, 1 },
		{ PCI_INTERRUPT_PIN, 1 }, { PCI_ROM_ADDRESS, 4 },
	};
	uint8_t before[256], after[256], ones[256];
	unsigned int i, n;

	ASSERT_EQ(256, vdev_read(&self->vdev, CFG, 0, before, 256));
	memset(ones, 0xff, sizeof(ones));
	for (n = 1; n <= 4; n *= 2)
		for (i = 0; i < 256; i += n)
			ASSERT_EQ(n, vdev_write(&self->vdev, CFG, i, ones, n));
	ASSERT_EQ(256, vdev_read(&self->vdev, CFG, 0, after, 256));
	for (i = 0; i < ARRAY_SIZE(ro); i++) {
		EXPECT_EQ(0, memcmp(before + ro[i][0], after + ro[i][0],
				    ro[i][1])) {
			TH_LOG("offset %#x", ro[i][0]);
		}
	}

	/* No bit that was set goes away by writing zeros to read-only fields */
	memset(ones, 0, sizeof(ones));
	ASSERT_EQ(256, vdev_write(&self->vdev, CFG, 0, ones, 256));
	ASSERT_EQ(256, vdev_read(&self->vdev, CFG, 0, after, 256));
	EXPECT_EQ(0, memcmp(before, after, 256));
}

TEST_F(config, access_sizes)
{
	uint8_t whole[256], part[256];
	unsigned int pos, len;

	ASSERT_EQ(256, vdev_read(&self->vdev, CFG, 0, whole, 256));
	for (pos = 0; pos < 256; pos += 3) {
		for (len = 1; len <= 9 && pos + len <= 256; len++) {
			ASSERT_EQ(len, vdev_read(&self->vdev, CFG, pos, part,
						 len));
			ASSERT_EQ(0, memcmp(whole + pos, part, len));
		}
	}
	/* A write across registers has its effect on each */
	cfg_set(&self->vdev, PCI_CACHE_LINE_SIZE, 1, 0);
	ASSERT_EQ(2, vdev_write(&self->vdev, CFG, PCI_CACHE_LINE_SIZE - 1,
				"\x55\x66", 2));
	EXPECT_EQ(0x66, cfg_get(&self->vdev, PCI_CACHE_LINE_SIZE, 1));

	/* Over the end: what there is; beyond it: an error */
	EXPECT_EQ(2, vdev_read(&self->vdev, CFG, 4094, part, 4));
	EXPECT_EQ(2, vdev_write(&self->vdev, CFG, 4094, part, 4));
	EXPECT_EQ(-EINVAL, vdev_read(&self->vdev, CFG, 4096, part, 4));
	EXPECT_EQ(-EINVAL, vdev_write(&self->vdev, CFG, 4096, part, 4));
	EXPECT_EQ(-EFAULT, vdev_read(&self->vdev, CFG, 0, (void *)8, 4));
	EXPECT_EQ(-EFAULT, vdev_write(&self->vdev, CFG, 0, (void *)8, 4));
	EXPECT_EQ(0, vdev_read(&self->vdev, CFG, 0, part, 0));
}

/* Extended space: the serial number, and then nothing, whatever is written */
TEST_F(config, extended)
{
	uint8_t whole[4096], part[64], ones[4096];
	struct vdev *vdev = &self->vdev;
	unsigned int pos, len;

	ASSERT_EQ(4096, vdev_read(vdev, CFG, 0, whole, 4096));
	EXPECT_EQ(PCI_EXT_CAP_ID_DSN | 1 << 16, cfg_get(vdev, 256, 4));
	for (pos = 256 + 12; pos < 4096; pos++)
		ASSERT_EQ(0, whole[pos]);

	memset(ones, 0xff, sizeof(ones));
	ASSERT_EQ(3840, vdev_write(vdev, CFG, 256, ones, 3840));
	for (pos = 240; pos < 300; pos++) {
		for (len = 1; len <= 40; len++) {
			if (pos >= 256) {
				ASSERT_EQ(len, vdev_write(vdev, CFG, pos, ones,
							  len));
			}
			memset(part, 0xee, sizeof(part));
			ASSERT_EQ(len, vdev_read(vdev, CFG, pos, part, len));
			ASSERT_EQ(0, memcmp(whole + pos, part, len)) {
				TH_LOG("%u bytes at %u", len, pos);
			}
			ASSERT_EQ(0xee, part[len]);
		}
	}
	/* A write from one part to the other does what it does in the first */
	cfg_set(vdev, PCI_CACHE_LINE_SIZE, 1, 0);
	whole[PCI_CACHE_LINE_SIZE] = 0x42;
	ASSERT_EQ(4096 - PCI_CACHE_LINE_SIZE,
		  vdev_write(vdev, CFG, PCI_CACHE_LINE_SIZE,
			     whole + PCI_CACHE_LINE_SIZE,
			     4096 - PCI_CACHE_LINE_SIZE));
	EXPECT_EQ(0x42, cfg_get(vdev, PCI_CACHE_LINE_SIZE, 1));
	EXPECT_EQ(-EFAULT, vdev_read(vdev, CFG, 2048, (void *)8, 4));
}

static uint64_t serial(struct vdev *vdev)
{
	return cfg_get(vdev, 256 + 4, 4) |
	       (uint64_t)cfg_get(vdev, 256 + 8, 4) << 32;
}

/* Its own, and for ever: made again by the same name, it has the same */
TEST_F(config, serial_number)
{
	struct vdev other, *vdev = &self->vdev;
	uint64_t mine = serial(vdev);

	/* Locally administered, of a single device */
	EXPECT_EQ(2, mine >> 56 & 3);
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_EQ(mine, serial(vdev));
	vdev_close(vdev);
	ASSERT_EQ(0, vdev_remove(vdev));

	vdev_init(&other, vdev->pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&other));
	ASSERT_EQ(0, vdev_open(&other));
	EXPECT_NE(mine, serial(&other));
	vdev_cleanup(&other);

	ASSERT_EQ(0, vdev_create(vdev));
	ASSERT_EQ(0, vdev_open(vdev));
	EXPECT_EQ(mine, serial(vdev));
}

/* Another's can be given to it, for a guest that comes with that */
TEST_F(config, chosen_serial_number)
{
	static const char * const bad[] = {
		"\n", "01-23-45-67-89-ab-cd", "01-23-45-67-89-ab-cd-",
		"01-23-45-67-89-ab-cd-e", "01-23-45-67-89-ab-cd-efg",
		"01-23-45-67-89-ab-cd-ef-", "01:23:45:67:89:ab:cd:ef",
		"0123456789abcdef", "01-23-45-67-89-ab-cd-0x",
	};
	struct vdev *vdev = &self->vdev;
	char path[512], was[64], now[64];
	unsigned int i;

	vdev_path(vdev, "serial_number", path, sizeof(path));
	ASSERT_LE(0, file_read(path, was, sizeof(was)));
	EXPECT_EQ(-EBUSY, file_write(path, "01-23-45-67-89-ab-cd-ef"));
	vdev_close(vdev);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_GT(0, file_write(path, bad[i])) {
			TH_LOG("%s", bad[i]);
		}
	}
	ASSERT_LE(0, file_read(path, now, sizeof(now)));
	EXPECT_STREQ(was, now);

	EXPECT_EQ(0, file_write(path, "01-23-45-67-89-AB-cd-ef\n"));
	ASSERT_LE(0, file_read(path, now, sizeof(now)));
	EXPECT_EQ(0, strncmp(now, "01-23-45-67-89-ab-cd-ef", 23));
	ASSERT_EQ(0, vdev_open(vdev));
	EXPECT_EQ(0x0123456789abcdef, serial(vdev));
}

/* Without memory space a device does not answer */
TEST_F(config, memory_disabled)
{
	vdev_enable(&self->vdev, true);
	if (is_mock(&self->vdev))
		EXPECT_EQ(MOCK_ID_VALUE,
			  vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));
	vdev_enable(&self->vdev, false);
	EXPECT_EQ(~0U, vdev_get32(&self->vdev, 0, 0));
	vdev_set32(&self->vdev, 0, is_mock(&self->vdev) ? MOCK_SCRATCH : 0, 5);
	vdev_enable(&self->vdev, true);
	if (is_mock(&self->vdev))
		EXPECT_EQ(0, vdev_get32(&self->vdev, MOCK_BAR, MOCK_SCRATCH));
}

/* The next user of the VDEV finds it as the first did */
TEST_F(config, next_user)
{
	uint8_t before[256], after[256];
	unsigned int i;

	ASSERT_EQ(256, vdev_read(&self->vdev, CFG, 0, before, 256));
	for (i = 0; i < 256; i++)
		vdev_write(&self->vdev, CFG, i, "\xff", 1);
	vdev_close(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	ASSERT_EQ(256, vdev_read(&self->vdev, CFG, 0, after, 256));
	EXPECT_EQ(0, memcmp(before, after, 256));
}

TEST_HARNESS_MAIN
