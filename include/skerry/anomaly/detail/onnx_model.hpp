// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/forest_engine.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/path_length.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/protobuf.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace skerry::inline v0::anomaly {

/// How a forest is written as ONNX.
struct onnx_options {
  bool tree_ensemble_5 = false;  ///< `TreeEnsemble` of ai.onnx.ml 5: half the bytes, but read by newer runtimes only
};

namespace detail {

/// The greatest binary32 number whose code is not above `code`: x <= that exactly when code(x) <= code. Minus infinity when there is none.
template <forest_code Code>
[[nodiscard]] constexpr float greatest_of_code(std::int32_t code, float lo, float inv_step) noexcept {
  // Finite numbers in order, as integers: what is below zero counts down.
  const auto number = [](std::int64_t order) {
    const auto magnitude = static_cast<std::uint32_t>(order < 0 ? -order : order);
    return std::bit_cast<float>(magnitude | (order < 0 ? 0x80000000U : 0U));
  };
  constexpr std::int64_t greatest = 0x7f7fffff;
  std::int64_t below = -greatest - 1;  // known to be good, or none
  std::int64_t above = greatest + 1;   // known to be too great, or none
  while (above - below > 1) {
    const std::int64_t middle = below + (above - below) / 2;
    (quantize<Code>(number(middle), lo, inv_step) <= code ? below : above) = middle;
  }
  return below < -greatest ? -std::numeric_limits<float>::infinity() : number(below);
}

/// A split as ONNX says it: x[column] <= the greatest number of code `limit` leads to `yes`, else to `no`; nodes are splits in pre-order,
/// then leaves.
struct onnx_split {
  std::uint32_t column;
  std::int32_t limit;
  std::uint32_t yes, no;
  bool missing_is_yes;
};

/// Calls `f(index, split, left, right)` for each split of a tree; children are numbers of splits, or that of all splits + that of a leaf.
template <typename Splits, typename F>
void each_split_of(const Splits& splits, const F& f) noexcept {
  struct part {
    std::uint32_t splits, leaf;
  };
  array_of<part, greatest_depth + 1> waiting{};
  const auto all = static_cast<std::uint32_t>(splits.size());
  std::size_t open = 0;
  part now{all, 0};
  for (std::uint32_t i = 0; i < all; ++i) {
    const std::uint32_t on_left = splits[i].left;
    const std::uint32_t on_right = now.splits - 1U - on_left;
    const part right{on_right, now.leaf + on_left + 1U};
    f(i, splits[i], on_left != 0 ? i + 1U : all + now.leaf, on_right != 0 ? i + 1U + on_left : all + right.leaf);
    if (on_left != 0) {
      if (on_right != 0) {
        waiting[open++] = right;
      }
      now = {on_left, now.leaf};
    } else if (on_right != 0) {
      now = right;
    } else if (open != 0) {
      now = waiting[--open];
    }
  }
}

template <typename Forest>
[[nodiscard]] std::size_t stored_columns(const Forest& forest) noexcept {
  return forest.missing() == missing_policy::heavier ? forest.code_columns() / 2 : forest.code_columns();
}

template <typename Forest, typename Split>
[[nodiscard]] onnx_split onnx_split_of(const Forest& forest, const Split& split, std::uint32_t left, std::uint32_t right) noexcept {
  using code = typename Forest::code_type;
  using traits = code_traits<code>;
  const std::size_t stored = stored_columns(forest);
  const bool mirrored = split.feature >= stored;
  onnx_split made{};
  made.column = static_cast<std::uint32_t>(mirrored ? split.feature - stored : split.feature);
  // mirror(x) <= t says x > C' - t - 1, where C' is the sum of the least and the greatest code.
  const std::int32_t least = -traits::offset;
  const std::int32_t greatest = traits::steps - traits::offset;
  made.limit = mirrored ? least + greatest - split.threshold - 1 : split.threshold;
  made.yes = mirrored ? right : left;
  made.no = mirrored ? left : right;
  const bool missing_goes_left = traits::missing <= split.threshold;
  made.missing_is_yes = missing_goes_left != mirrored;
  return made;
}

/// The threshold of a split as a number; a search, so for the one list that wants it.
template <typename Forest>
[[nodiscard]] float onnx_value_of(const Forest& forest, const onnx_split& split) noexcept {
  return greatest_of_code<typename Forest::code_type>(split.limit, forest.codes().lo(split.column), forest.codes().inv_step(split.column));
}

template <typename Forest>
[[nodiscard]] status onnx_can_say(const Forest& forest) noexcept {
  if (forest.trees() == 0 || !forest.codes().learned()) {
    return errc::insufficient;
  }
  const std::size_t stored = stored_columns(forest);
  std::uint64_t greatest = 0;
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    for (const auto& split : forest.splits_of(t)) {
      if ((split.feature >= stored ? split.feature - stored : split.feature) >= forest.codes().columns()) {
        return errc::unsupported;
      }
    }
    std::uint32_t most = 0;
    for (const auto leaf : forest.leaves_of(t)) {
      most = leaf > most ? leaf : most;
    }
    greatest += most;
  }
  return greatest < (1U << 24) ? status{} : status{errc::out_of_range};
}

/// Fields of ONNX messages, by the names that onnx.proto gives them.
namespace onnx {
inline constexpr std::uint32_t attribute_name = 1, attribute_i = 3, attribute_s = 4, attribute_t = 5, attribute_floats = 7,
                               attribute_ints = 8, attribute_strings = 9, attribute_type = 20;
inline constexpr std::uint64_t type_int = 2, type_string = 3, type_tensor = 4, type_floats = 6, type_ints = 7, type_strings = 8;
inline constexpr std::uint32_t node_input = 1, node_output = 2, node_op_type = 4, node_attribute = 5, node_domain = 7;
inline constexpr std::uint32_t graph_node = 1, graph_name = 2, graph_initializer = 5, graph_input = 11, graph_output = 12;
inline constexpr std::uint32_t model_ir = 1, model_producer = 2, model_graph = 7, model_opset = 8;
inline constexpr std::uint32_t tensor_dims = 1, tensor_type = 2, tensor_name = 8, tensor_raw = 9;
inline constexpr std::uint64_t float_elements = 1, byte_elements = 2;

inline void text_attribute(pb_writer& node, std::string_view name, std::string_view value) noexcept {
  node.message(node_attribute, [&](pb_writer& a) {
    a.text(attribute_name, name);
    a.text(attribute_s, value);
    a.varint(attribute_type, type_string);
  });
}
inline void int_attribute(pb_writer& node, std::string_view name, std::uint64_t value) noexcept {
  node.message(node_attribute, [&](pb_writer& a) {
    a.text(attribute_name, name);
    a.varint(attribute_i, value);
    a.varint(attribute_type, type_int);
  });
}
/// `elements(pb_writer&)` writes them raw, packed.
template <typename Elements>
void list_attribute(pb_writer& node, std::string_view name, std::uint32_t field, std::uint64_t type, const Elements& elements) noexcept {
  node.message(node_attribute, [&](pb_writer& a) {
    a.text(attribute_name, name);
    a.message(field, elements);
    a.varint(attribute_type, type);
  });
}
template <typename Elements>
void ints_attribute(pb_writer& node, std::string_view name, const Elements& elements) noexcept {
  list_attribute(node, name, attribute_ints, type_ints, elements);
}
template <typename Elements>
void floats_attribute(pb_writer& node, std::string_view name, const Elements& elements) noexcept {
  list_attribute(node, name, attribute_floats, type_floats, elements);
}
/// A tensor of one dimension; its elements, as bytes.
template <typename Elements>
void tensor_attribute(pb_writer& node, std::string_view name, std::uint64_t type, std::uint64_t length, const Elements& elements) noexcept {
  node.message(node_attribute, [&](pb_writer& a) {
    a.text(attribute_name, name);
    a.message(attribute_t, [&](pb_writer& t) {
      t.varint(tensor_dims, length);
      t.varint(tensor_type, type);
      t.message(tensor_raw, elements);
    });
    a.varint(attribute_type, type_tensor);
  });
}
/// rows x columns of binary32; `columns` of 0 is one.
inline void table(pb_writer& graph, std::uint32_t field, std::string_view name, std::uint64_t columns) noexcept {
  graph.message(field, [&](pb_writer& value) {
    value.text(1, name);
    value.message(2, [&](pb_writer& type) {
      type.message(1, [&](pb_writer& tensor) {
        tensor.varint(1, float_elements);
        tensor.message(2, [&](pb_writer& shape) {
          shape.message(1, [](pb_writer& dim) { dim.text(2, "N"); });
          shape.message(1, [&](pb_writer& dim) { dim.varint(1, columns); });
        });
      });
    });
  });
}
inline void constant(pb_writer& graph, std::string_view name, float value) noexcept {
  graph.message(graph_initializer, [&](pb_writer& t) {
    t.varint(tensor_dims, 1);
    t.varint(tensor_type, float_elements);
    t.text(tensor_name, name);
    t.message(tensor_raw, [&](pb_writer& raw) { raw.raw_f32(value); });
  });
}
inline void binary_node(pb_writer& graph, std::string_view op, std::string_view a, std::string_view b, std::string_view out) noexcept {
  graph.message(graph_node, [&](pb_writer& node) {
    node.text(node_input, a);
    node.text(node_input, b);
    node.text(node_output, out);
    node.text(node_op_type, op);
  });
}
}  // namespace onnx

/// The trees of a forest, node by node, for each of the lists that ONNX wants of them.
template <typename Forest>
class onnx_trees {
 public:
  explicit onnx_trees(const Forest& forest) noexcept : forest_{forest} {}

  /// TreeEnsembleRegressor of ai.onnx.ml 3: leaves are nodes too.
  void regressor(pb_writer& node) const noexcept {
    onnx::text_attribute(node, "aggregate_function", "SUM");
    onnx::int_attribute(node, "n_targets", 1);
    ints(node, "nodes_treeids", [](const place& p) { return p.tree; });
    ints(node, "nodes_nodeids", [](const place& p) { return p.node; });
    ints(node, "nodes_featureids", [](const place& p) { return p.split.column; });
    ints(node, "nodes_truenodeids", [](const place& p) { return p.split.yes; });
    ints(node, "nodes_falsenodeids", [](const place& p) { return p.split.no; });
    if (forest_.missing() != missing_policy::refuse) {
      ints(node, "nodes_missing_value_tracks_true", [](const place& p) { return p.split.missing_is_yes ? 1U : 0U; });
    }
    onnx::floats_attribute(node, "nodes_values", [this](pb_writer& out) {
      each([this, &out](const place& p) { out.raw_f32(p.leaf ? 0.0F : onnx_value_of(forest_, p.split)); });
    });
    node.message(onnx::node_attribute, [this](pb_writer& a) {
      a.text(onnx::attribute_name, "nodes_modes");
      each([&a](const place& p) { a.text(onnx::attribute_strings, p.leaf ? "LEAF" : "BRANCH_LEQ"); });
      a.varint(onnx::attribute_type, onnx::type_strings);
    });
    ints(
        node, "target_treeids", [](const place& p) { return p.tree; }, true);
    ints(
        node, "target_nodeids", [](const place& p) { return p.node; }, true);
    ints(
        node, "target_ids", [](const place&) { return 0U; }, true);
    onnx::floats_attribute(node, "target_weights", [this](pb_writer& out) {
      each([&out](const place& p) {
        if (p.leaf) {
          out.raw_f32(static_cast<float>(p.weight));
        }
      });
    });
  }

  /// TreeEnsemble of ai.onnx.ml 5: splits of all trees in one row, leaves of all trees in another. A tree of one leaf is a split whose
  /// both ways lead there.
  void ensemble(pb_writer& node) const noexcept {
    onnx::int_attribute(node, "aggregate_function", 1);  // SUM
    onnx::int_attribute(node, "n_targets", 1);
    onnx::int_attribute(node, "post_transform", 0);
    const std::size_t splits = rows_of_splits();
    onnx::ints_attribute(node, "tree_roots", [this](pb_writer& out) {
      each_joined([](const joined&) {}, [&out](std::uint32_t root) { out.raw_varint(root); });
    });
    joined_ints(node, "nodes_featureids", [](const joined& j) { return j.split.column; });
    joined_ints(node, "nodes_truenodeids", [](const joined& j) { return j.split.yes; });
    joined_ints(node, "nodes_falsenodeids", [](const joined& j) { return j.split.no; });
    joined_ints(node, "nodes_trueleafs", [](const joined& j) { return j.yes_leaf ? 1U : 0U; });
    joined_ints(node, "nodes_falseleafs", [](const joined& j) { return j.no_leaf ? 1U : 0U; });
    if (forest_.missing() != missing_policy::refuse) {
      joined_ints(node, "nodes_missing_value_tracks_true", [](const joined& j) { return j.split.missing_is_yes ? 1U : 0U; });
    }
    onnx::tensor_attribute(node, "nodes_splits", onnx::float_elements, splits, [this](pb_writer& out) {
      each_joined([this, &out](const joined& j) { out.raw_f32(onnx_value_of(forest_, j.split)); }, [](std::uint32_t) {});
    });
    onnx::tensor_attribute(node, "nodes_modes", onnx::byte_elements, splits, [splits](pb_writer& out) {
      for (std::size_t i = 0; i < splits; ++i) {
        out.raw_varint(0);  // BRANCH_LEQ: one byte
      }
    });
    std::size_t leaves = 0;
    each_leaf([&leaves](std::uint32_t) { ++leaves; });
    onnx::tensor_attribute(node, "leaf_weights", onnx::float_elements, leaves,
                           [this](pb_writer& out) { each_leaf([&out](std::uint32_t leaf) { out.raw_f32(static_cast<float>(leaf)); }); });
    onnx::ints_attribute(node, "leaf_targetids", [leaves](pb_writer& out) {
      for (std::size_t i = 0; i < leaves; ++i) {
        out.raw_varint(0);
      }
    });
  }

 private:
  struct place {
    std::uint32_t tree, node;
    bool leaf;
    onnx_split split;
    std::uint32_t weight;
  };
  struct joined {
    onnx_split split;
    bool yes_leaf, no_leaf;
  };

  template <typename F>
  void each(const F& f) const noexcept {
    for (std::size_t t = 0; t < forest_.trees(); ++t) {
      const auto tree = static_cast<std::uint32_t>(t);
      const auto splits = forest_.splits_of(t);
      each_split_of(splits, [&](std::uint32_t i, const auto& split, std::uint32_t left, std::uint32_t right) {
        f(place{tree, i, false, onnx_split_of(forest_, split, left, right), 0});
      });
      auto node = static_cast<std::uint32_t>(splits.size());
      for (const auto leaf : forest_.leaves_of(t)) {
        f(place{tree, node++, true, onnx_split{}, static_cast<std::uint32_t>(leaf)});
      }
    }
  }
  /// Calls `f(tree, first split, first leaf, unused)` for each tree; `unused` leaves stand before its own.
  ///
  /// ONNX Runtime (seen in 1.21) takes a root whose two ways have equal numbers for a tree of one leaf, also when one of them is a leaf and
  /// the other a split. So such numbers are avoided, by a leaf that nothing leads to.
  template <typename F>
  void each_tree(const F& f) const noexcept {
    std::uint32_t first = 0;
    std::uint32_t first_leaf = 0;
    for (std::size_t t = 0; t < forest_.trees(); ++t) {
      const auto splits = forest_.splits_of(t);
      const auto n = static_cast<std::uint32_t>(splits.size());
      std::uint32_t unused = 0;
      if (n > 1 && (splits[0].left == 0 || splits[0].left == n - 1U)) {
        const std::uint32_t leaf = first_leaf + (splits[0].left == 0 ? 0U : n);
        unused = leaf == first + 1U ? 1U : 0U;
      }
      first_leaf += unused;
      f(t, first, first_leaf, unused);
      first += n == 0 ? 1U : n;
      first_leaf += n + 1U;
    }
  }
  template <typename F>
  void each_leaf(const F& f) const noexcept {
    each_tree([&](std::size_t t, std::uint32_t, std::uint32_t, std::uint32_t unused) {
      if (unused != 0) {
        f(0U);
      }
      for (const auto leaf : forest_.leaves_of(t)) {
        f(static_cast<std::uint32_t>(leaf));
      }
    });
  }
  template <typename F, typename Root>
  void each_joined(const F& f, const Root& root) const noexcept {
    each_tree([&](std::size_t t, std::uint32_t first, std::uint32_t first_leaf, std::uint32_t) {
      const auto splits = forest_.splits_of(t);
      const auto n = static_cast<std::uint32_t>(splits.size());
      root(first);
      if (n == 0) {
        f(joined{onnx_split{0, 0, first_leaf, first_leaf, false}, true, true});
      }
      each_split_of(splits, [&](std::uint32_t, const auto& split, std::uint32_t left, std::uint32_t right) {
        joined j{onnx_split_of(forest_, split, left, right), false, false};
        j.yes_leaf = j.split.yes >= n;
        j.no_leaf = j.split.no >= n;
        j.split.yes = j.yes_leaf ? first_leaf + (j.split.yes - n) : first + j.split.yes;
        j.split.no = j.no_leaf ? first_leaf + (j.split.no - n) : first + j.split.no;
        f(j);
      });
    });
  }
  [[nodiscard]] std::size_t rows_of_splits() const noexcept {
    std::size_t n = 0;
    for (std::size_t t = 0; t < forest_.trees(); ++t) {
      const std::size_t splits = forest_.splits_of(t).size();
      n += splits == 0 ? 1 : splits;
    }
    return n;
  }

  template <typename Of>
  void ints(pb_writer& node, std::string_view name, const Of& of, bool leaves_only = false) const noexcept {
    onnx::ints_attribute(node, name, [this, &of, leaves_only](pb_writer& out) {
      each([&](const place& p) {
        if (p.leaf || !leaves_only) {
          out.raw_varint(of(p));
        }
      });
    });
  }
  template <typename Of>
  void joined_ints(pb_writer& node, std::string_view name, const Of& of) const noexcept {
    onnx::ints_attribute(
        node, name, [this, &of](pb_writer& out) { each_joined([&](const joined& j) { out.raw_varint(of(j)); }, [](std::uint32_t) {}); });
  }

  const Forest& forest_;
};

template <typename Forest>
void write_onnx(const Forest& forest, const onnx_options& options, pb_writer& out) noexcept {
  // A forest of bare leaves scores 1/2, whatever rounding its codes went through.
  double whole = static_cast<double>(forest.trees()) * static_cast<double>(forest.leaf_scale()) * average_path_length(forest.sample());
  if (forest.splits() == 0) {
    whole = 0.0;
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      whole += static_cast<double>(forest.leaves_of(t)[0]);
    }
  }
  const onnx_trees<Forest> trees{forest};
  out.varint(onnx::model_ir, 8);
  out.text(onnx::model_producer, "skerry");
  out.message(onnx::model_graph, [&](pb_writer& graph) {
    graph.message(onnx::graph_node, [&](pb_writer& node) {
      node.text(onnx::node_input, "rows");
      node.text(onnx::node_output, "depth_sum");
      node.text(onnx::node_op_type, options.tree_ensemble_5 ? "TreeEnsemble" : "TreeEnsembleRegressor");
      options.tree_ensemble_5 ? trees.ensemble(node) : trees.regressor(node);
      node.text(onnx::node_domain, "ai.onnx.ml");
    });
    onnx::binary_node(graph, "Mul", "depth_sum", "scale", "exponent");
    onnx::binary_node(graph, "Pow", "two", "exponent", "score");
    graph.text(onnx::graph_name, "isolation_forest");
    onnx::constant(graph, "scale", static_cast<float>(-1.0 / whole));
    onnx::constant(graph, "two", 2.0F);
    onnx::table(graph, onnx::graph_input, "rows", forest.codes().columns());
    onnx::table(graph, onnx::graph_output, "depth_sum", 1);
    onnx::table(graph, onnx::graph_output, "score", 1);
  });
  const auto opset = [&out](std::string_view domain, std::uint64_t version) {
    out.message(onnx::model_opset, [&](pb_writer& o) {
      o.text(1, domain);
      o.varint(2, version);
    });
  };
  opset("", 13);
  opset("ai.onnx.ml", options.tree_ensemble_5 ? 5 : 3);
}

}  // namespace detail

}  // namespace skerry::inline v0::anomaly
