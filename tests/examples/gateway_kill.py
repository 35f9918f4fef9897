#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""gateway_kill.py GATEWAY [--kills N] [--seed S]: kill -9 at random moments, started again on the same store each time.

The region ends with what it has after a run that nobody killed: every summary, alarm and change of state once, in order per stream, what
waited marked as history. A story that ends before its kill is judged, and the next one begins on a fresh store.
"""
import argparse
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time

STORY = ["--quiet", "--simulate", "machines=2,hours=0.1,seed=7", "--outage", "100+120", "--outage", "250.03+20"]


def ended(store):
    """Was the story over when the kill came? Its notes begin anew then, behind numbers that were given out."""
    try:
        words = struct.unpack("<8Q", (store / "handed_over").read_bytes()[8:72])
    except (OSError, struct.error):
        return False
    return not any(words[0:6:2]) and any(words[1:6:2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("gateway")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    moments = random.Random(arguments.seed)

    def command(store, figures):
        return [arguments.gateway, *STORY, "--store", store, "--json", figures]

    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        figures = place / "figures.json"
        began = time.monotonic()
        subprocess.run(command(place / "calm", figures), check=True, stdout=subprocess.DEVNULL, timeout=120)
        took = time.monotonic() - began
        expected = json.loads(figures.read_text(encoding="utf-8"))["region"]
        if not expected["historical"] or expected["rows"] != expected["rows_produced"]:
            print(f"FAIL the run without kills is not what it should be: {expected}")
            return 1
        kills = stories = wrong = recovered = 0
        while kills < arguments.kills or stories == 0:
            store = place / f"store{stories}"
            here = 0
            while True:
                figures.unlink(missing_ok=True)
                run = subprocess.Popen(command(store, figures), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                try:
                    # Enough kills in one story: the next life is let live.
                    out, _ = run.communicate(timeout=moments.uniform(0.02, took) if here < 12 and kills < arguments.kills else 120)
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.communicate()
                    kills += 1
                    here += 1
                    if ended(store):
                        break
                    continue
                break
            stories += 1
            if ended(store) and not figures.exists():
                continue  # killed after its end, before it could tell of it
            if run.returncode != 0:
                print(f"FAIL exit status {run.returncode} after {here} kills:\n{out}")
                return 1
            got = json.loads(figures.read_text(encoding="utf-8"))
            recovered += got["account"]["recovered"]
            for key, value in expected.items():
                # How much waits, and is history, depends on the moments; that it is marked does not.
                if (key != "historical" and got["region"][key] != value) or (key == "historical" and got["region"][key] == 0):
                    wrong += 1
                    print(f"FAIL after {here} kills the region's {key} is {got['region'][key]} instead of {value}")
            if got["account"]["queued"] or got["account"]["dropped"] or not got["account"]["balances"]:
                wrong += 1
                print(f"FAIL after {here} kills: {got['account']}")
        print(f"kills={kills} stories={stories} recovered={recovered} wrong={wrong}")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
