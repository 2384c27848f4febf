#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CI recipes of examples/ci: both have the same commands, which run here one by one, but for the installation of
packages. A test that fails makes the job fail."""

import argparse
import os
import re
import stat

from files import temporary_folder
from steps import Steps, command, expect

EXAMPLES = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
RECIPES = ("github-actions.yml", "gitlab-ci.yml")
SECONDS = 3600
# Of the examples, with their arguments: a line of a shell.
COMMAND = re.compile(r"""^\s+(?:- ')?("\$EXAMPLES/[^'\n]*)'?$""", re.M)


def commands_of(recipe):
    with open(os.path.join(EXAMPLES, "ci", recipe), encoding="utf-8") as file:
        return COMMAND.findall(file.read())


class Recipes:
    def __init__(self, options, folder, steps):
        self.steps = steps
        self.folder = folder
        self.environment = dict(os.environ, EXAMPLES=EXAMPLES, VIRT_CCW=options.virt_ccw, QEMU_CCW=options.qemu_ccw)
        self.commands = commands_of(RECIPES[0])
        os.symlink(options.root, os.path.join(folder, "root.tar"))

    def shell(self, text, check=True):
        self.steps.note("$ " + text)
        code, output = command(["sh", "-e", "-c", text], timeout=SECONDS, check=check, cwd=self.folder, env=self.environment)
        self.steps.note(output)
        return code

    def same(self):
        expect(len(self.commands) == 4, f"{RECIPES[0]} has other commands than this test knows: {self.commands}")
        expect(commands_of(RECIPES[1]) == self.commands, f"{RECIPES[1]} has other commands than {RECIPES[0]}")

    def has_logs(self, name):
        with open(os.path.join(self.folder, name, "serial.log"), encoding="utf-8", errors="replace") as file:
            expect("the root is on a DASD" in file.read(), "the console's log lacks what the test printed")
        trace = os.path.join(self.folder, name, "trace.ccw")
        _, output = command([self.environment["VIRT_CCW"], "trace", "--summary", "--decode", trace], timeout=300)
        self.steps.note(output)
        expect("0.0.1234" in output, "the trace has nothing of the DASD")

    def fails(self):
        path = os.path.join(self.folder, "failing")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho no luck today\nexit 7\n")
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        self.shell(self.commands[1].replace('"$EXAMPLES/ci/test"', "failing"))
        code = self.shell(self.commands[2].replace(" qemu", " failed"), check=False)
        expect(code == 7, f"the exit code is {code}, not 7")

    def run(self):
        run = self.steps.run
        run("both recipes have the same commands", self.same)
        install, add, qemu, libvirt = self.commands
        run("Debian is installed on a DASD", self.shell, install)
        run("a test is added to it", self.shell, add)
        run("the test passes in QEMU", self.shell, qemu)
        run("and its logs are kept", self.has_logs, "qemu")
        run("the test passes under libvirt", self.shell, libvirt)
        run("and its logs are kept", self.has_logs, "libvirt")
        run("a test that fails has its exit code", self.fails)
        self.steps.done()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("virt-ccw", "qemu-ccw"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--root", required=True, help="the root file system; it is made if it is not there, and kept")
    parser.add_argument("--plain", action="store_true", help="for a person instead of a test harness")
    options = parser.parse_args()
    os.makedirs(os.path.dirname(options.root), exist_ok=True)
    with temporary_folder(prefix="libvirt-ccw.") as folder:
        Recipes(options, folder, Steps(options.plain)).run()


if __name__ == "__main__":
    main()
