// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/contribution.hpp>
#include <skerry/anomaly/detail/code_ring.hpp>
#include <skerry/anomaly/detail/padded_range.hpp>
#include <skerry/anomaly/detail/slot_trees.hpp>
#include <skerry/anomaly/detail/tree_bench.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/crc32c.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

/// How a forest follows a stream.
struct rolling_config {
  forest_config forest;
  std::uint32_t row_visits = 256;    ///< the work of one slice: so many rows of a node are looked at and parted
  std::uint16_t rows_per_tree = 10;  ///< a tree is begun when so many rows were admitted since the last one was
  float padding = 0.25F;             ///< by what part of its width the range of a column is widened on either side
};

/// What one `observe` did.
struct rolling_step {
  std::uint32_t depth_sum = 0;    ///< of the row, over `trees` trees, before it was admitted
  std::uint32_t density_sum = 0;  ///< likewise, if the forest keeps densities
  std::uint16_t trees = 0;        ///< 0: no tree is complete yet, there is no sum
  bool replaced = false;          ///< a tree was completed after the row was scored
};

/// Isolation forest of a stream: its trees are replaced one by one, each grown from the newest rows, a bounded piece per row.
///
/// The newest History rows lie in a ring, as codes. A tree at work copies its sample out of the ring in its first slice: what is
/// admitted while it grows, and overwrites rows that it drew, does not reach it. When it is complete the oldest tree goes.
/// Who feeds it decides what is learnt: `observe` scores and admits; `depth_sum`, `admit` and `grow` do so one at a time, for a
/// judge that keeps some rows out. Nothing admitted, nothing grown: a forest that is full renews a tree per `rows_per_tree` rows.
///
/// Law     tree number n is the tree n of `isolation_forest::fit_codes` with the same seed on the rows the ring held, oldest first,
///         when the tree was begun; whatever the size of the slices. (Rows in another order make another sample.)
/// Input   finite numbers; the range of each column is learnt with a margin, beyond it a value counts as the extreme
/// Cost    grow: one sample is copied, or about 2 · row_visits row visits are made, at most 2 · sample more (a node is never cut);
///         at 256 a tree of 256 rows and depth 8 takes at most 10 slices, columns found constant in a node not counted (each asks
///         for one look at its rows more). depth_sum: trees · depth comparisons. fit: `training_bytes` of stack; all else below 4 KB.
///         No heap, trivially copyable. sizeof <= (Trees + 1) · (Slot · (2 + sizeof(Code)) + Slot + 7) + (History + Sample) · Features ·
///         sizeof(Code)
///         + 2 · Sample + 8 · Features + 160; a byte more per split beyond 255 columns, one more beyond samples of 256, one more per leaf
///         beyond 512
/// Errors  `insufficient`: not begun, no tree yet; `width`; `not_finite`: NaN, infinity, or the missing code; `out_of_range`; `invalid`: a
///         configuration without trees, sample, visits or rows per tree; `full`: it asks for more than the type has room for;
///         `unsupported`: `missing_policy::heavier`, or what `Room` leaves out. All leave the object as it was.
///         A tree that needs more than Slot splits is dropped, counted by `dropped()`, and the next one tried
/// Source  trees: Liu, Ting, Zhou: Isolation Forest, ICDM 2008; the sliding ensemble is ours
template <std::size_t Features, std::size_t Trees = 100, std::size_t Sample = 256, typename Code = std::int16_t, std::size_t History = 1000,
          std::size_t Slot = Sample / 2, forest_room Room = forest_room{}>
class rolling_forest {
  static_assert(Features > 0 && Features <= 65535, "rolling_forest: between 1 and 65535 columns");
  static_assert(Trees > 0 && Trees < 65535, "rolling_forest: between 1 and 65534 trees");
  static_assert(Sample >= 2 && Sample <= 65535, "rolling_forest: a sample of 2 to 65535 rows");
  static_assert(forest_code<Code>, "rolling_forest: Code is std::uint8_t or std::int16_t");
  static_assert(History >= Sample && History <= 0x7fffffff, "rolling_forest: the history holds at least one sample");
  static_assert(Slot > 0 && Slot < Sample, "rolling_forest: a tree has at least one split and fewer than rows");

 public:
  using code_type = Code;
  using split_type = detail::split<std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>,
                                   std::conditional_t<(Sample <= 256), std::uint8_t, std::uint16_t>, Code>;
  using leaf_type = std::conditional_t<(Sample <= 512), std::uint8_t, std::uint16_t>;

  static constexpr std::size_t features = Features, tree_capacity = Trees, sample_capacity = Sample, history_capacity = History,
                               slot_capacity = Slot;
  static constexpr forest_room room = Room;
  /// Stack that `fit` takes beside a few hundred bytes.
  static constexpr std::size_t training_bytes = Sample * (Features * sizeof(Code) + 2) + 4 * ((Features + 31) / 32);

  /// Learns the ranges, admits the newest rows, and grows all trees at once. Every value is looked at before anything changes.
  ///
  /// Fewer rows than the sample: all of them are the sample, from now on (`sample()`). `full`: not one tree fits its slot
  [[nodiscard]] status fit(row_view<float> rows, const rolling_config& config) noexcept {
    const auto codes = detail::padded_quantizer<Features, Code>(rows, config.padding, config.forest.missing == missing_policy::refuse);
    if (!codes) {
      return codes.error();
    }
    if (rows.rows < 2) {
      return errc::insufficient;
    }
    const std::size_t kept = std::min(rows.rows, History);
    const row_view<float> newest{rows.row(rows.rows - kept), kept, rows.columns, rows.stride};
    if (const status ok = check(config); !ok) {
      return ok;
    }
    const auto first = detail::first_that_fits<split_type, leaf_type, Sample, Slot>(newest, config.forest, codes.value());
    if (!first) {
      return first.error();
    }
    const status begun = begin(config, codes.value());
    SKERRY_ASSERT(begun && "checked above");
    for (std::size_t i = 0; i < kept; ++i) {
      std::array<Code, Features> x;
      for (std::size_t j = 0; j < Features; ++j) {
        x[j] = codes_.code(j, newest.row(i)[j]);
      }
      history_.push(x.data());
    }
    fix_sample(kept);
    next_tree_ = first.value();
    for (std::uint32_t tried = 0; trees_ < config_.forest.trees && tried < 2U * config_.forest.trees; ++tried) {
      start_tree();
      while (at_work_.heap != 0) {
        (void)work(static_cast<std::uint64_t>(-1));
      }
    }
    since_tree_ = config_.rows_per_tree;  // the next row begins the first of the next trees
    retry_ = false;
    return {};
  }

  /// Starts over: no rows, no trees. The first tree is begun when a whole sample was admitted. Needs no stack to speak of.
  [[nodiscard]] status begin(const rolling_config& config, const quantizer<Features, Code>& codes) noexcept {
    if (const status ok = check(config); !ok) {
      return ok;
    }
    if (!codes.learned()) {
      return errc::insufficient;
    }
    codes_ = codes;
    config_ = config;
    trees_ = slot_ = 0;
    history_.clear();
    next_tree_ = since_tree_ = dropped_ = renewed_ = 0;
    at_work_ = detail::tree_state{};
    paused_ = retry_ = false;
    fix_sample(config.forest.sample);
    return {};
  }
  /// The map with a margin that `fit` would learn from these rows.
  [[nodiscard]] static result<quantizer<Features, Code>> learn_codes(row_view<float> rows, float padding = 0.25F,
                                                                     bool refuse_nan = true) noexcept {
    return detail::padded_quantizer<Features, Code>(rows, padding, refuse_nan);
  }

  /// Scores the row, admits it, and does one slice of work.
  [[nodiscard]] result<rolling_step> observe(std::span<const float, Features> row) noexcept {
    std::array<Code, Features> x;
    if (const status ok = encode_row(row, x); !ok) {
      return ok.error();
    }
    return step(x.data());
  }
  [[nodiscard]] result<rolling_step> observe_codes(std::span<const Code, Features> row) noexcept {
    if (const status ok = check_codes(row); !ok) {
      return ok.error();
    }
    return step(row.data());
  }

  /// Takes a row into the history; the oldest one goes when it is full. Nothing else happens.
  [[nodiscard]] status admit(std::span<const float, Features> row) noexcept {
    std::array<Code, Features> x;
    if (const status ok = encode_row(row, x); !ok) {
      return ok;
    }
    push(x.data());
    return {};
  }
  [[nodiscard]] status admit_codes(std::span<const Code, Features> row) noexcept {
    if (const status ok = check_codes(row); !ok) {
      return ok;
    }
    push(row.data());
    return {};
  }

  /// One slice of work on the next tree, if one is due; true when it is complete and has replaced the oldest.
  [[nodiscard]] result<bool> grow() noexcept { return grow(config_.row_visits); }
  [[nodiscard]] result<bool> grow(std::size_t row_visits) noexcept {
    if (!codes_.learned()) {
      return errc::insufficient;
    }
    return slice(row_visits);
  }
  /// A tree is at work, or due and not paused.
  [[nodiscard]] bool busy() const noexcept { return codes_.learned() && !paused_ && (at_work_.heap != 0 || due()); }
  /// While paused `grow` does nothing; rows are still admitted. The tree at work waits with its sample.
  void pause() noexcept { paused_ = true; }
  void resume() noexcept { paused_ = false; }
  [[nodiscard]] bool paused() const noexcept { return paused_; }
  /// Drops the tree at work, whose sample then turned out not to be normal. Its number is not used again.
  void abandon() noexcept { at_work_ = detail::tree_state{}; }

  [[nodiscard]] result<std::uint32_t> depth_sum(std::span<const float, Features> row) const noexcept {
    return of_row(row, [this](const auto& x) { return sum_of(x); });
  }
  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    return of_codes(row, [this](const auto& x) { return sum_of(x); });
  }
  /// Depth and density of a row in one walk; `unsupported` when the forest keeps no densities.
  [[nodiscard]] result<forest_sums> sums(std::span<const float, Features> row) const noexcept {
    if (trees_ != 0 && !config_.forest.density) {
      return errc::unsupported;
    }
    return of_row(row, [this](const auto& x) { return both_of(x); });
  }
  [[nodiscard]] result<forest_sums> sums_codes(std::span<const Code, Features> row) const noexcept {
    if (trees_ != 0 && !config_.forest.density) {
      return errc::unsupported;
    }
    return of_codes(row, [this](const auto& x) { return both_of(x); });
  }
  /// What each column did to the depth sum of a row; `unsupported` when the forest is grown without `explain`.
  [[nodiscard]] result<contribution<Features>> explain(std::span<const float, Features> row) const noexcept {
    if (trees_ != 0 && !config_.forest.explain) {
      return errc::unsupported;
    }
    return of_row(row, [this](const auto& x) { return shares_of(x); });
  }
  [[nodiscard]] result<contribution<Features>> explain_codes(std::span<const Code, Features> row) const noexcept {
    if (trees_ != 0 && !config_.forest.explain) {
      return errc::unsupported;
    }
    return of_codes(row, [this](const auto& x) { return shares_of(x); });
  }
  [[nodiscard]] result<float> score(std::span<const float, Features> row) const noexcept {
    const result<std::uint32_t> sum = depth_sum(row);
    return sum ? score_of(sum.value()) : result<float>{sum.error()};
  }
  /// The score of a depth sum over the trees that stand now.
  [[nodiscard]] result<float> score_of(std::uint32_t depth_sum) const noexcept {
    return score_of(rolling_step{depth_sum, 0, trees_, false});
  }
  /// The score of a row that `observe` answered about.
  [[nodiscard]] result<float> score_of(const rolling_step& step) const noexcept {
    if (step.trees == 0) {
      return errc::insufficient;
    }
    detail::forest_state state;
    state.splits = degenerate() ? 0 : 1;
    state.trees = step.trees;
    state.leaf_scale = leaf_scale_;
    state.sample = sample_;
    return detail::score_of(state, step.depth_sum);
  }

  [[nodiscard]] const quantizer<Features, Code>& codes() const noexcept { return codes_; }
  [[nodiscard]] const rolling_config& config() const noexcept { return config_; }
  /// Complete trees.
  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  [[nodiscard]] std::size_t sample() const noexcept { return sample_; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return depth_limit_; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return leaf_scale_; }
  /// Splits of the complete trees.
  [[nodiscard]] std::size_t splits() const noexcept {
    std::size_t sum = 0;
    for (std::uint32_t i = 0; i < trees_; ++i) {
      sum += count_[slot_of(i)];
    }
    return sum;
  }
  /// True for a forest of bare leaves: all columns were constant, every score is 1/2.
  [[nodiscard]] bool degenerate() const noexcept {
    for (std::uint32_t i = 0; i < trees_; ++i) {
      if (count_[slot_of(i)] != 0) {
        return false;
      }
    }
    return trees_ != 0;
  }
  /// Rows in the history.
  [[nodiscard]] std::size_t rows() const noexcept { return history_.size(); }
  /// Trees that replaced another since `begin` or `fit`.
  [[nodiscard]] std::uint32_t renewed() const noexcept { return renewed_; }
  /// Trees that did not fit their slot.
  [[nodiscard]] std::uint32_t dropped() const noexcept { return dropped_; }

  /// The codes of a row of the history; 0 is the oldest.
  [[nodiscard]] std::span<const Code, Features> row(std::size_t i) const noexcept {
    SKERRY_ASSERT(i < history_.size());
    return std::span<const Code, Features>{history_.row(static_cast<std::uint32_t>(i)), Features};
  }
  /// One tree, 0 the oldest: its number, its splits in pre-order, its leaves from left to right.
  [[nodiscard]] std::uint32_t number_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees_);
    return number_[slot_of(static_cast<std::uint32_t>(tree))];
  }
  [[nodiscard]] std::span<const split_type> splits_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees_);
    const std::uint32_t s = slot_of(static_cast<std::uint32_t>(tree));
    return {splits_.data() + s * Slot, count_[s]};
  }
  [[nodiscard]] std::span<const leaf_type> leaves_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees_);
    const std::uint32_t s = slot_of(static_cast<std::uint32_t>(tree));
    return {leaves_.data() + s * (Slot + 1), count_[s] + std::size_t{1}};
  }

  /// A byte for each leaf of one tree; empty without densities.
  [[nodiscard]] std::span<const std::uint8_t> densities_of(std::size_t tree) const noexcept { return parts_of(tree).densities; }
  /// For each split of one tree what a leaf in its place would say; empty without `explain`.
  [[nodiscard]] std::span<const leaf_type> node_codes_of(std::size_t tree) const noexcept { return parts_of(tree).node_codes; }
  /// What a bare root says: contributions add up to trees · this - depth sum.
  [[nodiscard]] std::uint32_t root_code() const noexcept { return detail::leaf_code(leaf_scale_, 0, sample_); }

  /// The most bytes that `encode` writes.
  static constexpr std::size_t max_encoded_size = 80 + 8 * Features + History * Features * sizeof(Code) +
                                                  Trees * (6 + detail::tree_bytes<split_type, leaf_type>(Slot) +
                                                           (Room.density ? Slot + 1 : 0) + (Room.explain ? Slot * sizeof(leaf_type) : 0)) +
                                                  Sample * Features * sizeof(Code);

  /// All of it, the tree at work included: what is decoded goes on with the same bits.
  [[nodiscard]] status encode(byte_writer& out) const noexcept;
  /// Takes an image whole, or leaves the object as it was. `unsupported`: another version; `mismatch`: other columns or codes; `full`
  [[nodiscard]] status decode(byte_reader& in) noexcept;

 private:
  [[nodiscard]] static status check(const rolling_config& config) noexcept {
    detail::forest_state state;
    if (const status ok = detail::begin_forest(state, config.forest, Trees, Sample); !ok) {
      return ok;
    }
    if (config.row_visits == 0 || config.rows_per_tree == 0 || !(config.padding >= 0.0F) || !detail::is_finite(config.padding)) {
      return errc::invalid;
    }
    if (config.forest.missing == missing_policy::heavier || (config.forest.density && !Room.density) ||
        (config.forest.explain && !Room.explain)) {
      return errc::unsupported;
    }
    return detail::set_sample<leaf_type>(state, config.forest.sample);
  }
  void fix_sample(std::size_t rows) noexcept {
    detail::forest_state state;
    state.wanted_sample = config_.forest.sample;
    state.wanted_depth = config_.forest.max_depth;
    (void)detail::set_sample<leaf_type>(state, rows);
    sample_ = state.sample;
    leaf_scale_ = state.leaf_scale;
    depth_limit_ = state.depth_limit;
  }
  [[nodiscard]] detail::tree_plan plan(std::uint32_t tree) const noexcept {
    return {config_.forest.seed, tree, sample_, static_cast<std::uint32_t>(Features), leaf_scale_, depth_limit_};
  }

  [[nodiscard]] bool refuses_missing() const noexcept { return config_.forest.missing == missing_policy::refuse; }
  [[nodiscard]] status encode_row(std::span<const float, Features> row, std::array<Code, Features>& x) const noexcept {
    if (!codes_.learned()) {
      return errc::insufficient;
    }
    if (refuses_missing()) {
      if (!detail::all_finite(row.data(), Features)) {
        return errc::not_finite;
      }
      for (std::size_t j = 0; j < Features; ++j) {
        x[j] = detail::quantize<Code>(row[j], codes_.lo(j), codes_.inv_step(j));
      }
      return {};
    }
    return codes_.encode(row, x);
  }
  [[nodiscard]] status check_codes(std::span<const Code, Features> row) const noexcept {
    if (!codes_.learned()) {
      return errc::insufficient;
    }
    return !refuses_missing() || detail::none_missing<Code>(row.data(), Features) ? status{} : status{errc::not_finite};
  }
  template <typename Ask>
  [[nodiscard]] auto of_row(std::span<const float, Features> row, const Ask& ask) const noexcept
      -> result<decltype(ask(std::declval<const Code*>()))> {
    if (trees_ == 0) {
      return errc::insufficient;
    }
    std::array<Code, Features> x;
    if (const status ok = encode_row(row, x); !ok) {
      return ok.error();
    }
    const Code* const codes = x.data();
    return ask(codes);
  }
  template <typename Ask>
  [[nodiscard]] auto of_codes(std::span<const Code, Features> row, const Ask& ask) const noexcept
      -> result<decltype(ask(std::declval<const Code*>()))> {
    if (trees_ == 0) {
      return errc::insufficient;
    }
    if (const status ok = check_codes(row); !ok) {
      return ok.error();
    }
    const Code* const codes = row.data();
    return ask(codes);
  }

  [[nodiscard]] std::uint32_t slots() const noexcept { return config_.forest.trees + 1U; }
  // The tree at work has the slot after the newest tree; when all places are taken that is also the one before the oldest.
  [[nodiscard]] std::uint32_t slot_of(std::uint32_t tree) const noexcept {
    if (trees_ < config_.forest.trees) {
      return tree;
    }
    const std::uint32_t s = slot_ + 1U + tree;
    return s < slots() ? s : s - slots();
  }
  // By place, not by age: only the slot at work is stepped over.
  template <typename Leaves>
  [[nodiscard]] typename Leaves::sum_type add_up(const Leaves& leaf, const Code* x) const noexcept {
    const std::uint32_t hole = slot_;
    return detail::slot_sum(
        splits_.data(), leaf, static_cast<std::uint32_t>(Slot), count_.data(), trees_,
        [hole](std::uint32_t i) noexcept { return i + static_cast<std::uint32_t>(i >= hole); }, x);
  }
  [[nodiscard]] std::uint32_t sum_of(const Code* x) const noexcept { return add_up(detail::depth_of_leaf<leaf_type>{leaves_.data()}, x); }
  [[nodiscard]] forest_sums both_of(const Code* x) const noexcept {
    const std::uint64_t both = add_up(detail::both_of_leaf<leaf_type>{leaves_.data(), densities_.data()}, x);
    return {static_cast<std::uint32_t>(both), static_cast<std::uint32_t>(both >> 32U)};
  }
  [[nodiscard]] contribution<Features> shares_of(const Code* x) const noexcept {
    contribution<Features> made;
    for (std::size_t t = 0; t < trees_; ++t) {
      detail::explain_tree(parts_of(t), x, Features, {}, made.view());
    }
    return made;
  }
  [[nodiscard]] detail::tree_parts<split_type, leaf_type> parts_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees_);
    const std::uint32_t s = slot_of(static_cast<std::uint32_t>(tree));
    detail::tree_parts<split_type, leaf_type> parts{splits_of(tree), leaves_of(tree), {}, {}};
    if constexpr (Room.density) {
      if (config_.forest.density) {
        parts.densities = {densities_.data() + s * (Slot + 1), count_[s] + std::size_t{1}};
      }
    }
    if constexpr (Room.explain) {
      if (config_.forest.explain) {
        parts.node_codes = {node_codes_.data() + s * Slot, count_[s]};
      }
    }
    return parts;
  }

  [[nodiscard]] rolling_step step(const Code* x) noexcept {
    rolling_step answer;
    answer.trees = trees_;
    if (trees_ != 0 && config_.forest.density) {
      const forest_sums both = both_of(x);
      answer.depth_sum = both.depth;
      answer.density_sum = both.density;
    } else if (trees_ != 0) {
      answer.depth_sum = sum_of(x);
    }
    push(x);
    answer.replaced = slice(config_.row_visits);
    return answer;
  }

  void push(const Code* x) noexcept {
    history_.push(x);
    since_tree_ += since_tree_ < 0xffffffffU ? 1U : 0U;
  }

  // While places are free, or after a tree that did not fit, one is begun as soon as the last one is done.
  [[nodiscard]] bool due() const noexcept {
    return history_.size() >= sample_ && (retry_ || trees_ < config_.forest.trees || since_tree_ >= config_.rows_per_tree);
  }

  [[nodiscard]] bool slice(std::uint64_t row_visits) noexcept {
    if (paused_ || row_visits == 0) {
      return false;
    }
    if (at_work_.heap != 0) {
      return work(2 * row_visits);
    }
    if (due()) {
      start_tree();
    }
    return false;
  }

  // The sample of the next tree.
  void start_tree() noexcept {
    const detail::row_sampler sample{config_.forest.seed, next_tree_, history_.size(), sample_};
    (void)sample.each(sample_, [this](std::uint32_t i, std::uint32_t row) noexcept {
      detail::copy_codes<Features>(history_.row(row), sample_codes_.data() + std::size_t{i} * Features);
      bench_.order[i] = static_cast<std::uint16_t>(i);
      return true;
    });
    number_[slot_] = next_tree_++;
    at_work_ = detail::tree_state{};
    at_work_.heap = 1;
    // A tree that was begun late is made up for, by at most one.
    if (trees_ < config_.forest.trees) {
      since_tree_ = 0;
    } else if (since_tree_ >= config_.rows_per_tree) {
      since_tree_ = std::min<std::uint32_t>(since_tree_ - config_.rows_per_tree, config_.rows_per_tree);
    }
    retry_ = false;
  }

  using bench = detail::tree_bench<split_type, leaf_type, Features, Sample, Slot, Room.density>;

  bool work(std::uint64_t visits) noexcept {
    leaf_type* node_codes = nullptr;
    if constexpr (Room.explain) {
      node_codes = node_codes_.data() + std::size_t{slot_} * Slot;
    }
    const detail::growth how = bench_.grow(config_.forest, plan(number_[slot_]), at_work_, splits_.data() + std::size_t{slot_} * Slot,
                                           node_codes, detail::code_at<Features, Code>{sample_codes_.data()}, visits);
    if (how == detail::growth::unfinished) {
      return false;
    }
    const auto made = at_work_.splits;
    at_work_ = detail::tree_state{};
    if (how == detail::growth::full) {
      ++dropped_;
      retry_ = true;
      return false;
    }
    std::copy_n(bench_.leaves.data(), made + 1U, leaves_.data() + std::size_t{slot_} * (Slot + 1));
    if constexpr (Room.density) {
      std::copy_n(bench_.densities.data(), made + 1U, densities_.data() + std::size_t{slot_} * (Slot + 1));
    }
    count_[slot_] = made;
    renewed_ += trees_ == config_.forest.trees ? 1U : 0U;
    trees_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(trees_ + 1U, config_.forest.trees));
    slot_ = static_cast<std::uint16_t>(slot_ + 1U == slots() ? 0 : slot_ + 1U);
    return true;
  }

  [[nodiscard]] static constexpr bool same_state(const detail::tree_state& a, const detail::tree_state& b) noexcept {
    return a.heap == b.heap && a.begin == b.begin && a.splits == b.splits && a.leaves == b.leaves && a.constants == b.constants;
  }

  static constexpr std::uint32_t magic = 0x46524b53;  // "SKRF"
  static constexpr std::uint8_t version = 1;

  quantizer<Features, Code> codes_{};
  rolling_config config_{};
  detail::tree_state at_work_{};
  std::uint32_t next_tree_ = 0, since_tree_ = 0, dropped_ = 0, renewed_ = 0;
  std::uint16_t trees_ = 0, slot_ = 0, sample_ = 0, leaf_scale_ = 0;
  std::uint8_t depth_limit_ = 0;
  bool paused_ = false, retry_ = false;
  std::array<std::uint16_t, Trees + 1> count_{};
  std::array<std::uint32_t, Trees + 1> number_{};
  array_of<split_type, (Trees + 1) * Slot + 1> splits_{};
  std::array<leaf_type, (Trees + 1) * (Slot + 1)> leaves_{};
  [[no_unique_address]] std::array<leaf_type, Room.explain ? (Trees + 1) * Slot : 0> node_codes_{};
  [[no_unique_address]] std::array<std::uint8_t, Room.density ? (Trees + 1) * (Slot + 1) : 0> densities_{};
  bench bench_{};
  std::array<Code, Sample * Features> sample_codes_{};
  detail::code_ring<Features, Code, History> history_{};
};

}  // namespace skerry::inline v0::anomaly

#include <skerry/anomaly/detail/rolling_image.hpp>
