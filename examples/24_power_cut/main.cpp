// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A type of yours that keeps settings in a file, four ways to save them, and a power cut at every moment of each.
#include <skerry/testing/crash_explorer.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>

using namespace skerry::testing;

enum class way { in_place, renamed, renamed_and_synced, all_synced };

// Yours: any type over a `file_device` (on a real machine `adapters::posix_file`); none of its calls knows that it is being watched.
struct settings {
  std::array<std::byte, 600> value{};
  template <typename Disk>
  bool save(Disk& disk, way how) const {
    const char* const name = how == way::in_place ? "settings" : "settings.new";
    bool good = disk.create(name) || disk.size(name);
    good = good && disk.write(name, 0, value);
    if (how != way::renamed) {
      good = good && disk.sync(name);
    }
    if (how != way::in_place) {
      good = good && disk.rename(name, "settings");
    }
    return good && (how != way::all_synced || disk.sync_directory());  // sync made the bytes durable; their name is another matter
  }
  template <typename Disk>
  bool load(Disk& disk) {
    return static_cast<bool>(disk.read("settings", 0, value));
  }
};

bool holds(const char* name, way how) {
  int promised = 0, under_way = 0;  // versions: save() has answered, save() was called
  const crash_report report = crash_explorer{}.explore(
      [&](auto& disk) {
        for (under_way = 1; under_way <= 3; ++under_way) {
          settings s;
          s.value.fill(static_cast<std::byte>(under_way));
          promised = s.save(disk, how) ? under_way : promised;
        }
      },
      [&](auto& left) {
        settings s;
        const int found = s.load(left) ? static_cast<int>(s.value[0]) : 0;
        const bool whole = std::all_of(s.value.begin(), s.value.end(), [&](std::byte b) { return b == s.value[0]; });
        return whole && found >= promised && found <= under_way;
      });
  fmt::print("{:<20} {:>6} cuts, {:>5} different disks, {:>5} wrong{}{}\n", name, report.cuts, report.images, report.failed,
             report.held() ? "" : ", first: ", report.first);
  return report.held();
}

int main() {
  fmt::print("three versions of 600 bytes of settings, and the power goes at every byte, sector and name\n");
  const bool found = !holds("in place", way::in_place) && !holds("renamed", way::renamed);
  const bool almost = !holds("renamed, synced", way::renamed_and_synced);
  const bool right = holds("and directory synced", way::all_synced);
  fmt::print("{}\n", found && almost && right ? "Only the last way keeps what it promised, whole." : "NOT as expected.");
  return found && almost && right ? 0 : 1;
}
