# SPDX-License-Identifier: GPL-2.0-only
"""Sees every wire of a lab at once, and follows a connection from wire to wire.

Each wire is watched at one end, never a gateway's own: what XDP sends on passes by the sockets
there. A translation changes addresses and ports of a connection and leaves its sequence numbers
alone, so a question is its SYN with a certain number wherever that appears, and the answer is the
SYN with an acknowledgement of one more.
"""
import errno
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

from machine import Failed, Inside, wait_for

SO_RCVBUFFORCE, SO_TIMESTAMPNS, PACKET_STATISTICS = 33, 35, 6
ETH_P_ALL, ETH_P_IP, OUTGOING = 3, b"\x08\x00", 4  # only a socket for all sees what goes out
FIN, SYN, RST, ACK = 1, 2, 4, 16
BGP = 179


@dataclass(frozen=True)
class Frame:
    """A TCP segment as it passed a wire."""

    time: int
    sender: str  # the nodes at both ends of the wire
    receiver: str
    src: str
    sport: int
    dst: str
    dport: int
    seq: int
    ack: int
    flags: int

    def tuple(self):
        return f"{self.src}:{self.sport} > {self.dst}:{self.dport}"


class Eye:
    """Use it as a context: frames are kept from its beginning to its end."""

    def __init__(self, lab):
        self.lab, self.frames, self.sockets = lab, [], {}
        self.ending, self.trouble = threading.Event(), None

    def __enter__(self):
        for wire in self.lab.wires:
            left = not self.lab.has_xdp(wire.left)
            node, other = (wire.left, wire.right) if left else (wire.right, wire.left)
            with Inside(self.lab.space(node)):
                s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
            s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            s.bind((self.lab.devices(wire)[0 if left else 1], ETH_P_ALL))
            s.setblocking(False)
            self.sockets[s.fileno()] = (s, node, other)
        wait_for("the kernel stamps frames as they pass", 5, stamped_early)
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        """What had arrived by then is read first. What a socket could not hold was not watched."""
        self.ending.set()
        self.thread.join()
        lost = 0
        for s, _, _ in self.sockets.values():
            lost += struct.unpack("II", s.getsockopt(263, PACKET_STATISTICS, 8))[1]  # SOL_PACKET
            s.close()
        if lost or self.trouble:
            raise Failed(f"the eye: {self.trouble or f'{lost} frames were lost to it'}")
        self.frames.sort(key=lambda f: f.time)

    def watch(self):
        poll = select.poll()
        for fd in self.sockets:
            poll.register(fd, select.POLLIN)
        try:
            ready = True
            while ready or not self.ending.is_set():
                ready = poll.poll(50)
                for fd, _ in ready:
                    self.read(*self.sockets[fd])
        except Exception as error:  # whoever opened the eye must know
            self.trouble = error

    def read(self, s, node, other):
        for _ in range(64):
            try:
                data, extra, _, address = s.recvmsg(128, 64)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENETDOWN:  # a scene pulled this cable
                    raise
                return
            ends = (node, other) if address[2] == OUTGOING else (other, node)
            frame = parse(data[14:], extra, ends) if data[12:14] == ETH_P_IP else None
            if frame and BGP not in (frame.sport, frame.dport):
                self.frames.append(frame)

    # What was seen, once it ended.

    def question(self, src, dst, dport, sport=None):
        """The SYN of a connection as it left its own host; the latest, where there are several."""
        for frame in reversed(self.frames):
            if (
                frame.flags & (SYN | ACK) == SYN
                and (frame.src, frame.dst, frame.dport) == (src, dst, dport)
                and sport in (None, frame.sport)
            ):
                return frame
        return None

    def way(self, syn):
        """How the question passed the wires, and how its answer did; each wire once."""
        questions = [f for f in self.frames if f.flags & (SYN | ACK) == SYN and f.seq == syn.seq]
        answers = [
            f
            for f in self.frames
            if f.flags & (SYN | ACK) == SYN | ACK and f.ack == (syn.seq + 1) & 0xFFFFFFFF
        ]
        return first(questions), first(answers)


def stamp(extra):
    """Nanoseconds, out of what recvmsg gives beside the data."""
    for level, kind, value in extra:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", value)
            return seconds * 1000000000 + nanoseconds
    return 0


def stamped_early():
    """Does the kernel stamp a packet when it arrives? It begins to some time after the first socket
    has asked for stamps; until then they tell when a packet was read, and so nothing of the order.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        s.bind(("127.0.0.1", 0))
        s.sendto(b"now", s.getsockname())
        sent = time.time_ns()
        time.sleep(0.01)
        return stamp(s.recvmsg(16, 64)[1]) < sent + 5000000


def parse(packet, extra, ends):
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    head = (packet[0] & 15) * 4
    if len(packet) < head + 20 or struct.unpack_from("!H", packet, 6)[0] & 0x1FFF:
        return None
    sport, dport, seq, ack, _, flags = struct.unpack_from("!HHIIBB", packet, head)
    return Frame(
        stamp(extra),
        *ends,
        socket.inet_ntoa(packet[12:16]),
        sport,
        socket.inet_ntoa(packet[16:20]),
        dport,
        seq,
        ack,
        flags,
    )


def first(frames):
    found = {}
    for frame in frames:
        found.setdefault((frame.sender, frame.receiver), frame)
    return list(found.values())


def hops(way):
    """The nodes that a way led over."""
    return [way[0].sender] + [f.receiver for f in way] if way else []
