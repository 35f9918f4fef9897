// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: averaging two averages is not a join: contribute rows, and fold over all of them
#include <skerry/state/contribution.hpp>

struct average {
  using row_type = double;
  using value_type = double;
  static constexpr unsigned char kind = skerry::state::kinds::users;
#ifdef SKERRY_CONTROL
  template <typename Rows>
  static skerry::result<double> fold(const Rows& rows) {
    double sum = 0;
    rows.for_each([&sum](const auto& row) { sum += row.value; });
    return sum;
  }
#else
  static double merge(double a, double b) { return (a + b) / 2; }
#endif
};

int main() { return skerry::state::fold_of<average>::removable ? 1 : 0; }
