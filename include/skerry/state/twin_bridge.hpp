// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/owned_merge.hpp>
#include <skerry/state/replica.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::state {

namespace detail {

/// A leaf's JSON as a value: `mismatch` for one of another type, `out_of_range`, `full` for a text that is too long.
template <typename T>
[[nodiscard]] constexpr result<T> value_of_json(std::string_view json) noexcept {
  json_reader in{json};
  const json_token t = in.next();
  if constexpr (std::same_as<T, bool>) {
    return t == json_token::yes || t == json_token::no ? result<bool>{t == json_token::yes} : result<bool>{errc::mismatch};
  } else if constexpr (std::is_enum_v<T>) {
    const auto number = value_of_json<std::underlying_type_t<T>>(json);
    return number ? result<T>{static_cast<T>(number.value())} : result<T>{number.error()};
  } else if constexpr (std::integral<T>) {
    const result<std::int64_t> number = in.integer();
    if (!number) {
      return number.error();
    }
    return std::in_range<T>(number.value()) ? result<T>{static_cast<T>(number.value())} : result<T>{errc::out_of_range};
  } else if constexpr (std::floating_point<T>) {
    const result<double> number = in.number();
    return number ? result<T>{static_cast<T>(number.value())} : result<T>{number.error()};
  } else if constexpr (requires(std::string_view s) {
                         { T::create(s) } -> std::same_as<result<T>>;
                       }) {
    std::array<char, T::capacity()> room{};
    const result<std::size_t> length = in.copy(room);
    return length ? T::create({room.data(), length.value()}) : result<T>{length.error()};
  } else {
    return errc::unsupported;
  }
}
/// Calls `f(text...)` with each of the first N parts between '/'.
template <std::size_t N, typename F>
constexpr auto with_parts(std::string_view args, F&& f) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return std::forward<F>(f)(path::segment_of(args, I)...); }
  (std::make_index_sequence<N>{});
}

}  // namespace detail

/// Writes a leaf that the cloud changed into a replica, under the replica's own name, so that peers hear of it like of any write. For the
/// `accepted` of `owned_merge`: the JSON Pointer without its first '/' is the key.
///
/// json    the value; empty: the key is removed
/// sent    `sent(delta_view)` gets the delta
/// Errors  `absent`: no path of the schema fits; `unsupported`: its policy is not written, or has no removal; `mismatch`, `out_of_range`,
///         `full`: the value is not of the path's type; and what the replica answers, `not_owner` where its role may not write the path
template <typename Schema, typename Limits, typename Sent>
[[nodiscard]] status write_accepted(replica<Schema, Limits>& r, std::string_view pointer, std::string_view json, wall_ms wall,
                                    Sent&& sent) {
  std::array<char, detail::longest_pointer> buffer{};
  if (pointer.size() < 2 || pointer[0] != '/' || pointer.find("~1") != pointer.npos) {
    return errc::absent;
  }
  std::array<char, detail::longest_pointer> plain{};
  detail::text_sink text{plain};
  for (std::size_t i = 1; i < pointer.size(); ++i) {
    text.put(pointer[i]);
    i += pointer[i] == '~' ? 1 : 0;  // ~0
  }
  const result<key_ref> key = Schema::match(text.text(), buffer);
  if (!key) {
    return key.error();
  }
  const std::string_view args{key.value().args.data(), key.value().args.size()};
  status done = errc::unsupported;
  const auto pass = [&](const result<delta_view>& delta) {
    if (delta) {
      sent(delta.value());
    }
    done = delta.error();
  };
  Schema::visit(key.value().path, [&]<typename P>() {
    using policy = typename P::policy;
    if constexpr (written_policy<policy> && !detail::element_policy<policy>) {
      if (!json.empty()) {
        const auto value = detail::value_of_json<value_t<P>>(json);
        if (!value) {
          done = value.error();
          return;
        }
        detail::with_parts<P::at.placeholders()>(args, [&](auto... parts) { pass(r.template write<P>(value.value(), wall, parts...)); });
        return;
      }
    }
    if constexpr (policy::removable && !detail::is_permanent<P>() && !detail::element_policy<policy>) {
      if (json.empty()) {
        detail::with_parts<P::at.placeholders()>(args, [&](auto... parts) { pass(r.template remove<P>(parts...)); });
        done = done.error() == errc::absent ? status{} : done;  // gone already
      }
    }
  });
  return done;
}

/// Puts what a replica reads at a key into its twin's document; a key that is absent is taken out.
template <typename P, typename Twin, typename Schema, typename Limits, typename... Args>
[[nodiscard]] status report(Twin& twin, const replica<Schema, Limits>& r, const Args&... args) {
  std::array<char, detail::longest_pointer> buffer{};
  detail::key_args parts{buffer};
  (parts.add(args), ...);
  if (parts.error() != errc::ok) {
    return parts.error();
  }
  std::array<char, detail::longest_pointer + Schema::longest> plain{};
  const std::size_t length = Schema::write_text({Schema::template index_of<P>, parts.written()}, plain);
  std::array<char, detail::longest_pointer> pointer{};
  detail::text_sink text{pointer};
  text.put('/');
  for (std::size_t i = 0; i < length; ++i) {
    text.put(plain[i]);
    if (plain[i] == '~') {
      text.put('0');
    }
  }
  if (!text.fits()) {
    return errc::full;
  }
  const auto value = r.template read<P>(args...);
  if (!value) {
    return value.error() == errc::absent ? twin.erase(text.text()) : status{value.error()};
  }
  if constexpr (std::is_enum_v<value_t<P>>) {
    return twin.set(text.text(), static_cast<std::underlying_type_t<value_t<P>>>(value.value()));
  } else {
    return twin.set(text.text(), value.value());
  }
}

}  // namespace skerry::inline v0::state
