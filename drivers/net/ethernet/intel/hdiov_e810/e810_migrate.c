// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of an ADI goes to another one
 *
 * Most of it is what ice knows of the guest, see &struct ice_adi_state; the mailbox and
 * the vectors are registers that the guest has. Numbers of the card, the PASID, and what
 * the host's administrator has decided are never part of it.
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "e810.h"

#define E810_MIGRATE_VERSION	1

enum e810_record {
	E810_RECORD_GUEST = HDIOV_RECORD_VENDOR,
	E810_RECORD_QUEUES,
	E810_RECORD_VECTORS,
	E810_RECORD_MAILBOX,
	E810_RECORD_ADDRESSES,
	E810_RECORD_VLANS,
	E810_RECORD_HASHES,
};

/* As in struct ice_adi_state */
struct e810_saved_guest {
	__le32 ver_major;
	__le32 ver_minor;
	__le32 caps;
	__le32 told;
	__le16 active;
	__le16 promisc;
	__le16 rss_func;
	__le16 reserved;
	__le32 strip_on[2];
	__le32 strip_off[2];
	__le32 insert_on[2];
	__le32 insert_off[2];
	__le64 rss_hash;
	u8 rss_key[ICE_ADI_RSS_KEY_LEN];
	/* Register VFINT_ICR0_ENA */
	__le32 icr0_ena;
	u8 rss_lut[ICE_ADI_RSS_LUT_LEN];
	__le64 counters[ICE_ADI_NUM_COUNTERS];
};

/* A Tx and an Rx queue of the same number */
struct e810_saved_queue {
	__le64 tx_base;
	__le64 rx_base;
	__le16 tx_len;
	__le16 tx_head;
	__le16 tx_tail;
	__le16 tx_vector;
	__le16 rx_len;
	__le16 rx_head;
	__le16 rx_tail;
	__le16 rx_vector;
	__le16 rx_buf_len;
	__le16 rx_max_frame;
	u8 tx_itr;
	u8 rx_itr;
	u8 rxdid;
	u8 rx_flags;
	__le32 flags;
	__le32 reserved;
};

#define E810_SAVED_TX_ENABLED	BIT(0)
#define E810_SAVED_RX_ENABLED	BIT(1)
#define E810_SAVED_CRC_DISABLE	BIT(2)
#define E810_SAVED_QUEUE_FLAGS	GENMASK(2, 0)

/* As the registers of the same name */
struct e810_saved_vector {
	__le32 dyn_ctl;
	__le16 itr[E810_NUM_ITR];
	__le16 reserved;
};

#define E810_SAVED_DYN_CTL	(GLINT_DYN_CTL_INTENA | GLINT_DYN_CTL_SWINT_TRIG | \
				 GLINT_DYN_CTL_WB_ON_ITR)
#define E810_SAVED_ITR		GENMASK(11, 0)

struct e810_saved_mailbox {
	__le32 reg[VSI_MBX_NUM_REGS];
};

struct e810_saved_mac {
	u8 addr[ETH_ALEN];
	u8 primary;
	u8 reserved;
};

struct e810_saved_vlan {
	__le16 vid;
	__le16 tpid;
};

struct e810_saved_hash {
	u8 remove;
	u8 tunnel_level;
	u8 num_hdrs;
	u8 reserved;
	__le32 func;
	struct {
		__le32 type;
		__le32 fields;
	} hdr[ICE_ADI_MAX_RSS_HDRS];
};

static const struct hdiov_record_kind e810_record_kinds[] = {
	{
		.type = E810_RECORD_GUEST,
		.name = "guest",
		.min_len = sizeof(struct e810_saved_guest),
		.max_len = sizeof(struct e810_saved_guest),
	},
	{
		.type = E810_RECORD_QUEUES,
		.name = "queues",
		.min_len = sizeof(struct e810_saved_queue),
		.max_len = E810_MAX_QPS * sizeof(struct e810_saved_queue),
	},
	{
		.type = E810_RECORD_VECTORS,
		.name = "vectors",
		.min_len = sizeof(struct e810_saved_vector),
		.max_len = E810_MAX_VECTORS * sizeof(struct e810_saved_vector),
	},
	{
		.type = E810_RECORD_MAILBOX,
		.name = "mailbox",
		.min_len = sizeof(struct e810_saved_mailbox),
		.max_len = sizeof(struct e810_saved_mailbox),
	},
	{
		.type = E810_RECORD_ADDRESSES,
		.name = "addresses",
		.min_len = sizeof(struct e810_saved_mac),
		.max_len = ICE_ADI_MAX_MACS * sizeof(struct e810_saved_mac),
		.optional = true,
	},
	{
		.type = E810_RECORD_VLANS,
		.name = "VLANs",
		.min_len = sizeof(struct e810_saved_vlan),
		.max_len = ICE_ADI_MAX_VLANS * sizeof(struct e810_saved_vlan),
		.optional = true,
	},
	{
		.type = E810_RECORD_HASHES,
		.name = "hash configurations",
		.min_len = sizeof(struct e810_saved_hash),
		.max_len = ICE_ADI_MAX_RSS_CFGS * sizeof(struct e810_saved_hash),
		.optional = true,
	},
};

/* Saving */

/* Bits of a register of the mailbox, by its number, that a guest programs */
static u32 e810_mbx_mask(unsigned int reg)
{
	switch (reg * 4) {
	case VSI_MBX_ATQBAL:
	case VSI_MBX_ATQBAH:
	case VSI_MBX_ARQBAL:
	case VSI_MBX_ARQBAH:
		return ~0;
	case VSI_MBX_ATQLEN:
	case VSI_MBX_ARQLEN:
		return CTLQ_LEN_ENABLE | CTLQ_HEAD_M;
	default:
		return CTLQ_HEAD_M;
	}
}

static int e810_save_mailbox(struct e810_adi *ea, struct hdiov_records *to)
{
	void __iomem *page = e810_page(ea->pf, E810_PAGE_VSI_MBX(ea->layout.vsi));
	struct e810_saved_mailbox saved;
	unsigned int i;
	u32 val;

	for (i = 0; i < VSI_MBX_NUM_REGS; i++) {
		val = test_bit(i, ea->kept.mbx_set) ? ea->kept.mbx[i] :
						      readl(page + i * 4);
		saved.reg[i] = cpu_to_le32(val & e810_mbx_mask(i));
	}
	return hdiov_records_put(to, E810_RECORD_MAILBOX, &saved, sizeof(saved));
}

static int e810_save_vectors(struct e810_adi *ea, struct hdiov_records *to)
{
	struct e810_saved_vector saved[E810_MAX_VECTORS] = {};
	unsigned int v, i, num = ea->layout.num_vectors;
	void __iomem *page;

	for (v = 0; v < num; v++) {
		page = e810_page(ea->pf,
				 E810_PAGE_INT(ea->layout.first_vector + v));
		saved[v].dyn_ctl = cpu_to_le32(ea->kept.dyn_ctl[v]);
		for (i = 0; i < E810_NUM_ITR; i++)
			saved[v].itr[i] = cpu_to_le16(readl(page + PGINT_ITR(i)) &
						      E810_SAVED_ITR);
	}
	return hdiov_records_put(to, E810_RECORD_VECTORS, saved,
				 num * sizeof(saved[0]));
}

static int e810_save_guest(struct e810_adi *ea,
			   const struct ice_adi_state *state,
			   struct hdiov_records *to)
{
	struct e810_saved_guest saved = {
		.ver_major = cpu_to_le32(state->ver_major),
		.ver_minor = cpu_to_le32(state->ver_minor),
		.caps = cpu_to_le32(state->caps),
		.told = cpu_to_le32(state->told),
		.active = cpu_to_le16(state->active),
		.promisc = cpu_to_le16(state->promisc),
		.rss_func = cpu_to_le16(state->rss_func),
		.rss_hash = cpu_to_le64(state->rss_hash),
		.icr0_ena = cpu_to_le32(ea->icr0_ena),
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		saved.strip_on[i] = cpu_to_le32(state->strip.on[i]);
		saved.strip_off[i] = cpu_to_le32(state->strip.off[i]);
		saved.insert_on[i] = cpu_to_le32(state->insert.on[i]);
		saved.insert_off[i] = cpu_to_le32(state->insert.off[i]);
	}
	for (i = 0; i < ICE_ADI_NUM_COUNTERS; i++)
		saved.counters[i] = cpu_to_le64(state->counters[i]);
	memcpy(saved.rss_key, state->rss_key, sizeof(saved.rss_key));
	memcpy(saved.rss_lut, state->rss_lut, sizeof(saved.rss_lut));
	return hdiov_records_put(to, E810_RECORD_GUEST, &saved, sizeof(saved));
}

/* What the guest has written while the ADI was paused; it can write any */
static u16 e810_kept_tail(const unsigned long *set, const u32 *kept,
			  unsigned int q, u16 len, u16 tail)
{
	return test_bit(q, set) && kept[q] < len ? kept[q] : tail;
}

static int e810_save_queues(struct e810_adi *ea,
			    const struct ice_adi_state *state,
			    struct hdiov_records *to)
{
	struct e810_saved_queue saved[E810_MAX_QPS] = {};
	unsigned int q, num = ea->layout.num_qps;
	const struct ice_adi_txq *txq;
	const struct ice_adi_rxq *rxq;
	u32 flags;

	for (q = 0; q < num; q++) {
		txq = &state->txq[q];
		rxq = &state->rxq[q];
		flags = (txq->enabled ? E810_SAVED_TX_ENABLED : 0) |
			(rxq->enabled ? E810_SAVED_RX_ENABLED : 0) |
			(rxq->crc_disable ? E810_SAVED_CRC_DISABLE : 0);
		saved[q] = (struct e810_saved_queue){
			.tx_base = cpu_to_le64(txq->base),
			.rx_base = cpu_to_le64(rxq->base),
			.tx_len = cpu_to_le16(txq->len),
			.tx_head = cpu_to_le16(txq->head),
			.tx_tail = cpu_to_le16(e810_kept_tail(ea->kept.tx_set,
							      ea->kept.tx_tail,
							      q, txq->len,
							      txq->tail)),
			.tx_vector = cpu_to_le16(txq->vector),
			.rx_len = cpu_to_le16(rxq->len),
			.rx_head = cpu_to_le16(rxq->head),
			.rx_tail = cpu_to_le16(e810_kept_tail(ea->kept.rx_set,
							      ea->kept.rx_tail,
							      q, rxq->len,
							      rxq->tail)),
			.rx_vector = cpu_to_le16(rxq->vector),
			.rx_buf_len = cpu_to_le16(rxq->buf_len),
			.rx_max_frame = cpu_to_le16(rxq->max_frame),
			.tx_itr = txq->itr,
			.rx_itr = rxq->itr,
			.rxdid = rxq->rxdid,
			.rx_flags = rxq->flags,
			.flags = cpu_to_le32(flags),
		};
	}
	return hdiov_records_put(to, E810_RECORD_QUEUES, saved,
				 num * sizeof(saved[0]));
}

static int e810_save_macs(const struct ice_adi_state *state,
			  struct hdiov_records *to)
{
	struct e810_saved_mac saved[ICE_ADI_MAX_MACS] = {};
	unsigned int i;

	if (!state->num_macs)
		return 0;
	for (i = 0; i < state->num_macs; i++) {
		ether_addr_copy(saved[i].addr, state->mac[i].addr);
		saved[i].primary = state->mac[i].primary;
	}
	return hdiov_records_put(to, E810_RECORD_ADDRESSES, saved,
				 state->num_macs * sizeof(saved[0]));
}

static int e810_save_vlans(const struct ice_adi_state *state,
			   struct hdiov_records *to)
{
	struct e810_saved_vlan saved[ICE_ADI_MAX_VLANS];
	unsigned int i;

	if (!state->num_vlans)
		return 0;
	for (i = 0; i < state->num_vlans; i++) {
		saved[i].vid = cpu_to_le16(state->vlan[i].vid);
		saved[i].tpid = cpu_to_le16(state->vlan[i].tpid);
	}
	return hdiov_records_put(to, E810_RECORD_VLANS, saved,
				 state->num_vlans * sizeof(saved[0]));
}

static int e810_save_hashes(const struct ice_adi_state *state,
			    struct hdiov_records *to)
{
	unsigned int i, h, num = state->num_rss_cfgs;
	const struct ice_adi_rss_cfg *cfg;

	if (!num)
		return 0;

	struct e810_saved_hash *saved __free(kfree) =
		kcalloc(num, sizeof(*saved), GFP_KERNEL_ACCOUNT);
	if (!saved)
		return -ENOMEM;
	for (i = 0; i < num; i++) {
		cfg = &state->rss_cfg[i];
		saved[i].remove = cfg->remove;
		saved[i].tunnel_level = cfg->tunnel_level;
		saved[i].num_hdrs = cfg->num_hdrs;
		saved[i].func = cpu_to_le32(cfg->func);
		for (h = 0; h < cfg->num_hdrs; h++) {
			saved[i].hdr[h].type = cpu_to_le32(cfg->hdr[h].type);
			saved[i].hdr[h].fields = cpu_to_le32(cfg->hdr[h].fields);
		}
	}
	return hdiov_records_put(to, E810_RECORD_HASHES, saved,
				 num * sizeof(*saved));
}

static int e810_migrate_save(struct hdiov_adi *adi, struct hdiov_records *to)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct ice_adi_state *state __free(kfree) =
		kzalloc(sizeof(*state), GFP_KERNEL_ACCOUNT);

	if (!state)
		return -ENOMEM;
	/* ice sees last whether a card has said that which was reset meanwhile */
	return e810_save_mailbox(ea, to) ?:
	       e810_save_vectors(ea, to) ?:
	       ice_adi_save(ea->ice, state) ?:
	       e810_save_guest(ea, state, to) ?:
	       e810_save_queues(ea, state, to) ?:
	       e810_save_macs(state, to) ?:
	       e810_save_vlans(state, to) ?:
	       e810_save_hashes(state, to);
}

/* Checking: values that are not for ice, and whether all of it is there */

static const char *e810_parse_guest(const struct e810_saved_guest *saved,
				    struct ice_adi_state *state)
{
	unsigned int i;

	if (saved->reserved || le16_to_cpu(saved->active) > 1)
		return "reserved bits of the guest";
	state->ver_major = le32_to_cpu(saved->ver_major);
	state->ver_minor = le32_to_cpu(saved->ver_minor);
	state->caps = le32_to_cpu(saved->caps);
	state->told = le32_to_cpu(saved->told);
	state->active = le16_to_cpu(saved->active);
	state->promisc = le16_to_cpu(saved->promisc);
	state->rss_func = le16_to_cpu(saved->rss_func);
	state->rss_hash = le64_to_cpu(saved->rss_hash);
	for (i = 0; i < 2; i++) {
		state->strip.on[i] = le32_to_cpu(saved->strip_on[i]);
		state->strip.off[i] = le32_to_cpu(saved->strip_off[i]);
		state->insert.on[i] = le32_to_cpu(saved->insert_on[i]);
		state->insert.off[i] = le32_to_cpu(saved->insert_off[i]);
	}
	for (i = 0; i < ICE_ADI_NUM_COUNTERS; i++)
		state->counters[i] = le64_to_cpu(saved->counters[i]);
	memcpy(state->rss_key, saved->rss_key, sizeof(state->rss_key));
	memcpy(state->rss_lut, saved->rss_lut, sizeof(state->rss_lut));
	return NULL;
}

static const char *e810_parse_queue(const struct e810_saved_queue *saved,
				    struct ice_adi_txq *txq,
				    struct ice_adi_rxq *rxq)
{
	u32 flags = le32_to_cpu(saved->flags);

	if (saved->reserved || flags & ~E810_SAVED_QUEUE_FLAGS)
		return "reserved bits of a queue";
	*txq = (struct ice_adi_txq){
		.base = le64_to_cpu(saved->tx_base),
		.len = le16_to_cpu(saved->tx_len),
		.head = le16_to_cpu(saved->tx_head),
		.tail = le16_to_cpu(saved->tx_tail),
		.vector = le16_to_cpu(saved->tx_vector),
		.itr = saved->tx_itr,
		.enabled = flags & E810_SAVED_TX_ENABLED,
	};
	*rxq = (struct ice_adi_rxq){
		.base = le64_to_cpu(saved->rx_base),
		.len = le16_to_cpu(saved->rx_len),
		.head = le16_to_cpu(saved->rx_head),
		.tail = le16_to_cpu(saved->rx_tail),
		.vector = le16_to_cpu(saved->rx_vector),
		.itr = saved->rx_itr,
		.enabled = flags & E810_SAVED_RX_ENABLED,
		.buf_len = le16_to_cpu(saved->rx_buf_len),
		.max_frame = le16_to_cpu(saved->rx_max_frame),
		.rxdid = saved->rxdid,
		.flags = saved->rx_flags,
		.crc_disable = flags & E810_SAVED_CRC_DISABLE,
	};
	return NULL;
}

static const char *e810_parse_queues(struct e810_adi *ea,
				     const struct hdiov_records *from,
				     struct ice_adi_state *state)
{
	const struct e810_saved_queue *saved;
	const char *mistake = NULL;
	unsigned int q;
	u32 len;

	saved = hdiov_records_get(from, E810_RECORD_QUEUES, &len);
	if (len != ea->adi.num_qps * sizeof(*saved))
		return "number of queues";
	for (q = 0; q < ea->adi.num_qps && !mistake; q++)
		mistake = e810_parse_queue(&saved[q], &state->txq[q],
					   &state->rxq[q]);
	return mistake;
}

static const char *e810_parse_macs(const struct hdiov_records *from,
				   struct ice_adi_state *state)
{
	const struct e810_saved_mac *saved;
	unsigned int i;
	u32 len;

	saved = hdiov_records_get(from, E810_RECORD_ADDRESSES, &len);
	if (!saved)
		return NULL;
	if (len % sizeof(*saved))
		return "number of addresses";
	state->num_macs = len / sizeof(*saved);
	for (i = 0; i < state->num_macs; i++) {
		if (saved[i].primary > 1 || saved[i].reserved)
			return "reserved bits of an address";
		ether_addr_copy(state->mac[i].addr, saved[i].addr);
		state->mac[i].primary = saved[i].primary;
	}
	return NULL;
}

static const char *e810_parse_vlans(const struct hdiov_records *from,
				    struct ice_adi_state *state)
{
	const struct e810_saved_vlan *saved;
	unsigned int i;
	u32 len;

	saved = hdiov_records_get(from, E810_RECORD_VLANS, &len);
	if (!saved)
		return NULL;
	if (len % sizeof(*saved))
		return "number of VLANs";
	state->num_vlans = len / sizeof(*saved);
	for (i = 0; i < state->num_vlans; i++) {
		state->vlan[i].vid = le16_to_cpu(saved[i].vid);
		state->vlan[i].tpid = le16_to_cpu(saved[i].tpid);
	}
	return NULL;
}

static const char *e810_parse_hash(const struct e810_saved_hash *saved,
				   struct ice_adi_rss_cfg *cfg)
{
	unsigned int h;

	if (saved->remove > 1 || saved->reserved)
		return "reserved bits of a hash configuration";
	cfg->remove = saved->remove;
	cfg->tunnel_level = saved->tunnel_level;
	cfg->num_hdrs = saved->num_hdrs;
	cfg->func = le32_to_cpu(saved->func);
	for (h = 0; h < ICE_ADI_MAX_RSS_HDRS; h++) {
		cfg->hdr[h].type = le32_to_cpu(saved->hdr[h].type);
		cfg->hdr[h].fields = le32_to_cpu(saved->hdr[h].fields);
	}
	return NULL;
}

static const char *e810_parse_hashes(const struct hdiov_records *from,
				     struct ice_adi_state *state)
{
	const struct e810_saved_hash *saved;
	const char *mistake = NULL;
	unsigned int i;
	u32 len;

	saved = hdiov_records_get(from, E810_RECORD_HASHES, &len);
	if (!saved)
		return NULL;
	if (len % sizeof(*saved))
		return "number of hash configurations";
	state->num_rss_cfgs = len / sizeof(*saved);
	for (i = 0; i < state->num_rss_cfgs && !mistake; i++)
		mistake = e810_parse_hash(&saved[i], &state->rss_cfg[i]);
	return mistake;
}

static const char *e810_parse_state(struct e810_adi *ea,
				    const struct hdiov_records *from,
				    struct ice_adi_state *state)
{
	const char *mistake;
	u32 len;

	mistake = e810_parse_guest(hdiov_records_get(from, E810_RECORD_GUEST,
						     &len), state);
	if (!mistake)
		mistake = e810_parse_queues(ea, from, state);
	if (!mistake)
		mistake = e810_parse_macs(from, state);
	if (!mistake)
		mistake = e810_parse_vlans(from, state);
	return mistake ?: e810_parse_hashes(from, state);
}

static const char *e810_vectors_mistake(struct e810_adi *ea,
					const struct hdiov_records *from)
{
	unsigned int v, i, num = ea->adi.type->num_vectors;
	const struct e810_saved_vector *saved;
	u32 len;

	saved = hdiov_records_get(from, E810_RECORD_VECTORS, &len);
	if (len != num * sizeof(*saved))
		return "number of vectors";
	for (v = 0; v < num; v++) {
		if (saved[v].reserved ||
		    le32_to_cpu(saved[v].dyn_ctl) & ~E810_SAVED_DYN_CTL)
			return "control of a vector";
		for (i = 0; i < E810_NUM_ITR; i++)
			if (le16_to_cpu(saved[v].itr[i]) & ~E810_SAVED_ITR)
				return "interval of a vector";
	}
	return NULL;
}

static const char *e810_mailbox_mistake(const struct hdiov_records *from)
{
	const struct e810_saved_mailbox *saved;
	unsigned int i;
	u32 len;

	saved = hdiov_records_get(from, E810_RECORD_MAILBOX, &len);
	for (i = 0; i < VSI_MBX_NUM_REGS; i++)
		if (le32_to_cpu(saved->reg[i]) & ~e810_mbx_mask(i))
			return "register of the mailbox";
	return NULL;
}

static int e810_migrate_check(struct hdiov_adi *adi,
			      const struct hdiov_records *from)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct ice_adi_state *state __free(kfree) =
		kzalloc(sizeof(*state), GFP_KERNEL_ACCOUNT);
	const char *mistake;

	if (!state)
		return -ENOMEM;
	mistake = e810_parse_state(ea, from, state);
	if (!mistake)
		mistake = e810_vectors_mistake(ea, from);
	if (!mistake)
		mistake = e810_mailbox_mistake(from);
	if (mistake) {
		dev_err_ratelimited(adi->pf->dev, "%s: saved state: bad %s\n",
				    hdiov_adi_name(adi), mistake);
		return -EINVAL;
	}
	return ice_adi_check(ea->ice, state);
}

/* Loading */

static void e810_load_vectors(struct e810_adi *ea,
			      const struct e810_saved_vector *saved)
{
	void __iomem *page;
	unsigned int v, i;

	for (v = 0; v < ea->layout.num_vectors; v++) {
		page = e810_page(ea->pf,
				 E810_PAGE_INT(ea->layout.first_vector + v));
		for (i = 0; i < E810_NUM_ITR; i++)
			writel(le16_to_cpu(saved[v].itr[i]), page + PGINT_ITR(i));
		ea->kept.dyn_ctl[v] = le32_to_cpu(saved[v].dyn_ctl);
	}
}

static void e810_load_mailbox(struct e810_adi *ea,
			      const struct e810_saved_mailbox *saved)
{
	unsigned int i;

	for (i = 0; i < VSI_MBX_NUM_REGS; i++)
		ea->kept.mbx[i] = le32_to_cpu(saved->reg[i]);
	bitmap_fill(ea->kept.mbx_set, VSI_MBX_NUM_REGS);
}

static int e810_migrate_load(struct hdiov_adi *adi,
			     const struct hdiov_records *from)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct ice_adi_state *state __free(kfree) =
		kzalloc(sizeof(*state), GFP_KERNEL_ACCOUNT);
	const struct e810_saved_guest *guest;
	unsigned int q;
	u32 len;
	int ret;

	if (!state)
		return -ENOMEM;
	if (e810_parse_state(ea, from, state))
		return -EINVAL;
	ret = ice_adi_load(ea->ice, state);
	if (ret)
		return ret;

	/* The rest begins when it goes on */
	guest = hdiov_records_get(from, E810_RECORD_GUEST, &len);
	WRITE_ONCE(ea->icr0_ena, le32_to_cpu(guest->icr0_ena));
	e810_load_vectors(ea, hdiov_records_get(from, E810_RECORD_VECTORS, &len));
	e810_load_mailbox(ea, hdiov_records_get(from, E810_RECORD_MAILBOX, &len));
	for (q = 0; q < ea->layout.num_qps; q++) {
		if (state->txq[q].tail == state->txq[q].head)
			continue;
		ea->kept.tx_tail[q] = state->txq[q].tail;
		set_bit(q, ea->kept.tx_set);
	}
	return 0;
}

const struct hdiov_migrate_ops e810_migrate_ops = {
	.version = E810_MIGRATE_VERSION,
	.min_reader = E810_MIGRATE_VERSION,
	.kinds = e810_record_kinds,
	.num_kinds = ARRAY_SIZE(e810_record_kinds),
	.save = e810_migrate_save,
	.check = e810_migrate_check,
	.load = e810_migrate_load,
};
