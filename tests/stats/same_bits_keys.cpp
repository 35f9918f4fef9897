// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/stats/frequent_items.hpp>
#include <skerry/stats/hll.hpp>
#include <skerry/stats/theta.hpp>

#include "same_bits/same_bits.hpp"

#include <array>
#include <string_view>

namespace {

using namespace skerry::stats;
using skerry_test::bit_hash;
using skerry_test::bits_of;

template <typename S>
void add(bit_hash& h, const S& s) {
  static std::array<std::byte, S::max_encoded_size> image{};
  skerry::byte_writer out{image};
  (void)s.encode(out);
  h.add(out.written());
}

/// Every kind of key, one by one and in blocks, in growing numbers; joined and read back.
template <typename S>
void drive_keys(bit_hash& h) {
  skerry::splitmix64 random{21};
  static S all;
  static S part;
  all.clear();
  const std::array<std::string_view, 3> names{"", "pump", "a longer name of a key"};
  for (int round = 0; round < 9; ++round) {
    part.clear();
    for (int i = 0; i < 5 << round; ++i) {
      (void)part.observe(static_cast<std::int64_t>(random() % 5000));
      (void)part.observe(skerry::normal(random));
    }
    (void)part.observe(names[static_cast<std::size_t>(round % 3)]);
    const std::array<std::int64_t, 3> keys{1, -5, static_cast<std::int64_t>(random())};
    (void)part.observe(keys);
    const std::array<double, 2> reals{-0.0, 0.5};
    (void)part.observe(reals);
    for (int sigmas = 0; sigmas <= 3; ++sigmas) {
      h.add(part.lower_bound(sigmas));
      h.add(part.upper_bound(sigmas));
    }
    add(h, part);
    all.join(part);
    h.add(all.estimate());
    add(h, all);
  }
}
const bits_of distinct_4{"stats.hll.4", &drive_keys<hll<4>>};
const bits_of distinct_10{"stats.hll.10", &drive_keys<hll<10>>};
const bits_of sampled_4{"stats.theta.4", &drive_keys<theta<4>>};
const bits_of sampled_9{"stats.theta.9", &drive_keys<theta<9>>};

const bits_of set_operations{"stats.theta.sets", [](bit_hash& h) {
                               theta<6> a;
                               theta<6> b;
                               for (int i = 0; i < 3000; ++i) {
                                 (void)a.observe(i);
                                 (void)b.observe(2 * i);
                               }
                               for (const auto& s : {theta_union(a, b), theta_intersection(a, b), theta_a_not_b(a, b)}) {
                                 add(h, s);
                                 h.add(s.estimate());
                                 h.add(s.lower_bound(2));
                               }
                             }};

const bits_of heavy{"stats.frequent_items", [](bit_hash& h) {
                      skerry::splitmix64 random{22};
                      frequent_items<std::int64_t, 6> all;
                      frequent_items<skerry::inplace_string<8>, 4> texts;
                      for (int round = 0; round < 6; ++round) {
                        frequent_items<std::int64_t, 6> part;
                        for (int i = 0; i < 400 << round; ++i) {
                          const auto item = static_cast<std::int64_t>(1 / (1 - skerry::uniform01(random)));
                          (void)part.observe(item, 1 + random() % 3);
                          const auto letter = static_cast<char>('a' + item % 26);
                          (void)texts.observe(std::string_view{&letter, 1});
                        }
                        add(h, part);
                        all.merge(part);
                        add(h, all);
                        add(h, texts);
                        std::array<frequent_items<std::int64_t, 6>::row, 5> top{};
                        h.add(static_cast<double>(all.frequent(top)));
                        h.add(static_cast<double>(top[1].item));
                        h.add(static_cast<double>(top[1].upper));
                      }
                    }};

}  // namespace
