#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of QEMU's options without a value, in src/qemu/argv.c, against the installed QEMU. TAP.

Usage: check-flags.py CCW-ARGV.C [QEMU]

QEMU looks at all options before it acts on one, so "-version -OPTION" ends with "requires an argument" if and only if
OPTION has one.
"""

import re
import subprocess
import sys

from tap import Tap


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def main():
    source = open(sys.argv[1], encoding="utf-8").read()
    qemu = sys.argv[2] if len(sys.argv) > 2 else "qemu-system-s390x"
    table = set(re.findall(r'^ +"([^"]+)",$', source.split("flags[] = {")[1].split("};")[0], re.M))
    text = run(qemu, "-help")[1]
    options = set(re.findall(r"^--?([A-Za-z0-9][\w-]*)", text, re.M)) | set(re.findall(r" or -([\w-]+)", text))
    wrong = []
    for name in sorted(options | table):
        status, _, message = run(qemu, "-version", "-" + name)
        if "invalid option" in message:
            continue
        is_flag = status == 0
        if not is_flag and "requires an argument" not in message:
            wrong.append(f"{name}: {message.strip()}")
        elif is_flag != (name in table):
            wrong.append(f"{name}: {'has no value, and is not' if is_flag else 'has a value, but is'} in the table")
    tap = Tap()
    tap.ok(len(table) > 20 and len(options) > 80,
           f"{len(table)} flags in the table, {len(options)} options in QEMU's help")
    tap.none(wrong, f"the table agrees with {qemu}")
    tap.done()


if __name__ == "__main__":
    main()
