// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "vectors/vector_suite.hpp"

#include <cstddef>
#include <vector>

namespace stats_test {

/// One image of a sketch manifest, by family: reads it, asks it, writes it again, and makes the same sketch here.
void run_hll(skerry_test::suite_report& report, const nlohmann::json& f, const std::vector<std::byte>& bytes);
void run_theta(skerry_test::suite_report& report, const nlohmann::json& f, const std::vector<std::byte>& bytes);
void run_tdigest(skerry_test::suite_report& report, const nlohmann::json& f, const std::vector<std::byte>& bytes);
void run_frequent(skerry_test::suite_report& report, const nlohmann::json& f, const std::vector<std::byte>& bytes);

}  // namespace stats_test
