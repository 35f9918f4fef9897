// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

namespace skerry::inline v0::delivery::detail {

/// Is there a config that is known while compiling? Asked of the types: GCC compares no address of a template's own object with null where
/// it also looks for null pointers (-fsanitize=undefined).
template <typename Config, const Config* Fixed>
struct fixed_at;
template <typename Config, const Config* Fixed>
inline constexpr bool is_fixed = !std::is_same_v<fixed_at<Config, Fixed>, fixed_at<Config, nullptr>>;

/// A config that many objects share: by a pointer, or, where it is `Fixed` while compiling, by nothing.
template <typename Config, const Config* Fixed>
class shared_config {
 public:
  constexpr shared_config() noexcept = default;
  explicit constexpr shared_config(const Config&) noexcept {}
  [[nodiscard]] static constexpr const Config& get() noexcept { return *Fixed; }
};

template <typename Config, const Config* Fixed>
requires(!is_fixed<Config, Fixed>) class alignas(4) shared_config<Config, Fixed> {
 public:
  explicit constexpr shared_config(const Config& config) noexcept : config_{&config} {}
  [[nodiscard]] constexpr const Config& get() const noexcept { return *config_; }

 private:
  [[gnu::packed]] const Config* config_;  // between members of four bytes it leaves no gap
};

/// A config that its only user keeps itself, under the name `config_`; or, where it is `Fixed` while compiling, that takes no room.
template <typename Config, const Config* Fixed>
class kept_config {
 protected:
  explicit constexpr kept_config(const Config&) noexcept {}
  static constexpr Config config_ = *Fixed;
};

template <typename Config, const Config* Fixed>
requires(!is_fixed<Config, Fixed>) class kept_config<Config, Fixed> {
 protected:
  explicit constexpr kept_config(const Config& config) noexcept : config_{config} {}
  Config config_;
};

}  // namespace skerry::inline v0::delivery::detail
