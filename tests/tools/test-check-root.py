#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/check-root names what a guest's root lacks, before the root is packed. The roots have a program of this
machine and the libraries that it needs.

    test-check-root.py CHECK-ROOT
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys

from files import temporary_folder
from steps import Steps, expect

CHECK_ROOT = os.path.abspath(sys.argv[1])
PROGRAM = "/usr/bin/env"


def libraries():
    """Returns {name: path} of the libraries that the program loads on this machine."""
    output = subprocess.run(["ldd", PROGRAM], check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r"^\s*(\S+) => (/\S+)", output, re.M))


@contextlib.contextmanager
def root_with(names, folder="usr/lib"):
    """Makes a root whose bin and lib are links into usr, with the program, and with those libraries in that folder."""
    with temporary_folder() as root:
        for path in ("usr/bin", "usr/lib", folder):
            os.makedirs(os.path.join(root, path), exist_ok=True)
        for name in ("bin", "lib"):
            os.symlink(f"usr/{name}", os.path.join(root, name))
        shutil.copy(PROGRAM, f"{root}/usr/bin/env")
        for name in names:
            shutil.copy(libraries()[name], os.path.join(root, folder, name))
        # Some libraries also need the dynamic loader by its name.
        for name in sorted(os.listdir("/lib64") if os.path.isdir("/lib64") else ()):
            if name.startswith("ld-"):
                shutil.copy(f"/lib64/{name}", os.path.join(root, folder, name))
        yield root


def check(root, *programs):
    done = subprocess.run([CHECK_ROOT, root, *programs], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr.splitlines()


def whole():
    for folder in ("usr/lib", "usr/lib/s390x-linux-gnu"):
        with root_with(libraries(), folder) as root:
            code, lines = check(root, "/bin/env", "/usr/bin/env")
            expect(code == 0 and not lines, f"libraries in {folder}: {lines}")


def library_missing():
    for name in libraries():
        with root_with([other for other in libraries() if other != name]) as root:
            code, lines = check(root, "/bin/env")
            said = any(line.startswith(f"check-root: /usr/bin/env needs {name},") for line in lines)
            expect(code == 1 and said, f"{name}: {lines}")


def program_missing():
    with root_with(libraries()) as root:
        os.symlink("/usr/bin/nothing", f"{root}/usr/bin/dangling")
        code, lines = check(root, "/bin/env", "/bin/udevd", "/bin/dangling")
        expect(code == 1 and lines == ["check-root: there is no /bin/udevd", "check-root: there is no /bin/dangling"], f"{lines}")


def links_stay_inside():
    """An absolute link in the root leads to a file of the root, not of this machine."""
    with root_with(libraries()) as root:
        os.symlink(PROGRAM, f"{root}/usr/bin/inside")
        os.symlink("/etc/passwd", f"{root}/usr/bin/outside")
        code, lines = check(root, "/bin/inside", "/bin/outside")
        expect(code == 1 and lines == ["check-root: there is no /bin/outside"], f"{lines}")


def main():
    steps = Steps(False)
    expect(libraries(), f"{PROGRAM} needs no library")
    steps.run("a root with a program and all its libraries passes", whole)
    steps.run("each missing library is named, with the file that needs it", library_missing)
    steps.run("a program that is missing is named", program_missing)
    steps.run("a link is followed in the root", links_stay_inside)
    steps.done()


if __name__ == "__main__":
    main()
