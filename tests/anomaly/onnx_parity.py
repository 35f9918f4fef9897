#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""onnx_parity.py TOOL [--runner PROGRAM LIBRARY]: forests of random settings as ONNX. Every model must pass ONNX's own checker, and its
nodes, evaluated one by one as the operators' definitions say, must give depth sums equal to the forest's and scores within binary32, for
rows on thresholds, next to them, far away, and with missing values. With a runner ONNX Runtime answers as well, for both forms."""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnx.numpy_helper
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3") and "SKERRY_SECOND_PYTHON" not in os.environ:
        os.environ["SKERRY_SECOND_PYTHON"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("skipped: the onnx package is not installed (on Debian: python3-onnx)")
    sys.exit(77)

SEEDS = range(1, 25)


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def regressor(a, rows):
    """TreeEnsembleRegressor by its definition, in the slowest way."""
    assert a["aggregate_function"] == b"SUM" and a["n_targets"] == 1
    node = {(t, n): i for i, (t, n) in enumerate(zip(a["nodes_treeids"], a["nodes_nodeids"]))}
    weight = dict(zip(zip(a["target_treeids"], a["target_nodeids"]), a["target_weights"]))
    missing = a.get("nodes_missing_value_tracks_true")
    values = np.array(a["nodes_values"], dtype=np.float32)
    out = []
    for x in rows:
        total = 0.0
        for tree in sorted(set(a["nodes_treeids"])):
            i = node[tree, 0]
            while a["nodes_modes"][i] != b"LEAF":
                assert a["nodes_modes"][i] == b"BRANCH_LEQ"
                v = x[a["nodes_featureids"][i]]
                yes = v <= values[i] or bool(missing and missing[i] and np.isnan(v))
                i = node[tree, a["nodes_truenodeids" if yes else "nodes_falsenodeids"][i]]
            total += weight[tree, a["nodes_nodeids"][i]]
        out.append(total)
    return np.array(out)


def ensemble(a, rows):
    """TreeEnsemble of ai.onnx.ml 5, likewise."""
    assert a["aggregate_function"] == 1 and a["n_targets"] == 1 and a["post_transform"] == 0
    values, weights = onnx.numpy_helper.to_array(a["nodes_splits"]), onnx.numpy_helper.to_array(a["leaf_weights"])
    assert len(a["leaf_targetids"]) == len(weights) and not onnx.numpy_helper.to_array(a["nodes_modes"]).any()
    missing = a.get("nodes_missing_value_tracks_true")
    out = []
    for x in rows:
        total = 0.0
        for i in a["tree_roots"]:
            leaf = False
            while not leaf:
                v = x[a["nodes_featureids"][i]]
                yes = v <= values[i] or bool(missing and missing[i] and np.isnan(v))
                leaf = a["nodes_trueleafs" if yes else "nodes_falseleafs"][i]
                i = a["nodes_truenodeids" if yes else "nodes_falsenodeids"][i]
            total += weights[i]
        out.append(total)
    return np.array(out)


def scores(model, sums):
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    mul, power = model.graph.node[1:]
    assert (mul.op_type, list(mul.input), power.op_type, list(power.input)) == ("Mul", ["depth_sum", "scale"], "Pow", ["two", "exponent"])
    return constants["two"] ** (sums.astype(np.float32) * constants["scale"])


def rows_to_score(random, a, seen):
    thresholds = [[0.0] for _ in range(seen.shape[1])]
    for mode, column, value in zip(a["nodes_modes"], a["nodes_featureids"], a["nodes_values"]):
        if mode == b"BRANCH_LEQ" and np.isfinite(value):
            thresholds[column].append(value)
    on = np.array([[random.choice(column) for column in thresholds] for _ in range(80)]).astype(np.float32)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    rows = np.concatenate([seen[:40], on, np.nextafter(on, up), np.nextafter(on, down), seen[:10] * np.float32(1e4), -on * np.float32(1e6)])
    rows[np.isinf(rows)] = 0
    if "nodes_missing_value_tracks_true" in a:
        rows[random.random(rows.shape) < 0.2] = np.nan
    else:
        rows = rows[np.isfinite(rows).all(axis=1)]
    return rows.astype("<f4")


def answers(command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return None
    return np.array([line.split() for line in done.stdout.splitlines()], dtype=np.float64)


def main():
    tool = sys.argv[1]
    runner = sys.argv[3:5] if len(sys.argv) > 4 and sys.argv[2] == "--runner" else None
    failed = compared = 0
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def differs(seed, who, got, want):
            nonlocal failed, worst
            if got is None or got.shape != want.shape:
                print(f"FAIL seed {seed}: no answer from {who}")
                failed += 1
                return
            apart = np.abs(got[:, 1] - want[:, 1]).max()
            worst = max(worst, apart)
            unequal = int((got[:, 0] != want[:, 0]).sum())
            if unequal or apart > 1e-6:
                print(f"FAIL seed {seed}: {who}: {unequal} depth sums of {len(want)} differ, scores up to {apart:.3g} apart")
                failed += 1

        for seed in SEEDS:
            random = np.random.default_rng(seed)
            subprocess.run([tool, "export", str(seed), folder], check=True)
            model = onnx.load(str(folder / "model.onnx"))
            onnx.checker.check_model(model, full_check=True)
            assert [(o.domain, o.version) for o in model.opset_import] == [("", 13), ("ai.onnx.ml", 3)]
            five = onnx.load(str(folder / "model.onnx5"))
            assert five.graph.node[0].op_type == "TreeEnsemble" and five.opset_import[1].version == 5
            a = attributes(model.graph.node[0])
            columns = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
            rows = rows_to_score(random, a, np.fromfile(folder / "rows.f32", dtype="<f4").reshape(-1, columns))
            rows.tofile(folder / "rows.f32")
            want = answers([tool, "sums", folder / "model.skif", folder / "rows.f32"])
            sums = regressor(a, rows)
            differs(seed, "the definitions", np.stack([sums, scores(model, sums)], axis=1), want)
            sums = ensemble(attributes(five.graph.node[0]), rows)
            differs(seed, "the definitions of version 5", np.stack([sums, scores(five, sums)], axis=1), want)
            for name in ("model.onnx", "model.onnx5") if runner else ():
                differs(seed, f"ONNX Runtime, {name}", answers([runner[0], runner[1], folder / name, folder / "rows.f32", columns]), want)
            compared += len(rows)
    print(f"onnx {onnx.__version__}: {len(SEEDS)} forests, {compared} rows, depth sums equal, scores at most {worst:.2g} apart"
          + (", in ONNX Runtime too" if runner else "; no ONNX Runtime here"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
