#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the emulated mainframe: a Linux guest of its own libvirt gets a DASD by `virsh attach-device` and by its start,
and uses it through the kernel's vfio_ccw. The host gets the DASD back each time, with the guest's data."""

import argparse
import os
import shutil
import sys

from files import temporary_folder
from labguest import BUS_ID, DEVICE_XML, WAIT_FOR_DEVICE, WAIT_FOR_NO_DEVICE, LabGuest, device_xml
from steps import command, expect

HERE = os.path.dirname(os.path.abspath(__file__))
NODE = f"/dev/disk/by-path/ccw-{BUS_ID}"
PART = NODE + "-part1"
CHECKSUMS = "cd /mnt && find . -type f -exec sha256sum {} + | sort; cd / && umount /mnt"
MODULES = ("virtio_console", "dasd_eckd_mod", "crc32c_generic", "ext4")
KERNEL = "/kernel/bzImage"  # the emulated mainframe's own


def make_initrd(folder):
    """Makes an initramfs of busybox, the init beside this file, and the modules that the guest needs, in their order."""
    root = os.path.join(folder, "initrd.root")
    os.makedirs(root + "/bin")
    shutil.copy("/usr/bin/busybox", root + "/bin/busybox")
    shutil.copy(os.path.join(HERE, "second-init"), root + "/init")
    os.chmod(root + "/init", 0o755)
    os.makedirs(root + "/modules")
    for module in MODULES:
        for line in command(["modprobe", "--show-depends", "--ignore-install", module])[1].splitlines():
            verb, path = line.split()[:2]
            name = os.path.basename(path)
            if verb == "insmod" and not os.path.exists(f"{root}/modules/{name}"):
                shutil.copy(path, f"{root}/modules/{name}")
                with open(root + "/modules/order", "a", encoding="ascii") as file:
                    file.write(name + "\n")
    path = os.path.join(folder, "initrd")
    command(["bash", "-ec", f"cd {root} && find . | busybox cpio -o -H newc -R 0:0 >{path} 2>/dev/null"])
    return path


class SecondLevel(LabGuest):
    checksums = ""

    def on_host(self, text, timeout=300):
        """Runs a shell command in the emulated mainframe, which is the host here."""
        self.steps.note("host# " + text)
        return command(["bash", "-ec", text], timeout=timeout)[1]

    def format_on_host(self):
        self.on_host(f"dasdfmt -b 4096 -l BOX001 -y {NODE}; udevadm settle; fdasd -s -a {NODE}; udevadm settle; "
                     f"mkfs.ext4 -q {PART}; udevadm settle")
        self.checksums = self.on_host(f"mount {PART} /mnt; cp /usr/bin/bash /mnt/from-host; {CHECKSUMS}")
        self.steps.note(self.checksums)

    def sees_device(self):
        self.in_guest(WAIT_FOR_DEVICE, timeout=180)
        found = self.in_guest(f"cd /sys/bus/ccw/devices/{BUS_ID} && cat devtype cutype", timeout=180)
        self.steps.note(found)
        expect("3390/" in found and "3990/" in found, "the guest does not see a 3390 behind a 3990: " + found)

    def write_in_guest(self, name):
        """Checks that the last user's data is unchanged, and adds a file."""
        self.in_guest(f"echo 1 >/sys/bus/ccw/devices/{BUS_ID}/online && cat /proc/partitions", timeout=180)
        found = self.in_guest(f"mount -t ext4 /dev/dasda1 /mnt && {CHECKSUMS}", timeout=300)
        expect(found == self.checksums, f"not what was written:\n{found}\ninstead of\n{self.checksums}")
        self.checksums = self.in_guest(
            f"mount -t ext4 /dev/dasda1 /mnt && dd if=/dev/urandom of=/mnt/{name} bs=4096 count=300 2>/dev/null && "
            f"sync && {CHECKSUMS}", timeout=300)
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
        self.in_guest(f"echo 0 >/sys/bus/ccw/devices/{BUS_ID}/online", timeout=120)
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
        run("the host no longer has the device", self.device_is_away)
        run("it reads what the host wrote, and writes", self.write_in_guest, "attached")
        run("virsh detach-device", self.detach)
        run("the host is as it was found, and reads it", self.read_on_host)
        run("the guest ends", self.destroy)
        run("it starts with the device, which the hook acquires", self.cold_start)
        run("the host has given the device away, again", self.device_is_away)
        run("it reads all data written so far, and writes", self.write_in_guest, "started")
        run("virsh destroy with the device online in the guest", self.destroy)
        run("the host is as it was found, and reads that, too", self.read_on_host)
        self.steps.done()


def main():
    """Runs like the lab's tests: second_level.py --inside VIRT-CCW."""
    with temporary_folder() as workdir:
        os.chmod(workdir, 0o755)
        SecondLevel(argparse.Namespace(kernel=KERNEL, initrd=make_initrd(workdir), workdir=workdir, memory=256,
                                       plain="--plain" in sys.argv)).run()


if __name__ == "__main__":
    main()
