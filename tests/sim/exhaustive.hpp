// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/sim.hpp"

#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/history_oracle.hpp>
#include <skerry/testing/replica_board.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_sim {

/// All histories of a few operations at one path, by three replicas, and all that anybody can have heard of them.
///
/// What a replica holds depends on the operations it has heard of, on nothing else: not on the order in which they came, one by one or
/// as the state of somebody else. So a history is a list of operations, each with the node that does it and those it had heard of then;
/// and for each set of its operations there is one state. For every history this compares
///   - every state with every delta that it can take, and with every other state, both ways: the result must be the one state of the
///     union, to the last byte;
///   - what each node holds with the state of what it knows, so that an operation is what its delta says;
///   - the answer of each state with the specification.
/// Two operations that do not know each other are tried in one order only. That covers each interleaving of operations and merges of
/// any number up to the order of such pairs: by induction each merge leads from a compared state to a compared state.
template <typename Replica>
class small_scope {
  using schema = typename skerry::testing::detail::replica_schema<Replica>::schema;
  using instant_t = typename Replica::instant_t;
  using op_set = skerry::testing::op_set;
  using sim_event = skerry::testing::sim_event;
  using mask = std::uint32_t;

 public:
  static constexpr std::size_t nodes = 3;
  static constexpr std::size_t most = 6;

  /// skew   milliseconds that each node's clock is ahead of that of the node before it; 0: all stamps tie
  void run(std::uint16_t path, std::size_t length, std::uint64_t skew, scope_outcome& out) {
    path_ = path;
    length_ = std::min(length, most);
    skew_ = skew;
    out_ = &out;
    alphabet_.clear();
    schema::visit(path, [&]<typename P>() { letters<P>(); });
    oracle_.restart(nodes, schema::size * 32);
    for (std::size_t i = 0; i < nodes; ++i) {
      skerry::splitmix64 birth{i + 1};
      Replica& r = live_[0][i].replica;
      r = Replica{};
      if (!Replica::create(r, i + 1, skerry::state::role::device, skerry::state::epoch_rule::every_open, {}, birth, instant_t{})) {
        fail("a replica could not be created");
        return;
      }
      r.vouch(wall_of(i));
      live_[0][i].heard = 0;
    }
    for (entry& e : states_) {
      e.there = false;
    }
    states_[0].there = true;
    states_[0].replica = Replica{};
    states_[0].size = encode(states_[0].replica, states_[0].bytes);
    extend(0);
  }

 private:
  using frame = std::array<std::byte, 1024>;
  struct node {
    Replica replica{};
    mask heard = 0;
  };
  /// The state of everybody who has heard of the operations of one set.
  struct entry {
    bool there = false;
    Replica replica{};
    op_set known{};
    frame bytes{};
    std::size_t size = 0;
  };
  struct done {
    sim_event event{};
    std::size_t node = 0;
    mask heard = 0;  ///< before it
    frame bytes{};
    std::size_t size = 0;
  };
  struct board {
    Replica* replica;
    template <typename F>
    [[nodiscard]] skerry::result<std::span<const std::byte>> mutate(F&& f, skerry::wall_ms) {
      const auto delta = f(*replica);
      return delta ? skerry::result<std::span<const std::byte>>{delta.value().bytes()}
                   : skerry::result<std::span<const std::byte>>{delta.error()};
    }
    [[nodiscard]] std::int64_t amount(std::int64_t asked) const noexcept { return asked; }
  };

  /// One event for each verb of the path, and a second element or contributor where verbs meet several.
  template <typename P>
  void letters() {
    using model = skerry::testing::detail::path_model<P>;
    std::vector<int> seen;
    for (std::uint8_t verb = 0; verb < 8; ++verb) {
      sim_event e;
      e.path = path_;
      e.verb = verb;
      const int is = static_cast<int>(model::verb_of(e));
      if (std::find(seen.begin(), seen.end(), is) == seen.end()) {
        seen.push_back(is);
        alphabet_.push_back(e);
      }
    }
    sim_event e = alphabet_.front();
    if constexpr (model::is_set || model::is_fold) {
      e.element = 1;
      alphabet_.push_back(e);
    }
    if constexpr (P::policy::kind == skerry::state::kinds::by_writer) {
      e.verb = 8;  // an older number, and a later life of the writer
      alphabet_.push_back(e);
      e.verb = 0;
      e.element = 2;
      alphabet_.push_back(e);
    }
  }

  [[nodiscard]] skerry::wall_ms wall_of(std::size_t i) const noexcept { return skerry::wall_ms{1'790'000'000'000 + i * skew_}; }
  /// The memory as it is, the right to write included: one replica goes on in two ways.
  static void branch(Replica& to, const Replica& from) noexcept {
    std::memcpy(static_cast<void*>(&to), static_cast<const void*>(&from), sizeof(Replica));
  }
  [[nodiscard]] std::size_t encode(const Replica& r, frame& bytes) {
    skerry::byte_writer out{bytes};
    if (!r.encode(out)) {
      fail("a replica could not be encoded");
    }
    return out.written().size();
  }
  [[nodiscard]] static std::span<const std::byte> written(const auto& of) noexcept { return std::span{of.bytes}.first(of.size); }
  [[nodiscard]] bool is(const Replica& r, const entry& e) {
    const std::size_t size = encode(r, scratch_);
    return size == e.size && std::memcmp(scratch_.data(), e.bytes.data(), size) == 0;
  }

  void fail(const std::string& why) {
    ++out_->found;
    if (out_->text.empty()) {
      out_->text = why + "\n";
      for (std::size_t i = 0; i < done_count_; ++i) {
        out_->text += "  operation " + std::to_string(i) + ", node " + std::to_string(done_[i].node) + " having heard of " +
                      list(done_[i].heard) + ": ";
        schema::visit(path_, [&]<typename P>() { out_->text += skerry::testing::detail::path_model<P>::describe(done_[i].event) + "\n"; });
      }
    }
  }
  [[nodiscard]] static std::string list(mask m) {
    std::string text = "{";
    for (std::size_t i = 0; i < most; ++i) {
      text += (m >> i & 1) != 0 ? (text.size() > 1 ? "," : "") + std::to_string(i) : "";
    }
    return text + "}";
  }

  void extend(std::size_t depth) {
    const mask all = mask{1} << depth;
    for (std::size_t w = 0; w < nodes; ++w) {
      for (mask heard = 0; heard < all; ++heard) {
        if (!states_[heard].there || (heard & live_[depth][w].heard) != live_[depth][w].heard) {
          continue;
        }
        if (depth > 0 && w < done_[depth - 1].node && (heard >> (depth - 1) & 1) == 0) {
          continue;  // neither knows the other: the same history with these two in the other order
        }
        branch(before_, live_[depth][w].replica);
        for (std::size_t i = 0; i < depth; ++i) {
          if (((heard & ~live_[depth][w].heard) >> i & 1) != 0 && !before_.accept(written(done_[i]), instant_t{})) {
            fail("a delta was refused");
          }
        }
        ++out_->joins;
        if (!is(before_, states_[heard])) {
          fail("node " + std::to_string(w) + " knows " + list(heard) + " and holds something else than another that does");
        }
        branch(ready_[depth], before_);
        for (const sim_event& letter : alphabet_) {
          if (out_->found > 0) {
            return;
          }
          operate(depth, w, heard, letter);
        }
      }
    }
  }

  void operate(std::size_t depth, std::size_t w, mask heard, const sim_event& letter) {
    for (std::size_t i = 0; i < nodes; ++i) {
      branch(live_[depth + 1][i].replica, live_[depth][i].replica);
      live_[depth + 1][i].heard = live_[depth][i].heard;
    }
    node& n = live_[depth + 1][w];
    branch(n.replica, ready_[depth]);
    done& d = done_[depth];
    d.event = letter;
    d.event.name = static_cast<std::uint32_t>(depth + 1);
    d.event.value = std::int64_t{1} << (most - depth);  // any two sets of them have different sums
    d.node = w;
    d.heard = heard;
    done_count_ = depth + 1;
    oracle_.forget(w, states_[heard].known, {});
    bool taken = false;
    schema::visit(path_, [&]<typename P>() { taken = attempt<P>(n.replica, d, depth); });
    if (taken) {
      ++out_->histories;
      n.heard = heard | mask{1} << depth;
      compare_all(depth);
      if (!is(n.replica, states_[n.heard])) {
        fail("an operation did something else than its delta does");
      }
      if (depth + 1 < length_ && out_->found == 0) {
        extend(depth + 1);
      }
      for (mask m = mask{1} << depth; m < mask{2} << depth; ++m) {
        states_[m].there = false;
      }
      oracle_.take_back();
    }
    done_count_ = depth;
  }

  template <typename P>
  [[nodiscard]] bool attempt(Replica& r, done& d, std::size_t depth) {
    using model = skerry::testing::detail::path_model<P>;
    board b{&r};
    const skerry::state::actor peer = live_[depth][(d.node + 1) % nodes].replica.self();
    auto a = model::attempt(b, oracle_, d.node, d.event, wall_of(d.node), peer, r.self(), out_->counts);
    if (a.frame.error() != a.expected) {
      fail("an operation was answered " + std::string{skerry::to_string(a.frame.error())} + " instead of " + skerry::to_string(a.expected));
      return false;
    }
    if (!a.frame) {
      if (!is(r, states_[d.heard])) {
        fail("a refused operation changed the replica");
      }
      return false;
    }
    a.op.who = r.self();
    a.op.n = r.store().next(r.self()) - 1;
    a.op.at = (P::policy::kind & skerry::state::kinds::stamped) != 0 && a.op.role == skerry::testing::op_role::value
                  ? r.clock().last()
                  : skerry::state::stamp{};
    std::copy(a.frame.value().begin(), a.frame.value().end(), d.bytes.begin());
    d.size = a.frame.value().size();
    (void)oracle_.add(d.node, a.op);
    return true;
  }

  /// `to` takes `bytes`; what comes of it is the state of those who have heard of `heard`, the first time or as it is already.
  void compare(const entry& to, std::span<const std::byte> bytes, mask heard) {
    ++out_->joins;
    branch(after_, to.replica);
    if (!after_.accept(bytes, instant_t{})) {
      fail("a good frame was refused");
      return;
    }
    entry& e = states_[heard];
    if (e.there) {
      if (!is(after_, e)) {
        fail("what knows " + list(heard) + " depends on the way in which it was heard");
      }
      return;
    }
    ++out_->states;
    e.there = true;
    branch(e.replica, after_);
    e.size = encode(after_, e.bytes);
    e.known = {};
    for (std::size_t i = 0; i < done_count_; ++i) {
      if ((heard >> i & 1) != 0) {
        e.known |= oracle_.operations()[i].conveys;
      }
    }
    schema::visit(path_, [&]<typename P>() {
      using model = skerry::testing::detail::path_model<P>;
      if (model::compare(e.replica, oracle_, oracle_.knowledge_of(e.known), path_, 0, out_->counts) !=
          skerry::testing::sim_difference::none) {
        fail("what has heard of " + list(heard) + " does not read what the history says");
      }
    });
  }
  void compare_all(std::size_t depth) {
    const mask begin = mask{1} << depth;
    for (mask m = 0; m < begin; ++m) {
      if (states_[m].there) {
        compare(states_[m], written(done_[depth]), m | begin);
      }
    }
    for (mask m = begin; m < 2 * begin; ++m) {
      if (!states_[m].there) {
        continue;
      }
      for (std::size_t i = 0; i <= depth && out_->found == 0; ++i) {
        compare(states_[m], written(done_[i]), m | mask{1} << i);
      }
      for (mask other = 0; other <= m && out_->found == 0; ++other) {
        if (states_[other].there) {
          compare(states_[m], written(states_[other]), m | other);
          compare(states_[other], written(states_[m]), m | other);
        }
      }
    }
  }

  std::uint16_t path_ = 0;
  std::size_t length_ = 0;
  std::uint64_t skew_ = 0;
  scope_outcome* out_ = nullptr;
  std::vector<sim_event> alphabet_{};
  skerry::testing::history_oracle oracle_{};
  std::array<std::array<node, nodes>, most + 1> live_{};
  std::array<entry, std::size_t{1} << most> states_{};
  std::array<done, most> done_{};
  std::size_t done_count_ = 0;
  std::array<Replica, most> ready_{};
  Replica before_{};
  Replica after_{};
  frame scratch_{};
};

}  // namespace skerry_sim
