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
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "e810_guest.h"
#include "vdev.h"

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
	/*
	 * Of OPEN to the end: how long its process had a processor, and how
	 * long it was ready and had none; the rest it slept
	 */
	long long running, queued;
	/* How far it has got, and why no further */
	enum phase reached;
	int error;
};

/* What the processes have in common */
struct shared {
	pthread_barrier_t barrier;
	struct subject subject[];
};

static struct {
	const char *type;
	unsigned int num;
	unsigned int runs;
	char pf[64];
	/* VFs of this PF */
	bool vfs;
	struct shared *shared;
	size_t size;
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

	ret = vdev_find_vf(&s->vdev, b.pf, s - b.shared->subject, VDEV_CONTAINER);
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

static long long running_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* As Linux counts it; what an emulated processor itself waits for is not in it */
static long long queued_ns(void)
{
	long long ns;
	char text[96];

	if (file_read("/proc/thread-self/schedstat", text, sizeof(text)) < 0 ||
	    sscanf(text, "%*u %lld", &ns) != 1) {
		fprintf(stderr, "schedstat of a thread cannot be read\n");
		exit(1);
	}
	return ns;
}

static void wait_for_all(void)
{
	pthread_barrier_wait(&b.shared->barrier);
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

/*
 * All are made before the first is opened, as an administrator does it. Each has
 * a process of its own, as guests have: threads of one would wait for the lock of
 * its memory, and for RCU as its table of files grows.
 */
static void child(struct subject *s)
{
	wait_for_all();
	do_phases(s, OPEN);
	wait_for_all();
	wait_for_all();
	/* scripts/bench traces processes of this name */
	prctl(PR_SET_NAME, "starting");
	s->running = running_ns();
	s->queued = queued_ns();
	do_phases(s, NUM_PHASES);
	s->running = running_ns() - s->running;
	s->queued = queued_ns() - s->queued;
	prctl(PR_SET_NAME, "startup");
	wait_for_all();
	wait_for_all();
	end(s);
}

/* The others would wait for it for ever; they die with us */
static void child_ended(int sig, siginfo_t *info, void *context)
{
	fprintf(stderr, "process %d has ended before its time, %s %d\n",
		info->si_pid, info->si_code == CLD_EXITED ? "with" : "by signal",
		info->si_status);
	_exit(1);
}

/* Let them go, and say how long it takes until the last one is there */
static void let_go(const char *what, unsigned int n)
{
	long long start;

	wait_for_all();
	start = now_ns();
	wait_for_all();
	printf("%s,%u,%u,all,%lld\n", what, b.num, n, now_ns() - start);
}

static int begin(struct subject *s)
{
	int j;

	for (j = 0; j < MAX_VECTORS; j++)
		s->efd[j] = -1;
	if (b.vfs)
		return find_vf(s);
	vdev_init(&s->vdev, b.pf, b.type, VDEV_CONTAINER);
	return 0;
}

/* Returns how many did not get there, or a negative errno */
static int run(unsigned int n)
{
	struct subject *s, *last = b.shared->subject + b.num;
	const struct sigaction ended = {
		.sa_sigaction = child_ended,
		.sa_flags = SA_SIGINFO | SA_NOCLDSTOP,
	};
	pthread_barrierattr_t attr;
	pid_t pid, parent = getpid();
	unsigned int failed = 0;
	enum phase phase;
	long long start;
	int ret = 0;

	if (b.vfs) {
		start = now_ns();
		ret = pf_set_num_vfs(b.pf, b.num);
		if (ret)
			return ret;
		printf("enable,%u,%u,all,%lld\n", b.num, n, now_ns() - start);
	}
	memset(b.shared, 0, b.size);
	for (s = b.shared->subject; s < last; s++) {
		ret = begin(s);
		if (ret)
			goto disable;
	}

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&b.shared->barrier, &attr, b.num + 1);
	pthread_barrierattr_destroy(&attr);
	fflush(stdout);
	sigaction(SIGCHLD, &ended, NULL);
	for (s = b.shared->subject; s < last; s++) {
		pid = fork();
		if (pid < 0) {
			/* Those that are there die with us */
			perror("fork");
			exit(1);
		}
		if (!pid) {
			signal(SIGCHLD, SIG_DFL);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			/* It is too late for that */
			if (getppid() != parent)
				_exit(1);
			child(s);
			_exit(0);
		}
	}
	let_go("made", n);
	let_go("started", n);
	for (s = b.shared->subject; s < last; s++) {
		unsigned int i = s - b.shared->subject;

		for (phase = 0; phase < s->reached; phase++)
			printf("%s,%u,%u,%u,%lld\n", phase_names[phase], b.num,
			       n, i, s->ns[phase]);
		printf("running,%u,%u,%u,%lld\nqueued,%u,%u,%u,%lld\n", b.num,
		       n, i, s->running, b.num, n, i, s->queued);
		if (s->error) {
			printf("# run %u: %s of number %u failed: %s\n", n,
			       phase_names[s->reached], i, strerror(-s->error));
			failed++;
		}
	}
	fflush(stdout);
	signal(SIGCHLD, SIG_DFL);
	wait_for_all();
	while (wait(NULL) > 0)
		;
	pthread_barrier_destroy(&b.shared->barrier);
	ret = failed;
disable:
	if (b.vfs)
		pf_set_num_vfs(b.pf, 0);
	return ret;
}

static void usage(const char *name)
{
	printf("usage: %s [OPTION...]\n"
	       "Makes VDEVs of an E810 all at once, each by a process of its own, then starts all\n"
	       "at once, up to a guest whose queues are on. Prints \"phase,NUMBER,run,VDEV,ns\", with VDEV \"all\" for what\n"
	       "is done for all, and what else it sees after \"#\". \"running\" and \"queued\" are of\n"
	       "all phases after create: that its process had a processor, and waited for one.\n"
	       "  -t TYPE     avf-1\n"
	       "  -V PF       virtual functions of this PF, which ice has, instead of VDEVs\n"
	       "  -n NUMBER   of them, 10\n"
	       "  -r RUNS     5, after one that does not count\n", name);
}

int main(int argc, char **argv)
{
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
	b.size = sizeof(*b.shared) + b.num * sizeof(b.shared->subject[0]);
	b.shared = mmap(NULL, b.size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b.shared == MAP_FAILED) {
		perror("mmap");
		return 1;
	}

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
