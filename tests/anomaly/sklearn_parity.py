#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""sklearn_parity.py TOOL SCRIPTS [SEED]: fits scikit-learn forests of random settings to random data, exports them with
SCRIPTS/export_forest.py, and compares what skerry answers: scores and decisions within 1e-12, verdicts equal."""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import sklearn
    from sklearn.ensemble import IsolationForest
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3") and "SKERRY_SECOND_PYTHON" not in os.environ:
        os.environ["SKERRY_SECOND_PYTHON"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("skipped: scikit-learn is not installed (on Debian: python3-sklearn)")
    sys.exit(77)

BOUND = 1e-12


def some_data(random):
    rows, columns = int(random.integers(2, 400)), int(random.integers(1, 12))
    x = random.normal(size=(rows, columns)) * 10.0 ** random.integers(-5, 6, size=columns)
    for j in range(columns):
        kind = random.integers(5)
        if kind == 0:
            x[:, j] = np.round(x[:, j] / (np.abs(x[:, j]).max() + 1e-300) * 3)
        elif kind == 1:
            x[:, j] = x[0, j]
        elif kind == 2:
            x[:, j] = x[:, j] ** 3
    return x.astype(np.float32)


def rows_to_score(random, model, x):
    """Rows like the data, far from it, and exactly on thresholds or next to them."""
    rows = [x[random.integers(len(x), size=20)], x[:10] * 100]
    thresholds = [[0.0] for _ in range(x.shape[1])]
    for estimator, columns in zip(model.estimators_, model.estimators_features_):
        for feature, value in zip(estimator.tree_.feature, estimator.tree_.threshold):
            if feature >= 0:
                thresholds[columns[feature]].append(value)
    on = np.array([[random.choice(column) for column in thresholds] for _ in range(60)]).astype(np.float32)
    rows += [on, np.nextafter(on, np.float32(np.inf)), np.nextafter(on, np.float32(-np.inf))]
    rows = np.concatenate(rows).astype(np.float32)
    return rows[np.isfinite(rows).all(axis=1)]


def main():
    tool, scripts = sys.argv[1], sys.argv[2]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20260101
    sys.path.insert(0, scripts)
    sys.dont_write_bytecode = True
    from export_forest import Refused, dump, export_forest
    failed = 0
    worst = 0.0
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for case in range(12):
            random = np.random.default_rng([seed, case])
            x = some_data(random)
            settings = dict(n_estimators=int(random.integers(1, 40)), random_state=int(random.integers(1 << 31)), n_jobs=1,
                            max_samples=int(random.integers(1, len(x) + 1)), max_features=float(random.uniform(0.2, 1.0)),
                            bootstrap=bool(random.integers(2)),
                            contamination="auto" if random.integers(2) else float(random.uniform(0.01, 0.5)))
            model = IsolationForest(**settings).fit(x)
            dump(export_forest(model), folder / "forest.json")
            rows = rows_to_score(random, model, x)
            rows.astype("<f4").tofile(folder / "rows.f32")
            done = subprocess.run([tool, "score", folder / "forest.json", folder / "rows.f32"], stdout=subprocess.PIPE, text=True)
            got = np.array([line.split() for line in done.stdout.splitlines()], dtype=np.float64)
            if done.returncode != 0 or got.shape != (len(rows), 3):
                print(f"FAIL seed {seed} case {case}: {settings}: exit {done.returncode}, {got.shape[0]} rows of {len(rows)}")
                failed += 1
                continue
            scores, decisions = model.score_samples(rows), model.decision_function(rows)
            apart = max(np.abs(got[:, 0] - scores).max(), np.abs(got[:, 1] - decisions).max())
            # A decision within rounding of zero may fall on either side, in scikit-learn as well as here.
            clear = np.abs(decisions) > BOUND
            same = (got[:, 2] == model.predict(rows))[clear].all()
            worst = max(worst, apart)
            compared += len(rows)
            if not (apart <= BOUND and same):
                print(f"FAIL seed {seed} case {case}: {settings}: {apart:.3g} apart, predict {'equal' if same else 'differs'}")
                failed += 1
        try:
            export_forest(IsolationForest())
            print("FAIL a model that was not fitted was exported")
            failed += 1
        except Refused:
            pass
        class Other(IsolationForest):
            def score_samples(self, X):
                return super().score_samples(X) * 0.9
        try:
            export_forest(Other(n_estimators=5, random_state=1).fit(x))
            print("FAIL a model that scores in a way of its own was exported")
            failed += 1
        except Refused:
            pass
    print(f"scikit-learn {sklearn.__version__}: 12 forests, {compared} rows, at most {worst:.2g} apart")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
