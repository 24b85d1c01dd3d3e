#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Two MiB each way over TCP, and what became of them.

  bulk.py serve PORT                     both families: takes 2 MiB, then sends 2 MiB and the hash of what it took
  bulk.py ask SOURCE DESTINATION PORT    prints "whole" when both arrived as they were sent
"""
import hashlib
import random
import socket
import sys

SIZE = 2 << 20


def received(s, size):
    data = bytearray()
    while len(data) < size:
        part = s.recv(65536)
        if not part:
            break
        data += part
    return bytes(data)


def serve(port):
    listener = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
    print("serving", flush=True)
    while True:
        s, _ = listener.accept()
        with s:
            s.settimeout(20)
            try:
                taken = hashlib.sha256(received(s, SIZE)).digest()
                s.sendall(hashlib.shake_256(taken).digest(SIZE) + taken)
            except OSError as e:
                print("error", e, flush=True)


def exchange(source, destination, port):
    data = random.randbytes(SIZE)
    hashed = hashlib.sha256(data).digest()
    with socket.create_connection((destination, int(port)), timeout=20, source_address=(source, 0)) as s:
        s.sendall(data)
        answer = received(s, SIZE + len(hashed))
    return "whole" if answer == hashlib.shake_256(hashed).digest(SIZE) + hashed else "broken"


def ask(source, destination, port):
    print(exchange(source, destination, port))


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
