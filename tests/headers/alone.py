#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Compiles each public header alone, included twice, with warnings as errors."""
import argparse
import concurrent.futures
import pathlib
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


def compiles(command, header):
    text = f"#include <{header}>\n#include <{header}>\n"
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return header, done.returncode == 0, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--include", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--eigen", type=pathlib.Path, help="folder of Eigen's headers; without it the headers that need them are skipped")
    parser.add_argument("--firmware", action="store_true", help="only what firmware may include")
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
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        for header, good, output in pool.map(lambda one: compiles([*command, *(eigen if one.name in ON_EIGEN else [])], one), headers):
            if not good:
                failed += 1
                first = "\n".join(output.splitlines()[:12])
                print(f"FAIL {header} does not compile alone:\n{first}")
    print(f"{arguments.compiler} {' '.join(arguments.flags)}: {len(headers) - failed} of {len(headers)} headers compile alone")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
