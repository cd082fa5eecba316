// SPDX-License-Identifier: GPL-2.0-only
/* A guest puts its VDEV to sleep (D3hot) and wakes it up (D0) */
#include <sys/eventfd.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "mock_traffic.h"
#include "qat_guest.h"
#include "vdev.h"

#define D0	0
#define D1	1
#define D2	2
#define D3HOT	3

#define ASLEEP	"paused: in D3hot"

static unsigned int pmcsr(struct vdev *vdev)
{
	return cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
}

static void power(struct vdev *vdev, unsigned int state)
{
	cfg_set(vdev, pmcsr(vdev), 2, state);
}

static unsigned int power_state(struct vdev *vdev)
{
	return cfg_get(vdev, pmcsr(vdev), 2) & PCI_PM_CTRL_STATE_MASK;
}

static void command(struct vdev *vdev, uint32_t bits)
{
	cfg_set(vdev, PCI_COMMAND, 2, bits);
}

/* A register of BAR 0 that traps, keeps what it is given, and a reset clears */
static uint64_t keeper(const struct vdev *vdev)
{
	if (is_mock(vdev))
		return MOCK_SCRATCH;
	/* VFINT_ICR0_ENA; the upper half of a ring's address */
	return strncmp(vdev->type, "vqat", 4) ? 0x5000 : QG_UBASE(0);
}

FIXTURE(power)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(power)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(power);

FIXTURE_SETUP(power)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(power)
{
	vdev_cleanup(&self->vdev);
}

TEST_F(power, capability)
{
	struct vdev *vdev = &self->vdev;
	unsigned int cap = cfg_cap(vdev, PCI_CAP_ID_PM);

	ASSERT_NE(0, cap);
	/* No D1, no D2, no PME */
	EXPECT_EQ(3, cfg_get(vdev, cap + PCI_PM_PMC, 2));
	EXPECT_EQ(D0, power_state(vdev));
	/* Only the state can be written */
	cfg_set(vdev, cap + PCI_PM_CTRL, 2, 0xffff);
	EXPECT_EQ(D3HOT, cfg_get(vdev, cap + PCI_PM_CTRL, 2) &
			 ~PCI_PM_CTRL_NO_SOFT_RESET);
	EXPECT_EQ(3, cfg_get(vdev, cap + PCI_PM_PMC, 2));
}

TEST_F(power, sleep_and_wake)
{
	struct vdev *vdev = &self->vdev;
	uint64_t reg = keeper(vdev);
	bool keeps = cfg_get(vdev, pmcsr(vdev), 2) & PCI_PM_CTRL_NO_SOFT_RESET;
	uint32_t fresh = vdev_get32(vdev, 0, reg);

	ASSERT_NE(0x1230, fresh);
	vdev_set32(vdev, 0, reg, 0x1230);
	power(vdev, D3HOT);
	EXPECT_EQ(D3HOT, power_state(vdev));
	EXPECT_TRUE(vdev_says(vdev, ASLEEP));
	EXPECT_EQ(~0U, vdev_get32(vdev, 0, reg));
	vdev_set32(vdev, 0, reg, 0x4560);
	/* Configuration space answers, and what it has is the same */
	EXPECT_NE(0xffff, cfg_get(vdev, PCI_VENDOR_ID, 2));
	EXPECT_EQ(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
		  cfg_get(vdev, PCI_COMMAND, 2));

	power(vdev, D0);
	EXPECT_EQ(D0, power_state(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_EQ(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
		  cfg_get(vdev, PCI_COMMAND, 2));
	/* It says itself whether waking up is a reset */
	EXPECT_EQ(keeps ? 0x1230 : fresh, vdev_get32(vdev, 0, reg));
}

/* A guest may reset it by that, and does so with bus mastering off */
TEST_F(power, without_master)
{
	struct vdev *vdev = &self->vdev;
	bool keeps = cfg_get(vdev, pmcsr(vdev), 2) & PCI_PM_CTRL_NO_SOFT_RESET;
	uint64_t reg = keeper(vdev);
	uint32_t fresh;

	vdev_close(vdev);
	ASSERT_EQ(0, vdev_open(vdev));
	command(vdev, PCI_COMMAND_MEMORY);
	fresh = vdev_get32(vdev, 0, reg);
	vdev_set32(vdev, 0, reg, 0x1230);
	EXPECT_EQ(0x1230, vdev_get32(vdev, 0, reg));
	power(vdev, D3HOT);
	EXPECT_EQ(~0U, vdev_get32(vdev, 0, reg));
	power(vdev, D0);
	EXPECT_EQ(keeps ? 0x1230 : fresh, vdev_get32(vdev, 0, reg));
}

/* Power states that there are not: as if nothing had been written */
TEST_F(power, no_such_state)
{
	struct vdev *vdev = &self->vdev;
	unsigned int state;

	for (state = D1; state <= D2; state++) {
		power(vdev, state);
		EXPECT_EQ(D0, power_state(vdev));
		EXPECT_TRUE(vdev_says(vdev, "running"));
		EXPECT_NE(~0U, vdev_get32(vdev, 0, keeper(vdev)));
		power(vdev, D3HOT);
		power(vdev, state);
		EXPECT_EQ(D3HOT, power_state(vdev));
		EXPECT_TRUE(vdev_says(vdev, ASLEEP));
		power(vdev, D0);
		EXPECT_TRUE(vdev_says(vdev, "running"));
	}
}

/* The bits of the command register wait for D0 */
TEST_F(power, command_meanwhile)
{
	struct vdev *vdev = &self->vdev;
	bool keeps = cfg_get(vdev, pmcsr(vdev), 2) & PCI_PM_CTRL_NO_SOFT_RESET;

	command(vdev, 0);
	power(vdev, D3HOT);
	command(vdev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	EXPECT_TRUE(vdev_says(vdev, ASLEEP));
	EXPECT_EQ(~0U, vdev_get32(vdev, 0, keeper(vdev)));
	power(vdev, D0);
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_NE(~0U, vdev_get32(vdev, 0, keeper(vdev)));

	power(vdev, D3HOT);
	command(vdev, PCI_COMMAND_MEMORY);
	power(vdev, D0);
	/* What cannot pause has been reset, and has nothing to be silent about */
	EXPECT_TRUE(vdev_says(vdev, keeps ? "paused: bus mastering is off" :
					    "running"));
	command(vdev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* Whatever resets it wakes it up, and so does its next user */
TEST_F(power, reset_wakes)
{
	struct vdev *vdev = &self->vdev;
	uint32_t fresh = vdev_get32(vdev, 0, keeper(vdev));
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vdev_set32(vdev, 0, keeper(vdev), 0x1230);
		power(vdev, D3HOT);
		if (i) {
			vdev_flr(vdev);
		} else {
			EXPECT_EQ(0, vdev_reset(vdev));
		}
		EXPECT_EQ(D0, power_state(vdev));
		EXPECT_TRUE(vdev_says(vdev, "running"));
		EXPECT_EQ(fresh, vdev_get32(vdev, 0, keeper(vdev)));
	}
	power(vdev, D3HOT);
	vdev_close(vdev);
	ASSERT_EQ(0, vdev_open(vdev));
	EXPECT_EQ(D0, power_state(vdev));
}

/* One reset, not two, where waking up needs one as well */
TEST_F(power, flr_is_one_reset)
{
	struct vdev *vdev = &self->vdev;
	long long resets;

	power(vdev, D3HOT);
	resets = vdev_state(vdev, "resets");
	vdev_flr(vdev);
	EXPECT_EQ(resets + 1, vdev_state(vdev, "resets"));
}

/* The fast path goes to an inert page, and comes back; nobody gets a SIGBUS */
TEST_F(power, mapping)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vdev *vdev = &self->vdev;
	volatile uint32_t *page;

	sparse = vdev_sparse(vdev, 0);
	ASSERT_NE(NULL, sparse);
	page = vdev_mmap(vdev, 0, sparse->areas[0].offset, 4096);
	ASSERT_NE(MAP_FAILED, page);
	free((void *)sparse);
	(void)page[0];
	power(vdev, D3HOT);
	/* Far from any register: a page of memory gives back what it got */
	page[1023] = 0x600d;
	EXPECT_EQ(0x600d, page[1023]);
	power(vdev, D0);
	EXPECT_NE(0x600d, page[1023]);
	munmap((void *)page, 4096);
}

static long long naps(struct vdev *vdev, unsigned int num)
{
	long long begin = now_ms();

	while (num--) {
		power(vdev, D3HOT);
		power(vdev, D0);
	}
	return now_ms() - begin;
}

/* Where waking up is a reset, a guest has no more of those than by other means */
TEST_F(power, storm)
{
	struct vdev *vdev = &self->vdev;
	bool keeps = cfg_get(vdev, pmcsr(vdev), 2) & PCI_PM_CTRL_NO_SOFT_RESET;
	unsigned int num = 26;
	long long ms;

	ms = naps(vdev, num);
	TH_LOG("%u times in %lld ms", num, ms);
	/* 16 in a row, and one each 100 ms */
	if (!keeps) {
		EXPECT_LE((num - 17) * 100, ms);
	}
	EXPECT_TRUE(vdev_says(vdev, "running"));

	/* Bus mastering has no part in it */
	vdev_set_master(vdev, false);
	ms = naps(vdev, 5);
	if (!keeps) {
		EXPECT_LE(300, ms);
	}
}

/* The software device, amid its work */
FIXTURE(traffic)
{
	struct vdev vdev;
	struct mock_queue q;
	void *ring;
	uint8_t *buf;
	int32_t efd;
};

FIXTURE_VARIANT(traffic)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(traffic);

FIXTURE_SETUP(traffic)
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

FIXTURE_TEARDOWN(traffic)
{
	mock_unmap_db(&self->q);
	vdev_cleanup(&self->vdev);
	close(self->efd);
}

TEST_F(traffic, goes_on)
{
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *last;
	unsigned int round, amid = 0;
	long long resets = vdev_state(vdev, "resets");

	memset(self->buf, 0x5a, HALF);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	/* The copies may be over before the write */
	for (round = 0; amid < 3 && round < 200; round++) {
		memset(self->buf + HALF, 0, HALF);
		last = fill(&self->q);
		ASSERT_LT(0, event_wait(self->efd, SOON_MS));
		power(vdev, D3HOT);
		amid += !last->status;
		EXPECT_TRUE(silent(vdev, self->efd));
		/* Nor does bus mastering or memory space start it again */
		vdev_enable(vdev, false);
		vdev_enable(vdev, true);
		EXPECT_TRUE(silent(vdev, self->efd));

		power(vdev, D0);
		ASSERT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
		EXPECT_EQ(0, memcmp(self->buf, self->buf + HALF, HALF));
	}
	TH_LOG("%u of %u times amid traffic", amid, round);
	EXPECT_EQ(3, amid);
	EXPECT_EQ(resets, vdev_state(vdev, "resets"));
}

/* FLR in its sleep: nothing of before runs on, not even for a moment */
TEST_F(traffic, reset)
{
	struct vdev *vdev = &self->vdev;
	long long bytes;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	fill(&self->q);
	ASSERT_LT(0, event_wait(self->efd, SOON_MS));
	power(vdev, D3HOT);
	bytes = mock_asks(vdev->pf, "dma_bytes");
	vdev_flr(vdev);
	EXPECT_TRUE(silent(vdev, self->efd));
	EXPECT_EQ(bytes, mock_asks(vdev->pf, "dma_bytes"));
	EXPECT_EQ(0, mock_qp_get(&self->q, MOCK_QP_STATUS));

	/* It goes on once, which is after the reset, not before */
	power(vdev, D3HOT);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_resume", 1));
	vdev_flr(vdev);
	EXPECT_EQ(0, mock_asks(vdev->pf, "fail_resume"));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* Of the PF: it comes back as it should, and sleeps on */
TEST_F(traffic, pf_reset)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	power(vdev, D3HOT);
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_EQ(D3HOT, power_state(vdev));
	EXPECT_TRUE(vdev_says(vdev, ASLEEP));
	EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	power(vdev, D0);
	EXPECT_EQ(MOCK_ID_VALUE, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
	EXPECT_EQ(0, mock_qp_get(&self->q, MOCK_QP_STATUS));
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* It is silent all the same, but has to begin anew, at the pace of resets */
TEST_F(traffic, cannot_pause)
{
	struct vdev *vdev = &self->vdev;
	unsigned int i;
	long long ms;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 0x1234);
	fill(&self->q);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pause", 19));
	ms = now_ms();
	for (i = 0; i < 19; i++) {
		power(vdev, D3HOT);
		if (!i) {
			EXPECT_TRUE(silent(vdev, self->efd));
		}
		EXPECT_TRUE(vdev_in_state(vdev, "bound"));
		EXPECT_TRUE(vdev_says(vdev, ASLEEP));
		power(vdev, D0);
		EXPECT_TRUE(vdev_in_state(vdev, "running"));
		EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	}
	/* 16 in a row */
	EXPECT_LE(200, now_ms() - ms);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

TEST_HARNESS_MAIN
