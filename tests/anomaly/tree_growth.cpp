// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Trees are grown by other ways on processors whose branches are short; here both ways run on the same machine.
#include <skerry/anomaly/detail/forest_engine.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

namespace detail = skerry::anomaly::detail;
using skerry::next_u64;
using skerry::normal;
using skerry::pcg32;
using skerry::philox;
using skerry::uniform_below;
using skerry::anomaly::code_traits;
using skerry::anomaly::row_view;

using split_type = detail::split<std::uint8_t, std::uint8_t, std::int16_t>;

struct grown {
  std::vector<split_type> splits;
  std::vector<std::uint8_t> leaves, densities, node_codes;
  detail::growth how = detail::growth::unfinished;

  friend bool operator==(const grown& a, const grown& b) {
    const auto same = [](const split_type& x, const split_type& y) {
      return x.feature == y.feature && x.left == y.left && x.threshold == y.threshold;
    };
    return a.how == b.how && std::equal(a.splits.begin(), a.splits.end(), b.splits.begin(), b.splits.end(), same) && a.leaves == b.leaves &&
           a.densities == b.densities && a.node_codes == b.node_codes;
  }
};

struct slices {
  std::vector<detail::tree_state> ends;  ///< where each slice stopped
};

template <bool ByBranches, typename Order, typename Codes>
grown grow(const detail::tree_plan& plan, Order order, const Codes& codes, std::uint64_t visits, std::uint32_t room,
           slices* stops = nullptr) {
  grown made;
  made.splits.resize(room);
  made.leaves.resize(plan.rows + detail::greatest_depth + 1);
  made.densities = made.leaves;
  made.node_codes.resize(room);
  const detail::tree_place<split_type, std::uint8_t> place{made.splits.data(), made.leaves.data(), room, made.node_codes.data(),
                                                           made.densities.data()};
  std::vector<std::uint32_t> marks((plan.columns + 31) / 32);
  detail::tree_state state;
  state.heap = 1;
  do {
    made.how = detail::grow_tree<ByBranches>(plan, state, place, order, codes, marks, visits);
    if (stops != nullptr) {
      stops->ends.push_back(state);
    }
  } while (made.how == detail::growth::unfinished);
  made.splits.resize(state.splits);
  made.node_codes.resize(state.splits);
  made.leaves.resize(state.leaves);
  made.densities.resize(state.leaves);
  return made;
}

bool same_stops(const slices& a, const slices& b) {
  return std::equal(a.ends.begin(), a.ends.end(), b.ends.begin(), b.ends.end(), [](const auto& x, const auto& y) {
    return x.heap == y.heap && x.begin == y.begin && x.splits == y.splits && x.leaves == y.leaves && x.constants == y.constants;
  });
}

/// Few codes or many, columns that are constant, ties.
std::vector<std::int16_t> some_codes(pcg32& random, std::uint32_t rows, std::uint32_t columns) {
  std::vector<std::int16_t> codes(std::size_t{rows} * columns);
  for (std::uint32_t j = 0; j < columns; ++j) {
    const std::uint32_t kinds = 1U + uniform_below(random, 4) * uniform_below(random, 4) * uniform_below(random, 4000);
    for (std::uint32_t i = 0; i < rows; ++i) {
      codes[std::size_t{i} * columns + j] = static_cast<std::int16_t>(static_cast<std::int32_t>(uniform_below(random, kinds)) - 16000);
    }
  }
  return codes;
}

template <typename Code>
std::vector<Code> by_numbers(const row_view<float>& rows, const std::vector<float>& lo, const std::vector<float>& inv_step) {
  std::vector<Code> codes(rows.rows * rows.columns);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const float x = rows.data[i];
    const std::size_t j = i % rows.columns;
    codes[i] = detail::is_nan(x) ? code_traits<Code>::missing : detail::quantize<Code>(x, lo[j], inv_step[j]);
  }
  return codes;
}

template <typename Code>
void numbers_and_codes_give_one_tree(std::uint64_t seed, bool missing) {
  CAPTURE(seed, missing, sizeof(Code));
  pcg32 random{seed};
  const std::uint32_t rows = 2 + uniform_below(random, 250);
  const std::uint32_t columns = 1 + uniform_below(random, 5);
  std::vector<float> numbers(std::size_t{rows} * columns);
  std::vector<float> lo(columns);
  std::vector<float> inv_step(columns);
  for (std::uint32_t j = 0; j < columns; ++j) {
    float least = std::numeric_limits<float>::infinity();
    float greatest = -least;
    const std::uint32_t kind = uniform_below(random, 4);
    for (std::uint32_t i = 0; i < rows; ++i) {
      auto x = static_cast<float>(normal(random));
      x = kind == 0 ? x * 1e-30F : kind == 1 ? std::floor(x) * 0.0F : kind == 2 ? x * x * x * 1e20F : x + 1000.0F;
      least = std::min(least, x);
      greatest = std::max(greatest, x);
      numbers[std::size_t{i} * columns + j] =
          missing && uniform_below(random, 8) == 0 ? std::bit_cast<float>(0x7fc00000U | (random() & 0x80000000U)) : x;
    }
    lo[j] = least;
    inv_step[j] = greatest > least ? static_cast<float>(code_traits<Code>::steps) / (greatest - least) : 0.0F;
    inv_step[j] = detail::is_finite(inv_step[j]) ? inv_step[j] : std::numeric_limits<float>::max();
  }
  const row_view<float> view{numbers.data(), rows, columns, columns};
  const std::vector<Code> codes = by_numbers<Code>(view, lo, inv_step);
  std::vector<std::uint16_t> order(rows);
  std::vector<const float*> places(rows);
  for (std::uint32_t i = 0; i < rows; ++i) {
    order[i] = static_cast<std::uint16_t>(i);
    places[i] = view.row(i);
  }
  const detail::tree_plan plan{seed, 3, rows, columns, 12, detail::depth_limit_of(rows)};
  const detail::gather_numbers<Code> numbers_of{view, lo.data(), inv_step.data(), missing};
  const grown from_codes =
      grow<false>(plan, detail::array_order{order.data()}, detail::code_rows<Code>{codes.data(), columns}, 1'000'000, 255);
  const grown from_numbers = grow<true>(plan, detail::place_order<float>{places.data()}, numbers_of, 1'000'000, 255);
  REQUIRE(from_codes.how == detail::growth::complete);
  REQUIRE(from_numbers == from_codes);
}

}  // namespace

TEST_CASE("a tree does not tell by which way it was grown, nor where its slices stopped") {
  std::uint32_t splits = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    pcg32 random{seed};
    const std::uint32_t rows = 2 + uniform_below(random, 250);
    const std::uint32_t columns = 1 + uniform_below(random, 40);
    const std::vector<std::int16_t> codes = some_codes(random, rows, columns);
    const detail::tree_plan plan{seed, 7, rows, columns, 12, 1 + uniform_below(random, 8)};
    const std::uint64_t visits = uniform_below(random, 2) == 0 ? 1 + uniform_below(random, 600) : ~std::uint64_t{0};
    const std::uint32_t room = uniform_below(random, 10) == 0 ? 5 : 255;
    std::vector<std::uint16_t> order(rows);
    std::vector<const std::int16_t*> places(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
      order[i] = static_cast<std::uint16_t>(i);
      places[i] = codes.data() + std::size_t{i} * columns;
    }
    std::vector<std::uint16_t> order_too = order;
    std::vector<split_type> pool(rows);
    const detail::pool_order<split_type> pooled{pool.data()};
    for (std::uint32_t i = 0; i < rows; ++i) {
      pooled.set(i, i);
    }
    slices plain;
    slices branches;
    slices in_pool;
    slices in_place;
    const detail::code_rows<std::int16_t> of{codes.data(), columns};
    const grown made = grow<false>(plan, detail::array_order{order.data()}, of, visits, room, &plain);
    REQUIRE(grow<true>(plan, detail::array_order{order_too.data()}, of, visits, room, &branches) == made);
    REQUIRE(grow<true>(plan, pooled, of, visits, room, &in_pool) == made);
    const row_view<std::int16_t> view{codes.data(), rows, columns, columns};
    REQUIRE(grow<true>(plan, detail::place_order<std::int16_t>{places.data()}, detail::gather_codes<std::int16_t>{view}, visits, room,
                       &in_place) == made);
    REQUIRE((same_stops(plain, branches) && same_stops(plain, in_pool) && same_stops(plain, in_place)));
    splits += static_cast<std::uint32_t>(made.splits.size());
  }
  REQUIRE(splits > 5000);
}

TEST_CASE("a tree of numbers where they lie is the tree of their codes") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    numbers_and_codes_give_one_tree<std::int16_t>(seed, false);
    numbers_and_codes_give_one_tree<std::int16_t>(seed, true);
    numbers_and_codes_give_one_tree<std::uint8_t>(seed, false);
    numbers_and_codes_give_one_tree<std::uint8_t>(seed, true);
  }
}

TEST_CASE("the limit of a cut is the last number of steps whose code is not beyond it") {
  const auto check = [](auto code, std::int32_t cut) {
    using column = detail::number_in_place<decltype(code), false>;
    const std::int32_t key = column::limit(cut);
    CAPTURE(cut, key);
    REQUIRE(column::code(key) <= cut);
    REQUIRE(column::code(key + 1) > cut);
  };
  for (std::int32_t cut = 0; cut < 254; ++cut) {
    check(std::uint8_t{}, cut);
  }
  for (std::int32_t cut = -32767; cut < 32767; cut += cut < -32000 || cut > 32000 ? 1 : 97) {
    check(std::int16_t{}, cut);
  }
}

TEST_CASE("a sample drawn by tables is the sample drawn one by one") {
  for (const std::uint32_t rows : {20U, 33U, 64U, 257U, 1000U, 1024U, 4096U, 4097U, 70000U}) {
    for (std::uint32_t tree = 0; tree < 20; ++tree) {
      CAPTURE(rows, tree);
      const detail::row_sampler sample{5, tree, rows, rows / 2};
      std::vector<std::uint32_t> tables;
      const std::uint32_t wanted = std::min(rows / 2, 300U);
      REQUIRE(sample.each<true>(wanted, [&tables](std::uint32_t, std::uint32_t row) {
        tables.push_back(row);
        return true;
      }));
      for (std::uint32_t i = 0; i < wanted; ++i) {
        REQUIRE(tables[i] == sample(i));
      }
      std::uint32_t taken = 0;
      REQUIRE_FALSE(sample.each<true>(wanted, [&taken](std::uint32_t, std::uint32_t) { return ++taken < 7; }));
      REQUIRE(taken == 7);
    }
  }
}

TEST_CASE("Philox with its round keys written out gives the blocks of Philox") {
  pcg32 random{9};
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t key = next_u64(random);
    const std::array<std::uint32_t, 4> counter{random(), random(), random(), random()};
    REQUIRE(detail::philox_by_rounds{key}.block(counter) == philox{key}.block(counter));
  }
}

TEST_CASE("a missing code is found by words wherever it lies, and nothing else is") {
  pcg32 random{11};
  const auto check = [&random](auto kind) {
    using code = decltype(kind);
    // What lies next to it in the number of bits, zero, and anything.
    const std::array<code, 6> near{code_traits<code>::missing,
                                   static_cast<code>(code_traits<code>::missing + 1),
                                   static_cast<code>(code_traits<code>::missing - 1),
                                   code{0},
                                   static_cast<code>(-1),
                                   static_cast<code>(1)};
    for (int i = 0; i < 20000; ++i) {
      std::array<code, 23> row{};
      const std::uint32_t n = uniform_below(random, 24);
      const std::uint32_t rare = 1U + uniform_below(random, 12);
      for (code& c : row) {
        const std::uint32_t what = uniform_below(random, 6 * rare);
        c = what < 6 ? near[what] : static_cast<code>(random());
      }
      const bool none = std::find(row.begin(), row.begin() + n, code_traits<code>::missing) == row.begin() + n;
      REQUIRE(detail::none_missing_by_words(row.data(), n) == none);
      REQUIRE(detail::none_missing<code>(row.data(), n) == none);
    }
  };
  check(std::uint8_t{});
  check(std::int16_t{});
}
