// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/core/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// What a disk may do wrong, beside losing power.
struct disk_faults {
  std::uint64_t capacity = ~std::uint64_t{0};  ///< bytes of all files together; beyond it, `full`
  std::uint32_t write_errors = 0;              ///< of 2^16 writes, how many answer `io` and change nothing
  std::uint32_t short_writes = 0;              ///< of 2^16 writes, how many answer `io` after a part of the bytes
  std::uint32_t sync_errors = 0;  ///< of 2^16 syncs, how many answer `io`: what they covered may be lost although it reads well
  std::uint32_t read_errors = 0;  ///< of 2^16 reads
};

/// What it was asked for.
struct disk_counts {
  std::uint64_t writes = 0, bytes = 0, reads = 0, syncs = 0, directory_syncs = 0, failed = 0;
};

/// A `file_device` in memory that knows what a power cut would leave behind.
///
/// Bytes are on the medium after `sync` of their file, names after `sync_directory`. At a cut each sector that was written since is there
/// or not, whatever was written first, and one of them may be torn; of the changes of names the first few are there. After a failed sync
/// the sectors it covered count as clean: they read well until the power goes, and then some of them are the old ones.
/// Cost    the files in memory, twice; uses the heap
/// Same seed, same calls: same disk
class faulty_disk {
 public:
  static constexpr std::size_t sector = 512;

  explicit faulty_disk(std::uint64_t seed) : random_{seed} {}

  disk_faults faults{};

  [[nodiscard]] status list(void (*visit)(std::string_view)) noexcept {
    for (const auto& [name, id] : names_) {
      visit(name);
    }
    return {};
  }
  [[nodiscard]] status create(std::string_view name) noexcept {
    if (goes_off()) {
      return failed();
    }
    if (find(name) != nullptr) {
      return errc::refused;
    }
    change([name = std::string{name}](directory& d, std::uint64_t id) { d[name] = id; }, ++ids_);
    files_.emplace(ids_, file{});
    return {};
  }
  [[nodiscard]] status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    ++counts_.writes;
    file* const f = find(name);
    if (f == nullptr) {
      return errc::absent;
    }
    const bool was_on = !off_;
    const bool dies = goes_off();
    if ((dies && !was_on) || happens(faults.write_errors)) {
      return failed();
    }
    const bool cut_short = dies || happens(faults.short_writes);
    in = cut_short ? in.first(static_cast<std::size_t>(random_() % (in.size() + 1))) : in;
    const std::uint64_t size = std::max<std::uint64_t>(f->now.size(), offset + in.size());
    if (used_bytes() - f->now.size() + size > faults.capacity) {
      ++counts_.failed;
      return errc::full;
    }
    f->now.resize(static_cast<std::size_t>(size));
    std::copy(in.begin(), in.end(), f->now.begin() + static_cast<std::ptrdiff_t>(offset));
    counts_.bytes += in.size();
    f->dirty.resize((f->now.size() + sector - 1) / sector);
    for (std::uint64_t s = offset / sector; s * sector < offset + in.size(); ++s) {
      f->dirty[static_cast<std::size_t>(s)] = true;
    }
    return cut_short ? failed() : status{};
  }
  [[nodiscard]] status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    ++counts_.reads;
    const file* const f = find(name);
    if (f == nullptr) {
      return errc::absent;
    }
    if (off_ || offset > f->now.size() || f->now.size() - offset < out.size() || happens(faults.read_errors)) {
      return failed();
    }
    std::copy_n(f->now.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }
  [[nodiscard]] status sync(std::string_view name) noexcept {
    ++counts_.syncs;
    file* const f = find(name);
    if (f == nullptr) {
      return errc::absent;
    }
    if (goes_off()) {
      return failed();
    }
    if (happens(faults.sync_errors)) {
      settle(*f, true);
      return failed();
    }
    f->medium = f->now;
    f->dirty.assign(f->dirty.size(), false);
    return {};
  }
  [[nodiscard]] status sync_directory() noexcept {
    ++counts_.directory_syncs;
    if (goes_off()) {
      return failed();
    }
    durable_names_ = names_;
    changes_.clear();
    return {};
  }
  [[nodiscard]] status rename(std::string_view name, std::string_view to) noexcept {
    if (goes_off()) {
      return failed();
    }
    const auto found = names_.find(std::string{name});
    if (found == names_.end()) {
      return errc::absent;
    }
    change(
        [name = std::string{name}, to = std::string{to}](directory& d, std::uint64_t id) {
          d.erase(name);
          d[to] = id;
        },
        found->second);
    return {};
  }
  [[nodiscard]] status remove(std::string_view name) noexcept {
    if (goes_off()) {
      return failed();
    }
    const auto found = names_.find(std::string{name});
    if (found == names_.end()) {
      return errc::absent;
    }
    change([name = std::string{name}](directory& d, std::uint64_t) { d.erase(name); }, found->second);
    return {};
  }
  [[nodiscard]] result<std::uint64_t> size(std::string_view name) noexcept {
    const file* const f = find(name);
    return f == nullptr ? result<std::uint64_t>{errc::absent} : result<std::uint64_t>{f->now.size()};
  }

  /// The power goes during the n-th change from now (0: the next one): it may be done in part, and nothing works until `power_cut`.
  void power_fails_after(std::uint64_t n) noexcept { left_ = n; }

  [[nodiscard]] bool off() const noexcept { return off_; }

  /// The power goes, and is back. What was not on the medium is there or not, each sector by itself.
  void power_cut() {
    directory survived = durable_names_;
    const std::size_t kept = random_() % (changes_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) {
      changes_[i].apply(survived, changes_[i].id);
    }
    names_ = durable_names_ = survived;
    changes_.clear();
    left_ = never;
    off_ = false;
    for (auto& [id, f] : files_) {
      settle(f, false);
      f.now = f.medium;
    }
  }

  /// Turns one bit over, on the medium and in what is read.
  void flip(std::string_view name, std::uint64_t bit) {
    if (file* const f = find(name); f != nullptr && bit / 8 < f->now.size()) {
      const auto at = static_cast<std::size_t>(bit / 8);
      const std::byte mask = std::byte{1} << static_cast<int>(bit % 8);
      f->now[at] ^= mask;
      if (at < f->medium.size()) {
        f->medium[at] ^= mask;
      }
    }
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, id] : names_) {
      all.push_back(name);
    }
    return all;
  }
  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& [name, id] : names_) {
      sum += files_.at(id).now.size();
    }
    return sum;
  }
  [[nodiscard]] const disk_counts& counts() const noexcept { return counts_; }

 private:
  struct file {
    std::vector<std::byte> now{};     // what is read
    std::vector<std::byte> medium{};  // what is there after a cut, but for dirty sectors
    std::vector<bool> dirty{};        // by sector
  };
  using directory = std::map<std::string, std::uint64_t>;
  struct name_change {
    std::function<void(directory&, std::uint64_t)> apply;
    std::uint64_t id;
  };

  [[nodiscard]] file* find(std::string_view name) noexcept {
    const auto found = names_.find(std::string{name});
    return found == names_.end() ? nullptr : &files_.at(found->second);
  }
  template <typename F>
  void change(F&& apply, std::uint64_t id) {
    apply(names_, id);
    changes_.push_back({std::forward<F>(apply), id});
  }
  [[nodiscard]] bool happens(std::uint32_t of_65536) noexcept { return of_65536 != 0 && random_() % 65536 < of_65536; }
  /// Whether there is no power any more, from this change on.
  [[nodiscard]] bool goes_off() noexcept {
    off_ = off_ || left_ == 0;
    left_ -= left_ == never ? 0U : 1U;
    return off_;
  }
  [[nodiscard]] errc failed() noexcept {
    ++counts_.failed;
    return errc::io;
  }

  /// Dirty sectors reach the medium or do not. `may_read`: what did not still reads well, and is clean from now on.
  void settle(file& f, bool may_read) {
    const bool grown = f.now.size() > f.medium.size();
    f.medium.resize(grown && random_() % 4 == 0 ? f.medium.size() : f.now.size());
    bool torn = random_() % 2 == 0;
    for (std::size_t s = 0; s < f.dirty.size(); ++s) {
      const std::size_t from = s * sector;
      if (!f.dirty[s] || from >= f.medium.size()) {
        continue;
      }
      f.dirty[s] = false;
      std::size_t n = std::min(sector, f.medium.size() - from);
      switch (random_() % 4) {
        case 0: n = 0; break;
        case 1:
          n = torn ? random_() % (n + 1) : n;
          torn = false;
          break;
        default: break;
      }
      std::copy_n(f.now.begin() + static_cast<std::ptrdiff_t>(from), n, f.medium.begin() + static_cast<std::ptrdiff_t>(from));
    }
    if (!may_read) {
      f.dirty.assign(f.dirty.size(), false);
    }
  }

  splitmix64 random_;
  std::map<std::uint64_t, file> files_{};
  directory names_{};
  directory durable_names_{};
  std::vector<name_change> changes_{};
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint64_t ids_ = 0;
  std::uint64_t left_ = never;
  bool off_ = false;
  disk_counts counts_{};
};

}  // namespace skerry::inline v0::testing
