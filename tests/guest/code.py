#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest without an operating system (baremetal/code.c) reads functions from its DASD, one after the other to the same
place, and calls each. QEMU's emulated processor must run what was read, and not the function that was there before. Then
the guest replaces code without its DASD: that shows whether this QEMU itself can run old code."""

import os
import re

from bareguest import BareTest, console_argv, main
from steps import StepSkipped, command, expect

FUNCTIONS = (1, 2, 3)
WAYS = ("directly", "by a list", "directly")
DISK = "0.0.1000"


class Code(BareTest):
    def start(self):
        image, console = (os.path.join(self.workdir, name) for name in ("disk.ckd", "console.log"))
        self.steps.log(console)
        command([self.options.virt_ccw, "dasd", "create", image, "--cylinders", "1"])
        command([self.options.qemu_ccw, "--dasd", f"{DISK}={image}", "-machine", "s390-ccw-virtio", "-device",
                 f"vfio-ccw,hostid={DISK}", *console_argv(console, self.options.guest)], timeout=60)
        with open(console, encoding="ascii") as file:
            self.lines = file.read().splitlines()
        expect(self.lines[:1] == ["written: 0c00"] and self.lines[-1:] == ["done"], "the guest did not come to its end")

    def compare(self):
        expected = [f"{way} {n}: stored {n}, returned {n}" for way in WAYS for n in FUNCTIONS]
        expect(self.lines[1:-1 - len(FUNCTIONS)] == expected,
               "\n".join(["the guest said", *self.lines, "instead of", *expected]))

    def moved(self):
        """No code of this project takes part."""
        lines = self.lines[-1 - len(FUNCTIONS):-1]
        expect(all(re.fullmatch(f"moved {n}: stored {n}, returned [1-3]", line) for n, line in zip(FUNCTIONS, lines)),
               "\n".join(["the guest said", *self.lines]))
        if lines != [f"moved {n}: stored {n}, returned {n}" for n in FUNCTIONS]:
            raise StepSkipped("this QEMU's emulated processor runs old code after MVC, without any DASD: "
                              "docs/install-a-distribution.md, 'A kernel fault without KVM'")

    def run(self):
        self.steps.run("a guest reads functions and calls them", self.start)
        self.steps.run("each call runs the function that was read last", self.compare)
        self.steps.run("each call runs the function that the processor moved there last", self.moved)
        self.steps.done()


if __name__ == "__main__":
    main(Code, __doc__)
