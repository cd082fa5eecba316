// SPDX-License-Identifier: GPL-2.0-only
/*
 * 10,000 operations at random on QAT VDEVs: every byte of the results, and of
 * the memory around them, is what libcrypto and zlib say. $QAT_SEED repeats a
 * run.
 */
#include "kselftest_harness.h"

#include "vdev.h"

#ifdef HAVE_LIBS

#include <inttypes.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <zlib.h>

#include "qat_guest.h"

#define NUM_SYM		8000
#define NUM_ASYM	400
#define NUM_DC		1600

/* Requests in flight; their buffers fill the guest's memory at most */
#define BATCH		12
#define MAX_LEN		16384
#define MAX_LONG	65536
#define GUARD		64
#define MAX_FRAGMENTS	200

/* A generator that is the same everywhere (splitmix64) */
static uint64_t rnd_state;

static uint64_t rnd64(void)
{
	uint64_t z = rnd_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint32_t rnd(uint32_t below)
{
	return rnd64() % below;
}

static void rnd_fill(uint8_t *buf, size_t len)
{
	uint64_t v;

	for (; len >= 8; len -= 8, buf += 8) {
		v = rnd64();
		memcpy(buf, &v, 8);
	}
	v = rnd64();
	memcpy(buf, &v, len);
}

/* Short ones more often */
static uint32_t rnd_len(void)
{
	switch (rnd(8)) {
	case 0:
		return rnd(17);
	case 1 ... 3:
		return rnd(257);
	case 4 ... 6:
		return rnd(4097);
	default:
		return rnd(64) ? rnd(MAX_LEN + 1) : rnd(MAX_LONG + 1);
	}
}

static void seed_from_env(struct __test_metadata *_metadata)
{
	const char *text = getenv("QAT_SEED");
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	rnd_state = text ? strtoull(text, NULL, 0) :
		    (uint64_t)ts.tv_sec * 1000000007 + ts.tv_nsec;
	TH_LOG("QAT_SEED=0x%" PRIx64, rnd_state);
}

/**
 * struct job - a request in flight and what must come of it
 * @what: for messages
 * @req: the request
 * @src: the whole source buffer, with what is around the data
 * @dst: the whole destination buffer, may be @src
 * @size: bytes of each
 * @want: what @dst must become
 * @same: what @src was, if it is not @dst
 * @tag: digest
 * @want_tag: what it must become
 * @tag_len: bytes
 * @status: of the response
 * @dc: compression: what was asked for
 * @plain: compression: the plain data
 * @plain_len: bytes
 * @at: compression: where in @dst the result is
 * @pke: public keys: what was asked for
 * @want_out: public keys: what the outputs must be
 */
struct job {
	char what[96];
	uint8_t req[QG_REQ];
	uint8_t *src;
	uint8_t *dst;
	uint32_t size;
	uint8_t *want;
	uint8_t *same;
	uint8_t *tag;
	uint8_t want_tag[QG_MAX_DIGEST];
	uint32_t tag_len;
	uint8_t status;
	struct qg_dc dc;
	uint8_t *plain;
	uint32_t plain_len;
	uint32_t at;
	struct qg_pke pke;
	uint8_t want_out[2][512];
};

static void job_free(struct job *job)
{
	free(job->want);
	free(job->same);
	free(job->plain);
	memset(job, 0, sizeof(*job));
}

static void *xmalloc(size_t len)
{
	void *p = malloc(len + 1);

	if (!p)
		abort();
	return p;
}

static void *copy_of(const void *data, size_t len)
{
	return memcpy(xmalloc(len), data, len);
}

static struct qg_buf fragments(struct qg *g, const uint8_t *data, uint32_t len)
{
	uint32_t lens[8], num = 1 + rnd(8), i;

	for (i = 0; i < num; i++)
		lens[i] = 1 + rnd(rnd(4) ? len / 8 + 16 : 7);
	/* No more of them than fit the guest's memory */
	lens[0] += len / (MAX_FRAGMENTS / num);
	return qg_list(g, data, len, lens, num);
}

/* Buffers of @len bytes with @data at @at; in place or not, whole or in pieces */
static void job_buffers(struct qg *g, struct job *job, const uint8_t *data,
			uint32_t at, uint32_t len, struct qg_buf *src,
			struct qg_buf *dst)
{
	bool in_place = rnd(2), list = rnd(2);

	job->size = at + len + GUARD;
	job->src = qg_alloc(g, job->size);
	rnd_fill(job->src, job->size);
	memcpy(job->src + at, data, len);
	if (in_place) {
		job->dst = job->src;
	} else {
		job->dst = qg_alloc(g, job->size);
		rnd_fill(job->dst, job->size);
		job->same = copy_of(job->src, job->size);
	}
	job->want = copy_of(job->dst, job->size);

	*src = list ? fragments(g, job->src, job->size) :
	       qg_flat(g, job->src, job->size);
	*dst = in_place ? *src : list ? fragments(g, job->dst, job->size) :
	       qg_flat(g, job->dst, job->size);
	snprintf(job->what + strlen(job->what),
		 sizeof(job->what) - strlen(job->what), ", %u bytes at %u%s%s",
		 len, at, in_place ? ", in place" : "", list ? ", list" : "");
}

static bool job_same(struct __test_metadata *_metadata, const struct job *job,
		     const char *which, const uint8_t *got, const uint8_t *want,
		     uint32_t len)
{
	uint32_t i;

	if (!len || !memcmp(got, want, len))
		return true;
	for (i = 0; got[i] == want[i]; i++)
		;
	TH_LOG("%s: %s differs from byte %u on: 0x%02x, not 0x%02x", job->what,
	       which, i, got[i], want[i]);
	return false;
}

/* Software's side of it; every call must succeed */
#define DO(call)							\
	do {								\
		if (!(call)) {						\
			fprintf(stderr, "# %s failed\n", #call);	\
			abort();					\
		}							\
	} while (0)

static const EVP_CIPHER *sw_cipher(enum qg_cipher cipher, unsigned int key_len)
{
	int i = key_len == 16 ? 0 : key_len == 24 ? 1 : 2;

	switch (cipher) {
	case QG_ECB:
		return i == 0 ? EVP_aes_128_ecb() : i == 1 ? EVP_aes_192_ecb() :
		       EVP_aes_256_ecb();
	case QG_CBC:
		return i == 0 ? EVP_aes_128_cbc() : i == 1 ? EVP_aes_192_cbc() :
		       EVP_aes_256_cbc();
	case QG_CTR:
	case QG_CTR_UCS:
		return i == 0 ? EVP_aes_128_ctr() : i == 1 ? EVP_aes_192_ctr() :
		       EVP_aes_256_ctr();
	case QG_XTS:
		return key_len == 32 ? EVP_aes_128_xts() : EVP_aes_256_xts();
	case QG_AEAD_GCM:
		return i == 0 ? EVP_aes_128_gcm() : i == 1 ? EVP_aes_192_gcm() :
		       EVP_aes_256_gcm();
	case QG_AEAD_CCM:
		return i == 0 ? EVP_aes_128_ccm() : i == 1 ? EVP_aes_192_ccm() :
		       EVP_aes_256_ccm();
	default:
		return EVP_chacha20_poly1305();
	}
}

static const EVP_MD *sw_md(enum qg_hash hash)
{
	switch (hash) {
	case QG_SHA1:
		return EVP_sha1();
	case QG_SHA224:
		return EVP_sha224();
	case QG_SHA256:
		return EVP_sha256();
	case QG_SHA384:
		return EVP_sha384();
	case QG_SHA512:
		return EVP_sha512();
	case QG_SHA3_224:
		return EVP_sha3_224();
	case QG_SHA3_256:
		return EVP_sha3_256();
	case QG_SHA3_384:
		return EVP_sha3_384();
	default:
		return EVP_sha3_512();
	}
}

static void sw_run_cipher(const struct qg_sym *op, uint8_t *data, uint32_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	DO(ctx);
	DO(EVP_CipherInit_ex(ctx, sw_cipher(op->cipher, op->key_len), NULL,
			     op->key, op->iv, !op->decrypt));
	DO(EVP_CIPHER_CTX_set_padding(ctx, 0));
	if (len)
		DO(EVP_CipherUpdate(ctx, data, &n, data, len));
	EVP_CIPHER_CTX_free(ctx);
}

static void sw_run_hash(const struct qg_sym *op, const uint8_t *data,
			uint32_t len, uint8_t *digest)
{
	unsigned int n;

	if (op->hmac)
		DO(HMAC(sw_md(op->hash), op->hkey, op->hkey_len, data, len,
			digest, &n));
	else
		DO(EVP_Digest(data, len, digest, &n, sw_md(op->hash), NULL));
}

/* Encrypts @data where it is */
static void sw_run_aead(const struct qg_sym *op, uint8_t *data, uint32_t len,
			uint8_t *tag)
{
	bool ccm = op->cipher == QG_AEAD_CCM;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	DO(ctx);
	DO(EVP_EncryptInit_ex(ctx, sw_cipher(op->cipher, op->key_len), NULL,
			      NULL, NULL));
	DO(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, op->iv_len, NULL));
	if (ccm)
		DO(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, op->tag_len,
				       NULL));
	DO(EVP_EncryptInit_ex(ctx, NULL, NULL, op->key, op->iv));
	if (ccm)
		DO(EVP_EncryptUpdate(ctx, NULL, &n, NULL, len));
	if (op->aad_len)
		DO(EVP_EncryptUpdate(ctx, NULL, &n, op->aad, op->aad_len));
	if (len || ccm)
		DO(EVP_EncryptUpdate(ctx, data, &n, data, len));
	DO(EVP_EncryptFinal_ex(ctx, data + len, &n));
	DO(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, op->tag_len, tag));
	EVP_CIPHER_CTX_free(ctx);
}

/* Jobs of symmetric cryptography */

struct secrets {
	uint8_t key[64];
	uint8_t iv[16];
	uint8_t hkey[200];
	uint8_t aad[224];
};

static void rnd_secrets(struct qg_sym *op, struct secrets *s)
{
	rnd_fill((void *)s, sizeof(*s));
	op->key = s->key;
	op->iv = s->iv;
	op->hkey = s->hkey;
	op->aad = s->aad;
}

static void rnd_cipher(struct qg_sym *op)
{
	op->decrypt = rnd(2);
	op->key_len = 16 + 8 * rnd(3);
	op->iv_len = op->cipher == QG_ECB ? 0 : 16;
	if (op->cipher == QG_XTS)
		op->key_len = rnd(2) ? 32 : 64;
}

/* Lengths that the cipher takes */
static uint32_t cipher_len(const struct qg_sym *op, uint32_t len)
{
	if (op->cipher == QG_ECB || op->cipher == QG_CBC)
		return len & ~15U;
	if (op->cipher == QG_XTS && len < 16)
		return len + 16;
	return len;
}

/* The digest: to be written, or there already, and sometimes a wrong one */
static void job_tag(struct qg *g, struct job *job, struct qg_sym *op)
{
	op->tag = qg_alloc(g, op->tag_len + GUARD);
	job->tag = op->tag;
	job->tag_len = op->tag_len;
	if (!op->verify) {
		rnd_fill(op->tag, op->tag_len);
		return;
	}
	memcpy(op->tag, job->want_tag, op->tag_len);
	if (!rnd(8)) {
		op->tag[rnd(op->tag_len)] ^= 1 << rnd(8);
		memcpy(job->want_tag, op->tag, op->tag_len);
		job->status = QG_ST_CRYPTO;
	}
}

static void job_cipher(struct qg *g, struct job *job)
{
	static const char * const names[] = {
		[QG_ECB] = "ECB", [QG_CBC] = "CBC", [QG_CTR] = "CTR",
		[QG_CTR_UCS] = "CTR (UCS)", [QG_XTS] = "XTS",
	};
	struct qg_sym op = { .cmd = QG_CIPHER };
	uint8_t data[MAX_LONG + 16];
	struct qg_buf src, dst;
	struct secrets s;

	op.cipher = QG_ECB + rnd(5);
	rnd_secrets(&op, &s);
	rnd_cipher(&op);
	op.c_off = rnd(64);
	op.c_len = cipher_len(&op, rnd_len());
	rnd_fill(data, op.c_len);
	snprintf(job->what, sizeof(job->what), "%s %s, key of %u",
		 names[op.cipher], op.decrypt ? "decrypt" : "encrypt",
		 op.key_len);
	job_buffers(g, job, data, op.c_off, op.c_len, &src, &dst);
	sw_run_cipher(&op, data, op.c_len);
	memcpy(job->want + op.c_off, data, op.c_len);
	qg_sym_request(g, &op, src, dst, job->req);
}

static void job_hash(struct qg *g, struct job *job)
{
	struct qg_sym op = { .cmd = QG_AUTH };
	uint8_t data[MAX_LONG];
	struct qg_buf src, dst;
	struct secrets s;

	rnd_secrets(&op, &s);
	op.hash = QG_SHA1 + rnd(9);
	op.hmac = op.hash <= QG_SHA512 && rnd(2);
	op.hkey_len = rnd(sizeof(s.hkey) + 1);
	op.verify = rnd(2);
	op.tag_len = rnd(4) ? qg_digest_len(op.hash) : 1 + rnd(12);
	op.a_off = rnd(64);
	op.a_len = rnd_len();
	rnd_fill(data, op.a_len);
	snprintf(job->what, sizeof(job->what), "%s %u, %s %u",
		 op.hmac ? "HMAC" : "hash", op.hash,
		 op.verify ? "verify" : "make", op.tag_len);
	job_buffers(g, job, data, op.a_off, op.a_len, &src, &dst);
	sw_run_hash(&op, data, op.a_len, job->want_tag);
	job_tag(g, job, &op);
	qg_sym_request(g, &op, src, dst, job->req);
}

static void job_aead(struct qg *g, struct job *job)
{
	static const uint8_t ccm_tags[] = { 4, 6, 8, 10, 12, 14, 16 };
	struct qg_sym op = { .cmd = QG_CIPHER };
	uint8_t data[MAX_LONG + 16], plain[MAX_LONG];
	struct qg_buf src, dst;
	struct secrets s;

	op.cipher = QG_AEAD_GCM + rnd(3);
	rnd_secrets(&op, &s);
	rnd_cipher(&op);
	op.iv_len = 12;
	op.tag_len = 16;
	op.aad_len = rnd(3) ? rnd(sizeof(s.aad) - 18) : 0;
	op.verify = op.decrypt;
	if (op.cipher == QG_AEAD_CHACHA) {
		op.key_len = 32;
	} else if (op.cipher == QG_AEAD_CCM) {
		op.cmd = op.decrypt ? QG_CIPHER_HASH : QG_HASH_CIPHER;
		op.iv_len = 7 + rnd(6);
		op.tag_len = ccm_tags[rnd(sizeof(ccm_tags))];
	} else if (!rnd(4)) {
		op.tag_len = 4 + rnd(13);
	}
	op.c_off = rnd(64);
	op.c_len = rnd_len();
	op.a_off = op.c_off;
	op.a_len = op.c_len;
	rnd_fill(plain, op.c_len);
	memcpy(data, plain, op.c_len);
	sw_run_aead(&op, data, op.c_len, job->want_tag);
	snprintf(job->what, sizeof(job->what), "AEAD %u %s, key %u, AAD %u, tag %u",
		 op.cipher - QG_AEAD_GCM, op.decrypt ? "decrypt" : "encrypt",
		 op.key_len, op.aad_len, op.tag_len);
	job_buffers(g, job, op.decrypt ? data : plain, op.c_off, op.c_len, &src,
		    &dst);
	memcpy(job->want + op.c_off, op.decrypt ? plain : data, op.c_len);
	job_tag(g, job, &op);
	qg_sym_request(g, &op, src, dst, job->req);
}

/* A header that is hashed and not ciphered, and data */
static void job_chain(struct qg *g, struct job *job)
{
	struct qg_sym op = { .hmac = true };
	uint8_t data[MAX_LONG + 80];
	uint32_t header, start;
	struct qg_buf src, dst;
	struct secrets s;

	rnd_secrets(&op, &s);
	op.cipher = QG_CBC + rnd(2);
	op.hash = QG_SHA1 + rnd(5);
	op.hkey_len = rnd(sizeof(s.hkey) + 1);
	rnd_cipher(&op);
	op.cmd = rnd(2) ? QG_CIPHER_HASH : QG_HASH_CIPHER;
	op.verify = op.decrypt;
	op.tag_len = rnd(4) ? qg_digest_len(op.hash) : 12;
	start = rnd(32);
	header = rnd(48);
	op.a_off = start;
	op.c_off = start + header;
	op.c_len = cipher_len(&op, rnd_len());
	op.a_len = header + op.c_len;
	rnd_fill(data, op.a_len);
	snprintf(job->what, sizeof(job->what), "%s, cipher %u %s, HMAC %u of %u",
		 op.cmd == QG_CIPHER_HASH ? "cipher-hash" : "hash-cipher",
		 op.cipher, op.decrypt ? "decrypt" : "encrypt", op.hash,
		 op.tag_len);
	job_buffers(g, job, data, start, op.a_len, &src, &dst);
	if (op.cmd == QG_HASH_CIPHER)
		sw_run_hash(&op, data, op.a_len, job->want_tag);
	sw_run_cipher(&op, data + header, op.c_len);
	if (op.cmd == QG_CIPHER_HASH)
		sw_run_hash(&op, data, op.a_len, job->want_tag);
	/* Out of place, the header is copied as well */
	memcpy(job->want + start, data, op.a_len);
	job_tag(g, job, &op);
	qg_sym_request(g, &op, src, dst, job->req);
}

static void job_sym(struct qg *g, struct job *job)
{
	static void (* const kinds[])(struct qg *g, struct job *job) = {
		job_cipher, job_hash, job_aead, job_chain,
	};

	kinds[rnd(4)](g, job);
}

/* Jobs of compression */

static void rnd_text(uint8_t *buf, uint32_t len)
{
	uint32_t kind = rnd(4), i, n, from;

	for (i = 0; i < len; i += n) {
		n = 1 + rnd(64);
		if (n > len - i)
			n = len - i;
		from = i ? rnd(i < 32768 ? i : 32768) + 1 : 0;
		if (kind == 0 || (kind < 3 && (!i || !rnd(kind * 4))))
			rnd_fill(buf + i, n);
		else if (kind == 3)
			memset(buf + i, rnd(3), n);
		else
			for (uint32_t k = 0; k < n; k++)
				buf[i + k] = buf[i + k - from];
	}
}

static uint32_t sw_deflate(const uint8_t *in, uint32_t len, uint8_t *out,
			   uint32_t room)
{
	static const int strategies[] = {
		Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED,
	};
	z_stream z = {};

	DO(deflateInit2(&z, rnd(10), Z_DEFLATED, -9 - (int)rnd(7), 1 + rnd(9),
			strategies[rnd(5)]) == Z_OK);
	z.next_in = (uint8_t *)in;
	z.avail_in = len;
	z.next_out = out;
	z.avail_out = room;
	DO(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static void job_dc(struct qg *g, struct job *job)
{
	uint8_t plain[MAX_LONG], packed[MAX_LONG * 2 + 1024];
	struct qg_dc *op = &job->dc;
	struct qg_buf src, dst;
	bool list = rnd(2);
	uint8_t *in;

	job->plain_len = rnd_len();
	rnd_text(plain, job->plain_len);
	job->plain = copy_of(plain, job->plain_len);
	op->cmd = rnd(3);
	op->level = rnd(5);
	op->verify = op->cmd != QG_INFLATE && rnd(2);
	if (op->cmd == QG_INFLATE) {
		in = packed;
		op->in_len = sw_deflate(plain, job->plain_len, packed,
					sizeof(packed));
		op->out_len = job->plain_len + rnd(GUARD);
		job->status = QG_ST_LAST;
	} else {
		in = plain;
		op->in_len = job->plain_len;
		op->out_len = compressBound(op->in_len) + op->in_len / 8 + 64;
	}
	job->src = qg_put(g, in, op->in_len);
	job->same = copy_of(job->src, op->in_len);
	job->size = op->out_len + GUARD;
	job->dst = qg_alloc(g, job->size);
	rnd_fill(job->dst, job->size);
	job->want = copy_of(job->dst, job->size);
	src = list ? fragments(g, job->src, op->in_len) :
	      qg_flat(g, job->src, op->in_len);
	dst = list ? fragments(g, job->dst, job->size) :
	      qg_flat(g, job->dst, job->size);
	snprintf(job->what, sizeof(job->what), "dc %u, level %u, %u to %u%s%s",
		 op->cmd, op->level, op->in_len, op->out_len,
		 op->verify ? ", verified" : "", list ? ", list" : "");
	qg_dc_request(g, op, src, dst, job->req);
}

static bool dc_done(struct __test_metadata *_metadata, struct job *job,
		    const struct qg_resp *r)
{
	uint32_t consumed = qg_u32(r, 16), produced = qg_u32(r, 20);
	z_stream z = {};
	uint8_t *back;
	bool ok;

	if (consumed != job->dc.in_len || produced > job->dc.out_len ||
	    (job->dc.cmd == QG_INFLATE && produced != job->plain_len)) {
		TH_LOG("%s: consumed %u, produced %u", job->what, consumed,
		       produced);
		return false;
	}
	if (qg_u32(r, 24) != crc32_z(0, job->plain, job->plain_len) ||
	    qg_u32(r, 28) != adler32_z(1, job->plain, job->plain_len)) {
		TH_LOG("%s: checksums 0x%08x, 0x%08x", job->what, qg_u32(r, 24),
		       qg_u32(r, 28));
		return false;
	}
	if (job->dc.cmd == QG_INFLATE) {
		memcpy(job->want, job->plain, produced);
		return true;
	}

	/* What it made is good, and of the kind that was asked for */
	back = xmalloc(job->plain_len + 1);
	DO(inflateInit2(&z, -MAX_WBITS) == Z_OK);
	z.next_in = job->dst;
	z.avail_in = produced;
	z.next_out = back;
	z.avail_out = job->plain_len + 1;
	ok = inflate(&z, Z_FINISH) == Z_STREAM_END && !z.avail_in &&
	     z.total_out == job->plain_len &&
	     !memcmp(back, job->plain, job->plain_len);
	if (!ok)
		TH_LOG("%s: cannot be inflated: %s", job->what,
		       z.msg ? z.msg : "other data");
	inflateEnd(&z);
	free(back);
	memcpy(job->want, job->dst, produced);
	return ok;
}

/* Jobs of public keys */

static const struct {
	unsigned int len;
	uint32_t func;
} modexps[] = {
	{ 64, 0x150c2327 }, { 128, 0x2d0c233e }, { 192, 0x410c2355 },
	{ 256, 0x5e12236c },
}, modinvs[] = {
	{ 32, 0x0a062404 }, { 48, 0x0b06240a }, { 64, 0x0c062410 },
	{ 128, 0x1006241c },
};

static const uint32_t rsas[2][3] = {
	{ 0x1c161b21, 0x1c161b3c, 0x1c131b57 },
	{ 0x35111bf7, 0x35111c12, 0x26131c2d },
};

static const struct {
	int nid;
	unsigned int len;
	uint32_t sign, verify, multiply;
} curves[] = {
	{ NID_X9_62_prime256v1, 32, 0x6a3c2fa6, 0x325b3023, 0x432033a6 },
	{ NID_secp384r1, 64, 0x5a2b3127, 0x3553318a, 0x41253419 },
	{ NID_secp521r1, 72, 0x494a329b, 0x554c331f, 0x5511346e },
};

enum { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QINV, RSA_NUM };

static struct {
	BN_CTX *ctx;
	BIGNUM *rsa[2][RSA_NUM];
	EC_GROUP *group[3];
} sw;

static BIGNUM *bn(void)
{
	BIGNUM *b = BN_CTX_get(sw.ctx);

	DO(b);
	return b;
}

static BIGNUM *bn_rnd(unsigned int bytes)
{
	uint8_t buf[512];
	BIGNUM *b = bn();

	rnd_fill(buf, bytes);
	DO(BN_bin2bn(buf, bytes, b));
	return b;
}

/* 0 < b < n */
static BIGNUM *bn_below(const BIGNUM *n)
{
	BIGNUM *b = bn_rnd(BN_num_bytes(n) + 8);

	DO(BN_mod(b, b, n, sw.ctx));
	if (BN_is_zero(b))
		BN_one(b);
	return b;
}

/* From the same numbers for the same seed, unlike libcrypto's own */
static BIGNUM *bn_prime(unsigned int bytes)
{
	BIGNUM *b = BN_new();
	uint8_t buf[128];

	DO(b);
	do {
		rnd_fill(buf, bytes);
		buf[0] |= 0xc0;
		buf[bytes - 1] |= 1;
		DO(BN_bin2bn(buf, bytes, b));
	} while (BN_check_prime(b, sw.ctx, NULL) != 1);
	return b;
}

static void asym_init(void)
{
	unsigned int i, k;
	BIGNUM **r, *p1, *q1;

	sw.ctx = BN_CTX_new();
	DO(sw.ctx);
	BN_CTX_start(sw.ctx);
	p1 = bn();
	q1 = bn();
	for (i = 0; i < 2; i++) {
		r = sw.rsa[i];
		for (k = 0; k < RSA_NUM; k++) {
			r[k] = BN_new();
			DO(r[k]);
		}
		DO(BN_set_word(r[RSA_E], 65537));
		do {
			BN_free(r[RSA_P]);
			BN_free(r[RSA_Q]);
			r[RSA_P] = bn_prime(32 << i);
			r[RSA_Q] = bn_prime(32 << i);
			DO(BN_sub(p1, r[RSA_P], BN_value_one()));
			DO(BN_sub(q1, r[RSA_Q], BN_value_one()));
			DO(BN_mul(r[RSA_N], p1, q1, sw.ctx));
		} while (!BN_cmp(r[RSA_P], r[RSA_Q]) ||
			 !BN_mod_inverse(r[RSA_D], r[RSA_E], r[RSA_N], sw.ctx));
		DO(BN_mul(r[RSA_N], r[RSA_P], r[RSA_Q], sw.ctx));
		DO(BN_mod(r[RSA_DP], r[RSA_D], p1, sw.ctx));
		DO(BN_mod(r[RSA_DQ], r[RSA_D], q1, sw.ctx));
		DO(BN_mod_inverse(r[RSA_QINV], r[RSA_Q], r[RSA_P], sw.ctx));
	}
	BN_CTX_end(sw.ctx);
	for (i = 0; i < 3; i++) {
		sw.group[i] = EC_GROUP_new_by_curve_name(curves[i].nid);
		DO(sw.group[i]);
	}
}

static void asym_exit(void)
{
	unsigned int i, k;

	for (i = 0; i < 2; i++)
		for (k = 0; k < RSA_NUM; k++)
			BN_free(sw.rsa[i][k]);
	for (i = 0; i < 3; i++)
		EC_GROUP_free(sw.group[i]);
	BN_CTX_free(sw.ctx);
}

static void in(struct qg *g, struct job *job, const BIGNUM *b, unsigned int len)
{
	uint8_t buf[512];

	DO(BN_bn2binpad(b, buf, len) >= 0);
	qg_pke_in(g, &job->pke, buf, len, len);
}

static void out(struct qg *g, struct job *job, const BIGNUM *b,
		unsigned int len)
{
	DO(BN_bn2binpad(b, job->want_out[job->pke.num_out], len) >= 0);
	qg_pke_out(g, &job->pke, len);
	rnd_fill(job->pke.out[job->pke.num_out - 1], len);
}

static void job_modexp(struct qg *g, struct job *job)
{
	unsigned int i = rnd(8) ? rnd(2) : rnd(4), len = modexps[i].len;
	BIGNUM *m = bn_rnd(len), *e = bn_rnd(len), *b, *r = bn();

	DO(BN_set_bit(m, len * 8 - 1) && BN_set_bit(m, 0));
	b = bn_below(m);
	DO(BN_mod_exp(r, b, e, m, sw.ctx));
	snprintf(job->what, sizeof(job->what), "modexp %u", len * 8);
	qg_pke_init(&job->pke, modexps[i].func);
	in(g, job, b, len);
	in(g, job, e, len);
	in(g, job, m, len);
	out(g, job, r, len);
}

static void job_modinv(struct qg *g, struct job *job)
{
	unsigned int i = rnd(ARRAY_SIZE(modinvs)), len = modinvs[i].len;
	BIGNUM *m, *b, *r = bn();

	do {
		m = bn_rnd(len);
		DO(BN_set_bit(m, len * 8 - 1) && BN_set_bit(m, 0));
		b = bn_below(m);
	} while (!BN_mod_inverse(r, b, m, sw.ctx));
	snprintf(job->what, sizeof(job->what), "modinv %u", len * 8);
	qg_pke_init(&job->pke, modinvs[i].func);
	in(g, job, b, len);
	in(g, job, m, len);
	out(g, job, r, len);
}

static void job_rsa(struct qg *g, struct job *job)
{
	unsigned int i = rnd(2), kind = rnd(3), len = 64 << i, k;
	BIGNUM **key = sw.rsa[i], *m = bn_below(key[RSA_N]), *r = bn();

	DO(BN_mod_exp(r, m, kind ? key[RSA_D] : key[RSA_E], key[RSA_N],
		      sw.ctx));
	snprintf(job->what, sizeof(job->what), "RSA %u, kind %u", len * 8,
		 kind);
	qg_pke_init(&job->pke, rsas[i][kind]);
	in(g, job, m, len);
	if (kind == 2) {
		for (k = RSA_P; k < RSA_NUM; k++)
			in(g, job, key[k], len / 2);
	} else {
		in(g, job, kind ? key[RSA_D] : key[RSA_E], len);
		in(g, job, key[RSA_N], len);
	}
	out(g, job, r, len);
}

static void job_ec(struct qg *g, struct job *job)
{
	unsigned int i = rnd(3), kind = rnd(3), len = curves[i].len;
	BIGNUM *p = bn(), *a = bn(), *b = bn(), *gx = bn(), *gy = bn();
	BIGNUM *d, *e, *k, *qx = bn(), *qy = bn(), *r = bn(), *s = bn();
	BIGNUM *inverse = bn();
	const EC_GROUP *group = sw.group[i];
	const BIGNUM *n = EC_GROUP_get0_order(group);
	EC_POINT *pt = EC_POINT_new(group);

	DO(pt);
	d = bn_below(n);
	e = bn_below(n);
	k = bn_below(n);
	DO(EC_GROUP_get_curve(group, p, a, b, sw.ctx));
	DO(EC_POINT_get_affine_coordinates(group,
					   EC_GROUP_get0_generator(group), gx,
					   gy, sw.ctx));
	DO(EC_POINT_mul(group, pt, d, NULL, NULL, sw.ctx));
	DO(EC_POINT_get_affine_coordinates(group, pt, qx, qy, sw.ctx));
	snprintf(job->what, sizeof(job->what), "curve %u, kind %u", i, kind);

	if (kind == 0) {
		/* k times the point */
		DO(EC_POINT_mul(group, pt, NULL, pt, k, sw.ctx));
		DO(EC_POINT_get_affine_coordinates(group, pt, r, s, sw.ctx));
		qg_pke_init(&job->pke, curves[i].multiply);
		in(g, job, k, len);
		in(g, job, qx, len);
		in(g, job, qy, len);
		in(g, job, a, len);
		in(g, job, b, len);
		in(g, job, p, len);
		in(g, job, BN_value_one(), len);
		out(g, job, r, len);
		out(g, job, s, len);
		EC_POINT_free(pt);
		return;
	}

	DO(EC_POINT_mul(group, pt, k, NULL, NULL, sw.ctx));
	DO(EC_POINT_get_affine_coordinates(group, pt, r, NULL, sw.ctx));
	EC_POINT_free(pt);
	DO(BN_nnmod(r, r, n, sw.ctx));
	DO(BN_mod_mul(s, d, r, n, sw.ctx));
	DO(BN_mod_add(s, s, e, n, sw.ctx));
	DO(BN_mod_inverse(inverse, k, n, sw.ctx));
	DO(BN_mod_mul(s, s, inverse, n, sw.ctx));

	if (kind == 1) {
		qg_pke_init(&job->pke, curves[i].sign);
		in(g, job, d, len);
		in(g, job, e, len);
		in(g, job, k, len);
		in(g, job, b, len);
		in(g, job, a, len);
		in(g, job, p, len);
		in(g, job, n, len);
		in(g, job, gy, len);
		in(g, job, gx, len);
		out(g, job, r, len);
		out(g, job, s, len);
	} else {
		if (!rnd(4)) {
			DO(BN_add(e, e, BN_value_one()));
			job->status = 1;
		}
		qg_pke_init(&job->pke, curves[i].verify);
		in(g, job, p, len);
		in(g, job, b, len);
		in(g, job, a, len);
		in(g, job, qy, len);
		in(g, job, qx, len);
		in(g, job, gy, len);
		in(g, job, gx, len);
		in(g, job, n, len);
		in(g, job, r, len);
		in(g, job, s, len);
		in(g, job, e, len);
	}
	job->pke.packed = true;
}

static void job_asym(struct qg *g, struct job *job)
{
	static void (* const kinds[])(struct qg *g, struct job *job) = {
		job_modexp, job_modinv, job_rsa, job_ec,
	};

	BN_CTX_start(sw.ctx);
	kinds[rnd(4)](g, job);
	BN_CTX_end(sw.ctx);
	qg_pke_request(g, &job->pke, job->req);
}

/* All together */

static bool job_done(struct __test_metadata *_metadata, struct qg *g,
		     struct job *job, const struct qg_resp *r)
{
	uint8_t status = g->service == QG_ASYM ? qg_pke_failed(r) :
			 qg_status(r);
	unsigned int i;

	if (memcmp(r->raw + 8, job->req + 24, 8)) {
		TH_LOG("%s: another one's response", job->what);
		return false;
	}
	if (status != job->status) {
		TH_LOG("%s: status 0x%02x, not 0x%02x", job->what, status,
		       job->status);
		return false;
	}
	if (g->service == QG_ASYM) {
		for (i = 0; i < job->pke.num_out; i++)
			if (!job_same(_metadata, job, "a number",
				      job->pke.out[i], job->want_out[i],
				      job->pke.out_len[i]))
				return false;
		return true;
	}
	if (g->service == QG_DC && !dc_done(_metadata, job, r))
		return false;
	/* What a wrong digest came with is nobody's */
	if (job->status == QG_ST_CRYPTO)
		return true;
	return job_same(_metadata, job, "the result", job->dst, job->want,
			job->size) &&
	       (!job->same ||
		job_same(_metadata, job, "the source", job->src, job->same,
			 g->service == QG_DC ? job->dc.in_len : job->size)) &&
	       job_same(_metadata, job, "the digest", job->tag, job->want_tag,
			job->tag_len);
}

static void run_jobs(struct __test_metadata *_metadata, struct qg *g,
		     unsigned int num,
		     void (*make)(struct qg *g, struct job *job))
{
	static struct job jobs[BATCH];
	unsigned int done, batch, i, bad = 0;
	struct qg_resp r;

	for (done = 0; done < num; done += batch) {
		batch = 1 + rnd(BATCH);
		if (batch > num - done)
			batch = num - done;
		qg_free_all(g);
		for (i = 0; i < batch; i++) {
			/* A long one fits once in a while */
			if (g->heap > QG_MEM_SIZE - 8 * MAX_LONG) {
				batch = i;
				break;
			}
			make(g, &jobs[i]);
			qg_post(g, jobs[i].req);
		}
		for (i = 0; i < batch; i++) {
			ASSERT_EQ(0, qg_wait(g, &r, QG_TIMEOUT_MS)) {
				TH_LOG("%s: no response", jobs[i].what);
			}
			bad += !job_done(_metadata, g, &jobs[i], &r);
			job_free(&jobs[i]);
		}
		/* More of the same tell nothing new */
		ASSERT_GT(10, bad);
	}
	EXPECT_EQ(0, bad);
	TH_LOG("%u operations, %u wrong", done, bad);
}

FIXTURE(random)
{
	struct vdev vdev;
	struct qg g;
};

FIXTURE_VARIANT(random)
{
	const char *type;
	enum vdev_mode mode;
	unsigned int num;
	void (*make)(struct qg *g, struct job *job);
};

#define RANDOM_VARIANT(kind, count)					\
	FIXTURE_VARIANT_ADD(random, container_##kind) {			\
		.type = "vqat_" #kind, .mode = VDEV_CONTAINER,		\
		.num = count, .make = job_##kind,			\
	};								\
	FIXTURE_VARIANT_ADD(random, iommufd_##kind) {			\
		.type = "vqat_" #kind, .mode = VDEV_IOMMUFD,		\
		.num = count, .make = job_##kind,			\
	}

RANDOM_VARIANT(sym, NUM_SYM);
RANDOM_VARIANT(asym, NUM_ASYM);
RANDOM_VARIANT(dc, NUM_DC);

FIXTURE_SETUP(random)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
	seed_from_env(_metadata);
	if (self->g.service == QG_ASYM)
		asym_init();
}

FIXTURE_TEARDOWN(random)
{
	if (self->g.mem && self->g.service == QG_ASYM)
		asym_exit();
	qg_exit(&self->g);
	vdev_cleanup(&self->vdev);
}

TEST_F_TIMEOUT(random, operations, 280)
{
	run_jobs(_metadata, &self->g, variant->num, variant->make);
}

#else /* HAVE_LIBS */

TEST(operations)
{
	SKIP(return, "built without libcrypto and zlib, or their headers");
}

#endif

TEST_HARNESS_MAIN
