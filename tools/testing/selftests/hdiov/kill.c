// SPDX-License-Identifier: GPL-2.0-only
/* The holder of a VDEV dies: at once all is quiet, and the next one can have it */
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "vdev.h"

#define IOVA_RING	0x100000
#define IOVA_BUF	0x200000
#define RING_SIZE	1024
#define BUF_SIZE	0x80000
#define HALF		(BUF_SIZE / 2)

FIXTURE(killed)
{
	struct vdev vdev;
	long long pasids;
	long long messages;
};

FIXTURE_VARIANT(killed)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(killed);

FIXTURE_SETUP(killed)
{
	VDEV_SETUP(&self->vdev);
	self->pasids = pf_resource(self->vdev.pf, "pasids");
	self->messages = pf_resource(self->vdev.pf, "interrupt_messages");
}

FIXTURE_TEARDOWN(killed)
{
	vdev_cleanup(&self->vdev);
}

/* What a child does: use everything, report, go on for ever */
static void hold(struct vdev *vdev, int report)
{
	int32_t efd = 1;
	struct mock_queue q = {};
	uint8_t *mem;
	int i;

	mem = dma_alloc(BUF_SIZE);
	if (vdev_open(vdev) || vdev_map(vdev, IOVA_BUF, mem, BUF_SIZE, true))
		_exit(1);
	vdev_enable(vdev, true);
	for (i = 0; i < vdev_vectors(vdev); i++) {
		efd = eventfd(0, 0);
		if (vdev_set_vector(vdev, i, efd))
			_exit(1);
	}

	if (is_mock(vdev)) {
		void *ring = dma_alloc(RING_SIZE * sizeof(struct mock_desc));

		if (vdev_map(vdev, IOVA_RING, ring,
			     RING_SIZE * sizeof(struct mock_desc), true) ||
		    !mock_start(&q, vdev, 0, ring, IOVA_RING, RING_SIZE) ||
		    mock_copy(&q, IOVA_BUF + HALF, IOVA_BUF, HALF) !=
		    MOCK_DESC_DONE)
			_exit(1);
	}
	if (write(report, "x", 1) != 1)
		_exit(1);
	for (i = 0;; i++) {
		if (is_mock(vdev))
			mock_post(&q, IOVA_BUF + HALF, IOVA_BUF, HALF,
				  MOCK_DESC_INTERRUPT);
		else
			vdev_get32(vdev, 0, 0);
		if (i % 64)
			continue;
		vdev_flr(vdev);
		if (is_mock(vdev))
			mock_start(&q, vdev, 0, (void *)q.ring, IOVA_RING,
				   RING_SIZE);
	}
}

TEST_F(killed, holder)
{
	struct vdev *vdev = &self->vdev;
	long long bytes = 0;
	int status, round, end[2];
	char byte;
	pid_t pid;

	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, pipe(end));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			hold(vdev, end[1]);
		close(end[1]);
		ASSERT_EQ(1, read(end[0], &byte, 1));
		close(end[0]);
		EXPECT_TRUE(vdev_in_state(vdev, "running"));
		msleep(5 * round);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));

		/* A dead process has closed its files before it can be reaped */
		EXPECT_TRUE(vdev_in_state(vdev, "idle"));
		EXPECT_EQ(self->pasids, pf_resource(vdev->pf, "pasids"));
		EXPECT_EQ(self->messages,
			  pf_resource(vdev->pf, "interrupt_messages"));
		if (is_mock(vdev)) {
			EXPECT_LT(bytes, vdev_state(vdev, "dma bytes"));
			bytes = vdev_state(vdev, "dma bytes");
			EXPECT_LT(0, bytes);
			msleep(30);
			EXPECT_EQ(bytes, vdev_state(vdev, "dma bytes"));
		}

		ASSERT_EQ(0, vdev_open(vdev));
		vdev_enable(vdev, true);
		EXPECT_EQ(0, vdev_reset(vdev));
		vdev_close(vdev);
	}
}

/* The fd lives on in a child of the holder: so does the VDEV */
TEST_F(killed, inherited)
{
	struct vdev *vdev = &self->vdev;
	int end[2];
	pid_t pid;

	ASSERT_EQ(0, vdev_open(vdev));
	vdev_enable(vdev, true);
	ASSERT_EQ(0, pipe(end));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		char byte;

		close(end[1]);
		_exit(read(end[0], &byte, 1) ? 1 : 0);
	}
	vdev_close(vdev);
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	/* The group is taken; of a cdev only the first open file can bind */
	EXPECT_EQ(variant->mode == VDEV_IOMMUFD ? -EINVAL : -EBUSY,
		  vdev_open(vdev));
	close(end[1]);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_TRUE(vdev_in_state(vdev, "idle"));
	ASSERT_EQ(0, vdev_open(vdev));
}

TEST_HARNESS_MAIN
