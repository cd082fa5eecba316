// SPDX-License-Identifier: GPL-2.0-only
/* Many VDEVs, many users at once; at the end everything is where it was */
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "vdev.h"

#define THREADS	4
#define MAX_VECTORS	64

FIXTURE(stress)
{
	char pf[64];
	long long vdevs, pasids, messages;
	int available;
};

FIXTURE_VARIANT(stress)
{
	const char *type;
	enum vdev_mode mode;
	unsigned int rounds;
};

#define STRESS_VARIANT(kind, type_name, num)				\
	FIXTURE_VARIANT_ADD(stress, container_##kind) {			\
		.type = type_name, .mode = VDEV_CONTAINER, .rounds = num \
	};								\
	FIXTURE_VARIANT_ADD(stress, iommufd_##kind) {			\
		.type = type_name, .mode = VDEV_IOMMUFD, .rounds = num	\
	}

STRESS_VARIANT(dma_1, "dma-1", 12);
STRESS_VARIANT(dma_4, "dma-4", 12);
STRESS_VARIANT(avf_1, "avf-1", 8);
STRESS_VARIANT(vdcm_4, "vdcm-4", 8);
STRESS_VARIANT(vqat_sym, "vqat_sym", 8);

FIXTURE_SETUP(stress)
{
	const char *why;

	if (!pf_find(variant->type, variant->mode, self->pf, sizeof(self->pf),
		     &why))
		SKIP(return, "%s: %s", variant->type, why);
	self->vdevs = pf_resource(self->pf, "vdevs");
	self->pasids = pf_resource(self->pf, "pasids");
	self->messages = pf_resource(self->pf, "interrupt_messages");
	self->available = pf_available(self->pf, variant->type);
	ASSERT_LE(2 * THREADS, self->available);
}

FIXTURE_TEARDOWN(stress)
{
	if (!self->pf[0])
		return;
	EXPECT_EQ(self->vdevs, pf_resource(self->pf, "vdevs"));
	EXPECT_EQ(self->pasids, pf_resource(self->pf, "pasids"));
	EXPECT_EQ(self->messages, pf_resource(self->pf, "interrupt_messages"));
	EXPECT_EQ(self->available, pf_available(self->pf, variant->type));
}

struct worker {
	const FIXTURE_DATA(stress) *self;
	const FIXTURE_VARIANT(stress) *variant;
	struct vdev *shared;
	pthread_t thread;
	unsigned int seed;
	unsigned int done;
	const char *failed;
	int error;
};

static bool check(struct worker *w, const char *what, int ret)
{
	if (ret) {
		w->failed = what;
		w->error = ret;
	}
	return !ret;
}

/* One life of a VDEV, as a hypervisor that boots and ends a guest */
static bool life(struct worker *w, struct vdev *vdev, uint8_t *mem)
{
	int32_t efd[MAX_VECTORS];
	struct mock_queue q = {};
	bool ok = true;
	int i, num;

	if (!check(w, "create", vdev_create(vdev)) ||
	    !check(w, "open", vdev_open(vdev)))
		return false;
	vdev_enable(vdev, true);
	ok = check(w, "map", vdev_map(vdev, 0, mem, 0x4000, true));

	num = vdev_vectors(vdev);
	for (i = 0; i < num; i++) {
		efd[i] = eventfd(0, EFD_CLOEXEC);
		ok = ok && check(w, "vector", vdev_set_vector(vdev, i, efd[i]));
	}
	if (ok && is_mock(vdev)) {
		memset(mem + 0x2000, w->done, 64);
		ok = check(w, "start",
			   !mock_start(&q, vdev, 0, mem, 0, 16)) &&
		     check(w, "copy", mock_copy(&q, 0x3000, 0x2000, 64) !=
				      MOCK_DESC_DONE) &&
		     check(w, "data", memcmp(mem + 0x3000, mem + 0x2000, 64));
	}
	ok = ok && check(w, "reset", vdev_reset(vdev));
	/* Some die with everything on, some are put away in good order */
	if (ok && rand_r(&w->seed) % 2) {
		mock_unmap_db(&q);
		ok = check(w, "unmap", vdev_unmap(vdev, 0, 0x4000)) &&
		     check(w, "disable",
			   vdev_set_irqs(vdev, VFIO_PCI_MSIX_IRQ_INDEX,
					 VFIO_IRQ_SET_ACTION_TRIGGER |
					 VFIO_IRQ_SET_DATA_NONE, 0, 0, NULL, 0));
	}
	mock_unmap_db(&q);
	vdev_close(vdev);
	for (i = 0; i < num; i++)
		close(efd[i]);
	return check(w, "remove", vdev_remove(vdev)) && ok;
}

static void *lives(void *data)
{
	struct worker *w = data;
	uint8_t *mem = dma_alloc(0x4000);
	struct vdev vdev;
	bool ok = true;

	while (ok && w->done < w->variant->rounds) {
		vdev_init(&vdev, w->self->pf, w->variant->type,
			  w->variant->mode);
		ok = life(w, &vdev, mem);
		w->done += ok;
	}
	vdev_cleanup(&vdev);
	munmap(mem, 0x4000);
	return NULL;
}

TEST_F_TIMEOUT(stress, lives, 180)
{
	struct worker w[THREADS] = {};
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		w[i].self = self;
		w[i].variant = variant;
		w[i].seed = i;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, lives, &w[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(variant->rounds, w[i].done) {
			TH_LOG("%s: %s", w[i].failed ?: "?",
			       strerror(abs(w[i].error)));
		}
	}
}

/*
 * The mdev core loses the file "remove" of a device that is removed while it is
 * still being created. That is not what is tested here.
 */
static pthread_mutex_t sysfs_lock = PTHREAD_MUTEX_INITIALIZER;

/* All at the same VDEV, with whatever comes to mind */
static void *fight(void *data)
{
	struct worker *w = data;
	struct vdev vdev = *w->shared;
	int32_t efd = eventfd(0, EFD_CLOEXEC);

	while (w->done < w->variant->rounds) {
		switch (rand_r(&w->seed) % 4) {
		case 0:
			pthread_mutex_lock(&sysfs_lock);
			vdev_create(&vdev);
			pthread_mutex_unlock(&sysfs_lock);
			break;
		case 1:
			pthread_mutex_lock(&sysfs_lock);
			vdev_remove(&vdev);
			pthread_mutex_unlock(&sysfs_lock);
			break;
		default:
			if (vdev_open(&vdev))
				break;
			vdev_enable(&vdev, true);
			vdev_set_vector(&vdev, 0, efd);
			vdev_reset(&vdev);
			vdev_close(&vdev);
			break;
		}
		w->done++;
	}
	close(efd);
	return NULL;
}

TEST_F_TIMEOUT(stress, fight, 180)
{
	struct worker w[THREADS] = {};
	struct vdev shared;
	unsigned int i;

	vdev_init(&shared, self->pf, variant->type, variant->mode);
	for (i = 0; i < THREADS; i++) {
		w[i].self = self;
		w[i].variant = variant;
		w[i].shared = &shared;
		w[i].seed = 100 + i;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, fight, &w[i]));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);

	/* And still it is a VDEV like any other */
	if (!vdev_exists(&shared))
		ASSERT_EQ(0, vdev_create(&shared));
	EXPECT_EQ(0, vdev_open(&shared));
	vdev_cleanup(&shared);
	EXPECT_FALSE(vdev_exists(&shared));
}

TEST_HARNESS_MAIN
