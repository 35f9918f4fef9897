// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/image_fields.hpp>
#include <skerry/anomaly/detail/monitor_settings.hpp>
#include <skerry/anomaly/detail/row_judges.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/anomaly/refit_gate.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

// A monitor as bytes, version 2, little-endian, no padding:
//
//   `SKMO`, u8 version, then as u32: bytes of a code, columns, lags, trees, sample, history, warm-up, fold, held, quarantine, memory,
//   follow, block, row visits, judge slice, pivots, guard percent settings, clock, counters, alarms, charts, shingle, latches, gate, rows,
//   then, once trained, the drift gate and the reference; the candidate at work u32 CRC-32C of all before it
//
// The model of known failures is no part of it, nor the kind of clock.
namespace skerry::inline v0::anomaly::detail {

inline constexpr std::array<std::byte, 4> monitor_magic{std::byte{'S'}, std::byte{'K'}, std::byte{'M'}, std::byte{'O'}};
inline constexpr std::uint8_t monitor_version = 2;

/// Reads and writes what is inside a monitor, which names it a friend.
struct monitor_image {
  template <typename Config>
  static constexpr std::array<std::uint32_t, 17> sizes(std::size_t features) noexcept {
    const auto n = [](auto v) { return static_cast<std::uint32_t>(v); };
    return {n(sizeof(typename Config::code)),
            n(features),
            n(Config::lags),
            n(Config::trees),
            n(Config::sample),
            n(Config::history),
            n(Config::warm_up),
            n(Config::fold),
            n(Config::held),
            n(Config::quarantine),
            n(Config::memory),
            n(Config::follow),
            n(Config::block),
            n(Config::row_visits),
            n(Config::judge_slice),
            n(Config::pivots),
            n(Config::guard_percent)};
  }

  template <typename Monitor>
  static status write(const Monitor& m, byte_writer& out) noexcept {
    const std::size_t begin = out.written().size();
    field_writer put{out};
    out.bytes(monitor_magic);
    out.u8(monitor_version);
    put(sizes<typename Monitor::config_type>(Monitor::features));
    settings(m.config_, put);
    std::remove_cvref_t<decltype(m.clock_)>::fields(m.clock_, put);
    m.counters_.for_each([&out](std::string_view, std::uint64_t n) { out.u64(n); });
    numbers(m, put);
    decltype(m.novel_)::fields(m.novel_, put);
    decltype(m.known_alarm_)::fields(m.known_alarm_, put);
    decltype(m.charts_)::fields(m.charts_, put);
    decltype(m.shingle_)::fields(m.shingle_, put);
    row_judges::fields(m.judges_, put);
    alarm_latch::fields(m.known_.latch(), put);
    refit_gate::fields(m.gate_, put);
    m.rows_.write(out);
    if (m.trained_) {
      write_scores(out, m.drift_);
      m.models_[m.current_].write(out);
      m.apprentice_.write(out, m.models_[1 - m.current_]);
    }
    if (out.error() == errc::ok) {
      out.u32(crc32c(out.written().subspan(begin)));
    }
    return out.error();
  }

  /// Looks at everything before it touches the object.
  template <typename Monitor>
  static status read(Monitor& m, byte_reader& in) noexcept {
    const auto image = in.remaining();
    if (image.size() < 4 + 1 + 4) {
      return refuse(in, errc::truncated);
    }
    if (!std::equal(monitor_magic.begin(), monitor_magic.end(), image.begin())) {
      return refuse(in, errc::corrupt);
    }
    const auto body = image.first(image.size() - 4);
    byte_reader sum{image.last(4)};
    if (image[4] != std::byte{monitor_version}) {
      return refuse(in, errc::unsupported);
    }
    if (sum.u32() != crc32c(body)) {
      return refuse(in, errc::corrupt);
    }
    for (const bool keep : {false, true}) {
      byte_reader parts{body.subspan(5)};
      parse(m, parts, keep);
      const status looked = parts.finish();
      SKERRY_ASSERT((looked || !keep) && "what was looked at can be taken");
      if (!looked) {
        return refuse(in, looked.error());
      }
    }
    (void)in.bytes(image.size());
    return {};
  }

 private:
  static status refuse(byte_reader& in, errc why) noexcept {
    in.fail(why);
    return why;
  }

  template <typename Settings, typename F>
  static void settings(Settings& c, F&& f) noexcept {
    f(c.seed);
    f(c.alarms_per_day);
    f(c.rows_per_day);
    f(c.known_threshold);
    f(c.max_gap_ms);
    f(c.horizon);
    f(c.latch.k);
    f(c.latch.n);
    f(c.latch.m);
  }
  template <typename Monitor, typename F>
  static void numbers(Monitor& m, F&& f) noexcept {
    f(m.rows_per_day_);
    f(m.warm_up_us_);
    f(m.warm_up_steps_);
    f(m.serial_);
    f(m.epoch_);
    f(m.alarms_);
    f(m.current_);
    f(m.trained_);
  }
  // The plain numbers of a monitor, to be looked at before they are taken.
  struct plain {
    double rows_per_day_ = 0;
    std::int64_t warm_up_us_ = 0;
    std::uint64_t warm_up_steps_ = 0, serial_ = 0, epoch_ = 0;
    std::uint32_t alarms_ = 0, current_ = 0;
    bool trained_ = false;
    [[nodiscard]] bool sound() const noexcept {
      return rows_per_day_ >= 0 && rows_per_day_ - rows_per_day_ == 0 && (!trained_ || rows_per_day_ > 0) && warm_up_us_ >= 0 &&
             current_ <= 1;
    }
  };

  template <typename Monitor>
  static void parse(Monitor& m, byte_reader& in, bool keep) noexcept {
    using config_type = typename Monitor::config_type;
    field_reader get{in};
    auto found = sizes<config_type>(Monitor::features);
    get(found);
    if (in.error() == errc::ok && found != sizes<config_type>(Monitor::features)) {
      in.fail(errc::mismatch);
    }
    monitor_config config{};
    settings(config, get);
    if (in.error() == errc::ok && !possible_settings(config)) {
      in.fail(errc::corrupt);
    }
    if (in.error() != errc::ok) {
      return;
    }
    if (keep) {
      m.settle(config);  // charts and latches of these settings
    }
    read_sound(in, m.clock_, keep);
    monitor_counters counters{};
    counters.read([&in] { return in.u64(); });
    plain p{};
    numbers(p, get);
    if (in.error() == errc::ok && !p.sound()) {
      in.fail(errc::corrupt);
    }
    if (in.error() != errc::ok) {
      return;
    }
    if (keep) {
      m.counters_ = counters;
      m.rows_per_day_ = p.rows_per_day_;
      m.warm_up_us_ = p.warm_up_us_;
      m.warm_up_steps_ = p.warm_up_steps_;
      m.serial_ = p.serial_;
      m.epoch_ = p.epoch_;
      m.alarms_ = p.alarms_;
      m.current_ = p.current_;
      m.trained_ = p.trained_;
      m.created_ = true;
    }
    read_sound(in, m.novel_, keep);
    read_sound(in, m.known_alarm_, keep);
    auto charts = typename Monitor::charts_type{config};
    read_into(in, charts, m.charts_, keep);
    read_sound(in, m.shingle_, keep);
    row_judges judges{config.latch, config_type::lags};
    read_into(in, judges, m.judges_, keep);
    alarm_latch known = latch_of_known(config);
    read_sound(in, known, true);
    if (keep) {
      m.known_.set_latch(known);
    }
    refit_gate gate = gate_of(config, p.rows_per_day_);
    read_into(in, gate, m.gate_, keep);
    decltype(m.rows_)::read(in, keep ? &m.rows_ : nullptr);
    if (!p.trained_ || in.error() != errc::ok) {
      if (keep) {
        m.apprentice_.abandon();
      }
      return;
    }
    byte_reader drift = in.sub_reader(in.u32());
    const auto read_drift = decltype(m.drift_)::decode(drift);
    if (!read_drift) {
      in.fail(read_drift.error());
      return;
    }
    if (keep) {
      m.drift_ = read_drift.value();
    }
    // Only looking: either of the two will do.
    m.models_[p.current_].read(in, keep);
    if (keep) {
      m.judges_.set_levels(m.models_[p.current_].levels(), m.models_[p.current_].judges());
    }
    const auto wanted = budgets_of(config, p.rows_per_day_);
    m.apprentice_.read(in, keep, m.models_[1 - p.current_], m.rows_.history(), m.rows_.held(), wanted);
  }

  template <typename T>
  static void read_into(byte_reader& in, T& fresh, T& object, bool keep) noexcept {
    read_sound(in, fresh, true);
    if (keep) {
      object = fresh;
    }
  }
};

}  // namespace skerry::inline v0::anomaly::detail
