// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loader of a manifest of sketch images that other software has written. KLL is here, other families have files of their own.
#include <skerry/core/hash.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/stats/kll.hpp>

#include "stats/sketch_families.hpp"
#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using nlohmann::json;
using skerry::stats::criterion;
using skerry::stats::kll;
using image = std::vector<std::byte>;

image bytes_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    throw std::runtime_error{"not readable: " + path.string()};
  }
  const std::vector<char> chars{std::istreambuf_iterator<char>{in}, {}};
  image out(chars.size());
  std::transform(chars.begin(), chars.end(), out.begin(), [](char c) { return static_cast<std::byte>(c); });
  return out;
}

template <typename T>
void append_stream(std::vector<T>& out, const json& stream) {
  const auto kind = stream.at("kind").get<std::string>();
  std::uint64_t state = stream.at("seed").get<std::uint64_t>();
  const auto n = stream.at("n").get<std::uint64_t>();
  for (std::uint64_t i = 1; i <= n; ++i) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t x = state;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    x ^= x >> 31;
    const double u = static_cast<double>(x >> 11) * 0x1p-53;
    double v = 0;
    if (kind == "count") {
      v = static_cast<double>(i);
    } else if (kind == "uniform") {
      v = u;
    } else if (kind == "pareto") {
      v = 1 / (1 - u);
    } else if (kind == "bimodal") {
      v = (x & 1) != 0 ? 100 + u : u;
    } else if (kind == "step8") {
      v = static_cast<double>(x >> 11 & 7);
    } else {
      throw std::invalid_argument{"unknown kind of stream " + kind};
    }
    out.push_back(static_cast<T>(v));
  }
}

/// Counts the ranks at which a sketch lies further from the stream than it says.
template <typename S, typename T>
int ranks_missed(const S& sketch, const std::vector<T>& sorted) {
  int missed = 0;
  for (int percent = 1; percent < 100; ++percent) {
    const double r = percent / 100.0;
    const T x = sketch.quantile(r).value();
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), x) - sorted.begin();
    const auto through = std::upper_bound(sorted.begin(), sorted.end(), x) - sorted.begin();
    const auto n = static_cast<double>(sorted.size());
    const double distance = std::max({0.0, static_cast<double>(below) / n - r, r - static_cast<double>(through) / n});
    missed += distance > sketch.rank_error() ? 1 : 0;
  }
  return missed;
}

template <typename T, std::uint16_t K>
void run_kll(skerry_test::suite_report& report, const json& f, const image& bytes) {
  skerry_test::suite_report::checks checks{report, f.at("file").get<std::string>()};
  const auto read = skerry::decode_all<kll<T, K>>(bytes, std::uint64_t{1});
  if (f.contains("damaged")) {
    checks.held("refused", !read, "an error", "accepted");
    return;
  }
  if (!checks.held("read", static_cast<bool>(read), "a sketch", skerry::to_string(read.error()))) {
    return;
  }
  const kll<T, K>& s = read.value();
  checks.equal("k", f.at("k").get<unsigned>(), unsigned{K});
  checks.equal("n", f.at("n").get<std::uint64_t>(), s.count());
  checks.equal("retained", f.at("retained").get<std::size_t>(), s.retained());
  checks.near("rank error", f.at("rank_error").get<double>(), s.rank_error(), 1e-12, 0);
  checks.near("rank error of the whole", f.at("rank_error_pmf").get<double>(), s.cdf_error(), 1e-12, 0);
  image again(kll<T, K>::max_encoded_size);
  skerry::byte_writer out{again};
  checks.held("written", static_cast<bool>(s.encode(out)), "ok", skerry::to_string(out.error()));
  again.resize(out.written().size());
  checks.held("the same bytes when written again", again == bytes, "equal", "different");
  if (s.count() == 0) {
    return;
  }
  checks.equal("min", f.at("min").get<double>(), static_cast<double>(s.min().value()));
  checks.equal("max", f.at("max").get<double>(), static_cast<double>(s.max().value()));
  std::uint64_t weights = 0;
  double sum = 0;
  s.for_each([&](T item, std::uint64_t weight) {
    weights += weight;
    sum += static_cast<double>(weight) * static_cast<double>(item);
  });
  checks.equal("sum of weights", f.at("sum_weights").get<std::uint64_t>(), weights);
  checks.near("sum of weights times items", f.at("sum_weight_times_item").get<double>(), sum, 0, 1e-9);
  const auto& ranks = f.at("ranks");
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const double r = ranks[i].get<double>();
    checks.equal(fmt::format("quantile {}", r), f.at("quantiles_inclusive")[i].get<double>(), static_cast<double>(s.quantile(r).value()));
    checks.equal(fmt::format("exclusive quantile {}", r), f.at("quantiles_exclusive")[i].get<double>(),
                 static_cast<double>(s.quantile(r, criterion::exclusive).value()));
  }
  const auto& points = f.at("rank_points");
  for (std::size_t i = 0; i < points.size(); ++i) {
    const T x = static_cast<T>(points[i].get<double>());
    checks.near("rank", f.at("ranks_inclusive")[i].get<double>(), s.rank(x).value(), 1e-15, 0);
    checks.near("exclusive rank", f.at("ranks_exclusive")[i].get<double>(), s.rank(x, criterion::exclusive).value(), 1e-15, 0);
  }
  std::vector<T> values;
  if (f.contains("stream")) {
    append_stream(values, f.at("stream"));
  } else {
    for (const json& stream : f.at("merged_from")) {
      append_stream(values, stream);
    }
  }
  kll<T, K> own{7};
  checks.equal("values taken", values.size(), own.observe(values));
  std::sort(values.begin(), values.end());
  if (f.contains("exact_ranks")) {
    for (std::size_t i = 0; i < f.at("exact_ranks").size(); ++i) {
      const double r = f.at("exact_ranks")[i].get<double>();
      const auto at = static_cast<std::size_t>(std::max(1.0, std::ceil(r * static_cast<double>(values.size())))) - 1;
      checks.equal(fmt::format("exact quantile {}", r), f.at("exact_quantiles_inclusive")[i].get<double>(),
                   static_cast<double>(values[at]));
    }
  }
  // One rank is within the error with 99 %, so of 99 neighbouring ranks a few may miss it in the same place.
  checks.held("ranks of the image within its error", ranks_missed(s, values) <= 5, "at most 5 missed", "more");
  checks.held("ranks of a sketch made here within its error", ranks_missed(own, values) <= 5, "at most 5 missed", "more");
  checks.equal("min of a sketch made here", f.at("min").get<double>(), static_cast<double>(own.quantile(0).value()));
  checks.equal("max of a sketch made here", f.at("max").get<double>(), static_cast<double>(own.quantile(1).value()));
}

template <typename T>
void run_kll(skerry_test::suite_report& report, const json& f, const image& bytes) {
  // K is a type here; what a damaged image claims does not matter.
  const unsigned k = bytes.size() >= 6 ? std::to_integer<unsigned>(bytes[4]) | std::to_integer<unsigned>(bytes[5]) << 8 : 0;
  switch (f.contains("k") ? f.at("k").get<unsigned>() : k) {
    case 8: return run_kll<T, 8>(report, f, bytes);
    case 16: return run_kll<T, 16>(report, f, bytes);
    case 20: return run_kll<T, 20>(report, f, bytes);
    case 32: return run_kll<T, 32>(report, f, bytes);
    case 50: return run_kll<T, 50>(report, f, bytes);
    case 64: return run_kll<T, 64>(report, f, bytes);
    case 100: return run_kll<T, 100>(report, f, bytes);
    case 128: return run_kll<T, 128>(report, f, bytes);
    case 256: return run_kll<T, 256>(report, f, bytes);
    case 300: return run_kll<T, 300>(report, f, bytes);
    case 400: return run_kll<T, 400>(report, f, bytes);
    case 500: return run_kll<T, 500>(report, f, bytes);
    case 800: return run_kll<T, 800>(report, f, bytes);
    case 1000: return run_kll<T, 1000>(report, f, bytes);
    default: return run_kll<T, 200>(report, f, bytes);
  }
}

void run(const json& file, const std::filesystem::path& path, skerry_test::suite_report& report) {
  for (const json& h : file.at("murmur3_x64_128")) {
    const auto hex = h.at("key_hex").get<std::string>();
    skerry_test::suite_report::checks checks{report, "hash of " + hex};
    image key;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      key.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    }
    const auto got = skerry::murmur3_x64_128(key, h.at("seed").get<std::uint64_t>());
    checks.equal("h1", h.at("h1").get<std::string>(), std::to_string(got.h1));
    checks.equal("h2", h.at("h2").get<std::string>(), std::to_string(got.h2));
    const auto zeros = static_cast<std::uint64_t>(std::min(std::countl_zero(got.h2), 62));
    checks.equal("coupon", h.at("hll_coupon").get<std::uint64_t>(), (zeros + 1) << 26 | (got.h1 & 0x3FFFFFF));
  }
  for (const json& f : file.at("files")) {
    const auto name = f.at("file").get<std::string>();
    const auto family = f.at("family").get<std::string>();
    const image bytes = bytes_of(path.parent_path() / name);
    if (family == "kll_float") {
      run_kll<float>(report, f, bytes);
    } else if (family == "kll_double") {
      run_kll<double>(report, f, bytes);
    } else if (family.starts_with("hll")) {
      stats_test::run_hll(report, f, bytes);
    } else if (family == "theta") {
      stats_test::run_theta(report, f, bytes);
    } else if (family.starts_with("frequent")) {
      stats_test::run_frequent(report, f, bytes);
    } else if (family.starts_with("tdigest")) {
      stats_test::run_tdigest(report, f, bytes);
    } else {
      report.fail(name, "a known family", family);
    }
  }
}

const skerry_test::suite_registration sketches{"sketch manifest", &run};

}  // namespace
