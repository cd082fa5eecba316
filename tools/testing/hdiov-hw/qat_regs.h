/*
 * Emulated QAT 2.0 (4xxx): registers and messages
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Offsets and values as published in the drivers of Linux and DPDK.
 */

#ifndef HW_HDIOV_QAT_REGS_H
#define HW_HDIOV_QAT_REGS_H

#include "qemu/bitops.h"
#include "qemu/units.h"

#define QAT_NUM_BANKS           64
#define QAT_NUM_VECTORS         65      /* one for each bank, one more */
#define QAT_NUM_AES             9
#define QAT_NUM_ARBITERS        4

/* Configuration space: fuses, a set bit turns a part off */
#define CFG_FUSECTL0            0x2c8
#define CFG_FUSECTL5            0x2dc

/* BAR sizes: the smallest power of two that holds all known registers */
#define QAT_SRAM_SIZE           (512 * KiB)
#define QAT_PMISC_SIZE          (8 * MiB)
#define QAT_ETR_SIZE            (2 * MiB)

/* BAR4, ETR: per device and per bank */
#define ETR_SARCONFIG           0x0
#define ETR_WT2SAM              0x400
#define ETR_PASIDCTL            0x4000  /* << 4 */
#define   PASIDCTL_PASID            MAKE_64BIT_MASK(0, 20)
#define   PASIDCTL_RING_PASID_EN    BIT(22)
#define   PASIDCTL_DATA_PASID_EN    BIT(26)
#define   PASIDCTL_MASK             MAKE_64BIT_MASK(0, 28)
#define ETR_RPRESET             0x6000  /* << 3: RPRESETCTL, RPRESETSTS */
#define   RPRESETCTL_OP             MAKE_64BIT_MASK(0, 2)
#define   RPRESETCTL_OP_RESET       1
#define   RPRESETCTL_OP_PASID       2
#define   RPRESETCTL_OP_ABORT       3
#define   RPRESETCTL_DRAIN          BIT(2)
#define   RPRESETSTS_DONE           BIT(0)
#define ETR_RINGMODECTL         0x9000  /* << 2 */
#define ETR_BANKS               0x100000
#define ETR_BANK_SIZE           0x2000

/* In a bank's window; page 0 is the fast path, page 1 configuration */
#define RING_HEAD               0x0c0
#define RING_TAIL               0x100
#define RING_STAT               0x140
#define RING_UO_STAT            0x148
#define RING_E_STAT             0x14c
#define RING_NE_STAT            0x150
#define RING_NF_STAT            0x154
#define RING_F_STAT             0x158
#define RING_C_STAT             0x15c
#define RING_INT_FLAG_EN        0x16c
#define RING_INT_FLAG           0x170
#define RING_INT_SRC_SEL        0x174
#define   INT_SRC_NOT_EMPTY         4       /* in each ring's nibble */
#define RING_INT_COL_EN         0x17c
#define RING_INT_COL_CTL        0x180
#define   INT_COL_CTL_ENABLE        BIT(31)
#define   INT_COL_CTL_TIME          MAKE_64BIT_MASK(0, 24)
#define RING_INT_FLAG_AND_COL   0x184
#define RING_EXP_STAT           0x188
#define RING_EXP_INT_EN         0x18c
#define RING_SRV_ARB_EN         0x19c
#define RING_CONFIG             0x1000
#define   RING_CONFIG_SIZE          MAKE_64BIT_MASK(0, 5)
#define   RING_CONFIG_MAX_SIZE      16
#define RING_LBASE              0x1040
#define RING_UBASE              0x1080

#define INT_COL_UNIT_NS         256     /* clocks of 1 GHz */

/* BAR2, PMISC */
#define PMISC_RPINT             0x200000    /* << 12: RPINTSOU, RPINTMSK */
#define PMISC_MSIX_TABLE        0x400000
#define PMISC_MSIX_PBA          0x408000
#define PMISC_MSIX_ROUTE        0x409000
#define PMISC_VF                0x40b000
#define PMISC_VF_END            (PMISC_VF + 16 * 0x20)
#define PMISC_IMS               0x410000
#define   IMS_LTBL                  0x0
#define   IMS_UTBL                  0x4
#define   IMS_DATA                  0x8
#define   IMS_VECCTL                0xc
#define   IMS_VECCTL_MASK           BIT(0)
#define PMISC_SMIAPF_RP_MASK    0x41a040    /* two: banks 0 to 31, 32 to 63 */
#define PMISC_SMIAPF_MASK       0x41a084
#define PMISC_VM2PF_SOU         0x41a180
#define PMISC_VM2PF_MSK         0x41a1c0
#define PMISC_ERRSOU            0x41a200
#define PMISC_ERRMSK            0x41a210
#define PMISC_ADMINMSGUR        0x500574
#define PMISC_ADMINMSGLR        0x500578
#define PMISC_PM_STATUS         0x50a00c
#define   PM_STATUS_INIT            BIT(21)
#define PMISC_PM_HOST_MSG       0x50a01c
#define PMISC_PM_INTERRUPT      0x50a028
#define   PM_INTERRUPT_DRV_ACTIVE   BIT(20)
#define PMISC_MAILBOX           0x600970    /* + ae * 0x1000 */
#define PMISC_MAILBOX_STRIDE    0x1000
#define PMISC_FCU_STATUS        0x641004
#define   FCU_STATUS_RUNNING        (2 | BIT(8) | BIT(9)) /* loaded, started */

/* Admin messages */
#define ADMIN_MSG_SIZE          32
#define ADMIN_INIT_AE           0
#define ADMIN_CONSTANTS_CFG     3
#define ADMIN_COMP_CAPABILITY   9
#define ADMIN_CAPABILITIES      10
#define ADMIN_CAP_CIPHERS       16
#define ADMIN_CAP_HASHES        20
#define ADMIN_CAP_PUBLIC_KEY    28
#define ADMIN_STATUS_UNSUPP     4

/* What the slices can, by the numbers that configuration words have for it */
#define QAT_CIPHER_ALGOS        0xc39       /* NULL, AES, SM4, ChaCha20 */
#define QAT_HASH_ALGOS          0xf85ff     /* to CBC-MAC, Galois, SM3, SHA-3 */

/* Messages on rings */
#define QAT_REQ_SIZE            128
#define QAT_PKE_REQ_SIZE        64
#define QAT_RESP_SIZE           32

#define REQ_CMD                 1
#define REQ_SERVICE             2
#define   SERVICE_NULL              0
#define   SERVICE_PKE               3
#define   SERVICE_LA                4
#define   SERVICE_COMP              9
#define REQ_HDR_FLAGS           3
#define   HDR_VALID                 BIT(7)
#define   HDR_CNV                   BIT(6)
#define REQ_SERV_FLAGS          4
#define REQ_COMN_FLAGS          6
#define   COMN_SGL                  BIT(0)
#define   COMN_CD_INLINE            BIT(1)
#define REQ_EXT_FLAGS           7
#define REQ_OPAQUE              24
#define REQ_SRC                 32
#define REQ_DST                 40
#define REQ_SRC_LEN             48
#define REQ_DST_LEN             52

#define RESP_SERVICE            1
#define   RESP_SERVICE_FW           1
#define RESP_TYPE               2
#define RESP_HDR_FLAGS          3
#define RESP_XLAT_ERR           4
#define RESP_CMP_ERR            5
#define RESP_STATUS             6
#define   STATUS_CRYPTO             BIT(7)
#define   STATUS_PKE                BIT(6)
#define   STATUS_CMP                BIT(5)
#define   STATUS_XLAT               BIT(4)
#define   STATUS_LAST_BLOCK         BIT(3)
#define   STATUS_UNSUPPORTED        BIT(2)
#define   STATUS_INVALID            BIT(1)
#define RESP_CMD                7
#define RESP_OPAQUE             8

#endif
