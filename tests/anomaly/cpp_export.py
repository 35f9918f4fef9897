#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""cpp_export.py TOOL COMPILER INCLUDE: exports forests of random settings as C++, compiles the text with all warnings, and compares what the
constants answer with what the forests answer."""
import pathlib
import re
import subprocess
import sys
import tempfile

SEEDS = (2, 3, 5, 8, 14, 17)

PROGRAM = """
template <typename Forest, typename Codes>
void answer(const char* rows_path, const Forest& forest, const Codes& codes) {
  using code = typename Codes::code_type;
  using traits = skerry::anomaly::code_traits<code>;
  constexpr std::size_t columns = Codes::columns();
  std::FILE* in = std::fopen(rows_path, "rb");
  std::array<float, columns> row{};
  while (in != nullptr && std::fread(row.data(), sizeof row, 1, in) == 1) {
    std::array<code, Forest::features> x{};
    const auto encoded = codes.encode(row, std::span{x}.first(columns));
    for (std::size_t j = columns; j < x.size(); ++j) {
      const code straight = x[j - columns];
      x[j] = straight == traits::missing ? straight : static_cast<code>(traits::steps - 2 * traits::offset - straight);
    }
    std::printf("%u\\n", encoded ? static_cast<unsigned>(forest.depth_sum_codes(x).value_or(0)) : 0U);
  }
  std::printf("end\\n");
}
"""


def main():
    tool, compiler, include = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        want, calls, headers = [], "", ""
        for seed in SEEDS:
            place = folder / f"seed_{seed}"
            place.mkdir()
            subprocess.run([tool, "export", str(seed), place], check=True)
            sums = subprocess.run([tool, "sums", place / "model.skif", place / "rows.f32"], stdout=subprocess.PIPE, text=True, check=True)
            want.append([line.split()[0] for line in sums.stdout.splitlines()])
            headers += f'#include "seed_{seed}/model.hpp"\n'
            calls += f'  answer("{place}/rows.f32", model_{seed}::forest, model_{seed}::codes);\n'
            longest = max(len(line) for line in (place / "model.hpp").read_text().splitlines())
            assert longest <= 140, longest
        (folder / "main.cpp").write_text(headers + "#include <cstdio>\n#include <span>\n" + PROGRAM + "int main() {\n" + calls + "}\n")
        subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", f"-I{include}",
                        folder / "main.cpp", "-o", folder / "program"], check=True)
        done = subprocess.run([folder / "program"], stdout=subprocess.PIPE, text=True, check=True)
        got = [part.split() for part in done.stdout.split("end\n")][:-1]
        for seed, ours, theirs in zip(SEEDS, want, got):
            if ours != theirs or not ours:
                print(f"FAIL seed {seed}: {sum(a != b for a, b in zip(ours, theirs))} of {len(ours)} sums differ")
                return 1
        broken = re.sub(r"\{\{\d+", "{{255", (folder / f"seed_{SEEDS[0]}" / "model.hpp").read_text(), count=1)
        (folder / "broken.cpp").write_text(broken + "int main() {}\n")
        refused = subprocess.run([compiler, "-std=c++20", f"-I{include}", "-fsyntax-only", folder / "broken.cpp"], stderr=subprocess.DEVNULL)
        if refused.returncode == 0:
            print("FAIL arrays that are no forest compile")
            return 1
    print(f"{len(SEEDS)} forests compiled, {sum(len(w) for w in want)} depth sums equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
