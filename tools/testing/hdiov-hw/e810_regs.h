/*
 * Intel E810: registers, admin commands and descriptor bits
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names and values as published in the Linux and DPDK drivers' headers.
 */

#ifndef HW_HDIOV_E810_REGS_H
#define HW_HDIOV_E810_REGS_H

#include "qemu/bitops.h"

/* what one device has */
#define E810_NUM_VSI            768
#define E810_NUM_RXQ            2048
#define E810_NUM_TXQ            2048
#define E810_NUM_VECTORS        2048
#define E810_NUM_QUANTA         16
#define E810_MAX_PFS            8
#define E810_MAX_VFS            256
#define E810_VF_VECTORS         17
#define E810_VF_DEV_ID          0x1889
#define E810_MAX_FRAME          9728    /* with CRC */
#define E810_MIN_TX_LEN         17      /* shorter is malicious */
#define E810_MAX_TX_BUFS        8       /* of a packet without TSO */
#define E810_MAX_TSO_BUFS       256
#define E810_MAX_TSO_LEN        0x3ffff
#define E810_MIN_MSS            64
#define E810_MAX_RX_BUFS        5       /* a packet may be spread over */

/* BAR0: linear registers, and a page for each register from 32 MiB on */
#define E810_BAR0_SIZE          (128 * MiB)
#define E810_BAR0_SIZE_NO_PAGES (32 * MiB)
#define E810_PAGE_MBX           0x02000000
#define E810_PAGE_MSIX          0x02e00000
#define E810_PAGE_INT           0x03000000
#define E810_PAGE_RX_TAIL       0x03800000
#define E810_PAGE_TX_DBELL      0x04000000

/* BAR3: MSI-X */
#define E810_BAR3_SIZE          (64 * KiB)
#define E810_MSIX_PBA           0x8000

/* linear registers */
#define GL_MDET_TX_PQM          0x002d2e00
#define GL_MDET_TX_TCLAN        0x000fc068
#define GL_MDET_RX              0x00294c00
#define PF_MDET_TX_PQM          0x002d2c80
#define PF_MDET_TX_TCLAN        0x000fc000
#define PF_MDET_RX              0x00294280
#define VP_MDET_TX_PQM          0x002d2000
#define VP_MDET_TX_TCLAN        0x000fb800
#define VP_MDET_TX_TDPU         0x00040000
#define GL_MDCK_TX_TDPU         0x00049348
#define PRTRPB_RDPC             0x000ac260
#define PFPM_APM                0x000b8080
#define GLSTAT_FD_CNT0          0x003a0000
#define   E810_NUM_FD_COUNTERS      0x800
#define VP_MDET_RX              0x00294400
#define GLPCI_LBARCTRL          0x0009de74
#define   LBARCTRL_PAGES_PF         BIT(2)
#define GLPCI_CAPSUP            0x0009de8c
#define   CAPSUP_PASID_EN           BIT(8)
#define VSI_PASID               0x0009c000
#define   VSI_PASID_EN              BIT(31)
#define GL_MBX_PASID            0x00231ec0
#define   MBX_PASID_MODE            BIT(0)
#define VSI_VSI2F               0x001d0000
#define PF_FUNC_RID             0x0009e880
#define PFPCI_VMINDEX           0x0009e600
#define PFPCI_VMPEND            0x0009e800
#define PF_PCI_CIAA             0x0009e580
#define PF_PCI_CIAD             0x0009e500
#define PFGEN_CTRL              0x00091000
#define   PFGEN_CTRL_PFSWR          BIT(0)
#define VSIGEN_RTRIG            0x00091800
#define   VSIGEN_RTRIG_VMSWR        BIT(0)
#define VSIGEN_RSTAT            0x00092800
#define   VSIGEN_RSTAT_VMRD         BIT(0)
#define GLGEN_RSTAT             0x000b8188
#define PRTGEN_STATUS           0x000b8100
#define GLGEN_RSTCTL            0x000b8180
#define   GLGEN_RSTCTL_GRSTDEL      0x3f        /* units of 100 ms */
#define   GLGEN_RSTCTL_POWER_ON     8
#define GLGEN_RTRIG             0x000b8190
#define   GLGEN_RTRIG_ANY           0x7
#define GLNVM_ULD               0x000b6008
#define   GLNVM_ULD_DONE            0x73b
#define GLNVM_GENS              0x000b6100
#define   GLNVM_GENS_NVM_PRES       BIT(0)
#define   GLNVM_GENS_SR_SIZE_S      5
#define GLNVM_FLA               0x000b6108
#define   GLNVM_FLA_LOCKED          BIT(6)
#define GLGEN_STAT              0x000b612c
#define GL_MNG_FWSM             0x000b6134
#define   GL_MNG_FWSM_VALID         0x1
#define   GL_MNG_FWSM_FW_LOADING    BIT(30)
#define GL_PWR_MODE_CTL         0x000b820c
#define GLGEN_CLKSTAT_SRC       0x000b826c
#define GLINT_CTL               0x0016cc54
#define   GLINT_CTL_DIS_AUTOMASK    BIT(0)
#define   GLINT_CTL_ITR_GRAN        0xffff0000
#define   GLINT_CTL_ITR_GRAN_2US    0x22220000
#define GLINT_DYN_CTL           0x00160000
#define   DYN_CTL_INTENA            BIT(0)
#define   DYN_CTL_CLEARPBA          BIT(1)
#define   DYN_CTL_SWINT_TRIG        BIT(2)
#define   DYN_CTL_SW_ITR_ENA        BIT(24)
#define   DYN_CTL_WB_ON_ITR         BIT(30)
#define   DYN_CTL_INTENA_MSK        BIT(31)
#define   ITR_NONE                  3
#define GLINT_ITR               0x00154000
#define GLINT_RATE              0x0015a000
#define   GLINT_RATE_ENA            BIT(6)
#define GLINT_VECT2FUNC         0x00162000
#define   VECT2FUNC_IS_PF           BIT(16)
#define VPLAN_RX_QBASE          0x00072000
#define VPLAN_RXQ_MAPENA        0x00073000
#define VPLAN_TXQ_MAPENA        0x00073800
#define   VPLAN_MAPENA              BIT(0)
#define VPLAN_TX_QBASE          0x001d1800
#define VFGEN_RSTAT             0x00074000
#define GLTSYN_TIME_L           0x000888d0  /* 2, and 2 of the high half */
#define VPGEN_VFRTRIG           0x00090000
#define   VPGEN_VFRTRIG_VFSWR       BIT(0)
#define VPGEN_VFRSTAT           0x00090800
#define   VPGEN_VFRSTAT_VFRD        BIT(0)
#define GLGEN_VFLRSTAT          0x00093a04
#define VPINT_ALLOC_PCI         0x0009d000
#define VPINT_ALLOC             0x001d1000
#define   VPINT_ALLOC_MASK          0x807ff7ff
#define VF_MBX_ATQLEN           0x0022a800
#define VF_MBX_ARQLEN           0x0022bc00
#define QINT_TQCTL              0x00140000
#define QINT_RQCTL              0x00150000
#define   CAUSE_ENA                 BIT(30)
#define PFINT_MBX_CTL           0x0016b280
#define PFINT_SB_CTL            0x0016b600
#define PFINT_FW_CTL            0x0016c800
#define PFINT_TSYN_MSK          0x0016c980
#define PFINT_OICR              0x0016ca00
#define   OICR_INTEVENT             BIT(0)
#define   OICR_ECC_ERR              BIT(16)
#define   OICR_MAL_DETECT           BIT(19)
#define   OICR_GRST                 BIT(20)
#define   OICR_PCI_EXCEPTION        BIT(21)
#define   OICR_LINK_STAT_CHANGE     BIT(25)
#define   OICR_VFLR                 BIT(29)
#define   OICR_SWINT                BIT(31)
#define PFINT_OICR_CTL          0x0016ca80
#define PFINT_OICR_ENA          0x0016c900
#define VPINT_MBX_CTL           0x0016a000
#define PFINT_ALLOC             0x001d2600
#define PFLAN_RX_QALLOC         0x001d2500
#define PFLAN_TX_QALLOC         0x001d2580
#define   ALLOC_VALID               BIT(31)
#define PFGEN_PORTNUM           0x001d2400
#define PFPM_WUS                0x0009db80
#define PFPM_WUFC               0x0009dc00
#define GLPCI_CNF2              0x000be004
#define PRTMAC_BASE             0x001e2000
#define PRTMAC_END              0x001e6000
#define PRTMAC_PS_QNT           0x001e37e0  /* of link flow control */
#define PRTMAC_PS_RFSH          0x001e3900
#define   PS_QNT_DEFAULT            0xffff
#define   PS_RFSH_DEFAULT           0x7fff
#define GLLAN_RCTL_0            0x002941f8
#define   RCTL_0_PXE_MODE           BIT(0)
#define QTX_COMM_HEAD           0x000e0000
#define   QTX_COMM_HEAD_MASK        0x1fff
#define QTX_COMM_DBELL          0x002c0000
#define QRX_CTRL                0x00120000
#define   QRX_CTRL_REQ              BIT(0)
#define   QRX_CTRL_STAT             BIT(2)
#define QRX_CONTEXT             0x00280000
#define QRX_TAIL                0x00290000
#define QRX_ITR                 0x00292000
#define QRXFLXP_CNTXT           0x00480000
#define GLCOMM_QTX_CNTX_DATA    0x002d2d40
#define GLCOMM_QUANTA_PROF      0x002d2d68
#define GLCOMM_QTX_CNTX_CTL     0x002d2dc8
#define   QTX_CNTX_CTL_READ         0
#define   QTX_CNTX_CTL_WRITE_NO_DYN 4
#define   QTX_CNTX_CTL_EXEC         BIT(19)
#define GLCOMM_QTX_CNTX_STAT    0x002d2dcc
#define VSIQF_HKEY              0x00400000
#define VSIQF_HASH_CTL          0x0040d000
#define VSIQF_HLUT              0x00420000
#define GL_PREEXT_L2_PMASK0     0x0020f0fc  /* 3, and 3 of PMASK1 */
#define GLFLXP_RXDID_FLX_WRD    0x0045c800  /* 6 of 64 */
#define GLFLXP_RXDID_FLAGS      0x0045d000
#define   FLG_PKT_FRG               24
#define GLQF_FD_SIZE            0x00460010
#define   E810_NUM_FD_FILTERS       0x1000  /* guaranteed, and best effort */
#define GLQF_FD_CNT             0x00460018
#define VSIQF_FD_CNT            0x00464000
#define VSIQF_FD_SIZE           0x00462000
#define PFQF_FD_ENA             0x0043a000
#define PFQF_FD_SIZE            0x00460100
#define GLQF_HSYMM              0x0040f000
#define   GLQF_DWORDS               0x1700  /* up to the flow masks */
#define   QF_HSYMM                  0       /* in those: 6 of 128 */
#define   QF_HMASK                  0x300   /* 32: index, mask */
#define   QF_HMASK_SEL              0x400   /* 128: a bit for each mask */
#define   QF_FDMASK_SEL             0x500   /* of flow director: the same, */
#define   QF_FDMASK                 0x600
#define   QF_FDINSET                0xc00   /* 6 of 128: words that count, */
#define   QF_FDSWAP                 0x1000  /* and each one's counterpart */
#define   QF_VALID                  BIT(7)  /* of a word's byte in those */
#define   QF_WORD                   0x1f
#define GLV_GOTC                0x00300000
#define GLV_UPTC                0x0030a000
#define GLV_MPTC                0x0030c000
#define GLV_BPTC                0x0030e000
#define GLV_TEPC                0x00312000
#define GLV_REPC                0x00295804
#define GLV_RDPC                0x00294c04
#define GLV_GORC                0x003b0000
#define GLV_UPRC                0x003b2000
#define GLV_MPRC                0x003b4000
#define GLV_BPRC                0x003b6000
#define GLSWID_RUPP             0x00345000
#define GLPRT_BASE              0x00380000
#define GLPRT_END               0x00381400
#define PF_FW_ATQBAL            0x00080000
#define PF_MBX_ATQBAL           0x0022e100

/* control queues: registers in this order everywhere */
enum {
    CQ_BAL, CQ_BAH, CQ_LEN, CQ_H, CQ_T, CQ_NREGS
};
#define   CQ_LEN_MASK               0x3ff
#define   CQ_LEN_OVFL               BIT(29)
#define   CQ_LEN_CRIT               BIT(30)
#define   CQ_LEN_ENABLE             BIT(31)

#define AQ_DESC_SIZE            32
#define AQ_BUF_MAX              4096
#define AQ_FLAG_DD              BIT(0)
#define AQ_FLAG_CMP             BIT(1)
#define AQ_FLAG_ERR             BIT(2)
#define AQ_FLAG_LB              BIT(9)
#define AQ_FLAG_RD              BIT(10)
#define AQ_FLAG_BUF             BIT(12)
#define AQ_FLAG_SI              BIT(13)

enum {
    AQ_RC_OK = 0, AQ_RC_EPERM = 1, AQ_RC_ENOENT = 2, AQ_RC_ESRCH = 3,
    AQ_RC_EIO = 5, AQ_RC_EAGAIN = 8, AQ_RC_ENOMEM = 9, AQ_RC_EACCES = 10,
    AQ_RC_EBUSY = 12, AQ_RC_EEXIST = 13, AQ_RC_EINVAL = 14,
    AQ_RC_ENOSPC = 16, AQ_RC_ENOSYS = 17, AQ_RC_EMODE = 21,
    AQ_RC_EBADBUF = 28,
};

/* VSI context, byte offsets */
#define VSI_CTX_SIZE            128
enum { VSI_TYPE_VF, VSI_TYPE_VMDQ2, VSI_TYPE_PF, VSI_TYPE_MNG };
#define VSI_CTX_VALID           0
#define   VSI_VALID_SW              BIT(0)
#define   VSI_VALID_SECURITY        BIT(1)
#define   VSI_VALID_VLAN            BIT(2)
#define   VSI_VALID_OUTER           BIT(3)
#define   VSI_VALID_RXQ_MAP         BIT(6)
#define   VSI_VALID_Q_OPT           BIT(7)
#define   VSI_VALID_FD              BIT(11)
#define   VSI_VALID_PASID           BIT(12)
#define VSI_CTX_SW_FLAGS        3
#define   VSI_SW_ALLOW_LB           BIT(5)
#define   VSI_SW_LOCAL_LB           BIT(6)
#define   VSI_SW_SRC_PRUNE          BIT(7)
#define VSI_CTX_SW_FLAGS2       4
#define   VSI_SW2_RX_VLAN_PRUNE     BIT(0)
#define   VSI_SW2_LAN_ENA           BIT(4)
#define VSI_CTX_SEC_FLAGS       6
#define   VSI_SEC_MAC_ANTI_SPOOF    BIT(2)
#define   VSI_SEC_TX_VLAN_PRUNE     BIT(4)
#define VSI_CTX_PVID            8
#define VSI_CTX_VLAN_FLAGS      12
#define   VSI_VLAN_TX_MODE          0x3
#define   VSI_VLAN_TX_UNTAGGED      0x1
#define   VSI_VLAN_TX_TAGGED        0x2
#define   VSI_VLAN_TX_ALL           0x3
#define   VSI_VLAN_INSERT_PVID      BIT(2)
#define   VSI_VLAN_EMODE_S          3
#define   VSI_VLAN_EMODE(flags)     extract32(flags, VSI_VLAN_EMODE_S, 2)
/* tags of received frames, also of the outer section */
enum { VSI_EMODE_SHOW, VSI_EMODE_SHOW_UP, VSI_EMODE_STRIP, VSI_EMODE_NOTHING };
#define VSI_CTX_OUTER_PVID      24
#define VSI_CTX_OUTER_FLAGS     26
#define   VSI_OUTER_EMODE(flags)    extract32(flags, 0, 2)
#define   VSI_OUTER_TAG_TYPE_S      2
#define   VSI_OUTER_TAG_TYPE(flags) extract32(flags, VSI_OUTER_TAG_TYPE_S, 2)
#define   VSI_OUTER_INSERT          BIT(4)
#define   VSI_OUTER_TX_MODE_S       5
#define   VSI_OUTER_TX_MODE(flags)  extract32(flags, VSI_OUTER_TX_MODE_S, 2)
#define   VSI_OUTER_BLOCK_DESC      BIT(7)
enum { OUTER_TAG_NONE, OUTER_TAG_STAG, OUTER_TAG_8100, OUTER_TAG_9100 };
#define VSI_CTX_MAP_FLAGS       28
#define   VSI_MAP_NONCONTIG         BIT(0)
#define VSI_CTX_Q_MAP           30
#define VSI_CTX_TC_MAP          62
#define VSI_CTX_Q_OPT_RSS       78
#define   VSI_RSS_LUT_TYPE          0x3
#define   VSI_RSS_LUT_PF            0x2
#define   VSI_RSS_LUT_GLOBAL        0x3
#define VSI_CTX_FD              90
#define   VSI_FD_ENABLE             BIT(0)
#define   VSI_FD_PROG_ENABLE        BIT(3)
#define VSI_CTX_PASID           100

/* switch rules */
#define SW_RULE_RX              0
#define SW_RULE_TX              1
#define SW_RULE_LIST_SET        3
#define SW_RULE_LIST_CLEAR      4
#define SW_RULE_PRUNE_SET       5
#define SW_RULE_PRUNE_CLEAR     6
#define SW_ACT_TYPE             0x3
#define   SW_ACT_TO_QUEUE           0x1
#define   SW_ACT_PRUNE              0x2     /* of VLAN rules */
#define SW_ACT_LB_EN            BIT(2)
#define SW_ACT_LAN_EN           BIT(3)
#define SW_ACT_VSI(a)           extract32(a, 4, 10)
#define SW_ACT_QUEUE(a)         extract32(a, 4, 11)
#define SW_ACT_REGION(a)        extract32(a, 15, 3)     /* 2^n queues */
#define SW_ACT_LIST             BIT(14)
#define SW_ACT_VALID            BIT(17)
#define SW_ACT_DROP             BIT(18)
enum {
    SW_RECIPE_ETHERTYPE, SW_RECIPE_MAC, SW_RECIPE_MAC_VLAN,
    SW_RECIPE_PROMISC, SW_RECIPE_VLAN, SW_RECIPE_DFLT,
    SW_RECIPE_ETHERTYPE_MAC = 8, SW_RECIPE_PROMISC_VLAN = 9,
};
#define SW_RES_TYPE             0x7f
#define SW_RES_FROM_BOTTOM      BIT(12)
#define SW_RES_LIST_REP         0x03
#define SW_RES_LIST_PRUNE       0x04
#define SW_RES_RECIPE           0x05
#define SW_RES_FD_COUNTER       0x21
#define SW_RES_FD_GUAR          0x22
#define SW_RES_FD_BEST          0x23
#define SW_RES_FD_PROF          0x58
#define SW_RES_FD_TCAM          0x59
#define SW_RES_HASH_PROF        0x60
#define SW_RES_HASH_TCAM        0x61

/* Tx descriptors */
#define TXD_DTYPE(qw1)          extract64(qw1, 0, 4)
#define   TXD_DATA                  0
#define   TXD_CTX                   1
#define   TXD_FILTER                8
#define   TXD_DONE                  0xf
#define TXD_CMD(qw1)            extract64(qw1, 4, 12)
#define   TXD_CMD_EOP               0x001
#define   TXD_CMD_RS                0x002
#define   TXD_CMD_IL2TAG1           0x008
#define   TXD_CMD_DUMMY             0x010
#define   TXD_CMD_IIPT              0x060
#define   TXD_CMD_IIPT_IPV6         0x020
#define   TXD_CMD_IIPT_IPV4         0x040
#define   TXD_CMD_IIPT_IPV4_CSUM    0x060
#define   TXD_CMD_L4T               0x300
#define   TXD_CMD_L4T_TCP           0x100
#define   TXD_CMD_L4T_SCTP          0x200
#define   TXD_CMD_L4T_UDP           0x300
#define TXD_MACLEN(qw1)         (extract64(qw1, 16, 7) * 2)
#define TXD_IPLEN(qw1)          (extract64(qw1, 23, 7) * 4)
#define TXD_L4LEN(qw1)          (extract64(qw1, 30, 4) * 4)
#define TXD_BUFSZ(qw1)          extract64(qw1, 34, 14)
#define TXD_L2TAG1(qw1)         extract64(qw1, 48, 16)
#define TXC_CMD(qw1)            extract64(qw1, 4, 7)
#define   TXC_CMD_TSO               0x01
#define   TXC_CMD_IL2TAG2           0x04
#define   TXC_CMD_SWITCH            0x30
#define TXC_TSO_LEN(qw1)        extract64(qw1, 30, 18)
#define TXC_MSS(qw1)            extract64(qw1, 50, 14)
#define TXC_TUNNEL(qw0)         extract64(qw0, 0, 32)   /* all of it */
#define TXC_EIPT(qw0)           extract64(qw0, 0, 2)
#define   TXC_EIPT_IPV6             1
#define   TXC_EIPT_IPV4_NO_CSUM     2
#define   TXC_EIPT_IPV4             3
#define TXC_EIPLEN(qw0)         (extract64(qw0, 2, 7) * 4)
#define TXC_L4TUNT(qw0)         extract64(qw0, 9, 2)
#define   TXC_TUNNEL_UDP            1
#define   TXC_TUNNEL_GRE            2
#define TXC_EIP_NOINC(qw0)      extract64(qw0, 11, 1)
#define TXC_NATLEN(qw0)         (extract64(qw0, 12, 7) * 2)
#define TXC_L4T_CS(qw0)         extract64(qw0, 23, 1)
/* DECTTL, which no driver uses, and what is reserved */
#define TXC_TUNNEL_REST(qw0)    ((qw0) & 0xff780000)
#define TXC_L2TAG2(qw0)         extract64(qw0, 32, 16)

/* Flow director filters */
#define TXF_QUEUE(qw0)          extract64(qw0, 0, 11)
#define TXF_REPORT(qw0)         extract64(qw0, 12, 2)
#define TXF_REPORT_FAILURE      1
#define TXF_REPORT_ALL          2
#define TXF_COUNTER(qw0)        extract64(qw0, 16, 13)
#define TXF_COUNT_PACKETS(qw0)  extract64(qw0, 29, 1)
#define TXF_REGION(qw0)         extract64(qw0, 32, 3)
#define TXF_TO_QUEUE(qw0)       (extract64(qw0, 35, 3) != 0)
#define TXF_DROP(qw0)           extract64(qw0, 40, 1)
#define TXF_REMOVE(qw1)         extract64(qw1, 4, 1)
#define TXF_VSI(qw1)            extract64(qw1, 14, 10)
#define TXF_HAS_ID(qw1)         (extract64(qw1, 25, 3) != 0)
#define TXF_ID(qw1)             extract64(qw1, 32, 32)

/* Rx descriptors, legacy write-back qword 1 */
#define RXD_DD                  BIT_ULL(0)
#define RXD_EOP                 BIT_ULL(1)
#define RXD_L2TAG1P             BIT_ULL(2)
#define RXD_L3L4P               BIT_ULL(3)
#define RXD_CRCP                BIT_ULL(4)
#define RXD_UMBCAST_S           9
#define RXD_FLTSTAT_RSS         (3ULL << 12)
#define RXD_LPBK                BIT_ULL(14)
#define RXD_IPV6EXADD           BIT_ULL(15)
#define RXD_ERR_IPE             BIT_ULL(22)
#define RXD_ERR_L4E             BIT_ULL(23)
#define RXD_PTYPE_S             30
#define RXD_LEN_S               38
#define RXD_L2TAG2P             BIT(0)      /* of qword 2 */

/* A report of the flow director (RXDID 0x40): ICE_FXD_FLTR_WB_QW1_* */
#define RXFD_DD                 BIT(0)
#define RXFD_REMOVED            BIT(1)
#define RXFD_FAIL               BIT(4)
#define RXFD_FAIL_PROF          BIT(5)

/* flex (RXDID 2) status 0 */
#define RXF_DD                  BIT(0)
#define RXF_EOP                 BIT(1)
#define RXF_L3L4P               BIT(3)
#define RXF_IPE                 BIT(4)
#define RXF_L4E                 BIT(5)
#define RXF_LPBK                BIT(8)
#define RXF_IPV6EXADD           BIT(9)
#define RXF_CRCP                BIT(11)
#define RXF_RSS_VALID           BIT(12)
#define RXF_L2TAG1P             BIT(13)
#define RXF1_L2TAG2P            BIT(11)     /* of status 1 */

/* malicious driver detection, reported types */
enum {
    MDD_TX_BAD_DESC = 1, MDD_TX_LEN = 2, MDD_TX_TOO_MANY_BUFS = 3,
    MDD_TX_BAD_TSO = 4, MDD_TX_BAD_HDR = 5, MDD_TX_TAIL = 6,
    MDD_RX_TAIL = 1,
};

#endif
