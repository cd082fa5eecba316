/*
 * Emulated QAT 2.0 (4xxx): key derivation, a part of symmetric cryptography
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The source is a list of addresses, the content descriptor has the hashes'
 * configuration words, and a prefix buffer the keys of HMAC, padded with zeroes
 * to a block.
 */

#include "qemu/osdep.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "qat.h"

/* Request, beyond what all symmetric ones have */
#define KEY_SECRET_LEN          56      /* or MGF1's mask */
#define KEY_OUT_LEN             58      /* or its hash */
#define KEY_LABEL_LEN           59      /* or its seed, the info, labels */
#define KEY_SEED_LEN            60      /* or iterations, keying material */
#define KEY_SUBLABELS           61
#define KEY_OUTER_PREFIX_SIZE   117
#define KEY_OUTER_CFG_OFF       124     /* in quadwords */
#define KEY_OUTER_PREFIX_OFF    127     /* in quadwords */

#define KEY_MAX_SECRET          1024
#define KEY_MAX_OUT             (64 * KiB)

/* A label of HKDF's, and how many there can be: each can have children */
#define HKDF_LABEL_SIZE         80
#define HKDF_LABEL_MAX          78
#define HKDF_LABEL_LEN          78
#define HKDF_LABEL_FLAGS        79
#define   SUBLABEL_12               BIT(0)
#define   SUBLABEL_16               BIT(1)
#define   SUBLABEL_32               BIT(2)
#define HKDF_LABELS             4

#define E_UNSUPPORTED           (STATUS_CRYPTO | STATUS_UNSUPPORTED)
#define E_INVALID               (STATUS_CRYPTO | STATUS_INVALID)

typedef struct QATKey {
    QATJob *job;
    const uint8_t *req;
    const EVP_MD *md;           /* the hash, or the inner one */
    const EVP_MD *outer;        /* of two */
    uint8_t key[255];
    uint8_t outer_key[255];
    uint64_t addr[3];           /* what the source lists */
    uint8_t label[256];
    uint8_t seed[256];
    uint8_t secret[KEY_MAX_SECRET];
    uint8_t *out;
    uint32_t out_len;
} QATKey;

static const EVP_MD *qat_key_md(uint32_t cfg)
{
    switch (HASH_ALGO(cfg)) {
    case HASH_MD5:
        return EVP_md5();
    case HASH_SHA1:
        return EVP_sha1();
    case HASH_SHA224:
        return EVP_sha224();
    case HASH_SHA256:
        return EVP_sha256();
    case HASH_SHA384:
        return EVP_sha384();
    case HASH_SHA512:
        return EVP_sha512();
    case HASH_SM3:
        return EVP_sm3();
    }
    return NULL;
}

static bool qat_hmac(const EVP_MD *md, const uint8_t *key, uint32_t key_len,
                     const uint8_t *data, uint32_t len, uint8_t *mac)
{
    return HMAC(md, key, key_len, data, len, mac, NULL);
}

/* Of up to three pieces */
static bool qat_digest(const EVP_MD *md, const uint8_t *a, uint32_t a_len,
                       const uint8_t *b, uint32_t b_len,
                       const uint8_t *c, uint32_t c_len, uint8_t *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) &&
              EVP_DigestUpdate(ctx, a, a_len) &&
              EVP_DigestUpdate(ctx, b, b_len) &&
              EVP_DigestUpdate(ctx, c, c_len) &&
              EVP_DigestFinal_ex(ctx, out, NULL);

    EVP_MD_CTX_free(ctx);
    return ok;
}

/* RFC 5246's P_hash, added to what is in the output */
static bool qat_key_p_hash(QATKey *k, const EVP_MD *md, const uint8_t *key,
                           uint32_t key_len, const uint8_t *seed, uint32_t len)
{
    uint32_t size = EVP_MD_get_size(md), i, j;
    uint8_t a[EVP_MAX_MD_SIZE + 512], block[EVP_MAX_MD_SIZE];

    if (!qat_hmac(md, key, key_len, seed, len, a)) {
        return false;
    }
    memcpy(a + size, seed, len);
    for (i = 0; i < k->out_len; i += size) {
        if (!qat_hmac(md, key, key_len, a, size + len, block)) {
            return false;
        }
        for (j = 0; j < size && i + j < k->out_len; j++) {
            k->out[i + j] ^= block[j];
        }
        if (!qat_hmac(md, key, key_len, a, size, a)) {
            return false;
        }
    }
    return true;
}

/* TLS up to 1.1 has two hashes, each with a half of the secret, 1.2 has one */
static uint8_t qat_key_tls(QATKey *k, bool both)
{
    uint32_t label = k->req[KEY_LABEL_LEN], seed = k->req[KEY_SEED_LEN];
    uint8_t data[512];
    bool ok;

    if (!qat_dma_read(k->job, k->addr[0], k->seed, seed) ||
        !qat_dma_read(k->job, k->addr[1], k->label, label)) {
        return E_INVALID;
    }
    memcpy(data, k->label, label);
    memcpy(data + label, k->seed, seed);
    ok = qat_key_p_hash(k, k->md, k->key, k->req[LA_AAD_LEN], data,
                        label + seed) &&
         (!both || qat_key_p_hash(k, k->outer, k->outer_key,
                                  k->req[KEY_OUTER_PREFIX_SIZE], data,
                                  label + seed));
    return ok ? 0 : STATUS_CRYPTO;
}

/* SSL 3: MD5(secret + SHA1(label + secret + seed)), with A, BB, CCC ... */
static uint8_t qat_key_ssl3(QATKey *k)
{
    uint32_t secret = lduw_le_p(k->req + KEY_SECRET_LEN);
    uint32_t labels = k->req[KEY_LABEL_LEN], n = k->req[KEY_SEED_LEN];
    uint32_t seed = 64, size, i, at = 0;
    uint8_t inner[EVP_MAX_MD_SIZE], data[KEY_MAX_SECRET + 256];
    uint8_t block[EVP_MAX_MD_SIZE];

    size = EVP_MD_get_size(k->outer);
    if (secret > KEY_MAX_SECRET || labels != n * (n + 1) / 2 ||
        n * size < k->out_len ||
        !qat_dma_read(k->job, k->addr[0], k->seed, seed) ||
        !qat_dma_read(k->job, k->addr[1], k->label, labels) ||
        !qat_dma_read(k->job, k->addr[2], k->secret, secret)) {
        return E_INVALID;
    }
    for (i = 0; i < n; i++) {
        memcpy(data, k->label + at, i + 1);
        at += i + 1;
        if (!qat_digest(k->md, data, i + 1, k->secret, secret, k->seed, seed,
                        inner) ||
            !qat_digest(k->outer, k->secret, secret, inner,
                        EVP_MD_get_size(k->md), NULL, 0, block)) {
            return STATUS_CRYPTO;
        }
        if (i * size < k->out_len) {
            memcpy(k->out + i * size, block, MIN(size, k->out_len - i * size));
        }
    }
    return 0;
}

static uint8_t qat_key_mgf1(QATKey *k)
{
    uint32_t seed = k->req[KEY_LABEL_LEN], size = EVP_MD_get_size(k->md), i;
    uint8_t block[EVP_MAX_MD_SIZE], counter[4];

    if (!qat_dma_read(k->job, ldq_le_p(k->req + REQ_SRC), k->seed, seed)) {
        return E_INVALID;
    }
    for (i = 0; i * size < k->out_len; i++) {
        stl_be_p(counter, i);
        if (!qat_digest(k->md, k->seed, seed, counter, sizeof(counter),
                        NULL, 0, block)) {
            return STATUS_CRYPTO;
        }
        memcpy(k->out + i * size, block, MIN(size, k->out_len - i * size));
    }
    return 0;
}

/* RFC 5869's expansion, of which there is one block only */
static bool qat_key_expand(QATKey *k, const uint8_t *key, uint32_t key_len,
                           const uint8_t *info, uint32_t len, uint8_t *out)
{
    uint8_t data[257];

    memcpy(data, info, len);
    data[len] = 1;
    return qat_hmac(k->md, key, key_len, data, len + 1, out);
}

static bool qat_key_append(QATKey *k, const uint8_t *key, uint32_t len)
{
    if (k->out_len + len > KEY_MAX_OUT) {
        return false;
    }
    memcpy(k->out + k->out_len, key, len);
    k->out_len += len;
    return true;
}

/* Each label's secret, and those that follow from it */
static uint8_t qat_key_labels(QATKey *k, const uint8_t *prk, uint32_t prk_len)
{
    uint8_t label[HKDF_LABELS][HKDF_LABEL_SIZE];
    uint8_t sub[HKDF_LABELS][HKDF_LABEL_SIZE];
    uint32_t n = k->req[KEY_LABEL_LEN], subs = k->req[KEY_SUBLABELS];
    uint32_t size = EVP_MD_get_size(k->md), i, j;
    uint8_t secret[EVP_MAX_MD_SIZE], key[EVP_MAX_MD_SIZE];

    if (n > HKDF_LABELS || subs > HKDF_LABELS ||
        !qat_dma_read(k->job, k->addr[1], label, n * HKDF_LABEL_SIZE) ||
        !qat_dma_read(k->job, k->addr[2], sub, subs * HKDF_LABEL_SIZE)) {
        return E_INVALID;
    }
    for (i = 0; i < n; i++) {
        if (label[i][HKDF_LABEL_LEN] > HKDF_LABEL_MAX ||
            !qat_key_expand(k, prk, prk_len, label[i],
                            label[i][HKDF_LABEL_LEN], secret) ||
            !qat_key_append(k, secret, size)) {
            return E_INVALID;
        }
        for (j = 0; j < subs; j++) {
            uint8_t flags = sub[j][HKDF_LABEL_FLAGS];
            uint32_t len = flags & SUBLABEL_12 ? 12 : flags & SUBLABEL_16 ? 16 :
                           flags & SUBLABEL_32 ? 32 : size;

            if (!(label[i][HKDF_LABEL_FLAGS] & BIT(j))) {
                continue;
            }
            if (len > size || sub[j][HKDF_LABEL_LEN] > HKDF_LABEL_MAX ||
                !qat_key_expand(k, secret, size, sub[j],
                                sub[j][HKDF_LABEL_LEN], key) ||
                !qat_key_append(k, key, len)) {
                return E_INVALID;
            }
        }
    }
    return 0;
}

static uint8_t qat_key_hkdf(QATKey *k, uint8_t cmd)
{
    uint32_t size = EVP_MD_get_size(k->md), len = k->req[LA_AAD_LEN];
    uint8_t prk[EVP_MAX_MD_SIZE], okm[EVP_MAX_MD_SIZE];
    const uint8_t *key = k->key;

    k->out_len = 0;
    if (cmd != LA_CMD_HKDF_EXPAND && cmd != LA_CMD_HKDF_EXPAND_LABEL) {
        /* The key is the salt */
        if (!qat_dma_read(k->job, k->addr[0], k->secret,
                          k->req[KEY_SEED_LEN]) ||
            !qat_hmac(k->md, key, len, k->secret, k->req[KEY_SEED_LEN], prk) ||
            !qat_key_append(k, prk, size)) {
            return E_INVALID;
        }
        key = prk;
        len = size;
    }
    switch (cmd) {
    case LA_CMD_HKDF_EXPAND:
    case LA_CMD_HKDF_EXTRACT_EXPAND:
        if (!qat_dma_read(k->job, k->addr[1], k->label,
                          k->req[KEY_LABEL_LEN]) ||
            !qat_key_expand(k, key, len, k->label, k->req[KEY_LABEL_LEN],
                            okm) ||
            !qat_key_append(k, okm, size)) {
            return E_INVALID;
        }
        break;
    case LA_CMD_HKDF_EXPAND_LABEL:
    case LA_CMD_HKDF_EXTRACT_EXPAND_LABEL:
        return qat_key_labels(k, key, len);
    }
    return 0;
}

/* Hashes and keys */
static uint8_t qat_key_parse(QATKey *k, uint8_t cmd)
{
    const uint8_t *req = k->req;
    uint32_t cd_len = req[LA_CD_SIZE] * 8;
    uint32_t off = req[LA_HASH_CFG_OFF] * 8, off2 = req[KEY_OUTER_CFG_OFF] * 8;
    uint64_t prefix = ldq_le_p(req + LA_AAD_ADDR);
    uint8_t cd[LA_CD_MAX], list[sizeof(k->addr)];
    int i;

    if (off + 4 > cd_len || off2 + 4 > cd_len ||
        !qat_dma_read(k->job, ldq_le_p(req + LA_CD_ADDR), cd, cd_len)) {
        return E_INVALID;
    }
    k->md = qat_key_md(ldl_le_p(cd + off));
    k->outer = qat_key_md(ldl_le_p(cd + off2));
    if (!k->md || !k->outer) {
        return E_UNSUPPORTED;
    }
    if (cmd == LA_CMD_MGF1) {
        return 0;
    }
    if (!qat_dma_read(k->job, ldq_le_p(req + REQ_SRC), list,
                      cmd == LA_CMD_TLS11 || cmd == LA_CMD_TLS12 ?
                      16 : sizeof(list))) {
        return E_INVALID;
    }
    for (i = 0; i < ARRAY_SIZE(k->addr); i++) {
        k->addr[i] = ldq_le_p(list + 8 * i);
    }
    if (cmd == LA_CMD_SSL3) {
        return 0;
    }
    if (!qat_dma_read(k->job, prefix, k->key, req[LA_AAD_LEN]) ||
        !qat_dma_read(k->job, prefix + req[KEY_OUTER_PREFIX_OFF] * 8,
                      k->outer_key, req[KEY_OUTER_PREFIX_SIZE])) {
        return E_INVALID;
    }
    return 0;
}

/* The status */
uint8_t qat_key_derive(QATJob *job)
{
    g_autofree QATKey *k = g_new0(QATKey, 1);
    g_autofree uint8_t *out = g_malloc0(KEY_MAX_OUT);
    uint8_t cmd = job->req[REQ_CMD], ret;

    k->job = job;
    k->req = job->req;
    k->out = out;
    k->out_len = cmd == LA_CMD_MGF1 ? lduw_le_p(k->req + KEY_SECRET_LEN) :
                                      k->req[KEY_OUT_LEN];
    ret = qat_key_parse(k, cmd);
    if (ret) {
        return ret;
    }
    switch (cmd) {
    case LA_CMD_SSL3:
        ret = qat_key_ssl3(k);
        break;
    case LA_CMD_TLS11:
    case LA_CMD_TLS12:
        ret = qat_key_tls(k, cmd == LA_CMD_TLS11);
        break;
    case LA_CMD_MGF1:
        ret = qat_key_mgf1(k);
        break;
    default:
        ret = qat_key_hkdf(k, cmd);
        break;
    }
    if (!ret && !qat_dma_write(job, ldq_le_p(k->req + REQ_DST), out,
                               k->out_len)) {
        ret = E_INVALID;
    }
    return ret;
}
