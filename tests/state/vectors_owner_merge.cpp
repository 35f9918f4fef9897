// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/owned_merge.hpp>

#include <memory>
#include <string>
#include <vector>

#include "vectors/vector_suite.hpp"

namespace {

namespace state = skerry::state;

struct roomy : state::limits::cloud_twin {
  static constexpr bool keeps_empty_objects = true;
};
using twin = state::owned_merge<roomy>;

/// nlohmann's own comparison takes 1 and 1.0 for the same number, as the rule does.
void run(const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const auto& c : file.at("cases")) {
    skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
    const auto owner = c.at("owner").get<std::string>();
    check.held("owner", owner == "local" || owner == "cloud", "local or cloud", owner);
    state::twin_settings settings;
    settings.otherwise = owner == "cloud" ? state::twin_side::cloud : state::twin_side::device;
    const auto t = std::make_unique<twin>(settings);

    // The document that both sides agreed on, then a change of each while they could not hear each other.
    std::uint64_t version = 1;
    std::vector<char> out(65536);
    t->connected(0);
    auto action = t->poll(0, out).value();
    if (!c.at("base").is_null()) {
      check.equal("base", true, static_cast<bool>(t->local_document(c.at("base").dump())));
      check.equal("base there", true, static_cast<bool>(t->on_document(action.request, c.at("base").dump(), version, 0)));
    } else {
      check.equal("nothing there", true, static_cast<bool>(t->on_absent(action.request, 0)));
    }
    t->disconnected();
    const auto change_local = [&] { return c.at("local").is_null() ? t->erase({}) : t->local_document(c.at("local").dump()); };
    check.equal("local", true, static_cast<bool>(change_local()));
    t->connected(100'000);
    action = t->poll(100'000, out).value();
    check.equal("asks", true, action.kind == state::twin_request::get);
    const std::uint64_t before = t->local_version();
    const skerry::status got = c.at("cloud").is_null() ? t->on_absent(action.request, 100'000)
                                                       : t->on_document(action.request, c.at("cloud").dump(), version, 100'000);
    check.equal("merges", true, static_cast<bool>(got));
    const auto text = t->write_local(out);
    check.equal("merged", c.at("merged"), nlohmann::json::parse(std::string{out.data(), text.value()}));
    check.equal("push_local", c.at("push_local").get<bool>(), t->local_version() != before);
    action = t->poll(200'000, out).value();
    check.equal("push_cloud", c.at("push_cloud").get<bool>(), action.kind != state::twin_request::none);
    if (action.kind == state::twin_request::push) {
      // What is sent makes the merged document of the cloud's.
      nlohmann::json there = c.at("cloud");
      there.merge_patch(nlohmann::json::parse(std::string{out.data(), action.bytes}));
      check.equal("pushed", c.at("merged"), there);
    } else if (action.kind == state::twin_request::drop) {
      check.equal("dropped", c.at("merged"), nlohmann::json());
    }
  }
}

const skerry_test::suite_registration suite{"protocol.owner_merge", &run};

}  // namespace
