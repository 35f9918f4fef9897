// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/forest_engine.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

/// Isolation forest in fixed memory: learns what rows usually look like, and says how soon a row can be told from them.
///
/// Trained on integer codes. A node draws a column among those not known to be constant in it and a threshold uniform in
/// [least, greatest - 1]; a row goes left when its code <= threshold, so no child is ever empty. Growing stops at the depth
/// limit, at one row, or when every column is constant. A leaf adds round(L (depth + c(n))) for its n rows to the row's depth
/// sum: small sum, strange row. Trees depend on (seed, tree number, sample) alone.
///
/// Input   rows of finite numbers (the range of each column is learnt), or codes as they come from a converter
/// Units   depth sums in 1/L of a split, L = 12, or 256 where the largest leaf code passes 255 (`leaf_scale()`); scores in (0, 1),
///         higher = stranger
/// Cost    fit: Trees · sample · depth row visits; Sample · (Features · sizeof(Code) + 2) + Features / 8 bytes of stack (`training_bytes`).
///         A second fit grows the trees twice, once to count. depth_sum: Trees · depth comparisons. No heap, trivially copyable.
///         sizeof <= Nodes · (2 + sizeof(Code)) + Nodes + Trees + 8 · Features + 4 · Trees + 64; a byte more per split beyond 255
///         columns, one more beyond samples of 256, and one more per leaf beyond samples of 512
/// Bound   of `score`: relative error <= 1e-6 against 2^(-mean h / c(ψ)) of the depth sum
/// Errors  `width`; `insufficient`: fewer than two rows, or not fitted; `not_finite`: NaN or infinity, or the missing code;
///         `out_of_range`: greatest - least overflows binary32; `full`: more trees, sample or splits than fit; `invalid`: no trees, a
///         sample below two, a depth beyond 31 or one whose leaf codes do not fit. All leave the object as it was.
/// Source  Liu, Ting, Zhou: Isolation Forest, ICDM 2008, algorithms 1-3; the integer thresholds and the exact c(n) are ours
template <std::size_t Features, std::size_t Trees = 100, std::size_t Sample = 256, typename Code = std::int16_t,
          std::size_t Nodes = Trees*(Sample / 2)>
class isolation_forest {
  static_assert(Features > 0 && Features <= 65535, "isolation_forest: between 1 and 65535 columns");
  static_assert(Trees > 0 && Trees <= 65535, "isolation_forest: between 1 and 65535 trees");
  static_assert(Sample >= 2 && Sample <= 65535, "isolation_forest: a sample of 2 to 65535 rows");
  static_assert(forest_code<Code>, "isolation_forest: Code is std::uint8_t or std::int16_t");
  static_assert(Nodes > 0 && Nodes <= 0x7fffffff, "isolation_forest: room for at least one split");

 public:
  using code_type = Code;
  using split_type = detail::split<std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>,
                                   std::conditional_t<(Sample <= 256), std::uint8_t, std::uint16_t>, Code>;
  using leaf_type = std::conditional_t<(Sample <= 512), std::uint8_t, std::uint16_t>;

  static constexpr std::size_t features = Features, tree_capacity = Trees, sample_capacity = Sample, node_capacity = Nodes;
  /// Stack that `fit` takes beside a few hundred bytes.
  static constexpr std::size_t training_bytes = Sample * (Features * sizeof(Code) + 2) + 4 * ((Features + 31) / 32);

  /// Learns the range of each column and grows all trees. Every value is looked at before anything changes.
  [[nodiscard]] status fit(row_view<float> rows, const forest_config& config) noexcept {
    if (!rows.holds(Features)) {
      return errc::width;
    }
    if (rows.rows < 2) {
      return errc::insufficient;
    }
    quantizer<Features, Code> codes;
    if (const status learnt = codes.learn(rows, config.missing == missing_policy::refuse); !learnt) {
      return learnt;
    }
    std::array<float, Features> lo;
    std::array<float, Features> inv_step;
    for (std::size_t j = 0; j < Features; ++j) {
      lo[j] = codes.lo(j);
      inv_step[j] = codes.inv_step(j);
    }
    return fit_from(rows.rows, config, codes, detail::gather_numbers<Code>{rows, lo.data(), inv_step.data()});
  }

  /// The same on codes; the forest then takes codes only.
  [[nodiscard]] status fit_codes(row_view<Code> rows, const forest_config& config) noexcept {
    if (!rows.holds(Features)) {
      return errc::width;
    }
    if (rows.rows < 2) {
      return errc::insufficient;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    return fit_from(rows.rows, config, quantizer<Features, Code>{}, detail::gather_codes<Code>{rows});
  }

  /// Starts over, to be grown in slices. The forest keeps no tree; it takes codes only.
  [[nodiscard]] status begin(const forest_config& config) noexcept { return begin(config, quantizer<Features, Code>{}); }
  /// The same for codes made by `codes`, so that the forest also takes the numbers behind them.
  [[nodiscard]] status begin(const forest_config& config, const quantizer<Features, Code>& codes) noexcept {
    if (const status begun = detail::begin_forest(state_, config, Trees, Sample); !begun) {
      return begun;
    }
    state_.growing = true;
    codes_ = codes;
    return {};
  }

  /// Works on the next tree for about so many row visits (at most twice the sample more); true when that tree is complete.
  ///
  /// `history` holds the same rows in every slice. Trees are those that `fit_codes` grows. The complete ones can be scored meanwhile.
  /// Errors  `insufficient`: no `begin`, or fewer than two rows; `mismatch`: the number of rows has changed; `not_finite`: a sampled
  ///         row has a missing code; `full`: all trees are grown, or fewer than sample + depth free splits are left for the next one
  ///         (a tree at work keeps its rows there): the complete trees stay, `trees()` says how many
  [[nodiscard]] result<bool> grow(row_view<Code> history, std::size_t row_visits) noexcept {
    std::array<std::uint32_t, (Features + 31) / 32> marks;
    return detail::grow_slice(state_, pool(), history, Features, row_visits, std::span<std::uint32_t>{marks});
  }

  [[nodiscard]] result<std::uint32_t> depth_sum(std::span<const float, Features> row) const noexcept {
    if (state_.trees == 0 || !codes_.learned()) {
      return errc::insufficient;
    }
    if (!detail::all_finite(row.data(), Features)) {
      return errc::not_finite;
    }
    return sum_of(row.data());
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    if (state_.trees == 0) {
      return errc::insufficient;
    }
    if (!detail::none_missing<Code>(row.data(), Features)) {
      return errc::not_finite;
    }
    const Code* x = row.data();
    return detail::depth_sum(state_, pool(), x);
  }

  [[nodiscard]] result<float> score(std::span<const float, Features> row) const noexcept {
    const result<std::uint32_t> sum = depth_sum(row);
    if (!sum) {
      return sum.error();
    }
    return detail::score_of(state_, sum.value());
  }
  /// The score of a depth sum of this forest. Falls as the sum rises.
  [[nodiscard]] result<float> score_of(std::uint32_t depth_sum) const noexcept {
    if (state_.trees == 0) {
      return errc::insufficient;
    }
    return detail::score_of(state_, depth_sum);
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums(row_view<float> rows, std::span<std::uint32_t> out) const noexcept {
    if (state_.trees == 0 || !codes_.learned()) {
      return errc::insufficient;
    }
    if (!rows.holds(Features) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::all_finite(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = sum_of(rows.row(i));
    }
    return {};
  }

  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (state_.trees == 0) {
      return errc::insufficient;
    }
    if (!rows.holds(Features) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const Code* x = rows.row(i);
      out[i] = detail::depth_sum(state_, pool(), x);
    }
    return {};
  }

  /// The map from numbers to codes; unlearned after `fit_codes`.
  [[nodiscard]] const quantizer<Features, Code>& codes() const noexcept { return codes_; }
  /// Complete trees.
  [[nodiscard]] std::size_t trees() const noexcept { return state_.trees; }
  /// ψ: the rows that each tree saw; 0 before any row was seen.
  [[nodiscard]] std::size_t sample() const noexcept { return state_.sample; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return state_.depth_limit; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return state_.leaf_scale; }
  /// Splits of the complete trees; `node_capacity` is what fits.
  [[nodiscard]] std::size_t splits() const noexcept { return state_.splits; }
  /// True for a forest of bare leaves: all columns were constant, every score is 1/2.
  [[nodiscard]] bool degenerate() const noexcept { return state_.trees != 0 && state_.splits == 0; }
  /// Bytes of the model in use: splits, leaves, starts of the trees, ranges. The object itself takes sizeof.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return state_.splits * sizeof(split_type) + (state_.splits + state_.trees) * sizeof(leaf_type) + state_.trees * sizeof(std::uint32_t) +
           sizeof(codes_);
  }

  /// One tree, for lowered forms: its splits in pre-order, and its leaves from left to right.
  [[nodiscard]] std::span<const split_type> splits_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees());
    const auto t = static_cast<std::uint32_t>(tree);
    return {splits_.data() + first_[t], detail::tree_splits(state_, pool(), t)};
  }
  [[nodiscard]] std::span<const leaf_type> leaves_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees());
    const auto t = static_cast<std::uint32_t>(tree);
    return {leaves_.data() + first_[t] + t, detail::tree_splits(state_, pool(), t) + std::size_t{1}};
  }

 private:
  [[nodiscard]] std::uint32_t sum_of(const float* row) const noexcept {
    std::array<Code, Features> x;
    for (std::size_t j = 0; j < Features; ++j) {
      x[j] = detail::quantize<Code>(row[j], codes_.lo(j), codes_.inv_step(j));
    }
    return detail::depth_sum(state_, pool(), x);
  }

  [[nodiscard]] detail::forest_pool<split_type, leaf_type> pool() noexcept {
    return {splits_.data(), leaves_.data(), first_.data(), static_cast<std::uint32_t>(Nodes), static_cast<std::uint32_t>(Trees)};
  }
  [[nodiscard]] detail::forest_pool<const split_type, const leaf_type> pool() const noexcept {
    return {splits_.data(), leaves_.data(), first_.data(), static_cast<std::uint32_t>(Nodes), static_cast<std::uint32_t>(Trees)};
  }

  template <typename Gather>
  [[nodiscard]] status fit_from(std::size_t rows, const forest_config& config, const quantizer<Features, Code>& codes,
                                const Gather& gather) noexcept {
    std::array<Code, Sample * Features> sample_codes;
    std::array<std::uint16_t, Sample> order;
    std::array<std::uint32_t, (Features + 31) / 32> marks;
    const status fitted = detail::fit_all(state_, pool(), config, Sample, Features, rows,
                                          detail::training_scratch<Code>{sample_codes.data(), order.data(), marks}, gather);
    if (fitted) {
      codes_ = codes;
    }
    return fitted;
  }

  quantizer<Features, Code> codes_{};
  std::array<std::uint32_t, Trees> first_{};
  detail::forest_state state_{};
  std::array<split_type, Nodes> splits_{};
  std::array<leaf_type, Nodes + Trees> leaves_{};
};

}  // namespace skerry::inline v0::anomaly
