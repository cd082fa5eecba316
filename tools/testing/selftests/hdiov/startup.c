// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long VDEVs, or virtual functions, of an E810 take from nothing to a guest
 * that can send, when many are started at once. No test: it prints what it
 * measures, scripts/bench makes tables of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "e810_guest.h"
#include "vdev.h"

#define STACK_SIZE	(1 << 18)
#define MAX_VECTORS	3

/*
 * In this order: the device is made, its group opened, itself opened in its
 * address space, its vectors enabled; then the guest's driver finds the mailbox
 * ready, has got what it may have, and has its queues on
 */
enum phase { CREATE, OPEN, BIND, VECTORS, MAILBOX, HANDSHAKE, QUEUES, NUM_PHASES };

static const char * const phase_names[NUM_PHASES] = {
	"create", "open", "bind", "vectors", "mailbox", "handshake", "queues",
};

struct subject {
	struct vdev vdev;
	struct eg g;
	int32_t efd[MAX_VECTORS];
	long long ns[NUM_PHASES];
	/* How far it has got, and why no further */
	enum phase reached;
	int error;
	pthread_t thread;
};

static struct {
	const char *type;
	unsigned int num;
	unsigned int runs;
	char pf[64];
	/* VFs of this PF */
	bool vfs;
	struct subject *subject;
	pthread_barrier_t barrier;
} b = {
	.type = "avf-1",
	.num = 10,
	.runs = 5,
};

/* With one vector for queues ice gives it two, of which one is used */
static int find_vf(struct subject *s)
{
	char path[PATH_MAX];
	int ret;

	ret = vdev_find_vf(&s->vdev, b.pf, s - b.subject, VDEV_CONTAINER);
	if (ret)
		return ret;
	snprintf(s->vdev.type, sizeof(s->vdev.type), "vf-1");
	return file_write(vdev_path(&s->vdev, "sriov_vf_msix_count", path,
				    sizeof(path)), "2");
}

static int set_vectors(struct subject *s)
{
	int i, num = vdev_vectors(&s->vdev);

	if (num < 1)
		return num ?: -ENODEV;
	if (num > MAX_VECTORS)
		num = MAX_VECTORS;
	for (i = 0; i < num; i++) {
		s->efd[i] = eventfd(0, EFD_CLOEXEC);
		if (s->efd[i] < 0)
			return -errno;
	}
	return vdev_set_irqs(&s->vdev, VFIO_PCI_MSIX_IRQ_INDEX,
			     VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER, 0, num, s->efd,
			     num * sizeof(s->efd[0]));
}

static int do_phase(struct subject *s, enum phase phase)
{
	int ret;

	switch (phase) {
	case CREATE:
		return b.vfs ? vdev_take_vf(&s->vdev) : vdev_create(&s->vdev);
	case OPEN:
		return vdev_open_detached(&s->vdev);
	case BIND:
		return vdev_attach(&s->vdev);
	case VECTORS:
		return set_vectors(s);
	case MAILBOX:
		ret = eg_init(&s->g, &s->vdev);
		s->g.more_queues = b.vfs;
		return ret ?: eg_mailbox_start(&s->g);
	case HANDSHAKE:
		return eg_handshake(&s->g);
	default:
		return eg_queues_start(&s->g);
	}
}

static void do_phases(struct subject *s, enum phase end)
{
	long long start;

	for (; !s->error && s->reached < end; s->reached++) {
		start = now_ns();
		s->error = do_phase(s, s->reached);
		s->ns[s->reached] = now_ns() - start;
		if (s->error)
			break;
	}
}

/* All are made before the first is opened, as an administrator does it */
static void *worker(void *data)
{
	struct subject *s = data;

	pthread_barrier_wait(&b.barrier);
	do_phases(s, OPEN);
	pthread_barrier_wait(&b.barrier);
	pthread_barrier_wait(&b.barrier);
	do_phases(s, NUM_PHASES);
	pthread_barrier_wait(&b.barrier);
	return NULL;
}

/* Let them go, and say how long it takes until the last one is there */
static void let_go(const char *what, unsigned int n)
{
	long long start;

	pthread_barrier_wait(&b.barrier);
	start = now_ns();
	pthread_barrier_wait(&b.barrier);
	printf("%s,%u,%u,all,%lld\n", what, b.num, n, now_ns() - start);
}

static void end(struct subject *s)
{
	unsigned int i;

	eg_exit(&s->g);
	vdev_close(&s->vdev);
	for (i = 0; i < MAX_VECTORS; i++)
		if (s->efd[i] >= 0)
			close(s->efd[i]);
	if (b.vfs)
		file_write("/sys/bus/pci/drivers/vfio-pci/unbind", s->vdev.uuid);
	else if (vdev_exists(&s->vdev))
		vdev_remove(&s->vdev);
}

/* Returns how many did not get there, or a negative errno */
static int run(unsigned int n)
{
	pthread_attr_t attr;
	long long start;
	unsigned int i, j, failed = 0;
	int ret = 0;

	if (b.vfs) {
		start = now_ns();
		ret = pf_set_num_vfs(b.pf, b.num);
		if (ret)
			return ret;
		printf("enable,%u,%u,all,%lld\n", b.num, n, now_ns() - start);
	}
	memset(b.subject, 0, b.num * sizeof(*b.subject));
	for (i = 0; i < b.num; i++) {
		struct subject *s = &b.subject[i];

		for (j = 0; j < MAX_VECTORS; j++)
			s->efd[j] = -1;
		if (!b.vfs)
			vdev_init(&s->vdev, b.pf, b.type, VDEV_CONTAINER);
		else
			ret = find_vf(s);
		if (ret)
			goto disable;
	}

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_barrier_init(&b.barrier, NULL, b.num + 1);
	for (i = 0; i < b.num; i++)
		if (pthread_create(&b.subject[i].thread, &attr, worker,
				   &b.subject[i])) {
			/* Those that are there wait for the others for ever */
			perror("pthread_create");
			exit(1);
		}
	let_go("made", n);
	let_go("started", n);
	for (i = 0; i < b.num; i++) {
		struct subject *s = &b.subject[i];
		enum phase phase;

		pthread_join(s->thread, NULL);
		for (phase = 0; phase < s->reached; phase++)
			printf("%s,%u,%u,%u,%lld\n", phase_names[phase], b.num,
			       n, i, s->ns[phase]);
		if (s->error) {
			printf("# run %u: %s of number %u failed: %s\n", n,
			       phase_names[s->reached], i, strerror(-s->error));
			failed++;
		}
	}
	pthread_barrier_destroy(&b.barrier);
	pthread_attr_destroy(&attr);
	fflush(stdout);
	for (i = 0; i < b.num; i++)
		end(&b.subject[i]);
	ret = failed;
disable:
	if (b.vfs)
		pf_set_num_vfs(b.pf, 0);
	return ret;
}

static void usage(const char *name)
{
	printf("usage: %s [OPTION...]\n"
	       "Makes VDEVs of an E810 all at once, each by a thread of its own, then starts all\n"
	       "at once, up to a guest whose queues are on. Prints \"phase,NUMBER,run,VDEV,ns\", with VDEV \"all\" for what\n"
	       "is done for all, and what else it sees after \"#\".\n"
	       "  -t TYPE     avf-1\n"
	       "  -V PF       virtual functions of this PF, which ice has, instead of VDEVs\n"
	       "  -n NUMBER   of them, 10\n"
	       "  -r RUNS     5, after one that does not count\n", name);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 1 << 16, 1 << 16 };
	const char *why;
	unsigned int i;
	int opt, ret;

	while ((opt = getopt(argc, argv, "t:V:n:r:h")) != -1) {
		switch (opt) {
		case 't':
			b.type = optarg;
			break;
		case 'V':
			b.vfs = true;
			snprintf(b.pf, sizeof(b.pf), "%s", optarg);
			break;
		case 'n':
			b.num = atoi(optarg);
			break;
		case 'r':
			b.runs = atoi(optarg);
			break;
		default:
			usage(argv[0]);
			return opt != 'h';
		}
	}
	if (!b.num) {
		usage(argv[0]);
		return 1;
	}
	if (!b.vfs && !pf_find(b.type, VDEV_CONTAINER, b.pf, sizeof(b.pf), &why)) {
		fprintf(stderr, "%s: %s\n", b.type, why);
		return 1;
	}
	if (setrlimit(RLIMIT_NOFILE, &limit)) {
		perror("setrlimit");
		return 1;
	}
	b.subject = calloc(b.num, sizeof(*b.subject));
	if (!b.subject)
		return 1;

	/* The first run fills caches and pools; it is number 0 */
	for (i = 0; i <= b.runs; i++) {
		ret = run(i);
		if (ret < 0)
			fprintf(stderr, "run %u: %s\n", i, strerror(-ret));
		if (ret)
			return 1;
	}
	return 0;
}
