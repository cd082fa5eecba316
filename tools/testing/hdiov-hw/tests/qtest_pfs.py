#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drive two PFs of one emulated E810 through QEMU's qtest.

What the card has once is there once, what is shared out is shared out, and
neither function reaches the other's part. Prints TAP.
"""

import struct
import sys
import tempfile

import e810_card
from e810_card import (CTX, DEVFN, ECAM, MACS, MSI, OUT, PAGE_INT, PAGE_MBX,
                       PAGE_RX, PAGE_TX, PDIR, Card, Qemu, Vsi, eth)

BLOCKED = 0xdeadbeef


class Second(Card):
    """Function 1 of the same slot; function 0 has set the IOMMU up"""

    bar0, bar3, devfn, msi = 0xc8000000, 0xd0010000, DEVFN + 1, MSI + 0x1000

    def iommu(self):
        self.q.put64(CTX + self.devfn * 32, PDIR | 7 << 9 | 1, 0, 0, 0)


def caps(c, opcode):
    """Capabilities: number -> (number, logical id, physical id)"""
    params, buf = c.ok(opcode, size=4096)
    found = {}
    for i in range(struct.unpack_from("<I", params, 4)[0]):
        cap, = struct.unpack_from("<H", buf, 32 * i)
        found[cap] = struct.unpack_from("<III", buf, 32 * i + 4)
    return found


def second(q, c):
    if not hasattr(q, "second"):
        q.second = Second(q)
        q.second.open()
        q.second.tables = c.tables
    return q.second


def test_shares(t, q, c):
    d = second(q, c)
    t.check("functions 0 and 1", (c.rd(0x9e880), d.rd(0x9e880)), (0, 1))
    t.check("and their ports", (c.rd(0x1d2400), d.rd(0x1d2400)), (0, 1))
    a, b, dev = caps(c, 10), caps(d, 10), caps(d, 11)
    t.check("the card has two functions", dev[5][0], 3)
    for name, cap, share in (("Rx queues", 0x41, 1024),
                             ("Tx queues", 0x42, 1024),
                             ("vectors", 0x43, 1024)):
        t.check(f"{name}: half for each, where they begin, all of the card's",
                (a[cap][0], a[cap][2], b[cap][0], b[cap][2], dev[cap][0]),
                (share, 0, share, share, 2048))
    t.check("VSIs", (a[0x17][0], b[0x17][0], dev[0x17][0]), (384, 384, 768))
    t.check("PFLAN_TX_QALLOC is indexed by function, whoever reads",
            [c.rd(0x1d2580 + 4 * i) & 0x3fff for i in range(2)] +
            [d.rd(0x1d2580 + 4 * i) & 0x3fff for i in range(2)],
            [0, 1024, 0, 1024])
    t.check("PFLAN_RX_QALLOC and PFINT_ALLOC are not",
            (c.rd(0x1d2500) & 0x7ff, d.rd(0x1d2500) & 0x7ff,
             d.rd(0x1d2600) & 0x7ff), (0, 1024, 1024))
    t.check("one serial number", q.rd(d.cfg + 0x154), q.rd(c.cfg + 0x154))
    t.check("1024 MSI-X vectors each",
            (q.rd(c.cfg + 0x70) >> 16 & 0x7ff,
             q.rd(d.cfg + 0x70) >> 16 & 0x7ff), (1023, 1023))
    nums = []
    for x in (c, d):
        params, _ = x.ok(0x210, b"\0" * 6 + b"\1\0", bytes(128))
        nums.append(struct.unpack_from("<H", params)[0])
        x.ok(0x213, struct.pack("<H", nums[-1]))
    t.check("VSI numbers are the card's", (nums[0] < 384, nums[1] >= 384),
            (True, True))
    t.check("a queue beyond the share is refused",
            d.aq(0x211, struct.pack("<H", 384), struct.pack(
                "<H28xH", 1 << 6, 1024).ljust(128, b"\0"))[0], 14)


def test_pages(t, q, c):
    """Pages are numbered as the card numbers queues, VSIs and vectors"""
    d = second(q, c)
    v = Vsi(d, 5, MACS[1], 700)
    bells = d_stats(q)["doorbells-tx"]
    c.wr(PAGE_TX + 4096 * (1024 + 5), 1)
    c.wr(PAGE_RX + 4096 * (1024 + 5), 8)
    c.wr(PAGE_INT + 4096 * (1024 + 5), 1)
    t.check("the other function's pages ring no bell and read nothing",
            (d_stats(q)["doorbells-tx"], d.rd(0x160000 + 20),
             c.rd(PAGE_TX + 4096 * 1029), c.rd(PAGE_MBX + 4096 * v.num)),
            (bells, 0, BLOCKED, BLOCKED))
    d.wr(PAGE_TX + 4096 * 5, 1)
    t.check("its own by the number of the other's neither",
            d_stats(q)["doorbells-tx"], bells)
    v.c = Shifted(d)
    t.check("by the card's number it sends", v.tx(eth(OUT, v.mac, b"a" * 60)),
            True)
    t.check("under its PASID", q.command(
        "qom-get", path="/machine/peripheral/pf1",
        property="dma-by-pasid")[0]["pasid"], 700)
    v.bell(100)
    t.check("MDD is the card's register: queue and function, seen by both",
            [(x.rd(0x2d2e00) >> 12 & 0x3fff, x.rd(0x2d2e00) & 7)
             for x in (c, d)], [(1029, 1), (1029, 1)])
    t.check("the function's own bit is not",
            (c.rd(0x2d2c80), d.rd(0x2d2c80)), (0, 1))
    c.wr(0x2d2e00, 0xffffffff)
    d.wr(0x2d2c80, 0xffffffff)
    t.check("either clears it", d.rd(0x2d2e00), 0)
    v.c = d
    v.stop_rx()
    v.stop_tx()
    d.rule(1, 0, opcode=0x2a2, index=v.rule)
    d.ok(0x213, struct.pack("<H", v.num))


class Shifted:
    """A function whose pages of queues begin where its share does"""

    def __init__(self, c):
        self.c, self.q = c, c.q

    def wr(self, reg, val):
        self.c.wr(reg + (4096 * 1024 if reg >= PAGE_INT else 0), val)

    def __getattr__(self, name):
        return getattr(self.c, name)


def d_stats(q):
    return q.command("qom-get", path="/machine/peripheral/pf1",
                     property="stats")


def test_reset(t, q, c):
    d = second(q, c)
    d.wr(0x231ec0, 1)
    t.check("GL_MBX_PASID is the card's", c.rd(0x231ec0), 1)
    d.wr(0x91000, 1)
    q.step(1000000)
    t.check("PFR of one function leaves the other",
            (d.rd(0x80200), c.rd(0x80200)), (0, 64 | 1 << 31))
    d.open()
    for x in (c, d):
        x.wr(0x16c900, 0xffffffff)
        x.rd(0x16ca00)
    d.wr(0xb8180, 0)
    t.check("GLGEN_RSTCTL is the card's", c.rd(0xb8180), 0)
    d.wr(0xb8190, 1)
    t.check("CORER is announced to both",
            [x.rd(0x16ca00) >> 20 & 1 for x in (c, d)], [1, 1])
    q.step(2000000)
    t.check("and resets both", (c.rd(0x80200), d.rd(0x80200),
                                c.rd(0x231ec0)), (0, 0, 0))
    q.step(20000000)
    c.open()
    d.open()
    q.frames()


def test_unplug(t, q, c):
    """A slot is powered off: both functions go, the card's own first"""
    with tempfile.TemporaryDirectory() as tmp:
        p = Qemu(q.args.qemu, tmp, props="bus=rp,addr=0.0,multifunction=on,pfs=2",
                 extra=("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                       "-device", "pcie-root-port,id=rp,slot=1,addr=2.0"),
                 after=PAIR + ("-device", "e810,id=pf1,netdev=h1,bus=rp,addr=0.1,"
                               "mac=52:54:00:e8:10:02"))
        try:
            p.q("outl 0xcf8 0x80000064")
            p.q("outl 0xcfc 0x0")
            p.q("outl 0xcf8 0x80000060")
            p.q(f"outl 0xcfc {ECAM | 1:#x}")
            port = ECAM + (2 << 15)
            cap = p.rd(port + 0x34) & 0xff
            while p.rd(port + cap) & 0xff != 0x10:
                cap = p.rd(port + cap) >> 8 & 0xff
            p.wr(port + cap + 0x18, 1 << 10 | 3 << 8 | 3 << 6)  # power off, indicators off
            p.settle()
            t.check("neither is left, QEMU is", [
                d["name"] for d in p.command("qom-list", path="/machine/peripheral")
                if d["name"].startswith("pf")], [])
        except RuntimeError as e:
            t.check(f"unplug: {e}", False)
        finally:
            p.proc.terminate()
            p.proc.wait()


PAIR = ("-netdev", "hubport,id=h1,hubid=1")
# Two functions of one card
TWO_PFS = {"props": "addr=2.0,multifunction=on,pfs=2",
           "after": PAIR + ("-device", "e810,id=pf1,netdev=h1,addr=2.1,mac=52:54:00:e8:10:02")}

if __name__ == "__main__":
    sys.exit(e810_card.main(__doc__, (
        ((test_shares, test_pages, test_reset, test_unplug),
         TWO_PFS),)))
