/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's driver of a QAT 2.0 VDEV (8086:0da5): one ring pair, of symmetric
 * cryptography, public keys or compression. Facts are those of the headers that
 * the drivers in Linux and DPDK have.
 */
#ifndef _HDIOV_TEST_QAT_GUEST_H
#define _HDIOV_TEST_QAT_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdev.h"

/* An answer under an emulated processor takes its time */
#define QG_TIMEOUT_MS		20000

/* All guests have their memory at the same address */
#define QG_IOVA			0x40000000ULL
#define QG_MEM_SIZE		0x200000
#define QG_OFF_TX		0x0
#define QG_OFF_RX		0x4000
#define QG_OFF_HEAP		0x10000
#define QG_RING_ORDER		8	/* 64 << 8 bytes */
#define QG_RING_BYTES		(64 << QG_RING_ORDER)
#define QG_REQ			128
#define QG_RESP			32
#define QG_EMPTY		0x7f7f7f7fU
/* Requests in flight; any of the rings takes more */
#define QG_DEPTH		64

/* BAR0: page 0 is the ring pair's own, mapped; page 1 traps */
#define QG_BAR0_SIZE		0x8000
#define QG_HEAD(r)		(0x0c0 + 4 * (r))
#define QG_TAIL(r)		(0x100 + 4 * (r))
#define QG_STAT			0x140
#define QG_E_STAT		0x14c
#define QG_INT_FLAG_EN		0x16c
#define QG_INT_FLAG		0x170
#define QG_INT_SRC_SEL		0x174
#define QG_INT_COL_EN		0x17c
#define QG_INT_COL_CTL		0x180
#define   QG_INT_COL_ENABLE		0x80000000U
#define QG_INT_FLAG_AND_COL	0x184
#define QG_EXP_STAT		0x188
#define QG_EXP_INT_EN		0x18c
#define QG_ARB_EN		0x19c
#define QG_CONFIG(r)		(0x1000 + 4 * (r))
#define QG_LBASE(r)		(0x1040 + 4 * (r))
#define QG_UBASE(r)		(0x1080 + 4 * (r))
#define QG_RPRESETCTL		0x1100
#define   QG_RESET			1
#define   QG_RESET_PASID		2
#define   QG_RESET_ABORT		3
#define   QG_RESET_DRAIN		4
#define QG_RPRESETSTS		0x1104
#define QG_BUNDLE		0x2000

/* BAR2 */
#define QG_BAR2_SIZE		0x20000
#define QG_VINTSOU		0x0
#define QG_VINTMSK		0x4
#define QG_MSGQ_CFG		0x20
#define QG_TX_NOTIFIER		0x30
#define QG_RX_NOTIFIER		0x130
#define QG_MSIX_TABLE		0x8000
#define QG_MSIX_PBA		0x8800
#define QG_MSG_RAM		0x10000
#define QG_MSG_SIZE		256	/* each way; the guest's is the first */

#define QG_MSG_RESTARTING	1	/* of the host */
#define QG_MSG_VERSION_RESP	2
#define QG_MSG_INIT		3	/* of the guest */
#define QG_MSG_SHUTDOWN		4
#define QG_MSG_VERSION_REQ	6

/* BAR4 */
#define QG_BAR4_SIZE		0x1000
#define QG_CAP_FREQ		1
#define QG_CAP_SVC_MAP		2
#define QG_CAP_SVC_MASK		3
#define QG_CAP_DC_EXT		4

/* What a VDEV does: its subsystem id */
enum qg_service { QG_SYM, QG_ASYM, QG_DC, QG_NUM_SERVICES };

enum qg_cmd { QG_CIPHER, QG_AUTH, QG_CIPHER_HASH, QG_HASH_CIPHER };

/* Ciphers, by how requests for them are made */
enum qg_cipher {
	QG_NO_CIPHER, QG_ECB, QG_CBC, QG_CTR, QG_CTR_UCS, QG_XTS,
	QG_AEAD_GCM, QG_AEAD_CCM, QG_AEAD_CHACHA,
};

enum qg_hash {
	QG_NO_HASH, QG_SHA1, QG_SHA224, QG_SHA256, QG_SHA384, QG_SHA512,
	QG_SHA3_224, QG_SHA3_256, QG_SHA3_384, QG_SHA3_512, QG_NUM_HASHES,
};

#define QG_MAX_DIGEST		64

/* Response, other than of public keys */
#define QG_ST_CRYPTO		0x80
#define QG_ST_PKE		0x40
#define QG_ST_CMP		0x20
#define QG_ST_LAST		0x08
#define QG_ST_UNSUPPORTED	0x04
#define QG_ST_INVALID		0x02
#define QG_HDR_VALID		0x80
#define QG_HDR_CNV		0x40

#define QG_SVC_NULL		0
#define QG_SVC_PKE		3
#define QG_SVC_LA		4
#define QG_SVC_COMP		9

struct qg_resp {
	uint8_t raw[QG_RESP];
};

/**
 * struct qg - a guest
 * @vdev: its VDEV, open
 * @service: what it does
 * @mem: all its memory for DMA, QG_MEM_SIZE bytes
 * @iova: where the device finds it: QG_IOVA, or after that of the VF's ring pairs
 *	before
 * @bundle: the ring pair's registers in BAR0; a VF has four ring pairs
 * @page: page 0 of them
 * @msg: message memory
 * @heap: next free byte of @mem
 * @tail: where the next request goes
 * @head: where the next response will be
 * @in_flight: requests without a response
 */
struct qg {
	struct vdev *vdev;
	enum qg_service service;
	uint8_t *mem;
	uint64_t iova;
	uint32_t bundle;
	volatile uint32_t *page;
	volatile uint8_t *msg;
	size_t heap;
	uint32_t tail;
	uint32_t head;
	unsigned int in_flight;
};

/**
 * struct qg_sym - a symmetric operation
 * @cmd: order of what follows
 * @cipher: cipher and mode
 * @decrypt: the other direction
 * @key: of the cipher, both halves for XTS
 * @key_len: bytes
 * @iv: initial counter block or vector, the nonce of an AEAD
 * @iv_len: bytes
 * @c_off: first byte to cipher
 * @c_len: bytes to cipher
 * @hash: hash algorithm
 * @hmac: with @hkey
 * @hkey: key of the HMAC
 * @hkey_len: bytes
 * @a_off: first byte to hash
 * @a_len: bytes to hash
 * @aad: additional data of an AEAD
 * @aad_len: bytes
 * @tag: where the digest goes to, or comes from with @verify. In the guest's
 *	memory.
 * @tag_len: bytes
 * @verify: compare
 */
struct qg_sym {
	enum qg_cmd cmd;
	enum qg_cipher cipher;
	bool decrypt;
	const uint8_t *key;
	unsigned int key_len;
	const uint8_t *iv;
	unsigned int iv_len;
	uint32_t c_off;
	uint32_t c_len;
	enum qg_hash hash;
	bool hmac;
	const uint8_t *hkey;
	unsigned int hkey_len;
	uint32_t a_off;
	uint32_t a_len;
	const uint8_t *aad;
	unsigned int aad_len;
	uint8_t *tag;
	unsigned int tag_len;
	bool verify;
};

/**
 * struct qg_buf - a buffer of a request
 * @addr: its I/O address, or that of its list
 * @len: bytes, 0 for a list
 * @list: it is a list
 */
struct qg_buf {
	uint64_t addr;
	uint32_t len;
	bool list;
};

enum qg_dc_cmd { QG_STATIC, QG_DYNAMIC, QG_INFLATE };

/**
 * struct qg_dc - a compression operation
 * @cmd: which
 * @level: search depth, as the card's configuration word has it
 * @in_len: bytes of the source
 * @out_len: room at the destination
 * @verify: compress and verify
 */
struct qg_dc {
	enum qg_dc_cmd cmd;
	unsigned int level;
	uint32_t in_len;
	uint32_t out_len;
	bool verify;
};

/* Integers of a public key request, big endian */
#define QG_PKE_MAX		11

/**
 * struct qg_pke - a public key operation
 * @func: function id
 * @packed: inputs lie in one buffer
 * @num_in: number of inputs
 * @num_out: number of outputs
 * @in: inputs, in the guest's memory
 * @in_len: their lengths
 * @out: outputs, in the guest's memory
 * @out_len: their lengths
 */
struct qg_pke {
	uint32_t func;
	bool packed;
	unsigned int num_in;
	unsigned int num_out;
	uint8_t *in[QG_PKE_MAX];
	unsigned int in_len[QG_PKE_MAX];
	uint8_t *out[2];
	unsigned int out_len[2];
};

/*
 * Return 0 or more, or a negative errno, -ETIMEDOUT if the device does not
 * answer.
 */

/* Memory, mappings: everything before the first register */
int qg_init(struct qg *g, struct vdev *vdev);
/* The same for one of the ring pairs of a VF, which says by mailbox only what it does */
int qg_init_vf(struct qg *g, struct vdev *vf, unsigned int pair,
	       enum qg_service service);
void qg_exit(struct qg *g);
/* Program and start the rings */
void qg_start(struct qg *g);
/* The same guest, on a VDEV that is open and has nothing mapped */
int qg_move(struct qg *g, struct vdev *vdev);
/* qg_init() and qg_start() of a VDEV that is not open yet */
int qg_up(struct qg *g, struct vdev *vdev);

/*
 * Waits until the kernel has tested the algorithms that QATs give it: their driver
 * takes them away when it resets a card, and the kernel warns if they are in use.
 */
void qg_settle(void);
/*
 * Has the card reset, in a way that its driver hears of. -ENODEV with a reason in
 * @why if there is none. The reset may be still going on after it.
 */
int qg_reset_pf(const char *pf, const char **why);
/* Waits until a VDEV that has had @resets resets runs after one more */
bool qg_comes_back(const struct vdev *vdev, long long resets);

uint32_t qg_get(struct qg *g, unsigned int reg);
void qg_set(struct qg *g, unsigned int reg, uint32_t value);
/* Interrupts of responses, one is due as soon as there are any */
void qg_irq_enable(struct qg *g);
/* Again, after each */
void qg_irq_rearm(struct qg *g);
/* The ring pair's own reset; the rings are to be started again */
int qg_reset(struct qg *g, uint32_t how);

/* The guest's memory: zeroed; all is freed at once */
void *qg_alloc(struct qg *g, size_t len);
void *qg_put(struct qg *g, const void *data, size_t len);
void qg_free_all(struct qg *g);
uint64_t qg_iova(struct qg *g, const volatile void *addr);

/* Give the device a request (QG_REQ bytes, of which public keys use half) */
void qg_post(struct qg *g, const void *req);
/* The next response */
int qg_wait(struct qg *g, struct qg_resp *resp, int ms);
/* Both */
int qg_run(struct qg *g, const void *req, struct qg_resp *resp);
/* Which rings have stopped for an error, a bit each, as soon as one has; or 0 */
uint32_t qg_exception(struct qg *g);

struct qg_buf qg_flat(struct qg *g, const void *data, uint32_t len);
/*
 * A list of pieces of @data, @len bytes, in the guest's memory, at lengths from
 * @lens, which repeat
 */
struct qg_buf qg_list(struct qg *g, const void *data, uint32_t len,
		      const uint32_t *lens, unsigned int num_lens);

void qg_null(struct qg *g, uint8_t *req, uint64_t opaque);
void qg_sym_request(struct qg *g, const struct qg_sym *op, struct qg_buf src,
		    struct qg_buf dst, uint8_t *req);
void qg_dc_request(struct qg *g, const struct qg_dc *op, struct qg_buf src,
		   struct qg_buf dst, uint8_t *req);

void qg_pke_init(struct qg_pke *op, uint32_t func);
/* @len bytes of a number, stored as @size bytes */
void qg_pke_in(struct qg *g, struct qg_pke *op, const void *num, size_t len,
	       size_t size);
void qg_pke_out(struct qg *g, struct qg_pke *op, size_t size);
void qg_pke_request(struct qg *g, const struct qg_pke *op, uint8_t *req);

unsigned int qg_digest_len(enum qg_hash hash);

static inline uint8_t qg_status(const struct qg_resp *r)
{
	return r->raw[6];
}

static inline int qg_dc_error(const struct qg_resp *r)
{
	return (int8_t)r->raw[5];
}

static inline bool qg_pke_failed(const struct qg_resp *r)
{
	return r->raw[5] & QG_ST_PKE;
}

uint32_t qg_u32(const struct qg_resp *r, unsigned int off);
uint64_t qg_u64(const struct qg_resp *r, unsigned int off);

/* Messages between guest and host. Sends; the answer's length */
int qg_tell(struct qg *g, const void *msg, size_t len);
int qg_answer(struct qg *g, void *msg, size_t size, int ms);

#endif /* _HDIOV_TEST_QAT_GUEST_H */
