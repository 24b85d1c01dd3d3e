#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Connections that carry much both ways and end in order, without a reset.

  transfer.py serve PORT                            until it is ended, both families
  transfer.py ask SOURCE ADDRESS PORT BYTES COUNT   so many connections at once, so many bytes each way
"""
import os
import socket
import sys
import threading

PIECE = os.urandom(1 << 16)


def say(s, count):
    while count:
        count -= s.send(PIECE[:count])
    s.shutdown(socket.SHUT_WR)


def hear(s):
    heard = 0
    while got := len(s.recv(1 << 16)):
        heard += got
    return heard


def answer(s):
    """Says as much as it hears, while it hears it, and then ends."""
    heard = 0
    while data := s.recv(1 << 16):
        s.sendall(data)
        heard += len(data)
    s.shutdown(socket.SHUT_WR)
    s.close()


def serve(port):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def ask(source, address, port, count, number):
    def one():
        with socket.create_connection((address, port), 20, (source, 0)) as s:
            speaker = threading.Thread(target=say, args=(s, count))
            speaker.start()
            heard.append(hear(s))
            speaker.join()

    heard = []
    threads = [threading.Thread(target=one) for _ in range(number)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(*heard)
    return heard != [count] * number


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        sys.exit(ask(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7])))
