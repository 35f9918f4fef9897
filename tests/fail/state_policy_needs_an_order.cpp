// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: needs its deltas in an order that Limits::links does not promise
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

struct in_turn : skerry::state::lww<int> {
#ifndef SKERRY_CONTROL
  static constexpr skerry::state::delivery_need need = skerry::state::delivery_need::fifo;
#endif
};
struct level {
  static constexpr skerry::state::path at{"level"};
  using policy = in_turn;
};

int main() {
  skerry::state::replica<skerry::state::schema<level>> r;
  return r.read<level>() ? 1 : 0;
}
