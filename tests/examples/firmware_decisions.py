#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""A sensor that judges by itself, its image for a Cortex-M4, and the gateway write the same decision log for the same samples, byte by byte.

usage: firmware_decisions.py FIRMWARE IMAGE GATEWAY SOURCE_TREE
The samples: the story of examples/07_firmware_sensor, a stream drawn here, and, where they are beside the tree, recorded streams of
../shared/data/anomaly/stream (SKERRY_SHARED names another place).
"""
import csv
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

import run_image


def drawn(seed, count):
    """Noise of one strength, later of twice that with blows in it; now and then a sample that is far out."""
    r = random.Random(seed)
    return [r.gauss(10, 1 if i < count * 2 // 3 else 2) + (r.random() < 0.001) * 40 + (i > count * 5 // 6 and i % 37 == 0) * 9 for i in range(count)]


def recorded(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    column = next(i for i, name in enumerate(rows[0]) if name not in ("t", "label"))
    return [float(row[column]) for row in rows[1:]]


class Check:
    def __init__(self, firmware, image, gateway, scratch):
        self.firmware, self.image, self.gateway, self.scratch = firmware, image, gateway, scratch
        self.wrong = 0
        self.compared = 0
        self.why = run_image.lacking(image)

    def fail(self, text):
        self.wrong += 1
        print(f"FAIL {text}")

    def logs(self, samples, window):
        """The log of each program, by its name."""
        (self.scratch / "samples.f32").write_bytes(struct.pack(f"<{len(samples)}f", *samples))
        floats = struct.unpack(f"<{len(samples)}f", (self.scratch / "samples.f32").read_bytes())
        lines = "".join(f"{i},{x!r}\n" for i, x in enumerate(floats))
        (self.scratch / "samples.csv").write_text("t,acceleration\n" + lines, encoding="utf-8")
        runs = {"firmware": lambda log: subprocess.run([self.firmware, "replay", "samples.f32", log, str(window)], cwd=self.scratch,
                                                       capture_output=True, text=True, check=False),
                "gateway": lambda log: subprocess.run([self.gateway, "--quiet", "--csv", "samples.csv", "--outage", "none", "--decision-log", log,
                                                       "--decision-window", str(window)], cwd=self.scratch, capture_output=True, text=True, check=False)}
        if not self.why:
            runs["image"] = lambda log: run_image.run(self.image, "replay", "samples.f32", log, str(window), cwd=self.scratch)
        logs = {}
        for name, run in runs.items():
            done = run(f"{name}.log")
            path = self.scratch / f"{name}.log"
            logs[name] = path.read_bytes() if path.exists() else b""
            if done.returncode != 0:
                self.fail(f"{name} ended with {done.returncode}: {done.stdout[-500:]}")
            path.unlink(missing_ok=True)
        return logs

    def same(self, what, samples, window):
        logs = self.logs(samples, window)
        first = logs["gateway"]
        lines = first.decode().splitlines()
        words = {w: sum(line.endswith(w) for line in lines) for w in ("learning", "normal", "strange")}
        if len(lines) != len(samples) // window or words["normal"] == 0:
            self.fail(f"{what}: the gateway wrote {len(lines)} lines, {words}")
        for name, log in logs.items():
            if log != first:
                at = next((i for i, (a, b) in enumerate(zip(log.splitlines(), lines)) if a.decode() != b), min(len(log.splitlines()), len(lines)))
                self.fail(f"{what}: line {at + 1} of {name} differs from the gateway's")
        self.compared += 1
        print(f"{what}: {len(samples)} samples, {len(lines)} windows of {window} ({words['learning']} learning, {words['normal']} normal, "
              f"{words['strange']} strange): {' = '.join(logs)}")


def main():
    firmware, image, gateway, tree = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        check = Check(firmware, image, gateway, pathlib.Path(folder))
        subprocess.run([firmware, "record", "story.f32"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        bytes_of_story = (pathlib.Path(folder) / "story.f32").read_bytes()
        story = struct.unpack(f"<{len(bytes_of_story) // 4}f", bytes_of_story)
        told = subprocess.run([firmware], capture_output=True, text=True, check=False).stdout
        (check.scratch / "story.f32").unlink()
        check.same("the story", story, 160)
        done = subprocess.run([firmware, "replay", "samples.f32", "log", "160"], cwd=folder, capture_output=True, text=True, check=False).stdout
        crcs = [re.search(r"CRC-32C of all decisions ([0-9a-f]{8})", text) for text in (told, done)]
        if not all(crcs) or crcs[0][1] != crcs[1][1]:
            check.fail("the story's own CRC, a reset in the middle of it, is not that of its samples")
        # One number changed, and the logs must differ: the comparison compares.
        other = list(story)
        other[160 * 300 + 7] += 0.5
        if check.logs(other, 160)["gateway"] == check.logs(story, 160)["gateway"]:
            check.fail("another sample did not change the log")
        for seed, window in ((1, 4), (2, 25)):
            check.same(f"drawn with seed {seed}", drawn(seed, 300 * window), window)
        shared = pathlib.Path(os.environ.get("SKERRY_SHARED", pathlib.Path(tree).parent / "shared")) / "data" / "anomaly" / "stream"
        streams = [shared / f"{name}.csv" for name in ("nab_machine_temperature", "ims_bearing_test2", "skab_anomaly_free")]
        for path in streams:
            if path.exists():
                check.same(path.stem, recorded(path), 4)
        if not any(path.exists() for path in streams):
            print(f"skipped: no recorded streams in {shared}")
        if check.why:
            print(f"{check.why}: firmware and gateway only")
        print(f"{check.compared} streams compared, {check.wrong} failures")
        return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
