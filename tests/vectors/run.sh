#!/usr/bin/env bash
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# run.sh PROGRAM FOLDER: the vector files below $SKERRY_SHARED, or below FOLDER where that is not set, through skerry_vectors.
# Suites of modules that do not exist yet are skipped by name; sets that have no loader at all count as failed without --known.
set -euo pipefail
program=$1
shared=${SKERRY_SHARED:-$2}
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
