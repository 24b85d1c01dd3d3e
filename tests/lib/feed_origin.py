#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A source of feeds, over plain http on the loopback.

  feed_origin.py DIRECTORY PORT     prints "serving", then a line for each request

DIRECTORY/version holds the number of the newest version, DIRECTORY/NUMBER.json the endpoint sets of
each. So a move to another version is the rename of one small file. Three paths are those of the
Microsoft 365 endpoint web service: /version/INSTANCE, /endpoints/INSTANCE, /changes/INSTANCE/SINCE, the
last from the difference of the two bodies. Any other is a file of DIRECTORY, with its tag.
"""
import hashlib
import http.server
import json
import os
import sys

directory, port = sys.argv[1], int(sys.argv[2])


def read(name):
    with open(os.path.join(directory, name), "rb") as file:
        return file.read()


def newest():
    return read("version").decode().strip()


def changes(since):
    """A record a set whose prefixes are not what they were."""
    was, now = ({s["id"]: s for s in json.loads(read(v + ".json"))} for v in (since, newest()))
    records = []
    for number in sorted(was.keys() | now.keys()):
        old, new = (set(v.get(number, {}).get("ips", [])) for v in (was, now))
        if old == new:
            continue
        kind = "Change" if number in was and number in now else "Add" if number in now else "Remove"
        record = {"id": len(records) + 1, "endpointSetId": number, "disposition": kind,
                  "version": newest(), "impact": "OtherNonPriorityChanges"}
        if new - old:
            record["add"] = {"effectiveDate": newest()[:8], "ips": sorted(new - old)}
        if old - new:
            record["remove"] = {"ips": sorted(old - new)}
        records.append(record)
    return json.dumps(records).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        parts = self.path.partition("?")[0].strip("/").split("/")
        tag = None
        try:
            if parts[0] == "version":
                body = json.dumps({"instance": parts[1], "latest": newest()}).encode()
            elif parts[0] == "endpoints":
                body = read(newest() + ".json")
            elif parts[0] == "changes":
                body = changes(parts[2])
            else:
                body = read(parts[0])
                tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        except (OSError, IndexError, ValueError):
            self.send_error(404)
            return
        known = tag and self.headers.get("If-None-Match") == tag
        self.send_response(304 if known else 200)
        self.send_header("Content-Type", "application/json")
        if tag:
            self.send_header("ETag", tag)
        if not known:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, _, *words):
        print(*words[:2], flush=True)

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):  # who asked was killed
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
print("serving", flush=True)
server.serve_forever()
