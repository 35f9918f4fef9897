// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: remove
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

struct banned {
  static constexpr skerry::state::path at{"banned"};
  using policy = skerry::state::rw_set<int, 8>;
};

int main() {
  skerry::state::replica<skerry::state::schema<banned>> r;
#ifdef SKERRY_CONTROL
  return r.remove<banned>(1) ? 1 : 0;
#else
  return r.remove<banned>() ? 1 : 0;
#endif
}
