// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: overlap
#include <skerry/state/lww.hpp>
#include <skerry/state/scoped_replica.hpp>

struct level {
  static constexpr skerry::state::path at{"level/{line}"};
  using policy = skerry::state::lww<int>;
};
struct other {
#ifdef SKERRY_CONTROL
  static constexpr skerry::state::path at{"heat/{line}"};
#else
  static constexpr skerry::state::path at{"level/{place}"};
#endif
  using policy = skerry::state::lww<int>;
};
struct press {
  static constexpr std::string_view name = "press";
  using paths = skerry::state::schema<level>;
};
struct oven {
  static constexpr std::string_view name = "oven";
  using paths = skerry::state::schema<other>;
};

int main() {
  skerry::state::scoped_replica<press, oven> r;
  return r.read<level>(1) ? 1 : 0;
}
