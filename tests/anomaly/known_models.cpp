// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// What stands between a trained model and the monitor: arrays, test vectors, ONNX read by its fields, slots, classes.
#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/model_slot.hpp>
#include <skerry/anomaly/model_vectors.hpp>
#include <skerry/anomaly/monitor.hpp>
#include <skerry/anomaly/onnx_reader.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

// x0 <= 1 ? (x1 <= 0 ? (1, 0) : (0.5, 0.5)) : (0, 1)      and      x1 <= 2 ? (1, 0) : (0, 1)
constexpr std::array<array_node, 8> nodes{{{1, 0, 4},
                                           {0, 1, 3},
                                           {0, array_node::leaf, 0},
                                           {0, array_node::leaf, 2},
                                           {0, array_node::leaf, 1},
                                           {2, 1, 7},
                                           {0, array_node::leaf, 0},
                                           {0, array_node::leaf, 1}}};
constexpr std::array<std::uint16_t, 2> roots{0, 5};
constexpr std::array<float, 6> leaves{0.5F, 0, 0, 0.5F, 0.25F, 0.25F};
constexpr std::array<float, 2> base{0, 0};
constexpr array_trees trees{roots, nodes, leaves, base, 2, activation::none};
static_assert(sound(trees));
static_assert(sizeof(array_node) == 8);

using trees_2 = tree_model<2, 2>;
static_assert(inference_model<trees_2>);
static_assert(inference_model<layer_model<2, 1, 3>>);
static_assert(inference_model<model_ref<trees_2>>);
static_assert(inference_model<failure_of<trees_2>>);
static_assert(inference_model<model_slot<failure_of<trees_2>, 2>>);

constexpr std::array<float, 2> answer(float a, float b) {
  trees_2 model = trees_2::create(trees).value();
  std::array<float, 2> out{};
  return model.infer(std::array{a, b}, out) ? out : std::array<float, 2>{-1, -1};
}
// A model in flash is as good as the compiler's own arithmetic: it can be asked while compiling.
static_assert(answer(0, 0) == std::array<float, 2>{1, 0});
static_assert(answer(1, 1) == std::array<float, 2>{0.75F, 0.25F});
static_assert(answer(1.5F, 3) == std::array<float, 2>{0, 1});

constexpr std::array<float, 6> weights_1{1, 0, 0, 1, -1, 1};
constexpr std::array<float, 3> bias_1{0, -1, 0.5F};
constexpr std::array<float, 3> weights_2{2, -1, 0.5F};
constexpr std::array<float, 1> bias_2{0.25F};
constexpr std::array<array_layer, 2> layers{{{weights_1, bias_1, activation::relu}, {weights_2, bias_2, activation::logistic}}};
static_assert(sound(layers, 2));

std::string vectors_text() { return "1 2 2 2 3727c5ac 00000000 00000000 3f800000 00000000 3fc00000 40400000 00000000 3f800000"; }

struct nan_for_big_rows {
  static constexpr std::array<std::uint32_t, 1> in{2}, out{1};
  std::span<const std::uint32_t> input_shape() const { return in; }
  std::span<const std::uint32_t> output_shape() const { return out; }
  status infer(std::span<const float> x, std::span<float> y) {
    y[0] = x[0] > 100 ? std::numeric_limits<float>::quiet_NaN() : 0.1F;
    return {};
  }
};

struct small : default_monitor {
  static constexpr std::size_t history = 400, warm_up = 256, trees = 20, sample = 64, held = 64, quarantine = 64;
};

}  // namespace

TEST_CASE("trees in arrays answer with the sum of the leaves that a row falls into, and a value on a threshold goes left") {
  trees_2 model = trees_2::create(trees).value();
  std::array<float, 2> out{7, 7};
  REQUIRE(model.infer(std::array{1.0F, 2.0F}, out));
  REQUIRE(out == std::array{0.75F, 0.25F});
  REQUIRE(model.infer(std::array{std::nextafter(1.0F, 2.0F), 2.0F}, out));
  REQUIRE(out == std::array{0.5F, 0.5F});
  SECTION("NaN goes where greater values go") {
    REQUIRE(model.infer(std::array{std::numeric_limits<float>::quiet_NaN(), 0.0F}, out));
    REQUIRE(out == std::array{0.5F, 0.5F});
  }
  SECTION("another width is refused and nothing is written") {
    out = {7, 7};
    REQUIRE(model.infer(std::array{1.0F}, out).error() == errc::width);
    REQUIRE(model.infer(std::array{1.0F, 2.0F}, std::span{out}.first(1)).error() == errc::width);
    REQUIRE(out == std::array{7.0F, 7.0F});
  }
  SECTION("a model that was never made answers nothing") {
    trees_2 none;
    REQUIRE(none.infer(std::array{1.0F, 2.0F}, out).error() == errc::insufficient);
  }
}

TEST_CASE("arrays of trees that leave their bounds, or whose ways turn back, make no model") {
  const auto refused = [](auto change) {
    auto n = nodes;
    auto r = roots;
    auto l = leaves;
    array_trees t{r, n, l, base, 2, activation::none};
    change(n, r, l, t);
    t.roots = r;
    t.nodes = n;
    t.leaves = t.leaves.size() == l.size() ? std::span<const float>{l} : t.leaves;
    return tree_model<2, 2>::create(t).error() == errc::corrupt;
  };
  REQUIRE(refused([](auto& n, auto&, auto&, auto&) { n[0].next = 0; }));
  REQUIRE(refused([](auto& n, auto&, auto&, auto&) { n[1].next = 2; }));  // both ways the same node: no split
  REQUIRE(refused([](auto& n, auto&, auto&, auto&) { n[0].next = 8; }));
  REQUIRE(refused([](auto& n, auto&, auto&, auto&) { n[0].column = 2; }));
  REQUIRE(refused([](auto& n, auto&, auto&, auto&) { n[2].next = 3; }));
  REQUIRE(refused([](auto& n, auto&, auto&, auto&) { n[7] = {1, 0, 9}; }));
  REQUIRE(refused([](auto& n, auto&, auto&, auto&) { n[0].threshold = std::numeric_limits<float>::infinity(); }));
  REQUIRE(refused([](auto&, auto& r, auto&, auto&) { r[1] = 8; }));
  REQUIRE(refused([](auto&, auto&, auto& l, auto&) { l[0] = std::numeric_limits<float>::quiet_NaN(); }));
  REQUIRE(refused([](auto&, auto&, auto& l, auto& t) { t.leaves = std::span{l}.first(5); }));
  REQUIRE_FALSE(refused([](auto&, auto&, auto&, auto&) {}));
  REQUIRE(tree_model<3, 2>::create(trees).error() == errc::width);
  REQUIRE(tree_model<2, 1>::create(trees).error() == errc::width);
}

TEST_CASE("any bytes as nodes make a model that walks inside of its arrays, or none") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    pcg32 random{seed};
    std::vector<array_node> wild(1 + random() % 12);
    for (array_node& n : wild) {
      n = {static_cast<float>(random() % 5), static_cast<std::uint16_t>(random() % 3 == 0 ? array_node::leaf : random() % 3),
           static_cast<std::uint16_t>(random() % 14)};
    }
    const std::array<std::uint16_t, 1> root{static_cast<std::uint16_t>(random() % wild.size())};
    auto made = tree_model<2, 2>::create({root, wild, leaves, base, 2, activation::softmax});
    if (made) {
      std::array<float, 2> out{};
      REQUIRE(made.value().infer(std::array{2.0F, 1.0F}, out));
      REQUIRE(std::abs(out[0] + out[1] - 1) < 1e-6F);
    }
  }
}

TEST_CASE("layers in arrays are sums of products, in that order, and a sum that is no number is a refusal") {
  using model_type = layer_model<2, 1, 3>;
  model_type model = model_type::create(layers).value();
  std::array<float, 1> out{};
  REQUIRE(model.infer(std::array{1.0F, 2.0F}, out));
  const float z = 0.25F + 2 * 1 - 1 * 1 + 0.5F * 1.5F;
  REQUIRE(std::abs(out[0] - 1 / (1 + std::exp(-z))) < 1e-7F);
  out = {7};
  REQUIRE(model.infer(std::array{std::numeric_limits<float>::max(), -std::numeric_limits<float>::max()}, out).error() == errc::not_finite);
  REQUIRE(model.infer(std::array{std::numeric_limits<float>::quiet_NaN(), 1.0F}, out).error() == errc::not_finite);
  REQUIRE(model.infer(std::array{1.0F}, out).error() == errc::width);
  REQUIRE(out[0] == 7);
  REQUIRE(layer_model<3, 1, 3>::create(layers).error() == errc::corrupt);
  REQUIRE(layer_model<2, 1, 2>::create(layers).error() == errc::width);
  REQUIRE(layer_model<2, 2, 3>::create(layers).error() == errc::width);
  REQUIRE(model_type::create({}).error() == errc::corrupt);
  REQUIRE(model_type{}.infer(std::array{1.0F, 2.0F}, out).error() == errc::insufficient);
}

TEST_CASE("activations have the values that they are named after") {
  std::array<float, 3> x{-1, 0, 2};
  REQUIRE(skerry::anomaly::detail::activate(activation::tanh, x));
  REQUIRE(std::abs(x[2] - std::tanh(2.0F)) < 1e-7F);
  x = {-100, 0, 1000};
  REQUIRE(skerry::anomaly::detail::activate(activation::softmax, x));
  REQUIRE(x == std::array<float, 3>{0, 0, 1});
  x = {-1000, 0, 1000};
  REQUIRE(skerry::anomaly::detail::activate(activation::logistic, x));
  REQUIRE(x == std::array<float, 3>{0, 0.5F, 1});
}

TEST_CASE("a model proves itself on the rows that it carries, from text or from arrays") {
  trees_2 model = trees_2::create(trees).value();
  const std::string text = vectors_text();
  auto vectors = model_vectors::parse(text);
  REQUIRE(vectors);
  REQUIRE(vectors.value().rows() == 2);
  REQUIRE(vectors.value().input(1, 1) == 3);
  REQUIRE(vectors.value().answer(1, 1) == 1);
  REQUIRE(vectors.value().tolerance() == 1e-5F);
  REQUIRE(check_vectors(model, vectors.value()));
  static constexpr std::array<float, 4> in{0, 0, 1.5F, 3};
  static constexpr std::array<float, 4> right{1, 0, 0, 1}, wrong{1, 0, 0.01F, 0.99F};
  REQUIRE(check_vectors(model, {{in.data(), 2, 2, 2}, {right.data(), 2, 2, 2}, 0}));
  REQUIRE(check_vectors(model, {{in.data(), 2, 2, 2}, {wrong.data(), 2, 2, 2}, 1e-3F}).error() == errc::mismatch);
  REQUIRE(check_vectors(model, {{in.data(), 1, 4, 4}, {right.data(), 1, 2, 2}, 0}).error() == errc::width);
  REQUIRE(check_vectors<1, 2>(model, vectors.value()).error() == errc::full);
  auto broken = model_from<2, 2>([](std::span<const float, 2>, std::span<float, 2>) { return status{errc::timeout}; });
  REQUIRE(check_vectors(broken, vectors.value()).error() == errc::timeout);
  auto nan = model_from<2, 2>([](std::span<const float, 2>, std::span<float, 2> p) { p[0] = p[1] = std::nanf(""); });
  REQUIRE(check_vectors(nan, vectors.value()).error() == errc::mismatch);
}

TEST_CASE("a text of vectors that was cut, bent or made up is refused") {
  const std::string text = vectors_text();
  for (std::size_t n = 0; n < text.size(); ++n) {
    CAPTURE(n);
    REQUIRE_FALSE(model_vectors::parse(text.substr(0, n)));
  }
  REQUIRE_FALSE(model_vectors::parse(text + " "));
  REQUIRE_FALSE(model_vectors::parse(text + " 00000000"));
  REQUIRE(model_vectors::parse("2" + text.substr(1)).error() == errc::unsupported);
  REQUIRE(model_vectors::parse("1 0 2 2 00000000").error() == errc::out_of_range);
  REQUIRE(model_vectors::parse("1 99999 2 2 00000000").error() == errc::out_of_range);
  REQUIRE(model_vectors::parse("1 9999999 2 2 00000000").error() == errc::corrupt);
  std::size_t taken = 0;
  for (std::size_t n = 0; n < text.size(); ++n) {
    for (const char c : {'g', ' ', '-', 'F', '\0'}) {
      std::string bent = text;
      bent[n] = c;
      taken += bent != text && model_vectors::parse(bent) ? 1U : 0U;
    }
  }
  REQUIRE(taken == 0);
  std::string infinite = text;
  infinite.replace(17, 8, "7f800000");
  REQUIRE(model_vectors::parse(infinite).error() == errc::corrupt);
  std::string negative = text;
  negative.replace(8, 8, "bf800000");
  REQUIRE(model_vectors::parse(negative).error() == errc::corrupt);
}

TEST_CASE("the properties and the input of an ONNX model are read from its fields, and other bytes are refused") {
  std::array<std::byte, 512> memory{};
  pb_writer out{memory};
  const auto dimension = [](pb_writer& shape, std::uint64_t extent) {
    shape.message(1, [&](pb_writer& d) { extent == 0 ? d.text(2, "N") : d.varint(1, extent); });
  };
  const auto model = [&](pb_writer& w, std::uint64_t element, std::vector<std::uint64_t> shape, int inputs) {
    w.varint(1, 7);
    w.message(7, [&](pb_writer& graph) {
      for (int i = 0; i < inputs; ++i) {
        graph.message(11, [&](pb_writer& value) {
          value.text(1, "x");
          value.message(2, [&](pb_writer& type) {
            type.message(1, [&](pb_writer& tensor) {
              tensor.varint(1, element);
              tensor.message(2, [&](pb_writer& s) {
                for (const std::uint64_t extent : shape) {
                  dimension(s, extent);
                }
              });
            });
          });
        });
      }
    });
    for (const char* value : {"first", "second"}) {
      w.message(14, [&](pb_writer& entry) {
        entry.text(1, "key");
        entry.text(2, value);
      });
    }
  };
  model(out, 1, {0, 3, 4}, 1);
  REQUIRE(out.error() == errc::ok);
  const auto bytes = out.written();
  REQUIRE(onnx_property(bytes, "key").value() == "second");
  REQUIRE(onnx_property(bytes, "other").error() == errc::absent);
  REQUIRE(onnx_input_of(bytes).value().columns == 12);
  REQUIRE(onnx_input_of(bytes).value().batch == 0);
  for (std::size_t n = 1; n < bytes.size(); ++n) {
    (void)onnx_input_of(bytes.first(n));  // whatever it says, it stays inside: for the sanitizers
    (void)onnx_property(bytes.first(n), "key");
  }
  const auto input_of = [&](std::uint64_t element, std::vector<std::uint64_t> shape, int inputs) {
    pb_writer w{memory};
    model(w, element, shape, inputs);
    return onnx_input_of(w.written());
  };
  REQUIRE(input_of(1, {5}, 1).value().columns == 5);
  REQUIRE(input_of(1, {5}, 1).value().batch == 1);
  REQUIRE(input_of(1, {4, 5}, 1).value().batch == 4);
  REQUIRE(input_of(11, {0, 5}, 1).error() == errc::unsupported);
  REQUIRE(input_of(1, {0}, 1).error() == errc::unsupported);
  REQUIRE(input_of(1, {0, 0}, 1).error() == errc::unsupported);
  REQUIRE(input_of(1, {}, 1).error() == errc::unsupported);
  REQUIRE(input_of(1, {0, 5}, 2).error() == errc::unsupported);
  REQUIRE(input_of(1, {0, 5}, 0).error() == errc::absent);
  REQUIRE(input_of(1, {0, 1U << 24, 1U << 24, 1U << 24}, 1).error() == errc::unsupported);
  REQUIRE_FALSE(onnx_input_of(std::as_bytes(std::span{"no model at all"})));
}

TEST_CASE("a seal is broken by any other byte of a model, and an unsealed one is told apart") {
  std::array<std::byte, 256> memory{};
  pb_writer out{memory};
  out.varint(1, 7);
  out.text(2, "somebody");
  out.message(14, [](pb_writer& entry) {
    entry.text(1, onnx_seal_key);
    entry.text(2, "00000000");
  });
  const std::size_t size = out.written().size();
  const std::uint32_t crc = crc32c(out.written());
  for (std::size_t i = 0; i < 8; ++i) {
    memory[size - 8 + i] = static_cast<std::byte>("0123456789abcdef"[crc >> (28 - 4 * i) & 15]);
  }
  const std::span<std::byte> model{memory.data(), size};
  REQUIRE(check_onnx_seal(model));
  std::size_t unsealed = 0;
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    CAPTURE(bit);
    model[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const status s = check_onnx_seal(model);
    REQUIRE_FALSE(s);
    unsealed += s.error() == errc::absent ? 1U : 0U;
    model[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
  REQUIRE(unsealed > 0);  // its own name
  REQUIRE(unsealed < 8 * size / 2);
  REQUIRE(check_onnx_seal(model.first(0)).error() == errc::absent);
}

TEST_CASE("a failure is every class but the normal one, and has the name of the loudest") {
  failure_of<trees_2> known{trees_2::create(trees).value()};
  std::array<float, 1> p{};
  REQUIRE(known.infer(std::array{1.0F, 1.0F}, p));
  REQUIRE(p[0] == 0.25F);
  REQUIRE(known.loudest() == 1);
  failure_of<trees_2> other{trees_2::create(trees).value(), 1};
  REQUIRE(other.infer(std::array{1.0F, 1.0F}, p));
  REQUIRE(p[0] == 0.75F);
  REQUIRE(other.loudest() == 0);
  REQUIRE(known.infer(std::array{1.0F}, p).error() == errc::width);
  REQUIRE(failure_of<trees_2, 1>{trees_2::create(trees).value()}.infer(std::array{1.0F, 1.0F}, p).error() == errc::full);
  using one = layer_model<2, 1, 3>;
  failure_of<one> already{one::create(layers).value()};
  REQUIRE(already.infer(std::array{1.0F, 2.0F}, p));
  REQUIRE(p[0] > 0.5F);
}

TEST_CASE("a slot without a model has the shape of one, says why it is empty, and answers unavailable") {
  using slot = model_slot<failure_of<trees_2>, 2>;
  slot empty{result<failure_of<trees_2>>{errc::corrupt}};
  REQUIRE(empty.reason() == errc::corrupt);
  REQUIRE(shape_size(empty.input_shape()) == 2);
  std::array<float, 1> p{};
  REQUIRE(empty.infer(std::array{1.0F, 1.0F}, p).error() == errc::unavailable);
  REQUIRE(empty.infer(std::array{1.0F}, p).error() == errc::width);
  slot full{failure_of<trees_2>{trees_2::create(trees).value()}};
  REQUIRE(full.reason() == errc::ok);
  REQUIRE(full.infer(std::array{1.0F, 1.0F}, p));
  model_slot<failure_of<trees_2>, 3> narrow{failure_of<trees_2>{trees_2::create(trees).value()}};
  REQUIRE(narrow.reason() == errc::width);
  model_ref<slot> nobody;
  REQUIRE(nobody.infer(std::array{1.0F, 1.0F}, p).error() == errc::unavailable);
}

TEST_CASE("a monitor whose model could not be loaded, or answers NaN, goes on with novelty and counts every row") {
  const auto run = [](auto model) {
    const auto m = std::make_unique<monitor<2, decltype(model), small>>(monitor_config{.rows_per_day = 86400}, model);
    pcg32 random{3};
    bool novel = false;
    for (std::uint32_t t = 0; t < 700; ++t) {
      const float fault = t < 600 ? 0.0F : 200.0F;
      const std::array<float, 2> row{static_cast<float>(normal(random)) + fault, static_cast<float>(normal(random))};
      const auto v = m->observe(row, t * 1000);
      REQUIRE(v);
      novel = novel || v.value().novel;
      if (t < 600) {
        REQUIRE_FALSE(v.value().novel);
      }
    }
    REQUIRE(novel);
    return m->counters();
  };
  using slot = model_slot<failure_of<trees_2>, 2>;
  REQUIRE(run(slot{result<failure_of<trees_2>>{errc::mismatch}}).known_unavailable == 700);
  REQUIRE(run(nan_for_big_rows{}).known_not_finite == 100);
}
