// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/whole_blocks.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::delivery::detail {

/// A `file_device` in front of another one, where writes that follow on from each other in one file become one.
///
/// Gathered bytes go out when there is no room for more, before a write somewhere else, and by `flush` and `sync`. Reads see them. A device
/// that gathers by itself (`extending_device`) is told what may go, and to give out what it has.
/// Cost    a copy per write and `Bytes` of memory; a system call per write costs more than the sync of many
/// Errors  what the device answers when they go out, from the call that made them go: they are kept then, and go with the next one. A
///         write to another file does not wait for them: it goes through as it is.
template <file_device Device, std::size_t Bytes>
class gathered_device {
 public:
  explicit gathered_device(Device& under) noexcept : under_{&under} {}

  [[nodiscard]] Device& under() const noexcept { return *under_; }
  /// What is gathered goes out; nothing is durable by that.
  [[nodiscard]] status flush() noexcept {
    const status s = give();
    if constexpr (extending_device<Device>) {
      return s ? under_->flush() : s;
    } else {
      return s;
    }
  }

  /// The file that the gathered bytes are of; empty: there are none.
  [[nodiscard]] std::string_view unsent() const noexcept {
    if constexpr (extending_device<Device>) {
      return length_ > 0 ? name() : under_->unsent();
    } else {
      return length_ > 0 ? name() : std::string_view{};
    }
  }
  /// What has gathered of a file that cannot be written is nobody's any more.
  void forget(std::string_view of) noexcept {
    length_ = of == name() ? 0 : length_;
    if constexpr (extending_device<Device>) {
      under_->forget(of);
    }
  }

  [[nodiscard]] status write(std::string_view to, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    return extend(to, offset, in, 0);
  }
  /// As `write`, and of what stands behind `in` up to `until` nothing need stay.
  [[nodiscard]] status extend(std::string_view to, std::uint64_t offset, std::span<const std::byte> in, std::uint64_t until) noexcept {
    const bool follows = length_ > 0 && to == name() && offset == from_ + length_;
    if (!follows || in.size() > Bytes - length_) {
      if (const status s = give(); !s) {
        return to == name() ? s : hand(to, offset, in, until);
      }
    }
    if (in.size() > Bytes || to.size() > name_.size()) {
      return hand(to, offset, in, until);
    }
    until_ = until;
    if (length_ == 0) {
      name_length_ = static_cast<std::uint8_t>(to.size());
      for (std::size_t i = 0; i < to.size(); ++i) {
        name_[i] = to[i];
      }
      from_ = offset;
    }
    if (!in.empty()) {
      __builtin_memcpy(bytes_.data() + length_, in.data(), in.size());
    }
    length_ += in.size();
    return {};
  }
  [[nodiscard]] status read(std::string_view of, std::uint64_t offset, std::span<std::byte> out) noexcept {
    if (length_ == 0 || of != name() || offset + out.size() <= from_ || offset >= from_ + length_) {
      return under_->read(of, offset, out);
    }
    if (offset < from_) {
      const auto before = static_cast<std::size_t>(from_ - offset);
      if (const status s = under_->read(of, offset, out.first(before)); !s) {
        return s;
      }
      out = out.subspan(before);
      offset = from_;
    }
    const auto skip = static_cast<std::size_t>(offset - from_);
    const std::size_t n = out.size() < length_ - skip ? out.size() : length_ - skip;
    __builtin_memcpy(out.data(), bytes_.data() + skip, n);
    return n == out.size() ? status{} : under_->read(of, offset + n, out.subspan(n));
  }
  [[nodiscard]] status sync(std::string_view of) noexcept {
    if (of == name()) {
      if (const status s = give(); !s) {
        return s;
      }
    }
    return under_->sync(of);
  }

  template <typename Visit>
  [[nodiscard]] status list(Visit&& visit) noexcept {
    return under_->list(static_cast<Visit&&>(visit));
  }
  [[nodiscard]] status create(std::string_view of) noexcept { return under_->create(of); }
  [[nodiscard]] status sync_directory() noexcept { return under_->sync_directory(); }
  [[nodiscard]] status rename(std::string_view of, std::string_view to) noexcept {
    if (const status s = of == name() || to == name() ? give() : status{}; !s) {
      return s;
    }
    return under_->rename(of, to);
  }
  [[nodiscard]] status remove(std::string_view of) noexcept {
    const status removed = under_->remove(of);
    length_ = removed && of == name() ? 0 : length_;
    return removed;
  }
  [[nodiscard]] result<std::uint64_t> size(std::string_view of) noexcept {
    if (const status s = of == name() ? give() : status{}; !s) {
      return s.error();
    }
    return under_->size(of);
  }

 private:
  [[nodiscard]] status hand(std::string_view to, std::uint64_t offset, std::span<const std::byte> in, std::uint64_t until) noexcept {
    if constexpr (extending_device<Device>) {
      return under_->extend(to, offset, in, until);
    } else {
      return (void)until, under_->write(to, offset, in);
    }
  }
  [[nodiscard]] status give() noexcept {
    if (length_ > 0) {
      if (const status s = hand(name(), from_, std::span{bytes_}.first(length_), until_); !s) {
        return s;
      }
      length_ = 0;
    }
    return {};
  }
  [[nodiscard]] std::string_view name() const noexcept { return {name_.data(), name_length_}; }

  Device* under_;
  std::uint64_t from_ = 0;
  std::uint64_t until_ = 0;
  std::size_t length_ = 0;
  std::uint8_t name_length_ = 0;
  std::array<char, 15> name_{};
  std::array<std::byte, Bytes> bytes_{};
};

}  // namespace skerry::inline v0::delivery::detail
