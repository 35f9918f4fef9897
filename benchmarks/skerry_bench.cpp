// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// skerry_bench: Google Benchmark over all modules. A figure without its compiler is worth nothing, so the context says it.
#include <skerry/core/version.hpp>

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 2;
  }
  benchmark::AddCustomContext("skerry", SKERRY_VERSION_STRING);
  benchmark::AddCustomContext("compiler", __VERSION__);
#ifdef __OPTIMIZE__
  benchmark::AddCustomContext("optimised", "yes");
#else
  benchmark::AddCustomContext("optimised", "no: these figures mean nothing");
#endif
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
