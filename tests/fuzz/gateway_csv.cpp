// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "fuzz/fuzz.hpp"

#include "../../examples/08_gateway/csv_source.hpp"

#include <cmath>

// A recorded table: any text is refused with a message or read, and every row of it is either used or counted as refused.
namespace {

[[nodiscard]] std::uint64_t rows_of(std::string_view text) {
  std::uint64_t rows = 0;
  bool header = true;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find(0x0a));
    text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    rows += !header && line.find_first_not_of(" \t\"\r") != std::string_view::npos ? 1U : 0U;
    header = false;
  }
  return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  std::map<std::string, std::string> renames;
  if (in.byte() == 0x31) {
    renames.emplace("time", "t");
  }
  const std::string text(reinterpret_cast<const char*>(in.rest().data()), in.rest().size());
  try {
    const gateway::csv_table table = gateway::parse_csv(text, "table.csv", renames);
    std::uint64_t refused = 0;
    for (const auto& [kind, count] : table.refused) {
      refused += count;
    }
    FUZZ_REQUIRE(table.rows() > 0 && table.rows() + refused == rows_of(text));
    FUZZ_REQUIRE(!table.columns.empty() && table.columns.size() <= gateway::csv_table::max_columns);
    FUZZ_REQUIRE(table.values.size() == table.rows() * table.columns.size());
    FUZZ_REQUIRE(table.label.empty() || table.label.size() == table.rows());
    FUZZ_REQUIRE(table.t.front() == 0 && std::is_sorted(table.t.begin(), table.t.end()));
    for (const double t : table.t) {
      FUZZ_REQUIRE(std::isfinite(t));
    }
    for (const float v : table.values) {
      FUZZ_REQUIRE(std::isfinite(v));
    }
    FUZZ_REQUIRE(std::isfinite(table.row_seconds) && table.row_seconds > 0);
    FUZZ_REQUIRE(table.gaps == table.gap_spans.size());
    for (const gateway::stuck_span& s : gateway::find_stuck(table, table.rows() / 2)) {
      FUZZ_REQUIRE(s.column < table.columns.size() && s.from <= s.until);
    }
  } catch (const gateway::misuse& m) {
    FUZZ_REQUIRE(m.what()[0] != 0);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  out.add("plain", "0t,a,b,label\n0,1,2.5,0\n1,2,-3e2,0\n2,3,4,1\n");
  out.add("dates", "1time;a;name\r\n2014-02-08 14:20:00;1;x\r\n2014-02-08T14:25:00Z;2;y\r\n2014-02-08 14:30:00;nan;z\r\n");
  out.add("broken", "0\xef\xbb\xbft,a\n5,1\n4,2\nx,3\n6\n7,\"4\"\n9,1e39\n\n99,5");
  out.add("no_time", "0a,b\n1,2\n3,4\n");
}
