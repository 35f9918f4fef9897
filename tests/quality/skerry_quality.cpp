// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// skerry_quality forest|online|stream|companions --data DIR: how well the anomaly parts tell labelled data apart. No label is seen before
// scoring.
#include "quality.hpp"

#include <CLI/CLI.hpp>

#include <exception>

#include <fmt/core.h>

int main(int argc, char** argv) {
  CLI::App app{"Quality of the anomaly parts on labelled data"};
  app.require_subcommand(1);

  skerry_quality::forest_options forest;
  CLI::App* forest_command = app.add_subcommand("forest", "fits and scores an isolation forest on every tabular set below a directory");
  forest_command->add_option("--data", forest.data, "directory with *.csv and *.f32 files")->required()->check(CLI::ExistingDirectory);
  forest_command->add_option("--seeds", forest.seeds, "number of well-spaced seeds")->capture_default_str()->check(CLI::Range(1, 1000));
  forest_command->add_option("--trees", forest.trees, "trees in a forest")->capture_default_str()->check(CLI::Range(1, 65535));
  forest_command->add_option("--samples", forest.samples, "rows a tree is grown from")->capture_default_str()->check(CLI::Range(2, 65535));
  forest_command->add_option("--code", forest.code, "width of the codes")->capture_default_str()->check(CLI::IsMember({"i16", "u8"}));

  forest_command->add_flag("--fused", forest.fused, "two more lines for each set: NAME:density, and NAME:fused of depth and density");

  skerry_quality::forest_options online;
  CLI::App* online_command = app.add_subcommand(
      "online", "runs online_forest (32 trees) and rolling_forest (100 trees) over every tabular set below a directory, in random orders");
  online_command->add_option("--data", online.data, "directory with *.csv and *.f32 files")->required()->check(CLI::ExistingDirectory);
  online_command->add_option("--seeds", online.seeds, "number of well-spaced seeds")->capture_default_str()->check(CLI::Range(1, 1000));

  skerry_quality::stream_options stream;
  CLI::App* stream_command = app.add_subcommand("stream", "runs the default monitor over every stream below a directory");
  stream_command->footer(skerry_quality::stream_definitions());
  stream_command->add_option("--data", stream.data, "directory with *.csv and *.f32 files")->required()->check(CLI::ExistingDirectory);
  stream_command->add_option("--seed", stream.seed, "of the monitors: 0 is their default, n the n-th of well-spaced ones")
      ->capture_default_str();
  stream_command->add_flag("--flagged", stream.flagged, "one column more: the share of normal rows under an alarm");

  skerry_quality::companion_options companions;
  CLI::App* companions_command = app.add_subcommand(
      "companions",
      "forest, T2 and Q beside each other on every stream: learnt from its first rows with four lags, alarm at four of five "
      "rows above 99 % of those");
  companions_command->add_option("--data", companions.data, "directory with *.csv and *.f32 files")
      ->required()
      ->check(CLI::ExistingDirectory);
  companions_command->add_option("--prefix", companions.prefix, "rows that are learnt")
      ->capture_default_str()
      ->check(CLI::Range(100, 100000));
  companions_command->add_option("--seed", companions.seed, "of the forest: the n-th of well-spaced ones")->capture_default_str();

  CLI11_PARSE(app, argc, argv);
  try {
    if (online_command->parsed()) {
      return skerry_quality::run_online(online);
    }
    if (companions_command->parsed()) {
      return skerry_quality::run_companions(companions);
    }
    return forest_command->parsed() ? skerry_quality::run_forest(forest) : skerry_quality::run_stream(stream);
  } catch (const std::exception& e) {
    fmt::print(stderr, "skerry_quality: {}\n", e.what());
    return 1;
  }
}
