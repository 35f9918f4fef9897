// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <vector>

// The driver of a target without libFuzzer: the corpus, then seeded mutations of it, the same on every machine.
//
//   PROGRAM [--mutations N] [--seed S] [--keep FILE] FILE_OR_FOLDER...
//   PROGRAM --write-seeds FOLDER
//
// --keep writes each input to FILE before it is tried: after a crash that is the one.
namespace {

using input = std::vector<std::uint8_t>;

struct options {
  std::uint64_t mutations = 3000;
  std::uint64_t seed = 1;
  std::string keep;
};

input read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  const std::vector<char> text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  return {text.begin(), text.end()};
}

void run(const input& in, const options& o) {
  if (!o.keep.empty()) {
    std::ofstream out{o.keep, std::ios::binary | std::ios::trunc};
    std::copy(in.begin(), in.end(), std::ostreambuf_iterator<char>{out});
  }
  // A copy as long as the input and no longer, so that the sanitizer sees a read behind its end.
  const input exact{in.begin(), in.end()};
  (void)LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

class mutator {
 public:
  mutator(const std::vector<input>& corpus, std::uint64_t seed) : corpus_{corpus}, rng_{seed} {}

  input next() {
    input in = corpus_[below(corpus_.size())];
    for (std::size_t left = 1 + below(4); left > 0; --left) {
      change(in);
    }
    return in;
  }

 private:
  [[nodiscard]] std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(rng_() % n); }

  void change(input& in) {
    constexpr std::array<std::uint8_t, 8> bytes{0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x20};
    // Both zeros, infinity, NaN, greatest and least double, greatest integers: as the eight bytes they are.
    constexpr std::array<std::uint64_t, 8> words{0x8000000000000000, 0, 0x7ff0000000000000, 0x7ff8000000000000,
                                                 0x7fefffffffffffff, 1, 0xffffffffffffffff, 0x7fffffffffffffff};
    const std::size_t at = below(in.size());
    const std::size_t length = std::min<std::size_t>(1 + below(16), in.size() - at);
    const auto place = in.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = place + static_cast<std::ptrdiff_t>(length);
    switch (in.empty() ? 5 : below(8)) {
      case 0: in[at] = static_cast<std::uint8_t>(in[at] ^ (1U << below(8))); break;
      case 1: in[at] = bytes[below(bytes.size())]; break;
      case 2: in[at] = static_cast<std::uint8_t>(in[at] + (below(2) == 0 ? 1U : 0xffU)); break;
      case 3: in.erase(place, end); break;
      case 4: {
        const input piece{place, end};
        in.insert(place, piece.begin(), piece.end());
        break;
      }
      case 5: in.insert(in.begin() + static_cast<std::ptrdiff_t>(below(in.size() + 1)), static_cast<std::uint8_t>(rng_())); break;
      case 6: {
        const std::uint64_t word = words[below(words.size())];
        for (std::size_t i = 0; i < 8 && at + i < in.size(); ++i) {
          in[at + i] = static_cast<std::uint8_t>(word >> (8 * i));
        }
        break;
      }
      default: {
        const input& other = corpus_[below(corpus_.size())];
        in.resize(at);
        in.insert(in.end(), other.begin() + static_cast<std::ptrdiff_t>(below(other.size() + 1)), other.end());
      }
    }
  }

  const std::vector<input>& corpus_;
  skerry::splitmix64 rng_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  options o;
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool more = i + 1 < args.size();
    if (args[i] == "--write-seeds" && more) {
      skerry_fuzz::write_seeds(skerry_fuzz::seed_folder{args[i + 1]});
      return 0;
    }
    if (args[i] == "--mutations" && more) {
      o.mutations = std::strtoull(args[++i].c_str(), nullptr, 10);
    } else if (args[i] == "--seed" && more) {
      o.seed = std::strtoull(args[++i].c_str(), nullptr, 10);
    } else if (args[i] == "--keep" && more) {
      o.keep = args[++i];
    } else if (std::filesystem::is_directory(args[i])) {
      for (const auto& entry : std::filesystem::directory_iterator{args[i]}) {
        files.push_back(entry.path());
      }
    } else {
      files.emplace_back(args[i]);
    }
  }
  std::sort(files.begin(), files.end());  // a folder has no order
  std::vector<input> corpus;
  for (const auto& file : files) {
    corpus.push_back(read_file(file));
    run(corpus.back(), o);
  }
  if (corpus.empty()) {
    std::fputs("no corpus: nothing was tried\n", stderr);
    return 1;
  }
  run({}, o);
  mutator mutations{corpus, o.seed};
  for (std::uint64_t i = 0; i < o.mutations; ++i) {
    run(mutations.next(), o);
  }
  std::printf("%zu files, %llu mutations with seed %llu\n", corpus.size(), static_cast<unsigned long long>(o.mutations),
              static_cast<unsigned long long>(o.seed));
  return 0;
}
