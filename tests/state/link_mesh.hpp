// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace skerry_test::mesh {

namespace state = skerry::state;

struct level {
  static constexpr state::path at{"level/{tank}"};
  using policy = state::lww<double>;
};
struct mode {
  static constexpr state::path at{"mode/{line}"};
  using policy = state::keep_both<std::int32_t>;
};
struct stock {
  static constexpr state::path at{"stock"};
  using policy = state::pn_counter;
};
struct parts {
  static constexpr state::path at{"parts"};
  using policy = state::reset_counter;
};
struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<std::int32_t, 32>;
};
using plant = state::schema<level, mode, stock, parts, alarms>;

struct limits : state::limits::firmware {
  static constexpr std::size_t actors = 24;
  static constexpr std::size_t keys = 40;
  static constexpr std::size_t records = 160;
  static constexpr std::size_t ranges = 64;
  static constexpr std::size_t links_max = 5;
  static constexpr std::size_t log_bytes = 1024;
  static constexpr std::size_t payload_bytes = 48;
  static constexpr std::size_t quarantine = 0;
};
/// Little is remembered of what was removed.
struct forgetful : limits {
  static constexpr std::size_t keys = 18;
  static constexpr std::size_t lost_events = 2;
};

/// What a channel does to the frames in it.
struct weather {
  unsigned loss = 0;     ///< percent
  unsigned repeat = 0;   ///< percent
  unsigned reorder = 0;  ///< percent
};

/// Replicas, links between some of them, and frames on their way.
template <typename Limits>
class net {
 public:
  using replica = state::replica<plant, Limits>;
  struct end {
    std::size_t node = 0;
    std::size_t other = 0;
    state::link_id id{};
    std::size_t back = 0;  ///< number of the other end
    bool up = false;
  };
  struct flying {
    std::size_t end = 0;  ///< that receives it
    std::vector<std::byte> bytes{};
  };

  net(std::size_t nodes, std::uint64_t seed) : rng_{seed} {
    replicas_.reserve(nodes);
    for (std::size_t i = 0; i < nodes; ++i) {
      replicas_.emplace_back();
      (void)replica::create(replicas_.back(), 100 + i, state::role::device, state::epoch_rule::every_open, {}, rng_, 0);
    }
  }
  [[nodiscard]] replica& operator[](std::size_t i) { return replicas_[i]; }
  [[nodiscard]] std::size_t size() const { return replicas_.size(); }
  [[nodiscard]] std::size_t roll(std::size_t n) { return static_cast<std::size_t>(rng_() % n); }

  void join(std::size_t a, std::size_t b, state::link_options options = {}) {
    ends_.push_back({a, b, {}, ends_.size() + 1, false});
    ends_.push_back({b, a, {}, ends_.size() - 1, false});
    options_.push_back(options);
    options_.push_back(options);
    up(ends_.size() - 2);
  }
  [[nodiscard]] std::size_t ends() const { return ends_.size(); }
  [[nodiscard]] state::link_id link(std::size_t e) const { return ends_[e].id; }
  void up(std::size_t e) {
    for (const std::size_t i : {e, ends_[e].back}) {
      const auto id = replicas_[ends_[i].node].connect(100 + ends_[i].other, options_[i], now_);
      ends_[i].up = static_cast<bool>(id);
      ends_[i].id = id ? id.value() : state::link_id{};
    }
  }
  void down(std::size_t e) {
    for (const std::size_t i : {e, ends_[e].back}) {
      if (ends_[i].up) {
        replicas_[ends_[i].node].disconnect(ends_[i].id);
        ends_[i].up = false;
      }
    }
  }
  /// One side forgets everything about its links, and all else stays: what it knew of its peers is gone.
  void forget_links(std::size_t node) {
    replica moved = replicas_[node];  // a copy has no links
    (void)moved.as_new_life(rng_);
    replicas_[node] = std::move(moved);
    for (std::size_t e = 0; e < ends_.size(); ++e) {
      if (ends_[e].node == node && ends_[e].up) {
        ends_[e].up = false;
        up(e);
      }
    }
  }
  /// The same for one end of the links only: the others notice it, or not.
  void forget(std::size_t node, bool noticed) {
    replica moved = replicas_[node];
    (void)moved.as_new_life(rng_);
    replicas_[node] = std::move(moved);
    for (std::size_t e = 0; e < ends_.size(); ++e) {
      if (ends_[e].node == node || noticed) {
        const auto id = replicas_[ends_[e].node].connect(100 + ends_[e].other, options_[e], now_);
        ends_[e].up = static_cast<bool>(id);
        ends_[e].id = id ? id.value() : state::link_id{};
      }
    }
  }
  void pass(unsigned ms) { now_ += ms; }
  [[nodiscard]] std::uint32_t now() const { return now_; }

  /// Everybody says what there is to say; false when that was nothing.
  bool speak(const weather& w = {}) {
    bool any = false;
    for (std::size_t e = 0; e < ends_.size(); ++e) {
      any = speak(e, w) || any;
    }
    return any;
  }
  bool speak(std::size_t e, const weather& w) {
    if (!ends_[e].up) {
      return false;
    }
    bool any = false;
    for (int i = 0; i < 64; ++i) {
      std::array<std::byte, 1400> buffer{};
      const auto size = replicas_[ends_[e].node].poll(ends_[e].id, now_, buffer);
      failed_ = failed_ || !size;
      if (!size || size.value() == 0) {
        return any;
      }
      any = true;
      sent_ += size.value();
      by_kind_[std::to_integer<unsigned>(buffer[0]) & 0xf] += size.value();
      longest_ = size.value() > longest_ ? size.value() : longest_;
      const std::vector<std::byte> frame(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size.value()));
      for (unsigned copies = roll(100) < w.loss ? 0U : (roll(100) < w.repeat ? 2U : 1U); copies > 0; --copies) {
        air_.push_back({ends_[e].back, frame});
        if (roll(100) < w.reorder) {
          std::swap(air_.back(), air_[roll(air_.size())]);
        }
      }
    }
    return any;
  }
  /// Delivers what is in the air; some of it with `part` below 100 percent.
  void deliver(unsigned part = 100) {
    std::vector<flying> later;
    std::vector<flying> air;
    air.swap(air_);
    for (flying& f : air) {
      if (roll(100) >= part) {
        later.push_back(std::move(f));
        continue;
      }
      if (ends_[f.end].up) {
        const auto taken = replicas_[ends_[f.end].node].receive(ends_[f.end].id, f.bytes, now_);
        if (taken) {
          added_ += taken.value().added;
          seen_ += taken.value().seen;
        } else {
          ++refused_[taken.error()];
        }
      }
    }
    air_.insert(air_.begin(), later.begin(), later.end());
  }
  /// Until nobody has anything to say. Answers the rounds that took, 0 when it took too many.
  std::size_t settle(std::size_t most = 200) {
    for (std::size_t i = 1; i <= most; ++i) {
      deliver();
      if (!speak()) {
        return i;
      }
      pass(10);
    }
    return 0;
  }
  /// With time to send again what was lost.
  bool settle_after_losses() {
    for (int i = 0; i < 24; ++i) {
      if (settle() == 0) {
        return false;
      }
      pass(70'000);
    }
    return settle() != 0;
  }

  /// Some operation, as a node would do it.
  void operate(std::size_t node) {
    replica& r = replicas_[node];
    const skerry::wall_ms wall{std::uint64_t{1767225600000} + now_};
    const auto k = static_cast<int>(roll(6));
    switch (roll(12)) {
      case 0:
      case 1:
      case 2: (void)r.template write<level>(static_cast<double>(roll(4000)) / 8, wall, k); break;
      case 3: (void)r.template remove<level>(k); break;
      case 4:
      case 5: (void)r.template write<mode>(static_cast<std::int32_t>(roll(9)), wall, k % 3); break;
      case 6: (void)r.template remove<mode>(k % 3); break;
      case 7: (void)r.template inc<stock>(1 + k); break;
      case 8: (void)r.template inc<parts>(1 + k); break;
      case 9: (void)(k == 0 ? r.template reset<parts>() : r.template inc<parts>(2)); break;
      case 10: (void)r.template add<alarms>(k); break;
      default: (void)r.template remove<alarms>(k); break;
    }
  }

  [[nodiscard]] std::vector<std::byte> bytes(std::size_t i) const {
    std::vector<std::byte> out(65536);
    skerry::byte_writer w{out};
    if (!replicas_[i].encode(w)) {
      return {};
    }
    out.resize(w.written().size());
    return out;
  }
  [[nodiscard]] bool equal() const {
    for (std::size_t i = 1; i < replicas_.size(); ++i) {
      if (bytes(i).empty() || bytes(i) != bytes(0)) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] std::size_t sent(state::frame_kind kind) const {
    const auto it = by_kind_.find(static_cast<unsigned>(kind));
    return it == by_kind_.end() ? 0 : it->second;
  }
  [[nodiscard]] std::size_t longest() const { return longest_; }
  [[nodiscard]] std::size_t added() const { return added_; }
  [[nodiscard]] std::size_t seen() const { return seen_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const std::map<skerry::errc, std::size_t>& refused() const { return refused_; }
  [[nodiscard]] std::vector<flying>& air() { return air_; }
  void forget_figures() {
    sent_ = added_ = seen_ = 0;
    by_kind_.clear();
  }

 private:
  skerry::splitmix64 rng_;
  std::vector<replica> replicas_{};
  std::vector<end> ends_{};
  std::vector<state::link_options> options_{};
  std::vector<flying> air_{};
  std::map<unsigned, std::size_t> by_kind_{};
  std::map<skerry::errc, std::size_t> refused_{};
  std::uint32_t now_ = 1;
  std::size_t sent_ = 0;
  std::size_t longest_ = 0;
  std::size_t added_ = 0;
  std::size_t seen_ = 0;
  bool failed_ = false;
};

}  // namespace skerry_test::mesh
