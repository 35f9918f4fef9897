// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <utility>

namespace skerry::inline v0::anomaly::detail {

/// The model of known failures and its latch; nothing of it remains where there is no model.
template <std::size_t Features, typename Known>
class known_judge {
 public:
  static constexpr bool exists = !std::same_as<Known, no_model>;

  known_judge() = default;
  explicit known_judge(Known&& model) noexcept : model_{std::move(model)} {}

  /// `width`: the model does not take a row, or does not answer one value.
  [[nodiscard]] static status fits([[maybe_unused]] const Known& model) noexcept {
    if constexpr (exists) {
      if (shape_size(model.input_shape()) != Features || shape_size(model.output_shape()) != 1) {
        return errc::width;
      }
    }
    return {};
  }

  /// Asks the model about a row; counts by reason when it does not answer.
  template <typename Verdict>
  alarm_edge observe([[maybe_unused]] std::span<const float, Features> row, [[maybe_unused]] Verdict& v,
                     [[maybe_unused]] monitor_counters& counters) noexcept {
    if constexpr (exists) {
      std::array<float, 1> p{};
      status answer = model_.infer(row, p);
      if (answer && !(p[0] - p[0] == 0)) {
        answer = errc::not_finite;
      }
      if (!answer) {
        counters.count_known(answer.error());
        v.known = known_state::unavailable;
        return alarm_edge::none;
      }
      v.known_probability = p[0];
      const alarm_edge edge = latch_.observe(p[0]);
      v.known = latch_.alarmed() ? known_state::failing : known_state::quiet;
      return edge;
    } else {
      return alarm_edge::none;
    }
  }

  [[nodiscard]] const Known& model() const noexcept { return model_; }
  [[nodiscard]] bool alarmed() const noexcept { return latch_.alarmed(); }
  [[nodiscard]] bool suspect() const noexcept { return latch_.suspect(); }
  [[nodiscard]] const alarm_latch& latch() const noexcept { return latch_; }
  void reset() noexcept { latch_.reset(); }
  void set_latch(const alarm_latch& latch) noexcept { latch_ = latch; }

 private:
  Known model_{};
  alarm_latch latch_ = alarm_latch::create({}).value();
};

}  // namespace skerry::inline v0::anomaly::detail
