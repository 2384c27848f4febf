#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/build notices programs that were missing at the first configuration: ./check after ./demo runs the same tests
as ./check alone.

    test-build.py SCRIPTS
"""

import os
import shutil
import subprocess
import sys

from files import temporary_folder
from tap import Tap

PROJECT = """project('project')
tool = find_program('a-tool-of-this-test', required: false)
if tool.found()
  custom_target('made', output: 'made', command: [tool, '@OUTPUT@'], build_by_default: true)
endif
"""
TOOL = "#!/bin/sh\ntouch \"$1\"\n"


def main():
    tap = Tap()
    with temporary_folder(prefix="libvirt-ccw-test.") as folder:
        os.mkdir(f"{folder}/scripts")
        for name in ("build", "progress"):
            shutil.copy(os.path.join(sys.argv[1], name), f"{folder}/scripts")
        os.mkdir(f"{folder}/bin")
        with open(f"{folder}/meson.build", "w", encoding="ascii") as file:
            file.write(PROJECT)
        environment = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}")

        def build():
            done = subprocess.run([f"{folder}/scripts/build", "build"], cwd=folder, env=environment, text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return done.returncode, os.path.exists(f"{folder}/build/made"), done.stdout

        code, made, output = build()
        tap.ok(code == 0 and not made, "a program is missing", output)
        with open(f"{folder}/bin/a-tool-of-this-test", "w", encoding="ascii") as file:
            file.write(TOOL)
        os.chmod(file.name, 0o755)
        code, made, output = build()
        tap.ok(code == 0 and made, "it is there now, and is used", output)
        code, _, output = build()
        tap.ok(code == 0 and "Build targets" not in output, "nothing has changed, and nothing is configured", output)
    tap.done()


if __name__ == "__main__":
    main()
