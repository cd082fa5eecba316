// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long VDEVs take, how many fit, what they cost; and the same of virtual
 * functions. No test: it prints what it measures, scripts/bench makes tables of
 * it.
 */
#define _GNU_SOURCE
#include <dirent.h>
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

#include "vdev.h"

#define MAX_VECTORS	32
#define MAX_THREADS	16

/* VFs come and go all at once (enable, disable); create: vfio-pci takes one */
enum phase {
	ENABLE, CREATE, OPEN, BIND, VECTORS, RESET, CLOSE, REMOVE, DISABLE,
	NUM_PHASES,
};

static const char * const phase_names[NUM_PHASES] = {
	"enable", "create", "open", "bind", "vectors", "reset", "close",
	"remove", "disable",
};

struct subject {
	struct vdev vdev;
	int32_t efd[MAX_VECTORS];
	/* MSI-X; a VF of a QAT has MSI only */
	unsigned int irq_index;
	int num_vectors;
	enum phase reached;
	long long ns[NUM_PHASES];
};

static struct {
	const char *type;
	enum vdev_mode mode;
	unsigned int num;
	unsigned int threads;
	unsigned int runs;
	char pf[64];
	/* VFs of this PF */
	bool vfs;
	/* Let the caller look at the card after each phase */
	bool wait;
	struct subject *subject;
	pthread_barrier_t barrier;
	/* What went wrong first */
	pthread_mutex_t lock;
	enum phase failed_phase;
	unsigned int failed_index;
	int error;
} b = {
	.type = "vdcm-1",
	.mode = VDEV_CONTAINER,
	.num = 100,
	.threads = 1,
	.runs = 5,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static int open_eventfds(struct subject *s)
{
	int i;

	s->irq_index = VFIO_PCI_MSIX_IRQ_INDEX;
	s->num_vectors = vdev_vectors(&s->vdev);
	if (!s->num_vectors) {
		s->irq_index = VFIO_PCI_MSI_IRQ_INDEX;
		s->num_vectors = vdev_irq_count(&s->vdev, s->irq_index);
	}
	if (s->num_vectors < 0 || s->num_vectors > MAX_VECTORS)
		return -EINVAL;
	for (i = 0; i < s->num_vectors; i++) {
		s->efd[i] = eventfd(0, EFD_CLOEXEC);
		if (s->efd[i] < 0)
			return -errno;
	}
	return 0;
}

static int vf_create(struct subject *s)
{
	int ret;

	ret = vdev_find_vf(&s->vdev, b.pf, s - b.subject, b.mode);
	return ret ?: vdev_take_vf(&s->vdev);
}

static int do_phase(struct subject *s, enum phase phase)
{
	switch (phase) {
	case ENABLE:
		return pf_set_num_vfs(b.pf, b.num);
	case DISABLE:
		return pf_set_num_vfs(b.pf, 0);
	case CREATE:
		return b.vfs ? vf_create(s) : vdev_create(&s->vdev);
	case OPEN:
		return vdev_open_detached(&s->vdev);
	case BIND:
		return vdev_attach(&s->vdev);
	case VECTORS:
		return vdev_set_irqs(&s->vdev, s->irq_index,
				     VFIO_IRQ_SET_DATA_EVENTFD |
				     VFIO_IRQ_SET_ACTION_TRIGGER, 0,
				     s->num_vectors, s->efd,
				     s->num_vectors * sizeof(s->efd[0]));
	case RESET:
		return vdev_reset(&s->vdev);
	case CLOSE:
		vdev_close(&s->vdev);
		return 0;
	default:
		return b.vfs ? file_write("/sys/bus/pci/drivers/vfio-pci/unbind",
					  s->vdev.uuid) :
			       vdev_remove(&s->vdev);
	}
}

static void measure(unsigned int index, enum phase phase)
{
	struct subject *s = &b.subject[index];
	long long start;
	int i, ret;

	if (phase == ENABLE || phase == DISABLE) {
		if (!b.vfs || index)
			return;
	} else if (phase > CREATE && phase < CLOSE && s->reached != phase) {
		/* What has not got this far is only closed and removed */
		return;
	} else if (phase == REMOVE && !vdev_exists(&s->vdev)) {
		return;
	}
	/* What a hypervisor prepares is not the VDEV's time */
	if (phase == VECTORS)
		open_eventfds(s);

	start = now_ns();
	ret = do_phase(s, phase);
	s->ns[phase] = now_ns() - start;
	if (!ret) {
		s->reached = phase + 1;
	} else {
		pthread_mutex_lock(&b.lock);
		if (!b.error || phase < b.failed_phase ||
		    (phase == b.failed_phase && index < b.failed_index)) {
			b.error = ret;
			b.failed_phase = phase;
			b.failed_index = index;
		}
		pthread_mutex_unlock(&b.lock);
	}

	if (phase == CLOSE)
		for (i = 0; i < s->num_vectors; i++)
			close(s->efd[i]);
}

static void *worker(void *data)
{
	unsigned int first = (uintptr_t)data, i;
	enum phase phase;

	for (phase = 0; phase < NUM_PHASES; phase++) {
		pthread_barrier_wait(&b.barrier);
		for (i = first; i < b.num; i += b.threads)
			measure(i, phase);
		pthread_barrier_wait(&b.barrier);
	}
	return NULL;
}

static long long meminfo(const char *name)
{
	size_t len = strlen(name);
	char buf[8192], *line;

	if (file_read("/proc/meminfo", buf, sizeof(buf)) < 0)
		return -1;
	for (line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':')
			return atoll(line + len + 1) * 1024;
	}
	return -1;
}

static void shrink_slabs(void)
{
	char path[512];
	struct dirent *ent;
	DIR *dir;

	dir = opendir("/sys/kernel/slab");
	if (!dir)
		return;
	while ((ent = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink",
			 ent->d_name);
		if (ent->d_name[0] != '.')
			file_write(path, "1");
	}
	closedir(dir);
}

/* Bytes that the kernel holds in objects now */
static long long kernel_objects(void)
{
	static const char * const kinds[] = {
		"Slab", "Percpu", "VmallocUsed", "KernelStack", "PageTables",
		"SecPageTables", NULL
	};
	const char * const *kind;
	long long sum = 0, bytes;

	sync();
	file_write("/proc/sys/vm/drop_caches", "3");
	shrink_slabs();
	/* The free pages of each processor, and its part of the counters */
	file_write("/proc/sys/vm/compact_memory", "1");
	file_write("/proc/sys/vm/stat_refresh", "1");
	for (kind = kinds; *kind; kind++) {
		bytes = meminfo(*kind);
		if (bytes > 0)
			sum += bytes;
	}
	return sum;
}

/*
 * The same after all that it keeps for later was given back. Free memory would
 * be simpler, but is less by what happens to be cached for anyone.
 */
static long long kernel_memory(void)
{
	long long now, least = kernel_objects();
	unsigned int tries, calm = 0;

	/* kfree_rcu() collects for up to 5 seconds, and on a busy machine longer */
	for (tries = 0; tries < 20 && calm < 3; tries++) {
		msleep(3000);
		now = kernel_objects();
		if (now < least - 64 * 1024)
			calm = 0;
		else
			calm++;
		if (now < least)
			least = now;
	}
	return least;
}

static void print_resources(const char *when)
{
	if (b.vfs)
		return;
	printf("# %s: vdevs %lld pasids %lld interrupt_messages %lld available %d\n",
	       when, pf_resource(b.pf, "vdevs"), pf_resource(b.pf, "pasids"),
	       pf_resource(b.pf, "interrupt_messages"),
	       pf_available(b.pf, b.type));
}

static void run(unsigned int n)
{
	long long mem_before = 0, mem_idle, start, ns;
	pthread_t thread[MAX_THREADS];
	enum phase phase;
	bool memory;
	char line[16];
	unsigned int i;

	/* It takes a minute, and who waits wants to know other things */
	memory = b.threads == 1 && (!b.wait || n == b.runs);
	memset(b.subject, 0, b.num * sizeof(*b.subject));
	b.error = 0;
	for (i = 0; i < b.num; i++)
		vdev_init(&b.subject[i].vdev, b.pf, b.type, b.mode);
	if (memory)
		mem_before = kernel_memory();

	pthread_barrier_init(&b.barrier, NULL, b.threads + 1);
	for (i = 0; i < b.threads; i++)
		pthread_create(&thread[i], NULL, worker, (void *)(uintptr_t)i);
	for (phase = 0; phase < NUM_PHASES; phase++) {
		if (phase == OPEN && memory) {
			mem_idle = kernel_memory();
			printf("# run %u: memory of an idle %s: %lld bytes\n",
			       n, b.vfs ? "VF" : "VDEV",
			       (mem_idle - mem_before) / b.num);
		}
		if (phase == CLOSE)
			print_resources("all open");
		start = now_ns();
		pthread_barrier_wait(&b.barrier);
		pthread_barrier_wait(&b.barrier);
		ns = now_ns() - start;
		if (!b.vfs && (phase == ENABLE || phase == DISABLE))
			continue;
		printf("%s,%u,%u,all,%lld\n", phase_names[phase], b.threads, n,
		       ns);
		for (i = 0; i < b.num; i++)
			if (b.subject[i].ns[phase])
				printf("%s,%u,%u,%u,%lld\n", phase_names[phase],
				       b.threads, n, i, b.subject[i].ns[phase]);
		if (b.wait)
			printf("# waiting %u %s\n", n, phase_names[phase]);
		fflush(stdout);
		if (b.wait && !fgets(line, sizeof(line), stdin))
			exit(1);
	}
	for (i = 0; i < b.threads; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&b.barrier);

	if (b.error)
		printf("# run %u: %s of number %u failed: %s\n", n,
		       phase_names[b.failed_phase], b.failed_index,
		       strerror(-b.error));
	print_resources("all removed");
	if (memory)
		printf("# run %u: memory after it: %lld bytes\n", n,
		       kernel_memory());
}

static void usage(const char *name)
{
	printf("usage: %s [OPTION...]\n"
	       "Makes VDEVs, opens, binds, enables vectors, resets, closes and removes all of\n"
	       "them, one phase after the other. Prints \"phase,threads,run,VDEV,ns\", with VDEV\n"
	       "\"all\" for the time of a whole phase, and what else it sees after \"#\".\n"
	       "  -t TYPE     vdcm-1\n"
	       "  -V PF       virtual functions of this PF, which ice or qat_4xxx has, instead of\n"
	       "              VDEVs; a QAT makes all of its 16, however many are asked for\n"
	       "  -w          after each phase, print a line and wait for one\n"
	       "  -n NUMBER   of VDEVs, 100\n"
	       "  -j THREADS  1\n"
	       "  -r RUNS     5, after one that does not count\n"
	       "  -i          use iommufd instead of a container\n", name);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 1 << 16, 1 << 16 };
	const char *why;
	unsigned int i;
	int opt;

	while ((opt = getopt(argc, argv, "t:V:n:j:r:iwh")) != -1) {
		switch (opt) {
		case 't':
			b.type = optarg;
			break;
		case 'V':
			b.vfs = true;
			snprintf(b.pf, sizeof(b.pf), "%s", optarg);
			break;
		case 'w':
			b.wait = true;
			break;
		case 'n':
			b.num = atoi(optarg);
			break;
		case 'j':
			b.threads = atoi(optarg);
			break;
		case 'r':
			b.runs = atoi(optarg);
			break;
		case 'i':
			b.mode = VDEV_IOMMUFD;
			break;
		default:
			usage(argv[0]);
			return opt != 'h';
		}
	}
	if (!b.num || !b.threads || b.threads > MAX_THREADS) {
		usage(argv[0]);
		return 1;
	}
	if (!b.vfs && !pf_find(b.type, b.mode, b.pf, sizeof(b.pf), &why)) {
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

	print_resources("before");
	/* The first run fills caches and pools; it is number 0 */
	for (i = 0; i <= b.runs; i++)
		run(i);
	return 0;
}
