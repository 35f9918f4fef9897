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

# What std::array may hold directly. For classes there is skerry::array_of (core/array_of.hpp says why); names of type parameters and of
# aliases for integers are listed, because a line of text does not tell.
PLAIN = set("""
    bool byte char char8_t double float int long short size_t string_view uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t
    unsigned Code Leaf Real actor_number actor_ref cell_index code code_type compared_type count entry_index feature_type index key_number
    leaf_type link_id number stream_id
""".split())

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def arrays(text):
    """The arrays of classes that are std::array; a reference to one makes no array."""
    for line in text.split("\n"):
        if line.lstrip().startswith("//"):
            continue
        for start in re.finditer(r"std::array<", line):
            inner = line[start.end():]
            depth, end = 1, 0
            while end < len(inner) and depth > 0:
                depth += {"<": 1, ">": -1}.get(inner[end], 0)
                end += 1
            element = re.match(r"(?:const )?(?:typename )?((?:\w+::)*)(\w+)", inner)
            if element is None or inner[end:end + 1] == "&" or re.match(r"[^<>,]*\*\s*,", inner):
                continue
            if element.group(2) not in PLAIN and element.group(2) != "conditional_t":
                yield element.group(0), inner[element.end():end]


def violations(header, text):
    """What one header (its path below include/) does against the plan."""
    parts = pathlib.PurePosixPath(header).parts
    module = parts[1].removesuffix(".hpp") if len(parts) > 1 else ""
    if module == "skerry":
        return
    if module not in ALLOWED and module not in BESIDE:
        yield f"{header}: no module of that name is known to tests/floors/floors.py"
        return
    for element, rest in arrays(text) if header != "skerry/core/array_of.hpp" else []:
        yield f"{header}: std::array<{element}{rest}: an array of a class is an array_of"
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
