// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/forest_export.hpp>
#include <skerry/anomaly/forest_json.hpp>
#include <skerry/anomaly/forest_wire.hpp>
#include <skerry/core/random.hpp>

#include "same_bits/same_bits.hpp"

#include <array>

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

constexpr std::size_t columns = 4, rows = 100;
using forest_type = isolation_forest<columns, 6, 32, std::int16_t, std::size_t{6} * 31, forest_room{.categories = 1}>;

/// Images, ONNX models and C++ text of one forest, written, read and written again.
void drive_bytes(bit_hash& h) {
  static std::array<float, rows * columns> values;
  skerry::pcg32 random{9};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i % columns == 2 ? static_cast<float>(random() % 6) : static_cast<float>(static_cast<std::int32_t>(random())) / 7.0F;
  }
  constexpr std::array<column_kind, columns> kinds{column_kind::number, column_kind::number, column_kind::category, column_kind::number};
  static forest_type forest;
  static forest_type copy;
  static std::array<std::byte, 40'000> memory;
  for (const bool names : {false, true}) {
    const forest_config config{
        .seed = 0xc0ffee, .trees = 6, .sample = 32, .missing = missing_policy::heavier, .density = true, .explain = names};
    training_options options;
    if (names) {
      options.kinds = kinds;
    }
    h.add(static_cast<std::uint64_t>(forest.fit({values.data(), rows, columns, columns}, config, options).error()));
    skerry::byte_writer out{memory};
    h.add(static_cast<std::uint64_t>(encode(forest, out).error()));
    h.add(out.written());
    skerry::byte_reader in{out.written()};
    h.add(static_cast<std::uint64_t>(decode(copy, in).error()));
    skerry::byte_writer again{memory};
    h.add(static_cast<std::uint64_t>(encode(copy, again).error()));
    h.add(again.written());
    skerry::byte_writer onnx{memory};
    h.add(static_cast<std::uint64_t>(export_onnx(copy, onnx).error()));
    h.add(onnx.written());
  }
  h.add(static_cast<std::uint64_t>(forest.fit({values.data(), rows, columns, columns}, {.seed = 5, .trees = 4, .sample = 16}).error()));
  static const auto flash = lower<flash_forest_for<forest_type>>(forest);
  skerry::byte_writer text{memory};
  h.add(static_cast<std::uint64_t>(export_cpp(flash.value(), forest.codes(), "model", text).error()));
  h.add(text.written());
}

void drive_json(bit_hash& h) {
  constexpr std::string_view text =
      R"({"n_features":2,"max_samples":300,"offset":-0.512345678901234567,"trees":[{"feature":[0,1,-1,-1,-1],
      "threshold":[0.1,33333333.333333332,0,0,0],"left":[1,2,-1,-1,-1],"right":[4,3,-1,-1,-1],"n_node_samples":[300,290,3,287,10]}]})";
  std::array<float_node, 5> nodes{};
  std::array<std::uint32_t, 1> roots{};
  const auto forest = import_json(text, nodes, roots);
  h.add(static_cast<std::uint64_t>(forest.error()));
  for (const float x : {0.0F, 0.1F, 1e9F}) {
    h.add(forest.value().decision_function(std::array{x, -x}).value_or(0.0));
  }
}

const bits_of bytes{"anomaly.forest_wire+forest_export", &drive_bytes};
const bits_of json{"anomaly.forest_json", &drive_json};

}  // namespace
