#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does every chain of calls fit the stack of Linux 6.1?

  stack.py OBJECT          each program's deepest chain; status 1 when one is too deep

The verifier adds up the stacks of the functions of a chain, callbacks included, each rounded up, and
takes 512 bytes. Linux 6.1 rounds to 32, later kernels to 16, so what loads here need not load there.
A function's stack is the farthest place below r10 that it names.
"""
import struct
import sys

LIMIT, ROUND = 512, 32
CALL, LOAD64, ADD64, MOVE64 = 0x85, 0x18, 0x07, 0xBF
SYMTAB, REL, FUNCTION = 2, 9, 2


class Object:
    """The parts of an ELF file that matter: functions by name, and what relocations say of calls."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        at, = struct.unpack_from("<Q", self.data, 0x28)
        size, count = struct.unpack_from("<HH", self.data, 0x3A)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, at + i * size)
                         for i in range(count)]
        symtab = next(s for s in self.sections if s[1] == SYMTAB)
        names = self.body(self.sections[symtab[6]])
        self.symbols = []
        for name, info, _, section, value, length in struct.iter_unpack("<IBBHQQ", self.body(symtab)):
            text = names[name:names.index(b"\0", name)].decode()
            self.symbols.append((text, info & 15, section, value, length))
        self.functions = {s[0]: s for s in self.symbols if s[1] == FUNCTION}

    def body(self, section):
        return self.data[section[4]:section[4] + section[5]]

    def function_at(self, section, offset):
        for name, _, where, start, length in self.functions.values():
            if where == section and start <= offset < start + length:
                return name
        return None

    def relocations(self, section):
        """{offset: symbol} of a section."""
        found = {}
        for s in self.sections:
            if s[1] == REL and s[7] == section:
                for offset, info in struct.iter_unpack("<QQ", self.body(s)):
                    found[offset] = self.symbols[info >> 32]
        return found


def target(obj, section, offset, code, source, immediate, symbol):
    """The function that an instruction calls or passes on as a callback, or None."""
    if code == CALL and source == 1:
        if symbol and symbol[1] == FUNCTION:
            return symbol[0]
        if symbol:  # a section: the place is in the instruction
            return obj.function_at(symbol[2], (immediate + 1) * 8)
        return obj.function_at(section, offset + 8 + immediate * 8)
    if code == LOAD64 and symbol:
        if symbol[1] == FUNCTION:
            return symbol[0]
        return obj.function_at(symbol[2], symbol[3] + immediate)
    return None


def frame(obj, name):
    """The stack of a function in bytes, and the functions it calls."""
    _, _, section, start, length = obj.functions[name]
    code = obj.body(obj.sections[section])
    relocations = obj.relocations(section)
    depth, called, copies = 0, set(), set()
    for at in range(start, start + length, 8):
        op, registers, offset, immediate = struct.unpack_from("<BBhi", code, at)
        to, source = registers & 15, registers >> 4
        if op & 7 == 1 and source == 10 or op & 7 in (2, 3) and to == 10:  # load, store
            depth = max(depth, -offset)
        elif op == MOVE64:
            (copies.add if source == 10 else copies.discard)(to)
        elif op == ADD64 and to in copies and immediate < 0:
            depth = max(depth, -immediate)
        other = target(obj, section, at, op, source, immediate, relocations.get(at))
        if other:
            called.add(other)
    return depth, called


def deepest(obj, name, known):
    if name not in known:
        depth, called = frame(obj, name)
        own = max(ROUND, -(-depth // ROUND) * ROUND)
        below, chain = max((deepest(obj, other, known) for other in called), default=(0, []))
        known[name] = own + below, [f"{name} {depth}", *chain]
    return known[name]


def main(path):
    obj, known, status = Object(path), {}, 0
    text = next(i for i, s in enumerate(obj.sections) if s[1] == 1 and s[2] & 4)  # .text is first
    for name, symbol in obj.functions.items():
        if symbol[2] == text:
            continue  # no program of its own
        total, chain = deepest(obj, name, known)
        if total > LIMIT:
            status = 1
        print(f"{total:4} of {LIMIT}  {' > '.join(chain)}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
