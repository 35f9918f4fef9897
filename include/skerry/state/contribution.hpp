// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/counter_sum.hpp>
#include <skerry/state/policy.hpp>

#include <array>
#include <cfloat>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::state {

/// Who contributes to a fold: a sensor's number, say. Folds go through contributors in ascending order.
struct contributor {
  std::uint64_t id = 0;
  friend constexpr auto operator<=>(const contributor&, const contributor&) noexcept = default;
};

/// One contributor's share of a fold.
template <typename T>
struct contribution {
  contributor whose{};
  std::uint32_t generation = 0;  ///< of the contributor; a later life counts above all sequence numbers of earlier ones
  std::uint64_t sequence = 0;
  double weight = 1;  ///< 0: withdrawn
  T value{};
};

namespace detail {

[[nodiscard]] constexpr bool is_finite(double x) noexcept { return x >= -DBL_MAX && x <= DBL_MAX; }
[[nodiscard]] constexpr double without_sign_of_zero(double x) noexcept { return x == 0 ? 0.0 : x; }

template <typename T>
[[nodiscard]] constexpr status encode_contribution(byte_writer& out, const contribution<T>& c) {
  if (!is_finite(c.weight)) {
    return errc::not_finite;
  }
  if (c.weight < 0) {
    return errc::invalid;
  }
  out.varint(c.whose.id);
  out.varint(c.generation);
  out.varint(c.sequence);
  encode_double(out, without_sign_of_zero(c.weight));
  if constexpr (std::floating_point<T>) {
    if (!is_finite(static_cast<double>(c.value))) {
      return errc::not_finite;
    }
    return encode_value(out, static_cast<T>(without_sign_of_zero(c.value)));
  } else {
    return encode_value(out, c.value);
  }
}
/// Whose row it is, if it is one.
[[nodiscard]] constexpr contributor contributor_of(std::span<const std::byte> payload) noexcept {
  byte_reader in{payload};
  return contributor{in.varint()};
}
template <typename T>
[[nodiscard]] constexpr result<contribution<T>> decode_contribution(std::span<const std::byte> payload) {
  byte_reader in{payload};
  contribution<T> c;
  c.whose.id = in.varint();
  const std::uint64_t generation = in.varint();
  if (generation > UINT32_MAX) {
    return errc::corrupt;
  }
  c.generation = static_cast<std::uint32_t>(generation);
  c.sequence = in.varint();
  c.weight = decode_double(in);
  const result<T> value = decode_value<T>(in);
  if (!value) {
    return value.error();
  }
  c.value = value.value();
  const status end = in.finish();
  return end ? result<contribution<T>>{c} : result<contribution<T>>{end.error()};
}

}  // namespace detail

/// The rows that a fold goes through: each contributor once, its greatest (generation, sequence, bytes), in ascending order of
/// contributors; those of weight 0 are left out.
///
/// Cost    `for_each` O(rows²) for n records of a key, no memory: meant for the tens of sensors of one machine
template <typename T, typename Records>
class contribution_rows {
 public:
  constexpr explicit contribution_rows(const Records& records) noexcept : records_{&records} {}

  /// Calls `f(contribution)` for each row, again and again in the same order.
  template <typename F>
  constexpr void for_each(F&& f) const {
    bool any = false;
    contributor last{};
    for (;;) {
      bool found = false;
      contribution<T> best{};
      std::span<const std::byte> bytes{};
      records_->for_each([&](const record_view& r) {
        const contributor whose = detail::contributor_of(r.payload);
        if ((any && !(last < whose)) || (found && best.whose < whose)) {
          return;  // without a look at the rest
        }
        const result<contribution<T>> c = detail::decode_contribution<T>(r.payload);
        if (!c) {
          return;
        }
        if (!found || c.value().whose < best.whose || newer(c.value(), r.payload, best, bytes)) {
          best = c.value();
          bytes = r.payload;
          found = true;
        }
      });
      if (!found) {
        return;
      }
      any = true;
      last = best.whose;
      if (best.weight > 0) {
        f(best);
      }
    }
  }
  [[nodiscard]] constexpr std::size_t size() const {
    std::size_t count = 0;
    for_each([&count](const contribution<T>&) { ++count; });
    return count;
  }

  [[nodiscard]] static constexpr bool newer(const contribution<T>& a, std::span<const std::byte> a_bytes, const contribution<T>& b,
                                            std::span<const std::byte> b_bytes) noexcept {
    if (a.generation != b.generation) {
      return a.generation > b.generation;
    }
    return a.sequence != b.sequence ? a.sequence > b.sequence : detail::compare_bytes(a_bytes, b_bytes) > 0;
  }

 private:
  const Records* records_;
};

namespace detail {
template <typename T>
struct no_rows {
  template <typename F>
  constexpr void for_each(F&&) const {}
  [[nodiscard]] constexpr std::size_t size() const { return 0; }
};
}  // namespace detail

/// A type F models `contribution_fold` when:
///   1. `F::row_type` is what each contributor states, `F::value_type` what readers get, `F::kind` its wire tag;
///   2. `F::fold(rows)` is a pure function of the rows, which come in ascending order of contributors; `errc::absent` when there are
///      none that count.
/// A function of two values is none: averaging two averages is not a join.
template <typename F>
concept contribution_fold = requires(const detail::no_rows<typename F::row_type>& rows) {
  typename F::value_type;
  { F::kind } -> std::convertible_to<std::uint8_t>;
  { F::fold(rows) } -> std::same_as<result<typename F::value_type>>;
};

/// A value that several contributors make together: each states its own row, and everybody folds the same rows in the same order.
///
/// So the mean of three sensors is the same number on every replica, whatever the order and however often rows arrived.
/// Read    `F::fold`; `absent` when no row counts
/// Errors  `contribute`: `not_finite` for NaN and infinities, `invalid` for a negative weight, `clock_ahead` when the contributor's
///         sequence numbers are used up
/// Cost    one record per contributor, up to 43 bytes of payload for doubles (10 to 16 are usual)
template <typename F>
struct fold_of {
  static_assert(
      !requires(typename F::value_type a) { {F::merge(a, a)}; } && !std::is_invocable_v<F, double, double>,
      "fold_of: averaging two averages is not a join: contribute rows, and fold over all of them");
  static_assert(contribution_fold<F>, "fold_of: F models contribution_fold: a pure function over all rows");
  using value_type = typename F::value_type;
  using row_type = typename F::row_type;
  static constexpr std::uint8_t kind = F::kind;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;

  /// States a row in the place of the contributor's older ones, under the next sequence number that is not known here yet.
  template <typename Edit>
  [[nodiscard]] static constexpr status contribute(Edit& edit, contributor whose, const row_type& value, double weight) {
    contribution<row_type> row{whose, 0, 0, weight, value};
    edit.records().for_each([&](const record_view& r) {
      if (detail::contributor_of(r.payload) != whose) {
        return;
      }
      const result<contribution<row_type>> c = detail::decode_contribution<row_type>(r.payload);
      if (!c) {
        return;
      }
      const auto& there = c.value();
      if (there.generation > row.generation || (there.generation == row.generation && there.sequence > row.sequence)) {
        row.generation = there.generation;
        row.sequence = there.sequence;
      }
    });
    if (row.sequence == UINT64_MAX) {
      return errc::clock_ahead;
    }
    ++row.sequence;
    return state_row(edit, row);
  }
  /// The contributor counts no longer, until it contributes again.
  template <typename Edit>
  [[nodiscard]] static constexpr status withdraw(Edit& edit, contributor whose) {
    return contribute(edit, whose, row_type{}, 0);
  }
  /// States a row as its contributor numbered it: for sensors that roam between gateways. An older one than what is here is `stale`.
  template <typename Edit>
  [[nodiscard]] static constexpr status state_row(Edit& edit, const contribution<row_type>& row) {
    bool stale = false;
    edit.records().for_each([&](const record_view& r) {
      if (detail::contributor_of(r.payload) != row.whose) {
        return;
      }
      if (const result<contribution<row_type>> c = detail::decode_contribution<row_type>(r.payload); c) {
        stale = stale || c.value().generation > row.generation ||
                (c.value().generation == row.generation && c.value().sequence >= row.sequence);
        edit.supersede(r);
      }
    });
    return stale ? status{errc::stale} : edit.put([&row](byte_writer& out) { return detail::encode_contribution(out, row); });
  }

  template <typename Records>
  [[nodiscard]] static constexpr result<value_type> read(const Records& records) {
    return F::fold(contribution_rows<row_type, Records>{records});
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return detail::judge_all(records);
  }
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    if (detail::contributor_of(r.payload) != detail::contributor_of(by.payload)) {
      return false;
    }
    const auto a = detail::decode_contribution<row_type>(r.payload);
    const auto b = detail::decode_contribution<row_type>(by.payload);
    if (!a || !b) {
      return false;
    }
    using rows = contribution_rows<row_type, detail::no_records>;
    if (rows::newer(b.value(), by.payload, a.value(), r.payload)) {
      return true;
    }
    const bool equal = !rows::newer(a.value(), r.payload, b.value(), by.payload);
    return equal && (r.who < by.who || (r.who == by.who && r.n < by.n));
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) {
    const auto c = detail::decode_contribution<row_type>(payload);
    if (!c) {
      return false;
    }
    std::array<std::byte, greatest_payload> again{};
    byte_writer out{again};
    return detail::encode_contribution(out, c.value()) && detail::compare_bytes(out.written(), payload) == 0;
  }
};

namespace folds {

/// Σ weight · value ÷ Σ weight. `full` when one of the sums leaves the range of doubles.
template <std::floating_point T>
struct mean {
  using row_type = T;
  using value_type = double;
  static constexpr std::uint8_t kind = kinds::mean_of;
  template <typename Rows>
  [[nodiscard]] static constexpr result<double> fold(const Rows& rows) {
    double sum = 0;
    double weight = 0;
    rows.for_each([&](const auto& row) {
      sum += row.weight * static_cast<double>(row.value);
      weight += row.weight;
    });
    if (!(weight > 0)) {
      return errc::absent;
    }
    return detail::is_finite(sum) && detail::is_finite(weight) ? result<double>{sum / weight} : result<double>{errc::full};
  }
};

/// Σ value; weights only say who counts. `full` when the sum leaves the range of T on its way through the contributors.
template <typename T>
struct sum {
  using row_type = T;
  using value_type = T;
  static constexpr std::uint8_t kind = kinds::sum_of;
  template <typename Rows>
  [[nodiscard]] static constexpr result<T> fold(const Rows& rows) {
    T total{};
    bool any = false;
    bool overflow = false;
    rows.for_each([&](const auto& row) {
      if constexpr (std::integral<T>) {
        overflow = overflow || __builtin_add_overflow(total, row.value, &total);
      } else {
        total += row.value;
      }
      any = true;
    });
    if constexpr (std::floating_point<T>) {
      overflow = !detail::is_finite(static_cast<double>(total));
    }
    return overflow ? result<T>{errc::full} : (any ? result<T>{total} : result<T>{errc::absent});
  }
};

template <typename T, bool Greatest>
struct extreme {
  using row_type = T;
  using value_type = T;
  static constexpr std::uint8_t kind = Greatest ? kinds::max_of : kinds::min_of;
  template <typename Rows>
  [[nodiscard]] static constexpr result<T> fold(const Rows& rows) {
    T best{};
    bool any = false;
    rows.for_each([&](const auto& row) {
      best = !any || (Greatest ? best < row.value : row.value < best) ? row.value : best;
      any = true;
    });
    return any ? result<T>{best} : result<T>{errc::absent};
  }
};
template <typename T>
using least = extreme<T, false>;
template <typename T>
using greatest = extreme<T, true>;

/// The lower weighted median: the least value that at least half of the weight does not exceed. `full` when the sum of the weights
/// leaves the range of doubles.
///
/// Cost    O(rows) passes over the rows; no memory
template <typename T>
struct median {
  using row_type = T;
  using value_type = T;
  static constexpr std::uint8_t kind = kinds::median_of;
  template <typename Rows>
  [[nodiscard]] static constexpr result<T> fold(const Rows& rows) {
    double total = 0;
    rows.for_each([&](const auto& row) { total += row.weight; });
    if (!detail::is_finite(total)) {
      return errc::full;
    }
    T value{};
    bool any = false;
    for (;;) {
      T next{};
      bool more = false;
      double below = 0;
      rows.for_each([&](const auto& row) {
        if ((!any || value < row.value) && (!more || row.value < next)) {
          next = row.value;
          more = true;
        }
      });
      if (!more) {
        return any ? result<T>{value} : result<T>{errc::absent};
      }
      value = next;
      any = true;
      rows.for_each([&](const auto& row) { below += !(value < row.value) ? row.weight : 0; });
      if (below >= total / 2) {
        return value;
      }
    }
  }
};

}  // namespace folds

/// Mean of what the contributors state, by their weights.
template <typename T>
using mean_of = fold_of<folds::mean<T>>;
template <typename T>
using sum_of = fold_of<folds::sum<T>>;
template <typename T>
using min_of = fold_of<folds::least<T>>;
template <typename T>
using max_of = fold_of<folds::greatest<T>>;
template <typename T>
using median_of = fold_of<folds::median<T>>;

}  // namespace skerry::inline v0::state
