// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "fuzz/fuzz.hpp"

#include "../../examples/08_gateway/messages.hpp"

#include <algorithm>
#include <array>

// What a region takes from a link: an accepted message is what the gateway writes.
namespace {

template <typename Message>
void same_again(const Message& m, skerry_fuzz::bytes in) {
  std::array<std::byte, 8192> memory{};
  skerry::byte_writer out{memory};
  FUZZ_REQUIRE(gateway::encode(m, out));
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  if (const auto summary = gateway::decode_summary(in)) {
    same_again(*summary, in);
  }
  if (const auto alarm = gateway::decode_alarm(in)) {
    same_again(*alarm, in);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  std::array<std::byte, 200> memory{};
  gateway::summary_message summary;
  summary.machine = 3;
  for (int c = 0; c < 3; ++c) {
    gateway::channel_moments m;
    for (int i = 0; i < 5; ++i) {
      (void)m.observe(i * 0.5 - c);
    }
    summary.channels.push_back(m);
  }
  skerry::byte_writer s{memory};
  FUZZ_REQUIRE(gateway::encode(summary, s));
  out.add("summary", s.written());
  skerry::byte_writer a{memory};
  FUZZ_REQUIRE(gateway::encode(gateway::alarm_message{2, 17, true, 1767225600000}, a));
  out.add("alarm", a.written());
}
