// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "hall_state.hpp"
#include "messages.hpp"
#include "record.hpp"
#include "text.hpp"

#include <skerry/core/bytes.hpp>
#include <skerry/delivery/dedupe.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

// The other end: what a regional server does with what arrives. Nothing is acted on twice, and nothing in between is lost.
namespace gateway {

class region {
 public:
  explicit region(std::uint64_t seed) : seed_{seed}, state_{make_state(2, skerry::state::role::region, seed + 1)} {}

  /// From now on it remembers across runs, as a server of its own would: what arrives is written down before it is acknowledged. What
  /// was written down before is taken in again; `anew`: only to recognise repeats, as the story begins from the start.
  void remember(const std::filesystem::path& file, bool anew) {
    std::vector<std::byte> all;
    if (std::ifstream in{file, std::ios::binary}; in) {
      const std::string text{std::istreambuf_iterator<char>{in}, {}};
      const auto bytes = std::as_bytes(std::span{text.data(), text.size()});
      all.assign(bytes.begin(), bytes.end());
    }
    std::size_t whole = 0;
    while (all.size() - whole >= entry_head) {
      skerry::byte_reader head{std::span<const std::byte>{all}.subspan(whole, entry_head)};
      const std::size_t length = head.u32();
      const skerry::delivery::item_id id{head.u32(), head.u16(), head.u64()};
      const bool historical = head.u8() != 0;
      const std::uint64_t now_ms = head.u64();
      if (all.size() - whole - entry_head < length || id.stream >= stream_count) {
        break;  // the write that a kill cut short
      }
      receive(id, historical, std::span<const std::byte>{all}.subspan(whole + entry_head, length), now_ms);
      whole += entry_head + length;
    }
    if (whole < all.size()) {
      std::filesystem::resize_file(file, whole);
    }
    duplicates_ = 0;
    if (anew) {
      *this = region{seed_, seen_, last_};
    }
    journal_ = std::make_unique<std::ofstream>(file, std::ios::binary | std::ios::app);
    if (!*journal_) {
      throw misuse{fmt::format("--store: cannot write {}", file.string())};
    }
  }

  void receive(const skerry::delivery::item_id& id, bool historical, std::span<const std::byte> payload, std::uint64_t now_ms) {
    if (id.stream >= stream_count) {
      ++damaged_;
      return;
    }
    // Merging a summary twice would count its rows twice, so the window comes before everything else.
    if (seen_.accept(id) != skerry::delivery::verdict::fresh) {
      ++duplicates_;
      return;
    }
    if (journal_) {
      std::vector<std::byte> entry(entry_head + payload.size());
      skerry::byte_writer out{entry};
      out.u32(static_cast<std::uint32_t>(payload.size()));
      out.u32(id.epoch);
      out.u16(id.stream);
      out.u64(id.seq);
      out.u8(historical ? 1 : 0);
      out.u64(now_ms);
      std::copy(payload.begin(), payload.end(), entry.begin() + entry_head);
      journal_->write(reinterpret_cast<const char*>(entry.data()), static_cast<std::streamsize>(entry.size())).flush();
    }
    ++items_;
    historical_ += historical ? 1U : 0U;
    order_kept_ = order_kept_ && id.seq > last_[id.stream];  // a restart leaves out numbers that it cannot vouch for
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
    run.region.state = state_crc(*state_);
    run.region.rows = 0;
    for (const auto& [machine, channels] : merged_) {
      run.region.rows += channels.empty() ? 0 : channels.front().count();
    }
  }

 private:
  static constexpr std::size_t entry_head = 4 + 4 + 2 + 8 + 1 + 8;

  using window = skerry::delivery::dedupe_window<stream_count, 64>;
  region(std::uint64_t seed, const window& seen, const std::array<std::uint64_t, stream_count>& last) : region{seed} {
    seen_ = seen;
    last_ = last;
  }

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

  std::uint64_t seed_;
  std::unique_ptr<std::ofstream> journal_;
  std::unique_ptr<hall_state> state_;
  window seen_;
  std::map<std::uint16_t, std::vector<channel_moments>> merged_;
  std::array<std::uint64_t, stream_count> last_{}, by_stream_{};
  std::uint64_t items_ = 0, duplicates_ = 0, damaged_ = 0, historical_ = 0;
  bool order_kept_ = true;
};

}  // namespace gateway
