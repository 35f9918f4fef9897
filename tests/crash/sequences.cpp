// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// All short sequences of operations; in the last one the power goes at every byte of every write, with every choice of the sectors that
// were not synced. What comes before the last one has been the last one of a shorter sequence.
#include "crash/world.hpp"

#include <skerry/core/hash.hpp>

#include <unordered_set>

namespace skerry_crash {

namespace {

enum class operation : std::uint8_t { append_1, append_3, ack, expire, rotate, reopen };
constexpr std::size_t operations = 6;

class sequence {
 public:
  sequence(std::vector<operation> steps, tally& to) : steps_{std::move(steps)}, to_{&to}, world_{1, options(), to} {}

  void run() {
    if (steps_.empty()) {
      watch();
    }
    if (!world_.open(false)) {
      return;
    }
    for (std::size_t i = 0; i < steps_.size() && world_.good(); ++i) {
      if (i + 1 == steps_.size()) {
        watch();
      }
      step(steps_[i]);
    }
    if (world_.good()) {
      cut_all({}, 0, {});
    }
  }

 private:
  static world_options options() {
    world_options o;
    o.plain = true;
    return o;
  }

  void watch() {
    world_.disk.on_probe = [this](const crash_disk::disk_type&, std::string_view name, std::uint64_t offset,
                                  std::span<const std::byte> in) {
      cut_all(name, offset, in);
      world_.disk.probe_in = 1;
    };
    world_.disk.probe_in = 1;
  }

  void step(operation what) {
    switch (what) {
      case operation::append_3:
        (void)world_.append(0);
        (void)world_.append(1);
        [[fallthrough]];
      case operation::append_1: (void)world_.append(0); break;
      case operation::ack:
        world_.deliver(true);
        (void)world_.sync();
        break;
      case operation::expire:
        world_.wait(31'000);
        (void)world_.sync();
        break;
      case operation::rotate: (void)world_.store().log.rotate(); break;
      case operation::reopen:
        if (world_.close_badly(false)) {
          (void)world_.open(false);
        }
        break;
    }
  }

  /// Every byte of one write.
  void cut_all(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) {
    const bool blank = std::all_of(in.begin(), in.end(), [](std::byte b) { return b == std::byte{0}; });
    const std::size_t stride = blank && in.size() > 512 ? 2048 : 1;  // of zeros in a new file only the number matters
    for (std::size_t b = 0;; b = std::min(b + stride, in.size())) {
      written_.inner = world_.disk.inner;
      if (!in.empty()) {
        written_.inner.power_fails_after(0, b);
        (void)written_.inner.write(name, offset, in.first(b));
      }
      cut_sectors();
      if (b == in.size() || !world_.good()) {
        break;
      }
    }
  }
  /// Every choice of up to six dirty sectors; of more, each one alone, all but one, all and none.
  void cut_sectors() {
    const std::size_t n = written_.inner.dirty_sectors();
    const std::size_t names = written_.inner.unsynced_names();
    const std::uint64_t choices = n <= 6 ? std::uint64_t{1} << n : 2 * n + 2;
    for (std::size_t kept = 0; kept <= names; ++kept) {
      for (std::uint64_t choice = 0; choice < choices && world_.good(); ++choice) {
        ++to_->cuts;
        cut_.inner = written_.inner;
        cut_.inner.power_cut([&](std::size_t i) { return is_there(n, choice, i) ? std::size_t{512} : std::size_t{0}; }, kept);
        std::uint64_t image = 0;
        for (const std::string& each : cut_.inner.names()) {
          image = skerry::hash64(cut_.inner.content(each), image + each.size() * 31 + static_cast<unsigned char>(each.back()));
        }
        if (seen_.insert(image).second) {
          world_.verify(cut_, true, image % 8 == 0);
        }
      }
    }
  }
  static bool is_there(std::size_t n, std::uint64_t choice, std::size_t i) {
    if (n <= 6) {
      return (choice >> i & 1) != 0;
    }
    return choice < n ? choice == i : choice < 2 * n ? choice - n != i : choice == 2 * n;
  }

  std::vector<operation> steps_;
  tally* to_;
  world world_;
  crash_disk written_{1}, cut_{1};
  std::unordered_set<std::uint64_t> seen_{};
};

}  // namespace

tally explore_sequences(std::size_t length, std::uint64_t& sequences) {
  tally all;
  sequences = 0;
  std::uint64_t many = 1;
  for (std::size_t n = 0; n <= length; ++n, many *= operations) {
    for (std::uint64_t code = 0; code < many && all.found() == 0; ++code) {
      std::vector<operation> steps;
      for (std::uint64_t rest = code, i = 0; i < n; ++i, rest /= operations) {
        steps.push_back(static_cast<operation>(rest % operations));
      }
      ++sequences;
      sequence{std::move(steps), all}.run();
    }
  }
  return all;
}

}  // namespace skerry_crash
