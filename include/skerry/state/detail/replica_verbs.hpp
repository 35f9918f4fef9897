// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/policy.hpp>
#include <skerry/state/schema.hpp>
#include <skerry/state/strategy.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::state::detail {

template <typename P>
concept flag_policy = requires(no_edit& edit) {
  { P::enable(edit) } -> std::same_as<status>;
  { P::disable(edit) } -> std::same_as<status>;
};
template <typename P>
concept resettable_policy = requires(no_edit& edit) {
  { P::reset(edit) } -> std::same_as<status>;
};
template <typename P>
concept transferable_policy = requires(no_edit& edit, const actor& to, std::uint64_t amount) {
  { P::transfer(edit, to, amount) } -> std::same_as<status>;
};
template <typename P>
concept folding_policy = requires {
  typename P::row_type;
};
template <typename P>
concept relaying_policy = requires(no_edit& edit, const writer_mark& mark, const typename P::value_type& value) {
  { P::relay(edit, mark, value) } -> std::same_as<status>;
};

/// The mutators of a replica. Each is one operation at one key and returns its delta; the policy says what it does, and a verb that
/// the policy of the path does not have does not compile.
///
/// P       a path of the schema; what stands for its placeholders comes last, for sets the element comes first
template <typename Replica>
class replica_verbs {
 public:
  /// Chooses the policy of a path that leaves it open, for all its keys. Before that its verbs are refused.
  ///
  /// Errors  `unsupported`: no alternative goes by that word; `mismatch`: something else was chosen, or stands there
  template <typename P>
  requires choosing_policy<typename P::policy>
  [[nodiscard]] status choose(strategy s) {
    static_assert(Replica::schema_type::template has<P>, "this path is not in the replica's schema");
    const result<std::uint8_t> kind = P::policy::kind_of(s);
    if (!kind) {
      return self().refuse(kind.error());
    }
    constexpr std::uint16_t path = Replica::schema_type::template index_of<P>;
    bool other = false;
    const auto& store = self().store_;
    store.for_each_key([&](auto slot) {
      const std::uint8_t there = store.key(slot).path == path ? least_kind(store.records(slot)) : std::uint8_t{0};
      other = other || (there != 0 && there != kind.value());
    });
    const status chosen = other ? status{errc::mismatch} : self().choices_.choose(path, kind.value());
    return chosen ? chosen : status{self().refuse(chosen.error())};
  }

  /// Writes a value. It takes the place of every record of the key that is here; concurrent ones elsewhere stand beside it.
  template <typename P, typename... Args>
  requires written_policy<typename P::policy>
  [[nodiscard]] result<delta_view> write(const value_t<P>& value, wall_ms wall, const Args&... args) {
    hlc clock = self().clock_;
    const stamp at = clock.tick(wall);
    if (at == stamp::greatest()) {
      return self().refuse(errc::clock_ahead);  // nobody would take it
    }
    return self().template operate<P>(
        [&](auto& edit) {
          if constexpr (choosing_policy<typename P::policy>) {
            if (!P::policy::writes(edit.kind())) {
              return status{errc::mismatch};
            }
          }
          edit.supersede_all();
          return edit.put([&](byte_writer& out) { return P::policy::encode(out, value); });
        },
        at, clock, wall, args...);
  }

  /// Removes a key: the records that are here die everywhere, concurrent ones live on. `absent` when there is nothing to remove.
  template <typename P, typename... Args>
  requires(P::policy::removable && !is_permanent<P>() && !element_policy<typename P::policy>)
      [[nodiscard]] result<delta_view> remove(const Args&... args) {
    return remove_key<P>(args...);
  }

  /// Counts up by `amount`, which is above 0.
  template <typename P, std::integral Amount, typename... Args>
  requires counting_policy<typename P::policy>
  [[nodiscard]] result<delta_view> inc(Amount amount, const Args&... args) {
    return amount > 0 ? mutate<P>([&](auto& edit) { return P::policy::inc(edit, static_cast<std::uint64_t>(amount)); }, args...)
                      : result<delta_view>{self().refuse(errc::invalid)};
  }
  /// Counts down by `amount`, which is above 0.
  template <typename P, std::integral Amount, typename... Args>
  requires two_way_counting_policy<typename P::policy>
  [[nodiscard]] result<delta_view> dec(Amount amount, const Args&... args) {
    return amount > 0 ? mutate<P>([&](auto& edit) { return P::policy::dec(edit, static_cast<std::uint64_t>(amount)); }, args...)
                      : result<delta_view>{self().refuse(errc::invalid)};
  }
  /// Takes a counter back to zero as far as it is seen here.
  template <typename P, typename... Args>
  requires resettable_policy<typename P::policy>
  [[nodiscard]] result<delta_view> reset(const Args&... args) {
    return mutate<P>([](auto& edit) { return P::policy::reset(edit); }, args...);
  }
  /// Gives rights to count down to another actor; `fenced` when that one has retired.
  template <typename P, std::integral Amount, typename... Args>
  requires transferable_policy<typename P::policy>
  [[nodiscard]] result<delta_view> transfer(const actor& to, Amount amount, const Args&... args) {
    if (self().fence_of(to)) {
      return self().refuse(errc::fenced);
    }
    return amount > 0 ? mutate<P>([&](auto& edit) { return P::policy::transfer(edit, to, static_cast<std::uint64_t>(amount)); }, args...)
                      : result<delta_view>{self().refuse(errc::invalid)};
  }

  template <typename P, typename... Args>
  requires flag_policy<typename P::policy>
  [[nodiscard]] result<delta_view> enable(const Args&... args) {
    return mutate<P>([](auto& edit) { return P::policy::enable(edit); }, args...);
  }
  template <typename P, typename... Args>
  requires flag_policy<typename P::policy>
  [[nodiscard]] result<delta_view> disable(const Args&... args) {
    return mutate<P>([](auto& edit) { return P::policy::disable(edit); }, args...);
  }

  /// States a contributor's row in the place of its older ones.
  ///
  /// weight   how much it counts; 0 as `withdraw`
  template <typename P, typename... Args>
  requires folding_policy<typename P::policy>
  [[nodiscard]] result<delta_view> contribute(contributor whose, const typename P::policy::row_type& value, double weight, wall_ms,
                                              const Args&... args) {
    return mutate<P>([&](auto& edit) { return P::policy::contribute(edit, whose, value, weight); }, args...);
  }
  /// The contributor counts no longer, until it contributes again.
  template <typename P, typename... Args>
  requires folding_policy<typename P::policy>
  [[nodiscard]] result<delta_view> withdraw(contributor whose, const Args&... args) {
    return mutate<P>([&](auto& edit) { return P::policy::withdraw(edit, whose); }, args...);
  }
  /// States a row as its contributor numbered it. `stale` when something later is here.
  template <typename P, typename... Args>
  requires folding_policy<typename P::policy>
  [[nodiscard]] result<delta_view> state_row(const contribution<typename P::policy::row_type>& row, const Args&... args) {
    return mutate<P>([&](auto& edit) { return P::policy::state_row(edit, row); }, args...);
  }
  /// Passes on what the one writer of a value wrote. `stale` when something later is here.
  template <typename P, typename... Args>
  requires relaying_policy<typename P::policy>
  [[nodiscard]] result<delta_view> relay(const writer_mark& mark, const value_t<P>& value, const Args&... args) {
    return mutate<P>([&](auto& edit) { return P::policy::relay(edit, mark, value); }, args...);
  }

  /// Puts an element into a set. `invalid` when it is none: a text that is too long, say.
  template <typename P, typename Element, typename... Args>
  requires element_policy<typename P::policy>
  [[nodiscard]] result<delta_view> add(const Element& element, const Args&... args) {
    return mutate<P>([](auto& edit) { return P::policy::add(edit); }, args..., element);
  }
  /// Takes an element out of a set. `absent` when an add-wins set does not have it; a remove-wins set marks it all the same, so that
  /// an addition that nobody here has seen yet loses.
  template <typename P, typename Element, typename... Args>
  requires element_policy<typename P::policy>
  [[nodiscard]] result<delta_view> remove(const Element& element, const Args&... args) {
    if constexpr (P::policy::removable) {
      return remove_key<P>(args..., element);
    } else {
      return mutate<P>([](auto& edit) { return P::policy::remove(edit); }, args..., element);
    }
  }

  /// Removes every key of a path whose arguments begin with `args`, in one operation: what is here dies everywhere, what nobody here
  /// has seen lives on. Of a set: its elements. `absent` when there is nothing; `full` when it is more than one delta covers.
  ///
  /// Cost  O(all keys)
  template <typename P, typename... Args>
  requires(P::policy::removable && !is_permanent<P>()) [[nodiscard]] result<delta_view> clear(const Args&... args) {
    Replica::template check_prefix<P, Args...>();
    if (const errc e = self().template check_writer<P>(); e != errc::ok) {
      return self().refuse(e);
    }
    typename Replica::key_buffer buffer{};
    const result<key_ref> prefix = Replica::template make_key<P>(buffer, args...);
    if (!prefix) {
      return self().refuse_key(prefix.error());
    }
    bool any = false;
    self().template for_each_below<P>(prefix.value(), [&any](const auto&, std::string_view) { any = true; });
    if (!any) {
      return errc::absent;
    }
    return self().template operate_at<P>(
        prefix.value(),
        [&](auto& edit) {
          self().template for_each_below<P>(prefix.value(), [&edit](const auto& records, std::string_view) {
            records.for_each([&edit](const record_view& r) { edit.supersede(r); });
          });
          return status{};
        },
        stamp{}, self().clock_, wall_ms{});
  }

 private:
  friend Replica;
  constexpr replica_verbs() noexcept = default;
  ~replica_verbs() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }

  template <typename P, typename Mutate, typename... Args>
  [[nodiscard]] result<delta_view> mutate(Mutate&& f, const Args&... args) {
    return self().template operate<P>(f, stamp{}, self().clock_, wall_ms{}, args...);
  }
  template <typename P, typename... Args>
  [[nodiscard]] result<delta_view> remove_key(const Args&... args) {
    if (const errc e = self().template check_present<P>(args...); e != errc::ok) {
      return e;
    }
    return mutate<P>(
        [](auto& edit) {
          edit.supersede_all();
          return status{};
        },
        args...);
  }
};

}  // namespace skerry::inline v0::state::detail
