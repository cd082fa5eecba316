/*
 * Emulated QAT 2.0 (4xxx): public key service
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A request names a function and two lists of addresses, of its inputs and of
 * its outputs: big endian integers of the sizes that go with the function.
 */

#include "qemu/osdep.h"
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include "qat.h"

#define PKE_FUNC                20
#define PKE_OUT_COUNT           48
#define PKE_IN_COUNT            49
#define PKE_RESP_ERR            4
#define PKE_RESP_FLAGS          5
#define PKE_RESP_SRC            16
#define PKE_RESP_DST            24
#define PKE_ERR_BAD_REQUEST     1

#define PKE_MAX_IN              11
#define PKE_MAX_OUT             2
#define PKE_MAX_LEN             512

typedef struct QATPke {
    BN_CTX *ctx;
    BIGNUM *in[PKE_MAX_IN];
    BIGNUM *out[PKE_MAX_OUT];
} QATPke;

/* Integers modulo something */

static bool pke_modexp(QATPke *p)       /* g, e, m */
{
    return !BN_is_zero(p->in[2]) &&
           BN_mod_exp(p->out[0], p->in[0], p->in[1], p->in[2], p->ctx);
}

static bool pke_exp2(QATPke *p)         /* e, m */
{
    BIGNUM *two = BN_CTX_get(p->ctx);

    return two && BN_set_word(two, 2) && !BN_is_zero(p->in[1]) &&
           BN_mod_exp(p->out[0], two, p->in[0], p->in[1], p->ctx);
}

static bool pke_modinv(QATPke *p)       /* a, b */
{
    return !BN_is_zero(p->in[1]) &&
           BN_mod_inverse(p->out[0], p->in[0], p->in[1], p->ctx);
}

static bool pke_rsa_crt(QATPke *pk)     /* c, p, q, dp, dq, qinv */
{
    BIGNUM **in = pk->in, *p = in[1], *q = in[2];
    BIGNUM *m1 = BN_CTX_get(pk->ctx), *m2 = BN_CTX_get(pk->ctx);
    BIGNUM *h = BN_CTX_get(pk->ctx);

    return h && !BN_is_zero(p) && !BN_is_zero(q) &&
           BN_nnmod(h, in[0], p, pk->ctx) &&
           BN_mod_exp(m1, h, in[3], p, pk->ctx) &&
           BN_nnmod(h, in[0], q, pk->ctx) &&
           BN_mod_exp(m2, h, in[4], q, pk->ctx) &&
           BN_mod_sub(h, m1, m2, p, pk->ctx) &&
           BN_mod_mul(h, h, in[5], p, pk->ctx) &&
           BN_mul(h, h, q, pk->ctx) &&
           BN_add(pk->out[0], m2, h);
}

/* out = a^-1 * b mod n */
static bool pke_div(QATPke *p, BIGNUM *out, const BIGNUM *b, const BIGNUM *a,
                    const BIGNUM *n)
{
    BIGNUM *inv = BN_CTX_get(p->ctx);

    return inv && BN_mod_inverse(inv, a, n, p->ctx) &&
           BN_mod_mul(out, inv, b, n, p->ctx);
}

/* 0 < a < n */
static bool pke_in_range(const BIGNUM *a, const BIGNUM *n)
{
    return !BN_is_zero(a) && BN_cmp(a, n) < 0;
}

/* s = (e + d * r) / k mod n, of DSA and ECDSA alike */
static bool pke_sign_s(QATPke *p, BIGNUM *s, const BIGNUM *e, const BIGNUM *d,
                       const BIGNUM *r, const BIGNUM *k, const BIGNUM *n)
{
    BIGNUM *t = BN_CTX_get(p->ctx);

    return t && pke_in_range(k, n) && pke_in_range(r, n) &&
           BN_mod_mul(t, d, r, n, p->ctx) &&
           BN_mod_add(t, t, e, n, p->ctx) &&
           pke_div(p, s, t, k, n) && !BN_is_zero(s);
}

/* DSA */

static bool pke_dsa_r(QATPke *pk, BIGNUM *r, const BIGNUM *k, const BIGNUM *p,
                      const BIGNUM *q, const BIGNUM *g)
{
    return !BN_is_zero(p) && pke_in_range(k, q) &&
           BN_mod_exp(r, g, k, p, pk->ctx) &&
           BN_nnmod(r, r, q, pk->ctx) && !BN_is_zero(r);
}

static bool pke_dsa_sign_r(QATPke *p)   /* k, p, q, g */
{
    return pke_dsa_r(p, p->out[0], p->in[0], p->in[1], p->in[2], p->in[3]);
}

static bool pke_dsa_sign_s(QATPke *p)   /* m, k, q, r, x */
{
    return pke_sign_s(p, p->out[0], p->in[0], p->in[4], p->in[3], p->in[1],
                      p->in[2]);
}

static bool pke_dsa_sign(QATPke *p)     /* m, k, p, q, g, x */
{
    return pke_dsa_r(p, p->out[0], p->in[1], p->in[2], p->in[3], p->in[4]) &&
           pke_sign_s(p, p->out[1], p->in[0], p->in[5], p->out[0], p->in[1],
                      p->in[3]);
}

static bool pke_dsa_verify(QATPke *pk)  /* r, s, m, p, q, g, y */
{
    BIGNUM **in = pk->in, *r = in[0], *p = in[3], *q = in[4];
    BIGNUM *u1 = BN_CTX_get(pk->ctx), *u2 = BN_CTX_get(pk->ctx);

    return u2 && pke_in_range(r, q) && pke_in_range(in[1], q) &&
           !BN_is_zero(p) &&
           pke_div(pk, u1, in[2], in[1], q) &&
           pke_div(pk, u2, r, in[1], q) &&
           BN_mod_exp(u1, in[5], u1, p, pk->ctx) &&
           BN_mod_exp(u2, in[6], u2, p, pk->ctx) &&
           BN_mod_mul(u1, u1, u2, p, pk->ctx) &&
           BN_nnmod(u1, u1, q, pk->ctx) && !BN_cmp(u1, r);
}

static bool pke_dsa_gen_g(QATPke *pk)   /* p, q, h */
{
    BIGNUM *e = BN_CTX_get(pk->ctx);

    return e && pke_in_range(pk->in[1], pk->in[0]) &&
           BN_sub(e, pk->in[0], BN_value_one()) &&
           BN_div(e, NULL, e, pk->in[1], pk->ctx) &&
           BN_mod_exp(pk->out[0], pk->in[2], e, pk->in[0], pk->ctx);
}

static bool pke_dsa_gen_y(QATPke *p)    /* p, g, x */
{
    return !BN_is_zero(p->in[0]) &&
           BN_mod_exp(p->out[0], p->in[1], p->in[2], p->in[0], p->ctx);
}

/* Elliptic curves, y^2 = x^3 + a x + b modulo p, whichever they are */

typedef struct QATEc {
    EC_GROUP *group;
    EC_POINT *p1;
    EC_POINT *p2;
} QATEc;

static void pke_ec_free(QATEc *ec)
{
    EC_POINT_free(ec->p1);
    EC_POINT_free(ec->p2);
    EC_GROUP_free(ec->group);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QATEc, pke_ec_free)

static bool pke_ec_points(QATEc *ec)
{
    if (ec->group) {
        ec->p1 = EC_POINT_new(ec->group);
        ec->p2 = EC_POINT_new(ec->group);
    }
    return ec->p1 && ec->p2;
}

static bool pke_ec_new(QATPke *pk, QATEc *ec, const BIGNUM *p,
                       const BIGNUM *a, const BIGNUM *b)
{
    ec->group = EC_GROUP_new_curve_GFp(p, a, b, pk->ctx);
    return pke_ec_points(ec);
}

/* Fails for points that are not on the curve */
static bool pke_ec_set(QATPke *p, QATEc *ec, EC_POINT *pt, const BIGNUM *x,
                       const BIGNUM *y)
{
    return EC_POINT_set_affine_coordinates(ec->group, pt, x, y, p->ctx);
}

/* Fails for infinity */
static bool pke_ec_get(QATPke *p, QATEc *ec, const EC_POINT *pt, BIGNUM *x,
                       BIGNUM *y)
{
    return EC_POINT_get_affine_coordinates(ec->group, pt, x, y, p->ctx);
}

static bool pke_ec_mul(QATPke *p, QATEc *ec, EC_POINT *pt, const BIGNUM *k)
{
    return EC_POINT_mul(ec->group, pt, NULL, pt, k, p->ctx);
}

/* x of u1 * (x1, y1) + u2 * (x2, y2) */
static bool pke_ec_sum_x(QATPke *p, QATEc *ec, BIGNUM *x,
                         const BIGNUM *u1, const BIGNUM *x1, const BIGNUM *y1,
                         const BIGNUM *u2, const BIGNUM *x2, const BIGNUM *y2)
{
    return pke_ec_set(p, ec, ec->p1, x1, y1) &&
           pke_ec_set(p, ec, ec->p2, x2, y2) &&
           pke_ec_mul(p, ec, ec->p1, u1) &&
           pke_ec_mul(p, ec, ec->p2, u2) &&
           EC_POINT_add(ec->group, ec->p1, ec->p1, ec->p2, p->ctx) &&
           pke_ec_get(p, ec, ec->p1, x, NULL);
}

static bool pke_ec_multiply(QATPke *p)  /* k, x, y, a, b, p, h */
{
    g_auto(QATEc) ec = {};

    return pke_ec_new(p, &ec, p->in[5], p->in[3], p->in[4]) &&
           pke_ec_set(p, &ec, ec.p1, p->in[1], p->in[2]) &&
           pke_ec_mul(p, &ec, ec.p1, p->in[0]) &&
           pke_ec_get(p, &ec, ec.p1, p->out[0], p->out[1]);
}

static bool pke_ec_verify(QATPke *p)    /* x, y, p, a, b */
{
    g_auto(QATEc) ec = {};

    return BN_cmp(p->in[0], p->in[2]) < 0 && BN_cmp(p->in[1], p->in[2]) < 0 &&
           pke_ec_new(p, &ec, p->in[2], p->in[3], p->in[4]) &&
           pke_ec_set(p, &ec, ec.p1, p->in[0], p->in[1]);
}

/* r = x of k * G, modulo n */
static bool pke_ecdsa_r(QATPke *p, BIGNUM *r, const BIGNUM *k,
                        const BIGNUM *xg, const BIGNUM *yg, const BIGNUM *n,
                        const BIGNUM *q, const BIGNUM *a, const BIGNUM *b)
{
    g_auto(QATEc) ec = {};

    return pke_in_range(k, n) && pke_ec_new(p, &ec, q, a, b) &&
           pke_ec_set(p, &ec, ec.p1, xg, yg) &&
           pke_ec_mul(p, &ec, ec.p1, k) &&
           pke_ec_get(p, &ec, ec.p1, r, NULL) &&
           BN_nnmod(r, r, n, p->ctx) && !BN_is_zero(r);
}

static bool pke_ecdsa_sign_r(QATPke *p) /* xg, yg, n, q, a, b, k */
{
    return pke_ecdsa_r(p, p->out[0], p->in[6], p->in[0], p->in[1], p->in[2],
                       p->in[3], p->in[4], p->in[5]);
}

static bool pke_ecdsa_sign_s(QATPke *p) /* e, d, r, k, n */
{
    return pke_sign_s(p, p->out[0], p->in[0], p->in[1], p->in[2], p->in[3],
                      p->in[4]);
}

static bool pke_ecdsa_sign(QATPke *p)   /* d, e, k, b, a, p, n, yg, xg */
{
    BIGNUM **in = p->in;

    return pke_ecdsa_r(p, p->out[0], in[2], in[8], in[7], in[6], in[5], in[4],
                       in[3]) &&
           pke_sign_s(p, p->out[1], in[1], in[0], p->out[0], in[2], in[6]);
}

/* p, b, a, yq, xq, yg, xg, n, r, s, e */
static bool pke_ecdsa_verify(QATPke *p)
{
    BIGNUM **in = p->in, *n = in[7], *r = in[8], *s = in[9];
    BIGNUM *u1 = BN_CTX_get(p->ctx), *u2 = BN_CTX_get(p->ctx);
    BIGNUM *x = BN_CTX_get(p->ctx);
    g_auto(QATEc) ec = {};

    return x && pke_in_range(r, n) && pke_in_range(s, n) &&
           pke_div(p, u1, in[10], s, n) && pke_div(p, u2, r, s, n) &&
           pke_ec_new(p, &ec, in[0], in[2], in[1]) &&
           pke_ec_sum_x(p, &ec, x, u1, in[6], in[5], u2, in[4], in[3]) &&
           BN_nnmod(x, x, n, p->ctx) && !BN_cmp(x, r);
}

/* SM2, which has one curve */

static bool pke_sm2_new(QATPke *p, QATEc *ec, BIGNUM **xg, BIGNUM **yg)
{
    *xg = BN_CTX_get(p->ctx);
    *yg = BN_CTX_get(p->ctx);
    ec->group = EC_GROUP_new_by_curve_name(NID_sm2);
    return *yg && pke_ec_points(ec) &&
           pke_ec_get(p, ec, EC_GROUP_get0_generator(ec->group), *xg, *yg);
}

static bool pke_sm2_sign(QATPke *p)     /* k, e, d */
{
    BIGNUM *k = p->in[0], *e = p->in[1], *d = p->in[2], *xg, *yg;
    BIGNUM *r = p->out[0], *t = BN_CTX_get(p->ctx), *u = BN_CTX_get(p->ctx);
    g_auto(QATEc) ec = {};
    const BIGNUM *n;

    if (!u || !pke_sm2_new(p, &ec, &xg, &yg)) {
        return false;
    }
    n = EC_GROUP_get0_order(ec.group);
    return pke_in_range(k, n) &&
           pke_ec_set(p, &ec, ec.p1, xg, yg) &&
           pke_ec_mul(p, &ec, ec.p1, k) &&
           pke_ec_get(p, &ec, ec.p1, r, NULL) &&
           BN_mod_add(r, r, e, n, p->ctx) && !BN_is_zero(r) &&
           BN_mod_mul(t, r, d, n, p->ctx) &&
           BN_mod_sub(t, k, t, n, p->ctx) &&
           BN_add(u, d, BN_value_one()) &&
           pke_div(p, p->out[1], t, u, n) && !BN_is_zero(p->out[1]);
}

static bool pke_sm2_verify(QATPke *p)   /* e, r, s, x, y */
{
    BIGNUM *r = p->in[1], *s = p->in[2], *xg, *yg;
    BIGNUM *t = BN_CTX_get(p->ctx), *x = BN_CTX_get(p->ctx);
    g_auto(QATEc) ec = {};
    const BIGNUM *n;

    if (!x || !pke_sm2_new(p, &ec, &xg, &yg)) {
        return false;
    }
    n = EC_GROUP_get0_order(ec.group);
    return pke_in_range(r, n) && pke_in_range(s, n) &&
           BN_mod_add(t, r, s, n, p->ctx) && !BN_is_zero(t) &&
           pke_ec_sum_x(p, &ec, x, s, xg, yg, t, p->in[3], p->in[4]) &&
           BN_mod_add(x, x, p->in[0], n, p->ctx) && !BN_cmp(x, r);
}

/*
 * Inputs and outputs: a letter each, L a whole integer, H half of one, S a
 * short one (of DSA). Packed inputs lie in one buffer, at one address.
 */
typedef struct QATPkeOp {
    bool (*run)(QATPke *p);
    const char *in;
    const char *out;
    bool packed;
} QATPkeOp;

static const QATPkeOp op_modexp = { pke_modexp, "LLL", "L" };
static const QATPkeOp op_exp2 = { pke_exp2, "LL", "L" };
static const QATPkeOp op_modinv = { pke_modinv, "LL", "L" };
static const QATPkeOp op_rsa_crt = { pke_rsa_crt, "LHHHHH", "L" };
static const QATPkeOp op_dsa_sign = { pke_dsa_sign, "SSLSLS", "SS" };
static const QATPkeOp op_dsa_sign_r = { pke_dsa_sign_r, "SLSL", "S" };
static const QATPkeOp op_dsa_sign_s = { pke_dsa_sign_s, "SSSSS", "S" };
static const QATPkeOp op_dsa_verify = { pke_dsa_verify, "SSSLSLL", "" };
static const QATPkeOp op_dsa_gen_g = { pke_dsa_gen_g, "LSL", "L" };
static const QATPkeOp op_dsa_gen_y = { pke_dsa_gen_y, "LLS", "L" };
static const QATPkeOp op_ec_mul = { pke_ec_multiply, "LLLLLLL", "LL" };
static const QATPkeOp op_ec_verify = { pke_ec_verify, "LLLLL", "" };
static const QATPkeOp op_ecdsa_r = { pke_ecdsa_sign_r, "LLLLLLL", "L" };
static const QATPkeOp op_ecdsa_s = { pke_ecdsa_sign_s, "LLLLL", "L" };
static const QATPkeOp op_ecdsa_sign = {
    pke_ecdsa_sign, "LLLLLLLLL", "LL", true
};
static const QATPkeOp op_ecdsa_verify = {
    pke_ecdsa_verify, "LLLLLLLLLLL", "", true
};
static const QATPkeOp op_sm2_sign = { pke_sm2_sign, "LLL", "LL" };
static const QATPkeOp op_sm2_verify = { pke_sm2_verify, "LLLLL", "" };

static const struct {
    uint32_t id;
    const QATPkeOp *op;
    uint16_t len;               /* bytes of L */
    uint16_t slen;              /* bytes of S */
} qat_pke_funcs[] = {
    { 0x1c0b1a10, &op_exp2, 96 },
    { 0x210c1a1b, &op_modexp, 96 },
    { 0x220b1a27, &op_exp2, 128 },
    { 0x290c1a32, &op_modexp, 128 },
    { 0x2e0b1a3e, &op_exp2, 192 },
    { 0x390c1a49, &op_modexp, 192 },
    { 0x3e0b1a55, &op_exp2, 256 },
    { 0x4d0c1a60, &op_modexp, 256 },
    { 0x3a0b1a6c, &op_exp2, 384 },
    { 0x510c1a77, &op_modexp, 384 },
    { 0x4a0b1a83, &op_exp2, 512 },
    { 0x690c1a8e, &op_modexp, 512 },
    /* RSA: EP, DP1, DP2 */
    { 0x1c161b21, &op_modexp, 64 },
    { 0x1c161b3c, &op_modexp, 64 },
    { 0x1c131b57, &op_rsa_crt, 64 },
    { 0x35111bf7, &op_modexp, 128 },
    { 0x35111c12, &op_modexp, 128 },
    { 0x26131c2d, &op_rsa_crt, 128 },
    { 0x4d111cdc, &op_modexp, 192 },
    { 0x4d111cf7, &op_modexp, 192 },
    { 0x45111d12, &op_rsa_crt, 192 },
    { 0x6e111dba, &op_modexp, 256 },
    { 0x6e111dda, &op_modexp, 256 },
    { 0x59121dfa, &op_rsa_crt, 256 },
    { 0x7d111ea3, &op_modexp, 384 },
    { 0x7d111ebe, &op_modexp, 384 },
    { 0x81121ed9, &op_rsa_crt, 384 },
    { 0xa5101f7e, &op_modexp, 512 },
    { 0xa5101f98, &op_modexp, 512 },
    { 0xb1111fb2, &op_rsa_crt, 512 },
    /* modular exponentiation */
    { 0x150c2327, &op_modexp, 64 },
    { 0x2d0c233e, &op_modexp, 128 },
    { 0x410c2355, &op_modexp, 192 },
    { 0x5e12236c, &op_modexp, 256 },
    { 0x60162388, &op_modexp, 320 },
    { 0x650c23a9, &op_modexp, 384 },
    { 0x801623c0, &op_modexp, 448 },
    { 0x850c23e1, &op_modexp, 512 },
    /* modular inversion, odd and even */
    { 0x090623f8, &op_modinv, 16 },
    { 0x0a0623fe, &op_modinv, 24 },
    { 0x0a062404, &op_modinv, 32 },
    { 0x0b06240a, &op_modinv, 48 },
    { 0x0c062410, &op_modinv, 64 },
    { 0x0e062416, &op_modinv, 96 },
    { 0x1006241c, &op_modinv, 128 },
    { 0x18062422, &op_modinv, 192 },
    { 0x20062428, &op_modinv, 256 },
    { 0x3006242e, &op_modinv, 384 },
    { 0x40062434, &op_modinv, 512 },
    { 0x0906243a, &op_modinv, 16 },
    { 0x0a062440, &op_modinv, 24 },
    { 0x0a062446, &op_modinv, 32 },
    { 0x0e0b244c, &op_modinv, 48 },
    { 0x110b2457, &op_modinv, 64 },
    { 0x170b2462, &op_modinv, 96 },
    { 0x1d0b246d, &op_modinv, 128 },
    { 0x290b2478, &op_modinv, 192 },
    { 0x350b2483, &op_modinv, 256 },
    { 0x4d0b248e, &op_modinv, 384 },
    { 0x650b2499, &op_modinv, 512 },
    /* DSA: short integers are whole quadwords */
    { 0x261424d4, &op_dsa_gen_g, 128, 24 },
    { 0x291224ed, &op_dsa_gen_y, 128, 24 },
    { 0x2c1c2504, &op_dsa_sign_r, 128, 24 },
    { 0x12142526, &op_dsa_sign_s, 128, 24 },
    { 0x301e2540, &op_dsa_sign, 128, 24 },
    { 0x323a2570, &op_dsa_verify, 128, 24 },
    { 0x4d1225ea, &op_dsa_gen_y, 256, 32 },
    { 0x511c2601, &op_dsa_sign_r, 256, 32 },
    { 0x15142623, &op_dsa_sign_s, 256, 32 },
    { 0x571e263d, &op_dsa_sign, 256, 32 },
    { 0x6930266d, &op_dsa_verify, 256, 32 },
    { 0x4b1426ed, &op_dsa_gen_g, 256, 32 },
    { 0x5b182706, &op_dsa_sign_r, 256, 32 },
    { 0x15142733, &op_dsa_sign_s, 256, 32 },
    { 0x5a2a274d, &op_dsa_sign, 256, 32 },
    { 0x723a2789, &op_dsa_verify, 256, 32 },
    { 0x4f142816, &op_dsa_gen_g, 384, 32 },
    { 0x5112282f, &op_dsa_gen_y, 384, 32 },
    { 0x59282846, &op_dsa_sign_r, 384, 32 },
    { 0x61292874, &op_dsa_sign, 384, 32 },
    { 0x7f4328ae, &op_dsa_verify, 384, 32 },
    /* curves up to 256, 512 and 521 bits */
    { 0x431b2f22, &op_ecdsa_r, 32 },
    { 0x2b252f6d, &op_ecdsa_s, 32 },
    { 0x6a3c2fa6, &op_ecdsa_sign, 32 },
    { 0x325b3023, &op_ecdsa_verify, 32 },
    { 0x4e2530b3, &op_ecdsa_r, 64 },
    { 0x251830fa, &op_ecdsa_s, 64 },
    { 0x5a2b3127, &op_ecdsa_sign, 64 },
    { 0x3553318a, &op_ecdsa_verify, 64 },
    { 0x772c31fe, &op_ecdsa_r, 72 },
    { 0x52343251, &op_ecdsa_s, 72 },
    { 0x494a329b, &op_ecdsa_sign, 72 },
    { 0x554c331f, &op_ecdsa_verify, 72 },
    { 0x432033a6, &op_ec_mul, 32 },
    { 0x1f0c33fc, &op_ec_verify, 32 },
    { 0x41253419, &op_ec_mul, 64 },
    { 0x2612345c, &op_ec_verify, 64 },
    { 0x5511346e, &op_ec_mul, 72 },
    { 0x0e0734be, &op_ec_verify, 72 },
    { 0x222116fe, &op_sm2_sign, 32 },
    { 0x29241743, &op_sm2_verify, 32 },
};

static uint32_t qat_pke_len(char c, uint16_t len, uint16_t slen)
{
    return c == 'S' ? slen : c == 'H' ? len / 2 : len;
}

static bool qat_pke_read(QATJob *job, QATPke *p, const QATPkeOp *op,
                         uint16_t len, uint16_t slen)
{
    uint32_t n = strlen(op->in), i;
    uint8_t list[PKE_MAX_IN * 8], num[PKE_MAX_LEN];
    uint64_t addr = 0;

    if (job->req[PKE_IN_COUNT] != (op->packed ? 1 : n) ||
        job->req[PKE_OUT_COUNT] != strlen(op->out) ||
        !qat_dma_read(job, ldq_le_p(job->req + REQ_SRC), list,
                      job->req[PKE_IN_COUNT] * 8)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        uint32_t size = qat_pke_len(op->in[i], len, slen);

        if (!i || !op->packed) {
            addr = ldq_le_p(list + 8 * i);
        }
        if (!qat_dma_read(job, addr, num, size)) {
            return false;
        }
        addr += size;
        p->in[i] = BN_CTX_get(p->ctx);
        if (!p->in[i] || !BN_bin2bn(num, size, p->in[i])) {
            return false;
        }
    }
    for (i = 0; i < strlen(op->out); i++) {
        p->out[i] = BN_CTX_get(p->ctx);
        if (!p->out[i]) {
            return false;
        }
    }
    return true;
}

static bool qat_pke_write(QATJob *job, QATPke *p, const QATPkeOp *op,
                          uint16_t len, uint16_t slen)
{
    uint32_t n = strlen(op->out), i;
    uint8_t list[PKE_MAX_OUT * 8], num[PKE_MAX_LEN];

    if (!n) {
        return true;
    }
    if (!qat_dma_read(job, ldq_le_p(job->req + REQ_DST), list, n * 8)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        uint32_t size = qat_pke_len(op->out[i], len, slen);

        if (BN_bn2binpad(p->out[i], num, size) < 0 ||
            !qat_dma_write(job, ldq_le_p(list + 8 * i), num, size)) {
            return false;
        }
    }
    return true;
}

void qat_asym_process(QATJob *job)
{
    uint32_t id = ldl_le_p(job->req + PKE_FUNC);
    uint8_t *resp = job->resp;
    QATPke p = {};
    int i;

    /* Other than the header's, the fields of a response are PKE's own */
    memset(resp + 4, 0, 4);
    memcpy(resp + PKE_RESP_SRC, job->req + REQ_SRC, 8);
    memcpy(resp + PKE_RESP_DST, job->req + REQ_DST, 8);

    for (i = 0; i < ARRAY_SIZE(qat_pke_funcs); i++) {
        if (qat_pke_funcs[i].id == id) {
            break;
        }
    }
    if (i == ARRAY_SIZE(qat_pke_funcs)) {
        resp[PKE_RESP_ERR] = PKE_ERR_BAD_REQUEST;
        resp[PKE_RESP_FLAGS] = STATUS_PKE;
        return;
    }

    p.ctx = BN_CTX_new();
    if (p.ctx) {
        BN_CTX_start(p.ctx);
        if (!qat_pke_read(job, &p, qat_pke_funcs[i].op, qat_pke_funcs[i].len,
                          qat_pke_funcs[i].slen)) {
            resp[PKE_RESP_ERR] = PKE_ERR_BAD_REQUEST;
            resp[PKE_RESP_FLAGS] = STATUS_PKE;
        } else if (!qat_pke_funcs[i].op->run(&p) ||
                   !qat_pke_write(job, &p, qat_pke_funcs[i].op,
                                  qat_pke_funcs[i].len,
                                  qat_pke_funcs[i].slen)) {
            resp[PKE_RESP_FLAGS] = STATUS_PKE;
        }
        BN_CTX_end(p.ctx);
        BN_CTX_free(p.ctx);
    } else {
        resp[PKE_RESP_FLAGS] = STATUS_PKE;
    }
}
