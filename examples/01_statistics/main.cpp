// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/stats.hpp>

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <vector>

struct gateway {
  skerry::stats::moments<> level;
  skerry::stats::kll<float, 200> latency;
};

int main() {
  fmt::print("two gateways, half a million request times each, in {} bytes a gateway\n", sizeof(gateway));
  gateway nodes[2] = {{{}, skerry::stats::kll<float, 200>{1}}, {{}, skerry::stats::kll<float, 200>{2}}};  // a seed for each
  std::vector<float> all;                                                                                 // kept only to know the truth
  skerry::splitmix64 random{42};
  bool held = true;
  for (int i = 0; i < 1000000; ++i) {
    all.push_back(static_cast<float>(skerry::math::exp(skerry::normal(random))));
    gateway& node = nodes[i % 2];
    held = held && node.level.observe(all.back()) && node.latency.observe(all.back());
  }
  auto& [level, latency] = nodes[0];
  level.merge(nodes[1].level);
  latency.merge(nodes[1].latency);
  std::sort(all.begin(), all.end());
  fmt::print("mean {:.3f} ms, sd {:.3f}, skewness {:.2f} of {} values\n", level.mean().value(), level.stddev().value(),
             level.skewness().value(), level.count());
  for (const double rank : {0.5, 0.9, 0.99}) {
    const float got = latency.quantile(rank).value();
    const double true_rank = static_cast<double>(std::upper_bound(all.begin(), all.end(), got) - all.begin()) / 1e6;
    held = held && true_rank >= rank - latency.rank_error() && true_rank <= rank + latency.rank_error();
    fmt::print("p{:.0f} {:.3f} ms, which is p{:.2f}\n", 100 * rank, got, 100 * true_rank);
  }
  std::array<std::byte, skerry::stats::kll<float, 200>::max_encoded_size> image{};
  skerry::byte_writer out{image};
  held = held && latency.encode(out);
  fmt::print("the merged sketch travels in {} bytes and {} its bound of {:.2f} % in rank\n", out.written().size(), held ? "held" : "BROKE",
             100 * latency.rank_error());
  return held ? 0 : 1;
}
