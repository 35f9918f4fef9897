// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: one argument for each placeholder of the path
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

struct oil {
  static constexpr skerry::state::path at{"reported/oil/{sensor}"};
  using policy = skerry::state::lww<double>;
};

int main() {
  skerry::state::replica<skerry::state::schema<oil>> r;
#ifdef SKERRY_CONTROL
  return r.write<oil>(1.0, skerry::wall_ms{1}, 7) ? 1 : 0;
#else
  return r.write<oil>(1.0, skerry::wall_ms{1}) ? 1 : 0;
#endif
}
