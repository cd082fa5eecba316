#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drive the virtual functions of the emulated E810 through QEMU's qtest.

Plays the PF's driver as Linux's ice does it, and VFs that keep to the rules or
do not. Prints TAP. Needs the testbed's QEMU and nothing else.
"""

import random
import struct
import sys

import e810_card
from e810_card import (CAUSE_ENA, CTX, ECAM, ITR_NONE, MACS,
                       MSI, OUT, PDIR, ROOT, VTD, WB_ON_ITR, Card, Vsi, eth)

NUM_VFS = 8
VF_BAR0, VF_BAR3 = 0xd8000000, 0xdc000000
VF_BAR0_SIZE, VF_BAR3_SIZE = 128 << 10, 16 << 10
PORT = ECAM + (2 << 15)                 # 00:02.0
RSTAT, FIRST_QUEUE, FIRST_VECTOR = 0x8800, 400, 100
BLOCKED = 0xdeadbeef


class SriovCard(Card):
    """The PF below a root port, on bus 1"""

    def enable(self):
        q = self.q
        self.cfg = ECAM + (1 << 20)
        q.wr(PORT + 0x18, 1 << 8 | 1 << 16)
        q.wr(PORT + 0x20, 0x0000fff0)   # no window without prefetching
        q.wr(PORT + 0x24, 0xdff1c001)   # 0xc0000000 to 0xdfffffff
        q.wr(PORT + 0x28, 0)
        q.wr(PORT + 0x2c, 0)
        q.wr(PORT + 4, 6)
        cap = q.rd(PORT + 0x34) & 0xff
        while q.rd(PORT + cap) & 0xff != 0x10:
            cap = q.rd(PORT + cap) >> 8 & 0xff
        q.wr(PORT + cap + 0x28, 1 << 5)     # ARI forwarding
        super().enable()

    def iommu(self):
        q = self.q
        q.put64(ROOT + 16, CTX | 1, (CTX + 0x1000) | 1)
        q.put64(CTX, PDIR | 7 << 9 | 1, 0, 0, 0)
        self.set_pasid(0, 4 << 6 | 1)
        q.put64(VTD + 0x20, ROOT | 1 << 10)
        q.wr(VTD + 0x18, 1 << 30)
        q.wr(VTD + 0x18, 1 << 31)

    def vf_space(self, vf):
        """A table of its own for a VF's requests"""
        q = self.q
        pdir, leaf, table = q.alloc(), q.alloc(), q.alloc()
        self.tables["vf", vf] = table
        q.put64(pdir, leaf | 1)
        q.put64(leaf, table | 2 << 6 | 2 << 2 | 1, 1000 + vf, 0)
        q.put64(CTX + 32 * (vf + 1), pdir | 7 << 9 | 1, 0, 0, 0)

    def vfs(self, num):
        """As pci_enable_sriov(); 0: as pci_disable_sriov()"""
        q, cap = self.q, self.cfg + 0x160
        if not num:
            q.wr(cap + 8, 0)
            return
        q.wr(cap + 0x10, num)
        for off, val in ((0x24, VF_BAR0), (0x28, 0), (0x30, VF_BAR3),
                         (0x34, 0)):
            q.wr(cap + off, val)
        q.wr(cap + 8, 1 | 1 << 3 | 1 << 4)  # VFE, MSE, ARI
        for n in range(num):
            q.wr(self.vf_cfg(n) + 4, 4)
            q.wr(self.vf_cfg(n) + 0x70, 1 << 31)

    def vf_cfg(self, vf):
        return self.cfg + (vf + 1 << 12)

    def by_vf(self):
        return {e["vf"]: e for e in
                self.q.command("qom-get", path="/machine/peripheral/pf0",
                               property="dma-by-vf")}


class VfVsi(Vsi):
    """A VF's VSI, used through the VF's BARs, with its DMA translated"""

    vsi_type = 0

    def __init__(self, card, vf, mac, nq=1, vectors=2):
        self.vf, self.nq, self.vectors = vf, nq, vectors
        self.first = FIRST_VECTOR + vf % NUM_VFS * 8
        super().__init__(card, FIRST_QUEUE + vf % NUM_VFS * 8, mac, nq=nq)
        card.flush()

    def open(self):
        self.mem, self.space = {}, ("vf", self.vf)
        if self.space not in self.c.tables:
            self.c.vf_space(self.vf)
        self.mappings()

    def mappings(self):
        """As ice_ena_vf_mappings()"""
        c, vf, last = self.c, self.vf, self.first + self.vectors - 1
        alloc = self.first | last << 12 | 1 << 31
        c.wr(0x1d1000 + 4 * vf, alloc)
        c.wr(0x9d000 + 4 * vf, alloc)
        for v in range(self.first, last + 1):
            c.wr(0x162000 + 4 * v, vf)
        c.wr(0x16a000 + 4 * vf, CAUSE_ENA | ITR_NONE)
        for ena, base in ((0x73800, 0x1d1800), (0x73000, 0x72000)):
            c.wr(ena + 4 * vf, 1)
            c.wr(base + 4 * vf, self.queue | self.nq - 1 << 16)
        c.wr(0x74000 + 4 * vf, 2)

    def write_back(self):
        self.c.wr(0x150000 + 4 * self.queue, 1 | ITR_NONE | CAUSE_ENA)
        self.wr(0x3800, WB_ON_ITR | 3 << 3)

    def free(self):
        """The VSI and its rule; not the VF's mappings"""
        self.stop_rx()
        self.stop_tx()
        assert self.c.rule(1, 0, opcode=0x2a2, index=self.rule)[0] == 0
        self.c.ok(0x213, struct.pack("<H", self.num))

    def rd(self, reg):
        return self.q.rd(VF_BAR0 + VF_BAR0_SIZE * self.vf + reg)

    def wr(self, reg, val):
        self.q.wr(VF_BAR0 + VF_BAR0_SIZE * self.vf + reg, val)

    def tx_tail(self, val):
        self.wr(0, val)

    def rx_tail(self, val):
        self.wr(0x2000, val)

    def message(self, vector):
        """Set up a vector's message; returns where it will be written"""
        at = VF_BAR3 + VF_BAR3_SIZE * self.vf + 16 * vector
        page = 0x400000
        if page not in self.mem:
            self.page(page)
        for i, val in enumerate((page + 4 * vector, 0, 0x100 + vector, 0)):
            self.q.wr(at + 4 * i, val)
        self.q.wr(self.phys(page) + 4 * vector, 0)
        return self.phys(page) + 4 * vector

    def mbx_wr(self, reg, val):
        self.wr((0x7c00, 0x7800, 0x6800, 0x6400, 0x8400,
                 0x6c00, 0x6000, 0x8000, 0x7400, 0x7000)[reg], val)


def drain(c, vf):
    """0x0C31 for a VF's reset: no queues, its number"""
    return c.aq(0xc31, struct.pack("<BBH", 2, 0, vf))[0]


def clear_mdd(c):
    """As the PF's driver does: whatever is written clears"""
    for reg in (0x2d2e00, 0xfc068, 0x294c00):
        c.wr(reg, 0xffffffff)
    for vf in range(NUM_VFS):
        for reg in (0x2d2000, 0xfb800, 0x294400):
            c.wr(reg + 4 * vf, 0xffffffff)
    c.rd(0x16ca00)


def test_pci(t, q, c):
    cap = c.cfg + 0x160
    t.check("ARI, then SR-IOV capability",
            (q.rd(c.cfg + 0x148) & 0xffff, q.rd(cap) & 0xffff), (0x0e, 0x10))
    t.check("VFs in the capability: initial, total",
            (q.rd(cap + 0xc) & 0xffff, q.rd(cap + 0xc) >> 16),
            (NUM_VFS, NUM_VFS))
    t.check("routing ids follow the PF's", q.rd(cap + 0x14), 1 | 1 << 16)
    t.check("device id", q.rd(cap + 0x18) >> 16, 0x1889)
    t.check("no VF before it is enabled", q.rd(c.vf_cfg(0)), 0xffffffff)
    c.vfs(NUM_VFS)
    t.check("the last VF is there: ids as SR-IOV wants them, class network",
            (q.rd(c.vf_cfg(NUM_VFS - 1)),
             q.rd(c.vf_cfg(NUM_VFS - 1) + 8) >> 8), (0xffffffff, 0x020000))
    t.check("PCI Express capability where ice looks for it, with FLR",
            (q.rd(c.vf_cfg(0) + 0xa0) & 0xff,
             q.rd(c.vf_cfg(0) + 0xa4) >> 28 & 1), (0x10, 1))
    t.check("one MSI-X vector before any is given",
            q.rd(c.vf_cfg(0) + 0x70) >> 16 & 0x7ff, 0)
    c.wr(0x9d000, FIRST_VECTOR | FIRST_VECTOR + 4 << 12 | 1 << 31)
    t.check("VPINT_ALLOC_PCI sets their number",
            q.rd(c.vf_cfg(0) + 0x70) >> 16 & 0x7ff, 4)
    c.wr(0x9d000, 0)
    t.check("stats know how many are enabled", q.stats()["vfs"], NUM_VFS)
    c.vfs(0)
    t.check("gone again", (q.rd(c.vf_cfg(0)), q.stats()["vfs"]),
            (0xffffffff, 0))


def test_vsi(t, q, c):
    c.vfs(2)
    t.check("no VSI for a VF that cannot be", c.aq(
        0x210, struct.pack("<HHBBH", 0, 0, NUM_VFS, 0, 0), bytes(128))[0], 14)
    v = VfVsi(c, 1, MACS[1])
    v.stop_tx()
    for name, vf, typ in (("another VF's number", 0, 0), ("a VM's type", 1, 1),
                          ("the PF's type", 1, 2)):
        v.vf, v.vsi_type = vf, typ
        v.start_tx(expect=14)
        t.check(f"a VF's queue with {name} is refused", True)
    v.vf, v.vsi_type = 1, 0
    v.start_tx()
    p = Vsi(c, 10, MACS[2])
    p.stop_tx()
    p.vsi_type = 0
    p.start_tx(expect=14)
    t.check("a VM's queue with a VF's type is refused", True)
    p.vsi_type = 1
    p.start_tx()
    v.free()
    VfVsi.free(p)
    c.vfs(0)


def test_traffic(t, q, c):
    c.vfs(3)
    a, b = VfVsi(c, 0, MACS[1]), VfVsi(c, 2, MACS[2])
    before, plain = c.by_vf(), q.stats()["dma-no-pasid"]
    t.check("a VF sends", a.tx(eth(OUT, a.mac, b"a" * 60)), True)
    t.check("to the port", [f[12:74] for f in q.frames()],
            [b"\x08\0" + b"a" * 60])
    q.send(eth(MACS[2], OUT, b"b" * 60))
    t.check("a VF receives", [f[0][14:74] for f in b.rx()], [b"b" * 60])
    t.check("VF to VF", a.tx(eth(b.mac, a.mac, b"c" * 60)), True)
    t.check("arrives", [f[0][14:74] for f in b.rx()], [b"c" * 60])
    after = c.by_vf()
    t.check("all under the VFs' own requester ids",
            [after[n]["reads"] > before.get(n, {"reads": 0})["reads"]
             for n in (0, 2)], [True, True])
    t.check("none of it the PF's", q.stats()["dma-no-pasid"], plain)
    t.check("none of it VF 1's", after.get(1), None)
    c.map(a.space, a.tx_buf, 0, 0)
    c.flush()
    a.tx(eth(OUT, a.mac, b"d" * 60))
    t.check("what is not mapped for the VF is blocked",
            (c.by_vf()[0]["faults"], len(q.frames())),
            (after[0]["faults"] + 1, 0))
    c.map(a.space, a.tx_buf, a.phys(a.tx_buf))
    c.flush()
    q.wr(c.vf_cfg(0) + 4, 0)
    was = c.by_vf()[0]
    t.check("without its bus master bit a VF reads nothing",
            (a.tx(eth(OUT, a.mac, b"e" * 60)), len(q.frames())), (False, 0))
    now = c.by_vf()[0]
    t.check("and does not get as far as the IOMMU",
            (now["no-master"] > was["no-master"], now["faults"]),
            (True, was["faults"]))
    q.wr(c.vf_cfg(0) + 4, 4)
    # that stopped its queue
    a.stop_tx()
    a.start_tx()
    q.wr(c.cfg + 4, 2)
    t.check("the PF's bit is not the VF's",
            (a.tx(eth(OUT, a.mac, b"f" * 60)), len(q.frames())), (True, 1))
    q.wr(c.cfg + 4, 6)
    a.free()
    b.free()
    c.vfs(0)


def test_window(t, q, c):
    """A VF's BAR reaches what it was given, and nothing else"""
    c.vfs(2)
    a, b = VfVsi(c, 0, MACS[1]), VfVsi(c, 1, MACS[2])
    c.wr(0x1d1800, a.queue)             # one queue
    bells = q.stats()["doorbells-tx"], q.stats()["doorbells-rx"]
    a.wr(4, 1)
    a.wr(4 * (b.queue - a.queue), 1)
    a.wr(0x2004, 8)
    t.check("tails beyond its queues ring no bell",
            (q.stats()["doorbells-tx"], q.stats()["doorbells-rx"]), bells)
    t.check("and read nothing", (a.rd(4), a.rd(0x2004)), (BLOCKED, BLOCKED))
    c.wr(0x73800, 0)
    a.wr(0, 1)
    t.check("without MAPENA its own do not either",
            (q.stats()["doorbells-tx"], a.rd(0)), (bells[0], BLOCKED))
    c.wr(0x73800, 1)
    before = c.rd(0x160000 + 4 * b.first)
    a.wr(0x3800 + 4 * (b.first - a.first - 1), 1)
    a.wr(0x2800 + 4 * 7, 100)
    t.check("vectors beyond its own are out of reach",
            (c.rd(0x160000 + 4 * b.first), a.rd(0x3804)), (before, BLOCKED))
    a.wr(0x3800, 1)
    t.check("its own are not", c.rd(0x160000 + 4 * (a.first + 1)) & 1, 1)
    c.wr(0x162000 + 4 * (a.first + 1), 1)
    t.check("a vector that GLINT_VECT2FUNC gives to another is not its own",
            a.rd(0x3800), BLOCKED)
    c.wr(0x162000 + 4 * (a.first + 1), 0)
    t.check("registers that are not there", a.rd(0x9000), BLOCKED)
    rnd = random.Random(q.args.seed)
    for _ in range(2000):
        a.wr(rnd.choice((4 * rnd.randrange(0x8000), 0, 0x2000, 0x3800, 0x5c00,
                         0x6800, 0x8400, 0x7c00, 0x6c00, 0x8000)),
             rnd.choice((rnd.getrandbits(32), 1 << 31 | 8, 5)))
    t.check(f"2000 random registers, seed {q.args.seed}: the other VF sends",
            b.tx(eth(OUT, b.mac, b"x" * 60)), True)
    q.frames()
    t.check("and nothing of the PF's or its own memory was touched",
            (q.stats()["dma-no-pasid"]["faults"], c.by_vf()[1]["faults"]),
            (0, 0))
    a.free()
    b.free()
    clear_mdd(c)
    c.vfs(0)


def test_irq(t, q, c):
    c.vfs(2)
    a, b = VfVsi(c, 0, MACS[1]), VfVsi(c, 1, MACS[2])
    where, other = a.message(1), b.message(1)
    for v in (a, b):
        c.wr(0x140000 + 4 * v.queue, 1 | ITR_NONE | CAUSE_ENA)
        c.wr(0x150000 + 4 * v.queue, 1 | ITR_NONE | CAUSE_ENA)
        v.wr(0x3800, 1)
    a.tx(eth(OUT, a.mac, b"a" * 60))
    q.frames()
    t.check("a vector counts from the VF's first, the message is the VF's own",
            (q.rd(where), q.rd(other)), (0x101, 0))
    q.wr(where, 0)
    q.send(eth(a.mac, OUT, b"b" * 60))
    t.check("not again before it is enabled", q.rd(where), 0)
    a.wr(0x3800, 1)
    t.check("then at once, and the descriptor is written back before",
            (q.rd(where), len(a.rx())), (0x101, 1))
    t.check("the PF's message of that number was never sent",
            q.rd(MSI + 4 * 1), 0)
    q.wr(where, 0)
    c.wr(0x140000 + 4 * a.queue, 7 | ITR_NONE | CAUSE_ENA)
    a.tx(eth(OUT, a.mac, b"a" * 60))
    q.frames()
    t.check("a cause beyond its vectors interrupts nobody",
            (q.rd(where), q.rd(other)), (0, 0))
    a.free()
    b.free()
    c.vfs(0)


def test_mailbox(t, q, c):
    c.vfs(2)
    a, b = VfVsi(c, 0, MACS[1]), VfVsi(c, 1, MACS[2])
    for v in (a, b):
        v.mbx_open()
    where = b.message(0)
    b.wr(0x5c00, 1)
    b.mbx_send(1, b"version")
    d = struct.unpack("<HHHHIIIIII", q.get(c.mbx_rq, 32))
    t.check("to the PF: the card says which VF it was", (d[1], d[3], d[4]),
            (0x801, 1, 1))
    t.check("with its data", q.get(c.mbx_buf[0], 7), b"version")
    q.put(c.mbx_sqbuf, b"answer")
    q.put(c.mbx_sq, struct.pack("<HHHHIIIIII", 0x3400, 0x802, 6, 0, 1, 0, 1, 0,
                                0, c.mbx_sqbuf))
    c.wr(0x22e300, 1)
    q.settle()
    d = struct.unpack("<HHHHIIIIII", q.get(b.phys(b.mrq), 32))
    t.check("from the PF", (d[0] & 1, d[1], d[4],
                            q.get(b.phys(b.mrq_buf), 6)),
            (1, 0x802, 1, b"answer"))
    t.check("interrupts the VF's vector 0", q.rd(where), 0x100)
    q.put(c.mbx_sq + 32, struct.pack("<HHHHIIIIII", 0x3400, 0x802, 6, 0, 1, 0,
                                     2, 0, 0, c.mbx_sqbuf))
    c.wr(0x22e300, 2)
    q.settle()
    t.check("to a VF that is not there: refused",
            struct.unpack_from("<H", q.get(c.mbx_sq + 32, 32), 6)[0], 14)
    c.wr(0x22bc00 + 4, 0)
    t.check("the PF shuts a VF's mailbox: the VF sees it",
            (b.rd(0x8000), a.rd(0x8000)), (0, 1 << 31 | 8))
    a.free()
    b.free()
    c.vfs(0)
    for reg, val in ((0x22e580, 0), (0x22e480, 0), (0x22e200, 0),
                     (0x22e280, 0), (0x22e300, 0), (0x22e500, 0)):
        c.wr(reg, val)


def test_reset(t, q, c):
    c.vfs(2)
    a, b = VfVsi(c, 0, MACS[1]), VfVsi(c, 1, MACS[2])
    a.mbx_open()
    done = 0x90800
    t.check("no reset: done", c.rd(done), 1)
    c.wr(0x90000, 1)
    q.step(1000000)
    t.check("in reset the VF sees 0 in RSTAT and nothing else",
            (a.rd(RSTAT), a.rd(0x8000), a.rd(0)), (0, BLOCKED, BLOCKED))
    t.check("it is not done before 0x0C31, however long one waits",
            c.rd(done), 0)
    t.check("a doorbell does nothing", a.tx(eth(OUT, a.mac, b"a" * 60)), False)
    t.check("another VF's 0x0C31 is not its own",
            (drain(c, 1), c.rd(done)), (0, 0))
    t.check("its own is, with no queue named", drain(c, 0), 0)
    t.check("but takes its time", c.rd(done), 0)
    q.step(1000000)
    t.check("done", c.rd(done), 1)
    t.check("the other VF was not disturbed",
            b.tx(eth(OUT, b.mac, b"b" * 60)), True)
    q.frames()
    c.wr(0x90000, 0)
    a.free()
    a = VfVsi(c, 0, MACS[1])
    t.check("after it: its mailbox is shut, RSTAT as the PF has set it",
            (a.rd(0x8000), a.rd(RSTAT)), (0, 2))
    t.check("and it sends again", a.tx(eth(OUT, a.mac, b"a" * 60)), True)
    q.frames()
    a.free()
    c.wr(0x90000, 1)
    q.step(1000000)
    t.check("without a VSI there is nothing to wait for", c.rd(done), 1)
    c.wr(0x90000, 0)
    b.free()
    c.vfs(0)


def test_flr(t, q, c):
    c.vfs(2)
    a, b = VfVsi(c, 0, MACS[1]), VfVsi(c, 1, MACS[2])
    c.rd(0x16ca00)
    t.check("enabling them is no FLR", c.rd(0x93a04), 0)
    q.wr(c.vf_cfg(1) + 0xa8, 1 << 15)
    t.check("FLR: VFLRSTAT has its bit, OICR says so",
            (c.rd(0x93a04), c.rd(0x16ca00) >> 29 & 1), (2, 1))
    t.check("its config space was reset",
            q.rd(c.vf_cfg(1) + 4) & 0xffff, 0)
    t.check("it is in reset, and decodes its BARs without a bit of its own",
            (b.rd(RSTAT), b.rd(0x8000)), (0, BLOCKED))
    q.wr(c.vf_cfg(1) + 4, 4)
    t.check("the other is not", a.rd(RSTAT), 2)
    c.wr(0x93a04, 2)
    t.check("written 1, the bit is clear", c.rd(0x93a04), 0)
    q.step(1000000)
    t.check("the reset waits for 0x0C31", c.rd(0x90804), 0)
    drain(c, 1)
    q.step(1000000)
    t.check("which ends it", c.rd(0x90804), 1)
    c.wr(0x90004, 0)
    b.free()
    b = VfVsi(c, 1, MACS[2])
    t.check("and the VF sends again", b.tx(eth(OUT, b.mac, b"b" * 60)), True)
    q.frames()
    a.free()
    b.free()
    c.vfs(0)


def test_malicious(t, q, c):
    c.vfs(2)
    a, b = VfVsi(c, 0, MACS[1]), VfVsi(c, 1, MACS[2])
    b.bell(100)
    t.check("Tx tail beyond the ring: this VF's bit, not the PF's",
            (c.rd(0x2d2000), c.rd(0x2d2004), c.rd(0x2d2c80)), (0, 1, 0))
    t.check("and its number and queue",
            (c.rd(0x2d2e00) >> 4 & 0xff, c.rd(0x2d2e00) >> 12 & 0x3fff),
            (1, b.queue))
    c.wr(0x2d2004, 0xffff)
    t.check("written, the bit is clear", c.rd(0x2d2004), 0)
    b.stop_tx()
    b.start_tx()
    b.desc(0, 5)
    b.bell()
    t.check("a descriptor of no type: TCLAN's bit",
            (c.rd(0xfb804), c.rd(0xfc000)), (1, 0))
    b.rx_tail(800)
    t.check("Rx tail beyond the ring", (c.rd(0x294404), c.rd(0x294280)),
            (1, 0))
    t.check("the other VF sends", a.tx(eth(OUT, a.mac, b"a" * 60)), True)
    q.frames()
    clear_mdd(c)
    a.free()
    b.free()
    c.vfs(0)


def test_pf_reset(t, q, c):
    c.vfs(2)
    a = VfVsi(c, 0, MACS[1])
    a.mbx_open()
    c.wr(0x91000, 1)
    q.step(1000000)
    c.open()
    t.check("PFR: mailboxes shut, nothing mapped, RSTAT 0",
            (a.rd(0x8000), a.rd(0), c.rd(0x1d1000), a.rd(RSTAT)),
            (0, BLOCKED, 0, 0))
    t.check("the functions stay", q.stats()["vfs"], 2)
    t.check("and need no 0x0C31, having nothing", c.rd(0x90800), 1)
    a = VfVsi(c, 0, MACS[1])
    t.check("set up again, one sends", a.tx(eth(OUT, a.mac, b"a" * 60)), True)
    q.frames()
    q.wr(c.cfg + 0xa8, 1 << 15)
    t.check("FLR of the PF takes the VFs away",
            (q.stats()["vfs"], q.rd(c.vf_cfg(0))), (0, 0xffffffff))
    c.enable()
    c.open()


def test_link_reset(t, q, c):
    """As pci_reset_secondary_bus(); ice takes no more than a PFR to go on"""
    c.wr(0xb8180, 3)
    c.wr(0x480000 + 4 * 90, 1)
    c.vfs(2)
    VfVsi(c, 0, MACS[1])
    bridge = q.rd(PORT + 0x3c)
    q.wr(PORT + 0x3c, bridge | 0x40 << 16)
    q.wr(PORT + 0x3c, bridge)
    t.check("reset of the link: bus mastering off, no VF, no VSI", (q.rd(c.cfg + 4) & 4, q.stats()["vfs"], q.stats()["vsis"]),
            (0, 0, 1))
    c.enable()
    t.check("what the whole card has is left", (c.rd(0xb8180), c.rd(0x480000 + 4 * 90)), (3, 1))
    c.open()
    c.reset_card()
    c.open()


def test_own_bar(t, q, c):
    """The memory of a guest that has a VF includes the VF's own BAR"""
    c.vfs(2)
    mac = b"\x08\0\0\0\0\2"        # a tail of 8
    v, other = VfVsi(c, 0, mac, vectors=4), VfVsi(c, 1, MACS[2])
    for page in 2, 3:
        c.map(v.space, 0x700000 + 4096 * page, VF_BAR0 + 4096 * page)
    c.flush()
    # Frames that would move their queue's tail before their second buffer
    v.stop_rx()
    v.start_rx(dbuf=128, rxmax=512)
    for i in range(v.ring_len):
        q.put64(v.phys(v.rx_ring) + v.dsize * i, 0x702000, 0)
    for _ in range(12):
        q.send(eth(mac, OUT, b"o" * 400))
        q.settle()
    t.check("buffers in its own tail's page", (q.proc.poll(), v.rd(0x2000)),
            (None, 24))
    # Descriptors that would enable the vector for which they wait, when they are written
    v.stop_rx()
    v.rx_ring = 0x703800
    v.mem[0x703000] = q.alloc()
    v.start_rx()
    c.wr(0x150000 + 4 * v.queue, 3 | ITR_NONE | CAUSE_ENA)
    for _ in range(4):
        q.send(eth(mac, OUT, b"o" * 60))
        q.settle()
    t.check("a ring in its own vectors' page", q.proc.poll(), None)
    v.stop_rx()
    q.send(eth(MACS[2], OUT, b"o" * 60))
    t.check("others receive", len(other.rx()), 1)
    v.free()
    other.free()
    c.vfs(0)


def test_many(t, q, c):
    c.vfs(255)
    ids = [q.rd(c.vf_cfg(n) + 8) >> 8 for n in range(255)]
    t.check("255 VFs are there", ids.count(0x020000), 255)
    last = VfVsi(c, 254, MACS[1])
    t.check("the last one sends", last.tx(eth(OUT, last.mac, b"a" * 60)), True)
    t.check("under its own id", sorted(c.by_vf()), [254])
    q.frames()
    last.free()
    c.vfs(0)


PROPS = "bus=rp0,siov=on,sriov-vfs="
PORT_ARGS = ("-device", "pcie-root-port,id=rp0,addr=2.0,pref64-reserve=512M")

if __name__ == "__main__":
    sys.exit(e810_card.main(__doc__, (
        ((test_pci, test_vsi, test_traffic, test_window, test_irq,
          test_mailbox, test_reset, test_flr, test_malicious, test_own_bar,
          test_pf_reset, test_link_reset),
         {"props": f"{PROPS}{NUM_VFS}", "extra": PORT_ARGS,
          "card": SriovCard}),
        ((test_many,), {"props": f"{PROPS}255", "extra": PORT_ARGS,
                        "card": SriovCard}),
    )))
