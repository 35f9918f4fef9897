// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skerry_test {

/// A store that loses power: what was not synced may be gone, any prefix of it may be left, and a record may be torn. A value: a copy
/// is an image of the storage.
class crash_store {
 public:
  explicit crash_store(std::size_t most = 1000) : most_{most} {}

  skerry::result<skerry::recovery_report> open() noexcept {
    skerry::recovery_report report;
    report.first = {first_};
    report.end = {first_ + log_.size()};
    report.records = static_cast<std::uint64_t>(std::count_if(log_.begin(), log_.end(), [](const entry& e) { return e.live; }));
    report.torn_bytes = torn_;
    report.fresh = report.records == 0;
    skip();
    report.first = {first_};
    return report;
  }
  skerry::result<skerry::position> append(const skerry::record_header& h, std::span<const std::byte> payload) noexcept {
    if (records() >= most_) {
      return skerry::errc::full;
    }
    log_.push_back({h, {payload.begin(), payload.end()}, true});
    return skerry::position{first_ + log_.size() - 1};
  }
  skerry::result<skerry::record_view> read(skerry::position at, std::span<std::byte> out) noexcept {
    if (at.value < first_ || at.value >= first_ + log_.size() || !log_[at.value - first_].live) {
      return skerry::errc::absent;
    }
    const entry& e = log_[at.value - first_];
    if (e.payload.size() > out.size()) {
      return skerry::errc::width;
    }
    std::copy(e.payload.begin(), e.payload.end(), out.begin());
    std::uint64_t next = at.value + 1;
    while (next < first_ + log_.size() && !log_[next - first_].live) {
      ++next;
    }
    return skerry::record_view{e.header, out.first(e.payload.size()), {next}};
  }
  /// Takes effect at once, and is durable at once: the worst order for a queue that counts on its appends coming first.
  skerry::status advance(skerry::cursor done) noexcept {
    if (stuck_) {
      return skerry::errc::io;
    }
    for (std::size_t i = 0; i < log_.size(); ++i) {
      entry& e = log_[i];
      if (e.header.kind == skerry::record_kind::data && e.header.stream == done.stream && e.header.seq <= done.upto) {
        e.live = false;
      }
    }
    std::size_t newest = log_.size();
    for (std::size_t i = log_.size(); i > 0; --i) {  // of leases the newest durable one is enough
      if (log_[i - 1].header.kind == skerry::record_kind::seq_lease && log_[i - 1].live && first_ + i <= synced_) {
        log_[i - 1].live = newest == log_.size();
        newest = i - 1;
      }
    }
    skip();
    return {};
  }
  skerry::status sync() noexcept {
    if (fails_) {
      return skerry::errc::io;
    }
    synced_ = first_ + log_.size();
    return {};
  }
  [[nodiscard]] std::uint64_t used_bytes() const noexcept { return records(); }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept { return most_ - records(); }

  /// The power is gone: of what was not synced at most `kept` records are left.
  void crash(std::size_t kept) {
    const std::size_t safe = synced_ > first_ ? synced_ - first_ : 0;
    log_.resize(std::min(log_.size(), safe + kept));
    torn_ = 1;
    synced_ = first_ + log_.size();
  }
  void fail_syncs(bool fails) { fails_ = fails; }
  void fail_advances(bool fails) { stuck_ = fails; }
  [[nodiscard]] std::size_t records() const {
    return static_cast<std::size_t>(std::count_if(log_.begin(), log_.end(), [](const entry& e) { return e.live; }));
  }

 private:
  struct entry {
    skerry::record_header header{};
    std::vector<std::byte> payload{};
    bool live = true;
  };
  void skip() {
    while (!log_.empty() && !log_.front().live && first_ < synced_) {
      log_.erase(log_.begin());
      ++first_;
    }
  }

  std::vector<entry> log_{};
  std::uint64_t first_ = 0;   ///< position of the first of `log_`
  std::uint64_t synced_ = 0;  ///< positions below are durable
  std::uint64_t torn_ = 0;
  std::size_t most_;
  bool fails_ = false;
  bool stuck_ = false;
};
static_assert(skerry::record_store<crash_store>);

}  // namespace skerry_test
