# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sysfs of a recorded kernel, as files. docs/host-side.md has the format of a recording."""

import os


def _at(root, path):
    full = root + path
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def restore(root, recording):
    """Makes the recorded folders, links and attributes below root."""
    with open(recording, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("DIR  "):
                os.makedirs(root + line[5:], exist_ok=True)
            elif line.startswith("LINK "):
                path, target = line[5:].split(" -> ")
                os.symlink(target, _at(root, path))
            elif line.startswith("ATTR "):
                path, value = line[5:line.rindex(" (")].split("=", 1)
                with open(_at(root, path), "w", encoding="utf-8") as attribute:
                    attribute.write("" if value.startswith("<") else value.replace("|", "\n"))
