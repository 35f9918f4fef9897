// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The t-digests of a sketch manifest.
#include <skerry/core/portable.hpp>
#include <skerry/core/random.hpp>
#include <skerry/stats/tdigest.hpp>

#include "stats/sketch_families.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace stats_test {
namespace {

using nlohmann::json;
using image = std::vector<std::byte>;
using skerry::stats::tdigest;

template <typename T>
std::vector<T> values_of(const json& stream) {
  const auto kind = stream.at("kind").get<std::string>();
  skerry::splitmix64 random{stream.at("seed").get<std::uint64_t>()};
  std::vector<T> out;
  for (std::uint64_t i = 1; i <= stream.at("n").get<std::uint64_t>(); ++i) {
    const std::uint64_t x = random();
    const double u = static_cast<double>(x >> 11) * 0x1p-53;
    if (kind == "count") {
      out.push_back(static_cast<T>(i));
    } else if (kind == "uniform") {
      out.push_back(static_cast<T>(u));
    } else if (kind == "pareto") {
      out.push_back(static_cast<T>(1 / (1 - u)));
    } else if (kind == "bimodal") {
      out.push_back(static_cast<T>((x & 1) != 0 ? 100 + u : u));
    } else if (kind == "step8") {
      out.push_back(static_cast<T>(x >> 11 & 7));
    } else {
      throw std::invalid_argument{"unknown kind of stream " + kind};
    }
  }
  return out;
}

template <typename T, std::uint16_t K>
void run(skerry_test::suite_report& report, const json& f, const image& bytes) {
  using digest = tdigest<T, K, 1024>;  // room for what the writer had waiting
  skerry_test::suite_report::checks checks{report, f.at("file").get<std::string>()};
  const auto read = skerry::decode_all<digest>(bytes);
  if (f.contains("damaged")) {
    checks.held("refused", !read, "an error", "accepted");
    return;
  }
  if (!checks.held("read", static_cast<bool>(read), "a digest", skerry::to_string(read.error()))) {
    return;
  }
  digest d = read.value();
  const bool with_buffer = f.at("with_buffer").get<bool>();
  checks.equal("k", f.at("k").get<unsigned>(), unsigned{K});
  checks.equal("n", f.at("n").get<std::uint64_t>(), d.count());
  image again(digest::max_encoded_size);
  skerry::byte_writer out{again};
  checks.held("written", static_cast<bool>(d.encode(out)), "ok", skerry::to_string(out.error()));
  again.resize(out.written().size());
  checks.held("the same bytes when written again", again == bytes, "equal", "different");
  const auto values = values_of<T>(f.at("stream"));
  checks.equal("values of the stream", values.size(), d.count());
  if (d.count() == 0) {
    checks.held("quantile of nothing", d.quantile(0.5).error() == skerry::errc::empty, "empty", "an answer");
    return;
  }
  checks.equal("min", f.at("min").get<double>(), static_cast<double>(d.min().value()));
  checks.equal("max", f.at("max").get<double>(), static_cast<double>(d.max().value()));
  double sum = 0;
  std::uint64_t weights = 0;
  d.for_each([&](T mean, std::uint64_t weight) {
    sum += static_cast<double>(mean) * static_cast<double>(weight);
    weights += weight;
  });
  checks.equal("sum of weights", d.count(), weights);
  checks.near("sum of weights times means", f.at("sum_weight_times_mean").get<double>(), sum, 0, 1e-9);
  const auto& ranks = f.at("ranks");
  if (!with_buffer) {
    checks.equal("centroids", f.at("centroids_after_compress").get<std::size_t>(), d.retained() + d.waiting());
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      const double r = ranks[i].get<double>();
      checks.near(fmt::format("quantile {}", r), f.at("quantiles")[i].get<double>(), static_cast<double>(d.quantile(r).value()), 0, 1e-9);
    }
  }
  // Whoever made the centroids, and of whichever of them: the ranks of the true quantiles are close.
  digest own;
  checks.equal("values taken", values.size(), own.observe(values));
  const auto& exact = f.at("exact_quantiles_inclusive");
  const double allowed = 0.005 + 1.0 / static_cast<double>(values.size());
  for (std::size_t i = 0; i < exact.size() && values.size() > 1; ++i) {
    const double r = ranks[i].get<double>();
    const auto x = static_cast<T>(exact[i].get<double>());
    checks.near(fmt::format("rank of the quantile {}", r), r, d.rank(x).value(), allowed, 0);
    checks.near(fmt::format("rank of the quantile {} in a digest made here", r), r, own.rank(x).value(), allowed, 0);
  }
  checks.equal("min of a digest made here", f.at("min").get<double>(), static_cast<double>(own.quantile(0).value()));
  checks.equal("max of a digest made here", f.at("max").get<double>(), static_cast<double>(own.quantile(1).value()));
}

template <typename T>
void run(skerry_test::suite_report& report, const json& f, const image& bytes) {
  // K is a type here; what a damaged image claims does not matter.
  const unsigned k = bytes.size() >= 5 ? std::to_integer<unsigned>(bytes[3]) | std::to_integer<unsigned>(bytes[4]) << 8 : 0;
  switch (f.contains("k") ? f.at("k").get<unsigned>() : k) {
    case 10: return run<T, 10>(report, f, bytes);
    case 20: return run<T, 20>(report, f, bytes);
    case 50: return run<T, 50>(report, f, bytes);
    case 200: return run<T, 200>(report, f, bytes);
    case 400: return run<T, 400>(report, f, bytes);
    case 500: return run<T, 500>(report, f, bytes);
    default: return run<T, 100>(report, f, bytes);
  }
}

}  // namespace

void run_tdigest(skerry_test::suite_report& report, const json& f, const image& bytes) {
  if (f.at("family") == "tdigest_float") {
    run<float>(report, f, bytes);
  } else {
    run<double>(report, f, bytes);
  }
}

}  // namespace stats_test
