#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Programs that must not compile: each *.cpp here fails, and the compiler says the text of its line `// expect: TEXT`.

A file whose includes alone do not compile would fail for the wrong reason, so those are compiled first. Where a file has a part under
`#ifdef SKERRY_CONTROL`, it is also compiled with that macro and must then be accepted: the same program without its mistake.
"""
import argparse
import pathlib
import re
import subprocess
import sys


def compile_text(command, text):
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0, done.stdout


def judge(command, path):
    text = path.read_text(encoding="utf-8")
    expected = re.search(r"^// expect: (.+)$", "\n".join(text.split("\n")[:5]), re.MULTILINE)
    if not expected:
        return "has no line `// expect: TEXT` at its beginning"
    includes = "".join(f"{line}\n" for line in text.split("\n") if re.match(r"\s*#\s*include\b", line))
    good, output = compile_text(command, includes)
    if not includes or not good:
        return f"its includes alone do not compile:\n{output[:2000]}"
    if "SKERRY_CONTROL" in text:
        good, output = compile_text([*command, "-DSKERRY_CONTROL"], text)
        if not good:
            return f"does not compile without its mistake either:\n{output[:2000]}"
    good, output = compile_text(command, text)
    if good:
        return "compiles"
    if expected[1].strip() not in output:
        return f"the compiler does not say: {expected[1].strip()}\n{output[:2000]}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    command = [arguments.compiler, "-std=c++20", "-fsyntax-only", f"-I{arguments.include}", "-x", "c++", "-"]
    if not compile_text(command, "int main() {}\n")[0]:
        print(f"FAIL the command itself does not work: {' '.join(command)}")
        return 1
    files = sorted(arguments.folder.glob("*.cpp"))
    if not files:
        print("skipped: no program that must not compile is written yet")
        return 77
    failed = 0
    for path in files:
        why = judge(command, path)
        if why:
            failed += 1
            print(f"FAIL {path.name}: {why}")
    print(f"{len(files) - failed} of {len(files)} programs are refused as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
