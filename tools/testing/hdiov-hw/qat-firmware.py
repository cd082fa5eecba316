#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write firmware for the emulated QAT 2.0, in the files that Linux's qat_4xxx asks for.

A 4xxx and a 401xx have the same, a 402xx others. They have the published form: a MOF of four signed objects
(sym, asym, dc and admin), and the image of the public key library (MMP). What is in them is a name for what engines shall do, and no instruction.
Nobody but Intel can sign for a card. These are signed by a key that is written below for all to see, and
the emulated card takes the key that an image brings. No real card would take these files.
"""

import argparse
import binascii
import hashlib
import os
import struct
import sys

SERVICES = {"sym": 0xff, "asym": 0xff, "dc": 0xff, "admin": 0x100}     # and the engines that may have it
DEV_4XXX = 0x08000000
AE, MMP = 0, 1
CSS, MODULUS, EXPONENT, SIGNATURE = 128, 384, 4, 384
AE_INIT, AE_CODE = 400, 4096
BROKEN = ("truncated", "checksum", "signature", "device", "no-admin")

# RSA of 3072 bits, made for this
PRIMES = [int(p, 16) for p in (
    "f4532ee725783f81f5a3207713ba3a7dbab2d6cc99e7a10bce62e60c832f914c6e30f134740dbde890d63138f4124f98cca37bc1922f8e0b74b70a09fabb8251"
    "7088c71127f38a83d1eac5eca8e9e3d8aa51e83886c94a2f275f335fb3af6d7fd316362d5955d324de02c88918c0f4b2944d64c76b6900b22abaa37d5e00ffd8"
    "d305ba78633ff4c93abf7d7e5b88c822fd0b16deadb913edd4a86927e722bbf04828951ffc4c8f7bc5568603dc897a05080666c67cd32d562a6673aa6d0eedb7",
    "b6c9477b768d5bfe788ed51ea4820ad46f48b07469c69dfa10d7fe630ed3e288a27e4aa5766f7e6d7f9cd79d561ee11a9d63eface0b9c208a5f1dd8a9011b6de"
    "98643eaab2d3b40f4fff2a6bbb777b02f44e0e47cd55087e5a31cdc99ccb82fe4958c8a0853adf205409e154c8fd80a7bc7b4f6140d22c21e2fef672b2df30e9"
    "991a52da13a0009dc203665e3f421ac63204cc507e58dda87f933a3fe5dc4a354ce3ecd13f693cd718b0e8576c74d559f8bd95b5f0157d2622085aedefa1ca3f")]
KEY_N, KEY_E = PRIMES[0] * PRIMES[1], 65537
KEY_D = pow(KEY_E, -1, (PRIMES[0] - 1) * (PRIMES[1] - 1))
# RFC 8017, 9.2: what comes before a SHA-384 in a signature
SHA384_INFO = bytes.fromhex("3041300d060960864801650304020205000430")


def summed(magic, body):
    """A file's magic number, and the checksum of all that follows the two"""
    return struct.pack("<II", magic, binascii.crc_hqx(body, 0)) + body


def image(fw_type, content, broken=None):
    """CSS header, key, signature, and what is signed"""
    header = CSS + MODULUS + EXPONENT + SIGNATURE
    css = struct.pack("<11I", 6, header // 4, 0x10000, 0, 0x8086, 0x20260101, (header + len(content)) // 4, MODULUS // 4,
                      MODULUS // 4, EXPONENT // 4, fw_type).ljust(CSS, b"\0")
    digest = SHA384_INFO + hashlib.sha384(css + content).digest()
    padded = b"\0\1" + b"\0".rjust(SIGNATURE - 2 - len(digest), b"\xff") + digest
    signature = pow(int.from_bytes(padded, "big"), KEY_D, KEY_N).to_bytes(SIGNATURE, "big")
    if broken == "signature":
        content = content[:-1] + b"\1"
    return css + KEY_N.to_bytes(MODULUS, "big") + struct.pack(">I", KEY_E) + signature + content


def ae_image(name, ae_mask, broken):
    """What engines do, how they begin, and their code: nothing"""
    device = 0x02000000 if broken == "device" else DEV_4XXX
    mode = struct.pack("<IHHIHHII", 0, 1, 0, device, 0xff, 0, ae_mask, 0)
    mode += struct.pack("<9B7x256s256s", 0, 8, 0, 0, 0, 0, 0, 0, 0, name.encode(), b"hdiov emulated QAT 2.0")
    return image(AE, mode + bytes(AE_INIT + AE_CODE), broken)


def suof(name, ae_mask, broken):
    """A signed object: strings, and one image"""
    strings = name.encode() + b"\0"
    strings = struct.pack("<I", len(strings)) + strings.ljust(-(-len(strings) // 8) * 8, b"\0")
    img = ae_image(name, ae_mask, broken)
    img = struct.pack("<II", len(img), 0) + img
    at = 16 + 2 * 24
    chunks = struct.pack("<8sQQ", b"SYM_OBJS", at, len(strings))
    chunks += struct.pack("<8sQQ", b"SUF_IMAG", at + len(strings), len(img))
    return summed(0x53554f46, struct.pack("<4BHH", 1, 0, 0, 0, 2, 2) + chunks + strings + img)


def mof(card, broken):
    """Objects by name"""
    names, objects, heads = b"", b"", b""
    services = {s: m for s, m in SERVICES.items() if (s, broken) != ("admin", "no-admin")}
    for service, ae_mask in services.items():
        obj = suof(service, ae_mask, broken)
        heads += struct.pack("<8sQQII", b"SUF_IMAG", 8 + 32 * len(services) + len(objects), len(obj), len(names), 0)
        names += f"qat_{card}_{service}.bin".encode() + b"\0"
        objects += obj.ljust(-(-len(obj) // 8) * 8, b"\0")
    names = struct.pack("<I", len(names)) + names
    names = names.ljust(-(-len(names) // 8) * 8, b"\0")
    objects = struct.pack("<HHI", len(services), len(services), 0) + heads + objects
    at = 16 + 2 * 24
    chunks = struct.pack("<8sQQ", b"SYM_OBJS", at, len(names))
    chunks += struct.pack("<8sQQ", b"SUF_OBJS", at + len(names), len(objects))
    data = summed(0x00666f6d, struct.pack("<BBHHH", 1, 0, 0, 2, 2) + chunks + names + objects)
    if broken == "checksum":
        data = data[:4] + bytes((data[4] ^ 1,)) + data[5:]
    elif broken == "truncated":
        data = data[:len(data) // 2]
    return data


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("dir", help="where to write qat_4xxx.bin, qat_402xx.bin and their _mmp.bin, such as /lib/firmware")
    ap.add_argument("--broken", choices=BROKEN,
                    help="for tests: a file cut in the middle, a wrong checksum of it, images that are not what was signed, or that "
                    "are for another card, no object for the engine that takes messages")
    args = ap.parse_args()
    for card in "4xxx", "402xx":
        for kind, data in ("", mof(card, args.broken)), ("_mmp", image(MMP, bytes(4096))):
            with open(os.path.join(args.dir, f"qat_{card}{kind}.bin"), "wb") as f:
                f.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
