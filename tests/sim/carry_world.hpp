// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"
#include "sim/side_world.hpp"

#include <skerry/state/catch_up.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/image.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>
#include <skerry/testing/frame_edit.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_sim {

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

/// How knowledge outlives and is carried: images and logs over crashes and torn writes, storage that is set back, catch-up in chunks
/// that breaks off, a node with an older firmware that carries what it does not know and is upgraded, a clock that ran years ahead.
///
/// Beside the nodes somebody who cannot fail takes in every delta once it has left its node or is durable there. In the end all nodes
/// must be what he is, to the last byte.
class carry_world {
  struct level {
    static constexpr state::path at{"level/{line}"};
    using policy = state::lww<std::int64_t>;
  };
  struct made {
    static constexpr state::path at{"made"};
    using policy = state::pn_counter;
  };
  struct notes {
    static constexpr state::path at{"notes/{line}"};
    using policy = state::keep_both<std::int64_t>;
  };
  struct tags {
    static constexpr state::path at{"tags"};
    using policy = state::aw_set<int, 8>;
  };
  struct limits : state::limits::firmware {
    static constexpr std::size_t actors = 64;
    static constexpr std::size_t keys = 24;
    static constexpr std::size_t records = 128;
    static constexpr std::size_t ranges = 96;
    static constexpr std::size_t payload_bytes = 30;
    static constexpr std::size_t key_bytes = 16;
    static constexpr std::size_t log_bytes = 2048;
    static constexpr std::size_t quarantine = 0;
    static constexpr std::size_t unknown_keys = 12;
    static constexpr bool fit_payload = false;
    static constexpr bool catch_up = true;
  };
  using node = state::replica<state::schema<level, made, notes, tags>, limits>;
  using old_node = state::replica<state::schema<level, made>, limits>;
  using bytes = std::vector<std::byte>;

  enum action : std::uint8_t { operate, tell, chunks, persist, tear, crash, copy, put_back, wrong_clock, restamp, upgrade };

 public:
  static constexpr const char* name = "carry";
  static constexpr std::size_t nodes = 3;  ///< the last one begins with the older firmware

  [[nodiscard]] static side_script make(std::uint64_t seed) {
    skerry::splitmix64 rng{seed ^ 0x6361727279};
    side_script s;
    s.seed = seed;
    const std::uint64_t on = rng();
    for (std::size_t i = 0; i < 60; ++i) {
      constexpr std::array<action, 20> all{operate, operate, operate, operate, operate, operate,  tell,        tell,    tell,    chunks,
                                           chunks,  persist, persist, tear,    crash,   put_back, wrong_clock, restamp, upgrade, copy};
      action what = all[rng() % all.size()];
      if (what > persist && (on >> what & 1) == 0) {
        what = operate;
      }
      s.events.push_back({what, static_cast<std::uint32_t>(rng() % 4096), static_cast<std::uint32_t>(rng() % 4096)});
    }
    return s;
  }
  [[nodiscard]] static const char* action_name(std::uint8_t what) {
    constexpr std::array<const char*, 11> names{"operate", "tell",     "chunks",      "persist", "tear",   "crash",
                                                "copy",    "put_back", "wrong_clock", "restamp", "upgrade"};
    return names[what];
  }

  [[nodiscard]] std::string run(const side_script& script) {
    begin(script);
    for (const side_event& e : script.events) {
      if (!why_.empty()) {
        return why_;
      }
      now_ += 1000;
      act(e);
    }
    if (why_.empty()) {
      finish();
    }
    return why_;
  }
  [[nodiscard]] std::string met() const {
    return "operations=" + std::to_string(operations_) + " chunks=" + std::to_string(chunks_) + " restarts=" + std::to_string(restarts_) +
           " torn=" + std::to_string(torn_) + " set_back=" + std::to_string(set_back_) + " restamped=" + std::to_string(restamped_) +
           " upgrades=" + std::to_string(upgrades_) + " refused_for_time=" + std::to_string(ahead_);
  }

 private:
  struct pending {
    bytes delta{};
    state::actor who{};
    std::uint64_t n = 0;
    bool durable = false;
  };
  struct disk {
    bytes image{};
    bytes log{};
    std::uint64_t boot = 0;  ///< the run that wrote the image
    std::vector<pending> left{};
  };
  struct board {
    std::unique_ptr<node> now = std::make_unique<node>();
    std::vector<pending> own{};  ///< what it did and nobody else has heard yet
    disk on{};
    std::optional<disk> copied{};
    std::uint64_t boots = 1;
    bool ahead = false;
  };
  static constexpr std::uint64_t start_ms = 1'790'000'000'000;
  static constexpr std::uint64_t years_ms = 5ULL * 365 * 86'400'000;

  void fail(const std::string& why) { why_ = why_.empty() ? why : why_; }

  void begin(const side_script& script) {
    why_.clear();
    now_ = 0;
    salt_ = 0;
    rng_ = skerry::splitmix64{script.seed};
    durable_ = script.seed % 2 == 0;
    late_ = false;
    observer_ = std::make_unique<node>();
    old_ = std::make_unique<old_node>();
    upgraded_ = false;
    for (std::size_t i = 0; i < nodes; ++i) {
      boards_[i] = board{};
      create(*boards_[i].now, i);
      state::image_reader nothing{{}, {}, 1};
      (void)boards_[i].now->open(nothing, rng_, instant());
      boards_[i].now->vouch(wall(i));
    }
    create(*old_, nodes - 1);
  }
  template <typename Replica>
  void create(Replica& r, std::size_t i) {
    const auto rule = durable_ ? state::epoch_rule::durable : state::epoch_rule::every_open;
    if (!Replica::create(r, i + 1, state::role::device, rule, {}, rng_, instant())) {
      fail("a replica could not be created");
    }
    r.vouch(wall(i));
  }
  [[nodiscard]] std::uint32_t instant() const noexcept { return static_cast<std::uint32_t>(now_); }
  [[nodiscard]] wall_ms wall(std::size_t i) const noexcept {
    return wall_ms{start_ms + now_ + (boards_[i].ahead ? years_ms : 0) + (late_ ? 2 * years_ms : 0)};
  }
  [[nodiscard]] bool is_old(std::size_t i) const noexcept { return i == nodes - 1 && !upgraded_; }
  template <typename F>
  decltype(auto) with(std::size_t i, F&& f) {
    return is_old(i) ? f(*old_) : f(*boards_[i].now);
  }
  template <typename Replica>
  [[nodiscard]] bytes all_of(const Replica& r) {
    bytes out(16'384);
    skerry::byte_writer w{out};
    if (!r.encode(w)) {
      fail("a replica could not be encoded");
    }
    out.resize(w.written().size());
    return out;
  }

  void act(const side_event& e) {
    const std::size_t i = e.a % nodes;
    const std::size_t j = (i + 1 + e.a / 8 % (nodes - 1)) % nodes;
    board& b = boards_[i];
    switch (e.what) {
      case operate: do_operation(i, e); break;
      case tell: send(i, j); break;
      case chunks: send_chunks(i, j, 1 + e.b % 6, 200 + e.b % 900); break;
      case persist:
        if (!is_old(i)) {
          save(b, 0);
        }
        break;
      case tear:
        if (!is_old(i)) {
          save(b, 1 + e.b % 200);
          start(i, b.on);
        }
        break;
      case crash:
        if (!is_old(i)) {
          start(i, b.on);
        }
        break;
      case copy:
        if (!is_old(i)) {
          save(b, 0);
          b.copied = b.on;
          b.copied->left = b.own;
        }
        break;
      case put_back:
        if (!is_old(i) && b.copied) {
          ++set_back_;
          const disk back = *b.copied;
          b.on = back;
          b.own = back.left;
          start(i, b.on);
        }
        break;
      case wrong_clock:
        if (!is_old(i) && !b.ahead) {
          b.ahead = true;
          b.now->vouch(wall(i));
        }
        break;
      case restamp: right(i); break;
      case upgrade: take_new_firmware(); break;
    }
  }

  void do_operation(std::size_t i, const side_event& e) {
    const auto line = static_cast<int>(e.b % 3);
    const auto value = static_cast<std::int64_t>(e.b / 8);
    const auto done = [&]() -> skerry::result<state::delta_view> {
      return with(i, [&]<typename R>(R& r) -> skerry::result<state::delta_view> {
        switch (e.a / 32 % 8) {
          case 0:
          case 1: return r.template write<level>(value, wall(i), line);
          case 2: return r.template remove<level>(line);
          case 3: return r.template inc<made>(1 + value);
          default:
            if constexpr (std::is_same_v<R, node>) {
              switch (e.a / 256 % 4) {
                case 0: return r.template write<notes>(value, wall(i), line);
                case 1: return r.template remove<notes>(line);
                case 2: return r.template add<tags>(line);
                default: return r.template remove<tags>(line);
              }
            }
            return errc::absent;
        }
      });
    }();
    if (!done) {
      if (done.error() != errc::absent && done.error() != errc::full) {
        fail("an operation was refused: " + std::string{skerry::to_string(done.error())});
      }
      return;
    }
    ++operations_;
    remember(i, done.value());
  }
  void remember(std::size_t i, const state::delta_view& delta) {
    with(i, [&](const auto& r) {
      boards_[i].own.push_back({{delta.bytes().begin(), delta.bytes().end()}, r.self(), r.store().next(r.self()) - 1, false});
    });
  }
  /// What a node has done is with others now, or is sure to come to them.
  void leaves(std::size_t i) {
    for (const pending& p : boards_[i].own) {
      const auto got = observer_->accept(p.delta, 0);
      if (!got) {
        fail("the one who cannot fail refuses a delta: " + std::string{skerry::to_string(got.error())});
      } else if (got.value().verdict == state::detection::clone) {
        fail("two events have one name");
      }
    }
    boards_[i].own.clear();
  }
  /// Under `epoch_rule::durable` nothing of one's own may leave before it is on disk.
  void about_to_send(std::size_t i) {
    if (durable_ && !is_old(i) && !on(defect::send_before_persist_durable)) {
      save(boards_[i], 0);
    }
  }

  void send(std::size_t from, std::size_t to) {
    about_to_send(from);
    const bytes frame = with(from, [this](const auto& r) { return all_of(r); });
    if (take(to, frame)) {
      if (!is_old(to) && !boards_[from].own.empty()) {
        save(boards_[to], 0);  // both losing their memory would lose it
        boards_[to].copied.reset();
      }
      leaves(from);
    }
  }
  bool take(std::size_t to, const bytes& frame) {
    bytes changed = frame;
    if (is_old(to) && on(defect::unknown_kind_dropped)) {
      skerry::testing::frame_edit edit;
      if (edit.read(frame)) {
        std::erase_if(edit.records, [](const auto& r) { return r.key.rfind("level", 0) != 0 && r.key != "made"; });
        changed = edit.bytes();
      }
    }
    const auto got = with(to, [&](auto& r) { return r.accept(changed, instant()); });
    if (!got && got.error() != errc::clock_ahead && got.error() != errc::full) {
      fail("a good frame was refused: " + std::string{skerry::to_string(got.error())});
    }
    ahead_ += !got && got.error() == errc::clock_ahead ? 1 : 0;
    if (got && got.value().verdict == state::detection::clone) {
      fail("two events have one name");
    }
    return static_cast<bool>(got);
  }

  /// Some chunks of a catch-up; the rest never comes.
  void send_chunks(std::size_t from, std::size_t to, std::size_t most, std::size_t room) {
    if (!is_old(from)) {  // a part of what it knows goes away, so that none of it may be lost here
      save(boards_[from], 0);
      boards_[from].copied.reset();
    }
    leaves(from);
    if (on(defect::context_raised_at_first_chunk)) {
      skerry::testing::frame_edit raised;
      const bytes all = with(from, [this](const auto& r) { return all_of(r); });
      const bytes mine = with(to, [this](const auto& r) { return all_of(r); });
      if (raised.read(mine)) {
        const auto records = raised.records;
        if (raised.read(all)) {
          raised.records = records;  // what is here stays until its chunk comes
          for (const auto& r : records) {
            raised.covers.push_back({r.who, r.n, r.n});
          }
          (void)take(to, raised.bytes());
        }
      }
    }
    with(from, [&](auto& source) {
      typename std::remove_reference_t<decltype(source)>::source_type s;
      source.start_catch_up(s, ++salt_);
      bytes out(room);
      for (std::size_t k = 0; k < most; ++k) {
        const auto n = source.next_chunk(s, out);
        if (!n || n.value() == 0) {
          return;
        }
        ++chunks_;
        const auto got = with(to, [&](auto& r) { return r.take_chunk(std::span{out}.first(n.value()), instant()); });
        if (!got) {
          if (got.error() != errc::clock_ahead && got.error() != errc::full && got.error() != errc::gap) {
            fail("a chunk was refused: " + std::string{skerry::to_string(got.error())});
          }
          return;
        }
      }
    });
  }

  /// cut   the power goes after so many bytes; 0: it does not
  void save(board& b, std::size_t cut) {
    const state::persist_request asked = b.now->to_persist();
    if (!asked.snapshot && !b.on.image.empty() && !on(defect::send_before_persist_durable)) {
      const std::size_t n = cut == 0 ? asked.bytes.size() : std::min(cut, asked.bytes.size());
      b.on.log.insert(b.on.log.end(), asked.bytes.begin(), asked.bytes.begin() + static_cast<std::ptrdiff_t>(n));
      torn_ += n < asked.bytes.size() ? 1 : 0;
      if (cut == 0) {
        b.now->persisted(asked.upto);
        mark_durable(b);
      }
      return;
    }
    state::snapshot_cursor at;
    bytes image;
    if (on(defect::send_before_persist_durable)) {
      // A careless node keeps its epoch over every restart, as if each image were its last word: right only for who sends nothing before.
      const auto last = std::make_unique<node>();
      std::memcpy(static_cast<void*>(last.get()), static_cast<const void*>(b.now.get()), sizeof(node));
      last->close();
      image = image_of(*last, at);
    } else {
      image = image_of(*b.now, at);
    }
    if (cut != 0) {
      ++torn_;
      return;  // the new image is not whole: the old one, with its log, still counts
    }
    b.on.boot = b.boots;
    b.on.image = std::move(image);
    b.on.log.clear();
    b.now->persisted(at);
    mark_durable(b);
  }
  template <typename Replica>
  [[nodiscard]] bytes image_of(const Replica& r, state::snapshot_cursor&& at = {}) {
    return image_of(r, at);
  }
  template <typename Replica>
  [[nodiscard]] bytes image_of(const Replica& r, state::snapshot_cursor& at) {
    bytes image;
    while (!at.done()) {
      bytes part(4096);
      const auto n = r.snapshot(at, part);
      if (!n) {
        fail("an image could not be written");
        break;
      }
      image.insert(image.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n.value()));
    }
    return image;
  }
  static void mark_durable(board& b) {
    for (pending& p : b.own) {
      p.durable = true;
    }
  }
  /// The node begins again with what its disk holds.
  void start(std::size_t i, const disk& on_disk) {
    ++restarts_;
    board& b = boards_[i];
    b.now = std::make_unique<node>();
    create(*b.now, i);
    ++b.boots;
    const bool careless = on(defect::send_before_persist_durable);
    state::image_reader reader{on_disk.image, on_disk.log, careless ? on_disk.boot + 1 : b.boots};
    const auto s = b.now->open(reader, rng_, instant());
    if (!s) {
      fail("an image could not be opened: " + std::string{skerry::to_string(s.error())});
      return;
    }
    b.now->vouch(wall(i));
    b.on.log.resize(reader.report().log_bytes);
    // What was under way to the disk may have arrived.
    std::erase_if(b.own, [&b](const pending& p) { return !p.durable && !b.now->store().contains(p.who, p.n); });
    for (const pending& p : b.own) {
      if (!b.now->store().contains(p.who, p.n)) {
        fail("an event that was durable is gone");
      }
    }
    mark_durable(b);
  }

  /// The time is known at last.
  void right(std::size_t i) {
    if (is_old(i)) {
      return;
    }
    board& b = boards_[i];
    b.ahead = false;
    bytes kept_old;
    const auto send = [&](const state::delta_view& delta) {
      ++restamped_;
      remember(i, delta);
    };
    const std::size_t before = b.own.size();
    const auto n = b.now->restamp(wall(i), send);
    if (!n && n.error() != errc::full) {
      fail("a replica could not be restamped: " + std::string{skerry::to_string(n.error())});
    }
    if (on(defect::restamp_keeps_dot)) {
      for (std::size_t k = before; k < b.own.size(); ++k) {
        skerry::testing::frame_edit edit;
        if (!edit.read(b.own[k].delta) || edit.records.empty() || edit.covers.size() < 2) {
          continue;
        }
        auto& record = edit.records.front();
        const auto old = std::find_if(edit.covers.begin(), edit.covers.end(), [&](const auto& run) { return !(run.who == record.who); });
        if (old != edit.covers.end()) {
          record.who = old->who;  // the same event, told otherwise
          record.n = old->first;
          b.own[k].delta = edit.bytes();
        }
      }
    }
  }

  /// The older firmware is replaced by the newer one, which takes over what it finds, and writes nothing.
  void take_new_firmware() {
    if (upgraded_) {
      return;
    }
    ++upgrades_;
    leaves(nodes - 1);
    const bytes before = all_of(*old_);
    board& b = boards_[nodes - 1];
    b.now = std::make_unique<node>();
    create(*b.now, nodes - 1);
    upgraded_ = true;
    const bytes image = image_of(*old_);
    state::image_reader reader{image, {}, 0};
    if (const auto got = b.now->open(reader, rng_, instant()); !got) {
      fail("what the older firmware held was refused: " + std::string{skerry::to_string(got.error())});
      return;
    }
    b.now->vouch(wall(nodes - 1));
    if (on(defect::migration_reemits)) {
      for (int line = 0; line < 3; ++line) {
        if (const auto value = b.now->read<level>(line); value) {
          (void)b.now->write<level>(value.value(), wall(nodes - 1), line);
        }
      }
    }
    if (all_of(*b.now) != before) {
      fail("an upgrade has changed what is known");
    }
    save(b, 0);
  }

  /// Quiet time: all clocks are right, and everybody tells everybody.
  void finish() {
    for (std::size_t i = 0; i < nodes; ++i) {
      right(i);
      if (!is_old(i)) {
        boards_[i].now->abandon_catch_up();
      }
    }
    old_->abandon_catch_up();
    late_ = true;  // for what a node that lost its memory had stamped, and nobody else can write again
    for (std::size_t i = 0; i < nodes; ++i) {
      with(i, [&](auto& r) { r.vouch(wall(i)); });
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < nodes; ++i) {
        for (std::size_t j = 0; j < nodes; ++j) {
          if (i != j && why_.empty()) {
            send(i, j);
            leaves(i);
          }
        }
      }
    }
    if (!why_.empty()) {
      return;
    }
    const bytes wanted = all_of(*observer_);
    for (std::size_t i = 0; i < nodes; ++i) {
      if (with(i, [this](const auto& r) { return all_of(r); }) != wanted) {
        fail("a node holds something else than all that was told");
      }
    }
  }

  std::string why_{};
  skerry::splitmix64 rng_{0};
  std::array<board, nodes> boards_{};
  std::unique_ptr<old_node> old_{};
  std::unique_ptr<node> observer_{};
  std::uint64_t now_ = 0;
  std::uint64_t salt_ = 0;
  bool durable_ = false;
  bool late_ = false;
  bool upgraded_ = false;
  std::uint64_t operations_ = 0, chunks_ = 0, restarts_ = 0, torn_ = 0, set_back_ = 0, restamped_ = 0, upgrades_ = 0, ahead_ = 0;
};

}  // namespace skerry_sim
