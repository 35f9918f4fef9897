// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: this payload is merged, and merging it twice counts twice, but this route may deliver twice
#include <skerry/delivery/route.hpp>

using namespace skerry::delivery;

struct sum {
  using algebra = skerry::merges;
  void merge(const sum& other) { n += other.n; }
  int n = 0;
};

int main() {
#ifdef SKERRY_CONTROL
  route<at_least_once, deduped<64>>::check<sum>();
  route<at_most_once>::check<sum>();
#else
  route<at_least_once>::check<sum>();
#endif
  return 0;
}
