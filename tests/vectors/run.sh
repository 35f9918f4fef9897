#!/usr/bin/env bash
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# run.sh PROGRAM FOLDER DEFAULT_FOLDER: the vector files below FOLDER (or $SKERRY_SHARED, or DEFAULT_FOLDER) through skerry_vectors.
# Suites of modules that do not exist yet are skipped by name; sets that have no loader at all count as failed without --known.
set -euo pipefail
program=$1
shared=${2:-${SKERRY_SHARED:-$3}}
places=()
for place in "$shared/vectors" "$shared/data/sketches"; do
  if [[ -d $place ]]; then
    places+=("$place")
  fi
done
if [[ ${#places[@]} -eq 0 ]]; then
  echo "skipped: no vector files at $shared (set SKERRY_SHARED)"
  exit 77
fi
exec "$program" --known "${places[@]}"
