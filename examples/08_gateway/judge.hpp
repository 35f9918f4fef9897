// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "known_model.hpp"

#include <skerry/anomaly/monitor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

// A monitor's width is a type; a recording's width is known when its header is read. One of a few widths is chosen then, and the
// columns beyond the recording's are constant, which a forest never looks at.
namespace gateway {

/// What the pipeline needs of a verdict, whatever the width.
struct judgement {
  skerry::anomaly::monitor_state state = skerry::anomaly::monitor_state::learning;
  bool scored = false;
  std::uint8_t why = 0;
  std::uint32_t alarm_id = 0;
  float score = 0;
  float level = 1;  ///< the score from which on a row is strange
  float p_value = 1;
};

/// More history than the default, because a machine with four programs needs half an hour to show all of its normal.
struct hall_monitor : skerry::anomaly::default_monitor {
  static constexpr std::size_t warm_up = 900;
};

class judge {
 public:
  /// With a model of known failures beside it, if there is one.
  template <std::size_t Width, typename Config>
  static judge of_width(const skerry::anomaly::monitor_config& config, known_model* known) {
    return judge{known != nullptr ? of<Width, Config>(config, known_of_width<Width>{*known})
                                  : of<Width, Config>(config, skerry::anomaly::no_model{})};
  }
  /// `columns` is 1 to 16, known at run time.
  template <typename Config>
  static judge make(std::size_t columns, const skerry::anomaly::monitor_config& config, known_model* known) {
    if (columns <= 1) {
      return of_width<1, Config>(config, known);
    }
    if (columns <= 4) {
      return of_width<4, Config>(config, known);
    }
    return columns <= 8 ? of_width<8, Config>(config, known) : of_width<16, Config>(config, known);
  }

  skerry::result<judgement> observe(std::span<const float> row, std::uint64_t now_ms) { return observe_(object_.get(), row, now_ms); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct built {
    std::shared_ptr<void> object;
    skerry::result<judgement> (*observe)(void*, std::span<const float>, std::uint64_t);
    std::size_t bytes;
  };
  explicit judge(built b) : object_{std::move(b.object)}, observe_{b.observe}, bytes_{b.bytes} {}

  template <std::size_t Width, typename Config, typename Known>
  static built of(const skerry::anomaly::monitor_config& config, Known known) {
    using monitor = skerry::anomaly::monitor<Width, Known, Config>;
    const auto made = std::make_shared<monitor>(config, known);  // panics over settings that cannot be; the gateway's can
    return {made,
            [](void* object, std::span<const float> row, std::uint64_t now_ms) -> skerry::result<judgement> {
              auto& m = *static_cast<monitor*>(object);
              std::array<float, Width> padded{};
              std::copy(row.begin(), row.end(), padded.begin());
              const auto v = m.observe(std::span<const float, Width>{padded}, now_ms);
              if (!v) {
                return v.error();
              }
              const float level = m.enter().value_or(1.0F);  // while learning there is none
              return judgement{v.value().state,  (v.value().quality & skerry::anomaly::quality_not_scored) == 0,
                               v.value().why,    v.value().alarm_id,
                               v.value().score,  level,
                               v.value().p_value};
            },
            sizeof(monitor)};
  }

  std::shared_ptr<void> object_;
  skerry::result<judgement> (*observe_)(void*, std::span<const float>, std::uint64_t);
  std::size_t bytes_;
};

}  // namespace gateway
