// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>
#include <skerry/state/detail/chunk_common.hpp>
#include <skerry/state/dot_context.hpp>
#include <skerry/state/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// Whether a store can be brought up to date chunk by chunk. A leaf of one link has nothing that one exchange could not repair, and
/// pays nothing.
template <typename Limits>
constexpr bool catches_up() noexcept {
  if constexpr (requires { Limits::catch_up; }) {
    return Limits::catch_up;
  } else if constexpr (requires { Limits::links_max; }) {
    return Limits::links_max > 1;
  } else {
    return false;
  }
}

/// Bytes of the longest text of a key, and the text: what orders keys, alike in every firmware.
template <typename Limits>
constexpr std::size_t text_bytes_of() noexcept {
  return 2 + key_bytes_of<Limits>();
}
template <typename Limits>
requires requires { Limits::text_bytes; }
constexpr std::size_t text_bytes_of() noexcept { return Limits::text_bytes; }
template <typename Limits>
constexpr std::size_t write_key_text(const key_ref& key, std::span<char> out) noexcept {
  if constexpr (requires { Limits::write_text(key, out); }) {
    return Limits::write_text(key, out);
  } else {  // a store without a schema: by path, then arguments
    out[0] = static_cast<char>(key.path >> 8);
    out[1] = static_cast<char>(key.path & 0xff);
    for (std::size_t i = 0; i < key.args.size(); ++i) {
      out[2 + i] = key.args[i];
    }
    return 2 + key.args.size();
  }
}

/// What a catch-up has told so far: the context under which its chunks stand, and how far they have come.
///
/// Cost    8 A + 18 R + A / 8 bytes and one key's text
template <typename Limits, bool Enabled = catches_up<Limits>()>
class pending_context {
 public:
  static constexpr bool enabled = true;
  static constexpr std::size_t text_bytes = text_bytes_of<Limits>();
  using context_type = dot_context<Limits::actors, Limits::ranges>;

  /// A catch-up has begun and not ended.
  [[nodiscard]] constexpr bool active() const noexcept { return active_; }
  /// Its whole context is known, so chunks of keys may come.
  [[nodiscard]] constexpr bool ready() const noexcept { return active_ && ready_; }
  [[nodiscard]] constexpr std::uint64_t of() const noexcept { return of_; }
  /// What an image has to hold for a log behind it to go on with the catch-up; 0: no log can.
  [[nodiscard]] constexpr std::uint64_t name() const noexcept { return ready() ? of_ + excluded_ : 0; }
  [[nodiscard]] constexpr std::uint16_t listed() const noexcept { return listed_; }
  [[nodiscard]] constexpr std::string_view cursor() const noexcept { return cursor_.view(); }
  [[nodiscard]] constexpr const context_type& seen() const noexcept { return seen_; }

  [[nodiscard]] constexpr bool contains(const dot& d) const noexcept { return seen_.contains(d); }
  /// Whether an event under this key counts as seen because of the catch-up.
  [[nodiscard]] constexpr bool judges(const key_ref& key, const dot& d) const noexcept {
    return ready() && seen_.contains(d) && reached(key);
  }
  [[nodiscard]] constexpr bool reached(const key_ref& key) const noexcept {
    key_text<text_bytes> text;
    text.size = write_key_text<Limits>(key, std::span<char>{text.chars});
    return !(cursor_.view() < text.view());
  }
  [[nodiscard]] constexpr std::uint64_t next(actor_ref who) const noexcept { return active_ ? seen_.next(who) : 1; }
  /// The actor at a place of the context's list, by its number here; `no_actor` when there is none.
  template <typename Actors>
  [[nodiscard]] constexpr actor_ref at(const Actors& actors, std::uint16_t place) const noexcept {
    for (std::size_t i = 0; i < actors.size(); ++i) {
      const actor_ref ref = actors.sorted(i);
      if (lists(ref) && place-- == 0) {
        return ref;
      }
    }
    return no_actor;
  }
  [[nodiscard]] constexpr bool lists(actor_ref ref) const noexcept { return (list_[ref / 8U] >> (ref % 8U) & 1) != 0; }

 private:
  template <typename Store>
  friend struct chunk_join;

  context_type seen_{};
  key_text<text_bytes> cursor_{};
  std::uint64_t of_ = 0;
  std::uint32_t excluded_ = 0;  ///< events that were held back, and so taken out
  std::uint16_t listed_ = 0;
  bool active_ = false;
  bool ready_ = false;
  std::array<std::uint8_t, (Limits::actors + 7) / 8> list_{};
};

template <typename Limits>
class pending_context<Limits, false> {
 public:
  static constexpr bool enabled = false;
  [[nodiscard]] static constexpr bool active() noexcept { return false; }
  [[nodiscard]] static constexpr bool judges(const key_ref&, const dot&) noexcept { return false; }
  [[nodiscard]] static constexpr std::uint64_t next(actor_ref) noexcept { return 1; }
};

}  // namespace skerry::inline v0::state::detail
