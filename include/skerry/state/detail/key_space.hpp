// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>
#include <skerry/state/strategy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// How many keys of paths that the schema does not have a replica carries along for others; 0: frames with such keys are refused.
template <typename Limits>
constexpr std::size_t unknown_keys_of() noexcept {
  return 0;
}
template <typename Limits>
requires requires { Limits::unknown_keys; }
constexpr std::size_t unknown_keys_of() noexcept { return Limits::unknown_keys; }
template <typename Limits>
inline constexpr bool carries = unknown_keys_of<Limits>() > 0;

/// The path of a key's text, and what stands for its placeholders. Where keys are carried along, a text that no path fits is a key of the
/// path behind the last one: the text itself is what it stores.
///
/// Errors  `absent`; `full` when a text, or what stands for placeholders, does not fit
template <typename Schema, typename Limits>
[[nodiscard]] constexpr result<key_ref> match_key(std::string_view text, std::span<char> args) noexcept {
  const result<key_ref> found = Schema::match(text, args);
  if (!carries<Limits> || found || found.error() != errc::absent) {
    return found;
  }
  return text.size() <= args.size() ? result<key_ref>{key_ref{static_cast<std::uint16_t>(Schema::size), std::span{text}}}
                                    : result<key_ref>{errc::full};
}
template <typename Schema>
[[nodiscard]] constexpr bool is_unknown(const key_ref& key) noexcept {
  return key.path >= Schema::size;
}
/// How many keys of a store are carried along. Cost: O(all keys).
template <typename Schema, typename Store>
[[nodiscard]] constexpr std::size_t count_unknown(const Store& store) {
  std::size_t count = 0;
  store.for_each_key([&](auto slot) { count += is_unknown<Schema>(store.key(slot)) ? 1 : 0; });
  return count;
}

/// Whether a record is of a policy that its path has in the schema: others are carried along, and nothing here reads them.
template <typename Schema>
[[nodiscard]] constexpr bool readable(const key_ref& key, std::uint8_t kind) {
  bool is = false;
  Schema::visit(key.path, [&]<typename P>() { is = takes_kind<typename P::policy>(kind); });
  return is;
}

/// Those records of a key that its policy can read.
template <typename Policy, typename Records>
class readable_records {
 public:
  constexpr explicit readable_records(const Records& all) noexcept : all_{all} {}
  template <typename F>
  constexpr void for_each(F&& f) const {
    all_.for_each([&](const record_view& r) {
      if (takes_kind<Policy>(r.kind)) {
        f(r);
      }
    });
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept {
    std::size_t count = 0;
    for_each([&count](const record_view&) { ++count; });
    return count;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return size() == 0; }

 private:
  Records all_;
};

}  // namespace skerry::inline v0::state::detail
