// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/policy.hpp>
#include <skerry/state/schema.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::state {

/// What configurations say about a value that several write.
enum class strategy : std::uint8_t {
  none,
  last_write_wins,  ///< one value; the latest trusted stamp; ties by actor, then bytes
  merge,            ///< all contributions count, each once
  eventual,         ///< nobody is overruled: siblings stay until someone who saw them writes
};

/// `absent` for any other word.
[[nodiscard]] constexpr result<strategy> strategy_from(std::string_view name) noexcept {
  if (name == "last_write_wins") {
    return strategy::last_write_wins;
  }
  if (name == "merge") {
    return strategy::merge;
  }
  return name == "eventual" ? result<strategy>{strategy::eventual} : result<strategy>{errc::absent};
}
[[nodiscard]] constexpr const char* to_string(strategy s) noexcept {
  switch (s) {
    case strategy::none: break;
    case strategy::last_write_wins: return "last_write_wins";
    case strategy::merge: return "merge";
    case strategy::eventual: return "eventual";
  }
  return "none";
}

namespace detail {
/// The records of one kind among those of a key.
template <typename Records>
class records_of_kind {
 public:
  constexpr records_of_kind(const Records& records, std::uint8_t kind) noexcept : records_{&records}, kind_{kind} {}
  template <typename F>
  constexpr void for_each(F&& f) const {
    records_->for_each([&](const record_view& r) {
      if (r.kind == kind_) {
        f(r);
      }
    });
  }

 private:
  const Records* records_;
  std::uint8_t kind_;
};
/// The least kind among records; 0 when there are none.
template <typename Records>
[[nodiscard]] constexpr std::uint8_t least_kind(const Records& records) noexcept {
  std::uint8_t kind = 0;
  records.for_each([&kind](const record_view& r) { kind = kind == 0 || r.kind < kind ? r.kind : kind; });
  return kind;
}
template <typename P>
concept with_rows = requires {
  typename P::row_type;
};
template <typename P>
concept with_siblings = requires(const no_records& records) {
  P::pick(records);
};
template <typename P>
struct rows_of {
  using type = typename P::row_type;
};
template <typename... Ps>
struct first_rows {
  struct type {};  // no alternative is a fold
};
template <typename P, typename... Ps>
struct first_rows<P, Ps...> : std::conditional_t<with_rows<P>, rows_of<P>, first_rows<Ps...>> {};
}  // namespace detail

/// One of several policies, chosen by `replica::choose` when a node starts: once per path, and for ever.
///
/// Records carry the kind of the policy that was chosen, so on the wire and on disk a path is the same as if its policy had been
/// written into the schema. A verb that the chosen policy does not have, a verb before the choice, another choice, and a frame of
/// somebody who has chosen otherwise are `mismatch`. Of a key that two nodes began differently all read the records of the lesser kind.
/// Where an alternative cannot be removed the path cannot, and `lww` keeps no loser.
/// Input    at most one alternative each that is `lww`, `keep_both`, and something that merges; all of one value type
template <policy... Ps>
struct one_of {
  static_assert(sizeof...(Ps) > 1, "one_of: several policies to choose from");
  using value_type = std::common_type_t<typename Ps::value_type...>;
  static_assert((std::same_as<value_type, typename Ps::value_type> && ...), "one_of: all alternatives have one value type");
  using row_type = typename detail::first_rows<Ps...>::type;
  static constexpr std::uint8_t kind = kinds::one_of;
  static constexpr delivery_need need = [] {
    delivery_need most = delivery_need::any_order;
    ((most = Ps::need > most ? Ps::need : most), ...);
    return most;
  }();
  static constexpr bool removable = (Ps::removable && ...);

  /// Whether it is the kind of an alternative.
  [[nodiscard]] static constexpr bool takes(std::uint8_t k) noexcept { return ((k == Ps::kind) || ...); }
  /// `unsupported` when no alternative goes by that word.
  [[nodiscard]] static constexpr result<std::uint8_t> kind_of(strategy s) noexcept {
    std::uint8_t found = 0;
    const auto look = [&](std::uint8_t k) {
      const strategy is = k == kinds::lww ? strategy::last_write_wins : k == kinds::keep_both ? strategy::eventual : strategy::merge;
      found = is == s && found == 0 ? k : found;
    };
    (look(Ps::kind), ...);
    return found != 0 ? result<std::uint8_t>{found} : result<std::uint8_t>{errc::unsupported};
  }

  template <typename Records>
  [[nodiscard]] static constexpr result<value_type> read(const Records& records) {
    const std::uint8_t k = detail::least_kind(records);
    result<value_type> value{errc::absent};
    (void)with(k, [&]<typename P>() {
      value = P::read(detail::records_of_kind<Records>{records, k});
      return status{};
    });
    return value;
  }
  /// Whether several values may stand under a key of that kind.
  [[nodiscard]] static constexpr bool picks(std::uint8_t k) noexcept { return ((k == Ps::kind && detail::with_siblings<Ps>) || ...); }
  template <typename Records>
  [[nodiscard]] static constexpr result<value_type> pick(const Records& records) requires(detail::with_siblings<Ps> || ...) {
    return read(records);
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) {
    const std::uint8_t k = detail::least_kind(records);
    verdict v;
    (void)with(k, [&]<typename P>() {
      v = P::judge(detail::records_of_kind<Records>{records, k});
      return status{};
    });
    return v;
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) { return (Ps::valid(payload) || ...); }
  /// What `valid` is for a record of that kind.
  [[nodiscard]] static constexpr bool valid(std::uint8_t k, std::span<const std::byte> payload) {
    bool good = false;
    (void)with(k, [&]<typename P>() {
      good = P::valid(payload);
      return status{};
    });
    return good;
  }
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) {
    bool is = false;
    if (r.kind == by.kind) {
      (void)with(r.kind, [&]<typename P>() {
        if constexpr (detail::has_obsolete<P>) {
          is = P::obsolete(r, by);
        }
        return status{};
      });
    }
    return is;
  }

  /// Whether `write` is a verb of an alternative.
  [[nodiscard]] static constexpr bool writes(std::uint8_t k) noexcept { return ((k == Ps::kind && written_policy<Ps>) || ...); }
  [[nodiscard]] static constexpr status encode(byte_writer& out, const value_type& value) {
    status s = errc::mismatch;
    bool done = false;
    const auto attempt = [&]<typename P>() {
      if constexpr (written_policy<P>) {
        s = done ? s : P::encode(out, value);
        done = true;
      }
    };
    (attempt.template operator()<Ps>(), ...);
    return s;
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status inc(Edit& edit, std::uint64_t amount) requires(counting_policy<Ps> || ...) {
    return with(edit.kind(), [&]<typename P>() -> status {
      if constexpr (counting_policy<P>) {
        return P::inc(edit, amount);
      }
      return errc::mismatch;
    });
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status dec(Edit& edit, std::uint64_t amount) requires(two_way_counting_policy<Ps> || ...) {
    return with(edit.kind(), [&]<typename P>() -> status {
      if constexpr (two_way_counting_policy<P>) {
        return P::dec(edit, amount);
      }
      return errc::mismatch;
    });
  }
  template <typename Edit, typename Whose>
  [[nodiscard]] static constexpr status contribute(Edit& edit, Whose whose, const row_type& value, double weight) {
    return with(edit.kind(), [&]<typename P>() -> status {
      if constexpr (detail::with_rows<P>) {
        return P::contribute(edit, whose, value, weight);
      }
      return errc::mismatch;
    });
  }
  template <typename Edit, typename Whose>
  [[nodiscard]] static constexpr status withdraw(Edit& edit, Whose whose) {
    return with(edit.kind(), [&]<typename P>() -> status {
      if constexpr (detail::with_rows<P>) {
        return P::withdraw(edit, whose);
      }
      return errc::mismatch;
    });
  }
  template <typename Edit, typename Row>
  [[nodiscard]] static constexpr status state_row(Edit& edit, const Row& row) {
    return with(edit.kind(), [&]<typename P>() -> status {
      if constexpr (detail::with_rows<P>) {
        return P::state_row(edit, row);
      }
      return errc::mismatch;
    });
  }

 private:
  /// Calls `f.template operator()<P>()` for the alternative of a kind.
  template <typename F>
  static constexpr status with(std::uint8_t k, F&& f) {
    status s = errc::mismatch;
    ((k == Ps::kind ? static_cast<void>(s = f.template operator()<Ps>()) : static_cast<void>(0)), ...);
    return s;
  }
};

namespace detail {

/// A policy of which each path has one alternative.
template <typename P>
concept choosing_policy = requires(strategy s) {
  { P::kind_of(s) } -> std::same_as<result<std::uint8_t>>;
};
/// Whether a record of this kind may stand at a path, and how its payload is read.
template <typename P>
[[nodiscard]] constexpr bool takes_kind(std::uint8_t kind) noexcept {
  if constexpr (choosing_policy<P>) {
    return P::takes(kind);
  } else {
    return kind == P::kind;
  }
}
template <typename P>
[[nodiscard]] constexpr bool valid_payload(std::uint8_t kind, std::span<const std::byte> payload) {
  if constexpr (choosing_policy<P>) {
    return P::valid(kind, payload);
  } else {
    return P::valid(payload);
  }
}

/// What was chosen for the paths of a schema that leave a choice: the kind, 0 before.
template <typename Schema>
class strategy_choices {
  template <std::size_t I>
  static constexpr bool leaves_choice() noexcept {
    bool is = false;
    Schema::visit(I, [&is]<typename P>() { is = choosing_policy<typename P::policy>; });
    return is;
  }
  static constexpr std::size_t count = []<std::size_t... I>(std::index_sequence<I...>) {
    return (std::size_t{0} + ... + (leaves_choice<I>() ? 1U : 0U));
  }
  (std::make_index_sequence<Schema::size>{});

 public:
  static constexpr bool any = count > 0;

  /// `mismatch` when another one stands.
  [[nodiscard]] constexpr status choose(std::uint16_t path, std::uint8_t kind) noexcept {
    if (kinds_[path] != 0 && kinds_[path] != kind) {
      return errc::mismatch;
    }
    kinds_[path] = kind;
    return {};
  }
  [[nodiscard]] constexpr std::uint8_t operator[](std::uint16_t path) const noexcept { return kinds_[path]; }

  /// Whether every record of a delta is of the kind that was chosen for its path, or that its key has already.
  template <typename Delta, typename Store>
  [[nodiscard]] constexpr bool admits(const Delta& delta, const Store& store) const {
    bool good = true;
    delta.for_each([&](const auto& in) {
      Schema::visit(in.key.path, [&]<typename P>() {
        if constexpr (choosing_policy<typename P::policy>) {
          const std::uint8_t chosen = kinds_[in.key.path] != 0 ? kinds_[in.key.path] : least_kind(store.records(in.key));
          good = good && (chosen == 0 || chosen == in.kind);
        }
      });
    });
    return good;
  }

 private:
  std::array<std::uint8_t, Schema::size> kinds_{};
};
/// Where nothing is left open nothing is kept.
struct no_choices {
  static constexpr bool any = false;
};
template <typename Schema>
using choices_of = std::conditional_t<strategy_choices<Schema>::any, strategy_choices<Schema>, no_choices>;

}  // namespace detail

}  // namespace skerry::inline v0::state
