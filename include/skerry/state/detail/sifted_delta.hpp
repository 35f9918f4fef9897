// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state::detail {

/// What becomes of a record of a delta.
enum class sifting : std::uint8_t {
  take,  ///< it is joined
  hold,  ///< it stays out, and its event stays unseen: it will be offered again
  drop,  ///< it stays out for ever: its event counts as seen
};

/// How many new records of a delta were not joined.
struct sifted_out {
  std::size_t held = 0;     ///< they will come in later, or be offered again
  std::size_t refused = 0;  ///< they count as seen
};

[[nodiscard]] constexpr bool same_key(const key_ref& a, const key_ref& b) noexcept {
  if (a.path != b.path || a.args.size() != b.args.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.args.size(); ++i) {
    if (a.args[i] != b.args[i]) {
      return false;
    }
  }
  return true;
}

/// The events that a delta covers include one.
template <typename Context>
[[nodiscard]] constexpr bool covers_event(const Context& context, const actor& who, std::uint64_t n) noexcept {
  for (const auto& run : context.runs()) {
    if (run.first <= n && n <= run.last && context.actors()[run.who] == who) {
      return true;
    }
  }
  return false;
}

/// A delta without some of its records, as another delta that can be joined.
///
/// What a record that stays out took the place of must not die for it: its key keeps the records that it has here. And since a frame
/// does not say which record took the place of which event, an event that is neither known here nor held by the frame stays unseen:
/// who passed on that it is dead, without what replaced it, would take it from those who have it.
/// judge    `judge(const incoming&, const actor&) -> sifting`, the same answer whenever it is asked
/// Cost     two walks over the delta and one for each key with a record that stays out; 16 A + 24 (A + R) bytes
/// Errors   `full` when the events left do not fit into the runs that a delta may have
template <typename Delta, typename Store, typename Judge>
class sifted_delta {
 public:
  constexpr sifted_delta(const Delta& all, const Store& store, const Judge& judge) noexcept : all_{&all}, store_{&store}, judge_{&judge} {
    const auto& covers = all.context();
    for (const auto& run : covers.runs()) {
      const actor& who = covers.actors()[run.who];
      if (const actor_ref ref = store.actors().find(who); ref != no_actor) {
        store.context().for_each(ref, [&](const auto& known) {
          const std::uint64_t first = known.first > run.first ? known.first : run.first;
          const std::uint64_t last = known.last < run.last ? known.last : run.last;
          if (first <= last) {
            note(covers_.append(who, first, last));
          }
        });
      }
    }
    all.for_each([&](const incoming& in) {
      const actor& who = covers.actors()[in.who];
      if (judge(in, who) != sifting::hold && !store.contains(who, in.n)) {
        note(covers_.insert(who, in.n));
      }
    });
  }

  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  [[nodiscard]] constexpr const auto& context() const noexcept { return covers_; }
  template <typename F>
  constexpr void for_each(F&& f) const {
    const auto& covers = all_->context();
    all_->for_each([&](const incoming& in) {
      const actor& who = covers.actors()[in.who];
      if ((*judge_)(in, who) == sifting::take) {
        incoming mine = in;
        mine.who = position(who);
        f(static_cast<const incoming&>(mine));
      }
    });
    for_each_kept([&](const key_ref& key, const record_view& r) { f(incoming{key, position(r.who), r.n, r.at, r.kind, r.payload, 1}); });
  }
  /// Calls `f(key, record)` for the live records that the delta would have taken away for records that stay out.
  template <typename F>
  constexpr void for_each_kept(F&& f) const {
    typename Store::index last = Store::none;
    all_->for_each([&](const incoming& in) {
      const actor& who = all_->context().actors()[in.who];
      if ((*judge_)(in, who) == sifting::take) {
        return;
      }
      const typename Store::index slot = store_->find(in.key);
      if (slot != Store::none && slot != last) {
        last = slot;
        store_->records(slot).for_each([&](const record_view& r) {
          if (covers_event(all_->context(), r.who, r.n) && !taken(in.key, r)) {
            f(in.key, r);
          }
        });
      }
      // Another content of an event that lives here, under another key even: somebody is cloned.
      const typename Store::index other = store_->slot_of(who, in.n);
      if (other != Store::none && other != slot) {
        const key_ref key = store_->key(other);
        store_->records(other).for_each([&](const record_view& r) {
          if (r.n == in.n && r.who == who && !taken(key, r)) {
            f(key, r);
          }
        });
      }
    });
  }

 private:
  constexpr void note(status s) noexcept { error_ = error_ == errc::ok ? s.error() : error_; }
  [[nodiscard]] constexpr actor_ref position(const actor& who) const noexcept {
    const auto actors = covers_.actors();
    std::size_t low = 0;
    std::size_t high = actors.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (actors[middle] < who) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return static_cast<actor_ref>(low);
  }
  [[nodiscard]] constexpr bool taken(const key_ref& key, const record_view& r) const {
    bool found = false;
    all_->for_each([&](const incoming& in) {
      const actor& who = all_->context().actors()[in.who];
      found = found || (in.n == r.n && who == r.who && same_key(in.key, key) && (*judge_)(in, who) == sifting::take);
    });
    return found;
  }

  const Delta* all_;
  const Store* store_;
  const Judge* judge_;
  errc error_ = errc::ok;
  typename Store::cover_type covers_{};
};

}  // namespace skerry::inline v0::state::detail
