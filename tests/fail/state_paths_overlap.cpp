// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: two paths of this schema overlap
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/schema.hpp>

namespace state = skerry::state;

struct sensor {
  static constexpr state::path at{"reported/{sensor}"};
  using policy = state::lww<double>;
};
struct oil {
#ifdef SKERRY_CONTROL
  static constexpr state::path at{"counted/oil"};
#else
  static constexpr state::path at{"reported/oil"};
#endif
  using policy = state::counter;
};

int main() { return state::schema<sensor, oil>::size == 2 ? 0 : 1; }
