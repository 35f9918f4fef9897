// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

namespace skerry::inline v0::delivery::detail {

/// A config that many objects share: by a pointer, or, where it is `Fixed` while compiling, by nothing.
template <typename Config, const Config* Fixed>
class shared_config {
 public:
  [[nodiscard]] static constexpr const Config& get() noexcept { return *Fixed; }
};

template <typename Config, const Config* Fixed>
requires(Fixed == nullptr) class shared_config<Config, Fixed> {
 public:
  explicit constexpr shared_config(const Config& config) noexcept : config_{&config} {}
  [[nodiscard]] constexpr const Config& get() const noexcept { return *config_; }

 private:
  const Config* config_;
};

}  // namespace skerry::inline v0::delivery::detail
