#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What `explain` says of a packet, and what then becomes of it.

  foretold.py LAB GATEWAY COUNT SEED SAMEPATH...

Draws COUNT packets of the network of netns.sh: from inside and from the circuits, of flows that live and of
none, errors about them, to services and to nobody. Each is explained by SAMEPATH..., run in the
namespace of the gateway, and then sent as explained, on the wire. The verdict must be the one that was
told, and what leaves must leave by the device, to the neighbour and with the tuple that were told; a port
that was said to be drawn must be one of the range. A difference is printed with all that was said, and
ends it with status 1.
"""
import collections
import ctypes
import ipaddress
import json
import os
import random
import re
import select
import socket
import struct
import subprocess
import sys
import time

LAB, GATEWAY, COUNT, SEED = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
SAMEPATH = sys.argv[5:]
WIRES = {"lan0": ("pilot", "eth0"), "lan1": ("campus", "eth0"), "er0": ("chicago", "c0"),
         "er1": ("chicago", "c1"), "er2": ("dallas", "d0"), "wan0": ("internet", "i0")}
CIRCUITS = ("er0", "er1", "er2", "wan0")
# what neighbour discovery and the hosts themselves may add at any moment
NOISE = {"NOT_IP", "MULTICAST", "TO_GATEWAY", "NEIGHBOUR_ANSWERED", "RESOLVED", "GUARD_PASSED"}
draw = random.Random(SEED)


def enter(space):
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(f"/run/netns/{LAB}{space}", os.O_RDONLY)
    if libc.setns(fd, 0):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def ear(space, device):
    enter(space)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((device, 0))
    s.setblocking(False)
    return s


ears = {near: ear(*far) for near, far in WIRES.items()}
enter("gw")


def ask(words):
    run = subprocess.run([*SAMEPATH, "-j", "explain", *words], stdout=subprocess.PIPE, check=False)
    told = json.loads(run.stdout)
    if run.returncode:
        sys.exit(f"explain {' '.join(words)}: {told}")
    return told


class Verdicts:
    """The counters, read by the system call: a process for each reading would take most of the time."""

    def __init__(self):
        text = subprocess.run([*SAMEPATH, "-j", "show"], stdout=subprocess.PIPE, check=True).stdout
        self.bpf = ctypes.CDLL(None, use_errno=True).syscall
        path = ctypes.create_string_buffer(f"/sys/fs/bpf/samepath/{GATEWAY}/verdicts".encode())
        self.map = self.call(7, struct.pack("=QII", ctypes.addressof(path), 0, 0))
        info = subprocess.run(["bpftool", "-j", "map", "show", "pinned", path.value.decode()],
                              stdout=subprocess.PIPE, check=True).stdout
        self.count = json.loads(info)["max_entries"]
        with open("/sys/devices/system/cpu/possible", encoding="ascii") as f:
            self.cpus = int(f.read().strip().split("-")[-1]) + 1
        header = os.path.join(os.path.dirname(__file__), "../../maps/verdict.h")
        with open(header, encoding="utf-8") as f:
            self.names = re.findall(r"^\tX\((\w+), ", f.read(), re.M)
        assert len(self.names) == self.count and text

    def call(self, command, attributes):
        block = ctypes.create_string_buffer(attributes.ljust(128, b"\0"))
        got = self.bpf(321 if os.uname().machine == "x86_64" else 280, command, block, 128)
        if got < 0:
            raise OSError(ctypes.get_errno(), "bpf")
        return got

    def read(self):
        value = ctypes.create_string_buffer(16 * self.cpus)
        found = {}
        for i in range(self.count):
            key = ctypes.create_string_buffer(struct.pack("=I", i))
            self.call(1, struct.pack("=IIQQQ", self.map, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
            found[self.names[i]] = sum(struct.unpack_from("=Q", value, 16 * c)[0] for c in range(self.cpus))
        return found


def at(address, port=None):
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def ported(protocol, source, sport, destination, dport):
    if protocol in ("tcp", "udp"):
        return [protocol, at(source, sport), at(destination, dport)]
    return [protocol, at(source, sport) if protocol == "icmp" else source, destination]


INSIDE = (["10.1.20.2", "10.1.20.3", "10.1.20.9", "10.2.0.2", "10.2.0.101", "10.3.3.3", "172.31.0.5"],
          ["2001:db8:10:20::2", "2001:db8:10:20::7", "2001:db8:10:2::2", "2001:db8:77::1"])
ASKED = (["198.18.1.10", "198.18.1.11", "198.19.0.10", "198.51.100.5", "10.1.20.1", "10.2.0.2", "192.168.1.9",
          "203.0.113.40", "169.254.7.7", "127.0.0.1"],
         ["2001:db8:e::10", "2001:db8:f00::10", "2001:db8:5::5", "2001:db8:10:20::1", "2001:db8:1::77"])
REMOTE = (["198.18.1.10", "198.19.0.10", "198.19.0.77", "10.1.20.2", "203.0.113.33"],
          ["2001:db8:e::10", "2001:db8:f00::10", "2001:db8:10:20::2"])
OURS = (["198.51.100.5", "203.0.113.40", "203.0.113.3", "192.0.2.1", "192.168.5.5", "10.2.0.2", "198.18.9.9"],
        ["2001:db8:5::5", "2001:db8:1::9", "2001:db8:ff::1", "2001:db8:10:2::2"])


def leaving():
    """From inside, mostly to where a circuit leads."""
    six = draw.random() < 0.3
    protocol = draw.choice(["tcp", "tcp", "udp", "udp", "icmp", "47"])
    words = ported(protocol, draw.choice(INSIDE[six]), draw.choice([500, 40000, 40001]),
                   draw.choice(ASKED[six][:3] if draw.random() < 0.7 else ASKED[six]),
                   draw.choice([53, 443, 7000]))
    return words + (["on", "lan0"] if "172.31" in words[1] or ":77::" in words[1] or "10.3.3" in words[1] else [])


def coming():
    """From a circuit: to what is published, to pools, to nobody."""
    six = draw.random() < 0.3
    protocol = draw.choice(["tcp", "udp", "icmp", "50"])
    to = OURS[six][0] if draw.random() < 0.6 else draw.choice(OURS[six])
    return ported(protocol, draw.choice(REMOTE[six]), draw.choice([40000, 40001, 999]), to,
                  draw.choice([7000, 7001, 443])) + ["on", draw.choice(CIRCUITS)]


TUPLE = re.compile(r"^\[?([0-9a-f.:]+?)\]?:(\d+) > \[?([0-9a-f.:]+?)\]?:(\d+)$")


def tuple_of(text):
    source, sport, destination, dport = TUPLE.match(text).groups()
    return source, int(sport), destination, int(dport)


Live = collections.namedtuple("Live", "protocol key becomes device")
live = []  # halves that were told, and packets for them


def turned(key):
    return key[2], key[3], key[0], key[1]


def again():
    """Of a flow: once more, or the answer, from where it should come or from elsewhere."""
    f = draw.choice(live)
    if draw.random() < 0.5:
        words = ported(f.protocol, *f.key)
    elif f.protocol == "icmp":
        source, _, destination, _ = turned(f.becomes)
        words = ["echo-reply", source, at(destination, f.becomes[1])]
    else:
        words = ported(f.protocol, *turned(f.becomes))
    if draw.random() < 0.2:
        words += ["on", draw.choice(list(WIRES))]
    if f.protocol == "tcp" and draw.random() < 0.3:
        words += ["flags", draw.choice(["syn", "ack", "fin,ack", "rst", "syn,ack", "fin"])]
    return words


def error():
    """About a packet that left, from a router on the way or from where it went."""
    f = draw.choice([f for f in live if f.protocol in ("tcp", "udp", "icmp")])
    source, sport, destination, dport = f.becomes
    if draw.random() < 0.2:
        sport = sport % 60000 + 1
    router = destination if draw.random() < 0.5 else "198.18.200.1" if "." in destination else "2001:db8:e::99"
    kind = draw.choice(["unreachable", "port-unreachable", "too-big", "time-exceeded"])
    return [kind, router, source, "about", *ported(f.protocol, source, sport, destination, dport), "on",
            f.device if draw.random() < 0.8 and f.device else draw.choice(CIRCUITS)]


def drawn():
    roll = draw.random()
    if live and roll < 0.35:
        words = again()
    elif any(f.protocol in ("tcp", "udp", "icmp") for f in live) and roll < 0.45:
        words = error()
    elif roll < 0.75:
        words = leaving()
    else:
        words = coming()
    if words[0] not in ("unreachable", "port-unreachable", "too-big", "time-exceeded") and draw.random() < 0.1:
        words += draw.choice([["ttl", "1"], ["size", "1450"]])
    return words


def seen_as(frame):
    """(destination MAC, protocol number, tuple) of a frame; an error's tuple is its addresses."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == 0x0800:
        number, l4 = frame[23], 14 + (frame[14] & 15) * 4
        addresses = [str(ipaddress.ip_address(frame[i:i + 4])) for i in (26, 30)]
    elif kind == 0x86DD:
        number, l4 = frame[20], 54
        addresses = [str(ipaddress.ip_address(frame[i:i + 16])) for i in (22, 38)]
    else:
        return None
    ports = (0, 0)
    if number in (6, 17):
        ports = struct.unpack_from("!HH", frame, l4)
    elif number in (1, 58) and frame[l4] in (8, 128):
        ports = struct.unpack_from("!H", frame, l4 + 4)[0], 0
    elif number in (1, 58) and frame[l4] in (0, 129):
        ports = 0, struct.unpack_from("!H", frame, l4 + 4)[0]
    return frame[:6].hex(":"), number, (addresses[0], ports[0], addresses[1], ports[1])


def flushed():
    for s in ears.values():
        try:
            while True:
                s.recv(65536)
        except BlockingIOError:
            pass


def left_by(device, fits):
    """The first frame on this wire that fits, within two seconds."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        select.select([ears[device]], [], [], 0.2)
        try:
            while True:
                frame, about = ears[device].recvfrom(65536)
                found = seen_as(frame) if about[2] != socket.PACKET_OUTGOING else None
                if found and fits(found):
                    return found
        except BlockingIOError:
            pass
    return None


def wrong(words, told, why):
    told.pop("frame", None)
    print(f"explain {' '.join(words)}: {why}\n{json.dumps(told, indent=1)}")
    sys.exit(1)


def moved(before, verdict):
    """What the counters say once the packet is through."""
    until = time.monotonic() + 2
    while True:
        now = verdicts.read()
        delta = {n: now[n] - before[n] for n in now if now[n] != before[n]}
        if verdict in delta or time.monotonic() > until:
            return delta


def judge_way(words, told):
    error_told = told["packet"].startswith("icmp type")
    want = tuple_of(told["becomes"])
    numbers = {"tcp": 6, "udp": 17, "icmp": 58 if ":" in want[0] else 1}
    number = numbers["icmp"] if error_told else numbers.get(words[0].replace("echo-reply", "icmp")) or int(words[0])

    def fits(found):
        _, its, key = found
        if its != number or key[2] != want[2]:
            return False
        return error_told or (key[0] == want[0] and key[3] == want[3])

    found = left_by(told["device"], fits)
    if not found:
        wrong(words, told, f"nothing like it left by {told['device']}")
    if told["verdict"] == "FORWARDED" and found[0] != told["neighbour"]:
        wrong(words, told, f"it went to the neighbour {found[0]}")
    port = found[2][1]
    if error_told or port == want[1]:
        return found[2]
    if "port-from" not in told or not told["port-from"] <= port <= told["port-to"]:
        wrong(words, told, f"it left from port {port}")
    return found[2]


def remember(words, told, went):
    if told["flow"] != "would be opened":
        return
    device = told.get("device")
    live.append(Live(words[0], tuple_of(told["tuple"]), went, device if device in CIRCUITS else None))


verdicts = Verdicts()
seen = collections.Counter()
for _ in range(COUNT):
    words = drawn()
    before = verdicts.read()
    told = ask(words)
    if verdicts.read() != before and not set(n for n, v in verdicts.read().items() if v != before[n]) <= NOISE:
        wrong(words, told, "to explain it was counted")
    if "size" in words and told["arrives-on"] in ("er0", "er1"):
        continue  # that wire does not carry it
    flushed()
    before = verdicts.read()
    ears[told["arrives-on"]].send(bytes.fromhex(told["frame"]))
    delta = moved(before, told["verdict"])
    if told["verdict"] not in delta or set(delta) - NOISE - {told["verdict"]}:
        wrong(words, told, f"the counters moved by {delta}")
    if told["verdict"] in ("FORWARDED", "RESOLVING", "TCP_IDLE"):
        remember(words, told, judge_way(words, told))
    seen[told["verdict"]] += 1
print(f"{COUNT} packets, as told:", ", ".join(f"{n} {v}" for v, n in seen.most_common()))
