#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The messages of the sources, as scripts/messages lists them: words that a reader should not have to guess, and names of a
distribution's packages, are in none of them. One test a rule. Run as: messages.py SCRIPTS-MESSAGES"""

import re
import subprocess
import sys

# What a message must not have, and why: the words stand in for something that has a name, or are not plain English.
RULES = (
    ("says who does it", r"\b(nobody|somebody|whom)\b"),
    ("says what is the case", r"\bto be had\b|\bnone of (this|these)\b|\bis no (?!longer)[a-z]"),
    ("names no package of a distribution", r"\bthe package\b|\bpackage [a-z]|libvirt-daemon-system|\bhercules package\b"),
    ("does not plead", r"\bplease\b"),
)
NOT_OUTPUT = re.compile(r"^\S+ (g_debug|-): ")  # a table's rows are not messages alone
THERE_IS_NO = re.compile(r"\b(there|This) is no\b")


def main():
    listed = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    print(f"1..{len(RULES) + 1}")
    print(f"{'ok' if len(listed) > 500 else 'not ok'} 1 - the messages are found\n# {len(listed)}")
    failed = len(listed) <= 500
    for number, (name, pattern) in enumerate(RULES, 2):
        bad = [line for line in listed if not NOT_OUTPUT.match(line) and re.search(pattern, THERE_IS_NO.sub("", line))]
        print(f"{'not ok' if bad else 'ok'} {number} - each {name}")
        for line in bad:
            print(f"# {line}")
        failed |= bool(bad)
    return failed


if __name__ == "__main__":
    sys.exit(main())
