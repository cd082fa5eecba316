/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest that keeps the software device busy: a ring full of copies, each of which interrupts */
#ifndef _HDIOV_TEST_MOCK_TRAFFIC_H
#define _HDIOV_TEST_MOCK_TRAFFIC_H

#include "mock_guest.h"
#include "vdev.h"

/* Its memory: the descriptors, and a buffer whose first half is copied to the second */
#define IOVA_RING	0x100000
#define IOVA_BUF	0x200000
#define RING_SIZE	64
#define BUF_SIZE	0x80000
#define HALF		(BUF_SIZE / 2)
#define VECTOR		1

/* Time for what must come, and to see that nothing happens */
#define SOON_MS		5000
#define NEVER_MS	100

/* Queue pair 0 with @ring, which is mapped at IOVA_RING; true if the device accepts it */
static inline bool start(struct mock_queue *q, struct vdev *vdev, void *ring)
{
	if (!mock_start(q, vdev, 0, ring, IOVA_RING, RING_SIZE))
		return false;
	mock_qp_set(q, MOCK_QP_VECTOR, MOCK_QP_VECTOR_ENABLE | VECTOR);
	return true;
}

/* Fill the ring; returns the last descriptor */
static inline volatile struct mock_desc *fill(struct mock_queue *q)
{
	volatile struct mock_desc *desc = NULL;
	unsigned int i;

	for (i = 0; i < RING_SIZE - 1; i++)
		desc = mock_post(q, IOVA_BUF + HALF, IOVA_BUF, HALF,
				 MOCK_DESC_INTERRUPT);
	return desc;
}

/* Not a byte, not an interrupt at the eventfd @efd */
static inline bool silent(struct vdev *vdev, int efd)
{
	long long bytes = mock_asks(vdev->pf, "dma_bytes");

	event_wait(efd, 0);
	msleep(NEVER_MS);
	return bytes == mock_asks(vdev->pf, "dma_bytes") && !event_wait(efd, 0);
}

#endif /* _HDIOV_TEST_MOCK_TRAFFIC_H */
