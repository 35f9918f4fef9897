// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// This file is compiled several times: as part of the usual tests, and for processors with AVX2 and with AVX-512, where more kernels
// can be compared. Every kernel that the compiler offers here runs beside the plain one.
#include <skerry/anomaly/blend_list.hpp>
#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/walk_heap.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/counting_new.hpp"
#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;

namespace {

using kernels = std::tuple<detail::blend_plain
#if defined(__SSE2__)
                           ,
                           detail::blend_sse
#endif
#if defined(__AVX2__)
                           ,
                           detail::blend_avx2
#endif
#if defined(__AVX512BW__)
                           ,
                           detail::blend_avx512
#endif
#if defined(__ARM_NEON)
                           ,
                           detail::blend_neon
#endif
                           >;

static_assert(std::is_trivially_copyable_v<blend_list_for<isolation_forest<16>>>);
static_assert(sizeof(blend_list<16, 100, 6600, 8, std::int16_t, std::uint8_t>) <= 40'000);
static_assert(sizeof(blend_list_for<isolation_forest<16>>) <= 12800 * 6 + 200);
static_assert(sizeof(blend_list_for<isolation_forest<16, 100, 256, std::uint8_t>>) <= 12800 * 5 + 200);

template <typename Shape, typename Code>
auto sum_of_row(const Shape& shape, const Code* row, std::size_t columns) {
  if constexpr (requires { Shape::features; }) {
    return shape.depth_sum_codes(std::span<const Code, Shape::features>{row, columns});
  } else {
    return shape.depth_sum_codes(std::span<const Code>{row, columns});
  }
}

/// True when the answers of a shape to blocks of several lengths and to single rows are those in `want`.
template <typename Shape, typename Code>
bool answers(const Shape& shape, row_view<Code> rows, const std::vector<std::uint32_t>& want) {
  for (std::size_t n : {rows.rows, std::size_t{1}, std::size_t{6}, std::size_t{40}, std::size_t{129}, std::size_t{200}, std::size_t{0}}) {
    n = n < rows.rows ? n : rows.rows;
    std::vector<std::uint32_t> got(n, 77);
    if (!shape.depth_sums_codes({rows.data, n, rows.columns, rows.stride}, got) || !std::equal(got.begin(), got.end(), want.begin())) {
      return false;
    }
  }
  for (std::size_t i = 0; i < rows.rows; i += 7) {
    const auto sum = sum_of_row(shape, rows.row(i), rows.columns);
    if (!sum || sum.value() != want[i]) {
      return false;
    }
  }
  return true;
}

template <typename Shape, typename Forest>
void check_shape(const Forest& forest, row_view<typename Forest::code_type> rows, const std::vector<std::uint32_t>& want) {
  const auto made = std::make_unique<skerry::result<Shape>>(lower<Shape>(forest));
  REQUIRE((*made && made->value().trees() == forest.trees() && answers(made->value(), rows, want)));
}

template <typename Fixed, std::size_t Depth, std::size_t... I>
void check_blend_lists(const Fixed& forest, row_view<typename Fixed::code_type> rows, const std::vector<std::uint32_t>& want,
                       std::index_sequence<I...>) {
  using leaf = typename Fixed::leaf_type;
  const auto one = [&](auto kernel) {
    using kernel_type = decltype(kernel);
    if constexpr (sizeof(leaf) == 1 || std::is_same_v<kernel_type, detail::blend_plain>) {
      using shape =
          blend_list<Fixed::features, Fixed::tree_capacity, Fixed::node_capacity, Depth, typename Fixed::code_type, leaf, kernel_type>;
      check_shape<shape>(forest, rows, want);
    }
  };
  (one(std::tuple_element_t<I, kernels>{}), ...);
}

template <typename Code>
void check_dynamic_shapes(const dynamic_isolation_forest<Code>& forest, row_view<Code> rows, const std::vector<std::uint32_t>& want) {
  using forest_type = dynamic_isolation_forest<Code>;
  check_shape<walk_heap_for<forest_type>>(forest, rows, want);
  check_shape<flash_forest_for<forest_type>>(forest, rows, want);
  std::apply(
      [&](auto... kernel) {
        (check_shape<dynamic_blend_list<Code, std::allocator<std::byte>, decltype(kernel)>>(forest, rows, want), ...);
      },
      kernels{});
}

forest_config some_config(std::uint64_t seed, std::size_t columns) {
  return {.seed = seed,
          .trees = static_cast<std::uint16_t>(1 + (seed + columns) % 9),
          .sample = static_cast<std::uint16_t>(2 + seed * 10),
          .max_depth = static_cast<std::uint8_t>(seed % 4 == 0 ? 0 : seed)};
}

/// One forest trained in both forms on the same rows; every shape, lowered from both.
template <typename Fixed, std::size_t Depth = detail::depth_limit_of(Fixed::sample_capacity)>
void check_law(std::uint64_t seed, std::size_t count, const forest_config& config, bool odd_columns = true) {
  CAPTURE(seed, count, config.trees, config.sample, int{config.max_depth});
  using code = typename Fixed::code_type;
  constexpr std::size_t columns = Fixed::features;
  const rows_of_numbers data{seed, count, columns, odd_columns};
  const auto fixed = std::make_unique<Fixed>();
  REQUIRE(fixed->fit(data.view(), config));
  dynamic_isolation_forest<code> dynamic;
  REQUIRE(dynamic.fit(data.view(), config));

  auto codes = codes_of(data, fixed->codes());
  skerry::pcg32 random{seed};
  for (std::size_t i = codes.size() / 2; i < codes.size(); ++i) {
    codes[i] = static_cast<code>(random());
    codes[i] = codes[i] == code_traits<code>::missing ? code{} : codes[i];
  }
  const row_view<code> rows{codes.data(), count, columns, columns};
  std::vector<std::uint32_t> want(count);
  std::vector<std::uint32_t> got(count);
  REQUIRE(fixed->depth_sums_codes(rows, want));
  REQUIRE(dynamic.depth_sums_codes(rows, got));
  REQUIRE(want == got);

  using heap = walk_heap<columns, Fixed::tree_capacity, Depth, code, typename Fixed::leaf_type>;
  check_shape<heap>(*fixed, rows, want);
  if constexpr (!std::is_same_v<detail::heap_native, detail::heap_plain> && columns < 41) {
    check_shape<walk_heap<columns, Fixed::tree_capacity, Depth, code, typename Fixed::leaf_type, detail::heap_plain>>(*fixed, rows, want);
  }
  check_shape<flash_forest_for<Fixed>>(*fixed, rows, want);
  check_shape<flash_forest_for<Fixed>>(dynamic, rows, want);  // a fixed shape takes a forest over an allocator as well
  check_dynamic_shapes(dynamic, rows, want);
  constexpr auto each = std::make_index_sequence<std::tuple_size_v<kernels>>{};
  check_blend_lists<Fixed, Depth>(*fixed, rows, want, each);

  using list = blend_list<columns, Fixed::tree_capacity, Fixed::node_capacity, Depth, code, typename Fixed::leaf_type>;
  const auto made = std::make_unique<skerry::result<list>>(lower<list>(*fixed));
  REQUIRE(fixed->depth_sums(data.view(), want));
  REQUIRE(made->value().depth_sums(data.view(), got));
  REQUIRE(want == got);
}

template <std::size_t Columns, typename Code>
void check_width() {
  CAPTURE(Columns);
  using forest_type = isolation_forest<Columns, 9, 64, Code, 9 * 63>;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    check_law<forest_type>(seed * 100 + Columns, 2 + (seed * 67) % 400, some_config(seed, Columns));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("walk heap, blend list, flash forest and both forests answer the same depth sums for every row", "", std::int16_t,
                   std::uint8_t) {
  check_width<16, TestType>();
#if !defined(__SANITIZE_ADDRESS__)  // instrumented, each of these takes the compiler long; the shapes of every width below stand in
  check_width<1, TestType>();
  check_width<40, TestType>();
#endif
}

TEMPLATE_TEST_CASE("shapes whose width comes from data answer the sums of their forest at every width", "", std::int16_t, std::uint8_t) {
  for (const std::size_t columns : {2U, 3U, 8U, 15U, 17U, 31U, 32U, 33U, 64U, 65U, 128U, 255U, 256U, 300U, 3000U, 5000U}) {
    const std::uint64_t seed = columns;
    CAPTURE(seed);
    const rows_of_numbers data{seed, columns < 300 ? 180U : 40U, columns};
    dynamic_isolation_forest<TestType> forest;
    REQUIRE(forest.fit(data.view(), some_config(2 + seed % 5, columns)));
    const auto codes = codes_of(data, forest.codes());
    const row_view<TestType> rows{codes.data(), data.rows, columns, columns};
    std::vector<std::uint32_t> want(data.rows);
    REQUIRE(forest.depth_sums_codes(rows, want));
    check_dynamic_shapes(forest, rows, want);
    const auto list = lower<blend_list_for<dynamic_isolation_forest<TestType>>>(forest);
    std::vector<std::uint32_t> got(data.rows);
    if (columns <= 4096) {
      REQUIRE(list.value().depth_sums(data.view(), got));
      REQUIRE(want == got);
    } else {
      REQUIRE(list.value().depth_sums(data.view(), got).error() == errc::unsupported);
    }
  }
}

TEST_CASE("shapes of a dynamic forest take memory once, copy and move, and refuse rows of another width") {
  using forest_type = dynamic_isolation_forest<std::int16_t>;
  const rows_of_numbers data{9, 200, 5};
  forest_type forest;
  CHECK(lower<walk_heap_for<forest_type>>(forest).error() == errc::insufficient);
  REQUIRE(forest.fit(data.view(), {.seed = 9, .trees = 12, .sample = 100}));
  const auto codes = codes_of(data, forest.codes());
  std::vector<std::uint32_t> want(200), got(200);
  REQUIRE(forest.depth_sums_codes({codes.data(), 200, 5, 5}, want));
  const auto check = [&](auto made) {
    REQUIRE(made);
    auto copy = made.value();
    auto moved = std::move(made.value());
    made.value() = copy;
    const std::size_t before = skerry_test::allocations();
    for (const auto* shape : {&copy, &moved, &made.value()}) {
      std::fill(got.begin(), got.end(), 0U);
      REQUIRE(shape->depth_sums_codes({codes.data(), 200, 5, 5}, got));
      CHECK(want == got);
      CHECK(shape->depth_sum_codes(std::span<const std::int16_t>{codes.data(), 5}).value() == want[0]);
      CHECK(shape->depth_sum_codes(std::span<const std::int16_t>{codes.data(), 4}).error() == errc::width);
      CHECK(shape->depth_sums_codes({codes.data(), 200, 4, 5}, got).error() == errc::width);
      CHECK(shape->trees() == 12);
      CHECK(shape->columns() == 5);
    }
    CHECK(skerry_test::allocations() == before);
  };
  check(lower<walk_heap_for<forest_type>>(forest));
  check(lower<blend_list_for<forest_type>>(forest));
  check(lower<flash_forest_for<forest_type>>(forest));
}

#if !defined(__SANITIZE_ADDRESS__)
TEMPLATE_TEST_CASE("they do so for the forest of the usual size", "", std::int16_t, std::uint8_t) {
  check_law<isolation_forest<5, 100, 256, TestType, 100 * 255>>(11, 1100, {.seed = 1});
}

TEMPLATE_TEST_CASE("they do so for samples so deep that leaves take two bytes", "", std::int16_t, std::uint8_t) {
  check_law<isolation_forest<4, 5, 2000, TestType, 5 * 1999>>(21, 2300, {.seed = 2, .trees = 5, .sample = 2000});
  check_law<isolation_forest<4, 5, 2000, TestType, 5 * 1999>>(22, 900, {.seed = 2, .trees = 5, .sample = 700});
}

TEMPLATE_TEST_CASE("they do so for more trees than two bytes can sum, each as deep as it goes", "", std::int16_t, std::uint8_t) {
  using forest_type = isolation_forest<3, 700, 16, TestType, 700 * 15>;
  check_law<forest_type, 8>(31, 300, {.seed = 3, .trees = 700, .sample = 16, .max_depth = 8}, false);
  check_law<forest_type>(32, 300, {.seed = 3, .trees = 256, .sample = 16});
  check_law<forest_type>(33, 300, {.seed = 3, .trees = 257, .sample = 16});
}

TEST_CASE("they do so for rows too wide for whole blocks, or for any") {
  check_law<isolation_forest<300, 3, 32, std::int16_t, 3 * 31>>(41, 300, {.seed = 4, .trees = 3, .sample = 32});
  check_law<isolation_forest<3000, 3, 32, std::int16_t, 3 * 31>>(42, 70, {.seed = 4, .trees = 3, .sample = 32});
}
#endif

TEMPLATE_TEST_CASE("they do so for a forest of bare leaves, and of some trees that are bare", "", std::int16_t, std::uint8_t) {
  using forest_type = isolation_forest<2, 20, 8, TestType, 20 * 7>;
  const auto forest = std::make_unique<forest_type>();
  for (std::size_t odd : {0U, 1U}) {  // one row of 40 differs: most samples of 8 never see it
    std::vector<TestType> codes(80, 5);
    codes[40] = static_cast<TestType>(5 + odd);
    const row_view<TestType> rows{codes.data(), 40, 2, 2};
    REQUIRE(forest->fit_codes(rows, {.seed = 5, .trees = 20, .sample = 8}));
    REQUIRE(forest->degenerate() == (odd == 0));
    REQUIRE(forest->splits() < 20);
    std::vector<std::uint32_t> want(40);
    REQUIRE(forest->depth_sums_codes(rows, want));
    check_shape<walk_heap_for<forest_type>>(*forest, rows, want);
    check_shape<flash_forest_for<forest_type>>(*forest, rows, want);
    check_blend_lists<forest_type, 3>(*forest, rows, want, std::make_index_sequence<std::tuple_size_v<kernels>>{});
  }
}

TEST_CASE("a view with a stride is read row by row") {
  using forest_type = isolation_forest<3, 4, 16, std::uint8_t, 60>;
  forest_type forest;
  const rows_of_numbers data{6, 300, 5, false};
  const row_view<float> three{data.values.data() + 1, 300, 3, 5};
  REQUIRE(forest.fit(three, {.seed = 6, .trees = 4, .sample = 16}));
  std::vector<std::uint32_t> want(300), got(300);
  REQUIRE(forest.depth_sums(three, want));
  const auto list = lower<blend_list_for<forest_type>>(forest);
  REQUIRE(list.value().depth_sums(three, got));
  CHECK(want == got);
}

TEST_CASE("a forest that is deeper, larger or of other columns than the shape is not lowered") {
  using forest_type = isolation_forest<2, 3, 16, std::int16_t, 60>;
  using shape = blend_list_for<forest_type>;
  forest_type forest;
  CHECK(lower<shape>(forest).error() == errc::insufficient);
  const rows_of_numbers data{1, 30, 2, false};
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 16, .max_depth = 9}));
  CHECK(lower<shape>(forest).error() == errc::full);
  REQUIRE(lower<flash_forest_for<forest_type>>(forest));  // has no levels
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 16}));
  CHECK((lower<blend_list<2, 2, 60, 4, std::int16_t, std::uint8_t>>(forest).error() == errc::full));
  CHECK((lower<blend_list<2, 3, 10, 4, std::int16_t, std::uint8_t>>(forest).error() == errc::full));
  CHECK((lower<blend_list<3, 3, 60, 4, std::int16_t, std::uint8_t>>(forest).error() == errc::full));
  CHECK((lower<flash_forest<2, 3, 10, std::int16_t>>(forest).error() == errc::full));
  CHECK((lower<flash_forest<3, 3, 60, std::int16_t>>(forest).error() == errc::full));

  dynamic_isolation_forest<std::int16_t> deep;  // leaf codes beyond a byte
  REQUIRE(deep.fit(data.view(), {.seed = 1, .trees = 3, .sample = 16, .max_depth = 25}));
  CHECK(deep.leaf_scale() == 256);
  CHECK((lower<blend_list<2, 3, 60, 25, std::int16_t, std::uint8_t>>(deep).error() == errc::full));
  CHECK((lower<flash_forest<2, 3, 60, std::int16_t>>(deep).error() == errc::full));
  CHECK(lower<blend_list<2, 3, 60, 25, std::int16_t, std::uint16_t>>(deep));
  CHECK(lower<flash_forest<2, 3, 60, std::int16_t, std::uint16_t>>(deep));
}

TEST_CASE("a blend list refuses missing codes, numbers that are none and outputs of another length, and leaves those as they were") {
  using forest_type = isolation_forest<2, 3, 16, std::int16_t, 60>;
  forest_type forest;
  const rows_of_numbers data{1, 30, 2, false};
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 16}));
  const auto list = lower<blend_list_for<forest_type>>(forest);
  REQUIRE(list);
  const std::array<std::int16_t, 4> codes{1, 2, -32768, 4};
  std::array<std::uint32_t, 2> out{5, 6};
  CHECK(list.value().depth_sum_codes(std::span<const std::int16_t, 2>{codes.data() + 2, 2}).error() == errc::not_finite);
  CHECK(list.value().depth_sums_codes({codes.data(), 2, 2, 2}, out).error() == errc::not_finite);
  CHECK(list.value().depth_sums_codes({codes.data(), 1, 2, 2}, out).error() == errc::width);
  CHECK(list.value().depth_sums_codes({codes.data(), 2, 1, 2}, out).error() == errc::width);
  const std::array<float, 4> numbers{1, 2, 3, std::numeric_limits<float>::infinity()};
  CHECK(list.value().depth_sums({numbers.data(), 2, 2, 2}, out).error() == errc::not_finite);
  CHECK(list.value().depth_sums({numbers.data(), 1, 2, 2}, out).error() == errc::width);
  REQUIRE(forest.fit_codes({codes.data(), 2, 1, 1}, {.seed = 1, .trees = 3, .sample = 16}).error() == errc::width);
  REQUIRE(forest.fit_codes({codes.data(), 1, 2, 2}, {.seed = 1, .trees = 3, .sample = 16}).error() == errc::insufficient);
  const std::array<std::int16_t, 4> good{1, 2, 3, 4};
  REQUIRE(forest.fit_codes({good.data(), 2, 2, 2}, {.seed = 1, .trees = 3, .sample = 16}));
  const auto of_codes = lower<blend_list_for<forest_type>>(forest);
  CHECK(of_codes.value().depth_sums({numbers.data(), 1, 2, 2}, std::span<std::uint32_t>{out}.first(1)).error() == errc::insufficient);
  CHECK(out == std::array<std::uint32_t, 2>{5, 6});
}
