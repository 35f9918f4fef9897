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
    """Name, ceilings, and what was wanted where that is less (behind a bar; a dash: no less)."""
    for line in table.read_text().splitlines():
        bounds, _, wanted = line.split("#")[0].partition("|")
        words = bounds.split()
        if words:
            yield words[0], [int(w) for w in words[1:]], [None if w == "-" else int(w) for w in wanted.split()]


def objects(root, folder):
    """{name: bytes} of the objects in objects.cpp."""
    made = pathlib.Path(folder) / "objects.o"
    compile_only = [flag for flag in FLAGS if not flag.startswith(("-Wl,", "--specs"))]
    subprocess.run([COMPILER, *compile_only, f"-I{root / 'include'}", "-c", str(root / "tests" / "size" / "objects.cpp"), "-o", str(made)], check=True)
    symbols = subprocess.run(["arm-none-eabi-nm", "-S", str(made)], text=True, stdout=subprocess.PIPE, check=True).stdout
    return {name: int(size, 16) for size, name in re.findall(r"^[0-9a-f]+ ([0-9a-f]+) \w object_(\w+)$", symbols, re.MULTILINE)}


def check_objects(root):
    """Prints the objects against objects.txt; how many fail."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = objects(root, folder)
    bounds = {name: (ceiling[0], wanted) for name, ceiling, wanted in rows(root / "tests" / "size" / "objects.txt")}
    failed = 0
    for name in sorted(sizes.keys() | bounds.keys()):
        if name not in sizes or name not in bounds:
            print(f"FAIL {name}: {'not measured' if name in bounds else 'no line in objects.txt'}")
            failed += 1
            continue
        over = sizes[name] > bounds[name][0]
        failed += over
        print(f"{'FAIL ' if over else ''}{name:<33}{sizes[name]:9}{bounds[name][0]:7}")
    return failed


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
    parser.add_argument("--objects", action="store_true", help="single objects against objects.txt instead")
    options = parser.parse_args()
    if shutil.which(COMPILER) is None:
        print(f"skipped: {COMPILER} is not installed (on Debian: gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib)")
        return 77
    if options.objects:
        return 1 if check_objects(options.root) else 0
    here = options.root / "tests" / "size"
    failed = 0
    print("part                                  code     of   tables     of   state     of   (bytes)")
    with tempfile.TemporaryDirectory() as folder:
        for part, ceilings, _ in rows(here / "ceilings.txt"):
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
