// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "hall_state.hpp"
#include "messages.hpp"
#include "record.hpp"

#include <skerry/delivery/dedupe.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

// The other end: what a regional server does with what arrives. Nothing is acted on twice, and nothing in between is lost.
namespace gateway {

class region {
 public:
  explicit region(std::uint64_t seed) : state_{make_state(2, skerry::state::role::region, seed + 1)} {}

  void receive(const skerry::delivery::item_id& id, bool historical, std::span<const std::byte> payload, std::uint64_t now_ms) {
    // Merging a summary twice would count its rows twice, so the window comes before everything else.
    if (seen_.accept(id) != skerry::delivery::verdict::fresh) {
      ++duplicates_;
      return;
    }
    ++items_;
    historical_ += historical ? 1U : 0U;
    order_kept_ = order_kept_ && id.seq == last_[id.stream] + 1;
    last_[id.stream] = id.seq;
    switch (id.stream) {
      case stream_summary: take(decode_summary(payload)); break;
      case stream_alarm: damaged_ += decode_alarm(payload) ? 0U : 1U; break;
      // A delta may come twice or late: joining it again changes nothing.
      default: damaged_ += state_->accept(payload, now_ms) ? 0U : 1U; break;
    }
    ++by_stream_[id.stream];
  }

  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::uint64_t items() const { return items_; }
  [[nodiscard]] std::uint64_t historical() const { return historical_; }

  [[nodiscard]] const hall_state& state() const { return *state_; }

  void finish(run_record& run) const {
    run.account.duplicates = duplicates_;
    run.region.summaries = by_stream_[stream_summary];
    run.region.alarms = by_stream_[stream_alarm];
    run.region.deltas = by_stream_[stream_state];
    run.region.damaged = damaged_;
    run.region.historical = historical_;
    run.region.order_kept = order_kept_;
    run.region.rows = 0;
    for (const auto& [machine, channels] : merged_) {
      run.region.rows += channels.empty() ? 0 : channels.front().count();
    }
  }

 private:
  void take(std::optional<summary_message> m) {
    if (!m) {
      ++damaged_;
      return;
    }
    auto& channels = merged_[m->machine];
    channels.resize(std::max(channels.size(), m->channels.size()));
    for (std::size_t i = 0; i < m->channels.size(); ++i) {
      channels[i].merge(m->channels[i]);
    }
  }

  std::unique_ptr<hall_state> state_;
  skerry::delivery::dedupe_window<stream_count, 64> seen_;
  std::map<std::uint16_t, std::vector<channel_moments>> merged_;
  std::array<std::uint64_t, stream_count> last_{}, by_stream_{};
  std::uint64_t items_ = 0, duplicates_ = 0, damaged_ = 0, historical_ = 0;
  bool order_kept_ = true;
};

}  // namespace gateway
