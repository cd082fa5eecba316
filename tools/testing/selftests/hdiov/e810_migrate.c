// SPDX-License-Identifier: GPL-2.0-only
/*
 * An E810's VDEV stops amid its work and goes on, there or elsewhere: no packet is lost
 * that it had, none comes twice, and all else is as its guest left it. What comes from
 * elsewhere may be anything.
 */
#include <endian.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "e810_guest.h"
#include "stream.h"
#include "vdev.h"

/* Time for what must come, and to see that nothing happens */
#define SOON_MS		EG_TIMEOUT_MS
#define NEVER_MS	50

#define ETH_TEST	0x88b5	/* IEEE 802: local experimental */
#define HDR		14
#define FRAME_LEN	100
#define MAKE_UDP_PORT	9

#define VEC_MBX		0
#define VEC_QUEUE	1

/* Its records, one behind the other: of a VDEV with @q queue pairs */
#define MBX_AT		(CONFIG_AT + 256 + RECORD_LEN)
#define MBX_REG(reg)	(MBX_AT + 4 * (reg))
#define VECTORS_AT	(MBX_AT + 40 + RECORD_LEN)
#define VECTORS_LEN(q)	((12 * ((q) + 1) + 7) / 8 * 8)
#define GUEST_AT(q)	(VECTORS_AT + VECTORS_LEN(q) + RECORD_LEN)
#define GUEST_CAPS	8
#define GUEST_TOLD	12
#define GUEST_ACTIVE	16
#define GUEST_RSS_FUNC	20
#define GUEST_LEN	280
#define QUEUES_AT(q)	(GUEST_AT(q) + GUEST_LEN + RECORD_LEN)
#define QUEUE_TX_LEN	16	/* and head */
#define QUEUE_TX_TAIL	20	/* and vector */
#define QUEUE_RX_LEN	24	/* and head */
#define QUEUE_RX_TAIL	28	/* and vector */
#define QUEUE_BUF	32	/* and largest frame */
#define QUEUE_ITR	36	/* of Tx, of Rx, RXDID, flags of virtchnl */
#define QUEUE_FLAGS	40
#define QUEUE_RESERVED	44
#define QUEUE_LEN	48
#define MACS_AT(q)	(QUEUES_AT(q) + QUEUE_LEN * (q) + RECORD_LEN)
/* What is hashed besides, the last record; and of virtchnl's message about that */
#define HASH_HDRS	0	/* and whether it is removed, and tunnel level */
#define HASH_FUNC	4
#define HASH_TYPE	8
#define HASH_LEN	72
#define MAX_HASHES	32
#define RSS_CFG_LEN	2444
#define RSS_CFG_COUNT	4
#define RSS_CFG_HDR(n)	(8 + 72 * (n))

/* A guest that stops, what it may become, and another one that it talks to */
FIXTURE(e810_migrate)
{
	struct vdev vdev, other, peer_vdev;
	struct eg g, peer;
	int32_t efd;
	uint8_t stream[STREAM_MAX];
	size_t len;
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
	/* The guest's address is another one's there, which only who is trusted can have */
	ASSERT_EQ(0, vdev_attr_set(&self->other, "trust", "1"));
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
		/* Or it is not fetched before it is on again; what is mapped loses it */
		if (round & 1 && !self->g.mbx) {
			vdev_set_master(vdev, false);
			ASSERT_EQ(0, eg_put(&self->g, VC_VERSION, version,
					    sizeof(version)));
		} else {
			ASSERT_EQ(0, eg_post(&self->g, VC_VERSION, version,
					     sizeof(version)));
			vdev_set_master(vdev, false);
		}
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

/* Packets that a card cuts into 4096 frames each, as many as the ring takes */
#define CROWD_RING	256
#define CROWD_BUF	16383U
#define CROWD_BUFS	16
#define CROWD_MSS	64ULL
#define CROWD_HDR	(HDR + 40)

static void crowd_post(struct eg *g, unsigned int queue)
{
	uint64_t len = CROWD_BUFS * CROWD_BUF - CROWD_HDR;
	uint64_t offsets = HDR / 2 | 5 << 7 | 5 << 14;
	struct eg_queue *q = &g->q[queue];
	unsigned int i = 0, n;
	uint8_t *f = q->tx_buf;

	memcpy(f, "\x02\x00\x00\x00\xff\xff", 6);
	memcpy(f + 6, g->mac, 6);
	memcpy(f + 12, "\x08\x00\x45", 3);
	f[HDR + 8] = 64;
	f[HDR + 9] = 6;
	f[HDR + 20 + 12] = 5 << 4;
	while (i + 1 + CROWD_BUFS < g->tx_len) {
		q->tx[i].addr = 0;
		q->tx[i++].qw1 = htole64(TX_CTX | TX_CTX_TSO |
					 len << TX_CTX_TSO_LEN |
					 CROWD_MSS << TX_CTX_MSS);
		for (n = 0; n < CROWD_BUFS; n++) {
			uint64_t cmd = TX_IPV4 | TX_L4_TCP;

			if (n == CROWD_BUFS - 1)
				cmd |= TX_EOP | TX_RS;
			q->tx[i].addr = htole64(g->iova + (f - g->mem));
			q->tx[i++].qw1 = htole64(cmd << 4 | offsets << 16 |
						 (uint64_t)CROWD_BUF << 34);
		}
	}
	q->tx_next = i;
	eg_tx_tail(g, queue, i);
}

/* Has the queue something to send still */
static bool crowd_sends(struct eg_queue *q)
{
	return (le64toh(q->tx[q->tx_next - 1].qw1) & 0xf) != 0xf;
}

/* One that has far to go to where it was, and the queues of others that send meanwhile */
#define DEEP		8100
#define CROWD		8

FIXTURE(e810_crowd)
{
	struct vdev vdev, peer_vdev, crowd_vdev[CROWD];
	struct eg g, peer, crowd[CROWD];
};

FIXTURE_SETUP(e810_crowd)
{
	const char *why;
	char pf[64];
	unsigned int i;

	if (!pf_find("avf-16", VDEV_CONTAINER, pf, sizeof(pf), &why))
		SKIP(return, "%s", why);
	vdev_init(&self->vdev, pf, "avf-1", VDEV_CONTAINER);
	vdev_init(&self->peer_vdev, pf, "avf-1", VDEV_CONTAINER);
	for (i = 0; i < CROWD; i++)
		vdev_init(&self->crowd_vdev[i], pf, "avf-16", VDEV_CONTAINER);
	ASSERT_EQ(0, vdev_create(&self->peer_vdev));
	ASSERT_EQ(0, vdev_open(&self->peer_vdev));
	ASSERT_EQ(0, eg_init(&self->peer, &self->peer_vdev));
	ASSERT_EQ(0, eg_up(&self->peer));
	ASSERT_EQ(0, vdev_create(&self->vdev));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	ASSERT_EQ(0, eg_init(&self->g, &self->vdev));
	self->g.tx_len = EG_MAX_RING;
	/* Behind the first buffer, the only one that is used */
	self->g.q[0].tx = (void *)(self->g.q[0].tx_buf + EG_TX_BUF);
	ASSERT_EQ(0, eg_up(&self->g));
	for (i = 0; i < CROWD; i++) {
		ASSERT_EQ(0, vdev_create(&self->crowd_vdev[i]));
		ASSERT_EQ(0, vdev_open(&self->crowd_vdev[i]));
		ASSERT_EQ(0, eg_init(&self->crowd[i], &self->crowd_vdev[i]));
		self->crowd[i].tx_len = CROWD_RING;
		ASSERT_EQ(0, eg_up(&self->crowd[i]));
	}
}

FIXTURE_TEARDOWN(e810_crowd)
{
	unsigned int i;

	for (i = 0; i < CROWD; i++) {
		eg_exit(&self->crowd[i]);
		vdev_cleanup(&self->crowd_vdev[i]);
	}
	eg_exit(&self->g);
	eg_exit(&self->peer);
	vdev_cleanup(&self->vdev);
	vdev_cleanup(&self->peer_vdev);
}

static void deep_post(FIXTURE_DATA(e810_crowd) *self, uint64_t at, uint64_t len,
		      uint64_t cmd)
{
	struct eg_queue *q = &self->g.q[0];
	unsigned int i = q->tx_next;

	q->tx[i].addr = htole64(self->g.iova + (q->tx_buf - self->g.mem) + at);
	q->tx[i].qw1 = htole64(cmd << 4 | (HDR / 2) << 16 | len << 34);
	q->tx_next = i + 1;
}

/*
 * It can be told to begin elsewhere than at its first descriptor by packets that pass by
 * only, and each of these waits for its turn among all that the others send. Nobody gets
 * lost for that.
 */
TEST_F_TIMEOUT(e810_crowd, deep, 240)
{
	struct eg_queue *q = &self->g.q[0];
	uint8_t frame[FRAME_LEN], got[FRAME_LEN];
	unsigned int i, n, sends = 0;
	long long began, ms;

	make_frame(frame, &self->g, &self->g, 1);
	/* To nobody */
	memcpy(q->tx_buf, "\x02\x00\x00\x00\xff\xff", 6);
	memcpy(q->tx_buf + 6, frame + 6, FRAME_LEN - 6);
	for (i = 0; i < DEEP; i++)
		deep_post(self, 0, FRAME_LEN, TX_EOP | TX_RS);
	eg_tx_tail(&self->g, 0, q->tx_next);
	for (i = 0; i < SOON_MS && crowd_sends(q); i++)
		msleep(1);
	ASSERT_FALSE(crowd_sends(q));
	/* Half a packet, of which the card does not get rid */
	make_frame(frame, &self->g, &self->peer, 2);
	memcpy(q->tx_buf, frame, FRAME_LEN);
	deep_post(self, 0, 40, 0);
	eg_tx_tail(&self->g, 0, q->tx_next);

	for (i = 0; i < CROWD; i++)
		for (n = 0; n < self->crowd[i].num_queues; n++)
			crowd_post(&self->crowd[i], n);
	vdev_set_master(&self->vdev, false);
	EXPECT_TRUE(vdev_says(&self->vdev, "paused: bus mastering is off"));
	began = now_ms();
	vdev_set_master(&self->vdev, true);
	ms = now_ms() - began;
	ASSERT_EQ(1, vdev_in_state(&self->vdev, "running"));
	for (i = 0; i < CROWD; i++)
		for (n = 0; n < self->crowd[i].num_queues; n++)
			sends += crowd_sends(&self->crowd[i].q[n]);
	TH_LOG("on again after %lld ms, while %u queues of others sent", ms, sends);
	EXPECT_LT(0, sends);

	/* The rest of it */
	deep_post(self, 40, FRAME_LEN - 40, TX_EOP | TX_RS);
	eg_tx_tail(&self->g, 0, q->tx_next);
	ASSERT_EQ(FRAME_LEN, eg_recv(&self->peer, got, sizeof(got), NULL, SOON_MS));
	EXPECT_EQ(0, memcmp(got, frame, FRAME_LEN));
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

static int save(FIXTURE_DATA(e810_migrate) *self, struct vdev *vdev)
{
	return save_stream(vdev, self->stream, &self->len);
}

/* Another VDEV has what @from had, and stands still */
static int move_to(FIXTURE_DATA(e810_migrate) *self, struct vdev *from,
		   struct vdev *to)
{
	int ret;

	ret = save(self, from);
	if (ret)
		return ret;
	vdev_close(from);
	ret = vdev_open(to);
	if (!ret)
		ret = vdev_set_vector(to, VEC_QUEUE, self->efd);
	if (!ret)
		ret = eg_move(&self->g, to);
	return ret ?: load(to, self->stream, self->len);
}

TEST_F(e810_migrate, offered)
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
	/* It has one address */
	EXPECT_EQ(MACS_AT(self->g.num_queues) + 8, self->len);
	EXPECT_EQ(0, memcmp(self->g.mac, self->stream +
			    MACS_AT(self->g.num_queues), 6));
	ASSERT_EQ(0, vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE |
				  VFIO_DEVICE_FEATURE_GET, &size, sizeof(size)));
	EXPECT_LE(self->len, size.stop_copy_length);
}

/* Stopped and let go, where it is: the way of a guest that QEMU stops */
TEST_F(e810_migrate, stop)
{
	struct vdev *vdev = &self->vdev;
	long long resets = vdev_state(vdev, "resets");
	unsigned int round;

	for (round = 0; round < 12; round++) {
		post_out(7 + round % 3);
		post_in(11);
		ASSERT_TRUE(got_in(4));
		ASSERT_TRUE(peer_sent(self));
		ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
		EXPECT_TRUE(silent(self));
		ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
		ASSERT_TRUE(got_out(7 + round % 3));
		ASSERT_TRUE(got_in(7));
		ASSERT_TRUE(talks(self));
	}
	EXPECT_EQ(resets, vdev_state(vdev, "resets"));
	EXPECT_EQ(self->out, self->out_seen);
	EXPECT_EQ(self->in, self->in_seen);
}

/* To another VDEV and back, with rings that go round, and an answer that is due */
TEST_F(e810_migrate, move)
{
	struct vdev *vdev = &self->vdev, *other = &self->other, *was;
	uint32_t version[2] = { htole32(1), htole32(1) }, op;
	uint64_t tx = 0, rx = 0;
	unsigned int round;
	int32_t status;

	ASSERT_EQ(0, vdev_set_vector(vdev, VEC_QUEUE, self->efd));
	/* ice begins to count when it is asked first */
	EXPECT_EQ(0, eg_counter(&self->g, 1));
	for (round = 0; round < 8; round++) {
		post_out(7 + round % 3);
		post_in(11);
		ASSERT_TRUE(got_in(4));
		ASSERT_TRUE(peer_sent(self));
		ASSERT_EQ(0, eg_post(&self->g, VC_VERSION, version,
				     sizeof(version)));
		ASSERT_EQ(0, move_to(self, vdev, other));
		EXPECT_TRUE(silent(self));
		ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
		ASSERT_TRUE(got_out(7 + round % 3));
		ASSERT_TRUE(got_in(7));
		ASSERT_EQ(sizeof(version),
			  eg_receive(&self->g, &op, &status, version,
				     sizeof(version), SOON_MS));
		EXPECT_EQ(VC_VERSION, op);
		/* What it has counted goes with it */
		EXPECT_EQ(rx + 11, eg_counter(&self->g, 1));
		EXPECT_EQ(tx + 7 + round % 3, eg_counter(&self->g, 7));
		rx = eg_counter(&self->g, 1);
		tx = eg_counter(&self->g, 7);
		was = vdev;
		vdev = other;
		other = was;
	}
	EXPECT_EQ(self->out, self->out_seen);
	EXPECT_EQ(self->in, self->in_seen);
}

/* A guest's counters go with it; what the host counts for a VDEV is that VDEV's */
TEST_F(e810_migrate, statistics)
{
	struct vdev *other = &self->other;

	post_in(11);
	ASSERT_TRUE(got_in(11));
	EXPECT_EQ(11, eg_counter(&self->g, 1));
	EXPECT_EQ(11, vdev_statistic(&self->vdev, "rx_packets"));
	EXPECT_EQ(0, vdev_statistic(other, "rx_packets"));
	ASSERT_EQ(0, move_to(self, &self->vdev, other));
	EXPECT_EQ(0, vdev_statistic(other, "rx_packets"));
	EXPECT_EQ(0, vdev_statistic(other, "rx_bytes"));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_EQ(11, eg_counter(&self->g, 1));
	post_in(3);
	ASSERT_TRUE(got_in(3));
	EXPECT_EQ(14, eg_counter(&self->g, 1));
	EXPECT_EQ(3, vdev_statistic(other, "rx_packets"));
	EXPECT_LE(11, vdev_statistic(&self->vdev, "rx_packets"));
}

/* Half of a packet is with the card, at any place of the ring */
TEST_F(e810_migrate, move_parked)
{
	struct vdev *vdev = &self->vdev, *other = &self->other, *was;
	struct eg_queue *q = &self->g.q[0];
	uint8_t frame[FRAME_LEN];
	unsigned int round, i;
	uint64_t half;

	for (round = 0; round < 10; round++) {
		post_out(11);
		ASSERT_TRUE(got_out(11));
		make_frame(frame, &self->g, &self->peer, ++self->out);
		i = q->tx_next;
		memcpy(q->tx_buf + i * EG_TX_BUF, frame, sizeof(frame));
		half = EG_IOVA + (q->tx_buf + i * EG_TX_BUF - self->g.mem);
		q->tx[i].addr = htole64(half);
		q->tx[i].qw1 = htole64((HDR / 2) << 16 | 40ULL << 34);
		q->tx_next = (i + 1) % EG_RING;
		eg_tx_tail(&self->g, 0, q->tx_next);
		ASSERT_EQ(0, move_to(self, vdev, other));
		ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
		i = q->tx_next;
		q->tx[i].addr = htole64(half + 40);
		q->tx[i].qw1 = htole64((TX_EOP | TX_RS) << 4 |
				       (HDR / 2) << 16 |
				       (FRAME_LEN - 40ULL) << 34);
		q->tx_next = (i + 1) % EG_RING;
		eg_tx_tail(&self->g, 0, q->tx_next);
		ASSERT_TRUE(got_out(1));
		was = vdev;
		vdev = other;
		other = was;
	}
}

/* A tail beyond the ring, which the card does not follow: nor does it elsewhere */
TEST_F(e810_migrate, move_bad_tail)
{
	struct vdev *other = &self->other;

	post_out(6);
	ASSERT_TRUE(got_out(6));
	eg_tx_tail(&self->g, 0, EG_RING + 5);
	ASSERT_EQ(0, move_to(self, &self->vdev, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_TRUE(vdev_says(other, "running"));
	/* It begins anew */
	ASSERT_EQ(0, vdev_reset(other));
	vdev_enable(other, true);
	ASSERT_EQ(0, eg_up(&self->g));
	post_out(3);
	EXPECT_TRUE(got_out(3));
}

/* Slower than it sends: the rest goes out there, and each packet once */
TEST_F(e810_migrate, move_slow)
{
	struct vdev *vdev = &self->vdev, *other = &self->other;

	ASSERT_EQ(0, vdev_attr_set(vdev, "max_tx_rate", "1"));
	post_out(60);
	ASSERT_TRUE(got_out(1));
	ASSERT_EQ(0, move_to(self, vdev, other));
	EXPECT_TRUE(silent(self));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	ASSERT_TRUE(got_out(59));
	/* Which the host has decided for that one alone */
	EXPECT_TRUE(vdev_attr_is(other, "max_tx_rate", "0"));
	post_out(5);
	EXPECT_TRUE(got_out(5));
}

/* From @port to MAKE_UDP_PORT */
static size_t make_udp(uint8_t *frame, struct eg *from, struct eg *to,
		       uint16_t port)
{
	uint8_t *ip = frame + HDR;

	make_frame(frame, from, to, 0);
	frame[12] = 0x08;
	frame[13] = 0;
	memset(ip, 0, 28);
	ip[0] = 0x45;
	ip[3] = 28;
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x00\x01\x01\x0a\x00\x01\x02", 8);
	ip[20] = port >> 8;
	ip[21] = port;
	ip[23] = MAKE_UDP_PORT;
	ip[25] = 8;
	return HDR + 28;
}

/* Its key and its table: the same hash of each flow, and the same queue */
TEST_F(e810_migrate, rss)
{
	uint8_t lut[4 + 64 + 1] = { self->g.vsi_id, 0, 64 };
	uint8_t key[4 + 52 + 1] = { self->g.vsi_id, 0, 52 };
	unsigned int last = self->g.num_queues - 1, i;
	uint8_t frame[FRAME_LEN];
	uint32_t hash[8];
	struct eg_rx rx;
	size_t len;

	memset(lut + 4, last, 64);
	for (i = 0; i < 52; i++)
		key[4 + i] = 7 * i + 3;
	ASSERT_EQ(0, eg_tell(&self->g, VC_CONFIG_RSS_LUT, lut, sizeof(lut)));
	ASSERT_EQ(0, eg_tell(&self->g, VC_CONFIG_RSS_KEY, key, sizeof(key)));
	for (i = 0; i < 16; i++) {
		if (i == 8) {
			ASSERT_EQ(0, move_to(self, &self->vdev, &self->other));
			ASSERT_EQ(0, vdev_mig_set(&self->other, STATE(RUNNING),
						  NULL));
		}
		len = make_udp(frame, &self->peer, &self->g, 1000 + i % 8);
		ASSERT_EQ(0, eg_send(&self->peer, 0, frame, len, 0, HDR / 2, 0));
		ASSERT_LT(0, eg_recv(&self->g, frame, sizeof(frame), &rx,
				     SOON_MS));
		EXPECT_EQ(last, rx.queue);
		if (i < 8)
			hash[i] = rx.hash;
		else
			EXPECT_EQ(hash[i - 8], rx.hash);
	}
	EXPECT_NE(hash[0], hash[1]);
}

/* Begin anew, with more capabilities */
static int up_again(FIXTURE_DATA(e810_migrate) *self, uint32_t caps)
{
	int ret = vdev_reset(&self->vdev);

	if (ret)
		return ret;
	vdev_enable(&self->vdev, true);
	self->g.more_caps = caps;
	return eg_up(&self->g);
}

/* Have packets of UDP hashed by source address and destination port, or not any more */
static int hash_udp(FIXTURE_DATA(e810_migrate) *self, uint32_t op)
{
	uint8_t msg[RSS_CFG_LEN] = {};

	put32(msg + RSS_CFG_COUNT, 2);
	put32(msg + RSS_CFG_HDR(0), 4);
	put32(msg + RSS_CFG_HDR(0) + 4, 1 << 0);
	put32(msg + RSS_CFG_HDR(1), 7);
	put32(msg + RSS_CFG_HDR(1) + 4, 1 << 1);
	return eg_tell(&self->g, op, msg, sizeof(msg));
}

/* The card's hash of a packet from that port, 0 if there is none */
static uint32_t udp_hash(FIXTURE_DATA(e810_migrate) *self, uint16_t port,
			 int ms)
{
	uint8_t frame[FRAME_LEN];
	struct eg_rx rx;
	size_t len;

	len = make_udp(frame, &self->peer, &self->g, port);
	if (eg_send(&self->peer, 0, frame, len, 0, HDR / 2, 0) ||
	    eg_recv(&self->g, frame, sizeof(frame), &rx, ms) <= 0)
		return 0;
	return rx.hash;
}

/* What it wants to have hashed, besides or instead of what all have hashed */
TEST_F(e810_migrate, advanced_rss)
{
	const struct {
		unsigned int at;
		uint32_t value;
		int err;
	} bad[] = {
		{ HASH_HDRS, 0, -EINVAL },
		{ HASH_HDRS, 9 << 16, -EINVAL },
		{ HASH_HDRS, 2 << 16 | 2, -EINVAL },
		{ HASH_HDRS, 2 << 16 | 1 << 24, -EINVAL },
		/* What ice does not accept of the guest's messages */
		{ HASH_FUNC, 99, -EPERM },
		{ HASH_TYPE, ~0U, -EPERM },
	};
	struct vdev *vdev = &self->vdev, *other = &self->other;
	uint8_t copy[STREAM_MAX];
	uint32_t before, hash;
	unsigned int i;

	ASSERT_EQ(0, up_again(self, VC_CAP_ADV_RSS_PF));
	before = udp_hash(self, 1000, SOON_MS);
	ASSERT_NE(before, udp_hash(self, 1001, SOON_MS));
	/* Told twice, it is there once */
	ASSERT_EQ(0, hash_udp(self, VC_ADD_RSS_CFG));
	ASSERT_EQ(0, hash_udp(self, VC_ADD_RSS_CFG));
	hash = udp_hash(self, 1000, SOON_MS);
	ASSERT_NE(0, hash);
	ASSERT_NE(before, hash);
	ASSERT_EQ(hash, udp_hash(self, 1001, SOON_MS));

	ASSERT_EQ(0, save(self, vdev));
	ASSERT_EQ(0, vdev_open(other));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(copy, self->stream, self->len);
		put32(copy + self->len - HASH_LEN + bad[i].at, bad[i].value);
		seal(copy, self->len);
		EXPECT_EQ(bad[i].err, load(other, copy, self->len)) {
			TH_LOG("0x%x at %u", bad[i].value, bad[i].at);
		}
		vdev_close(other);
		ASSERT_EQ(0, vdev_open(other));
	}
	vdev_close(other);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(hash, udp_hash(self, 1001, SOON_MS));

	ASSERT_EQ(0, move_to(self, vdev, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_EQ(hash, udp_hash(self, 1000, SOON_MS));
	EXPECT_EQ(hash, udp_hash(self, 1001, SOON_MS));

	/* More of them than can be saved; it stays where it is */
	for (i = 0; i < MAX_HASHES / 2; i++) {
		ASSERT_EQ(0, hash_udp(self, VC_DEL_RSS_CFG));
		ASSERT_EQ(0, hash_udp(self, VC_ADD_RSS_CFG));
	}
	EXPECT_EQ(-EIO, save(self, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_EQ(hash, udp_hash(self, 1001, SOON_MS));
}

/* Its rules cannot be saved: it stays where it is, with them */
TEST_F(e810_migrate, flow_director)
{
	uint32_t hash;

	ASSERT_EQ(0, up_again(self, VC_CAP_FDIR_PF));
	hash = udp_hash(self, 1000, SOON_MS);
	ASSERT_NE(0, hash);
	ASSERT_EQ(0, eg_drop_udp(&self->g, MAKE_UDP_PORT));
	ASSERT_EQ(0, udp_hash(self, 1000, NEVER_MS));
	EXPECT_EQ(-EIO, save(self, &self->vdev));
	ASSERT_EQ(0, vdev_mig_set(&self->vdev, STATE(RUNNING), NULL));
	EXPECT_EQ(0, udp_hash(self, 1000, NEVER_MS));

	/* Its device's reset is the end of them */
	ASSERT_EQ(0, up_again(self, 0));
	EXPECT_EQ(hash, udp_hash(self, 1000, SOON_MS));
	EXPECT_EQ(0, move_to(self, &self->vdev, &self->other));
}

/* One that it has asked for just now is answered, and there, before it stands still */
TEST_F(e810_migrate, flow_director_asked)
{
	struct vdev *vdev = &self->vdev;
	unsigned int round;
	uint8_t msg[4096];
	int32_t status;
	uint32_t op;

	for (round = 0; round < 6; round++) {
		ASSERT_EQ(0, up_again(self, VC_CAP_FDIR_PF));
		ASSERT_EQ(0, eg_post_drop_udp(&self->g, MAKE_UDP_PORT));
		if (round & 1) {
			vdev_set_master(vdev, false);
			vdev_set_master(vdev, true);
		} else {
			EXPECT_EQ(-EIO, save(self, vdev));
			ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
		}
		ASSERT_LT(0, eg_receive(&self->g, &op, &status, msg, sizeof(msg),
					SOON_MS));
		EXPECT_EQ(VC_ADD_FDIR_FILTER, op);
		EXPECT_EQ(0, status);
		EXPECT_EQ(0, udp_hash(self, 1000, NEVER_MS));
	}
}

static bool hears(FIXTURE_DATA(e810_migrate) *self, const uint8_t *mac,
		  uint16_t vlan)
{
	uint8_t frame[FRAME_LEN];
	struct eg_rx rx;
	int ret;

	make_frame(frame, &self->peer, &self->g, 0);
	memcpy(frame, mac, 6);
	if (eg_send(&self->peer, 0, frame, sizeof(frame), 0, HDR / 2, vlan))
		return false;
	ret = eg_recv(&self->g, frame, sizeof(frame), &rx, 2 * NEVER_MS);
	return ret == FRAME_LEN && !memcmp(frame, mac, 6) &&
	       (!vlan || (rx.status & RX_L2TAG1P && rx.vlan == vlan));
}

/* Its addresses and VLANs, which are no others' */
TEST_F(e810_migrate, filters)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 1, 2, 3 };
	static const uint8_t no_group[6] = { 1, 0, 0x5e, 1, 2, 4 };
	unsigned int round;

	ASSERT_EQ(0, eg_add_vlan(&self->peer, 77));
	ASSERT_EQ(0, eg_add_vlan(&self->peer, 78));
	EXPECT_FALSE(hears(self, group, 0));
	ASSERT_EQ(0, eg_add_mac(&self->g, group));
	ASSERT_EQ(0, eg_add_vlan(&self->g, 77));
	for (round = 0; round < 2; round++) {
		EXPECT_TRUE(hears(self, group, 0));
		EXPECT_FALSE(hears(self, no_group, 0));
		EXPECT_TRUE(hears(self, self->g.mac, 0));
		EXPECT_TRUE(hears(self, self->g.mac, 77));
		EXPECT_FALSE(hears(self, self->g.mac, 78));
		if (round)
			break;
		ASSERT_EQ(0, move_to(self, &self->vdev, &self->other));
		ASSERT_EQ(0, vdev_mig_set(&self->other, STATE(RUNNING), NULL));
	}
	post_out(3);
	EXPECT_TRUE(got_out(3));
}

/* As many as it may have, where it is */
TEST_F(e810_migrate, limits)
{
	uint8_t group[6] = { 1, 0, 0x5e, 2, 0, 0 };
	struct vdev *vdev = &self->vdev;
	unsigned int macs, vlans;

	for (macs = 0; macs < 64; macs++) {
		group[5] = macs;
		if (eg_add_mac(&self->g, group))
			break;
	}
	EXPECT_EQ(16, macs);
	/* ice says yes to more, and adds none */
	for (vlans = 0; vlans < 20; vlans++)
		ASSERT_EQ(0, eg_add_vlan(&self->g, 100 + vlans));
	ASSERT_EQ(0, save(self, vdev));
	EXPECT_EQ(MACS_AT(self->g.num_queues) + 17 * 8 + RECORD_LEN + 7 * 4 + 4,
		  self->len);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	ASSERT_EQ(1, vdev_in_state(vdev, "running"));
	group[5] = macs - 1;
	EXPECT_TRUE(hears(self, group, 0));
	group[5] = macs;
	EXPECT_FALSE(hears(self, group, 0));
	post_out(3);
	EXPECT_TRUE(got_out(3));
}

/* A guest whose driver is not there yet has nothing that it could not have elsewhere */
TEST_F(e810_migrate, idle)
{
	struct vdev *other = &self->other;

	ASSERT_EQ(0, vdev_attr_set(other, "trust", "0"));
	ASSERT_EQ(0, vdev_reset(&self->vdev));
	ASSERT_EQ(0, move_to(self, &self->vdev, other));
	EXPECT_TRUE(silent(self));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	vdev_enable(other, true);
	ASSERT_EQ(0, eg_up(&self->g));
	post_out(3);
	EXPECT_TRUE(got_out(3));
	post_in(3);
	EXPECT_TRUE(got_in(3));
}

/* What the host has decided is what counts, and none of it is in the stream */
TEST_F(e810_migrate, authority)
{
	static const uint8_t fake[6] = { 2, 0xba, 0xd0, 0, 0, 1 };
	unsigned int q = self->g.num_queues;
	struct vdev *other = &self->other;
	uint8_t frame[FRAME_LEN], copy[STREAM_MAX];

	ASSERT_EQ(0, vdev_attr_set(&self->vdev, "spoofchk", "0"));
	make_frame(frame, &self->g, &self->peer, 1);
	memcpy(frame + 6, fake, 6);
	ASSERT_EQ(0, eg_send(&self->g, 0, frame, sizeof(frame), 0, HDR / 2, 0));
	ASSERT_EQ(FRAME_LEN, eg_recv(&self->peer, frame, sizeof(frame), NULL,
				     SOON_MS));

	ASSERT_EQ(0, save(self, &self->vdev));
	/* Another one's address; and promiscuous */
	ASSERT_EQ(0, vdev_attr_set(other, "trust", "0"));
	ASSERT_EQ(0, vdev_open(other));
	EXPECT_EQ(-EPERM, load(other, self->stream, self->len));
	vdev_close(other);
	ASSERT_EQ(0, vdev_attr_set(other, "mac_locked", "0"));
	ASSERT_EQ(0, vdev_open(other));
	EXPECT_EQ(-EPERM, load(other, self->stream, self->len));
	vdev_close(other);
	ASSERT_EQ(0, vdev_open(other));
	memcpy(copy, self->stream, self->len);
	put32(copy + GUEST_AT(q) + GUEST_ACTIVE, 1 | 1 << 16);
	seal(copy, self->len);
	EXPECT_EQ(-EPERM, load(other, copy, self->len));
	vdev_close(other);
	/* The guest goes on where it was */
	ASSERT_EQ(0, vdev_mig_set(&self->vdev, STATE(RUNNING), NULL));
	self->out = 0;
	post_out(2);
	EXPECT_TRUE(got_out(2));

	ASSERT_EQ(0, vdev_attr_set(other, "trust", "1"));
	ASSERT_EQ(0, move_to(self, &self->vdev, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_TRUE(vdev_attr_is(other, "spoofchk", "1"));
	EXPECT_TRUE(vdev_attr_is(other, "mac_locked", "0"));
	make_frame(frame, &self->g, &self->peer, 1);
	memcpy(frame + 6, fake, 6);
	eg_post_frame(&self->g, 0, frame, sizeof(frame), 0, HDR / 2, 0);
	EXPECT_EQ(-ETIMEDOUT, eg_recv(&self->peer, frame, sizeof(frame), NULL,
				      2 * NEVER_MS));
}

/* To $HDIOV_OTHER_PF, whose port is another one: what had come before is not lost */
TEST_F(e810_migrate, other_port)
{
	const char *pf = getenv("HDIOV_OTHER_PF");
	struct vdev *there = &self->other;
	struct vdev peer_vdev;
	struct eg peer;
	char mac[32];

	if (!pf)
		SKIP(return, "HDIOV_OTHER_PF is not set");
	/* Ends as the fixture's: the guest has that mapped at the end */
	vdev_cleanup(there);
	vdev_init(there, pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(there));
	vdev_init(&peer_vdev, pf, "avf-1", variant->mode);
	ASSERT_EQ(0, vdev_create(&peer_vdev));
	ASSERT_EQ(0, vdev_open(&peer_vdev));
	ASSERT_EQ(0, eg_init(&peer, &peer_vdev));
	ASSERT_EQ(0, eg_up(&peer));
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", self->g.mac[0],
		 self->g.mac[1], self->g.mac[2], self->g.mac[3], self->g.mac[4],
		 self->g.mac[5]);
	ASSERT_EQ(0, vdev_attr_set(there, "mac", mac));

	post_out(3);
	ASSERT_TRUE(got_out(3));
	post_in(11);
	ASSERT_TRUE(got_in(4));
	ASSERT_TRUE(peer_sent(self));
	ASSERT_EQ(0, move_to(self, &self->vdev, there));
	ASSERT_EQ(0, vdev_remove(&self->vdev));
	ASSERT_EQ(0, vdev_mig_set(there, STATE(RUNNING), NULL));
	EXPECT_TRUE(got_in(7));

	post_frames(&peer, &self->g, &self->in, 5);
	EXPECT_TRUE(got_frames(&peer, &self->g, &self->in_seen, 5));
	post_frames(&self->g, &peer, &self->out, 5);
	EXPECT_TRUE(got_frames(&self->g, &peer, &self->out_seen, 5));
	eg_exit(&peer);
	vdev_cleanup(&peer_vdev);
}

/* Within the port, to a VDEV that the host has given the guest's address, and nothing else */
TEST_F(e810_migrate, shared_address)
{
	struct vdev *other = &self->other;
	char mac[32];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", self->g.mac[0],
		 self->g.mac[1], self->g.mac[2], self->g.mac[3], self->g.mac[4],
		 self->g.mac[5]);
	ASSERT_EQ(0, vdev_attr_set(other, "trust", "0"));
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(other, "mac", mac));
	ASSERT_EQ(0, vdev_attr_set(other, "mac_shared", "1"));
	ASSERT_EQ(0, vdev_attr_set(other, "mac", mac));
	EXPECT_TRUE(vdev_attr_is(other, "mac", mac));
	EXPECT_TRUE(vdev_attr_is(other, "mac_locked", "1"));

	post_out(3);
	post_in(5);
	ASSERT_TRUE(got_in(2));
	ASSERT_TRUE(peer_sent(self));
	ASSERT_EQ(0, move_to(self, &self->vdev, other));
	ASSERT_EQ(0, vdev_mig_set(other, STATE(RUNNING), NULL));
	EXPECT_TRUE(got_out(3));
	EXPECT_TRUE(got_in(3));
	post_in(4);
	EXPECT_TRUE(got_in(4));

	/* And on, when the one that it has left is no more */
	ASSERT_EQ(0, vdev_remove(&self->vdev));
	post_out(2);
	EXPECT_TRUE(got_out(2));
	post_in(2);
	EXPECT_TRUE(got_in(2));
}

/* The PF is reset while it is stopped, and takes nothing from it */
TEST_F_TIMEOUT(e810_migrate, pf_reset, 120)
{
	struct vdev *vdev = &self->vdev;
	long long resets = vdev_state(&self->peer_vdev, "resets");
	char path[128];
	int ms;

	post_in(5);
	ASSERT_TRUE(got_in(2));
	ASSERT_TRUE(peer_sent(self));
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(STOP), NULL));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", vdev->pf);
	ASSERT_EQ(0, file_write(path, "1"));
	for (ms = 0; ms < 20000; ms += 10) {
		if (vdev_state(&self->peer_vdev, "resets") > resets &&
		    vdev_in_state(&self->peer_vdev, "running"))
			break;
		msleep(10);
	}
	ASSERT_GT(20000, ms);
	ASSERT_EQ(0, vdev_mig_set(vdev, STATE(RUNNING), NULL));
	ASSERT_EQ(1, vdev_in_state(vdev, "running"));
	ASSERT_TRUE(got_in(3));
	ASSERT_EQ(0, eg_up(&self->peer));
	post_out(3);
	EXPECT_TRUE(got_out(3));
	post_in(3);
	EXPECT_TRUE(got_in(3));
	EXPECT_TRUE(talks(self));
}

/* Each value that no guest could have had */
TEST_F_TIMEOUT(e810_migrate, values, 120)
{
	unsigned int q = self->g.num_queues, i;
	unsigned int queue = QUEUES_AT(q) + QUEUE_LEN * (q - 1);
	const struct {
		unsigned int at;
		uint32_t value;
		int err;
	} bad[] = {
		{ MBX_REG(ATQLEN), 0x40000020, -EINVAL },
		{ MBX_REG(ATQT), 0x400, -EINVAL },
		{ MBX_REG(ARQH), ~0U, -EINVAL },
		{ VECTORS_AT, 0x8, -EINVAL },
		{ VECTORS_AT + 4, 0x10000000, -EINVAL },
		{ VECTORS_AT + 12 * q + 8, 0x10000, -EINVAL },
		{ GUEST_AT(q) + GUEST_CAPS, ~0U, -EPERM },
		{ GUEST_AT(q) + GUEST_TOLD, 0x100, -EINVAL },
		{ GUEST_AT(q) + GUEST_ACTIVE, 2, -EINVAL },
		{ GUEST_AT(q) + GUEST_ACTIVE, 0, -EINVAL },
		{ GUEST_AT(q) + GUEST_ACTIVE, 1 | 4 << 16, -EINVAL },
		{ GUEST_AT(q) + GUEST_RSS_FUNC, 0x10000, -EINVAL },
		{ queue + QUEUE_TX_LEN, 63, -EINVAL },
		{ queue + QUEUE_TX_LEN, 8192, -EINVAL },
		{ queue + QUEUE_TX_LEN, 0, -EINVAL },
		{ queue + QUEUE_TX_LEN, 64 | 64 << 16, -EINVAL },
		{ queue + QUEUE_TX_TAIL, 64, -EINVAL },
		{ queue + QUEUE_TX_TAIL, (q + 1) << 16, -EINVAL },
		{ queue + QUEUE_RX_LEN, 65, -EINVAL },
		{ queue + QUEUE_RX_LEN, 0, -EINVAL },
		{ queue + QUEUE_RX_LEN, 64 | 64 << 16, -EINVAL },
		{ queue + QUEUE_RX_TAIL, 0xffff, -EINVAL },
		{ queue + QUEUE_RX_TAIL, 0xffff0000, -EINVAL },
		/* What ice does not accept of the guest's messages */
		{ queue + QUEUE_BUF, 1, -EPERM },
		{ queue + QUEUE_BUF, 2048 | 60000 << 16, -EPERM },
		{ queue + QUEUE_ITR, 4, -EINVAL },
		{ queue + QUEUE_ITR, 4 << 8, -EINVAL },
		{ queue + QUEUE_FLAGS, 8, -EINVAL },
		{ queue + QUEUE_FLAGS, 4, -EPERM },
		{ queue + QUEUE_RESERVED, 1, -EINVAL },
		{ MACS_AT(q), 0xffffffff, -EINVAL },
		{ MACS_AT(q) + 4, 0x20000, -EINVAL },
	};
	struct vdev *other = &self->other;
	uint8_t copy[STREAM_MAX];

	ASSERT_EQ(0, save(self, &self->vdev));
	/* So that the first of its addresses can become that of all */
	self->stream[MACS_AT(q) + 6] = 0;
	self->stream[MACS_AT(q) + 4] = 0xff;
	self->stream[MACS_AT(q) + 5] = 0xff;
	seal(self->stream, self->len);
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
	ASSERT_EQ(0, eg_move(&self->g, other));
	vdev_enable(other, true);
	ASSERT_EQ(0, eg_up(&self->g));
	post_out(3);
	EXPECT_TRUE(got_out(3));
}

/* Whoever wrote it: refused or taken, and the VDEV is of use after that */
TEST_F_TIMEOUT(e810_migrate, hostile, 600)
{
	unsigned int first, num = mutations(100, &first);
	struct vdev *other = &self->other;
	unsigned int i, taken = 0;
	uint8_t copy[STREAM_MAX];
	size_t len;
	int ret;

	ASSERT_EQ(0, up_again(self, VC_CAP_ADV_RSS_PF));
	ASSERT_EQ(0, hash_udp(self, VC_ADD_RSS_CFG));
	post_out(20);
	ASSERT_TRUE(got_out(20));
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
		/* This one is paced if it comes all the time */
		ASSERT_EQ(0, vdev_renew(other));
	}
	TH_LOG("%u streams, %u taken", num, taken);
	EXPECT_LT(0, taken);
	EXPECT_LT(taken, num);
	ASSERT_EQ(0, eg_move(&self->g, other));
	vdev_enable(other, true);
	ASSERT_EQ(0, eg_up(&self->g));
	post_out(3);
	EXPECT_TRUE(got_out(3));
}

TEST_HARNESS_MAIN
