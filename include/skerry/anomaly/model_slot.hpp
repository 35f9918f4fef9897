// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skerry::inline v0::anomaly {

/// A model that lies elsewhere, for several users in one thread: four monitors, one session of a runtime.
///
/// Cost    one pointer; the model must outlive it
/// Errors  without a model `infer` answers `unavailable`, and the shapes are those of `no_model`
template <inference_model Model>
class model_ref {
 public:
  constexpr model_ref() noexcept = default;
  constexpr explicit model_ref(Model& model) noexcept : model_{&model} {}

  [[nodiscard]] constexpr std::span<const std::uint32_t> input_shape() const noexcept {
    return model_ != nullptr ? std::span<const std::uint32_t>{model_->input_shape()} : no_model{}.input_shape();
  }
  [[nodiscard]] constexpr std::span<const std::uint32_t> output_shape() const noexcept {
    return model_ != nullptr ? std::span<const std::uint32_t>{model_->output_shape()} : no_model{}.output_shape();
  }
  [[nodiscard]] constexpr status infer(std::span<const float> in, std::span<float> out) noexcept {
    return model_ != nullptr ? model_->infer(in, out) : status{errc::unavailable};
  }

 private:
  Model* model_ = nullptr;
};

/// A classifier as the one number that a monitor asks for: the probability that a row is of any class but `normal`.
///
/// A model that answers one number already is passed through.
/// Cost    a sum over the classes; sizeof(Model) + 4 · Classes + 8
/// Errors  those of the model; `full`: it has more than Classes outputs
template <inference_model Model, std::size_t Classes = 16>
class failure_of {
 public:
  constexpr failure_of() noexcept = default;
  constexpr explicit failure_of(Model model, std::uint32_t normal = 0) noexcept : model_{std::move(model)}, normal_{normal} {}

  [[nodiscard]] constexpr std::span<const std::uint32_t> input_shape() const noexcept { return model_.input_shape(); }
  [[nodiscard]] constexpr std::span<const std::uint32_t> output_shape() const noexcept { return one; }
  [[nodiscard]] constexpr status infer(std::span<const float> in, std::span<float> out) noexcept {
    if (out.size() != 1) {
      return errc::width;
    }
    const std::uint64_t classes = shape_size(model_.output_shape());
    if (classes > Classes) {
      return errc::full;
    }
    std::array<float, Classes> p{};
    if (const status s = model_.infer(in, {p.data(), static_cast<std::size_t>(classes)}); !s) {
      return s;
    }
    last_ = p;
    if (classes == 1) {
      out[0] = p[0];
      return {};
    }
    float sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      sum += c == normal_ ? 0.0F : p[c];
    }
    out[0] = sum;
    return {};
  }

  /// The class but `normal` with the greatest probability in the last row that was answered: what to call the failure.
  [[nodiscard]] constexpr std::size_t loudest() const noexcept {
    std::size_t best = normal_ == 0 ? 1 : 0;
    for (std::size_t c = 0; c < shape_size(model_.output_shape()) && c < Classes; ++c) {
      best = c != normal_ && last_[c] > last_[best] ? c : best;
    }
    return best;
  }
  [[nodiscard]] constexpr const Model& model() const noexcept { return model_; }

 private:
  static constexpr std::array<std::uint32_t, 1> one{1};
  Model model_{};
  std::array<float, Classes> last_{};
  std::uint32_t normal_ = 0;
};

/// A place for a model of fixed shape that may be missing: what could not be loaded answers `unavailable` to every row, so that whoever
/// asks goes on without it and counts. Made of the `result` that a loader returned.
///
/// Cost    that of the model and 8 bytes
/// Errors  `unavailable`: there is no model, `reason()` says why; a model of another shape is not taken (`width`)
template <inference_model Model, std::size_t In, std::size_t Out = 1>
class model_slot {
  static_assert(In > 0 && In <= UINT32_MAX && Out > 0 && Out <= UINT32_MAX, "a model has at least one input and one output value");

 public:
  constexpr model_slot() noexcept = default;
  explicit model_slot(result<Model>&& loaded) noexcept : model_{std::move(loaded)} {
    if (model_ && (shape_size(model_.value().input_shape()) != In || shape_size(model_.value().output_shape()) != Out)) {
      model_ = result<Model>{errc::width};
    }
  }
  explicit model_slot(Model&& model) noexcept : model_slot{result<Model>{std::move(model)}} {}

  [[nodiscard]] constexpr std::span<const std::uint32_t> input_shape() const noexcept { return in_shape; }
  [[nodiscard]] constexpr std::span<const std::uint32_t> output_shape() const noexcept { return out_shape; }
  [[nodiscard]] constexpr status infer(std::span<const float> in, std::span<float> out) noexcept {
    if (in.size() != In || out.size() != Out) {
      return errc::width;
    }
    return model_ ? model_.value().infer(in, out) : status{errc::unavailable};
  }

  /// `ok` with a model; why there is none otherwise.
  [[nodiscard]] constexpr errc reason() const noexcept { return model_.error(); }
  [[nodiscard]] constexpr Model* model() noexcept { return model_ ? &model_.value() : nullptr; }

 private:
  static constexpr std::array<std::uint32_t, 1> in_shape{static_cast<std::uint32_t>(In)};
  static constexpr std::array<std::uint32_t, 1> out_shape{static_cast<std::uint32_t>(Out)};
  result<Model> model_{errc::unavailable};
};

}  // namespace skerry::inline v0::anomaly
