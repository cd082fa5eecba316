/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and descriptors of the HD-IOV software device, as a guest sees them.
 * Included by tools/testing/selftests/hdiov, so it needs nothing of the kernel
 * but its types.
 */
#ifndef _HDIOV_MOCK_H
#define _HDIOV_MOCK_H

#include <linux/types.h>

/* The range 1234:* has no owner; QEMU's and Bochs' test devices live there */
#define MOCK_VENDOR_ID		0x1234
#define MOCK_DEVICE_ID		0x4d6b
#define MOCK_CLASS_CODE		0xff0000

#define MOCK_BAR		0
#define MOCK_BAR_SIZE		0x200000
#define MOCK_MSIX_BAR		2
#define MOCK_MSIX_BAR_SIZE	0x4000
#define MOCK_MSIX_TABLE		0x0000
#define MOCK_MSIX_PBA		0x2000

/*
 * Page 0 of BAR 0 traps. R: read-only, RW: read and write, W: reads as 0. MOCK_SCRATCH
 * takes accesses of 1, 2, 4 and 8 bytes. The others have 32 bits, and other accesses
 * of them have no effect and read as 0.
 */
#define MOCK_ID			0x000	/* R: MOCK_ID_VALUE */
#define MOCK_ID_VALUE		0x56444d48
#define MOCK_NUM_QPS		0x004	/* R: queue pairs */
#define MOCK_NUM_VECTORS	0x008	/* R: MSI-X vectors */
#define MOCK_DB_STRIDE		0x00c	/* R: bytes from one doorbell page to the next */
#define MOCK_SCRATCH		0x010	/* RW: 64 bits, no effect, reset clears it */
#define MOCK_SWINT		0x018	/* W: raise the vector of this number */
#define MOCK_RESET		0x01c	/* W: bit 0: function level reset */
#define MOCK_FAULTS		0x020	/* R: DMA faults since reset */

/* Registers of queue pair q start at MOCK_QP(q) */
#define MOCK_QP_BASE		0x100
#define MOCK_QP_STRIDE		0x020
#define MOCK_QP(q)		(MOCK_QP_BASE + (q) * MOCK_QP_STRIDE)
#define MOCK_QP_RING_LO		0x00	/* RW while disabled: IOVA, 64 byte aligned */
#define MOCK_QP_RING_HI		0x04
#define MOCK_QP_RING_SIZE	0x08	/* RW while disabled: descriptors, a power of 2 */
#define MOCK_QP_CTRL		0x0c	/* RW: MOCK_QP_CTRL_* */
#define MOCK_QP_STATUS		0x10	/* R: MOCK_QP_STATUS_*, of the last enable */
#define MOCK_QP_VECTOR		0x14	/* RW: MOCK_QP_VECTOR_* */
#define MOCK_QP_FAULT_LO	0x18	/* R: IOVA of the last fault */
#define MOCK_QP_FAULT_HI	0x1c

#define MOCK_QP_CTRL_ENABLE	0x1
#define MOCK_QP_STATUS_RUNNING	0x1
#define MOCK_QP_STATUS_FAULT	0x2	/* stopped by a DMA fault */
#define MOCK_QP_STATUS_INVALID	0x4	/* not started: bad ring base or size */
#define MOCK_QP_VECTOR_INDEX	0x7ff
#define MOCK_QP_VECTOR_ENABLE	0x80000000

#define MOCK_RING_MIN		2
#define MOCK_RING_MAX		1024
#define MOCK_RING_ALIGN		64
#define MOCK_COPY_MAX		0x100000	/* bytes per descriptor */

/* One page per queue pair, mapped into the guest: page q from MOCK_DB on */
#define MOCK_DB			0x100000
#define MOCK_DB_TAIL		0x0	/* RW: index after the last valid descriptor */
#define MOCK_DB_HEAD		0x4	/* R: index of the next one to execute */

/* Vector 0 reports faults */
#define MOCK_VECTOR_FAULT	0

/**
 * struct mock_desc - a copy request
 * @src: IOVA to read from
 * @dst: IOVA to write to
 * @len: bytes, 1 to MOCK_COPY_MAX
 * @flags: MOCK_DESC_INTERRUPT
 * @status: written by the device, MOCK_DESC_DONE or MOCK_DESC_ERROR
 * @reserved: zero
 */
struct mock_desc {
	__le64 src;
	__le64 dst;
	__le32 len;
	__le32 flags;
	__le32 status;
	__le32 reserved;
};

#define MOCK_DESC_INTERRUPT	0x1
#define MOCK_DESC_DONE		0x1
#define MOCK_DESC_ERROR		0x2

#endif /* _HDIOV_MOCK_H */
