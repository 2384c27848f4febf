# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sample of the demo's output in README.md. It may leave out lines, but no title of a step."""

import os
import re

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")
SAMPLE = re.compile(r"^## What `\./demo` shows\n.*?^```text\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r"\[\d+\] ")
COMMAND = re.compile(r"(\$|guest#) ")


def sample(path=README):
    """Returns the lines of README.md's sample, without their margin."""
    with open(path, encoding="utf-8") as file:
        return SAMPLE.search(file.read()).group(1).splitlines()


def _words(line):
    return " ".join(line.split())


def faults(shown, printed):
    """Compares the lines of a sample with those of a run: each line must be printed, in this order, and each title of a
    step must be shown. Blanks do not matter."""
    found = []
    left = list(map(_words, printed))
    for line in filter(None, map(_words, shown)):
        if line in left:
            skipped, left = left[:left.index(line)], left[left.index(line) + 1:]
            found += [f"README.md does not show: {title}" for title in filter(TITLE.match, skipped)]
        else:
            found.append(f"not printed, or not there: {line}")
    return found + [f"README.md does not show: {title}" for title in filter(TITLE.match, left)]


def without_answers(lines):
    """Keeps the titles and the commands."""
    return [line for line in map(_words, lines) if TITLE.match(line) or COMMAND.match(line)]
