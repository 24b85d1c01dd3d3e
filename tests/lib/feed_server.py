#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A feed's web service for tests: what it publishes, and the faults that no honest server has.

  feed_server.py publish DIRECTORY VERSION BODY [CHANGES]
        lays out version/, endpoints/ and changes/INSTANCE/SINCE in DIRECTORY/VERSION, with the records of
        CHANGES between each SINCE and VERSION, and moves DIRECTORY/current there at once
  feed_server.py serve DIRECTORY ADDRESS PORT CERTIFICATE KEY LOG FAULT [PART...]
        HTTPS with FAULT in what is asked below /PART/, everywhere without one; else DIRECTORY/current;
        prints "serving"

  silent     takes the connection and says nothing, not even TLS
  mute       takes the request and says nothing
  slow       the body, four bytes a second
  drip       endless spaces, a thousand a second
  cut        the body's length, half of the body, the end
  cut-chunk  half of the body in chunks, the end without the last one
  long       announces ten bytes more than come
  short      announces ten bytes less than come
  gzip-cut   half of the body's gzip, with its right length
  gzip-odd   the body's gzip with one bit turned
  bomb       gzip of 1 GiB of zeros
  flood      1 GiB of spaces, of no announced length
  huge       the same, announced
  headers    headers without end
"""
import gzip
import json
import os
import re
import shutil
import socket
import ssl
import sys
import threading
import time
import zlib

INSTANCE = "Worldwide"
GIB = 1 << 30
PIECE = 1 << 20


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def publish(directory, version, body, changes=None):
    new = os.path.join(directory, version + ".new")
    shutil.rmtree(new, ignore_errors=True)
    put(f"{new}/version/{INSTANCE}", json.dumps({"instance": INSTANCE, "latest": version}))
    os.makedirs(f"{new}/endpoints")
    shutil.copy(body, f"{new}/endpoints/{INSTANCE}")
    if changes:
        with open(changes, encoding="utf-8") as source:
            records = json.load(source)
        known = {name for name in os.listdir(directory) if re.fullmatch(r"\d{10}", name)}
        for since in known | {record["version"] for record in records} | {"0000000000"}:
            kept = [record for record in records if since < record["version"] <= version]
            put(f"{new}/changes/{INSTANCE}/{since}", json.dumps(kept))
    shutil.rmtree(os.path.join(directory, version), ignore_errors=True)
    os.rename(new, os.path.join(directory, version))
    link = os.path.join(directory, "current.new")
    os.symlink(version, link)
    os.replace(link, os.path.join(directory, "current"))


def head(*headers, status="200 OK"):
    lines = (f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def sized(data, length=None):
    return head(f"Content-Length: {len(data) if length is None else length}") + data


def zipped(data):
    return head("Content-Encoding: gzip", f"Content-Length: {len(data)}") + data


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


def bomb():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(PIECE)
    yield head("Content-Encoding: gzip")
    for _ in range(GIB // PIECE):
        yield packer.compress(zeros)
    yield packer.flush()


def flood(*headers):
    yield head(*headers)
    for _ in range(GIB // PIECE):
        yield b" " * PIECE


def slow(body):
    yield head(f"Content-Length: {len(body)}")
    for at in range(0, len(body), 4):
        time.sleep(1)
        yield body[at:at + 4]


def drip():
    yield head()
    while True:
        yield b" " * 100
        time.sleep(0.1)


def headers():
    yield head().rstrip(b"\r\n") + b"\r\n"
    while True:
        yield b"X-More: %s\r\n" % (b"x" * 1000)


def odd(data):
    return data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1:]


def mute(_):
    time.sleep(3600)
    yield b""


def half(body):
    return body[:len(body) // 2]


# What comes in the place of the body; `silent` is no body at all.
FAULTS = {
    "silent": mute,
    "mute": mute,
    "slow": slow,
    "drip": lambda _: drip(),
    "cut": lambda body: [sized(half(body), len(body))],
    "cut-chunk": lambda body: [head("Transfer-Encoding: chunked") + chunk(half(body))],
    "long": lambda body: [sized(body, len(body) + 10)],
    "short": lambda body: [sized(body, len(body) - 10)],
    "gzip-cut": lambda body: [zipped(half(gzip.compress(body)))],
    "gzip-odd": lambda body: [zipped(odd(gzip.compress(body)))],
    "bomb": lambda _: bomb(),
    "flood": lambda _: flood(),
    "huge": lambda _: flood(f"Content-Length: {GIB}"),
    "headers": lambda _: headers(),
}


class Server:
    def __init__(self, directory, certificate, key, log, fault, parts):
        self.directory, self.log, self.fault, self.parts = directory, log, fault, parts
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)

    def pieces(self, path):
        name = os.path.join(self.directory, "current", path.split("?")[0].lstrip("/"))
        if not os.path.isfile(name):
            return [head("Content-Length: 0", status="404 Not Found")]
        with open(name, "rb") as source:
            body = source.read()
        if not self.parts or path.split("/")[1] in self.parts:
            return FAULTS[self.fault](body)
        return [sized(body)]

    def answer(self, raw):
        if self.fault == "silent":
            time.sleep(3600)
        with self.tls.wrap_socket(raw, server_side=True) as client:
            asked = b""
            while b"\r\n\r\n" not in asked:
                more = client.recv(4096)
                if not more:
                    return
                asked += more
            path = asked.split(b" ")[1].decode()
            with open(self.log, "a", encoding="ascii") as log:
                log.write(f"{self.fault} {path}\n")
            for piece in self.pieces(path):
                client.sendall(piece)

    def serve_one(self, raw):
        try:
            self.answer(raw)
        except OSError:  # the client has had enough
            raw.close()


def serve(directory, address, port, certificate, key, log, fault, *parts):
    assert fault in FAULTS, fault
    server = Server(directory, certificate, key, log, fault, parts)
    with socket.create_server((address, int(port)), backlog=64) as listener:
        print("serving", flush=True)
        while True:
            raw, _ = listener.accept()
            threading.Thread(target=server.serve_one, args=(raw,), daemon=True).start()


if __name__ == "__main__":
    {"publish": publish, "serve": serve}[sys.argv[1]](*sys.argv[2:])
