# SPDX-License-Identifier: LGPL-2.1-or-later
"""Common parts of tests whose guest is a program without an operating system (tests/guest/baremetal)."""

import argparse
import os

from files import temporary_folder
from steps import Steps
from tap import skip_all


def console_argv(console, program):
    """Returns QEMU's options: only the program, and a file for its output."""
    return ["-nodefaults", "-display", "none", "-chardev", f"file,id=console,path={console}",
            "-device", "sclpconsole,chardev=console", "-kernel", program]


class BareTest:
    """A test of such a guest. process: the running QEMU, which is killed if the test fails."""

    def __init__(self, options, workdir, steps):
        self.options = options
        self.workdir = workdir
        self.steps = steps
        self.process = None

    def clean(self):
        if self.process:
            self.process.kill()
            self.process.wait()


def vfio_library(parser):
    """The argument of tests that themselves start QEMU in a lab."""
    parser.add_argument("--vfio-library", required=True, type=os.path.abspath)


def main(test, description, more=None):
    """Runs a BareTest. more: a function that adds arguments to the parser"""
    parser = argparse.ArgumentParser(description=description)
    for name in ("virt-ccw", "qemu-ccw"):
        parser.add_argument("--" + name, required=True, type=os.path.abspath)
    parser.add_argument("--guest", nargs="?", type=os.path.abspath, help="the program; without it the test is skipped")
    if more:
        more(parser)
    options = parser.parse_args()
    if not options.guest:
        skip_all("there is no cross compiler s390x-linux-gnu-gcc")
    with temporary_folder(prefix="libvirt-ccw.") as workdir:
        running = test(options, workdir, Steps(plain=False))
        try:
            running.run()
        finally:
            running.clean()
