#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Compiles and runs every C++ program that stands in the given Markdown pages: a fenced block with `int main`. A block without it that
begins with an include is compiled.

usage: compile_examples.py COMPILER INCLUDE_DIR WORK_DIR PAGE.md...
Exit 1 if a program does not compile without warnings, does not exit 0, or if no page holds one.
"""
import pathlib
import re
import subprocess
import sys
import typing

FLAGS = ["-std=c++20", "-O0", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


class Block(typing.NamedTuple):
    line: int
    source: str
    runs: bool


def blocks(page):
    text = page.read_text(encoding="utf-8")
    for block in re.finditer(r"^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        runs = re.search(r"^int main\(", block.group(1), re.MULTILINE) is not None
        if runs or block.group(1).startswith("#include"):
            yield Block(text.count("\n", 0, block.start()) + 1, block.group(1), runs)


def main():
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    compiler, include, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    work.mkdir(parents=True, exist_ok=True)
    ran = failed = 0
    for page in map(pathlib.Path, sys.argv[4:]):
        for block in blocks(page):
            where = f"{page.name}:{block.line}"
            file = work / f"{page.stem}_{block.line}.cpp"
            file.write_text(block.source, encoding="utf-8")
            binary = file.with_suffix("")
            how = ["-o", str(binary)] if block.runs else ["-fsyntax-only"]
            compiled = subprocess.run([compiler, *FLAGS, "-I", include, str(file), *how], capture_output=True, text=True)
            if compiled.returncode != 0:
                print(f"FAIL {where}: does not compile\n{compiled.stderr[:3000]}")
                failed += 1
                continue
            if not block.runs:
                print(f"ok {where}: compiles")
                continue
            ran += 1
            done = subprocess.run([str(binary)], capture_output=True, text=True, timeout=60)
            last = done.stdout.strip().splitlines()[-1:] or ["(prints nothing)"]
            print(f"{'ok' if done.returncode == 0 else 'FAIL'} {where}: {last[0]}")
            failed += done.returncode != 0
    print(f"{ran} programs in the documentation, {failed} failed")
    return 0 if ran > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
