#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drive the emulated E810 and VT-d without any guest, through QEMU's qtest.

Prints TAP. Needs the testbed's QEMU and nothing else: no kernel, no firmware.
"""

import random
import struct
import sys

import e810_card
from e810_card import (BAR0, BAR3, BCAST, CAUSE_ENA, DEVFN, EOP_RS, ITR_NONE,
                       LAN, LB, LIST, MACS, MSI, OUT, PAGE_INT, PAGE_MBX,
                       PAGE_RX, PAGE_TX, PRUNE, VALID, VTD, WB_ON_ITR, csum,
                       eth, ip_ok, ipv4, pseudo, seeded, tcp, Vsi)


def test_pci(t, q, c):
    t.check("vendor and device", q.rd(c.cfg), 0x15928086)
    t.check("2048 MSI-X vectors in BAR3",
            (q.rd(c.cfg + 0x70) >> 16 & 0x7ff, q.rd(c.cfg + 0x74),
             q.rd(c.cfg + 0x78)), (2047, 3, 0x8003))
    t.check("PASID capability, 20 bits, no exec and privileged mode",
            (q.rd(c.cfg + 0x1c0) & 0xffff, q.rd(c.cfg + 0x1c4) & 0xffff),
            (0x1b, 20 << 8))
    t.check("AER capability", q.rd(c.cfg + 0x100) & 0xffff, 1)
    t.check("serial number, of the MAC address",
            (q.rd(c.cfg + 0x150), q.rd(c.cfg + 0x158), q.rd(c.cfg + 0x154)),
            (0x1c010003, 0x525400ff, 0xffe81001))
    q.wr(c.cfg + 0x10, 0xffffffff)
    t.check("BAR0 is 128 MiB", q.rd(c.cfg + 0x10), 0xf800000c)
    q.wr(c.cfg + 0x10, BAR0)
    t.check("MSI-X table in BAR0's page space",
            [c.rd(0x2e00000 + 16 * 5 + 4 * i) for i in range(4)],
            [MSI + 20, 0, 6, 0])
    t.check("undefined register", c.rd(0x4), 0xdeadbeef)
    t.check("rest of a doorbell page", c.rd(PAGE_TX + 8), 0xdeadbeef)


def test_aq(t, q, c):
    params, _ = c.ok(1)
    t.check("firmware API version 1.x", params[13], 1)
    t.check("unknown command", c.aq(0x7777)[0], 17)
    t.check("capabilities", c.aq(0xa, size=4096)[0], 0)
    _, buf = c.ok(0x107, size=32)
    t.check("MAC address", buf[2:8], bytes.fromhex("525400e81001"))
    _, buf = c.ok(0x607, b"\0\0\3", size=32)
    t.check("link is up", buf[2] & 1, 1)
    t.check("NVM version, in the copy behind the NVM module's header",
            c.ok(0x701, struct.pack("<I2xH", 1 << 31 | 0x10000 + 2 * (672 + 0x18),
                                    2), size=2)[1], b"\0\x40")
    t.check("frame size above the limit", c.aq(0x603, b"\x01\x26")[0], 14)
    t.check("command with a buffer too small", c.aq(0x210, size=4)[0], 14)
    before = q.stats()["vsis"]
    nums = []
    while True:
        rc, params, _ = c.aq(0x210, b"\0" * 6 + b"\1\0", bytes(128))
        if rc:
            break
        nums.append(struct.unpack_from("<H", params)[0])
    t.check("766 VSIs, then no space", (len(nums), rc), (766, 16))
    t.check("all different", len(set(nums)), 766)
    for n in nums:
        c.ok(0x213, struct.pack("<H", n))
    t.check("free again", q.stats()["vsis"], before)
    c.ok(0x213, struct.pack("<H", 1))
    params, _ = c.ok(0x210, b"\0" * 6 + b"\1\0", bytes(128))
    t.check("firmware's VSI freed can be had",
            struct.unpack_from("<HHHH", params), (1, 0, 1, 766))
    c.ok(0x2a4)
    lists = []
    for typ in (3, 4, 3):
        _, buf = c.ok(0x208, b"\1\0", struct.pack("<HHH", typ, 1, 0))
        lists.append(struct.unpack_from("<H", buf, 4)[0])
    params, buf = c.ok(0x20a, b"\3\0\0\0", size=8)
    t.check("VSI lists of one type", struct.unpack_from("<HHH", params) +
            struct.unpack("<HHHH", buf),
            (3, 0, 2, lists[0], lists[2], 0, 0))
    params, buf = c.ok(0x20a, b"\3\0\1\0", size=2)
    t.check("one after the other", struct.unpack_from("<HHH", params) +
            struct.unpack("<H", buf), (3, lists[2], 1, lists[0]))
    params, _ = c.ok(0x20a, b"\x58\0\1\0", size=8)
    t.check("no profiles of the flow director",
            struct.unpack_from("<HHH", params), (0x58, 0, 0))
    t.check("a list of the other type cannot be freed",
            c.aq(0x209, b"\1\0", struct.pack("<HHH", 4, 1, lists[0]))[0], 2)
    for typ, n in zip((3, 4, 3), lists):
        c.ok(0x209, b"\1\0", struct.pack("<HHH", typ, 1, n))
    t.check("free twice", c.aq(0x213, struct.pack("<H", nums[0]))[0], 2)


def test_sections(t, q, c):
    """What of a new VSI's context counts without being marked valid"""
    ctx = bytearray(128)
    ctx[3], ctx[4] = 0x20, 0x10
    params, _ = c.ok(0x210, b"\0" * 6 + b"\1\0", bytes(ctx))
    num = params[:2]
    _, buf = c.ok(0x212, num, size=128)
    t.check("added: a section that is not all zero", (buf[3], buf[4]),
            (0x20, 0x10))
    ctx[3] = 0x80
    c.ok(0x211, num, bytes(ctx))
    _, buf = c.ok(0x212, num, size=128)
    t.check("updated: none that is not marked", buf[3], 0x20)
    ctx[0] = 1
    c.ok(0x211, num, bytes(ctx))
    _, buf = c.ok(0x212, num, size=128)
    t.check("updated: what is marked", buf[3], 0x80)
    c.ok(0x213, num)


def test_pasid(t, q, c):
    a = Vsi(c, 10, MACS[1], 0xfedcb)
    b = Vsi(c, 11, MACS[2], 5)
    rc, _ = c.rule(1, VALID | LB | a.num << 4, MACS[1])
    t.check("second rule for an address", rc, 13)
    ctx = bytearray(128)
    struct.pack_into("<H", ctx, 0, 1 << 6)
    struct.pack_into("<H", ctx, 30, 11)
    t.check("Rx queue of another VSI", c.aq(0x211, struct.pack("<H", a.num),
                                            bytes(ctx))[0], 14)


    # Twelve queues are in a region of 16, whose last four are not theirs
    def queues(vsi, first, count, order):
        ctx = bytearray(128)
        struct.pack_into("<H", ctx, 0, 1 << 6)
        struct.pack_into("<HH", ctx, 30, first, count)
        struct.pack_into("<H", ctx, 62, order << 11)
        return c.aq(0x211, vsi, bytes(ctx))[0]

    more, next_one = (c.ok(0x210, b"\0" * 6 + b"\1\0", bytes(128))[0][:2] for _ in range(2))
    t.check("twelve queues, and four right behind them",
            (queues(more, 600, 12, 4), queues(next_one, 612, 4, 2)), (0, 0))
    t.check("the twelfth is taken", queues(next_one, 611, 4, 2), 14)
    for vsi in (more, next_one):
        c.ok(0x213, vsi)
    t.check("VSI_PASID register", c.rd(0x9c000 + 4 * a.num), 0x800fedcb)

    before, plain = q.by_pasid(), q.stats()["dma-no-pasid"]
    frame = eth(MACS[2], MACS[1], bytes(range(200)))
    t.check("sent", a.tx(frame), True)
    got = b.rx()
    t.check("arrives in the other VSI's memory", [g[0] for g in got], [frame])
    t.check("nothing to the port", q.frames(), [])
    after = q.by_pasid()
    t.check("DMA under both PASIDs",
            all(after[p]["writes"] > before.get(p, {"writes": 0})["writes"]
                for p in (5, 0xfedcb)), True)
    now = q.stats()["dma-no-pasid"]
    t.check("no DMA without PASID", now, plain)

    # one page away: the same address is not mapped for b
    c.map(5, b.rx_buf + 4096, 0, 0)
    c.flush()
    b.rx()
    faults = q.by_pasid()[5]["faults"]
    q.put64(VTD + 0x220 + 8, 1 << 63)   # fault record is free
    for _ in range(2):
        a.tx(frame)
    t.check("a blocked buffer is a fault", q.by_pasid()[5]["faults"],
            faults + 1)
    lo, hi = struct.unpack("<QQ", q.get(VTD + 0x220, 16))
    t.check("fault record: address, source, PASID, write",
            (lo, hi & 0xffff, hi >> 40 & 0xfffff, hi >> 62 & 1),
            (b.rx_buf + 4096, DEVFN, 5, 0))
    # read-only: reads of it fill the IOTLB, a write is a fault all the same
    c.map(5, b.rx_buf + 4096, b.phys(b.rx_buf + 4096))
    c.map(5, b.rx_buf + 8192, b.phys(b.rx_buf + 8192), 1)
    c.flush()
    q.put(b.phys(b.rx_buf + 8192), eth(OUT, MACS[2], bytes(46)))
    b.stop_rx()
    b.start_rx()
    c.wr(PAGE_RX + 4096 * 11, 8)
    q.put64(b.phys(b.tx_ring) + 16 * b.tx_next, b.rx_buf + 8192,
            EOP_RS | 60 << 34)
    b.tx_next += 1
    b.bell()
    t.check("a read-only page can be sent from", len(q.frames()), 1)
    q.put64(VTD + 0x220 + 8, 1 << 63)
    faults = q.by_pasid()[5]["faults"]
    for _ in range(3):
        a.tx(frame)
    lo, hi = struct.unpack("<QQ", q.get(VTD + 0x220, 16))
    t.check("but not be received into, which is recorded",
            (q.by_pasid()[5]["faults"] - faults, lo, hi >> 63,
             hi >> 40 & 0xfffff), (1, b.rx_buf + 8192, 1, 5))

    # with a PASID, 0xfeexxxxx is memory as any other
    c.map(5, b.rx_buf + 8192, b.phys(b.rx_buf + 8192))
    q.put(b.phys(b.rx_buf), bytes(4096))
    c.map(5, 0xfee00000, b.phys(b.rx_buf))
    c.flush()
    b.stop_rx()
    b.start_rx()
    q.put64(b.phys(b.rx_ring), 0xfee00000)
    a.tx(frame)
    t.check("PASID and 0xfee00000", [g[0] for g in b.rx()], [frame])

    # PASID entry gone: nothing moves, the queue stops, the other goes on
    c.set_pasid(5, 0)
    c.flush()
    q.put64(VTD + 0x220 + 8, 1 << 63)
    b.tx(eth(MACS[1], MACS[2], b"x" * 100))
    lo, hi = struct.unpack("<QQ", q.get(VTD + 0x220, 16))
    t.check("missing PASID entry: reason 0x59", (hi >> 32 & 0xff,
                                                 hi >> 40 & 0xfffff), (0x59, 5))
    t.check("and nothing arrives", a.rx(), [])
    t.check("the other VSI still sends", a.tx(eth(OUT, MACS[1], b"y" * 60)),
            True)
    t.check("to the port", len(q.frames()), 1)
    c.bind(5)
    c.flush()
    for v in (a, b):
        t.check("VSI with queues is not freed",
                c.aq(0x213, struct.pack("<H", v.num))[0], 12)
        close(c, v)


def close(c, v):
    c.rule(1, 0, v.mac, opcode=0x2a2, index=v.rule)
    v.stop_rx()
    assert v.stop_tx() == 0
    c.ok(0x213, struct.pack("<H", v.num))


def test_msi(t, q, c):
    """An MSI in compatibility format, while interrupts are remapped"""
    table = q.alloc()
    q.put64(VTD + 0xb8, table | 7)
    q.wr(VTD + 0x18, 1 << 31 | 1 << 24)
    q.wr(VTD + 0x18, 1 << 31 | 1 << 25)
    t.check("interrupt remapping is on", q.rd(VTD + 0x1c) >> 25 & 1, 1)
    q.put64(VTD + 0x220 + 8, 1 << 63)
    q.wr(BAR3 + 16 * 20, 0xfee00000)
    q.wr(BAR3 + 16 * 20 + 8, 0x40)
    c.wr(0x160000 + 4 * 20, 1 | 1 << 2 | 3 << 3)
    q.settle()
    hi = struct.unpack("<Q", q.get(VTD + 0x228, 8))[0]
    t.check("compatibility format: reason 0x25, source",
            (hi >> 63, hi >> 32 & 0xff, hi & 0xffff), (1, 0x25, DEVFN))
    q.wr(VTD + 0x18, 1 << 31)
    q.wr(BAR3 + 16 * 20, MSI + 4 * 20)
    q.wr(BAR3 + 16 * 20 + 8, 21)


def test_mailbox(t, q, c):
    v = Vsi(c, 20, MACS[1], 33)
    v.mbx_open()
    c.wr(0x16a000 + 4 * v.num, 7 | CAUSE_ENA | ITR_NONE)
    c.wr(0x16b280, 6 | CAUSE_ENA | ITR_NONE)
    for vec in (6, 7):
        c.wr(0x160000 + 4 * vec, 1 | 3 << 3)
        q.wr(MSI + 4 * vec, 0)
    t.check("BAL reads back", c.rd(v.mbx(0)), v.msq)
    v.mbx_send(1, b"hello")
    d = struct.unpack("<HHHHIIIIII", q.get(c.mbx_rq, 32))
    t.check("message at the PF: opcode, length, VSI, cookie",
            d[1:5], (0x801, 5, v.num, 1))
    t.check("its data", q.get(c.mbx_buf[0], 5), b"hello")
    t.check("PF's interrupt", q.rd(MSI + 4 * 6), 7)
    d = struct.unpack("<HHHHIIIIII", q.get(v.phys(v.msq), 32))
    t.check("descriptor is done", (d[0] & 7, d[3]), (3, 0))
    t.check("head", c.rd(v.mbx(3)), 1)
    v.mbx_send(2, b"evil", opcode=0x802)
    d = struct.unpack("<HHHHIIIIII", q.get(v.phys(v.msq) + 32, 32))
    t.check("only messages to the PF", (d[0] & 7, d[3]), (7, 3))

    q.put(c.mbx_sqbuf, b"world!")
    q.put(c.mbx_sq, struct.pack("<HHHHIIIIII", 0x3400, 0x802, 6, 0, 9, 8,
                                v.num, 0, 0, c.mbx_sqbuf))
    c.wr(0x22e300, 1)
    q.settle()
    d = struct.unpack("<HHHHIIIIII", q.get(v.phys(v.mrq), 32))
    t.check("answer: opcode, length, cookies", (d[1], d[2], d[4], d[5]),
            (0x802, 6, 9, 8))
    t.check("its data in the VSI's memory", q.get(v.phys(v.mrq_buf), 6),
            b"world!")
    t.check("VSI's interrupt", q.rd(MSI + 4 * 7), 8)

    # the PF's queue is full: messages wait, none is lost
    for i in range(7):
        v.mbx_send(100 + i, b"m")
    t.check("PF's queue is full", c.rd(0x22e500), c.rd(0x22e580))
    t.check("one message waits", c.rd(v.mbx(3)) != c.rd(v.mbx(4)), True)
    c.wr(0x22e580, 2)
    q.settle()
    t.check("until there is room", c.rd(v.mbx(3)), c.rd(v.mbx(4)))

    c.wr(v.mbx(4), 500)                 # a tail beyond the ring
    q.settle()
    t.check("tail beyond the ring: critical error",
            c.rd(v.mbx(2)) >> 30 & 1, 1)

    # reset of the VSI
    t.check("VMRD 0 in reset", c.reset_vsi(v.num, False), 0)
    t.check("VMRD 1 when done", c.reset_vsi(v.num), 1)
    t.check("mailbox registers are 0", [c.rd(v.mbx(i)) for i in range(10)],
            [0] * 10)
    c.wr(v.mbx(0), 0x1000)
    t.check("and stay", c.rd(v.mbx(0)), 0)
    c.wr(0x9e600, v.num)
    t.check("nothing pending", c.rd(0x9e800), 0)
    dma = q.by_pasid()[33]
    v.tx(eth(OUT, MACS[1], b"z" * 60))
    q.send(eth(MACS[1], OUT, b"z" * 60))
    t.check("no DMA in reset", q.by_pasid()[33], dma)
    c.wr(0x91800 + 4 * v.num, 0)
    close(c, v)


def test_offload(t, q, c):
    a = Vsi(c, 30, MACS[1], 71)
    b = Vsi(c, 31, MACS[2], 72, vlan=(0, 3))     # strips tags
    mac, ip, l4 = 7, 5 << 7, 5 << 14

    raw = ipv4(6, tcp(1, 2, b"d" * 301), good=False)
    raw = raw[:20] + seeded(raw, raw[20:], 16, len(raw) - 20)
    a.tx(eth(OUT, MACS[1], raw), cmd=0x60 | 0x100, off=mac | ip | l4)
    out = q.frames()
    t.check("IPv4 and TCP checksum", [ip_ok(f) for f in out], [True])

    udp = struct.pack(">HHHH", 5, 6, 8 + 33, 0) + b"u" * 33
    raw = ipv4(17, udp)
    raw = raw[:20] + seeded(raw, raw[20:], 6, len(raw) - 20)
    a.tx(eth(OUT, MACS[1], raw), cmd=0x40 | 0x300, off=mac | ip | 2 << 14)
    out = q.frames()
    t.check("UDP checksum, padded frame", [(ip_ok(f), len(f)) for f in out],
            [(True, 75)])

    data = bytes(random.randrange(256) for _ in range(5000))
    raw = ipv4(6, tcp(1, 2, data, flags=0x19 | 0x80), good=False)
    raw = raw[:20] + seeded(raw, raw[20:], 16, 0)
    ctx = (0, 1 | 1 << 4 | 5000 << 30 | 1400 << 50)
    a.tx(eth(OUT, MACS[1], raw), cmd=0x60 | 0x100, off=mac | ip | l4, ctx=ctx)
    out = q.frames()
    t.check("TSO: 4 segments", [len(f) for f in out],
            [1454, 1454, 1454, 854])
    t.check("with checksums", all(ip_ok(f) for f in out), True)
    t.check("data", b"".join(f[54:] for f in out), data)
    t.check("sequence numbers",
            [struct.unpack_from(">I", f, 38)[0] for f in out],
            [1000, 2400, 3800, 5200])
    t.check("flags: CWR first, FIN and PSH last", [f[47] for f in out],
            [0x90, 0x10, 0x10, 0x19])
    t.check("IPv4 ids", [struct.unpack_from(">H", f, 18)[0] for f in out],
            [7, 8, 9, 10])

    # more segments than the card sends in one go: as much work as 20000 / 64
    data = bytes(random.randrange(256) for _ in range(20000))
    raw = ipv4(6, tcp(1, 2, data), good=False)
    raw = raw[:20] + seeded(raw, raw[20:], 16, 0)
    sent = q.stats()["tx-packets"]
    ctx = (0, 1 | 1 << 4 | 20000 << 30 | 64 << 50)
    a.tx(eth(OUT, MACS[1], raw), cmd=0x60 | 0x100, off=mac | ip | l4, ctx=ctx)
    q.settle()
    t.check("TSO in several turns", (q.stats()["tx-packets"] - sent,
                                     c.rd(0xe0000 + 4 * 30)), (313, a.tx_next - 1))
    q.frames()

    frame = eth(MACS[2], MACS[1], b"v" * 80)
    a.tx(frame, cmd=8, tag=0x2005)
    got = b.rx()
    t.check("tag inserted, stripped on the other side",
            [(g[0], g[1][0] >> 16 & 0xffff, g[1][1] >> 2 & 1) for g in got],
            [(frame, 0x2005, 1)])
    a.tx(frame, ctx=(0x0007 << 32, 1 | 4 << 4))
    t.check("second tag by context descriptor",
            [g[1][0] >> 16 & 0xffff for g in b.rx()], [7])
    b.tx(eth(MACS[1], MACS[2], b"w" * 80), cmd=8, tag=9)
    t.check("not stripped here", [g[0][12:16] for g in a.rx()],
            [b"\x81\0\0\x09"])

    big = eth(MACS[2], MACS[1], bytes(random.randrange(256)
                                      for _ in range(9700)))
    a.tx(big)
    got = b.rx()
    t.check("9714 bytes over 3 buffers", [g[0] == big for g in got], [True])

    good = eth(MACS[1], OUT, ipv4(6, b"".join((tcp(1, 2, b"q" * 40),))))
    body = good[34:]
    body = body[:16] + struct.pack(">H", ~csum(body, pseudo(good[14:], 60)) &
                                   0xffff) + body[18:]
    good = good[:34] + body
    bad = good[:-1] + b"!"
    q.send(good)
    q.send(bad)
    badip = good[:24] + b"\0\0" + good[26:]
    q.send(badip)
    got = [g[1][1] for g in a.rx()]
    t.check("Rx checksum: L3L4P, IPE, L4E, packet type",
            [(w >> 3 & 1, w >> 22 & 1, w >> 23 & 1, w >> 30 & 0xff)
             for w in got], [(1, 0, 0, 26), (1, 0, 1, 26), (1, 1, 0, 26)])

    a.stop_rx()
    a.start_rx(rxdid=2)
    q.send(good)
    got = [g[1] for g in a.rx()]
    t.check("flex descriptor: profile, type, status",
            [(w[0] & 0x3f, w[0] >> 16 & 0x3ff, w[1] & 0xb) for w in got],
            [(2, 26, 0xb)])
    a.stop_rx()
    a.start_rx(dsize=0, rxdid=0, crcstrip=0)
    q.send(good)
    got = a.rx()
    t.check("16-byte descriptors, CRC kept",
            [(g[0][:-4] == good, g[1][1] >> 4 & 1) for g in got], [(True, 1)])
    a.stop_rx()
    a.start_rx(rxdid=23)
    t.check("unknown profile: queue does not start",
            c.rd(0x120000 + 4 * 30) & 4, 0)
    a.start_rx()
    close(c, a)
    close(c, b)


ADDRS = {4: bytes((10, 0, 0, 1, 10, 0, 0, 2)), 6: bytes(range(1, 33))}


def inet(ver, proto, body, ident=0, length=None):
    """An IP packet; or with another length, and then no checksum"""
    if ver == 6:
        return struct.pack(">IHBB", 6 << 28 | 0x12345, len(body) if length is
                           None else length, proto, 64) + ADDRS[6] + body
    h = struct.pack(">BBHHHBBH", 0x45, 3, 20 + len(body) if length is None
                    else length, ident & 0xffff, 0x4000, 64, proto, 0) + ADDRS[4]
    if length is None:
        h = h[:10] + struct.pack(">H", ~csum(h) & 0xffff) + h[12:]
    return h + body


def l4_sum(ver, proto, body, at, seed=None):
    """Its checksum, or the pseudo header's sum for SEED bytes, as drivers have it"""
    sums = csum(ADDRS[ver] + struct.pack(">II", len(body) if seed is None else
                                         seed, proto))
    if seed is None:
        sums = ~csum(body, sums) & 0xffff
        if proto == 17 and not sums:
            sums = 0xffff
    return body[:at] + struct.pack(">H", sums) + body[at + 2:]


class Tunnel:
    """A kind of tunnel: frames as they must be, and as a driver has the card make them"""

    def __init__(self, outer, inner, kind="", hdr=b"", mac=b"", fill=False, l4=6):
        self.outer, self.inner, self.kind, self.hdr = outer, inner, kind, hdr
        self.mac, self.fill, self.l4 = mac, fill, l4

    def tcp(self, n, pos, data, last):
        """The inner header of the nth of several segments, and its data"""
        if self.l4 == 17:
            return struct.pack(">HHHH", 5, 6, 8 + len(data), 0) + data
        flags = 0x10 | (0x80 if n == 0 else 0) | (9 if last else 0)
        return tcp(1, 2, data, flags, (0xfffffe00 + pos) & 0xffffffff)

    def wrap(self, body, n, udp, **kw):
        if self.kind == "udp":
            body = struct.pack(">HHHH", 7777, 4789, *udp(body)) + self.hdr + body
            if self.fill:
                body = l4_sum(self.outer, 17, body, 6, kw.pop("seed", None))
            proto = 17
        elif self.kind == "gre":
            body, proto = self.hdr + body, 47
        else:
            proto = 41 if self.inner == 6 else 4
        kw.pop("seed", None)
        return eth(OUT, MACS[1], inet(self.outer, proto, body, 0xffff + n, **kw),
                   typ=0x0800 if self.outer == 4 else 0x86dd)

    def right(self, data, n=0, pos=0, last=True, same_id=False, csum_field=0):
        """A frame with all that is in it right, but for a checksum that is not the card's"""
        at = 6 if self.l4 == 17 else 16
        body = l4_sum(self.inner, self.l4, self.tcp(n, pos, data, last), at)
        body = self.mac + inet(self.inner, self.l4, body, 20 + n)
        return self.wrap(body, 0 if same_id else n, lambda b: (
            8 + len(self.hdr) + len(b), csum_field))

    def raw(self, data, tso, csum_field=0):
        at = 6 if self.l4 == 17 else 16
        body = self.tcp(0, 0, data, True)
        body = l4_sum(self.inner, self.l4, body, at, 0 if tso else len(body))
        body = self.mac + inet(self.inner, self.l4, body, 20, **({"length": 0} if tso else {}))
        size = 8 + len(self.hdr) + len(body)
        return self.wrap(body, 0, lambda b: (0 if tso else size, csum_field),
                         seed=0 if tso else size, **({"length": 0} if tso else {}))

    def send(self, vsi, data, mss=0, csum_field=0, noinc=0, **kw):
        v6 = self.inner == 6
        nat = len(self.mac) + len(self.hdr) + (8 if self.kind == "udp" else 0)
        cmd = (0x20 if v6 else 0x60 if mss else 0x40) | (0x100 if self.l4 == 6 else 0x300)
        off = 7 | (10 if v6 else 5) << 7 | (5 if self.l4 == 6 else 2) << 14
        params = ((1 if self.outer == 6 else 3 if mss else 2) |
                  (10 if self.outer == 6 else 5) << 2 |
                  ("", "udp", "gre").index(self.kind) << 9 | noinc << 11 |
                  nat // 2 << 12 | self.fill << 23)
        qw1 = 1 | (1 << 4 | len(data) << 30 | mss << 50 if mss else 0)
        return vsi.tx(self.raw(data, bool(mss), csum_field), cmd=cmd | kw.pop("cmd", 0), off=off,
                      ctx=(params, qw1), **kw)

    def segments(self, data, mss, **kw):
        return [self.right(data[pos:pos + mss], pos // mss, pos, pos + mss >= len(data), **kw)
                for pos in range(0, len(data), mss)]


def test_tunnel(t, q, c):
    a, b = Vsi(c, 32, MACS[1], 73), Vsi(c, 33, MACS[2], 74)
    mac = eth(MACS[5], MACS[6], b"")
    mac6 = eth(MACS[5], MACS[6], b"", typ=0x86dd)
    vxlan = struct.pack(">II", 8 << 24, 42 << 8)
    geneve = struct.pack(">BBHI8x", 2, 0, 0x6558, 42 << 8)
    kinds = {
        "VXLAN": Tunnel(4, 4, "udp", vxlan, mac),
        "VXLAN with checksum": Tunnel(4, 4, "udp", vxlan, mac, True),
        "VXLAN over IPv6": Tunnel(6, 6, "udp", vxlan, mac6, True),
        "Geneve with options": Tunnel(6, 4, "udp", geneve, mac, True),
        "GRE": Tunnel(4, 4, "gre", struct.pack(">HH", 0, 0x800)),
        "GRE with key": Tunnel(4, 6, "gre", struct.pack(">HHI", 0x2000, 0x86dd, 9)),
        "GRE over IPv6": Tunnel(6, 4, "gre", struct.pack(">HH", 0, 0x800)),
        "Ethernet in GRE": Tunnel(4, 4, "gre", struct.pack(">HH", 0, 0x6558), mac),
        "IPIP": Tunnel(4, 4), "SIT": Tunnel(4, 6), "4in6": Tunnel(6, 4), "6in6": Tunnel(6, 6),
        "UDP in VXLAN": Tunnel(4, 4, "udp", vxlan, mac, True, 17),
    }
    data = bytes(random.randrange(256) for _ in range(3001))
    for name, k in kinds.items():
        k.send(a, data[:701])
        t.check(f"{name}: checksums", q.frames(), [k.right(data[:701])])
        k.send(a, data, 1000)
        t.check(f"{name}: segments", q.frames(), k.segments(data, 1000))

    # GSO_PARTIAL: the outer checksum is the driver's, and the same for all
    k = kinds["VXLAN"]
    k.send(a, data, 1000, 0xabcd)
    t.check("an outer checksum that is not asked for stays", q.frames(),
            k.segments(data, 1000, csum_field=0xabcd))
    k.send(a, data, 1000, noinc=1)
    t.check("one outer id for all segments", q.frames(), k.segments(data, 1000, same_id=True))
    k.send(a, data, 1000, cmd=8, tag=0x123)
    t.check("with a VLAN tag", q.frames(),
            [f[:12] + b"\x81\0\x01\x23" + f[12:] for f in k.segments(data, 1000)])
    # More than the card sends in one go
    k.send(a, data * 8, 64)
    t.check("segments in several turns", q.frames(), k.segments(data * 8, 64))
    outer = k.right(data[:100])
    a.tx(outer[:24] + b"\0\0" + outer[26:], off=7, ctx=(3 | 5 << 2 | 1 << 9 | 15 << 12, 1))
    t.check("the outer IP checksum alone", q.frames(), [outer])

    # Who gets such a frame looks at the outer headers
    k = kinds["VXLAN with checksum"]
    for name, field, want in (("right", None, 0), ("wrong", b"\x12\x34", 1)):
        f = k.right(data[:100])[6:50] + k.raw(data[:100], False)[50:]
        f = MACS[2] + (f if field is None else f[:34] + field + f[36:])
        a.tx(f, cmd=0x40 | 0x100, off=7 | 5 << 7 | 5 << 14, ctx=(2 | 5 << 2 | 1 << 9 | 15 << 12, 1))
        t.check(f"{name} outer checksum of the sender: packet type, L3L4P, L4E",
                [(g[1][1] >> 30 & 0xff, g[1][1] >> 3 & 1, g[1][1] >> 23 & 1) for g in b.rx()],
                [(24, 1, want)])
    close(c, a)
    close(c, b)


def test_switch(t, q, c):
    v = [Vsi(c, 50 + i, MACS[1 + i], 100 + i, sec=0x4) for i in range(3)]
    lst = c.vsi_list([x.num for x in v])
    rc, bc = c.rule(1, VALID | LB | LAN | LIST | lst << 4, BCAST)
    t.check("broadcast rule with a VSI list", rc, 0)
    frame = eth(BCAST, MACS[1], b"b" * 60)
    v[0].tx(frame)
    t.check("broadcast goes to the others and to the port",
            ([len(x.rx()) for x in v], len(q.frames())), ([0, 1, 1], 1))
    q.send(eth(BCAST, OUT, b"b" * 60))
    t.check("from the port to all", [len(x.rx()) for x in v], [1, 1, 1])
    q.send(eth(b"\1\0\x5e\0\0\1", OUT, b"m" * 60))
    t.check("unknown multicast to none", [len(x.rx()) for x in v], [0, 0, 0])
    spoof = q.stats()["spoof-mac"]
    t.check("a foreign source address is completed",
            v[0].tx(eth(MACS[2], MACS[3], b"s" * 60)), True)
    t.check("but dropped", (len(v[1].rx()), q.stats()["spoof-mac"],
                            q.frames()), (0, spoof + 1, []))
    t.check("and counted for the VSI", c.rd(0x312000 + 4 * v[0].num), 1)
    v[0].tx(eth(MACS[9], MACS[1], b"o" * 60))
    t.check("unknown address to the port", len(q.frames()), 1)

    rc, promisc = c.rule(3, VALID | v[2].num << 4, typ=0)
    q.send(eth(MACS[1], OUT, b"p" * 60))
    q.send(eth(MACS[9], OUT, b"p" * 60))
    t.check("promiscuous unicast", [len(x.rx()) for x in v], [1, 0, 2])
    c.rule(3, 0, opcode=0x2a2, index=promisc)
    q.send(eth(MACS[9], OUT, b"p" * 60))
    t.check("and no longer", [len(x.rx()) for x in v], [0, 0, 0])

    added = [c.rule(1, LAN | LB | VALID | v[1].num << 4, mac)
             for mac in (b"\x82\xa0\xff\x6f\x7b\xd2",
                         b"\x33\x33\xff\x6f\x7b\xd2")]
    t.check("addresses that differ in their first bytes only",
            [rc for rc, _ in added], [0, 0])
    for _, index in added:
        c.rule(1, 0, opcode=0x2a2, index=index)

    vl = c.vsi_list([v[0].num, v[1].num], typ=4)
    rc, vr = c.rule(4, PRUNE | LIST | vl << 4, vlan=5)
    t.check("VLAN rule", rc, 0)
    for x in v:
        ctx = x.ctx(0x20, 0x11, 0x14, None)
        c.ok(0x211, struct.pack("<H", x.num), ctx)
    q.send(eth(BCAST, OUT, b"t" * 60, vlan=5))
    q.send(eth(BCAST, OUT, b"t" * 60, vlan=6))
    q.send(eth(BCAST, OUT, b"t" * 60))
    t.check("Rx VLAN pruning", [len(x.rx()) for x in v], [1, 1, 0])
    drops = q.stats()["spoof-vlan"]
    v[0].tx(eth(MACS[2], MACS[1], b"t" * 60, vlan=6))
    v[0].tx(eth(MACS[2], MACS[1], b"t" * 60, vlan=5))
    t.check("Tx VLAN pruning", (len(v[1].rx()), q.stats()["spoof-vlan"]),
            (1, drops + 1))
    # port VLAN: untagged in, tagged with 5 on the wire, stripped again
    ctx = v[0].ctx(0x20, 0x11, 0x14, (5, 1 | 4 | 2 << 3))
    c.ok(0x211, struct.pack("<H", v[0].num), ctx)
    v[0].tx(eth(MACS[2], MACS[1], b"t" * 60))
    t.check("port VLAN inserted", [g[0][12:16] for g in v[1].rx()],
            [b"\x81\0\0\5"])
    v[0].tx(eth(MACS[2], MACS[1], b"t" * 60, vlan=5))
    t.check("own tags refused", len(v[1].rx()), 0)
    c.rule(4, 0, opcode=0x2a2, index=vr)

    ctx = v[0].ctx(0xa0, 0x10, 0, None)
    c.ok(0x211, struct.pack("<H", v[0].num), ctx)
    q.send(eth(BCAST, MACS[1], b"r" * 60))
    t.check("own source from the port is pruned", len(v[0].rx()), 0)
    c.rule(1, 0, opcode=0x2a2, index=bc)
    c.ok(0x209, struct.pack("<H", 1), struct.pack("<HHH", 3, 1, lst))
    c.ok(0x209, struct.pack("<H", 1), struct.pack("<HHH", 4, 1, vl))
    stat = [c.rd(r + 8 * v[1].num) for r in (0x3b2000, 0x3b6000, 0x30a000)]
    t.check("statistics of a VSI: unicast and broadcast in, unicast out",
            stat, [2, 3, 0])
    for x in v:
        close(c, x)


def test_link(t, q, c):
    """The cable is pulled: an event for the PF, VSIs still talk"""
    arq, buf = q.alloc(), q.alloc()
    for i in range(4):
        q.put(arq + 32 * i, struct.pack("<HHHHIIIIII", 0x1200, 0, 4096, 0, 0, 0,
                                        0, 0, 0, buf))
    for reg, val in ((0x80, arq), (0x180, 0), (0x280, 4 | 1 << 31), (0x380, 0),
                     (0x480, 3)):
        c.wr(0x80000 + reg, val)
    c.wr(0x16c800, 8 | CAUSE_ENA | ITR_NONE)
    c.wr(0x160000 + 4 * 8, 1 | 3 << 3)
    q.wr(MSI + 4 * 8, 0)
    a, b = Vsi(c, 55, MACS[1], 150), Vsi(c, 56, MACS[2], 151)
    c.ok(0x607, b"\0\0\2", size=32)
    q.command("set_link", name="pf0", up=False)
    t.check("no event that was not asked for", c.rd(0x80380), 0)
    q.command("set_link", name="pf0", up=True)
    c.ok(0x607, b"\0\0\3", size=32)
    q.command("set_link", name="pf0", up=False)
    d = struct.unpack("<HHHHIIIIII", q.get(arq, 32))
    t.check("link event", (d[0] & 1, d[1], q.get(buf, 3)[2] & 1,
                           q.rd(MSI + 4 * 8)), (1, 0x607, 0, 9))
    _, link = c.ok(0x607, size=32)
    t.check("link is down", link[2] & 1, 0)
    a.tx(eth(MACS[2], MACS[1], b"l" * 60))
    a.tx(eth(OUT, MACS[1], b"l" * 60))
    t.check("VSIs still talk, nothing goes out", (len(b.rx()), q.frames()),
            (1, []))
    q.command("set_link", name="pf0", up=True)
    d = struct.unpack("<HHHHIIIIII", q.get(arq + 32, 32))
    t.check("and up again", (d[1], q.get(buf, 3)[2] & 1), (0x607, 1))
    a.tx(eth(OUT, MACS[1], b"l" * 60))
    t.check("frames go out again", len(q.frames()), 1)
    q.command("qom-set", path="/machine/peripheral/pf0",
              property="lan-overflow", value=a.queue)
    d = struct.unpack("<HHHHIIIIII", q.get(arq + 64, 32))
    t.check("overflow event", (d[0] & 1, d[1], d[2], d[6]),
            (1, 0x1001, 0, a.queue))
    close(c, a)
    close(c, b)


def test_counters(t, q, c):
    def port(*regs):
        return [c.rd(0x380000 + r) for r in regs]

    def vsi(v, *regs):
        return [c.rd(r + 8 * v.num) for r in regs]

    a = Vsi(c, 10, MACS[1], 11)
    _, rule = c.rule(1, LAN | LB | VALID | a.num << 4, b"\xff" * 6)
    before = port(0, 0x900, 0x940, 0xa80, 0x240, 0x1300, 0x1380)
    mine = vsi(a, 0x3b0000, 0x3b2000, 0x3b6000)
    q.send(eth(MACS[1], OUT, b"c" * 6))
    q.send(eth(MACS[1], OUT, b"c" * 100))
    q.send(eth(b"\xff" * 6, OUT, b"c" * 1600))
    q.send(eth(OUT, OUT, b"c" * 9711))
    a.rx()
    t.check("received by the port, with CRC, and by size",
            [y - x for x, y in zip(before, port(0, 0x900, 0x940, 0xa80, 0x240,
                                                0x1300, 0x1380))],
            [64 + 118 + 1618, 1, 1, 1, 1, 2, 1])
    t.check("received by the VSI, with CRC",
            [y - x for x, y in zip(mine, vsi(a, 0x3b0000, 0x3b2000,
                                             0x3b6000))],
            [64 + 118 + 1618, 2, 1])
    before = port(0xb40, 0xb80, 0xbc0, 0x11c0, 0x1240, 0x1280)
    mine = vsi(a, 0x300000, 0x30a000, 0x30e000)
    a.tx(eth(OUT, MACS[1], b"c" * 6))
    a.tx(eth(b"\xff" * 6, MACS[1], b"c" * 100))
    q.command("set_link", name="pf0", up=False)
    a.tx(eth(OUT, MACS[1], b"c" * 50))
    q.command("set_link", name="pf0", up=True)
    q.frames()
    t.check("sent by the port, with CRC, and by size",
            [y - x for x, y in zip(before, port(0xb40, 0xb80, 0xbc0, 0x11c0,
                                                0x1240, 0x1280))],
            [64 + 118, 1, 1, 1, 1, 1])
    t.check("sent by the VSI, without CRC",
            [y - x for x, y in zip(mine, vsi(a, 0x300000, 0x30a000,
                                             0x30e000))],
            [60 + 114 + 64, 2, 1])
    c.rule(1, 0, b"\xff" * 6, opcode=0x2a2, index=rule)
    close(c, a)


def test_plain(t, q, c):
    """The card as it is shipped: no pages, no PASID"""
    q.wr(c.cfg + 0x10, 0xffffffff)
    t.check("BAR0 is 32 MiB", q.rd(c.cfg + 0x10), 0xfe00000c)
    q.wr(c.cfg + 0x10, BAR0)
    t.check("no PASID capability behind the serial number",
            (q.rd(c.cfg + 0x150), q.rd(c.cfg + 0x1c0)), (0x00010003, 0))
    t.check("firmware answers", c.aq(1)[0], 0)


def test_irq(t, q, c):
    v = Vsi(c, 60, MACS[1], 200)
    vec = 9
    msi = MSI + 4 * vec

    def arrived():
        q.settle()
        val = q.rd(msi)
        q.wr(msi, 0)
        return val == vec + 1

    q.wr(msi, 0)
    c.wr(0x150000 + 4 * 60, vec | CAUSE_ENA)        # ITR 0
    c.wr(0x154000 + 4 * vec, 25)                    # 50 us
    page = PAGE_INT + 4096 * vec
    t.check("ITR in the vector's page", c.rd(page + 4), 25)
    frame = eth(MACS[1], OUT, b"i" * 60)
    q.send(frame)
    t.check("no interrupt before INTENA", arrived(), False)
    q.step(1000000)
    c.wr(page, 1 | 3 << 3)
    t.check("the event is not lost", arrived(), True)
    t.check("automask", c.rd(page) & 1, 0)
    q.send(frame)
    c.wr(page, 1 | 3 << 3)
    t.check("held by the ITR", arrived(), False)
    q.step(40000)
    t.check("still", arrived(), False)
    q.step(20000)
    t.check("50 us after the last one", arrived(), True)
    c.wr(page, 1 | 2 | 0 << 3 | 100 << 5)
    t.check("interval by DYN_CTL", c.rd(0x154000 + 4 * vec), 100)
    c.wr(page, 1 << 2 | 3 << 3 | 1 << 31)
    t.check("software interrupt", arrived(), True)
    c.wr(page, 1 << 31 | 3 << 3)
    t.check("INTENA_MSK leaves INTENA alone", c.rd(page) & 1, 0)
    v.rx()
    q.wr(BAR3 + 16 * vec + 12, 1)                   # masked in MSI-X
    c.wr(page, 1 | 1 << 2 | 3 << 3)
    t.check("masked", (arrived(), q.rd(BAR3 + 0x8000) >> vec & 1), (False, 1))
    q.wr(BAR3 + 16 * vec + 12, 0)
    t.check("unmasked", arrived(), True)
    close(c, v)


def test_writeback(t, q, c):
    v = Vsi(c, 61, MACS[1], 201)
    vec = 10
    msi = MSI + 4 * vec
    page = PAGE_INT + 4096 * vec
    frame = eth(MACS[1], OUT, b"w" * 60)

    q.wr(msi, 0)
    c.wr(0x150000 + 4 * 61, 0)
    q.send(frame)
    t.check("half a cache line waits", len(v.rx()), 0)
    q.send(frame)
    t.check("a full one does not", len(v.rx()), 2)
    c.wr(0x150000 + 4 * 61, vec | CAUSE_ENA)        # ITR 0
    c.wr(0x154000 + 4 * vec, 25)                    # 50 us
    q.send(frame)
    t.check("nor does a vector without INTENA help", len(v.rx()), 0)
    q.step(1000000)
    c.wr(page, WB_ON_ITR | 3 << 3)
    t.check("WB_ON_ITR does", len(v.rx()), 1)
    q.send(frame)
    q.send(frame)
    t.check("within the interval, only the full line", len(v.rx()), 1)
    q.step(60000)
    t.check("and the rest at its end", len(v.rx()), 1)
    t.check("without an interrupt", q.rd(msi), 0)
    c.wr(page, 3 << 3)
    q.send(frame)
    q.send(frame)
    t.check("WB_ON_ITR is off again", len(v.rx()), 1)
    q.step(60000)
    c.wr(page, 1 | 3 << 3)
    t.check("an interrupt writes back", (len(v.rx()), q.rd(msi)),
            (1, vec + 1))
    c.wr(page, 3 << 3)
    q.send(frame)
    q.send(frame)
    v.rx()
    v.stop_rx()
    t.check("and so does the end of the queue", len(v.rx()), 1)
    close(c, v)


def test_malicious(t, q, c):
    good = Vsi(c, 70, MACS[1], 300)
    v = Vsi(c, 71, MACS[2], 301)
    cases = (
        ("unknown descriptor type", (0, 5)),
        ("filter descriptor", (0, 8)),
        ("two context descriptors", (0, 1), (0, 1)),
        ("empty buffer", (v.tx_buf, 0 | EOP_RS)),
        ("runt", (v.tx_buf, EOP_RS | 16 << 34)),
        ("header lengths beyond the packet",
         (v.tx_buf, EOP_RS | 0x160 << 4 | 127 << 16 | 127 << 23 | 60 << 34)),
        ("TSO with a small MSS",
         (0, 1 | 1 << 4 | 46 << 30 | 10 << 50),
         (v.tx_buf, EOP_RS | 0x160 << 4 | 7 << 16 | 5 << 23 | 5 << 30 |
          100 << 34)),
        ("TSO of a wrong length",
         (0, 1 | 1 << 4 | 99 << 30 | 100 << 50),
         (v.tx_buf, EOP_RS | 0x160 << 4 | 7 << 16 | 5 << 23 | 5 << 30 |
          100 << 34)),
        *((f"tunnel: {name}", (params, 1), (v.tx_buf, EOP_RS | cmd << 4 | 7 << 16 | 5 << 23 |
                                             5 << 30 | 60 << 34)) for name, params, cmd in (
            ("no lengths", 1, 0),
            ("IPv6 that is IPv4", 1 | 10 << 2, 0),
            ("a short IPv4 header", 2 | 4 << 2, 0),
            ("of an unknown kind", 2 | 5 << 2 | 3 << 9 | 4 << 12, 0),
            ("a short UDP header", 2 | 5 << 2 | 1 << 9 | 3 << 12, 0),
            ("a short GRE header", 2 | 5 << 2 | 2 << 9 | 1 << 12, 0),
            ("headers of no kind", 2 | 5 << 2 | 4 << 12, 0),
            ("UDP checksum without UDP", 2 | 5 << 2 | 2 << 9 | 4 << 12 | 1 << 23, 0),
            ("lengths without headers", 5 << 2, 0),
            ("TTL", 2 | 5 << 2 | 1 << 19, 0),
            ("reserved bits", 2 | 5 << 2 | 1 << 24, 0),
            ("outer header beyond the packet", 2 | 127 << 2, 0),
            ("headers beyond the packet", 2 | 5 << 2 | 1 << 9 | 127 << 12, 0),
            ("inner headers beyond the packet", 2 | 5 << 2, 0x140),
            ("no inner IP header", 2 | 5 << 2, 0x40),
            ("TCP without IP", 2 | 5 << 2, 0x100))),
        ("tunnel: TSO without payload",
         (2 | 5 << 2, 1 | 1 << 4 | 100 << 50),
         (v.tx_buf + 4096, EOP_RS | 0x140 << 4 | 7 << 16 | 5 << 23 | 5 << 30 | 74 << 34)),
        ("nine buffers", *[(v.tx_buf, 20 << 34)] * 9),
        ("too long", *[(v.tx_buf, 4096 << 34)] * 3),
    )
    for name, *descs in cases:
        q.put(v.phys(v.tx_buf), eth(OUT, MACS[2], ipv4(6, tcp(1, 2, b""))))
        q.put(v.phys(v.tx_buf + 4096), b"\x45" * 74)
        mdd = q.stats()["mdd"]
        c.rd(0x16ca00)
        for d in descs:
            v.desc(*d)
        v.bell()
        mdet = c.rd(0xfc068)
        t.check(f"{name}: queue stopped, reported",
                (q.stats()["mdd"] - mdd, mdet >> 31, mdet & 0x7fff,
                 c.rd(0xfc000), c.rd(0x16ca00) >> 19 & 1), (1, 1, 71, 1, 1))
        c.wr(0xfc068, 0xffffffff)
        c.wr(0xfc000, 0xffff)
        dma = q.by_pasid()[301]
        v.tx(eth(OUT, MACS[2], b"e" * 60))
        assert q.by_pasid()[301] == dma, name
        assert v.stop_tx() == 0
        v.start_tx()
    v.bell(33)
    t.check("tail beyond the ring", c.rd(0x2d2e00) >> 12 & 0x3fff, 71)
    c.wr(0x2d2e00, 0xffffffff)
    v.stop_tx()
    v.start_tx()
    v.rx_tail(8000)
    t.check("Rx tail beyond the ring", c.rd(0x294c00) & 0x7fff, 71)
    c.wr(0x294c00, 0xffffffff)
    t.check("after all that, it works", v.tx(eth(MACS[1], MACS[2], b"f" * 60)),
            True)
    t.check("and so does the other", len(good.rx()), 1)
    v.desc(v.tx_buf, 60 << 34)
    v.bell()
    t.check("a packet without end waits", c.rd(0xe0000 + 4 * 71), 0)
    v.desc(v.tx_buf + 60, EOP_RS | 40 << 34)
    v.bell()
    t.check("until the end is there", c.rd(0xe0000 + 4 * 71), 2)
    q.frames()
    close(c, v)
    close(c, good)


def test_heads(t, q, c):
    """Where queues are: read, kept, and set as a driver that restores them does"""
    n = 75
    head, ctl, data = 0xe0000 + 4 * n, 0x2d2dc8, 0x2d2d40
    v = Vsi(c, n, MACS[1], 310)
    frame = eth(OUT, MACS[1], b"h" * 60)

    def context(cmd, words=()):
        for i, word in enumerate(words):
            c.wr(data + 4 * i, word)
        c.wr(ctl, n | cmd << 16 | 1 << 19)
        return [c.rd(data + 4 * i) for i in range(10)]

    c.wr(head, 0xffffffff)
    t.check("13 bits that software can write", c.rd(head), 0x1fff)
    v.desc(v.tx_buf, 1 << 4 | 60 << 34)
    v.bell()
    t.check("a packet without write-back leaves them", c.rd(head), 0x1fff)
    t.check("sent all the same", len(q.frames()), 1)
    v.tx(frame)
    t.check("then it is the one written back", c.rd(head), 1)
    for _ in range(30):
        v.tx(frame)
    t.check("the last of the ring", c.rd(head), 31)
    v.tx(frame)
    t.check("and the first again", c.rd(head), 0)
    v.stop_tx()
    t.check("it outlives the queue", c.rd(head), 0)
    for _ in range(5):
        v.tx(frame)
    v.start_tx()
    t.check("and the next one's begin", c.rd(head), 0)

    # The PF's ring, without PASID, with packets that are none
    own = context(0)
    pf = 1                              # its own VSI
    ring, buf = q.alloc(), q.alloc()
    bits = sum(w << 32 * i for i, w in enumerate(own))
    bits &= ~((1 << 57) - 1 | 3 << 78 | 0x3ff << 80)
    bits |= ring >> 7 | 2 << 78 | pf << 80
    theirs = [bits >> 32 * i & 0xffffffff for i in range(10)]
    for i in range(32):
        q.put64(ring + 16 * i, buf, 0x10 << 4 | EOP_RS | 256 << 34)
    q.frames()
    c.wr(head, 0x1fff)
    before = q.by_pasid()[310]
    context(4, theirs)
    t.check("a context is written, and read back", context(0), theirs)
    v.bell(7)
    t.check("the head moves, by the PF's ring", c.rd(head), 6)
    t.check("nothing is sent", (q.frames(), q.by_pasid()[310]), ([], before))
    context(4, own)
    t.check("its own context again", context(0), own)
    v.tx_next = 7
    t.check("its own ring goes on from there", v.tx(frame), True)
    t.check("with its frame", q.frames(), [frame])
    context(2, theirs)
    t.check("no other way to write", context(0), own)
    v.desc(v.tx_buf, 60 << 34)
    v.bell()
    context(4, theirs)
    t.check("none while it has something to send", context(0), own)
    v.desc(v.tx_buf, EOP_RS | 40 << 34)
    v.bell()
    q.frames()
    bad = list(theirs)
    bad[2] |= 0x3ff << 16
    context(4, bad)
    t.check("none of a VSI that is not there", context(0), own)

    for _ in range(3):
        q.send(eth(MACS[1], OUT, b"r" * 60))
    t.check("three received", len(v.rx()), 3)
    t.check("so says the context", c.rd(0x280000 + 4 * n) & 0x1fff, 3)
    v.stop_rx()
    t.check("which keeps it when the queue stops", c.rd(0x280000 + 4 * n) & 0x1fff, 3)
    c.wr(0x120000 + 4 * n, 1)
    q.send(eth(MACS[1], OUT, b"s" * 60))
    t.check("it goes on from there", [g[0][14:] for g in v.rx()], [b"s" * 60])
    v.stop_rx()
    c.wr(0x280000 + 4 * n, c.rd(0x280000 + 4 * n) & ~0x1fff | 9)
    v.rx_next = 9
    c.wr(0x120000 + 4 * n, 1)
    q.send(eth(MACS[1], OUT, b"t" * 60))
    t.check("or from where it is told to", [g[0][14:] for g in v.rx()], [b"t" * 60])
    close(c, v)


def test_rate(t, q, c):
    # a node of its own for the VSI, with 8 Mbit/s
    top = c.leaf()
    _, buf = c.ok(0x404, struct.pack("<H", 1),
                  struct.pack("<II16x", 0, top))
    parent = struct.unpack_from("<I", buf)[0]
    elem = struct.pack("<BBBBHHHHHH", 3, 7, 0, 0, 0, 4, 0, 4, 0, 0)
    _, buf = c.ok(0x401, struct.pack("<H", 1),
                  struct.pack("<IHH", parent, 1, 0) +
                  struct.pack("<II", parent, 0) + elem)
    node = struct.unpack_from("<I", buf, 12)[0]
    bps, encode = 8000000, 7
    mult = round(bps / 8 * (32 << encode) / 446428571)
    level = 8                           # layers count from 1, this is the 8th

    def limit(mult, encode):
        _, buf = c.ok(0x410, struct.pack("<H", 1),
                      struct.pack("<BBHHHHH", level, 1, 0, 100, mult, 0, encode))
        prof = struct.unpack_from("<H", buf, 2)[0]
        elem = struct.pack("<BBBBHHHHHH", 0, 4, 0, 0, 0, 4, prof, 4, 0, 0)
        c.ok(0x403, struct.pack("<H", 1), struct.pack("<II", 0, node) + elem)
        return prof

    prof = limit(mult, encode)
    v = Vsi(c, 80, MACS[1], 400, node=node)
    for _ in range(10):
        v.tx(eth(OUT, MACS[1], b"r" * 986), bell=False)
    v.bell()
    t.check("first frame at once", len(q.frames()), 1)
    got = 0
    for _ in range(50):
        q.step(100000)
        got += len(q.frames())
    t.check("8 Mbit/s: 1000 bytes each ms", got in (4, 5, 6), True)
    for _ in range(10):
        q.step(1000000)
        got += len(q.frames())
    t.check("all in the end", got, 9)
    q.step(2000000)                     # the last one is paid for
    fast = limit(90, 0)
    for _ in range(30):
        v.tx(eth(OUT, MACS[1], b"r" * 986), bell=False)
    v.bell()
    t.check("10 Gbit/s: first frame at once", len(q.frames()), 1)
    got = 0
    for _ in range(20):
        q.step(1000)
        got += len(q.frames())
    t.check("1000 bytes each 0.8 us, and the test looks each us", got in (19, 20), True)
    for _ in range(12):
        q.step(1000)
        got += len(q.frames())
    t.check("all in the end", got, 29)
    close(c, v)
    t.check("profiles can go, the one in use, too", [c.aq(0x415, struct.pack("<H", 1),
            struct.pack("<BBHHHHH", level, 1, n, 0, 0, 0, 0))[0] for n in (prof, fast)], [0, 0])
    t.check("node goes", c.aq(0x40f, struct.pack("<H", 1), struct.pack(
        "<IHHI", parent, 1, 0, node))[0], 0)


def test_reset(t, q, c):
    v = Vsi(c, 90, MACS[1], 500)
    c.wr(0x91000, 1)
    t.check("PFR is under way", c.rd(0x91000), 1)
    q.step(1000000)
    t.check("PFR is over", c.rd(0x91000), 0)
    s = q.stats()
    t.check("PFR: no VSI, queue or rule is left",
            (s["vsis"], s["rules"], s["tx-queues"], s["rx-queues"]),
            (1, 0, 0, 0))
    t.check("PASID mode survives", c.rd(0x231ec0), 1)
    dma = q.stats()["dma"]
    v.bell(3)
    q.send(eth(MACS[1], OUT, b"z" * 60))
    t.check("no DMA after it", q.stats()["dma"], dma)
    c.open()
    v = Vsi(c, 90, MACS[1], 500)
    q.send(eth(MACS[1], OUT, b"z" * 60))
    t.check("works again", len(v.rx()), 1)
    q.wr(c.cfg + 0xa8, 1 << 15)         # FLR
    t.check("FLR: bus mastering off", q.rd(c.cfg + 4) & 7, 0)
    c.enable()
    t.check("FLR: no VSI is left", q.stats()["vsis"], 1)
    t.check("FLR: RXDID register survives", c.rd(0x480000 + 4 * 90), 1)
    c.open()
    v = Vsi(c, 90, MACS[1], 501)
    vec = 8
    q.wr(MSI + 4 * vec, 0)
    c.wr(0x16c900, 1 << 20)                         # GRST interrupts
    c.wr(0x16ca80, vec | CAUSE_ENA)
    c.wr(PAGE_INT + 4096 * vec, 1 | 3 << 3)
    t.check("the card warns 800 ms before its reset, also after a PFR and an FLR", c.rd(0xb8180), 8)
    c.wr(0xb8190, 1)
    q.settle()
    t.check("core reset is announced", (c.rd(0xb8188) & 3, q.rd(MSI + 4 * vec),
            c.rd(0x16ca00) >> 20 & 1), (1, vec + 1, 1))
    q.step(790000000)
    q.send(eth(MACS[1], OUT, b"z" * 60))
    t.check("until then it works", (len(v.rx()), c.rd(0xb8188) & 3), (1, 1))
    q.step(12000000)
    t.check("core reset is under way", (c.rd(0xb8188) & 3, q.stats()["vsis"]),
            (2, 1))
    q.step(20000000)
    t.check("core reset is over, with its type", c.rd(0xb8188), 1 << 2)
    t.check("PASID mode is lost", c.rd(0x231ec0), 0)
    c.open()
    c.wr(0x16c900, 1 << 20)
    c.wr(0xb8180, 1)
    c.wr(0xb8190, 2)
    q.step(90000000)
    t.check("a delay of 100 ms: not yet", c.rd(0xb8188) & 3, 1)
    q.step(12000000)
    t.check("but now", c.rd(0xb8188) & 3, 2)
    t.check("who looks now is told of nothing", c.rd(0x16ca00) >> 20 & 1, 0)
    q.step(20000000)
    t.check("the delay stays, the type is a global reset", (c.rd(0xb8180), c.rd(0xb8188)), (1, 2 << 2))
    c.wr(0xb8180, 8)
    c.open()


def test_fuzz(t, q, c):
    """A guest writes anything into its rings and pages; others go on"""
    seed, rounds = q.args.seed, q.args.rounds
    rnd = random.Random(seed)
    good = [Vsi(c, 100 + i, MACS[1 + i], 600 + i) for i in range(2)]
    v = Vsi(c, 102, MACS[3], 602)
    v.mbx_open()
    for g, to in zip(good, (MACS[2], MACS[1])):
        g.tx(eth(to, g.mac, b"g" * 60))
    for g in good:
        g.rx()
    c.wr(0x150000 + 4 * 102, 12 | CAUSE_ENA)
    c.wr(0x140000 + 4 * 102, 12 | CAUSE_ENA)
    pages = [PAGE_TX + 4096 * 102, PAGE_RX + 4096 * 102,
             PAGE_INT + 4096 * 12, PAGE_MBX + 4096 * v.num]
    iovas = list(v.mem) + [0, 0xfee00000, (1 << 48) - 16, (1 << 64) - 8]

    def word():
        return rnd.choice((rnd.getrandbits(64), rnd.getrandbits(16),
                           rnd.choice(iovas), 0, (1 << 64) - 1))

    for i, byte in enumerate(b"\x45\x66\x45\x66"):
        q.put(v.phys(v.tx_buf + 4096 * i), bytes((byte,)) * 4096)
    plain = q.stats()["dma-no-pasid"]
    others = {p: q.by_pasid()[p] for p in (600, 601)}
    for i in range(rounds):
        if rnd.random() < 0.7:
            for n in range(32):
                qw1 = (rnd.choice((0, 0, 0, 0, 1, rnd.getrandbits(4))) |
                       rnd.getrandbits(12) << 4 |
                       rnd.choice((7 | 5 << 7 | 5 << 14,
                                   rnd.getrandbits(18))) << 16 |
                       rnd.choice((60, 200, 4000, rnd.getrandbits(14))) << 34 |
                       rnd.getrandbits(16) << 48)
                q.put64(v.phys(v.tx_ring) + 16 * n, word(), qw1)
        elif rnd.random() < 0.8:
            # Tunnels with lengths that may be right, in pages that look like headers
            for n in range(0, 32, 2):
                size = rnd.randrange(40, 4096)
                lens = [rnd.choice((7, 9)), rnd.choice((5, 10, rnd.getrandbits(7))),
                        rnd.choice((0, 4, 15, rnd.getrandbits(7))), rnd.choice((5, 10)),
                        rnd.choice((2, 5, 15))]
                hdr = lens[0] * 2 + lens[1] * 4 + lens[2] * 2 + lens[3] * 4 + lens[4] * 4
                params = (rnd.getrandbits(2) | lens[1] << 2 | rnd.getrandbits(3) << 9 |
                          lens[2] << 12 | rnd.getrandbits(1) << 23)
                tso = rnd.choice((0, 1 << 4 | max(size - hdr, 0) << 30 | rnd.randrange(64, 4096) << 50))
                q.put64(v.phys(v.tx_ring) + 16 * n, params, 1 | tso)
                q.put64(v.phys(v.tx_ring) + 16 * n + 16, v.tx_buf + 4096 * rnd.randrange(4),
                        EOP_RS | rnd.choice((0x120, 0x140, 0x160, 0x220, 0x340)) << 4 |
                        lens[0] << 16 | lens[3] << 23 | lens[4] << 30 | size << 34)
        for ring, size in ((v.rx_ring, 1024), (v.msq, 256), (v.mrq, 256)):
            if rnd.random() < 0.3:
                q.put(v.phys(ring), b"".join(
                    struct.pack("<Q", word()) for _ in range(size // 8)))
        for _ in range(10):
            page = rnd.choice(pages)
            off = 4 * rnd.choice((0, 0, 0, 1, 2, 3, 4, 8, 9,
                                  rnd.randrange(1024)))
            c.wr(page + off, rnd.choice((rnd.randrange(32),
                                         rnd.getrandbits(32), 1 << 31 | 8,
                                         v.msq, 1 | 3 << 3)))
        c.wr(PAGE_TX + 4096 * 102, rnd.randrange(32))
        q.send(eth(MACS[3], OUT, bytes(rnd.randrange(60, 3000))))
        if rnd.random() < 0.5:
            v.stop_tx()
            v.start_tx()
            v.stop_rx()
            v.start_rx()
            for reg, val in ((3, 0), (4, 0), (2, 8 | 1 << 31), (0, v.msq)):
                c.wr(v.mbx(reg), val)
        q.frames()
        c.wr(0x22e580, (c.rd(0x22e500) + 7) % 8)    # the PF reads its mail
    s = q.stats()
    t.check(f"{rounds} rounds, seed {seed}: QEMU is alive",
            q.proc.poll(), None)
    t.check("malicious rings were noticed", s["mdd"] > 0, True)
    t.check("the others' memory was not touched but for what was sent to them",
            {p: q.by_pasid()[p]["faults"] for p in (600, 601)},
            {p: others[p]["faults"] for p in (600, 601)})
    # the PF's own queues only: admin commands and mail
    t.check("plain DMA is the PF's own",
            s["dma-no-pasid"]["faults"], plain["faults"])
    for g in good:
        g.rx()
    t.check("the others still talk", good[0].tx(eth(MACS[2], MACS[1],
                                                    b"g" * 60)), True)
    t.check("and hear", len(good[1].rx()), 1)
    for x in (v, *good):
        close(c, x)

EVERYTHING = (test_pci, test_aq, test_sections, test_pasid, test_msi,
              test_mailbox, test_offload, test_tunnel, test_switch, test_link,
              test_counters, test_irq, test_writeback, test_malicious,
              test_heads, test_rate, test_reset, test_fuzz)

if __name__ == "__main__":
    sys.exit(e810_card.main(__doc__, (
        (EVERYTHING, {}),
        ((test_pasid, test_mailbox), {"flts": True}),
        ((test_plain,), {"props": "addr=2.0,siov=off"}),
    ), [("--rounds", {"type": int, "default": 100,
                      "help": "of random rings and registers"})]))
