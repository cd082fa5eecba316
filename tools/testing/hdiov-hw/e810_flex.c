/*
 * Emulated Intel E810: profiles
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A block of the card finds out what to do with a frame in three steps: XLT1
 * makes a group (PTG) of the packet type, XLT2 one (VSIG) of the VSI, and the
 * first entry of a TCAM that both match names a profile. The profile's field
 * vector says which words of the frame count.
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "e810.h"

/* Protocols of a field vector */
enum {
    PROT_MAC = 1, PROT_ETYPE = 9, PROT_EVLAN = 16, PROT_VLAN = 17,
    PROT_IPV4 = 32, PROT_IPV6 = 40, PROT_TCP = 49, PROT_UDP = 53,
    PROT_SCTP = 96, PROT_ICMP = 98, PROT_ICMPV6 = 100, PROT_INVALID = 255,
};

/* The tables of a block are sections of these types above its first one */
enum {
    SECT_XLT1 = 2, SECT_XLT2 = 3, SECT_TCAM = 4, SECT_REDIR = 5, SECT_FV = 6,
};
#define BOOST_SIZE              88
#define TCAM_SIZE               13
#define FV_WORD_SIZE            4

/* Switch, access lists, flow director, receive hash, protocol engine */
static const struct {
    int table;
    unsigned tcam, profiles, words;
} blocks[] = {
    { E810_FLEX_SW, E810_NUM_TCAM, E810_MAX_PROFILES, E810_SW_FV_WORDS },
    { -1, 512, 128, 32 },
    { E810_FLEX_FD, E810_NUM_TCAM, E810_NUM_PROFILES, E810_FV_WORDS },
    { E810_FLEX_RSS, E810_NUM_TCAM, E810_NUM_PROFILES, E810_FV_WORDS },
    { -1, 64, 32, 24 },
};

static int block_of(uint32_t type, unsigned *sect)
{
    if (type / 10 >= 1 && type / 10 <= 4) {
        *sect = type % 10;
        return type / 10 - 1;
    }
    if (type / 10 == 8) {
        *sect = type % 10;
        return 4;
    }
    return -1;
}

static bool flex_owns(E810State *s, int block, bool tcam, unsigned i)
{
    E810Pkg *pkg = &s->card->pkg;

    return block >= 0 && (tcam ? pkg->tcam_owner[block][i] :
                                 pkg->prof_owner[block][i]) == s->pf + 1;
}

/*
 * One section. Without @tables it is only checked. What PF @by writes must be
 * its own, which the groups of packet types are not: they are everybody's, and
 * drivers leave them as the package has them. Sections of unknown types are
 * right: they are the parser's.
 */
bool e810_flex_section(E810State *by, E810FlexTables *tables, uint32_t type,
                       const uint8_t *p, unsigned size)
{
    E810FlexTables *t = NULL;
    unsigned sect, count, off, i, j;
    int b = block_of(type, &sect);

    if (type == E810_SECT_RX_BOOST || type == E810_SECT_TX_BOOST) {
        return size >= 4 && 4 + lduw_le_p(p) * BOOST_SIZE <= size;
    }
    if (b < 0 || sect < SECT_XLT1 || sect > SECT_FV) {
        return true;
    }
    if (tables && blocks[b].table >= 0) {
        t = &tables[blocks[b].table];
    }
    if (size < (sect == SECT_TCAM ? 2 : 4)) {
        return false;
    }
    count = lduw_le_p(p);
    off = sect == SECT_TCAM ? 0 : lduw_le_p(p + 2);

    switch (sect) {
    case SECT_XLT1:
        if (by || off + count > E810_NUM_PTYPES || 4 + count > size) {
            return false;
        }
        if (t) {
            memcpy(t->xlt1 + off, p + 4, count);
        }
        break;
    case SECT_XLT2:
        if (off + count > E810_NUM_VSI || 4 + 2 * count > size ||
            (by && (off < by->vsis.first ||
                    off + count > by->vsis.first + by->vsis.num))) {
            return false;
        }
        for (i = 0; t && i < count; i++) {
            t->xlt2[off + i] = lduw_le_p(p + 4 + 2 * i);
        }
        break;
    case SECT_TCAM:
        if (2 + TCAM_SIZE * count > size) {
            return false;
        }
        for (i = 0; i < count; i++) {
            const uint8_t *e = p + 2 + TCAM_SIZE * i;
            unsigned addr = lduw_le_p(e);

            if (addr >= blocks[b].tcam || e[12] >= blocks[b].profiles ||
                (by && !flex_owns(by, blocks[b].table, true, addr))) {
                return false;
            }
            if (t) {
                memcpy(t->tcam[addr].key, e + 2, E810_TCAM_KEY);
                memcpy(t->tcam[addr].inv, e + 2 + E810_TCAM_KEY,
                       E810_TCAM_KEY);
                t->tcam[addr].prof = e[12];
            }
        }
        break;
    case SECT_REDIR:
        /* Drivers never change it: a profile is the one that the TCAM names */
        return off + count <= blocks[b].profiles && 4 + count <= size;
    case SECT_FV:
        if (off + count > blocks[b].profiles ||
            4 + count * blocks[b].words * FV_WORD_SIZE > size) {
            return false;
        }
        for (i = 0; by && i < count; i++) {
            if (!flex_owns(by, blocks[b].table, false, off + i)) {
                return false;
            }
        }
        for (i = 0; t && i < count; i++) {
            for (j = 0; j < blocks[b].words; j++) {
                const uint8_t *w = p + 4 +
                                   (i * blocks[b].words + j) * FV_WORD_SIZE;

                t->fv[off + i][j].prot = w[0];
                t->fv[off + i][j].off = lduw_le_p(w + 1);
            }
        }
        break;
    }
    return true;
}

void e810_flex_changed(E810State *s)
{
    E810Pkg *pkg = &s->card->pkg;

    memset(pkg->lookup, E810_FLEX_UNKNOWN & 0xff, sizeof(pkg->lookup));
}

/*
 * To what the package says. The entries and profiles that it uses itself are
 * not for PFs to take.
 */
void e810_flex_load(E810State *card)
{
    E810Pkg *pkg = &card->pkg;
    unsigned b, i;

    memcpy(pkg->flex, pkg->base, sizeof(pkg->flex));
    for (b = 0; b < E810_FLEX_BLOCKS; b++) {
        for (i = 0; i < E810_NUM_TCAM; i++) {
            const E810Tcam *t = &pkg->base[b].tcam[i];

            if (!buffer_is_zero(t, sizeof(*t))) {
                pkg->tcam_owner[b][i] = E810_FLEX_PACKAGE;
                pkg->prof_owner[b][t->prof] = E810_FLEX_PACKAGE;
            }
        }
    }
    e810_flex_changed(card);
}

/* The same, and nothing is taken */
void e810_flex_reset(E810State *card)
{
    E810Pkg *pkg = &card->pkg;

    memset(pkg->prof_owner, 0, sizeof(pkg->prof_owner));
    memset(pkg->tcam_owner, 0, sizeof(pkg->tcam_owner));
    memset(pkg->fd_taken, 0, sizeof(pkg->fd_taken));
    e810_flex_load(card);
}

/* The same for what one PF has */
void e810_flex_release(E810State *s)
{
    E810Pkg *pkg = &s->card->pkg;
    unsigned b, i;

    for (b = 0; b < E810_FLEX_BLOCKS; b++) {
        E810FlexTables *t = &pkg->flex[b], *base = &pkg->base[b];

        memcpy(&t->xlt2[s->vsis.first], &base->xlt2[s->vsis.first],
               s->vsis.num * sizeof(t->xlt2[0]));
        for (i = 0; i < E810_NUM_TCAM; i++) {
            if (flex_owns(s, b, true, i)) {
                t->tcam[i] = base->tcam[i];
                pkg->tcam_owner[b][i] = 0;
            }
        }
        for (i = 0; i < E810_NUM_PROFILES; i++) {
            if (flex_owns(s, b, false, i)) {
                memcpy(t->fv[i], base->fv[i], sizeof(t->fv[i]));
                pkg->prof_owner[b][i] = 0;
            }
        }
    }
    memset(pkg->fd_taken[s->pf], 0, sizeof(pkg->fd_taken[s->pf]));
    e810_flex_changed(s);
}

/* An empty entry never matches: both bits 0 is what stands for that */
static bool tcam_match(const E810Tcam *t, const uint8_t *in)
{
    int i;

    for (i = 0; i < E810_TCAM_KEY; i++) {
        if ((in[i] & ~t->inv[i]) | (~in[i] & 0xff & ~t->key[i])) {
            return false;
        }
    }
    return true;
}

static uint16_t flex_lookup(E810State *s, unsigned block, unsigned vsi,
                            unsigned ptype)
{
    E810FlexTables *t = &s->card->pkg.flex[block];
    uint16_t *cached = &s->card->pkg.lookup[block][vsi][ptype];
    uint8_t in[E810_TCAM_KEY] = {};     /* flags are 0: no GTP */
    int i;

    if (*cached != E810_FLEX_UNKNOWN) {
        return *cached;
    }
    *cached = E810_FLEX_NONE;
    in[2] = t->xlt1[ptype];
    stw_le_p(in + 3, t->xlt2[vsi]);
    for (i = 0; i < E810_NUM_TCAM; i++) {
        if (tcam_match(&t->tcam[i], in)) {
            *cached = t->tcam[i].prof;
            break;
        }
    }
    return *cached;
}

/* A word of the frame; what is not there is 0 */
static uint16_t flex_word(const E810Headers *h, const uint8_t *f,
                          unsigned len, const E810FvWord *w)
{
    unsigned at;

    switch (w->prot) {
    case PROT_MAC:
        return w->off + 2 <= len ? lduw_be_p(f + w->off) : 0;
    case PROT_ETYPE:
        at = h->ethertype;
        break;
    case PROT_EVLAN:
    case PROT_VLAN:
        at = h->vlan;
        break;
    case PROT_IPV4:
        at = h->ipv4;
        break;
    case PROT_IPV6:
        at = h->ipv6;
        break;
    case PROT_TCP:
        at = h->tcp;
        break;
    case PROT_UDP:
        at = h->udp;
        break;
    case PROT_SCTP:
        at = h->sctp;
        break;
    case PROT_ICMP:
        at = h->icmp;
        break;
    case PROT_ICMPV6:
        at = h->icmpv6;
        break;
    default:
        return 0;
    }
    return at && at + w->off + 2 <= len ? lduw_be_p(f + at + w->off) : 0;
}

/* Some bits of some words do not count: the masks that the profile selects */
static void flex_mask(E810State *s, unsigned sel, unsigned mask,
                      unsigned prof, uint16_t *word)
{
    const uint32_t *qf = s->card->qf;
    uint32_t masks = qf[sel + prof];

    while (masks) {
        uint32_t m = qf[mask + ctz32(masks)];

        if ((m & QF_WORD) < E810_FV_WORDS) {
            word[m & QF_WORD] &= m >> 16;
        }
        masks &= masks - 1;
    }
}

/* A byte for each word of each profile, 4 in a register */
static uint8_t flex_byte(E810State *s, unsigned reg, unsigned prof, unsigned w)
{
    return s->card->qf[reg + E810_NUM_PROFILES * (w / 4) + prof] >> (w % 4 * 8);
}

/* The word that such a byte names, or @none */
static int flex_other(E810State *s, unsigned reg, unsigned prof, unsigned w,
                      int none)
{
    uint8_t val = flex_byte(s, reg, prof, w);

    return (val & QF_VALID) && (val & QF_WORD) < E810_FV_WORDS ?
           val & QF_WORD : none;
}

/*
 * What the hash of a frame is made of: the words of the profile, the last one
 * of its field vector first. Returns the number of bytes, 0: not hashed.
 */
unsigned e810_flex_hash_input(E810State *s, unsigned vsi,
                              const E810Headers *h, const uint8_t *f,
                              unsigned len, uint8_t *in)
{
    uint16_t prof = flex_lookup(s, E810_FLEX_RSS, vsi, h->ptype);
    const E810FvWord *fv;
    uint16_t word[E810_FV_WORDS];
    unsigned n = 0;
    int i;

    if (prof == E810_FLEX_NONE) {
        return 0;
    }
    fv = s->card->pkg.flex[E810_FLEX_RSS].fv[prof];
    for (i = 0; i < E810_FV_WORDS; i++) {
        word[i] = flex_word(h, f, len, &fv[i]);
        if (fv[i].prot && fv[i].prot != PROT_INVALID && !n) {
            n = E810_FV_WORDS - i;      /* nothing but zeroes after it */
        }
    }
    flex_mask(s, QF_HMASK_SEL, QF_HMASK, prof, word);
    for (i = 0; i < n; i++) {
        unsigned w = E810_FV_WORDS - 1 - i;
        int other = flex_other(s, QF_HSYMM, prof, w, -1);

        stw_be_p(in + 2 * i, word[w] ^ (other < 0 ? 0 : word[other]));
    }
    return 2 * n;
}

/*
 * What finds the flow director filter for a frame: the words of its profile
 * that the input set names. A filter is programmed with a frame that goes the
 * other way, where source and destination change places; it has the profile of
 * VSI @by, which sends it. False if there is no profile, or nothing to look at.
 */
bool e810_flex_fdir_key(E810State *s, unsigned by, unsigned vsi,
                        const E810Headers *h, const uint8_t *f, unsigned len,
                        bool program, E810FdirKey *key)
{
    uint16_t prof = flex_lookup(s, E810_FLEX_FD, by, h->ptype);
    const E810FvWord *fv;
    bool any = false;
    int i;

    if (prof == E810_FLEX_NONE) {
        return false;
    }
    fv = s->card->pkg.flex[E810_FLEX_FD].fv[prof];
    *key = (E810FdirKey) { .vsi = vsi, .prof = prof };
    for (i = 0; i < E810_FV_WORDS; i++) {
        int from = program ? flex_other(s, QF_FDSWAP, prof, i, i) : i;

        if (flex_byte(s, QF_FDINSET, prof, i) & QF_VALID) {
            any = true;
            key->word[i] = flex_word(h, f, len, &fv[from]);
        }
    }
    flex_mask(s, QF_FDMASK_SEL, QF_FDMASK, prof, key->word);
    return any;
}

/*
 * The words that recipes of the switch look at, and the number of the profile
 * that has them, or -1. The frame's VSI does not count: that of firmware stands
 * for all of the PF's.
 */
int e810_flex_switch(E810State *s, const E810Headers *h, const uint8_t *f,
                     unsigned len, uint16_t *word)
{
    uint16_t prof = flex_lookup(s, E810_FLEX_SW, s->vsis.first, h->ptype);
    int i;

    if (prof == E810_FLEX_NONE) {
        return -1;
    }
    for (i = 0; i < E810_SW_FV_WORDS; i++) {
        word[i] = flex_word(h, f, len,
                            &s->card->pkg.flex[E810_FLEX_SW].fv[prof][i]);
    }
    return prof;
}

/* Flow director: @n filters, and one element, the first one's number */
static uint16_t flex_res_fd(E810State *s, bool alloc, unsigned kind,
                            unsigned n, uint8_t *buf, unsigned len)
{
    unsigned *mine = &s->card->pkg.fd_taken[s->pf][kind], all = 0, i;

    if (len < 6) {
        return AQ_RC_EINVAL;
    }
    if (!alloc) {
        if (n > *mine) {
            return AQ_RC_ENOENT;
        }
        *mine -= n;
        return AQ_RC_OK;
    }
    for (i = 0; i < E810_MAX_PFS; i++) {
        all += s->card->pkg.fd_taken[i][kind];
    }
    if (all + n > E810_NUM_FD_FILTERS) {
        return AQ_RC_ENOSPC;
    }
    stw_le_p(buf + 4, all);
    *mine += n;
    return AQ_RC_OK;
}

/* 0x0208 and 0x0209 for what profiles and filters need; @n is not 0 */
uint16_t e810_flex_res(E810State *s, bool alloc, uint16_t flags, unsigned n,
                       uint8_t *buf, unsigned len)
{
    E810Pkg *pkg = &s->card->pkg;
    unsigned type = flags & SW_RES_TYPE, block, size, i, j, free = 0;
    bool tcam;
    uint8_t *owner;

    switch (type) {
    case SW_RES_FD_GUAR:
    case SW_RES_FD_BEST:
        return flex_res_fd(s, alloc, type - SW_RES_FD_GUAR, n, buf, len);
    case SW_RES_FD_PROF:
    case SW_RES_FD_TCAM:
        block = E810_FLEX_FD;
        break;
    case SW_RES_HASH_PROF:
    case SW_RES_HASH_TCAM:
        block = E810_FLEX_RSS;
        break;
    default:
        return AQ_RC_EINVAL;
    }
    tcam = type == SW_RES_FD_TCAM || type == SW_RES_HASH_TCAM;
    owner = tcam ? pkg->tcam_owner[block] : pkg->prof_owner[block];
    size = tcam ? E810_NUM_TCAM : E810_NUM_PROFILES;
    if (4 + 2 * n > len) {
        return AQ_RC_EINVAL;
    }
    if (!alloc) {
        for (i = 0; i < n; i++) {
            j = lduw_le_p(buf + 4 + 2 * i);
            if (j >= size || !flex_owns(s, block, tcam, j)) {
                return AQ_RC_ENOENT;
            }
        }
        for (i = 0; i < n; i++) {
            j = lduw_le_p(buf + 4 + 2 * i);
            owner[j] = 0;
            if (tcam) {
                /* Drivers do not disable what they free */
                memset(&pkg->flex[block].tcam[j], 0, sizeof(E810Tcam));
            }
        }
        e810_flex_changed(s);
        return AQ_RC_OK;
    }
    for (j = 0; j < size; j++) {
        free += !owner[j];
    }
    if (n > free) {
        return AQ_RC_ENOSPC;
    }
    for (i = 0; i < n; i++) {
        if (flags & SW_RES_FROM_BOTTOM) {
            for (j = size - 1; owner[j]; j--) {
                continue;
            }
        } else {
            for (j = 0; owner[j]; j++) {
                continue;
            }
        }
        owner[j] = s->pf + 1;
        stw_le_p(buf + 4 + 2 * i, j);
    }
    return AQ_RC_OK;
}
