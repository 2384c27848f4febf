#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job, in a lab: `virsh attach-device` attaches a DASD to a running Linux guest, which formats it and writes
to it. After a detach and another attach, the data is still there. `./demo` prints this as plain text, `./check` runs it
as tests, and compares what it prints with README.md."""

import os
import re
import shutil

import readme
from labguest import BUS_ID, DEVICE_XML, WAIT_FOR_NO_DEVICE, LabGuest, device_xml, options
from steps import command, expect

CHECKSUMS = "cd /mnt && find . -type f -exec sha256sum {} + | sort"


class MainJob(LabGuest):
    checksums = None

    def virsh_with_file(self, what):
        """Runs virsh in the folder of the file: what a person reads has no path."""
        shutil.copy(DEVICE_XML, self.options.workdir)
        self.virsh(what, self.name, os.path.basename(DEVICE_XML), "--live", cwd=self.options.workdir)

    def uri(self):
        uri = self.virsh("uri")
        self.steps.note(uri)
        expect(uri == "qemu:///system", f"virsh speaks to {uri}")

    def define_and_start(self):
        self.define()
        self.start()

    def attach(self):
        self.steps.note(f"$ cat {os.path.basename(DEVICE_XML)}")
        self.steps.note(device_xml())
        self.virsh_with_file("attach-device")
        self.sees_device()

    def attach_again(self):
        self.attach()
        self.online()

    def write(self):
        self.in_guest("mount /dev/dasda1 /mnt")
        self.in_guest(f"dd if=/dev/urandom of=/mnt/random bs=1M count={self.options.megabytes} 2>&1", timeout=300)
        self.in_guest("mkdir /mnt/tree && cp -a /usr/sbin /usr/bin /mnt/tree/", timeout=120)
        self.checksums = self.in_guest(CHECKSUMS, timeout=300)
        self.steps.note(f"{len(self.checksums.splitlines())} files, {self.in_guest('du -sh /mnt | cut -f1')}")
        self.in_guest("umount /mnt", timeout=120)

    def read(self):
        self.in_guest("fsck.ext4 -fn /dev/dasda1", timeout=120)
        self.in_guest("mount -o ro /dev/dasda1 /mnt")
        now = self.in_guest(CHECKSUMS, timeout=300)
        self.in_guest("umount /mnt")
        expect(now == self.checksums, "the files differ from those that were written:\n" + now)
        self.steps.note(f"{len(now.splitlines())} files with the same checksums")

    def dumpxml(self):
        xml = self.virsh("dumpxml", self.name)
        element = re.search(r" *<hostdev mode='subsystem' type='ccw'.*?</hostdev>", xml, re.S)
        expect(element, "no ccw hostdev in\n" + xml)
        self.steps.note(element.group(0))
        for part in ("managed='yes'", "<address cssid='0x0' ssid='0x0' devno='0x1234'/>",
                     "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/>"):
            expect(part in element.group(0), f"no {part} in it")
        expect("mdev" not in xml, "the stock element shows through in\n" + xml)

    def detach(self):
        self.in_guest(f"chccwdev -d {BUS_ID}", timeout=120)
        self.virsh_with_file("detach-device")
        self.in_guest(WAIT_FOR_NO_DEVICE)
        expect("<hostdev" not in self.virsh("dumpxml", self.name), "the domain still has the device")

    def hercules_reads_it(self):
        self.steps.note("$ dasdls " + self.options.image)
        listing = command(["dasdls", self.options.image])[1]
        self.steps.note(listing)
        expect("LNX390" in listing, "the volume LNX390 is not in what dasdls lists")

    def readme_shows_it(self):
        faults = readme.faults(readme.sample(), self.steps.shown[:-1])
        expect(not faults, "\n".join(faults))

    def run(self):
        run = self.steps.run
        run("plain virsh reaches virtccwd as qemu:///system", self.uri)
        run("virsh nodedev-list --cap ccw shows the device", self.host_shows_device)
        run("virsh define and start: a Linux guest", self.define_and_start)
        run("virsh attach-device: the guest sees a 3390", self.attach)
        run("the host no longer has the device", self.device_is_away)
        run("chccwdev: the guest's dasd_eckd sets it online", self.online)
        run("dasdfmt, fdasd, mkfs.ext4", self.format)
        run("files are written, and their checksums taken", self.write)
        run("virsh dumpxml shows type='ccw' with its addresses", self.dumpxml)
        run("virsh detach-device", self.detach)
        run("the host side is as it was found", self.host_as_found)
        run("virsh attach-device again, online again", self.attach_again)
        run("the files are there, with the same checksums", self.read)
        run("the guest's kernel has logged no error of the device", self.no_dasd_error)
        run("virsh destroy with the device still in the guest", self.destroy)
        run("the host side is as it was found, once more", self.host_as_found)
        run("Hercules' dasdls lists the volume of the image", self.hercules_reads_it)
        if not self.options.plain:
            run("README.md shows what these steps print", self.readme_shows_it)
        self.steps.done()


if __name__ == "__main__":
    MainJob(options(__doc__, ("--megabytes", {"type": int, "default": 64, "help": "how much to write"}))).run()
