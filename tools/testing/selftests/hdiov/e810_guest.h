/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's driver of an E810 VDEV, of both layouts: avf as the distributions'
 * iavf sees it, vdcm with a register per page. Facts are those of the virtchnl
 * protocol and the E810's descriptors.
 */
#ifndef _HDIOV_TEST_E810_GUEST_H
#define _HDIOV_TEST_E810_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdev.h"

/* An answer under an emulated processor takes its time */
#define EG_TIMEOUT_MS		10000

#define EG_MAX_QUEUES		16
#define EG_RING			64
#define EG_MAX_RING		8160
#define EG_RX_BUF		2048
#define EG_TX_BUF		16384
#define EG_MAX_FRAME		9728

/* Guests have their memory at the same address, if nobody says otherwise */
#define EG_IOVA			0x40000000ULL
#define EG_MBX_LEN		32
#define EG_MBX_BUF		4096
#define EG_OFF_ATQ		0x0
#define EG_OFF_ARQ		0x1000
#define EG_OFF_ATQ_BUF		0x2000
#define EG_OFF_ARQ_BUF		0x3000
#define EG_OFF_QUEUES		0x40000
#define EG_QUEUE_MEM		0x140000
#define EG_QUEUE_TX		0x0
#define EG_QUEUE_RX		0x1000
#define EG_QUEUE_RX_BUF		0x2000
#define EG_QUEUE_TX_BUF		0x22000

/* Registers that both layouts have, trapped; and those that only vdcm has, mapped */
#define AVF_VFGEN_RSTAT		0x8800
#define AVF_QTX_TAIL(q)		((q) * 4)
#define AVF_QRX_TAIL(q)		(0x2000 + (q) * 4)
#define AVF_ICR0		0x4800
#define AVF_ICR0_ADMINQ		0x40000000U
#define AVF_DYN_CTL0		0x5c00
#define AVF_DYN_CTLN(n)		(0x3800 + (n) * 4)
#define VDCM_MBX		0x20000
#define VDCM_RSTAT		0x21000
#define VDCM_QRX_TAIL(q)	(0x100000 + (q) * 0x1000ULL)
#define VDCM_QTX_TAIL(q)	(0x1100000 + (q) * 0x1000ULL)
#define VDCM_VECTOR(v)		(0x2100000 + (v) * 0x1000ULL)

#define DYN_CTL_INTENA		0x1
#define DYN_CTL_CLEARPBA	0x2
#define DYN_CTL_SWINT_TRIG	0x4
#define DYN_CTL_ITR_NONE	(3 << 3)
#define DYN_CTL_WB_ON_ITR	(1 << 30)
#define DYN_CTL_INTENA_MSK	(1U << 31)

/* Mailbox registers, by their place in the vdcm page */
enum eg_mbx {
	ATQBAL, ATQBAH, ATQLEN, ATQH, ATQT, ARQBAL, ARQBAH, ARQLEN, ARQH, ARQT,
	EG_NUM_MBX,
};

#define MBX_ENABLE		0x80000000U

/* virtchnl operations */
enum {
	VC_VERSION = 1,
	VC_RESET_VF = 2,
	VC_GET_VF_RESOURCES = 3,
	VC_CONFIG_VSI_QUEUES = 6,
	VC_CONFIG_IRQ_MAP = 7,
	VC_ENABLE_QUEUES = 8,
	VC_DISABLE_QUEUES = 9,
	VC_ADD_ETH_ADDR = 10,
	VC_DEL_ETH_ADDR = 11,
	VC_ADD_VLAN = 12,
	VC_DEL_VLAN = 13,
	VC_PROMISC = 14,
	VC_GET_STATS = 15,
	VC_EVENT = 17,
	VC_CONFIG_RSS_KEY = 23,
	VC_CONFIG_RSS_LUT = 24,
	VC_ADD_RSS_CFG = 45,
	VC_DEL_RSS_CFG = 46,
	VC_ADD_FDIR_FILTER = 47,
};

/* VC_EVENT */
#define VC_EVENT_LINK_CHANGE		1
#define VC_EVENT_RESET_IMPENDING	2

#define VC_CAP_L2		(1U << 0)
#define VC_CAP_WB_ON_ITR	(1U << 5)
#define VC_CAP_ADV_LINK_SPEED	(1U << 7)
#define VC_CAP_VLAN		(1U << 16)
#define VC_CAP_RSS_PF		(1U << 19)
#define VC_CAP_ADV_RSS_PF	(1U << 27)
#define VC_CAP_FDIR_PF		(1U << 28)

/* Tx descriptor commands, for eg_send() */
#define TX_EOP			0x001
#define TX_RS			0x002
#define TX_IL2TAG1		0x008
#define TX_IPV4			0x040
#define TX_IPV4_CSUM		0x060
#define TX_L4_TCP		0x100
#define TX_L4_UDP		0x300

/* A Tx descriptor that says how to cut what follows: type, command, and places */
#define TX_CTX			1ULL
#define TX_CTX_TSO		(1ULL << 4)
#define TX_CTX_TSO_LEN		30
#define TX_CTX_MSS		50

/* Rx descriptor status */
#define RX_DD			(1ULL << 0)
#define RX_EOF			(1ULL << 1)
#define RX_L2TAG1P		(1ULL << 2)
#define RX_L3L4P		(1ULL << 3)
#define RX_RSS_VALID		(3ULL << 12)
#define RX_ERR_RXE		(1ULL << 19)
#define RX_ERR_IPE		(1ULL << 22)
#define RX_ERR_L4E		(1ULL << 23)

struct eg_mbx_desc {
	uint16_t flags, opcode, datalen, retval;
	uint32_t cookie_high, cookie_low;
	uint32_t param0, param1, addr_high, addr_low;
};

struct eg_tx_desc {
	uint64_t addr, qw1;
};

struct eg_rx_desc {
	uint64_t qw[4];
};

struct eg_queue {
	volatile struct eg_tx_desc *tx;
	volatile struct eg_rx_desc *rx;
	uint8_t *rx_buf;
	uint8_t *tx_buf;
	/* Mapped tails, NULL where they trap */
	volatile uint32_t *tx_tail;
	volatile uint32_t *rx_tail;
	unsigned int tx_next;
	unsigned int rx_next;
};

/**
 * struct eg - a guest
 * @vdev: its VDEV, open
 * @vdcm: layout
 * @mem: all its memory for DMA, @mem_size bytes at @iova
 * @iova: where that is for the device
 * @mbx: mapped mailbox page, NULL if it traps
 * @rstat: mapped page of VFGEN_RSTAT, NULL if it traps
 * @atq_next: next mailbox descriptor to send
 * @arq_next: next mailbox descriptor to be received
 * @more_caps: capabilities that it asks for besides those that all have, VC_CAP_*
 * @mac: its address
 * @vsi_id: its name for its VSI
 * @num_queues: queue pairs that it uses
 * @tx_len: descriptors of each Tx queue, which are at eg_queue.tx; EG_RING of them if
 *	nobody says otherwise between eg_init() and eg_up()
 * @more_queues: the device may have more
 * @max_frame: bytes
 * @link: the last event said that the link is up
 * @q: queue pairs
 */
struct eg {
	struct vdev *vdev;
	bool vdcm;
	uint8_t *mem;
	size_t mem_size;
	uint64_t iova;
	volatile uint32_t *mbx;
	volatile uint32_t *rstat;
	unsigned int atq_next;
	unsigned int arq_next;
	uint32_t more_caps;
	uint8_t mac[6];
	uint16_t vsi_id;
	unsigned int num_queues;
	unsigned int tx_len;
	bool more_queues;
	unsigned int max_frame;
	bool link;
	struct eg_queue q[EG_MAX_QUEUES];
};

/* What the descriptors of a received frame say */
struct eg_rx {
	uint64_t status;
	uint16_t vlan;
	uint32_t hash;
	unsigned int ptype;
	unsigned int queue;
};

/*
 * Return 0 or more, or a negative errno, -ETIMEDOUT if the device does not
 * answer.
 */

/* Memory, mappings: everything before the first register */
int eg_init(struct eg *g, struct vdev *vdev);
/* Another one in the same guest, if @iova is where nothing is yet */
int eg_init_at(struct eg *g, struct vdev *vdev, uint64_t iova);
void eg_exit(struct eg *g);
/* The guest goes on, memory and all, on @vdev of the same type, which is open */
int eg_move(struct eg *g, struct vdev *vdev);
/* VFGEN_RSTAT: 2 if it can be used, 0 while it is being reset */
uint32_t eg_rstat(struct eg *g);
/* Wait for the device to be ready, start the mailbox */
int eg_mailbox_start(struct eg *g);
/* Version, resources, address: a device that can be given queues */
int eg_handshake(struct eg *g);
/* Queues and their vectors (q's is q + 1), enabled */
int eg_queues_start(struct eg *g);
int eg_queues_stop(struct eg *g);
/* All of the above but eg_init() */
int eg_up(struct eg *g);

/* Put a message into the mailbox, and do not even wait until the card has it */
int eg_put(struct eg *g, uint32_t op, const void *msg, size_t len);
/* Send a message and do not wait for an answer */
int eg_post(struct eg *g, uint32_t op, const void *msg, size_t len);
/* The next message, events apart */
int eg_receive(struct eg *g, uint32_t *op, int32_t *status, void *msg,
	       size_t size, int ms);
/* Was it told that it will be reset? Looks into memory: the mailbox may be off */
bool eg_told_of_reset(struct eg *g);
/* Send and wait; returns the length of the answer; its status in @status */
int eg_call(struct eg *g, uint32_t op, const void *msg, size_t len,
	    int32_t *status, void *reply, size_t size);
/*
 * The same for messages without an answer of interest: 0, or the status that was
 * refused with, a positive number here
 */
int eg_tell(struct eg *g, uint32_t op, const void *msg, size_t len);
/* Ask for a reset and see that it has begun */
int eg_reset(struct eg *g);
/* One of its twelve counters, in the order of virtchnl; ~0 if it is not told */
uint64_t eg_counter(struct eg *g, unsigned int n);
int eg_add_mac(struct eg *g, const uint8_t *mac);
int eg_add_vlan(struct eg *g, uint16_t vid);
/* A flow director rule: the card drops what comes by UDP to @port */
int eg_drop_udp(struct eg *g, uint16_t port);
/* Ask for it and do not wait */
int eg_post_drop_udp(struct eg *g, uint16_t port);

uint32_t eg_mbx_get(struct eg *g, enum eg_mbx reg);
void eg_mbx_set(struct eg *g, enum eg_mbx reg, uint32_t value);
void eg_vector_enable(struct eg *g, unsigned int vector);
/* Have used descriptors written back without an interrupt as well */
void eg_vector_poll(struct eg *g, unsigned int vector);

/* Have the device look as far as descriptor @tail, which it does not */
void eg_tx_tail(struct eg *g, unsigned int queue, uint32_t tail);
/* Give the device a frame; @cmd adds to the descriptor's command */
void eg_post_frame(struct eg *g, unsigned int queue, const void *frame,
		   size_t len, uint32_t cmd, uint64_t offsets, uint16_t vlan);
/* and wait until it has taken it */
int eg_send(struct eg *g, unsigned int queue, const void *frame, size_t len,
	    uint32_t cmd, uint64_t offsets, uint16_t vlan);
/* The next frame of any queue: its length */
int eg_recv(struct eg *g, void *frame, size_t size, struct eg_rx *rx, int ms);

#endif /* _HDIOV_TEST_E810_GUEST_H */
