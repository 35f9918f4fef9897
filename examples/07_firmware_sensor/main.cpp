// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Thirty seconds in the life of a sensor: it learns its machine, a bearing cracks, the link is away, a watchdog resets it meanwhile.
//
//   firmware_sensor                            the story
//   firmware_sensor record FILE                the samples of the story, as float32
//   firmware_sensor replay FILE LOG WINDOW     judges recorded float32 samples, WINDOW at a time, and writes the decision log
#include "firmware.hpp"
#include "signal.hpp"

#include <charconv>
#include <string_view>

namespace {

void say(const char* text) { board::write(text); }
void say(std::uint64_t n) {
  char digits[21]{};
  std::to_chars(digits, digits + 20, n);
  board::write(digits);
}
/// Four digits of a score.
void say(float x) {
  const auto n = static_cast<std::uint32_t>(x * 10000 + 0.5F);
  say(std::uint64_t{n / 10000});
  char digits[6] = {'.', static_cast<char>('0' + n / 1000 % 10), static_cast<char>('0' + n / 100 % 10),
                    static_cast<char>('0' + n / 10 % 10), static_cast<char>('0' + n % 10)};
  board::write(digits);
}
struct hex {
  std::uint32_t n;
};
void say(hex h) {
  char digits[9]{};
  for (int i = 0; i < 8; ++i) {
    digits[7 - i] = "0123456789abcdef"[h.n >> (4 * i) & 15U];
  }
  board::write(digits);
}
template <typename... Parts>
void line(Parts... parts) {
  (say(parts), ...);
  say("\n");
}
/// Seconds and tenths of the stream.
struct moment {
  std::uint64_t tenths;
};
void say(moment m) {
  say(m.tenths < 100 ? " " : "");
  say(m.tenths / 10);
  const char digits[3] = {'.', static_cast<char>('0' + m.tenths % 10)};
  board::write(digits);
  board::write(" s  ");
}

struct totals {
  std::uint64_t produced = 0, delivered = 0, dropped = 0, recovered = 0, queued_then = 0;
};
/// What this life did, before it ends.
void tally(totals& t) {
  const auto& c = firmware::node().outbox().counters();
  t.produced += c.produced;
  t.delivered += c.delivered;
  t.dropped += c.dropped_total();
  t.recovered += c.recovered;
}

int story() {
  constexpr std::uint32_t second = 20;  // windows
  using sensor::node;
  line("a vibration sensor that learns and judges by itself: 30 s of signal, ", std::uint64_t{board::samples_per_second},
       " samples a second");
  line("memory  node ", std::uint64_t{sizeof(node)}, " bytes: judge ", std::uint64_t{sizeof(sensor::watch)}, ", state ",
       std::uint64_t{sizeof(sensor::state)}, ", ring on flash ", std::uint64_t{sizeof(sensor::ring)}, ", courier ",
       std::uint64_t{sizeof(sensor::courier)}, "; queue of samples ", std::uint64_t{2 * firmware::queue_length});
  bool good = static_cast<bool>(firmware::boot(1));
  skerry::anomaly::decision_log log;
  totals all;
  float before = 0, after = 0;
  std::uint32_t normal_before = 0, strange_after = 0, raised_at = 0;
  std::uint32_t windows = 0;
  for (bool alarmed = false, learnt = false; good && windows < 30 * second; ++windows) {
    const moment now{windows / 2};
    if (windows == 11 * second || windows == 20 * second) {
      board::set_link(windows == 20 * second);
      if (windows == 11 * second) {
        line(now, "the link is away");
      } else {
        line(now, "the link is back; waiting in flash: ", firmware::node().outbox().queued());
      }
    }
    if (windows == 16 * second) {
      tally(all);
      const std::uint64_t queued = firmware::node().outbox().queued();
      good = static_cast<bool>(firmware::boot(2));
      good = good && firmware::node().judge().learnt() && firmware::node().outbox().counters().recovered == queued;
      all.queued_then = queued;
      line(now, "a watchdog's reset: the model is read back, messages found in flash: ", firmware::node().outbox().counters().recovered);
      alarmed = false;
    }
    firmware::run_window();
    const auto& d = firmware::node().decision();
    good = good && d.window == windows;
    (void)log.add(d);
    if (!learnt && firmware::node().judge().learnt()) {
      learnt = true;
      good = good && firmware::node().saved();
      line(now, "learnt from ", std::uint64_t{windows + 1}, " windows; kept in flash");
    }
    const bool faulty = windows * sensor::watch_window >= fan::fault_at;
    if (d.state != skerry::anomaly::monitor_state::learning) {
      (faulty ? after : before) += d.score;
      normal_before += faulty ? 0U : 1U;
      strange_after += faulty && d.strange ? 1U : 0U;
    }
    const bool stands = d.state == skerry::anomaly::monitor_state::alarmed;
    if (stands && !alarmed) {
      raised_at = raised_at == 0 ? windows : raised_at;
      line(now, "ALARM, score ", d.score, ", strange from ", d.level, " on");
    }
    alarmed = stands;
  }
  tally(all);
  const std::uint64_t queued = firmware::node().outbox().queued();
  const auto other = board::gateway();
  const std::uint32_t faulty_windows = windows - fan::fault_at / sensor::watch_window;
  line("score   ", before / static_cast<float>(normal_before), " in the middle before the fault, ",
       after / static_cast<float>(faulty_windows), " after; strange windows after: ", std::uint64_t{strange_after}, " of ",
       std::uint64_t{faulty_windows});
  line("gateway condition ", other.condition == 2 ? "alarmed" : "NOT alarmed", ", alarms ", other.alarms, " in two lives; ",
       std::uint64_t{other.messages}, " messages, of these marked historical ", std::uint64_t{other.historical});
  line("account produced ", all.produced, " = delivered ", all.delivered, " + dropped ", all.dropped, " + queued ", queued);
  line("log     ", std::uint64_t{windows}, " windows, CRC-32C of all decisions ", hex{log.crc()});
  if (const std::uint64_t n = board::instructions(); n != 0) {
    line("cost    ", n / 30, " instructions a second of signal, learning included");
  }
  if (const std::size_t n = board::stack_used(); n != 0) {
    line("stack   ", std::uint64_t{n}, " bytes at most");
  }
  good = good && firmware::samples_taken() == windows * sensor::watch_window && raised_at > 12 * second && raised_at < 13 * second &&
         other.condition == 2 && other.damaged == 0 && other.in_order && all.produced == all.delivered + all.dropped + queued &&
         queued == 0 && all.dropped == 0 && all.recovered == all.queued_then && board::flash_violations() == 0 &&
         strange_after * 10 > faulty_windows * 9;
  line(good ? "found within a second, nothing lost, all in order" : "SOMETHING IS WRONG");
  return good ? 0 : 1;
}

int record(const char* name) {
  fan machine{7};
  board::file out = board::file::open(name, true);
  bool good = out.is_open();
  for (std::uint32_t i = 0; good && i < 30 * fan::rate; ++i) {
    const float g = static_cast<float>(machine.next()) / board::counts_per_g;
    good = out.write(std::as_bytes(std::span{&g, 1}));
  }
  good = good && out.close();
  line(good ? "recorded" : "cannot write the file");
  return good ? 0 : 1;
}

int replay(const char* samples, const char* log_name, std::uint32_t window) {
  static sensor::watch judge;  // beside the node's; the story is not told in this run
  board::file in = board::file::open(samples, false);
  board::file out = board::file::open(log_name, true);
  if (!in.is_open() || !out.is_open() || !sensor::watch::create(judge, {.window = window})) {
    line("usage: replay FILE LOG WINDOW");
    return 2;
  }
  skerry::anomaly::decision_log log;
  static float block[256];
  std::uint64_t refused = 0, windows = 0;
  bool good = true;
  for (std::size_t n; good && (n = in.read(std::as_writable_bytes(std::span{block})) / sizeof(float)) != 0;) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto complete = judge.observe(block[i]);
      refused += complete ? 0U : 1U;
      if (complete.value_or(false)) {
        ++windows;
        const auto text = log.add(judge.decision());
        good = good && out.write(std::as_bytes(std::span{text.data(), text.size()}));
      }
    }
  }
  good = out.close() && in.close() && good;
  line("windows ", windows, ", samples refused ", refused, ", CRC-32C of all decisions ", hex{log.crc()});
  return good ? 0 : 1;
}

}  // namespace

int run(int argc, const char* const* argv) {
  if (argc <= 1) {
    return story();
  }
  if (argc == 3 && argv[1] == std::string_view{"record"}) {
    return record(argv[2]);
  }
  if (argc == 5 && argv[1] == std::string_view{"replay"}) {
    const std::string_view digits{argv[4]};
    std::uint32_t window = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), window).ec == std::errc{}) {
      return replay(argv[2], argv[3], window);
    }
  }
  line("usage: firmware_sensor [record FILE | replay FILE LOG WINDOW]");
  return 2;
}
