// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Everything of a known-failure model that comes from a file or from flash: the fields of an ONNX model, its seal, its test vectors, and
// arrays of trees and layers. The first byte says which.
#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/model_vectors.hpp>
#include <skerry/anomaly/onnx_reader.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/protobuf.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

namespace anomaly = skerry::anomaly;
using anomaly::array_node;
using skerry::errc;

namespace {

void read_vectors(std::string_view text) {
  const auto made = anomaly::model_vectors::parse(text);
  if (!made) {
    return;
  }
  const anomaly::model_vectors& v = made.value();
  FUZZ_REQUIRE(v.rows() > 0 && v.columns() > 0 && v.outputs() > 0 && v.tolerance() >= 0);
  for (std::size_t r : {std::size_t{0}, v.rows() - 1}) {
    FUZZ_REQUIRE(v.input(r, v.columns() - 1) - v.input(r, v.columns() - 1) == 0);
    FUZZ_REQUIRE(v.answer(r, v.outputs() - 1) - v.answer(r, v.outputs() - 1) == 0);
  }
}

/// What lies in the bytes is a view of them; a model that is sealed is not sealed with any other byte.
void read_onnx(skerry_fuzz::bytes in) {
  for (const std::string_view key : {anomaly::model_vectors_key, anomaly::onnx_seal_key, std::string_view{}}) {
    if (const auto text = anomaly::onnx_property(in, key); text && !text.value().empty()) {
      const auto* begin = reinterpret_cast<const std::byte*>(text.value().data());
      FUZZ_REQUIRE(begin >= in.data() && begin + text.value().size() <= in.data() + in.size());
      read_vectors(text.value());
    }
  }
  if (const auto input = anomaly::onnx_input_of(in)) {
    FUZZ_REQUIRE(input.value().columns > 0);
  }
  const bool sealed = static_cast<bool>(anomaly::check_onnx_seal(in));
  FUZZ_REQUIRE(!sealed || anomaly::check_onnx_seal(in, anomaly::seal_rule::required));
  FUZZ_REQUIRE(!anomaly::check_onnx_seal(in, anomaly::seal_rule::required) || sealed);
  if (sealed) {
    std::vector<std::byte> bent(in.begin(), in.end());
    bent[bent.size() / 2] ^= std::byte{1};
    FUZZ_REQUIRE(!anomaly::check_onnx_seal(bent, anomaly::seal_rule::required));
  }
}

/// False when the arrays make no model.
bool walk_trees(skerry_fuzz::bytes in) {
  skerry_fuzz::taker take{in};
  std::vector<array_node> nodes(take.byte() % 32);
  std::vector<std::uint16_t> roots(take.byte() % 4);
  std::vector<float> leaves(take.byte() % 16), base(take.byte() % 4);
  const auto last = static_cast<anomaly::activation>(take.byte() % 5);
  for (std::uint16_t& r : roots) {
    r = static_cast<std::uint16_t>(take.byte() % 40);
  }
  for (array_node& n : nodes) {
    const std::uint8_t column = take.byte();
    n = {std::bit_cast<float>(static_cast<std::uint32_t>(take.number(4))), column < 128 ? std::uint16_t{column} : array_node::leaf,
         static_cast<std::uint16_t>(take.byte() % 40)};
  }
  for (float& x : leaves) {
    x = std::bit_cast<float>(static_cast<std::uint32_t>(take.number(4)));
  }
  auto made = anomaly::tree_model<3, 2>::create({roots, nodes, leaves, base, 3, last});
  if (!made) {
    return false;
  }
  std::array<float, 3> row{};
  for (float& x : row) {
    x = std::bit_cast<float>(static_cast<std::uint32_t>(take.number(4)));
  }
  std::array<float, 2> out{7, 7};
  if (made.value().infer(row, out)) {
    FUZZ_REQUIRE(out[0] - out[0] == 0 && out[1] - out[1] == 0);
  } else {
    FUZZ_REQUIRE(out[0] == 7 && out[1] == 7);
  }
  return true;
}

bool run_layers(skerry_fuzz::bytes in) {
  skerry_fuzz::taker take{in};
  const std::size_t hidden = take.byte() % 5U, outputs = take.byte() % 4U;
  std::vector<float> a(take.byte() % 20), b(take.byte() % 20), bias_a(hidden), bias_b(outputs);
  const auto first = static_cast<anomaly::activation>(take.byte() % 5), second = static_cast<anomaly::activation>(take.byte() % 5);
  for (std::vector<float>* each : {&a, &b, &bias_a, &bias_b}) {
    for (float& x : *each) {
      x = std::bit_cast<float>(static_cast<std::uint32_t>(take.number(4)));
    }
  }
  const std::array<anomaly::array_layer, 2> layers{{{a, bias_a, first}, {b, bias_b, second}}};
  auto made = anomaly::layer_model<3, 2, 4>::create(layers);
  if (!made) {
    return false;
  }
  std::array<float, 3> row{};
  for (float& x : row) {
    x = std::bit_cast<float>(static_cast<std::uint32_t>(take.number(4)));
  }
  std::array<float, 2> out{7, 7};
  if (made.value().infer(row, out)) {
    FUZZ_REQUIRE(out[0] - out[0] == 0 && out[1] - out[1] == 0);
  } else {
    FUZZ_REQUIRE(out[0] == 7 && out[1] == 7);
  }
  return true;
}

/// A model with one input of three columns, its vectors and its seal, as make_model.py writes them, but without a graph that computes.
std::vector<std::byte> sealed_model() {
  std::vector<std::byte> memory(512);
  skerry::pb_writer to{memory};
  to.varint(1, 7);
  to.message(7, [](skerry::pb_writer& graph) {
    graph.message(11, [](skerry::pb_writer& value) {
      value.text(1, "x");
      value.message(2, [](skerry::pb_writer& type) {
        type.message(1, [](skerry::pb_writer& tensor) {
          tensor.varint(1, 1);
          tensor.message(2, [](skerry::pb_writer& shape) {
            shape.message(1, [](skerry::pb_writer& dimension) { dimension.text(2, "N"); });
            shape.message(1, [](skerry::pb_writer& dimension) { dimension.varint(1, 3); });
          });
        });
      });
    });
  });
  const auto property = [&to](std::string_view key, std::string_view said) {
    to.message(14, [&](skerry::pb_writer& entry) {
      entry.text(1, key);
      entry.text(2, said);
    });
  };
  property(anomaly::model_vectors_key, "1 1 3 1 3a83126f 3f800000 40000000 40400000 41600000");
  property(anomaly::onnx_seal_key, "00000000");
  memory.resize(to.size());
  const std::uint32_t sum = skerry::crc32c(memory);
  for (std::size_t i = 0; i < 8; ++i) {
    memory[memory.size() - 8 + i] = static_cast<std::byte>("0123456789abcdef"[(sum >> (28 - 4 * i)) & 15U]);
  }
  return memory;
}

std::vector<std::byte> with(std::uint8_t which, skerry_fuzz::bytes rest) {
  std::vector<std::byte> out(1 + rest.size(), std::byte{which});
  std::copy(rest.begin(), rest.end(), out.begin() + 1);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const auto in = skerry_fuzz::view(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: read_onnx(in); break;
    case 1: read_vectors({reinterpret_cast<const char*>(in.data()), in.size()}); break;
    case 2: (void)walk_trees(in); break;
    default: (void)run_layers(in); break;
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const auto model = sealed_model();
  FUZZ_REQUIRE(anomaly::check_onnx_seal(model));
  FUZZ_REQUIRE(anomaly::onnx_input_of(model).value().columns == 3);
  out.add("sealed", with(0, model));
  const std::string_view vectors = "1 1 3 1 3a83126f 3f800000 40000000 40400000 41600000";
  FUZZ_REQUIRE(anomaly::model_vectors::parse(vectors));
  out.add("vectors", with(1, std::as_bytes(std::span{vectors})));
  std::vector<std::byte> room(200);
  skerry::byte_writer trees{room};
  // A split and its two leaves, of two outputs each.
  for (const unsigned char n : std::array<unsigned char, 6>{3, 1, 4, 2, 0, 0}) {
    trees.u8(n);
  }
  trees.u8(1);
  trees.f32(0.5F);
  trees.u8(2);
  for (const unsigned char leaf : std::array<unsigned char, 2>{0, 1}) {
    trees.u8(255);
    trees.f32(0);
    trees.u8(leaf);
  }
  for (const float x : {0.25F, 0.75F, 0.5F, 0.5F, 1.0F, 0.25F, 2.0F}) {
    trees.f32(x);
  }
  FUZZ_REQUIRE(walk_trees(trees.written()));
  out.add("trees", with(2, trees.written()));
  skerry::byte_writer layers{room};
  for (const unsigned char n : std::array<unsigned char, 6>{1, 2, 3, 2, 1, 0}) {
    layers.u8(n);
  }
  for (const float x : {1.0F, -1.0F, 0.5F, 2.0F, -2.0F, 0.25F, 0.0F, 0.125F, 1.0F, 2.0F, 3.0F}) {
    layers.f32(x);
  }
  FUZZ_REQUIRE(run_layers(layers.written()));
  out.add("layers", with(3, layers.written()));
}
