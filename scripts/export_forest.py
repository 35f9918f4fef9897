#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Writes a fitted isolation forest of scikit-learn or isotree as the JSON that skerry::anomaly::import_json reads.

As a program:  export_forest.py MODEL [OUT.json]
  MODEL: a pickle or joblib file of a fitted model (run it on files you trust only: loading them runs code), or `-` for standard input.
As a module:   from export_forest import export_forest, dump;  dump(export_forest(model), "forest.json")

What cannot be carried over exactly is refused with its reason, exit status 1. What is carried over is checked: the exported trees are
walked for rows on and around their thresholds, and the scores must be those of the model.
"""
import argparse
import functools
import json
import math
import sys

TOLERANCE = 1e-10
EULER_GAMMA = 0.57721566490153286


class Refused(Exception):
    """The model has something that the format cannot say."""


def path_length_sklearn(n):
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return 2.0 * (math.log(n - 1.0) + EULER_GAMMA) - 2.0 * (n - 1.0) / n


@functools.lru_cache(maxsize=None)
def path_length_exact(n):
    if n <= 1:
        return 0.0
    return 2.0 * math.fsum(1.0 / k for k in range(2, n + 1))


def kind_of(model):
    for base in type(model).__mro__:
        library = base.__module__.split(".")[0]
        if base.__name__ == "IsolationForest" and library in ("sklearn", "isotree"):
            return library
    raise Refused(f"{type(model).__module__}.{type(model).__name__} is neither scikit-learn's nor isotree's IsolationForest")


def export_sklearn(model):
    if not hasattr(model, "estimators_"):
        raise Refused("the model is not fitted")
    trees = []
    for estimator, columns in zip(model.estimators_, model.estimators_features_):
        t = estimator.tree_
        leaf = t.children_left < 0
        if getattr(t, "missing_go_to_left", None) is not None and t.missing_go_to_left[~leaf].any():
            raise Refused("trees that send missing values to the left: there is no place for that in the format")
        trees.append({
            "feature": [-1 if end else int(columns[f]) for f, end in zip(t.feature, leaf)],
            "threshold": [0.0 if end else float(v) for v, end in zip(t.threshold, leaf)],
            "left": [-1 if end else int(v) for v, end in zip(t.children_left, leaf)],
            "right": [-1 if end else int(v) for v, end in zip(t.children_right, leaf)],
            "n_node_samples": [int(v) for v in t.n_node_samples],
        })
    return {"n_features": int(model.n_features_in_), "max_samples": int(model.max_samples_), "offset": float(model.offset_),
            "c": "sklearn", "trees": trees}


def rows_of_depth(extra, table):
    """The n with c(n) = extra; isotree keeps only depth + c(n) of a leaf."""
    near = min(range(1, len(table)), key=lambda n: abs(table[n] - extra))
    if abs(table[near] - extra) > 1e-9:
        raise Refused(f"a leaf that counts {extra} more than its depth, which is c(n) for no number of rows "
                      "(row weights, or divided rows with missing values?)")
    return near


def export_isotree(model):
    import numpy as np
    if not getattr(model, "is_fitted_", False):
        raise Refused("the model is not fitted")
    if model.ndim_ != 1:
        raise Refused(f"ndim = {model.ndim_}: splits over several columns at once; only ndim = 1 can be carried over")
    if model.missing_action_ not in ("fail", "impute"):
        raise Refused(f"missing_action = '{model.missing_action_}': a row would be in several leaves at once; only 'fail' and 'impute' can be carried over")
    if model.penalize_range:
        raise Refused("penalize_range: values out of range cost extra depth, which no threshold can say")
    if model.scoring_metric != "depth":
        raise Refused(f"scoring_metric = '{model.scoring_metric}': only 'depth' can be carried over")
    if model._ncols_categ:
        raise Refused("categorical columns: their splits are sets of categories")
    columns = model._ncols_numeric
    whole = model._cpp_obj.get_expected_isolation_depth()
    table = [path_length_exact(n) for n in range(0, 2)]
    while len(table) < 3 or (table[-1] < whole + 1e-9 and len(table) < 1 << 20):
        table.append(2.0 * 1.0 / len(table) + table[-1])
    sample = rows_of_depth(whole, table)
    info = np.empty(6, dtype=np.float64)
    trees = []
    for t, count in enumerate(model.get_num_nodes()[0]):
        tree = {"feature": [-1] * int(count), "threshold": [0.0] * int(count), "left": [-1] * int(count), "right": [-1] * int(count),
                "n_node_samples": [0] * int(count)}
        depth = [0] * int(count)
        for i in range(int(count)):
            model._cpp_obj.get_node(t, i, info)
            if info[0] == 1:
                tree["n_node_samples"][i] = rows_of_depth(float(info[1]) - depth[i], table)
            elif info[0] == 0:
                tree["feature"][i] = int(info[1])
                tree["threshold"][i] = float(info[2])
                for side, child in (("left", int(info[4])), ("right", int(info[5]))):
                    tree[side][i] = child
                    depth[child] = depth[i] + 1
            else:
                raise Refused("a split over categories")
        for i in reversed(range(int(count))):
            if tree["left"][i] >= 0:
                tree["n_node_samples"][i] = sum(tree["n_node_samples"][tree[side][i]] for side in ("left", "right"))
        trees.append(tree)
    # isotree has no offset: its scores are higher when stranger, and 0.5 is the middle.
    return {"n_features": int(columns), "max_samples": int(sample), "offset": -0.5, "c": "exact", "trees": trees}


def score_samples(forest, row):
    """What skerry answers, in the slowest way: row holds values of binary32."""
    c = path_length_sklearn if forest["c"] == "sklearn" else path_length_exact
    total = 0.0
    for tree in forest["trees"]:
        i = depth = 0
        while tree["left"][i] >= 0:
            i = tree["left" if row[tree["feature"][i]] <= tree["threshold"][i] else "right"][i]
            depth += 1
        total += depth + c(tree["n_node_samples"][i])
    whole = len(forest["trees"]) * c(forest["max_samples"])
    return -(2.0 ** (-total / whole)) if whole > 0 else -0.5


def check(forest, score_of, rows=64):
    """Compares the exported trees with the model for rows made of thresholds and their neighbours."""
    import numpy as np
    random = np.random.default_rng(1)
    values = [[0.0] for _ in range(forest["n_features"])]
    for tree in forest["trees"]:
        for f, v in zip(tree["feature"], tree["threshold"]):
            if f >= 0 and len(values[f]) < 4000:
                near = np.float32(v)
                values[f] += [float(near), float(np.nextafter(near, np.float32(np.inf))), float(np.nextafter(near, np.float32(-np.inf)))]
    x = np.array([[random.choice(column) for column in values] for _ in range(rows)], dtype=np.float32)
    x[~np.isfinite(x)] = 0
    expected = score_of(x)
    worst = max(abs(score_samples(forest, row) - float(want)) for row, want in zip(x.astype(np.float64).tolist(), expected))
    if not worst <= TOLERANCE:
        raise Refused(f"the exported trees score up to {worst:.3g} beside the model")
    return worst


def export_forest(model):
    """The model as a dictionary for JSON, checked; raises Refused."""
    if kind_of(model) == "sklearn":
        forest = export_sklearn(model)
        check(forest, model.score_samples)
    else:
        forest = export_isotree(model)
        check(forest, lambda x: -model.predict(x.astype("float64"), output="score"))
    for tree in forest["trees"]:
        if not all(math.isfinite(v) for v in tree["threshold"]):
            raise Refused("a threshold that is not finite")
    if not math.isfinite(forest["offset"]):
        raise Refused("an offset that is not finite")
    return forest


def dump(forest, path):
    with open(path, "w", encoding="ascii") as out:
        json.dump(forest, out, allow_nan=False, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL", help="pickle or joblib file of a fitted model, which is run: trust it; - is standard input")
    parser.add_argument("out", metavar="OUT.json", nargs="?", default="/dev/stdout")
    options = parser.parse_args()
    try:
        if options.model == "-":
            import pickle
            model = pickle.load(sys.stdin.buffer)
        else:
            try:
                import joblib
                model = joblib.load(options.model)
            except ImportError:
                import pickle
                with open(options.model, "rb") as file:
                    model = pickle.load(file)
        dump(export_forest(model), options.out)
    except Refused as why:
        print(f"refused: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
