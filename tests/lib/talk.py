#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Both ends of a conversation, and packets that no socket would send.

  talk.py serve NAME [ADDRESS...]                 TCP and UDP 7000-7003, both families: each line is
                                                  answered with "NAME CLIENT-ADDRESS CLIENT-PORT";
                                                  ADDRESS: only there, else everywhere
  talk.py ask tcp|udp SOURCE PORT DEST DPORT      one connection; each line on stdin is sent, its
                                                  answer printed. PORT 0: any. An ICMP error prints
                                                  "error TEXT"; status 1
  talk.py open udp|tcp SOURCE COUNT DEST DPORT    COUNT conversations at once, kept; prints answers,
                                                  or "error TEXT" for each that failed
  talk.py hops udp|tcp SOURCE DEST DPORT          who says that a packet's hops are used up, a line for each
                                                  number of hops from 1: "ADDRESS ERROR"; or "arrived"
  talk.py hold tcp|udp SOURCE COUNT DEST DPORT    COUNT conversations, kept: prints "COUNT held"; for each
                                                  line on stdin all are asked again, and "N as before"
                                                  says how many heard what they heard at first
  talk.py fresh SOURCE4 DEST4 SOURCE6 DEST6 RATE  conversations that are new, of both protocols and families,
                                                  until end of stdin: each asks once, and ends. Prints how
                                                  often each was answered by whom: "chicago 203.0.113.0 11"
  talk.py echo SOURCE DEST RATE SECONDS           echo requests; prints "N of M answered": by their own words,
                                                  and with a checksum that is right, which ping(8) does not ask
  talk.py ready SOCKET                            prints what a service says of itself there
  talk.py inject IF MAC udp|tcp|icmp SRC SPORT DST DPORT [FLAGS]
                                                  one raw frame out of IF to MAC; icmp: echo reply
                                                  with identifier DPORT
  talk.py forge IF MAC SRC SPORT DST DPORT COUNT  COUNT TCP frames of one tuple, with every combination of flags
                                                  and other numbers in each; a few thousand a second
  talk.py storm IF MAC SRC4 SRC6 DEST...          without end, some thousand raw frames a second of all
                                                  sorts to each DEST: TCP, UDP, echo, GRE, ESP, SCTP, 253
"""
import errno
import ipaddress
import os
import select
import selectors
import socket
import struct
import sys
import time

WAIT = float(os.environ.get("TALK_WAIT", 2))  # seconds of silence that end a conversation


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def plain(address):
    return address[7:] if address.startswith("::ffff:") else address


def serve(name, *addresses):
    selector = selectors.DefaultSelector()
    where = [(a, port) for a in addresses or ("::",) for port in range(7000, 7004)]

    def answer(address):
        return f"{name} {plain(address[0])} {address[1]}\n".encode()

    for address, port in where:
        if family(address) == socket.AF_INET:
            address = "::ffff:" + address
        # A server of many addresses must answer from the one it was asked on: see IP_PKTINFO.
        udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        udp.bind((address, port))
        selector.register(udp, selectors.EVENT_READ, "udp")
        tcp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((address, port))
        tcp.listen(512)
        selector.register(tcp, selectors.EVENT_READ, "listen")
    print("serving", flush=True)
    while True:
        for key, _ in selector.select():
            s = key.fileobj
            try:
                if key.data == "udp":
                    _, extra, _, peer = s.recvmsg(2048, 256)
                    s.sendmsg([answer(peer)], extra, 0, peer)
                elif key.data == "listen":
                    c, peer = s.accept()
                    selector.register(c, selectors.EVENT_READ, ("tcp", peer))
                elif s.recv(65536):
                    s.sendall(answer(key.data[1]))
                else:
                    selector.unregister(s)
                    s.close()
            except OSError:
                if key.data not in ("udp", "listen"):
                    selector.unregister(s)
                    s.close()


def connect(protocol, source, sport, dest, dport):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    s = socket.socket(family(source), kind)
    s.settimeout(WAIT)
    if sport:  # without one, UDP sockets that may share a port are given one to share at times
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # errors of ICMP are told at once, not only when a connection gives up; TALK_DEAF: only what ends a socket
    if os.environ.get("TALK_DEAF"):
        pass
    elif family(source) == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, 11, 1)
    else:
        s.setsockopt(socket.IPPROTO_IPV6, 25, 1)
    s.bind((source, sport))
    s.connect((dest, dport))
    return s


def failed(e):
    code = errno.errorcode.get(e.errno, "TIMEOUT") if e.errno else "TIMEOUT"
    print("error", code, flush=True)


def ask(protocol, source, sport, dest, dport):
    try:
        s = connect(protocol, source, int(sport), dest, int(dport))
        for line in sys.stdin:
            s.send(line.encode())
            reply = s.recv(2048)
            if not reply:
                print("error CLOSED", flush=True)
                return 1
            print(reply.decode().strip(), flush=True)
    except OSError as e:
        failed(e)
        return 1
    return 0


def open_many(protocol, source, count, dest, dport):
    kept, bad = [], 0
    for _ in range(int(count)):
        try:
            s = connect(protocol, source, 0, dest, int(dport))
            s.settimeout(0.5)
            s.send(b"x\n")
            print(s.recv(2048).decode().strip(), flush=True)
            kept.append(s)
        except OSError as e:
            failed(e)
            bad = 1
    return bad


def offender(s):
    """Who complained, from the queue of errors (linux/errqueue.h), and of what."""
    _, extra, _, _ = s.recvmsg(2048, 512, socket.MSG_ERRQUEUE)
    data = extra[0][2]
    number, = struct.unpack_from("I", data)
    kind, = struct.unpack_from("H", data, 16)  # behind struct sock_extended_err
    start, length = (24, 16) if kind == socket.AF_INET6 else (20, 4)
    return f"{socket.inet_ntop(kind, data[start:start + length])} {errno.errorcode[number]}"


def hops(protocol, source, dest, dport):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    six = family(source) == socket.AF_INET6
    level, limit, errors = (41, 16, 25) if six else (0, socket.IP_TTL, 11)
    for ttl in range(1, 9):
        with socket.socket(family(source), kind) as s:
            s.settimeout(WAIT)
            s.setsockopt(level, errors, 1)
            s.setsockopt(level, limit, ttl)
            s.bind((source, 0))
            try:
                s.connect((dest, int(dport)))
                s.send(b"x")
                s.recv(16)
                print("arrived", flush=True)
                return 0
            except socket.timeout:
                print("silence", flush=True)
            except OSError as e:
                if protocol == "tcp" and e.errno == errno.ECONNREFUSED:  # by a reset
                    print("arrived", flush=True)
                    return 0
                said = offender(s)
                print(said, flush=True)
                if said.endswith("ECONNREFUSED"):
                    return 0
    return 1


def hold(protocol, source, count, dest, dport):
    def heard(s):
        while True:
            try:
                s.send(b"x\n")
                return s.recv(2048)
            except OSError as error:
                # the queue of the own wire was full, nothing was sent: no word about the gateway
                if error.errno != errno.ENOBUFS:
                    return error

    kept = [connect(protocol, source, 0, dest, int(dport)) for _ in range(int(count))]
    first = [heard(s) for s in kept]
    print(sum(isinstance(a, bytes) for a in first), "held", flush=True)
    for _ in sys.stdin:
        again = [heard(s) for s in kept]
        other = [(a, b) for a, b in zip(first, again) if not isinstance(b, bytes) or a != b]
        # who reads a smaller number wants to know what was heard instead
        detail = f", else {other[0][1]!r} for {other[0][0]!r}" if other else ""
        print(len(kept) - len(other), "as before" + detail, flush=True)
    return 0


def fresh(source4, dest4, source6, dest6, rate):
    heard, begun, n = {}, time.monotonic(), 0
    ways = [(p, s, d) for s, d in ((source4, dest4), (source6, dest6)) for p in ("udp", "tcp")]
    while not select.select([sys.stdin], [], [], max(0, begun + n / float(rate) - time.monotonic()))[0]:
        protocol, source, dest = ways[n % 4]
        # no tuple twice: what had it before might still be remembered
        sport, dport = 2000 + n // 4 % 60000, 7000 + n // 240000
        n += 1
        try:
            with connect(protocol, source, sport, dest, dport) as s:
                s.send(b"x\n")
                name, address, _ = s.recv(2048).decode().split()
                who = name + " " + str(ipaddress.ip_network(address + ("/28" if dest == dest4 else "/64"), False))
        except (OSError, ValueError) as e:
            who = f"{protocol} from {source} port {sport} after {time.monotonic() - begun:.0f} s: {e!r}"
        heard[who] = heard.get(who, 0) + 1
    for who, count in sorted(heard.items()):
        print(who, count, flush=True)
    return 0


def echo(source, dest, rate, seconds):
    six = family(source) == socket.AF_INET6
    s = socket.socket(family(source), socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    s.bind((source, 0))
    waiting, sent, begun = set(), 0, time.monotonic()
    while True:
        due = begun + sent / float(rate)
        done = due >= begun + float(seconds)
        if done and (not waiting or time.monotonic() > due + 4):
            break
        if select.select([s], [], [], max(0, due + (4 if done else 0) - time.monotonic()))[0]:
            waiting.discard(s.recv(2048)[8:])
        elif not done:
            words = os.urandom(16)
            s.sendto(struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, sent & 0xFFFF) + words, (dest, 0))
            waiting.add(words)
            sent += 1
    print(f"{sent - len(waiting)} of {sent} answered", flush=True)
    return 0


def ready(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    while True:  # later words must find an open socket too
        for line in s.recv(4096).decode().splitlines():
            print({"READY=1": "ready"}.get(line, line), flush=True)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(protocol, sport, dport, flags, bits, number):
    """Header and payload with a zero checksum, its offset, and the protocol number."""
    if protocol == "tcp":
        if bits is None:
            bits = sum({"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}[f] for f in flags)
        return struct.pack("!HHIIBBHHH", sport, dport, number, number, 0x50, bits, 8192, 0, 0), 16, 6
    if protocol == "udp":
        return struct.pack("!HHHH", sport, dport, 16, 0) + b"injected", 6, 17
    if protocol in ("icmp", "echo"):
        kind = 8 if protocol == "echo" else 0
        return struct.pack("!BBHHH", kind, 0, 0, dport, 1) + b"injected", 2, 1
    return bytes(16), None, int(protocol)


def packet(protocol, src, sport, dst, dport, flags, bits=None, sequence=1000):
    """IP packet, and its ethertype."""
    body, at, number = segment(protocol, int(sport), int(dport), flags, bits, sequence)
    f = family(src)
    s, d = socket.inet_pton(f, src), socket.inet_pton(f, dst)
    if number == 1 and f == socket.AF_INET6:
        number, body = 58, (b"\x80" if body[0] else b"\x81") + body[1:]
    if at is not None:
        pseudo = s + d + struct.pack("!II", len(body), number)
        body = bytearray(body)
        value = checksum((b"" if number == 1 else pseudo) + bytes(body)) or 0xFFFF
        struct.pack_into("!H", body, at, value)
    if f == socket.AF_INET:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0x4000, 64, number, 0) + s + d
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    else:
        head = struct.pack("!IHBB", 6 << 28, len(body), number, 64) + s + d
    return head + bytes(body), b"\x08\x00" if f == socket.AF_INET else b"\x86\xdd"


def wire(interface, mac):
    """A socket that sends frames, and the addresses that open each."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((interface, 0))
    return raw, bytes.fromhex(mac.replace(":", "")) + raw.getsockname()[4]


def inject(interface, mac, protocol, src, sport, dst, dport, flags="A"):
    raw, head = wire(interface, mac)
    body, kind = packet(protocol, src, sport, dst, dport, flags)
    raw.send(head + kind + body)
    return 0


def forge(interface, mac, src, sport, dst, dport, count):
    raw, head = wire(interface, mac)
    for n in range(int(count)):
        body, kind = packet("tcp", src, sport, dst, dport, "A", n % 64, n * 0x9E3779B1 & 0xFFFFFFFF)
        raw.send(head + kind + body)
        if n % 32 == 31:
            time.sleep(0.005)  # or the wire's queue loses some
    return 0


def storm(interface, mac, source4, source6, *destinations):
    raw, head = wire(interface, mac)
    volleys = []
    for port in range(20000, 20016):  # new flows every so often, and old ones
        frames = []
        for destination in destinations:
            source = source4 if family(destination) == socket.AF_INET else source6
            for protocol, flags in (("tcp", "S"), ("tcp", "A"), ("udp", ""), ("echo", ""),
                                    ("47", ""), ("50", ""), ("132", ""), ("253", "")):
                body, kind = packet(protocol, source, port, destination, port - 10000, flags)
                frames.append(head + kind + body)
        volleys.append(frames)
    print("storming", flush=True)
    while True:
        for frames in volleys:
            for frame in frames:
                try:
                    raw.send(frame)
                except OSError:  # the queue is full
                    pass
            time.sleep(0.005)


if __name__ == "__main__":
    commands = {"serve": serve, "ask": ask, "open": open_many, "hold": hold, "hops": hops, "fresh": fresh, "echo": echo, "ready": ready,
                "inject": inject, "forge": forge, "storm": storm}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    try:
        sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
    except KeyboardInterrupt:
        os._exit(130)
