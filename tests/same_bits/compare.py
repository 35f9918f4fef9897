#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Compiles skerry_same_bits with several compilers and levels of optimisation and compares what the programs print."""
import argparse
import concurrent.futures
import pathlib
import platform
import shutil
import subprocess
import sys

FLAGS = ["-std=c++20", "-ffp-contract=off"]


# What chooses its instructions by the processor it is compiled for, and so is compiled for more of them.
BY_PROCESSOR = "anomaly/same_bits.cpp"


def flags_of_processor():
    cpu = pathlib.Path("/proc/cpuinfo")
    return set(cpu.read_text(errors="replace").split()) if platform.machine() == "x86_64" and cpu.exists() else set()


def variants():
    """name, compiler, flags, part of the name of the sources that take part"""
    yield "g++ -O0 -fno-exceptions -fno-rtti", "g++", ["-O0", "-fno-exceptions", "-fno-rtti"], ""
    yield "g++ -O3", "g++", ["-O3"], ""
    yield "clang++ -O3", "clang++", ["-O3"], ""
    yield "clang++ -O0", "clang++", ["-O0"], BY_PROCESSOR
    has = flags_of_processor()
    if "avx2" in has and "fma" in has:
        yield "clang++ -O3 -march=x86-64-v3", "clang++", ["-O3", "-march=x86-64-v3"], BY_PROCESSOR
    if {"avx512bw", "avx512vl", "avx512dq", "avx512cd"} <= has:
        yield "g++ -O3 -march=x86-64-v4", "g++", ["-O3", "-march=x86-64-v4"], BY_PROCESSOR
    # A target with FMA: the flag of the interface target must keep a * b + c two roundings.
    if "fma" in has:
        yield "g++ -O3 -march=x86-64-v3", "g++", ["-O3", "-march=x86-64-v3"], ""


def build(name, compiler, flags, sources, root, scratch):
    folder = scratch / name.replace("+", "p").replace(" ", "")
    folder.mkdir(parents=True, exist_ok=True)
    launcher = ["ccache"] if shutil.which("ccache") else []
    objects = []
    for index, source in enumerate(sources):
        target = folder / f"{index}_{source.stem}.o"
        command = [*launcher, compiler, *FLAGS, *flags, f"-I{root}/include", f"-I{root}/tests", "-c", str(source), "-o", str(target)]
        subprocess.run(command, check=True)
        objects.append(str(target))
    program = folder / "skerry_same_bits"
    subprocess.run([compiler, *objects, "-o", str(program)], check=True)
    return run(program)


def run(program):
    result = subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=False)
    lines = dict(line.rsplit(" ", 1) for line in result.stdout.splitlines())
    if result.returncode != 0 or not lines:
        sys.exit(f"FAIL {program} ended with {result.returncode} and {len(lines)} lines")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sources", type=pathlib.Path, required=True, help="file with one source per line")
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--scratch", type=pathlib.Path, required=True)
    parser.add_argument("--program", help="an already built skerry_same_bits, compared as well if it exists")
    arguments = parser.parse_args()
    sources = [pathlib.Path(line) for line in arguments.sources.read_text().split("\n") if line]

    answers, partial = {}, set()
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        pending = {}
        for name, compiler, flags, part in variants():
            if shutil.which(compiler) is None:
                print(f"skipped: {name}: {compiler} is not installed")
                continue
            taking_part = [source for source in sources if part in source.as_posix() or source.stem == "skerry_same_bits"]
            if part:
                partial.add(name)
            pending[name] = pool.submit(build, name, compiler, flags, taking_part, arguments.root, arguments.scratch)
        for name, future in pending.items():
            answers[name] = future.result()
    if arguments.program and pathlib.Path(arguments.program).exists():
        answers["this build"] = run(arguments.program)
    if len(answers) < 2:
        print("skipped: fewer than two compilations to compare")
        return 77

    reference = next(iter(answers))
    differing = 0
    for name, lines in answers.items():
        for what in sorted(lines.keys() if name in partial else answers[reference].keys() | lines.keys()):
            expected, got = answers[reference].get(what), lines.get(what)
            if expected != got:
                differing += 1
                print(f"FAIL {what}: {reference} says {expected}, {name} says {got}")
    print(f"{len(answers[reference])} types, {len(answers)} compilations ({', '.join(answers)}): {differing} differences")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
