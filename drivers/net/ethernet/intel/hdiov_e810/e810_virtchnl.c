// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtchnl: what the guest's driver asks for
 *
 * Every length and every value comes from a guest and may be hostile. Nothing
 * but the version is answered before the version is known, nothing but these
 * two before the resources are granted, and only what was granted then.
 */
#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "e810.h"

/* Number of the VSI as the guest knows it, as the ice driver tells its VFs */
#define E810_VC_VSI_ID		1

/* Ring lengths that the hardware takes, the guest's side of it */
#define E810_RING_MIN		64
#define E810_RING_MAX		8160
#define E810_RING_MULTIPLE	32
/* Rings begin at a multiple of 128 bytes, the context holds no more */
#define E810_RING_ALIGN		128

#define E810_RX_BUF_MIN		128
#define E810_RX_BUF_MAX		(16 * 1024 - 128)
#define E810_MIN_FRAME		64

#define E810_RXDID_LEGACY	1
#define E810_RXDID_COMMS_OVS	22

/* Kinds of packets that are hashed, by their AVF packet classifier type */
#define E810_HASHCFG							\
	(BIT_ULL(29) | BIT_ULL(30) | BIT_ULL(31) | /* IPv4 UDP */	\
	 BIT_ULL(32) | BIT_ULL(33) |		   /* IPv4 TCP */	\
	 BIT_ULL(34) |				   /* IPv4 SCTP */	\
	 BIT_ULL(35) | BIT_ULL(36) |		   /* IPv4 other, frag */ \
	 BIT_ULL(39) | BIT_ULL(40) | BIT_ULL(41) | /* IPv6 UDP */	\
	 BIT_ULL(42) | BIT_ULL(43) |		   /* IPv6 TCP */	\
	 BIT_ULL(44) |				   /* IPv6 SCTP */	\
	 BIT_ULL(45) | BIT_ULL(46))		   /* IPv6 other, frag */

#define E810_VC_CAPS	(VIRTCHNL_VF_OFFLOAD_L2 |			\
			 VIRTCHNL_VF_OFFLOAD_RSS_PF |			\
			 VIRTCHNL_VF_OFFLOAD_WB_ON_ITR |		\
			 VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC |		\
			 VIRTCHNL_VF_OFFLOAD_CRC |			\
			 VIRTCHNL_VF_CAP_ADV_LINK_SPEED)

/* What a VDEV of one VSI is told of its resources */
struct e810_vc_resources {
	struct virtchnl_vf_resource res;
	struct virtchnl_vsi_resource vsi;
} __packed;

/**
 * struct e810_vc_reply - answer to a message
 * @len: bytes of the payload
 * @silent: no answer at all
 * @link: let the link state follow
 * @version: payload
 * @resources: payload
 * @stats: payload
 * @vlan_caps: payload
 * @val64: payload
 */
struct e810_vc_reply {
	u16 len;
	bool silent;
	bool link;
	union {
		struct virtchnl_version_info version;
		struct e810_vc_resources resources;
		struct e810_stats stats;
		struct virtchnl_vlan_caps vlan_caps;
		u64 val64;
	};
};

/**
 * e810_vc_default_hashcfg - kinds of packets hashed until a guest says otherwise
 *
 * Return: bits as in VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS
 */
u64 e810_vc_default_hashcfg(void)
{
	return E810_HASHCFG;
}

static s32 e810_vc_status(int err)
{
	switch (err) {
	case 0:
		return VIRTCHNL_STATUS_SUCCESS;
	case -ENOMEM:
		return VIRTCHNL_STATUS_ERR_NO_MEMORY;
	case -EINVAL:
	case -EADDRINUSE:
		return VIRTCHNL_STATUS_ERR_PARAM;
	default:
		return VIRTCHNL_STATUS_ERR_ADMIN_QUEUE_ERROR;
	}
}

static u16 e810_vc_max_frame(struct e810_adi *ea)
{
	/* The guest does not know of the tag */
	return E810_MAX_FRAME - (ea->port_vlan ? VLAN_HLEN : 0);
}

static unsigned int e810_vc_max_vlans(struct e810_adi *ea)
{
	return ea->trust ? VLAN_N_VID : E810_MAX_VLANS;
}

static s32 e810_vc_version(struct e810_adi *ea, const struct e810_msg *msg,
			   struct e810_vc_reply *reply)
{
	memcpy(&ea->vc_version, msg->data, sizeof(ea->vc_version));
	if (!ea->vc_version.major)
		return VIRTCHNL_STATUS_ERR_PARAM;
	reply->version.major = VIRTCHNL_VERSION_MAJOR;
	reply->version.minor = VF_IS_V10(&ea->vc_version) ?
		VIRTCHNL_VERSION_MINOR_NO_VF_CAPS : VIRTCHNL_VERSION_MINOR;
	reply->len = sizeof(reply->version);
	/*
	 * Not a new beginning: Linux' iavf sends it amid anything else, to find
	 * out whether somebody is there, when a message takes long.
	 */
	if (ea->vc_state == E810_VC_INIT)
		ea->vc_state = E810_VC_VERSION;
	return VIRTCHNL_STATUS_SUCCESS;
}

static s32 e810_vc_get_resources(struct e810_adi *ea,
				 const struct e810_msg *msg,
				 struct e810_vc_reply *reply)
{
	struct e810_vc_resources *r = &reply->resources;
	u32 asked, caps;
	int ret;

	if (VF_IS_V11(&ea->vc_version))
		memcpy(&asked, msg->data, sizeof(asked));
	else
		asked = VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_VLAN;

	caps = VIRTCHNL_VF_OFFLOAD_L2 | (asked & E810_VC_CAPS);
	/*
	 * DPDK knows this format only. Where there are others and not this one
	 * it asks for legacy descriptors, and yet takes them for this one.
	 */
	if (!(ea->pf->rxdids & BIT_ULL(E810_RXDID_COMMS_OVS)))
		caps &= ~VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC;
	if (asked & VIRTCHNL_VF_OFFLOAD_VLAN_V2)
		caps |= VIRTCHNL_VF_OFFLOAD_VLAN_V2;
	else if (!ea->port_vlan)
		caps |= asked & VIRTCHNL_VF_OFFLOAD_VLAN;

	/* Drivers of the older VLAN interface begin with tags stripped */
	if (!ea->port_vlan) {
		ret = e810_vsi_set_strip(ea, caps & VIRTCHNL_VF_OFFLOAD_VLAN);
		if (ret)
			return e810_vc_status(ret);
	}

	r->res.num_vsis = 1;
	r->res.num_queue_pairs = ea->adi.num_qps;
	r->res.max_vectors = ea->adi.type->num_vectors;
	r->res.max_mtu = e810_vc_max_frame(ea);
	r->res.vf_cap_flags = caps;
	r->res.rss_key_size = E810_RSS_KEY_SIZE;
	r->res.rss_lut_size = E810_RSS_LUT_SIZE;
	r->vsi.vsi_id = E810_VC_VSI_ID;
	r->vsi.num_queue_pairs = ea->adi.num_qps;
	r->vsi.vsi_type = VIRTCHNL_VSI_SRIOV;
	ether_addr_copy(r->vsi.default_mac_addr,
			is_zero_ether_addr(ea->mac) ? ea->mac_assigned :
						      ea->mac);
	reply->len = sizeof(*r);
	reply->link = true;

	ea->caps = caps;
	ea->vc_state = E810_VC_ACTIVE;
	return VIRTCHNL_STATUS_SUCCESS;
}

static bool e810_vc_ring_ok(u32 len, u64 addr)
{
	return len >= E810_RING_MIN && len <= E810_RING_MAX &&
	       !(len % E810_RING_MULTIPLE) && !(addr % E810_RING_ALIGN);
}

static bool e810_vc_txq_ok(struct e810_adi *ea,
			   const struct virtchnl_txq_info *txq)
{
	return txq->vsi_id == E810_VC_VSI_ID &&
	       txq->queue_id < ea->adi.num_qps && !txq->headwb_enabled &&
	       (!txq->ring_len ||
		e810_vc_ring_ok(txq->ring_len, txq->dma_ring_addr));
}

static bool e810_vc_rxq_ok(struct e810_adi *ea,
			   const struct virtchnl_rxq_info *rxq)
{
	if (rxq->vsi_id != E810_VC_VSI_ID || rxq->queue_id >= ea->adi.num_qps)
		return false;
	if (!rxq->ring_len)
		return true;
	if (!e810_vc_ring_ok(rxq->ring_len, rxq->dma_ring_addr) ||
	    rxq->splithdr_enabled ||
	    rxq->databuffer_size < E810_RX_BUF_MIN ||
	    rxq->databuffer_size > E810_RX_BUF_MAX ||
	    rxq->max_pkt_size < E810_MIN_FRAME ||
	    rxq->max_pkt_size > e810_vc_max_frame(ea))
		return false;
	if (rxq->crc_disable && !(ea->caps & VIRTCHNL_VF_OFFLOAD_CRC))
		return false;
	if ((ea->caps & VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC) &&
	    (rxq->rxdid >= 64 || !(ea->pf->rxdids & BIT_ULL(rxq->rxdid))))
		return false;
	return true;
}

static int e810_vc_config_rxq(struct e810_adi *ea,
			      const struct virtchnl_rxq_info *rxq)
{
	u32 max_frame = rxq->max_pkt_size;
	u8 rxdid = E810_RXDID_LEGACY;

	if (ea->port_vlan)
		max_frame += VLAN_HLEN;
	if (ea->caps & VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC)
		rxdid = rxq->rxdid;
	return e810_rxq_configure(ea, rxq->queue_id, rxq->dma_ring_addr,
				  rxq->ring_len, rxq->databuffer_size,
				  max_frame, rxdid, rxq->crc_disable);
}

static s32 e810_vc_config_queues(struct e810_adi *ea,
				 const struct e810_msg *msg)
{
	const struct virtchnl_vsi_queue_config_info *info =
		(const void *)msg->data;
	const struct virtchnl_queue_pair_info *qp;
	unsigned long done = 0;
	unsigned int i;
	int ret;

	if (info->vsi_id != E810_VC_VSI_ID ||
	    info->num_queue_pairs > ea->adi.num_qps)
		return VIRTCHNL_STATUS_ERR_PARAM;

	/* All or nothing, as far as it depends on the guest */
	for (i = 0; i < info->num_queue_pairs; i++) {
		qp = &info->qpair[i];
		if (qp->txq.queue_id != qp->rxq.queue_id ||
		    !e810_vc_txq_ok(ea, &qp->txq) ||
		    !e810_vc_rxq_ok(ea, &qp->rxq))
			return VIRTCHNL_STATUS_ERR_PARAM;
	}

	for (i = 0; i < info->num_queue_pairs; i++) {
		qp = &info->qpair[i];
		done |= BIT(qp->txq.queue_id);
		ret = 0;
		if (qp->txq.ring_len)
			ret = e810_txq_configure(ea, qp->txq.queue_id,
						 qp->txq.dma_ring_addr,
						 qp->txq.ring_len);
		if (!ret && qp->rxq.ring_len)
			ret = e810_vc_config_rxq(ea, &qp->rxq);
		if (ret)
			goto err;
	}
	return VIRTCHNL_STATUS_SUCCESS;

err:
	e810_rxqs_disable(ea, done);
	e810_txqs_disable(ea, done);
	return e810_vc_status(ret);
}

static bool e810_vc_map_ok(struct e810_adi *ea,
			   const struct virtchnl_vector_map *map)
{
	u16 queues = GENMASK(ea->adi.num_qps - 1, 0);

	if (map->vsi_id != E810_VC_VSI_ID ||
	    map->vector_id >= ea->adi.type->num_vectors)
		return false;
	/* Vector 0 is for the mailbox only */
	if (!map->vector_id)
		return !map->rxq_map && !map->txq_map;
	return !((map->rxq_map | map->txq_map) & ~queues) &&
	       map->rxitr_idx <= GLINT_DYN_CTL_ITR_NONE &&
	       map->txitr_idx <= GLINT_DYN_CTL_ITR_NONE;
}

static s32 e810_vc_config_irqs(struct e810_adi *ea, const struct e810_msg *msg)
{
	const struct virtchnl_irq_map_info *info = (const void *)msg->data;
	const struct virtchnl_vector_map *map;
	unsigned long queues;
	unsigned int i, q;

	if (info->num_vectors > ea->adi.type->num_vectors)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (i = 0; i < info->num_vectors; i++)
		if (!e810_vc_map_ok(ea, &info->vecmap[i]))
			return VIRTCHNL_STATUS_ERR_PARAM;

	for (i = 0; i < info->num_vectors; i++) {
		map = &info->vecmap[i];
		queues = map->rxq_map;
		for_each_set_bit(q, &queues, ea->adi.num_qps)
			e810_irq_map_queue(ea, &ea->rxq[q], map->vector_id,
					   map->rxitr_idx);
		queues = map->txq_map;
		for_each_set_bit(q, &queues, ea->adi.num_qps)
			e810_irq_map_queue(ea, &ea->txq[q], map->vector_id,
					   map->txitr_idx);
	}
	e810_irq_apply(ea);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* Queues that a message selects. Zero is not a valid selection */
static bool e810_vc_select(struct e810_adi *ea, const struct e810_msg *msg,
			   unsigned long *rx, unsigned long *tx)
{
	const struct virtchnl_queue_select *sel = (const void *)msg->data;
	u32 all = GENMASK(ea->adi.num_qps - 1, 0);

	*rx = sel->rx_queues;
	*tx = sel->tx_queues;
	return sel->vsi_id == E810_VC_VSI_ID &&
	       (sel->rx_queues || sel->tx_queues) &&
	       !((sel->rx_queues | sel->tx_queues) & ~all);
}

static s32 e810_vc_enable_queues(struct e810_adi *ea,
				 const struct e810_msg *msg,
				 struct e810_vc_reply *reply)
{
	unsigned long rx, tx;
	unsigned int q;
	int ret;

	if (!e810_vc_select(ea, msg, &rx, &tx))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for_each_set_bit(q, &rx, ea->adi.num_qps)
		if (!ea->rxq[q].configured)
			return VIRTCHNL_STATUS_ERR_PARAM;
	for_each_set_bit(q, &tx, ea->adi.num_qps)
		if (!ea->tx_len[q])
			return VIRTCHNL_STATUS_ERR_PARAM;

	ret = e810_rxqs_enable(ea, rx);
	if (!ret)
		ret = e810_txqs_enable(ea, tx);
	if (ret)
		return e810_vc_status(ret);
	reply->link = true;
	return VIRTCHNL_STATUS_SUCCESS;
}

static s32 e810_vc_disable_queues(struct e810_adi *ea,
				  const struct e810_msg *msg)
{
	unsigned long rx, tx;
	int ret;

	if (!e810_vc_select(ea, msg, &rx, &tx))
		return VIRTCHNL_STATUS_ERR_PARAM;
	ret = e810_rxqs_disable(ea, rx);
	if (!ret)
		ret = e810_txqs_disable(ea, tx);
	return e810_vc_status(ret);
}

static bool e810_vc_may_have_mac(struct e810_adi *ea, const u8 *mac)
{
	/* Slow protocols and LLDP speak for the port, not for a guest */
	static const u8 lldp[ETH_ALEN] __aligned(2) = {
		0x01, 0x80, 0xc2, 0x00, 0x00, 0x00
	};

	if (ea->trust)
		return true;
	if (is_unicast_ether_addr(mac))
		return !ea->mac_fixed && !e810_adi_mac_is_others(ea, mac);
	return memcmp(mac, lldp, ETH_ALEN - 1) ||
	       (mac[5] != 0x00 && mac[5] != 0x03 && mac[5] != 0x0e);
}

static int e810_vc_add_mac(struct e810_adi *ea,
			   const struct virtchnl_ether_addr *addr)
{
	unsigned int limit = ea->trust ? E810_MAX_MACS_TRUSTED : E810_MAX_MACS;
	u8 old[ETH_ALEN];
	int ret;

	if (is_broadcast_ether_addr(addr->addr) ||
	    is_zero_ether_addr(addr->addr) ||
	    ether_addr_equal(addr->addr, ea->mac))
		return 0;
	if (!e810_vc_may_have_mac(ea, addr->addr))
		return -EINVAL;
	if (!e810_vsi_has_mac(ea, addr->addr) && ea->num_macs >= limit)
		return -EINVAL;

	if ((addr->type & VIRTCHNL_ETHER_ADDR_TYPE_MASK) !=
	    VIRTCHNL_ETHER_ADDR_PRIMARY || is_multicast_ether_addr(addr->addr))
		return e810_vsi_add_mac(ea, addr->addr);

	/* The driver asks for the removal of the old one in its own time */
	ether_addr_copy(old, ea->mac);
	ret = e810_vsi_set_mac(ea, addr->addr);
	if (!ret && !is_zero_ether_addr(old))
		ret = e810_vsi_add_mac(ea, old);
	return ret;
}

static int e810_vc_del_mac(struct e810_adi *ea,
			   const struct virtchnl_ether_addr *addr)
{
	int ret;

	if (ea->mac_fixed && !ea->trust &&
	    ether_addr_equal(addr->addr, ea->mac))
		return 0;
	ret = e810_vsi_del_mac(ea, addr->addr);
	return ret == -ENOENT ? 0 : ret;
}

static s32 e810_vc_macs(struct e810_adi *ea, const struct e810_msg *msg,
			bool add)
{
	const struct virtchnl_ether_addr_list *list = (const void *)msg->data;
	unsigned int i;
	int ret;

	if (list->vsi_id != E810_VC_VSI_ID)
		return VIRTCHNL_STATUS_ERR_PARAM;

	for (i = 0; i < list->num_elements; i++) {
		ret = add ? e810_vc_add_mac(ea, &list->list[i]) :
			    e810_vc_del_mac(ea, &list->list[i]);
		if (ret)
			return e810_vc_status(ret);
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

static int e810_vc_vlan(struct e810_adi *ea, u16 vid, bool add)
{
	/* Untagged frames are always allowed */
	if (!vid)
		return 0;
	if (!add)
		return e810_vsi_del_vlan(ea, vid);
	if (!test_bit(vid, ea->vlans) &&
	    ea->num_vlans >= e810_vc_max_vlans(ea))
		return -EINVAL;
	return e810_vsi_add_vlan(ea, vid);
}

static s32 e810_vc_vlans(struct e810_adi *ea, const struct e810_msg *msg,
			 bool add)
{
	const struct virtchnl_vlan_filter_list *list = (const void *)msg->data;
	unsigned int i;
	int ret;

	if (list->vsi_id != E810_VC_VSI_ID || ea->port_vlan)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (i = 0; i < list->num_elements; i++)
		if (list->vlan_id[i] >= VLAN_N_VID)
			return VIRTCHNL_STATUS_ERR_PARAM;

	for (i = 0; i < list->num_elements; i++) {
		ret = e810_vc_vlan(ea, list->vlan_id[i], add);
		if (ret)
			return e810_vc_status(ret);
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

static s32 e810_vc_vlan_v2_caps(struct e810_adi *ea,
				struct e810_vc_reply *reply)
{
	struct virtchnl_vlan_caps *caps = &reply->vlan_caps;
	u32 offload = VIRTCHNL_VLAN_ETHERTYPE_8100 | VIRTCHNL_VLAN_TOGGLE |
		      VIRTCHNL_VLAN_TAG_LOCATION_L2TAG1;

	reply->len = sizeof(*caps);
	/* The card handles one tag, which is the host's then */
	if (ea->port_vlan)
		return VIRTCHNL_STATUS_SUCCESS;

	caps->filtering.filtering_support.inner = VIRTCHNL_VLAN_ETHERTYPE_8100;
	caps->filtering.ethertype_init = VIRTCHNL_VLAN_ETHERTYPE_8100;
	caps->filtering.max_filters = e810_vc_max_vlans(ea);
	caps->offloads.stripping_support.inner = offload;
	caps->offloads.insertion_support.inner = offload;
	caps->offloads.ethertype_init = VIRTCHNL_VLAN_ETHERTYPE_8100;
	caps->offloads.ethertype_match =
		VIRTCHNL_ETHERTYPE_STRIPPING_MATCHES_INSERTION;
	return VIRTCHNL_STATUS_SUCCESS;
}

static bool e810_vc_vlan_v2_ok(const struct virtchnl_vlan_filter *f)
{
	return f->inner.tpid == ETH_P_8021Q && !f->inner.tci_mask &&
	       f->inner.tci < VLAN_N_VID && !f->outer.tci && !f->outer.tpid &&
	       !f->outer.tci_mask;
}

static s32 e810_vc_vlans_v2(struct e810_adi *ea, const struct e810_msg *msg,
			    bool add)
{
	const struct virtchnl_vlan_filter_list_v2 *list =
		(const void *)msg->data;
	unsigned int i;
	int ret;

	if (list->vport_id != E810_VC_VSI_ID || ea->port_vlan)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (i = 0; i < list->num_elements; i++)
		if (!e810_vc_vlan_v2_ok(&list->filters[i]))
			return VIRTCHNL_STATUS_ERR_PARAM;

	for (i = 0; i < list->num_elements; i++) {
		ret = e810_vc_vlan(ea, list->filters[i].inner.tci, add);
		if (ret)
			return e810_vc_status(ret);
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

static s32 e810_vc_strip(struct e810_adi *ea, bool on)
{
	unsigned int q;

	if (ea->port_vlan)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (q = 0; q < ea->adi.num_qps; q++)
		if (on && ea->rxq[q].enabled && ea->rxq[q].keeps_crc)
			return VIRTCHNL_STATUS_ERR_PARAM;
	return e810_vc_status(e810_vsi_set_strip(ea, on));
}

static bool e810_vc_vlan_setting_ok(struct e810_adi *ea,
				    const struct e810_msg *msg)
{
	const struct virtchnl_vlan_setting *s = (const void *)msg->data;

	return s->vport_id == E810_VC_VSI_ID && !ea->port_vlan &&
	       !s->outer_ethertype_setting &&
	       s->inner_ethertype_setting == VIRTCHNL_VLAN_ETHERTYPE_8100;
}

static s32 e810_vc_strip_v2(struct e810_adi *ea, const struct e810_msg *msg,
			    bool on)
{
	if (!e810_vc_vlan_setting_ok(ea, msg))
		return VIRTCHNL_STATUS_ERR_PARAM;
	return e810_vc_strip(ea, on);
}

static s32 e810_vc_insert_v2(struct e810_adi *ea, const struct e810_msg *msg)
{
	/* The card inserts what a descriptor asks for, on or off */
	return e810_vc_vlan_setting_ok(ea, msg) ? VIRTCHNL_STATUS_SUCCESS :
						  VIRTCHNL_STATUS_ERR_PARAM;
}

static s32 e810_vc_promisc(struct e810_adi *ea, const struct e810_msg *msg)
{
	const struct virtchnl_promisc_info *info = (const void *)msg->data;

	if (info->vsi_id != E810_VC_VSI_ID)
		return VIRTCHNL_STATUS_ERR_PARAM;
	/* As with SR-IOV: a guest that is not trusted gets a yes, and nothing */
	if (!ea->trust)
		return VIRTCHNL_STATUS_SUCCESS;
	return e810_vc_status(e810_vsi_set_promisc(ea,
				info->flags & FLAG_VF_UNICAST_PROMISC,
				info->flags & FLAG_VF_MULTICAST_PROMISC));
}

static s32 e810_vc_get_stats(struct e810_adi *ea, const struct e810_msg *msg,
			     struct e810_vc_reply *reply)
{
	const struct virtchnl_queue_select *sel = (const void *)msg->data;

	if (sel->vsi_id != E810_VC_VSI_ID)
		return VIRTCHNL_STATUS_ERR_PARAM;
	e810_vsi_update_stats(ea);
	reply->stats = ea->stats;
	reply->len = sizeof(reply->stats);
	return VIRTCHNL_STATUS_SUCCESS;
}

static s32 e810_vc_rss_key(struct e810_adi *ea, const struct e810_msg *msg)
{
	const struct virtchnl_rss_key *key = (const void *)msg->data;

	if (key->vsi_id != E810_VC_VSI_ID || key->key_len != E810_RSS_KEY_SIZE)
		return VIRTCHNL_STATUS_ERR_PARAM;
	ea->rss_dirty = true;
	return e810_vc_status(e810_aq_set_rss_key(ea->pf, ea->vsi, key->key));
}

static s32 e810_vc_rss_lut(struct e810_adi *ea, const struct e810_msg *msg)
{
	const struct virtchnl_rss_lut *lut = (const void *)msg->data;
	unsigned int i;

	if (lut->vsi_id != E810_VC_VSI_ID ||
	    lut->lut_entries != E810_RSS_LUT_SIZE)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (i = 0; i < E810_RSS_LUT_SIZE; i++)
		if (lut->lut[i] >= ea->adi.num_qps)
			return VIRTCHNL_STATUS_ERR_PARAM;
	ea->rss_dirty = true;
	memcpy(ea->lut, lut->lut, sizeof(ea->lut));
	return e810_vc_status(e810_vsi_write_lut(ea));
}

static s32 e810_vc_rss_hfunc(struct e810_adi *ea, const struct e810_msg *msg)
{
	const struct virtchnl_rss_hfunc *hfunc = (const void *)msg->data;

	if (hfunc->vsi_id != E810_VC_VSI_ID)
		return VIRTCHNL_STATUS_ERR_PARAM;
	return hfunc->rss_algorithm == VIRTCHNL_RSS_ALG_TOEPLITZ_ASYMMETRIC ?
		VIRTCHNL_STATUS_SUCCESS : VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
}

static s32 e810_vc_set_hashcfg(struct e810_adi *ea, const struct e810_msg *msg)
{
	u64 hashcfg;

	memcpy(&hashcfg, msg->data, sizeof(hashcfg));
	if (hashcfg & ~E810_HASHCFG)
		return VIRTCHNL_STATUS_ERR_PARAM;
	ea->hashcfg = hashcfg;
	ea->rss_dirty = true;
	return e810_vc_status(e810_vsi_write_lut(ea));
}

static s32 e810_vc_reset_vf(struct e810_adi *ea, struct e810_vc_reply *reply)
{
	reply->silent = true;
	ea->keep_mac = true;
	WRITE_ONCE(ea->resetting, true);
	hdiov_adi_request_reset(&ea->adi);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* What must have been granted for an operation, 0 if nothing */
static u32 e810_vc_needs(u32 opcode)
{
	switch (opcode) {
	case VIRTCHNL_OP_CONFIG_RSS_KEY:
	case VIRTCHNL_OP_CONFIG_RSS_LUT:
	case VIRTCHNL_OP_CONFIG_RSS_HFUNC:
	case VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS:
	case VIRTCHNL_OP_SET_RSS_HASHCFG:
		return VIRTCHNL_VF_OFFLOAD_RSS_PF;
	case VIRTCHNL_OP_ADD_VLAN:
	case VIRTCHNL_OP_DEL_VLAN:
	case VIRTCHNL_OP_ENABLE_VLAN_STRIPPING:
	case VIRTCHNL_OP_DISABLE_VLAN_STRIPPING:
		return VIRTCHNL_VF_OFFLOAD_VLAN;
	case VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS:
	case VIRTCHNL_OP_ADD_VLAN_V2:
	case VIRTCHNL_OP_DEL_VLAN_V2:
	case VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2:
	case VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2:
	case VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2:
	case VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2:
		return VIRTCHNL_VF_OFFLOAD_VLAN_V2;
	case VIRTCHNL_OP_GET_SUPPORTED_RXDIDS:
		return VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC;
	default:
		return 0;
	}
}

static bool e810_vc_allowed(struct e810_adi *ea, u32 opcode)
{
	switch (opcode) {
	case VIRTCHNL_OP_VERSION:
	case VIRTCHNL_OP_RESET_VF:
		return true;
	case VIRTCHNL_OP_GET_VF_RESOURCES:
		return ea->vc_state != E810_VC_INIT;
	default:
		return ea->vc_state == E810_VC_ACTIVE &&
		       (ea->caps & e810_vc_needs(opcode)) ==
		       e810_vc_needs(opcode);
	}
}

static s32 e810_vc_handle(struct e810_adi *ea, struct e810_msg *msg,
			  struct e810_vc_reply *reply)
{
	int ret;

	if (!e810_vc_allowed(ea, msg->opcode))
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;

	ret = virtchnl_vc_validate_vf_msg(&ea->vc_version, msg->opcode,
					  msg->data, msg->len);
	/* It does not tell unknown operations from malformed ones */
	if (ret == VIRTCHNL_STATUS_ERR_PARAM)
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	if (ret)
		return VIRTCHNL_STATUS_ERR_PARAM;

	switch (msg->opcode) {
	case VIRTCHNL_OP_VERSION:
		return e810_vc_version(ea, msg, reply);
	case VIRTCHNL_OP_RESET_VF:
		return e810_vc_reset_vf(ea, reply);
	case VIRTCHNL_OP_GET_VF_RESOURCES:
		return e810_vc_get_resources(ea, msg, reply);
	case VIRTCHNL_OP_CONFIG_VSI_QUEUES:
		return e810_vc_config_queues(ea, msg);
	case VIRTCHNL_OP_CONFIG_IRQ_MAP:
		return e810_vc_config_irqs(ea, msg);
	case VIRTCHNL_OP_ENABLE_QUEUES:
		return e810_vc_enable_queues(ea, msg, reply);
	case VIRTCHNL_OP_DISABLE_QUEUES:
		return e810_vc_disable_queues(ea, msg);
	case VIRTCHNL_OP_ADD_ETH_ADDR:
		return e810_vc_macs(ea, msg, true);
	case VIRTCHNL_OP_DEL_ETH_ADDR:
		return e810_vc_macs(ea, msg, false);
	case VIRTCHNL_OP_ADD_VLAN:
		return e810_vc_vlans(ea, msg, true);
	case VIRTCHNL_OP_DEL_VLAN:
		return e810_vc_vlans(ea, msg, false);
	case VIRTCHNL_OP_ENABLE_VLAN_STRIPPING:
		return e810_vc_strip(ea, true);
	case VIRTCHNL_OP_DISABLE_VLAN_STRIPPING:
		return e810_vc_strip(ea, false);
	case VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS:
		return e810_vc_vlan_v2_caps(ea, reply);
	case VIRTCHNL_OP_ADD_VLAN_V2:
		return e810_vc_vlans_v2(ea, msg, true);
	case VIRTCHNL_OP_DEL_VLAN_V2:
		return e810_vc_vlans_v2(ea, msg, false);
	case VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2:
		return e810_vc_strip_v2(ea, msg, true);
	case VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2:
		return e810_vc_strip_v2(ea, msg, false);
	case VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2:
	case VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2:
		return e810_vc_insert_v2(ea, msg);
	case VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE:
		return e810_vc_promisc(ea, msg);
	case VIRTCHNL_OP_GET_STATS:
		return e810_vc_get_stats(ea, msg, reply);
	case VIRTCHNL_OP_CONFIG_RSS_KEY:
		return e810_vc_rss_key(ea, msg);
	case VIRTCHNL_OP_CONFIG_RSS_LUT:
		return e810_vc_rss_lut(ea, msg);
	case VIRTCHNL_OP_CONFIG_RSS_HFUNC:
		return e810_vc_rss_hfunc(ea, msg);
	case VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS:
		reply->val64 = E810_HASHCFG;
		reply->len = sizeof(reply->val64);
		return VIRTCHNL_STATUS_SUCCESS;
	case VIRTCHNL_OP_SET_RSS_HASHCFG:
		return e810_vc_set_hashcfg(ea, msg);
	case VIRTCHNL_OP_GET_SUPPORTED_RXDIDS:
		reply->val64 = ea->pf->rxdids;
		reply->len = sizeof(reply->val64);
		return VIRTCHNL_STATUS_SUCCESS;
	default:
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	}
}

static enum virtchnl_link_speed e810_vc_speed(u32 mbps)
{
	switch (mbps) {
	case 100:
		return VIRTCHNL_LINK_SPEED_100MB;
	case 1000:
		return VIRTCHNL_LINK_SPEED_1GB;
	case 2500:
		return VIRTCHNL_LINK_SPEED_2_5GB;
	case 5000:
		return VIRTCHNL_LINK_SPEED_5GB;
	case 10000:
		return VIRTCHNL_LINK_SPEED_10GB;
	case 20000:
		return VIRTCHNL_LINK_SPEED_20GB;
	case 25000:
		return VIRTCHNL_LINK_SPEED_25GB;
	default:
		/* The fastest there is a bit for */
		return mbps >= 40000 ? VIRTCHNL_LINK_SPEED_40GB :
				       VIRTCHNL_LINK_SPEED_UNKNOWN;
	}
}

static void e810_vc_send_link(struct e810_adi *ea)
{
	struct virtchnl_pf_event event = {
		.event = VIRTCHNL_EVENT_LINK_CHANGE,
		.severity = PF_EVENT_SEVERITY_INFO,
	};
	struct e810_link link;

	if (ea->vc_state != E810_VC_ACTIVE)
		return;

	spin_lock(&ea->pf->vsi_lock);
	link = ea->pf->link;
	spin_unlock(&ea->pf->vsi_lock);

	if (ea->caps & VIRTCHNL_VF_CAP_ADV_LINK_SPEED) {
		event.event_data.link_event_adv.link_speed = link.mbps;
		event.event_data.link_event_adv.link_status = link.up;
	} else {
		event.event_data.link_event.link_speed =
			e810_vc_speed(link.mbps);
		event.event_data.link_event.link_status = link.up;
	}
	e810_mbx_reply(ea, VIRTCHNL_OP_EVENT, VIRTCHNL_STATUS_SUCCESS, &event,
		       sizeof(event));
}

static void e810_vc_process(struct e810_adi *ea, struct e810_msg *msg)
{
	struct e810_vc_reply reply;
	s32 status;

	/* An initializer need not clear all of the union */
	memset(&reply, 0, sizeof(reply));

	guard(rwsem_read)(&ea->pf->reset_sem);
	guard(mutex)(&ea->lock);

	if (!ea->running || ea->resetting)
		return;

	status = e810_vc_handle(ea, msg, &reply);
	ea->msgs_handled++;
	if (reply.silent)
		return;
	if (status)
		dev_dbg(&ea->pf->pdev->dev,
			"%s: virtchnl operation %u of %u bytes: status %d\n",
			hdiov_adi_name(&ea->adi), msg->opcode, msg->len,
			status);
	e810_mbx_reply(ea, msg->opcode, status, &reply.version,
		       status ? 0 : reply.len);
	if (reply.link)
		e810_vc_send_link(ea);
}

/**
 * e810_vc_work - handle the messages of an ADI that wait
 * @work: &e810_adi.work
 */
void e810_vc_work(struct work_struct *work)
{
	struct e810_adi *ea = container_of(work, struct e810_adi, work);
	struct e810_msg *msg;
	bool link;

	do {
		spin_lock(&ea->pf->vsi_lock);
		msg = list_first_entry_or_null(&ea->msgs, struct e810_msg,
					       node);
		if (msg) {
			list_del(&msg->node);
			ea->num_msgs--;
		}
		link = ea->link_event;
		ea->link_event = false;
		spin_unlock(&ea->pf->vsi_lock);

		if (link) {
			guard(mutex)(&ea->lock);
			if (ea->running && !ea->resetting)
				e810_vc_send_link(ea);
		}
		if (msg)
			e810_vc_process(ea, msg);
		kfree(msg);
	} while (msg);
}

/**
 * e810_vc_reset - forget what was negotiated
 * @ea: the ADI
 * @version: the version, too. Drivers ask for it once, not after each reset.
 *
 * Context: with the ADI's lock.
 */
void e810_vc_reset(struct e810_adi *ea, bool version)
{
	if (version)
		memset(&ea->vc_version, 0, sizeof(ea->vc_version));
	ea->vc_state = ea->vc_version.major ? E810_VC_VERSION : E810_VC_INIT;
	ea->caps = 0;
}

/**
 * e810_vc_reset_impending - tell all guests that the function will be reset
 * @pf: the function, its mailbox still works
 *
 * Not all drivers watch their registers for it: DPDK's waits for this event.
 *
 * Context: process, may sleep up to two seconds.
 */
void e810_vc_reset_impending(struct e810_pf *pf)
{
	static const struct virtchnl_pf_event event = {
		.event = VIRTCHNL_EVENT_RESET_IMPENDING,
		.severity = PF_EVENT_SEVERITY_CERTAIN_DOOM,
	};
	struct e810_adi *ea;

	scoped_guard(mutex, &pf->adis_lock) {
		list_for_each_entry(ea, &pf->adis, node) {
			guard(mutex)(&ea->lock);
			if (!ea->running || ea->resetting ||
			    ea->vc_state != E810_VC_ACTIVE)
				continue;
			/* It will not take the others either */
			if (e810_mbx_reply(ea, VIRTCHNL_OP_EVENT,
					   VIRTCHNL_STATUS_SUCCESS, &event,
					   sizeof(event)))
				break;
		}
	}
	e810_ctlq_flush(&pf->mbx);
}
