#!/usr/bin/env bash
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# run.sh WAY SOURCE BUILD SCRATCH: uses skerry as a stranger's project would. CXX, CMAKE_GENERATOR, CMAKE_COMMAND, LAUNCHER come from
# the build that runs it.
set -euo pipefail
way=$1 source=$2 build=$3 scratch=$4
cmake=${CMAKE_COMMAND:-cmake}
here=$source/tests/consumer
prefix=$scratch/prefix
# The question is whether it builds, not how fast it is.
quick=(-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0)

rm -rf "$scratch"
mkdir -p "$scratch"
exec </dev/null

install_skerry() {
  "$cmake" --install "$build" --prefix "$prefix" >"$scratch/install.log" || { cat "$scratch/install.log"; exit 1; }
}

# A folder with what a commit of this tree would hold: what git tracks or would add, without what it ignores.
copy_tree() {
  mkdir -p "$1"
  if git -C "$source" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    (cd "$source" && git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
      if [[ -e $file ]]; then printf '%s\0' "$file"; fi
    done | tar cf - --null -T -) | tar xf - -C "$1"
  else
    (cd "$source" && tar cf - --exclude=./build --exclude=./.git .) | tar xf - -C "$1"
  fi
}

# The consumer's main.cpp includes one header of each module that has one; it links to the targets of those modules.
write_consumer() {
  mkdir -p "$scratch/app"
  cp "$here/project/CMakeLists.txt" "$scratch/app/"
  "$cmake" -DSOURCE="$source" -DOUTPUT="$scratch/app" -P "$here/write_main.cmake"
}

configure_and_run() {
  "$cmake" -S "$scratch/app" -B "$scratch/build" -DCMAKE_CXX_COMPILER_LAUNCHER="${LAUNCHER:-}" "${quick[@]}" "$@"
  "$cmake" --build "$scratch/build"
  "$scratch/build/consumer"
}

case $way in
  find_package)
    install_skerry
    write_consumer
    configure_and_run -DWAY=find_package -DCMAKE_PREFIX_PATH="$prefix"
    ;;
  add_subdirectory)
    write_consumer
    copy_tree "$scratch/app/skerry"
    configure_and_run -DWAY=add_subdirectory
    if [[ -e $scratch/build/skerry/tests ]]; then
      echo "FAIL: skerry's own tests became part of the other project"
      exit 1
    fi
    ;;
  fetch_content)
    if ! command -v git >/dev/null; then
      echo "skipped: git is not installed"
      exit 77
    fi
    write_consumer
    # FetchContent clones; so this tree becomes the newest commit of a repository of its own.
    copy_tree "$scratch/origin"
    git -C "$scratch/origin" -c init.defaultBranch=main init -q
    git -C "$scratch/origin" add -A
    git -C "$scratch/origin" -c user.name=test -c user.email=test@localhost -c commit.gpgsign=false -c core.hooksPath=/dev/null \
      commit -q -m snapshot
    configure_and_run -DWAY=fetch_content -DREPOSITORY="file://$scratch/origin" \
      -DCOMMIT="$(git -C "$scratch/origin" rev-parse HEAD)"
    ;;
  pkg_config)
    if ! command -v pkg-config >/dev/null; then
      echo "skipped: pkg-config is not installed"
      exit 77
    fi
    install_skerry
    write_consumer
    # Moved after the installation: the file must not remember where it was.
    mv "$prefix" "$scratch/moved"
    flags=$(PKG_CONFIG_PATH="$scratch/moved/share/pkgconfig" pkg-config --cflags skerry)
    IFS=';' read -r -a launcher <<<"${LAUNCHER:-}"
    # shellcheck disable=SC2086 # flags are several words
    ${launcher[@]+"${launcher[@]}"} "${CXX:-c++}" $flags -c "$scratch/app/main.cpp" -o "$scratch/main.o"
    "${CXX:-c++}" "$scratch/main.o" -o "$scratch/consumer"
    "$scratch/consumer"
    ;;
  components)
    install_skerry
    mkdir -p "$scratch/app"
    refuse() {
      local expected=$1
      shift
      printf 'cmake_minimum_required(VERSION 3.24)\nproject(x LANGUAGES CXX)\nfind_package(skerry %s)\n' "$*" >"$scratch/app/CMakeLists.txt"
      if "$cmake" -S "$scratch/app" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/log" 2>&1; then
        echo "FAIL: find_package(skerry $*) was accepted"
        exit 1
      fi
      tr -s ' \n' ' ' <"$scratch/log" | grep -qF -- "$expected" || { echo "FAIL: the message does not say: $expected"; cat "$scratch/log"; exit 1; }
      echo "refused as expected: find_package(skerry $*): $expected"
    }
    refuse 'has no component "statistics". It has: core, stats' 'REQUIRED COMPONENTS core statistics'
    refuse 'compatible with requested version "9.0"' '9.0 REQUIRED'
    printf '%s\n' 'cmake_minimum_required(VERSION 3.24)' 'project(x LANGUAGES CXX)' \
      'find_package(skerry 0.1 REQUIRED COMPONENTS stats OPTIONAL_COMPONENTS unheard_of)' \
      'if(NOT TARGET skerry::stats OR skerry_unheard_of_FOUND)' 'message(FATAL_ERROR "wrong answer")' 'endif()' >"$scratch/app/CMakeLists.txt"
    "$cmake" -S "$scratch/app" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix"
    ;;
  example)
    # The demo's folder alone, elsewhere, against the installed package.
    folder=$source/examples/08_gateway
    if [[ ! -f $folder/CMakeLists.txt ]]; then
      echo "skipped: examples/08_gateway is not there"
      exit 77
    fi
    install_skerry
    cp -R "$folder" "$scratch/app"
    "$cmake" -S "$scratch/app" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER_LAUNCHER="${LAUNCHER:-}" \
      "${quick[@]}"
    "$cmake" --build "$scratch/build"
    program=$(find "$scratch/build" -type f -name gateway -perm -u+x | head -n 1)
    "$program" --help >/dev/null
    echo "examples/08_gateway builds elsewhere against the installed package"
    ;;
  *)
    echo "unknown way: $way"
    exit 2
    ;;
esac
