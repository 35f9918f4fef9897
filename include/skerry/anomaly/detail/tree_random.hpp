// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

// Where a branch costs two instructions and loads have no caches to wait for, the shortest way is the fastest, and one thing after the
// other; elsewhere branches that cannot be foretold are avoided.
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
inline constexpr bool short_branches = true;
#else
inline constexpr bool short_branches = false;
#endif
/// Conditional instructions take their time on both ways; a jump only on one.
constexpr void stay_branch() noexcept {
#if defined(__thumb__)
  if (!std::is_constant_evaluated()) {
    asm("");
  }
#endif
}

/// Philox with the keys of its rounds written out: the same blocks, for those who ask for many where additions cost as much as loads.
class philox_by_rounds {
 public:
  explicit philox_by_rounds(std::uint64_t key) noexcept {
    auto low = static_cast<std::uint32_t>(key);
    auto high = static_cast<std::uint32_t>(key >> 32U);
    for (std::uint32_t i = 0; i < 20; i += 2) {
      keys_[i] = low;
      keys_[i + 1U] = high;
      low += 0x9e3779b9U;
      high += 0xbb67ae85U;
    }
  }
  [[nodiscard]] std::array<std::uint32_t, 4> block(const std::array<std::uint32_t, 4>& counter) const noexcept {
    auto [c0, c1, c2, c3] = counter;
    for (const std::uint32_t* key = keys_; key != keys_ + 20; key += 4) {
      std::uint64_t a = std::uint64_t{0xd2511f53} * c0;
      std::uint64_t b = std::uint64_t{0xcd9e8d57} * c2;
      const std::uint32_t d0 = static_cast<std::uint32_t>(b >> 32U) ^ c1 ^ key[0];
      const auto d1 = static_cast<std::uint32_t>(b);
      const std::uint32_t d2 = static_cast<std::uint32_t>(a >> 32U) ^ c3 ^ key[1];
      const auto d3 = static_cast<std::uint32_t>(a);
      a = std::uint64_t{0xd2511f53} * d0;
      b = std::uint64_t{0xcd9e8d57} * d2;
      c0 = static_cast<std::uint32_t>(b >> 32U) ^ d1 ^ key[2];
      c1 = static_cast<std::uint32_t>(b);
      c2 = static_cast<std::uint32_t>(a >> 32U) ^ d3 ^ key[3];
      c3 = static_cast<std::uint32_t>(a);
    }
    return {c0, c1, c2, c3};
  }

 private:
  std::uint32_t keys_[20];
};

/// The random words of one node of one tree: blocks 0, 1, … of Philox at counter {tree, node, block, domain}. They depend on
/// nothing else, so a tree can be grown by any thread, in any slices, again. A random_source for `uniform_below`.
template <typename Blocks>
class words_from {
 public:
  words_from(Blocks blocks, std::uint32_t tree, std::uint32_t node, std::uint32_t domain) noexcept
      : source_{blocks}, tree_{tree}, node_{node}, domain_{domain} {}

  [[nodiscard]] std::uint32_t operator()() noexcept {
    if (used_ == 4) {
      block_ = source_.block({tree_, node_, blocks_, domain_});
      ++blocks_;
      used_ = 0;
    }
    return block_[used_++];
  }

 private:
  Blocks source_;
  std::array<std::uint32_t, 4> block_;  // none yet
  std::uint32_t tree_, node_, domain_;
  std::uint32_t blocks_ = 0;
  std::uint32_t used_ = 4;
};

class word_stream : public words_from<philox> {
 public:
  word_stream(std::uint64_t seed, std::uint32_t tree, std::uint32_t node, std::uint32_t domain) noexcept
      : words_from{philox{seed}, tree, node, domain} {}
};

inline constexpr std::uint32_t split_domain = 0;
inline constexpr std::uint32_t sample_domain = 1;
inline constexpr std::uint32_t category_domain = 2;

/// Which rows a tree is grown from: the first images of a keyed permutation of the row numbers, so that drawing without
/// replacement needs no memory and each draw stands alone.
///
/// The permutation is a Feistel network of six rounds over the least power of two that holds all row numbers, its round keys
/// six words of domain 1; an image beyond the last row is permuted again until it falls inside (fewer than two steps on average).
/// Up to 32 rows are shuffled in an array instead: a network whose halves have one or two bits takes some pairs of rows a sixth more often
/// than others. When every row is wanted the rows are taken in order: a tree does not depend on the order of its sample.
class row_sampler {
 public:
  row_sampler(std::uint64_t seed, std::uint32_t tree, std::uint32_t rows, std::uint32_t wanted) noexcept
      : rows_{rows}, all_{wanted == rows} {
    word_stream words{seed, tree, 0, sample_domain};
    if (rows <= few_.size()) {
      for (std::uint32_t i = 0; i < rows; ++i) {
        const std::uint32_t j = uniform_below(words, i + 1U);
        few_[i] = few_[j];
        few_[j] = static_cast<std::uint8_t>(i);
      }
      return;
    }
    const auto bits = static_cast<std::uint32_t>(std::bit_width(rows - 1U));
    low_bits_ = bits / 2;
    low_mask_ = (1U << low_bits_) - 1U;
    high_mask_ = (1U << (bits - low_bits_)) - 1U;
    for (std::uint32_t& key : keys_) {
      key = words();
    }
  }

  [[nodiscard]] std::uint32_t operator()(std::uint32_t i) const noexcept {
    if (all_) {
      return i;
    }
    if (rows_ <= few_.size()) {
      return few_[i];
    }
    do {
      i = step(i);
    } while (i >= rows_);
    return i;
  }

  /// All draws of a sample in turn, until `take(i, row)` says no; true when all were taken.
  ///
  /// Where halves are small a round is a look-up in a table, which pays where there are no vectors.
  template <bool ByTables = short_branches, typename Take>
  bool each(std::uint32_t wanted, const Take& take) const noexcept {
    if constexpr (ByTables) {
      if (!all_ && rows_ > few_.size() && high_mask_ < table_room && wanted >= table_room) {
        return each_by_tables(wanted, take);
      }
    }
    std::uint32_t i = 0;
    while (i < wanted && take(i, (*this)(i))) {
      ++i;
    }
    return i == wanted;
  }

  /// The rows of draws first, first + 1, …, `n` at most `most_at_once`: the same as one by one. Branches on whether an image falls
  /// inside are guessed wrong every other time, so a pass permutes all that are still outside, and compilers have vectors for it.
  static constexpr std::uint32_t most_at_once = 32;
  void operator()(std::uint32_t first, std::uint32_t n, std::uint32_t* out) const noexcept {
    if (all_ || rows_ <= few_.size()) {
      for (std::uint32_t k = 0; k < n; ++k) {
        out[k] = (*this)(first + k);
      }
      return;
    }
    std::array<std::uint32_t, most_at_once> image;
    std::array<std::uint32_t, most_at_once> of;
    for (std::uint32_t k = 0; k < most_at_once; ++k) {
      image[k] = step((first + k) & (high_mask_ << low_bits_ | low_mask_));
    }
    std::uint32_t outside = 0;
    for (std::uint32_t k = 0; k < n; ++k) {
      const std::uint32_t at = image[k];
      out[k] = at;
      image[outside] = at;
      of[outside] = k;
      outside += static_cast<std::uint32_t>(at >= rows_);
    }
    while (outside != 0) {
      const std::uint32_t tried = outside;
      outside = 0;
      for (std::uint32_t k = 0; k < tried; ++k) {
        image[k] = step(image[k]);
      }
      for (std::uint32_t k = 0; k < tried; ++k) {
        const std::uint32_t at = image[k];
        const std::uint32_t place = of[k];
        out[place] = at;
        image[outside] = at;
        of[outside] = place;
        outside += static_cast<std::uint32_t>(at >= rows_);
      }
    }
  }

 private:
  [[nodiscard]] std::uint32_t step(std::uint32_t i) const noexcept {
    std::uint32_t low = i & low_mask_;
    std::uint32_t high = i >> low_bits_;
    // Written out, because compilers that optimise for size or at -O2 keep the loop and its counting.
    high ^= mix(low, keys_[0]) & high_mask_;
    low ^= mix(high, keys_[1]) & low_mask_;
    high ^= mix(low, keys_[2]) & high_mask_;
    low ^= mix(high, keys_[3]) & low_mask_;
    high ^= mix(low, keys_[4]) & high_mask_;
    low ^= mix(high, keys_[5]) & low_mask_;
    return (high << low_bits_) | low;
  }
  static constexpr std::uint32_t table_room = 64;
  template <typename Take>
  bool each_by_tables(std::uint32_t wanted, const Take& take) const noexcept {
    std::uint8_t rounds[6][table_room];
    for (std::uint32_t r = 0; r < 6; ++r) {
      const std::uint32_t key = keys_[r];
      const std::uint32_t read = r % 2 == 0 ? low_mask_ : high_mask_;
      const std::uint32_t changed = r % 2 == 0 ? high_mask_ : low_mask_;
      for (std::uint32_t x = 0; x <= read; ++x) {
        rounds[r][x] = static_cast<std::uint8_t>(mix(x, key) & changed);
      }
    }
    const Take taken = take;  // in registers, where it fits
    const std::uint32_t rows = rows_;
    const std::uint32_t low_bits = low_bits_;
    const std::uint32_t low_mask = low_mask_;
    for (std::uint32_t i = 0; i < wanted; ++i) {
      std::uint32_t row = i;
      do {
        std::uint32_t low = row & low_mask;
        std::uint32_t high = row >> low_bits;
        high ^= rounds[0][low];
        low ^= rounds[1][high];
        high ^= rounds[2][low];
        low ^= rounds[3][high];
        high ^= rounds[4][low];
        low ^= rounds[5][high];
        row = (high << low_bits) | low;
      } while (row >= rows);
      if (!taken(i, row)) {
        return false;
      }
    }
    return true;
  }
  // Two odd multipliers of Murmur3's finaliser around a fold; every bit of the key and of x reaches the low bits.
  [[nodiscard]] static std::uint32_t mix(std::uint32_t x, std::uint32_t key) noexcept {
    x = (x ^ key) * 0x85ebca6bU;
    x = (x ^ (x >> 15U)) * 0xc2b2ae35U;
    return x >> 16U;
  }

  std::uint32_t rows_;
  bool all_;
  std::uint32_t low_bits_ = 0, low_mask_ = 0, high_mask_ = 0;
  std::array<std::uint32_t, 6> keys_{};
  std::array<std::uint8_t, 32> few_{};
};

/// A whole number below n, every one equally likely.
[[nodiscard]] inline std::uint64_t uniform_below_wide(word_stream& words, std::uint64_t n) noexcept {
  const auto bits = static_cast<std::uint32_t>(std::bit_width(n - 1U));
  const std::uint64_t mask = bits == 0 ? 0 : ~std::uint64_t{0} >> (64U - bits);
  std::uint64_t drawn = 0;
  do {
    drawn = words();
    drawn = (drawn << 32U | words()) & mask;
  } while (drawn >= n);
  return drawn;
}

/// Memory for a weighted sample, `wanted` places each.
struct weighted_scratch {
  std::uint64_t* tickets;
  std::uint32_t* rows;
};

/// Which rows a tree is grown from when rows have weights: one after the other, each with a chance proportional to its weight among
/// those still there. `scratch.rows` holds them in rising order afterwards. At least `wanted` rows have a weight.
///
/// Tickets are drawn by the batch and looked up in one pass over the weights; a row that was hit leaves the urn before the next batch.
/// A batch is as many tickets as rows are still wanted, so no draw is ever taken back, and the law is that of drawing singly. Integers
/// only. A few passes over the weights; each draws a new row at least.
inline void draw_weighted(std::uint64_t seed, std::uint32_t tree, std::span<const std::uint16_t> weights, std::uint32_t wanted,
                          weighted_scratch scratch) noexcept {
  std::uint64_t total = 0;
  for (const std::uint16_t w : weights) {
    total += w;
  }
  word_stream words{seed, tree, 0, sample_domain};
  std::uint32_t have = 0;
  while (have < wanted) {
    const std::uint32_t batch = wanted - have;
    for (std::uint32_t i = 0; i < batch; ++i) {
      scratch.tickets[i] = uniform_below_wide(words, total);
    }
    std::sort(scratch.tickets, scratch.tickets + batch);
    std::uint32_t ticket = 0;
    std::uint32_t known = 0;  // rows drawn in earlier batches, in rising order
    std::uint32_t drawn = have;
    std::uint64_t sum = 0;
    for (std::uint32_t row = 0; ticket < batch; ++row) {
      if (known < have && scratch.rows[known] == row) {
        ++known;
        continue;
      }
      sum += weights[row];
      if (scratch.tickets[ticket] < sum) {
        scratch.rows[drawn++] = row;
        total -= weights[row];
        while (ticket < batch && scratch.tickets[ticket] < sum) {
          ++ticket;
        }
      }
    }
    have = drawn;
    std::sort(scratch.rows, scratch.rows + have);
  }
}

}  // namespace skerry::inline v0::anomaly::detail
