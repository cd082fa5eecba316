/*
 * Emulated QAT 2.0 (4xxx): compression service
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <zlib.h>
#include "qat.h"

/* Request, beyond what all services have */
#define DC_CMD_STATIC           0
#define DC_CMD_DYNAMIC          1
#define DC_CMD_DECOMPRESS       2
#define DC_CMD_LZ4S             5
#define DC_SERV_STATEFUL        BIT(2)
#define DC_CONFIG               8       /* big endian */
#define   CONFIG_FORMAT(v)          extract32(v, 5, 3)
#define   FORMAT_ILZ77              0
#define   FORMAT_DEFLATE            1
#define   FORMAT_LZ4S               3
#define   CONFIG_DEPTH(v)           extract32(v, 8, 4)
#define DC_IN_LEN               56
#define DC_OUT_LEN              60
#define DC_CRC32                64
#define DC_ADLER32              68
#define DC_FLAGS                72
#define   FLAG_SOP                  BIT(0)
#define   FLAG_EOP                  BIT(1)
#define   FLAG_BFINAL               BIT(6)
#define   FLAG_CNV                  BIT(16)

/* Response */
#define DC_CONSUMED             16
#define DC_PRODUCED             20
#define DC_RESP_CRC32           24
#define DC_RESP_ADLER32         28

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

/* Compress and verify: the card checks its own work */
static bool qat_dc_verify(uint8_t *in, uint32_t in_len,
                          uint8_t *out, uint32_t out_len)
{
    g_autofree uint8_t *back = g_try_malloc(in_len + 1);
    z_stream z;
    bool last;

    return back &&
           !qat_dc_inflate(&z, out, out_len, back, in_len + 1, &last) &&
           z.total_out == in_len && !memcmp(back, in, in_len);
}

void qat_dc_process(QATJob *job)
{
    uint8_t *req = job->req, *resp = job->resp;
    uint8_t cmd = req[REQ_CMD];
    bool sgl = req[REQ_COMN_FLAGS] & COMN_SGL;
    uint32_t config = ldl_be_p(req + DC_CONFIG);
    uint32_t flags = ldl_le_p(req + DC_FLAGS);
    uint32_t in_len = ldl_le_p(req + DC_IN_LEN);
    uint32_t out_len = ldl_le_p(req + DC_OUT_LEN);
    uint32_t crc = ldl_le_p(req + DC_CRC32);
    uint32_t adler = ldl_le_p(req + DC_ADLER32);
    g_auto(QATBuf) src = {}, dst = {};
    g_autofree uint8_t *in = NULL;
    g_autofree uint8_t *out = NULL;
    uint8_t *plain;
    z_stream z;
    int code;

    if ((cmd > DC_CMD_DECOMPRESS && cmd != DC_CMD_LZ4S) ||
        (cmd == DC_CMD_LZ4S ? CONFIG_FORMAT(config) != FORMAT_LZ4S :
         CONFIG_FORMAT(config) != FORMAT_DEFLATE &&
         (cmd == DC_CMD_DECOMPRESS || CONFIG_FORMAT(config) != FORMAT_ILZ77)) ||
        (lduw_le_p(req + REQ_SERV_FLAGS) & DC_SERV_STATEFUL) ||
        (flags & (FLAG_SOP | FLAG_EOP)) != (FLAG_SOP | FLAG_EOP)) {
        qat_dc_refuse(job, STATUS_UNSUPPORTED);
        return;
    }
    if (cmd != DC_CMD_DECOMPRESS && (flags & FLAG_CNV)) {
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
    if (cmd != DC_CMD_DECOMPRESS) {
        out_len = MIN(out_len, compressBound(in_len) + 64);
    }
    out_len = MIN(out_len, QAT_MAX_DATA);
    in = g_try_malloc(MAX(in_len, 1));
    out = g_try_malloc(MAX(out_len, 1));
    if (!in || !out) {
        qat_dc_error(job, ERR_FATAL);
        return;
    }
    if (!qat_buf_read(job, &src, 0, in, in_len)) {
        qat_dc_error(job, ERR_ENDPOINT);
        return;
    }

    if (cmd == DC_CMD_DECOMPRESS) {
        bool last;

        code = qat_dc_inflate(&z, in, in_len, out, out_len, &last);
        plain = out;
        if (last) {
            resp[RESP_STATUS] |= STATUS_LAST_BLOCK;
        }
    } else if (cmd == DC_CMD_LZ4S) {
        code = qat_dc_lz4s(&z, in, in_len, out, out_len);
        plain = in;
    } else {
        uint32_t depth = CONFIG_DEPTH(config);

        code = qat_dc_deflate(job, &z, depth <= 1 ? 1 : depth <= 3 ? 6 : 9,
                              cmd == DC_CMD_STATIC, flags & FLAG_BFINAL,
                              in, in_len, out, out_len);
        plain = in;
        if (!code && (flags & FLAG_CNV) &&
            !qat_dc_verify(in, in_len, out, z.total_out)) {
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
    in_len = plain == in ? z.total_in : z.total_out;
    stl_le_p(resp + DC_RESP_CRC32, crc32_z(crc, plain, in_len));
    stl_le_p(resp + DC_RESP_ADLER32, adler32_z(adler, plain, in_len));
}
