#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bring the emulated E810 into double VLAN mode and use it, through QEMU's qtest.

Does what Linux's ice does, and leaves out a part of it. Prints TAP.
"""

import struct
import sys

import e810_card
from e810_card import CAUSE_ENA, ITR_NONE, LIST, MACS, OUT, PAGE_INT, PRUNE, VALID, WB_ON_ITR, Vsi
from qtest_ddp import (EBADBUF, EINVAL, EMODE, ENOENT, ENOSYS, EPERM, CHANGE, GLOBAL, corer, ddp, download, load,
                       lock, package_buffer, unlock)
from qtest_e810 import close
from qtest_pfs import TWO_PFS, Shifted, second

CTAG, STAG, QTAG = 0x8100, 0x88a8, 0x9100
STAG_TYPE, CTAG_TYPE, QTAG_TYPE = 1, 2, 3
SHOW, SHOW_UP, STRIP, NOTHING = range(4)
UNTAGGED, TAGGED, ALL = 1, 2, 3
INSERT, BLOCK = 1 << 4, 1 << 7
META_INIT = (58, ddp.meta_init())
INNER, OUTER = 10, 11                   # words of the field vector
IL2TAG1 = 8                             # of a data descriptor
STEPS = ("mode", "filters", "port", "parser")


def frame(dst, src, *tag):
    """(type, TCI) of each tag"""
    return dst + src + b"".join(struct.pack(">HH", *t) for t in tag) + b"\x88\xb5" + b"v" * 46


def tags(raw):
    """What frame() was given"""
    got, at = [], 12
    while raw[at:at + 2] in (b"\x81\0", b"\x88\xa8", b"\x91\0"):
        got.append(struct.unpack_from(">HH", raw, at))
        at += 4
    return got


def mode(prio=2, rdma=0x1a, prot=0x10, size=100):
    """For 0x020C"""
    buf = bytearray(size)
    buf[1], buf[66], buf[69] = prio, rdma, prot
    return bytes(buf)


def port(c, on):
    return c.aq(0x203, struct.pack("<H", on << 2))[0]


def recipe(c, number):
    rc, params, buf = c.aq(0x292, struct.pack("<HH", 0, number), size=4096)
    return rc, struct.unpack_from("<H", params)[0], buf[:64]


def change_recipe(c, number, word, lookup, mask=None):
    """As ice does: read it, change one word of it, write it"""
    elem = bytearray(recipe(c, number)[2])
    elem[16 + 1 + word] = lookup
    if mask is not None:
        struct.pack_into("<H", elem, 16 + 6 + 2 * word, mask)
    return c.aq(0x290, struct.pack("<H", 1), bytes(elem))[0]


def entry(address, on):
    """An entry of the boost TCAM, for both parsers"""
    content = struct.pack("<HH", 1, 0) + ddp.boost_entry(address, 0, 0 if on else 8)
    return (56, content), (66, content)


def update(c, *sections):
    buf = ddp.buffer(*sections)
    return c.aq(0xc42, b"\1", buf[:struct.unpack_from("<H", buf, 2)[0]])[0]


def step(c, what):
    if what == "mode":
        return [c.aq(0x20c, b"", mode())[0]]
    if what == "filters":
        return [change_recipe(c, 4, 1, OUTER | 0x80), change_recipe(c, 4, 2, 1, 0xf000),
                change_recipe(c, 9, 2, OUTER | 0x80)]
    if what == "port":
        return [port(c, 1)]
    return [update(c, *entry(ddp.BOOST_DVM, True)), update(c, *entry(ddp.BOOST_SVM, False))]


def double(c, but=()):
    """Load a package and switch the mode, both under the lock"""
    assert lock(c, GLOBAL) == (0, 0)
    rcs = [download(c, package_buffer(META_INIT))]
    for what in STEPS:
        if what not in but:
            rcs += step(c, what)
    assert not any(rcs), rcs
    assert unlock(c, GLOBAL) == 0


def get_mode(c):
    rc, _, buf = c.aq(0x20d, size=100)
    return (rc, buf[0], buf[1])


def flags(emode=NOTHING, kind=CTAG_TYPE, tx=ALL, more=0):
    """Of the outer section"""
    return emode | kind << 2 | tx << 5 | more


def inner(emode=NOTHING, tx=ALL, more=0):
    return tx | more | emode << 3


def context(v, outer=flags(), pvid=0, vlan=inner(), in_pvid=0, sw2=0x10, sec=0):
    """Change a VSI"""
    ctx = bytearray(v.ctx(0x20, sw2, sec, (in_pvid, vlan)))
    struct.pack_into("<H", ctx, 0, struct.unpack_from("<H", ctx)[0] | 8)
    struct.pack_into("<HB", ctx, 24, pvid, outer)
    v.c.ok(0x211, struct.pack("<H", v.num), bytes(ctx))


def received(v):
    """Tags in the frame, in L2TAG1 and in L2TAG2"""
    return [(tags(raw), d[0] >> 16 & 0xffff if d[1] & 4 else None,
             d[2] >> 48 if d[2] & 1 else None) for raw, d in v.rx()]


def vlan_rule(c, v, vid, kind):
    lst = c.vsi_list([v.num], typ=4)
    rc, index = c.rule(4, PRUNE | LIST | lst << 4, vlan=vid, ethertype=kind)
    assert rc == 0, rc
    return index


def test_off(t, q, c):
    """Firmware that knows of single VLAN mode only"""
    assert lock(c, GLOBAL) == (0, 0)
    t.check("a package for both modes is taken", download(c, package_buffer(META_INIT)), 0)
    t.check("its sections are not read back", c.aq(0xc41, b"", ddp.buffer(META_INIT))[0], ENOSYS)
    t.check("the mode is unknown", [c.aq(0x20d, size=100)[0], c.aq(0x20c, b"", mode())[0]], [ENOSYS, ENOSYS])
    t.check("ports stay in single VLAN mode", [port(c, 1), port(c, 0)], [EINVAL, 0])
    t.check("the parser's entries change nothing", step(c, "parser"), [0, 0])
    t.check("firmware's recipes do not change, with the lock either", change_recipe(c, 4, 1, OUTER), EPERM)
    unlock(c, GLOBAL)
    v = Vsi(c, 40, MACS[1])
    rule = vlan_rule(c, v, 5, STAG)
    context(v, flags(SHOW), sw2=0x11)
    for kind in (CTAG, STAG, QTAG):
        q.send(frame(MACS[1], OUT, (kind, 5)))
    q.send(frame(MACS[1], OUT))
    t.check("of tags 0x8100 alone is known, outer sections and the types of rules are not",
            received(v), [([(CTAG, 5)], None, None)])
    v.tx(frame(OUT, MACS[1]), cmd=IL2TAG1, tag=7, ctx=(8 << 32, 1 | 4 << 4))
    t.check("both tags of descriptors are 0x8100", [tags(f) for f in q.frames()], [[(CTAG, 8), (CTAG, 7)]])
    c.rule(4, 0, opcode=0x2a2, index=rule)
    close(c, v)
    corer(q, c)


def test_commands(t, q, c):
    t.check("single VLAN mode at first", get_mode(c), (0, 0, 4))
    upload = ddp.buffer((58, struct.pack("<HH", 1, 0) + bytes(24)))
    t.check("no section without a package", c.aq(0xc41, b"", upload)[0], EMODE)
    t.check("no mode without a package", c.aq(0x20c, b"", mode())[0], EMODE)
    assert lock(c, GLOBAL) == (0, 0)
    assert download(c, package_buffer(META_INIT)) == 0
    rc, _, buf = c.aq(0xc41, b"", upload)
    at = struct.unpack_from("<H", buf, 8)[0]
    t.check("the package has double VLAN mode: bit 183 of the parser's start",
            (rc, int.from_bytes(buf[at + 4:at + 28], "little")), (0, 1 << 183))
    for name, kind, content in (("another section", 56, ddp.boost()), ("an entry 16", 58, b"\1\0\x10\0" + bytes(24)),
                                ("17 entries", 58, b"\x11\0\0\0" + bytes(17 * 24)),
                                ("an entry beyond its section", 58, b"\2\0\0\0" + bytes(24))):
        t.check(f"cannot be read: {name}", c.aq(0xc41, b"", ddp.buffer((kind, content)))[0], EBADBUF)
    t.check("the port cannot be first", port(c, 1), EINVAL)
    for name, buf in (("no buffer", None), ("a short one", mode(size=99)), ("priority of tag 5", mode(prio=5)),
                      ("protocol 0x12", mode(prot=0x12)), ("RDMA of the other mode", mode(rdma=0x10)),
                      ("single mode, RDMA of the other", mode(4, 0x1a, 0x11))):
        t.check(f"no mode: {name}", c.aq(0x20c, b"", buf)[0], EINVAL)
    t.check("double VLAN mode", (c.aq(0x20c, b"", mode())[0], get_mode(c)), (0, (0, 1, 2)))
    t.check("and back", (c.aq(0x20c, b"", mode(4, 0x10, 0x11))[0], get_mode(c)), (0, (0, 0, 4)))
    t.check("too short a buffer for it", c.aq(0x20d, size=99)[0], EINVAL)
    rc, n, elem = recipe(c, 4)
    t.check("recipe 4 looks at the inner VLAN", (rc, n, elem[0], elem[16], elem[18], elem[24:26]),
            (0, 1, 4, 0x84, INNER | 0x80, b"\xff\x0f"))
    t.check("recipes that are not", [recipe(c, n)[0] for n in (6, 7, 10, 64)], 4 * [ENOENT])
    t.check("nor to be changed", [c.aq(0x290, b"\1", bytes([n]) + elem[1:])[0] for n in (6, 255)], 2 * [ENOENT])
    t.check("another recipe's content", c.aq(0x290, b"\1", elem[:16] + b"\x85" + elem[17:])[0], EINVAL)
    t.check("more recipes than the buffer has", c.aq(0x290, b"\2", elem)[0], EINVAL)
    t.check("words that are not", [change_recipe(c, 4, 1, n) for n in (48, 63)], 2 * [EINVAL])
    t.check("change of a recipe", (change_recipe(c, 4, 1, OUTER), recipe(c, 4)[2][18]), (0, OUTER))
    unlock(c, GLOBAL)
    t.check("without the lock: no mode, no recipe", [c.aq(0x20c, b"", mode())[0], change_recipe(c, 4, 1, INNER)],
            [EPERM, EPERM])
    lock(c, CHANGE)
    t.check("the lock of changes will do", change_recipe(c, 4, 1, INNER), 0)
    unlock(c, CHANGE)
    corer(q, c)


def test_steps(t, q, c):
    """The parser knows outer tags after the last step, not before it"""
    for but in ((), *((s,) for s in STEPS if s != "mode")):
        double(c, but)
        v = Vsi(c, 40, MACS[1])
        context(v, flags(SHOW))
        q.send(frame(MACS[1], OUT, (CTAG, 9)))
        want = ([(CTAG, 9)], None, None) if set(but) & {"port", "parser"} else ([], 9, None)
        t.check(f"the outer tag is stripped, steps left out: {but or 'none'}", received(v), [want])
        context(v, sw2=0x11)
        rule = vlan_rule(c, v, 9, CTAG)
        q.send(frame(MACS[1], OUT, (CTAG, 9)))
        q.send(frame(MACS[1], OUT, (CTAG, 8)))
        # else filter and parser do not speak of the same tag: to the filter, no frame has one
        t.check("filters", [g[0] for g in received(v)], [[(CTAG, 9)], [(CTAG, 8)]] if but else [[(CTAG, 9)]])
        c.rule(4, 0, opcode=0x2a2, index=rule)
        close(c, v)
        corer(q, c)
    double(c)
    t.check("one parser alone", [lock(c, CHANGE)[0], update(c, entry(ddp.BOOST_DVM, False)[1])], [0, 0])
    v = Vsi(c, 40, MACS[1])
    context(v, flags(SHOW))
    q.send(frame(MACS[1], OUT, (CTAG, 9)))
    t.check("is no double VLAN mode", received(v), [([(CTAG, 9)], None, None)])
    update(c, entry(ddp.BOOST_DVM, True)[1])
    unlock(c, CHANGE)
    q.send(frame(MACS[1], OUT, (CTAG, 9)))
    t.check("both are", received(v), [([], 9, None)])
    close(c, v)
    corer(q, c)


def test_filters(t, q, c):
    """Recipe 4 looks at the outer tag and its type"""
    double(c)
    v = Vsi(c, 40, MACS[1])
    context(v, sw2=0x11)
    frames = [(), ((CTAG, 0),), ((CTAG, 5),), ((STAG, 5),), ((QTAG, 5),), ((STAG, 5), (CTAG, 6)),
              ((CTAG, 6), (CTAG, 5)), ((CTAG, 0x6005),)]

    def passed():
        for f in frames:
            q.send(frame(MACS[1], OUT, *f))
        return [tuple(g[0]) for g in received(v)]

    t.check("no rule, no frame", passed(), [])
    for kind, vid, want in ((0, 0, frames[:1]), (CTAG, 0, frames[1:2]), (CTAG, 5, [frames[2], frames[7]]),
                            (STAG, 5, [frames[3], frames[5]]), (QTAG, 5, [frames[4]])):
        rule = vlan_rule(c, v, vid, kind)
        t.check(f"rule for type {kind:#x}, VLAN {vid}", passed(), want)
        t.check("once only", c.rule(4, PRUNE | v.num << 4, vlan=vid, ethertype=kind)[0], 13)
        c.rule(4, 0, opcode=0x2a2, index=rule)
    t.check("rules go", passed(), [])

    context(v)
    w = Vsi(c, 41, MACS[2])
    rc, rule = c.rule(9, VALID | w.num << 4, b"\2\0\0\0\0\0", vlan=5, typ=0)
    t.check("promiscuous in VLAN 5", rc, 0)
    passed()
    t.check("of any type", [tuple(g[0]) for g in received(w)], [f for f in frames if f and f[0][1] & 0xfff == 5])
    c.rule(9, 0, opcode=0x2a2, index=rule)

    # anti-spoof of VLANs
    drops = q.stats()["spoof-vlan"]
    context(w, sec=0x10)
    rule = vlan_rule(c, w, 5, CTAG)
    for f in frames:
        w.tx(frame(OUT, MACS[2], *f))
    t.check("what may be sent", [tuple(tags(f)) for f in q.frames()], [frames[2], frames[7]])
    t.check("the rest is counted", q.stats()["spoof-vlan"] - drops, 6)
    w.tx(frame(OUT, MACS[2]), cmd=IL2TAG1, tag=5)
    w.tx(frame(OUT, MACS[2]), cmd=IL2TAG1, tag=6)
    w.tx(frame(OUT, MACS[2]), ctx=(5 << 32, 1 | 4 << 4))
    w.tx(frame(OUT, MACS[2], (CTAG, 5)), ctx=(6 << 32, 1 | 4 << 4))
    t.check("tags of descriptors count as those of the frame", [tags(f) for f in q.frames()],
            [[(CTAG, 5)], [(CTAG, 5)]])
    c.rule(4, 0, opcode=0x2a2, index=rule)
    close(c, v)
    close(c, w)
    corer(q, c)


def test_strip(t, q, c):
    double(c)
    v = Vsi(c, 40, MACS[1])
    two = ((STAG, 0x6005), (CTAG, 7))

    def get(*f, **kw):
        context(v, **kw)
        q.send(frame(MACS[1], OUT, *f))
        return received(v)[0]

    q.send(frame(MACS[1], OUT, *two))
    t.check("a VSI without sections of tags strips none", received(v), [(list(two), None, None)])
    t.check("the outer tag, shown", get(*two, outer=flags(SHOW, STAG_TYPE)), ([(CTAG, 7)], 0x6005, None))
    t.check("its priority alone", get(*two, outer=flags(SHOW_UP, STAG_TYPE)), ([(CTAG, 7)], 0x6000, None))
    t.check("taken off alone", get(*two, outer=flags(STRIP, STAG_TYPE)), ([(CTAG, 7)], None, None))
    t.check("another type", get(*two, outer=flags(SHOW, CTAG_TYPE)), (list(two), None, None))
    t.check("no type", get(*two, outer=flags(SHOW, 0)), (list(two), None, None))
    t.check("0x9100", get((QTAG, 5), outer=flags(SHOW, QTAG_TYPE)), ([], 5, None))
    t.check("the inner tag", get(*two, vlan=inner(SHOW)), ([two[0]], 7, None))
    t.check("an only tag is the outer one", get((CTAG, 7), vlan=inner(SHOW)), ([(CTAG, 7)], None, None))
    t.check("both", get(*two, outer=flags(SHOW, STAG_TYPE), vlan=inner(SHOW)), ([], 0x6005, 7))
    t.check("both, the inner one shown", get(*two, outer=flags(STRIP, STAG_TYPE), vlan=inner(SHOW)), ([], 7, None))
    v.stop_rx()
    v.start_rx(l2tsel=0)
    t.check("l2tsel 0: the outer tag", get(*two, outer=flags(SHOW, STAG_TYPE)), ([(CTAG, 7)], None, 0x6005))
    t.check("the inner tag", get(*two, vlan=inner(SHOW)), ([two[0]], 7, None))
    t.check("both", get(*two, outer=flags(SHOW, STAG_TYPE), vlan=inner(SHOW)), ([], 7, 0x6005))
    close(c, v)
    corer(q, c)


def test_send(t, q, c):
    double(c)
    v = Vsi(c, 40, MACS[1])

    def sent(*f, tag1=None, tag2=None, **kw):
        context(v, **kw)
        before = q.stats()["spoof-vlan"]
        v.tx(frame(OUT, MACS[1], *f), cmd=IL2TAG1 if tag1 is not None else 0, tag=tag1 or 0,
             ctx=(tag2 << 32, 1 | 4 << 4) if tag2 is not None else None)
        got = [tags(raw) for raw in q.frames()]
        return got[0] if got else q.stats()["spoof-vlan"] - before

    for kind, ethertype in ((CTAG_TYPE, CTAG), (STAG_TYPE, STAG), (QTAG_TYPE, QTAG)):
        t.check(f"L2TAG2 has the VSI's type {ethertype:#x}", sent(tag2=0x2007, outer=flags(kind=kind)),
                [(ethertype, 0x2007)])
    t.check("no type, no tag", sent(tag2=7, outer=flags(kind=0)), 1)
    t.check("L2TAG1 is the inner one", sent(tag1=6, tag2=7, outer=flags(kind=STAG_TYPE)), [(STAG, 7), (CTAG, 6)])
    t.check("behind an outer one of the frame", sent((STAG, 5), tag1=6), [(STAG, 5), (CTAG, 6)])
    t.check("L2TAG2 before a tag of the frame", sent((CTAG, 5), tag2=7, outer=flags(kind=STAG_TYPE)),
            [(STAG, 7), (CTAG, 5)])
    t.check("L2TAG2 blocked", sent(tag2=7, outer=flags(more=BLOCK)), 1)
    t.check("not so the frame's own tags", sent((CTAG, 7), outer=flags(more=BLOCK)), [(CTAG, 7)])

    t.check("untagged frames only", [sent(*f, outer=flags(tx=UNTAGGED)) for f in ((), ((CTAG, 5),), ((STAG, 5),))],
            [[], 1, 1])
    t.check("tagged frames only", [sent(*f, outer=flags(tx=TAGGED)) for f in ((), ((STAG, 5),))], [1, [(STAG, 5)]])
    t.check("of inner tags", [sent(*f, vlan=inner(tx=UNTAGGED)) for f in (((CTAG, 5),), ((STAG, 5), (CTAG, 6)))],
            [[(CTAG, 5)], 1])

    t.check("a tag that L2TAG2 puts before another makes that an inner one",
            sent((CTAG, 5), tag2=7, outer=flags(kind=STAG_TYPE), vlan=inner(tx=UNTAGGED)), 1)
    t.check("L2TAG2 instead of a port VLAN", sent(tag2=7, outer=flags(tx=TAGGED, more=INSERT), pvid=3), [(CTAG, 7)])

    pvlan = {"outer": flags(STRIP, STAG_TYPE, UNTAGGED, INSERT | BLOCK), "pvid": 0x4003}
    t.check("port VLAN", sent(**pvlan), [(STAG, 0x4003)])
    t.check("with an inner tag", sent(tag1=6, **pvlan), [(STAG, 0x4003), (CTAG, 6)])
    t.check("no way out of it", [sent((CTAG, 5), **pvlan), sent((STAG, 5), (CTAG, 6), **pvlan),
                                 sent((QTAG, 5), **pvlan), sent(tag2=5, **pvlan)], [1, 1, 1, 1])
    q.send(frame(MACS[1], OUT, (STAG, 0x4003), (CTAG, 6)))
    t.check("it is hidden from the VSI", received(v), [([(CTAG, 6)], None, None)])
    t.check("a port VLAN of the inner section alone is none", sent(
        (CTAG, 5), vlan=inner(STRIP, UNTAGGED, 4), in_pvid=3), [(CTAG, 5), (CTAG, 3)])

    w = Vsi(c, 41, MACS[2], sw=0x20)
    context(v, outer=flags(kind=STAG_TYPE))
    context(w, outer=flags(SHOW, STAG_TYPE))
    v.tx(frame(MACS[2], MACS[1]), ctx=(9 << 32, 1 | 4 << 4))
    t.check("from VSI to VSI", received(w), [([], 9, None)])
    close(c, v)
    close(c, w)
    corer(q, c)


def test_resets(t, q, c):
    double(c)
    c.wr(0x91000, 1)                    # PFSWR
    q.step(20000000)
    c.open()
    t.check("the mode survives PFR", get_mode(c), (0, 1, 2))
    v = Vsi(c, 40, MACS[1])
    context(v, flags(SHOW), sw2=0x11)
    rule = vlan_rule(c, v, 5, CTAG)
    q.send(frame(MACS[1], OUT, (CTAG, 5)))
    t.check("so do parser, filters and port", received(v), [([], 5, None)])
    c.rule(4, 0, opcode=0x2a2, index=rule)
    close(c, v)
    corer(q, c)
    t.check("CORER ends it", (get_mode(c), recipe(c, 4)[2][18]), ((0, 0, 4), INNER | 0x80))
    t.check("for the port, too", port(c, 1), EINVAL)
    load(c, META_INIT)
    v = Vsi(c, 40, MACS[1])
    context(v, flags(SHOW))
    q.send(frame(MACS[1], OUT, (CTAG, 5)))
    t.check("the next driver may want single VLAN mode", received(v), [([(CTAG, 5)], None, None)])
    close(c, v)
    corer(q, c)


class OtherVsi(Vsi):
    """On the second function, which has fewer vectors"""

    def write_back(self):
        self.c.wr(0x150000 + 4 * self.queue, 1000 | ITR_NONE | CAUSE_ENA)
        self.c.wr(PAGE_INT + 4096 * 1000, WB_ON_ITR | 3 << 3)


def test_pfs(t, q, c):
    """The mode is the card's, switched on for each port"""
    double(c)
    d = second(q, c)
    t.check("the other function sees the mode", get_mode(d), (0, 1, 2))
    t.check("it cannot change it", d.aq(0x20c, b"", mode(4, 0x10, 0x11))[0], EPERM)
    v = OtherVsi(Shifted(d), 40, MACS[3])
    context(v, flags(kind=STAG_TYPE))

    def sent():
        w = OtherVsi(Shifted(d), 41, MACS[4])
        context(w, flags(SHOW, STAG_TYPE))
        v.tx(frame(MACS[4], MACS[3], (STAG, 7)))
        got = received(w)
        close(d, w)
        return got

    t.check("its port does not know of it", sent(), [([(STAG, 7)], None, None)])
    t.check("until it is told", port(d, 1), 0)
    t.check("then it does", sent(), [([], 7, None)])
    t.check("and forgets it", port(d, 0), 0)
    t.check("when told so", sent(), [([(STAG, 7)], None, None)])
    close(d, v)
    corer(q, c)
    d.open()
    t.check("a reset of the card is one for all", get_mode(d), (0, 0, 4))


ON = {"props": "addr=2.0,siov=on,double-vlan=on"}
ON_PAIR = TWO_PFS | {"props": TWO_PFS["props"] + ",double-vlan=on"}

if __name__ == "__main__":
    sys.exit(e810_card.main(__doc__, (
        ([test_off], {}),
        ([test_commands, test_steps, test_filters, test_strip, test_send, test_resets], ON),
        ([test_pfs], ON_PAIR),
    )))
