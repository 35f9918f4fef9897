#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Runs the variants of skerry_same_bits that the build has made, other compilers and levels or other processors, and compares what they
print: a line `type hash` each.

The manifest has a line per variant: set, name, program (nothing where its compiler is not installed), compiler, part of the sources that
takes part (nothing: all), emulator; a tab between them.
"""
import argparse
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys

# What a target does not have, and why.
NOT_THERE = {"Cortex-M4 -Os": {"delivery.backoff_smoothed": "it needs a unit for doubles"}}


def run(name, program, emulator=()):
    """What it printed: hashes by type, or a line that says why there are none."""
    if not pathlib.Path(program).exists():
        return f"FAIL {name} was not built: cmake --build BUILD --target skerry_same_bits_variants"
    # What a board says through its debugger comes out where qemu complains.
    result = subprocess.run([*emulator, str(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT if emulator else None, text=True, check=False)
    try:
        lines = dict(line.rsplit(" ", 1) for line in result.stdout.splitlines())
    except ValueError:
        lines = {}
    if result.returncode != 0 or not lines:
        return f"FAIL {name} ended with {result.returncode} and {len(lines)} lines"
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--manifest", type=pathlib.Path, required=True)
    parser.add_argument("--program", required=True, help="skerry_same_bits of this build, with which the others are compared")
    parser.add_argument("--name", default="this build")
    parser.add_argument("--set", default="", help="only the variants of this set: compilers, targets")
    parser.add_argument("--table", action="store_true", help="print every hash")
    arguments = parser.parse_args()

    answers, partial, failed = {}, set(), 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        pending = {arguments.name: pool.submit(run, arguments.name, arguments.program)}
        for line in arguments.manifest.read_text(encoding="utf-8").splitlines():
            variants, name, program, compiler, part, emulator = line.split("\t")
            if arguments.set and variants != arguments.set:
                continue
            emulator = emulator.split()
            missing = [compiler] * (not program) + [tool for tool in emulator[:1] if shutil.which(tool) is None]
            if missing:
                print(f"skipped: {name}: {' and '.join(missing)} not installed")
                continue
            if part:
                partial.add(name)
            pending[name] = pool.submit(run, name, program, emulator)
        for name, future in pending.items():
            answer = future.result()
            if isinstance(answer, str):
                print(answer)
                failed += 1
            else:
                answers[name] = answer
    if len(pending) < 2:
        print("skipped: fewer than two compilations to compare")
        return 77
    if failed and (len(answers) < 2 or arguments.name not in answers):
        return 1

    differing = 0
    reference = answers[arguments.name]
    for name, lines in answers.items():
        for what in sorted(lines.keys() if name in partial else reference.keys() | lines.keys()):
            expected, got = reference.get(what), lines.get(what)
            if expected != got:
                reason = NOT_THERE.get(name, {}).get(what) if got is None else None
                differing += reason is None
                print(f"{name} has no {what}: {reason}" if reason else f"FAIL {what}: {arguments.name} says {expected}, {name} says {got}")
    if arguments.table:
        print("\n| type | " + " | ".join(answers) + " |\n|" + "---|" * (len(answers) + 1))
        for what in sorted(reference):
            print(f"| {what} | " + " | ".join(lines.get(what, "") for lines in answers.values()) + " |")
    print(f"{len(reference)} types, {len(answers)} compilations ({', '.join(answers)}): {differing} differences")
    return 1 if differing or failed else 0


if __name__ == "__main__":
    sys.exit(main())
