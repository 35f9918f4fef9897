# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# Writes main.cpp and modules.cmake for the consumer: the umbrella header of each module, or its first header if it has no umbrella.
include("${SOURCE}/cmake/headers.cmake")

set(modules "")
set(text "")
foreach(module core stats state delivery anomaly testing)
  if(skerry_${module}_headers)
    list(GET skerry_${module}_headers 0 header)
    list(APPEND modules ${module})
    string(APPEND text "#include <${header}>\n")
  endif()
endforeach()
string(APPEND text [[
#include <skerry/core/result.hpp>
#include <skerry/core/version.hpp>

#include <cstdio>

namespace {
skerry::result<int> half(int x) {
  if (x % 2 != 0) {
    return skerry::errc::invalid;
  }
  return x / 2;
}
}  // namespace

int main() {
  const auto good = half(84), bad = half(7);
  std::printf("skerry %s: %d, %s\n", SKERRY_VERSION_STRING, good.value(), skerry::to_string(bad.error()));
  return good.value() == 42 && !bad ? 0 : 1;
}
]])
file(WRITE "${OUTPUT}/main.cpp" "${text}")
file(WRITE "${OUTPUT}/modules.cmake" "set(modules ${modules})\n")
