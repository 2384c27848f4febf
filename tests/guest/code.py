#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest without an operating system (baremetal/code.c) reads functions from its DASD, one after the other to the same
place, and calls each. QEMU's emulated processor must run what was read, and not the function that was there before."""

import os

from bareguest import BareTest, console_argv, main
from steps import command, expect

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
        expected = [f"{way} {n}: status 0c00, stored {n}, returned {n}" for way in WAYS for n in FUNCTIONS]
        expect(self.lines[1:-1] == expected, "\n".join(["the guest said", *self.lines, "instead of", *expected]))

    def run(self):
        self.steps.run("a guest reads functions and calls them", self.start)
        self.steps.run("each call runs the function that was read last", self.compare)
        self.steps.done()


if __name__ == "__main__":
    main(Code, __doc__)
