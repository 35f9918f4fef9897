// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/policy.hpp>

#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// How the one writer of a value numbers what it writes.
struct writer_mark {
  std::uint32_t generation = 0;  ///< of the writer's life
  std::uint32_t nonce = 0;       ///< tells two lives of one generation apart
  std::uint64_t sequence = 0;

  /// By generation, sequence, nonce.
  friend constexpr auto operator<=>(const writer_mark& a, const writer_mark& b) noexcept {
    if (a.generation != b.generation) {
      return a.generation <=> b.generation;
    }
    return a.sequence != b.sequence ? a.sequence <=> b.sequence : a.nonce <=> b.nonce;
  }
  friend constexpr bool operator==(const writer_mark&, const writer_mark&) noexcept = default;
};

/// A value of one writer below this node, such as a sensor's reading, relayed under the events of whoever hears it.
///
/// The upper tiers see one actor per gateway and not one per device. A device that roams between gateways is settled by its own
/// numbers: the greatest (generation, sequence, nonce, bytes) wins, whoever relayed it.
/// Read    the winner's value; `absent` when there is none
/// Errors  `relay`: `stale` when something greater is here already
/// Cost    one record per key
template <detail::storable T>
struct by_writer {
  using value_type = T;
  static constexpr std::uint8_t kind = kinds::by_writer;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;

  template <typename Edit>
  [[nodiscard]] static constexpr status relay(Edit& edit, const writer_mark& mark, const T& value) {
    bool stale = false;
    edit.records().for_each([&](const record_view& r) {
      const result<writer_mark> there = mark_of(r.payload);
      stale = stale || (there && !(there.value() < mark));
      edit.supersede(r);
    });
    return stale ? status{errc::stale} : edit.put([&](byte_writer& out) {
      out.varint(mark.generation);
      out.varint(mark.sequence);
      out.u32(mark.nonce);
      return detail::encode_value(out, value);
    });
  }

  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    verdict v;
    records.for_each([&v](const record_view& r) {
      if (v.why == why::nothing) {
        v = {r, why::only_one};
        return;
      }
      v.winner = obsolete(v.winner, r) ? r : v.winner;
      v.why = why::later_row;
    });
    return v;
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<T> read(const Records& records) {
    const verdict v = judge(records);
    return v.why == why::nothing ? result<T>{errc::absent} : value_of(v.winner.payload);
  }
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    const result<writer_mark> a = mark_of(r.payload);
    const result<writer_mark> b = mark_of(by.payload);
    if (!a || !b) {
      return false;
    }
    if (a.value() != b.value()) {
      return a.value() < b.value();
    }
    const int order = detail::compare_bytes(r.payload, by.payload);
    return order < 0 || (order == 0 && (r.who < by.who || (r.who == by.who && r.n < by.n)));
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) {
    byte_reader in{payload};
    (void)read_mark(in);
    return in.error() == errc::ok && detail::is_canonical<T, greatest_payload>(in.remaining());
  }
  /// The writer's own numbers of a record.
  [[nodiscard]] static constexpr result<writer_mark> mark_of(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    const writer_mark m = read_mark(in);
    return in.error() == errc::ok ? result<writer_mark>{m} : result<writer_mark>{in.error()};
  }

 private:
  [[nodiscard]] static constexpr writer_mark read_mark(byte_reader& in) noexcept {
    writer_mark m;
    const std::uint64_t generation = in.varint();
    if (generation > UINT32_MAX) {
      in.fail(errc::corrupt);
    }
    m.generation = static_cast<std::uint32_t>(generation);
    m.sequence = in.varint();
    m.nonce = in.u32();
    return m;
  }
  [[nodiscard]] static constexpr result<T> value_of(std::span<const std::byte> payload) {
    byte_reader in{payload};
    (void)read_mark(in);
    return in.error() == errc::ok ? detail::read_value<T>(in.remaining()) : result<T>{in.error()};
  }
};

}  // namespace skerry::inline v0::state
