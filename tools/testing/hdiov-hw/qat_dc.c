/*
 * Emulated QAT 2.0 (4xxx): compression service
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <lz4.h>
#include <zlib.h>
#include "qat.h"

/* Request, beyond what all services have */
#define DC_CMD_STATIC           0
#define DC_CMD_DYNAMIC          1
#define DC_CMD_DECOMPRESS       2
#define DC_CMD_LZ4              3
#define DC_CMD_UNLZ4            4
#define DC_CMD_LZ4S             5
#define DC_SERV_STATEFUL        BIT(2)
#define DC_CONFIG               8       /* big endian */
#define   CONFIG_FORMAT(v)          extract32(v, 5, 3)
#define   FORMAT_ILZ77              0
#define   FORMAT_DEFLATE            1
#define   FORMAT_LZ4                2
#define   FORMAT_LZ4S               3
#define   CONFIG_DEPTH(v)           extract32(v, 8, 4)
#define   CONFIG_UNLZ4_BLOCK(v)     extract32(v, 8, 2)
#define   CONFIG_UNLZ4_CHECKSUM     BIT(3)
#define DC_CONFIG_UPPER         12
#define   CONFIG_LZ4_BLOCK(v)       extract32(v, 19, 2)
#define DC_IN_LEN               56
#define DC_OUT_LEN              60
#define DC_CRC32                64
#define DC_ADLER32              68
#define DC_CRC_ADDR             64      /* instead of both */
#define DC_FLAGS                72
#define   FLAG_SOP                  BIT(0)
#define   FLAG_EOP                  BIT(1)
#define   FLAG_BFINAL               BIT(6)
#define   FLAG_CNV                  BIT(16)
#define   FLAG_CRC_E2E              BIT(19)
#define   FLAG_XXHASH_STATE         BIT(20)

/* Response */
#define DC_CONSUMED             16
#define DC_PRODUCED             20
#define DC_RESP_CRC32           24
#define DC_RESP_ADLER32         28

/* Checksums in memory: CRC-32, the other one, and CRC-64 of four places */
#define CRC_BLOCK_SIZE          64
#define CRC_CRC32               0
#define CRC_ADLER32             4
#define CRC_CPR_IN              8
#define CRC_CPR_OUT             16
#define CRC_XLT_IN              24
#define CRC_XLT_OUT             32
#define CRC_POLY64              40
#define CRC_XOR_OUT64           48

/* LZ4's block: its length, with a bit for data as it is; 0 ends a frame */
#define LZ4_BLOCK_SIZE(n)       (64 * KiB << (2 * (n)))
#define LZ4_STORED              BIT(31)
#define LZ4_WINDOW              (64 * KiB)

#define DEFLATE_CHUNK           (64 * KiB)

/* A sequence's token has the lengths of literals and of the match, less 2 */
#define LZ4S_MAX_NIBBLE         15
#define LZ4S_MIN_MATCH          4       /* 3 would be possible */
#define LZ4S_MAX_MATCH          32768
#define LZ4S_MAX_OFFSET         65535
#define LZ4S_LAST_LITERALS      5
#define LZ4S_HASH_BITS          12

#define ERR_OVERFLOW            (-11)
#define ERR_FATAL               (-13)
#define ERR_INCOMPLETE          (-15)
#define ERR_ENDPOINT            (-17)
#define ERR_CNV                 (-18)
#define ERR_LZ4_BLOCK           (-93)
#define ERR_LZ4_DISTANCE        (-100)

static void qat_dc_error(QATJob *job, int code)
{
    job->resp[RESP_CMP_ERR] = code;
    job->resp[RESP_STATUS] |= STATUS_CMP;
}

static void qat_dc_refuse(QATJob *job, uint8_t why)
{
    job->resp[RESP_STATUS] = STATUS_CMP | why;
}

static int qat_dc_inflate_error(const z_stream *z)
{
    static const struct {
        const char *msg;
        int code;
    } errs[] = {
        { "invalid block type", -1 },
        { "invalid stored block lengths", -2 },
        { "too many length or distance symbols", -3 },
        { "invalid code lengths set", -4 },
        { "invalid bit length repeat", -5 },
        { "invalid code -- missing end-of-block", -7 },
        { "invalid literal/lengths set", -7 },
        { "invalid distances set", -8 },
        { "invalid literal/length code", -9 },
        { "invalid distance code", -9 },
        { "invalid distance too far back", -10 },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(errs) && z->msg; i++) {
        if (!strcmp(z->msg, errs[i].msg)) {
            return errs[i].code;
        }
    }
    return ERR_FATAL;
}

/* 0 or an error code; what was done is in @z */
static int qat_dc_inflate(z_stream *z, uint8_t *in, uint32_t in_len,
                          uint8_t *out, uint32_t out_len, bool *last)
{
    int ret, code = 0;

    memset(z, 0, sizeof(*z));
    *last = false;
    if (inflateInit2(z, -MAX_WBITS) != Z_OK) {
        return ERR_FATAL;
    }
    z->next_in = in;
    z->avail_in = in_len;
    z->next_out = out;
    z->avail_out = out_len;
    ret = inflate(z, Z_SYNC_FLUSH);
    if (ret == Z_STREAM_END) {
        *last = true;
    } else if (ret == Z_OK || ret == Z_BUF_ERROR) {
        /* Input may end between blocks, output may end only with the input */
        if (!(z->data_type & 128)) {
            code = z->avail_out ? ERR_INCOMPLETE : ERR_OVERFLOW;
        } else if (z->avail_in) {
            code = ERR_OVERFLOW;
        }
    } else {
        code = qat_dc_inflate_error(z);
    }
    inflateEnd(z);
    return code;
}

static int qat_dc_deflate(QATJob *job, z_stream *z, int level, bool fixed,
                          bool final, uint8_t *in, uint32_t in_len,
                          uint8_t *out, uint32_t out_len)
{
    int ret, code = 0;

    memset(z, 0, sizeof(*z));
    if (deflateInit2(z, level, Z_DEFLATED, -MAX_WBITS, 9,
                     fixed ? Z_FIXED : Z_DEFAULT_STRATEGY) != Z_OK) {
        return ERR_FATAL;
    }
    z->next_in = in;
    z->next_out = out;
    z->avail_out = out_len;
    /* This can take seconds, which an abort must not */
    do {
        z->avail_in = MIN(in_len, DEFLATE_CHUNK);
        in_len -= z->avail_in;
        ret = deflate(z, in_len ? Z_NO_FLUSH :
                         final ? Z_FINISH : Z_SYNC_FLUSH);
    } while (in_len && ret == Z_OK && !z->avail_in && !qat_job_aborted(job));
    if (in_len ||
        (final ? ret != Z_STREAM_END : ret != Z_OK || !z->avail_out)) {
        code = ERR_OVERFLOW;
    }
    deflateEnd(z);
    return code;
}

/* The rest of a length that does not fit its nibble */
static uint8_t *qat_lz4s_length(uint8_t *p, uint32_t len)
{
    for (len -= LZ4S_MAX_NIBBLE; len >= 255; len -= 255) {
        *p++ = 255;
    }
    *p++ = len;
    return p;
}

/* At most in_len + in_len / 255 + 16 bytes; a match of 0 bytes is the end */
static uint8_t *qat_lz4s_sequence(uint8_t *p, const uint8_t *lit, uint32_t n,
                                  uint32_t match, uint32_t offset)
{
    uint32_t m = match ? match - 2 : 0;

    *p++ = MIN(n, LZ4S_MAX_NIBBLE) << 4 | MIN(m, LZ4S_MAX_NIBBLE);
    if (n >= LZ4S_MAX_NIBBLE) {
        p = qat_lz4s_length(p, n);
    }
    memcpy(p, lit, n);
    p += n;
    if (match) {
        stw_le_p(p, offset);
        p += 2;
        if (m >= LZ4S_MAX_NIBBLE) {
            p = qat_lz4s_length(p, m);
        }
    }
    return p;
}

/* What software makes Zstandard of: LZ4's sequences, with another token */
static int qat_dc_lz4s(z_stream *z, uint8_t *in, uint32_t in_len, uint8_t *out,
                       uint32_t out_len)
{
    g_autofree uint32_t *seen = g_new0(uint32_t, 1 << LZ4S_HASH_BITS);
    g_autofree uint8_t *buf = g_try_malloc(in_len + in_len / 255 + 16);
    uint8_t *p = buf;
    uint32_t i = 0, lit = 0;

    memset(z, 0, sizeof(*z));
    if (!buf) {
        return ERR_FATAL;
    }
    while (i + LZ4S_MIN_MATCH + LZ4S_LAST_LITERALS <= in_len) {
        uint32_t hash = (ldl_le_p(in + i) * 2654435761u) >>
                        (32 - LZ4S_HASH_BITS);
        uint32_t from = seen[hash];     /* plus 1 */
        uint32_t max = MIN(in_len - LZ4S_LAST_LITERALS - i, LZ4S_MAX_MATCH);
        uint32_t match = 0;

        seen[hash] = i + 1;
        if (from && i + 1 - from <= LZ4S_MAX_OFFSET) {
            while (match < max && in[from - 1 + match] == in[i + match]) {
                match++;
            }
        }
        if (match < LZ4S_MIN_MATCH) {
            i++;
            continue;
        }
        p = qat_lz4s_sequence(p, in + lit, i - lit, match, i + 1 - from);
        i += match;
        lit = i;
    }
    p = qat_lz4s_sequence(p, in + lit, in_len - lit, 0, 0);
    if (p - buf > out_len) {
        return ERR_OVERFLOW;
    }
    memcpy(out, buf, p - buf);
    z->total_in = in_len;
    z->total_out = p - buf;
    return 0;
}

/* The checksum of LZ4's frames */
static uint32_t qat_xxhash32_round(uint32_t acc, const uint8_t *p)
{
    return rol32(acc + ldl_le_p(p) * 0x85ebca77u, 13) * 0x9e3779b1u;
}

static uint32_t qat_xxhash32(const uint8_t *p, uint32_t len)
{
    uint32_t v[4] = { 0x9e3779b1u + 0x85ebca77u, 0x85ebca77u, 0, -0x9e3779b1u };
    uint32_t h = 0x165667b1u, left = len;
    int i;

    if (len >= 16) {
        for (; left >= 16; left -= 16) {
            for (i = 0; i < 4; i++, p += 4) {
                v[i] = qat_xxhash32_round(v[i], p);
            }
        }
        h = rol32(v[0], 1) + rol32(v[1], 7) + rol32(v[2], 12) + rol32(v[3], 18);
    }
    h += len;
    for (; left >= 4; left -= 4, p += 4) {
        h = rol32(h + ldl_le_p(p) * 0xc2b2ae3du, 17) * 0x27d4eb2fu;
    }
    for (; left; left--, p++) {
        h = rol32(h + *p * 0x165667b1u, 11) * 0x9e3779b1u;
    }
    h = (h ^ h >> 15) * 0x85ebca77u;
    h = (h ^ h >> 13) * 0xc2b2ae3du;
    return h ^ h >> 16;
}

/* The blocks of a frame, whose header and end are software's */
static int qat_dc_lz4(QATJob *job, z_stream *z, uint32_t block, uint8_t *in,
                      uint32_t in_len, uint8_t *out, uint32_t out_len)
{
    memset(z, 0, sizeof(*z));
    while (z->total_in < in_len) {
        uint32_t len = MIN(in_len - z->total_in, block);
        uint32_t room = out_len - z->total_out;
        uint8_t *from = in + z->total_in, *to = out + z->total_out;
        int n;

        if (room < 4 || qat_job_aborted(job)) {
            return ERR_OVERFLOW;
        }
        n = LZ4_compress_default((char *)from, (char *)to + 4, len,
                                 MIN(room - 4, len));
        if (n > 0 && n < len) {
            stl_le_p(to, n);
        } else if (len <= room - 4) {
            n = len;
            memcpy(to + 4, from, n);
            stl_le_p(to, n | LZ4_STORED);
        } else {
            return ERR_OVERFLOW;
        }
        z->total_in += len;
        z->total_out += 4 + n;
    }
    return 0;
}

/* A block can go on from those before */
static int qat_dc_unlz4(QATJob *job, z_stream *z, uint32_t block, bool checksum,
                        uint8_t *in, uint32_t in_len, uint8_t *out,
                        uint32_t out_len, bool *last)
{
    memset(z, 0, sizeof(*z));
    *last = false;
    while (z->total_in < in_len) {
        uint8_t *from = in + z->total_in, *to = out + z->total_out;
        uint32_t left = in_len - z->total_in, room = out_len - z->total_out;
        uint32_t window = MIN(z->total_out, LZ4_WINDOW), len, extra;
        int n;

        if (left < 4) {
            return ERR_INCOMPLETE;
        }
        len = ldl_le_p(from) & ~LZ4_STORED;
        if (!len) {
            z->total_in += 4;
            *last = true;
            return 0;
        }
        extra = checksum ? 4 : 0;
        if (len > block) {
            return ERR_LZ4_BLOCK;
        }
        if (left - 4 < len + extra || qat_job_aborted(job)) {
            return ERR_INCOMPLETE;
        }
        if (checksum &&
            ldl_le_p(from + 4 + len) != qat_xxhash32(from + 4, len)) {
            return ERR_FATAL;
        }
        if (ldl_le_p(from) & LZ4_STORED) {
            if (len > room) {
                return ERR_OVERFLOW;
            }
            n = len;
            memcpy(to, from + 4, n);
        } else {
            n = LZ4_decompress_safe_usingDict((char *)from + 4, (char *)to, len,
                                              MIN(room, block),
                                              (char *)to - window, window);
            if (n < 0) {
                return room < block ? ERR_OVERFLOW : ERR_LZ4_DISTANCE;
            }
        }
        z->total_in += 4 + len + extra;
        z->total_out += n;
    }
    return 0;
}

/* With the polynomial that software gives, the highest bit first */
static uint64_t qat_crc64(uint64_t poly, uint64_t crc, const uint8_t *p,
                          uint32_t len)
{
    uint64_t table[256], v;
    int i, bit;

    for (i = 0; i < ARRAY_SIZE(table); i++) {
        v = (uint64_t)i << 56;
        for (bit = 0; bit < 8; bit++) {
            v = v << 1 ^ (v >> 63 ? poly : 0);
        }
        table[i] = v;
    }
    for (; len; len--) {
        crc = crc << 8 ^ table[(uint8_t)(crc >> 56) ^ *p++];
    }
    return crc;
}

/*
 * Checksums from end to end: of the input, of what is between the slices that
 * search and code, and of the output. There is nothing between them here.
 */
static bool qat_dc_crc_block(QATJob *job, uint8_t *block, uint8_t *in,
                             uint32_t in_len, uint8_t *out, uint32_t out_len)
{
    static const struct {
        uint8_t at;
        bool of_out;
    } crcs[] = {
        { CRC_CPR_IN, false }, { CRC_CPR_OUT, true },
        { CRC_XLT_IN, true }, { CRC_XLT_OUT, true },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(crcs); i++) {
        uint64_t crc = qat_crc64(ldq_le_p(block + CRC_POLY64),
                                 ldq_le_p(block + crcs[i].at),
                                 crcs[i].of_out ? out : in,
                                 crcs[i].of_out ? out_len : in_len);

        stq_le_p(block + crcs[i].at, crc ^ ldq_le_p(block + CRC_XOR_OUT64));
    }
    return qat_dma_write(job, ldq_le_p(job->req + DC_CRC_ADDR), block,
                         CRC_POLY64);
}

/* Compress and verify: the card checks its own work */
static bool qat_dc_verify(QATJob *job, bool lz4, uint32_t block, uint8_t *in,
                          uint32_t in_len, uint8_t *out, uint32_t out_len)
{
    g_autofree uint8_t *back = g_try_malloc(in_len + 1);
    z_stream z;
    bool last;
    int code;

    if (!back) {
        return false;
    }
    code = lz4 ? qat_dc_unlz4(job, &z, block, false, out, out_len, back,
                              in_len + 1, &last) :
                 qat_dc_inflate(&z, out, out_len, back, in_len + 1, &last);
    return !code && z.total_out == in_len && !memcmp(back, in, in_len);
}

static bool qat_dc_supported(uint8_t cmd, uint32_t format)
{
    switch (cmd) {
    case DC_CMD_STATIC:
    case DC_CMD_DYNAMIC:
        return format == FORMAT_DEFLATE || format == FORMAT_ILZ77;
    case DC_CMD_DECOMPRESS:
        return format == FORMAT_DEFLATE;
    case DC_CMD_LZ4:
    case DC_CMD_UNLZ4:
        return format == FORMAT_LZ4;
    case DC_CMD_LZ4S:
        return format == FORMAT_LZ4S;
    }
    return false;
}

void qat_dc_process(QATJob *job)
{
    uint8_t *req = job->req, *resp = job->resp;
    uint8_t cmd = req[REQ_CMD];
    bool sgl = req[REQ_COMN_FLAGS] & COMN_SGL;
    bool compress = cmd != DC_CMD_DECOMPRESS && cmd != DC_CMD_UNLZ4;
    uint32_t config = ldl_be_p(req + DC_CONFIG);
    uint32_t flags = ldl_le_p(req + DC_FLAGS);
    uint32_t in_len = ldl_le_p(req + DC_IN_LEN);
    uint32_t out_len = ldl_le_p(req + DC_OUT_LEN);
    uint32_t crc = ldl_le_p(req + DC_CRC32);
    uint32_t adler = ldl_le_p(req + DC_ADLER32);
    uint32_t block = LZ4_BLOCK_SIZE(
        compress ? CONFIG_LZ4_BLOCK(ldl_be_p(req + DC_CONFIG_UPPER)) :
                   CONFIG_UNLZ4_BLOCK(config));
    uint8_t crcs[CRC_BLOCK_SIZE];
    g_auto(QATBuf) src = {}, dst = {};
    g_autofree uint8_t *in = NULL;
    g_autofree uint8_t *out = NULL;
    uint8_t *plain;
    uint32_t len;
    z_stream z;
    int code;

    if (!qat_dc_supported(cmd, CONFIG_FORMAT(config)) ||
        (lduw_le_p(req + REQ_SERV_FLAGS) & DC_SERV_STATEFUL) ||
        (flags & FLAG_XXHASH_STATE) ||
        (flags & (FLAG_SOP | FLAG_EOP)) != (FLAG_SOP | FLAG_EOP)) {
        qat_dc_refuse(job, STATUS_UNSUPPORTED);
        return;
    }
    if (compress && (flags & FLAG_CNV)) {
        resp[RESP_HDR_FLAGS] |= HDR_CNV;
    }
    if (in_len > QAT_MAX_DATA ||
        !qat_buf_load(job, sgl, ldq_le_p(req + REQ_SRC),
                      ldl_le_p(req + REQ_SRC_LEN), &src) ||
        !qat_buf_load(job, sgl, ldq_le_p(req + REQ_DST),
                      ldl_le_p(req + REQ_DST_LEN), &dst) ||
        src.len < in_len || dst.len < out_len) {
        qat_dc_refuse(job, STATUS_INVALID);
        return;
    }

    /* Nothing gets that long, so that a longer buffer makes no difference */
    if (compress) {
        out_len = MIN(out_len, compressBound(in_len) + in_len / 255 + 64);
    }
    out_len = MIN(out_len, QAT_MAX_DATA);
    in = g_try_malloc(MAX(in_len, 1));
    out = g_try_malloc(MAX(out_len, 1));
    if (!in || !out) {
        qat_dc_error(job, ERR_FATAL);
        return;
    }
    if (!qat_buf_read(job, &src, 0, in, in_len) ||
        ((flags & FLAG_CRC_E2E) &&
         !qat_dma_read(job, ldq_le_p(req + DC_CRC_ADDR), crcs, sizeof(crcs)))) {
        qat_dc_error(job, ERR_ENDPOINT);
        return;
    }
    if (flags & FLAG_CRC_E2E) {
        crc = ldl_le_p(crcs + CRC_CRC32);
        adler = ldl_le_p(crcs + CRC_ADLER32);
    }

    if (!compress) {
        bool last;

        code = cmd == DC_CMD_UNLZ4 ?
               qat_dc_unlz4(job, &z, block, config & CONFIG_UNLZ4_CHECKSUM,
                            in, in_len, out, out_len, &last) :
               qat_dc_inflate(&z, in, in_len, out, out_len, &last);
        plain = out;
        if (last) {
            resp[RESP_STATUS] |= STATUS_LAST_BLOCK;
        }
    } else if (cmd == DC_CMD_LZ4S) {
        code = qat_dc_lz4s(&z, in, in_len, out, out_len);
        plain = in;
    } else {
        uint32_t depth = CONFIG_DEPTH(config);

        code = cmd == DC_CMD_LZ4 ?
               qat_dc_lz4(job, &z, block, in, in_len, out, out_len) :
               qat_dc_deflate(job, &z, depth <= 1 ? 1 : depth <= 3 ? 6 : 9,
                              cmd == DC_CMD_STATIC, flags & FLAG_BFINAL,
                              in, in_len, out, out_len);
        plain = in;
        if (!code && (flags & FLAG_CNV) &&
            !qat_dc_verify(job, cmd == DC_CMD_LZ4, block, in, in_len, out,
                           z.total_out)) {
            code = ERR_CNV;
        }
        if (code) {
            /* No part of the output is good for anything */
            z.total_in = z.total_out = 0;
        }
    }

    if (!qat_buf_write(job, &dst, 0, out, z.total_out)) {
        qat_dc_error(job, ERR_ENDPOINT);
        return;
    }
    if (code) {
        qat_dc_error(job, code);
    }
    stl_le_p(resp + DC_CONSUMED, z.total_in);
    stl_le_p(resp + DC_PRODUCED, z.total_out);
    len = plain == in ? z.total_in : z.total_out;
    crc = crc32_z(crc, plain, len);
    adler = CONFIG_FORMAT(config) == FORMAT_LZ4 ||
            CONFIG_FORMAT(config) == FORMAT_LZ4S ?
            qat_xxhash32(plain, len) : adler32_z(adler, plain, len);
    stl_le_p(resp + DC_RESP_CRC32, crc);
    stl_le_p(resp + DC_RESP_ADLER32, adler);
    if (flags & FLAG_CRC_E2E) {
        stl_le_p(crcs + CRC_CRC32, crc);
        stl_le_p(crcs + CRC_ADLER32, adler);
        if (!qat_dc_crc_block(job, crcs, in, z.total_in, out, z.total_out)) {
            qat_dc_error(job, ERR_ENDPOINT);
        }
    }
}
