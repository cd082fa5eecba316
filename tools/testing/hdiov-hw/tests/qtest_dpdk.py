#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What DPDK's net_ice asks of an E810 and Linux's ice does not, through QEMU's qtest.

Flexible descriptors for communications, tables of RSS of all sizes, changes of the link without a
queue of events, numbers and counters of flow director filters, recipes of the switch. Prints TAP.
"""

import random
import struct
import sys

import e810_card
from e810_card import CAUSE_ENA, MACS, MSI, OUT, PAGE_INT, VALID, Vsi, eth, ipv4, tcp
from qtest_ddp import (CHANGE, DST, EEXIST, EINVAL, ENOENT, ENOSPC, EPERM, GLOBAL, KEY, SRC, T4, TUPLE, U4, VERSION, PfVsi, alloc, corer,
                       ddp, download, fdir_profile, filter_desc, free, load, lock, profile, unlock, with_key)
from qtest_e810 import close
from qtest_pfs import TWO_PFS, second

COMMS = "ICE COMMS Package"
HASH = 0x51ccc178                       # of T4, as published
NO_FLOW = 0xffffffff


def load_comms(c):
    assert lock(c, GLOBAL) == (0, 0)
    assert download(c, ddp.buffer((1, ddp.metadata(VERSION, COMMS)), (32, ddp.groups()), (42, ddp.groups()), (56, ddp.boost())), False) == 0
    tables, fields = ddp.switch_tables()
    assert download(c, tables, False) == 0
    assert download(c, fields) == 0
    assert unlock(c, GLOBAL) == 0


def profiles(c):
    """Which flexible descriptors there are"""
    return [i for i in range(64) if c.rd(0x45d000 + 4 * i) & 0x3f]


def restart(v, rxdid):
    v.stop_rx()
    v.start_rx(rxdid)
    return v.c.rd(0x120000 + 4 * v.queue) == 5


def test_descriptors(t, q, c):
    t.check("without package: NIC, COMMS generic, COMMS OVS", profiles(c), [2, 16, 22])
    v = with_key(c, 40, MACS[1])
    t.check("no others", [restart(v, n) for n in (0, 1, 2, 3, 15, 16, 17, 21, 22, 23, 63)],
            [True, True, True, False, False, True, False, False, True, False, False])
    load(c)
    t.check("the card's default package has one", (profiles(c), restart(v, 22), restart(v, 2)), ([2], False, True))
    v.stop_rx()
    close(c, v)
    corer(q, c)
    load_comms(c)
    t.check("that for communications has them", profiles(c), [2, 16, 22])
    v = with_key(c, 40, MACS[1])
    profile(c, v, TUPLE)
    got = []
    for rxdid in (2, 16, 22):
        restart(v, rxdid)
        q.send(eth(v.mac, OUT, T4))
        q.send(eth(v.mac, OUT, U4))
        got.append([(d[0] & 0xff, d[0] >> 16 & 0x3ff, d[1] >> 32, d[3] & 0xffffffff, d[1] >> 12 & 1) for _, d in v.rx()])
    t.check("generic: as the NIC's, hash and number of a flow", got[:2], [[(n, 26, HASH, NO_FLOW, 1), (n, 24, 0, NO_FLOW, 0)] for n in (2, 16)])
    t.check("OVS: the other way round", got[2], [(22, 26, NO_FLOW, HASH, 1), (22, 24, NO_FLOW, 0, 0)])
    close(c, v)
    corer(q, c)


def more_queues(c, v, num):
    """All queues of a VSI"""
    queues = [v]
    for n in range(1, num):
        w = object.__new__(type(v))
        w.__dict__.update(v.__dict__, queue=v.queue + n, rx_ring=v.page(0x20000 + 4096 * n), rx_buf=0x800000 * (n + 1))
        for i in range(w.ring_len):
            v.page(w.rx_buf + 4096 * i)
        w.start_rx()
        queues.append(w)
    return queues


def shut(c, queues):
    for w in queues[1:]:
        w.stop_rx()
    close(c, queues[0])


def lut(c, v, kind, size, table=None, number=0):
    """Set or get: TYPE 1 is the PF's, 2 a global one"""
    flags = kind | number << 4
    if table is not None:
        flags |= {64: 0, 128: 0, 512: 1, 2048: 2}[size] << 2
        return c.aq(0xb03, struct.pack("<HH", v.num | 1 << 15, flags), bytes(table))[0]
    rc, _, buf = c.aq(0xb05, struct.pack("<HH", v.num | 1 << 15, flags), size=size)     # as net_ice does
    return buf if rc == 0 else rc


def test_lut(t, q, c):
    load_comms(c)
    v = Vsi(c, 40, MACS[1], nq=4)
    c.ok(0xb02, struct.pack("<H", v.num | 1 << 15), KEY)
    profile(c, v, TUPLE)
    queues = more_queues(c, v, 4)

    def where():
        q.send(eth(v.mac, OUT, T4))
        return [len(w.rx()) for w in queues].index(1)

    def use(which):
        ctx = bytearray(v.ctx(0x20, 0x10, 0, None, 4))
        struct.pack_into("<H", ctx, 0, 1 << 7)
        ctx[78] = which
        c.ok(0x211, struct.pack("<H", v.num), bytes(ctx))
    use(2)
    t.check("the PF's table has 2048 entries at first", [type(lut(c, v, 1, n)) for n in (128, 512, 2048)], [int, int, bytes])
    for n, size in enumerate((128, 512, 2048), 1):
        table = [n if i == HASH % size else 0 for i in range(size)]
        t.check(f"the PF's table, {size} entries", (lut(c, v, 1, size, table), lut(c, v, 1, size) == bytes(table), where()), (0, True, n))
    t.check("it is read with the size that it has", lut(c, v, 1, 512), EINVAL)
    use(3 | 5 << 2)
    for n, size in enumerate((128, 512), 1):
        table = [n if i == HASH % size else 0 for i in range(size)]
        t.check(f"a global one, {size} entries", (lut(c, v, 2, size, table, 5), lut(c, v, 2, size, None, 5) == bytes(table), where()),
                (0, True, n))
    t.check("those have no 2048", lut(c, v, 2, 2048, bytes(2048), 5), EINVAL)
    use(0)
    table = [3 if i == HASH % 64 else 0 for i in range(64)]
    t.check("the VSI's own, 64", (lut(c, v, 0, 64, table), where()), (0, 3))
    c.wr(0x91000, 1)
    q.step(1000000)
    c.open()
    v = Vsi(c, 40, MACS[1])
    t.check("a reset brings 2048 back", lut(c, v, 1, 2048), bytes(2048))
    close(c, v)
    corer(q, c)


def test_link(t, q, c):
    """An interrupt for the link, of a driver that has said no more than which causes it wants"""
    q.wr(MSI, 0)
    q.command("set_link", name="pf0", up=False)
    t.check("a cause that is not enabled: no interrupt, no event", (q.rd(MSI), c.rd(0x16ca00)), (0, 1 << 25))
    c.wr(0x16c900, 0xfffffffe)
    c.wr(PAGE_INT, 1 | 3 << 3)
    q.command("set_link", name="pf0", up=True)
    t.check("vector 0", q.rd(MSI), 1)
    t.check("what it was, once", (c.rd(0x16ca00), c.rd(0x16ca00)), (1 << 25 | 1, 0))
    c.wr(0x16ca80, 7 | CAUSE_ENA)
    c.wr(PAGE_INT + 4096 * 7, 1 | 3 << 3)
    q.wr(MSI + 4 * 7, 0)
    q.command("set_link", name="pf0", up=False)
    t.check("another vector, if the driver says so", q.rd(MSI + 4 * 7), 8)
    q.command("set_link", name="pf0", up=True)
    c.wr(0x91000, 1)
    q.step(1000000)
    t.check("after a reset as before", (c.rd(0x16ca80), c.rd(0x16c900)), (CAUSE_ENA, 0))
    c.open()


def test_registers(t, q, c):
    for name, base, num, val in (("Rx moderation", 0x292000, 2048, 1), ("hash scheme", 0x40d000, 768, 1 << 6)):
        for i in (0, num - 1):
            c.wr(base + 4 * i, val)
        t.check(f"{name}: stored, each", [c.rd(base + 4 * i) for i in (0, 1, num - 1)], [val, 0, val])
    t.check("words of the frame in descriptors: none", {c.rd(0x45c800 + 256 * w + 4 * n) for w in range(6) for n in (17, 63)}, {0})
    t.check("none of these is unknown", q.stats()["unknown-reg"], 0)
    c.wr(0x91000, 1)
    q.step(1000000)
    t.check("a reset clears them", (c.rd(0x292000), c.rd(0x40d000)), (0, 0))
    c.open()


def test_fdir(t, q, c):
    load_comms(c)
    v = Vsi(c, 40, MACS[1])
    ctrl = PfVsi(c, 50, MACS[2])
    c.wr(0x43a000, 1)
    fdir_profile(c, v, ctrl)
    back = ipv4(6, tcp(1766, 2794, b"rss"), DST, SRC)
    other = ipv4(6, tcp(2795, 1766, b"rss"), SRC, DST)

    def program(counter=None, flow=None, prio=1, drop=False, remove=False):
        qw0, qw1 = filter_desc(v.num, 0, drop, remove)
        if counter is not None:
            qw0 |= counter << 16 | 1 << 29
        if flow is not None:
            qw1 |= prio << 25 | flow << 32
        return ctrl.tx(eth(MACS[5], MACS[6], back), 0x10, ctx=(qw0, qw1))

    def flows(*frames):
        for f in frames:
            q.send(eth(v.mac, OUT, f))
        return [d[1] >> 32 if v.rxdid == 22 else d[3] & 0xffffffff for _, d in v.rx()]

    def count(n):
        return c.rd(0x3a0000 + 8 * n) | c.rd(0x3a0004 + 8 * n) << 32
    restart(v, 22)
    t.check("no filter, no number", flows(T4), [NO_FLOW])
    program(counter=5, flow=0xdeadbeef)
    t.check("a filter's number, of its flow alone", flows(T4, other), [0xdeadbeef, NO_FLOW])
    t.check("it has counted", [count(n) for n in (4, 5, 6)], [0, 1, 0])
    restart(v, 16)
    t.check("generic descriptors have it too", (flows(T4), count(5)), ([0xdeadbeef], 2))
    program(flow=7, prio=0)
    t.check("a number without priority is none, and this one counts nothing", (flows(T4), count(5)), ([NO_FLOW], 2))
    program(counter=2047, drop=True)
    t.check("one that drops counts", (flows(T4, T4), count(2047)), ([], 2))
    c.wr(0x3a0000 + 8 * 2047, 0xffffffff)
    flows(T4)
    t.check("in 64 bits", count(2047), 1 << 32)
    c.wr(0x3a0004 + 8 * 2047, 0)
    c.wr(0x3a0000 + 8 * 2047, 0)
    t.check("software clears it", count(2047), 0)
    program(counter=2048)
    t.check("a counter that is not", (flows(T4), count(2047)), ([NO_FLOW], 0))
    program(remove=True)
    close(c, ctrl)
    close(c, v)
    corer(q, c)


# Words of the switch's fields, as in the package
IP_SRC, PORTS, RESULT = 18, 32, 40
UDP_PROFILE, TCP_PROFILE = 5, 4


def recipe(number, *words, root=True, prio=5, result=None, group=None):
    """(word, mask) to look at"""
    words = [(0, 0xff)] + list(words) + [(0x80, 0)] * (4 - len(words))
    content = bytes([number | 0x80 if root else 0, *(w for w, _ in words)]) + struct.pack("<5H", *(m for _, m in words))
    content += bytes([0 if result is None else 0x80 | result]) + bytes(4) + bytes([prio, 0, 0]) + bytes(4)
    return bytes([number, 0, 0, 0]) + struct.pack("<QI", group or 1 << number, 0) + content.ljust(48, b"\0")


def add(c, *elements, locked=True):
    if locked:
        assert lock(c, CHANGE)[0] == 0
    rc = c.aq(0x290, struct.pack("<H", len(elements)), b"".join(elements))[0]
    if locked:
        unlock(c, CHANGE)
    return rc


def get(c, number):
    rc, params, buf = c.aq(0x292, struct.pack("<HH", 0, number), size=4096)
    n = struct.unpack_from("<H", params)[0]
    return rc or [buf[64 * i:64 * i + 64] for i in range(n)]


def recipes_of(c, prof):
    rc, params, _ = c.aq(0x293, struct.pack("<H", prof))
    return rc or struct.unpack_from("<Q", params, 8)[0]


def associate(c, prof, bits, locked=True):
    if locked:
        assert lock(c, CHANGE)[0] == 0
    rc = c.aq(0x291, struct.pack("<HHI", prof, 0, 0) + struct.pack("<Q", bits))[0]
    if locked:
        unlock(c, CHANGE)
    return rc


def rule(c, number, act, header, src=0, typ=0):
    e = struct.pack("<HHHHIHH", typ, 0, number, src, act, 0, len(header)) + header
    rc, _, buf = c.aq(0x2a0, struct.pack("<H", 1), e)
    return rc, struct.unpack_from("<H", buf, 12)[0]


def unrule(c, index):
    return c.aq(0x2a2, struct.pack("<H", 1), struct.pack("<HHHHIHH", 0, 0, 0, 0, 0, index, 0))[0]


def to_queue(n, region=0):
    return 1 | n << 4 | region << 15


def test_recipes(t, q, c):
    load_comms(c)
    v = Vsi(c, 40, MACS[1], nq=4)
    queues = more_queues(c, v, 4)

    def where(*frames, dst=MACS[1]):
        for f in frames:
            q.send(eth(dst, OUT, f))
        return [len(w.rx()) for w in queues]
    mac = get(c, 1)
    t.check("firmware's recipe for MAC addresses", (len(mac), mac[0][0], mac[0][16]), (1, 1, 0x81))
    t.check("profiles use firmware's alone", {recipes_of(c, n) for n in (0, UDP_PROFILE, 255)}, {0x33f})
    t.check("no profile 256", recipes_of(c, 256), EINVAL)
    t.check("none of a driver's own", [get(c, n) for n in (10, 63, 64)], 3 * [ENOENT])
    (rc, (a, b)) = alloc(c, 0x85, 2)
    t.check("two are taken", (rc, a, b, free(c, 5, 9), free(c, 5, b + 1)), (0, 10, 11, ENOENT, ENOENT))
    ports = recipe(a, (PORTS, 0xffff), (PORTS + 1, 0xffff))
    t.check("not without the lock", add(c, ports, locked=False), EPERM)
    t.check("nor one that is not taken, or with another's number, or with words that are not",
            [add(c, recipe(12)), add(c, ports[:16] + bytes([0x80 | b]) + ports[17:]), add(c, recipe(a, (48, 1))), add(c, recipe(a, (63, 1)))],
            [ENOENT, EINVAL, EINVAL, EINVAL])
    t.check("nor a root of what is not its own", [add(c, recipe(a, group=1 << a | 1 << n)) for n in (1, 12, 63)], 3 * [EINVAL])
    t.check("firmware's own are as they are", add(c, recipe(1, (63, 0xffff))), EPERM)
    t.check("a recipe for ports, and it is read back", (add(c, ports), get(c, a)), (0, [ports]))
    udp = eth(bytes(6), bytes(6), U4)
    t.check("no rule of one that is not", rule(c, b, to_queue(42), udp)[0], EINVAL)
    rc, first = rule(c, a, to_queue(42), udp)
    t.check("a rule for UDP with these ports", rc, 0)
    t.check("the same again", rule(c, a, to_queue(43), udp)[0], EEXIST)
    t.check("none to a queue that nobody has, or the card has not", [rule(c, a, to_queue(n), eth(bytes(6), bytes(6), T4[:20] + b"\1" + T4[21:]))[0]
                                                                   for n in (50, 2047)], [EINVAL, EINVAL])
    t.check("a rule without header", rule(c, a, to_queue(42), b"")[0], EINVAL)
    t.check("of a profile that does not use it, it does nothing", where(U4), [1, 0, 0, 0])
    t.check("associated with it, not without the lock", (associate(c, UDP_PROFILE, 0x33f | 1 << a, False),
                                                         associate(c, UDP_PROFILE, 0x33f | 1 << a), recipes_of(c, UDP_PROFILE)),
            (EPERM, 0, 0x33f | 1 << a))
    t.check("to its queue; not other ports, nor TCP", [where(U4), where(ipv4(17, struct.pack(">HHHH", 2795, 1766, 12, 0) + b"rss!", SRC, DST)),
                                                      where(T4)], [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]])
    t.check("also what no address filter wants", where(U4, dst=MACS[7]), [0, 0, 1, 0])
    associate(c, TCP_PROFILE, 0x33f | 1 << a)
    t.check("ports are at the same place in TCP", where(T4), [0, 0, 1, 0])
    associate(c, TCP_PROFILE, 0x33f)
    was = q.stats()["drop-prune"]
    add(c, recipe(b, (IP_SRC, 0xffff), (IP_SRC + 1, 0xff00), prio=6))
    associate(c, UDP_PROFILE, 0x33f | 1 << a | 1 << b)
    rc, second = rule(c, b, 1 << 17 | 1 << 18, udp)
    t.check("a rule that drops, of higher priority, for a part of the source address",
            (rc, where(U4, ipv4(17, struct.pack(">HHHH", 1, 1, 12, 0) + b"rss!", "66.9.149.1", DST)),
             where(ipv4(17, struct.pack(">HHHH", 1, 1, 12, 0) + b"rss!", "66.9.150.1", DST)), q.stats()["drop-prune"] - was),
            (0, [0, 0, 0, 0], [1, 0, 0, 0], 2))
    t.check("it is removed", (unrule(c, second), where(U4)), (0, [0, 0, 1, 0]))
    _, second = rule(c, b, VALID | v.num << 4, udp)
    t.check("one that forwards to the VSI", where(U4, dst=MACS[7]), [1, 0, 0, 0])
    unrule(c, second)
    unrule(c, first)
    t.check("none is left", (where(U4), where(U4, dst=MACS[7])), ([1, 0, 0, 0], [0, 0, 0, 0]))

    # Six words in two recipes, and a third that waits for both
    (rc, (x, y, root)) = alloc(c, 0x85, 3)
    group = 1 << x | 1 << y | 1 << root
    t.check("a chain of recipes", add(c, recipe(x, *((IP_SRC + n, 0xffff) for n in range(4)), root=False, result=RESULT),
                                      recipe(y, (PORTS, 0xffff), (PORTS + 1, 0xffff), root=False, result=RESULT + 1),
                                      recipe(root, (RESULT, 0xffff), (RESULT + 1, 0xffff), group=group)), 0)
    t.check("the root is read with what belongs to it, others alone", ([e[0] for e in get(c, root)], [e[0] for e in get(c, x)]),
            ([root, x, y], [x]))
    associate(c, UDP_PROFILE, 0x33f | group)
    t.check("no rule of one that is no root", rule(c, x, to_queue(43), udp)[0], EINVAL)
    _, first = rule(c, root, to_queue(42, 1), udp)
    got = [where(U4), where(ipv4(17, struct.pack(">HHHH", 2794, 1766, 12, 0) + b"rss!", SRC, "1.2.3.4")),
           where(ipv4(17, struct.pack(">HHHH", 2794, 1, 12, 0) + b"rss!", SRC, DST))]
    t.check("all of its words count, and it has a group of queues", got, [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]])
    unrule(c, first)
    t.check("they can be given back", (free(c, 5, x, y, root), get(c, root), recipes_of(c, UDP_PROFILE)), (0, ENOENT, 0x33f))
    associate(c, UDP_PROFILE, 0x33f | 1 << a)
    _, first = rule(c, a, to_queue(42), udp)
    before = where(U4)
    free(c, 5, a)
    freed = where(U4)
    t.check("the same number is taken", alloc(c, 0x85), (0, (a,)))
    add(c, ports)
    associate(c, UDP_PROFILE, 0x33f | 1 << a)
    t.check("a rule of a recipe that was given back does nothing, and nothing for who has the number next", (before, freed, where(U4)),
            ([0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]))
    rc, again = rule(c, a, to_queue(43), udp)
    t.check("the same rule can be, of the new one", (rc, where(U4)), (0, [0, 0, 0, 1]))
    t.check("both are removed", (unrule(c, first), unrule(c, again), where(U4)), (0, 0, [1, 0, 0, 0]))
    free(c, 5, a)

    # Recipes that look at four words each
    (rc, many) = alloc(c, 0x85, 7)
    parts = [recipe(n, *((PORTS + w % 2, 0xffff) for w in range(4)), root=False, result=RESULT) for n in many[:-1]]
    got = []
    for num in (5, 6):
        add(c, *parts, recipe(many[-1], group=sum(1 << n for n in many[:num]) | 1 << many[-1]))
        rc, index = rule(c, many[-1], to_queue(42), udp)
        got.append(rc)
        unrule(c, index)
    t.check("a rule looks at 20 words, and at no more", got, [0, EINVAL])
    free(c, 5, *many)
    t.check("there are 54 for drivers", (alloc(c, 0x85, 54)[0], alloc(c, 0x85, 53)[0], alloc(c, 0x85)[0]), (ENOSPC, 0, ENOSPC))
    shut(c, queues)
    c.wr(0x91000, 1)
    q.step(1000000)
    c.open()
    t.check("a reset of the PF frees them", (get(c, a), recipes_of(c, UDP_PROFILE), alloc(c, 0x85, 54)[0]), (ENOENT, 0x33f, 0))
    corer(q, c)


def test_pfs(t, q, c):
    """Recipes are the card's, and what a PF makes of them is its own"""
    load_comms(c)
    d = second(q, c)
    (rc, (a,)) = alloc(c, 0x85)
    ports = recipe(a, (PORTS, 0xffff), (PORTS + 1, 0xffff))
    add(c, ports)
    associate(c, UDP_PROFILE, 0x33f | 1 << a)
    t.check("another function sees them", (get(d, a), recipes_of(d, UDP_PROFILE)), ([ports], 0x33f | 1 << a))
    t.check("it cannot change or free them", (add(d, recipe(a)), free(d, 5, a), get(c, a)), (ENOENT, ENOENT, [ports]))
    (rc, (b,)) = alloc(d, 0x85)
    t.check("it gets another", (rc, b), (0, a + 1))
    t.check("no root that waits for others'", add(d, recipe(b, group=1 << a | 1 << b)), EINVAL)
    t.check("its own", add(d, recipe(b)), 0)
    t.check("of what a profile uses, each changes its own", (associate(d, UDP_PROFILE, 1 << b | 1 << 60), recipes_of(c, UDP_PROFILE),
                                                             associate(c, UDP_PROFILE, 0), recipes_of(c, UDP_PROFILE)),
            (0, 0x33f | 1 << a | 1 << b, 0, 0x33f | 1 << b))
    d.wr(0x91000, 1)
    q.step(1000000)
    d.open()
    t.check("its reset takes its own", (get(c, b), get(c, a), recipes_of(c, UDP_PROFILE)), (ENOENT, [ports], 0x33f))
    corer(q, c)
    d.open()


def test_fuzz(t, q, c):
    """Commands with anything in them: the card lives, and firmware's recipes are what they were"""
    load_comms(c)
    v = Vsi(c, 40, MACS[1])
    was = [get(c, n) for n in range(10)]
    (rc, mine) = alloc(c, 0x85, 8)
    udp = eth(bytes(6), bytes(6), U4)
    index, done = [], {op: 0 for op in (0x290, 0x291, 0x292, 0x293)}
    for n in range(2000):
        op = random.choice(list(done))
        if n % 100 == 0:
            lock(c, CHANGE)
        num = random.choice((0, 1, 1, 1, 2, 5, 64, 65535))
        if op == 0x290:
            elements = []
            for _ in range(min(num, 8)):
                e = bytearray(recipe(random.choice(mine), *((random.randrange(48), random.getrandbits(16)) for _ in range(4)),
                                     root=random.random() < 0.5, group=random.choice((None, sum(1 << m for m in mine), random.getrandbits(64)))))
                for _ in range(random.choice((0, 0, 1, 8))):
                    e[random.randrange(len(e))] = random.getrandbits(8)
                elements.append(bytes(e))
            rc = c.aq(op, struct.pack("<H", num), b"".join(elements) or None)[0]
        elif op == 0x292:
            rc = c.aq(op, struct.pack("<HH", num, random.choice((random.randrange(70), 65535))), size=random.choice((63, 64, 4096)))[0]
        else:
            rc = c.aq(op, struct.pack("<HHI", random.choice((random.randrange(260), 65535)), 0, 0) + random.randbytes(8))[0]
        done[op] += rc == 0
        if n % 20 == 0:
            rc, i = rule(c, random.choice(mine), VALID | v.num << 4, udp)
            index += [i] if rc == 0 else []
            q.send(eth(MACS[1], OUT, U4))
            v.rx()
    for i in index:
        unrule(c, i)
    unlock(c, CHANGE)
    t.check("some of each were done, rules too", (all(done.values()), bool(index)), (True, True))
    t.check("firmware's recipes are as they were", [get(c, n) for n in range(10)], was)
    t.check("and all profiles use them", {recipes_of(c, n) & 0x3ff for n in range(256)}, {0x33f})
    q.send(eth(MACS[1], OUT, U4))
    close(c, v)
    corer(q, c)


if __name__ == "__main__":
    sys.exit(e810_card.main(__doc__, (
        ((test_descriptors, test_lut, test_link, test_registers, test_fdir, test_recipes, test_fuzz), {}),
        ((test_pfs,), TWO_PFS))))
