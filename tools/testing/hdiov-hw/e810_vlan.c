/*
 * Emulated Intel E810: VLAN tags, and the VLAN mode of the card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * In single VLAN mode the parser knows one tag, 0x8100: the inner one. In
 * double VLAN mode the first tag of a frame is the outer one, be it alone or
 * not, and a tag 0x8100 behind it is the inner one. A driver brings the card
 * there in four steps, each for another part of it: 0x020C tells firmware,
 * 0x0290 has filters look at the outer tag, 0x0203 switches a port, and 0x0C42
 * the boost entries of the parsers. The parser of a port does not change before
 * all of it but the filters is done; these are as the recipes say, whatever the
 * parser does.
 */

#include "qemu/osdep.h"
#include "net/eth.h"
#include "e810.h"

#define TAG_LEN             4
#define ETH_P_QINQ1         0x9100

/* Boost entries that tell the parsers the mode, at these places in packages */
#define BOOST_DVM           241
#define BOOST_SVM           242
#define BOOST_ENTRY         88
#define BOOST_KEY_AT        4
#define BOOST_KEY           20

/* 0x020C and 0x020D */
#define VLAN_MODE_SIZE      100
#define PRIO_TAG_MAX        4
#define PRIO_TAG_INNER      4
#define RDMA_AT             66
#define RDMA_SVM            0x10
#define RDMA_DVM            0x1a
#define PROT_ID_AT          69
#define PROT_ID_OUTER       0x10
#define PROT_ID_INNER       0x11

#define PORT_DOUBLE_VLAN    BIT(2)      /* of 0x0203 */

/* Recipes */
#define RECIPE_ROOT         BIT(7)
#define RECIPE_LKUP_IGNORE  BIT(7)

/* Words of the switch's field vector that a recipe can name */
#define FV_PKT_FLAGS        1
#define FV_INNER_VLAN       10
#define FV_OUTER_VLAN       11

/* Tag types as VSI contexts number them, and what packet flags say of them */
static const struct {
    uint16_t ethertype;
    uint16_t flag;
} tag_types[] = {
    [OUTER_TAG_STAG] = { ETH_P_DVLAN, BIT(12) },
    [OUTER_TAG_8100] = { ETH_P_VLAN, BIT(14) },
    [OUTER_TAG_9100] = { ETH_P_QINQ1, BIT(15) },
};

static unsigned tag_type(uint16_t ethertype)
{
    unsigned i;

    for (i = ARRAY_SIZE(tag_types) - 1; i; i--) {
        if (tag_types[i].ethertype == ethertype) {
            break;
        }
    }
    return i;
}

/* The tags of a frame as the parser of the port sees them */
void e810_tags(E810State *s, const uint8_t *f, unsigned len, E810Tags *t)
{
    unsigned at = 12;

    memset(t, 0, sizeof(*t));
    if (s->dvm && len >= at + TAG_LEN) {
        t->outer_type = tag_type(lduw_be_p(f + at));
        if (t->outer_type) {
            t->outer = lduw_be_p(f + at + 2);
            at += TAG_LEN;
        }
    }
    if (len >= at + TAG_LEN && lduw_be_p(f + at) == ETH_P_VLAN &&
        (t->outer_type || !s->dvm)) {
        t->has_inner = true;
        t->inner = lduw_be_p(f + at + 2);
    }
}

static uint8_t *recipe_content(E810State *s, unsigned recipe)
{
    return s->card->recipe[recipe];
}

/* What a recipe looks at of a word of the field vector */
static uint16_t recipe_mask(E810State *s, unsigned recipe, unsigned word)
{
    const uint8_t *r = recipe_content(s, recipe);
    int i;

    for (i = 1; i < E810_RECIPE_WORDS; i++) {
        if ((r[E810_RECIPE_LKUP + i] & ~RECIPE_LKUP_IGNORE) == word &&
            lduw_le_p(r + E810_RECIPE_MASK + 2 * i)) {
            return lduw_le_p(r + E810_RECIPE_MASK + 2 * i);
        }
    }
    return 0;
}

/* What a recipe makes of tags: the VLAN, and the outer tag's type above it */
uint16_t e810_vlan_key(E810State *s, unsigned recipe, const E810Tags *t)
{
    uint16_t outer = recipe_mask(s, recipe, FV_OUTER_VLAN);
    uint16_t inner = recipe_mask(s, recipe, FV_INNER_VLAN);
    uint16_t flags = recipe_mask(s, recipe, FV_PKT_FLAGS);
    uint16_t vid = outer ? t->outer & outer : t->inner & inner;
    unsigned type = tag_types[t->outer_type].flag & flags ? t->outer_type : 0;

    return (vid & 0xfff) | type << 12;
}

/*
 * The same of the header that comes with a rule. In single VLAN mode drivers
 * may give the tag any type.
 */
uint16_t e810_vlan_rule_key(E810State *s, unsigned recipe, const uint8_t *hdr)
{
    E810Tags t = { .inner = lduw_be_p(hdr + 14) };

    if (s->dvm) {
        e810_tags(s, hdr, 16, &t);
    }
    return e810_vlan_key(s, recipe, &t);
}

/* There must be room in front of the frame */
static void vlan_insert(uint8_t **f, unsigned *len, unsigned at,
                        uint16_t ethertype, uint16_t tci)
{
    memmove(*f - TAG_LEN, *f, at);
    *f -= TAG_LEN;
    *len += TAG_LEN;
    stw_be_p(*f + at, ethertype);
    stw_be_p(*f + at + 2, tci);
}

static void insert_inner(uint8_t **f, unsigned *len, E810Tags *t, uint16_t tci)
{
    vlan_insert(f, len, t->outer_type ? 12 + TAG_LEN : 12, ETH_P_VLAN, tci);
    t->has_inner = true;
}

/* With the type that the VSI's context names, if it does */
static bool insert_outer(E810Vsi *v, uint8_t **f, unsigned *len, E810Tags *t,
                         uint16_t tci)
{
    unsigned type = VSI_OUTER_TAG_TYPE(v->ctx[VSI_CTX_OUTER_FLAGS]);

    if (type == OUTER_TAG_NONE) {
        return false;
    }
    vlan_insert(f, len, 12, tag_types[type].ethertype, tci);
    /* the tag that was the first one, if any, is behind it now */
    t->has_inner |= t->outer_type == OUTER_TAG_8100;
    t->outer_type = type;
    return true;
}

/*
 * Tags that descriptors ask for: L2TAG1 is the inner one, L2TAG2 the outer
 * one. False: the VSI may not have that.
 */
bool e810_vlan_tx_desc(E810State *s, E810Vsi *v, uint8_t **f, unsigned *len,
                       const uint16_t *l2tag1, const uint16_t *l2tag2,
                       E810Tags *t)
{
    e810_tags(s, *f, *len, t);
    if (l2tag1) {
        insert_inner(f, len, t, *l2tag1);
    }
    if (!l2tag2) {
        return true;
    }
    if (!s->dvm) {
        insert_inner(f, len, t, *l2tag2);
        return true;
    }
    return !(v->ctx[VSI_CTX_OUTER_FLAGS] & VSI_OUTER_BLOCK_DESC) &&
           insert_outer(v, f, len, t, *l2tag2);
}

static bool tx_mode_ok(unsigned mode, bool tagged)
{
    return mode != (tagged ? VSI_VLAN_TX_UNTAGGED : VSI_VLAN_TX_TAGGED);
}

/*
 * What the VSI's context says of tags: who may send any, and what the port puts
 * into all others. @t: those that the driver gave, which is not what a parser
 * says of them: an inner tag alone looks like an outer one.
 */
bool e810_vlan_tx_port(E810State *s, E810Vsi *v, uint8_t **f, unsigned *len,
                       E810Tags *t)
{
    uint8_t inner = v->ctx[VSI_CTX_VLAN_FLAGS];
    uint8_t outer = v->ctx[VSI_CTX_OUTER_FLAGS];

    if (!tx_mode_ok(inner & VSI_VLAN_TX_MODE, t->has_inner) ||
        (s->dvm && !tx_mode_ok(VSI_OUTER_TX_MODE(outer), t->outer_type))) {
        return false;
    }
    if (!t->has_inner && (inner & VSI_VLAN_INSERT_PVID)) {
        insert_inner(f, len, t, lduw_le_p(v->ctx + VSI_CTX_PVID));
    }
    if (s->dvm && !t->outer_type && (outer & VSI_OUTER_INSERT)) {
        return insert_outer(v, f, len, t,
                            lduw_le_p(v->ctx + VSI_CTX_OUTER_PVID));
    }
    return true;
}

/* What the descriptor says of a tag that was taken off */
static void strip_show(E810Stripped *st, unsigned emode, bool inner,
                       uint16_t tci)
{
    if (emode != VSI_EMODE_STRIP) {
        st->has[inner] = true;
        st->tci[inner] = emode == VSI_EMODE_SHOW_UP ? tci & 0xe000 : tci;
    }
}

/*
 * Take the tags off that the VSI wants in descriptors, or not at all. Returns
 * the new length, the frame is in @out if that is another one.
 */
unsigned e810_vlan_rx(E810State *s, E810Vsi *v, const uint8_t *f, unsigned len,
                      uint8_t *out, E810Stripped *st)
{
    unsigned in_mode = VSI_VLAN_EMODE(v->ctx[VSI_CTX_VLAN_FLAGS]);
    uint8_t flags = v->ctx[VSI_CTX_OUTER_FLAGS];
    unsigned out_mode = VSI_OUTER_EMODE(flags);
    unsigned from = 12, to = 12;
    E810Tags t;

    memset(st, 0, sizeof(*st));
    e810_tags(s, f, len, &t);
    if (t.outer_type != VSI_OUTER_TAG_TYPE(flags)) {
        out_mode = VSI_EMODE_NOTHING;
    }
    if ((!t.outer_type || out_mode == VSI_EMODE_NOTHING) &&
        (!t.has_inner || in_mode == VSI_EMODE_NOTHING)) {
        return len;
    }
    memcpy(out, f, to);
    if (t.outer_type) {
        if (out_mode == VSI_EMODE_NOTHING) {
            memcpy(out + to, f + from, TAG_LEN);
            to += TAG_LEN;
        } else {
            strip_show(st, out_mode, false, t.outer);
        }
        from += TAG_LEN;
    }
    if (t.has_inner && in_mode != VSI_EMODE_NOTHING) {
        strip_show(st, in_mode, s->dvm, t.inner);
        from += TAG_LEN;
    }
    memcpy(out + to, f + from, len - from);
    return len - from + to;
}

/* Is every port's parser as the card's state has it? */
static void vlan_mode_changed(E810State *card)
{
    bool dvm = card->vlan_dvm;
    int i;

    for (i = 0; i < ARRAY_SIZE(card->boost_dvm); i++) {
        dvm = dvm && card->boost_dvm[i] && !card->boost_svm[i];
    }
    for (i = 0; i < E810_MAX_PFS; i++) {
        if (card->fn[i]) {
            card->fn[i]->dvm = dvm && card->fn[i]->port_dvm;
        }
    }
}

/* Both bits of a pair are 0: no frame has that */
static bool boost_matches(const uint8_t *key)
{
    int i;

    for (i = 0; i < BOOST_KEY; i++) {
        if ((key[i] | key[BOOST_KEY + i]) != 0xff) {
            return false;
        }
    }
    return true;
}

/* A section of boost entries, checked already */
void e810_vlan_boost(E810State *card, bool tx, const uint8_t *p)
{
    unsigned n = lduw_le_p(p);
    const uint8_t *e = p + 4;

    for (; n; n--, e += BOOST_ENTRY) {
        switch (lduw_le_p(e)) {
        case BOOST_DVM:
            card->boost_dvm[tx] = boost_matches(e + BOOST_KEY_AT);
            break;
        case BOOST_SVM:
            card->boost_svm[tx] = boost_matches(e + BOOST_KEY_AT);
            break;
        }
    }
    vlan_mode_changed(card);
}

/* Which recipes there are, and where they have the VLAN */
static const struct {
    uint8_t recipe;
    uint8_t vlan_word;
} recipes[] = {
    { SW_RECIPE_ETHERTYPE }, { SW_RECIPE_MAC }, { SW_RECIPE_MAC_VLAN, 4 },
    { SW_RECIPE_PROMISC }, { SW_RECIPE_VLAN, 1 }, { SW_RECIPE_DFLT },
    { SW_RECIPE_ETHERTYPE_MAC }, { SW_RECIPE_PROMISC_VLAN, 2 },
};

/* A card without package is in single VLAN mode, and its firmware's recipes */
void e810_vlan_reset(E810State *card)
{
    int i, j;

    card->vlan_dvm = false;
    card->vlan_prio = PRIO_TAG_INNER;
    for (i = 0; i < ARRAY_SIZE(card->boost_dvm); i++) {
        card->boost_dvm[i] = false;
        card->boost_svm[i] = true;
    }
    memset(card->recipe, 0, sizeof(card->recipe));
    for (i = 0; i < ARRAY_SIZE(recipes); i++) {
        uint8_t *r = recipe_content(card, recipes[i].recipe);

        r[0] = recipes[i].recipe | RECIPE_ROOT;
        for (j = 1; j < E810_RECIPE_WORDS; j++) {
            r[E810_RECIPE_LKUP + j] = RECIPE_LKUP_IGNORE;
        }
        stw_le_p(r + E810_RECIPE_MASK, 0xff);        /* of the switch's number */
        j = recipes[i].vlan_word;
        if (j) {
            r[E810_RECIPE_LKUP + j] = FV_INNER_VLAN | RECIPE_LKUP_IGNORE;
            stw_le_p(r + E810_RECIPE_MASK + 2 * j, 0xfff);
        }
    }
    e810_recipe_reset(card);
    vlan_mode_changed(card);
}

/* 0x020C: of who loads the package, while it has the lock for that */
static uint16_t vlan_mode_set(E810State *s, uint8_t *buf, unsigned len)
{
    E810State *card = s->card;
    bool dvm;

    if (!buf || len < VLAN_MODE_SIZE || buf[1] > PRIO_TAG_MAX ||
        (buf[PROT_ID_AT] != PROT_ID_OUTER &&
         buf[PROT_ID_AT] != PROT_ID_INNER)) {
        return AQ_RC_EINVAL;
    }
    dvm = buf[PROT_ID_AT] == PROT_ID_OUTER;
    if (buf[RDMA_AT] != (dvm ? RDMA_DVM : RDMA_SVM)) {
        return AQ_RC_EINVAL;
    }
    if (!card->pkg.loaded) {
        return AQ_RC_EMODE;
    }
    if (!e810_pkg_locked(s)) {
        return AQ_RC_EPERM;
    }
    card->vlan_dvm = dvm;
    card->vlan_prio = buf[1];
    vlan_mode_changed(card);
    return AQ_RC_OK;
}

static uint16_t vlan_mode_get(E810State *s, uint8_t *buf, unsigned len)
{
    if (!buf || len < VLAN_MODE_SIZE) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    buf[0] = s->card->vlan_dvm;
    buf[1] = s->card->vlan_prio;
    return AQ_RC_OK;
}

/* Commands of firmware that knows of double VLAN mode */
uint16_t e810_vlan_command(E810State *s, E810Desc *d, uint8_t *buf,
                           unsigned len)
{
    switch (d->opcode) {
    case 0x020c:
        return vlan_mode_set(s, buf, len);
    case 0x020d:
        return vlan_mode_get(s, buf, len);
    default:
        return AQ_RC_ENOSYS;
    }
}

/* 0x0203: of the port, whoever brought the card into its mode */
uint16_t e810_port_params(E810State *s, E810Desc *d)
{
    bool dvm = le16_to_cpu(d->w[0]) & PORT_DOUBLE_VLAN;

    if (dvm && !s->card->vlan_dvm) {
        return AQ_RC_EINVAL;
    }
    s->port_dvm = dvm;
    vlan_mode_changed(s->card);
    return AQ_RC_OK;
}

/* The port is the card's: a PFR leaves it */
void e810_vlan_port_reset(E810State *s)
{
    s->port_dvm = false;
    vlan_mode_changed(s->card);
}
