// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/replica.hpp>
#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/frame_edit.hpp>
#include <skerry/testing/history_oracle.hpp>
#include <skerry/testing/lossy_network.hpp>
#include <skerry/testing/shrink.hpp>
#include <skerry/testing/sim_script.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// A replica on a board: what a world calls. Tests that want to see the simulator find something put a defective one in its place.
template <typename Replica>
class replica_board {
 public:
  using replica_type = Replica;

  [[nodiscard]] status create(std::uint64_t id, state::clock_limits clock, splitmix64& rng, typename Replica::instant_t now) {
    return Replica::create(replica_, id, state::role::device, state::epoch_rule::every_open, clock, rng, now);
  }
  [[nodiscard]] const Replica& replica() const noexcept { return replica_; }
  /// `f(replica)` operates and returns the delta.
  ///
  /// wall   what it is told about the time
  template <typename F>
  [[nodiscard]] result<std::span<const std::byte>> mutate(F&& f, wall_ms) {
    const result<state::delta_view> delta = f(replica_);
    return delta ? result<std::span<const std::byte>>{delta.value().bytes()} : result<std::span<const std::byte>>{delta.error()};
  }
  /// Name and time of the last operation.
  [[nodiscard]] std::uint64_t last_number() const noexcept { return replica_.store().next(replica_.self()) - 1; }
  [[nodiscard]] state::stamp last_stamp() const noexcept { return replica_.clock().last(); }
  /// The amount that is handed to a counter.
  [[nodiscard]] std::int64_t amount(std::int64_t asked) const noexcept { return asked; }
  [[nodiscard]] result<state::receipt> accept(std::span<const std::byte> frame, typename Replica::instant_t now) {
    return replica_.accept(frame, now);
  }
  /// All that it knows, as a frame; and as bytes that are equal where the knowledge is.
  [[nodiscard]] status encode(byte_writer& out) const { return replica_.encode(out); }
  [[nodiscard]] status digest(byte_writer& out) const { return replica_.encode(out); }
  /// Its memory is now that of an image, of its own or of another board's.
  void put_back(const replica_board& image, splitmix64& rng) {
    replica_ = image.replica_;
    (void)replica_.as_new_life(rng);
  }
  void restart(splitmix64&) { (void)replica_.restored(); }
  void vouch(wall_ms wall) { replica_.vouch(wall); }
  [[nodiscard]] std::size_t memory() const noexcept { return sizeof(Replica); }

 private:
  Replica replica_{};
};

/// What a run showed to be wrong.
enum class sim_finding : std::uint8_t { none, divergent, lost, resurrected, broken };
inline constexpr std::array<std::string_view, 5> sim_finding_names{"none", "divergent", "lost", "resurrected", "broken"};

/// What came of a run. `broken` is a law other than agreement: a name used twice, a refusal that changed something, and such.
struct sim_verdict {
  sim_finding what = sim_finding::none;
  std::uint32_t event = 0;  ///< after which; 0: at the end
  std::string why{};
  std::uint64_t trace = 0;  ///< a hash of all that happened
};

/// What all runs of a world saw together.
struct sim_totals {
  sim_counts answers{};
  std::uint64_t histories = 0, events = 0, operations = 0, deliveries = 0, syncs = 0, full = 0, clock_refusals = 0, refused_damaged = 0,
                new_lives = 0, names_collided = 0, amnesia = 0, converged = 0, unfinished = 0;
  std::array<std::uint64_t, sim_fault_names.size()> on{};   ///< runs that a fault was on in
  std::array<std::uint64_t, sim_fault_names.size()> bit{};  ///< how often it did something
};

namespace detail {
template <typename Replica>
struct replica_schema;
template <typename Schema, typename Limits>
struct replica_schema<state::replica<Schema, Limits>> {
  using schema = Schema;
  using limits = Limits;
};
}  // namespace detail

/// Replicas of a schema, a network between them, and somebody who knows what was done: runs scripts and says what was wrong.
///
/// After each operation and each delivery the replica's answer at that key is held against the history; in the end, when everything that
/// is under way has arrived, the clocks are right and all have told all, everybody must answer alike, and with the same bytes.
/// Board    `replica_board<Replica>`, or a type like it
/// Input    schemas of the user's own work; value types other than numbers and texts need a `sample_value`
/// Cost     no clock, no thread, no file; one world runs any number of scripts, one after the other; uses the heap
template <typename Board>
class replica_world {
 public:
  using replica_type = typename Board::replica_type;
  using schema = typename detail::replica_schema<replica_type>::schema;
  using limits = typename detail::replica_schema<replica_type>::limits;
  using instant_t = typename replica_type::instant_t;

  static constexpr std::uint64_t start_ms = 1'790'000'000'000;  ///< what right clocks show at the beginning: September 2026
  static constexpr std::uint64_t year_2030_ms = 1'900'000'000'000;
  static constexpr std::uint64_t ahead_ms = 4ULL * 365 * 86'400'000;  ///< beyond this, no frame of 2030 is taken by a right clock

  [[nodiscard]] const sim_totals& totals() const noexcept { return totals_; }
  [[nodiscard]] const network_counts& network() const noexcept { return network_.counts(); }
  [[nodiscard]] sim_script script_of(std::uint64_t seed, const sim_options& options) const {
    return make_script(seed, options, schema::size);
  }

  /// Runs a script from the beginning to the end.
  [[nodiscard]] sim_verdict run(const sim_script& script) {
    sim_verdict v = attempt(script, false);
    return v.what == sim_finding::none && refused_ ? attempt(script, true) : v;
  }

  /// A shorter script that shows the same finding: first without faults, then without nodes, then without events.
  [[nodiscard]] sim_script shrunk(sim_script script) {
    const std::string wanted = symptom(run(script));
    const auto fails = [&](const sim_script& s) { return symptom(run(s)) == wanted; };
    for (std::size_t f = 0; f < sim_fault_names.size(); ++f) {
      sim_script without = script;
      without.faults &= ~(std::uint32_t{1} << f);
      if (without.faults != script.faults && fails(without)) {
        script = without;
      }
    }
    const auto fewer_events = [&] {
      script.events = shrink(script.events, [&](const std::vector<sim_event>& events) {
        sim_script s = script;
        s.events = events;
        return fails(s);
      });
    };
    fewer_events();
    while (script.nodes > 1) {
      sim_script without = script;
      --without.nodes;
      std::erase_if(without.events, [&](const sim_event& e) { return e.node >= without.nodes || e.peer >= without.nodes; });
      if (!fails(without)) {
        break;
      }
      script = without;
    }
    for (std::size_t i = 0; i < script.events.size(); ++i) {
      sim_script sooner = script;
      sooner.events[i].wait = 0;
      script = fails(sooner) ? sooner : script;
    }
    fewer_events();
    return script;
  }

  /// What a finding says, whichever nodes it names.
  [[nodiscard]] static std::string symptom(const sim_verdict& v) {
    std::string text{sim_finding_names[static_cast<std::size_t>(v.what)]};
    for (const char c : v.why) {
      text += c >= '0' && c <= '9' ? '#' : c;
    }
    return text;
  }

  /// A script as text that `parse_script` reads, each line with what it does.
  [[nodiscard]] static std::string text_of(const sim_script& script) {
    return write_script(script, [](const sim_event& e) {
      std::string text = "node " + std::to_string(e.node) + ": ";
      switch (e.what) {
        case sim_action::operate: schema::visit(e.path, [&]<typename P>() { text += detail::path_model<P>::describe(e); }); break;
        case sim_action::sync: text += "sends all to " + std::to_string(e.peer); break;
        case sim_action::snapshot: text += "an image is kept"; break;
        case sim_action::restart: text += "restarts"; break;
        case sim_action::put_back: text += "its image is put back"; break;
        case sim_action::clone: text += "an image of node " + std::to_string(e.peer) + " is put on it"; break;
        case sim_action::reborn: text += "an empty board with the id of node " + std::to_string(e.peer); break;
        case sim_action::cut: text += "hears nothing from " + std::to_string(e.peer); break;
        case sim_action::heal: text += "hears " + std::to_string(e.peer) + " again"; break;
        case sim_action::clock: text += "its clock: " + std::string{sim_fault_names[6 + e.verb % 5]}; break;
        case sim_action::vouch: text += "is told the time"; break;
        case sim_action::hostile: text += "a damaged frame arrives"; break;
        case sim_action::far: text += "far events of a stranger arrive"; break;
        case sim_action::crowd: text += "many strangers' events arrive"; break;
      }
      return text;
    });
  }

 private:
  struct node {
    Board board{};
    std::uint64_t id = 0;
    std::int64_t clock_off = 0;
    std::optional<std::uint64_t> frozen{};
    bool counts_from_zero = false;
    bool right = true;  ///< its clock has always been right, and it knows so
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

  /// careful   copies boards before everything that may be refused, to see that refusals change nothing
  [[nodiscard]] sim_verdict attempt(const sim_script& script, bool careful) {
    begin(script, careful);
    for (const sim_event& e : script.events) {
      now_ += e.wait;
      event_ = e.name;
      deliver_due(now_);
      if (e.wait > 3'000'000) {
        after_pause();
      }
      if (verdict_.what == sim_finding::none && !oracle_.full()) {
        act(e);
      }
      if (verdict_.what != sim_finding::none) {
        break;
      }
    }
    if (verdict_.what == sim_finding::none) {
      event_ = 0;
      finish();
    }
    if (!careful) {
      totals_.histories += 1;
      totals_.events += script.events.size();
    }
    verdict_.trace = trace_;
    return verdict_;
  }

  void begin(const sim_script& script, bool careful) {
    script_ = &script;
    careful_ = careful;
    verdict_ = {};
    refused_ = false;
    confused_ = false;
    now_ = 0;
    trace_ = script.seed;
    rng_ = splitmix64{script.seed ^ 0x626f617264};
    frame_count_ = 0;
    names_.clear();
    oracle_.restart(script.nodes, schema::size * 32);
    const network_counts before = network_.counts();
    before_ = before;
    network_.restart(script.nodes, script.seed, network_of(script));
    nodes_.clear();
    nodes_.resize(script.nodes);
    images_.assign(script.nodes, std::nullopt);
    for (std::size_t f = 0; f < sim_fault_names.size(); ++f) {
      totals_.on[f] += script.faults >> f & 1;
    }
    for (std::size_t i = 0; i < script.nodes; ++i) {
      splitmix64 birth{script.seed * 64 + i};
      if (script.has(sim_fault::twin) && i == 1) {
        birth = splitmix64{script.seed * 64};  // the same image on a second board, which nobody tells
        bites(sim_fault::twin);
      }
      create(i, script.has(sim_fault::twin) && i == 1 ? 1 : i + 1, birth);
    }
  }
  /// A replica that nobody tells how much time has passed takes the next reading of its clock for a jump. So in every second run a time
  /// server is asked.
  void after_pause() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].right = nodes_[i].right && script_->seed % 2 == 0;
      if (nodes_[i].right) {
        nodes_[i].board.vouch(wall_of(i));
      }
    }
  }
  void create(std::size_t i, std::uint64_t id, splitmix64& birth) {
    nodes_[i].board = Board{};
    nodes_[i].id = id;
    if (!nodes_[i].board.create(id, state::clock_limits{}, birth, instant_at(now_))) {
      find(sim_finding::broken, "a replica could not be created");
    }
    nodes_[i].board.vouch(wall_of(i));
  }

  void find(sim_finding what, std::string why) {
    if (verdict_.what == sim_finding::none) {
      verdict_ = {what, event_, std::move(why), 0};
    }
  }
  void bites(sim_fault f) noexcept { ++totals_.bit[static_cast<std::size_t>(f)]; }
  void trace(std::uint64_t what) noexcept {
    trace_ = (trace_ ^ what) * 0x9e3779b97f4a7c15;
    trace_ ^= trace_ >> 29;
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
  [[nodiscard]] wall_ms wall_of(std::size_t i) const noexcept {
    const node& n = nodes_[i];
    if (n.counts_from_zero) {
      return wall_ms{now_};
    }
    const std::uint64_t shown = n.frozen.value_or(start_ms + now_);
    return wall_ms{shown + static_cast<std::uint64_t>(n.clock_off)};
  }

  void act(const sim_event& e) {
    if (e.node >= nodes_.size() || e.peer >= nodes_.size() || !is_on(e)) {
      return;
    }
    node& n = nodes_[e.node];
    trace(e.name);
    switch (e.what) {
      case sim_action::operate: operate(e); break;
      case sim_action::sync: send_all(e.node, e.peer); break;
      case sim_action::snapshot: images_[e.node] = image{n.board, oracle_.known(e.node), oracle_.heard(e.node), n.id}; break;
      case sim_action::restart:
        n.board.restart(rng_);
        bites(sim_fault::restart);
        break;
      case sim_action::put_back:
        if (images_[e.node]) {
          take_image(e.node, *images_[e.node]);
          bites(sim_fault::put_back);
        }
        break;
      case sim_action::clone:
        if (e.peer != e.node) {
          take_image(e.node, image{nodes_[e.peer].board, oracle_.known(e.peer), oracle_.heard(e.peer), nodes_[e.peer].id});
          bites(sim_fault::clone);
        }
        break;
      case sim_action::reborn: {
        splitmix64 birth{rng_()};
        create(e.node, nodes_[e.peer].id, birth);
        oracle_.forget(e.node, {}, {});
        images_[e.node].reset();
        bites(sim_fault::id_reuse);
        break;
      }
      case sim_action::cut: network_.cut(e.peer, e.node); break;
      case sim_action::heal: network_.heal(e.peer, e.node); break;
      case sim_action::clock: set_clock(e); break;
      case sim_action::vouch:
        n.clock_off = 0;
        n.frozen.reset();
        n.counts_from_zero = false;
        n.right = true;
        n.board.vouch(wall_of(e.node));
        break;
      case sim_action::hostile: damage(e); break;
      case sim_action::far: strangers(e, 1, 1'000'000'000'000'000'000); break;
      case sim_action::crowd: strangers(e, e.value % 2 == 0 ? limits::actors - limits::actors / 4 : 1, 1); break;
    }
  }

  /// Whether the fault that an event belongs to is on.
  [[nodiscard]] bool is_on(const sim_event& e) const noexcept {
    switch (e.what) {
      case sim_action::restart: return script_->has(sim_fault::restart);
      case sim_action::put_back: return script_->has(sim_fault::put_back);
      case sim_action::clone: return script_->has(sim_fault::clone);
      case sim_action::reborn: return script_->has(sim_fault::id_reuse);
      case sim_action::cut:
      case sim_action::heal: return script_->has(sim_fault::partition);
      case sim_action::clock: return script_->has(static_cast<sim_fault>(6 + e.verb % 5));
      case sim_action::hostile: return script_->has(sim_fault::hostile);
      case sim_action::far: return script_->has(sim_fault::far);
      case sim_action::crowd: return script_->has(sim_fault::crowd);
      default: return true;
    }
  }

  struct image {
    Board board{};
    op_set known{};
    op_set heard{};
    std::uint64_t id = 0;
  };
  void take_image(std::size_t i, const image& from) {
    nodes_[i].board.put_back(from.board, rng_);
    nodes_[i].id = from.id;
    oracle_.forget(i, from.known, from.heard);
    ++totals_.new_lives;
  }

  void set_clock(const sim_event& e) {
    node& n = nodes_[e.node];
    n.right = false;
    switch (e.verb % 5) {
      case 0: n.clock_off = e.value / 200; break;  // within a minute
      case 1: n.clock_off += e.value; break;
      case 2: n.frozen = n.frozen ? std::nullopt : std::optional{start_ms + now_}; break;
      case 3: n.counts_from_zero = !n.counts_from_zero; break;
      default: n.clock_off = static_cast<std::int64_t>(year_2030_ms + 2 * ahead_ms - start_ms); break;
    }
    bites(static_cast<sim_fault>(6 + e.verb % 5));
  }

  [[nodiscard]] std::size_t new_frame(std::span<const std::byte> bytes) {
    if (frame_count_ == frames_.size()) {
      frames_.emplace_back();
    }
    frames_[frame_count_].bytes.assign(bytes.begin(), bytes.end());
    return frame_count_++;
  }

  void operate(const sim_event& e) {
    node& n = nodes_[e.node];
    std::optional<Board> before;
    if (careful_) {
      before.emplace(n.board);
    }
    const wall_ms wall = wall_of(e.node);
    const state::actor peer = nodes_[e.peer].board.replica().self();
    schema::visit(e.path, [&]<typename P>() {
      // Who operates is known afterwards: in doubt a new life begins with the operation. Its shares are none yet either way.
      detail::sim_attempt a = detail::path_model<P>::attempt(n.board, oracle_, e.node, e, wall, peer, operator_of(n), totals_.answers);
      const errc got = a.frame.error();
      trace(static_cast<std::uint64_t>(got));
      if (got != errc::ok) {
        refused_ = refused_ || got == errc::full || script_->seed % 8 == 0;
        totals_.full += got == errc::full ? 1 : 0;
        if (got != a.expected && got != errc::full && !confused_) {
          find(sim_finding::broken,
               "an operation was answered " + std::string{skerry::to_string(got)} + " instead of " + skerry::to_string(a.expected));
        }
        if (before && bytes_of(*before) != bytes_of(n.board)) {
          find(sim_finding::broken, "a refused operation changed the replica");
        }
        return;
      }
      if (a.expected != errc::ok && !confused_) {
        find(sim_finding::broken, "an operation was taken that had to be answered " + std::string{skerry::to_string(a.expected)});
        return;
      }
      ++totals_.operations;
      bites_if(e.value > (std::int64_t{1} << 60), sim_fault::huge);
      trace(a.frame.value());
      const replica_type& r = n.board.replica();
      a.op.who = r.self();
      a.op.n = n.board.last_number();
      a.op.at = (P::policy::kind & state::kinds::stamped) != 0 && a.op.role == op_role::value ? n.board.last_stamp() : state::stamp{};
      if (!names_.emplace(std::pair{a.op.who, a.op.n}, a.op.key).second) {
        ++totals_.names_collided;
        if (!script_->has(sim_fault::twin)) {
          find(sim_finding::broken, "two events have one name");
          return;
        }
        confused_ = true;
      }
      if (a.op.at != state::stamp{}) {
        a.op.covers.for_each([&](std::size_t i) {
          if (oracle_.operations()[i].at >= a.op.at && !confused_) {
            find(sim_finding::broken, "a write that saw another one does not have the greater stamp");
          }
        });
      }
      const std::size_t number = oracle_.add(e.node, a.op);
      const std::size_t f = new_frame(a.frame.value());
      frames_[f].known = oracle_.operations()[number].conveys;
      frames_[f].heard = {};
      frames_[f].heard.insert(number);
      frames_[f].path = e.path;
      frames_[f].args = e.args;
      frames_[f].everything = false;
      frames_[f].latest = a.op.at;
      check<P>(e.node, e.path, e.args);
      for (std::size_t to = 0; to < nodes_.size(); ++to) {
        if (to != e.node && (nodes_.size() < 4 || hash64(e.name * 64ULL + to, ~script_->seed) % 2 == 0)) {
          network_.send(e.node, to, now_, e.name, frames_[f].bytes.size(), f);
        }
      }
    });
  }
  void bites_if(bool did, sim_fault f) noexcept { totals_.bit[static_cast<std::size_t>(f)] += did ? 1 : 0; }
  /// The life that the next operation belongs to, as far as it can be known before: one that has done nothing, if there is a doubt.
  [[nodiscard]] static state::actor operator_of(const node& n) {
    return n.board.replica().in_doubt() ? state::actor{} : n.board.replica().self();
  }

  [[nodiscard]] const std::vector<std::byte>& bytes_of(const Board& board, bool as_frame = false) {
    buffer_.resize(65'536);
    byte_writer out{buffer_};
    if (!(as_frame ? board.encode(out) : board.digest(out))) {
      find(sim_finding::broken, "a replica could not be encoded");
    }
    encoded_[encoded_at_ ^= 1].assign(out.written().begin(), out.written().end());
    return encoded_[encoded_at_];
  }

  [[nodiscard]] std::size_t frame_of_all(std::size_t from) {
    const std::size_t f = new_frame(bytes_of(nodes_[from].board, true));
    frames_[f].known = oracle_.known(from);
    frames_[f].heard = oracle_.heard(from);
    frames_[f].everything = true;
    frames_[f].latest = {};
    trace(frames_[f].bytes);
    return f;
  }
  void send_all(std::size_t from, std::size_t to) {
    if (from != to) {
      ++totals_.syncs;
      const std::size_t f = frame_of_all(from);
      frames_[f].path = static_cast<std::uint16_t>(event_ % schema::size);
      frames_[f].args = static_cast<std::uint8_t>(event_ / schema::size);
      network_.send(from, to, now_, event_, frames_[f].bytes.size(), f);
    }
  }

  void deliver_due(std::uint64_t until) {
    while (verdict_.what == sim_finding::none) {
      const auto m = network_.next(until);
      if (!m) {
        return;
      }
      const std::uint64_t later = now_;
      now_ = std::min(m->at, now_);
      deliver(m->to, m->cargo, m->bytes);
      now_ = later;
    }
  }

  bool deliver(std::size_t to, std::size_t f, std::size_t arrived) {
    const sent_frame& what = frames_[f];
    const bool cut = arrived < what.bytes.size();
    node& n = nodes_[to];
    std::optional<Board> before;
    if (careful_) {
      before.emplace(n.board);
    }
    const auto got = n.board.accept(std::span{what.bytes}.first(arrived), instant_at(now_));
    ++totals_.deliveries;
    trace(static_cast<std::uint64_t>(got.error()) << 8 | to);
    if (got) {
      trace(got.value().added << 32 | got.value().seen << 16 | got.value().removed);
      totals_.amnesia += got.value().verdict == state::detection::amnesia_or_clone ? 1 : 0;
      if (cut) {
        find(sim_finding::broken, "a frame that was cut off was taken");
        return false;
      }
      if (n.right && what.latest.ms() > start_ms + now_ + ahead_ms && !confused_) {
        find(sim_finding::broken, "a right clock took a stamp that lies years ahead");
      }
      oracle_.learn(to, what.known, what.heard);
      if (what.everything && (event_ & 7) == 0) {
        check_all(to);
      } else {
        schema::visit(what.path, [&]<typename P>() { check<P>(to, what.path, what.args); });
      }
      return true;
    }
    refused_ = refused_ || got.error() == errc::full || script_->seed % 8 == 0;
    switch (got.error()) {
      case errc::full: ++totals_.full; break;
      case errc::clock_ahead:
        ++totals_.clock_refusals;
        if ((script_->faults & clock_faults) == 0) {
          find(sim_finding::broken, "a frame was refused for its time while all clocks are right");
        }
        break;
      default:
        if (!cut) {
          find(sim_finding::broken, "a good frame was refused: " + std::string{skerry::to_string(got.error())});
        }
        ++totals_.refused_damaged;
    }
    if (before && bytes_of(*before) != bytes_of(n.board)) {
      find(sim_finding::broken, "a refused frame changed the replica");
    }
    return false;
  }
  static constexpr std::uint32_t clock_faults = bit(sim_fault::skew) | bit(sim_fault::step) | bit(sim_fault::freeze) |
                                                bit(sim_fault::year_1970) | bit(sim_fault::year_2030) | bit(sim_fault::hostile);

  /// A frame that was damaged on the way: refused, and nothing has changed. With a right checksum anything may be in it, so a copy of the
  /// board takes it, which must stand afterwards.
  void damage(const sim_event& e) {
    if (frame_count_ == 0) {
      return;
    }
    std::vector<std::byte> bytes =
        frames_[frame_count_ - 1 - static_cast<std::size_t>(e.args) % std::min<std::size_t>(frame_count_, 8)].bytes;
    splitmix64 chance{script_->seed ^ e.name};
    const std::size_t where = chance() % bytes.size();
    bites(sim_fault::hostile);
    if (e.verb % 4 == 3) {
      bytes[where] = static_cast<std::byte>(chance());
      if (bytes.size() > 4) {
        byte_writer out{std::span{bytes}.last(4)};
        out.u32(crc32c(std::span{bytes}.first(bytes.size() - 4)));
      }
      Board victim = nodes_[e.node].board;
      const auto got = victim.accept(bytes, instant_at(now_));
      trace(static_cast<std::uint64_t>(got.error()));
      if (!got && bytes_of(victim) != bytes_of(nodes_[e.node].board)) {
        find(sim_finding::broken, "a refused hostile frame changed the replica");
      }
      return;
    }
    switch (e.verb % 4) {
      case 0: bytes[where] ^= static_cast<std::byte>(1U << chance() % 8); break;
      case 1: bytes.resize(where); break;
      default:
        for (std::byte& b : bytes) {
          b = static_cast<std::byte>(chance());
        }
    }
    const Board before = nodes_[e.node].board;
    const auto got = nodes_[e.node].board.accept(bytes, instant_at(now_));
    trace(static_cast<std::uint64_t>(got.error()));
    ++totals_.refused_damaged;
    if (got) {
      find(sim_finding::broken, "a damaged frame was taken");
    } else if (bytes_of(before) != bytes_of(nodes_[e.node].board)) {
      find(sim_finding::broken, "a damaged frame changed the replica");
    }
  }

  /// Events of actors that take part in nothing: with far numbers, or so many that actors or runs are nearly used up.
  void strangers(const sim_event& e, std::size_t actors, std::uint64_t distance) {
    frame_edit made;
    const std::uint64_t id = 1000 + e.name * 100ULL;
    const std::size_t runs = actors > 1 || distance > 1 ? 1 : limits::ranges - 4;
    for (std::size_t i = 0; i < actors; ++i) {
      for (std::size_t j = 0; j < runs; ++j) {
        const std::uint64_t n = distance > 1 ? distance : (actors > 1 ? 1 : 2 * (j + 1));
        made.covers.push_back({{id + i, 1, 1}, n, n});
      }
    }
    // What they have counted, where the schema has a counter: records, until there is room for few others.
    std::vector<std::uint32_t> keys(made.covers.size(), 0);
    if (actors > 1) {
      add_rows(made, keys);
    }
    const std::vector<std::byte> bytes = made.bytes();
    bites(distance > 1 ? sim_fault::far : sim_fault::crowd);
    stranger_ = {};
    for (std::size_t i = 0; i < made.covers.size() && !oracle_.full(); ++i) {
      operation op;
      op.who = made.covers[i].who;
      op.n = made.covers[i].first;
      op.key = keys[i];
      op.role = keys[i] == 0 ? op_role::nothing : op_role::share;
      op.value = 1;
      stranger_.insert(oracle_.add(history_oracle::nobody, op));
    }
    const std::size_t f = new_frame(bytes);
    frames_[f].known = stranger_;
    frames_[f].heard = stranger_;
    frames_[f].path = e.path;
    frames_[f].args = e.args;
    frames_[f].everything = false;
    frames_[f].latest = {};
    (void)deliver(e.node, f, bytes.size());
    if (nodes_[e.node].board.memory() > sizeof(replica_type)) {
      find(sim_finding::broken, "a replica takes more memory than its type says");
    }
  }

  void add_rows(frame_edit& made, std::vector<std::uint32_t>& keys) {
    const std::vector<frame_edit::run> strangers = made.covers;
    std::uint64_t n = 1;
    for (std::size_t p = 1; p < schema::size; ++p) {
      schema::visit(p, [&]<typename P>() {
        if constexpr (detail::path_model<P>::places == 0 &&
                      (P::policy::kind == state::kinds::counter || P::policy::kind == state::kinds::pn_counter)) {
          ++n;
          for (const auto& stranger : strangers) {
            if (made.records.size() + 6 >= limits::records) {
              return;
            }
            std::vector<std::byte> row{static_cast<std::byte>(n), std::byte{1}, std::byte{0}};  // begun with event n, one up, none down
            row.resize(P::policy::kind == state::kinds::counter ? 2 : 3);
            made.covers.push_back({stranger.who, n, n});
            made.records.push_back({std::string{P::at.text()}, stranger.who, n, {}, P::policy::kind, row});
            keys.push_back(detail::path_model<P>::key(static_cast<std::uint16_t>(p), 0));
          }
        }
      });
    }
  }

  template <typename P>
  void check(std::size_t i, std::uint16_t path, unsigned args) {
    if (confused_) {
      return;
    }
    const sim_difference d =
        detail::path_model<P>::compare(nodes_[i].board.replica(), oracle_, oracle_.known(i), path, args, totals_.answers);
    if (d != sim_difference::none) {
      const sim_finding what = d == sim_difference::lost
                                   ? sim_finding::lost
                                   : (d == sim_difference::resurrected ? sim_finding::resurrected : sim_finding::divergent);
      find(what, "node " + std::to_string(i) + " does not read what the history says at " + std::string{P::at.text()});
    }
  }
  void check_all(std::size_t i) {
    for (std::size_t p = 0; p < schema::size; ++p) {
      schema::visit(p, [&]<typename P>() {
        for (unsigned args = 0; args < 1U << detail::path_model<P>::places; ++args) {
          check<P>(i, static_cast<std::uint16_t>(p), args);
        }
      });
    }
  }
  /// What was heard by name is in the context, for ever.
  void check_context(std::size_t i) {
    const auto& store = nodes_[i].board.replica().store();
    oracle_.heard(i).for_each([&](std::size_t o) {
      const operation& op = oracle_.operations()[o];
      if (!store.contains(op.who, op.n)) {
        find(sim_finding::lost, "node " + std::to_string(i) + " has forgotten that an event was seen");
      }
    });
  }

  /// Quiet time: everything arrives, the clocks are right, and everybody tells everybody.
  void finish() {
    network_.heal();
    for (int days = 0; days < 8 && !network_.idle() && verdict_.what == sim_finding::none; ++days) {
      const std::uint64_t step = 86'400'000;
      now_ += step;
      deliver_due(now_);
    }
    // Late enough for every stamp that anybody's clock made.
    const auto far_off = static_cast<std::int64_t>(year_2030_ms + 3 * ahead_ms - start_ms);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].frozen.reset();
      nodes_[i].counts_from_zero = false;
      nodes_[i].right = false;
      nodes_[i].clock_off = far_off;
      nodes_[i].board.vouch(wall_of(i));
    }
    bool all_taken = true;
    for (int round = 0; round < (confused_ ? 4 : 1); ++round) {
      for (std::size_t i = 1; i < nodes_.size() && verdict_.what == sim_finding::none; ++i) {
        all_taken = tell(i, 0) && all_taken;
      }
      const std::size_t f = frame_of_all(0);
      frames_[f].path = 0;
      frames_[f].args = 0;
      for (std::size_t i = 1; i < nodes_.size() && verdict_.what == sim_finding::none; ++i) {
        all_taken = deliver(i, f, frames_[f].bytes.size()) && all_taken;
      }
    }
    if (verdict_.what != sim_finding::none) {
      return;
    }
    totals_.converged += all_taken ? 1 : 0;
    totals_.unfinished += all_taken ? 0 : 1;
    const std::vector<std::byte> first = bytes_of(nodes_[0].board);
    trace(first);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (all_taken && i > 0 && bytes_of(nodes_[i].board) != first) {
        find(sim_finding::divergent, "nodes 0 and " + std::to_string(i) + " know the same and hold different bytes");
      }
      if (!confused_) {
        check_all(i);
        check_context(i);
      }
      if (nodes_[i].board.memory() > sizeof(replica_type)) {
        find(sim_finding::broken, "a replica takes more memory than its type says");
      }
    }
    count_network();
  }
  bool tell(std::size_t from, std::size_t to) {
    const std::size_t f = frame_of_all(from);
    frames_[f].path = 0;
    frames_[f].args = 0;
    return deliver(to, f, frames_[f].bytes.size());
  }
  void count_network() {
    const network_counts& c = network_.counts();
    const auto bit_by = [&](sim_fault f, std::uint64_t network_counts::*n) {
      totals_.bit[static_cast<std::size_t>(f)] += c.*n - before_.*n;
    };
    bit_by(sim_fault::lose, &network_counts::lost);
    bit_by(sim_fault::repeat, &network_counts::repeated);
    bit_by(sim_fault::delay, &network_counts::delayed);
    bit_by(sim_fault::partition, &network_counts::partitioned);
    bit_by(sim_fault::mtu, &network_counts::cut);
    if (script_->has(sim_fault::reorder)) {
      bit_by(sim_fault::reorder, &network_counts::reordered);
    }
  }

  std::vector<node> nodes_{};
  std::vector<std::optional<image>> images_{};
  history_oracle oracle_{};
  lossy_network<std::size_t> network_{};
  std::vector<sent_frame> frames_{};
  std::size_t frame_count_ = 0;
  std::map<std::pair<state::actor, std::uint64_t>, std::uint32_t> names_{};
  std::vector<std::byte> buffer_{};
  std::array<std::vector<std::byte>, 2> encoded_{};
  std::size_t encoded_at_ = 0;
  op_set stranger_{};
  splitmix64 rng_{0};
  sim_totals totals_{};
  network_counts before_{};
  sim_verdict verdict_{};
  const sim_script* script_ = nullptr;
  std::uint64_t now_ = 0;
  std::uint64_t trace_ = 0;
  std::uint32_t event_ = 0;
  bool careful_ = false;
  bool refused_ = false;   ///< something was refused: worth a second, careful run
  bool confused_ = false;  ///< twins have used one name for two events: agreement is all that can be asked
};

}  // namespace skerry::inline v0::testing
