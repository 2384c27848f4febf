#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks by readelf that the programs and libraries were built with the compiler's and the linker's protections. TAP.

    test-hardening.py FORTIFIED FILE...      FORTIFIED is 'yes' where the build asks for _FORTIFY_SOURCE
"""

import os
import re
import subprocess
import sys

from tap import Tap

FORTIFIED = sys.argv[1] == "yes"
CHECKED = re.compile(r"\bUND __\w+_chk\b")


def readelf(*arguments):
    return subprocess.run(["readelf", "--wide", *arguments], text=True, stdout=subprocess.PIPE, check=True).stdout


def missing(path):
    """Returns the protections that this file lacks."""
    header, segments = readelf("--file-header", path), readelf("--program-headers", path)
    dynamic, symbols = readelf("--dynamic", path), readelf("--dyn-syms", path)
    stack = re.search(r"^\s+GNU_STACK\s.*", segments, re.M)
    if not re.search(r"Type:\s+DYN", header):
        yield "it is not position-independent"
    if "GNU_RELRO" not in segments:
        yield "it has no segment GNU_RELRO"
    if not re.search(r"BIND_NOW|Flags:.*\bNOW\b", dynamic):
        yield "its symbols are not bound at the start"
    if not stack or "RWE" in stack[0]:
        yield "its stack is executable"
    if "TEXTREL" in dynamic:
        yield "it has text relocations"
    if "UND __stack_chk_fail" not in symbols:
        yield "it has no stack protector"
    # The preloaded library makes no call that needs a check.
    if FORTIFIED and not path.endswith(".so") and not CHECKED.search(symbols):
        yield "it calls none of the C library's checked functions"


def main():
    paths = sys.argv[2:]
    tap = Tap()
    for path in paths:
        tap.none((f"{path}: {reason}" for reason in missing(path)), os.path.basename(path))
    tap.done()


main()
