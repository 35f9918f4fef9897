#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Code, tables and state of each part on a Cortex-M4F, against the ceilings of ceilings.txt.

A part is a program <module>_<part>.cpp: functions named measured_… that use the verbs to be measured, and an object named
measured_state. It is compiled with -Os for single precision and linked; counted is what carries skerry's or these names: not the
compiler's own routines (division of 64-bit numbers, double arithmetic), not the C library.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

COMPILER = "arm-none-eabi-g++"
FLAGS = ("-std=c++20 -Os -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -ffp-contract=off -fno-exceptions -fno-rtti "
         "-fno-threadsafe-statics -ffunction-sections -fdata-sections -Wall -Wextra -Werror -Wl,--gc-sections "
         "--specs=nano.specs --specs=nosys.specs -Wl,--no-warn-mismatch").split()
SYMBOL = re.compile(r"^[0-9a-f]+ ([0-9a-f]+) (\w) (.*)$")


def rows(table):
    for line in table.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            yield words[0], *(int(w) for w in words[1:])


def measure(root, source, folder):
    program = pathlib.Path(folder) / (source.stem + ".elf")
    command = [COMPILER, *FLAGS, f"-I{root / 'include'}", str(source), "-o", str(program)]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        return None, done.stdout
    symbols = subprocess.run(["arm-none-eabi-nm", "-S", "-C", str(program)], text=True, stdout=subprocess.PIPE, check=True).stdout
    code = tables = state = 0
    seen = set()  # a constructor has two names for the same bytes
    for line in symbols.splitlines():
        found = SYMBOL.match(line)
        if found and line.split()[0] in seen:
            continue
        if not found or not ("skerry::" in found[3] or found[3].startswith("measured_")):
            continue
        seen.add(line.split()[0])
        size, kind, name = int(found[1], 16), found[2], found[3]
        if name == "measured_state":
            state = size
        elif kind in "tTwW":
            code += size
        elif kind in "rRvV":
            tables += size
    return (code, tables, state), symbols


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--module", default="")
    parser.add_argument("--list", action="store_true", help="print the symbols too")
    options = parser.parse_args()
    if shutil.which(COMPILER) is None:
        print(f"skipped: {COMPILER} is not installed (on Debian: gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib)")
        return 77
    here = options.root / "tests" / "size"
    failed = 0
    print("part                                  code     of   tables     of   state     of   (bytes)")
    with tempfile.TemporaryDirectory() as folder:
        for part, *ceilings in rows(here / "ceilings.txt"):
            if not part.startswith(options.module):
                continue
            sizes, text = measure(options.root, here / (part + ".cpp"), folder)
            if sizes is None:
                print(f"FAIL {part}: does not compile and link\n{text}")
                failed += 1
                continue
            over = any(size > ceiling for size, ceiling in zip(sizes, ceilings)) or sizes[0] == 0 or sizes[2] == 0
            failed += over
            cells = "".join(f"{size:9}{ceiling:7}" for size, ceiling in zip(sizes, ceilings))
            print(f"{'FAIL ' if over else ''}{part:<33}{cells}")
            if options.list:
                print("\n".join(line for line in text.splitlines() if "skerry" in line or "measured" in line))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
