#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The table of supported kernels, out of what the emulated machines printed.

  table.py table SERIES...         the table: build/vm/SERIES/output has the results of each; status 1 when not
                                   all passed that this tree has
  table.py write README SERIES...  the same, put in its place there
  table.py check README SERIES...  has the README the table, a row for each, and did all pass in it

A kernel is supported when every program loads and every test passes; what was skipped stands by itself. Every
prog test of the tree passes or is skipped by name, and a machine that did not come to its end has no row.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
HEAD = "| kernel | programs that load | prog tests passed | netns tests passed | skipped |\n|---|---|---|---|---|\n"
BEGIN, END = "<!-- kernels -->", "<!-- end of kernels -->"
RESULT = re.compile(r"(ok|FAILED|skipped) +(?:build/)?tests/(prog|netns)/(\w+)(?:\.sh)?(?:: (?:skipped: )?(.+))?")
ROW = re.compile(r"\| Linux (\S+) \| (\d+) of (\d+) \| (\d+) of (\d+) \| (\d+) of (\d+) \| .+ \|$")


def programs():
    """How many programs the packet path has."""
    return len(re.findall(r'^SEC\("(?:xdp|tc|iter|syscall)', (TOP / "bpf/samepath.bpf.c").read_text(), re.M))


def row(series):
    """The row of one kernel."""
    path = TOP / "build/vm" / series / "output"
    text = path.read_text() if path.exists() else ""
    name = re.search(r"^Linux (\S+),", text, re.M)
    if not name:
        return f"| Linux {series} | not run | | | |"
    if not re.search(r"^status \d+$", text, re.M):
        return f"| Linux {name[1]} | did not come to its end | | | |"
    loaded = re.search(r"^loaded +(\d+) programs", text, re.M)
    passed, ran, skipped = {"prog": 0, "netns": 0}, {"prog": 0, "netns": 0}, []
    for result, suite, test, why in RESULT.findall(text):
        if result == "skipped":
            skipped.append(f"`{suite}/{test}`: {why}")
            continue
        ran[suite] += 1
        passed[suite] += result == "ok"
    cells = [f"Linux {name[1]}", f"{loaded[1] if loaded else 0} of {programs()}",
             *(f"{passed[suite]} of {ran[suite]}" for suite in ("prog", "netns")), "; ".join(skipped) or "none"]
    return f"| {' | '.join(cells)} |"


def table(series):
    return HEAD + "".join(row(one) + "\n" for one in series)


def place(path):
    """The README before the table, the table, and what is behind it."""
    text = path.read_text()
    if BEGIN not in text or END not in text:
        sys.exit(f"{path.name}: no place for the table of kernels")
    before, rest = text.split(BEGIN, 1)
    shown, after = rest.split(END, 1)
    return before, shown.strip() + "\n", after


def tests():
    """How many prog tests the tree has."""
    return len(list((TOP / "tests/prog").glob("*_test.c")))


def wrong(shown, series, whole_tree):
    """What the shown table does not show, as lines."""
    if not shown.startswith(HEAD):
        return ["the table of kernels has another head than tests/vm/table.py gives it"]
    rows = [ROW.match(line) for line in shown[len(HEAD):].splitlines()]
    if len(rows) != len(series) or not all(rows):
        return [f"the table of kernels has not one row for each of {', '.join(series)}"]
    errors = []
    for match, one in zip(rows, series):
        if not re.match(rf"{re.escape(one)}\.\d", match[1]):
            errors.append(f"{match[1]} stands where Linux {one} belongs")
        numbers = match.groups()[1:]
        if any(part != whole or whole == "0" for part, whole in zip(numbers[::2], numbers[1::2])):
            errors.append(f"Linux {match[1]} is shown as supported, and not all passed")
        seen = int(match[5]) + match[0].count("`prog/")
        if whole_tree and seen != tests():
            errors.append(f"Linux {match[1]}: {seen} prog tests passed or skipped, of {tests()} that there are")
    return errors


def main(arguments):
    if arguments[:1] == ["table"] and len(arguments) > 1:
        shown, errors = table(arguments[1:]), wrong(table(arguments[1:]), arguments[1:], True)
        print(shown, end="", flush=True)
        for error in errors:
            print(f"FAILED  {error}", file=sys.stderr)
        return 1 if errors else 0
    if len(arguments) < 3 or arguments[0] not in ("write", "check"):
        sys.exit(__doc__)
    path = pathlib.Path(arguments[1])
    before, shown, after = place(path)
    if arguments[0] == "write":
        path.write_text(f"{before}{BEGIN}\n{table(arguments[2:])}{END}{after}")
        return 0
    errors = wrong(shown, arguments[2:], False)
    for error in errors:
        print(f"{path.name}: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
