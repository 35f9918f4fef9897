// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted_policies.hpp"

#include <skerry/core/crc32c.hpp>
#include <skerry/testing/replica_world.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_sim {

using skerry::splitmix64;
using skerry::wall_ms;
using skerry::testing::frame_edit;

/// A board with a defect: what a replica written with less care would do. Frames are changed before they come in or after they are
/// made, images are put back as the bytes that they are; the replica in the middle is the library's, its policies may be planted.
template <typename Replica>
class planted_board {
 public:
  using replica_type = Replica;
  using instant_t = typename Replica::instant_t;

  planted_board() = default;
  planted_board(const planted_board& other) { take(other); }
  planted_board& operator=(const planted_board& other) {
    if (this != &other) {
      take(other);
    }
    return *this;
  }
  ~planted_board() = default;

  [[nodiscard]] status create(std::uint64_t id, state::clock_limits clock, splitmix64& rng, instant_t now) {
    if (on(defect::clock_accepts_2030)) {
      clock.accept_ahead = state::clock_limits::no_limit;
    }
    splitmix64 dull{0};
    splitmix64& entropy = on(defect::epoch_without_nonce) ? dull : rng;
    return Replica::create(replica_, id, state::role::device, state::epoch_rule::every_open, clock, entropy, now);
  }
  [[nodiscard]] const Replica& replica() const noexcept { return replica_; }
  [[nodiscard]] std::uint64_t last_number() const noexcept { return number_; }
  [[nodiscard]] state::stamp last_stamp() const noexcept { return stamp_; }
  /// What it has refused: the library's own account as long as its calls are the library's.
  [[nodiscard]] const state::replica_counters& counters() const noexcept {
    return planted == defect::none ? replica_.counters() : counters_;
  }
  [[nodiscard]] std::int64_t amount(std::int64_t asked) const noexcept {
    return on(defect::bounded_negative_amount) && asked < 0 ? -asked : asked;
  }
  [[nodiscard]] std::size_t memory() const noexcept { return sizeof(Replica) + hoarded_; }

  template <typename F>
  [[nodiscard]] result<std::span<const std::byte>> mutate(F&& f, wall_ms wall) {
    return counted(mutate_as_planted(f, wall));
  }
  [[nodiscard]] result<state::receipt> accept(std::span<const std::byte> frame, instant_t now) {
    return counted(accept_as_planted(frame, now));
  }

  [[nodiscard]] status encode(byte_writer& out) const { return replica_.encode(out); }
  [[nodiscard]] status digest(byte_writer& out) const {
    const status s = replica_.encode(out);
    if (on(defect::hash_order_in_digest)) {
      replica_.store().for_each_key([&](auto slot) { out.u8(static_cast<std::uint8_t>(replica_.store().key(slot).path)); });
    }
    if (on(defect::padding_in_digest)) {
      out.u8(static_cast<std::uint8_t>(replica_.counters().frames_accepted));  // whatever lay there
    }
    return s ? status{out.error()} : s;
  }

  void put_back(const planted_board& image, splitmix64& rng) {
    const bool own = image.replica_.self().id == replica_.self().id;
    if ((on(defect::clone_same_epoch) && !own) || (own && (on(defect::dot_reuse_after_restore) || on(defect::next_dot_from_prefix)))) {
      take(image);
      set_back_ = true;
      return;
    }
    take(image);
    replica_ = Replica{image.replica_};  // a copy as the library makes it, which must have a life of its own
    splitmix64 dull{0};
    (void)replica_.as_new_life(on(defect::epoch_without_nonce) ? dull : rng);
  }
  void restart(splitmix64&) { (void)replica_.restored(); }
  void vouch(wall_ms wall) { replica_.vouch(wall); }

 private:
  template <typename F>
  [[nodiscard]] result<std::span<const std::byte>> mutate_as_planted(F& f, wall_ms wall) {
    if (on(defect::clock_follows_back_step) || (on(defect::next_dot_from_prefix) && set_back_ && replica_.in_doubt())) {
      return mutate_otherwise(f, wall);
    }
    const std::set<std::string> before = on(defect::inner_revived_on_readd) ? keys() : std::set<std::string>{};
    const auto delta = f(replica_);
    if (!delta) {
      return delta.error();
    }
    log_.assign(delta.value().bytes().begin(), delta.value().bytes().end());
    number_ = replica_.store().next(replica_.self()) - 1;
    stamp_ = replica_.clock().last();
    if (on(defect::inner_revived_on_readd)) {
      revive(before);
    }
    return std::span<const std::byte>{log_};
  }

  [[nodiscard]] result<state::receipt> accept_as_planted(std::span<const std::byte> frame, instant_t now) {
    const bool readable = edit_.read(frame);
    if (on(defect::dominated_clock_shortcut) && readable && dominated()) {
      return state::receipt{};  // my clock dominates theirs: there is nothing new
    }
    std::vector<std::byte> changed;
    if (readable && on(defect::vector_without_dots)) {
      for (auto& run : edit_.covers) {
        run.first = 1;  // a vector knows no gaps
      }
      changed = edit_.bytes();
    }
    if (readable && on(defect::tie_without_bytes)) {
      keep_mine();
      changed = edit_.bytes();
    }
    if (readable && on(defect::shallow_copy_context)) {
      std::erase_if(edit_.records, [this](const auto& r) { return !replica_.store().contains(r.who, r.n) && shared_->contains(r); });
      changed = edit_.bytes();
    }
    result<state::receipt> got = replica_.accept(changed.empty() ? frame : std::span<const std::byte>{changed}, now);
    if (!got) {
      return refused(got.error(), frame, now);
    }
    if (readable && on(defect::shallow_copy_context)) {
      shared_->seen.insert(shared_->seen.end(), edit_.covers.begin(), edit_.covers.end());
    }
    if (readable && on(defect::far_dot_allocates)) {
      for (const auto& run : edit_.covers) {
        hoarded_ += run.first > 1'000'000 ? static_cast<std::size_t>(run.first / 8) : 0;  // one bit for each event before it
      }
    }
    return got;
  }

  template <typename Answer>
  [[nodiscard]] Answer counted(Answer got) {
    if (got || got.error() == errc::absent) {
      return got;
    }
    if (!on(defect::refusals_uncounted)) {
      counters_.count(got.error());
    }
    if (on(defect::new_life_when_refused)) {
      splitmix64 chance{number_};
      (void)replica_.as_new_life(chance);
    }
    return got;
  }

  /// What copies of a replica share when copying is shallow.
  struct bookkeeping {
    std::vector<frame_edit::run> seen{};
    [[nodiscard]] bool contains(const frame_edit::record& r) const {
      return std::any_of(seen.begin(), seen.end(),
                         [&r](const auto& run) { return run.who == r.who && run.first <= r.n && r.n <= run.last; });
    }
  };

  /// Everything as it lies in memory, the right to write included: what a flash tool does.
  void take(const planted_board& other) {
    std::memcpy(static_cast<void*>(&replica_), static_cast<const void*>(&other.replica_), sizeof(Replica));
    cleared_ = other.cleared_;
    shared_ = other.shared_;
    hoarded_ = other.hoarded_;
    counters_ = other.counters_;
    set_back_ = other.set_back_;
  }

  /// The operation happens on a second memory; what it wrote is changed, and then joined here.
  template <typename F>
  [[nodiscard]] result<std::span<const std::byte>> mutate_otherwise(F&& f, wall_ms wall) {
    auto other = std::make_unique<planted_board>(*this);
    Replica& there = other->replica_;
    const auto delta = f(there);
    if (!delta) {
      return delta.error();
    }
    if (!edit_.read(delta.value().bytes())) {
      return errc::corrupt;
    }
    const state::actor self = on(defect::next_dot_from_prefix) ? replica_.self() : there.self();
    const std::uint64_t wrote = there.store().next(there.self()) - 1;
    number_ = wrote;
    if (on(defect::next_dot_from_prefix)) {
      number_ = replica_.store().context().prefix(replica_.store().actors().find(self)) + 1;
    }
    std::erase_if(edit_.covers, [&](const auto& run) { return run.who == there.self() && run.first == wrote; });
    for (auto& run : edit_.covers) {
      run.last = run.who == there.self() && run.last == wrote ? wrote - 1 : run.last;
    }
    edit_.covers.push_back({self, number_, number_});
    stamp_ = there.clock().last();
    for (auto& r : edit_.records) {
      if (on(defect::clock_follows_back_step) && (r.kind & state::kinds::stamped) != 0) {
        r.at = stamp_ = state::stamp{wall.value, 0};
      }
      r.who = self;
      r.n = number_;
    }
    log_ = edit_.bytes();
    if (on(defect::clock_follows_back_step)) {
      // Who it is, and its clock, as they became; the record as it should not be.
      std::memcpy(static_cast<void*>(&replica_), static_cast<const void*>(&there), sizeof(Replica));
      return std::span<const std::byte>{log_};
    }
    const auto joined = replica_.accept(log_, instant_t{});
    return joined ? result<std::span<const std::byte>>{std::span<const std::byte>{log_}} : result<std::span<const std::byte>>{errc::full};
  }

  [[nodiscard]] bool dominated() const {
    return std::all_of(edit_.covers.begin(), edit_.covers.end(), [this](const auto& run) {
      return state::no_actor != replica_.store().actors().find(run.who) && run.last < replica_.store().next(run.who);
    });
  }

  template <typename F>
  void for_each_record(F&& f) const {
    replica_.store().for_each_key([&](auto slot) {
      std::array<char, 128> text{};
      const std::size_t length =
          skerry::testing::detail::replica_schema<Replica>::schema::write_text(replica_.store().key(slot), std::span<char>{text});
      const std::string key{text.data(), length};
      replica_.store().records(slot).for_each([&](const state::record_view& r) { f(key, r); });
    });
  }
  [[nodiscard]] std::set<std::string> keys() const {
    std::set<std::string> all;
    for_each_record([&all](const std::string& key, const state::record_view& r) {
      if (r.kind == state::kinds::aw_set) {
        all.insert(key);
      }
    });
    return all;
  }
  [[nodiscard]] static frame_edit::record copy_of(const std::string& key, const state::record_view& r) {
    return {key, r.who, r.n, r.at, r.kind, {r.payload.begin(), r.payload.end()}};
  }
  [[nodiscard]] static bool same(const frame_edit::record& a, const state::record_view& b) { return a.who == b.who && a.n == b.n; }

  /// On a tie of everything but the bytes, what was here first stays.
  void keep_mine() {
    for_each_record([this](const std::string& key, const state::record_view& mine) {
      for (auto& r : edit_.records) {
        if (same(r, mine) && r.at == mine.at) {
          r = copy_of(key, mine);
        }
      }
    });
  }
  /// Puts the records that are here and that the frame would kill into it.
  void keep_live() {
    for_each_record([this](const std::string& key, const state::record_view& mine) {
      if (std::none_of(edit_.records.begin(), edit_.records.end(), [&mine](const auto& r) { return same(r, mine); })) {
        edit_.records.push_back(copy_of(key, mine));
        edit_.covers.push_back({mine.who, mine.n, mine.n});
      }
    });
  }

  [[nodiscard]] result<state::receipt> refused(errc why, std::span<const std::byte> frame, instant_t now) {
    if (on(defect::length_trusted) && (why == errc::corrupt || why == errc::truncated)) {
      // Reads on behind the end as far as the lengths say; what lies there is zero.
      for (std::size_t behind = 4; behind < 200; ++behind) {
        std::vector<std::byte> longer(frame.begin(), frame.end());
        longer.resize(frame.size() + behind);
        byte_writer out{std::span{longer}.last(4)};
        out.u32(skerry::crc32c(std::span{longer}.first(longer.size() - 4)));
        if (const auto got = replica_.accept(longer, now); got) {
          return got;
        }
      }
    }
    if (!edit_.read(frame)) {
      return why;
    }
    if (on(defect::quarantine_advances_context) && why == errc::clock_ahead) {
      std::erase_if(edit_.records, [this](const auto& r) { return !replica_.store().contains(r.who, r.n); });
      keep_live();
      (void)replica_.accept(edit_.bytes(), now);
    }
    if (on(defect::half_join_when_full) && why == errc::full) {
      for (bool taken = false; !taken && !edit_.records.empty();) {
        edit_.records.pop_back();
        taken = static_cast<bool>(replica_.accept(edit_.bytes(), now));
      }
    }
    if (on(defect::exceptions_guessed_on_overflow) && why == errc::full && replica_.lacking() == state::resource::ranges) {
      for (auto& run : edit_.covers) {
        run.first = 1;
      }
      keep_live();
      const auto bytes = edit_.bytes();
      return bytes.empty() ? result<state::receipt>{why} : replica_.accept(bytes, now);
    }
    return why;
  }

  /// The elements that were cleared are kept aside, and come back with the next one that is added beside them.
  void revive(const std::set<std::string>& before) {
    const std::set<std::string> after = keys();
    std::vector<std::string> gone;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
    if (gone.size() > 1) {
      cleared_.insert(gone.begin(), gone.end());
    }
    const auto below = [](const std::string& key) { return key.substr(0, key.rfind('/')); };
    for (const std::string& key : after) {
      if (before.count(key) != 0 || gone.size() > 0) {
        continue;
      }
      for (const std::string& inner : cleared_) {
        if (below(inner) == below(key) && inner != key) {
          frame_edit again;
          const std::uint64_t n = replica_.store().next(replica_.self());
          again.covers.push_back({replica_.self(), n, n});
          again.records.push_back({inner, replica_.self(), n, {}, state::kinds::aw_set, {}});
          raw_join(again);
        }
      }
      cleared_.clear();
      break;
    }
  }
  /// Joins without asking whose it is: its own next number comes from itself.
  void raw_join(const frame_edit& what) {
    auto other = std::make_unique<Replica>(replica_);  // cannot write, so it does not take its own name for a clone's
    (void)other->accept(what.bytes(), instant_t{});
    (void)replica_.join(*other);
  }

  frame_edit edit_{};
  std::vector<std::byte> log_{};
  std::set<std::string> cleared_{};
  std::shared_ptr<bookkeeping> shared_ = std::make_shared<bookkeeping>();
  Replica replica_{};
  std::size_t hoarded_ = 0;
  state::replica_counters counters_{};
  std::uint64_t number_ = 0;
  state::stamp stamp_{};
  bool set_back_ = false;
};

}  // namespace skerry_sim
