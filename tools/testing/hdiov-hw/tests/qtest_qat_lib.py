#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What Intel's qatlib sends and others do not, to the emulated QAT through QEMU's qtest socket: curves, keys, parts of messages, LZ4."""

import argparse
import hashlib
import hmac
import random
import struct
import subprocess
import sys
import tempfile
import zlib

from qat import (AUTH, CBC, CIPHER, CIPHER_HASH, CMP, CONVERT, CTR, DEC, DIB, ENC, HASHES, HASH_CIPHER, IV16, OPAQUE, PMISC, RET, SHA3, SPC, UCS,
                 Bank, Qtest, Sym, Tap, be, cipher_block, dc, ec_add, ec_mul, hash_block, hash_state, hmac_block, is_prime, openssl_enc, pke,
                 plain_block, prime, raw, unraw, xor)

SYM_BANK, ASYM_BANK, DC_BANK = 0, 1, 2
OK, FAILED, REFUSED = (0, 0), (0, 0x40), (1, 0x40)
PARTIAL = {"start": 1, "mid": 3, "end": 2}
IN_TABLE, UPDATE = 1 << 3, 1 << 4


# Public keys

def large_prime(bits):
    """Which Python would take long to find"""
    return int(subprocess.run(["openssl", "prime", "-generate", "-bits", str(bits)], stdout=subprocess.PIPE, check=True).stdout)


def test_rsa_keys(q, tap, bank):
    rnd = random.Random(11)
    for size, kp1, kp2 in ((64, 0x191D1A9A, 0x19401ACC), (128, 0x36181B71, 0x40451B9E), (192, 0x531D1C46, 0x32391C78), (256, 0x72181D2E, 0x42341D5B),
                           (384, 0x60191E16, 0x68331E45), (512, 0x7D1F1EF6, 0x91251F27)):
        while True:
            p, r = (large_prime(size * 4) for _ in range(2))
            if (p - 1) % 65537 and (r - 1) % 65537 and p != r:
                break
        ins = [be(p, size // 2), be(r, size // 2), be(65537, size)]
        st, (n, d) = pke(q, bank, kp1, ins, [size] * 2)
        m = rnd.getrandbits(size * 8 - 2)
        tap.ok(st == OK and n == p * r and pow(pow(m, 65537, n), d, n) == m and d < n, f"RSA {size * 8}: a private key, form 1")
        got = pke(q, bank, kp2, ins, [size] * 2 + [size // 2] * 3)
        tap.eq(got, (OK, [n, d, d % (p - 1), d % (r - 1), pow(r, -1, p)]), f"RSA {size * 8}: a private key, form 2")
    ins[2] = be(2, size)
    tap.eq(pke(q, bank, kp1, ins, [size] * 2)[0], FAILED, "RSA: an even exponent has no inverse")
    size = 1024
    c, d, n = (rnd.getrandbits(8192) | 1 for _ in range(3))
    for func, what in ((0xC31335C6, "RSA encrypt"), (0xC31335E6, "RSA decrypt, form 1"), (0xCD0D3636, "DH"), (0xC50C3646, "modular exponentiation")):
        e = 65537 if what == "RSA encrypt" else rnd.getrandbits(64)
        tap.eq(pke(q, bank, func, [be(v, size) for v in (c, e, n)], [size]), (OK, [pow(c, e, n)]), f"{what}, 8192 bits")
    tap.eq(pke(q, bank, 0x8D0B3626, [be(99999, size), be(n, size)], [size]), (OK, [pow(2, 99999, n)]), "DH with base 2, 8192 bits")
    for func, b in ((0x88073656, 2 ** 8191 + 1), (0xC80D3666, 2 ** 8190 + 2)):
        tap.eq(pke(q, bank, func, [be(12345678901, size), be(b, size)], [size]), (OK, [pow(12345678901, -1, b)]), f"inverse modulo {b % 2}, 8192 bits")


PRIME_TESTS = {
    # bytes: GCD, Fermat, Miller-Rabin, Lucas
    24: (0x19201FCD, 0x0E1120D8, 0x0E1221A8, 0x0E0C227E),
    64: (0x1B1B204B, 0x121120EE, 0x111221BF, 0x110C228F),
    96: (0x170C2070, 0x19112124, 0x1D0D21D6, 0x130C22A0),
    128: (0x130F2085, 0x1F11213A, 0x250D21ED, 0x150C22B1),
    192: (0x1D0C2094, 0x2B112150, 0x350D2204, 0x190C22C2),
    256: (0x210C20A5, 0x3B112166, 0x490D221B, 0x1D0C22D3),
}


def pke_chain(q, bank, reqs):
    """Requests of (function, inputs), each with the address of the next one"""
    addrs = [q.alloc(64) for _ in reqs]
    for i, (func, ins) in enumerate(reqs):
        req = bytearray(64)
        req[2], req[3], req[49] = 3, 0x80, len(ins)
        struct.pack_into("<I", req, 20, func)
        struct.pack_into("<QQQ", req, 24, OPAQUE + i, q.put(b"".join(struct.pack("<Q", q.put(v)) for v in ins)), 0)
        struct.pack_into("<Q", req, 56, addrs[i + 1] if i + 1 < len(reqs) else 0)
        q.write(addrs[i], bytes(req))
    resp = bank.run(q.read(addrs[0], 64))
    return (resp[4], resp[5]), struct.unpack("<Q", resp[8:16])[0] - OPAQUE


def test_primes(q, tap, bank):
    rnd = random.Random(12)
    for size, (gcd, fermat, mr, lucas) in PRIME_TESTS.items():
        bits = 160 if size == 24 else size * 8
        p = large_prime(bits)
        half = large_prime(bits // 2) * large_prime(bits // 2)
        small = large_prime(bits - 8) * 251
        base = rnd.randrange(2, p - 1)
        for what, n, want in (("a prime", p, (OK,) * 4), ("two large factors", half, (OK, FAILED, FAILED, FAILED)), ("a small factor", small, (FAILED,) * 4),
                              ("an even number", p + 1, (FAILED,) * 4)):
            got = (pke(q, bank, gcd, [be(n, size)], [])[0], pke(q, bank, fermat, [be(n, size)], [])[0],
                   pke(q, bank, mr, [be(base, size), be(n, size)], [])[0], pke(q, bank, lucas, [be(n, size)], [])[0])
            tap.eq(got, want, f"{bits} bits, {what}: GCD, Fermat, Miller-Rabin, Lucas")
    # Carmichael's 561 passes Fermat's test, and 2047 one round with base 2
    tap.eq(pke(q, bank, 0x19162104, [be(561, 64)], [])[0], OK, "561 is a pseudoprime to Fermat's test")
    tap.eq(pke(q, bank, 0x18182260, [be(2, 64), be(2047, 64)], [])[0], OK, "2047 is one to Miller-Rabin's with base 2")
    tap.eq(pke(q, bank, 0x18182260, [be(3, 64), be(2047, 64)], [])[0], FAILED, "but not with base 3")
    tap.eq(pke(q, bank, 0x1617230A, [be(561, 64)], [])[0], FAILED, "nor to Lucas' test")
    good = [(gcd, [be(p, size)]), (fermat, [be(p, size)])] + [(mr, [be(rnd.randrange(2, p - 1), size), be(p, size)]) for _ in range(8)]
    tap.eq(pke_chain(q, bank, good), (OK, 0), "a chain of tests: one answer, with the first one's opaque data")
    for i in (0, 5, 9):
        bad = list(good)
        bad[i] = (gcd, [be(p + 1, size)])
        tap.eq(pke_chain(q, bank, bad)[0], FAILED, f"a chain whose test {i} fails")
    bad[5] = (0x12345678, [be(p, size)])
    tap.eq(pke_chain(q, bank, bad)[0], REFUSED, "a chain with an unknown function")
    tap.eq(pke_chain(q, bank, good[:1] * 64)[0], OK, "a chain of 64")
    tap.eq(pke_chain(q, bank, good[:1] * 65)[0], REFUSED, "a chain of 65 is refused")
    q.write(loop := q.alloc(64), struct.pack("<4xIQQ", 0, 0, 0).ljust(64, b"\0"))
    req = bytearray(64)
    req[2], req[3], req[49] = 3, 0x80, 1
    struct.pack_into("<I", req, 20, gcd)
    struct.pack_into("<Q", req, 32, q.put(struct.pack("<Q", q.put(be(p, size)))))
    struct.pack_into("<Q", req, 56, loop)
    q.write(loop, bytes(req))
    tap.eq(tuple(bank.run(req)[4:6]), REFUSED, "a chain that is a circle ends")
    struct.pack_into("<Q", req, 56, 1 << 50)
    tap.eq(tuple(bank.run(req)[4:6]), REFUSED, "a chain that goes on outside memory")


def test_dsa_p(q, tap, bank):
    rnd = random.Random(13)
    for size, bits, short, func in ((128, 160, 24, 0x381824A4), (256, 224, 32, 0x341D25BE), (256, 256, 32, 0x431126B7), (384, 256, 32, 0x4B1127E0)):
        r = prime(bits, rnd)
        x = rnd.getrandbits(size * 8) | 1 << size * 8 - 1
        want = x - x % (2 * r) + 1
        good = is_prime(want)
        st, (got,) = pke(q, bank, func, [be(x, size), be(r, short)], [size])
        tap.ok(st == (OK if good else FAILED) and (not good or got == want), f"DSA {size * 8}, {bits}: a candidate for p, prime: {good}")
    # one that is
    x = rnd.getrandbits(1024) | 1 << 1023
    r = prime(160, rnd)
    p = x - x % (2 * r) + 1
    while not is_prime(p):
        p += 2 * r
    tap.eq(pke(q, bank, 0x381824A4, [be(p + 2, 128), be(r, 24)], [128]), (OK, [p]), "DSA 1024: p")


class Binary:
    """A curve over GF(2^m): y^2 + xy = x^3 + ax^2 + b"""

    def __init__(self, terms, a, b):
        self.poly, self.m, self.a, self.b = sum(1 << t for t in terms), terms[0], a, b

    def mul(self, x, y):
        out = 0
        while y:
            if y & 1:
                out ^= x
            x, y = x << 1, y >> 1
            if x >> self.m:
                x ^= self.poly
        return out

    def inv(self, x):
        u, v, g, h = x, self.poly, 1, 0
        while u != 1:
            j = u.bit_length() - v.bit_length()
            if j < 0:
                u, v, g, h, j = v, u, h, g, -j
            u ^= v << j
            g ^= h << j
        return g

    def add(self, p, r):
        if p is None or r is None:
            return p or r
        (x1, y1), (x2, y2) = p, r
        if x1 == x2:
            if y1 != y2 or not x1:
                return None
            m = x1 ^ self.mul(y1, self.inv(x1))
            x3 = self.mul(m, m) ^ m ^ self.a
            return x3, self.mul(x1, x1) ^ self.mul(m ^ 1, x3)
        m = self.mul(y1 ^ y2, self.inv(x1 ^ x2))
        x3 = self.mul(m, m) ^ m ^ x1 ^ x2 ^ self.a
        return x3, self.mul(m, x1 ^ x3) ^ x3 ^ y1

    def times(self, k, p):
        out = None
        while k:
            if k & 1:
                out = self.add(out, p)
            p, k = self.add(p, p), k >> 1
        return out


# The Koblitz curves of FIPS 186-4, b is 1: bytes, polynomial, a, order, cofactor, generator, functions
BINARY = {
    "K-163": (32, (163, 7, 6, 3, 0), 1, 0x4000000000000000000020108A2E0CC0D99F8A5EF, 2, 0x2FE13C0537BBC11ACAA07D793DE4E6D5E5C94EEE8,
              0x289070FB05D38FF58321F2E800536D538CCDAA3D9, (0x323A298F, 0x2B2229E6, 0x46512907, 0x337E2A27, 0x3B242E38, 0x231A2E7C)),
    "K-283": (64, (283, 12, 7, 5, 0), 0, 0x1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE9AE2ED07577265DFF7F94451E061E163C61, 4,
              0x503213F78CA44883F1A3B8162F188E553CD265F23C1567A16876913B0C2AC2458492836, 0x1CCDA380F1C9E318D90F95D07E5426FE87E45C0E8184698E45962364E34116177DD2259,
              (0x84312B6A, 0x26182BBE, 0x5E5F2AD7, 0x58892BEA, 0x722C2E96, 0x25132EE2)),
    "K-571": (72, (571, 10, 5, 2, 0), 0,
              0x20000000000000000000000000000000000000000000000000000000000000000000000131850E1F19A63E4B391A8DB917F4138B630D84BE5D639381E91DEB45CFE778F637C1001, 4,
              0x26EB7A859923FBC82189631F8103FE4AC9CA2970012D5D46024804801841CA44370958493B205E647DA304DB4CEB08CBBD1BA39494776FB988B47174DCA88C7E2945283A01C8972,
              0x349DC807F4FBF374F4AEADE3BCA95314DD58CEC9F307A54FFC61EFC006D8A2C9D4979C0AC44AEA74FBEBBB9F772AEDCB620B01A7BA7AF1B320430C8591984F601CD4C143EF1C7A3,
              (0x731A2D51, 0x52332D09, 0x554A2C93, 0x4F6C2D91, 0x44152EF5, 0x12072F1B)),
}


def test_binary(q, tap, bank):
    rnd = random.Random(14)
    for name, (size, terms, a, n, h, gx, gy, (sign_r, sign_s, sign, verify, mul, onc)) in BINARY.items():
        curve = Binary(terms, a, 1)
        poly = curve.poly
        d, k, e = (rnd.randrange(1, n) for _ in range(3))
        qx, qy = curve.times(d, (gx, gy))
        kx, ky = curve.times(k, (qx, qy))

        def num(*vals):
            return [be(v, size) for v in vals]
        cofactor = be(h, 8 if size == 72 else size)
        tap.eq(pke(q, bank, mul, num(k, qx, qy, a, 1, poly) + [cofactor], [size] * 2), (OK, [kx, ky]), f"{name}: multiply a point")
        tap.eq(pke(q, bank, mul, num(n, gx, gy, a, 1, poly) + [cofactor], [size] * 2)[0], FAILED, f"{name}: infinity is an error")
        tap.eq(pke(q, bank, onc, num(qx, qy, poly, a, 1), [])[0], OK, f"{name}: a point on the curve")
        tap.eq(pke(q, bank, onc, num(qx, qy ^ 1, poly, a, 1), [])[0], FAILED, f"{name}: a point off the curve")
        tap.eq(pke(q, bank, onc, num(qx ^ poly, qy, poly, a, 1), [])[0], FAILED, f"{name}: a coordinate that is not reduced")
        # CVE-2024-9143: libcrypto from 3.0.16 on refuses them as well, an older one would write beyond an array
        tap.eq([pke(q, bank, func, num(*args), [size] * n)[0] for func, args, n in (
            (onc, (qx, qy, poly ^ 1, a, 1), 0), (onc, (1, 1, 1 << curve.poly.bit_length() - 1 | 6, a, 1), 0))], [FAILED, FAILED],
               f"{name}: a field polynomial without constant term")
        r = curve.times(k, (gx, gy))[0] % n
        s = pow(k, -1, n) * (e + d * r) % n
        tap.eq(pke(q, bank, sign_r, num(gx, gy, n, poly, a, 1, k), [size]), (OK, [r]), f"{name}: ECDSA, r")
        tap.eq(pke(q, bank, sign_s, num(e, d, r, k, n), [size]), (OK, [s]), f"{name}: ECDSA, s")
        tap.eq(pke(q, bank, sign, num(d, e, k, 1, a, poly, n, gy, gx), [size] * 2, True), (OK, [r, s]), f"{name}: ECDSA sign")
        args = [poly, 1, a, qy, qx, gy, gx, n, r, s, e]
        tap.eq(pke(q, bank, verify, num(*args), [], True)[0], OK, f"{name}: ECDSA verify")
        args[9] ^= 1
        tap.eq(pke(q, bank, verify, num(*args), [], True)[0], FAILED, f"{name}: ECDSA with a wrong s")


P256 = 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1
P384 = 2 ** 384 - 2 ** 128 - 2 ** 96 + 2 ** 32 - 1
SM2 = 2 ** 256 - 2 ** 224 - 2 ** 96 + 2 ** 64 - 1
# bytes, modulus, order, generator
NAMED = {
    "P-256": (32, P256, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
              0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
    "P-384": (48, P384, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
              0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
              0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F),
    "SM2": (32, SM2, 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
            0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7, 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0),
}


def test_named(q, tap, bank):
    rnd = random.Random(15)
    for name, mul, gen, sign in (("P-256", 0x0A083546, 0x12073556, 0x18133566), ("P-384", 0x0B083586, 0x0B073596, 0x1A1335A6)):
        size, p, n, gx, gy = NAMED[name]
        d, k, e = (rnd.randrange(1, n) for _ in range(3))
        pub = ec_mul(p, p - 3, d, (gx, gy))
        tap.eq(pke(q, bank, gen, [be(d, size)], [size] * 2), (OK, list(pub)), f"{name}: multiply the generator")
        tap.eq(pke(q, bank, mul, [be(v, size) for v in (*pub, k)], [size] * 2), (OK, list(ec_mul(p, p - 3, k, pub))), f"{name}: multiply a point")
        tap.eq(pke(q, bank, mul, [be(v, size) for v in (pub[0], pub[1] ^ 1, k)], [size] * 2)[0], FAILED, f"{name}: a point off the curve")
        tap.eq(pke(q, bank, gen, [be(n, size)], [size] * 2)[0], FAILED, f"{name}: infinity is an error")
        r = ec_mul(p, p - 3, k, (gx, gy))[0] % n
        tap.eq(pke(q, bank, sign, [be(v, size) for v in (k, e, d)], [size] * 2), (OK, [r, pow(k, -1, n) * (e + d * r) % n]), f"{name}: ECDSA sign")
    # RFC 6979, A.2.6: P-384, SHA-384, "sample"
    d = 0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5
    k = 0x94ED910D1A099DAD3254E9242AE85ABDE4BA15168EAF0CA87A555FD56D10FBCA2907E3E83BA95368623B8C4686915CF9
    e = int(hashlib.sha384(b"sample").hexdigest(), 16)
    want = [0x94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46,
            0x99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8]
    tap.eq(pke(q, bank, 0x1A1335A6, [be(v, 48) for v in (k, e, d)], [48] * 2), (OK, want), "P-384: ECDSA sign, RFC 6979 A.2.6")


def test_sm2(q, tap, bank):
    rnd = random.Random(16)
    _, p, n, gx, gy = NAMED["SM2"]
    a = p - 3

    def call(func, vals, outs):
        return pke(q, bank, func, [be(v, 32) for v in vals], [32] * outs)

    def half(x):
        return 2 ** 127 + x % 2 ** 127
    da, db, ra, rb = (rnd.randrange(1, n) for _ in range(4))
    pa, pb, big_ra, big_rb = (ec_mul(p, a, v, (gx, gy)) for v in (da, db, ra, rb))
    tap.eq(call(0x220F16AE, [da], 2), (OK, list(pa)), "SM2: multiply the generator")
    tap.eq(call(0x211716CE, [rb, *pa], 2), (OK, list(ec_mul(p, a, rb, pa))), "SM2: multiply a point")
    tap.eq(call(0x1B0716A6, pa, 0)[0], OK, "SM2: a point on the curve")
    tap.eq(call(0x1B0716A6, (pa[0], pa[1] ^ 1), 0)[0], FAILED, "SM2: a point off the curve")
    shared = ec_mul(p, a, ra, pb)
    tap.eq(call(0x25221720, [ra, *pb], 4), (OK, [*big_ra, *shared]), "SM2: encryption's points")
    tap.eq(call(0x201716E6, [db, *big_ra], 2), (OK, list(shared)), "SM2: decryption's point")
    tap.eq(call(0x220F16BE, [ra], 2), (OK, list(big_ra)), "SM2: key exchange, first part")
    t = (da + half(big_ra[0]) * ra) % n
    want = ec_mul(p, a, t, ec_add(p, a, pb, ec_mul(p, a, half(big_rb[0]), big_rb)))
    tap.eq(call(0x22361768, [ra, da, big_ra[0], *big_rb, *pb], 2), (OK, list(want)), "SM2: key exchange, second part")
    tap.eq(call(0x22361768, [rb, db, big_rb[0], *big_ra, *pa], 2), (OK, list(want)), "SM2: the other side gets the same")


def x_ladder(k, u, bits, p, a24):
    """RFC 7748"""
    x2, z2, x3, z3 = 1, 0, u, 1
    for t in reversed(range(bits)):
        bit = k >> t & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        s, d = (x2 + z2) % p, (x2 - z2) % p
        e = (s * s - d * d) % p
        da, cb = (x3 - z3) * s, (x3 + z3) * d
        x3, z3 = (da + cb) ** 2 % p, u * (da - cb) ** 2 % p
        x2, z2 = s * s * d * d % p, e * (s * s + a24 * e) % p
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return x2 * pow(z2, -1, p) % p


def test_montgomery(q, tap, bank):
    rnd = random.Random(17)
    p25, p448 = 2 ** 255 - 19, 2 ** 448 - 2 ** 224 - 1
    # RFC 7748, 5.2: scalar, u, result
    vectors = {
        "X25519": ("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                   "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
        "X448": ("3d262fddf9ec8e88495266fea19a34d28882acef045104d0d1aae121700a779c984c24f8cdd78fbff44943eba368f54b29259a4f1c600ad3",
                 "06fce640fa3487bfda5f6cf2d5263f8aad88334cbd07437f020f08f9814dc031ddbdc38c19c6da2583fa5429db94ada18aa7a7fb4ef8a086",
                 "ce3e4ff95a60dc6697da1db1d85e6afbdf79b50a2412d7546d5f239fe14fbaadeb445fc66a01b0779d98223961111e21766282f73dd96b6f"),
    }
    for name, size, mul, gen, p, a24, g, clamp in (
            ("X25519", 32, 0x0A0634C6, 0x0A0634D6, p25, 121665, 9, lambda k: k % 2 ** 254 & ~7 | 1 << 254),
            ("X448", 64, 0x0C063506, 0x0C063516, p448, 39081, 5, lambda k: k % 2 ** 448 & ~3 | 1 << 447)):
        bits = p.bit_length()
        k, u, want = (int.from_bytes(bytes.fromhex(v), "little") for v in vectors[name])
        tap.eq(pke(q, bank, mul, [be(u, size), be(k, size)], [size]), (OK, [want]), f"{name}: RFC 7748")
        for _ in range(3):
            k, u = rnd.getrandbits(bits), rnd.randrange(2, p)
            tap.eq(pke(q, bank, mul, [be(u, size), be(k, size)], [size]), (OK, [x_ladder(clamp(k), u, bits, p, a24)]), f"{name}: multiply a point")
            tap.eq(pke(q, bank, gen, [be(k, size)], [size]), (OK, [x_ladder(clamp(k), g, bits, p, a24)]), f"{name}: multiply the generator")
        tap.eq(pke(q, bank, mul, [be(0, size), be(k, size)], [size])[0], FAILED, f"{name}: a point of low order is an error")
    tap.eq(pke(q, bank, 0x0C063516, [be(2 ** 448, 64)], [64])[0], FAILED, "X448: a number of more than 448 bits is an error")


def ed_add(p, a, d, r, s):
    (x1, y1), (x2, y2) = r, s
    t = d * x1 * x2 * y1 * y2 % p
    return (x1 * y2 + x2 * y1) * pow(1 + t, -1, p) % p, (y1 * y2 - a * x1 * x2) * pow(1 - t, -1, p) % p


def ed_mul(p, a, d, k, pt):
    out = (0, 1)
    while k:
        if k & 1:
            out = ed_add(p, a, d, out, pt)
        pt, k = ed_add(p, a, d, pt, pt), k >> 1
    return out


def test_edwards(q, tap, bank):
    rnd = random.Random(18)
    p25, p448 = 2 ** 255 - 19, 2 ** 448 - 2 ** 224 - 1
    # RFC 8032, 5.1 and 5.2
    g25 = (15112221349535400772501151409588531511454012693041857206046113283949847762202, 4 * pow(5, -1, p25) % p25)
    g448 = (int("22458004029592430018760433409989603624678964163256413424612546168695041546740603290902919286935795328257803207514644617367460263524"
                "7710"),
            int("29881921007848149267601793044393067343754404015408024209592824137233150618983587600353687865541878473398230323350346250053154506283"
                "2660"))
    for name, size, mul, gen, p, a, d, g, order in (
            ("Ed25519", 32, 0x100B34E6, 0x100A34F6, p25, p25 - 1, -121665 * pow(121666, -1, p25) % p25, g25,
             2 ** 252 + 27742317777372353535851937790883648493),
            ("Ed448", 64, 0x1A0B3526, 0x1A0A3536, p448, 1, p448 - 39081, g448,
             2 ** 446 - 13818066809895115352007386748515426880336692474882178609894547503885)):
        for _ in range(3):
            k, m = rnd.getrandbits(p.bit_length()), rnd.getrandbits(p.bit_length())
            pt = ed_mul(p, a, d, m, g)
            tap.eq(pke(q, bank, gen, [be(m, size)], [size] * 2), (OK, list(pt)), f"{name}: multiply the generator")
            tap.eq(pke(q, bank, mul, [be(v, size) for v in (*pt, k)], [size] * 2), (OK, list(ed_mul(p, a, d, k, pt))), f"{name}: multiply a point")
        for k, want, what in ((order, (0, 1), "its order"), (order + 1, g, "its order and 1"), (0, (0, 1), "0"), (1, g, "1")):
            tap.eq(pke(q, bank, gen, [be(k, size)], [size] * 2), (OK, list(want)), f"{name}: the generator times {what}")
    # RFC 8032, 7.1, test 1: the public key of a secret one
    h = hashlib.sha512(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")).digest()[:32]
    k = int.from_bytes(h, "little") % 2 ** 254 & ~7 | 1 << 254
    x, y = pke(q, bank, 0x100A34F6, [be(k, 32)], [32] * 2)[1]
    tap.eq((y | (x & 1) << 255).to_bytes(32, "little").hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
           "Ed25519: a public key, RFC 8032")


# Symmetric cryptography

def constants(q):
    """Like the table that a driver gives: configuration words at fixed places, which are quadwords, and initial states of hashes"""
    table = bytearray(1024)
    for at, cfg in ((18, 3 | CBC << 4), (21, 3 | CBC << 4 | DEC | CONVERT), (14, 3), (17, 3 | DEC | CONVERT), (22, 3 | CTR << 4)):
        struct.pack_into("<I", table, at * 8, cfg)
    for at, name in ((41, "sha1"), (48, "sha224"), (54, "sha256"), (60, "sha384"), (70, "sha512")):
        block = hash_block(HASHES[name][0], 0, 0, 0, hash_state(name))
        table[at * 8:at * 8 + len(block)] = block
    # The one for HMAC lies within SHA-1's, where the state has its end
    struct.pack_into("<II", table, 46 * 8, 1 | 1 << 4, 0)
    struct.pack_into(">II", table, 47 * 8, 64, 0)
    return bytes(table)


def admin(q, ae, cmd, size=0, addr=0):
    """A message to an engine's firmware, and its answer"""
    page = q.alloc(4096, 4096)
    q.writel(PMISC + 0x500574, page >> 32)
    q.writel(PMISC + 0x500578, page & 0xFFFFFFFF)
    q.write(page + 64 * ae, struct.pack("<HBBIQQQ", size, 0, cmd, 0, OPAQUE, addr, 0) + b"\xff" * 32)
    q.writel(PMISC + 0x600970 + ae * 0x1000, 1)
    while q.readl(PMISC + 0x600970 + ae * 0x1000):
        pass
    return q.read(page + 64 * ae + 32, 32)


def send_constants(q, table):
    return admin(q, 8, 3, len(table), q.put(table, 1024))[2]


def by_table(s, cmd, at=None, inline=b"", cd=b""):
    """A request with the offset into the table, and the key inside"""
    s.done(cmd)
    s.flags |= IN_TABLE
    struct.pack_into("<H", s.req, 4, s.flags)
    if at is not None:
        s.req[110] = at
    if inline:
        s.req[6] |= 2
        s.req[8:24] = inline
    else:
        s.req[18] = len(cd) // 8
        struct.pack_into("<Q", s.req, 8, s.q.put(cd) if cd else 0)
    return s.req


def test_constants(q, tap, bank):
    rnd = random.Random(21)
    key, iv, data = rnd.randbytes(16), rnd.randbytes(16), rnd.randbytes(256)

    def cipher(at, sgl=False):
        s = Sym(q)
        s.cipher(b"", 16, 224, iv)
        s.buffers(data, sgl=sgl)
        return bank.run(by_table(s, CIPHER, at, key))[6], s.output()
    got = cipher(18)
    tap.ok(got[0] == 0 and got[1] == data, "without a table its entries are 0: nothing is ciphered")
    tap.eq(send_constants(q, constants(q)), 0, "the driver gives the table")
    for sgl in (False, True):
        for at, name, dec in ((18, "aes-128-cbc", 0), (21, "aes-128-cbc", 1), (14, "aes-128-ecb", 0), (17, "aes-128-ecb", 1), (22, "aes-128-ctr", 0)):
            want = data[:16] + openssl_enc(name, key, b"" if "ecb" in name else iv, data[16:240], dec) + data[240:]
            tap.eq(cipher(at, sgl), (0, want), f"{name}{' decrypt' if dec else ''} by the table, with the key inside the request{' sgl' if sgl else ''}")
    tap.eq(cipher(128)[0], 0x82, "an entry outside the table")
    for at, name in ((41, "sha1"), (48, "sha224"), (54, "sha256"), (60, "sha384"), (70, "sha512")):
        if at == 41:
            continue
        size = hashlib.new(name).digest_size
        s = Sym(q)
        s.hash(b"", HASHES[name][2], 3, 200, size)
        s.buffers(data)
        by_table(s, AUTH)
        s.req[114] = at
        tap.eq((bank.run(s.req)[6], s.digest()), (0, hashlib.new(name, data[3:203]).digest()), f"{name} by the table, without a descriptor")
    # A chain has the key, and the states of HMAC, in the descriptor
    hkey = rnd.randbytes(20).ljust(64, b"\0")
    states = hash_state("sha1", xor(hkey, b"\x36" * 64)) + hash_state("sha1", xor(hkey, b"\x5c" * 64))
    for cmd, at, what in ((CIPHER_HASH, 18, "cipher, then hash"), (HASH_CIPHER, 21, "hash, then decipher")):
        s = Sym(q)
        s.cipher(b"", 0, 256, iv)
        s.hash(b"", 24, 0, 256, 20)
        s.buffers(data)
        by_table(s, cmd, at, cd=key + states)
        s.req[114], s.req[122] = 46, 3
        resp = bank.run(s.req)
        out = openssl_enc("aes-128-cbc", key, iv, data, cmd == HASH_CIPHER)
        tap.eq((resp[6], s.output(), s.digest()), (0, out, hmac.digest(hkey, out if cmd == CIPHER_HASH else data, "sha1")),
               f"AES-128-CBC and HMAC-SHA-1 by the table: {what}")
    s = Sym(q)
    s.cipher(b"", 0, 64, iv)
    s.buffers(data)
    s.flags |= UCS
    tap.eq(bank.run(by_table(s, CIPHER, 18, key))[6], 0x84, "the UCS slice has no table")


def ccm_parts(key, nonce, aad, data, taglen):
    """RFC 3610 by the openssl command's CBC and CTR: counter block 0, what goes before the data, output"""
    size, name = 15 - len(nonce), f"aes-{len(key) * 8}"
    b0 = bytes([(64 if aad else 0) | (taglen - 2) // 2 << 3 | size - 1]) + nonce + len(data).to_bytes(size, "big")
    before = b0 + (struct.pack(">H", len(aad)) + aad if aad else b"")
    padded = before + bytes(-len(before) % 16) + data + bytes(-len(data) % 16)
    mac = openssl_enc(f"{name}-cbc", key, bytes(16), padded)[-16:]
    a0 = bytes([size - 1]) + nonce + bytes(size)
    stream = openssl_enc(f"{name}-ctr", key, a0, bytes(16) + data)
    return a0, before, stream[16:], xor(mac, stream)[:taglen]


def test_ccm_one_pass(q, tap, bank):
    rnd = random.Random(22)
    for keylen in (16, 24, 32):
        for noncelen, aadlen, length, taglen in ((13, 13, 64, 8), (12, 0, 33, 16), (7, 30, 16, 4), (13, 14, 0, 10), (8, 255, 500, 12)):
            key, nonce, aad, data = (rnd.randbytes(n) for n in (keylen, noncelen, aadlen, length))
            a0, before, cipher, tag = ccm_parts(key, nonce, aad, data, taglen)
            room = before.ljust(18, b"\xaa")
            for dec in (False, True):
                for bad in ((False, True) if dec else (False,)):
                    s = Sym(q)
                    s.cipher(cipher_block({16: 3, 24: 4, 32: 5}[keylen], 5, DEC if dec else ENC, key.ljust((keylen + 7) & ~7, b"\0"), False, taglen), 0,
                             length, a0)
                    s.flags |= SPC | 1 << 7 | DIB | (CMP if dec else RET)
                    s.buffers(cipher + (xor(tag, b"\1" + bytes(15)) if bad else tag) if dec else data + bytes(taglen), sgl=length == 500)
                    struct.pack_into("<IIQQ", s.req, 80, 0, 18 + aadlen, q.put(room), 0)
                    s.req[107] = taglen
                    resp = bank.run(s.done(CIPHER))
                    out = s.output()
                    tap.ok(resp[6] == (0x80 if bad else 0) and out[:length] == (data if dec else cipher) and (dec or out[length:] == tag),
                           f"AES-{keylen * 8}-CCM in one pass, nonce {noncelen}, AAD {aadlen}, {length} bytes, tag {taglen}: "
                           f"{'wrong tag' if bad else 'decrypt' if dec else 'encrypt'}")


def test_gcm_one_pass(q, tap, bank):
    # SP 800-38D's test case 4, as McGrew and Viega have it
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308")
    iv = bytes.fromhex("cafebabefacedbaddecaf888")
    plain = bytes.fromhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    cipher = bytes.fromhex("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091")
    tag = bytes.fromhex("5bc94fbc3221a5db94fae95ae7121a47")

    def run(dec, data, length, where, aad_len, flags, iv_end=b"\x5a" * 4, aad_off=0, taglen=16):
        s = Sym(q)
        s.cipher(cipher_block(3, 4, DEC if dec else ENC, key, True, 16), 0, length, iv + iv_end)
        s.flags |= UCS | SPC | flags | (CMP if dec else RET)
        s.buffers(data)
        struct.pack_into("<IIQ", s.req, 80, aad_off, aad_len, where)
        if not flags & DIB:
            s.digest_at = q.put(tag if dec else bytes(16))
            struct.pack_into("<Q", s.req, 96, s.digest_at)
        s.req[107] = taglen
        return bank.run(s.done(CIPHER))[6], s
    st, s = run(False, plain + bytes(16), 60, q.put(aad), 20, DIB)
    tap.eq((st, s.output()), (0, cipher + tag), "AES-GCM in one pass: the tag inside the buffer, of the IV 12 bytes count")
    st, s = run(True, cipher + tag, 60, q.put(aad), 20, DIB)
    tap.eq((st, s.output()[:60]), (0, plain), "and to be compared there")
    st, s = run(True, cipher + tag[:15] + b"\0", 60, q.put(aad), 20, DIB)
    tap.eq(st, 0x80, "a wrong one")
    # GMAC: the openssl command has it
    data = random.Random(23).randbytes(300)
    want = bytes.fromhex(subprocess.run(["openssl", "mac", "-cipher", "aes-128-gcm", "-macopt", f"hexkey:{key.hex()}", "-macopt", f"hexiv:{iv.hex()}", "GMAC"],
                                        input=data[7:], stdout=subprocess.PIPE, check=True).stdout.decode())
    st, s = run(False, data, 0, 0, 293, 0, aad_off=7)
    tap.eq((st, q.read(s.digest_at, 16), s.output()), (0, want, data), "GMAC in one pass: the AAD is what the buffer has")


def test_parts(q, tap, bank):
    rnd = random.Random(24)
    key, data = rnd.randbytes(32), rnd.randbytes(1000)
    for name, mode in (("cbc", CBC), ("ctr", CTR)):
        for dec in (False, True):
            iv = rnd.randbytes(8) + b"\xff" * 7 + b"\xfe"       # the counter's carry
            want = openssl_enc(f"aes-256-{name}", key, iv, data[:960], dec)
            at, got, states = q.put(iv), b"", []
            for part, begin, end in (("start", 0, 320), ("mid", 320, 336), ("mid", 336, 640), ("end", 640, 960)):
                s = Sym(q)
                s.cipher(cipher_block(5, mode, DEC | CONVERT if dec and mode == CBC else ENC, key), 0, end - begin, struct.pack("<QQ", at, 0))
                s.flags = s.flags & ~IV16 | PARTIAL[part] | (UPDATE if part != "end" else 0)
                s.buffers(data[begin:end], sgl=part == "mid")
                states.append(bank.run(s.done(CIPHER))[6])
                got += s.output()
            tap.eq((states, got), ([0] * 4, want), f"AES-256-{name.upper()} {'decrypt' if dec else 'encrypt'} in four parts")
    for name in ("sha1", "sha224", "sha256", "sha384", "sha512"):
        algo, block, size = HASHES[name]
        for mac in (False, True):
            hkey = rnd.randbytes(block)
            digest = hashlib.new(name).digest_size
            area = q.alloc(8 + size, 64)
            for cut in ((block, 3 * block, 999), (2 * block, 2 * block, 2 * block), (4 * block, 5 * block, 7 * block)):
                states = []
                for part, begin, end in (("start", 0, cut[0]), ("mid", cut[0], cut[1]), ("end", cut[1], cut[2])):
                    s = Sym(q)
                    s.hash(*(hmac_block(name, hkey, digest) if mac else plain_block(name, digest)), 0, end - begin, digest)
                    s.req[121] = size
                    s.flags |= PARTIAL[part]
                    if part != "end":
                        s.flags = s.flags & ~RET | UPDATE
                    struct.pack_into("<Q", s.req, 88, area + (8 + size if part == "start" else 0))
                    s.buffers(data[begin:end] or b"\0")
                    states.append(bank.run(s.done(AUTH))[6])
                want = hmac.digest(hkey, data[:cut[2]], name) if mac else hashlib.new(name, data[:cut[2]]).digest()
                tap.eq((states, s.digest()), ([0] * 3, want), f"{'HMAC-' if mac else ''}{name} in three parts, up to {cut}")
    s = Sym(q)
    s.hash(*plain_block("sha256", 32), 0, 63, 32)
    s.req[121] = 32
    s.flags = s.flags & ~RET | UPDATE | PARTIAL["start"]
    struct.pack_into("<Q", s.req, 88, q.alloc(128) + 64)
    s.buffers(data)
    tap.eq(bank.run(s.done(AUTH))[6], 0x82, "a first part of a hash that is no whole block")
    for what, setup in (("a chain", lambda s: s.hash(*plain_block("sha256", 32), 0, 64, 32)), ("XTS", None)):
        s = Sym(q)
        s.cipher(cipher_block(5, 6 if what == "XTS" else CBC, ENC, key + key), 0, 64, bytes(16))
        if setup:
            setup(s)
        s.flags |= PARTIAL["start"]
        s.buffers(data)
        tap.eq(bank.run(s.done(CIPHER_HASH if setup else CIPHER))[6], 0x84, f"a part of {what} is refused")


def test_sha3_hmac(q, tap, bank):
    rnd = random.Random(25)
    data = rnd.randbytes(700)
    for name, (algo, size) in SHA3.items():
        block = 200 - 2 * size
        for length in (0, 1, block, 700):
            key = rnd.randbytes(block)
            s = Sym(q)
            s.hash(hash_block(algo, 2, size, 0, bytes(64)), 64, 0, length, size)
            s.req[113], s.req[104] = 1 << 5, block
            struct.pack_into("<Q", s.req, 88, q.put(key))
            s.buffers(data)
            tap.eq((bank.run(s.done(AUTH))[6], s.digest()), (0, hmac.digest(key, data[:length], name)), f"HMAC-{name} of {length} bytes, the key as prefix")
    s.req[113] |= 1
    tap.eq(bank.run(s.req)[6], 0x84, "a nested hash is refused")


# Keys

KDF = {"md5": 2, "sha1": 1, "sha224": 3, "sha256": 4, "sha384": 5, "sha512": 6, "sm3": 15}


def derive(q, bank, cmd, name, src, out_len, lengths, keys=(), outer=None, room=512):
    """Request: hashes, the source (a buffer or a list of them), five lengths from byte 56 on, and the keys of HMAC"""
    req = bytearray(128)
    req[1], req[2], req[3] = cmd, 4, 0x80
    struct.pack_into("<Q", req, 24, OPAQUE)
    cd = hash_block(KDF[name], 2, 16, 0, bytes(64)) + hash_block(KDF[outer or name], 2, 16, 0, bytes(64))
    struct.pack_into("<Q", req, 8, q.put(cd))
    req[18], req[114], req[124] = len(cd) // 8, 0, 10
    struct.pack_into("<QQ", req, 32, q.put(src) if isinstance(src, bytes) else q.put(b"".join(struct.pack("<Q", q.put(s)) for s in src)),
                     dst := q.put(b"\xee" * room))
    struct.pack_into("<HBBBB", req, 56, *lengths)
    if keys:
        struct.pack_into("<Q", req, 88, q.put(b"".join(keys)))
        req[104] = len(keys[0])
        req[117], req[127] = (len(keys[1]), len(keys[0]) // 8) if len(keys) > 1 else (0, 0)
    resp = bank.run(req)
    out = q.read(dst, room)
    return resp[6], out[:out_len], out[out_len:] == b"\xee" * (room - out_len)


def p_hash(name, key, seed, size):
    out, a = b"", seed
    while len(out) < size:
        a = hmac.digest(key, a, name)
        out += hmac.digest(key, a + seed, name)
    return out[:size]


def test_tls(q, tap, bank):
    rnd = random.Random(31)
    for secret_len, label, size in ((48, b"master secret", 48), (48, b"key expansion", 136), (47, b"client finished", 16), (128, b"x" * 100, 248), (1, b"", 8)):
        secret, seed = rnd.randbytes(secret_len), rnd.randbytes(64)
        half = (secret_len + 1) // 2
        s1, s2 = secret[:half], secret[secret_len - half:]
        want = xor(p_hash("md5", s1, label + seed, size), p_hash("sha1", s2, label + seed, size))
        got = derive(q, bank, 7, "sha1", [seed, label or b"\0"], size, (secret_len, size, len(label), 64, 0), [s2.ljust(64, b"\0"), s1.ljust(64, b"\0")], "md5")
        tap.eq(got, (0, want, True), f"TLS 1.1, {label[:20]}: {size} bytes of a secret of {secret_len}")
        for name in ("sha256", "sha384", "sha512", "sm3"):
            try:
                block = hashlib.new(name).block_size
            except ValueError:
                tap.skip(f"TLS 1.2, {name}", "Python's hashlib does not have it")
                continue
            key = secret[:block].ljust(block, b"\0")
            got = derive(q, bank, 8, name, [seed, label or b"\0"], size, (min(secret_len, block), size, len(label), 64, 0), [key, key])
            tap.eq(got, (0, p_hash(name, key, label + seed, size), True), f"TLS 1.2, {name}, {label[:20]}: {size} bytes")
    # The IETF TLS working group's mailing list, 2008: P_SHA256's test vector
    secret, seed = bytes.fromhex("9bbe436ba940f017b17652849a71db35"), bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    want = bytes.fromhex("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
                         "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66")
    key = secret.ljust(64, b"\0")
    tap.eq(derive(q, bank, 8, "sha256", [seed, b"test label"], 100, (16, 100, 10, 16, 0), [key, key]), (0, want, True), "TLS 1.2: a published vector")
    tap.eq(derive(q, bank, 8, "sha256", b"\xff" * 24, 0, (16, 96, 10, 16, 0), [key, key])[0], 0x82, "TLS 1.2: a label outside memory")


def test_ssl3(q, tap, bank):
    rnd = random.Random(32)
    for secret_len, size in ((48, 48), (48, 104), (100, 248), (512, 16)):
        n = (size + 15) // 16
        secret, seed = rnd.randbytes(secret_len), rnd.randbytes(64)
        labels = b"".join(bytes([65 + i]) * (i + 1) for i in range(n))
        want = b"".join(hashlib.md5(secret + hashlib.sha1(bytes([65 + i]) * (i + 1) + secret + seed).digest()).digest() for i in range(n))[:size]
        got = derive(q, bank, 6, "sha1", [seed, labels, secret], size, (secret_len, size, len(labels), n, 0), (), "md5")
        tap.eq(got, (0, want, True), f"SSL 3: {size} bytes of a secret of {secret_len}")
    tap.eq(derive(q, bank, 6, "sha1", [seed, labels, secret], 0, (512, 16, 2, 1, 0), (), "md5")[0], 0x82, "SSL 3: labels of another length")
    tap.eq(derive(q, bank, 6, "sha1", [seed, labels, secret], 0, (2000, 16, 1, 1, 0), (), "md5")[0], 0x82, "SSL 3: a secret that is too long")


def test_mgf1(q, tap, bank):
    rnd = random.Random(33)
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
        for seed_len, size in ((20, 104), (255, 1000), (1, 8)):
            seed = rnd.randbytes(seed_len)
            want = b"".join(hashlib.new(name, seed + struct.pack(">I", i)).digest() for i in range(size // 16 + 1))[:size]
            got = derive(q, bank, 9, name, seed, size, (size, hashlib.new(name).digest_size, seed_len, 0, 0), room=1024)
            tap.eq(got, (0, want, True), f"MGF1, {name}: {size} bytes of a seed of {seed_len}")


def hkdf_label(length, label, context=b""):
    label = b"tls13 " + label
    return struct.pack(">HB", length, len(label)) + label + bytes([len(context)]) + context


def label_struct(data, flags):
    return data.ljust(78, b"\0") + bytes([len(data), flags])


def test_hkdf(q, tap, bank):
    # RFC 5869, A.1: its output is longer than a block, which is all that there is
    ikm, salt, info = b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA))
    prk = bytes.fromhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
    okm = bytes.fromhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")

    def pad(key, size=64):
        return [key.ljust(size, b"\0")] * 2
    tap.eq(derive(q, bank, 12, "sha256", [ikm, info, b"\0"], 32, (22, 32, 0, 22, 0), pad(salt)), (0, prk, True), "HKDF extract, RFC 5869")
    tap.eq(derive(q, bank, 13, "sha256", [ikm, info, b"\0"], 32, (32, 32, 10, 0, 0), pad(prk)), (0, okm, True), "HKDF expand, RFC 5869")
    tap.eq(derive(q, bank, 14, "sha256", [ikm, info, b"\0"], 64, (22, 32, 10, 22, 0), pad(salt)), (0, prk + okm, True), "HKDF extract and expand")
    # RFC 8448, 3: the client's handshake traffic secret, its key and its IV
    hs = bytes.fromhex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")
    secret = bytes.fromhex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
    context = bytes.fromhex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
    key, iv = bytes.fromhex("dbfaa693d1762c5b666af5d950258d01"), bytes.fromhex("5bd3c71b836e0b76bb73265f")
    label = label_struct(hkdf_label(32, b"c hs traffic", context), 3)
    subs = b"".join((label_struct(hkdf_label(16, b"key"), 2), label_struct(hkdf_label(12, b"iv"), 1), label_struct(hkdf_label(32, b"resumption"), 0),
                     label_struct(hkdf_label(32, b"finished"), 0)))
    tap.eq(derive(q, bank, 15, "sha256", [b"\0", label, subs], 60, (32, 32, 1, 0, 4), pad(hs)), (0, secret + key + iv, True),
           "HKDF expand label: secret, key and IV, RFC 8448")
    rnd = random.Random(34)
    for name, size, keylen in (("sha256", 32, 16), ("sha384", 48, 32)):
        block = hashlib.new(name).block_size
        salt, ikm = rnd.randbytes(size), rnd.randbytes(size)
        prk = hmac.digest(salt, ikm, name)
        subs = [(hkdf_label(keylen, b"key"), keylen, 2 if keylen == 16 else 4), (hkdf_label(12, b"iv"), 12, 1), (hkdf_label(size, b"resumption"), size, 0),
                (hkdf_label(size, b"finished"), size, 0)]
        labels = [(hkdf_label(size, b"label%d" % i, rnd.randbytes(8)), flags) for i, flags in enumerate((15, 0, 5, 8))]
        want = prk
        for data, flags in labels:
            first = hmac.digest(prk, data + b"\1", name)
            want += first + b"".join(hmac.digest(first, sub + b"\1", name)[:n] for i, (sub, n, _) in enumerate(subs) if flags >> i & 1)
        got = derive(q, bank, 16, name, [ikm, b"".join(label_struct(*v) for v in labels), b"".join(label_struct(d, f) for d, _, f in subs)], len(want),
                     (size, size, 4, size, 4), pad(salt, block), room=1024)
        tap.eq(got, (0, want, True), f"HKDF extract and expand four labels, {name}: {len(want)} bytes")
    tap.eq(derive(q, bank, 15, "sha256", [b"\0", label, b"\0"], 0, (32, 32, 5, 0, 4), pad(hs))[0], 0x82, "HKDF: five labels")
    tap.eq(derive(q, bank, 15, "sha256", [b"\0", bytes(78) + b"\x4f\0", b"\0"], 0, (32, 32, 1, 0, 0), pad(hs))[0], 0x82, "HKDF: a label of 79 bytes")


# Compression

def xxh32(data):
    p1, p2, p3, p4, p5, mask = 2654435761, 2246822519, 3266489917, 668265263, 374761393, 0xFFFFFFFF

    def rol(v, n):
        v &= mask
        return (v << n | v >> 32 - n) & mask
    i, h = 0, p5
    if len(data) >= 16:
        acc = [p1 + p2, p2, 0, -p1]
        while i + 16 <= len(data):
            acc = [rol(a + w * p2, 13) * p1 & mask for a, w in zip(acc, struct.unpack_from("<4I", data, i))]
            i += 16
        h = sum(rol(a, n) for a, n in zip(acc, (1, 7, 12, 18)))
    h += len(data)
    while i + 4 <= len(data):
        h = rol(h + struct.unpack_from("<I", data, i)[0] * p3, 17) * p4
        i += 4
    for b in data[i:]:
        h = rol(h + b * p5, 11) * p1
    h &= mask
    h = (h ^ h >> 15) * p2 & mask
    h = (h ^ h >> 13) * p3 & mask
    return h ^ h >> 16


def lz4_tool(args, data):
    return subprocess.run(["lz4", "-q", *args, "-", "-"], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def lz4_frame(blocks, size, checksum, independent=True):
    """What software puts around blocks"""
    head = bytes([0x40 | independent << 5 | 1 << 2, (4 + size) << 4])
    return struct.pack("<I", 0x184D2204) + head + bytes([xxh32(head) >> 8 & 255]) + blocks + struct.pack("<II", 0, checksum)


def lz4_blocks(frame):
    """The opposite, of a frame with or without a content size"""
    at = 7 + (8 if frame[4] & 8 else 0)
    end = len(frame) - (8 if frame[4] & 4 else 4)
    return frame[at:end]


def lz4(q, bank, cmd, data, room, size=0, checksum=False, flags=0x10043, sgl=False):
    """Through dc(), which does not know the second configuration word"""
    class Patched:
        def __init__(self):
            self.q = q

        def run(self, req):
            if cmd == 3:
                struct.pack_into(">I", req, 12, size << 19)
            return bank.run(req)
    fmt = 2 | (checksum << 3 >> 5)
    return dc(q, Patched(), cmd, data, room, flags=flags, fmt=fmt, depth=size if cmd == 4 else 1, sgl=sgl)


def test_lz4(q, tap, bank):
    rnd = random.Random(41)
    words = (b"the ", b"quick ", b"brown ", b"fox ", b"QAT ", b"0123456789 ")
    for kind, data in (("text", b"".join(rnd.choice(words) for _ in range(60000))), ("noise", rnd.randbytes(100000)), ("zeroes", bytes(300000)),
                       ("nothing", b""), ("a byte", b"a"), ("both", rnd.randbytes(70000) + bytes(70000))):
        for size in (0, 1, 3):
            for sgl in ((False, True) if size == 0 and len(data) < 150000 else (False,)):
                fl, st, err, used, out, crc, xxh = lz4(q, bank, 3, data, len(data) + 1000, size, sgl=sgl)
                what = f"LZ4, {kind}, blocks of {64 << 2 * size} KiB{' sgl' if sgl else ''}"
                back = lz4_tool(["-d"], lz4_frame(out, size, xxh))
                tap.ok((fl, st, err, used) == (0xC0, 0, 0, len(data)) and crc == zlib.crc32(data) and xxh == xxh32(data) and back.returncode == 0 and
                       back.stdout == data, f"{what}: {len(data)} bytes become {len(out)}, which the lz4 command decompresses")
                got = lz4(q, bank, 4, out, len(data) + 1, size, sgl=sgl)
                tap.ok(got[:4] == (0x80, 0, 0, len(out)) and got[4:] == (data, zlib.crc32(data), xxh32(data)), f"{what}: and back")
        if len(data) > 1:
            for args, size in ((["-B4"], 0), (["-B5", "-9"], 1), (["-B4", "-BD"], 0), (["-B6"], 2)):
                blocks = lz4_blocks(lz4_tool(args, data).stdout)
                got = lz4(q, bank, 4, blocks, len(data) + 70000, size)
                tap.ok(got[1:4] == (0, 0, len(blocks)) and got[4] == data, f"LZ4, {kind}: blocks of lz4 {' '.join(args)} {got[1:4]}")
            got = lz4(q, bank, 4, blocks + bytes(4) + b"more", len(data) + 70000, 2)
            tap.ok(got[1:4] == (8, 0, len(blocks) + 4) and got[4] == data, f"LZ4, {kind}: the end mark is the end")
    text = b"".join(rnd.choice(words) for _ in range(20000))
    tap.eq(lz4(q, bank, 3, text, 1000)[1:5], (0x20, -11, 0, b""), "LZ4 compress: overflow is -11")
    out = lz4(q, bank, 3, text, len(text) + 100)[4]
    got = lz4(q, bank, 4, out, 70000)
    tap.eq((got[1:3], got[4]), ((0x20, -11), text[:65536]), "LZ4 decompress: overflow is -11, with what blocks fit")
    tap.eq(lz4(q, bank, 4, out[:-3], len(text))[1:3], (0x20, -15), "LZ4 decompress: input that ends early, -15")
    tap.eq(lz4(q, bank, 4, b"\x05\0\0\0\x10a\x09\0\0", 70000)[1:3], (0x20, -100), "LZ4 decompress: a distance too far back, -100")
    tap.eq(lz4(q, bank, 4, struct.pack("<I", 65537) + bytes(65537), 100000)[1:3], (0x20, -93), "LZ4 decompress: a block that is too long, -93")
    for bad in (False, True):
        blocks = lz4_blocks(lz4_tool(["-B4", "-BX"], text).stdout)
        if bad:
            blocks = blocks[:-1] + bytes([blocks[-1] ^ 1])
        s = Sym(q)
        s.req[1], s.req[2] = 4, 9
        s.buffers(blocks)
        dst = q.alloc(len(text))
        struct.pack_into(">I", s.req, 8, 2 << 5 | 1 << 3)
        struct.pack_into("<QII", s.req, 40, dst, len(blocks), len(text))
        struct.pack_into("<5I", s.req, 56, len(blocks), len(text), 0, 1, 0x43)
        resp = bank.run(s.req)
        tap.ok((resp[6], struct.unpack("b", resp[5:6])[0]) == ((0x20, -13) if bad else (0, 0)) and (bad or q.read(dst, len(text)) == text),
               f"LZ4 decompress: checksums of blocks{', a wrong one' if bad else ''}")
    tap.eq(lz4(q, bank, 3, text, 200000, flags=0x110043)[1], 0x24, "LZ4: a checksum's state in memory is refused")
    noise = rnd.randbytes(65536)
    fl, st, err, used, out, _, xxh = dc(q, bank, 5, noise, 80000, fmt=3)
    tap.ok((fl, st, err, used) == (0xC0, 0, 0, 65536) and xxh == xxh32(noise), f"LZ4S of noise fits: {len(out)} bytes")


def crc64(poly, data):
    crc = 0
    for b in data:
        crc ^= b << 56
        for _ in range(8):
            crc = (crc << 1 ^ (poly if crc >> 63 else 0)) & (1 << 64) - 1
    return crc


def test_crc64(q, tap, bank):
    rnd = random.Random(42)
    poly = 0x42F0E1EBA9EA3693
    # ECMA-182, in the catalogue of parametrised CRC algorithms
    tap.eq(crc64(poly, b"123456789"), 0x6C40DF5F0B497347, "CRC-64 of this test: the catalogue's check value")
    data = b"".join(rnd.choice((b"abc", b"defg", b"hi")) for _ in range(2000))
    for cmd, what, src, fmt in ((0, "static", data, 1), (1, "dynamic", data, 0), (2, "inflate", raw(data), 1)):
        block = q.put(struct.pack("<IIQQQQQQQ", 0, 1, 0, 0, 0, 0, poly, 0, 0))
        s = Sym(q)
        s.req[1], s.req[2] = cmd, 9
        s.buffers(src)
        dst = q.alloc(20000)
        struct.pack_into(">I", s.req, 8, fmt << 5 | 1 << 8)
        struct.pack_into("<QII", s.req, 40, dst, len(src), 20000)
        struct.pack_into("<IIQI", s.req, 56, len(src), 20000, block, 0xB0043)
        resp = bank.run(s.req)
        used, made = struct.unpack("<2I", resp[16:24])
        out = q.read(dst, made)
        crc, adler, cpr_in, cpr_out, _, xlt_out = struct.unpack("<IIQQQQ", q.read(block, 40))
        plain = out if cmd == 2 else src
        tap.ok(resp[6] == (8 if cmd == 2 else 0) and used == len(src) and (out == data if cmd == 2 else unraw(out) == (data, True)),
               f"{what} with checksums in memory")
        tap.eq((crc, adler), (zlib.crc32(plain), zlib.adler32(plain)), f"{what}: CRC-32 and Adler-32")
        tap.eq((cpr_in, cpr_out, xlt_out), (crc64(poly, src), crc64(poly, out), crc64(poly, out)), f"{what}: CRC-64 of input and output")
    struct.pack_into("<Q", s.req, 64, 1 << 50)
    resp = bank.run(s.req)
    tap.eq((resp[6] & 0x20, struct.unpack("b", resp[5:6])[0]), (0x20, -17), "checksums outside memory, -17")


def test_capabilities(q, tap):
    resp = admin(q, 2, 9)
    tap.eq((resp[2], resp[4:8]), (0, struct.pack("<I", 0x101)), "COMP_CAPABILITY_GET: compress and verify, and recover")


def tests(q, tap, sym, asym, comp):
    test_rsa_keys(q, tap, asym)
    test_primes(q, tap, asym)
    test_dsa_p(q, tap, asym)
    test_binary(q, tap, asym)
    test_named(q, tap, asym)
    test_sm2(q, tap, asym)
    test_montgomery(q, tap, asym)
    test_edwards(q, tap, asym)
    test_constants(q, tap, sym)
    test_ccm_one_pass(q, tap, sym)
    test_gcm_one_pass(q, tap, sym)
    test_parts(q, tap, sym)
    test_sha3_hmac(q, tap, sym)
    test_tls(q, tap, sym)
    test_ssl3(q, tap, sym)
    test_mgf1(q, tap, sym)
    test_hkdf(q, tap, sym)
    test_lz4(q, tap, comp)
    test_crc64(q, tap, comp)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("qemu")
    ap.add_argument("-v", dest="verbose", action="store_true")
    args = ap.parse_args()
    random.seed(10)
    tap = Tap()
    # nothing runs, but the machine wants a BIOS
    with tempfile.NamedTemporaryFile(prefix="qat-bios-") as bios:
        bios.write(bytes(65536))
        bios.flush()
        q = Qtest(args.qemu, bios.name, args.verbose)
        q.bring_up()
        test_capabilities(q, tap)
        tests(q, tap, Bank(q, SYM_BANK), Bank(q, ASYM_BANK, 64), Bank(q, DC_BANK))
        tap.eq(q.close(), 0, "QEMU ends well")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
