// SPDX-License-Identifier: GPL-2.0-only
/*
 * VSIs: the E810's virtual ports, one for each ADI
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "e810.h"

/* The card resets a VSI, or finishes its transactions, well within that */
#define E810_VSI_POLL_US	20
#define E810_VSI_TIMEOUT_US	(500 * USEC_PER_MSEC)

static const u8 e810_broadcast[ETH_ALEN] __aligned(2) = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff
};

static struct device *e810_dev(struct e810_adi *ea)
{
	return &ea->pf->pdev->dev;
}

static int e810_vsi_fltr(struct e810_adi *ea, const struct e810_fltr_key *key,
			 bool add)
{
	int ret;

	if (add)
		return e810_fltr_add(ea->pf, key, ea->vsi);
	ret = e810_fltr_del(ea->pf, key, ea->vsi);
	if (ret)
		ea->stale_rule = true;
	return ret;
}

static int e810_mac_fltr(struct e810_adi *ea, const u8 *mac, bool add)
{
	struct e810_fltr_key key = { .recipe = E810_SW_RECIPE_MAC };

	ether_addr_copy(key.mac, mac);
	return e810_vsi_fltr(ea, &key, add);
}

/*
 * With VLAN 0 go frames that have no tag. Filters of double VLAN mode tell them
 * from those that have one for the sake of its priority.
 */
static int e810_vlan_fltr(struct e810_adi *ea, u16 vid, bool add)
{
	struct e810_fltr_key key = {
		.recipe = E810_SW_RECIPE_VLAN,
		.vlan = vid,
		.tpid = ETH_P_8021Q,
	};
	struct e810_fltr_key untagged = { .recipe = E810_SW_RECIPE_VLAN };
	int ret, err;

	ret = e810_vsi_fltr(ea, &key, add);
	if (vid || !ea->pf->double_vlan || (ret && add))
		return ret;

	err = e810_vsi_fltr(ea, &untagged, add);
	if (err && add)
		e810_vsi_fltr(ea, &key, false);
	return err ?: ret;
}

static int e810_promisc_fltr(struct e810_adi *ea, bool multicast, bool add)
{
	/* In this recipe, only the group bit of the address matters */
	struct e810_fltr_key key = {
		.recipe = E810_SW_RECIPE_PROMISC,
		.mac = { multicast ? 0x03 : 0x02 },
	};

	return e810_vsi_fltr(ea, &key, add);
}

/* The VLAN that frames have on the wire while the guest asked for none */
static u16 e810_base_vid(struct e810_adi *ea)
{
	return ea->port_vlan & VLAN_VID_MASK;
}

/*
 * In double VLAN mode, the outer tag is what the inner one is else. An inner
 * one stays in the frame, but a guest in a port VLAN sends none, as ever.
 */
static void e810_vsi_fill_outer(struct e810_adi *ea, bool strip)
{
	struct e810_aqc_vsi_props *ctx = &ea->ctx;
	u8 tx_mode = ea->port_vlan ? E810_VSI_VLAN_TX_UNTAGGED :
				     E810_VSI_VLAN_TX_ALL;
	u8 emode = E810_VSI_VLAN_EMODE_NOTHING;

	ctx->inner_vlan_flags = FIELD_PREP(E810_VSI_VLAN_TX_MODE, tx_mode) |
				FIELD_PREP(E810_VSI_VLAN_EMODE, emode);

	if (ea->port_vlan)
		emode = E810_VSI_VLAN_EMODE_STR;
	else if (strip)
		emode = E810_VSI_VLAN_EMODE_STR_BOTH;
	ctx->port_based_outer_vlan = cpu_to_le16(ea->port_vlan);
	ctx->outer_vlan_flags =
		FIELD_PREP(E810_VSI_OUTER_EMODE, emode) |
		FIELD_PREP(E810_VSI_OUTER_TAG_TYPE, E810_VSI_OUTER_TAG_8100) |
		FIELD_PREP(E810_VSI_OUTER_TX_MODE, tx_mode);
	if (ea->port_vlan)
		ctx->outer_vlan_flags |= E810_VSI_OUTER_INSERT_PVID |
					 E810_VSI_OUTER_BLOCK_TX_DESC;
}

static void e810_vsi_fill_policy(struct e810_adi *ea, bool strip)
{
	struct e810_aqc_vsi_props *ctx = &ea->ctx;

	ctx->sw_flags = E810_VSI_SW_FLAG_ALLOW_LB | E810_VSI_SW_FLAG_SRC_PRUNE;
	ctx->sw_flags2 = E810_VSI_SW_FLAG_LAN_ENA;
	/* A promiscuous guest sees all VLANs, but never leaves its port VLAN */
	if (ea->port_vlan || !(ea->promisc_uc || ea->promisc_mc))
		ctx->sw_flags2 |= E810_VSI_SW_FLAG_RX_VLAN_PRUNE;

	ctx->sec_flags = 0;
	if (ea->spoofchk)
		ctx->sec_flags = E810_VSI_SEC_MAC_ANTI_SPOOF |
				 E810_VSI_SEC_TX_VLAN_PRUNE;

	if (ea->pf->double_vlan) {
		e810_vsi_fill_outer(ea, strip);
		return;
	}
	ctx->port_based_inner_vlan = cpu_to_le16(ea->port_vlan);
	if (ea->port_vlan)
		ctx->inner_vlan_flags =
			FIELD_PREP(E810_VSI_VLAN_TX_MODE,
				   E810_VSI_VLAN_TX_UNTAGGED) |
			E810_VSI_VLAN_INSERT_PVID |
			FIELD_PREP(E810_VSI_VLAN_EMODE,
				   E810_VSI_VLAN_EMODE_STR);
	else
		ctx->inner_vlan_flags =
			FIELD_PREP(E810_VSI_VLAN_TX_MODE,
				   E810_VSI_VLAN_TX_ALL) |
			FIELD_PREP(E810_VSI_VLAN_EMODE,
				   strip ? E810_VSI_VLAN_EMODE_STR_BOTH :
					   E810_VSI_VLAN_EMODE_NOTHING);
}

static u16 e810_vsi_vlan_sections(struct e810_adi *ea)
{
	return E810_VSI_PROP_VLAN_VALID |
	       (ea->pf->double_vlan ? E810_VSI_PROP_OUTER_TAG_VALID : 0);
}

static bool e810_vsi_strips(struct e810_adi *ea)
{
	u8 emode = ea->pf->double_vlan ?
		FIELD_GET(E810_VSI_OUTER_EMODE, ea->ctx.outer_vlan_flags) :
		FIELD_GET(E810_VSI_VLAN_EMODE, ea->ctx.inner_vlan_flags);

	return emode == E810_VSI_VLAN_EMODE_STR_BOTH;
}

static void e810_vsi_fill(struct e810_adi *ea)
{
	unsigned int order = order_base_2(ea->adi.num_qps);
	struct e810_aqc_vsi_props *ctx = &ea->ctx;

	memset(ctx, 0, sizeof(*ctx));
	ctx->sw_id = ea->pf->sw_id;
	e810_vsi_fill_policy(ea, false);
	ctx->ingress_table = cpu_to_le32(E810_VSI_UP_IDENTITY);
	ctx->egress_table = cpu_to_le32(E810_VSI_UP_IDENTITY);
	ctx->outer_up_table = cpu_to_le32(E810_VSI_UP_IDENTITY);
	ctx->mapping_flags = cpu_to_le16(E810_VSI_Q_MAP_CONTIG);
	ctx->q_mapping[0] = cpu_to_le16(ea->adi.qp_base);
	ctx->q_mapping[1] = cpu_to_le16(ea->adi.num_qps);
	ctx->tc_mapping[0] = cpu_to_le16(FIELD_PREP(E810_VSI_TC_Q_OFFSET, 0) |
					 FIELD_PREP(E810_VSI_TC_Q_NUM, order));
	ctx->q_opt_rss = FIELD_PREP(E810_VSI_Q_OPT_RSS_LUT,
				    E810_VSI_Q_OPT_RSS_LUT_VSI) |
			 FIELD_PREP(E810_VSI_Q_OPT_RSS_HASH,
				    E810_VSI_Q_OPT_RSS_TPLZ);
	ctx->valid_sections =
		cpu_to_le16(E810_VSI_PROP_SW_VALID |
			    E810_VSI_PROP_SECURITY_VALID |
			    e810_vsi_vlan_sections(ea) |
			    E810_VSI_PROP_INGRESS_UP_VALID |
			    E810_VSI_PROP_EGRESS_UP_VALID |
			    E810_VSI_PROP_RXQ_MAP_VALID |
			    E810_VSI_PROP_Q_OPT_VALID |
			    E810_VSI_PROP_OUTER_UP_VALID |
			    E810_VSI_PROP_FLOW_DIR_VALID);
}

/* A guest that got hold of the address must not have the VDEV killed by that */
static void e810_vsi_warn_mac(struct e810_adi *ea)
{
	dev_warn_ratelimited(e810_dev(ea),
			     "%s: address %pM is in use by another VDEV, begins without one\n",
			     hdiov_adi_name(&ea->adi), ea->mac_assigned);
}

/* The filters that every VSI has: broadcast, its address, its wire VLAN */
static int e810_vsi_add_base_filters(struct e810_adi *ea)
{
	int ret;

	ret = e810_mac_fltr(ea, ea->mac, true);
	if (ret == -EADDRINUSE) {
		e810_vsi_warn_mac(ea);
		eth_zero_addr(ea->mac);
	} else if (ret) {
		dev_err(e810_dev(ea), "%s: cannot have address %pM: %d\n",
			hdiov_adi_name(&ea->adi), ea->mac, ret);
		return ret;
	}
	ret = e810_mac_fltr(ea, e810_broadcast, true);
	if (ret)
		goto err_mac;
	ret = e810_vlan_fltr(ea, e810_base_vid(ea), true);
	if (ret)
		goto err_bcast;
	return 0;

err_bcast:
	e810_mac_fltr(ea, e810_broadcast, false);
err_mac:
	if (!is_zero_ether_addr(ea->mac))
		e810_mac_fltr(ea, ea->mac, false);
	return ret;
}

static int e810_vsi_del_base_filters(struct e810_adi *ea)
{
	int ret, err = 0;

	ret = e810_vlan_fltr(ea, e810_base_vid(ea), false);
	if (ret)
		err = ret;
	ret = e810_mac_fltr(ea, e810_broadcast, false);
	if (ret)
		err = ret;
	if (!is_zero_ether_addr(ea->mac)) {
		ret = e810_mac_fltr(ea, ea->mac, false);
		if (ret)
			err = ret;
	}
	return err;
}

/**
 * e810_vsi_del_guest_filters - remove the filters that the guest added
 * @ea: the ADI
 * @hw: from the hardware as well, not from memory only
 *
 * They are forgotten whatever the hardware says.
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_del_guest_filters(struct e810_adi *ea, bool hw)
{
	struct e810_mac *m, *tmp;
	unsigned int vid;
	int ret, err = 0;

	list_for_each_entry_safe(m, tmp, &ea->macs, node) {
		ret = hw ? e810_mac_fltr(ea, m->addr, false) : 0;
		if (ret)
			err = ret;
		list_del(&m->node);
		kfree(m);
	}
	ea->num_macs = 0;

	for_each_set_bit(vid, ea->vlans, VLAN_N_VID) {
		ret = hw ? e810_vlan_fltr(ea, vid, false) : 0;
		if (ret)
			err = ret;
	}
	bitmap_zero(ea->vlans, VLAN_N_VID);
	ea->num_vlans = 0;

	if (ea->promisc_uc && hw) {
		ret = e810_promisc_fltr(ea, false, false);
		if (ret)
			err = ret;
	}
	if (ea->promisc_mc && hw) {
		ret = e810_promisc_fltr(ea, true, false);
		if (ret)
			err = ret;
	}
	ea->promisc_uc = false;
	ea->promisc_mc = false;
	return err;
}

/**
 * e810_vsi_set_num - note which VSI an ADI has
 * @ea: the ADI
 * @vsi: number of the VSI, E810_NO_VSI for none
 *
 * Context: with the ADI's lock, or before anybody else knows the ADI.
 */
void e810_vsi_set_num(struct e810_adi *ea, u16 vsi)
{
	spin_lock(&ea->irq_lock);
	ea->vsi = vsi;
	spin_unlock(&ea->irq_lock);
}

/* Its next owner would get what a rule left behind forwards to the VSI */
static int e810_vsi_free(struct e810_adi *ea)
{
	if (!ea->stale_rule)
		return e810_aq_free_vsi(ea->pf, ea->vsi);
	if (!ea->pf->in_reset)
		dev_err(e810_dev(ea),
			"%s: the switch may still forward to VSI %u\n",
			hdiov_adi_name(&ea->adi), ea->vsi);
	return -EBUSY;
}

static int e810_vsi_add(struct e810_adi *ea)
{
	u16 vsi;
	int ret;

	ret = e810_aq_add_vsi(ea->pf, &ea->ctx, &vsi);
	if (ret == -ENOSPC)
		dev_err(e810_dev(ea), "%s: no VSI left, limit is %u\n",
			hdiov_adi_name(&ea->adi), E810_MAX_VSI);
	else if (ret)
		dev_err(e810_dev(ea), "%s: cannot make a VSI: %d\n",
			hdiov_adi_name(&ea->adi), ret);
	if (ret)
		return ret;

	e810_vsi_set_num(ea, vsi);
	ret = e810_vsi_add_base_filters(ea);
	if (ret)
		goto err_free;
	ret = e810_vsi_default_rss(ea);
	if (ret)
		goto err_filters;
	e810_vsi_clear_stats(ea);
	return 0;

err_filters:
	e810_vsi_del_base_filters(ea);
err_free:
	e810_vsi_free(ea);
	e810_vsi_set_num(ea, E810_NO_VSI);
	return ret;
}

/**
 * e810_vsi_create - make the VSI of an ADI
 * @ea: the ADI, its policy (address, VLAN, trust and so on) filled in
 *
 * Without PASID, its queues and mailbox off.
 *
 * Context: process, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno, after a line in the log
 */
int e810_vsi_create(struct e810_adi *ea)
{
	e810_vsi_fill(ea);
	return e810_vsi_add(ea);
}

/**
 * e810_vsi_recreate - make the VSI again, after a reset of the function
 * @ea: the ADI; the VSI's number may change
 *
 * What the guest had set is gone, the PASID is set again if there was one.
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno, after a line in the log
 */
int e810_vsi_recreate(struct e810_adi *ea)
{
	__le32 pasid = ea->ctx.pasid_id;
	int ret;

	e810_vsi_del_guest_filters(ea, false);
	ether_addr_copy(ea->mac, ea->mac_assigned);
	e810_vsi_fill(ea);
	ea->stale_rule = false;
	/* Not lost on errors: the next reset of the function sets it then */
	ea->ctx.pasid_id = pasid;
	ret = e810_vsi_add(ea);
	if (ret)
		return ret;

	ret = e810_aq_update_vsi(ea->pf, ea->vsi, &ea->ctx,
				 E810_VSI_PROP_PASID_VALID);
	if (ret) {
		dev_err(e810_dev(ea), "%s: cannot set the PASID again: %d\n",
			hdiov_adi_name(&ea->adi), ret);
		e810_vsi_del_base_filters(ea);
		e810_vsi_free(ea);
		e810_vsi_set_num(ea, E810_NO_VSI);
	}
	return ret;
}

/**
 * e810_vsi_destroy - give the VSI of an ADI back
 * @ea: the ADI, its queues and mailbox off
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0, or a negative errno if the hardware refused. The VSI is then not
 * freed, so that no rule left behind forwards to its next owner.
 */
int e810_vsi_destroy(struct e810_adi *ea)
{
	int ret, err;

	err = e810_vsi_del_guest_filters(ea, true);
	ret = e810_vsi_del_base_filters(ea);
	if (ret)
		err = ret;
	/* The next owner may have fewer queues */
	ea->hashcfg = 0;
	if (ea->rss_dirty || ea->adi.num_qps > 1) {
		ret = e810_vsi_write_lut(ea);
		if (ret)
			err = ret;
	}
	return err ?: e810_vsi_free(ea);
}

static int e810_vsi_write_pasid(struct e810_adi *ea, u32 pasid_id)
{
	__le32 old = ea->ctx.pasid_id;
	int ret;

	ea->ctx.pasid_id = cpu_to_le32(pasid_id);
	ret = e810_aq_update_vsi(ea->pf, ea->vsi, &ea->ctx,
				 E810_VSI_PROP_PASID_VALID);
	if (ret)
		ea->ctx.pasid_id = old;
	return ret;
}

/**
 * e810_vsi_set_pasid - let all requests of a VSI carry a PASID
 * @ea: the ADI
 * @pasid: 20 bits
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_set_pasid(struct e810_adi *ea, u32 pasid)
{
	return e810_vsi_write_pasid(ea, FIELD_PREP(E810_VSI_PASID_ID, pasid) |
				    E810_VSI_PASID_ID_VALID);
}

/**
 * e810_vsi_clear_pasid - undo e810_vsi_set_pasid()
 * @ea: the ADI
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_clear_pasid(struct e810_adi *ea)
{
	return e810_vsi_write_pasid(ea, 0);
}

/**
 * e810_vsi_reset_hw - reset the VSI's share of the hardware
 * @ea: the ADI, its queues and mailbox off
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno if firmware did not take the VSI's queues off
 */
int e810_vsi_reset_hw(struct e810_adi *ea)
{
	struct e810_pf *pf = ea->pf;
	u32 val;
	int ret;

	e810_wr32(pf, VSIGEN_RTRIG(ea->vsi), VSIGEN_RTRIG_VMSWR);
	ret = e810_aq_reset_vsi_txqs(pf, ea->vsi);
	/* Without queues and transactions, lateness alone is no danger */
	if (!ret && read_poll_timeout(e810_rd32, val, val & VSIGEN_RSTAT_VMRD,
				      E810_VSI_POLL_US, E810_VSI_TIMEOUT_US,
				      false, pf, VSIGEN_RSTAT(ea->vsi)))
		dev_warn_ratelimited(e810_dev(ea),
				     "%s: VSI %u is not reset within %lu ms\n",
				     hdiov_adi_name(&ea->adi), ea->vsi,
				     E810_VSI_TIMEOUT_US / USEC_PER_MSEC);
	e810_wr32(pf, VSIGEN_RTRIG(ea->vsi), 0);
	return ret;
}

/**
 * e810_vsi_drain - wait until no transaction of a VSI is pending
 * @ea: the ADI, its queues and mailbox off
 *
 * Context: process. Takes the function's drain lock, for the time of a few
 * reads of a register if the card behaves.
 *
 * Return: 0 or -ETIMEDOUT
 */
int e810_vsi_drain(struct e810_adi *ea)
{
	struct e810_pf *pf = ea->pf;
	u32 val;
	int ret;

	scoped_guard(mutex, &pf->drain_lock) {
		e810_wr32(pf, PFPCI_VMINDEX, ea->vsi);
		ret = read_poll_timeout(e810_rd32, val,
					!(val & PFPCI_VMPEND_PENDING),
					E810_VSI_POLL_US, E810_VSI_TIMEOUT_US,
					false, pf, PFPCI_VMPEND);
	}
	if (ret)
		dev_err(e810_dev(ea),
			"%s: VSI %u has transactions pending after %lu ms\n",
			hdiov_adi_name(&ea->adi), ea->vsi,
			E810_VSI_TIMEOUT_US / USEC_PER_MSEC);
	return ret;
}

/**
 * e810_vsi_restore - put back the VSI as it was after its creation
 * @ea: the ADI, its queues and mailbox off. Its PASID stays.
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_restore(struct e810_adi *ea)
{
	int ret;

	ret = e810_vsi_del_guest_filters(ea, true);
	if (ret)
		return ret;

	if (!ea->keep_mac || is_zero_ether_addr(ea->mac)) {
		ret = e810_vsi_set_mac_assigned(ea);
		if (ret)
			return ret;
	}
	ea->keep_mac = false;

	/* The reset of the VSI may have lost any of it */
	e810_vsi_fill_policy(ea, false);
	ret = e810_aq_update_vsi(ea->pf, ea->vsi, &ea->ctx,
				 le16_to_cpu(ea->ctx.valid_sections) |
				 E810_VSI_PROP_PASID_VALID);
	if (ret)
		return ret;

	if (ea->rss_dirty) {
		ret = e810_vsi_default_rss(ea);
		if (ret)
			return ret;
	}
	e810_vsi_clear_stats(ea);
	return 0;
}

static int e810_vsi_update_policy(struct e810_adi *ea, bool strip)
{
	struct e810_aqc_vsi_props old = ea->ctx;
	int ret;

	e810_vsi_fill_policy(ea, strip);
	ret = e810_aq_update_vsi(ea->pf, ea->vsi, &ea->ctx,
				 E810_VSI_PROP_SW_VALID |
				 E810_VSI_PROP_SECURITY_VALID |
				 e810_vsi_vlan_sections(ea));
	if (ret)
		ea->ctx = old;
	return ret;
}

/**
 * e810_vsi_apply_policy - tell the hardware a change of the ADI's policy
 * @ea: the ADI; its port VLAN, spoofchk or promiscuity changed
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno, nothing has changed in the hardware then
 */
int e810_vsi_apply_policy(struct e810_adi *ea)
{
	return e810_vsi_update_policy(ea, e810_vsi_strips(ea));
}

/**
 * e810_vsi_set_strip - move VLAN tags into the Rx descriptors, or not
 * @ea: the ADI, without port VLAN
 * @on: whether to
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_set_strip(struct e810_adi *ea, bool on)
{
	return e810_vsi_update_policy(ea, on);
}

static struct e810_mac *e810_vsi_find_mac(struct e810_adi *ea, const u8 *mac)
{
	struct e810_mac *m;

	list_for_each_entry(m, &ea->macs, node)
		if (ether_addr_equal(m->addr, mac))
			return m;
	return NULL;
}

/**
 * e810_vsi_has_mac - does a VSI receive what is sent to an address
 * @ea: the ADI
 * @mac: the address
 *
 * Context: with the ADI's lock.
 *
 * Return: true if it is the VSI's main address or one that the guest added
 */
bool e810_vsi_has_mac(struct e810_adi *ea, const u8 *mac)
{
	return ether_addr_equal(ea->mac, mac) || e810_vsi_find_mac(ea, mac);
}

/**
 * e810_vsi_add_mac - receive what is sent to an address, too
 * @ea: the ADI
 * @mac: unicast or multicast address
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0, also if it was there; -EADDRINUSE if another VDEV has this unicast
 * address; or another errno
 */
int e810_vsi_add_mac(struct e810_adi *ea, const u8 *mac)
{
	struct e810_mac *m;
	int ret;

	if (e810_vsi_has_mac(ea, mac))
		return 0;

	m = kzalloc_obj(*m);
	if (!m)
		return -ENOMEM;
	ether_addr_copy(m->addr, mac);
	ret = e810_mac_fltr(ea, mac, true);
	if (ret) {
		kfree(m);
		return ret;
	}
	list_add(&m->node, &ea->macs);
	ea->num_macs++;
	return 0;
}

/**
 * e810_vsi_del_mac - undo e810_vsi_add_mac(), or give up the main address
 * @ea: the ADI
 * @mac: the address
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0, -ENOENT or another errno
 */
int e810_vsi_del_mac(struct e810_adi *ea, const u8 *mac)
{
	struct e810_mac *m = e810_vsi_find_mac(ea, mac);

	if (m) {
		list_del(&m->node);
		kfree(m);
		ea->num_macs--;
	} else if (ether_addr_equal(ea->mac, mac)) {
		eth_zero_addr(ea->mac);
	} else {
		return -ENOENT;
	}
	return e810_mac_fltr(ea, mac, false);
}

/**
 * e810_vsi_set_mac - change the main address
 * @ea: the ADI
 * @mac: valid unicast address; the old one is dropped
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno, as e810_vsi_add_mac()
 */
int e810_vsi_set_mac(struct e810_adi *ea, const u8 *mac)
{
	u8 old[ETH_ALEN];
	struct e810_mac *m;
	int ret = 0;

	if (ether_addr_equal(ea->mac, mac))
		return 0;

	m = e810_vsi_find_mac(ea, mac);
	if (m) {
		list_del(&m->node);
		kfree(m);
		ea->num_macs--;
	} else {
		ret = e810_mac_fltr(ea, mac, true);
		if (ret)
			return ret;
	}
	ether_addr_copy(old, ea->mac);
	ether_addr_copy(ea->mac, mac);
	if (!is_zero_ether_addr(old))
		ret = e810_mac_fltr(ea, old, false);
	return ret;
}

/**
 * e810_vsi_set_mac_assigned - go back to the address that the host gave
 * @ea: the ADI; it has no address if another one uses that
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_set_mac_assigned(struct e810_adi *ea)
{
	u8 old[ETH_ALEN];
	int ret;

	ret = e810_vsi_set_mac(ea, ea->mac_assigned);
	if (ret != -EADDRINUSE)
		return ret;
	e810_vsi_warn_mac(ea);
	ether_addr_copy(old, ea->mac);
	return is_zero_ether_addr(old) ? 0 : e810_vsi_del_mac(ea, old);
}

/**
 * e810_vsi_add_vlan - receive and send frames of a VLAN
 * @ea: the ADI, without port VLAN
 * @vid: 1 to 4095
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0, also if it was there, or a negative errno
 */
int e810_vsi_add_vlan(struct e810_adi *ea, u16 vid)
{
	int ret;

	if (test_bit(vid, ea->vlans))
		return 0;
	ret = e810_vlan_fltr(ea, vid, true);
	if (ret)
		return ret;
	__set_bit(vid, ea->vlans);
	ea->num_vlans++;
	return 0;
}

/**
 * e810_vsi_del_vlan - undo e810_vsi_add_vlan()
 * @ea: the ADI
 * @vid: 1 to 4095
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0, also if it was not there, or a negative errno
 */
int e810_vsi_del_vlan(struct e810_adi *ea, u16 vid)
{
	if (!__test_and_clear_bit(vid, ea->vlans))
		return 0;
	ea->num_vlans--;
	return e810_vlan_fltr(ea, vid, false);
}

static int e810_vsi_set_promisc_one(struct e810_adi *ea, bool *state, bool on,
				    bool multicast)
{
	int ret;

	if (*state == on)
		return 0;
	ret = e810_promisc_fltr(ea, multicast, on);
	if (!ret)
		*state = on;
	return ret;
}

/**
 * e810_vsi_set_promisc - receive all frames
 * @ea: the ADI
 * @uc: all unicast
 * @mc: all multicast
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_set_promisc(struct e810_adi *ea, bool uc, bool mc)
{
	int ret;

	ret = e810_vsi_set_promisc_one(ea, &ea->promisc_uc, uc, false);
	if (ret)
		return ret;
	ret = e810_vsi_set_promisc_one(ea, &ea->promisc_mc, mc, true);
	if (ret)
		return ret;
	return e810_vsi_apply_policy(ea);
}

/**
 * e810_vsi_set_port_vlan - put all frames of an ADI into a VLAN
 * @ea: the ADI; the guest has added no VLAN
 * @tag: VLAN id and priority, 0 for none
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno, nothing has changed then
 */
int e810_vsi_set_port_vlan(struct e810_adi *ea, u16 tag)
{
	u16 old_vid = e810_base_vid(ea), old_tag = ea->port_vlan;
	u16 vid = tag & VLAN_VID_MASK;
	int ret;

	if (vid != old_vid) {
		ret = e810_vlan_fltr(ea, vid, true);
		if (ret)
			return ret;
	}
	ea->port_vlan = tag;
	ret = e810_vsi_apply_policy(ea);
	if (ret) {
		ea->port_vlan = old_tag;
		if (vid != old_vid)
			e810_vlan_fltr(ea, vid, false);
		return ret;
	}
	return vid == old_vid ? 0 : e810_vlan_fltr(ea, old_vid, false);
}

/**
 * e810_vsi_default_rss - spread received flows evenly, with a key of our own
 * @ea: the ADI
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_default_rss(struct e810_adi *ea)
{
	u8 key[E810_RSS_KEY_SIZE];
	unsigned int i;
	int ret;

	ea->hashcfg = e810_vc_default_hashcfg();
	for (i = 0; i < ARRAY_SIZE(ea->lut); i++)
		ea->lut[i] = i % ea->adi.num_qps;
	/* The hardware starts with zeros, which is right for one queue */
	if (ea->adi.num_qps == 1 && !ea->rss_dirty)
		return 0;

	get_random_bytes(key, sizeof(key));
	ret = e810_aq_set_rss_key(ea->pf, ea->vsi, key);
	if (ret)
		return ret;
	ret = e810_vsi_write_lut(ea);
	if (!ret)
		ea->rss_dirty = false;
	return ret;
}

/**
 * e810_vsi_write_lut - tell the hardware the RSS look-up table
 * @ea: the ADI; its table or its kinds of packets to hash changed
 *
 * The kinds of packets are fixed in the card's profiles. Only "none" can be had
 * for one VSI: all go to the first queue.
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_vsi_write_lut(struct e810_adi *ea)
{
	static const u8 none[E810_RSS_LUT_SIZE];

	return e810_aq_set_rss_lut(ea->pf, ea->vsi,
				   ea->hashcfg ? ea->lut : none);
}

static void e810_count40(struct e810_adi *ea, u32 reg, u64 *prev, u64 *sum)
{
	u64 mask = GENMASK_ULL(GLV_WIDTH - 1, 0);
	u64 val = readq(ea->pf->hw + reg) & mask;

	*sum += (val - *prev) & mask;
	*prev = val;
}

static void e810_count32(struct e810_adi *ea, u32 reg, u64 *prev, u64 *sum)
{
	u32 val = e810_rd32(ea->pf, reg);

	*sum += (u32)(val - (u32)*prev);
	*prev = val;
}

/**
 * e810_vsi_update_stats - add what the card counted since the last call
 * @ea: the ADI
 *
 * Context: with the ADI's lock.
 */
void e810_vsi_update_stats(struct e810_adi *ea)
{
	struct e810_stats *p = &ea->stats_prev, *s = &ea->stats;
	u16 v = ea->vsi;

	e810_count40(ea, GLV_GORCL(v), &p->rx_bytes, &s->rx_bytes);
	e810_count40(ea, GLV_UPRCL(v), &p->rx_unicast, &s->rx_unicast);
	e810_count40(ea, GLV_MPRCL(v), &p->rx_multicast, &s->rx_multicast);
	e810_count40(ea, GLV_BPRCL(v), &p->rx_broadcast, &s->rx_broadcast);
	e810_count32(ea, GLV_RDPC(v), &p->rx_discards, &s->rx_discards);
	e810_count40(ea, GLV_GOTCL(v), &p->tx_bytes, &s->tx_bytes);
	e810_count40(ea, GLV_UPTCL(v), &p->tx_unicast, &s->tx_unicast);
	e810_count40(ea, GLV_MPTCL(v), &p->tx_multicast, &s->tx_multicast);
	e810_count40(ea, GLV_BPTCL(v), &p->tx_broadcast, &s->tx_broadcast);
	e810_count32(ea, GLV_TEPC(v), &p->tx_errors, &s->tx_errors);
}

/**
 * e810_vsi_clear_stats - count from now on
 * @ea: the ADI
 *
 * The card's counters go on over resets and over owners of a VSI.
 *
 * Context: with the ADI's lock.
 */
void e810_vsi_clear_stats(struct e810_adi *ea)
{
	e810_vsi_update_stats(ea);
	memset(&ea->stats, 0, sizeof(ea->stats));
}
