#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Compiles each public header alone, included twice, with warnings as errors.

A header that another one includes before it says anything itself stands at the beginning of that one's compilation, with nothing before
it: it is compiled alone there, and not once more. With --together all headers are one compilation.
"""
import argparse
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys

FLAGS = "-std=c++20 -ffp-contract=off -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()
ON_EIGEN = {"t2_q_wide.hpp"}
# Adapters that need the headers of what they adapt: compiled with their own tests, where those are.
ON_OTHERS = {"onnxruntime.hpp", "ort_session.hpp", "opencv_dnn.hpp"}
# Adapters over somebody else's header, which may be missing.
STANDS_ON = {"sqlite_store.hpp": ("sqlite3.h", "libsqlite3-dev"), "mosquitto_transport.hpp": ("mosquitto.h", "libmosquitto-dev")}
FIRMWARE_MODULES = {"core", "stats", "state", "delivery", "anomaly"}


def on_firmware(header):
    """The fixed-capacity forms; what is named dynamic_* allocates, and forests over float codes are for gateways."""
    module = header.parts[1].removesuffix(".hpp")
    gateway_only = header.name.startswith("dynamic_") or "float_forest" in header.name or header.name in ON_EIGEN
    return module in FIRMWARE_MODULES and not gateway_only


def first_include(include, header):
    """The header with which the compilation of this one begins, if that is one of ours: only comments and #pragma once before it."""
    for line in (include / header).read_text(encoding="utf-8").splitlines():
        if line.startswith("#include <skerry/"):
            return pathlib.Path(re.match(r"#include <([^>]+)>", line)[1])
        if line.strip() and not line.startswith("//") and line.strip() != "#pragma once":
            return None
    return None


def in_compilations(include, headers):
    """[header to compile, those that its compilation begins with]: each of `headers` once."""
    known = set(headers)
    first = {header: begins_with for header in headers if (begins_with := first_include(include, header)) in known}
    begins_another = set(first.values())
    chains = []
    seen = set()
    for header in headers:
        if header in begins_another:
            continue
        chain = [header]
        while chain[-1] in first and first[chain[-1]] not in seen:
            chain.append(first[chain[-1]])
        seen.update(chain)
        chains.append(chain)
    left_over = [[header] for header in headers if header not in seen]  # of a circle, which `floors` refuses
    return chains + left_over


def compiles(command, chain):
    text = "".join(f"#include <{one}>\n" for one in [*chain, *chain])
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return chain, done.returncode == 0, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--include", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--eigen", type=pathlib.Path, help="folder of Eigen's headers; without it the headers that need them are skipped")
    parser.add_argument("--firmware", action="store_true", help="only what firmware may include")
    parser.add_argument("--together", action="store_true", help="all headers in one compilation")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("flags", nargs="*")
    arguments = parser.parse_args()

    if shutil.which(arguments.compiler) is None:
        print(f"skipped: {arguments.compiler} is not installed")
        return 77
    headers = sorted(path.relative_to(arguments.include) for path in arguments.include.rglob("*.hpp") if path.name not in ON_OTHERS)
    if arguments.firmware:
        headers = [header for header in headers if on_firmware(header)]
    if arguments.eigen is None:
        for header in headers:
            if header.name in ON_EIGEN:
                print(f"skipped: {header}: Eigen is not installed (on Debian: libeigen3-dev)")
        headers = [header for header in headers if header.name not in ON_EIGEN]
    for name, (theirs, package) in STANDS_ON.items():
        there = subprocess.run([arguments.compiler, "-fsyntax-only", "-x", "c++", "-"], input=f"#include <{theirs}>\n", text=True,
                               stderr=subprocess.DEVNULL, check=False).returncode == 0
        if not there and any(header.name == name for header in headers):
            print(f"skipped: {name}: {theirs} is not installed (on Debian: {package})")
            headers = [header for header in headers if header.name != name]
    eigen = [] if arguments.eigen is None else [f"-isystem{arguments.eigen}"]
    command = [arguments.compiler, *FLAGS, *arguments.flags, f"-I{arguments.include}", "-x", "c++", "-"]
    if arguments.together:
        good, output = compiles([*command, *eigen], headers)[1:]
        print(f"{arguments.compiler} {' '.join(arguments.flags)}: {len(headers)} headers {'' if good else 'do not '}compile together")
        print("" if good else "\n".join(output.splitlines()[:40]))
        return 0 if good and headers else 1
    chains = in_compilations(arguments.include, headers)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        for chain, good, output in pool.map(lambda one: compiles([*command, *(eigen if one[0].name in ON_EIGEN else [])], one), chains):
            if not good:
                failed += len(chain)
                first = "\n".join(output.splitlines()[:12])
                print(f"FAIL {' '.join(map(str, chain))} does not compile alone:\n{first}")
    print(f"{arguments.compiler} {' '.join(arguments.flags)}: {len(headers) - failed} of {len(headers)} headers compile alone")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
