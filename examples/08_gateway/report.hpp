// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "figures.hpp"
#include "record.hpp"
#include "report_style.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// The page for the maintenance engineer: one file, no script, nothing fetched from anywhere.
namespace gateway {

class report {
 public:
  explicit report(const run_record& run) : run_{run} {}

  [[nodiscard]] std::string html() {
    head();
    what_to_do();
    machines();
    spectra();
    alarms_and_quality();
    bytes();
    outage();
    latency();
    truth();
    accounting();
    settings();
    out_ += "</body></html>\n";
    return std::move(out_);
  }

 private:
  template <typename... T>
  void add(fmt::format_string<T...> text, T&&... values) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<T>(values)...);
  }

  /// A figure that scripts/check_report compares with the summary file.
  static std::string keyed(std::string_view key, std::uint64_t value) {
    return fmt::format("<span data-key='{}' data-value='{}'>{}</span>", key, value, svg::number(static_cast<double>(value), 0));
  }
  /// Something that differs from run to run.
  static std::string measured(std::string_view text) { return fmt::format("<!--measured-->{}<!--/measured-->", text); }

  void head() {
    const std::string name = run_.source == "simulator" ? "the simulated hall" : svg::escape(run_.source);
    add("<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
        "<title>Condition report: {}</title><style>{}</style></head><body>\n<h1>Condition report: {}</h1>\n",
        name, report_style, name);
    add("<p class=soft>{} machine{}, {}{}. {} rows of data, one {}every {}.</p>\n", keyed("machines", run_.machines.size()),
        run_.machines.size() == 1 ? "" : "s", span_text(run_.duration),
        run_.start_unix > 0 ? fmt::format(" from {} UTC", utc(run_.start_unix)) : "", keyed("rows", run_.rows),
        run_.machines.size() == 1 ? "" : "per machine ", span_text(run_.row_seconds));
    out_ += "<nav>";
    for (const auto& [id, text] : {std::pair{"what-to-do", "What to do"},
                                   {"machines", "Machines"},
                                   {"spectrum", "Spectrum"},
                                   {"alarms", "Alarms and data quality"},
                                   {"bytes", "Bytes"},
                                   {"outage", "Outage"},
                                   {"latency", "Latency"},
                                   {"truth", "Against the truth"},
                                   {"accounting", "Accounting"},
                                   {"settings", "Settings"}}) {
      add("<a href='#{}'>{}</a> ", id, text);
    }
    out_ += "</nav>\n";
  }

  [[nodiscard]] bool worth_telling(const quality_event& q) const { return q.kind != "gap" && q.until - q.from >= 5 * run_.row_seconds; }

  struct finding {
    const machine_record* machine = nullptr;
    const alarm_record* alarm = nullptr;
  };

  [[nodiscard]] double lasted(const alarm_record& a) const { return std::min(a.cleared, run_.duration) - a.raised; }
  /// What still stands comes before what has passed, however long that was.
  [[nodiscard]] double open_bonus(const alarm_record& a) const { return a.cleared == never ? run_.duration + 1 : 0; }

  /// One per machine with alarms: what still stands before what cleared, then the longer one.
  [[nodiscard]] std::vector<finding> findings() const {
    std::vector<finding> out;
    for (const machine_record& m : run_.machines) {
      const alarm_record* worst = nullptr;
      for (const alarm_record& a : m.alarms) {
        if (worst == nullptr || lasted(a) + open_bonus(a) > lasted(*worst) + open_bonus(*worst)) {
          worst = &a;
        }
      }
      if (worst != nullptr) {
        out.push_back({&m, worst});
      }
    }
    std::stable_sort(out.begin(), out.end(), [&](const finding& a, const finding& b) {
      return lasted(*a.alarm) + open_bonus(*a.alarm) > lasted(*b.alarm) + open_bonus(*b.alarm);
    });
    return out;
  }

  void what_to_do() {
    out_ += "<h2 id=what-to-do>What to do</h2>\n";
    const std::vector<finding> list = findings();
    bool sensors = false;
    for (const machine_record& m : run_.machines) {
      sensors = sensors || std::any_of(m.quality.begin(), m.quality.end(), [&](const quality_event& q) { return worth_telling(q); });
    }
    if (list.empty()) {
      add("<div class='card ok'><h3>Nothing to do{}.</h3><p>No machine left its own normal range long enough for an alarm.</p></div>\n",
          sensors ? " at the machines" : "");
    }
    int rank = 0;
    for (const finding& f : list) {
      const machine_record& m = *f.machine;
      const alarm_record& a = *f.alarm;
      const bool stands = a.cleared == never;
      add("<div class='card{}'><h3>{}. {}: {}</h3><ul>\n", stands ? "" : " past", ++rank, svg::escape(m.name), headline(m, a));
      if (stands) {
        add("<li>Since {}, and still so at the end, {} later</li>\n", when(run_, a.raised), span_text(lasted(a)));
      } else {
        add("<li>It has passed: from {} on for {}</li>\n", when(run_, a.raised), span_text(lasted(a)));
      }
      if (m.alarms.size() > 1) {
        add("<li>{} alarms on this machine in all; this one {}</li>\n", m.alarms.size(), stands ? "stands" : "lasted longest");
      }
      if (!a.top.empty()) {
        out_ += "<li>What changed most: ";
        for (std::size_t i = 0; i < a.top.size(); ++i) {
          const indicator& ind = m.indicators[a.top[i].column];
          add("{}{} {}", i == 0 ? "" : "; ", svg::escape(ind.name), change_text(ind, a.top[i].change));
        }
        out_ += "</li>\n";
        const std::string& check = m.indicators[a.top[0].column].means;
        if (!check.empty()) {
          add("<li><strong>Check first: {}</strong></li>\n", svg::escape(check));
        } else {
          out_ += "<li><strong>Check first: the sensors named above, and what they look at</strong></li>\n";
        }
      }
      add("<li>How sure: {}</li></ul></div>\n", odds_text(a.p_value, m.learned_rows, run_.row_seconds));
    }
    for (const machine_record& m : run_.machines) {
      for (const quality_event& q : m.quality) {
        if (worth_telling(q)) {
          add("<div class='card sensor'><h3>{}: a sensor, not the machine</h3><p>{} from {} for {}. Check the sensor, its cable and its "
              "supply; nothing was judged from it meanwhile.</p></div>\n",
              svg::escape(m.name), svg::escape(q.kind), when(run_, q.from), span_text(q.until - q.from));
        }
      }
    }
  }

  [[nodiscard]] static std::string headline(const machine_record& m, const alarm_record& a) {
    const char* was = a.cleared == never ? "is" : "was";
    if (a.top.empty()) {
      return fmt::format("{} not as it used to be", was);
    }
    const indicator& i = m.indicators[a.top[0].column];
    return fmt::format("{} {} {} its normal", svg::escape(i.name), was, a.top[0].change >= 0 ? "above" : "below");
  }

  /// The indicators that spoke for the alarms, strongest first; where there was none, the first ones.
  [[nodiscard]] static std::vector<std::size_t> shown_indicators(const machine_record& m) {
    std::vector<std::size_t> out;
    for (const alarm_record& a : m.alarms) {
      for (const contribution& c : a.top) {
        if (out.size() < 3 && std::find(out.begin(), out.end(), c.column) == out.end()) {
          out.push_back(c.column);
        }
      }
    }
    for (std::size_t i = 0; i < m.indicators.size() && out.size() < (m.alarms.empty() ? 1U : 2U); ++i) {
      if (std::find(out.begin(), out.end(), i) == out.end()) {
        out.push_back(i);
      }
    }
    return out;
  }

  void machines() {
    add("<h2 id=machines>Machines</h2>\n<p>Each machine is compared with <em>its own</em> normal, learned at the start{}: no limit was "
        "copied "
        "from a data sheet or from another machine. Green: normal. Yellow: seldom. Red: beyond the alarm limit; an alarm (triangle) needs "
        "several such rows.</p>\n",
        run_.source == "simulator" ? " for each program and tool" : "");
    for (std::size_t n = 0; n < run_.machines.size(); ++n) {
      const machine_record& m = run_.machines[n];
      add("<h3 id='machine-{}'>{}: {}</h3>\n", n + 1, svg::escape(m.name),
          m.alarms.empty() ? "no alarm" : (m.alarms.size() == 1 ? std::string{"1 alarm"} : fmt::format("{} alarms", m.alarms.size())));
      if (m.learned_at == never) {
        out_ += "<p>Too few good rows to learn what is normal: nothing was judged.</p>\n";
      }
      out_ += score_figure(run_, m);
      for (const std::size_t i : shown_indicators(m)) {
        out_ += indicator_figure(run_, m, m.indicators[i]);
      }
      out_ += strip_figure(run_, m);
    }
  }

  void spectra() {
    out_ += "<h2 id=spectrum>Spectrum before and after</h2>\n";
    bool any = false;
    for (const machine_record& m : run_.machines) {
      for (const spectrum_pair& s : m.spectra) {
        any = true;
        add("<h3>{}</h3><p>Envelope: how the strength of the high-frequency ringing rises and falls. A damaged bearing rings each time a "
            "ball "
            "passes the damage, so a peak at one of the marked frequencies names the part: BPFO outer ring, BPFI inner ring, BSF ball, FTF "
            "cage, "
            "fr the shaft itself. Before: {}; after: {}.</p>\n",
            svg::escape(m.name), when(run_, s.before_at), when(run_, s.after_at));
        out_ += spectrum_figure(m, s);
      }
    }
    if (!any) {
      out_ += run_.source == "simulator" ? "<p>No machine raised an alarm, so there is no \"after\".</p>\n"
                                         : "<p>The recording holds no waveform, only rows, so there is no spectrum to draw.</p>\n";
    }
  }

  void alarms_and_quality() {
    out_ +=
        "<h2 id=alarms>Alarms and data quality</h2>\n<div class=scroll><table><tr><th>Machine<th>Alarm<th>Raised<th>Cleared<th>Judged "
        "by</tr>\n";
    std::size_t listed = 0;
    for (const machine_record& m : run_.machines) {
      for (const alarm_record& a : m.alarms) {
        if (++listed > most_listed) {
          continue;
        }
        add("<tr><td>{}<td>{}<td>{}<td>{}<td>{}</tr>\n", svg::escape(m.name), a.id, when(run_, a.raised),
            a.cleared == never ? std::string{"stands"} : when(run_, a.cleared), svg::escape(a.why));
      }
    }
    if (listed == 0) {
      out_ += "<tr><td colspan=5>none</tr>";
    } else if (listed > most_listed) {
      add("<tr><td colspan=5>and {} more, in the summary file</tr>", listed - most_listed);
    }
    out_ += "</table></div>\n";
    std::uint64_t refused = 0;
    for (const auto& [kind, count] : run_.refused) {
      refused += count;
    }
    add("<p>Data quality: {} gaps, {} stretches with a stuck sensor, {} missing waveform blocks, {} refused rows.</p>\n",
        keyed("quality.gaps", run_.gaps), keyed("quality.stuck", run_.stuck), keyed("quality.missing_blocks", run_.missing_blocks),
        keyed("quality.refused_rows", refused));
    if (refused > 0) {
      out_ += "<ul>";
      for (const auto& [kind, count] : run_.refused) {
        add("<li>{}: {}</li>", svg::escape(kind), count);
      }
      for (const std::string& e : run_.refused_examples) {
        add("<li class=soft>{}</li>", svg::escape(e));
      }
      out_ += "</ul>\n";
    }
  }

  void bytes() {
    add("<h2 id=bytes>Bytes</h2>\n<p>{} of signal came in, {} left on the wire{}.</p>\n", bytes_text(static_cast<double>(run_.bytes.raw)),
        bytes_text(static_cast<double>(run_.bytes.wire)),
        run_.bytes.raw > 0 ? fmt::format(": {:.2g} %", 100 * static_cast<double>(run_.bytes.wire) / static_cast<double>(run_.bytes.raw))
                           : "");
    out_ += bytes_figure(run_);
    add("<p class=soft>Raw {} B, features {} B, messages {} B, wire {} B.</p>\n", keyed("bytes.raw", run_.bytes.raw),
        keyed("bytes.features", run_.bytes.features), keyed("bytes.sent", run_.bytes.sent), keyed("bytes.wire", run_.bytes.wire));
  }

  void outage() {
    out_ += "<h2 id=outage>Outage</h2>\n";
    if (run_.cuts.empty()) {
      out_ += "<p>The link was never down.</p>\n";
    }
    for (const link_cut& c : run_.cuts) {
      add("<p>Link down at {} for {}: {} messages were waiting when it came back, {}.</p>\n", when(run_, c.from),
          span_text(c.until - c.from), c.stored,
          c.drained_in == never ? std::string{"not all of them had left at the end"}
                                : "all had left " + span_text(c.drained_in) + " later");
    }
    out_ += outage_figure(run_);
    out_ +=
        "<p class=soft>The outbox of this version is in memory: a restart of the gateway during the outage would have lost what "
        "waited.</p>\n";
  }

  void latency() {
    out_ +=
        "<h2 id=latency>Latency</h2>\n<p>From a row's arrival to the decision on it (features included), on the machine that made this "
        "report.</p>\n";
    std::string table = latency_figure(run_) +
                        "<div class=scroll><table><tr><th>Phase<th class=n>Rows<th class=n>p50 µs<th class=n>p95 µs<th class=n>p99 µs<th "
                        "class=n>max µs</tr>\n";
    for (const latency_record& l : run_.latency) {
      if (!l.us.empty()) {
        table += fmt::format("<tr><td>{}<td class=n>{}<td class=n>{:.1f}<td class=n>{:.1f}<td class=n>{:.1f}<td class=n>{:.1f}</tr>\n",
                             l.phase, l.us.size(), l.quantile(0.5), l.quantile(0.95), l.quantile(0.99), l.quantile(1));
      }
    }
    out_ += measured(table + "</table></div>\n");
  }

  void truth() {
    out_ += "<h2 id=truth>Against the truth</h2>\n";
    if (!run_.truth_known) {
      out_ += "<p>What really happened is not known for this recording, so nothing is claimed here.</p>\n";
      return;
    }
    std::uint64_t faults = 0, hit = 0, false_alarms = 0;
    out_ += "<div class=scroll><table><tr><th>Machine<th>What really happened<th>Onset<th>Found<th>False alarms</tr>\n";
    for (const machine_record& m : run_.machines) {
      faults += m.faults;
      hit += m.hit;
      false_alarms += m.false_alarms;
      if (m.truth.empty()) {
        add("<tr><td>{}<td>nothing<td>–<td>–<td>{}</tr>\n", svg::escape(m.name), m.false_alarms);
      }
      for (std::size_t i = 0; i < m.truth.size(); ++i) {
        const truth_record& t = m.truth[i];
        add("<tr><td>{}<td>{}<td>{}<td>{}<td>{}</tr>\n", svg::escape(m.name), svg::escape(t.what), when(run_, t.from),
            t.sensor ? std::string{"see data quality"}
                     : (m.delays[i] == never ? std::string{"missed"} : fmt::format("{} after onset", span_text(m.delays[i]))),
            i == 0 ? fmt::format("{}", m.false_alarms) : "");
      }
    }
    add("</table></div>\n<p>{} of {} found, {} false alarms.</p>\n", keyed("detection.hit", hit), keyed("detection.faults", faults),
        keyed("detection.false_alarms", false_alarms));
  }

  void accounting() {
    const account_record& a = run_.account;
    add("<h2 id=accounting>Accounting</h2>\n<p>Every message that was handed over is in exactly one of these rows{}.</p>\n",
        a.balances() ? "; they add up" : "; <strong>they do not add up</strong>");
    add("<table><tr><td>produced<td class=n>{}</tr>\n<tr><td>delivered<td class=n>{}</tr>\n", keyed("account.produced", a.produced),
        keyed("account.delivered", a.delivered));
    for (const auto& [reason, count] : a.dropped) {
      if (count > 0) {
        add("<tr><td>dropped: {}<td class=n>{}</tr>\n", svg::escape(reason), count);
      }
    }
    add("<tr><td>dropped in all<td class=n>{}</tr>\n<tr><td>still queued<td class=n>{}</tr>\n<tr><td>refused (never produced)<td "
        "class=n>{}</tr>\n"
        "<tr><td>duplicates suppressed by the receiver<td class=n>{}</tr></table>\n",
        keyed("account.dropped", a.dropped_total()), keyed("account.queued", a.queued), keyed("account.refused", a.refused),
        keyed("account.duplicates", a.duplicates));
    const region_record& r = run_.region;
    add("<p>At the region: {} summaries, {} alarms and {} state changes arrived, {}; {} rows merged from {} produced; machine states "
        "{}.</p>\n",
        keyed("region.summaries", r.summaries), keyed("region.alarms", r.alarms), keyed("region.deltas", r.deltas),
        r.order_kept ? "each stream in order" : "<strong>not in order</strong>", keyed("region.rows", r.rows),
        keyed("region.rows_produced", r.rows_produced), r.states_agree ? "equal on both sides" : "<strong>differ</strong>");
  }

  void settings() {
    out_ += "<h2 id=settings>Settings</h2>\n<div class=scroll><table>\n";
    for (const auto& [name, value] : run_.settings) {
      add("<tr><td>{}<td>{}</tr>\n", svg::escape(name), svg::escape(value));
    }
    out_ += "</table></div>\n";
  }

  static constexpr std::size_t most_listed = 25;
  const run_record& run_;
  std::string out_;
};

}  // namespace gateway
