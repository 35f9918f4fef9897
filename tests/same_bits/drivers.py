#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Each class in include/ that keeps state in fixed memory is driven by some same_bits*.cpp, or stands in drivers.txt with the reason why not.

A class counts as driven where a driver's source names it, or an alias of it. Without an argument for another tree: drivers.py ROOT [--list]
"""
import pathlib
import re
import sys

MODULES = ("core", "stats", "state", "delivery", "anomaly")
CLASS = re.compile(r"^(?:template\b.*\n(?:requires\b.*\n)?)?(?:class|struct)(?: \[\[\w+\]\])? (\w+)(?: final)?(?: : [^{;]*)?\s*\{", re.MULTILINE)
ALIAS = re.compile(r"^using (\w+) =\s*(?:[\w:]*::)?(\w+)", re.MULTILINE)


def outside_detail(text):
    """The text without what lies in a namespace detail."""
    out, at = [], 0
    for found in re.finditer(r"^namespace (?:[\w:]+::)?detail \{$(.*?)^\}  // namespace (?:[\w:]+::)?detail$", text, re.MULTILINE | re.DOTALL):
        out.append(text[at:found.start()])
        at = found.end()
    return "".join(out) + text[at:]


def classes(root):
    """{name: header}, and {alias: class}."""
    found, aliases = {}, {}
    for module in MODULES:
        for header in sorted((root / "include" / "skerry" / module).glob("*.hpp")):
            text = outside_detail(header.read_text(encoding="utf-8"))
            for alias in ALIAS.finditer(text):
                aliases[alias[1]] = alias[2]
            for match in CLASS.finditer(text):
                end = text.find("\n}", match.end())
                body = text[match.end():end]
                # A class with members of its own that change: what only has numbers in it is a setting or an answer.
                if re.search(r"^ private:", body, re.MULTILINE) and re.search(r"^  [\w:<>, *\[\]{}()&.+-]+ \w+_(?:\{|;| =|\[)", body, re.MULTILINE):
                    found[match[1]] = header.relative_to(root / "include" / "skerry").as_posix()
    return found, aliases


def main():
    root = pathlib.Path(sys.argv[1])
    drivers = "".join(source.read_text(encoding="utf-8") for source in sorted(root.glob("tests/*/same_bits*.cpp")))
    words = set(re.findall(r"\w+", re.sub(r"#include.*", "", drivers)))
    found, aliases = classes(root)
    driven = {aliases.get(word, word) for word in words} | words
    excused = {}
    for line in (root / "tests" / "same_bits" / "drivers.txt").read_text(encoding="utf-8").splitlines():
        name, _, reason = line.split("#")[0].strip().partition(" ")
        if name:
            excused[name] = reason.strip()
    wrong = 0
    for name, header in sorted(found.items(), key=lambda item: (item[1], item[0])):
        if name.startswith("dynamic_"):
            continue
        if name in driven:
            state = "driven"
        elif excused.get(name):
            state = f"not driven: {excused[name]}"
        else:
            state = "FAIL no driver in tests/*/same_bits*.cpp, and no reason in tests/same_bits/drivers.txt"
            wrong += 1
        if "--list" in sys.argv or state.startswith("FAIL"):
            print(f"{header:36} {name:28} {state}")
    for name in sorted(excused):
        if name not in found or name in driven:
            print(f"FAIL drivers.txt excuses {name}, which {'has a driver' if name in driven else 'is no class of include/'}")
            wrong += 1
    print(f"{sum(n in driven for n in found)} classes driven, {len(excused)} excused, {wrong} failures")
    return 1 if wrong or len(found) < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
