#!/usr/bin/env bash
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# clang_format.sh ROOT: every C++ file is formatted as .clang-format says. Another release of clang-format breaks lines elsewhere, so
# only version 14 judges. The texts are compared: its --dry-run reports a change for `namespace a::inline b` that changes nothing.
set -euo pipefail
cd "$1"
for tool in clang-format-14 clang-format; do
  if command -v "$tool" >/dev/null && "$tool" --version | grep -q 'version 14\.'; then
    files=()
    while IFS= read -r -d '' file; do
      files+=("$file")
    done < <(find include tests examples benchmarks -name '*.[ch]pp' -print0 | sort -z)
    count=${#files[@]} failed=0
    # All at once, and one by one only to find those that differ.
    if [[ $count -gt 0 ]] && ! "$tool" "${files[@]}" | cmp -s - <(cat "${files[@]}"); then
      for file in "${files[@]}"; do
        if ! "$tool" "$file" | cmp -s - "$file"; then
          failed=$((failed + 1))
          echo "FAIL $file: $tool -i $file"
        fi
      done
    fi
    echo "$count files, $failed not formatted"
    [[ $failed -eq 0 && $count -gt 0 ]]
    exit
  fi
done
echo "skipped: clang-format 14 is not installed"
exit 77
