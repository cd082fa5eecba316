/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest that has its ring pair do something, soon done or not */
#ifndef _HDIOV_TEST_QAT_TRAFFIC_H
#define _HDIOV_TEST_QAT_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "qat_guest.h"

static inline bool all_bytes(const volatile uint8_t *buf, uint8_t value, size_t len)
{
	while (len--)
		if (*buf++ != value)
			return false;
	return true;
}

/* Something small of the guest's service, of which the answer is known */

/* RFC 1951: a stored block, the last one, of nine bytes */
static const uint8_t stored_nine[] = {
	0x01, 0x09, 0x00, 0xf6, 0xff,
	'1', '2', '3', '4', '5', '6', '7', '8', '9',
};

static inline void small_request(struct qg *g, uint8_t *req, uint8_t **out)
{
	struct qg_sym sym = { .cmd = QG_AUTH, .hash = QG_SHA256 };
	struct qg_dc dc = { .cmd = QG_INFLATE, .out_len = 64 };
	struct qg_pke pke;
	void *in;

	switch (g->service) {
	case QG_SYM:
		in = qg_put(g, "abc", 3);
		sym.a_len = 3;
		sym.tag_len = 32;
		sym.tag = qg_alloc(g, 32);
		*out = sym.tag;
		qg_sym_request(g, &sym, qg_flat(g, in, 3), qg_flat(g, in, 3),
			       req);
		break;
	case QG_ASYM:
		/* 3 to the power of 5, modulo 7 */
		qg_pke_init(&pke, 0x150c2327);
		qg_pke_in(g, &pke, "\x03", 1, 64);
		qg_pke_in(g, &pke, "\x05", 1, 64);
		qg_pke_in(g, &pke, "\x07", 1, 64);
		qg_pke_out(g, &pke, 64);
		*out = pke.out[0];
		qg_pke_request(g, &pke, req);
		break;
	default:
		dc.in_len = sizeof(stored_nine);
		in = qg_put(g, stored_nine, dc.in_len);
		*out = qg_alloc(g, 64);
		qg_dc_request(g, &dc, qg_flat(g, in, dc.in_len),
			      qg_flat(g, *out, 64), req);
		break;
	}
}

static inline bool small_result(struct qg *g, const uint8_t *out)
{
	/* FIPS 180-4: SHA-256 of "abc" begins with these */
	static const uint8_t sha[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01 };

	switch (g->service) {
	case QG_SYM:
		return !memcmp(out, sha, sizeof(sha));
	case QG_ASYM:
		return all_bytes(out, 0, 63) && out[63] == 5;
	default:
		return !memcmp(out, "123456789", 9);
	}
}

static inline bool failed(struct qg *g, const struct qg_resp *r)
{
	return g->service == QG_ASYM ? qg_pke_failed(r) :
	       qg_status(r) & ~QG_ST_LAST;
}

/* True if the guest's device does its work, @num times */
static inline bool do_works(struct __test_metadata *_metadata, struct qg *g,
			    unsigned int num)
{
	uint8_t req[QG_REQ], *out;
	struct qg_resp r;
	size_t heap = g->heap;
	unsigned int i;
	int ret;

	for (i = 0; i < num; i++) {
		g->heap = heap;
		small_request(g, req, &out);
		ret = qg_run(g, req, &r);
		if (ret || failed(g, &r) || !small_result(g, out)) {
			TH_LOG("request %u of %s: %d, status 0x%02x%02x%02x", i,
			       g->vdev->type, ret, r.raw[4], r.raw[5],
			       r.raw[6]);
			return false;
		}
		if (memcmp(r.raw + 8, req + 24, 8)) {
			TH_LOG("request %u of %s: another one's response", i,
			       g->vdev->type);
			return false;
		}
	}
	g->heap = heap;
	return true;
}

#define works(g, num)	do_works(_metadata, g, num)

/* Requests that take their time, whose output goes to @out */

#define LONG_LEN	0x60000

struct load {
	uint8_t *in;
	uint8_t *out;
};

static inline void load_init(struct qg *g, struct load *l)
{
	unsigned int i;

	qg_free_all(g);
	l->in = qg_alloc(g, LONG_LEN);
	l->out = qg_alloc(g, LONG_LEN);
	for (i = 0; i < LONG_LEN; i++)
		l->in[i] = i * 2654435761U >> 24 & 0x3f;
}

static inline void load_post(struct qg *g, struct load *l, unsigned int num)
{
	struct qg_sym sym = {
		.cmd = QG_CIPHER, .cipher = QG_CBC, .c_len = LONG_LEN,
		.key = (const uint8_t *)"0123456789abcdef", .key_len = 16,
		.iv = (const uint8_t *)"fedcba9876543210", .iv_len = 16,
	};
	struct qg_dc dc = {
		.cmd = QG_DYNAMIC, .in_len = LONG_LEN, .out_len = LONG_LEN,
		.level = 1,
	};
	struct qg_buf in = qg_flat(g, l->in, LONG_LEN);
	struct qg_buf out = qg_flat(g, l->out, LONG_LEN);
	uint8_t req[QG_REQ];
	struct qg_pke pke;

	while (num--) {
		switch (g->service) {
		case QG_SYM:
			qg_sym_request(g, &sym, in, out, req);
			break;
		case QG_ASYM:
			/* Numbers of 4096 bits, an odd modulus */
			qg_pke_init(&pke, 0x850c23e1);
			qg_pke_in(g, &pke, l->in + 64, 512, 512);
			qg_pke_in(g, &pke, l->in + 1000, 512, 512);
			qg_pke_in(g, &pke, l->in + 2000, 512, 512);
			pke.in[2][0] = 0x80;
			pke.in[2][511] |= 1;
			pke.out[0] = l->out;
			pke.out_len[0] = 512;
			pke.num_out = 1;
			qg_pke_request(g, &pke, req);
			break;
		default:
			qg_dc_request(g, &dc, in, out, req);
			break;
		}
		qg_post(g, req);
	}
}

#endif /* _HDIOV_TEST_QAT_TRAFFIC_H */
