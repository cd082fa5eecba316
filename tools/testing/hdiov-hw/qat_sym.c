/*
 * Emulated QAT 2.0 (4xxx): symmetric cryptography
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A request names a content descriptor, which holds keys, initial or
 * precomputed hash states and the slices' configuration words, and a buffer.
 * Data goes through the cipher and the hash slice in the command's order.
 */

#include "qemu/osdep.h"
/*
 * The card takes a hash from the middle on, with the state as input. Only
 * libcrypto's low-level functions can, which it calls deprecated.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include "qat.h"

/* Service specific flags */
#define LA_PARTIAL(f)           extract32(f, 0, 2)
#define   PARTIAL_NONE              0
#define   PARTIAL_START             1
#define   PARTIAL_END               2
#define LA_IV_INLINE            BIT(2)
#define LA_CFG_IN_SHRAM         BIT(3)
#define LA_UPDATE_STATE         BIT(4)
#define LA_RET_AUTH             BIT(5)
#define LA_CMP_AUTH             BIT(6)
#define LA_PROTO(f)             extract32(f, 7, 3)
#define   PROTO_NONE                0
#define   PROTO_CCM                 1
#define   PROTO_GCM                 2
#define LA_DIGEST_IN_BUFFER     BIT(10)
#define LA_GCM_IV_12            BIT(11)
#define LA_ZUC                  BIT(12)
#define LA_SINGLE_PASS          BIT(13)
#define LA_SLICE(f)             extract32(f, 14, 2)
#define   SLICE_LEGACY              0
#define   SLICE_UCS                 1

/* Request, beyond what all services have */
#define LA_CIPHER_OFF           56
#define LA_CIPHER_LEN           60
#define LA_IV                   64
#define LA_SPC_AAD_OFF          80
#define LA_SPC_AAD_LEN          84
#define LA_SPC_AAD_ADDR         88
#define LA_SPC_TAG_ADDR         96
#define LA_SPC_TAG_LEN          107
#define LA_AUTH_OFF             80
#define LA_AUTH_LEN             84
#define LA_DIGEST_ADDR          96
#define LA_DIGEST_LEN           107
#define LA_CIPHER_CFG_OFF       110     /* offsets in quadwords */
#define LA_HASH_FLAGS           113
#define   HASH_FLAG_NESTED          BIT(0)
#define   HASH_FLAG_MODE2           BIT(5)
#define LA_HASH_FINAL_SIZE      118
#define LA_STATE1_SIZE          121
#define LA_STATE_COUNTER        8       /* before a state in memory */
#define LA_STATE2_OFF           122

#define LA_CD_INLINE            16
#define LA_AAD_MAX              16383
#define LA_IV_SIZE              16
#define LA_BLOCK                16

/* Cipher configuration word */
#define CIPHER_ALGO(v)          extract32(v, 0, 4)
#define   ALGO_NULL                 0
#define   ALGO_AES128               3
#define   ALGO_AES192               4
#define   ALGO_AES256               5
#define   ALGO_SM4                  10
#define   ALGO_CHACHA               11
#define CIPHER_MODE(v)          extract32(v, 4, 4)
#define   MODE_ECB                  0
#define   MODE_CBC                  1
#define   MODE_CTR                  2
#define   MODE_AEAD                 4
#define   MODE_CCM                  5
#define   MODE_XTS                  6
#define CIPHER_DECRYPT(v)       extract32(v, 8, 1)
#define CIPHER_CONVERT(v)       extract32(v, 9, 1)

/* 0 is success; the bits of the response's status otherwise */
#define E_UNSUPPORTED           (STATUS_CRYPTO | STATUS_UNSUPPORTED)
#define E_INVALID               (STATUS_CRYPTO | STATUS_INVALID)
#define E_CRYPTO                STATUS_CRYPTO

typedef struct QATSym {
    QATJob *job;
    const uint8_t *req;
    uint8_t cmd;
    uint16_t flags;
    bool in_place;

    uint8_t cd[LA_CD_MAX];
    uint32_t cd_len;
    bool in_table;              /* configuration words are, of constants: */
    uint8_t table[ADMIN_CONSTANTS_SIZE];

    /* cipher */
    uint32_t c_off, c_len;
    uint8_t iv[LA_IV_SIZE];
    uint32_t c_cfg;
    const uint8_t *key;
    uint32_t key_len;

    /* hash */
    uint32_t a_off, a_len;
    uint32_t h_cfg;
    uint32_t h_done;            /* bytes that state 1 is of */
    const uint8_t *state1;
    uint32_t state1_len;
    const uint8_t *state2;
    uint32_t state2_len;
    uint64_t digest_addr;
    uint32_t digest_len;
    uint8_t digest[EVP_MAX_MD_SIZE];
    uint8_t tag[LA_BLOCK];

    QATBuf src;
    QATBuf dst;
    uint8_t *data;              /* the buffer's first data_len bytes */
    uint64_t data_len;
} QATSym;

/* Ciphers */

static const EVP_CIPHER *qat_evp_cipher(uint32_t algo, uint32_t mode)
{
    switch (algo << 4 | mode) {
    case ALGO_AES128 << 4 | MODE_ECB:
        return EVP_aes_128_ecb();
    case ALGO_AES192 << 4 | MODE_ECB:
        return EVP_aes_192_ecb();
    case ALGO_AES256 << 4 | MODE_ECB:
        return EVP_aes_256_ecb();
    case ALGO_AES128 << 4 | MODE_CBC:
        return EVP_aes_128_cbc();
    case ALGO_AES192 << 4 | MODE_CBC:
        return EVP_aes_192_cbc();
    case ALGO_AES256 << 4 | MODE_CBC:
        return EVP_aes_256_cbc();
    case ALGO_AES128 << 4 | MODE_CTR:
        return EVP_aes_128_ctr();
    case ALGO_AES192 << 4 | MODE_CTR:
        return EVP_aes_192_ctr();
    case ALGO_AES256 << 4 | MODE_CTR:
        return EVP_aes_256_ctr();
    case ALGO_AES128 << 4 | MODE_XTS:
        return EVP_aes_128_xts();
    case ALGO_AES256 << 4 | MODE_XTS:
        return EVP_aes_256_xts();
    case ALGO_AES128 << 4 | MODE_AEAD:
        return EVP_aes_128_gcm();
    case ALGO_AES192 << 4 | MODE_AEAD:
        return EVP_aes_192_gcm();
    case ALGO_AES256 << 4 | MODE_AEAD:
        return EVP_aes_256_gcm();
    case ALGO_AES128 << 4 | MODE_CCM:
        return EVP_aes_128_ctr();
    case ALGO_AES192 << 4 | MODE_CCM:
        return EVP_aes_192_ctr();
    case ALGO_AES256 << 4 | MODE_CCM:
        return EVP_aes_256_ctr();
    case ALGO_SM4 << 4 | MODE_ECB:
        return EVP_sm4_ecb();
    case ALGO_SM4 << 4 | MODE_CBC:
        return EVP_sm4_cbc();
    case ALGO_SM4 << 4 | MODE_CTR:
        return EVP_sm4_ctr();
    case ALGO_CHACHA << 4 | MODE_CTR:
        return EVP_chacha20_poly1305();
    }
    return NULL;
}

static uint8_t qat_cipher_parse(QATSym *q)
{
    uint32_t off = q->req[LA_CIPHER_CFG_OFF] * 8;
    uint32_t hdr = LA_SLICE(q->flags) == SLICE_UCS ? 16 : 8;
    const EVP_CIPHER *evp;

    if (off + hdr > (q->in_table ? sizeof(q->table) : q->cd_len)) {
        return E_INVALID;
    }
    q->c_cfg = ldl_le_p((q->in_table ? q->table : q->cd) + off);
    if (q->in_table) {
        /* The descriptor begins with the key */
        off = hdr = 0;
    }
    q->key = q->cd + off + hdr;
    if (CIPHER_ALGO(q->c_cfg) == ALGO_NULL) {
        return 0;
    }
    evp = qat_evp_cipher(CIPHER_ALGO(q->c_cfg), CIPHER_MODE(q->c_cfg));
    if (!evp) {
        return E_UNSUPPORTED;
    }
    q->key_len = EVP_CIPHER_get_key_length(evp);
    if (CIPHER_MODE(q->c_cfg) == MODE_XTS &&
        LA_SLICE(q->flags) == SLICE_UCS) {
        q->key_len /= 2;
    }
    if (off + hdr + q->key_len > q->cd_len) {
        return E_INVALID;
    }
    return 0;
}

/* XTS of the UCS slice */

static uint8_t qat_gf_mul2(uint8_t v)
{
    return v << 1 ^ (v >> 7 ? 0x1b : 0);
}

/* AES's substitution: the inverse in GF(2^8), then an affine map */
static uint8_t qat_aes_sub(uint8_t v)
{
    uint8_t inv = 1, r;
    int i, bit;

    /* v^254 */
    for (i = 0; i < 254; i++) {
        uint8_t product = 0, a = inv;

        for (bit = 0; bit < 8; bit++) {
            product ^= v & BIT(bit) ? a : 0;
            a = qat_gf_mul2(a);
        }
        inv = product;
    }
    r = inv;
    for (i = 1; i < 5; i++) {
        r ^= inv << i | inv >> (8 - i);
    }
    return r ^ 0x63;
}

static uint32_t qat_aes_sub_word(uint32_t w)
{
    return qat_aes_sub(w) | qat_aes_sub(w >> 8) << 8 |
           qat_aes_sub(w >> 16) << 16 | (uint32_t)qat_aes_sub(w >> 24) << 24;
}

/*
 * The key whose schedule ends with the round keys in @last, the very last one
 * first: without conversion, decryption begins with these.
 */
static void qat_aes_key_from_last(const uint8_t *last, uint32_t key_len,
                                  uint8_t *key)
{
    uint32_t nk = key_len / 4, n = 4 * (nk + 7);
    uint32_t w[60];
    uint8_t rcon[16] = { 0, 1 };
    int i;

    for (i = 2; i < ARRAY_SIZE(rcon); i++) {
        rcon[i] = qat_gf_mul2(rcon[i - 1]);
    }
    for (i = 0; i < 4; i++) {
        w[n - 4 + i] = ldl_be_p(last + 4 * i);
        if (nk == 8) {
            w[n - 8 + i] = ldl_be_p(last + LA_BLOCK + 4 * i);
        }
    }
    for (i = n - 1; i >= nk; i--) {
        uint32_t t = w[i - 1];

        if (i % nk == 0) {
            t = qat_aes_sub_word(rol32(t, 8)) ^ (uint32_t)rcon[i / nk] << 24;
        } else if (nk == 8 && i % nk == 4) {
            t = qat_aes_sub_word(t);
        }
        w[i - nk] = w[i] ^ t;
    }
    for (i = 0; i < nk; i++) {
        stl_be_p(key + 4 * i, w[i]);
    }
}

static bool qat_xts_block(EVP_CIPHER_CTX *ctx, uint8_t *block,
                          const uint8_t *tweak)
{
    int i, n;

    for (i = 0; i < LA_BLOCK; i++) {
        block[i] ^= tweak[i];
    }
    if (!EVP_CipherUpdate(ctx, block, &n, block, LA_BLOCK)) {
        return false;
    }
    for (i = 0; i < LA_BLOCK; i++) {
        block[i] ^= tweak[i];
    }
    return true;
}

static void qat_xts_next(uint8_t *tweak)
{
    uint64_t lo = ldq_le_p(tweak), hi = ldq_le_p(tweak + 8);

    stq_le_p(tweak, lo << 1 ^ (hi >> 63 ? 0x87 : 0));
    stq_le_p(tweak + 8, hi << 1 | lo >> 63);
}

/*
 * One key alone, and as IV the tweak as it is after encryption with the other
 * one, which software does.
 */
static uint8_t qat_xts_ucs(QATSym *q, bool encrypt)
{
    uint32_t algo = CIPHER_ALGO(q->c_cfg), rest = q->c_len % LA_BLOCK;
    uint8_t *data = q->data + q->c_off, *end = data + q->c_len - rest;
    uint8_t key[32], tweak[LA_BLOCK], next[LA_BLOCK], *p;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok;
    int i;

    if (encrypt || CIPHER_CONVERT(q->c_cfg)) {
        memcpy(key, q->key, q->key_len);
    } else {
        qat_aes_key_from_last(q->key, q->key_len, key);
    }
    ok = ctx && EVP_CipherInit_ex(ctx, qat_evp_cipher(algo, MODE_ECB), NULL,
                                  key, NULL, encrypt) &&
         EVP_CIPHER_CTX_set_padding(ctx, 0);
    memcpy(tweak, q->iv, sizeof(tweak));
    for (p = data; ok && p < end - (rest ? LA_BLOCK : 0); p += LA_BLOCK) {
        ok = qat_xts_block(ctx, p, tweak);
        qat_xts_next(tweak);
    }
    if (ok && rest) {
        /* The last whole block lends its end to the rest */
        memcpy(next, tweak, sizeof(next));
        qat_xts_next(next);
        ok = qat_xts_block(ctx, p, encrypt ? tweak : next);
        for (i = 0; i < rest; i++) {
            uint8_t v = p[i];

            p[i] = end[i];
            end[i] = v;
        }
        ok = ok && qat_xts_block(ctx, p, encrypt ? next : tweak);
    }
    EVP_CIPHER_CTX_free(ctx);
    return ok ? 0 : E_INVALID;
}

static uint8_t qat_cipher_run(QATSym *q)
{
    uint32_t algo = CIPHER_ALGO(q->c_cfg), mode = CIPHER_MODE(q->c_cfg);
    bool encrypt = mode == MODE_CTR || !CIPHER_DECRYPT(q->c_cfg);
    uint8_t *data = q->data + q->c_off;
    EVP_CIPHER_CTX *ctx;
    uint8_t ret = 0;
    int n;

    if (algo == ALGO_NULL || !q->c_len) {
        return 0;
    }
    if (mode == MODE_AEAD || mode == MODE_CCM || algo == ALGO_CHACHA) {
        return E_UNSUPPORTED;
    }
    if (((mode == MODE_ECB || mode == MODE_CBC) && q->c_len % LA_BLOCK) ||
        (mode == MODE_XTS && q->c_len < LA_BLOCK)) {
        return E_INVALID;
    }
    if (mode == MODE_XTS && LA_SLICE(q->flags) == SLICE_UCS) {
        return qat_xts_ucs(q, encrypt);
    }
    if ((!encrypt && !CIPHER_CONVERT(q->c_cfg))) {
        return E_INVALID;
    }

    ctx = EVP_CIPHER_CTX_new();
    if (!ctx ||
        !EVP_CipherInit_ex(ctx, qat_evp_cipher(algo, mode), NULL, q->key,
                           q->iv, encrypt) ||
        !EVP_CIPHER_CTX_set_padding(ctx, 0) ||
        !EVP_CipherUpdate(ctx, data, &n, data, q->c_len)) {
        ret = E_INVALID;
    }
    EVP_CIPHER_CTX_free(ctx);
    return ret;
}

/*
 * GCM and ChaCha20-Poly1305. The digest is left in q->digest, or compared
 * with what is there.
 */
static uint8_t qat_aead_run(QATSym *q, const EVP_CIPHER *evp, bool encrypt,
                            const uint8_t *aad, uint32_t aad_len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *data = q->data + q->c_off;
    uint8_t ret = E_INVALID;
    int n;

    if (q->digest_len < 1 || q->digest_len > LA_BLOCK) {
        goto out;
    }
    if (!ctx || !EVP_CipherInit_ex(ctx, evp, NULL, q->key, q->iv, encrypt) ||
        (!encrypt &&
         !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, q->digest_len,
                              q->digest)) ||
        (aad_len && !EVP_CipherUpdate(ctx, NULL, &n, aad, aad_len)) ||
        (q->c_len && !EVP_CipherUpdate(ctx, data, &n, data, q->c_len))) {
        goto out;
    }
    ret = EVP_CipherFinal_ex(ctx, data + q->c_len, &n) ? 0 : E_CRYPTO;
    if (!ret && encrypt &&
        !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, LA_BLOCK,
                             q->digest)) {
        ret = E_INVALID;
    }
out:
    EVP_CIPHER_CTX_free(ctx);
    return ret;
}

static uint8_t qat_gcm_iv(QATSym *q)
{
    /* The whole first counter block: libcrypto cannot begin with any other */
    if (!(q->flags & LA_GCM_IV_12) && ldl_be_p(q->iv + 12) != 1) {
        return E_UNSUPPORTED;
    }
    return 0;
}

/* Hashes */

static const EVP_MD *qat_evp_md(uint32_t algo)
{
    switch (algo) {
    case HASH_SM3:
        return EVP_sm3();
    case HASH_SHA3_224:
        return EVP_sha3_224();
    case HASH_SHA3_256:
        return EVP_sha3_256();
    case HASH_SHA3_384:
        return EVP_sha3_384();
    case HASH_SHA3_512:
        return EVP_sha3_512();
    }
    return NULL;
}

/* A hash with state, which is big endian in memory (MD5: little) */
typedef struct QATHash {
    uint32_t algo;
    union {
        MD5_CTX md5;
        SHA_CTX sha1;
        SHA256_CTX sha256;
        SHA512_CTX sha512;
    };
} QATHash;

static const struct {
    uint32_t state;
    uint32_t block;
    uint32_t digest;
} qat_hash_sizes[] = {
    [HASH_SHA1] = { 20, 64, 20 },
    [HASH_MD5] = { 16, 64, 16 },
    [HASH_SHA224] = { 32, 64, 28 },
    [HASH_SHA256] = { 32, 64, 32 },
    [HASH_SHA384] = { 64, 128, 48 },
    [HASH_SHA512] = { 64, 128, 64 },
};

static void qat_hash_load(QATHash *h, uint32_t algo, const uint8_t *state,
                          uint64_t done)
{
    int i;

    memset(h, 0, sizeof(*h));
    h->algo = algo;
    switch (algo) {
    case HASH_MD5:
        MD5_Init(&h->md5);
        h->md5.A = ldl_le_p(state);
        h->md5.B = ldl_le_p(state + 4);
        h->md5.C = ldl_le_p(state + 8);
        h->md5.D = ldl_le_p(state + 12);
        h->md5.Nl = done << 3;
        h->md5.Nh = done >> 29;
        break;
    case HASH_SHA1:
        SHA1_Init(&h->sha1);
        h->sha1.h0 = ldl_be_p(state);
        h->sha1.h1 = ldl_be_p(state + 4);
        h->sha1.h2 = ldl_be_p(state + 8);
        h->sha1.h3 = ldl_be_p(state + 12);
        h->sha1.h4 = ldl_be_p(state + 16);
        h->sha1.Nl = done << 3;
        h->sha1.Nh = done >> 29;
        break;
    case HASH_SHA224:
    case HASH_SHA256:
        if (algo == HASH_SHA224) {
            SHA224_Init(&h->sha256);
        } else {
            SHA256_Init(&h->sha256);
        }
        for (i = 0; i < 8; i++) {
            h->sha256.h[i] = ldl_be_p(state + 4 * i);
        }
        h->sha256.Nl = done << 3;
        h->sha256.Nh = done >> 29;
        break;
    default:
        if (algo == HASH_SHA384) {
            SHA384_Init(&h->sha512);
        } else {
            SHA512_Init(&h->sha512);
        }
        for (i = 0; i < 8; i++) {
            h->sha512.h[i] = ldq_be_p(state + 8 * i);
        }
        h->sha512.Nl = done * 8;
        break;
    }
}

/* Whole blocks */
static void qat_hash_update(QATHash *h, const uint8_t *data, uint32_t len)
{
    switch (h->algo) {
    case HASH_MD5:
        MD5_Update(&h->md5, data, len);
        break;
    case HASH_SHA1:
        SHA1_Update(&h->sha1, data, len);
        break;
    case HASH_SHA224:
    case HASH_SHA256:
        SHA256_Update(&h->sha256, data, len);
        break;
    default:
        SHA512_Update(&h->sha512, data, len);
        break;
    }
}

/* The opposite of loading */
static void qat_hash_save(const QATHash *h, uint8_t *state)
{
    int i;

    switch (h->algo) {
    case HASH_MD5:
        stl_le_p(state, h->md5.A);
        stl_le_p(state + 4, h->md5.B);
        stl_le_p(state + 8, h->md5.C);
        stl_le_p(state + 12, h->md5.D);
        break;
    case HASH_SHA1:
        stl_be_p(state, h->sha1.h0);
        stl_be_p(state + 4, h->sha1.h1);
        stl_be_p(state + 8, h->sha1.h2);
        stl_be_p(state + 12, h->sha1.h3);
        stl_be_p(state + 16, h->sha1.h4);
        break;
    case HASH_SHA224:
    case HASH_SHA256:
        for (i = 0; i < 8; i++) {
            stl_be_p(state + 4 * i, h->sha256.h[i]);
        }
        break;
    default:
        for (i = 0; i < 8; i++) {
            stq_be_p(state + 8 * i, h->sha512.h[i]);
        }
        break;
    }
}

static void qat_hash_finish(QATHash *h, const uint8_t *data, uint32_t len,
                            uint8_t *out)
{
    qat_hash_update(h, data, len);
    switch (h->algo) {
    case HASH_MD5:
        MD5_Final(out, &h->md5);
        break;
    case HASH_SHA1:
        SHA1_Final(out, &h->sha1);
        break;
    case HASH_SHA224:
    case HASH_SHA256:
        SHA256_Final(out, &h->sha256);
        break;
    default:
        SHA512_Final(out, &h->sha512);
        break;
    }
}

/*
 * A part of a message: behind the first one the state is in memory, after its
 * counter, and it is there again for the next one.
 */
static uint8_t qat_hash_part(QATSym *q, QATHash *h, uint32_t algo,
                             const uint8_t *data, bool *done)
{
    uint32_t part = LA_PARTIAL(q->flags), size = q->req[LA_STATE1_SIZE];
    uint64_t addr = ldq_le_p(q->req + LA_AAD_ADDR);
    uint8_t state[LA_STATE_COUNTER + EVP_MAX_MD_SIZE] = {};

    if (size < qat_hash_sizes[algo].state || size > EVP_MAX_MD_SIZE) {
        return E_INVALID;
    }
    if (part == PARTIAL_START) {
        addr -= LA_STATE_COUNTER + size;
    } else {
        if (!qat_dma_read(q->job, addr, state, LA_STATE_COUNTER + size)) {
            return E_INVALID;
        }
        q->h_done = ldl_be_p(state);
        if (q->h_done % qat_hash_sizes[algo].block) {
            return E_INVALID;
        }
        qat_hash_load(h, algo, state + LA_STATE_COUNTER, q->h_done);
    }
    *done = part == PARTIAL_END;
    if (*done) {
        return 0;
    }
    if (q->a_len % qat_hash_sizes[algo].block) {
        return E_INVALID;
    }
    qat_hash_update(h, data, q->a_len);
    stl_be_p(state, q->h_done + q->a_len);
    qat_hash_save(h, state + LA_STATE_COUNTER);
    if ((q->flags & LA_UPDATE_STATE) &&
        !qat_dma_write(q->job, addr, state, LA_STATE_COUNTER + size)) {
        return E_INVALID;
    }
    return 0;
}

/* Plain, or HMAC from the states behind the inner and the outer key block */
static uint8_t qat_hash_state(QATSym *q, uint32_t algo, const uint8_t *data)
{
    uint32_t state = qat_hash_sizes[algo].state;
    uint32_t block = qat_hash_sizes[algo].block;
    uint32_t mode = HASH_MODE(q->h_cfg);
    uint8_t inner[EVP_MAX_MD_SIZE], ret;
    bool done = true;
    QATHash h;

    if (mode > 1) {
        return E_UNSUPPORTED;
    }
    if (mode) {
        q->h_done = block;
    }
    if (q->state1_len < state || q->h_done % block ||
        q->h_done > QAT_MAX_DATA || (mode && q->state2_len < state) ||
        q->digest_len > qat_hash_sizes[algo].digest) {
        return E_INVALID;
    }
    qat_hash_load(&h, algo, q->state1, q->h_done);
    if (LA_PARTIAL(q->flags) != PARTIAL_NONE) {
        ret = qat_hash_part(q, &h, algo, data, &done);
        if (ret || !done) {
            return ret;
        }
    }
    qat_hash_finish(&h, data, q->a_len, inner);
    if (mode) {
        qat_hash_load(&h, algo, q->state2, block);
        qat_hash_finish(&h, inner, qat_hash_sizes[algo].digest, q->digest);
    } else {
        memcpy(q->digest, inner, sizeof(inner));
    }
    return 0;
}

/* SHA-3 and SM3; mode 2 is HMAC with the padded key as prefix in memory */
static uint8_t qat_hash_evp(QATSym *q, uint32_t algo, const uint8_t *data)
{
    const EVP_MD *md = qat_evp_md(algo);
    uint32_t mode = HASH_MODE(q->h_cfg);
    uint32_t block = EVP_MD_get_block_size(md);
    uint8_t pad[144], inner[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx;
    uint8_t ret = 0;
    bool ok;
    int i;

    if (q->digest_len > EVP_MD_get_size(md)) {
        return E_INVALID;
    }
    if (mode == 0) {
        return EVP_Digest(data, q->a_len, q->digest, NULL, md, NULL) ?
               0 : E_CRYPTO;
    }
    if (mode != 2 || block > sizeof(pad) ||
        !(q->req[LA_HASH_FLAGS] & HASH_FLAG_MODE2)) {
        return E_UNSUPPORTED;
    }
    if (q->req[LA_AAD_LEN] != block ||
        !qat_dma_read(q->job, ldq_le_p(q->req + LA_AAD_ADDR), pad, block)) {
        return E_INVALID;
    }

    ctx = EVP_MD_CTX_new();
    for (i = 0; i < block; i++) {
        pad[i] ^= 0x36;
    }
    ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) &&
         EVP_DigestUpdate(ctx, pad, block) &&
         EVP_DigestUpdate(ctx, data, q->a_len) &&
         EVP_DigestFinal_ex(ctx, inner, NULL);
    for (i = 0; i < block; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    ok = ok && EVP_DigestInit_ex(ctx, md, NULL) &&
         EVP_DigestUpdate(ctx, pad, block) &&
         EVP_DigestUpdate(ctx, inner, EVP_MD_get_size(md)) &&
         EVP_DigestFinal_ex(ctx, q->digest, NULL);
    if (!ok) {
        ret = E_CRYPTO;
    }
    EVP_MD_CTX_free(ctx);
    return ret;
}

/* Chain whole blocks through a CBC context; @mac gets the last one */
static bool qat_cbc_mac_blocks(EVP_CIPHER_CTX *ctx, const uint8_t *data,
                               uint64_t len, uint8_t *mac)
{
    uint8_t buf[4096];
    int n;

    while (len) {
        uint32_t now = MIN(len, sizeof(buf));

        if (!EVP_EncryptUpdate(ctx, buf, &n, data, now) || n != now) {
            return false;
        }
        memcpy(mac, buf + now - LA_BLOCK, LA_BLOCK);
        data += now;
        len -= now;
    }
    return true;
}

static EVP_CIPHER_CTX *qat_cbc_mac_new(uint32_t algo, const uint8_t *key)
{
    static const uint8_t zero[LA_BLOCK];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (ctx && EVP_EncryptInit_ex(ctx, qat_evp_cipher(algo, MODE_CBC), NULL,
                                  key, zero)) {
        EVP_CIPHER_CTX_set_padding(ctx, 0);
        return ctx;
    }
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

/* XCBC-MAC and CMAC: state 2 has the key and those for the last block */
static uint8_t qat_hash_xcbc(QATSym *q, const uint8_t *data)
{
    uint32_t last = q->a_len ? (q->a_len - 1) % LA_BLOCK + 1 : 0;
    uint8_t block[LA_BLOCK] = {};
    EVP_CIPHER_CTX *ctx;
    const uint8_t *k;
    bool ok;
    int i;

    if (q->state2_len < 3 * LA_BLOCK || q->digest_len > LA_BLOCK) {
        return E_INVALID;
    }
    memcpy(block, data + q->a_len - last, last);
    k = q->state2 + LA_BLOCK;
    if (last < LA_BLOCK) {
        block[last] = 0x80;
        k += LA_BLOCK;
    }
    for (i = 0; i < LA_BLOCK; i++) {
        block[i] ^= k[i];
    }
    ctx = qat_cbc_mac_new(ALGO_AES128, q->state2);
    ok = ctx && qat_cbc_mac_blocks(ctx, data, q->a_len - last, q->digest) &&
         qat_cbc_mac_blocks(ctx, block, LA_BLOCK, q->digest);
    EVP_CIPHER_CTX_free(ctx);
    return ok ? 0 : E_CRYPTO;
}

/*
 * CCM: software puts the first block and the lengths before the AAD, and the
 * counter block 0 as IV. Key 2 follows in state 2.
 */
static uint8_t qat_hash_ccm(QATSym *q, const uint8_t *data)
{
    uint32_t algo = CIPHER_ALGO(q->c_cfg);
    uint32_t aad_len = q->req[LA_AAD_LEN], rest = q->a_len % LA_BLOCK;
    uint8_t aad[256], mac[LA_BLOCK] = {}, block[LA_BLOCK] = {};
    EVP_CIPHER_CTX *ctx;
    bool ok;
    int i, n;

    if (LA_PROTO(q->flags) != PROTO_CCM || CIPHER_MODE(q->c_cfg) != MODE_CTR) {
        return E_UNSUPPORTED;
    }
    if (algo < ALGO_AES128 || algo > ALGO_AES256 ||
        q->state2_len < q->key_len || q->digest_len > LA_BLOCK ||
        !aad_len || aad_len % LA_BLOCK ||
        !qat_dma_read(q->job, ldq_le_p(q->req + LA_AAD_ADDR), aad, aad_len)) {
        return E_INVALID;
    }
    memcpy(block, data + q->a_len - rest, rest);
    ctx = qat_cbc_mac_new(algo, q->state2);
    ok = ctx && qat_cbc_mac_blocks(ctx, aad, aad_len, mac) &&
         qat_cbc_mac_blocks(ctx, data, q->a_len - rest, mac) &&
         (!rest || qat_cbc_mac_blocks(ctx, block, LA_BLOCK, mac)) &&
         EVP_EncryptInit_ex(ctx, qat_evp_cipher(algo, MODE_ECB), NULL,
                            q->key, NULL) &&
         EVP_EncryptUpdate(ctx, block, &n, q->iv, LA_BLOCK);
    EVP_CIPHER_CTX_free(ctx);
    for (i = 0; i < LA_BLOCK; i++) {
        q->digest[i] = mac[i] ^ block[i];
    }
    return ok ? 0 : E_CRYPTO;
}

static uint8_t qat_hash_run(QATSym *q)
{
    uint32_t algo = HASH_ALGO(q->h_cfg);
    const uint8_t *data = q->data + q->a_off;

    if (LA_PARTIAL(q->flags) != PARTIAL_NONE &&
        (algo < HASH_SHA1 || algo > HASH_SHA512)) {
        return E_UNSUPPORTED;
    }
    switch (algo) {
    case HASH_NULL:
        memset(q->digest, 0, sizeof(q->digest));
        return 0;
    case HASH_SHA1 ... HASH_SHA512:
        return qat_hash_state(q, algo, data);
    case HASH_XCBC:
        return qat_hash_xcbc(q, data);
    case HASH_CBC_MAC:
        return qat_hash_ccm(q, data);
    case HASH_SM3 ... HASH_SHA3_512:
        return qat_hash_evp(q, algo, data);
    }
    return E_UNSUPPORTED;
}

static uint8_t qat_hash_parse(QATSym *q)
{
    const uint8_t *cfg = q->in_table ? q->table : q->cd;
    uint32_t len = q->in_table ? sizeof(q->table) : q->cd_len;
    uint32_t off = q->req[LA_HASH_CFG_OFF] * 8;
    uint32_t off2 = q->req[LA_STATE2_OFF] * 8;

    if (off + HASH_STATE1 > len) {
        return E_INVALID;
    }
    if (q->req[LA_HASH_FLAGS] & HASH_FLAG_NESTED) {
        return E_UNSUPPORTED;
    }
    q->h_cfg = ldl_le_p(cfg + off);
    q->h_done = ldl_be_p(cfg + off + HASH_COUNTER);
    q->state1 = cfg + off + HASH_STATE1;
    q->state1_len = len - off - HASH_STATE1;
    if (q->in_table && HASH_MODE(q->h_cfg) && q->cd_len > LA_BLOCK) {
        /* The descriptor has a key for the cipher and both states */
        q->state1 = q->cd + LA_BLOCK;
        q->state1_len = q->cd_len - LA_BLOCK;
        off2 += LA_BLOCK;
    }
    if (off2 && off2 < q->cd_len) {
        q->state2 = q->cd + off2;
        q->state2_len = q->cd_len - off2;
    }
    q->a_off = ldl_le_p(q->req + LA_AUTH_OFF);
    q->a_len = ldl_le_p(q->req + LA_AUTH_LEN);
    q->digest_addr = ldq_le_p(q->req + LA_DIGEST_ADDR);
    /* Linux gives it in the request only for a comparison */
    q->digest_len = q->req[LA_DIGEST_LEN] ?: q->req[LA_HASH_FINAL_SIZE];
    return q->digest_len > sizeof(q->digest) ? E_INVALID : 0;
}

/* Buffers */

/* Read as much of the source as the request covers */
static uint8_t qat_sym_load(QATSym *q, bool cipher, bool hash)
{
    const uint8_t *req = q->req;
    bool sgl = req[REQ_COMN_FLAGS] & COMN_SGL;
    uint64_t src = ldq_le_p(req + REQ_SRC), dst = ldq_le_p(req + REQ_DST);
    uint64_t len = 0, given = 0;

    if (cipher) {
        given = len = (uint64_t)q->c_off + q->c_len;
        if ((q->flags & LA_SINGLE_PASS) && (q->flags & LA_DIGEST_IN_BUFFER)) {
            len += q->digest_len;
            given += q->flags & LA_CMP_AUTH ? q->digest_len : 0;
        }
    }
    if (hash) {
        uint64_t end = (uint64_t)q->a_off + q->a_len;
        uint64_t digest = q->flags & LA_DIGEST_IN_BUFFER ? q->digest_len : 0;

        len = MAX(len, end + digest);
        /* A digest to write need not have room where it is not written */
        given = MAX(given, q->flags & LA_CMP_AUTH ? end + digest : end);
    }
    q->in_place = src == dst;
    if (len > QAT_MAX_DATA ||
        !qat_buf_load(q->job, sgl, src, ldl_le_p(req + REQ_SRC_LEN),
                      &q->src) ||
        !qat_buf_load(q->job, sgl, dst, ldl_le_p(req + REQ_DST_LEN),
                      &q->dst) ||
        q->src.len < given) {
        return E_INVALID;
    }
    /* Room for a block more, as ciphers want it */
    q->data = g_try_malloc0(len + LA_BLOCK);
    q->data_len = len;
    if (!q->data || !qat_buf_read(q->job, &q->src, 0, q->data, given)) {
        return E_INVALID;
    }
    return 0;
}

static uint8_t qat_sym_store(QATSym *q, uint64_t from, uint64_t to)
{
    if (from >= to) {
        return 0;
    }
    return qat_buf_write(q->job, &q->dst, from, q->data + from, to - from) ?
           0 : E_INVALID;
}

static uint8_t qat_sym_put_digest(QATSym *q)
{
    return qat_dma_write(q->job, q->digest_addr, q->digest, q->digest_len) ?
           0 : E_INVALID;
}

static uint8_t qat_sym_cmp_digest(QATSym *q, const uint8_t *expected)
{
    return memcmp(q->digest, expected, q->digest_len) ? E_CRYPTO : 0;
}

/* Commands */

/*
 * CCM by one slice: the AAD comes with the first block and the lengths, padded,
 * and the IV is counter block 0.
 */
static uint8_t qat_ccm_run(QATSym *q, const uint8_t *aad, uint32_t aad_len,
                           bool encrypt)
{
    uint32_t algo = CIPHER_ALGO(q->c_cfg), rest = q->c_len % LA_BLOCK;
    uint8_t *data = q->data + q->c_off, *end = data + q->c_len - rest;
    uint8_t mac[LA_BLOCK] = {}, block[LA_BLOCK] = {};
    EVP_CIPHER_CTX *cbc = qat_cbc_mac_new(algo, q->key);
    EVP_CIPHER_CTX *ctr = EVP_CIPHER_CTX_new();
    bool ok;
    int i, n;

    ok = cbc && ctr && qat_cbc_mac_blocks(cbc, aad, aad_len, mac) &&
         EVP_EncryptInit_ex(ctr, qat_evp_cipher(algo, MODE_CTR), NULL, q->key,
                            q->iv) &&
         EVP_EncryptUpdate(ctr, block, &n, block, LA_BLOCK);
    memcpy(q->tag, block, LA_BLOCK);
    if (ok && !encrypt && q->c_len) {
        ok = EVP_EncryptUpdate(ctr, data, &n, data, q->c_len);
    }
    memset(block, 0, sizeof(block));
    memcpy(block, end, rest);
    ok = ok && qat_cbc_mac_blocks(cbc, data, q->c_len - rest, mac) &&
         (!rest || qat_cbc_mac_blocks(cbc, block, LA_BLOCK, mac));
    if (ok && encrypt && q->c_len) {
        ok = EVP_EncryptUpdate(ctr, data, &n, data, q->c_len);
    }
    EVP_CIPHER_CTX_free(cbc);
    EVP_CIPHER_CTX_free(ctr);
    for (i = 0; i < LA_BLOCK; i++) {
        q->tag[i] ^= mac[i];
    }
    if (!ok) {
        return E_INVALID;
    }
    if (encrypt) {
        memcpy(q->digest, q->tag, LA_BLOCK);
        return 0;
    }
    return memcmp(q->digest, q->tag, q->digest_len) ? E_CRYPTO : 0;
}

/* What a single pass authenticates beside the data: by address or inside it */
static uint8_t qat_sym_aad(QATSym *q, uint8_t **aad, uint32_t *len)
{
    uint32_t off = ldl_le_p(q->req + LA_SPC_AAD_OFF);
    uint64_t addr = ldq_le_p(q->req + LA_SPC_AAD_ADDR);
    uint32_t room = ROUND_UP(*len, LA_BLOCK);
    bool ok;

    *aad = g_malloc0(room + 1);
    if (CIPHER_MODE(q->c_cfg) == MODE_CCM) {
        if (*len < LA_BLOCK || !qat_dma_read(q->job, addr, *aad, *len)) {
            return E_INVALID;
        }
        /* Without the flag for AAD the first block is all */
        *len = **aad & BIT(6) ? room : LA_BLOCK;
        return 0;
    }
    ok = addr ? !off && qat_dma_read(q->job, addr, *aad, *len) :
                qat_buf_read(q->job, &q->src, off, *aad, *len);
    return ok ? 0 : E_INVALID;
}

/* An AEAD as a cipher command; CCM is not the UCS slice's */
static uint8_t qat_sym_single_pass(QATSym *q)
{
    const uint8_t *req = q->req;
    bool inside = q->flags & LA_DIGEST_IN_BUFFER;
    uint32_t mode = CIPHER_MODE(q->c_cfg);
    uint32_t aad_len = ldl_le_p(req + LA_SPC_AAD_LEN);
    bool decrypt = CIPHER_DECRYPT(q->c_cfg);
    const EVP_CIPHER *evp = qat_evp_cipher(CIPHER_ALGO(q->c_cfg), mode);
    g_autofree uint8_t *aad = NULL;
    uint8_t ret, auth;

    if (!evp ||
        (mode == MODE_CCM ? LA_SLICE(q->flags) != SLICE_LEGACY :
         LA_SLICE(q->flags) != SLICE_UCS ||
         (mode != MODE_AEAD && CIPHER_ALGO(q->c_cfg) != ALGO_CHACHA)) ||
        !(q->flags & (decrypt ? LA_CMP_AUTH : LA_RET_AUTH))) {
        return E_UNSUPPORTED;
    }
    q->digest_addr = ldq_le_p(req + LA_SPC_TAG_ADDR);
    q->digest_len = req[LA_SPC_TAG_LEN];
    if (aad_len > LA_AAD_MAX || q->digest_len > LA_BLOCK) {
        return E_INVALID;
    }
    ret = qat_sym_load(q, true, false);
    if (ret) {
        return ret;
    }
    ret = qat_sym_aad(q, &aad, &aad_len);
    if (ret) {
        return ret;
    }
    if (decrypt && inside) {
        memcpy(q->digest, q->data + q->c_off + q->c_len, q->digest_len);
    } else if (decrypt && !qat_dma_read(q->job, q->digest_addr, q->digest,
                                        q->digest_len)) {
        return E_INVALID;
    }

    auth = mode == MODE_CCM ? qat_ccm_run(q, aad, aad_len, !decrypt) :
                              qat_aead_run(q, evp, !decrypt, aad, aad_len);
    if (auth && auth != E_CRYPTO) {
        return auth;
    }
    if (!decrypt && inside) {
        memcpy(q->data + q->c_off + q->c_len, q->digest, q->digest_len);
    }
    ret = qat_sym_store(q, q->c_off, q->c_off + q->c_len +
                        (!decrypt && inside ? q->digest_len : 0));
    if (!ret && !decrypt && !inside) {
        ret = qat_sym_put_digest(q);
    }
    return ret ?: auth;
}

/* The IV with which the next part of a message goes on */
static uint8_t qat_sym_next_iv(QATSym *q, const uint8_t *last)
{
    uint64_t lo = ldq_be_p(q->iv + 8), sum = lo + q->c_len / LA_BLOCK;

    switch (CIPHER_MODE(q->c_cfg)) {
    case MODE_CBC:
        memcpy(q->iv, last, LA_IV_SIZE);
        break;
    case MODE_CTR:
        if (q->c_len % LA_BLOCK) {
            return E_INVALID;
        }
        stq_be_p(q->iv, ldq_be_p(q->iv) + (sum < lo));
        stq_be_p(q->iv + 8, sum);
        break;
    default:
        return E_UNSUPPORTED;
    }
    return qat_dma_write(q->job, ldq_le_p(q->req + LA_IV), q->iv, LA_IV_SIZE) ?
           0 : E_INVALID;
}

static uint8_t qat_sym_cipher(QATSym *q)
{
    bool update = q->flags & LA_UPDATE_STATE;
    uint8_t ret = qat_cipher_parse(q), last[LA_BLOCK];
    uint8_t *end;

    if (ret) {
        return ret;
    }
    if (q->flags & LA_SINGLE_PASS) {
        return LA_PARTIAL(q->flags) != PARTIAL_NONE || update ?
               E_UNSUPPORTED : qat_sym_single_pass(q);
    }
    if (LA_PARTIAL(q->flags) != PARTIAL_NONE &&
        CIPHER_MODE(q->c_cfg) == MODE_XTS) {
        return E_UNSUPPORTED;
    }
    ret = qat_sym_load(q, true, false);
    if (ret) {
        return ret;
    }
    update = update && q->c_len >= LA_BLOCK;
    end = q->data + q->c_off + q->c_len - LA_BLOCK;
    if (update) {
        memcpy(last, end, LA_BLOCK);
    }
    ret = qat_cipher_run(q) ?: qat_sym_store(q, q->c_off,
                                             q->c_off + q->c_len);
    if (!ret && update) {
        ret = qat_sym_next_iv(q, CIPHER_DECRYPT(q->c_cfg) ? last : end);
    }
    return ret;
}

static uint8_t qat_sym_auth(QATSym *q)
{
    uint8_t expected[EVP_MAX_MD_SIZE];
    uint8_t ret = qat_hash_parse(q);

    if (!ret) {
        ret = qat_sym_load(q, false, true);
    }
    if (!ret) {
        ret = qat_hash_run(q);
    }
    if (ret) {
        return ret;
    }
    if (q->flags & LA_CMP_AUTH) {
        if (!qat_dma_read(q->job, q->digest_addr, expected, q->digest_len)) {
            return E_INVALID;
        }
        return qat_sym_cmp_digest(q, expected);
    }
    return q->flags & LA_RET_AUTH ? qat_sym_put_digest(q) : 0;
}

/* The digest, right behind what was hashed, may itself be ciphered */
static uint8_t *qat_sym_digest_in_buffer(QATSym *q)
{
    return q->data + q->a_off + q->a_len;
}

/*
 * GCM and GMAC by two slices. State 2 has the hash key, which follows from
 * the cipher key, and the AAD's length. With GMAC nothing is ciphered, and
 * what is hashed counts as AAD.
 */
static uint8_t qat_sym_gcm(QATSym *q)
{
    uint32_t algo = CIPHER_ALGO(q->c_cfg);
    bool encrypt = q->cmd == LA_CMD_CIPHER_HASH;
    bool inside = q->flags & LA_DIGEST_IN_BUFFER;
    uint32_t aad_room = q->req[LA_AAD_LEN], aad_len;
    g_autofree uint8_t *aad = NULL;
    uint8_t ret;

    if (CIPHER_MODE(q->c_cfg) != MODE_CTR ||
        !qat_evp_cipher(algo, MODE_AEAD) ||
        !(q->flags & (encrypt ? LA_RET_AUTH : LA_CMP_AUTH))) {
        return E_UNSUPPORTED;
    }
    if (q->state2_len < 2 * LA_BLOCK || q->digest_len > LA_BLOCK) {
        return E_INVALID;
    }
    aad_len = ldl_be_p(q->state2 + LA_BLOCK);
    if (aad_len > aad_room ||
        (q->c_len && (q->c_off != q->a_off || q->c_len != q->a_len))) {
        return E_INVALID;
    }
    if (!encrypt && inside) {
        memcpy(q->digest, qat_sym_digest_in_buffer(q), q->digest_len);
    } else if (!encrypt && !qat_dma_read(q->job, q->digest_addr, q->digest,
                                         q->digest_len)) {
        return E_INVALID;
    }
    ret = qat_gcm_iv(q);
    if (ret) {
        return ret;
    }
    if (!q->c_len && q->a_len) {
        aad_len = q->a_len;
        aad = g_memdup2(q->data + q->a_off, aad_len);
    } else {
        aad = g_malloc(aad_len + 1);
        if (!qat_dma_read(q->job, ldq_le_p(q->req + LA_AAD_ADDR), aad,
                          aad_len)) {
            return E_INVALID;
        }
    }
    ret = qat_aead_run(q, qat_evp_cipher(algo, MODE_AEAD), encrypt, aad,
                       aad_len);
    if (!ret && encrypt && inside) {
        memcpy(qat_sym_digest_in_buffer(q), q->digest, q->digest_len);
    }
    return ret;
}

static uint8_t qat_sym_two_slices(QATSym *q)
{
    bool inside = q->flags & LA_DIGEST_IN_BUFFER;
    uint8_t expected[EVP_MAX_MD_SIZE];
    uint8_t ret, auth = 0;

    if ((q->flags & LA_CMP_AUTH) && !inside &&
        !qat_dma_read(q->job, q->digest_addr, expected, q->digest_len)) {
        return E_INVALID;
    }
    if (q->cmd == LA_CMD_CIPHER_HASH) {
        if (LA_PROTO(q->flags) == PROTO_CCM) {
            /* Counter block 0 makes the digest, data begins with 1 */
            q->iv[LA_IV_SIZE - 1]++;
            ret = qat_cipher_run(q);
            q->iv[LA_IV_SIZE - 1]--;
        } else {
            ret = qat_cipher_run(q);
        }
        ret = ret ?: qat_hash_run(q);
    } else {
        ret = qat_hash_run(q);
    }
    if (ret) {
        return ret;
    }

    if (q->flags & LA_CMP_AUTH) {
        auth = qat_sym_cmp_digest(q, inside ? qat_sym_digest_in_buffer(q) :
                                  expected);
    } else if ((q->flags & LA_RET_AUTH) && inside) {
        memcpy(qat_sym_digest_in_buffer(q), q->digest, q->digest_len);
    }

    if (q->cmd == LA_CMD_HASH_CIPHER) {
        if (LA_PROTO(q->flags) == PROTO_CCM) {
            q->iv[LA_IV_SIZE - 1]++;
        }
        ret = qat_cipher_run(q);
    }
    return ret ?: auth;
}

static uint8_t qat_sym_chain(QATSym *q)
{
    uint64_t from, to;
    uint8_t ret, auth;
    bool gcm;

    ret = qat_cipher_parse(q) ?: qat_hash_parse(q);
    if (ret) {
        return ret;
    }
    gcm = HASH_ALGO(q->h_cfg) == HASH_GALOIS_128;
    if (gcm != (LA_PROTO(q->flags) == PROTO_GCM) ||
        (HASH_ALGO(q->h_cfg) == HASH_CBC_MAC) !=
        (LA_PROTO(q->flags) == PROTO_CCM)) {
        return E_UNSUPPORTED;
    }
    ret = qat_sym_load(q, true, true);
    if (ret) {
        return ret;
    }
    auth = gcm ? qat_sym_gcm(q) : qat_sym_two_slices(q);
    if (auth && auth != E_CRYPTO) {
        return auth;
    }

    /* Out of place, all that went through the slices goes to the other side */
    from = q->c_off;
    to = from + q->c_len;
    if (q->flags & LA_DIGEST_IN_BUFFER || !q->in_place) {
        from = MIN(from, q->a_off);
        /* but not a digest that was only compared */
        to = q->flags & LA_CMP_AUTH ? MAX(to, (uint64_t)q->a_off + q->a_len) :
                                      q->data_len;
    }
    ret = qat_sym_store(q, from, to);
    if (!ret && (q->flags & LA_RET_AUTH) &&
        !(q->flags & LA_DIGEST_IN_BUFFER)) {
        ret = qat_sym_put_digest(q);
    }
    return ret ?: auth;
}

static uint8_t qat_sym_run(QATSym *q)
{
    const uint8_t *req = q->req;

    q->cmd = req[REQ_CMD];
    q->flags = lduw_le_p(req + REQ_SERV_FLAGS);
    q->cd_len = req[LA_CD_SIZE] * 8;
    q->c_off = ldl_le_p(req + LA_CIPHER_OFF);
    q->c_len = ldl_le_p(req + LA_CIPHER_LEN);
    q->in_table = q->flags & LA_CFG_IN_SHRAM;

    if (q->cmd > LA_CMD_HASH_CIPHER || (q->flags & LA_ZUC) ||
        (q->cmd > LA_CMD_AUTH &&
         (LA_PARTIAL(q->flags) != PARTIAL_NONE ||
          (q->flags & LA_UPDATE_STATE))) ||
        (q->cmd != LA_CMD_AUTH && (q->flags & LA_UPDATE_STATE) &&
         (q->flags & LA_IV_INLINE)) ||
        LA_PROTO(q->flags) > PROTO_GCM || LA_SLICE(q->flags) > SLICE_UCS ||
        (q->in_table && LA_SLICE(q->flags) != SLICE_LEGACY) ||
        req[REQ_EXT_FLAGS]) {
        return E_UNSUPPORTED;
    }
    if (q->in_table) {
        qat_constants(q->job->bank->s, q->table);
    }
    if (req[REQ_COMN_FLAGS] & COMN_CD_INLINE) {
        q->cd_len = LA_CD_INLINE;
        memcpy(q->cd, req + LA_CD_ADDR, LA_CD_INLINE);
    } else if (!qat_dma_read(q->job, ldq_le_p(req + LA_CD_ADDR), q->cd,
                             q->cd_len)) {
        return E_INVALID;
    }
    if (q->flags & LA_IV_INLINE) {
        memcpy(q->iv, req + LA_IV, LA_IV_SIZE);
    } else if (q->cmd != LA_CMD_AUTH &&
               !qat_dma_read(q->job, ldq_le_p(req + LA_IV), q->iv,
                             LA_IV_SIZE)) {
        return E_INVALID;
    }

    switch (q->cmd) {
    case LA_CMD_CIPHER:
        return qat_sym_cipher(q);
    case LA_CMD_AUTH:
        return qat_sym_auth(q);
    default:
        return qat_sym_chain(q);
    }
}

void qat_sym_process(QATJob *job)
{
    g_autofree QATSym *q = g_new0(QATSym, 1);

    switch (job->req[REQ_CMD]) {
    case LA_CMD_SSL3 ... LA_CMD_MGF1:
    case LA_CMD_HKDF_EXTRACT ... LA_CMD_HKDF_EXTRACT_EXPAND_LABEL:
        job->resp[RESP_STATUS] = qat_key_derive(job);
        return;
    }
    q->job = job;
    q->req = job->req;
    job->resp[RESP_STATUS] = qat_sym_run(q);
    qat_buf_free(&q->src);
    qat_buf_free(&q->dst);
    g_free(q->data);
}
