#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Executed instructions on a Cortex-M4F, against the ceilings of ceilings.txt.

Each program <module>_<part>.cpp is compiled with -O2 for single precision and runs in qemu with -icount shift=0, where the clock of the
board advances by one nanosecond an instruction: what its timer counts is exact to 40 instructions a measurement, and the same in every
run. These are instructions, not cycles: wait states of a flash can double the latter.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

COMPILER, EMULATOR = "arm-none-eabi-g++", "qemu-system-arm"
FLAGS = ("-std=c++20 -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -ffp-contract=off -fno-exceptions -fno-rtti "
         "-fno-threadsafe-statics -ffunction-sections -fdata-sections -Wall -Wextra -Werror -nostartfiles --specs=nano.specs "
         "-Wl,--gc-sections -Wl,--no-warn-mismatch").split()
BOARD = ("-M mps2-an386 -display none -monitor none -serial none -semihosting-config enable=on,target=native -icount shift=0").split()


def ceilings(table):
    """{program: {name: (ceiling, wanted)}}; a dash says that the figure is only printed. `wanted` stands behind a bar: what the design asks
    for, where that is not the ceiling."""
    programs, current = {}, None
    for line in table.read_text().splitlines():
        bound, _, wanted = line.split("#")[0].partition("|")
        words = bound.split()
        if len(words) == 1:
            current = programs.setdefault(words[0].strip("[]"), {})
        elif words:
            ceiling = None if words[1] == "-" else int(words[1])
            current[words[0]] = (ceiling, int(wanted) if wanted.strip() else None)
    return programs


def measure(root, program, level, folder):
    here = root / "tests" / "instructions"
    board = root / "tests" / "board"
    image = pathlib.Path(folder) / f"{program}.elf"
    subprocess.run([COMPILER, level, *FLAGS, f"-I{root / 'include'}", f"-I{root / 'tests'}", "-T", str(board / "mps2.ld"),
                    str(board / "startup.cpp"), str(here / "board.cpp"), str(here / f"{program}.cpp"), "-o", str(image)], check=True)
    done = subprocess.run([EMULATOR, *BOARD, "-kernel", str(image)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    if done.returncode != 0:
        sys.exit(f"FAIL {program} ended with {done.returncode}\n{done.stdout}")
    return {name: int(count) for name, count in (line.split() for line in done.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--level", default="-O2")
    options = parser.parse_args()
    for tool, package in ((COMPILER, "gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib"), (EMULATOR, "qemu-system-arm")):
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is not installed (on Debian: {package})")
            return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for program, bounds in ceilings(options.root / "tests" / "instructions" / "ceilings.txt").items():
            counts = measure(options.root, program, options.level, folder)
            for name in sorted(counts.keys() | bounds.keys()):
                if name not in counts or name not in bounds:
                    failed += 1
                    print(f"FAIL {program} {name}: {'not measured' if name in bounds else 'no line in ceilings.txt'}")
                    continue
                bound, wanted = bounds[name]
                good = bound is None or counts[name] <= bound
                failed += not good
                print(f"{'' if good else 'FAIL '}{program:24} {name:28} {counts[name]:9} {'' if bound is None else f'of {bound}'}"
                      f"{'' if wanted is None else f', {wanted} wanted'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
