// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/detail/script_shrink.hpp>
#include <skerry/testing/detail/world_operation.hpp>
#include <skerry/testing/detail/world_state.hpp>
#include <skerry/testing/replica_board.hpp>
#include <skerry/testing/sim_script.hpp>
#include <skerry/testing/sim_verdict.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// Who has a link with whom.
enum class link_shape : std::uint8_t { line, ring, star, mesh };
inline constexpr std::array<std::string_view, 4> link_shape_names{"line", "ring", "star", "mesh"};

/// What the runs of a world of links saw together, beside `sim_totals`.
struct link_totals {
  std::uint64_t frames = 0, bytes = 0, added = 0, seen = 0, contacts = 0, stale = 0, gaps = 0, rounds = 0, loss_free = 0,
                loss_free_added = 0, loss_free_seen = 0, loss_free_bytes = 0;
};

/// Replicas that tell each other what they know through links, over a network that loses, repeats, delays and cuts off frames, with
/// contacts that end and begin again, and boards that are set back.
///
/// An event may be known to be dead before the one is known that killed it, so what a replica should answer on the way is not known here.
/// In the end, when the lines are good, all must be equal to the last byte, and to somebody who took in every delta, and soon: where
/// nothing was ever lost, within the diameter and three rounds, and where moreover there is one way only between any two, no record was
/// carried to one who had it. Board    `replica_board<Replica>`, or a type like it; `Limits::links_max` of at least one less than the nodes
template <typename Board>
class link_world {
  using state_type = detail::world_state<Board>;

 public:
  using replica_type = typename state_type::replica_type;
  using schema = typename state_type::schema;

  [[nodiscard]] const sim_totals& totals() const noexcept { return w_.totals; }
  [[nodiscard]] const network_counts& network() const noexcept { return w_.network.counts(); }
  [[nodiscard]] const link_totals& links() const noexcept { return links_; }
  [[nodiscard]] sim_script script_of(std::uint64_t seed, const sim_options& options) const {
    sim_options mine = options;
    mine.faults &= faults;
    return make_script(seed, mine, schema::size);
  }
  /// The faults that this world knows.
  static constexpr std::uint32_t faults = bit(sim_fault::lose) | bit(sim_fault::repeat) | bit(sim_fault::reorder) | bit(sim_fault::delay) |
                                          bit(sim_fault::partition) | bit(sim_fault::mtu) | bit(sim_fault::skew) | bit(sim_fault::restart) |
                                          bit(sim_fault::put_back) | bit(sim_fault::id_reuse) | bit(sim_fault::huge);

  [[nodiscard]] sim_verdict run(const sim_script& script) {
    begin(script);
    for (const sim_event& e : script.events) {
      w_.now += e.wait;
      w_.event = e.name;
      told_ = 0;
      deliver_due(w_.now);
      if (!w_.failed() && !w_.oracle.full()) {
        act(e);
      }
      if (w_.failed()) {
        break;
      }
    }
    if (!w_.failed()) {
      w_.event = 0;
      finish();
    }
    w_.totals.histories += 1;
    w_.totals.events += script.events.size();
    w_.verdict.trace = w_.trace_hash;
    return w_.verdict;
  }
  [[nodiscard]] sim_script shrunk(const sim_script& script) {
    const std::string wanted = symptom(run(script));
    return detail::shrink_script(script, [&](const sim_script& s) { return symptom(run(s)) == wanted; });
  }
  [[nodiscard]] static std::string symptom(const sim_verdict& v) { return detail::symptom_of(v); }
  /// A script as text that `parse_script` reads, each line with what it does.
  [[nodiscard]] static std::string text_of(const sim_script& script) {
    return write_script(script, [](const sim_event& e) { return detail::describe_event<schema>(e); });
  }

 private:
  [[nodiscard]] static link_shape shape_of(const sim_script& script) noexcept {
    return static_cast<link_shape>(hash64(script.seed, 0x7368617065) % 4);
  }
  [[nodiscard]] bool linked(std::size_t i, std::size_t j) const noexcept {
    const std::size_t n = w_.nodes.size();
    switch (shape_of(*w_.script)) {
      case link_shape::line: return i + 1 == j || j + 1 == i;
      case link_shape::ring: return (i + 1) % n == j || (j + 1) % n == i;
      case link_shape::star: return i == 0 || j == 0;
      default: return true;
    }
  }
  [[nodiscard]] std::size_t diameter() const noexcept {
    const std::size_t n = w_.nodes.size();
    switch (shape_of(*w_.script)) {
      case link_shape::line: return n - 1;
      case link_shape::ring: return n / 2;
      case link_shape::star: return 2;
      default: return 1;
    }
  }
  [[nodiscard]] bool is_tree() const noexcept {
    return shape_of(*w_.script) == link_shape::line || shape_of(*w_.script) == link_shape::star;
  }

  [[nodiscard]] std::optional<state::link_id>& link(std::size_t from, std::size_t to) { return table_[from * w_.nodes.size() + to]; }

  void begin(const sim_script& script) {
    w_.begin(script);
    for (std::size_t f = 0; f < sim_fault_names.size(); ++f) {
      w_.totals.on[f] += script.faults >> f & 1;
    }
    table_.assign(script.nodes * script.nodes, std::nullopt);
    told_ = 0;
    full_ = quiet_ = reset_ = false;
    observer_ = Board{};
    const link_totals before = links_;
    before_ = before;
    for (std::size_t i = 0; i < script.nodes; ++i) {
      splitmix64 birth{script.seed * 64 + i};
      w_.create(i, i + 1, birth);
    }
    for (std::size_t i = 0; i < script.nodes; ++i) {
      connect_all(i);
    }
  }
  [[nodiscard]] state::link_options options_of(std::size_t from, std::size_t to) const {
    const std::uint64_t drawn = hash64(from * 64 + to, w_.script->seed);
    state::link_options o;
    o.checksum = true;  // what is cut off or damaged must be refused
    if (w_.script->has(sim_fault::mtu)) {
      o.mtu = replica_type::least_mtu + static_cast<std::size_t>(drawn % 400);
      o.contact_bytes = !quiet_ && (drawn >> 20 & 1) != 0 ? 300 + (drawn >> 32) % 2000 : 0;
    }
    return o;
  }
  void connect_one(std::size_t from, std::size_t to) {
    const auto id = w_.nodes[from].board.connect(w_.nodes[to].id, options_of(from, to), w_.instant());
    if (!id) {
      w_.find(sim_finding::broken, "a link could not be made: " + std::string{skerry::to_string(id.error())});
      return;
    }
    ++links_.contacts;
    link(from, to) = id.value();
  }
  /// A node whose memory was changed begins its contacts anew, and so do its peers.
  void connect_all(std::size_t i) {
    for (std::size_t j = 0; j < w_.nodes.size(); ++j) {
      if (j == i || !linked(i, j)) {
        continue;
      }
      for (const auto& [from, to] : {std::pair{i, j}, std::pair{j, i}}) {
        if (auto& l = link(from, to)) {
          w_.nodes[from].board.disconnect(*l);
          l.reset();
        }
        connect_one(from, to);
      }
    }
  }

  void act(const sim_event& e) {
    if (e.node >= w_.nodes.size() || e.peer >= w_.nodes.size()) {
      return;
    }
    auto& n = w_.nodes[e.node];
    w_.trace(e.name);
    const auto on = [this](sim_fault f) { return w_.script->has(f); };
    switch (e.what) {
      case sim_action::operate: operate(e); break;
      case sim_action::snapshot: w_.keep_image(e.node); break;
      case sim_action::restart:
        if (on(sim_fault::restart)) {
          n.board.restart(w_.rng);
          w_.bites(sim_fault::restart);
        }
        break;
      case sim_action::put_back:
        if (on(sim_fault::put_back) && w_.put_back(e.node)) {
          w_.bites(sim_fault::put_back);
          reset_ = true;
          connect_all(e.node);
        }
        break;
      case sim_action::reborn:
        if (on(sim_fault::id_reuse)) {
          splitmix64 birth{w_.rng()};
          w_.create(e.node, n.id, birth);
          w_.oracle.forget(e.node, {}, {});
          w_.drop_image(e.node);
          w_.bites(sim_fault::id_reuse);
          reset_ = true;
          connect_all(e.node);
        }
        break;
      case sim_action::cut:
        if (on(sim_fault::partition)) {
          w_.network.cut(e.peer, e.node);
        }
        break;
      case sim_action::heal:
        if (on(sim_fault::partition)) {
          w_.network.heal(e.peer, e.node);
          if (link(e.node, e.peer)) {  // a new contact, of which the peer need not know
            n.board.disconnect(*link(e.node, e.peer));
            connect_one(e.node, e.peer);
          }
        }
        break;
      case sim_action::clock:
        if (on(sim_fault::skew) && detail::world_clock::fault_of(e) == sim_fault::skew) {
          n.clock.lie(e, w_.now);
          w_.bites(sim_fault::skew);
        }
        break;
      default: break;
    }
    speak(e.node);
  }

  /// What is done is told to somebody who cannot fail, as well.
  void operate(const sim_event& e) {
    auto& n = w_.nodes[e.node];
    const state::actor peer = w_.nodes[e.peer].board.replica().self();
    schema::visit(e.path, [&]<typename P>() {
      const detail::sim_attempt a = detail::path_model<P>::attempt(n.board, w_.oracle, e.node, e, w_.wall_of(e.node), peer,
                                                                   n.board.replica().self(), w_.totals.answers);
      w_.trace(static_cast<std::uint64_t>(a.frame.error()));
      if (!a.frame) {
        return;
      }
      ++w_.totals.operations;
      if (e.value > (std::int64_t{1} << 60)) {
        w_.bites(sim_fault::huge);
      }
      if (!w_.names.insert(n.board.replica().self(), n.board.last_number())) {
        w_.find(sim_finding::broken, "two events have one name");
      }
      full_ = !observer_.accept(a.frame.value(), w_.instant()) || full_;
    });
  }

  /// Everything that a node has to say to anybody goes out.
  void speak(std::size_t from) {
    for (std::size_t to = 0; to < w_.nodes.size() && !w_.failed(); ++to) {
      for (std::size_t frames = 0; frames < 8; ++frames) {
        const std::size_t f = next_frame(from, to);
        if (f == none) {
          break;
        }
        w_.network.send(from, to, w_.now, w_.event * 4096ULL + told_++, w_.frames[f].bytes.size(), f);
      }
    }
  }
  static constexpr std::size_t none = ~std::size_t{0};
  static constexpr std::uint64_t before_contact = 4;  ///< records that were there when a contact began may be told twice
  static constexpr std::size_t most_frames = 20'000;  ///< of a history: some 20 links, and 200 operations
  [[nodiscard]] std::size_t next_frame(std::size_t from, std::size_t to) {
    if (from == to || !link(from, to)) {
      return none;
    }
    const auto size = w_.nodes[from].board.poll(*link(from, to), w_.instant(), room_);
    if (!size) {
      w_.find(sim_finding::broken, "a link has nothing to say but " + std::string{skerry::to_string(size.error())});
      return none;
    }
    if (size.value() == 0) {
      return none;
    }
    const auto bytes = std::span{room_}.first(size.value());
    if (w_.frame_count() == most_frames) {
      w_.find(sim_finding::broken, "links never stop talking");
      return none;
    }
    w_.trace(bytes);
    ++links_.frames;
    links_.bytes += bytes.size();
    return w_.new_frame(bytes);
  }

  void deliver_due(std::uint64_t until) {
    while (!w_.failed()) {
      const auto m = w_.network.next(until);
      if (!m) {
        return;
      }
      const std::uint64_t later = w_.now;
      w_.now = std::min(m->at, w_.now);
      deliver(m->from, m->to, m->cargo, m->bytes);
      if (!quiet_ || w_.script->faults == 0) {  // what a bad line would still do to answers is of no interest in the end
        speak(m->to);
      }
      w_.now = later;
    }
  }
  void deliver(std::size_t from, std::size_t to, std::size_t f, std::size_t arrived) {
    if (!link(to, from)) {
      return;
    }
    const bool cut = arrived < w_.frames[f].bytes.size();
    const auto got = w_.nodes[to].board.receive(*link(to, from), std::span{w_.frames[f].bytes}.first(arrived), w_.instant());
    ++w_.totals.deliveries;
    w_.trace(static_cast<std::uint64_t>(got.error()) << 8 | to);
    if (got) {
      if (cut) {
        w_.find(sim_finding::broken, "a frame that was cut off was taken");
      }
      links_.added += got.value().added;
      links_.seen += got.value().seen;
      w_.trace(got.value().added << 32 | got.value().seen << 16 | got.value().removed);
      return;
    }
    switch (got.error()) {
      case errc::full:
        ++w_.totals.full;
        full_ = true;
        break;
      case errc::stale: ++links_.stale; break;
      case errc::gap: ++links_.gaps; break;
      case errc::clock_ahead: ++w_.totals.clock_refusals; break;
      default:
        if (!cut && !reset_) {
          w_.find(sim_finding::broken, "a good frame was refused: " + std::string{skerry::to_string(got.error())});
        }
        ++w_.totals.refused_damaged;
    }
  }

  [[nodiscard]] bool all_equal() {
    const auto bytes = w_.bytes_of(w_.nodes[0].board);
    const std::vector<std::byte> first(bytes.begin(), bytes.end());
    for (std::size_t i = 1; i < w_.nodes.size(); ++i) {
      if (!std::ranges::equal(w_.bytes_of(w_.nodes[i].board), first)) {
        return false;
      }
    }
    return true;
  }
  /// One round: everybody says what there is to say, and hears what the others said. False when all were silent.
  [[nodiscard]] bool round() {
    said_.clear();
    for (std::size_t from = 0; from < w_.nodes.size(); ++from) {
      for (std::size_t to = 0; to < w_.nodes.size(); ++to) {
        for (std::size_t frames = 0; frames < 64; ++frames) {
          const std::size_t f = next_frame(from, to);
          if (f == none) {
            break;
          }
          said_.push_back({from, to, f});
        }
      }
    }
    for (const said& s : said_) {
      if (!w_.failed()) {
        deliver(s.from, s.to, s.frame, w_.frames[s.frame].bytes.size());
      }
    }
    return !said_.empty();
  }

  /// Quiet time: the lines are good, the clocks are right, all links have a contact without a limit.
  void finish() {
    quiet_ = true;
    w_.network.heal();
    for (int days = 0; days < 8 && !w_.network.idle() && !w_.failed(); ++days) {
      w_.now += 86'400'000;
      deliver_due(w_.now);
    }
    const bool loss_free = w_.script->faults == 0 && !full_;
    if (!loss_free) {
      for (std::size_t i = 0; i < w_.nodes.size(); ++i) {
        w_.nodes[i].clock.jump_behind_all();
        w_.nodes[i].board.vouch(w_.wall_of(i));
        connect_all(i);
      }
    }
    const std::size_t most = loss_free ? diameter() + 3 : 40 + 8 * diameter();
    std::size_t rounds = 0;
    bool equal = all_equal();
    for (; !equal && rounds < most && !w_.failed(); ++rounds) {
      w_.now += loss_free ? 10 : 70'000;
      (void)round();
      equal = all_equal();
    }
    if (w_.failed()) {
      return;
    }
    links_.rounds += rounds;
    if (!equal && !full_) {
      w_.find(sim_finding::divergent,
              loss_free ? "without a fault, more rounds than the diameter and three" : "links do not bring it together");
    }
    w_.totals.converged += equal ? 1 : 0;
    w_.totals.unfinished += equal ? 0 : 1;
    w_.trace(rounds);
    for (std::size_t i = 0; i < w_.nodes.size() && equal; ++i) {
      w_.check_memory(i);
    }
    if (equal && !reset_ && !full_ && !w_.same_bytes(w_.nodes[0].board, observer_)) {
      w_.find(sim_finding::lost, "all are equal, and are not what was done");
    }
    for (int silent = 0; silent < 12 && equal && !w_.failed(); ++silent) {
      w_.now += 70'000;
      if (!round()) {
        break;
      }
      if (silent == 11) {
        w_.find(sim_finding::broken, "all are equal and go on talking");
      }
    }
    if (loss_free && equal) {
      const std::uint64_t added = links_.added - before_.added;
      const std::uint64_t seen = links_.seen - before_.seen;
      ++links_.loss_free;
      links_.loss_free_added += added;
      links_.loss_free_seen += seen;
      links_.loss_free_bytes += links_.bytes - before_.bytes;
      if (is_tree() && 10 * seen > added + 10 * before_contact) {
        w_.find(sim_finding::broken, "records were carried to those who had them: more than a tenth above what is needed");
      }
    }
  }

  struct said {
    std::size_t from = 0;
    std::size_t to = 0;
    std::size_t frame = 0;
  };

  state_type w_{};
  Board observer_{};  ///< has no identity and no links: takes in every delta as it is made
  std::vector<std::optional<state::link_id>> table_{};
  std::vector<said> said_{};
  std::array<std::byte, 2048> room_{};
  link_totals links_{};
  link_totals before_{};
  std::uint64_t told_ = 0;  ///< frames since the event began
  bool quiet_ = false;      ///< the end has begun: contacts have no limits
  bool full_ = false;
  bool reset_ = false;  ///< a board was set back
};

}  // namespace skerry::inline v0::testing
