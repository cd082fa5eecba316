// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules in the E810's switch
 *
 * The switch has one rule for a destination address or VLAN. If several VSIs
 * want it, the rule points to a list of VSIs. Adding a VSI to a list costs one
 * command however long the list is.
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "e810.h"

/**
 * struct e810_fltr - a rule in the switch
 * @node: in &e810_pf.fltrs
 * @key: what it matches
 * @users: who looks at the entry, under &e810_pf.fltr_lock
 * @lock: protects the members below
 * @num_vsis: VSIs that it forwards to; the hardware has no rule if 0
 * @vsi: the VSI, while there was never more than one
 * @has_list: it forwards to @list
 * @list: number of the list of VSIs
 * @rule: index of the rule in the hardware
 */
struct e810_fltr {
	struct hlist_node node;
	struct e810_fltr_key key;
	unsigned int users;

	struct mutex lock;		/* the rule in the hardware */
	unsigned int num_vsis;
	u16 vsi;
	bool has_list;
	u16 list;
	u16 rule;
};

static u32 e810_fltr_hash(const struct e810_fltr_key *key)
{
	return jhash(key->mac, ETH_ALEN, key->recipe << 16 | key->vlan);
}

static bool e810_fltr_is(const struct e810_fltr *f,
			 const struct e810_fltr_key *key)
{
	return f->key.recipe == key->recipe && f->key.vlan == key->vlan &&
	       f->key.tpid == key->tpid &&
	       ether_addr_equal(f->key.mac, key->mac);
}

static struct e810_fltr *e810_fltr_get(struct e810_pf *pf,
				       const struct e810_fltr_key *key)
{
	u32 hash = e810_fltr_hash(key);
	struct e810_fltr *f;

	guard(mutex)(&pf->fltr_lock);

	hash_for_each_possible(pf->fltrs, f, node, hash) {
		if (e810_fltr_is(f, key)) {
			f->users++;
			return f;
		}
	}

	f = kzalloc_obj(*f);
	if (!f)
		return NULL;
	f->key = *key;
	f->users = 1;
	mutex_init(&f->lock);
	hash_add(pf->fltrs, &f->node, hash);
	return f;
}

/* An entry stays as long as the hardware has a rule: each VSI is a user */
static void e810_fltr_put(struct e810_pf *pf, struct e810_fltr *f,
			  unsigned int users)
{
	guard(mutex)(&pf->fltr_lock);

	f->users -= users;
	if (f->users)
		return;
	hash_del(&f->node);
	mutex_destroy(&f->lock);
	kfree(f);
}

static void e810_fltr_fill(struct e810_pf *pf, const struct e810_fltr *f,
			   struct e810_aqc_sw_rule_lkup *rule)
{
	u16 type = E810_SW_RULE_LKUP_TX, src = f->vsi;
	u32 act;

	if (f->has_list)
		act = E810_SW_ACT_VSI_LIST |
		      FIELD_PREP(E810_SW_ACT_VSI_ID, f->list);
	else
		act = FIELD_PREP(E810_SW_ACT_VSI_ID, f->vsi);

	memset(rule, 0, sizeof(*rule));
	/* Locally administered addresses fill in for what is not matched */
	rule->hdr[0] = 0x02;
	rule->hdr[ETH_ALEN] = 0x02;
	put_unaligned_be16(ETH_P_8021Q, &rule->hdr[2 * ETH_ALEN]);

	switch (f->key.recipe) {
	case E810_SW_RECIPE_VLAN:
		act |= E810_SW_ACT_PRUNE | E810_SW_ACT_PRUNE_EGRESS |
		       E810_SW_ACT_PRUNE_INGRESS | E810_SW_ACT_LAN_ENABLE;
		put_unaligned_be16(f->key.tpid, &rule->hdr[2 * ETH_ALEN]);
		put_unaligned_be16(f->key.vlan,
				   &rule->hdr[2 * ETH_ALEN + sizeof(__be16)]);
		break;
	case E810_SW_RECIPE_PROMISC:
		act |= E810_SW_ACT_VALID;
		type = E810_SW_RULE_LKUP_RX;
		src = pf->port;
		ether_addr_copy(rule->hdr, f->key.mac);
		break;
	default:
		act |= E810_SW_ACT_VALID | E810_SW_ACT_LB_ENABLE;
		/* Unicast to a VSI of this switch need not go out */
		if (is_multicast_ether_addr(f->key.mac))
			act |= E810_SW_ACT_LAN_ENABLE;
		ether_addr_copy(rule->hdr, f->key.mac);
		break;
	}

	rule->type = cpu_to_le16(type);
	rule->recipe_id = cpu_to_le16(f->key.recipe);
	rule->src = cpu_to_le16(src);
	rule->act = cpu_to_le32(act);
	rule->index = cpu_to_le16(f->rule);
	rule->hdr_len = cpu_to_le16(E810_SW_RULE_HDR_LEN);
}

static u16 e810_fltr_res_type(const struct e810_fltr *f)
{
	return f->key.recipe == E810_SW_RECIPE_VLAN ?
		E810_AQC_RES_VSI_LIST_PRUNE : E810_AQC_RES_VSI_LIST_REP;
}

static u16 e810_fltr_list_type(const struct e810_fltr *f, bool set)
{
	if (f->key.recipe == E810_SW_RECIPE_VLAN)
		return set ? E810_SW_RULE_PRUNE_LIST_SET :
			     E810_SW_RULE_PRUNE_LIST_CLEAR;
	return set ? E810_SW_RULE_VSI_LIST_SET : E810_SW_RULE_VSI_LIST_CLEAR;
}

/* Give the list back, which has these VSIs and no rule that points to it */
static void e810_fltr_free_list(struct e810_pf *pf, struct e810_fltr *f,
				const u16 *vsis, unsigned int num)
{
	int ret;

	if (!f->has_list)
		return;
	/* The card takes back empty lists only */
	ret = e810_aq_sw_list(pf, E810_AQC_UPDATE_SW_RULES,
			      e810_fltr_list_type(f, false), f->list, vsis,
			      num);
	if (!ret)
		ret = e810_aq_free_list(pf, e810_fltr_res_type(f), f->list);
	if (ret && !pf->in_reset)
		dev_err_ratelimited(&pf->pdev->dev,
				    "VSI list %u is lost until reset: %d\n",
				    f->list, ret);
	f->has_list = false;
}

static int e810_fltr_make_list(struct e810_pf *pf, struct e810_fltr *f,
			       const u16 *vsis, unsigned int num)
{
	int ret;

	ret = e810_aq_alloc_list(pf, e810_fltr_res_type(f), &f->list);
	if (ret)
		return ret;
	f->has_list = true;

	ret = e810_aq_sw_list(pf, E810_AQC_ADD_SW_RULES,
			      e810_fltr_list_type(f, true), f->list, vsis, num);
	if (ret)
		e810_fltr_free_list(pf, f, vsis, num);
	return ret;
}

static int e810_fltr_add_first(struct e810_pf *pf, struct e810_fltr *f, u16 vsi)
{
	struct e810_aqc_sw_rule_lkup rule;
	int ret;

	/* Rules that prune know lists only */
	if (f->key.recipe == E810_SW_RECIPE_VLAN) {
		ret = e810_fltr_make_list(pf, f, &vsi, 1);
		if (ret)
			return ret;
	}
	f->vsi = vsi;
	e810_fltr_fill(pf, f, &rule);
	ret = e810_aq_sw_rule(pf, E810_AQC_ADD_SW_RULES, &rule);
	if (ret) {
		e810_fltr_free_list(pf, f, &vsi, 1);
		return ret;
	}
	f->rule = le16_to_cpu(rule.index);
	return 0;
}

static int e810_fltr_add_second(struct e810_pf *pf, struct e810_fltr *f,
				u16 vsi)
{
	u16 vsis[] = { f->vsi, vsi };
	struct e810_aqc_sw_rule_lkup rule;
	int ret;

	ret = e810_fltr_make_list(pf, f, vsis, ARRAY_SIZE(vsis));
	if (ret)
		return ret;
	e810_fltr_fill(pf, f, &rule);
	ret = e810_aq_sw_rule(pf, E810_AQC_UPDATE_SW_RULES, &rule);
	if (ret)
		e810_fltr_free_list(pf, f, vsis, ARRAY_SIZE(vsis));
	return ret;
}

/**
 * e810_fltr_add - forward what a rule matches to a VSI, too
 * @pf: the function
 * @key: what to match
 * @vsi: number of the VSI, which must not have this rule yet
 *
 * Context: process, sleeps for answers of the firmware.
 *
 * Return: 0; -EADDRINUSE for a unicast address that another VSI has, as nobody
 * may steal somebody else's traffic; or another negative errno
 */
int e810_fltr_add(struct e810_pf *pf, const struct e810_fltr_key *key, u16 vsi)
{
	struct e810_fltr *f = e810_fltr_get(pf, key);
	int ret;

	if (!f)
		return -ENOMEM;

	scoped_guard(mutex, &f->lock) {
		if (!f->num_vsis)
			ret = e810_fltr_add_first(pf, f, vsi);
		else if (key->recipe == E810_SW_RECIPE_MAC &&
			 is_unicast_ether_addr(key->mac))
			ret = -EADDRINUSE;
		else if (!f->has_list)
			ret = e810_fltr_add_second(pf, f, vsi);
		else
			ret = e810_aq_sw_list(pf, E810_AQC_UPDATE_SW_RULES,
					      e810_fltr_list_type(f, true),
					      f->list, &vsi, 1);
		if (!ret)
			f->num_vsis++;
	}

	if (ret)
		e810_fltr_put(pf, f, 1);
	return ret;
}

/**
 * e810_fltr_del - undo e810_fltr_add()
 * @pf: the function
 * @key: what it matches
 * @vsi: number of the VSI
 *
 * Context: process, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno; the rule is forgotten in any case. If it is
 * still in the hardware, the VSI must not get another owner.
 */
int e810_fltr_del(struct e810_pf *pf, const struct e810_fltr_key *key, u16 vsi)
{
	struct e810_fltr *f = e810_fltr_get(pf, key);
	struct e810_aqc_sw_rule_lkup rule;
	unsigned int users = 1;
	int ret;

	if (!f)
		return -ENOMEM;

	scoped_guard(mutex, &f->lock) {
		if (!f->num_vsis) {
			ret = -ENOENT;
		} else if (f->num_vsis > 1) {
			ret = e810_aq_sw_list(pf, E810_AQC_UPDATE_SW_RULES,
					      e810_fltr_list_type(f, false),
					      f->list, &vsi, 1);
			f->num_vsis--;
			users++;
		} else {
			e810_fltr_fill(pf, f, &rule);
			ret = e810_aq_sw_rule(pf, E810_AQC_REMOVE_SW_RULES,
					      &rule);
			/* A rule left behind must not find another's list */
			if (!ret)
				e810_fltr_free_list(pf, f, &vsi, 1);
			f->num_vsis = 0;
			users++;
		}
	}

	e810_fltr_put(pf, f, users);
	return ret;
}

/**
 * e810_fltr_drop_control - let no VSI send frames that control the port
 * @pf: the function, fresh out of a reset
 *
 * Pause frames would stop the port, LLDP would change how it is set up, for all
 * VDEVs. Firmware can still send both. As the ice driver does: one rule for the
 * whole function, a rule that drops applies to all VSIs whatever its source.
 *
 * Context: process, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_fltr_drop_control(struct e810_pf *pf)
{
	static const u16 types[] = { ETH_P_PAUSE, ETH_P_LLDP };
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct e810_aqc_sw_rule_lkup rule = {
			.type = cpu_to_le16(E810_SW_RULE_LKUP_TX),
			.recipe_id = cpu_to_le16(E810_SW_RECIPE_ETHERTYPE),
			.src = cpu_to_le16(pf->vsi),
			.act = cpu_to_le32(E810_SW_ACT_DROP |
					   E810_SW_ACT_VALID),
			.hdr_len = cpu_to_le16(E810_SW_RULE_HDR_LEN),
		};

		/* Locally administered addresses, they are not matched */
		rule.hdr[0] = 0x02;
		rule.hdr[ETH_ALEN] = 0x02;
		put_unaligned_be16(types[i], &rule.hdr[2 * ETH_ALEN]);
		ret = e810_aq_sw_rule(pf, E810_AQC_ADD_SW_RULES, &rule);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * e810_fltr_forget - forget all rules, the hardware lost them in a reset
 * @pf: the function; no other call of this file runs
 */
void e810_fltr_forget(struct e810_pf *pf)
{
	struct hlist_node *tmp;
	struct e810_fltr *f;
	int bkt;

	guard(mutex)(&pf->fltr_lock);
	hash_for_each_safe(pf->fltrs, bkt, tmp, f, node) {
		hash_del(&f->node);
		mutex_destroy(&f->lock);
		kfree(f);
	}
}
