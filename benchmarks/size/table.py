#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Measures sizes and instructions on a Cortex-M4F and writes them into README.md beside this file.

usage: table.py ROOT --build BUILD      measures all (some minutes); BUILD: where examples/07_firmware_sensor is built, for its image
       table.py ROOT --check            only looks whether the page has a row for each thing that is measured
The bars are those of tests/size and tests/instructions, whose tests hold them in every run.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HEAD = """# Sizes and instructions on a microcontroller

Cortex-M4 with a unit for floats, {compiler}. Written by `benchmarks/size/table.py`; the tests `sizes.*` and `instructions` hold the ceilings in
every run. **Wanted** is what the design asks for where the ceiling is higher: what misses it is in bold. How it is counted: `tests/size/sizes.py`
(-Os; the compiler's own routines and the C library not counted), `tests/instructions/instructions.py` (-O2; executed instructions, not
cycles).
"""


def cell(measured, wanted):
    return f"**{measured:,}**" if wanted is not None and measured > wanted else f"{measured:,}"


def bound(ceiling, wanted):
    return "" if ceiling is None else (f"{ceiling:,}" if wanted is None else f"{ceiling:,} ({wanted:,} wanted)")


def line(*cells):
    return "| " + " | ".join(cells) + " |\n"


def parts(root, sizes):
    out = "\n## Parts: code, tables, state, in bytes\n\n" + line("part", "code", "of", "tables", "of", "state", "of") + "|---|---|---|---|---|---|---|\n"
    with tempfile.TemporaryDirectory() as folder:
        for part, ceilings, wanted in sizes.rows(root / "tests" / "size" / "ceilings.txt"):
            measured, text = sizes.measure(root, root / "tests" / "size" / f"{part}.cpp", folder)
            if measured is None:
                sys.exit(text)
            wanted = wanted or [None] * 3
            out += line(f"`{part}`", *(c for i in range(3) for c in (cell(measured[i], wanted[i]), bound(ceilings[i], wanted[i]))))
    return out


def objects(root, sizes):
    out = "\n## Objects, in bytes of RAM\n\n" + line("object", "bytes", "of") + "|---|---|---|\n"
    with tempfile.TemporaryDirectory() as folder:
        measured = sizes.objects(root, folder)
    for name, ceilings, wanted in sizes.rows(root / "tests" / "size" / "objects.txt"):
        wanted = wanted[0] if wanted else None
        out += line(f"`{name}`", cell(measured[name], wanted), bound(ceilings[0], wanted))
    return out


def profiles(root, build, firmware_map, sizes):
    out = "\n## Profiles: flash and RAM of whole images and of what stands in them, in bytes\n\n" + line("profile", "flash", "of", "RAM", "of") + "|---|---|---|---|---|\n"
    with tempfile.TemporaryDirectory() as folder:
        for name, part, flash, ram in (("state, 32 actors and 64 keys (`limits::firmware`)", "state_replica", 24576, 8192),
                                       ("courier over a ring on flash, 16 items of 256 B", "delivery_courier_flash", 12288, 4096),
                                       ("the same, its config known while compiling", "delivery_courier_fixed", 12288, 4096),
                                       ("the same, one endpoint, one stream, no features", "delivery_courier_least", 12288, 4096)):
            (code, tables, state), _ = sizes.measure(root, root / "tests" / "size" / f"{part}.cpp", folder)
            out += line(name, cell(code, flash) + f" and {tables:,} of tables", f"{flash:,}", cell(state, ram), f"{ram:,}")
    image = build / "examples" / "07_firmware_sensor" if (build / "examples").exists() else build
    read = firmware_map.Map((image / "firmware_sensor.map").read_text())
    flash, ram = read.size(".text", ".ARM.exidx", ".data"), read.size(".data", ".bss")
    out += line("`examples/07_firmware_sensor`, the whole image: start-up, libgcc and newlib too", cell(flash, firmware_map.FLASH), f"{firmware_map.FLASH:,}",
                f"{ram:,} and at most {firmware_map.STACK:,} of stack", f"{firmware_map.RAM:,}")
    return out


def operations(root, instructions):
    out = "\n## Operations, in executed instructions\n\n" + line("program", "operation", "instructions", "of") + "|---|---|---|---|\n"
    with tempfile.TemporaryDirectory() as folder:
        for program, bounds in instructions.ceilings(root / "tests" / "instructions" / "ceilings.txt").items():
            counts = instructions.measure(root, program, "-O2", folder)
            for name, (ceiling, wanted) in bounds.items():
                out += line(f"`{program}`", f"`{name}`", cell(counts[name], wanted), bound(ceiling, wanted))
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    root = options.root.resolve()
    for folder in ("size", "instructions", "examples"):
        sys.path.insert(0, str(root / "tests" / folder))
    import firmware_map
    import instructions
    import sizes
    page = root / "benchmarks" / "size" / "README.md"
    if options.check:
        text = page.read_text(encoding="utf-8")
        names = [name for table in ("ceilings", "objects") for name, *_ in sizes.rows(root / "tests" / "size" / f"{table}.txt")]
        names += [name for bounds in instructions.ceilings(root / "tests" / "instructions" / "ceilings.txt").values() for name in bounds]
        missing = [name for name in names if f"`{name}` |" not in text]
        surplus = sorted(set(re.findall(r"`(\w+)` \| [*\d]", text)) - set(names))
        for name in missing:
            print(f"FAIL benchmarks/size/README.md has no row {name}: run benchmarks/size/table.py")
        for name in surplus:
            print(f"FAIL benchmarks/size/README.md has a row {name}, which nobody measures")
        print(f"{len(names)} things measured, {len(missing) + len(surplus)} rows wrong")
        return 1 if missing or surplus or not names else 0
    if options.build is None:
        parser.error("--build is needed: the image is a row of the table")
    compiler = subprocess.run([sizes.COMPILER, "-dumpfullversion"], text=True, stdout=subprocess.PIPE, check=True).stdout.strip()
    page.write_text(HEAD.format(compiler=f"arm-none-eabi-g++ {compiler}") + profiles(root, options.build, firmware_map, sizes) + parts(root, sizes)
                    + objects(root, sizes) + operations(root, instructions), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
