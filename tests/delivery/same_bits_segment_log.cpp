// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/segment_log.hpp>

#include "same_bits/same_bits.hpp"

#include <algorithm>

namespace {
using namespace skerry::delivery;
using skerry::errc;
using skerry_test::bit_hash;
using skerry_test::bits_of;
using tick = std::uint32_t;

/// Files in place, by the last digit of their names. After some writes one stops half way, and nothing works until the next life.
class plain_files {
 public:
  static constexpr std::size_t files = 4, size_of_file = 8192;

  void dies_after(std::uint32_t writes) { left_ = writes; }

  template <typename Visit>
  [[nodiscard]] skerry::status list(Visit&&) noexcept {
    return {};
  }
  [[nodiscard]] skerry::status create(std::string_view name) noexcept {
    if (std::exchange(at(name).there, true)) {
      return errc::refused;
    }
    at(name).size = 0;
    return {};
  }
  [[nodiscard]] skerry::status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    file& f = at(name);
    if (left_ == 0 || offset + in.size() > size_of_file) {
      return errc::io;
    }
    const bool whole = --left_ != 0;
    in = in.first(whole ? in.size() : in.size() / 2);
    std::copy(in.begin(), in.end(), f.bytes + offset);
    f.size = std::max(f.size, static_cast<std::size_t>(offset) + in.size());
    return whole ? skerry::status{} : skerry::status{errc::io};
  }
  [[nodiscard]] skerry::status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    const file& f = at(name);
    if (!f.there || offset + out.size() > f.size) {
      return errc::io;
    }
    std::copy_n(f.bytes + offset, out.size(), out.begin());
    return {};
  }
  [[nodiscard]] skerry::status sync(std::string_view) noexcept { return left_ == 0 ? skerry::status{errc::io} : skerry::status{}; }
  [[nodiscard]] skerry::status sync_directory() noexcept { return sync({}); }
  /// Under another name it is out of sight.
  [[nodiscard]] skerry::status rename(std::string_view name, std::string_view) noexcept { return remove(name); }
  [[nodiscard]] skerry::status remove(std::string_view name) noexcept {
    at(name).there = false;
    return {};
  }
  [[nodiscard]] skerry::result<std::uint64_t> size(std::string_view name) noexcept {
    return at(name).there ? skerry::result<std::uint64_t>{at(name).size} : skerry::result<std::uint64_t>{errc::absent};
  }

  void add_to(bit_hash& hash) const {
    for (const file& f : files_) {
      hash.add(std::uint64_t{f.there ? f.size : 0});
      hash.add(std::span{f.bytes}.first(f.there ? f.size : 0));
    }
  }

 private:
  struct file {
    std::byte bytes[size_of_file]{};
    std::size_t size = 0;
    bool there = false;
  };
  [[nodiscard]] file& at(std::string_view name) noexcept { return files_[static_cast<std::size_t>(name.back() - '0') % files]; }
  file files_[files]{};
  std::uint32_t left_ = ~std::uint32_t{0};
};

// Every byte of the files after lives that end in the middle of a write, and what each life finds.
const bits_of logs{
    "delivery.segment_log", [](bit_hash& hash) {
      using log = segment_log<plain_files, segment_limits{plain_files::files, 2, 512}>;
      using box = outbox<tick, log, outbox_limits{2, 16, 64}>;
      static plain_files disk;
      disk = {};
      skerry::pcg32 random{3};
      std::byte payload[64]{};
      for (std::uint64_t life = 1; life <= 12; ++life) {
        disk.dies_after(~std::uint32_t{0});
        auto store =
            log::create(disk, {.segment_bytes = plain_files::size_of_file, .segments = plain_files::files, .entropy = life}).value();
        auto opened = box::open(store, {.quota_bytes = 4096, .quota_items = 60}, device_seed::for_test(life), {0, {}, false});
        hash.add(std::uint64_t{opened ? 1U : 0U});
        if (!opened) {
          return;
        }
        box& it = opened.value();
        hash.add(it.queued());
        disk.dies_after(20 + random() % 100);
        for (tick now = 0; now < 300; ++now) {
          payload[0] = static_cast<std::byte>(now);
          const std::size_t length = 1 + random() % 63;
          const auto stream = static_cast<stream_id>(random() % 2);
          (void)it.append(std::span<const std::byte>{payload}.first(length), {.stream = stream}, now);
          if (random() % 4 != 0) {
            if (const auto item = it.take(now)) {
              hash.add(item.value().payload);
              (void)it.acknowledge(item.value().id);
            }
          }
          if (it.wants_sync(now)) {
            it.sync_begins();
            it.on_synced(store.sync());
          }
        }
        it.counters().for_each([&hash](std::string_view, std::uint64_t n) { hash.add(n); });
        hash.add(store.counters().recycled);
        hash.add(store.counters().reclaimed);
        disk.add_to(hash);
      }
    }};

}  // namespace
