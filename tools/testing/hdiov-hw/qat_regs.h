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
#define QAT_NUM_THREADS         8       /* of an engine */
#define QAT_NUM_CONTEXTS        8
#define QAT_NUM_VFS             16
#define QAT_VF_BANKS            4       /* of VF n: 4n to 4n + 3 */

/* Configuration space: fuses, a set bit turns a part off */
#define CFG_FUSECTL0            0x2c8
#define CFG_FUSECTL5            0x2dc

/* BAR sizes: the smallest power of two that holds all known registers */
#define QAT_SRAM_SIZE           (512 * KiB)
#define QAT_PMISC_SIZE          (8 * MiB)
#define QAT_ETR_SIZE            (2 * MiB)

/* BAR4, ETR: per device and per bank */
#define ETR_SARCONFIG           0x0
#define   SARCONFIG_VALUE           (BIT(31) | BIT(6) | BIT(0))
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
#define PMISC_VF                0x40b000    /* << 5 */
#define PMISC_VF_SIZE           0x20
#define PMISC_VF_END            (PMISC_VF + QAT_NUM_VFS * PMISC_VF_SIZE)
#define   VF_VINTSOU                0x0
#define   VF_VINTMSK                0x4
#define     VINTMSK_ALL                 MAKE_64BIT_MASK(0, QAT_VF_BANKS)
#define   VF_VINTSOUPF2VM           0x8
#define   VF_VINTMSKPF2VM           0xc
#define   VF_PF2VM                  0x10
#define   VF_VM2PF                  0x14
#define     PFVF_INT                    BIT(0)
#define PMISC_IMS               0x410000
#define   IMS_LTBL                  0x0
#define   IMS_UTBL                  0x4
#define   IMS_DATA                  0x8
#define   IMS_VECCTL                0xc
#define   IMS_VECCTL_MASK           BIT(0)
#define PMISC_SMIAPF_RP_MASK    0x41a040    /* two: banks 0 to 31, 32 to 63 */
#define PMISC_SMIAPF_MASK       0x41a084
#define   SMIAPF_MASK_MISC          BIT(0)
#define PMISC_VM2PF_SOU         0x41a180
#define PMISC_VM2PF_MSK         0x41a1c0
#define   VM2PF_MSK_ALL             MAKE_64BIT_MASK(0, QAT_NUM_VFS)
#define PMISC_ERRSOU            0x41a200
#define   ERRSOU2_PM                BIT(18)
#define   ERRSOU3_ATU               BIT(8)
#define PMISC_ERRMSK            0x41a210
#define PMISC_ADMINMSGUR        0x500574
#define PMISC_ADMINMSGLR        0x500578
#define PMISC_RL_R2L            0x508000    /* 64 each, but the last of 16 */
#define PMISC_RL_PCIEIN         0x508800
#define PMISC_RL_PCIEOUT        0x508804
#define PMISC_RL_C2S            0x508818
#define PMISC_RL_L2C            0x509000
#define PMISC_PM_STATUS         0x50a00c
#define   PM_STATUS_INIT            BIT(21)
#define PMISC_PM_HOST_MSG       0x50a01c
#define   PM_HOST_MSG_PENDING       BIT(0)
#define PMISC_PM_INTERRUPT      0x50a028
#define   PM_INTERRUPT_STS          MAKE_64BIT_MASK(0, 3)
#define   PM_INTERRUPT_EN           MAKE_64BIT_MASK(18, 2)  /* idle, throttle */
#define   PM_INTERRUPT_DRV_ACTIVE   BIT(20)

/* A page for each engine: transfer registers, then its own */
#define PMISC_AE                0x600000
#define PMISC_AE_SIZE           0x1000
#define   AE_XFER_REGS              256
#define   AE_LOCAL                  0x800
#define     AE_CSR_CTX_ARB_CNTL         0x014
#define     AE_CSR_CTX_ENABLES          0x018
#define     AE_CSR_CC_ENABLE            0x01c
#define     AE_CSR_CTX_POINTER          0x020
#define     AE_CSR_CTX_STS_INDIRECT     0x040
#define     AE_CSR_ACTIVE_CTX_STATUS    0x044
#define     AE_CSR_CTX_SIG_EVENTS_INDIRECT      0x048
#define     AE_CSR_CTX_WAKEUP_EVENTS_INDIRECT   0x050
#define     AE_CSR_TIMESTAMP_LOW        0x0c0
#define     AE_CSR_TIMESTAMP_HIGH       0x0c4
#define     AE_CSR_PROFILE_COUNT        0x144
#define     AE_CSR_SIGNATURE_ENABLE     0x150
#define     AE_CSR_MAILBOX              0x170
#define     AE_CSR_LOCAL_CSR_STATUS     0x180

/* What engines have in common, and the firmware control unit */
#define PMISC_CAP_RESET         0x640938    /* ICP_RESET_CPP0 */
#define   CAP_RESET_SLICES          BIT(20)
#define   CAP_RESET_ALL             (CAP_RESET_SLICES | BIT(4) | BIT(2) | \
                                     BIT(0))
#define PMISC_CAP_CLK_ENABLE    0x640964    /* ICP_GLOBAL_CLK_ENABLE_CPP0 */
#define PMISC_CAP_MISC_CONTROL  0x640aa0    /* MISC_CONTROL_C4XXX */
#define PMISC_FCU_CONTROL       0x641000
#define   FCU_CONTROL_CMD           MAKE_64BIT_MASK(0, 4)
#define   FCU_CMD_NOOP              0
#define   FCU_CMD_AUTH              1
#define   FCU_CMD_LOAD              2
#define   FCU_CMD_START             3
#define   FCU_CONTROL_ONE_AE        BIT(4)      /* of bits 8 to 12 */
#define PMISC_FCU_STATUS        0x641004
#define   FCU_STATUS_STS            MAKE_64BIT_MASK(0, 3)
#define   FCU_STS_VERI_DONE         1
#define   FCU_STS_LOAD_DONE         2
#define   FCU_STS_VERI_FAIL         3
#define   FCU_STS_LOAD_FAIL         4
#define   FCU_STS_BUSY              5
#define   FCU_STATUS_AUTH_FW        BIT(8)
#define   FCU_STATUS_STARTED        BIT(9)
#define PMISC_FCU_BROADCAST     0x641008    /* FCU_ME_BROADCAST_MASK_TYPE */
#define PMISC_FCU_AE_LOADED     0x641010
#define PMISC_FCU_DRAM_LO       0x641014
#define PMISC_FCU_DRAM_HI       0x641018

/* Admin messages */
#define ADMIN_MSG_SIZE          32
#define ADMIN_CFG_SIZE          0
#define ADMIN_CMD               3
#define   ADMIN_INIT_AE             0
#define   ADMIN_CONSTANTS_CFG       3
#define     ADMIN_CONSTANTS_SIZE        1024
#define   ADMIN_COUNTERS_GET        5
#define   ADMIN_SYNC                7
#define   ADMIN_COMP_CAPABILITY     9
#define   ADMIN_CAPABILITIES        10
#define   ADMIN_DC_CHAIN_INIT       11
#define   ADMIN_HEARTBEAT_TIMER_SET 13
#define   ADMIN_RL_INIT             15
#define   ADMIN_TIMER_GET           19
#define   ADMIN_CNV_STATS_GET       20
#define   ADMIN_PM_STATE_CONFIG     128
#define   ADMIN_PM_INFO             129
#define   ADMIN_RL_ADD              134
#define   ADMIN_RL_REMOVE           136
#define   ADMIN_TL_START            137
#define   ADMIN_TL_STOP             138
#define ADMIN_OPAQUE            8
#define ADMIN_CFG_ADDR          16
#define ADMIN_ARG               24
/* Their answers */
#define ADMIN_STATUS            2
#define   ADMIN_STATUS_FAIL         1
#define   ADMIN_STATUS_UNSUPP       4
#define ADMIN_EXTENDED          4       /* of compression: */
#define   ADMIN_EXTENDED_CNV        0x101   /* verify, verify and recover */
#define ADMIN_CAP_CIPHERS       16
#define ADMIN_CAP_HASHES        20
#define ADMIN_CAP_PUBLIC_KEY    28
#define ADMIN_CAP_FW            16
#define   ADMIN_CAP_FW_ALL          0x72    /* telemetry, rate limits */
#define ADMIN_REQUESTS          16
#define ADMIN_RESPONSES         24
#define ADMIN_TIMESTAMP         16
#define ADMIN_SLICES            16

/* What PM_INFO writes */
#define PM_INFO_SIZE            128
#define PM_INFO_HOST_MSGS       16
#define PM_INFO_FW_INIT         64
#define PM_INFO_STATUS          72

/* Telemetry: the device, 9 kinds of 24 slices, 4 banks, a counter */
#define TL_DEV_PCI_TRANS        40
#define TL_DEV_PUT              56
#define TL_DEV_BW_IN            60
#define TL_DEV_BW_OUT           64
#define TL_DEV_SLICES           88
#define   TL_SLICES_SIZE            (24 * 8)
#define   TL_CPH                    1
#define   TL_CPR                    2
#define   TL_PKE                    5
#define TL_DEV_SIZE             (TL_DEV_SLICES + 9 * TL_SLICES_SIZE)
#define TL_RP_SIZE              56
#define   TL_RP_PUT                 20
#define TL_MSG_CNT              (TL_DEV_SIZE + 4 * TL_RP_SIZE)
#define TL_SIZE                 (TL_MSG_CNT + 8)
#define TL_BW_UNIT              64

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

/* Symmetric requests: commands, and fields that more than one kind has */
#define LA_CMD_CIPHER           0
#define LA_CMD_AUTH             1
#define LA_CMD_CIPHER_HASH      2
#define LA_CMD_HASH_CIPHER      3
#define LA_CMD_SSL3             6
#define LA_CMD_TLS11            7
#define LA_CMD_TLS12            8
#define LA_CMD_MGF1             9
#define LA_CMD_HKDF_EXTRACT     12
#define LA_CMD_HKDF_EXPAND      13
#define LA_CMD_HKDF_EXTRACT_EXPAND 14
#define LA_CMD_HKDF_EXPAND_LABEL 15
#define LA_CMD_HKDF_EXTRACT_EXPAND_LABEL 16
#define LA_CD_ADDR              8
#define LA_CD_SIZE              18
#define LA_AAD_ADDR             88
#define LA_AAD_LEN              104     /* or of a prefix */
#define LA_HASH_CFG_OFF         114
#define LA_CD_MAX               (255 * 8)

/* Hash configuration word */
#define HASH_ALGO(v)            (extract32(v, 0, 4) | extract32(v, 22, 2) << 4)
#define   HASH_NULL                 0
#define   HASH_SHA1                 1
#define   HASH_MD5                  2
#define   HASH_SHA224               3
#define   HASH_SHA256               4
#define   HASH_SHA384               5
#define   HASH_SHA512               6
#define   HASH_XCBC                 7
#define   HASH_CBC_MAC              8
#define   HASH_GALOIS_128           10
#define   HASH_SM3                  15
#define   HASH_SHA3_224             16
#define   HASH_SHA3_256             17
#define   HASH_SHA3_384             18
#define   HASH_SHA3_512             19
#define HASH_MODE(v)            extract32(v, 4, 4)
#define HASH_COUNTER            8       /* big endian, offset in the setup */
#define HASH_STATE1             16

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
