#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""gateway_model.py GATEWAY MODEL.onnx [LIBRARY]: with a model of known failures the gateway's alarm is the model's; a damaged file leaves
novelty alone, which finds the fault too, and every row is counted; without ONNX Runtime --model is refused."""
import json
import pathlib
import subprocess
import sys
import tempfile


def main():
    gateway, model = sys.argv[1], pathlib.Path(sys.argv[2])
    library = sys.argv[3] if len(sys.argv) > 3 and not sys.argv[3].endswith("NOTFOUND") else ""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        summary = folder / "summary.json"

        def run(file, *more):
            command = [gateway, "--quiet", "--simulate", "machines=1,hours=0.75,seed=7,fault=1/bearing_outer@2200:0.6", "--outage", "none",
                       "--json", str(summary), "--model", str(file), *more]
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

        def check(good, what):
            nonlocal failed
            if not good:
                failed += 1
                print(f"FAIL {what}")

        missing = run(model, "--library", str(folder / "nowhere.so"))
        check(missing.returncode == 2 and "--model" in missing.stdout, f"without ONNX Runtime: exit {missing.returncode}")
        if not library:
            print("skipped: no ONNX Runtime")
            return 1 if failed else 77
        done = run(model, "--library", library)
        found = json.loads(summary.read_text(encoding="utf-8"))
        print(found["model"])
        check(done.returncode == 0 and found["detection"]["hit"] == 1 and found["detection"]["false_alarms"] == 0, done.stdout)
        check(found["alarms"] and found["alarms"][0]["why"] == "model of known failures", "the alarm is not the model's")
        check("24 test vectors hold" in found["model"] and found["model"].endswith(" 0 without an answer"), found["model"])
        deaf = run(model, "--library", library, "--threshold", "1")
        check(deaf.returncode == 0 and "24 test vectors" in deaf.stdout, "--threshold 1")
        damaged = folder / "damaged.onnx"
        damaged.write_bytes(model.read_bytes()[:2000])
        done = run(damaged, "--library", library)
        found = json.loads(summary.read_text(encoding="utf-8"))
        print(found["model"])
        check(done.returncode == 0 and found["detection"]["hit"] == 1 and found["detection"]["false_alarms"] == 0, done.stdout)
        check(found["alarms"] and found["alarms"][0]["why"] != "model of known failures", "an alarm by a model that was refused")
        asked, unanswered = [int(part.split()[0]) for part in found["model"].split("; ")[-1].split(", ")]
        check("refused: corrupt" in found["model"] and asked == unanswered > 500, found["model"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
