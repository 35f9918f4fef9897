// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A sender and a receiver that are processes, killed again and again; between them, in this one, a proxy that loses, repeats and delays.
#include "crash/crash.hpp"

#include <skerry/adapters/posix_file.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/random.hpp>
#include <skerry/delivery/dedupe.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/segment_log.hpp>

#include <fmt/core.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace skerry_crash {

namespace {

using namespace skerry::delivery;
using skerry::byte_reader;
using skerry::byte_writer;

constexpr std::uint16_t streams = 3;
constexpr std::size_t note_size = 22;  // u32 epoch, u16 stream, u64 number, u32 check of the payload, u32 check of all before
using log_type = segment_log<skerry::adapters::posix_file, segment_limits{8, streams}>;
using box_type = outbox<std::uint32_t, log_type, outbox_limits{.streams = streams, .items = 48, .record_bytes = 128}>;
using window_type = dedupe_window<streams, 64>;
using note = std::array<std::byte, note_size>;

/// What the processes share: it outlives each of them.
struct board {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> queued{~std::uint64_t{0}};
  std::atomic<std::uint64_t> boots{0};
  std::atomic<std::uint64_t> repeats{0};
  std::atomic<std::uint64_t> refusals{0};  // a process that could not open what another one left
};

std::uint32_t now_ms() {
  using namespace std::chrono;
  return static_cast<std::uint32_t>(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

note note_of(const item_id& id, std::span<const std::byte> payload) {
  note n{};
  byte_writer out{n};
  out.u32(id.epoch);
  out.u16(id.stream);
  out.u64(id.seq);
  out.u32(skerry::crc32c(payload));
  out.u32(skerry::crc32c(out.written()));
  return n;
}
struct told {
  item_id id{};
  std::uint32_t check = 0;
  bool good = false;
};
told read_note(std::span<const std::byte> bytes) {
  told t;
  if (bytes.size() < note_size) {
    return t;
  }
  byte_reader in{bytes.first(note_size)};
  t.id.epoch = in.u32();
  t.id.stream = in.u16();
  t.id.seq = in.u64();
  t.check = in.u32();
  t.good = in.u32() == skerry::crc32c(bytes.first(note_size - 4)) && t.id.stream < streams;
  return t;
}
std::vector<told> read_notes(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::vector<char> all{std::istreambuf_iterator<char>{in}, {}};
  std::vector<told> notes;
  for (std::size_t at = 0; at + note_size <= all.size(); at += note_size) {
    notes.push_back(read_note(std::as_bytes(std::span{all}).subspan(at)));
  }
  return notes;
}
/// Appends whole notes only: what a kill cut short is cut off first.
int open_notes(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const off_t end = ::lseek(fd, 0, SEEK_END);
  const off_t whole = end - end % static_cast<off_t>(note_size);
  if (fd < 0 || ::ftruncate(fd, whole) != 0 || ::lseek(fd, whole, SEEK_SET) != whole) {
    ::_exit(3);
  }
  return fd;
}

[[noreturn]] void send_items(board& shared, int socket, const std::string& folder) {
  const std::uint64_t boot = ++shared.boots;
  auto files = skerry::adapters::posix_file::create((folder + "/sender").c_str());
  if (!files) {
    ::_exit(3);
  }
  auto log = std::make_unique<log_type>(log_type::create(files.value(), {.segment_bytes = 32768, .segments = 8, .entropy = boot}).value());
  // A full store refuses: an item that it evicted would be dropped and counted, which the journal cannot tell from one that is lost.
  outbox_config config{.quota_bytes = 40'000, .quota_items = 600, .evict = eviction::reject, .mode = durability::os};
  config.lease_ms = 0;
  auto opened = box_type::open(*log, config, device_seed::for_test(boot), {now_ms(), {}, false});
  if (!opened) {
    ++shared.refusals;
    ::_exit(4);
  }
  const auto box = std::make_unique<box_type>(opened.value());
  const int journal = open_notes(folder + "/produced");
  skerry::splitmix64 random{boot * 77};
  struct flight {
    item_id id{};
    std::uint32_t since = 0;
  };
  std::vector<flight> out;
  std::array<std::byte, 256> buffer{};
  for (;;) {
    const std::uint32_t now = now_ms();
    for (int i = 0; i < 4 && !shared.stop && box->queued() < 400; ++i) {
      std::array<std::byte, 100> payload{};
      const std::size_t length = random() % payload.size();
      for (std::size_t k = 0; k < length; ++k) {
        payload[k] = static_cast<std::byte>(random());
      }
      item_options<std::uint32_t> options;
      options.stream = static_cast<stream_id>(random() % streams);
      const auto bytes = std::span<const std::byte>{payload}.first(length);
      if (const auto got = box->append(bytes, options, now)) {
        const note n = note_of(got.value().id, bytes);
        if (::write(journal, n.data(), n.size()) != static_cast<ssize_t>(n.size())) {
          ::_exit(3);
        }
      }
    }
    while (const auto view = box->take(now)) {
      const note n = note_of(view.value().id, view.value().payload);
      std::copy(n.begin(), n.end(), buffer.begin());
      std::copy(view.value().payload.begin(), view.value().payload.end(), buffer.begin() + note_size);
      (void)::send(socket, buffer.data(), note_size + view.value().payload.size(), MSG_DONTWAIT);
      out.push_back({view.value().id, now});
    }
    if (box->wants_sync(now)) {
      (void)box->flush_acknowledgements();
      box->sync_begins();
      box->on_synced(log->sync());
    }
    pollfd wait{socket, POLLIN, 0};
    (void)::poll(&wait, 1, 1);
    for (ssize_t n = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT); n > 0;
         n = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT)) {
      const told t = read_note(std::span{buffer}.first(static_cast<std::size_t>(n)));
      const auto at = std::find_if(out.begin(), out.end(), [&t](const flight& f) { return t.good && f.id == t.id; });
      if (at != out.end()) {
        (void)box->acknowledge(at->id);
        out.erase(at);
      }
    }
    const std::uint32_t later = now_ms();
    for (std::size_t i = 0; i < out.size();) {
      if (later - out[i].since > 8) {
        (void)box->give_back(out[i].id, outcome::unknown, later);
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    shared.queued = box->queued();
  }
}

[[noreturn]] void receive_items(board& shared, int socket, const std::string& folder) {
  auto window = std::make_unique<window_type>();
  const int effects = open_notes(folder + "/effects");
  for (const told& t : read_notes(folder + "/effects")) {
    (void)window->accept(t.id);
  }
  std::array<std::byte, 256> buffer{};
  for (;;) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(socket, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < static_cast<ssize_t>(note_size)) {
      continue;
    }
    const auto all = std::span<const std::byte>{buffer}.first(static_cast<std::size_t>(n));
    const told t = read_note(all);
    if (!t.good || skerry::crc32c(all.subspan(note_size)) != t.check) {
      continue;
    }
    if (window->accept(t.id) == verdict::fresh) {
      if (::write(effects, all.data(), note_size) != static_cast<ssize_t>(note_size)) {  // the effect, and then the answer
        ::_exit(3);
      }
    } else {
      ++shared.repeats;
    }
    (void)::sendto(socket, all.data(), note_size, 0, reinterpret_cast<const sockaddr*>(&from), size);
  }
}

int local_socket(sockaddr_in& at) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  at = {};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("no socket on the loopback interface");
  }
  return fd;
}

/// Two sockets, one towards each side; some datagrams are lost, some come twice, some wait.
class proxy {
 public:
  proxy(std::uint64_t seed, int front, int back, sockaddr_in sender, sockaddr_in receiver)
      : random_{seed}, fds_{front, back}, to_{receiver, sender} {}

  void run(int ms) {
    std::array<pollfd, 2> wait{{{fds_[0], POLLIN, 0}, {fds_[1], POLLIN, 0}}};
    (void)::poll(wait.data(), wait.size(), ms);
    for (std::size_t side = 0; side < 2; ++side) {
      std::array<std::byte, 256> buffer{};
      for (ssize_t n = ::recv(fds_[side], buffer.data(), buffer.size(), MSG_DONTWAIT); n > 0;
           n = ::recv(fds_[side], buffer.data(), buffer.size(), MSG_DONTWAIT)) {
        const auto fate = random_() % 100;
        if (fate < 5) {
          continue;
        }
        const datagram d{side, {buffer.begin(), buffer.begin() + n}};
        if (fate < 12) {
          late_.push_back(d);
        } else {
          pass(d);
        }
        if (fate >= 95) {
          late_.push_back(d);
        }
      }
    }
    while (late_.size() > 8 || (!late_.empty() && random_() % 4 == 0)) {
      const std::size_t i = random_() % late_.size();
      pass(late_[i]);
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

 private:
  struct datagram {
    std::size_t side;
    std::vector<std::byte> bytes;
  };
  void pass(const datagram& d) {
    const std::size_t out = 1 - d.side;
    (void)::sendto(fds_[out], d.bytes.data(), d.bytes.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to_[d.side]),
                   sizeof to_[d.side]);
  }

  skerry::splitmix64 random_;
  std::array<int, 2> fds_;
  std::array<sockaddr_in, 2> to_;
  std::vector<datagram> late_{};
};

template <typename F>
pid_t start(F&& body) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw std::runtime_error("fork");
  }
  if (pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
      ::_exit(0);
    }
    body();
    ::_exit(0);
  }
  return pid;
}
void end(pid_t pid) {
  (void)::kill(pid, SIGKILL);
  int how = 0;
  (void)::waitpid(pid, &how, 0);
}

void judge(kill_tally& t, const std::string& folder) {
  std::map<std::tuple<std::uint32_t, std::uint16_t, std::uint64_t>, std::pair<std::uint32_t, int>> done;
  std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint64_t> last;
  const auto say = [&t](const std::string& text) { t.first = t.first.empty() ? text : t.first; };
  for (const told& e : read_notes(folder + "/effects")) {
    ++t.effects;
    auto& [check, times] = done[{e.id.epoch, e.id.stream, e.id.seq}];
    check = e.check;
    if (++times > 1) {
      ++t.excess;
      say(fmt::format("{}/{} had its effect twice", e.id.stream, e.id.seq));
    }
    std::uint64_t& before = last[{e.id.epoch, e.id.stream}];
    if (e.id.seq < before) {
      ++t.order_violations;
      say(fmt::format("{}/{} came behind {}", e.id.stream, e.id.seq, before));
    }
    before = std::max(before, e.id.seq);
  }
  for (const told& p : read_notes(folder + "/produced")) {
    ++t.produced;
    const auto found = done.find({p.id.epoch, p.id.stream, p.id.seq});
    if (found == done.end()) {
      ++t.lost;
      say(fmt::format("{}/{} was accepted and never came", p.id.stream, p.id.seq));
    } else if (found->second.first != p.check) {
      ++t.phantom;
      say(fmt::format("{}/{} came with other bytes", p.id.stream, p.id.seq));
    }
  }
}

}  // namespace

kill_tally explore_kills(std::uint64_t seed, std::uint64_t kills, const std::string& folder) {
  std::filesystem::remove_all(folder + "/sender");
  std::filesystem::remove(folder + "/produced");
  std::filesystem::remove(folder + "/effects");
  std::filesystem::create_directories(folder);
  void* const memory = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::runtime_error("mmap");
  }
  board& shared = *::new (memory) board;

  sockaddr_in sender_at{}, receiver_at{}, front_at{}, back_at{};
  const int sender_socket = local_socket(sender_at);
  const int receiver_socket = local_socket(receiver_at);
  const int front = local_socket(front_at);
  const int back = local_socket(back_at);
  if (::connect(sender_socket, reinterpret_cast<const sockaddr*>(&front_at), sizeof front_at) != 0) {
    throw std::runtime_error("connect");
  }
  proxy between{seed, front, back, sender_at, receiver_at};
  const auto sender = [&] { send_items(shared, sender_socket, folder); };
  const auto receiver = [&] { receive_items(shared, receiver_socket, folder); };

  kill_tally t;
  skerry::splitmix64 random{seed};
  pid_t sends = start(sender);
  pid_t receives = start(receiver);
  while (t.kills < kills) {
    const std::uint32_t until = now_ms() + 4 + static_cast<std::uint32_t>(random() % 24);
    while (static_cast<std::int32_t>(until - now_ms()) > 0) {
      between.run(1);
    }
    if (random() % 3 == 0) {
      end(receives);
      receives = start(receiver);
    } else {
      end(sends);
      sends = start(sender);
    }
    ++t.kills;
  }
  shared.stop = true;
  shared.queued = ~std::uint64_t{0};
  for (const std::uint32_t begin = now_ms(); shared.queued != 0 && now_ms() - begin < 60'000;) {
    between.run(1);
  }
  end(sends);
  end(receives);
  judge(t, folder);
  t.repeats = shared.repeats;
  if (shared.queued != 0 && t.lost == 0) {
    t.lost = shared.queued;
    t.first = "the sender's queue does not become empty";
  }
  if (shared.refusals != 0) {
    t.lost += shared.refusals;
    t.first = "a sender could not open what another one left";
  }
  for (const int fd : {sender_socket, receiver_socket, front, back}) {
    ::close(fd);
  }
  (void)::munmap(memory, sizeof(board));
  return t;
}

}  // namespace skerry_crash
