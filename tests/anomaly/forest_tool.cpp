// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// What the scripts beside this file ask of the library:
//   skerry_forest_tool score FOREST.json ROWS.f32     scores, decisions and verdicts of rows in binary32
//   skerry_forest_tool export SEED FOLDER             trains a forest of random settings: FOLDER/model.skif, .onnx, .onnx5, .hpp, rows.f32
//   skerry_forest_tool sums MODEL.skif ROWS.f32       depth sums and scores of rows
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/forest_export.hpp>
#include <skerry/anomaly/forest_json.hpp>
#include <skerry/anomaly/forest_wire.hpp>
#include <skerry/core/random.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;

std::string read_file(const char* path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    fmt::print(stderr, "cannot read {}\n", path);
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

std::vector<float> read_floats(const char* path) {
  const std::string bytes = read_file(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

int refuse(const char* what, skerry::errc why) {
  fmt::print(stderr, "{}: {}\n", what, skerry::to_string(why));
  return 1;
}

int score(const char* forest_path, const char* rows_path) {
  const std::string text = read_file(forest_path);
  const auto size = anomaly::json_forest_size(text);
  if (!size) {
    return refuse("json_forest_size", size.error());
  }
  std::vector<anomaly::float_node> nodes(size.value().nodes);
  std::vector<std::uint32_t> roots(size.value().trees);
  const auto forest = anomaly::import_json(text, nodes, roots);
  if (!forest) {
    return refuse("import_json", forest.error());
  }
  const std::vector<float> rows = read_floats(rows_path);
  const std::size_t columns = forest.value().columns();
  for (std::size_t i = 0; i + columns <= rows.size(); i += columns) {
    const std::span<const float> row{rows.data() + i, columns};
    const auto s = forest.value().score_samples(row);
    if (!s) {
      return refuse("score_samples", s.error());
    }
    fmt::print("{:.17g} {:.17g} {}\n", s.value(), forest.value().decision_function(row).value(), forest.value().predict(row).value());
  }
  return 0;
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

constexpr std::size_t columns = 5, rows = 120;

template <typename Code, std::size_t Walked>
int export_forest(std::uint64_t seed, const std::string& folder, const anomaly::forest_config& config, const std::vector<float>& values) {
  using forest_type = anomaly::isolation_forest<columns, 12, 64, Code, std::size_t{12} * 63>;
  const auto forest = std::make_unique<forest_type>();
  if (const skerry::status fitted = forest->fit({values.data(), rows, columns, columns}, config); !fitted) {
    return refuse("fit", fitted.error());
  }
  std::vector<std::byte> memory(std::size_t{1} << 20);
  skerry::byte_writer image{memory};
  if (const skerry::status done = anomaly::encode(*forest, image); !done) {
    return refuse("encode", done.error());
  }
  write_file(folder + "/model.skif", image.written());
  for (const bool five : {false, true}) {
    skerry::byte_writer onnx{memory};
    if (const skerry::status done = anomaly::export_onnx(*forest, onnx, {.tree_ensemble_5 = five}); !done) {
      return refuse("export_onnx", done.error());
    }
    if (onnx.written().size() != anomaly::onnx_size(*forest, {.tree_ensemble_5 = five}).value()) {
      fmt::print(stderr, "onnx_size tells another size\n");
      return 1;
    }
    write_file(folder + (five ? "/model.onnx5" : "/model.onnx"), onnx.written());
  }
  const auto flash = anomaly::lower<anomaly::flash_forest_for<forest_type, Walked>>(*forest);
  if (!flash) {
    return refuse("lower", flash.error());
  }
  skerry::byte_writer source{memory};
  if (const skerry::status done = anomaly::export_cpp(flash.value(), forest->codes(), fmt::format("model_{}", seed), source); !done) {
    return refuse("export_cpp", done.error());
  }
  write_file(folder + "/model.hpp", source.written());
  write_file(folder + "/rows.f32", std::as_bytes(std::span{values}));
  return 0;
}

int export_all(const char* number, const std::string& folder) {
  const std::uint64_t seed = std::strtoull(number, nullptr, 10);
  skerry::pcg32 random{seed};
  anomaly::forest_config config{.seed = seed, .trees = static_cast<std::uint16_t>(1 + random() % 12)};
  config.sample = static_cast<std::uint16_t>(2 + random() % 63);
  config.missing = static_cast<anomaly::missing_policy>(random() % 3);
  std::vector<float> values(rows * columns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto x = static_cast<float>(skerry::normal(random));
    values[i] = i % columns == 3 ? static_cast<float>(static_cast<int>(2 * x)) : x * 1000.0F;
    if (config.missing != anomaly::missing_policy::refuse && random() % 10 == 0) {
      values[i] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  const bool heavier = config.missing == anomaly::missing_policy::heavier;
  if (random() % 2 == 0) {
    return heavier ? export_forest<std::uint8_t, 2 * columns>(seed, folder, config, values)
                   : export_forest<std::uint8_t, columns>(seed, folder, config, values);
  }
  return heavier ? export_forest<std::int16_t, 2 * columns>(seed, folder, config, values)
                 : export_forest<std::int16_t, columns>(seed, folder, config, values);
}

template <typename Code>
int sums_of(const std::string& image, const std::vector<float>& values) {
  anomaly::dynamic_isolation_forest<Code> forest;
  skerry::byte_reader in{std::as_bytes(std::span{image.data(), image.size()})};
  if (const skerry::status read = anomaly::decode(forest, in); !read) {
    return refuse("decode", read.error());
  }
  for (std::size_t i = 0; i + forest.columns() <= values.size(); i += forest.columns()) {
    const auto sum = forest.depth_sum({values.data() + i, forest.columns()});
    if (!sum) {
      return refuse("depth_sum", sum.error());
    }
    fmt::print("{} {:.9g}\n", sum.value(), forest.score_of(sum.value()).value());
  }
  return 0;
}

int sums(const char* image_path, const char* rows_path) {
  const std::string image = read_file(image_path);
  const bool two_bytes = image.size() > 5 && (image[5] & 1) != 0;
  return two_bytes ? sums_of<std::int16_t>(image, read_floats(rows_path)) : sums_of<std::uint8_t>(image, read_floats(rows_path));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "score" && argc == 4) {
    return score(argv[2], argv[3]);
  }
  if (command == "export" && argc == 4) {
    return export_all(argv[2], argv[3]);
  }
  if (command == "sums" && argc == 4) {
    return sums(argv[2], argv[3]);
  }
  fmt::print(stderr, "usage: skerry_forest_tool score FOREST.json ROWS.f32 | export SEED FOLDER | sums MODEL.skif ROWS.f32\n");
  return 2;
}
