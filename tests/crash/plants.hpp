// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "crash/crash.hpp"

#include <skerry/core/crc32c.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/whole_blocks.hpp>
#include <skerry/delivery/record.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace skerry_crash {

/// What a device answers at one call.
enum class call_fault : std::uint8_t { none, full, write_io, short_write, sync_io, directory_io, read_io, read_only };
inline constexpr std::array<std::string_view, 8> call_fault_names{"none",    "full",         "write_io", "short_write",
                                                                  "sync_io", "directory_io", "read_io",  "read_only"};

/// A faulty disk that shows somebody, now and then, what a power cut in the middle of a write would leave.
class crash_disk {
 public:
  using disk_type = skerry::testing::faulty_disk;

  explicit crash_disk(std::uint64_t seed) : inner{seed} {}

  disk_type inner;
  plant defect = plant::none;
  bool whole = false;          // whole blocks are written, as a `direct_file` does
  std::uint64_t probe_in = 0;  // so many writes from now; 0: never
  std::function<void(const disk_type&, std::string_view, std::uint64_t, std::span<const std::byte>)> on_probe{};
  std::uint64_t calls = 0;
  std::uint64_t fail_at = 0;  // call number; 0: none
  call_fault fault = call_fault::none;

  template <typename Visit>
  [[nodiscard]] skerry::status list(Visit&& visit) noexcept {
    return inner.list(visit);
  }
  [[nodiscard]] skerry::status create(std::string_view name) noexcept {
    if (fails(call_fault::directory_io) || fails(call_fault::write_io)) {
      return skerry::errc::io;
    }
    return full() ? skerry::status{skerry::errc::full} : inner.create(name);
  }
  [[nodiscard]] skerry::status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    if (probe_in != 0 && --probe_in == 0 && on_probe) {
      on_probe(inner, name, offset, in);
    }
    if (fails(call_fault::write_io)) {
      return skerry::errc::io;
    }
    if (hits(call_fault::short_write)) {
      (void)inner.write(name, offset, in.first(in.size() / 2));
      return skerry::errc::io;
    }
    return full() ? skerry::status{skerry::errc::full} : inner.write(name, offset, in);
  }
  [[nodiscard]] skerry::status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    if (fails(call_fault::read_io)) {
      return skerry::errc::io;
    }
    if (const skerry::status s = inner.read(name, offset, out); !s || defect != plant::trust_length) {
      return s;
    }
    hide(name, offset, out);
    return {};
  }
  [[nodiscard]] skerry::status sync(std::string_view name) noexcept {
    if (hits(call_fault::sync_io)) {
      inner.faults.sync_errors = 65536;
      const skerry::status s = inner.sync(name);
      inner.faults.sync_errors = 0;
      return defect == plant::retry_fsync ? inner.sync(name) : s;
    }
    const skerry::status s = inner.sync(name);
    return !s && defect == plant::retry_fsync ? inner.sync(name) : s;
  }
  [[nodiscard]] skerry::status sync_directory() noexcept {
    if (fails(call_fault::directory_io)) {
      return skerry::errc::io;
    }
    return defect == plant::skip_dir_sync ? skerry::status{} : inner.sync_directory();
  }
  [[nodiscard]] skerry::status rename(std::string_view name, std::string_view to) noexcept {
    return fails(call_fault::directory_io) ? skerry::status{skerry::errc::io} : inner.rename(name, to);
  }
  [[nodiscard]] skerry::status remove(std::string_view name) noexcept {
    return fails(call_fault::directory_io) ? skerry::status{skerry::errc::io} : inner.remove(name);
  }
  [[nodiscard]] skerry::result<std::uint64_t> size(std::string_view name) noexcept { return inner.size(name); }

 private:
  /// One call, that one; a device that was mounted read-only stays so.
  [[nodiscard]] bool hits(call_fault what) noexcept {
    if (fault == call_fault::none) {
      return false;
    }
    if (fault == what || (what == call_fault::write_io && (fault == call_fault::read_only || fault == call_fault::full))) {
      ++calls;
    }
    return fault == what && calls == fail_at;
  }
  [[nodiscard]] bool fails(call_fault what) noexcept {
    const bool hit = hits(what);
    return hit || (fault == call_fault::read_only && what != call_fault::read_io && fail_at != 0 && calls >= fail_at);
  }
  [[nodiscard]] bool full() const noexcept { return fault == call_fault::full && calls == fail_at; }

  /// Zeros wherever a walk by lengths alone would not find a record to begin.
  void hide(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    using namespace skerry::delivery;
    const auto bytes = inner.content(name);
    if (bytes.size() < 1024 || offset < 512) {
      return;
    }
    const auto salt = static_cast<std::uint32_t>(skerry::detail::load_le(bytes.data() + 24, 4));
    std::uint64_t at = 512;
    while (at + record_head <= bytes.size() - 512) {
      const auto head = bytes.subspan(static_cast<std::size_t>(at));
      const auto length = static_cast<std::size_t>(skerry::detail::load_le(head.data() + 8, 3));
      const std::uint64_t next = at + record_size(length);
      const auto kind = std::to_integer<unsigned>(head[6]);
      if (kind == 0 || kind > 7) {
        break;
      }
      if (const auto good = read_record(head, record_place{salt, at}); !good) {
        blank(offset, out, at, next);
      }
      at = next;
    }
  }
  static void blank(std::uint64_t offset, std::span<std::byte> out, std::uint64_t from, std::uint64_t to) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (offset + i >= from && offset + i < to) {
        out[i] = std::byte{0};
      }
    }
  }
};
static_assert(skerry::file_device<crash_disk>);

/// A crash_disk that is elsewhere.
struct disk_reference {
  crash_disk* it;

  template <typename Visit>
  [[nodiscard]] skerry::status list(Visit&& visit) noexcept {
    return it->list(visit);
  }
  [[nodiscard]] skerry::status create(std::string_view name) noexcept { return it->create(name); }
  [[nodiscard]] skerry::status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    return it->write(name, offset, in);
  }
  [[nodiscard]] skerry::status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    return it->read(name, offset, out);
  }
  [[nodiscard]] skerry::status sync(std::string_view name) noexcept { return it->sync(name); }
  [[nodiscard]] skerry::status sync_directory() noexcept { return it->sync_directory(); }
  [[nodiscard]] skerry::status rename(std::string_view name, std::string_view to) noexcept { return it->rename(name, to); }
  [[nodiscard]] skerry::status remove(std::string_view name) noexcept { return it->remove(name); }
  [[nodiscard]] skerry::result<std::uint64_t> size(std::string_view name) noexcept { return it->size(name); }
};

/// What the log of one life stands on: the disk, or what a `direct_file` puts in front of one, with blocks so small that many begin and
/// end in a life. Its memory goes with the life.
class front_device {
 public:
  explicit front_device(crash_disk& disk) : blocks_{disk_reference{&disk}, memory_}, plain_{&disk}, whole_{disk.whole} {}
  front_device(const front_device&) = delete;
  front_device& operator=(const front_device&) = delete;

  template <typename Visit>
  [[nodiscard]] skerry::status list(Visit&& visit) noexcept {
    return plain_.list(visit);
  }
  [[nodiscard]] skerry::status create(std::string_view name) noexcept { return plain_.create(name); }
  [[nodiscard]] skerry::status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    return whole_ ? blocks_.write(name, offset, in) : plain_.write(name, offset, in);
  }
  [[nodiscard]] skerry::status extend(std::string_view name, std::uint64_t offset, std::span<const std::byte> in,
                                      std::uint64_t until) noexcept {
    return whole_ ? blocks_.extend(name, offset, in, until) : plain_.write(name, offset, in);
  }
  [[nodiscard]] skerry::status flush() noexcept { return whole_ ? blocks_.flush() : skerry::status{}; }
  [[nodiscard]] std::string_view unsent() const noexcept { return whole_ ? blocks_.unsent() : std::string_view{}; }
  void forget(std::string_view name) noexcept { blocks_.forget(name); }
  [[nodiscard]] skerry::status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    return whole_ ? blocks_.read(name, offset, out) : plain_.read(name, offset, out);
  }
  [[nodiscard]] skerry::status sync(std::string_view name) noexcept { return whole_ ? blocks_.sync(name) : plain_.sync(name); }
  [[nodiscard]] skerry::status sync_directory() noexcept { return plain_.sync_directory(); }
  [[nodiscard]] skerry::status rename(std::string_view name, std::string_view to) noexcept {
    return whole_ ? blocks_.rename(name, to) : plain_.rename(name, to);
  }
  [[nodiscard]] skerry::status remove(std::string_view name) noexcept { return whole_ ? blocks_.remove(name) : plain_.remove(name); }
  [[nodiscard]] skerry::result<std::uint64_t> size(std::string_view name) noexcept { return plain_.size(name); }

 private:
  std::array<std::byte, 4096> memory_{};
  skerry::delivery::detail::whole_blocks<disk_reference, 1024> blocks_;
  disk_reference plain_;
  bool whole_;
};
static_assert(skerry::delivery::detail::extending_device<front_device>);

inline constexpr skerry::delivery::segment_limits log_limits{6, 3, 512};

/// The log, but for what a planted defect does not do.
class crash_store {
 public:
  using log_type = skerry::delivery::segment_log<front_device, log_limits>;

  crash_store(crash_disk& disk, const skerry::delivery::segment_config& config)
      : front{disk}, log{log_type::create(front, config).value()}, defect{disk.defect} {}

  front_device front;
  log_type log;
  plant defect;

  void mix(skerry::delivery::device_seed seed) noexcept { log.mix(seed); }
  [[nodiscard]] skerry::result<skerry::recovery_report> open() noexcept { return log.open(); }
  [[nodiscard]] skerry::result<skerry::position> append(const skerry::record_header& h, std::span<const std::byte> payload) noexcept {
    if (defect == plant::reuse_seq && h.kind == skerry::record_kind::seq_lease) {
      skerry::record_header nothing_ahead = h;
      nothing_ahead.seq -= std::min<std::uint64_t>(h.seq - 1, 4096);
      return log.append(nothing_ahead, payload);
    }
    return log.append(h, payload);
  }
  [[nodiscard]] skerry::result<skerry::record_view> read(skerry::position at, std::span<std::byte> out) noexcept {
    return log.read(at, out);
  }
  [[nodiscard]] skerry::result<skerry::position> next_of(std::uint16_t stream, std::uint64_t above) noexcept {
    return log.next_of(stream, above);
  }
  template <typename Still>
  [[nodiscard]] skerry::status reclaim(Still&& still) noexcept {
    return log.reclaim(still);
  }
  void remember(std::span<const std::byte> note, bool pending) noexcept { log.remember(note, pending); }
  [[nodiscard]] std::span<const std::byte> remembered() const noexcept { return log.remembered(); }
  [[nodiscard]] skerry::status advance(skerry::cursor done) noexcept { return log.advance(done); }
  [[nodiscard]] skerry::status sync() noexcept { return log.sync(); }
  [[nodiscard]] std::uint64_t used_bytes() const noexcept { return log.used_bytes(); }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept { return log.free_bytes(); }
};
static_assert(skerry::record_store<crash_store>);

}  // namespace skerry_crash
