// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: resettable_policy
#include <skerry/state/counter.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/reset_counter.hpp>

struct parts {
  static constexpr skerry::state::path at{"parts"};
#ifdef SKERRY_CONTROL
  using policy = skerry::state::reset_counter;
#else
  using policy = skerry::state::pn_counter;
#endif
};

int main() {
  skerry::state::replica<skerry::state::schema<parts>> r;
  return r.reset<parts>() ? 1 : 0;
}
