#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest without an operating system (baremetal/programs.c) runs generated channel programs (tests/oracle) in stock
QEMU. Status, sense, data and tracks must be those of the device library for the same programs without QEMU, to the
byte.

The seed is always the same, unless --seed names another."""

import os
import subprocess

import qmp
from bareguest import BareTest, main
from steps import command, expect

DISK = "0.0.3001"  # the oracle's; some programs read it
ORDERS, FIRST = 0x8000, 0x10000  # as in programs.c; the storage below FIRST is QEMU's and the guest's own
DEADLINE = 120


class Programs(BareTest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps)
        self.log = os.path.join(workdir, "qemu.log")
        steps.log(self.log)

    def path(self, name):
        return os.path.join(self.workdir, name)

    def make(self):
        command([self.options.oracle, "make", self.workdir, str(self.options.seed), str(self.options.programs)])
        with open(self.path("core"), "rb") as core, open(self.path("loaded"), "wb") as loaded:
            core.seek(FIRST)
            loaded.write(core.read())
        self.steps.note(f"{self.options.programs} programs of --seed {self.options.seed}")

    def run_guest(self):
        argv = [self.options.qemu_ccw, "--dasd", f"{DISK}={self.path('disk.ckd')}",
                "-machine", "s390-ccw-virtio,s390-map-css=on", "-device", f"vfio-ccw,hostid={DISK}", "-m", "256",
                "-nodefaults", "-display", "none",
                "-chardev", "stdio,id=console,signal=off", "-device", "sclpconsole,chardev=console",
                "-chardev", f"socket,id=monitor,path={self.path('monitor')}", "-qmp", "chardev:monitor",
                "-device", f"loader,addr={ORDERS:#x},data={self.options.programs << 32:#x},data-len=8,data-be=on",
                "-device", f"loader,file={self.path('loaded')},addr={FIRST:#x},force-raw=on",
                "-kernel", self.options.guest, "-no-shutdown"]
        self.steps.note(" ".join(argv))
        listener = qmp.listen(self.path("monitor"))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        monitor = qmp.Monitor.accept(listener, DEADLINE)
        said = self.process.stdout.readline().strip()
        expect(said == b"done", f"the guest says: {said}")
        monitor.get("pmemsave", val=0, size=os.path.getsize(self.path("core")), filename=self.path("result"))
        monitor.ask("quit")
        self.process.wait(timeout=DEADLINE)

    def compare(self):
        said = command([self.options.oracle, "compare", self.workdir])[1].splitlines()
        self.steps.note(said[-1])

    def run(self):
        self.steps.run("channel programs and a volume for them", self.make)
        self.steps.run("a guest without an operating system runs them in QEMU", self.run_guest)
        self.steps.run("the results are the same as without QEMU", self.compare)
        self.steps.done()


def more(parser):
    parser.add_argument("--oracle", required=True, type=os.path.abspath, help="dasd-oracle-guest")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--programs", type=int, default=3000)


if __name__ == "__main__":
    main(Programs, __doc__, more)
