#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated QAT's virtual functions, through QEMU's qtest socket: what Linux's qat_4xxx and DPDK do with them, and what a bad VF may try."""

import argparse
import random
import struct
import sys
import tempfile

from qat import CBC, CIPHER, ECAM, ENC, DEV, ETR, PMISC, VTD, Bank, Qtest, Sym, Tap, Vtd, cipher_block, null_req, openssl_enc, wait_mem

NUM_VFS, BANKS = 16, 4
SRIOV = ECAM + (DEV << 15) + 0x160
VF_ETR, VF_PMISC = 0xE3000000, 0xE3800000
VM2PF_SOU, VM2PF_MSK = PMISC + 0x41A180, PMISC + 0x41A1C0
VINTSOU, VINTMSK, SOUPF2VM, MSKPF2VM, PF2VM, VM2PF = 0x0, 0x4, 0x8, 0xC, 0x10, 0x14
IOMMU = ("-device", "intel-iommu,intremap=off,x-scalable-mode=on,x-pasid-mode=on,x-flts=off")
VFE, MSE = 1, 8
ECAP = {"ARI": 0x0E, "ATS": 0x0F, "SR-IOV": 0x10, "PASID": 0x1B, "AER": 0x01}


def vf_cfg(n):
    return ECAM + ((DEV << 3) + 1 + n << 12)


def pf_reg(n, off):
    """The PF's register of a VF"""
    return PMISC + 0x40B000 + 0x20 * n + off


def vf_reg(n, off):
    """The same one, as the VF has it"""
    return VF_PMISC + 0x2000 * n + (off if off < SOUPF2VM else off - SOUPF2VM + 0x1000)


def vfs(q, num):
    """As pci_enable_sriov(), and a driver that sets Bus Master Enable; 0: as pci_disable_sriov()"""
    if not num:
        q.writel(SRIOV + 8, 0)
        return
    q.writel(SRIOV + 0x10, num)
    for off, val in ((0x24, VF_ETR), (0x28, 0), (0x2C, VF_PMISC), (0x30, 0)):
        q.writel(SRIOV + off, val)
    q.writel(SRIOV + 8, VFE | MSE)
    for n in range(num):
        q.writel(vf_cfg(n) + 4, 4)


def ecaps(q, cfg):
    """The extended capabilities of a function: id and where it is"""
    found, at = {}, 0x100
    while at:
        val = q.readl(cfg + at)
        found[val & 0xFFFF] = at
        at = val >> 20
    return found


def by_vf(q):
    return {e["vf"]: e for e in q.prop("dma-by-vf")}


class VfBank(Bank):
    """Rings, descriptor and data in four pages at fixed IOVAs, by way of the VF's own BAR and requester id"""

    IOVA = 0x40000000

    def __init__(self, q, spaces, vf, num):
        self.space = spaces[vf]
        self.iova = self.IOVA + (num << 20)
        self.vf, self.local = vf, num
        super().__init__(q, vf * BANKS + num, order=6)

    def setup(self, enable=1):
        q = self.q
        self.csr = VF_ETR + 0x8000 * self.vf + 0x2000 * self.local
        self.size, self.tail, self.head = 4096, 0, 0
        self.pages = [self.space.alloc() for _ in range(4)]
        self.base = self.pages[:2]
        for i, page in enumerate(self.pages):
            self.space.map(0, self.iova + 4096 * i, page)
        q.write(self.base[1], b"\x7f" * 4096)
        for r in range(2):
            q.writel(self.csr + 0x1040 + 4 * r, self.iova + 4096 * r)
            q.writel(self.csr + 0x1080 + 4 * r, 0)
            q.writel(self.csr + 0x1000 + 4 * r, self.order)
        q.writel(self.csr + 0x19C, enable)

    def encrypt(self, key, iv, data, src=None):
        s = Sym(self.q)
        s.cipher(cipher_block(3, CBC, ENC, key), 0, len(data), iv)
        req = s.done(CIPHER)
        self.q.write(self.pages[2], s.cd)
        self.q.write(self.pages[3], data)
        struct.pack_into("<Q", req, 8, self.iova + 8192)
        struct.pack_into("<QQII", req, 32, src or self.iova + 12288, self.iova + 12288, len(data), len(data))
        self.stage(req)

    def output(self, size):
        return self.q.read(self.pages[3], size)


class VfSpace(Vtd):
    """What a VF's requester id may reach: a table for it alone"""

    def __init__(self, vtd, vf):
        self.q, self.tables = vtd.q, {}
        self.pdir = self.alloc()
        self.did = 1000 + vf
        vtd.put(vtd.ctx + ((DEV << 3) + 1 + vf) * 32, self.pdir | 1, 0, 0, 0)

    def entry(self, pasid, val, did=1):
        super().entry(pasid, val, self.did)


def test_capabilities(q, tap, ats):
    pf, cap = ecaps(q, ECAM + (DEV << 15)), SRIOV
    want = {"AER", "PASID", "ARI", "SR-IOV"} | ({"ATS"} if ats else set())
    tap.eq({name for name, num in ECAP.items() if num in pf}, want, f"the PF's extended capabilities: {', '.join(sorted(want))}")
    tap.eq((q.readl(cap + 0xC) & 0xFFFF, q.readl(cap + 0xC) >> 16), (NUM_VFS, NUM_VFS), "16 VFs, initial and total")
    tap.eq(q.readl(cap + 0x14), 1 | 1 << 16, "they follow the PF's routing id")
    tap.eq(q.readl(vf_cfg(0)), 0xFFFFFFFF, "none before they are enabled")
    q.writel(cap + 0x10, NUM_VFS + 1)
    q.writel(cap + 8, VFE | MSE)
    tap.eq(q.readl(vf_cfg(0)), 0xFFFFFFFF, "nor if there are fewer than asked for")
    vfs(q, NUM_VFS)
    last = vf_cfg(NUM_VFS - 1)
    tap.eq((q.readl(last), q.readl(last + 8)), (0xFFFFFFFF, 0x0B400040), "the last one: ids as SR-IOV wants them, a co-processor, revision 0x40")
    tap.eq([q.readl(last + off) for off in (0x40, 0x44, 0x4C, 0x1C4, 0x1C8)], [0] * 5, "its fuses: all is on")
    tap.eq(q.readl(last + 0x50) & 0xFF | q.readl(last + 0x50) >> 16 & 0x18E, 0x05 | 0x180, "one MSI, 64 bits, maskable")
    tap.eq((q.readl(last + 0x70) & 0xFF, q.readl(last + 0x74) >> 28 & 1), (0x10, 1), "PCI Express, with FLR")
    tap.eq((set(ecaps(q, last)), q.prop("stats")["vfs"]), ({0x0E, 0x0F} if ats else {0x0E}, NUM_VFS), "no PASID")
    if ats:
        for name, cfg in ("the PF", ECAM + (DEV << 15)), ("a VF", vf_cfg(2)):
            ctrl = cfg + ecaps(q, cfg)[ECAP["ATS"]] + 4
            q.writel(ctrl, 1 << 31)
            tap.eq(q.readl(ctrl) >> 31, 1, f"ATS of {name} can be enabled")
        q.writel(vf_cfg(2) + 0x78, 1 << 15)
        tap.eq(q.readl(ctrl) >> 31, 0, "FLR turns it off")
    vfs(q, 0)
    tap.eq((q.readl(last), q.prop("stats")["vfs"]), (0xFFFFFFFF, 0), "gone again")


def test_window(q, tap):
    """A VF's BAR0 is its four banks, and nothing else reaches them but the PF"""
    vfs(q, NUM_VFS)
    for vf in range(NUM_VFS):
        for num in range(BANKS):
            q.writel(VF_ETR + 0x8000 * vf + 0x2000 * num + 0x1040, vf << 20 | num << 16)
    tap.eq([q.readl(ETR + 0x100000 + 0x2000 * bank + 0x1040) for bank in range(64)],
           [n // 4 << 20 | n % 4 << 16 for n in range(64)], "bank 4n + i is VF n's i")
    for vf in range(NUM_VFS):
        for num in range(BANKS):
            q.writel(VF_ETR + 0x8000 * vf + 0x2000 * num + 0x1040, 0)
    vfs(q, 0)


def test_mailbox(q, tap, mail):
    """Both directions, as adf_gen4_pfvf.c drives them and as a VF does"""
    vfs(q, NUM_VFS)
    q.writel(PMISC + 0x41A084, 0)
    q.writel(mail, 0)
    tap.eq((q.readl(VM2PF_SOU), q.readl(VM2PF_MSK)), (0, 0xFFFF), "VM2PF: nothing there, all masked")
    q.writel(vf_reg(3, VM2PF), 0x00000327)
    tap.eq((q.readl(pf_reg(3, VM2PF)), q.readl(VM2PF_SOU)), (0x327, 8), "a VF's message: the PF has it, and its source")
    tap.ok(not wait_mem(q, mail, 0x1040, 0.2), "masked, it interrupts nobody")
    q.writel(VM2PF_MSK, 0)
    tap.ok(wait_mem(q, mail, 0x1040), "unmasked: vector 64")
    q.writel(mail, 0)
    q.writel(vf_reg(5, VM2PF), 0x1003)
    tap.ok(q.readl(VM2PF_SOU) == 0x28 and wait_mem(q, mail, 0x1040), "another VF's: once more")
    q.writel(mail, 0)
    # adf_gen4_disable_pending_vf2pf_interrupts(): all off, then on but for those that are handled
    q.writel(VM2PF_MSK, 0xFFFF)
    q.writel(VM2PF_MSK, 0x28)
    tap.ok(not wait_mem(q, mail, 0x1040, 0.2), "what is handled is masked")
    q.writel(vf_reg(0, VM2PF), 0x1007)
    tap.ok(wait_mem(q, mail, 0x1040), "a third one gets through")
    q.writel(mail, 0)
    q.writel(VM2PF_MSK, 0xFFFF)
    q.writel(VM2PF_MSK, 0x28)
    tap.ok(wait_mem(q, mail, 0x1040), "and is not lost between off and on")
    for n in 0, 3, 5:
        q.writel(pf_reg(n, VM2PF), q.readl(pf_reg(n, VM2PF)) & ~1)
    tap.eq((q.readl(VM2PF_SOU), q.readl(vf_reg(3, VM2PF))), (0, 0x326), "acknowledged: the VF sees it, no source is left")
    q.writel(mail, 0)
    q.writel(VM2PF_MSK, 0)
    tap.ok(not wait_mem(q, mail, 0x1040, 0.2), "unmasked then, none")

    q.writel(vf_cfg(3) + 0x54, mail)
    q.writel(vf_cfg(3) + 0x58, 0)
    q.writel(vf_cfg(3) + 0x5C, 0x3003)
    q.writel(vf_cfg(3) + 0x50, 1 << 16)
    tap.eq((q.readl(vf_reg(3, VINTMSK)), q.readl(vf_reg(3, MSKPF2VM))), (0xF, 1), "a VF begins with its interrupts masked")
    q.writel(pf_reg(3, PF2VM), 0x00000C0F)
    tap.eq((q.readl(vf_reg(3, PF2VM)), q.readl(vf_reg(3, SOUPF2VM)), q.readl(pf_reg(3, SOUPF2VM)), q.readl(vf_reg(2, PF2VM))),
           (0xC0F, 1, 1, 0), "the PF's message: this VF has it, and its source")
    tap.ok(not wait_mem(q, mail, 0x3003, 0.2), "masked, no interrupt")
    q.writel(vf_reg(3, MSKPF2VM), 0)
    tap.ok(wait_mem(q, mail, 0x3003), "unmasked: the VF's MSI")
    q.writel(mail, 0)
    q.writel(vf_reg(3, PF2VM), 0xC0E)
    tap.eq((q.readl(pf_reg(3, PF2VM)), q.readl(vf_reg(3, SOUPF2VM))), (0xC0E, 0), "acknowledged by the VF: the PF sees it")
    q.writel(pf_reg(3, PF2VM), 0x00000D0F)
    tap.ok(wait_mem(q, mail, 0x3003), "another message, another interrupt")
    q.writel(mail, 0)
    # A message that the VF has not seen yet: an FLR takes it
    q.writel(vf_reg(3, VM2PF), 0x1003)
    q.writel(vf_cfg(3) + 0x78, 1 << 15)
    tap.eq((q.readl(pf_reg(3, PF2VM)), q.readl(pf_reg(3, VM2PF)), q.readl(pf_reg(3, VINTMSK)), q.readl(pf_reg(3, MSKPF2VM)),
            q.readl(VM2PF_SOU)), (0, 0, 0xF, 1, 0), "FLR of a VF: its mailbox is empty, its interrupts masked")
    tap.eq((q.readl(vf_cfg(3) + 0x50) >> 16 & 1, q.readl(vf_cfg(3) + 4) & 7), (0, 0), "MSI and Bus Master Enable off")
    q.writel(VM2PF_MSK, 0xFFFF)
    vfs(q, 0)


def test_dma(q, tap, spaces):
    """What a VF's banks do is the VF's, and goes no further than the VF may"""
    vfs(q, NUM_VFS)
    before, plain = q.prop("stats"), q.prop("stats")["dma-no-pasid"]
    rnd = random.Random(4)
    jobs = []
    for vf, num in (0, 0), (0, 3), (7, 0), (15, 3):
        b = VfBank(q, spaces, vf, num)
        key, iv, data = (rnd.randbytes(n) for n in (16, 16, 1024))
        b.encrypt(key, iv, data)
        jobs.append((b, openssl_enc("aes-128-cbc", key, iv, data)))
    for b, _ in jobs:
        b.ring()
    good = True
    for b, want in jobs:
        resp = b.poll()
        good &= resp is not None and resp[6] == 0 and b.output(1024) == want
    tap.ok(good, "four banks of three VFs: each computes its own data")
    tap.eq((sorted(by_vf(q)), [e["faults"] for e in by_vf(q).values()], q.prop("stats")["dma-no-pasid"]), ([0, 7, 15], [0] * 3, plain),
           "all of it under their requester ids, nothing under the PF's")
    tap.ok(not any(b["no-pasid"] for b in q.prop("banks")), "nothing is taken for the PF's")

    a, b = jobs[0][0], jobs[2][0]
    # The same IOVA is another VF's page, or none
    theirs = b.output(1024)
    a.encrypt(bytes(16), bytes(16), bytes(1024), src=b.pages[3])
    a.ring()
    resp = a.poll()
    tap.ok(resp and resp[6] == 0x82 and by_vf(q)[0]["faults"] == 1, "the address of another's page: an error response, a fault of this VF")
    tap.eq((by_vf(q)[7]["faults"], b.output(1024)), (0, theirs), "the other one is not disturbed")
    q.writel(a.csr + 0x1040, b.pages[0])
    a.stage(null_req(a))
    q.writel(a.csr + 0x100, 128)
    tap.ok(a.poll(0.3) is None and q.readl(a.csr + 0x188) & 1, "a ring in another's memory: it stops")
    tap.ok(b.run(null_req(b)) is not None, "the other's goes on")

    q.writel(vf_cfg(7) + 4, 0)
    was = by_vf(q)[7]
    b.stage(null_req(b))
    b.ring()
    now = b.poll(0.3), by_vf(q)[7]
    tap.ok(now[0] is None and now[1]["no-master"] > was["no-master"] and now[1]["faults"] == was["faults"],
           "without Bus Master Enable nothing gets as far as the IOMMU")
    tap.eq(q.readl(vf_cfg(7) + 4) & 6, 0, "which reads as it was written, and Memory Space Enable as 0")
    q.writel(vf_cfg(7) + 4, 4)
    q.writel(ECAM + (DEV << 15) + 4, 2)
    c = VfBank(q, spaces, 7, 1)
    tap.ok(c.run(null_req(c)) is not None, "the PF's bit is not the VF's")
    q.writel(ECAM + (DEV << 15) + 4, 6)

    # A PASID: a VF has none
    q.cfg_write(0x154, q.cfg_read(0x154) | 1 << 16)
    q.writel(ETR + 0x4000 + (c.num << 4), 0x05500005)
    c.stage(null_req(c))
    c.ring()
    tap.ok(c.poll(0.3) is None and q.readl(c.csr + 0x188) & 1, "PASIDCTL on a VF's bank: its ring stops")
    tap.ok(not q.prop("dma-by-pasid"), "and nothing goes out with the PASID")
    tap.ok(c.reset() and not q.readl(c.csr + 0x1000), "the PF resets the bank, as it is asked to by RP_RESET")
    c.setup()
    tap.ok(c.run(null_req(c)) is not None, "it works again")
    tap.eq(q.prop("stats")["interrupts-msix"], before["interrupts-msix"], "no interrupt of the PF's")
    vfs(q, 0)


def test_irq(q, tap, spaces, mail):
    vfs(q, NUM_VFS)
    a, other = VfBank(q, spaces, 2, 1), VfBank(q, spaces, 2, 2)
    for vf in 2, 3:
        q.writel(vf_cfg(vf) + 0x54, mail)
        q.writel(vf_cfg(vf) + 0x5C, 0x5000 + vf)
        q.writel(vf_cfg(vf) + 0x50, 1 << 16)
    q.writel(PMISC + 0x41A040, 0)
    q.writel(PMISC + 0x41A044, 0)
    # A slot of the table of interrupts is for VDEVs
    for i, val in enumerate((mail, 0, 0x7777, 0)):
        q.writel(PMISC + 0x410000 + 16 * a.num + 4 * i, val)
    q.writel(mail, 0)
    for b in a, other:
        q.writel(b.csr + 0x174, 0x44)
        q.writel(b.csr + 0x180, 1 << 31 | 0x100)
        q.writel(b.csr + 0x184, 2)
    a.run(null_req(a))
    q.cmd("clock_step", 1000000)
    tap.eq((q.readl(mail), q.readl(vf_reg(2, VINTSOU)), q.readl(pf_reg(2, VINTSOU)), q.readl(vf_reg(3, VINTSOU))),
           (0, 0, 0, 0), "a response that is taken at once needs no interrupt")
    a.stage(null_req(a))
    a.ring()
    a.poll(advance=False)
    q.cmd("clock_step", 1000000)
    tap.eq((q.readl(mail), q.readl(vf_reg(2, VINTSOU)), q.readl(pf_reg(2, VINTSOU)), q.readl(vf_reg(3, VINTSOU))),
           (0, 2, 2, 0), "a response: VINTSOU has the bank's bit, masked it is no message")
    q.writel(vf_reg(2, VINTMSK), 0xD)
    tap.ok(wait_mem(q, mail, 0x5002), "unmasked: the VF's MSI, not the PF's nor the table's")
    q.writel(mail, 0)
    q.writel(a.csr + 0x184, 0)
    tap.eq(q.readl(vf_reg(2, VINTSOU)), 0, "INT_FLAG_AND_COL clears it")
    q.writel(a.csr + 0x0C4, a.head)
    q.writel(a.csr + 0x184, 2)
    a.stage(null_req(a))
    a.ring()
    a.poll(advance=False)
    q.cmd("clock_step", 1000000)
    tap.ok(wait_mem(q, mail, 0x5002), "the next one")
    q.writel(mail, 0)
    other.stage(null_req(other))
    other.ring()
    other.poll(advance=False)
    q.cmd("clock_step", 1000000)
    tap.eq((q.readl(vf_reg(2, VINTSOU)), q.readl(mail)), (6, 0), "another bank, which is masked: its source only")
    q.writel(vf_reg(2, VINTSOU), 2)
    tap.eq(q.readl(vf_reg(2, VINTSOU)), 4, "written 1, a source is clear")
    stats = q.prop("stats")
    tap.eq((stats["interrupts-vf"] > 0, stats["interrupts-ims"], stats["interrupts-msix"]), (True, 0, 0), "counted as VFs'")
    q.writel(PMISC + 0x41A040, 0xFFFFFFFF)
    q.writel(PMISC + 0x41A044, 0xFFFFFFFF)
    for i, val in enumerate((0, 0, 0, 1)):
        q.writel(PMISC + 0x410000 + 16 * a.num + 4 * i, val)
    vfs(q, 0)


def test_flr(q, tap, spaces):
    vfs(q, NUM_VFS)
    banks = [VfBank(q, spaces, 4, n) for n in range(BANKS)]
    b = VfBank(q, spaces, 5, 0)
    for c in banks:
        c.stage(null_req(c))
    q.writel(vf_cfg(4) + 0x78, 1 << 15)
    left = []
    for c in banks:
        left += [q.readl(c.csr + off) for off in (0x1000, 0x1004, 0x1040, 0x1044, 0x1080, 0x19C, 0x100, 0x0C4)]
        q.writel(c.csr + 0x100, 128)
    tap.ok(not any(left) and all(c.poll(0.1) is None for c in banks), "FLR of a VF: its four banks are clear, and do nothing")
    tap.ok(b.run(null_req(b)) is not None, "the next VF's is not")
    # The PF asks for a reset of two of the VF's banks, and an FLR comes before it looks
    ctl = [ETR + 0x6000 + 8 * (4 * BANKS + n) for n in (0, 1)]
    for reg in ctl:
        q.writel(reg, 1)
    q.writel(vf_cfg(4) + 0x78, 1 << 15)
    tap.eq([q.readl(reg + 4) & 1 for reg in ctl], [1, 1], "a reset that the PF waits for is not lost by an FLR")
    for reg in ctl:
        q.writel(reg + 4, 1)
    q.writel(vf_cfg(4) + 4, 4)
    again = VfBank(q, spaces, 4, 0)
    tap.ok(again.run(null_req(again)) is not None, "set up again, it works")
    vfs(q, 0)
    tap.eq([q.readl(ETR + 0x100000 + 0x2000 * n + 0x1000) for n in (16, 20)], [0, 0], "VFs off: their banks are clear")
    bank = Bank(q, 20)
    tap.ok(bank.run(null_req(bank)) is not None, "and the PF's again")
    bank.reset()
    # Half of them: Linux's driver never does that
    vfs(q, NUM_VFS // 2)
    bank, plain, sent = Bank(q, 40), q.prop("stats")["dma-no-pasid"]["reads"], q.prop("stats")["interrupts-msix"]
    q.writel(PMISC + 0x41A044, 0)
    q.writel(bank.csr + 0x174, 0x44)
    q.writel(bank.csr + 0x16C, 2)
    tap.ok(bank.run(null_req(bank)) is not None and q.prop("stats")["dma-no-pasid"]["reads"] > plain, "with 8 of them the PF has bank 40")
    tap.eq(q.prop("stats")["interrupts-msix"], sent + 1, "and its interrupts")
    q.writel(PMISC + 0x41A044, 0xFFFFFFFF)
    bank.reset()
    vfs(q, 0)
    vfs(q, NUM_VFS)
    tap.eq(q.readl(vf_cfg(15) + 4) & 7, 0 | 4, "on again")
    q.writel(vf_reg(9, VM2PF), 3)
    q.cfg_write(0xA8, 1 << 15)
    tap.eq((q.readl(vf_cfg(0)), q.prop("stats")["vfs"]), (0xFFFFFFFF, 0), "FLR of the PF: they are gone")
    ats = ecaps(q, ECAM + (DEV << 15))[ECAP["ATS"]]
    tap.eq(q.cfg_read(ats + 4) >> 31, 0, "and its ATS is off")


def test_noise(q, tap, spaces, seed):
    """A VF that writes what it likes where it likes"""
    vfs(q, NUM_VFS)
    b = VfBank(q, spaces, 11, 2)
    rnd = random.Random(seed)
    regs = [0x2000 * n + off for n in range(BANKS) for off in
            (0x0C0, 0x0C4, 0x100, 0x104, 0x16C, 0x170, 0x174, 0x17C, 0x180, 0x184, 0x188, 0x18C, 0x19C,
             0x1000, 0x1004, 0x1040, 0x1044, 0x1080, 0x1084)]
    faults = {n: e["faults"] for n, e in by_vf(q).items()}
    for _ in range(3000):
        if rnd.random() < 0.8:
            q.writel(VF_ETR + 0x8000 * 10 + rnd.choice(regs), rnd.choice((rnd.getrandbits(32), 1, 2, 6, 128, 1 << 31)))
        else:
            q.writel(vf_reg(10, rnd.choice((VINTSOU, VINTMSK, SOUPF2VM, MSKPF2VM, PF2VM, VM2PF))), rnd.getrandbits(32))
    key, iv, data = (rnd.randbytes(n) for n in (16, 16, 1024))
    b.encrypt(key, iv, data)
    b.ring()
    resp = b.poll()
    tap.ok(resp and resp[6] == 0 and b.output(1024) == openssl_enc("aes-128-cbc", key, iv, data),
           f"3000 random registers of one VF, seed {seed}: another one computes")
    others = [n for n, e in by_vf(q).items() if n != 10 and e["faults"] != faults.get(n, 0)]
    tap.eq((others, q.prop("stats")["dma-no-pasid"]["faults"]), ([], 0), "and no fault is anybody else's")
    vfs(q, 0)


def test_refused(qemu, bios, verbose, tap):
    """Numbers of VFs and devices that no card has"""
    import subprocess
    for props in "sriov-vfs=8", "sriov-vfs=17", "device-id=0x4941", "device-id=0x4946":
        p = subprocess.run([qemu, "-machine", "q35", "-accel", "qtest", "-nodefaults", "-display", "none", "-bios", bios,
                            "-device", f"qat-4xxx,{props}"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if verbose:
            print(p.stderr, file=sys.stderr)
        tap.ok(p.returncode == 1 and props.split("=")[0] in p.stderr, f"{props}: refused")


def test_ids(qemu, bios, verbose, tap):
    for dev in 0x4940, 0x4942, 0x4944:
        q = Qtest(qemu, bios, verbose, props=f",device-id={dev:#x},sriov-vfs=16")
        q.bring_up()
        tap.eq((q.cfg_read(0), q.readl(SRIOV + 0x18) >> 16), (dev << 16 | 0x8086, dev + 1), f"8086:{dev:x} has VFs 8086:{dev + 1:x}")
        tap.eq(ecaps(q, ECAM + (DEV << 15)).get(0x0F), None, "no ATS unless asked for")
        tap.eq(q.close(), 0, "QEMU ends well")
    q = Qtest(qemu, bios, verbose)
    q.bring_up()
    tap.ok(0x10 not in ecaps(q, ECAM + (DEV << 15)), "no VFs unless asked for")
    tap.eq(q.close(), 0, "QEMU ends well")


def run(qemu, bios, verbose, seed):
    tap = Tap()
    test_ids(qemu, bios, verbose, tap)
    test_refused(qemu, bios, verbose, tap)
    q = Qtest(qemu, bios, verbose, IOMMU, ",sriov-vfs=16,services=sym,ats=on")
    q.bring_up()
    vtd = Vtd(q)
    spaces = [VfSpace(vtd, n) for n in range(NUM_VFS)]
    # messages go to memory, where they can be seen: the PF's pass through, and so do interrupts of all
    mail = q.put(bytes(4096), 4096)
    q.cfg_write(0x70, 0x80000000)
    for i, val in enumerate((mail, 0, 0x1040, 0)):
        q.writel(PMISC + 0x400000 + 16 * 64 + 4 * i, val)
    for space in spaces:
        space.map(0, mail, mail)
    test_capabilities(q, tap, True)
    test_window(q, tap)
    test_mailbox(q, tap, mail)
    test_dma(q, tap, spaces)
    test_irq(q, tap, spaces, mail)
    test_noise(q, tap, spaces, seed)
    tap.eq(q.prop("stats")["unknown-reg"], 0, "no unknown register")
    test_flr(q, tap, spaces)
    tap.eq(q.close(), 0, "QEMU ends well")
    return tap.done()


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("qemu")
    ap.add_argument("-v", dest="verbose", action="store_true")
    ap.add_argument("--seed", type=int, default=1, help="of random registers")
    args = ap.parse_args()
    with tempfile.NamedTemporaryFile(prefix="qat-bios-") as bios:
        bios.write(bytes(65536))
        bios.flush()
        return run(args.qemu, bios.name, args.verbose, args.seed)


if __name__ == "__main__":
    sys.exit(main())
