// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PF driver that gives out queue pairs and interrupt messages itself, as one does
 * that has other users of them: what VDEVs take comes back, all of it and once
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "vdev.h"

#define OWN_ACCOUNTS	"/sys/module/hdiov_mock/parameters/own_accounts"
#define DRIVER_DIR	"/sys/bus/platform/drivers/hdiov_mock"

#define TYPE		"dma-4"
#define NUM_VECTORS	5
#define MAX_VDEVS	64
/* An interrupt that should come */
#define SOON_MS		5000

FIXTURE(accounts)
{
	struct vdev vdev[MAX_VDEVS];
	char pf[64];
	int available;
	int32_t efd[NUM_VECTORS];
};

FIXTURE_SETUP(accounts)
{
	const char *why;
	unsigned int i;

	if (!pf_find(TYPE, VDEV_CONTAINER, self->pf, sizeof(self->pf), &why))
		SKIP(return, TYPE ": %s", why);
	ASSERT_EQ(0, file_write(OWN_ACCOUNTS, "Y"));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/unbind", self->pf));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/bind", self->pf));
	for (i = 0; i < MAX_VDEVS; i++)
		vdev_init(&self->vdev[i], self->pf, TYPE, VDEV_CONTAINER);
	self->available = pf_available(self->pf, TYPE);
	ASSERT_LT(1, self->available);
	ASSERT_GT(MAX_VDEVS, self->available);
	for (i = 0; i < NUM_VECTORS; i++) {
		self->efd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ASSERT_LE(0, self->efd[i]);
	}
}

static long long slots_out(const char *pf)
{
	return mock_asks(pf, "slots_taken") - mock_asks(pf, "slots_released");
}

FIXTURE_TEARDOWN(accounts)
{
	unsigned int i;

	if (!self->pf[0])
		return;
	for (i = 0; i < MAX_VDEVS; i++)
		vdev_cleanup(&self->vdev[i]);
	mock_tell(self->pf, "reset", 1);
	EXPECT_EQ(self->available, pf_available(self->pf, TYPE));
	EXPECT_EQ(0, pf_resource(self->pf, "queue_pairs"));
	EXPECT_EQ(0, pf_resource(self->pf, "interrupt_messages"));
	EXPECT_EQ(0, slots_out(self->pf));
	EXPECT_EQ(0, mock_asks(self->pf, "reset_accesses"));
	for (i = 0; i < NUM_VECTORS; i++)
		close(self->efd[i]);
	file_write(OWN_ACCOUNTS, "N");
	file_write(DRIVER_DIR "/unbind", self->pf);
	file_write(DRIVER_DIR "/bind", self->pf);
}

/* Each step is announced exactly, though only the PF's driver can know */
TEST_F_TIMEOUT(accounts, exhaust, 120)
{
	int left = self->available;
	unsigned int i;

	for (i = 0; left; i++, left--) {
		ASSERT_EQ(left, pf_available(self->pf, TYPE));
		ASSERT_EQ(0, vdev_create(&self->vdev[i]));
		EXPECT_EQ(4 * (i + 1), pf_resource(self->pf, "queue_pairs"));
	}
	EXPECT_EQ(0, pf_available(self->pf, TYPE));
	EXPECT_EQ(-ENOSPC, vdev_create(&self->vdev[i]));
	EXPECT_FALSE(vdev_exists(&self->vdev[i]));

	ASSERT_EQ(0, vdev_remove(&self->vdev[i / 2]));
	EXPECT_EQ(1, pf_available(self->pf, TYPE));
	ASSERT_EQ(0, vdev_create(&self->vdev[i / 2]));
}

static int set_all(struct vdev *vdev, const int32_t *efd)
{
	return vdev_set_irqs(vdev, VFIO_PCI_MSIX_IRQ_INDEX,
			     VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER, 0, NUM_VECTORS, efd,
			     NUM_VECTORS * sizeof(*efd));
}

/* Queue pairs that are not in a row are one device to its guest */
TEST_F(accounts, all_queues)
{
	struct vdev *vdev = &self->vdev[0];
	struct mock_queue q[4] = {};
	unsigned int i;
	char *mem;

	ASSERT_EQ(0, vdev_create(vdev));
	ASSERT_EQ(0, vdev_open(vdev));
	vdev_enable(vdev, true);
	mem = dma_alloc(0x8000);
	ASSERT_EQ(0, vdev_map(vdev, 0, mem, 0x8000, true));
	ASSERT_EQ(0, set_all(vdev, self->efd));
	for (i = 0; i < 4; i++) {
		mem[0x4000 + i] = i + 1;
		ASSERT_TRUE(mock_start(&q[i], vdev, i, mem + i * 0x1000,
				       i * 0x1000, 16));
		mock_qp_set(&q[i], MOCK_QP_VECTOR,
			    MOCK_QP_VECTOR_ENABLE | (i + 1));
		mock_post(&q[i], 0x5000 + i, 0x4000 + i, 1,
			  MOCK_DESC_INTERRUPT);
		EXPECT_EQ(1, event_wait(self->efd[i + 1], SOON_MS));
		EXPECT_EQ(i + 1, mem[0x5000 + i]);
		mock_unmap_db(&q[i]);
	}
}

struct storm {
	struct vdev *vdev;
	int32_t *efd;
	unsigned int made;
};

/* Some hardware does not get quiet here, and keeps what it has */
static void *storm(void *data)
{
	struct storm *s = data;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (vdev_create(s->vdev))
			continue;
		s->made++;
		if (!vdev_open(s->vdev)) {
			vdev_enable(s->vdev, true);
			set_all(s->vdev, s->efd);
			if (i % 8 == 7)
				mock_tell(s->vdev->pf, "fail_quiesce", 1);
			if (i % 5 == 4)
				mock_tell(s->vdev->pf, "fail_create", 1);
			vdev_close(s->vdev);
		}
		vdev_remove(s->vdev);
	}
	return NULL;
}

TEST_F_TIMEOUT(accounts, storm, 240)
{
	struct storm s[4];
	pthread_t thread[4];
	unsigned int i;
	long long left;

	for (i = 0; i < 4; i++) {
		s[i] = (struct storm){
			.vdev = &self->vdev[i], .efd = self->efd,
		};
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, storm, &s[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_LT(8, s[i].made);
		EXPECT_FALSE(vdev_exists(s[i].vdev));
	}
	ASSERT_EQ(0, mock_tell(self->pf, "fail_create", 0));
	ASSERT_EQ(0, mock_tell(self->pf, "fail_quiesce", 0));

	/* Exactly those that did not get quiet are not to be had */
	left = pf_available(self->pf, TYPE);
	EXPECT_GT(self->available, left);
	EXPECT_EQ(4 * (self->available - left),
		  pf_resource(self->pf, "queue_pairs"));
	EXPECT_EQ(0, slots_out(self->pf));
	for (i = 0; i < left; i++)
		ASSERT_EQ(0, vdev_create(&self->vdev[i]));
	EXPECT_EQ(-ENOSPC, vdev_create(&self->vdev[i]));

	ASSERT_EQ(0, mock_tell(self->pf, "reset", 1));
	EXPECT_EQ(self->available - left, pf_available(self->pf, TYPE));
	EXPECT_EQ(4 * left, pf_resource(self->pf, "queue_pairs"));
}

/* The message of each vector: who has one takes it, who has not any more gives it back */
FIXTURE(slots)
{
	struct vdev vdev;
	char pf[64];
	long long taken;
	int32_t efd[NUM_VECTORS];
};

FIXTURE_SETUP(slots)
{
	const char *why;
	unsigned int i;

	if (!pf_find(TYPE, VDEV_CONTAINER, self->pf, sizeof(self->pf), &why))
		SKIP(return, TYPE ": %s", why);
	ASSERT_EQ(0, file_write(OWN_ACCOUNTS, "Y"));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/unbind", self->pf));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/bind", self->pf));
	vdev_init(&self->vdev, self->pf, TYPE, VDEV_CONTAINER);
	for (i = 0; i < NUM_VECTORS; i++) {
		self->efd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ASSERT_LE(0, self->efd[i]);
	}
	ASSERT_EQ(0, vdev_create(&self->vdev));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
	ASSERT_EQ(0, mock_asks(self->pf, "slots_taken"));
}

FIXTURE_TEARDOWN(slots)
{
	unsigned int i;

	if (!self->pf[0])
		return;
	vdev_cleanup(&self->vdev);
	for (i = 0; i < NUM_VECTORS; i++)
		close(self->efd[i]);
	EXPECT_EQ(0, slots_out(self->pf));
	EXPECT_EQ(self->taken, mock_asks(self->pf, "slots_taken"));
	EXPECT_EQ(0, mock_asks(self->pf, "reset_accesses"));
	file_write(OWN_ACCOUNTS, "N");
	file_write(DRIVER_DIR "/unbind", self->pf);
	file_write(DRIVER_DIR "/bind", self->pf);
}

TEST_F(slots, on_and_off)
{
	struct vdev *vdev = &self->vdev;

	/* Vector 0 is raised by software and has none */
	ASSERT_EQ(0, set_all(vdev, self->efd));
	EXPECT_EQ(4, slots_out(self->pf));
	EXPECT_EQ(4, pf_resource(self->pf, "interrupt_messages"));

	/* A vector that goes to another eventfd keeps its message */
	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd[0]));
	EXPECT_EQ(4, mock_asks(self->pf, "slots_taken"));
	ASSERT_EQ(0, vdev_set_vector(vdev, 1, -1));
	EXPECT_EQ(3, slots_out(self->pf));
	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd[1]));
	EXPECT_EQ(4, slots_out(self->pf));
	vdev_set32(vdev, MOCK_BAR, MOCK_SWINT, 1);
	EXPECT_EQ(1, event_wait(self->efd[1], SOON_MS));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_EQ(4, slots_out(self->pf));
	vdev_close(vdev);
	EXPECT_EQ(0, slots_out(self->pf));
	self->taken = 5;
}

/* On error all vectors of the request are off */
TEST_F(slots, errors)
{
	static const struct {
		const char *file;
		int ret;
		unsigned int taken;
	} errors[] = {
		/* Nothing was taken, one was that does not exist, and all were */
		{ "fail_slot", -ENOSPC, 0 },
		{ "bad_slot", -ENOSPC, 1 },
		{ "fail_bind", -EIO, 3 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		ASSERT_EQ(0, vdev_set_vector(&self->vdev, 1, self->efd[1]));
		EXPECT_EQ(1, slots_out(self->pf));
		ASSERT_EQ(0, mock_tell(self->pf, errors[i].file, 1));
		EXPECT_EQ(errors[i].ret, set_all(&self->vdev, self->efd));
		EXPECT_EQ(0, mock_asks(self->pf, errors[i].file));
		EXPECT_EQ(0, slots_out(self->pf));
		EXPECT_EQ(0, pf_resource(self->pf, "interrupt_messages"));
		self->taken += 1 + errors[i].taken;
		EXPECT_EQ(self->taken, mock_asks(self->pf, "slots_taken")) {
			TH_LOG("%s", errors[i].file);
		}
	}
	ASSERT_EQ(0, set_all(&self->vdev, self->efd));
	self->taken += 4;
}

/* What is off when the PF comes back is given back then, and not before */
TEST_F(slots, pf_reset)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, set_all(vdev, self->efd));
	ASSERT_EQ(0, mock_tell(self->pf, "reset", 1));
	EXPECT_EQ(4, slots_out(self->pf));

	ASSERT_EQ(0, mock_tell(self->pf, "reset_begin", 1));
	ASSERT_EQ(0, vdev_set_vector(vdev, 1, -1));
	ASSERT_EQ(0, vdev_set_vector(vdev, 2, -1));
	ASSERT_EQ(0, vdev_set_vector(vdev, 2, self->efd[2]));
	EXPECT_EQ(4, slots_out(self->pf));
	ASSERT_EQ(0, mock_tell(self->pf, "reset_end", 1));
	EXPECT_EQ(3, slots_out(self->pf));

	/* None left for one that was enabled meanwhile */
	ASSERT_EQ(0, mock_tell(self->pf, "reset_begin", 1));
	ASSERT_EQ(0, vdev_set_vector(vdev, 1, self->efd[1]));
	ASSERT_EQ(0, mock_tell(self->pf, "fail_slot", 2));
	ASSERT_EQ(0, mock_tell(self->pf, "reset_end", 1));
	EXPECT_EQ(0, mock_asks(self->pf, "fail_slot"));
	EXPECT_EQ(3, slots_out(self->pf));
	self->taken = 4;
}

/* Of a VDEV that is removed meanwhile as well */
TEST_F(slots, lost)
{
	ASSERT_EQ(0, set_all(&self->vdev, self->efd));
	ASSERT_EQ(0, mock_tell(self->pf, "reset_begin", 1));
	vdev_close(&self->vdev);
	ASSERT_EQ(0, vdev_remove(&self->vdev));
	EXPECT_EQ(4, slots_out(self->pf));
	ASSERT_EQ(0, mock_tell(self->pf, "reset_end", 1));
	self->taken = 4;
}

/*
 * And if the PF never comes back. The driver warns of messages that it has not got
 * back when it is unbound
 */
TEST_F(slots, lost_for_good)
{
	ASSERT_EQ(0, set_all(&self->vdev, self->efd));
	ASSERT_EQ(0, mock_tell(self->pf, "fail_pf_reset", 1));
	ASSERT_EQ(-EIO, mock_tell(self->pf, "reset", 1));
	vdev_close(&self->vdev);
	ASSERT_EQ(0, vdev_remove(&self->vdev));
	EXPECT_EQ(4, slots_out(self->pf));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/unbind", self->pf));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/bind", self->pf));
}

TEST_HARNESS_MAIN
