/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iavf, DPDK's and Linux's, for an E810's VDEVs of the types vdcm: other PCI ids, and registers that all
 * have pages which user space, or a guest, can map. It comes before each of the driver's files, which stay
 * as they are, and speaks of registers by the names of the driver's iavf_register.h.
 */
#ifndef HDIOV_VDCM_H
#define HDIOV_VDCM_H

#ifndef __KERNEL__
#include <rte_config.h>
#endif

#include "iavf_devids.h"
#include "iavf_osdep.h"
#include "iavf_register.h"

/* The stock driver can be loaded as well, and has all others: these are ids of no device */
#undef IAVF_DEV_ID_ADAPTIVE_VF
#undef IAVF_DEV_ID_VF
#undef IAVF_DEV_ID_VF_HV
#undef IAVF_DEV_ID_X722_VF
#undef IAVF_DEV_ID_X722_A0_VF
#define IAVF_DEV_ID_ADAPTIVE_VF		0x0dd5
#define IAVF_DEV_ID_VF			0xfff0
#define IAVF_DEV_ID_VF_HV		0xfff1
#define IAVF_DEV_ID_X722_VF		0xfff2
#define IAVF_DEV_ID_X722_A0_VF		0xfff3

/* The mailbox */
#define VDCM_MBX(reg)			(0x20000 + (reg))
#undef IAVF_VF_ATQBAL1
#undef IAVF_VF_ATQBAH1
#undef IAVF_VF_ATQLEN1
#undef IAVF_VF_ATQH1
#undef IAVF_VF_ATQT1
#undef IAVF_VF_ARQBAL1
#undef IAVF_VF_ARQBAH1
#undef IAVF_VF_ARQLEN1
#undef IAVF_VF_ARQH1
#undef IAVF_VF_ARQT1
#define IAVF_VF_ATQBAL1			VDCM_MBX(0x00)
#define IAVF_VF_ATQBAH1			VDCM_MBX(0x04)
#define IAVF_VF_ATQLEN1			VDCM_MBX(0x08)
#define IAVF_VF_ATQH1			VDCM_MBX(0x0c)
#define IAVF_VF_ATQT1			VDCM_MBX(0x10)
#define IAVF_VF_ARQBAL1			VDCM_MBX(0x14)
#define IAVF_VF_ARQBAH1			VDCM_MBX(0x18)
#define IAVF_VF_ARQLEN1			VDCM_MBX(0x1c)
#define IAVF_VF_ARQH1			VDCM_MBX(0x20)
#define IAVF_VF_ARQT1			VDCM_MBX(0x24)

#undef IAVF_VFGEN_RSTAT
#define IAVF_VFGEN_RSTAT		0x21000

/* VFGEN_RSTAT is the host's memory here: what brings writes to the card is to read one of its registers */
#undef iavf_flush
#define iavf_flush(hw)			readl((hw)->hw_addr + IAVF_VFINT_DYN_CTL01)
#undef IAVF_WRITE_FLUSH
#define IAVF_WRITE_FLUSH(hw)		IAVF_READ_REG(hw, IAVF_VFINT_DYN_CTL01)

/* Tails */
#undef IAVF_QRX_TAIL1
#undef IAVF_QTX_TAIL1
#define IAVF_QRX_TAIL1(q)		(0x0100000 + (q) * 0x1000)
#define IAVF_QTX_TAIL1(q)		(0x1100000 + (q) * 0x1000)

/* Vectors: the mailbox's, and those of queues, from 0 */
#define VDCM_VECTOR(v, reg)		(0x2100000 + (v) * 0x1000 + (reg))
#undef IAVF_VFINT_DYN_CTL01
#undef IAVF_VFINT_DYN_CTLN1
#undef IAVF_VFINT_ITR01
#undef IAVF_VFINT_ITRN1
#define IAVF_VFINT_DYN_CTL01		VDCM_VECTOR(0, 0)
#define IAVF_VFINT_DYN_CTLN1(v)		VDCM_VECTOR((v) + 1, 0)
#define IAVF_VFINT_ITR01(i)		VDCM_VECTOR(0, 4 + (i) * 4)
#define IAVF_VFINT_ITRN1(i, v)		VDCM_VECTOR((v) + 1, 4 + (i) * 4)

/*
 * The mailbox's vector has no other cause, so there are no registers that tell causes apart or enable
 * one. Who asks for causes is told of the mailbox, but while the VDEV is being reset.
 */
#define VDCM_NO_REGISTER		0xffffffffU
#undef IAVF_VFINT_ICR0_ENA1
#undef IAVF_VFINT_ICR01
#undef IAVF_VFINT_ICR01_ADMINQ_MASK
#define IAVF_VFINT_ICR0_ENA1		VDCM_NO_REGISTER
#define IAVF_VFINT_ICR01		IAVF_VFGEN_RSTAT
#define IAVF_VFINT_ICR01_ADMINQ_MASK	IAVF_VFGEN_RSTAT_VFR_STATE_MASK

#undef wr32
#define wr32(hw, reg, value)						\
	do {								\
		if ((reg) != VDCM_NO_REGISTER)				\
			writel((value), (hw)->hw_addr + (reg));		\
	} while (0)

#ifdef __KERNEL__
/* Linux's driver reads the causes, and which are enabled, only to have them cleared */
#undef rd32
#define rd32(hw, reg)							\
({									\
	u32 __value = 0;						\
									\
	if ((reg) != VDCM_NO_REGISTER)					\
		__value = readl((hw)->hw_addr + (reg));			\
	__value;							\
})
/* and uses these only where the PF does not hash for its VFs, as ice does */
#undef IAVF_VFQF_HENA
#undef IAVF_VFQF_HKEY
#undef IAVF_VFQF_HLUT
#define IAVF_VFQF_HENA(i)	VDCM_NO_REGISTER
#define IAVF_VFQF_HKEY(i)	VDCM_NO_REGISTER
#define IAVF_VFQF_HLUT(i)	VDCM_NO_REGISTER
#else
/* A VDEV does not have these: a driver that uses them is not one to be built so */
#undef IAVF_VFINT_STAT_CTL01
#undef IAVF_VFQF_HENA
#undef IAVF_VFQF_HKEY
#undef IAVF_VFQF_HLUT
#endif

#endif /* HDIOV_VDCM_H */
