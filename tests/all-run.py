#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each file with the name of a test is in a list of the meson.build beside it, because a test in no list never runs.
One test point for each folder. And each test exists that docs/security.md and SECURITY.md name in a column "test", and
each Python test that they name elsewhere. Run as: all-run.py TESTS"""

import os
import re
import sys

from tap import Tap

TEST = re.compile(r"(test|fuzz)-(.+)\.(c|py|sh)$")


def forgotten(folder):
    """A list may have the whole name, the part after "test-", or that without the folder's own name."""
    with open(os.path.join(folder, "meson.build"), encoding="utf-8") as file:
        words = {word for line in file if not line.startswith("#") for word in re.findall(r"[\w.-]+", line)}
    folder_name = os.path.basename(folder) + "-"
    for name in sorted(os.listdir(folder)):
        match = TEST.match(name)
        if match and not {name, match[2], match[2].removeprefix(folder_name), name.rsplit(".", 1)[0]} & words:
            yield name


# A unit test's path in the C sources: complete, or completed by a macro that adds a folder.
WHOLE = re.compile(r'"/(?:remote/)?([\w/-]+)"')
FOLDER = re.compile(r'"/(?:remote/)?([\w/-]+)/"')
NAME = re.compile(r'\b[A-Z]\w*\("([\w/-]+)"')


def existing(tests):
    """Returns the names of unit tests, without the /remote/ in front, and of Python tests."""
    for folder, _, files in os.walk(tests):
        yield from (name for name in files if name.endswith(".py"))
        for name in files:
            if not name.endswith(".c"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            yield from WHOLE.findall(text)
            for path in FOLDER.findall(text):
                yield path
                yield from (f"{path}/{leaf}".removeprefix("remote/") for leaf in NAME.findall(text))


def named(page):
    """
    The tests in the tables' column "test". "limits/clients, few-fds; `attacks.py`: floods" names limits/clients,
    limits/few-fds and attacks.py.
    """
    column = None
    with open(page, encoding="utf-8") as file:
        rows = [[cell.strip() for cell in line.split("|")] for line in file]
    for row in rows:
        if "test" in row:
            column = row.index("test")
        elif len(row) == 1:
            column = None
        elif column and not row[column].startswith("---"):
            for part in row[column].split("; "):
                yield from names_in(part)


PYTHON = re.compile(r"`(?:[\w/-]+/)?([\w-]+\.py)`")


def named_anywhere(page):
    with open(page, encoding="utf-8") as file:
        return PYTHON.findall(file.read())


def names_in(part):
    first, *more = part.split(":")[0].strip("`").split(", ")
    yield first
    yield from (os.path.join(os.path.dirname(first), name) for name in more)


def main():
    tests = sys.argv[1]
    folders = sorted(folder for folder, _, files in os.walk(tests) if "meson.build" in files)
    tap = Tap()
    for folder in folders:
        faults = [f"{name} is not in {folder}/meson.build" for name in forgotten(folder)]
        tap.none(faults, os.path.relpath(folder, tests))
    known = set(existing(tests))
    for name in ("docs/security.md", "SECURITY.md"):
        page = os.path.join(tests, os.pardir, name)
        names = set(named(page))
        missing = (names | set(named_anywhere(page))) - known
        faults = [f"{name} names '{test}', and there is no such test" for test in sorted(missing)]
        tap.none(faults if names else [f"{name} has no column 'test'"], f"tests that {name} names")
    tap.done()


main()
