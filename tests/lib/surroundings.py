# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unusual surroundings of a program: a folder without space, and a German locale."""

import os
import shutil
import subprocess

from waiting import DEADLINE

FILL = 'mount -t tmpfs -o size=64k none "$0" && { cat /dev/zero >"$0/filler" 2>/dev/null; exec "$@"; }'


def with_full(folder):
    """Returns the beginning of a command line, for whose command this folder is a file system without space; None where
    nothing can be mounted."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    argv = ["unshare", "--mount", *user, "--", "sh", "-c", FILL, folder]
    test = [*argv, "sh", "-c", 'test -s "$0/filler"', folder]
    result = subprocess.run(test, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=DEADLINE)
    return argv if result.returncode == 0 else None


def without_leaks():
    """Returns the environment in which a sanitizer reports no leak: for those of libraries."""
    return {"ASAN_OPTIONS": ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))}


def german(folder):
    """Returns the environment of a German locale, which this function makes in a new folder; None where it cannot."""
    os.mkdir(folder)
    if not shutil.which("localedef"):
        return None
    result = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(folder, "de_DE.UTF-8")],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=DEADLINE)
    if result.returncode != 0:
        return None
    return {"LOCPATH": folder, "LC_ALL": "de_DE.UTF-8", **without_leaks()}  # glibc never frees the words of LOCPATH
