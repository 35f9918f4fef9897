#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""model_made_now.py PROGRAM ROOT [LIBRARY]: rows from the example, a model from scripts/make_model.py, twice: the same bytes both times; and
with ONNX Runtime the example's story held by the model that was just made, and a flipped bit in it refused."""
import pathlib
import subprocess
import sys
import tempfile


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    library = sys.argv[3] if len(sys.argv) > 3 and not sys.argv[3].endswith("NOTFOUND") else ""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        status, text = run(program, "--rows", folder / "rows.csv")
        assert status == 0, text
        made = []
        for turn in ("first", "second"):
            (folder / turn).mkdir()
            status, text = run(sys.executable, root / "scripts/make_model.py", folder / "rows.csv", folder / turn / "known_failures")
            print(text.strip())
            if status != 0:
                return status
            made.append([(folder / turn / f"known_failures{end}").read_bytes() for end in (".onnx", ".hpp")])
        if made[0] != made[1]:
            print("FAIL the same rows and seed gave other bytes")
            return 1
        kept = (root / "examples/06_bring_your_own_model/known_failures.onnx").read_bytes()
        print("the model in the tree is " + ("the same, byte for byte" if kept == made[0][0] else "another one (other versions of the packages)"))
        if not library:
            print("skipped: no ONNX Runtime, so the model that was made is not asked")
            return 77
        model = folder / "first" / "known_failures.onnx"
        status, text = run(program, "--model", model, "--library", library)
        print(text.strip())
        if status != 0:
            print(f"FAIL exit status {status}")
            return 1
        bent = bytearray(made[0][0])
        bent[len(bent) // 16] ^= 0x40
        model.write_bytes(bent)
        status, text = run(program, "--model", model, "--library", library)
        print(text.strip().splitlines()[-1])
        if status != 1 or "refused" not in text:
            print("FAIL a model with a flipped bit was taken")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
