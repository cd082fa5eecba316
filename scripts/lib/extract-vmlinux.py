#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Take the vmlinux out of an x86 bzImage: it boots by PVH, which is much faster under TCG than the decompressor."""
import gzip
import lzma
import struct
import subprocess
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: extract-vmlinux.py BZIMAGE VMLINUX")
    with open(sys.argv[1], "rb") as f:
        image = f.read()
    if image[0x202:0x206] != b"HdrS":
        sys.exit(f"{sys.argv[1]}: not a bzImage")
    sectors = image[0x1f1] or 4
    payload_offset, payload_length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + payload_offset
    # The last four bytes are the unpacked size, which the boot code appends.
    payload = image[start:start + payload_length - 4]
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        # The stream's own end is the end of the data; zstd may complain of what follows it.
        done = subprocess.run(["zstd", "-dcq"], input=payload, stdout=subprocess.PIPE, check=False)
        out = done.stdout
    elif payload.startswith(b"\xfd7zXZ"):
        out = lzma.decompress(payload)
    elif payload.startswith(b"\x1f\x8b"):
        out = gzip.decompress(payload)
    else:
        sys.exit(f"{sys.argv[1]}: payload compressed in an unknown way ({payload[:6].hex()})")
    if not out.startswith(b"\x7fELF"):
        sys.exit(f"{sys.argv[1]}: the payload is no ELF file")
    with open(sys.argv[2], "wb") as f:
        f.write(out)


main()
