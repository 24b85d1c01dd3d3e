#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams that come in pieces, by the kernel's hand or cut by us.

  pieces.py mirror [IF MAC]                  UDP 7100, both families: every datagram goes back to its sender;
                                             one that begins with an order ("order 3012") as fragments in that
                                             order out of IF to MAC
  pieces.py orders IF MAC SOURCE PORT DEST   out of IF to MAC, a datagram to the mirror as four fragments in each
                                             of the 24 orders; prints "24 of 24 came back whole"
  pieces.py one IF MAC SOURCE PORT DEST ORDER ID
                                             one such datagram, or what ORDER has of it; prints "whole", or
                                             "nothing" after a second and a half
  pieces.py large SOURCE DEST SIZE COUNT     datagrams of SIZE bytes from a socket, ten a second; prints
                                             "COUNT of COUNT came back whole"
"""
import itertools
import socket
import struct
import sys
import time

from talk import checksum, family, plain, wire

PORT, SIZE, WAIT = 7100, 4000, 1.5


def body(order, length):
    text = b"order " + order.encode() + b" "
    return text + bytes(i * 7 % 251 for i in range(length - len(text)))


def cut(src, sport, dst, dport, payload, identifier):
    """The four fragments of a UDP datagram, from the IP header on."""
    f = family(src)
    s, d = socket.inet_pton(f, src), socket.inet_pton(f, dst)
    data = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    value = checksum(s + d + struct.pack("!II", len(data), 17) + data) or 0xFFFF
    data = data[:6] + struct.pack("!H", value) + data[8:]
    size = (len(data) // 4 + 7) & ~7
    for offset in range(0, len(data), size):
        part, more = data[offset:offset + size], offset + size < len(data)
        if f == socket.AF_INET6:
            yield (struct.pack("!IHBB", 6 << 28, 8 + len(part), 44, 64) + s + d +
                   struct.pack("!BBHI", 17, 0, offset | more, identifier) + part)
        else:
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(part), identifier & 0xFFFF,
                               offset // 8 | more << 13, 64, 17, 0) + s + d
            yield head[:10] + struct.pack("!H", checksum(head)) + head[12:] + part


def send(raw, head, src, sport, dst, dport, payload, order, identifier):
    pieces = list(cut(src, sport, dst, dport, payload, identifier))
    kind = b"\x86\xdd" if family(src) == socket.AF_INET6 else b"\x08\x00"
    for i in order:
        raw.send(head + kind + pieces[int(i)])


def bound(source, port):
    s = socket.socket(family(source), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    if family(source) == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: the kernel may fragment
    s.bind((source, port))
    s.settimeout(WAIT)
    return s


def mirror(interface=None, mac=None):
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    udp.setsockopt(socket.IPPROTO_IP, 10, 0)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    udp.bind(("::", PORT))
    raw, head = wire(interface, mac) if interface else (None, None)
    print("serving", flush=True)
    for identifier in itertools.count(7):
        data, extra, _, peer = udp.recvmsg(65536, 256)
        if not raw or not data.startswith(b"order "):
            try:
                udp.sendmsg([data], extra, 0, peer)
            except OSError:  # a link is down and no route is left: lost, and the next may not be
                pass
            continue
        own = socket.inet_ntop(socket.AF_INET6, extra[0][2][:16])
        send(raw, head, plain(own), PORT, plain(peer[0]), peer[1], data, data.split()[1].decode(), identifier)


def heard(s, payload):
    try:
        while True:
            if s.recv(65536) == payload:
                return True
    except socket.timeout:
        return False


def orders(interface, mac, source, port, dest):
    raw, head = wire(interface, mac)
    s, whole, n = bound(source, int(port)), 0, 0
    for n, order in enumerate(itertools.permutations("0123")):
        payload = body("".join(order), SIZE)
        send(raw, head, source, int(port), dest, PORT, payload, order, 1000 + n)
        if heard(s, payload):
            whole += 1
        else:
            print("lost", "".join(order), file=sys.stderr)
    print(whole, "of", n + 1, "came back whole", flush=True)


def one(interface, mac, source, port, dest, order, identifier):
    raw, head = wire(interface, mac)
    s, payload = bound(source, int(port)), body("0123", SIZE)
    send(raw, head, source, int(port), dest, PORT, payload, order, int(identifier))
    print("whole" if heard(s, payload) else "nothing", flush=True)


def large(source, dest, size, count):
    s, whole = bound(source, 0), 0
    for n in range(int(count)):
        payload = bytes((i * 31 + n) % 251 for i in range(int(size)))
        s.sendto(payload, (dest, PORT))
        whole += heard(s, payload)
        time.sleep(0.1)
    print(whole, "of", count, "came back whole", flush=True)


if __name__ == "__main__":
    commands = {"mirror": mirror, "orders": orders, "one": one, "large": large}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
