// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/history_oracle.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing::detail {

/// What a store may hold for somebody who knows a part of a history, however long that was.
struct memory_bound {
  std::size_t actors = 0;
  std::size_t keys = 0;
  std::size_t records = 0;
};

/// Counts it: a record for each value that nothing has taken the place of, one for each actor or contributor whose statements add up, one
/// where a policy has one winner for ever.
///
/// Cost  O(operations known); uses the heap
class memory_law {
 public:
  template <typename Schema>
  [[nodiscard]] memory_bound of(const history_oracle& oracle, const knowledge& known) {
    memory_bound most;
    who_.clear();
    // Whoever has written: a delta names also the events that it takes the place of, heard of or not.
    for (const operation& op : oracle.operations()) {
      if (who_.empty() || !(who_.back() == op.who)) {
        note(who_, op.who);
      }
    }
    most.actors = who_.size();
    for (std::uint16_t p = 0; p < Schema::size; ++p) {
      Schema::visit(p, [&]<typename P>() {
        using model = path_model<P>;
        for (unsigned args = 0; args < 1U << model::places; ++args) {
          for (unsigned element = 0; element < (model::is_set ? model::elements : 1); ++element) {
            const std::size_t records = at<P>(oracle, known, model::key(p, args, element));
            most.records += records;
            most.keys += records > 0 ? 1 : 0;
          }
        }
      });
    }
    return most;
  }

 private:
  template <typename P>
  [[nodiscard]] std::size_t at(const history_oracle& oracle, const knowledge& known, std::uint32_t key) {
    using policy = typename P::policy;
    constexpr bool one_winner = state::detail::has_obsolete<policy> && (!policy::removable || state::detail::is_permanent<P>());
    std::size_t values = 0;
    std::size_t resets = 0;
    bool rows = false;
    oracle.live(known, key).for_each([&values](std::size_t) { ++values; });
    who_.clear();
    whose_.clear();
    gifts_.clear();
    for (const op_role role : {op_role::share, op_role::gift, op_role::row, op_role::reset}) {
      oracle.all(known, key, role).for_each([&](std::size_t i) {
        const operation& op = oracle.operations()[i];
        resets += role == op_role::reset ? 1 : 0;
        rows = rows || role == op_role::row;
        if (role == op_role::row) {
          note(whose_, op.whose);
        } else if (role == op_role::gift) {
          note(gifts_, std::pair{op.who, op.to});
        } else {
          note(who_, op.who);
          op.covers.for_each([&](std::size_t old) { note(who_, oracle.operations()[old].who); });  // whom a reset takes back
        }
      });
    }
    if (rows && !one_winner) {
      return ~std::size_t{0} / 4096;  // a policy of the user's own, of which nothing is known
    }
    return (one_winner ? std::min<std::size_t>(values, 1) : values) + who_.size() * (1 + resets) + gifts_.size() + whose_.size();
  }
  template <typename T>
  static void note(std::vector<T>& list, const T& what) {
    if (std::find(list.begin(), list.end(), what) == list.end()) {
      list.push_back(what);
    }
  }

  std::vector<state::actor> who_{};
  std::vector<std::uint64_t> whose_{};
  std::vector<std::pair<state::actor, state::actor>> gifts_{};
};

}  // namespace skerry::inline v0::testing::detail
