// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/memory_store.hpp>

#include <fmt/core.h>

using namespace skerry::delivery;
using node = courier<std::uint32_t, memory_store<4096>, courier_limits{{1, 16, 32}, 2, 4}>;
static const courier_config<std::uint32_t> two{.box = {.quota_bytes = 512, .quota_items = 16}, .endpoints = 2};
static memory_store<4096> memory;
static std::uint32_t now = 0;  // milliseconds; yours may wrap

struct two_paths {  // yours begins to send; this one answers at once
  using code = int;
  node* to;
  bool up[2] = {true, true}, good = true;
  std::uint64_t replayed = 0;
  skerry::status start(endpoint_id e, send_token token, const item_view& item, attempt_info info) noexcept {
    if (!up[e.value]) return skerry::errc::unavailable;
    if (!info.probe && item.historical) good = item.id.seq == ++replayed + 2 && good;  // numbers 1 and 2 went at once
    return to->on_result(token, {outcome::ok}, now), skerry::status{};
  }
  void abandon(send_token) noexcept {}
  outcome classify(code) const noexcept { return outcome::transient; }
};

int main() {
  const std::byte serial[]{std::byte{7}}, reading[]{std::byte{42}};
  auto opened = node::open(memory, two, device_seed{serial, 1}, {0, {}, false});  // serial number and boot counter
  two_paths link{&opened.value()};
  const auto told = [](const action<std::uint32_t>& a) {
    puts(a.why != skerry::errc::ok ? "stored (unavailable)" : a.endpoint.value == 0 ? "sent by primary" : "primary refused: fallback 1");
  };
  for (int i = 0; i < 5; ++i) {  // the third is stored when both have failed, those behind it at once
    link.up[0] = i == 0, link.up[1] = i <= 1;
    if (drive_tick(*link.to, link, now); !link.to->send(reading, {}, now)) return 1;
    drive_tick(*link.to, link, now, told);
  }
  puts("link back");
  for (link.up[0] = true; link.to->queued() > 0 && now < 600'000; now += 10) drive_tick(*link.to, link, now);
  const delivery_counters& n = link.to->counters();
  fmt::print("replayed {} {}\nproduced {} = delivered {} + dropped {} + queued {}\n", link.replayed,
             link.good ? "in order, marked historical" : "OUT OF ORDER", n.produced, n.delivered, n.dropped_total(), link.to->queued());
  return link.good && n.produced == n.delivered + n.dropped_total() + link.to->queued() ? 0 : 1;
}
