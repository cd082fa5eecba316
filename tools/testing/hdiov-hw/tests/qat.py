#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test of the emulated QAT through QEMU's qtest socket; see qat.sh."""

import argparse
import atexit
import hashlib
import hmac
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

PMISC, ETR, SRAM, ECAM = 0xE0000000, 0xE1000000, 0xE2000000, 0xB0000000
VTD = 0xFED90000
DEV = 4
SYM, ASYM, DC, SYM2 = 0, 1, 2, 3    # banks, by the model's default services
EMPTY = 0x7F7F7F7F


class Qtest:
    """QEMU's qtest and QMP sockets, and a bump allocator in guest memory."""

    def __init__(self, qemu, bios, verbose, iommu=(), props=''):
        self.dir = tempfile.mkdtemp(prefix='qat-test-')
        self.socks = []
        listeners = []
        for name in ('qtest', 'qmp'):
            lst = socket.socket(socket.AF_UNIX)
            lst.bind(f'{self.dir}/{name}')
            lst.listen(1)
            lst.settimeout(60)
            listeners.append(lst)
        self.proc = subprocess.Popen(
            [qemu, '-machine', 'q35', '-accel', 'qtest', '-m', '256',
             '-nodefaults', '-display', 'none', '-bios', bios,
             *iommu, '-qtest', f'unix:{self.dir}/qtest',
             '-qmp', f'unix:{self.dir}/qmp',
             '-device', f'qat-4xxx,id=qat,bus=pcie.0,addr={DEV}{props}'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=None if verbose else subprocess.DEVNULL)
        atexit.register(self.clean_up)
        for lst in listeners:
            self.socks.append(lst.accept()[0].makefile('rw'))
            lst.close()
        self.qt, self.qmp_f = self.socks
        self.qmp_f.readline()
        self.qmp('qmp_capabilities')
        self.next = 16 << 20

    def close(self):
        self.proc.terminate()
        return self.proc.wait(30)

    def clean_up(self):
        if self.proc.poll() is None:
            self.proc.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def cmd(self, *words):
        self.qt.write(' '.join(w if isinstance(w, str) else hex(w)
                               for w in words) + '\n')
        self.qt.flush()
        while True:
            answer = self.qt.readline().split()
            if not answer:
                raise RuntimeError('QEMU is gone')
            if answer[0] == 'OK':
                return answer[1] if len(answer) > 1 else None
            if answer[0] != 'IRQ':
                raise RuntimeError(f'qtest: {answer}')

    def qmp(self, execute, **arguments):
        json.dump({'execute': execute, 'arguments': arguments}, self.qmp_f)
        self.qmp_f.flush()
        while True:
            answer = json.loads(self.qmp_f.readline())
            if 'return' in answer:
                return answer['return']
            if 'error' in answer:
                raise RuntimeError(answer['error'])

    def prop(self, name):
        return self.qmp('qom-get', path='/machine/peripheral/qat',
                        property=name)

    def readl(self, addr):
        return int(self.cmd('readl', addr), 16)

    def writel(self, addr, val):
        self.cmd('writel', addr, val)

    def read(self, addr, size):
        return bytes.fromhex(self.cmd('read', addr, size)[2:]) if size else b''

    def write(self, addr, data):
        for i in range(0, len(data), 4096):
            part = data[i:i + 4096]
            self.cmd('write', addr + i, len(part), '0x' + part.hex())

    def alloc(self, size, align=64):
        addr = (self.next + align - 1) & -align
        self.next = addr + size
        if self.next > 240 << 20:
            self.next = 16 << 20
        return addr

    def put(self, data, align=64):
        addr = self.alloc(max(len(data), 1), align)
        self.write(addr, data)
        return addr

    def cfg_read(self, off):
        return self.readl(ECAM + (DEV << 15) + off)

    def cfg_write(self, off, val):
        self.writel(ECAM + (DEV << 15) + off, val)

    def bring_up(self):
        """What firmware and a driver do: BARs, bus master, power."""
        self.cmd('outl', 0xCF8, 0x80000064)     # PCIEXBAR of the q35 bridge
        self.cmd('outl', 0xCFC, 0)
        self.cmd('outl', 0xCF8, 0x80000060)
        self.cmd('outl', 0xCFC, ECAM | 1)
        for bar, addr in ((0x10, SRAM), (0x18, PMISC), (0x20, ETR)):
            self.cfg_write(bar, addr)
            self.cfg_write(bar + 4, 0)
        self.cfg_write(4, 6)
        self.writel(PMISC + 0x50A028, 1 << 20)


class Bank:
    """A ring pair."""

    def __init__(self, q, num, req_size=128, order=8):
        self.q, self.num, self.req_size = q, num, req_size
        self.csr = ETR + 0x100000 + num * 0x2000
        self.order = order
        self.setup()

    def setup(self, enable=1):
        q, size = self.q, 64 << self.order
        self.size = size
        self.base = [q.alloc(size, size), q.alloc(size, size)]
        self.tail = self.head = 0
        for r in range(2):
            q.write(self.base[r], b'\x7f' * size)
            q.writel(self.csr + 0x1040 + 4 * r, self.base[r] & 0xFFFFFFFF)
            q.writel(self.csr + 0x1080 + 4 * r, self.base[r] >> 32)
            q.writel(self.csr + 0x1000 + 4 * r, self.order)
        q.writel(self.csr + 0x19C, enable)

    def stage(self, req):
        self.q.write(self.base[0] + self.tail,
                     bytes(req).ljust(self.req_size, b'\0'))
        self.tail = (self.tail + self.req_size) % self.size

    def ring(self):
        self.q.writel(self.csr + 0x100, self.tail)

    def poll(self, timeout=20.0, advance=True):
        addr = self.base[1] + self.head
        end = time.monotonic() + timeout
        while struct.unpack('<I', self.q.read(addr, 4))[0] == EMPTY:
            if time.monotonic() > end:
                return None
            time.sleep(0.001)
        resp = self.q.read(addr, 32)
        self.q.write(addr, b'\x7f' * 32)
        self.head = (self.head + 32) % self.size
        if advance:
            self.q.writel(self.csr + 0x0C4, self.head)
        return resp

    def run(self, req):
        self.stage(req)
        self.ring()
        resp = self.poll()
        if resp is None:
            raise RuntimeError('no response')
        return resp

    def reset(self, op=1):
        q, reg = self.q, ETR + 0x6000 + self.num * 8
        q.writel(reg, op)
        end = time.monotonic() + 5
        while not q.readl(reg + 4) & 1:
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        q.writel(reg + 4, 1)
        return True


# TAP

class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)

    def eq(self, got, want, name):
        self.ok(got == want, name)
        if got != want:
            for what, val in (('got', got), ('want', want)):
                val = val.hex() if isinstance(val, bytes) else val
                print(f'# {what}: {str(val)[:300]}')

    def skip(self, name, why):
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {why}')

    def done(self):
        print(f'1..{self.count}')
        return 1 if self.failed else 0


# Hash states behind one block, from the standards

def primes(n):
    found = []
    c = 2
    while len(found) < n:
        if all(c % p for p in found):
            found.append(c)
        c += 1
    return found


def root_frac(x, k, bits):
    """The fraction of x's k-th root, as integer of so many bits."""
    n = x << (k * bits)
    lo, hi = 0, 1 << (n.bit_length() // k + 1)
    while lo < hi:
        mid = (lo + hi + 1) // 2
        if mid ** k <= n:
            lo = mid
        else:
            hi = mid - 1
    return lo & ((1 << bits) - 1)


SHA1_IV = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
SHA2_IV = {
    'sha256': [root_frac(p, 2, 32) for p in primes(8)],
    'sha512': [root_frac(p, 2, 64) for p in primes(8)],
    'sha384': [root_frac(p, 2, 64) for p in primes(16)[8:]],
    'sha224': [root_frac(p, 2, 64) & 0xFFFFFFFF for p in primes(16)[8:]],
}


def sha1_block(state, block):
    def rol(v, n):
        return ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF
    w = list(struct.unpack('>16I', block))
    for i in range(16, 80):
        w.append(rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1))
    a, b, c, d, e = state
    for i in range(80):
        if i < 20:
            f, k = (b & c) | (~b & d), 0x5A827999
        elif i < 40:
            f, k = b ^ c ^ d, 0x6ED9EBA1
        elif i < 60:
            f, k = (b & c) | (b & d) | (c & d), 0x8F1BBCDC
        else:
            f, k = b ^ c ^ d, 0xCA62C1D6
        a, b, c, d, e = ((rol(a, 5) + f + e + k + w[i]) & 0xFFFFFFFF, a,
                         rol(b, 30), c, d)
    return [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d, e))]


def sha2_block(state, block, bits):
    mask = (1 << bits) - 1
    if bits == 32:
        rounds, fmt = 64, '>16I'
        s0, s1, b0, b1 = (7, 18, 3), (17, 19, 10), (2, 13, 22), (6, 11, 25)
    else:
        rounds, fmt = 80, '>16Q'
        s0, s1, b0, b1 = (1, 8, 7), (19, 61, 6), (28, 34, 39), (14, 18, 41)

    def ror(v, n):
        return ((v >> n) | (v << (bits - n))) & mask

    def small(v, s):
        return ror(v, s[0]) ^ ror(v, s[1]) ^ (v >> s[2])

    def big(v, s):
        return ror(v, s[0]) ^ ror(v, s[1]) ^ ror(v, s[2])
    k = [root_frac(p, 3, bits) for p in primes(rounds)]
    w = list(struct.unpack(fmt, block))
    for i in range(16, rounds):
        w.append((w[i - 16] + small(w[i - 15], s0) + w[i - 7] +
                  small(w[i - 2], s1)) & mask)
    a, b, c, d, e, f, g, h = state
    for i in range(rounds):
        t1 = h + big(e, b1) + ((e & f) ^ (~e & g)) + k[i] + w[i]
        t2 = big(a, b0) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = ((t1 + t2) & mask, a, b, c, (d + t1) & mask,
                                  e, f, g)
    return [(x + y) & mask for x, y in zip(state, (a, b, c, d, e, f, g, h))]


# name: algorithm, block, state size in memory (padded to 8)
HASHES = {'sha1': (1, 64, 24), 'sha224': (3, 64, 32), 'sha256': (4, 64, 32),
          'sha384': (5, 128, 64), 'sha512': (6, 128, 64)}
SHA3 = {'sha3_224': (16, 28), 'sha3_256': (17, 32), 'sha3_384': (18, 48),
        'sha3_512': (19, 64)}


def hash_state(name, block=None):
    """The initial state, or the one after a block."""
    size = HASHES[name][2]
    if name == 'sha1':
        st = sha1_block(SHA1_IV, block) if block else SHA1_IV
        return struct.pack('>5I', *st).ljust(size, b'\0')
    bits = 32 if size == 32 else 64
    st = SHA2_IV[name]
    if block:
        st = sha2_block(st, block, bits)
    return struct.pack('>8I' if bits == 32 else '>8Q', *st)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


# Requests

ENC, DEC, CONVERT = 0, 1 << 8, 1 << 9
ECB, CBC, CTR, AEAD, XTS = 0, 1, 2, 4, 6
AES = {16: 3, 24: 4, 32: 5}
IV16, RET, CMP, CCM, GCM, DIB, IV12, SPC, UCS = (
    1 << 2, 1 << 5, 1 << 6, 1 << 7, 2 << 7, 1 << 10, 1 << 11, 1 << 13, 1 << 14)
CIPHER, AUTH, CIPHER_HASH, HASH_CIPHER = range(4)
OPAQUE = 0x1122334455667788


def cipher_block(algo, mode, flags, key, ucs=False, taglen=0):
    cfg = algo | mode << 4 | flags | taglen << 10
    if ucs:
        return (struct.pack('<4I', cfg, 0, 0, 0) +
                key.ljust((len(key) + 15) & -16, b'\0'))
    return struct.pack('<2I', cfg, 0) + key


def hash_block(algo, mode, digest_len, counter, state1, state2=b''):
    cfg = (algo & 15) | (algo >> 4) << 22 | mode << 4 | digest_len << 8
    return struct.pack('<2I', cfg, 0) + struct.pack('>2I', counter, 0) + \
        state1 + state2


class Sym:
    """A symmetric request, and its buffers in guest memory."""

    def __init__(self, q):
        self.q = q
        self.req = bytearray(128)
        self.req[2] = 4
        self.req[3] = 0x80
        self.flags = IV16
        self.cd = b''
        struct.pack_into('<Q', self.req, 24, OPAQUE)

    def cipher(self, block, off, length, iv=b''):
        self.req[110] = len(self.cd) // 8
        self.cd += block
        struct.pack_into('<2I', self.req, 56, off, length)
        self.req[64:64 + len(iv)] = iv

    def hash(self, block, state1_len, off, length, digest_len, verify=None):
        self.req[114] = len(self.cd) // 8
        self.req[122] = (len(self.cd) + 16 + state1_len) // 8
        self.cd += block
        struct.pack_into('<2I', self.req, 80, off, length)
        self.req[107] = digest_len
        self.flags |= CMP if verify is not None else RET
        self.digest_len = digest_len
        self.digest_at = self.q.put(verify or b'\xee' * digest_len)
        struct.pack_into('<Q', self.req, 96, self.digest_at)

    def digest(self):
        return self.q.read(self.digest_at, self.digest_len)

    def sgl(self, length, data=None):
        """Scatter a buffer over pieces of odd sizes."""
        pieces = []
        left = length
        while left:
            n = min(left, random.choice((1, 3, 16, 17, 64, 255)))
            addr = self.q.alloc(n + 8, 1)
            if data is not None:
                self.q.write(addr, data[length - left:length - left + n])
            pieces.append((n, addr))
            left -= n
        raw = struct.pack('<QII', 0, len(pieces), 0)
        for n, addr in pieces:
            raw += struct.pack('<IIQ', n, 0, addr)
        return self.q.put(raw), pieces

    def buffers(self, data, oop=False, sgl=False):
        q = self.q
        self.length = len(data)
        self.pieces = None
        if sgl:
            self.req[6] |= 1
            src, self.pieces = self.sgl(len(data), data)
            dst = src
            if oop:
                dst, self.pieces = self.sgl(len(data))
        else:
            src = dst = q.put(data)
            if oop:
                dst = q.put(b'\xdd' * len(data))
        self.dst = dst
        struct.pack_into('<QQII', self.req, 32, src, dst,
                         0 if sgl else len(data), 0 if sgl else len(data))

    def output(self):
        if self.pieces is not None:
            return b''.join(self.q.read(a, n) for n, a in self.pieces)
        return self.q.read(self.dst, self.length)

    def done(self, cmd):
        self.cd = self.cd.ljust((len(self.cd) + 7) & -8, b'\0')
        self.req[1] = cmd
        struct.pack_into('<H', self.req, 4, self.flags)
        struct.pack_into('<Q', self.req, 8, self.q.put(self.cd))
        self.req[18] = len(self.cd) // 8
        return self.req


def openssl_enc(name, key, iv, data, decrypt=False):
    args = ['openssl', 'enc', '-' + name, '-K', key.hex(), '-nopad',
            '-d' if decrypt else '-e']
    if iv:
        args += ['-iv', iv.hex()]
    return subprocess.run(args, input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def hmac_block(name, key, digest_len):
    algo, block, size = HASHES[name]
    key = key.ljust(block, b'\0')
    return hash_block(algo, 1, digest_len, block,
                      hash_state(name, xor(key, b'\x36' * block)),
                      hash_state(name, xor(key, b'\x5c' * block))), size


def plain_block(name, digest_len):
    algo, _, size = HASHES[name]
    return hash_block(algo, 0, digest_len, 0, hash_state(name)), size


def test_plumbing(q, tap):
    tap.eq(q.cfg_read(0), 0x49408086, 'vendor and device id')
    tap.eq(q.cfg_read(8) >> 8, 0x0B4000, 'class co-processor')
    tap.eq([q.cfg_read(o) for o in range(0x2C8, 0x2E0, 4)], [0] * 6,
           'no fuse blown')
    cap, caps = q.cfg_read(0x34) & 0xFF, {}
    while cap:
        word = q.cfg_read(cap)
        caps[word & 0xFF] = cap
        cap = word >> 8 & 0xFF
    tap.ok({0x10, 0x11} <= caps.keys(), 'PCIe and MSI-X capabilities')
    tap.ok(q.cfg_read(caps[0x10] + 4) >> 28 & 1, 'FLR')
    msix = [q.cfg_read(caps[0x11] + i) for i in (0, 4)]
    tap.eq(((msix[0] >> 16 & 0x7FF) + 1, msix[1]), (65, 0x400002),
           'MSI-X: 65 vectors in BAR2')
    pasid = q.cfg_read(0x150)
    tap.eq((pasid & 0xFFFF, q.cfg_read(0x154) >> 8 & 0x1F), (0x1B, 20),
           'PASID capability of 20 bits')
    for bar, size in ((0x18, 8 << 20), (0x20, 2 << 20)):
        old = q.cfg_read(bar)
        q.cfg_write(bar, 0xFFFFFFFF)
        got = -(q.cfg_read(bar) & ~15) & 0xFFFFFFFF
        q.cfg_write(bar, old)
        tap.eq(got, size, f'BAR at {bar:#x} has {size >> 20} MiB')
    tap.eq(q.readl(PMISC + 0x50A00C) >> 21 & 1, 1, 'powered up')
    tap.eq(q.readl(PMISC + 0x41000C + 16 * 63) & 1, 1, 'IMS slots masked')
    tap.eq([q.readl(PMISC + 0x409000 + 4 * i) for i in (0, 64)], [0, 64],
           'routing table 1:1')
    q.writel(ETR, 0x80000006)
    q.writel(ETR + 0x400 + 4 * 8, 0x77)
    tap.eq((q.readl(ETR), q.readl(ETR + 0x420)), (0x80000006, 0x77),
           'SARCONFIG and WT2SAM keep what is written')
    q.writel(ETR + 0x4000 + (5 << 4), 0xFFFFFFFF)
    tap.eq(q.readl(ETR + 0x4000 + (5 << 4)), 0x0FFFFFFF, 'PASIDCTL')
    q.writel(ETR + 0x4000 + (5 << 4), 0)


def test_admin(q, tap):
    page = q.alloc(4096, 4096)
    q.writel(PMISC + 0x500574, page >> 32)
    q.writel(PMISC + 0x500578, page & 0xFFFFFFFF)
    for ae, cmd, want in ((8, 0, 0), (0, 3, 0), (2, 9, 0), (0, 9, 4),
                          (8, 200, 4)):
        q.write(page + 64 * ae, struct.pack('<HBBIQ', 0, 0, cmd, 0, OPAQUE) +
                b'\0' * 16 + b'\xff' * 32)
        box = PMISC + 0x600970 + ae * 0x1000
        q.writel(box, 1)
        for _ in range(1000):
            if not q.readl(box):
                break
        resp = q.read(page + 64 * ae + 32, 32)
        tap.eq((resp[2], resp[3], resp[8:16]),
               (want, cmd, struct.pack('<Q', OPAQUE)),
               f'admin message {cmd} to AE {ae}: status {want}')
    found = {}
    for ae in range(9):
        q.write(page + 64 * ae, struct.pack('<HBB', 0, 0, 10) + bytes(28))
        box = PMISC + 0x600970 + ae * 0x1000
        q.writel(box, 1)
        for _ in range(1000):
            if not q.readl(box):
                break
        caps = struct.unpack('<IIHHHH', q.read(page + 64 * ae + 48, 16))
        found[ae] = 'sym' if caps[0] and caps[1] else \
            'asym' if caps[4] else ''
    tap.eq(found, {0: 'sym', 1: 'sym', 2: '', 3: '', 4: 'asym', 5: 'asym',
                   6: 'sym', 7: 'sym', 8: ''},
           'capabilities tell the service of each AE')


def test_null(q, tap, banks):
    for bank in banks.values():
        req = bytearray(bank.req_size)
        req[1], req[3] = 1, 0x80
        struct.pack_into('<Q', req, 24, OPAQUE)
        resp = bank.run(req)
        tap.ok(resp[8:16] == struct.pack('<Q', OPAQUE) and
               not any(resp[4:7]) and resp[3] == 0x80,
               f'NULL request on bank {bank.num}')
    # the ring wraps, in order, more requests than a burst
    bank = banks[SYM]
    good = True
    for rnd in range(5):
        n = bank.size // bank.req_size - 1
        for i in range(n):
            req[24:32] = struct.pack('<Q', rnd << 32 | i)
            bank.stage(req)
        bank.ring()
        for i in range(n):
            resp = bank.poll(advance=i % 32 == 31 or i == n - 1)
            good &= resp is not None and \
                struct.unpack('<Q', resp[8:16])[0] == rnd << 32 | i
    tap.ok(good, 'full ring, five times around, answers in order')


def test_ciphers(q, tap, bank):
    rnd = random.Random(1)
    for klen in (16, 24, 32):
        key, iv = rnd.randbytes(klen), rnd.randbytes(16)
        for name, mode, ucs in (('ecb', ECB, 0), ('cbc', CBC, 0),
                                ('ctr', CTR, 0), ('ctr', CTR, 1)):
            for size, oop, sgl in ((16, 0, 0), (4096, 1, 0), (1008, 0, 1),
                                   (2000, 1, 1)):
                data = rnd.randbytes(size)
                want = openssl_enc(f'aes-{klen * 8}-{name}', key,
                                   iv if mode else b'', data)
                for dec in (0, 1):
                    s = Sym(q)
                    flags = DEC | CONVERT if dec and mode != CTR else ENC
                    s.cipher(cipher_block(AES[klen], mode, flags, key, ucs),
                             0, size, iv)
                    if ucs:
                        s.flags |= UCS
                    s.buffers(want if dec else data, oop, sgl)
                    resp = bank.run(s.done(CIPHER))
                    got = s.output()
                    tap.ok(resp[6] == 0 and got == (data if dec else want),
                           f"AES-{klen * 8}-{name.upper()}"
                           f"{' UCS' if ucs else ''} "
                           f"{'decrypt' if dec else 'encrypt'} {size}"
                           f"{' oop' if oop else ''}{' sgl' if sgl else ''}")
    # a part of the buffer
    data, key, iv = rnd.randbytes(256), rnd.randbytes(16), rnd.randbytes(16)
    s = Sym(q)
    s.cipher(cipher_block(3, CBC, ENC, key), 32, 64, iv)
    s.buffers(data)
    bank.run(s.done(CIPHER))
    tap.eq(s.output(), data[:32] + openssl_enc('aes-128-cbc', key, iv,
                                               data[32:96]) + data[96:],
           'only the ciphered range changes')
    for mode, name in ((ECB, 'ecb'), (CBC, 'cbc'), (CTR, 'ctr')):
        s = Sym(q)
        s.cipher(cipher_block(10, mode, ENC, key), 0, 256, iv)
        s.buffers(data)
        bank.run(s.done(CIPHER))
        tap.eq(s.output(), openssl_enc(f'sm4-{name}', key,
                                       iv if mode else b'', data),
               f'SM4-{name.upper()}')
    s = Sym(q)
    s.cipher(cipher_block(0, CTR, ENC, b''), 0, 256)
    s.buffers(data, oop=True)
    bank.run(s.done(CIPHER))
    tap.eq(s.output(), data, 'NULL cipher copies')
    # IEEE 1619 vector 2
    s = Sym(q)
    s.cipher(cipher_block(3, XTS, ENC, b'\x11' * 16 + b'\x22' * 16), 0, 32,
             bytes.fromhex('3333333333' + '00' * 11))
    s.buffers(b'\x44' * 32)
    resp = bank.run(s.done(CIPHER))
    tap.eq(s.output().hex(), 'c454185e6a16936e39334038acef838bfb186fff7480adc4'
           '289382ecd6d394f0', 'AES-XTS, IEEE 1619 vector 2')


def test_hashes(q, tap, bank):
    rnd = random.Random(2)
    for name, (_, block, _) in HASHES.items():
        full = hashlib.new(name).digest_size
        for size in (0, 1, 63, 64, 200, 5000):
            data, key = rnd.randbytes(size), rnd.randbytes(rnd.randint(1, block))
            for kind, want in (
                    ('', hashlib.new(name, data).digest()),
                    ('HMAC-', hmac.new(key, data, name).digest())):
                dlen = full if size != 200 else 12
                blk, st = (hmac_block(name, key, dlen) if kind else
                           plain_block(name, dlen))
                s = Sym(q)
                s.hash(blk, st, 0, size, dlen)
                s.buffers(data, sgl=size > 1000)
                resp = bank.run(s.done(AUTH))
                tap.ok(resp[6] == 0 and s.digest() == want[:dlen],
                       f'{kind}{name} of {size} bytes, {dlen}')
                s = Sym(q)
                s.hash(blk, st, 0, size, dlen, want[:dlen])
                s.buffers(data)
                good = bank.run(s.done(AUTH))[6]
                s = Sym(q)
                s.hash(blk, st, 0, size, dlen,
                       want[:dlen - 1] + bytes([want[dlen - 1] ^ 1]))
                s.buffers(data)
                tap.eq((good, bank.run(s.done(AUTH))[6]), (0, 0x80),
                       f'{kind}{name} verify, and fail to')
    data = rnd.randbytes(777)
    for name, (algo, size) in SHA3.items():
        s = Sym(q)
        s.hash(hash_block(algo, 0, size, 0, bytes(64)), 64, 0, 777, size)
        s.buffers(data)
        bank.run(s.done(AUTH))
        tap.eq(s.digest(), hashlib.new(name, data).digest(), name)
    s = Sym(q)
    s.hash(hash_block(15, 0, 32, 0, bytes(32)), 32, 0, 3, 32)
    s.buffers(b'abc')
    bank.run(s.done(AUTH))
    tap.eq(s.digest().hex(), '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a22'
           '97da02b8f4ba8e0', 'SM3 of abc, GB/T 32905')
    key = rnd.randbytes(32)
    want = subprocess.run(
        ['openssl', 'dgst', '-sm3', '-mac', 'HMAC', '-macopt',
         f'hexkey:{key.hex()}', '-binary'], input=data,
        stdout=subprocess.PIPE, check=True).stdout
    s = Sym(q)
    s.hash(hash_block(15, 2, 32, 0, bytes(32), bytes(80)), 32, 0, 777, 32)
    s.buffers(data)
    s.req[113] |= 1 << 5
    s.req[104] = 64
    struct.pack_into('<Q', s.req, 88, q.put(key.ljust(64, b'\0')))
    bank.run(s.done(AUTH))
    tap.eq(s.digest(), want, 'HMAC-SM3 (mode 2)')
    # RFC 4493 and RFC 3566: key, K1, K2 precomputed
    key = bytes.fromhex('2b7e151628aed2a6abf7158809cf4f3c')
    k0 = int.from_bytes(openssl_enc('aes-128-ecb', key, b'', bytes(16)), 'big')

    def dbl(v):
        return (v << 1 & (1 << 128) - 1) ^ (0x87 if v >> 127 else 0)
    keys = key + dbl(k0).to_bytes(16, 'big') + dbl(dbl(k0)).to_bytes(16, 'big')
    msg = bytes.fromhex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76f'
                        'ac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f'
                        '9b17ad2b417be66c3710')
    for size, want in ((0, 'bb1d6929e95937287fa37d129b756746'),
                       (16, '070a16b46b4d4144f79bdd9dd04a287c'),
                       (40, 'dfa66747de9ae63030ca32611497c827'),
                       (64, '51f0bebf7e3b9d92fc49741779363cfe')):
        s = Sym(q)
        s.hash(hash_block(7, 1, 16, 0, bytes(16), keys), 16, 0, size, 16)
        s.buffers(msg[:size])
        bank.run(s.done(AUTH))
        tap.eq(s.digest().hex(), want, f'AES-CMAC of {size} bytes, RFC 4493')
    key = bytes(range(16))
    keys = b''.join(openssl_enc('aes-128-ecb', key, b'', bytes([i]) * 16)
                    for i in (1, 2, 3))
    for size, want in ((3, '5b376580ae2f19afe7219ceef172756f'),
                       (20, '47f51b4564966215b8985c63055ed308'),
                       (32, 'f54f0ec8d2b9f3d36807734bd5283fd4')):
        s = Sym(q)
        s.hash(hash_block(7, 1, 16, 0, bytes(16), keys), 16, 0, size, 16)
        s.buffers(bytes(range(size)))
        bank.run(s.done(AUTH))
        tap.eq(s.digest().hex(), want, f'AES-XCBC-MAC of {size}, RFC 3566')


def test_chains(q, tap, bank):
    rnd = random.Random(3)
    for klen in (16, 24, 32):
        for name in HASHES:
            dlen = hashlib.new(name).digest_size
            for oop, sgl in ((0, 0), (1, 0), (0, 1), (1, 1)):
                size = rnd.randrange(16, 3000, 16)
                head = rnd.choice((0, 16, 24)) if not sgl else 0
                key, iv = rnd.randbytes(klen), rnd.randbytes(16)
                akey, data = rnd.randbytes(20), rnd.randbytes(head + size)
                blk, st = hmac_block(name, akey, dlen)
                enc = data[:head] + openssl_enc(f'aes-{klen * 8}-cbc', key, iv,
                                                data[head:])
                label = (f"AES-{klen * 8}-CBC, HMAC-{name} {head}+{size}"
                         f"{' oop' if oop else ''}{' sgl' if sgl else ''}")

                # encrypt, then the digest of all with the head before it
                s = Sym(q)
                s.cipher(cipher_block(AES[klen], CBC, ENC, key), head, size, iv)
                s.hash(blk, st, 0, head + size, dlen)
                s.buffers(data, oop, sgl)
                resp = bank.run(s.done(CIPHER_HASH))
                mac = hmac.new(akey, enc, name).digest()
                tap.ok(resp[6] == 0 and s.output() == enc and
                       s.digest() == mac, f'{label}: cipher, hash')
                # and back: check the digest, then decrypt
                s = Sym(q)
                s.hash(blk, st, 0, head + size, dlen, mac)
                s.cipher(cipher_block(AES[klen], CBC, DEC | CONVERT, key),
                         head, size, iv)
                s.buffers(enc, oop, sgl)
                resp = bank.run(s.done(HASH_CIPHER))
                tap.ok(resp[6] == 0 and s.output() == data,
                       f'{label}: hash, cipher')
    # the digest inside, ciphered with the rest
    key, iv, akey = rnd.randbytes(16), rnd.randbytes(16), rnd.randbytes(32)
    data = rnd.randbytes(100)
    mac = hmac.new(akey, data, 'sha256').digest()
    blk, st = hmac_block('sha256', akey, 32)
    want = openssl_enc('aes-128-ctr', key, iv, data + mac)
    s = Sym(q)
    s.hash(blk, st, 0, 100, 32)
    s.cipher(cipher_block(3, CTR, ENC, key, True), 0, 132, iv)
    s.flags |= UCS | DIB
    s.buffers(data + bytes(32))
    bank.run(s.done(HASH_CIPHER))
    tap.eq(s.output(), want, 'digest in buffer, encrypted')
    s = Sym(q)
    s.cipher(cipher_block(3, CTR, ENC, key, True), 0, 132, iv)
    s.hash(blk, st, 0, 100, 32, bytes(32))
    s.flags |= UCS | DIB
    s.buffers(want)
    resp = bank.run(s.done(CIPHER_HASH))
    tap.eq((resp[6], s.output()), (0, data + mac),
           'digest in buffer, decrypted and verified')


GCM_KEY = bytes.fromhex('feffe9928665731c6d6a8f9467308308')
GCM_IV = bytes.fromhex('cafebabefacedbaddecaf888')
GCM_PT = bytes.fromhex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72'
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39')
GCM_AAD = bytes.fromhex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
GCM_CT = bytes.fromhex(
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e'
    '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091')
GCM_TAG = bytes.fromhex('5bc94fbc3221a5db94fae95ae7121a47')
CHACHA_KEY = bytes(range(0x80, 0xA0))
CHACHA_IV = bytes.fromhex('070000004041424344454647')
CHACHA_AAD = bytes.fromhex('50515253c0c1c2c3c4c5c6c7')
CHACHA_PT = (b"Ladies and Gentlemen of the class of '99: If I could offer you "
             b"only one tip for the future, sunscreen would be it.")
CHACHA_CT = bytes.fromhex(
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6'
    '3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36'
    '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc'
    '3ff4def08e4b7a9de576d26586cec64b6116')
CHACHA_TAG = bytes.fromhex('1ae10b594f09e26a7e902ecbd0600691')


def single_pass(q, algo, mode, key, iv, aad, data, tag, decrypt, flags=IV12,
                **kw):
    s = Sym(q)
    s.cipher(cipher_block(algo, mode, DEC if decrypt else ENC, key, True,
                          len(tag)), 0, len(data), iv)
    s.flags |= UCS | SPC | (CMP if decrypt else RET) | flags
    s.digest_len = len(tag)
    s.digest_at = q.put(tag if decrypt else bytes(len(tag)))
    struct.pack_into('<IIQQ', s.req, 80, 0, len(aad), q.put(aad), s.digest_at)
    s.req[107] = len(tag)
    s.buffers(data, **kw)
    return s


def test_aead(q, tap, bank):
    for name, algo, mode, key, iv, aad, pt, ct, tag, fl in (
            ('AES-GCM, McGrew 4', 3, AEAD, GCM_KEY, GCM_IV, GCM_AAD, GCM_PT,
             GCM_CT, GCM_TAG, IV12),
            ('ChaCha20-Poly1305, RFC 8439', 11, CTR, CHACHA_KEY, CHACHA_IV,
             CHACHA_AAD, CHACHA_PT, CHACHA_CT, CHACHA_TAG, 0)):
        for kw in ({}, {'oop': True}, {'sgl': True}):
            s = single_pass(q, algo, mode, key, iv, aad, pt, tag, False, fl,
                            **kw)
            resp = bank.run(s.done(CIPHER))
            tap.eq((resp[6], s.output(), s.digest()), (0, ct, tag),
                   f'{name} encrypt {list(kw)}')
            s = single_pass(q, algo, mode, key, iv, aad, ct, tag, True, fl,
                            **kw)
            resp = bank.run(s.done(CIPHER))
            tap.eq((resp[6], s.output()), (0, pt), f'{name} decrypt {list(kw)}')
        s = single_pass(q, algo, mode, key, iv, aad, ct, bytes(16), True, fl)
        tap.eq(bank.run(s.done(CIPHER))[6], 0x80, f'{name}: wrong tag')
        s = single_pass(q, algo, mode, key, iv, aad + b'x', ct, tag, True, fl)
        tap.eq(bank.run(s.done(CIPHER))[6], 0x80, f'{name}: wrong AAD')

    # GCM by two slices, as DPDK has it for a given first counter block
    h = openssl_enc('aes-128-ecb', GCM_KEY, b'', bytes(16))

    def galois(s, aad_len, length, verify=None, counter=16):
        s.hash(hash_block(10, 1, 16, counter, bytes(16),
                          h + struct.pack('>I', aad_len) + bytes(28)), 16, 0,
               length, 16, verify)
    for flags, what in ((IV12, '12 bytes'), (0, 'counter block')):
        for dec in (0, 1):
            s = Sym(q)
            blk = cipher_block(3, CTR, ENC, GCM_KEY, True)
            iv = GCM_IV + (b'' if flags else b'\0\0\0\1')
            if not dec:
                s.cipher(blk, 0, 60, iv)
            galois(s, 20, 60, GCM_TAG if dec else None)
            if dec:
                s.cipher(blk, 0, 60, iv)
            s.req[104] = 32
            s.flags |= GCM | UCS | flags
            struct.pack_into('<Q', s.req, 88, q.put(GCM_AAD + bytes(12)))
            s.buffers(GCM_CT if dec else GCM_PT)
            resp = bank.run(s.done(HASH_CIPHER if dec else CIPHER_HASH))
            tap.eq((resp[6], s.output(), s.digest()),
                   (0, GCM_PT if dec else GCM_CT, GCM_TAG),
                   f"AES-GCM two slices, IV {what}, "
                   f"{'decrypt' if dec else 'encrypt'}")
    for name, dec, given, want in (
            ('made', 0, GCM_PT + bytes(16), (0, GCM_CT + GCM_TAG)),
            ('right', 1, GCM_CT + GCM_TAG, (0, GCM_PT + GCM_TAG)),
            ('wrong', 1, GCM_CT + GCM_TAG[::-1], None)):
        s = Sym(q)
        blk = cipher_block(3, CTR, ENC, GCM_KEY, True)
        if not dec:
            s.cipher(blk, 0, 60, GCM_IV)
        galois(s, 20, 60, bytes(16) if dec else None)
        if dec:
            s.cipher(blk, 0, 60, GCM_IV)
        s.req[104] = 32
        s.flags |= GCM | UCS | IV12 | DIB
        struct.pack_into('<Q', s.req, 88, q.put(GCM_AAD + bytes(12)))
        s.buffers(given)
        resp = bank.run(s.done(HASH_CIPHER if dec else CIPHER_HASH))
        tap.eq((resp[6], s.output()) if want else resp[6], want or 0x80,
               f'AES-GCM two slices, tag in the buffer, {name}')
    # GMAC: what is hashed is the AAD. NIST: gcmEncryptExtIV128, PTlen 0
    key = bytes.fromhex('77be63708971c4e240d1cb79e8d77feb')
    h = openssl_enc('aes-128-ecb', key, b'', bytes(16))
    aad = bytes.fromhex('7a43ec1d9c0a5a78a0b16533a6213cab')
    tag = bytes.fromhex('209fcc8d3675ed938e9c7166709dd946')
    iv = bytes.fromhex('e0e00f19fed7ba0136a797f3')
    for dec in (0, 1):
        s = Sym(q)
        blk = cipher_block(3, CTR, ENC, key, True)
        if not dec:
            s.cipher(blk, 0, 0, iv)
        galois(s, 0, 16, tag if dec else None, 0)
        if dec:
            s.cipher(blk, 0, 0, iv)
        s.flags |= GCM | UCS | IV12
        s.buffers(aad)
        resp = bank.run(s.done(HASH_CIPHER if dec else CIPHER_HASH))
        tap.eq((resp[6], s.digest()), (0, tag),
               f"AES-GMAC {'verify' if dec else 'generate'}")
    # SP 800-38C examples 1 to 3
    key = bytes(range(0x40, 0x50))
    for num, nonce, aad, pt, ct in (
            (1, '10111213141516', '0001020304050607', '20212223',
             '7162015b4dac255d'),
            (2, '1011121314151617', '000102030405060708090a0b0c0d0e0f',
             '202122232425262728292a2b2c2d2e2f',
             'd2a1f0e051ea5f62081a7792073d593d1fc64fbfaccd'),
            (3, '101112131415161718191a1b',
             '000102030405060708090a0b0c0d0e0f10111213',
             '202122232425262728292a2b2c2d2e2f3031323334353637',
             'e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951'
             )):
        nonce, aad, pt, ct = map(bytes.fromhex, (nonce, aad, pt, ct))
        tlen, ql = len(ct) - len(pt), 15 - len(nonce)
        b0 = bytes([64 | (tlen - 2) // 2 << 3 | (ql - 1)]) + nonce + \
            len(pt).to_bytes(ql, 'big')
        blob = b0 + struct.pack('>H', len(aad)) + aad
        blob = blob.ljust((len(blob) + 15) & -16, b'\0')
        for dec in (0, 1):
            s = Sym(q)
            cblk = cipher_block(3, CTR, ENC, key, True)
            hblk = hash_block(8, 1, tlen, 0, bytes(16), key + bytes(16))
            iv = bytes([ql - 1]) + nonce
            if dec:
                s.cipher(cblk, 0, len(pt), iv)
            s.hash(hblk, 16, 0, len(pt), tlen, ct[len(pt):] if dec else None)
            if not dec:
                s.cipher(cblk, 0, len(pt), iv)
            s.flags |= CCM | UCS
            s.req[104] = len(blob)
            struct.pack_into('<Q', s.req, 88, q.put(blob))
            s.buffers(ct[:len(pt)] if dec else pt)
            resp = bank.run(s.done(CIPHER_HASH if dec else HASH_CIPHER))
            tap.eq((resp[6], s.output() + s.digest()),
                   (0, pt + ct[len(pt):] if dec else ct),
                   f"AES-CCM, SP 800-38C example {num}, "
                   f"{'decrypt' if dec else 'encrypt'}")


def test_sym_errors(q, tap, bank):
    def good():
        s = Sym(q)
        s.cipher(cipher_block(3, CBC, ENC, bytes(16)), 0, 64, bytes(16))
        s.buffers(bytes(64))
        return s

    def expect(name, status, req):
        resp = bank.run(req)
        tap.eq((resp[6], resp[8:16]), (status, struct.pack('<Q', OPAQUE)), name)

    expect('sane request', 0, good().done(CIPHER))
    for cmd in (4, 10, 17, 255):
        expect(f'command {cmd} is refused', 0x84, good().done(cmd))
    req = good().done(CIPHER)
    req[3] = 0
    expect('request without valid bit', 0x82, req)
    req = good().done(CIPHER)
    req[2] = 9
    expect('compression on a crypto bank', 0x84, req)
    s = good()
    struct.pack_into('<I', s.req, 60, 63)
    expect('CBC of 63 bytes', 0x82, s.done(CIPHER))
    s = good()
    struct.pack_into('<I', s.req, 60, 0xFFFFFFF0)
    expect('cipher length 4 GiB', 0x82, s.done(CIPHER))
    s = good()
    struct.pack_into('<I', s.req, 56, 0xFFFFFFF0)
    expect('cipher offset 4 GiB', 0x82, s.done(CIPHER))
    s = good()
    struct.pack_into('<Q', s.req, 32, 0xFFFFFFFFFFFFFFF0)
    expect('source wraps around', 0x82, s.done(CIPHER))
    s = good()
    struct.pack_into('<Q', s.req, 32, 1 << 50)
    expect('source outside memory', 0x82, s.done(CIPHER))
    s = good()
    s.req[110] = 255
    expect('cipher configuration outside the descriptor', 0x82, s.done(CIPHER))
    req = good().done(CIPHER)
    req[18] = 0
    expect('empty content descriptor', 0x82, req)
    req = good().done(CIPHER)
    struct.pack_into('<Q', req, 8, 1 << 50)
    expect('content descriptor outside memory', 0x82, req)
    for cfg in (1, 2, 7, 8, 9, 12, 15, 3 | 3 << 4, 3 | 15 << 4):
        s = Sym(q)
        s.cipher(struct.pack('<2I', cfg, 0) + bytes(64), 0, 64, bytes(16))
        s.buffers(bytes(64))
        expect(f'cipher configuration {cfg:#x}', 0x84, s.done(CIPHER))
    s = good()
    struct.pack_into('<Q', s.req, 32, q.put(struct.pack('<QII', 0, 1 << 31,
                                                        0)))
    s.req[6] |= 1
    expect('list of 2^31 buffers', 0x82, s.done(CIPHER))
    s = good()
    elem = struct.pack('<IIQ', 0xFFFFFFFF, 0, 1 << 40)
    struct.pack_into('<Q', s.req, 32, q.put(struct.pack('<QII', 0, 3, 0) +
                                            elem * 3))
    s.req[6] |= 1
    expect('list of buffers outside memory', 0x82, s.done(CIPHER))
    s = Sym(q)
    s.hash(hash_block(4, 1, 32, 64, bytes(32)), 32, 0, 64, 32)
    s.req[122] = 250
    s.buffers(bytes(64))
    expect('HMAC without second state', 0x82, s.done(AUTH))
    s = Sym(q)
    s.hash(hash_block(1, 0, 20, 0, bytes(24)), 24, 0, 64, 255)
    s.buffers(bytes(64))
    expect('digest of 255 bytes', 0x82, s.done(AUTH))
    for algo in (9, 11, 12, 13, 14, 22, 27, 31):
        s = Sym(q)
        s.hash(hash_block(algo, 1, 4, 0, bytes(64), bytes(64)), 64, 0, 64, 4)
        s.buffers(bytes(64))
        expect(f'hash {algo} is refused', 0x84, s.done(AUTH))
    # noise: an answer for each, whatever it is
    rnd = random.Random(4)
    answered = 0
    for _ in range(500):
        req = bytearray(rnd.randbytes(128))
        if rnd.random() < 0.9:
            req[1], req[2], req[3] = rnd.randrange(4), 4, 0x80
            struct.pack_into('<H', req, 4, rnd.getrandbits(16) & 0xEFE4)
            req[6] &= 1
            req[7] = 0
            for off in (8, 32, 40, 88, 96):
                struct.pack_into('<Q', req, off,
                                 rnd.randrange(8 << 20, 64 << 20))
            for off in (48, 52, 56, 60, 80, 84):
                struct.pack_into('<I', req, off, rnd.choice(
                    (0, 16, 64, 1000, 0xFFFFFFFF)))
        answered += bank.run(req) is not None
    tap.eq(answered, 500, 'noise: every request is answered')


# Public keys

def pke(q, bank, func, ins, out_sizes, packed=False, out_count=None):
    if packed:
        ins = [b''.join(ins)]
    src = q.put(b''.join(struct.pack('<Q', q.put(i)) for i in ins))
    outs = [q.put(b'\xee' * n) for n in out_sizes]
    dst = q.put(b''.join(struct.pack('<Q', o) for o in outs) or b'\0')
    req = bytearray(64)
    req[2], req[3] = 3, 0x80
    struct.pack_into('<I', req, 20, func)
    struct.pack_into('<QQQ', req, 24, OPAQUE, src, dst)
    req[48] = len(outs) if out_count is None else out_count
    req[49] = len(ins)
    resp = bank.run(req)
    return (resp[4], resp[5]), [int.from_bytes(q.read(o, n), 'big')
                                for o, n in zip(outs, out_sizes)]


def be(n, size):
    return n.to_bytes(size, 'big')


CURVES = {
    'P-256': (32, 0x6A3C2FA6, 0x325B3023, 0x432033A6, 0x1F0C33FC,
              2**256 - 2**224 + 2**192 + 2**96 - 1,
              0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
              0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
              0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
              0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
    'P-384': (64, 0x5A2B3127, 0x3553318A, 0x41253419, 0x2612345C,
              2**384 - 2**128 - 2**96 + 2**32 - 1,
              int('b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013'
                  '875ac656398d8a2ed19d2a85c8edd3ec2aef', 16),
              int('ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f437'
                  '2ddf581a0db248b0a77aecec196accc52973', 16),
              int('aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e08254'
                  '2a385502f25dbf55296c3a545e3872760ab7', 16),
              int('3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0'
                  'b8c00a60b1ce1d7e819d7a431d7c90ea0e5f', 16)),
    'P-521': (72, 0x494A329B, 0x554C331F, 0x5511346E, 0x0E0734BE,
              2**521 - 1,
              int('0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b48991'
                  '8ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef45'
                  '1fd46b503f00', 16),
              int('01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'
                  'fffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6f'
                  'b71e91386409', 16),
              int('00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af60'
                  '6b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e'
                  '7e31c2e5bd66', 16),
              int('011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17'
                  '273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be'
                  '94769fd16650', 16)),
}


def ec_add(p, a, p1, p2):
    if p1 is None or p2 is None:
        return p1 or p2
    (x1, y1), (x2, y2) = p1, p2
    if x1 == x2 and (y1 + y2) % p == 0:
        return None
    if p1 == p2:
        m = (3 * x1 * x1 + a) * pow(2 * y1, -1, p) % p
    else:
        m = (y2 - y1) * pow(x2 - x1, -1, p) % p
    x = (m * m - x1 - x2) % p
    return x, (m * (x1 - x) - y1) % p


def ec_mul(p, a, k, pt):
    out = None
    while k:
        if k & 1:
            out = ec_add(p, a, out, pt)
        pt = ec_add(p, a, pt, pt)
        k >>= 1
    return out


def is_prime(n):
    if any(n % p == 0 for p in primes(50)):
        return False
    d = n - 1
    r = (d & -d).bit_length() - 1
    for _ in range(8):
        x = pow(random.randrange(2, n - 1), d >> r, n)
        if x in (1, n - 1):
            continue
        for _ in range(r - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits, rnd):
    while True:
        n = rnd.getrandbits(bits) | 3 << bits - 2 | 1
        if is_prime(n):
            return n


def test_asym(q, tap, bank):
    rnd = random.Random(5)
    for func, size in ((0x150C2327, 64), (0x2D0C233E, 128), (0x410C2355, 192),
                       (0x5E12236C, 256), (0x60162388, 320), (0x650C23A9, 384),
                       (0x801623C0, 448), (0x850C23E1, 512),
                       (0x210C1A1B, 96), (0x4D0C1A60, 256), (0x690C1A8E, 512)):
        g, e, m = (rnd.getrandbits(size * 8) for _ in range(3))
        st, out = pke(q, bank, func, [be(v, size) for v in (g, e, m | 1)],
                      [size])
        tap.eq((st, out), ((0, 0), [pow(g, e, m | 1)]),
               f'modular exponentiation {func:#x}, {size * 8} bits')
    for func, size in ((0x3E0B1A55, 256), (0x4A0B1A83, 512)):
        e, m = rnd.getrandbits(size * 8), rnd.getrandbits(size * 8) | 1
        tap.eq(pke(q, bank, func, [be(e, size), be(m, size)], [size]),
               ((0, 0), [pow(2, e, m)]), f'DH with base 2, {size * 8} bits')
    for func, size, odd in ((0x090623F8, 16, 1), (0x0A062404, 32, 1),
                            (0x20062428, 256, 1), (0x40062434, 512, 1),
                            (0x0A062446, 32, 0), (0x650B2499, 512, 0)):
        while True:
            a, b = rnd.getrandbits(size * 8), rnd.getrandbits(size * 8)
            b = b | 1 if odd else b & ~1
            try:
                want = pow(a, -1, b)
                break
            except ValueError:
                pass
        tap.eq(pke(q, bank, func, [be(a, size), be(b, size)], [size]),
               ((0, 0), [want]),
               f"inverse modulo {'odd' if odd else 'even'}, {size * 8} bits")
    tap.eq(pke(q, bank, 0x0A062404, [be(6, 32), be(9, 32)], [32])[0], (0, 0x40),
           'no inverse: error')
    for size, ep, dp1, dp2 in (
            (64, 0x1C161B21, 0x1C161B3C, 0x1C131B57),
            (128, 0x35111BF7, 0x35111C12, 0x26131C2D),
            (256, 0x6E111DBA, 0x6E111DDA, 0x59121DFA)):
        while True:
            p, qq = prime(size * 4, rnd), prime(size * 4, rnd)
            n, phi = p * qq, (p - 1) * (qq - 1)
            if phi % 65537:
                break
        d = pow(65537, -1, phi)
        m = rnd.getrandbits(size * 8 - 1)
        c = pow(m, 65537, n)
        tap.eq(pke(q, bank, ep, [be(v, size) for v in (m, 65537, n)], [size]),
               ((0, 0), [c]), f'RSA {size * 8} encrypt')
        tap.eq(pke(q, bank, dp1, [be(v, size) for v in (c, d, n)], [size]),
               ((0, 0), [m]), f'RSA {size * 8} decrypt, form 1')
        crt = [be(c, size)] + [be(v, size // 2) for v in (
            p, qq, d % (p - 1), d % (qq - 1), pow(qq, -1, p))]
        tap.eq(pke(q, bank, dp2, crt, [size]), ((0, 0), [m]),
               f'RSA {size * 8} decrypt, form 2 (CRT)')
    for name, (size, sign, verify, mul, onc, p, b, n, gx, gy) in CURVES.items():
        a = p - 3
        d, k = rnd.randrange(1, n), rnd.randrange(1, n)
        e = rnd.getrandbits(250)
        qx, qy = ec_mul(p, a, d, (gx, gy))
        kx, ky = ec_mul(p, a, k, (qx, qy))

        def num(*vals):
            return [be(v, size) for v in vals]
        tap.eq(pke(q, bank, mul, num(k, qx, qy, a, b, p, 1), [size, size]),
               ((0, 0), [kx, ky]), f'{name}: multiply a point')
        tap.eq(pke(q, bank, mul, num(n, gx, gy, a, b, p, 1), [size] * 2)[0],
               (0, 0x40), f'{name}: infinity is an error')
        tap.eq(pke(q, bank, mul, num(k, gx, gy ^ 1, a, b, p, 1), [size] * 2)[0],
               (0, 0x40), f'{name}: a point off the curve is an error')
        tap.eq(pke(q, bank, onc, num(qx, qy, p, a, b), []), ((0, 0), []),
               f'{name}: point on the curve')
        tap.eq(pke(q, bank, onc, num(qx, qy ^ 1, p, a, b), [])[0], (0, 0x40),
               f'{name}: point off the curve')
        st, (r, s) = pke(q, bank, sign, num(d, e, k, b, a, p, n, gy, gx),
                         [size, size], True)
        want = ec_mul(p, a, k, (gx, gy))[0] % n
        tap.eq((st, r, s), ((0, 0), want, pow(k, -1, n) * (e + d * want) % n),
               f'{name}: ECDSA sign')
        args = (p, b, a, qy, qx, gy, gx, n, r, s, e)
        tap.eq(pke(q, bank, verify, num(*args), [], True)[0], (0, 0),
               f'{name}: ECDSA verify')
        for i in (8, 9, 10):
            bad = list(args)
            bad[i] ^= 1
            tap.eq(pke(q, bank, verify, num(*bad), [], True)[0], (0, 0x40),
                   f'{name}: ECDSA with wrong {"rse"[i - 8]}')
    # RFC 6979 A.2.5: P-256, SHA-256, "sample"
    size, sign, _, _, _, p, b, n, gx, gy = CURVES['P-256']
    d = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    k = 0xA6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60
    e = int(hashlib.sha256(b'sample').hexdigest(), 16)
    tap.eq(pke(q, bank, sign, [be(v, 32) for v in
                               (d, e, k, b, p - 3, p, n, gy, gx)], [32, 32],
               True)[1],
           [0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
            0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8],
           'ECDSA P-256, RFC 6979 A.2.5')
    for length, nlen, sign, verify, ssize in (
            (128, 160, 0x301E2540, 0x323A2570, 24),
            (256, 256, 0x5A2A274D, 0x723A2789, 32)):
        qq = prime(nlen, rnd)
        while True:
            p = (rnd.getrandbits(length * 8) | 1 << length * 8 - 1)
            p -= p % (2 * qq) - 1
            if p.bit_length() == length * 8 and is_prime(p):
                break
        g = pow(2, (p - 1) // qq, p)
        x, k = rnd.randrange(1, qq), rnd.randrange(1, qq)
        m = rnd.getrandbits(nlen - 1)
        y = pow(g, x, p)
        r = pow(g, k, p) % qq
        s = pow(k, -1, qq) * (m + x * r) % qq
        ins = [be(v, z) for v, z in ((m, ssize), (k, ssize), (p, length),
                                     (qq, ssize), (g, length), (x, ssize))]
        tap.eq(pke(q, bank, sign, ins, [ssize, ssize]), ((0, 0), [r, s]),
               f'DSA {length * 8} sign')
        for bad, want in ((0, (0, 0)), (1, (0, 0x40))):
            ins = [be(v, z) for v, z in (
                (r, ssize), (s, ssize), (m ^ bad, ssize), (p, length),
                (qq, ssize), (g, length), (y, length))]
            tap.eq(pke(q, bank, verify, ins, [])[0], want,
                   f"DSA {length * 8} verify {'wrong' if bad else 'right'}")
    # SM2, sign and verify, against each other and Python
    p = 2**256 - 2**224 - 2**96 + 2**64 - 1
    a = p - 3
    n = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
    gpt = (0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
           0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0)
    d, k, e = rnd.randrange(1, n), rnd.randrange(1, n), rnd.getrandbits(256)
    r = (e + ec_mul(p, a, k, gpt)[0]) % n
    s = pow(1 + d, -1, n) * (k - r * d) % n
    tap.eq(pke(q, bank, 0x222116FE, [be(v, 32) for v in (k, e, d)], [32, 32]),
           ((0, 0), [r, s]), 'SM2 sign')
    x, y = ec_mul(p, a, d, gpt)
    for bad, want in ((0, (0, 0)), (1, (0, 0x40))):
        tap.eq(pke(q, bank, 0x29241743,
                   [be(v, 32) for v in (e ^ bad, r, s, x, y)], [])[0], want,
               f"SM2 verify {'wrong' if bad else 'right'}")
    # what is wrong
    tap.eq(pke(q, bank, 0x12345678, [bytes(64)], [64])[0], (1, 0x40),
           'unknown function')
    tap.eq(pke(q, bank, 0x150C2327, [bytes(64)] * 2, [64])[0], (1, 0x40),
           'wrong number of inputs')
    tap.eq(pke(q, bank, 0x150C2327, [bytes(64)] * 3, [64], out_count=255)[0],
           (1, 0x40), 'wrong number of outputs')
    tap.eq(pke(q, bank, 0x150C2327, [bytes(64)] * 3, [64])[0], (0, 0x40),
           'modulus 0')
    req = bytearray(64)
    req[2], req[3], req[48], req[49] = 3, 0x80, 1, 3
    struct.pack_into('<I', req, 20, 0x150C2327)
    struct.pack_into('<QQ', req, 32, 1 << 50, 1 << 50)
    tap.eq(bank.run(req)[5], 0x40, 'lists outside memory')
    req[2] = 4
    tap.eq(bank.run(req)[5], 0x40, 'crypto on a public key bank')


# Compression

def dc(q, bank, cmd, data, room, flags=0x30043, sgl=False, fmt=None,
       depth=1, crc=0, adler=1):
    s = Sym(q)
    s.req[1], s.req[2] = cmd, 9
    s.buffers(data, sgl=sgl)
    dst = q.put(b'\xdd' * room)
    pieces = None
    if sgl:
        dst, pieces = s.sgl(room)
    if fmt is None:
        fmt = 0 if cmd == 1 else 1
    struct.pack_into('>I', s.req, 8, fmt << 5 | depth << 8)
    struct.pack_into('<QII', s.req, 40, dst, 0 if sgl else len(data),
                     0 if sgl else room)
    struct.pack_into('<5I', s.req, 56, len(data), room, crc, adler, flags)
    resp = bank.run(s.req)
    err = struct.unpack('b', resp[5:6])[0]
    used, made, c, a = struct.unpack('<4I', resp[16:32])
    if pieces:
        out = b''.join(q.read(at, n) for n, at in pieces)
    else:
        out = q.read(dst, room)
    return resp[3], resp[6], err, used, out[:made], c, a


def raw(data, level=6, strategy=0, flush=zlib.Z_FINISH):
    z = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    return z.compress(data) + z.flush(flush)


def unraw(data):
    z = zlib.decompressobj(-15)
    return z.decompress(data) + z.flush(), z.eof


def test_dc(q, tap, bank):
    rnd = random.Random(6)
    text = b''.join(rnd.choice((b'the ', b'quick ', b'brown ', b'fox ', b'QAT'))
                    for _ in range(8000))
    noise = rnd.randbytes(20000)
    for cmd, what in ((0, 'static'), (1, 'dynamic')):
        for data, kind in ((text, 'text'), (noise, 'noise'), (b'', 'nothing'),
                           (b'a', 'a byte')):
            for sgl in (False, True):
                fl, st, err, used, out, crc, adler = dc(
                    q, bank, cmd, data, len(data) * 2 + 200, sgl=sgl)
                tap.ok(st == 0 and err == 0 and fl == 0xC0 and
                       used == len(data) and unraw(out) == (data, True) and
                       crc == zlib.crc32(data) and adler == zlib.adler32(data),
                       f"deflate {what} {kind}{' sgl' if sgl else ''}")
    out = dc(q, bank, 0, text, 60000)[4]
    # block type in the first byte: final, then fixed Huffman codes
    tap.eq(out[0] & 7, 3, 'static: a final block of fixed codes')
    tap.eq(dc(q, bank, 1, text, 60000)[4][0] & 7, 5,
           'dynamic: a final block of dynamic codes')
    sizes = [len(dc(q, bank, 1, text, 60000, depth=d)[4]) for d in (1, 3, 4)]
    tap.ok(sizes[0] > sizes[2], f'deeper search compresses better {sizes}')
    part = dc(q, bank, 1, text[:5000], 60000, flags=0x30003)[4]
    rest = dc(q, bank, 1, text[5000:], 60000)[4]
    tap.eq(unraw(part + rest), (text, True), 'two parts, only the last final')
    fl, st, err, used, out, crc, adler = dc(q, bank, 0, text, 46)
    tap.eq((fl, st, err, used, out), (0xC0, 0x20, -11, 0, b''),
           'compress: overflow is -11')
    for level, strategy, kind in ((6, 0, 'dynamic'), (6, zlib.Z_FIXED, 'fixed'),
                                  (0, 0, 'stored')):
        for sgl in (False, True):
            got = dc(q, bank, 2, raw(text, level, strategy), len(text),
                     sgl=sgl)
            tap.ok(got[1] == 0x08 and got[4] == text and
                   got[5:] == (zlib.crc32(text), zlib.adler32(text)),
                   f"inflate {kind}{' sgl' if sgl else ''}")
    got = dc(q, bank, 2, raw(text, flush=zlib.Z_SYNC_FLUSH), len(text))
    tap.ok(got[1] == 0 and got[4] == text, 'inflate without final block')
    got = dc(q, bank, 2, raw(text), len(text) - 1)
    tap.eq((got[1], got[2], got[4]), (0x20, -11, text[:-1]),
           'inflate: overflow is -11')
    got = dc(q, bank, 2, raw(text)[:-10], len(text))
    tap.eq((got[1], got[2]), (0x20, -15), 'inflate: input ends early, -15')
    for data, err, what in ((b'\x07', -1, 'invalid block type'),
                            (b'\x01\x00\x00\x00\x00', -2, 'stored length'),
                            (b'\x03\x02\x00', -10, 'distance too far back')):
        got = dc(q, bank, 2, data + bytes(8), 1000)
        tap.eq((got[1] & ~8, got[2]), (0x20, err), f'inflate: {what}, {err}')
    got = dc(q, bank, 0, text[100:], 60000, crc=zlib.crc32(text[:100]),
             adler=zlib.adler32(text[:100]))
    tap.eq(got[5:], (zlib.crc32(text), zlib.adler32(text)),
           'checksums go on from given ones')
    for name, kw in (('command 3', {'cmd': 3}), ('LZ4', {'fmt': 2}),
                     ('only SOP', {'flags': 1})):
        got = dc(q, bank, **{'cmd': 0, 'data': text, 'room': 1000, **kw})
        tap.eq(got[1], 0x24, f'{name} is refused')
    bomb = raw(bytes(40 << 20), 9)
    got = dc(q, bank, 2, bomb, 1000)
    tap.eq((got[1], got[2], len(got[4])), (0x20, -11, 1000),
           'a bomb stays in its buffer')


# PASIDs, through a VT-d in scalable mode

class Vtd:
    """Second-stage tables by PASID; what has none passes through."""

    def __init__(self, q):
        self.q = q
        root, self.ctx = self.alloc(), self.alloc()
        self.pdir = self.alloc(128 << 10)
        self.put(root, self.ctx | 1, 0)
        self.put(self.ctx + (DEV << 3) * 32, self.pdir | 7 << 9 | 1, 0, 0, 0)
        self.tables = {}
        self.entry(0, 4 << 6 | 1)
        self.put(VTD + 0x20, root | 1 << 10)
        q.writel(VTD + 0x18, 1 << 30)
        q.writel(VTD + 0x18, 1 << 31)

    def alloc(self, size=4096):
        addr = self.q.alloc(size, 4096)
        self.q.write(addr, bytes(size))
        return addr

    def put(self, addr, *vals):
        self.q.write(addr, struct.pack(f'<{len(vals)}Q', *vals))

    def walk(self, at):
        table = struct.unpack('<Q', self.q.read(at, 8))[0] & ~0xFFF
        if not table:
            table = self.alloc()
            self.put(at, table | 3)
        return table

    def entry(self, pasid, val, did=1):
        leaf = self.walk(self.pdir + (pasid >> 6) * 8)
        self.put(leaf + (pasid & 63) * 64, val, did, 0)

    def map(self, pasid, iova, phys, perm=3):
        if pasid not in self.tables:
            self.tables[pasid] = self.alloc()
            self.entry(pasid, self.tables[pasid] | 2 << 6 | 2 << 2 | 1,
                       pasid & 0xFFFF)
        table = self.tables[pasid]
        for level in (39, 30, 21):
            table = self.walk(table + (iova >> level & 511) * 8)
        self.put(table + (iova >> 12 & 511) * 8, phys | perm if perm else 0)
        self.put(VTD + 0xF8, 1 << 63 | 1 << 60)


class PasidBank(Bank):
    """Rings, descriptor and data in four pages at fixed IOVAs of a PASID."""

    IOVA = 0x40000000

    def __init__(self, q, vtd, num, pasid):
        self.vtd, self.pasid = vtd, pasid
        super().__init__(q, num, order=6)

    def setup(self, enable=1):
        q = self.q
        self.size = 4096
        self.tail = self.head = 0
        self.pages = [self.vtd.alloc() for _ in range(4)]
        self.base = self.pages[:2]
        for i, page in enumerate(self.pages):
            self.vtd.map(self.pasid, self.IOVA + 4096 * i, page)
        q.write(self.base[1], b'\x7f' * 4096)
        q.writel(ETR + 0x4000 + (self.num << 4), 0x05500000 | self.pasid)
        for r in range(2):
            q.writel(self.csr + 0x1040 + 4 * r, self.IOVA + 4096 * r)
            q.writel(self.csr + 0x1080 + 4 * r, 0)
            q.writel(self.csr + 0x1000 + 4 * r, self.order)
        q.writel(self.csr + 0x19C, enable)

    def encrypt(self, key, iv, data):
        s = Sym(self.q)
        s.cipher(cipher_block(3, CBC, ENC, key), 0, len(data), iv)
        req = s.done(CIPHER)
        self.q.write(self.pages[2], s.cd)
        self.q.write(self.pages[3], data)
        struct.pack_into('<Q', req, 8, self.IOVA + 8192)
        struct.pack_into('<QQII', req, 32, self.IOVA + 12288,
                         self.IOVA + 12288, len(data), len(data))
        self.stage(req)


def test_pasid(qemu, bios, verbose, tap):
    q = Qtest(qemu, bios, verbose,
              ('-device', 'intel-iommu,intremap=off,x-scalable-mode=on,'
               'x-pasid-mode=on,x-flts=off'))
    q.bring_up()
    vtd = Vtd(q)
    q.cfg_write(0x154, q.cfg_read(0x154) | 1 << 16)
    plain = Bank(q, SYM)
    tap.ok(plain.run(null_req(plain)) is not None,
           'a bank without PASID works through the VT-d')
    untagged = q.prop('stats')['dma-no-pasid']
    rnd = random.Random(8)
    banks = [PasidBank(q, vtd, 4 * i, pasid)
             for i, pasid in enumerate((5, 0xFEDCB, 77), 1)]
    jobs = []
    for b in banks:
        key, iv, data = (rnd.randbytes(n) for n in (16, 16, 1024))
        b.encrypt(key, iv, data)
        jobs.append((b, openssl_enc('aes-128-cbc', key, iv, data)))
    for b in banks:
        b.ring()
    good = True
    for b, want in jobs:
        resp = b.poll()
        good &= resp is not None and resp[6] == 0 and \
            q.read(b.pages[3], 1024) == want
    tap.ok(good, 'three PASIDs, the same addresses, each its own data')
    count = {e['pasid']: e for e in q.prop('dma-by-pasid')}
    tap.eq((sorted(count), [e['faults'] for e in count.values()],
            q.prop('stats')['dma-no-pasid']),
           ([5, 77, 0xFEDCB], [0, 0, 0], untagged),
           'all of it is counted under the PASIDs, none without')
    by_bank = {e['bank']: e['no-pasid'] for e in q.prop('banks')}
    tap.ok(by_bank[plain.num] and not any(by_bank[b.num] for b in banks),
           'by bank: only the first one did without')
    b = banks[0]
    vtd.map(5, b.IOVA + 12288, 0, 0)
    b.encrypt(bytes(16), bytes(16), bytes(1024))
    b.ring()
    resp = b.poll()
    count = {e['pasid']: e['faults'] for e in q.prop('dma-by-pasid')}
    tap.ok(resp and resp[6] == 0x82 and count == {5: 1, 77: 0, 0xFEDCB: 0},
           'unmapped data: an error response, and a fault of that PASID')
    vtd.map(5, b.IOVA + 12288, b.pages[3], 1)
    b.encrypt(bytes(16), bytes(16), bytes(1024))
    b.ring()
    resp = b.poll()
    tap.ok(resp and resp[6] == 0x82 and not any(q.read(b.pages[3], 1024)),
           'read-only data: an error response, and no write')
    q.writel(ETR + 0x4000 + (b.num << 4), 0x05500000 | 78)
    b.stage(null_req(b))
    b.ring()
    tap.ok(b.poll(0.3) is None and q.readl(b.csr + 0x188) & 1,
           'a PASID without table: the ring stops')
    tap.ok(b.reset() and not q.readl(ETR + 0x4000 + (b.num << 4)),
           'reset drops the PASID')
    b.setup()
    tap.ok(b.run(null_req(b)) is not None, 'set again, the bank works')
    # PASID disabled in the capability: nothing may carry one
    q.cfg_write(0x154, 0)
    b.stage(null_req(b))
    b.ring()
    tap.ok(b.poll(0.3) is None and q.readl(b.csr + 0x188) & 1,
           'PASID disabled in the capability: the ring stops')
    tap.ok(plain.run(null_req(plain)) is not None,
           'and the bank without PASID goes on')
    tap.eq(q.close(), 0, 'QEMU ends well')


# Interrupts, resets

def wait_mem(q, addr, want, timeout=5.0):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        q.cmd('clock_step', 1000000)
        if struct.unpack('<I', q.read(addr, 4))[0] == want:
            return True
        time.sleep(0.001)
    return False


def null_req(bank):
    req = bytearray(bank.req_size)
    req[1], req[3] = 1, 0x80
    return req


def test_irq(q, tap, bank, other):
    # messages go to memory, where they can be seen
    mail = q.put(bytes(4096))
    n = bank.num
    ims, msix = PMISC + 0x410000 + 16 * n, PMISC + 0x400000
    mask = PMISC + 0x200004 + (n << 12)

    def program(addr, data, ctl=None):
        q.writel(addr, mail)
        q.writel(addr + 4, 0)
        q.writel(addr + 8, data)
        if ctl is not None:
            q.writel(addr + 12, ctl)

    def counts():
        s = q.prop('stats')
        return s['interrupts-ims'], s['interrupts-msix']

    def clear():
        q.write(mail, bytes(4))

    q.cfg_write(0x70, 0x80000000)
    for v in (n, n + 2):
        program(msix + 16 * v, 0x1000 + v, 0)
    q.writel(bank.csr + 0x174, 0x44)
    q.writel(bank.csr + 0x180, 1 << 31 | 0x1FF)
    q.writel(bank.csr + 0x184, 2)
    base = counts()
    bank.run(null_req(bank))
    tap.ok(not wait_mem(q, mail, 0x1000 + n, 0.2) and counts() == base,
           'SMIAPF mask holds the interrupt')
    tap.eq(q.readl(PMISC + 0x200000 + (n << 12)), 0,
           'polled before the coalescing time: no interrupt left')
    bank.stage(null_req(bank))
    bank.ring()
    resp = bank.poll(advance=False)
    wait_mem(q, mail, 1, 0.05)
    tap.eq(q.readl(PMISC + 0x200000 + (n << 12)), 1, 'RPINTSOU is set')
    q.writel(PMISC + 0x41A040, 0)
    q.writel(PMISC + 0x41A044, 0)
    tap.ok(resp and wait_mem(q, mail, 0x1000 + n) and
           counts() == (base[0], base[1] + 1),
           'unmasked: MSI-X of the bank')
    tap.eq([e['interrupts-msix'] for e in q.prop('banks') if e['bank'] == n],
           [1], 'counted for the bank, too')
    q.writel(bank.csr + 0xC4, bank.head)
    q.writel(PMISC + 0x200000 + (n << 12), 1)
    tap.eq(q.readl(PMISC + 0x200000 + (n << 12)), 0, 'RPINTSOU clears')
    clear()
    q.writel(PMISC + 0x409000 + 4 * n, n + 2)
    q.writel(bank.csr + 0x184, 2)
    bank.stage(null_req(bank))
    bank.ring()
    bank.poll(advance=False)
    tap.ok(wait_mem(q, mail, 0x1000 + n + 2), 'routed to another vector')
    q.writel(bank.csr + 0xC4, bank.head)
    clear()

    program(ims, 0xABCD)
    base = counts()
    bank.stage(null_req(bank))
    bank.ring()
    bank.poll(advance=False)
    tap.ok(not wait_mem(q, mail, 0xABCD, 0.2) and counts() == base,
           'a masked IMS slot holds the interrupt')
    q.writel(ims + 12, 0)
    tap.ok(wait_mem(q, mail, 0xABCD) and counts() == (base[0] + 1, base[1]),
           'unmasked: the message of the slot, and no MSI-X')
    q.writel(bank.csr + 0xC4, bank.head)
    clear()
    q.writel(mask, 1)
    bank.stage(null_req(bank))
    bank.ring()
    bank.poll(advance=False)
    tap.ok(not wait_mem(q, mail, 0xABCD, 0.2), 'RPINTMSK masks')
    q.writel(mask, 0)
    tap.ok(wait_mem(q, mail, 0xABCD), 'and unmasks')
    # the ISR turns it off by writing 0, and on again with work pending
    q.writel(bank.csr + 0x184, 0)
    clear()
    bank.stage(null_req(bank))
    bank.ring()
    bank.poll(advance=False)
    tap.ok(not wait_mem(q, mail, 0xABCD, 0.2), 'INT_FLAG_AND_COL 0: silent')
    q.writel(bank.csr + 0x184, 2)
    tap.ok(wait_mem(q, mail, 0xABCD), 'armed with a response waiting')
    q.writel(bank.csr + 0xC4, bank.head)
    q.writel(bank.csr + 0x17C, 0)
    clear()
    q.writel(bank.csr + 0x16C, 2)
    bank.stage(null_req(bank))
    bank.ring()
    bank.poll(advance=False)
    tap.ok(wait_mem(q, mail, 0xABCD), 'without coalescing')
    q.writel(bank.csr + 0xC4, bank.head)
    q.writel(bank.csr + 0x16C, 0)
    clear()
    # many responses, one coalesced interrupt
    q.writel(bank.csr + 0x184, 2)
    base = counts()
    for _ in range(20):
        bank.stage(null_req(bank))
    bank.ring()
    for _ in range(20):
        bank.poll(advance=False)
    tap.ok(wait_mem(q, mail, 0xABCD) and counts()[0] == base[0] + 1,
           '20 responses, one interrupt')
    q.writel(bank.csr + 0xC4, bank.head)
    q.writel(bank.csr + 0x17C, 0)
    base = counts()
    other.run(null_req(other))
    tap.eq(counts(), base, "another bank's work raises nothing")
    q.writel(ims + 12, 1)


def test_reset(q, tap, bank):
    n = bank.num
    pasidctl = ETR + 0x4000 + (n << 4)
    q.writel(pasidctl, 0x12345)
    tap.ok(bank.reset(), 'bank reset completes')
    tap.eq((q.readl(pasidctl), q.readl(bank.csr + 0x19C),
            q.readl(bank.csr + 0x1000), q.readl(bank.csr + 0x1040),
            q.readl(ETR + 0x6004 + 8 * n)), (0, 0, 0, 0, 0),
           'it drops the PASID and the rings')
    bank.setup()
    tap.ok(bank.run(null_req(bank)) is not None, 'the bank works again')
    # drain: nothing is fetched until RPRESETSTS is cleared
    reg = ETR + 0x6000 + 8 * n
    q.writel(reg, 4)
    tap.eq(q.readl(reg + 4), 1, 'drained')
    bank.stage(null_req(bank))
    bank.ring()
    tap.eq(bank.poll(0.3), None, 'a drained bank fetches nothing')
    tap.ok(q.readl(bank.csr + 0x1000) == bank.order, 'but keeps its rings')
    q.writel(reg + 4, 1)
    tap.ok(bank.poll() is not None, 'and goes on')
    # arbiter
    q.writel(bank.csr + 0x19C, 0)
    bank.stage(null_req(bank))
    bank.ring()
    tap.eq(bank.poll(0.3), None, 'not enabled in the arbiter: nothing')
    q.writel(bank.csr + 0x19C, 1)
    tap.ok(bank.poll() is not None, 'enabled: goes on')
    # Where head and tail are the same, the one written last tells
    q.writel(bank.csr + 0x19C, 0)
    stat = [q.readl(bank.csr + 0x140) & 9]
    for reg in (0x100, 0xC0, 0x100, 0xC0):
        q.writel(bank.csr + reg, bank.tail)
        stat.append(q.readl(bank.csr + 0x140) & 9)
    tap.eq(stat, [1, 8, 1, 8, 1],
           'a tail that meets the head fills the ring, a head empties it')
    q.writel(bank.csr + 0x19C, 1)
    # PASID without an IOMMU that knows it
    before = q.prop('stats')
    q.writel(pasidctl, 0x05500000 | 0x321)
    bank.stage(null_req(bank))
    bank.ring()
    tap.eq(bank.poll(0.3), None, 'DMA with PASID is blocked here')
    after = q.prop('stats')
    tap.eq((q.readl(bank.csr + 0x188) & 1,
            after['ring-faults'] - before['ring-faults'],
            [e['faults'] for e in q.prop('dma-by-pasid')
             if e['pasid'] == 0x321]), (1, 1, [1]),
           'the ring shows an exception, and the fault is counted by PASID')
    bank.reset()
    bank.setup()
    tap.ok(bank.run(null_req(bank)) is not None, 'reset mends it')
    # only the payload with PASID
    q.writel(pasidctl, 1 << 26 | 0x322)
    s = Sym(q)
    s.cipher(cipher_block(3, CBC, ENC, bytes(16)), 0, 64, bytes(16))
    s.buffers(bytes(64))
    tap.eq(bank.run(s.done(CIPHER))[6], 0x82,
           'payload PASID alone: the request fails, the ring goes on')
    q.writel(pasidctl, 0)
    # reset with requests in flight: whatever was answered, then silence
    req = s.done(CIPHER)
    for op in (1, 3, 2):
        for _ in range(bank.size // bank.req_size - 1):
            bank.stage(req)
        bank.ring()
        tap.ok(bank.reset(op), f'reset in flight, RPRESETCTL {op}')
        if op == 2:
            tap.ok(q.readl(bank.csr + 0x1000) == bank.order,
                   'PASID-level: the rings stay')
            bank.reset()
        snap = q.read(bank.base[1], bank.size)
        dma = q.prop('stats')['dma']
        time.sleep(0.05)
        tap.ok(q.read(bank.base[1], bank.size) == snap and
               q.prop('stats')['dma'] == dma, 'no DMA after it')
        bank.setup()
    tap.ok(bank.run(null_req(bank)) is not None, 'and it works again')
    # rings that are not
    for order, base in ((0, bank.base[0]), (17, bank.base[0]),
                        (8, 1 << 50)):
        bank.reset()
        q.writel(bank.csr + 0x1040, base & 0xFFFFFFFF)
        q.writel(bank.csr + 0x1080, base >> 32)
        q.writel(bank.csr + 0x1000, order)
        q.writel(bank.csr + 0x1004, order)
        q.writel(bank.csr + 0x19C, 1)
        q.writel(bank.csr + 0x100, 0x80)
        time.sleep(0.05)
        tap.ok(q.readl(bank.csr + 0xC0) == 0,
               f'ring of size {order} at {base:#x}: nothing fetched')
    # the ring lies on the device's own doorbells
    bank.reset()
    for r, base in ((0, bank.base[0]), (1, bank.csr)):
        q.writel(bank.csr + 0x1040 + 4 * r, base & 0xFFFFFFFF)
        q.writel(bank.csr + 0x1080 + 4 * r, base >> 32)
        q.writel(bank.csr + 0x1000 + 4 * r, 8)
    q.writel(bank.csr + 0x19C, 1)
    q.writel(bank.csr + 0x100, 0x3F80)
    time.sleep(0.1)
    tap.ok(q.cfg_read(0) == 0x49408086, 'responses on the own registers: alive')
    bank.reset()
    bank.setup()
    tap.ok(bank.run(null_req(bank)) is not None, 'reset mends that too')


def test_parallel(q, tap, bank, other):
    """A slow bank does not hold up another one."""
    m = (1 << 4096) - 1
    src = q.put(b''.join(struct.pack('<Q', q.put(be(m - i, 512)))
                         for i in range(3)))
    out = q.put(bytes(512))
    req = bytearray(64)
    req[2], req[3], req[48], req[49] = 3, 0x80, 1, 3
    struct.pack_into('<I', req, 20, 0x850C23E1)
    struct.pack_into('<QQ', req, 32, src, q.put(struct.pack('<Q', out)))
    start = q.readl(bank.csr + 0x104)
    for _ in range(64):
        bank.stage(req)
    bank.ring()
    other.run(null_req(other))
    first = (q.readl(bank.csr + 0x104) - start) % bank.size // 32
    for _ in range(64):
        bank.poll(60)
    tap.ok(first < 64, f'a NULL request overtakes 64 of 4096 bits ({first} '
           'were done)')
    # given up half-way, a request leaves no trace
    before = q.prop('stats')['abandoned']
    fetched = q.readl(bank.csr + 0xC0)
    for _ in range(8):
        bank.stage(req)
    bank.ring()
    end = time.monotonic() + 5
    while q.readl(bank.csr + 0xC0) == fetched and time.monotonic() < end:
        pass
    tap.ok(bank.reset(3), 'abort of a slow request')
    answers = q.read(bank.base[1], bank.size)
    q.write(out, bytes(512))
    time.sleep(0.1)
    tap.eq((q.prop('stats')['abandoned'] - before,
            q.read(bank.base[1], bank.size) == answers, any(q.read(out, 512))),
           (1, True, False), 'no result and no response of it appears')
    bank.setup()
    # many banks at once
    many = [Bank(q, n) for n in range(8, 64, 4)]
    for b in many:
        for _ in range(20):
            b.stage(null_req(b))
    for b in many:
        b.ring()
    tap.ok(all(b.poll() for b in many for _ in range(20)),
           f'{len(many)} banks of 20 requests each, at once')
    banks = {b['bank']: b for b in q.prop('banks')}
    tap.eq((banks[ASYM]['service'], banks[SYM]['service'],
            banks[DC]['service']), ('asym', 'sym', 'dc'),
           'services as the property tells')


def test_noise(qemu, bios, verbose, tap):
    """Random requests of all services, and random registers, meanwhile."""
    q = Qtest(qemu, bios, verbose)
    q.bring_up()
    rnd = random.Random(9)
    area = 32 << 20
    q.write(area, rnd.randbytes(1 << 20))
    service = {SYM: 4, ASYM: 3, DC: 9}
    funcs = (0x150C2327, 0x0A062404, 0x26131C2D, 0x6A3C2FA6, 0x325B3023,
             0x432033A6, 0x1F0C33FC, 0x301E2540, 0x323A2570, 0x29241743)
    answered = 0
    for num, code in service.items():
        bank = Bank(q, num, 64 if num == ASYM else 128)
        for _ in range(400):
            req = bytearray(rnd.randbytes(bank.req_size))
            req[2], req[3] = code, 0x80
            for off in range(8, bank.req_size - 8, 8):
                if rnd.random() < 0.7:
                    struct.pack_into('<Q', req, off, area +
                                     rnd.randrange(1 << 20))
            if num == ASYM:
                func = rnd.choice(funcs)
                struct.pack_into('<I', req, 20, func)
                req[48], req[49] = rnd.choice(((1, 3), (2, 1), (0, 1), (1, 2),
                                               (2, 7), (0, 5), (2, 6), (0, 7)))
                lists = q.put(b''.join(struct.pack('<Q', area + 4096 * i)
                                       for i in range(16)))
                struct.pack_into('<QQ', req, 32, lists, lists)
            elif num == DC:
                req[1], req[6] = rnd.randrange(3), rnd.randrange(2)
                struct.pack_into('<H', req, 4, 0)
                struct.pack_into('>I', req, 8, 1 << 5 | 1 << 8)
                struct.pack_into('<II', req, 48, 1 << 20, 1 << 20)
                struct.pack_into('<II', req, 56, rnd.randrange(1 << 16),
                                 rnd.randrange(1 << 16))
                req[72] |= 3
            else:
                req[1], req[6], req[7] = rnd.randrange(4), rnd.randrange(2), 0
                struct.pack_into('<H', req, 4, rnd.getrandbits(16) & 0xEFE4)
            answered += bank.run(req) is not None
    tap.eq(answered, 1200, 'every random request is answered')

    for _ in range(6000):
        num = rnd.choice((0, 1, 2, 63))
        kind = rnd.random()
        val = rnd.choice((0, 1, 2, 3, 0x44, 0x80, 0xFFFFFFFF, 6, 16, 1 << 31,
                          area + rnd.randrange(1 << 16) * 64,
                          ETR + 0x100000 + num * 0x2000))
        if kind < 0.7:
            off = rnd.choice((0xC0, 0x100, 0x16C, 0x170, 0x174, 0x17C, 0x180,
                              0x184, 0x188, 0x18C, 0x19C, 0x1000, 0x1040))
            addr = ETR + 0x100000 + num * 0x2000 + off + rnd.choice((0, 4))
        elif kind < 0.8:
            addr = ETR + 0x6000 + num * 8 + rnd.choice((0, 4))
        elif kind < 0.9:
            addr = PMISC + 0x410000 + num * 16 + rnd.choice((0, 4, 8, 12))
        else:
            addr = rnd.choice((ETR + rnd.randrange(0, 2 << 20, 4),
                               PMISC + rnd.randrange(0, 8 << 20, 4),
                               ETR + 0x4000 + num * 16))
        q.writel(addr, val)
        q.readl(addr)
        if rnd.random() < 0.05:
            q.cmd('clock_step', 1000000)
    for num in service:
        bank = Bank(q, num, 64 if num == ASYM else 128)
        good = bank.reset()
        q.writel(PMISC + 0x50A028, 1 << 20)
        bank.setup()
        tap.ok(good and bank.run(null_req(bank)) is not None,
               f'random registers: bank {num} works after a reset')
    tap.eq(q.close(), 0, 'QEMU ends well')


def test_flr(q, tap, banks):
    q.cfg_write(0xA8, 1 << 15)
    tap.eq((q.readl(ECAM + (DEV << 15) + 4) & 6), 0, 'FLR: command register')
    for bar, addr in ((0x10, SRAM), (0x18, PMISC), (0x20, ETR)):
        q.cfg_write(bar, addr)
    q.cfg_write(4, 6)
    tap.eq((q.readl(PMISC + 0x50A00C), q.readl(ETR),
            q.readl(banks[SYM].csr + 0x1000)), (0, 0, 0), 'FLR: all clear')
    banks[SYM].setup()
    banks[SYM].stage(null_req(banks[SYM]))
    banks[SYM].ring()
    tap.eq(banks[SYM].poll(0.3), None, 'powered down: nothing is fetched')
    q.writel(PMISC + 0x50A028, 1 << 20)
    tap.ok(banks[SYM].poll() is not None, 'powered up: it goes on')


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('qemu')
    ap.add_argument('-v', dest='verbose', action='store_true')
    args = ap.parse_args()
    random.seed(7)
    # nothing runs, but the machine wants a BIOS
    with tempfile.NamedTemporaryFile(prefix='qat-bios-') as bios:
        bios.write(bytes(65536))
        bios.flush()
        return run(args.qemu, bios.name, args.verbose)


def run(qemu, bios, verbose):
    tap = Tap()

    for services, message in (('sym;dc;asym', b'need 1, 2 or 4'),
                              ('sym;rsa', b"'rsa' is not")):
        proc = subprocess.run(
            [qemu, '-machine', 'q35', '-accel', 'qtest', '-nodefaults',
             '-display', 'none', '-bios', bios, '-device',
             f'qat-4xxx,services={services}'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60, check=False)
        tap.ok(proc.returncode == 1 and message in proc.stdout,
               f'services {services}: refused')

    q = Qtest(qemu, bios, verbose)
    q.bring_up()
    test_plumbing(q, tap)
    test_admin(q, tap)
    banks = {SYM: Bank(q, SYM), ASYM: Bank(q, ASYM, 64), DC: Bank(q, DC),
             SYM2: Bank(q, SYM2)}
    test_null(q, tap, banks)
    test_ciphers(q, tap, banks[SYM])
    test_hashes(q, tap, banks[SYM])
    test_chains(q, tap, banks[SYM2])
    test_aead(q, tap, banks[SYM])
    test_sym_errors(q, tap, banks[SYM])
    test_asym(q, tap, banks[ASYM])
    test_dc(q, tap, banks[DC])
    test_irq(q, tap, banks[SYM2], banks[SYM])
    test_parallel(q, tap, banks[ASYM], banks[SYM])
    test_reset(q, tap, banks[SYM])
    test_flr(q, tap, banks)
    stats = q.prop('stats')
    print('# ' + json.dumps(stats))
    tap.ok(stats['requests-sym'] and stats['requests-asym'] and
           stats['requests-dc'], 'counters count')
    tap.eq(q.close(), 0, 'QEMU ends well')
    test_pasid(qemu, bios, verbose, tap)
    test_noise(qemu, bios, verbose, tap)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
