#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host's file system is full while a guest writes: the device reports intervention required, and Linux waits. When
there is space again the device reports that it is ready, and the guest's I/O continues by itself and without an error,
long before Linux would have tried again. The file system is a small tmpfs, so this needs root."""

import argparse
import os
import time

from files import temporary_folder
from qemuguest import QemuGuest
from steps import Steps, command, expect
from tap import skip_all
from waiting import happens

DISK = "0.0.1234"
LINUX_WAITS = 60  # seconds, dasd_3990_erp_int_req() of drivers/s390/block/dasd_3990_erp.c
ENOUGH = 2048  # blocks of 512 bytes: more than the device can write before it notices the full disk
WRITE = "dd if={0} of=/dev/dasda bs=48k seek={1} count={2} oflag=direct conv=notrunc iflag=fullblock 2>&1"


class FullDisk:
    def __init__(self, options, workdir, steps):
        self.options = options
        self.workdir = workdir
        self.steps = steps
        self.called = None  # when the device reported intervention required
        self.calls_heard = 0
        self.folder = os.path.join(workdir, "small")
        self.guest = QemuGuest(options, workdir, steps, {DISK: os.path.join(self.folder, "disk.ckd")})

    def mount(self):
        os.mkdir(self.folder)
        command(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", self.folder])
        self.guest.create(DISK, "--cylinders", "100")

    def make(self):
        self.guest.start()
        self.guest.in_guest(f"chccwdev -e {DISK} && udevadm settle", timeout=120)

    def await_call(self):
        self.calls_heard += 1
        self.guest.in_guest(f"grep -m {self.calls_heard} 'INTERVENTION REQUIRED' /dev/kmsg", timeout=300)
        self.called = time.monotonic()

    def calls(self):
        # 100 cylinders are 81 MiB.
        self.guest.in_guest("mkfifo /run/end")
        self.guest.in_guest("(dasdfmt -b 4096 -y /dev/dasda; echo $? > /run/code; : > /run/end) > /run/dasdfmt 2>&1 &")
        self.await_call()
        free = os.statvfs(self.folder)
        expect(free.f_bavail * free.f_bsize < 1 << 20, "the file system has space left")
        expect(self.guest.in_guest("test -e /run/code && echo ended || echo waits") == "waits", "dasdfmt did not wait")

    def grow(self, size):
        """Linux blocks the device's queue for a minute. If it continues earlier, the device has reported that it is
        ready."""
        image = self.guest.disks[DISK]
        before = os.stat(image).st_blocks
        command(["mount", "-o", f"remount,size={size}", self.folder])
        expect(happens(lambda: os.stat(image).st_blocks >= before + ENOUGH, self.called + LINUX_WAITS - 5 - time.monotonic()),
               "the guest's I/O did not go on by itself")
        self.steps.note(f"the guest's I/O went on {time.monotonic() - self.called:.1f} s after the device had called")

    def goes_on(self):
        self.grow("60m")
        # A second time, in the same dasdfmt.
        self.await_call()
        self.grow("200m")
        self.guest.in_guest("cat /run/end", timeout=300)
        self.steps.note(self.guest.in_guest("cat /run/dasdfmt; test $(cat /run/code) = 0 && udevadm settle", timeout=120))

    def works(self):
        self.guest.in_guest("dd if=/dev/urandom of=/run/data bs=48k count=100 2>&1")
        self.guest.in_guest(WRITE.format("/run/data", 200, 100), timeout=120)
        self.guest.in_guest("dd if=/dev/dasda bs=48k skip=200 count=100 iflag=direct 2>/dev/null | cmp - /run/data",
                       timeout=120)
        found = [line for line in self.guest.guest.dasd_complaints() if "INTERVENTION REQUIRED" not in line]
        expect(not found, "the guest's kernel complains:\n" + "\n".join(found))

    def check(self):
        output = command([self.options.virt_ccw, "dasd", "check", self.guest.disks[DISK]])[1]
        self.steps.note(output)

    def run(self):
        run = self.steps.run
        run("an image on a small file system", self.mount)
        run("a guest with the image", self.make)
        run("the file system is full, and the device reports intervention required", self.calls)
        run("there is space again, twice, and the guest continues by itself", self.goes_on)
        run("the guest's volume works", self.works)
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
        skip_all("only root can mount a small file system")
    with temporary_folder(prefix="libvirt-ccw.") as workdir:
        test = FullDisk(options, workdir, Steps(plain=False))
        try:
            test.run()
        finally:
            test.clean()


if __name__ == "__main__":
    main()
