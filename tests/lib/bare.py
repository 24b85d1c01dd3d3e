#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Speaks protocols without ports, on raw sockets of either family.

  bare.py serve NAME CLASS ADDRESS PROTOCOL...      answers at ADDRESS, until it is ended, "NAME SOURCE CLASS": who
                                                    asked, and with which traffic class; with CLASS of its own
  bare.py ask PROTOCOL SOURCE DEST CLASS TEXT       one question of that class; prints the answer and its class, or
                                                    "silence" after two seconds

A traffic class is the whole byte, DSCP and ECN, in hexadecimal.
"""
import select
import socket
import sys


def open_raw(protocol, address, traffic_class):
    six = ":" in address
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, int(protocol))
    if six:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, int(traffic_class, 16))
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(traffic_class, 16))
    s.bind((address, 0))
    return s


def receive(s):
    """Payload, sender, traffic class."""
    data, extra, _, sender = s.recvmsg(65535, 256)
    if s.family == socket.AF_INET:
        return data[(data[0] & 15) * 4:], sender[0], data[1]
    traffic_class = [int.from_bytes(value[:4], sys.byteorder) for _, kind, value in extra
                     if kind == socket.IPV6_TCLASS]
    return data, sender[0], traffic_class[0]


def serve(name, traffic_class, address, *protocols):
    sockets = [open_raw(p, address, traffic_class) for p in protocols]
    print("ready", flush=True)
    while True:
        for s in select.select(sockets, [], [])[0]:
            _, sender, seen = receive(s)
            s.sendto(f"{name} {sender} {seen:02x}".encode(), (sender, 0))


def ask(protocol, source, dest, traffic_class, text):
    s = open_raw(protocol, source, traffic_class)
    s.sendto(text.encode(), (dest, 0))
    s.settimeout(2)
    try:
        data, _, seen = receive(s)
    except TimeoutError:
        print("silence")
        return
    print(data.decode(), f"{seen:02x}")


if __name__ == "__main__":
    commands = {"serve": serve, "ask": ask}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
