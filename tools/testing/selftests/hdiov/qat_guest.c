// SPDX-License-Identifier: GPL-2.0-only
/* The guest's driver of a QAT 2.0 VDEV */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <linux/pci_regs.h>

#include "qat_guest.h"

#define PAGE		4096

/* Offsets in a request */
#define REQ_CMD		1
#define REQ_SERVICE	2
#define REQ_FLAGS	3
#define REQ_SVC_FLAGS	4
#define REQ_COMMON	6
#define   COMMON_LIST		0x01
#define REQ_CD_ADDR	8
#define REQ_CD_SIZE	18
#define REQ_OPAQUE	24
#define REQ_SRC		32
#define REQ_DST		40
#define REQ_SRC_LEN	48
#define REQ_DST_LEN	52

/* of symmetric cryptography */
#define LA_C_OFF	56
#define LA_C_LEN	60
#define LA_IV		64
#define LA_A_OFF	80
#define LA_A_LEN	84
#define LA_AAD_ADDR	88
#define LA_TAG_ADDR	96
#define LA_AAD_LEN	104
#define LA_TAG_LEN	107
#define LA_SP_AAD_LEN	84
#define LA_C_STATE	108
#define LA_C_KEY	109
#define LA_C_CFG	110
#define LA_C_IDS	111
#define LA_H_CFG	114
#define LA_H_IDS	115
#define LA_H_FINAL	118
#define LA_H_INNER	119
#define LA_H_STATE1	121
#define LA_H_STATE2_OFF	122
#define LA_H_STATE2	123

#define LA_IV_INLINE	(1 << 2)
#define LA_RET_AUTH	(1 << 5)
#define LA_CMP_AUTH	(1 << 6)
#define LA_PROTO_CCM	(1 << 7)
#define LA_PROTO_GCM	(2 << 7)
#define LA_IV_12	(1 << 11)
#define LA_SINGLE_PASS	(1 << 13)
#define LA_UCS		(1 << 14)

#define SLICE_CIPHER	1
#define SLICE_AUTH	2
#define SLICE_WRITE	4

#define ALGO_AES128	3
#define ALGO_AES192	4
#define ALGO_AES256	5
#define ALGO_CHACHA	11
#define MODE_ECB	0
#define MODE_CBC	1
#define MODE_CTR	2
#define MODE_AEAD	4
#define MODE_XTS	6
#define CIPHER_DECRYPT	(1 << 8)
#define CIPHER_CONVERT	(1 << 9)
#define HASH_CBC_MAC	8

/* of public keys */
#define PKE_FUNC	20
#define PKE_OUT_COUNT	48
#define PKE_IN_COUNT	49

/* of compression */
#define DC_CONFIG	8
#define   DC_DEFLATE		(1 << 5)
#define DC_IN_LEN	56
#define DC_OUT_LEN	60
#define DC_CRC		64
#define DC_ADLER	68
#define DC_FLAGS	72
#define   DC_SOP		(1 << 0)
#define   DC_EOP		(1 << 1)
#define   DC_BFINAL		(1 << 6)
#define   DC_CNV		(1 << 16)
#define   DC_CNV_RECOVERY	(1 << 17)

static void put16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, 4);
}

static void put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, 8);
}

static void put32be(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, 4);
}

static uint32_t get32be(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return be32toh(v);
}

static uint64_t get64be(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return be64toh(v);
}

static void put64be(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, 8);
}

uint32_t qg_u32(const struct qg_resp *r, unsigned int off)
{
	uint32_t v;

	memcpy(&v, r->raw + off, 4);
	return le32toh(v);
}

uint64_t qg_u64(const struct qg_resp *r, unsigned int off)
{
	uint64_t v;

	memcpy(&v, r->raw + off, 8);
	return le64toh(v);
}

/* Memory and registers */

static int map_pages(struct qg *g, struct vdev *vdev)
{
	g->vdev = vdev;
	g->page = vdev_mmap(vdev, 0, 0, PAGE);
	g->msg = vdev_mmap(vdev, 2, QG_MSG_RAM, PAGE);
	return g->page == MAP_FAILED || g->msg == MAP_FAILED ? -errno : 0;
}

static void unmap_pages(struct qg *g)
{
	if (g->page && g->page != MAP_FAILED)
		munmap((void *)g->page, PAGE);
	if (g->msg && g->msg != MAP_FAILED)
		munmap((void *)g->msg, PAGE);
}

int qg_init(struct qg *g, struct vdev *vdev)
{
	int ret;

	memset(g, 0, sizeof(*g));
	g->mem = dma_alloc(QG_MEM_SIZE);
	g->iova = QG_IOVA;
	g->heap = QG_OFF_HEAP;
	ret = vdev_map(vdev, g->iova, g->mem, QG_MEM_SIZE, true);
	if (ret)
		goto err;
	vdev_enable(vdev, true);
	g->service = cfg_get(vdev, PCI_SUBSYSTEM_ID, 2);
	ret = map_pages(g, vdev);
	if (ret)
		goto err;
	return 0;
err:
	qg_exit(g);
	return ret;
}

int qg_init_vf(struct qg *g, struct vdev *vf, unsigned int pair,
	       enum qg_service service)
{
	int ret;

	memset(g, 0, sizeof(*g));
	g->vdev = vf;
	g->service = service;
	g->mem = dma_alloc(QG_MEM_SIZE);
	g->iova = QG_IOVA + (uint64_t)pair * QG_MEM_SIZE;
	g->bundle = pair * QG_BUNDLE;
	g->heap = QG_OFF_HEAP;
	ret = vdev_map(vf, g->iova, g->mem, QG_MEM_SIZE, true);
	if (ret)
		goto err;
	vdev_enable(vf, true);
	g->page = vdev_mmap(vf, 0, g->bundle, PAGE);
	if (g->page == MAP_FAILED) {
		ret = -errno;
		goto err;
	}
	return 0;
err:
	qg_exit(g);
	return ret;
}

int qg_move(struct qg *g, struct vdev *vdev)
{
	int ret;

	ret = vdev_map(vdev, g->iova, g->mem, QG_MEM_SIZE, true);
	if (ret)
		return ret;
	unmap_pages(g);
	return map_pages(g, vdev);
}

void qg_exit(struct qg *g)
{
	unmap_pages(g);
	if (g->mem)
		munmap(g->mem, QG_MEM_SIZE);
	memset(g, 0, sizeof(*g));
}

uint32_t qg_get(struct qg *g, unsigned int reg)
{
	if (reg < PAGE)
		return le32toh(g->page[reg / 4]);
	return vdev_get32(g->vdev, 0, g->bundle + reg);
}

void qg_set(struct qg *g, unsigned int reg, uint32_t value)
{
	if (reg < PAGE)
		g->page[reg / 4] = htole32(value);
	else
		vdev_set32(g->vdev, 0, g->bundle + reg, value);
}

void qg_start(struct qg *g)
{
	const uint64_t base[2] = {
		g->iova + QG_OFF_TX, g->iova + QG_OFF_RX,
	};
	int r;

	g->head = 0;
	g->tail = 0;
	g->in_flight = 0;
	memset(g->mem + QG_OFF_TX, 0x7f, QG_RING_BYTES);
	memset(g->mem + QG_OFF_RX, 0x7f, QG_RING_BYTES);
	qg_set(g, QG_ARB_EN, qg_get(g, QG_ARB_EN) & ~1U);
	for (r = 0; r < 2; r++) {
		qg_set(g, QG_CONFIG(r), QG_RING_ORDER);
		qg_set(g, QG_LBASE(r), base[r]);
		qg_set(g, QG_UBASE(r), base[r] >> 32);
	}
	qg_set(g, QG_ARB_EN, qg_get(g, QG_ARB_EN) | 1);
}

int qg_up(struct qg *g, struct vdev *vdev)
{
	int ret;

	ret = vdev_open(vdev);
	if (!ret)
		ret = qg_init(g, vdev);
	if (!ret)
		qg_start(g);
	return ret;
}

/* Is one of them being tested, or used? Entries are paragraphs of "name : value" */
static bool crypto_busy(void)
{
	static char buf[1 << 18];
	char *entry, *end;
	bool busy = false;

	if (file_read("/proc/crypto", buf, sizeof(buf)) < 0)
		return false;
	for (entry = buf; *entry && !busy; entry = end + 2) {
		end = strstr(entry, "\n\n");
		if (!end)
			break;
		*end = 0;
		busy = strstr(entry, "\ndriver       : qat") &&
		       (!strstr(entry, "\nrefcnt       : 1\n") ||
			!strstr(entry, "\nselftest     : passed"));
	}
	return busy;
}

void qg_settle(void)
{
	int ms;

	for (ms = 0; ms < 60000 && crypto_busy(); ms += 100)
		msleep(100);
}

int qg_reset_pf(const char *pf, const char **why)
{
	struct utsname uts;
	char path[PATH_MAX];

	qg_settle();
	/* Older ones' qat_4xxx does not hear of a reset by sysfs */
	if (!uname(&uts) && atoi(uts.release) < 7)
		return pf_inject_error(pf, PCI_ERR_UNC_MALF_TLP, why);
	return file_write(pf_path(pf, "reset", path, sizeof(path)), "1");
}

bool qg_comes_back(const struct vdev *vdev, long long resets)
{
	int ms;

	/* The kernel may test its own algorithms on the card meanwhile */
	for (ms = 0; ms < 60000; ms += 10) {
		if (vdev_state(vdev, "resets") > resets &&
		    vdev_in_state(vdev, "running"))
			return true;
		msleep(10);
	}
	return false;
}

void qg_irq_enable(struct qg *g)
{
	qg_set(g, QG_INT_SRC_SEL, 0x44);
	qg_set(g, QG_INT_COL_CTL, QG_INT_COL_ENABLE | 1);
	qg_irq_rearm(g);
}

void qg_irq_rearm(struct qg *g)
{
	qg_set(g, QG_INT_FLAG_AND_COL, 2);
}

int qg_reset(struct qg *g, uint32_t how)
{
	int ms;

	qg_set(g, QG_RPRESETCTL, how);
	for (ms = 0; ms < QG_TIMEOUT_MS; ms++) {
		if (qg_get(g, QG_RPRESETSTS) & 1) {
			qg_set(g, QG_RPRESETSTS, 1);
			return 0;
		}
		msleep(1);
	}
	return -ETIMEDOUT;
}

void *qg_alloc(struct qg *g, size_t len)
{
	void *p = g->mem + g->heap;

	g->heap = (g->heap + len + 63) & ~63ULL;
	if (g->heap > QG_MEM_SIZE) {
		fprintf(stderr, "# the guest's memory is full\n");
		abort();
	}
	memset(p, 0, len);
	return p;
}

void *qg_put(struct qg *g, const void *data, size_t len)
{
	void *p = qg_alloc(g, len);

	if (len)
		memcpy(p, data, len);
	return p;
}

void qg_free_all(struct qg *g)
{
	g->heap = QG_OFF_HEAP;
}

uint64_t qg_iova(struct qg *g, const volatile void *addr)
{
	return g->iova + ((const volatile uint8_t *)addr - g->mem);
}

/* Rings */

void qg_post(struct qg *g, const void *req)
{
	unsigned int size = g->service == QG_ASYM ? QG_REQ / 2 : QG_REQ;

	memcpy(g->mem + QG_OFF_TX + g->tail, req, size);
	g->tail = (g->tail + size) % QG_RING_BYTES;
	g->in_flight++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	qg_set(g, QG_TAIL(0), g->tail);
}

int qg_wait(struct qg *g, struct qg_resp *resp, int ms)
{
	uint8_t *at = g->mem + QG_OFF_RX + g->head;
	volatile uint32_t *first = (volatile uint32_t *)at;
	long long end = now_ms() + ms;
	unsigned int turns = 0;

	while (le32toh(*first) == QG_EMPTY) {
		if (++turns % 16)
			continue;
		if (now_ms() > end)
			return -ETIMEDOUT;
		sched_yield();
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	memcpy(resp->raw, at, QG_RESP);
	memset(at, 0x7f, QG_RESP);
	g->head = (g->head + QG_RESP) % QG_RING_BYTES;
	g->in_flight--;
	qg_set(g, QG_HEAD(1), g->head);
	return 0;
}

int qg_run(struct qg *g, const void *req, struct qg_resp *resp)
{
	qg_post(g, req);
	return qg_wait(g, resp, QG_TIMEOUT_MS);
}

uint32_t qg_exception(struct qg *g)
{
	long long end = now_ms() + QG_TIMEOUT_MS;
	uint32_t rings;

	do {
		rings = qg_get(g, QG_EXP_STAT);
		if (rings)
			break;
		msleep(1);
	} while (now_ms() < end);
	return rings;
}

struct qg_buf qg_flat(struct qg *g, const void *data, uint32_t len)
{
	return (struct qg_buf) { .addr = qg_iova(g, data), .len = len };
}

struct qg_buf qg_list(struct qg *g, const void *data, uint32_t len,
		      const uint32_t *lens, unsigned int num_lens)
{
	uint32_t num, now, pos;
	uint8_t *list;

	for (num = 0, pos = 0; pos < len; num++)
		pos += lens[num % num_lens];
	list = qg_alloc(g, 16 + 16 * (size_t)num);
	put32(list + 8, num);
	put32(list + 12, num);
	for (num = 0, pos = 0; pos < len; num++, pos += now) {
		now = lens[num % num_lens];
		if (now > len - pos)
			now = len - pos;
		put32(list + 16 + 16 * num, now);
		put64(list + 24 + 16 * num, qg_iova(g, data) + pos);
	}
	return (struct qg_buf) { .addr = qg_iova(g, list), .list = true };
}

/*
 * Hash states. An HMAC is asked for with the states behind the block of the
 * inner and of the outer key, which software has to compute (FIPS 180-4; the
 * constants of SHA-256 are the upper halves of those of SHA-512).
 */
static const uint64_t sha2_k[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
	0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
	0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
	0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
	0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
	0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
	0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
	0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
	0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
	0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
	0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint32_t sha1_init[5] = {
	0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
};

static const uint64_t sha512_init[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint64_t sha384_init[8] = {
	0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
	0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
	0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

static const struct {
	uint8_t algo;
	uint8_t block;
	uint8_t state;		/* in a content descriptor, whole quadwords */
	uint8_t digest;
} hashes[QG_NUM_HASHES] = {
	[QG_SHA1] = { 1, 64, 24, 20 },
	[QG_SHA224] = { 3, 64, 32, 28 },
	[QG_SHA256] = { 4, 64, 32, 32 },
	[QG_SHA384] = { 5, 128, 64, 48 },
	[QG_SHA512] = { 6, 128, 64, 64 },
	[QG_SHA3_224] = { 16, 144, 32, 28 },
	[QG_SHA3_256] = { 17, 136, 32, 32 },
	[QG_SHA3_384] = { 18, 104, 48, 48 },
	[QG_SHA3_512] = { 19, 72, 64, 64 },
};

unsigned int qg_digest_len(enum qg_hash hash)
{
	return hashes[hash].digest;
}

static void hash_init(enum qg_hash hash, uint8_t *state)
{
	unsigned int i;

	memset(state, 0, hashes[hash].state);
	switch (hash) {
	case QG_SHA1:
		for (i = 0; i < 5; i++)
			put32be(state + 4 * i, sha1_init[i]);
		break;
	case QG_SHA224:
		for (i = 0; i < 8; i++)
			put32be(state + 4 * i, sha384_init[i]);
		break;
	case QG_SHA256:
		for (i = 0; i < 8; i++)
			put32be(state + 4 * i, sha512_init[i] >> 32);
		break;
	case QG_SHA384:
		for (i = 0; i < 8; i++)
			put64be(state + 8 * i, sha384_init[i]);
		break;
	case QG_SHA512:
		for (i = 0; i < 8; i++)
			put64be(state + 8 * i, sha512_init[i]);
		break;
	default:
		break;
	}
}

static uint32_t rol32(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static uint32_t ror32(uint32_t v, int n)
{
	return v >> n | v << (32 - n);
}

static uint64_t ror64(uint64_t v, int n)
{
	return v >> n | v << (64 - n);
}

static void sha1_block(uint8_t *state, const uint8_t *block)
{
	uint32_t h[5], s[5], w[80], f, k, t;
	int i;

	for (i = 0; i < 5; i++)
		h[i] = get32be(state + 4 * i);
	memcpy(s, h, sizeof(s));
	for (i = 0; i < 80; i++)
		w[i] = i < 16 ? get32be(block + 4 * i) :
		       rol32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (i = 0; i < 80; i++) {
		if (i < 20) {
			f = (s[1] & s[2]) | (~s[1] & s[3]);
			k = 0x5a827999;
		} else if (i < 40 || i >= 60) {
			f = s[1] ^ s[2] ^ s[3];
			k = i < 40 ? 0x6ed9eba1 : 0xca62c1d6;
		} else {
			f = (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3]);
			k = 0x8f1bbcdc;
		}
		t = rol32(s[0], 5) + f + s[4] + k + w[i];
		s[4] = s[3];
		s[3] = s[2];
		s[2] = rol32(s[1], 30);
		s[1] = s[0];
		s[0] = t;
	}
	for (i = 0; i < 5; i++)
		put32be(state + 4 * i, h[i] + s[i]);
}

/* Of one word size: what differs are the numbers */
#define SHA2_BLOCK(bits, rounds, a1, a2, a3, e1, e2, e3, x1, x2, x3, y1, y2, y3) \
static void sha2_block_##bits(uint8_t *state, const uint8_t *block)		\
{										\
	uint##bits##_t h[8], s[8], w[rounds], t1, t2;				\
	int i, j;								\
										\
	for (i = 0; i < 8; i++)							\
		h[i] = get##bits##be(state + bits / 8 * i);			\
	memcpy(s, h, sizeof(s));						\
	for (i = 0; i < 16; i++)						\
		w[i] = get##bits##be(block + bits / 8 * i);			\
	for (; i < rounds; i++) {						\
		t1 = w[i - 15];							\
		t2 = w[i - 2];							\
		w[i] = w[i - 16] + w[i - 7] +					\
		       (ror##bits(t1, x1) ^ ror##bits(t1, x2) ^ t1 >> x3) +	\
		       (ror##bits(t2, y1) ^ ror##bits(t2, y2) ^ t2 >> y3);	\
	}									\
	for (i = 0; i < rounds; i++) {						\
		t1 = s[7] + (ror##bits(s[4], e1) ^ ror##bits(s[4], e2) ^	\
			     ror##bits(s[4], e3)) +				\
		     ((s[4] & s[5]) ^ (~s[4] & s[6])) +				\
		     (uint##bits##_t)(sha2_k[i] >> (64 - bits)) + w[i];		\
		t2 = (ror##bits(s[0], a1) ^ ror##bits(s[0], a2) ^		\
		      ror##bits(s[0], a3)) +					\
		     ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));		\
		for (j = 7; j; j--)						\
			s[j] = s[j - 1];					\
		s[4] += t1;							\
		s[0] = t1 + t2;							\
	}									\
	for (i = 0; i < 8; i++)							\
		put##bits##be(state + bits / 8 * i, h[i] + s[i]);		\
}

SHA2_BLOCK(32, 64, 2, 13, 22, 6, 11, 25, 7, 18, 3, 17, 19, 10)
SHA2_BLOCK(64, 80, 28, 34, 39, 14, 18, 41, 1, 8, 7, 19, 61, 6)

static void hash_block(enum qg_hash hash, uint8_t *state, const uint8_t *block)
{
	if (hash == QG_SHA1)
		sha1_block(state, block);
	else if (hashes[hash].block == 64)
		sha2_block_32(state, block);
	else
		sha2_block_64(state, block);
}

/* A key that is longer than a block is hashed first */
static void hash_all(enum qg_hash hash, const uint8_t *data, size_t len,
		     uint8_t *digest)
{
	unsigned int size = hashes[hash].block;
	uint8_t state[64], last[256] = {};
	size_t pos, end;

	hash_init(hash, state);
	for (pos = 0; len - pos >= size; pos += size)
		hash_block(hash, state, data + pos);
	memcpy(last, data + pos, len - pos);
	last[len - pos] = 0x80;
	end = len - pos + 1 + size / 8 > size ? 2 * size : size;
	put64be(last + end - 8, len * 8);
	for (pos = 0; pos < end; pos += size)
		hash_block(hash, state, last + pos);
	memcpy(digest, state, hashes[hash].digest);
}

static void hmac_states(const struct qg_sym *op, uint8_t *inner, uint8_t *outer)
{
	unsigned int size = hashes[op->hash].block, i;
	uint8_t key[128] = {}, pad[128];

	if (op->hkey_len > size)
		hash_all(op->hash, op->hkey, op->hkey_len, key);
	else
		memcpy(key, op->hkey, op->hkey_len);
	for (i = 0; i < size; i++)
		pad[i] = key[i] ^ 0x36;
	hash_init(op->hash, inner);
	hash_block(op->hash, inner, pad);
	for (i = 0; i < size; i++)
		pad[i] = key[i] ^ 0x5c;
	hash_init(op->hash, outer);
	hash_block(op->hash, outer, pad);
}

/* Requests */

static void request(struct qg *g, uint8_t *req, uint8_t service, uint8_t cmd)
{
	static uint64_t opaque = 0x5154000000000000ULL;

	memset(req, 0, QG_REQ);
	req[REQ_CMD] = cmd;
	req[REQ_SERVICE] = service;
	req[REQ_FLAGS] = QG_HDR_VALID;
	put64(req + REQ_OPAQUE, ++opaque);
}

static void request_bufs(uint8_t *req, struct qg_buf src, struct qg_buf dst)
{
	put64(req + REQ_SRC, src.addr);
	put64(req + REQ_DST, dst.addr);
	put32(req + REQ_SRC_LEN, src.len);
	put32(req + REQ_DST_LEN, dst.len);
	if (src.list)
		req[REQ_COMMON] |= COMMON_LIST;
}

void qg_null(struct qg *g, uint8_t *req, uint64_t opaque)
{
	request(g, req, QG_SVC_NULL, 0);
	put64(req + REQ_OPAQUE, opaque);
}

static uint32_t aes(unsigned int key_len)
{
	return key_len == 16 ? ALGO_AES128 : key_len == 24 ? ALGO_AES192 :
	       ALGO_AES256;
}

static bool is_ucs(enum qg_cipher cipher)
{
	return cipher == QG_CTR_UCS || cipher == QG_AEAD_GCM ||
	       cipher == QG_AEAD_CCM || cipher == QG_AEAD_CHACHA;
}

/* The cipher's part of a content descriptor; returns its length */
static size_t cipher_part(const struct qg_sym *op, uint8_t *cd, uint8_t *req)
{
	size_t hdr = is_ucs(op->cipher) ? 16 : 8, len;
	uint32_t cfg;

	switch (op->cipher) {
	case QG_ECB:
		cfg = aes(op->key_len) | MODE_ECB << 4;
		break;
	case QG_CBC:
		cfg = aes(op->key_len) | MODE_CBC << 4;
		break;
	case QG_XTS:
		cfg = aes(op->key_len / 2) | MODE_XTS << 4;
		break;
	case QG_AEAD_GCM:
		cfg = aes(op->key_len) | MODE_AEAD << 4 | op->tag_len << 10;
		break;
	case QG_AEAD_CHACHA:
		cfg = ALGO_CHACHA | MODE_CTR << 4 | op->tag_len << 10;
		break;
	default:
		cfg = aes(op->key_len) | MODE_CTR << 4;
		break;
	}
	if (op->decrypt) {
		if (op->cipher == QG_AEAD_GCM || op->cipher == QG_AEAD_CHACHA)
			cfg |= CIPHER_DECRYPT;
		else if ((cfg >> 4 & 0xf) != MODE_CTR)
			cfg |= CIPHER_DECRYPT | CIPHER_CONVERT;
	}
	len = hdr + (is_ucs(op->cipher) ? (op->key_len + 15) & ~15U :
		     (op->key_len + 7) & ~7U);
	put32(cd, cfg);
	memcpy(cd + hdr, op->key, op->key_len);
	req[LA_C_STATE] = 2;
	req[LA_C_KEY] = (len - hdr) / 8;
	put32(req + LA_C_OFF, op->c_off);
	put32(req + LA_C_LEN, op->c_len);
	memcpy(req + LA_IV, op->iv, op->iv_len);
	return len;
}

/* The same of the hash; @at is where in the descriptor it is */
static size_t hash_part(struct qg *g, const struct qg_sym *op, uint8_t *cd,
			size_t at, uint8_t *req)
{
	unsigned int algo, state = 0;
	uint8_t *setup = cd + at;

	put32(req + LA_A_OFF, op->a_off);
	put32(req + LA_A_LEN, op->a_len);
	put64(req + LA_TAG_ADDR, qg_iova(g, op->tag));
	req[LA_TAG_LEN] = op->tag_len;
	req[LA_H_CFG] = at / 8;
	req[LA_H_FINAL] = op->tag_len;

	if (op->cipher == QG_AEAD_CCM) {
		state = 16;
		put32(setup, HASH_CBC_MAC | op->tag_len << 8);
		memcpy(setup + 16 + state, op->key, op->key_len);
		req[LA_H_INNER] = 16;
		req[LA_H_STATE2] = op->key_len;
	} else {
		algo = hashes[op->hash].algo;
		state = hashes[op->hash].state;
		put32(setup, (algo & 0xf) | (algo >> 4) << 22 |
		      (op->hmac ? 1 << 4 : 0) | op->tag_len << 8);
		req[LA_H_INNER] = hashes[op->hash].digest;
		if (op->hmac) {
			put32be(setup + 8, hashes[op->hash].block);
			hmac_states(op, setup + 16, setup + 16 + state);
			req[LA_H_STATE2] = state;
		} else {
			hash_init(op->hash, setup + 16);
		}
	}
	req[LA_H_STATE1] = state;
	req[LA_H_STATE2_OFF] = (at + 16 + state) / 8;
	return 16 + state + ((req[LA_H_STATE2] + 7) & ~7U);
}

/* CCM's first blocks: flags, nonce and length of the data, then what is added */
static void ccm_part(struct qg *g, const struct qg_sym *op, uint8_t *req)
{
	size_t len = 16, i, q = 15 - op->iv_len;
	uint8_t blocks[256] = {};

	blocks[0] = (op->aad_len ? 0x40 : 0) | (op->tag_len - 2) / 2 << 3 |
		    (q - 1);
	memcpy(blocks + 1, op->iv, op->iv_len);
	for (i = 0; i < q && i < 4; i++)
		blocks[15 - i] = op->a_len >> (8 * i);
	if (op->aad_len) {
		blocks[16] = op->aad_len >> 8;
		blocks[17] = op->aad_len;
		memcpy(blocks + 18, op->aad, op->aad_len);
		len = (18 + op->aad_len + 15) & ~15ULL;
	}
	put64(req + LA_AAD_ADDR, qg_iova(g, qg_put(g, blocks, len)));
	req[LA_AAD_LEN] = len;
	memset(req + LA_IV, 0, 16);
	req[LA_IV] = q - 1;
	memcpy(req + LA_IV + 1, op->iv, op->iv_len);
}

void qg_sym_request(struct qg *g, const struct qg_sym *op, struct qg_buf src,
		    struct qg_buf dst, uint8_t *req)
{
	bool single = op->cipher == QG_AEAD_GCM || op->cipher == QG_AEAD_CHACHA;
	bool cipher = op->cmd != QG_AUTH, hash = op->cmd != QG_CIPHER;
	uint16_t flags = LA_IV_INLINE;
	uint8_t cd[512] = {};
	size_t len = 0;

	request(g, req, QG_SVC_LA, op->cmd);
	request_bufs(req, src, dst);
	if (hash && op->cmd != QG_CIPHER_HASH)
		len += hash_part(g, op, cd, len, req);
	if (cipher) {
		req[LA_C_CFG] = len / 8;
		len += cipher_part(op, cd + len, req);
	}
	if (op->cmd == QG_CIPHER_HASH)
		len += hash_part(g, op, cd, len, req);

	req[LA_C_IDS] = op->cmd == QG_CIPHER_HASH ?
			SLICE_CIPHER | SLICE_AUTH << 4 :
			cipher ? SLICE_CIPHER | SLICE_WRITE << 4 : 0;
	req[LA_H_IDS] = op->cmd == QG_HASH_CIPHER ?
			SLICE_AUTH | SLICE_CIPHER << 4 :
			hash ? SLICE_AUTH | SLICE_WRITE << 4 : 0;
	if (single) {
		flags |= LA_SINGLE_PASS;
		if (op->cipher == QG_AEAD_GCM)
			flags |= LA_PROTO_GCM | LA_IV_12;
		put32(req + LA_SP_AAD_LEN, op->aad_len);
		put64(req + LA_AAD_ADDR,
		      qg_iova(g, qg_put(g, op->aad, op->aad_len)));
		put64(req + LA_TAG_ADDR, qg_iova(g, op->tag));
		req[LA_TAG_LEN] = op->tag_len;
	} else if (op->cipher == QG_AEAD_CCM) {
		flags |= LA_PROTO_CCM;
		ccm_part(g, op, req);
	}
	if (is_ucs(op->cipher))
		flags |= LA_UCS;
	if (single || hash)
		flags |= op->verify ? LA_CMP_AUTH : LA_RET_AUTH;
	put16(req + REQ_SVC_FLAGS, flags);
	put64(req + REQ_CD_ADDR, qg_iova(g, qg_put(g, cd, len)));
	req[REQ_CD_SIZE] = len / 8;
}

void qg_dc_request(struct qg *g, const struct qg_dc *op, struct qg_buf src,
		   struct qg_buf dst, uint8_t *req)
{
	uint32_t flags = DC_SOP | DC_EOP;

	request(g, req, QG_SVC_COMP, op->cmd);
	request_bufs(req, src, dst);
	put32be(req + DC_CONFIG, DC_DEFLATE | op->level << 8);
	put32(req + DC_IN_LEN, op->in_len);
	put32(req + DC_OUT_LEN, op->out_len);
	put32(req + DC_ADLER, 1);
	if (op->cmd != QG_INFLATE)
		flags |= DC_BFINAL;
	if (op->verify)
		flags |= DC_CNV | DC_CNV_RECOVERY;
	put32(req + DC_FLAGS, flags);
}

void qg_pke_init(struct qg_pke *op, uint32_t func)
{
	memset(op, 0, sizeof(*op));
	op->func = func;
}

void qg_pke_in(struct qg *g, struct qg_pke *op, const void *num, size_t len,
	       size_t size)
{
	uint8_t *p = qg_alloc(g, size);

	memcpy(p + size - len, num, len);
	op->in[op->num_in] = p;
	op->in_len[op->num_in++] = size;
}

void qg_pke_out(struct qg *g, struct qg_pke *op, size_t size)
{
	op->out[op->num_out] = qg_alloc(g, size);
	op->out_len[op->num_out++] = size;
}

void qg_pke_request(struct qg *g, const struct qg_pke *op, uint8_t *req)
{
	uint8_t *list = qg_alloc(g, 8 * QG_PKE_MAX), *all;
	size_t len = 0;
	unsigned int i;

	request(g, req, QG_SVC_PKE, 0);
	put32(req + PKE_FUNC, op->func);
	if (op->packed) {
		for (i = 0; i < op->num_in; i++)
			len += op->in_len[i];
		all = qg_alloc(g, len);
		put64(list, qg_iova(g, all));
		for (i = 0; i < op->num_in; i++) {
			memcpy(all, op->in[i], op->in_len[i]);
			all += op->in_len[i];
		}
	} else {
		for (i = 0; i < op->num_in; i++)
			put64(list + 8 * i, qg_iova(g, op->in[i]));
	}
	put64(req + REQ_SRC, qg_iova(g, list));
	list = qg_alloc(g, 16);
	for (i = 0; i < op->num_out; i++)
		put64(list + 8 * i, qg_iova(g, op->out[i]));
	put64(req + REQ_DST, qg_iova(g, list));
	req[PKE_IN_COUNT] = op->packed ? 1 : op->num_in;
	req[PKE_OUT_COUNT] = op->num_out;
}

/* Messages */

int qg_tell(struct qg *g, const void *msg, size_t len)
{
	const uint8_t *p = msg;
	size_t i;

	if (len > QG_MSG_SIZE)
		return -EMSGSIZE;
	for (i = 0; i < len; i++)
		g->msg[i] = p[i];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vdev_set32(g->vdev, 2, QG_TX_NOTIFIER, len);
	return 0;
}

int qg_answer(struct qg *g, void *msg, size_t size, int ms)
{
	uint8_t *p = msg;
	size_t len, i;

	for (; !(vdev_get32(g->vdev, 2, QG_VINTSOU) & 1); ms--) {
		if (ms <= 0)
			return -ETIMEDOUT;
		msleep(1);
	}
	len = vdev_get32(g->vdev, 2, QG_RX_NOTIFIER) & 0xffff;
	for (i = 0; i < len && i < size && i < QG_MSG_SIZE; i++)
		p[i] = g->msg[QG_MSG_SIZE + i];
	vdev_set32(g->vdev, 2, QG_VINTSOU, 1);
	vdev_set32(g->vdev, 2, QG_RX_NOTIFIER, 0);
	return len;
}
