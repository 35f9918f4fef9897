// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/drift_gate.hpp>
#include <skerry/core/random.hpp>

#include "same_bits/same_bits.hpp"

#include <array>

namespace {

using namespace skerry::anomaly;

const skerry_test::bits_of gate_bits{"anomaly.drift_gate", [](skerry_test::bit_hash& h) {
                                       skerry::splitmix64 random{5};
                                       auto gate = drift_gate::create().value();
                                       for (int i = 0; i < 900; ++i) {
                                         (void)gate.learn(static_cast<float>(skerry::normal(random)));
                                       }
                                       std::array<std::byte, drift_gate::max_encoded_size> image{};
                                       for (int i = 0; i < 6000; ++i) {
                                         const double shift = i > 3000 ? 1 : 0;
                                         const auto advice =
                                             gate.observe(static_cast<float>(shift + skerry::normal(random)), i % 2000 < 30);
                                         h.add(static_cast<std::uint64_t>(advice.value()));
                                         if (i % 100 == 99) {
                                           skerry::byte_writer out{image};
                                           (void)gate.encode(out);
                                           h.add(out.written());
                                         }
                                       }
                                     }};

}  // namespace
