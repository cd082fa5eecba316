// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring pair stops amid its work and goes on, there or elsewhere: no request is lost, none
 * is done twice; and what comes from elsewhere may be anything
 */
#include <endian.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "qat_guest.h"
#include "qat_traffic.h"
#include "stream.h"
#include "vdev.h"

/* Time for what must come, and to see that nothing happens */
#define SOON_MS		10000
#define NEVER_MS	50

#define VEC_MSG		0
#define VEC_RING	1

/* The card's own record: two rings, then its registers, then messages */
#define BANK_AT		(CONFIG_AT + 256 + RECORD_LEN)
#define RING_AT(r)	(BANK_AT + 24 * (r))
#define RING_CONFIG	8
#define RING_HEAD	12
#define RING_TAIL	16
#define RING_RESERVED	20
#define REGS_AT		RING_AT(2)
#define REG_CAPS	0
#define REG_E_STAT	4
#define REG_F_STAT	8
#define REG_FLAG_EN	12
#define REG_SRC_SEL	16
#define REG_COL_EN	20
#define REG_COL_CTL	24
#define REG_EXP_STAT	28
#define REG_EXP_INT	32
#define REG_ARBITER	36
#define MSGS_AT		(REGS_AT + 40 + RECORD_LEN)
#define MSG_VINTSOU	0
#define MSG_VINTMSK	4
#define MSG_RX_LEN	8
#define MSG_FLAGS	12

FIXTURE(qat_migrate)
{
	struct vdev vdev, other;
	struct qg g;
	int32_t efd;
	uint64_t posted, seen;
	uint8_t stream[STREAM_MAX];
	size_t len;
};

FIXTURE_VARIANT(qat_migrate)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(qat_migrate, sym, "vqat_sym");
VDEV_VARIANT(qat_migrate, asym, "vqat_asym");
VDEV_VARIANT(qat_migrate, dc, "vqat_dc");

FIXTURE_SETUP(qat_migrate)
{
	VDEV_SETUP(&self->vdev);
	vdev_init(&self->other, self->vdev.pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&self->other));
	self->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
	ASSERT_EQ(0, vdev_set_vector(&self->vdev, VEC_RING, self->efd));
}

FIXTURE_TEARDOWN(qat_migrate)
{
	qg_exit(&self->g);
	vdev_cleanup(&self->vdev);
	vdev_cleanup(&self->other);
	close(self->efd);
}

static int save(FIXTURE_DATA(qat_migrate) *self, struct vdev *vdev)
{
	return save_stream(vdev, self->stream, &self->len);
}

/* Requests by number, so that each answer says which one it is of */
static void post_null(FIXTURE_DATA(qat_migrate) *self, unsigned int num)
{
	uint8_t req[QG_REQ];

	while (num--) {
		qg_null(&self->g, req, ++self->posted);
		qg_post(&self->g, req);
	}
}

/* The same where the doorbells are not mapped */
static void post_trapped(FIXTURE_DATA(qat_migrate) *self, unsigned int num)
{
	unsigned int size = self->g.service == QG_ASYM ? QG_REQ / 2 : QG_REQ;
	uint8_t req[QG_REQ];

	while (num--) {
		qg_null(&self->g, req, ++self->posted);
		memcpy(self->g.mem + QG_OFF_TX + self->g.tail, req, size);
		self->g.tail = (self->g.tail + size) % QG_RING_BYTES;
		vdev_set32(self->g.vdev, 0, QG_TAIL(0), self->g.tail);
	}
}

/* The next @num answers are to the next @num requests */
static bool answered(FIXTURE_DATA(qat_migrate) *self, unsigned int num)
{
	struct qg_resp r;
	int ret;

	while (num--) {
		ret = qg_wait(&self->g, &r, SOON_MS);
		if (ret || qg_u64(&r, 8) != ++self->seen) {
			printf("# answer %llu: %d, says %llu\n",
			       (unsigned long long)self->seen, ret,
			       (unsigned long long)qg_u64(&r, 8));
			return false;
		}
	}
	return true;
}

/* Not a byte to the answers' ring, and no interrupt */
static bool silent(FIXTURE_DATA(qat_migrate) *self)
{
	static uint8_t before[QG_RING_BYTES];

	event_wait(self->efd, 0);
	memcpy(before, self->g.mem + QG_OFF_RX, QG_RING_BYTES);
	msleep(NEVER_MS);
	return !memcmp(before, self->g.mem + QG_OFF_RX, QG_RING_BYTES) &&
	       !event_wait(self->efd, 0);
}

/* Another VDEV has what @from had, and stands still */
static int move_to(FIXTURE_DATA(qat_migrate) *self, struct vdev *from,
		   struct vdev *to)
{
	int ret;

	ret = save(self, from);
	if (ret)
		return ret;
	vdev_close(from);
	ret = vdev_open(to);
	if (!ret)
		ret = vdev_set_vector(to, VEC_RING, self->efd);
	if (!ret)
		ret = qg_move(&self->g, to);
	return ret ?: load(to, self->stream, self->len);
}

TEST_F(qat_migrate, offered)
{
	struct vfio_device_feature_migration flags = {};
	struct vfio_device_feature_mig_data_size size = {};
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIGRATION |
				  VFIO_DEVICE_FEATURE_GET, &flags,
				  sizeof(flags)));
	EXPECT_EQ(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
		  VFIO_MIGRATION_PRE_COPY, flags.flags);
	ASSERT_EQ(0, save(self, vdev));
	EXPECT_EQ(MSGS_AT + 16 + 2 * QG_MSG_SIZE, self->len);
	ASSERT_EQ(0, vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE |
				  VFIO_DEVICE_FEATURE_GET, &size, sizeof(size)));
	EXPECT_LE(self->len, size.stop_copy_length);
}

/* Requests that have not begun, some that are done and not taken: all are there */
TEST_F(qat_migrate, rings)
{
	struct vdev *vdev = &self->vdev, *other = &self->other, *was;
	uint32_t before[1024], after[1024];
	struct qg *g = &self->g;
	unsigned int round, i;
	uint32_t last;

	/* Something in each register, of which no interrupt comes */
	qg_set(g, QG_INT_SRC_SEL, 0x40);
	qg_set(g, QG_INT_COL_CTL, 77);
	qg_set(g, QG_INT_COL_EN, 2);
	qg_set(g, QG_INT_FLAG_EN, 1);
	qg_set(g, QG_EXP_INT_EN, 3);
	/* So that the rings go round as well */
	for (round = 0; round < 6; round++) {
		post_null(self, 20);
		ASSERT_TRUE(answered(self, 10));
		/*
		 * Done, and not taken. The last one has left the requests' ring before
		 * its answer is in the other.
		 */
		last = (g->head + 10 * QG_RESP) % QG_RING_BYTES;
		for (i = 0; i < SOON_MS && qg_get(g, QG_TAIL(1)) != last; i++)
			msleep(1);
		ASSERT_EQ(last, qg_get(g, QG_TAIL(1)));
		ASSERT_EQ(g->tail, qg_get(g, QG_HEAD(0)));
		/* Not begun */
		qg_set(g, QG_ARB_EN, 0);
		post_null(self, 30);
		for (i = 0; i < 1024; i++)
			before[i] = g->page[i];
		ASSERT_EQ(0, move_to(self, vdev, other));
		EXPECT_TRUE(silent(self));
		ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
		for (i = 0; i < 1024; i++)
			after[i] = g->page[i];
		for (i = 0; i < 1024; i++) {
			/* Of what has been told, and does not go over */
			if (4 * i == QG_INT_FLAG)
				continue;
			EXPECT_EQ(before[i], after[i]) {
				TH_LOG("round %u: register 0x%x", round, 4 * i);
			}
		}
		for (i = 0; i < 2; i++) {
			EXPECT_EQ(QG_RING_ORDER, qg_get(g, QG_CONFIG(i)));
			EXPECT_EQ(QG_IOVA + (i ? QG_OFF_RX : QG_OFF_TX),
				  qg_get(g, QG_LBASE(i)));
		}
		EXPECT_TRUE(silent(self));
		qg_set(g, QG_ARB_EN, 1);
		ASSERT_TRUE(answered(self, 40));
		was = vdev;
		vdev = other;
		other = was;
	}
	EXPECT_EQ(self->posted, self->seen);
	EXPECT_TRUE(works(g, 3));
}

/* A ring that is full, to the last request, and one that is empty look alike */
TEST_F(qat_migrate, full)
{
	struct qg *g = &self->g;
	unsigned int num = QG_RING_BYTES / (g->service == QG_ASYM ? 64 : 128);
	uint32_t tail;

	post_null(self, 3);
	ASSERT_TRUE(answered(self, 3));
	qg_set(g, QG_ARB_EN, 0);
	tail = g->tail;
	post_null(self, num);
	ASSERT_EQ(tail, g->tail);
	ASSERT_EQ(0, qg_get(g, QG_E_STAT) & 1);
	ASSERT_EQ(0, move_to(self, &self->vdev, &self->other));
	ASSERT_EQ(0, vdev_mig_set(&self->other, STATE(RUNNING), NULL));
	EXPECT_EQ(0, qg_get(g, QG_E_STAT) & 1);
	qg_set(g, QG_ARB_EN, 1);
	EXPECT_TRUE(answered(self, num));
	ASSERT_EQ(0, move_to(self, &self->other, &self->vdev));
	ASSERT_EQ(0, vdev_mig_set(&self->vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(3, qg_get(g, QG_E_STAT) & 3);
	EXPECT_TRUE(works(g, 3));
}

/* Amid its work: what it has begun it ends, and goes on from there */
TEST_F_TIMEOUT(qat_migrate, amid_work, 240)
{
	struct vdev *vdev = &self->vdev, *other = &self->other, *was;
	struct qg *g = &self->g;
	unsigned int round, done, left, amid = 0;
	uint64_t first;
	struct qg_resp r;
	struct load l;

	for (round = 0; amid < 3 && round < 50; round++) {
		load_init(g, &l);
		load_post(g, &l, 24);
		ASSERT_EQ(0, qg_wait(g, &r, QG_TIMEOUT_MS));
		first = qg_u64(&r, 8);
		ASSERT_EQ(0, move_to(self, vdev, other));
		EXPECT_TRUE(silent(self));
		memset(l.out, 0, LONG_LEN);
		EXPECT_TRUE(silent(self));
		ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
		left = (g->tail - qg_get(g, QG_HEAD(0))) % QG_RING_BYTES;
		for (done = 1; done < 24; done++) {
			ASSERT_EQ(0, qg_wait(g, &r, QG_TIMEOUT_MS));
			ASSERT_FALSE(failed(g, &r));
			/* One's own, in their order */
			ASSERT_EQ(first + done, qg_u64(&r, 8));
		}
		/* It has computed, there */
		if (left)
			EXPECT_FALSE(all_bytes(l.out, 0, 64));
		amid += !!left;
		was = vdev;
		vdev = other;
		other = was;
	}
	TH_LOG("%u of %u times amid work", amid, round);
	EXPECT_EQ(3, amid);
	qg_free_all(g);
	EXPECT_TRUE(works(g, 3));
}

/* A guest that turns bus mastering off and on, as often as it likes */
TEST_F_TIMEOUT(qat_migrate, bus_mastering, 240)
{
	struct vdev *vdev = &self->vdev;
	long long resets = vdev_state(vdev, "resets");
	struct qg *g = &self->g;
	unsigned int round, done, amid = 0;
	struct qg_resp r;
	struct load l;

	for (round = 0; round < 20; round++) {
		post_null(self, 30);
		vdev_set_master(vdev, false);
		EXPECT_TRUE(vdev_says(vdev, "paused: bus mastering is off"));
		if (round < 3) {
			EXPECT_TRUE(silent(self));
			/* By trap: what it has turned on stays what it is */
			EXPECT_EQ(1, vdev_get32(vdev, 0, QG_ARB_EN));
		}
		vdev_set_master(vdev, true);
		ASSERT_TRUE(answered(self, 30));
	}
	/* Amid what takes long */
	for (round = 0; amid < 2 && round < 20; round++) {
		load_init(g, &l);
		load_post(g, &l, 24);
		ASSERT_EQ(0, qg_wait(g, &r, QG_TIMEOUT_MS));
		vdev_set_master(vdev, false);
		amid += vdev_get32(vdev, 0, QG_HEAD(0)) != g->tail;
		EXPECT_TRUE(silent(self));
		vdev_set_master(vdev, true);
		for (done = 1; done < 24; done++) {
			ASSERT_EQ(0, qg_wait(g, &r, QG_TIMEOUT_MS));
			ASSERT_FALSE(failed(g, &r));
		}
	}
	EXPECT_EQ(2, amid);
	EXPECT_EQ(resets, vdev_state(vdev, "resets"));

	/* Its registers are there while it is off, and nothing starts before it is on */
	qg_free_all(g);
	qg_start(g);
	self->seen = self->posted;
	qg_set(g, QG_ARB_EN, 0);
	vdev_set_master(vdev, false);
	vdev_set32(vdev, 0, QG_ARB_EN, 1);
	munmap((void *)g->page, 4096);
	g->page = NULL;
	post_trapped(self, 7);
	EXPECT_EQ(-ETIMEDOUT, qg_wait(g, &r, NEVER_MS));
	vdev_set_master(vdev, true);
	g->page = vdev_mmap(vdev, 0, 0, 4096);
	ASSERT_NE(MAP_FAILED, g->page);
	EXPECT_TRUE(answered(self, 7));

	/* A reset of the ring pair leaves nothing of that */
	vdev_set_master(vdev, false);
	ASSERT_EQ(0, qg_reset(g, QG_RESET));
	EXPECT_EQ(0, vdev_get32(vdev, 0, QG_ARB_EN));
	vdev_set_master(vdev, true);
	ASSERT_TRUE(vdev_says(vdev, "running"));
	EXPECT_EQ(0, qg_get(g, QG_ARB_EN));
	qg_free_all(g);
	qg_start(g);
	EXPECT_TRUE(works(g, 2));
}

/* Answers that are to be told of together, later than it stops */
TEST_F(qat_migrate, interrupts)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	struct qg *g = &self->g;

	qg_irq_enable(g);
	/* 256 ns times this: 0.26 s */
	qg_set(g, QG_INT_COL_CTL, QG_INT_COL_ENABLE | 1000000);
	post_null(self, 5);
	ASSERT_TRUE(answered(self, 4));
	vdev_set_master(vdev, false);
	event_wait(self->efd, 0);
	msleep(400);
	EXPECT_EQ(0, event_wait(self->efd, 0));
	vdev_set_master(vdev, true);
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));

	ASSERT_EQ(0, move_to(self, vdev, other));
	msleep(400);
	EXPECT_EQ(0, event_wait(self->efd, 0));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));
	ASSERT_TRUE(answered(self, 1));
	/* And by itself from there, its time as it was */
	EXPECT_EQ(QG_INT_COL_ENABLE | 1000000, qg_get(g, QG_INT_COL_CTL));
	event_wait(self->efd, 0);
	qg_irq_rearm(g);
	post_null(self, 1);
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));
	ASSERT_TRUE(answered(self, 1));
}

/* What guest and host have told one another */
TEST_F(qat_migrate, messages)
{
	static const uint8_t init[] = { QG_MSG_INIT, 0 };
	struct vdev *vdev = &self->vdev, *other = &self->other;
	struct qg *g = &self->g;
	uint8_t msg[8] = {};

	ASSERT_EQ(0, vdev_set_vector(vdev, VEC_MSG, self->efd));
	ASSERT_EQ(0, qg_tell(g, init, sizeof(init)));
	/* With bus mastering off as well, but then the interrupt comes later */
	vdev_set_master(vdev, false);
	event_wait(self->efd, 0);
	vdev_set32(vdev, 2, QG_MSG_RAM, QG_MSG_VERSION_REQ | 1 << 16);
	vdev_set32(vdev, 2, QG_TX_NOTIFIER, 4);
	EXPECT_EQ(1, vdev_get32(vdev, 2, QG_VINTSOU));
	EXPECT_EQ(0, event_wait(self->efd, NEVER_MS));
	vdev_set_master(vdev, true);
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));
	vdev_set32(vdev, 2, QG_VINTMSK, 1);
	ASSERT_EQ(0, move_to(self, vdev, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_EQ(1, vdev_get32(other, 2, QG_VINTMSK));
	EXPECT_EQ(5, qg_answer(g, msg, sizeof(msg), SOON_MS));
	EXPECT_EQ(QG_MSG_VERSION_RESP, msg[0]);
	EXPECT_EQ(1, msg[4]);
}

/* A ring that has stopped for an error stays so: there is no way to have it seen */
TEST_F(qat_migrate, exception)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	struct qg *g = &self->g;
	struct qg_resp r;

	qg_set(g, QG_ARB_EN, 0);
	qg_set(g, QG_LBASE(0), 0x10000000);
	qg_set(g, QG_ARB_EN, 1);
	post_null(self, 1);
	ASSERT_EQ(1, qg_exception(g));
	ASSERT_EQ(-ETIMEDOUT, qg_wait(g, &r, 0));
	ASSERT_EQ(0, move_to(self, vdev, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_EQ(0, qg_get(g, QG_ARB_EN));
	ASSERT_EQ(0, qg_reset(g, QG_RESET));
	qg_start(g);
	EXPECT_TRUE(works(g, 2));
}

/* The card is reset while it is stopped, and takes nothing from it */
TEST_F_TIMEOUT(qat_migrate, pf_reset, 120)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;
	struct qg *g = &self->g;
	const char *why;
	long long resets;
	int ret;

	/* Another one that runs shows when it is over */
	ASSERT_EQ(0, vdev_open(other));
	vdev_enable(other, true);
	resets = vdev_state(other, "resets");
	qg_set(g, QG_ARB_EN, 0);
	post_null(self, 10);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	ret = qg_reset_pf(vdev->pf, &why);
	if (ret == -ENODEV)
		SKIP(return, "%s: %s", variant->type, why);
	ASSERT_EQ(0, ret);
	ASSERT_TRUE(qg_comes_back(other, resets));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	ASSERT_TRUE(vdev_says(vdev, "running"));
	qg_set(g, QG_ARB_EN, 1);
	EXPECT_TRUE(answered(self, 10));
}

/* What another service's ring pair has saved */
TEST_F(qat_migrate, wrong_service)
{
	bool sym = !strcmp(variant->type, "vqat_sym");
	struct vdev wrong;
	const char *why;
	char pf[64];

	ASSERT_EQ(0, save(self, &self->vdev));
	ASSERT_TRUE(pf_find(sym ? "vqat_asym" : "vqat_sym", variant->mode, pf,
			    sizeof(pf), &why));
	vdev_init(&wrong, pf, sym ? "vqat_asym" : "vqat_sym", variant->mode);
	ASSERT_EQ(0, vdev_create(&wrong));
	EXPECT_EQ(0, vdev_open(&wrong));
	EXPECT_EQ(-ENODEV, load(&wrong, self->stream, self->len));
	vdev_cleanup(&wrong);
}

/* Each value that no card could have said, and no guest have written */
TEST_F(qat_migrate, values)
{
	static const struct {
		unsigned int at;
		uint32_t value;
		int err;
	} bad[] = {
		{ RING_AT(0) + RING_CONFIG, 17, -EINVAL },
		{ RING_AT(0) + RING_CONFIG, 0x8008, -EINVAL },
		{ RING_AT(0) + RING_HEAD, QG_RING_BYTES, -EINVAL },
		{ RING_AT(0) + RING_TAIL, ~0U, -EINVAL },
		{ RING_AT(1) + RING_CONFIG, 31, -EINVAL },
		/* Of a ring that is smaller than it says */
		{ RING_AT(1) + RING_CONFIG, 1, -EINVAL },
		{ RING_AT(1) + RING_HEAD, 0x80000000, -EINVAL },
		{ RING_AT(1) + RING_RESERVED, 1, -EINVAL },
		{ REGS_AT + REG_CAPS, ~0U, -EPERM },
		{ REGS_AT + REG_E_STAT, 4, -EINVAL },
		{ REGS_AT + REG_F_STAT, 4, -EINVAL },
		/* As if its rings were full */
		{ REGS_AT + REG_E_STAT, 0, -EIO },
		{ REGS_AT + REG_F_STAT, 3, -EIO },
		{ REGS_AT + REG_FLAG_EN, 4, -EINVAL },
		{ REGS_AT + REG_SRC_SEL, 0x100, -EINVAL },
		{ REGS_AT + REG_COL_EN, 4, -EINVAL },
		{ REGS_AT + REG_COL_CTL, 0x40000000, -EINVAL },
		{ REGS_AT + REG_EXP_STAT, 4, -EINVAL },
		{ REGS_AT + REG_EXP_INT, 8, -EINVAL },
		{ REGS_AT + REG_ARBITER, 4, -EINVAL },
		{ MSGS_AT + MSG_VINTSOU, 2, -EINVAL },
		{ MSGS_AT + MSG_VINTMSK, 2, -EINVAL },
		{ MSGS_AT + MSG_RX_LEN, QG_MSG_SIZE + 1, -EINVAL },
		{ MSGS_AT + MSG_FLAGS, 8, -EINVAL },
	};
	struct vdev *other = &self->other;
	uint8_t copy[STREAM_MAX];
	unsigned int i;

	post_null(self, 20);
	ASSERT_TRUE(answered(self, 20));
	ASSERT_EQ(0, save(self, &self->vdev));
	ASSERT_EQ(0, vdev_open(other));
	ASSERT_EQ(0, load(other, self->stream, self->len));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* Not a matter of its pace */
		vdev_close(other);
		ASSERT_EQ(0, vdev_open(other));
		memcpy(copy, self->stream, self->len);
		put32(copy + bad[i].at, bad[i].value);
		seal(copy, self->len);
		EXPECT_EQ(bad[i].err, load(other, copy, self->len)) {
			TH_LOG("0x%x at %u", bad[i].value, bad[i].at);
		}
	}
	vdev_close(other);
	ASSERT_EQ(0, vdev_open(other));
	ASSERT_EQ(0, qg_move(&self->g, other));
	vdev_enable(other, true);
	qg_start(&self->g);
	EXPECT_TRUE(works(&self->g, 2));
}

/* Whoever wrote it: refused or taken, and the VDEV is of use after that */
TEST_F_TIMEOUT(qat_migrate, hostile, 600)
{
	unsigned int first, num = mutations(200, &first);
	struct vdev *other = &self->other;
	unsigned int i, taken = 0;
	uint8_t copy[STREAM_MAX];
	size_t len;
	int ret;

	post_null(self, 20);
	ASSERT_TRUE(answered(self, 10));
	ASSERT_EQ(0, save(self, &self->vdev));
	ASSERT_EQ(0, vdev_open(other));
	for (i = 0; i < num; i++) {
		memcpy(copy, self->stream, self->len);
		len = self->len;
		mutate(copy, &len, first + i);
		ret = load(other, copy, len);
		if (!ret)
			ret = vdev_mig_set(other, STATE(RUNNING), NULL);
		ASSERT_TRUE(!ret || ret == -EINVAL || ret == -ENODEV ||
			    ret == -ENOSPC || ret == -EPROTONOSUPPORT ||
			    ret == -EPERM || ret == -EIO) {
			TH_LOG("mutation %u: %s", first + i, strerror(-ret));
		}
		taken += !ret;
		/* It runs now, with whatever it has, and no memory */
		if (!ret) {
			vdev_set32(other, 0, QG_ARB_EN, 1);
			vdev_set32(other, 0, QG_TAIL(0), QG_REQ * (i % 16));
		}
		/* This one is paced if it comes all the time */
		ASSERT_EQ(0, vdev_renew(other));
	}
	TH_LOG("%u streams, %u taken", num, taken);
	EXPECT_LT(0, taken);
	EXPECT_LT(taken, num);
	ASSERT_EQ(0, qg_move(&self->g, other));
	vdev_enable(other, true);
	qg_start(&self->g);
	EXPECT_TRUE(works(&self->g, 2));
}

TEST_HARNESS_MAIN
