#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job, to be run in a lab (virt-ccw lab exec --dasd 0.0.1234=IMAGE -- main_job.py ...): a DASD goes into a
running Linux guest by `virsh attach-device`, is formatted and written there, comes back, goes in again, and holds what
was written. `./demo` tells it as a story; `./check` runs the same as tests."""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from guest import Guest
from hosttree import differences, snapshot
from steps import Steps, command, expect

HERE = os.path.dirname(os.path.abspath(__file__))
BUS_ID = "0.0.1234"
NODE_DEVICE = "ccw_0_0_1234"
# The guest is told of a new device by a machine check, handles it in its own time, and has a file to wait for that.
WAIT_FOR_DEVICE = f"until [ -e /sys/bus/ccw/devices/{BUS_ID} ]; do echo 1 >/proc/cio_settle; done"
WAIT_FOR_NO_DEVICE = f"while [ -e /sys/bus/ccw/devices/{BUS_ID} ]; do echo 1 >/proc/cio_settle; done"


class MainJob:
    def __init__(self, options, steps):
        self.options = options
        self.steps = steps
        self.name = "ccw-guest"
        self.guest = None
        self.before = None
        self.checksums = None
        self.console = os.path.join(options.workdir, "console.log")
        self.socket = os.path.join(options.workdir, "guest.sock")
        steps.log(self.console)
        steps.log("/var/log/libvirt/libvirtd.log")
        steps.log("/var/log/libvirt/virtccwd.log")
        steps.log(f"/var/log/libvirt/qemu/{self.name}.log")

    def virsh(self, *args, **kwargs):
        self.steps.note("$ virsh " + " ".join(args))
        return command(["virsh", *args], **kwargs)[1]

    def in_guest(self, text, **kwargs):
        self.steps.note("guest# " + text)
        output = self.guest.run(text, **kwargs)
        return output

    def uri(self):
        uri = self.virsh("uri")
        self.steps.note(uri)
        expect(uri == "qemu:///system", f"virsh speaks to {uri}")

    def host_shows_device(self):
        names = self.virsh("nodedev-list", "--cap", "ccw").split()
        self.steps.note(" ".join(names))
        expect(NODE_DEVICE in names, f"{NODE_DEVICE} is not among {names}")
        self.before = snapshot()

    def start(self):
        with open(os.path.join(HERE, "guest.xml.in"), encoding="utf-8") as file:
            xml = file.read()
        values = {"NAME": self.name, "MEMORY": self.options.memory, "KERNEL": self.options.kernel,
                  "INITRD": self.options.initrd, "CONSOLE": self.console, "SOCKET": self.socket, "HOSTDEV": ""}
        path = os.path.join(self.options.workdir, "guest.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub("@([A-Z]+)@", lambda match: str(values[match.group(1)]), xml))
        self.virsh("define", path)
        self.virsh("start", self.name)
        self.guest = Guest(self.socket)
        self.steps.note(self.in_guest("uname -srm; free -m | sed -n 2p", timeout=180))

    def attach(self):
        self.virsh("attach-device", self.name, os.path.join(HERE, "dasd.xml"), "--live")
        self.in_guest(WAIT_FOR_DEVICE)
        device = self.in_guest(f"lscss -d {BUS_ID} | tail -n 1")
        self.steps.note(device)
        expect("3390/" in device and "3990/" in device, "the guest does not see a 3390 behind a 3990: " + device)

    def online(self):
        self.in_guest(f"chccwdev -e {BUS_ID}", timeout=120)
        self.steps.note(self.in_guest("lsdasd"))

    def format(self):
        def progress(line):
            match = re.search(r"(\d+) of (\d+)|(\d+)\s*%", line)
            if match:
                self.steps.note(line.strip())
        self.in_guest("dasdfmt -b 4096 -l LNX390 -y -p --percentage /dev/dasda", timeout=300, progress=progress)
        self.in_guest("fdasd -a /dev/dasda")
        self.in_guest("mkfs.ext4 -q /dev/dasda1", timeout=120)
        self.steps.note(self.in_guest("fdasd -p /dev/dasda | tail -n 5"))

    def write(self):
        self.in_guest("mount /dev/dasda1 /mnt")
        self.in_guest(f"dd if=/dev/urandom of=/mnt/random bs=1M count={self.options.megabytes} 2>&1", timeout=300)
        self.in_guest("mkdir /mnt/tree && cp -a /usr/sbin /sbin /mnt/tree/", timeout=120)
        self.checksums = self.in_guest("cd /mnt && find . -type f -exec sha256sum {} + | sort", timeout=300)
        self.steps.note(f"{len(self.checksums.splitlines())} files, {self.in_guest('du -sh /mnt | cut -f1')}")
        self.in_guest("umount /mnt", timeout=120)

    def read(self):
        self.in_guest("fsck.ext4 -fn /dev/dasda1", timeout=120)
        self.in_guest("mount -o ro /dev/dasda1 /mnt")
        now = self.in_guest("cd /mnt && find . -type f -exec sha256sum {} + | sort", timeout=300)
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

    def in_use(self):
        detached = differences(self.before, snapshot())
        expect(detached, "the host's device is as it was, and yet the guest has it")
        names = self.virsh("nodedev-list", "--cap", "ccw").split()
        expect(NODE_DEVICE not in names, f"{NODE_DEVICE} is in the guest, and the host still shows it as its own")

    def detach(self):
        self.in_guest(f"chccwdev -d {BUS_ID}", timeout=120)
        self.virsh("detach-device", self.name, os.path.join(HERE, "dasd.xml"), "--live")
        self.in_guest(WAIT_FOR_NO_DEVICE)
        expect("type='ccw'" not in self.virsh("dumpxml", self.name).replace("<address type='ccw'", ""),
               "the domain still has the device")

    def host_as_found(self):
        lines = differences(self.before, snapshot())
        expect(not lines, "the host side is not as it was found:\n" + "\n".join(lines))
        names = self.virsh("nodedev-list", "--cap", "ccw").split()
        expect(NODE_DEVICE in names, f"{NODE_DEVICE} is not among {names}")

    def no_dasd_error(self):
        log = self.in_guest("dmesg | grep -i -E 'dasd|0\\.0\\.1234|I/O error|blk_update|EXT4-fs error' || true")
        bad = [line for line in log.splitlines()
               if re.search(r"error|fail|timeout|sense|reject|lost", line, re.I)]
        expect(not bad, "the guest's kernel complains of the device:\n" + "\n".join(bad))

    def destroy(self):
        self.guest.close()
        self.virsh("destroy", self.name)
        self.virsh("undefine", self.name)

    def hercules_reads_it(self):
        self.steps.note("$ dasdls " + self.options.image)
        listing = command(["dasdls", self.options.image])[1]
        self.steps.note(listing)
        expect(re.search(r"VOLSER=LNX390|VOLSER=0X1234|LNX390", listing), "the volume is not in what dasdls lists")

    def run(self):
        run = self.steps.run
        run("plain virsh reaches virtccwd as qemu:///system", self.uri)
        run("virsh nodedev-list --cap ccw shows the device", self.host_shows_device)
        run(f"virsh define and start: a Linux guest with {self.options.memory} MiB", self.start)
        run("virsh attach-device: the guest sees a 3390", self.attach)
        run("the host has given the device away", self.in_use)
        run("chccwdev: the guest's dasd_eckd sets it online", self.online)
        run("dasdfmt, fdasd, mkfs.ext4", self.format)
        run("files are written, and their checksums taken", self.write)
        run("virsh dumpxml shows type='ccw' with its addresses", self.dumpxml)
        run("virsh detach-device", self.detach)
        run("the host side is as it was found", self.host_as_found)
        run("virsh attach-device again, online again", lambda: (self.attach(), self.online()))
        run("the files are there, with the same checksums", self.read)
        run("the guest's kernel has no complaint of the device", self.no_dasd_error)
        run("virsh destroy with the device still in the guest", self.destroy)
        run("the host side is as it was found, once more", self.host_as_found)
        run("Hercules' dasdls lists the volume of the image", self.hercules_reads_it)
        self.steps.done()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--image", required=True, help="of the DASD 0.0.1234 in this lab")
    parser.add_argument("--workdir", required=True, help="an empty folder for the domain's XML, socket and console log")
    parser.add_argument("--memory", type=int, default=1024, help="MiB of guest memory")
    parser.add_argument("--megabytes", type=int, default=64, help="how much to write")
    parser.add_argument("--story", action="store_true", help="for a person instead of a test harness")
    options = parser.parse_args()
    MainJob(options, Steps(options.story)).run()


if __name__ == "__main__":
    main()
