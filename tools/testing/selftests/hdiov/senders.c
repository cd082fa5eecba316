// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guests of many VDEVs of an E810 at once, without hypervisors: each has
 * queues and sends as fast as all are sent for in turn. No test: scripts/bench
 * has the VDEVs that no guest has used by it.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>

#include "e810_guest.h"
#include "vdev.h"

#define BURST		8
#define MIN_FRAME	60
#define MAX_FRAME	1514

struct sender {
	struct vdev vdev;
	struct eg g;
	unsigned int sent;
	/* Since when the last burst has not been taken, ms */
	long long since;
};

static uint8_t frame[MAX_FRAME];

/* Has the card taken all that it was given */
static bool taken(struct sender *s)
{
	unsigned int last = (s->g.q[0].tx_next + EG_RING - 1) % EG_RING;

	return !s->sent || (le64toh(s->g.q[0].tx[last].qw1) & 0xf) == 0xf;
}

static int start(struct sender *s)
{
	int ret;

	ret = vdev_create(&s->vdev);
	if (ret)
		return ret;
	ret = vdev_open(&s->vdev);
	if (ret)
		return ret;
	ret = eg_init(&s->g, &s->vdev);
	return ret ?: eg_up(&s->g);
}

/* Until there is another line on standard input, or it ends. Returns 0, or 1 */
static int send_all(struct sender *senders, unsigned int num, size_t len)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct sender *s;
	unsigned int i;

	while (!poll(&in, 1, 0)) {
		for (s = senders; s < senders + num; s++) {
			if (!taken(s)) {
				if (now_ms() - s->since < EG_TIMEOUT_MS)
					continue;
				fprintf(stderr, "%s: its frames are not sent\n",
					s->vdev.uuid);
				return 1;
			}
			memcpy(frame + 6, s->g.mac, 6);
			for (i = 0; i < BURST; i++)
				eg_post_frame(&s->g, 0, frame, len, 0, 0, 0);
			s->sent += BURST;
			s->since = now_ms();
		}
	}
	return 0;
}

static void usage(const char *name)
{
	printf("usage: %s [OPTION...]\n"
	       "Makes VDEVs of an E810, prints \"ready\" when the queues of all are on, waits for a line\n"
	       "on standard input, and sends from all of them until there is another. Then it prints\n"
	       "\"VDEV,frames,ns\" for each of them.\n"
	       "  -t TYPE     avf-1\n"
	       "  -n NUMBER   of them, 10\n"
	       "  -l LENGTH   of frames, %u bytes\n", name, MAX_FRAME);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 1 << 16, 1 << 16 };
	const char *type = "avf-1", *why;
	unsigned int i, num = 10, len = MAX_FRAME;
	struct sender *senders;
	long long begin, ns;
	char pf[64], c;
	int opt, ret = 0;

	while ((opt = getopt(argc, argv, "t:n:l:h")) != -1) {
		switch (opt) {
		case 't':
			type = optarg;
			break;
		case 'n':
			num = atoi(optarg);
			break;
		case 'l':
			len = atoi(optarg);
			break;
		default:
			usage(argv[0]);
			return opt != 'h';
		}
	}
	if (!num || len < MIN_FRAME || len > MAX_FRAME) {
		usage(argv[0]);
		return 1;
	}
	if (!pf_find(type, VDEV_CONTAINER, pf, sizeof(pf), &why)) {
		fprintf(stderr, "%s: %s\n", type, why);
		return 1;
	}
	if (setrlimit(RLIMIT_NOFILE, &limit)) {
		perror("setrlimit");
		return 1;
	}
	senders = calloc(num, sizeof(*senders));
	if (!senders)
		return 1;
	/* To nobody; an experimental protocol of its own */
	memcpy(frame, "\x02\x00\x00\x00\xff\xff", 6);
	frame[12] = 0x88;
	frame[13] = 0xb5;

	for (i = 0; i < num; i++)
		vdev_init(&senders[i].vdev, pf, type, VDEV_CONTAINER);
	for (i = 0; i < num; i++) {
		ret = start(&senders[i]);
		if (ret) {
			fprintf(stderr, "number %u cannot start: %s\n", i,
				strerror(-ret));
			ret = 1;
			goto end;
		}
	}
	printf("ready\n");
	fflush(stdout);
	/* Byte by byte: no more of it is read than that line */
	do {
		if (read(STDIN_FILENO, &c, 1) != 1)
			goto end;
	} while (c != '\n');
	begin = now_ns();
	ret = send_all(senders, num, len);
	ns = now_ns() - begin;
	for (i = 0; i < num; i++)
		printf("%u,%u,%lld\n", i, senders[i].sent, ns);
end:
	for (i = 0; i < num; i++) {
		eg_exit(&senders[i].g);
		vdev_cleanup(&senders[i].vdev);
	}
	return ret;
}
