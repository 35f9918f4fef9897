// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/crc32c.hpp>
#include <skerry/core/protobuf.hpp>
#include <skerry/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::anomaly {

/// A property (`metadata_props`) of a serialised ONNX model, for runtimes that do not tell. A key that occurs twice: the last.
///
/// Cost    O(fields of the model at its outermost level); no heap, a view of `model`
/// Errors  `absent`; `corrupt`, `truncated`, `unsupported`: not the bytes of a protobuf message
[[nodiscard]] inline result<std::string_view> onnx_property(std::span<const std::byte> model, std::string_view key) noexcept {
  constexpr std::uint32_t model_metadata = 14, entry_key = 1, entry_value = 2;
  std::string_view found{};
  bool any = false;
  pb_reader in{model};
  while (in.next()) {
    if (in.field() != model_metadata) {
      continue;
    }
    std::string_view name{}, value{};
    pb_reader entry = in.message();
    while (entry.next()) {
      switch (entry.field()) {
        case entry_key: name = entry.text(); break;
        case entry_value: value = entry.text(); break;
        default: break;
      }
    }
    if (entry.error() != errc::ok) {
      return entry.error();
    }
    if (name == key) {
      found = value;
      any = true;
    }
  }
  if (in.error() != errc::ok) {
    return in.error();
  }
  return any ? result<std::string_view>{found} : result<std::string_view>{errc::absent};
}

/// The key of the seal among the properties of an ONNX model.
inline constexpr std::string_view onnx_seal_key = "skerry.crc32c";

/// Whether a serialised ONNX model is the one that was written: its property "skerry.crc32c" holds, in eight hexadecimal digits, the
/// CRC-32C of all its bytes with these eight digits as zeros.
///
/// Asked before a runtime sees the bytes, because a runtime trusts the indices in them: ONNX Runtime 1.21 ends the process over some
/// trees with one flipped bit.
/// Cost    one pass over the bytes; no heap
/// Errors  `absent`: the model is not sealed; `corrupt`: these are other bytes; `truncated`, `unsupported`: no protobuf message
[[nodiscard]] inline status check_onnx_seal(std::span<const std::byte> model) noexcept {
  const result<std::string_view> seal = onnx_property(model, onnx_seal_key);
  if (!seal) {
    return seal.error();
  }
  constexpr std::string_view zeros = "00000000";
  const std::string_view digits = seal.value();
  if (digits.size() != zeros.size()) {
    return errc::corrupt;
  }
  std::uint32_t said = 0;
  for (const char c : digits) {
    const int d = c >= '0' && c <= '9' ? c - '0' : (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
    if (d < 0) {
      return errc::corrupt;
    }
    said = said << 4 | static_cast<std::uint32_t>(d);
  }
  const auto at = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(digits.data()) - model.data());
  std::uint32_t seen = crc32c(model.first(at));
  seen = crc32c(std::as_bytes(std::span{zeros}), seen);
  seen = crc32c(model.subspan(at + zeros.size()), seen);
  return seen == said ? status{} : status{errc::corrupt};
}

/// Whether a model that is loaded has to be sealed.
enum class seal_rule : std::uint8_t {
  if_present,  ///< a broken seal is refused, a model without one is trusted
  required,    ///< a model without one is refused (`absent`): nothing but what was written reaches the runtime
};

/// What `check_onnx_seal` says, by the rule.
/// Errors  `absent`: required, and the model is not sealed; `corrupt`: these are other bytes, or those of no ONNX model
[[nodiscard]] inline status check_onnx_seal(std::span<const std::byte> model, seal_rule rule) noexcept {
  const status seal = check_onnx_seal(model);
  if (seal || (seal.error() == errc::absent && rule == seal_rule::required)) {
    return seal;
  }
  // A cut file is left to the runtime, which has words for it; what is no protobuf message here might be one there, seal and all.
  const bool trusted = seal.error() == errc::absent || seal.error() == errc::truncated;
  return trusted && rule == seal_rule::if_present ? status{} : status{errc::corrupt};
}

/// The same in words.
[[nodiscard]] inline std::string_view onnx_seal_words(std::span<const std::byte> model, errc refusal) noexcept {
  if (refusal == errc::absent) {
    return "the model is not sealed";
  }
  return onnx_property(model, onnx_seal_key) ? "the model is sealed, and these are other bytes"
                                             : "these are not the bytes of an ONNX model";
}

/// The one input of a serialised ONNX model.
struct onnx_input {
  std::uint64_t columns = 0;  ///< values of a row: the product of all dimensions but the first, or the only dimension
  std::uint64_t batch = 0;    ///< 0: of any size
};

/// What a serialised ONNX model takes, for runtimes that do not tell.
///
/// Cost    O(fields of model and graph at their outermost levels); no heap
/// Errors  `unsupported`: more or fewer inputs than one, other than binary32 numbers, a dimension without a size; `absent`: no graph;
///         `corrupt`, `truncated`
[[nodiscard]] inline result<onnx_input> onnx_input_of(std::span<const std::byte> model) noexcept {
  constexpr std::uint32_t model_graph = 7, graph_input = 11, value_type = 2, type_tensor = 1, tensor_element = 1, tensor_shape = 2,
                          shape_dimension = 1, dimension_value = 1;
  constexpr std::uint64_t binary32 = 1, most = 1U << 24;
  onnx_input found{};
  errc refusal = errc::absent;
  std::size_t inputs = 0;
  const auto read_value = [&](pb_reader value) {
    found = {1, 0};
    refusal = errc::unsupported;
    std::size_t rank = 0;
    bool floats = false, sized = true;
    while (value.next()) {
      if (value.field() != value_type) {
        continue;
      }
      for (pb_reader type = value.message(); type.next();) {
        if (type.field() != type_tensor) {
          continue;
        }
        for (pb_reader tensor = type.message(); tensor.next();) {
          if (tensor.field() == tensor_element) {
            floats = tensor.varint() == binary32;
          } else if (tensor.field() == tensor_shape) {
            for (pb_reader shape = tensor.message(); shape.next();) {
              if (shape.field() != shape_dimension) {
                continue;
              }
              std::uint64_t extent = 0;
              for (pb_reader dimension = shape.message(); dimension.next();) {
                extent = dimension.field() == dimension_value ? dimension.varint() : extent;
              }
              if (rank++ == 0) {
                found.batch = extent;
              } else {
                sized = sized && extent != 0 && extent <= most && found.columns <= most;
                found.columns *= sized ? extent : 1;
              }
            }
          }
        }
      }
    }
    if (rank == 1) {
      sized = found.batch != 0 && found.batch <= most;
      found = {found.batch, 1};
    }
    refusal = floats && sized && rank > 0 && value.error() == errc::ok ? errc::ok : errc::unsupported;
  };
  pb_reader in{model};
  while (in.next()) {
    if (in.field() != model_graph) {
      continue;
    }
    pb_reader graph = in.message();
    while (graph.next()) {
      if (graph.field() == graph_input) {
        ++inputs;
        read_value(graph.message());
      }
    }
    if (graph.error() != errc::ok) {
      return graph.error();
    }
  }
  if (in.error() != errc::ok) {
    return in.error();
  }
  if (inputs > 1) {
    return errc::unsupported;
  }
  return refusal == errc::ok ? result<onnx_input>{found} : result<onnx_input>{refusal};
}

}  // namespace skerry::inline v0::anomaly
