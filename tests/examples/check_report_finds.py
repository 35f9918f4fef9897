#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""check_report_finds.py GATEWAY CHECK_REPORT: a report with planted defects is failed by the rule that each of them breaks."""
import pathlib
import re
import subprocess
import sys
import tempfile


def main():
    gateway, check = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        report, summary, broken = (pathlib.Path(folder) / n for n in ("r.html", "s.json", "broken.html"))
        subprocess.run([gateway, "--quiet", "--simulate", "machines=1,hours=0.1", "--report", report, "--json", summary],
                       check=True, stdout=subprocess.DEVNULL)
        text = report.read_text(encoding="utf-8")
        text = re.sub(r"(data-key='account.produced' data-value=')(\d+)", lambda m: m[1] + str(int(m[2]) + 1), text)
        text = text.replace("<h2 id=settings>", "<h2>", 1)
        text = text.replace("<path class=grid d='M", "<path class=grid d='Mnan ", 1).replace("<desc>", "<note>", 1)
        text = text.replace("</svg>", "<text x='50%' y='20'>covers</text><text x='50%' y='21'>covered</text><text x='98%' y='60'>leaves the frame</text></svg>")
        text = text.replace("</body>", "<p style='color:#aaa'>pale</p><div style='width:3000px'>wide</div><img src='https://example.org/x.png'></body>")
        broken.write_text(text, encoding="utf-8")
        run = subprocess.run([check, broken, summary, report, "--out", folder], capture_output=True, text=True, timeout=300, check=False)
        expected = ["nothing is fetched", "figures are those", "two runs give"]
        if run.returncode == 77 or "skipped:" in run.stdout:
            print("chromium is not here: only the rules that need none were tried")
        else:
            expected += ["readable", "all sections", "every figure has", "no NaN", "texts stay inside", "do not cover", "no sideways"]
        missed = [e for e in expected if not any(line.startswith("FAILED") and e in line for line in run.stdout.splitlines())]
        for e in missed:
            print(f"FAILED  nothing was found by the rule: {e}")
        if missed:
            print(run.stdout)
        print(f"{len(expected) - len(missed)} of {len(expected)} planted defects found")
        return 1 if missed or run.returncode != 1 else 0


if __name__ == "__main__":
    sys.exit(main())
