#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated QAT's engines, firmware and errors, through QEMU's qtest socket: what Linux's qat_4xxx does, and in a wrong order."""

import argparse
import importlib.util
import os
import struct
import sys
import tempfile
import time

from qat import Bank, DEV, ECAM, ETR, PMISC, SRAM, Qtest, Sym, Tap, null_req

AE, CAP = PMISC + 0x600000, PMISC + 0x640000
RESET, CLOCK, MISC = CAP + 0x938, CAP + 0x964, CAP + 0xAA0
CONTROL, STATUS, BROADCAST, LOADED, DRAM_LO, DRAM_HI = (CAP + 0x1000 + n for n in (0, 4, 8, 0x10, 0x14, 0x18))
AUTH, LOAD, START = 1, 2, 3
VERI_DONE, LOAD_DONE, VERI_FAIL, LOAD_FAIL, BUSY = 1, 2, 3, 4, 5
ALL = 0x100015
ERRSOU, ERRMSK = PMISC + 0x41A200, PMISC + 0x41A210

_spec = importlib.util.spec_from_file_location("firmware", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../qat-firmware.py"))
firmware = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(firmware)


def step(q, ms=2):
    q.cmd("clock_step", ms * 1000000)


def wait(q, cond, timeout=5.0):
    end = time.monotonic() + timeout
    while not cond():
        if time.monotonic() > end:
            return False
        step(q, 1)
    return True


# Registers: name, offset in an engine's page, value

AE_REGS = (
    ("CTX_ARB_CNTL", 0x814, 0x1234), ("CTX_ENABLES", 0x818, 0x80000000), ("CC_ENABLE", 0x81C, 0x2000),
    ("CSR_CTX_POINTER", 0x820, 5), ("CTX_STS_INDIRECT", 0x840, 0x1FFFF), ("ACTIVE_CTX_STATUS", 0x844, 3),
    ("CTX_SIG_EVENTS_INDIRECT", 0x848, 1), ("CTX_WAKEUP_EVENTS_INDIRECT", 0x850, 1), ("TIMESTAMP_LOW", 0x8C0, 77),
    ("TIMESTAMP_HIGH", 0x8C4, 78), ("SIGNATURE_ENABLE", 0x950, 1), ("transfer register 0", 0, 0xABCD),
    ("transfer register 255", 0x3FC, 0xDCBA),
)
# What is enabled, masked, or just stored
PMISC_RW = (
    ("ICP_GLOBAL_CLK_ENABLE_CPP0", 0x640964, ALL), ("MISC_CONTROL_C4XXX", 0x640AA0, 0x80),
    ("FCU_ME_BROADCAST_MASK_TYPE", 0x641008, 0xFF), ("FCU_DRAM_ADDR_LO_4XXX", 0x641014, 0x12345678),
    ("FCU_DRAM_ADDR_HI_4XXX", 0x641018, 0x9ABCDEF0), ("SSMWDTL", 0x54, 0x7000000), ("SSMWDTH", 0x5C, 1),
    ("SSMWDTPKEL", 0x58, 0x8000000), ("SSMWDTPKEH", 0x60, 1), ("INTMASKSSM", 0x0, 0), ("SSMFEATREN", 0x198, 0x3F),
    ("SHINTMASKSSM_ATH_CPH", 0xF0, 0), ("SHINTMASKSSM_CPR_XLT", 0xF4, 0), ("SHINTMASKSSM_WAT_WCP", 0xF8, 0),
    ("SHINTMASKSSM_DCPR_UCS", 0xFC, 0), ("SHINTMASKSSM_PKE", 0x100, 0), ("SPPPARERRMSK_ATH_CPH", 0x204, 0xF),
    ("SPPPARERRMSK_PKE", 0x214, 0xF), ("SSMSOFTERRORPARITYMASK_SRC", 0xB8, 1), ("SSMSOFTERRORPARITYMASK_ATH_CPH", 0xBC, 7),
    ("SSMSOFTERRORPARITYMASK_PKE", 0xCC, 7), ("SER_EN_SSMSH", 0x450, 0x3FF), ("HIAECORERRLOGENABLE_CPP0", 0x41A318, 0x1FF),
    ("HIAEUNCERRLOGENABLE_CPP0", 0x41A320, 0x1FF), ("HICPPAGENTCMDPARERRLOGENABLE", 0x41A314, 0x1F),
    ("RI_MEM_PAR_ERR_EN0", 0x41B12C, 0xFF), ("RIMISCCTL", 0x41B1BC, 1), ("TI_CI_PAR_ERR_MASK", 0x500608, 0),
    ("TI_PULL0FUB_PAR_ERR_MASK", 0x500614, 0), ("TI_PUSHFUB_PAR_ERR_MASK", 0x50062C, 0), ("TI_CD_PAR_ERR_MASK", 0x500638, 0),
    ("TI_TRNSB_PAR_ERR_MASK", 0x500644, 0), ("RICPPINTCTL", 0x41A32C, 0x1F), ("TICPPINTCTL", 0x500538, 0x1F),
    ("TIMISCCTL", 0x500548, 1), ("CPP_CFC_ERR_CTRL", 0x640C00, 3), ("RL R2L 63", 0x5080FC, 9), ("RL L2C 63", 0x5090FC, 8),
    ("RL C2S 15", 0x508854, 7), ("RL PCIe in", 0x508800, 6), ("RL PCIe out", 0x508804, 5), ("ADMINMSGUR", 0x500574, 1),
    ("ERRMSK0", 0x41A210, 0), ("ERRMSK1", 0x41A214, 0), ("ERRMSK2", 0x41A218, 0x40000), ("ERRMSK3", 0x41A21C, 0x80),
    ("SMIAPF_MASK", 0x41A084, 0), ("SMIAPF_RP_X0_MASK", 0x41A040, 0), ("MSIX_RTTABLE 64", 0x409100, 64),
)
# Errors: with them set, what shows where: register, its offset, ERRSOU and bit
ERRORS = (
    ("HIAECORERRLOG_CPP0", 0x41A308, 0, 0), ("HIAEUNCERRLOG_CPP0", 0x41A300, 1, 0), ("HICPPAGENTCMDPARERRLOG", 0x41A310, 1, 1),
    ("RIMEM_PARERR_STS", 0x41B128, 1, 2), ("TI_CI_PAR_STS", 0x50060C, 1, 3), ("TI_PULL0FUB_PAR_STS", 0x500618, 1, 3),
    ("TI_PUSHFUB_PAR_STS", 0x500630, 1, 3), ("TI_CD_PAR_STS", 0x50063C, 1, 3), ("TI_TRNSB_PAR_STS", 0x500648, 1, 3),
    ("RIMISCSTS", 0x41B1B8, 1, 4), ("IAINTSTATSSM", 0x28, 2, 0), ("TIMISCSTS", 0x50054C, 3, 0), ("RICPPINTSTS", 0x41A330, 3, 1),
    ("TICPPINTSTS", 0x50053C, 3, 2),
)
SLICE_ERRORS = tuple((name, base + 4 * i) for name, base in (
    ("SLICEHANGSTATUS", 0x84), ("SSMSOFTERRORPARITY", 0xA0), ("SPPPULLCMDPARERR", 0x1A4), ("SPPPULLDATAPARERR", 0x1BC),
    ("SPPPUSHCMDPARERR", 0x1D4), ("SPPPUSHDATAPARERR", 0x1EC)) for i in range(5))


def inject(q, what):
    q.qmp("qom-set", path="/machine/peripheral/qat", property="inject-error", value=what)


def test_registers(q, tap):
    for name, off, val in AE_REGS:
        got = []
        for ae in range(9):
            q.writel(AE + (ae << 12) + off, val + ae * (name[0] == "t"))
        for ae in range(9):
            got.append(q.readl(AE + (ae << 12) + off))
        tap.eq(got, [val + ae * (name[0] == "t") for ae in range(9)], f"engines: {name}")
    # one for each context
    for ctx in range(8):
        q.writel(AE + 0x820, ctx)
        q.writel(AE + 0x850, 0x100 + ctx)
    got = []
    for ctx in range(8):
        q.writel(AE + 0x820, ctx)
        got.append(q.readl(AE + 0x850))
    tap.eq(got, list(range(0x100, 0x108)), "an indirect register of each context")
    tap.eq([q.readl(AE + (ae << 12) + 0x980) for ae in range(9)], [0] * 9, "LOCAL_CSR_STATUS: never busy")
    for name, off, val in PMISC_RW:
        q.writel(PMISC + off, val)
        tap.eq(q.readl(PMISC + off), val, f"{name} keeps what is written")
    for off, name in ((0x1700, "ARAMCERR"), (0x1704, "ARAMUERR"), (0x1710, "CPPMEMTGTERR")):
        q.writel(SRAM + off, 0x4000008)
        tap.eq(q.readl(SRAM + off), 0x4000008, f"{name}: enables")
    q.writel(SRAM + 0x1808, 0x7)
    tap.eq(q.readl(SRAM + 0x1808), 7, "ARAMCERRUERR_EN")


def test_clock(q, tap):
    """Engines tick when they have power, are out of reset and have a clock"""
    count = [AE + (ae << 12) + 0x944 for ae in range(9)]

    def ticks():
        first = [q.readl(c) for c in count]
        q.cmd("clock_step", 1600)
        return [q.readl(c) - f & 0xFFFF for c, f in zip(count, first)]

    tap.eq(q.readl(RESET), ALL, "all engines begin in reset")
    q.writel(CLOCK, ALL)
    tap.eq(ticks(), [0] * 9, "in reset PROFILE_COUNT stands still")
    q.writel(RESET, 0)
    tap.eq(ticks(), [100] * 9, "PROFILE_COUNT counts 16 clocks of 1 GHz")
    q.writel(CLOCK, 0)
    tap.eq(ticks(), [0] * 9, "no clock, no tick")
    q.writel(CLOCK, ALL)
    q.writel(RESET, 4)
    tap.eq(ticks(), [100] * 4 + [0] * 4 + [100], "bit 2 of ICP_RESET holds engines 4 to 7")
    q.writel(RESET, 0)


def place(q, img):
    """As the driver lays it out: descriptor, header, key with padding, signature, what is signed"""
    at = q.alloc(0x40000, 4096)
    css = at + 112
    key, signature, signed = css + 128, css + 128 + 768, css + 128 + 768 + 384
    q.write(css, img[:128])
    q.write(key, img[128:512] + bytes(380) + img[512:516])
    q.write(signature, img[516:900])
    q.write(signed, img[900:])
    words = [len(img) - 900, 0xFFFF]
    for addr in (css, signed, signature, key, signed, signed + 552, signed + 952):
        words += [addr >> 32, addr & 0xFFFFFFFF]
    q.write(at, struct.pack("<16I", *words))
    return at


def fcu(q, cmd):
    q.writel(CONTROL, cmd)
    busy = q.readl(STATUS) & 7
    step(q)
    return busy, q.readl(STATUS) & 7


def auth(q, img):
    at = place(q, img)
    q.writel(DRAM_HI, at >> 32)
    q.writel(DRAM_LO, at & 0xFFFFFFFF)
    return fcu(q, AUTH)


def ae_image(name, mask=None, broken=None):
    return firmware.ae_image(name, firmware.SERVICES.get(name, 0xFF) if mask is None else mask, broken)


def load(q, mask):
    q.writel(BROADCAST, mask)
    return fcu(q, LOAD)[1]


def test_firmware(q, tap):
    good = ae_image("asym")
    tap.eq(load(q, 0xF), LOAD_FAIL, "nothing verified, nothing loaded")
    for img, why in ((ae_image("asym", broken="signature"), "not what was signed"),
                     (good[:128] + bytes(383) + b"\1" + good[512:], "another key"), (good[:516] + bytes(384) + good[900:], "no signature"),
                     (good[:24] + b"\1" + good[25:], "a header that lies"),
                     (ae_image("asym", broken="device"), "another device"), (ae_image("wireless"), "a service that is not"),
                     (ae_image("sym", 0x1FF), "a service on the engine for messages"), (ae_image("admin", 0xFF), "messages on others"),
                     (good[:4] + struct.pack("<I", 224) + good[8:], "another header's length")):
        tap.eq(auth(q, img), (BUSY, VERI_FAIL), f"refused: {why}")
        tap.eq(load(q, 0xF), LOAD_FAIL, "and not loaded")
    q.writel(DRAM_HI, 0x7FFFFFFF)
    tap.eq(fcu(q, AUTH), (BUSY, VERI_FAIL), "refused: nothing that can be read")
    tap.eq(auth(q, good), (BUSY, VERI_DONE), "public key image: verified")
    tap.ok(q.readl(STATUS) & 0x100, "the firmware that does so is there")
    tap.eq(load(q, 0xF), LOAD_FAIL, "not loaded without its library")
    tap.eq(auth(q, firmware.image(firmware.MMP, bytes(4096))), (BUSY, VERI_DONE), "the library: verified")
    tap.eq(load(q, 0xF), LOAD_FAIL, "it is no image for engines")
    auth(q, good)
    q.writel(AE + 0x818, 0x100)
    tap.eq(load(q, 0xF), LOAD_FAIL, "not into an engine that has a context enabled")
    q.writel(AE + 0x818, 0)
    q.writel(AE + 0x1818, 0)
    for ae in range(9):
        q.writel(AE + (ae << 12) + 0x818, 0)
    tap.eq((load(q, 0xF), q.readl(LOADED)), (LOAD_DONE, 0xF), "loaded into group 0")
    auth(q, ae_image("sym"))
    q.writel(BROADCAST, 0xFF)
    tap.eq((fcu(q, LOAD | 1 << 4 | 8 << 8)[1], q.readl(LOADED)), (LOAD_FAIL, 0xF), "not into the engine for messages")
    tap.eq((load(q, 0xF0), q.readl(LOADED)), (LOAD_DONE, 0xFF), "another into group 1")
    fcu(q, START)
    tap.ok(not q.readl(STATUS) & 0x200, "no start without the engine for messages")
    auth(q, ae_image("admin"))
    tap.eq((fcu(q, LOAD | 1 << 4 | 8 << 8)[1], q.readl(LOADED)), (LOAD_DONE, 0x1FF), "loaded into that one")
    q.writel(PMISC + 0x600970, 1)
    step(q)
    tap.eq(q.readl(PMISC + 0x600970), 1, "before the start a message waits")
    q.writel(CONTROL, START)
    tap.ok(wait(q, lambda: q.readl(STATUS) & 0x200), "started")
    tap.eq([q.readl(AE + (ae << 12) + 0x818) & 0xFF00 for ae in range(9)], [0xFF00] * 9, "all contexts are enabled")
    tap.ok(wait(q, lambda: not q.readl(PMISC + 0x600970)), "the message is answered")
    auth(q, ae_image("dc"))
    tap.eq(load(q, 0xF), LOAD_FAIL, "nothing is loaded into engines that run")


class Admin:
    """The page of messages and answers"""

    def __init__(self, q):
        self.q, self.page = q, q.alloc(4096, 4096)
        q.writel(PMISC + 0x500574, self.page >> 32)
        q.writel(PMISC + 0x500578, self.page & 0xFFFFFFFF)

    def send(self, ae, cmd, size=0, addr=0, arg=b""):
        q = self.q
        q.write(self.page + 64 * ae, struct.pack("<HBBIQQ", size, 0, cmd, 0, 0x1122334455667788, addr) + arg.ljust(8, b"\0"))
        q.write(self.page + 64 * ae + 32, b"\xff" * 32)
        q.writel(PMISC + 0x600970 + (ae << 12), 1)
        if not wait(q, lambda: not q.readl(PMISC + 0x600970 + (ae << 12))):
            return None, b""
        resp = q.read(self.page + 64 * ae + 32, 32)
        return (resp[2], resp) if (resp[3], resp[8:16]) == (cmd, struct.pack("<Q", 0x1122334455667788)) else (None, resp)


def test_admin(q, tap):
    a = Admin(q)
    table = q.alloc(1024, 1024)
    tap.eq(a.send(0, 0)[0], 1, "INIT_AE before the constants: fails")
    tap.eq(a.send(0, 3, 1024, table)[0], 4, "CONSTANTS_CFG is for the engine for messages")
    tap.eq(a.send(8, 3, 512, table)[0], 1, "CONSTANTS_CFG with a wrong size: fails")
    tap.eq(a.send(8, 3, 1024, 0x7FFFFFFF00000000)[0], 1, "CONSTANTS_CFG where nothing is: fails")
    tap.eq(a.send(8, 3, 1024, table)[0], 0, "CONSTANTS_CFG")
    tap.eq([a.send(ae, 9)[0] for ae in range(9)], [0] * 8 + [4], "COMP_CAPABILITY_GET: all engines for services answer")
    tap.eq([a.send(ae, 9)[1][4:8] for ae in range(8)], [bytes(4)] * 8, "COMP_CAPABILITY_GET: nothing without compression")
    status, resp = a.send(8, 10)
    tap.eq((status, resp[16]), (0, 0x72), "CAPABILITIES_GET: telemetry and rate limits")
    banks = [Bank(q, n, 64 if n % 2 == 0 else 128) for n in range(4)]
    odd = banks[1]
    odd.stage(null_req(odd))
    odd.ring()
    tap.eq(odd.poll(0.3), None, "no INIT_AE, no service")
    tap.eq([a.send(ae, 0)[0] for ae in range(9)], [0] * 9, "INIT_AE")
    tap.eq(odd.poll(0.3), None, "no arbiter configured, no service")
    for i in range(4):
        q.writel(ETR + 4 * i, 0x80000006)
    for ae in range(4):
        q.writel(ETR + 0x400 + 4 * ae, 0x55)
        q.writel(ETR + 0x410 + 4 * ae, 0xAAAAAAA)
    tap.eq(odd.poll(0.3), None, "the arbiter configured wrongly, no service")
    for i in range(4):
        q.writel(ETR + 4 * i, 0x80000041)
    tap.ok(odd.poll(), "right: the request is answered")
    for bank in banks:
        tap.ok(bank.run(null_req(bank)), f"bank {bank.num} answers")
    services = {b["bank"]: b["service"] for b in q.prop("banks")}
    tap.eq([services[n] for n in range(4)], ["asym", "sym"] * 2, "what banks do follows from the images")
    for ae in range(4, 8):
        q.writel(ETR + 0x400 + 4 * ae, 0)
    odd.stage(null_req(odd))
    odd.ring()
    tap.eq(odd.poll(0.3), None, "no thread for its arbiter, no service")
    for ae in range(4, 8):
        q.writel(ETR + 0x400 + 4 * ae, 0xAAAAAAA)
    tap.ok(odd.poll(), "a thread again: answered")

    counts = [struct.unpack("<QQ", a.send(ae, 5)[1][16:]) for ae in range(8)]
    tap.eq([sum(n) for n in zip(*counts[4:])], [4, 4], "COUNTERS_GET: requests and responses of engines")
    page = q.put(bytes(4096), 4096)
    tap.eq([a.send(ae, 13, 0, page, struct.pack("<I", 20000000))[0] for ae in range(9)], [0] * 9, "HEARTBEAT_TIMER_SET")
    for _ in range(3):
        for ae in range(9):
            a.send(ae, 7)
    tap.eq(q.read(page, 9 * 32), struct.pack("<2H", 3, 3) * 72, "SYNC: counters of all threads go on")
    q.qmp("qom-set", path="/machine/peripheral/qat", property="hung-engines", value=0x10)
    a.send(3, 7)
    a.send(4, 7)
    tap.eq((q.read(page + 3 * 32, 4), q.read(page + 4 * 32, 4)), (struct.pack("<2H", 4, 4), struct.pack("<2H", 3, 3)),
           "but of a hung engine")
    q.qmp("qom-set", path="/machine/peripheral/qat", property="hung-engines", value=0)
    tl = q.put(b"\xee" * 4096, 4096)
    tap.eq(a.send(8, 137, 1024, tl)[0], 1, "TL_START with too little room: fails")
    status, resp = a.send(8, 137, 2048, tl, bytes((1, 0, 2, 3)))
    tap.ok(status == 0 and resp[16:25] == bytes((1, 1, 3, 5, 0, 0, 2, 4, 4)), "TL_START: numbers of slices")
    for _ in range(5):
        odd.run(null_req(odd))
    a.send(8, 7)
    data = q.read(tl, 2048)
    put, count = struct.unpack_from("<I", data, 56)[0], struct.unpack_from("<I", data, 2040)[0]
    tap.eq((put, struct.unpack_from("<I", data, 1816 + 20)[0], count), (5, 5, 1), "telemetry of the device and a bank")
    tap.eq(a.send(8, 138)[0], 0, "TL_STOP")
    a.send(8, 7)
    tap.eq(q.read(tl, 2048), data, "no telemetry after it")
    tap.eq(a.send(8, 134)[0], 1, "RL_ADD before RL_INIT: fails")
    tap.eq((a.send(8, 15)[0], a.send(8, 134)[0], a.send(8, 135)[0], a.send(8, 136)[0]), (0, 0, 0, 0), "rate limits")
    tap.eq((a.send(8, 128, arg=struct.pack("<I", 6))[0], a.send(8, 128, arg=struct.pack("<I", 8))[0]), (0, 1), "PM_STATE_CONFIG")
    tap.eq((a.send(8, 129, 4096, tl)[0], struct.unpack_from("<I", q.read(tl, 128), 72)[0]), (0, 1 << 21), "PM_INFO")
    tap.eq((a.send(0, 19)[0], a.send(0, 11)[0], a.send(0, 20)[0], a.send(8, 200)[0]), (0, 0, 4, 4), "other messages")
    q.writel(PMISC + 0x50A01C, 3)
    tap.eq(q.readl(PMISC + 0x50A01C), 2, "PM_HOST_MSG is taken")
    return banks


def test_errors(q, tap):
    mail = q.put(bytes(64))
    vec = PMISC + 0x400000 + 64 * 16
    q.writel(vec, mail)
    q.writel(vec + 4, 0)
    q.writel(vec + 8, 0xE44)
    q.writel(vec + 12, 0)
    q.cfg_write(0x70, 0x80000000)
    for i in range(4):
        q.writel(ERRMSK + 4 * i, 0)

    def came():
        got = struct.unpack("<I", q.read(mail, 4))[0] == 0xE44
        q.write(mail, bytes(4))
        return got

    came()
    for name, off, sou, bit in ERRORS:
        inject(q, f"{name}=1")
        tap.eq((q.readl(PMISC + off), q.readl(ERRSOU + 4 * sou) >> bit & 1, came()), (1, 1, True), f"{name}: ERRSOU{sou}, interrupt")
        q.writel(PMISC + off, 1)
        tap.eq((q.readl(PMISC + off), q.readl(ERRSOU + 4 * sou) >> bit & 1, came()), (0, 0, False), "written with 1: clear")
    for name, off in SLICE_ERRORS:
        what = f"{name}_{('ATH_CPH', 'CPR_XLT', 'WAT_WCP', 'DCPR_UCS', 'PKE')[(off - dict(SLICE_BASE)[name]) // 4]}"
        inject(q, f"{what}=2")
        got = q.readl(PMISC + off)
        q.writel(PMISC + off, 2)
        tap.eq((got, q.readl(PMISC + off)), (2, 0), what)
    inject(q, "CPP_CFC_ERR_STATUS=1")
    tap.eq((q.readl(CAP + 0xC04), q.readl(ERRSOU + 8) >> 1 & 1, came()), (1, 1, True), "CPP_CFC_ERR_STATUS")
    q.writel(CAP + 0xC08, 7)
    tap.eq((q.readl(CAP + 0xC04), q.readl(ERRSOU + 8)), (0, 0), "CPP_CFC_ERR_STATUS_CLR")
    inject(q, "REG_ARAMCERR=1")
    tap.eq((q.readl(SRAM + 0x1700) & 1, q.readl(ERRSOU + 12) >> 3 & 1, came()), (1, 1, True), "ARAMCERR")
    q.writel(SRAM + 0x1700, 0x4000009)
    tap.eq((q.readl(SRAM + 0x1700), q.readl(ERRSOU + 12)), (0x4000008, 0), "written with 1: clear, the enables stay")
    # masks
    q.writel(ERRMSK, 1)
    inject(q, "HIAECORERRLOG_CPP0=4")
    tap.eq(came(), False, "masked by ERRMSK: no interrupt")
    q.writel(ERRMSK, 0)
    tap.eq(came(), True, "unmasked: interrupt")
    q.writel(PMISC + 0x41A308, 4)
    q.writel(PMISC + 0x41A318, 0)
    inject(q, "HIAECORERRLOG_CPP0=4")
    tap.eq((q.readl(ERRSOU), came()), (0, False), "not enabled: not shown")
    q.writel(PMISC + 0x41A308, 4)
    q.writel(PMISC + 0x50A028, 1 << 18 | 1 << 19 | 7)
    inject(q, "PM_INTERRUPT=2")
    tap.eq((q.readl(PMISC + 0x50A028), q.readl(ERRSOU + 8), came()), (0x1C0002, 1 << 18, True), "PM_INTERRUPT: idle")
    q.writel(PMISC + 0x50A028, 0x1C0002)
    tap.eq((q.readl(PMISC + 0x50A028), q.readl(ERRSOU + 8)), (0x1C0000, 0), "written with 1: clear")
    try:
        inject(q, "NOTHING=1")
        refused = False
    except RuntimeError:
        refused = True
    tap.ok(refused, "an error that is not cannot be injected")


SLICE_BASE = (("SLICEHANGSTATUS", 0x84), ("SSMSOFTERRORPARITY", 0xA0), ("SPPPULLCMDPARERR", 0x1A4), ("SPPPULLDATAPARERR", 0x1BC),
              ("SPPPUSHCMDPARERR", 0x1D4), ("SPPPUSHDATAPARERR", 0x1EC))


def test_reset(q, tap, banks):
    before = q.readl(LOADED)
    q.writel(RESET, 4)
    tap.eq((before, q.readl(LOADED), q.readl(AE + 0x4818)), (0x1FF, 0x10F, 0), "engines in reset forget their image")
    bank = banks[1]
    bank.stage(null_req(bank))
    bank.ring()
    tap.eq(bank.poll(0.3), None, "their banks are served no more")
    q.writel(ECAM + (DEV << 15) + 0x154, 1 << 16)
    q.cfg_write(0xA8, 1 << 15)
    for bar, addr in ((0x10, SRAM), (0x18, PMISC), (0x20, ETR)):
        q.cfg_write(bar, addr)
    q.cfg_write(4, 6)
    tap.eq((q.readl(STATUS), q.readl(LOADED), q.readl(RESET), q.readl(CLOCK), q.readl(AE + 0x950), q.readl(AE + 0x818)),
           (0, 0, ALL, 0, 0, 0), "FLR: no engine, no firmware")
    tap.eq((q.readl(PMISC + 0x41A318), q.readl(ERRMSK), q.readl(PMISC + 0x50A028), q.readl(SRAM + 0x1808), q.readl(PMISC + 0x54)),
           (0, 0xFFFFFFFF, 0, 0, 0), "FLR: no error enabled")
    tap.eq((q.readl(ETR), q.readl(ETR + 0x400), q.readl(PMISC + 0x500578)), (0, 0, 0), "FLR: no arbiter, no page of messages")
    tap.eq(q.cfg_read(0x154) >> 16 & 7, 0, "FLR: PASID off")


# Services on firmware that was loaded

def bring_up(q, group0, group1):
    q.writel(PMISC + 0x50A028, 1 << 20)
    q.writel(RESET, 0)
    q.writel(CLOCK, ALL)
    auth(q, firmware.image(firmware.MMP, bytes(4096)))
    for name, mask in ((group0, 0xF), (group1, 0xF0)):
        auth(q, ae_image(name))
        load(q, mask)
    auth(q, ae_image("admin"))
    fcu(q, LOAD | 1 << 4 | 8 << 8)
    fcu(q, START)
    a = Admin(q)
    a.send(8, 3, 1024, q.alloc(1024, 1024))
    for ae in range(9):
        a.send(ae, 0)
    for i in range(4):
        q.writel(ETR + 4 * i, 0x80000041)
        q.writel(ETR + 0x400 + 4 * i, 0x55)
        q.writel(ETR + 0x410 + 4 * i, 0xAAAAAAA)


def xts(q, bank, key, iv, data, decrypt=False):
    s = Sym(q)
    cfg = (3 if len(key) == 16 else 5) | 6 << 4 | (1 << 8 if decrypt else 0)
    s.cipher(struct.pack("<4I", cfg, 0, 0, 0) + key, 0, len(data), iv)
    s.flags |= 1 << 14
    s.buffers(data)
    resp = bank.run(s.done(0))
    return resp[6], s.output()


def last_round_keys(key):
    """What Linux's driver gives for decryption: of AES's key schedule the last 16 bytes, then those before"""
    def mul(a, b):
        r = 0
        while b:
            r ^= a if b & 1 else 0
            a = a << 1 ^ (0x11B if a & 0x80 else 0)
            b >>= 1
        return r

    def sub(v):
        inv = next((i for i in range(256) if mul(i, v) == 1), 0)
        return inv ^ 0x63 ^ (inv << 1 | inv >> 7) & 255 ^ (inv << 2 | inv >> 6) & 255 ^ (inv << 3 | inv >> 5) & 255 ^ \
            (inv << 4 | inv >> 4) & 255

    nk = len(key) // 4
    words = [key[4 * i:4 * i + 4] for i in range(nk)]
    rcon = 1
    for i in range(nk, 4 * (nk + 7)):
        t = words[-1]
        if i % nk == 0:
            t = bytes(sub(v) for v in t[1:] + t[:1])
            t = bytes((t[0] ^ rcon,)) + t[1:]
            rcon = mul(rcon, 2)
        elif nk == 8 and i % nk == 4:
            t = bytes(sub(v) for v in t)
        words.append(bytes(a ^ b for a, b in zip(words[i - nk], t)))
    sched = b"".join(words)
    return sched[-16:] + (sched[-32:-16] if nk == 8 else b"")


def test_xts(q, tap, bank):
    """The tweak comes encrypted, and to decrypt the last round keys"""
    # IEEE 1619's vector 2: the tweak is 33 33 33 33 33 00.. under the key 22..
    tweak = bytes.fromhex("3f803bcd0d7fd2b37558419f59d5cda6")
    plain, want = b"\x44" * 32, "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0"
    status, out = xts(q, bank, b"\x11" * 16, tweak, plain)
    tap.eq((status, out.hex()), (0, want), "XTS of the UCS slice: IEEE vector 2")
    tap.eq(last_round_keys(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")).hex(), "d014f9a8c9ee2589e13f0cc8b6630ca6",
           "(FIPS 197's example of a key schedule)")
    for size in 16, 32:
        key = os.urandom(size)
        for length in 16, 17, 31, 32, 33, 100, 4096, 4111:
            plain = os.urandom(length)
            status, out = xts(q, bank, key, tweak, plain)
            status2, back = xts(q, bank, last_round_keys(key), tweak, out, True)
            tap.ok((status, status2) == (0, 0) and out != plain and back == plain, f"AES-{8 * size} there and back, {length} bytes")


def test_digest(q, tap, bank):
    """A digest inside the buffer, of the size in the content descriptor's control block, as Linux asks for authenc"""
    import hashlib
    data = os.urandom(64)
    for verify in False, True:
        s = Sym(q)
        state = bytes.fromhex("6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19")
        digest = hashlib.sha256(data).digest()
        s.hash(struct.pack("<I4xI4x", 4 | 32 << 8, 0) + state, 32, 0, 64, 32, b"" if verify else None)
        s.cipher(struct.pack("<II", 0, 0), 0, 64)
        s.req[107] = 32 if verify else 0
        s.req[118] = 32
        s.flags |= 1 << 10
        room = 64 if verify else 96
        s.buffers(data + digest if verify else data)
        dst, s.length = q.put(b"\xdd" * room), room
        s.dst = dst
        struct.pack_into("<QII", s.req, 40, dst, 96 if verify else 64, room)
        resp = bank.run(s.done(3 if verify else 2))
        tap.eq((resp[6], s.output()), (0, data if verify else data + digest),
               "a digest to compare needs no room where the data goes" if verify else
               "a digest to write needs none where they come from")


def lz4s(data):
    """Back from LZ4S: token, literals, offset, match of its length plus 2"""
    out, at = bytearray(), 0

    def more(n):
        nonlocal at
        if n == 15:
            while True:
                n += data[at]
                at += 1
                if data[at - 1] != 255:
                    break
        return n

    while at < len(data):
        token = data[at]
        at += 1
        n = more(token >> 4)
        out += data[at:at + n]
        at += n
        if at == len(data):
            break
        offset = struct.unpack_from("<H", data, at)[0]
        at += 2
        n = more(token & 15)
        for _ in range(n + 2 if n else 0):
            out.append(out[-offset])
    return bytes(out)


def test_lz4s(q, tap, bank):
    from qat import dc
    for data, what in ((b"the quick brown fox " * 2000, "text"), (os.urandom(20000), "noise"), (bytes(70000), "zeros"),
                       (b"a", "a byte"), (b"", "nothing")):
        for sgl in False, True:
            fl, st, _, used, out, _, _ = dc(q, bank, 5, data, len(data) + len(data) // 255 + 16, fmt=3, sgl=sgl)
            tap.ok((fl, st, used) == (0xC0, 0, len(data)) and lz4s(out) == data,
                   f"LZ4S {what}{' sgl' if sgl else ''}: {len(data)} bytes become {len(out)}")
    _, st, err, _, _, _, _ = dc(q, bank, 5, os.urandom(1000), 500, fmt=3)
    tap.eq((st, err), (0x20, -11), "LZ4S: overflow is -11")
    _, st, _, _, out, _, _ = dc(q, bank, 0, b"static by command" * 100, 2000, fmt=0)
    tap.ok(st == 0 and out[0] & 7 == 3, "static command with the dynamic one's configuration: fixed codes")


def run(qemu, bios, verbose):
    tap = Tap()
    q = Qtest(qemu, bios, verbose, props=",firmware=off")
    q.bring_up()
    test_clock(q, tap)
    test_registers(q, tap)
    test_firmware(q, tap)
    banks = test_admin(q, tap)
    test_errors(q, tap)
    test_reset(q, tap, banks)
    tap.eq(q.prop("stats")["unknown-reg"], 0, "no unknown register")
    bring_up(q, "dc", "sym")
    test_xts(q, tap, Bank(q, 1))
    test_digest(q, tap, Bank(q, 3))
    test_lz4s(q, tap, Bank(q, 0))
    tap.eq(q.close(), 0, "QEMU ends well")
    return tap.done()


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("qemu")
    ap.add_argument("-v", dest="verbose", action="store_true")
    args = ap.parse_args()
    with tempfile.NamedTemporaryFile(prefix="qat-bios-") as bios:
        bios.write(bytes(65536))
        bios.flush()
        return run(args.qemu, bios.name, args.verbose)


if __name__ == "__main__":
    sys.exit(main())
