// SPDX-License-Identifier: GPL-2.0-only
/* Mistakes of a vendor driver are found before a guest can meet them */
#include "kselftest_harness.h"

#include <sys/eventfd.h>

#include "mock_guest.h"
#include "vdev.h"

#define NUM_MISTAKES	34
#define BAD_IOMMU	17
#define NUM_BAD_AREAS	11

#define MISTAKE		"/sys/kernel/debug/hdiov_mock/mistake"
#define BARE		"/sys/kernel/debug/hdiov_mock/bare"
#define DRIVER_DIR	"/sys/bus/platform/drivers/hdiov_mock"

FIXTURE(contract)
{
	struct vdev vdev;
};

FIXTURE_SETUP(contract)
{
	const char *why;
	char pf[64];

	if (!pf_find("dma-1", VDEV_CONTAINER, pf, sizeof(pf), &why))
		SKIP(return, "dma-1: %s", why);
	vdev_init(&self->vdev, pf, "dma-1", VDEV_CONTAINER);
}

FIXTURE_TEARDOWN(contract)
{
	if (!self->vdev.pf[0])
		return;
	/* For whoever comes next: at work again, whatever happened */
	vdev_cleanup(&self->vdev);
	file_write(MISTAKE, "0");
	file_write(BARE, "N");
	file_write(DRIVER_DIR "/unbind", self->vdev.pf);
	file_write(DRIVER_DIR "/bind", self->vdev.pf);
}

static int bind_mistaken(const char *pf, unsigned int mistake)
{
	char num[16];
	int ret;

	snprintf(num, sizeof(num), "%u", mistake);
	ret = file_write(MISTAKE, num);
	return ret ? ret : file_write(DRIVER_DIR "/bind", pf);
}

TEST_F(contract, registration)
{
	unsigned int i;

	ASSERT_EQ(0, file_write(DRIVER_DIR "/unbind", self->vdev.pf));
	for (i = 1; i <= NUM_MISTAKES; i++) {
		/* Not one VDEV could be opened: it is better said at once */
		EXPECT_EQ(i == BAD_IOMMU ? -EOPNOTSUPP : -EINVAL,
			  bind_mistaken(self->vdev.pf, i)) {
			TH_LOG("mistake %u", i);
			file_write(DRIVER_DIR "/unbind", self->vdev.pf);
		}
	}
	ASSERT_EQ(0, file_write(MISTAKE, "0"));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/bind", self->vdev.pf));
	EXPECT_EQ(0, vdev_create(&self->vdev));
}

/* All that a driver may leave out left out: still a device that works */
TEST_F(contract, bare)
{
	struct vdev *vdev = &self->vdev;
	struct mock_queue q = {};
	unsigned int i, vector;
	int32_t efd;
	char *mem;

	ASSERT_EQ(0, file_write(DRIVER_DIR "/unbind", vdev->pf));
	ASSERT_EQ(0, file_write(BARE, "Y"));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/bind", vdev->pf));
	ASSERT_EQ(0, vdev_create(vdev));
	efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, efd);
	mem = dma_alloc(0x3000);

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, vdev_open(vdev));
		vdev_enable(vdev, true);
		ASSERT_TRUE(vdev_in_state(vdev, "running"));
		ASSERT_EQ(0, vdev_map(vdev, 0, mem, 0x3000, true));
		ASSERT_TRUE(mock_start(&q, vdev, 0, mem, 0, 16));
		mem[0x1000] = i + 1;
		EXPECT_EQ(MOCK_DESC_DONE, mock_copy(&q, 0x2000, 0x1000, 64));
		EXPECT_EQ(i + 1, mem[0x2000]);
		for (vector = 0; vector < 2; vector++) {
			ASSERT_EQ(0, vdev_set_vector(vdev, vector, efd));
			vdev_set32(vdev, MOCK_BAR, MOCK_SWINT, vector);
			EXPECT_EQ(1, event_wait(efd, 1000));
		}
		EXPECT_EQ(0, pf_resource(vdev->pf, "interrupt_messages"));

		/* It cannot pause: bus mastering is a reset */
		vdev_enable(vdev, false);
		vdev_enable(vdev, true);
		EXPECT_EQ(0, mock_qp_get(&q, MOCK_QP_RING_SIZE));
		EXPECT_EQ(0, vdev_reset(vdev));
		EXPECT_EQ(0, mock_tell(vdev->pf, "reset", 1));
		EXPECT_TRUE(vdev_in_state(vdev, "running"));
		EXPECT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
		EXPECT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
		EXPECT_TRUE(vdev_in_state(vdev, "running"));
		mock_unmap_db(&q);
		vdev_close(vdev);
		EXPECT_TRUE(vdev_in_state(vdev, "idle"));
	}
	close(efd);
}

TEST_F(contract, areas)
{
	int available = pf_available(self->vdev.pf, "dma-1");
	unsigned int i;

	for (i = 1; i <= NUM_BAD_AREAS; i++) {
		ASSERT_EQ(0, mock_tell(self->vdev.pf, "bad_area", i));
		EXPECT_EQ(-EINVAL, vdev_create(&self->vdev)) {
			TH_LOG("area %u", i);
			vdev_remove(&self->vdev);
		}
		EXPECT_FALSE(vdev_exists(&self->vdev));
		EXPECT_EQ(available, pf_available(self->vdev.pf, "dma-1"));
	}
	ASSERT_EQ(0, mock_tell(self->vdev.pf, "bad_area", 0));
	EXPECT_EQ(0, vdev_create(&self->vdev));
}

TEST_HARNESS_MAIN
