// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/storage.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>

namespace skerry::inline v0::adapters {

/// A `file_device` over the files of one directory, by POSIX calls.
///
/// Descriptors stay open, up to sixteen of them, so a write is one `pwrite`. `sync` is `fdatasync` (and `F_FULLFSYNC` where a system has
/// it), `sync_directory` is `fsync` of the directory. No heap.
/// Errors  `absent`: no such file; `full`: no space or quota left; `refused`: the name exists; `invalid`: a name with '/' or of more than
///         31 bytes; `io` for the rest
template <std::size_t Descriptors = 16>
class basic_posix_file {
 public:
  /// Opens a directory, which is made if it does not exist (its parent must). Not to be confused with the member of this name, which
  /// takes a `std::string_view`: a literal is a directory.
  [[nodiscard]] static result<basic_posix_file> create(const char* directory) noexcept {
    if (::mkdir(directory, 0777) != 0 && errno != EEXIST) {
      return error_of(errno);
    }
    const int fd = ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      return error_of(errno);
    }
    return basic_posix_file{fd};
  }
  basic_posix_file(basic_posix_file&& other) noexcept : directory_{other.directory_}, files_{other.files_}, clock_{other.clock_} {
    other.directory_ = -1;
    other.files_ = {};
  }
  basic_posix_file& operator=(basic_posix_file&& other) noexcept {
    if (this != &other) {
      close_all();
      directory_ = other.directory_;
      files_ = other.files_;
      clock_ = other.clock_;
      other.directory_ = -1;
      other.files_ = {};
    }
    return *this;
  }
  basic_posix_file(const basic_posix_file&) = delete;
  basic_posix_file& operator=(const basic_posix_file&) = delete;
  ~basic_posix_file() { close_all(); }

  /// `visit(name)` for every regular file whose name could be one of this device.
  template <typename Visit>
  [[nodiscard]] status list(Visit&& visit) noexcept {
    const int again = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0) {
      return error_of(errno);
    }
    DIR* const d = ::fdopendir(again);
    if (d == nullptr) {
      const int why = errno;
      ::close(again);
      return error_of(why);
    }
    errno = 0;
    for (const dirent* e = ::readdir(d); e != nullptr; e = ::readdir(d)) {
      struct stat info {};
      if (::fstatat(directory_, e->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode)) {
        visit(std::string_view{e->d_name});
      }
      errno = 0;
    }
    const int why = errno;
    ::closedir(d);
    return why == 0 ? status{} : status{error_of(why)};
  }
  [[nodiscard]] status create(std::string_view name) noexcept { return descriptor(name, O_CREAT | O_EXCL).error(); }
  [[nodiscard]] status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    const result<int> fd = descriptor(name, 0);
    if (!fd) {
      return fd.error();
    }
    while (!in.empty()) {
      const ssize_t n = ::pwrite(fd.value(), in.data(), in.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        return n == 0 ? errc::io : error_of(errno);
      }
      in = in.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }
  [[nodiscard]] status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    const result<int> fd = descriptor(name, 0);
    if (!fd) {
      return fd.error();
    }
    while (!out.empty()) {
      const ssize_t n = ::pread(fd.value(), out.data(), out.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        return n == 0 ? errc::io : error_of(errno);  // the end of the file is not a success
      }
      out = out.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }
  [[nodiscard]] status sync(std::string_view name) noexcept {
    const result<int> fd = descriptor(name, 0);
    return fd ? sync_descriptor(fd.value()) : status{fd.error()};
  }
  [[nodiscard]] status sync_directory() noexcept { return ::fsync(directory_) == 0 ? status{} : status{error_of(errno)}; }
  [[nodiscard]] status rename(std::string_view name, std::string_view to) noexcept {
    const name_text from = name_text::of(name);
    const name_text target = name_text::of(to);
    if (!from.good || !target.good) {
      return errc::invalid;
    }
    forget(name);
    forget(to);
    return ::renameat(directory_, from.text.data(), directory_, target.text.data()) == 0 ? status{} : status{error_of(errno)};
  }
  [[nodiscard]] status remove(std::string_view name) noexcept {
    const name_text n = name_text::of(name);
    if (!n.good) {
      return errc::invalid;
    }
    forget(name);
    return ::unlinkat(directory_, n.text.data(), 0) == 0 ? status{} : status{error_of(errno)};
  }
  [[nodiscard]] result<std::uint64_t> size(std::string_view name) noexcept {
    const name_text n = name_text::of(name);
    if (!n.good) {
      return errc::invalid;
    }
    struct stat info {};
    if (::fstatat(directory_, n.text.data(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return error_of(errno);
    }
    return static_cast<std::uint64_t>(info.st_size);
  }

 protected:
  struct name_text {
    std::array<char, 32> text{};
    bool good = false;

    [[nodiscard]] static name_text of(std::string_view name) noexcept {
      name_text n;
      n.good = !name.empty() && name.size() < n.text.size() && name.find('/') == std::string_view::npos && name != "." && name != "..";
      for (std::size_t i = 0; i < name.size() && n.good; ++i) {
        n.text[i] = name[i];
      }
      return n;
    }
  };
  [[nodiscard]] static errc error_of(int number) noexcept {
    switch (number) {
      case ENOENT: return errc::absent;
      case EEXIST: return errc::refused;
      case ENOSPC:
#ifdef EDQUOT
      case EDQUOT:
#endif
        return errc::full;
      default: return errc::io;
    }
  }
  [[nodiscard]] int directory() const noexcept { return directory_; }

 private:
  struct open_file {
    name_text name{};
    int fd = -1;
    std::uint64_t used = 0;  // when, last
  };

  explicit basic_posix_file(int directory) noexcept : directory_{directory} {}

  [[nodiscard]] static status sync_descriptor(int fd) noexcept {
#ifdef F_FULLFSYNC
    if (::fcntl(fd, F_FULLFSYNC) == 0) {
      return {};
    }
#endif
#if defined(_POSIX_SYNCHRONIZED_IO) && _POSIX_SYNCHRONIZED_IO > 0
    return ::fdatasync(fd) == 0 ? status{} : status{error_of(errno)};
#else
    return ::fsync(fd) == 0 ? status{} : status{error_of(errno)};
#endif
  }

  [[nodiscard]] result<int> descriptor(std::string_view name, int flags) noexcept {
    open_file* oldest = files_.data();
    for (open_file& f : files_) {
      if (f.fd >= 0 && name == f.name.text.data()) {
        if ((flags & O_EXCL) != 0) {
          return errc::refused;
        }
        f.used = ++clock_;
        return f.fd;
      }
      oldest = f.used < oldest->used ? &f : oldest;
    }
    const name_text n = name_text::of(name);
    if (!n.good) {
      return errc::invalid;
    }
    const int fd = ::openat(directory_, n.text.data(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0666);
    if (fd < 0) {
      return error_of(errno);
    }
    if (oldest->fd >= 0) {
      ::close(oldest->fd);
    }
    *oldest = {n, fd, ++clock_};
    return fd;
  }
  void forget(std::string_view name) noexcept {
    for (open_file& f : files_) {
      if (f.fd >= 0 && name == f.name.text.data()) {
        ::close(f.fd);
        f = {};
      }
    }
  }
  void close_all() noexcept {
    for (open_file& f : files_) {
      if (f.fd >= 0) {
        ::close(f.fd);
      }
    }
    if (directory_ >= 0) {
      ::close(directory_);
    }
  }

  int directory_ = -1;
  array_of<open_file, Descriptors> files_{};
  std::uint64_t clock_ = 0;
};
using posix_file = basic_posix_file<>;

static_assert(file_device<posix_file>);

}  // namespace skerry::inline v0::adapters
