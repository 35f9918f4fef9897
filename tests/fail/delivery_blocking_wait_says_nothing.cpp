// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: waiter_for
#include <skerry/delivery/drive_blocking.hpp>
#include <skerry/delivery/memory_store.hpp>

using namespace skerry::delivery;

struct link_of_mine {
  using code = int;
  skerry::status start(endpoint_id, send_token, const item_view&, attempt_info) noexcept { return {}; }
  void abandon(send_token) noexcept {}
  outcome classify(code) noexcept { return outcome::ok; }
};

using tick = std::uint32_t;
using node = courier<tick, memory_store<4096>, courier_limits{outbox_limits{1, 4, 32}, 1, 1}>;

void serve(node& it, link_of_mine& link) {
#ifdef SKERRY_CONTROL
  const auto wait = [](skerry::deadline<tick>) { return false; };
#else
  const auto wait = [](skerry::deadline<tick>) {};
#endif
  drive_blocking(
      it, link, [] { return tick{0}; }, wait);
}

int main() { return 0; }
