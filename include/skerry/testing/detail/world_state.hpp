// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/testing/detail/event_names.hpp>
#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/detail/world_clock.hpp>
#include <skerry/testing/detail/world_memory.hpp>
#include <skerry/testing/detail/world_witness.hpp>
#include <skerry/testing/history_oracle.hpp>
#include <skerry/testing/lossy_network.hpp>
#include <skerry/testing/replica_board.hpp>
#include <skerry/testing/sim_script.hpp>
#include <skerry/testing/sim_verdict.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing::detail {

/// What a world is made of, what it looks at after every step, and what it has found. Decides nothing by itself.
template <typename Board>
class world_state {
 public:
  using replica_type = typename Board::replica_type;
  using schema = typename replica_schema<replica_type>::schema;
  using limits = typename replica_schema<replica_type>::limits;
  using instant_t = typename replica_type::instant_t;

  struct node {
    Board board{};
    std::uint64_t id = 0;
    world_clock clock{};
    /// Whether the node knows that its clock is right. It need not when its memory is that of another board, or of a time long past:
    /// then it goes on by what was told there, or takes the next reading for a jump, and nobody can ask it to refuse what lies years
    /// ahead until somebody vouches for its clock.
    bool told_right = true;
    std::uint64_t told_at = 0;  ///< when it last heard of the time
    refusal_counts refused{};   ///< by the calls that have been refused so far
    used_places<replica_type> used{};

    void reads_clock(std::uint64_t moment) noexcept {
      told_right = told_right && moment - told_at < unnoticed_ms;
      told_at = moment;
    }
  };
  static constexpr std::uint64_t unnoticed_ms = 3'000'000;  ///< less than `clock_limits::local_step`
  /// A board's memory, and what it knew then.
  struct image {
    bool there = false;
    Board board{};
    op_set known{};
    op_set heard{};
    std::uint64_t id = 0;
    bool told_right = true;
    std::uint64_t told_at = 0;
    used_places<replica_type> used{};
  };
  struct sent_frame {
    std::vector<std::byte> bytes{};
    op_set known{};
    op_set heard{};
    std::uint16_t path = 0;
    std::uint8_t args = 0;
    bool everything = false;
    state::stamp latest{};
  };

  void begin(const sim_script& of) {
    script = &of;
    verdict = {};
    confused = false;
    now = 0;
    event = 0;
    trace_hash = of.seed;
    rng = splitmix64{of.seed ^ 0x626f617264};
    frame_count_ = 0;
    names.restart();
    oracle.restart(of.nodes, schema::size * 32);
    network_before = network.counts();
    network.restart(of.nodes, of.seed, network_of(of));
    nodes.resize(of.nodes);
    for (node& n : nodes) {
      n.clock = world_clock{};
    }
    images.resize(of.nodes);
    for (image& kept : images) {
      kept.there = false;
    }
  }
  void create(std::size_t i, std::uint64_t id, splitmix64& birth) {
    node& n = nodes[i];
    n.board = blank_;
    n.used = {};
    n.id = id;
    if (!n.board.create(id, state::clock_limits{}, birth, instant_at(now))) {
      find(sim_finding::broken, "a replica could not be created");
    }
    n.refused = refusal_counts::of(n.board.counters());
    vouch(i);
  }
  /// The node is told that its clock is right, which it need not be.
  void vouch(std::size_t i) {
    nodes[i].board.vouch(wall_of(i));
    nodes[i].told_right = nodes[i].clock.right();
    nodes[i].told_at = now;
  }

  /// Its memory as it is now is kept, in the place of an older image.
  void keep_image(std::size_t i) { keep_image(i, images[i]); }
  void drop_image(std::size_t i) noexcept { images[i].there = false; }
  /// Its memory is what its image says, if it has one.
  [[nodiscard]] bool put_back(std::size_t i) {
    if (images[i].there) {
      take_image(i, images[i]);
    }
    return images[i].there;
  }
  /// Its memory is what that of another one is.
  void clone(std::size_t i, std::size_t from) {
    keep_image(from, passing_);
    take_image(i, passing_);
  }
  void keep_image(std::size_t i, image& kept) const {
    const node& n = nodes[i];
    kept.there = true;
    kept.board = n.board;
    kept.known = oracle.known(i);
    kept.heard = oracle.heard(i);
    kept.id = n.id;
    kept.told_right = n.told_right && n.clock.right();
    kept.told_at = n.told_at;
    kept.used = n.used;
  }
  void take_image(std::size_t i, const image& from) {
    nodes[i].board.put_back(from.board, rng);
    nodes[i].refused = refusal_counts::of(nodes[i].board.counters());
    nodes[i].used = from.used;
    nodes[i].id = from.id;
    oracle.forget(i, from.known, from.heard);
    nodes[i].told_right = from.told_right;
    nodes[i].told_at = from.told_at;
    ++totals.new_lives;
  }

  [[nodiscard]] bool failed() const noexcept { return verdict.what != sim_finding::none; }
  void find(sim_finding what, std::string why) {
    if (!failed()) {
      verdict = {what, event, std::move(why), 0};
    }
  }
  void bites(sim_fault f, std::uint64_t times = 1) noexcept { totals.bit[static_cast<std::size_t>(f)] += times; }
  void trace(std::uint64_t what) noexcept {
    trace_hash = (trace_hash ^ what) * 0x9e3779b97f4a7c15;
    trace_hash ^= trace_hash >> 29;
  }
  void trace(std::span<const std::byte> frame) noexcept {
    trace(frame.size());
    for (const std::byte b : frame.last(std::min<std::size_t>(frame.size(), 4))) {  // its checksum
      trace(static_cast<std::uint64_t>(b));
    }
  }
  [[nodiscard]] static instant_t instant_at(std::uint64_t ms) {
    return advance(instant_t{}, from_ms<instant_t>(static_cast<std::int64_t>(ms)));
  }
  [[nodiscard]] instant_t instant() const { return instant_at(now); }
  [[nodiscard]] wall_ms wall_of(std::size_t i) const noexcept { return nodes[i].clock.shows(now); }

  [[nodiscard]] std::size_t new_frame(std::span<const std::byte> bytes) {
    if (frame_count_ == frames.size()) {
      frames.emplace_back();
    }
    sent_frame& f = frames[frame_count_];
    f.bytes.assign(bytes.begin(), bytes.end());
    f.everything = false;
    f.latest = {};
    return frame_count_++;
  }
  [[nodiscard]] std::size_t frame_count() const noexcept { return frame_count_; }
  [[nodiscard]] std::size_t frame_of_all(std::size_t from) {
    const std::size_t f = new_frame(bytes_of(nodes[from].board, true));
    frames[f].known = oracle.known(from);
    frames[f].heard = oracle.heard(from);
    frames[f].path = 0;
    frames[f].args = 0;
    frames[f].everything = true;
    trace(frames[f].bytes);
    return f;
  }
  /// Valid until the call after the next one.
  [[nodiscard]] std::span<const std::byte> bytes_of(const Board& board, bool as_frame = false) {
    std::vector<std::byte>& buffer = encoded_[encoded_at_ ^= 1];
    buffer.resize(65'536);
    byte_writer out{buffer};
    if (!(as_frame ? board.encode(out) : board.digest(out))) {
      find(sim_finding::broken, "a replica could not be encoded");
    }
    return out.written();
  }
  [[nodiscard]] bool same_bytes(const Board& a, const Board& b) {
    if constexpr (requires { a.same_memory(b); }) {
      if (a.same_memory(b)) {
        return true;
      }
    }
    const auto first = bytes_of(a);
    return std::ranges::equal(first, bytes_of(b));
  }

  /// Before a call that may be refused.
  void before_call(node& n) noexcept {
    n.used.before(n.board.replica());
    witness_.remember(n.board.replica(), n.used);
  }
  void after_success(node& n) noexcept { n.used.after(n.board.replica()); }
  /// After a refusal: the node is what it was before the call, and has counted it.
  void after_refusal(node& n, errc why, const char* change) {
    ++totals.refused;
    const refusal_counts wanted = why == errc::absent ? n.refused : n.refused.and_one(why);  // what is not there is an answer
    n.refused = refusal_counts::of(n.board.counters());
    if (!(n.refused == wanted)) {
      find(sim_finding::broken, std::string{"a refusal was not counted for what it is: "} + skerry::to_string(why));
    }
    if (!unchanged(n.board)) {
      find(sim_finding::broken, change);
    }
  }
  [[nodiscard]] bool unchanged(const Board& board) {
    if (!witness_.same_self(board.replica())) {
      return false;
    }
    if (witness_.same_store(board.replica())) {
      return true;
    }
    copy_ = board;
    witness_.restore(const_cast<replica_type&>(copy_.replica()));
    return same_bytes(copy_, board);
  }

  /// What a node knows is what its context says: for nodes that were told of whole keys at a time.
  void learn_by_context(std::size_t i) {
    const auto& store = nodes[i].board.replica().store();
    op_set news;
    op_set known;
    for (std::size_t o = 0; o < oracle.operations().size(); ++o) {
      const operation& op = oracle.operations()[o];
      if (!oracle.heard(i).contains(o) && store.contains(op.who, op.n)) {
        news.insert(o);
        known |= op.conveys;
      }
    }
    oracle.learn(i, known, news);
  }

  template <typename P>
  void check(std::size_t i, std::uint16_t path, unsigned args) {
    if (confused) {
      return;
    }
    const sim_difference d = path_model<P>::compare(nodes[i].board.replica(), oracle, oracle.known(i), path, args, totals.answers);
    if (d != sim_difference::none) {
      const sim_finding what = d == sim_difference::lost
                                   ? sim_finding::lost
                                   : (d == sim_difference::resurrected ? sim_finding::resurrected : sim_finding::divergent);
      find(what, "node " + std::to_string(i) + " does not read what the history says at " + std::string{P::at.text()});
    }
  }
  void check_at(std::size_t i, std::uint16_t path, unsigned args) {
    schema::visit(path, [&]<typename P>() { check<P>(i, path, args); });
  }
  void check_all(std::size_t i) {
    for (std::size_t p = 0; p < schema::size; ++p) {
      schema::visit(p, [&]<typename P>() {
        for (unsigned args = 0; args < 1U << path_model<P>::places; ++args) {
          check<P>(i, static_cast<std::uint16_t>(p), args);
        }
      });
    }
  }
  /// What was heard by name is in the context, for ever.
  void check_context(std::size_t i) {
    const auto& store = nodes[i].board.replica().store();
    oracle.heard(i).for_each([&](std::size_t o) {
      const operation& op = oracle.operations()[o];
      if (!store.contains(op.who, op.n)) {
        find(sim_finding::lost, "node " + std::to_string(i) + " has forgotten that an event was seen");
      }
    });
  }
  void check_memory(std::size_t i) {
    if (nodes[i].board.memory() > sizeof(replica_type)) {
      find(sim_finding::broken, "a replica takes more memory than its type says");
    }
  }
  /// What it holds follows from what is live and who has written, not from how long that has been going on.
  void check_holdings(std::size_t i) {
    const memory_bound most = law_.template of<schema>(oracle, oracle.known(i));
    const auto& store = nodes[i].board.replica().store();
    const auto held = [&](std::size_t has, std::size_t may, const char* what) {
      if (has > may) {
        find(sim_finding::broken, "node " + std::to_string(i) + " holds more " + what +
                                      " than what it knows needs: " + std::to_string(has) + " of " + std::to_string(may));
      }
    };
    held(store.actors().size(), most.actors, "actors");
    held(store.key_count(), most.keys, "keys");
    held(store.record_count(), most.records, "records");
  }

  std::vector<node> nodes{};
  std::vector<image> images{};
  history_oracle oracle{};
  lossy_network<std::size_t> network{};
  std::vector<sent_frame> frames{};
  event_names names{};
  splitmix64 rng{0};
  sim_totals totals{};
  network_counts network_before{};
  sim_verdict verdict{};
  const sim_script* script = nullptr;
  std::uint64_t now = 0;
  std::uint64_t trace_hash = 0;
  std::uint32_t event = 0;
  bool confused = false;  ///< twins have used one name for two events: agreement is all that can be asked

 private:
  std::size_t frame_count_ = 0;
  call_witness<replica_type> witness_{};
  memory_law law_{};
  image passing_{};
  Board copy_{};
  Board blank_{};
  array_of<std::vector<std::byte>, 2> encoded_{};
  std::size_t encoded_at_ = 0;
};

}  // namespace skerry::inline v0::testing::detail
