// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/kll.hpp>

#include "fuzz/fuzz.hpp"

#include <array>
#include <cstdint>

using skerry::stats::kll;

namespace {

template <typename Sketch>
struct image_of {
  explicit image_of(const Sketch& sketch) {
    skerry::byte_writer out{memory};
    FUZZ_REQUIRE(sketch.encode(out));
    size = out.written().size();
  }
  [[nodiscard]] skerry_fuzz::bytes written() const { return skerry_fuzz::bytes{memory}.first(size); }
  std::array<std::byte, Sketch::max_encoded_size> memory{};
  std::size_t size = 0;
};

/// What an accepted image answers lies within what it says of itself, also after it was merged and written again.
template <typename T, std::uint16_t K>
void check(skerry_fuzz::bytes in) {
  using sketch = kll<T, K>;
  auto read = skerry::decode_all<sketch>(in, std::uint64_t{7});
  if (!read) {
    return;
  }
  sketch s = read.value();
  for (int round = 0; round < 2; ++round) {
    if (s.count() > 0) {
      T last = s.quantile(0).value();
      for (int i = 1; i <= 8; ++i) {
        const T q = s.quantile(i / 8.0).value();
        FUZZ_REQUIRE(q >= last);
        const double rank = s.rank(q).value();
        FUZZ_REQUIRE(rank >= 0 && rank <= 1);
        last = q;
      }
    }
    const image_of<sketch> again{s};
    const auto reread = skerry::decode_all<sketch>(again.written(), std::uint64_t{7});
    FUZZ_REQUIRE(reread && reread.value().count() == s.count());
    const std::uint64_t before = s.count();
    s.merge(sketch{s});
    FUZZ_REQUIRE(s.count() >= before);
    (void)s.observe(T{1});
  }
}

template <typename T, std::uint16_t K>
void seed(const skerry_fuzz::seed_folder& out, std::string_view name, int n) {
  kll<T, K> s{1};
  for (int i = 0; i < n; ++i) {
    (void)s.observe(static_cast<T>(i * 37 % 101));
  }
  out.add(name, image_of<kll<T, K>>{s}.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<float, 8>(in);
  check<double, 8>(in);
  check<std::int64_t, 8>(in);
  check<float, 200>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed<float, 8>(out, "float_empty", 0);
  seed<float, 8>(out, "float_one", 1);
  seed<float, 8>(out, "float_some", 7);
  seed<float, 8>(out, "float_many", 300);
  seed<double, 8>(out, "double_some", 9);
  seed<std::int64_t, 8>(out, "int64_some", 12);
  seed<float, 200>(out, "k200_some", 20);
}
