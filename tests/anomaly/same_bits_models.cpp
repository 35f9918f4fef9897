// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/model_slot.hpp>
#include <skerry/anomaly/model_vectors.hpp>
#include <skerry/anomaly/shift_chart.hpp>
#include <skerry/core/random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "same_bits/same_bits.hpp"

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

template <std::size_t Columns, std::size_t Outputs, typename Model>
void ask(bit_hash& h, Model& model, std::uint64_t seed) {
  skerry::pcg32 random{seed};
  for (int i = 0; i < 200; ++i) {
    std::array<float, Columns> row{};
    for (float& x : row) {
      x = static_cast<float>(skerry::normal(random)) * (i % 4 == 0 ? 30.0F : 2.0F);
    }
    std::array<float, Outputs> out{};
    h.add(static_cast<std::uint64_t>(model.infer(row, out).error()));
    for (const float x : out) {
      h.add(x);
    }
  }
}

const bits_of trees{"anomaly.tree_model", [](bit_hash& h) {
                      skerry::pcg32 random{31};
                      constexpr std::size_t splits = 15, nodes_of_tree = 2 * splits + 1;
                      static std::array<array_node, 3 * nodes_of_tree> nodes;
                      std::array<std::uint16_t, 3> roots{};
                      // Three chains: each split leads to a leaf or to the next split.
                      for (std::size_t t = 0; t < roots.size(); ++t) {
                        const std::size_t first = t * nodes_of_tree;
                        roots[t] = static_cast<std::uint16_t>(first);
                        for (std::size_t s = 0; s < splits; ++s) {
                          nodes[first + 2 * s] = {static_cast<float>(skerry::normal(random)), static_cast<std::uint16_t>(random() % 4),
                                                  static_cast<std::uint16_t>(first + 2 * s + 2)};
                          nodes[first + 2 * s + 1] = {0, array_node::leaf, static_cast<std::uint16_t>(random() % 8)};
                        }
                        nodes[first + 2 * splits] = {0, array_node::leaf, static_cast<std::uint16_t>(random() % 8)};
                      }
                      static std::array<float, 8 * 3> leaves;
                      for (float& x : leaves) {
                        x = static_cast<float>(skerry::normal(random));
                      }
                      static constexpr std::array<float, 3> base{0.5F, -0.25F, 0.125F};
                      for (const activation last : {activation::none, activation::logistic, activation::softmax}) {
                        auto made = tree_model<4, 3>::create({roots, nodes, leaves, base, 4, last});
                        h.add(static_cast<std::uint64_t>(made.error()));
                        if (made) {
                          ask<4, 3>(h, made.value(), 32);
                          failure_of<tree_model<4, 3>> failure{made.value()};
                          ask<4, 1>(h, failure, 33);
                          h.add(std::uint64_t{failure.loudest()});
                        }
                      }
                    }};

const bits_of layers{"anomaly.layer_model", [](bit_hash& h) {
                       skerry::pcg32 random{34};
                       static std::array<float, 5 * 7 + 7 + 7 * 3 + 3> numbers;
                       for (float& x : numbers) {
                         x = static_cast<float>(skerry::normal(random)) / 2;
                       }
                       const std::span<const float> all{numbers};
                       for (const activation hidden : {activation::relu, activation::tanh, activation::logistic}) {
                         for (const activation last : {activation::softmax, activation::logistic}) {
                           const std::array<array_layer, 2> two{
                               {{all.first(35), all.subspan(35, 7), hidden}, {all.subspan(42, 21), all.subspan(63, 3), last}}};
                           auto made = layer_model<5, 3, 7>::create(two);
                           h.add(static_cast<std::uint64_t>(made.error()));
                           if (made) {
                             ask<5, 3>(h, made.value(), 35);
                           }
                         }
                       }
                     }};

const bits_of charts{"anomaly.shift_chart", [](bit_hash& h) {
                       auto chart = shift_chart::create({}).value();
                       skerry::pcg32 random{36};
                       for (int i = 0; i < 3000; ++i) {
                         const float shaken = i % 200 < 100 ? 9.0F : -3.0F;
                         const float x = static_cast<float>(skerry::normal(random)) + (i > 1200 && i < 1800 ? shaken : 0.0F);
                         if (i < 500) {
                           chart.learn(x);
                           continue;
                         }
                         if (i == 1205) {
                           chart.hold_home();
                         } else if (i == 2200) {
                           chart.release_home();
                         } else if (i == 2500) {
                           chart.begin_anew();
                         }
                         h.add(static_cast<std::uint64_t>(chart.observe(x)));
                         h.add(chart.strength());
                         h.add(chart.centre());
                       }
                     }};

}  // namespace
