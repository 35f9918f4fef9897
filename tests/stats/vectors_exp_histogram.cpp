// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/exp_histogram.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using skerry::stats::data_point_times;
using skerry::stats::exp_histogram;

template <typename H>
std::string hex_of(const H& h, data_point_times times) {
  std::array<std::byte, H::max_encoded_size> memory{};
  skerry::byte_writer out{memory};
  if (!h.encode_otlp(out, times)) {
    return "not written";
  }
  std::string hex;
  for (const std::byte b : out.written()) {
    hex += fmt::format("{:02x}", std::to_integer<unsigned>(b));
  }
  return hex;
}

std::vector<std::byte> bytes_of(const std::string& hex) {
  std::vector<std::byte> out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

/// The counts of one side from its least index on, and that index.
template <typename H>
std::pair<int, std::vector<std::uint64_t>> dense(const H& h, bool negative) {
  std::vector<std::pair<int, std::uint64_t>> held;
  const auto take = [&](std::int32_t index, std::uint64_t n) { held.emplace_back(index, n); };
  if (negative) {
    h.for_each_negative(take);
    std::reverse(held.begin(), held.end());
  } else {
    h.for_each_positive(take);
  }
  if (held.empty()) {
    return {0, {}};
  }
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(held.back().first - held.front().first) + 1);
  for (const auto& [index, n] : held) {
    counts[static_cast<std::size_t>(index - held.front().first)] = n;
  }
  return {held.front().first, counts};
}

template <typename H>
void check(skerry_test::suite_report::checks& checks, const json& c, const std::string& way, const H& h) {
  const json& e = c.at("expect");
  checks.equal("scale, " + way, e.at("scale").get<int>(), h.scale());
  checks.equal("count, " + way, e.at("count").get<std::uint64_t>(), h.count());
  checks.equal("zero count, " + way, e.at("zero_count").get<std::uint64_t>(), h.zero_count());
  checks.equal("min, " + way, e.at("min").get<double>(), h.min().value_or(0));
  checks.equal("max, " + way, e.at("max").get<double>(), h.max().value_or(0));
  for (const bool negative : {false, true}) {
    const auto [offset, counts] = dense(h, negative);
    const std::string side = negative ? "neg" : "pos";
    checks.equal(side + " offset, " + way, e.at(side + "_offset").get<int>(), offset);
    checks.equal(side + ", " + way, e.at(side).get<std::vector<std::uint64_t>>(), counts);
  }
  double scale = 0;
  for (const double x : c.at("values").get<std::vector<double>>()) {
    scale += std::fabs(x);
  }
  const double sum = h.sum().value_or(NAN);
  checks.held("sum, " + way, std::fabs(sum - e.at("sum").get<double>()) <= 1e-12 * scale, fmt::format("{:.17g}", e.at("sum").get<double>()),
              fmt::format("{:.17g}", sum));
  const data_point_times times{e.at("start").get<std::uint64_t>(), e.at("time").get<std::uint64_t>()};
  checks.equal("point, " + way, c.at("otlp_hex").get<std::string>(), hex_of(h, times));
}

template <std::size_t Buckets>
void run_histogram(skerry_test::suite_report::checks& checks, const json& c) {
  using histogram = exp_histogram<Buckets>;
  const int max_scale = c.at("max_scale").get<int>();
  const double threshold = c.at("expect").at("zero_threshold").get<double>();
  const auto xs = c.at("values").get<std::vector<double>>();
  histogram streamed{max_scale, threshold};
  for (const double x : xs) {
    checks.held("observe", static_cast<bool>(streamed.observe(x)), "ok", "refused");
  }
  check(checks, c, "one by one", streamed);
  histogram block{max_scale, threshold};
  checks.equal("accepted", xs.size(), block.observe(xs));
  check(checks, c, "in one block", block);

  std::vector<histogram> parts;
  std::size_t from = 0;
  auto cuts = c.at("parts").get<std::vector<std::size_t>>();
  cuts.push_back(xs.size());
  for (const std::size_t cut : cuts) {
    parts.emplace_back(max_scale, threshold);
    (void)parts.back().observe(std::span<const double>{xs}.subspan(from, cut - from));
    from = cut;
  }
  histogram forward{max_scale, threshold};
  for (const auto& p : parts) {
    forward.merge(p);
  }
  check(checks, c, "merged in order", forward);
  histogram backward{max_scale, threshold};
  for (auto p = parts.rbegin(); p != parts.rend(); ++p) {
    histogram left = *p;
    left.merge(backward);
    backward = left;
  }
  check(checks, c, "merged from the right", backward);

  const auto image = bytes_of(c.at("otlp_hex").get<std::string>());
  const auto read = skerry::decode_all<histogram>(image);
  if (!checks.held("decode", static_cast<bool>(read), "a histogram", skerry::to_string(read.error()))) {
    return;
  }
  const data_point_times times{c.at("expect").at("start").get<std::uint64_t>(), c.at("expect").at("time").get<std::uint64_t>()};
  checks.equal("the point read and written", c.at("otlp_hex").get<std::string>(), hex_of(read.value(), times));
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& group : file.at("index")) {
    const int scale = group.at("scale").get<int>();
    skerry_test::suite_report::checks checks{report, fmt::format("index at scale {}", scale)};
    for (const json& row : group.at("rows")) {
      const std::uint64_t bits = std::stoull(row.at(0).get<std::string>(), nullptr, 16);
      checks.equal(fmt::format("index of {:#018x}", bits), row.at(1).get<int>(), skerry::stats::detail::exp_index(bits, scale));
    }
  }
  for (const json& c : file.at("histograms")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    switch (c.at("max_buckets").get<std::size_t>()) {
      case 4: run_histogram<4>(checks, c); break;
      case 8: run_histogram<8>(checks, c); break;
      case 40: run_histogram<40>(checks, c); break;
      case 160: run_histogram<160>(checks, c); break;
      default: throw std::invalid_argument{"no histogram of this size is compiled here"};
    }
  }
  for (const json& c : file.at("error")) {
    const int scale = c.at("scale").get<int>();
    skerry_test::suite_report::checks checks{report, fmt::format("error at scale {}", scale)};
    const double expected = c.at("relative_error").get<double>();
    const double got = exp_histogram<>{scale}.relative_error();
    checks.held("relative error", std::fabs(got - expected) <= 1e-12 * expected, fmt::format("{:.17g}", expected),
                fmt::format("{:.17g}", got));
    checks.equal("scale for this error", scale, exp_histogram<>::scale_for(expected * (1 + 1e-12)));
  }
}

const skerry_test::suite_registration exp_histogram_suite{"stats.exp_histogram", &run};

}  // namespace
