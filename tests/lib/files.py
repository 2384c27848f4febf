# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small text files."""

import os


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def write(path, text, mode=None):
    """Returns the path. mode: None leaves it to the umask."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    if mode is not None:
        os.chmod(path, mode)
    return path
