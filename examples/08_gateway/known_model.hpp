// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "csv_source.hpp"

#include <skerry/anomaly/model_slot.hpp>
#ifdef GATEWAY_HAS_ONNXRUNTIME
#include <skerry/adapters/onnxruntime.hpp>
#endif

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

// The model of known failures that --model names, one for all machines. Without it, or when it cannot be used, novelty goes on alone.
namespace gateway {

class known_model {
 public:
  explicit known_model(std::size_t columns) : columns_{columns} {}
  known_model(const known_model&) = delete;
  known_model& operator=(const known_model&) = delete;

  /// Throws `misuse` where there is no ONNX Runtime; a file that is no model of that many columns only leaves this one empty.
  void load([[maybe_unused]] const std::string& path, [[maybe_unused]] const std::string& library) {
#ifdef GATEWAY_HAS_ONNXRUNTIME
    skerry::adapters::onnxruntime_message why;
    auto runtime = skerry::adapters::onnxruntime_library::load(library.c_str(), &why);
    if (!runtime) {
      throw misuse{fmt::format("--model: no ONNX Runtime: {} (--library says where it is)", why.view())};
    }
    runtime_.emplace(std::move(runtime).value());
    auto loaded = model::create(*runtime_, path.c_str(), {}, &why);
    if (!loaded) {
      text_ = fmt::format("refused: {} ({})", to_string(loaded.error()), why.view());
    } else if (skerry::anomaly::shape_size(loaded.value().input_shape()) != columns_) {
      text_ =
          fmt::format("refused: it takes {} columns, rows have {}", skerry::anomaly::shape_size(loaded.value().input_shape()), columns_);
    } else {
      text_ = fmt::format("ONNX Runtime {}, {} test vectors hold", runtime_->version(), loaded.value().vectors_checked());
      model_.emplace(std::move(loaded).value());
    }
    text_ = fmt::format("{}: {}", path.substr(path.find_last_of('/') + 1), text_);
#else
    throw misuse{"--model: built without the headers of ONNX Runtime (ONNXRUNTIME_ROOT)"};
#endif
  }

  /// What `padded` columns beyond the model's are for, judge.hpp says.
  [[nodiscard]] skerry::status infer(std::span<const float> padded, std::span<float> p) noexcept {
    ++asked_;
#ifdef GATEWAY_HAS_ONNXRUNTIME
    if (model_) {
      const skerry::status done = model_->infer(padded.first(columns_), p);
      unanswered_ += done ? 0U : 1U;
      return done;
    }
#endif
    (void)padded;
    (void)p;
    ++unanswered_;
    return skerry::errc::unavailable;
  }

  [[nodiscard]] std::string text() const { return fmt::format("{}; {} rows asked, {} without an answer", text_, asked_, unanswered_); }

 private:
#ifdef GATEWAY_HAS_ONNXRUNTIME
  using model = skerry::adapters::onnxruntime_model;
  std::optional<skerry::adapters::onnxruntime_library> runtime_;  // outlives the model
  std::optional<skerry::anomaly::failure_of<model>> model_;
#endif
  std::size_t columns_;
  std::string text_;
  std::uint64_t asked_ = 0, unanswered_ = 0;
};

/// The same for a monitor, which knows how wide its rows are while compiling.
template <std::size_t Width>
class known_of_width {
 public:
  explicit known_of_width(known_model& model) : model_{&model} {}
  [[nodiscard]] std::span<const std::uint32_t> input_shape() const noexcept { return in; }
  [[nodiscard]] std::span<const std::uint32_t> output_shape() const noexcept { return out; }
  [[nodiscard]] skerry::status infer(std::span<const float> row, std::span<float> p) noexcept { return model_->infer(row, p); }

 private:
  static constexpr std::array<std::uint32_t, 1> in{static_cast<std::uint32_t>(Width)}, out{1};
  known_model* model_;
};

}  // namespace gateway
