// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/storage.hpp>

#include <catch2/catch_test_macros.hpp>
#include <type_traits>

namespace {

using skerry::result;
using skerry::status;

using in_bytes = std::span<const std::byte>;
using out_bytes = std::span<std::byte>;

struct store {
  result<skerry::recovery_report> open() noexcept { return skerry::recovery_report{}; }
  result<skerry::position> append(const skerry::record_header&, in_bytes) noexcept { return skerry::position{}; }
  result<skerry::record_view> read(skerry::position, out_bytes) noexcept { return skerry::errc::absent; }
  status advance(skerry::cursor) noexcept { return {}; }
  status sync() noexcept { return {}; }
  std::uint64_t used_bytes() const noexcept { return 0; }
  std::uint64_t free_bytes() const noexcept { return 0; }
};
struct store_that_may_throw : store {
  status sync() { return {}; }
};
struct store_that_hides_refusals : store {
  skerry::position append(const skerry::record_header&, in_bytes) noexcept { return {}; }
};
struct store_that_changes_to_tell : store {
  std::uint64_t free_bytes() noexcept { return 0; }
};

struct files {
  template <typename F>
  status list(F&&) noexcept {
    return {};
  }
  status create(std::string_view) noexcept { return {}; }
  status write(std::string_view, std::uint64_t, in_bytes) noexcept { return {}; }
  status read(std::string_view, std::uint64_t, out_bytes) noexcept { return {}; }
  status sync(std::string_view) noexcept { return {}; }
  status sync_directory() noexcept { return {}; }
  status rename(std::string_view, std::string_view) noexcept { return {}; }
  status remove(std::string_view) noexcept { return {}; }
  result<std::uint64_t> size(std::string_view) noexcept { return skerry::errc::absent; }
};
struct files_with_short_writes : files {
  std::size_t write(std::string_view, std::uint64_t, in_bytes in) noexcept { return in.size(); }
};
struct files_that_may_throw : files {
  status rename(std::string_view, std::string_view) { return {}; }
};

struct flash {
  std::uint32_t erase_size() const noexcept { return 4096; }
  std::uint32_t program_size() const noexcept { return 8; }
  std::uint32_t size() const noexcept { return 65536; }
  status erase(std::uint32_t) noexcept { return {}; }
  status program(std::uint32_t, in_bytes) noexcept { return {}; }
  status read(std::uint32_t, out_bytes) noexcept { return {}; }
};
struct flash_without_geometry {
  status erase(std::uint32_t) noexcept { return {}; }
  status program(std::uint32_t, in_bytes) noexcept { return {}; }
  status read(std::uint32_t, out_bytes) noexcept { return {}; }
};

TEST_CASE("the smallest stores and devices model their concepts, near-misses do not") {
  static_assert(skerry::record_store<store>);
  static_assert(!skerry::record_store<store_that_may_throw> && !skerry::record_store<store_that_hides_refusals> &&
                !skerry::record_store<store_that_changes_to_tell> && !skerry::record_store<files>);
  static_assert(skerry::file_device<files>);
  static_assert(!skerry::file_device<files_with_short_writes> && !skerry::file_device<files_that_may_throw>);
  static_assert(skerry::flash_device<flash>);
  static_assert(!skerry::flash_device<flash_without_geometry> && !skerry::flash_device<int>);
  CHECK(skerry::record_header{}.kind == skerry::record_kind::data);
}

TEST_CASE("the numbers that stand on disk are those that were given out, and positions are ordered by age") {
  CHECK(static_cast<int>(skerry::record_kind::data) == 1);
  CHECK(static_cast<int>(skerry::record_kind::batch) == 2);
  CHECK(static_cast<int>(skerry::record_kind::acks) == 3);
  CHECK(static_cast<int>(skerry::record_kind::drops) == 4);
  CHECK(static_cast<int>(skerry::record_kind::seq_lease) == 5);
  CHECK(static_cast<int>(skerry::record_kind::counters) == 6);
  CHECK(static_cast<int>(skerry::record_kind::seal) == 7);
  namespace flags = skerry::record_flags;
  CHECK((flags::historical | flags::repeatable | flags::clock_untrusted | flags::squeezed) == 15);
  CHECK(skerry::position{1} < skerry::position{2});
  static_assert(std::is_trivially_copyable_v<skerry::record_header> && std::is_trivially_copyable_v<skerry::record_view>);
}

}  // namespace
