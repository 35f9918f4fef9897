// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The families of a sketch manifest that hold keys: HLL, theta, frequent items.
#include <skerry/core/portable.hpp>
#include <skerry/core/random.hpp>
#include <skerry/stats/frequent_items.hpp>
#include <skerry/stats/hll.hpp>
#include <skerry/stats/theta.hpp>

#include "stats/sketch_families.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace stats_test {
namespace {

using nlohmann::json;
using image = std::vector<std::byte>;
using skerry::stats::frequent_items;
using skerry::stats::hll;
using skerry::stats::theta;

/// Calls `f` with every key: an int64, a text or a double.
template <typename F>
void each_key(const json& keys, F&& f) {
  const auto kind = keys.at("kind").get<std::string>();
  const auto seed = keys.at("seed").get<std::uint64_t>();
  const auto n = keys.at("n").get<std::uint64_t>();
  skerry::splitmix64 random{seed};
  for (std::uint64_t i = 1; i <= n; ++i) {
    if (kind == "count") {
      f(static_cast<std::int64_t>(seed + i));
    } else if (kind == "string") {
      f(std::string_view{fmt::format("key-{}-{}", seed, i)});
    } else if (kind == "uniform" || kind == "pareto") {
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      f(kind == "uniform" ? u : 1 / (1 - u));
    } else {
      throw std::invalid_argument{"unknown kind of keys " + kind};
    }
  }
}
/// How many are different, by a hash of 128 bits.
std::size_t different(const std::vector<json>& parts) {
  std::vector<std::uint64_t> hashes;
  for (const json& keys : parts) {
    each_key(keys, [&](auto key) {
      if constexpr (std::is_same_v<decltype(key), double>) {
        hashes.push_back(skerry::stats::detail::sketch_hash(skerry::stats::detail::sketch_bits(key)).h1);
      } else if constexpr (std::is_same_v<decltype(key), std::int64_t>) {
        hashes.push_back(skerry::stats::detail::sketch_hash(static_cast<std::uint64_t>(key)).h1);
      } else {
        hashes.push_back(skerry::stats::detail::sketch_hash(key).h1);
      }
    });
  }
  std::sort(hashes.begin(), hashes.end());
  return static_cast<std::size_t>(std::unique(hashes.begin(), hashes.end()) - hashes.begin());
}

template <typename S>
image written(const S& s) {
  image bytes(S::max_encoded_size);
  skerry::byte_writer out{bytes};
  if (!s.encode(out)) {
    return {};
  }
  bytes.resize(out.written().size());
  return bytes;
}

/// False: a damaged one, or one that was not read.
template <typename S>
bool ready(skerry_test::suite_report::checks& checks, const json& f, const skerry::result<S>& read) {
  if (f.contains("damaged")) {
    checks.held("refused", !read, "an error", "accepted");
    return false;
  }
  return checks.held("read", static_cast<bool>(read), "a sketch", skerry::to_string(read.error()));
}

template <unsigned Lg, unsigned From>
void join_keys(hll<Lg>& into, const json& keys) {
  static hll<From> part;
  part.clear();
  each_key(keys, [](auto key) { (void)part.observe(key); });
  into.join(part);
}

template <unsigned Lg>
void check_hll(skerry_test::suite_report& report, const json& f, const image& bytes) {
  skerry_test::suite_report::checks checks{report, f.at("file").get<std::string>()};
  const auto read = skerry::decode_all<hll<Lg>>(bytes);
  if (!ready(checks, f, read)) {
    return;
  }
  const hll<Lg>& s = read.value();
  const int mode = f.at("mode").get<int>();
  const bool joined = (f.at("flags").get<int>() & 16) != 0;
  checks.equal("empty", f.at("empty").get<bool>(), s.empty());
  checks.equal("registers", mode == 2, !s.exact());
  hll<Lg> own;
  std::vector<json> parts;
  if (f.contains("keys")) {
    parts.push_back(f.at("keys"));
    each_key(f.at("keys"), [&own](auto key) { (void)own.observe(key); });
  } else {
    for (const json& part : f.at("union_of")) {
      parts.push_back(part.at("keys"));
      const auto from = part.at("lg_k").get<unsigned>();
      if (from == Lg) {
        join_keys<Lg, Lg>(own, part.at("keys"));
      } else if (from == Lg + 1) {
        join_keys<Lg, Lg + 1>(own, part.at("keys"));
      } else if (from == Lg + 2) {
        join_keys<Lg, Lg + 2>(own, part.at("keys"));
      } else {
        throw std::invalid_argument{"a union of sketches of sizes that this loader does not have"};
      }
    }
  }
  const auto truth = static_cast<double>(different(parts));
  checks.held("registers of the same keys", own == s, "equal", "different");
  if (mode < 2) {
    checks.near("estimate", f.at("estimate").get<double>(), s.estimate(), 0, 1e-7);
    for (unsigned i = 0; i < 3; ++i) {
      checks.near("lower bound", f.at("lower_bound")[i].get<double>(), s.lower_bound(i + 1), 0, 1e-7);
      checks.near("upper bound", f.at("upper_bound")[i].get<double>(), s.upper_bound(i + 1), 0, 1e-7);
    }
  } else if (!joined) {
    checks.equal("estimate of the history", f.at("estimate").get<double>(), s.estimate());
    checks.near("estimate of a sketch made here", f.at("estimate").get<double>(), own.estimate(), 0, 1e-7);
  }
  for (const hll<Lg>* one : {&s, static_cast<const hll<Lg>*>(&own)}) {
    checks.held("three standard errors hold the number of keys", one->lower_bound(3) <= truth && truth <= one->upper_bound(3),
                fmt::format("{}", truth), fmt::format("{} to {}", one->lower_bound(3), one->upper_bound(3)));
  }
  const image again = written(s);
  checks.held("what is written again is equal", skerry::decode_all<hll<Lg>>(again).value() == s, "equal", "different");
  const bool bytes_of_one_kind = f.at("family") == "hll8" && f.at("compact").get<bool>();
  if (bytes_of_one_kind && mode != 1) {  // the order within a set is the writer's
    checks.held("the same bytes when written again", again == bytes, "equal", "different");
  } else if (bytes_of_one_kind) {
    checks.held("the same front when written again",
                again.size() == bytes.size() && std::equal(bytes.begin(), bytes.begin() + 12, again.begin()), "equal", "different");
  }
  if (f.at("family") == "hll8" && mode == 2) {
    const image made = written(own);
    checks.held("bytes of the registers", std::equal(bytes.begin() + 40, bytes.end(), made.begin() + 40, made.end()), "equal", "different");
  }
}

template <unsigned Lg>
void check_theta(skerry_test::suite_report& report, const json& f, const image& bytes) {
  skerry_test::suite_report::checks checks{report, f.at("file").get<std::string>()};
  static skerry::result<theta<Lg>> read{skerry::errc::empty};  // of up to a megabyte
  read = skerry::decode_all<theta<Lg>>(bytes);
  if (!ready(checks, f, read)) {
    return;
  }
  const theta<Lg>& s = read.value();
  checks.equal("theta", f.at("theta64").get<std::string>(), std::to_string(s.limit()));
  checks.equal("retained", f.at("retained").get<std::size_t>(), s.retained());
  checks.equal("empty", f.at("empty").get<bool>(), s.empty());
  checks.equal("exact", !f.at("estimation").get<bool>(), s.exact());
  std::uint64_t all = 0;
  s.for_each([&all](std::uint64_t hash) { all ^= hash; });
  checks.equal("xor of hashes", f.at("xor_of_hashes").get<std::string>(), std::to_string(all));
  checks.near("estimate", f.at("estimate").get<double>(), s.estimate(), 0, 1e-15);
  for (unsigned i = 0; i < 3; ++i) {
    checks.near("lower bound", f.at("lower_bound")[i].get<double>(), s.lower_bound(i + 1), 0, 1e-12);
    checks.near("upper bound", f.at("upper_bound")[i].get<double>(), s.upper_bound(i + 1), 0, 1e-12);
  }
  static theta<Lg> own;
  own.clear();
  each_key(f.at("keys"), [](auto key) { (void)own.observe(key); });
  checks.held("the sample of the same keys", own == s, "equal", "different");
  const image again = written(s);
  checks.held("the same bytes from here", again == written(own), "equal", "different");
  if (f.at("ser_ver").get<int>() == 3) {
    checks.held("the same bytes when written again", again == bytes, "equal", "different");
  }
}

template <typename Item, unsigned Lg>
void check_frequent(skerry_test::suite_report& report, const json& f, const image& bytes) {
  using sketch = frequent_items<Item, Lg>;
  skerry_test::suite_report::checks checks{report, f.at("file").get<std::string>()};
  const auto read = skerry::decode_all<sketch>(bytes);
  if (!ready(checks, f, read)) {
    return;
  }
  const sketch& s = read.value();
  checks.equal("total weight", f.at("total_weight").get<std::uint64_t>(), s.count());
  checks.equal("max error", f.at("max_error").get<std::uint64_t>(), s.max_error());
  checks.equal("active", f.at("active").get<std::size_t>(), s.retained());
  const auto name = [](const json& item) {
    if constexpr (std::is_same_v<Item, std::int64_t>) {
      return item.get<std::int64_t>();
    } else {
      return item.get<std::string>();
    }
  };
  for (const json& top : f.at("top")) {
    checks.equal("estimate", top.at("est").get<std::uint64_t>(), s.estimate(name(top.at("item"))));
    checks.equal("lower bound", top.at("lb").get<std::uint64_t>(), s.lower_bound(name(top.at("item"))));
    checks.equal("upper bound", top.at("ub").get<std::uint64_t>(), s.upper_bound(name(top.at("item"))));
  }
  const image again = written(s);
  const auto twice = skerry::decode_all<sketch>(again);
  bool same = twice && twice.value().count() == s.count() && again.size() == bytes.size() &&
              std::equal(bytes.begin(), bytes.begin() + 8, again.begin());
  s.for_each([&](const Item& item, std::uint64_t low, std::uint64_t) { same = same && twice.value().lower_bound(item) == low; });
  checks.held("written again, it answers the same", same, "equal", "different");

  sketch own;
  std::map<decltype(name(json{})), std::uint64_t> truth;
  skerry::splitmix64 random{f.at("stream").at("seed").get<std::uint64_t>()};
  const auto n = f.at("stream").at("n").get<std::uint64_t>();
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t x = random();
    const auto value = static_cast<std::int64_t>(1 / (1 - static_cast<double>(x >> 11) * 0x1p-53));
    if constexpr (std::is_same_v<Item, std::int64_t>) {
      (void)own.observe(value, 1 + (x & 1));
      truth[value] += 1 + (x & 1);
    } else {
      const std::string text = fmt::format("err-{}", value);
      (void)own.observe(text);
      ++truth[text];
    }
  }
  checks.equal("total weight of the same stream", s.count(), own.count());
  for (const sketch* one : {&s, static_cast<const sketch*>(&own)}) {
    std::size_t wrong = 0;
    for (const auto& entry : truth) {
      wrong += one->lower_bound(entry.first) <= entry.second && entry.second <= one->upper_bound(entry.first) ? 0U : 1U;
    }
    checks.equal("weights outside their bounds", std::size_t{0}, wrong);
  }
}

/// A size is a type here; what a damaged image claims does not matter.
template <unsigned From, unsigned To, typename F>
void with_size(unsigned size, F&& f) {
  if constexpr (From > To) {
    throw std::invalid_argument{"a size that this loader does not have"};
  } else if (size == From) {
    f(std::integral_constant<unsigned, From>{});
  } else {
    with_size<From + 1, To>(size, f);
  }
}

}  // namespace

void run_hll(skerry_test::suite_report& report, const json& f, const image& bytes) {
  with_size<4, 14>(f.value("lg_k", 12U), [&](auto lg) { check_hll<decltype(lg)::value>(report, f, bytes); });
}
void run_theta(skerry_test::suite_report& report, const json& f, const image& bytes) {
  with_size<8, 13>(f.value("lg_k", 12U), [&](auto lg) { check_theta<decltype(lg)::value>(report, f, bytes); });
}
void run_frequent(skerry_test::suite_report& report, const json& f, const image& bytes) {
  const auto lg = f.value("lg_max", 6U);
  if (f.at("family") == "frequent_longs") {
    with_size<3, 10>(lg, [&](auto size) { check_frequent<std::int64_t, decltype(size)::value>(report, f, bytes); });
  } else {
    with_size<3, 8>(lg, [&](auto size) { check_frequent<skerry::inplace_string<24>, decltype(size)::value>(report, f, bytes); });
  }
}

}  // namespace stats_test
