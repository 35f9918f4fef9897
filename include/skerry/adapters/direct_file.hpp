// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/adapters/posix_file.hpp>
#include <skerry/delivery/detail/whole_blocks.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace skerry::inline v0::adapters {

/// How a `direct_file` writes.
enum class write_way : std::uint8_t {
  not_yet,  ///< nothing was written into room that was there already
  direct,   ///< around the page cache (O_DIRECT)
  cached,   ///< through it: the file system, or the system, does not write around it
};

namespace detail {

/// A `posix_file` with one more descriptor, for whole blocks that are written around the page cache.
template <std::size_t Descriptors>
class direct_descriptors : public basic_posix_file<Descriptors> {
  using base = basic_posix_file<Descriptors>;

 public:
  explicit direct_descriptors(base&& files) noexcept : base{std::move(files)} {}
  direct_descriptors(direct_descriptors&& other) noexcept
      : base{std::move(static_cast<base&>(other))},
        name_{other.name_},
        fd_{std::exchange(other.fd_, -1)},
        way_{other.way_},
        direct_writes_{other.direct_writes_},
        cached_writes_{other.cached_writes_} {}
  direct_descriptors& operator=(direct_descriptors&& other) noexcept {
    if (this != &other) {
      close_direct();
      static_cast<base&>(*this) = std::move(static_cast<base&>(other));
      name_ = other.name_;
      fd_ = std::exchange(other.fd_, -1);
      way_ = other.way_;
      direct_writes_ = other.direct_writes_;
      cached_writes_ = other.cached_writes_;
    }
    return *this;
  }
  direct_descriptors(const direct_descriptors&) = delete;
  direct_descriptors& operator=(const direct_descriptors&) = delete;
  ~direct_descriptors() { close_direct(); }

  /// `offset`, length and address are multiples of a block's size, and the file is that long.
  [[nodiscard]] status write_blocks(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
#if defined(O_DIRECT)
    if (way_ != write_way::cached) {
      bool refused = false;
      const status done = write_direct(name, offset, in, refused);
      if (!refused) {
        return done;
      }
      way_ = write_way::cached;
      close_direct();
    }
#endif
    way_ = write_way::cached;
    ++cached_writes_;
    return base::write(name, offset, in);
  }
  [[nodiscard]] status rename(std::string_view name, std::string_view to) noexcept {
    close_direct();
    return base::rename(name, to);
  }
  [[nodiscard]] status remove(std::string_view name) noexcept {
    close_direct();
    return base::remove(name);
  }

  [[nodiscard]] write_way way() const noexcept { return way_; }
  [[nodiscard]] std::uint64_t direct_writes() const noexcept { return direct_writes_; }
  [[nodiscard]] std::uint64_t cached_writes() const noexcept { return cached_writes_; }

 private:
  using name_text = typename base::name_text;

#if defined(O_DIRECT)
  /// `refused`: this file system does not do that, and nothing was written that the other way would not write again.
  [[nodiscard]] status write_direct(std::string_view name, std::uint64_t offset, std::span<const std::byte> in, bool& refused) noexcept {
    if (fd_ < 0 || name != name_.text.data()) {
      close_direct();
      name_ = name_text::of(name);
      if (!name_.good) {
        return errc::invalid;
      }
      fd_ = ::openat(this->directory(), name_.text.data(), O_WRONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
      if (fd_ < 0) {
        refused = errno == EINVAL || errno == EOPNOTSUPP;
        return base::error_of(errno);
      }
    }
    while (!in.empty()) {
      const ssize_t n = ::pwrite(fd_, in.data(), in.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) {
        continue;
      }
      // A piece that ends within a block leaves a rest that cannot go this way.
      if ((n < 0 && (errno == EINVAL || errno == EOPNOTSUPP)) || (n > 0 && n % 512 != 0)) {
        refused = true;
        return errc::io;
      }
      if (n <= 0) {
        return n == 0 ? errc::io : base::error_of(errno);
      }
      in = in.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    way_ = write_way::direct;
    ++direct_writes_;
    return {};
  }
#endif
  void close_direct() noexcept {
    if (fd_ >= 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }

  name_text name_{};
  int fd_ = -1;  // of the file that was written last
  write_way way_ = write_way::not_yet;
  std::uint64_t direct_writes_ = 0;
  std::uint64_t cached_writes_ = 0;
};

}  // namespace detail

/// A `file_device` over the files of one directory that writes around the page cache, where the file system lets it.
///
/// Writes gather in memory that is the caller's and go out as whole blocks of 4 KiB; a block that is begun stays in that memory. So a
/// `segment_log` on it needs no buffer of its own (`segment_limits::buffer_bytes` 0), and a batch that fits the memory goes out as one
/// write. Files grow, and are read, through the page cache: what was written a while ago comes from the disk when it is read. `sync` is
/// `fdatasync` either way, and what it promises is the same. Where the file system refuses (some that are in memory or on a network do),
/// blocks are written through the page cache, and `way` says so. `flush` hands over what is gathered; the process may end then.
/// Cost    a copy per write; otherwise that of a `posix_file`, without the page cache's part (docs/notes/segment_log.md)
/// Errors  those of `posix_file`; `create`: `invalid`, if the memory is less than two blocks or does not lie on the boundary of one
template <std::size_t Descriptors = 16>
class basic_direct_file : public delivery::detail::whole_blocks<detail::direct_descriptors<Descriptors>> {
  using base = delivery::detail::whole_blocks<detail::direct_descriptors<Descriptors>>;

 public:
  /// `memory`: on a boundary of 4096 bytes; a rest that is no whole block is not used. It must outlive the device.
  [[nodiscard]] static result<basic_direct_file> create(const char* directory, std::span<std::byte> memory) noexcept {
    const std::size_t whole = memory.size() & ~(base::block - 1);
    if (whole < 2 * base::block || reinterpret_cast<std::uintptr_t>(memory.data()) % base::block != 0) {
      return errc::invalid;
    }
    auto files = basic_posix_file<Descriptors>::create(directory);
    if (!files) {
      return files.error();
    }
    return basic_direct_file{detail::direct_descriptors<Descriptors>{std::move(files).value()}, memory.first(whole)};
  }
  using base::create;

  /// How the last blocks were written: never `direct` again after one was refused.
  [[nodiscard]] write_way way() const noexcept { return this->under().way(); }
  [[nodiscard]] std::uint64_t direct_writes() const noexcept { return this->under().direct_writes(); }
  [[nodiscard]] std::uint64_t cached_writes() const noexcept { return this->under().cached_writes(); }

 private:
  basic_direct_file(detail::direct_descriptors<Descriptors>&& files, std::span<std::byte> memory) noexcept
      : base{std::move(files), memory} {}
};
using direct_file = basic_direct_file<>;

static_assert(file_device<direct_file>);

}  // namespace skerry::inline v0::adapters
