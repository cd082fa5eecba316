/*
 * Emulated Intel E810: the switch between VSIs and the port
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A rule's MAC address (and VLAN) decides, whatever side a frame comes from.
 * For frames of a VSI, LB_EN and LAN_EN of the rule that they hit say whether
 * they may go to other VSIs and to the port; what hits no rule goes to the
 * port.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "net/eth.h"
#include "e810.h"

#define RULE_HDR_SIZE   16      /* of a lookup element, before header data */
#define RULE_ETH_HDR    16      /* the header that a rule looks at */
#define LIST_HDR_SIZE   8
#define FRAME_MIN       60
#define FRAME_CRC       4

typedef struct E810Dest {
    DECLARE_BITMAP(vsi, E810_NUM_VSI);
    bool any;
    bool lan;
    E810Rule *to_queue;         /* a rule that chooses the queue */
} E810Dest;

/* What recipes make of a frame's tags */
typedef struct VlanKeys {
    uint16_t vlan, mac_vlan, promisc;
} VlanKeys;

static VlanKeys e810_vlan_keys(E810State *s, const uint8_t *frame,
                               unsigned len)
{
    E810Tags t;

    e810_tags(s, frame, len, &t);
    return (VlanKeys) {
        .vlan = e810_vlan_key(s, SW_RECIPE_VLAN, &t),
        .mac_vlan = e810_vlan_key(s, SW_RECIPE_MAC_VLAN, &t),
        .promisc = e810_vlan_key(s, SW_RECIPE_PROMISC_VLAN, &t),
    };
}

static uint64_t e810_mac_key(unsigned recipe, const uint8_t *mac,
                             uint16_t vlan)
{
    return (uint64_t)(recipe == SW_RECIPE_MAC_VLAN) << 63 |
           (uint64_t)vlan << 48 | (uint64_t)lduw_be_p(mac) << 32 |
           (uint32_t)ldl_be_p(mac + 2);
}

static E810Rule *e810_mac_lookup(E810State *s, unsigned recipe,
                                 const uint8_t *mac, uint16_t vlan)
{
    uint64_t key = e810_mac_key(recipe, mac, vlan);

    return g_hash_table_lookup(s->mac_rules, &key);
}

static bool e810_rule_has_vsi(E810State *s, E810Rule *r, unsigned vsi)
{
    unsigned n = SW_ACT_VSI(r->act);

    if (r->act & SW_ACT_LIST) {
        return test_bit(vsi, s->list[n].vsi);
    }
    return n == vsi;
}

static void e810_dest_add(E810State *s, E810Dest *dst, E810Rule *r)
{
    unsigned n = SW_ACT_VSI(r->act);

    if (r->act & SW_ACT_DROP) {
        return;
    }
    if (r->act & SW_ACT_LIST) {
        bitmap_or(dst->vsi, dst->vsi, s->list[n].vsi, E810_NUM_VSI);
        dst->any = true;
    } else if (n < E810_NUM_VSI) {
        set_bit(n, dst->vsi);
        dst->any = true;
    }
}

/* Does @vsi have a filter for this address? */
static bool e810_owns_mac(E810State *s, unsigned vsi, const uint8_t *mac,
                          uint16_t vlan)
{
    E810Rule *r = e810_mac_lookup(s, SW_RECIPE_MAC, mac, 0);

    if (r && e810_rule_has_vsi(s, r, vsi)) {
        return true;
    }
    r = e810_mac_lookup(s, SW_RECIPE_MAC_VLAN, mac, vlan);
    return r && e810_rule_has_vsi(s, r, vsi);
}

static bool e810_in_vlan(E810State *s, unsigned vsi, uint16_t vlan)
{
    E810Rule *r = s->vlan_rule[vlan];

    return r && e810_rule_has_vsi(s, r, vsi);
}

static bool is_bcast(const uint8_t *mac)
{
    return lduw_be_p(mac) == 0xffff && ldl_be_p(mac + 2) == 0xffffffff;
}

/* unicast, multicast or broadcast, as promiscuous rules distinguish them */
static int e810_mac_class(const uint8_t *mac)
{
    return is_bcast(mac) ? 2 : mac[0] & 1;
}

/* Rules without an address of their own. Returns true if one says drop. */
static bool e810_misc_rules(E810State *s, E810Dest *dst, int src,
                            const uint8_t *frame, unsigned len, uint16_t vlan,
                            bool hit)
{
    uint16_t ethertype = lduw_be_p(frame + 12);
    E810Rule *r;

    QTAILQ_FOREACH(r, &s->misc_rules, next) {
        bool tx = r->type == SW_RULE_TX;

        if (tx != (src >= 0)) {
            continue;
        }
        switch (r->recipe) {
        case SW_RECIPE_ETHERTYPE_MAC:
            if (memcmp(r->mac, frame, 6)) {
                continue;
            }
            /* fall through */
        case SW_RECIPE_ETHERTYPE:
            if (r->ethertype != ethertype) {
                continue;
            }
            /* Whatever the source: a dropping rule is for all VSIs */
            if (r->act & SW_ACT_DROP) {
                return true;
            }
            if (tx && r->src != src) {
                continue;
            }
            e810_dest_add(s, dst, r);
            break;
        case SW_RECIPE_PROMISC_VLAN:
            if (r->vlan != vlan) {
                continue;
            }
            /* fall through */
        case SW_RECIPE_PROMISC:
            if (e810_mac_class(r->mac) == e810_mac_class(frame)) {
                e810_dest_add(s, dst, r);
            }
            break;
        case SW_RECIPE_DFLT:
            if (!hit && (!tx || r->src == src)) {
                e810_dest_add(s, dst, r);
            }
            break;
        }
    }
    return false;
}

/* The queue that a rule names as the card numbers them, of this PF, or -1 */
static int e810_act_queue(E810State *s, uint32_t act)
{
    unsigned q = SW_ACT_QUEUE(act) - s->rxqs.first;

    return q < s->rxqs.num && s->rxq[q].vsi != E810_NO_VSI ? q : -1;
}

static bool e810_to_queue(uint32_t act)
{
    return (act & SW_ACT_TYPE) == SW_ACT_TO_QUEUE;
}

/*
 * Rules of recipes that drivers have made: the one of the highest priority
 * counts, beside those of firmware's recipes. Returns true if it says drop.
 */
static bool e810_own_rules(E810State *s, E810Dest *dst, int src,
                           const uint8_t *frame, unsigned len)
{
    uint16_t words[E810_SW_FV_WORDS];
    E810Rule *r, *best = NULL;
    E810Headers h;
    int prof, q;

    if (QTAILQ_EMPTY(&s->own_rules)) {
        return false;
    }
    e810_rx_headers(frame, len, &h);
    prof = e810_flex_switch(s, &h, frame, len, words);
    QTAILQ_FOREACH(r, &s->own_rules, next) {
        if ((r->type == SW_RULE_TX ? r->src == src : src < 0) &&
            r->gen == s->card->recipe_gen[r->recipe] &&
            e810_recipe_match(s, r->recipe, &r->key, prof, words) &&
            (!best || r->key.prio > best->key.prio)) {
            best = r;
        }
    }
    if (!best) {
        return false;
    }
    if (!e810_to_queue(best->act)) {
        e810_dest_add(s, dst, best);
        return best->act & SW_ACT_DROP;
    }
    q = e810_act_queue(s, best->act);
    if (q >= 0) {
        set_bit(s->rxq[q].vsi, dst->vsi);
        dst->any = true;
        dst->to_queue = best;
    }
    return false;
}

/* Add a frame to the packet counter of its class */
static void e810_count(const uint8_t *frame, uint64_t *unicast,
                       uint64_t *multicast, uint64_t *broadcast)
{
    switch (e810_mac_class(frame)) {
    case 0:
        (*unicast)++;
        break;
    case 1:
        (*multicast)++;
        break;
    default:
        (*broadcast)++;
        break;
    }
}

/* Octets with the CRC; those that a VSI sends are counted without it */
static void e810_count_rx(E810VsiStats *st, const uint8_t *frame, unsigned len)
{
    st->gorc += MAX(len, FRAME_MIN) + FRAME_CRC;
    e810_count(frame, &st->uprc, &st->mprc, &st->bprc);
}

static void e810_count_tx(E810VsiStats *st, const uint8_t *frame, unsigned len)
{
    st->gotc += len;
    e810_count(frame, &st->uptc, &st->mptc, &st->bptc);
}

/* Packets by size: up to 64, 127, 255, 511, 1023, 1522 bytes, and above */
static void e810_count_size(uint64_t *sizes, unsigned octets)
{
    static const unsigned limits[] = { 64, 127, 255, 511, 1023, 1522 };
    unsigned i = 0;

    QEMU_BUILD_BUG_ON(ARRAY_SIZE(limits) != E810_NUM_SIZES - 1);
    while (i < ARRAY_SIZE(limits) && octets > limits[i]) {
        i++;
    }
    sizes[i]++;
}

static void e810_count_port_rx(E810PortStats *st, const uint8_t *frame,
                               unsigned len)
{
    unsigned octets = MAX(len, FRAME_MIN) + FRAME_CRC;

    st->gorc += octets;
    e810_count(frame, &st->uprc, &st->mprc, &st->bprc);
    e810_count_size(st->prc, octets);
}

static void e810_count_port_tx(E810PortStats *st, const uint8_t *frame,
                               unsigned len)
{
    st->gotc += len + FRAME_CRC;
    e810_count(frame, &st->uptc, &st->mptc, &st->bptc);
    e810_count_size(st->ptc, len + FRAME_CRC);
}

static void e810_deliver(E810State *s, E810Dest *dst, int src,
                         const uint8_t *frame, unsigned len,
                         const VlanKeys *keys, bool csum_ok)
{
    int queue = dst->to_queue ? e810_act_queue(s, dst->to_queue->act) : -1;
    unsigned n, num = queue < 0 ? 1 : 1 << SW_ACT_REGION(dst->to_queue->act);

    for (n = find_first_bit(dst->vsi, E810_NUM_VSI); n < E810_NUM_VSI;
         n = find_next_bit(dst->vsi, E810_NUM_VSI, n + 1)) {
        E810Vsi *v = &s->vsi[n];

        if (!e810_vsi_live(s, n)) {
            continue;
        }
        if (n == src && !(v->ctx[VSI_CTX_SW_FLAGS] & VSI_SW_LOCAL_LB)) {
            continue;
        }
        /*
         * What a VSI sent itself does not come back from outside. A group is
         * nobody's source: ice's loopback test sends from the broadcast address.
         */
        if (n != src && (v->ctx[VSI_CTX_SW_FLAGS] & VSI_SW_SRC_PRUNE) &&
            !(frame[6] & 1) && e810_owns_mac(s, n, frame + 6, keys->mac_vlan)) {
            s->cnt.drop_prune++;
            continue;
        }
        if ((v->ctx[VSI_CTX_SW_FLAGS2] & VSI_SW2_RX_VLAN_PRUNE) &&
            !e810_in_vlan(s, n, keys->vlan)) {
            s->cnt.drop_vlan++;
            continue;
        }
        e810_count_rx(&v->stats, frame, len);
        if (src >= 0) {
            s->cnt.loopback++;
        }
        e810_rx_deliver(s, n, frame, len, src >= 0, csum_ok,
                        queue >= 0 && s->rxq[queue].vsi == n ? queue : -1, num);
    }
}

/* VSI @src sent a frame with a tag, or without, that it may not have */
void e810_switch_spoof_vlan(E810State *s, unsigned src)
{
    s->cnt.spoof_vlan++;
    s->vsi[src].stats.tepc++;
}

/*
 * A frame that VSI @src sends, with the tags @given by its driver. There are 8
 * writable bytes in front of it and at least FRAME_MIN in the buffer.
 */
void e810_switch_tx(E810State *s, unsigned src, uint8_t *frame, unsigned len,
                    E810Tags *given, bool csum_ok)
{
    E810Vsi *v = &s->vsi[src];
    E810Dest dst = {};
    bool local, hit;
    VlanKeys keys;
    E810Rule *r;

    s->cnt.tx_packets++;
    s->work++;

    if (!e810_vlan_tx_port(s, v, &frame, &len, given)) {
        e810_switch_spoof_vlan(s, src);
        return;
    }
    keys = e810_vlan_keys(s, frame, len);

    if (len < FRAME_MIN) {
        memset(frame + len, 0, FRAME_MIN - len);
        len = FRAME_MIN;
    }
    if ((v->ctx[VSI_CTX_SEC_FLAGS] & VSI_SEC_MAC_ANTI_SPOOF) &&
        !e810_owns_mac(s, src, frame + 6, keys.mac_vlan)) {
        s->cnt.spoof_mac++;
        v->stats.tepc++;
        return;
    }
    if ((v->ctx[VSI_CTX_SEC_FLAGS] & VSI_SEC_TX_VLAN_PRUNE) &&
        !e810_in_vlan(s, src, keys.vlan)) {
        e810_switch_spoof_vlan(s, src);
        return;
    }

    r = e810_mac_lookup(s, SW_RECIPE_MAC_VLAN, frame, keys.mac_vlan);
    if (!r) {
        r = e810_mac_lookup(s, SW_RECIPE_MAC, frame, 0);
    }
    hit = r;
    local = v->ctx[VSI_CTX_SW_FLAGS] & VSI_SW_ALLOW_LB;
    dst.lan = v->ctx[VSI_CTX_SW_FLAGS2] & VSI_SW2_LAN_ENA;
    if (r && (r->act & SW_ACT_DROP)) {
        return;
    }
    if (r && local) {
        if (r->act & SW_ACT_LB_EN) {
            e810_dest_add(s, &dst, r);
        }
        dst.lan = dst.lan && (r->act & SW_ACT_LAN_EN);
    }
    if (e810_misc_rules(s, &dst, src, frame, len, keys.promisc, hit) ||
        e810_own_rules(s, &dst, src, frame, len)) {
        s->cnt.drop_prune++;
        v->stats.tepc++;
        return;
    }

    e810_count_tx(&v->stats, frame, len);
    if (local && dst.any) {
        e810_deliver(s, &dst, src, frame, len, &keys, csum_ok);
    }
    if (dst.lan) {
        s->cnt.uplink_tx++;
        if (qemu_get_queue(s->nic)->link_down) {
            s->port.tdold++;
        } else {
            e810_count_port_tx(&s->port, frame, len);
        }
        if (s->mac_loopback) {
            e810_switch_rx(s, frame, len);
        } else {
            qemu_send_packet(qemu_get_queue(s->nic), frame, len);
        }
    }
}

/* A frame from the port */
void e810_switch_rx(E810State *s, const uint8_t *frame, unsigned len)
{
    E810Dest dst = {};
    VlanKeys keys;
    E810Rule *r;

    s->cnt.uplink_rx++;
    if (len + FRAME_CRC > s->max_frame) {
        s->cnt.drop_oversize++;
        s->port.roc++;
        return;
    }
    e810_count_port_rx(&s->port, frame, len);
    keys = e810_vlan_keys(s, frame, len);
    r = e810_mac_lookup(s, SW_RECIPE_MAC_VLAN, frame, keys.mac_vlan);
    if (!r) {
        r = e810_mac_lookup(s, SW_RECIPE_MAC, frame, 0);
    }
    if (r) {
        e810_dest_add(s, &dst, r);
    }
    if (e810_misc_rules(s, &dst, -1, frame, len, keys.promisc, r) ||
        e810_own_rules(s, &dst, -1, frame, len)) {
        s->cnt.drop_prune++;
        return;
    }
    if (!dst.any) {
        s->cnt.drop_no_match++;
        return;
    }
    e810_deliver(s, &dst, -1, frame, len, &keys, false);
}

static void e810_rule_unlink(E810State *s, E810Rule *r)
{
    uint64_t key;

    switch (r->recipe) {
    case SW_RECIPE_MAC:
    case SW_RECIPE_MAC_VLAN:
        key = e810_mac_key(r->recipe, r->mac, r->vlan);
        g_hash_table_remove(s->mac_rules, &key);
        break;
    case SW_RECIPE_VLAN:
        s->vlan_rule[r->vlan] = NULL;
        break;
    case E810_FW_RECIPES ... E810_NUM_RECIPES - 1:
        QTAILQ_REMOVE(&s->own_rules, r, next);
        break;
    default:
        QTAILQ_REMOVE(&s->misc_rules, r, next);
        break;
    }
    s->rule[r->index] = NULL;
    g_free(r);
}

static bool e810_act_ok(E810State *s, unsigned recipe, uint32_t act)
{
    unsigned n = SW_ACT_VSI(act);

    if (recipe >= E810_FW_RECIPES && e810_to_queue(act)) {
        return e810_act_queue(s, act) >= 0;
    }
    /* VLAN rules prune: they say who is in it and do not forward */
    if (recipe == SW_RECIPE_VLAN) {
        if ((act & SW_ACT_TYPE) != SW_ACT_PRUNE || (act & SW_ACT_DROP)) {
            return false;
        }
    } else if ((act & SW_ACT_TYPE) || !(act & (SW_ACT_VALID | SW_ACT_DROP))) {
        /* Forwarding to a VSI or a list, or dropping; no other is modelled */
        return false;
    }
    if (act & SW_ACT_DROP) {
        return true;
    }
    return act & SW_ACT_LIST ? n < E810_MAX_LISTS && s->list[n].type :
                               e810_vsi_get(s, n) != NULL;
}

/* Two rules of the same lookup cannot be */
static bool e810_rule_exists(E810State *s, E810Rule *r)
{
    E810Rule *o;

    switch (r->recipe) {
    case SW_RECIPE_MAC:
    case SW_RECIPE_MAC_VLAN:
        return e810_mac_lookup(s, r->recipe, r->mac, r->vlan);
    case SW_RECIPE_VLAN:
        return s->vlan_rule[r->vlan];
    }
    QTAILQ_FOREACH(o, &s->own_rules, next) {
        if (o->recipe == r->recipe && o->type == r->type && o->src == r->src &&
            o->gen == r->gen && !memcmp(&o->key, &r->key, sizeof(o->key))) {
            return true;
        }
    }
    QTAILQ_FOREACH(o, &s->misc_rules, next) {
        bool same_class = e810_mac_class(o->mac) == e810_mac_class(r->mac);
        bool same_mac = !memcmp(o->mac, r->mac, 6);

        if (o->recipe == r->recipe && o->type == r->type && o->src == r->src &&
            (r->recipe != SW_RECIPE_PROMISC || same_class) &&
            (r->recipe != SW_RECIPE_PROMISC_VLAN ||
             (same_class && o->vlan == r->vlan)) &&
            (r->recipe != SW_RECIPE_ETHERTYPE ||
             o->ethertype == r->ethertype) &&
            (r->recipe != SW_RECIPE_ETHERTYPE_MAC ||
             (o->ethertype == r->ethertype && same_mac))) {
            return true;
        }
    }
    return false;
}

static uint16_t e810_rule_add(E810State *s, uint8_t *e, unsigned len)
{
    unsigned hlen = lduw_le_p(e + 14);
    const uint8_t *hdr = e + RULE_HDR_SIZE;
    E810Rule rule = {
        .type = lduw_le_p(e),
        .recipe = lduw_le_p(e + 4),
        .src = lduw_le_p(e + 6),
        .act = ldl_le_p(e + 8),
    }, *r;
    unsigned index;
    uint64_t *key;

    if ((hlen != RULE_ETH_HDR && rule.recipe < E810_FW_RECIPES) ||
        hlen < RULE_ETH_HDR || !e810_act_ok(s, rule.recipe, rule.act) ||
        (rule.type == SW_RULE_TX && rule.src >= E810_NUM_VSI)) {
        return AQ_RC_EINVAL;
    }
    memcpy(rule.mac, hdr, 6);
    rule.ethertype = lduw_be_p(hdr + 12);

    switch (rule.recipe) {
    case SW_RECIPE_MAC:
    case SW_RECIPE_PROMISC:
    case SW_RECIPE_DFLT:
    case SW_RECIPE_ETHERTYPE:
    case SW_RECIPE_ETHERTYPE_MAC:
        break;
    case SW_RECIPE_MAC_VLAN:
    case SW_RECIPE_VLAN:
    case SW_RECIPE_PROMISC_VLAN:
        rule.vlan = e810_vlan_rule_key(s, rule.recipe, hdr);
        break;
    default:
        if (!e810_recipe_is_own(s, rule.recipe) ||
            !e810_recipe_rule(s, rule.recipe, hdr, hlen, &rule.key)) {
            return AQ_RC_EINVAL;
        }
        rule.gen = s->card->recipe_gen[rule.recipe];
        break;
    }
    if (e810_rule_exists(s, &rule)) {
        return AQ_RC_EEXIST;
    }
    for (index = 1; index < E810_MAX_RULES && s->rule[index]; index++) {
        continue;
    }
    if (index == E810_MAX_RULES) {
        return AQ_RC_ENOSPC;
    }

    rule.index = index;
    r = g_memdup2(&rule, sizeof(rule));
    s->rule[index] = r;
    switch (r->recipe) {
    case SW_RECIPE_MAC:
    case SW_RECIPE_MAC_VLAN:
        key = g_new(uint64_t, 1);
        *key = e810_mac_key(r->recipe, r->mac, r->vlan);
        g_hash_table_insert(s->mac_rules, key, r);
        break;
    case SW_RECIPE_VLAN:
        s->vlan_rule[r->vlan] = r;
        break;
    case E810_FW_RECIPES ... E810_NUM_RECIPES - 1:
        QTAILQ_INSERT_TAIL(&s->own_rules, r, next);
        break;
    default:
        QTAILQ_INSERT_TAIL(&s->misc_rules, r, next);
        break;
    }
    stw_le_p(e + 12, index);
    return AQ_RC_OK;
}

static uint16_t e810_rule_element(E810State *s, uint16_t opcode, uint8_t *e,
                                  unsigned len)
{
    unsigned index = lduw_le_p(e + 12);
    uint32_t act = ldl_le_p(e + 8);
    E810Rule *r;

    if (opcode == 0x02a0) {
        return e810_rule_add(s, e, len);
    }
    /* These find the rule by its index, and take no header */
    if (lduw_le_p(e + 14) || (opcode == 0x02a2 && act)) {
        return AQ_RC_EINVAL;
    }
    r = index < E810_MAX_RULES ? s->rule[index] : NULL;
    if (!r) {
        return AQ_RC_ENOENT;
    }
    if (opcode == 0x02a2) {
        e810_rule_unlink(s, r);
        return AQ_RC_OK;
    }
    if (!e810_act_ok(s, r->recipe, act)) {
        return AQ_RC_EINVAL;
    }
    r->act = act;
    return AQ_RC_OK;
}

static uint16_t e810_list_element(E810State *s, uint16_t opcode, uint8_t *e,
                                  unsigned type)
{
    unsigned index = lduw_le_p(e + 4), n = lduw_le_p(e + 6), i;
    bool set = type == SW_RULE_LIST_SET || type == SW_RULE_PRUNE_SET;

    if (index >= E810_MAX_LISTS || !s->list[index].type) {
        return AQ_RC_ENOENT;
    }
    for (i = 0; i < n; i++) {
        unsigned vsi = lduw_le_p(e + LIST_HDR_SIZE + 2 * i) & 0x3ff;

        if (vsi >= E810_NUM_VSI || (set && !s->vsi[vsi].valid)) {
            return AQ_RC_EINVAL;
        }
    }
    for (i = 0; i < n; i++) {
        unsigned vsi = lduw_le_p(e + LIST_HDR_SIZE + 2 * i) & 0x3ff;

        if (set && opcode != 0x02a2) {
            set_bit(vsi, s->list[index].vsi);
        } else {
            clear_bit(vsi, s->list[index].vsi);
        }
    }
    return AQ_RC_OK;
}

/* 0x02A0 add, 0x02A1 update, 0x02A2 remove: elements of varying size */
uint16_t e810_switch_rules(E810State *s, uint16_t opcode, unsigned count,
                           uint8_t *buf, unsigned len)
{
    uint16_t rc = AQ_RC_OK, ret;
    unsigned i, pos = 0, size, type;

    if (!buf || !count) {
        return AQ_RC_EINVAL;
    }
    for (i = 0; i < count; i++) {
        uint8_t *e = buf + pos;

        if (len - pos < LIST_HDR_SIZE) {
            return AQ_RC_EINVAL;
        }
        type = lduw_le_p(e);
        switch (type) {
        case SW_RULE_RX:
        case SW_RULE_TX:
            if (len - pos < RULE_HDR_SIZE) {
                return AQ_RC_EINVAL;
            }
            size = RULE_HDR_SIZE + lduw_le_p(e + 14);
            if (size > len - pos) {
                return AQ_RC_EINVAL;
            }
            ret = e810_rule_element(s, opcode, e, size);
            break;
        case SW_RULE_LIST_SET:
        case SW_RULE_LIST_CLEAR:
        case SW_RULE_PRUNE_SET:
        case SW_RULE_PRUNE_CLEAR:
            size = LIST_HDR_SIZE + 2 * lduw_le_p(e + 6);
            if (size > len - pos) {
                return AQ_RC_EINVAL;
            }
            ret = e810_list_element(s, opcode, e, type);
            break;
        default:
            return AQ_RC_EINVAL;
        }
        stw_le_p(e + 2, ret);
        if (ret) {
            rc = ret;
        }
        pos += size;
    }
    return rc;
}

/* 0x0208 and 0x0209 */
uint16_t e810_switch_res(E810State *s, bool alloc, unsigned count,
                         uint8_t *buf, unsigned len)
{
    unsigned type, n, i, j, free = 0;

    if (!buf || len < 4) {
        return AQ_RC_EINVAL;
    }
    type = lduw_le_p(buf) & 0x7f;
    n = lduw_le_p(buf + 2);
    if (type >= SW_RES_FD_GUAR) {
        return n ? e810_flex_res(s, alloc, lduw_le_p(buf), n, buf, len) :
                   AQ_RC_EINVAL;
    }
    if (!n || 4 + 2 * n > len) {
        return AQ_RC_EINVAL;
    }
    if (type == SW_RES_FD_COUNTER) {
        /* a block of counters of the flow director: each PF has its own */
        for (i = 0; alloc && i < n; i++) {
            stw_le_p(buf + 4 + 2 * i, i);
        }
        return AQ_RC_OK;
    }
    if (type == SW_RES_RECIPE) {
        return e810_recipe_res(s, alloc, n, buf);
    }
    if (type != SW_RES_LIST_REP && type != SW_RES_LIST_PRUNE) {
        return AQ_RC_EINVAL;
    }
    /* All of them or none: a driver that is refused gives nothing back */
    for (j = 1; j < E810_MAX_LISTS; j++) {
        free += !s->list[j].type;
    }
    if (alloc && n > free) {
        return AQ_RC_ENOSPC;
    }
    for (i = 0; !alloc && i < n; i++) {
        j = lduw_le_p(buf + 4 + 2 * i);
        if (j >= E810_MAX_LISTS || s->list[j].type != type) {
            return AQ_RC_ENOENT;
        }
    }
    for (i = 0; i < n; i++) {
        if (!alloc) {
            j = lduw_le_p(buf + 4 + 2 * i);
            memset(&s->list[j], 0, sizeof(s->list[j]));
            continue;
        }
        for (j = 1; s->list[j].type; j++) {
            continue;
        }
        s->list[j].type = type;
        stw_le_p(buf + 4 + 2 * i, j);
    }
    return AQ_RC_OK;
}

/*
 * 0x020A: which ones of a type are taken. VSI lists are all that is kept;
 * nothing else that drivers ask for can be taken, or is remembered.
 */
uint16_t e810_switch_res_list(E810State *s, E810Desc *d, uint8_t *buf,
                              unsigned len)
{
    unsigned type = le16_to_cpu(d->w[0]) & 0x7f, i = le16_to_cpu(d->w[1]);
    unsigned n = 0;

    if (!buf || len < 2) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    d->w[1] = 0;
    if (type == SW_RES_LIST_REP || type == SW_RES_LIST_PRUNE) {
        for (; i < E810_MAX_LISTS; i++) {
            if (s->list[i].type != type) {
                continue;
            }
            if (2 * (n + 1) > len) {
                d->w[1] = cpu_to_le16(i);
                break;
            }
            stw_le_p(buf + 2 * n++, i);
        }
    }
    d->w[2] = cpu_to_le16(n);
    return AQ_RC_OK;
}

void e810_switch_clear(E810State *s)
{
    int i;

    for (i = 0; i < E810_MAX_RULES; i++) {
        if (s->rule[i]) {
            e810_rule_unlink(s, s->rule[i]);
        }
    }
    memset(s->list, 0, sizeof(s->list));
}

/*
 * A VSI is freed. A rule that drops what it sends goes with it; one that
 * forwards to it is the driver's to remove, and stays.
 */
void e810_switch_vsi_gone(E810State *s, unsigned vsi)
{
    int i;

    for (i = 0; i < E810_MAX_RULES; i++) {
        E810Rule *r = s->rule[i];

        if (r && r->type == SW_RULE_TX && (r->act & SW_ACT_DROP) &&
            r->src == vsi) {
            e810_rule_unlink(s, r);
        }
    }
}

void e810_switch_init(E810State *s)
{
    QTAILQ_INIT(&s->misc_rules);
    QTAILQ_INIT(&s->own_rules);
    s->mac_rules = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                         g_free, NULL);
}

void e810_switch_finalize(E810State *s)
{
    e810_switch_clear(s);
    g_clear_pointer(&s->mac_rules, g_hash_table_destroy);
}
