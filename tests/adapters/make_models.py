#!/usr/bin/python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""make_models.py DIR: the small models in tests/adapters/models, but those that scripts/make_model.py makes:
  make_model.py ROWS.csv forest --kind forest --trees 5; ... boosted --kind boosted --trees 3; ... zipmap --kind forest --zipmap --trees 5
with ROWS.csv from examples/06_bring_your_own_model --rows. Each is a shape, a type or a behaviour that an adapter must take or refuse."""
import pathlib
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = pathlib.Path(sys.argv[1])
FLOAT = TensorProto.FLOAT


def save(name, nodes, inputs, outputs, init=(), vectors=None):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
                              [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs],
                              [numpy_helper.from_array(a, n) for n, a in init])
    model = helper.make_model(graph, producer_name="skerry", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    if vectors is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = "skerry.vectors", vectors
    onnx.checker.check_model(model)
    onnx.save(model, str(OUT / f"{name}.onnx"))


def words(*values):
    return " ".join(struct.pack(">f", v).hex() for v in values)


SUM = (("w", np.array([[1, 2, 3]], np.float32)),)  # x -> x0 + 2 x1 + 3 x2


def gemm(x="x", y="y"):
    return helper.make_node("Gemm", [x, "w"], [y], transB=1)


save("any_batch", [gemm()], [("x", FLOAT, ["N", 3])], [("y", FLOAT, ["N", 1])], SUM, f"1 1 3 1 {words(0, 1, 2, 3, 14)}")
save("fixed_batch", [gemm()], [("x", FLOAT, [4, 3])], [("y", FLOAT, [4, 1])], SUM)
save("no_batch", [helper.make_node("MatMul", ["w", "x"], ["y"])], [("x", FLOAT, [3])], [("y", FLOAT, [1])], SUM)
save("square", [helper.make_node("Relu", ["x"], ["y"])], [("x", FLOAT, ["N", 2, 2])], [("y", FLOAT, ["N", 2, 2])])
save("two_outputs", [gemm(), helper.make_node("Relu", ["x"], ["same"])], [("x", FLOAT, ["N", 3])],
     [("y", FLOAT, ["N", 1]), ("same", FLOAT, ["N", 3])], SUM)
save("wrong_vectors", [gemm()], [("x", FLOAT, ["N", 3])], [("y", FLOAT, ["N", 1])], SUM, f"1 1 3 1 {words(0.001, 1, 2, 3, 15)}")
save("unreadable_vectors", [gemm()], [("x", FLOAT, ["N", 3])], [("y", FLOAT, ["N", 1])], SUM, "1 1 3 1 nothing to see here, move along now")
save("wide_vectors", [gemm()], [("x", FLOAT, ["N", 3])], [("y", FLOAT, ["N", 1])], SUM, f"1 1 2 1 {words(0.001, 1, 2, 5)}")
save("root", [helper.make_node("Sqrt", ["x"], ["y"])], [("x", FLOAT, ["N", 1])], [("y", FLOAT, ["N", 1])])  # NaN below zero
save("doubles", [helper.make_node("Sqrt", ["x"], ["y"])], [("x", TensorProto.DOUBLE, ["N", 1])], [("y", TensorProto.DOUBLE, ["N", 1])])
save("whole_numbers", [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.INT64)], [("x", FLOAT, ["N", 1])],
     [("y", TensorProto.INT64, ["N", 1])])
save("two_inputs", [helper.make_node("Add", ["a", "b"], ["y"])], [("a", FLOAT, ["N", 1]), ("b", FLOAT, ["N", 1])], [("y", FLOAT, ["N", 1])])
save("any_width", [helper.make_node("Relu", ["x"], ["y"])], [("x", FLOAT, ["N", "M"])], [("y", FLOAT, ["N", "M"])])
save("one_answer", [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)], [("x", FLOAT, [4, 2])], [("y", FLOAT, [])])  # not one per row


def save_maps(name, op, labels, label_type):
    """One operator and its values as a sequence of maps from labels, as classifiers write them."""
    key = "classlabels_strings" if label_type == TensorProto.STRING else "classlabels_int64s"
    nodes = [op, helper.make_node("ZipMap", ["p"], ["y"], domain="ai.onnx.ml", **{key: labels})]
    maps = onnx.TypeProto()
    maps.sequence_type.elem_type.map_type.key_type = label_type
    maps.sequence_type.elem_type.map_type.value_type.tensor_type.elem_type = FLOAT
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("x", FLOAT, ["N", len(labels)])],
                              [helper.make_value_info("y", maps)])
    model = helper.make_model(graph, producer_name="skerry", opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)])
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, str(OUT / f"{name}.onnx"))


save_maps("named_maps", helper.make_node("Relu", ["x"], ["p"]), ["bearing", "healthy", "worn"], TensorProto.STRING)
save_maps("root_maps", helper.make_node("Sqrt", ["x"], ["p"]), [0, 1, 2], TensorProto.INT64)
