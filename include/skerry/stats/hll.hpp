// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/hll_registers.hpp>
#include <skerry/stats/detail/image_words.hpp>
#include <skerry/stats/detail/sketch_hash.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::stats {

/// Relative standard error of an estimate from 2^lg_k registers, whatever was joined.
[[nodiscard]] constexpr double hll_rse(unsigned lg_k) noexcept {
  return 1.03896176 / math::sqrt(static_cast<double>(std::uint64_t{1} << lg_k));  // sqrt(3 ln 2 - 1)
}
/// The same while a sketch only observed and was never joined.
[[nodiscard]] constexpr double hll_hip_rse(unsigned lg_k) noexcept {
  return 0.83255461 / math::sqrt(static_cast<double>(std::uint64_t{1} << lg_k));  // sqrt(ln 2)
}
/// Distinct keys by a power of two of registers up to 63, without tables.
///
/// Source  Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6
[[nodiscard]] constexpr double hll_register_estimate(std::span<const std::uint8_t> registers) noexcept {
  if (registers.empty()) {
    return 0;
  }
  std::uint32_t counts[64] = {};
  for (const std::uint8_t v : registers) {
    ++counts[v & 63];
  }
  return detail::hll_estimate(counts, static_cast<double>(registers.size()));
}

/// How many different keys a stream has, from 2^LgK bytes, joinable.
///
/// Input   integers (hashed as int64: int 1 and int64 1 are one key), floats (as double; one zero, one NaN; 1.0 is not the key 1), texts
///         by their bytes; the empty text is ignored
/// Cost    one hash of 128 bits and one byte looked at per key; sizeof == 2^LgK + 32 (LgK 4: 64); no heap. The step from coupons to
///         registers, once, takes 3/8 of that of stack.
/// Bound   relative standard error 0.83 / sqrt(2^LgK) while it only observed (1.3 % at LgK 12), 1.04 / sqrt(2^LgK) after a join of two
///         that are not empty; exact in practice while it holds coupons: up to 7 keys, from LgK 8 on up to 3/4 2^(LgK-3)
/// Merge   join: idempotent, commutative, associative, to the byte. Joins of larger ones into smaller ones fold.
/// Errors  `decode`: `truncated`, `corrupt`, `unsupported` (version), `mismatch` (another LgK)
/// Source  Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", 2007; Ertl 2017 for the estimate; historic inverse probability: Ting,
///         "Streamed approximate counting of distinct elements", 2014; image: Apache DataSketches, family 7
template <unsigned LgK>
class hll {
  static_assert(LgK >= 4 && LgK <= 21, "hll<LgK>: the image has 2^4 to 2^21 registers");

 public:
  using algebra = joins;
  static constexpr merge_kind merging = merge_kind::exact;
  static constexpr unsigned lg_k = LgK;
  static constexpr std::size_t size = std::size_t{1} << LgK;
  /// Enough for any image of this type.
  static constexpr std::size_t max_encoded_size = 40 + size;

  template <std::integral Key>
  constexpr status observe(Key key) noexcept {
    take(detail::sketch_hash(static_cast<std::uint64_t>(static_cast<std::int64_t>(key))));
    return {};
  }
  constexpr status observe(double key) noexcept {
    take(detail::sketch_hash(detail::sketch_bits(key)));
    return {};
  }
  status observe(std::string_view key) noexcept {
    if (!key.empty()) {
      take(detail::sketch_hash(key));
    }
    return {};
  }
  /// Many keys; returns how many were accepted: all.
  constexpr std::size_t observe(std::span<const std::int64_t> keys) noexcept {
    for (const std::int64_t key : keys) {
      take(detail::sketch_hash(static_cast<std::uint64_t>(key)));
    }
    return keys.size();
  }
  constexpr std::size_t observe(std::span<const double> keys) noexcept {
    for (const double key : keys) {
      take(detail::sketch_hash(detail::sketch_bits(key)));
    }
    return keys.size();
  }

  /// What another one knows too. The join of two that both know something ends the history that the better estimate comes from.
  template <unsigned Other>
  constexpr void join(const hll<Other>& other) noexcept {
    static_assert(Other >= LgK, "hll<LgK>::join: registers fold, they do not unfold: join into the smaller of the two");
    if (other.empty()) {
      return;
    }
    if constexpr (Other == LgK) {
      if (empty()) {
        *this = other;
        return;
      }
      if (&other == this) {
        forget_history();
        return;
      }
    }
    if (other.registers_) {
      to_registers();
      for (std::size_t i = 0; i < other.size; ++i) {
        raise(i & (size - 1), other.cells_[i]);
      }
    } else {
      other.each_coupon([this](std::uint32_t coupon) { take_coupon(coupon); });
    }
    forget_history();
  }

  /// Different keys, about.
  [[nodiscard]] constexpr double estimate() const noexcept {
    if (!registers_) {
      return coupon_estimate(count_);
    }
    return joined_ ? hll_register_estimate({cells_, size}) : hip_;
  }
  /// The estimate less so many standard errors, but never less than what is known for sure.
  [[nodiscard]] constexpr double lower_bound(double sigmas) const noexcept {
    const double low = estimate() / (1 + sigmas * relative_error());
    return low > sure() ? low : sure();
  }
  /// The estimate and so many standard errors; infinite where they add up to all of it.
  [[nodiscard]] constexpr double upper_bound(double sigmas) const noexcept {
    const double part = 1 - sigmas * relative_error();
    if (!(part > 0)) {
      return empty() ? 0 : math::inf_v<double>;
    }
    const double high = estimate() / part;
    return high > sure() ? high : sure();
  }
  /// The relative standard error of `estimate()` in its present state.
  [[nodiscard]] constexpr double relative_error() const noexcept {
    if (!registers_) {
      return coupon_rse;
    }
    return joined_ ? hll_rse(LgK) : hll_hip_rse(LgK);
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return !registers_ && count_ == 0; }
  /// The keys are still held one by one, as coupons of 32 bits.
  [[nodiscard]] constexpr bool exact() const noexcept { return !registers_; }
  constexpr void clear() noexcept { *this = hll{}; }
  /// The registers that these keys make, also while they are held as coupons.
  constexpr void copy_registers(std::span<std::uint8_t, size> out) const noexcept {
    for (std::size_t i = 0; i < size; ++i) {
      out[i] = registers_ ? cells_[i] : std::uint8_t{0};
    }
    if (!registers_) {
      each_coupon([&out](std::uint32_t coupon) {
        std::uint8_t& v = out[coupon & (size - 1)];
        v = coupon >> 26 > v ? static_cast<std::uint8_t>(coupon >> 26) : v;
      });
    }
  }

  /// An Apache DataSketches HLL_8 image, compact.
  constexpr status encode(byte_writer& out) const noexcept {
    const bool list = !registers_ && count_ < list_size;
    const unsigned flags = flag_compact | (empty() ? flag_empty : 0) | (joined_ ? flag_out_of_order : 0);
    std::uint32_t front = registers_ ? 10 : (list ? 2 : 3);
    front |= 1U << 8 | std::uint32_t{family} << 16 | std::uint32_t{LgK} << 24;
    const std::uint32_t back = flags << 8 | (registers_ ? 0x0a000000 : (list ? 0x08000003 | count_ << 16 : 0x09000000 | set_lg()));
    out.u32(front);
    out.u32(back);
    if (registers_) {
      out.f64(hip_);
      out.f64(sum_.low_sum());
      out.f64(sum_.high_sum());
      out.u32(static_cast<std::uint32_t>(zeros()));
      out.u32(0);
      const auto to = out.reserve(size);
      for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] = static_cast<std::byte>(cells_[i]);
      }
      return out.error();
    }
    if (!list) {
      out.u32(count_);
    }
    detail::image_words<std::uint32_t> to{out.reserve(4 * count_)};
    if (!to.bytes.empty()) {
      std::size_t n = 0;
      each_coupon([&](std::uint32_t coupon) { to.put(n++, coupon); });
      if (!list) {
        to.sort();
      }
    }
    return out.error();
  }

  /// Reads HLL_4, HLL_6 and HLL_8 of this LgK: lists, sets and registers, compact or updatable.
  [[nodiscard]] static constexpr result<hll> decode(byte_reader& in) noexcept {
    const unsigned preamble = in.u8();
    const unsigned version = in.u8();
    const unsigned type = in.u8();
    const unsigned image_lg = in.u8();
    const unsigned array_lg = in.u8();
    const unsigned flags = in.u8();
    const unsigned small = in.u8();
    const unsigned mode = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != family || image_lg < 4 || image_lg > 21 || (mode & 3) > 2 || mode >> 2 > 2 ||
        preamble != ((mode & 3) == 2 ? 10U : 2 + (mode & 3))) {
      return errc::corrupt;
    }
    if (version != 1) {
      return errc::unsupported;
    }
    if (image_lg != LgK) {
      return errc::mismatch;
    }
    result<hll> made{std::in_place};
    hll& out = made.value();
    const bool compact = (flags & flag_compact) != 0;
    errc bad = errc::ok;
    if ((mode & 3) == 2) {
      bad = (flags & flag_empty) != 0 ? errc::corrupt
                                      : out.read_registers(in, static_cast<detail::hll_packing>(mode >> 2), small, array_lg, compact,
                                                           (flags & flag_out_of_order) == 0);
    } else {
      bad = out.read_coupons(in, (mode & 3) == 0, small, array_lg, compact, (flags & flag_empty) != 0);
    }
    if (bad == errc::ok) {
      bad = in.finish().error();
    }
    if (bad != errc::ok) {
      return bad;
    }
    return made;
  }

  /// Equal knowledge. What `estimate()` owes to the history of one of them does not matter.
  friend constexpr bool operator==(const hll& a, const hll& b) noexcept {
    if (a.registers_ != b.registers_ || a.count_ != b.count_) {
      return false;
    }
    bool same = true;
    if (a.registers_) {
      for (std::size_t i = 0; i < size; ++i) {
        same = same && a.cells_[i] == b.cells_[i];
      }
    } else {
      a.each_coupon([&](std::uint32_t coupon) { same = same && b.coupon_at(b.place_of(coupon)) == coupon; });
    }
    return same;
  }

 private:
  template <unsigned>
  friend class hll;

  static constexpr std::uint8_t family = 7;
  static constexpr unsigned flag_empty = 4;
  static constexpr unsigned flag_compact = 8;
  static constexpr unsigned flag_out_of_order = 16;
  static constexpr std::uint32_t list_size = 8;
  /// More coupons than this become registers.
  static constexpr std::uint32_t most_coupons = LgK < 8 ? list_size - 1 : static_cast<std::uint32_t>(3 * size / 32);
  static constexpr std::size_t cells = size < 4 * list_size ? 4 * list_size : size;
  static constexpr double coupon_rse = 0.409 / 8192;  // of 2^26 slots

  /// Keys by coupons: two keys have the same one with a probability of 2^-26 / 3.
  [[nodiscard]] static constexpr double coupon_estimate(std::uint32_t n) noexcept {
    const double x = n;
    return x + x * (x - 1) / (6 * 0x1p26);
  }
  [[nodiscard]] static constexpr std::uint32_t get(const std::uint8_t* at) noexcept {
    return at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
  }
  [[nodiscard]] constexpr std::uint32_t coupon_at(std::size_t i) const noexcept { return get(cells_ + 4 * i); }
  constexpr void set_coupon(std::size_t i, std::uint32_t coupon) noexcept {
    for (unsigned b = 0; b < 4; ++b) {
      cells_[4 * i + b] = static_cast<std::uint8_t>(coupon >> (8 * b));
    }
  }
  /// Coupons below `list_size` stand in the order they came; more of them in a table over all of the memory, 3/8 full at most.
  [[nodiscard]] constexpr bool in_table() const noexcept { return count_ >= list_size; }
  static constexpr std::size_t words = cells / 4;
  /// Where the coupon is, or where it would be.
  [[nodiscard]] constexpr std::size_t place_of(std::uint32_t coupon) const noexcept {
    std::size_t i = 0;
    if (in_table()) {
      i = static_cast<std::size_t>((coupon * 0x9e3779b1U) >> 7) & (words - 1);
    }
    while (coupon_at(i) != 0 && coupon_at(i) != coupon) {
      i = (i + 1) & (words - 1);
    }
    return i;
  }
  template <typename F>
  constexpr void each_coupon(F&& f) const noexcept {
    for (std::size_t i = 0, left = count_; left != 0; ++i) {
      if (const std::uint32_t coupon = coupon_at(i); coupon != 0) {
        f(coupon);
        --left;
      }
    }
  }
  [[nodiscard]] constexpr std::uint32_t set_lg() const noexcept {
    std::uint32_t lg = 5;
    while (4 * count_ > std::uint32_t{3} << lg) {
      ++lg;
    }
    return lg;
  }
  /// Keys that there are at least.
  [[nodiscard]] constexpr double sure() const noexcept { return static_cast<double>(registers_ ? size - zeros() : count_); }
  [[nodiscard]] constexpr std::size_t zeros() const noexcept {
    std::size_t n = 0;
    for (std::size_t i = 0; i < size; ++i) {
      n += cells_[i] == 0 ? 1U : 0U;
    }
    return n;
  }

  constexpr void take(const hash128& h) noexcept {
    const unsigned zeros_first = static_cast<unsigned>(std::countl_zero(h.h2));
    const unsigned v = (zeros_first < 62 ? zeros_first : 62) + 1;
    if (registers_) {
      raise(static_cast<std::size_t>(h.h1) & (size - 1), v);
    } else {
      add_coupon(v << 26 | static_cast<std::uint32_t>(h.h1 & 0x3ffffff));
    }
  }
  constexpr void take_coupon(std::uint32_t coupon) noexcept {
    if (registers_) {
      raise(coupon & (size - 1), coupon >> 26);
    } else {
      add_coupon(coupon);
    }
  }
  constexpr void raise(std::size_t i, unsigned v) noexcept {
    if (v > cells_[i]) {
      change(cells_[i], v);
    }
  }
  // Rare, and not inlined: where it is called from stays short.
  [[gnu::noinline]] constexpr void change(std::uint8_t& cell, unsigned v) noexcept {
    hip_ += joined_ ? 0 : static_cast<double>(size) / sum_.all();
    sum_.remove(cell);
    sum_.add(v);
    cell = static_cast<std::uint8_t>(v);
  }

  // Not inlined, so that the registers' way through `take` stays short.
  [[gnu::noinline]] constexpr void add_coupon(std::uint32_t coupon) noexcept {
    std::size_t i = place_of(coupon);
    if (coupon_at(i) == coupon) {
      return;
    }
    if (count_ == most_coupons) {
      to_registers();
      raise(coupon & (size - 1), coupon >> 26);
      hip_ = coupon_estimate(most_coupons + 1);
      return;
    }
    if (count_ == list_size - 1) {
      list_to_table();
      i = place_of(coupon);
    } else {
      ++count_;
    }
    set_coupon(i, coupon);
  }
  constexpr void list_to_table() noexcept {
    std::uint32_t held[list_size] = {};
    for (std::size_t i = 0; i < list_size - 1; ++i) {
      held[i] = coupon_at(i);
      set_coupon(i, 0);
    }
    count_ = list_size;  // from here on it is a table; the caller adds the eighth
    for (std::size_t i = 0; i < list_size - 1; ++i) {
      set_coupon(place_of(held[i]), held[i]);
    }
  }
  [[gnu::noinline]] constexpr void to_registers() noexcept {
    if (registers_) {
      return;
    }
    std::uint32_t held[most_coupons] = {};
    std::size_t n = 0;
    each_coupon([&](std::uint32_t coupon) { held[n++] = coupon; });
    const double so_far = coupon_estimate(count_);
    for (std::uint8_t& cell : cells_) {
      cell = 0;
    }
    registers_ = true;
    count_ = 0;
    sum_ = {std::uint64_t{size} << 31, 0};
    for (std::size_t i = 0; i < n; ++i) {
      raise(held[i] & (size - 1), held[i] >> 26);
    }
    hip_ = so_far;
  }
  /// The bytes of what was joined depend on nothing but the keys.
  constexpr void forget_history() noexcept {
    if (registers_) {
      joined_ = true;
      hip_ = 0;
    } else if (!in_table()) {
      for (std::uint32_t i = 1; i < count_; ++i) {
        const std::uint32_t x = coupon_at(i);
        std::uint32_t j = i;
        for (; j > 0 && coupon_at(j - 1) > x; --j) {
          set_coupon(j, coupon_at(j - 1));
        }
        set_coupon(j, x);
      }
    }
  }

  constexpr errc read_coupons(byte_reader& in, bool list, unsigned small, unsigned array_lg, bool compact, bool none) noexcept {
    const std::uint32_t n = list ? small : in.u32();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (array_lg > 26 || n > most_coupons || (list ? n >= list_size || none != (n == 0) : small != 0 || n == 0 || none || LgK < 8)) {
      return errc::corrupt;
    }
    const std::size_t slots = compact ? n : (list ? list_size : std::size_t{1} << array_lg);
    if (none && in.remaining().empty()) {
      return errc::ok;
    }
    if (slots < n) {
      return errc::corrupt;
    }
    if (in.remaining().size() / 4 < slots) {
      return errc::truncated;
    }
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < slots; ++i) {
      const std::uint32_t coupon = in.u32();
      if (coupon == 0 && !compact) {
        continue;
      }
      if (coupon >> 26 == 0 || ++found > n) {
        return errc::corrupt;
      }
      const std::uint32_t before = count_;
      add_coupon(coupon);
      if (count_ == before) {
        return errc::corrupt;  // twice the same
      }
    }
    return found == n ? errc::ok : errc::corrupt;
  }
  constexpr errc read_registers(byte_reader& in, detail::hll_packing packing, unsigned least, unsigned aux_lg, bool compact,
                                bool in_order) noexcept {
    const double hip = in.f64();
    const double low = in.f64();
    const double high = in.f64();
    const std::uint32_t at_least = in.u32();
    const std::uint32_t aux_count = in.u32();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (const errc bad = detail::read_hll_registers(in, {cells_, size}, packing, least, aux_count, aux_lg, compact); bad != errc::ok) {
      return bad;
    }
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < size; ++i) {
      sum_.add(cells_[i]);
      found += cells_[i] == least ? 1U : 0U;
    }
    // Writers that add and subtract powers of two keep these sums exact; the second one loses bits of registers above 52.
    if (found != at_least || low != sum_.low_sum() || !(math::fabs(high - sum_.high_sum()) <= 0x1p-40)) {
      return errc::corrupt;
    }
    // Every register that is not zero has added one or more to the history.
    if (in_order && !(hip >= static_cast<double>(size - zeros()) * (1 - 0x1p-20) && math::isfinite(hip))) {
      return errc::corrupt;
    }
    registers_ = true;
    joined_ = !in_order;
    hip_ = in_order ? hip : 0;
    return errc::ok;
  }

  alignas(8) std::uint8_t cells_[cells] = {};
  double hip_ = 0;
  detail::hll_sum sum_{};
  std::uint32_t count_ = 0;  ///< coupons
  bool registers_ = false;
  bool joined_ = false;  ///< of registers: the history is lost
};

}  // namespace skerry::inline v0::stats
