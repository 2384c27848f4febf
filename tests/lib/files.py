# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small text files, checksums, and folders of a test."""

import contextlib
import errno
import hashlib
import os
import tempfile

from waiting import happens


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


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


REMOVAL = 10  # seconds for which an ended process may still write into the folder of its test


def _is_removed(folder):
    try:
        folder.cleanup()
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        return False
    return True


@contextlib.contextmanager
def temporary_folder(prefix="ccw.", parent=None):
    """A folder that is removed at the end. Processes that were ended may still write there for a moment, so the removal
    is repeated."""
    folder = tempfile.TemporaryDirectory(prefix=prefix, dir=parent)
    try:
        yield folder.name
    finally:
        if not happens(lambda: _is_removed(folder), REMOVAL):
            folder.cleanup()  # says what is left
