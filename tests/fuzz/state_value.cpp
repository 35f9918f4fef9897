// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/inplace_string.hpp>
#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/detail/key_text.hpp>
#include <skerry/state/detail/value_codec.hpp>
#include <skerry/state/flags.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>

// Payloads of records. What `is_canonical` lets pass is what the writer writes, and one value has one form.
namespace {

using skerry_fuzz::bytes;
namespace state = skerry::state;
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

/// Two records, with the input cut in two as their payloads.
struct pair_of_records {
  state::record_view a{};
  state::record_view b{};
  template <typename F>
  void for_each(F&& f) const {
    f(a);
    f(b);
  }
};

/// What `valid` lets pass is read without harm, `obsolete` is a strict order on it, and no bytes behind it are taken for the same.
template <typename Policy>
void check_payload(bytes in, std::size_t cut) {
  const auto record = [](std::uint64_t id, std::uint64_t n, bytes payload) {
    return state::record_view{{id, 1, 1}, n, {}, Policy::kind, payload};
  };
  for (const std::uint64_t other : {1U, 2U}) {
    const pair_of_records both{record(1, 4, in.first(cut)), record(other, 5, in.subspan(cut))};
    const pair_of_records turned{both.b, both.a};
    if (!Policy::valid(both.a.payload) || !Policy::valid(both.b.payload)) {
      continue;
    }
    const auto read = Policy::read(both);
    const auto again = Policy::read(turned);
    FUZZ_REQUIRE(read.error() == again.error() && (!read || read.value() == again.value()));
    const auto judged = Policy::judge(both);
    FUZZ_REQUIRE(judged.winner.n == Policy::judge(turned).winner.n && judged.why == Policy::judge(turned).why);
    if constexpr (state::detail::has_obsolete<Policy>) {
      FUZZ_REQUIRE(!(Policy::obsolete(both.a, both.b) && Policy::obsolete(both.b, both.a)));
    }
  }
}

/// What `valid` accepts is what a writer writes for it: a tag, for 1 an actor, then varints.
template <typename Policy>
void check_tagged(bytes in, int numbers_of_row, int numbers_of_other) {
  if (!Policy::valid(in)) {
    return;
  }
  skerry::byte_reader reader{in};
  std::array<std::byte, 64> memory{};
  skerry::byte_writer out{memory};
  const std::uint8_t tag = reader.u8();
  out.u8(tag);
  if (tag == 1) {
    codec::write_actor(out, codec::read_actor(reader));
  }
  for (int i = 0; i < (tag == 1 ? numbers_of_other : numbers_of_row); ++i) {
    out.varint(reader.varint());
  }
  FUZZ_REQUIRE(reader.finish());
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in));
}

/// Likewise: 0 a row, with the number of what it has folded if there is one; 1 a gift; 2 the row of a life that is gone.
void check_bounded(bytes in) {
  if (!state::bounded_counter::valid(in)) {
    return;
  }
  skerry::byte_reader reader{in};
  std::array<std::byte, 64> memory{};
  skerry::byte_writer out{memory};
  const std::uint8_t tag = reader.u8();
  out.u8(tag);
  if (tag != 0) {
    codec::write_actor(out, codec::read_actor(reader));
  }
  for (int i = 0; i < (tag == 0 ? 2 : (tag == 1 ? 1 : 3)); ++i) {
    out.varint(reader.varint());
  }
  if (tag == 0 && !reader.remaining().empty()) {
    out.varint(reader.varint());
  }
  FUZZ_REQUIRE(reader.finish());
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in));
}

template <typename T>
void check_contribution(bytes in) {
  const auto row = codec::decode_contribution<T>(in);
  if (!state::sum_of<T>::valid(in)) {
    return;
  }
  std::array<std::byte, 64> memory{};
  skerry::byte_writer out{memory};
  FUZZ_REQUIRE(row && row.value().weight >= 0);
  FUZZ_REQUIRE(codec::encode_contribution(out, row.value()));
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in));
}

void check_writer_mark(bytes in) {
  if (!state::by_writer<double>::valid(in)) {
    return;
  }
  const auto mark = state::by_writer<double>::mark_of(in).value();
  const pair_of_records once{{{1, 1, 1}, 1, {}, state::kinds::by_writer, in}, {{1, 1, 1}, 1, {}, state::kinds::by_writer, in}};
  std::array<std::byte, 64> memory{};
  skerry::byte_writer out{memory};
  out.varint(mark.generation);
  out.varint(mark.sequence);
  out.u32(mark.nonce);
  FUZZ_REQUIRE(codec::encode_value(out, state::by_writer<double>::read(once).value()));
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in));
}

/// A key's text that is taken for an element is how that element is written.
template <typename T>
void check_element(bytes in) {
  std::array<char, 24> text{};
  const std::size_t size = std::min(in.size(), text.size());
  std::transform(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(size), text.begin(),
                 [](std::byte b) { return static_cast<char>(b); });
  const auto element = codec::argument_value<T>({text.data(), size});
  if (!element) {
    return;
  }
  std::array<char, 24> again{};
  codec::key_args out{again};
  out.add(element.value());
  FUZZ_REQUIRE(std::ranges::equal(out.written(), std::span{text}.first(size)));
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
  check_tagged<state::reset_counter>(in, 3, 3);
  check_bounded(in);
  check_contribution<double>(in);
  check_contribution<std::int32_t>(in);
  check_writer_mark(in);
  check_element<std::int32_t>(in);
  check_element<std::uint64_t>(in);
  if (!in.empty()) {
    const bytes rest = in.subspan(1);
    const std::size_t cut = std::min(std::to_integer<std::size_t>(in[0]), rest.size());
    check_payload<state::reset_counter>(rest, cut);
    check_payload<state::bounded_counter>(rest, cut);
    check_payload<state::mean_of<double>>(rest, cut);
    check_payload<state::sum_of<float>>(rest, cut);
    check_payload<state::median_of<std::int32_t>>(rest, cut);
    check_payload<state::by_writer<double>>(rest, cut);
    check_payload<state::ew_flag>(rest, cut);
    check_payload<state::dw_flag<>>(rest, cut);
    check_payload<state::rw_set<int, 4>>(rest, cut);
  }
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
  const auto add = [&](const char* name, std::uint8_t cut, auto&& write) {  // the first byte says where the second payload begins
    skerry::byte_writer w{memory};
    w.u8(cut);
    write(w);
    out.add(name, w.written());
  };
  const auto base = [](skerry::byte_writer& w, std::uint64_t plus) {
    w.u8(1);
    codec::write_actor(w, {1, 1, 1});
    w.varint(4);
    w.varint(plus);
    w.varint(0);
  };
  add("reset", 4, [&](skerry::byte_writer& w) {
    w.u8(0);
    w.varint(1);
    w.varint(9);
    w.varint(2);
    base(w, 5);
  });
  add("two_resets", 17, [&](skerry::byte_writer& w) {
    base(w, 5);
    base(w, 6);
  });
  add("gift", 3, [&](skerry::byte_writer& w) {
    w.u8(0);
    w.varint(9);
    w.varint(2);
    w.u8(1);
    codec::write_actor(w, {1, 1, 1});
    w.varint(4);
  });
  add("contributions", 5, [&](skerry::byte_writer& w) {
    FUZZ_REQUIRE(codec::encode_contribution(w, state::contribution<double>{{1}, 0, 1, 1.0, 2.0}));
    FUZZ_REQUIRE(codec::encode_contribution(w, state::contribution<double>{{2}, 3, 700, 2.5, 21.57}));
  });
  add("by_writer", 7, [&](skerry::byte_writer& w) {
    for (const std::uint64_t sequence : {5U, 6U}) {
      w.varint(1);
      w.varint(sequence);
      w.u32(7);
      FUZZ_REQUIRE(codec::encode_value(w, 1.0));
    }
  });
  out.add("element", std::string_view{"-2147483648"});
}
