// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "network.hpp"

#include <skerry/core/crc32c.hpp>
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/random.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

namespace mesh {

namespace state = skerry::state;

// What the gateways agree on. The policy of a path says what happens to writes that could not see each other.
struct setpoint {
  static constexpr state::path at{"setpoint"};
  using policy = state::lww<double>;
};
struct recipe {
  static constexpr state::path at{"recipe"};
  using policy = state::keep_both<std::int32_t>;
};
struct oil {
  static constexpr state::path at{"oil"};
  using policy = state::mean_of<double>;
};
struct parts {
  static constexpr state::path at{"parts"};
  using policy = state::pn_counter;
};
struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<skerry::inplace_string<15>, 16>;
};
struct rate {
  static constexpr state::path at{"rate/{line}"};
  using policy = state::lww<std::int64_t>;
};
using schema = state::schema<setpoint, recipe, oil, parts, alarms, rate>;

struct limits : state::limits::gateway {
  static constexpr std::size_t actors = 256;
  static constexpr std::size_t keys = 1100;
  static constexpr std::size_t records = 2400;
  static constexpr std::size_t ranges = 256;
  static constexpr std::size_t members = 128;
  static constexpr std::size_t links_max = 8;
  static constexpr std::size_t log_bytes = 4096;
  static constexpr std::size_t payload_bytes = 48;
  static constexpr std::size_t unknown_keys = 0;
};
using replica = state::replica<schema, limits>;

/// Gateways, the lines between them, and their clocks. Time is milliseconds since the story began.
class gateways {
 public:
  static constexpr std::uint64_t begin = 1767225600000;  ///< what right clocks say at 0
  struct line {
    std::size_t a = 0, b = 0;
    state::link_id at_a{}, at_b{};
    bool up = false;
    std::uint64_t bytes = 0;
  };

  gateways(std::size_t count, std::uint64_t seed, network& net) : net_{&net}, rng_{seed}, ahead_(count, 0) {
    for (std::size_t i = 0; i < count; ++i) {
      nodes_.push_back(std::make_unique<replica>());
      // Clocks up to a quarter of an hour ahead are believed here: what that costs is half of the story.
      created_ = created_ && replica::create(*nodes_[i], i + 1, state::role::gateway, state::epoch_rule::every_open,
                                             {.accept_ahead = 900'000}, rng_, 0);
    }
    // A few know everybody; of many each knows its neighbours, theirs, and somebody far away.
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) {
        const std::size_t apart = (j + count - i) % count;
        if (i != j && (count <= 7 || apart <= 2 || apart == count / 2) && !line_between(i, j)) {
          lines_.push_back({i, j});
        }
      }
    }
  }
  [[nodiscard]] bool created() const { return created_; }
  [[nodiscard]] replica& operator[](std::size_t i) { return *nodes_[i]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] const std::vector<line>& lines() const { return lines_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

  void runs_ahead(std::size_t i, std::uint64_t ms) { ahead_[i] = ms; }
  [[nodiscard]] std::uint64_t ahead(std::size_t i) const { return ahead_[i]; }
  /// What the wall clock of a gateway claims.
  [[nodiscard]] skerry::wall_ms wall(std::size_t i, std::uint64_t now) const { return {begin + now + ahead_[i]}; }

  /// Lines between gateways of one group are up, the others are not.
  void group(const std::vector<std::size_t>& group_of, std::uint64_t now) {
    for (std::size_t e = 0; e < lines_.size(); ++e) {
      set_line(e, group_of[lines_[e].a] == group_of[lines_[e].b], now);
    }
  }
  /// An old image in the place of a gateway's memory, as a new life: no event has the name of another.
  [[nodiscard]] bool put_back(std::size_t i, const replica& image, std::uint64_t now) {
    std::vector<std::size_t> mine;
    for (std::size_t e = 0; e < lines_.size(); ++e) {
      if (lines_[e].up && (lines_[e].a == i || lines_[e].b == i)) {
        mine.push_back(e);
        set_line(e, false, now);
      }
    }
    *nodes_[i] = image;
    const bool done = static_cast<bool>(nodes_[i]->as_new_life(rng_));
    for (const std::size_t e : mine) {
      set_line(e, true, now);
    }
    return done;
  }

  /// What there is to say goes out, what is due comes in. True when anything was said or heard.
  bool exchange(std::uint64_t now) {
    bool any = false;
    net_->deliver(now, [&](const network::frame& f) {
      const line& l = lines_[f.edge];
      any = true;
      refused_ += l.up && nodes_[f.to]->receive(f.to == l.a ? l.at_a : l.at_b, f.bytes, now) ? 0 : 1;
    });
    std::array<std::byte, 1400> frame{};
    for (std::size_t e = 0; e < lines_.size(); ++e) {
      line& l = lines_[e];
      for (const auto& [from, to, id] : {std::tuple{l.a, l.b, l.at_a}, std::tuple{l.b, l.a, l.at_b}}) {
        for (int frames = 0; l.up && frames < 64; ++frames) {
          const auto size = nodes_[from]->poll(id, now, frame);
          if (!size || size.value() == 0) {
            break;
          }
          any = true;
          l.bytes += size.value();
          net_->send(e, from, to, std::span{frame}.first(size.value()), now);
        }
      }
    }
    return any;
  }
  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const line& l : lines_) {
      sum += l.bytes;
    }
    return sum;
  }
  /// Whether all have seen and hold the same, by their hashes; `to_the_byte` by everything they know.
  [[nodiscard]] bool equal() const {
    for (const auto& n : nodes_) {
      if (n->context_hash() != nodes_[0]->context_hash() || n->content_hash() != nodes_[0]->content_hash()) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] std::uint32_t state_sum() const {
    std::vector<std::byte> all(1 << 18);
    skerry::byte_writer out{all};
    return nodes_[0]->encode(out) ? skerry::crc32c(out.written().first(out.written().size() - 4)) : 0;  // it ends with a sum of its own
  }
  [[nodiscard]] bool equal_to_the_byte() const {
    std::vector<std::byte> first(1 << 18), other(1 << 18);
    skerry::byte_writer a{first};
    bool same = static_cast<bool>(nodes_[0]->encode(a));
    for (const auto& n : nodes_) {
      skerry::byte_writer b{other};
      same = same && n->encode(b) && std::ranges::equal(a.written(), b.written());
    }
    return same;
  }

 private:
  [[nodiscard]] bool line_between(std::size_t i, std::size_t j) const {
    return std::ranges::any_of(lines_, [&](const line& l) { return (l.a == i && l.b == j) || (l.a == j && l.b == i); });
  }
  void set_line(std::size_t e, bool up, std::uint64_t now) {
    line& l = lines_[e];
    if (l.up == up) {
      return;
    }
    l.up = up;
    if (!up) {
      nodes_[l.a]->disconnect(l.at_a);
      nodes_[l.b]->disconnect(l.at_b);
      net_->cut(e);
      return;
    }
    const auto a = nodes_[l.a]->connect(l.b + 1, {.mtu = 1400, .retry_ms = 200}, now);
    const auto b = nodes_[l.b]->connect(l.a + 1, {.mtu = 1400, .retry_ms = 200}, now);
    l.up = a && b;
    l.at_a = l.up ? a.value() : l.at_a;
    l.at_b = l.up ? b.value() : l.at_b;
  }

  network* net_;
  skerry::splitmix64 rng_;
  std::vector<std::unique_ptr<replica>> nodes_{};
  std::vector<line> lines_{};
  std::vector<std::uint64_t> ahead_;
  std::uint64_t refused_ = 0;
  bool created_ = true;
};

}  // namespace mesh
