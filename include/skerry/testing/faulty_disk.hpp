// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/core/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
  std::string_view broken{};      ///< a file of this name cannot be written: `io`, and nothing changes. The text must outlive the disk.
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
/// A copy is another disk in the same state: what a cut would do can be tried on the copy, as often as one likes.
/// Cost    the files in memory, twice; uses the heap
/// Same seed, same calls: same disk
class faulty_disk {
 public:
  static constexpr std::size_t sector = 512;

  explicit faulty_disk(std::uint64_t seed) : random_{seed} {}

  disk_faults faults{};

  template <typename Visit>
  [[nodiscard]] status list(Visit&& visit) noexcept {
    for (const entry& e : names_) {
      visit(std::string_view{e.name});
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
    files_.emplace_back();
    change({{}, std::string{name}, files_.size() - 1});
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
    const bool by_the_byte = dies && was_on && cut_at_ != never;
    if ((dies && !was_on) || (!faults.broken.empty() && name == faults.broken) || happens(faults.write_errors)) {
      return failed();
    }
    const bool cut_short = dies || happens(faults.short_writes);
    if (by_the_byte) {
      in = in.first(std::min(in.size(), static_cast<std::size_t>(cut_at_)));
    } else if (cut_short) {
      in = in.first(static_cast<std::size_t>(random_() % (in.size() + 1)));
    }
    const std::uint64_t size = std::max<std::uint64_t>(f->now.size(), offset + in.size());
    if (size > f->now.size() && used_bytes() - f->now.size() + size > faults.capacity) {
      ++counts_.failed;
      return errc::full;
    }
    f->now.resize(static_cast<std::size_t>(size));
    std::copy(in.begin(), in.end(), f->now.begin() + static_cast<std::ptrdiff_t>(offset));
    counts_.bytes += in.size();
    f->dirty.resize((f->now.size() + sector - 1) / sector);
    for (std::uint64_t s = offset / sector; s * sector < offset + in.size(); ++s) {
      f->dirty[static_cast<std::size_t>(s)] = 1;
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
      settle(*f, fates{random_});
      f->lies = true;
      return failed();
    }
    f->medium.resize(f->now.size());
    for (std::size_t s = 0; s < f->dirty.size(); ++s) {
      if (f->dirty[s] != 0) {
        f->dirty[s] = 0;
        const std::size_t from = s * sector;
        const std::size_t n = std::min(sector, f->now.size() - from);
        std::copy_n(f->now.begin() + static_cast<std::ptrdiff_t>(from), n, f->medium.begin() + static_cast<std::ptrdiff_t>(from));
      }
    }
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
  [[nodiscard]] status rename(std::string_view name, std::string_view to) noexcept { return change_of(name, to); }
  [[nodiscard]] status remove(std::string_view name) noexcept { return change_of(name, {}); }
  [[nodiscard]] result<std::uint64_t> size(std::string_view name) noexcept {
    const file* const f = find(name);
    return f == nullptr ? result<std::uint64_t>{errc::absent} : result<std::uint64_t>{f->now.size()};
  }

  /// The power goes during the n-th change from now (0: the next one): it may be done in part, and nothing works until `power_cut`.
  void power_fails_after(std::uint64_t n) noexcept {
    left_ = n;
    cut_at_ = never;
  }
  /// The same; if that change is a write, so many of its bytes are there.
  void power_fails_after(std::uint64_t n, std::uint64_t bytes) noexcept {
    left_ = n;
    cut_at_ = bytes;
  }

  [[nodiscard]] bool off() const noexcept { return off_; }
  /// Changes that were asked for: writes, syncs, and changes of names.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_made_; }

  /// The power goes, and is back. What was not on the medium is there or not, each sector by itself.
  void power_cut() {
    const std::size_t kept = changes_.empty() ? 0 : random_() % (changes_.size() + 1);
    cut(fates{random_}, kept);
  }
  /// The same, as told: `fate(i)` is how many bytes of the i-th dirty sector reach the medium, `names` how many changes of names do.
  template <typename Fate>
  void power_cut(Fate&& fate, std::size_t names) {
    cut(told<Fate>{fate}, std::min(names, changes_.size()));
  }
  [[nodiscard]] std::size_t dirty_sectors() const noexcept {
    std::size_t n = 0;
    for (const file& f : files_) {
      n += static_cast<std::size_t>(std::count(f.dirty.begin(), f.dirty.end(), std::uint8_t{1}));
    }
    return n;
  }
  [[nodiscard]] std::size_t unsynced_names() const noexcept { return changes_.size(); }

  /// For those who want to know what a cut would leave before they make one: `visit(file, sector, now, medium, dirty)` with what is read of
  /// each sector and what is on the medium of it, as long as the file was; dirty ones in the order of `power_cut`.
  template <typename Visit>
  void for_each_sector(Visit&& visit) const {
    for (std::size_t id = 0; id < files_.size(); ++id) {
      const file& f = files_[id];
      const std::span<const std::byte> now{f.now};
      const std::span<const std::byte> medium{f.medium};
      for (std::size_t s = 0; s * sector < now.size(); ++s) {
        const std::size_t from = s * sector;
        const std::size_t n = std::min(sector, now.size() - from);
        const std::size_t old = from < medium.size() ? std::min(n, medium.size() - from) : 0;
        visit(id, s, now.subspan(from, n), medium.subspan(std::min(from, medium.size()), old), s < f.dirty.size() && f.dirty[s] != 0);
      }
    }
  }
  /// The names, and numbers of their files, that a cut leaves when so many changes of names have reached the medium.
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> names_after_cut(std::size_t kept) const {
    directory d = durable_names_;
    for (std::size_t i = 0; i < std::min(kept, changes_.size()); ++i) {
      apply(d, changes_[i]);
    }
    std::vector<std::pair<std::string, std::size_t>> all;
    for (const entry& e : changes_.empty() ? names_ : d) {
      all.emplace_back(e.name, e.id);
    }
    return all;
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
  /// Draws from here on begin with this.
  void reseed(std::uint64_t seed) noexcept { random_ = splitmix64{seed}; }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const entry& e : names_) {
      all.push_back(e.name);
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  /// What is read of a file.
  [[nodiscard]] std::span<const std::byte> content(std::string_view name) const noexcept {
    for (const entry& e : names_) {
      if (e.name == name) {
        return files_[e.id].now;
      }
    }
    return {};
  }
  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const entry& e : names_) {
      sum += files_[e.id].now.size();
    }
    return sum;
  }
  [[nodiscard]] const disk_counts& counts() const noexcept { return counts_; }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};

  struct file {
    std::vector<std::byte> now{};       // what is read
    std::vector<std::byte> medium{};    // what is there after a cut, but for dirty sectors
    std::vector<std::uint8_t> dirty{};  // by sector
    bool lies = false;                  // a sync failed: what is read may differ from the medium anywhere
  };
  struct entry {
    std::string name;
    std::size_t id = 0;
  };
  using directory = std::vector<entry>;
  struct name_change {
    std::string from;  // empty: a new file
    std::string to;    // empty: removed
    std::size_t id = 0;
  };

  /// Of a dirty sector everything, nothing, or, of one of them, a part; of growth it may be that the file did not grow.
  struct fates {
    explicit fates(splitmix64& source) : random{&source}, torn{source() % 2 == 0} {}
    splitmix64* random;
    bool torn;
    std::size_t operator()(std::size_t n) {
      switch ((*random)() % 4) {
        case 0: return 0;
        case 1:
          if (torn) {
            torn = false;
            return static_cast<std::size_t>((*random)() % (n + 1));
          }
          return n;
        default: return n;
      }
    }
    bool grows() { return (*random)() % 4 != 0; }
  };
  template <typename Fate>
  struct told {
    Fate& fate;
    std::size_t next = 0;
    std::size_t operator()(std::size_t n) { return std::min<std::size_t>(n, fate(next++)); }
    static bool grows() { return true; }
  };

  [[nodiscard]] file* find(std::string_view name) noexcept {
    for (const entry& e : names_) {
      if (e.name == name) {
        return &files_[e.id];
      }
    }
    return nullptr;
  }
  static void apply(directory& d, const name_change& c) {
    const auto erase = [&d](const std::string& name) {
      d.erase(std::remove_if(d.begin(), d.end(), [&name](const entry& e) { return e.name == name; }), d.end());
    };
    if (!c.from.empty()) {
      erase(c.from);
    }
    if (!c.to.empty()) {
      erase(c.to);
      d.push_back({c.to, c.id});
    }
  }
  void change(name_change c) {
    apply(names_, c);
    changes_.push_back(std::move(c));
  }
  [[nodiscard]] status change_of(std::string_view name, std::string_view to) noexcept {
    if (goes_off()) {
      return failed();
    }
    for (const entry& e : names_) {
      if (e.name == name) {
        change({std::string{name}, std::string{to}, e.id});
        return {};
      }
    }
    return errc::absent;
  }
  [[nodiscard]] bool happens(std::uint32_t of_65536) noexcept { return of_65536 != 0 && random_() % 65536 < of_65536; }
  /// Whether there is no power any more, from this change on.
  [[nodiscard]] bool goes_off() noexcept {
    ++changes_made_;
    off_ = off_ || left_ == 0;
    left_ -= left_ == never ? 0U : 1U;
    return off_;
  }
  [[nodiscard]] errc failed() noexcept {
    ++counts_.failed;
    return errc::io;
  }

  template <typename Fates>
  void cut(Fates fate, std::size_t kept_names) {
    if (!changes_.empty()) {
      for (std::size_t i = 0; i < kept_names; ++i) {
        apply(durable_names_, changes_[i]);
      }
      changes_.clear();
      names_ = durable_names_;
    }
    left_ = never;
    off_ = false;
    for (file& f : files_) {
      if (std::find(f.dirty.begin(), f.dirty.end(), std::uint8_t{1}) != f.dirty.end()) {
        settle(f, fate);
        f.lies = true;
      }
      if (f.lies || f.now.size() != f.medium.size()) {
        f.now = f.medium;
        f.dirty.resize((f.now.size() + sector - 1) / sector);
        f.lies = false;
      }
    }
  }

  /// Dirty sectors reach the medium or do not, and are clean from now on.
  template <typename Fates>
  void settle(file& f, Fates&& fate) {
    if (f.now.size() > f.medium.size() && fate.grows()) {
      f.medium.resize(f.now.size());
    }
    for (std::size_t s = 0; s < f.dirty.size(); ++s) {
      const std::size_t from = s * sector;
      if (f.dirty[s] == 0) {
        continue;
      }
      f.dirty[s] = 0;
      if (from < f.medium.size()) {
        const std::size_t n = fate(std::min(sector, f.medium.size() - from));
        std::copy_n(f.now.begin() + static_cast<std::ptrdiff_t>(from), n, f.medium.begin() + static_cast<std::ptrdiff_t>(from));
      }
    }
  }

  splitmix64 random_;
  std::vector<file> files_{};
  directory names_{};
  directory durable_names_{};
  std::vector<name_change> changes_{};
  std::uint64_t left_ = never;
  std::uint64_t cut_at_ = never;
  std::uint64_t changes_made_ = 0;
  bool off_ = false;
  disk_counts counts_{};
};

}  // namespace skerry::inline v0::testing
