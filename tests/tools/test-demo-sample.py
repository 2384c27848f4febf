#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""README.md shows the steps and the commands of ./demo: the demo's own code runs with answers from here, without a guest,
and what it prints is compared with the sample in README.md. tests/guest/main_job.py compares the answers of a real guest,
too. TAP.

    test-demo-sample.py REPOSITORY
"""

import contextlib
import io
import os
import sys
import types

import labguest
import labtest
import readme
from steps import Steps
from tap import Tap

TOP = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.join(TOP, "tests", "guest"))

import main_job  # noqa: E402, pylint: disable=wrong-import-position

ELEMENT = """<hostdev mode='subsystem' type='ccw' managed='yes'>
  <address cssid='0x0' ssid='0x0' devno='0x1234'/>
  <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/>
</hostdev>"""
ANSWERS = {"uri": "qemu:///system", "nodedev-list": labguest.NODE_DEVICE, "nodedev-dumpxml": "<name>vfio_ccw</name>"}


class Machine:
    """Answers as a host and a guest do whose demo succeeds."""

    def __init__(self):
        self.is_attached = False

    def command(self, argv, **_):
        if argv[0] == "dasdls":
            return 0, "LNX390"
        if argv[1] in ("attach-device", "detach-device", "destroy"):
            self.is_attached = argv[1] == "attach-device"
        if argv[1] == "dumpxml":
            return 0, ELEMENT if self.is_attached else ""
        return 0, ANSWERS.get(argv[1], "")

    def run(self, text, **_):
        return "0.0.1234 0.0.0002 3390/02 3990/e9" if "lscss" in text else ""

    def snapshot(self):
        return self.is_attached

    def dasd_complaints(self):
        return []

    def close(self):
        pass


def printed(folder):
    """Returns the lines that the demo prints."""
    machine = Machine()

    class Demo(main_job.MainJob):
        def connect(self):
            self.guest = types.SimpleNamespace(run=machine.run, await_boot=lambda *_: None, close=machine.close,
                                               dasd_complaints=machine.dasd_complaints)
    main_job.command = labguest.command = machine.command
    labguest.snapshot = machine.snapshot
    labguest.differences = lambda before, after: [] if before == after else ["the device"]
    options = types.SimpleNamespace(kernel="kernel", initrd="initrd", image="disk.ckd", workdir=folder, memory=1024, megabytes=64, plain=True)
    steps = Steps(plain=True)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        Demo(options, steps).run()
    return [line for line in output.getvalue().splitlines() if not line.startswith("     ok, ")]


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        lines = printed(folder)
    shown = readme.without_answers(readme.sample(os.path.join(TOP, "README.md")))
    tap.ok(len(shown) > 17, "README.md has a sample of the demo's output", *shown)
    tap.none(readme.faults(shown, lines), "the demo prints what README.md shows, and README.md shows each step")
    for name, wrong in (("a step that README.md lacks", shown[1:]), ("a command that the demo does not run", shown + ["$ virsh none"]),
                        ("steps in another order", shown[::-1])):
        tap.ok(readme.faults(wrong, lines), f"{name}: found")
    tap.done()


main()
