#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Does every relative link of the given Markdown pages lead to a file, and its #anchor to a heading there?

usage: links.py PAGE.md...
Exit 1 with the links that lead nowhere, or if there is none.
"""
import pathlib
import re
import sys


def prose(page):
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    seen = wrong = 0
    for page in map(pathlib.Path, sys.argv[1:]):
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            if re.match(r"[a-z]+:", target):
                continue
            seen += 1
            name, _, anchor = target.partition("#")
            file = page if not name else page.parent / name
            if not file.exists() or (anchor and anchor not in anchors(file)):
                wrong += 1
                print(f"FAIL {page}: {target}")
    print(f"{seen} links, {wrong} lead nowhere")
    return 0 if seen > 0 and wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
