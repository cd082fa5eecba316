# SPDX-License-Identifier: GPL-2.0-or-later
"""What qtests of the emulated E810 share: QEMU, the PF and VSIs as drivers see them, frames."""

import argparse
import json
import os
import random
import socket
import struct
import subprocess
import tempfile
import time
import traceback

BAR0, BAR3, ECAM, VTD = 0xc0000000, 0xd0000000, 0xb0000000, 0xfed90000
DEVFN = 0x10                            # 00:02.0
RAM = 512 << 20

# where things lie in memory
ROOT, CTX, PDIR = 0x100000, 0x101000, 0x120000
HEAP = 0x1000000
MSI = 0x110000                          # vector n writes n + 1 to MSI + 4 * n

NO_PASID = None
PAGE_MBX, PAGE_INT, PAGE_RX, PAGE_TX = (0x2000000, 0x3000000, 0x3800000,
                                        0x4000000)
LB, LAN, VALID, LIST = 1 << 2, 1 << 3, 1 << 17, 1 << 14
PRUNE = 2 | 1 << 15 | 1 << 16
CAUSE_ENA, ITR_NONE = 1 << 30, 3 << 11
WB_VECTOR, WB_ON_ITR = 2000, 1 << 30
DD, EOP = 1, 2
EOP_RS = 0x30                           # of a data descriptor, at bit 4


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def check(self, name, got, want=True):
        self.n += 1
        if got == want:
            print(f"ok {self.n} - {name}", flush=True)
        else:
            self.bad += 1
            print(f"not ok {self.n} - {name}\n#   got  {got!r}\n"
                  f"#   want {want!r}", flush=True)


class Qemu:
    """A QEMU process, its memory, its registers and its monitor"""

    def __init__(self, binary, tmp, flts=False, props="addr=2.0,siov=on", extra=(),
                 after=()):
        self.tmp = tmp
        self.flts = flts
        self.peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.peer.bind(f"{tmp}/peer")
        self.peer.settimeout(0.5)
        with open(f"{tmp}/bios", "wb") as f:
            f.write(bytes(65536))       # nothing runs
        servers = {}
        for name in ("qtest", "qmp"):
            servers[name] = socket.socket(socket.AF_UNIX)
            servers[name].bind(f"{tmp}/{name}")
            servers[name].listen(1)
            servers[name].settimeout(30)
        self.proc = subprocess.Popen(
            [binary, "-M", "q35", "-accel", "qtest", "-m", f"{RAM >> 20}",
             "-nodefaults", "-display", "none", "-bios", f"{tmp}/bios",
             "-qtest", f"unix:{tmp}/qtest", "-qtest-log", "/dev/null",
             "-chardev", f"socket,id=q,path={tmp}/qmp",
             "-mon", "chardev=q,mode=control",
             "-device", "intel-iommu,intremap=on,x-scalable-mode=on,"
             f"x-pasid-mode=on,x-flts={'on' if flts else 'off'}",
             "-netdev", "dgram,id=n0,local.type=unix,"
             f"local.path={tmp}/nic,remote.type=unix,remote.path={tmp}/peer",
             *extra, "-device", "e810,id=pf0,netdev=n0,"
             f"mac=52:54:00:e8:10:01,{props}", *after],
            stderr=open(f"{tmp}/err", "w"))
        try:
            self.connect(servers)
        except OSError:
            self.proc.kill()
            raise

    def connect(self, servers):
        self.qtest = servers["qtest"].accept()[0].makefile("rw", newline="\n")
        qmp = servers["qmp"].accept()[0]
        qmp.settimeout(30)
        self.qmp = qmp.makefile("rw", newline="\n")
        self.qmp.readline()
        self.heap = HEAP
        self.command("qmp_capabilities")

    def command(self, cmd, **args):
        json.dump({"execute": cmd, "arguments": args}, self.qmp)
        self.qmp.write("\n")
        self.qmp.flush()
        while True:
            ans = json.loads(self.qmp.readline())
            if "return" in ans:
                return ans["return"]
            if "error" in ans:
                raise RuntimeError(ans["error"])

    def stats(self):
        return self.command("qom-get", path="/machine/peripheral/pf0",
                            property="stats")

    def by_pasid(self):
        return {e["pasid"]: e for e in
                self.command("qom-get", path="/machine/peripheral/pf0",
                             property="dma-by-pasid")}

    def q(self, line):
        self.qtest.write(line + "\n")
        self.qtest.flush()
        while True:
            ans = self.qtest.readline()
            if not ans:
                raise RuntimeError("QEMU died")
            if not ans.startswith("IRQ"):
                break
        if not ans.startswith("OK"):
            raise RuntimeError(f"{line}: {ans}")
        return ans[3:].strip()

    def rd(self, addr):
        return int(self.q(f"readl {addr:#x}"), 16)

    def wr(self, addr, val):
        self.q(f"writel {addr:#x} {val & 0xffffffff:#x}")

    def get(self, addr, size):
        return bytes.fromhex(self.q(f"read {addr:#x} {size:#x}")[2:])

    def put(self, addr, data):
        self.q(f"write {addr:#x} {len(data):#x} 0x{data.hex()}")

    def put64(self, addr, *vals):
        self.put(addr, struct.pack(f"<{len(vals)}Q", *vals))

    def step(self, ns):
        self.q(f"clock_step {ns}")

    def settle(self):
        """Let bottom halves run; they do between two commands"""
        for _ in range(20):
            self.q("endianness")

    def alloc(self, size=4096):
        addr = self.heap
        self.heap += (size + 4095) & ~4095
        assert self.heap < RAM
        return addr

    def frames(self):
        """What the card sent to the port"""
        got = []
        self.settle()
        self.peer.settimeout(0.05)
        try:
            while True:
                got.append(self.peer.recv(70000))
        except OSError:
            return got

    def send(self, frame):
        self.peer.sendto(frame, f"{self.tmp}/nic")
        time.sleep(0.02)
        self.settle()


class Card:
    """The PF, as a driver sees it"""

    bar0, bar3, devfn, msi = BAR0, BAR3, DEVFN, MSI

    def __init__(self, q):
        self.q = q
        self.cfg = ECAM + (self.devfn << 12)
        q.q("outl 0xcf8 0x80000064")    # MCH: where the config space is
        q.q("outl 0xcfc 0x0")
        q.q("outl 0xcf8 0x80000060")
        q.q(f"outl 0xcfc {ECAM | 1:#x}")
        self.enable()
        self.iommu()
        self.tables = {}

    def enable(self):
        q, c = self.q, self.cfg
        for off, val in ((0x10, self.bar0), (0x14, 0), (0x1c, self.bar3),
                         (0x20, 0)):
            q.wr(c + off, val)
        q.wr(c + 4, 6)
        q.wr(c + 0x70, q.rd(c + 0x70) | 1 << 31)
        q.wr(c + 0x1c4, 1 << 16)        # PASID enable
        for v in range(64):
            for i, val in enumerate((self.msi + 4 * v, 0, v + 1, 0)):
                q.wr(self.bar3 + 16 * v + 4 * i, val)

    def iommu(self):
        """Scalable mode; without PASID everything passes through"""
        q = self.q
        q.put64(ROOT, CTX | 1, (CTX + 0x1000) | 1)
        q.put64(CTX + self.devfn * 32, PDIR | 7 << 9 | 1, 0, 0, 0)
        self.set_pasid(0, 4 << 6 | 1)
        q.put64(VTD + 0x20, ROOT | 1 << 10)
        q.wr(VTD + 0x18, 1 << 30)
        q.wr(VTD + 0x18, 1 << 31)

    def set_pasid(self, pasid, val, did=1, first=0):
        q = self.q
        pde = PDIR + (pasid >> 6) * 8
        leaf = struct.unpack("<Q", q.get(pde, 8))[0] & ~0xfff
        if not leaf:
            leaf = q.alloc()
            q.put64(pde, leaf | 1)
        q.put64(leaf + (pasid & 63) * 64, val, did, first)

    def flush(self):
        self.q.put64(VTD + 0xf8, 1 << 63 | 1 << 60)

    def space(self, pasid):
        """A PASID with an empty table, first or second stage"""
        self.tables[pasid] = self.q.alloc()
        self.bind(pasid)

    def bind(self, pasid):
        top, did = self.tables[pasid], pasid & 0xffff
        if self.q.flts:
            self.set_pasid(pasid, 1 << 6 | 2 << 2 | 1, did, top)
        else:
            self.set_pasid(pasid, top | 2 << 6 | 2 << 2 | 1, did)

    def map(self, pasid, iova, phys, perm=3):
        q, table = self.q, self.tables[pasid]
        # first stage: present, writable, user; second stage: read, write
        bits = 7 if q.flts else 3
        if q.flts and perm:
            perm = 7 if perm & 2 else 5
        for level in (39, 30, 21):
            at = table + (iova >> level & 511) * 8
            table = struct.unpack("<Q", q.get(at, 8))[0] & ~0xfff
            if not table:
                table = q.alloc()
                q.put64(at, table | bits)
        q.put64(table + (iova >> 12 & 511) * 8, phys | perm if perm else 0)

    def rd(self, reg):
        return self.q.rd(self.bar0 + reg)

    def wr(self, reg, val):
        self.q.wr(self.bar0 + reg, val)

    def open(self):
        """Admin queue and PF mailbox"""
        q = self.q
        self.atq = q.alloc()
        self.aqbuf = q.alloc()
        self.tail = 0
        self.slow = 0                   # ns to let pass while firmware works
        for reg, val in ((0, self.atq), (0x100, 0), (0x200, 64 | 1 << 31),
                         (0x300, 0), (0x400, 0)):
            self.wr(0x80000 + reg, val)
        self.mbx_sq, self.mbx_rq = q.alloc(), q.alloc()
        self.mbx_buf = [q.alloc() for _ in range(8)]
        self.mbx_sqbuf = q.alloc()
        self.mbx_tail = 0
        self.wr(0x22e100, self.mbx_sq)
        self.wr(0x22e200, 8 | 1 << 31)
        for i, buf in enumerate(self.mbx_buf):
            q.put(self.mbx_rq + 32 * i,
                  struct.pack("<HHHHIIIIII", 0x1200, 0, 4096, 0, 0, 0, 0, 0,
                              0, buf))
        self.wr(0x22e380, self.mbx_rq)
        self.wr(0x22e480, 8 | 1 << 31)
        self.wr(0x22e580, 7)
        self.wr(0x231ec0, 1)            # PASID mode

    def reset_card(self, kind=1, after=20):
        """CORER (1), GLOBR (2) or EMPR (4), soon; and AFTER ms later"""
        delay = self.rd(0xb8180)
        self.wr(0xb8180, 0)
        self.wr(0xb8190, kind)
        self.q.step(2000000)
        self.wr(0xb8180, delay)
        if after:
            self.q.step(after * 1000000)

    def post(self, opcode, params=b"", buf=None, size=0):
        """Give firmware a command: where its descriptor is"""
        q = self.q
        flags = 0x2000
        size = len(buf) if buf is not None else size
        params = params.ljust(8, b"\0")
        if size:
            flags |= 0x1000 | (0x400 if buf is not None else 0)
            q.put(self.aqbuf, buf if buf is not None else bytes(size))
            params = params[:8] + struct.pack("<II", 0, self.aqbuf)
        desc = struct.pack("<HHHHII", flags, opcode, size, 0, 0x1234, 0x5678)
        at = self.atq + 32 * self.tail
        q.put(at, desc + params.ljust(16, b"\0"))
        self.tail = (self.tail + 1) % 64
        self.wr(0x80400, self.tail)
        return at

    def aq(self, opcode, params=b"", buf=None, size=0):
        """A command: return value, parameters, buffer"""
        q = self.q
        at = self.post(opcode, params, buf, size)
        size = len(buf) if buf is not None else size
        for _ in range(1000):
            if self.rd(0x80300) == self.tail:
                break
            if self.slow:
                q.step(self.slow)
        else:
            raise RuntimeError(f"no answer to {opcode:#x}")
        d = q.get(at, 32)
        assert d[0] & 1 and d[8:16] == struct.pack("<II", 0x1234, 0x5678)
        return (struct.unpack_from("<H", d, 6)[0], d[16:],
                q.get(self.aqbuf, size) if size else b"")

    def ok(self, opcode, *args, **kw):
        rc, params, buf = self.aq(opcode, *args, **kw)
        if rc:
            raise RuntimeError(f"{opcode:#x} failed: {rc}")
        return params, buf

    def rule(self, recipe, act, mac=b"\2\0\0\0\0\0", vlan=0, typ=1, src=0,
             ethertype=0x8100, opcode=0x2a0, index=0):
        hdr = mac + b"\2\0\0\0\0\0" + struct.pack(">HH", ethertype, vlan)
        if opcode != 0x2a0:
            hdr = b""                   # the rule has one
        if opcode == 0x2a2:
            act = 0
        e = struct.pack("<HHHHIHH", typ, 0, recipe, src, act, index, len(hdr))
        rc, _, buf = self.aq(opcode, struct.pack("<H", 1), e + hdr)
        return rc, struct.unpack_from("<H", buf, 12)[0]

    def vsi_list(self, vsis, typ=3):
        _, buf = self.ok(0x208, struct.pack("<H", 1),
                         struct.pack("<HHH", typ, 1, 0))
        index = struct.unpack_from("<H", buf, 4)[0]
        self.ok(0x2a0, struct.pack("<H", 1),
                struct.pack(f"<HHHH{len(vsis)}H", 3 if typ == 3 else 5, 0,
                            index, len(vsis), *vsis))
        return index

    def leaf(self):
        """The default node that queues hang on"""
        _, buf = self.ok(0x400, size=4096)
        layers = struct.unpack_from("<H", buf, 4)[0]
        return struct.unpack_from("<I", buf, 8 + (layers - 2) * 24 + 4)[0]

    def reset_vsi(self, num, drain=True):
        """Trigger a VSI's reset, and end it as drivers do: is it done?"""
        self.wr(0x91800 + 4 * num, 1)
        if drain:
            self.ok(0xc31, struct.pack("<BBH", 1, 0, num))
        self.q.step(100000)
        return self.rd(0x92800 + 4 * num) & 1


class Vsi:
    """A VSI with one Tx and one Rx queue, used as its guest would"""

    vf, vsi_type = 0, 1                 # VMDQ2

    def __init__(self, card, queue, mac, pasid=None, sw=0x20, sw2=0x10, sec=0,
                 vlan=None, nq=1, node=None):
        self.c, self.q = card, card.q
        self.queue, self.mac, self.pasid = queue, mac, pasid
        self.ring_len = 32
        self.open()
        ctx = self.ctx(sw, sw2, sec, vlan, nq)
        params, _ = card.ok(0x210, struct.pack("<HHBBH", 0, 0, self.vf, 0,
                                            self.vsi_type), ctx)
        self.num = struct.unpack_from("<H", params)[0]
        rc, self.rule = card.rule(1, VALID | LB | self.num << 4, mac)
        assert rc == 0, rc
        self.tx_ring, self.rx_ring = self.page(0x10000), self.page(0x11000)
        self.tx_buf, self.rx_buf = 0x100000, 0x200000
        for i in range(16):
            self.page(self.tx_buf + 4096 * i)
        for i in range(self.ring_len):
            self.page(self.rx_buf + 4096 * i)
        self.node = node or card.leaf()
        self.start_rx()
        self.start_tx()

    def open(self):
        """What its DMA goes through: the table of its PASID, if it has one"""
        self.mem, self.space = {}, self.pasid
        if self.pasid is not None and self.pasid not in self.c.tables:
            self.c.space(self.pasid)

    def ctx(self, sw, sw2, sec, vlan, nq=1):
        ctx = bytearray(128)
        valid = 1 | 2 | 1 << 6 | 1 << 7
        ctx[3], ctx[4], ctx[6] = sw, sw2, sec
        if vlan is not None:
            valid |= 4
            struct.pack_into("<H", ctx, 8, vlan[0])
            ctx[12] = vlan[1]
        struct.pack_into("<H", ctx, 30, self.queue)
        struct.pack_into("<H", ctx, 62, (nq.bit_length() - 1) << 11)
        if self.pasid is not None:
            valid |= 1 << 12
            struct.pack_into("<I", ctx, 100, self.pasid | 1 << 31)
        struct.pack_into("<H", ctx, 0, valid)
        return bytes(ctx)

    def page(self, iova):
        """Give the VSI a page; without PASID it is at its own address"""
        phys = self.q.alloc()
        self.mem[iova] = phys
        if self.space is not None:
            self.c.map(self.space, iova, phys)
        return iova

    def phys(self, iova):
        return self.mem[iova & ~0xfff] | iova & 0xfff

    def dma(self, iova):
        return iova if self.space is not None else self.phys(iova)

    def start_tx(self, expect=0):
        ctx = bytearray(24)
        pf = self.c.rd(0x9e880) & 7
        bits = ((self.dma(self.tx_ring) >> 7) | pf << 65 | self.vf << 68 |
                self.vsi_type << 78 | self.num << 80 |
                self.ring_len << 135 | 1 << 152 | self.queue << 153)
        ctx[:22] = bits.to_bytes(22, "little")
        grp = struct.pack("<IB3xHHI", self.node, 1, self.queue, 0, 0)
        rc, _, buf = self.c.aq(0xc30, b"\1", grp + bytes(ctx) +
                               struct.pack("<BBBBHHHHHH", 5, 7, 0, 0, 0, 4, 0,
                                           4, 0, 0))
        assert rc == expect, rc
        self.teid = struct.unpack_from("<I", buf, 12)[0]
        self.tx_next = 0

    def stop_tx(self):
        return self.c.aq(0xc31, b"\0\1", struct.pack(
            "<IBBH", self.node, 1, 0, self.queue))[0]

    def start_rx(self, rxdid=1, dbuf=4096, rxmax=9728, dsize=1, crcstrip=1,
                 l2tsel=1, fill=True):
        self.rxdid, self.dsize = rxdid, 32 if dsize else 16
        bits = ((self.dma(self.rx_ring) >> 7) << 32 | self.ring_len << 89 |
                (dbuf >> 7) << 102 | dsize << 116 | crcstrip << 117 |
                l2tsel << 119 | rxmax << 174)
        for i in range(8):
            self.c.wr(0x280000 + 8192 * i + 4 * self.queue,
                      bits >> 32 * i & 0xffffffff)
        self.c.wr(0x480000 + 4 * self.queue, rxdid)
        for i in range(self.ring_len):
            self.q.put64(self.phys(self.rx_ring) + self.dsize * i,
                         self.dma(self.rx_buf + 4096 * i), 0)
        self.rx_next = 0
        self.rx_tail(24 if fill else 0)
        self.write_back()
        self.c.wr(0x120000 + 4 * self.queue, 1)

    def write_back(self):
        """Without a vector, a descriptor would wait for a full cache line"""
        self.c.wr(0x150000 + 4 * self.queue, WB_VECTOR | ITR_NONE | CAUSE_ENA)
        self.c.wr(PAGE_INT + 4096 * WB_VECTOR, WB_ON_ITR | 3 << 3)

    def stop_rx(self):
        self.c.wr(0x120000 + 4 * self.queue, 0)

    def rx_tail(self, val):
        self.c.wr(PAGE_RX + 4096 * self.queue, val)

    def rx(self):
        """Frames that arrived: (data, descriptor words of the last one)"""
        self.q.settle()
        got, data = [], b""
        while True:
            at = self.phys(self.rx_ring) + self.dsize * self.rx_next
            d = struct.unpack(f"<{self.dsize // 8}Q",
                              self.q.get(at, self.dsize))
            if not d[1] & DD:
                return got
            size = d[0] >> 32 & 0x3fff if self.rxdid >= 2 else \
                d[1] >> 38 & 0x3fff
            buf = self.rx_buf + 4096 * self.rx_next
            data += self.q.get(self.phys(buf), size)
            if d[1] & EOP:
                got.append((data, d))
                data = b""
            self.q.put64(at, self.dma(buf), 0)
            self.rx_next = (self.rx_next + 1) % self.ring_len
            self.rx_tail((self.rx_next + 24) % self.ring_len & ~7)

    def desc(self, qw0, qw1):
        self.q.put64(self.phys(self.tx_ring) + 16 * self.tx_next, qw0, qw1)
        self.tx_next = (self.tx_next + 1) % self.ring_len

    def bell(self, val=None):
        self.tx_tail(self.tx_next if val is None else val)
        self.q.settle()

    def tx_tail(self, val):
        self.c.wr(PAGE_TX + 4096 * self.queue, val)

    def tx(self, frame, cmd=0, off=0, tag=0, ctx=None, bell=True):
        """Send, one buffer a page; True if it was completed"""
        if ctx:
            self.desc(*ctx)
        for i in range(0, len(frame), 4096):
            part = frame[i:i + 4096]
            last = i + 4096 >= len(frame)
            buf = self.tx_buf + i
            self.q.put(self.phys(buf), part)
            done = self.phys(self.tx_ring) + 16 * self.tx_next
            self.desc(self.dma(buf), (cmd << 4 | (EOP_RS if last else 0)) |
                      off << 16 | len(part) << 34 | tag << 48)
        if not bell:
            return None
        self.bell()
        return self.q.get(done + 8, 8) == struct.pack("<Q", 15)

    def mbx(self, reg):
        return PAGE_MBX + 4096 * self.num + 4 * reg

    def mbx_wr(self, reg, val):
        self.c.wr(self.mbx(reg), val)

    def mbx_open(self):
        q = self.q
        self.msq, self.mrq = self.page(0x300000), self.page(0x301000)
        self.msq_buf, self.mrq_buf = self.page(0x302000), self.page(0x303000)
        for i in range(8):
            q.put(self.phys(self.mrq) + 32 * i,
                  struct.pack("<HHHHIIIIII", 0x1000, 0, 4096, 0, 0, 0, 0, 0,
                              0, self.dma(self.mrq_buf)))
        for base, ring in ((0, self.msq), (5, self.mrq)):
            for reg, val in ((3, 0), (4, 0), (2, 8 | 1 << 31),
                             (0, self.dma(ring)), (1, 0)):
                self.mbx_wr(base + reg, val)
        self.mbx_wr(9, 7)
        self.msq_next = 0

    def mbx_send(self, op, data, opcode=0x801):
        self.q.put(self.phys(self.msq_buf), data)
        self.q.put(self.phys(self.msq) + 32 * self.msq_next,
                   struct.pack("<HHHHIIIIII", 0x3400, opcode, len(data), 0xbad,
                               op, 0, 77, 0, 0, self.dma(self.msq_buf)))
        self.msq_next = (self.msq_next + 1) % 8
        self.mbx_wr(4, self.msq_next)
        self.q.settle()


def eth(dst, src, payload, vlan=None, typ=0x0800):
    tag = struct.pack(">HH", 0x8100, vlan) if vlan is not None else b""
    return dst + src + tag + struct.pack(">H", typ) + payload


def csum(data, start=0):
    if len(data) % 2:
        data += b"\0"
    s = start + sum(struct.unpack(f">{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def ipv4(proto, payload, src="10.0.0.1", dst="10.0.0.2", good=True):
    src, dst = (socket.inet_aton(a) for a in (src, dst))
    h = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64, proto,
                    0) + src + dst
    if good:
        h = h[:10] + struct.pack(">H", ~csum(h) & 0xffff) + h[12:]
    return h + payload


def pseudo(ip, length):
    return csum(ip[12:20] + struct.pack(">BBH", 0, ip[9], length))


def tcp(sport, dport, data, flags=0x18, seq=1000):
    return struct.pack(">HHIIBBHHH", sport, dport, seq, 0, 0x50, flags, 100, 0,
                       0) + data


def seeded(ip, l4, at, length):
    """The L4 header with the pseudo header's sum, as drivers leave it"""
    return l4[:at] + struct.pack(">H", pseudo(ip, length)) + l4[at + 2:]


def ip_ok(frame):
    ip = frame[14:34]
    total = struct.unpack_from(">H", frame, 16)[0]
    l4 = frame[34:14 + total]
    return (csum(ip) == 0xffff and
            csum(l4, pseudo(ip, len(l4))) == 0xffff)


MACS = [bytes([2, 0xe8, 0x10, 0, 0, i]) for i in range(16)]
OUT = bytes([2, 0xaa, 0, 0, 0, 1])
BCAST = b"\xff" * 6


def run(t, args, tests, flts=False, props="addr=2.0,siov=on", card=Card,
        **kw):
    """Some tests with a fresh QEMU"""
    with tempfile.TemporaryDirectory() as tmp:
        q = Qemu(args.qemu, tmp, flts, props, **kw)
        q.args = args
        try:
            c = card(q)
            c.open()
            for test in tests:
                if args.only and args.only not in test.__name__:
                    continue
                stage = ", first-stage tables" if flts else ""
                print(f"# {test.__name__[5:]}{stage}")
                test(t, q, c)
            t.check("no VSI, rule or queue is left over",
                    [q.stats()[k] for k in ("vsis", "rules", "tx-queues",
                                            "rx-queues")], [1, 0, 0, 0])
        except Exception as e:          # say where, and what QEMU said
            t.check(f"run to the end: {type(e).__name__}: {e}", False)
            print("#", traceback.format_exc().replace("\n", "\n# "))
        finally:
            q.proc.terminate()
            q.proc.wait()
            with open(f"{tmp}/err", encoding="utf-8") as f:
                err = f.read().splitlines()
            t.check("no sanitizer's report, no failed assertion",
                    [line for line in err if "runtime error" in line or
                     "Sanitizer" in line or "ssertion" in line], [])
            if t.bad:
                for line in err:
                    print("# qemu:", line)

def main(doc, suites, options=()):
    """Parse arguments and run suites, each (tests, keywords of run())"""
    ap = argparse.ArgumentParser(description=doc.splitlines()[0])
    ap.add_argument("qemu", nargs="?", default=os.environ.get("QEMU"),
                    help="the testbed's qemu-system-x86_64 (default: $QEMU)")
    ap.add_argument("--seed", type=int, default=int(time.time()))
    ap.add_argument("--only", help="tests whose name has this in it")
    for name, kw in options:
        ap.add_argument(name, **kw)
    args = ap.parse_args()
    if not args.qemu or not os.access(args.qemu, os.X_OK):
        ap.error(f"no QEMU at {args.qemu!r}: give it as argument or in QEMU")
    t = Tap()
    random.seed(args.seed)
    for tests, kw in suites:
        run(t, args, tests, **kw)
    print(f"1..{t.n}")
    return 1 if t.bad else 0
