// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace skerry_test {

/// Collects the verdicts of one vector file; a failing case prints one line with what was expected and what came.
class suite_report {
 public:
  explicit suite_report(std::string where) : where_{std::move(where)} {}

  void pass() { ++passed_; }
  void fail(std::string_view case_name, std::string_view expected, std::string_view got);
  /// A case whose subject this build does not have. Never for a case that is inconvenient.
  void skip(std::string_view case_name, std::string_view why);

  /// A case as a whole: passes if every check of it held. Use one `checks` object per case.
  class checks {
   public:
    checks(suite_report& report, std::string name) : report_{report}, name_{std::move(name)} {}
    checks(const checks&) = delete;
    checks& operator=(const checks&) = delete;
    ~checks() {
      if (held_) {
        report_.pass();
      }
    }
    /// Records one comparison; only the first one that fails is printed, and the case counts once.
    template <typename Expected, typename Got>
    bool equal(std::string_view what, const Expected& expected, const Got& got) {
      return expected == got || held(what, false, nlohmann::json(expected).dump(), nlohmann::json(got).dump());
    }
    /// |got - expected| <= max(absolute, relative * max(1, |expected|)); NaN equals only NaN.
    bool near(std::string_view what, double expected, double got, double absolute, double relative);
    bool held(std::string_view what, bool ok, std::string_view expected, std::string_view got);

   private:
    suite_report& report_;
    std::string name_;
    bool held_ = true;
  };

  [[nodiscard]] int passed() const { return passed_; }
  [[nodiscard]] int failed() const { return failed_; }
  [[nodiscard]] int skipped() const { return skipped_; }

 private:
  std::string where_;
  int passed_ = 0, failed_ = 0, skipped_ = 0;
};

using suite_loader = void (*)(const nlohmann::json& file, const std::filesystem::path& path, suite_report& report);

/// Makes a loader known by the file's `"suite"`: `static const suite_registration moments{"stats.moments", &run};`
struct suite_registration {
  suite_registration(std::string_view suite, suite_loader loader);
};

}  // namespace skerry_test
