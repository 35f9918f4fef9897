#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""The version that package recipes have to repeat equals the one of version.hpp."""
import json
import pathlib
import re
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    header = (root / "include/skerry/core/version.hpp").read_text(encoding="utf-8")
    numbers = [re.search(rf"SKERRY_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH")]
    version = ".".join(numbers)
    found = {"version.hpp, as text": re.search(r'SKERRY_VERSION_STRING "([^"]+)"', header)[1]}
    for recipe in ("vcpkg.json", "packaging/vcpkg/ports/skerry/vcpkg.json"):
        found[recipe] = json.loads((root / recipe).read_text(encoding="utf-8"))["version"]
    wrong = [f"FAIL {where} says {what}, version.hpp says {version}" for where, what in found.items() if what != version]
    print("\n".join(wrong) if wrong else f"{version} in {len(found)} places")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
