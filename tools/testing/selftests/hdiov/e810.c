// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests of an E810's VDEVs: packets between them, and what a hostile one can
 * do. All traffic stays inside the card, its uplink is not needed.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "e810_guest.h"
#include "vdev.h"

/* Time to see that no frame comes */
#define NEVER_MS	100
#define SOON_MS		EG_TIMEOUT_MS

#define ETH_TEST	0x88b5	/* IEEE 802: local experimental */
#define HDR		14

/* From one kernel's memory to the next one's */
#define CRASH_KERNEL	0x10000000ULL

/* Fuzzing: how much of each kind, the same for each seed */
#define FUZZ_REGISTERS	3000
#define FUZZ_MESSAGES	150
#define FUZZ_RINGS	20

static void eth_header(uint8_t *frame, const uint8_t *dst, const uint8_t *src,
		       uint16_t type)
{
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	frame[12] = type >> 8;
	frame[13] = type;
}

static size_t make_frame(uint8_t *frame, struct eg *from, struct eg *to,
			 size_t len, unsigned int seed)
{
	size_t i;

	eth_header(frame, to->mac, from->mac, ETH_TEST);
	for (i = HDR; i < len; i++)
		frame[i] = rand_r(&seed);
	return len;
}

/* True if every one of @num frames arrives as it was sent, in order */
static bool do_pass(struct __test_metadata *_metadata, struct eg *from,
		    struct eg *to, unsigned int num, size_t len)
{
	uint8_t out[EG_MAX_FRAME], in[EG_MAX_FRAME];
	unsigned int i;
	int ret;

	for (i = 0; i < num; i++) {
		make_frame(out, from, to, len, i);
		ret = eg_send(from, 0, out, len, 0, HDR / 2, 0);
		if (ret) {
			TH_LOG("frame %u of %zu bytes: sent %d", i, len, ret);
			return false;
		}
		ret = eg_recv(to, in, sizeof(in), NULL, SOON_MS);
		if (ret != len || memcmp(in, out, len)) {
			TH_LOG("frame %u of %zu bytes: received %d", i, len,
			       ret);
			return false;
		}
	}
	return true;
}

#define passes(from, to, num, len)	do_pass(_metadata, from, to, num, len)

/*
 * Three guests: two that talk, one for whatever else there is to do. The first one may
 * crash, and have other kernels then.
 */
FIXTURE(e810)
{
	struct vdev vdev[3];
	struct eg g[3];
	struct eg kernel[2];
};

FIXTURE_VARIANT(e810)
{
	const char *type;
	const char *other;
	enum vdev_mode mode;
};

#define E810_VARIANT(kind, type_name, other_name)			\
	FIXTURE_VARIANT_ADD(e810, container_##kind) {			\
		.type = type_name, .other = other_name,			\
		.mode = VDEV_CONTAINER					\
	};								\
	FIXTURE_VARIANT_ADD(e810, iommufd_##kind) {			\
		.type = type_name, .other = other_name,			\
		.mode = VDEV_IOMMUFD					\
	}

E810_VARIANT(vdcm_1, "vdcm-1", "vdcm-1");
E810_VARIANT(vdcm_4, "vdcm-4", "vdcm-1");
E810_VARIANT(avf_1, "avf-1", "vdcm-1");
E810_VARIANT(avf_4, "avf-4", "avf-1");

FIXTURE_SETUP(e810)
{
	const char *why;
	char pf[64];
	int i;

	if (!pf_find(variant->type, variant->mode, pf, sizeof(pf), &why))
		SKIP(return, "%s: %s", variant->type, why);
	for (i = 0; i < 3; i++) {
		vdev_init(&self->vdev[i], pf, i == 1 ? variant->other :
			  variant->type, variant->mode);
		ASSERT_EQ(0, vdev_create(&self->vdev[i]));
		ASSERT_EQ(0, vdev_open(&self->vdev[i]));
		ASSERT_EQ(0, eg_init(&self->g[i], &self->vdev[i]));
	}
}

FIXTURE_TEARDOWN(e810)
{
	int i;

	for (i = 0; i < 2; i++)
		eg_exit(&self->kernel[i]);
	for (i = 0; i < 3; i++) {
		eg_exit(&self->g[i]);
		vdev_cleanup(&self->vdev[i]);
	}
}

/* By default a guest has no address but the one that it is given */
static int let_choose(struct vdev *vdev)
{
	char path[PATH_MAX];

	return file_write(vdev_path(vdev, "mac_locked", path, sizeof(path)), "0");
}

#define UP(i)								\
	ASSERT_EQ(0, eg_up(&self->g[i]))

TEST_F(e810, handshake)
{
	struct eg *g = &self->g[0];
	const uint32_t version[] = { htole32(1), htole32(1) };
	char path[PATH_MAX], mac[32], text[32];
	int32_t status;
	uint32_t op;

	ASSERT_EQ(0, eg_mailbox_start(g));
	/* Nothing is granted before it is asked for */
	EXPECT_NE(0, eg_tell(g, VC_ENABLE_QUEUES, "123456789abc", 12));
	ASSERT_EQ(0, eg_handshake(g));
	EXPECT_LE(1500 + HDR, g->max_frame);
	EXPECT_GE(EG_MAX_FRAME, g->max_frame);
	EXPECT_FALSE(g->mac[0] & 1);
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x\n", g->mac[0],
		 g->mac[1], g->mac[2], g->mac[3], g->mac[4], g->mac[5]);
	ASSERT_LT(0, file_read(vdev_path(g->vdev, "mac", path, sizeof(path)),
			       text, sizeof(text)));
	EXPECT_STREQ(mac, text);

	/* Asked for the version amid the rest, it takes nothing back */
	ASSERT_EQ(0, eg_tell(g, VC_VERSION, version, sizeof(version)));
	ASSERT_EQ(0, eg_queues_start(g));
	/* Somewhere on the way it was told of the link */
	eg_receive(g, &op, &status, NULL, 0, 10);
	EXPECT_TRUE(g->link);
	EXPECT_EQ(0, eg_queues_stop(g));
}

TEST_F(e810, packets)
{
	static const size_t sizes[] = {
		60, 61, 64, 127, 128, 1000, 1514, 1518, 2047, 2048, 2049, 4097,
	};
	unsigned int i;

	UP(0);
	UP(1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_TRUE(passes(&self->g[0], &self->g[1], 1, sizes[i]));
		ASSERT_TRUE(passes(&self->g[1], &self->g[0], 1, sizes[i]));
	}
	ASSERT_TRUE(passes(&self->g[0], &self->g[1], 1,
			   self->g[0].max_frame - 8));
	/* Around the rings, more than once */
	ASSERT_TRUE(passes(&self->g[0], &self->g[1], 3 * EG_RING, 200));
	ASSERT_TRUE(passes(&self->g[1], &self->g[0], 3 * EG_RING, 200));
}

/*
 * Not one access of the data path stops in the host, unless the tails of several
 * queues share a page, as in the AVF layout: those trap, as they must
 */
TEST_F(e810, exit_free)
{
	struct vdev *vdev = self->vdev;
	struct eg *g = self->g;
	int i;

	UP(0);
	UP(1);
	ASSERT_TRUE(passes(&g[0], &g[1], 50, 100));
	ASSERT_TRUE(passes(&g[1], &g[0], 50, 100));
	for (i = 0; i < 2; i++) {
		if (g[i].vdcm || g[i].num_queues == 1) {
			EXPECT_EQ(0, vdev_traps(&vdev[i], "tx_tail"));
			EXPECT_EQ(0, vdev_traps(&vdev[i], "rx_tail"));
		} else {
			EXPECT_LE(50, vdev_traps(&vdev[i], "tx_tail"));
			EXPECT_LT(0, vdev_traps(&vdev[i], "rx_tail"));
		}
	}
	if (g[0].vdcm) {
		/* Not on the way up either: a user without anybody to emulate can have it */
		EXPECT_EQ(0, vdev_traps(&vdev[0], NULL));
	} else {
		EXPECT_LT(0, vdev_traps(&vdev[0], "mailbox"));
	}
}

static bool nothing_comes(struct eg *g)
{
	uint8_t frame[EG_MAX_FRAME];

	return eg_recv(g, frame, sizeof(frame), NULL, NEVER_MS) == -ETIMEDOUT;
}

TEST_F(e810, addresses)
{
	static const uint8_t nobody[6] = { 0x02, 0xde, 0xad, 0, 0, 1 };
	static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t group[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };
	uint8_t frame[100], in[EG_MAX_FRAME];
	struct eg *g = self->g;
	int i;

	for (i = 0; i < 3; i++)
		UP(i);
	EXPECT_NE(0, memcmp(g[0].mac, g[1].mac, 6));
	EXPECT_NE(0, memcmp(g[0].mac, g[2].mac, 6));

	/* One gets it, the other does not */
	ASSERT_TRUE(passes(&g[0], &g[1], 2, 100));
	EXPECT_TRUE(nothing_comes(&g[2]));

	make_frame(frame, &g[0], &g[1], sizeof(frame), 1);
	memcpy(frame, nobody, 6);
	EXPECT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0));
	EXPECT_TRUE(nothing_comes(&g[1]));
	EXPECT_TRUE(nothing_comes(&g[2]));

	memcpy(frame, everybody, 6);
	EXPECT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0));
	EXPECT_EQ(sizeof(frame), eg_recv(&g[1], in, sizeof(in), NULL, SOON_MS));
	EXPECT_EQ(0, memcmp(in, frame, sizeof(frame)));
	EXPECT_EQ(sizeof(frame), eg_recv(&g[2], in, sizeof(in), NULL, SOON_MS));
	EXPECT_TRUE(nothing_comes(&g[0]));

	/* A group, for those that joined */
	memcpy(frame, group, 6);
	ASSERT_EQ(0, eg_add_mac(&g[2], group));
	EXPECT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0));
	EXPECT_EQ(sizeof(frame), eg_recv(&g[2], in, sizeof(in), NULL, SOON_MS));
	EXPECT_TRUE(nothing_comes(&g[1]));

	/* In another's name */
	memcpy(frame, g[1].mac, 6);
	memcpy(frame + 6, g[2].mac, 6);
	EXPECT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0));
	EXPECT_TRUE(nothing_comes(&g[1]));
	/* or taking it */
	ASSERT_EQ(0, let_choose(&self->vdev[0]));
	EXPECT_NE(0, eg_add_mac(&g[0], g[2].mac));
	ASSERT_TRUE(passes(&g[1], &g[2], 1, 100));
	EXPECT_TRUE(nothing_comes(&g[0]));
}

/* An address stays its owner's while that one uses another one */
TEST_F(e810, address_not_used)
{
	static const uint8_t changed[6] = { 0x02, 0xde, 0xad, 0, 0, 2 };
	uint8_t del[20] = { 0, 0, 1 }, mac[6];
	struct eg *g = self->g;

	ASSERT_EQ(0, let_choose(&self->vdev[0]));
	ASSERT_EQ(0, let_choose(&self->vdev[1]));
	UP(0);
	UP(1);
	memcpy(mac, g[1].mac, 6);
	ASSERT_EQ(0, eg_add_mac(&g[1], changed));
	del[0] = g[1].vsi_id;
	memcpy(del + 4, mac, 6);
	ASSERT_EQ(0, eg_tell(&g[1], VC_DEL_ETH_ADDR, del, sizeof(del)));
	memcpy(g[1].mac, changed, 6);
	ASSERT_TRUE(passes(&g[0], &g[1], 1, 100));

	EXPECT_NE(0, eg_add_mac(&g[0], mac));

	/* Its next user has it again */
	eg_exit(&g[1]);
	vdev_close(&self->vdev[1]);
	ASSERT_EQ(0, vdev_open(&self->vdev[1]));
	ASSERT_EQ(0, eg_init(&g[1], &self->vdev[1]));
	UP(1);
	EXPECT_EQ(0, memcmp(g[1].mac, mac, 6));
	EXPECT_TRUE(passes(&g[0], &g[1], 1, 100));
}

/* No guest stops the port by pause frames, or has it set up anew by LLDP */
TEST_F(e810, control_frames)
{
	static const uint16_t types[] = { 0x8808, 0x88cc };
	uint8_t frame[100];
	struct eg *g = self->g;
	unsigned int i;

	UP(0);
	UP(1);
	make_frame(frame, &g[0], &g[1], sizeof(frame), 1);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		eth_header(frame, g[1].mac, g[0].mac, types[i]);
		EXPECT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0,
				     HDR / 2, 0));
		EXPECT_TRUE(nothing_comes(&g[1])) {
			TH_LOG("type 0x%04x", types[i]);
		}
	}
	EXPECT_TRUE(passes(&g[0], &g[1], 1, 100));
}

static uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t csum_add(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? data[i] : data[i] << 8;
	return sum;
}

/* IPv4 and UDP, both checksums left to the card as a driver does */
static size_t make_udp(uint8_t *frame, struct eg *from, struct eg *to,
		       uint16_t port, size_t payload)
{
	uint8_t *ip = frame + HDR, *udp = ip + 20;
	size_t udp_len = 8 + payload;
	uint16_t sum;

	eth_header(frame, to->mac, from->mac, 0x0800);
	memset(ip, 0, 28);
	ip[0] = 0x45;
	ip[2] = (20 + udp_len) >> 8;
	ip[3] = 20 + udp_len;
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x00\x01\x01\x0a\x00\x01\x02", 8);
	udp[0] = port >> 8;
	udp[1] = port;
	udp[3] = 9;
	udp[4] = udp_len >> 8;
	udp[5] = udp_len;
	memset(udp + 8, port, payload);
	/* The sum over the pseudo header stands where the card begins */
	sum = csum_fold(csum_add(ip + 12, 8) + 17 + udp_len);
	udp[6] = sum >> 8;
	udp[7] = sum;
	return HDR + 20 + udp_len;
}

#define UDP_CMD		(TX_IPV4_CSUM | TX_L4_UDP)
#define UDP_OFFSETS	(HDR / 2 | 20 / 4 << 7 | 8 / 4 << 14)

TEST_F(e810, checksums)
{
	uint8_t frame[256], in[EG_MAX_FRAME];
	struct eg *g = self->g;
	struct eg_rx rx;
	size_t len;

	UP(0);
	UP(1);
	len = make_udp(frame, &g[0], &g[1], 4711, 101);
	ASSERT_EQ(0, eg_send(&g[0], 0, frame, len, UDP_CMD, UDP_OFFSETS, 0));
	ASSERT_EQ(len, eg_recv(&g[1], in, sizeof(in), &rx, SOON_MS));
	/* Filled in: over all of header and datagram they give all ones */
	EXPECT_EQ(0xffff, csum_fold(csum_add(in + HDR, 20)));
	EXPECT_EQ(0xffff, csum_fold(csum_add(in + HDR + 12, len - HDR - 12) +
				    17 + len - HDR - 20));
	EXPECT_TRUE(rx.status & RX_L3L4P);
	EXPECT_FALSE(rx.status & (RX_ERR_IPE | RX_ERR_L4E | RX_ERR_RXE));
	EXPECT_EQ(24, rx.ptype);

	/* Wrong ones are found */
	len = make_udp(frame, &g[0], &g[1], 4711, 101);
	frame[HDR + 8]--;
	frame[HDR + 25]--;
	ASSERT_EQ(0, eg_send(&g[0], 0, frame, len, 0, HDR / 2, 0));
	ASSERT_EQ(len, eg_recv(&g[1], in, sizeof(in), &rx, SOON_MS));
	EXPECT_TRUE(rx.status & RX_ERR_IPE);
	EXPECT_EQ(0, memcmp(in, frame, len));
}

TEST_F(e810, vlan)
{
	uint8_t frame[100], in[EG_MAX_FRAME];
	struct eg *g = self->g;
	struct eg_rx rx;

	UP(0);
	UP(1);
	UP(2);
	make_frame(frame, &g[0], &g[1], sizeof(frame), 1);
	/* Who has not asked for any may get all */
	ASSERT_EQ(0, eg_add_vlan(&g[1], 200));
	ASSERT_EQ(0, eg_add_vlan(&g[0], 100));
	ASSERT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 100));
	EXPECT_TRUE(nothing_comes(&g[1]));

	ASSERT_EQ(0, eg_add_vlan(&g[1], 100));
	ASSERT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 100));
	ASSERT_EQ(sizeof(frame), eg_recv(&g[1], in, sizeof(in), &rx, SOON_MS));
	EXPECT_TRUE(rx.status & RX_L2TAG1P);
	EXPECT_EQ(100, rx.vlan & 0xfff);
	EXPECT_EQ(0, memcmp(in, frame, sizeof(frame)));

	/* Without a tag as before */
	ASSERT_TRUE(passes(&g[0], &g[1], 2, 100));
	EXPECT_NE(0, eg_add_vlan(&g[0], 4096));
}

/* Flows are spread over the queues that there are, each stays on its own */
TEST_F(e810, rss)
{
	unsigned int count[EG_MAX_QUEUES] = {};
	uint8_t frame[256], in[EG_MAX_FRAME];
	struct eg *g = self->g;
	unsigned int i, queue = 0, used = 0;
	struct eg_rx rx;
	size_t len;

	UP(0);
	UP(1);
	for (i = 0; i < 64; i++) {
		len = make_udp(frame, &g[1], &g[0], 1000 + i / 2, 50);
		ASSERT_EQ(0, eg_send(&g[1], 0, frame, len, UDP_CMD, UDP_OFFSETS,
				     0));
		ASSERT_EQ(len, eg_recv(&g[0], in, sizeof(in), &rx, SOON_MS));
		EXPECT_EQ(RX_RSS_VALID, rx.status & RX_RSS_VALID);
		EXPECT_NE(0, rx.hash);
		EXPECT_EQ(rx.hash % 64 % g[0].num_queues, rx.queue);
		if (i % 2)
			EXPECT_EQ(queue, rx.queue);
		queue = rx.queue;
		count[rx.queue]++;
	}
	for (i = 0; i < g[0].num_queues; i++)
		used += count[i] > 0;
	EXPECT_LE(g[0].num_queues > 1 ? 2 : 1, used);

	/* All of its Tx queues send */
	for (i = 0; i < g[0].num_queues; i++) {
		make_frame(frame, &g[0], &g[1], 100, i);
		EXPECT_EQ(0, eg_send(&g[0], i, frame, 100, 0, HDR / 2, 0));
		EXPECT_EQ(100, eg_recv(&g[1], in, sizeof(in), NULL, SOON_MS));
		EXPECT_EQ(0, memcmp(in, frame, 100));
	}
}

TEST_F(e810, interrupts)
{
	uint8_t frame[100], in[EG_MAX_FRAME];
	struct eg *g = self->g;
	int efd[3], round;

	UP(0);
	UP(1);
	efd[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	efd[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	efd[2] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, vdev_set_vector(g[0].vdev, 1, efd[0]));
	ASSERT_EQ(0, vdev_set_vector(g[1].vdev, 1, efd[1]));
	ASSERT_EQ(0, vdev_set_vector(g[0].vdev, 0, efd[2]));
	make_frame(frame, &g[0], &g[1], sizeof(frame), 1);

	for (round = 0; round < 5; round++) {
		eg_vector_enable(&g[0], 1);
		eg_vector_enable(&g[1], 1);
		ASSERT_EQ(0, eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2,
				     0));
		EXPECT_LT(0, event_wait(efd[1], SOON_MS));
		eg_vector_poll(&g[1], 1);
		EXPECT_EQ(sizeof(frame),
			  eg_recv(&g[1], in, sizeof(in), NULL, SOON_MS));
		EXPECT_LT(0, event_wait(efd[0], SOON_MS));
	}

	/* An interrupt turns its vector off until the guest wants more */
	ASSERT_TRUE(passes(&g[0], &g[1], 3, 100));
	msleep(20);
	event_wait(efd[1], 0);
	ASSERT_TRUE(passes(&g[0], &g[1], 3, 100));
	EXPECT_EQ(0, event_wait(efd[1], NEVER_MS));

	/* The mailbox's, and what it is about */
	vdev_get32(g[0].vdev, 0, AVF_ICR0);
	EXPECT_EQ(0, vdev_get32(g[0].vdev, 0, AVF_ICR0));
	eg_vector_enable(&g[0], 0);
	EXPECT_EQ(0, eg_add_mac(&g[0], g[0].mac));
	EXPECT_LT(0, event_wait(efd[2], SOON_MS));
	EXPECT_EQ(AVF_ICR0_ADMINQ, vdev_get32(g[0].vdev, 0, AVF_ICR0));
	EXPECT_EQ(0, vdev_get32(g[0].vdev, 0, AVF_ICR0));
	close(efd[0]);
	close(efd[1]);
	close(efd[2]);
}

/* A queue that is told to write where the guest has no memory */
TEST_F(e810, bad_addresses)
{
	uint8_t frame[100];
	struct eg *g = self->g;
	unsigned int i;

	for (i = 0; i < 3; i++)
		UP(i);
	make_frame(frame, &g[1], &g[0], sizeof(frame), 1);

	/* Buffers for frames */
	for (i = 0; i < EG_RING; i++)
		g[0].q[0].rx[i].qw[0] = htole64(0x123456000ULL + i);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, eg_send(&g[1], 0, frame, sizeof(frame), 0, HDR / 2,
				     0));
	msleep(NEVER_MS);
	EXPECT_TRUE(passes(&g[1], &g[2], 3, 100));

	/* Frames */
	make_frame(frame, &g[2], &g[1], sizeof(frame), 1);
	g[2].q[0].tx[g[2].q[0].tx_next].addr = htole64(0x666000);
	g[2].q[0].tx[g[2].q[0].tx_next].qw1 =
		htole64((uint64_t)(TX_EOP | TX_RS) << 4 | 100ULL << 34);
	g[2].q[0].tx_next++;
	if (g[2].q[0].tx_tail)
		g[2].q[0].tx_tail[0] = htole32(g[2].q[0].tx_next);
	else
		vdev_set32(g[2].vdev, 0, AVF_QTX_TAIL(0), g[2].q[0].tx_next);
	EXPECT_TRUE(nothing_comes(&g[1]));

	/* Both were their own doing, and end with a reset */
	for (i = 0; i < 3; i += 2) {
		ASSERT_EQ(0, vdev_reset(g[i].vdev));
		UP(i);
	}
	EXPECT_TRUE(passes(&g[1], &g[0], 3, 100));
	EXPECT_TRUE(passes(&g[2], &g[1], 3, 100));
}

/* A descriptor that is none: the card stops the queue, the host says whose */
TEST_F(e810, malicious)
{
	struct eg *g = self->g;
	struct eg_queue *q = &g[0].q[0];
	uint8_t frame[100];
	long long before;

	UP(0);
	UP(1);
	UP(2);
	ASSERT_TRUE(passes(&g[0], &g[1], 3, 100));
	before = vdev_state(g[0].vdev, "malicious driver events");
	ASSERT_LE(0, before);
	make_frame(frame, &g[0], &g[1], sizeof(frame), 1);
	q->tx[q->tx_next].addr = 0;
	q->tx[q->tx_next].qw1 = htole64(5);
	q->tx_next = (q->tx_next + 1) % EG_RING;
	eg_post_frame(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0);
	EXPECT_TRUE(nothing_comes(&g[1]));
	EXPECT_EQ(before + 1,
		  vdev_state(g[0].vdev, "malicious driver events"));
	EXPECT_TRUE(passes(&g[1], &g[2], 3, 100));

	/* Once more: the card was told that the first one was seen */
	ASSERT_EQ(0, vdev_reset(g[0].vdev));
	UP(0);
	q->tx[q->tx_next].qw1 = htole64(5);
	q->tx_next = (q->tx_next + 1) % EG_RING;
	eg_post_frame(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0);
	EXPECT_TRUE(nothing_comes(&g[1]));
	EXPECT_EQ(before + 2,
		  vdev_state(g[0].vdev, "malicious driver events"));
	ASSERT_EQ(0, vdev_reset(g[0].vdev));
	UP(0);
	EXPECT_TRUE(passes(&g[0], &g[1], 3, 100));
}

/* Memory that is unmapped below running queues */
TEST_F(e810, unmapped)
{
	struct eg *g = self->g;
	uint8_t frame[100];
	unsigned int i;
	uint8_t *copy;

	UP(0);
	UP(1);
	ASSERT_TRUE(passes(&g[1], &g[0], 3, 100));
	make_frame(frame, &g[1], &g[0], sizeof(frame), 1);
	ASSERT_EQ(0, vdev_unmap(g[0].vdev, EG_IOVA, g[0].mem_size));
	copy = malloc(g[0].mem_size);
	ASSERT_NE(NULL, copy);
	memcpy(copy, g[0].mem, g[0].mem_size);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, eg_send(&g[1], 0, frame, sizeof(frame), 0, HDR / 2,
				     0));
	msleep(NEVER_MS);
	EXPECT_EQ(0, memcmp(copy, g[0].mem, g[0].mem_size));
	free(copy);

	ASSERT_EQ(0, vdev_map(g[0].vdev, EG_IOVA, g[0].mem, g[0].mem_size,
			      true));
	ASSERT_EQ(0, vdev_reset(g[0].vdev));
	UP(0);
	EXPECT_TRUE(passes(&g[1], &g[0], 3, 100));
}

enum how { BY_IOCTL, BY_FLR, BY_MESSAGE, NUM_WAYS };

TEST_F(e810, resets)
{
	uint8_t mac[6], frame[100];
	struct eg *g = self->g;
	unsigned int how, i;
	uint8_t *copy;
	int ms;

	UP(1);
	copy = malloc(g[0].mem_size);
	ASSERT_NE(NULL, copy);
	for (how = 0; how < NUM_WAYS; how++) {
		UP(0);
		memcpy(mac, g[0].mac, 6);
		ASSERT_TRUE(passes(&g[0], &g[1], 3, 100));
		make_frame(frame, &g[1], &g[0], sizeof(frame), 1);
		for (i = 0; i < 20; i++)
			eg_post_frame(&g[1], 0, frame, sizeof(frame), 0,
				      HDR / 2, 0);
		switch (how) {
		case BY_IOCTL:
			ASSERT_EQ(0, vdev_reset(g[0].vdev));
			break;
		case BY_FLR:
			vdev_flr(g[0].vdev);
			break;
		case BY_MESSAGE:
			ASSERT_EQ(0, eg_reset(&g[0]));
			break;
		}
		/* The mailbox is off, and no queue receives any more */
		for (ms = 0; ms < SOON_MS; ms++) {
			if (eg_rstat(&g[0]) == 2)
				break;
			msleep(1);
		}
		EXPECT_EQ(0, eg_mbx_get(&g[0], ARQLEN) & MBX_ENABLE);
		EXPECT_EQ(0, eg_mbx_get(&g[0], ATQLEN) & MBX_ENABLE);
		memcpy(copy, g[0].mem, g[0].mem_size);
		for (i = 0; i < 5; i++)
			EXPECT_EQ(0, eg_send(&g[1], 0, frame, sizeof(frame), 0,
					     HDR / 2, 0));
		msleep(20);
		EXPECT_EQ(0, memcmp(copy, g[0].mem, g[0].mem_size));
		UP(0);
		EXPECT_EQ(0, memcmp(mac, g[0].mac, 6));
		ASSERT_TRUE(passes(&g[1], &g[0], 3, 100));
	}
	free(copy);
}

/* The page for it of vdcm: what it says, and that nothing of a guest stays in it */
TEST_F(e810, reset_state)
{
	struct vdev *vdev = &self->vdev[0];
	struct eg *g = &self->g[0];
	unsigned int i, again;
	uint32_t mine = 7;

	if (!g->vdcm) {
		EXPECT_EQ(2, eg_rstat(g));
		EXPECT_EQ(MAP_FAILED, vdev_mmap(vdev, 0, VDCM_RSTAT, 4096));
		return;
	}
	UP(0);
	for (again = 0; again < 3; again++) {
		ASSERT_NE(NULL, g->rstat);
		EXPECT_EQ(2, g->rstat[0]);
		for (i = 1; i < 1024; i++)
			EXPECT_EQ(0, g->rstat[i]);
		/* Without bus mastering, or memory space, the mailbox is out of reach */
		vdev_set_master(vdev, false);
		EXPECT_EQ(0, g->rstat[0]);
		vdev_enable(vdev, false);
		EXPECT_EQ(0, g->rstat[0]);
		vdev_enable(vdev, true);
		EXPECT_EQ(2, g->rstat[0]);

		/* Who writes there cheats itself, and the host does not look */
		memset((void *)g->rstat, 0xa5, 4096);
		EXPECT_EQ(2, vdev_get32(vdev, 0, AVF_VFGEN_RSTAT));
		/* Users that do not map have it too, and cannot write */
		EXPECT_EQ(4, vdev_write(vdev, 0, VDCM_RSTAT, &mine, 4));
		EXPECT_EQ(2, vdev_get32(vdev, 0, VDCM_RSTAT));
		if (again == 0) {
			ASSERT_EQ(0, vdev_reset(vdev));
		} else if (again == 1) {
			vdev_flr(vdev);
		} else {
			eg_exit(g);
			vdev_close(vdev);
			ASSERT_EQ(0, vdev_open(vdev));
			ASSERT_EQ(0, eg_init(g, vdev));
		}
		UP(0);
		EXPECT_EQ(2, g->rstat[0]);
		EXPECT_EQ(0, g->rstat[1]);
		EXPECT_EQ(0, g->rstat[1023]);
	}
}

/* A guest that waits for the end of its reset, and goes on at once */
struct waiter {
	struct eg *g;
	uint32_t value;
	bool ready;
	bool seen;
};

static void *wait_for_reset(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->ready, true, __ATOMIC_RELEASE);
	while (w->g->rstat[0])
		;
	__atomic_store_n(&w->seen, true, __ATOMIC_RELEASE);
	while (w->g->rstat[0] != 2)
		;
	w->g->mbx[ATQBAH] = w->value;
	return NULL;
}

/* When it reads that the reset is over, what it writes next arrives */
TEST_F(e810, reset_over)
{
	struct vdev *vdev = &self->vdev[0];
	struct waiter w = { .g = self->g };
	pthread_t thread;
	unsigned int i;
	int ms;

	if (!self->g->vdcm)
		return;
	UP(0);
	for (i = 0; i < 20; i++) {
		w.value = 0x1000 + i;
		w.ready = false;
		w.seen = false;
		ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_reset, &w));
		while (!__atomic_load_n(&w.ready, __ATOMIC_ACQUIRE))
			msleep(1);
		/* It is over when the guest may use its device again */
		vdev_enable(vdev, false);
		ASSERT_EQ(0, vdev_reset(vdev));
		for (ms = 0; !__atomic_load_n(&w.seen, __ATOMIC_ACQUIRE); ms++) {
			ASSERT_GT(SOON_MS, ms);
			msleep(1);
		}
		vdev_enable(vdev, true);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(w.value, vdev_get32(vdev, 0, VDCM_MBX + ATQBAH * 4));
	}
}

/*
 * Bus mastering off while frames come in: not one more byte is written, and others
 * do not notice. On again: it goes on, but for what came meanwhile.
 */
TEST_F(e810, bus_master)
{
	struct eg *g = self->g;
	uint8_t frame[100];
	unsigned int i;
	uint8_t *copy;

	UP(0);
	UP(1);
	copy = malloc(g[0].mem_size);
	ASSERT_NE(NULL, copy);
	ASSERT_TRUE(passes(&g[1], &g[0], 3, 100));
	make_frame(frame, &g[1], &g[0], sizeof(frame), 1);
	for (i = 0; i < 20; i++)
		eg_post_frame(&g[1], 0, frame, sizeof(frame), 0, HDR / 2, 0);
	vdev_set_master(g[0].vdev, false);
	memcpy(copy, g[0].mem, g[0].mem_size);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, eg_send(&g[1], 0, frame, sizeof(frame), 0,
				     HDR / 2, 0));
	msleep(20);
	EXPECT_EQ(0, memcmp(copy, g[0].mem, g[0].mem_size));
	free(copy);

	vdev_set_master(g[0].vdev, true);
	EXPECT_NE(0, eg_mbx_get(&g[0], ARQLEN) & MBX_ENABLE);
	for (i = 0; eg_recv(&g[0], frame, sizeof(frame), NULL, NEVER_MS) > 0;)
		i++;
	EXPECT_GE(20, i);
	EXPECT_TRUE(passes(&g[0], &g[1], 3, 100));
	EXPECT_TRUE(passes(&g[1], &g[0], 3, 100));
}

/* Closed with bus mastering off, as a guest's shutdown leaves it: nothing is kept */
TEST_F(e810, closed_silent)
{
	static const uint8_t mine[6] = { 0x02, 0xde, 0xad, 0, 0, 3 };
	struct eg *g = self->g;

	ASSERT_EQ(0, let_choose(&self->vdev[0]));
	ASSERT_EQ(0, let_choose(&self->vdev[2]));
	UP(0);
	UP(2);
	ASSERT_EQ(0, eg_add_mac(&g[0], mine));
	EXPECT_NE(0, eg_add_mac(&g[2], mine));
	vdev_set_master(g[0].vdev, false);
	eg_exit(&g[0]);
	vdev_close(&self->vdev[0]);
	EXPECT_EQ(0, eg_add_mac(&g[2], mine));

	ASSERT_EQ(0, vdev_open(&self->vdev[0]));
	ASSERT_EQ(0, eg_init(&g[0], &self->vdev[0]));
	UP(0);
	EXPECT_TRUE(passes(&g[2], &g[0], 3, 100));
}

/* The whole function: guests are told before, and begin anew */
TEST_F(e810, function_reset)
{
	struct eg *g = self->g;
	char path[PATH_MAX];

	UP(0);
	UP(1);
	EXPECT_FALSE(eg_told_of_reset(&g[0]));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset",
		 self->vdev[0].pf);
	ASSERT_EQ(0, file_write(path, "1"));
	EXPECT_TRUE(eg_told_of_reset(&g[0]));
	EXPECT_TRUE(eg_told_of_reset(&g[1]));
	/* This one did not speak yet, nobody speaks to it */
	EXPECT_FALSE(eg_told_of_reset(&g[2]));
	EXPECT_EQ(0, eg_mbx_get(&g[0], ARQLEN) & MBX_ENABLE);
	UP(0);
	UP(1);
	EXPECT_TRUE(passes(&g[0], &g[1], 3, 100));
	EXPECT_TRUE(passes(&g[1], &g[0], 3, 100));
}

/* Queues stopped and started again; no ring outlives a reset */
TEST_F(e810, restarted_queues)
{
	/* VSI, no Rx queue, Tx queue 0 */
	uint32_t tx[] = { 0, 0, htole32(1) };
	struct eg *g = self->g;
	uint8_t frame[100];
	int i;

	UP(0);
	UP(1);
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(passes(&g[0], &g[1], 5, 100));
		ASSERT_TRUE(passes(&g[1], &g[0], 5, 100));
		ASSERT_EQ(0, eg_queues_stop(&g[0]));
		ASSERT_EQ(0, eg_queues_start(&g[0]));
	}
	ASSERT_TRUE(passes(&g[0], &g[1], 5, 100));
	ASSERT_TRUE(passes(&g[1], &g[0], 5, 100));

	ASSERT_EQ(0, eg_reset(&g[0]));
	ASSERT_EQ(0, eg_mailbox_start(&g[0]));
	ASSERT_EQ(0, eg_handshake(&g[0]));
	tx[0] = htole32(g[0].vsi_id);
	/* Whatever it is told: there is nothing to enable */
	EXPECT_NE(-ETIMEDOUT, eg_tell(&g[0], VC_ENABLE_QUEUES, tx, sizeof(tx)));
	make_frame(frame, &g[0], &g[1], sizeof(frame), 1);
	eg_post_frame(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0);
	EXPECT_TRUE(nothing_comes(&g[1]));
	ASSERT_EQ(0, eg_queues_start(&g[0]));
	ASSERT_TRUE(passes(&g[0], &g[1], 5, 100));
}

/*
 * A queue pair of no VSI: refused, and a guest that does better has its queues. Linux
 * 6.12's own ice takes the host down with it.
 */
TEST_F(e810, refused_queues)
{
	/* VSI, one queue pair, and that: all zeroes */
	uint16_t msg[(8 + 2 * 64) / 2] = {};
	struct eg *g = self->g;
	unsigned int i;
	int ret;

	UP(1);
	ASSERT_EQ(0, eg_mailbox_start(&g[0]));
	ASSERT_EQ(0, eg_handshake(&g[0]));
	msg[0] = htole16(g[0].vsi_id);
	msg[1] = htole16(1);
	/* And again, of queues that run */
	for (i = 0; i < 2; i++) {
		ret = eg_tell(&g[0], VC_CONFIG_VSI_QUEUES, msg, sizeof(msg));
		EXPECT_NE(0, ret);
		EXPECT_NE(-ETIMEDOUT, ret);
		ASSERT_EQ(0, eg_queues_start(&g[0]));
		EXPECT_TRUE(passes(&g[0], &g[1], 3, 100));
		EXPECT_TRUE(passes(&g[1], &g[0], 3, 100));
	}
}

/* From and to all queues of a guest that has few or many of them */
static bool do_pass_all(struct __test_metadata *_metadata, struct eg *g,
			struct eg *other)
{
	uint8_t frame[256], in[EG_MAX_FRAME];
	struct eg_rx rx = {};
	unsigned int i;
	size_t len;

	for (i = 0; i < g->num_queues; i++) {
		make_frame(frame, g, other, 100, i);
		if (eg_send(g, i, frame, 100, 0, HDR / 2, 0) ||
		    eg_recv(other, in, sizeof(in), NULL, SOON_MS) != 100 ||
		    memcmp(in, frame, 100)) {
			TH_LOG("Tx queue %u", i);
			return false;
		}
	}
	for (i = 0; i < 32; i++) {
		len = make_udp(frame, other, g, 1000 + i, 50);
		if (eg_send(other, 0, frame, len, UDP_CMD, UDP_OFFSETS, 0) ||
		    eg_recv(g, in, sizeof(in), &rx, SOON_MS) != len ||
		    rx.queue != rx.hash % 64 % g->num_queues) {
			TH_LOG("flow %u, at last in Rx queue %u", i, rx.queue);
			return false;
		}
	}
	return true;
}

/*
 * A guest's kernel crashes while it sends and receives, and the next one finds the
 * device as it was left: kdump. It speaks to it from memory of its own, with as many
 * queues or with one. Nothing gets into the memory of those before any more.
 */
TEST_F(e810, crashed)
{
	uint8_t frame[100], *copy[ARRAY_SIZE(self->kernel)];
	struct eg *g = self->g, *last = g, *k;
	unsigned int i, n;

	UP(1);
	UP(0);
	for (i = 0; i < ARRAY_SIZE(self->kernel); i++) {
		k = &self->kernel[i];
		ASSERT_TRUE(passes(last, &g[1], 3, 100));
		ASSERT_TRUE(passes(&g[1], last, 3, 100));
		make_frame(frame, last, &g[1], sizeof(frame), 1);
		for (n = 0; n < last->num_queues; n++)
			eg_post_frame(last, n, frame, sizeof(frame), 0,
				      HDR / 2, 0);
		make_frame(frame, &g[1], last, sizeof(frame), 1);
		for (n = 0; n < 20; n++)
			eg_post_frame(&g[1], 0, frame, sizeof(frame), 0,
				      HDR / 2, 0);

		ASSERT_EQ(0, eg_init_at(k, g[0].vdev, last->iova +
					CRASH_KERNEL));
		if (i) {
			k->num_queues = 1;
			k->more_queues = true;
		}
		ASSERT_EQ(0, eg_up(k));
		copy[i] = malloc(last->mem_size);
		ASSERT_NE(NULL, copy[i]);
		memcpy(copy[i], last->mem, last->mem_size);
		/* What was on its way */
		while (!nothing_comes(k) || !nothing_comes(&g[1]))
			;
		ASSERT_TRUE(passes(k, &g[1], 2 * EG_RING, 100));
		ASSERT_TRUE(passes(&g[1], k, 2 * EG_RING, 100));
		ASSERT_TRUE(do_pass_all(_metadata, k, &g[1]));
		last = k;
	}
	for (i = 0; i < ARRAY_SIZE(self->kernel); i++) {
		k = i ? &self->kernel[i - 1] : g;
		EXPECT_EQ(0, memcmp(copy[i], k->mem, k->mem_size));
		free(copy[i]);
	}
}

/* The same guest twice, as after "rmmod iavf; modprobe iavf" */
TEST_F(e810, again)
{
	struct eg *g = self->g;
	int i;

	UP(1);
	for (i = 0; i < 3; i++) {
		UP(0);
		ASSERT_TRUE(passes(&g[1], &g[0], 3, 100));
		ASSERT_TRUE(passes(&g[0], &g[1], 3, 100));
		ASSERT_EQ(0, eg_queues_stop(&g[0]));
		ASSERT_EQ(0, eg_reset(&g[0]));
	}
	EXPECT_LT(0, eg_counter(&g[0], 1));
	eg_exit(&g[0]);
	vdev_close(&self->vdev[0]);
	ASSERT_EQ(0, vdev_open(&self->vdev[0]));
	ASSERT_EQ(0, eg_init(&g[0], &self->vdev[0]));
	UP(0);
	/* What the one before has received is not for this one to know */
	EXPECT_EQ(0, eg_counter(&g[0], 1));
	ASSERT_TRUE(passes(&g[1], &g[0], 3, 100));
	EXPECT_EQ(3, eg_counter(&g[0], 1));
}

/* What a hostile guest can do to any register, seen from its neighbours */
TEST_F_TIMEOUT(e810, random_registers, 120)
{
	unsigned int seed = 1, i, bar;
	struct eg *g = self->g;
	uint64_t size[2] = { g[0].vdcm ? 1 << 26 : 1 << 17, 1 << 14 };
	volatile uint32_t *page;
	uint64_t offset;
	uint32_t value;
	void *map;

	TH_LOG("seed %u", seed);
	UP(1);
	UP(2);
	/* Half way up, to have something to break */
	for (i = 0; i < FUZZ_REGISTERS; i++) {
		if (!(i % 500)) {
			EXPECT_EQ(0, vdev_reset(g[0].vdev));
			if (i % 1000)
				UP(0);
		}
		bar = rand_r(&seed) % 8 ? 0 : 1;
		offset = ((uint64_t)rand_r(&seed) << 8 ^ rand_r(&seed)) %
			 size[bar] & ~3ULL;
		/* Most of a BAR is empty, so go where registers are */
		if (!bar && rand_r(&seed) % 8) {
			offset %= 0x10000;
			if (g[0].vdcm && rand_r(&seed) % 2)
				offset = rand_r(&seed) % 8 * 0x1000 +
					 rand_r(&seed) % 16 * 4 +
					 (rand_r(&seed) % 2 ? 0x2100000 :
					  0x20000);
		}
		value = rand_r(&seed);
		if (rand_r(&seed) % 4)
			value >>= rand_r(&seed) % 32;
		/* Values that mean something more often than chance has them */
		if (!(rand_r(&seed) % 16))
			value |= MBX_ENABLE;
		if (rand_r(&seed) % 3)
			vdev_write(g[0].vdev, bar ? 3 : 0, offset, &value, 4);
		else
			vdev_read(g[0].vdev, bar ? 3 : 0, offset, &value, 4);
	}

	/* And through the mappings, where the host does not see it */
	for (i = 0; i < FUZZ_REGISTERS; i++) {
		if (!(i % 500)) {
			EXPECT_EQ(0, vdev_reset(g[0].vdev));
			if (i % 1000)
				UP(0);
		}
		if (g[0].vdcm)
			offset = rand_r(&seed) % 8 == 0 ? VDCM_RSTAT :
				 rand_r(&seed) % 4 == 0 ? VDCM_MBX :
				 rand_r(&seed) % 3 == 0 ? VDCM_QRX_TAIL(0) :
				 rand_r(&seed) % 2 ? VDCM_QTX_TAIL(0) :
				 VDCM_VECTOR(rand_r(&seed) % 2);
		else
			offset = rand_r(&seed) % 2 ? AVF_QTX_TAIL(0) :
				 AVF_QRX_TAIL(0);
		map = vdev_mmap(g[0].vdev, 0, offset, 4096);
		if (map == MAP_FAILED)
			break;
		page = map;
		value = rand_r(&seed) >> rand_r(&seed) % 32;
		offset = rand_r(&seed) % 4 ? rand_r(&seed) % 10 :
			 rand_r(&seed) % 1024;
		if (rand_r(&seed) % 3)
			page[offset] = value;
		else
			value = page[offset];
		munmap(map, 4096);
	}

	EXPECT_TRUE(passes(&g[1], &g[2], 10, 500));
	EXPECT_TRUE(passes(&g[2], &g[1], 10, 500));
	/* It is itself again after a reset */
	EXPECT_EQ(0, vdev_reset(g[0].vdev));
	UP(0);
	EXPECT_TRUE(passes(&g[0], &g[1], 3, 100));
}

TEST_F_TIMEOUT(e810, random_messages, 120)
{
	uint8_t msg[EG_MBX_BUF];
	struct eg *g = self->g;
	unsigned int seed = 2, i, n, len, unanswered = 0;
	int32_t status;
	uint32_t op;

	TH_LOG("seed %u", seed);
	UP(1);
	UP(2);
	UP(0);
	for (i = 0; i < FUZZ_MESSAGES; i++) {
		op = rand_r(&seed) % 8 ? rand_r(&seed) % 64 : rand_r(&seed);
		/* It would only be taken for the host's own events */
		if (op == VC_EVENT)
			op++;
		len = rand_r(&seed) % 2 ? rand_r(&seed) % 128 :
		      rand_r(&seed) % sizeof(msg);
		for (n = 0; n < len; n++)
			msg[n] = rand_r(&seed) % 3 ? rand_r(&seed) % 4 :
				 rand_r(&seed);
		if (len >= 2 && rand_r(&seed) % 2) {
			msg[0] = g[0].vsi_id;
			msg[1] = g[0].vsi_id >> 8;
		}
		if (eg_post(&g[0], op, msg, len) || op == VC_RESET_VF) {
			/* No more than a guest can mend by itself */
			ASSERT_EQ(0, vdev_reset(g[0].vdev));
			UP(0);
			continue;
		}
		/* Every message has an answer, and there is no second one */
		if (eg_receive(&g[0], &op, &status, msg, sizeof(msg),
			       SOON_MS) < 0)
			unanswered++;
	}
	EXPECT_EQ(0, unanswered);
	EXPECT_TRUE(passes(&g[1], &g[2], 10, 500));
	EXPECT_EQ(0, vdev_reset(g[0].vdev));
	UP(0);
	EXPECT_TRUE(passes(&g[0], &g[1], 3, 100));
}

/* Rings and mailboxes full of nonsense, at addresses of nothing */
TEST_F_TIMEOUT(e810, random_rings, 120)
{
	unsigned int seed = 3, i, n;
	struct eg *g = self->g;
	uint32_t *word;

	TH_LOG("seed %u", seed);
	UP(1);
	UP(2);
	for (i = 0; i < FUZZ_RINGS; i++) {
		ASSERT_EQ(0, vdev_reset(g[0].vdev));
		UP(0);
		word = (uint32_t *)(i % 2 ? g[0].mem + EG_OFF_QUEUES : g[0].mem);
		for (n = 0; n < 0x2000 / 4; n++) {
			word[n] = rand_r(&seed);
			if (rand_r(&seed) % 2)
				word[n] = EG_IOVA + rand_r(&seed) % 0x40000;
		}
		eg_mbx_set(&g[0], ATQT, rand_r(&seed) % 64);
		eg_mbx_set(&g[0], ARQT, rand_r(&seed) % 64);
		if (g[0].q[0].tx_tail) {
			g[0].q[0].tx_tail[0] = rand_r(&seed) % 128;
			g[0].q[0].rx_tail[0] = rand_r(&seed) % 128;
		} else {
			vdev_set32(g[0].vdev, 0, AVF_QTX_TAIL(0),
				   rand_r(&seed) % 128);
			vdev_set32(g[0].vdev, 0, AVF_QRX_TAIL(0),
				   rand_r(&seed) % 128);
		}
		if (!(i % 8)) {
			ASSERT_TRUE(passes(&g[1], &g[2], 1, 100));
		}
	}
	ASSERT_EQ(0, vdev_reset(g[0].vdev));
	UP(0);
	EXPECT_TRUE(passes(&g[0], &g[1], 3, 100));
}

/* Dead with everything running: no more frames to where it was */
TEST_F(e810, killed)
{
	struct eg *g = self->g;
	uint8_t frame[100];
	int status, end[2];
	unsigned int i;
	char byte;
	pid_t pid;

	UP(1);
	UP(2);
	eg_exit(&g[0]);
	vdev_close(&self->vdev[0]);
	ASSERT_EQ(0, pipe(end));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (vdev_open(&self->vdev[0]) ||
		    eg_init(&g[0], &self->vdev[0]) || eg_up(&g[0]) ||
		    write(end[1], g[0].mac, 6) != 6)
			_exit(1);
		make_frame(frame, &g[0], &g[1], sizeof(frame), 1);
		for (;;)
			eg_send(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0);
	}
	close(end[1]);
	ASSERT_EQ(6, read(end[0], g[0].mac, 6));
	ASSERT_EQ(0, read(end[0], &byte, 0));
	close(end[0]);
	make_frame(frame, &g[1], &g[0], sizeof(frame), 1);
	for (i = 0; i < 30; i++)
		EXPECT_EQ(0, eg_send(&g[1], 0, frame, sizeof(frame), 0, HDR / 2,
				     0));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(vdev_in_state(&self->vdev[0], "idle"));
	/* What it sent before its death */
	while (!nothing_comes(&g[1]))
		;
	EXPECT_EQ(0, eg_send(&g[1], 0, frame, sizeof(frame), 0, HDR / 2, 0));
	EXPECT_TRUE(passes(&g[1], &g[2], 3, 100));

	ASSERT_EQ(0, vdev_open(&self->vdev[0]));
	ASSERT_EQ(0, eg_init(&g[0], &self->vdev[0]));
	UP(0);
	EXPECT_TRUE(passes(&g[1], &g[0], 3, 100));
}

/* What the host's administrator sets */
FIXTURE(attributes)
{
	struct vdev vdev;
	struct vdev other;
};

FIXTURE_VARIANT(attributes)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(attributes, avf_1, "avf-1");
VDEV_VARIANT(attributes, vdcm_4, "vdcm-4");

FIXTURE_SETUP(attributes)
{
	VDEV_SETUP(&self->vdev);
	VDEV_SETUP(&self->other);
}

FIXTURE_TEARDOWN(attributes)
{
	vdev_cleanup(&self->vdev);
	vdev_cleanup(&self->other);
}

TEST_F(attributes, values)
{
	static const struct {
		const char *name, *value;
		int error;
	} bad[] = {
		{ "mac", " ", -EINVAL },
		{ "mac", "02:00:00:00:00", -EINVAL },
		{ "mac", "02:00:00:00:00:0g", -EINVAL },
		{ "mac", "02:00:00:00:00:01:02", -EINVAL },
		{ "mac", "00:00:00:00:00:00", -EADDRNOTAVAIL },
		{ "mac", "01:00:5e:00:00:01", -EADDRNOTAVAIL },
		{ "vlan", "x", -EINVAL },
		{ "vlan", "4095", -ERANGE },
		{ "vlan", "5 8", -ERANGE },
		{ "vlan", "0 1", -EINVAL },
		{ "vlan", "-1", -EINVAL },
		{ "spoofchk", "2x", -EINVAL },
		{ "trust", "maybe", -EINVAL },
		{ "max_tx_rate", "fast", -EINVAL },
	};
	static const char * const good[][2] = {
		{ "mac", "02:00:00:aa:bb:cc" },
		{ "vlan", "4094 7" }, { "vlan", "100 0" }, { "vlan", "0 0" },
		{ "spoofchk", "0" }, { "spoofchk", "1" },
		{ "trust", "1" }, { "trust", "0" },
		{ "max_tx_rate", "0" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, vdev_attr_set(&self->vdev, good[i][0], good[i][1])) {
			TH_LOG("%s %s", good[i][0], good[i][1]);
		}
		EXPECT_TRUE(vdev_attr_is(&self->vdev, good[i][0], good[i][1])) {
			TH_LOG("%s %s", good[i][0], good[i][1]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].error,
			  vdev_attr_set(&self->vdev, bad[i].name, bad[i].value)) {
			TH_LOG("%s %s", bad[i].name, bad[i].value);
		}
	}
	/* Nothing of it stuck */
	EXPECT_TRUE(vdev_attr_is(&self->vdev, "mac", "02:00:00:aa:bb:cc"));
	EXPECT_TRUE(vdev_attr_is(&self->vdev, "vlan", "0 0"));
	EXPECT_TRUE(vdev_attr_is(&self->vdev, "spoofchk", "1"));

	/* An address is one VDEV's */
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(&self->other, "mac", "02:00:00:aa:bb:cc"));
}

/* Guests of a port VLAN see neither it nor anyone outside of it */
TEST_F(attributes, port_vlan)
{
	uint8_t frame[100], in[EG_MAX_FRAME];
	struct eg a = {}, b = {};
	struct eg_rx rx;

	ASSERT_EQ(0, vdev_attr_set(&self->vdev, "vlan", "77"));
	ASSERT_EQ(0, vdev_attr_set(&self->other, "vlan", "77"));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	ASSERT_EQ(0, vdev_open(&self->other));
	ASSERT_EQ(0, eg_init(&a, &self->vdev));
	ASSERT_EQ(0, eg_init(&b, &self->other));
	ASSERT_EQ(0, eg_up(&a));
	ASSERT_EQ(0, eg_up(&b));
	make_frame(frame, &a, &b, sizeof(frame), 1);
	ASSERT_EQ(0, eg_send(&a, 0, frame, sizeof(frame), 0, HDR / 2, 0));
	ASSERT_EQ(sizeof(frame), eg_recv(&b, in, sizeof(in), &rx, SOON_MS));
	EXPECT_EQ(0, memcmp(in, frame, sizeof(frame)));

	eg_exit(&b);
	vdev_close(&self->other);
	ASSERT_EQ(0, vdev_attr_set(&self->other, "vlan", "78"));
	ASSERT_EQ(0, vdev_open(&self->other));
	ASSERT_EQ(0, eg_init(&b, &self->other));
	ASSERT_EQ(0, eg_up(&b));
	ASSERT_EQ(0, eg_send(&a, 0, frame, sizeof(frame), 0, HDR / 2, 0));
	EXPECT_TRUE(nothing_comes(&b));
	eg_exit(&a);
	eg_exit(&b);
}

TEST_HARNESS_MAIN
