// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>
#include <skerry/state/explain.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::state {

namespace detail {
template <typename Store, typename Text>
class change_reader;
}  // namespace detail

/// How far somebody has read the changes of one replica. A new one stands at the beginning; `replica::changes_from_now` gives one that
/// stands at the end.
///
/// Cost    528 bytes: the texts of the keys that were named last lie in it
class change_cursor {
 public:
  static constexpr std::size_t room = 512;

  constexpr change_cursor() noexcept = default;
  constexpr explicit change_cursor(std::uint64_t since) noexcept : since_{since} {}
  /// Everything up to this change has been read.
  [[nodiscard]] constexpr std::uint64_t since() const noexcept { return since_; }

 private:
  template <typename Store, typename Text>
  friend class detail::change_reader;
  std::uint64_t since_ = 0;
  std::array<char, room> texts_{};
};

namespace detail {

/// Reads the log of a store from a cursor on: the keys that have changed, those that died among them, each once, the first change first.
///
/// text    `text(key_ref, std::span<char>) -> std::size_t`
template <typename Store, typename Text>
class change_reader {
 public:
  change_reader(const Store& store, const Text& text) noexcept : store_{&store}, text_{&text} {}

  /// Errors  `stale`: removals have been forgotten since, or too much has changed to be told apart; the cursor is as it was
  [[nodiscard]] result<std::size_t> read(change_cursor& cursor, std::span<key_view> out) const noexcept {
    const auto& log = store_->log();
    const std::uint64_t arrivals = log.arrivals();
    if (cursor.since_ > arrivals || log.forgotten() > cursor.since_ ||
        arrivals - cursor.since_ > static_cast<typename log_type::number>(-1)) {
      return errc::stale;
    }
    index live = first_after(true, cursor.since_);
    index dead = first_after(false, cursor.since_);
    std::size_t count = 0;
    std::size_t used = 0;
    while (live != none || dead != none) {
      const bool of_dead = live == none || (dead != none && age(dead) > age(live));
      index& next = of_dead ? dead : live;
      std::array<char, change_cursor::room> buffer;
      const std::size_t length = (*text_)(store_->key(next), std::span<char>{buffer});
      if (count == out.size() || used + length > change_cursor::room) {
        cursor.since_ = arrivals - age(next) - 1;
        return count;
      }
      for (std::size_t i = 0; i < length; ++i) {
        cursor.texts_[used + i] = buffer[i];
      }
      out[count++] = key_view{std::string_view{cursor.texts_.data() + used, length}};
      used += length;
      next = log.newer(next);
    }
    cursor.since_ = arrivals;
    return count;
  }

 private:
  using index = typename Store::index;
  using log_type = std::decay_t<decltype(std::declval<const Store&>().log())>;
  static constexpr index none = log_type::none;

  /// How many changes came after a key's last one.
  [[nodiscard]] typename log_type::number age(index slot) const noexcept {
    return static_cast<typename log_type::number>(store_->log().arrivals() - store_->log().at_slot(slot));
  }
  /// The oldest key of a list that has changed after `since`. A key so old that its number has come round again looks younger than the
  /// one after it, which cannot be.
  [[nodiscard]] index first_after(bool live, std::uint64_t since) const noexcept {
    const auto& log = store_->log();
    index first = none;
    for (index at = log.newest(live); at != none && log.after(log.at_slot(at), since); at = log.older(at)) {
      if (first != none && age(at) <= age(first)) {
        break;
      }
      first = at;
    }
    return first;
  }

  const Store* store_;
  const Text* text_;
};

}  // namespace detail

}  // namespace skerry::inline v0::state
