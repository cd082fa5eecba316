#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the emulated E810 demands of its drivers, through QEMU's qtest.

Sequences that Linux's ice finds necessary, and patience: what happens with
them, and without. Prints TAP. Needs the testbed's QEMU and nothing else.
"""

import struct
import sys

import e810_card
from e810_card import LAN, LB, LIST, MACS, OUT, VALID, Vsi, eth

EBUSY, EINVAL, ENOENT, ENOSPC = 12, 14, 2, 16
ECC_ERR, PCI_EXCEPTION = 1 << 16, 1 << 21
ATQH, PFGEN_CTRL, FWSM = 0x80300, 0x91000, 0xb6134
FW_LOADING = 1 << 30
MBX_ATQH, MBX_ATQT = 0x22e280, 0x22e300
PS_QNT, PS_RFSH = 0x1e37e0, 0x1e3900    # of link flow control
MS = 1000000


def close(c, v):
    c.rule(1, 0, v.mac, opcode=0x2a2, index=v.rule)
    v.stop_rx()
    assert v.stop_tx() in (0, ENOENT)
    c.ok(0x213, struct.pack("<H", v.num))


def drain(c, cmd, num):
    """0x0C31 without a queue"""
    return c.aq(0xc31, struct.pack("<BBH", cmd, 0, num))[0]


def vmrd(c, v):
    c.q.step(1000 * MS)
    return c.rd(0x92800 + 4 * v.num) & 1


def test_vm_reset(t, q, c):
    """The reset of a VSI ends with 0x0C31 for it, queues or no queues"""
    v, other = Vsi(c, 40, MACS[1], 40), Vsi(c, 41, MACS[2], 41)
    t.check("0x0C31 before the reset is accepted", drain(c, 1, v.num), 0)
    c.wr(0x91800 + 4 * v.num, 1)
    t.check("but not for the reset to come", vmrd(c, v), 0)
    t.check("0x0C31 for another VSI", drain(c, 1, other.num), 0)
    t.check("ends not this one's", vmrd(c, v), 0)
    t.check("0x0C31 for a VSI that is not", drain(c, 1, 700), EINVAL)
    t.check("queues can be stopped in a reset", v.stop_tx(), 0)
    t.check("which is not its end", vmrd(c, v), 0)
    t.check("stopping them again: nothing to stop", v.stop_tx(), ENOENT)
    t.check("0x0C31 for the VSI", drain(c, 1, v.num), 0)
    t.check("ends it", vmrd(c, v), 1)
    c.wr(0x91800 + 4 * v.num, 0)
    t.check("VMRD stays", vmrd(c, v), 1)

    # once more, now without a Tx queue
    c.wr(0x91800 + 4 * v.num, 1)
    t.check("without queues: not before 0x0C31", vmrd(c, v), 0)
    c.wr(0x91800 + 4 * v.num, 0)
    t.check("nor by taking the trigger back", vmrd(c, v), 0)
    t.check("with 0x0C31", [drain(c, 1, v.num), vmrd(c, v)], [0, 1])
    close(c, v)
    close(c, other)


def test_rules(t, q, c):
    """Elements of 0x02A0 to 0x02A2 as ice fills them in"""
    v = Vsi(c, 42, MACS[1])
    hdr = MACS[3] + bytes(10)

    def rule(op, act, index=0, hdr_len=16, hdr=hdr, typ=1, src=v.num):
        e = struct.pack("<HHHHIHH", typ, 0, 1, src, act, index, hdr_len)
        rc, _, buf = c.aq(op, struct.pack("<H", 1), e + hdr)
        return rc, struct.unpack_from("<H", buf, 12)[0]

    act = VALID | LB | v.num << 4
    for n in (0, 14, 15):
        t.check(f"0x02A0 with {n} bytes of header", rule(0x2a0, act, 0, n)[0],
                EINVAL)
    rc, index = rule(0x2a0, act)
    t.check("with 16", rc, 0)
    t.check("0x02A1 with a header length",
            rule(0x2a1, act | LAN, index)[0], EINVAL)
    t.check("with 0", rule(0x2a1, act | LAN, index, 0)[0], 0)
    t.check("0x02A2 with a header length", rule(0x2a2, 0, index)[0], EINVAL)
    t.check("with an action", rule(0x2a2, act, index, 0, b"")[0], EINVAL)
    t.check("with neither", rule(0x2a2, 0, index, 0, b"")[0], 0)
    t.check("which removed it", rule(0x2a2, 0, index, 0, b"")[0], ENOENT)
    close(c, v)


def test_drop_rule(t, q, c):
    """Rules that drop hang on the VSI that is their source"""
    v, anchor = Vsi(c, 43, MACS[1]), Vsi(c, 44, MACS[2])
    pause = eth(b"\1\x80\xc2\0\0\1", MACS[1], bytes(46), typ=0x8808)
    hdr = b"\2" + bytes(5) + b"\2" + bytes(5) + b"\x88\x08\0\0"
    e = struct.pack("<HHHHIHH", 1, 0, 0, anchor.num, VALID | 1 << 18, 0, 16)
    c.ok(0x2a0, struct.pack("<H", 1), e + hdr)
    q.frames()
    v.tx(pause)
    t.check("pause frames of any VSI are dropped", q.frames(), [])
    rules = q.stats()["rules"]
    close(c, anchor)
    t.check("the rule goes with its VSI", q.stats()["rules"], rules - 2)
    v.tx(pause)
    t.check("and nothing drops them any more", q.frames(), [pause])

    # one that forwards is the driver's, and the list's first VSI may go
    first = Vsi(c, 45, MACS[3])
    rc, bc = c.rule(1, VALID | LAN | LB | LIST | c.vsi_list([v.num]) << 4,
                    b"\xff" * 6, src=first.num)
    t.check("a rule that forwards to another VSI", rc, 0)
    rules = q.stats()["rules"]
    close(c, first)
    t.check("stays when its source goes", q.stats()["rules"], rules - 1)
    c.rule(1, 0, opcode=0x2a2, index=bc)
    close(c, v)


def test_rxmax(t, q, c):
    """The largest frame must fit into five buffers, as they are written"""
    v = Vsi(c, 46, MACS[1])

    def runs(dbuf, rxmax):
        v.stop_rx()
        v.start_rx(dbuf=dbuf, rxmax=rxmax)
        return c.rd(0x120000 + 4 * v.queue) >> 2 & 1

    t.check("5 x 1024", runs(1024, 5120), 1)
    t.check("one byte more", runs(1024, 5121), 0)
    t.check("255 bytes are 128: 640", runs(255, 640), 1)
    t.check("and not 1275", runs(255, 1275), 0)
    close(c, v)


def test_mac_cfg(t, q, c):
    """0x0603 sets the pause quanta and the threshold along with the rest"""
    def regs():
        return [c.rd(PS_QNT), c.rd(PS_RFSH)]

    t.check("of power-on", regs(), [0xffff, 0x7fff])
    c.ok(0x603, struct.pack("<HBBHH", 9728, 0, 0, 0x1234, 0x567))
    t.check("as told", regs(), [0x1234, 0x567])
    c.wr(PFGEN_CTRL, 1)
    q.step(MS)
    c.open()
    t.check("a PF reset leaves the port's", regs(), [0x1234, 0x567])
    c.ok(0x603, struct.pack("<HBBHH", 9728, 0, 0, 0, 0))
    t.check("zeros are not ignored", regs(), [0, 0])


def test_fd_section(t, q, c):
    """Without its section, a VSI may use flow director filters"""
    ctx = bytearray(128)
    struct.pack_into("<H", ctx, 0, 1 | 1 << 6)
    struct.pack_into("<H", ctx, 30, 50)

    def options(ctx):
        params, _ = c.ok(0x210, struct.pack("<HHBBH", 0, 0, 0, 0, 1),
                         bytes(ctx))
        num = params[:2]
        _, got = c.ok(0x212, num, size=128)
        c.ok(0x213, num)
        return struct.unpack_from("<H", got, 90)[0]

    t.check("default: enabled, and may program", options(ctx), 9)
    ctx[1] |= 8
    t.check("valid and 0: neither", options(ctx), 0)


def test_capabilities(t, q, c):
    """The PF's first queues, by capability and by its register"""
    params, buf = c.ok(0xa, size=4096)
    caps = {}
    for i in range(struct.unpack_from("<I", params, 4)[0]):
        cap, number, _, phys = struct.unpack_from("<HxxIII", buf, 32 * i)
        caps[cap] = (number, phys)
    for cap, reg, width, pfs in ((0x41, 0x1d2500, 11, 1),
                                 (0x42, 0x1d2580, 14, 8)):
        pf0 = c.rd(reg)
        first = pf0 & (1 << width) - 1
        t.check(f"capability {cap:#x} is as the register of PF 0",
                caps[cap], ((pf0 >> 16 & 0x3fff) - first + 1, first))
        t.check("which other PFs have of their own",
                [c.rd(reg + 4 * i) for i in range(1, pfs)], [0] * (pfs - 1))


def test_sched_answers(t, q, c):
    """How many groups and elements firmware has dealt with"""
    elem = struct.pack("<BBBBHHHHHH", 3, 7, 0, 0, 0, 4, 0, 4, 0, 0)
    _, topo = c.ok(0x400, size=4096)
    layers = struct.unpack_from("<H", topo, 4)[0]
    teid = [struct.unpack_from("<I", topo, 8 + 24 * i + 4)[0]
            for i in range(layers)]
    entry = next(i for i in range(layers) if topo[8 + 24 * i + 8] == 4)

    def num(op, count, buf):
        rc, params, buf = c.aq(op, struct.pack("<H", count), buf)
        return (rc, struct.unpack_from("<H", params, 2)[0]), buf

    def add(parent, n):
        return num(0x401, 1, struct.pack("<IHH", parent, n, 0) +
                   (struct.pack("<II", parent, 0) + elem) * n)

    got, buf = add(teid[entry], 1)
    t.check("0x0401: one group", got, (0, 1))
    node = struct.unpack_from("<I", buf, 12)[0]
    t.check("0x0404: one element",
            num(0x404, 1, struct.pack("<II16x", 0, node))[0], (0, 1))
    t.check("0x0403 with an unknown one behind: one",
            num(0x403, 2, struct.pack("<II", 0, node) + elem +
                struct.pack("<II16x", 0, 0x77777777))[0], (ENOENT, 1))
    got, buf = num(0x410, 1, struct.pack("<BBHHHHH", entry + 2, 1, 0, 0, 100,
                                         0, 0))
    t.check("0x0410: one profile", got, (0, 1))
    t.check("0x0415: one", num(0x415, 1, buf)[0], (0, 1))
    t.check("a group for no parent: none", add(0x77777777, 1)[0], (ENOENT, 0))
    t.check("0x040F: one group",
            num(0x40f, 1, struct.pack("<IHHI", teid[entry], 1, 0, node))[0],
            (0, 1))
    t.check("once only",
            num(0x40f, 1, struct.pack("<IHHI", teid[entry], 1, 0, node))[0],
            (ENOENT, 0))


def tree(c):
    """Layers, children that nodes of each may have, the default branch"""
    _, res = c.ok(0x412, size=32 + 9 * 32)
    phys, layers = struct.unpack_from("<HH", res)
    kids = [struct.unpack_from("<H", res, 32 + 32 * i + 10)[0]
            for i in range(1, layers)]
    _, topo = c.ok(0x400, size=4096)
    n = struct.unpack_from("<H", topo, 4)[0]
    branch = [(struct.unpack_from("<I", topo, 8 + 24 * i + 4)[0],
               topo[8 + 24 * i + 8]) for i in range(n)]
    return phys, layers, kids, branch


def test_nine_layers(t, q, c):
    phys, layers, kids, branch = tree(c)
    t.check("nine layers", (phys, layers, len(branch)), (9, 9, 9))
    t.check("eight children each", kids, [8] * 8)
    t.check("port, traffic class, entry point, nodes, queue",
            [b[1] for b in branch], [1, 2, 4] + [3] * 5 + [5])


def test_five_layers(t, q, c):
    """The flat tree: VSIs and queue groups share a layer"""
    phys, layers, kids, branch = tree(c)
    _, topo = c.ok(0x400, size=4096)
    t.check("each layer below the one before", [struct.unpack_from("<I", topo, 8 + 24 * i)[0]
                                                for i in range(5)], [0xffffffff] + [b[0] for b in branch[:4]])
    t.check("nothing after the fifth", (any(topo[8 + 24 * 5:]), any(c.ok(0x412, size=320)[1][32 + 32 * 5:])),
            (False, False))
    leaf = branch[4][0]
    t.check("nor below it", [c.aq(0x404, struct.pack("<H", 1), struct.pack("<II16x", 0, leaf + i))[0]
                             for i in range(5)], [0] + 4 * [ENOENT])
    t.check("rates of layer 5, not of layer 6",
            [c.aq(0x410, struct.pack("<H", 1), struct.pack("<BBHHHHH", level, 1, 0, 0, 100, 0, 0))[0]
             for level in (5, 6)], [0, EINVAL])
    c.ok(0x415, struct.pack("<H", 1), struct.pack("<BBHHHHH", 5, 1, 2, 0, 0, 0, 0))
    t.check("five layers of nine", (phys, layers, len(branch)), (9, 5, 5))
    t.check("512 children each, 8 traffic classes", kids, [8, 512, 512, 512])
    t.check("port, traffic class, entry point, node, queue",
            [b[1] for b in branch], [1, 2, 4, 3, 5])

    elem = struct.pack("<BBBBHHHHHH", 3, 7, 0, 0, 0, 4, 0, 4, 0, 0)

    def add(parent, n):
        rc, _, buf = c.aq(0x401, struct.pack("<H", 1),
                          struct.pack("<IHH", parent, n, 0) +
                          (struct.pack("<II", parent, 0) + elem) * n)
        return rc, [struct.unpack_from("<I", buf, 12 + 24 * i)[0]
                    for i in range(n)]

    made, entry = [], branch[2][0]
    for n in (160, 160, 160, 31):
        rc, teids = add(entry, n)
        made += teids if not rc else []
    t.check("511 nodes beside the default one", len(made), 511)
    t.check("and no more below one node", add(entry, 1)[0], ENOSPC)
    rc, second = add(branch[1][0], 1)
    t.check("a second node beside the entry point", rc, 0)
    rc, (node,) = add(second[0], 1)
    t.check("has room", rc, 0)
    t.check("queues only below that", add(node, 1)[0], EINVAL)

    # nine queues of one VSI hang on one node, which is what the tree is for
    v = Vsi(c, 300, MACS[1], 80, nq=16, node=node)
    vs = []
    for i in range(1, 9):
        ctx = bytearray(24)
        bits = 1 << 78 | v.num << 80 | 32 << 135 | 1 << 152
        ctx[:22] = bits.to_bytes(22, "little")
        grp = struct.pack("<IB3xHHI", node, 1, 300 + i, 0, 0)
        vs.append(c.aq(0xc30, b"\1", grp + bytes(ctx) + struct.pack(
            "<BBBBHHHHHH", 5, 7, 0, 0, 0, 4, 0, 4, 0, 0))[0])
    t.check("nine queues below one node", vs, [0] * 8)
    t.check("a frame gets out", v.tx(eth(OUT, MACS[1], b"f" * 60)), True)
    for i in range(1, 9):
        c.ok(0xc31, b"\0\1", struct.pack("<IBBH", node, 1, 0, 300 + i))
    close(c, v)
    for parent, teids in ((second[0], [node]), (branch[1][0], second),
                          (entry, made)):
        for i in range(0, len(teids), 256):
            part = teids[i:i + 256]
            c.ok(0x40f, struct.pack("<H", 1), struct.pack(
                f"<IHH{len(part)}I", parent, len(part), 0, *part))


def test_lists(t, q, c):
    """VSI lists: all that are asked for, or none"""
    def res(op, n, *which):
        which = which or n * [0]
        rc, _, buf = c.aq(op, struct.pack("<H", 1), struct.pack(f"<HH{n}H", 3, n, *which))
        return rc, struct.unpack_from(f"<{n}H", buf, 4)

    t.check("1024 are too many", res(0x208, 1024)[0], ENOSPC)
    rc, got = res(0x208, 1023)
    t.check("nothing was taken", (rc, sorted(got)), (0, list(range(1, 1024))))
    t.check("one of two is not there", res(0x209, 2, got[0], 1024)[0], ENOENT)
    t.check("and the other is as before", (res(0x208, 1)[0], res(0x209, 1023, *got)[0]), (ENOSPC, 0))


def test_rates(t, q, c):
    """0x0410: profiles before one that is refused hold"""
    _, buf = c.ok(0x404, struct.pack("<H", 1), struct.pack("<II16x", 0, c.leaf()))
    parent, = struct.unpack_from("<I", buf)
    elem = struct.pack("<BBBBHHHHHH", 3, 7, 0, 0, 0, 4, 2, 4, 0, 0)    # excess rate: profile 2
    _, buf = c.ok(0x401, struct.pack("<H", 1),
                  struct.pack("<IHHII", parent, 1, 0, parent, 0) + elem)
    node, = struct.unpack_from("<I", buf, 12)
    rate = round(1000000 * (32 << 7) / 446428571)       # 8 Mbit/s
    profs = [struct.pack("<BBHHHHH", level, 1, 0, 100, rate, 0, 7) for level in (8, 99)]
    rc, params, _ = c.aq(0x410, struct.pack("<H", 2), b"".join(profs))
    t.check("the second one of two is wrong", (rc, struct.unpack_from("<H", params, 2)[0]), (EINVAL, 1))
    v = Vsi(c, 80, MACS[1], node=node)
    q.frames()
    for _ in range(3):
        v.tx(eth(OUT, MACS[1], b"r" * 986), bell=False)
    v.bell()
    t.check("the first one limits", len(q.frames()), 1)
    q.step(10 * MS)
    q.step(10 * MS)
    t.check("the rest follows", len(q.frames()), 2)
    close(c, v)
    c.ok(0x415, struct.pack("<H", 1), struct.pack("<BBHHHHH", 8, 1, 2, 0, 0, 0, 0))
    c.ok(0x40f, struct.pack("<H", 1), struct.pack("<IHHI", parent, 1, 0, node))


def version(c):
    """Post 0x0001: where its descriptor is, and where the head must get"""
    return c.post(1), c.tail


def state(q, c, at, tail):
    """Is DD set, has the head moved, is the answer there?"""
    q.settle()
    d = q.get(at, 32)
    return d[0] & 1, int(c.rd(ATQH) == tail), int(d[25] != 0)


def test_latency(t, q, c):
    """aq-latency-us=500: DD comes first, the answer with the head"""
    c.slow = MS // 10
    one, two = version(c), version(c)
    t.check("taken: DD alone", state(q, c, *one), (1, 0, 0))
    t.check("the next one is not taken", state(q, c, *two), (0, 0, 0))
    q.step(400000)
    t.check("0.4 ms: no answer yet", state(q, c, *one), (1, 0, 0))
    q.step(200000)
    t.check("0.6 ms: the answer", state(q, c, *one), (1, 1, 1))
    t.check("and the next one is taken", state(q, c, *two), (1, 0, 0))
    q.step(400000)
    t.check("each one takes its time", state(q, c, *two), (1, 0, 0))
    q.step(200000)
    t.check("and no longer", state(q, c, *two), (1, 1, 1))
    at = version(c)
    c.wr(PFGEN_CTRL, 1)
    q.step(10 * MS)
    t.check("a PF reset forgets it", state(q, c, *at)[2], 0)
    c.open()
    c.slow = MS // 10
    # the PF's mailbox does it alike
    v = Vsi(c, 60, MACS[1], 60)
    v.mbx_open()
    q.put(c.mbx_sq, struct.pack("<HHHHIIIIII", 0x2000, 0x802, 0, 0, 0, 0,
                                v.num, 0, 0, 0))
    c.wr(MBX_ATQT, 1)
    q.settle()
    t.check("a message: DD before the head", (q.get(c.mbx_sq, 1)[0] & 1,
                                              c.rd(MBX_ATQH)), (1, 0))
    q.step(600000)
    q.settle()
    t.check("which moves", c.rd(MBX_ATQH), 1)
    close(c, v)


def test_late(t, q, c):
    """aq-late=3, aq-late-ms=1500: every third answer is late, none is lost"""
    got = []
    for _ in range(6):
        at = version(c)
        t0 = 0
        while not state(q, c, *at)[1]:
            q.step(100 * MS)
            t0 += 100
        got.append((t0, state(q, c, *at)[2]))
    # the queue's setup sent none
    t.check("ms until the answer, which is right",
            got, [(0, 1), (0, 1), (1500, 1)] * 2)


def test_ebusy(t, q, c):
    """aq-ebusy=2: of what ice sends again"""
    lock = struct.pack("<HHII", 1, 1, 0, 0)[:8]
    t.check("resource locks: every second",
            [c.aq(8, lock)[0] for _ in range(4)], [0, EBUSY, 0, EBUSY])
    t.check("others never", [c.aq(1)[0] for _ in range(4)], [0] * 4)


def test_ebusy_all(t, q, c):
    """aq-ebusy-all=3: of everything, and then nothing has happened"""
    got = []
    for _ in range(3):
        rc, params, _ = c.aq(0x210, struct.pack("<HHBBH", 0, 0, 0, 0, 1),
                             struct.pack("<H28xH96x", 1 << 6, 70))
        got.append(rc)
        if not rc:
            num = params[:2]
            while c.aq(0x213, num)[0] == EBUSY:
                pass
    t.check("every third", got.count(EBUSY) in (1, 2), True)
    t.check("no VSI is left", q.stats()["vsis"], 1)


def test_pfr(t, q, c):
    """pfr-ms=5300: another function holds the lock"""
    c.wr(PFGEN_CTRL, 1)
    q.step(5200 * MS)
    t.check("5.2 s: under way", c.rd(PFGEN_CTRL) & 1, 1)
    c.open()
    q.step(200 * MS)
    t.check("5.4 s: done", c.rd(PFGEN_CTRL) & 1, 0)
    t.check("queues that were set up too early are gone", c.rd(0x80200), 0)
    c.open()
    t.check("and work now", c.aq(1)[0], 0)
    c.wr(PFGEN_CTRL, 1)
    c.reset_card()
    t.check("a reset of the card ends it", c.rd(PFGEN_CTRL) & 1, 0)
    q.step(5300 * MS)
    c.open()


def test_fw_loading(t, q, c):
    """fw-loading-ms=30000: no link before firmware is loaded"""
    t.check("loading", c.rd(FWSM) & FW_LOADING, FW_LOADING)
    t.check("the link cannot be restarted", c.aq(0x605)[0], EBUSY)
    t.check("but be asked for", c.aq(0x607, b"", size=32)[0], 0)
    q.step(30000 * MS)
    t.check("loaded after 30 s", c.rd(FWSM) & FW_LOADING, 0)
    t.check("the link is restarted", c.aq(0x605)[0], 0)
    c.wr(PFGEN_CTRL, 1)
    q.step(MS)
    t.check("a PF reset may do it again", c.rd(FWSM) & FW_LOADING, FW_LOADING)
    c.open()


def test_broken(t, q, c):
    """Errors of the card: only a reset of the function brings it back"""
    for bit in (ECC_ERR, PCI_EXCEPTION):
        v = Vsi(c, 47, MACS[1])
        t.check("a queue runs", v.tx(eth(OUT, MACS[1], b"f" * 60)), True)
        q.command("qom-set", path="/machine/peripheral/pf0",
                  property="raise-oicr", value=bit)
        t.check(f"OICR {bit:#x}", c.rd(0x16ca00), bit)
        t.check("no queue runs", v.tx(eth(OUT, MACS[1], b"f" * 60)), False)
        v.stop_rx()
        v.start_rx()
        t.check("nor starts", c.rd(0x120000 + 4 * v.queue) >> 2 & 1, 0)
        c.wr(PFGEN_CTRL, 1)
        q.step(MS)
        c.open()
    v = Vsi(c, 47, MACS[1])
    t.check("after a PF reset it does", v.tx(eth(OUT, MACS[1], b"f" * 60)),
            True)
    close(c, v)


def card(*props):
    return {"props": ",".join(("addr=2.0", "siov=on") + props)}


if __name__ == "__main__":
    sys.exit(e810_card.main(__doc__, (
        ((test_vm_reset, test_rules, test_drop_rule, test_rxmax, test_mac_cfg,
          test_fd_section, test_capabilities, test_sched_answers,
          test_nine_layers, test_lists, test_rates, test_broken), {}),
        ((test_sched_answers, test_five_layers, test_vm_reset),
         card("sched-layers=5")),
        ((test_latency,), card("aq-latency-us=500")),
        ((test_late,), card("aq-late=3", "aq-late-ms=1500")),
        ((test_ebusy,), card("aq-ebusy=2")),
        ((test_ebusy_all,), card("aq-ebusy-all=3")),
        ((test_pfr,), card("pfr-ms=5300")),
        ((test_fw_loading,), card("fw-loading-ms=30000")),
    )))
