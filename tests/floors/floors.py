#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Holds the plan of the floors: who may include whom, and which standard headers the lower floors may cost their user."""
import pathlib
import re
import statistics
import sys

# Beside its own module, a header may include these. Single headers are allowed by their path.
ALLOWED = {
    "core": set(),
    "stats": {"core"},
    "state": {"core"},
    "delivery": {"core"},
    "anomaly": {"core", "stats"},
    "reduce": {"core", "stats"},
    "protocol": {"core", "delivery/backoff.hpp", "delivery/device_seed.hpp"},
    "node": {"core", "stats", "state", "delivery", "anomaly", "reduce", "protocol"},
}
# Included by tests, examples and benchmarks only; may include all floors.
BESIDE = {"testing", "adapters"}

LOW_FLOORS = {"core", "stats", "state", "delivery"}
# Each costs two to three times a core header, brings libm, or does not exist on a bare machine.
COSTLY = set("""
    any barrier cassert cmath complex condition_variable cstdio ctime deque exception filesystem format forward_list fstream functional
    future iomanip ios iostream istream latch list locale map math.h memory memory_resource mutex ostream queue random ranges regex
    semaphore set shared_mutex sstream stack stdio.h stop_token streambuf string syncstream thread typeindex typeinfo unordered_map
    unordered_set valarray vector chrono atomic
""".split())
EXCEPT = {"skerry/core/spsc_ring.hpp": {"atomic"}}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def violations(header, text):
    """What one header (its path below include/) does against the plan."""
    parts = pathlib.PurePosixPath(header).parts
    module = parts[1].removesuffix(".hpp") if len(parts) > 1 else ""
    if module == "skerry":
        return
    if module not in ALLOWED and module not in BESIDE:
        yield f"{header}: no module of that name is known to tests/floors/floors.py"
        return
    for bracket, name in INCLUDE.findall(text):
        if bracket == '"':
            yield f'{header}: includes "{name}": use angle brackets'
            continue
        if name.startswith("skerry/"):
            inner = name.removeprefix("skerry/")
            other = inner.split("/")[0].removesuffix(".hpp")
            if module == "adapters" or other == module:
                continue
            if module == "testing":
                if other == "adapters":
                    yield f"{header}: includes an adapter, {name}"
                continue
            if other not in ALLOWED[module] and inner not in ALLOWED[module]:
                yield f"{header}: {module} may not include {name}"
        elif module in LOW_FLOORS:
            if name.startswith("Eigen/") or name in COSTLY - EXCEPT.get(header, set()):
                yield f"{header}: floors 0 and 1 may not include <{name}>"


def main():
    include = pathlib.Path(sys.argv[1]) / "include"
    headers = sorted(include.rglob("*.hpp"))
    found, lengths = [], []
    for path in headers:
        text = path.read_text(encoding="utf-8")
        lengths.append((text.count("\n"), str(path.relative_to(include))))
        found += violations(path.relative_to(include).as_posix(), text)
    for line in found:
        print(f"FAIL {line}")
    lengths.sort()
    lines = [count for count, _ in lengths]
    ninth = lines[int(0.9 * (len(lines) - 1))]
    print(f"{len(lines)} headers, lines: median {statistics.median(lines):.0f}, p90 {ninth}, max {lines[-1]} ({lengths[-1][1]})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
