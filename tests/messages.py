#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that no message of the sources, as scripts/messages lists them, has words that a reader must guess, or the
name of a distribution's package. One test for each rule. Run as: messages.py SCRIPTS-MESSAGES"""

import re
import subprocess
import sys

from tap import Tap

# Words that a message must not have, and why: they replace the name of a thing, or are not plain English.
RULES = (
    ("says who does it", r"\b(nobody|somebody|whom)\b"),
    ("says what is the case", r"\bto be had\b|\bnone of (this|these)\b|\bis no (?!longer)[a-z]"),
    ("names no package of a distribution", r"\bthe package\b|\bpackage [a-z]|libvirt-daemon-system|\bhercules package\b"),
    ("does not plead", r"\bplease\b"),
)
NOT_OUTPUT = re.compile(r"^\S+ (g_debug|-): ")  # a table's rows are not only messages
THERE_IS_NO = re.compile(r"\b(there|This) is no\b")


def main():
    listed = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    tap = Tap()
    tap.ok(len(listed) > 500, "the messages are found", f"{len(listed)}")
    for name, pattern in RULES:
        bad = [line for line in listed if not NOT_OUTPUT.match(line) and re.search(pattern, THERE_IS_NO.sub("", line))]
        tap.none(bad, f"each {name}")
    tap.done()


if __name__ == "__main__":
    main()
