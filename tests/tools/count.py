#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""count.py NAME=BUILD...: adds up what ctest ran in each build; a Catch2 program counts by its test cases, the vectors by theirs, another
script as one test. So a vector case that was skipped shows as skipped in the last line.

A program that died, or was not built, has no report that can be believed: it counts as one failure. Exit 0 only if nothing failed and
something passed.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

# Their last line says more than that they passed.
FIGURES = {"vectors", "same_bits", "floors", "must_not_compile"}


def catch2_cases(report):
    """((passed, failed, skipped) by test case, the names of what failed), as the program itself says at its end. None if it never came to its
    end."""
    try:
        root = ElementTree.parse(report).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    total = root.find("OverallResultsCases")
    if total is None:
        return None
    failed = [case.get("name") for case in root.iter("TestCase") if case.find("OverallResult[@success='false']") is not None]
    return [int(total.get(key, "0")) for key in ("successes", "failures", "skips")], failed


def said(test, beginning):
    """The last line of a test's output that begins so."""
    output = test.findtext("system-out") or ""
    found = [line for line in output.splitlines() if line.strip() and line.startswith(beginning)]
    return found[-1] if found else ""


def count(build):
    passed = failed = skipped = 0
    lines = []
    if (build / "build_failed").exists():
        failed += 1
        lines.append("FAIL: the build")
    try:
        tests = list(ElementTree.parse(build / "ctest.xml").getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, failed + 1, 0, lines + ["FAIL: ctest left no report"]
    for test in tests:
        name, status = test.get("name"), test.get("status")
        report = catch2_cases(build / "results" / f"{name}.xml") if name.startswith("skerry_tests_") else None
        cases, wrong = report if report is not None else (None, [])
        if status == "run":
            if cases is not None:
                passed, failed, skipped = passed + cases[0], failed + cases[1], skipped + cases[2]
            else:
                figures = said(test, "") if name in FIGURES else ""
                vectors = re.fullmatch(r"(\d+) passed, 0 failed, (\d+) skipped", figures) if name == "vectors" else None
                passed += int(vectors[1]) if vectors else 1
                skipped += int(vectors[2]) if vectors else 0
                if figures:
                    lines.append(f"{name}: {figures}")
        elif test.find("skipped") is not None and status != "fail" and "SKIP_RETURN_CODE" in (test.find("skipped").get("message") or ""):
            skipped += 1
            lines.append(f"{name}: {said(test, 'skipped:') or 'skipped, and does not say why'}")
        else:
            lines += [f"FAIL: {name}: {case}" for case in wrong] or [f"FAIL: {name}"]
            if cases is not None:
                passed, skipped = passed + cases[0], skipped + cases[2]
            # A sanitizer ends the program after the last good case: the failure must not vanish with the report.
            failed += max(1, cases[1] if cases is not None else 0)
    return passed, failed, skipped, lines


def main():
    total = [0, 0, 0]
    for argument in sys.argv[1:]:
        name, build = argument.split("=", 1)
        *counts, lines = count(pathlib.Path(build))
        total = [a + b for a, b in zip(total, counts)]
        for line in lines:
            print(f"{name}: {line}")
        print(f"{name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 0 if total[1] == 0 and total[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
