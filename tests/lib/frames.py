#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Packets that lie, and packets that speak of others.

  frames.py errors IF MAC             out of IF to MAC, an ICMP error for each line of stdin:
                                        TYPE CODE FROM TO udp|tcp|icmp SRC SPORT DST DPORT
                                      from FROM to TO, quoting a packet SRC:SPORT -> DST:DPORT;
                                      icmp: an echo request with identifier SPORT
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


if __name__ == "__main__":
    commands = {"errors": errors}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
