// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: removable
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

struct banned {
  static constexpr skerry::state::path at{"banned"};
#ifdef SKERRY_CONTROL
  using policy = skerry::state::aw_set<int, 8>;
#else
  using policy = skerry::state::rw_set<int, 8>;  // its marks must stay
#endif
};

int main() {
  skerry::state::replica<skerry::state::schema<banned>> r;
  return r.clear<banned>() ? 1 : 0;
}
