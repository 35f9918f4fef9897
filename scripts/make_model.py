#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""make_model.py ROWS.csv STEM: trains a classifier of known failures and writes it as STEM.onnx (for any runtime) and as STEM.hpp (arrays
for skerry/anomaly/array_model.hpp). Both carry the same test vectors: rows with the answers that the model gives here, which are checked
where it is loaded; the file is sealed with a CRC-32C. The same rows, seed and versions of the packages give the same bytes.

ROWS.csv: a column `label` (0 is normal, 1 ... are the failures), optionally a column `machine` (every fourth is held out to judge), all
others are the columns of a row, in order.

  --kind mlp      one hidden layer of tanh; scaling of the columns is folded into its weights: runs in ONNX Runtime, OpenCV, arrays
  --kind forest   a random forest as TreeEnsembleClassifier (ai.onnx.ml 1): runs in ONNX Runtime and arrays
  --kind boosted  gradient-boosted trees, likewise (softmax of sums)
  --zipmap        probabilities of a forest as a sequence of maps, as converters of scikit-learn write them by default"""
import argparse
import csv
import os
import pathlib
import struct
import sys

try:
    import numpy as np
    import onnx
    import sklearn
    from onnx import TensorProto, helper, numpy_helper
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.neural_network import MLPClassifier
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3") and "SKERRY_SECOND_PYTHON" not in os.environ:
        os.environ["SKERRY_SECOND_PYTHON"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("skipped: scikit-learn and onnx are not installed (on Debian: python3-sklearn python3-onnx)")
    sys.exit(77)

VECTORS = "skerry.vectors"
SEAL = "skerry.crc32c"
VECTOR_ROWS = 24
LEAF = 0xffff


def words(values):
    """Floats as the digits of their bits: nothing is rounded on the way."""
    return " ".join(f"{struct.unpack('<I', struct.pack('<f', v))[0]:08x}" for v in values)


def vectors_text(rows, answers, tolerance):
    parts = [f"1 {len(rows)} {rows.shape[1]} {answers.shape[1]}", words([tolerance])]
    for row, answer in zip(rows, answers):
        parts += [words(row), words(answer)]
    return " ".join(parts)


def stamp(model, rows, answers, tolerance):
    """Gives an ONNX model of any origin its test vectors."""
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = VECTORS, vectors_text(np.asarray(rows, np.float32), np.asarray(answers, np.float32), tolerance)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def save(model, path):
    """Writes a model with its seal: the CRC-32C of all bytes, in which the seal's own digits count as zeros."""
    entry = model.metadata_props.add()
    entry.key, entry.value = SEAL, "0" * 8
    data = model.SerializeToString()
    head, tail = data.rsplit(b"0" * 8, 1)
    sealed = head + f"{crc32c(data):08x}".encode() + tail
    assert {p.key: p.value for p in onnx.load_from_string(sealed).metadata_props}[SEAL] != "0" * 8
    path.write_bytes(sealed)


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    head, body = table[0], table[1:]
    if "label" not in head or not body:
        sys.exit(f"{path}: no column 'label', or no rows")
    kept = [i for i, name in enumerate(head) if name not in ("label", "machine")]
    rows = np.array([[float(line[i]) for i in kept] for line in body], np.float32)
    labels = np.array([int(line[head.index("label")]) for line in body])
    machines = np.array([int(line[head.index("machine")]) for line in body]) if "machine" in head else np.arange(len(body))
    if sorted(set(labels)) != list(range(max(labels) + 1)):
        sys.exit(f"{path}: labels must be 0 to the number of failures, none left out")
    return rows, labels, machines, [head[i] for i in kept]


def pick_vectors(rows, labels, answers, random):
    """Rows of every class, and those where the model is least sure: there a difference shows."""
    picked = []
    each = VECTOR_ROWS // (2 * (max(labels) + 1))
    for label in range(max(labels) + 1):
        picked += list(random.choice(np.flatnonzero(labels == label), each, replace=False))
    unsure = np.argsort(np.max(answers, axis=1), kind="stable")
    picked += [i for i in unsure[:VECTOR_ROWS] if i not in picked][: VECTOR_ROWS - len(picked)]
    return np.array(picked)


def make_onnx(nodes, inputs, outputs, init=(), opsets=(("", 13),)):
    graph = helper.make_graph(
        nodes, "known_failures", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
        [v if isinstance(v, onnx.ValueInfoProto) else helper.make_tensor_value_info(v[0], TensorProto.FLOAT, v[1]) for v in outputs],
        [numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in init])
    model = helper.make_model(graph, producer_name="skerry", opset_imports=[helper.make_opsetid(d, v) for d, v in opsets])
    model.ir_version = 7
    return model


# ---- C++ text

def number(v):
    text = str(np.float32(v))
    return (text if any(c in text for c in ".en") else text + ".0") + "F"


def lines(items, width=136):
    out, line = [], ""
    for item in items:
        if len(line) + len(item) + 2 > width:
            out.append(line.rstrip())
            line = ""
        line += item + ", "
    return "\n    ".join(out + [line.rstrip().rstrip(",")])


def array(name, values):
    return f"inline constexpr std::array<float, {len(values)}> {name}{{\n    {lines(map(number, values))}}};\n"


HEADER = """// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// Written by scripts/make_model.py: {what}.
// Columns: {columns}.

#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/model_vectors.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

// clang-format off
namespace {name} {{

inline constexpr std::size_t columns = {width}, outputs = {outputs};
"""


def vectors_cpp(rows, answers, tolerance):
    return (f"\n/// Rows with the answers that the model gave where it was made.\n{array('vector_rows', rows.ravel())}"
            f"{array('vector_answers', answers.ravel())}"
            f"inline constexpr skerry::anomaly::model_vectors vectors{{{{vector_rows.data(), {len(rows)}, columns, columns}}, "
            f"{{vector_answers.data(), {len(rows)}, outputs, outputs}}, {tolerance!r}F}};\n")


# ---- The kinds

class Mlp:
    def __init__(self, seed):
        self.seed = seed

    def fit(self, rows, labels):
        # Distances of healthy rows are a few, of broken machines hundreds: on a scale of 8 both lie where tanh tells them apart.
        scale = 8.0
        model = MLPClassifier((12,), activation="tanh", solver="lbfgs", alpha=0.03, max_iter=400, random_state=self.seed)
        model.fit(rows / scale, labels)
        w, b = model.coefs_, model.intercepts_
        if w[1].shape[1] == 1:  # two classes: one logistic number is the softmax of it and zero
            w = [w[0], np.concatenate([np.zeros_like(w[1]), w[1]], axis=1)]
            b = [b[0], np.concatenate([np.zeros_like(b[1]), b[1]])]
        self.layers = [((w[0] / scale).T.astype(np.float32), b[0].astype(np.float32)),
                       (w[1].T.astype(np.float32), b[1].astype(np.float32))]
        return self

    def answers(self, rows):
        x = rows.astype(np.float64)
        (w1, b1), (w2, b2) = self.layers
        z = np.tanh(x @ w1.T.astype(np.float64) + b1) @ w2.T.astype(np.float64) + b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def onnx(self, columns, classes, _):
        (w1, b1), (w2, b2) = self.layers
        return make_onnx([helper.make_node("Gemm", ["row", "w1", "b1"], ["h"], transB=1), helper.make_node("Tanh", ["h"], ["t"]),
                          helper.make_node("Gemm", ["t", "w2", "b2"], ["z"], transB=1),
                          helper.make_node("Softmax", ["z"], ["probabilities"], axis=1)],
                         [("row", ["N", columns])], [("probabilities", ["N", classes])],
                         (("w1", w1), ("b1", b1), ("w2", w2), ("b2", b2)))

    def cpp(self):
        (w1, b1), (w2, b2) = self.layers
        text = f"inline constexpr std::size_t widest = {max(len(b1), len(b2))};\n\n"
        text += array("weights_1", w1.ravel()) + array("bias_1", b1) + array("weights_2", w2.ravel()) + array("bias_2", b2)
        return text + ("inline constexpr std::array<skerry::anomaly::array_layer, 2> layers{{\n"
                       "    {weights_1, bias_1, skerry::anomaly::activation::tanh},\n"
                       "    {weights_2, bias_2, skerry::anomaly::activation::softmax},\n}};\n"
                       'static_assert(skerry::anomaly::sound(layers, columns), "layers that fit together");\n')


class Trees:
    def __init__(self, seed, boosted, trees):
        self.seed, self.boosted, self.trees = seed, boosted, trees

    def fit(self, rows, labels):
        classes = max(labels) + 1
        if self.boosted:
            if classes < 3:
                sys.exit("--kind boosted wants three classes or more")
            model = GradientBoostingClassifier(n_estimators=self.trees or 12, max_depth=3, random_state=self.seed).fit(rows, labels)
            base = np.log(np.clip(model.init_.class_prior_, np.finfo(np.float32).eps, 1 - np.finfo(np.float32).eps))
            trees = [(t.tree_, [c], model.learning_rate) for stage in model.estimators_ for c, t in enumerate(stage)]
        else:
            model = RandomForestClassifier(self.trees or 20, max_depth=6, min_samples_leaf=2, random_state=self.seed, n_jobs=1).fit(rows, labels)
            base = np.zeros(classes)
            trees = [(t.tree_, list(range(classes)), 1 / len(model.estimators_)) for t in model.estimators_]
        self.base = base.astype(np.float32)
        # scikit-learn compares binary32 values with binary64 thresholds: rounded towards minus infinity no comparison changes.
        self.nodes, self.leaves, self.roots, seen = [], [], [], {}
        for tree, targets, weight in trees:
            root = len(self.nodes)
            self.roots.append(root)
            for i in range(tree.node_count):
                if tree.children_left[i] < 0:
                    value = tree.value[i][0]
                    share = value / value.sum() * weight if not self.boosted else value * weight
                    answer = np.zeros(classes, np.float32)
                    answer[targets] = share.astype(np.float32)
                    key = answer.tobytes()
                    if key not in seen:
                        seen[key] = len(self.leaves)
                        self.leaves.append(answer)
                    self.nodes.append((0.0, LEAF, seen[key]))
                else:
                    assert tree.children_left[i] == i + 1
                    threshold = np.float32(tree.threshold[i])
                    if float(threshold) > tree.threshold[i]:
                        threshold = np.nextafter(threshold, np.float32(-np.inf))
                    self.nodes.append((threshold, int(tree.feature[i]), root + int(tree.children_right[i])))
        if len(self.nodes) >= LEAF or rows.shape[1] >= LEAF:
            sys.exit("more nodes or columns than an array of 16-bit numbers can name")
        self.model = model
        return self

    def answers(self, rows):
        out = np.tile(self.base.astype(np.float64), (len(rows), 1))
        for r, row in enumerate(rows):
            for root in self.roots:
                at = root
                while self.nodes[at][1] != LEAF:
                    at = at + 1 if row[self.nodes[at][1]] <= self.nodes[at][0] else self.nodes[at][2]
                out[r] += self.leaves[self.nodes[at][2]]
        if self.boosted:
            out = np.exp(out - out.max(axis=1, keepdims=True))
            out /= out.sum(axis=1, keepdims=True)
        if np.abs(out - self.model.predict_proba(rows)).max() > 1e-6:
            sys.exit("the trees as they are written do not answer as scikit-learn does")
        return out

    def onnx(self, columns, classes, zipmap):
        ids = {"treeids": [], "nodeids": [], "featureids": [], "values": [], "modes": [], "truenodeids": [], "falsenodeids": []}
        target = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
        ends = self.roots[1:] + [len(self.nodes)]
        for tree, (root, end) in enumerate(zip(self.roots, ends)):
            for at in range(root, end):
                threshold, column, follow = self.nodes[at]
                leaf = column == LEAF
                for key, value in zip(ids, (tree, at - root, 0 if leaf else column, float(threshold), "LEAF" if leaf else "BRANCH_LEQ",
                                            0 if leaf else at - root + 1, 0 if leaf else follow - root)):
                    ids[key].append(value)
                for c in range(classes) if leaf else ():
                    if self.leaves[follow][c] != 0 or c == 0:
                        for key, value in zip(target, (tree, at - root, c, float(self.leaves[follow][c]))):
                            target[key].append(value)
        attributes = {f"nodes_{k}": v for k, v in ids.items()} | {f"class_{k}": v for k, v in target.items()}
        if self.boosted:
            attributes["base_values"] = [float(v) for v in self.base]
        node = helper.make_node("TreeEnsembleClassifier", ["row"], ["label", "table" if zipmap else "probabilities"], domain="ai.onnx.ml",
                                classlabels_int64s=list(range(classes)), post_transform="SOFTMAX" if self.boosted else "NONE",
                                nodes_hitrates=[1.0] * len(self.nodes), nodes_missing_value_tracks_true=[0] * len(self.nodes), **attributes)
        label = helper.make_tensor_value_info("label", TensorProto.INT64, ["N"])
        nodes, outputs = [node], [label, ("probabilities", ["N", classes])]
        if zipmap:
            nodes.append(helper.make_node("ZipMap", ["table"], ["probabilities"], domain="ai.onnx.ml",
                                          classlabels_int64s=list(range(classes))))
            maps = onnx.ValueInfoProto()
            maps.name = "probabilities"
            maps.type.sequence_type.elem_type.map_type.key_type = TensorProto.INT64
            maps.type.sequence_type.elem_type.map_type.value_type.tensor_type.elem_type = TensorProto.FLOAT
            outputs = [label, maps]
        return make_onnx(nodes, [("row", ["N", columns])], outputs, opsets=(("", 13), ("ai.onnx.ml", 1)))

    def cpp(self):
        nodes = lines(f"{{{number(t)}, {c}, {n}}}" if c != LEAF else f"{{0, array_node::leaf, {n}}}" for t, c, n in self.nodes)
        leaves = np.concatenate(self.leaves)
        return (f"\nusing skerry::anomaly::array_node;\ninline constexpr std::array<array_node, {len(self.nodes)}> nodes{{{{\n    {nodes}}}}};\n"
                f"inline constexpr std::array<std::uint16_t, {len(self.roots)}> roots{{\n    {lines(map(str, self.roots))}}};\n"
                + array("leaves", leaves) + array("base", self.base) +
                "inline constexpr skerry::anomaly::array_trees trees{roots, nodes, leaves, base, columns, skerry::anomaly::activation::"
                + ("softmax" if self.boosted else "none") + "};\n"
                'static_assert(skerry::anomaly::sound(trees), "trees whose ways end at leaves");\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=pathlib.Path)
    parser.add_argument("stem", type=pathlib.Path)
    parser.add_argument("--kind", choices=["mlp", "forest", "boosted"], default="mlp")
    parser.add_argument("--zipmap", action="store_true")
    parser.add_argument("--trees", type=int, default=0, help="of a forest (20), or rounds of boosting (12)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tolerance", type=float, default=1e-6)
    arguments = parser.parse_args()
    rows, labels, machines, names = read_rows(arguments.rows)
    make = (lambda: Mlp(arguments.seed)) if arguments.kind == "mlp" else (lambda: Trees(arguments.seed, arguments.kind == "boosted", arguments.trees))

    held = machines % 4 == 3
    if held.any() and not held.all() and len(set(labels[~held])) == max(labels) + 1:
        answers = make().fit(rows[~held], labels[~held]).answers(rows[held])
        failure, truth = 1 - answers[:, 0] >= 0.85, labels[held] > 0
        print(f"held out: {held.sum()} rows of other machines; called a failure at 0.85: {failure[truth].mean():.4f} of the failing, "
              f"{failure[~truth].mean():.4f} of the healthy; right name for {(answers.argmax(axis=1) == labels[held])[truth].mean():.4f}")

    model = make().fit(rows, labels)
    answers = model.answers(rows)
    picked = pick_vectors(rows, labels, answers, np.random.default_rng(arguments.seed))
    vector_rows, vector_answers = rows[picked], answers[picked].astype(np.float32)
    exported = model.onnx(rows.shape[1], answers.shape[1], arguments.zipmap)
    stamp(exported, vector_rows, vector_answers, arguments.tolerance)
    onnx.checker.check_model(exported)
    save(exported, arguments.stem.with_suffix(".onnx"))
    what = {"mlp": "a multilayer perceptron", "forest": "a random forest", "boosted": "gradient-boosted trees"}[arguments.kind]
    name = arguments.stem.name
    text = HEADER.format(what=f"{what}, trained with scikit-learn {sklearn.__version__} on {len(rows)} rows", columns=", ".join(names),
                         name=name, width=rows.shape[1], outputs=answers.shape[1])
    text += model.cpp() + vectors_cpp(vector_rows, vector_answers, arguments.tolerance) + f"\n}}  // namespace {name}\n"
    arguments.stem.with_suffix(".hpp").write_text(text, encoding="utf-8")
    size = arguments.stem.with_suffix(".onnx").stat().st_size
    print(f"{arguments.stem}.onnx ({size} bytes) and .hpp: {what}, {rows.shape[1]} columns, {answers.shape[1]} classes, "
          f"{len(picked)} test vectors, seed {arguments.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
