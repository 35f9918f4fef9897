// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/forest_wire.hpp>

#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/walk_heap.hpp>
#include <skerry/core/portable.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "anomaly/forest_rows.hpp"
#include "core/counting_new.hpp"

using namespace skerry::anomaly;
using skerry::byte_reader;
using skerry::byte_writer;
using skerry::errc;
using skerry::status;
using skerry_test::rows_of_numbers;
using skerry_test::same_bytes;

namespace {

constexpr std::size_t columns = 5, tree_room = 9, sample_room = 64, split_room = tree_room * (sample_room - 1);
constexpr std::size_t rows = 90;
template <typename Code>
using forest_of = isolation_forest<columns, tree_room, sample_room, Code, split_room, forest_room{.categories = 2}>;

using bytes = std::vector<std::byte>;

template <typename Forest>
bytes image_of(const Forest& forest) {
  bytes memory(encoded_size(forest));
  byte_writer out{memory};
  REQUIRE(encode(forest, out));
  REQUIRE(out.free_bytes() == 0);  // the size was told to the byte
  return memory;
}

/// Training data with gaps and names, where the settings want them.
struct training {
  rows_of_numbers data;
  forest_config config;
  std::vector<column_kind> kinds;
  bool codes_only;

  explicit training(std::uint64_t seed) : data{seed, rows, columns}, config{.seed = seed * 0x9e3779b97f4a7c15ULL} {
    skerry::pcg32 random{seed};
    config.trees = static_cast<std::uint16_t>(1 + random() % tree_room);
    config.sample = static_cast<std::uint16_t>(2 + random() % (sample_room - 1));
    config.max_depth = static_cast<std::uint8_t>(random() % 4 == 0 ? 1 + random() % 7 : 0);
    config.missing = static_cast<missing_policy>(random() % 3);
    config.density = random() % 2 == 0;
    config.explain = random() % 2 == 0;
    codes_only = random() % 4 == 0;
    if (random() % 2 == 0 && !codes_only) {
      kinds.assign(columns, column_kind::number);
      for (std::size_t c = 1 + random() % 2; c > 0; --c) {
        kinds[random() % columns] = column_kind::category;
      }
    }
    for (std::size_t i = 0; i < data.values.size(); ++i) {
      float& x = data.values[i];
      if (!kinds.empty() && kinds[i % columns] == column_kind::category) {
        x = static_cast<float>(random() % 9);
      }
      if (config.missing != missing_policy::refuse && random() % 8 == 0) {
        x = std::numeric_limits<float>::quiet_NaN();
      }
    }
  }
  template <typename Forest>
  [[nodiscard]] status fit(Forest& forest) const {
    const training_options options{.kinds = kinds};
    if (!codes_only) {
      return forest.fit(data.view(), config, options);
    }
    using code = typename Forest::code_type;
    quantizer<columns, code> map;
    (void)map.learn(data.view());
    const std::vector<code> codes = skerry_test::codes_of(data, map);
    return forest.fit_codes({codes.data(), rows, columns, columns}, config);
  }
};

/// Every question that a forest answers.
template <typename A, typename B>
void same_answers(const A& a, const B& b, const training& t) {
  REQUIRE(skerry_test::same_trees(a, b));
  CHECK(a.code_columns() == b.code_columns());
  CHECK(a.missing() == b.missing());
  using code = typename A::code_type;
  for (std::size_t i = 0; i < rows; i += 7) {
    const std::span<const float, columns> row{t.data.row(i), columns};
    if (t.codes_only) {
      std::array<code, columns> x{};
      quantizer<columns, code> map;
      (void)map.learn(t.data.view());
      (void)map.encode(row, x);
      CHECK(a.depth_sum_codes(x) == b.depth_sum_codes(x));
      CHECK(a.depth_sum(row).error() == b.depth_sum(row).error());
    } else {
      CHECK(a.depth_sum(row) == b.depth_sum(row));
      CHECK(a.score(row) == b.score(row));
      CHECK(a.sums(row) == b.sums(row));
    }
  }
  CHECK(a.has_explain() == b.has_explain());
  for (std::size_t tree = 0; a.has_explain() && tree < a.trees(); ++tree) {
    const auto x = a.node_codes_of(tree);
    const auto y = b.node_codes_of(tree);
    CHECK(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
}

void repair(bytes& image) { byte_writer{std::span{image}.last(4)}.u32(skerry::crc32c(std::span{image}.first(image.size() - 4))); }

template <typename Forest>
errc read(Forest& forest, std::span<const std::byte> image) {
  byte_reader in{image};
  const status done = decode(forest, in);
  CHECK(done.error() == in.error());
  if (done) {
    CHECK(in.remaining().empty());
  }
  return done.error();
}

template <typename Code>
void round_trip(std::uint64_t seed) {
  CAPTURE(seed, sizeof(Code));
  const training t{seed};
  const auto forest = std::make_unique<forest_of<Code>>();
  const status fitted = t.fit(*forest);
  if (fitted.error() == errc::invalid) {
    return;  // a depth that the leaf codes of this type cannot say
  }
  REQUIRE(fitted);
  const bytes image = image_of(*forest);

  const auto copy = std::make_unique<forest_of<Code>>();
  REQUIRE(read(*copy, image) == errc::ok);
  same_answers(*forest, *copy, t);
  CHECK(image_of(*copy) == image);
  if (t.config.max_depth != forest->depth_limit()) {  // the usual depth, asked for by its number, is remembered as the usual one
    CHECK(same_bytes(*copy, *forest));                // not the answers alone: the object
  }

  dynamic_isolation_forest<Code> wide;
  REQUIRE(read(wide, image) == errc::ok);
  same_answers(*forest, wide, t);
  CHECK(image_of(wide) == image);
  dynamic_isolation_forest<Code> grown;
  if (t.fit(grown)) {
    CHECK(image_of(grown) == image);  // one forest, one byte string
    REQUIRE(read(grown, image) == errc::ok);
    CHECK(image_of(grown) == image);
  }
  REQUIRE(t.fit(wide));  // and it can be trained again
  CHECK(image_of(wide) == image);
}

}  // namespace

TEST_CASE("a forest that was read is the one that was written, in bytes and in every answer") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    round_trip<std::int16_t>(seed);
    round_trip<std::uint8_t>(seed);
  }
}

TEST_CASE("fixed forests are written and read without a heap") {
  const training t{4};
  const auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(t.fit(*forest));
  const bytes image = image_of(*forest);
  bytes memory(image.size());
  const std::size_t before = skerry_test::allocations();
  byte_writer out{memory};
  const status written = encode(*forest, out);
  byte_reader in{image};
  const status done = decode(*forest, in);
  const std::size_t after = skerry_test::allocations();
  CHECK(written);
  CHECK(done);
  CHECK(after == before);
  STATIC_CHECK(noexcept(decode(*forest, in)));
  STATIC_CHECK(noexcept(encode(*forest, out)));
}

TEST_CASE("shapes come from the bytes without a forest in between, and sum the same") {
  using forest_type = isolation_forest<columns, tree_room, sample_room, std::int16_t, split_room, scores_only>;
  const auto forest = std::make_unique<forest_type>();
  const rows_of_numbers data{11, rows, columns};
  REQUIRE(forest->fit(data.view(), {.seed = 3, .trees = tree_room, .sample = sample_room}));
  const bytes image = image_of(*forest);
  const auto opened = forest_image<std::int16_t, sample_room>::open(image);
  REQUIRE(opened);
  auto flash = lower<flash_forest_for<forest_type>>(opened.value());
  auto heap = lower<walk_heap_for<forest_type>>(opened.value());
  REQUIRE(flash);
  REQUIRE(heap);
  const auto codes = skerry_test::codes_of(data, opened.value().quantizer_of<columns>().value());
  CHECK(codes == skerry_test::codes_of(data, forest->codes()));
  CHECK(opened.value().quantizer_of<columns + 1>().error() == errc::mismatch);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::span<const std::int16_t, columns> x{codes.data() + i * columns, columns};
    const std::uint32_t sum = forest->depth_sum_codes(x).value();
    CHECK(flash.value().depth_sum_codes(x).value() == sum);
    CHECK(heap.value().depth_sum_codes(x).value() == sum);
    CHECK(opened.value().score_of(sum) == forest->score_of(sum).value());
  }
  // In place, into one that holds another forest.
  const auto other = std::make_unique<forest_type>();
  REQUIRE(other->fit(data.view(), {.seed = 4, .trees = 3, .sample = 16}));
  auto placed = lower<flash_forest_for<forest_type>>(*other).value();
  REQUIRE(read(placed, image) == errc::ok);
  const std::span<const std::int16_t, columns> x{codes.data(), columns};
  CHECK(placed.depth_sum_codes(x).value() == forest->depth_sum_codes(x).value());
  const auto before = placed;
  bytes damaged = image;
  damaged[image.size() / 2] ^= std::byte{1};
  CHECK(read(placed, damaged) == errc::corrupt);
  CHECK(same_bytes(placed, before));
  CHECK(forest_image<std::int16_t, 8>::open(image).error() == errc::full);
  CHECK(forest_image<std::uint8_t>::open(image).error() == errc::mismatch);
}

TEST_CASE("every beginning and every flipped bit of an image is refused, and the forest stays as it was") {
  for (const std::uint64_t seed : {2U, 5U, 9U}) {
    const training t{seed};
    const auto small = std::make_unique<isolation_forest<columns, 2, 16, std::int16_t, 32, forest_room{.categories = 2}>>();
    forest_config config = t.config;
    config.trees = 2;
    config.sample = 16;
    config.max_depth = 0;
    REQUIRE(small->fit(t.data.view(), config, training_options{.kinds = t.kinds}));
    const bytes image = image_of(*small);
    const auto before = *small;
    for (std::size_t n = 0; n < image.size(); ++n) {
      CAPTURE(seed, n);
      REQUIRE(read(*small, std::span{image}.first(n)) != errc::ok);
      for (int bit = 0; bit < 8; ++bit) {
        bytes flipped = image;
        flipped[n] ^= static_cast<std::byte>(1 << bit);
        REQUIRE(read(*small, flipped) != errc::ok);
      }
    }
    bytes longer = image;
    longer.push_back(std::byte{0});
    CHECK(read(*small, longer) == errc::corrupt);
    CHECK(same_bytes(*small, before));
  }
}

TEST_CASE("bytes made to look right are refused or make a forest that is written back to the same bytes") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const training t{seed};
    const auto forest = std::make_unique<forest_of<std::uint8_t>>();
    if (!t.fit(*forest)) {
      continue;
    }
    const bytes image = image_of(*forest);
    skerry::pcg32 random{seed};
    int accepted = 0;
    for (int i = 0; i < 400; ++i) {
      bytes changed = image;
      for (std::uint32_t n = 1 + random() % 2; n > 0; --n) {
        changed[random() % (changed.size() - 4)] = static_cast<std::byte>(random());
      }
      if (random() % 4 == 0) {
        changed.erase(changed.end() - static_cast<std::ptrdiff_t>(random() % (changed.size() - 5)), changed.end());
      }
      repair(changed);
      CAPTURE(seed, i);
      const auto before = *forest;
      const errc why = read(*forest, changed);
      if (why != errc::ok) {
        CHECK((why == errc::corrupt || why == errc::unsupported || why == errc::full || why == errc::mismatch));
        CHECK(same_bytes(*forest, before));
      } else {
        ++accepted;
        CHECK(image_of(*forest) == changed);
        const std::array<std::uint8_t, columns> x{0, 60, 120, 180, 240};
        const auto sum = forest->depth_sum_codes(x);
        CHECK((sum || sum.error() == errc::not_finite));  // no name of a column of names
      }
    }
    CAPTURE(accepted);
    CHECK(accepted > 0);  // a threshold or a seed is any number
  }
}

TEST_CASE("a forest on ranges of next to nothing is read back from its own image, and a step of minus zero is none") {
  std::vector<float> values;
  for (std::size_t i = 0; i < 40; ++i) {
    values.push_back(static_cast<float>(i) * 1e-38F);
    values.push_back(5);
  }
  isolation_forest<2, 4, 16, std::int16_t, 60> forest;
  REQUIRE(forest.fit({values.data(), 40, 2, 2}, {.seed = 1, .trees = 4, .sample = 16}));
  CHECK_FALSE(forest.degenerate());
  bytes image = image_of(forest);
  isolation_forest<2, 4, 16, std::int16_t, 60> copy;
  REQUIRE(read(copy, image) == errc::ok);
  CHECK(image_of(copy) == image);
  image[27 + 8 + 7] = std::byte{0x80};  // the sign of the step of the constant column
  repair(image);
  CHECK(read(copy, image) == errc::corrupt);
}

// What an inner node would say may exceed what its parent would say by one split at most, because it has fewer rows. Bytes that say more
// in turns could make the shares of a row pass 32 bits, in a forest of some ten thousand trees.
TEST_CASE("an image whose inner nodes claim more rows than their parents have is refused") {
  const rows_of_numbers data{3, rows, columns, false};
  const auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 1, .sample = 64, .explain = true}));
  const bytes image = image_of(*forest);
  const auto splits = forest->splits_of(0);
  const auto codes = forest->node_codes_of(0);
  const std::size_t at = image.size() - 4 - splits.size();
  std::size_t node = 2;  // a split on the left of one that is not the root
  while (node < splits.size() && splits[node - 1].left == 0) {
    ++node;
  }
  REQUIRE(node < splits.size());
  const auto copy = std::make_unique<forest_of<std::int16_t>>();
  bytes changed = image;
  changed[at + node] = static_cast<std::byte>(codes[node - 1] + forest->leaf_scale());
  repair(changed);
  CHECK(read(*copy, changed) == errc::ok);
  changed[at + node] = static_cast<std::byte>(codes[node - 1] + forest->leaf_scale() + 1);
  repair(changed);
  CHECK(read(*copy, changed) == errc::corrupt);
}

TEST_CASE("a forest of as many columns as there are, mirrored, is read back from its own image") {
  constexpr std::size_t wide = 32768;
  std::vector<std::int16_t> codes(3 * wide);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[i] = static_cast<std::int16_t>(i * 7919 % 1000);
  }
  dynamic_isolation_forest<std::int16_t> forest;
  REQUIRE(forest.fit_codes({codes.data(), 3, wide, wide}, {.seed = 1, .trees = 2, .sample = 3, .missing = missing_policy::heavier}));
  dynamic_isolation_forest<std::int16_t> copy;
  REQUIRE(read(copy, image_of(forest)) == errc::ok);
  CHECK(copy.code_columns() == 2 * wide);
  const std::vector<std::int16_t> row(codes.begin(), codes.begin() + wide);
  CHECK(copy.depth_sum_codes(row) == forest.depth_sum_codes(row));
}

TEST_CASE("what a type has no room for is refused by name") {
  const rows_of_numbers data{3, rows, columns, false};
  const auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 9, .sample = 64, .density = true}));
  const bytes image = image_of(*forest);
  const auto refusal = [&image](auto other) { return read(*std::make_unique<decltype(other)>(), image); };
  CHECK(refusal(isolation_forest<columns, 8, 64, std::int16_t, split_room>{}) == errc::full);
  CHECK(refusal(isolation_forest<columns, 9, 32, std::int16_t, split_room>{}) == errc::full);
  CHECK(refusal(isolation_forest<columns, 9, 64, std::int16_t, 60>{}) == errc::full);
  CHECK(refusal(isolation_forest<columns + 1, 9, 64, std::int16_t, split_room>{}) == errc::mismatch);
  CHECK(refusal(isolation_forest<columns, 9, 64, std::uint8_t, split_room>{}) == errc::mismatch);
  CHECK(refusal(isolation_forest<columns, 9, 64, std::int16_t, split_room, scores_only>{}) == errc::unsupported);
  CHECK(refusal(isolation_forest<columns, 20, 256, std::int16_t, split_room + 5>{}) == errc::ok);
  CHECK(refusal(dynamic_isolation_forest<std::uint8_t>{}) == errc::mismatch);

  bytes next = image;
  next[4] = std::byte{2};
  repair(next);
  CHECK(read(*forest, next) == errc::unsupported);
  bytes flag = image;
  flag[5] |= std::byte{0x80};
  repair(flag);
  CHECK(read(*forest, flag) == errc::unsupported);
  bytes policy = image;
  policy[5] |= std::byte{0x18};
  repair(policy);
  CHECK(read(*forest, policy) == errc::unsupported);

  forest_of<std::int16_t> none;
  std::array<std::byte, 64> memory{};
  byte_writer out{memory};
  CHECK(encode(none, out).error() == errc::insufficient);
  bytes short_of(image.size() - 1);
  byte_writer narrow{short_of};
  CHECK(encode(*forest, narrow).error() == errc::full);
}

TEST_CASE("a few hostile bytes cannot make a dynamic forest take much memory") {
  const rows_of_numbers data{3, rows, columns, false};
  quantizer<columns, std::int16_t> map;
  REQUIRE(map.learn(data.view()));
  const auto codes = skerry_test::codes_of(data, map);
  dynamic_isolation_forest<std::int16_t> forest;
  REQUIRE(forest.fit_codes({codes.data(), rows, columns, columns}, {.seed = 1, .trees = 1, .sample = 2}));
  bytes image = image_of(forest);
  byte_writer{std::span{image}.subspan(6, 2)}.u16(65000);  // columns; what else depends on them is the same up to the widths
  repair(image);
  CHECK(read(forest, image) != errc::ok);
  bytes leaves(27 + 2 * 60000 + 60000 + 4, std::byte{0});  // 60 000 trees of one leaf, samples of 65 535 rows
  byte_writer out{leaves};
  out.bytes(std::span{image}.first(6));
  out.u16(60000);
  out.u16(0);
  out.u16(60000);
  out.u32(2);
  out.u8(1);
  out.u16(12);
  out.u64(7);
  for (std::size_t i = 27 + 2 * 60000; i < leaves.size() - 4; ++i) {
    leaves[i] = std::byte{12};
  }
  repair(leaves);
  dynamic_isolation_forest<std::int16_t> wide;
  REQUIRE(read(wide, leaves) == errc::ok);
  CHECK(wide.capacity_bytes() < 8 * 60000 + 5 * leaves.size());
}

namespace {

/// The smallest thing with an image.
struct mark {
  std::uint32_t value = 0;
  [[nodiscard]] status encode(byte_writer& out) const noexcept {
    out.u32(value);
    return out.error();
  }
  [[nodiscard]] status decode(byte_reader& in) noexcept {
    const std::uint32_t v = in.u32();
    if (const status end = in.finish(); !end) {
      return end;
    }
    if (v > 1000) {
      return errc::corrupt;
    }
    value = v;
    return {};
  }
};

template <typename Forest>
void calibrated() {
  const training t{6};
  const auto forest = std::make_unique<Forest>();
  REQUIRE(forest->fit(rows_of_numbers{6, rows, columns, false}.view(), {.seed = 6, .trees = 5, .sample = 32}));
  bytes memory(encoded_size(*forest) + 8);
  byte_writer out{memory};
  REQUIRE(encode(*forest, mark{77}, out));
  CHECK(out.free_bytes() == 0);
  const auto copy = std::make_unique<Forest>();
  mark m;
  byte_reader in{memory};
  REQUIRE(decode(*copy, m, in));
  CHECK(in.remaining().empty());
  CHECK(m.value == 77);
  CHECK(image_of(*copy) == image_of(*forest));
  CHECK(read(*copy, memory) == errc::ok);  // passed over
  CHECK(image_of(*copy) == image_of(*forest));

  const bytes alone = image_of(*forest);
  byte_reader without{alone};
  CHECK(decode(*copy, m, without).error() == errc::absent);
  byte_writer{std::span{memory}.subspan(memory.size() - 8, 4)}.u32(5000);
  repair(memory);
  const auto fresh = std::make_unique<Forest>();
  byte_reader bad{memory};
  CHECK(decode(*fresh, m, bad).error() == errc::corrupt);
  CHECK(m.value == 77);
  CHECK(fresh->trees() == 0);
}

}  // namespace

TEST_CASE("a calibration travels behind the trees, and both are read or neither") {
  calibrated<forest_of<std::int16_t>>();
  calibrated<dynamic_isolation_forest<std::uint8_t>>();
}

TEST_CASE("the members are the functions, and forests are encodable and decodable like everything else") {
  using forest_type = forest_of<std::int16_t>;
  STATIC_CHECK(skerry::encodable<forest_type>);
  STATIC_CHECK(skerry::decodable<forest_type>);
  STATIC_CHECK(skerry::decodable<dynamic_isolation_forest<std::uint8_t>>);
  const training t{8};
  const auto forest = std::make_unique<forest_type>();
  REQUIRE(t.fit(*forest));
  bytes memory(encoded_size(*forest));
  byte_writer out{memory};
  REQUIRE(forest->encode(out));
  CHECK(memory == image_of(*forest));
  const auto copy = std::make_unique<forest_type>();
  REQUIRE(skerry::decode_all_into(*copy, memory));
  CHECK(image_of(*copy) == memory);
  memory[30] ^= std::byte{4};
  CHECK(skerry::decode_all_into(*copy, memory).error() == errc::corrupt);
}

TEST_CASE("a forest that was read can be grown anew, in slices as well") {
  const rows_of_numbers data{12, rows, columns, false};
  const forest_config config{.seed = 12, .trees = 4, .sample = 32};
  const auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(forest->fit(data.view(), config));
  const bytes image = image_of(*forest);
  REQUIRE(forest->fit(data.view(), {.seed = 13, .trees = 9, .sample = 64}));
  const bytes other = image_of(*forest);
  const auto codes = skerry_test::codes_of(data, forest->codes());
  const auto regrow = [&](auto& grown) {
    REQUIRE(read(grown, other) == errc::ok);
    REQUIRE(grown.begin(config, forest->codes()));
    for (int slices = 0; grown.trees() < 4 && slices < 1000; ++slices) {
      REQUIRE(grown.grow({codes.data(), rows, columns, columns}, 100));
    }
    CHECK(image_of(grown) == image);
  };
  dynamic_isolation_forest<std::int16_t> wide;
  regrow(wide);
  const auto fixed = std::make_unique<forest_of<std::int16_t>>();
  regrow(*fixed);
}

TEST_CASE("the calibration of a forest comes back with it") {
  const rows_of_numbers data{14, rows, columns, false};
  const auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(forest->fit(data.view(), {.seed = 14, .trees = 5, .sample = 32}));
  basic_calibration<float, 128> scores{77};
  for (std::size_t i = 0; i < rows; ++i) {
    REQUIRE(scores.observe(forest->score(std::span<const float, columns>{data.row(i), columns}).value()));
  }
  bytes memory(5000);
  byte_writer out{memory};
  REQUIRE(encode(*forest, scores, out));
  basic_calibration<float, 128> read_back;
  const auto copy = std::make_unique<forest_of<std::int16_t>>();
  byte_reader in{out.written()};
  REQUIRE(decode(*copy, read_back, in));
  CHECK(read_back == scores);
  CHECK(read_back.for_alarms(1, 50).value().value == scores.for_alarms(1, 50).value().value);
}

// Version 1 is frozen: an image that was written once is read for ever, and the same forest is written to the same bytes. The files were
// written by this library from the training below; a test that fails here is no reason to write them anew.
TEST_CASE("the golden images of version 1 are read and written to the byte") {
  const std::filesystem::path folder = "golden";  // beside this file, where the tests run
  const auto check = [&folder](const std::string& name, auto& forest, const training& t) {
    CAPTURE(name);
    REQUIRE(t.fit(forest));
    const bytes image = image_of(forest);
    if (const char* write = std::getenv("SKERRY_WRITE_GOLDEN"); write != nullptr && !std::filesystem::exists(folder / name)) {
      std::ofstream{folder / name, std::ios::binary}.write(reinterpret_cast<const char*>(image.data()),
                                                           static_cast<std::streamsize>(image.size()));
    }
    std::ifstream in{folder / name, std::ios::binary};
    REQUIRE(in);
    const std::vector<char> text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
    const bytes golden{reinterpret_cast<const std::byte*>(text.data()), reinterpret_cast<const std::byte*>(text.data()) + text.size()};
    CHECK(image == golden);
    CHECK(read(forest, golden) == errc::ok);
    same_answers(forest, forest, t);
    CHECK(image_of(forest) == golden);
  };
  const auto with = [](missing_policy missing, bool extras, bool names) {
    training t{31};
    t.data = rows_of_numbers{31, rows, columns};
    t.config = {
        .seed = 0x0123456789abcdefULL, .trees = 4, .sample = 24, .max_depth = 0, .missing = missing, .density = extras, .explain = extras};
    t.codes_only = false;
    t.kinds.clear();
    if (names) {
      t.kinds.assign(columns, column_kind::number);
      t.kinds[1] = t.kinds[4] = column_kind::category;
    }
    for (std::size_t i = 0; i < t.data.values.size(); ++i) {
      if (names && (i % columns == 1 || i % columns == 4)) {
        t.data.values[i] = static_cast<float>(i * i % 7);
      }
      if (missing != missing_policy::refuse && i % 11 == 3) {
        t.data.values[i] = std::numeric_limits<float>::quiet_NaN();
      }
    }
    return t;
  };
  const auto two = std::make_unique<forest_of<std::int16_t>>();
  const auto one = std::make_unique<forest_of<std::uint8_t>>();
  check("forest_v1_i16.skif", *two, with(missing_policy::refuse, false, false));
  check("forest_v1_u8.skif", *one, with(missing_policy::refuse, false, false));
  check("forest_v1_i16_heavier_names.skif", *two, with(missing_policy::heavier, true, true));
  check("forest_v1_u8_evidence.skif", *one, with(missing_policy::evidence, true, false));
  training deep = with(missing_policy::refuse, true, false);
  deep.config.max_depth = 31;
  dynamic_isolation_forest<std::int16_t> any;
  check("forest_v1_i16_deep.skif", any, deep);
}
