// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/forest_source.hpp>
#include <skerry/anomaly/detail/onnx_model.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/protobuf.hpp>
#include <skerry/core/result.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace skerry::inline v0::anomaly {

/// Bytes of the ONNX model of a forest, refused as `export_onnx` is.
template <typename Forest>
[[nodiscard]] result<std::size_t> onnx_size(const Forest& forest, const onnx_options& options = onnx_options{}) noexcept {
  if (const status possible = detail::onnx_can_say(forest); !possible) {
    return possible.error();
  }
  pb_writer counted = pb_writer::counting();
  detail::write_onnx(forest, options, counted);
  return counted.error() == errc::ok ? result<std::size_t>{counted.size()} : counted.error();
}

/// Writes a trained forest as an ONNX model, for any runtime that reads tree ensembles.
///
/// Input "rows", binary32, one row per line; outputs "depth_sum" and "score", one number per row. Thresholds are mapped back to the
/// greatest binary32 number of their code, and the weights of leaves are the leaf codes, so "depth_sum" is *equal* to ours for every finite
/// row, as a binary32 number; "score" is 2 to a scaled sum in the runtime's arithmetic. Missing values go where the forest sends them.
/// Infinities, which a forest refuses, count as beyond every threshold there.
///
/// Input   any trained forest that takes numbers: fixed, dynamic, or a `forest_image`
/// Units   of "depth_sum": `leaf_scale()` to a split
/// Cost    about 50 bytes a split and 30 a leaf (five: 30 and 6); O(splits · 32) comparisons, five times over; no heap
/// Errors  `insufficient`: no tree, or a forest of codes only; `unsupported`: splits over names; `out_of_range`: depth sums of 2^24 and
/// more,
///         which binary32 cannot tell apart; `full`: the writer has no room, and nothing is written
/// Source  ONNX (onnx.ai): IR 8, ai.onnx 13, ai.onnx.ml 3 TreeEnsembleRegressor, ai.onnx.ml 5 TreeEnsemble
template <typename Forest>
[[nodiscard]] status export_onnx(const Forest& forest, byte_writer& out, const onnx_options& options = onnx_options{}) noexcept {
  const result<std::size_t> size = onnx_size(forest, options);
  if (!size) {
    return size.error();
  }
  if (out.error() != errc::ok) {
    return out.error();
  }
  if (size.value() > out.free_bytes()) {
    return errc::full;
  }
  pb_writer to{out.reserve(size.value())};
  detail::write_onnx(forest, options, to);
  return to.error();
}

/// Writes a lowered forest as the text of a C++ header: one `inline constexpr flash_forest`, a `static_assert` that it is one, and the map
/// from numbers to codes if there is one, all in namespace `name`.
///
/// The numbers in it are thresholds, and so values of the training data.
///
/// Input   `flash`: a `flash_forest` with at least one split, as `lower` makes it; `name`: an identifier
/// Cost    about 16 characters a split; no heap
/// Errors  `insufficient`: no split; `invalid`: `name` is no identifier; `full`: what the writer holds then is no header
template <typename Flash, typename Codes>
[[nodiscard]] status export_cpp(const Flash& flash, const Codes& codes, std::string_view name, byte_writer& out) noexcept {
  if (!detail::is_identifier(name)) {
    return errc::invalid;
  }
  if (flash.trees() == 0 || flash.words().empty()) {
    return errc::insufficient;
  }
  detail::write_source(flash, codes, name, out);
  return out.error();
}

}  // namespace skerry::inline v0::anomaly
