#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams without DF, and what becomes of them on a wire.

  datagram.py serve ADDRESS PORT              answers datagrams of `ask`
  datagram.py ask SOURCE SOURCE-PORT DESTINATION PORT LENGTH/ANSWER...
                                            for each of these a datagram of LENGTH that wants one of ANSWER
                                            back (bytes of the IPv4 packet, 60 at least); prints those of
                                            which both arrived as they were sent
  datagram.py watch DEVICE...                 prints each IPv4 packet of UDP that arrives or leaves there:
                                            SOURCE DESTINATION ID OFFSET LENGTH MORE, or WRONG when its
                                            header's sum is
"""
import hashlib
import random
import socket
import struct
import sys

IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0
ETH_P_ALL = 3


def opened(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
    s.bind((address, int(port)))
    return s


# As long as was wanted, and different for everything that was asked.
def answer(data):
    length = struct.unpack("!H", data[:2])[0]
    return hashlib.shake_256(data).digest(length)


def serve(address, port):
    s = opened(address, port)
    print("serving", flush=True)
    while True:
        data, who = s.recvfrom(65535)
        s.sendto(answer(data), who)


def ask(source, source_port, destination, port, *wishes):
    s = opened(source, source_port)
    s.settimeout(3)
    for wish in wishes:
        length, back = (int(word) - 28 for word in wish.split("/"))
        data = struct.pack("!H", back) + random.randbytes(length - 2)
        s.sendto(data, (destination, int(port)))
        try:
            if s.recv(65535) == answer(data):
                print(wish, flush=True)
        except TimeoutError:
            pass


def summed(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def watch(*devices):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    print("watching", flush=True)
    while True:
        packet, (device, kind, *_) = s.recvfrom(65535)
        if device not in devices or kind != 0x0800 or packet[9] != socket.IPPROTO_UDP:
            continue
        total, name, field = struct.unpack("!2xHHH", packet[:8])
        header = packet[:(packet[0] & 15) * 4]
        if summed(header) != 0xffff or total > len(packet) or field & 0x4000:
            print("WRONG", packet[:total].hex(), flush=True)
            continue
        print(socket.inet_ntoa(header[12:16]), socket.inet_ntoa(header[16:20]), name, (field & 0x1fff) * 8,
              total - len(header), field >> 13 & 1, flush=True)


if __name__ == "__main__":
    {"serve": serve, "ask": ask, "watch": watch}[sys.argv[1]](*sys.argv[2:])
