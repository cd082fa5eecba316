// SPDX-License-Identifier: GPL-2.0-only
/* The guest's driver of an E810 VDEV */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "e810_guest.h"

/* virtchnl_fdir_add: its headers, each with type, fields, and what to look for; its actions */
#define FDIR_LEN		2616
#define FDIR_NUM_HDRS		12
#define FDIR_HDR(n)		(16 + 72 * (n))
#define FDIR_NUM_ACTIONS	2320
#define FDIR_ACTION		2324
#define FDIR_STATUS		2612
#define HDR_ETH			1
#define HDR_IPV4		4
#define HDR_UDP			7
#define HDR_UDP_DST_PORT	(1 << 1)
#define ACTION_DROP		0
#define FDIR_TIMEOUT		6

#define AQ_OP_TO_PF	0x0801
#define AQ_FLAG_LB	0x0200
#define AQ_FLAG_RD	0x0400
#define AQ_FLAG_BUF	0x1000
#define AQ_FLAG_SI	0x2000
#define AQ_LARGE_BUF	512

#define PAGE		4096

static const uint32_t avf_mbx[EG_NUM_MBX] = {
	[ATQBAL] = 0x7c00, [ATQBAH] = 0x7800, [ATQLEN] = 0x6800,
	[ATQH] = 0x6400, [ATQT] = 0x8400, [ARQBAL] = 0x6c00,
	[ARQBAH] = 0x6000, [ARQLEN] = 0x8000, [ARQH] = 0x7400, [ARQT] = 0x7000,
};

struct vc_queue_pair {
	struct {
		uint16_t vsi_id, queue_id, ring_len, headwb_enabled;
		uint64_t ring, headwb;
	} tx;
	struct {
		uint16_t vsi_id, queue_id;
		uint32_t ring_len;
		uint16_t hdr_size, splithdr;
		uint32_t buf_size, max_pkt;
		uint8_t crc_disable, rxdid, flags, pad;
		uint64_t ring;
		uint32_t split_pos, pad2;
	} rx;
};

/*
 * Lists are sent with an element more than they count: the protocol's lengths
 * are from when the arrays were declared with one.
 */
struct vc_queues {
	uint16_t vsi_id, num;
	uint32_t pad;
	struct vc_queue_pair qp[EG_MAX_QUEUES + 1];
};

struct vc_irq_map {
	uint16_t num;
	struct {
		uint16_t vsi_id, vector, rxq_map, txq_map, rxitr, txitr;
	} map[EG_MAX_QUEUES + 2];
};

struct vc_select {
	uint16_t vsi_id, pad;
	uint32_t rx, tx;
};

struct vc_resources {
	uint16_t num_vsis, num_queues, max_vectors, max_frame;
	uint32_t caps, rss_key_size, rss_lut_size;
	uint16_t vsi_id, vsi_queues;
	int32_t vsi_type;
	uint16_t qset;
	uint8_t mac[6];
};

_Static_assert(sizeof(struct vc_queue_pair) == 64, "as on the wire");
_Static_assert(offsetof(struct vc_queues, qp) == 8, "as on the wire");
_Static_assert(offsetof(struct vc_irq_map, map[2]) == 2 + 12 * 2, "as on the wire");
_Static_assert(sizeof(struct vc_resources) == 36, "as on the wire");

static uint64_t iova(struct eg *g, volatile void *addr)
{
	return g->iova + ((uint8_t *)addr - g->mem);
}

static volatile uint32_t *map_page(struct eg *g, uint64_t offset)
{
	void *page = vdev_mmap(g->vdev, 0, offset, PAGE);

	return page == MAP_FAILED ? NULL : page;
}

static void unmap_page(volatile uint32_t *page)
{
	if (page)
		munmap((void *)page, PAGE);
}

uint32_t eg_mbx_get(struct eg *g, enum eg_mbx reg)
{
	return g->mbx ? le32toh(g->mbx[reg]) :
			vdev_get32(g->vdev, 0, avf_mbx[reg]);
}

void eg_mbx_set(struct eg *g, enum eg_mbx reg, uint32_t value)
{
	if (g->mbx)
		g->mbx[reg] = htole32(value);
	else
		vdev_set32(g->vdev, 0, avf_mbx[reg], value);
}

uint32_t eg_rstat(struct eg *g)
{
	return g->rstat ? le32toh(*g->rstat) :
			  vdev_get32(g->vdev, 0, AVF_VFGEN_RSTAT);
}

static void vector_ctl(struct eg *g, unsigned int vector, uint32_t value)
{
	volatile uint32_t *page;

	if (g->vdcm) {
		page = map_page(g, VDCM_VECTOR(vector));
		if (!page)
			abort();
		page[0] = htole32(value);
		unmap_page(page);
	} else {
		vdev_set32(g->vdev, 0, vector ? AVF_DYN_CTLN(vector - 1) :
			   AVF_DYN_CTL0, value);
	}
}

void eg_vector_enable(struct eg *g, unsigned int vector)
{
	vector_ctl(g, vector, DYN_CTL_INTENA | DYN_CTL_CLEARPBA);
}

void eg_vector_poll(struct eg *g, unsigned int vector)
{
	vector_ctl(g, vector, DYN_CTL_INTENA_MSK | DYN_CTL_WB_ON_ITR |
		   DYN_CTL_ITR_NONE);
}

static void map_pages(struct eg *g)
{
	unsigned int i;

	if (g->vdcm) {
		g->mbx = map_page(g, VDCM_MBX);
		g->rstat = map_page(g, VDCM_RSTAT);
	}
	for (i = 0; i < g->num_queues; i++) {
		struct eg_queue *q = &g->q[i];

		if (g->vdcm) {
			q->tx_tail = map_page(g, VDCM_QTX_TAIL(i));
			q->rx_tail = map_page(g, VDCM_QRX_TAIL(i));
		} else if (g->num_queues == 1) {
			q->tx_tail = map_page(g, AVF_QTX_TAIL(0));
			q->rx_tail = map_page(g, AVF_QRX_TAIL(0));
		}
	}
}

static void unmap_pages(struct eg *g)
{
	unsigned int i;

	unmap_page(g->mbx);
	unmap_page(g->rstat);
	/* It may use fewer queues than it has mapped */
	for (i = 0; i < EG_MAX_QUEUES; i++) {
		unmap_page(g->q[i].tx_tail);
		unmap_page(g->q[i].rx_tail);
		g->q[i].tx_tail = NULL;
		g->q[i].rx_tail = NULL;
	}
}

int eg_init_at(struct eg *g, struct vdev *vdev, uint64_t iova)
{
	unsigned int i;

	memset(g, 0, sizeof(*g));
	g->vdev = vdev;
	g->iova = iova;
	g->vdcm = !strncmp(vdev->type, "vdcm-", 5);
	g->num_queues = atoi(strrchr(vdev->type, '-') + 1);
	g->tx_len = EG_RING;
	if (g->num_queues > EG_MAX_QUEUES)
		return -EINVAL;
	g->mem_size = EG_OFF_QUEUES + g->num_queues * EG_QUEUE_MEM;
	g->mem = dma_alloc(g->mem_size);
	vdev_enable(vdev, true);
	for (i = 0; i < g->num_queues; i++) {
		struct eg_queue *q = &g->q[i];
		uint8_t *mem = g->mem + EG_OFF_QUEUES + i * EG_QUEUE_MEM;

		q->tx = (void *)(mem + EG_QUEUE_TX);
		q->rx = (void *)(mem + EG_QUEUE_RX);
		q->rx_buf = mem + EG_QUEUE_RX_BUF;
		q->tx_buf = mem + EG_QUEUE_TX_BUF;
	}
	map_pages(g);
	return vdev_map(vdev, g->iova, g->mem, g->mem_size, true);
}

int eg_init(struct eg *g, struct vdev *vdev)
{
	return eg_init_at(g, vdev, EG_IOVA);
}

int eg_move(struct eg *g, struct vdev *vdev)
{
	unmap_pages(g);
	g->vdev = vdev;
	map_pages(g);
	return vdev_map(vdev, g->iova, g->mem, g->mem_size, true);
}

void eg_exit(struct eg *g)
{
	unmap_pages(g);
	if (g->mem)
		munmap(g->mem, g->mem_size);
	memset(g, 0, sizeof(*g));
}

static void arq_fill(struct eg *g, unsigned int i)
{
	struct eg_mbx_desc *desc = (void *)(g->mem + EG_OFF_ARQ);

	desc += i;
	memset(desc, 0, sizeof(*desc));
	desc->flags = htole16(AQ_FLAG_BUF | AQ_FLAG_LB);
	desc->datalen = htole16(EG_MBX_BUF);
	desc->addr_high = htole32(g->iova >> 32);
	desc->addr_low = htole32(g->iova + EG_OFF_ARQ_BUF + i * EG_MBX_BUF);
}

/*
 * For somebody who has waited for @ms already: the longer it takes the more rarely it
 * looks, as the processors of a machine on which hundreds wait have other work. Returns
 * for how many ms it has slept.
 */
static int sleep_on(int ms)
{
	int more = ms < 160 ? 1 + ms / 8 : 20;

	msleep(more);
	return more;
}

int eg_mailbox_start(struct eg *g)
{
	uint32_t rstat;
	unsigned int i;
	int ms;

	for (ms = 0;; ms += sleep_on(ms)) {
		rstat = eg_rstat(g);
		if (rstat == 1 || rstat == 2)
			break;
		if (ms >= EG_TIMEOUT_MS)
			return -ETIMEDOUT;
	}

	memset(g->mem, 0, EG_OFF_QUEUES);
	for (i = 0; i < EG_MBX_LEN; i++)
		arq_fill(g, i);
	g->atq_next = 0;
	g->arq_next = 0;

	eg_mbx_set(g, ATQLEN, 0);
	eg_mbx_set(g, ARQLEN, 0);
	eg_mbx_set(g, ATQH, 0);
	eg_mbx_set(g, ATQT, 0);
	eg_mbx_set(g, ATQLEN, EG_MBX_LEN | MBX_ENABLE);
	eg_mbx_set(g, ATQBAL, g->iova + EG_OFF_ATQ);
	eg_mbx_set(g, ATQBAH, g->iova >> 32);
	eg_mbx_set(g, ARQH, 0);
	eg_mbx_set(g, ARQT, 0);
	eg_mbx_set(g, ARQLEN, EG_MBX_LEN | MBX_ENABLE);
	eg_mbx_set(g, ARQBAL, g->iova + EG_OFF_ARQ);
	eg_mbx_set(g, ARQBAH, g->iova >> 32);
	eg_mbx_set(g, ARQT, EG_MBX_LEN - 1);
	return eg_mbx_get(g, ARQBAL) == (uint32_t)(g->iova + EG_OFF_ARQ) ?
	       0 : -EIO;
}

int eg_put(struct eg *g, uint32_t op, const void *msg, size_t len)
{
	struct eg_mbx_desc *desc = (void *)(g->mem + EG_OFF_ATQ);
	uint16_t flags = AQ_FLAG_SI;

	if (len > EG_MBX_BUF)
		return -EINVAL;
	desc += g->atq_next;
	memset(desc, 0, sizeof(*desc));
	if (len) {
		memcpy(g->mem + EG_OFF_ATQ_BUF, msg, len);
		flags |= AQ_FLAG_BUF | AQ_FLAG_RD;
		if (len > AQ_LARGE_BUF)
			flags |= AQ_FLAG_LB;
		desc->addr_high = htole32(g->iova >> 32);
		desc->addr_low = htole32(g->iova + EG_OFF_ATQ_BUF);
	}
	desc->flags = htole16(flags);
	desc->opcode = htole16(AQ_OP_TO_PF);
	desc->datalen = htole16(len);
	desc->cookie_high = htole32(op);
	g->atq_next = (g->atq_next + 1) % EG_MBX_LEN;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	eg_mbx_set(g, ATQT, g->atq_next);
	return 0;
}

int eg_post(struct eg *g, uint32_t op, const void *msg, size_t len)
{
	int ms, ret;

	ret = eg_put(g, op, msg, len);
	if (ret)
		return ret;
	/* No answer to this one, the mailbox goes with all the rest */
	if (op == VC_RESET_VF)
		return 0;
	/* The one buffer can be used again when the card has read it */
	for (ms = 0; ms < EG_TIMEOUT_MS; ms += sleep_on(ms))
		if ((eg_mbx_get(g, ATQH) & 0x3ff) == g->atq_next)
			return 0;
	return -ETIMEDOUT;
}

/* A message, event or answer, into @desc and @msg */
static int arq_next(struct eg *g, struct eg_mbx_desc *desc, void *msg,
		    size_t size, int ms)
{
	struct eg_mbx_desc *ring = (void *)(g->mem + EG_OFF_ARQ);
	unsigned int i = g->arq_next;
	int waited = 0;
	size_t len;

	while ((eg_mbx_get(g, ARQH) & 0x3ff) == i) {
		if (waited >= ms)
			return -ETIMEDOUT;
		waited += sleep_on(waited);
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*desc = ring[i];
	len = le16toh(desc->datalen);
	if (len > EG_MBX_BUF)
		return -EIO;
	memcpy(msg, g->mem + EG_OFF_ARQ_BUF + i * EG_MBX_BUF,
	       len < size ? len : size);
	arq_fill(g, i);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	eg_mbx_set(g, ARQT, i);
	g->arq_next = (i + 1) % EG_MBX_LEN;
	return len;
}

int eg_receive(struct eg *g, uint32_t *op, int32_t *status, void *msg,
	       size_t size, int ms)
{
	uint8_t buf[EG_MBX_BUF] = {};
	struct eg_mbx_desc desc;
	uint32_t event;
	int len;

	for (;;) {
		len = arq_next(g, &desc, buf, sizeof(buf), ms);
		if (len < 0)
			return len;
		*op = le32toh(desc.cookie_high);
		*status = le32toh(desc.cookie_low);
		if (*op != VC_EVENT) {
			memcpy(msg, buf, len < size ? len : size);
			return len;
		}
		/* event, speed, status */
		memcpy(&event, buf, 4);
		if (le32toh(event) == VC_EVENT_LINK_CHANGE)
			g->link = buf[8];
		if (!ms)
			return -EAGAIN;
	}
}

bool eg_told_of_reset(struct eg *g)
{
	const struct eg_mbx_desc *ring = (void *)(g->mem + EG_OFF_ARQ);
	unsigned int i;
	uint32_t event;

	for (i = 0; i < EG_MBX_LEN; i++) {
		if (le32toh(ring[i].cookie_high) != VC_EVENT)
			continue;
		memcpy(&event, g->mem + EG_OFF_ARQ_BUF + i * EG_MBX_BUF, 4);
		if (le32toh(event) == VC_EVENT_RESET_IMPENDING)
			return true;
	}
	return false;
}

int eg_call(struct eg *g, uint32_t op, const void *msg, size_t len,
	    int32_t *status, void *reply, size_t size)
{
	uint32_t got;
	int ret;

	ret = eg_post(g, op, msg, len);
	if (ret)
		return ret;
	ret = eg_receive(g, &got, status, reply, size, EG_TIMEOUT_MS);
	if (ret < 0)
		return ret;
	return got == op ? ret : -EPROTO;
}

int eg_tell(struct eg *g, uint32_t op, const void *msg, size_t len)
{
	int32_t status;
	int ret;

	ret = eg_call(g, op, msg, len, &status, NULL, 0);
	return ret < 0 ? ret : -status;
}

uint64_t eg_counter(struct eg *g, unsigned int n)
{
	uint32_t select[3] = { htole32(g->vsi_id) };
	uint64_t stats[12] = {};
	int32_t status;

	if (eg_call(g, VC_GET_STATS, select, sizeof(select), &status, stats,
		    sizeof(stats)) < 0)
		return ~0ULL;
	return le64toh(stats[n]);
}

int eg_add_mac(struct eg *g, const uint8_t *mac)
{
	uint8_t list[20] = { g->vsi_id, g->vsi_id >> 8, 1 };

	memcpy(list + 4, mac, 6);
	list[10] = mac[0] & 1 ? 2 : 1;
	return eg_tell(g, VC_ADD_ETH_ADDR, list, sizeof(list));
}

int eg_add_vlan(struct eg *g, uint16_t vid)
{
	uint16_t list[4] = { htole16(g->vsi_id), htole16(1), htole16(vid) };

	return eg_tell(g, VC_ADD_VLAN, list, sizeof(list));
}

static void drop_udp_msg(struct eg *g, uint16_t port, uint8_t *msg)
{
	memset(msg, 0, FDIR_LEN);
	msg[0] = g->vsi_id;
	msg[1] = g->vsi_id >> 8;
	msg[FDIR_NUM_HDRS] = 3;
	msg[FDIR_HDR(0)] = HDR_ETH;
	msg[FDIR_HDR(1)] = HDR_IPV4;
	msg[FDIR_HDR(2)] = HDR_UDP;
	msg[FDIR_HDR(2) + 4] = HDR_UDP_DST_PORT;
	msg[FDIR_HDR(2) + 10] = port >> 8;
	msg[FDIR_HDR(2) + 11] = port & 0xff;
	msg[FDIR_NUM_ACTIONS] = 1;
	msg[FDIR_ACTION] = ACTION_DROP;
}

int eg_post_drop_udp(struct eg *g, uint16_t port)
{
	uint8_t msg[FDIR_LEN];

	drop_udp_msg(g, port, msg);
	return eg_post(g, VC_ADD_FDIR_FILTER, msg, sizeof(msg));
}

int eg_drop_udp(struct eg *g, uint16_t port)
{
	uint8_t msg[FDIR_LEN], reply[FDIR_LEN] = {};
	int32_t status;
	int ret, i;

	drop_udp_msg(g, port, msg);
	/* ice waits for the card 10 ms and no longer, which an emulated one can need */
	for (i = 0; i < 20; i++) {
		ret = eg_call(g, VC_ADD_FDIR_FILTER, msg, sizeof(msg), &status,
			      reply, sizeof(reply));
		if (ret < 0)
			return ret;
		if (status || reply[FDIR_STATUS] != FDIR_TIMEOUT)
			break;
	}
	return status ?: reply[FDIR_STATUS];
}

int eg_handshake(struct eg *g)
{
	static const uint8_t none[6];
	uint32_t version[2] = { htole32(1), htole32(1) };
	uint32_t caps = htole32(VC_CAP_L2 | VC_CAP_WB_ON_ITR |
				VC_CAP_ADV_LINK_SPEED | VC_CAP_VLAN |
				VC_CAP_RSS_PF | g->more_caps);
	struct vc_resources res;
	int32_t status;
	int ret;

	ret = eg_call(g, VC_VERSION, version, sizeof(version), &status, version,
		      sizeof(version));
	if (ret < 0)
		return ret;
	if (ret != sizeof(version) || status || le32toh(version[0]) != 1)
		return -EPROTO;

	ret = eg_call(g, VC_GET_VF_RESOURCES, &caps, sizeof(caps), &status,
		      &res, sizeof(res));
	if (ret < 0)
		return ret;
	if (ret < (int)sizeof(res) || status || le16toh(res.num_vsis) != 1 ||
	    le16toh(res.num_queues) < g->num_queues ||
	    (le16toh(res.num_queues) > g->num_queues && !g->more_queues))
		return -EPROTO;
	g->vsi_id = le16toh(res.vsi_id);
	g->max_frame = le16toh(res.max_frame);
	memcpy(g->mac, res.mac, 6);
	/* A virtual function that has been given no address chooses one, as with iavf */
	if (!memcmp(g->mac, none, sizeof(none))) {
		if (getrandom(g->mac, 6, 0) != 6)
			return -EIO;
		g->mac[0] = (g->mac[0] & 0xfc) | 2;
	}
	return eg_add_mac(g, g->mac);
}

static void rx_fill(struct eg *g, struct eg_queue *q, unsigned int i)
{
	q->rx[i].qw[1] = 0;
	q->rx[i].qw[2] = 0;
	q->rx[i].qw[3] = 0;
	q->rx[i].qw[0] = htole64(iova(g, q->rx_buf + i * EG_RX_BUF));
}

static void rx_tail(struct eg *g, unsigned int n, uint32_t value)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (g->q[n].rx_tail)
		g->q[n].rx_tail[0] = htole32(value);
	else
		vdev_set32(g->vdev, 0, AVF_QRX_TAIL(n), value);
}

void eg_tx_tail(struct eg *g, unsigned int n, uint32_t value)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (g->q[n].tx_tail)
		g->q[n].tx_tail[0] = htole32(value);
	else
		vdev_set32(g->vdev, 0, AVF_QTX_TAIL(n), value);
}

static int select_queues(struct eg *g, uint32_t op)
{
	struct vc_select sel = {
		.vsi_id = htole16(g->vsi_id),
		.rx = htole32((1U << g->num_queues) - 1),
		.tx = htole32((1U << g->num_queues) - 1),
	};

	return eg_tell(g, op, &sel, sizeof(sel));
}

static void rings_clear(struct eg *g)
{
	unsigned int i, n;

	for (i = 0; i < g->num_queues; i++) {
		struct eg_queue *q = &g->q[i];

		memset((void *)q->tx, 0, g->tx_len * sizeof(*q->tx));
		for (n = 0; n < EG_RING; n++)
			rx_fill(g, q, n);
		q->tx_next = 0;
		q->rx_next = 0;
	}
}

static int queues_enable(struct eg *g)
{
	unsigned int i;
	int ret;

	ret = select_queues(g, VC_ENABLE_QUEUES);
	if (ret)
		return ret;
	for (i = 0; i < g->num_queues; i++)
		rx_tail(g, i, EG_RING - 1);
	return 0;
}

int eg_queues_start(struct eg *g)
{
	struct vc_queues msg = { htole16(g->vsi_id), htole16(g->num_queues) };
	struct vc_irq_map map = { .num = htole16(g->num_queues + 1) };
	uint8_t lut[4 + 64 + 1] = { g->vsi_id, g->vsi_id >> 8, 64 };
	unsigned int i, n;
	int ret;

	map.map[0].vsi_id = htole16(g->vsi_id);
	rings_clear(g);
	for (i = 0; i < g->num_queues; i++) {
		struct eg_queue *q = &g->q[i];

		msg.qp[i].tx.vsi_id = htole16(g->vsi_id);
		msg.qp[i].tx.queue_id = htole16(i);
		msg.qp[i].tx.ring_len = htole16(g->tx_len);
		msg.qp[i].tx.ring = htole64(iova(g, q->tx));
		msg.qp[i].rx.vsi_id = htole16(g->vsi_id);
		msg.qp[i].rx.queue_id = htole16(i);
		msg.qp[i].rx.ring_len = htole32(EG_RING);
		msg.qp[i].rx.buf_size = htole32(EG_RX_BUF);
		msg.qp[i].rx.max_pkt = htole32(g->max_frame);
		msg.qp[i].rx.ring = htole64(iova(g, q->rx));

		map.map[i + 1].vsi_id = htole16(g->vsi_id);
		map.map[i + 1].vector = htole16(i + 1);
		map.map[i + 1].rxq_map = htole16(1U << i);
		map.map[i + 1].txq_map = htole16(1U << i);
		map.map[i + 1].txitr = htole16(1);
	}
	ret = eg_tell(g, VC_CONFIG_VSI_QUEUES, &msg,
		      offsetof(struct vc_queues, qp[g->num_queues + 1]));
	if (ret)
		return ret;
	ret = eg_tell(g, VC_CONFIG_IRQ_MAP, &map,
		      offsetof(struct vc_irq_map, map[g->num_queues + 2]));
	if (ret)
		return ret;
	for (n = 0; n < 64; n++)
		lut[4 + n] = n % g->num_queues;
	ret = eg_tell(g, VC_CONFIG_RSS_LUT, lut, sizeof(lut));
	if (ret)
		return ret;
	/* Who polls has to say so, or descriptors are not written back one by one */
	for (i = 0; i < g->num_queues; i++)
		eg_vector_poll(g, i + 1);
	return queues_enable(g);
}

int eg_queues_stop(struct eg *g)
{
	return select_queues(g, VC_DISABLE_QUEUES);
}

int eg_up(struct eg *g)
{
	int ret;

	ret = eg_mailbox_start(g);
	if (ret)
		return ret;
	ret = eg_handshake(g);
	if (ret)
		return ret;
	return eg_queues_start(g);
}

int eg_reset(struct eg *g)
{
	int ret, ms;

	ret = eg_post(g, VC_RESET_VF, NULL, 0);
	if (ret)
		return ret;
	for (ms = 0; ms < EG_TIMEOUT_MS; ms++) {
		if (!(eg_mbx_get(g, ARQLEN) & MBX_ENABLE))
			return 0;
		msleep(1);
	}
	return -ETIMEDOUT;
}

void eg_post_frame(struct eg *g, unsigned int queue, const void *frame,
		   size_t len, uint32_t cmd, uint64_t offsets, uint16_t vlan)
{
	struct eg_queue *q = &g->q[queue];
	unsigned int i = q->tx_next;
	uint8_t *buf = q->tx_buf + i % EG_RING * EG_TX_BUF;

	memcpy(buf, frame, len);
	if (vlan)
		cmd |= TX_IL2TAG1;
	q->tx[i].addr = htole64(iova(g, buf));
	q->tx[i].qw1 = htole64((uint64_t)(cmd | TX_EOP | TX_RS) << 4 |
			       offsets << 16 | (uint64_t)len << 34 |
			       (uint64_t)vlan << 48);
	q->tx_next = (i + 1) % g->tx_len;
	eg_tx_tail(g, queue, q->tx_next);
}

int eg_send(struct eg *g, unsigned int queue, const void *frame, size_t len,
	    uint32_t cmd, uint64_t offsets, uint16_t vlan)
{
	struct eg_queue *q = &g->q[queue];
	unsigned int i = q->tx_next;
	int ms;

	eg_post_frame(g, queue, frame, len, cmd, offsets, vlan);
	for (ms = 0; ms < EG_TIMEOUT_MS; ms++) {
		if ((le64toh(q->tx[i].qw1) & 0xf) == 0xf)
			return 0;
		msleep(1);
	}
	return -ETIMEDOUT;
}

/* The rest of a frame whose first descriptor is written back */
static int recv_queue(struct eg *g, unsigned int n, uint8_t *frame, size_t size,
		      struct eg_rx *rx)
{
	struct eg_queue *q = &g->q[n];
	size_t part, len = 0;
	uint64_t qw0, qw1;
	unsigned int i;
	int ms = 0;

	do {
		i = q->rx_next;
		while (!((qw1 = le64toh(q->rx[i].qw[1])) & RX_DD)) {
			if (ms++ == EG_TIMEOUT_MS)
				return -ETIMEDOUT;
			msleep(1);
		}
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		qw0 = le64toh(q->rx[i].qw[0]);
		part = qw1 >> 38 & 0x3fff;
		if (part > EG_RX_BUF || len + part > size)
			return -EMSGSIZE;
		memcpy(frame + len, q->rx_buf + i * EG_RX_BUF, part);
		len += part;
		rx_fill(g, q, i);
		q->rx_next = (i + 1) % EG_RING;
		rx_tail(g, n, i);
	} while (!(qw1 & RX_EOF));

	if (rx) {
		rx->status = qw1 & 0x3fffffff;
		rx->vlan = qw0 >> 16;
		rx->hash = qw0 >> 32;
		rx->ptype = qw1 >> 30 & 0xff;
		rx->queue = n;
	}
	return len;
}

int eg_recv(struct eg *g, void *frame, size_t size, struct eg_rx *rx, int ms)
{
	unsigned int n;

	for (;;) {
		for (n = 0; n < g->num_queues; n++) {
			struct eg_queue *q = &g->q[n];

			if (le64toh(q->rx[q->rx_next].qw[1]) & RX_DD)
				return recv_queue(g, n, frame, size, rx);
		}
		if (ms-- <= 0)
			return -ETIMEDOUT;
		msleep(1);
	}
}
