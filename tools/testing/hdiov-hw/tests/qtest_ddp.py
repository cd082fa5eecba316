#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Load a DDP package into the emulated E810 and hash by profiles, through QEMU's qtest.

Sends what drivers send, and what a hostile or broken one might. Prints TAP.
"""

import importlib.util
import os
import random
import socket
import struct
import sys

import e810_card
from e810_card import (DEVFN, ECAM, MACS, OUT, Vsi, csum, eth, ipv4, tcp)
from qtest_e810 import close
from qtest_pfs import TWO_PFS, second

spec = importlib.util.spec_from_file_location(
    "ddp_package", os.path.join(os.path.dirname(__file__), "..", "ddp-package.py"))
ddp = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ddp)

EPERM, ENOENT, EBUSY, EEXIST, EINVAL, ENOSPC, ENOSYS, EMODE, EBADBUF = (
    1, 2, 12, 13, 14, 16, 17, 21, 28)
CHANGE, GLOBAL, READ, WRITE = 3, 4, 1, 2
DONE, IN_PROGRESS = 2, 1
NAME, VERSION = "hdiov emulated E810", (1, 3, 0, 0)
XLT1, XLT2, TCAM, REDIR, FV = 42, 43, 44, 45, 46
IPV4, IPV6, TCP, UDP, NONE = 32, 40, 49, 53, 255
PTYPE_UDP, PTYPE_TCP, PTYPE_TCP6 = 24, 26, 92
KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b4"
                    "77cb2da38030f20c6a42b73bbeac01fa" "0123456789abcdef00112233")
WORDS = 24


def lock(c, number, access=WRITE):
    """Return value and what the card says of the global lock"""
    rc, params, _ = c.aq(8, struct.pack("<HHIIHH", number, access, 0, 0, 0, 0))
    return rc, struct.unpack_from("<H", params, 12)[0]


def unlock(c, number):
    return c.aq(9, struct.pack("<HHI", number, 0, 0))[0]


def download(c, buf, last=True):
    return c.aq(0xc40, bytes([last]), buf)[0]


def update(c, *sections):
    """As drivers do: under the lock, and no longer than the data"""
    assert lock(c, CHANGE)[0] == 0
    buf = ddp.buffer(*sections)
    rc = c.aq(0xc42, b"\1", buf[:struct.unpack_from("<H", buf, 2)[0]])[0]
    assert unlock(c, CHANGE) == 0
    return rc


def info(c):
    buf = c.ok(0xc43, size=164)[1]
    count, = struct.unpack_from("<I", buf)
    if not count:
        return None
    return (count, tuple(buf[4:8]), buf[8:36].rstrip(b"\0").decode(), buf[40:44])


def package_buffer(*more):
    return ddp.buffer((1, ddp.metadata(VERSION, NAME)), (XLT1, ddp.groups()),
                      (56, ddp.boost()), *more)


def load(c, *more):
    assert lock(c, GLOBAL) == (0, 0)
    assert download(c, package_buffer(*more)) == 0
    assert unlock(c, GLOBAL) == 0


def corer(q, c):
    """Back to a card without package"""
    c.reset_card()
    c.open()


def alloc(c, kind, n=1, **kw):
    rc, _, buf = c.aq(0x208, struct.pack("<H", 1),
                      struct.pack(f"<HH{n}H", kind, n, *n * [0]), **kw)
    return rc, struct.unpack_from(f"<{n}H", buf, 4)


def free(c, kind, *which):
    return c.aq(0x209, struct.pack("<H", 1), struct.pack(
        f"<HH{len(which)}H", kind, len(which), *which))[0]


def toeplitz(data):
    key, bits, got = int.from_bytes(KEY, "big"), 8 * len(KEY), 0
    for i, byte in enumerate(data):
        for j in range(8):
            if byte & 0x80 >> j:
                got ^= key >> bits - 32 - 8 * i - j & 0xffffffff
    return got


def tcam(addr, prof, ptg, vsig, flags=0, care=0xffff):
    """An entry that matches exactly this; of the flags, those to care for"""
    want = struct.pack("<HBH", flags, ptg, vsig)
    any_ = struct.pack("<HBH", ~care & 0xffff, 0, 0)
    key = bytes(~w & 0xff | a for w, a in zip(want, any_))
    inv = bytes(w | a for w, a in zip(want, any_))
    return TCAM, struct.pack("<HH", 1, addr) + key + inv + bytes([prof])


def vector(prof, *words):
    """(protocol, offset) of the words that are hashed; the card takes the last one first"""
    words = list(words) + [(NONE, 0x1ff)] * (WORDS - len(words))
    return FV, struct.pack("<HH", 1, prof) + b"".join(
        struct.pack("<BHB", *w, 0) for w in reversed(words))


def group(vsi, vsig):
    return XLT2, struct.pack("<HHH", 1, vsi, vsig)


def ptg(ptype):
    return ddp.KNOWN.index(ptype) + 1


def hashed(q, v, *frames):
    """What the descriptors say: the hash, or None"""
    for raw in frames:
        q.send(eth(v.mac, OUT, raw, typ=0x86dd if raw[0] >> 4 == 6 else 0x800))
    return [g[1][0] >> 32 if g[1][1] >> 12 & 3 == 3 else None for g in v.rx()]


SRC, DST = "66.9.149.187", "161.142.100.80"
FOUR = socket.inet_aton(SRC) + socket.inet_aton(DST)
TUPLE = [(IPV4, 12), (IPV4, 14), (IPV4, 16), (IPV4, 18), (TCP, 0), (TCP, 2)]
T4 = ipv4(6, tcp(2794, 1766, b"rss"), SRC, DST)
U4 = ipv4(17, struct.pack(">HHHH", 2794, 1766, 12, 0) + b"rss!", SRC, DST)


def test_commands(t, q, c):
    t.check("no package at first", info(c), None)
    buf = package_buffer()
    t.check("no download without the lock", download(c, buf), EPERM)
    t.check("no update without a package", c.aq(0xc42, b"\1", buf)[0], EMODE)
    t.check("nor with one for reading", (lock(c, GLOBAL, READ), download(c, buf), unlock(c, GLOBAL)),
            ((0, 0), EPERM, 0))
    t.check("the lock is free", lock(c, GLOBAL), (0, 0))
    t.check("and taken then", lock(c, GLOBAL), (0, IN_PROGRESS))
    t.check("only whole buffers", download(c, buf[:2048]), EINVAL)
    t.check("first buffer", download(c, ddp.buffer((99, b"parser")), last=False), 0)
    t.check("is not a package yet", info(c), None)
    t.check("last buffer", download(c, buf), 0)
    t.check("its version and name, active, not modified", info(c),
            (1, VERSION, NAME, b"\0\1\0\0"))
    t.check("a second one is refused", download(c, buf), EEXIST)
    t.check("unlock", unlock(c, GLOBAL), 0)
    t.check("twice is wrong", unlock(c, GLOBAL), EINVAL)
    t.check("who wants to load one finds it done", lock(c, GLOBAL), (0, DONE))
    t.check("and holds nothing", unlock(c, GLOBAL), EINVAL)
    t.check("reading is another thing", (lock(c, GLOBAL, READ), unlock(c, GLOBAL)), ((0, 0), 0))
    t.check("and no permission to write", (lock(c, CHANGE, READ), c.aq(0xc42, b"\1", buf)[0], unlock(c, CHANGE)),
            ((0, 0), EPERM, 0))
    t.check("no other way of access", lock(c, CHANGE, 3)[0], EINVAL)
    t.check("no update without the lock", c.aq(0xc42, b"\1", buf)[0], EPERM)
    t.check("update", update(c, (56, ddp.boost()), (66, ddp.boost())), 0)
    t.check("is told of", info(c), (1, VERSION, NAME, b"\0\1\0\1"))
    t.check("no metadata in updates", update(c, (1, ddp.metadata(VERSION, NAME))), EBADBUF)
    t.check("no reading of sections", c.aq(0xc41, b"", bytes(64))[0], ENOSYS)
    t.check("too small a buffer", c.aq(0xc43, b"", bytes(40))[0], EINVAL)
    t.check("change lock, twice", [lock(c, CHANGE)[0] for _ in "12"], [0, EBUSY])
    q.step(3100000000)
    t.check("it ends by itself", lock(c, CHANGE)[0], 0)
    unlock(c, CHANGE)
    corer(q, c)


def test_bounds(t, q, c):
    good = package_buffer()
    count = struct.unpack_from("<H", good)[0]

    def patched(at, fmt, val):
        buf = bytearray(good)
        struct.pack_into(fmt, buf, at, val)
        return bytes(buf)

    ends = struct.unpack_from("<H", good, 2)[0]
    off, size = struct.unpack_from("<HH", good, 8)
    bad = [("no section", patched(0, "<H", 0)), ("512 sections", patched(0, "<H", 512)),
           ("65535 sections", patched(0, "<H", 65535)), ("data end 0", patched(2, "<H", 0)),
           ("data end beyond", patched(2, "<H", 4097)), ("data end early", patched(2, "<H", ends - 1)),
           ("section in the table", patched(8, "<H", 4 + 8 * count - 1)),
           ("section beyond", patched(8, "<H", 4096)), ("section wraps", patched(8, "<H", 65535)),
           ("section too long", patched(10, "<H", 4096)), ("empty section", patched(10, "<H", 0)),
           ("short metadata", patched(10, "<H", 35)), ("a section of drivers' own", patched(4, "<I", 0x80000018)),
           ("no metadata", ddp.buffer((XLT1, ddp.groups())))]
    meta = (1, ddp.metadata(VERSION, NAME))
    for name, kind, content in (
            ("1025 packet types", XLT1, struct.pack("<HH", 1025, 0) + bytes(1025)),
            ("packet types from 1", XLT1, struct.pack("<HH", 1024, 1) + bytes(1024)),
            ("packet types, short", XLT1, struct.pack("<HH", 9, 0) + bytes(8)),
            ("no header", XLT1, b"\0\0\0"),
            ("VSI 768", XLT2, struct.pack("<HHH", 1, 768, 1)), ("VSIs, short", XLT2, struct.pack("<HHH", 2, 0, 1)),
            ("TCAM entry 512", *tcam(512, 0, 1, 1)), ("profile 128", *tcam(0, 128, 1, 1)),
            ("TCAM, short", TCAM, tcam(0, 0, 1, 1)[1][:-1]), ("TCAM, no header", TCAM, b"\0"),
            ("switch's entry 512", 14, tcam(512, 0, 1, 1)[1]),
            ("engine's profile 32", 84, tcam(0, 32, 1, 1)[1]),
            ("129 redirections", REDIR, struct.pack("<HH", 129, 0) + bytes(129)),
            ("vector of profile 128", *vector(128)), ("vector, short", FV, vector(1)[1][:-1]),
            ("four boost entries, short", 56, b"\4" + ddp.boost()[1:]), ("boost, no header", 56, b"\1\0"),
            ("parser's start, no header", 58, b"\0\0\0"), ("parser's start, short", 58, b"\2" + ddp.meta_init()[1:]),
            ("parser's start 16", 58, struct.pack("<HH", 1, 16) + bytes(24))):
        bad.append((name, ddp.buffer(meta, (kind, content))))
    got = []
    for name, buf in bad:
        assert lock(c, GLOBAL) == (0, 0)
        rc = download(c, buf)
        got.append((name, rc, info(c)))
        unlock(c, GLOBAL)
    t.check("bad buffers", got, [(name, EBADBUF, None) for name, _ in bad])
    lock(c, GLOBAL)
    rc, _, buf = c.aq(0xc40, b"\1", patched(8 * 2 + 10 - 8, "<H", 4096))
    t.check("the card says which section", (rc, struct.unpack_from("<II", buf)), (EBADBUF, (12, XLT1)))
    download(c, good, last=False)
    t.check("a bad buffer ends the download",
            (download(c, bad[0][1]), download(c, ddp.buffer((99, b"x")))), (EBADBUF, EBADBUF))
    download(c, good, last=False)
    unlock(c, GLOBAL)
    lock(c, GLOBAL)
    t.check("one that is given up does as well", download(c, ddp.buffer((99, b"x"))), EBADBUF)
    t.check("the right one is taken after all", download(c, good), 0)
    unlock(c, GLOBAL)
    lock(c, CHANGE)
    got = set()
    for _ in range(300):
        buf = bytearray(random.choice((good, ddp.buffer(tcam(1, 2, 3, 4), vector(5), group(6, 7)))))
        for _ in range(random.randrange(1, 9)):
            struct.pack_into("<H", buf, 2 * random.randrange(48), random.randrange(65536))
        got.add(c.aq(0xc42, b"\1", bytes(buf[:random.randrange(1, 4097)]))[0])
    t.check("random updates", got <= {0, EINVAL, EBADBUF}, True)
    unlock(c, CHANGE)
    corer(q, c)


def test_resources(t, q, c):
    t.check("profiles of the hash from 0", [alloc(c, 0x60)[1] for _ in "12"], [(0,), (1,)])
    t.check("those of flow director are others", alloc(c, 0x58), (0, (0,)))
    t.check("TCAM entries from the top, and from the bottom",
            [alloc(c, kind)[1][0] for kind in (0x61, 0x61, 0x1061, 0x1061)], [0, 1, 511, 510])
    t.check("free", [free(c, 0x61, 511), free(c, 0x61, 511)], [0, ENOENT])
    t.check("all of a list or none", [free(c, 0x61, 510, 511), free(c, 0x61, 510)], [ENOENT, 0])
    t.check("not what nobody has", free(c, 0x60, 77), ENOENT)
    t.check("nor what is not there", [free(c, 0x60, 128), free(c, 0x61, 512)], [ENOENT, ENOENT])
    t.check("126 are left, no more", [alloc(c, 0x60, n)[0] for n in (127, 126, 1)], [ENOSPC, 0, ENOSPC])
    t.check("filters, guaranteed and not",
            [c.aq(op, struct.pack("<H", 1), struct.pack("<HHH", kind, n, 0))[0]
             for op, kind, n in ((0x208, 0x22, 512), (0x208, 0x22, 4096), (0x208, 0x23, 4096), (0x208, 0x23, 1),
                                 (0x209, 0x22, 513), (0x209, 0x22, 512))],
            [0, ENOSPC, 0, ENOSPC, ENOENT, 0])
    t.check("unknown kinds", [alloc(c, kind)[0] for kind in (0x24, 0x57, 0x62, 0x7f)], 4 * [EINVAL])
    c.wr(0x91000, 1)
    q.step(1000000)
    c.open()
    t.check("a reset of the PF frees all", [alloc(c, kind) for kind in (0x58, 0x60, 0x1061)],
            [(0, (0,)), (0, (0,)), (0, (511,))])
    t.check("filters too", c.aq(0x208, struct.pack("<H", 1), struct.pack("<HHH", 0x23, 4096, 0))[0], 0)
    corer(q, c)


def profile(c, v, words, entry=None, ptypes=(PTYPE_TCP,), vsig=5):
    """A profile for a VSI: returns its number and TCAM entry"""
    prof = alloc(c, 0x60)[1][0]
    entry = alloc(c, 0x1061)[1][0] if entry is None else entry
    parts = [vector(prof, *words), tcam(entry, prof, ptg(ptypes[0]), vsig), group(v.num, vsig)]
    for p in ptypes[1:]:
        parts.insert(1, tcam(alloc(c, 0x1061)[1][0], prof, ptg(p), vsig))
    rc = update(c, *parts)
    assert rc == 0, rc
    return prof, entry


def with_key(c, queue, mac):
    v = Vsi(c, queue, mac)
    for i in range(0, 52, 4):
        c.wr(0x400000 + 4096 * (i // 4) + 4 * v.num, struct.unpack_from("<I", KEY, i)[0])
    return v


def test_rss(t, q, c):
    v, w = with_key(c, 40, MACS[1]), with_key(c, 41, MACS[2])
    old = hashed(q, v, T4)
    t.check("without package: nothing is", old, [None])
    load(c)
    t.check("with one, nothing is hashed without profile", hashed(q, v, T4, U4), [None, None])
    prof, entry = profile(c, v, TUPLE)
    t.check("TCP: the published Toeplitz value", hashed(q, v, T4), [0x51ccc178])
    t.check("UDP has no profile", hashed(q, v, U4), [None])
    t.check("nor has the other VSI", hashed(q, w, T4), [None])
    update(c, group(w.num, 5))
    t.check("until it is in the same group", hashed(q, w, T4), [0x51ccc178])
    update(c, group(w.num, 0))
    t.check("and no longer", hashed(q, w, T4), [None])

    update(c, vector(prof, *TUPLE[:4]))
    t.check("addresses alone", hashed(q, v, T4), [0x323e8fc2])
    update(c, vector(prof, *TUPLE[2:4], *TUPLE[:2]))
    t.check("in the profile's order", hashed(q, v, T4), [toeplitz(FOUR[4:] + FOUR[:4])])
    update(c, vector(prof, (IPV4, 8), (1, 12), (9, 0), (UDP, 0), (TCP, 12)))
    t.check("TTL and protocol, Ethernet, its type, what is not there, flags", hashed(q, v, T4),
            [toeplitz(struct.pack(">BBHHHH", 64, 6, 0x800, 0x800, 0, 0x5018))])
    update(c, vector(prof, (TCP, 510), (IPV4, 65534), (77, 0), (1, 65535)))
    t.check("beyond the frame there are zeroes", hashed(q, v, T4), [0])
    update(c, vector(prof))
    t.check("a profile without words hashes nothing", hashed(q, v, T4), [None])

    update(c, vector(prof, *TUPLE))
    c.wr(0x40fc00 + 4 * 3, 0x00ff << 16 | 23)
    c.wr(0x410000 + 4 * prof, 1 << 3)
    masked = bytes([0]) + FOUR[1:] + struct.pack(">HH", 2794, 1766)
    t.check("a mask", hashed(q, v, T4), [toeplitz(masked)])
    c.wr(0x410000 + 4 * prof, 0)
    t.check("not selected", hashed(q, v, T4), [0x51ccc178])
    back = ipv4(6, tcp(1766, 2794, b"rss"), DST, SRC)
    # words 23 to 18 of the field vector, each with its counterpart
    for word, other in ((23, 21), (22, 20), (21, 23), (20, 22), (19, 18), (18, 19)):
        at = 0x40f000 + 512 * (word // 4) + 4 * prof
        c.wr(at, c.rd(at) | (0x80 | other) << 8 * (word % 4))
    there, again = hashed(q, v, T4, back)
    t.check("symmetric: both directions alike, and exclusive or", (there, again), 2 * (toeplitz(
        2 * bytes(a ^ b for a, b in zip(FOUR[:4], FOUR[4:])) + 2 * struct.pack(">H", 2794 ^ 1766)),))
    for i in range(6):
        c.wr(0x40f000 + 512 * i + 4 * prof, 0)

    other, first = profile(c, v, TUPLE[:2], alloc(c, 0x61)[1][0])
    t.check("the first entry that matches counts", (first < entry, hashed(q, v, T4)),
            (True, [toeplitz(FOUR[:4])]))
    update(c, tcam(first, other, ptg(PTYPE_TCP), 5, flags=1, care=1))
    t.check("flags that are not set do not match", hashed(q, v, T4), [0x51ccc178])
    update(c, tcam(first, other, ptg(PTYPE_TCP), 5, flags=1, care=0))
    t.check("those that do not matter do", hashed(q, v, T4), [toeplitz(FOUR[:4])])
    free(c, 0x61, first)
    t.check("a freed entry matches no more", hashed(q, v, T4), [0x51ccc178])
    t.check("and is not the PF's", update(c, tcam(first, prof, 1, 5)), EBADBUF)
    t.check("nor are others' profiles", update(c, vector(99, *TUPLE)), EBADBUF)

    six = [(IPV6, 8 + 2 * i) for i in range(16)] + [(TCP, 0), (TCP, 2)]
    profile(c, v, six, ptypes=(PTYPE_TCP6,))
    a6 = socket.inet_pton(socket.AF_INET6, "3ffe:2501:200:1fff::7")
    b6 = socket.inet_pton(socket.AF_INET6, "3ffe:2501:200:3::1")
    seg = tcp(2794, 1766, b"six")
    head = struct.pack(">IHBB", 6 << 28, len(seg), 6, 64) + a6 + b6
    total = csum(seg, csum(a6 + b6 + struct.pack(">II", len(seg), 6)))
    seg = seg[:16] + struct.pack(">H", ~total & 0xffff) + seg[18:]
    t.check("TCP over IPv6: the published value", hashed(q, v, head + seg), [0x40207d3d])
    t.check("groups of packet types are not one PF's", update(
        c, (XLT1, struct.pack("<HHB", 1, PTYPE_TCP6, 200))), EBADBUF)
    t.check("and stay", hashed(q, v, head + seg), [0x40207d3d])

    close(c, v)
    close(c, w)
    c.wr(0x91000, 1)
    q.step(1000000)
    c.open()
    t.check("the package outlives a reset of the PF", info(c), (1, VERSION, NAME, b"\0\1\0\1"))
    v = with_key(c, 40, MACS[1])
    t.check("the PF's profiles do not", hashed(q, v, T4), [None])
    close(c, v)
    corer(q, c)
    t.check("a reset of the card clears it", (info(c), lock(c, GLOBAL)), (None, (0, 0)))
    c.wr(0x91000, 1)
    q.step(1000000)
    c.open()
    t.check("a reset of the PF frees its lock", lock(c, GLOBAL), (0, 0))
    unlock(c, GLOBAL)


def test_table(t, q, c):
    """Key and look-up table by admin commands"""
    load(c)
    v = Vsi(c, 40, MACS[1], nq=4)
    c.ok(0xb02, struct.pack("<H", v.num | 1 << 15), KEY)
    t.check("the key is in HKEY registers", c.rd(0x400000 + 4 * v.num), 0xda565a6d)
    c.ok(0xb03, struct.pack("<HH", v.num | 1 << 15, 0), bytes(64))
    profile(c, v, TUPLE)
    t.check("the first queue, whatever the hash", hashed(q, v, T4), [0x51ccc178])
    lut = bytearray(64)
    lut[0x51ccc178 % 64] = 3
    c.ok(0xb03, struct.pack("<HH", v.num | 1 << 15, 0), bytes(lut))
    no_queue = q.stats()["drop-no-queue"]
    t.check("the fourth queue, which is off", (hashed(q, v, T4), q.stats()["drop-no-queue"]),
            ([], no_queue + 1))
    ctx = bytearray(v.ctx(0x20, 0x10, 0, None, 4))
    struct.pack_into("<H", ctx, 32, 3)
    c.ok(0x211, struct.pack("<H", v.num), bytes(ctx))
    lut[0x51ccc178 % 64] = 1
    c.ok(0xb03, struct.pack("<HH", v.num | 1 << 15, 0), bytes(lut))
    t.check("the second of three in a region of four, which is off too",
            (hashed(q, v, T4), q.stats()["drop-no-queue"]), ([], no_queue + 2))
    close(c, v)
    corer(q, c)


def test_profiles_of_packages(t, q, c):
    """A package may have profiles of its own, which a reset of the PF brings back"""
    v = with_key(c, 40, MACS[1])
    load(c, vector(3, *TUPLE), tcam(7, 3, ptg(PTYPE_TCP), 0))
    t.check("for VSIs in no group", hashed(q, v, T4), [0x51ccc178])
    t.check("they are not for PFs", (alloc(c, 0x60, 4), alloc(c, 0x61, 8), free(c, 0x60, 3), free(c, 0x61, 7)),
            ((0, (0, 1, 2, 4)), (0, (*range(7), 8)), ENOENT, ENOENT))
    close(c, v)
    q.wr(ECAM + (DEVFN << 12) + 0xa8, 1 << 15)
    q.step(1000000)
    c.enable()
    c.open()
    v = with_key(c, 40, MACS[1])
    t.check("after an FLR too", hashed(q, v, T4), [0x51ccc178])
    close(c, v)
    corer(q, c)
    v = with_key(c, 40, MACS[1])
    load(c)
    t.check("another package knows nothing of them", hashed(q, v, T4), [None])
    close(c, v)
    corer(q, c)


def test_filter(t, q, c):
    """Flow director filters come from Tx queues of PFs, which ice tests; not from those of VMs"""
    load(c)
    v, mdd = Vsi(c, 40, MACS[1]), q.stats()["mdd"]
    t.check("a VM's filter is malicious", (v.tx(eth(MACS[2], v.mac, b"f" * 60), ctx=(0, 8)),
                                           q.stats()["mdd"] - mdd), (False, 1))
    close(c, v)
    corer(q, c)


def filter_desc(vsi, queue, drop=False, remove=False, prio=3, region=0):
    """As ice fills it in"""
    return (queue | 2 << 14 | region << 32 | prio << 35 | drop << 40,
            8 | remove << 4 | 3 << 5 | 1 << 8 | vsi << 14 | 5 << 28)


class PfVsi(Vsi):
    vsi_type = 2


def fdir_profile(c, *vsis, words=TUPLE, swap=True):
    """A profile of the flow director for TCP over IPv4: all words count, pairs change places"""
    prof, entry = alloc(c, 0x58)[1][0], alloc(c, 0x1059)[1][0]
    parts = [(36, vector(prof, *words)[1]), (34, tcam(entry, prof, ptg(PTYPE_TCP), 9)[1])]
    parts += [(33, group(v.num, 9)[1]) for v in vsis]
    assert update(c, *parts) == 0
    inset, other = bytearray(24), bytearray(24)
    for i in range(len(words)):
        inset[23 - i] = 0x9f
        other[23 - i] = 0x80 | 23 - i
    for a, b in ((23, 21), (22, 20), (19, 18)) if swap else ():
        other[a], other[b] = 0x80 | b, 0x80 | a
    for base, regs in ((0x412000, inset), (0x413000, other)):
        for j in range(6):
            c.wr(base + 512 * j + 4 * prof, struct.unpack_from("<I", regs, 4 * j)[0])
    return prof


def test_fdir(t, q, c):
    """Flow director: exact filters of a VSI, which its PF's control VSI programs"""
    load(c, (32, ddp.groups()))
    v = Vsi(c, 40, MACS[1], nq=4)
    queues = [v]
    for n in range(1, 4):
        w = object.__new__(PfVsi)
        w.__dict__.update(v.__dict__, queue=40 + n, rx_ring=v.page(0x20000 + 4096 * n),
                          rx_buf=0x800000 * (n + 1))
        for i in range(w.ring_len):
            v.page(w.rx_buf + 4096 * i)
        w.start_rx()
        queues.append(w)
    ctrl = PfVsi(c, 50, MACS[2])
    c.wr(0x43a000, 1)
    prof = fdir_profile(c, v, ctrl)
    back = ipv4(6, tcp(1766, 2794, b"rss"), DST, SRC)

    def program(frame=back, by=ctrl, **kw):
        return by.tx(eth(MACS[5], MACS[6], frame), 0x10, ctx=filter_desc(kw.pop("vsi", v.num), **kw))

    def where(*frames):
        for raw in frames:
            q.send(eth(v.mac, OUT, raw))
        got = [len(w.rx()) for w in queues]
        return got

    t.check("without filter: queue 0", where(T4), [1, 0, 0, 0])
    t.check("one is programmed, and not sent", (program(queue=2), q.frames()), (True, []))
    t.check("its flow goes to queue 2, others do not", [where(T4), where(back, U4)], [[0, 0, 1, 0], [2, 0, 0, 0]])
    t.check("another port is another flow",
            where(ipv4(6, tcp(2795, 1766, b"rss"), SRC, DST)), [1, 0, 0, 0])
    program(queue=3)
    t.check("the last one counts", where(T4), [0, 0, 0, 1])
    program(queue=1, prio=0)
    t.check("one that does not care for the queue", where(T4), [1, 0, 0, 0])
    program(queue=4)
    t.check("a queue that the VSI has not: nobody gets it", (where(T4), v.num), ([0, 0, 0, 0], v.num))
    program(queue=0, drop=True)
    was = q.stats()["drop-filter"]
    t.check("drop", (where(T4), q.stats()["drop-filter"] - was), ([0, 0, 0, 0], 1))
    program(queue=0, remove=True)
    t.check("removed", where(T4), [1, 0, 0, 0])
    program(queue=0, remove=True)
    program(queue=2, vsi=700)
    t.check("for a VSI that is not", where(T4), [1, 0, 0, 0])
    program(queue=2, vsi=ctrl.num)
    t.check("for another VSI", where(T4), [1, 0, 0, 0])

    program(queue=2)
    c.wr(0x410800 + 4 * 5, 0xff00 << 16 | 19)
    c.wr(0x410400 + 4 * prof, 1 << 5)
    program(queue=1)
    t.check("a mask: the low byte of a port", [where(T4), where(ipv4(6, tcp(2794 ^ 1, 1766, b"rss"), SRC, DST)),
                                              where(ipv4(6, tcp(2794 ^ 256, 1766, b"rss"), SRC, DST))],
            [[0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]])
    c.wr(0x410400 + 4 * prof, 0)
    t.check("without it again", where(T4), [0, 0, 1, 0])
    c.wr(0x43a000, 0)
    t.check("flow director off", where(T4), [1, 0, 0, 0])
    c.wr(0x43a000, 1)
    options = v.ctx(0x20, 0x10, 0, None, 4)
    options = bytearray(options)
    struct.pack_into("<H", options, 0, 1 << 11)
    c.ok(0x211, struct.pack("<H", v.num), bytes(options))
    t.check("not for this VSI", where(T4), [1, 0, 0, 0])
    struct.pack_into("<H", options, 90, 1)
    c.ok(0x211, struct.pack("<H", v.num), bytes(options))
    t.check("for it", where(T4), [0, 0, 1, 0])
    c.ok(0x211, struct.pack("<H", ctrl.num), bytes(options))
    program(queue=3)
    t.check("the control VSI must not program", where(T4), [0, 0, 1, 0])
    struct.pack_into("<H", options, 90, 9)
    c.ok(0x211, struct.pack("<H", ctrl.num), bytes(options))

    first, entry = alloc(c, 0x58)[1][0], alloc(c, 0x59)[1][0]
    for i in range(6):
        c.wr(0x412000 + 512 * i + 4 * first, 0xffffffff if i == 1 else 0)
        c.wr(0x413000 + 512 * i + 4 * first, 0xffffffff)
    update(c, (36, vector(first, *TUPLE)[1]), (34, tcam(entry, first, ptg(PTYPE_TCP), 9)[1]))
    program(queue=1)
    t.check("whatever the registers hold: only words of the frame", where(T4), [0, 1, 0, 0])
    free(c, 0x59, entry)

    for n in range(9000):
        ctrl.q.put(ctrl.phys(ctrl.tx_buf), eth(MACS[5], MACS[6], ipv4(6, tcp(n, n >> 8, b""))))
        ctrl.desc(*filter_desc(v.num, 1))
        ctrl.desc(ctrl.dma(ctrl.tx_buf), (0x10 << 4 | 0x30) | 54 << 34)
        ctrl.tx_tail(ctrl.tx_next)
        q.q("endianness")
    t.check("no more filters than the card has", where(ipv4(6, tcp(8900 >> 8, 8900, b""), "10.0.0.2", "10.0.0.1")),
            [1, 0, 0, 0])
    t.check("those before are there", where(ipv4(6, tcp(100 >> 8, 100, b""), "10.0.0.2", "10.0.0.1"), T4),
            [0, 1, 1, 0])
    mdd = q.stats()["mdd"]
    ctrl.desc(*filter_desc(v.num, 1))
    t.check("two filters for one packet are malicious", (program(queue=1), q.stats()["mdd"] - mdd), (False, 1))
    close(c, ctrl)
    for w in queues[1:]:
        w.stop_rx()
    close(c, v)
    v = Vsi(c, 40, MACS[1], nq=4)
    queues[0] = v
    t.check("filters go with their VSI", where(T4), [1, 0, 0, 0])
    close(c, v)
    corer(q, c)


def test_pfs(t, q, c):
    d = second(q, c)
    early = alloc(d, 0x60)[1][0]
    lock(c, GLOBAL)
    t.check("the other PF waits for the lock", lock(d, GLOBAL), (0, IN_PROGRESS))
    t.check("and cannot give it back, nor use it", (unlock(d, GLOBAL), download(d, package_buffer())),
            (EINVAL, EPERM))
    download(c, package_buffer())
    unlock(c, GLOBAL)
    t.check("the package is there for both", (info(d), lock(d, GLOBAL)), (info(c), (0, DONE)))
    t.check("who took something before still has it", free(d, 0x60, early), 0)
    t.check("the lock of the NVM", [lock(x, 1)[0] for x in (c, d, c)] + [unlock(d, 1), unlock(c, 1), lock(d, 1)[0]],
            [0, EBUSY, 0, EINVAL, 0, 0])
    t.check("TCAM entries are the card's", [alloc(x, 0x1061)[1] for x in (c, d, c)], [(511,), (510,), (509,)])
    t.check("but each PF's own", (free(c, 0x61, 510), update(c, tcam(510, 0, 1, 1)),
                                  update(d, tcam(510, 0, 1, 1))), (ENOENT, EBADBUF, 0))
    t.check("so are VSIs", (update(c, group(384, 1)), update(d, group(384, 1)), update(d, group(383, 1))),
            (EBADBUF, 0, EBADBUF))
    d.wr(0x91000, 1)
    q.step(1000000)
    d.open()
    t.check("and its locks", lock(c, 1)[0], 0)
    t.check("a reset frees what its PF has", [free(c, 0x61, 511), alloc(c, 0x1061)[1], alloc(c, 0x1061)[1]],
            [0, (511,), (510,)])
    corer(q, c)
    d.open()


if __name__ == "__main__":
    sys.exit(e810_card.main(__doc__, (
        ((test_commands, test_bounds, test_resources, test_rss, test_table,
          test_profiles_of_packages, test_filter, test_fdir), {}),
        ((test_pfs,), TWO_PFS))))
