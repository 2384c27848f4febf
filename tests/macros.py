#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GLib's MIN, MAX, CLAMP and ABS evaluate an argument twice: it must not have an effect or a cost, one test a folder."""

import os
import re
import sys

FOLDERS = ("src", "tests", "bench")
MACRO = re.compile(r"\b(MIN|MAX|CLAMP|ABS)\s*\(")
# Called twice without harm: they compute something of their arguments.
HARMLESS = {"MIN", "MAX", "CLAMP", "ABS", "strlen", "strspn", "strcspn", "sizeof", "ccw_load_be16", "g_get_num_processors",
            "g_ascii_xdigit_value", "room_in_block", "width_of"}
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
EFFECT = re.compile(r"\+\+|--|(?<![=!<>])=(?!=)")


def arguments(text, start):
    """What stands between the parentheses, the first of which is just before start."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return text[start:]


def faults(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for match in MACRO.finditer(text):
        inside = arguments(text, match.end())
        called = set(CALL.findall(inside)) - HARMLESS
        if called or EFFECT.search(inside):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(1)}({' '.join(inside.split())})"


def main():
    print(f"1..{len(FOLDERS)}")
    for number, top in enumerate(FOLDERS, 1):
        bad = []
        for folder, _, names in os.walk(os.path.join(sys.argv[1], top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    bad += faults(os.path.join(folder, name))
        for line in bad:
            print(f"# {line}")
        print(f"{'not ' if bad else ''}ok {number} - no argument in {top} that must not be evaluated twice")


if __name__ == "__main__":
    main()
