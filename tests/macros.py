#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
GLib's macros that cost or do more than they show, one test a folder: MIN, MAX, CLAMP and ABS evaluate an argument twice, so
that it must not have an effect or a cost. g_str_has_prefix and g_str_has_suffix measure all of the text, which at each
place of a client's document takes quadratic time: src/conf, which reads it, does not use them.

Comments that clang-format breaks when they do not fit, one test a folder:

- a comment whose end is alone on a line, below text that begins on the line of its start
- a comment that begins with text on the line of its start, and has more lines; but comments behind code may have them
- a comment behind code that moved the code to a line of its own, although the code alone fits on the line above
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


COLUMNS = 120
OPENED = re.compile(r"/\*+ *[^\s*](?:(?!\*/).)*$")
BROKEN = re.compile(r"[=(]$|\\$")
BEHIND = re.compile(r"^(?P<code>\s+(?!/\*|\*)\S.*?) */\*.*\*/$")


def torn_comments(lines):
    """Returns the number of each line at which clang-format broke a comment or its code, and what is wrong there."""
    before = ""
    for number, line in enumerate(lines, 1):
        opened = OPENED.search(line)
        behind = BEHIND.match(line)
        if opened and number < len(lines) and lines[number].strip() == "*/":
            yield number, "the end of the comment is alone"
        elif opened and not line[:opened.start()].strip():
            yield number, "a comment of several lines has text behind its /*"
        elif behind and BROKEN.search(before):
            code = before.rstrip("\\ ") + " " * (before[-1] != "(") + behind["code"].strip()
            if len(code) <= COLUMNS:
                yield number, "the comment broke the line of its code: put it above"
        before = line


TORN = """\
/* alone
 */
int one; /* behind
          */
/* begins
 * here */
    value =
        make(); /* torn */
#define SIZE       \\
    8 /* torn, too */
""".splitlines()
WHOLE = """\
/* One line. */
/*
 * More lines
 */
/**
 * function:
 */
int one; /* one
            two */
#define TABLE \\
    ROW(1) /* one */ \\
    ROW(2)
int two = 2; /* two */
""".splitlines()


def torn(path):
    with open(path, encoding="utf-8") as file:
        for number, fault in torn_comments(file.read().splitlines()):
            yield f"{path}:{number}: {fault}"


def main():
    tap = Tap()
    for top in FOLDERS:
        bad = []
        comments = []
        for folder, _, names in os.walk(os.path.join(sys.argv[1], top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    bad += faults(os.path.join(folder, name))
                    comments += torn(os.path.join(folder, name))
        tap.none(bad, f"no argument in {top} that must not be evaluated twice")
        tap.none(comments, f"no comment in {top} that clang-format broke")
    tap.equal([number for number, _ in torn_comments(TORN)], [1, 3, 5, 8, 10], "each kind of a broken comment is found")
    tap.equal(list(torn_comments(WHOLE)), [], "a whole comment is not broken")
    conf = os.path.join(sys.argv[1], READS_DOCUMENTS)
    sources = [os.path.join(conf, name) for name in sorted(os.listdir(conf)) if name.endswith(".c")]
    bad = [line for source in sources for line in measured(source)]
    tap.none(bad, f"nothing in {READS_DOCUMENTS} measures all of a text to compare its start")
    tap.done()


if __name__ == "__main__":
    main()
