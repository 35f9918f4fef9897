#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Isolation forests of skerry beside those of scikit-learn on labelled data: is the area under the ROC curve as good?

Both fit and score every tabular *.csv and *.f32 set below DIR without seeing labels, with ten well-spaced seeds each. A set holds when
our mean >= their mean - (allowance + 2 standard errors of the difference); the allowance is 0.005 for two-byte codes, 0.012 for one byte.
Exit status: 0 if every set that was compared holds, 1 if one does not, 2 for a wrong call, 77 without scikit-learn.
"""
import argparse
import csv
import io
import pathlib
import subprocess
import sys


def read_table(path, np):
    if path.suffix == ".csv":
        with path.open() as f:
            names = f.readline().strip().split(",")
        data = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float64, ndmin=2).astype(np.float32)
    else:
        raw = path.read_bytes()
        if raw[:4] != b"SKF1":
            raise ValueError("no SKF1 file")
        rows, columns, length = (int(v) for v in np.frombuffer(raw, "<u4", 3, 4))
        names = raw[16:16 + length].decode().split(",")
        data = np.frombuffer(raw, "<f4", rows * columns, (16 + length + 15) // 16 * 16).reshape(rows, columns)
    return names, data


def auc(score, label, np):
    from scipy.stats import rankdata
    positive = label > 0.5
    n1 = int(positive.sum())
    n0 = len(label) - n1
    return (rankdata(score)[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)


def theirs(x, label, options, np):
    from sklearn.ensemble import IsolationForest
    values = []
    for seed in np.random.SeedSequence(20240229).generate_state(options.seeds):
        model = IsolationForest(n_estimators=options.trees, max_samples=min(options.samples, len(x)), random_state=int(seed), n_jobs=1).fit(x)
        score = np.concatenate([-model.score_samples(x[i:i + 20000]) for i in range(0, len(x), 20000)])
        values.append(auc(score, label, np))
    return float(np.mean(values)), float(np.std(values, ddof=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--program", required=True, type=pathlib.Path, help="skerry_quality")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--codes", nargs="+", choices=["i16", "u8"], default=["i16", "u8"])
    parser.add_argument("--skip-larger-than", type=int, metavar="ROWS", default=None)
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error("--seeds: a standard error needs two at least")
    try:
        import numpy as np
        import scipy
        import sklearn
    except ImportError as e:
        print(f"skipped: {e}")
        return 77

    ours = {}
    for code in options.codes:
        run = subprocess.run([str(options.program), "forest", "--data", str(options.dir), "--seeds", str(options.seeds), "--trees",
                              str(options.trees), "--samples", str(options.samples), "--code", code],
                             stdout=subprocess.PIPE, text=True, check=False)
        if run.returncode != 0:
            print(f"{options.program} failed with {run.returncode}")
            return 1
        for row in csv.DictReader(io.StringIO(run.stdout)):
            ours[row["dataset"], code] = float(row["auc_mean"]), float(row["auc_sd"])

    print(f"scikit-learn {sklearn.__version__}, {options.trees} trees of {options.samples} rows, {options.seeds} seeds")
    print(f"{'set':<14}{'code':>5}{'ours':>18}{'scikit-learn':>18}{'difference':>12}{'bar':>9}  held")
    compared = 0
    all_held = True
    for path in sorted(p for p in options.dir.rglob("*") if p.suffix in (".csv", ".f32")):
        names, data = read_table(path, np)
        if names[0] == "t":
            continue
        if options.skip_larger_than is not None and len(data) > options.skip_larger_than:
            print(f"skipped: {path.stem}: {len(data)} rows")
            continue
        mean, sd = theirs(data[:, :-1], data[:, -1], options, np)
        for code in options.codes:
            our_mean, our_sd = ours[path.stem, code]
            error = ((our_sd**2 + sd**2) / options.seeds)**0.5
            bar = mean - ((0.005 if code == "i16" else 0.012) + 2 * error)
            held = our_mean >= bar
            all_held &= held
            compared += 1
            print(f"{path.stem:<14}{code:>5}{our_mean:>9.4f} ± {our_sd:.4f}{mean:>9.4f} ± {sd:.4f}{our_mean - mean:>+12.4f}{bar:>9.4f}  "
                  f"{'yes' if held else 'no'}", flush=True)
    return 0 if all_held and compared else 1


if __name__ == "__main__":
    sys.exit(main())
