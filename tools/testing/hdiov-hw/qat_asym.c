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
#include <openssl/evp.h>
#include <openssl/objects.h>
#include "qat.h"

#define PKE_FUNC                20
#define PKE_OUT_COUNT           48
#define PKE_IN_COUNT            49
#define PKE_NEXT                56
#define PKE_RESP_ERR            4
#define PKE_RESP_FLAGS          5
#define PKE_RESP_SRC            16
#define PKE_RESP_DST            24
#define PKE_ERR_BAD_REQUEST     1

#define PKE_MAX_IN              11
#define PKE_MAX_OUT             5
#define PKE_MAX_LEN             1024
#define PKE_MAX_CHAIN           64

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

typedef struct QATPke {
    QATJob *job;
    BN_CTX *ctx;
    int curve;                  /* that goes with the function */
    bool binary;                /* or curves over binary fields do */
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

/* p, q, e: n and the smallest d that there is */
static bool pke_rsa_kp1(QATPke *pk)
{
    BIGNUM *p1 = BN_CTX_get(pk->ctx), *q1 = BN_CTX_get(pk->ctx);
    BIGNUM *gcd = BN_CTX_get(pk->ctx), *lcm = BN_CTX_get(pk->ctx);

    return lcm && BN_mul(pk->out[0], pk->in[0], pk->in[1], pk->ctx) &&
           BN_sub(p1, pk->in[0], BN_value_one()) &&
           BN_sub(q1, pk->in[1], BN_value_one()) &&
           BN_gcd(gcd, p1, q1, pk->ctx) && BN_mul(lcm, p1, q1, pk->ctx) &&
           BN_div(lcm, NULL, lcm, gcd, pk->ctx) &&
           !BN_is_negative(lcm) && !BN_is_zero(lcm) &&
           BN_mod_inverse(pk->out[1], pk->in[2], lcm, pk->ctx);
}

/* And the other form of the private key */
static bool pke_rsa_kp2(QATPke *pk)
{
    BIGNUM **out = pk->out, *one = BN_CTX_get(pk->ctx);

    return one && pke_rsa_kp1(pk) &&
           BN_sub(one, pk->in[0], BN_value_one()) &&
           BN_nnmod(out[2], out[1], one, pk->ctx) &&
           BN_sub(one, pk->in[1], BN_value_one()) &&
           BN_nnmod(out[3], out[1], one, pk->ctx) &&
           BN_mod_inverse(out[4], pk->in[1], pk->in[0], pk->ctx);
}

/* Tests for primes, which only have a status */

static bool pke_prime_gcd(QATPke *p)    /* m */
{
    BN_ULONG i;

    for (i = 2; i < 256; i++) {
        if (!BN_mod_word(p->in[0], i) && !BN_is_word(p->in[0], i)) {
            return false;
        }
    }
    return true;
}

static bool pke_prime_fermat(QATPke *p) /* m */
{
    BIGNUM *two = BN_CTX_get(p->ctx), *e = BN_CTX_get(p->ctx);

    return e && BN_is_odd(p->in[0]) && BN_set_word(two, 2) &&
           BN_sub(e, p->in[0], BN_value_one()) &&
           BN_mod_exp(e, two, e, p->in[0], p->ctx) && BN_is_one(e);
}

/* A round of Miller and Rabin's */
static bool pke_prime_mr(QATPke *p)     /* x, m */
{
    BIGNUM *m = p->in[1], *m1 = BN_CTX_get(p->ctx);
    BIGNUM *e = BN_CTX_get(p->ctx), *y = BN_CTX_get(p->ctx);
    int s = 0;

    if (!y || !BN_is_odd(m) || BN_is_one(m) ||
        !BN_sub(m1, m, BN_value_one())) {
        return false;
    }
    while (!BN_is_bit_set(m1, s)) {
        s++;
    }
    if (!BN_rshift(e, m1, s) || !BN_mod_exp(y, p->in[0], e, m, p->ctx)) {
        return false;
    }
    if (BN_is_one(y)) {
        return true;
    }
    while (BN_cmp(y, m1)) {
        if (--s <= 0 || !BN_mod_sqr(y, y, m, p->ctx)) {
            return false;
        }
    }
    return true;
}

static int pke_go_on(int a, int b, BN_GENCB *cb)
{
    return !qat_job_aborted(BN_GENCB_get_arg(cb));
}

/* Of 4096 bits it takes seconds: a bank's reset does not wait for the end */
static bool pke_is_prime(QATPke *p, const BIGNUM *n)
{
    BN_GENCB *cb = BN_GENCB_new();
    bool ok;

    if (!cb) {
        return false;
    }
    BN_GENCB_set(cb, pke_go_on, p->job);
    ok = BN_check_prime(n, p->ctx, cb) == 1;
    BN_GENCB_free(cb);
    return ok;
}

/* Finds no less than Lucas' test would */
static bool pke_prime_lucas(QATPke *p)  /* m */
{
    return pke_is_prime(p, p->in[0]);
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

/* The largest p up to x with q as divisor of p - 1: often it is no prime */
static bool pke_dsa_gen_p(QATPke *pk)   /* x, q */
{
    BIGNUM *q2 = BN_CTX_get(pk->ctx), *rest = BN_CTX_get(pk->ctx);
    BIGNUM *p = pk->out[0];

    return rest && BN_lshift1(q2, pk->in[1]) && !BN_is_zero(q2) &&
           BN_nnmod(rest, pk->in[0], q2, pk->ctx) &&
           BN_sub(p, pk->in[0], rest) && BN_add(p, p, BN_value_one()) &&
           BN_num_bits(p) == BN_num_bits(pk->in[0]) &&
           pke_is_prime(pk, p);
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

/*
 * Elliptic curves, y^2 = x^3 + a x + b modulo p, or y^2 + x y = x^3 + a x^2 + b
 * with a polynomial p, whichever they are
 */

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
    /*
     * Without a constant term it is no field, and libcrypto up to 3.0.15 writes
     * beyond its array of terms (CVE-2024-9143).
     */
    if (pk->binary && !BN_is_odd(p)) {
        return false;
    }
    ec->group = pk->binary ? EC_GROUP_new_curve_GF2m(p, a, b, pk->ctx) :
                EC_GROUP_new_curve_GFp(p, a, b, pk->ctx);
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

/* A coordinate, in a field of @q */
static bool pke_ec_reduced(QATPke *p, const BIGNUM *a, const BIGNUM *q)
{
    return p->binary ? BN_num_bits(a) < BN_num_bits(q) : BN_cmp(a, q) < 0;
}

static bool pke_ec_verify(QATPke *p)    /* x, y, p, a, b */
{
    g_auto(QATEc) ec = {};

    return pke_ec_reduced(p, p->in[0], p->in[2]) &&
           pke_ec_reduced(p, p->in[1], p->in[2]) &&
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

/* Functions with a curve of their own */

static bool pke_curve_new(QATPke *p, QATEc *ec, BIGNUM **xg, BIGNUM **yg)
{
    *xg = BN_CTX_get(p->ctx);
    *yg = BN_CTX_get(p->ctx);
    ec->group = EC_GROUP_new_by_curve_name(p->curve);
    return *yg && pke_ec_points(ec) &&
           pke_ec_get(p, ec, EC_GROUP_get0_generator(ec->group), *xg, *yg);
}

/* out = k * (x, y), without a point of the generator */
static bool pke_curve_multiply(QATPke *p, const BIGNUM *k, const BIGNUM *x,
                               const BIGNUM *y, BIGNUM **out)
{
    g_auto(QATEc) ec = {};
    BIGNUM *xg, *yg;

    return pke_curve_new(p, &ec, &xg, &yg) &&
           pke_ec_set(p, &ec, ec.p1, x ?: xg, y ?: yg) &&
           pke_ec_mul(p, &ec, ec.p1, k) &&
           pke_ec_get(p, &ec, ec.p1, out[0], out[1]);
}

static bool pke_curve_gen(QATPke *p)    /* k */
{
    return pke_curve_multiply(p, p->in[0], NULL, NULL, p->out);
}

static bool pke_curve_mul(QATPke *p)    /* x, y, k */
{
    return pke_curve_multiply(p, p->in[2], p->in[0], p->in[1], p->out);
}

static bool pke_curve_sign(QATPke *p)   /* k, e, d */
{
    BIGNUM **in = p->in, *xg, *yg, *q = BN_CTX_get(p->ctx);
    BIGNUM *a = BN_CTX_get(p->ctx), *b = BN_CTX_get(p->ctx);
    g_auto(QATEc) ec = {};
    const BIGNUM *n;

    if (!b || !pke_curve_new(p, &ec, &xg, &yg) ||
        !EC_GROUP_get_curve(ec.group, q, a, b, p->ctx)) {
        return false;
    }
    n = EC_GROUP_get0_order(ec.group);
    return pke_ecdsa_r(p, p->out[0], in[0], xg, yg, n, q, a, b) &&
           pke_sign_s(p, p->out[1], in[1], in[2], p->out[0], in[0], n);
}

/* SM2 */

static bool pke_sm2_mul(QATPke *p)      /* k, x, y */
{
    return pke_curve_multiply(p, p->in[0], p->in[1], p->in[2], p->out);
}

static bool pke_sm2_encrypt(QATPke *p)  /* k, x, y */
{
    return pke_curve_gen(p) &&
           pke_curve_multiply(p, p->in[0], p->in[1], p->in[2], p->out + 2);
}

static bool pke_sm2_point(QATPke *p)    /* x, y */
{
    g_auto(QATEc) ec = {};
    BIGNUM *xg, *yg;

    return pke_curve_new(p, &ec, &xg, &yg) &&
           pke_ec_set(p, &ec, ec.p1, p->in[0], p->in[1]);
}

/* The half of a coordinate that goes into an exchange of keys */
static bool pke_sm2_half(BIGNUM *half, const BIGNUM *x)
{
    return BN_copy(half, x) &&
           (BN_num_bits(half) <= 127 || BN_mask_bits(half, 127)) &&
           BN_set_bit(half, 127);
}

/* r, d, x1, x2, y2, x, y: (d + x1' r) ((x, y) + x2' (x2, y2)) */
static bool pke_sm2_exchange(QATPke *p)
{
    BIGNUM **in = p->in, *xg, *yg;
    BIGNUM *half = BN_CTX_get(p->ctx), *t = BN_CTX_get(p->ctx);
    g_auto(QATEc) ec = {};
    const BIGNUM *n;

    if (!t || !pke_curve_new(p, &ec, &xg, &yg)) {
        return false;
    }
    n = EC_GROUP_get0_order(ec.group);
    return pke_sm2_half(half, in[2]) && BN_mod_mul(t, half, in[0], n, p->ctx) &&
           BN_mod_add(t, t, in[1], n, p->ctx) &&
           pke_sm2_half(half, in[3]) &&
           pke_ec_set(p, &ec, ec.p1, in[3], in[4]) &&
           pke_ec_set(p, &ec, ec.p2, in[5], in[6]) &&
           pke_ec_mul(p, &ec, ec.p1, half) &&
           EC_POINT_add(ec.group, ec.p1, ec.p1, ec.p2, p->ctx) &&
           pke_ec_mul(p, &ec, ec.p1, t) &&
           pke_ec_get(p, &ec, ec.p1, p->out[0], p->out[1]);
}

static bool pke_sm2_sign(QATPke *p)     /* k, e, d */
{
    BIGNUM *k = p->in[0], *e = p->in[1], *d = p->in[2], *xg, *yg;
    BIGNUM *r = p->out[0], *t = BN_CTX_get(p->ctx), *u = BN_CTX_get(p->ctx);
    g_auto(QATEc) ec = {};
    const BIGNUM *n;

    if (!u || !pke_curve_new(p, &ec, &xg, &yg)) {
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

    if (!x || !pke_curve_new(p, &ec, &xg, &yg)) {
        return false;
    }
    n = EC_GROUP_get0_order(ec.group);
    return pke_in_range(r, n) && pke_in_range(s, n) &&
           BN_mod_add(t, r, s, n, p->ctx) && !BN_is_zero(t) &&
           pke_ec_sum_x(p, &ec, x, s, xg, yg, t, p->in[3], p->in[4]) &&
           BN_mod_add(x, x, p->in[0], n, p->ctx) && !BN_cmp(x, r);
}

/* Montgomery curves: RFC 7748's X25519 and X448, which clamp k */

static bool pke_mont_key(QATPke *p, const BIGNUM *num, uint8_t *raw,
                         EVP_PKEY **key, bool private)
{
    int len = p->curve == EVP_PKEY_X25519 ? 32 : 56;

    if (BN_bn2lebinpad(num, raw, len) < 0) {
        return false;
    }
    *key = private ? EVP_PKEY_new_raw_private_key(p->curve, NULL, raw, len) :
                     EVP_PKEY_new_raw_public_key(p->curve, NULL, raw, len);
    return *key;
}

static bool pke_mont_gen(QATPke *p)     /* k */
{
    g_autoptr(EVP_PKEY) key = NULL;
    uint8_t raw[56];
    size_t len = sizeof(raw);

    return pke_mont_key(p, p->in[0], raw, &key, true) &&
           EVP_PKEY_get_raw_public_key(key, raw, &len) &&
           BN_lebin2bn(raw, len, p->out[0]);
}

static bool pke_mont_mul(QATPke *p)     /* x, k */
{
    g_autoptr(EVP_PKEY) key = NULL;
    g_autoptr(EVP_PKEY) peer = NULL;
    g_autoptr(EVP_PKEY_CTX) ctx = NULL;
    uint8_t raw[56];
    size_t len = sizeof(raw);

    if (!pke_mont_key(p, p->in[1], raw, &key, true) ||
        !pke_mont_key(p, p->in[0], raw, &peer, false)) {
        return false;
    }
    ctx = EVP_PKEY_CTX_new(key, NULL);
    return ctx && EVP_PKEY_derive_init(ctx) > 0 &&
           EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
           EVP_PKEY_derive(ctx, raw, &len) > 0 &&
           BN_lebin2bn(raw, len, p->out[0]);
}

/* Edwards curves a x^2 + y^2 = 1 + d x^2 y^2: the scalar is taken as it is */

typedef struct QATEdwards {
    BIGNUM *q;
    BIGNUM *a;
    BIGNUM *d;
    BIGNUM *t[5];
} QATEdwards;

typedef struct QATEdPoint {
    BIGNUM *x;
    BIGNUM *y;
    BIGNUM *z;
} QATEdPoint;

static const struct {
    const char *q, *a, *d, *x, *y;
} pke_edwards[] = {
    {   /* Ed25519 */
        "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED",
        "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEC",
        "52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3",
        "216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A",
        "6666666666666666666666666666666666666666666666666666666666666658",
    }, {   /* Ed448 */
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF"
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "01",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF"
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6756",
        "4F1970C66BED0DED221D15A622BF36DA9E146570470F1767EA6DE324A3D3A464"
        "12AE1AF72AB66511433B80E18B00938E2626A82BC70CC05E",
        "693F46716EB6BC248876203756C9C7624BEA73736CA3984087789C1E05A0C2D7"
        "3AD3FF1CE67C39C4FDBD132C4ED7C8AD9808795BF230FA14",
    },
};

/* r = r + s, in projective coordinates; also when they are the same */
static bool pke_ed_add(QATPke *p, QATEdwards *e, QATEdPoint *r, QATEdPoint *s)
{
    BIGNUM *q = e->q, **t = e->t;
    BN_CTX *c = p->ctx;

    return BN_mod_add(t[0], r->x, r->y, q, c) &&
           BN_mod_add(t[1], s->x, s->y, q, c) &&
           BN_mod_mul(t[0], t[0], t[1], q, c) &&
           BN_mod_mul(t[1], r->x, s->x, q, c) &&
           BN_mod_mul(t[2], r->y, s->y, q, c) &&
           BN_mod_mul(t[3], r->z, s->z, q, c) &&
           BN_mod_sub(t[0], t[0], t[1], q, c) &&
           BN_mod_sub(t[0], t[0], t[2], q, c) &&
           /* t0: x1 y2 + x2 y1, t1: x1 x2, t2: y1 y2, t3: z1 z2 */
           BN_mod_mul(t[4], t[1], t[2], q, c) &&
           BN_mod_mul(t[4], t[4], e->d, q, c) &&
           BN_mod_mul(t[1], t[1], e->a, q, c) &&
           BN_mod_sub(t[2], t[2], t[1], q, c) &&
           BN_mod_mul(t[0], t[0], t[3], q, c) &&
           BN_mod_mul(t[2], t[2], t[3], q, c) &&
           BN_mod_sqr(t[3], t[3], q, c) &&
           BN_mod_sub(t[1], t[3], t[4], q, c) &&
           BN_mod_add(t[3], t[3], t[4], q, c) &&
           /* t1: z^2 - d x1 x2 y1 y2, t3: the sum */
           BN_mod_mul(r->x, t[0], t[1], q, c) &&
           BN_mod_mul(r->y, t[2], t[3], q, c) &&
           BN_mod_mul(r->z, t[1], t[3], q, c);
}

static bool pke_ed_point(QATPke *p, QATEdPoint *pt)
{
    pt->x = BN_CTX_get(p->ctx);
    pt->y = BN_CTX_get(p->ctx);
    pt->z = BN_CTX_get(p->ctx);
    return pt->z && BN_one(pt->z);
}

/* Of the generator without a point */
static bool pke_ed_multiply(QATPke *p, const BIGNUM *k, const BIGNUM *x,
                            const BIGNUM *y)
{
    int n = p->curve == EVP_PKEY_ED448, i;
    QATEdPoint pt, r;
    QATEdwards e = {
        .q = BN_CTX_get(p->ctx),
        .a = BN_CTX_get(p->ctx),
        .d = BN_CTX_get(p->ctx),
    };

    for (i = 0; i < ARRAY_SIZE(e.t); i++) {
        e.t[i] = BN_CTX_get(p->ctx);
    }
    if (!pke_ed_point(p, &pt) || !pke_ed_point(p, &r) || !BN_one(r.y) ||
        !BN_hex2bn(&e.q, pke_edwards[n].q) ||
        !BN_hex2bn(&e.a, pke_edwards[n].a) ||
        !BN_hex2bn(&e.d, pke_edwards[n].d) ||
        !(x ? BN_copy(pt.x, x) && BN_copy(pt.y, y) :
              BN_hex2bn(&pt.x, pke_edwards[n].x) &&
              BN_hex2bn(&pt.y, pke_edwards[n].y))) {
        return false;
    }
    BN_zero(r.x);
    for (i = BN_num_bits(k) - 1; i >= 0; i--) {
        if (!pke_ed_add(p, &e, &r, &r) ||
            (BN_is_bit_set(k, i) && !pke_ed_add(p, &e, &r, &pt))) {
            return false;
        }
    }
    return pke_div(p, p->out[0], r.x, r.z, e.q) &&
           pke_div(p, p->out[1], r.y, r.z, e.q);
}

static bool pke_ed_gen(QATPke *p)       /* k */
{
    return pke_ed_multiply(p, p->in[0], NULL, NULL);
}

static bool pke_ed_mul(QATPke *p)       /* x, y, k */
{
    return pke_ed_multiply(p, p->in[2], p->in[0], p->in[1]);
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
static const QATPkeOp op_rsa_kp1 = { pke_rsa_kp1, "HHL", "LL" };
static const QATPkeOp op_rsa_kp2 = { pke_rsa_kp2, "HHL", "LLHHH" };
static const QATPkeOp op_prime_gcd = { pke_prime_gcd, "L", "" };
static const QATPkeOp op_prime_fermat = { pke_prime_fermat, "L", "" };
static const QATPkeOp op_prime_mr = { pke_prime_mr, "LL", "" };
static const QATPkeOp op_prime_lucas = { pke_prime_lucas, "L", "" };
static const QATPkeOp op_dsa_gen_p = { pke_dsa_gen_p, "LS", "L" };
static const QATPkeOp op_dsa_sign = { pke_dsa_sign, "SSLSLS", "SS" };
static const QATPkeOp op_dsa_sign_r = { pke_dsa_sign_r, "SLSL", "S" };
static const QATPkeOp op_dsa_sign_s = { pke_dsa_sign_s, "SSSSS", "S" };
static const QATPkeOp op_dsa_verify = { pke_dsa_verify, "SSSLSLL", "" };
static const QATPkeOp op_dsa_gen_g = { pke_dsa_gen_g, "LSL", "L" };
static const QATPkeOp op_dsa_gen_y = { pke_dsa_gen_y, "LLS", "L" };
static const QATPkeOp op_ec_mul = { pke_ec_multiply, "LLLLLLL", "LL" };
/* The cofactor is not as long as the rest here */
static const QATPkeOp op_ec_mul_short_h = { pke_ec_multiply, "LLLLLLS", "LL" };
static const QATPkeOp op_ec_verify = { pke_ec_verify, "LLLLL", "" };
static const QATPkeOp op_ecdsa_r = { pke_ecdsa_sign_r, "LLLLLLL", "L" };
static const QATPkeOp op_ecdsa_s = { pke_ecdsa_sign_s, "LLLLL", "L" };
static const QATPkeOp op_ecdsa_sign = {
    pke_ecdsa_sign, "LLLLLLLLL", "LL", true
};
static const QATPkeOp op_ecdsa_verify = {
    pke_ecdsa_verify, "LLLLLLLLLLL", "", true
};
static const QATPkeOp op_curve_gen = { pke_curve_gen, "L", "LL" };
static const QATPkeOp op_curve_mul = { pke_curve_mul, "LLL", "LL" };
static const QATPkeOp op_curve_sign = { pke_curve_sign, "LLL", "LL" };
static const QATPkeOp op_mont_gen = { pke_mont_gen, "L", "L" };
static const QATPkeOp op_mont_mul = { pke_mont_mul, "LL", "L" };
static const QATPkeOp op_ed_gen = { pke_ed_gen, "L", "LL" };
static const QATPkeOp op_ed_mul = { pke_ed_mul, "LLL", "LL" };
static const QATPkeOp op_sm2_mul = { pke_sm2_mul, "LLL", "LL" };
static const QATPkeOp op_sm2_encrypt = { pke_sm2_encrypt, "LLL", "LLLL" };
static const QATPkeOp op_sm2_point = { pke_sm2_point, "LL", "" };
static const QATPkeOp op_sm2_exchange = { pke_sm2_exchange, "LLLLLLL", "LL" };
static const QATPkeOp op_sm2_sign = { pke_sm2_sign, "LLL", "LL" };
static const QATPkeOp op_sm2_verify = { pke_sm2_verify, "LLLLL", "" };

static const struct {
    uint32_t id;
    const QATPkeOp *op;
    uint16_t len;               /* bytes of L */
    uint16_t slen;              /* bytes of S */
    int curve;
    bool binary;
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
    { 0x8d0b3626, &op_exp2, 1024 },
    { 0xcd0d3636, &op_modexp, 1024 },
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
    /* RSA: KP1, KP2 */
    { 0x191d1a9a, &op_rsa_kp1, 64 },
    { 0x19401acc, &op_rsa_kp2, 64 },
    { 0x36181b71, &op_rsa_kp1, 128 },
    { 0x40451b9e, &op_rsa_kp2, 128 },
    { 0x531d1c46, &op_rsa_kp1, 192 },
    { 0x32391c78, &op_rsa_kp2, 192 },
    { 0x72181d2e, &op_rsa_kp1, 256 },
    { 0x42341d5b, &op_rsa_kp2, 256 },
    { 0x60191e16, &op_rsa_kp1, 384 },
    { 0x68331e45, &op_rsa_kp2, 384 },
    { 0x7d1f1ef6, &op_rsa_kp1, 512 },
    { 0x91251f27, &op_rsa_kp2, 512 },
    { 0xc31335c6, &op_modexp, 1024 },
    { 0xc31335e6, &op_modexp, 1024 },
    { 0xc9133606, &op_rsa_crt, 1024 },
    /* primes: GCD, Fermat, Miller-Rabin, Lucas */
    { 0x19201fcd, &op_prime_gcd, 24 },
    { 0x19201ff7, &op_prime_gcd, 32 },
    { 0x19202021, &op_prime_gcd, 48 },
    { 0x1b1b204b, &op_prime_gcd, 64 },
    { 0x170c2070, &op_prime_gcd, 96 },
    { 0x130f2085, &op_prime_gcd, 128 },
    { 0x1d0c2094, &op_prime_gcd, 192 },
    { 0x210c20a5, &op_prime_gcd, 256 },
    { 0x290c20b6, &op_prime_gcd, 384 },
    { 0x310c20c7, &op_prime_gcd, 512 },
    { 0x0e1120d8, &op_prime_fermat, 24 },
    { 0x121120ee, &op_prime_fermat, 64 },
    { 0x19162104, &op_prime_fermat, 64 },
    { 0x19112124, &op_prime_fermat, 96 },
    { 0x1f11213a, &op_prime_fermat, 128 },
    { 0x2b112150, &op_prime_fermat, 192 },
    { 0x3b112166, &op_prime_fermat, 256 },
    { 0x3a11217c, &op_prime_fermat, 384 },
    { 0x4a112192, &op_prime_fermat, 512 },
    { 0x0e1221a8, &op_prime_mr, 24 },
    { 0x111221bf, &op_prime_mr, 64 },
    { 0x1d0d21d6, &op_prime_mr, 96 },
    { 0x250d21ed, &op_prime_mr, 128 },
    { 0x350d2204, &op_prime_mr, 192 },
    { 0x490d221b, &op_prime_mr, 256 },
    { 0x4d0d2232, &op_prime_mr, 384 },
    { 0x650d2249, &op_prime_mr, 512 },
    { 0x18182260, &op_prime_mr, 64 },
    { 0x0e0c227e, &op_prime_lucas, 24 },
    { 0x110c228f, &op_prime_lucas, 64 },
    { 0x130c22a0, &op_prime_lucas, 96 },
    { 0x150c22b1, &op_prime_lucas, 128 },
    { 0x190c22c2, &op_prime_lucas, 192 },
    { 0x1d0c22d3, &op_prime_lucas, 256 },
    { 0x250c22e4, &op_prime_lucas, 384 },
    { 0x661522f5, &op_prime_lucas, 512 },
    { 0x1617230a, &op_prime_lucas, 64 },
    /* modular exponentiation */
    { 0x150c2327, &op_modexp, 64 },
    { 0x2d0c233e, &op_modexp, 128 },
    { 0x410c2355, &op_modexp, 192 },
    { 0x5e12236c, &op_modexp, 256 },
    { 0x60162388, &op_modexp, 320 },
    { 0x650c23a9, &op_modexp, 384 },
    { 0x801623c0, &op_modexp, 448 },
    { 0x850c23e1, &op_modexp, 512 },
    { 0xc50c3646, &op_modexp, 1024 },
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
    { 0x88073656, &op_modinv, 1024 },
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
    { 0xc80d3666, &op_modinv, 1024 },
    /* DSA: short integers are whole quadwords */
    { 0x381824a4, &op_dsa_gen_p, 128, 24 },
    { 0x261424d4, &op_dsa_gen_g, 128, 24 },
    { 0x291224ed, &op_dsa_gen_y, 128, 24 },
    { 0x2c1c2504, &op_dsa_sign_r, 128, 24 },
    { 0x12142526, &op_dsa_sign_s, 128, 24 },
    { 0x301e2540, &op_dsa_sign, 128, 24 },
    { 0x323a2570, &op_dsa_verify, 128, 24 },
    { 0x341d25be, &op_dsa_gen_p, 256, 32 },
    { 0x4d1225ea, &op_dsa_gen_y, 256, 32 },
    { 0x511c2601, &op_dsa_sign_r, 256, 32 },
    { 0x15142623, &op_dsa_sign_s, 256, 32 },
    { 0x571e263d, &op_dsa_sign, 256, 32 },
    { 0x6930266d, &op_dsa_verify, 256, 32 },
    { 0x431126b7, &op_dsa_gen_p, 256, 32 },
    { 0x4b1426ed, &op_dsa_gen_g, 256, 32 },
    { 0x5b182706, &op_dsa_sign_r, 256, 32 },
    { 0x15142733, &op_dsa_sign_s, 256, 32 },
    { 0x5a2a274d, &op_dsa_sign, 256, 32 },
    { 0x723a2789, &op_dsa_verify, 256, 32 },
    { 0x4b1127e0, &op_dsa_gen_p, 384, 32 },
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
    { 0x5511346e, &op_ec_mul_short_h, 72, 8 },
    { 0x0e0734be, &op_ec_verify, 72 },
    /* over binary fields, up to 256, 512 and 571 bits */
    { 0x323a298f, &op_ecdsa_r, 32, .binary = true },
    { 0x2b2229e6, &op_ecdsa_s, 32, .binary = true },
    { 0x46512907, &op_ecdsa_sign, 32, .binary = true },
    { 0x337e2a27, &op_ecdsa_verify, 32, .binary = true },
    { 0x3b242e38, &op_ec_mul, 32, .binary = true },
    { 0x231a2e7c, &op_ec_verify, 32, .binary = true },
    { 0x84312b6a, &op_ecdsa_r, 64, .binary = true },
    { 0x26182bbe, &op_ecdsa_s, 64, .binary = true },
    { 0x5e5f2ad7, &op_ecdsa_sign, 64, .binary = true },
    { 0x58892bea, &op_ecdsa_verify, 64, .binary = true },
    { 0x722c2e96, &op_ec_mul, 64, .binary = true },
    { 0x25132ee2, &op_ec_verify, 64, .binary = true },
    { 0x731a2d51, &op_ecdsa_r, 72, .binary = true },
    { 0x52332d09, &op_ecdsa_s, 72, .binary = true },
    { 0x554a2c93, &op_ecdsa_sign, 72, .binary = true },
    { 0x4f6c2d91, &op_ecdsa_verify, 72, .binary = true },
    { 0x44152ef5, &op_ec_mul_short_h, 72, 8, .binary = true },
    { 0x12072f1b, &op_ec_verify, 72, .binary = true },
    /* one curve each */
    { 0x0a083546, &op_curve_mul, 32, .curve = NID_X9_62_prime256v1 },
    { 0x12073556, &op_curve_gen, 32, .curve = NID_X9_62_prime256v1 },
    { 0x18133566, &op_curve_sign, 32, .curve = NID_X9_62_prime256v1 },
    { 0x0b083586, &op_curve_mul, 48, .curve = NID_secp384r1 },
    { 0x0b073596, &op_curve_gen, 48, .curve = NID_secp384r1 },
    { 0x1a1335a6, &op_curve_sign, 48, .curve = NID_secp384r1 },
    { 0x0a0634c6, &op_mont_mul, 32, .curve = EVP_PKEY_X25519 },
    { 0x0a0634d6, &op_mont_gen, 32, .curve = EVP_PKEY_X25519 },
    { 0x0c063506, &op_mont_mul, 64, .curve = EVP_PKEY_X448 },
    { 0x0c063516, &op_mont_gen, 64, .curve = EVP_PKEY_X448 },
    { 0x100b34e6, &op_ed_mul, 32, .curve = EVP_PKEY_ED25519 },
    { 0x100a34f6, &op_ed_gen, 32, .curve = EVP_PKEY_ED25519 },
    { 0x1a0b3526, &op_ed_mul, 64, .curve = EVP_PKEY_ED448 },
    { 0x1a0a3536, &op_ed_gen, 64, .curve = EVP_PKEY_ED448 },
    /* SM2 */
    { 0x220f16ae, &op_curve_gen, 32, .curve = NID_sm2 },
    { 0x211716ce, &op_sm2_mul, 32, .curve = NID_sm2 },
    { 0x1b0716a6, &op_sm2_point, 32, .curve = NID_sm2 },
    { 0x222116fe, &op_sm2_sign, 32, .curve = NID_sm2 },
    { 0x29241743, &op_sm2_verify, 32, .curve = NID_sm2 },
    { 0x25221720, &op_sm2_encrypt, 32, .curve = NID_sm2 },
    { 0x201716e6, &op_sm2_mul, 32, .curve = NID_sm2 },
    { 0x220f16be, &op_curve_gen, 32, .curve = NID_sm2 },
    { 0x22361768, &op_sm2_exchange, 32, .curve = NID_sm2 },
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

/* The request that is in the job now */
static bool qat_pke_one(QATJob *job)
{
    uint32_t id = ldl_le_p(job->req + PKE_FUNC);
    bool ok = false, valid = false;
    QATPke p = { .job = job };
    int i;

    for (i = 0; i < ARRAY_SIZE(qat_pke_funcs); i++) {
        if (qat_pke_funcs[i].id == id) {
            break;
        }
    }
    if (i < ARRAY_SIZE(qat_pke_funcs)) {
        p.curve = qat_pke_funcs[i].curve;
        p.binary = qat_pke_funcs[i].binary;
        p.ctx = BN_CTX_new();
    }
    if (p.ctx) {
        BN_CTX_start(p.ctx);
        valid = qat_pke_read(job, &p, qat_pke_funcs[i].op,
                             qat_pke_funcs[i].len, qat_pke_funcs[i].slen);
        ok = valid && qat_pke_funcs[i].op->run(&p) &&
             qat_pke_write(job, &p, qat_pke_funcs[i].op,
                           qat_pke_funcs[i].len, qat_pke_funcs[i].slen);
        BN_CTX_end(p.ctx);
        BN_CTX_free(p.ctx);
    }
    if (!valid) {
        job->resp[PKE_RESP_ERR] = PKE_ERR_BAD_REQUEST;
    }
    return ok;
}

/* A request can have a chain of others: the first that fails ends it */
void qat_asym_process(QATJob *job)
{
    uint8_t *resp = job->resp;
    uint64_t next;
    bool ok;
    int i;

    /* Other than the header's, the fields of a response are PKE's own */
    memset(resp + 4, 0, 4);
    memcpy(resp + PKE_RESP_SRC, job->req + REQ_SRC, 8);
    memcpy(resp + PKE_RESP_DST, job->req + REQ_DST, 8);

    ok = qat_pke_one(job);
    for (i = 1; ok; i++) {
        next = ldq_le_p(job->req + PKE_NEXT);
        if (!next) {
            break;
        }
        ok = i < PKE_MAX_CHAIN &&
             qat_dma_read(job, next, job->req, QAT_PKE_REQ_SIZE);
        if (!ok) {
            resp[PKE_RESP_ERR] = PKE_ERR_BAD_REQUEST;
            break;
        }
        ok = qat_pke_one(job);
    }
    if (!ok) {
        resp[PKE_RESP_FLAGS] = STATUS_PKE;
    }
}
