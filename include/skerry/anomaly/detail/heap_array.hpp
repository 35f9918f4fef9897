// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly::detail {

/// One block of scalars from an allocator, all zero at first, that begins at a multiple of 64 bytes: what a shape whose size comes from
/// data keeps its arrays in.
template <typename T, typename Allocator>
class heap_array {
  static_assert(std::is_trivially_copyable_v<T>);
  struct alignas(64) line {
    std::byte bytes[64];
  };
  using line_allocator = typename std::allocator_traits<Allocator>::template rebind_alloc<line>;
  using traits = std::allocator_traits<line_allocator>;
  static_assert(std::is_same_v<typename traits::pointer, line*>, "shapes of a dynamic forest: plain pointers only");

 public:
  heap_array(std::size_t size, const Allocator& allocator) : allocator_{allocator} {
    take((size * sizeof(T) + sizeof(line) - 1) / sizeof(line));
  }
  heap_array(const heap_array& other) : allocator_{traits::select_on_container_copy_construction(other.allocator_)} {
    take(other.lines_);
    for (std::size_t i = 0; i < lines_; ++i) {
      block_[i] = other.block_[i];
    }
  }
  heap_array(heap_array&& other) noexcept
      : allocator_{other.allocator_}, block_{std::exchange(other.block_, nullptr)}, lines_{std::exchange(other.lines_, 0)} {}
  /// The allocator moves with the block.
  heap_array& operator=(heap_array other) noexcept {
    release();
    allocator_.~line_allocator();
    ::new (static_cast<void*>(std::addressof(allocator_))) line_allocator{other.allocator_};
    block_ = std::exchange(other.block_, nullptr);
    lines_ = std::exchange(other.lines_, 0);
    return *this;
  }
  ~heap_array() { release(); }

  [[nodiscard]] T* data() noexcept { return reinterpret_cast<T*>(block_); }
  [[nodiscard]] const T* data() const noexcept { return reinterpret_cast<const T*>(block_); }
  [[nodiscard]] std::size_t bytes() const noexcept { return lines_ * sizeof(line); }

 private:
  void take(std::size_t lines) {
    if (lines != 0) {
      block_ = traits::allocate(allocator_, lines);
      lines_ = lines;
      for (std::size_t i = 0; i < lines; ++i) {
        ::new (static_cast<void*>(block_ + i)) line{};
      }
    }
  }
  void release() noexcept {
    if (block_ != nullptr) {
      traits::deallocate(allocator_, block_, lines_);
    }
    block_ = nullptr;
    lines_ = 0;
  }

  [[no_unique_address]] line_allocator allocator_;
  line* block_ = nullptr;
  std::size_t lines_ = 0;
};

}  // namespace skerry::inline v0::anomaly::detail
