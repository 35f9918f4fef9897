// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The same models in ONNX Runtime, in OpenCV and in arrays; and everything that can be wrong with a file. Built with the backends that are
// here: SKERRY_TEST_ONNXRUNTIME is the library's path, SKERRY_TEST_OPENCV is defined with OpenCV.
#include "../../examples/06_bring_your_own_model/known_failures.hpp"
#include "../../examples/06_bring_your_own_model/mill.hpp"
#include "core/counting_new.hpp"
#include "models/boosted.hpp"
#include "models/forest.hpp"

#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/forest_export.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/model_slot.hpp>
#include <skerry/anomaly/monitor.hpp>
#include <skerry/core/random.hpp>
#ifdef SKERRY_TEST_ONNXRUNTIME
#include <skerry/adapters/onnxruntime.hpp>
#endif
#ifdef SKERRY_TEST_OPENCV
#include <skerry/adapters/opencv_dnn.hpp>
#endif

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

using row_type = std::array<float, mill::columns>;
using layers_8 = layer_model<8, 4, known_failures::widest>;
using trees_8 = tree_model<8, 4>;
const std::string models = "models/";  // tests run in their own folder
const std::string known_onnx = "../../examples/06_bring_your_own_model/known_failures.onnx";

/// Rows of a mill, healthy, broken in each known way and in an unknown one, and rows that no machine has seen.
[[maybe_unused]] const std::vector<row_type>& rows() {
  static const std::vector<row_type> all = [] {
    std::vector<row_type> out;
    using testing::disturbance;
    for (const disturbance what :
         {disturbance::bearing_outer, disturbance::bearing_inner, disturbance::imbalance, disturbance::tool_wear}) {
      const testing::scenario_entry fault{.machine = 11, .what = what, .at = 1000, .severity = 0.4F, .ramp = 300};
      for (const mill::labelled& s : mill::label(mill::watch(4242, 11, 1500, {&fault, 1}))) {
        out.push_back(s.row);
      }
    }
    pcg32 random{99};
    for (int i = 0; i < 500; ++i) {
      row_type row;
      for (float& x : row) {
        x = static_cast<float>(normal(random)) * (i % 2 == 0 ? 3.0F : 60.0F);
      }
      out.push_back(row);
    }
    return out;
  }();
  return all;
}

struct agreement {
  double apart = 0;
  std::size_t other_decisions = 0, rows = 0;
};
template <typename A, typename B>
agreement compare(A& a, B& b) {
  agreement out;
  for (const row_type& row : rows()) {
    std::array<float, 4> x{}, y{};
    REQUIRE(a.infer(row, x));
    REQUIRE(b.infer(row, y));
    for (std::size_t c = 0; c < x.size(); ++c) {
      out.apart = std::max(out.apart, std::abs(static_cast<double>(x[c]) - static_cast<double>(y[c])));
    }
    const bool differ = (1 - x[0] >= 0.85F) != (1 - y[0] >= 0.85F) ||
                        std::max_element(x.begin(), x.end()) - x.begin() != std::max_element(y.begin(), y.end()) - y.begin();
    out.other_decisions += differ ? 1U : 0U;
    ++out.rows;
  }
  return out;
}
template <typename A, typename B>
void agree(A& a, B& b, const char* what) {
  const agreement found = compare(a, b);
  WARN(what << ": " << found.rows << " rows, at most " << found.apart << " apart, " << found.other_decisions << " other decisions");
  REQUIRE(found.rows > 2000);
  REQUIRE(found.apart <= 1e-6);
  REQUIRE(found.other_decisions == 0);
}

[[maybe_unused]] std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  const std::vector<char> text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  std::vector<std::byte> out(text.size());
  std::transform(text.begin(), text.end(), out.begin(), [](char c) { return static_cast<std::byte>(c); });
  return out;
}

[[maybe_unused]] layers_8 arrays() { return layers_8::create(known_failures::layers).value(); }

/// Every truncation and some flipped bits of a file: refused, or a model that answers; nothing else.
template <typename Load>
void damage(const std::string& path, Load&& load) {
  const std::vector<std::byte> whole = bytes_of(path);
  REQUIRE(whole.size() > 100);
  for (std::size_t n = 0; n < whole.size(); n += 97) {
    CAPTURE(n);
    REQUIRE_FALSE(load(std::span{whole}.first(n)));
  }
  std::size_t refused = 0, tried = 0;
  for (std::size_t n = 5; n < whole.size(); n += 41) {
    CAPTURE(n);
    std::vector<std::byte> bent = whole;
    bent[n] ^= std::byte{0x40};
    ++tried;
    refused += load(std::span<const std::byte>{bent}) ? 0U : 1U;
  }
  // The seal misses a change of its own name only: then all the rest is whole.
  WARN(path << ": " << refused << " of " << tried << " flipped bits were refused");
  REQUIRE(refused + 1 >= tried);
}

}  // namespace

TEST_CASE("arrays prove themselves on the vectors of the model that they were written from") {
  auto mlp = arrays();
  auto forest = trees_8::create(forest::trees).value();
  auto boosted = trees_8::create(boosted::trees).value();
  REQUIRE(check_vectors(mlp, known_failures::vectors));
  REQUIRE(check_vectors(forest, forest::vectors));
  REQUIRE(check_vectors(boosted, boosted::vectors));
  REQUIRE(check_vectors(forest, boosted::vectors).error() == errc::mismatch);
}

TEST_CASE("models in arrays allocate nothing") {
  auto mlp = arrays();
  auto trees = trees_8::create(boosted::trees).value();
  auto failure = failure_of<layers_8>{arrays()};
  row_type row{};
  std::array<float, 4> answer{};
  std::array<float, 1> one{};
  bool good = true;
  const std::size_t before = skerry_test::allocations();
  for (int i = 0; i < 100; ++i) {
    row[static_cast<std::size_t>(i) % row.size()] += 0.5F;
    good = mlp.infer(row, answer) && trees.infer(row, answer) && failure.infer(row, one) && good;
  }
  const std::size_t after = skerry_test::allocations();
  CHECK(good);
  CHECK(after == before);
}

#ifdef SKERRY_TEST_ONNXRUNTIME
using skerry::adapters::onnxruntime_library;
using skerry::adapters::onnxruntime_message;
using skerry::adapters::onnxruntime_model;
using skerry::adapters::onnxruntime_options;

namespace {

const onnxruntime_library& runtime() {
  static const result<onnxruntime_library> library = [] {
    onnxruntime_message why;
    auto made = onnxruntime_library::load(SKERRY_TEST_ONNXRUNTIME, &why);
    INFO(why.view());
    REQUIRE(made);
    return made;
  }();
  return library.value();
}
onnxruntime_model load(const std::string& path, const onnxruntime_options& options = {}) {
  onnxruntime_message why;
  auto made = onnxruntime_model::create(runtime(), path.c_str(), options, &why);
  INFO(path << ": " << why.view());
  REQUIRE(made);
  return std::move(made).value();
}
struct refusal {
  errc error;
  std::string words;
};
refusal refuse(const std::string& path, const onnxruntime_options& options = {}) {
  onnxruntime_message why;
  const auto made = onnxruntime_model::create(runtime(), path.c_str(), options, &why);
  return {made.error(), std::string{why.view()}};
}

}  // namespace

TEST_CASE("ONNX Runtime and arrays answer alike within a millionth, and decide alike") {
  auto mlp = load(known_onnx);
  auto layers = arrays();
  REQUIRE(mlp.vectors_checked() == 24);
  agree(mlp, layers, "perceptron, ONNX Runtime and arrays");
  auto forest = load(models + "forest.onnx");
  auto maps = load(models + "zipmap.onnx");
  auto forest_arrays = trees_8::create(forest::trees).value();
  REQUIRE(forest.vectors_checked() == 24);
  REQUIRE(maps.vectors_checked() == 24);
  agree(forest, forest_arrays, "forest, ONNX Runtime and arrays");
  agree(maps, forest_arrays, "forest as maps, ONNX Runtime and arrays");
  auto boosted = load(models + "boosted.onnx");
  auto boosted_arrays = trees_8::create(boosted::trees).value();
  agree(boosted, boosted_arrays, "boosted trees, ONNX Runtime and arrays");
}

TEST_CASE("ONNX Runtime takes batches of any size, a fixed batch, no batch, and shapes of more dimensions") {
  const std::array<float, 3> row{1, 2, 3};
  for (const char* name : {"any_batch", "fixed_batch", "no_batch", "two_outputs"}) {
    CAPTURE(name);
    auto model = load(models + name + ".onnx");
    REQUIRE(shape_size(model.input_shape()) == 3);
    REQUIRE(shape_size(model.output_shape()) == 1);
    std::array<float, 1> out{};
    REQUIRE(model.infer(row, out));
    REQUIRE(out[0] == 14);
    const std::array<float, 9> many{1, 2, 3, 0, 0, 1, 5, 0, 0};
    std::array<float, 3> answers{};
    REQUIRE(model.infer_rows({many.data(), 3, 3, 3}, answers));
    REQUIRE(answers == std::array<float, 3>{14, 3, 5});
    const std::array<float, 8> apart{1, 2, 3, -1, 0, 0, 1, -1};  // a column between the rows
    REQUIRE(model.infer_rows({apart.data(), 2, 3, 4}, std::span{answers}.first(2)));
    REQUIRE(answers[1] == 3);
    REQUIRE(model.infer_rows({many.data(), 3, 3, 3}, std::span{answers}.first(2)).error() == errc::width);
    REQUIRE(model.infer_rows({many.data(), 0, 3, 3}, {}));
  }
  REQUIRE(load(models + "fixed_batch.onnx").batch() == 4);
  auto square = load(models + "square.onnx");
  REQUIRE(square.input_shape().size() == 2);
  REQUIRE(square.output_shape().size() == 2);
  std::array<float, 4> out{};
  REQUIRE(square.infer(std::array<float, 4>{-1, 2, -3, 4}, out));
  REQUIRE(out == std::array<float, 4>{0, 2, 0, 4});
  auto named = load(models + "two_outputs.onnx", {.output = "same"});
  std::array<float, 3> same{};
  REQUIRE(named.infer(row, same));
  REQUIRE(same == row);
}

TEST_CASE("maps from names are answered in the order of their names, and a class that is NaN is no answer") {
  auto named = load(models + "named_maps.onnx");  // bearing, healthy, worn
  std::array<float, 3> out{7, 7, 7};
  REQUIRE(named.output_shape().size() == 1);
  REQUIRE(named.infer(std::array{0.25F, 0.5F, 0.125F}, out));
  REQUIRE(out == std::array{0.25F, 0.5F, 0.125F});
  auto root = load(models + "root_maps.onnx");
  REQUIRE(root.infer(std::array{4.0F, -1.0F, 1.0F}, out).error() == errc::not_finite);
  REQUIRE(out == std::array{0.25F, 0.5F, 0.125F});
  REQUIRE(root.infer(std::array{4.0F, 9.0F, 1.0F}, out));
  REQUIRE(out == std::array{2.0F, 3.0F, 1.0F});
  std::array<float, 6> two{};  // maps come a row at a time
  REQUIRE(root.infer_rows({std::array{4.0F, 9.0F, 1.0F, 0.0F, 1.0F, 16.0F}.data(), 2, 3, 3}, two));
  REQUIRE(two == std::array{2.0F, 3.0F, 1.0F, 0.0F, 1.0F, 4.0F});
}

namespace {

std::vector<std::byte> exported(const isolation_forest<4, 30, 128, std::int16_t>& forest, bool five) {
  std::vector<std::byte> out(onnx_size(forest, {.tree_ensemble_5 = five}).value());
  byte_writer to{out};
  REQUIRE(export_onnx(forest, to, {.tree_ensemble_5 = five}));
  return out;
}
std::vector<std::byte> exported(const isolation_forest<4, 30, 128, std::uint8_t>& forest, bool five) {
  std::vector<std::byte> out(onnx_size(forest, {.tree_ensemble_5 = five}).value());
  byte_writer to{out};
  REQUIRE(export_onnx(forest, to, {.tree_ensemble_5 = five}));
  return out;
}

template <typename Code>
void same_in_onnxruntime(missing_policy missing, std::uint64_t seed) {
  CAPTURE(sizeof(Code), static_cast<int>(missing), seed);
  pcg32 random{seed};
  const auto draw = [&] { return static_cast<float>(normal(random)); };
  std::vector<float> seen(400 * 4);
  std::generate(seen.begin(), seen.end(), draw);
  const bool gaps = missing != missing_policy::refuse;
  for (std::size_t i = 3; gaps && i < seen.size(); i += 29) {
    seen[i] = std::numeric_limits<float>::quiet_NaN();
  }
  auto forest = std::make_unique<isolation_forest<4, 30, 128, Code>>();
  REQUIRE(forest->fit({seen.data(), 400, 4, 4}, {.seed = seed, .trees = 30, .sample = 128, .missing = missing}));
  for (const bool five : {false, true}) {
    const auto bytes = exported(*forest, five);
    onnxruntime_message why;
    auto sums = onnxruntime_model::create(runtime(), bytes, {.output = "depth_sum"}, &why);
    INFO(why.view());
    REQUIRE(sums);
    auto scores = onnxruntime_model::create(runtime(), bytes, {.output = "score"});
    REQUIRE(scores);
    for (int i = 0; i < 300; ++i) {
      std::array<float, 4> row{};
      for (std::size_t c = 0; c < 4; ++c) {
        // Inside the range that was learnt, on values that were, and far outside of it.
        row[c] = i % 3 == 0 ? draw() : (i % 3 == 1 ? seen[static_cast<std::size_t>(i) * 4 + c] : draw() * 1e6F);
        if (!gaps && row[c] != row[c]) {
          row[c] = 0;
        }
      }
      if (gaps && i % 7 == 0) {
        row[static_cast<std::size_t>(i) % 4] = std::numeric_limits<float>::quiet_NaN();
      }
      std::array<float, 1> sum{}, score{};
      REQUIRE(sums.value().infer(row, sum));
      REQUIRE(scores.value().infer(row, score));
      REQUIRE(sum[0] == static_cast<float>(forest->depth_sum(row).value()));
      REQUIRE(std::abs(score[0] - forest->score(row).value()) <= 1e-6F);
    }
  }
}

}  // namespace

TEST_CASE(
    "a forest that was exported is a model here: equal depth sums inside and outside of what it learnt, also where values are missing") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    same_in_onnxruntime<std::int16_t>(missing_policy::refuse, seed);
    same_in_onnxruntime<std::uint8_t>(missing_policy::refuse, seed);
    same_in_onnxruntime<std::int16_t>(missing_policy::evidence, seed);
    same_in_onnxruntime<std::uint8_t>(missing_policy::heavier, seed);
  }
}

TEST_CASE("a seal may be required: then nothing but what was written reaches ONNX Runtime") {
  const onnxruntime_options sealed{.seal = seal_rule::required};
  REQUIRE(refuse(known_onnx, sealed).error == errc::ok);
  const auto bare = refuse(models + "any_batch.onnx", sealed);
  REQUIRE(bare.error == errc::absent);
  REQUIRE(bare.words.find("sealed") != std::string::npos);
  REQUIRE(refuse("model_backends.cpp", sealed).error == errc::corrupt);
  REQUIRE(refuse(models + "nowhere.onnx", sealed).error == errc::absent);
  // Any bit of the file, also of the name of the seal, and any cut.
  const std::vector<std::byte> whole = bytes_of(known_onnx);
  for (std::size_t n = 0; n < whole.size() * 8; n += 3) {
    CAPTURE(n);
    std::vector<std::byte> bent = whole;
    bent[n / 8] ^= std::byte{1} << (n % 8);
    REQUIRE_FALSE(onnxruntime_model::create(runtime(), bent, sealed));
  }
  for (std::size_t n = 0; n < whole.size(); n += 7) {
    CAPTURE(n);
    REQUIRE_FALSE(onnxruntime_model::create(runtime(), std::span{whole}.first(n), sealed));
  }
}

TEST_CASE("threads, arena and rewriting of the graph are the caller's, and change no answer beyond rounding") {
  auto usual = load(known_onnx);
  for (const onnxruntime_options& o :
       {onnxruntime_options{.threads = 2}, onnxruntime_options{.arena = false}, onnxruntime_options{.optimise = false}}) {
    auto other = load(known_onnx, o);
    REQUIRE(compare(usual, other).apart <= 1e-6);
  }
}

TEST_CASE("what ONNX Runtime cannot load is an error with its words, and what does not fit is one with ours") {
  const auto missing = refuse(models + "nowhere.onnx");
  REQUIRE(missing.error == errc::absent);
  REQUIRE(missing.words.find("nowhere.onnx") != std::string::npos);
  REQUIRE(refuse("model_backends.cpp").error == errc::corrupt);
  REQUIRE(refuse(models + "doubles.onnx").error == errc::unsupported);
  REQUIRE(refuse(models + "whole_numbers.onnx").error == errc::unsupported);
  REQUIRE(refuse(models + "two_inputs.onnx").error == errc::unsupported);
  REQUIRE(refuse(models + "any_width.onnx").error == errc::unsupported);
  REQUIRE(refuse(models + "one_answer.onnx").error == errc::unsupported);
  REQUIRE(refuse(known_onnx, {.output = "nothing of this name"}).error == errc::absent);
  REQUIRE(refuse(models + "forest.onnx", {.output = "label"}).error == errc::unsupported);
  const auto wrong = refuse(models + "wrong_vectors.onnx");
  REQUIRE(wrong.error == errc::mismatch);
  REQUIRE(wrong.words.find("test vectors") != std::string::npos);
  REQUIRE(refuse(models + "wrong_vectors.onnx", {.vectors = vectors_rule::ignored}).error == errc::ok);
  REQUIRE_FALSE(refuse(models + "unreadable_vectors.onnx").words.empty());
  REQUIRE(refuse(models + "unreadable_vectors.onnx").error != errc::ok);
  REQUIRE(refuse(models + "wide_vectors.onnx").error == errc::width);
  REQUIRE(refuse(models + "root.onnx", {.vectors = vectors_rule::required}).error == errc::absent);
  REQUIRE(onnxruntime_library::load("/no/such/library.so").error() == errc::absent);
  REQUIRE(onnxruntime_library::load("libdl.so.2").error() == errc::unsupported);
}

TEST_CASE("a refused inference leaves the answer as it was, and the next one stands alone") {
  auto root = load(models + "root.onnx");
  std::array<float, 1> out{7};
  REQUIRE(root.infer(std::array{-1.0F}, out).error() == errc::not_finite);
  REQUIRE(out[0] == 7);
  REQUIRE_FALSE(root.message().empty());
  REQUIRE(root.infer(std::array{1.0F, 2.0F}, out).error() == errc::width);
  REQUIRE(root.infer(std::array{4.0F}, out));
  REQUIRE(out[0] == 2);
  onnxruntime_model moved = std::move(root);
  REQUIRE(moved.infer(std::array{9.0F}, out));
  REQUIRE(root.infer(std::array{4.0F}, out).error() == errc::insufficient);  // NOLINT(bugprone-use-after-move): that is the question
  REQUIRE(onnxruntime_model{}.infer(std::array{4.0F}, out).error() == errc::insufficient);
}

TEST_CASE("damaged models are refused or answer, in ONNX Runtime") {
  const auto load_bytes = [](std::span<const std::byte> b) { return onnxruntime_model::create(runtime(), b); };
  damage(known_onnx, load_bytes);
  damage(models + "forest.onnx", load_bytes);
}

/// ONNX Runtime's own functions, but what `Run` allocates is counted by itself.
struct watched_runtime {
  static inline OrtApi api{};
  static inline decltype(OrtApi::Run) run = nullptr;
  static inline std::size_t inside = 0;
  static inline std::size_t runs = 0;

  static OrtStatusPtr ORT_API_CALL counted(OrtSession* session, const OrtRunOptions* options, const char* const* in_names,
                                           const OrtValue* const* in, std::size_t in_count, const char* const* out_names,
                                           std::size_t out_count, OrtValue** out) NO_EXCEPTION {
    const std::size_t before = skerry_test::allocations();
    const OrtStatusPtr done = run(session, options, in_names, in, in_count, out_names, out_count, out);
    inside += skerry_test::allocations() - before;
    ++runs;
    return done;
  }
  static const OrtApi* ORT_API_CALL table(std::uint32_t) NO_EXCEPTION { return &api; }
  static const char* ORT_API_CALL version() NO_EXCEPTION { return "1.21.0"; }
};

TEST_CASE("an inference allocates nothing but what ONNX Runtime does in its own call") {
  watched_runtime::api = runtime().api();
  watched_runtime::run = watched_runtime::api.Run;
  watched_runtime::api.Run = &watched_runtime::counted;
  const OrtApiBase base{&watched_runtime::table, &watched_runtime::version};
  auto library = onnxruntime_library::from(base);
  REQUIRE(library);
  auto model = onnxruntime_model::create(library.value(), known_onnx.c_str());
  REQUIRE(model);
  row_type row{};
  std::array<float, 4> answer{};
  bool good = true;
  const std::size_t inside = watched_runtime::inside;
  const std::size_t runs = watched_runtime::runs;
  const std::size_t before = skerry_test::allocations();
  for (int i = 0; i < 100; ++i) {
    good = static_cast<bool>(model.value().infer(row, answer)) && good;
  }
  const std::size_t all = skerry_test::allocations() - before;
  CHECK(good);
  CHECK(watched_runtime::runs - runs == 100);
  CHECK(all - (watched_runtime::inside - inside) == 0);
}
#endif

#if defined(SKERRY_TEST_ONNXRUNTIME) || defined(SKERRY_TEST_OPENCV)
namespace {

struct small : default_monitor {
  static constexpr std::size_t history = 200;
  static constexpr std::size_t warm_up = 120;
  static constexpr std::size_t trees = 20;
  static constexpr std::size_t sample = 64;
  static constexpr std::size_t fold = 20;
};

/// What a monitor makes of a model that was refused, or fails: the judgements of one without a model, and every row counted.
template <typename Model>
void goes_on(const char* what, result<Model> loaded, std::string_view words, errc expected) {
  using slot = model_slot<Model, 1>;
  CAPTURE(what);
  const errc reason = loaded.error();
  slot known{std::move(loaded)};
  auto with = std::make_unique<monitor<1, model_ref<slot>, small>>(monitor_config{.seed = 3, .rows_per_day = 86400}, model_ref{known});
  auto without = std::make_unique<monitor<1, no_model, small>>(monitor_config{.seed = 3, .rows_per_day = 86400}, no_model{});
  pcg32 random{17};
  std::uint64_t now = 0;
  for (int i = 0; i < 400; ++i) {
    now += 1000;
    // Below zero, so that the root of it is NaN.
    const std::array<float, 1> row{static_cast<float>(normal(random)) - (i > 300 ? 90.0F : 50.0F)};
    auto a = with->observe(row, now);
    const auto b = without->observe(row, now);
    REQUIRE(a);
    REQUIRE(b);
    REQUIRE(a.value().known == known_state::unavailable);
    a.value().known = known_state::none;
    REQUIRE(a.value() == b.value());
  }
  const monitor_counters& c = with->counters();
  WARN(what << ": create " << to_string(reason) << (reason == errc::ok ? "" : " (" + std::string{words} + ")") << "; slot "
            << to_string(known.reason()) << "; of 400 rows unavailable " << c.known_unavailable << ", not_finite " << c.known_not_finite
            << ", novel alarms " << c.alarms_novel);
  REQUIRE(known.reason() == expected);
  REQUIRE(c.known_unavailable + c.known_not_finite + c.known_failed + c.known_timeout == 400);
  REQUIRE(c.alarms_novel == 1);
  REQUIRE(c.rows == 400);
}

/// Everything that is wrong with a model somewhere, in one list.
struct bad_model {
  const char* what;
  std::string file;
  errc expected;  // of the slot
};
std::vector<bad_model> bad_models(errc of_half) {
  const std::vector<std::byte> whole = bytes_of(known_onnx);
  const auto write = [&](const char* name, std::size_t size, std::size_t bend) {
    std::vector<std::byte> bytes{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
    if (bend < size) {
      bytes[bend] ^= std::byte{4};
    }
    const std::string path = (std::filesystem::temp_directory_path() / name).string();
    std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path;
  };
  return {{"missing file", models + "nowhere.onnx", errc::absent},
          {"a text", "model_backends.cpp", errc::corrupt},
          {"half of the file", write("skerry_half.onnx", whole.size() / 2, whole.size()), of_half},
          {"one bit of a sealed file", write("skerry_bent.onnx", whole.size(), whole.size() / 3), errc::corrupt},
          {"inputs of another type", models + "doubles.onnx", errc::unsupported},
          {"two inputs", models + "two_inputs.onnx", errc::unsupported},
          {"rows of another width", models + "any_batch.onnx", errc::width},
          {"vectors that disagree", models + "wrong_vectors.onnx", errc::mismatch},
          {"vectors of another width", models + "wide_vectors.onnx", errc::width},
          {"answers NaN", models + "root.onnx", errc::ok}};
}

}  // namespace
#endif

#ifdef SKERRY_TEST_ONNXRUNTIME
TEST_CASE("whatever is wrong with a model of ONNX Runtime, the monitor judges as without one and counts it") {
  for (const bad_model& bad : bad_models(errc::corrupt)) {
    onnxruntime_message why;
    auto loaded = onnxruntime_model::create(runtime(), bad.file.c_str(), {}, &why);
    goes_on(bad.what, std::move(loaded), why.view(), bad.expected);
  }
}
#endif

#ifdef SKERRY_TEST_OPENCV
using skerry::adapters::opencv_message;
using skerry::adapters::opencv_model;

TEST_CASE("OpenCV and arrays answer alike within a millionth, and decide alike") {
  opencv_message why;
  auto made = opencv_model::create(known_onnx.c_str(), {}, &why);
  INFO(why.view());
  REQUIRE(made);
  REQUIRE(made.value().vectors_checked() == 24);
  auto layers = arrays();
  agree(made.value(), layers, "perceptron, OpenCV and arrays");
#ifdef SKERRY_TEST_ONNXRUNTIME
  auto other = load(known_onnx);
  agree(made.value(), other, "perceptron, OpenCV and ONNX Runtime");
#endif
}

TEST_CASE("what OpenCV cannot load is an error with words, and nothing it throws comes out") {
  const auto refused = [](const std::string& name, vectors_rule rule = vectors_rule::if_present) {
    opencv_message why;
    const errc e = opencv_model::create(name.c_str(), {.vectors = rule}, &why).error();
    INFO(name);
    REQUIRE((e == errc::ok) == why.empty());
    return e;
  };
  REQUIRE(refused(models + "nowhere.onnx") == errc::absent);
  REQUIRE(refused("model_backends.cpp") != errc::ok);
  REQUIRE(refused(models + "forest.onnx") == errc::unsupported);
  REQUIRE(refused(models + "doubles.onnx") == errc::unsupported);
  REQUIRE(refused(models + "two_inputs.onnx") == errc::unsupported);
  REQUIRE(refused(models + "any_width.onnx") == errc::unsupported);
  REQUIRE(refused(models + "fixed_batch.onnx") == errc::unsupported);
  REQUIRE(refused(models + "wrong_vectors.onnx") == errc::mismatch);
  REQUIRE(refused(models + "wide_vectors.onnx") == errc::width);
  REQUIRE(refused(models + "two_outputs.onnx", vectors_rule::required) == errc::absent);
  auto model = opencv_model::create((models + "any_batch.onnx").c_str()).value();
  std::array<float, 1> out{7};
  REQUIRE(model.infer(std::array{1.0F, 2.0F}, out).error() == errc::width);
  REQUIRE(model.infer(std::array{1.0F, std::numeric_limits<float>::infinity(), 3.0F}, out).error() == errc::not_finite);
  REQUIRE(out[0] == 7);
  REQUIRE(model.infer(std::array{1.0F, 2.0F, 3.0F}, out));
  REQUIRE(out[0] == 14);
}

TEST_CASE("whatever is wrong with a model of OpenCV, the monitor judges as without one and counts it") {
  for (const bad_model& bad : bad_models(errc::truncated)) {
    opencv_message why;
    auto loaded = opencv_model::create(bad.file.c_str(), {}, &why);
    goes_on(bad.what, std::move(loaded), why.view(), bad.expected);
  }
}

TEST_CASE("an inference allocates as often as OpenCV alone") {
  auto model = opencv_model::create(known_onnx.c_str()).value();
  const std::vector<std::byte> bytes = bytes_of(known_onnx);
  auto net = cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  cv::Mat in = cv::Mat::zeros(1, mill::columns, CV_32F), out;
  row_type row{};
  std::array<float, 4> answer{};
  bool good = true;
  const auto counted = [&](auto&& once) {
    once();
    const std::size_t before = skerry_test::allocations();
    for (int i = 0; i < 100; ++i) {
      once();
    }
    return skerry_test::allocations() - before;
  };
  const std::size_t plain = counted([&] {
    std::copy(row.begin(), row.end(), in.ptr<float>());
    net.setInput(in);
    out = net.forward();
  });
  const std::size_t ours = counted([&] { good = static_cast<bool>(model.infer(row, answer)) && good; });
  WARN("of 100 inferences OpenCV alone allocates " << plain << " times, with the adapter " << ours);
  CHECK(good);
  CHECK(ours == plain);
}

TEST_CASE("damaged models are refused or answer, in OpenCV") {
  damage(known_onnx, [](std::span<const std::byte> b) { return opencv_model::create(b); });
}
#endif
