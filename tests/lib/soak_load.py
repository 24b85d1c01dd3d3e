#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Honest traffic for the soak, and what became of it.

  soak_load.py run FILE       the loads of FILE until SIGTERM, a line each: KIND NAME TAGS EXPECT WORDS...
  soak_load.py fill NAME WINDOWS tcp|udp SOURCE DEST DPORT MOST REST
                              opens conversations until ten were refused, MOST at most, and lets go of
                              them a second later; when their flows have ended, after REST seconds, ends with ten new
                              ones in a row that are answered. WINDOWS gets "NAME BEGIN", then "NAME BEGIN END". Prints
                              how many there were
  soak_load.py judge WINDOWS LOG...
                              prints what failed outside the windows of its tags; status 1 when any did
  soak_load.py excused WINDOWS BEGIN END MOST
                              prints how much of the time from BEGIN to END is in the windows of each tag; status 1
                              when those that wires have opened by what they lost are more than MOST % for any

Kinds, all at RATE a second:
  keep   tcp|udp SOURCE COUNT DEST DPORT RATE   conversations that stay, each asked in turn
  fresh  SOURCE DEST DPORT RATE                 new ones, TCP and UDP in turn, one question each
  page   URL RATE                               curl
  large  SOURCE DEST SIZE RATE                  datagrams that come in fragments, to a mirror (pieces.py)
  bulk   SOURCE DEST RATE                       2 MiB each way (bulk.py), path MTU unknown each time
  ping   SOURCE DEST RATE

A line of WINDOWS is TAG BEGIN END, with "lost" behind it when a wire is its reason. TAGS are the windows, "chicago,pool", in which it may fail; "-" is none, "wire" is everyone's. EXPECT is who answers, and what
it saw as the client: "chicago/203.0.113.32/28"; names as a pattern, "s./192.168.1.0/24".

A log line is BEGIN END missed|dead NAME TAGS TEXT, times in seconds. What is dead no window excuses: a
conversation that broke, or that was answered as if it were another. At the end: "sum NAME OK MISSED".
"""
import ipaddress
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import bulk
import pieces
import talk

PATIENCE = 4  # seconds for an answer: a busy machine may stall for longer than a lost packet takes to be missed
LONGEST = 60  # seconds after which silent TCP is dead: its backoff has come to one half of that

stop = threading.Event()
writing = threading.Lock()


def write(*words):
    with writing:
        print(*words, flush=True)


class Load:
    def __init__(self, name, tags, expect):
        self.name, self.tags, self.ok, self.missed = name, tags, 0, 0
        who, _, prefix = expect.partition("/")
        self.who, self.prefix = re.compile(who), ipaddress.ip_network(prefix) if prefix else None

    def failed(self, begin, text, kind="missed"):
        self.missed += 1
        write(f"{begin:.3f} {time.time():.3f} {kind} {self.name} {self.tags} {text}")

    def expected(self, answer):
        name, address = answer.split()[:2]
        return self.who.fullmatch(name) and ipaddress.ip_address(talk.plain(address)) in self.prefix

    def answered(self, begin, answer):
        try:
            right = self.expected(answer)
        except ValueError:
            right = False
        if right:
            self.ok += 1
        else:
            self.failed(begin, f"answered {answer!r}")


def paced(rate):
    """The numbers from 0, RATE of them a second, until the end. Who is late does not catch up."""
    at = time.monotonic()
    for n in itertools.count():
        at = max(at + 1 / float(rate), time.monotonic())
        if stop.wait(at - time.monotonic()):
            return
        yield n


def connected(protocol, source, port, dest, dport, wait):
    """Without the queue of ICMP errors: only what ends a connection is heard of."""
    s = socket.socket(talk.family(source), socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(wait)
    if port:  # without one, UDP sockets that may share a port are given one to share at times
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((source, port))
    s.connect((dest, int(dport)))
    return s


def line(s):
    s.send(b"x\n")
    answer = s.recv(2048).decode().strip()
    if not answer:
        raise ConnectionResetError("closed")
    return answer


def keep(load, protocol, source, count, dest, dport, rate):
    wait = LONGEST if protocol == "tcp" else PATIENCE
    kept = [connected(protocol, source, 0, dest, dport, wait) for _ in range(int(count))]
    first = [line(s) for s in kept]
    for answer in first:
        load.answered(time.time(), answer)
    write("kept", load.name)
    for n in paced(rate):
        i, begin = n % len(kept), time.time()
        if kept[i] is None:
            continue
        try:
            answer = line(kept[i])
        except socket.timeout as error:
            load.failed(begin, "silence", "dead" if protocol == "tcp" else "missed")
            continue
        except OSError as error:
            load.failed(begin, repr(error), "dead" if protocol == "tcp" else "missed")
            if protocol == "tcp":
                kept[i] = None
            continue
        if answer != first[i]:
            load.failed(begin, f"{answer!r} for {first[i]!r}", "dead")
        elif time.time() - begin > PATIENCE:
            load.failed(begin, "late")
        else:
            load.ok += 1


def fresh(load, source, dest, dport, rate):
    for n in paced(rate):
        begin = time.time()
        try:
            # between the servers' ports and those the kernel gives away, none twice while it may be remembered
            with connected(("udp", "tcp")[n % 2], source, 10000 + n // 2 % 20000, dest, dport, PATIENCE) as s:
                load.answered(begin, line(s))
        except OSError as error:
            load.failed(begin, repr(error))


def page(load, url, rate):
    for _ in paced(rate):
        begin = time.time()
        run = subprocess.run(["curl", "-sS", "--max-time", "20", url], capture_output=True, text=True)
        if run.returncode:
            load.failed(begin, run.stderr.strip())
        else:
            load.answered(begin, run.stdout)


def large(load, source, dest, size, rate):
    s = pieces.bound(source, 0)
    s.settimeout(PATIENCE)
    for _ in paced(rate):
        begin, payload = time.time(), os.urandom(int(size))
        s.sendto(payload, (dest, pieces.PORT))
        if pieces.heard(s, payload):
            load.ok += 1
        else:
            load.failed(begin, "did not come back whole")


def forget_mtu():
    for family in "-4", "-6":
        subprocess.run(["ip", family, "route", "flush", "cache"], check=False)


def bulks(load, source, dest, rate):
    for _ in paced(rate):
        forget_mtu()
        begin = time.time()
        try:
            said = bulk.exchange(source, dest, 7200)
        except OSError as error:
            said = repr(error)
        if said == "whole":
            load.ok += 1
        else:
            load.failed(begin, said)


def ping(load, source, dest, rate):
    command = ["ping", "-n", "-O", "-D", "-W", str(PATIENCE), "-i", str(1 / float(rate)), "-I", source, dest]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    load.end = run.terminate
    waiting = {}
    for said in run.stdout:
        stamp, number = re.match(r"\[([\d.]+)\]", said), re.search(r"icmp_seq=(\d+)", said)
        if not stamp or not number:
            continue
        at, number = float(stamp[1]), number[1]
        if "bytes from" in said:
            load.ok += 1
            waiting.pop(number, None)
        else:  # silence so far, or an error
            waiting.setdefault(number, at - 1 / float(rate))
        for old in [n for n, since in waiting.items() if at - since > PATIENCE]:
            load.failed(waiting.pop(old), f"no answer to {old}")


KINDS = {"keep": keep, "fresh": fresh, "page": page, "large": large, "bulk": bulks, "ping": ping}


def started(load, kind, words):
    def body():
        try:
            KINDS[kind](load, *words)
            if not stop.is_set():
                load.failed(time.time(), "ended by itself", "dead")
        except Exception as error:  # a load that ends by itself is a failure, whatever the reason
            load.failed(time.time(), repr(error), "dead")

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread


def run(file):
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    loads, threads = [], []
    with open(file, encoding="ascii") as lines:
        for kind, name, tags, expect, *words in map(str.split, lines):
            loads.append(Load(name, tags, expect))
            threads.append(started(loads[-1], kind, words))
    write("running")
    while not stop.wait(1):
        pass
    for load in loads:
        getattr(load, "end", lambda: None)()
    for thread in threads:
        thread.join(PATIENCE + 1)
    for load in loads:
        write("sum", load.name, load.ok, load.missed)


def fill(name, windows, protocol, source, dest, dport, most, rest):
    def attempt(wait):
        try:
            s = connected(protocol, source, 0, dest, dport, wait)
            line(s)
            return s
        except OSError:
            return None

    begin, opened, refused = time.time(), [], 0
    with open(windows, "a", encoding="ascii") as file:
        print(name, f"{begin:.3f}", file=file, flush=True)
        while refused < 10 and len(opened) < int(most):
            s = attempt(0.3)
            opened += [s] if s else []
            refused += not s
        time.sleep(1)
        at, row = time.time(), 0
        for s in opened:  # of UDP the ports stay taken: no tuple is met again while its flow ends
            if protocol == "tcp":
                s.close()
        time.sleep(float(rest) + 1)  # before that ports come back one by one, and ten in a row were luck
        while row < 10:
            row = row + 1 if attempt(0.3) else 0
            time.sleep(0.1)
        print(name, f"{begin:.3f} {time.time():.3f}", file=file, flush=True)
    print(f"{len(opened)} {protocol} opened, {refused} refused, room again after {time.time() - at:.1f} s", flush=True)


def windows_of(path):
    """The ends of windows by tag, begin, and whether a wire is the reason. Of one that is open no end is known."""
    spans = {}
    with open(path, encoding="ascii") as file:
        for tag, begin, *end in map(str.split, file):
            spans[tag, float(begin), end[1:] == ["lost"]] = float(end[0]) if end else float("inf")
    return spans


def share(spans, begin, end):
    """Of the time from BEGIN to END, what spans cover, in per cent."""
    covered, at = 0, begin
    for first, last in sorted(spans):
        first, last = max(first, at), min(last, end)
        covered += max(0, last - first)
        at = max(at, last)
    return 100 * covered / (end - begin)


def excused(windows, begin, end, most):
    spans, bad = windows_of(windows), 0
    for tag in sorted({tag for tag, *_ in spans}):
        of = [(first, last, lost) for (name, first, lost), last in spans.items() if name == tag]
        whole, wires = (share([span[:2] for span in of if span[2] or not only], float(begin), float(end))
                        for only in (False, True))
        print(f"excused: {tag:9} {whole:3.0f} % of the time, {wires:.0f} % by what wires lost"
              + (f": MORE THAN {most} %" if wires > float(most) else ""))
        bad |= wires > float(most)
    return int(bad)


def judge(windows, *logs):
    spans, bad = windows_of(windows), 0
    for log in logs:
        with open(log, encoding="utf-8") as file:
            for said in file:
                begin, end, kind, name, tags, *_ = (said.split() + [""] * 5)[:6]
                if kind not in ("missed", "dead"):
                    continue
                begin, end = float(begin), float(end)
                if kind == "missed" and any(tag in tags.split(",") + ["wire"] and begin < last and end > first
                                            for (tag, first, _), last in spans.items()):
                    continue
                print(said, end="")
                bad = 1
    return bad


if __name__ == "__main__":
    commands = {"run": run, "fill": fill, "judge": judge, "excused": excused}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
