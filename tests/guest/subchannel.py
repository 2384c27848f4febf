#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest without an operating system (baremetal/subchannel.c) suspends, resumes, halts, clears and cancels programs of
its DASD in stock QEMU. Then, in the middle of I/O: a system reset, after which the guest does all of it again; and the
device is unplugged and plugged in again."""

import os
import socket
import subprocess

import qmp
from bareguest import BareTest, main
from steps import command, expect

DISK = "0.0.1234"
DEADLINE = 60

RESUMED = [
    "suspended: ctl 4029 status 0000 at 02",
    "ssch: 2",
    "rsch: 0",
    "as it was: ctl 4029 status 0000 at 02",
    "identity: 00",
    "rsch: 0",
    "resumed: ctl 4007 status 0c00 at 02",
    "identity: ff",
    "rsch: 2",
    "not allowed: ctl 4017 status 0020 at 02",
]
SUPPRESSED = ["suppressed: tsch 1", "rsch: 0", "resumed: ctl 4007 status 0c00 at 02"]
GIVEN_UP = [
    "xsch: 0",
    "ssch: 0",
    "after xsch: ctl 4007 status 0c00 at 02",
    "hsch: 0",
    "halted: ctl 6001 status 0000 at 02",
    "rsch: 2",
    "csch: 0",
]
CLEARED = "cleared: ctl 1001 status 0000"  # the CPA is unpredictable
INTERRUPTED = ["in between: ctl 40c9 status 0080 at 01", "then: 4017", "short: good"]
STOPPED = ["halted in the middle: 6007", "csch: 0"]
CANCELLED = ["and nothing more: 1", "xsch: 0", "ssch: 0", "after xsch in the middle: ctl 4007 status 0c00 at 02"]


class Lines:
    """Lines that QEMU writes into a socket of this test."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.listener.settimeout(DEADLINE)

    def accept(self):
        self.socket, _ = self.listener.accept()
        self.socket.settimeout(DEADLINE)
        self.file = self.socket.makefile("r", encoding="ascii", errors="replace")

    def next(self):
        return self.file.readline().strip()


class Subchannel(BareTest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps)
        self.console = Lines(os.path.join(workdir, "console"))
        self.monitor = None
        self.log = os.path.join(workdir, "qemu.log")
        steps.log(self.log)

    def start(self):
        image = os.path.join(self.workdir, "disk.ckd")
        command([self.options.virt_ccw, "dasd", "create", image, "--cylinders", "10"])
        argv = [self.options.qemu_ccw, "--dasd", f"{DISK}={image}", "-machine", "s390-ccw-virtio,s390-map-css=on",
                "-device", f"vfio-ccw,id=d0,hostid={DISK}", "-nodefaults", "-display", "none",
                "-chardev", f"socket,id=console,path={self.workdir}/console", "-device", "sclpconsole,chardev=console",
                "-chardev", f"socket,id=monitor,path={self.workdir}/monitor", "-qmp", "chardev:monitor",
                "-kernel", self.options.guest]
        self.steps.note(" ".join(argv))
        monitor = qmp.listen(os.path.join(self.workdir, "monitor"))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.console.accept()
        self.monitor = qmp.Monitor.accept(monitor, DEADLINE)

    def says(self, lines, whole=True):
        for line in lines:
            said = self.console.next()
            self.steps.note(said)
            expect(said == line or (not whole and said.startswith(line)), f"the guest said '{said}', not '{line}'")

    def does_all(self):
        self.says(["msch: 0", *RESUMED, *SUPPRESSED, *GIVEN_UP])
        self.says([CLEARED], whole=False)
        self.says(["rsch: 2", *INTERRUPTED, *STOPPED])
        self.says(["cleared in the middle: ctl 1001 status 0000"], whole=False)
        self.says([*CANCELLED, "ready"])

    def reset(self):
        self.monitor.get("system_reset")
        self.does_all()

    def unplug(self):
        # To plug it in again needs what qemu-ccw made of the device's host id.
        self.path = self.monitor.get("qom-get", path="/machine/peripheral/d0", property="sysfsdev")
        self.monitor.get("device_del", id="d0")
        self.says(["gone"])

    def plug(self):
        self.monitor.get("device_add", driver="vfio-ccw", id="d1", sysfsdev=self.path, devno="fe.0.1234")
        self.says(["msch: 0", "back: ctl 4007 status 0c00 at 02", "done"])
        expect(self.process.wait(timeout=DEADLINE) == 0, f"QEMU ended with exit code {self.process.returncode}")

    def run(self):
        run = self.steps.run
        run("a guest without an operating system", self.start)
        run("suspends, resumes, is interrupted, halts, clears, cancels", self.does_all)
        run("a system reset in the middle of I/O, and all of it again", self.reset)
        run("the device is unplugged in the middle of I/O", self.unplug)
        run("and plugged in again", self.plug)
        self.steps.done()


if __name__ == "__main__":
    main(Subchannel, __doc__)
