// SPDX-License-Identifier: GPL-2.0-only
/* VDEVs come and go, one by one and all at once, and nothing stays behind */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "vdev.h"

#define MANY	1024

/* What a PF has given out, to compare before and after */
struct resources {
	long long vdevs, pasids, messages;
	int available;
};

static struct resources resources(const char *pf, const char *type)
{
	return (struct resources) {
		.vdevs = pf_resource(pf, "vdevs"),
		.pasids = pf_resource(pf, "pasids"),
		.messages = pf_resource(pf, "interrupt_messages"),
		.available = pf_available(pf, type),
	};
}

static bool same(struct resources a, struct resources b)
{
	return a.vdevs == b.vdevs && a.pasids == b.pasids &&
	       a.messages == b.messages && a.available == b.available;
}

/* Every type of a PF, without a way of opening it */
FIXTURE(types)
{
	struct vdev vdev;
	struct resources before;
};

FIXTURE_VARIANT(types)
{
	const char *type;
};

FIXTURE_VARIANT_ADD(types, dma_1) { .type = "dma-1" };
FIXTURE_VARIANT_ADD(types, dma_4) { .type = "dma-4" };
FIXTURE_VARIANT_ADD(types, avf_1) { .type = "avf-1" };
FIXTURE_VARIANT_ADD(types, avf_4) { .type = "avf-4" };
FIXTURE_VARIANT_ADD(types, avf_16) { .type = "avf-16" };
FIXTURE_VARIANT_ADD(types, vdcm_1) { .type = "vdcm-1" };
FIXTURE_VARIANT_ADD(types, vdcm_4) { .type = "vdcm-4" };
FIXTURE_VARIANT_ADD(types, vdcm_16) { .type = "vdcm-16" };
FIXTURE_VARIANT_ADD(types, vqat_sym) { .type = "vqat_sym" };
FIXTURE_VARIANT_ADD(types, vqat_asym) { .type = "vqat_asym" };
FIXTURE_VARIANT_ADD(types, vqat_dc) { .type = "vqat_dc" };

FIXTURE_SETUP(types)
{
	const char *why;
	char pf[64];

	if (!pf_find(variant->type, VDEV_CONTAINER, pf, sizeof(pf), &why))
		SKIP(return, "%s: %s", variant->type, why);
	vdev_init(&self->vdev, pf, variant->type, VDEV_CONTAINER);
	self->before = resources(pf, variant->type);
	ASSERT_LE(0, self->before.vdevs);
	ASSERT_LT(0, self->before.available);
}

FIXTURE_TEARDOWN(types)
{
	vdev_cleanup(&self->vdev);
	if (self->vdev.uuid[0])
		EXPECT_TRUE(same(self->before, resources(self->vdev.pf,
							 variant->type)));
}

TEST_F(types, create_remove)
{
	char path[PATH_MAX], link[PATH_MAX], *name;
	struct vdev *vdev = &self->vdev;
	struct resources now;
	unsigned int i;
	ssize_t len;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, vdev_create(vdev));
		ASSERT_TRUE(vdev_exists(vdev));
		now = resources(vdev->pf, variant->type);
		EXPECT_EQ(self->before.vdevs + 1, now.vdevs);
		EXPECT_EQ(self->before.available - 1, now.available);
		EXPECT_EQ(self->before.pasids, now.pasids);
		EXPECT_EQ(self->before.messages, now.messages);
		EXPECT_TRUE(vdev_in_state(vdev, "idle"));

		len = readlink(vdev_path(vdev, "mdev_type", path, sizeof(path)),
			       link, sizeof(link) - 1);
		ASSERT_LT(0, len);
		link[len] = 0;
		/* The driver's name, a dash, the type's */
		name = strchr(strrchr(link, '/'), '-');
		ASSERT_NE(NULL, name);
		EXPECT_STREQ(variant->type, name + 1);
		EXPECT_TRUE(file_exists(vdev_path(vdev, "iommu_group", path,
						  sizeof(path))));

		ASSERT_EQ(0, vdev_remove(vdev));
		EXPECT_FALSE(vdev_exists(vdev));
		EXPECT_TRUE(same(self->before,
				 resources(vdev->pf, variant->type)));
	}
}

TEST_F(types, bad_names)
{
	static const char * const bad[] = {
		"x", "6864696f-7600-4000-8000-00000000000",
		"6864696f-7600-4000-8000-00000000000g",
		"6864696f-7600-4000-8000-00000000000000",
		"6864696f_7600_4000_8000_000000000000",
		"../../../../../../../../../../../../",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, vdev_create_named(self->vdev.pf,
						     variant->type, bad[i])) {
			TH_LOG("name %s", bad[i]);
		}
	}
}

TEST_F(types, same_name)
{
	ASSERT_EQ(0, vdev_create(&self->vdev));
	EXPECT_EQ(-EEXIST, vdev_create(&self->vdev));
	EXPECT_EQ(self->before.available - 1,
		  pf_available(self->vdev.pf, variant->type));
}

/*
 * In the fixtures below: a VDEV of the variant, another that is not created, and
 * what their PF has given out before, which it must have back in the end
 */
#define PAIR_SETUP()							\
	do {								\
		const char *why;					\
									\
		if (!pf_find(variant->type, variant->mode, self->pf,	\
			     sizeof(self->pf), &why))			\
			SKIP(return, "%s: %s", variant->type, why);	\
		vdev_init(&self->vdev, self->pf, variant->type,		\
			  variant->mode);				\
		vdev_init(&self->other, self->pf, variant->type,	\
			  variant->mode);				\
		self->before = resources(self->pf, variant->type);	\
		ASSERT_EQ(0, vdev_create(&self->vdev));			\
	} while (0)

#define PAIR_TEARDOWN()							\
	do {								\
		vdev_cleanup(&self->vdev);				\
		vdev_cleanup(&self->other);				\
		if (self->pf[0])					\
			EXPECT_TRUE(same(self->before,			\
					 resources(self->pf,		\
						   variant->type)));	\
	} while (0)

FIXTURE(vdev)
{
	struct vdev vdev;
	struct vdev other;
	struct resources before;
	char pf[64];
};

FIXTURE_VARIANT(vdev)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(vdev);

FIXTURE_SETUP(vdev)
{
	PAIR_SETUP();
}

FIXTURE_TEARDOWN(vdev)
{
	PAIR_TEARDOWN();
}

TEST_F(vdev, open_close)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, vdev_open(&self->vdev));
		vdev_enable(&self->vdev, true);
		EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
		EXPECT_LT(0, vdev_state(&self->vdev, "pasid"));
		EXPECT_EQ(self->before.pasids + 1,
			  pf_resource(self->pf, "pasids"));
		vdev_close(&self->vdev);
		EXPECT_TRUE(vdev_in_state(&self->vdev, "idle"));
		EXPECT_EQ(self->before.pasids, pf_resource(self->pf, "pasids"));
	}
}

TEST_F(vdev, open_twice)
{
	struct vdev second = self->vdev;

	ASSERT_EQ(0, vdev_open(&self->vdev));
	/* The group is taken; of a cdev only the first open file can bind */
	EXPECT_EQ(variant->mode == VDEV_IOMMUFD ? -EINVAL : -EBUSY,
		  vdev_open(&second));
	vdev_enable(&self->vdev, true);
	EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
}

/* By its group a VDEV is opened by name: its own, and that of a PCI device */
FIXTURE(named)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(named)
{
	const char *type;
	enum vdev_mode mode;
};

FIXTURE_VARIANT_ADD(named, container_dma_1) {
	.type = "dma-1", .mode = VDEV_CONTAINER
};

FIXTURE_VARIANT_ADD(named, container_vdcm_4) {
	.type = "vdcm-4", .mode = VDEV_CONTAINER
};

FIXTURE_VARIANT_ADD(named, container_vqat_sym) {
	.type = "vqat_sym", .mode = VDEV_CONTAINER
};

FIXTURE_SETUP(named)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_remove(&self->vdev));
}

FIXTURE_TEARDOWN(named)
{
	vdev_cleanup(&self->vdev);
}

static int open_by(struct vdev *vdev, const char *name)
{
	int ret;

	ret = vdev_open_detached(vdev);
	if (ret)
		return ret;
	vdev->fd = ioctl(vdev->group, VFIO_GROUP_GET_DEVICE_FD, name);
	ret = vdev->fd < 0 ? -errno : 0;
	vdev_close(vdev);
	return ret;
}

TEST_F(named, names)
{
	/* As Linux and DPDK write domains: four digits or more */
	static const struct {
		const char *begin, *name;
	} names[] = {
		{ "6864696f", "6864696f:00:00.0" },
		{ "ffffffff", "ffffffff:00:00.0" },
		{ "000a1b2c", "a1b2c:00:00.0" },
		{ "00000012", "0012:00:00.0" },
		{ "00000000", "0000:00:00.0" },
	};
	static const char *const bad[] = {
		"", "6864696f", "6864696f:00:00.1", "6864696f:00:01.0",
		"6864696f:01:00.0", "06864696f:00:00.0", "6864696e:00:00.0",
		"6864696f:00:00.0 ", "6864696f:00:00.0 vf_token=0",
		"6864696F:00:00.0", "0000:00:00.0",
		"6864696f-7600-4000-8000-000000000000",
	};
	char uuid[VDEV_UUID_LEN + 2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		memcpy(self->vdev.uuid, names[i].begin, 8);
		ASSERT_EQ(0, vdev_create(&self->vdev));
		EXPECT_EQ(0, open_by(&self->vdev, self->vdev.uuid));
		EXPECT_EQ(0, open_by(&self->vdev, names[i].name)) {
			TH_LOG("%s by %s", self->vdev.uuid, names[i].name);
		}
		EXPECT_EQ(-ENODEV, open_by(&self->vdev,
					   names[(i + 1) % ARRAY_SIZE(names)].name));
		EXPECT_TRUE(vdev_in_state(&self->vdev, "idle"));
		ASSERT_EQ(0, vdev_remove(&self->vdev));
	}

	memcpy(self->vdev.uuid, names[0].begin, 8);
	ASSERT_EQ(0, vdev_create(&self->vdev));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-ENODEV, open_by(&self->vdev, bad[i])) {
			TH_LOG("%s", bad[i]);
		}
	snprintf(uuid, sizeof(uuid), "%s0", self->vdev.uuid);
	EXPECT_EQ(-ENODEV, open_by(&self->vdev, uuid));
	uuid[VDEV_UUID_LEN - 1] = 0;
	EXPECT_EQ(-ENODEV, open_by(&self->vdev, uuid));
	EXPECT_EQ(0, open_by(&self->vdev, self->vdev.uuid));
}

/*
 * A VDEV has those of the PF's reserved regions that concern all DMA. What
 * firmware wants mapped 1:1 is for the PF alone, so these addresses are free.
 */
TEST_F(vdev, reserved_regions)
{
	char pf[4096] = "", vdev[4096], expected[4096] = "";
	const char *rmrr = getenv("HDIOV_RMRR");
	char *line, *save, type[32], module[64];
	char path[PATH_MAX];
	uint64_t start, end;
	bool direct = false;
	void *page;

	/* The software device has no IOMMU */
	file_read(pf_path(self->pf, "iommu_group/reserved_regions", path,
			  sizeof(path)), pf, sizeof(pf));
	ASSERT_LE(0, file_read(vdev_path(&self->vdev,
					 "iommu_group/reserved_regions", path,
					 sizeof(path)), vdev, sizeof(vdev)));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	page = dma_alloc(4096);

	for (line = strtok_r(pf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		ASSERT_TRUE(sscanf(line, "%" SCNx64 " %" SCNx64 " %31s",
				   &start, &end, type) == 3);
		if (!strcmp(type, "msi") || !strcmp(type, "reserved")) {
			strcat(strcat(expected, line), "\n");
			EXPECT_GT(0, vdev_map(&self->vdev, start, page, 4096,
					      true));
		} else {
			direct |= !strcmp(type, "direct");
			EXPECT_EQ(0, vdev_map(&self->vdev, start, page, 4096,
					      true));
		}
	}
	EXPECT_STREQ(expected, vdev);

	/* The driver whose PF has some for certain */
	ASSERT_EQ(0, pf_module(self->pf, module, sizeof(module)));
	if (rmrr && !strcmp(rmrr, module))
		EXPECT_TRUE(direct);
}

static void *remover(void *vdev)
{
	return (void *)(intptr_t)vdev_remove(vdev);
}

TEST_F(vdev, remove_while_open)
{
	pthread_t thread;
	int32_t efd;
	void *ret;

	ASSERT_EQ(0, vdev_open(&self->vdev));
	efd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, efd);
	ASSERT_EQ(0, vdev_set_irqs(&self->vdev, VFIO_PCI_REQ_IRQ_INDEX,
				   VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, &efd, 4));
	ASSERT_EQ(0, pthread_create(&thread, NULL, remover, &self->vdev));

	EXPECT_LT(0, event_wait(efd, 20000));
	/* It waits for us, and all that we have still works */
	EXPECT_EQ(EBUSY, pthread_tryjoin_np(thread, &ret));
	vdev_enable(&self->vdev, true);
	EXPECT_EQ(0, vdev_reset(&self->vdev));
	vdev_close(&self->vdev);
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(0, (intptr_t)ret);
	EXPECT_FALSE(vdev_exists(&self->vdev));
	close(efd);
}

static int unload(const char *module)
{
	return syscall(__NR_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

TEST_F(vdev, unload_while_open)
{
	char module[64];

	ASSERT_EQ(0, pf_module(self->pf, module, sizeof(module)));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	EXPECT_EQ(-EWOULDBLOCK, unload(module));
	EXPECT_EQ(-EWOULDBLOCK, unload("hdiov"));
	vdev_enable(&self->vdev, true);
	EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
}

/* Open without ever having got an address space, which only iommufd allows */
FIXTURE(detached)
{
	struct vdev vdev;
	struct vdev other;
	struct resources before;
	char pf[64];
};

FIXTURE_VARIANT(detached)
{
	const char *type;
	enum vdev_mode mode;
};

FIXTURE_VARIANT_ADD(detached, iommufd_dma_1) {
	.type = "dma-1", .mode = VDEV_IOMMUFD
};

FIXTURE_VARIANT_ADD(detached, iommufd_dma_4) {
	.type = "dma-4", .mode = VDEV_IOMMUFD
};

FIXTURE_VARIANT_ADD(detached, iommufd_avf_1) {
	.type = "avf-1", .mode = VDEV_IOMMUFD
};

FIXTURE_VARIANT_ADD(detached, iommufd_vdcm_4) {
	.type = "vdcm-4", .mode = VDEV_IOMMUFD
};

FIXTURE_VARIANT_ADD(detached, iommufd_vqat_sym) {
	.type = "vqat_sym", .mode = VDEV_IOMMUFD
};

FIXTURE_SETUP(detached)
{
	PAIR_SETUP();
}

FIXTURE_TEARDOWN(detached)
{
	PAIR_TEARDOWN();
}

TEST_F(detached, open_close)
{
	uint32_t value;

	ASSERT_EQ(0, vdev_open_detached(&self->vdev));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "idle"));
	vdev_enable(&self->vdev, true);
	value = vdev_get32(&self->vdev, 0, 0);
	EXPECT_EQ(~0U, value);
	EXPECT_EQ(0, vdev_reset(&self->vdev));
	vdev_close(&self->vdev);
}

/* The software device, which does wrong when told to */
FIXTURE(mock)
{
	struct vdev vdev;
	struct vdev other;
	struct resources before;
	char pf[64];
};

FIXTURE_VARIANT(mock)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(mock);

FIXTURE_SETUP(mock)
{
	PAIR_SETUP();
}

FIXTURE_TEARDOWN(mock)
{
	PAIR_TEARDOWN();
}

static void *closer(void *vdev)
{
	vdev_close(vdev);
	return NULL;
}

/* A VDEV whose hardware takes its time to stop delays no other */
TEST_F(mock, slow_neighbour)
{
	pthread_t thread;

	ASSERT_EQ(0, vdev_open(&self->vdev));
	ASSERT_EQ(0, mock_tell(self->pf, "drain_ms", 3000));
	ASSERT_EQ(0, pthread_create(&thread, NULL, closer, &self->vdev));
	msleep(300);
	ASSERT_EQ(0, mock_tell(self->pf, "drain_ms", 0));

	ASSERT_EQ(0, vdev_create(&self->other));
	ASSERT_EQ(0, vdev_open(&self->other));
	vdev_enable(&self->other, true);
	EXPECT_EQ(0, vdev_reset(&self->other));
	vdev_close(&self->other);
	ASSERT_EQ(0, vdev_remove(&self->other));
	EXPECT_EQ(EBUSY, pthread_tryjoin_np(thread, NULL));
	pthread_join(thread, NULL);
}

TEST_F(mock, failures)
{
	ASSERT_EQ(0, mock_tell(self->pf, "fail_create", 1));
	EXPECT_EQ(-EIO, vdev_create(&self->other));
	EXPECT_FALSE(vdev_exists(&self->other));
	EXPECT_EQ(self->before.available - 1,
		  pf_available(self->pf, variant->type));

	ASSERT_EQ(0, mock_tell(self->pf, "fail_enable", 1));
	EXPECT_EQ(-EIO, vdev_open(&self->vdev));
	EXPECT_EQ(self->before.pasids, pf_resource(self->pf, "pasids"));
	ASSERT_EQ(0, vdev_open(&self->vdev));

	/* Dead until its next reset, and only this one */
	vdev_enable(&self->vdev, true);
	ASSERT_EQ(0, mock_tell(self->pf, "fail_reset", 1));
	EXPECT_EQ(-EIO, vdev_reset(&self->vdev));
	EXPECT_EQ(~0U, vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));
	EXPECT_EQ(0, vdev_reset(&self->vdev));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));
}

/* Until no more fit: each step is announced exactly */
FIXTURE(all)
{
	struct vdev *vdev;
	struct resources before;
	unsigned int num;
	char pf[64];
};

FIXTURE_VARIANT(all)
{
	const char *type;
};

FIXTURE_VARIANT_ADD(all, dma_1) { .type = "dma-1" };
FIXTURE_VARIANT_ADD(all, dma_4) { .type = "dma-4" };
FIXTURE_VARIANT_ADD(all, avf_16) { .type = "avf-16" };
FIXTURE_VARIANT_ADD(all, vqat_dc) { .type = "vqat_dc" };

FIXTURE_SETUP(all)
{
	const char *why;

	if (!pf_find(variant->type, VDEV_CONTAINER, self->pf, sizeof(self->pf),
		     &why))
		SKIP(return, "%s: %s", variant->type, why);
	self->before = resources(self->pf, variant->type);
	ASSERT_LT(0, self->before.available);
	ASSERT_GT(MANY, self->before.available);
	self->vdev = calloc(MANY, sizeof(*self->vdev));
	ASSERT_NE(NULL, self->vdev);
}

FIXTURE_TEARDOWN(all)
{
	while (self->num)
		vdev_remove(&self->vdev[--self->num]);
	free(self->vdev);
	if (self->pf[0])
		EXPECT_TRUE(same(self->before,
				 resources(self->pf, variant->type)));
}

/* A hundred times what ice does with its firmware, on a kernel with all checkers */
TEST_F_TIMEOUT(all, exhaust, 300)
{
	struct vdev *vdev = self->vdev;
	int left = self->before.available;
	unsigned int i;

	for (; left; left--) {
		ASSERT_EQ(left, pf_available(self->pf, variant->type));
		vdev_init(&vdev[self->num], self->pf, variant->type,
			  VDEV_CONTAINER);
		ASSERT_EQ(0, vdev_create(&vdev[self->num]));
		self->num++;
	}
	EXPECT_EQ(0, pf_available(self->pf, variant->type));
	vdev_init(&vdev[self->num], self->pf, variant->type, VDEV_CONTAINER);
	EXPECT_EQ(-ENOSPC, vdev_create(&vdev[self->num]));
	EXPECT_FALSE(vdev_exists(&vdev[self->num]));

	/* One in the middle makes room for one */
	i = self->num / 2;
	ASSERT_EQ(0, vdev_remove(&vdev[i]));
	EXPECT_EQ(1, pf_available(self->pf, variant->type));
	ASSERT_EQ(0, vdev_create(&vdev[i]));
	EXPECT_EQ(0, pf_available(self->pf, variant->type));

	while (self->num) {
		EXPECT_EQ(left++, pf_available(self->pf, variant->type));
		ASSERT_EQ(0, vdev_remove(&vdev[--self->num]));
	}
}

/* With modules going away below, so the last of all */
FIXTURE(zz_module)
{
	struct vdev vdev;
	char pf[64];
};

FIXTURE_VARIANT(zz_module)
{
	const char *type;
	const char *module;
};

FIXTURE_VARIANT_ADD(zz_module, mock)
{
	.type = "dma-1", .module = "hdiov_mock"
};

FIXTURE_VARIANT_ADD(zz_module, e810)
{
	.type = "vdcm-1", .module = "hdiov_e810"
};

FIXTURE_VARIANT_ADD(zz_module, qat)
{
	.type = "vqat_sym", .module = "hdiov_qat"
};

FIXTURE_SETUP(zz_module)
{
	const char *why;

	if (!pf_find(variant->type, VDEV_CONTAINER, self->pf, sizeof(self->pf),
		     &why))
		SKIP(return, "%s: %s", variant->type, why);
	vdev_init(&self->vdev, self->pf, variant->type, VDEV_CONTAINER);
}

FIXTURE_TEARDOWN(zz_module)
{
}

static int load(const char *module)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "modprobe %s", module);
	return system(cmd);
}

TEST_F_TIMEOUT(zz_module, unload, 60)
{
	struct resources before = resources(self->pf, variant->type);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, vdev_create(&self->vdev));
		ASSERT_EQ(0, unload(variant->module));
		EXPECT_FALSE(vdev_exists(&self->vdev));
		EXPECT_EQ(-ENOENT, pf_available(self->pf, variant->type));
		ASSERT_EQ(0, load(variant->module));
		EXPECT_TRUE(same(before, resources(self->pf, variant->type)));
	}
}

/* The same, and only the software device can be told to do it */
FIXTURE(zz_mock)
{
	struct vdev vdev;
	char module[64];
	char pf[64];
};

FIXTURE_SETUP(zz_mock)
{
	const char *why;

	if (!pf_find("dma-1", VDEV_CONTAINER, self->pf, sizeof(self->pf), &why))
		SKIP(return, "dma-1: %s", why);
	ASSERT_EQ(0, pf_module(self->pf, self->module, sizeof(self->module)));
	vdev_init(&self->vdev, self->pf, "dma-1", VDEV_CONTAINER);
}

FIXTURE_TEARDOWN(zz_mock)
{
}

/*
 * Hardware that never confirms that it is quiet, or that it has given up its
 * PASID: what it has must not be given to anyone, until the driver has the device
 * back in a known state.
 */
static void keeps(struct __test_metadata *_metadata,
		  FIXTURE_DATA(zz_mock) *self, const char *fails)
{
	struct vdev *vdev = &self->vdev;
	int available, pasid;

	ASSERT_EQ(0, vdev_create(vdev));
	available = pf_available(self->pf, "dma-4");
	ASSERT_EQ(0, vdev_open(vdev));
	pasid = vdev_state(vdev, "pasid");
	ASSERT_EQ(0, mock_tell(self->pf, fails, 1));
	vdev_close(vdev);
	EXPECT_EQ(-EIO, vdev_open(vdev));
	ASSERT_EQ(0, vdev_remove(vdev));
	EXPECT_EQ(available, pf_available(self->pf, "dma-4"));

	ASSERT_EQ(0, vdev_create(vdev));
	ASSERT_EQ(0, vdev_open(vdev));
	EXPECT_NE(pasid, vdev_state(vdev, "pasid"));
	vdev_cleanup(vdev);

	ASSERT_EQ(0, unload(self->module));
	ASSERT_EQ(0, load(self->module));
	EXPECT_EQ(available + 1, pf_available(self->pf, "dma-4"));
}

TEST_F(zz_mock, never_quiet)
{
	keeps(_metadata, self, "fail_quiesce");
}

TEST_F(zz_mock, never_cleared)
{
	keeps(_metadata, self, "fail_clear");
}

TEST_HARNESS_MAIN
