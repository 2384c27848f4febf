#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each file that is called a test is named by the meson.build beside it, one test point a folder: one that is in no list
never runs, and nobody sees it fail. Run as: all-run.py TESTS"""

import os
import re
import sys

TEST = re.compile(r"(test|fuzz)-(.+)\.(c|py|sh)$")


def forgotten(folder):
    """A list may have the whole name, what is behind "test-", or that without the folder's own name."""
    with open(os.path.join(folder, "meson.build"), encoding="utf-8") as file:
        words = {word for line in file if not line.startswith("#") for word in re.findall(r"[\w.-]+", line)}
    room = os.path.basename(folder) + "-"
    for name in sorted(os.listdir(folder)):
        match = TEST.match(name)
        if match and not {name, match[2], match[2].removeprefix(room), name.rsplit(".", 1)[0]} & words:
            yield name


def main():
    folders = sorted(folder for folder, _, files in os.walk(sys.argv[1]) if "meson.build" in files)
    print(f"1..{len(folders)}")
    for number, folder in enumerate(folders, 1):
        names = list(forgotten(folder))
        for name in names:
            print(f"# {name} is not in {folder}/meson.build")
        print(f"{'not ' if names else ''}ok {number} - {os.path.relpath(folder, sys.argv[1])}")


main()
