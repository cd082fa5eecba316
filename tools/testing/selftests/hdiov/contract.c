// SPDX-License-Identifier: GPL-2.0-only
/* Mistakes of a vendor driver are found before a guest can meet them */
#include "kselftest_harness.h"

#include "vdev.h"

#define NUM_MISTAKES	16
#define BAD_IOMMU	"17"
#define NUM_BAD_AREAS	10

#define MISTAKE		"/sys/kernel/debug/hdiov_mock/mistake"
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
	file_write(MISTAKE, "0");
	file_write(DRIVER_DIR "/bind", self->vdev.pf);
	mock_tell(self->vdev.pf, "bad_area", 0);
	vdev_cleanup(&self->vdev);
}

TEST_F(contract, registration)
{
	unsigned int i;
	char num[16];

	ASSERT_EQ(0, file_write(DRIVER_DIR "/unbind", self->vdev.pf));
	for (i = 1; i <= NUM_MISTAKES; i++) {
		snprintf(num, sizeof(num), "%u", i);
		ASSERT_EQ(0, file_write(MISTAKE, num));
		EXPECT_EQ(-EINVAL, file_write(DRIVER_DIR "/bind",
					      self->vdev.pf)) {
			TH_LOG("mistake %u", i);
			file_write(DRIVER_DIR "/unbind", self->vdev.pf);
		}
	}
	ASSERT_EQ(0, file_write(MISTAKE, "0"));
	ASSERT_EQ(0, file_write(DRIVER_DIR "/bind", self->vdev.pf));
	EXPECT_EQ(0, vdev_create(&self->vdev));
}

/* Not one VDEV could be opened: say so at once */
TEST_F(contract, iommu)
{
	ASSERT_EQ(0, file_write(DRIVER_DIR "/unbind", self->vdev.pf));
	ASSERT_EQ(0, file_write(MISTAKE, BAD_IOMMU));
	EXPECT_EQ(-EOPNOTSUPP, file_write(DRIVER_DIR "/bind", self->vdev.pf)) {
		file_write(DRIVER_DIR "/unbind", self->vdev.pf);
	}
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
