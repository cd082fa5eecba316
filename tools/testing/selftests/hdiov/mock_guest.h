/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's driver of the software device */
#ifndef _HDIOV_TEST_MOCK_GUEST_H
#define _HDIOV_TEST_MOCK_GUEST_H

#include <endian.h>
#include <string.h>
#include <sys/mman.h>

#include "../../../../drivers/vfio/hdiov/hdiov_mock.h"
#include "vdev.h"

/* A copy under an emulated processor takes its time, a test that hangs must end */
#define MOCK_TIMEOUT_MS	10000

/**
 * struct mock_queue - a queue pair in use
 * @vdev: its VDEV, with memory space enabled
 * @index: which of the VDEV's
 * @ring: descriptors, mapped for DMA at @iova
 * @size: number of descriptors
 * @tail: next descriptor to use
 * @db: doorbell page, or NULL to use registers that trap
 */
struct mock_queue {
	struct vdev *vdev;
	unsigned int index;
	volatile struct mock_desc *ring;
	unsigned int size;
	unsigned int tail;
	volatile uint32_t *db;
};

static inline bool is_mock(const struct vdev *vdev)
{
	return !strncmp(vdev->type, "dma-", 4);
}

static inline uint64_t mock_db_offset(struct vdev *vdev, unsigned int queue)
{
	return MOCK_DB +
	       (uint64_t)queue * vdev_get32(vdev, MOCK_BAR, MOCK_DB_STRIDE);
}

static inline uint32_t mock_qp_get(struct mock_queue *q, unsigned int reg)
{
	return vdev_get32(q->vdev, MOCK_BAR, MOCK_QP(q->index) + reg);
}

static inline void mock_qp_set(struct mock_queue *q, unsigned int reg,
			       uint32_t value)
{
	vdev_set32(q->vdev, MOCK_BAR, MOCK_QP(q->index) + reg, value);
}

/* Program and start queue pair @index; true if the device accepts it */
static inline bool mock_start(struct mock_queue *q, struct vdev *vdev,
			      unsigned int index, void *ring, uint64_t iova,
			      unsigned int size)
{
	q->vdev = vdev;
	q->index = index;
	q->ring = ring;
	q->size = size;
	q->tail = 0;
	if (!q->db) {
		q->db = vdev_mmap(vdev, MOCK_BAR, mock_db_offset(vdev, index),
				  4096);
		if (q->db == MAP_FAILED)
			q->db = NULL;
	}

	mock_qp_set(q, MOCK_QP_CTRL, 0);
	mock_qp_set(q, MOCK_QP_RING_LO, iova);
	mock_qp_set(q, MOCK_QP_RING_HI, iova >> 32);
	mock_qp_set(q, MOCK_QP_RING_SIZE, size);
	mock_qp_set(q, MOCK_QP_CTRL, MOCK_QP_CTRL_ENABLE);
	return mock_qp_get(q, MOCK_QP_STATUS) == MOCK_QP_STATUS_RUNNING;
}

/* Ask for a copy; returns its descriptor */
static inline volatile struct mock_desc *
mock_post(struct mock_queue *q, uint64_t dst, uint64_t src, uint32_t len,
	  uint32_t flags)
{
	volatile struct mock_desc *desc = &q->ring[q->tail];

	desc->src = htole64(src);
	desc->dst = htole64(dst);
	desc->len = htole32(len);
	desc->flags = htole32(flags);
	desc->status = 0;
	desc->reserved = 0;
	q->tail = (q->tail + 1) % q->size;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (q->db)
		q->db[MOCK_DB_TAIL / 4] = htole32(q->tail);
	else
		vdev_set32(q->vdev, MOCK_BAR,
			   mock_db_offset(q->vdev, q->index) + MOCK_DB_TAIL,
			   q->tail);
	return desc;
}

/* The status of a descriptor, 0 if it had none for @ms */
static inline uint32_t mock_wait(volatile struct mock_desc *desc, int ms)
{
	for (; ms > 0 && !desc->status; ms--)
		msleep(1);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return le32toh(desc->status);
}

/* Copy and wait: MOCK_DESC_DONE, or 0 if the queue stopped or never answered */
static inline uint32_t mock_copy(struct mock_queue *q, uint64_t dst,
				 uint64_t src, uint32_t len)
{
	volatile struct mock_desc *desc = mock_post(q, dst, src, len, 0);
	uint32_t status;
	int ms;

	for (ms = 0; ms < MOCK_TIMEOUT_MS; ms += 10) {
		status = mock_wait(desc, 10);
		if (status || mock_qp_get(q, MOCK_QP_STATUS) !=
			      MOCK_QP_STATUS_RUNNING)
			return status;
	}
	return 0;
}

static inline uint64_t mock_fault_iova(struct mock_queue *q)
{
	return mock_qp_get(q, MOCK_QP_FAULT_LO) |
	       (uint64_t)mock_qp_get(q, MOCK_QP_FAULT_HI) << 32;
}

static inline void mock_unmap_db(struct mock_queue *q)
{
	if (q->db)
		munmap((void *)q->db, 4096);
	q->db = NULL;
}

#endif /* _HDIOV_TEST_MOCK_GUEST_H */
