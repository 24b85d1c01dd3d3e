# SPDX-License-Identifier: GPL-2.0-only
"""The picture of the network, from network.py: a box for each node, a line for each wire.

Every character of a line is known by the sides that it joins, so lines that meet need no thought. A
wire leaves a box at the height of its name; between two columns all wires of one box share a riser.
"""
from network import CIRCUITS, NODES, WIRES

BOX, GAP, ROW = 13, 5, 4  # columns of a box, columns between two, lines of a row
NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
SHAPES = {
    EAST | WEST: "─",
    NORTH | SOUTH: "│",
    EAST | SOUTH: "┌",
    WEST | SOUTH: "┐",
    EAST | NORTH: "└",
    WEST | NORTH: "┘",
    NORTH | SOUTH | EAST: "├",
    NORTH | SOUTH | WEST: "┤",
    EAST | WEST | SOUTH: "┬",
    EAST | WEST | NORTH: "┴",
    15: "┼",
}


class Sheet:
    def __init__(self):
        self.sides, self.letters = {}, {}

    def line(self, x, y, to_x, to_y):
        """Straight, from one cell to another."""
        a, b = sorted([(x, y), (to_x, to_y)])
        step, leave, enter = ((1, 0), EAST, WEST) if a[1] == b[1] else ((0, 1), SOUTH, NORTH)
        while a != b:
            after = a[0] + step[0], a[1] + step[1]
            self.sides[a] = self.sides.get(a, 0) | leave
            self.sides[after] = self.sides.get(after, 0) | enter
            a = after

    def write(self, x, y, text):
        self.letters.update({(x + i, y): letter for i, letter in enumerate(text)})

    def __str__(self):
        cells = {**{at: SHAPES[s] for at, s in self.sides.items()}, **self.letters}
        width, height = max(x for x, _ in cells) + 1, max(y for _, y in cells) + 1
        return "\n".join(
            "".join(cells.get((x, y), " ") for x in range(width)).rstrip() for y in range(height)
        )


def corner(node):
    column, row = NODES[node].at
    return column * (BOX + GAP), row * ROW


def box(sheet, node):
    x, y = corner(node)
    right, bottom = x + BOX - 1, y + ROW - 1
    for side in (
        (x, y, right, y),
        (x, bottom, right, bottom),
        (x, y, x, bottom),
        (right, y, right, bottom),
    ):
        sheet.line(*side)
    sheet.write(x + 2, y + 1, node)
    sheet.write(x + 2, y + 2, NODES[node].words[: BOX - 3])


def wire(sheet, w):
    (x, y), (to_x, to_y) = corner(w.left), corner(w.right)
    if x == to_x:
        top, bottom = sorted([y, to_y])
        sheet.line(x + BOX // 2, top + ROW - 1, x + BOX // 2, bottom)
        return
    riser = to_x - GAP // 2 - 1
    sheet.line(x + BOX - 1, y + 1, riser, y + 1)
    if y != to_y:
        sheet.line(riser, y + 1, riser, to_y + 1)
    sheet.line(riser, to_y + 1, to_x, to_y + 1)


def circuits():
    lines = [f"{'circuit':10}{'between':22}{'outbound pool':20}inbound pool"]
    for w in WIRES:
        if w.circuit:
            c = CIRCUITS[w.circuit]
            lines.append(f"{w.circuit:10}{f'{w.left}, {w.right}':22}{c.outbound:20}{c.inbound}")
    return "\n".join(lines)


def picture():
    sheet = Sheet()
    for node in NODES:
        box(sheet, node)
    for w in WIRES:
        wire(sheet, w)
    return f"{sheet}\n\n{circuits()}"
