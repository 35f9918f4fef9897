// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/leaf_density.hpp>
#include <skerry/anomaly/detail/padded_range.hpp>
#include <skerry/anomaly/detail/tree_random.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/math.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

namespace detail {
inline constexpr std::uint32_t online_domain = 3;
}

/// How an online forest learns and forgets.
struct online_config {
  std::uint64_t seed;
  std::uint16_t trees = 32;
  std::uint16_t window = 2048;   ///< ω: so many rows are remembered
  std::uint16_t leaf_rows = 32;  ///< η: a leaf of depth h is split when it counts η · 2^h rows
  std::uint8_t max_depth = 0;    ///< 0: ceil(log2(ω / η))
  float padding = 0.25F;         ///< by what part of its width the range of a column is widened on either side, by `fit`
};

/// What one `observe` did.
struct online_step {
  std::uint32_t depth_sum = 0;  ///< of the row, in 1/512 of a split, before it was learnt
  std::uint32_t rows = 0;       ///< that the trees counted then
};

/// Isolation forest that learns each row when it comes and forgets it when it leaves the window, without ever growing a tree anew.
///
/// The nodes of a tree count rows. A leaf of depth h that counts η · 2^h rows is split at a threshold drawn inside the box of the rows
/// it saw; its children begin with the share of its count that the box promises them. The oldest row of the window is taken off the
/// counts on its path, and a split with fewer than η · 2^h rows becomes a leaf again. A row's depth in a tree is h + log4(n / η) for
/// the n rows of its leaf, not below 0: few splits, or few rows after them, is strange.
///
/// A leaf watches the box along two columns only, drawn when it was made (others are drawn if both are constant), because a split
/// asks for no more. So a row touches no more than its paths, and a tree keeps no rows.
///
/// Input   finite numbers; `fit` learns the range of each column with a margin, beyond it a value counts as the extreme
/// Units   depth sums in 1/512 of a split; scores in (0, 1], higher = stranger: 2^(-mean depth / log4(rows / η)), 1/2 before η rows
/// Cost    observe: 2 · trees · depth comparisons, about 2 µs on a gateway at 32 trees; score half of that. No heap, trivially
///         copyable. sizeof <= Trees · (16 · (2 · Splits + 1) + 8) + Window · Features · sizeof(Code) + 8 · Features + 48 (i16)
/// Bound   splits of a tree <= sum over h of min(2^h, ω / (η · 2^h)); 22 by default
/// Errors  `insufficient`: not begun, or `fit` on fewer than two rows; `width`; `not_finite`; `out_of_range`; `invalid`: no trees, η below
///         2 or above ω; `full`: more trees, window or splits than there is room for. All leave the object as it was
/// Source  Leveni, Cassales, Pfahringer, Bifet, Boracchi: Online Isolation Forest, ICML 2024. Departs from it: two watched columns instead
///         of all, boxes of rows seen since the leaf was made instead of sampled points, leaves with fewer than η rows count as shallower
template <std::size_t Features, std::size_t Trees = 32, std::size_t Window = 2048, typename Code = std::int16_t, std::size_t Splits = 31>
class online_forest {
  static_assert(Features > 0 && Features <= 65535, "online_forest: between 1 and 65535 columns");
  static_assert(Trees > 0 && Trees <= 65535, "online_forest: between 1 and 65535 trees");
  static_assert(Window >= 2 && Window <= 65534, "online_forest: a window of 2 to 65534 rows");
  static_assert(forest_code<Code>, "online_forest: Code is std::uint8_t or std::int16_t");
  static_assert(Splits > 0 && Splits <= 127, "online_forest: a tree has 1 to 127 splits");

 public:
  using code_type = Code;
  static constexpr std::size_t features = Features, tree_capacity = Trees, window_capacity = Window, split_capacity = Splits;
  static constexpr std::uint32_t depth_scale = 512;

  /// Learns the ranges, then the rows, oldest first. Every value is looked at before anything changes.
  [[nodiscard]] status fit(row_view<float> rows, const online_config& config) noexcept {
    const auto codes = detail::padded_quantizer<Features, Code>(rows, config.padding);
    if (!codes) {
      return codes.error();
    }
    if (rows.rows < 2) {
      return errc::insufficient;
    }
    if (const status begun = begin(config, codes.value()); !begun) {
      return begun;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      (void)observe(std::span<const float, Features>{rows.row(i), Features});
    }
    return {};
  }
  /// Starts over without rows.
  [[nodiscard]] status begin(const online_config& config, const quantizer<Features, Code>& codes) noexcept {
    if (!codes.learned()) {
      return errc::insufficient;
    }
    if (config.trees == 0 || config.leaf_rows < 2 || config.leaf_rows > config.window || config.max_depth > 31) {
      return errc::invalid;
    }
    if (config.trees > Trees || config.window > Window || most_splits(config) > Splits) {
      return errc::full;
    }
    codes_ = codes;
    config_ = config;
    rows_ = next_row_ = 0;
    depth_limit_ = static_cast<std::uint8_t>(depth_of(config));
    for (std::uint32_t t = 0; t < config.trees; ++t) {
      tree& made = trees_[t];
      made = tree{};
      made.free = 1;
      for (std::size_t pair = 0; pair + 1 < Splits; ++pair) {
        made.nodes[1 + 2 * pair].children = static_cast<std::uint8_t>(3 + 2 * pair);
      }
      become_leaf(t, made.nodes[0]);
    }
    return {};
  }

  /// Scores the row, then learns it, and forgets the oldest one when the window is full.
  [[nodiscard]] result<online_step> observe(std::span<const float, Features> row) noexcept {
    std::array<Code, Features> x;
    if (const status ok = encode_row(row, x); !ok) {
      return ok.error();
    }
    return step(x.data());
  }
  [[nodiscard]] result<online_step> observe_codes(std::span<const Code, Features> row) noexcept {
    if (!codes_.learned()) {
      return errc::insufficient;
    }
    if (!detail::none_missing<Code>(row.data(), Features)) {
      return errc::not_finite;
    }
    return step(row.data());
  }

  /// What `observe` would answer; nothing is learnt.
  [[nodiscard]] result<online_step> depth_sum(std::span<const float, Features> row) const noexcept {
    std::array<Code, Features> x;
    if (const status ok = encode_row(row, x); !ok) {
      return ok.error();
    }
    online_step answer{0, rows_};
    for (std::uint32_t t = 0; t < config_.trees; ++t) {
      const tree& in = trees_[t];
      std::uint32_t at = 0;
      std::uint32_t depth = 0;
      for (; in.nodes[at].children != 0; ++depth) {
        at = below(in.nodes[at], x.data());
      }
      answer.depth_sum += leaf_value(depth, in.nodes[at].count);
    }
    return answer;
  }
  [[nodiscard]] result<float> score(std::span<const float, Features> row) const noexcept {
    const result<online_step> answer = depth_sum(row);
    return answer ? score_of(answer.value()) : result<float>{answer.error()};
  }
  [[nodiscard]] result<float> score_of(const online_step& step) const noexcept {
    if (!codes_.learned()) {
      return errc::insufficient;
    }
    const std::int32_t usual = step.rows <= config_.leaf_rows ? 0 : log4_share(step.rows);
    if (usual <= 0) {
      return 0.5F;
    }
    const double whole = static_cast<double>(config_.trees) * static_cast<double>(usual);
    return static_cast<float>(math::exp2(-static_cast<double>(step.depth_sum) / whole));
  }

  [[nodiscard]] const quantizer<Features, Code>& codes() const noexcept { return codes_; }
  [[nodiscard]] const online_config& config() const noexcept { return config_; }
  /// Rows that are remembered.
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t trees() const noexcept { return codes_.learned() ? config_.trees : 0; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return depth_limit_; }
  /// Splits of one tree.
  [[nodiscard]] std::size_t splits(std::size_t tree_number) const noexcept {
    SKERRY_ASSERT(tree_number < trees());
    return trees_[tree_number].splits;
  }
  /// The counts of one tree: true when every split counts what its children do, and the root counts all rows.
  [[nodiscard]] bool balanced(std::size_t tree_number) const noexcept {
    SKERRY_ASSERT(tree_number < trees());
    const tree& in = trees_[tree_number];
    return in.nodes[0].count == rows_ && balanced_below(in, 0);
  }
  /// Room for splits that a tree of this configuration needs.
  [[nodiscard]] static constexpr std::size_t most_splits(const online_config& config) noexcept {
    std::size_t sum = 0;
    for (std::uint32_t h = 0; h < depth_of(config); ++h) {
      const std::uint64_t rows = std::uint64_t{config.leaf_rows} << h;
      sum += static_cast<std::size_t>(std::min<std::uint64_t>(std::uint64_t{1} << h, (config.window + std::uint64_t{1}) / rows));
    }
    return sum;
  }

 private:
  using feature_type = std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>;
  static constexpr std::size_t watched = 2;

  struct node {
    std::uint16_t count = 0;
    std::uint16_t seen = 0;  ///< rows that made the box of a leaf
    std::array<Code, watched> lo{}, hi{};
    std::array<feature_type, watched> column{};
    std::uint8_t children = 0;  ///< of a split: where its left child is, the right one follows; its threshold is lo[0]
  };
  struct tree {
    std::uint32_t drawn = 0;  ///< names the next draw
    std::uint8_t free = 0;    ///< the first pair of free nodes; the others hang on `children`
    std::uint8_t splits = 0;
    array_of<node, 2 * Splits + 1> nodes{};
  };

  [[nodiscard]] static constexpr std::uint32_t depth_of(const online_config& config) noexcept {
    std::uint32_t depth = config.max_depth;
    while (config.max_depth == 0 && depth < 16 && (std::uint32_t{config.leaf_rows} << depth) < config.window) {
      ++depth;
    }
    return depth;
  }

  [[nodiscard]] status encode_row(std::span<const float, Features> row, std::array<Code, Features>& x) const noexcept {
    if (!codes_.learned()) {
      return errc::insufficient;
    }
    if (!detail::all_finite(row.data(), Features)) {
      return errc::not_finite;
    }
    for (std::size_t j = 0; j < Features; ++j) {
      x[j] = detail::quantize<Code>(row[j], codes_.lo(j), codes_.inv_step(j));
    }
    return {};
  }

  [[nodiscard]] online_step step(const Code* x) noexcept {
    online_step answer{0, rows_};
    Code* place = window_.data() + std::size_t{next_row_} * Features;
    for (std::uint32_t t = 0; t < config_.trees; ++t) {
      answer.depth_sum += learn(t, x);
    }
    rows_ += 1;
    if (rows_ > config_.window) {
      for (std::uint32_t t = 0; t < config_.trees; ++t) {
        forget(t, place);
      }
      rows_ -= 1;
    }
    std::copy_n(x, Features, place);
    next_row_ = next_row_ + 1U == config_.window ? 0 : next_row_ + 1U;
    return answer;
  }

  [[nodiscard]] static std::uint32_t below(const node& split, const Code* x) noexcept {
    return split.children + static_cast<std::uint32_t>(x[split.column[0]] > split.lo[0]);
  }
  [[nodiscard]] std::uint64_t rows_to_split(std::uint32_t depth) const noexcept { return std::uint64_t{config_.leaf_rows} << depth; }
  // log4(n / η) in 1/512.
  [[nodiscard]] std::int32_t log4_share(std::uint32_t rows) const noexcept {
    return (detail::log2_fixed(rows) - detail::log2_fixed(config_.leaf_rows)) / 2;
  }
  [[nodiscard]] std::uint32_t leaf_value(std::uint32_t depth, std::uint32_t rows) const noexcept {
    const std::int32_t value = rows == 0 ? 0 : static_cast<std::int32_t>(depth_scale * depth) + log4_share(rows);
    return value < 0 ? 0 : static_cast<std::uint32_t>(value);
  }

  [[nodiscard]] detail::word_stream words_of(std::uint32_t t) noexcept {
    return {config_.seed, t, trees_[t].drawn++, detail::online_domain};
  }
  void become_leaf(std::uint32_t t, node& leaf) noexcept {
    auto words = words_of(t);
    for (feature_type& c : leaf.column) {
      c = static_cast<feature_type>(uniform_below(words, static_cast<std::uint32_t>(Features)));
    }
    leaf.children = 0;
    leaf.seen = 0;
  }

  std::uint32_t learn(std::uint32_t t, const Code* x) noexcept {
    tree& in = trees_[t];
    std::uint32_t at = 0;
    std::uint32_t depth = 0;
    for (; in.nodes[at].children != 0; ++depth) {
      ++in.nodes[at].count;
      at = below(in.nodes[at], x);
    }
    node& leaf = in.nodes[at];
    const std::uint32_t value = leaf_value(depth, leaf.count);
    ++leaf.count;
    for (std::size_t k = 0; k < watched; ++k) {
      const Code c = x[leaf.column[k]];
      leaf.lo[k] = leaf.seen == 0 || c < leaf.lo[k] ? c : leaf.lo[k];
      leaf.hi[k] = leaf.seen == 0 || c > leaf.hi[k] ? c : leaf.hi[k];
    }
    leaf.seen = static_cast<std::uint16_t>(leaf.seen + (leaf.seen < 65535 ? 1 : 0));
    // A box of a few rows says little: half of η are wanted.
    if (depth < depth_limit_ && leaf.count >= rows_to_split(depth) && leaf.seen >= config_.leaf_rows / 2) {
      split(t, leaf);
    }
    return value;
  }

  void split(std::uint32_t t, node& leaf) noexcept {
    tree& in = trees_[t];
    std::size_t k = 0;
    while (k < watched && leaf.lo[k] == leaf.hi[k]) {
      ++k;
    }
    if (k == watched) {
      become_leaf(t, leaf);
      return;
    }
    SKERRY_ASSERT(in.free != 0 && "most_splits was asked");
    auto words = words_of(t);
    const std::int32_t lo = leaf.lo[k];
    const auto cells = static_cast<std::uint32_t>(leaf.hi[k] - lo) + 1U;
    const std::uint32_t on_left = uniform_below(words, cells - 1U) + 1U;
    // Rounded share of the cells; at most 2^16 rows of 2^16 cells.
    const auto left = static_cast<std::uint32_t>((std::uint64_t{leaf.count} * (2U * on_left) + cells) / (2U * cells));
    leaf.column[0] = leaf.column[k];
    leaf.lo[0] = static_cast<Code>(lo + static_cast<std::int32_t>(on_left) - 1);
    leaf.children = in.free;
    node& a = in.nodes[leaf.children];
    node& b = in.nodes[leaf.children + 1U];
    in.free = a.children;
    ++in.splits;
    a.count = static_cast<std::uint16_t>(left);
    b.count = static_cast<std::uint16_t>(leaf.count - left);
    become_leaf(t, a);
    become_leaf(t, b);
  }

  void forget(std::uint32_t t, const Code* x) noexcept {
    tree& in = trees_[t];
    std::uint32_t at = 0;
    for (std::uint32_t depth = 0;; ++depth) {
      node& n = in.nodes[at];
      --n.count;
      if (n.children == 0) {
        return;
      }
      if (n.count < rows_to_split(depth)) {
        release(in, n.children);
        become_leaf(t, n);
        return;
      }
      at = below(n, x);
      // The share that a child was promised need not be the rows that it gets: what one side cannot give, the other has.
      if (in.nodes[at].count == 0) {
        at = n.children + n.children + 1U - at;
      }
    }
  }
  // Gives back what hangs below a split; as deep as a tree.
  static void release(tree& in, std::uint32_t pair) noexcept {
    for (std::uint32_t i = pair; i < pair + 2U; ++i) {
      if (in.nodes[i].children != 0) {
        release(in, in.nodes[i].children);
      }
    }
    in.nodes[pair].children = in.free;
    in.nodes[pair + 1U].children = 0;
    in.free = static_cast<std::uint8_t>(pair);
    --in.splits;
  }
  [[nodiscard]] static bool balanced_below(const tree& in, std::uint32_t at) noexcept {
    const std::uint32_t c = in.nodes[at].children;
    return c == 0 ||
           (in.nodes[at].count == in.nodes[c].count + in.nodes[c + 1U].count && balanced_below(in, c) && balanced_below(in, c + 1U));
  }

  quantizer<Features, Code> codes_{};
  online_config config_{};
  std::uint32_t rows_ = 0, next_row_ = 0;
  std::uint8_t depth_limit_ = 0;
  array_of<tree, Trees> trees_{};
  std::array<Code, Window * Features> window_{};
};

}  // namespace skerry::inline v0::anomaly
