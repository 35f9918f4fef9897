// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/signal_watch.hpp>
#include <skerry/core/crc32c.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::anomaly {

/// What a watch decided, one line of text per window: `window score decision`, the score as the eight hexadecimal digits of its bits, the
/// decision `learning`, `normal` or `strange`. Two nodes that heard the same samples wrote the same bytes.
///
/// Cost    36 bytes, no heap
class decision_log {
 public:
  static constexpr std::size_t longest_line = 10 + 1 + 8 + 1 + 8 + 1;

  /// The line of a decision, which is valid until the next one.
  std::string_view add(const watch_decision& d) noexcept {
    std::size_t at = number(d.window);
    line_[at++] = ' ';
    const auto bits = std::bit_cast<std::uint32_t>(d.score);
    for (int shift = 28; shift >= 0; shift -= 4) {
      line_[at++] = "0123456789abcdef"[bits >> shift & 15U];
    }
    line_[at++] = ' ';
    const std::string_view word = d.state == monitor_state::learning ? "learning" : (d.strange ? "strange" : "normal");
    for (const char c : word) {
      line_[at++] = c;
    }
    line_[at++] = '\n';
    const std::string_view whole{line_.data(), at};
    crc_ = crc32c(std::as_bytes(std::span{whole.data(), whole.size()}), crc_);
    return whole;
  }

  /// CRC-32C of all lines so far.
  [[nodiscard]] std::uint32_t crc() const noexcept { return crc_; }

 private:
  std::size_t number(std::uint32_t n) noexcept {
    std::array<char, 10> digits;
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + n % 10);
      n /= 10;
    } while (n != 0);
    for (std::size_t i = 0; i < count; ++i) {
      line_[i] = digits[count - 1 - i];
    }
    return count;
  }

  std::array<char, longest_line> line_{};
  std::uint32_t crc_ = 0;
};

}  // namespace skerry::inline v0::anomaly
