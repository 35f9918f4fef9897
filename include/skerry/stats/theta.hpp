// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/image_words.hpp>
#include <skerry/stats/detail/nth_smallest.hpp>
#include <skerry/stats/detail/sketch_hash.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::stats {

/// Relative standard error of an estimate from 2^lg_k hashes.
[[nodiscard]] constexpr double theta_rse(unsigned lg_k) noexcept {
  return 1 / math::sqrt(static_cast<double>((std::uint64_t{1} << lg_k) - 1));
}

/// How many different keys a stream has, and what two streams have in common: a sample of the smallest hashes.
///
/// Input   integers (hashed as int64), floats (as double; one zero, one NaN; 1.0 is not the key 1), texts by their bytes; the empty text
///         is ignored
/// Cost    one hash of 128 bits per key, and a look into the table for those that count; sizeof == 16 * 2^LgK + 16; no heap
/// Bound   exact up to 15/8 2^LgK keys, then a relative standard error of 1 / sqrt(2^LgK - 1) or less (1.6 % at LgK 12); of an
///         intersection or difference: by `lower_bound` and `upper_bound`
/// Merge   join is the union: idempotent, commutative, associative, to the byte; of any LgK
/// Errors  `decode`: `truncated`, `corrupt`, `unsupported` (version, or a table of slots), `mismatch` (another seed)
/// Source  Dasgupta, Lang, Rhodes, Thaler, "A framework for estimating stream expression cardinalities", 2016; image: Apache
///         DataSketches, family 3, version 3 written, 3 and 4 read
template <unsigned LgK>
class theta {
  static_assert(LgK >= 4 && LgK <= 26, "theta<LgK>: 2^4 to 2^26 hashes");

 public:
  using algebra = joins;
  static constexpr merge_kind merging = merge_kind::exact;
  static constexpr unsigned lg_k = LgK;
  static constexpr std::size_t nominal = std::size_t{1} << LgK;
  /// As many hashes are held before the sample becomes a smaller one.
  static constexpr std::size_t capacity = nominal / 8 * 15;
  /// Enough for any image of this type.
  static constexpr std::size_t max_encoded_size = 24 + 8 * capacity;

  template <std::integral Key>
  constexpr status observe(Key key) noexcept {
    take(detail::sketch_hash(static_cast<std::uint64_t>(static_cast<std::int64_t>(key))).h1 >> 1);
    return {};
  }
  constexpr status observe(double key) noexcept {
    take(detail::sketch_hash(detail::sketch_bits(key)).h1 >> 1);
    return {};
  }
  status observe(std::string_view key) noexcept {
    if (!key.empty()) {
      take(detail::sketch_hash(key).h1 >> 1);
    }
    return {};
  }
  /// Many keys; returns how many were accepted: all.
  constexpr std::size_t observe(std::span<const std::int64_t> keys) noexcept {
    for (const std::int64_t key : keys) {
      take(detail::sketch_hash(static_cast<std::uint64_t>(key)).h1 >> 1);
    }
    return keys.size();
  }
  constexpr std::size_t observe(std::span<const double> keys) noexcept {
    for (const double key : keys) {
      take(detail::sketch_hash(detail::sketch_bits(key)).h1 >> 1);
    }
    return keys.size();
  }

  /// The union. Two that are not empty leave 2^LgK hashes at most, so that the order of joins leaves no trace.
  template <unsigned Other>
  constexpr void join(const theta<Other>& other) noexcept {
    if (other.empty()) {
      return;
    }
    const bool alone = empty();
    shrink_to(other.theta_);
    for (const std::uint64_t hash : other.slots_) {
      if (hash - 1 < theta_ - 1) {  // one branch, seldom taken once many were joined
        insert(hash);
      }
    }
    if (!alone || Other != LgK) {
      trim();
    }
  }
  /// What both have.
  template <unsigned Other>
  constexpr void intersect(const theta<Other>& other) noexcept {
    if (other.empty()) {
      clear();
      return;
    }
    if (!empty() && !is(other)) {
      keep_if(other.theta_, [&other](std::uint64_t hash) { return other.contains(hash); });
    }
  }
  /// What the other does not have.
  template <unsigned Other>
  constexpr void subtract(const theta<Other>& other) noexcept {
    if (is(other)) {
      keep_if(theta_, [](std::uint64_t) { return false; });
    } else if (!empty() && !other.empty()) {
      keep_if(other.theta_, [&other](std::uint64_t hash) { return !other.contains(hash); });
    }
  }

  /// Different keys, about; exactly as long as every hash is held.
  [[nodiscard]] constexpr double estimate() const noexcept { return static_cast<double>(count_) / share(); }
  /// The estimate less so many standard errors, but never less than the keys held.
  [[nodiscard]] constexpr double lower_bound(double sigmas) const noexcept {
    const auto n = static_cast<double>(count_);
    if (theta_ == all || count_ == 0) {
      return n;
    }
    const double low = bound(n - 0.5, sigmas, -1);
    return low < n ? n : (low < estimate() ? low : estimate());
  }
  [[nodiscard]] constexpr double upper_bound(double sigmas) const noexcept {
    const auto n = static_cast<double>(count_);
    if (theta_ == all) {
      return n;
    }
    const double high = bound(n + 0.5, sigmas, 1);
    return high > estimate() ? high : estimate();
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return count_ == 0 && theta_ == all; }
  /// Every hash is held: the estimate is the number.
  [[nodiscard]] constexpr bool exact() const noexcept { return theta_ == all; }
  /// Hashes held, all of them below `limit()`.
  [[nodiscard]] constexpr std::size_t retained() const noexcept { return count_; }
  /// Theta, of 2^63.
  [[nodiscard]] constexpr std::uint64_t limit() const noexcept { return theta_; }
  /// Calls `f(hash)` for every hash held, in no order.
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (const std::uint64_t hash : slots_) {
      if (hash != 0) {
        f(hash);
      }
    }
  }
  [[nodiscard]] constexpr bool contains(std::uint64_t hash) const noexcept { return hash != 0 && slots_[place_of(hash)] == hash; }
  constexpr void clear() noexcept { *this = theta{}; }

  /// An Apache DataSketches compact theta image, ordered, version 3.
  constexpr status encode(byte_writer& out) const noexcept {
    const bool single = count_ == 1 && theta_ == all;
    out.u8(empty() || single ? 1 : (theta_ == all ? 2 : 3));
    out.u8(3);
    out.u8(family);
    out.u16(0);
    out.u8(static_cast<std::uint8_t>(flag_read_only | flag_compact | flag_ordered | (empty() ? flag_empty : 0)));
    out.u16(seed_hash);
    if (empty()) {
      return out.error();
    }
    if (!single) {
      out.u32(count_);
      out.u32(0);
    }
    if (theta_ != all) {
      out.u64(theta_);
    }
    detail::image_words<std::uint64_t> to{out.reserve(8 * std::size_t{count_})};
    if (!to.bytes.empty()) {
      std::size_t n = 0;
      for_each([&](std::uint64_t hash) { to.put(n++, hash); });
      to.sort();
    }
    return out.error();
  }

  /// Reads a compact image, version 3 or 4. One that holds more hashes than fit here is sampled down as a union would be.
  [[nodiscard]] static constexpr result<theta> decode(byte_reader& in) noexcept {
    const unsigned preamble = in.u8();
    const unsigned version = in.u8();
    const unsigned type = in.u8();
    const unsigned bits = in.u8();
    const unsigned count_bytes = in.u8();
    const unsigned flags = in.u8();
    const std::uint16_t seed = in.u16();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != family) {
      return errc::corrupt;
    }
    if (version != 3 && version != 4) {
      return errc::unsupported;
    }
    if ((flags & flag_compact) == 0) {
      return errc::unsupported;
    }
    if ((flags & ~(flag_read_only | flag_empty | flag_compact | flag_ordered)) != 0) {
      return errc::corrupt;
    }
    result<theta> made{std::in_place};
    theta& out = made.value();
    if ((flags & flag_empty) != 0) {
      if (const status end = in.finish(); !end || preamble != 1) {
        return end ? errc::corrupt : end.error();
      }
      return made;
    }
    if (seed != seed_hash) {
      return errc::mismatch;
    }
    const errc bad =
        version == 3 ? out.read_plain(in, preamble, (flags & flag_ordered) != 0) : out.read_packed(in, preamble, bits, count_bytes);
    if (bad != errc::ok) {
      return bad;
    }
    return made;
  }

  /// Equal knowledge: the same sample, after a sketch that holds more than 2^LgK hashes has left out those that a join would.
  friend constexpr bool operator==(const theta& a, const theta& b) noexcept {
    const std::uint64_t limit = a.trimmed_limit();
    if (limit != b.trimmed_limit()) {
      return false;
    }
    std::size_t more = 0;
    bool same = true;
    b.for_each([&](std::uint64_t hash) { more += hash < limit ? 1U : 0U; });
    a.for_each([&](std::uint64_t hash) {
      if (hash < limit) {
        same = same && b.contains(hash);
        --more;
      }
    });
    return same && more == 0;
  }

 private:
  template <unsigned>
  friend class theta;

  static constexpr std::uint8_t family = 3;
  static constexpr std::uint16_t seed_hash = 0x93cc;
  static constexpr unsigned flag_read_only = 2;
  static constexpr unsigned flag_empty = 4;
  static constexpr unsigned flag_compact = 8;
  static constexpr unsigned flag_ordered = 16;
  static constexpr std::uint64_t all = (std::uint64_t{1} << 63) - 1;
  static constexpr std::size_t table = 2 * nominal;

  template <unsigned Other>
  [[nodiscard]] constexpr bool is(const theta<Other>& other) const noexcept {
    if constexpr (Other == LgK) {
      return &other == this;
    } else {
      return false;
    }
  }
  [[nodiscard]] constexpr double share() const noexcept { return static_cast<double>(theta_) * 0x1p-63; }
  /// The number of keys for which a sample of n would be so many standard errors off: the root of a quadratic, rounded away by a half as
  /// the other readers of these images do it.
  [[nodiscard]] constexpr double bound(double n, double sigmas, double sign) const noexcept {
    const double guess = n / share();
    const double b = sigmas * math::sqrt((1 - share()) / share());
    const double center = guess + 0.5 * (b * b);
    return center + sign * (0.5 * b * math::sqrt(b * b + 4 * guess) + 0.5);
  }

  /// Where the hash is, or where it would be: by its own bits, then slot after slot.
  [[nodiscard]] constexpr std::size_t place_of(std::uint64_t hash) const noexcept {
    std::size_t i = static_cast<std::size_t>(hash) & (table - 1);
    while (slots_[i] != 0 && slots_[i] != hash) {
      i = (i + 1) & (table - 1);
    }
    return i;
  }
  constexpr void take(std::uint64_t hash) noexcept {
    if (hash - 1 < theta_ - 1) {  // zero stands for a free slot
      insert(hash);
    }
  }
  // Rare, and not inlined: where it is called from stays short.
  [[gnu::noinline]] constexpr void insert(std::uint64_t hash) noexcept {
    std::uint64_t& slot = slots_[place_of(hash)];
    if (slot == hash) {
      return;
    }
    slot = hash;
    if (++count_ > capacity) {
      shrink_to(trimmed_limit());
    }
  }
  constexpr void trim() noexcept { shrink_to(trimmed_limit()); }
  constexpr void shrink_to(std::uint64_t limit) noexcept {
    if (limit < theta_) {
      keep_if(limit, [](std::uint64_t) { return true; });
    }
  }
  /// In place: from behind a free slot on, every hash finds its place at or before the one that it had.
  template <typename F>
  constexpr void keep_if(std::uint64_t limit, F&& wanted) noexcept {
    theta_ = limit < theta_ ? limit : theta_;
    std::size_t start = 0;
    while (slots_[start] != 0) {
      ++start;
    }
    count_ = 0;
    for (std::size_t n = 1; n < table; ++n) {
      const std::size_t i = (start + n) & (table - 1);
      const std::uint64_t hash = slots_[i];
      slots_[i] = 0;
      if (hash - 1 < theta_ - 1 && wanted(hash)) {
        slots_[place_of(hash)] = hash;
        ++count_;
      }
    }
  }

  [[nodiscard]] constexpr std::size_t below(std::uint64_t limit) const noexcept {
    std::size_t n = 0;
    for (const std::uint64_t hash : slots_) {
      n += hash - 1 < limit - 1 ? 1U : 0U;  // zero, a free slot, wraps to the greatest
    }
    return n;
  }
  /// The least hash that 2^LgK others are below, or theta. Hashes are spread evenly, so a guess comes close; halving makes sure of it.
  [[nodiscard]] constexpr std::uint64_t trimmed_limit() const noexcept {
    if (count_ <= nominal) {
      return theta_;
    }
    // At most `nominal` hashes are below `low`, more are below `high`.
    std::uint64_t low = 1;
    std::uint64_t high = theta_;
    std::size_t low_count = 0;
    std::size_t high_count = count_;
    constexpr std::size_t few = 512;
    for (unsigned step = 0; high_count - low_count > few; ++step) {
      std::uint64_t middle = low + (high - low) / 2;
      if (step < 6) {
        // Aimed to either side of the target in turn, so that it is soon enclosed.
        constexpr std::size_t aside = 3 * few / 8;
        const auto aim = static_cast<double>(step % 2 == 0 ? nominal + aside : nominal - aside) - static_cast<double>(low_count);
        const double part = aim / static_cast<double>(high_count - low_count);
        middle = part > 0 && part < 1 ? low + static_cast<std::uint64_t>(part * static_cast<double>(high - low)) : middle;
      }
      const std::size_t n = below(middle);
      (n <= nominal ? low : high) = middle;
      (n <= nominal ? low_count : high_count) = n;
      if (high - low <= 1) {
        return low;
      }
    }
    std::uint64_t near[few] = {};
    std::size_t held = 0;
    for (const std::uint64_t hash : slots_) {
      if (hash - low < high - low) {
        near[held++] = hash;
      }
    }
    return detail::nth_smallest(near, held, nominal - low_count);
  }

  /// One of an image's hashes, in ascending order if the image is ordered.
  constexpr errc take_read(std::uint64_t hash, std::uint64_t limit) noexcept {
    if (hash == 0 || hash >= limit) {
      return errc::corrupt;
    }
    if (hash < theta_) {
      if (contains(hash)) {
        return errc::corrupt;
      }
      insert(hash);
    }
    return errc::ok;
  }
  constexpr errc read_plain(byte_reader& in, unsigned preamble, bool ordered) noexcept {
    if (preamble < 1 || preamble > 3) {
      return errc::corrupt;
    }
    const std::uint32_t n = preamble == 1 ? 1 : in.u32();
    const std::uint32_t unused = preamble == 1 ? 0 : in.u32();
    const std::uint64_t limit = preamble == 3 ? in.u64() : all;
    (void)unused;  // a sampling rate that nobody reads
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (limit == 0 || limit > all) {
      return errc::corrupt;
    }
    if (in.remaining().size() / 8 < n) {
      return errc::truncated;
    }
    theta_ = limit;
    std::uint64_t before = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint64_t hash = in.u64();
      if (ordered && hash <= before) {
        return errc::corrupt;
      }
      before = hash;
      if (const errc bad = take_read(hash, limit); bad != errc::ok) {
        return bad;
      }
    }
    return in.finish().error();
  }
  constexpr errc read_packed(byte_reader& in, unsigned preamble, unsigned bits, unsigned count_bytes) noexcept {
    if (preamble < 1 || preamble > 2 || bits < 1 || bits > 63 || count_bytes < 1 || count_bytes > 4) {
      return errc::corrupt;
    }
    const std::uint64_t limit = preamble == 2 ? in.u64() : all;
    std::uint64_t n = 0;
    for (unsigned b = 0; b < count_bytes; ++b) {
      n |= std::uint64_t{in.u8()} << (8 * b);
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (limit == 0 || limit > all) {
      return errc::corrupt;
    }
    const std::uint64_t packed = (n * bits + 7) / 8;
    if (in.remaining().size() != packed) {
      return in.remaining().size() < packed ? errc::truncated : errc::corrupt;
    }
    theta_ = limit;
    std::uint64_t hash = 0;
    unsigned left = 0;  // bits of `byte` that were not read
    std::uint64_t byte = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      std::uint64_t delta = 0;
      for (unsigned open = bits; open != 0;) {
        if (left == 0) {
          byte = in.u8();
          left = 8;
        }
        const unsigned here = open < left ? open : left;
        delta = delta << here | (byte >> (left - here) & ((1U << here) - 1));
        left -= here;
        open -= here;
      }
      if (delta == 0 || delta >= limit - hash) {
        return errc::corrupt;
      }
      hash += delta;
      if (const errc bad = take_read(hash, limit); bad != errc::ok) {
        return bad;
      }
    }
    return errc::ok;
  }

  std::uint64_t theta_ = all;
  std::uint32_t count_ = 0;
  std::uint64_t slots_[table] = {};
};

/// The keys of either.
template <unsigned A, unsigned B>
[[nodiscard]] constexpr theta<A> theta_union(theta<A> a, const theta<B>& b) noexcept {
  a.join(b);
  return a;
}
/// The keys of both.
template <unsigned A, unsigned B>
[[nodiscard]] constexpr theta<A> theta_intersection(theta<A> a, const theta<B>& b) noexcept {
  a.intersect(b);
  return a;
}
/// The keys of the first that the second does not have.
template <unsigned A, unsigned B>
[[nodiscard]] constexpr theta<A> theta_a_not_b(theta<A> a, const theta<B>& b) noexcept {
  a.subtract(b);
  return a;
}

}  // namespace skerry::inline v0::stats
