// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: record_store
#include <skerry/delivery/outbox.hpp>

using namespace skerry;

struct store_of_mine {
  result<recovery_report> open() noexcept { return errc::io; }
  result<position> append(const record_header&, std::span<const std::byte>) noexcept { return errc::io; }
  result<record_view> read(position, std::span<std::byte>) noexcept { return errc::io; }
  status advance(cursor) noexcept { return {}; }
#ifdef SKERRY_CONTROL
  status sync() noexcept { return {}; }
#else
  bool sync() noexcept { return true; }
#endif
  std::uint64_t used_bytes() const noexcept { return 0; }
  std::uint64_t free_bytes() const noexcept { return 0; }
};

using box = delivery::outbox<std::uint32_t, store_of_mine>;

int main() { return sizeof(box) > 0 ? 0 : 1; }
