/*
 * Emulated Intel E810: download of a DDP package
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A package is a row of 4 KiB buffers, each with a table of sections. Most of
 * them program the parser, which is fixed here: they are checked for bounds
 * and dropped. Kept are the name and version, and the tables of e810_flex.c.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "e810.h"

#define LOCK_MS             3000LL
#define ACCESS_READ         1
#define ACCESS_WRITE        2
#define RES_NVM             1
#define RES_CHANGE_LOCK     3
#define RES_GLOBAL_LOCK     4
#define GLOBAL_IN_PROGRESS  1
#define GLOBAL_DONE         2

#define PKG_LAST            BIT(0)
#define PKG_INFO_SIZE       40
#define SECT_META           1
#define SECT_META_INIT      58
#define SECT_IS_METADATA    BIT(31)

static E810Lock *card_lock(E810State *s, unsigned id)
{
    return &s->card->pkg.lock[id - 1];
}

static bool lock_held(const E810Lock *l)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < l->until;
}

static bool lock_mine(E810State *s, const E810Lock *l)
{
    return lock_held(l) && l->pf == s->pf;
}

static bool may_write(E810State *s, unsigned id)
{
    E810Lock *l = card_lock(s, id);

    return lock_mine(s, l) && l->write;
}

/* Has the PF one of the two locks of the package? */
bool e810_pkg_locked(E810State *s)
{
    return may_write(s, RES_CHANGE_LOCK) || may_write(s, RES_GLOBAL_LOCK);
}

/*
 * Does the card do what Intel's package for communications makes it do? Drivers
 * know that one by its name.
 */
bool e810_pkg_comms(E810State *s)
{
    static const char comms[] = "ICE COMMS Package";

    return s->card->pkg.loaded &&
           !memcmp(s->card->pkg.meta + E810_PKG_VER_SIZE, comms, sizeof(comms));
}

static void pkg_forget(E810State *s)
{
    E810Pkg *pkg = &s->card->pkg;

    pkg->loaded = pkg->modified = pkg->has_meta = false;
    memset(pkg->meta, 0, sizeof(pkg->meta));
    memset(pkg->base, 0, sizeof(pkg->base));
    memset(pkg->meta_init, 0, sizeof(pkg->meta_init));
    e810_vlan_reset(s->card);
}

/*
 * 0x0008 and 0x0009: resources that the PFs of a card have in turn. Those that
 * are not the package's only keep other PFs out: a PF may take one again.
 * Who asks to write the global configuration when a package is loaded is told
 * that there is nothing to do, and gets no lock.
 */
uint16_t e810_pkg_lock(E810State *s, E810Desc *d, bool take)
{
    unsigned id = le16_to_cpu(d->w[0]), access = le16_to_cpu(d->w[1]);
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    bool global = id == RES_GLOBAL_LOCK, again;
    E810Lock *l;

    if (id < RES_NVM || id > RES_GLOBAL_LOCK) {
        return AQ_RC_EINVAL;
    }
    l = card_lock(s, id);
    again = id < RES_CHANGE_LOCK && (lock_mine(s, l) || !lock_held(l));
    if (!take) {
        if (!again && !lock_mine(s, l)) {
            return AQ_RC_EINVAL;
        }
        l->until = 0;
        return AQ_RC_OK;
    }
    if (access != ACCESS_READ && access != ACCESS_WRITE) {
        return AQ_RC_EINVAL;
    }
    stl_le_p(d->raw + 4, LOCK_MS);      /* that it may be held */
    stw_le_p(d->raw + 12, 0);
    if (global && access == ACCESS_WRITE && s->card->pkg.loaded) {
        stw_le_p(d->raw + 12, GLOBAL_DONE);
        return AQ_RC_OK;
    }
    if (lock_held(l) && !again) {
        stl_le_p(d->raw + 4, (l->until - now) / SCALE_MS + 1);
        if (!global) {
            return AQ_RC_EBUSY;
        }
        stw_le_p(d->raw + 12, GLOBAL_IN_PROGRESS);
        return AQ_RC_OK;
    }
    l->until = now + LOCK_MS * SCALE_MS;
    l->pf = s->pf;
    l->write = access == ACCESS_WRITE;
    if (global && l->write) {
        pkg_forget(s);                  /* what a download before this left */
    }
    return AQ_RC_OK;
}

/* The card says where in the buffer it stumbled */
static uint16_t pkg_error(uint8_t *buf, unsigned len, uint32_t at,
                          uint32_t what)
{
    qemu_log_mask(LOG_GUEST_ERROR, "e810: package: section %u, at %u\n", what,
                  at);
    if (len >= 8) {
        stl_le_p(buf, at);
        stl_le_p(buf + 4, what);
    }
    return AQ_RC_EBADBUF;
}

/*
 * What the parser begins with: entries of bits. Without @to they are checked
 * only.
 */
static bool meta_init(uint8_t (*to)[E810_META_INIT_SIZE], const uint8_t *p,
                      unsigned size)
{
    unsigned count = size < 4 ? 0 : lduw_le_p(p);
    unsigned off = size < 4 ? 0 : lduw_le_p(p + 2);

    if (size < 4 || off + count > E810_NUM_META_INIT ||
        4 + count * E810_META_INIT_SIZE > size) {
        return false;
    }
    if (to) {
        memcpy(to[off], p + 4, count * E810_META_INIT_SIZE);
    }
    return true;
}

/* A section of a buffer: where, and how long */
typedef struct Section {
    uint32_t type;
    unsigned off, size;
} Section;

/* The number of sections, 0: the buffer's header is wrong */
static unsigned pkg_count(const uint8_t *buf, unsigned len, unsigned *end)
{
    unsigned count = lduw_le_p(buf);

    *end = lduw_le_p(buf + 2);
    return 4 + 8 * count <= *end && *end <= len ? count : 0;
}

static Section pkg_section(const uint8_t *buf, unsigned i)
{
    const uint8_t *p = buf + 4 + 8 * i;

    return (Section) { ldl_le_p(p), lduw_le_p(p + 4), lduw_le_p(p + 6) };
}

/* Does it lie between the list of sections and the end? */
static bool section_fits(Section sect, unsigned count, unsigned end)
{
    return sect.off >= 4 + 8 * count && sect.size &&
           sect.off + sect.size <= end;
}

/* All sections of a buffer; @update: of 0x0C42, which has no metadata */
static uint16_t pkg_buffer(E810State *s, uint8_t *buf, unsigned len,
                           bool update)
{
    E810FlexTables *tables = update ? s->card->pkg.flex : s->card->pkg.base;
    E810State *by = update ? s : NULL;
    unsigned count, end, i;

    if (len < 12) {
        return AQ_RC_EINVAL;
    }
    count = pkg_count(buf, len, &end);
    if (!count) {
        return pkg_error(buf, len, 0, 0);
    }
    /* nothing of a buffer counts if one of its sections is bad */
    for (i = 0; i < count; i++) {
        Section sect = pkg_section(buf, i);

        if (!section_fits(sect, count, end) ||
            (sect.type & SECT_IS_METADATA) ||
            (sect.type == SECT_META &&
             (update || sect.size < E810_PKG_META_SIZE)) ||
            (sect.type == SECT_META_INIT &&
             !meta_init(NULL, buf + sect.off, sect.size)) ||
            !e810_flex_section(by, NULL, sect.type, buf + sect.off,
                               sect.size)) {
            return pkg_error(buf, len, 4 + 8 * i, sect.type);
        }
    }
    for (i = 0; i < count; i++) {
        Section sect = pkg_section(buf, i);

        switch (sect.type) {
        case SECT_META:
            memcpy(s->card->pkg.meta, buf + sect.off, E810_PKG_META_SIZE);
            s->card->pkg.has_meta = true;
            break;
        case SECT_META_INIT:
            meta_init(s->card->pkg.meta_init, buf + sect.off, sect.size);
            break;
        case E810_SECT_RX_BOOST:
        case E810_SECT_TX_BOOST:
            e810_vlan_boost(s->card, sect.type == E810_SECT_TX_BOOST,
                            buf + sect.off);
            break;
        }
        e810_flex_section(by, tables, sect.type, buf + sect.off, sect.size);
    }
    return AQ_RC_OK;
}

static uint16_t pkg_download(E810State *s, E810Desc *d, uint8_t *buf,
                             unsigned len)
{
    uint16_t rc;

    if (!buf || len != E810_PKG_BUF) {
        return AQ_RC_EINVAL;
    }
    if (!may_write(s, RES_GLOBAL_LOCK)) {
        return AQ_RC_EPERM;
    }
    if (s->card->pkg.loaded) {
        return AQ_RC_EEXIST;
    }
    rc = pkg_buffer(s, buf, len, false);
    if (rc == AQ_RC_OK && (d->raw[0] & PKG_LAST)) {
        if (!s->card->pkg.has_meta) {
            rc = pkg_error(buf, len, 0, SECT_META);
        } else {
            s->card->pkg.loaded = true;
            e810_flex_load(s->card);
        }
    }
    if (rc) {
        pkg_forget(s);                  /* start again */
    }
    return rc;
}

static uint16_t pkg_update(E810State *s, uint8_t *buf, unsigned len)
{
    uint16_t rc;

    if (!buf) {
        return AQ_RC_EINVAL;
    }
    if (!s->card->pkg.loaded) {
        return AQ_RC_EMODE;
    }
    if (!e810_pkg_locked(s)) {
        return AQ_RC_EPERM;
    }
    rc = pkg_buffer(s, buf, len, true);
    if (rc == AQ_RC_OK) {
        s->card->pkg.modified = true;
        e810_flex_changed(s);
    }
    return rc;
}

/* 0x0C41: sections are read back, of those that are kept with a type */
static uint16_t pkg_upload(E810State *s, uint8_t *buf, unsigned len)
{
    uint8_t (*kept)[E810_META_INIT_SIZE] = s->card->pkg.meta_init;
    unsigned count, end, i;

    if (!buf || len < 12) {
        return AQ_RC_EINVAL;
    }
    if (!s->card->pkg.loaded) {
        return AQ_RC_EMODE;
    }
    count = pkg_count(buf, len, &end);
    if (!count) {
        return pkg_error(buf, len, 0, 0);
    }
    for (i = 0; i < count; i++) {
        Section sect = pkg_section(buf, i);
        uint8_t *p = buf + sect.off;

        if (sect.type != SECT_META_INIT || !section_fits(sect, count, end) ||
            !meta_init(NULL, p, sect.size)) {
            return pkg_error(buf, len, 4 + 8 * i, sect.type);
        }
        memcpy(p + 4, kept[lduw_le_p(p + 2)],
               lduw_le_p(p) * E810_META_INIT_SIZE);
    }
    return AQ_RC_OK;
}

static uint16_t pkg_info(E810State *s, uint8_t *buf, unsigned len)
{
    unsigned n = s->card->pkg.loaded;

    if (!buf || len < 4 + n * PKG_INFO_SIZE) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    stl_le_p(buf, n);
    if (n) {
        memcpy(buf + 4, s->card->pkg.meta, E810_PKG_META_SIZE);
        buf[4 + E810_PKG_META_SIZE + 1] = 1;            /* active */
        buf[4 + E810_PKG_META_SIZE + 3] = s->card->pkg.modified;
    }
    return AQ_RC_OK;
}

uint16_t e810_pkg_command(E810State *s, E810Desc *d, uint8_t *buf,
                          unsigned len)
{
    switch (d->opcode) {
    case 0x0c40:
        return pkg_download(s, d, buf, len);
    case 0x0c42:
        return pkg_update(s, buf, len);
    case 0x0c43:
        return pkg_info(s, buf, len);
    default:
        /* only firmware that has double VLAN mode is asked for that */
        return s->card->double_vlan ? pkg_upload(s, buf, len) : AQ_RC_ENOSYS;
    }
}

/* A PF's reset leaves the package, and frees what the PF had of it */
void e810_pkg_reset(E810State *s, bool global)
{
    unsigned id;

    if (global) {
        pkg_forget(s);
        memset(s->card->pkg.lock, 0, sizeof(s->card->pkg.lock));
        e810_flex_reset(s->card);
        return;
    }
    for (id = RES_NVM; id <= RES_GLOBAL_LOCK; id++) {
        if (lock_mine(s, card_lock(s, id))) {
            card_lock(s, id)->until = 0;
        }
    }
    e810_flex_release(s);
    e810_recipe_release(s);
}
