#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host's file system has no room left while a guest writes: the guest gets an I/O error, what it was told is written
is there, and when there is room again the device goes on. The file system is a small tmpfs, so this needs root."""

import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from qemuguest import QemuGuest
from steps import Steps, command, expect

DISK = "0.0.1234"
WRITE = "dd if={0} of=/dev/dasda bs=48k seek={1} count={2} oflag=direct conv=notrunc iflag=fullblock 2>&1"


class FullDisk:
    def __init__(self, options, workdir, steps):
        self.options = options
        self.workdir = workdir
        self.steps = steps
        self.folder = os.path.join(workdir, "small")
        self.guest = QemuGuest(options, workdir, steps, {DISK: os.path.join(self.folder, "disk.ckd")})

    def mount(self):
        os.mkdir(self.folder)
        command(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", self.folder])
        self.guest.create(DISK, "--cylinders", "100")

    def make(self):
        self.guest.start()
        self.guest.in_guest(f"chccwdev -e {DISK} && udevadm settle", timeout=120)

    def fails(self):
        # 100 cylinders are 81 MiB.
        code, output = self.guest.guest.try_run("dasdfmt -b 4096 -y /dev/dasda 2>&1", timeout=300)
        self.steps.note(output)
        expect(code != 0, "a volume was formatted for which there is no room")
        free = os.statvfs(self.folder)
        expect(free.f_bavail * free.f_bsize < 1 << 20, "and there was room left")
        # Equipment check, permanent error: the first bytes of the sense.
        self.steps.note(self.guest.in_guest("dmesg | grep -m 1 'Sense(hex)  0- 7: 10 80'"))

    def check(self):
        output = command([self.options.virt_ccw, "dasd", "check", self.guest.disks[DISK]])[1]
        self.steps.note(output)

    def goes_on(self):
        command(["mount", "-o", "remount,size=200m", self.folder])
        # dasdfmt leaves a device disabled that it could not format.
        self.guest.in_guest(f"chccwdev -d {DISK} && chccwdev -e {DISK} && udevadm settle", timeout=120)
        self.guest.in_guest("dasdfmt -b 4096 -y /dev/dasda && udevadm settle", timeout=300)
        self.guest.in_guest("dd if=/dev/urandom of=/run/data bs=48k count=100 2>&1")
        self.guest.in_guest(WRITE.format("/run/data", 200, 100), timeout=120)
        self.guest.in_guest("dd if=/dev/dasda bs=48k skip=200 count=100 iflag=direct 2>/dev/null | cmp - /run/data",
                       timeout=120)

    def run(self):
        run = self.steps.run
        run("an image on a small file system", self.mount)
        run("a guest that has it", self.make)
        run("the file system is full, and the guest sees an error", self.fails)
        run("there is room again, and the device goes on", self.goes_on)
        run("the guest ends", self.guest.stop)
        run("virt-ccw dasd check finds the image clean", self.check)
        self.steps.done()

    def clean(self):
        self.guest.kill()
        if os.path.ismount(self.folder):
            command(["umount", "-l", self.folder], check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("virt-ccw", "qemu-ccw", "guest"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("1..0 # SKIP only root can mount a small file system")
        return
    with tempfile.TemporaryDirectory(prefix="libvirt-ccw.") as workdir:
        test = FullDisk(options, workdir, Steps(story=False))
        try:
            test.run()
        finally:
            test.clean()


if __name__ == "__main__":
    main()
