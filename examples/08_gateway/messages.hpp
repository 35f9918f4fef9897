// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/stats/moments.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// What goes up, and its bytes. Three streams, so that an alarm never waits behind summaries.
namespace gateway {

inline constexpr std::uint16_t stream_summary = 0, stream_alarm = 1, stream_state = 2, stream_count = 3;

/// Count, mean and variance of one channel over a few rows: 27 bytes that merge upward.
using channel_moments = skerry::stats::moments<double, 2>;

struct summary_message {
  std::uint16_t machine = 0;
  std::vector<channel_moments> channels;
};

struct alarm_message {
  std::uint16_t machine = 0;
  std::uint32_t id = 0;
  bool raised = false;
  std::uint64_t at_ms = 0;
};

inline skerry::status encode(const summary_message& m, skerry::byte_writer& out) {
  out.u16(m.machine);
  out.u8(static_cast<std::uint8_t>(m.channels.size()));
  for (const channel_moments& c : m.channels) {
    if (const skerry::status s = c.encode(out); !s) {
      return s;
    }
  }
  return out.error();
}

inline std::optional<summary_message> decode_summary(std::span<const std::byte> bytes) {
  skerry::byte_reader in{bytes};
  summary_message m;
  m.machine = in.u16();
  const std::size_t channels = in.u8();
  for (std::size_t i = 0; i < channels && in.error() == skerry::errc::ok; ++i) {
    skerry::byte_reader one = in.sub_reader(channel_moments::encoded_size);
    const auto c = channel_moments::decode(one);
    if (!c) {
      return std::nullopt;
    }
    m.channels.push_back(c.value());
  }
  return in.finish() ? std::optional{std::move(m)} : std::nullopt;
}

inline skerry::status encode(const alarm_message& m, skerry::byte_writer& out) {
  out.u16(m.machine);
  out.u32(m.id);
  out.u8(m.raised ? 1 : 0);
  out.u64(m.at_ms);
  return out.error();
}

inline std::optional<alarm_message> decode_alarm(std::span<const std::byte> bytes) {
  skerry::byte_reader in{bytes};
  alarm_message m;
  m.machine = in.u16();
  m.id = in.u32();
  const std::uint8_t raised = in.u8();
  m.raised = raised != 0;
  m.at_ms = in.u64();
  return in.finish() && raised <= 1 ? std::optional{m} : std::nullopt;
}

}  // namespace gateway
