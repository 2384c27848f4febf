# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests share whose guest is a program without a system under it (tests/guest/baremetal)."""

import argparse
import os
import tempfile

from steps import Steps


def console_argv(console, program):
    """QEMU's options: nothing but the program, and a file for what it says."""
    return ["-nodefaults", "-display", "none", "-chardev", f"file,id=console,path={console}",
            "-device", "sclpconsole,chardev=console", "-kernel", program]


def main(test, description):
    """Runs a test that has no more arguments than options, workdir and steps."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("virt-ccw", "qemu-ccw", "vfio-library"):
        parser.add_argument("--" + name, required=True, type=os.path.abspath)
    parser.add_argument("--guest", nargs="?", type=os.path.abspath, help="the program; without it the test is skipped")
    options = parser.parse_args()
    if not options.guest:
        print("1..0 # SKIP no cross compiler: install gcc-s390x-linux-gnu")
        return
    with tempfile.TemporaryDirectory(prefix="libvirt-ccw.") as workdir:
        test(options, workdir, Steps(story=False)).run()
