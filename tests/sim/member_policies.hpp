// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"

#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace skerry_sim {

namespace state = skerry::state;
using skerry::errc;

/// After how many operations of the whole fleet each event was done: what those believe in who let traces go by their age.
inline std::map<std::pair<state::actor, std::uint64_t>, std::size_t>& wrote() {
  static std::map<std::pair<state::actor, std::uint64_t>, std::size_t> births;
  return births;
}

/// Takes for stable what not everybody has.
template <typename View>
class hasty_view {
 public:
  constexpr explicit hasty_view(const View& view) noexcept : view_{&view} {}
  [[nodiscard]] bool stable(const state::actor& who, std::uint64_t n) const {
    if (on(defect::ttl_collects)) {
      const auto at = wrote().find({who, n});
      return at != wrote().end() && at->second + 12 < wrote().size();
    }
    return true;
  }
  [[nodiscard]] constexpr bool member(const state::actor& who) const { return view_->member(who); }
  [[nodiscard]] constexpr bool finished(const state::actor& who) const { return view_->finished(who); }
  [[nodiscard]] constexpr bool inherited(const state::actor& who) const { return view_->inherited(who); }
  [[nodiscard]] constexpr bool keeps(const state::actor& who) const { return view_->keeps(who); }
  [[nodiscard]] constexpr std::uint64_t last(const state::actor& who) const { return view_->last(who); }

 private:
  const View* view_;
};

/// An edit that forgets to take the place of what it writes again.
template <typename Edit>
class adding_edit {
 public:
  constexpr explicit adding_edit(Edit& edit) noexcept : edit_{&edit} {}
  [[nodiscard]] constexpr decltype(auto) records() const noexcept { return edit_->records(); }
  [[nodiscard]] constexpr const state::actor& self() const noexcept { return edit_->self(); }
  [[nodiscard]] constexpr std::uint64_t number() const noexcept { return edit_->number(); }
  constexpr void supersede(const state::record_view&) const noexcept {}
  template <typename Encode>
  [[nodiscard]] constexpr skerry::status put(Encode&& encode) {
    return edit_->put(encode);
  }

 private:
  Edit* edit_;
};

/// The policies of the fleet: the library's, or with a defect what somebody could have written instead.
struct member_counter : state::pn_counter {
  template <typename Edit, typename View>
  [[nodiscard]] static constexpr skerry::status fold(Edit& edit, const View& view) {
    if (!on(defect::retire_counts_twice)) {
      return state::pn_counter::fold(edit, view);
    }
    bool done = false;
    edit.records().for_each([&](const state::record_view& r) { done = done || (r.who == edit.self() && !is_row(r)); });
    if (done) {
      return {};
    }
    adding_edit<Edit> careless{edit};
    return state::pn_counter::fold(careless, view);
  }
  [[nodiscard]] static bool obsolete(const state::record_view& r, const state::record_view& by) noexcept {
    if (on(defect::retire_counts_twice) && !(is_row(r) && is_row(by))) {
      return false;
    }
    return state::pn_counter::obsolete(r, by);
  }
};

struct member_reset_counter : state::reset_counter {
  template <typename Drop, typename Records, typename View>
  static constexpr void collect(Drop& drop, const Records& records, const View& view) {
    if (on(defect::reset_base_collected_early)) {
      state::reset_counter::collect(drop, records, hasty_view<View>{view});
    } else {
      state::reset_counter::collect(drop, records, view);
    }
  }
};

struct member_set : state::rw_set<int, 4> {
  template <typename Drop, typename Records, typename View>
  static constexpr void collect(Drop& drop, const Records& records, const View& view) {
    if (on(defect::remove_mark_collected_unstable) || on(defect::ttl_collects)) {
      state::rw_set<int, 4>::collect(drop, records, hasty_view<View>{view});
    } else {
      state::rw_set<int, 4>::collect(drop, records, view);
    }
  }
};

}  // namespace skerry_sim
