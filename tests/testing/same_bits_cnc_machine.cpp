// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/cnc_machine.hpp>

#include "same_bits/same_bits.hpp"

namespace {

using namespace skerry::testing;
using skerry_test::bit_hash;
using skerry_test::bits_of;

const bits_of machine{"testing.cnc_machine", [](bit_hash& h) {
                        const scenario_entry faults[] = {parse_scenario("bearing_outer@3:0.6").value(),
                                                         parse_scenario("imbalance@5:0.5").value(),
                                                         parse_scenario("sensor_dropout@8:0.5").value()};
                        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
                          cnc_machine m = cnc_machine::create(cnc_profile::hall, seed, 2, faults).value();
                          for (std::uint64_t k = 0; k < 300; ++k) {
                            const cnc_block& b = m.block(k);
                            h.add(std::as_bytes(b.axis(static_cast<std::size_t>(k % 3))));
                            h.add(b.slow.spindle_current);
                            h.add(b.slow.head_temperature);
                          }
                        }
                      }};

}  // namespace
