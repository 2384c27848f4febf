#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/forget-unused removes old entries of a cache, but neither recently used nor open ones."""

import os
import shutil
import subprocess
import sys
import time

from files import temporary_folder
from tap import Tap

DAY = 24 * 60 * 60
OLD, YOUNG = 32 * DAY, 29 * DAY


def make(path, age, folder=False):
    if folder:
        os.mkdir(path)
        make(path + "/file", OLD)
    else:
        with open(path, "w", encoding="ascii") as file:
            file.write("x" * 4096)
    os.utime(path, (time.time() - age,) * 2)
    return path


def main():
    script = sys.argv[1]
    tap = Tap()

    def run(what, folder, *patterns):
        paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        result = subprocess.run([script, *paths, *patterns], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                check=False)
        left = sorted(os.listdir(folder))
        for line in [*result.stdout.splitlines(), *result.stderr.splitlines()]:
            tap.note(line)
        return what, left if result.returncode == 0 else f"exit code {result.returncode}"

    def expect(found, left):
        what, got = found
        tap.equal(got, left, what)

    with temporary_folder(prefix="libvirt-ccw a cache.") as folder:
        make(f"{folder}/old", OLD)
        make(f"{folder}/old folder", OLD, True)
        make(f"{folder}/old-gone.gone", OLD, True)
        make(f"{folder}/young", YOUNG)
        make(f"{folder}/young folder", YOUNG, True)
        expect(run("old entries are removed", folder, f"{folder}/none-*"), ["young", "young folder"])
        expect(run("nothing is old", folder), ["young", "young folder"])
    with temporary_folder(prefix="libvirt-ccw.") as folder:
        make(f"{folder}/ope", OLD)
        shutil.copy(shutil.which("sleep"), make(f"{folder}/runs", OLD))
        os.chmod(f"{folder}/runs", 0o755)
        os.utime(f"{folder}/runs", (time.time() - OLD,) * 2)
        with open(make(f"{folder}/open", OLD), "rb"), open(make(f"{folder}/within", OLD, True) + "/file", "rb"), \
                subprocess.Popen([f"{folder}/runs", "60"]) as process:
            expect(run("open entries stay", folder), ["open", "runs", "within"])
            process.kill()
        expect(run("closed entries are removed", folder), [])
        expect(run("patterns without a match", folder, f"{folder}/none-*"), [])
    tap.done()


if __name__ == "__main__":
    main()
