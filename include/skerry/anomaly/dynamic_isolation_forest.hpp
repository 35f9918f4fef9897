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
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

/// Isolation forest whose width and size come from data: the same trees, sums and scores as `isolation_forest`.
///
/// The members are those of the fixed form with spans of any length; a row of another width than the forest's is `errc::width`.
///
/// Cost    one block from the allocator, 4 + sizeof(Code) bytes a split and 2 a leaf with room for the worst case, Trees · (Sample - 1)
/// splits, and
///         the memory to train in; taken by `reserve`, or by the first fit. Afterwards nothing is allocated as long as fits are not
///         wider or larger. A fit never counts first, because it always fits.
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

  /// Takes the memory for forests up to this width and size; the forest that stands here is dropped.
  [[nodiscard]] status reserve(std::size_t columns, const forest_config& config) {
    if (columns == 0 || columns > 65535) {
      return errc::width;
    }
    if (config.trees == 0 || config.sample < 2) {
      return errc::invalid;
    }
    lay_out(columns, config.trees, config.sample);
    state_ = detail::forest_state{};
    lo()[0] = std::numeric_limits<float>::quiet_NaN();
    return {};
  }

  [[nodiscard]] status fit(row_view<float> rows, const forest_config& config) {
    if (const status shaped = check_shape(rows); !shaped) {
      return shaped;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::all_finite(rows.row(i), rows.columns)) {
        return errc::not_finite;
      }
    }
    // Two passes over the columns, because nothing may change before the ranges are known to be good and there is no place to keep them.
    for (std::size_t j = 0; j < rows.columns; ++j) {
      float least = 0;
      float greatest = 0;
      (void)detail::column_ranges(row_view<float>{rows.data + j, rows.rows, 1, rows.stride}, &least, &greatest);
      if (!detail::is_finite(greatest - least)) {
        return errc::out_of_range;
      }
    }
    if (const status possible = check_config(config, rows.rows); !possible) {
      return possible;
    }
    lay_out(rows.columns, config.trees, config.sample);
    (void)detail::column_ranges(rows, lo(), inv_step());
    if (const status steps = detail::ranges_to_steps<Code>(lo(), inv_step(), columns_); !steps) {
      return steps;
    }
    const float* low = lo();
    const float* step = inv_step();
    return build(rows.rows, config, detail::gather_numbers<Code>{rows, low, step});
  }

  [[nodiscard]] status fit_codes(row_view<Code> rows, const forest_config& config) {
    if (const status shaped = check_shape(rows); !shaped) {
      return shaped;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), rows.columns)) {
        return errc::not_finite;
      }
    }
    if (const status possible = check_config(config, rows.rows); !possible) {
      return possible;
    }
    lay_out(rows.columns, config.trees, config.sample);
    lo()[0] = std::numeric_limits<float>::quiet_NaN();
    return build(rows.rows, config, detail::gather_codes<Code>{rows});
  }

  /// Starts over, to be grown in slices; the first slice says how wide the rows are.
  [[nodiscard]] status begin(const forest_config& config) noexcept {
    if (const status begun = detail::begin_forest(state_, config, 65535, 65535); !begun) {
      return begun;
    }
    state_.growing = true;
    columns_ = 0;
    return {};
  }
  /// The same for codes made by `codes`, a `quantizer` or a view of one that is not this forest's own.
  template <typename Quantizer>
  requires std::is_same_v<typename Quantizer::code_type, Code>
  [[nodiscard]] status begin(const forest_config& config, const Quantizer& codes) {
    if (!codes.learned()) {
      return errc::insufficient;
    }
    detail::forest_state begun;
    if (const status possible = detail::begin_forest(begun, config, 65535, 65535); !possible) {
      return possible;
    }
    lay_out(codes.columns(), config.trees, config.sample);
    for (std::size_t j = 0; j < codes.columns(); ++j) {
      lo()[j] = codes.lo(j);
      inv_step()[j] = codes.inv_step(j);
    }
    state_ = begun;
    state_.growing = true;
    return {};
  }

  /// As the fixed form; the first slice after a `begin` without codes may allocate.
  [[nodiscard]] result<bool> grow(row_view<Code> history, std::size_t row_visits) {
    if (columns_ == 0 && state_.growing) {
      if (const status shaped = check_shape(history); !shaped) {
        return shaped.error();
      }
      lay_out(history.columns, state_.planned, state_.wanted_sample);
      lo()[0] = std::numeric_limits<float>::quiet_NaN();
    }
    if (columns_ == 0) {
      return errc::insufficient;
    }
    return detail::grow_slice(state_, pool(), history, columns_, row_visits, std::span<std::uint32_t>{marks(), (columns_ + 31) / 32});
  }

  [[nodiscard]] result<std::uint32_t> depth_sum(std::span<const float> row) const noexcept {
    if (state_.trees == 0 || !codes().learned()) {
      return errc::insufficient;
    }
    if (row.size() != columns_) {
      return errc::width;
    }
    if (!detail::all_finite(row.data(), columns_)) {
      return errc::not_finite;
    }
    return sum_of(row.data());
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code> row) const noexcept {
    if (state_.trees == 0) {
      return errc::insufficient;
    }
    if (row.size() != columns_) {
      return errc::width;
    }
    if (!detail::none_missing<Code>(row.data(), columns_)) {
      return errc::not_finite;
    }
    const Code* x = row.data();
    return detail::depth_sum(state_, pool(), x);
  }

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

  [[nodiscard]] status depth_sums(row_view<float> rows, std::span<std::uint32_t> out) const noexcept {
    if (state_.trees == 0 || !codes().learned()) {
      return errc::insufficient;
    }
    if (!rows.holds(columns_) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::all_finite(rows.row(i), columns_)) {
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
    if (!rows.holds(columns_) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), columns_)) {
        return errc::not_finite;
      }
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const Code* x = rows.row(i);
      out[i] = detail::depth_sum(state_, pool(), x);
    }
    return {};
  }

  [[nodiscard]] quantizer_view<Code> codes() const noexcept {
    return columns_ == 0 ? quantizer_view<Code>{} : quantizer_view<Code>{{lo(), columns_}, {inv_step(), columns_}};
  }
  /// Columns of a row; 0 before anything was laid out.
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] std::size_t trees() const noexcept { return state_.trees; }
  [[nodiscard]] std::size_t sample() const noexcept { return state_.sample; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return state_.depth_limit; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return state_.leaf_scale; }
  [[nodiscard]] std::size_t splits() const noexcept { return state_.splits; }
  [[nodiscard]] bool degenerate() const noexcept { return state_.trees != 0 && state_.splits == 0; }
  /// Bytes of the model in use; `capacity_bytes` is what the allocator gave.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return state_.splits * sizeof(split_type) + (state_.splits + state_.trees) * sizeof(leaf_type) + state_.trees * sizeof(std::uint32_t) +
           columns_ * 2 * sizeof(float);
  }
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_ * sizeof(std::uint32_t); }
  [[nodiscard]] allocator_type get_allocator() const noexcept { return Allocator(allocator_); }

  [[nodiscard]] std::span<const split_type> splits_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees());
    const auto t = static_cast<std::uint32_t>(tree);
    return {pool().splits + pool().first[t], detail::tree_splits(state_, pool(), t)};
  }
  [[nodiscard]] std::span<const leaf_type> leaves_of(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees());
    const auto t = static_cast<std::uint32_t>(tree);
    return {pool().leaves + pool().first[t] + t, detail::tree_splits(state_, pool(), t) + std::size_t{1}};
  }

 private:
  static constexpr std::size_t stack_codes = 1024;  // wider rows are encoded as their columns are asked for

  struct lazy_row {
    const float *x, *lo, *step;
    Code operator[](std::size_t j) const noexcept { return detail::quantize<Code>(x[j], lo[j], step[j]); }
  };

  void encode(const float* row, Code* out) const noexcept {
    for (std::size_t j = 0; j < columns_; ++j) {
      out[j] = detail::quantize<Code>(row[j], lo()[j], inv_step()[j]);
    }
  }
  [[nodiscard]] std::uint32_t sum_of(const float* row) const noexcept {
    if (columns_ > stack_codes) {
      return detail::depth_sum(state_, pool(), lazy_row{row, lo(), inv_step()});
    }
    std::array<Code, stack_codes> x;
    encode(row, x.data());
    return detail::depth_sum(state_, pool(), x);
  }

  template <typename T>
  [[nodiscard]] static status check_shape(row_view<T> rows) noexcept {
    if (rows.columns == 0 || rows.columns > 65535 || rows.stride < rows.columns) {
      return errc::width;
    }
    return rows.rows < 2 ? status{errc::insufficient} : status{};
  }
  [[nodiscard]] static status check_config(const forest_config& config, std::size_t rows) noexcept {
    detail::forest_state trial;
    if (const status begun = detail::begin_forest(trial, config, 65535, 65535); !begun) {
      return begun;
    }
    return rows >= 0xffffffffU ? status{errc::out_of_range} : detail::set_sample<leaf_type>(trial, rows);
  }

  // The block: lo, inv_step, first, marks (words), then splits, leaves, order, codes of a sample (half words or bytes).
  struct places {
    std::size_t splits, leaves, order, codes, end;  // in words
  };
  [[nodiscard]] static std::size_t words(std::size_t bytes) noexcept { return (bytes + 3) / 4; }
  [[nodiscard]] static std::size_t room_for(std::size_t trees, std::size_t sample) noexcept {
    return trees * (sample - 1) + detail::greatest_depth + 2;  // the rest is for the rows of the last tree while it grows in slices
  }
  [[nodiscard]] static places plan(std::size_t columns, std::size_t trees, std::size_t sample) noexcept {
    places p{};
    p.splits = 2 * columns + trees + (columns + 31) / 32;
    p.leaves = p.splits + words(room_for(trees, sample) * sizeof(split_type));
    p.order = p.leaves + words((room_for(trees, sample) + trees) * sizeof(leaf_type));
    p.codes = p.order + words(sample * sizeof(std::uint16_t));
    p.end = p.codes + words(sample * columns * sizeof(Code));
    return p;
  }

  void lay_out(std::size_t columns, std::size_t trees, std::size_t sample) {
    const places p = plan(columns, trees, sample);
    if (p.end > capacity_) {
      std::uint32_t* more = word_traits::allocate(allocator_, p.end);
      const detail::forest_state kept = state_;
      release();
      state_ = kept;
      block_ = more;
      capacity_ = p.end;
    }
    if (columns != columns_ || trees != trees_ || sample != sample_) {
      std::memset(block_, 0, p.end * sizeof(std::uint32_t));
    }
    columns_ = columns;
    trees_ = trees;
    sample_ = sample;
  }

  template <typename Gather>
  [[nodiscard]] status build(std::size_t rows, const forest_config& config, const Gather& gather) noexcept {
    state_ = detail::forest_state{};  // nothing can fail from here on, so there is nothing to count first
    const places p = plan(columns_, trees_, sample_);
    return detail::fit_all(
        state_, pool(), config, sample_, columns_, rows,
        detail::training_scratch<Code>{reinterpret_cast<Code*>(block_ + p.codes), reinterpret_cast<std::uint16_t*>(block_ + p.order),
                                       std::span<std::uint32_t>{marks(), (columns_ + 31) / 32}},
        gather);
  }

  [[nodiscard]] float* lo() noexcept { return reinterpret_cast<float*>(block_); }
  [[nodiscard]] const float* lo() const noexcept { return reinterpret_cast<const float*>(block_); }
  [[nodiscard]] float* inv_step() noexcept { return lo() + columns_; }
  [[nodiscard]] const float* inv_step() const noexcept { return lo() + columns_; }
  [[nodiscard]] std::uint32_t* marks() noexcept { return block_ + 2 * columns_ + trees_; }

  [[nodiscard]] detail::forest_pool<split_type, leaf_type> pool() noexcept {
    const places p = plan(columns_, trees_, sample_);
    return {reinterpret_cast<split_type*>(block_ + p.splits), reinterpret_cast<leaf_type*>(block_ + p.leaves), block_ + 2 * columns_,
            static_cast<std::uint32_t>(room_for(trees_, sample_)), static_cast<std::uint32_t>(trees_)};
  }
  [[nodiscard]] detail::forest_pool<const split_type, const leaf_type> pool() const noexcept {
    const places p = plan(columns_, trees_, sample_);
    return {reinterpret_cast<const split_type*>(block_ + p.splits), reinterpret_cast<const leaf_type*>(block_ + p.leaves),
            block_ + 2 * columns_, static_cast<std::uint32_t>(room_for(trees_, sample_)), static_cast<std::uint32_t>(trees_)};
  }

  void copy_from(const dynamic_isolation_forest& other) {
    if (other.columns_ == 0) {
      release();
      state_ = other.state_;
      return;
    }
    const std::size_t used = plan(other.columns_, other.trees_, other.sample_).end;
    if (used > capacity_) {
      std::uint32_t* more = word_traits::allocate(allocator_, used);
      release();
      block_ = more;
      capacity_ = used;
    }
    std::memcpy(block_, other.block_, used * sizeof(std::uint32_t));
    columns_ = other.columns_;
    trees_ = other.trees_;
    sample_ = other.sample_;
    state_ = other.state_;
  }
  void take(dynamic_isolation_forest& other) noexcept {
    block_ = std::exchange(other.block_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    columns_ = std::exchange(other.columns_, 0);
    trees_ = std::exchange(other.trees_, 0);
    sample_ = std::exchange(other.sample_, 0);
    state_ = std::exchange(other.state_, detail::forest_state{});
  }
  void release() noexcept {
    if (block_ != nullptr) {
      word_traits::deallocate(allocator_, block_, capacity_);
    }
    block_ = nullptr;
    capacity_ = columns_ = trees_ = sample_ = 0;
    state_ = detail::forest_state{};
  }

  [[no_unique_address]] word_allocator allocator_;
  std::uint32_t* block_ = nullptr;
  std::size_t capacity_ = 0;  // words
  std::size_t columns_ = 0, trees_ = 0, sample_ = 0;
  detail::forest_state state_{};
};

}  // namespace skerry::inline v0::anomaly
