/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of a QAT 2.0 (4xxx) physical function, and of the VDEV that guests
 * see. Names, offsets and values are those published in Linux' qat_4xxx, in
 * Intel's out-of-tree driver (PASIDs, IMS, VDEV) and in DPDK.
 */
#ifndef _QAT_REGS_H
#define _QAT_REGS_H

#include <linux/bits.h>
#include <linux/sizes.h>

/* PCI_DEVICE_ID_INTEL_QAT_4XXX, _401XX and _402XX: all are driven by "4xxx" */
#define QAT_4XXX_DEVICE_ID		0x4940
#define QAT_401XX_DEVICE_ID		0x4942
#define QAT_402XX_DEVICE_ID		0x4944
#define QAT_VDEV_DEVICE_ID		0x0da5

/* Ring pairs, called banks by the register files; ring 0 requests, 1 answers */
#define QAT_NUM_BANKS			64
/* The service of a bank repeats modulo 4 */
#define QAT_SERVICE_PERIOD		4
#define QAT_AE_CLOCK_HZ			1000000000

/* BARs of the PF */
#define QAT_BAR_PMISC			2
#define QAT_BAR_ETR			4

/* ADF_GEN4_ARB_WRK_2_SER_MAP_OFFSET: which banks an engine works for */
#define ETR_WT2SAM(engine)		(0x400 + 4 * (engine))
#define QAT_NUM_ENGINES			8

/*
 * ETR: the rings. PASIDCTL is not in Linux; the others are
 * ADF_WQM_CSR_RPRESETCTL, _RPRESETSTS and ADF_RING_BUNDLE_SIZE there
 */
#define ETR_PASIDCTL(bank)		(0x4000 + 16 * (bank))
#define   PASIDCTL_PASID			GENMASK(19, 0)
#define   PASIDCTL_RING_ADI_EN			BIT(20)
#define   PASIDCTL_RING_PASID_EN		BIT(22)
#define   PASIDCTL_DATA_ADI_EN			BIT(24)
#define   PASIDCTL_DATA_PASID_EN		BIT(26)
#define   PASIDCTL_ADI_MODE						\
	(PASIDCTL_RING_ADI_EN | PASIDCTL_RING_PASID_EN |		\
	 PASIDCTL_DATA_ADI_EN | PASIDCTL_DATA_PASID_EN)
#define ETR_RPRESETCTL(bank)		(0x6000 + 8 * (bank))
#define   RPRESETCTL_OP				GENMASK(1, 0)
#define   RPRESETCTL_OP_RESET			1
#define   RPRESETCTL_OP_PASID			2
#define   RPRESETCTL_OP_ABORT			3
#define   RPRESETCTL_DRAIN			BIT(2)
#define ETR_RPRESETSTS(bank)		(0x6004 + 8 * (bank))
#define   RPRESETSTS_DONE			BIT(0)
#define ETR_BANK(bank)			(0x100000 + 0x2000 * (bank))
#define   ETR_SIZE				ETR_BANK(QAT_NUM_BANKS)

/*
 * In a bank's window: a page for the fast path, and one for configuration.
 * ADF_RING_CSR_RING_HEAD and so on. A bit for each ring, but for INT_SRC_SEL, which
 * has four, and INT_COL_CTL
 */
#define BANK_PAGE_SIZE			SZ_4K
#define BANK_RING_HEAD(r)		(0x0c0 + 4 * (r))
#define BANK_RING_TAIL(r)		(0x100 + 4 * (r))
#define BANK_RING_E_STAT		0x14c
#define BANK_RING_F_STAT		0x158
#define BANK_INT_FLAG_EN		0x16c
#define BANK_INT_SRC_SEL		0x174
#define   INT_SRC				GENMASK(7, 0)
#define   INT_SRC_F_RISE(r)			(GENMASK(1, 0) << 4 * (r))
#define   INT_SRC_F_FALL(r)			(GENMASK(2, 0) << 4 * (r))
#define BANK_INT_COL_EN			0x17c
#define BANK_INT_COL_CTL		0x180
#define   INT_COL_CTL_ENABLE			BIT(31)
#define   INT_COL_CTL_TIME			GENMASK(23, 0)
#define   INT_COL_CTL				(INT_COL_CTL_ENABLE | INT_COL_CTL_TIME)
#define BANK_INT_FLAG_AND_COL		0x184
#define BANK_EXP_STAT			0x188
#define BANK_EXP_INT_EN			0x18c
#define BANK_RING_SRV_ARB_EN		0x19c
#define BANK_RING_CONFIG(r)		(0x1000 + 4 * (r))
#define   RING_CONFIG_SIZE			GENMASK(4, 0)
#define   RING_CONFIG_SIZE_MAX			16
#define   RING_CONFIG_BYTES(size)		(64U << (size))
#define   RING_CONFIG_MASK			GENMASK(14, 0)
#define BANK_RING_LBASE(r)		(0x1040 + 4 * (r))
#define BANK_RING_UBASE(r)		(0x1080 + 4 * (r))
#define BANK_NUM_RINGS			2
#define BANK_RING_TX			0
#define BANK_RING_RX			1
#define BANK_ALL_RINGS			GENMASK(BANK_NUM_RINGS - 1, 0)

/* PMISC: all else. ADF_WQM_CSR_RPINTSOU and the register behind it */
#define PMISC_RPINTSOU(bank)		(0x200000 + 0x1000 * (bank))
#define   RPINT_BANK				BIT(0)
#define PMISC_RPINTMSK(bank)		(0x200004 + 0x1000 * (bank))
/* Not in Linux */
#define PMISC_IMS_LTBL(slot)		(0x410000 + 16 * (slot))
#define PMISC_IMS_UTBL(slot)		(0x410004 + 16 * (slot))
#define PMISC_IMS_DATA(slot)		(0x410008 + 16 * (slot))
#define PMISC_IMS_VECCTL(slot)		(0x41000c + 16 * (slot))
#define   IMS_VECCTL_MASK			BIT(0)
/* FCU_STATUS_4XXX, FCU_STS_DONE_POS; only read, the loader is qat_4xxx's */
#define PMISC_FCU_STATUS		0x641004
#define   FCU_STATUS_STARTED			BIT(9)
#define   PMISC_SIZE				(PMISC_FCU_STATUS + 4)

/* What a ring pair does, 3 bits for each of four: enum adf_cfg_service_type */
#define SVC_MAP_BITS			3
#define SVC_MAP_COMP			2
#define SVC_MAP_SYM			3
#define SVC_MAP_ASYM			4

/* VDEV: 8086:0da5. BAR 0 has room for as many banks as drivers believe in */
#define VDEV_BAR_RINGS			0
#define VDEV_RINGS_SIZE			SZ_32K
#define VDEV_RPRESETCTL			0x1100
#define VDEV_RPRESETSTS			0x1104

#define VDEV_BAR_MISC			2
#define VDEV_MISC_SIZE			SZ_128K
#define VDEV_VINTSOU			0x0
#define VDEV_VINTMSK			0x4
#define   VINT_MESSAGE				BIT(0)
#define VDEV_MSGQ_CFG			0x20
#define   MSGQ_CFG_NUM				GENMASK(5, 0)
#define   MSGQ_CFG_PAGE				GENMASK(15, 6)
#define   MSGQ_CFG_LOG2_SIZE			GENMASK(19, 16)
#define VDEV_TX_NOTIFIER		0x30
#define VDEV_RX_NOTIFIER		0x130
#define   NOTIFIER_LEN				GENMASK(15, 0)
#define VDEV_MSIX_TABLE			0x8000
#define VDEV_MSIX_PBA			0x8800
#define VDEV_MSGQ			0x10000
#define   MSGQ_LOG2_SIZE			8
#define   MSGQ_SIZE				BIT(MSGQ_LOG2_SIZE)

#define VDEV_BAR_CAPS			4
#define VDEV_CAPS_SIZE			SZ_4K

/* Messages between guest and host; a u16 in front tells which */
enum qat_msg_to_guest {
	QAT_MSG_RESTARTING	= 1,
	QAT_MSG_VERSION_RESP	= 2,
	QAT_MSG_FATAL_ERROR	= 4,
};

enum qat_msg_from_guest {
	QAT_MSG_INIT		= 3,
	QAT_MSG_SHUTDOWN	= 4,
	QAT_MSG_COMPAT_VER_REQ	= 6,
};

#define QAT_COMPAT_VERSION		1

enum qat_compat {
	QAT_COMPAT_OK		= 1,
	QAT_COMPAT_UNKNOWN	= 3,
};

/* Entries of BAR 4 */
enum qat_cap_id {
	QAT_CAP_DEV_FREQ	= 1,
	QAT_CAP_SVC_MAP		= 2,
	QAT_CAP_SVC_MASK	= 3,
};

/* Of QAT_CAP_SVC_MASK */
#define SVC_CRYPTO_SYMMETRIC		BIT(0)
#define SVC_CRYPTO_ASYMMETRIC		BIT(1)
#define SVC_CIPHER			BIT(2)
#define SVC_AUTHENTICATION		BIT(3)
#define SVC_COMPRESSION			BIT(5)
#define SVC_SHA3			BIT(9)
#define SVC_SHA3_EXT			BIT(15)
#define SVC_AESGCM_SPC			BIT(16)
#define SVC_CHACHA_POLY			BIT(17)
#define SVC_SM3				BIT(19)
#define SVC_SM4				BIT(20)
#define SVC_CNV_INTEGRITY64		BIT(23)
#define SVC_AES_V2			BIT(26)

#endif /* _QAT_REGS_H */
