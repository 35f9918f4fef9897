// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/contribution.hpp>
#include <skerry/anomaly/detail/forest_engine.hpp>
#include <skerry/anomaly/detail/forest_scoring.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

namespace detail {
struct forest_access;
}

/// Isolation forest in fixed memory: learns what rows usually look like, and says how soon a row can be told from them.
///
/// Trained on integer codes. A node draws a column among those not known to be constant in it and a threshold uniform in
/// [least, greatest - 1]; a row goes left when its code <= threshold, so no child is ever empty. Growing stops at the depth
/// limit, at one row, or when every column is constant. A leaf adds round(L (depth + c(n))) for its n rows to the row's depth
/// sum: small sum, strange row. Trees depend on (seed, tree number, sample) alone, and on what `training_options` say.
///
/// Input   rows of numbers (the range of each column is learnt), or codes as they come from a converter. Missing values, names and
///         weights: `forest_config::missing` and `training_options`. In codes name n is n + 1, in two bytes n - 32766
/// Units   depth sums in 1/L of a split, L = 12, or 256 where the largest leaf code passes 255 (`leaf_scale()`); scores in (0, 1),
///         higher = stranger. Density sums in eighths of log2(share of rows / share of volume), plus 128 a tree
/// Cost    fit: Trees · sample · depth row visits; Sample · (Features · sizeof(Code) + 2) + Features / 8 bytes of stack (`training_bytes`),
///         with weights of rows 12 · Sample more. A second fit grows the trees twice, once to count. depth_sum: Trees · depth
///         comparisons. No heap, trivially copyable.
///         sizeof <= Nodes · (2 + sizeof(Code) + explain) + (Nodes + Trees) · (1 + density) + 8 · Features + 4 · Trees + 64, where
///         `Room` has or has not room for explain and density; 272 bytes more for each column of names; a byte more per split beyond 255
///         columns (names: four more each), one more beyond samples of 256, and beyond samples of 512 one more per leaf and explained split
/// Bound   of `score`: relative error <= 1e-6 against 2^(-mean h / c(ψ)) of the depth sum
/// Errors  `width`; `insufficient`: fewer than two rows that may be drawn, or not fitted; `not_finite`: infinity, or where missing values
///         are refused NaN, the missing code or an unknown name; `out_of_range`: greatest - least overflows binary32, or a name beyond 63;
///         `full`: more trees, sample or splits than fit; `unsupported`: what `Room` leaves out, or `heavier` with columns that do not
///         fit their index twice (more than 128 in one byte); `invalid`: no trees, a sample below two, a depth beyond 31 or one whose
///         leaf codes do not fit, weights of columns that are all zero. All leave the object as it was.
/// Source  Liu, Ting, Zhou: Isolation Forest, ICDM 2008, algorithms 1-3; the integer thresholds, the exact c(n) and the densities are ours
template <std::size_t Features, std::size_t Trees = 100, std::size_t Sample = 256, typename Code = std::int16_t,
          std::size_t Nodes = Trees*(Sample / 2), forest_room Room = forest_room{}>
class isolation_forest {
  static_assert(Features > 0 && Features <= 65535, "isolation_forest: between 1 and 65535 columns");
  static_assert(Trees > 0 && Trees <= 65535, "isolation_forest: between 1 and 65535 trees");
  static_assert(Sample >= 2 && Sample <= 65535, "isolation_forest: a sample of 2 to 65535 rows");
  static_assert(forest_code<Code>, "isolation_forest: Code is std::uint8_t or std::int16_t");
  static_assert(Nodes > 0 && Nodes <= 0x7fffffff, "isolation_forest: room for at least one split");
  static constexpr std::size_t orders_room = Room.categories * orders_per_category;
  static constexpr std::size_t indices = Features + orders_room <= 255 ? 256 : 65536;
  static_assert(Room.categories <= Features && Features + orders_room <= 65535, "isolation_forest: more columns of names than columns");
  static_assert(Room.options || Room.categories == 0, "isolation_forest: columns of names need forest_room::options");

 public:
  using code_type = Code;
  using split_type = detail::split<std::conditional_t<(Features + orders_room <= 255), std::uint8_t, std::uint16_t>,
                                   std::conditional_t<(Sample <= 256), std::uint8_t, std::uint16_t>, Code>;
  using leaf_type = std::conditional_t<(Sample <= 512), std::uint8_t, std::uint16_t>;

  static constexpr std::size_t features = Features, tree_capacity = Trees, sample_capacity = Sample, node_capacity = Nodes;
  static constexpr forest_room room = Room;
  /// The most codes that a walked row has (`code_columns()`).
  static constexpr std::size_t code_columns_capacity =
      (Features + orders_room) * (Room.options && 2 * (Features + orders_room) <= indices ? 2 : 1);
  /// Stack that `fit` takes beside a few hundred bytes; with `training_options` 12 · Sample more.
  static constexpr std::size_t training_bytes = Sample * ((Features + orders_room) * sizeof(Code) + 2) + 4 * ((Features + 31) / 32);

  /// Learns the range of each column and grows all trees. Every value is looked at before anything changes.
  [[nodiscard]] status fit(row_view<float> rows, const forest_config& config, const training_options& options = {}) noexcept {
    if (!rows.holds(Features)) {
      return errc::width;
    }
    if (rows.rows < 2) {
      return errc::insufficient;
    }
    if (const status shaped = check(config, options, rows.rows); !shaped) {
      return shaped;
    }
    quantizer<Features, Code> codes;
    if (const status learnt = codes.learn(rows, config.missing == missing_policy::refuse); !learnt) {
      return learnt;
    }
    for (std::size_t j = 0; j < options.kinds.size(); ++j) {
      if (detail::is_category(options, j)) {
        codes.hold_names(j);
      }
    }
    std::array<float, Features> lo;
    std::array<float, Features> inv_step;
    for (std::size_t j = 0; j < Features; ++j) {
      lo[j] = codes.lo(j);
      inv_step[j] = codes.inv_step(j);
    }
    const auto code_at = [&rows, &codes](std::size_t i, std::size_t j) { return codes.code(j, rows.row(i)[j]); };
    return fit_from(rows.rows, config, options, codes, code_at,
                    detail::gather_numbers<Code>{rows, lo.data(), inv_step.data(), config.missing != missing_policy::refuse});
  }

  /// The same on codes; the forest then takes codes only.
  [[nodiscard]] status fit_codes(row_view<Code> rows, const forest_config& config, const training_options& options = {}) noexcept {
    if (!rows.holds(Features)) {
      return errc::width;
    }
    if (rows.rows < 2) {
      return errc::insufficient;
    }
    if (const status shaped = check(config, options, rows.rows); !shaped) {
      return shaped;
    }
    for (std::size_t i = 0; config.missing == missing_policy::refuse && i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    const auto code_at = [&rows](std::size_t i, std::size_t j) { return rows.row(i)[j]; };
    return fit_from(rows.rows, config, options, quantizer<Features, Code>{}, code_at, detail::gather_codes<Code>{rows});
  }

  /// Starts over, to be grown in slices. The forest keeps no tree; it takes codes only.
  [[nodiscard]] status begin(const forest_config& config) noexcept { return begin(config, quantizer<Features, Code>{}); }
  /// The same for codes made by `codes`, so that the forest also takes the numbers behind them.
  [[nodiscard]] status begin(const forest_config& config, const quantizer<Features, Code>& codes) noexcept {
    if (const status possible = check(config, {}, 0); !possible) {
      return possible;
    }
    if (const status begun = detail::begin_forest(state_, config, Trees, Sample); !begun) {
      return begun;
    }
    if (!state_.fresh) {
      detail::clear_tail(detail::forest_state{}, pool());
      state_.fresh = true;
    }
    state_.growing = true;
    codes_ = codes;
    return {};
  }

  /// Works on the next tree for about so many row visits (at most twice the sample more, with names, weights or `heavier` thrice); true
  /// when that tree is complete.
  ///
  /// `history` and `options` are the same in every slice. Trees are those that `fit_codes` grows. The complete ones can be scored
  /// meanwhile. Names are looked up in the whole history when the first tree begins; weights of rows take some passes over the weights
  /// for each tree, in one slice.
  /// Errors  `insufficient`: no `begin`, or fewer than two rows; `mismatch`: the number of rows or the kind of options has changed;
  ///         `not_finite`: a sampled row has a missing code that is refused (with weights: any row); `full`: all trees are grown, or fewer
  ///         than sample + depth free splits are left for the next one (a tree at work keeps its rows there): the complete trees stay,
  ///         `trees()` says how many
  [[nodiscard]] result<bool> grow(row_view<Code> history, std::size_t row_visits, const training_options& options = {}) noexcept {
    std::array<std::uint32_t, (Features + 31) / 32> marks;
    if constexpr (Room.options) {
      const weighted_rows draw;
      return detail::grow_slice(state_, pool(), history,
                                detail::slice_plan<weighted_rows>{options, orders(), Features, row_visits, marks, draw});
    } else {
      const detail::unweighted_rows draw;
      return detail::grow_slice(state_, pool(), history,
                                detail::slice_plan<detail::unweighted_rows>{options, {}, Features, row_visits, marks, draw});
    }
  }

  /// Takes over the trees of a part of the same forest, grown elsewhere; after `begin` with the same quantiser, parts in the order of
  /// their numbers (`training_options::first_tree`).
  ///
  /// Errors  `insufficient`: no `begin`, or a part without trees; `width`; `mismatch`: another seed, ψ, depth, policy, quantiser or other
  ///         orders, or not the next trees; `full`: more trees or splits than fit; `unsupported`: more columns of names than there is room
  ///         for. All leave the forest as it was.
  template <typename Part>
  requires std::is_same_v<typename Part::code_type, Code>
  [[nodiscard]] status append(const Part& part) noexcept {
    if (part.codes().columns() != Features) {
      return errc::width;
    }
    if (!detail::same_codes(part.codes(), codes_)) {
      return errc::mismatch;
    }
    return detail::append_trees(state_, pool(), orders(), Sample, part);
  }

  [[nodiscard]] result<std::uint32_t> depth_sum(std::span<const float, Features> row) const noexcept {
    if (const errc why = refusal(row.data()); why != errc::ok) {
      return why;
    }
    return reader().depth_sum(row.data());
  }
  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    if (const errc why = refusal(row.data()); why != errc::ok) {
      return why;
    }
    return reader().depth_sum(row.data());
  }

  /// Depth and density of a row in one walk; `unsupported` when the forest was grown without densities.
  [[nodiscard]] result<forest_sums> sums(std::span<const float, Features> row) const noexcept { return sums_from(row.data()); }
  [[nodiscard]] result<forest_sums> sums_codes(std::span<const Code, Features> row) const noexcept { return sums_from(row.data()); }

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
  [[nodiscard]] status depth_sums(row_view<float> rows, std::span<std::uint32_t> out) const noexcept { return depth_block(rows, out); }
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept { return depth_block(rows, out); }
  /// Both sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status sums(row_view<float> rows, std::span<forest_sums> out) const noexcept { return sums_block(rows, out); }
  [[nodiscard]] status sums_codes(row_view<Code> rows, std::span<forest_sums> out) const noexcept { return sums_block(rows, out); }

  /// What each column did to the depth sum of a row; `unsupported` when the forest was grown without `explain`.
  [[nodiscard]] result<contribution<Features>> explain(std::span<const float, Features> row,
                                                       contribution_weighting weighting = contribution_weighting::path) const noexcept {
    return explain_from(row.data(), weighting);
  }
  [[nodiscard]] result<contribution<Features>> explain_codes(
      std::span<const Code, Features> row, contribution_weighting weighting = contribution_weighting::path) const noexcept {
    return explain_from(row.data(), weighting);
  }

  /// The codes that are walked, for lowered forms: `code_columns()` of them. A refused row leaves `out` as it was.
  [[nodiscard]] status encode(std::span<const float, Features> row, std::span<Code> out) const noexcept {
    return encode_from(row.data(), out);
  }
  /// The same from codes of the columns alone.
  [[nodiscard]] status encode_codes(std::span<const Code, Features> row, std::span<Code> out) const noexcept {
    return encode_from(row.data(), out);
  }

  /// The forest as bytes, and back: what `anomaly/forest_wire.hpp` does, which has to be included where these are called.
  template <std::same_as<byte_writer> Writer>
  [[nodiscard]] status encode(Writer& out) const noexcept {
    return wire_encode(*this, out);
  }
  template <std::same_as<byte_reader> Reader>
  [[nodiscard]] status decode(Reader& in) noexcept {
    return wire_decode(*this, in);
  }

  /// The map from numbers to codes; unlearned after `fit_codes`.
  [[nodiscard]] const quantizer<Features, Code>& codes() const noexcept { return codes_; }
  /// Complete trees.
  [[nodiscard]] std::size_t trees() const noexcept { return state_.trees; }
  /// ψ: the rows that each tree saw; 0 before any row was seen.
  [[nodiscard]] std::size_t sample() const noexcept { return state_.sample; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return state_.depth_limit; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return state_.leaf_scale; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return state_.seed; }
  /// Number of the first tree; 0 but for a part of a forest.
  [[nodiscard]] std::uint32_t first_tree() const noexcept { return state_.first_tree; }
  /// Splits of the complete trees; `node_capacity` is what fits.
  [[nodiscard]] std::size_t splits() const noexcept { return state_.splits; }
  /// True for a forest of bare leaves: all columns were constant, every score is 1/2.
  [[nodiscard]] bool degenerate() const noexcept { return state_.trees != 0 && state_.splits == 0; }
  [[nodiscard]] bool has_density() const noexcept { return state_.density; }
  [[nodiscard]] bool has_explain() const noexcept { return state_.explain; }
  [[nodiscard]] missing_policy missing() const noexcept { return state_.missing; }
  [[nodiscard]] bool takes_missing() const noexcept { return state_.missing != missing_policy::refuse; }
  /// Codes of a walked row: the columns, four orders for each column of names, under `heavier` all of those again, mirrored.
  [[nodiscard]] std::size_t code_columns() const noexcept { return reader().walked(); }
  /// The orders of the columns of names, four each.
  [[nodiscard]] std::span<const category_order> category_orders() const noexcept {
    return {orders_.data(), std::size_t{state_.orders} * orders_per_category};
  }
  /// v(root): what every tree says before a single question.
  [[nodiscard]] std::uint32_t root_code() const noexcept {
    return state_.sample == 0 ? 0 : detail::leaf_code(state_.leaf_scale, 0, state_.sample);
  }
  /// Bytes of the model in use: splits, leaves, starts of the trees, ranges. The object itself takes sizeof.
  [[nodiscard]] std::size_t bytes() const noexcept { return detail::bytes_in_use(state_, pool()) + sizeof(codes_); }

  /// One tree, for lowered forms: its splits in pre-order, and its leaves from left to right.
  [[nodiscard]] std::span<const split_type> splits_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).splits;
  }
  [[nodiscard]] std::span<const leaf_type> leaves_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).leaves;
  }
  /// A byte for each leaf; empty without densities.
  [[nodiscard]] std::span<const std::uint8_t> densities_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).densities;
  }
  /// For each split what a leaf in its place would say; empty without `explain`.
  [[nodiscard]] std::span<const leaf_type> node_codes_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).node_codes;
  }

 private:
  friend struct detail::forest_access;
  static constexpr std::size_t order_columns = Features + orders_room;
  using reader_type = detail::forest_reader<split_type, leaf_type, const quantizer<Features, Code>&, code_columns_capacity, false>;

  [[nodiscard]] reader_type reader() const noexcept { return {state_, pool(), codes_, category_orders()}; }

  [[nodiscard]] errc ready(const float*) const noexcept { return state_.trees == 0 || !codes_.learned() ? errc::insufficient : errc::ok; }
  [[nodiscard]] errc ready(const Code*) const noexcept { return state_.trees == 0 ? errc::insufficient : errc::ok; }
  template <typename Number>
  [[nodiscard]] errc refusal(const Number* row) const noexcept {
    if (const errc why = ready(row); why != errc::ok) {
      return why;
    }
    return reader().good(row) ? errc::ok : errc::not_finite;
  }
  template <typename Number, typename Out>
  [[nodiscard]] errc block_refusal(row_view<Number> rows, std::span<Out> out) const noexcept {
    if (const errc why = ready(rows.data); why != errc::ok) {
      return why;
    }
    if (!rows.holds(Features) || out.size() != rows.rows) {
      return errc::width;
    }
    return reader().all_good(rows) ? errc::ok : errc::not_finite;
  }

  template <typename Number>
  [[nodiscard]] status depth_block(row_view<Number> rows, std::span<std::uint32_t> out) const noexcept {
    if (const errc why = block_refusal(rows, out); why != errc::ok) {
      return why;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = reader().depth_sum(rows.row(i));
    }
    return {};
  }
  template <typename Number>
  [[nodiscard]] status sums_block(row_view<Number> rows, std::span<forest_sums> out) const noexcept {
    if (const errc why = block_refusal(rows, out); why != errc::ok) {
      return why;
    }
    if (!state_.density) {
      return errc::unsupported;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = reader().sums(rows.row(i));
    }
    return {};
  }
  template <typename Number>
  [[nodiscard]] result<forest_sums> sums_from(const Number* row) const noexcept {
    if (const errc why = refusal(row); why != errc::ok) {
      return why;
    }
    if (!state_.density) {
      return errc::unsupported;
    }
    return reader().sums(row);
  }
  template <typename Number>
  [[nodiscard]] result<contribution<Features>> explain_from(const Number* row, contribution_weighting weighting) const noexcept {
    if (const errc why = refusal(row); why != errc::ok) {
      return why;
    }
    if (!state_.explain) {
      return errc::unsupported;
    }
    contribution<Features> made;
    reader().explain(row, made.view(), weighting);
    return made;
  }
  template <typename Number>
  [[nodiscard]] status encode_from(const Number* row, std::span<Code> out) const noexcept {
    if (const errc why = refusal(row); why != errc::ok) {
      return why;
    }
    if (out.size() != code_columns()) {
      return errc::width;
    }
    reader().encode(row, out.data());
    return {};
  }

  /// What this type has room for, and whether the options have the shape of the rows.
  [[nodiscard]] static status check(const forest_config& config, const training_options& options, std::size_t rows) noexcept {
    if ((config.density && !Room.density) || (config.explain && !Room.explain)) {
      return errc::unsupported;
    }
    if (const status shaped = detail::check_options(options, Features, rows); !shaped) {
      return shaped;
    }
    const bool heavier = config.missing == missing_policy::heavier;
    if (!Room.options && (heavier || !options.column_weights.empty() || !options.row_weights.empty())) {
      return errc::unsupported;
    }
    return detail::categories_of(options) > Room.categories || (heavier && 2 * order_columns > indices) ? status{errc::unsupported}
                                                                                                        : status{};
  }

  [[nodiscard]] detail::forest_pool<split_type, leaf_type> pool() noexcept {
    return {splits_.data(),
            leaves_.data(),
            first_.data(),
            static_cast<std::uint32_t>(Nodes),
            static_cast<std::uint32_t>(Trees),
            Room.explain ? node_codes_.data() : nullptr,
            Room.density ? densities_.data() : nullptr};
  }
  [[nodiscard]] detail::forest_pool<const split_type, const leaf_type> pool() const noexcept {
    return {splits_.data(),
            leaves_.data(),
            first_.data(),
            static_cast<std::uint32_t>(Nodes),
            static_cast<std::uint32_t>(Trees),
            Room.explain ? node_codes_.data() : nullptr,
            Room.density ? densities_.data() : nullptr};
  }
  [[nodiscard]] std::span<category_order> orders() noexcept { return {orders_.data(), orders_room}; }

  template <typename CodeAt, typename Gather>
  [[nodiscard]] status fit_from(std::size_t rows, const forest_config& config, const training_options& options,
                                const quantizer<Features, Code>& codes, const CodeAt& code_at, const Gather& gather) noexcept {
    status fitted;
    if constexpr (Room.options) {
      if (!detail::all_alike(config, options)) {
        fitted = fit_table(rows, config, options, code_at, gather);
      } else {
        fitted = fit_plain(rows, config, options, gather);
      }
    } else {
      fitted = fit_plain(rows, config, options, gather);
    }
    if (fitted) {
      codes_ = codes;
    }
    return fitted;
  }
  template <typename Gather>
  [[nodiscard]] status fit_plain(std::size_t rows, const forest_config& config, const training_options& options,
                                 const Gather& gather) noexcept {
    std::array<std::uint32_t, (Features + 31) / 32> marks;
    using place = std::remove_const_t<std::remove_pointer_t<decltype(gather.rows.data)>>;
    if constexpr (detail::short_branches && sizeof(const place*) <= Features * sizeof(Code) + 2) {
      std::array<const place*, Sample> places;
      return detail::fit_by(state_, pool(), detail::fit_plan{config, options, {}, Sample, Features, rows},
                            [&](detail::forest_state& next, bool keep) noexcept {
                              return detail::grow_in_place(next, pool(), keep, static_cast<std::uint32_t>(Features), gather, places.data(),
                                                           marks);
                            });
    } else {
      std::array<Code, Sample * Features> sample_codes;
      std::array<std::uint16_t, Sample> order;
      return detail::fit_all(state_, pool(), detail::fit_plan{config, options, {}, Sample, Features, rows},
                             detail::plain_columns{static_cast<std::uint32_t>(Features)},
                             detail::training_scratch<Code>{sample_codes.data(), order.data(), marks}, gather);
    }
  }
  // On its own, so that a fit without options does not pay its stack.
  template <typename CodeAt, typename Gather>
  [[nodiscard, gnu::noinline]] status fit_table(std::size_t rows, const forest_config& config, const training_options& options,
                                                const CodeAt& code_at, const Gather& gather) noexcept {
    array_of<category_order, orders_room> made;
    if (const status learnt = detail::learn_orders<Code>(config.seed, config.missing, options, rows, code_at, made.data()); !learnt) {
      return learnt;
    }
    std::array<Code, Sample * order_columns> sample_codes;
    std::array<std::uint16_t, Sample> order;
    std::array<std::uint32_t, (Features + 31) / 32> marks;
    std::array<std::uint64_t, Sample> tickets;
    std::array<std::uint32_t, Sample> drawn;
    const std::span<const category_order> found{made.data(), detail::categories_of(options) * orders_per_category};
    const status fitted =
        detail::fit_all(state_, pool(), detail::fit_plan{config, options, found, Sample, Features, rows},
                        detail::table_columns{static_cast<std::uint32_t>(Features), found, options.column_weights,
                                              config.missing == missing_policy::heavier},
                        detail::training_scratch<Code>{sample_codes.data(), order.data(), marks, {tickets.data(), drawn.data()}}, gather);
    if (fitted) {
      for (std::size_t k = 0; k < found.size(); ++k) {
        orders_[k] = found[k];
      }
    }
    return fitted;
  }
  struct weighted_rows {
    static constexpr bool weights = true;
    template <typename Order>
    [[gnu::noinline]] void operator()(std::uint64_t seed, std::uint32_t tree, std::span<const std::uint16_t> weights_of_rows,
                                      std::uint32_t wanted, Order& order) const noexcept {
      std::array<std::uint64_t, Sample> tickets;
      std::array<std::uint32_t, Sample> drawn;
      detail::draw_weighted(seed, tree, weights_of_rows, wanted, {tickets.data(), drawn.data()});
      for (std::uint32_t i = 0; i < wanted; ++i) {
        order.set(i, drawn[i]);
      }
    }
  };

  quantizer<Features, Code> codes_{};
  std::array<std::uint32_t, Trees> first_{};
  detail::forest_state state_{};
  array_of<split_type, Nodes> splits_{};
  std::array<leaf_type, Nodes + Trees> leaves_{};
  [[no_unique_address]] std::array<leaf_type, Room.explain ? Nodes : 0> node_codes_{};
  [[no_unique_address]] std::array<std::uint8_t, Room.density ? Nodes + Trees : 0> densities_{};
  [[no_unique_address]] array_of<category_order, orders_room> orders_{};
};

}  // namespace skerry::inline v0::anomaly
