// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: averaging two averages is not a join: contribute rows, and fold over all of them
#include <skerry/state/contribution.hpp>

struct average {
  using row_type = double;
  using value_type = double;
  static constexpr unsigned char kind = skerry::state::kinds::users;
  template <typename Rows>
  static skerry::result<double> fold(const Rows& rows) {
    return rows.size() == 0 ? skerry::result<double>{skerry::errc::absent} : skerry::result<double>{1.0};
  }
#ifndef SKERRY_CONTROL
  double operator()(double a, double b) const { return (a + b) / 2; }
#endif
};

int main() { return skerry::state::fold_of<average>::removable ? 1 : 0; }
