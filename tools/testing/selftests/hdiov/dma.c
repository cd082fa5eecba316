// SPDX-License-Identifier: GPL-2.0-only
/* A VDEV reaches the memory that its user mapped, all of it, and none other */
#include <sys/ioctl.h>
#include <linux/iommufd.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "vdev.h"

#define IOVA_RING	0x100000
#define IOVA_BUF	0x200000
#define RING_SIZE	64
#define BUF_SIZE	0x40000
#define HALF		(BUF_SIZE / 2)

/* One VDEV with a queue, and memory mapped for it */
struct guest {
	struct vdev vdev;
	struct mock_queue q;
	void *ring;
	uint8_t *buf;
};

static int guest_start(struct guest *g)
{
	int ret;

	ret = vdev_open(&g->vdev);
	if (ret)
		return ret;
	ret = vdev_map(&g->vdev, IOVA_RING, g->ring, 4096, true);
	if (ret)
		return ret;
	ret = vdev_map(&g->vdev, IOVA_BUF, g->buf, BUF_SIZE, true);
	if (ret)
		return ret;
	vdev_enable(&g->vdev, true);
	return mock_start(&g->q, &g->vdev, 0, g->ring, IOVA_RING, RING_SIZE) ?
	       0 : -EIO;
}

static bool restart(struct guest *g)
{
	return mock_start(&g->q, &g->vdev, 0, g->ring, IOVA_RING, RING_SIZE);
}

static bool all_bytes(const uint8_t *buf, uint8_t value, size_t len)
{
	while (len--)
		if (*buf++ != value)
			return false;
	return true;
}

FIXTURE(dma)
{
	struct guest a;
	struct guest b;
};

FIXTURE_VARIANT(dma)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(dma);

FIXTURE_SETUP(dma)
{
	struct guest *g[] = { &self->a, &self->b };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		VDEV_SETUP(&g[i]->vdev);
		g[i]->ring = dma_alloc(4096);
		g[i]->buf = dma_alloc(BUF_SIZE);
		ASSERT_EQ(0, guest_start(g[i]));
	}
}

FIXTURE_TEARDOWN(dma)
{
	mock_unmap_db(&self->a.q);
	mock_unmap_db(&self->b.q);
	vdev_cleanup(&self->a.vdev);
	vdev_cleanup(&self->b.vdev);
}

TEST_F(dma, copies)
{
	static const struct {
		uint32_t dst, src, len;
	} copies[] = {
		{ HALF, 0, 1 },
		{ HALF + 1, 0, 4096 },
		{ HALF, 4095, 2 },
		{ HALF + 4095, 17, 8193 },
		{ HALF, 0, HALF },
	};
	long long bytes = vdev_state(&self->a.vdev, "dma bytes");
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(copies); i++) {
		for (n = 0; n < HALF; n++)
			self->a.buf[n] = n * 7 + n / 251 + i;
		memset(self->a.buf + HALF, 0xaa, HALF);
		ASSERT_EQ(MOCK_DESC_DONE,
			  mock_copy(&self->a.q, IOVA_BUF + copies[i].dst,
				    IOVA_BUF + copies[i].src, copies[i].len));
		EXPECT_EQ(0, memcmp(self->a.buf + copies[i].dst,
				    self->a.buf + copies[i].src,
				    copies[i].len));
		/* And not a byte more on either side */
		EXPECT_TRUE(all_bytes(self->a.buf + HALF, 0xaa,
				      copies[i].dst - HALF));
		EXPECT_TRUE(all_bytes(self->a.buf + copies[i].dst +
				      copies[i].len, 0xaa, BUF_SIZE -
				      copies[i].dst - copies[i].len));
		bytes += 2 * copies[i].len + sizeof(struct mock_desc) + 4;
	}

	/* To the byte, and only to the account of this VDEV */
	EXPECT_EQ(bytes, vdev_state(&self->a.vdev, "dma bytes"));
	EXPECT_EQ(0, vdev_state(&self->b.vdev, "dma bytes"));
	EXPECT_EQ(0, vdev_state(&self->a.vdev, "dma faults"));
}

TEST_F(dma, same_iova)
{
	ASSERT_NE(vdev_state(&self->a.vdev, "pasid"),
		  vdev_state(&self->b.vdev, "pasid"));

	memset(self->a.buf, 0xa1, HALF);
	memset(self->b.buf, 0xb2, HALF);
	ASSERT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->a.q, IOVA_BUF + HALF, IOVA_BUF, HALF));
	EXPECT_TRUE(all_bytes(self->a.buf + HALF, 0xa1, HALF));
	EXPECT_TRUE(all_bytes(self->b.buf + HALF, 0, HALF));
	ASSERT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->b.q, IOVA_BUF + HALF, IOVA_BUF, HALF));
	EXPECT_TRUE(all_bytes(self->b.buf + HALF, 0xb2, HALF));
	EXPECT_TRUE(all_bytes(self->a.buf + HALF, 0xa1, HALF));
}

TEST_F(dma, unmapped)
{
	long long bytes;

	ASSERT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->a.q, IOVA_BUF + HALF, IOVA_BUF, 4096));
	ASSERT_EQ(0, vdev_unmap(&self->a.vdev, IOVA_BUF, BUF_SIZE));
	memset(self->a.buf, 0xcc, BUF_SIZE);
	bytes = vdev_state(&self->a.vdev, "dma bytes");

	EXPECT_EQ(0, mock_copy(&self->a.q, IOVA_BUF + HALF, IOVA_BUF, 4096));
	EXPECT_EQ(MOCK_QP_STATUS_FAULT, mock_qp_get(&self->a.q, MOCK_QP_STATUS));
	EXPECT_EQ(IOVA_BUF, mock_fault_iova(&self->a.q));
	EXPECT_EQ(1, vdev_state(&self->a.vdev, "dma faults"));
	EXPECT_TRUE(all_bytes(self->a.buf, 0xcc, BUF_SIZE));
	/* The descriptor was read, and nothing else */
	EXPECT_EQ(bytes + sizeof(struct mock_desc),
		  vdev_state(&self->a.vdev, "dma bytes"));

	/* The neighbour's mapping at the same address is none of its business */
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->b.q, IOVA_BUF + HALF, IOVA_BUF, 4096));

	/* And back */
	ASSERT_EQ(0, vdev_map(&self->a.vdev, IOVA_BUF, self->a.buf, BUF_SIZE,
			      true));
	ASSERT_TRUE(restart(&self->a));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->a.q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

TEST_F(dma, unmapped_ring)
{
	ASSERT_EQ(0, vdev_unmap(&self->a.vdev, IOVA_RING, 4096));
	EXPECT_EQ(0, mock_copy(&self->a.q, IOVA_BUF + HALF, IOVA_BUF, 4096));
	EXPECT_EQ(MOCK_QP_STATUS_FAULT, mock_qp_get(&self->a.q, MOCK_QP_STATUS));
	EXPECT_EQ(IOVA_RING, mock_fault_iova(&self->a.q));
}

/* Unmapping while copies run: what unmap has returned must stay untouched */
TEST_F(dma, unmap_in_flight)
{
	volatile struct mock_desc *last = NULL;
	unsigned int round, i;

	for (round = 0; round < 20; round++) {
		memset(self->a.buf, round + 1, HALF);
		for (i = 0; i < 32; i++)
			last = mock_post(&self->a.q, IOVA_BUF + HALF, IOVA_BUF,
					 HALF, 0);
		msleep(round % 4);
		ASSERT_EQ(0, vdev_unmap(&self->a.vdev, IOVA_BUF, BUF_SIZE));
		memset(self->a.buf, 0xee, BUF_SIZE);
		mock_wait(last, 20);
		ASSERT_TRUE(all_bytes(self->a.buf, 0xee, BUF_SIZE));
		ASSERT_EQ(0, vdev_map(&self->a.vdev, IOVA_BUF, self->a.buf,
				      BUF_SIZE, true));
		ASSERT_TRUE(restart(&self->a));
	}
}

TEST_F(dma, read_only)
{
	uint8_t *ro = dma_alloc(4096);
	uint64_t iova = IOVA_BUF + BUF_SIZE;

	memset(ro, 0x5a, 4096);
	ASSERT_EQ(0, vdev_map(&self->a.vdev, iova, ro, 4096, false));
	EXPECT_EQ(MOCK_DESC_DONE, mock_copy(&self->a.q, IOVA_BUF, iova, 4096));
	EXPECT_TRUE(all_bytes(self->a.buf, 0x5a, 4096));

	memset(self->a.buf, 0xa5, 4096);
	EXPECT_EQ(0, mock_copy(&self->a.q, iova, IOVA_BUF, 4096));
	EXPECT_EQ(MOCK_QP_STATUS_FAULT, mock_qp_get(&self->a.q, MOCK_QP_STATUS));
	EXPECT_EQ(iova, mock_fault_iova(&self->a.q));
	EXPECT_TRUE(all_bytes(ro, 0x5a, 4096));
}

TEST_F(dma, never_mapped)
{
	static const uint64_t bad[] = {
		0, 0x1000, IOVA_BUF - 4096, IOVA_BUF + BUF_SIZE, 0xfee00000,
		1ULL << 47, 1ULL << 48, 1ULL << 63, ~0ULL - 4095,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(0, mock_copy(&self->a.q, bad[i], IOVA_BUF, 4096));
		EXPECT_EQ(bad[i], mock_fault_iova(&self->a.q));
		ASSERT_TRUE(restart(&self->a));
		EXPECT_EQ(0, mock_copy(&self->a.q, IOVA_BUF, bad[i], 4096));
		EXPECT_EQ(bad[i], mock_fault_iova(&self->a.q));
		ASSERT_TRUE(restart(&self->a));
	}
	EXPECT_EQ(2 * ARRAY_SIZE(bad),
		  vdev_state(&self->a.vdev, "dma faults"));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->b.q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* Descriptors that no driver would write */
TEST_F(dma, bad_descriptors)
{
	EXPECT_EQ(MOCK_DESC_ERROR, mock_copy(&self->a.q, IOVA_BUF, IOVA_BUF, 0));
	EXPECT_EQ(MOCK_DESC_ERROR,
		  mock_copy(&self->a.q, IOVA_BUF, IOVA_BUF, MOCK_COPY_MAX + 1));
	EXPECT_EQ(MOCK_DESC_ERROR,
		  mock_copy(&self->a.q, IOVA_BUF, IOVA_BUF, 0xffffffff));
	EXPECT_FALSE(mock_start(&self->a.q, &self->a.vdev, 0, self->a.ring,
				IOVA_RING, 3));
	EXPECT_FALSE(mock_start(&self->a.q, &self->a.vdev, 0, self->a.ring,
				IOVA_RING + 8, RING_SIZE));
	EXPECT_FALSE(mock_start(&self->a.q, &self->a.vdev, 0, self->a.ring,
				IOVA_RING, MOCK_RING_MAX * 2));
	EXPECT_TRUE(restart(&self->a));
}

TEST_F(dma, closed)
{
	long long bytes;
	unsigned int i;

	for (i = 0; i < 32; i++)
		mock_post(&self->a.q, IOVA_BUF + HALF, IOVA_BUF, HALF, 0);
	mock_unmap_db(&self->a.q);
	vdev_close(&self->a.vdev);
	memset(self->a.buf, 0x77, BUF_SIZE);
	EXPECT_TRUE(vdev_in_state(&self->a.vdev, "idle"));

	bytes = vdev_state(&self->a.vdev, "dma bytes");
	msleep(50);
	EXPECT_EQ(bytes, vdev_state(&self->a.vdev, "dma bytes"));
	EXPECT_TRUE(all_bytes(self->a.buf, 0x77, BUF_SIZE));

	/* Its next user starts from nothing */
	ASSERT_EQ(0, vdev_open(&self->a.vdev));
	vdev_enable(&self->a.vdev, true);
	EXPECT_EQ(0, vdev_get32(&self->a.vdev, MOCK_BAR,
				MOCK_QP(0) + MOCK_QP_RING_LO));
	EXPECT_EQ(0, vdev_get32(&self->a.vdev, MOCK_BAR,
				MOCK_QP(0) + MOCK_QP_STATUS));
	EXPECT_EQ(0, vdev_get32(&self->a.vdev, MOCK_BAR, MOCK_DB));
	vdev_close(&self->a.vdev);
	ASSERT_EQ(0, guest_start(&self->a));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&self->a.q, IOVA_BUF + HALF, IOVA_BUF, HALF));
}

/* Another address space for an open VDEV, or none: only with iommufd */
FIXTURE(replace)
{
	struct guest g;
	uint32_t ioas;
	uint32_t other;
};

FIXTURE_VARIANT(replace)
{
	const char *type;
	enum vdev_mode mode;
};

FIXTURE_VARIANT_ADD(replace, iommufd_dma_1) {
	.type = "dma-1", .mode = VDEV_IOMMUFD
};

FIXTURE_VARIANT_ADD(replace, iommufd_dma_4) {
	.type = "dma-4", .mode = VDEV_IOMMUFD
};

FIXTURE_SETUP(replace)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	VDEV_SETUP(&self->g.vdev);
	self->g.ring = dma_alloc(4096);
	self->g.buf = dma_alloc(BUF_SIZE);
	ASSERT_EQ(0, guest_start(&self->g));
	vdev_set32(&self->g.vdev, MOCK_BAR, MOCK_SCRATCH, 0x1234);
	self->ioas = self->g.vdev.ioas;
	ASSERT_EQ(0, ioctl(self->g.vdev.iommu, IOMMU_IOAS_ALLOC, &alloc));
	self->other = alloc.out_ioas_id;
}

FIXTURE_TEARDOWN(replace)
{
	mock_unmap_db(&self->g.q);
	vdev_cleanup(&self->g.vdev);
	if (self->g.vdev.pf[0])
		mock_tell(self->g.vdev.pf, "fail_enable", 0);
}

static int replace(struct guest *g, uint32_t ioas)
{
	g->vdev.ioas = ioas;
	return vdev_attach(&g->vdev);
}

/* The guest's driver notices nothing: its queue goes on where it was */
static bool goes_on(struct guest *g)
{
	return vdev_get32(&g->vdev, MOCK_BAR, MOCK_SCRATCH) == 0x1234 &&
	       mock_copy(&g->q, IOVA_BUF + HALF, IOVA_BUF, 4096) ==
	       MOCK_DESC_DONE;
}

TEST_F(replace, refused)
{
	struct guest *g = &self->g;
	long long pasid = vdev_state(&g->vdev, "pasid");

	EXPECT_TRUE(goes_on(g));
	EXPECT_EQ(-ENOENT, replace(g, 9999));
	EXPECT_TRUE(goes_on(g));

	/* There is nothing to be enabled again */
	ASSERT_EQ(0, mock_tell(g->vdev.pf, "fail_enable", 1));
	EXPECT_EQ(-ENOENT, replace(g, 9999));
	EXPECT_TRUE(goes_on(g));
	ASSERT_EQ(0, mock_tell(g->vdev.pf, "fail_enable", 0));

	/* The one that it has */
	EXPECT_EQ(0, replace(g, self->ioas));
	EXPECT_TRUE(goes_on(g));
	EXPECT_EQ(pasid, vdev_state(&g->vdev, "pasid"));

	/* Not now. But it still has the old one when the PF is back */
	ASSERT_EQ(0, mock_tell(g->vdev.pf, "reset_begin", 1));
	EXPECT_EQ(-EAGAIN, replace(g, self->other));
	ASSERT_EQ(0, mock_tell(g->vdev.pf, "reset_end", 1));
	EXPECT_TRUE(vdev_in_state(&g->vdev, "running"));
	ASSERT_TRUE(restart(g));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&g->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

TEST_F(replace, done)
{
	struct guest *g = &self->g;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, replace(g, i % 2 ? self->ioas : self->other));
		EXPECT_TRUE(vdev_in_state(&g->vdev, "running"));
		EXPECT_EQ(0, vdev_get32(&g->vdev, MOCK_BAR, MOCK_SCRATCH));
		ASSERT_TRUE(restart(g));
		/* Nothing is mapped in the other one */
		EXPECT_EQ(i % 2 ? MOCK_DESC_DONE : 0,
			  mock_copy(&g->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
	}
}

/* The new one is there, but the hardware does not start with it */
TEST_F(replace, dead)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, mock_tell(g->vdev.pf, "fail_enable", 1));
	EXPECT_EQ(-EIO, replace(g, self->other));
	EXPECT_TRUE(vdev_in_state(&g->vdev, "idle"));
	EXPECT_EQ(-EIO, vdev_reset(&g->vdev));
	EXPECT_EQ(0, replace(g, self->ioas));
	EXPECT_EQ(0, vdev_reset(&g->vdev));
	ASSERT_TRUE(restart(g));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&g->q, IOVA_BUF + HALF, IOVA_BUF, 4096));
}

/* Taking the address space away from an open VDEV stops it */
TEST_F(replace, detach)
{
	struct guest *g = &self->g;
	volatile struct mock_desc *desc;

	ASSERT_EQ(0, vdev_detach(&g->vdev));
	EXPECT_TRUE(vdev_in_state(&g->vdev, "idle"));
	desc = mock_post(&g->q, IOVA_BUF + HALF, IOVA_BUF, HALF, 0);
	EXPECT_EQ(0, mock_wait(desc, 50));
	EXPECT_EQ(~0U, vdev_get32(&g->vdev, MOCK_BAR, MOCK_ID));

	ASSERT_EQ(0, vdev_attach(&g->vdev));
	ASSERT_TRUE(restart(g));
	EXPECT_EQ(MOCK_DESC_DONE,
		  mock_copy(&g->q, IOVA_BUF + HALF, IOVA_BUF, HALF));
}

TEST_F(dma, all_queues)
{
	struct mock_queue q[4] = {};
	unsigned int num, i;

	num = vdev_get32(&self->a.vdev, MOCK_BAR, MOCK_NUM_QPS);
	ASSERT_LE(num, 4);
	for (i = 1; i < num; i++)
		ASSERT_TRUE(mock_start(&q[i], &self->a.vdev, i,
				       self->a.ring, IOVA_RING, RING_SIZE));
	for (i = 1; i < num; i++) {
		memset(self->a.buf, i, 4096);
		EXPECT_EQ(MOCK_DESC_DONE,
			  mock_copy(&q[i], IOVA_BUF + i * 4096, IOVA_BUF, 4096));
		EXPECT_TRUE(all_bytes(self->a.buf + i * 4096, i, 4096));
	}
	/* Its registers end with its queue pairs: the next are others' */
	vdev_set32(&self->a.vdev, MOCK_BAR, MOCK_QP(num) + MOCK_QP_RING_LO,
		   0x12340);
	EXPECT_EQ(0, vdev_get32(&self->a.vdev, MOCK_BAR,
				MOCK_QP(num) + MOCK_QP_RING_LO));
	EXPECT_EQ(IOVA_RING, mock_qp_get(&self->b.q, MOCK_QP_RING_LO));
	for (i = 1; i < num; i++)
		mock_unmap_db(&q[i]);
}

TEST_HARNESS_MAIN
