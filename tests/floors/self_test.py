#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Plants one defect after another in front of the checks beside it: a check that finds nothing proves nothing."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import case_names  # noqa: E402
import floors  # noqa: E402
import notices  # noqa: E402

REFUSED = [
    ("skerry/core/x.hpp", "#include <skerry/stats/kll.hpp>"),
    ("skerry/stats/x.hpp", "#include <skerry/delivery/backoff.hpp>"),
    ("skerry/anomaly/x.hpp", "#include <skerry/state.hpp>"),
    ("skerry/state/x.hpp", "#  include <vector>"),
    ("skerry/core/x.hpp", "#include <atomic>"),
    ("skerry/core.hpp", "#include <cmath>"),
    ("skerry/delivery/x.hpp", "#include <Eigen/Dense>"),
    ("skerry/stats/x.hpp", '#include "kll.hpp"'),
    ("skerry/protocol/x.hpp", "#include <skerry/delivery/courier.hpp>"),
    ("skerry/anomaly/x.hpp", "#include <skerry/testing/virtual_clock.hpp>"),
    ("skerry/testing/x.hpp", "#include <skerry/adapters/fmt.hpp>"),
    ("skerry/elsewhere/x.hpp", ""),
    ("skerry/state/x.hpp", "  std::array<entry, N> entries_{};"),
    ("skerry/state/x.hpp", "  std::array<std::array<std::byte, 8>, N> rows_{};"),
    ("skerry/state/x.hpp", "  std::array<other<4>, N> rows_{};"),
]
ACCEPTED = [
    ("skerry/core/spsc_ring.hpp", "#include <atomic>"),
    ("skerry/stats/x.hpp", "#include <skerry/core/result.hpp>\n#include <array>"),
    ("skerry/anomaly/x.hpp", "#include <skerry/stats/kll.hpp>\n#include <vector>"),
    ("skerry/protocol/x.hpp", "#include <skerry/delivery/backoff.hpp>"),
    ("skerry/testing/x.hpp", "#include <skerry/state/replica.hpp>\n#include <map>"),
    ("skerry/node/x.hpp", "#include <skerry/protocol/senml.hpp>"),
    ("skerry/state/x.hpp", "  std::array<std::byte, N> bytes_{};\n  std::array<const entry*, 4> at;\n  array_of<entry, N> entries_{};"),
    ("skerry/state/x.hpp", "  void take(const std::array<entry, N>& all);"),
]
C = ["// " + line for line in notices.NOTICE]
NOTICES = [
    ("a/x.hpp", [*C, "#pragma once"], True),
    ("a/x.hpp", [*C, "", "#pragma once"], False),
    ("a/x.cpp", C[:1], False),
    ("tests/fail/x.cpp", ["// expect: text", *C], True),
    ("a/run.sh", ["#!/bin/sh", *("# " + line for line in notices.NOTICE)], True),
    ("CMakeLists.txt", ["project(x)"], False),
]

NAMES = [
    ('TEST_CASE("a") {}\nTEST_CASE("a") {}', 1),
    ('TEST_CASE("a b", "[x]") {}\nTEST_CASE("a "\n          "b", "[x]") {}', 1),
    ('TEST_CASE("a", "[x]") {}\nTEST_CASE("a", "[y]") {}\n// TEST_CASE("a", "[y]") {}\nTEMPLATE_TEST_CASE("b", "[x]", int) {}', 0),
]


def main():
    wrong = [f"not refused: {case}" for case in REFUSED if not list(floors.violations(*case))]
    wrong += [f"refused: {case}" for case in ACCEPTED if list(floors.violations(*case))]
    wrong += [f"notice: {name} {lines}" for name, lines, good in NOTICES if (notices.problem(pathlib.Path(name), lines) is None) != good]
    wrong += [f"names: {text}" for text, many in NAMES if len(list(case_names.twice([("x.cpp", text)]))) != many]
    for line in wrong:
        print(f"FAIL {line}")
    print(f"{len(REFUSED) + len(ACCEPTED) + len(NOTICES) + len(NAMES)} planted cases, {len(wrong)} judged wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
