// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/changes.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/key_text.hpp>
#include <skerry/state/explain.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/policy.hpp>
#include <skerry/state/schema.hpp>
#include <skerry/state/strategy.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// A type P whose keys have several values that stand, of which `pick` names one.
template <typename P>
concept picking_policy = requires(const no_records& records) {
  P::pick(records);
};
template <typename P>
concept rights_policy = requires(const no_records& records, const actor& who) {
  P::rights(records, who);
};

template <typename Replica>
class replica_verbs;

/// What a replica answers. Nothing here changes it.
///
/// P       a path of the schema; `args` is what stands for its placeholders
/// Errors  `invalid` for an empty text or one with '/', `full` for one that is too long, and what the policy answers
template <typename Replica>
class replica_reads {
 public:
  /// What the policy reads from the records of the key; of a set all elements, in ascending order, `full` when they are more than
  /// its capacity.
  ///
  /// Cost  O(records of the key); of a set O(all keys)
  template <typename P, typename... Args>
  [[nodiscard]] result<value_t<P>> read(const Args&... args) const noexcept {
    if constexpr (element_policy<typename P::policy>) {
      static_assert(sizeof...(Args) == P::at.placeholders(), "one argument for each placeholder of the path; the elements are the answer");
      typename Replica::key_buffer buffer{};
      const result<key_ref> prefix = Replica::template make_key<P>(buffer, args...);
      return prefix ? elements_below<P>(prefix.value()) : result<value_t<P>>{prefix.error()};
    } else {
      return at_key<P, value_t<P>>([](const auto& records) { return P::policy::read(records); }, args...);
    }
  }
  /// Whether an element is in a set. Cost: O(records of the element).
  template <typename P, typename Element, typename... Args>
  requires element_policy<typename P::policy>
  [[nodiscard]] result<bool> contains(const Element& element, const Args&... args) const noexcept {
    return at_key<P, bool>([](const auto& records) { return P::policy::read(records); }, args..., element);
  }
  /// Calls `f(std::string_view)` for every key of a path that is there, in no particular order, with what stands for those of its
  /// placeholders that `args` leave open, joined by '/'. Of a set: the elements that are in.
  ///
  /// Cost  O(all keys): a replica keeps no list of the keys of each path
  template <typename P, typename F, typename... Args>
  void for_each_key(F&& f, const Args&... args) const {
    Replica::template check_prefix<P, Args...>();
    typename Replica::key_buffer buffer{};
    const result<key_ref> prefix = Replica::template make_key<P>(buffer, args...);
    if (prefix) {
      for_each_below<P>(prefix.value(), [&f](const auto& records, std::string_view rest) {
        if constexpr (requires { P::policy::present(records); }) {
          if (P::policy::present(records)) {
            f(rest);
          }
        } else if constexpr (element_policy<typename P::policy>) {
          if (P::policy::read(records).value()) {
            f(rest);
          }
        } else {
          f(rest);
        }
      });
    }
  }
  /// What an actor may count down or give away, as far as it is known here.
  template <typename P, typename... Args>
  requires rights_policy<typename P::policy>
  [[nodiscard]] result<std::uint64_t> rights(const actor& who, const Args&... args) const noexcept {
    return at_key<P, std::uint64_t>([&who](const auto& records) { return P::policy::rights(records, who); }, args...);
  }
  /// The one value that readers who want one take.
  template <typename P, typename... Args>
  requires picking_policy<typename P::policy>
  [[nodiscard]] result<value_t<P>> pick(const Args&... args) const noexcept { return read<P>(args...); }
  /// All values that nobody has overwritten, each once, in ascending order of their bytes. Valid until the replica changes.
  template <typename P, typename... Args>
  requires picking_policy<typename P::policy>
  [[nodiscard]] auto siblings(const Args&... args) const noexcept {
    Replica::template check_path<P, Args...>();
    using store_type = typename Replica::store_type;
    typename Replica::key_buffer buffer{};
    const result<key_ref> key = Replica::template make_key<P>(buffer, args...);
    auto records = self().template records_of<P>(key ? self().store().find(key.value()) : store_type::none);
    if constexpr (choosing_policy<typename P::policy>) {
      records = P::policy::picks(least_kind(records)) ? records : self().template records_of<P>(store_type::none);
    }
    return sibling_view<value_t<P>, typename Replica::template readable_list<P>>{records};
  }

  /// Which keys have changed since a cursor, those that are gone among them, each once and the first change first: fills `out` and moves
  /// the cursor; 0 when nothing is left. The texts lie in the cursor until its next use. A key may be named again without a change.
  ///
  /// Cost    O(keys that have changed since)
  /// Errors  `stale` when removals have been forgotten since: take `changes_from_now`, look at all keys, go on from there; `unsupported`
  ///         without links, which is without a log
  [[nodiscard]] result<std::size_t> changes(change_cursor& cursor, std::span<key_view> out) const noexcept {
    if constexpr (Replica::store_type::logs) {
      static_assert(Replica::text_bytes <= change_cursor::room, "the longest key has room in a cursor");
      const auto text = [this](const key_ref& key, std::span<char> to) { return self().text_of(key, to); };
      return change_reader{self().store(), text}.read(cursor, out);
    } else {
      return errc::unsupported;
    }
  }
  /// A cursor that stands at the last change.
  [[nodiscard]] change_cursor changes_from_now() const noexcept { return change_cursor{self().store().arrivals()}; }

  /// Why a key reads as it does.
  [[nodiscard]] explanation explain(key_view key) const noexcept {
    using schema_type = typename Replica::schema_type;
    explanation e;
    typename Replica::key_buffer buffer{};
    const result<key_ref> found = match_key<schema_type, typename Replica::limits_type>(key.text(), buffer);
    if (!found) {
      return e;
    }
    const auto all = self().store().records(found.value());
    const auto trusted = [this](const record_view& r) { return (r.kind & kinds::stamped) != 0 && self().clock().trusted(r.at); };
    schema_type::visit(found.value().path, [&]<typename P>() {
      const auto records = self().template records_of<P>(self().store().find(found.value()));
      const verdict v = P::policy::judge(records);
      e.known = true;
      e.policy = self().template kind_at<P>();
      e.writer = writer_of<P>();
      e.why = v.why;
      e.list(records, v.winner, trusted);
      e.unknown = all.size() - e.live;
    });
    self().overruled_.show(found.value(), e);
    if (!e.known && !all.empty()) {
      e.why = why::unknown;
      e.policy = least_kind(all);
      e.list(all, {}, trusted);
      e.unknown = e.live;
    }
    return e;
  }

 private:
  friend Replica;
  friend replica_verbs<Replica>;
  constexpr replica_reads() noexcept = default;
  ~replica_reads() = default;

  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  template <typename P, typename Value, typename F, typename... Args>
  [[nodiscard]] result<Value> at_key(F&& f, const Args&... args) const noexcept {
    Replica::template check_path<P, Args...>();
    typename Replica::key_buffer buffer{};
    const result<key_ref> key = Replica::template make_key<P>(buffer, args...);
    return key ? result<Value>{f(self().template records_of<P>(self().store().find(key.value())))} : result<Value>{key.error()};
  }
  /// The elements of a set whose keys begin with `prefix`.
  template <typename P>
  [[nodiscard]] result<value_t<P>> elements_below(const key_ref& prefix) const noexcept {
    value_t<P> all;
    bool fits = true;
    for_each_below<P>(prefix, [&](const auto& records, std::string_view last) {
      if (!P::policy::read(records).value()) {
        return;
      }
      const auto element = argument_value<typename P::policy::element_type>(last);
      fits = fits && element && all.try_push_back(element.value());
      for (std::size_t i = all.size() - 1; fits && i > 0 && all[i] < all[i - 1]; --i) {
        const auto held = all[i];
        all[i] = all[i - 1];
        all[i - 1] = held;
      }
    });
    return fits ? result<value_t<P>>{all} : result<value_t<P>>{errc::full};
  }
  /// Calls `f(records, rest of the arguments)` for every live key of the path whose arguments begin with the prefix's.
  template <typename P, typename F>
  void for_each_below(const key_ref& prefix, F&& f) const {
    const auto& store = self().store();
    const std::string_view begin{prefix.args.data(), prefix.args.size()};
    store.for_each_key([&](auto slot) {
      const key_ref key = store.key(slot);
      std::string_view args{key.args.data(), key.args.size()};
      if (key.path != prefix.path || args.substr(0, begin.size()) != begin) {
        return;
      }
      args.remove_prefix(begin.size());
      if (!begin.empty()) {
        if (args.empty() || args.front() != '/') {
          return;
        }
        args.remove_prefix(1);
      }
      const auto records = self().template records_of<P>(slot);
      if (!Replica::carries || !records.empty()) {
        f(records, args);
      }
    });
  }
};

}  // namespace skerry::inline v0::state::detail
