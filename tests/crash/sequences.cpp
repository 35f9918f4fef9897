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
  sequence(std::vector<operation> steps, std::unordered_set<std::uint64_t>& seen, bool whole, tally& to)
      : steps_{std::move(steps)}, to_{&to}, seen_{&seen}, world_{1, options(whole), to} {}

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
  static world_options options(bool whole) {
    world_options o;
    o.plain = true;
    o.whole = whole;
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

  /// Every byte of one write. From one byte to the next one sector changes, or none: only what holds that sector is another disk.
  void cut_all(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) {
    const bool blank = std::all_of(in.begin(), in.end(), [](std::byte b) { return b == std::byte{0}; });
    const std::size_t stride = blank && in.size() > 512 ? 2048 : 1;  // of zeros in a new file only the number matters
    const std::uint64_t model = world_.expectations();
    written_.inner = world_.disk.inner;
    const std::size_t file = file_of(name);
    look_at_sectors();
    cut_sectors(model, any_sector);
    for (std::size_t b = 0; b < in.size() && world_.good(); b += stride) {
      (void)written_.inner.write(name, offset + b, in.subspan(b, std::min(stride, in.size() - b)));
      cut_sectors(model, stride == 1 ? look_at_sector(file, name, offset + b) : look_at_sectors());
    }
  }
  /// Every choice of up to six dirty sectors; of more, each one alone, all but one, all and none. What a choice leaves is told apart by
  /// sums of its sectors' hashes: only what has not been judged yet is put together and opened. `changed`: the one dirty sector in which
  /// the disk is another than at the last call.
  void cut_sectors(std::uint64_t model, std::size_t changed) {
    const std::size_t n = dirty_.size();
    const std::size_t names = written_.inner.unsynced_names();
    const std::uint64_t choices = n <= 6 ? std::uint64_t{1} << n : 2 * n + 2;
    to_->cuts += choices * (names + 1);
    for (std::size_t kept = 0; kept <= names && changed != no_sector; ++kept) {
      const std::uint64_t always = model + sum_sectors(kept);
      for (std::uint64_t choice = 0; choice < choices && world_.good(); ++choice) {
        if (changed != any_sector && !is_there(n, choice, changed)) {
          continue;
        }
        std::uint64_t image = always;
        for (std::size_t i = 0; i < n; ++i) {
          image += is_there(n, choice, i) ? changes_[i] : 0;
        }
        if (seen_->insert(image).second) {
          cut_.inner = written_.inner;
          cut_.inner.power_cut([&](std::size_t i) { return is_there(n, choice, i) ? std::size_t{512} : std::size_t{0}; }, kept);
          world_.verify(cut_, true, image % 8 == 0);
        }
      }
    }
  }
  [[nodiscard]] std::size_t file_of(std::string_view name) const {
    for (const auto& [each, id] : written_.inner.names_after_cut(written_.inner.unsynced_names())) {
      if (each == name) {
        return id;
      }
    }
    return ~std::size_t{0};
  }
  /// What is read of all sectors, and what is on the medium.
  std::size_t look_at_sectors() {
    sectors_.clear();
    dirty_.clear();
    written_.inner.for_each_sector(
        [&](std::size_t id, std::size_t at, std::span<const std::byte> now, std::span<const std::byte> medium, bool dirty) {
          if (dirty) {
            dirty_.push_back(sectors_.size());
          }
          const std::uint64_t before = hash_of(medium);
          sectors_.push_back({id, at, before, dirty ? hash_of(now) : before});
        });
    return any_sector;
  }
  /// After a byte of one sector: which dirty one that is, if it reads otherwise now.
  std::size_t look_at_sector(std::size_t file, std::string_view name, std::uint64_t offset) {
    constexpr std::size_t size = crash_disk::disk_type::sector;
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
      sector& s = sectors_[dirty_[i]];
      if (s.file == file && s.at == offset / size) {
        const auto all = written_.inner.content(name);
        const std::uint64_t before = std::exchange(s.now, hash_of(all.subspan(s.at * size, std::min(size, all.size() - s.at * size))));
        return s.now == before ? no_sector : i;
      }
    }
    return look_at_sectors();
  }
  /// What stays however the sectors fall; and, in `changes_`, what each dirty one adds if it is there.
  [[nodiscard]] std::uint64_t sum_sectors(std::size_t kept) {
    const auto names = written_.inner.names_after_cut(kept);
    std::uint64_t always = 0;
    std::size_t file = ~std::size_t{0};
    std::uint64_t salt = 0;
    bool named = false;
    changes_.clear();
    for (std::size_t i = 0; i < sectors_.size(); ++i) {
      const sector& s = sectors_[i];
      if (s.file != file) {
        file = s.file;
        const auto name = std::find_if(names.begin(), names.end(), [file](const auto& each) { return each.second == file; });
        named = name != names.end();
        salt = named ? skerry::hash64(std::as_bytes(std::span{name->first})) : 0;
      }
      const std::uint64_t before = named ? skerry::hash64(s.medium, salt + s.at) : 0;
      always += before;
      if (changes_.size() < dirty_.size() && dirty_[changes_.size()] == i) {
        changes_.push_back(named ? skerry::hash64(s.now, salt + s.at) - before : 0);
      }
    }
    return always;
  }
  /// A sector that the file had not grown to reads as zeros.
  static std::uint64_t hash_of(std::span<const std::byte> bytes) {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      any |= skerry::detail::load_le64(bytes.data() + i);
    }
    return any == 0 ? 0 : skerry::hash64(bytes);
  }
  static bool is_there(std::size_t n, std::uint64_t choice, std::size_t i) {
    if (n <= 6) {
      return (choice >> i & 1) != 0;
    }
    return choice < n ? choice == i : choice < 2 * n ? choice - n != i : choice == 2 * n;
  }

  struct sector {
    std::size_t file = 0;
    std::size_t at = 0;
    std::uint64_t medium = 0;  // hashes
    std::uint64_t now = 0;
  };
  static constexpr std::size_t any_sector = ~std::size_t{0};
  static constexpr std::size_t no_sector = any_sector - 1;

  std::vector<operation> steps_;
  tally* to_;
  std::unordered_set<std::uint64_t>* seen_;
  world world_;
  crash_disk written_{1}, cut_{1};
  std::vector<sector> sectors_{};
  std::vector<std::size_t> dirty_{};  // of them, those that no sync has covered
  std::vector<std::uint64_t> changes_{};
};

}  // namespace

tally explore_sequences(std::size_t length, bool whole, std::uint64_t& sequences) {
  tally all;
  sequences = 0;
  std::unordered_set<std::uint64_t> seen;  // what was left, and what was to be found in it: over all sequences
  std::uint64_t many = 1;
  for (std::size_t n = 0; n <= length; ++n, many *= operations) {
    for (std::uint64_t code = 0; code < many && all.found() == 0; ++code) {
      std::vector<operation> steps;
      for (std::uint64_t rest = code, i = 0; i < n; ++i, rest /= operations) {
        steps.push_back(static_cast<operation>(rest % operations));
      }
      ++sequences;
      sequence{std::move(steps), seen, whole, all}.run();
    }
  }
  return all;
}

}  // namespace skerry_crash
