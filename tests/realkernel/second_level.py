#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the box: a Linux guest of the box's own libvirt gets a DASD by `virsh attach-device` and by its start, does I/O to
it through the kernel's vfio_ccw, and the host has it back each time, with what was written."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
# pylint: disable=wrong-import-position
from labguest import BUS_ID, DEVICE_XML, WAIT_FOR_NO_DEVICE, LabGuest, device_xml, options  # noqa: E402
from steps import command, expect  # noqa: E402

NODE = f"/dev/disk/by-path/ccw-{BUS_ID}"
PART = NODE + "-part1"
CHECKSUMS = "cd /mnt && sha256sum * && cd / && umount /mnt"


class SecondLevel(LabGuest):
    checksums = ""

    def on_host(self, text, timeout=300):
        """A shell command in the box, which is the host here."""
        self.steps.note("host# " + text)
        return command(["bash", "-ec", text], timeout=timeout)[1]

    def format_on_host(self):
        self.on_host(f"dasdfmt -b 4096 -l BOX001 -y {NODE}; udevadm settle; fdasd -s -a {NODE}; udevadm settle; "
                     f"mkfs.ext4 -q {PART}; udevadm settle")
        self.checksums = self.on_host(f"mount {PART} /mnt; cp /usr/bin/bash /mnt/from-host; {CHECKSUMS}")
        self.steps.note(self.checksums)

    def write_in_guest(self, name):
        """Everything is as the last who had it left it; then one more file."""
        self.online()
        found = self.in_guest(f"udevadm settle; mount {PART} /mnt && {CHECKSUMS}", timeout=300)
        expect(found == self.checksums, f"not what was written:\n{found}\ninstead of\n{self.checksums}")
        self.checksums = self.in_guest(f"mount {PART} /mnt && dd if=/dev/urandom of=/mnt/{name} bs=4096 count=300 "
                                       f"2>/dev/null && {CHECKSUMS}", timeout=300)
        self.steps.note(self.checksums)
        self.no_dasd_error()

    def read_on_host(self):
        self.host_as_found()
        self.on_host("udevadm settle")
        found = self.on_host(f"fsck.ext4 -fn {PART} >/dev/null 2>&1; mount -o ro {PART} /mnt; {CHECKSUMS}")
        expect(found == self.checksums, f"not what the guest wrote:\n{found}\ninstead of\n{self.checksums}")
        bad = [line for line in self.on_host("dmesg -c").splitlines() if "I/O error" in line or "BUG" in line]
        expect(not bad, "the host's kernel complains:\n" + "\n".join(bad))

    def attach(self):
        self.virsh("attach-device", self.name, DEVICE_XML, "--live", timeout=300)
        self.sees_device()

    def detach(self):
        self.in_guest(f"chccwdev -d {BUS_ID}", timeout=120)
        self.virsh("detach-device", self.name, DEVICE_XML, "--live", timeout=300)
        self.in_guest(WAIT_FOR_NO_DEVICE, timeout=120)

    def cold_start(self):
        self.define(device_xml())
        self.start()
        self.sees_device()

    def run(self):
        run = self.steps.run
        run("the host has a DASD of its own dasd_eckd, and formats it", self.format_on_host)
        run("virsh nodedev-list --cap ccw shows the device", self.host_shows_device)
        run("a second-level guest starts", lambda: (self.define(), self.start()))
        run("virsh attach-device: it sees a 3390", self.attach)
        run("the host has given the device away", self.device_is_away)
        run("it reads what the host wrote, and writes", self.write_in_guest, "attached")
        run("virsh detach-device", self.detach)
        run("the host is as it was found, and reads it", self.read_on_host)
        run("the guest ends", self.destroy)
        run("it starts with the device, which the hook takes", self.cold_start)
        run("the host has given the device away, again", self.device_is_away)
        run("it reads what all wrote, and writes", self.write_in_guest, "started")
        run("virsh destroy with the device online in the guest", self.destroy)
        run("the host is as it was found, and reads that, too", self.read_on_host)
        self.steps.done()


if __name__ == "__main__":
    SecondLevel(options(__doc__)).run()
