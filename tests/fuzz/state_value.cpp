// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/counter.hpp>
#include <skerry/state/detail/value_codec.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>

// Payloads of records. What `is_canonical` lets pass is what the writer writes, and one value has one form.
namespace {

using skerry_fuzz::bytes;
namespace codec = skerry::state::detail;

enum class colour : std::int16_t { red, green };

template <typename T>
void check(bytes in) {
  const skerry::result<T> value = codec::read_value<T>(in);
  const bool canonical = codec::is_canonical<T, 64>(in);
  FUZZ_REQUIRE(value || !canonical);
  if (!value) {
    return;
  }
  std::array<std::byte, 64> memory{};
  skerry::byte_writer out{memory};
  FUZZ_REQUIRE(codec::encode_value(out, value.value()));
  FUZZ_REQUIRE(canonical == std::ranges::equal(out.written(), in));
  FUZZ_REQUIRE((codec::is_canonical<T, 64>(out.written())));
  FUZZ_REQUIRE(codec::read_value<T>(out.written()).value() == value.value());
}

template <typename Policy>
void check_row(bytes in) {
  const auto row = Policy::decode(in);
  if (!row) {
    FUZZ_REQUIRE(!Policy::valid(in));
    return;
  }
  std::array<std::byte, 64> memory{};
  skerry::byte_writer out{memory};
  FUZZ_REQUIRE(Policy::encode(out, row.value()));
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in));
}

template <typename T>
void seed(const skerry_fuzz::seed_folder& out, const char* name, T value) {
  std::array<std::byte, 64> memory{};
  skerry::byte_writer w{memory};
  FUZZ_REQUIRE(codec::encode_value(w, value));
  out.add(name, w.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<bool>(in);
  check<std::int8_t>(in);
  check<std::uint16_t>(in);
  check<std::int32_t>(in);
  check<std::int64_t>(in);
  check<std::uint64_t>(in);
  check<colour>(in);
  check<float>(in);
  check<double>(in);
  check_row<skerry::state::counter>(in);
  check_row<skerry::state::pn_counter>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed(out, "bool", true);
  seed(out, "int", std::int32_t{-123456});
  seed(out, "long", std::uint64_t{0xfedcba9876543210});
  seed(out, "float", 1.5F);
  seed(out, "decimal", 21.57);
  seed(out, "double", 1.0 / 3.0);
  std::array<std::byte, 64> memory{};
  skerry::byte_writer row{memory};
  FUZZ_REQUIRE(skerry::state::pn_counter::encode(row, {4, 300, 7}));
  out.add("row", row.written());
}
