// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/storage.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace skerry::inline v0::delivery::detail {

/// A `file_device` that gathers by itself. `extend`: as `write`, and of what stands behind `in` up to `until` nothing need stay. `unsent`:
/// the file that something is kept of which has not gone out; `forget`: it need not go out.
template <typename D>
concept extending_device = file_device<D> && requires(D& d, std::string_view name, std::uint64_t offset, std::span<const std::byte> in) {
  { d.extend(name, offset, in, offset) }
  noexcept->std::same_as<status>;
  { d.flush() }
  noexcept->std::same_as<status>;
  { d.unsent() }
  noexcept->std::same_as<std::string_view>;
  { d.forget(name) }
  noexcept;
};

/// A `file_device` on top of another one, which gets whole blocks only, from memory that is the caller's and lies on a block's boundary.
///
/// Writes that follow on from each other gather in the memory and go out when it is full, before a write elsewhere, and by `flush` and
/// `sync`. The block that is begun stays in memory, so that going on in it reads nothing. What surrounds the new bytes in a block is
/// written again as it was, or as zeros where `extend` said that nobody needs it: a block that a power cut leaves half written, sector by
/// sector or byte by byte, has lost nothing that stood there before. A page cache writes the same blocks.
/// A write that makes a file longer goes through as it is: only room that is there already can be written around a cache.
/// A device with `write_blocks(name, offset, bytes)` gets the whole blocks by that, and the rest by `write`. What is gathered when this is
/// destroyed is gone, as it is at the end of the process.
/// Cost    a copy per write; a block is read where a write begins in one that is not in memory, or ends in one without `extend`
/// Errors  what the device answers when bytes go out, from the call that made them go: they are kept then, and go with the next one. A
///         write to another file does not wait for them: it goes through as it is.
template <file_device Device, std::size_t Block = 4096>
class whole_blocks : Device {
  static_assert((Block & (Block - 1)) == 0);

 public:
  static constexpr std::size_t block = Block;

  /// `memory`: whole blocks, two or more, on the boundary of a block. It must outlive this.
  whole_blocks(Device&& under, std::span<std::byte> memory) noexcept : Device{std::move(under)}, memory_{memory} {}
  whole_blocks(whole_blocks&& other) noexcept
      : Device{std::move(static_cast<Device&>(other))},
        memory_{other.memory_},
        from_{other.from_},
        until_{other.until_},
        size_{other.size_},
        valid_{other.valid_},
        dirty_from_{other.dirty_from_},
        dirty_to_{other.dirty_to_},
        name_length_{other.name_length_},
        name_{other.name_} {
    other.drop();
  }
  whole_blocks& operator=(whole_blocks&& other) noexcept {
    if (this != &other) {
      static_cast<Device&>(*this) = std::move(static_cast<Device&>(other));
      memory_ = other.memory_;
      from_ = other.from_;
      until_ = other.until_;
      size_ = other.size_;
      valid_ = other.valid_;
      dirty_from_ = other.dirty_from_;
      dirty_to_ = other.dirty_to_;
      name_length_ = other.name_length_;
      name_ = other.name_;
      other.drop();
    }
    return *this;
  }
  whole_blocks(const whole_blocks&) = delete;
  whole_blocks& operator=(const whole_blocks&) = delete;
  ~whole_blocks() = default;

  [[nodiscard]] Device& under() noexcept { return *this; }
  [[nodiscard]] const Device& under() const noexcept { return *this; }

  [[nodiscard]] status write(std::string_view to, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    return extend(to, offset, in, 0);
  }
  /// As `write`, and of what stands behind `in` up to `until` nothing need stay.
  [[nodiscard]] status extend(std::string_view to, std::uint64_t offset, std::span<const std::byte> in, std::uint64_t until) noexcept {
    if (to.size() > name_.size()) {
      return Device::write(to, offset, in);
    }
    if (to != name()) {
      if (const status s = turn_to(to); !s) {
        return unsent().empty() ? s : Device::write(to, offset, in);
      }
    }
    if (offset + in.size() > size_) {
      return grow(offset, in);
    }
    while (!in.empty()) {
      if (const status s = reach(offset, in.size()); !s) {
        return s;
      }
      const auto at = static_cast<std::size_t>(offset - from_);
      const std::size_t n = in.size() < memory_.size() - at ? in.size() : memory_.size() - at;
      __builtin_memcpy(memory_.data() + at, in.data(), n);
      dirty_from_ = dirty_from_ == dirty_to_ || at < dirty_from_ ? at : dirty_from_;
      dirty_to_ = at + n > dirty_to_ ? at + n : dirty_to_;
      if (at + n >= valid_) {
        valid_ = at + n;
        until_ = until;
      }
      in = in.subspan(n);
      offset += n;
    }
    return {};
  }
  [[nodiscard]] status read(std::string_view of, std::uint64_t offset, std::span<std::byte> out) noexcept {
    if (valid_ == 0 || of != name() || offset + out.size() <= from_ || offset >= from_ + valid_) {
      return Device::read(of, offset, out);
    }
    if (offset < from_) {
      const auto before = static_cast<std::size_t>(from_ - offset);
      if (const status s = Device::read(of, offset, out.first(before)); !s) {
        return s;
      }
      out = out.subspan(before);
      offset = from_;
    }
    const auto skip = static_cast<std::size_t>(offset - from_);
    const std::size_t n = out.size() < valid_ - skip ? out.size() : valid_ - skip;
    __builtin_memcpy(out.data(), memory_.data() + skip, n);
    return n == out.size() ? status{} : Device::read(of, offset + n, out.subspan(n));
  }
  [[nodiscard]] std::string_view unsent() const noexcept { return dirty_from_ == dirty_to_ ? std::string_view{} : name(); }
  void forget(std::string_view of) noexcept {
    if (of == name()) {
      drop();
    }
  }
  /// What is gathered goes out; nothing is durable by that.
  [[nodiscard]] status flush() noexcept {
    if (dirty_from_ == dirty_to_) {
      return {};
    }
    const std::size_t first = dirty_from_ & ~(Block - 1);
    const std::size_t last = (dirty_to_ + Block - 1) & ~(Block - 1);
    if (valid_ < last) {
      const auto behind = memory_.subspan(valid_, last - valid_);
      if (until_ >= from_ + last) {
        __builtin_memset(behind.data(), 0, behind.size());
      } else if (const status s = read_part(from_ + valid_, behind); !s) {
        return s;
      }
      valid_ = last;
    }
    if (const status s = put_out(first, last); !s) {
      return s;
    }
    dirty_from_ = dirty_to_ = 0;
    return {};
  }
  [[nodiscard]] status sync(std::string_view of) noexcept {
    if (of == name()) {
      if (const status s = flush(); !s) {
        return s;
      }
    }
    return Device::sync(of);
  }

  template <typename Visit>
  [[nodiscard]] status list(Visit&& visit) noexcept {
    return Device::list(static_cast<Visit&&>(visit));
  }
  [[nodiscard]] status create(std::string_view of) noexcept { return Device::create(of); }
  [[nodiscard]] status sync_directory() noexcept { return Device::sync_directory(); }
  [[nodiscard]] status rename(std::string_view of, std::string_view to) noexcept {
    if (of == name() || to == name()) {
      if (const status s = flush(); !s) {
        return s;
      }
      drop();
    }
    return Device::rename(of, to);
  }
  [[nodiscard]] status remove(std::string_view of) noexcept {
    const status removed = Device::remove(of);
    if (removed && of == name()) {
      drop();
    }
    return removed;
  }
  [[nodiscard]] result<std::uint64_t> size(std::string_view of) noexcept { return Device::size(of); }

 private:
  [[nodiscard]] std::string_view name() const noexcept { return {name_.data(), name_length_}; }
  void drop() noexcept {
    from_ = until_ = size_ = 0;
    valid_ = dirty_from_ = dirty_to_ = 0;
    name_length_ = 0;
  }
  [[nodiscard]] status turn_to(std::string_view to) noexcept {
    if (const status s = flush(); !s) {
      return s;
    }
    const result<std::uint64_t> size = Device::size(to);
    if (!size) {
      return size.error();
    }
    drop();
    size_ = size.value();
    name_length_ = static_cast<std::uint8_t>(to.size());
    for (std::size_t i = 0; i < to.size(); ++i) {
      name_[i] = to[i];
    }
    return {};
  }
  [[nodiscard]] status put_out(std::size_t first, std::size_t last) noexcept {
    if (from_ + last > size_) {  // the file ends within its last block
      return Device::write(name(), from_ + first, memory_.subspan(first, static_cast<std::size_t>(size_ - from_) - first));
    }
    if constexpr (requires(Device & d) { d.write_blocks(std::string_view{}, 0, std::span<const std::byte>{}); }) {
      return Device::write_blocks(name(), from_ + first, memory_.subspan(first, last - first));
    } else {
      return Device::write(name(), from_ + first, memory_.subspan(first, last - first));
    }
  }
  /// The file becomes longer; what is in memory of it may be older than that.
  [[nodiscard]] status grow(std::uint64_t offset, std::span<const std::byte> in) noexcept {
    if (const status s = flush(); !s) {
      return s;
    }
    from_ = until_ = 0;
    valid_ = 0;
    const status done = Device::write(name(), offset, in);
    if (const result<std::uint64_t> size = Device::size(name()); size) {
      size_ = size.value();
    }
    return done;
  }
  /// Makes the memory stand around `offset`, with what it has to know of the bytes before.
  [[nodiscard]] status reach(std::uint64_t offset, std::size_t length) noexcept {
    const std::uint64_t end = from_ + memory_.size();
    const bool inside = valid_ > 0 && offset >= from_ && offset < end;
    if (inside && offset > from_ + valid_ && offset <= until_) {
      const auto gap = static_cast<std::size_t>(offset - from_) - valid_;
      __builtin_memset(memory_.data() + valid_, 0, gap);
      valid_ += gap;
    }
    if (inside && offset <= from_ + valid_) {
      const auto at = static_cast<std::size_t>(offset - from_);
      if (at >= Block && dirty_from_ == dirty_to_ && (at > memory_.size() / 2 || length > memory_.size() - at)) {
        const std::size_t shift = at & ~(Block - 1);  // what went out makes room, so that a batch goes out in one write
        valid_ -= shift;
        from_ += shift;
        __builtin_memmove(memory_.data(), memory_.data() + shift, valid_);
      }
      return {};
    }
    const bool follows = valid_ > 0 && offset == from_ + valid_;
    if (const status s = flush(); !s) {
      return s;
    }
    const std::uint64_t until = follows ? until_ : 0;
    from_ = offset & ~std::uint64_t{Block - 1};
    valid_ = 0;
    until_ = until;
    const auto before = static_cast<std::size_t>(offset - from_);
    if (before > 0) {
      if (const status s = read_part(from_, memory_.first(before)); !s) {
        return s;
      }
      valid_ = before;
    }
    return {};
  }
  /// Of a part of a block; what lies beyond the end of the file is zeros.
  [[nodiscard]] status read_part(std::uint64_t offset, std::span<std::byte> out) noexcept {
    const std::uint64_t there = offset < size_ ? size_ - offset : 0;
    const std::size_t n = out.size() < there ? out.size() : static_cast<std::size_t>(there);
    if (n < out.size()) {
      __builtin_memset(out.data() + n, 0, out.size() - n);
    }
    return n == 0 ? status{} : Device::read(name(), offset, out.first(n));
  }

  std::span<std::byte> memory_;
  std::uint64_t from_ = 0;      // of the memory, in the file
  std::uint64_t until_ = 0;     // what stands behind the known bytes up to here is nobody's
  std::uint64_t size_ = 0;      // of the file
  std::size_t valid_ = 0;       // known bytes, from the beginning of the memory
  std::size_t dirty_from_ = 0;  // of them, not written yet
  std::size_t dirty_to_ = 0;
  std::uint8_t name_length_ = 0;
  std::array<char, 31> name_{};
};

}  // namespace skerry::inline v0::delivery::detail
