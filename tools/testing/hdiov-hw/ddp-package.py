#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a small DDP package, which takes Linux's ice out of safe mode on the emulated E810.

It has what drivers look up in a package: version and name, the packet types that its parser knows, a
group for each of them, one entry for the port of VXLAN tunnels, two for the VLAN mode, their labels, and the bit that says that double
VLAN mode is possible, if the card's firmware knows of it too. It has no parser: the emulated card's is fixed, and
no real card would take this file.
"""

import argparse
import struct
import sys

BUF = 4096
SEG_E810 = 0x10
SECT_METADATA, SECT_MARKER_PTYPE, SECT_BOOST, SECT_META_INIT, SECT_LABELS = 1, 55, 56, 58, 0x80000018
XLT1_FD, XLT1_RSS = 32, 42
XLT1_SW, TCAM_SW, FV_SW = 12, 14, 16
COMMS = "ICE COMMS Package"              # the name that drivers, and the emulated card, know it by
PTYPES = 1024
# What the card's parser tells apart: L2, and for IPv4 and IPv6 fragments, other payload, UDP, (none), TCP, SCTP, ICMP
KNOWN = (1, *range(22, 29), *range(88, 95))
BOOST_VXLAN, BOOST_DVM, BOOST_SVM = 240, 241, 242      # the latter two are the emulated card's
BOOST_KEY = 20                          # bytes, and as many of the inverse
META_INIT, META_VLAN_MODE = 24, 183     # bytes of an entry, number of a bit


def metadata(version, name):
    return struct.pack("<4B28sI", *version, name.encode(), 0xc0000001)


def groups():
    """A group of its own for each known packet type, one more for the rest"""
    table = bytearray([len(KNOWN) + 1]) * PTYPES
    for group, ptype in enumerate(KNOWN, 1):
        table[ptype] = group
    return struct.pack("<HH", PTYPES, 0) + table


def marker_ptypes():
    """The parser's last step for each packet type: ice lets guests choose what is hashed of those that are here"""
    return struct.pack("<HH", len(KNOWN), 0) + b"".join(struct.pack("<HH20x", n, ptype) for n, ptype in enumerate(KNOWN))


def boost_entry(address, at=0, never=0):
    """An entry that matches everything, but for the bits of a byte that no frame has"""
    key = bytearray(b"\xff" * 2 * BOOST_KEY)
    key[at] = key[BOOST_KEY + at] = 0xff & ~never
    return struct.pack("<HH", address, 0) + key + bytes(44)


def boost():
    """VXLAN waits for a driver to put a port into it, DVM for one that switches the mode"""
    entries = (boost_entry(BOOST_VXLAN, 15, 1), boost_entry(BOOST_DVM, 0, 8), boost_entry(BOOST_SVM))
    return struct.pack("<HH", len(entries), 0) + b"".join(entries)


def meta_init(double_vlan=True):
    """What the parser begins with: of the first entry's bits one is known"""
    bits = int(double_vlan) << META_VLAN_MODE
    return struct.pack("<HH", 1, 0) + bits.to_bytes(META_INIT, "little")


def labels(pfs):
    """The PF whose tunnels an entry serves is the last character"""
    names = [(BOOST_VXLAN, b"TNL_VXLAN_PF%d" % pf) for pf in range(pfs)]
    names += [(BOOST_DVM, b"BOOST_MAC_VLAN_DVM"), (BOOST_SVM, b"BOOST_MAC_VLAN_SVM")]
    return struct.pack("<H", len(names)) + b"".join(struct.pack("<H64s", *n) for n in names)


def switch_fields(ptype):
    """What the switch can look at of such packets: (protocol, offset), at the same place in all profiles"""
    words = {2 + n: (1, 2 * n) for n in range(6)}                                   # MAC addresses
    words.update({8: (9, 0), 10: (17, 0), 11: (16, 0)})                             # Ethernet type, VLAN tags
    if ptype >= 22:
        proto, size = (32, 20) if ptype < 88 else (40, 40)
        words.update({12 + n: (proto, 2 * n) for n in range(size // 2)})
    for l4, proto in ((24, 53), (26, 49), (27, 96)):                                # UDP, TCP, SCTP
        if ptype in (l4, l4 + 66):
            words.update({32: (proto, 0), 33: (proto, 2)})
    return b"".join(struct.pack("<BHB", *words.get(n, (255, 0x1ff)), 0) for n in range(48))


def switch_profiles():
    """Their packet types, by their numbers: DPDK knows some by number"""
    at = {4: 26, 5: 24, 7: 92, 8: 90}
    rest = iter(ptype for ptype in KNOWN if ptype not in at.values())
    return [at.get(n) or next(rest) for n in range(len(KNOWN))]


def switch_tables():
    """Groups, an entry for each that matches whatever the flags are, and its profile"""
    entries = b""
    for n, ptype in enumerate(KNOWN):
        want, any_ = struct.pack("<HBH", 0, n + 1, 0), b"\xff\xff\0\0\0"
        entries += struct.pack("<H", n) + bytes(~w & 0xff | a for w, a in zip(want, any_))
        entries += bytes(w | a for w, a in zip(want, any_)) + bytes([switch_profiles().index(ptype)])
    fields = b"".join(switch_fields(ptype) for ptype in switch_profiles())
    return (buffer((XLT1_SW, groups()), (TCAM_SW, struct.pack("<H", len(KNOWN)) + entries)),
            buffer((FV_SW, struct.pack("<HH", len(KNOWN), 0) + fields)))


def buffer(*sections):
    """4096 bytes: a table of sections, and they"""
    at = 4 + 8 * len(sections)
    table, data = b"", b""
    for kind, content in sections:
        at += -at % 4
        data += bytes(at - 4 - 8 * len(sections) - len(data)) + content
        table += struct.pack("<IHH", kind, at, len(content))
        at += len(content)
    assert at <= BUF
    return (struct.pack("<HH", len(sections), at) + table + data).ljust(BUF, b"\0")


def package(version, name, pfs=8):
    bufs = [buffer((SECT_METADATA, metadata(version, name)), (XLT1_FD, groups()), (XLT1_RSS, groups()),
                   (SECT_MARKER_PTYPE, marker_ptypes()), (SECT_BOOST, boost()), (SECT_META_INIT, meta_init())),
            *(switch_tables() if name == COMMS else ()),
            buffer((SECT_LABELS, labels(pfs)))]     # drivers keep this one for themselves
    body = struct.pack("<III", 0, 0, len(bufs)) + b"".join(bufs)
    seg = struct.pack("<I4BI32s", SEG_E810, 1, 3, 0, 0, 44 + len(body), b"hdiov") + body
    return struct.pack("<4BII", 1, 0, 0, 0, 1, 12) + seg


def corrupt(data):
    """A section that ends beyond its buffer; only the card looks at that"""
    data = bytearray(data)
    at = 12 + 44 + 12                   # the first buffer
    count = struct.unpack_from("<H", data, at)[0]
    struct.pack_into("<H", data, at + 4 + 8 * (count - 1) + 6, 4000)
    return bytes(data)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                 epilog="ice looks for /lib/firmware/intel/ice/ddp/ice-SERIAL.pkg; the serial number "
                                 "is the card's first MAC address with ffff in its middle: "
                                 "ice-525400ffffe81001.pkg for 52:54:00:e8:10:01.")
    ap.add_argument("file", help="where to write it")
    ap.add_argument("--name", default="hdiov emulated E810",
                    help=f"default: %(default)s; {COMMS} has what DPDK wants besides: other descriptors, fields for the switch")
    ap.add_argument("--version", default="1.3.0.0", help="drivers take 1.3 only (default: %(default)s)")
    ap.add_argument("--broken", choices=("truncated", "corrupt", "wrong-version", "wrong-format"),
                    help="for tests: a file cut in the middle, a section table that points outside, "
                    "version 1.4, format version 2.0")
    args = ap.parse_args()
    version = "1.4.0.0" if args.broken == "wrong-version" else args.version
    try:
        numbers = bytes(int(n) for n in version.split("."))
    except ValueError:
        numbers = b""
    if len(numbers) != 4:
        ap.error(f"version {version!r} is not four numbers below 256")
    if not 0 < len(args.name.encode()) < 28:
        ap.error("the name has 1 to 27 bytes")

    data = package(numbers, args.name)
    if args.broken == "truncated":
        data = data[:len(data) // 2]
    elif args.broken == "corrupt":
        data = corrupt(data)
    elif args.broken == "wrong-format":
        data = b"\2" + data[1:]
    with open(args.file, "wb") as f:
        f.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
