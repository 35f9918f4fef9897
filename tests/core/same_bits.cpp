// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "same_bits/same_bits.hpp"

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/flat_map.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/hash_table.hpp>
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/inplace_vector.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/ring_buffer.hpp>
#include <skerry/core/sine_table.hpp>

namespace {

using skerry_test::bit_hash;
using skerry_test::bits_of;

/// A number of any magnitude; each draw is a statement of its own, because the order within an expression is the compiler's.
double any_magnitude(skerry::splitmix64& g) {
  const double mantissa = 1.0 + skerry::uniform01(g);
  const std::uint64_t bits = g();
  const double size = skerry::math::exp2(static_cast<double>(static_cast<int>(bits % 80)) - 40.0) * mantissa;
  return (bits >> 63) != 0 ? -size : size;
}

template <typename T>
void drive_math(bit_hash& h) {
  namespace math = skerry::math;
  skerry::splitmix64 g{1};
  for (int i = 0; i < 2000; ++i) {
    const T x = static_cast<T>(any_magnitude(g));
    h.add(math::sqrt(x));
    h.add(math::log(x));
    h.add(math::log2(x));
    h.add(math::log1p(x));
    h.add(math::exp(x));
    h.add(math::exp2(x));
    h.add(math::expm1(x));
    h.add(math::tanh(x));
    h.add(math::sin(x));
    h.add(math::cos(x));
    h.add(math::floor(x));
  }
}

const bits_of math_double{"core.math.double", &drive_math<double>};
const bits_of math_float{"core.math.float", &drive_math<float>};

const bits_of sine_table{"core.sine_table", [](bit_hash& h) {
                           for (std::uint32_t phase = 0; phase < 4000; ++phase) {
                             h.add(skerry::math::sin_turn(phase * 1073789U));
                           }
                         }};

const bits_of generators{"core.random", [](bit_hash& h) {
                           const skerry::philox p{42};
                           skerry::pcg32 narrow{1, 2};
                           skerry::splitmix64 wide{3};
                           for (std::uint32_t i = 0; i < 1000; ++i) {
                             for (const std::uint32_t word : p.block({i, 0, i, 1})) {
                               h.add(std::uint64_t{word});
                             }
                             h.add(std::uint64_t{skerry::uniform_below(narrow, i + 1)});
                             h.add(std::uint64_t{skerry::uniform_below(wide, 0xc0000000U + i)});
                             h.add(skerry::uniform01(narrow));
                             h.add(skerry::normal(wide));
                             h.add(skerry::normal(narrow));
                           }
                         }};

const bits_of hashes{"core.hash", [](bit_hash& h) {
                       std::byte text[70];
                       for (unsigned i = 0; i < 70; ++i) {
                         text[i] = static_cast<std::byte>(i * 37);
                         const std::span<const std::byte> part{text, i + 1};
                         h.add(skerry::hash64(part, i));
                         h.add(skerry::hash64(std::uint64_t{i}, i));
                         const skerry::hash128 m = skerry::murmur3_x64_128(part, i);
                         h.add(m.h1);
                         h.add(m.h2);
                         h.add(std::uint64_t{skerry::crc32c(part, i)});
                         h.add(std::uint64_t{skerry::crc32c_table(part, i)});
                       }
                     }};

const bits_of bytes{"core.bytes", [](bit_hash& h) {
                      skerry::splitmix64 g{4};
                      std::byte memory[64];
                      for (int i = 0; i < 500; ++i) {
                        skerry::byte_writer out{memory};
                        const std::uint64_t v = g();
                        out.varint(v >> (v & 63));
                        out.varint_signed(static_cast<std::int64_t>(v) >> (v & 63));
                        out.f64(static_cast<double>(v));
                        out.f32(static_cast<float>(v));
                        out.u24(static_cast<std::uint32_t>(v >> 40));
                        h.add(out.written());
                        skerry::byte_reader in{std::span<const std::byte>{memory}.subspan(static_cast<std::size_t>(i % 5))};
                        h.add(in.varint());
                        h.add(static_cast<std::uint64_t>(in.varint_signed()));
                        h.add(static_cast<std::uint64_t>(in.error()));
                      }
                    }};

/// One history of inserts and erases on a map; what it answers on the way and what it holds at the end.
template <typename Map>
void drive_map(bit_hash& h, Map& map) {
  skerry::pcg32 g{5};
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const std::uint32_t key = skerry::uniform_below(g, 60);
    if (skerry::uniform_below(g, 3) == 0) {
      h.add(std::uint64_t{map.erase(key)});
    } else {
      h.add(static_cast<std::uint64_t>(map.insert_or_assign(key, i).error()));
    }
    h.add(std::uint64_t{map.size()});
  }
}

const bits_of flat_map{"core.flat_map", [](bit_hash& h) {
                         skerry::flat_map<std::uint32_t, std::uint32_t, 40> map;
                         drive_map(h, map);
                         for (const auto& entry : map) {
                           h.add(std::uint64_t{entry.key});
                           h.add(std::uint64_t{entry.value});
                         }
                       }};

const bits_of hash_table{"core.hash_table", [](bit_hash& h) {
                           skerry::hash_table<std::uint32_t, std::uint32_t, 40> map{9};
                           drive_map(h, map);
                           map.for_each([&h](std::uint32_t key, std::uint32_t value) {
                             h.add(std::uint64_t{key});
                             h.add(std::uint64_t{value});
                           });
                         }};

const bits_of sequences{"core.sequences", [](bit_hash& h) {
                          skerry::inplace_vector<std::uint32_t, 20> v;
                          skerry::ring_buffer<std::uint32_t, 9> r;
                          skerry::inplace_string<12> s;
                          skerry::pcg32 g{6};
                          for (std::uint32_t i = 0; i < 2000; ++i) {
                            const std::uint32_t at = skerry::uniform_below(g, static_cast<std::uint32_t>(v.size()) + 1);
                            if (at < v.size() && skerry::uniform_below(g, 2) == 0) {
                              v.erase(v.begin() + at);
                            } else {
                              h.add(static_cast<std::uint64_t>(v.try_insert(v.begin() + at, i).error()));
                            }
                            h.add(std::uint64_t{r.push(i)});
                            if (at == 0) {
                              r.pop();
                              s.clear();
                            }
                            h.add(static_cast<std::uint64_t>(s.try_push_back(static_cast<char>('a' + i % 26)).error()));
                            for (const std::uint32_t x : v) {
                              h.add(std::uint64_t{x});
                            }
                            for (const std::uint32_t x : r.pieces().second) {
                              h.add(std::uint64_t{x});
                            }
                            h.add(std::as_bytes(std::span{s.data(), s.capacity()}));
                          }
                        }};

}  // namespace
