// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VDEV is stopped, saved and goes on, there or elsewhere; and what comes from elsewhere
 * may be anything
 */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "mock_traffic.h"
#include "stream.h"
#include "vdev.h"

/* Of the software device, and of nothing */
#define REC_REGISTERS	0x100
#define REC_UNKNOWN	0x7ff
#define REC_SKIP	1

FIXTURE(migrate)
{
	struct vdev vdev, other;
	struct mock_queue q;
	void *ring;
	uint8_t *buf;
	int32_t efd;
	uint8_t stream[STREAM_MAX];
	size_t len;
};

FIXTURE_VARIANT(migrate)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(migrate);

static int open_guest(FIXTURE_DATA(migrate) *self, struct vdev *vdev)
{
	int ret;

	ret = vdev_open(vdev);
	if (!ret)
		ret = vdev_map(vdev, IOVA_RING, self->ring, 4096, true);
	if (!ret)
		ret = vdev_map(vdev, IOVA_BUF, self->buf, BUF_SIZE, true);
	if (!ret)
		ret = vdev_set_vector(vdev, VECTOR, self->efd);
	return ret;
}

FIXTURE_SETUP(migrate)
{
	VDEV_SETUP(&self->vdev);
	vdev_init(&self->other, self->vdev.pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&self->other));
	self->ring = dma_alloc(4096);
	self->buf = dma_alloc(BUF_SIZE);
	self->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, open_guest(self, &self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(migrate)
{
	mock_unmap_db(&self->q);
	vdev_cleanup(&self->vdev);
	vdev_cleanup(&self->other);
	close(self->efd);
}

/* What it has saved; it stays in STOP */
static int save(FIXTURE_DATA(migrate) *self, struct vdev *vdev)
{
	return save_stream(vdev, self->stream, &self->len);
}

/* Is the device at work for its guest? */
static bool works(FIXTURE_DATA(migrate) *self, struct vdev *vdev)
{
	bool good;

	mock_unmap_db(&self->q);
	memset(self->buf, 0x6b, HALF);
	memset(self->buf + HALF, 0, HALF);
	good = start(&self->q, vdev, self->ring) &&
	       mock_copy(&self->q, IOVA_BUF + HALF, IOVA_BUF, HALF) ==
	       MOCK_DESC_DONE && !memcmp(self->buf, self->buf + HALF, HALF);
	mock_unmap_db(&self->q);
	return good;
}

TEST_F(migrate, offered)
{
	struct vfio_device_feature_migration flags = {};
	struct vfio_device_feature_mig_data_size size = {};
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIGRATION |
				  VFIO_DEVICE_FEATURE_GET, &flags,
				  sizeof(flags)));
	EXPECT_EQ(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
		  VFIO_MIGRATION_PRE_COPY, flags.flags);
	EXPECT_EQ(STATE(RUNNING), vdev_mig_get(vdev));
	ASSERT_EQ(0, save(self, vdev));
	EXPECT_EQ(0, memcmp(self->stream, "HDIOVMIG", 8));
	ASSERT_EQ(0, vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE |
				  VFIO_DEVICE_FEATURE_GET, &size, sizeof(size)));
	EXPECT_LE(self->len, size.stop_copy_length);
	EXPECT_EQ(STATE(STOP), vdev_mig_get(vdev));
}

TEST_F(migrate, stop_and_go)
{
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *last;
	long long resets = vdev_state(vdev, "resets");
	unsigned int round, amid = 0;
	bool done;

	memset(self->buf, 0x5a, HALF);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	/* The copies may be over before it stops */
	for (round = 0; amid < 5 && round < 200; round++) {
		memset(self->buf + HALF, 0, HALF);
		last = fill(&self->q);
		ASSERT_LT(0, event_wait(self->efd, SOON_MS));
		ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
		done = last->status;
		amid += !done;
		EXPECT_TRUE(silent(vdev, self->efd));
		EXPECT_TRUE(vdev_says(vdev, "paused: its user has stopped it"));

		ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
		EXPECT_TRUE(vdev_says(vdev, "running"));
		ASSERT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
		/* An interrupt that was lost, if there was one, has come */
		EXPECT_LT(0, event_wait(self->efd, SOON_MS));
		EXPECT_EQ(0, memcmp(self->buf, self->buf + HALF, HALF));
	}
	TH_LOG("%u of %u times amid traffic", amid, round);
	EXPECT_EQ(5, amid);
	EXPECT_EQ(resets, vdev_state(vdev, "resets"));
}

/* Peers are quiet at each step where they have to be, and go on after each */
TEST_F(migrate, each_state)
{
	static const unsigned int path[] = {
		STATE(RUNNING_P2P), STATE(STOP), STATE(STOP_COPY), STATE(STOP),
		STATE(RUNNING_P2P), STATE(STOP), STATE(RUNNING), STATE(PRE_COPY),
		STATE(PRE_COPY_P2P), STATE(PRE_COPY), STATE(PRE_COPY_P2P),
		STATE(STOP_COPY), STATE(RUNNING), STATE(PRE_COPY), STATE(RUNNING),
		STATE(RUNNING_P2P), STATE(PRE_COPY_P2P), STATE(RUNNING_P2P),
		STATE(RUNNING),
	};
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *desc;
	unsigned int i;
	bool runs;
	int fd;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	for (i = 0; i < ARRAY_SIZE(path); i++) {
		ASSERT_EQ(0, vdev_mig_set(vdev, path[i], &fd)) {
			TH_LOG("step %u to %u", i, path[i]);
		}
		EXPECT_EQ(path[i], vdev_mig_get(vdev));
		runs = path[i] == STATE(RUNNING) || path[i] == STATE(PRE_COPY);
		EXPECT_EQ(runs, vdev_in_state(vdev, "running")) {
			TH_LOG("step %u to %u", i, path[i]);
		}
		if (runs) {
			desc = mock_post(&self->q, IOVA_BUF, IOVA_BUF, 64, 0);
			EXPECT_EQ(MOCK_DESC_DONE, mock_wait(desc, SOON_MS));
		} else {
			EXPECT_TRUE(silent(vdev, self->efd));
		}
		if (fd >= 0)
			close(fd);
	}
	EXPECT_EQ(-EINVAL, vdev_mig_set(vdev, VFIO_DEVICE_STATE_NR, NULL));
	EXPECT_EQ(-EINVAL, vdev_mig_set(vdev, STATE(ERROR), NULL));
	EXPECT_EQ(STATE(RUNNING), vdev_mig_get(vdev));
}

/* In the middle of its work, and the guest cannot tell */
TEST_F(migrate, move)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	volatile struct mock_desc *last;
	unsigned int round, amid = 0;
	uint8_t before[256], after[256];
	struct vdev *was;
	bool done;

	memset(self->buf, 0x5a, HALF);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 0x1234);
	cfg_set(vdev, PCI_BASE_ADDRESS_0, 4, 0xfe000000);
	cfg_set(vdev, PCI_INTERRUPT_LINE, 1, 11);
	for (round = 0; amid < 5 && round < 100; round++) {
		memset(self->buf + HALF, 0, HALF);
		last = fill(&self->q);
		ASSERT_LT(0, event_wait(self->efd, SOON_MS));
		ASSERT_EQ(0, save(self, vdev));
		ASSERT_EQ(256, vdev_read(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0,
					 before, 256));
		mock_unmap_db(&self->q);
		vdev_close(vdev);
		done = last->status;
		amid += !done;
		EXPECT_TRUE(silent(vdev, self->efd));

		ASSERT_EQ(0, open_guest(self, other));
		ASSERT_EQ(0, load(other, self->stream, self->len));
		EXPECT_TRUE(silent(other, self->efd));
		ASSERT_EQ(256, vdev_read(other, VFIO_PCI_CONFIG_REGION_INDEX, 0,
					 after, 256));
		EXPECT_EQ(0, memcmp(before, after, 256));
		ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
		EXPECT_LT(0, event_wait(self->efd, SOON_MS));
		ASSERT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
		EXPECT_EQ(0, memcmp(self->buf, self->buf + HALF, HALF));
		EXPECT_EQ(0x1234, vdev_get32(other, MOCK_BAR, MOCK_SCRATCH));

		/* And on from there, by its doorbell */
		self->q.vdev = other;
		self->q.db = vdev_mmap(other, MOCK_BAR,
				       mock_db_offset(other, 0), 4096);
		ASSERT_NE(MAP_FAILED, self->q.db);
		was = vdev;
		vdev = other;
		other = was;
	}
	TH_LOG("%u of %u times amid traffic", amid, round);
	EXPECT_EQ(5, amid);
}

/* The head tells a destination that it does not fit, while the guest runs */
TEST_F(migrate, before_it_stops)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	struct vdev *vdev = &self->vdev, *other = &self->other;
	uint8_t byte;
	int fd, to;

	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(PRE_COPY), &fd));
	ASSERT_EQ(0, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(HEAD_LEN, info.initial_bytes);
	EXPECT_EQ(0, info.dirty_bytes);
	EXPECT_EQ(1, read(fd, self->stream, 1));
	EXPECT_EQ(HEAD_LEN - 1, read(fd, self->stream + 1, STREAM_MAX - 1));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ENOMSG, errno);
	ASSERT_EQ(0, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(0, info.initial_bytes);
	EXPECT_TRUE(works(self, vdev));

	ASSERT_EQ(0, open_guest(self, other));
	self->stream[HEAD_TYPE] ^= 1;
	EXPECT_EQ(-ENODEV, load(other, self->stream, HEAD_LEN));
	ASSERT_EQ(0, vdev_reset(other));
	self->stream[HEAD_TYPE] ^= 1;
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RESUMING), &to));
	EXPECT_EQ(HEAD_LEN, write(to, self->stream, HEAD_LEN));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP_COPY), NULL));
	EXPECT_EQ(-1, ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	self->len = drain(fd, self->stream, STREAM_MAX);
	ASSERT_LT(0, (ssize_t)self->len);
	EXPECT_EQ(self->len, write(to, self->stream, self->len));
	close(fd);
	close(to);
	vdev_close(vdev);
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_TRUE(vdev_in_state(other, "running"));
	EXPECT_TRUE(works(self, other));
}

/* The state, byte @at of the head changed to @value, is refused with @err */
#define EXPECT_REFUSED(err, at, value)					\
	do {								\
		uint8_t copy[STREAM_MAX];				\
									\
		memcpy(copy, self->stream, self->len);			\
		copy[at] = value;					\
		EXPECT_EQ(err, load(other, copy, HEAD_LEN));		\
		EXPECT_EQ(0, vdev_reset(other));			\
	} while (0)

TEST_F(migrate, wrong_head)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	ASSERT_EQ(0, save(self, vdev));
	ASSERT_EQ(0, open_guest(self, other));
	vdev_enable(other, true);
	EXPECT_REFUSED(-EINVAL, 0, 'h');
	EXPECT_REFUSED(-EPROTONOSUPPORT, HEAD_MIN_READER, 2);
	EXPECT_REFUSED(-EPROTONOSUPPORT, HEAD_VENDOR_MIN, 2);
	EXPECT_REFUSED(-ENODEV, HEAD_DEVICE, 0);
	EXPECT_REFUSED(-ENOSPC, HEAD_NUM_QPS, 3);
	EXPECT_REFUSED(-EINVAL, HEAD_RESERVED, 1);
	EXPECT_REFUSED(-ENODEV, HEAD_TYPE, 'x');
	/* An accident on the way */
	self->stream[CONFIG_AT + PCI_INTERRUPT_LINE] ^= 1;
	EXPECT_EQ(-EINVAL, load(other, self->stream, self->len));
	EXPECT_EQ(0, vdev_reset(other));
	/* Nothing but the head: it is right, and not enough */
	EXPECT_REFUSED(-EINVAL, 0, self->stream[0]);
	EXPECT_TRUE(works(self, other));

	/* And the source goes on */
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	self->q.vdev = vdev;
	EXPECT_EQ(MOCK_QP_STATUS_RUNNING,
		  mock_qp_get(&self->q, MOCK_QP_STATUS));
	EXPECT_TRUE(works(self, vdev));
}

/* Another type's, though both are copy engines */
TEST_F(migrate, wrong_type)
{
	bool one = !strcmp(variant->type, "dma-1");
	struct vdev wrong;

	ASSERT_EQ(0, save(self, &self->vdev));
	vdev_init(&wrong, self->vdev.pf, one ? "dma-4" : "dma-1", variant->mode);
	ASSERT_EQ(0, vdev_create(&wrong));
	EXPECT_EQ(0, vdev_open(&wrong));
	EXPECT_EQ(-ENODEV, load(&wrong, self->stream, self->len));
	vdev_cleanup(&wrong);
}

TEST_F(migrate, cut_off)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	size_t len;

	ASSERT_EQ(0, save(self, vdev));
	ASSERT_EQ(0, open_guest(self, other));
	for (len = 0; len < self->len; len += 7) {
		EXPECT_EQ(-EINVAL, load(other, self->stream, len)) {
			TH_LOG("%zu of %zu bytes", len, self->len);
		}
		/* There is no way out but this */
		EXPECT_EQ(STATE(RESUMING), vdev_mig_get(other));
		EXPECT_EQ(-EINVAL, vdev_mig_set(other, STATE(RUNNING), NULL));
		ASSERT_EQ(0, vdev_reset(other));
		EXPECT_EQ(STATE(RUNNING), vdev_mig_get(other));
	}
	/* One byte too many, and after the right end */
	self->stream[self->len] = 0;
	EXPECT_EQ(-EINVAL, load(other, self->stream, self->len + 1));
	ASSERT_EQ(0, vdev_reset(other));
	EXPECT_EQ(0, load(other, self->stream, self->len));
}

/* In pieces, as a network brings them */
TEST_F(migrate, split)
{
	struct vdev *other = &self->other;
	size_t pos, len;
	int fd;

	vdev_set32(&self->vdev, MOCK_BAR, MOCK_SCRATCH, 0x4711);
	ASSERT_EQ(0, save(self, &self->vdev));
	ASSERT_EQ(0, open_guest(self, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RESUMING), &fd));
	for (pos = 0; pos < self->len; pos += len) {
		len = 1 + pos % 13;
		if (len > self->len - pos)
			len = self->len - pos;
		ASSERT_EQ(len, write(fd, self->stream + pos, len));
	}
	close(fd);
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_EQ(0x4711, vdev_get32(other, MOCK_BAR, MOCK_SCRATCH));
}

/* What the guest cannot write to configuration space does not come with it */
TEST_F(migrate, no_authority)
{
	struct vdev *other = &self->other;
	uint8_t before[256], after[256];
	unsigned int i, pm;

	ASSERT_EQ(0, save(self, &self->vdev));
	ASSERT_EQ(0, open_guest(self, other));
	ASSERT_EQ(256, vdev_read(other, VFIO_PCI_CONFIG_REGION_INDEX, 0, before,
				 256));
	/* As a guest that writes all ones, in a power state that there is not */
	memset(self->stream + CONFIG_AT, 0xff, 256);
	pm = cfg_cap(other, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	self->stream[CONFIG_AT + pm] = 0xfd;
	seal(self->stream, self->len);
	ASSERT_EQ(0, load(other, self->stream, self->len));
	ASSERT_EQ(256, vdev_read(other, VFIO_PCI_CONFIG_REGION_INDEX, 0, after,
				 256));
	EXPECT_EQ(before[PCI_VENDOR_ID], after[PCI_VENDOR_ID]);
	EXPECT_EQ(0, after[pm] & PCI_PM_CTRL_STATE_MASK);

	/* The same by writing it */
	ASSERT_EQ(0, vdev_reset(other));
	vdev_close(other);
	ASSERT_EQ(0, vdev_open(other));
	for (i = 0; i < 256; i++)
		vdev_write(other, VFIO_PCI_CONFIG_REGION_INDEX, i,
			   i == pm ? "\xfd" : "\xff", 1);
	ASSERT_EQ(256, vdev_read(other, VFIO_PCI_CONFIG_REGION_INDEX, 0, before,
				 256));
	EXPECT_EQ(0, memcmp(before, after, 256));
}

/* Another record behind the others; its data is any */
static size_t append(uint8_t *stream, size_t len, uint16_t type, uint16_t flags,
		     uint32_t size)
{
	uint8_t *record = stream + len;

	type = htole16(type);
	flags = htole16(flags);
	memcpy(record, &type, 2);
	memcpy(record + 2, &flags, 2);
	put32(record + 4, size);
	memset(record + RECORD_LEN, 0, size);
	len += RECORD_LEN + (size + 7) / 8 * 8;
	put32(stream + HEAD_LEN, len - HEAD_LEN - BODY_LEN);
	seal(stream, len);
	return len;
}

FIXTURE(migrate_records)
{
	struct vdev vdev;
	uint8_t stream[STREAM_MAX];
	size_t len;
};

FIXTURE_VARIANT(migrate_records)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(migrate_records);

FIXTURE_SETUP(migrate_records)
{
	int fd;

	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	ASSERT_EQ(0, vdev_mig_set(&self->vdev, STATE(STOP_COPY), &fd));
	self->len = drain(fd, self->stream, sizeof(self->stream));
	close(fd);
	ASSERT_LT(CONFIG_AT + 256, self->len);
	ASSERT_EQ(0, vdev_reset(&self->vdev));
}

FIXTURE_TEARDOWN(migrate_records)
{
	vdev_cleanup(&self->vdev);
}

TEST_F(migrate_records, twice)
{
	self->len = append(self->stream, self->len, REC_REGISTERS, 0, 16);
	EXPECT_EQ(-EINVAL, load(&self->vdev, self->stream, self->len));
}

/* Only what says that it can be left out is */
TEST_F(migrate_records, unknown)
{
	size_t len;

	len = append(self->stream, self->len, REC_UNKNOWN, 0, 5);
	EXPECT_EQ(-EINVAL, load(&self->vdev, self->stream, len));
	ASSERT_EQ(0, vdev_reset(&self->vdev));
	len = append(self->stream, self->len, REC_UNKNOWN, 2, 5);
	EXPECT_EQ(-EINVAL, load(&self->vdev, self->stream, len));
	ASSERT_EQ(0, vdev_reset(&self->vdev));
	len = append(self->stream, self->len, REC_UNKNOWN, REC_SKIP, 5);
	EXPECT_EQ(0, load(&self->vdev, self->stream, len));
}

/* The same, but the registers are called what nobody has to know */
TEST_F(migrate_records, missing)
{
	uint16_t skip = htole16(REC_SKIP), type = htole16(REC_UNKNOWN);

	memcpy(self->stream + CONFIG_AT + 256, &type, 2);
	memcpy(self->stream + CONFIG_AT + 256 + 2, &skip, 2);
	seal(self->stream, self->len);
	EXPECT_EQ(-EINVAL, load(&self->vdev, self->stream, self->len));
}

/* Each value of a queue pair that no guest could have come to */
TEST_F(migrate_records, values)
{
	/* Offsets in its first queue pair, which runs; and what it would be */
	static const struct {
		unsigned int at;
		uint32_t value;
	} bad[] = {
		{ 0, 8 },		/* ring is not aligned */
		{ 16, 0 },		/* no descriptors */
		{ 16, 48 },		/* no power of 2 */
		{ 16, 1 },
		{ 16, 2048 },
		{ 20, 64 },		/* head is not in the ring */
		{ 20, ~0U },
		{ 28, 3 },		/* two statuses */
		{ 28, 8 },
		{ 32, 0x800 },		/* no such bit of the vector */
		{ 36, 1 },		/* reserved */
	};
	unsigned int qp = CONFIG_AT + 256 + RECORD_LEN + 16 + RECORD_LEN;
	uint8_t copy[STREAM_MAX];
	unsigned int i;

	put32(self->stream + qp + 16, 64);
	put32(self->stream + qp + 28, MOCK_QP_STATUS_RUNNING);
	seal(self->stream, self->len);
	ASSERT_EQ(0, load(&self->vdev, self->stream, self->len));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* Not a matter of its pace */
		vdev_close(&self->vdev);
		ASSERT_EQ(0, vdev_open(&self->vdev));
		memcpy(copy, self->stream, self->len);
		put32(copy + qp + bad[i].at, bad[i].value);
		seal(copy, self->len);
		EXPECT_EQ(-EINVAL, load(&self->vdev, copy, self->len)) {
			TH_LOG("0x%x at %u", bad[i].value, bad[i].at);
		}
	}
}

/* One that is whole, and shorter than it must be */
TEST_F(migrate_records, short)
{
	put32(self->stream + CONFIG_AT + 256 + 4, 15);
	seal(self->stream, self->len);
	EXPECT_EQ(-EINVAL, load(&self->vdev, self->stream, self->len));
}

/* Whoever wrote it: refused or taken, and the VDEV is of use after that */
TEST_F_TIMEOUT(migrate, hostile, 600)
{
	unsigned int first, num = mutations(200, &first);
	struct vdev *vdev = &self->vdev, *other = &self->other;
	unsigned int i, taken = 0;
	uint8_t copy[STREAM_MAX];
	size_t len;
	int ret;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	ASSERT_EQ(MOCK_DESC_DONE, mock_copy(&self->q, IOVA_BUF, IOVA_BUF, 64));
	ASSERT_EQ(0, save(self, vdev));
	ASSERT_EQ(0, open_guest(self, other));
	for (i = 0; i < num; i++) {
		memcpy(copy, self->stream, self->len);
		len = self->len;
		mutate(copy, &len, first + i);
		ret = load(other, copy, len);
		if (!ret)
			ret = vdev_mig_set(other, STATE(RUNNING), NULL);
		ASSERT_TRUE(!ret || ret == -EINVAL || ret == -ENODEV ||
			    ret == -ENOSPC || ret == -EPROTONOSUPPORT) {
			TH_LOG("mutation %u: %s", first + i, strerror(-ret));
		}
		taken += !ret;
		/* This one is paced if it comes all the time */
		ASSERT_EQ(0, vdev_renew(other));
	}
	TH_LOG("%u streams, %u taken", num, taken);
	/* Of configuration space, which is most of it, only what a guest can write counts */
	EXPECT_LT(0, taken);
	EXPECT_LT(taken, num * 3 / 4);
	vdev_close(other);
	ASSERT_EQ(0, open_guest(self, other));
	vdev_enable(other, true);
	EXPECT_TRUE(works(self, other));
}

/* The PF is reset while nobody looks */
TEST_F(migrate, pf_reset)
{
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *last;

	memset(self->buf, 0x5a, HALF);
	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 0x77);
	last = fill(&self->q);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(silent(vdev, self->efd));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(0x77, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
	EXPECT_EQ(0, memcmp(self->buf, self->buf + HALF, HALF));

	/* And goes on in the midst of it */
	memset(self->buf + HALF, 0, HALF);
	last = fill(&self->q);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_TRUE(silent(vdev, self->efd));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_EQ(0x77, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
	EXPECT_EQ(0, memcmp(self->buf, self->buf + HALF, HALF));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));

	/* One that runs is reset, stopped before and since or not */
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
}

/* It cannot be saved amid a reset of the PF: whoever reads it is told, and it goes on */
TEST_F(migrate, amid_pf_reset)
{
	struct vdev *vdev = &self->vdev;
	int fd;

	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	EXPECT_EQ(-EIO, save(self, vdev));
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(PRE_COPY), &fd));
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(STOP_COPY), NULL));
	EXPECT_EQ(-EIO, drain(fd, self->stream, STREAM_MAX));
	close(fd);
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(works(self, vdev));
	ASSERT_EQ(0, save(self, vdev));

	/* Nor loaded: then the source goes on */
	ASSERT_EQ(0, open_guest(self, &self->other));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	EXPECT_EQ(-EAGAIN, load(&self->other, self->stream, self->len));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));
}

/* In each state a reset of the PF that was announced, and one that was not */
TEST_F(migrate, pf_reset_anywhere)
{
	static const unsigned int states[] = {
		STATE(RUNNING_P2P), STATE(STOP), STATE(STOP_COPY),
		STATE(PRE_COPY), STATE(PRE_COPY_P2P),
	};
	struct vdev *vdev = &self->vdev;
	unsigned int i;
	bool late, kept;
	int fd;

	for (i = 0; i < 2 * ARRAY_SIZE(states); i++) {
		late = i % 2;
		/* What is saved is out of the PF's reach */
		kept = states[i / 2] == STATE(STOP) ||
		       states[i / 2] == STATE(STOP_COPY);
		vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
		ASSERT_EQ(0, vdev_mig_set(vdev, states[i / 2], &fd));
		ASSERT_EQ(0, mock_tell(vdev->pf,
				       late ? "reset_late" : "reset_begin", 1));
		ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
		EXPECT_TRUE(states[i / 2] == STATE(PRE_COPY) ||
			    silent(vdev, self->efd));
		ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
		EXPECT_TRUE(vdev_says(vdev, "running"));
		EXPECT_EQ(kept ? 5 : 0,
			  vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH)) {
			TH_LOG("state %u, late %d", states[i / 2], late);
		}
		if (fd >= 0)
			close(fd);
	}
	EXPECT_EQ(0, mock_asks(vdev->pf, "reset_accesses"));
	EXPECT_TRUE(works(self, vdev));
}

/*
 * The driver finds out that a reset is coming when the VDEV is to go on: it does, with what
 * it had, when that is over
 */
TEST_F(migrate, pf_reset_coming)
{
	struct vdev *vdev = &self->vdev;

	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING_P2P), NULL));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING_P2P), NULL));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_coming", 1));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_EQ(5, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_TRUE(works(self, vdev));
}

/* An interrupt that was on its way may be lost: one comes for it, when it can */
TEST_F(migrate, interrupt)
{
	struct vdev *vdev = &self->vdev;

	event_wait(self->efd, 0);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	EXPECT_EQ(0, event_wait(self->efd, NEVER_MS));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(1, event_wait(self->efd, SOON_MS));

	vdev_set_master(vdev, false);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(0, event_wait(self->efd, NEVER_MS));
	vdev_set_master(vdev, true);
	EXPECT_EQ(1, event_wait(self->efd, SOON_MS));
	/* Once */
	vdev_set_master(vdev, false);
	vdev_set_master(vdev, true);
	EXPECT_EQ(0, event_wait(self->efd, NEVER_MS));
}

TEST_F(migrate, reset_ends_it)
{
	static const unsigned int states[] = {
		STATE(RUNNING_P2P), STATE(STOP), STATE(STOP_COPY),
		STATE(RESUMING), STATE(PRE_COPY), STATE(PRE_COPY_P2P),
	};
	struct vdev *vdev = &self->vdev;
	unsigned int i;
	uint8_t byte = 0;
	int fd;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
		ASSERT_EQ(0, vdev_mig_set(vdev, states[i], &fd));
		ASSERT_EQ(0, vdev_reset(vdev));
		EXPECT_EQ(STATE(RUNNING), vdev_mig_get(vdev));
		EXPECT_TRUE(vdev_in_state(vdev, "running"));
		EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
		if (fd < 0)
			continue;
		EXPECT_EQ(-1, states[i] == STATE(RESUMING) ?
			      write(fd, &byte, 1) : read(fd, &byte, 1));
		EXPECT_EQ(ENODEV, errno);
		close(fd);
	}
	EXPECT_TRUE(works(self, vdev));
}

/* What a guest has reset is not brought back, though its user has stopped it */
TEST_F(migrate, guest_resets)
{
	struct vdev *vdev = &self->vdev;

	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	vdev_flr(vdev);
	EXPECT_EQ(-EIO, save(self, vdev));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));

	/* Asked for before it was stopped: done by then */
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
	vdev_set32(vdev, MOCK_BAR, MOCK_RESET, 1);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_TRUE(works(self, vdev));
}

/* Asked for while it was stopped: nothing is left of it when it goes on */
TEST_F(migrate, asked_while_stopped)
{
	struct vdev *vdev = &self->vdev;
	unsigned int i;

	/* Then one that comes later than now comes much later */
	for (i = 0; i < 17; i++)
		ASSERT_EQ(0, vdev_reset(vdev));
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING_P2P), NULL));
	vdev_set32(vdev, MOCK_BAR, MOCK_RESET, 1);
	EXPECT_EQ(5, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));

	/* On its way back, and it does not go on after all */
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING_P2P), NULL));
	EXPECT_EQ(5, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	vdev_set32(vdev, MOCK_BAR, MOCK_RESET, 1);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_TRUE(works(self, vdev));
}

/*
 * Asked for while nobody had it, or while its PF was being reset: it runs as after a reset,
 * and loses nothing the next time that it is stopped
 */
TEST_F(migrate, asked_before)
{
	struct vdev *vdev = &self->vdev;
	long long resets;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (i) {
			ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
		} else {
			vdev_close(vdev);
		}
		ASSERT_EQ(0, mock_tell(vdev->pf, "ask_resets", 1));
		/* Whatever looks whether there is something to be done has done so */
		msleep(NEVER_MS);
		if (i) {
			ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
		} else {
			ASSERT_EQ(0, open_guest(self, vdev));
			vdev_enable(vdev, true);
		}
		vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 5);
		resets = vdev_state(vdev, "resets");
		ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
		ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
		EXPECT_EQ(5, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
		EXPECT_EQ(resets, vdev_state(vdev, "resets"));
		EXPECT_TRUE(works(self, vdev));
	}
}

/* Bus mastering is off: so it is elsewhere */
TEST_F(migrate, without_master)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	volatile struct mock_desc *last;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	vdev_set_master(vdev, false);
	/* It is not mapped now: the register does as well */
	mock_unmap_db(&self->q);
	last = mock_post(&self->q, IOVA_BUF + HALF, IOVA_BUF, HALF, 0);
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 6);
	ASSERT_EQ(0, save(self, vdev));
	ASSERT_EQ(0, open_guest(self, other));
	ASSERT_EQ(0, load(other, self->stream, self->len));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_EQ(6, vdev_get32(other, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_TRUE(vdev_says(other, "paused: bus mastering is off"));
	EXPECT_EQ(0, mock_wait(last, NEVER_MS));
	vdev_set_master(other, true);
	EXPECT_TRUE(vdev_says(other, "running"));
	/* What was rung while it was off is lost, and said again by the next */
	self->q.vdev = other;
	last = mock_post(&self->q, IOVA_BUF + HALF, IOVA_BUF, HALF, 0);
	EXPECT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
}

/* Its user has stopped it, and nobody else lets it go on */
TEST_F(migrate, master_while_stopped)
{
	struct vdev *vdev = &self->vdev;
	volatile struct mock_desc *last;

	ASSERT_TRUE(start(&self->q, vdev, self->ring));
	last = fill(&self->q);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING_P2P), NULL));
	vdev_set_master(vdev, false);
	vdev_set_master(vdev, true);
	EXPECT_TRUE(silent(vdev, self->efd));
	EXPECT_TRUE(vdev_says(vdev, "paused: its user has stopped it"));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	vdev_set_master(vdev, false);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_TRUE(vdev_says(vdev, "paused: bus mastering is off"));
	EXPECT_TRUE(silent(vdev, self->efd));
	vdev_set_master(vdev, true);
	EXPECT_EQ(MOCK_DESC_DONE, mock_wait(last, SOON_MS));
}

TEST_F(migrate, failures)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	int fd;

	/* It stops all the same, goes nowhere, and goes on */
	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 8);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_save", 1));
	EXPECT_EQ(-EIO, save(self, vdev));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(8, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_save", 1));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(PRE_COPY), &fd));
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(STOP_COPY), NULL));
	EXPECT_EQ(-EIO, drain(fd, self->stream, STREAM_MAX));
	close(fd);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(8, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));

	/* The hardware does not take it: the write says so, and it is as new */
	ASSERT_EQ(0, save(self, vdev));
	ASSERT_EQ(0, open_guest(self, other));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_load", 1));
	EXPECT_EQ(-EIO, load(other, self->stream, self->len));
	EXPECT_EQ(0, vdev_reset(other));
	vdev_enable(other, true);
	EXPECT_EQ(0, vdev_get32(other, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_TRUE(works(self, other));

	/* It does not take back its own: dead, until it is reset */
	ASSERT_EQ(0, vdev_set_irqs(vdev, VFIO_PCI_ERR_IRQ_INDEX,
				   VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1,
				   &self->efd, sizeof(self->efd)));
	event_wait(self->efd, 0);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_load", 1));
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	EXPECT_EQ(1, event_wait(self->efd, SOON_MS));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_TRUE(works(self, vdev));
}

/* It may still be at work when it has been saved: nobody else goes on in its place */
TEST_F(migrate, not_quiet)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
	EXPECT_EQ(-EIO, save(self, vdev));
	EXPECT_TRUE(vdev_says(vdev, "dead: did not get quiet"));
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_TRUE(works(self, vdev));
}

/* It cannot pause: it is reset when it goes on, and does not go elsewhere */
TEST_F(migrate, no_pause)
{
	struct vdev *vdev = &self->vdev;

	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 8);
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pause", 1));
	EXPECT_EQ(-EIO, save(self, vdev));
	EXPECT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_EQ(0, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
	EXPECT_TRUE(works(self, vdev));
}

/* The files outlive the VDEV */
TEST_F(migrate, closed)
{
	struct vdev *vdev = &self->vdev;
	int from, to;

	ASSERT_EQ(0, open_guest(self, &self->other));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP_COPY), &from));
	ASSERT_EQ(0, vdev_mig_set(&self->other, STATE(RESUMING), &to));
	EXPECT_EQ(64, read(from, self->stream, 64));
	EXPECT_EQ(64, write(to, self->stream, 64));
	vdev_cleanup(vdev);
	vdev_cleanup(&self->other);
	EXPECT_EQ(-1, read(from, self->stream, 64));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, write(to, self->stream, 64));
	EXPECT_EQ(ENODEV, errno);
	close(from);
	close(to);
}

FIXTURE(migrate_anew)
{
	struct vdev vdev;
};

FIXTURE_VARIANT(migrate_anew)
{
	const char *type;
	enum vdev_mode mode;
};

FIXTURE_VARIANT_ADD(migrate_anew, iommufd_dma_1) {
	.type = "dma-1", .mode = VDEV_IOMMUFD
};

FIXTURE_SETUP(migrate_anew)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
}

FIXTURE_TEARDOWN(migrate_anew)
{
	vdev_cleanup(&self->vdev);
}

/* Another address space while it is stopped, as a VMM that changes its mind */
TEST_F(migrate_anew, attached)
{
	struct vdev *vdev = &self->vdev;

	vdev_set32(vdev, MOCK_BAR, MOCK_SCRATCH, 9);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ASSERT_EQ(0, vdev_detach(vdev));
	ASSERT_EQ(0, vdev_attach(vdev));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(9, vdev_get32(vdev, MOCK_BAR, MOCK_SCRATCH));
}

TEST_HARNESS_MAIN
