/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel Ethernet Controller E810 in HD-IOV mode
 *
 * Locks, outermost first:
 *
 * &e810_pf.reset_lock (mutex): from the beginning of a reset of the PF to its
 *	end, over calls of the core.
 * &e810_pf.reset_sem (rwsem): keeps everybody away while the PF is rebuilt.
 * &e810_pf.adis_lock (mutex): the list of ADIs, against a reset of the PF.
 * &e810_adi.lock (mutex): the hardware context of one ADI. Held by the calls of
 *	the core and by the handling of one virtchnl message, over admin queue
 *	commands.
 * &e810_pf.sched_lock (mutex): what ADIs share of the Tx scheduler's tree, over
 *	admin queue commands.
 * &e810_fltr.lock (mutex): one entry of the switch that VDEVs share, over admin
 *	queue commands.
 * &e810_pf.fltr_lock (mutex): the entries themselves; never held over commands.
 * &e810_pf.rl_lock (mutex): rate limit profiles, over admin queue commands.
 * &e810_pf.drain_lock (mutex): the pair of drain registers of the PF.
 * &e810_adi.irq_lock, &e810_pf.vsi_lock, &e810_ctlq.lock (spinlocks): leaves.
 */
#ifndef _E810_H
#define _E810_H

#include <linux/bitmap.h>
#include <linux/hashtable.h>
#include <linux/hdiov.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "e810_aqc.h"
#include "e810_compat.h"
#include "e810_regs.h"

#define E810_MAX_VSI			768
#define E810_NO_VSI			U16_MAX
#define E810_MAX_QUEUES			2048
#define E810_MAX_QPS_PER_ADI		AVF_MAX_QUEUES
#define E810_MAX_VECTORS_PER_ADI	(E810_MAX_QPS_PER_ADI + 1)
#define E810_MAX_AREAS			4

/* Largest Ethernet frame, with CRC */
#define E810_MAX_FRAME			9728

/* Addresses and VLANs that an untrusted VDEV may have, as with SR-IOV */
#define E810_MAX_MACS			18
#define E810_MAX_VLANS			8
/* and a trusted one; the switch's tables are shared */
#define E810_MAX_MACS_TRUSTED		512

/* Messages of one VDEV that wait; a sane driver sends one at a time */
#define E810_MAX_MSGS			16

struct e810_pf;

/**
 * struct e810_ctlq_regs - registers of a pair of control queues
 * @name: for log lines
 * @sq_bal: send queue's base address, low; the others likewise
 * @sq_bah: high
 * @sq_len: length and enable
 * @sq_head: head
 * @sq_tail: tail
 * @rq_bal: receive queue's base address, low
 * @rq_bah: high
 * @rq_len: length and enable
 * @rq_head: head
 * @rq_tail: tail
 */
struct e810_ctlq_regs {
	const char *name;
	u32 sq_bal, sq_bah, sq_len, sq_head, sq_tail;
	u32 rq_bal, rq_bah, rq_len, rq_head, rq_tail;
};

enum e810_slot_state {
	E810_SLOT_FREE = 0,
	E810_SLOT_WAITED,	/* the sender waits and frees it */
	E810_SLOT_ASYNC,	/* free once the hardware has written it back */
};

/**
 * struct e810_ctlq - a pair of control queues: the admin queue or the mailbox
 * @pf: the function
 * @regs: its registers
 * @sq_size: descriptors of the send queue
 * @rq_size: descriptors of the receive queue
 * @lock: protects the members up to @dead
 * @sq_next: next descriptor to use
 * @sq_head: the first that the hardware had not done when it was last asked
 * @sq_seq: number of commands ever posted; the hardware handles them in this
 *	order
 * @sq_state: enum e810_slot_state of each descriptor
 * @sq_errors: messages without a waiter that the hardware refused
 * @dead: the hardware stopped answering, nothing more is posted
 * @sq_ring: descriptors, DMA memory
 * @sq_buf: one buffer for each descriptor, DMA memory
 * @sq_ring_dma: bus address of @sq_ring
 * @sq_buf_dma: bus address of @sq_buf
 * @rq_next: next descriptor to look at; used by the service work only
 * @rq_ring: descriptors, DMA memory
 * @rq_buf: one buffer for each descriptor, DMA memory
 * @rq_ring_dma: bus address of @rq_ring
 * @rq_buf_dma: bus address of @rq_buf
 */
struct e810_ctlq {
	struct e810_pf *pf;
	const struct e810_ctlq_regs *regs;
	unsigned int sq_size;
	unsigned int rq_size;

	spinlock_t lock;		/* send queue */
	unsigned int sq_next;
	unsigned int sq_head;
	u64 sq_seq;
	u8 *sq_state;
	u64 sq_errors;
	bool dead;

	struct e810_aq_desc *sq_ring;
	void *sq_buf;
	dma_addr_t sq_ring_dma;
	dma_addr_t sq_buf_dma;

	unsigned int rq_next;
	struct e810_aq_desc *rq_ring;
	void *rq_buf;
	dma_addr_t rq_ring_dma;
	dma_addr_t rq_buf_dma;
};

/**
 * struct e810_fltr_key - what a rule of the switch matches
 * @recipe: E810_SW_RECIPE_*
 * @vlan: VLAN id, for E810_SW_RECIPE_VLAN
 * @tpid: the tag's ethertype, 0 for frames without tag; single VLAN mode
 *	ignores it
 * @mac: destination address, for the other recipes
 */
struct e810_fltr_key {
	u16 recipe;
	u16 vlan;
	u16 tpid;
	u8 mac[ETH_ALEN];
};

/**
 * struct e810_link - link of the port
 * @up: is it
 * @mbps: speed
 */
struct e810_link {
	bool up;
	u32 mbps;
};

/**
 * struct e810_pf - an E810 physical function
 * @hdiov: what the core knows of it
 * @pdev: the PCI device
 * @hw: BAR 0
 * @bar0: physical address of BAR 0
 * @pf_num: number of the function on the card
 * @first_rxq: the card's number of the function's first Rx queue
 * @first_txq: the same of its first Tx queue
 * @first_vector: the same of its first interrupt vector
 * @mal_detect: the card stopped a queue, the service work tells whose
 * @port: logical port
 * @sw_id: switch
 * @double_vlan: the card looks at the outer VLAN tag, be it the only one
 * @vsi: VSI that firmware made for the function, whose rules hold for all
 * @sched_layers: layers of the Tx scheduler's tree, from the port to queues
 * @sched_entry: layer of the node below which the driver may add nodes
 * @sched_max_children: how many children a node of each layer may have
 * @mac: permanent address of the port
 * @rxdids: bit mask of the Rx descriptor formats that the card is set up for
 * @aq: admin queue
 * @mbx: mailbox
 * @wq: for the service work and each ADI's messages
 * @service: drains the receive queues of @aq and @mbx
 * @reset: rebuilds the function after a reset that another function caused
 * @in_reset: the hardware is being reset or gone: nothing of it runs
 * @reset_lock: one reset of the function at a time, protects @registered and
 *	@vdevs_off
 * @registered: the core may be told of resets of the function
 * @vdevs_off: the core has been told that a reset begins, and not yet of its end
 * @reset_sem: held for writing while VSIs and rules are made again after a
 *	reset, for reading by everybody who makes, changes or uses them
 * @vsi_lock: protects @adi_of_vsi, @vsi_free, @vsi_seq, @link, @assigned and
 *	what it is sorted by
 * @assigned: ADIs by the address that the host gave them
 * @adi_of_vsi: the ADI of each VSI number
 * @vsi_free: VSIs that the card still has, as of command number @vsi_seq
 * @vsi_seq: see @vsi_free
 * @link: link of the port
 * @adis_lock: protects @adis
 * @adis: all ADIs
 * @drain_lock: PFPCI_VMINDEX and PFPCI_VMPEND
 * @fltr_lock: protects @fltrs and the number of users of each entry
 * @fltrs: rules in the switch
 * @sched_lock: protects @sched_room, @sched_full and the nodes on them, and how
 *	many nodes each layer holds
 * @sched_room: nodes above those of ADIs that can have another child, by layer
 * @sched_full: such nodes that cannot
 * @rl_lock: protects @rls
 * @rls: rate limit profiles
 */
struct e810_pf {
	struct hdiov_pf hdiov;
	struct pci_dev *pdev;
	void __iomem *hw;
	phys_addr_t bar0;

	u8 pf_num;
	unsigned int first_rxq;
	unsigned int first_txq;
	unsigned int first_vector;
	bool mal_detect;
	u8 port;
	u8 sw_id;
	bool double_vlan;
	u16 vsi;
	unsigned int sched_layers;
	unsigned int sched_entry;
	unsigned int sched_max_children[E810_SCHED_MAX_LAYERS];
	u8 mac[ETH_ALEN];
	u64 rxdids;

	struct e810_ctlq aq;
	struct e810_ctlq mbx;
	struct workqueue_struct *wq;
	struct work_struct service;
	struct work_struct reset;
	bool in_reset;
	struct mutex reset_lock;	/* one reset at a time, see above */
	bool registered;
	bool vdevs_off;
	struct rw_semaphore reset_sem;

	spinlock_t vsi_lock;		/* VSI numbers, messages, link */
	struct e810_adi *adi_of_vsi[E810_MAX_VSI];
	unsigned int vsi_free;
	u64 vsi_seq;
	struct e810_link link;
	DECLARE_HASHTABLE(assigned, 8);

	struct mutex adis_lock;		/* adis */
	struct list_head adis;
	struct mutex drain_lock;	/* PFPCI_VMINDEX, PFPCI_VMPEND */
	struct mutex fltr_lock;		/* fltrs */
	DECLARE_HASHTABLE(fltrs, 10);
	struct mutex sched_lock;	/* sched_room, sched_full */
	struct list_head sched_room[E810_SCHED_MAX_LAYERS];
	struct list_head sched_full;
	struct mutex rl_lock;		/* rls */
	struct list_head rls;
};

/**
 * struct e810_stats - counters of a VSI, names as in virtchnl
 * @rx_bytes: GLV_GORC; the others likewise
 * @rx_unicast: GLV_UPRC
 * @rx_multicast: GLV_MPRC
 * @rx_broadcast: GLV_BPRC
 * @rx_discards: GLV_RDPC
 * @rx_unknown_protocol: the card does not count these
 * @tx_bytes: GLV_GOTC
 * @tx_unicast: GLV_UPTC
 * @tx_multicast: GLV_MPTC
 * @tx_broadcast: GLV_BPTC
 * @tx_discards: the card does not count these
 * @tx_errors: GLV_TEPC
 */
struct e810_stats {
	u64 rx_bytes;
	u64 rx_unicast;
	u64 rx_multicast;
	u64 rx_broadcast;
	u64 rx_discards;
	u64 rx_unknown_protocol;
	u64 tx_bytes;
	u64 tx_unicast;
	u64 tx_multicast;
	u64 tx_broadcast;
	u64 tx_discards;
	u64 tx_errors;
};

/**
 * struct e810_mac - an address that the guest added
 * @node: in &e810_adi.macs
 * @addr: the address
 */
struct e810_mac {
	struct list_head node;
	u8 addr[ETH_ALEN];
};

/**
 * struct e810_msg - a virtchnl message that waits to be handled
 * @node: in &e810_adi.msgs
 * @opcode: virtchnl operation
 * @len: bytes of @data
 * @data: payload
 */
struct e810_msg {
	struct list_head node;
	u32 opcode;
	u16 len;
	u8 data[] __aligned(8);
};

/*
 * Entry of the PF's MSI-X table that causes of vectors without a slot go to.
 * Without any, the card would write descriptors back by full cache lines only,
 * and a guest that polls would wait for the last ones.
 */
#define E810_WB_VECTOR		1

/**
 * struct e810_vector - a vector of an ADI
 * @slot: entry of the PF's MSI-X table, or -1 while it has none
 * @ctl: of GLINT_DYN_CTL, INTENA and WB_ON_ITR as the guest left them, kept
 *	while unbound
 * @itr: intervals as the guest left them, kept while unbound
 */
struct e810_vector {
	int slot;
	u32 ctl;
	u16 itr[E810_NUM_ITR];
};

/**
 * struct e810_queue - a queue of an ADI, Tx or Rx
 * @configured: the hardware has a context of it
 * @enabled: the guest enabled it
 * @vector: vector of the ADI that it interrupts, 0 for none
 * @itr: which of the vector's intervals
 * @keeps_crc: Rx: the frame's CRC reaches the guest
 */
struct e810_queue {
	bool configured;
	bool enabled;
	bool keeps_crc;
	u8 vector;
	u8 itr;
};

enum e810_vc_state {
	E810_VC_INIT,		/* only the version may be asked */
	E810_VC_VERSION,	/* and the resources */
	E810_VC_ACTIVE,		/* everything granted */
};

/**
 * struct e810_adi - an ADI: a VSI, its queues and its mailbox
 * @adi: what the core knows of it
 * @pf: the function
 * @node: in &e810_pf.adis
 * @areas: fast-path areas
 * @lock: protects everything up to @work
 * @vsi: number of the VSI, or E810_NO_VSI for an ADI that lost it; changes
 *	under @irq_lock as well
 * @ctx: context of the VSI as the hardware has it
 * @running: in state RUNNING
 * @dead: the hardware refused to give the VSI back
 * @stale_rule: a rule that the switch did not remove may point to the VSI
 * @stuck: the hardware did not confirm that the VSI's queues are quiet, or may
 *	still deliver messages to it
 * @mac_assigned: address given by the host
 * @assigned: in &e810_pf.assigned
 * @mac_fixed: the host set @mac_assigned, an untrusted guest cannot change it
 * @mac: address in use
 * @keep_mac: the reset to come was asked for by the guest, @mac survives it
 * @port_vlan: tag that the card inserts and removes, 0 for none
 * @spoofchk: drop what is sent with an address or VLAN that is not the guest's
 * @max_tx_rate: Mbit/s that it may send, 0 for no limit
 * @want_rate: the limit that the host set, to be had again after a reset
 * @sched_parent: scheduler node that its own hang on, NULL if it has none
 * @sched_teid: its scheduler node
 * @group_teid: scheduler nodes that its Tx queues hang on
 * @trust: the guest may be promiscuous and have many addresses
 * @macs: addresses that the guest added
 * @num_macs: length of @macs
 * @vlans: VLANs that the guest added
 * @num_vlans: bits set in @vlans
 * @promisc_uc: guest receives all unicast
 * @promisc_mc: guest receives all multicast
 * @rss_dirty: the guest changed the RSS key or table
 * @hashcfg: kinds of packets that the guest wants hashed, 0 for no RSS
 * @lut: RSS look-up table
 * @vc_state: how far the guest's driver has come
 * @vc_version: version of virtchnl it speaks
 * @caps: VIRTCHNL_VF_OFFLOAD_* granted
 * @stats: since the last reset
 * @stats_prev: raw counters as last read
 * @work: handles @msgs
 * @irq_lock: protects @vec, @txq and @rxq[].vector and .itr, and keeps
 *	accesses to a slot's registers apart from unbinding
 * @vec: vectors
 * @txq: Tx queues
 * @rxq: Rx queues
 * @tx_base: rings of the Tx queues, the guest's addresses
 * @tx_len: descriptors in them, 0 if not set up since the last reset
 * @icr0_ena: VFINT_ICR0_ENA as written, without effect on this hardware
 * @icr0_heads: heads of the mailbox when the guest last read VFINT_ICR0
 * @resetting: guest or driver asked for a reset that has not happened yet
 * @msgs: messages that wait, under &e810_pf.vsi_lock
 * @num_msgs: length of @msgs
 * @link_event: link state to be sent
 * @msgs_handled: statistics
 * @msgs_dropped: statistics
 * @mdd_events: queues that the card stopped for what the guest did with them
 */
struct e810_adi {
	struct hdiov_adi adi;
	struct e810_pf *pf;
	struct list_head node;
	struct hdiov_area areas[E810_MAX_AREAS];

	struct mutex lock;		/* hardware context and policy */
	u16 vsi;
	struct e810_aqc_vsi_props ctx;
	bool running;
	bool dead;
	bool stuck;
	bool stale_rule;
	u8 mac_assigned[ETH_ALEN];
	struct hlist_node assigned;
	bool mac_fixed;
	u8 mac[ETH_ALEN];
	bool keep_mac;
	u16 port_vlan;
	bool spoofchk;
	bool trust;
	unsigned int max_tx_rate;
	unsigned int want_rate;
	struct e810_sched_node *sched_parent;
	__le32 sched_teid;
	__le32 group_teid[E810_MAX_QPS_PER_ADI];
	struct list_head macs;
	unsigned int num_macs;
	DECLARE_BITMAP(vlans, VLAN_N_VID);
	unsigned int num_vlans;
	bool promisc_uc;
	bool promisc_mc;
	bool rss_dirty;
	u64 hashcfg;
	u8 lut[E810_RSS_LUT_SIZE];
	enum e810_vc_state vc_state;
	struct virtchnl_version_info vc_version;
	u32 caps;
	struct e810_stats stats;
	struct e810_stats stats_prev;

	struct work_struct work;

	spinlock_t irq_lock;		/* vectors and their causes */
	struct e810_vector vec[E810_MAX_VECTORS_PER_ADI];
	struct e810_queue txq[E810_MAX_QPS_PER_ADI];
	struct e810_queue rxq[E810_MAX_QPS_PER_ADI];
	u64 tx_base[E810_MAX_QPS_PER_ADI];
	u16 tx_len[E810_MAX_QPS_PER_ADI];
	u32 icr0_ena;
	u32 icr0_heads;
	bool resetting;

	struct list_head msgs;
	unsigned int num_msgs;
	bool link_event;
	u64 msgs_handled;
	u64 msgs_dropped;
	unsigned int mdd_events;
};

static inline struct e810_adi *to_e810_adi(struct hdiov_adi *adi)
{
	return container_of(adi, struct e810_adi, adi);
}

static inline struct e810_pf *to_e810_pf(struct hdiov_pf *pf)
{
	return container_of(pf, struct e810_pf, hdiov);
}

static inline u32 e810_rd32(struct e810_pf *pf, u32 reg)
{
	return readl(pf->hw + reg);
}

static inline void e810_wr32(struct e810_pf *pf, u32 reg, u32 val)
{
	writel(val, pf->hw + reg);
}

/* Writes have reached the card after this */
static inline void e810_flush(struct e810_pf *pf)
{
	readl(pf->hw + GLGEN_RSTAT);
}

/* Registers count from the function's first, pages are those of the card */
static inline u32 e810_page_int(struct e810_pf *pf, unsigned int vector)
{
	return E810_PAGE_INT(pf->first_vector + vector);
}

static inline u32 e810_page_rx_tail(struct e810_pf *pf, unsigned int q)
{
	return E810_PAGE_QRX_TAIL(pf->first_rxq + q);
}

static inline u32 e810_page_tx_dbell(struct e810_pf *pf, unsigned int q)
{
	return E810_PAGE_QTX_DBELL(pf->first_txq + q);
}

/* e810_main.c */
void e810_card_reset(struct e810_pf *pf);

/* e810_ctlq.c */
int e810_ctlq_alloc(struct e810_ctlq *cq, struct e810_pf *pf,
		    const struct e810_ctlq_regs *regs, unsigned int sq_size,
		    unsigned int rq_size);
void e810_ctlq_free(struct e810_ctlq *cq);
int e810_ctlq_start(struct e810_ctlq *cq);
void e810_ctlq_stop(struct e810_ctlq *cq);
int e810_ctlq_send(struct e810_ctlq *cq, struct e810_aq_desc *desc, void *buf,
		   u16 len, u64 *seq);
int e810_ctlq_post(struct e810_ctlq *cq, const struct e810_aq_desc *desc,
		   const void *buf, u16 len);
int e810_ctlq_flush(struct e810_ctlq *cq);
bool e810_ctlq_receive(struct e810_ctlq *cq, struct e810_aq_desc *desc,
		       void **buf);
void e810_ctlq_return(struct e810_ctlq *cq);

/* e810_aq.c */
extern const struct e810_ctlq_regs e810_aq_regs;
int e810_aq_get_version(struct e810_pf *pf);
int e810_aq_shutdown(struct e810_pf *pf);
int e810_aq_clear_pxe(struct e810_pf *pf);
int e810_aq_get_switch(struct e810_pf *pf);
int e810_aq_read_mac(struct e810_pf *pf);
int e810_aq_get_vlan_mode(struct e810_pf *pf);
int e810_aq_get_topology(struct e810_pf *pf,
			 struct e810_aqc_sched_branch *branch);
int e810_aq_get_sched_layers(struct e810_pf *pf);
int e810_aq_start_port(struct e810_pf *pf);
int e810_aq_close_pf_vsi(struct e810_pf *pf);
int e810_aq_get_caps(struct e810_pf *pf, unsigned int *num_rx,
		     unsigned int *num_tx);
int e810_aq_get_link(struct e810_pf *pf);
void e810_aq_set_link(struct e810_pf *pf, const struct e810_aqc_link_status *s);
int e810_aq_add_vsi(struct e810_pf *pf, const struct e810_aqc_vsi_props *ctx,
		    u16 *vsi);
int e810_aq_update_vsi(struct e810_pf *pf, u16 vsi,
		       const struct e810_aqc_vsi_props *ctx, u16 sections);
int e810_aq_free_vsi(struct e810_pf *pf, u16 vsi);
int e810_aq_sw_rule(struct e810_pf *pf, enum e810_aq_opcode opcode,
		    struct e810_aqc_sw_rule_lkup *rule);
int e810_aq_sw_list(struct e810_pf *pf, enum e810_aq_opcode opcode, u16 type,
		    u16 list, const u16 *vsis, unsigned int num);
int e810_aq_alloc_list(struct e810_pf *pf, u16 type, u16 *list);
int e810_aq_free_list(struct e810_pf *pf, u16 type, u16 list);
int e810_aq_set_rss_key(struct e810_pf *pf, u16 vsi, const u8 *key);
int e810_aq_set_rss_lut(struct e810_pf *pf, u16 vsi, const u8 *lut);
int e810_aq_add_sched_nodes(struct e810_pf *pf, __le32 parent, unsigned int num,
			    __le32 *teid);
int e810_aq_cfg_sched_node(struct e810_pf *pf, __le32 teid, u16 profile);
int e810_aq_del_sched_nodes(struct e810_pf *pf, __le32 parent, unsigned int num,
			    const __le32 *teid);
int e810_aq_rl_profile(struct e810_pf *pf, enum e810_aq_opcode opcode,
		       struct e810_aqc_rl_profile_elem *elem);
int e810_aq_add_txq(struct e810_pf *pf, __le32 parent, u16 txq, const u8 *ctx);
int e810_aq_dis_txqs(struct e810_pf *pf, struct e810_aqc_dis_txq_item *items,
		     unsigned int num);
int e810_aq_reset_vsi_txqs(struct e810_pf *pf, u16 vsi);

/* e810_fltr.c */
int e810_fltr_add(struct e810_pf *pf, const struct e810_fltr_key *key, u16 vsi);
int e810_fltr_del(struct e810_pf *pf, const struct e810_fltr_key *key, u16 vsi);
int e810_fltr_drop_control(struct e810_pf *pf);
void e810_fltr_forget(struct e810_pf *pf);

/* e810_vsi.c */
void e810_vsi_set_num(struct e810_adi *ea, u16 vsi);
int e810_vsi_create(struct e810_adi *ea);
int e810_vsi_recreate(struct e810_adi *ea);
int e810_vsi_destroy(struct e810_adi *ea);
int e810_vsi_del_guest_filters(struct e810_adi *ea, bool hw);
int e810_vsi_set_pasid(struct e810_adi *ea, u32 pasid);
int e810_vsi_clear_pasid(struct e810_adi *ea);
int e810_vsi_reset_hw(struct e810_adi *ea);
int e810_vsi_drain(struct e810_adi *ea);
int e810_vsi_restore(struct e810_adi *ea);
int e810_vsi_apply_policy(struct e810_adi *ea);
int e810_vsi_set_strip(struct e810_adi *ea, bool on);
int e810_vsi_add_mac(struct e810_adi *ea, const u8 *mac);
int e810_vsi_del_mac(struct e810_adi *ea, const u8 *mac);
int e810_vsi_set_mac(struct e810_adi *ea, const u8 *mac);
int e810_vsi_set_mac_assigned(struct e810_adi *ea);
bool e810_vsi_has_mac(struct e810_adi *ea, const u8 *mac);
int e810_vsi_add_vlan(struct e810_adi *ea, u16 vid);
int e810_vsi_del_vlan(struct e810_adi *ea, u16 vid);
int e810_vsi_set_promisc(struct e810_adi *ea, bool uc, bool mc);
int e810_vsi_set_port_vlan(struct e810_adi *ea, u16 tag);
int e810_vsi_default_rss(struct e810_adi *ea);
int e810_vsi_write_lut(struct e810_adi *ea);
void e810_vsi_update_stats(struct e810_adi *ea);
void e810_vsi_clear_stats(struct e810_adi *ea);

/* e810_queue.c */
int e810_txq_configure(struct e810_adi *ea, unsigned int q, u64 base, u16 len);
int e810_rxq_configure(struct e810_adi *ea, unsigned int q, u64 base, u16 len,
		       u32 buf_size, u32 max_frame, u8 rxdid, bool keep_crc);
int e810_rxqs_enable(struct e810_adi *ea, unsigned long mask);
int e810_rxqs_disable(struct e810_adi *ea, unsigned long mask);
int e810_txqs_enable(struct e810_adi *ea, unsigned long mask);
int e810_txqs_disable(struct e810_adi *ea, unsigned long mask);
int e810_queues_stop(struct e810_adi *ea);

/* e810_sched.c */
int e810_sched_init(struct e810_pf *pf);
void e810_sched_forget(struct e810_pf *pf);
int e810_sched_create(struct e810_adi *ea);
void e810_sched_destroy(struct e810_adi *ea);
__le32 e810_sched_queue_parent(const struct e810_adi *ea, unsigned int q);
u8 e810_sched_level(const struct e810_adi *ea);

/* e810_rate.c */
int e810_rate_set(struct e810_adi *ea, unsigned int mbps);
void e810_rate_forget(struct e810_pf *pf);

/* e810_irq.c */
extern const struct hdiov_vector_ops e810_vector_ops;
void e810_irq_init(struct e810_adi *ea);
void e810_irq_map_queue(struct e810_adi *ea, struct e810_queue *queue,
			unsigned int vector, unsigned int itr);
void e810_irq_apply(struct e810_adi *ea);
void e810_irq_reset(struct e810_adi *ea);
u32 e810_irq_read_ctl(struct e810_adi *ea, unsigned int vector);
void e810_irq_write_ctl(struct e810_adi *ea, unsigned int vector, u32 val);
u32 e810_irq_read_itr(struct e810_adi *ea, unsigned int vector, unsigned int i);
void e810_irq_write_itr(struct e810_adi *ea, unsigned int vector,
			unsigned int i, u32 val);

/* e810_mbx.c */
extern const struct e810_ctlq_regs e810_mbx_regs;
void e810_mbx_dispatch(struct e810_pf *pf, const struct e810_aq_desc *desc,
		       const void *buf);
void e810_mbx_publish(struct e810_adi *ea);
void e810_mbx_unpublish(struct e810_adi *ea);
struct e810_adi *e810_mbx_adi_of_queue(struct e810_pf *pf, unsigned int q);
void e810_mbx_purge(struct e810_adi *ea);
void e810_mbx_off(struct e810_adi *ea);
void e810_mbx_link_changed(struct e810_pf *pf);
int e810_mbx_reply(struct e810_adi *ea, u32 opcode, s32 status,
		   const void *data, u16 len);

/* e810_virtchnl.c */
void e810_vc_work(struct work_struct *work);
void e810_vc_reset(struct e810_adi *ea, bool version);
void e810_vc_reset_impending(struct e810_pf *pf);
u64 e810_vc_default_hashcfg(void);

/* e810_mmio.c */
extern const struct hdiov_mmio_ops e810_mmio_ops;
void e810_mmio_set_areas(struct e810_adi *ea);

/* e810_types.c */
extern const struct hdiov_type e810_types[];
extern const unsigned int e810_num_types;
bool e810_type_is_vdcm(const struct hdiov_type *type);

enum e810_trap_class {
	E810_TRAP_TX_TAIL,
	E810_TRAP_RX_TAIL,
	E810_TRAP_DYN_CTL,
	E810_TRAP_ITR,
	E810_TRAP_MAILBOX,
	E810_TRAP_RSTAT,
	E810_TRAP_OTHER,
	E810_NUM_TRAP_CLASSES,
};

/* e810_adi.c */
extern const struct hdiov_adi_ops e810_adi_ops;
void e810_adi_restore_all(struct e810_pf *pf);

bool e810_adi_mac_is_others(struct e810_adi *ea, const u8 *mac);
void e810_adi_assign_mac(struct e810_adi *ea, const u8 *mac);

/* e810_sysfs.c */
extern const struct attribute_group *e810_vdev_groups[];

#endif /* _E810_H */
