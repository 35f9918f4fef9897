#!/usr/bin/env bash
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# clang_format.sh ROOT: every C++ file is formatted as .clang-format says. Another release of clang-format breaks lines elsewhere, so
# only version 14 judges.
set -euo pipefail
cd "$1"
for tool in clang-format-14 clang-format; do
  if command -v "$tool" >/dev/null && "$tool" --version | grep -q 'version 14\.'; then
    find include tests examples benchmarks -name '*.[ch]pp' -print0 | sort -z | xargs -0 "$tool" --dry-run -Werror
    echo "$(find include tests examples benchmarks -name '*.[ch]pp' | wc -l) files are formatted"
    exit 0
  fi
done
echo "skipped: clang-format 14 is not installed"
exit 77
