// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/inplace_vector.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// One life of a queue: how often its past was in doubt, and a number drawn at random.
struct op_epoch {
  std::uint32_t generation = 0;
  std::uint32_t nonce = 0;
  friend constexpr auto operator<=>(const op_epoch&, const op_epoch&) noexcept = default;
};

/// The name of an operation among those of its origin; they are applied in this order. Number 0 means none.
struct op_mark {
  op_epoch epoch{};
  std::uint64_t seq = 0;
  friend constexpr auto operator<=>(const op_mark&, const op_mark&) noexcept = default;
};

/// An operation as it travels. Key and bytes belong to the buffer that it was read from.
struct operation {
  std::uint64_t origin = 0;
  op_mark id{};
  op_mark after{};  ///< the one that the server must have applied before; number 0 for none
  std::uint8_t importance = 1;
  wall_ms expires{};
  std::span<const std::byte> key{};
  std::span<const std::byte> bytes{};
};

constexpr void write_mark(byte_writer& out, const op_mark& m) noexcept {
  out.varint(m.epoch.generation);
  out.u32(m.epoch.nonce);
  out.varint(m.seq);
}
[[nodiscard]] constexpr op_mark read_mark(byte_reader& in) noexcept {
  op_mark m;
  const std::uint64_t generation = in.varint();
  if (generation > UINT32_MAX) {
    in.fail(errc::corrupt);
  }
  m.epoch.generation = static_cast<std::uint32_t>(generation);
  m.epoch.nonce = in.u32();
  m.seq = in.varint();
  return m;
}

/// origin (8 bytes) · id · after · importance · expires · length · key · length · bytes; a mark is generation · nonce (4 bytes) · number.
constexpr void write_operation(byte_writer& out, const operation& op) noexcept {
  out.u64(op.origin);
  write_mark(out, op.id);
  write_mark(out, op.after);
  out.u8(op.importance);
  out.varint(op.expires.value);
  out.varint(op.key.size());
  out.bytes(op.key);
  out.varint(op.bytes.size());
  out.bytes(op.bytes);
}

/// Calls `f(operation)` for each of a batch. `corrupt` or `truncated` where it is damaged; those before were handed out.
///
/// Cost  O(bytes), no memory
template <typename F>
[[nodiscard]] constexpr status read_operations(std::span<const std::byte> batch, F&& f) {
  byte_reader in{batch};
  while (!in.remaining().empty()) {
    operation op;
    op.origin = in.u64();
    op.id = read_mark(in);
    op.after = read_mark(in);
    op.importance = in.u8();
    op.expires.value = in.varint();
    op.key = in.bytes(in.count(1));
    op.bytes = in.bytes(in.count(1));
    if (in.error() == errc::ok && (op.id.seq == 0 || op.importance > 3 || (op.after.seq != 0 && !(op.after < op.id)))) {
      in.fail(errc::corrupt);
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    f(op);
  }
  return {};
}

/// What a server has applied of each origin: so that every operation has one effect, in order.
///
/// `judge` before the effect, `applied` with it (in one transaction, where the server has them). A ledger that was restored with the
/// server's data answers `gap` to what comes too early.
/// Cost    24 bytes per origin; O(origins)
template <std::size_t Origins>
class op_ledger {
 public:
  struct entry {
    std::uint64_t origin = 0;
    op_mark upto{};
    friend constexpr bool operator==(const entry&, const entry&) noexcept = default;
  };

  /// `ok`: apply it. `stale`: it was applied, acknowledge `upto` again. `gap`: `after` is missing, ask for it. `mismatch`: another
  /// queue lives, or lived before this operation, under the same origin and generation. `full`: one origin too many.
  [[nodiscard]] constexpr status judge(const operation& op) const noexcept {
    const op_mark done = upto(op.origin);
    const auto twin = [&done](const op_epoch& e) { return e.generation == done.epoch.generation && e.nonce != done.epoch.nonce; };
    if (done.seq != 0 && (twin(op.id.epoch) || (op.after.seq != 0 && twin(op.after.epoch)))) {
      return errc::mismatch;
    }
    if (!(done < op.id)) {
      return errc::stale;
    }
    if (op.after.seq != 0 && done < op.after) {
      return errc::gap;
    }
    return done.seq == 0 && entries_.size() == Origins ? status{errc::full} : status{};
  }
  /// The operation has had its effect.
  [[nodiscard]] constexpr status applied(const operation& op) noexcept {
    if (const status s = judge(op); !s) {
      return s;
    }
    for (entry& e : entries_) {
      if (e.origin == op.origin) {
        e.upto = op.id;
        return {};
      }
    }
    return entries_.try_push_back(entry{op.origin, op.id});
  }
  /// The last operation applied of an origin: what acknowledges all up to it. Number 0 for none.
  [[nodiscard]] constexpr op_mark upto(std::uint64_t origin) const noexcept {
    for (const entry& e : entries_) {
      if (e.origin == origin) {
        return e.upto;
      }
    }
    return {};
  }

 private:
  inplace_vector<entry, Origins> entries_{};
};

}  // namespace skerry::inline v0::state
