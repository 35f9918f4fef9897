#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Compiles skerry_same_bits with several compilers and levels of optimisation and compares what the programs print.

With --targets for other processors, run by an emulator: a Cortex-M4 without a system (tests/board), and three under Linux.
"""
import argparse
import concurrent.futures
import dataclasses
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


@dataclasses.dataclass
class Variant:
    name: str
    compiler: str
    flags: list
    part: str = ""  # of the names of the sources that take part
    link: list = dataclasses.field(default_factory=list)
    more: list = dataclasses.field(default_factory=list)  # sources, below tests/
    emulator: list = dataclasses.field(default_factory=list)


def variants():
    yield Variant("g++ -O0 -fno-exceptions -fno-rtti", "g++", ["-O0", "-fno-exceptions", "-fno-rtti"])
    yield Variant("g++ -O3", "g++", ["-O3"])
    yield Variant("clang++ -O3", "clang++", ["-O3"])
    yield Variant("clang++ -O0", "clang++", ["-O0"], BY_PROCESSOR)
    has = flags_of_processor()
    if "avx2" in has and "fma" in has:
        yield Variant("clang++ -O3 -march=x86-64-v3", "clang++", ["-O3", "-march=x86-64-v3"], BY_PROCESSOR)
    if {"avx512bw", "avx512vl", "avx512dq", "avx512cd"} <= has:
        yield Variant("g++ -O3 -march=x86-64-v4", "g++", ["-O3", "-march=x86-64-v4"], BY_PROCESSOR)
    # A target with FMA: the flag of the interface target must keep a * b + c two roundings.
    if "fma" in has:
        yield Variant("g++ -O3 -march=x86-64-v3", "g++", ["-O3", "-march=x86-64-v3"])


def targets(root):
    board = root / "tests" / "board"
    yield Variant(
        "Cortex-M4 -Os", "arm-none-eabi-g++",
        "-Os -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -fno-exceptions -fno-rtti -fno-threadsafe-statics "
        "-ffunction-sections -fdata-sections -Wno-psabi".split(),
        link=["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections,--no-warn-mismatch,--wrap=__aeabi_dadd,--wrap=__aeabi_dsub",
              "-T", str(board / "mps2.ld")],
        more=[board / "startup.cpp", board / "arena.cpp", board / "double_sum.cpp"],
        emulator="qemu-system-arm -M mps2-an386 -display none -monitor none -serial none "
                 "-semihosting-config enable=on,target=native -kernel".split())
    for processor, emulator in (("aarch64-linux-gnu", "qemu-aarch64"), ("arm-linux-gnueabihf", "qemu-arm"), ("riscv64-linux-gnu", "qemu-riscv64")):
        yield Variant(f"{processor} -O2", f"{processor}-g++", ["-O2", "-Wno-psabi"], emulator=[emulator, "-L", f"/usr/{processor}"])


# What a target does not have, and why.
NOT_THERE = {"Cortex-M4 -Os": {"delivery.backoff_smoothed": "it needs a unit for doubles"}}


def build(variant, sources, root, scratch):
    folder = scratch / variant.name.replace("+", "p").replace(" ", "")
    folder.mkdir(parents=True, exist_ok=True)
    launcher = ["ccache"] if shutil.which("ccache") else []
    objects = []
    for index, source in enumerate([*sources, *variant.more]):
        target = folder / f"{index}_{source.stem}.o"
        command = [*launcher, variant.compiler, *FLAGS, *variant.flags, f"-I{root}/include", f"-I{root}/tests", "-c", str(source), "-o", str(target)]
        subprocess.run(command, check=True)
        objects.append(str(target))
    program = folder / "skerry_same_bits"
    subprocess.run([variant.compiler, *variant.flags, *objects, *variant.link, "-o", str(program)], check=True)
    return run(program, variant.emulator)


def run(program, emulator=()):
    # What a board says through its debugger comes out where qemu complains.
    result = subprocess.run([*emulator, str(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT if emulator else None, text=True, check=False)
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
    parser.add_argument("--targets", action="store_true", help="other processors instead of other compilers and levels")
    parser.add_argument("--table", action="store_true", help="print every hash")
    arguments = parser.parse_args()
    sources = [pathlib.Path(line) for line in arguments.sources.read_text().split("\n") if line]

    answers, partial = {}, set()
    wanted = [*(targets(arguments.root) if arguments.targets else variants())]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        pending = {}
        for variant in wanted:
            missing = [tool for tool in (variant.compiler, *variant.emulator[:1]) if shutil.which(tool) is None]
            if missing:
                print(f"skipped: {variant.name}: {' and '.join(missing)} not installed")
                continue
            taking_part = [source for source in sources if variant.part in source.as_posix() or source.stem == "skerry_same_bits"]
            if variant.part:
                partial.add(variant.name)
            pending[variant.name] = pool.submit(build, variant, taking_part, arguments.root, arguments.scratch)
        for name, future in pending.items():
            answers[name] = future.result()
    if arguments.program and pathlib.Path(arguments.program).exists():
        answers = {"this build": run(arguments.program), **answers}
    if len(answers) < 2:
        print("skipped: fewer than two compilations to compare")
        return 77

    reference = next(iter(answers))
    differing = 0
    for name, lines in answers.items():
        for what in sorted(lines.keys() if name in partial else answers[reference].keys() | lines.keys()):
            expected, got = answers[reference].get(what), lines.get(what)
            if expected != got:
                reason = NOT_THERE.get(name, {}).get(what) if got is None else None
                differing += reason is None
                print(f"{name} has no {what}: {reason}" if reason else f"FAIL {what}: {reference} says {expected}, {name} says {got}")
    if arguments.table:
        print("\n| type | " + " | ".join(answers) + " |\n|" + "---|" * (len(answers) + 1))
        for what in sorted(answers[reference]):
            print(f"| {what} | " + " | ".join(lines.get(what, "") for lines in answers.values()) + " |")
    print(f"{len(answers[reference])} types, {len(answers)} compilations ({', '.join(answers)}): {differing} differences")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
