// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: removable
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

struct starts {
  static constexpr skerry::state::path at{"starts"};
#ifdef SKERRY_CONTROL
  using policy = skerry::state::lww<int>;
#else
  using policy = skerry::state::counter;
#endif
};

int main() {
  skerry::state::replica<skerry::state::schema<starts>> r;
  return r.remove<starts>() ? 1 : 0;
}
