// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/plant_schema.hpp"
#include "sim/planted.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry_sim {

using skerry::byte_reader;
using skerry::byte_writer;
using skerry::errc;
using skerry::result;
using skerry::status;

/// A policy of the library, and with a defect planted, the policy that somebody could have written instead.
template <typename Policy>
struct with_defect : Policy {};

template <typename T>
struct with_defect<state::lww<T>> : state::lww<T> {
  using whole = state::lww<T>;
  template <typename Records>
  [[nodiscard]] static constexpr result<T> read(const Records& records) {
    if (!on(defect::lww_keep_mine_on_tie) && !on(defect::scalar_version_max)) {
      return whole::read(records);
    }
    state::record_view best{};
    bool any = false;
    records.for_each([&](const state::record_view& r) {
      // The list begins with what came last, so what was there first stays on a tie.
      const bool better = on(defect::scalar_version_max) ? best.n < r.n || (best.n == r.n && best.who < r.who) : best.at <= r.at;
      best = !any || better ? r : best;
      any = true;
    });
    return any ? state::detail::read_value<T>(best.payload) : result<T>{errc::absent};
  }
  [[nodiscard]] static constexpr bool obsolete(const state::record_view& r, const state::record_view& by) noexcept {
    return !on(defect::losers_kept) && whole::obsolete(r, by);
  }
};

template <>
struct with_defect<state::pn_counter> : state::pn_counter {
  template <typename Records>
  [[nodiscard]] static constexpr result<std::int64_t> read(const Records& records) noexcept {
    if (!on(defect::counter_wraps)) {
      return state::pn_counter::read(records);
    }
    std::uint64_t sum = 0;
    records.for_each([&sum](const state::record_view& r) {
      const auto row = decode(r.payload);
      sum += row ? row.value().plus - row.value().minus : 0;
    });
    return static_cast<std::int64_t>(sum);
  }
};

template <>
struct with_defect<state::reset_counter> : state::reset_counter {
  template <typename Edit>
  [[nodiscard]] static constexpr status reset(Edit& edit) {
    if (on(defect::reset_by_dot_replacement)) {
      edit.supersede_all();
      return {};
    }
    return state::reset_counter::reset(edit);
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<std::int64_t> read(const Records& records) noexcept {
    bool any = false;
    records.for_each([&any](const state::record_view& r) { any = any || r.payload[0] == std::byte{1}; });
    return on(defect::reset_wins) && any ? result<std::int64_t>{std::int64_t{0}} : state::reset_counter::read(records);
  }
};

template <typename T>
struct with_defect<state::mean_of<T>> : state::mean_of<T> {
  template <typename Records>
  [[nodiscard]] static constexpr result<double> read(const Records& records) {
    if (!on(defect::pairwise_mean)) {
      return state::mean_of<T>::read(records);
    }
    double mean = 0;
    bool any = false;
    state::contribution_rows<T, Records>{records}.for_each([&](const auto& row) {
      mean = any ? (mean + static_cast<double>(row.value)) / 2 : static_cast<double>(row.value);
      any = true;
    });
    return any ? result<double>{mean} : result<double>{errc::absent};
  }
};

template <typename T>
struct with_defect<state::by_writer<T>> : state::by_writer<T> {
  template <typename Edit>
  [[nodiscard]] static constexpr status relay(Edit& edit, const state::writer_mark& mark, const T& value) {
    if (!on(defect::redot_forgets_seq)) {
      return state::by_writer<T>::relay(edit, mark, value);
    }
    edit.records().for_each([&edit](const state::record_view& r) { edit.supersede(r); });
    return edit.put([&](byte_writer& out) {  // the gateway's own number in the place of the sensor's
      out.varint(1);
      out.varint(edit.number());
      out.u32(0);
      return state::detail::encode_value(out, value);
    });
  }
};

/// For `plant<…>`: every policy may have its defect.
struct as_planted {
  template <typename Policy>
  using use = with_defect<Policy>;
};

}  // namespace skerry_sim
