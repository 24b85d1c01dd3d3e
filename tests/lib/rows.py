#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The table of requirements: what the RFCs demand of a NAT, and how samepath stands.

  rows.py table            the table, for the README
  rows.py check README     is it in there as it is, has every row a test, and is every test there
  rows.py results DIR      have the tests of all rows passed in the last run, whose logs are in DIR

tests/data/requirements has the rows. A test belongs to a row that names it, or whose number its
own name begins with: r14_four_fragments_in_all_orders. A test that is a script is named without ".sh".
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
ROWS = [f"R{number:02}" for number in range(1, 46)]
STANDINGS = ("met", "declared", "not met")
HEAD = re.compile(r"(R\d\d) \| ([^|]+) \| ([^|]+) \| (met|declared|not met)(?:: (.+))?$")
CASE = re.compile(r"^static void ([a-z0-9_]+)\(void \*\*state\)", re.M)
BEGIN, END = "<!-- requirements -->", "<!-- end of requirements -->"


class Row:
    """A row of the table."""

    def __init__(self, number, source, what, standing, why):
        self.number, self.source, self.what = number, source, what
        self.standing, self.why, self.tests = standing, why or "", []


def known_tests():
    """Every test that there is: {"prog/snat_test name", "netns/port", ...}."""
    found = set()
    for path in TOP.glob("tests/*/*_test.c"):
        folder = f"{path.parent.name}/{path.stem}"
        found |= {f"{folder} {name}" for name in CASE.findall(path.read_text())}
    for folder in ("netns", "lab", "vm"):
        found |= {f"{folder}/{path.stem}" for path in TOP.glob(f"tests/{folder}/*.sh")}
    return found


def read(path):
    """The rows in order, with the tests they name; the errors as lines."""
    rows, errors = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("  ") and rows:
            rows[-1].tests.append(line.strip())
            continue
        match = HEAD.match(line)
        if match:
            rows.append(Row(*match.groups()))
        else:
            errors.append(f"{path.name}:{number}: neither a row nor a test of one: {line}")
    return rows, errors


def complete(rows, tests):
    """Adds the tests that are named for a row; what is wrong, as lines."""
    errors = []
    if [row.number for row in rows] != ROWS:
        errors.append("the rows are not R01 to R45, each once, in order")
    for row in rows:
        errors += [f"{row.number}: there is no test {test}" for test in row.tests if test not in tests]
        prefix = f" {row.number.lower()}_"
        row.tests += sorted(test for test in tests if prefix in test and test not in row.tests)
        if not row.tests:
            errors.append(f"{row.number}: no test")
        if row.standing != "met" and not row.why:
            errors.append(f"{row.number}: {row.standing}, and not why")
    return errors


def spoken(tests):
    """`prog/snat_test`: a, b; `netns/port`."""
    by_file = {}
    for test in tests:
        file, _, name = test.partition(" ")
        by_file.setdefault(file, []).append(name)
    return "; ".join(f"`{file}`" + (": " + ", ".join(names) if names != [""] else "")
                     for file, names in by_file.items())


def table(rows):
    lines = ["| row | RFC | demand | samepath | tests |", "|---|---|---|---|---|"]
    for row in rows:
        standing = f"**{row.standing}**" + (f": {row.why}" if row.why else "")
        lines.append(f"| {row.number} | {row.source} | {row.what} | {standing} | {spoken(row.tests)} |")
    return "\n".join(lines) + "\n"


def in_readme(path, text):
    readme = path.read_text()
    if BEGIN not in readme or END not in readme:
        return [f"{path.name}: no place for the table"]
    shown = readme.split(BEGIN)[1].split(END)[0].strip()
    return [] if shown == text.strip() else [f"{path.name}: not the table that tests/lib/rows.py prints"]


def failures(rows, logs):
    """The tests that did not pass in the last run."""
    ended = dict(reversed(line.split(" ", 1)) for line in
                 (logs / "results").read_text().splitlines() if " " in line)
    missing = []
    for row in rows:
        for test in row.tests:
            file, _, name = test.partition(" ")
            passed = ended.get(f"tests/{file}") == "ok"
            if passed and name:
                log = (logs / f"tests_{file.replace('/', '_')}.log").read_text()
                passed = re.search(rf"\[       OK \] {name}$", log, re.M)
            if not passed:
                missing.append(f"{row.number}: {test} did not pass")
    return missing


def main(arguments):
    rows, errors = read(TOP / "tests/data/requirements")
    errors += complete(rows, known_tests())
    if arguments == ["table"]:
        print(table(rows), end="")
    elif len(arguments) == 2 and arguments[0] == "check":
        errors += in_readme(pathlib.Path(arguments[1]), table(rows))
    elif len(arguments) == 2 and arguments[0] == "results":
        errors += failures(rows, pathlib.Path(arguments[1]))
    else:
        sys.exit(__doc__)
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
