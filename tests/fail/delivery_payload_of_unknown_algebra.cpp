// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: this payload does not say what happens when it arrives twice
#include <skerry/delivery/route.hpp>

using namespace skerry::delivery;

struct reading {
  double value = 0;
#ifdef SKERRY_CONTROL
  using algebra = skerry::joins;
  void join(const reading& other) { value = other.value > value ? other.value : value; }
#endif
};

int main() {
  route<at_least_once>::check<reading>();
  return 0;
}
