// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// T² and Q, 16 columns that follow 4 hidden directions (pcg32 seed 7), 1000 training rows. The plain alternative: the same statistics by
// the matrices M = V diag(1/λ) V^T and R = I - V V^T in double, as one writes them down, with the model handed over.
#include <skerry/anomaly/t2_q.hpp>
#include <skerry/core/random.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t columns = 16;
constexpr std::size_t axes = 4;
constexpr std::size_t rows = 1000;
using model_type = anomaly::t2_q<columns, axes>;

const std::vector<float>& table() {
  static const auto values = [] {
    skerry::pcg32 random{7};
    std::array<double, axes * columns> mix{};
    for (double& m : mix) {
      m = skerry::normal(random);
    }
    std::vector<float> made(rows * columns);
    for (std::size_t i = 0; i < rows; ++i) {
      std::array<double, columns> x{};
      for (std::size_t k = 0; k < axes; ++k) {
        const double along = skerry::normal(random);
        for (std::size_t j = 0; j < columns; ++j) {
          x[j] += along * mix[k * columns + j];
        }
      }
      for (std::size_t j = 0; j < columns; ++j) {
        made[i * columns + j] = static_cast<float>(x[j] + 0.3 * skerry::normal(random));
      }
    }
    return made;
  }();
  return values;
}

const model_type& fitted() {
  static const model_type model = [] {
    model_type made;
    if (!made.fit({table().data(), rows, columns, columns})) {
      std::abort();
    }
    return made;
  }();
  return model;
}

std::span<const float, columns> row_at(std::size_t i) { return std::span<const float, columns>{table().data() + i * columns, columns}; }

void fit(benchmark::State& state) {
  model_type model;
  for (auto _ : state) {
    if (!model.fit({table().data(), rows, columns, columns})) {
      state.SkipWithError("fit refused");
    }
    benchmark::DoNotOptimize(model);
  }
  state.counters["model_bytes"] = sizeof model;
}
BENCHMARK(fit)->Name("anomaly/t2_q/fit")->Unit(benchmark::kMicrosecond);

void score(benchmark::State& state) {
  const model_type& model = fitted();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(model.score(row_at(i)));
    i = i + 1 == rows ? 0 : i + 1;
  }
  state.counters["model_bytes"] = sizeof model;
}
BENCHMARK(score)->Name("anomaly/t2_q/score");

struct plain {
  std::array<double, columns> mean{}, scale{};
  std::array<double, columns * columns> m{}, r{};
};

void score_plain(benchmark::State& state) {
  static const plain p = [] {
    plain made;
    for (std::size_t i = 0; i < columns; ++i) {
      made.mean[i] = static_cast<double>(fitted().mean()[i]);
      made.scale[i] = static_cast<double>(fitted().scale()[i]);
      for (std::size_t j = 0; j < columns; ++j) {
        made.r[i * columns + j] = i == j ? 1 : 0;
        for (std::size_t k = 0; k < axes; ++k) {
          const double product = static_cast<double>(fitted().axis(k)[i]) * static_cast<double>(fitted().axis(k)[j]);
          made.m[i * columns + j] += product / static_cast<double>(fitted().eigenvalues()[k]);
          made.r[i * columns + j] -= product;
        }
      }
    }
    return made;
  }();
  double furthest = 0;
  std::size_t i = 0;
  for (auto _ : state) {
    std::array<double, columns> z{};
    anomaly::basic_t2_q_score<double, columns> out{};
    for (std::size_t j = 0; j < columns; ++j) {
      z[j] = (static_cast<double>(row_at(i)[j]) - p.mean[j]) / p.scale[j];
    }
    for (std::size_t j = 0; j < columns; ++j) {
      double pull = 0;
      double rest = 0;
      for (std::size_t k = 0; k < columns; ++k) {
        pull += p.m[j * columns + k] * z[k];
        rest += p.r[j * columns + k] * z[k];
      }
      out.t2_share[j] = z[j] * pull;
      out.q_share[j] = rest * rest;
      out.t2 += out.t2_share[j];
      out.q += out.q_share[j];
    }
    benchmark::DoNotOptimize(out);
    i = i + 1 == rows ? 0 : i + 1;
  }
  for (std::size_t n = 0; n < rows; ++n) {  // the float answers beside the double ones
    double t2 = 0;
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t k = 0; k < columns; ++k) {
        const auto z = [n](std::size_t c) { return (static_cast<double>(row_at(n)[c]) - p.mean[c]) / p.scale[c]; };
        t2 += z(j) * p.m[j * columns + k] * z(k);
      }
    }
    const double away = t2 - static_cast<double>(fitted().score(row_at(n)).value().t2);
    furthest = away * away > furthest * furthest ? away : furthest;
  }
  state.counters["model_bytes"] = sizeof p;
  state.counters["t2_apart"] = furthest;
}
BENCHMARK(score_plain)->Name("anomaly/t2_q/plain_score");

}  // namespace
