#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
GLib's macros that cost or do more than they show, one test a folder: MIN, MAX, CLAMP and ABS evaluate an argument twice, so
that it must not have an effect or a cost. g_str_has_prefix and g_str_has_suffix measure all of the text, which at each
place of a client's document takes quadratic time: src/conf, which reads it, does not use them.
"""

import os
import re
import sys

from tap import Tap

FOLDERS = ("src", "tests", "bench")
MACRO = re.compile(r"\b(MIN|MAX|CLAMP|ABS)\s*\(")
# Arguments that may be evaluated twice: these functions only compute a value.
HARMLESS = {"MIN", "MAX", "CLAMP", "ABS", "strlen", "strspn", "strcspn", "sizeof", "ccw_load_be16", "g_get_num_processors",
            "g_ascii_xdigit_value", "bytes_left_in_block", "width_of"}
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
EFFECT = re.compile(r"\+\+|--|(?<![=!<>])=(?!=)")


def arguments(text, start):
    """Returns the text between two parentheses, the first of which is just before start."""
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


MEASURES = re.compile(r"\bg_str_has_(pre|suf)fix\s*\(")
READS_DOCUMENTS = os.path.join("src", "conf")


def measured(path):
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if MEASURES.search(line):
                yield f"{path}:{number}: {line.strip()}"


def main():
    tap = Tap()
    for top in FOLDERS:
        bad = []
        for folder, _, names in os.walk(os.path.join(sys.argv[1], top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    bad += faults(os.path.join(folder, name))
        tap.none(bad, f"no argument in {top} that must not be evaluated twice")
    conf = os.path.join(sys.argv[1], READS_DOCUMENTS)
    sources = [os.path.join(conf, name) for name in sorted(os.listdir(conf)) if name.endswith(".c")]
    bad = [line for source in sources for line in measured(source)]
    tap.none(bad, f"nothing in {READS_DOCUMENTS} measures all of a text to compare its start")
    tap.done()


if __name__ == "__main__":
    main()
