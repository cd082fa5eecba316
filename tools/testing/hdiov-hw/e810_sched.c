/*
 * Emulated Intel E810: Tx scheduler tree and rate limits
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Nodes are kept as software configures them. Of their configuration only the
 * rate limit profiles (excess and shared) have an effect: each limited node is
 * a token bucket for all queues below it. Weights and priorities are stored.
 */

#include "qemu/osdep.h"
#include "e810.h"

enum {
    ELEM_ROOT_PORT = 1, ELEM_TC, ELEM_GENERIC, ELEM_ENTRY_POINT, ELEM_LEAF,
};

/* bytes of a node's configuration */
#define ELEM_TYPE       0
#define ELEM_VALID      1
#define   ELEM_VALID_GENERIC BIT(0)
#define   ELEM_VALID_CIR     BIT(1)
#define   ELEM_VALID_EIR     BIT(2)
#define   ELEM_VALID_SHARED  BIT(3)
#define ELEM_GENERIC_B  2
#define ELEM_FLAGS      3
#define   ELEM_SUSPEND       BIT(0)
#define ELEM_CIR        4
#define ELEM_EIR        8
#define ELEM_SRL        12
#define ELEM_SIZE       16
#define NODE_SIZE       24      /* parent, TEID, configuration */

#define SCHED_ENTRY     2       /* level of software's entry point */
/*
 * As in the factory's tree of nine layers, and as in the flat one of five that
 * software may choose instead (Linux: devlink/ice.rst)
 */
#define SCHED_MAX_CHILDREN 8
#define SCHED_MAX_CHILDREN_FLAT 512
/* Layers of the factory's tree that the flat one goes without; unknown which */
#define SCHED_FLATTENED 0x78
/* Unknown; enough for a node for each of the card's VSIs */
#define SCHED_MAX_NODES 1024
#define RL_PROF_SIZE    12
#define RL_CLOCK_HZ     446428571ULL    /* as GLGEN_CLKSTAT_SRC says */
#define RL_TS_MULTIPLIER 32

static E810Node *e810_node(E810State *s, uint32_t teid)
{
    return g_hash_table_lookup(s->nodes, GUINT_TO_POINTER(teid));
}

static unsigned e810_level_nodes(E810State *s, unsigned level)
{
    return level == s->sched_layers - 1 ? E810_NUM_TXQ + 1 : SCHED_MAX_NODES;
}

/* How many children a node may have */
static unsigned e810_max_children(E810State *s, unsigned level)
{
    return level && s->sched_layers != E810_SCHED_LEVELS ?
           SCHED_MAX_CHILDREN_FLAT : SCHED_MAX_CHILDREN;
}

static E810Node *e810_node_add(E810State *s, E810Node *parent,
                               const uint8_t *data)
{
    unsigned level = parent ? parent->level + 1 : 0;
    E810Node *n;

    if (s->num_nodes[level] >= e810_level_nodes(s, level) ||
        (parent &&
         parent->children >= e810_max_children(s, parent->level))) {
        return NULL;
    }
    s->num_nodes[level]++;
    n = g_new0(E810Node, 1);
    do {
        n->teid = s->next_teid++;
    } while (!n->teid || e810_node(s, n->teid));
    n->parent = parent;
    n->level = level;
    memcpy(n->data, data, ELEM_SIZE);
    if (parent) {
        parent->children++;
    }
    g_hash_table_insert(s->nodes, GUINT_TO_POINTER(n->teid), n);
    return n;
}

static void e810_node_del(E810State *s, E810Node *n)
{
    if (n->parent) {
        n->parent->children--;
    }
    s->num_nodes[n->level]--;
    g_hash_table_remove(s->nodes, GUINT_TO_POINTER(n->teid));
}

static void e810_node_put(E810Node *n, uint8_t *out)
{
    stl_le_p(out, n->parent ? n->parent->teid : UINT32_MAX);
    stl_le_p(out + 4, n->teid);
    memcpy(out + 8, n->data, ELEM_SIZE);
}

/* Sections that the driver says are valid; type and flags are firmware's */
static void e810_node_cfg(E810Node *n, const uint8_t *data)
{
    uint8_t valid = data[ELEM_VALID];

    n->data[ELEM_VALID] |= valid;
    if (valid & ELEM_VALID_GENERIC) {
        n->data[ELEM_GENERIC_B] = data[ELEM_GENERIC_B];
    }
    if (valid & ELEM_VALID_CIR) {
        memcpy(n->data + ELEM_CIR, data + ELEM_CIR, 4);
    }
    if (valid & ELEM_VALID_EIR) {
        memcpy(n->data + ELEM_EIR, data + ELEM_EIR, 4);
    }
    if (valid & ELEM_VALID_SHARED) {
        memcpy(n->data + ELEM_SRL, data + ELEM_SRL, 2);
    }
}

void e810_sched_reset(E810State *s)
{
    E810Node *n = NULL;
    int i;

    g_hash_table_remove_all(s->nodes);
    memset(s->num_nodes, 0, sizeof(s->num_nodes));
    memset(s->rl, 0, sizeof(s->rl));
    s->next_teid = 1;
    /* port, traffic class, entry point, then down to the default queue */
    for (i = 0; i < s->sched_layers; i++) {
        uint8_t data[ELEM_SIZE] = {
            [ELEM_TYPE] = i == 0 ? ELEM_ROOT_PORT : i == 1 ? ELEM_TC :
                          i == SCHED_ENTRY ? ELEM_ENTRY_POINT :
                          i == s->sched_layers - 1 ? ELEM_LEAF : ELEM_GENERIC,
            [ELEM_VALID] = ELEM_VALID_GENERIC | ELEM_VALID_CIR |
                           ELEM_VALID_EIR,
        };

        stw_le_p(data + ELEM_CIR + 2, 4);
        stw_le_p(data + ELEM_EIR + 2, 4);
        n = e810_node_add(s, n, data);
    }
}

void e810_sched_init(E810State *s)
{
    s->nodes = g_hash_table_new_full(g_direct_hash, g_direct_equal,
                                     NULL, g_free);
}

void e810_sched_finalize(E810State *s)
{
    g_clear_pointer(&s->nodes, g_hash_table_destroy);
}

E810Node *e810_sched_add_leaf(E810State *s, uint32_t parent,
                              const uint8_t *data, uint16_t *rc)
{
    E810Node *p = e810_node(s, parent);
    uint8_t leaf[ELEM_SIZE];
    E810Node *n;

    if (!p) {
        *rc = AQ_RC_ENOENT;
        return NULL;
    }
    memcpy(leaf, data, ELEM_SIZE);
    leaf[ELEM_TYPE] = ELEM_LEAF;
    leaf[ELEM_FLAGS] = 0;
    /*
     * iPXE names the default leaf as the parent: firmware then puts the
     * queue beside it.
     */
    if (p->data[ELEM_TYPE] == ELEM_LEAF) {
        p = p->parent;
    }
    n = e810_node_add(s, p, leaf);
    if (n) {
        n->queue = true;
        n->limited = lduw_le_p(leaf + ELEM_EIR) || lduw_le_p(leaf + ELEM_SRL);
    }
    *rc = n ? AQ_RC_OK : AQ_RC_ENOSPC;
    return n;
}

void e810_sched_del_leaf(E810State *s, E810Node *n)
{
    e810_node_del(s, n);
}

/* Does TEID @parent, as a driver names it, stand above @leaf? */
bool e810_sched_has_child(E810State *s, uint32_t parent, E810Node *leaf)
{
    E810Node *p = e810_node(s, parent);

    if (p && p->data[ELEM_TYPE] == ELEM_LEAF) {
        p = p->parent;
    }
    return p && leaf->parent == p;
}

static uint64_t e810_node_rate(E810State *s, E810Node *n)
{
    uint64_t rate = 0;
    int i;

    for (i = 0; i < ARRAY_SIZE(s->rl); i++) {
        E810RlProfile *rl = &s->rl[i];
        unsigned id;

        if (!rl->bps || rl->type == 0) {
            continue;
        }
        id = lduw_le_p(n->data + (rl->type == 1 ? ELEM_EIR : ELEM_SRL));
        if (rl->id == id && rl->level == n->level + 1 &&
            (n->data[ELEM_VALID] & (rl->type == 1 ? ELEM_VALID_EIR :
                                    ELEM_VALID_SHARED))) {
            rate = rate ? MIN(rate, rl->bps) : rl->bps;
        }
    }
    return rate;
}

/* When the queue at @leaf may send: at once, or a time to come */
int64_t e810_sched_when(E810State *s, E810Node *leaf, int64_t now)
{
    int64_t when = now;
    E810Node *n;

    for (n = leaf; n; n = n->parent) {
        when = MAX(when, n->next_send);
    }
    return when;
}

void e810_sched_charge(E810State *s, E810Node *leaf, int64_t now,
                       unsigned bytes)
{
    E810Node *n;

    for (n = leaf; n; n = n->parent) {
        uint64_t bps = n->limited ? e810_node_rate(s, n) : 0;

        n->next_send = bps ? MAX(n->next_send, now) +
                       bytes * 8ULL * NANOSECONDS_PER_SECOND / bps : 0;
    }
}

/* Only the rate of nodes that refer to some profile is looked up later */
static void e810_node_mark(E810State *s, E810Node *n)
{
    n->limited = e810_node_rate(s, n) != 0;
    if (!n->limited) {
        n->next_send = 0;
    }
}

static void e810_sched_mark(E810State *s)
{
    GHashTableIter iter;
    E810Node *n;

    g_hash_table_iter_init(&iter, s->nodes);
    while (g_hash_table_iter_next(&iter, NULL, (void **)&n)) {
        e810_node_mark(s, n);
    }
}

static uint16_t e810_sched_topo(E810State *s, E810Desc *d, uint8_t *buf,
                                unsigned len)
{
    int i;

    if (len < 8 + E810_SCHED_LEVELS * NODE_SIZE) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    stl_le_p(buf, UINT32_MAX);
    stw_le_p(buf + 4, s->sched_layers);
    for (i = 0; i < s->sched_layers; i++) {
        E810Node *n = e810_node(s, i + 1);

        if (n) {
            e810_node_put(n, buf + 8 + i * NODE_SIZE);
        }
    }
    d->raw[1] = 1;
    return AQ_RC_OK;
}

static uint16_t e810_sched_res(E810State *s, uint8_t *buf, unsigned len)
{
    int i;

    if (len < 32 + E810_SCHED_LEVELS * 32) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    stw_le_p(buf, E810_SCHED_LEVELS);
    stw_le_p(buf + 2, s->sched_layers);
    buf[4] = s->sched_layers == E810_SCHED_LEVELS ? 0 : SCHED_FLATTENED;
    buf[5] = 8;
    buf[6] = 8;
    for (i = 0; i < s->sched_layers; i++) {
        uint8_t *l = buf + 32 + i * 32;

        l[0] = i;
        l[1] = 8;
        stw_le_p(l + 2, e810_level_nodes(s, i));
        stw_le_p(l + 4, e810_level_nodes(s, i));
        stw_le_p(l + 10, e810_max_children(s, MAX(i, 1) - 1));
        stw_le_p(l + 12, ARRAY_SIZE(((E810State *)0)->rl) / 2);
        stw_le_p(l + 14, ARRAY_SIZE(((E810State *)0)->rl) / 2);
        stw_le_p(l + 16, ARRAY_SIZE(((E810State *)0)->rl) / 2);
    }
    return AQ_RC_OK;
}

/* 0x0401: groups of new nodes, each group below one parent */
static uint16_t e810_sched_add(E810State *s, E810Desc *d, uint8_t *buf,
                               unsigned len)
{
    unsigned grps = le16_to_cpu(d->w[0]), pos = 0, g, i, n, done = 0;
    E810Node *parent, *node;
    uint16_t rc = AQ_RC_OK;

    for (g = 0; g < grps && rc == AQ_RC_OK; g++) {
        if (pos + 8 > len) {
            return AQ_RC_EINVAL;
        }
        parent = e810_node(s, ldl_le_p(buf + pos));
        n = lduw_le_p(buf + pos + 4);
        pos += 8;
        if (!parent || parent->data[ELEM_TYPE] == ELEM_LEAF) {
            rc = AQ_RC_ENOENT;
            break;
        }
        if (!n || n * NODE_SIZE > len - pos ||
            parent->level + 2 >= s->sched_layers) {
            rc = AQ_RC_EINVAL;
            break;
        }
        if (n > e810_max_children(s, parent->level) - parent->children ||
            n > SCHED_MAX_NODES - s->num_nodes[parent->level + 1]) {
            rc = AQ_RC_ENOSPC;
            break;
        }
        for (i = 0; i < n; i++, pos += NODE_SIZE) {
            uint8_t data[ELEM_SIZE];

            memcpy(data, buf + pos + 8, ELEM_SIZE);
            data[ELEM_TYPE] = ELEM_GENERIC;
            data[ELEM_FLAGS] = 0;
            node = e810_node_add(s, parent, data);
            e810_node_mark(s, node);
            e810_node_put(node, buf + pos);
        }
        done++;
    }
    d->w[1] = cpu_to_le16(done);
    return rc;
}

/* 0x040F: groups of nodes to delete; each must be empty */
static uint16_t e810_sched_delete(E810State *s, E810Desc *d, uint8_t *buf,
                                  unsigned len)
{
    unsigned grps = le16_to_cpu(d->w[0]), pos = 0, g, i, n, done = 0;

    for (g = 0; g < grps; g++) {
        uint32_t parent;

        if (pos + 8 > len) {
            return AQ_RC_EINVAL;
        }
        parent = ldl_le_p(buf + pos);
        n = lduw_le_p(buf + pos + 4);
        pos += 8;
        if (!n || n * 4 > len - pos) {
            return AQ_RC_EINVAL;
        }
        for (i = 0; i < n; i++, pos += 4) {
            E810Node *node = e810_node(s, ldl_le_p(buf + pos));

            if (!node || !node->parent || node->parent->teid != parent) {
                return AQ_RC_ENOENT;
            }
            if (node->children) {
                return AQ_RC_EBUSY;
            }
            /* A queue's leaf goes with the queue (0x0C31) */
            if (node->queue) {
                return AQ_RC_EBUSY;
            }
            e810_node_del(s, node);
        }
        done++;
    }
    d->w[1] = cpu_to_le16(done);
    return AQ_RC_OK;
}

/* 0x0403 and 0x0404: an array of nodes */
static uint16_t e810_sched_elems(E810State *s, E810Desc *d, uint8_t *buf,
                                 unsigned len, bool cfg)
{
    unsigned n = le16_to_cpu(d->w[0]), i;

    if (!n || n * NODE_SIZE > len) {
        return AQ_RC_EINVAL;
    }
    for (i = 0; i < n; i++) {
        E810Node *node = e810_node(s, ldl_le_p(buf + i * NODE_SIZE + 4));

        if (!node) {
            d->w[1] = cpu_to_le16(i);
            return AQ_RC_ENOENT;
        }
        if (cfg) {
            e810_node_cfg(node, buf + i * NODE_SIZE + 8);
            e810_node_mark(s, node);
        }
        e810_node_put(node, buf + i * NODE_SIZE);
    }
    d->w[1] = cpu_to_le16(n);
    return AQ_RC_OK;
}

/* Is @n in the subtree of @top? */
static bool e810_node_below(E810Node *n, E810Node *top)
{
    for (; n; n = n->parent) {
        if (n == top) {
            return true;
        }
    }
    return false;
}

/* 0x0408: nodes of one parent to another one of the same level */
static uint16_t e810_sched_move(E810State *s, E810Desc *d, uint8_t *buf,
                                unsigned len)
{
    E810Node *src, *dst, *n;
    unsigned num, i;

    if (len < 12) {
        return AQ_RC_EINVAL;
    }
    src = e810_node(s, ldl_le_p(buf));
    dst = e810_node(s, ldl_le_p(buf + 4));
    num = lduw_le_p(buf + 8);
    if (!src || !dst) {
        return AQ_RC_ENOENT;
    }
    if (!num || num * 4 > len - 12 || src->level != dst->level) {
        return AQ_RC_EINVAL;
    }
    if (src != dst && num > e810_max_children(s, dst->level) - dst->children) {
        return AQ_RC_ENOSPC;
    }
    for (i = 0; i < num; i++) {
        n = e810_node(s, ldl_le_p(buf + 12 + 4 * i));
        if (!n || n->parent != src || e810_node_below(dst, n)) {
            return AQ_RC_EINVAL;
        }
        n->parent = dst;
        src->children--;
        dst->children++;
    }
    d->w[1] = cpu_to_le16(1);
    return AQ_RC_OK;
}

/* 0x0409 and 0x040A: an array of TEIDs */
static uint16_t e810_sched_suspend(E810State *s, E810Desc *d, uint8_t *buf,
                                   unsigned len, bool suspend)
{
    unsigned n = le16_to_cpu(d->w[0]), i;

    if (!n || n * 4 > len) {
        return AQ_RC_EINVAL;
    }
    for (i = 0; i < n; i++) {
        E810Node *node = e810_node(s, ldl_le_p(buf + i * 4));

        if (!node) {
            return AQ_RC_ENOENT;
        }
        node->data[ELEM_FLAGS] = suspend ? ELEM_SUSPEND : 0;
    }
    d->w[1] = cpu_to_le16(n);
    return AQ_RC_OK;
}

/*
 * 0x0410: a profile's rate is rl_multiply bytes for each time slice of
 * 32 * 2^rl_encode scheduler clocks. Levels count from 1.
 */
static uint16_t e810_sched_rl_add(E810State *s, E810Desc *d, uint8_t *buf,
                                  unsigned len)
{
    unsigned n = le16_to_cpu(d->w[0]), i, j;
    uint16_t rc = AQ_RC_OK;

    if (!n || n * RL_PROF_SIZE > len) {
        return AQ_RC_EINVAL;
    }
    for (i = 0; i < n; i++) {
        uint8_t *p = buf + i * RL_PROF_SIZE;
        unsigned encode = lduw_le_p(p + 10) & 0x1f;
        E810RlProfile *rl = NULL;

        for (j = 0; j < ARRAY_SIZE(s->rl) && !rl; j++) {
            rl = s->rl[j].bps ? NULL : &s->rl[j];
        }
        if (!rl) {
            rc = AQ_RC_ENOSPC;
            break;
        }
        if ((p[1] & 3) > 2 || !lduw_le_p(p + 6) || !p[0] ||
            p[0] > s->sched_layers) {
            rc = AQ_RC_EINVAL;
            break;
        }
        rl->level = p[0];
        rl->type = p[1] & 3;
        rl->id = rl - s->rl + 2;        /* 0 is the default, 1 reserved */
        rl->bps = MAX(1, 8ULL * RL_CLOCK_HZ * lduw_le_p(p + 6) /
                      ((uint64_t)RL_TS_MULTIPLIER << encode));
        stw_le_p(p + 2, rl->id);
    }
    /* Those before one that is refused hold */
    d->w[1] = cpu_to_le16(i);
    e810_sched_mark(s);
    return rc;
}

static uint16_t e810_sched_rl_del(E810State *s, E810Desc *d, uint8_t *buf,
                                  unsigned len)
{
    unsigned n = le16_to_cpu(d->w[0]), i, j;

    if (!n || n * RL_PROF_SIZE > len) {
        return AQ_RC_EINVAL;
    }
    for (i = 0; i < n; i++) {
        uint8_t *p = buf + i * RL_PROF_SIZE;
        bool found = false;

        for (j = 0; j < ARRAY_SIZE(s->rl); j++) {
            if (s->rl[j].bps && s->rl[j].id == lduw_le_p(p + 2) &&
                s->rl[j].type == (p[1] & 3)) {
                s->rl[j].bps = 0;
                found = true;
            }
        }
        if (!found) {
            d->w[1] = cpu_to_le16(i);
            return AQ_RC_ENOENT;
        }
    }
    d->w[1] = cpu_to_le16(n);
    e810_sched_mark(s);
    return AQ_RC_OK;
}

uint16_t e810_sched_command(E810State *s, E810Desc *d, uint8_t *buf,
                            unsigned len)
{
    if (!buf) {
        return AQ_RC_EINVAL;
    }
    switch (d->opcode) {
    case 0x0400:
        return e810_sched_topo(s, d, buf, len);
    case 0x0401:
        return e810_sched_add(s, d, buf, len);
    case 0x0403:
        return e810_sched_elems(s, d, buf, len, true);
    case 0x0404:
        return e810_sched_elems(s, d, buf, len, false);
    case 0x0408:
        return e810_sched_move(s, d, buf, len);
    case 0x0409:
        return e810_sched_suspend(s, d, buf, len, true);
    case 0x040a:
        return e810_sched_suspend(s, d, buf, len, false);
    case 0x040f:
        return e810_sched_delete(s, d, buf, len);
    case 0x0410:
        return e810_sched_rl_add(s, d, buf, len);
    case 0x0412:
        return e810_sched_res(s, buf, len);
    case 0x0415:
        return e810_sched_rl_del(s, d, buf, len);
    default:
        return AQ_RC_ENOSYS;
    }
}
