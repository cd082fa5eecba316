// SPDX-License-Identifier: GPL-2.0-only
/*
 * What many ring pairs of a QAT do at once, and how evenly: those of as many VDEVs,
 * and beside them those of virtual functions of another card. No test: it prints
 * what it measures, scripts/bench makes tables of it.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "qat_guest.h"
#include "vdev.h"

#define MAX_PAIRS	64
#define NUM_VFS		16

/* In a request, and where its response has it */
#define REQ_OPAQUE	24
#define RESP_OPAQUE	8

/* A modular exponentiation of 1024 bits */
#define PKE_MODEXP_1024	0x2d0c233e
#define PKE_LEN		128
#define SYM_LEN		1024
#define DC_LEN		2048
#define OUT_LEN		4096

enum way { VDEV, VF, NUM_WAYS };

static const char * const way_names[NUM_WAYS] = { "vdev", "vf" };

/* A guest's ring pair, which gets one request over and over */
struct pair {
	struct qg g;
	uint8_t req[QG_REQ];
	uint64_t sent;
	uint64_t done;
	uint8_t *out;
	/* Of them, those that were done while it was measured */
	uint64_t counted;
};

struct side {
	/* VDEVs, one for each pair, or VFs */
	struct vdev dev[MAX_PAIRS];
	unsigned int num_devs;
	struct pair pair[MAX_PAIRS];
	long long ns;
	uint64_t doorbells;
	uint64_t turns;
	uint64_t idle_turns;
};

static struct {
	enum qg_service service;
	unsigned int num;
	unsigned int depth;
	unsigned int ms;
	unsigned int slices;
	char pf[64];
	const char *vf_pf;
	struct side side[NUM_WAYS];
	/* What all of them shall have made of their input */
	uint8_t want[OUT_LEN];
	bool have_want;
} b = {
	.num = 1,
	.depth = 16,
	.ms = 500,
	.slices = 6,
};

static const struct {
	const char *name;
	const char *type;
} services[QG_NUM_SERVICES] = {
	[QG_SYM] = { "sym", "vqat_sym" },
	[QG_ASYM] = { "asym", "vqat_asym" },
	[QG_DC] = { "dc", "vqat_dc" },
};

/* AES-256-CBC, then an HMAC-SHA512 of what came of it */
static void sym_request(struct pair *p, uint8_t *in)
{
	static const uint8_t key[64] = "of a cipher or an HMAC, as one asks";
	struct qg_sym op = {
		.cmd = QG_CIPHER_HASH, .cipher = QG_CBC, .key = key,
		.key_len = 32, .iv = key + 32, .iv_len = 16, .c_len = SYM_LEN,
		.hash = QG_SHA512, .hmac = true, .hkey = key, .hkey_len = 64,
		.a_len = SYM_LEN, .tag = p->out + SYM_LEN, .tag_len = 64,
	};

	qg_sym_request(&p->g, &op, qg_flat(&p->g, in, SYM_LEN),
		       qg_flat(&p->g, p->out, SYM_LEN), p->req);
}

static void asym_request(struct pair *p, uint8_t *in)
{
	struct qg_pke op;

	qg_pke_init(&op, PKE_MODEXP_1024);
	qg_pke_in(&p->g, &op, in, PKE_LEN, PKE_LEN);
	qg_pke_in(&p->g, &op, in + PKE_LEN, PKE_LEN, PKE_LEN);
	qg_pke_in(&p->g, &op, in + 2 * PKE_LEN, PKE_LEN, PKE_LEN);
	/* An odd modulus above the base */
	op.in[0][0] &= 0x7f;
	op.in[2][0] |= 0x80;
	op.in[2][PKE_LEN - 1] |= 1;
	op.out[0] = p->out;
	op.out_len[0] = PKE_LEN;
	op.num_out = 1;
	qg_pke_request(&p->g, &op, p->req);
}

static void dc_request(struct pair *p, uint8_t *in)
{
	struct qg_dc op = {
		.cmd = QG_DYNAMIC, .level = 1, .in_len = DC_LEN,
		.out_len = OUT_LEN,
	};

	qg_dc_request(&p->g, &op, qg_flat(&p->g, in, DC_LEN),
		      qg_flat(&p->g, p->out, OUT_LEN), p->req);
}

static void make_request(struct pair *p)
{
	uint8_t *in = qg_alloc(&p->g, DC_LEN);
	unsigned int i;

	/* Bytes that can be compressed, to about two thirds */
	for (i = 0; i < DC_LEN; i++)
		in[i] = i * 2654435761U >> 24 & 0x3f;
	p->out = qg_alloc(&p->g, OUT_LEN);
	switch (p->g.service) {
	case QG_SYM:
		sym_request(p, in);
		break;
	case QG_ASYM:
		asym_request(p, in);
		break;
	default:
		dc_request(p, in);
		break;
	}
}

static int failed(const struct pair *p, unsigned int number, const char *why)
{
	fprintf(stderr, "pair %u of %s: %s after %llu requests\n", number,
		p->g.vdev->uuid, why, (unsigned long long)p->done);
	return -EIO;
}

/* What has been answered: how many, or a negative errno */
static int take(struct side *s, unsigned int number)
{
	struct pair *p = &s->pair[number];
	struct qg *g = &p->g;
	int num = 0;

	while (g->in_flight) {
		uint8_t *at = g->mem + QG_OFF_RX + g->head;
		struct qg_resp r;

		if (le32toh(*(volatile uint32_t *)at) == QG_EMPTY)
			break;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		memcpy(r.raw, at, QG_RESP);
		memset(at, 0x7f, QG_RESP);
		if (qg_u64(&r, RESP_OPAQUE) != p->done)
			return failed(p, number, "another one's response");
		if (g->service == QG_ASYM ? qg_pke_failed(&r) :
					    qg_status(&r) & ~QG_ST_LAST)
			return failed(p, number, "a response that says no");
		g->head = (g->head + QG_RESP) % QG_RING_BYTES;
		g->in_flight--;
		p->done++;
		num++;
	}
	if (num) {
		qg_set(g, QG_HEAD(1), g->head);
		s->doorbells++;
	}
	return num;
}

/* As many as may be in flight, for one write of the tail */
static void give(struct side *s, unsigned int number)
{
	struct pair *p = &s->pair[number];
	struct qg *g = &p->g;
	unsigned int size = g->service == QG_ASYM ? QG_REQ / 2 : QG_REQ;

	if (g->in_flight == b.depth)
		return;
	for (; g->in_flight < b.depth; g->in_flight++) {
		uint64_t opaque = htole64(p->sent++);

		memcpy(p->req + REQ_OPAQUE, &opaque, sizeof(opaque));
		memcpy(g->mem + QG_OFF_TX + g->tail, p->req, size);
		g->tail = (g->tail + size) % QG_RING_BYTES;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	qg_set(g, QG_TAIL(0), g->tail);
	s->doorbells++;
}

/* Until all that is on its way has come back */
static int drain(struct side *s)
{
	long long end = now_ms() + QG_TIMEOUT_MS;
	unsigned int i;
	int ret;

	for (i = 0; i < b.num; i++) {
		while (s->pair[i].g.in_flight) {
			ret = take(s, i);
			if (ret < 0)
				return ret;
			if (now_ms() > end)
				return failed(&s->pair[i], i, "no answer");
		}
	}
	return 0;
}

/*
 * All pairs of one side have work at all times, for a while. The card takes a few
 * requests of each in turns, and when time is up some have had a turn more: those
 * from @first on, which is another one each time.
 */
static int slice(struct side *s, unsigned int first)
{
	long long start = now_ns(), end = start + b.ms * 1000000LL, now;
	uint64_t before[MAX_PAIRS];
	unsigned int i, n;
	int ret, got;

	for (i = 0; i < b.num; i++)
		before[i] = s->pair[i].done;
	do {
		for (n = 0, got = 0; n < b.num; n++) {
			i = (first + n) % b.num;
			ret = take(s, i);
			if (ret < 0)
				return ret;
			got += ret;
			give(s, i);
		}
		s->turns++;
		s->idle_turns += !got;
		now = now_ns();
	} while (now < end);
	s->ns += now - start;
	for (i = 0; i < b.num; i++)
		s->pair[i].counted += s->pair[i].done - before[i];
	return drain(s);
}

/* The same request has the same result, of whomever */
static int check(enum way way)
{
	struct side *s = &b.side[way];
	unsigned int i, j;

	for (i = 0; i < b.num; i++) {
		for (j = 0; j < OUT_LEN && !s->pair[i].out[j]; j++)
			;
		if (j == OUT_LEN)
			return failed(&s->pair[i], i, "no result");
		if (!b.have_want)
			memcpy(b.want, s->pair[i].out, OUT_LEN);
		b.have_want = true;
		if (memcmp(b.want, s->pair[i].out, OUT_LEN))
			return failed(&s->pair[i], i, "another result");
	}
	return 0;
}

static int open_vdevs(struct side *s)
{
	unsigned int i;
	int ret;

	for (i = 0; i < b.num; i++) {
		vdev_init(&s->dev[i], b.pf, services[b.service].type,
			  VDEV_CONTAINER);
		ret = vdev_create(&s->dev[i]);
		if (ret)
			return ret;
		s->num_devs++;
		ret = qg_up(&s->pair[i].g, &s->dev[i]);
		if (ret)
			return ret;
		if (s->pair[i].g.service != b.service)
			return -EINVAL;
	}
	return 0;
}

/* On as many VFs as there are, as guests would have them; then second pairs of them */
static int open_vfs(struct side *s)
{
	unsigned int i, num = b.num < NUM_VFS ? b.num : NUM_VFS;
	int ret;

	for (i = 0; i < num; i++) {
		ret = vdev_find_vf(&s->dev[i], b.vf_pf, i, VDEV_CONTAINER);
		if (!ret)
			ret = vdev_open(&s->dev[i]);
		if (ret)
			return ret;
		s->num_devs++;
	}
	for (i = 0; i < b.num; i++) {
		ret = qg_init_vf(&s->pair[i].g, &s->dev[i % num], i / num,
				 b.service);
		if (ret)
			return ret;
		qg_start(&s->pair[i].g);
	}
	return 0;
}

static int open_side(enum way way)
{
	struct side *s = &b.side[way];
	unsigned int i;
	int ret;

	ret = way == VDEV ? open_vdevs(s) : open_vfs(s);
	if (ret) {
		fprintf(stderr, "%s: number %u: %s\n", way_names[way],
			s->num_devs, strerror(-ret));
		return ret;
	}
	for (i = 0; i < b.num; i++)
		make_request(&s->pair[i]);
	return 0;
}

static void close_side(enum way way)
{
	struct side *s = &b.side[way];
	unsigned int i;

	for (i = 0; i < b.num; i++)
		if (s->pair[i].g.mem)
			qg_exit(&s->pair[i].g);
	for (i = 0; i < s->num_devs; i++) {
		if (way == VDEV)
			vdev_cleanup(&s->dev[i]);
		else
			vdev_close(&s->dev[i]);
	}
}

static long long traps(void)
{
	struct side *s = &b.side[VDEV];
	long long sum = 0;
	unsigned int i;

	for (i = 0; i < s->num_devs; i++)
		sum += vdev_traps(&s->dev[i], NULL);
	return sum;
}

static void print(enum way way)
{
	struct side *s = &b.side[way];
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < b.num; i++)
		all += s->pair[i].done;
	printf("%s,all,%llu\n", way_names[way], (unsigned long long)all);
	printf("%s,ns,%lld\n", way_names[way], s->ns);
	printf("%s,doorbells,%llu\n", way_names[way],
	       (unsigned long long)s->doorbells);
	for (i = 0; i < b.num; i++)
		printf("%s,%u,%llu\n", way_names[way], i,
		       (unsigned long long)s->pair[i].counted);
	printf("# %s: %llu turns, %llu of them found nothing\n", way_names[way],
	       (unsigned long long)s->turns,
	       (unsigned long long)s->idle_turns);
}

/* The two in turns, each first every other time: what else goes on meets both */
static int measure(void)
{
	unsigned int i, num_ways = b.vf_pf ? NUM_WAYS : 1;
	enum way way;
	long long before;
	int ret;

	for (way = 0; way < num_ways; way++) {
		ret = open_side(way);
		if (ret)
			return ret;
	}
	before = traps();
	for (i = 0; i < b.slices * num_ways; i++) {
		way = (i + i / num_ways) % num_ways;
		ret = slice(&b.side[way], i / num_ways * b.num / b.slices);
		if (!ret)
			ret = check(way);
		if (ret)
			return ret;
	}
	printf("vdev,traps,%lld\n", traps() - before);
	for (way = 0; way < num_ways; way++)
		print(way);
	return 0;
}

static void usage(const char *name)
{
	printf("usage: %s [OPTION...]\n"
	       "Makes VDEVs of a QAT and keeps the ring pairs of all of them busy at once; and in turns with them as many\n"
	       "ring pairs of VFs of another card. Prints for each way, vdev and vf, \"way,ns,TIME\" and \"way,PAIR,REQUESTS\" for each\n"
	       "ring pair in this time; \"way,all,REQUESTS\", also those at the ends of its turns, and of these \"way,doorbells,NUMBER\"\n"
	       "and \"vdev,traps,NUMBER\".\n"
	       "  -s SERVICE  sym, asym or dc, which the card offers (HDIOV_PF=BDF: this one)\n"
	       "  -n NUMBER   of ring pairs, 1; at most %u\n"
	       "  -d DEPTH    requests in flight of each, 16; at most %u\n"
	       "  -m MS       that one way has until it is the other's turn, 500\n"
	       "  -t TURNS    of each, 6\n"
	       "  -V PF       also VFs of this one, which vfio-pci has, and whose ring pairs all do SERVICE\n",
	       name, MAX_PAIRS, QG_DEPTH);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 1 << 12, 1 << 12 };
	enum way way;
	const char *why;
	int opt, ret;

	b.service = QG_NUM_SERVICES;
	while ((opt = getopt(argc, argv, "s:n:d:m:t:V:h")) != -1) {
		switch (opt) {
		case 's':
			for (b.service = 0; b.service < QG_NUM_SERVICES; b.service++)
				if (!strcmp(services[b.service].name, optarg))
					break;
			break;
		case 'n':
			b.num = atoi(optarg);
			break;
		case 'd':
			b.depth = atoi(optarg);
			break;
		case 'm':
			b.ms = atoi(optarg);
			break;
		case 't':
			b.slices = atoi(optarg);
			break;
		case 'V':
			b.vf_pf = optarg;
			break;
		default:
			usage(argv[0]);
			return opt != 'h';
		}
	}
	if (b.service == QG_NUM_SERVICES || !b.num || b.num > MAX_PAIRS ||
	    !b.depth || b.depth > QG_DEPTH || !b.ms || !b.slices) {
		usage(argv[0]);
		return 1;
	}
	if (!pf_find(services[b.service].type, VDEV_CONTAINER, b.pf,
		     sizeof(b.pf), &why)) {
		fprintf(stderr, "%s: %s\n", services[b.service].type, why);
		return 1;
	}
	if (setrlimit(RLIMIT_NOFILE, &limit)) {
		perror("setrlimit");
		return 1;
	}
	ret = measure();
	for (way = 0; way < NUM_WAYS; way++)
		close_side(way);
	return !!ret;
}
