// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"
#include "sim/side_world.hpp"

#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/testing/frame_edit.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_sim {

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

/// Paths that only one role may write, a roster that says who has which, and one node whose firmware does not know the rule.
///
/// What the ruleless node writes at such a path is read by nobody, kills nothing, and counts as seen once it has been heard; where anybody
/// may write it is as good as the others. In the end all nodes that know the rule are equal to the last byte.
class owner_world {
  struct target {
    static constexpr state::path at{"target/{line}"};
    using policy = state::lww<std::int64_t>;
    static constexpr auto writer = state::owner::cloud;
  };
  struct common {
    static constexpr state::path at{"common/{line}"};
    using policy = state::keep_both<std::int64_t>;
  };
  struct open_target {
    static constexpr state::path at{"target/{line}"};
    using policy = state::lww<std::int64_t>;
  };
  struct limits : state::limits::firmware {
    static constexpr std::size_t actors = 8;
    static constexpr std::size_t keys = 8;
    static constexpr std::size_t records = 128;
    static constexpr std::size_t ranges = 128;
    static constexpr std::size_t members = 8;
    static constexpr std::size_t key_bytes = 8;
    static constexpr std::size_t quarantine = 0;
  };
  struct no_roster : limits {
    static constexpr std::size_t members = 0;
  };
  using node = state::replica<state::schema<target, common>, limits>;
  using ruleless = state::replica<state::schema<open_target, common>, no_roster>;
  using bytes = std::vector<std::byte>;

  enum action : std::uint8_t { operate, stray, deliver, meet, copy_of_stray };

 public:
  static constexpr const char* name = "owners";
  static constexpr std::size_t nodes = 4;  ///< the first two are the cloud's, which may write everything

  [[nodiscard]] static side_script make(std::uint64_t seed) {
    skerry::splitmix64 rng{seed ^ 0x6f776e};
    side_script s;
    s.seed = seed;
    for (std::size_t i = 0; i < 50; ++i) {
      constexpr std::array<action, 12> all{operate, operate, operate, stray,   stray, stray,
                                           deliver, deliver, deliver, deliver, meet,  copy_of_stray};
      s.events.push_back({all[rng() % all.size()], static_cast<std::uint32_t>(rng() % 65'536), static_cast<std::uint32_t>(rng() % 65'536)});
    }
    return s;
  }
  [[nodiscard]] static const char* action_name(std::uint8_t what) {
    constexpr std::array<const char*, 5> names{"operate", "stray", "deliver", "meet", "tell_stray"};
    return names[what];
  }

  [[nodiscard]] std::string run(const side_script& script) {
    begin(script);
    for (const side_event& e : script.events) {
      now_ += 1000;
      act(e);
      if (!why_.empty()) {
        return why_;
      }
    }
    finish();
    return why_;
  }
  [[nodiscard]] std::string met() const {
    return "operations=" + std::to_string(operations_) + " against_the_rule=" + std::to_string(strays_) +
           " refused_at_join=" + std::to_string(refused_) + " refused_at_write=" + std::to_string(at_write_);
  }

 private:
  struct message {
    bytes frame{};
    bool stray = false;
  };

  void fail(const std::string& why) { why_ = why_.empty() ? why : why_; }
  [[nodiscard]] wall_ms wall() const noexcept { return wall_ms{1'790'000'000'000 + now_}; }
  [[nodiscard]] std::uint32_t instant() const noexcept { return static_cast<std::uint32_t>(now_); }

  void begin(const side_script& script) {
    why_.clear();
    now_ = 0;
    messages_.clear();
    stray_values_.clear();
    wrong_.clear();
    skerry::splitmix64 rng{script.seed};
    const auto made = [this](const skerry::status& s) {
      if (!s) {
        fail("a replica could not be created");
      }
    };
    for (std::size_t i = 0; i < nodes; ++i) {
      nodes_[i] = std::make_unique<node>();
      const auto as = i < 2 ? state::role::cloud : state::role::device;
      made(node::create(*nodes_[i], i + 1, as, state::epoch_rule::every_open, {}, rng, 0));
      nodes_[i]->vouch(wall());
    }
    stray_ = std::make_unique<ruleless>();
    made(ruleless::create(*stray_, nodes + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0));
    stray_->vouch(wall());
    for (std::size_t i = 0; i < nodes; ++i) {
      for (const auto& other : nodes_) {
        made(nodes_[i]->enrol(other->self(), other->role()));
      }
      // Asks who may write when it writes itself, and believes the others.
      made(nodes_[i]->enrol(stray_->self(), on(defect::owner_checked_at_write_only) ? state::role::cloud : state::role::device));
    }
  }

  void act(const side_event& e) {
    const std::size_t i = e.a % nodes;
    switch (e.what) {
      case operate: do_operation(i, e); break;
      case stray: go_astray(e); break;
      case deliver:
        if (!messages_.empty()) {
          take(i, messages_[e.b % messages_.size()]);
        }
        break;
      case meet: take(i, {all_of(*nodes_[(i + 1 + e.b % (nodes - 1)) % nodes]), false}); break;
      default:
        if (!stray_->accept(all_of(*nodes_[i]), instant())) {
          fail("the ruleless node refused a good frame");
        }
    }
  }
  void do_operation(std::size_t i, const side_event& e) {
    const auto line = static_cast<int>(e.b % 2);
    const auto value = static_cast<std::int64_t>(1'000'000 + e.b);
    node& r = *nodes_[i];
    const auto done = [&]() -> skerry::result<state::delta_view> {
      switch (e.a / 64 % 4) {
        case 0:
        case 1: return r.write<target>(value, wall(), line);
        case 2: return r.write<common>(value, wall(), line);
        default: return r.remove<common>(line);
      }
    }();
    if (done) {
      ++operations_;
      messages_.push_back({{done.value().bytes().begin(), done.value().bytes().end()}, false});
    } else if (done.error() == errc::not_owner && i >= 2) {
      ++at_write_;
    } else if (done.error() != errc::absent) {
      fail("an operation was refused: " + std::string{skerry::to_string(done.error())});
    }
  }
  void go_astray(const side_event& e) {
    const auto line = static_cast<int>(e.b % 2);
    const auto value = static_cast<std::int64_t>(1 + ++strays_ % 900'000);
    const bool against = e.a % 4 != 0;
    const auto done = against ? stray_->write<open_target>(value, wall(), line) : stray_->write<common>(value, wall(), line);
    if (!done) {
      fail("the ruleless node could not write");
      return;
    }
    if (against) {
      stray_values_.insert(value);
      wrong_.insert(stray_->store().next(stray_->self()) - 1);
    }
    messages_.push_back({{done.value().bytes().begin(), done.value().bytes().end()}, true});
  }

  [[nodiscard]] bytes all_of(const node& r) {
    bytes out(16'384);
    skerry::byte_writer w{out};
    if (!r.encode(w)) {
      fail("a replica could not be encoded");
    }
    out.resize(w.written().size());
    return out;
  }

  void take(std::size_t to, const message& m) {
    node& r = *nodes_[to];
    bytes frame = m.frame;
    skerry::testing::frame_edit edit;
    if (!edit.read(frame)) {
      fail("a frame cannot be read");
      return;
    }
    if (on(defect::refused_record_unseen)) {  // what is not taken is as if it had never come
      const auto refused = [this](const state::actor& who, std::uint64_t n) { return who == stray_->self() && wrong_.count(n) != 0; };
      std::erase_if(edit.records, [&](const auto& x) { return refused(x.who, x.n); });
      std::erase_if(edit.covers, [&](const auto& run) { return run.first == run.last && refused(run.who, run.first); });
      frame = edit.bytes();
      (void)edit.read(m.frame);
    }
    const auto got = r.accept(frame, instant());
    if (!got) {
      fail("a good frame was refused: " + std::string{skerry::to_string(got.error())});
      return;
    }
    refused_ += got.value().refused;
    for (const auto& x : edit.records) {
      if (!r.store().contains(x.who, x.n)) {
        fail("an event that was heard of is not known: it would be offered for ever");
      }
    }
    const auto again = r.accept(frame, instant());
    if (!again || again.value().refused != 0 || again.value().added != 0) {
      fail("what was heard twice did something twice");
    }
    check(r);
  }

  void check(const node& r) {
    for (int line = 0; line < 2; ++line) {
      const auto value = r.read<target>(line);
      if (value && stray_values_.count(value.value()) != 0) {
        fail("a value of one who may not write is read");
      }
      if (!value && hears_of_target(r, line)) {
        fail("what one who may not write has overwritten is gone");
      }
    }
  }
  /// Whether a write of the cloud's at this line is among the events that a node knows: one of them is live then, for nobody removes.
  [[nodiscard]] bool hears_of_target(const node& r, int line) const {
    const std::string key = "target/" + std::to_string(line);
    skerry::testing::frame_edit edit;
    return std::any_of(messages_.begin(), messages_.end(), [&](const message& m) {
      return !m.stray && edit.read(m.frame) && !edit.records.empty() && edit.records[0].key == key &&
             r.store().contains(edit.records[0].who, edit.records[0].n);
    });
  }

  void finish() {
    for (std::size_t m = 0; m < messages_.size() && why_.empty(); ++m) {
      for (std::size_t i = 0; i < nodes; ++i) {
        take(i, messages_[(m + i * 7) % messages_.size()]);
      }
    }
    for (int round = 0; round < 2 && why_.empty(); ++round) {
      for (std::size_t i = 0; i < nodes; ++i) {
        for (std::size_t j = 0; j < nodes; ++j) {
          take(i, {all_of(*nodes_[j]), false});
        }
      }
    }
    for (std::size_t i = 1; i < nodes && why_.empty(); ++i) {
      if (all_of(*nodes_[i]) != all_of(*nodes_[0])) {
        fail("two nodes that know the rule hold different bytes");
      }
    }
  }

  std::string why_{};
  std::array<std::unique_ptr<node>, nodes> nodes_{};
  std::unique_ptr<ruleless> stray_{};
  std::vector<message> messages_{};
  std::set<std::int64_t> stray_values_{};
  std::set<std::uint64_t> wrong_{};  ///< numbers of its events that are against the rule
  std::uint64_t now_ = 0;
  std::uint64_t operations_ = 0, strays_ = 0, refused_ = 0, at_write_ = 0;
};

}  // namespace skerry_sim
