// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's administrator decides about an E810's VDEVs while their guests
 * run, and what guests try against it. For hdiov_e810 beside ice.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "e810_guest.h"
#include "vdev.h"

#define SOON_MS		20000
/* Time to see that no frame comes */
#define NEVER_MS	100
#define HDR		14

/* Addresses that virtchnl gives a guest that is not trusted, at most */
#define MAX_MACS	18
/* A bit more than the time in which a guest may overflow the mailbox so often */
#define OVERFLOW_MS	62000
/* How often it can before it is stopped */
#define MAX_OVERFLOWS	4
#define REFUSALS	100
#define LOG_LIMIT_MS	6000

/* Of the mailbox: a buffer to be read, no interrupt for it; to the PF */
#define EG_MBX_MSG	0x3400
#define EG_MBX_TO_PF	0x0801

static const uint8_t new_mac[6] = { 0x02, 0, 0, 0xaa, 0xbb, 0x01 };
static const uint8_t free_mac[6] = { 0x02, 0, 0, 0xaa, 0xbb, 0x02 };

/* Two guests that are up, and may have no address but their own */
FIXTURE(policy)
{
	struct vdev vdev[2];
	struct eg g[2];
	int kmsg;
};

FIXTURE_VARIANT(policy)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(policy, avf_1, "avf-1");
VDEV_VARIANT(policy, vdcm_4, "vdcm-4");

FIXTURE_SETUP(policy)
{
	int i;

	self->kmsg = -1;
	for (i = 0; i < 2; i++) {
		VDEV_SETUP(&self->vdev[i]);
		ASSERT_EQ(0, vdev_open(&self->vdev[i]));
		ASSERT_EQ(0, eg_init(&self->g[i], &self->vdev[i]));
		ASSERT_EQ(0, eg_up(&self->g[i]));
	}
	self->kmsg = kmsg_open();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(policy)
{
	int i;

	if (self->kmsg >= 0)
		close(self->kmsg);
	for (i = 0; i < 2; i++) {
		eg_exit(&self->g[i]);
		vdev_cleanup(&self->vdev[i]);
	}
}

static void make_frame(uint8_t *frame, size_t len, const uint8_t *from,
		       const uint8_t *to)
{
	memset(frame, 0x5a, len);
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	frame[12] = 0x88;	/* IEEE 802: local experimental */
	frame[13] = 0xb5;
}

/* Does a frame to @mac, said to be from @as, arrive within @ms? */
static bool arrives(struct eg *from, const uint8_t *as, struct eg *to,
		    const uint8_t *mac, int ms)
{
	uint8_t frame[200], in[EG_MAX_FRAME];

	make_frame(frame, sizeof(frame), as, mac);
	return !eg_send(from, 0, frame, sizeof(frame), 0, HDR / 2, 0) &&
	       eg_recv(to, in, sizeof(in), NULL, ms) == sizeof(frame) &&
	       !memcmp(in, frame, sizeof(frame));
}

static bool passes(struct eg *from, struct eg *to)
{
	return arrives(from, from->mac, to, to->mac, SOON_MS);
}

static long long resets(struct vdev *vdev)
{
	return vdev_state(vdev, "resets");
}

/* The guest is told of a reset, and it comes */
static bool is_reset(struct eg *g)
{
	int ms;

	for (ms = 0; ms < SOON_MS; ms++) {
		if (!(eg_mbx_get(g, ARQLEN) & MBX_ENABLE) &&
		    eg_rstat(g) == 2)
			return eg_told_of_reset(g);
		msleep(1);
	}
	return false;
}

/* One message about @num addresses */
static int macs(struct eg *g, uint32_t op, const uint8_t (*list)[6],
		unsigned int num)
{
	/* As virtchnl counts it, there is room for one more */
	uint8_t msg[4 + 8 * 32] = { g->vsi_id, g->vsi_id >> 8, num };
	unsigned int i;

	for (i = 0; i < num; i++) {
		memcpy(msg + 4 + 8 * i, list[i], 6);
		/* Not the one that the guest goes by */
		msg[4 + 8 * i + 6] = 2;
	}
	return eg_tell(g, op, msg, 4 + 8 * (num + 1));
}

/* Another address: the guest begins anew with it, and others may have the old one */
TEST_F(policy, mac)
{
	struct eg *g = self->g;
	uint8_t old[6];
	long long num;

	ASSERT_TRUE(passes(&g[1], &g[0]));
	memcpy(old, g[0].mac, 6);
	num = resets(&self->vdev[0]);
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "mac", "02:00:00:aa:bb:01"));
	/* Not soon: now */
	EXPECT_EQ(num + 1, resets(&self->vdev[0]));
	EXPECT_TRUE(vdev_attr_is(&self->vdev[0], "mac", "02:00:00:aa:bb:01"));
	ASSERT_TRUE(is_reset(&g[0]));
	ASSERT_EQ(0, eg_up(&g[0]));
	EXPECT_EQ(0, memcmp(g[0].mac, new_mac, 6));
	EXPECT_TRUE(passes(&g[0], &g[1]));
	EXPECT_TRUE(passes(&g[1], &g[0]));
	EXPECT_FALSE(arrives(&g[1], g[1].mac, &g[0], old, NEVER_MS));

	/* As it was: no reset */
	EXPECT_EQ(0, vdev_attr_set(&self->vdev[0], "mac", "02:00:00:aa:bb:01"));
	EXPECT_TRUE(passes(&g[1], &g[0]));

	/* One address, one VDEV; and the log says whose it is */
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(&self->vdev[1], "mac", "02:00:00:aa:bb:01"));
	EXPECT_LT(0, kmsg_count(self->kmsg, "02:00:00:aa:bb:01",
				self->vdev[0].uuid));
	EXPECT_TRUE(passes(&g[0], &g[1]));
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "mac", "02:00:00:aa:bb:03"));
	ASSERT_TRUE(is_reset(&g[0]));
	EXPECT_EQ(0, vdev_attr_set(&self->vdev[1], "mac", "02:00:00:aa:bb:01"));
}

/* Each packet, on either side, and over a reset of the guest */
TEST_F(policy, statistics)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct vdev *from = &self->vdev[0], *to = &self->vdev[1];
	long long sent = vdev_statistic(from, "tx_packets");
	long long bytes = vdev_statistic(from, "tx_bytes");
	long long came = vdev_statistic(to, "rx_packets");
	long long in = vdev_statistic(to, "rx_bytes");
	long long cast = vdev_statistic(to, "rx_broadcast");
	struct eg *g = self->g;
	int i;

	ASSERT_LE(0, sent);
	ASSERT_LE(0, came);
	for (i = 0; i < 5; i++)
		ASSERT_TRUE(passes(&g[0], &g[1]));
	ASSERT_TRUE(arrives(&g[0], g[0].mac, &g[1], all, SOON_MS));
	EXPECT_EQ(sent + 6, vdev_statistic(from, "tx_packets"));
	EXPECT_EQ(came + 6, vdev_statistic(to, "rx_packets"));
	EXPECT_EQ(cast + 1, vdev_statistic(to, "rx_broadcast"));
	/* With or without the checksum at their end */
	EXPECT_LE(bytes + 6 * 200, vdev_statistic(from, "tx_bytes"));
	EXPECT_GE(bytes + 6 * 204, vdev_statistic(from, "tx_bytes"));
	EXPECT_LE(in + 6 * 200, vdev_statistic(to, "rx_bytes"));
	EXPECT_GE(in + 6 * 204, vdev_statistic(to, "rx_bytes"));
	EXPECT_EQ(0, vdev_statistic(from, "tx_errors"));

	ASSERT_EQ(0, eg_reset(&g[1]));
	ASSERT_EQ(0, eg_up(&g[1]));
	ASSERT_TRUE(passes(&g[0], &g[1]));
	EXPECT_EQ(sent + 7, vdev_statistic(from, "tx_packets"));
	EXPECT_EQ(came + 7, vdev_statistic(to, "rx_packets"));
	EXPECT_EQ(-EACCES, vdev_attr_set(to, "statistics/rx_packets", "0"));
}

/* For a guest that moves: another VDEV's address, and nobody else's */
TEST_F(policy, mac_shared)
{
	struct vdev *vdev = &self->vdev[0], *other = &self->vdev[1];
	char mac[32], path[PATH_MAX], port[32] = "";
	char *end;
	glob_t g;

	ASSERT_LT(0, file_read(vdev_path(vdev, "mac", path, sizeof(path)), mac,
			       sizeof(mac)));
	EXPECT_TRUE(vdev_attr_is(other, "mac_shared", "0"));
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(other, "mac", mac));
	EXPECT_EQ(-EINVAL, vdev_attr_set(other, "mac_shared", "x"));
	ASSERT_EQ(0, vdev_attr_set(other, "mac_shared", "1"));

	ASSERT_EQ(0, glob(pf_path(vdev->pf, "net/*/address", path, sizeof(path)),
			  0, NULL, &g));
	ASSERT_LT(0, file_read(g.gl_pathv[0], port, sizeof(port)));
	globfree(&g);
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(other, "mac", port));
	ASSERT_EQ(0, vdev_attr_set(other, "mac", mac));
	end = strchr(mac, '\n');
	if (end)
		*end = 0;
	EXPECT_TRUE(vdev_attr_is(other, "mac", mac));
	/* Its owner keeps it, and can be told so again */
	EXPECT_EQ(0, vdev_attr_set(vdev, "mac", mac));
	EXPECT_TRUE(vdev_attr_is(vdev, "mac", mac));
	/* It is shared as long as both have it */
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(other, "mac_shared", "0"));
	EXPECT_TRUE(vdev_attr_is(other, "mac_shared", "1"));
	/* And once more it is nobody's but one's */
	EXPECT_EQ(0, vdev_attr_set(other, "mac", "02:00:00:00:77:01"));
	EXPECT_EQ(0, vdev_attr_set(other, "mac_shared", "0"));
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(other, "mac", mac));
}

/* An address that is locked, which is so at first, is the only one */
TEST_F(policy, mac_locked)
{
	struct eg *g = self->g;
	long long num;

	EXPECT_TRUE(vdev_attr_is(&self->vdev[0], "mac_locked", "1"));
	EXPECT_NE(0, eg_add_mac(&g[0], free_mac));
	EXPECT_FALSE(arrives(&g[1], g[1].mac, &g[0], free_mac, NEVER_MS));

	/* The guest does not notice */
	num = resets(&self->vdev[0]);
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "mac_locked", "0"));
	ASSERT_EQ(0, eg_add_mac(&g[0], free_mac));
	EXPECT_EQ(num, resets(&self->vdev[0]));
	EXPECT_TRUE(arrives(&g[1], g[1].mac, &g[0], free_mac, SOON_MS));
	/* Now it is its, for the host, too */
	EXPECT_EQ(-EADDRINUSE, vdev_attr_set(&self->vdev[1], "mac", "02:00:00:aa:bb:02"));
	EXPECT_LT(0, kmsg_count(self->kmsg, "02:00:00:aa:bb:02",
				self->vdev[0].uuid));

	/* Here it does: it loses what it has */
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "mac_locked", "1"));
	ASSERT_TRUE(is_reset(&g[0]));
	ASSERT_EQ(0, eg_up(&g[0]));
	EXPECT_FALSE(arrives(&g[1], g[1].mac, &g[0], free_mac, NEVER_MS));
	EXPECT_NE(0, eg_add_mac(&g[0], free_mac));
	EXPECT_TRUE(passes(&g[1], &g[0]));
	EXPECT_EQ(0, vdev_attr_set(&self->vdev[1], "mac", "02:00:00:aa:bb:02"));
}

/* A guest that asks for what it cannot have is heard of, by name, and does not fill the log */
TEST_F(policy, log)
{
	struct eg *g = self->g;
	unsigned int i, num;

	/* What it was refused in the last five seconds counts as well */
	msleep(LOG_LIMIT_MS);
	for (i = 0; i < REFUSALS; i++)
		EXPECT_NE(0, eg_add_mac(&g[0], free_mac));
	num = kmsg_count(self->kmsg, self->vdev[0].uuid, "MAC");
	EXPECT_LE(1, num);
	EXPECT_GE(REFUSALS / 2, num);
	EXPECT_TRUE(passes(&g[1], &g[0]));
}

/* A neighbour's address, alone or among others: none of these is added */
TEST_F(policy, neighbours_address)
{
	struct eg *g = self->g;
	uint8_t list[2][6];

	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "mac_locked", "0"));
	memcpy(list[0], free_mac, 6);
	memcpy(list[1], g[1].mac, 6);
	EXPECT_NE(0, eg_add_mac(&g[0], g[1].mac));
	EXPECT_LT(0, kmsg_count(self->kmsg, self->vdev[0].uuid, self->vdev[1].uuid));
	EXPECT_NE(0, macs(&g[0], VC_ADD_ETH_ADDR, list, 2));
	EXPECT_FALSE(arrives(&g[1], g[1].mac, &g[0], free_mac, NEVER_MS));
	EXPECT_EQ(0, macs(&g[0], VC_ADD_ETH_ADDR, list, 1));
	EXPECT_TRUE(arrives(&g[1], g[1].mac, &g[0], free_mac, SOON_MS));

	/* One that is trusted can have it */
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "trust", "1"));
	EXPECT_EQ(0, eg_add_mac(&g[0], g[1].mac));
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "trust", "0"));
	ASSERT_TRUE(is_reset(&g[0]));
	ASSERT_EQ(0, eg_up(&g[0]));
	EXPECT_NE(0, eg_add_mac(&g[0], g[1].mac));
}

/* As many addresses as there may be, which come back, and changes without end */
TEST_F(policy, quota)
{
	uint8_t list[MAX_MACS + 1][6] = {};
	struct eg *g = self->g;
	unsigned int i, round;

	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "mac_locked", "0"));
	for (i = 0; i < MAX_MACS + 1; i++) {
		list[i][0] = 2;
		list[i][5] = i;
	}
	/* All or none */
	EXPECT_NE(0, macs(&g[0], VC_ADD_ETH_ADDR, list, MAX_MACS + 1));
	EXPECT_FALSE(arrives(&g[1], g[1].mac, &g[0], list[0], NEVER_MS));
	/* Its own, and that of everybody, are two */
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, macs(&g[0], VC_ADD_ETH_ADDR, list, MAX_MACS - 2));
		EXPECT_NE(0, macs(&g[0], VC_ADD_ETH_ADDR,
				  list + MAX_MACS - 2, 1));
		ASSERT_EQ(0, macs(&g[0], VC_DEL_ETH_ADDR, list, MAX_MACS - 2));
	}
	EXPECT_FALSE(arrives(&g[1], g[1].mac, &g[0], list[0], NEVER_MS));
	for (i = 0; i < 40; i++) {
		list[0][4] = i;
		list[1][4] = i + 1;
		if (!i)
			ASSERT_EQ(0, eg_add_mac(&g[0], list[0]));
		list[1][5] = 0;
		ASSERT_EQ(0, eg_add_mac(&g[0], list[1]));
		ASSERT_EQ(0, macs(&g[0], VC_DEL_ETH_ADDR, list, 1));
	}
	EXPECT_TRUE(arrives(&g[1], g[1].mac, &g[0], list[1], SOON_MS));
	EXPECT_TRUE(passes(&g[1], &g[0]));
}

/* Into a VLAN of the host's, into another one, and out of it again */
TEST_F(policy, vlan)
{
	static const char * const vlans[][2] = {
		{ "77 3", "78 0" }, { "77 3", "77 0" }, { "0 0", "0 0" },
	};
	struct eg *g = self->g;
	unsigned int n, i;

	for (n = 0; n < ARRAY_SIZE(vlans); n++) {
		for (i = 0; i < 2; i++) {
			if (vdev_attr_is(&self->vdev[i], "vlan", vlans[n][i]))
				continue;
			ASSERT_EQ(0, vdev_attr_set(&self->vdev[i], "vlan", vlans[n][i]));
			EXPECT_TRUE(vdev_attr_is(&self->vdev[i], "vlan", vlans[n][i]));
			ASSERT_TRUE(is_reset(&g[i]));
			ASSERT_EQ(0, eg_up(&g[i]));
		}
		if (!n) {
			EXPECT_FALSE(arrives(&g[0], g[0].mac, &g[1], g[1].mac,
					     NEVER_MS));
			EXPECT_FALSE(arrives(&g[1], g[1].mac, &g[0], g[0].mac,
					     NEVER_MS));
			/* It is not for a guest to say */
			EXPECT_NE(0, eg_add_vlan(&g[0], 78));
		} else {
			EXPECT_TRUE(passes(&g[0], &g[1]));
			EXPECT_TRUE(passes(&g[1], &g[0]));
		}
	}
}

/* At once, without a reset */
TEST_F(policy, spoofchk)
{
	long long num = resets(&self->vdev[0]);
	struct eg *g = self->g;

	EXPECT_FALSE(arrives(&g[0], free_mac, &g[1], g[1].mac, NEVER_MS));
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "spoofchk", "0"));
	EXPECT_TRUE(arrives(&g[0], free_mac, &g[1], g[1].mac, SOON_MS));
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], "spoofchk", "1"));
	EXPECT_FALSE(arrives(&g[0], free_mac, &g[1], g[1].mac, NEVER_MS));
	EXPECT_TRUE(passes(&g[0], &g[1]));
	EXPECT_EQ(num, resets(&self->vdev[0]));
}

/* What was decided outlives resets of the VDEV, of the port, and the guest */
TEST_F(policy, stays)
{
	static const char * const decided[][2] = {
		{ "mac", "02:00:00:aa:bb:01" }, { "mac_locked", "0" },
		{ "vlan", "78 5" }, { "spoofchk", "0" }, { "trust", "1" },
		{ "max_tx_rate", "500" },
	};
	struct eg *g = self->g;
	char path[PATH_MAX];
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(decided); i++)
		ASSERT_EQ(0, vdev_attr_set(&self->vdev[0], decided[i][0],
					   decided[i][1]));
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[1], "vlan", "78"));
	for (round = 0; round < 4; round++) {
		if (round == 1) {
			ASSERT_EQ(0, vdev_reset(&self->vdev[0]));
		} else if (round == 2) {
			ASSERT_EQ(0, file_write(pf_path(self->vdev[0].pf,
							"reset", path,
							sizeof(path)), "1"));
		} else if (round == 3) {
			eg_exit(&g[0]);
			vdev_close(&self->vdev[0]);
			ASSERT_EQ(0, vdev_open(&self->vdev[0]));
			ASSERT_EQ(0, eg_init(&g[0], &self->vdev[0]));
		} else {
			ASSERT_TRUE(is_reset(&g[0]));
			ASSERT_TRUE(is_reset(&g[1]));
		}
		for (i = 0; i < ARRAY_SIZE(decided); i++)
			EXPECT_TRUE(vdev_attr_is(&self->vdev[0], decided[i][0],
						 decided[i][1])) {
				TH_LOG("round %u: %s", round, decided[i][0]);
			}
		ASSERT_EQ(0, eg_up(&g[0]));
		if (!round || round == 2)
			ASSERT_EQ(0, eg_up(&g[1]));
		EXPECT_EQ(0, memcmp(g[0].mac, new_mac, 6));
		EXPECT_TRUE(passes(&g[0], &g[1]));
		EXPECT_TRUE(passes(&g[1], &g[0]));
		/* Spoof check is off */
		EXPECT_TRUE(arrives(&g[0], free_mac, &g[1], g[1].mac, SOON_MS));
	}
	/* The other one's is on, and there is a VLAN around them */
	EXPECT_FALSE(arrives(&g[1], free_mac, &g[0], g[0].mac, NEVER_MS));
	ASSERT_EQ(0, vdev_attr_set(&self->vdev[1], "vlan", "79"));
	ASSERT_TRUE(is_reset(&g[1]));
	ASSERT_EQ(0, eg_up(&g[1]));
	EXPECT_FALSE(arrives(&g[0], g[0].mac, &g[1], g[1].mac, NEVER_MS));
}

/* Decided while it was stopped: nothing goes out by the old rules when it goes on */
TEST_F(policy, decided_meanwhile)
{
	uint8_t frame[200], in[EG_MAX_FRAME];
	struct vdev *vdev = &self->vdev[0];
	struct eg *g = self->g;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, vdev_attr_set(&self->vdev[i], "vlan", "78"));
		ASSERT_TRUE(is_reset(&g[i]));
		ASSERT_EQ(0, eg_up(&g[i]));
	}
	ASSERT_TRUE(passes(&g[0], &g[1]));
	/* Then one that comes later than now comes much later */
	for (i = 0; i < 17; i++)
		ASSERT_EQ(0, vdev_reset(vdev));
	ASSERT_EQ(0, eg_up(&g[0]));
	ASSERT_EQ(0, vdev_mig_set(vdev, VFIO_DEVICE_STATE_RUNNING_P2P, NULL));
	ASSERT_EQ(0, vdev_attr_set(vdev, "vlan", "79"));
	ASSERT_EQ(0, vdev_mig_set(vdev, VFIO_DEVICE_STATE_RUNNING, NULL));
	make_frame(frame, sizeof(frame), g[0].mac, g[1].mac);
	eg_post_frame(&g[0], 0, frame, sizeof(frame), 0, HDR / 2, 0);
	EXPECT_FALSE(eg_mbx_get(&g[0], ARQLEN) & MBX_ENABLE);
	EXPECT_GT(0, eg_recv(&g[1], in, sizeof(in), NULL, NEVER_MS));
	ASSERT_EQ(0, eg_up(&g[0]));
	EXPECT_FALSE(arrives(&g[0], g[0].mac, &g[1], g[1].mac, NEVER_MS));

	/* What was saved of it is loaded by the new ones */
	ASSERT_EQ(0, vdev_mig_set(vdev, VFIO_DEVICE_STATE_STOP, NULL));
	ASSERT_EQ(0, vdev_attr_set(vdev, "vlan", "78"));
	ASSERT_EQ(0, vdev_mig_set(vdev, VFIO_DEVICE_STATE_RUNNING, NULL));
	EXPECT_TRUE(passes(&g[0], &g[1]));
	EXPECT_TRUE(passes(&g[1], &g[0]));
}

/* As many messages as the mailbox's page has room for, less one */
#define FLOOD	127

static void flood_ring(struct eg *g, unsigned int len)
{
	eg_mbx_set(g, ATQLEN, 0);
	eg_mbx_set(g, ATQH, 0);
	eg_mbx_set(g, ATQT, 0);
	eg_mbx_set(g, ATQLEN, len | MBX_ENABLE);
	g->atq_next = 0;
}

/* More messages than anybody reads, of which the guest does not take the answers */
static void flood_mailbox(struct eg *g)
{
	static const uint8_t group[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };
	struct eg_mbx_desc *desc = (void *)(g->mem + EG_OFF_ATQ);
	uint8_t *msg = g->mem + EG_OFF_ATQ_BUF;
	unsigned int i;

	/* An address comes, an address goes: each time the firmware is asked */
	memset(msg, 0, 20);
	msg[0] = g->vsi_id;
	msg[1] = g->vsi_id >> 8;
	msg[2] = 1;
	memcpy(msg + 4, group, 6);
	msg[10] = 2;
	for (i = 0; i < FLOOD; i++) {
		memset(&desc[i], 0, sizeof(desc[i]));
		desc[i].flags = htole16(EG_MBX_MSG);
		desc[i].opcode = htole16(EG_MBX_TO_PF);
		desc[i].datalen = htole16(20);
		desc[i].cookie_high = htole32(i % 2 ? VC_DEL_ETH_ADDR :
						      VC_ADD_ETH_ADDR);
		desc[i].addr_high = htole32(EG_IOVA >> 32);
		desc[i].addr_low = htole32(EG_IOVA + EG_OFF_ATQ_BUF);
	}
	/*
	 * By one doorbell: a short ring that is filled again and again does not get far
	 * ahead of the PF's driver when this program has to wait for a processor.
	 */
	flood_ring(g, FLOOD + 1);
	eg_mbx_set(g, ATQT, FLOOD);
	for (i = 0; i < 1000; i++)
		if ((eg_mbx_get(g, ATQH) & 0x3ff) == FLOOD)
			break;
	flood_ring(g, EG_MBX_LEN);
}

/*
 * Until that many overflows have been seen. When the PF's driver looks, 64 messages
 * have to be there, and it is at work all the time.
 */
static bool overflows(struct eg *g, int num)
{
	int i, ms;

	for (i = 0; i < 20; i++) {
		flood_mailbox(g);
		for (ms = 0; ms < 500; ms++) {
			if (vdev_state(g->vdev, "overflows") == num)
				return true;
			msleep(1);
		}
	}
	return false;
}

/*
 * Whoever fills the mailbox is not heard before its next reset; and is stopped if
 * that does not help. The other guest's messages get through all the time.
 */
TEST_F_TIMEOUT(policy, overflow, 180)
{
	static const uint8_t group[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x04 };
	long long begin = 0;
	struct eg *g = self->g;
	int32_t status;
	uint32_t op;
	int i;

	for (i = 1; i <= MAX_OVERFLOWS; i++) {
		ASSERT_TRUE(overflows(&g[0], i));
		if (i == 1)
			begin = now_ms();
		/* All that is not in its ring already */
		while (eg_receive(&g[0], &op, &status, NULL, 0, NEVER_MS) >= 0)
			;
		ASSERT_EQ(0, eg_post(&g[0], VC_VERSION, "\1\0\0\0\1\0\0\0",
				     8));
		EXPECT_EQ(-ETIMEDOUT, eg_receive(&g[0], &op, &status, NULL, 0,
						 NEVER_MS * 5));
		EXPECT_EQ(0, eg_add_mac(&g[1], group));
		ASSERT_EQ(0, vdev_reset(&self->vdev[0]));
		ASSERT_EQ(0, eg_up(&g[0]));
		EXPECT_TRUE(passes(&g[0], &g[1]));
	}
	ASSERT_TRUE(overflows(&g[0], i));
	ASSERT_EQ(-EBUSY, vdev_reset(&self->vdev[0]));
	EXPECT_LT(0, kmsg_count(self->kmsg, self->vdev[0].uuid,
				"stopped: its guest has caused 5 overflows"));
	EXPECT_EQ(0, eg_add_mac(&g[1], group));

	/* One of them is enough for what takes a minute */
	if (!strcmp(variant->type, "avf-1")) {
		msleep(OVERFLOW_MS - (now_ms() - begin));
		ASSERT_EQ(0, vdev_reset(&self->vdev[0]));
	} else {
		/* To begin anew is no way round that, but for the administrator */
		eg_exit(&g[0]);
		vdev_close(&self->vdev[0]);
		ASSERT_EQ(-EBUSY, vdev_open(&self->vdev[0]));
		EXPECT_LT(0, kmsg_count(self->kmsg, self->vdev[0].uuid,
					"as its guest has caused too many overflows"));
		ASSERT_EQ(0, vdev_remove(&self->vdev[0]));
		ASSERT_EQ(0, vdev_create(&self->vdev[0]));
		ASSERT_EQ(0, vdev_open(&self->vdev[0]));
		ASSERT_EQ(0, eg_init(&g[0], &self->vdev[0]));
	}
	ASSERT_EQ(0, eg_up(&g[0]));
	EXPECT_TRUE(passes(&g[0], &g[1]));
	EXPECT_TRUE(passes(&g[1], &g[0]));
}

TEST_HARNESS_MAIN
