// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation that the use of a VDEV makes fails once: each step then works
 * or says why not, and at the end nothing has been lost. Needs FAULT_INJECTION,
 * FAULT_INJECTION_STACKTRACE_FILTER and FAILSLAB in the kernel.
 *
 * Left out is what makes Linux 7.3 warn about itself: creating a VDEV, where
 * vfio_create_group() releases a group that it has not filled in yet; real
 * interrupts, where /proc/irq/N is removed that could not be made; and what ice
 * allocates to make a VSI, an ADI's or a VF's, again: it dereferences NULL where it
 * adds a filter after one that it could not add.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "vdev.h"

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define DMA_LEN		(64 * 1024)
#define IOVA		0x100000
/* More than there are in any use, or something is very wrong */
#define NTH_MAX		20000

FIXTURE(fail_nth)
{
	struct vdev vdev;
	long long vdevs, pasids, messages;
	int available;
	void *mem;
	int fail, event;
};

/*
 * @vectors: how many to enable
 * @stride: of so many allocations, one fails: waiting for firmware takes long
 */
FIXTURE_VARIANT(fail_nth)
{
	const char *type;
	enum vdev_mode mode;
	unsigned int vectors;
	unsigned int stride;
};

#define FAIL_VARIANT(kind, type_name, num_vectors, num)		\
	FIXTURE_VARIANT_ADD(fail_nth, container_##kind) {		\
		.type = type_name, .mode = VDEV_CONTAINER,		\
		.vectors = num_vectors, .stride = num			\
	};								\
	FIXTURE_VARIANT_ADD(fail_nth, iommufd_##kind) {			\
		.type = type_name, .mode = VDEV_IOMMUFD,		\
		.vectors = num_vectors, .stride = num			\
	}

/* Its vector 0 is raised by software, the other by an interrupt */
FAIL_VARIANT(dma_1, "dma-1", 1, 1);
FAIL_VARIANT(avf_1, "avf-1", 0, 3);
FAIL_VARIANT(vqat_sym, "vqat_sym", 0, 3);

/* No allocation of a module fails, nor of what it calls; of none, if it is NULL */
static int spare_module(const char *name)
{
	unsigned long long start = 0, size = 0, at, bytes;
	char line[512], found[64], buf[32];
	FILE *f;
	int ret;

	f = name ? fopen("/proc/modules", "r") : NULL;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %llu %*s %*s %*s 0x%llx", found, &bytes,
			   &at) == 3 && !strcmp(found, name)) {
			start = at;
			size = bytes;
		}
	}
	if (f)
		fclose(f);
	if (name && !start)
		return -ENOENT;
	snprintf(buf, sizeof(buf), "0x%llx", start);
	ret = file_write(FAILSLAB "reject-start", buf);
	if (ret)
		return ret;
	snprintf(buf, sizeof(buf), "0x%llx", start + size);
	return file_write(FAILSLAB "reject-end", buf);
}

FIXTURE_SETUP(fail_nth)
{
	const char *why;
	char pf[64];

	self->fail = -1;
	self->event = -1;
	if (!pf_find(variant->type, variant->mode, pf, sizeof(pf), &why))
		SKIP(return, "%s: %s", variant->type, why);
	if (!file_exists(FAIL_NTH) || !file_exists(FAILSLAB "verbose"))
		SKIP(return, "%s: this kernel has no failslab", variant->type);
	/* Sleeping allocations too, and no stack traces */
	ASSERT_EQ(0, file_write(FAILSLAB "ignore-gfp-wait", "N"));
	ASSERT_EQ(0, file_write(FAILSLAB "verbose", "0"));
	ASSERT_EQ(0, spare_module(strcmp(variant->type, "avf-1") ? NULL : "ice"));
	self->fail = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fail);
	self->event = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->event);
	self->mem = dma_alloc(DMA_LEN);

	vdev_init(&self->vdev, pf, variant->type, variant->mode);
	ASSERT_EQ(0, vdev_create(&self->vdev));
	self->vdevs = pf_resource(pf, "vdevs");
	self->pasids = pf_resource(pf, "pasids");
	self->messages = pf_resource(pf, "interrupt_messages");
	self->available = pf_available(pf, variant->type);
}

FIXTURE_TEARDOWN(fail_nth)
{
	vdev_cleanup(&self->vdev);
	close(self->event);
	close(self->fail);
}

/* Saved, and on as if nothing had been, if its driver can do that */
static int migrate(struct vdev *vdev)
{
	int ret, fd;

	ret = vdev_mig_set(vdev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (ret)
		return ret;
	close(fd);
	ret = vdev_mig_set(vdev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (ret)
		return ret;
	close(fd);
	return vdev_reset(vdev);
}

static int use(struct vdev *vdev, void *mem, int event, unsigned int vectors)
{
	unsigned int i;
	int ret;

	ret = vdev_open(vdev);
	if (ret)
		return ret;
	ret = vdev_map(vdev, IOVA, mem, DMA_LEN, true);
	for (i = 0; i < vectors && !ret; i++)
		ret = vdev_set_vector(vdev, i, event);
	if (!ret)
		ret = vdev_reset(vdev);
	if (!ret && is_mock(vdev))
		ret = migrate(vdev);
	for (i = 0; i < vectors && !ret; i++)
		ret = vdev_set_vector(vdev, i, -1);
	if (!ret)
		ret = vdev_unmap(vdev, IOVA, DMA_LEN);
	vdev_close(vdev);
	return ret;
}

/* Returns whether an allocation has failed, or a negative errno */
static int use_with(struct vdev *vdev, void *mem, int event,
		    unsigned int vectors, int fail, unsigned int nth, int *ret)
{
	char buf[16];
	ssize_t len;

	len = snprintf(buf, sizeof(buf), "%u", nth);
	if (pwrite(fail, buf, len, 0) != len)
		return -errno;
	*ret = use(vdev, mem, event, vectors);
	memset(buf, 0, sizeof(buf));
	if (pread(fail, buf, sizeof(buf) - 1, 0) < 0 ||
	    pwrite(fail, "0", 1, 0) != 1)
		return -errno;
	return !atoi(buf);
}

TEST_F_TIMEOUT(fail_nth, use, 1400)
{
	struct vdev *vdev = &self->vdev;
	unsigned int nth, failed = 0;
	int injected, ret;

	for (nth = 1; nth < NTH_MAX; nth += variant->stride) {
		injected = use_with(vdev, self->mem, self->event,
				    variant->vectors, self->fail, nth, &ret);
		ASSERT_LE(0, injected);
		vdev_close(vdev);
		EXPECT_TRUE(vdev_in_state(vdev, "idle"));
		EXPECT_EQ(self->vdevs, pf_resource(vdev->pf, "vdevs"));
		EXPECT_EQ(self->pasids, pf_resource(vdev->pf, "pasids"));
		EXPECT_EQ(self->messages,
			  pf_resource(vdev->pf, "interrupt_messages"));
		EXPECT_EQ(self->available,
			  pf_available(vdev->pf, variant->type));
		if (!__test_passed(_metadata)) {
			TH_LOG("after allocation %u: %s", nth, strerror(-ret));
			break;
		}
		if (!injected) {
			EXPECT_EQ(0, ret);
			break;
		}
		failed += !!ret;
	}
	TH_LOG("%s: %u allocations tried, %u made a step fail", variant->type,
	       nth / variant->stride, failed);
	EXPECT_GT(NTH_MAX, nth);
	/* Injection works at all */
	EXPECT_LT(0, failed);
	/* And the next one goes as if nothing had happened */
	EXPECT_EQ(0, use(vdev, self->mem, self->event, variant->vectors));
}

TEST_HARNESS_MAIN
