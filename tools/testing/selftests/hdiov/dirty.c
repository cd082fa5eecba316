// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of the pages that a VDEV writes to: by it a guest is migrated while it runs. A
 * page that is missing in it is a page of the guest with wrong contents.
 */
#include <linux/userfaultfd.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "e810_guest.h"
#include "mock_traffic.h"
#include "qat_guest.h"
#include "vdev.h"

#define PAGE		4096
#define BUF_PAGES	(BUF_SIZE / PAGE)
#define HALF_PAGES	(HALF / PAGE)
/* Frames of the network card, and requests of the other one */
#define WORK		8
/* So that rings go round, and what was written to once is written to again */
#define ROUNDS		(2 * EG_RING / WORK)

static int log_start(struct vdev *vdev, uint64_t iova, uint64_t len,
		     uint64_t *page_size)
{
	struct vfio_device_feature_dma_logging_range range = {
		.iova = iova, .length = len,
	};
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = PAGE,
		.num_ranges = 1,
		.ranges = (uintptr_t)&range,
	};
	int ret;

	ret = vdev_feature(vdev, VFIO_DEVICE_FEATURE_SET |
			   VFIO_DEVICE_FEATURE_DMA_LOGGING_START, &control,
			   sizeof(control));
	if (page_size)
		*page_size = control.page_size;
	return ret;
}

static int log_stop(struct vdev *vdev)
{
	return vdev_feature(vdev, VFIO_DEVICE_FEATURE_SET |
			    VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}

static int log_read(struct vdev *vdev, uint64_t iova, uint64_t len,
		    uint64_t page_size, uint64_t *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova,
		.length = len,
		.page_size = page_size,
		.bitmap = (uintptr_t)bitmap,
	};

	return vdev_feature(vdev, VFIO_DEVICE_FEATURE_GET |
			    VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, &report,
			    sizeof(report));
}

/* How many pages of @len bytes at @iova are dirty, and are not any more; or -errno */
static int log_count(struct vdev *vdev, uint64_t iova, uint64_t len)
{
	uint64_t *bitmap = calloc(len / PAGE / 64 + 1, 8);
	unsigned int i;
	int ret, num = 0;

	ret = log_read(vdev, iova, len, PAGE, bitmap);
	for (i = 0; i < len / PAGE / 64 + 1; i++)
		num += __builtin_popcountll(bitmap[i]);
	free(bitmap);
	return ret ? ret : num;
}

static bool page_is_dirty(const uint64_t *bitmap, unsigned int page)
{
	return bitmap[page / 64] >> page % 64 & 1;
}

FIXTURE(dirty)
{
	struct vdev vdev, other;
	struct mock_queue q;
	void *ring;
	uint8_t *buf;
	uint64_t bitmap[BUF_PAGES / 64];
};

FIXTURE_VARIANT(dirty)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(dirty);

static int open_guest(FIXTURE_DATA(dirty) *self, struct vdev *vdev)
{
	int ret;

	ret = vdev_open(vdev);
	if (!ret)
		ret = vdev_map(vdev, IOVA_RING, self->ring, PAGE, true);
	if (!ret)
		ret = vdev_map(vdev, IOVA_BUF, self->buf, BUF_SIZE, true);
	if (!ret)
		vdev_enable(vdev, true);
	return ret;
}

FIXTURE_SETUP(dirty)
{
	VDEV_SETUP(&self->vdev);
	vdev_init(&self->other, self->vdev.pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&self->other));
	self->ring = dma_alloc(PAGE);
	self->buf = dma_alloc(BUF_SIZE);
	ASSERT_EQ(0, open_guest(self, &self->vdev));
	ASSERT_TRUE(start(&self->q, &self->vdev, self->ring));
}

FIXTURE_TEARDOWN(dirty)
{
	mock_unmap_db(&self->q);
	vdev_cleanup(&self->other);
	vdev_cleanup(&self->vdev);
}

/* The engine writes @len bytes to the buffer's byte @to */
static bool copy_to(FIXTURE_DATA(dirty) *self, uint64_t to, uint32_t len)
{
	return mock_copy(&self->q, IOVA_BUF + to, IOVA_BUF, len) ==
	       MOCK_DESC_DONE;
}

/* As it is after a reset, which has taken the queue */
static bool restart(FIXTURE_DATA(dirty) *self, struct vdev *vdev)
{
	mock_unmap_db(&self->q);
	vdev_enable(vdev, true);
	return start(&self->q, vdev, self->ring);
}

TEST_F(dirty, offered)
{
	static const uint32_t features[] = {
		VFIO_DEVICE_FEATURE_DMA_LOGGING_START | VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP | VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT | VFIO_DEVICE_FEATURE_GET,
	};
	uint64_t page_size;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		EXPECT_EQ(0, vdev_feature(&self->vdev, features[i] |
					  VFIO_DEVICE_FEATURE_PROBE, NULL, 0));
	/* Not begun */
	EXPECT_EQ(-EINVAL, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));
	EXPECT_EQ(0, log_stop(&self->vdev));
	ASSERT_EQ(0, log_start(&self->vdev, IOVA_BUF, BUF_SIZE, &page_size));
	EXPECT_EQ(PAGE, page_size);
	EXPECT_EQ(-EINVAL, log_start(&self->vdev, IOVA_BUF, BUF_SIZE, NULL));
	EXPECT_EQ(0, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));
	EXPECT_EQ(0, log_stop(&self->vdev));
	EXPECT_EQ(-EINVAL, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));
	/* Nor for who has it next */
	ASSERT_EQ(0, log_start(&self->vdev, IOVA_BUF, BUF_SIZE, NULL));
	mock_unmap_db(&self->q);
	vdev_close(&self->vdev);
	ASSERT_EQ(0, open_guest(self, &self->vdev));
	EXPECT_EQ(-EINVAL, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));
	EXPECT_EQ(0, log_start(&self->vdev, IOVA_BUF, BUF_SIZE, NULL));
}

/* Each page that was written to, and no other */
TEST_F(dirty, exact)
{
	static const struct {
		uint32_t to, len;
	} copies[] = {
		{ HALF, 1 }, { HALF + PAGE - 1, 2 }, { HALF + 17 * PAGE + 5, 100 },
		{ BUF_SIZE - 3 * PAGE, 3 * PAGE }, { HALF, HALF },
	};
	unsigned int i, page, first, last;

	/* Before, nobody has asked */
	ASSERT_TRUE(copy_to(self, HALF, HALF));
	ASSERT_EQ(0, log_start(&self->vdev, IOVA_BUF, BUF_SIZE, NULL));
	EXPECT_EQ(0, log_count(&self->vdev, IOVA_RING, PAGE));
	for (i = 0; i < ARRAY_SIZE(copies); i++) {
		ASSERT_TRUE(copy_to(self, copies[i].to, copies[i].len));
		memset(self->bitmap, 0, sizeof(self->bitmap));
		ASSERT_EQ(0, log_read(&self->vdev, IOVA_BUF, BUF_SIZE, PAGE,
				      self->bitmap));
		first = copies[i].to / PAGE;
		last = (copies[i].to + copies[i].len - 1) / PAGE;
		for (page = 0; page < BUF_PAGES; page++)
			EXPECT_EQ(page >= first && page <= last,
				  page_is_dirty(self->bitmap, page)) {
				TH_LOG("copy %u, page %u", i, page);
			}
		/* The descriptor says that it is done */
		EXPECT_EQ(1, log_count(&self->vdev, IOVA_RING, PAGE));
		EXPECT_EQ(0, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));
	}

	/* Many, so that one that is missing now and then is noticed */
	for (i = 0; i < 40; i++) {
		ASSERT_TRUE(copy_to(self, HALF, HALF));
		EXPECT_EQ(HALF_PAGES, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));
	}

	/* A part of them at a time, and larger pages than the log has */
	ASSERT_TRUE(copy_to(self, HALF, HALF));
	EXPECT_EQ(1, log_count(&self->vdev, IOVA_BUF + HALF + 3 * PAGE, PAGE));
	self->bitmap[0] = 0;
	EXPECT_EQ(0, log_read(&self->vdev, IOVA_BUF, BUF_SIZE, 16 * PAGE,
			      self->bitmap));
	EXPECT_EQ(0xf0, self->bitmap[0]);
	EXPECT_EQ(0, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));

	/* After its end nothing is noted, and what was then is forgotten */
	ASSERT_TRUE(copy_to(self, HALF, HALF));
	ASSERT_EQ(0, log_stop(&self->vdev));
	ASSERT_TRUE(copy_to(self, HALF, HALF));
	ASSERT_EQ(0, log_start(&self->vdev, IOVA_BUF, BUF_SIZE, NULL));
	EXPECT_EQ(0, log_count(&self->vdev, IOVA_BUF, BUF_SIZE));
}

/* Two VDEVs of a guest: what one has read of it the other does not say again */
TEST_F(dirty, shared)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	struct mock_queue q = {};

	ASSERT_EQ(0, vdev_open_beside(other, vdev));
	vdev_enable(other, true);
	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	ASSERT_TRUE(copy_to(self, HALF, PAGE));
	/* The second one's start does not take what the first one has to say */
	ASSERT_EQ(0, log_start(other, IOVA_BUF, BUF_SIZE, NULL));
	EXPECT_EQ(1, log_count(vdev, IOVA_BUF, BUF_SIZE));

	/* Either's writes by either's log, each once */
	mock_unmap_db(&self->q);
	ASSERT_TRUE(start(&q, other, self->ring));
	ASSERT_EQ(MOCK_DESC_DONE, mock_copy(&q, IOVA_BUF + HALF, IOVA_BUF, 2 * PAGE));
	EXPECT_EQ(2, log_count(vdev, IOVA_BUF, BUF_SIZE));
	EXPECT_EQ(0, log_count(other, IOVA_BUF, BUF_SIZE));
	ASSERT_EQ(MOCK_DESC_DONE, mock_copy(&q, IOVA_BUF + HALF, IOVA_BUF, 2 * PAGE));
	EXPECT_EQ(2, log_count(other, IOVA_BUF, BUF_SIZE));

	/* The first one's end is not the second one's */
	ASSERT_EQ(0, log_stop(vdev));
	ASSERT_EQ(MOCK_DESC_DONE, mock_copy(&q, IOVA_BUF + HALF, IOVA_BUF, 3 * PAGE));
	mock_unmap_db(&q);
	vdev_close(vdev);
	EXPECT_EQ(3, log_count(other, IOVA_BUF, BUF_SIZE));
}

/* A guest may reset its VDEV while it is migrated, and a host its PF */
TEST_F(dirty, resets)
{
	struct vdev *vdev = &self->vdev;
	long long resets;

	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	ASSERT_TRUE(copy_to(self, HALF, PAGE));
	ASSERT_EQ(0, vdev_reset(vdev));
	ASSERT_TRUE(restart(self, vdev));
	ASSERT_TRUE(copy_to(self, HALF + 2 * PAGE, PAGE));
	EXPECT_EQ(2, log_count(vdev, IOVA_BUF, BUF_SIZE));

	ASSERT_TRUE(copy_to(self, HALF, 3 * PAGE));
	resets = vdev_state(vdev, "resets");
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_LT(resets, vdev_state(vdev, "resets"));
	ASSERT_TRUE(restart(self, vdev));
	ASSERT_TRUE(copy_to(self, HALF + 4 * PAGE, PAGE));
	EXPECT_EQ(4, log_count(vdev, IOVA_BUF, BUF_SIZE));

	/* Begun amid a reset of the PF */
	ASSERT_EQ(0, log_stop(vdev));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	EXPECT_EQ(0, log_count(vdev, IOVA_BUF, BUF_SIZE));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	ASSERT_TRUE(vdev_gets(vdev, "running"));
	ASSERT_TRUE(restart(self, vdev));
	ASSERT_TRUE(copy_to(self, HALF, 5 * PAGE));
	EXPECT_EQ(5, log_count(vdev, IOVA_BUF, BUF_SIZE));
}

/* What it wrote to in another address space, nobody knows: all counts */
TEST_F(dirty, another_space)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	uint32_t own = vdev->ioas;
	int iommu;

	/* A container is its device's for as long as that is open */
	if (variant->mode == VDEV_CONTAINER)
		return;
	ASSERT_EQ(0, vdev_open_beside(other, vdev));
	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	ASSERT_TRUE(copy_to(self, HALF, PAGE));
	mock_unmap_db(&self->q);
	ASSERT_EQ(0, vdev_detach(vdev));
	iommu = vdev->iommu;
	ASSERT_EQ(0, vdev_attach(vdev));
	EXPECT_EQ(own, vdev->ioas);
	EXPECT_EQ(iommu, vdev->iommu);
	ASSERT_TRUE(restart(self, vdev));
	/* The same again, which the other one has kept */
	EXPECT_EQ(1, log_count(vdev, IOVA_BUF, BUF_SIZE));

	vdev_close(other);
	ASSERT_TRUE(copy_to(self, HALF, PAGE));
	mock_unmap_db(&self->q);
	ASSERT_EQ(0, vdev_detach(vdev));
	/* iommufd makes a new domain for it, as nobody uses the old one */
	ASSERT_EQ(0, vdev_attach(vdev));
	EXPECT_EQ(BUF_PAGES, log_count(vdev, IOVA_BUF, BUF_SIZE));
	EXPECT_EQ(BUF_PAGES, log_count(vdev, IOVA_BUF, BUF_SIZE));
	ASSERT_EQ(0, log_stop(vdev));
	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	EXPECT_EQ(0, log_count(vdev, IOVA_BUF, BUF_SIZE));
	ASSERT_TRUE(restart(self, vdev));
	ASSERT_TRUE(copy_to(self, HALF, 2 * PAGE));
	EXPECT_EQ(2, log_count(vdev, IOVA_BUF, BUF_SIZE));
}

TEST_F(dirty, bad_ranges)
{
	struct vdev *vdev = &self->vdev;

	EXPECT_EQ(-EINVAL, log_start(vdev, IOVA_BUF + 1, BUF_SIZE, NULL));
	EXPECT_EQ(-EOVERFLOW, log_start(vdev, ~0ULL - PAGE + 1, 2 * PAGE, NULL));
	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	EXPECT_EQ(-EINVAL, log_read(vdev, IOVA_BUF, BUF_SIZE, 2048, self->bitmap));
	EXPECT_EQ(-EINVAL, log_read(vdev, IOVA_BUF, BUF_SIZE, 3 * PAGE,
				    self->bitmap));
	EXPECT_EQ(-EOVERFLOW, log_read(vdev, ~0ULL - PAGE + 1, 2 * PAGE, PAGE,
				       self->bitmap));
	EXPECT_EQ(-EINVAL, log_read(vdev, IOVA_BUF, 0, PAGE, self->bitmap));
	EXPECT_EQ(-EINVAL, log_read(vdev, 0, 0, PAGE, self->bitmap));
	/* Where nothing is, nothing was written to */
	EXPECT_EQ(0, log_count(vdev, 0x7f0000000000, 0x100000000));
	/* A user's bitmap that is not there is the user's loss */
	ASSERT_TRUE(copy_to(self, HALF, HALF));
	log_read(vdev, IOVA_BUF, BUF_SIZE, PAGE, NULL);
	log_read(vdev, IOVA_BUF, BUF_SIZE, PAGE, (void *)(1UL << 62));
	log_read(vdev, IOVA_BUF, BUF_SIZE, PAGE, (void *)0x1001);
	ASSERT_TRUE(copy_to(self, HALF, PAGE));
	EXPECT_EQ(1, log_count(vdev, IOVA_BUF, BUF_SIZE));
}

struct reader {
	struct vdev *vdev;
	uint64_t *bitmap;
	bool stop;
	unsigned int reads;
	int ret;
};

static void *read_once(void *arg)
{
	struct reader *r = arg;

	r->ret = log_read(r->vdev, IOVA_BUF, BUF_SIZE, PAGE, r->bitmap);
	return NULL;
}

/* A user whose bitmap is not there yet makes wait itself only, not the host */
TEST_F(dirty, slow_reader)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = {};
	struct vdev *vdev = &self->vdev;
	struct uffd_msg msg;
	struct reader r;
	long long resets;
	pthread_t tid;
	int uffd;

	uffd = syscall(__NR_userfaultfd, O_CLOEXEC);
	ASSERT_LE(0, uffd);
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	r.vdev = vdev;
	r.bitmap = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, r.bitmap);
	reg.range.start = (uintptr_t)r.bitmap;
	reg.range.len = PAGE;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));

	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	ASSERT_TRUE(copy_to(self, HALF, 3 * PAGE));
	ASSERT_EQ(0, pthread_create(&tid, NULL, read_once, &r));
	/* It is in the middle of it */
	ASSERT_EQ(sizeof(msg), read(uffd, &msg, sizeof(msg)));
	ASSERT_EQ(UFFD_EVENT_PAGEFAULT, msg.event);

	/* All that the host may want of the VDEV */
	ASSERT_EQ(0, vdev_mig_set(vdev, VFIO_DEVICE_STATE_STOP, NULL));
	ASSERT_EQ(0, vdev_mig_set(vdev, VFIO_DEVICE_STATE_RUNNING, NULL));
	resets = vdev_state(vdev, "resets");
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_LT(resets, vdev_state(vdev, "resets"));
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	/* Also a new log */
	EXPECT_EQ(0, log_stop(vdev));
	EXPECT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));

	zero.range = reg.range;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
	pthread_join(tid, NULL);
	EXPECT_EQ(0, r.ret);
	EXPECT_EQ(7ULL << HALF_PAGES % 64, r.bitmap[HALF_PAGES / 64]);
	close(uffd);
	munmap(r.bitmap, PAGE);
}

static void *read_on(void *arg)
{
	struct reader *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		if (log_read(r->vdev, 0, 1ULL << 30, PAGE, r->bitmap))
			break;
		r->reads++;
	}
	return NULL;
}

/* Tables come and go under who reads them */
TEST_F_TIMEOUT(dirty, maps_meanwhile, 60)
{
	struct vdev *vdev = &self->vdev;
	struct reader r = { .vdev = vdev };
	void *mem = dma_alloc(0x400000);
	unsigned int i;
	pthread_t tid;

	r.bitmap = calloc((1ULL << 30) / PAGE / 64, 8);
	ASSERT_EQ(0, log_start(vdev, 0, 1ULL << 30, NULL));
	ASSERT_EQ(0, pthread_create(&tid, NULL, read_on, &r));
	for (i = 0; i < 200 || (r.reads < 5 && i < 5000); i++) {
		ASSERT_EQ(0, vdev_map(vdev, 0x10000000 + (i % 3) * 0x400000, mem,
				      0x400000, true));
		ASSERT_TRUE(copy_to(self, HALF + i % HALF_PAGES * PAGE, PAGE));
		ASSERT_LE(0, vdev_unmap(vdev, 0x10000000 + (i % 3) * 0x400000,
					0x400000));
	}
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(tid, NULL);
	TH_LOG("%u changes, %u reads", i, r.reads);
	EXPECT_LE(5, r.reads);
	free(r.bitmap);
}

/* As much memory as that times this has bits for more pages than there is time for */
#define HUGE_MAP	(64UL << 20)
#define HUGE_MAPS	512

/* The child: whoever calls it does not see it return before it is killed */
static int read_huge(struct vdev *vdev, int ready)
{
	char *bitmap;
	int i, fd;

	bitmap = mmap(NULL, HUGE_MAP * HUGE_MAPS, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	fd = memfd_create("bitmap", MFD_CLOEXEC);
	if (bitmap == MAP_FAILED || fd < 0 || ftruncate(fd, HUGE_MAP))
		return -errno;
	/* The same memory again and again */
	for (i = 0; i < HUGE_MAPS; i++)
		if (mmap(bitmap + i * HUGE_MAP, HUGE_MAP, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return -errno;
	close(ready);
	return log_read(vdev, 0, HUGE_MAP * HUGE_MAPS * 8 * PAGE, PAGE,
			(void *)bitmap);
}

/* By iommufd: with a container the address space is the same for as long as it is open */
FIXTURE(dirty_anew)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(dirty_anew)
{
	const char *type;
	enum vdev_mode mode;
};

FIXTURE_VARIANT_ADD(dirty_anew, iommufd_dma_1) {
	.type = "dma-1", .mode = VDEV_IOMMUFD
};

FIXTURE_SETUP(dirty_anew)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
}

FIXTURE_TEARDOWN(dirty_anew)
{
	vdev_cleanup(&self->vdev);
}

/* A user who asks for all of a huge space, of which all counts, can be killed */
TEST_F(dirty_anew, huge)
{
	struct vdev *vdev = &self->vdev;
	int status, ready[2];
	long long begin;
	pid_t pid;
	char byte;

	ASSERT_EQ(0, log_start(vdev, IOVA_BUF, BUF_SIZE, NULL));
	ASSERT_EQ(0, vdev_detach(vdev));
	ASSERT_EQ(0, vdev_attach(vdev));
	ASSERT_EQ(BUF_PAGES, log_count(vdev, IOVA_BUF, BUF_SIZE));

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		_exit(-read_huge(vdev, ready[1]));
	}
	/* It has all its memory, and begins to read */
	close(ready[1]);
	ASSERT_EQ(0, read(ready[0], &byte, 1));
	close(ready[0]);
	msleep(300);
	ASSERT_EQ(0, waitpid(pid, &status, WNOHANG));
	begin = now_ms();
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	TH_LOG("gone after %lld ms", now_ms() - begin);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_GT(begin + SOON_MS / 2, now_ms());
}

/* The cards, by the dirty bits of the IOMMU's page tables */
FIXTURE(dirty_card)
{
	struct vdev vdev, peer_vdev;
	bool network;
	struct eg g, peer;
	struct qg qat;
	uint64_t iova;
	size_t size;
	uint8_t *mem, *was;
};

FIXTURE_VARIANT(dirty_card)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(dirty_card, avf_1, "avf-1");
VDEV_VARIANT(dirty_card, vdcm_1, "vdcm-1");
VDEV_VARIANT(dirty_card, vqat_sym, "vqat_sym");
VDEV_VARIANT(dirty_card, vqat_dc, "vqat_dc");

FIXTURE_SETUP(dirty_card)
{
	/* A huge page would be dirty as a whole */
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	VDEV_SETUP(&self->vdev);
	self->network = variant->type[1] != 'q';
	if (!self->network) {
		ASSERT_EQ(0, qg_up(&self->qat, &self->vdev));
		self->iova = QG_IOVA;
		self->mem = self->qat.mem;
		self->size = QG_MEM_SIZE;
	} else {
		vdev_init(&self->peer_vdev, self->vdev.pf, "avf-1", variant->mode);
		ASSERT_EQ(0, vdev_create(&self->peer_vdev));
		ASSERT_EQ(0, vdev_open(&self->peer_vdev));
		ASSERT_EQ(0, eg_init(&self->peer, &self->peer_vdev));
		ASSERT_EQ(0, eg_up(&self->peer));
		ASSERT_EQ(0, vdev_open(&self->vdev));
		ASSERT_EQ(0, eg_init(&self->g, &self->vdev));
		ASSERT_EQ(0, eg_up(&self->g));
		self->iova = EG_IOVA;
		self->mem = self->g.mem;
		self->size = self->g.mem_size;
	}
	self->was = malloc(self->size);
}

FIXTURE_TEARDOWN(dirty_card)
{
	if (self->network) {
		eg_exit(&self->g);
		eg_exit(&self->peer);
		vdev_cleanup(&self->peer_vdev);
	} else {
		qg_exit(&self->qat);
	}
	vdev_cleanup(&self->vdev);
	free(self->was);
}

/* Have it write to the guest's memory: frames that come, answers to requests */
static int work(FIXTURE_DATA(dirty_card) *self)
{
	uint8_t frame[256] = {}, got[256], req[QG_REQ];
	struct qg_resp resp;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < WORK && ret >= 0; i++) {
		if (self->network) {
			memcpy(frame, self->g.mac, 6);
			memcpy(frame + 6, self->peer.mac, 6);
			frame[12] = 0x88;
			frame[13] = 0xb5;
			memset(frame + 14, rand(), sizeof(frame) - 14);
			ret = eg_send(&self->peer, 0, frame, sizeof(frame), 0, 7, 0);
			if (ret >= 0)
				ret = eg_recv(&self->g, got, sizeof(got), NULL,
					      EG_TIMEOUT_MS);
		} else {
			qg_null(&self->qat, req, rand());
			ret = qg_run(&self->qat, req, &resp);
		}
	}
	return ret < 0 ? ret : 0;
}

/*
 * All that has changed though the guest's processor did not write to it is in the log:
 * what the copy lacks that a hypervisor makes is brought by one more look at the log.
 */
TEST_F(dirty_card, complete)
{
	unsigned int pages = self->size / PAGE, page, round, dirty = 0, changed = 0;
	unsigned int before;
	uint64_t *bitmap = calloc(pages / 64 + 1, 8);

	ASSERT_EQ(0, work(self));
	ASSERT_EQ(0, log_start(&self->vdev, self->iova, self->size, NULL));
	for (round = 0; round < ROUNDS; round++) {
		before = dirty;
		memcpy(self->was, self->mem, self->size);
		ASSERT_EQ(0, work(self));
		memset(bitmap, 0, (pages / 64 + 1) * 8);
		ASSERT_EQ(0, log_read(&self->vdev, self->iova, self->size, PAGE,
				      bitmap));
		for (page = 0; page < pages; page++) {
			if (page_is_dirty(bitmap, page))
				dirty++;
			if (!memcmp(self->mem + page * PAGE,
				    self->was + page * PAGE, PAGE))
				continue;
			changed++;
			/* Rings that the guest writes to itself */
			if (!page_is_dirty(bitmap, page))
				EXPECT_TRUE(!self->network &&
					    page < QG_OFF_RX / PAGE) {
					TH_LOG("page %u of round %u", page, round);
				}
		}
		/* A ring's page, though the guest has made it what it was */
		EXPECT_LT(before, dirty);
		EXPECT_EQ(0, log_count(&self->vdev, self->iova, self->size));
	}
	TH_LOG("%u pages changed, %u in the log, of %u", changed, dirty, pages);
	EXPECT_LT(0, changed);
	/* Not all of them, which would be easy */
	EXPECT_GT(ROUNDS * pages / 2, dirty);
	ASSERT_EQ(0, log_stop(&self->vdev));
	ASSERT_EQ(0, work(self));
	free(bitmap);
}

TEST_HARNESS_MAIN
