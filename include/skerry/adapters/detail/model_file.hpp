// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <new>
#include <span>

namespace skerry::inline v0::adapters::detail {

/// A file in memory.
///
/// Errors  `absent`: cannot be opened; `io`; `full`: no memory, or more than 1 GiB
class model_file {
 public:
  [[nodiscard]] status read(const char* path) noexcept {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path, "rb"), &std::fclose};
    if (!file) {
      return errc::absent;
    }
    constexpr long most = 1L << 30;
    if (std::fseek(file.get(), 0, SEEK_END) != 0) {
      return errc::io;
    }
    const long size = std::ftell(file.get());
    if (size < 0 || std::fseek(file.get(), 0, SEEK_SET) != 0) {
      return errc::io;
    }
    if (size > most) {
      return errc::full;
    }
    size_ = static_cast<std::size_t>(size);
    bytes_.reset(new (std::nothrow) std::byte[size_ == 0 ? 1 : size_]);
    if (!bytes_) {
      return errc::full;
    }
    return std::fread(bytes_.get(), 1, size_, file.get()) == size_ ? status{} : status{errc::io};
  }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace skerry::inline v0::adapters::detail
