// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly {

/// What happens to the sums of a layer, or of all trees, before they are answers.
enum class activation : std::uint8_t { none, relu, tanh, logistic, softmax };

/// A node of a tree that lies in an array: 8 bytes. The node after it is where a value at or below `threshold` leads; `next` is where a
/// greater one does. A leaf has no column; its `next` is the row of its outputs.
struct array_node {
  static constexpr std::uint16_t leaf = 0xffff;
  float threshold;
  std::uint16_t column;
  std::uint16_t next;
};

/// Trees in arrays, as `scripts/make_model.py` writes them: decision trees, random forests, boosted trees.
///
/// A row's outputs are those of the leaves it falls into, added tree by tree in order, on top of `base`.
struct array_trees {
  std::span<const std::uint16_t> roots;
  std::span<const array_node> nodes;
  std::span<const float> leaves;  ///< rows of `base.size()` outputs
  std::span<const float> base;
  std::uint16_t columns;
  activation last;
};

/// One layer in arrays: `bias[o] + sum of weights[o * inputs + i] * x[i]` for each output o.
struct array_layer {
  std::span<const float> weights;
  std::span<const float> bias;
  activation then;
};

namespace detail {

[[nodiscard]] constexpr bool finite(std::span<const float> x) noexcept { return all_finite(x.data(), x.size()); }

/// Errors  `not_finite`: a sum is not
constexpr status activate(activation a, std::span<float> x) noexcept {
  if (!finite(x)) {
    return errc::not_finite;
  }
  switch (a) {
    case activation::none: break;
    case activation::relu:
      for (float& v : x) {
        v = v > 0 ? v : 0.0F;
      }
      break;
    case activation::tanh:
      for (float& v : x) {
        v = math::tanh(v);
      }
      break;
    case activation::logistic:
      for (float& v : x) {
        v = 1 / (1 + math::exp(-v));
      }
      break;
    case activation::softmax: {
      float most = x[0];
      for (const float v : x) {
        most = v > most ? v : most;
      }
      float sum = 0;
      for (float& v : x) {
        v = math::exp(v - most);
        sum += v;
      }
      for (float& v : x) {
        v /= sum;
      }
      break;
    }
  }
  return {};
}

}  // namespace detail

/// True when every way from a root ends at a leaf, inside of the arrays: ways lead forward only. For a `static_assert` beside the arrays.
[[nodiscard]] constexpr bool sound(const array_trees& t) noexcept {
  if (t.columns == 0 || t.base.empty() || t.leaves.size() % t.base.size() != 0 || !detail::finite(t.base) || !detail::finite(t.leaves)) {
    return false;
  }
  const std::size_t answers = t.leaves.size() / t.base.size();
  for (std::size_t i = 0; i < t.nodes.size(); ++i) {
    const array_node& n = t.nodes[i];
    const bool good = n.column == array_node::leaf
                          ? n.next < answers
                          : n.column < t.columns && n.next > i + 1 && n.next < t.nodes.size() && detail::is_finite(n.threshold);
    if (!good) {
      return false;
    }
  }
  for (const std::uint16_t r : t.roots) {
    if (r >= t.nodes.size()) {
      return false;
    }
  }
  return true;
}

/// True when each layer takes what the one before it gives.
[[nodiscard]] constexpr bool sound(std::span<const array_layer> arrays, std::size_t columns) noexcept {
  std::size_t width = columns;
  for (const array_layer& l : arrays) {
    if (width == 0 || l.bias.empty() || l.weights.size() != width * l.bias.size() || !detail::finite(l.weights) ||
        !detail::finite(l.bias)) {
      return false;
    }
    width = l.bias.size();
  }
  return !arrays.empty();
}

/// An `inference_model` of trees in arrays: no runtime, no heap, usable in constant expressions.
///
/// Input   `Columns` values; NaN goes where greater values go, as ONNX has it
/// Cost    one step per level and tree; 4 · Outputs bytes of stack; the arrays stay where they are, in flash
/// Errors  `width`; `insufficient`: made without trees; `not_finite`: the sum is too great
template <std::size_t Columns, std::size_t Outputs>
class tree_model {
  static_assert(Columns > 0 && Outputs > 0, "a model has at least one input and one output value");

 public:
  constexpr tree_model() noexcept = default;
  /// Errors  `corrupt`: arrays that are not sound; `width`: of another shape than the type
  [[nodiscard]] static constexpr result<tree_model> create(const array_trees& arrays) noexcept {
    if (arrays.columns != Columns || arrays.base.size() != Outputs) {
      return errc::width;
    }
    return sound(arrays) ? result<tree_model>{tree_model{arrays}} : result<tree_model>{errc::corrupt};
  }

  [[nodiscard]] constexpr std::span<const std::uint32_t> input_shape() const noexcept { return in_shape; }
  [[nodiscard]] constexpr std::span<const std::uint32_t> output_shape() const noexcept { return out_shape; }
  [[nodiscard]] constexpr status infer(std::span<const float> in, std::span<float> out) noexcept {
    if (in.size() != Columns || out.size() != Outputs) {
      return errc::width;
    }
    if (trees_.base.empty()) {
      return errc::insufficient;
    }
    std::array<float, Outputs> sum{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      sum[o] = trees_.base[o];
    }
    for (const std::uint16_t root : trees_.roots) {
      std::size_t at = root;
      while (trees_.nodes[at].column != array_node::leaf) {
        at = in[trees_.nodes[at].column] <= trees_.nodes[at].threshold ? at + 1 : trees_.nodes[at].next;
      }
      const std::size_t answer = std::size_t{trees_.nodes[at].next} * Outputs;
      for (std::size_t o = 0; o < Outputs; ++o) {
        sum[o] += trees_.leaves[answer + o];
      }
    }
    if (const status s = detail::activate(trees_.last, sum); !s) {
      return s;
    }
    for (std::size_t o = 0; o < Outputs; ++o) {
      out[o] = sum[o];
    }
    return {};
  }

 private:
  constexpr explicit tree_model(const array_trees& arrays) noexcept : trees_{arrays} {}
  static constexpr std::array<std::uint32_t, 1> in_shape{static_cast<std::uint32_t>(Columns)};
  static constexpr std::array<std::uint32_t, 1> out_shape{static_cast<std::uint32_t>(Outputs)};
  array_trees trees_{};
};

/// An `inference_model` of layers in arrays (a multilayer perceptron): no runtime, no heap, usable in constant expressions.
///
/// Input   `Columns` values; `Widest` is the greatest number of outputs of a layer
/// Cost    one product per weight, added in the order of the array, so the bits are the same everywhere; 8 · max(Widest, Columns) bytes of
///         stack
/// Errors  `width`; `insufficient`: made without layers; `not_finite`: a value of the row, or a sum
template <std::size_t Columns, std::size_t Outputs, std::size_t Widest>
class layer_model {
  static_assert(Columns > 0 && Outputs > 0 && Widest >= Outputs, "Widest is the greatest number of outputs of a layer");
  static constexpr std::size_t room = Widest > Columns ? Widest : Columns;

 public:
  constexpr layer_model() noexcept = default;
  /// Errors  `corrupt`: layers that do not fit together; `width`: of another shape than the type
  [[nodiscard]] static constexpr result<layer_model> create(std::span<const array_layer> arrays) noexcept {
    if (!sound(arrays, Columns)) {
      return errc::corrupt;
    }
    for (const array_layer& l : arrays) {
      if (l.bias.size() > Widest) {
        return errc::width;
      }
    }
    return arrays.back().bias.size() == Outputs ? result<layer_model>{layer_model{arrays}} : result<layer_model>{errc::width};
  }

  [[nodiscard]] constexpr std::span<const std::uint32_t> input_shape() const noexcept { return in_shape; }
  [[nodiscard]] constexpr std::span<const std::uint32_t> output_shape() const noexcept { return out_shape; }
  [[nodiscard]] constexpr status infer(std::span<const float> in, std::span<float> out) noexcept {
    if (in.size() != Columns || out.size() != Outputs) {
      return errc::width;
    }
    if (layers_.empty()) {
      return errc::insufficient;
    }
    std::array<float, room> from{};
    std::array<float, room> to{};
    for (std::size_t i = 0; i < Columns; ++i) {
      from[i] = in[i];
    }
    std::size_t width = Columns;
    for (const array_layer& layer : layers_) {
      const std::size_t outputs = layer.bias.size();
      for (std::size_t o = 0; o < outputs; ++o) {
        float sum = layer.bias[o];
        for (std::size_t i = 0; i < width; ++i) {
          sum += layer.weights[o * width + i] * from[i];
        }
        to[o] = sum;
      }
      if (const status s = detail::activate(layer.then, {to.data(), outputs}); !s) {
        return s;
      }
      from = to;
      width = outputs;
    }
    for (std::size_t o = 0; o < Outputs; ++o) {
      out[o] = from[o];
    }
    return {};
  }

 private:
  constexpr explicit layer_model(std::span<const array_layer> arrays) noexcept : layers_{arrays} {}
  static constexpr std::array<std::uint32_t, 1> in_shape{static_cast<std::uint32_t>(Columns)};
  static constexpr std::array<std::uint32_t, 1> out_shape{static_cast<std::uint32_t>(Outputs)};
  std::span<const array_layer> layers_{};
};

}  // namespace skerry::inline v0::anomaly
