// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sensor_node.hpp"

// The program of the sensor: its one node, its interrupt, its loop.
namespace firmware {

/// After power-on or a watchdog's reset: all memory but the queue of samples begins anew.
skerry::status boot(std::uint64_t boots);
/// Takes samples until a window is complete, sleeping where there is none, and turns the loop once.
void run_window();
/// Samples that were taken since power-on.
std::uint32_t samples_taken();
[[nodiscard]] const sensor::node& node();

inline constexpr std::size_t queue_length = 256;

}  // namespace firmware
