#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The file system of virtccwd's journal is full: no device is acquired without an entry, devices of guests that end are
released, other clients are served, and everything works once there is space again. Run as: test-no-space.py VIRT-CCW"""

import os
import sys

from files import write
from hosttree import differences, snapshot
from labtest import domain, hostdev, inside_a_lab, workdir
from steps import Steps, command, expect
from waiting import wait_until

JOURNAL = "/run/libvirt-ccw/devices"
FILLER = f"{JOURNAL}/filler"
FULL = "No space left on device"
CCW = "ccw_0_0_1234"


class NoSpaceTest:
    def __init__(self, folder):
        self.domain_xml = write(os.path.join(folder, "one.xml"), domain("one"))
        self.device_xml = write(os.path.join(folder, "hostdev.xml"), hostdev())
        self.before = None

    @staticmethod
    def virsh(*arguments):
        return command(["virsh", "-q", *arguments], check=False)

    def start(self):
        code, output = self.virsh("create", "--paused", self.domain_xml)
        expect(code == 0, output)
        os.makedirs(JOURNAL, exist_ok=True)
        command(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", JOURNAL])
        self.before = snapshot()

    @staticmethod
    def fill():
        with open(FILLER, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def host_is_as_before(self):
        changes = differences(self.before, snapshot())
        expect(not changes, "\n".join(changes))

    def rejected(self, steps):
        self.fill()
        for line in (("attach-device", "one", self.device_xml, "--live"), ("nodedev-detach", CCW)):
            code, output = self.virsh(*line)
            steps.note(f"{line[0]}: {output}")
            expect(code == 1 and FULL in output, f"{line[0]}: {code}: {output}")
            self.host_is_as_before()
            expect("one" in self.virsh("list")[1], "the domain is not listed")

    def afterwards(self):
        os.unlink(FILLER)
        for line in (("attach-device", "one", self.device_xml, "--live"), ("detach-device", "one", self.device_xml, "--live"),
                     ("nodedev-detach", CCW), ("nodedev-reattach", CCW)):
            code, output = self.virsh(*line)
            expect(code == 0, f"{line[0]}: {output}")
        self.host_is_as_before()

    def released(self, steps):
        """A device that a guest has when the disk becomes full is released at the latest when there is space."""
        self.virsh("attach-device", "one", self.device_xml, "--live")
        expect(os.path.exists(f"{JOURNAL}/0.0.1234.json"), "it is not in the journal")
        self.fill()
        code, output = self.virsh("detach-device", "one", self.device_xml, "--live")
        steps.note(f"detach-device: {code}: {output}")
        expect("one" in self.virsh("list")[1], "the domain is not listed")
        os.unlink(FILLER)
        self.virsh("destroy", "one")  # the event wakes virtccwd's watcher
        wait_until(lambda: not differences(self.before, snapshot()), "the device is released")


def inside(_):
    steps = Steps(False)
    with workdir() as folder:
        test = NoSpaceTest(folder)
        steps.run("a domain runs, and the journal has a small file system", test.start)
        steps.run("without space virtccwd refuses attach and nodedev-detach, with a message", test.rejected, steps)
        steps.run("with space both work", test.afterwards)
        steps.run("a device that a guest loses without space is released", test.released, steps)
    steps.done()


def main():
    return inside_a_lab(__file__, inside, ["0.0.1234"])


if __name__ == "__main__":
    sys.exit(main())
