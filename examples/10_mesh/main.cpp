// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Peer gateways without a master: the network is cut, both sides go on, a gateway is put back from an old backup, one clock runs ahead.
#include "gateways.hpp"

#include <fmt/core.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace mesh;

struct partition {
  std::vector<std::size_t> group_of{};
  std::uint64_t from = 0, to = 0;  ///< milliseconds
};

std::optional<std::size_t> number(std::string_view text) {
  std::size_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{n} : std::nullopt;
}
std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts{};
  for (std::size_t end = text.find(at); end != text.npos; end = text.find(at)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}
/// `0,1|2-4@10+60`: groups of gateways, second it begins, seconds it lasts.
std::optional<partition> parse_partition(std::string_view text, std::size_t gateways) {
  const auto halves = split(text, '@');
  const auto times = halves.size() == 2 ? split(halves[1], '+') : std::vector<std::string_view>{};
  const auto from = times.size() == 2 ? number(times[0]) : std::nullopt;
  const auto length = times.size() == 2 ? number(times[1]) : std::nullopt;
  if (!from || !length || *length == 0 || *from < 8) {
    return std::nullopt;  // before that the gateways get to know each other, and one is backed up
  }
  partition p{std::vector<std::size_t>(gateways, 0), *from * 1000, (*from + *length) * 1000};
  std::size_t group = 0;
  for (const std::string_view members : split(halves[0], '|')) {
    ++group;
    for (const std::string_view range : split(members, ',')) {
      const auto ends = split(range, '-');
      const auto first = number(ends[0]);
      const auto last = ends.size() == 2 ? number(ends[1]) : first;
      if (!first || !last || *last >= gateways || *last < *first || ends.size() > 2) {
        return std::nullopt;
      }
      for (std::size_t i = *first; i <= *last; ++i) {
        p.group_of[i] = group;
      }
    }
  }
  return std::ranges::count(p.group_of, std::size_t{0}) == 0 ? std::optional{p} : std::nullopt;
}

std::string clock_text(std::uint64_t ms) { return fmt::format("{}:{:02}", ms / 60'000, ms / 1000 % 60); }

struct write {
  std::size_t who = 0;
  std::uint64_t at = 0;
  double value = 0;
};

/// The story: what happens when, and what must come of it.
class story {
 public:
  story(gateways& all, std::vector<partition> cuts, std::size_t keys) : all_{&all}, cuts_{std::move(cuts)}, keys_{keys} {
    const std::size_t n = all.size();
    liar_ = n - 2;
    restored_ = n - 1;
    const partition& cut = cuts_.front();
    const auto in_cut = [&cut](unsigned percent) { return cut.from + (cut.to - cut.from) * percent / 100; };
    at(1000, [this, n](std::uint64_t now) {
      set(0, 20.0, now);
      done((*all_)[0].write<recipe>(1, all_->wall(0, now)));
      done((*all_)[0].add<alarms>("door"));
      for (std::size_t i = 0; i < n; ++i) {
        sensor(i, 60.0 + static_cast<double>(i), now);
        count(i, 1);
      }
      write_rates(0, keys_, now);
    });
    at(5000, [this](std::uint64_t) { backup_ = std::make_unique<replica>((*all_)[restored_]); });
    at(in_cut(15), [this](std::uint64_t now) { set(liar_, 19.5, now); });
    at(in_cut(20), [this](std::uint64_t now) {
      done((*all_)[1].write<recipe>(4, all_->wall(1, now)));
      done((*all_)[2].write<recipe>(7, all_->wall(2, now)));
    });
    at(in_cut(25), [this](std::uint64_t) {
      count(1, 5);
      count(2, 7);
      count(restored_, 3);
    });
    at(in_cut(35), [this](std::uint64_t now) {
      sensor(0, 70, now);
      sensor(2, 50, now);
    });
    at(in_cut(40), [this](std::uint64_t) {
      done((*all_)[1].remove<alarms>("door"));
      done((*all_)[2].add<alarms>("door"));
      done((*all_)[2].add<alarms>("pump"));
    });
    at(in_cut(45), [this](std::uint64_t now) { set(0, 23.0, now); });
    at(in_cut(65), [this](std::uint64_t now) {
      done(all_->put_back(restored_, *backup_, now));
      fmt::print("{:>5}  gateway {} put back from its backup of {}: life {}, {} parts known\n", clock_text(now), restored_,
                 clock_text(5000), (*all_)[restored_].self().generation, (*all_)[restored_].read<parts>().value());
    });
    at(in_cut(80), [this](std::uint64_t) { count(restored_, 2); });
    for (std::size_t c = 1; c < cuts_.size(); ++c) {  // further cuts: everybody goes on counting and measuring
      at((cuts_[c].from + cuts_[c].to) / 2, [this, n, c](std::uint64_t now) {
        for (std::size_t i = 0; i < n; ++i) {
          count(i, c);
        }
        write_rates(c, keys_ / 2, now);
      });
    }
  }

  [[nodiscard]] std::size_t liar() const { return liar_; }
  [[nodiscard]] std::uint64_t end() const { return cuts_.back().to + 30'000; }
  [[nodiscard]] bool ok() const { return ok_; }

  /// Runs it; true when all that must hold held.
  bool run() {
    std::uint64_t healed = 0;
    std::size_t next_event = 0;
    bool together = true;
    std::vector<std::size_t> now_in(all_->size(), 1);
    all_->group(now_in, 0);
    for (std::uint64_t now = 0; now <= end(); now += network::tick) {
      for (const partition& p : cuts_) {
        if (now == p.from || now == p.to) {
          all_->group(now == p.from ? p.group_of : std::vector<std::size_t>(all_->size(), 1), now);
          fmt::print("{:>5}  {}\n", clock_text(now), now == p.from ? "the network is cut" : "the network is whole again");
          healed = now == p.to ? now : 0;
          bytes_before_ = all_->bytes();
          rounds_ = 0;
          together = false;
        }
      }
      for (; next_event < events_.size() && events_[next_event].first <= now; ++next_event) {
        events_[next_event].second(now);
      }
      rounds_ += all_->exchange(now) ? 1 : 0;
      if (healed > 0 && !together && now > healed && all_->equal()) {
        together = true;
        fmt::print("{:>5}  all {} equal: yes, ~{} ms after that, ~{} bytes in ~{} rounds\n", clock_text(now), all_->size(), now - healed,
                   all_->bytes() - bytes_before_, rounds_);
      }
      if (now > 0 && now % 60'000 == 0) {
        print_minute(now);
      }
    }
    ok_ = ok_ && together && all_->equal_to_the_byte();
    fmt::print("       all {} equal to the byte at {}: {}\n", all_->size(), clock_text(end()), ok_ ? "yes" : "no");
    return ok_ && judge();
  }

  void explain_all() {
    replica& r = (*all_)[0];
    fmt::print("\nwhy      recipe {}: ", r.read<recipe>().value());
    for (const std::int32_t v : r.siblings<recipe>()) {
      fmt::print("{} ", v);
    }
    fmt::print("stand side by side (keep_both), {} is what `pick` answers; nobody is overruled\n", r.read<recipe>().value());
    print_records("recipe");
    fmt::print("why      parts {}: each life of a gateway counts for itself (pn_counter), {} rows are added up\n", r.read<parts>().value(),
               r.explain("parts").live);
    fmt::print("why      oil {:.2f}: mean of what {} sensors say, each once (mean_of)\n", r.read<oil>().value(), all_->size());
    fmt::print("why      alarms");
    for (const auto& a : r.read<alarms>().value()) {
      fmt::print(" {}", a.view());
    }
    fmt::print(": door was taken out by a gateway that had not seen it added again (aw_set: add wins)\n");
    const state::explanation e = r.explain("setpoint");
    fmt::print(
        "why      setpoint {} (lww): {}\n", r.read<setpoint>().value(),
        e.why == state::why::later_stamp ? "the later stamp of writes that had not seen each other" : "nobody else has written since");
    print_records("setpoint");
    const write& last = sets_.back();
    if (r.read<setpoint>().value() != last.value) {
      const write& winner = sets_[sets_.size() - 2];
      fmt::print(
          "LOSS     gateway {} wrote {} at {}, {} s after gateway {} wrote {}, and lost: the clock of gateway {} runs {} min ahead.\n",
          last.who, last.value, clock_text(last.at), (last.at - winner.at) / 1000, winner.who, winner.value, winner.who,
          all_->ahead(winner.who) / 60'000);
      fmt::print(
          "         Only writes that had not seen each other are decided by clocks; who cannot accept that takes keep_both, as recipe\n"
          "         does, or lets clocks be believed less far ahead (clock_limits::accept_ahead, here 15 min, by default 1 min).\n");
    }
  }

 private:
  using event = std::function<void(std::uint64_t)>;
  void at(std::uint64_t when, event e) {
    const auto after = std::ranges::upper_bound(events_, when, {}, [](const auto& x) { return x.first; });
    events_.insert(after, {when, std::move(e)});
  }
  template <typename Result>
  void done(const Result& r) {
    ok_ = ok_ && static_cast<bool>(r);
  }
  void set(std::size_t i, double value, std::uint64_t now) {
    done((*all_)[i].write<setpoint>(value, all_->wall(i, now)));
    sets_.push_back({i, now, value});
  }
  void sensor(std::size_t i, double value, std::uint64_t now) {
    done((*all_)[i].contribute<oil>({i}, value, 1, all_->wall(i, now)));
    sensors_[i] = value;
  }
  void count(std::size_t i, std::uint64_t by) {
    done((*all_)[i].inc<parts>(by));
    counted_ += by;
  }
  void write_rates(std::uint64_t round, std::size_t keys, std::uint64_t now) {
    for (std::size_t k = 0; k < keys; ++k) {
      const std::size_t i = k % all_->size();
      done((*all_)[i].write<rate>(static_cast<std::int64_t>(round * 1000 + k), all_->wall(i, now), k));
    }
  }

  void print_minute(std::uint64_t now) {
    std::map<std::string, std::vector<std::size_t>> seen;
    for (std::size_t i = 0; i < all_->size(); ++i) {
      replica& r = (*all_)[i];
      std::string recipes;
      for (const std::int32_t v : r.siblings<recipe>()) {
        recipes += (recipes.empty() ? "" : "/") + std::to_string(v);
      }
      seen[fmt::format("setpoint {}  recipe {}  oil {:.2f}  parts {}  alarms {}", r.read<setpoint>().value_or(0), recipes,
                       r.read<oil>().value_or(0), r.read<parts>().value_or(0), r.read<alarms>().value().size())]
          .push_back(i);
    }
    for (const auto& [what, who] : seen) {
      fmt::print("{:>5}  gateway {}: {}\n", clock_text(now), fmt::join(who, ","), what);
    }
    std::string lines;
    for (const auto& l : all_->lines()) {
      lines += all_->lines().size() <= 10 ? fmt::format(" {}-{} ~{}", l.a, l.b, l.bytes) : "";
    }
    fmt::print("       bytes{} in all ~{}\n", lines, all_->bytes());
  }
  void print_records(std::string_view key) {
    const state::explanation e = (*all_)[0].explain(key);
    for (std::size_t i = 0; i < e.count; ++i) {
      const state::explained_record& record = e.records[i];
      fmt::print("           {} by gateway {}, life {}, event {}, stamp {}\n", i == e.winner ? "wins" : "kept", record.who.id - 1,
                 record.who.generation, record.n, clock_text(record.at.ms() - gateways::begin));
    }
  }
  /// What must have come of it, whatever the network did.
  bool judge() {
    replica& r = (*all_)[0];
    double sum = 0;
    for (const auto& [i, value] : sensors_) {
      sum += value;
    }
    bool held = r.read<oil>().value() == sum / static_cast<double>(sensors_.size());
    // What a gateway forgot comes back from those who heard it; one that was alone with it has lost it.
    const auto& groups = cuts_.front().group_of;
    const bool alone = std::ranges::count(groups, groups[restored_]) == 1;
    const std::uint64_t total = counted_ - (alone ? 3 : 0);
    held = held && r.read<parts>().value() == static_cast<std::int64_t>(total);
    held = held && r.contains<alarms>("pump").value() && (groups[1] == groups[2] || r.contains<alarms>("door").value());
    held = held && (groups[1] == groups[2] || r.siblings<recipe>().size() == 2);
    return held;
  }

  gateways* all_;
  std::vector<partition> cuts_;
  std::size_t keys_;
  std::size_t liar_ = 0, restored_ = 0;
  std::unique_ptr<replica> backup_{};
  std::vector<std::pair<std::uint64_t, event>> events_{};
  std::vector<write> sets_{};
  std::map<std::size_t, double> sensors_{};
  std::uint64_t counted_ = 0, bytes_before_ = 0, rounds_ = 0;
  bool ok_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Peer gateways that are cut apart and come together again"};
  std::size_t count = 5;
  std::string link = "memory";
  std::vector<std::string> cuts;
  std::uint64_t seed = 1;
  std::size_t keys = 0;
  app.add_option("--gateways", count, "how many")->capture_default_str()->check(CLI::Range(4, 100));
  app.add_option("--link", link, "memory, or udp: datagrams on this machine, 20 % lost, some overtaking others")
      ->capture_default_str()
      ->check(CLI::IsMember({"memory", "udp"}));
  app.add_option("--partition", cuts, "GROUPS@FROM+SECONDS, as in 0,1|2-4@10+60; repeatable, one after the other");
  app.add_option("--keys", keys, "further keys, rates of lines")->capture_default_str()->check(CLI::Range(0, 1000));
  app.add_option("--seed", seed, "of the losses and names")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (cuts.empty()) {
    cuts.push_back(fmt::format("0-1|2-{}@10+60", count - 1));
  }
  std::vector<partition> partitions;
  for (const std::string& text : cuts) {
    const auto p = parse_partition(text, count);
    if (!p || (!partitions.empty() && p->from < partitions.back().to + 10'000)) {
      fmt::print(stderr, "mesh: '{}' does not name every gateway, begins before 0:08, or within 10 s of another one's end\n", text);
      return 2;
    }
    partitions.push_back(*p);
  }
  network net{seed, link == "udp" ? 0.2 : 0.0, link == "udp" ? 8 * network::tick : network::tick};
  if (link == "udp" && !net.over_udp(count)) {
    fmt::print("skipped: no UDP on this machine\n");
    return 77;
  }
  gateways all{count, seed, net};
  story what{all, partitions, keys};
  all.runs_ahead(what.liar(), 600'000);
  fmt::print("mesh: {} gateways, {} lines, link {}, seed {}; the clock of gateway {} runs 10 min ahead\n", count, all.lines().size(), link,
             seed, what.liar());
  const auto begin = std::chrono::steady_clock::now();
  const bool held = all.created() && what.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  what.explain_all();
  fmt::print("state    {:08x}, whichever link\n", all.state_sum());
  fmt::print("network  ~{} frames, ~{} lost, ~{} refused, ~{} bytes; ~{:.2f} s on this machine\n", net.sent(), net.lost(), all.refused(),
             all.bytes(), seconds);
  fmt::print("{}\n", held ? "all gateways agree, and nothing that was counted, measured or raised is lost" : "an expectation failed");
  return held ? 0 : 1;
}
