#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""gateway_misuse.py GATEWAY: wrong use is answered with exit 2 and a sentence that says what to mend."""
import pathlib
import subprocess
import sys
import tempfile


def main():
    gateway = sys.argv[1]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        def file(name, text):
            path = pathlib.Path(folder) / name
            path.write_text(text, encoding="utf-8")
            return str(path)

        rows = "".join(f"{i},{i % 5}\n" for i in range(50))
        good = file("good.csv", "t,a\n" + rows)
        cases = [
            (["--csv", "/nonexistent.csv"], 2, "cannot read"),
            (["--csv", folder], 2, "cannot read"),
            (["--csv", file("empty.csv", "")], 2, "is empty"),
            (["--csv", file("header.csv", "t,a\n")], 2, "no rows"),
            (["--csv", file("text.csv", "t,a\n1,x\n2,y\n")], 2, "no numeric column"),
            (["--csv", good, "--map", "t=nothing"], 2, "has no column nothing"),
            (["--csv", good, "--map", "nothing"], 2, "is not NAME=COLUMN"),
            (["--csv", good, "--simulate", "machines=2"], 2, "excludes"),
            (["--simulate", "machines=0"], 2, "1 to 64"),
            (["--simulate", "wheels=4"], 2, "no setting 'wheels'"),
            (["--simulate", "machines=2,fault=bearing@3"], 2, "bearing_outer"),
            (["--simulate", "machines=2,fault=5/imbalance@3"], 2, "no machine 5"),
            (["--decision-log", "x"], 2, "--csv file"),
            (["--csv", good, "--decision-log", folder + "/log", "--decision-window", "1"], 2, "usage: gateway"),
            (["--csv", good, "--quiet", "--decision-log", folder + "/none/log"], 2, "cannot write"),
            (["--csv", good, "--quiet", "--decision-log", folder + "/log", "--decision-window", "10"], 0, "Held:"),
            (["--outage", "600"], 2, "AT+SECONDS"),
            (["--store", good], 2, "cannot use"),
            (["--restart", "soon"], 2, "usage: gateway"),
            (["--csv", good, "--quiet", "--restart", "25"], 0, "restart inside"),
            (["--csv", good, "--quiet", "--store", folder + "/kept"], 0, "Held:"),
            (["--link", "carrier-pigeon"], 2, "neither loopback nor mqtt"),
            (["--link", "mqtt://127.0.0.1:70000"], 2, "neither loopback nor mqtt"),
            (["--link", "mqtt://a,mqtt://b,mqtt://c"], 2, "the second is the fallback"),
            (["--region", "elsewhere"], 2, "in a loopback the region is here"),
            (["--node", "a/b"], 2, "--node"),
            (["--checklist"], 2, "not in this version"),
            (["--metrics", folder + "/m"], 2, "not in this version"),
            (["--speed", "fast"], 2, "neither max nor"),
            (["--csv", good, "--quiet", "--speed", "500x"], 0, "Held:"),
            (["--nonsense"], 2, "usage: gateway"),
            (["--csv", good, "--json", folder + "/no/such/folder.json"], 2, "cannot write"),
            (["--help"], 0, "--simulate"),
            (["--csv", good, "--quiet"], 0, "Held:"),
            (["--csv", file("bad.csv", "t,a\r\n" + rows.replace("\n", "\r\n") + "49,\r\n3,1\r\n50,1,2\r\n51,nan\r\n"), "--quiet"], 0, "4 refused rows"),
        ]
        for arguments, expected, text in cases:
            run = subprocess.run([gateway, *arguments], capture_output=True, text=True, timeout=60, check=False)
            said = run.stdout + run.stderr
            if run.returncode != expected or text not in said:
                failed += 1
                print(f"FAILED  {' '.join(arguments)}: exit {run.returncode} instead of {expected}, or no '{text}' in:\n{said}")
    print(f"{len(cases) - failed} of {len(cases)} held")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
