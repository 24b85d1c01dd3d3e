#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Packets that lie, and packets that speak of others.

  frames.py errors IF MAC             out of IF to MAC, an ICMP error for each line of stdin:
                                        TYPE CODE FROM TO udp|tcp|icmp SRC SPORT DST DPORT
                                      from FROM to TO, quoting a packet SRC:SPORT -> DST:DPORT;
                                      icmp: an echo request with identifier SPORT
  frames.py malformed IF MAC SRC DST SPORT DPORT
                                      truncated and lying packets SRC -> DST out of IF to MAC, at
                                      every layer, as for each protocol SRC:SPORT -> DST:DPORT
                                      would look; says how many of each verdict that makes
  frames.py seeds IF MAC SRC DST SPORT DPORT
                                      the same packets, one of each protocol, with nothing wrong
  frames.py flood IF MAC NETWORK HOSTS COUNT DST DPORT
                                      COUNT UDP packets, of HOSTS sources from NETWORK.2 on (three
                                      bytes of IPv4), none of them of the same flow
"""
import socket
import struct
import sys

from talk import checksum, family

ECHO = {socket.AF_INET: (1, 8), socket.AF_INET6: (58, 128)}  # protocol number, type of a request
NUMBER = {"tcp": 6, "udp": 17}


def pack(address):
    return socket.inet_pton(family(address), address)


def header(src, dst, number, length, ttl=64):
    """The IP header, of either family, of a packet with `length` bytes behind it."""
    if family(src) == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, length, number, ttl) + pack(src) + pack(dst)
    h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0x4000, ttl, number, 0)
    h += pack(src) + pack(dst)
    return h[:10] + struct.pack("!H", checksum(h)) + h[12:]


def summed(src, dst, number, body, at):
    """The body with its checksum at offset `at`."""
    pseudo = pack(src) + pack(dst) + struct.pack("!II", len(body), number)
    value = checksum((b"" if number == 1 else pseudo) + body)
    if number == 17:
        value = value or 0xFFFF
    return body[:at] + struct.pack("!H", value) + body[at + 2:]


def packet(protocol, src, sport, dst, dport, payload=b"a payload!", flags=2):
    """A whole packet from the IP header on, with nothing wrong in it."""
    sport, dport = int(sport), int(dport)
    if protocol == "tcp":
        body, at = struct.pack("!HHIIBBHHH", sport, dport, 1000, 0, 0x50, flags, 8192, 0, 0), 16
    elif protocol == "udp":
        body, at = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0), 6
    else:
        body, at = struct.pack("!BBHHH", ECHO[family(src)][1], 0, 0, sport, 1), 2
    number = NUMBER.get(protocol) or ECHO[family(src)][0]
    body = summed(src, dst, number, body + payload, at)
    return header(src, dst, number, len(body)) + body


class Wire:
    def __init__(self, interface, mac):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((interface, 0))
        self.ends = bytes.fromhex(mac.replace(":", "")) + self.socket.getsockname()[4]

    def send(self, data, six):
        self.socket.send(self.ends + (b"\x86\xdd" if six else b"\x08\x00") + data)


def errors(interface, mac):
    wire = Wire(interface, mac)
    for line in sys.stdin:
        kind, code, source, to, *quoted = line.split()
        number = ECHO[family(source)][0]
        body = struct.pack("!BBHI", int(kind), int(code), 0, 0) + packet(*quoted)
        body = summed(source, to, number, body, 2)
        wire.send(header(source, to, number, len(body)) + body, number == 58)


class Lies:
    """Frames with the verdict that each deserves."""

    def __init__(self, src, dst, sport, dport):
        self.six = family(src) == socket.AF_INET6
        self.head = 40 if self.six else 20
        self.src, self.dst, self.sport, self.dport = src, dst, int(sport), int(dport)
        self.frames = []

    def add(self, verdict, data):
        self.frames.append((verdict, bytes(data)))

    def seed(self, protocol):
        return packet(protocol, self.src, self.sport, self.dst, self.dport)

    def whole(self, number, body, at):
        """A packet of this transport body, its checksum right."""
        body = summed(self.src, self.dst, number, body, at)
        return header(self.src, self.dst, number, len(body)) + body

    def changed(self, data, at, value):
        """A byte changed; the checksum of an IPv4 header made right again."""
        data = bytearray(data)
        data[at] = value
        if not self.six and at < 20:
            data[10:12] = b"\0\0"
            data[10:12] = struct.pack("!H", checksum(bytes(data[:20])))
        return bytes(data)

    def optioned(self, options):
        data = bytearray(self.seed("udp"))
        data[20:20] = options
        data[2:4] = struct.pack("!H", len(data))
        data[0] = 0x45 + len(options) // 4
        data[10:12] = b"\0\0"
        data[10:12] = struct.pack("!H", checksum(bytes(data[:20 + len(options)])))
        return data

    def extended(self, extension, rest):
        """With an extension header of 8 bytes, of which `rest` are the last six."""
        data = bytearray(self.seed("udp"))
        data[40:40] = bytes([data[6], 0]) + rest
        data[6] = extension
        data[4:6] = struct.pack("!H", len(data) - 40)
        return data

    def truncated(self):
        """Each seed cut at each byte: as it is, and with an IP header that agrees to the cut."""
        for protocol, least in ("tcp", 20), ("udp", 8), ("icmp", 8):
            data = self.seed(protocol)
            for length in range(len(data)):
                self.add("TRUNCATED", data[:length])
            number = data[6 if self.six else 9]
            # a UDP header whose length is more than there is contradicts itself; TCP has no length
            for length in range(len(data) - self.head if protocol == "udp" else least):
                body = data[self.head:self.head + length]
                self.add("BAD_TRANSPORT", header(self.src, self.dst, number, length) + body)

    def network(self):
        data = self.seed("udp")
        for protocol in "tcp", "udp", "icmp":
            seed = self.seed(protocol)
            for version in set(range(16)) - {6 if self.six else 4}:
                self.add("BAD_HEADER", self.changed(seed, 0, version << 4 | seed[0] & 15))
        if self.six:
            for claimed in len(data) - 39, len(data), 1500, 65495:
                self.add("TRUNCATED", data[:4] + struct.pack("!H", claimed) + data[6:])
            for claimed in range(65496, 65536):
                self.add("BAD_HEADER", data[:4] + struct.pack("!H", claimed) + data[6:])
            for extension in 51, 135, 139, 140:
                self.add("EXTENSION_HEADER", self.extended(extension, bytes(6)))
            self.add("SOURCE_ROUTE", self.extended(43, b"\0\1" + bytes(4)))
            for kind in 2, 3, 4:
                self.add("EXTENSION_HEADER", self.extended(43, bytes([kind, 0]) + bytes(4)))
            for extension in 0, 60:
                self.add("EXTENSION_HEADER", self.extended(extension, b"\xc9\4" + bytes(4)))
                self.add("BAD_HEADER", self.extended(extension, b"\1\5" + bytes(4)))
            for offset in 1, 9, 0xFFF8:  # 18 bytes, with more behind them or beyond the end
                self.add("FRAGMENT_BAD", self.extended(44, struct.pack("!HI", offset, 7)))
            self.add("FRAGMENT_LOST", self.extended(44, struct.pack("!HI", 8, 9)))
            return
        for words in range(5):
            self.add("BAD_HEADER", self.changed(data, 0, 0x40 | words))
        for words in range(len(data) // 4 + 1, 16):
            self.add("BAD_HEADER", self.changed(data, 0, 0x40 | words))
        for words in range(1, 11):
            padding = b"\1" * (words * 4 - 4)
            for kind in 7, 68, 82, 136, 30:  # record route, timestamp, and others
                self.add("IP_OPTIONS", self.optioned(padding + bytes([kind, 4, 0, 0])))
            for kind in 131, 137:
                self.add("SOURCE_ROUTE", self.optioned(padding + bytes([kind, 3, 4, 0])))
            for length in 0, 1, 5, 255:
                self.add("BAD_HEADER", self.optioned(padding + bytes([148, length, 0, 0])))
        for claimed in range(20):
            self.add("BAD_HEADER", self.changed(self.changed(data, 2, 0), 3, claimed))
        for claimed in len(data) + 1, len(data) + 2, 1500, 65535:
            self.add("TRUNCATED", self.changed(self.changed(data, 2, claimed >> 8), 3, claimed & 255))
        for offset in 0x2000, 0x2001, 0x1FFF, 1:
            verdict = "FRAGMENT_LOST" if offset == 1 else "FRAGMENT_BAD"
            self.add(verdict, self.changed(self.changed(data, 6, offset >> 8), 7, offset & 255))

    def transport(self):
        payload = b"a payload!"
        for claimed in list(range(8)) + [8 + len(payload) + 1, 1500, 65535]:
            body = struct.pack("!HHHH", self.sport, self.dport, claimed, 0) + payload
            self.add("BAD_TRANSPORT", self.whole(17, body, 6))
        for sport, dport in (0, self.dport), (self.sport, 0), (0, 0):
            body = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
            self.add("BAD_TRANSPORT", self.whole(17, body, 6))
            self.add("BAD_TRANSPORT", self.tcp(5, 16, sport, dport))
        for words in list(range(5)) + list(range(8, 16)):  # 10 bytes of payload: up to 7 words fit
            self.add("BAD_TRANSPORT", self.tcp(words, 16))
        sound = {2, 18, 16, 17, 4, 20}  # SYN, SYN ACK, ACK, FIN ACK, RST, RST ACK
        for flags in range(64):
            if flags & 0x17 not in sound:
                self.add("BAD_FLAGS", self.tcp(5, flags))

    def tcp(self, words, flags, sport=None, dport=None):
        sport = self.sport if sport is None else sport
        dport = self.dport if dport is None else dport
        body = struct.pack("!HHIIBBHHH", sport, dport, 1000, 1000, words << 4, flags, 8192, 0, 0)
        return self.whole(6, body + b"a payload!", 16)

    def martians(self):
        if self.six:
            bad = ["::", "::1", "ff02::1", "ff0e::99", "::203.0.113.9", "::ffff:203.0.113.9"]
            bad_to = ["::", "::1", "::ffff:203.0.113.9"]
        else:
            bad = ["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.9", "224.0.0.1", "239.1.2.3",
                   "240.0.0.1", "255.255.255.255"]
            bad_to = ["0.0.0.0", "0.1.2.3", "127.0.0.1", "240.0.0.1", "254.1.1.1"]
        for protocol in "tcp", "udp", "icmp":
            for address in bad:
                self.add("MARTIAN", packet(protocol, address, self.sport, self.dst, self.dport))
            for address in bad_to:
                self.add("MARTIAN", packet(protocol, self.src, self.sport, address, self.dport))
            for address in self.src, self.dst:  # land
                self.add("MARTIAN", packet(protocol, address, self.sport, address, self.sport))


def seeds(interface, mac, src, dst, sport, dport):
    for protocol in "tcp", "udp", "icmp":
        Wire(interface, mac).send(packet(protocol, src, sport, dst, dport), ":" in src)


def flood(interface, mac, network, hosts, count, dst, dport):
    wire, hosts = Wire(interface, mac), int(hosts)
    heads = {}
    for host in range(2, hosts + 2):  # the first is the gateway
        src = f"{network}.{host}"
        whole = packet("udp", src, 0, dst, dport)
        heads[host] = whole[:20], whole[22:26] + b"\0\0" + whole[28:]  # IPv4 needs no checksum of UDP
    for n in range(int(count)):
        head, rest = heads[n % hosts + 2]
        wire.send(head + struct.pack("!H", 20000 + n // hosts) + rest, False)


def malformed(interface, mac, src, dst, sport, dport):
    lies, wire, counts = Lies(src, dst, sport, dport), Wire(interface, mac), {}
    lies.truncated()
    lies.network()
    lies.transport()
    lies.martians()
    for verdict, data in lies.frames:
        wire.send(data, lies.six)
        counts[verdict] = counts.get(verdict, 0) + 1
    for verdict, count in sorted(counts.items()):
        print(verdict, count)


if __name__ == "__main__":
    commands = {"errors": errors, "malformed": malformed, "seeds": seeds, "flood": flood}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
