#!/usr/bin/env python3
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
"""What is in the image of examples/07_firmware_sensor, by its link map: bytes of flash and RAM by part, against what the board has; and
that no heap, no exception, no locale and no iostream is in it. Then the check is checked: an image with a call of malloc must not link,
and one that is given the memory for it must be found out.

usage: firmware_map.py FOLDER_OF_THE_MAP LINKER_SCRIPT
"""
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

COMPILER = "arm-none-eabi-g++"
FLASH, RAM = 64 * 1024, 24 * 1024
STACK = 6656  # the story was seen to use 6368
FORBIDDEN = {
    "malloc": r"(?:^|[._])_?(?:malloc|calloc|realloc|free)(?:_r)?$|nano-mallocr|_?sbrk|^_Zn[wa][jm]|^_Zd[la]Pv",
    "exceptions": r"__cxa_(?:throw|allocate_exception|begin_catch|rethrow)|_Unwind_|eh_throw|eh_alloc|__gxx_personality",
    "locale": r"St6locale|locale_init|_ZNKSt5ctype|_ZNSt5ctype|(?:^|-)locale(?:conv)?\b",
    "iostream": r"_ZSt4c(?:out|in|err|log)|St8ios_base|basic_[io]?stream|basic_streambuf|ios_init",
    "stdio": r"(?:^|-)(?:v?[sf]?n?i?printf|fwrite|fopen|fputs|puts)$",
}


class Map:
    def __init__(self, text):
        head, found, body = text.partition("Linker script and memory map")
        if not found or ".text" not in body:
            raise ValueError("not a link map")
        self.members = re.findall(r"^\S*\(([^)]+)\.o\)", head.split("Discarded input sections")[0].split("Memory Configuration")[0], re.MULTILINE)
        # "section address size file", the section's name on a line of its own if it is long; then "address symbol" lines.
        self.sections = [(name, int(a, 16), int(s, 16), file)
                         for name, a, s, file in re.findall(r"^ (\.\S+)\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+(\S.*)$", body, re.MULTILINE) if int(s, 16)]
        self.symbols = re.findall(r"^ +0x[0-9a-f]+ +([A-Za-z_]\S*)$", body, re.MULTILINE)
        output = {name: (int(a, 16), int(s, 16)) for name, a, s in re.findall(r"^(\.\w[\w.]*)\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)", body, re.MULTILINE)}
        self.output = output

    def size(self, *names):
        return sum(self.output.get(name, (0, 0))[1] for name in names)

    def forbidden(self):
        """What must not be in it, and is."""
        in_image = {".".join(name.split(".")[2:]) for name, *_ in self.sections} | set(self.symbols) | set(self.members)
        return sorted(f"{what}: {name}" for what, pattern in FORBIDDEN.items() for name in in_image if name and re.search(pattern, name))

    def parts(self):
        parts = collections.defaultdict(lambda: [0, 0])
        for name, address, size, file in self.sections:
            if name.startswith((".debug", ".comment", ".ARM.attributes")):
                continue
            place = pathlib.Path(file.split("(")[0]).name
            kind = 1 if 0x20000000 <= address else 0
            parts[place][kind] += size
        return parts


def link(folder, script, into, extra):
    objects = [str(folder / "board" / f"{name}.cpp.o") for name in ("firmware", "startup", "stage", "simulated", "main")]
    return subprocess.run([COMPILER, "-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", *objects, *extra, "-nostartfiles",
                           "--specs=nano.specs", "-Wl,--gc-sections,--no-warn-mismatch,--wrap=__aeabi_dadd,--wrap=__aeabi_dsub",
                           f"-T{script}", f"-Wl,-Map={into}.map", "-o", f"{into}.elf"], text=True, capture_output=True, check=False)


PLANT = """
#include <cstdlib>
void* kept;
struct plant { plant() { kept = std::malloc(16); } } here;
"""
MEMORY = """
extern "C" void* _sbrk(int) { return nullptr; }
"""


def planted(folder, script):
    """The two images that must not pass; what is wrong, if they do."""
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in (("malloc", PLANT), ("malloc_and_memory", PLANT + MEMORY)):
            source = pathlib.Path(scratch) / f"{name}.cpp"
            source.write_text(text)
            done = link(folder, script, pathlib.Path(scratch) / name, ["-Os", "-mcpu=cortex-m4", str(source)])
            if name == "malloc":
                if done.returncode == 0 or "_sbrk" not in done.stderr:
                    wrong.append(f"an image with a call of malloc was to miss _sbrk when linked\n{done.stderr}")
            elif done.returncode != 0:
                wrong.append(f"the image with a call of malloc and memory for it does not link\n{done.stderr}")
            elif not any(f.startswith("malloc") for f in Map((pathlib.Path(scratch) / f"{name}.map").read_text()).forbidden()):
                wrong.append("a call of malloc was not found in the map of the image")
    return wrong


def main():
    folder, script = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if shutil.which(COMPILER) is None:
        print(f"skipped: {COMPILER} is not installed (on Debian: gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib)")
        return 77
    try:
        image = Map((folder / "firmware_sensor.map").read_text())
    except (OSError, ValueError) as error:
        print(f"FAIL no map to read: {error}")
        return 1
    wrong = image.forbidden()
    flash, ram = image.size(".text", ".ARM.exidx", ".data"), image.size(".data", ".bss")
    print(f"flash {flash} of {FLASH}, RAM {ram} and {STACK} of stack of {RAM}")
    for place, (code, data) in sorted(image.parts().items(), key=lambda p: -p[1][0] - p[1][1]):
        beside = "" if place not in ("simulated.cpp.o", "main.cpp.o", "stage.cpp.o") else "   (beside the firmware, most of it)"
        print(f"  {place:24} {code:7} flash {data:7} RAM{beside}")
    if not 10_000 < flash <= FLASH or not 10_000 < ram <= RAM - STACK:
        wrong.append("outside the board's memory")
    if not image.members or not image.sections or len(image.symbols) < 100:
        wrong.append("the map was not understood")
    wrong += planted(folder, script)
    for w in wrong:
        print(f"FAIL {w}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
