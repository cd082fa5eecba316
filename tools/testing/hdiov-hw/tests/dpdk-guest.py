#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's part of dpdk.sh: DPDK's testpmd drives the first card, Linux's ice the second, and this sends and receives there."""

import os
import re
import select
import socket
import struct
import subprocess
import sys
import time

PCI = "0000:00:01.0"
PMD_MAC, PEER_MAC, OTHER_MAC = "52:54:00:e8:10:01", "52:54:00:e8:10:02", "52:54:00:e8:10:77"
KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa") * 2
KEY = KEY[:52]
DDP = "/lib/firmware/intel/ice/ddp/ice-525400ffffe81001.pkg"


def check(name, got, want=True):
    """A line that the host counts, and why if it is bad"""
    if got != want:
        print(f"# got  {got!r}\n# want {want!r}")
    print(f"TEST {'ok' if got == want else 'bad'} {name}", flush=True)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def csum(data, start=0):
    data += bytes(len(data) % 2)
    s = start + sum(struct.unpack(f">{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def pseudo(src, dst, proto, length):
    return csum(src + dst + struct.pack(">II", length, proto))


def ipv4(proto, l4, at, src="10.0.0.2", dst="10.0.0.1", good=True):
    """A packet; its checksums are right, or both wrong. AT: where the L4 checksum is, or None"""
    src, dst = socket.inet_aton(src), socket.inet_aton(dst)
    if at is not None:
        total = ~csum(l4, pseudo(src, dst, proto, len(l4))) & 0xffff
        l4 = l4[:at] + struct.pack(">H", total if good else total ^ 0x1234) + l4[at + 2:]
    h = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(l4), 7, 0, 64, proto, 0) + src + dst
    total = ~csum(h) & 0xffff
    return h[:10] + struct.pack(">H", total if good else total ^ 0x1234) + h[12:] + l4


def ipv6(proto, l4, at, src="fd00::2", dst="fd00::1"):
    src, dst = socket.inet_pton(socket.AF_INET6, src), socket.inet_pton(socket.AF_INET6, dst)
    total = ~csum(l4, pseudo(src, dst, proto, len(l4))) & 0xffff
    return struct.pack(">IHBB", 6 << 28, len(l4), proto, 64) + src + dst + l4[:at] + struct.pack(">H", total) + l4[at + 2:]


def udp(sport=1000, dport=2000, data=b"u" * 32):
    return struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data


def tcp(sport=1000, dport=2000, data=b"t" * 32, seq=1000):
    return struct.pack(">HHIIBBHHH", sport, dport, seq, 1, 0x50, 0x18, 100, 0, 0) + data


def udp4(sport=1000, dport=2000, data=b"u" * 32, **kw):
    return ipv4(17, udp(sport, dport, data), 6, **kw)


def tcp4(sport=1000, dport=2000, data=b"t" * 32, **kw):
    return ipv4(6, tcp(sport, dport, data), 16, **kw)


def eth(packet, dst=PMD_MAC, vlan=None, typ=None):
    tag = struct.pack(">HH", 0x8100, vlan) if vlan is not None else b""
    typ = typ or (0x86dd if packet[0] >> 4 == 6 else 0x800)
    return (mac(dst) + mac(PEER_MAC) + tag + struct.pack(">H", typ) + packet).ljust(60, b"\0")


def sums_ok(frame):
    """Are the checksums of a frame with IPv4 or IPv6 and TCP or UDP right?"""
    if frame[14] >> 4 == 4:
        size, proto = struct.unpack_from(">H", frame, 16)[0] - 20, frame[23]
        at, src, dst, head = 34, frame[26:30], frame[30:34], csum(frame[14:34]) == 0xffff
    else:
        size, proto = struct.unpack_from(">H", frame, 18)[0], frame[20]
        at, src, dst, head = 54, frame[22:38], frame[38:54], True
    return head and csum(frame[at:at + size], pseudo(src, dst, proto, size)) == 0xffff


def toeplitz(data):
    key, bits, got = int.from_bytes(KEY, "big"), 8 * len(KEY), 0
    for i, byte in enumerate(data):
        for j in range(8):
            if byte & 0x80 >> j:
                got ^= key >> bits - 32 - 8 * i - j & 0xffffffff
    return got


def hash_of(sport, dport, src="10.0.0.2", dst="10.0.0.1"):
    return toeplitz(socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(">HH", sport, dport))


class Peer:
    """The second card's netdev, raw"""

    def __init__(self, dev):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.setsockopt(263, 8, 1)         # PACKET_AUXDATA
        self.sock.bind((dev, 3))

    def send(self, *frames):
        for f in frames:
            self.sock.send(f)

    def receive(self, n, wait):
        """What came from the first card, up to N frames"""
        got, end = [], time.monotonic() + wait
        while len(got) < n:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                break
            frame, aux, _, addr = self.sock.recvmsg(70000, 256)
            if addr[2] == 4 or frame[:6] != mac(PEER_MAC):
                continue                # it is one that was sent, or other traffic
            for _, _, data in aux:      # Linux has taken the tag out
                status, tci, tpid = struct.unpack_from("=I12xHH", data)
                if status & 0x10:
                    frame = frame[:12] + struct.pack(">HH", tpid, tci) + frame[12:]
            got.append(frame)
        return got

    def drain(self):
        self.receive(1 << 20, 0)
        while select.select([self.sock], [], [], 0.05)[0]:
            self.sock.recv(70000)

    def bounce(self, frames, wait=10.0, extra=0):
        self.drain()
        self.send(*frames)
        return self.receive(len(frames) + extra, wait)

    def through(self, frames):
        """What comes back of frames of which some may not: when one does that was sent last, and must"""
        last = eth(udp4(9, 9, b"last" * 8))
        self.drain()
        self.send(*frames, last)
        got, end = [], time.monotonic() + 10
        while swapped([last])[0] not in got and time.monotonic() < end:
            got += self.receive(1, 0.5)
        got += self.receive(1 << 20, 0.3)       # the queue of the last one may be the first to be looked at
        return [f for f in got if f != swapped([last])[0]]


class Testpmd:
    """One testpmd, which is told what to do, and what it says"""

    def __init__(self, eal=(), app=(), devargs=""):
        self.master, slave = os.openpty()
        self.said = ""
        self.proc = subprocess.Popen(
            ["dpdk-testpmd", "-l", "0-1", "-a", PCI + devargs, "-d", "librte_mempool_ring.so.25",
             "--huge-unlink=always", "--no-telemetry", *eal,
             "--", "-i", "--total-num-mbufs=8192", "--rxd=256", "--txd=256", "--forward-mode=macswap", *app],
            stdin=subprocess.PIPE, stdout=slave, stderr=slave)
        os.close(slave)
        self.begin = self.until(lambda s: "testpmd> " in s, 60)
        self.up = "testpmd> " in self.begin

    def read(self, wait):
        """More of what it says; False if there is nothing"""
        if not select.select([self.master], [], [], wait)[0]:
            return False
        try:
            self.said += os.read(self.master, 65536).decode(errors="replace").replace("\r", "")
        except OSError:
            return False                # it has ended
        return True

    def until(self, enough, wait):
        end = time.monotonic() + wait
        while not enough(self.said) and time.monotonic() < end and (self.proc.poll() is None or self.read(0)):
            self.read(0.2)
        said, self.said = self.said, ""
        return said

    def do(self, *lines):
        """Commands, one after the other: what it says to them"""
        said = ""
        for line in lines:
            print("# >", line)
            try:
                self.proc.stdin.write(line.encode() + b"\n")
                self.proc.stdin.flush()
            except OSError:
                return said + "it has ended"
            answer = self.until(lambda s: "testpmd> " in s, 30)
            print("#  " + "\n#  ".join(answer.splitlines()[1:-1]), flush=True)
            said += answer
        return said

    def heard(self, n, more=False):
        """What it says of N received packets: dictionaries. MORE: wait for others, which should not be"""
        text = self.until(lambda s: s.count("ol_flags:") >= n, 10)
        if more:
            text += self.until(lambda s: False, 0.5)
        got = []
        for line in re.findall(r"  src=.*\n(?:.*ol_flags:.*)?", text):
            def value(pattern, base=0):
                m = re.search(pattern, line)
                return int(m.group(1), base) if m else None
            got.append({"queue": value("Receive queue=(\\w+)"), "hash": value("RSS hash=(\\w+)"), "id": value("FDIR matched ID=(\\w+)"),
                        "vlan": value("VLAN tci=(\\w+)"), "length": value("length=(\\w+)"), "segs": value("nb_segs=(\\w+)"),
                        "port": value(" port=(\\d+)", 10), "text": line})
        return got

    def quit(self):
        said = self.do("quit")
        try:
            self.proc.wait(20)
        except subprocess.TimeoutExpired:
            self.proc.kill()
        os.close(self.master)
        return "Bye" in said + self.said and self.proc.returncode == 0


def swapped(frames):
    return [mac(PEER_MAC) + mac(PMD_MAC) + f[12:] for f in frames]


def sizes():
    """Frames of many sizes, each with other data"""
    return [eth(udp4(1000 + i, 2000, bytes((i + j) % 251 for j in range(size - 42)))) for i, size in
            enumerate((60, 61, 64, 65, 127, 128, 129, 255, 512, 1000, 1279, 1500, 1513, 1514) * 5)]


def queues_of(heard):
    return [h["queue"] for h in heard]


def number(text, name):
    m = re.search(name + r": *(\d+)", text)
    return int(m.group(1)) if m else None


def test_paths(p, peer, name):
    """What every way to receive and send has to do: each packet whole, with all that the card says of it"""
    p.do("start")
    frames = sizes()
    check(f"{name}: 70 frames of all sizes come back", sorted(peer.bounce(frames, 10)), sorted(swapped(frames)))
    p.do("stop", "set verbose 1", f"port config 0 rss-hash-key ipv4-udp {KEY.hex()}",
         "flow create 0 group 2 ingress pattern eth / ipv4 src is 10.0.0.2 dst is 10.0.0.1 / udp src is 7 dst is 8 / end "
         "actions queue index 2 / mark id 4660 / end", "set fwd rxonly", "start")
    ports = [(1000 + i, 2000 + 3 * i) for i in range(32)]
    peer.send(*(eth(udp4(*n)) for n in ports))
    heard = p.heard(32)
    check(f"{name}: the hash of 32 flows", sorted(h["hash"] or 0 for h in heard), sorted(hash_of(*n) for n in ports))
    check(f"{name}: each in the queue that the table says", sum(h["queue"] == (h["hash"] or 0) % 512 % 4 for h in heard), 32)
    peer.send(*(eth(udp4(7, 8)) for _ in range(8)), eth(udp4(7, 9)))
    heard = p.heard(9)
    check(f"{name}: a flow rule's queue and mark, and another flow without",
          [(h["queue"], h["id"]) for h in heard if h["port"] == 8] + [h["id"] for h in heard if h["port"] == 9], [(2, 4660)] * 8 + [None])
    peer.send(eth(udp4(good=False)), eth(udp4()), eth(ipv6(6, tcp(), 16)))
    heard = p.heard(3)
    texts = " ".join(h["text"] for h in heard)
    check(f"{name}: checksums, right and wrong, and types", [len(re.findall(w, texts)) for w in (
        "F_RX_IP_CKSUM_BAD", "F_RX_L4_CKSUM_BAD", "F_RX_L4_CKSUM_GOOD", "hw ptype: L2_ETHER L3_IPV4_EXT_UNKNOWN L4_UDP",
        "hw ptype: L2_ETHER L3_IPV6_EXT_UNKNOWN L4_TCP")], [1, 1, 2, 2, 1])
    p.do("stop", "vlan set strip on 0", "start")
    peer.send(*(eth(udp4(dport=100 + i), vlan=100 + i) for i in range(8)))
    heard = p.heard(8)
    check(f"{name}: a tag is taken off and told of", sorted((h["port"], h["vlan"], h["length"]) for h in heard),
          [(100 + i, 100 + i, 74) for i in range(8)])
    p.do("stop", "vlan set strip off 0", "flow flush 0", "set verbose 0", "set fwd macswap")


def test_filters(p, peer):
    """MAC addresses, multicast, VLANs"""
    def comes(dst=PMD_MAC, vlan=None):
        return len(peer.through([eth(udp4(), dst, vlan)] * 3))
    group = "01:00:5e:00:00:07"
    p.do("set promisc 0 off", "set allmulti 0 off", "start")
    check("not promiscuous: its own address alone", (comes(), comes(OTHER_MAC), comes(group)), (3, 0, 0))
    p.do("set promisc 0 on")
    check("promiscuous: every one", (comes(OTHER_MAC), comes(group)), (3, 3))
    p.do("set promisc 0 off", "set allmulti 0 on")
    check("all multicast", (comes(OTHER_MAC), comes(group)), (0, 3))
    p.do("set allmulti 0 off", f"mac_addr add 0 {OTHER_MAC}")
    check("a second address", (comes(OTHER_MAC), comes()), (3, 3))
    p.do(f"mac_addr remove 0 {OTHER_MAC}")
    check("it is gone", comes(OTHER_MAC), 0)
    check("broadcast", comes("ff:ff:ff:ff:ff:ff"), 3)
    p.do("vlan set filter on 0", "rx_vlan add 100 0")
    check("a VLAN filter: one VLAN, and no tag", (comes(vlan=100), comes(vlan=101), comes()), (3, 0, 3))
    p.do("rx_vlan rm 100 0")
    check("the VLAN is removed", comes(vlan=100), 0)
    p.do("vlan set filter off 0")
    check("no VLAN filter", comes(vlan=101), 3)
    p.do("stop", "port stop 0", "tx_vlan set 0 55", "port start 0", "start")
    got = peer.bounce([eth(udp4())], 3)
    check("a tag is put in", [f[12:16] for f in got], [b"\x81\0\0\x37"])
    p.do("stop", "port stop 0", "tx_vlan reset 0", "port start 0")


def test_rss(p, peer):
    """Table, types"""
    p.do("set verbose 1", f"port config 0 rss-hash-key ipv4-udp {KEY.hex()}", "set fwd rxonly", "start")
    entry = hash_of(1000, 2000) % 512
    want = (entry + 1) % 4
    said = p.do(f"port config 0 rss reta ({entry},{want})")
    check("an entry of the table is changed", "rror" not in said and "ailed" not in said)
    peer.send(eth(udp4()), eth(udp4(1001)))
    heard = {h["hash"]: h["queue"] for h in p.heard(2)}
    check("its flows go to the other queue, others do not",
          (heard.get(hash_of(1000, 2000)), heard.get(hash_of(1001, 2000))), (want, hash_of(1001, 2000) % 512 % 4))
    p.do("port config all rss none")
    peer.send(*(eth(udp4(1000 + i)) for i in range(8)))
    heard = p.heard(8)
    check("no RSS: no hash, one queue", [(h["hash"], h["queue"]) for h in heard], [(None, 0)] * 8)
    p.do("port config all rss ip", f"port config 0 rss-hash-key ipv4 {KEY.hex()}")
    peer.send(*(eth(udp4(1000 + i)) for i in range(8)))
    two = socket.inet_aton("10.0.0.2") + socket.inet_aton("10.0.0.1")
    check("RSS of addresses alone", [h["hash"] for h in p.heard(8)], [toeplitz(two)] * 8)
    p.do("port config all rss udp", f"port config 0 rss-hash-key ipv4-udp {KEY.hex()}",
         "flow create 0 ingress pattern eth / ipv4 / udp / end actions rss types ipv4-udp l3-src-only end key_len 0 queues end / end")
    peer.send(eth(udp4(1000)), eth(udp4(1001, src="10.0.0.3")))
    check("a flow rule: of the protocol, which net_ice adds, and the source address", sorted(h["hash"] or 0 for h in p.heard(2)),
          sorted(toeplitz(b"\0\x11" + socket.inet_aton(a)) for a in ("10.0.0.2", "10.0.0.3")))
    p.do("flow flush 0", "port config all rss none", "port config all rss udp")
    p.do("stop", "set verbose 0", "set fwd macswap")


def test_flows(p, peer):
    """Flow director: counters, drop, groups of queues, marks alone"""
    rule = "flow create 0 group 2 ingress pattern eth / "
    p.do("set verbose 1", "set fwd rxonly", "start",
         rule + "ipv4 src is 10.0.0.2 dst is 10.0.0.1 / sctp src is 30 dst is 31 / end actions queue index 3 / count / end",
         rule + "ipv4 dst is 10.0.0.1 / udp dst is 40 / end actions drop / end",
         rule + "ipv4 src is 10.0.0.2 dst is 10.0.0.1 / tcp src is 50 dst is 51 / end actions rss queues 2 3 end / mark id 99 / end",
         rule + "ipv6 src is fd00::2 dst is fd00::1 / udp src is 60 dst is 61 / end actions mark id 3735928559 / count / end")
    said = p.do("flow list 0")
    check("four rules are there", len(re.findall(r"^\d+\t", said, re.M)), 4)
    peer.send(eth(udp4(1, 40)), eth(udp4(1, 41)))
    check("one drops", [h["port"] for h in p.heard(1, True)], [41])
    peer.send(*(eth(ipv4(132, struct.pack(">HHII", 30, 31, 0, 0), None)) for _ in range(5)))
    check("one for a queue", queues_of(p.heard(5)), [3] * 5)
    check("it counts", number(p.do("flow query 0 0 count"), "hits"), 5)
    peer.send(*(eth(tcp4(50, 51)) for _ in range(4)))
    heard = p.heard(4)
    check("one for two queues, with a mark", (all(h["queue"] in (2, 3) and h["id"] == 99 for h in heard), len(heard)), (True, 4))
    peer.send(*(eth(ipv6(17, udp(60, 61), 6)) for _ in range(4)), eth(ipv6(17, udp(60, 62), 6)))
    heard = p.heard(5)
    check("one that marks and counts", [h["id"] for h in heard if h["port"] == 61] + [h["id"] for h in heard if h["port"] == 62],
          [0xdeadbeef] * 4 + [None])
    check("its counter", number(p.do("flow query 0 3 count"), "hits"), 4)
    p.do("flow destroy 0 rule 1", "flow destroy 0 rule 3")
    peer.send(eth(udp4(1, 40)), eth(ipv6(17, udp(60, 61), 6)))
    check("removed", sorted((h["port"], h["id"]) for h in p.heard(2)), [(40, None), (61, None)])
    p.do("flow flush 0")
    peer.send(*(eth(tcp4(50, 51)) for _ in range(4)))
    check("none is left", [h["id"] for h in p.heard(4)], [None] * 4)
    p.do("stop", "set verbose 0", "set fwd macswap")


def test_switch(p, peer):
    """Rules of the switch: few words, more than one recipe takes, without IP; queues, groups of them, drop"""
    rule = "flow create 0 ingress pattern eth "
    said = p.do("set verbose 1", "set promisc 0 off", f"port config 0 rss-hash-key ipv4-udp {KEY.hex()}", "set fwd rxonly", "start",
                "set log pmd.net.ice.driver 8",
                rule + "/ ipv4 src is 10.0.0.2 dst is 10.0.0.1 / udp src is 1000 dst is 81 / end actions queue index 3 / end",
                rule + "/ ipv4 / tcp dst is 90 / end actions drop / end",
                rule + "/ ipv4 dst is 10.0.0.5 / udp dst is 95 / end actions rss queues 2 3 end / end",
                rule + "/ ipv6 src is fd00::2 dst is fd00::1 / end actions queue index 1 / end",
                rule + "type is 0x88b5 / end actions queue index 1 / end",
                rule + f"dst is {OTHER_MAC} / ipv4 dst is 10.0.0.1 / end actions queue index 2 / end")
    p.do("set log pmd.net.ice.driver 6")
    check("six rules are there, by recipes of the switch", (said.count("rule #"), said.count("Succeeded to create (2) flow")), (6, 6))
    other = next(n for n in range(82, 99) if hash_of(1000, n) % 512 % 4 != 3)
    peer.send(*(eth(udp4(1000, 81)) for _ in range(4)), eth(udp4(1000, other)))
    check("six words, all alike: a queue", sorted((h["port"], h["queue"]) for h in p.heard(5)),
          [(81, 3)] * 4 + [(other, hash_of(1000, other) % 512 % 4)])
    peer.send(eth(tcp4(1, 90)), eth(tcp4(1, 91)))
    check("one drops", [h["port"] for h in p.heard(1, True)], [91])
    ports = [977 * n for n in range(16)]
    peer.send(*(eth(udp4(n, 95, dst="10.0.0.5")) for n in ports))
    check("a group of queues, by the hash", sorted(queues_of(p.heard(16))), sorted(2 + hash_of(n, 95, dst="10.0.0.5") % 2 for n in ports))
    peer.send(eth(ipv6(17, udp(), 6)), eth(ipv6(17, udp(), 6, src="fd00::3")))
    check("IPv6 addresses, more words than one or two recipes take", sorted(queues_of(p.heard(2))), [0, 1])
    peer.send(eth(b"x" * 50, typ=0x88b5), eth(b"x" * 51, typ=0x88b6))
    check("an Ethernet type", {h["length"]: h["queue"] for h in p.heard(2)}, {64: 1, 65: 0})
    peer.send(eth(udp4(), OTHER_MAC), eth(udp4(dst="10.0.0.7"), OTHER_MAC))
    check("an address that is not the port's", queues_of(p.heard(1, True)), [2])
    p.do("flow flush 0")
    peer.send(eth(udp4(1000, 81)), eth(tcp4(1, 90)), eth(udp4(), OTHER_MAC))
    check("none is left", {h["port"]: h["queue"] for h in p.heard(2, True)}, {81: hash_of(1000, 81) % 512 % 4, 90: 0})
    p.do("stop", "set verbose 0", "set promisc 0 on", "set fwd macswap")


def test_scattered(p, peer, name, mode):
    """Frames over several buffers"""
    p.do("port stop 0", "port config mtu 0 9000", "port start 0", "set verbose 1", "set fwd rxonly")
    said = p.do("show rxq info 0 0", "start")
    peer.send(*(eth(udp4(data=bytes(size - 42))) for size in (60, 2048, 2049, 9014)))
    check(f"{name}: frames over several buffers", (re.findall(r"Burst mode: ([\w ]*\w)", said), [(h["length"], h["segs"]) for h in p.heard(4)]),
          ([mode], [(60, 1), (2048, 1), (2049, 2), (9014, 5)]))
    p.do("stop", "set verbose 0")


def test_offloads(p, peer):
    """Checksums and TSO of the csum engine"""
    p.do("port stop 0", *(f"csum set {what} hw 0" for what in ("ip", "udp", "tcp")), "port start 0", "set fwd csum",
         f"set eth-peer 0 {PEER_MAC}", "start")
    frames = [eth(udp4(1000 + i, data=bytes([i]) * (10 + 97 * i))) for i in range(8)]
    frames += [eth(tcp4(1000 + i, data=bytes([i]) * (11 + 97 * i))) for i in range(8)]
    frames += [eth(ipv6(17, udp(), 6)), eth(ipv6(6, tcp(), 16))]
    got = peer.bounce(frames, 5)
    check("checksums: all come back with right ones", ([sums_ok(f) for f in got], sorted(f[14:] for f in got)),
          ([True] * 18, sorted(f[14:] for f in frames)))
    peer.bounce([eth(udp4(good=False))] * 3)
    said = p.do("stop")
    check("wrong ones are counted", [number(said, n) for n in ("Bad-ipcsum", "Bad-l4csum")], [3, 3])
    p.do("port stop 0", "tso set 500 0", "port start 0", "start")
    data = bytes(i % 253 for i in range(1200))
    for name, packet, at in (("IPv4", tcp4(data=data), 54), ("IPv6", ipv6(6, tcp(data=data), 16), 74)):
        got = sorted(peer.bounce([eth(packet)], 3, 2), key=lambda f, at=at: struct.unpack_from(">I", f, at - 16))
        check(f"TSO, {name}: three segments, and their checksums", [(len(f) - at, sums_ok(f)) for f in got],
              [(500, True), (500, True), (200, True)])
        check(f"TSO, {name}: the data in order", b"".join(f[at:] for f in got), data)
    p.do("stop", "port stop 0", "tso set 0 0", *(f"csum set {what} sw 0" for what in ("ip", "udp", "tcp")), "port start 0", "set fwd macswap")


def test_port(p, peer):
    """Statistics, stop and start of queues and of the port, reset, jumbo frames"""
    p.do("clear port stats 0", "clear port xstats 0", "start")
    frames = [eth(udp4(data=b"s" * 86))] * 20
    peer.bounce(frames)
    said = p.do("show port stats 0")
    check("statistics", [number(said, n) for n in ("RX-packets", "RX-bytes", "TX-packets", "TX-bytes", "RX-missed", "RX-errors", "TX-errors")],
          [20, 20 * 128, 20, 20 * 128, 0, 0, 0])
    said = p.do("show port xstats 0")
    check("extended ones", [number(said, n) for n in ("rx_unicast_packets", "tx_unicast_packets", "rx_size_128_to_255_packets",
                                                      "rx_dropped_packets")],
          [20, 20, 20, 0])
    p.do("stop", "set verbose 1", f"port config 0 rss-hash-key ipv4-udp {KEY.hex()}", "set fwd rxonly", "start")
    of = {hash_of(n, 2000) % 512 % 4: n for n in range(1000, 1040)}
    p.do("stop", "port 0 rxq 1 stop", "start")
    peer.send(eth(udp4(of[1])), eth(udp4(of[2])))
    check("a queue that is stopped gets nothing", queues_of(p.heard(1, True)), [2])
    p.do("stop", "port 0 rxq 1 start", "start")
    peer.send(eth(udp4(of[1])), eth(udp4(of[2])))
    check("it is started again", sorted(queues_of(p.heard(2))), [1, 2])
    p.do("stop", "set verbose 0", "set fwd macswap", "port 0 txq 1 stop", "port 0 txq 1 start", "start")
    frames = sizes()
    check("a Tx queue too", sorted(peer.bounce(frames, 10)), sorted(swapped(frames)))
    p.do("stop", "port stop 0")
    check("the port is stopped: nothing comes", peer.bounce([eth(udp4())] * 3, 1), [])
    p.do("port start 0", "start")
    check("it is started again", len(peer.bounce([eth(udp4())] * 3)), 3)
    p.do("stop", "port stop 0", "port reset 0", "port start 0", "start")
    check("a reset of the port", len(peer.bounce([eth(udp4())] * 3)), 3)
    p.do("stop", "port stop 0", "port config all rxfreet 16", "port start 0")
    said = p.do("show rxq info 0 0", "start")
    frames = sizes()
    check("the plain way to receive", (re.findall(r"Burst mode: ([\w ]*\w)", said), sorted(peer.bounce(frames, 10))),
          (["Scalar"], sorted(swapped(frames))))
    p.do("stop", "port stop 0", "port config mtu 0 9000", "port start 0", "start")
    frames = [eth(udp4(data=bytes((i * n) % 253 for i in range(size - 42)))) for n, size in
              enumerate((60, 1514, 2048, 2049, 4097, 8000, 9014), 1)]
    check("jumbo frames, over several buffers", sorted(peer.bounce(frames, 5)), sorted(swapped(frames)))
    p.do("stop", "port stop 0", "port config mtu 0 1500", "port start 0", "start")
    check("no more with an MTU of 1500", len(peer.through(frames)), 2)
    p.do("stop")


def test_link(p):
    """The host takes the card's cable off and puts it back"""
    def wait_for(word):
        for _ in range(40):
            if re.search(rf"Link status: *{word}", p.do("show port info 0")):
                return True
            time.sleep(0.2)
        return False
    print("LINK off", flush=True)
    check("the link goes down", wait_for("down"))
    print("LINK on", flush=True)
    check("and up", wait_for("up"))


def main(dev):
    peer = Peer(dev)
    p = Testpmd(devargs=",safe-mode-support=1")
    check("without package: testpmd starts, in safe mode", (p.up, "Entering Safe Mode" in p.begin), (True, True))
    p.do("start")
    frames = sizes()
    check("safe mode: 70 frames of all sizes come back", sorted(peer.bounce(frames, 10)), sorted(swapped(frames)))
    check("testpmd quits", p.quit())
    os.rename("/pkg/comms", DDP)
    queues = ("--rxq=4", "--txq=4", "--rss-udp")
    for bits, name, modes in ((64, "scalar", ["Scalar Bulk Alloc", "Scalar"]), (128, "SSE", ["Vector SSE", "Vector SSE"]),
                              (256, "AVX2", ["Offload Vector AVX2", "Vector AVX2"])):
        # The vector paths send no packets in several buffers
        p = Testpmd((f"--force-max-simd-bitwidth={bits}",), queues + (("--tx-offloads=0x8000",) if bits == 64 else ()))
        check(f"{name}: testpmd starts", p.up)
        if not p.up:
            print(p.begin)
            p.proc.kill()
            continue
        said = p.do("show rxq info 0 0", "show txq info 0 0")
        check(f"{name}: that is what it uses", re.findall(r"Burst mode: ([\w ]*\w)", said), modes)
        if bits == 64:
            check("the package", "Active package is: 1.3.0.0, ICE COMMS Package" in p.begin)
            said = p.do("show port info 0")
            check("the port", [w in said for w in (f"MAC address: {PMD_MAC.upper()}", "Driver name: net_ice", "Link status: up",
                                                   "Link speed: 100 Gbps", "Redirection table size: 512")], [True] * 5)
        test_paths(p, peer, name)
        if bits == 64:
            test_filters(p, peer)
            test_rss(p, peer)
            test_flows(p, peer)
            test_switch(p, peer)
            test_offloads(p, peer)
            test_port(p, peer)
            test_link(p)
        else:
            test_scattered(p, peer, name, modes[0] + " Scattered")
        check(f"{name}: testpmd quits", p.quit())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
