#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Runs an example as its page says and compares what it prints with the page's block "What you see".

usage: expected_output.py README.md PROGRAM [ARGUMENT...]
`...` and `~...` stand for anything; lines without them must begin as written. Exit 1 with the first lines that differ.
"""
import pathlib
import re
import subprocess
import sys


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    page = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    block = re.search(r"^What you see[^\n]*\n\n```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    if not block:
        print(f"FAIL {sys.argv[1]} has no block after 'What you see'")
        return 1
    run = subprocess.run(sys.argv[2:], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    printed = run.stdout.splitlines()
    if run.returncode == 77 and "skipped:" in run.stdout:
        print(run.stdout.strip())
        return 77
    wrong = 0 if run.returncode == 0 else 1
    if wrong:
        print(f"FAIL exit status {run.returncode}\n{run.stderr[-2000:]}")
    at = 0
    expected = block.group(1).splitlines()
    for line in expected:
        pattern = ".*".join(re.escape(part) for part in re.split(r"~?\.\.\.", line.rstrip()))
        found = next((i for i in range(at, len(printed)) if re.match(pattern, printed[i])), None)
        if found is None:
            wrong += 1
            word = line.split()[0] if line.split() else ""
            got = next((p for p in printed if p.startswith(word)), "(no such line)")
            print(f"FAIL the page says\n  {line}\nthe program printed\n  {got}")
        else:
            at = found + 1
    print(f"{len(expected)} lines on the page, {wrong} differ")
    return 1 if wrong or not expected else 0


if __name__ == "__main__":
    sys.exit(main())
