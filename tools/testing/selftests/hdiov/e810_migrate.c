// SPDX-License-Identifier: GPL-2.0-only
/*
 * An E810's VDEV stops amid its work and goes on: no packet is lost that it had, none
 * comes twice, and the mailbox and interrupts are as its guest left them
 */
#include <endian.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "e810_guest.h"
#include "vdev.h"

/* Time for what must come, and to see that nothing happens */
#define SOON_MS		EG_TIMEOUT_MS
#define NEVER_MS	50

#define ETH_TEST	0x88b5	/* IEEE 802: local experimental */
#define HDR		14
#define FRAME_LEN	100

#define VEC_MBX		0
#define VEC_QUEUE	1

/* A guest that stops, what it may become, and another one that it talks to */
FIXTURE(e810_migrate)
{
	struct vdev vdev, other, peer_vdev;
	struct eg g, peer;
	int32_t efd;
	/* Frames sent and seen, by their numbers */
	uint32_t out, out_seen, in, in_seen;
};

FIXTURE_VARIANT(e810_migrate)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(e810_migrate, avf_1, "avf-1");
VDEV_VARIANT(e810_migrate, avf_4, "avf-4");
VDEV_VARIANT(e810_migrate, vdcm_1, "vdcm-1");
VDEV_VARIANT(e810_migrate, vdcm_4, "vdcm-4");

FIXTURE_SETUP(e810_migrate)
{
	VDEV_SETUP(&self->vdev);
	vdev_init(&self->other, self->vdev.pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&self->other));
	vdev_init(&self->peer_vdev, self->vdev.pf, "avf-1", variant->mode);
	ASSERT_EQ(0, vdev_create(&self->peer_vdev));
	self->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, vdev_open(&self->peer_vdev));
	ASSERT_EQ(0, eg_init(&self->peer, &self->peer_vdev));
	ASSERT_EQ(0, eg_up(&self->peer));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	ASSERT_EQ(0, eg_init(&self->g, &self->vdev));
	ASSERT_EQ(0, eg_up(&self->g));
}

FIXTURE_TEARDOWN(e810_migrate)
{
	eg_exit(&self->g);
	eg_exit(&self->peer);
	vdev_cleanup(&self->vdev);
	vdev_cleanup(&self->other);
	vdev_cleanup(&self->peer_vdev);
	close(self->efd);
}

static void make_frame(uint8_t *frame, struct eg *from, struct eg *to,
		       uint32_t seq)
{
	unsigned int i;

	memcpy(frame, to->mac, 6);
	memcpy(frame + 6, from->mac, 6);
	frame[12] = ETH_TEST >> 8;
	frame[13] = ETH_TEST & 0xff;
	seq = htole32(seq);
	memcpy(frame + HDR, &seq, 4);
	for (i = HDR + 4; i < FRAME_LEN; i++)
		frame[i] = le32toh(seq) + i;
}

static void post_frames(struct eg *from, struct eg *to, uint32_t *seq,
			unsigned int num)
{
	uint8_t frame[FRAME_LEN];

	while (num--) {
		make_frame(frame, from, to, ++*seq);
		eg_post_frame(from, 0, frame, sizeof(frame), 0, HDR / 2, 0);
	}
}

/* The next @num frames that @to gets are those after @seen */
static bool got_frames(struct eg *from, struct eg *to, uint32_t *seen,
		       unsigned int num)
{
	uint8_t frame[FRAME_LEN], want[FRAME_LEN];
	int ret;

	while (num--) {
		make_frame(want, from, to, ++*seen);
		ret = eg_recv(to, frame, sizeof(frame), NULL, SOON_MS);
		if (ret != FRAME_LEN || memcmp(frame, want, FRAME_LEN)) {
			printf("# frame %u: %d, is %u\n", *seen, ret,
			       frame[HDR] | frame[HDR + 1] << 8);
			return false;
		}
	}
	return true;
}

#define post_out(num)	post_frames(&self->g, &self->peer, &self->out, num)
#define got_out(num)	got_frames(&self->g, &self->peer, &self->out_seen, num)
#define post_in(num)	post_frames(&self->peer, &self->g, &self->in, num)
#define got_in(num)	got_frames(&self->peer, &self->g, &self->in_seen, num)

/* The peer's card has sent all of it */
static bool peer_sent(FIXTURE_DATA(e810_migrate) *self)
{
	struct eg_queue *q = &self->peer.q[0];
	unsigned int last = (q->tx_next + EG_RING - 1) % EG_RING;
	int ms;

	for (ms = 0; ms < SOON_MS; ms++) {
		if ((le64toh(q->tx[last].qw1) & 0xf) == 0xf)
			return true;
		msleep(1);
	}
	return false;
}

/* Not a byte of its memory changes, and no interrupt comes */
static bool silent(FIXTURE_DATA(e810_migrate) *self)
{
	uint8_t *copy = malloc(self->g.mem_size);
	bool same;

	event_wait(self->efd, 0);
	memcpy(copy, self->g.mem, self->g.mem_size);
	msleep(NEVER_MS);
	same = !memcmp(copy, self->g.mem, self->g.mem_size);
	free(copy);
	return same && !event_wait(self->efd, 0);
}

static bool talks(FIXTURE_DATA(e810_migrate) *self)
{
	uint32_t version[2] = { htole32(1), htole32(1) };

	return !eg_tell(&self->g, VC_VERSION, version, sizeof(version));
}

/* With its rings going round, with frames not taken yet */
TEST_F(e810_migrate, bus_mastering)
{
	struct vdev *vdev = &self->vdev;
	long long resets = vdev_state(vdev, "resets");
	unsigned int round;

	for (round = 0; round < 12; round++) {
		post_out(7 + round % 3);
		post_in(11);
		ASSERT_TRUE(got_in(4));
		ASSERT_TRUE(peer_sent(self));
		vdev_set_master(vdev, false);
		EXPECT_TRUE(vdev_says(vdev, "paused: bus mastering is off"));
		/* What comes now is lost */
		post_frames(&self->peer, &self->g, &self->in, 5);
		ASSERT_TRUE(peer_sent(self));
		self->in -= 5;
		EXPECT_TRUE(silent(self));
		vdev_set_master(vdev, true);
		ASSERT_TRUE(got_out(7 + round % 3));
		ASSERT_TRUE(got_in(7));
		ASSERT_TRUE(talks(self));
	}
	EXPECT_EQ(resets, vdev_state(vdev, "resets"));
	EXPECT_EQ(self->out, self->out_seen);
	EXPECT_EQ(self->in, self->in_seen);
}

/* It goes off between a message and its answer: either is lost, and none comes late */
TEST_F(e810_migrate, messages)
{
	uint32_t version[2] = { htole32(1), htole32(1) }, op;
	struct vdev *vdev = &self->vdev;
	unsigned int round;
	int32_t status;

	for (round = 0; round < 40; round++) {
		ASSERT_EQ(0, eg_post(&self->g, VC_VERSION, version,
				     sizeof(version)));
		vdev_set_master(vdev, false);
		EXPECT_TRUE(round % 10 || silent(self));
		vdev_set_master(vdev, true);
		ASSERT_EQ(sizeof(version),
			  eg_receive(&self->g, &op, &status, version,
				     sizeof(version), SOON_MS));
		EXPECT_EQ(VC_VERSION, op);
		EXPECT_EQ(0, status);
	}
}

/* What the card cannot get rid of: a packet whose end is not there, with others behind */
TEST_F(e810_migrate, parked)
{
	struct vdev *vdev = &self->vdev;
	struct eg_queue *q = &self->g.q[0];
	uint8_t frame[FRAME_LEN];
	unsigned int round, i;
	uint64_t half;

	for (round = 0; round < 20; round++) {
		post_out(6);
		ASSERT_TRUE(got_out(6));
		make_frame(frame, &self->g, &self->peer, ++self->out);
		i = q->tx_next;
		memcpy(q->tx_buf + i * EG_TX_BUF, frame, sizeof(frame));
		half = EG_IOVA + (q->tx_buf + i * EG_TX_BUF - self->g.mem);
		q->tx[i].addr = htole64(half);
		q->tx[i].qw1 = htole64((HDR / 2) << 16 | 40ULL << 34);
		q->tx_next = (i + 1) % EG_RING;
		eg_tx_tail(&self->g, 0, q->tx_next);
		vdev_set_master(vdev, false);
		EXPECT_TRUE(vdev_says(vdev, "paused: bus mastering is off"));
		vdev_set_master(vdev, true);
		ASSERT_EQ(1, vdev_in_state(vdev, "running"));
		/* The rest of it */
		i = q->tx_next;
		q->tx[i].addr = htole64(half + 40);
		q->tx[i].qw1 = htole64((TX_EOP | TX_RS) << 4 |
				       (HDR / 2) << 16 |
				       (FRAME_LEN - 40ULL) << 34);
		q->tx_next = (i + 1) % EG_RING;
		eg_tx_tail(&self->g, 0, q->tx_next);
		ASSERT_TRUE(got_out(1));
	}
	EXPECT_EQ(0, vdev_state(vdev, "malicious driver events"));
	post_in(3);
	EXPECT_TRUE(got_in(3));
}

/* Slower than it sends: what is left goes out when it goes on, and each once */
TEST_F(e810_migrate, slow)
{
	struct vdev *vdev = &self->vdev;
	unsigned int round, amid = 0;

	ASSERT_EQ(0, vdev_attr_set(vdev, "max_tx_rate", "1"));
	for (round = 0; round < 6; round++) {
		/* 0.8 ms each */
		post_out(60);
		ASSERT_TRUE(got_out(1));
		vdev_set_master(vdev, false);
		amid += (le64toh(self->g.q[0].tx[(self->g.q[0].tx_next +
						  EG_RING - 1) % EG_RING].qw1) &
			 0xf) != 0xf;
		EXPECT_TRUE(silent(self));
		vdev_set_master(vdev, true);
		ASSERT_TRUE(got_out(59));
	}
	TH_LOG("%u of %u times amid work", amid, round);
	EXPECT_LT(0, amid);
	EXPECT_TRUE(vdev_attr_is(vdev, "max_tx_rate", "1"));
}

/* Interrupts: none while it is off, one for whatever there was, then as before */
TEST_F(e810_migrate, interrupts)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, vdev_set_vector(vdev, VEC_QUEUE, self->efd));
	post_in(1);
	ASSERT_TRUE(got_in(1));
	EXPECT_EQ(0, event_wait(self->efd, NEVER_MS));
	eg_vector_enable(&self->g, VEC_QUEUE);
	event_wait(self->efd, NEVER_MS);
	eg_vector_enable(&self->g, VEC_QUEUE);
	post_in(1);
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));
	ASSERT_TRUE(got_in(1));

	eg_vector_enable(&self->g, VEC_QUEUE);
	vdev_set_master(vdev, false);
	EXPECT_TRUE(silent(self));
	vdev_set_master(vdev, true);
	/* It may have missed one */
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));
	eg_vector_enable(&self->g, VEC_QUEUE);
	post_in(1);
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));
	ASSERT_TRUE(got_in(1));

	/* One that is masked stays so */
	eg_vector_poll(&self->g, VEC_QUEUE);
	event_wait(self->efd, 0);
	vdev_set_master(vdev, false);
	vdev_set_master(vdev, true);
	EXPECT_EQ(0, event_wait(self->efd, NEVER_MS));
	post_in(1);
	ASSERT_TRUE(got_in(1));
}

/* What a guest does to its registers while bus mastering is off begins when it is on */
TEST_F(e810_migrate, registers)
{
	struct vdev *vdev = &self->vdev;
	uint64_t ctl = self->g.vdcm ? VDCM_VECTOR(VEC_QUEUE) :
				      AVF_DYN_CTLN(VEC_QUEUE - 1);
	uint64_t tail = self->g.vdcm ? VDCM_QTX_TAIL(0) : AVF_QTX_TAIL(0);
	struct eg_queue *q = &self->g.q[0];
	uint8_t frame[FRAME_LEN];
	volatile uint32_t *page;
	unsigned int i;

	ASSERT_EQ(0, vdev_set_vector(vdev, VEC_QUEUE, self->efd));
	vdev_set_master(vdev, false);
	page = q->tx_tail;
	q->tx_tail = NULL;
	for (i = 0; i < 3; i++) {
		make_frame(frame, &self->g, &self->peer, ++self->out);
		memcpy(q->tx_buf + i * EG_TX_BUF, frame, sizeof(frame));
		q->tx[i].addr = htole64(EG_IOVA + (q->tx_buf + i * EG_TX_BUF -
						   self->g.mem));
		q->tx[i].qw1 = htole64((TX_EOP | TX_RS) << 4 |
				       (HDR / 2) << 16 |
				       (uint64_t)FRAME_LEN << 34);
		vdev_set32(vdev, 0, tail, i + 1);
	}
	q->tx_next = 3;
	vdev_set32(vdev, 0, ctl, DYN_CTL_INTENA | DYN_CTL_SWINT_TRIG |
		   DYN_CTL_ITR_NONE);
	EXPECT_EQ(3, vdev_get32(vdev, 0, tail));
	EXPECT_EQ(DYN_CTL_INTENA, vdev_get32(vdev, 0, ctl));
	EXPECT_TRUE(silent(self));
	EXPECT_EQ(-ETIMEDOUT, eg_recv(&self->peer, frame, sizeof(frame), NULL,
				      NEVER_MS));
	vdev_set_master(vdev, true);
	q->tx_tail = page;
	EXPECT_LT(0, event_wait(self->efd, SOON_MS));
	EXPECT_TRUE(got_out(3));
	EXPECT_TRUE(talks(self));
	eg_vector_poll(&self->g, VEC_QUEUE);
	post_in(2);
	EXPECT_TRUE(got_in(2));
}

/* The mailbox and all else, begun anew while it is off */
TEST_F(e810_migrate, reset_while_off)
{
	struct vdev *vdev = &self->vdev;

	vdev_set_master(vdev, false);
	ASSERT_EQ(0, vdev_reset(vdev));
	vdev_enable(vdev, true);
	EXPECT_EQ(0, eg_mbx_get(&self->g, ARQLEN) & MBX_ENABLE);
	ASSERT_EQ(0, eg_up(&self->g));
	post_out(2);
	EXPECT_TRUE(got_out(2));
	post_in(2);
	EXPECT_TRUE(got_in(2));
}

TEST_HARNESS_MAIN
