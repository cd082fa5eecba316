// SPDX-License-Identifier: GPL-2.0-only
/*
 * Admin queue: commands to the E810's firmware
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "e810.h"

const struct e810_ctlq_regs e810_aq_regs = {
	.name = "admin queue",
	.sq_bal = PF_FW_ATQBAL,
	.sq_bah = PF_FW_ATQBAH,
	.sq_len = PF_FW_ATQLEN,
	.sq_head = PF_FW_ATQH,
	.sq_tail = PF_FW_ATQT,
	.rq_bal = PF_FW_ARQBAL,
	.rq_bah = PF_FW_ARQBAH,
	.rq_len = PF_FW_ARQLEN,
	.rq_head = PF_FW_ARQH,
	.rq_tail = PF_FW_ARQT,
};

/* As often does the ice driver send what firmware has no time for */
#define E810_AQ_BUSY_TRIES	3
#define E810_AQ_BUSY_MS		10

/* Speeds by bit of the link status */
static const u32 e810_mbps[] = {
	10, 100, 1000, 2500, 5000, 10000, 20000, 25000, 40000, 50000, 100000,
	200000,
};

static int e810_aq_errno(u16 retval)
{
	switch (retval & E810_AQ_RC_MASK) {
	case E810_AQ_RC_OK:
		return 0;
	case E810_AQ_RC_EPERM:
		return -EPERM;
	case E810_AQ_RC_ENOENT:
		return -ENOENT;
	case E810_AQ_RC_ESRCH:
	case E810_AQ_RC_ENOSYS:
		return -EOPNOTSUPP;
	case E810_AQ_RC_EAGAIN:
		return -EAGAIN;
	case E810_AQ_RC_ENOMEM:
		return -ENOMEM;
	case E810_AQ_RC_EACCES:
		return -EACCES;
	case E810_AQ_RC_EBUSY:
		return -EBUSY;
	case E810_AQ_RC_EEXIST:
		return -EEXIST;
	case E810_AQ_RC_EINVAL:
		return -EINVAL;
	case E810_AQ_RC_ENOSPC:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static void e810_aq_init(struct e810_aq_desc *desc, enum e810_aq_opcode opcode)
{
	memset(desc, 0, sizeof(*desc));
	desc->opcode = cpu_to_le16(opcode);
	desc->flags = cpu_to_le16(E810_AQ_FLAG_SI);
}

/* A command whose buffer the firmware reads */
static void e810_aq_init_rd(struct e810_aq_desc *desc,
			    enum e810_aq_opcode opcode)
{
	e810_aq_init(desc, opcode);
	desc->flags |= cpu_to_le16(E810_AQ_FLAG_RD);
}

static int e810_aq_send_seq(struct e810_pf *pf, struct e810_aq_desc *desc,
			    void *buf, u16 len, u64 *seq)
{
	const struct e810_aq_desc cmd = *desc;
	u16 opcode = le16_to_cpu(cmd.opcode);
	unsigned int tries = 0;
	int ret;

	for (;;) {
		ret = e810_ctlq_send(&pf->aq, desc, buf, len, seq);
		if (ret)
			return ret;
		ret = e810_aq_errno(le16_to_cpu(desc->retval));
		if (ret != -EBUSY || ++tries == E810_AQ_BUSY_TRIES)
			break;
		*desc = cmd;
		msleep(E810_AQ_BUSY_MS);
	}
	if (ret)
		dev_dbg(&pf->pdev->dev, "admin command 0x%04x: firmware error %u\n",
			opcode, le16_to_cpu(desc->retval));
	return ret;
}

static int e810_aq_send(struct e810_pf *pf, struct e810_aq_desc *desc,
			void *buf, u16 len)
{
	return e810_aq_send_seq(pf, desc, buf, len, NULL);
}

/**
 * e810_aq_get_version - check that this driver speaks the firmware's language
 * @pf: the function
 *
 * Return: 0, -EOPNOTSUPP for an interface that is too new, or another errno
 */
int e810_aq_get_version(struct e810_pf *pf)
{
	struct device *dev = &pf->pdev->dev;
	struct e810_aq_desc desc;
	int ret;

	e810_aq_init(&desc, E810_AQC_GET_VER);
	ret = e810_aq_send(pf, &desc, NULL, 0);
	if (ret)
		return ret;

	if (desc.get_ver.api_major > E810_AQ_API_MAJOR) {
		dev_err(dev, "firmware API %u.%u, at most %u is known\n",
			desc.get_ver.api_major, desc.get_ver.api_minor,
			E810_AQ_API_MAJOR);
		return -EOPNOTSUPP;
	}
	dev_dbg(dev, "firmware %u.%u.%u, API %u.%u.%u\n", desc.get_ver.fw_major,
		desc.get_ver.fw_minor, desc.get_ver.fw_patch,
		desc.get_ver.api_major, desc.get_ver.api_minor,
		desc.get_ver.api_patch);
	return 0;
}

/**
 * e810_aq_shutdown - tell the firmware that the driver goes away
 * @pf: the function
 *
 * Return: 0 or a negative errno
 */
int e810_aq_shutdown(struct e810_pf *pf)
{
	struct e810_aq_desc desc;

	e810_aq_init(&desc, E810_AQC_Q_SHUTDOWN);
	desc.raw[0] = 1;
	return e810_aq_send(pf, &desc, NULL, 0);
}

/**
 * e810_aq_clear_pxe - leave the mode that boot firmware uses the card in
 * @pf: the function
 *
 * Return: 0, also if that was done before, or a negative errno
 */
int e810_aq_clear_pxe(struct e810_pf *pf)
{
	struct e810_aq_desc desc;
	int ret;

	e810_aq_init(&desc, E810_AQC_CLEAR_PXE);
	desc.raw[0] = 2;
	ret = e810_aq_send(pf, &desc, NULL, 0);
	return ret == -EEXIST ? 0 : ret;
}

/**
 * e810_aq_get_switch - find the function's port, switch and VSI
 * @pf: the function, filled in
 *
 * Return: 0, -ENODEV if the firmware does not tell, or another errno
 */
int e810_aq_get_switch(struct e810_pf *pf)
{
	struct e810_aqc_sw_cfg_elem *elem;
	bool port = false, vsi = false;
	struct e810_aq_desc desc;
	u16 next = 0, num, i;
	void *buf;
	int ret;

	buf = kzalloc(E810_AQ_BUF_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;

	do {
		e810_aq_init(&desc, E810_AQC_GET_SW_CFG);
		desc.sw_cfg.element = cpu_to_le16(next);
		ret = e810_aq_send(pf, &desc, buf, E810_AQ_BUF_SIZE);
		if (ret)
			goto out;

		num = le16_to_cpu(desc.sw_cfg.num_elems);
		num = min_t(u16, num, E810_AQ_BUF_SIZE / sizeof(*elem));
		for (i = 0, elem = buf; i < num; i++, elem++) {
			u16 id = le16_to_cpu(elem->vsi_port_num);
			u16 n = FIELD_GET(E810_AQC_SW_CFG_NUM, id);

			switch (FIELD_GET(E810_AQC_SW_CFG_TYPE, id)) {
			case E810_AQC_SW_CFG_PHYS_PORT:
				pf->port = n;
				pf->sw_id = le16_to_cpu(elem->swid);
				port = true;
				break;
			case E810_AQC_SW_CFG_VSI:
				pf->vsi = n;
				vsi = true;
				break;
			}
		}
		next = le16_to_cpu(desc.sw_cfg.element);
	} while (next);

	if (!port || !vsi || pf->vsi >= E810_MAX_VSI) {
		dev_err(&pf->pdev->dev, "firmware names no %s of the function\n",
			port ? "VSI" : "port");
		ret = -ENODEV;
	}
out:
	kfree(buf);
	return ret;
}

/**
 * e810_aq_get_vlan_mode - find out which VLAN tag of a frame the card looks at
 * @pf: the function, filled in
 *
 * Whoever loads the card's package decides on the mode, for all functions, and
 * it outlives that driver. But each port is to be told.
 *
 * Return: 0, also if the firmware knows of one mode only, or a negative errno
 */
int e810_aq_get_vlan_mode(struct e810_pf *pf)
{
	struct e810_aqc_vlan_mode mode = {};
	struct e810_aq_desc desc;
	int ret;

	pf->double_vlan = false;
	e810_aq_init(&desc, E810_AQC_GET_VLAN_MODE);
	ret = e810_aq_send(pf, &desc, &mode, sizeof(mode));
	if (ret)
		return ret == -EOPNOTSUPP ? 0 : ret;
	if (!(mode.mode & E810_AQC_VLAN_MODE_DOUBLE))
		return 0;

	e810_aq_init(&desc, E810_AQC_SET_PORT_PARAMS);
	desc.raw[0] = E810_AQC_PORT_PARAMS_DOUBLE_VLAN;
	ret = e810_aq_send(pf, &desc, NULL, 0);
	if (!ret)
		pf->double_vlan = true;
	return ret;
}

/**
 * e810_aq_read_mac - read the permanent address of the port
 * @pf: the function, filled in
 *
 * Return: 0, -EADDRNOTAVAIL if there is no valid one, or another errno
 */
int e810_aq_read_mac(struct e810_pf *pf)
{
	struct e810_aqc_mac_addr addr[4] = {};
	struct e810_aq_desc desc;
	unsigned int i;
	int ret;

	e810_aq_init(&desc, E810_AQC_MANAGE_MAC_READ);
	ret = e810_aq_send(pf, &desc, addr, sizeof(addr));
	if (ret)
		return ret;

	if (!(desc.mac_read.flags & cpu_to_le16(E810_AQC_MAN_MAC_LAN_ADDR_VALID)))
		return -EADDRNOTAVAIL;

	for (i = 0; i < desc.mac_read.num_addr && i < ARRAY_SIZE(addr); i++) {
		if (addr[i].addr_type != E810_AQC_MAN_MAC_ADDR_TYPE_LAN)
			continue;
		if (!is_valid_ether_addr(addr[i].mac_addr))
			break;
		ether_addr_copy(pf->mac, addr[i].mac_addr);
		return 0;
	}
	return -EADDRNOTAVAIL;
}

/**
 * e810_aq_get_topology - read the Tx scheduler's default tree
 * @pf: the function
 * @branch: filled in with its first branch, from the port down to a queue
 *
 * Return: 0, -ENODEV if there is none, or another errno
 */
int e810_aq_get_topology(struct e810_pf *pf,
			 struct e810_aqc_sched_branch *branch)
{
	struct e810_aq_desc desc;
	void *buf;
	int ret;

	buf = kzalloc(E810_AQ_BUF_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;

	e810_aq_init(&desc, E810_AQC_GET_DFLT_TOPO);
	desc.topo.port_num = pf->port;
	ret = e810_aq_send(pf, &desc, buf, E810_AQ_BUF_SIZE);
	if (!ret && !desc.topo.num_branches)
		ret = -ENODEV;
	if (!ret)
		memcpy(branch, buf, sizeof(*branch));
	kfree(buf);
	return ret;
}

/**
 * e810_aq_get_sched_layers - read what the layers of the Tx scheduler can hold
 * @pf: the function, filled in
 *
 * Return: 0, -ENODEV if that makes no sense, or another errno
 */
int e810_aq_get_sched_layers(struct e810_pf *pf)
{
	struct e810_aqc_sched_res *res;
	struct e810_aq_desc desc;
	unsigned int i;
	int ret;

	res = kzalloc_obj(*res);
	if (!res)
		return -ENOMEM;

	e810_aq_init(&desc, E810_AQC_QUERY_SCHED_RES);
	ret = e810_aq_send(pf, &desc, res, sizeof(*res));
	if (ret)
		goto out;

	pf->sched_layers = le16_to_cpu(res->logical_levels);
	if (pf->sched_layers < 2 || pf->sched_layers > E810_SCHED_MAX_LAYERS) {
		ret = -ENODEV;
		goto out;
	}
	for (i = 0; i + 1 < pf->sched_layers; i++) {
		/* Siblings in the next layer are children in this one */
		pf->sched_max_children[i] =
			le16_to_cpu(res->layer[i + 1].max_sibl_grp_sz);
		if (!pf->sched_max_children[i])
			ret = -ENODEV;
	}
out:
	kfree(res);
	return ret;
}

/* A command about one node, group of nodes or profile, which firmware counts */
static int e810_aq_send_one(struct e810_pf *pf, struct e810_aq_desc *desc,
			    void *buf, u16 len)
{
	int ret;

	desc->sched.num_req = cpu_to_le16(1);
	ret = e810_aq_send(pf, desc, buf, len);
	if (!ret && desc->sched.num_resp != cpu_to_le16(1)) {
		dev_err(&pf->pdev->dev,
			"admin command 0x%04x: firmware dealt with %u elements of 1\n",
			le16_to_cpu(desc->opcode),
			le16_to_cpu(desc->sched.num_resp));
		ret = -EIO;
	}
	return ret;
}

/* What nodes and queues have unless told otherwise: no limit, equal weights */
static const struct e810_aqc_sched_elem e810_sched_dflt_elem = {
	.elem_type = E810_SCHED_GENERIC_NODE,
	.valid_sections = E810_SCHED_VALID_GENERIC | E810_SCHED_VALID_CIR |
			  E810_SCHED_VALID_EIR,
	.cir_profile = cpu_to_le16(E810_SCHED_DFLT_PROFILE),
	.cir_alloc = cpu_to_le16(E810_SCHED_DFLT_WEIGHT),
	.eir_profile = cpu_to_le16(E810_SCHED_DFLT_PROFILE),
	.eir_alloc = cpu_to_le16(E810_SCHED_DFLT_WEIGHT),
};

/**
 * e810_aq_add_sched_nodes - add nodes to the Tx scheduler's tree
 * @pf: the function
 * @parent: their parent
 * @num: how many, up to E810_MAX_QPS_PER_ADI
 * @teid: filled in with the nodes
 *
 * Return: 0 or a negative errno, then none was added
 */
int e810_aq_add_sched_nodes(struct e810_pf *pf, __le32 parent, unsigned int num,
			    __le32 *teid)
{
	DEFINE_RAW_FLEX(struct e810_aqc_sched_add, grp, node,
			E810_MAX_QPS_PER_ADI);
	struct e810_aq_desc desc;
	unsigned int i;
	int ret;

	grp->parent_teid = parent;
	grp->num_elems = cpu_to_le16(num);
	for (i = 0; i < num; i++) {
		grp->node[i].parent_teid = parent;
		grp->node[i].elem = e810_sched_dflt_elem;
	}
	e810_aq_init_rd(&desc, E810_AQC_ADD_SCHED_ELEMS);
	ret = e810_aq_send_one(pf, &desc, grp, struct_size(grp, node, num));
	if (ret)
		return ret;
	for (i = 0; i < num; i++)
		teid[i] = grp->node[i].node_teid;
	return 0;
}

/**
 * e810_aq_cfg_sched_node - give a node of the Tx scheduler a rate limit
 * @pf: the function
 * @teid: the node
 * @profile: rate limit profile of its layer, or E810_SCHED_DFLT_PROFILE
 *
 * Return: 0 or a negative errno
 */
int e810_aq_cfg_sched_node(struct e810_pf *pf, __le32 teid, u16 profile)
{
	struct e810_aqc_sched_node node = {
		.node_teid = teid,
		.elem = e810_sched_dflt_elem,
	};
	struct e810_aq_desc desc;

	/* Reserved in this command */
	node.elem.elem_type = 0;
	node.elem.eir_profile = cpu_to_le16(profile);
	e810_aq_init_rd(&desc, E810_AQC_CFG_SCHED_ELEMS);
	return e810_aq_send_one(pf, &desc, &node, sizeof(node));
}

/**
 * e810_aq_del_sched_nodes - undo e810_aq_add_sched_nodes()
 * @pf: the function
 * @parent: their parent
 * @num: how many
 * @teid: the nodes, without children
 *
 * Return: 0 or a negative errno
 */
int e810_aq_del_sched_nodes(struct e810_pf *pf, __le32 parent, unsigned int num,
			    const __le32 *teid)
{
	DEFINE_RAW_FLEX(struct e810_aqc_sched_delete, grp, teid,
			E810_MAX_QPS_PER_ADI);
	struct e810_aq_desc desc;

	grp->parent_teid = parent;
	grp->num_elems = cpu_to_le16(num);
	memcpy(grp->teid, teid, num * sizeof(*teid));
	e810_aq_init_rd(&desc, E810_AQC_DELETE_SCHED_ELEMS);
	return e810_aq_send_one(pf, &desc, grp, struct_size(grp, teid, num));
}

/**
 * e810_aq_rl_profile - add or remove a rate limit profile
 * @pf: the function
 * @opcode: E810_AQC_ADD_RL_PROFILES or E810_AQC_REMOVE_RL_PROFILES
 * @elem: the profile; its number is filled in when added
 *
 * Return: 0 or a negative errno
 */
int e810_aq_rl_profile(struct e810_pf *pf, enum e810_aq_opcode opcode,
		       struct e810_aqc_rl_profile_elem *elem)
{
	struct e810_aq_desc desc;

	e810_aq_init_rd(&desc, opcode);
	return e810_aq_send_one(pf, &desc, elem, sizeof(*elem));
}

static u16 e810_port_pause(struct e810_pf *pf, u32 reg)
{
	return FIELD_GET(PRTMAC_HSEC_CTL_TX_PS, e810_rd32(pf, reg));
}

/**
 * e810_aq_start_port - set the frame size, start the link, ask for its events
 * @pf: the function
 *
 * Return: 0 or a negative errno
 */
int e810_aq_start_port(struct e810_pf *pf)
{
	struct e810_aq_desc desc;
	int ret;

	e810_aq_init(&desc, E810_AQC_SET_MAC_CFG);
	desc.mac_cfg.max_frame_size = cpu_to_le16(E810_MAX_FRAME);
	/* It sets these as well, and zero would be no pause */
	desc.mac_cfg.tx_tmr_value =
		cpu_to_le16(e810_port_pause(pf, PRTMAC_HSEC_CTL_TX_PS_QNT_LFC));
	desc.mac_cfg.fc_refresh_threshold =
		cpu_to_le16(e810_port_pause(pf, PRTMAC_HSEC_CTL_TX_PS_RFSH_LFC));
	ret = e810_aq_send(pf, &desc, NULL, 0);
	if (ret)
		return ret;

	e810_aq_init(&desc, E810_AQC_RESTART_AN);
	desc.restart_an.lport_num = pf->port;
	desc.restart_an.cmd_flags = E810_AQC_RESTART_AN_RESTART |
				    E810_AQC_RESTART_AN_ENABLE;
	ret = e810_aq_send(pf, &desc, NULL, 0);
	if (ret)
		return ret;

	/* A set bit masks an event. Without this, more events come */
	e810_aq_init(&desc, E810_AQC_SET_EVENT_MASK);
	desc.event_mask.lport_num = pf->port;
	desc.event_mask.event_mask =
		cpu_to_le16((u16)~E810_AQC_LINK_EVENT_UPDOWN);
	ret = e810_aq_send(pf, &desc, NULL, 0);
	if (ret && ret != -EOPNOTSUPP)
		return ret;

	return e810_aq_get_link(pf);
}

/**
 * e810_aq_set_link - note a link status
 * @pf: the function
 * @s: status as reported by the firmware
 */
void e810_aq_set_link(struct e810_pf *pf, const struct e810_aqc_link_status *s)
{
	u16 speed = le16_to_cpu(s->link_speed);
	unsigned int bit = fls(speed);
	struct e810_link link = {
		.up = s->link_info & E810_AQC_LINK_UP,
	};

	if (link.up && bit && bit <= ARRAY_SIZE(e810_mbps))
		link.mbps = e810_mbps[bit - 1];

	spin_lock(&pf->vsi_lock);
	pf->link = link;
	spin_unlock(&pf->vsi_lock);
}

/**
 * e810_aq_get_link - ask for the link status, and for an event when it changes
 * @pf: the function
 *
 * Return: 0 or a negative errno
 */
int e810_aq_get_link(struct e810_pf *pf)
{
	struct e810_aqc_link_status status = {};
	struct e810_aq_desc desc;
	int ret;

	e810_aq_init(&desc, E810_AQC_GET_LINK_STATUS);
	desc.link.lport_num = pf->port;
	desc.link.cmd_flags = cpu_to_le16(E810_AQC_LSE_ENA);
	ret = e810_aq_send(pf, &desc, &status, sizeof(status));
	if (ret)
		return ret;

	e810_aq_set_link(pf, &status);
	return 0;
}

/* Answers of parallel commands may be seen out of order */
static void e810_aq_note_free_vsis(struct e810_pf *pf,
				   const struct e810_aq_desc *desc, u64 seq)
{
	spin_lock(&pf->vsi_lock);
	if (seq > pf->vsi_seq) {
		pf->vsi_seq = seq;
		WRITE_ONCE(pf->vsi_free, le16_to_cpu(desc->vsi_resp.vsi_free));
	}
	spin_unlock(&pf->vsi_lock);
}

static int e810_aq_vsi_cmd(struct e810_pf *pf, struct e810_aq_desc *desc,
			   const struct e810_aqc_vsi_props *ctx)
{
	struct e810_aqc_vsi_props buf;
	u64 seq;
	int ret;

	if (ctx)
		buf = *ctx;
	ret = e810_aq_send_seq(pf, desc, &buf, ctx ? sizeof(buf) : 0, &seq);
	if (!ret)
		e810_aq_note_free_vsis(pf, desc, seq);
	return ret;
}

/**
 * e810_aq_add_vsi - make a VSI
 * @pf: the function
 * @ctx: its context
 * @vsi: filled in with its number
 *
 * Return: 0 or a negative errno, -ENOSPC if the card has no more
 */
int e810_aq_add_vsi(struct e810_pf *pf, const struct e810_aqc_vsi_props *ctx,
		    u16 *vsi)
{
	struct e810_aq_desc desc;
	u16 num;
	int ret;

	e810_aq_init_rd(&desc, E810_AQC_ADD_VSI);
	desc.vsi.vsi_flags = cpu_to_le16(E810_AQ_VSI_TYPE_VMDQ2);
	ret = e810_aq_vsi_cmd(pf, &desc, ctx);
	if (ret)
		return ret;

	num = FIELD_GET(E810_AQ_VSI_NUM, le16_to_cpu(desc.vsi_resp.vsi_num));
	if (num >= E810_MAX_VSI) {
		dev_err(&pf->pdev->dev, "firmware made VSI %u, limit is %u\n",
			num, E810_MAX_VSI - 1);
		return -EIO;
	}
	*vsi = num;
	return 0;
}

/**
 * e810_aq_update_vsi - change sections of a VSI's context
 * @pf: the function
 * @vsi: number of the VSI
 * @ctx: its context
 * @sections: E810_VSI_PROP_*_VALID of what changes
 *
 * Return: 0 or a negative errno
 */
int e810_aq_update_vsi(struct e810_pf *pf, u16 vsi,
		       const struct e810_aqc_vsi_props *ctx, u16 sections)
{
	struct e810_aqc_vsi_props buf = *ctx;
	struct e810_aq_desc desc;

	e810_aq_init_rd(&desc, E810_AQC_UPDATE_VSI);
	desc.vsi.vsi_num = cpu_to_le16(vsi | E810_AQ_VSI_NUM_VALID);
	buf.valid_sections = cpu_to_le16(sections);
	return e810_aq_vsi_cmd(pf, &desc, &buf);
}

/**
 * e810_aq_free_vsi - give a VSI back
 * @pf: the function
 * @vsi: number of the VSI
 *
 * Return: 0 or a negative errno
 */
int e810_aq_free_vsi(struct e810_pf *pf, u16 vsi)
{
	struct e810_aq_desc desc;

	e810_aq_init(&desc, E810_AQC_FREE_VSI);
	desc.vsi.vsi_num = cpu_to_le16(vsi | E810_AQ_VSI_NUM_VALID);
	return e810_aq_vsi_cmd(pf, &desc, NULL);
}

/**
 * e810_aq_close_pf_vsi - take the VSI that firmware made for the function off
 * the network
 * @pf: the function
 *
 * A function without network interface has no use for it, but rules that hold
 * for all VSIs need one that stays. The answer also tells how many VSIs there
 * are.
 *
 * Return: 0 or a negative errno
 */
int e810_aq_close_pf_vsi(struct e810_pf *pf)
{
	const struct e810_aqc_vsi_props ctx = { .sw_id = pf->sw_id };

	return e810_aq_update_vsi(pf, pf->vsi, &ctx, E810_VSI_PROP_SW_VALID);
}

/**
 * e810_aq_get_caps - read which queues and vectors of the card the function has
 * @pf: the function, filled in with the first ones
 * @num_rx: filled in with the number of Rx queues
 * @num_tx: filled in with the number of Tx queues
 *
 * Return: 0, -ENODEV if it has none, or another errno
 */
int e810_aq_get_caps(struct e810_pf *pf, unsigned int *num_rx,
		     unsigned int *num_tx)
{
	struct e810_aqc_cap *cap;
	struct e810_aq_desc desc;
	unsigned int num, i;
	void *buf;
	int ret;

	buf = kzalloc(E810_AQ_BUF_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;

	e810_aq_init(&desc, E810_AQC_LIST_FUNC_CAPS);
	ret = e810_aq_send(pf, &desc, buf, E810_AQ_BUF_SIZE);
	if (ret)
		goto out;

	*num_rx = 0;
	*num_tx = 0;
	num = min_t(u32, le32_to_cpu(desc.caps.count),
		    E810_AQ_BUF_SIZE / sizeof(*cap));
	for (i = 0, cap = buf; i < num; i++, cap++) {
		switch (le16_to_cpu(cap->cap)) {
		case E810_AQC_CAP_RXQS:
			pf->first_rxq = le32_to_cpu(cap->phys_id);
			*num_rx = le32_to_cpu(cap->number);
			break;
		case E810_AQC_CAP_TXQS:
			pf->first_txq = le32_to_cpu(cap->phys_id);
			*num_tx = le32_to_cpu(cap->number);
			break;
		case E810_AQC_CAP_MSIX:
			pf->first_vector = le32_to_cpu(cap->phys_id);
			break;
		}
	}
	if (!*num_rx || !*num_tx)
		ret = -ENODEV;
out:
	kfree(buf);
	return ret;
}

/**
 * e810_aq_sw_rule - add, update or remove a lookup rule of the switch
 * @pf: the function
 * @opcode: E810_AQC_ADD_SW_RULES, _UPDATE_ or _REMOVE_
 * @rule: the rule; its index is filled in when added
 *
 * Return: 0 or a negative errno
 */
int e810_aq_sw_rule(struct e810_pf *pf, enum e810_aq_opcode opcode,
		    struct e810_aqc_sw_rule_lkup *rule)
{
	size_t len = sizeof(*rule);
	struct e810_aq_desc desc;

	/* Firmware finds a rule that is there by its index */
	if (opcode != E810_AQC_ADD_SW_RULES) {
		rule->hdr_len = 0;
		len = offsetof(struct e810_aqc_sw_rule_lkup, hdr);
	}
	if (opcode == E810_AQC_REMOVE_SW_RULES)
		rule->act = 0;

	e810_aq_init_rd(&desc, opcode);
	desc.sw_rules.num_rules = cpu_to_le16(1);
	return e810_aq_send(pf, &desc, rule, len);
}

/**
 * e810_aq_sw_list - add VSIs to a list of the switch, or remove them
 * @pf: the function
 * @opcode: E810_AQC_ADD_SW_RULES for a list just made, else
 *	E810_AQC_UPDATE_SW_RULES
 * @type: E810_SW_RULE_*_LIST_SET or _CLEAR
 * @list: number of the list
 * @vsis: the VSIs
 * @num: their number, at most E810_SW_RULE_LIST_MAX
 *
 * Return: 0 or a negative errno
 */
int e810_aq_sw_list(struct e810_pf *pf, enum e810_aq_opcode opcode, u16 type,
		    u16 list, const u16 *vsis, unsigned int num)
{
	struct e810_aqc_sw_rule_vsi_list rule = {
		.type = cpu_to_le16(type),
		.index = cpu_to_le16(list),
		.number_vsi = cpu_to_le16(num),
	};
	struct e810_aq_desc desc;
	unsigned int i;

	for (i = 0; i < num; i++)
		rule.vsi[i] = cpu_to_le16(vsis[i]);

	e810_aq_init_rd(&desc, opcode);
	desc.sw_rules.num_rules = cpu_to_le16(1);
	return e810_aq_send(pf, &desc, &rule,
			    offsetof(struct e810_aqc_sw_rule_vsi_list,
				     vsi[num]));
}

static int e810_aq_res(struct e810_pf *pf, enum e810_aq_opcode opcode,
		       struct e810_aqc_res_elem *elem)
{
	struct e810_aq_desc desc;

	elem->num_elems = cpu_to_le16(1);
	e810_aq_init_rd(&desc, opcode);
	desc.res.num_entries = cpu_to_le16(1);
	return e810_aq_send(pf, &desc, elem, sizeof(*elem));
}

/**
 * e810_aq_alloc_list - make a list of VSIs in the switch
 * @pf: the function
 * @type: E810_AQC_RES_VSI_LIST_REP or E810_AQC_RES_VSI_LIST_PRUNE
 * @list: filled in with its number
 *
 * Return: 0 or a negative errno, -ENOSPC if the card has no more
 */
int e810_aq_alloc_list(struct e810_pf *pf, u16 type, u16 *list)
{
	struct e810_aqc_res_elem elem = { .res_type = cpu_to_le16(type) };
	int ret;

	if (type == E810_AQC_RES_VSI_LIST_PRUNE)
		elem.res_type |= cpu_to_le16(E810_AQC_RES_FLAG_SHARED);
	ret = e810_aq_res(pf, E810_AQC_ALLOC_RES, &elem);
	if (!ret)
		*list = le16_to_cpu(elem.sw_resp);
	return ret;
}

/**
 * e810_aq_free_list - give a list of VSIs back
 * @pf: the function
 * @type: as in e810_aq_alloc_list()
 * @list: its number
 *
 * Return: 0 or a negative errno
 */
int e810_aq_free_list(struct e810_pf *pf, u16 type, u16 list)
{
	struct e810_aqc_res_elem elem = {
		.res_type = cpu_to_le16(type),
		.sw_resp = cpu_to_le16(list),
	};

	return e810_aq_res(pf, E810_AQC_FREE_RES, &elem);
}

/**
 * e810_aq_set_rss_key - set the RSS hash key of a VSI
 * @pf: the function
 * @vsi: number of the VSI
 * @key: E810_RSS_KEY_SIZE bytes
 *
 * Return: 0 or a negative errno
 */
int e810_aq_set_rss_key(struct e810_pf *pf, u16 vsi, const u8 *key)
{
	u8 buf[E810_RSS_KEY_SIZE];
	struct e810_aq_desc desc;

	memcpy(buf, key, sizeof(buf));
	e810_aq_init_rd(&desc, E810_AQC_SET_RSS_KEY);
	desc.rss.vsi_id = cpu_to_le16(vsi | E810_AQC_RSS_VSI_VALID);
	return e810_aq_send(pf, &desc, buf, sizeof(buf));
}

/**
 * e810_aq_set_rss_lut - set the RSS look-up table of a VSI
 * @pf: the function
 * @vsi: number of the VSI
 * @lut: E810_RSS_LUT_SIZE queue numbers, relative to the VSI
 *
 * Return: 0 or a negative errno
 */
int e810_aq_set_rss_lut(struct e810_pf *pf, u16 vsi, const u8 *lut)
{
	u8 buf[E810_RSS_LUT_SIZE];
	struct e810_aq_desc desc;

	memcpy(buf, lut, sizeof(buf));
	e810_aq_init_rd(&desc, E810_AQC_SET_RSS_LUT);
	desc.rss.vsi_id = cpu_to_le16(vsi | E810_AQC_RSS_VSI_VALID);
	return e810_aq_send(pf, &desc, buf, sizeof(buf));
}

/**
 * e810_aq_add_txq - give a Tx queue its context and enable it
 * @pf: the function
 * @parent: scheduler node
 * @txq: number of the queue
 * @ctx: E810_TX_CTX_SIZE bytes
 *
 * Return: 0 or a negative errno
 */
int e810_aq_add_txq(struct e810_pf *pf, __le32 parent, u16 txq, const u8 *ctx)
{
	struct e810_aqc_tx_qgrp grp = {
		.parent_teid = parent,
		.num_txqs = 1,
		.txq_id = cpu_to_le16(txq),
		.sched = e810_sched_dflt_elem,
	};
	struct e810_aq_desc desc;

	grp.sched.elem_type = E810_SCHED_LEAF;
	memcpy(grp.ctx, ctx, sizeof(grp.ctx));
	e810_aq_init_rd(&desc, E810_AQC_ADD_TXQS);
	desc.add_txqs.num_qgrps = 1;
	return e810_aq_send(pf, &desc, &grp, sizeof(grp));
}

/**
 * e810_aq_dis_txqs - stop Tx queues and take their contexts back
 * @pf: the function
 * @items: the queues
 * @num: how many
 *
 * Return: 0 or a negative errno
 */
int e810_aq_dis_txqs(struct e810_pf *pf, struct e810_aqc_dis_txq_item *items,
		     unsigned int num)
{
	struct e810_aq_desc desc;

	e810_aq_init_rd(&desc, E810_AQC_DIS_TXQS);
	desc.dis_txqs.cmd_type = E810_AQC_Q_DIS_FLUSH_PIPE;
	desc.dis_txqs.num_entries = num;
	/* Tens of milliseconds to let what is in the pipe leave, as ice does */
	desc.dis_txqs.vmvf_and_timeout =
		cpu_to_le16(FIELD_PREP(E810_AQC_Q_DIS_TIMEOUT, 5));
	return e810_aq_send(pf, &desc, items, num * sizeof(*items));
}

/**
 * e810_aq_reset_vsi_txqs - take a VSI that is being reset off the scheduler
 * @pf: the function
 * @vsi: number of the VSI
 *
 * The card ends the reset of a VSI only after this, whether or not it had Tx
 * queues.
 *
 * Return: 0 or a negative errno
 */
int e810_aq_reset_vsi_txqs(struct e810_pf *pf, u16 vsi)
{
	struct e810_aq_desc desc;
	int ret;

	e810_aq_init(&desc, E810_AQC_DIS_TXQS);
	desc.dis_txqs.cmd_type = E810_AQC_Q_DIS_VM_RESET |
				 E810_AQC_Q_DIS_FLUSH_PIPE;
	desc.dis_txqs.vmvf_and_timeout =
		cpu_to_le16(FIELD_PREP(E810_AQC_Q_DIS_VMVF_NUM, vsi) |
			    FIELD_PREP(E810_AQC_Q_DIS_TIMEOUT, 5));
	ret = e810_aq_send(pf, &desc, NULL, 0);
	/* Nothing to take off, or the reset has done so */
	return ret == -ENOENT || ret == -EBUSY ? 0 : ret;
}
