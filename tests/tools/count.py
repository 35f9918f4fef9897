#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""count.py NAME=BUILD...: adds up what ctest ran in each build; a Catch2 program counts by its test cases, a script as one test.

A program that died, or was not built, has no report that can be believed: it counts as one failure. Exit 0 only if nothing failed and
something passed.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def catch2_cases(report):
    """(passed, failed, skipped) by test case: the sections of one case are one. None if the report is not complete."""
    try:
        root = ElementTree.parse(report).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    verdicts = {}
    for case in root.iter("testcase"):
        # The JUnit reporter writes a section as "case/section" under the case's own class.
        name = (case.get("classname"), case.get("name", "").split("/", 1)[0])
        verdict = 0
        if case.find("failure") is not None or case.find("error") is not None:
            verdict = 2
        elif case.find("skipped") is not None:
            verdict = 1
        verdicts[name] = max(verdicts.get(name, 0), verdict)
    counts = [list(verdicts.values()).count(verdict) for verdict in (0, 2, 1)]
    return counts


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
        cases = catch2_cases(build / "results" / f"{name}.xml") if name.startswith("skerry_tests_") else None
        if status == "run":
            if cases is not None:
                passed, failed, skipped = passed + cases[0], failed + cases[1], skipped + cases[2]
            else:
                passed += 1
        elif test.find("skipped") is not None and status != "fail" and "SKIP_RETURN_CODE" in (test.find("skipped").get("message") or ""):
            skipped += 1
            lines.append(f"skipped: {name}")
        else:
            lines.append(f"FAIL: {name}")
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
