// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/contribution.hpp>
#include <skerry/anomaly/detail/forest_engine.hpp>
#include <skerry/anomaly/detail/forest_scoring.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/bytes.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

namespace detail {
struct forest_access;
}

/// Isolation forest whose width and size come from data: the same trees, sums and scores as `isolation_forest`.
///
/// The members are those of the fixed form with spans of any length; a row of another width than the forest's is `errc::width`.
///
/// Cost    one block from the allocator, 4 + sizeof(Code) bytes a split and 2 a leaf (with `density` 3; with `explain` 2 a split more),
/// with
///         room for the worst case, Trees · (Sample - 1) splits; 264 bytes a column of names; and the memory to train in. Taken by
///         `reserve`, or by the first fit. Afterwards nothing is allocated as long as fits are not wider or larger. A fit never counts
///         first, because it always fits.
/// Errors  as `isolation_forest`; `full` only from `grow` when all trees are grown. What an allocator throws passes through, and
///         leaves the forest as it was.
template <typename Code = std::int16_t, typename Allocator = std::allocator<std::byte>>
class dynamic_isolation_forest {
  static_assert(forest_code<Code>, "dynamic_isolation_forest: Code is std::uint8_t or std::int16_t");
  using word_allocator = typename std::allocator_traits<Allocator>::template rebind_alloc<std::uint32_t>;
  using word_traits = std::allocator_traits<word_allocator>;
  static_assert(std::is_same_v<typename word_traits::pointer, std::uint32_t*>, "dynamic_isolation_forest: plain pointers only");

 public:
  using code_type = Code;
  using allocator_type = Allocator;
  using split_type = detail::split<std::uint16_t, std::uint16_t, Code>;
  using leaf_type = std::uint16_t;

  dynamic_isolation_forest() noexcept(noexcept(Allocator())) requires std::is_default_constructible_v<Allocator>
      : dynamic_isolation_forest{Allocator()} {}
  explicit dynamic_isolation_forest(const Allocator& allocator) noexcept : allocator_{allocator} {}

  dynamic_isolation_forest(const dynamic_isolation_forest& other)
      : allocator_{word_traits::select_on_container_copy_construction(other.allocator_)} {
    copy_from(other);
  }
  dynamic_isolation_forest(dynamic_isolation_forest&& other) noexcept : allocator_{other.allocator_} { take(other); }
  /// The allocator stays; the contents are copied, or taken over where both allocators are equal.
  dynamic_isolation_forest& operator=(const dynamic_isolation_forest& other) {
    if (this != &other) {
      copy_from(other);
    }
    return *this;
  }
  dynamic_isolation_forest& operator=(dynamic_isolation_forest&& other) {
    if (this == &other) {
      return *this;
    }
    if (allocator_ == other.allocator_) {
      release();
      take(other);
    } else {
      copy_from(other);
    }
    return *this;
  }
  ~dynamic_isolation_forest() { release(); }

  /// Takes the memory for forests up to this width and size, with `categories` columns of names; the forest that stands here is dropped.
  [[nodiscard]] status reserve(std::size_t columns, const forest_config& config, std::size_t categories = 0) {
    if (columns == 0 || columns > 65535) {
      return errc::width;
    }
    if (config.trees == 0 || config.sample < 2) {
      return errc::invalid;
    }
    if (categories > most_category_columns) {
      return errc::unsupported;
    }
    lay_out(shape{columns, config, categories}, no_ranges{});
    state_ = detail::forest_state{};
    lo()[0] = std::numeric_limits<float>::quiet_NaN();
    return {};
  }

  [[nodiscard]] status fit(row_view<float> rows, const forest_config& config, const training_options& options = {}) {
    if (const status possible = check(rows, config, options); !possible) {
      return possible;
    }
    // The ranges are looked at before anything changes; those of a wide table twice, because there is no place to keep them.
    constexpr std::size_t together = 64;
    std::array<float, together> least;
    std::array<float, together> greatest;
    for (std::size_t first = 0; first < rows.columns; first += together) {
      const std::size_t n = std::min(together, rows.columns - first);
      const row_view<float> some{rows.data + first, rows.rows, n, rows.stride};
      if (!detail::column_ranges(some, least.data(), greatest.data()) &&
          (config.missing == missing_policy::refuse || detail::any_infinite(some))) {
        return errc::not_finite;
      }
      for (std::size_t j = 0; j < n; ++j) {
        if (least[j] <= greatest[j] && !detail::is_finite(greatest[j] - least[j])) {
          return errc::out_of_range;
        }
      }
    }
    const auto code_at = [&rows](std::size_t i, std::size_t j) {
      const float x = rows.row(i)[j];
      return detail::is_nan(x) ? code_traits<Code>::missing : detail::quantize<Code>(x, detail::names_lo, detail::names_inv_step);
    };
    if (const status known = detail::learn_orders<Code>(config.seed, config.missing, options, rows.rows, code_at, nullptr); !known) {
      return known;
    }
    lay_out(shape{rows.columns, config, detail::categories_of(options)}, no_ranges{});
    if (rows.columns <= together) {
      std::copy_n(least.data(), rows.columns, lo());
      std::copy_n(greatest.data(), rows.columns, inv_step());
    } else {
      (void)detail::column_ranges(rows, lo(), inv_step());
    }
    (void)detail::ranges_to_steps<Code>(lo(), inv_step(), shape_.columns);
    for (std::size_t j = 0; j < options.kinds.size(); ++j) {
      if (detail::is_category(options, j)) {
        lo()[j] = detail::names_lo;
        inv_step()[j] = detail::names_inv_step;
      }
    }
    const float* low = lo();
    const float* step = inv_step();
    return build(rows.rows, config, options, code_at,
                 detail::gather_numbers<Code>{rows, low, step, config.missing != missing_policy::refuse});
  }

  [[nodiscard]] status fit_codes(row_view<Code> rows, const forest_config& config, const training_options& options = {}) {
    if (const status possible = check(rows, config, options); !possible) {
      return possible;
    }
    for (std::size_t i = 0; config.missing == missing_policy::refuse && i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), rows.columns)) {
        return errc::not_finite;
      }
    }
    const auto code_at = [&rows](std::size_t i, std::size_t j) { return rows.row(i)[j]; };
    if (const status known = detail::learn_orders<Code>(config.seed, config.missing, options, rows.rows, code_at, nullptr); !known) {
      return known;
    }
    lay_out(shape{rows.columns, config, detail::categories_of(options)}, no_ranges{});
    lo()[0] = std::numeric_limits<float>::quiet_NaN();
    return build(rows.rows, config, options, code_at, detail::gather_codes<Code>{rows});
  }

  /// Starts over, to be grown in slices; the first slice says how wide the rows are.
  [[nodiscard]] status begin(const forest_config& config) noexcept {
    if (const status begun = detail::begin_forest(state_, config, 65535, 65535); !begun) {
      return begun;
    }
    state_.growing = true;
    shape_ = shape{};
    return {};
  }
  /// The same for codes made by `codes`, a `quantizer` or a view of one; `categories` of the columns hold names.
  template <typename Quantizer>
  requires std::is_same_v<typename Quantizer::code_type, Code>
  [[nodiscard]] status begin(const forest_config& config, const Quantizer& codes, std::size_t categories = 0) {
    if (!codes.learned()) {
      return errc::insufficient;
    }
    detail::forest_state begun;
    if (const status possible = detail::begin_forest(begun, config, 65535, 65535); !possible) {
      return possible;
    }
    const shape wanted{codes.columns(), config, categories};
    if (categories > most_category_columns || !wanted.indexable(config.missing)) {
      return errc::unsupported;
    }
    lay_out(wanted, [&codes](float* low, float* step) {
      for (std::size_t j = 0; j < codes.columns(); ++j) {
        low[j] = codes.lo(j);
        step[j] = codes.inv_step(j);
      }
    });
    state_ = begun;
    detail::clear_tail(state_, pool());
    state_.growing = true;
    return {};
  }

  /// As the fixed form; the first slice after a `begin` without codes may allocate.
  [[nodiscard]] result<bool> grow(row_view<Code> history, std::size_t row_visits, const training_options& options = {}) {
    const bool first = shape_.columns == 0 && state_.growing;
    if (first) {
      if (const status shaped = check_rows(history); !shaped) {
        return shaped.error();
      }
      if (const status shaped = detail::check_options(options, history.columns, history.rows); !shaped) {
        return shaped.error();
      }
      const shape wanted{history.columns, state_.planned, state_.wanted_sample, detail::categories_of(options),
                         state_.density,  state_.explain};
      if (wanted.categories > most_category_columns || !wanted.indexable(state_.missing)) {
        return errc::unsupported;
      }
      lay_out(wanted, no_ranges{});
      lo()[0] = std::numeric_limits<float>::quiet_NaN();
      detail::clear_tail(detail::forest_state{}, pool());
    }
    if (shape_.columns == 0) {
      return errc::insufficient;
    }
    const weighted_rows draw{weighted()};
    const result<bool> grown =
        detail::grow_slice(state_, pool(), history,
                           detail::slice_plan<weighted_rows>{
                               options, {orders(), shape_.categories * orders_per_category}, shape_.columns, row_visits, marks(), draw});
    if (!grown && first) {
      shape_ = shape{};  // a refused slice has not said how wide the rows are
    }
    return grown;
  }

  /// As the fixed form, after a `begin` with codes.
  template <typename Part>
  requires std::is_same_v<typename Part::code_type, Code>
  [[nodiscard]] status append(const Part& part) noexcept {
    if (shape_.columns == 0 || part.codes().columns() != shape_.columns) {
      return shape_.columns == 0 ? errc::insufficient : errc::width;
    }
    if (!detail::same_codes(part.codes(), codes())) {
      return errc::mismatch;
    }
    return detail::append_trees(state_, pool(), {orders(), shape_.categories * orders_per_category}, shape_.sample, part);
  }

  [[nodiscard]] result<std::uint32_t> depth_sum(std::span<const float> row) const noexcept { return depth_sum_from(row); }
  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code> row) const noexcept { return depth_sum_from(row); }
  [[nodiscard]] result<forest_sums> sums(std::span<const float> row) const noexcept { return sums_from(row); }
  [[nodiscard]] result<forest_sums> sums_codes(std::span<const Code> row) const noexcept { return sums_from(row); }

  [[nodiscard]] result<float> score(std::span<const float> row) const noexcept {
    const result<std::uint32_t> sum = depth_sum(row);
    if (!sum) {
      return sum.error();
    }
    return detail::score_of(state_, sum.value());
  }
  [[nodiscard]] result<float> score_of(std::uint32_t depth_sum) const noexcept {
    if (state_.trees == 0) {
      return errc::insufficient;
    }
    return detail::score_of(state_, depth_sum);
  }

  [[nodiscard]] status depth_sums(row_view<float> rows, std::span<std::uint32_t> out) const noexcept { return depth_block(rows, out); }
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept { return depth_block(rows, out); }
  [[nodiscard]] status sums(row_view<float> rows, std::span<forest_sums> out) const noexcept { return sums_block(rows, out); }
  [[nodiscard]] status sums_codes(row_view<Code> rows, std::span<forest_sums> out) const noexcept { return sums_block(rows, out); }

  /// Shares of the columns, into spans of `columns()`.
  [[nodiscard]] status explain(std::span<const float> row, contribution_view out,
                               contribution_weighting weighting = contribution_weighting::path) const noexcept {
    return explain_from(row, out, weighting);
  }
  [[nodiscard]] status explain_codes(std::span<const Code> row, contribution_view out,
                                     contribution_weighting weighting = contribution_weighting::path) const noexcept {
    return explain_from(row, out, weighting);
  }

  [[nodiscard]] status encode(std::span<const float> row, std::span<Code> out) const noexcept { return encode_from(row, out); }
  [[nodiscard]] status encode_codes(std::span<const Code> row, std::span<Code> out) const noexcept { return encode_from(row, out); }

  /// The forest as bytes, and back: what `anomaly/forest_wire.hpp` does, which has to be included where these are called.
  template <std::same_as<byte_writer> Writer>
  [[nodiscard]] status encode(Writer& out) const noexcept {
    return wire_encode(*this, out);
  }
  template <std::same_as<byte_reader> Reader>
  [[nodiscard]] status decode(Reader& in) {
    return wire_decode(*this, in);
  }

  [[nodiscard]] quantizer_view<Code> codes() const noexcept {
    return columns() == 0 ? quantizer_view<Code>{} : quantizer_view<Code>{{lo(), columns()}, {inv_step(), columns()}};
  }
  /// Columns of a row; 0 before anything was laid out.
  [[nodiscard]] std::size_t columns() const noexcept { return shape_.columns; }
  [[nodiscard]] std::size_t trees() const noexcept { return state_.trees; }
  [[nodiscard]] std::size_t sample() const noexcept { return state_.sample; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return state_.depth_limit; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return state_.leaf_scale; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return state_.seed; }
  [[nodiscard]] std::uint32_t first_tree() const noexcept { return state_.first_tree; }
  [[nodiscard]] std::size_t splits() const noexcept { return state_.splits; }
  [[nodiscard]] bool degenerate() const noexcept { return state_.trees != 0 && state_.splits == 0; }
  [[nodiscard]] bool has_density() const noexcept { return state_.density; }
  [[nodiscard]] bool has_explain() const noexcept { return state_.explain; }
  [[nodiscard]] missing_policy missing() const noexcept { return state_.missing; }
  [[nodiscard]] bool takes_missing() const noexcept { return state_.missing != missing_policy::refuse; }
  [[nodiscard]] std::size_t code_columns() const noexcept { return reader().walked(); }
  [[nodiscard]] std::span<const category_order> category_orders() const noexcept {
    return {orders(), std::size_t{state_.orders} * orders_per_category};
  }
  [[nodiscard]] std::uint32_t root_code() const noexcept {
    return state_.sample == 0 ? 0 : detail::leaf_code(state_.leaf_scale, 0, state_.sample);
  }
  /// Bytes of the model in use; `capacity_bytes` is what the allocator gave.
  [[nodiscard]] std::size_t bytes() const noexcept { return detail::bytes_in_use(state_, pool()) + columns() * 2 * sizeof(float); }
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_ * sizeof(std::uint32_t); }
  [[nodiscard]] allocator_type get_allocator() const noexcept { return Allocator(allocator_); }

  [[nodiscard]] std::span<const split_type> splits_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).splits;
  }
  [[nodiscard]] std::span<const leaf_type> leaves_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).leaves;
  }
  [[nodiscard]] std::span<const std::uint8_t> densities_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).densities;
  }
  [[nodiscard]] std::span<const leaf_type> node_codes_of(std::size_t tree) const noexcept {
    return detail::tree_view(state_, pool(), tree).node_codes;
  }

 private:
  friend struct detail::forest_access;
  static constexpr std::size_t stack_codes = 1024;  // wider rows are encoded as their columns are asked for
  static constexpr std::size_t most_category_columns = 255;
  using reader_type = detail::forest_reader<split_type, leaf_type, quantizer_view<Code>, stack_codes, true>;

  /// What the block is laid out for.
  struct shape {
    std::size_t columns = 0, trees = 0, sample = 0, categories = 0;
    bool density = false, explain = false;
    std::size_t splits = 0;  ///< room for so many; 0: for the worst case

    shape() noexcept = default;
    shape(std::size_t columns_of_rows, const forest_config& config, std::size_t categories_in_rows) noexcept
        : shape{columns_of_rows, config.trees, config.sample, categories_in_rows, config.density, config.explain} {}
    shape(std::size_t columns_of_rows, std::size_t trees_planned, std::size_t rows_of_tree, std::size_t categories_in_rows,
          bool with_density, bool with_explain) noexcept
        : columns{columns_of_rows},
          trees{trees_planned},
          sample{rows_of_tree},
          categories{categories_in_rows},
          density{with_density},
          explain{with_explain} {}
    friend bool operator==(const shape&, const shape&) noexcept = default;

    [[nodiscard]] std::size_t stored() const noexcept { return columns + categories * orders_per_category; }
    [[nodiscard]] bool indexable(missing_policy policy) const noexcept {
      return stored() * (policy == missing_policy::heavier ? 2U : 1U) <= 65536U;
    }
    /// Splits. What is more than all trees need is for the rows of the last one while it grows in slices.
    [[nodiscard]] std::size_t room() const noexcept { return splits != 0 ? splits : trees * (sample - 1) + detail::greatest_depth + 2; }
  };
  struct no_ranges {
    void operator()(float*, float*) const noexcept {}
  };

  [[nodiscard]] reader_type reader() const noexcept { return {state_, pool(), codes(), category_orders()}; }

  template <typename Number>
  [[nodiscard]] errc ready() const noexcept {
    return state_.trees == 0 || (std::is_same_v<Number, float> && !codes().learned()) ? errc::insufficient : errc::ok;
  }
  template <typename Number>
  [[nodiscard]] errc refusal(std::span<const Number> row) const noexcept {
    if (const errc why = ready<Number>(); why != errc::ok) {
      return why;
    }
    if (row.size() != columns()) {
      return errc::width;
    }
    return reader().good(row.data()) ? errc::ok : errc::not_finite;
  }
  template <typename Number, typename Out>
  [[nodiscard]] errc block_refusal(row_view<Number> rows, std::span<Out> out) const noexcept {
    if (const errc why = ready<Number>(); why != errc::ok) {
      return why;
    }
    if (!rows.holds(columns()) || out.size() != rows.rows) {
      return errc::width;
    }
    return reader().all_good(rows) ? errc::ok : errc::not_finite;
  }
  template <typename Number>
  [[nodiscard]] result<std::uint32_t> depth_sum_from(std::span<const Number> row) const noexcept {
    if (const errc why = refusal(row); why != errc::ok) {
      return why;
    }
    return reader().depth_sum(row.data());
  }
  template <typename Number>
  [[nodiscard]] result<forest_sums> sums_from(std::span<const Number> row) const noexcept {
    if (const errc why = refusal(row); why != errc::ok) {
      return why;
    }
    if (!state_.density) {
      return errc::unsupported;
    }
    return reader().sums(row.data());
  }
  template <typename Number>
  [[nodiscard]] status depth_block(row_view<Number> rows, std::span<std::uint32_t> out) const noexcept {
    if (const errc why = block_refusal(rows, out); why != errc::ok) {
      return why;
    }
    const reader_type from = reader();
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = from.depth_sum(rows.row(i));
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
    const reader_type from = reader();
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = from.sums(rows.row(i));
    }
    return {};
  }
  template <typename Number>
  [[nodiscard]] status explain_from(std::span<const Number> row, contribution_view out, contribution_weighting weighting) const noexcept {
    if (const errc why = refusal(row); why != errc::ok) {
      return why;
    }
    if (!state_.explain) {
      return errc::unsupported;
    }
    if (out.low.size() != columns() || out.high.size() != columns()) {
      return errc::width;
    }
    reader().explain(row.data(), out, weighting);
    return {};
  }
  template <typename Number>
  [[nodiscard]] status encode_from(std::span<const Number> row, std::span<Code> out) const noexcept {
    if (const errc why = refusal(row); why != errc::ok) {
      return why;
    }
    if (out.size() != code_columns()) {
      return errc::width;
    }
    reader().encode(row.data(), out.data());
    return {};
  }

  template <typename T>
  [[nodiscard]] static status check_rows(row_view<T> rows) noexcept {
    if (rows.columns == 0 || rows.columns > 65535 || rows.stride < rows.columns) {
      return errc::width;
    }
    return rows.rows < 2 ? status{errc::insufficient} : status{};
  }
  template <typename T>
  [[nodiscard]] static status check(row_view<T> rows, const forest_config& config, const training_options& options) noexcept {
    if (const status shaped = check_rows(rows); !shaped) {
      return shaped;
    }
    if (const status shaped = detail::check_options(options, rows.columns, rows.rows); !shaped) {
      return shaped;
    }
    const std::size_t categories = detail::categories_of(options);
    if (categories > most_category_columns || !shape{rows.columns, config, categories}.indexable(config.missing)) {
      return errc::unsupported;
    }
    detail::forest_state trial;
    return detail::begin_fit<leaf_type>(trial, detail::fit_plan{config, options, {}, 65535, rows.columns, rows.rows}, 65535);
  }

  // The block: lo, inv_step, first, marks (words), then splits, leaves, node codes, densities, orders, and to train in the order and
  // codes of a sample, and tickets and rows of a weighted one.
  struct places {
    std::size_t splits, leaves, node_codes, densities, orders, order, codes, tickets, drawn, end;  // in words
  };
  [[nodiscard]] static std::size_t words(std::size_t bytes) noexcept { return (bytes + 3) / 4; }
  [[nodiscard]] static places plan(const shape& s) noexcept {
    places p{};
    p.splits = 2 * s.columns + s.trees + (s.columns + 31) / 32;
    p.leaves = p.splits + words(s.room() * sizeof(split_type));
    p.node_codes = p.leaves + words((s.room() + s.trees) * sizeof(leaf_type));
    p.densities = p.node_codes + words(s.explain ? s.room() * sizeof(leaf_type) : 0);
    p.orders = p.densities + words(s.density ? s.room() + s.trees : 0);
    p.order = p.orders + words(s.categories * orders_per_category * sizeof(category_order));
    p.codes = p.order + words(s.sample * sizeof(std::uint16_t));
    p.tickets = p.codes + words(s.sample * s.stored() * sizeof(Code));
    p.drawn = p.tickets + 2 * s.sample + 1;  // one word to align them
    p.end = p.drawn + s.sample;
    return p;
  }

  /// Makes room; `ranges(lo, inv_step)` writes what is known of the columns, which may stand in the block as it was.
  template <typename Ranges>
  void lay_out(const shape& wanted, const Ranges& ranges) {
    const places p = plan(wanted);
    if (p.end > capacity_) {
      std::uint32_t* more = word_traits::allocate(allocator_, p.end);
      std::memset(more, 0, p.end * sizeof(std::uint32_t));
      ranges(reinterpret_cast<float*>(more), reinterpret_cast<float*>(more) + wanted.columns);
      const detail::forest_state kept = state_;
      release();
      state_ = kept;
      block_ = more;
      capacity_ = p.end;
    } else {
      ranges(reinterpret_cast<float*>(block_), reinterpret_cast<float*>(block_) + wanted.columns);
      if (!(wanted == shape_)) {
        for (std::size_t i = 2 * wanted.columns; i < p.end; ++i) {
          block_[i] = 0;
        }
      }
    }
    shape_ = wanted;
  }

  template <typename CodeAt, typename Gather>
  [[nodiscard]] status build(std::size_t rows, const forest_config& config, const training_options& options, const CodeAt& code_at,
                             const Gather& gather) noexcept {
    state_ = detail::forest_state{};  // nothing can fail from here on, so there is nothing to count first
    const places p = plan(shape_);
    const detail::training_scratch<Code> scratch{reinterpret_cast<Code*>(block_ + p.codes),
                                                 reinterpret_cast<std::uint16_t*>(block_ + p.order), marks(), weighted()};
    const auto columns_now = static_cast<std::uint32_t>(shape_.columns);
    if (detail::all_alike(config, options)) {
      return detail::fit_all(state_, pool(), detail::fit_plan{config, options, {}, shape_.sample, shape_.columns, rows},
                             detail::plain_columns{columns_now}, scratch, gather);
    }
    const std::span<const category_order> found{orders(), shape_.categories * orders_per_category};
    if (const status learnt = detail::learn_orders<Code>(config.seed, config.missing, options, rows, code_at, orders()); !learnt) {
      return learnt;
    }
    return detail::fit_all(state_, pool(), detail::fit_plan{config, options, found, shape_.sample, shape_.columns, rows},
                           detail::table_columns{columns_now, found, options.column_weights, config.missing == missing_policy::heavier},
                           scratch, gather);
  }

  struct weighted_rows {
    static constexpr bool weights = true;
    detail::weighted_scratch scratch;
    template <typename Order>
    void operator()(std::uint64_t seed, std::uint32_t tree, std::span<const std::uint16_t> weights_of_rows, std::uint32_t wanted,
                    Order& order) const noexcept {
      detail::draw_weighted(seed, tree, weights_of_rows, wanted, scratch);
      for (std::uint32_t i = 0; i < wanted; ++i) {
        order.set(i, scratch.rows[i]);
      }
    }
  };

  [[nodiscard]] float* lo() noexcept { return reinterpret_cast<float*>(block_); }
  [[nodiscard]] const float* lo() const noexcept { return reinterpret_cast<const float*>(block_); }
  [[nodiscard]] float* inv_step() noexcept { return lo() + shape_.columns; }
  [[nodiscard]] const float* inv_step() const noexcept { return lo() + shape_.columns; }
  [[nodiscard]] std::span<std::uint32_t> marks() noexcept {
    return {block_ + 2 * shape_.columns + shape_.trees, (shape_.columns + 31) / 32};
  }
  [[nodiscard]] category_order* orders() noexcept {
    return shape_.categories == 0 ? nullptr : reinterpret_cast<category_order*>(block_ + plan(shape_).orders);
  }
  [[nodiscard]] const category_order* orders() const noexcept {
    return shape_.categories == 0 ? nullptr : reinterpret_cast<const category_order*>(block_ + plan(shape_).orders);
  }
  [[nodiscard]] detail::weighted_scratch weighted() noexcept {
    const places p = plan(shape_);
    const std::size_t odd = reinterpret_cast<std::uintptr_t>(block_ + p.tickets) % alignof(std::uint64_t) == 0 ? 0 : 1;
    return {reinterpret_cast<std::uint64_t*>(block_ + p.tickets + odd), block_ + p.drawn};
  }

  [[nodiscard]] detail::forest_pool<split_type, leaf_type> pool() noexcept {
    if (shape_.columns == 0) {
      return {nullptr, nullptr, nullptr, 0, 0};
    }
    const places p = plan(shape_);
    return {reinterpret_cast<split_type*>(block_ + p.splits),
            reinterpret_cast<leaf_type*>(block_ + p.leaves),
            block_ + 2 * shape_.columns,
            static_cast<std::uint32_t>(shape_.room()),
            static_cast<std::uint32_t>(shape_.trees),
            shape_.explain ? reinterpret_cast<leaf_type*>(block_ + p.node_codes) : nullptr,
            shape_.density ? reinterpret_cast<std::uint8_t*>(block_ + p.densities) : nullptr};
  }
  [[nodiscard]] detail::forest_pool<const split_type, const leaf_type> pool() const noexcept {
    if (shape_.columns == 0) {
      return {nullptr, nullptr, nullptr, 0, 0};
    }
    const places p = plan(shape_);
    return {reinterpret_cast<const split_type*>(block_ + p.splits),
            reinterpret_cast<const leaf_type*>(block_ + p.leaves),
            block_ + 2 * shape_.columns,
            static_cast<std::uint32_t>(shape_.room()),
            static_cast<std::uint32_t>(shape_.trees),
            shape_.explain ? reinterpret_cast<const leaf_type*>(block_ + p.node_codes) : nullptr,
            shape_.density ? reinterpret_cast<const std::uint8_t*>(block_ + p.densities) : nullptr};
  }

  void copy_from(const dynamic_isolation_forest& other) {
    if (other.shape_.columns == 0) {
      release();
      state_ = other.state_;
      return;
    }
    const std::size_t used = plan(other.shape_).end;
    if (used > capacity_) {
      std::uint32_t* more = word_traits::allocate(allocator_, used);
      release();
      block_ = more;
      capacity_ = used;
    }
    std::memcpy(block_, other.block_, used * sizeof(std::uint32_t));
    shape_ = other.shape_;
    state_ = other.state_;
  }
  void take(dynamic_isolation_forest& other) noexcept {
    block_ = std::exchange(other.block_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    shape_ = std::exchange(other.shape_, shape{});
    state_ = std::exchange(other.state_, detail::forest_state{});
  }
  void release() noexcept {
    if (block_ != nullptr) {
      word_traits::deallocate(allocator_, block_, capacity_);
    }
    block_ = nullptr;
    capacity_ = 0;
    shape_ = shape{};
    state_ = detail::forest_state{};
  }

  [[no_unique_address]] word_allocator allocator_;
  std::uint32_t* block_ = nullptr;
  std::size_t capacity_ = 0;  // words
  shape shape_{};
  detail::forest_state state_{};
};

}  // namespace skerry::inline v0::anomaly
