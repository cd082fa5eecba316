/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the Intel Ethernet Controller E810 that VDEVs have, and where
 *
 * Names and values as in the E810 datasheet (613875) and the published drivers.
 */
#ifndef _E810_REGS_H
#define _E810_REGS_H

#include <linux/bits.h>

/* Page space: one page for each mailbox, vector and queue, in BAR 0 */
#define E810_PAGES_START		0x02000000
#define E810_PAGES_END			0x08000000
#define E810_PAGE_SIZE			0x1000
#define E810_PAGE_VSI_MBX(vsi)		(0x02000000 + (vsi) * E810_PAGE_SIZE)
#define E810_PAGE_INT(vec)		(0x03000000 + (vec) * E810_PAGE_SIZE)
#define E810_PAGE_QRX_TAIL(q)		(0x03800000 + (q) * E810_PAGE_SIZE)
#define E810_PAGE_QTX_DBELL(q)		(0x04000000 + (q) * E810_PAGE_SIZE)

/* In the page of a vector */
#define PGINT_DYN_CTL			0x00
#define PGINT_ITR(i)			(0x04 + (i) * 4)

/* In the page of a mailbox */
#define VSI_MBX_ATQBAL			0x00
#define VSI_MBX_ATQBAH			0x04
#define VSI_MBX_ATQLEN			0x08
#define VSI_MBX_ATQH			0x0C
#define VSI_MBX_ATQT			0x10
#define VSI_MBX_ARQBAL			0x14
#define VSI_MBX_ARQBAH			0x18
#define VSI_MBX_ARQLEN			0x1C
#define VSI_MBX_ARQH			0x20
#define VSI_MBX_ARQT			0x24
#define VSI_MBX_NUM_REGS		10
#define CTLQ_HEAD_M			GENMASK(9, 0)
#define CTLQ_LEN_ENABLE			BIT(31)

#define GLINT_DYN_CTL_INTENA		BIT(0)
#define GLINT_DYN_CTL_CLEARPBA		BIT(1)
#define GLINT_DYN_CTL_SWINT_TRIG	BIT(2)
#define GLINT_DYN_CTL_ITR_INDX		GENMASK(4, 3)
#define GLINT_DYN_CTL_ITR_NONE		3
#define GLINT_DYN_CTL_INTERVAL		GENMASK(16, 5)
#define GLINT_DYN_CTL_WB_ON_ITR		BIT(30)
#define GLINT_DYN_CTL_INTENA_MSK	BIT(31)
/* What of it is state, and no command */
#define E810_KEPT_DYN_CTL		(GLINT_DYN_CTL_INTENA | GLINT_DYN_CTL_WB_ON_ITR)

/* An adaptive virtual function */
#define AVF_QTX_TAIL(q)			(0x0000 + (q) * 4)
#define AVF_QRX_TAIL(q)			(0x2000 + (q) * 4)
#define AVF_VFINT_ITRN(i, v)		(0x2800 + (i) * 64 + (v) * 4)
#define AVF_VFINT_DYN_CTLN(v)		(0x3800 + (v) * 4)
#define AVF_VFINT_ICR0			0x4800
#define   AVF_VFINT_ICR0_ADMINQ		BIT(30)
#define AVF_VFINT_ITR0(i)		(0x4C00 + (i) * 4)
#define AVF_VFINT_ICR0_ENA		0x5000
#define AVF_VFINT_DYN_CTL0		0x5C00
#define AVF_VF_ARQBAH			0x6000
#define AVF_VF_ATQH			0x6400
#define AVF_VF_ATQLEN			0x6800
#define AVF_VF_ARQBAL			0x6C00
#define AVF_VF_ARQT			0x7000
#define AVF_VF_ARQH			0x7400
#define AVF_VF_ATQBAH			0x7800
#define AVF_VF_ATQBAL			0x7C00
#define AVF_VF_ARQLEN			0x8000
#define AVF_VF_ATQT			0x8400
#define AVF_VFGEN_RSTAT			0x8800
#define AVF_WINDOW_SIZE			0x10000

/* The E810's own VDEVs: a page for each register */
#define VDCM_MBX_PAGE			0x00020000
#define VDCM_RSTAT_PAGE			0x00021000
#define VDCM_QRX_TAIL_PAGES		0x00100000
#define VDCM_QTX_TAIL_PAGES		0x01100000
#define VDCM_VECTOR_PAGES		0x02100000
#define VDCM_BAR0_SIZE			0x04000000

#endif /* _E810_REGS_H */
