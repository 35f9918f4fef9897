// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Memory for what stands around a measured type (a network of the tests, say): it is handed out once and never taken back.
#include "semihosting.hpp"

#include <cstddef>
#include <new>

namespace {

alignas(std::max_align_t) std::byte arena[std::size_t{1} << 20];
std::size_t used = 0;

}  // namespace

void* operator new(std::size_t size) {
  constexpr std::size_t unit = alignof(std::max_align_t);
  const std::size_t whole = (size + unit - 1) / unit * unit;
  if (whole < size || whole > sizeof arena - used) {
    board::write("the arena is used up\n");
    board::leave(96);
  }
  used += whole;
  return arena + (used - whole);
}
void operator delete(void*) noexcept {}
void operator delete(void*, std::size_t) noexcept {}
