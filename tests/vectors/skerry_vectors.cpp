// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// skerry_vectors DIR|FILE...: runs every vector file found below the given places through the loader of its suite.
#include "vector_suite.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <vector>

namespace skerry_test {
namespace {

std::map<std::string, suite_loader, std::less<>>& loaders() {
  static std::map<std::string, suite_loader, std::less<>> all;
  return all;
}

struct totals {
  int passed = 0, failed = 0, skipped = 0;
};

void run_file(const std::filesystem::path& path, bool known_only, totals& sum) {
  const auto refuse = [&](std::string_view why) {
    fmt::print("FAIL {}: {}\n", path.string(), why);
    ++sum.failed;
  };
  std::ifstream in{path};
  const auto file = nlohmann::json::parse(in, nullptr, false);
  if (file.is_discarded()) {
    return refuse("not readable as JSON");
  }
  // The manifest of a set of sketch images has no "suite": its keys tell what it is.
  const bool manifest = file.is_object() && file.contains("set") && file.contains("files") && file.contains("murmur3_x64_128");
  if (!manifest && !(file.is_object() && file.contains("suite") && file["suite"].is_string())) {
    return refuse("no \"suite\"");
  }
  const std::string suite = manifest ? "sketch manifest" : file["suite"].get<std::string>();
  const auto loader = loaders().find(suite);
  if (loader == loaders().end()) {
    if (known_only) {
      fmt::print("skipped: no loader for suite {} yet ({})\n", suite, path.filename().string());
      ++sum.skipped;
      return;
    }
    return refuse(fmt::format("no loader for suite {}", suite));
  }
  suite_report report{suite};
  try {
    loader->second(file, path, report);
  } catch (const std::exception& e) {
    report.fail("(whole file)", "a file of the suite's form", e.what());
  }
  if (report.passed() + report.failed() + report.skipped() == 0) {
    report.fail("(whole file)", "at least one case", "none");
  }
  fmt::print("{}: {} passed, {} failed, {} skipped\n", suite, report.passed(), report.failed(), report.skipped());
  sum.passed += report.passed();
  sum.failed += report.failed();
  sum.skipped += report.skipped();
}

}  // namespace

suite_registration::suite_registration(std::string_view suite, suite_loader loader) { loaders().emplace(suite, loader); }

void suite_report::fail(std::string_view case_name, std::string_view expected, std::string_view got) {
  fmt::print("FAIL {} / {}: expected {}, got {}\n", where_, case_name, expected, got);
  ++failed_;
}

void suite_report::skip(std::string_view case_name, std::string_view why) {
  fmt::print("skipped: {} / {}: {}\n", where_, case_name, why);
  ++skipped_;
}

bool suite_report::checks::held(std::string_view what, bool ok, std::string_view expected, std::string_view got) {
  if (!ok && held_) {
    held_ = false;
    report_.fail(fmt::format("{} ({})", name_, what), expected, got);
  }
  return ok;
}

bool suite_report::checks::near(std::string_view what, double expected, double got, double absolute, double relative) {
  const bool both_nan = std::isnan(expected) && std::isnan(got);
  const double allowed = std::max(absolute, relative * std::max(1.0, std::fabs(expected)));
  return held(what, both_nan || expected == got || std::fabs(got - expected) <= allowed, fmt::format("{:.17g}", expected),
              fmt::format("{:.17g}", got));
}

}  // namespace skerry_test

int main(int argc, char** argv) {
  bool known_only = false;
  std::vector<std::filesystem::path> places;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--known") {
      known_only = true;
    } else {
      places.emplace_back(argument);
    }
  }
  if (places.empty()) {
    fmt::print(stderr, "usage: skerry_vectors [--known] DIR|FILE...   (--known: a suite without a loader is skipped instead of failed)\n");
    return 2;
  }
  std::vector<std::filesystem::path> files;
  skerry_test::totals sum;
  for (const auto& place : places) {
    const auto before = files.size();
    if (std::filesystem::is_directory(place)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator{place}) {
        if (entry.path().extension() == ".json") {
          files.push_back(entry.path());
        }
      }
    } else if (std::filesystem::is_regular_file(place)) {
      files.push_back(place);
    }
    if (files.size() == before) {
      fmt::print("FAIL {}: no vector file there\n", place.string());
      ++sum.failed;
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    skerry_test::run_file(file, known_only, sum);
  }
  fmt::print("{} passed, {} failed, {} skipped\n", sum.passed, sum.failed, sum.skipped);
  return sum.failed == 0 && sum.passed > 0 ? 0 : 1;
}
