#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Full bodies of past versions, for tests that replay changes forward.

  feed_history.py BODY VERSION CHANGES OLDEST DIRECTORY

undoes CHANGES backwards from BODY, which is of VERSION, down to OLDEST, the version before the first
change. Writes DIRECTORY/N.json for each version N, and prints them, the oldest first.
DIRECTORY/changes.json is CHANGES with the "<tenant>" of published tables as the "*" that bodies have.

Undoing is another way than the program's: a record's `add` is taken out, its `remove` put back, and
`previous` put over the attributes. Every step is checked to be one that could have been done: what is
taken out must be there, what is put back must not, `current` must be what the set says.
"""
import json
import os
import sys

ATTRIBUTES = ("expressRoute", "serviceArea", "category", "required", "tcpPorts", "udpPorts", "notes")


def take_out(record, entry, key, values):
    for value in values:
        assert value in entry.get(key, []), (record["id"], key, value, "is not there")
        entry[key].remove(value)
    if key in entry and not entry[key]:
        del entry[key]


def put_back(record, entry, key, values):
    for value in values:
        assert value not in entry.get(key, []), (record["id"], key, value, "is there")
        entry.setdefault(key, []).append(value)


def undo(sets, record):
    number = record["endpointSetId"]
    if record["disposition"] == "Remove":
        assert number not in sets, (number, "was removed, and is there")
        sets[number] = {"id": number}
    entry = sets[number]
    for key, value in record.get("current", {}).items():
        assert entry[key] == value, (record["id"], key, entry[key], value)
    for key in ("ips", "urls"):
        take_out(record, entry, key, record.get("add", {}).get(key, []))
        put_back(record, entry, key, record.get("remove", {}).get(key, []))
    if record["disposition"] == "Add":
        assert not entry.keys() & {"ips", "urls"}, (number, "is more than what was added")
        del sets[number]
        return
    for key in set(record.get("current", {})) - set(record.get("previous", {})):
        del entry[key]
    entry.update(record.get("previous", {}))


def write(directory, version, sets):
    for entry in sets.values():
        entry.setdefault("serviceAreaDisplayName", entry["serviceArea"])
        assert set(entry) <= {"id", "ips", "urls", "serviceAreaDisplayName", *ATTRIBUTES}, entry
    with open(os.path.join(directory, version + ".json"), "w", encoding="ascii") as out:
        json.dump([sets[number] for number in sorted(sets)], out, indent=1)


def main(body, newest, changes, oldest, directory):
    with open(body, encoding="utf-8") as source:
        sets = {entry["id"]: entry for entry in json.load(source)}
    with open(changes, encoding="utf-8") as source:
        records = json.loads(source.read().replace("<tenant>", "*"))
    with open(os.path.join(directory, "changes.json"), "w", encoding="ascii") as out:
        json.dump(records, out)
    versions = sorted({record["version"] for record in records})
    assert oldest < versions[0] and versions[-1] == newest, (versions[0], versions[-1])
    write(directory, newest, sets)
    for version, before in reversed(list(zip(versions, [oldest] + versions))):
        for record in reversed([r for r in records if r["version"] == version]):
            undo(sets, record)
        write(directory, before, sets)
    print(oldest, *versions)


if __name__ == "__main__":
    main(*sys.argv[1:])
