/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Admin queue commands of the Intel Ethernet Controller E810
 *
 * Layouts and values as in the E810 datasheet (613875), chapter "Admin queue",
 * and the published headers of the ice drivers. Only what this driver sends.
 */
#ifndef _E810_AQC_H
#define _E810_AQC_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/if_ether.h>
#include <linux/types.h>

#define E810_AQ_BUF_SIZE		4096
#define E810_AQ_LARGE_BUF		512

#define E810_AQ_FLAG_DD			BIT(0)
#define E810_AQ_FLAG_ERR		BIT(2)
#define E810_AQ_FLAG_LB			BIT(9)
#define E810_AQ_FLAG_RD			BIT(10)
#define E810_AQ_FLAG_BUF		BIT(12)
#define E810_AQ_FLAG_SI			BIT(13)

enum e810_aq_opcode {
	E810_AQC_GET_VER		= 0x0001,
	E810_AQC_Q_SHUTDOWN		= 0x0003,
	E810_AQC_LIST_FUNC_CAPS		= 0x000A,
	E810_AQC_MANAGE_MAC_READ	= 0x0107,
	E810_AQC_CLEAR_PXE		= 0x0110,
	E810_AQC_GET_SW_CFG		= 0x0200,
	E810_AQC_SET_PORT_PARAMS	= 0x0203,
	E810_AQC_ALLOC_RES		= 0x0208,
	E810_AQC_FREE_RES		= 0x0209,
	E810_AQC_GET_VLAN_MODE		= 0x020D,
	E810_AQC_ADD_VSI		= 0x0210,
	E810_AQC_UPDATE_VSI		= 0x0211,
	E810_AQC_FREE_VSI		= 0x0213,
	E810_AQC_ADD_SW_RULES		= 0x02A0,
	E810_AQC_UPDATE_SW_RULES	= 0x02A1,
	E810_AQC_REMOVE_SW_RULES	= 0x02A2,
	E810_AQC_GET_DFLT_TOPO		= 0x0400,
	E810_AQC_ADD_SCHED_ELEMS	= 0x0401,
	E810_AQC_CFG_SCHED_ELEMS	= 0x0403,
	E810_AQC_DELETE_SCHED_ELEMS	= 0x040F,
	E810_AQC_ADD_RL_PROFILES	= 0x0410,
	E810_AQC_QUERY_SCHED_RES	= 0x0412,
	E810_AQC_REMOVE_RL_PROFILES	= 0x0415,
	E810_AQC_SET_MAC_CFG		= 0x0603,
	E810_AQC_RESTART_AN		= 0x0605,
	E810_AQC_GET_LINK_STATUS	= 0x0607,
	E810_AQC_SET_EVENT_MASK		= 0x0613,
	E810_AQC_SEND_MSG_TO_PF		= 0x0801,
	E810_AQC_SEND_MSG_TO_VF		= 0x0802,
	E810_AQC_SET_RSS_KEY		= 0x0B02,
	E810_AQC_SET_RSS_LUT		= 0x0B03,
	E810_AQC_ADD_TXQS		= 0x0C30,
	E810_AQC_DIS_TXQS		= 0x0C31,
	E810_AQC_LAN_OVERFLOW		= 0x1001,
};

/* Of what firmware returns, the rest is its own */
#define E810_AQ_RC_MASK			0xff

enum e810_aq_rc {
	E810_AQ_RC_OK		= 0,
	E810_AQ_RC_EPERM	= 1,
	E810_AQ_RC_ENOENT	= 2,
	E810_AQ_RC_ESRCH	= 3,
	E810_AQ_RC_EIO		= 5,
	E810_AQ_RC_EAGAIN	= 8,
	E810_AQ_RC_ENOMEM	= 9,
	E810_AQ_RC_EACCES	= 10,
	E810_AQ_RC_EBUSY	= 12,
	E810_AQ_RC_EEXIST	= 13,
	E810_AQ_RC_EINVAL	= 14,
	E810_AQ_RC_ENOSPC	= 16,
	E810_AQ_RC_ENOSYS	= 17,
};

struct e810_aqc_get_ver {
	__le32 rom_ver;
	__le32 fw_build;
	u8 fw_branch;
	u8 fw_major;
	u8 fw_minor;
	u8 fw_patch;
	u8 api_branch;
	u8 api_major;
	u8 api_minor;
	u8 api_patch;
};

#define E810_AQ_API_MAJOR		1

struct e810_aqc_list_caps {
	u8 cmd_flags;
	u8 pf_index;
	u8 rsvd[2];
	__le32 count;
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aqc_cap {
	__le16 cap;
#define E810_AQC_CAP_RXQS		0x0041
#define E810_AQC_CAP_TXQS		0x0042
#define E810_AQC_CAP_MSIX		0x0043
	u8 major_ver;
	u8 minor_ver;
	__le32 number;
	__le32 logical_id;
	__le32 phys_id;
	__le64 rsvd[2];
};

static_assert(sizeof(struct e810_aqc_cap) == 32);

struct e810_aqc_manage_mac_read {
	__le16 flags;
	u8 rsvd[2];
	u8 num_addr;
	u8 rsvd1[3];
	__le32 addr_high;
	__le32 addr_low;
};

#define E810_AQC_MAN_MAC_LAN_ADDR_VALID	BIT(4)

struct e810_aqc_mac_addr {
	u8 lport_num;
	u8 addr_type;
#define E810_AQC_MAN_MAC_ADDR_TYPE_LAN	0
	u8 mac_addr[ETH_ALEN];
};

struct e810_aqc_get_sw_cfg {
	__le16 flags;
	__le16 element;
	__le16 num_elems;
	__le16 rsvd;
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aqc_sw_cfg_elem {
	__le16 vsi_port_num;
#define E810_AQC_SW_CFG_NUM		GENMASK(9, 0)
#define E810_AQC_SW_CFG_TYPE		GENMASK(15, 14)
#define E810_AQC_SW_CFG_PHYS_PORT	0
#define E810_AQC_SW_CFG_VSI		2
	__le16 swid;
	__le16 pf_vf_num;
};

struct e810_aqc_res {
	__le16 num_entries;
	u8 rsvd[6];
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aqc_res_elem {
	__le16 res_type;
#define E810_AQC_RES_VSI_LIST_REP	0x03
#define E810_AQC_RES_VSI_LIST_PRUNE	0x04
#define E810_AQC_RES_FLAG_SHARED	BIT(7)
	__le16 num_elems;
	__le16 sw_resp;
};

#define E810_AQC_PORT_PARAMS_DOUBLE_VLAN	BIT(2)

struct e810_aqc_vlan_mode {
	u8 mode;
#define E810_AQC_VLAN_MODE_DOUBLE	BIT(0)
	u8 prio_tagging;
	u8 reserved[98];
};

/* Add, update, free VSI */
struct e810_aqc_vsi {
	__le16 vsi_num;
#define E810_AQ_VSI_NUM			GENMASK(9, 0)
#define E810_AQ_VSI_NUM_VALID		BIT(15)
	__le16 cmd_flags;
	u8 vf_id;
	u8 reserved;
	__le16 vsi_flags;
#define E810_AQ_VSI_TYPE_VMDQ2		0x1
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aqc_vsi_resp {
	__le16 vsi_num;
	__le16 ext_status;
	__le16 vsi_used;
	__le16 vsi_free;
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aqc_vsi_props {
	__le16 valid_sections;
#define E810_VSI_PROP_SW_VALID		BIT(0)
#define E810_VSI_PROP_SECURITY_VALID	BIT(1)
#define E810_VSI_PROP_VLAN_VALID	BIT(2)
#define E810_VSI_PROP_OUTER_TAG_VALID	BIT(3)
#define E810_VSI_PROP_INGRESS_UP_VALID	BIT(4)
#define E810_VSI_PROP_EGRESS_UP_VALID	BIT(5)
#define E810_VSI_PROP_RXQ_MAP_VALID	BIT(6)
#define E810_VSI_PROP_Q_OPT_VALID	BIT(7)
#define E810_VSI_PROP_OUTER_UP_VALID	BIT(8)
#define E810_VSI_PROP_FLOW_DIR_VALID	BIT(11)
#define E810_VSI_PROP_PASID_VALID	BIT(12)
	u8 sw_id;
	u8 sw_flags;
#define E810_VSI_SW_FLAG_ALLOW_LB	BIT(5)
#define E810_VSI_SW_FLAG_SRC_PRUNE	BIT(7)
	u8 sw_flags2;
#define E810_VSI_SW_FLAG_RX_VLAN_PRUNE	BIT(0)
#define E810_VSI_SW_FLAG_LAN_ENA	BIT(4)
	u8 veb_stat_id;
	u8 sec_flags;
#define E810_VSI_SEC_MAC_ANTI_SPOOF	BIT(2)
#define E810_VSI_SEC_TX_VLAN_PRUNE	BIT(4)
	u8 sec_reserved;
	__le16 port_based_inner_vlan;
	u8 inner_vlan_reserved[2];
	u8 inner_vlan_flags;
#define E810_VSI_VLAN_TX_MODE		GENMASK(1, 0)
#define E810_VSI_VLAN_TX_UNTAGGED	1
#define E810_VSI_VLAN_TX_ALL		3
#define E810_VSI_VLAN_INSERT_PVID	BIT(2)
#define E810_VSI_VLAN_EMODE		GENMASK(4, 3)
#define E810_VSI_VLAN_EMODE_STR_BOTH	0
#define E810_VSI_VLAN_EMODE_STR		2
#define E810_VSI_VLAN_EMODE_NOTHING	3
	u8 inner_vlan_reserved2[3];
	__le32 ingress_table;
	__le32 egress_table;
	__le16 port_based_outer_vlan;
	u8 outer_vlan_flags;
#define E810_VSI_OUTER_EMODE		GENMASK(1, 0)	/* as the inner ones */
#define E810_VSI_OUTER_TAG_TYPE		GENMASK(3, 2)
#define E810_VSI_OUTER_TAG_8100		2
#define E810_VSI_OUTER_INSERT_PVID	BIT(4)
#define E810_VSI_OUTER_TX_MODE		GENMASK(6, 5)
#define E810_VSI_OUTER_BLOCK_TX_DESC	BIT(7)
	u8 outer_vlan_reserved;
	__le16 mapping_flags;
#define E810_VSI_Q_MAP_CONTIG		0
	__le16 q_mapping[16];
	__le16 tc_mapping[8];
#define E810_VSI_TC_Q_OFFSET		GENMASK(10, 0)
#define E810_VSI_TC_Q_NUM		GENMASK(14, 11)
	u8 q_opt_rss;
#define E810_VSI_Q_OPT_RSS_LUT		GENMASK(1, 0)
#define E810_VSI_Q_OPT_RSS_LUT_VSI	0
#define E810_VSI_Q_OPT_RSS_HASH		GENMASK(7, 6)
#define E810_VSI_Q_OPT_RSS_TPLZ		0
	u8 q_opt_tc;
	u8 q_opt_flags;
	u8 q_opt_reserved[3];
	__le32 outer_up_table;
	__le16 sect_10_reserved;
	__le16 fd_options;
	__le16 max_fd_fltr_dedicated;
	__le16 max_fd_fltr_shared;
	__le16 fd_def_q;
	__le16 fd_report_opt;
	__le32 pasid_id;
#define E810_VSI_PASID_ID		GENMASK(19, 0)
#define E810_VSI_PASID_ID_VALID		BIT(31)
	u8 reserved[24];
};

static_assert(sizeof(struct e810_aqc_vsi_props) == 128);
static_assert(offsetof(struct e810_aqc_vsi_props, pasid_id) == 100);

/* User priorities mapped one to one, 3 bits each */
#define E810_VSI_UP_IDENTITY		076543210

struct e810_aqc_sw_rules {
	__le16 num_rules;
	u8 reserved[6];
	__le32 addr_high;
	__le32 addr_low;
};

#define E810_SW_RULE_LKUP_RX		0x0
#define E810_SW_RULE_LKUP_TX		0x1
#define E810_SW_RULE_VSI_LIST_SET	0x3
#define E810_SW_RULE_VSI_LIST_CLEAR	0x4
#define E810_SW_RULE_PRUNE_LIST_SET	0x5
#define E810_SW_RULE_PRUNE_LIST_CLEAR	0x6

#define E810_SW_RECIPE_ETHERTYPE	0
#define E810_SW_RECIPE_MAC		1
#define E810_SW_RECIPE_PROMISC		3
#define E810_SW_RECIPE_VLAN		4

#define E810_SW_RULE_HDR_LEN		16

/* Lookup rule; the header is matched by the recipe */
struct e810_aqc_sw_rule_lkup {
	__le16 type;
	__le16 status;
	__le16 recipe_id;
	__le16 src;
	__le32 act;
#define E810_SW_ACT_PRUNE		0x2
#define E810_SW_ACT_LB_ENABLE		BIT(2)
#define E810_SW_ACT_LAN_ENABLE		BIT(3)
#define E810_SW_ACT_VSI_ID		GENMASK(13, 4)
#define E810_SW_ACT_VSI_LIST		BIT(14)
#define E810_SW_ACT_PRUNE_EGRESS	BIT(15)
#define E810_SW_ACT_PRUNE_INGRESS	BIT(16)
#define E810_SW_ACT_VALID		BIT(17)
#define E810_SW_ACT_DROP		BIT(18)
	__le16 index;
	__le16 hdr_len;
	u8 hdr[E810_SW_RULE_HDR_LEN];
} __packed __aligned(2);

static_assert(sizeof(struct e810_aqc_sw_rule_lkup) == 32);

#define E810_SW_RULE_LIST_MAX		2

struct e810_aqc_sw_rule_vsi_list {
	__le16 type;
	__le16 status;
	__le16 index;
	__le16 number_vsi;
	__le16 vsi[E810_SW_RULE_LIST_MAX];
};

struct e810_aqc_get_topo {
	u8 port_num;
	u8 num_branches;
	__le16 reserved1;
	__le32 reserved2;
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aqc_sched_elem {
	u8 elem_type;
#define E810_SCHED_GENERIC_NODE		3
#define E810_SCHED_ENTRY_POINT		4
#define E810_SCHED_LEAF			5
	u8 valid_sections;
#define E810_SCHED_VALID_GENERIC	BIT(0)
#define E810_SCHED_VALID_CIR		BIT(1)
#define E810_SCHED_VALID_EIR		BIT(2)
	u8 generic;
	u8 flags;
	__le16 cir_profile;
	__le16 cir_alloc;
	__le16 eir_profile;
	__le16 eir_alloc;
#define E810_SCHED_DFLT_PROFILE		0
#define E810_SCHED_DFLT_WEIGHT		4
	__le16 srl_id;
	__le16 reserved;
};

struct e810_aqc_sched_node {
	__le32 parent_teid;
	__le32 node_teid;
	struct e810_aqc_sched_elem elem;
};

#define E810_SCHED_MAX_LAYERS		9

struct e810_aqc_sched_branch {
	__le32 parent_teid;
	__le16 num_elems;
	__le16 reserved;
	struct e810_aqc_sched_node node[E810_SCHED_MAX_LAYERS];
};

/* Commands about nodes and profiles */
struct e810_aqc_sched_cmd {
	__le16 num_req;
	__le16 num_resp;
	__le32 reserved;
	__le32 addr_high;
	__le32 addr_low;
};

/* Group of nodes to add */
struct e810_aqc_sched_add {
	__le32 parent_teid;
	__le16 num_elems;
	__le16 reserved;
	struct e810_aqc_sched_node node[];
};

/* Group of nodes to delete */
struct e810_aqc_sched_delete {
	__le32 parent_teid;
	__le16 num_elems;
	__le16 reserved;
	__le32 teid[];
};

struct e810_aqc_sched_layer {
	u8 logical_layer;
	u8 chunk_size;
	__le16 max_device_nodes;
	__le16 max_pf_nodes;
	u8 reserved[4];
	__le16 max_sibl_grp_sz;
	__le16 max_cir_profiles;
	__le16 max_eir_profiles;
	__le16 max_srl_profiles;
	u8 reserved1[14];
};

struct e810_aqc_sched_res {
	__le16 phys_levels;
	__le16 logical_levels;
	u8 reserved[28];
	struct e810_aqc_sched_layer layer[E810_SCHED_MAX_LAYERS];
};

static_assert(sizeof(struct e810_aqc_sched_res) ==
	      32 + E810_SCHED_MAX_LAYERS * 32);

struct e810_aqc_rl_profile_elem {
	u8 level;
	u8 flags;
#define E810_RL_TYPE_EIR		1
	__le16 profile_id;
	__le16 max_burst_size;
	__le16 rl_multiply;
	__le16 wake_up_calc;
	__le16 rl_encode;
};

struct e810_aqc_set_mac_cfg {
	__le16 max_frame_size;
	u8 params;
	u8 tx_tmr_priority;
	__le16 tx_tmr_value;
	__le16 fc_refresh_threshold;
	u8 drop_opts;
	u8 reserved[7];
};

struct e810_aqc_restart_an {
	u8 lport_num;
	u8 reserved;
	u8 cmd_flags;
#define E810_AQC_RESTART_AN_RESTART	BIT(1)
#define E810_AQC_RESTART_AN_ENABLE	BIT(2)
	u8 reserved2[13];
};

struct e810_aqc_get_link_status {
	u8 lport_num;
	u8 reserved;
	__le16 cmd_flags;
#define E810_AQC_LSE_ENA		0x3
	__le32 reserved2;
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aqc_link_status {
	u8 topo_media_conflict;
	u8 link_cfg_err;
	u8 link_info;
#define E810_AQC_LINK_UP		BIT(0)
	u8 an_info;
	u8 ext_info;
	u8 reserved2;
	__le16 max_frame_size;
	u8 cfg;
	u8 power_desc;
	__le16 link_speed;
	__le16 reserved3;
	u8 ext_fec_status;
	u8 reserved4;
	__le64 phy_type_low;
	__le64 phy_type_high;
} __packed;

struct e810_aqc_set_event_mask {
	u8 lport_num;
	u8 reserved[7];
	__le16 event_mask;
#define E810_AQC_LINK_EVENT_UPDOWN	BIT(1)
	u8 reserved1[6];
};

/* RSS key and look-up table of a VSI */
struct e810_aqc_rss {
	__le16 vsi_id;
#define E810_AQC_RSS_VSI_VALID		BIT(15)
	__le16 flags;
	__le32 reserved;
	__le32 addr_high;
	__le32 addr_low;
};

#define E810_RSS_KEY_SIZE		52
#define E810_RSS_LUT_SIZE		64

#define E810_TX_CTX_SIZE		22

struct e810_aqc_add_txqs {
	u8 num_qgrps;
	u8 reserved[3];
	__le32 reserved1;
	__le32 addr_high;
	__le32 addr_low;
};

/* Group of one queue */
struct e810_aqc_tx_qgrp {
	__le32 parent_teid;
	u8 num_txqs;
	u8 rsvd[3];
	__le16 txq_id;
	u8 rsvd1[2];
	__le32 q_teid;
	u8 ctx[E810_TX_CTX_SIZE];
	u8 rsvd2[2];
	struct e810_aqc_sched_elem sched;
} __packed;

static_assert(sizeof(struct e810_aqc_tx_qgrp) == 56);

struct e810_aqc_dis_txqs {
	u8 cmd_type;
#define E810_AQC_Q_DIS_VM_RESET		BIT(0)
#define E810_AQC_Q_DIS_FLUSH_PIPE	BIT(3)
	u8 num_entries;
	__le16 vmvf_and_timeout;
#define E810_AQC_Q_DIS_VMVF_NUM		GENMASK(9, 0)
#define E810_AQC_Q_DIS_TIMEOUT		GENMASK(15, 10)
	__le32 blocked_cgds;
	__le32 addr_high;
	__le32 addr_low;
};

/* Event: an Rx queue without buffers was stopped */
struct e810_aqc_lan_overflow {
	__le32 prtdcb_ruptq;
	__le32 qtx_ctl;
	u8 reserved[8];
};

/* Group of one queue; a group of odd length needs no padding */
struct e810_aqc_dis_txq_item {
	__le32 parent_teid;
	u8 num_qs;
	u8 rsvd;
	__le16 q_id;
} __packed;

struct e810_aqc_ind {
	__le32 param0;
	__le32 param1;
	__le32 addr_high;
	__le32 addr_low;
};

struct e810_aq_desc {
	__le16 flags;
	__le16 opcode;
	__le16 datalen;
	__le16 retval;
	__le32 cookie_high;
	__le32 cookie_low;
	union {
		u8 raw[16];
		struct e810_aqc_ind ind;
		struct e810_aqc_get_ver get_ver;
		struct e810_aqc_list_caps caps;
		struct e810_aqc_manage_mac_read mac_read;
		struct e810_aqc_get_sw_cfg sw_cfg;
		struct e810_aqc_res res;
		struct e810_aqc_vsi vsi;
		struct e810_aqc_vsi_resp vsi_resp;
		struct e810_aqc_sw_rules sw_rules;
		struct e810_aqc_get_topo topo;
		struct e810_aqc_sched_cmd sched;
		struct e810_aqc_set_mac_cfg mac_cfg;
		struct e810_aqc_restart_an restart_an;
		struct e810_aqc_get_link_status link;
		struct e810_aqc_set_event_mask event_mask;
		struct e810_aqc_rss rss;
		struct e810_aqc_add_txqs add_txqs;
		struct e810_aqc_dis_txqs dis_txqs;
		struct e810_aqc_lan_overflow lan_overflow;
	};
};

static_assert(sizeof(struct e810_aq_desc) == 32);

#endif /* _E810_AQC_H */
