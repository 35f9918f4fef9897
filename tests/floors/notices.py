#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Every source file begins with its copyright and licence; every header has its guard on the line after them."""
import pathlib
import subprocess
import sys

NOTICE = ["Copyright (c) 2026 The skerry authors", "SPDX-License-Identifier: MIT"]
SLASHES, HASH = {".hpp", ".cpp", ".h", ".c"}, {".cmake", ".py", ".sh", ".in"}


def sources(root):
    """Files known to git or about to be; outside a clone, everything that is not a build."""
    git = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(git, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [root / name for name in listed.stdout.splitlines()]
    return [path for path in root.rglob("*") if path.is_file() and path.relative_to(root).parts[0] not in {".git", "build", "out"}]


def problem(path, lines):
    """Says what is wrong with a file's first lines, or None."""
    shebang = bool(lines) and lines[0].startswith("#!")
    name = path.name
    if path.suffix in SLASHES:
        mark = "// "
    elif path.suffix in HASH or name == "CMakeLists.txt" or shebang:
        mark = "# "
    else:
        return None
    if name in {"skerry.pc.in"} or name.startswith("Doxyfile"):
        return None
    start = 1 if shebang else 0
    # A program that must not compile says first what the compiler must say.
    if path.parent.name == "fail" and lines and lines[0].startswith("// expect: "):
        start = 1
    if [line.rstrip() for line in lines[start : start + 2]] != [mark + text for text in NOTICE]:
        return "does not begin with the copyright and SPDX lines"
    if path.suffix == ".hpp" and (len(lines) < 3 or lines[2] != "#pragma once"):
        return "#pragma once is not its third line"
    return None


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    count = failed = 0
    for path in sources(root):
        if not path.is_file() or path.is_symlink():
            continue
        try:
            lines = path.read_text(encoding="utf-8").split("\n")[:4]
        except UnicodeDecodeError:
            continue
        count += 1
        why = problem(path, lines)
        if why:
            failed += 1
            print(f"FAIL {path.relative_to(root)}: {why}")
    print(f"{count} files read, {failed} without their notice")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
