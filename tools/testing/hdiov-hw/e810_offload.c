/*
 * Emulated Intel E810: what transmit makes of a packet's headers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Checksums and segmentation, also of what is in a tunnel. Where headers are
 * and what they are is what the descriptors say, and the descriptors are a
 * guest's: e810_offload_parse() comes first and takes only what lies within
 * the packet.
 */

#include "qemu/osdep.h"
#include "qemu/crc32c.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "e810.h"

/* Is there room for an IP header of @len bytes, and does one begin there? */
static bool offload_ip_ok(const uint8_t *ip, unsigned len, bool v6)
{
    return len >= (v6 ? 40 : 20) && ip[0] >> 4 == (v6 ? 6 : 4);
}

/*
 * What the data descriptor @qw1 and quad word 0 of the context descriptor (0:
 * there is none) say of the packet's headers. False if these are not in the
 * packet, or not of the kind that they say.
 */
bool e810_offload_parse(E810Offload *o, uint64_t qw1, uint64_t ctx0,
                        const uint8_t *f, unsigned len)
{
    static const uint8_t l4_min[] = { 0, 20, 12, 8 };
    static const uint8_t tunnel_min[] = { 0, 8, 4 };
    unsigned l4t = (TXD_CMD(qw1) & TXD_CMD_L4T) >> 8;
    unsigned eiplen = TXC_EIPLEN(ctx0), natlen = TXC_NATLEN(ctx0);

    *o = (E810Offload) {
        .iipt = TXD_CMD(qw1) & TXD_CMD_IIPT,
        .l4t = TXD_CMD(qw1) & TXD_CMD_L4T,
        .eipt = TXC_EIPT(ctx0),
        .tunnel = TXC_L4TUNT(ctx0),
        .same_id = TXC_EIP_NOINC(ctx0),
        .outer_csum = TXC_L4T_CS(ctx0),
        .outer_l3 = TXD_MACLEN(qw1),
    };
    o->outer_l4 = o->outer_l3 + (o->eipt ? eiplen : 0);
    o->l3 = o->outer_l4 + (o->eipt ? natlen : 0);
    o->l4 = o->l3 + (o->iipt ? TXD_IPLEN(qw1) : 0);
    o->payload = o->l4 + (l4t ? TXD_L4LEN(qw1) : 0);

    if (!o->eipt) {
        if (TXC_TUNNEL(ctx0)) {
            return false;
        }
        if (!o->iipt) {
            return !l4t;
        }
    }
    if (o->outer_l3 < 14 || o->payload > len || (l4t && !o->iipt)) {
        return false;
    }
    if (o->eipt &&
        (o->tunnel >= ARRAY_SIZE(tunnel_min) || TXC_TUNNEL_REST(ctx0) ||
         (o->outer_csum && o->tunnel != TXC_TUNNEL_UDP) ||
         (o->tunnel ? natlen < tunnel_min[o->tunnel] : natlen) ||
         !offload_ip_ok(f + o->outer_l3, eiplen,
                        o->eipt == TXC_EIPT_IPV6))) {
        return false;
    }
    if (o->iipt &&
        !offload_ip_ok(f + o->l3, o->l4 - o->l3,
                       o->iipt == TXD_CMD_IIPT_IPV6)) {
        return false;
    }
    return o->payload - o->l4 >= l4_min[l4t];
}

static uint32_t offload_sum(const uint8_t *p, unsigned len)
{
    return net_checksum_add(len, (uint8_t *)p);
}

/* IPv4 header checksum */
static void offload_ip_csum(uint8_t *ip, unsigned iplen)
{
    stw_be_p(ip + 10, 0);
    stw_be_p(ip + 10, net_checksum_finish(offload_sum(ip, iplen)));
}

/* UDP: 0 would say that there is no checksum */
static void offload_udp_csum(uint8_t *udp, unsigned len, unsigned add)
{
    uint16_t sum = net_checksum_finish(offload_sum(udp, len) + add);

    stw_be_p(udp + 6, sum ?: 0xffff);
}

/*
 * L4 checksums of a frame of @len bytes, of the inner header first: the outer
 * one is over it. The driver has put the sum of the pseudo header into each
 * field, for segments without the length, which is added then.
 */
static void offload_l4_csum(const E810Offload *o, uint8_t *f, unsigned len,
                            bool segment)
{
    unsigned size = len - o->l4, add = segment ? size : 0;
    uint8_t *l4 = f + o->l4;

    switch (o->l4t) {
    case TXD_CMD_L4T_TCP:
        stw_be_p(l4 + 16, net_checksum_finish(offload_sum(l4, size) + add));
        break;
    case TXD_CMD_L4T_UDP:
        offload_udp_csum(l4, size, add);
        break;
    case TXD_CMD_L4T_SCTP:
        stl_le_p(l4 + 8, 0);
        stl_le_p(l4 + 8, crc32c(0xffffffff, l4, size));
        break;
    }
    if (o->outer_csum) {
        size = len - o->outer_l4;
        offload_udp_csum(f + o->outer_l4, size, segment ? size : 0);
    }
}

/*
 * All checksums of a packet that is sent as it is. Returns whether those that
 * the receiver looks at are now right: in a tunnel these are the outer ones,
 * which may be the sender's own.
 */
bool e810_offload_csum(const E810Offload *o, uint8_t *f, unsigned len)
{
    if (o->eipt == TXC_EIPT_IPV4) {
        offload_ip_csum(f + o->outer_l3, o->outer_l4 - o->outer_l3);
    }
    if (o->iipt == TXD_CMD_IIPT_IPV4_CSUM) {
        offload_ip_csum(f + o->l3, o->l4 - o->l3);
    }
    offload_l4_csum(o, f, len, false);
    return o->l4t && o->iipt != TXD_CMD_IIPT_IPV4 && !o->eipt;
}

bool e810_offload_can_segment(const E810Offload *o)
{
    return o->l4t == TXD_CMD_L4T_TCP || o->l4t == TXD_CMD_L4T_UDP;
}

/* The IP header of the @nth segment, of @size bytes from it on */
static void offload_segment_ip(uint8_t *ip, bool v6, unsigned size, unsigned n)
{
    if (v6) {
        stw_be_p(ip + 4, size - 40);
    } else {
        stw_be_p(ip + 2, size);
        stw_be_p(ip + 4, lduw_be_p(ip + 4) + n);
    }
}

/*
 * Make the @nth segment of packet @in: its headers, and @size bytes of its
 * payload from @pos on. A GRE header is the same in all, with its checksum, if
 * it has one: drivers see to it that this is right.
 */
void e810_offload_segment(const E810Offload *o, const uint8_t *in,
                          uint8_t *out, unsigned n, unsigned pos,
                          unsigned size, bool last)
{
    bool v6 = o->iipt == TXD_CMD_IIPT_IPV6;
    unsigned len = o->payload + size;
    uint8_t *l4 = out + o->l4;

    memcpy(out, in, o->payload);
    memcpy(out + o->payload, in + o->payload + pos, size);
    if (o->eipt) {
        offload_segment_ip(out + o->outer_l3, o->eipt == TXC_EIPT_IPV6,
                           len - o->outer_l3, o->same_id ? 0 : n);
        if (o->eipt == TXC_EIPT_IPV4) {
            offload_ip_csum(out + o->outer_l3, o->outer_l4 - o->outer_l3);
        }
        if (o->tunnel == TXC_TUNNEL_UDP) {
            stw_be_p(out + o->outer_l4 + 4, len - o->outer_l4);
        }
    }
    offload_segment_ip(out + o->l3, v6, len - o->l3, n);
    if (!v6) {
        offload_ip_csum(out + o->l3, o->l4 - o->l3);
    }
    if (o->l4t == TXD_CMD_L4T_TCP) {
        stl_be_p(l4 + 4, ldl_be_p(in + o->l4 + 4) + pos);
        if (!last) {
            l4[13] &= ~(TH_FIN | TH_PUSH);
        }
        if (n) {
            l4[13] &= ~TH_CWR;
        }
    } else {
        stw_be_p(l4 + 4, len - o->l4);
    }
    offload_l4_csum(o, out, len, true);
}
