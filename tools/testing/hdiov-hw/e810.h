/*
 * Emulated Intel E810 physical function
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_HDIOV_E810_H
#define HW_HDIOV_E810_H

#include "qemu/units.h"
#include "qemu/timer.h"
#include "qemu/queue.h"
#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "e810_pkg.h"
#include "e810_regs.h"
#include "hdiov_dma.h"

#define TYPE_E810 "e810"
OBJECT_DECLARE_SIMPLE_TYPE(E810State, E810)

#define E810_SWID               1
#define E810_MAX_RULES          8192
#define E810_MAX_LISTS          1024
#define E810_NO_VSI             0xffff
#define E810_NO_VF              0xffff
#define E810_NUM_RECIPES        64
#define E810_FW_RECIPES         10      /* the first ones are firmware's */
#define E810_RECIPE_SIZE        28
#define E810_RECIPE_WORDS       5       /* the first is the switch's number */
#define E810_RECIPE_LKUP        1       /* where they are in it, a byte each, */
#define E810_RECIPE_MASK        6       /* and their masks */
#define E810_ECAP_ARI           0x148
#define E810_ECAP_SRIOV         0x160
#define E810_DEADBEEF           0xdeadbeef  /* what undefined registers read */

/* One direction of an admin or mailbox queue */
typedef struct E810Ring {
    uint32_t reg[CQ_NREGS];
    bool stopped;               /* by a fault, until LEN is written again */
} E810Ring;

typedef struct E810CtlQ {
    E810Ring sq;                /* ATQ */
    E810Ring rq;                /* ARQ */
    uint16_t vsi;               /* of a VSI's mailbox, or E810_NO_VSI */
    uint16_t vf;                /* of a VF's mailbox, or E810_NO_VF */
    bool active;
    int64_t when;               /* the command at the head is done, 0: open */
    QTAILQ_ENTRY(E810CtlQ) next;
} E810CtlQ;

typedef struct E810Desc {
    uint16_t flags;
    uint16_t opcode;
    uint16_t datalen;
    uint16_t retval;
    uint32_t cookie_high;
    uint32_t cookie_low;
    union {
        uint8_t raw[16];
        uint16_t w[8];
        struct {
            uint32_t param0;
            uint32_t param1;
            uint32_t addr_high;
            uint32_t addr_low;
        };
    };
} QEMU_PACKED E810Desc;
QEMU_BUILD_BUG_ON(sizeof(E810Desc) != AQ_DESC_SIZE);

typedef struct E810VsiStats {
    uint64_t gorc, uprc, mprc, bprc, gotc, uptc, mptc, bptc;
    uint32_t rdpc, tepc;
} E810VsiStats;

#define E810_NUM_SIZES          7       /* 64, 127, 255, ... 9522 bytes */

typedef struct E810PortStats {
    uint64_t gorc, uprc, mprc, bprc, gotc, uptc, mptc, bptc;
    uint64_t prc[E810_NUM_SIZES], ptc[E810_NUM_SIZES];
    uint64_t roc, tdold;
} E810PortStats;

typedef struct E810Vsi {
    bool valid;
    bool in_reset;              /* VMSWR is set */
    uint8_t type;
    uint8_t vf_id;
    uint8_t ctx[VSI_CTX_SIZE];
    uint32_t pasid;             /* register VSI_PASID */
    uint32_t rstat;             /* VSIGEN_RSTAT but for VMRD */
    int64_t reset_done;         /* when VMRD becomes 1, INT64_MAX: 0x0C31 */
    uint16_t num_rxq;           /* of the region that RSS spreads over */
    E810CtlQ mbx;
    E810VsiStats stats;
} E810Vsi;

typedef struct E810Vf {
    bool in_reset;              /* from the trigger on until it is cleared */
    bool swr;                   /* VPGEN_VFRTRIG.VFSWR */
    uint32_t rstat;             /* VFGEN_RSTAT, a note of the PF's driver */
    uint32_t icr0_ena;
    int64_t reset_done;         /* when VFRD becomes 1 */
    E810CtlQ mbx;
} E810Vf;

#define E810_CACHE_LINE 64      /* as GLPCI_CNF2 says */

typedef struct E810RxQ {
    bool enabled;
    bool stopped;               /* by a fault or MDD, until enabled again */
    uint16_t vsi;               /* owner by VSI context, or E810_NO_VSI */
    uint16_t head;
    uint16_t tail;
    uint16_t qlen;
    uint16_t rxmax;
    uint32_t dbuf;
    uint8_t dsize;
    uint8_t rxdid;
    bool crcstrip;
    bool l2tsel;
    bool showiv;
    uint64_t base;
    /* descriptors fetched ahead */
    uint16_t cache_pos;
    uint16_t cache_len;
    uint64_t cache[16];         /* buffer addresses */
    /* used descriptors of a cache line, not written back yet */
    uint16_t wb_head;
    uint8_t wb_len;
    uint8_t wb[E810_CACHE_LINE];
    QTAILQ_ENTRY(E810RxQ) next;
} E810RxQ;

#define E810_SCHED_LEVELS 9     /* at most */
#define E810_TXQ_CTX_LEN 22     /* bytes that software gives */

typedef struct E810Node E810Node;

typedef struct E810TxQ {
    bool configured;            /* by 0x0C30, until 0x0C31 */
    bool stopped;               /* by a fault or MDD */
    bool active;                /* on the list of queues with work */
    uint16_t id;
    uint16_t vsi;
    uint16_t head;
    uint16_t tail;
    uint16_t comm_head;         /* QTX_COMM_HEAD: the last one written back */
    uint16_t qlen;
    bool tso_ena;
    uint32_t tso_pos;           /* payload sent of a packet under way */
    uint64_t base;
    uint8_t ctx[E810_TXQ_CTX_LEN];
    E810Node *node;             /* leaf of the scheduler tree */
    QTAILQ_ENTRY(E810TxQ) next;
} E810TxQ;

/*
 * Headers of a packet to be sent, as its descriptors have them: where each
 * begins. Without tunnel all of the outer ones are empty.
 */
typedef struct E810Offload {
    uint16_t iipt, l4t;         /* of the data descriptor, 0: none */
    uint8_t eipt, tunnel;       /* of the context descriptor, 0: none */
    bool same_id;               /* outer IPv4 id, of all segments */
    bool outer_csum;            /* UDP */
    uint16_t outer_l3, outer_l4;
    uint16_t l3, l4;
    uint16_t payload;
} E810Offload;

typedef struct E810Vector {
    struct E810State *dev;
    uint32_t dyn_ctl;           /* INTENA, WB_ON_ITR as last written */
    uint16_t itr[3];            /* 2 us units */
    uint8_t rate;
    uint8_t pending;            /* a bit for each ITR index, 3: no ITR */
    int64_t last;               /* last interrupt */
    QEMUTimer timer;
} E810Vector;

typedef struct E810Rule {
    uint16_t type;
    uint16_t recipe;
    uint16_t src;
    uint16_t index;
    uint32_t act;
    uint8_t mac[6];
    uint16_t vlan;              /* as e810_vlan_key() says */
    uint16_t ethertype;
    E810RecipeKey key;          /* of a recipe that a driver has made, */
    uint32_t gen;               /* and this generation of it */
    QTAILQ_ENTRY(E810Rule) next;
} E810Rule;

typedef struct E810List {
    uint8_t type;               /* of resource, 0: the list is free */
    DECLARE_BITMAP(vsi, E810_NUM_VSI);
} E810List;

typedef struct E810RlProfile {
    uint8_t level;
    uint8_t type;
    uint16_t id;
    uint64_t bps;               /* 0: no limit */
} E810RlProfile;

struct E810Node {
    uint32_t teid;
    E810Node *parent;
    uint8_t level;
    uint16_t children;
    bool queue;                 /* a Tx queue hangs here */
    bool limited;               /* has a rate limit */
    uint8_t data[16];
    int64_t next_send;          /* token bucket: when the bucket has room */
};

typedef struct E810Counters {
    uint64_t doorbells_tx;
    uint64_t doorbells_rx;
    uint64_t doorbells_mbx;
    uint64_t interrupts;
    uint64_t aq_commands;
    uint64_t mbx_to_pf;
    uint64_t mbx_to_vsi;
    uint64_t tx_packets;        /* frames after segmentation */
    uint64_t rx_packets;        /* frames put into a queue */
    uint64_t uplink_tx;
    uint64_t uplink_rx;
    uint64_t loopback;
    uint64_t mdd;
    uint64_t drop_no_desc;
    uint64_t drop_no_queue;
    uint64_t drop_no_match;
    uint64_t drop_oversize;
    uint64_t drop_vlan;
    uint64_t drop_prune;
    uint64_t drop_filter;
    uint64_t drop_dma_fault;
    uint64_t spoof_mac;
    uint64_t spoof_vlan;
    uint64_t unknown_reg;
} E810Counters;

/* Tags of a frame */
typedef struct E810Tags {
    uint8_t outer_type;         /* 0: there is none */
    bool has_inner;
    uint16_t outer, inner;
} E810Tags;

/* What a descriptor says of tags that were taken off: outermost, inner */
typedef struct E810Stripped {
    bool has[2];
    uint16_t tci[2];
} E810Stripped;

/* A function's share of what the card has */
typedef struct E810Share {
    uint16_t first;
    uint16_t num;
} E810Share;

struct E810State {
    PCIDevice parent_obj;

    /*
     * Several PFs of one card: each has the same share of everything. What the
     * card has once is function 0's: see e810_pci.c.
     */
    E810State *card;            /* function 0, maybe this one */
    E810State *fn[E810_MAX_PFS];
    uint8_t pf;                 /* number of this function */
    E810Share vsis, rxqs, txqs, vecs;

    /* properties */
    NICConf conf;
    uint16_t device_id;
    bool siov;
    uint16_t sriov_vfs;
    uint8_t pfs;
    bool double_vlan;                   /* of function 0 */
    uint8_t sched_layers;               /* 9 or 5 */
    uint32_t aq_latency_us;
    uint32_t aq_late, aq_late_ms;       /* every nth command takes so long */
    uint32_t aq_busy, aq_busy_all;      /* every nth is refused once */
    uint32_t pfr_ms;
    uint32_t fw_loading_ms;

    NICState *nic;
    MemoryRegion bar0;
    MemoryRegion mmio;
    MemoryRegion msix_page;
    MemoryRegion bar3;
    MemoryRegion absent[2];             /* over the BARs, when it was pulled */
    bool pulled;
    HdiovDma dma;
    E810Counters cnt;
    bool flr;                   /* the reset under way is an FLR */

    /* control queues */
    E810CtlQ fw;
    E810CtlQ mbx;
    QEMUBH *cq_bh;
    QTAILQ_HEAD(, E810CtlQ) cq_active;
    QTAILQ_HEAD(, E810CtlQ) mbx_wait;   /* for room in the PF's ARQ */
    uint8_t aq_buf[AQ_BUF_MAX];
    bool lse_enabled;
    bool mac_loopback;          /* what goes to the port comes back */
    QEMUTimer *fw_timer;                /* the end of a command */
    uint32_t aq_late_count, aq_busy_count, aq_busy_all_count;
    int64_t fw_loaded;                  /* FW_LOADING reads 1 until then */
    bool broken;                        /* no queue runs until a reset */

    /* VSIs and the switch */
    E810Vsi vsi[E810_NUM_VSI];
    E810Rule *rule[E810_MAX_RULES];
    GHashTable *mac_rules;              /* recipe, VLAN, MAC -> E810Rule */
    E810Rule *vlan_rule[4 * 4096];      /* by tag type and VLAN */
    QTAILQ_HEAD(, E810Rule) misc_rules;
    QTAILQ_HEAD(, E810Rule) own_rules;  /* of recipes of drivers */
    E810List list[E810_MAX_LISTS];
    E810PortStats port;
    uint8_t pf_lut[2048];
    uint16_t pf_lut_size;               /* as software has set it last */
    uint8_t global_lut[16][512];
    uint16_t global_lut_size[16];
    uint16_t max_frame;
    uint32_t pause_quanta;              /* of link flow control */
    uint32_t pause_refresh;
    uint8_t mac[6];                     /* as written by 0x0108 */

    E810Pkg pkg;                        /* of function 0 */
    GHashTable *fdir;                   /* E810FdirKey -> E810Fdir */

    /* VLAN mode: what the card was told, of function 0 */
    bool vlan_dvm;                      /* by 0x020C */
    uint8_t vlan_prio;
    bool boost_dvm[2], boost_svm[2];    /* entries of the Rx and Tx parser */
    uint8_t recipe[E810_NUM_RECIPES][E810_RECIPE_SIZE];
    uint64_t recipes_set;
    uint64_t recipe_group[E810_NUM_RECIPES];    /* what a root waits for */
    uint8_t recipe_owner[E810_NUM_RECIPES];     /* PF + 1, 0: free */
    uint32_t recipe_gen[E810_NUM_RECIPES];      /* how often it was freed */
    uint64_t prof_recipes[E810_MAX_PROFILES];   /* of profiles of the switch */
    /* and what comes of it for the port of a function */
    bool port_dvm;                      /* by 0x0203 */
    bool dvm;                           /* the parser knows two tags */

    /* scheduler */
    GHashTable *nodes;                  /* TEID -> E810Node */
    uint32_t next_teid;
    unsigned num_nodes[E810_SCHED_LEVELS];
    E810RlProfile rl[64];

    /* queues */
    E810RxQ rxq[E810_NUM_RXQ];
    E810TxQ txq[E810_NUM_TXQ];
    QEMUBH *tx_bh;
    QEMUTimer *tx_timer;
    QTAILQ_HEAD(, E810TxQ) tx_active;
    QTAILQ_HEAD(, E810RxQ) rx_held;     /* with descriptors to write back */
    uint64_t work;                      /* frames sent and delivered */
    uint8_t *tx_buf;                    /* a packet as fetched */
    uint8_t *seg_buf;                   /* a frame as sent */
    uint8_t *rx_buf;                    /* a frame as received */

    /* virtual functions */
    E810Vf vf[E810_MAX_VFS];
    uint32_t vflrstat[E810_MAX_VFS / 32];
    uint32_t vpint_alloc[E810_MAX_VFS];
    uint32_t vpint_alloc_pci[E810_MAX_VFS];
    uint32_t vplan_rx_qbase[E810_MAX_VFS];
    uint32_t vplan_tx_qbase[E810_MAX_VFS];
    uint32_t vplan_rx_mapena[E810_MAX_VFS];
    uint32_t vplan_tx_mapena[E810_MAX_VFS];
    uint32_t vp_mdet_pqm[E810_MAX_VFS];
    uint32_t vp_mdet_tclan[E810_MAX_VFS];
    uint32_t vp_mdet_rx[E810_MAX_VFS];

    /* interrupts */
    E810Vector vec[E810_NUM_VECTORS];
    uint32_t oicr;

    /* registers that only store */
    uint32_t qrx_context[8 * E810_NUM_RXQ];
    uint32_t qrxflxp[E810_NUM_RXQ];
    uint32_t qint_tqctl[E810_NUM_TXQ];
    uint32_t qint_rqctl[E810_NUM_RXQ];
    uint32_t vect2func[E810_NUM_VECTORS];
    uint32_t vpint_mbx_ctl[E810_NUM_VSI];
    uint32_t hkey[13 * 1024];
    uint32_t hlut[16 * 1024];
    uint32_t hash_ctl[E810_NUM_VSI];
    uint32_t qrx_itr[E810_NUM_RXQ];
    uint32_t gl_mbx_pasid;
    uint32_t glint_ctl;
    uint32_t tsyn_msk;
    uint32_t oicr_ena, oicr_ctl, fw_ctl, mbx_ctl, sb_ctl;
    uint32_t gllan_rctl;
    uint32_t mdet_tclan, mdet_pqm, mdet_rx;
    uint32_t pf_mdet_tclan, pf_mdet_pqm, pf_mdet_rx;
    uint32_t vmindex;
    uint32_t qtx_cntx_ctl;
    uint32_t qtx_cntx_data[10];
    uint32_t quanta_prof[E810_NUM_QUANTA];
    uint32_t fd_ena;
    uint64_t fd_count[E810_NUM_FD_COUNTERS];
    uint32_t qf[GLQF_DWORDS];           /* of profiles */
    uint32_t preext_mask[6];
    uint32_t wufc, apm, mdck_tdpu;
    uint32_t rstctl;
    int64_t pfr_done;                   /* PFSWR reads 1 until then */
    QEMUTimer *pfr_timer;               /* its end, if it takes long */
    QEMUTimer *grst_timer;              /* runs: a global reset is to come */
    int64_t grst_done;                  /* GLGEN_RSTAT is not 0 until then */
    uint32_t grst_type;
};

/* What firmware gives an idle PF; VSI 0 is the management engine's */
static inline unsigned e810_default_vsi(E810State *s)
{
    return s->vsis.first + (s->pf == 0);
}

/* e810_pci.c */
void e810_reset_pf(E810State *s);

/* e810_mmio.c */
extern const MemoryRegionOps e810_mmio_ops;

/* e810_irq.c */
void e810_irq_init(E810State *s);
void e810_irq_finalize(E810State *s);
void e810_irq_reset(E810State *s);
void e810_irq_reset_range(E810State *s, unsigned first, unsigned last);
int e810_irq_vector(E810State *s, uint32_t cause_ctl, unsigned vf);
void e810_irq_cause(E810State *s, uint32_t cause_ctl, unsigned vf);
void e810_oicr_set(E810State *s, uint32_t bits);
uint32_t e810_oicr_read(E810State *s);
uint32_t e810_dyn_ctl_read(E810State *s, unsigned v);
void e810_dyn_ctl_write(E810State *s, unsigned v, uint32_t val);
void e810_itr_write(E810State *s, unsigned v, unsigned i, uint32_t val);

/* e810_ctlq.c */
void e810_ctlq_init(E810State *s);
void e810_ctlq_finalize(E810State *s);
void e810_ctlq_reset(E810State *s, E810CtlQ *q);
uint32_t e810_ctlq_read(E810Ring *r, unsigned reg);
void e810_ctlq_write(E810State *s, E810CtlQ *q, bool rq, unsigned reg,
                     uint32_t val);
void e810_ctlq_kick(E810State *s, E810CtlQ *q);
void e810_ctlq_taken(E810State *s, E810CtlQ *q);
bool e810_ctlq_event(E810State *s, E810CtlQ *q, E810Desc *d, const void *buf,
                     uint16_t len);
void e810_link_event(E810State *s);

/* e810_fw.c */
void e810_fw_init(E810State *s);
void e810_fw_finalize(E810State *s);
void e810_fw_class_init(ObjectClass *klass);
void e810_fw_reset(E810State *s);
void e810_fw_pfr(E810State *s);
void e810_fw_load(E810State *s);
bool e810_fw_loading(E810State *s);
bool e810_fw_ready(E810State *s, E810CtlQ *q);
bool e810_fw_busy(E810State *s, uint16_t opcode);

/* e810_aq.c */
uint16_t e810_aq_command(E810State *s, E810Desc *d, uint8_t *buf,
                         uint16_t len);
void e810_fill_link(E810State *s, uint8_t *buf);

/* e810_ddp.c */
uint16_t e810_pkg_lock(E810State *s, E810Desc *d, bool take);
uint16_t e810_pkg_command(E810State *s, E810Desc *d, uint8_t *buf,
                          unsigned len);
bool e810_pkg_locked(E810State *s);
bool e810_pkg_comms(E810State *s);
void e810_pkg_reset(E810State *s, bool global);

/* e810_flex.c */
bool e810_flex_section(E810State *by, E810FlexTables *tables, uint32_t type,
                       const uint8_t *p, unsigned size);
void e810_flex_changed(E810State *s);
void e810_flex_load(E810State *card);
void e810_flex_reset(E810State *card);
void e810_flex_release(E810State *s);
unsigned e810_flex_hash_input(E810State *s, unsigned vsi,
                              const E810Headers *h, const uint8_t *f,
                              unsigned len, uint8_t *in);
uint16_t e810_flex_res(E810State *s, bool alloc, uint16_t flags, unsigned n,
                       uint8_t *buf, unsigned len);
int e810_flex_switch(E810State *s, const E810Headers *h, const uint8_t *f,
                     unsigned len, uint16_t *word);

bool e810_flex_fdir_key(E810State *s, unsigned by, unsigned vsi,
                        const E810Headers *h, const uint8_t *f, unsigned len,
                        bool program, E810FdirKey *key);

/* e810_fdir.c */
void e810_fdir_init(E810State *s);
void e810_fdir_finalize(E810State *s);
void e810_fdir_clear(E810State *s, unsigned vsi);
void e810_fdir_reset(E810State *s);
void e810_fdir_program(E810State *s, unsigned by, uint64_t qw0, uint64_t qw1,
                       const uint8_t *f, unsigned len);
const E810Fdir *e810_fdir_match(E810State *s, unsigned vsi,
                                const E810Headers *h, const uint8_t *f,
                                unsigned len);

/* e810_nvm.c */
uint16_t e810_nvm_read(E810Desc *d, uint8_t *buf, unsigned len);

/* e810_vsi.c */
E810Vsi *e810_vsi_get(E810State *s, unsigned num);
uint16_t e810_vsi_count(E810State *s);
uint16_t e810_vsi_update(E810State *s, unsigned num, const uint8_t *ctx,
                         bool add);
void e810_vsi_free(E810State *s, unsigned num);
void e810_vsi_default(E810State *s);
void e810_vsi_drained(E810State *s, unsigned num);
void e810_vsi_rtrig(E810State *s, unsigned num, uint32_t val);
uint32_t e810_vsi_rstat(E810State *s, unsigned num);
bool e810_vsi_pending(E810State *s, unsigned num);
unsigned e810_vsi_region(E810Vsi *v);
int e810_vsi_rxq(E810State *s, E810Vsi *v, unsigned idx);
unsigned e810_vsi_vf(E810State *s, unsigned num);
bool e810_vsi_live(E810State *s, unsigned num);
void e810_vsi_stop(E810State *s, unsigned num);
HdiovDmaTag e810_vsi_tag(E810State *s, unsigned num);

/* e810_vf.c */
bool e810_vf_init(E810State *s, Error **errp);
void e810_vf_reset_all(E810State *s);
unsigned e810_vf_count(E810State *s);
HdiovDmaTag e810_vf_tag(E810State *s, unsigned vf);
bool e810_vf_live(E810State *s, unsigned vf);
int e810_vf_vector(E810State *s, unsigned vf, unsigned idx);
unsigned e810_vf_of_vector(E810State *s, unsigned v, unsigned *idx);
void e810_vf_drained(E810State *s, unsigned n);
uint32_t e810_vf_rtrig_read(E810State *s, unsigned n);
void e810_vf_rtrig_write(E810State *s, unsigned n, uint32_t val);
uint32_t e810_vf_rstat_read(E810State *s, unsigned n);
uint32_t e810_vfgen_rstat_read(E810State *s, unsigned n);
void e810_vfgen_rstat_write(E810State *s, unsigned n, uint32_t val);
void e810_vf_alloc_pci_write(E810State *s, unsigned n, uint32_t val);
uint32_t e810_vf_mbx_len_read(E810State *s, unsigned n, bool rq);
void e810_vf_mbx_len_write(E810State *s, unsigned n, bool rq, uint32_t val);

/* e810_switch.c */
void e810_switch_init(E810State *s);
void e810_switch_finalize(E810State *s);
void e810_switch_clear(E810State *s);
void e810_switch_vsi_gone(E810State *s, unsigned vsi);
uint16_t e810_switch_rules(E810State *s, uint16_t opcode, unsigned count,
                           uint8_t *buf, unsigned len);
uint16_t e810_switch_res(E810State *s, bool alloc, unsigned count,
                         uint8_t *buf, unsigned len);
uint16_t e810_switch_res_list(E810State *s, E810Desc *d, uint8_t *buf,
                              unsigned len);
void e810_switch_tx(E810State *s, unsigned src, uint8_t *frame, unsigned len,
                    E810Tags *given, bool csum_ok);
void e810_switch_spoof_vlan(E810State *s, unsigned src);
void e810_switch_rx(E810State *s, const uint8_t *frame, unsigned len);

/* e810_recipe.c */
uint16_t e810_recipe_command(E810State *s, E810Desc *d, uint8_t *buf,
                             unsigned len);
uint16_t e810_recipe_res(E810State *s, bool alloc, unsigned n, uint8_t *buf);
void e810_recipe_release(E810State *s);
void e810_recipe_reset(E810State *card);
bool e810_recipe_is_own(E810State *s, unsigned recipe);
bool e810_recipe_rule(E810State *s, unsigned recipe, const uint8_t *hdr,
                      unsigned len, E810RecipeKey *key);
bool e810_recipe_match(E810State *s, unsigned recipe, const E810RecipeKey *key,
                       int prof, const uint16_t *words);

/* e810_vlan.c */
void e810_tags(E810State *s, const uint8_t *f, unsigned len, E810Tags *t);
uint16_t e810_vlan_key(E810State *s, unsigned recipe, const E810Tags *t);
uint16_t e810_vlan_rule_key(E810State *s, unsigned recipe, const uint8_t *hdr);
bool e810_vlan_tx_desc(E810State *s, E810Vsi *v, uint8_t **f, unsigned *len,
                       const uint16_t *l2tag1, const uint16_t *l2tag2,
                       E810Tags *t);
bool e810_vlan_tx_port(E810State *s, E810Vsi *v, uint8_t **f, unsigned *len,
                       E810Tags *t);
unsigned e810_vlan_rx(E810State *s, E810Vsi *v, const uint8_t *f, unsigned len,
                      uint8_t *out, E810Stripped *st);
void e810_vlan_boost(E810State *card, bool tx, const uint8_t *p);
uint16_t e810_vlan_command(E810State *s, E810Desc *d, uint8_t *buf,
                           unsigned len);
uint16_t e810_port_params(E810State *s, E810Desc *d);
void e810_vlan_reset(E810State *card);
void e810_vlan_port_reset(E810State *s);

/* e810_sched.c */
void e810_sched_init(E810State *s);
void e810_sched_finalize(E810State *s);
void e810_sched_reset(E810State *s);
uint16_t e810_sched_command(E810State *s, E810Desc *d, uint8_t *buf,
                            unsigned len);
E810Node *e810_sched_add_leaf(E810State *s, uint32_t parent,
                              const uint8_t *data, uint16_t *rc);
void e810_sched_del_leaf(E810State *s, E810Node *n);
bool e810_sched_has_child(E810State *s, uint32_t parent, E810Node *leaf);
int64_t e810_sched_when(E810State *s, E810Node *leaf, int64_t now);
void e810_sched_charge(E810State *s, E810Node *leaf, int64_t now,
                       unsigned bytes);

/* e810_offload.c */
bool e810_offload_parse(E810Offload *o, uint64_t qw1, uint64_t ctx0,
                        const uint8_t *f, unsigned len);
bool e810_offload_csum(const E810Offload *o, uint8_t *f, unsigned len);
bool e810_offload_can_segment(const E810Offload *o);
void e810_offload_segment(const E810Offload *o, const uint8_t *in,
                          uint8_t *out, unsigned n, unsigned pos,
                          unsigned size, bool last);

/* e810_tx.c */
void e810_tx_init(E810State *s);
void e810_tx_finalize(E810State *s);
uint16_t e810_tx_add(E810State *s, unsigned num_grps, uint8_t *buf,
                     unsigned len);
uint16_t e810_tx_disable(E810State *s, E810Desc *d, uint8_t *buf,
                         unsigned len);
void e810_tx_release(E810State *s, E810TxQ *q);
void e810_tx_set_ctx(E810State *s, E810TxQ *q, const uint8_t *ctx);
void e810_tx_stop_vsi(E810State *s, unsigned vsi);
void e810_tx_doorbell(E810State *s, unsigned q, uint32_t val);

/* e810_rx.c */
void e810_rx_ctrl_write(E810State *s, unsigned q, uint32_t val);
uint32_t e810_rx_ctrl_read(E810State *s, unsigned q);
void e810_rx_tail(E810State *s, unsigned q, uint32_t val);
uint32_t e810_rx_ctx_read(E810State *s, unsigned i);
void e810_rx_ctx_write(E810State *s, unsigned i, uint32_t val);
void e810_rx_stop(E810State *s, unsigned q);
bool e810_rx_flexible(E810State *s, unsigned rxdid);
void e810_rx_flush_vector(E810State *s, unsigned v);
void e810_rx_headers(const uint8_t *f, unsigned len, E810Headers *h);
void e810_rx_deliver(E810State *s, unsigned vsi, const uint8_t *frame,
                     unsigned len, bool loopback, bool csum_ok, int queue,
                     unsigned num_queues);
void e810_rx_report(E810State *s, unsigned vsi, uint16_t status);

#endif
