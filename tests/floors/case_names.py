#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Holds that no two test cases of one folder have a name and tags in common: Catch2 refuses to run a program of which two have."""
import pathlib
import re
import sys

CASE = re.compile(r'^(?:TEMPLATE_)?TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)(?:,\s*"([^"]*)")?', re.MULTILINE)


def twice(texts):
    """`texts`: (name of a file, what it says); yields what is said more than once."""
    first = {}
    for name, text in texts:
        for found in CASE.finditer(text):
            case = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found.group(1))), found.group(2)
            if case in first:
                yield f"{name}: {case[0]!r} is the name of a case in {first[case]}"
            first.setdefault(case, name)


def main():
    folders = sorted(path for path in (pathlib.Path(sys.argv[1]) / "tests").iterdir() if path.is_dir() and path.name != "fail")
    found, cases = [], 0
    for folder in folders:
        texts = [(str(path), path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.cpp"))]
        cases += sum(len(CASE.findall(text)) for _, text in texts)
        found += twice(texts)
    for line in found:
        print(f"FAIL {line}")
    print(f"{cases} test cases, {len(found)} with the name of another one")
    return 1 if found or cases == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
