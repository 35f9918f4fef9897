// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace skerry::inline v0::testing {

struct crash_options {
  std::uint32_t cuts = 1;       ///< 2: the power goes a second time while `check` recovers
  std::uint32_t sectors = 6;    ///< up to so many unsynced sectors every choice of them; of more each alone, all but one, all, none
  std::uint32_t byte_step = 1;  ///< between two lengths of a write that the cut ends; at least 1
  std::uint64_t seed = 1;       ///< of the disk
};

/// What an exploration did and found.
struct crash_report {
  std::uint64_t changes = 0;  ///< writes, syncs and changes of names in the story
  std::uint64_t cuts = 0;     ///< ways in which the power went
  std::uint64_t images = 0;   ///< of them, those that left a different disk behind: each was checked
  std::uint64_t failed = 0;   ///< checks that did not hold
  std::string first{};        ///< where the first of them was
  [[nodiscard]] bool held() const noexcept { return failed == 0; }
};

class explored_disk;

namespace detail {

/// Told of every change before it is made; `in` is what a write would write.
struct crash_watch {
  void (*before)(void* who, explored_disk& disk, const char* what, std::string_view name, std::uint64_t offset,
                 std::span<const std::byte> in) = nullptr;
  void* who = nullptr;
};

}  // namespace detail

/// A `file_device` in memory that somebody looks into before each of its changes.
class explored_disk {
 public:
  explicit explored_disk(faulty_disk under, detail::crash_watch watch = {}) : under_{std::move(under)}, watch_{watch} {}

  template <typename Visit>
  [[nodiscard]] status list(Visit&& visit) noexcept {
    return under_.list(visit);
  }
  [[nodiscard]] status create(std::string_view name) noexcept {
    look("create", name);
    return under_.create(name);
  }
  [[nodiscard]] status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    look("write", name, offset, in);
    return under_.write(name, offset, in);
  }
  [[nodiscard]] status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    return under_.read(name, offset, out);
  }
  [[nodiscard]] status sync(std::string_view name) noexcept {
    look("sync", name);
    return under_.sync(name);
  }
  [[nodiscard]] status sync_directory() noexcept {
    look("sync_directory", {});
    return under_.sync_directory();
  }
  [[nodiscard]] status rename(std::string_view name, std::string_view to) noexcept {
    look("rename", name);
    return under_.rename(name, to);
  }
  [[nodiscard]] status remove(std::string_view name) noexcept {
    look("remove", name);
    return under_.remove(name);
  }
  [[nodiscard]] result<std::uint64_t> size(std::string_view name) noexcept { return under_.size(name); }

  [[nodiscard]] const faulty_disk& under() const noexcept { return under_; }
  [[nodiscard]] faulty_disk& under() noexcept { return under_; }

 private:
  void look(const char* what, std::string_view name, std::uint64_t offset = 0, std::span<const std::byte> in = {}) {
    if (watch_.before != nullptr) {
      watch_.before(watch_.who, *this, what, name, offset, in);
    }
  }
  faulty_disk under_;
  detail::crash_watch watch_;
};
static_assert(file_device<explored_disk>);

/// Tries a type of yours, on a disk that loses power in every way there is.
///
/// Input   `story(explored_disk&)` uses your type; `check(explored_disk&) -> bool` opens it on what a cut left, and says whether all is
///         there that was promised. `check` is called *within* the story, before each change it makes to the disk, so what the two share
///         by capture tells at that moment what has been promised, and what is under way
/// Tried   at every change: each number of bytes of a write that is under way; of the sectors that no sync has covered, every choice; of
///         the changes of names that no `sync_directory` has covered, each number of first ones. Disks that come out alike are checked once
/// Cost    a copy of the disk for each way: for stories of a few writes of a few sectors. Uses the heap
///
/// Same story, same report: nothing is drawn.
class crash_explorer {
 public:
  explicit crash_explorer(const crash_options& options = crash_options{}) : options_{options} { SKERRY_ASSERT(options.byte_step > 0); }

  template <typename Story, typename Check>
  [[nodiscard]] crash_report explore(Story&& story, Check&& check) const {
    crash_report report;
    run<Story, Check> all{options_, check, report, options_.cuts};
    explored_disk disk{faulty_disk{options_.seed}, {&run<Story, Check>::before, &all}};
    story(disk);
    all.look(disk.under(), "the end", {}, 0, {});
    return report;
  }

 private:
  template <typename Story, typename Check>
  struct run {
    const crash_options& options;
    Check& check;
    crash_report& report;
    std::uint32_t cuts_left;
    std::string path{};  // cuts that lie before this one
    std::unordered_set<std::uint64_t> seen{};

    static void before(void* who, explored_disk& disk, const char* what, std::string_view name, std::uint64_t offset,
                       std::span<const std::byte> in) {
      auto& self = *static_cast<run*>(who);
      self.report.changes += self.path.empty() ? 1 : 0;
      self.look(disk.under(), what, name, offset, in);
    }

    void look(const faulty_disk& now, const char* what, std::string_view name, std::uint64_t offset, std::span<const std::byte> in) {
      seen.clear();  // the same disk may have to keep other promises now
      for (std::size_t n = 0;; n = std::min<std::size_t>(n + options.byte_step, in.size())) {
        faulty_disk written = now;
        if (!in.empty()) {
          written.power_fails_after(0, n);
          (void)written.write(name, offset, in);
        }
        cut(written, what, name, n);
        if (n == in.size()) {
          break;
        }
      }
    }

    void cut(const faulty_disk& written, const char* what, std::string_view name, std::size_t bytes) {
      const std::size_t dirty = written.dirty_sectors();
      const bool every = dirty <= options.sectors && dirty < 64;
      const std::uint64_t choices = every ? std::uint64_t{1} << dirty : 2 * std::uint64_t{dirty} + 2;
      for (std::size_t names = 0; names <= written.unsynced_names(); ++names) {
        for (std::uint64_t choice = 0; choice < choices; ++choice) {
          ++report.cuts;
          faulty_disk left = written;
          left.power_cut([&](std::size_t i) { return kept(every, dirty, choice, i) ? faulty_disk::sector : std::size_t{0}; }, names);
          if (!seen.insert(image_of(left)).second) {
            continue;
          }
          ++report.images;
          const auto where = [&] {
            return path + what + (name.empty() ? "" : " ") + std::string{name} + ", " + std::to_string(bytes) + " bytes, choice " +
                   std::to_string(choice) + " of " + std::to_string(dirty) + " sectors, " + std::to_string(names) + " names";
          };
          bool good = false;
          if (cuts_left > 1) {
            run again{options, check, report, cuts_left - 1, where() + "; then "};
            explored_disk disk{std::move(left), {&run::before, &again}};
            good = check(disk);
          } else {
            explored_disk disk{std::move(left)};
            good = check(disk);
          }
          if (!good) {
            report.first = report.failed == 0 ? where() : report.first;
            ++report.failed;
          }
        }
      }
    }
    [[nodiscard]] static bool kept(bool every, std::size_t dirty, std::uint64_t choice, std::size_t i) noexcept {
      if (every) {
        return (choice >> i & 1) != 0;
      }
      return choice < dirty ? choice == i : choice < 2 * dirty ? choice - dirty != i : choice == 2 * dirty;
    }
    [[nodiscard]] static std::uint64_t image_of(const faulty_disk& disk) {
      std::uint64_t image = 0;
      for (const std::string& name : disk.names()) {
        image = hash64(std::as_bytes(std::span{name.data(), name.size()}), image);
        image = hash64(disk.content(name), image + disk.content(name).size());
      }
      return image;
    }
  };

  crash_options options_;
};

}  // namespace skerry::inline v0::testing
