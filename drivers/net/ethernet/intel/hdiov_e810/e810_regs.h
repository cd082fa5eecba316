/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the Intel Ethernet Controller E810
 *
 * Names and values as in the E810 datasheet (613875) and the published
 * register headers of the ice drivers. Offsets are in BAR 0 of the physical
 * function.
 */
#ifndef _E810_REGS_H
#define _E810_REGS_H

#include <linux/bits.h>

/* Page space: one doorbell, vector or mailbox per 4 KiB page */
#define E810_BAR0_SIZE_PAGES		0x08000000
#define E810_PAGE_SIZE			0x1000
#define E810_PAGE_VSI_MBX(vsi)		(0x02000000 + (vsi) * E810_PAGE_SIZE)
#define E810_PAGE_INT(vec)		(0x03000000 + (vec) * E810_PAGE_SIZE)
#define E810_PAGE_QRX_TAIL(q)		(0x03800000 + (q) * E810_PAGE_SIZE)
#define E810_PAGE_QTX_DBELL(q)		(0x04000000 + (q) * E810_PAGE_SIZE)

/* In a page of a vector */
#define PGINT_DYN_CTL			0x00
#define PGINT_ITR(i)			(0x04 + (i) * 4)

/* In a page of a VSI's mailbox */
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

/* Admin queue and mailbox of the function */
#define PF_FW_ATQBAL			0x00080000
#define PF_FW_ARQBAL			0x00080080
#define PF_FW_ATQBAH			0x00080100
#define PF_FW_ARQBAH			0x00080180
#define PF_FW_ATQLEN			0x00080200
#define PF_FW_ARQLEN			0x00080280
#define PF_FW_ATQH			0x00080300
#define PF_FW_ARQH			0x00080380
#define PF_FW_ATQT			0x00080400
#define PF_FW_ARQT			0x00080480
#define PF_MBX_ATQBAL			0x0022E100
#define PF_MBX_ATQBAH			0x0022E180
#define PF_MBX_ATQLEN			0x0022E200
#define PF_MBX_ATQH			0x0022E280
#define PF_MBX_ATQT			0x0022E300
#define PF_MBX_ARQBAL			0x0022E380
#define PF_MBX_ARQBAH			0x0022E400
#define PF_MBX_ARQLEN			0x0022E480
#define PF_MBX_ARQH			0x0022E500
#define PF_MBX_ARQT			0x0022E580
#define CTLQ_LEN_ENABLE			BIT(31)
#define CTLQ_HEAD_M			GENMASK(9, 0)

/* Mailbox DMA carries the PASID of the VSI. Lost at CORER and GLOBR */
#define GL_MBX_PASID			0x00231EC0
#define GL_MBX_PASID_MODE		BIT(0)
#define GL_MBX_PASID_MODE_VALID		BIT(1)

/* Resets */
#define GLGEN_RSTAT			0x000B8188
#define GLGEN_RSTAT_DEVSTATE		GENMASK(1, 0)
/* Parts of the card that have loaded their settings after a reset */
#define GLNVM_ULD			0x000B6008
#define GLNVM_ULD_PCIER			BIT(0)
#define GLNVM_ULD_PCIER_1		BIT(1)
#define GLNVM_ULD_CORER			BIT(3)
#define GLNVM_ULD_GLOBR			BIT(4)
#define GLNVM_ULD_POR			BIT(5)
#define GLNVM_ULD_POR_1			BIT(8)
#define GLNVM_ULD_PCIER_2		BIT(9)
#define GLNVM_ULD_DONE			(GLNVM_ULD_PCIER | GLNVM_ULD_PCIER_1 | \
					 GLNVM_ULD_CORER | GLNVM_ULD_GLOBR | \
					 GLNVM_ULD_POR | GLNVM_ULD_POR_1 | \
					 GLNVM_ULD_PCIER_2)
#define PFGEN_CTRL			0x00091000
#define PFGEN_CTRL_PFSWR		BIT(0)
#define VSIGEN_RTRIG(vsi)		(0x00091800 + (vsi) * 4)
#define VSIGEN_RTRIG_VMSWR		BIT(0)
#define VSIGEN_RSTAT(vsi)		(0x00092800 + (vsi) * 4)
#define VSIGEN_RSTAT_VMRD		BIT(0)
#define PFPCI_VMINDEX			0x0009E600
#define PFPCI_VMPEND			0x0009E800
#define PFPCI_VMPEND_PENDING		BIT(0)

/* Clock of the Tx scheduler */
#define GLGEN_CLKSTAT_SRC		0x000B826C
#define GLGEN_CLKSTAT_SRC_PSM_CLK	GENMASK(5, 4)

/* Number of the function */
#define PF_FUNC_RID			0x0009E880
#define PF_FUNC_RID_FUNC_NUM		GENMASK(2, 0)

/* Of link flow control: how long it pauses, and when it renews that */
#define PRTMAC_HSEC_CTL_TX_PS_QNT_LFC	0x001E37E0
#define PRTMAC_HSEC_CTL_TX_PS_RFSH_LFC	0x001E3900
#define PRTMAC_HSEC_CTL_TX_PS		GENMASK(15, 0)

#define GL_MNG_FWSM			0x000B6134
#define GL_MNG_FWSM_FW_LOADING		BIT(30)

/* Interrupts */
#define GLINT_CTL			0x0016CC54
#define GLINT_CTL_DIS_AUTOMASK		BIT(0)
#define GLINT_CTL_ITR_GRAN_200		GENMASK(19, 16)
#define GLINT_CTL_ITR_GRAN_100		GENMASK(23, 20)
#define GLINT_CTL_ITR_GRAN_50		GENMASK(27, 24)
#define GLINT_CTL_ITR_GRAN_25		GENMASK(31, 28)
#define PFINT_OICR			0x0016CA00
#define PFINT_OICR_ENA			0x0016C900
#define PFINT_OICR_ECC_ERR		BIT(16)
#define PFINT_OICR_MAL_DETECT		BIT(19)
#define PFINT_OICR_GRST			BIT(20)
#define PFINT_OICR_PCI_EXCEPTION	BIT(21)
#define PFINT_OICR_CTL			0x0016CA80
#define PFINT_FW_CTL			0x0016C800
#define PFINT_MBX_CTL			0x0016B280
#define VPINT_MBX_CTL(vsi)		(0x0016A000 + (vsi) * 4)
#define QINT_TQCTL(q)			(0x00140000 + (q) * 4)
#define QINT_RQCTL(q)			(0x00150000 + (q) * 4)
/* The same fields in all of PFINT_*_CTL, VPINT_MBX_CTL and QINT_*CTL */
#define INT_CTL_MSIX_INDX		GENMASK(10, 0)
#define INT_CTL_ITR_INDX		GENMASK(12, 11)
#define INT_CTL_CAUSE_ENA		BIT(30)
#define GLINT_DYN_CTL_INTENA		BIT(0)
#define GLINT_DYN_CTL_CLEARPBA		BIT(1)
#define GLINT_DYN_CTL_SWINT_TRIG	BIT(2)
#define GLINT_DYN_CTL_ITR_INDX		GENMASK(4, 3)
#define GLINT_DYN_CTL_ITR_NONE		3
#define GLINT_DYN_CTL_SW_ITR_INDX_ENA	BIT(24)
#define GLINT_DYN_CTL_SW_ITR_INDX	GENMASK(26, 25)
#define GLINT_DYN_CTL_WB_ON_ITR		BIT(30)
#define GLINT_DYN_CTL_INTENA_MSK	BIT(31)
#define E810_NUM_ITR			3
#define E810_ITR_INTERVAL		GENMASK(11, 0)

/* Word of the firmware's event 0x1001 */
#define GLDCB_RTCTQ_RXQNUM		GENMASK(10, 0)

/* Malicious driver detection: the card's, written with ones to clear */
#define GL_MDET_RX			0x00294C00
#define GL_MDET_TX_PQM			0x002D2E00
#define GL_MDET_TX_TCLAN		0x000FC068
/* Fields of GL_MDET_RX and GL_MDET_TX_TCLAN */
#define GL_MDET_QNUM			GENMASK(14, 0)
#define GL_MDET_PF_NUM			GENMASK(25, 23)
#define GL_MDET_TX_PQM_PF_NUM		GENMASK(2, 0)
#define GL_MDET_TX_PQM_QNUM		GENMASK(25, 12)
/* In all three */
#define GL_MDET_MAL_TYPE		GENMASK(30, 26)
#define GL_MDET_VALID			BIT(31)
/* The function's: bit 0 is set; written with ones to clear */
#define PF_MDET_RX			0x00294280
#define PF_MDET_TX_PQM			0x002D2C80
#define PF_MDET_TX_TCLAN		0x000FC000

/* Queues */
#define QTX_COMM_DBELL_TAIL		GENMASK(12, 0)
#define QRX_TAIL_TAIL			GENMASK(12, 0)
#define QRX_CONTEXT(i, q)		(0x00280000 + (i) * 8192 + (q) * 4)
#define QRX_CONTEXT_NUM			8
#define QRX_CTRL(q)			(0x00120000 + (q) * 4)
#define QRX_CTRL_QENA_REQ		BIT(0)
#define QRX_CTRL_QENA_STAT		BIT(2)
#define QRXFLXP_CNTXT(q)		(0x00480000 + (q) * 4)
#define QRXFLXP_CNTXT_RXDID_IDX		GENMASK(5, 0)
#define QRXFLXP_CNTXT_RXDID_PRIO	GENMASK(10, 8)
#define GLFLXP_RXDID_FLAGS(rxdid, word)	(0x0045D000 + (rxdid) * 4 + (word) * 256)
#define GLFLXP_RXDID_FLAGS_FLEXIFLAG_4N	GENMASK(5, 0)

/* Statistics of a VSI */
#define GLV_GORCL(vsi)			(0x003B0000 + (vsi) * 8)
#define GLV_UPRCL(vsi)			(0x003B2000 + (vsi) * 8)
#define GLV_MPRCL(vsi)			(0x003B4000 + (vsi) * 8)
#define GLV_BPRCL(vsi)			(0x003B6000 + (vsi) * 8)
#define GLV_GOTCL(vsi)			(0x00300000 + (vsi) * 8)
#define GLV_UPTCL(vsi)			(0x0030A000 + (vsi) * 8)
#define GLV_MPTCL(vsi)			(0x0030C000 + (vsi) * 8)
#define GLV_BPTCL(vsi)			(0x0030E000 + (vsi) * 8)
#define GLV_RDPC(vsi)			(0x00294C04 + (vsi) * 4)
#define GLV_TEPC(vsi)			(0x00312000 + (vsi) * 4)
#define GLV_WIDTH			40

/*
 * BAR 0 of an adaptive virtual function (AVF), as published with the iavf
 * driver
 */
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
#define AVF_MAX_QUEUES			16

/* BAR 0 of a VDEV with one register per page, 8086:0dd5 */
#define VDCM_MBX_PAGE			0x00020000
#define VDCM_QRX_TAIL_PAGES		0x00100000
#define VDCM_QTX_TAIL_PAGES		0x01100000
#define VDCM_VECTOR_PAGES		0x02100000
#define VDCM_BAR0_SIZE			0x04000000

#endif /* _E810_REGS_H */
