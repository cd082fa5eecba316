#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints how fast this machine's time stamp counter counts, in kHz: QEMU's TCG passes it on to its guests."""
import ctypes
import mmap
import time

# rdtsc; shl $32, %rdx; or %rdx, %rax; ret
CODE = bytes.fromhex("0f31 48c1e220 4809d0 c3")

page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(CODE)
tsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(page)))


def now():
    """Both clocks, as close to one another as they come in some tries."""
    tries = [(time.monotonic_ns(), tsc(), time.monotonic_ns()) for _ in range(20)]
    before, count, after = min(tries, key=lambda t: t[2] - t[0])
    return (before + after) / 2, count


t0, c0 = now()
time.sleep(0.3)
t1, c1 = now()
print(round((c1 - c0) * 1e6 / (t1 - t0)))
