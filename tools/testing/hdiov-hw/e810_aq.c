/*
 * Emulated Intel E810: admin commands to firmware
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Only what PF drivers need to run a NIC. Everything else gets ENOSYS. All
 * buffers are at most 4096 bytes and their length is checked by each command.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "e810.h"

#define CAP_SIZE        32
#define SW_ELEM_SIZE    6

/* link speed and media of the one port */
#define LINK_SPEED_100GB    BIT(10)
#define PHY_TYPE_100G_CR4   (1ULL << 51)

static uint16_t aq_get_ver(E810Desc *d)
{
    stl_le_p(d->raw + 0, 0);            /* ROM */
    stl_le_p(d->raw + 4, 1);            /* build */
    d->raw[8] = 0;                      /* firmware branch.major.minor.patch */
    d->raw[9] = 7;
    d->raw[10] = 3;
    d->raw[11] = 0;
    d->raw[12] = 0;                     /* API branch.major.minor.patch */
    d->raw[13] = 1;
    d->raw[14] = 5;
    d->raw[15] = 0;
    return AQ_RC_OK;
}

static void aq_cap(uint8_t *buf, unsigned len, unsigned *n, uint16_t cap,
                   uint32_t number, uint32_t logical, uint32_t phys)
{
    uint8_t *c = buf + *n * CAP_SIZE;

    if ((*n + 1) * CAP_SIZE <= len) {
        memset(c, 0, CAP_SIZE);
        stw_le_p(c, cap);
        c[2] = 1;
        stl_le_p(c + 4, number);
        stl_le_p(c + 8, logical);
        stl_le_p(c + 12, phys);
    }
    (*n)++;
}

/* 0x000A of the function, 0x000B of the card */
static uint16_t aq_caps(E810State *s, E810Desc *d, uint8_t *buf, unsigned len)
{
    bool dev = d->opcode == 0x000b;
    unsigned n = 0;

    if (!buf) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    aq_cap(buf, len, &n, 0x0005, BIT(s->card->pfs) - 1, 0, 0);  /* functions */
    if (s->sriov_vfs) {
        aq_cap(buf, len, &n, 0x0012, 1, 0, 0);          /* SR-IOV */
        aq_cap(buf, len, &n, 0x0013, s->sriov_vfs, 0, 0);
    }
    aq_cap(buf, len, &n, 0x0014, 1, 0, 0);              /* VMDQ */
    aq_cap(buf, len, &n, 0x0017, dev ? E810_NUM_VSI : s->vsis.num, 0, 0);
    aq_cap(buf, len, &n, 0x0018, 0, 0x1, 1);            /* one TC */
    aq_cap(buf, len, &n, 0x0040, 2048, 8, 0);           /* RSS */
    aq_cap(buf, len, &n, 0x0041, dev ? E810_NUM_RXQ : s->rxqs.num, 0,
           s->rxqs.first);
    aq_cap(buf, len, &n, 0x0042, dev ? E810_NUM_TXQ : s->txqs.num, 0,
           s->txqs.first);
    aq_cap(buf, len, &n, 0x0043, dev ? E810_NUM_VECTORS : s->vecs.num, 0,
           s->vecs.first);
    aq_cap(buf, len, &n, 0x0045, E810_NUM_FD_FILTERS, E810_NUM_FD_FILTERS, 0);
    aq_cap(buf, len, &n, 0x0047, E810_MAX_FRAME, 0, 0);
    stl_le_p(d->raw + 4, n);
    return n * CAP_SIZE > len ? AQ_RC_ENOMEM : AQ_RC_OK;
}

static uint16_t aq_mac_read(E810State *s, E810Desc *d, uint8_t *buf,
                            unsigned len)
{
    if (!buf || len < 8) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    buf[0] = s->pf;                             /* port, type LAN */
    memcpy(buf + 2, s->conf.macaddr.a, 6);
    stw_le_p(d->raw, BIT(4));
    d->raw[4] = 1;
    return AQ_RC_OK;
}

/*
 * 0x0200: the port and every VSI, as many as the buffer holds. The port comes
 * first; drivers with room for one element only ask again for the next.
 */
static uint16_t aq_switch_cfg(E810State *s, E810Desc *d, uint8_t *buf,
                              unsigned len)
{
    unsigned first = le16_to_cpu(d->w[1]), n = 0, i;

    if (!buf || len < SW_ELEM_SIZE || first > E810_NUM_VSI) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    d->w[1] = 0;
    for (i = first; i <= E810_NUM_VSI; i++) {
        uint8_t *e = buf + n * SW_ELEM_SIZE;

        if (i && !s->vsi[i - 1].valid) {
            continue;
        }
        if ((n + 1) * SW_ELEM_SIZE > len) {
            d->w[1] = cpu_to_le16(i);
            break;
        }
        stw_le_p(e, i ? 2 << 14 | (i - 1) : 0);
        stw_le_p(e + 2, E810_SWID);
        stw_le_p(e + 4, 0);
        n++;
    }
    d->w[2] = cpu_to_le16(n);
    return AQ_RC_OK;
}

/* 0x0210 to 0x0213 */
static uint16_t aq_vsi(E810State *s, E810Desc *d, uint8_t *buf, unsigned len)
{
    unsigned num = le16_to_cpu(d->w[0]) & 0x3ff;
    unsigned end = s->vsis.first + s->vsis.num;
    uint16_t rc = AQ_RC_OK;
    int i;

    if (d->opcode != 0x0213 && (!buf || len < VSI_CTX_SIZE)) {
        return AQ_RC_EINVAL;
    }

    if (d->opcode == 0x0210) {
        if (le16_to_cpu(d->w[0]) & BIT(15)) {
            if (num >= end || num < e810_default_vsi(s)) {
                return AQ_RC_EINVAL;
            }
            if (s->vsi[num].valid) {
                return AQ_RC_EEXIST;
            }
        } else {
            num = e810_default_vsi(s);
            while (num < end && s->vsi[num].valid) {
                num++;
            }
            if (num == end) {
                return AQ_RC_ENOSPC;
            }
        }
        if ((d->raw[6] & 0x3) == VSI_TYPE_VF && d->raw[4] >= s->sriov_vfs) {
            return AQ_RC_EINVAL;
        }
        s->vsi[num].type = d->raw[6] & 0x3;
        s->vsi[num].vf_id = d->raw[4];
        rc = e810_vsi_update(s, num, buf, true);
    } else {
        E810Vsi *v = e810_vsi_get(s, num);

        if (!v) {
            return AQ_RC_ENOENT;
        }
        switch (d->opcode) {
        case 0x0211:
            rc = e810_vsi_update(s, num, buf, false);
            break;
        case 0x0212:
            memset(buf, 0, len);
            memcpy(buf, v->ctx, VSI_CTX_SIZE);
            break;
        case 0x0213:
            /* Unknown what firmware does: refuse while a queue may run */
            for (i = 0; i < E810_NUM_TXQ; i++) {
                if (s->txq[i].configured && s->txq[i].vsi == num) {
                    return AQ_RC_EBUSY;
                }
            }
            for (i = 0; i < v->num_rxq; i++) {
                int q = e810_vsi_rxq(s, v, i);

                if (q >= 0 && s->rxq[q].enabled) {
                    return AQ_RC_EBUSY;
                }
            }
            e810_switch_vsi_gone(s, num);
            e810_vsi_free(s, num);
            break;
        }
    }
    d->w[0] = cpu_to_le16(num);
    d->w[1] = 0;
    d->w[2] = cpu_to_le16(e810_vsi_count(s));
    d->w[3] = cpu_to_le16(end - e810_default_vsi(s) - e810_vsi_count(s));
    return rc;
}

/* 0x02A4: what an earlier driver left behind */
static uint16_t aq_clear_pf(E810State *s)
{
    int i;

    e810_switch_clear(s);
    for (i = 0; i < E810_NUM_TXQ; i++) {
        e810_tx_release(s, &s->txq[i]);
    }
    for (i = 0; i < E810_NUM_VSI; i++) {
        if (s->vsi[i].valid) {
            e810_vsi_free(s, i);
        }
    }
    e810_vsi_default(s);
    return AQ_RC_OK;
}

void e810_fill_link(E810State *s, uint8_t *buf)
{
    bool up = !qemu_get_queue(s->nic)->link_down;

    memset(buf, 0, 32);
    buf[2] = BIT(5) | BIT(6) | BIT(7) | (up ? BIT(0) : 0);
    buf[3] = up ? BIT(0) : 0;
    stw_le_p(buf + 6, s->max_frame);
    stw_le_p(buf + 10, up ? LINK_SPEED_100GB : 0);
    stq_le_p(buf + 16, up ? PHY_TYPE_100G_CR4 : 0);
}

static uint16_t aq_link(E810State *s, E810Desc *d, uint8_t *buf, unsigned len)
{
    unsigned lse = lduw_le_p(d->raw + 2) & 0x3;
    uint8_t link[32];

    if (!buf || len < 20) {
        return AQ_RC_EINVAL;
    }
    if (lse >= 2) {
        s->lse_enabled = lse == 3;
    }
    stw_le_p(d->raw + 2, s->lse_enabled);
    e810_fill_link(s, link);
    memset(buf, 0, len);
    memcpy(buf, link, MIN(len, sizeof(link)));
    return AQ_RC_OK;
}

/* 0x0600: one port with a direct attach cable */
static uint16_t aq_phy_caps(uint8_t *buf, unsigned len)
{
    if (!buf || len < 36) {
        return AQ_RC_EINVAL;
    }
    memset(buf, 0, len);
    stq_le_p(buf, PHY_TYPE_100G_CR4);
    buf[16] = BIT(3);                   /* link enabled */
    return AQ_RC_OK;
}

static uint16_t aq_mac_cfg(E810State *s, E810Desc *d)
{
    unsigned size = le16_to_cpu(d->w[0]);

    if (size < 64 || size > E810_MAX_FRAME) {
        return AQ_RC_EINVAL;
    }
    s->max_frame = size;
    s->pause_quanta = le16_to_cpu(d->w[2]);
    s->pause_refresh = le16_to_cpu(d->w[3]);
    return AQ_RC_OK;
}

/* 0x0B02 and 0x0B04: 40 + 12 bytes, as the HKEY registers hold them */
static uint16_t aq_rss_key(E810State *s, E810Desc *d, uint8_t *buf,
                           unsigned len, bool set)
{
    unsigned vsi = le16_to_cpu(d->w[0]) & 0x3ff, i;

    if (!buf || len < 52) {
        return AQ_RC_EINVAL;
    }
    if (!e810_vsi_get(s, vsi)) {
        return AQ_RC_ENOENT;
    }
    for (i = 0; i < 13; i++) {
        if (set) {
            s->hkey[i * 1024 + vsi] = ldl_le_p(buf + 4 * i);
        } else {
            stl_le_p(buf + 4 * i, s->hkey[i * 1024 + vsi]);
        }
    }
    return AQ_RC_OK;
}

/* 0x0B03 and 0x0B05 */
static uint16_t aq_rss_lut(E810State *s, E810Desc *d, uint8_t *buf,
                           unsigned len, bool set)
{
    unsigned vsi = le16_to_cpu(d->w[0]) & 0x3ff;
    uint16_t flags = le16_to_cpu(d->w[1]);
    unsigned size = flags & BIT(3) ? 2048 : flags & BIT(2) ? 512 :
                    flags & 0x3 ? 128 : 64;
    uint16_t *lut_size;
    uint8_t *lut;
    int i;

    if (!buf || (len < size && (set || !(flags & 0x3)))) {
        return AQ_RC_EINVAL;
    }
    if (!e810_vsi_get(s, vsi)) {
        return AQ_RC_ENOENT;
    }
    switch (flags & 0x3) {
    case 0:
        if (size != 64) {
            return AQ_RC_EINVAL;
        }
        for (i = 0; i < 16; i++) {
            if (set) {
                s->hlut[i * 1024 + vsi] = ldl_le_p(buf + 4 * i);
            } else {
                stl_le_p(buf + 4 * i, s->hlut[i * 1024 + vsi]);
            }
        }
        return AQ_RC_OK;
    case 1:
        lut = s->pf_lut;
        lut_size = &s->pf_lut_size;
        break;
    case 2:
        if (size > 512) {
            return AQ_RC_EINVAL;
        }
        i = extract32(flags, 4, 4);
        lut = s->global_lut[i];
        lut_size = &s->global_lut_size[i];
        break;
    default:
        return AQ_RC_EINVAL;
    }
    if (set) {
        *lut_size = size;               /* so much of the hash counts */
    } else if (len != *lut_size) {
        return AQ_RC_EINVAL;            /* the flags say nothing then */
    }
    memcpy(set ? lut : buf, set ? buf : lut, *lut_size);
    return AQ_RC_OK;
}

uint16_t e810_aq_command(E810State *s, E810Desc *d, uint8_t *buf,
                         uint16_t len)
{
    switch (d->opcode) {
    case 0x0001:
        return aq_get_ver(d);
    case 0x0002:                        /* driver version */
    case 0x0003:                        /* queue shutdown */
    case 0x0613:                        /* event mask */
        return AQ_RC_OK;
    case 0x0601:                        /* PHY configuration */
    case 0x0605:                        /* restart autonegotiation */
        return e810_fw_loading(s) ? AQ_RC_EBUSY : AQ_RC_OK;
    case 0x0008:
    case 0x0009:
        return e810_pkg_lock(s, d, d->opcode == 0x0008);
    case 0x000a:
    case 0x000b:
        return aq_caps(s, d, buf, len);
    case 0x0107:
        return aq_mac_read(s, d, buf, len);
    case 0x0108:
        memcpy(s->mac, d->raw + 2, 6);
        return AQ_RC_OK;
    case 0x0110:
        s->gllan_rctl &= ~RCTL_0_PXE_MODE;
        return AQ_RC_OK;
    case 0x0200:
        return aq_switch_cfg(s, d, buf, len);
    case 0x0203:
        return e810_port_params(s, d);
    case 0x0208:
    case 0x0209:
        return e810_switch_res(s, d->opcode == 0x0208, le16_to_cpu(d->w[0]),
                               buf, len);
    case 0x020a:
        return e810_switch_res_list(s, d, buf, len);
    case 0x0210 ... 0x0213:
        return aq_vsi(s, d, buf, len);
    case 0x0290 ... 0x0293:
        return e810_recipe_command(s, d, buf, len);
    case 0x02a0 ... 0x02a2:
        return e810_switch_rules(s, d->opcode, le16_to_cpu(d->w[0]), buf, len);
    case 0x02a4:
        return aq_clear_pf(s);
    case 0x0400 ... 0x041f:
        return e810_sched_command(s, d, buf, len);
    case 0x0600:
        return aq_phy_caps(buf, len);
    case 0x0603:
        return aq_mac_cfg(s, d);
    case 0x0607:
        return aq_link(s, d, buf, len);
    case 0x0620:
        s->mac_loopback = d->raw[0] & BIT(0);
        return AQ_RC_OK;
    case 0x0701:
        return e810_nvm_read(d, buf, len);
    case 0x0706:
        stw_le_p(d->raw + 2, 0xbaba);   /* the checksum is right */
        return AQ_RC_OK;
    case 0x0b02:
    case 0x0b04:
        return aq_rss_key(s, d, buf, len, d->opcode == 0x0b02);
    case 0x0b03:
    case 0x0b05:
        return aq_rss_lut(s, d, buf, len, d->opcode == 0x0b03);
    case 0x0c30:
        return e810_tx_add(s, d->raw[0], buf, len);
    case 0x0c31:
        return e810_tx_disable(s, d, buf, len);
    case 0x0c40 ... 0x0c43:
        return e810_pkg_command(s, d, buf, len);
    case 0x020c:
    case 0x020d:
        if (s->card->double_vlan) {
            return e810_vlan_command(s, d, buf, len);
        }
        /* fall through */
    default:
        qemu_log_mask(LOG_UNIMP, "e810: admin command 0x%04x\n", d->opcode);
        return AQ_RC_ENOSYS;
    }
}
