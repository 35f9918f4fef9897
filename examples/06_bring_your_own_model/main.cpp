// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A mill under a monitor whose slot for known failures holds your model: ONNX Runtime's, arrays in the program, or a function.
#include "known_failures.hpp"
#include "mill.hpp"

#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/model_slot.hpp>
#include <skerry/anomaly/model_vectors.hpp>
#include <skerry/anomaly/monitor.hpp>
#ifdef EXAMPLE_HAS_ONNXRUNTIME
#include <skerry/adapters/onnxruntime.hpp>
#endif

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;
namespace testing = skerry::testing;
using row_span = std::span<const float, mill::columns>;

struct options {
  std::string model = "builtin", library = "libonnxruntime.so.1", rows;
  float threshold = 0.85F;
  std::uint64_t seed = 7;
};

struct learns_longer : anomaly::default_monitor {
  static constexpr std::size_t warm_up = 900;  // a machine with four programs needs half an hour to show all of its normal
};

constexpr std::array<const char*, 4> classes{"normal", "bearing_outer", "bearing_inner", "imbalance"};
constexpr std::uint32_t story_seconds = 7200;
constexpr std::array<testing::scenario_entry, 2> story_faults{{
    {.machine = 2, .what = testing::disturbance::bearing_outer, .at = 3000, .severity = 0.6F, .until = 3600},
    {.machine = 2, .what = testing::disturbance::tool_wear, .at = 4800, .severity = 0.6F},  // of this kind the model has never heard
}};

struct finding {
  long known = -1, novel = -1;  // seconds after the onset
  std::string name;             // what the model calls it
  float probability = 0;
};
struct outcome {
  std::array<finding, story_faults.size()> found{};
  std::array<float, story_seconds / 60> highest{};  // of each minute
  int false_alarms = 0;
  anomaly::monitor_counters counters{};
};

/// The pipeline: it is the same for every model.
template <typename Model>
outcome watch(const std::vector<mill::second>& story, anomaly::model_slot<anomaly::failure_of<Model>, mill::columns>& known,
              const options& o) {
  using slot = anomaly::model_slot<anomaly::failure_of<Model>, mill::columns>;
  using monitor = anomaly::monitor<mill::columns, anomaly::model_ref<slot>, learns_longer>;
  anomaly::monitor_config config{.seed = o.seed, .rows_per_day = 86400, .known_threshold = o.threshold, .horizon = 0};
  config.latch.k = 5;
  config.latch.n = 7;
  const auto watcher = std::make_unique<monitor>(config, anomaly::model_ref{known});
  testing::cnc_baseline baseline;
  outcome out;
  bool failing = false, novel = false, quiet = true;
  for (const mill::second& s : story) {
    const auto distance = baseline.observe(s.mode, s.features, quiet);
    if (!distance) {
      continue;  // the mode is being learnt
    }
    const auto answer = watcher->observe(row_span{distance.value().scaled}, s.at * 1000U);
    if (!answer) {
      continue;  // counted by the monitor
    }
    const auto& v = answer.value();
    quiet = v.state == anomaly::monitor_state::learning || v.state == anomaly::monitor_state::normal;
    float& highest = out.highest[std::min<std::size_t>(s.at / 60, out.highest.size() - 1)];
    highest = std::max(highest, v.known_probability);
    const bool failing_now = v.known == anomaly::known_state::failing;
    const bool raised_known = failing_now && !failing, raised_novel = v.novel && !novel;
    failing = failing_now;
    novel = v.novel;
    if (s.fault < 0) {
      out.false_alarms += static_cast<int>(raised_known) + static_cast<int>(raised_novel);
      continue;
    }
    finding& f = out.found[static_cast<std::size_t>(s.fault)];
    const long since = static_cast<long>(s.at) - static_cast<long>(story_faults[static_cast<std::size_t>(s.fault)].at);
    if (raised_known && f.known < 0) {
      f.known = since;
      f.probability = v.known_probability;
      f.name = classes[known.model()->loudest() % classes.size()];
    }
    f.novel = raised_novel && f.novel < 0 ? since : f.novel;
  }
  out.counters = watcher->counters();
  return out;
}

std::string after(long seconds) { return seconds < 0 ? std::string{"never"} : fmt::format("after {} s", seconds); }

void print(const outcome& out) {
  for (std::size_t row = 0; row < out.highest.size(); row += 10) {
    fmt::print("minute {:>4}", row);
    for (std::size_t m = row; m < row + 10; ++m) {
      fmt::print("  {:.2f}", static_cast<double>(out.highest[m]));
    }
    fmt::print("\n");
  }
  for (std::size_t i = 0; i < out.found.size(); ++i) {
    const finding& f = out.found[i];
    fmt::print("{:<14} from minute {:>2}   known failure: {:<12} novel: {}\n", to_string(story_faults[i].what), story_faults[i].at / 60,
               after(f.known), after(f.novel));
    if (f.known >= 0) {
      fmt::print("maintenance    look at the machine: {}, probability {:.2f}\n", f.name, static_cast<double>(f.probability));
    }
  }
  fmt::print("false          {} alarms outside faults in two hours of four programs and tool changes\n", out.false_alarms);
}

template <typename Model>
void print_latency(const std::vector<mill::second>& story, Model& model) {
  std::vector<double> us;
  std::array<float, 1> p{};
  for (const mill::labelled& s : mill::label(story)) {
    const auto begin = std::chrono::steady_clock::now();
    const skerry::status done = model.infer(s.row, p);
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    if (!done) {
      return;
    }
  }
  std::sort(us.begin(), us.end());
  fmt::print("latency        p50 ~{:.2f} us  p99 ~{:.2f} us per inference\n", us[us.size() / 2], us[us.size() * 99 / 100]);
}

/// The story with the model, then with what a damaged file leaves of it.
template <typename Model>
int tell(const options& o, skerry::result<Model> model, skerry::result<Model> damaged, const char* words) {
  using failure = anomaly::failure_of<Model>;
  if (!model) {
    fmt::print("the model was refused: {}\n", to_string(model.error()));
    return 1;
  }
  const auto story = mill::watch(o.seed, 2, story_seconds, story_faults);
  anomaly::model_slot<failure, mill::columns> known{failure{std::move(model).value()}};
  if (known.reason() != skerry::errc::ok) {
    fmt::print("the model was refused: {}, rows have {} columns\n", to_string(known.reason()), mill::columns);
    return 1;
  }
  const outcome good = watch(story, known, o);
  print(good);
  print_latency(story, known);

  anomaly::model_slot<failure, mill::columns> missing{skerry::result<failure>{damaged.error()}};
  const outcome without = watch(story, missing, o);
  fmt::print("damaged        {} ({}): {} rows without an answer, counted; novel {} and {}\n", to_string(damaged.error()), words,
             without.counters.known_unavailable, after(without.found[0].novel), after(without.found[1].novel));

  const bool held = good.found[0].known >= 0 && good.found[1].known < 0 && good.found[1].novel >= 0 && good.false_alarms == 0 &&
                    good.counters.known_unavailable == 0 && without.counters.known_unavailable == without.counters.rows &&
                    without.found[0].novel >= 0 && without.found[1].novel >= 0;
  fmt::print("{}\n", held ? "Held: the known failure by the model, the unknown one by novelty, nothing else; and novelty alone without it."
                          : "NOT HELD: see above.");
  return held ? 0 : 1;
}

// ---- The three models. What differs is which of them is handed to `tell`.

/// Layers in the program, for a gateway or for firmware: `scripts/make_model.py` writes known_failures.hpp.
using arrays = anomaly::layer_model<mill::columns, known_failures::outputs, known_failures::widest>;
skerry::result<arrays> arrays_with_proof(std::span<const anomaly::array_layer> layers) {
  auto made = arrays::create(layers);
  if (made) {
    if (const skerry::status s = anomaly::check_vectors(made.value(), known_failures::vectors); !s) {
      return s.error();
    }
  }
  return made;
}
int with_arrays(const options& o) {
  std::vector<float> bent(known_failures::layers[0].weights.begin(), known_failures::layers[0].weights.end());
  bent[0] += 1;  // a flash cell that forgot
  std::vector<anomaly::array_layer> layers(known_failures::layers.begin(), known_failures::layers.end());
  layers[0].weights = bent;
  return tell(o, arrays_with_proof(known_failures::layers), arrays_with_proof(layers), "one weight changed, its test vectors tell");
}

/// A rule, or a call into anything else.
int with_a_function(const options& o) {
  const auto rule = anomaly::model_from<mill::columns, 4>([](row_span row, std::span<float, 4> p) {
    const float outer = row[3] - row[4] > 4 ? 0.99F : 0, inner = row[4] - row[3] > 4 ? 0.99F : 0, loose = row[5] > 10 ? 0.99F : 0;
    p[1] = outer;
    p[2] = outer > 0 ? 0 : inner;
    p[3] = outer + inner > 0 ? 0 : loose;
    p[0] = 1 - p[1] - p[2] - p[3];
  });
  using model = std::remove_cvref_t<decltype(rule)>;
  return tell<model>(o, rule, skerry::errc::unavailable, "no function: a place for one");
}

/// Any ONNX file, by ONNX Runtime.
int with_onnxruntime(const options& o) {
#ifdef EXAMPLE_HAS_ONNXRUNTIME
  using model = skerry::adapters::onnxruntime_model;
  skerry::adapters::onnxruntime_message why;
  const auto runtime = skerry::adapters::onnxruntime_library::load(o.library.c_str(), &why);
  if (!runtime) {
    fmt::print("skipped: {}\n", why.view());
    return 77;
  }
  auto loaded = model::create(runtime.value(), o.model.c_str(), {}, &why);
  if (!loaded) {
    fmt::print("the model was refused: {} ({})\n", to_string(loaded.error()), why.view());
    return 1;
  }
  std::ifstream file{o.model, std::ios::binary};
  const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  const auto half = std::as_bytes(std::span{bytes}).first(bytes.size() / 2);
  return tell(o, std::move(loaded), model::create(runtime.value(), half), "half of the file");
#else
  fmt::print("skipped: built without the headers of ONNX Runtime, so {} is not read\n", o.model);
  return 77;
#endif
}

/// Rows to learn from, as a table: other machines of the same make, other severities, the three failures that one has seen before.
int write_rows(const std::string& path) {
  std::ofstream out{path};
  out << "machine,label," << fmt::format("{}", fmt::join(testing::cnc_feature_names, ",")) << "\n";
  constexpr std::array kinds{testing::disturbance::bearing_outer, testing::disturbance::bearing_inner, testing::disturbance::imbalance};
  for (std::uint16_t machine = 1; machine <= 8; ++machine) {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      constexpr std::array severities{0.3F, 0.5F, 0.75F, 1.0F};
      const testing::scenario_entry fault{.machine = machine, .what = kinds[k], .at = 1500, .severity = severities[(machine + k) % 4]};
      for (const mill::labelled& s : mill::label(mill::watch(100, machine, 2400, {&fault, 1}))) {
        // Out of balance is a tool only once it has been changed: two minutes after the onset are left out.
        if (s.at % 5 == 0 && (s.fault < 0 || s.at > 1620)) {
          out << fmt::format("{},{},{:.9g}\n", machine, s.fault < 0 ? 0 : k + 1, fmt::join(s.row, ","));
        }
      }
    }
  }
  out.flush();
  return out ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  options o;
  CLI::App app{"Watches a mill with your model in the monitor's slot for known failures.", "bring_your_own_model"};
  app.add_option("--model", o.model, "FILE.onnx, builtin (arrays in the program) or function");
  app.add_option("--library", o.library, "where ONNX Runtime is");
  app.add_option("--threshold", o.threshold, "a known failure from this probability on")->check(CLI::Range(0.01F, 1.0F));
  app.add_option("--seed", o.seed, "of the machine and the monitor");
  app.add_option("--rows", o.rows, "only write rows to learn from to this file, for scripts/make_model.py");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ParseError& e) {
    fmt::print(stderr, "bring_your_own_model: {}\n{}", e.what(), app.help());
    return 2;
  }
  if (!o.rows.empty()) {
    return write_rows(o.rows);
  }
  fmt::print("bring_your_own_model: a mill for two hours, known failures from {:.2f} on\n", static_cast<double>(o.threshold));
  if (o.model == "function") {
    return with_a_function(o);
  }
  return o.model == "builtin" ? with_arrays(o) : with_onnxruntime(o);
}
