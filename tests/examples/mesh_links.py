#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""The mesh comes to the same state whether frames arrive or a fifth of them is lost and some overtake others.

usage: mesh_links.py PROGRAM
"""
import subprocess
import sys


def state(program, *arguments):
    run = subprocess.run([program, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    if run.returncode == 77:
        print(run.stdout.strip())
        sys.exit(77)
    lines = [line for line in run.stdout.splitlines() if line.startswith("state ")]
    if run.returncode != 0 or len(lines) != 1:
        print(f"FAIL {' '.join(arguments)}: exit status {run.returncode}\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
        sys.exit(1)
    return lines[0]


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    wrong = 0
    seen = set()
    for seed in ("1", "2", "3", "4", "5"):
        memory = state(sys.argv[1], "--seed", seed)
        udp = state(sys.argv[1], "--seed", seed, "--link", "udp")
        seen.add(memory)
        if memory != udp:
            wrong += 1
            print(f"FAIL seed {seed}: memory {memory}, udp {udp}")
    if len(seen) < 2:
        wrong += 1
        print("FAIL every seed has the same state: the line says nothing")
    print(f"5 seeds, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
