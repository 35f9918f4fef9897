// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"
#include "sim/side_world.hpp"

#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/scoped_replica.hpp>
#include <skerry/state/sets.hpp>
#include <skerry/testing/frame_edit.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry_sim {

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

/// Nodes that carry one scope of two, or both, and pass on what they know; beside them somebody who carries everything and hears of all.
///
/// In the end each node must read, in what it carries, what he reads. With the defect there are no scopes: a node that subscribes to a
/// part takes the records of that part out of the frames, and what the others contain for known.
class scope_world {
  struct level {
    static constexpr state::path at{"press/level/{line}"};
    using policy = state::lww<std::int64_t>;
  };
  struct made {
    static constexpr state::path at{"press/made"};
    using policy = state::pn_counter;
  };
  struct heat {
    static constexpr state::path at{"oven/heat/{line}"};
    using policy = state::lww<std::int64_t>;
  };
  struct tags {
    static constexpr state::path at{"oven/tags"};
    using policy = state::aw_set<int, 4>;
  };
  struct room : state::limits::firmware {
    static constexpr std::size_t actors = 16;
    static constexpr std::size_t keys = 16;
    static constexpr std::size_t records = 64;
    static constexpr std::size_t ranges = 64;
  };
  struct press {
    static constexpr std::string_view name = "press";
    using paths = state::schema<level, made>;
    using limits = room;
  };
  struct oven {
    static constexpr std::string_view name = "oven";
    using paths = state::schema<heat, tags>;
    using limits = room;
  };
  using whole = state::scoped_replica<press, oven>;
  using presses = state::scoped_replica<press>;
  using ovens = state::scoped_replica<oven>;
  using unscoped = state::replica<state::schema<level, made, heat, tags>, room>;
  using bytes = std::vector<std::byte>;
  using reading = std::array<std::int64_t, 5>;
  static constexpr std::int64_t nothing = -1'000'000;

  enum action : std::uint8_t { operate, deliver, meet, new_life };

  /// What takes part: one of the three, or with the defect a node without scopes that keeps a part.
  struct node {
    std::unique_ptr<whole> all{};
    std::unique_ptr<presses> press_only{};
    std::unique_ptr<ovens> oven_only{};
    std::unique_ptr<unscoped> flat{};
    bool has_press = true;
    bool has_oven = true;

    template <typename F>
    decltype(auto) visit(F&& f) {
      if (flat) {
        return f(*flat);
      }
      return all ? f(*all) : (press_only ? f(*press_only) : f(*oven_only));
    }
  };

 public:
  static constexpr const char* name = "scopes";
  static constexpr std::size_t nodes = 5;

  [[nodiscard]] static side_script make(std::uint64_t seed) {
    skerry::splitmix64 rng{seed ^ 0x73636f7065};
    side_script s;
    s.seed = seed;
    for (std::size_t i = 0; i < 60; ++i) {
      constexpr std::array<action, 14> all{operate, operate, operate, operate, operate, operate, deliver,
                                           deliver, deliver, deliver, meet,    meet,    meet,    new_life};
      s.events.push_back({all[rng() % all.size()], static_cast<std::uint32_t>(rng() % 65'536), static_cast<std::uint32_t>(rng() % 65'536)});
    }
    return s;
  }
  [[nodiscard]] static const char* action_name(std::uint8_t what) {
    constexpr std::array<const char*, 4> names{"operate", "deliver", "meet", "new_life"};
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
    return "operations=" + std::to_string(operations_) + " frames=" + std::to_string(frames_) +
           " not_carried=" + std::to_string(not_carried_) + " new_lives=" + std::to_string(new_lives_);
  }

 private:
  void fail(const std::string& why) { why_ = why_.empty() ? why : why_; }
  [[nodiscard]] wall_ms wall() const noexcept { return wall_ms{1'790'000'000'000 + now_}; }
  [[nodiscard]] std::uint32_t instant() const noexcept { return static_cast<std::uint32_t>(now_); }

  template <typename R>
  void create(std::unique_ptr<R>& place, std::uint64_t id) {
    place = std::make_unique<R>();
    if (!R::create(*place, id, state::role::device, state::epoch_rule::every_open, {}, rng_, instant())) {
      fail("a replica could not be created");
    }
    place->vouch(wall());
  }
  void begin(const side_script& script) {
    why_.clear();
    now_ = 0;
    lives_ = 0;
    rng_ = skerry::splitmix64{script.seed};
    messages_.clear();
    for (std::size_t i = 0; i <= nodes; ++i) {
      node& n = nodes_[i];
      n = {};
      n.has_press = i != 3;
      n.has_oven = i != 2 && i != 4;
      if (on(defect::unscoped_partial)) {
        create(n.flat, i + 1);
      } else if (n.has_press && n.has_oven) {
        create(n.all, i + 1);
      } else if (n.has_press) {
        create(n.press_only, i + 1);
      } else {
        create(n.oven_only, i + 1);
      }
    }
  }

  void act(const side_event& e) {
    node& n = nodes_[e.a % nodes];
    switch (e.what) {
      case operate: do_operation(n, e); break;
      case deliver:
        if (!messages_.empty()) {
          take(n, messages_[e.b % messages_.size()]);
        }
        break;
      case meet: tell(nodes_[e.b % nodes], n); break;
      default:
        if (lives_ < 6) {
          ++lives_;
          ++new_lives_;
          if (!n.visit([this](auto& r) { return r.as_new_life(rng_); })) {
            fail("no new life began");
          }
        }
    }
    check_lives(n);
  }
  void check_lives(const node& n) {
    if (n.all && !(n.all->in<press>().self() == n.all->in<oven>().self())) {
      fail("the scopes of a node live different lives");
    }
  }

  void do_operation(node& n, const side_event& e) {
    const auto value = static_cast<std::int64_t>(e.b);
    const auto line = static_cast<int>(e.a / 64 % 2);
    const bool of_press = n.has_press && (!n.has_oven || e.a / 128 % 2 == 0);
    bytes frame;
    const errc said = n.visit([&]<typename R>(R& r) {
      skerry::result<state::delta_view> done{errc::absent};
      if constexpr (!std::same_as<R, ovens>) {
        if (of_press) {
          switch (e.b % 3) {
            case 0: done = r.template inc<made>(1 + value); break;
            case 1: done = r.template remove<level>(line); break;
            default: done = r.template write<level>(value, wall(), line); break;
          }
        }
      }
      if constexpr (!std::same_as<R, presses>) {
        if (!of_press) {
          switch (e.b % 4) {
            case 0: done = r.template add<tags>(line); break;
            case 1: done = r.template remove<tags>(line); break;
            default: done = r.template write<heat>(value, wall(), line); break;
          }
        }
      }
      if (done) {
        frame.assign(done.value().bytes().begin(), done.value().bytes().end());
      }
      return done.error();
    });
    if (said == errc::ok) {
      ++operations_;
      take(nodes_[nodes], frame);
      messages_.push_back(std::move(frame));
    } else if (said != errc::absent) {
      fail("an operation was refused: " + std::string{skerry::to_string(said)});
    }
  }
  template <typename S, typename R>
  void tell_scope(const R& from, node& to) {
    bytes frame(8192);
    skerry::byte_writer out{frame};
    if (!from.template encode<S>(out)) {
      fail("a replica could not be encoded");
    }
    frame.resize(out.written().size());
    take(to, frame);
  }
  void tell(node& from, node& to) {
    from.visit([&]<typename R>(R& r) {
      if constexpr (std::same_as<R, unscoped>) {
        bytes frame(8192);
        skerry::byte_writer out{frame};
        (void)r.encode(out);
        frame.resize(out.written().size());
        take(to, frame);
      } else {
        if constexpr (!std::same_as<R, ovens>) {
          tell_scope<press>(r, to);
        }
        if constexpr (!std::same_as<R, presses>) {
          tell_scope<oven>(r, to);
        }
      }
    });
  }
  void take(node& to, const bytes& sent) {
    bytes frame = sent;
    ++frames_;
    if (to.flat && !(to.has_press && to.has_oven)) {
      skerry::testing::frame_edit edit;
      if (edit.read(frame)) {
        std::erase_if(edit.records, [&to](const auto& r) { return (r.key.rfind("press", 0) == 0) != to.has_press; });
        frame = edit.bytes();
      }
    }
    const auto got = to.visit([&](auto& r) { return r.accept(frame, instant()); });
    if (!got && got.error() != errc::absent) {
      fail("a good frame was refused: " + std::string{skerry::to_string(got.error())});
    }
    not_carried_ += got ? 0 : 1;
  }

  [[nodiscard]] reading read(node& n) {
    reading all;
    all.fill(nothing);
    n.visit([&]<typename R>(R& r) {
      if constexpr (!std::same_as<R, ovens>) {
        if (n.has_press) {
          all[0] = r.template read<level>(0).value_or(nothing);
          all[1] = r.template read<level>(1).value_or(nothing);
          all[2] = r.template read<made>().value_or(nothing);
        }
      }
      if constexpr (!std::same_as<R, presses>) {
        if (n.has_oven) {
          all[3] = r.template read<heat>(0).value_or(nothing) * 3 + r.template read<heat>(1).value_or(nothing);
          all[4] = tag(r, 0) + 2 * tag(r, 1);
        }
      }
    });
    return all;
  }
  template <typename R>
  [[nodiscard]] static std::int64_t tag(const R& r, int element) {
    if constexpr (std::same_as<R, unscoped>) {
      return r.template contains<tags>(element).value_or(false) ? 1 : 0;
    } else {
      return r.template of<tags>().template contains<tags>(element).value_or(false) ? 1 : 0;
    }
  }
  void finish() {
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < nodes; ++i) {
        for (std::size_t j = 0; j < nodes; ++j) {
          if (i != j) {
            tell(nodes_[j], nodes_[i]);
          }
        }
      }
    }
    const reading wanted = read(nodes_[nodes]);
    for (std::size_t i = 0; i < nodes; ++i) {
      const reading got = read(nodes_[i]);
      for (std::size_t k = 0; k < got.size(); ++k) {
        if ((k < 3 ? nodes_[i].has_press : nodes_[i].has_oven) && got[k] != wanted[k]) {
          fail("a node reads something else than who heard of everything");
        }
      }
    }
  }

  std::string why_{};
  skerry::splitmix64 rng_{0};
  std::array<node, nodes + 1> nodes_{};
  std::vector<bytes> messages_{};
  std::uint64_t now_ = 0;
  std::size_t lives_ = 0;
  std::uint64_t operations_ = 0, frames_ = 0, not_carried_ = 0, new_lives_ = 0;
};

}  // namespace skerry_sim
