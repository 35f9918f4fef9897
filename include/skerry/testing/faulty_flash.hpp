// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/storage.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::testing {

/// What a NOR flash may do wrong, beside losing power.
struct flash_faults {
  std::uint32_t program_errors = 0;  ///< of 2^16 units programmed, how many answer `io` with some of their bits done
  std::uint32_t erase_errors = 0;    ///< of 2^16 erases, how many answer `io` and leave the sector in any state
  std::uint32_t read_errors = 0;     ///< of 2^16 reads
  std::uint32_t endurance = 0;       ///< erases after which a sector is worn out: it can be read and nothing else; 0: never
};

/// What it was asked for.
struct flash_counts {
  std::uint64_t erases = 0, units = 0, reads = 0, failed = 0;
  std::uint64_t violations = 0;  ///< calls that a real device would not forgive: misaligned, a unit programmed twice, out of range
  std::uint64_t blind = 0;       ///< units programmed twice, the first time without a trace: nobody could have known
};

/// A `flash_device` in memory that behaves as NOR flash does, and as it does when the power goes.
///
/// An erase sets a sector to 0xff, a program clears bits of units that were not programmed since. At a cut within a program some of the
/// bits of one unit are done, and the units before it; within an erase the sector is left in any state: as it was, nearly as it was,
/// nearly erased, or noise. What was left so stays so: a bit that was left halfway reads the same each time. Where a cut left a unit
/// that was begun and looks erased, the next program of it answers `ok`, and what the unit holds then may be anything.
/// Cost    the flash and two bits a byte, in place; no heap, so it runs on a microcontroller too
/// Errors  `io` as above; `invalid` for a call against the rules, which changes nothing and is counted
/// Same seed, same calls: same flash
template <std::uint32_t Sectors, std::uint32_t EraseSize = 4096>
class basic_faulty_flash {
  static_assert(Sectors > 0 && EraseSize >= 512 && EraseSize % 256 == 0);

 public:
  /// `program_size`: a power of two, at most 256.
  explicit basic_faulty_flash(std::uint64_t seed, std::uint32_t program_size = 8) noexcept : random_{seed}, unit_{program_size} {
    SKERRY_ASSERT(program_size >= 1 && program_size <= 256 && (program_size & (program_size - 1)) == 0);
    for (std::byte& b : bytes_) {
      b = std::byte{0xff};
    }
  }

  flash_faults faults{};

  [[nodiscard]] std::uint32_t erase_size() const noexcept { return EraseSize; }
  [[nodiscard]] std::uint32_t program_size() const noexcept { return unit_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return Sectors * EraseSize; }

  [[nodiscard]] status erase(std::uint32_t sector) noexcept {
    if (sector >= Sectors) {
      return violation();
    }
    if (off_) {
      return failed();
    }
    ++counts_.erases;
    ++wear_[sector];
    const bool dies = goes_off();
    if (worn(sector)) {
      return failed();
    }
    if (dies || happens(faults.erase_errors)) {
      leave_halfway(sector);
      return failed();
    }
    fill(sector, std::byte{0xff});
    return {};
  }

  [[nodiscard]] status program(std::uint32_t at, std::span<const std::byte> in) noexcept {
    if (at % unit_ != 0 || in.size() % unit_ != 0 || at > size() || in.size() > size() - at) {
      return violation();
    }
    for (std::size_t i = 0; i < in.size(); i += unit_) {
      if (programmed(at + i) && !is_set(blind_, at + i)) {
        return violation();
      }
    }
    for (std::size_t i = 0; i < in.size(); i += unit_) {
      if (off_) {
        return failed();
      }
      ++counts_.units;
      const bool dies = goes_off();
      const bool fails = worn(static_cast<std::uint32_t>(at + i) / EraseSize) || happens(faults.program_errors);
      const std::uint64_t part = random_() % 4;  // how much of a unit that is cut short is done: nothing, all, or about half of its bits
      for (std::size_t k = i; k < i + unit_; ++k) {
        const std::byte kept = !(dies || fails) || part == 3 ? std::byte{0}
                               : part == 0                   ? std::byte{0xff}
                                                             : static_cast<std::byte>(random_());
        bytes_[at + k] &= in[k] | kept;
        if (!(dies || fails) || part != 0) {
          set(used_, at + k);
        }
      }
      if (dies || fails) {
        hide(at, i + unit_);
        return failed();
      }
      if (is_set(blind_, at + i)) {
        garble(at + i);
      }
    }
    return {};
  }

  [[nodiscard]] status read(std::uint32_t at, std::span<std::byte> out) noexcept {
    ++counts_.reads;
    if (at > size() || out.size() > size() - at) {
      return violation();
    }
    if (off_ || happens(faults.read_errors)) {
      return failed();
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = bytes_[at + i];
    }
    return {};
  }

  /// The power goes during the n-th change from now (0: the next one), each unit and each erase being one: it is done in part, and
  /// nothing works until `power_cut`.
  void power_fails_after(std::uint64_t n) noexcept { left_ = n; }
  [[nodiscard]] bool off() const noexcept { return off_; }
  /// The power goes, and is back.
  void power_cut() noexcept {
    left_ = never;
    off_ = false;
  }

  /// Turns one bit over, in either direction.
  void flip(std::uint64_t bit) noexcept {
    if (bit / 8 < bytes_.size()) {
      bytes_[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::byte>(1U << (bit % 8));
    }
  }
  /// From now on nothing can be written to the sector.
  void wear_out(std::uint32_t sector) noexcept { broken_[sector] = true; }

  [[nodiscard]] std::uint32_t wear(std::uint32_t sector) const noexcept { return wear_[sector]; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] const flash_counts& counts() const noexcept { return counts_; }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};

  using bits = std::array<std::byte, std::size_t{Sectors} * EraseSize / 8>;

  [[nodiscard]] static bool is_set(const bits& of, std::size_t at) noexcept {
    return (std::to_integer<std::uint32_t>(of[at / 8]) >> (at % 8) & 1U) != 0;
  }
  static void set(bits& of, std::size_t at) noexcept { of[at / 8] |= static_cast<std::byte>(1U << (at % 8)); }
  [[nodiscard]] bool programmed(std::size_t at) const noexcept { return is_set(used_, at); }
  /// Which of the first units of a program that was cut short look as if it had never been.
  void hide(std::size_t at, std::size_t size) noexcept {
    for (std::size_t i = at; i < at + size; i += unit_) {
      for (std::size_t k = i; k < i + unit_; ++k) {
        if (bytes_[k] != std::byte{0xff}) {
          return;
        }
      }
      for (std::size_t k = i; k < i + unit_ && programmed(i); ++k) {
        set(blind_, k);
      }
    }
  }
  /// A unit that was begun before, and has been programmed now.
  void garble(std::size_t at) noexcept {
    ++counts_.blind;
    for (std::size_t k = at; k < at + unit_; ++k) {
      blind_[k / 8] &= static_cast<std::byte>(~(1U << (k % 8)));
      bytes_[k] &= random_() % 2 == 0 ? std::byte{0xff} : static_cast<std::byte>(random_());
    }
  }
  [[nodiscard]] bool worn(std::uint32_t sector) const noexcept {
    return broken_[sector] || (faults.endurance != 0 && wear_[sector] > faults.endurance);
  }
  [[nodiscard]] bool happens(std::uint32_t of_65536) noexcept { return of_65536 != 0 && random_() % 65536 < of_65536; }
  [[nodiscard]] bool goes_off() noexcept {
    off_ = left_ == 0;
    left_ -= left_ == never ? 0U : 1U;
    return off_;
  }
  [[nodiscard]] errc failed() noexcept {
    ++counts_.failed;
    return errc::io;
  }
  [[nodiscard]] errc violation() noexcept {
    ++counts_.violations;
    return errc::invalid;
  }
  void fill(std::uint32_t sector, std::byte with) noexcept {
    for (std::size_t i = std::size_t{sector} * EraseSize; i < std::size_t{sector + 1} * EraseSize; ++i) {
      bytes_[i] = with;
      used_[i / 8] = blind_[i / 8] = std::byte{0};
    }
  }
  /// Its units count as programmed: only another erase makes them fit for use.
  void leave_halfway(std::uint32_t sector) noexcept {
    const std::size_t begin = std::size_t{sector} * EraseSize;
    const std::uint64_t how = random_() % 5;
    if (how == 3 || how == 4) {
      fill(sector, std::byte{0xff});
    }
    for (std::size_t i = begin; i < begin + EraseSize; ++i) {
      if (how == 2) {
        bytes_[i] = static_cast<std::byte>(random_());
      }
      used_[i / 8] = std::byte{0xff};
      blind_[i / 8] = std::byte{0};
    }
    for (int i = 0; i < 8 && (how == 1 || how == 3); ++i) {  // 0: as it was, 4: looks erased
      bytes_[begin + random_() % EraseSize] ^= static_cast<std::byte>(1U << (random_() % 8));
    }
  }

  splitmix64 random_;
  std::uint32_t unit_;
  bool off_ = false;
  std::uint64_t left_ = never;
  flash_counts counts_{};
  std::array<std::uint32_t, Sectors> wear_{};
  std::array<bool, Sectors> broken_{};
  std::array<std::byte, std::size_t{Sectors} * EraseSize> bytes_{};
  bits used_{};
  bits blind_{};  // of these: begun by a program that a cut ended, and looking erased
};

/// 64 KiB in 16 sectors.
using faulty_flash = basic_faulty_flash<16>;

}  // namespace skerry::inline v0::testing
