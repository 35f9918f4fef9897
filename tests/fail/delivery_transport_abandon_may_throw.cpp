// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: noexcept
#include <skerry/delivery/transport.hpp>

using namespace skerry::delivery;

struct link_of_mine {
  using code = int;
  skerry::status start(endpoint_id, send_token, const item_view&, attempt_info) noexcept { return {}; }
#ifdef SKERRY_CONTROL
  void abandon(send_token) noexcept {}
#else
  void abandon(send_token) {}
#endif
  outcome classify(code) noexcept { return outcome::ok; }
};

template <transport Link>
int use(Link&) {
  return 0;
}

int main() {
  link_of_mine link;
  return use(link);
}
