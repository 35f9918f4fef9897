#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""Runs an image for a Cortex-M4 in qemu, with the arguments that follow, and ends as it does; what it says goes to standard output.

One instruction takes a nanosecond of the emulator's clock, so that what the image counts is the same in every run.
"""
import pathlib
import shutil
import subprocess
import sys

EMULATOR = "qemu-system-arm"


def lacking(image):
    """Why the image cannot be run here, or nothing."""
    if shutil.which("arm-none-eabi-g++") is None:
        return "skipped: arm-none-eabi-g++ is not installed (on Debian: gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib)"
    if shutil.which(EMULATOR) is None:
        return f"skipped: {EMULATOR} is not installed"
    return None


def command(image, *arguments):
    words = ",".join(f"arg={a}" for a in (pathlib.Path(image).stem, *arguments)) if arguments else ""
    return [EMULATOR, "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none", "-icount", "shift=0,sleep=off",
            "-semihosting-config", "enable=on,target=native" + ("," + words if words else ""), "-kernel", str(image)]


def run(image, *arguments, cwd=None):
    return subprocess.run(command(image, *arguments), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          timeout=240, cwd=cwd, check=False)


def main():
    why = lacking(sys.argv[1])
    if why:
        print(why)
        return 77
    done = run(*sys.argv[1:])
    print(done.stdout, end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
