// SPDX-License-Identifier: GPL-2.0-only
/* Bus mastering off: silent, whatever it was at. On: goes on where it was */
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "mock_traffic.h"
#include "vdev.h"

FIXTURE(pause)
{
	struct vdev vdev;
	struct mock_queue q;
	void *ring;
	uint8_t *buf;
	int32_t efd;
};

FIXTURE_VARIANT(pause)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(pause);

FIXTURE_SETUP(pause)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	self->ring = dma_alloc(4096);
	self->buf = dma_alloc(BUF_SIZE);
	ASSERT_EQ(0, vdev_map(&self->vdev, IOVA_RING, self->ring, 4096, true));
	ASSERT_EQ(0, vdev_map(&self->vdev, IOVA_BUF, self->buf, BUF_SIZE, true));
	self->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, vdev_set_vector(&self->vdev, VECTOR, self->efd));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(pause)
{
	mock_unmap_db(&self->q);
	vdev_cleanup(&self->vdev);
	close(self->efd);
}

TEST_F(pause, amid_traffic)
{
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *last;
	long long resets = vdev_state(vdev, "resets");
	unsigned int round, amid = 0;
	bool done;

	memset(self->buf, 0x5a, HALF);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	/* The copies may be over before the write */
	for (round = 0; amid < 3 && round < 200; round++) {
		memset(self->buf + HALF, 0, HALF);
		last = fill(&self->q);
		ASSERT_LT(0, event_wait(self->efd, SOON_MS));
		vdev_set_master(vdev, false);
		done = last->status;
		amid += !done;
		EXPECT_TRUE(silent(vdev, self->efd));
		EXPECT_TRUE(vdev_in_state(vdev, "paused"));

		vdev_set_master(vdev, true);
		EXPECT_TRUE(vdev_in_state(vdev, "running"));
		ASSERT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
		if (!done) {
			EXPECT_LT(0, event_wait(self->efd, SOON_MS));
		}
		EXPECT_EQ(0, memcmp(self->buf, self->buf + HALF, HALF));
	}
	EXPECT_EQ(resets, vdev_state(vdev, "resets"));
	TH_LOG("%u of %u times amid traffic", amid, round);
	EXPECT_EQ(3, amid);
}

/* Registers answer, and what they start waits */
TEST_F(pause, registers)
{
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *last;

	vdev_set_master(vdev, false);
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 0x1234);
	vdev_set32(vdev, MOCK_BAR, MOCK_SWINT, VECTOR);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	fill(&self->q);
	EXPECT_TRUE(silent(vdev, self->efd));

	vdev_set_master(vdev, true);
	EXPECT_EQ(0x1234, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	/* The doorbell was rung in vain: the next one says it all */
	EXPECT_TRUE(silent(vdev, self->efd));
	self->q.tail = RING_SIZE - 2;
	last = mock_post(&self->q, IOVA_BUF + HALF, IOVA_BUF, HALF, 0);
	EXPECT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
}

/* A doorbell that is not mapped is rung in vain as well */
TEST_F(pause, trapped_doorbell)
{
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *last;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	mock_unmap_db(&self->q);
	vdev_set_master(vdev, false);
	last = fill(&self->q);
	vdev_set_master(vdev, true);
	EXPECT_TRUE(silent(vdev, self->efd));
	EXPECT_EQ(0, last->status);

	self->q.tail = RING_SIZE - 2;
	last = mock_post(&self->q, IOVA_BUF + HALF, IOVA_BUF, HALF, 0);
	EXPECT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
}

/* As a card on the bus: a user has to ask for it */
TEST_F(pause, from_the_start)
{
	struct vdev *vdev = &self->vdev;

	vdev_close(vdev);
	ASSERT_EQ(0, vdev_open(vdev));
	EXPECT_TRUE(vdev_in_state(vdev, "paused"));
	ASSERT_EQ(0, vdev_map(vdev, IOVA_RING, self->ring, 4096, true));
	ASSERT_EQ(0, vdev_map(vdev, IOVA_BUF, self->buf, BUF_SIZE, true));
	cfg_set(vdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	mock_unmap_db(&self->q);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	EXPECT_TRUE(silent(vdev, self->efd));
	vdev_set_master(vdev, true);
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* A reset does not turn it on, that of the PF neither */
TEST_F(pause, reset)
{
	struct vdev *vdev = &self->vdev;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(start(&self->q, vdev, self->ring));
		vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 0x1234);
		fill(&self->q);
		vdev_set_master(vdev, false);
		ASSERT_EQ(0, i ? mock_tell(vdev->pf, "reset", 1) :
				 vdev_reset(vdev));
		EXPECT_TRUE(vdev_in_state(vdev, "paused"));
		EXPECT_TRUE(silent(vdev, self->efd));
		EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
		EXPECT_EQ(0, mock_qp_get(&self->q, MOCK_QP_STATUS));

		vdev_set_master(vdev, true);
		EXPECT_TRUE(silent(vdev, self->efd));
		ASSERT_TRUE(start(&self->q, vdev, self->ring));
		EXPECT_EQ(MOCK_DESC_DONE,
			  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
	}
}

/* It is silent all the same, but has to begin anew */
TEST_F(pause, cannot_pause)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 0x1234);
	fill(&self->q);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pause", 1));
	vdev_set_master(vdev, false);
	EXPECT_TRUE(silent(vdev, self->efd));
	EXPECT_TRUE(vdev_in_state(vdev, "bound"));
	EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));

	vdev_set_master(vdev, true);
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

TEST_F(pause, cannot_go_on)
{
	struct vdev *vdev = &self->vdev;

	vdev_set_master(vdev, false);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_resume", 1));
	vdev_set_master(vdev, true);
	EXPECT_TRUE(vdev_in_state(vdev, "bound"));
	EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
}

/* What is dear to others, it cannot have more often than resets */
TEST_F(pause, dear)
{
	struct vdev *vdev = &self->vdev;
	unsigned int i, num = 36;
	long long ms;

	ASSERT_EQ(0, mock_tell(vdev->pf, "pause_ms", 21));
	ms = now_ms();
	for (i = 0; i < num; i++) {
		vdev_set_master(vdev, false);
		vdev_set_master(vdev, true);
	}
	ms = now_ms() - ms;
	ASSERT_EQ(0, mock_tell(vdev->pf, "pause_ms", 0));
	TH_LOG("%u times in %lld ms", num, ms);
	/* 16 in a row, and one each 100 ms: 36 times 21 ms are too few for that */
	EXPECT_LE((num - 17) * 100, ms);
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* At any moment: resets of the VDEV and of the PF, vectors, doorbells */
TEST_F(pause, race)
{
	struct vdev_toggler t = { .vdev = &self->vdev };
	struct vdev *vdev = &self->vdev;
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_accesses", 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, vdev_toggle, &t));
	for (i = 0; i < 12; i++) {
		start(&self->q, vdev, self->ring);
		fill(&self->q);
		if (i % 3) {
			EXPECT_EQ(0, i % 3 == 1 ? vdev_reset(vdev) :
						  mock_tell(vdev->pf, "reset", 1));
		}
		EXPECT_EQ(0, vdev_set_vector(vdev, VECTOR, i & 1 ? self->efd : -1));
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));

	vdev_set_master(vdev, false);
	EXPECT_TRUE(silent(vdev, self->efd));
	EXPECT_EQ(0, vdev_reset(vdev));
	vdev_set_master(vdev, true);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

TEST_F(pause, close)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	fill(&self->q);
	vdev_set_master(vdev, false);
	mock_unmap_db(&self->q);
	vdev_close(vdev);
	EXPECT_TRUE(vdev_in_state(vdev, "idle"));
	EXPECT_TRUE(silent(vdev, self->efd));
	EXPECT_EQ(0, vdev_open(vdev));
}

/* Every kind of VDEV, also those that cannot pause */
FIXTURE(master)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(master)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(master);

FIXTURE_SETUP(master)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(master)
{
	vdev_cleanup(&self->vdev);
}

/* Those that can be migrated can */
static bool can_pause(struct vdev *vdev)
{
	struct vfio_device_feature_migration flags;

	return !vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIGRATION |
			     VFIO_DEVICE_FEATURE_GET, &flags, sizeof(flags));
}

TEST_F(master, off_and_on)
{
	struct vdev *vdev = &self->vdev;

	EXPECT_TRUE(vdev_says(vdev, "running"));
	vdev_set_master(vdev, false);
	EXPECT_TRUE(vdev_says(vdev, "paused: bus mastering is off"));
	EXPECT_EQ(0, vdev_set_vector(vdev, 0, -1));
	vdev_set_master(vdev, true);
	EXPECT_TRUE(vdev_says(vdev, "running"));
	vdev_set_master(vdev, false);
	EXPECT_EQ(0, vdev_reset(vdev));
	vdev_set_master(vdev, true);
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* Each time is a reset of what cannot pause, and so are its user's means to ask */
TEST_F(master, storm)
{
	struct vdev *vdev = &self->vdev;
	unsigned int i, num = 26;
	long long ms = now_ms();

	for (i = 0; i < num; i++) {
		vdev_set_master(vdev, false);
		vdev_set_master(vdev, true);
	}
	ms = now_ms() - ms;
	TH_LOG("%u times in %lld ms", num, ms);
	/* 16 in a row, and one each 100 ms */
	if (!can_pause(vdev)) {
		EXPECT_LE((num - 17) * 100, ms);
	}
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

#define STORM_MS	1000

/* By many at once: none of them gets around the limit */
TEST_F(master, storm_of_threads)
{
	struct vdev_toggler t = { .vdev = &self->vdev };
	struct vdev *vdev = &self->vdev;
	long long begin = now_ms();
	pthread_t thread[4];
	long long resets;
	unsigned int i;

	resets = vdev_state(vdev, "resets");
	ASSERT_LE(0, resets);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, vdev_toggle, &t));
	msleep(STORM_MS);
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		pthread_join(thread[i], NULL);
	resets = vdev_state(vdev, "resets") - resets;
	TH_LOG("%lld resets in %lld ms", resets, now_ms() - begin);
	if (can_pause(vdev)) {
		EXPECT_EQ(0, resets);
	} else {
		EXPECT_LT(0, resets);
		EXPECT_GE(16 + (now_ms() - begin) / 100 + 1, resets);
	}
	vdev_set_master(vdev, true);
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* On, and a function level reset, by one write: that is one reset */
TEST_F(master, on_with_flr)
{
	struct vdev *vdev = &self->vdev;
	unsigned int devctl = cfg_cap(vdev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	uint8_t cfg[256];
	long long resets;

	vdev_set_master(vdev, false);
	ASSERT_EQ(sizeof(cfg), vdev_read(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0,
					 cfg, sizeof(cfg)));
	cfg[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	cfg[devctl + 1] |= PCI_EXP_DEVCTL_BCR_FLR >> 8;
	resets = vdev_state(vdev, "resets");
	ASSERT_EQ(devctl + 2 - PCI_COMMAND,
		  vdev_write(vdev, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND,
			     cfg + PCI_COMMAND, devctl + 2 - PCI_COMMAND));
	EXPECT_EQ(resets + 1, vdev_state(vdev, "resets"));
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

TEST_HARNESS_MAIN
