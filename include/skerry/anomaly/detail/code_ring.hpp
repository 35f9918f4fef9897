// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly::detail {

/// A fixed number of codes that do not overlap, which compilers copy in words and without a call.
template <std::size_t Features, typename Code>
void copy_codes(const Code* from, Code* to) noexcept {
  __builtin_memcpy(to, from, Features * sizeof(Code));
}

/// The newest Capacity rows of codes.
template <std::size_t Features, typename Code, std::size_t Capacity>
class code_ring {
 public:
  void clear() noexcept { size_ = next_ = 0; }
  void push(const Code* x) noexcept {
    copy_codes<Features>(x, codes_.data() + std::size_t{next_} * Features);
    next_ = next_ + 1U == Capacity ? 0 : next_ + 1U;
    size_ += size_ < Capacity ? 1U : 0U;
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  /// Row 0 is the oldest.
  [[nodiscard]] const Code* row(std::uint32_t i) const noexcept {
    const std::uint32_t at = (size_ < Capacity ? 0 : next_) + i;
    return codes_.data() + std::size_t{at < Capacity ? at : at - static_cast<std::uint32_t>(Capacity)} * Features;
  }

 private:
  std::uint32_t size_ = 0, next_ = 0;
  std::array<Code, Capacity * Features> codes_{};
};

}  // namespace skerry::inline v0::anomaly::detail
