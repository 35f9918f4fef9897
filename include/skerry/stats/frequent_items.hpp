// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/nth_smallest.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace skerry::inline v0::stats {

/// `max_error()` stays below this share of the total weight.
[[nodiscard]] constexpr double frequent_items_error(unsigned lg_max) noexcept {
  return 3.5 / static_cast<double>(std::uint64_t{1} << lg_max);
}

namespace detail {

/// How an item is named, found and written.
template <typename Item>
struct frequent_item;

template <>
struct frequent_item<std::int64_t> {
  using name = std::int64_t;
  static constexpr std::size_t max_encoded_size = 8;
  [[nodiscard]] static constexpr bool fits(name) noexcept { return true; }
  [[nodiscard]] static constexpr std::int64_t made(name item) noexcept { return item; }
  [[nodiscard]] static constexpr std::uint64_t hash(name item) noexcept {
    const auto bits = static_cast<std::uint64_t>(item);
    return (bits ^ bits >> 32) * 0x9e3779b97f4a7c15;
  }
  static constexpr void write(byte_writer& out, std::int64_t item) noexcept { out.i64(item); }
  [[nodiscard]] static constexpr name read(byte_reader& in) noexcept { return in.i64(); }
};

template <std::size_t N>
struct frequent_item<inplace_string<N>> {
  using name = std::string_view;
  static constexpr std::size_t max_encoded_size = 4 + N;
  [[nodiscard]] static constexpr bool fits(name item) noexcept { return item.size() <= N; }
  [[nodiscard]] static inplace_string<N> made(name item) noexcept {
    inplace_string<N> out;
    (void)out.try_assign(item);
    return out;
  }
  [[nodiscard]] static std::uint64_t hash(name item) noexcept { return hash64(std::as_bytes(std::span{item.data(), item.size()})); }
  static void write(byte_writer& out, const inplace_string<N>& item) noexcept {
    const std::string_view text{item};
    out.u32(static_cast<std::uint32_t>(text.size()));
    out.bytes(std::as_bytes(std::span{text.data(), text.size()}));
  }
  [[nodiscard]] static name read(byte_reader& in) noexcept {
    const auto bytes = in.bytes(in.u32());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

}  // namespace detail

/// Whom `frequent_items::frequent` leaves out when in doubt.
enum class frequent_errors : std::uint8_t {
  no_false_positives,  ///< those that may be too light
  no_false_negatives,  ///< nobody that may be heavy enough
};

/// The items of a stream that carry the most weight, with bounds for each.
///
/// Input   `std::int64_t`, or texts of up to N bytes: `frequent_items<inplace_string<N>, LgMax>`, observed as `std::string_view`; weights
///         are whole numbers from 1
/// Cost    one look into a table; now and then half of the table is cleared. sizeof: 2^LgMax * 16 + 32 for int64, 2^LgMax * (N + 10,
///         rounded up to 8) about for texts; no heap. Clearing takes 8 bytes of stack for up to 1024 of the items held.
/// Bound   lower_bound <= weight <= upper_bound = lower_bound + max_error, always; max_error <= 3.5 / 2^LgMax of the total weight
/// Merge   commutative and associative within the bound; not idempotent
/// Errors  `invalid` for a weight of zero; `width` for a text longer than N; `full` at a total weight of 2^63; `decode`: `truncated`,
///         `corrupt`, `unsupported` (version), `mismatch` (another LgMax), `width` (a longer text)
/// Source  Misra and Gries, "Finding repeated elements", 1982; Anderson, Bevin, Lang, Liberty, Rhodes, Thaler, "A high-performance
///         algorithm for identifying frequent items in data streams", 2017; image: Apache DataSketches, family 10
template <class Item, unsigned LgMax>
class frequent_items {
  static_assert(LgMax >= 3 && LgMax <= 26, "frequent_items<Item, LgMax>: the table has 2^3 to 2^26 slots");
  using traits = detail::frequent_item<Item>;

 public:
  using value_type = Item;
  /// What an item is called in questions: `std::int64_t`, or `std::string_view`.
  using name_type = typename traits::name;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::bounded;
  static constexpr unsigned lg_max = LgMax;
  static constexpr std::size_t slots = std::size_t{1} << LgMax;
  /// Items held at most.
  static constexpr std::size_t capacity = slots / 4 * 3;
  /// Enough for any image of this type.
  static constexpr std::size_t max_encoded_size = 32 + capacity * (8 + traits::max_encoded_size);

  struct row {
    Item item{};
    std::uint64_t lower = 0;
    std::uint64_t upper = 0;
  };

  constexpr status observe(name_type item, std::uint64_t weight = 1) noexcept {
    if (weight - 1 >= max_weight - total_ || !traits::fits(item)) {
      return refuse(item, weight);
    }
    total_ += weight;
    add(item, weight);
    return {};
  }
  /// Many items, each once; returns how many were accepted.
  constexpr std::size_t observe(std::span<const name_type> items) noexcept {
    std::size_t accepted = 0;
    for (const name_type item : items) {
      accepted += observe(item) ? 1U : 0U;
    }
    return accepted;
  }

  /// The weights of another stream too. A merge beyond 2^63 changes nothing and counts one refusal.
  constexpr void merge(const frequent_items& other) noexcept {
    refused_ = refused_ + other.refused_ < refused_ ? 0xffffffff : refused_ + other.refused_;
    if (other.total_ > max_weight - total_) {
      refused_ += refused_ == 0xffffffff ? 0U : 1U;
      return;
    }
    total_ += other.total_;
    const std::uint64_t more_offset = other.offset_;
    if (&other == this) {
      for (slot& s : table_) {
        s.weight *= 2;
      }
    } else {
      other.for_each_slot([this](const slot& s) { add(s.item, s.weight); });
    }
    offset_ += more_offset;
  }

  /// Its weight, or as much more as `max_error`; zero for an item that is not held.
  [[nodiscard]] constexpr std::uint64_t estimate(name_type item) const noexcept {
    const std::uint64_t low = lower_bound(item);
    return low == 0 ? 0 : low + offset_;
  }
  [[nodiscard]] constexpr std::uint64_t lower_bound(name_type item) const noexcept {
    return traits::fits(item) ? table_[place_of(item)].weight : 0;
  }
  [[nodiscard]] constexpr std::uint64_t upper_bound(name_type item) const noexcept { return lower_bound(item) + offset_; }
  /// No bound is further from the weight; no item that is not held weighs more.
  [[nodiscard]] constexpr std::uint64_t max_error() const noexcept { return offset_; }

  /// The heaviest items above a threshold, heaviest first, as many as `out` has room for; returns how many. A threshold below
  /// `max_error` cannot keep its promise and is raised to it.
  constexpr std::size_t frequent(std::span<row> out, std::uint64_t threshold = 0,
                                 frequent_errors errors = frequent_errors::no_false_negatives) const noexcept {
    const std::uint64_t least = threshold < offset_ ? offset_ : threshold;
    std::size_t n = 0;
    for_each_slot([&](const slot& s) {
      if ((errors == frequent_errors::no_false_positives ? s.weight : s.weight + offset_) <= least) {
        return;
      }
      std::size_t i = n;
      if (n == out.size()) {
        if (n == 0 || !heavier(s, out[n - 1])) {
          return;
        }
        --i;
      } else {
        ++n;
      }
      for (; i > 0 && heavier(s, out[i - 1]); --i) {
        out[i] = out[i - 1];
      }
      out[i] = row{s.item, s.weight, s.weight + offset_};
    });
    return n;
  }
  /// Calls `f(item, lower, upper)` for every item held, in no order.
  template <typename F>
  constexpr void for_each(F&& f) const {
    for_each_slot([&](const slot& s) { f(s.item, s.weight, s.weight + offset_); });
  }

  /// The weight of all that was observed.
  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] constexpr std::size_t retained() const noexcept { return held_; }
  /// Items refused here or in what was merged. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  constexpr void clear() noexcept { *this = frequent_items{}; }

  /// An Apache DataSketches frequent-items image, of the reader's type for long or string.
  constexpr status encode(byte_writer& out) const noexcept {
    const bool none = total_ == 0;
    out.u8(none ? 1 : 4);
    out.u8(1);
    out.u8(family);
    out.u8(LgMax);
    out.u8(lg_now_);
    out.u8(none ? flag_empty : std::uint8_t{0});
    out.u16(0);
    if (!none) {
      out.u32(held_);
      out.u32(0);
      out.u64(total_);
      out.u64(offset_);
      for_each_slot([&out](const slot& s) { out.u64(s.weight); });
      for_each_slot([&out](const slot& s) { traits::write(out, s.item); });
    }
    return out.error();
  }

  [[nodiscard]] static constexpr result<frequent_items> decode(byte_reader& in) noexcept {
    const unsigned preamble = in.u8();
    const unsigned version = in.u8();
    const unsigned type = in.u8();
    const unsigned image_lg = in.u8();
    const unsigned lg_now = in.u8();
    const unsigned flags = in.u8();
    (void)in.u16();
    if (in.error() != errc::ok) {
      return in.error();
    }
    const bool none = (flags & flag_empty) != 0;
    if (type != family || lg_now < 3 || lg_now > image_lg || image_lg > 30 || preamble != (none ? 1U : 4U)) {
      return errc::corrupt;
    }
    if (version != 1) {
      return errc::unsupported;
    }
    if (image_lg != LgMax) {
      return errc::mismatch;
    }
    result<frequent_items> made{std::in_place};
    made.value().lg_now_ = static_cast<std::uint8_t>(lg_now);
    const errc bad = none ? in.finish().error() : made.value().read(in);
    if (bad != errc::ok) {
      return bad;
    }
    return made;
  }

 private:
  struct slot {
    std::uint64_t weight = 0;  ///< 0: free
    Item item{};
  };
  static constexpr std::uint8_t family = 10;
  static constexpr std::uint8_t flag_empty = 5;
  static constexpr std::uint64_t max_weight = (std::uint64_t{1} << 63) - 1;

  [[nodiscard]] static constexpr bool heavier(const slot& s, const row& r) noexcept { return s.weight > r.lower; }

  // Not inlined: it is the way that is not taken.
  [[gnu::noinline]] constexpr status refuse(name_type item, std::uint64_t weight) noexcept {
    refused_ += refused_ == 0xffffffff ? 0U : 1U;
    return !traits::fits(item) ? errc::width : (weight == 0 ? errc::invalid : errc::full);
  }

  /// Where the item is, or where it would be: by its hash, then slot after slot.
  [[nodiscard]] constexpr std::size_t place_of(name_type item) const noexcept {
    std::size_t i = static_cast<std::size_t>(traits::hash(item) >> (64 - LgMax));
    while (table_[i].weight != 0 && !(name_type(table_[i].item) == item)) {
      i = (i + 1) & (slots - 1);
    }
    return i;
  }
  template <typename F>
  constexpr void for_each_slot(F&& f) const {
    for (const slot& s : table_) {
      if (s.weight != 0) {
        f(s);
      }
    }
  }

  constexpr void add(name_type item, std::uint64_t weight) noexcept {
    slot& s = table_[place_of(item)];
    if (s.weight != 0) {
      s.weight += weight;
    } else {
      insert(s, item, weight);
    }
  }
  [[gnu::noinline]] constexpr void insert(slot& s, name_type item, std::uint64_t weight) noexcept {
    s.item = traits::made(item);
    s.weight = weight;
    ++held_;
    if (held_ > std::uint32_t{3} << lg_now_ >> 2) {
      if (lg_now_ < LgMax) {
        ++lg_now_;  // how far the table of other writers would have grown
      } else {
        purge();
      }
    }
  }
  /// The median of the weights held is taken from all; who has nothing left goes.
  constexpr void purge() noexcept {
    constexpr std::size_t most = capacity + 1 < 1024 ? capacity + 1 : 1024;
    std::uint64_t sample[most] = {};
    std::size_t n = 0;
    for (std::size_t i = 0; i < slots && n < most; ++i) {
      if (table_[i].weight != 0) {
        sample[n++] = table_[i].weight;
      }
    }
    const std::uint64_t amount = detail::nth_smallest(sample, n, n / 2);
    offset_ += amount;
    std::size_t start = 0;
    while (table_[start].weight != 0) {
      ++start;
    }
    held_ = 0;
    // In place: from behind a free slot on, every item finds its place at or before the one that it had.
    for (std::size_t ahead = 1; ahead < slots; ++ahead) {
      slot& from = table_[(start + ahead) & (slots - 1)];
      if (from.weight != 0) {
        const slot s = from;
        from.weight = 0;
        if (s.weight > amount) {
          slot& to = table_[place_of(name_type(s.item))];
          to.item = s.item;
          to.weight = s.weight - amount;
          ++held_;
        }
      }
    }
  }
  constexpr errc read(byte_reader& in) noexcept {
    const std::uint32_t n = in.u32();
    (void)in.u32();
    const std::uint64_t total = in.u64();
    const std::uint64_t offset = in.u64();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (n > std::uint32_t{3} << lg_now_ >> 2 || total == 0 || total > max_weight || offset > total) {
      return errc::corrupt;
    }
    byte_reader weights{in.bytes(std::size_t{8} * n)};
    if (in.error() != errc::ok) {
      return in.error();
    }
    std::uint64_t left = total;
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint64_t weight = weights.u64();
      const name_type item = traits::read(in);
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (weight == 0 || weight > left) {
        return errc::corrupt;
      }
      if (!traits::fits(item)) {
        return errc::width;
      }
      left -= weight;
      slot& s = table_[place_of(item)];
      if (s.weight != 0) {
        return errc::corrupt;  // twice the same
      }
      s.item = traits::made(item);
      s.weight = weight;
    }
    if (offset > left) {
      return errc::corrupt;  // whatever raised the offset has taken as much weight away
    }
    held_ = n;
    total_ = total;
    offset_ = offset;
    return in.finish().error();
  }

  std::uint64_t total_ = 0;
  std::uint64_t offset_ = 0;
  std::uint32_t held_ = 0;
  std::uint32_t refused_ = 0;
  std::uint8_t lg_now_ = 3;
  slot table_[slots]{};
};

}  // namespace skerry::inline v0::stats
