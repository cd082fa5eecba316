// SPDX-License-Identifier: GPL-2.0-only
/* Resets, by every way, at any moment, leave a VDEV as it was when made */
#include <pthread.h>
#include <sys/eventfd.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "qat_guest.h"
#include "vdev.h"

#define IOVA_RING	0x100000
#define IOVA_BUF	0x200000
#define RING_SIZE	64
#define BUF_SIZE	0x40000
#define HALF		(BUF_SIZE / 2)

/* A reset that is asked for by a register happens a moment later */
#define SOON_MS		5000

enum how { BY_IOCTL, BY_FLR, BY_GUEST, BY_PF };

FIXTURE(reset)
{
	struct vdev vdev;
	struct mock_queue q;
	void *ring;
	uint8_t *buf;
};

FIXTURE_VARIANT(reset)
{
	const char *type;
	enum vdev_mode mode;
	enum how how;
};

#define RESET_VARIANTS(kind, kind_mode)					\
	FIXTURE_VARIANT_ADD(reset, kind##_ioctl) {			\
		.type = "dma-4", .mode = kind_mode, .how = BY_IOCTL	\
	};								\
	FIXTURE_VARIANT_ADD(reset, kind##_flr) {			\
		.type = "dma-4", .mode = kind_mode, .how = BY_FLR	\
	};								\
	FIXTURE_VARIANT_ADD(reset, kind##_guest) {			\
		.type = "dma-4", .mode = kind_mode, .how = BY_GUEST	\
	};								\
	FIXTURE_VARIANT_ADD(reset, kind##_pf) {				\
		.type = "dma-4", .mode = kind_mode, .how = BY_PF	\
	}

RESET_VARIANTS(container, VDEV_CONTAINER);
RESET_VARIANTS(iommufd, VDEV_IOMMUFD);

FIXTURE_SETUP(reset)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	self->ring = dma_alloc(4096);
	self->buf = dma_alloc(BUF_SIZE);
	ASSERT_EQ(0, vdev_map(&self->vdev, IOVA_RING, self->ring, 4096, true));
	ASSERT_EQ(0, vdev_map(&self->vdev, IOVA_BUF, self->buf, BUF_SIZE, true));
	vdev_enable(&self->vdev, true);
	ASSERT_TRUE(mock_start(&self->q, &self->vdev, 0, self->ring, IOVA_RING,
			       RING_SIZE));
}

FIXTURE_TEARDOWN(reset)
{
	mock_unmap_db(&self->q);
	vdev_cleanup(&self->vdev);
}

/* True if it was done; all but one way are done when they return */
static bool do_reset(struct vdev *vdev, enum how how)
{
	int ms;

	switch (how) {
	case BY_IOCTL:
		return !vdev_reset(vdev);
	case BY_FLR:
		vdev_flr(vdev);
		return true;
	case BY_PF:
		return !mock_tell(vdev->pf, "reset", 1);
	case BY_GUEST:
		vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 1);
		vdev_set32(vdev, MOCK_BAR, MOCK_RESET, 1);
		for (ms = 0; ms < SOON_MS; ms++) {
			if (!vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH))
				return true;
			msleep(1);
		}
	}
	return false;
}

TEST_F(reset, registers)
{
	long long pasid = vdev_state(&self->vdev, "pasid");

	vdev_set32(&self->vdev, MOCK_BAR, MOCK_SCRATCH, 0xdeadbeef);
	mock_qp_set(&self->q, MOCK_QP_VECTOR, MOCK_QP_VECTOR_ENABLE | 1);
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
	EXPECT_EQ(1, self->q.db[MOCK_DB_TAIL / 4]);

	ASSERT_TRUE(do_reset(&self->vdev, variant->how));

	EXPECT_EQ(0, vdev_get32(&self->vdev, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_EQ(0, mock_qp_get(&self->q, MOCK_QP_STATUS));
	EXPECT_EQ(0, mock_qp_get(&self->q, MOCK_QP_RING_LO));
	EXPECT_EQ(0, mock_qp_get(&self->q, MOCK_QP_RING_SIZE));
	EXPECT_EQ(0, mock_qp_get(&self->q, MOCK_QP_VECTOR));
	EXPECT_EQ(0, self->q.db[MOCK_DB_TAIL / 4]);
	EXPECT_EQ(0, self->q.db[MOCK_DB_HEAD / 4]);
	/* A doorbell of a queue that is no more */
	self->q.db[MOCK_DB_TAIL / 4] = 7;

	/* It has its PASID, its memory is mapped: it works at once */
	EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
	EXPECT_EQ(pasid, vdev_state(&self->vdev, "pasid"));
	ASSERT_TRUE(mock_start(&self->q, &self->vdev, 0, self->ring, IOVA_RING,
			       RING_SIZE));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* While it copies. Afterwards not a byte moves */
TEST_F(reset, in_flight)
{
	unsigned int round, i;
	long long bytes;

	for (round = 0; round < 10; round++) {
		ASSERT_TRUE(mock_start(&self->q, &self->vdev, 0, self->ring,
				       IOVA_RING, RING_SIZE));
		for (i = 0; i < 32; i++)
			mock_post(&self->q, IOVA_BUF + HALF, IOVA_BUF, HALF, 0);
		msleep(round % 4);
		ASSERT_TRUE(do_reset(&self->vdev, variant->how));
		bytes = vdev_state(&self->vdev, "dma bytes");
		memset(self->buf, 0xdd, BUF_SIZE);
		self->q.db[MOCK_DB_TAIL / 4] = 5;
		msleep(10);
		EXPECT_EQ(bytes, vdev_state(&self->vdev, "dma bytes"));
		for (i = 0; i < BUF_SIZE; i++)
			if (self->buf[i] != 0xdd)
				break;
		EXPECT_EQ(BUF_SIZE, i);
	}
	EXPECT_EQ(0, vdev_state(&self->vdev, "dma faults"));
}

struct hammer {
	struct mock_queue *q;
	bool stop;
};

/* What a guest's other processors do meanwhile */
static void *hammer(void *data)
{
	struct hammer *h = data;
	struct vdev *vdev = h->q->vdev;
	uint32_t i = 0;

	while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
		h->q->db[MOCK_DB_TAIL / 4] = i++;
		vdev_set32(vdev, MOCK_BAR, MOCK_QP(1), i);
		vdev_get32(vdev, MOCK_BAR, MOCK_QP(1) + MOCK_QP_STATUS);
		cfg_get(vdev, 0, 4);
	}
	return NULL;
}

TEST_F(reset, under_fire)
{
	struct hammer h = { .q = &self->q };
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, hammer, &h));
	for (i = 0; i < 20; i++)
		EXPECT_TRUE(do_reset(&self->vdev, variant->how));
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ASSERT_TRUE(do_reset(&self->vdev, variant->how));
	ASSERT_TRUE(mock_start(&self->q, &self->vdev, 0, self->ring, IOVA_RING,
			       RING_SIZE));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* A neighbour does not notice, unless the whole PF was reset */
TEST_F(reset, neighbour)
{
	struct vdev other;

	vdev_init(&other, self->vdev.pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&other));
	ASSERT_EQ(0, vdev_open(&other));
	vdev_enable(&other, true);
	vdev_set32(&other, MOCK_BAR, MOCK_SCRATCH, 0x5555);
	ASSERT_TRUE(do_reset(&self->vdev, variant->how));
	EXPECT_EQ(variant->how == BY_PF ? 0 : 0x5555,
		  vdev_get32(&other, MOCK_BAR, MOCK_SCRATCH));
	vdev_cleanup(&other);
}

#define LONG_MS		1000

struct resetter {
	struct vdev *vdev;
	enum how how;
	bool done;
};

static void *reset_thread(void *resetter)
{
	struct resetter *r = resetter;

	r->done = do_reset(r->vdev, r->how);
	return NULL;
}

/*
 * A vCPU that touches a doorbell does not wait for hardware that takes its time to
 * get quiet: it would hold up all who look at its process
 */
TEST_F(reset, doorbell_meanwhile)
{
	struct resetter r = { .vdev = &self->vdev, .how = variant->how };
	struct vdev *vdev = &self->vdev;
	pthread_t thread;
	long long begin;

	ASSERT_EQ(0, mock_tell(vdev->pf, "drain_ms", LONG_MS));
	begin = now_ms();
	ASSERT_EQ(0, pthread_create(&thread, NULL, reset_thread, &r));
	while (now_ms() < begin + LONG_MS / 2) {
		self->q.db[MOCK_DB_TAIL / 4] = 0;
		msleep(10);
	}
	EXPECT_GT(begin + LONG_MS * 3 / 4, now_ms());
	pthread_join(thread, NULL);
	/*
	 * It went on after that. Not for LONG_MS by this clock: the mock sleeps by ticks,
	 * of which a host that was held up gets several at once.
	 */
	EXPECT_LE(begin + LONG_MS * 3 / 4, now_ms());
	EXPECT_TRUE(r.done);
	ASSERT_EQ(0, mock_tell(vdev->pf, "drain_ms", 0));

	/* The same page is a doorbell again */
	ASSERT_TRUE(mock_start(&self->q, vdev, 0, self->ring, IOVA_RING,
			       RING_SIZE));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* The burst that a user has, and then ten resets a second */
#define STORM_MS	1000
#define STORM_RESETS	(16 + STORM_MS / 100)

/* One who does nothing but reset its VDEV does not keep the PF busy with it */
TEST_F(reset, storm)
{
	struct vdev *vdev = &self->vdev;
	long long resets, begin, took, asked = 0;

	resets = vdev_state(vdev, "resets");
	ASSERT_LE(0, resets);
	begin = now_ms();
	do {
		if (variant->how == BY_GUEST)
			vdev_set32(vdev, MOCK_BAR, MOCK_RESET, 1);
		else
			ASSERT_TRUE(do_reset(vdev, variant->how));
		asked++;
		took = now_ms() - begin;
	} while (took < STORM_MS);
	resets = vdev_state(vdev, "resets") - resets;
	TH_LOG("%lld resets in %lld ms", resets, took);
	/* The administrator does as he likes */
	if (variant->how == BY_PF) {
		EXPECT_EQ(asked, resets);
		return;
	}
	EXPECT_LE(16, resets);
	EXPECT_GE(STORM_RESETS + took / 100 - STORM_MS / 100 + 2, resets);
	/* And the last one that was asked for comes, a moment later */
	ASSERT_TRUE(do_reset(vdev, variant->how));
}

/* The ways that every VDEV has */
FIXTURE(any)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(any)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(any);

FIXTURE_SETUP(any)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(any)
{
	vdev_cleanup(&self->vdev);
}

TEST_F(any, repeated)
{
	long long pasid = vdev_state(&self->vdev, "pasid");
	unsigned int i;

	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, vdev_reset(&self->vdev));
		vdev_flr(&self->vdev);
		EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
		EXPECT_EQ(pasid, vdev_state(&self->vdev, "pasid"));
	}
}

#define PM_TEST		"/sys/power/pm_test"

/*
 * After a sleep, Linux 6.12's qat_4xxx lets a card out of its next reset without bus
 * mastering, and cannot load firmware then
 */
static void bind_qats(void)
{
	static const char cmd[] =
		"cd /sys/bus/pci/drivers/4xxx 2>/dev/null || exit 0\n"
		"for d in 0*; do echo $d >unbind; echo $d >bind; done";

	qg_settle();
	if (system(cmd))
		fprintf(stderr, "# qat_4xxx does not take its cards again\n");
}

/* Suspends all devices and resumes them, no more. Returns 0 or a negative errno */
static int sleep_of_devices(void)
{
	static const char * const delay[] = {
		/* Where it is depends on the kernel; 5 s if left alone */
		"/sys/module/suspend/parameters/pm_test_delay",
		"/sys/module/hibernate/parameters/pm_test_delay",
	};
	char old[16] = "";
	unsigned int i;
	int ret, err;

	for (i = 0; i < ARRAY_SIZE(delay); i++) {
		if (file_read(delay[i], old, sizeof(old)) < 0)
			continue;
		file_write(delay[i], "0");
		break;
	}
	ret = file_write(PM_TEST, "platform");
	if (!ret)
		ret = file_write("/sys/power/state", "freeze");
	err = file_write(PM_TEST, "none");
	if (!ret)
		bind_qats();
	if (i < ARRAY_SIZE(delay))
		file_write(delay[i], old);
	return ret ? ret : err;
}

/* A register of each type that keeps what is written to it until a reset */
struct reg {
	const char *type;
	unsigned int bar;
	uint64_t offset;
};

#define REG_VALUE	0x345000

static const struct reg *reg_of(const char *type)
{
	static const struct reg regs[] = {
		{ "dma-1", MOCK_BAR, MOCK_SCRATCH },
		{ "dma-4", MOCK_BAR, MOCK_SCRATCH },
		{ "avf-1", 0, 0x7c00 },		/* address of the mailbox */
		{ "vdcm-4", 0, 0x20000 },	/* the same */
		{ "vqat_sym", 0, 0x1040 },	/* address of a ring */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++)
		if (!strcmp(regs[i].type, type))
			return &regs[i];
	return NULL;
}

/* Until the QAT's own driver has it up again, and tested its algorithms on it */
#define BACK_MS		60000

static bool is_qat(const char *type)
{
	return !strncmp(type, "vqat_", 5);
}

/* Who comes back from sleep has been reset: the device may have forgotten all */
TEST_F(any, sleep)
{
	long long pasid = vdev_state(&self->vdev, "pasid");
	const struct reg *reg = reg_of(variant->type);

	if (!file_exists(PM_TEST))
		SKIP(return, "this kernel has no " PM_TEST);
	ASSERT_NE(NULL, reg);
	vdev_set32(&self->vdev, reg->bar, reg->offset, REG_VALUE);
	ASSERT_EQ(REG_VALUE, vdev_get32(&self->vdev, reg->bar, reg->offset));
	/* Linux's own drivers would not bring all of their cards back */
	if (!is_mock(&self->vdev)) {
		EXPECT_EQ(-EBUSY, sleep_of_devices());
		EXPECT_EQ(REG_VALUE,
			  vdev_get32(&self->vdev, reg->bar, reg->offset));
		return;
	}
	ASSERT_EQ(0, sleep_of_devices());
	EXPECT_EQ(0, vdev_get32(&self->vdev, reg->bar, reg->offset));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
	EXPECT_EQ(pasid, vdev_state(&self->vdev, "pasid"));
	vdev_set32(&self->vdev, reg->bar, reg->offset, REG_VALUE);
	EXPECT_EQ(REG_VALUE, vdev_get32(&self->vdev, reg->bar, reg->offset));
}

/* Errors of the PF that its bus reports: the software device is on none */
FIXTURE(bus)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(bus)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_HW(bus);

FIXTURE_SETUP(bus)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(bus)
{
	pf_inject_end();
	vdev_cleanup(&self->vdev);
}

/*
 * What is not fatal is a reset as well: ice and qat_4xxx ask for one. What is makes
 * it one of the link.
 */
TEST_F_TIMEOUT(bus, errors, 240)
{
	static const uint32_t errors[] = {
		PCI_ERR_UNC_COMP_ABORT, PCI_ERR_UNC_MALF_TLP,
		PCI_ERR_UNC_MALF_TLP,
	};
	long long pasid = vdev_state(&self->vdev, "pasid");
	const struct reg *reg = reg_of(variant->type);
	const char *why;
	uint32_t value;
	unsigned int i;
	int ret, ms;

	ASSERT_NE(NULL, reg);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		vdev_set32(&self->vdev, reg->bar, reg->offset, REG_VALUE);
		ASSERT_EQ(REG_VALUE,
			  vdev_get32(&self->vdev, reg->bar, reg->offset));
		if (is_qat(variant->type))
			qg_settle();
		ret = pf_inject_error(self->vdev.pf, errors[i], &why);
		if (ret == -ENODEV)
			SKIP(return, "%s: %s", variant->type, why);
		ASSERT_EQ(0, ret);
		/* All ones while it is dealt with */
		for (ms = 0; ms < BACK_MS; ms++) {
			value = vdev_get32(&self->vdev, reg->bar, reg->offset);
			if (!value)
				break;
			msleep(1);
		}
		EXPECT_EQ(0, value);
		EXPECT_TRUE(vdev_in_state(&self->vdev, "running"));
		EXPECT_EQ(pasid, vdev_state(&self->vdev, "pasid"));
	}
}

/* A PF that does not come back from its reset */
FIXTURE(pf_down)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(pf_down)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(pf_down);

FIXTURE_SETUP(pf_down)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(pf_down)
{
	vdev_cleanup(&self->vdev);
	/* For whoever comes next */
	mock_tell(self->vdev.pf, "reset", 1);
}

static int fail_pf_reset(struct vdev *vdev)
{
	int ret = mock_tell(vdev->pf, "fail_pf_reset", 1);

	return ret ? ret : mock_tell(vdev->pf, "reset", 1);
}

TEST_F(pf_down, dead_until_the_next)
{
	struct vdev other;

	vdev_init(&other, self->vdev.pf, variant->type, variant->mode);
	EXPECT_LT(0, pf_available(other.pf, other.type));
	ASSERT_EQ(-EIO, fail_pf_reset(&self->vdev));
	EXPECT_EQ(0, pf_available(other.pf, other.type));
	EXPECT_EQ(-EIO, vdev_create(&other));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "bound"));
	EXPECT_EQ(~0U, vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));
	EXPECT_EQ(-EIO, vdev_reset(&self->vdev));
	vdev_flr(&self->vdev);
	EXPECT_TRUE(vdev_in_state(&self->vdev, "bound"));
	vdev_close(&self->vdev);
	EXPECT_EQ(-EIO, vdev_open(&self->vdev));

	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset", 1));
	EXPECT_LT(0, pf_available(other.pf, other.type));
	EXPECT_EQ(0, vdev_create(&other));
	vdev_cleanup(&other);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));

	/* One that stays open comes back by itself */
	ASSERT_EQ(-EIO, fail_pf_reset(&self->vdev));
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset", 1));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));
}

/* What may still run has not been stopped by a reset that failed */
TEST_F(pf_down, never_quiet)
{
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "fail_quiesce", 1));
	vdev_close(&self->vdev);
	ASSERT_TRUE(vdev_in_state(&self->vdev, "idle (out of use)"));
	ASSERT_EQ(-EIO, fail_pf_reset(&self->vdev));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "idle (out of use)"));
	EXPECT_EQ(-EIO, vdev_open(&self->vdev));

	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset", 1));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "idle"));
	EXPECT_EQ(0, vdev_open(&self->vdev));
}

/* Nor has what may still send with its PASID given that up, until it says so */
TEST_F(pf_down, never_cleared)
{
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "fail_clear", 2));
	vdev_close(&self->vdev);
	ASSERT_TRUE(vdev_in_state(&self->vdev, "idle (out of use)"));
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset", 1));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "idle (out of use)"));
	EXPECT_EQ(-EIO, vdev_open(&self->vdev));

	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset", 1));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "idle"));
	EXPECT_EQ(0, vdev_open(&self->vdev));
}

/*
 * A VDEV that never got quiet is removed. Nobody gets its queue pairs and its
 * PASID, but a reset of the PF that succeeds brings them back.
 */
TEST_F(pf_down, lost)
{
	struct vdev *vdev = &self->vdev, other;
	long long pasid = vdev_state(vdev, "pasid");
	int available = pf_available(vdev->pf, vdev->type);

	vdev_init(&other, vdev->pf, variant->type, variant->mode);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
	vdev_close(vdev);
	ASSERT_EQ(0, vdev_remove(vdev));
	EXPECT_EQ(available, pf_available(vdev->pf, vdev->type));

	ASSERT_EQ(0, vdev_create(&other));
	ASSERT_EQ(0, vdev_open(&other));
	EXPECT_NE(pasid, vdev_state(&other, "pasid"));
	vdev_cleanup(&other);

	ASSERT_EQ(-EIO, fail_pf_reset(vdev));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_EQ(available + 1, pf_available(vdev->pf, vdev->type));
	ASSERT_EQ(0, vdev_create(vdev));
	ASSERT_EQ(0, vdev_open(vdev));
	/* The lowest that is free */
	EXPECT_EQ(pasid, vdev_state(vdev, "pasid"));
}

/* The same, removed while the PF is being reset */
TEST_F(pf_down, lost_amid_reset)
{
	struct vdev *vdev = &self->vdev;
	int available = pf_available(vdev->pf, vdev->type);

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	vdev_close(vdev);
	ASSERT_EQ(0, vdev_remove(vdev));
	EXPECT_EQ(available, pf_available(vdev->pf, vdev->type));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(available + 1, pf_available(vdev->pf, vdev->type));
}

/* Given up without a reset: nothing of it runs on */
TEST_F(pf_down, given_up)
{
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "fail_pf_reset", 1));
	ASSERT_EQ(-EIO, mock_tell(self->vdev.pf, "reset_end", 1));
	EXPECT_TRUE(vdev_in_state(&self->vdev, "bound"));
	EXPECT_EQ(~0U, vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));
	EXPECT_EQ(-EIO, vdev_reset(&self->vdev));
	EXPECT_EQ(0, pf_available(self->vdev.pf, self->vdev.type));

	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_end", 1));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(&self->vdev, MOCK_BAR, MOCK_ID));
}

/* A reset amid another one: VDEVs wait for both, and the last one decides */
TEST_F(pf_down, nested)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(vdev_in_state(vdev, "bound"));
	EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	ASSERT_EQ(-EIO, fail_pf_reset(vdev));
	EXPECT_LT(0, pf_available(vdev->pf, vdev->type));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pf_reset", 1));
	ASSERT_EQ(-EIO, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	EXPECT_EQ(0, pf_available(vdev->pf, vdev->type));
}

/* What users do while nothing of the PF may be touched */
FIXTURE(out_of_reach)
{
	struct vdev vdev;
	struct vdev other;
	long long messages;
	int32_t efd;
};

FIXTURE_VARIANT(out_of_reach)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(out_of_reach);

FIXTURE_SETUP(out_of_reach)
{
	VDEV_SETUP(&self->vdev);
	vdev_init(&self->other, self->vdev.pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&self->other));
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_accesses", 0));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
	self->messages = pf_resource(self->vdev.pf, "interrupt_messages");
	self->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->efd);
}

FIXTURE_TEARDOWN(out_of_reach)
{
	if (!self->vdev.pf[0])
		return;
	vdev_cleanup(&self->vdev);
	vdev_cleanup(&self->other);
	mock_tell(self->vdev.pf, "reset", 1);
	EXPECT_EQ(self->messages,
		  pf_resource(self->vdev.pf, "interrupt_messages"));
	EXPECT_EQ(0, mock_asks(self->vdev.pf, "reset_accesses"));
	close(self->efd);
}

static bool raises(struct vdev *vdev, unsigned int vector, int efd, int ms)
{
	event_wait(efd, 0);
	vdev_set32(vdev, MOCK_BAR, MOCK_SWINT, vector);
	return event_wait(efd, ms);
}

TEST_F(out_of_reach, enable)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	EXPECT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	EXPECT_EQ(0, vdev_set_vector(vdev, 0, self->efd));
	EXPECT_EQ(0, vdev_set_vector(vdev, 0, -1));
	EXPECT_EQ(self->messages, pf_resource(vdev->pf, "interrupt_messages"));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(self->messages + 1,
		  pf_resource(vdev->pf, "interrupt_messages"));
	EXPECT_TRUE(raises(vdev, 1, self->efd, SOON_MS));
	EXPECT_FALSE(raises(vdev, 0, self->efd, 30));
}

TEST_F(out_of_reach, disable)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	/* Off, on again, and off */
	EXPECT_EQ(0, vdev_set_vector(vdev, 1, -1));
	EXPECT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	EXPECT_EQ(0, vdev_set_vector(vdev, 1, -1));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(self->messages, pf_resource(vdev->pf, "interrupt_messages"));
	EXPECT_FALSE(raises(vdev, 1, self->efd, 30));
}

TEST_F(out_of_reach, close)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	vdev_close(vdev);
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(self->messages, pf_resource(vdev->pf, "interrupt_messages"));

	ASSERT_EQ(0, vdev_open(vdev));
	vdev_enable(vdev, true);
	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	EXPECT_TRUE(raises(vdev, 1, self->efd, SOON_MS));
}

/* Also if the PF has not come back: there is nothing to wait for */
TEST_F(out_of_reach, remove)
{
	struct vdev *vdev = &self->vdev;
	int available = pf_available(vdev->pf, vdev->type);

	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	ASSERT_EQ(-EIO, fail_pf_reset(vdev));
	vdev_close(vdev);
	ASSERT_EQ(0, vdev_remove(vdev));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_EQ(self->messages, pf_resource(vdev->pf, "interrupt_messages"));
	EXPECT_EQ(available + 1, pf_available(vdev->pf, vdev->type));
}

static volatile uint32_t *map_doorbell(struct vdev *vdev)
{
	volatile uint32_t *db;

	db = vdev_mmap(vdev, MOCK_BAR, mock_db_offset(vdev, 0), 4096);
	return db == MAP_FAILED ? NULL : db;
}

/*
 * A reset that has begun when the core hears of it: doorbells go, and nobody waits
 * for hardware that will not answer, nor asks it to be quiet
 */
TEST_F(out_of_reach, late)
{
	struct vdev *vdev = &self->vdev;
	long long zaps = vdev_state(vdev, "zaps");
	volatile uint32_t *db;
	long long took;

	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	db = map_doorbell(vdev);
	ASSERT_NE(NULL, db);
	db[MOCK_DB_TAIL / 4] = 1;
	ASSERT_EQ(0, mock_tell(vdev->pf, "drain_ms", 3000));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));

	took = now_ms();
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
	EXPECT_GT(2000, now_ms() - took);
	EXPECT_LT(zaps, vdev_state(vdev, "zaps"));
	EXPECT_TRUE(vdev_in_state(vdev, "bound"));
	EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	/* The page that is there now has not seen the write before it */
	EXPECT_EQ(0, db[MOCK_DB_TAIL / 4]);
	EXPECT_EQ(0, vdev_reset(vdev));
	vdev_enable(vdev, false);
	vdev_enable(vdev, true);
	EXPECT_EQ(0, vdev_set_vector(vdev, 1, -1));
	EXPECT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	EXPECT_EQ(-EAGAIN, vdev_open(&self->other));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));

	ASSERT_EQ(0, mock_tell(vdev->pf, "drain_ms", 0));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	EXPECT_TRUE(raises(vdev, 1, self->efd, SOON_MS));
	EXPECT_EQ(1, mock_asks(vdev->pf, "fail_quiesce"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 0));
	ASSERT_EQ(0, vdev_open(&self->other));
	munmap((void *)db, 4096);
}

/* Nothing goes on with a card that was reset under a callback which takes its time */
TEST_F(out_of_reach, late_amid_quiesce)
{
	struct resetter r = { .vdev = &self->vdev, .how = BY_IOCTL };
	struct vdev *vdev = &self->vdev;
	pthread_t thread;

	ASSERT_EQ(0, mock_tell(vdev->pf, "drain_ms", LONG_MS));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, reset_thread, &r));
	msleep(LONG_MS / 4);
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
	pthread_join(thread, NULL);
	EXPECT_TRUE(r.done);
	/* It was quiesced, and not reset, nor enabled */
	EXPECT_EQ(1, mock_asks(vdev->pf, "fail_reset"));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 0));
	ASSERT_EQ(0, mock_tell(vdev->pf, "drain_ms", 0));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
}

/* A user that leaves meanwhile leaves nothing to the next one */
TEST_F(out_of_reach, late_close)
{
	struct vdev *vdev = &self->vdev;
	int available = pf_available(vdev->pf, vdev->type);

	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 0x5a5a);
	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd));
	ASSERT_EQ(0, vdev_open(&self->other));
	ASSERT_EQ(0, vdev_set_vector(&self->other, 1, self->efd));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
	vdev_close(vdev);
	vdev_close(&self->other);
	ASSERT_EQ(0, vdev_remove(&self->other));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(self->messages, pf_resource(vdev->pf, "interrupt_messages"));
	EXPECT_EQ(available + 1, pf_available(vdev->pf, vdev->type));
	ASSERT_EQ(0, vdev_open(vdev));
	vdev_enable(vdev, true);
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
}

/* Announced and not, one amid the other, and one that does not succeed */
TEST_F(out_of_reach, late_nested)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pf_reset", 1));
	ASSERT_EQ(-EIO, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
	ASSERT_EQ(-EIO, fail_pf_reset(vdev));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pf_reset", 1));
	ASSERT_EQ(-EIO, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	EXPECT_EQ(0, pf_available(vdev->pf, vdev->type));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	/* It is quiesced again: it answers */
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	EXPECT_EQ(0, mock_asks(vdev->pf, "fail_quiesce"));
}

struct busy {
	struct vdev *vdev;
	int32_t efd;
	bool reopen;
	bool stop;
};

/* A VMM that has its hands full: vectors on and off, resets, open and close */
static void *busy(void *data)
{
	struct busy *b = data;
	struct vdev *vdev = b->vdev;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&b->stop, __ATOMIC_RELAXED); i++) {
		if (b->reopen) {
			/* Refused now and then */
			if (vdev_open(vdev))
				continue;
			vdev_enable(vdev, true);
		}
		vdev_set_vector(vdev, 1, b->efd);
		vdev_set32(vdev, MOCK_BAR, MOCK_SWINT, 1);
		vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH);
		if (i % 2)
			vdev_set_vector(vdev, 1, -1);
		if (b->reopen)
			vdev_close(vdev);
	}
	return NULL;
}

TEST_F_TIMEOUT(out_of_reach, race, 120)
{
	struct busy b[2] = {
		{ .vdev = &self->vdev, .efd = self->efd },
		{ .vdev = &self->other, .efd = self->efd, .reopen = true },
	};
	pthread_t thread[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, busy, &b[i]));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_begin", 1));
		msleep(i % 8);
		ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_end", 1));
		msleep(i % 4);
	}
	EXPECT_EQ(0, mock_asks(self->vdev.pf, "reset_accesses"));

	/* What comes in the moment before it is told, no core can know of */
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_late", 1));
		ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_accesses", 0));
		msleep(i % 8);
		EXPECT_EQ(0, mock_asks(self->vdev.pf, "reset_accesses"));
		ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_end", 1));
		msleep(i % 4);
	}
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "reset_accesses", 0));

	for (i = 0; i < 2; i++) {
		__atomic_store_n(&b[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(thread[i], NULL);
	}
	ASSERT_EQ(0, vdev_set_vector(&self->vdev, 1, self->efd));
	EXPECT_TRUE(raises(&self->vdev, 1, self->efd, SOON_MS));
}

/* Many VDEVs, each of which takes its time to get quiet */
#define MANY		64
#define DRAIN_MS	500

FIXTURE(many)
{
	struct vdev vdev[MANY];
	unsigned int num;
	char pf[64];
};

FIXTURE_SETUP(many)
{
	struct vdev *vdev;
	const char *why;

	if (!pf_find("dma-1", VDEV_CONTAINER, self->pf, sizeof(self->pf), &why))
		SKIP(return, "dma-1: %s", why);
	for (; self->num < MANY; self->num++) {
		vdev = &self->vdev[self->num];
		vdev_init(vdev, self->pf, "dma-1", VDEV_CONTAINER);
		ASSERT_EQ(0, vdev_create(vdev));
		ASSERT_EQ(0, vdev_open(vdev));
		vdev_enable(vdev, true);
	}
	ASSERT_EQ(0, mock_tell(self->pf, "drain_ms", DRAIN_MS));
}

FIXTURE_TEARDOWN(many)
{
	if (self->pf[0])
		mock_tell(self->pf, "drain_ms", 0);
	while (self->num)
		vdev_cleanup(&self->vdev[--self->num]);
}

static bool all_back(struct vdev *vdev, unsigned int num)
{
	while (num--)
		if (vdev_get32(&vdev[num], MOCK_BAR, MOCK_ID) != MOCK_ID_VALUE)
			return false;
	return true;
}

/* A reset takes as long as the slowest of them, not as all together */
TEST_F_TIMEOUT(many, reset, 120)
{
	long long took = now_ms();

	ASSERT_EQ(0, mock_tell(self->pf, "reset", 1));
	took = now_ms() - took;
	TH_LOG("%lld ms", took);
	/* By ticks, see doorbell_meanwhile */
	EXPECT_LE(DRAIN_MS * 3 / 4, took);
	EXPECT_GT(8 * DRAIN_MS, took);
	EXPECT_TRUE(all_back(self->vdev, MANY));
}

/* So does system sleep, which gives a device two minutes in all */
TEST_F_TIMEOUT(many, sleep, 120)
{
	long long begin, quick, slow;

	if (!file_exists(PM_TEST))
		SKIP(return, "this kernel has no " PM_TEST);
	ASSERT_EQ(0, mock_tell(self->pf, "drain_ms", 0));
	begin = now_ms();
	ASSERT_EQ(0, sleep_of_devices());
	quick = now_ms() - begin;
	ASSERT_EQ(0, mock_tell(self->pf, "drain_ms", DRAIN_MS));
	begin = now_ms();
	ASSERT_EQ(0, sleep_of_devices());
	slow = now_ms() - begin;
	TH_LOG("%lld ms, %lld ms if they are slow", quick, slow);
	EXPECT_GT(quick + 8 * DRAIN_MS, slow);
	EXPECT_TRUE(all_back(self->vdev, MANY));
}

TEST_HARNESS_MAIN
