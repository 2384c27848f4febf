#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qemu-ccw alone, without libvirt or a lab: the series' command line boots the test guest with an embedded 3390, twice.
The second boot finds what the first one has written."""

import os

from labguest import BUS_ID
from guest import when_free
from qemuguest import QemuGuest, main
from steps import command, expect
from tracer import Tracer, wanted


class QemuCcw(QemuGuest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps, {BUS_ID: os.path.join(workdir, "disk.ckd")})

    def write(self):
        self.in_guest(f"chccwdev -e {BUS_ID}", timeout=120)
        self.in_guest(when_free("dasdfmt -b 4096 -l QEMU01 -y /dev/dasda"), timeout=300)
        self.in_guest(when_free("fdasd -a /dev/dasda"), timeout=120)
        self.in_guest("mkfs.ext4 -q /dev/dasda1 && mount /dev/dasda1 /mnt", timeout=120)
        self.in_guest("cp /bin/bash /mnt/ && umount /mnt", timeout=120)

    def read(self):
        self.in_guest(f"chccwdev -e {BUS_ID} && mount /dev/dasda1 /mnt", timeout=120)
        self.in_guest("cmp /bin/bash /mnt/bash", timeout=120)
        self.in_guest("umount /mnt", timeout=120)

    def traced(self):
        tracer = Tracer("--pid", str(self.process.pid), virt_ccw=self.options.virt_ccw).attached()
        self.in_guest(f"chccwdev -e {BUS_ID}", timeout=120)
        wanted(tracer.end(), f"^{BUS_ID} .*SSCH", "READ DEVICE CHARACTERISTICS", "= device ce de")

    def locked(self):
        code, output = command([self.options.qemu_ccw, "--dasd", f"{BUS_ID}={self.disks[BUS_ID]}", "-machine", "none"],
                               check=False)
        self.steps.note(output)
        expect(code == 1 and "\n" not in output and self.disks[BUS_ID] in output, "a second user of the image was let in")

    def run(self):
        run = self.steps.run
        run("virt-ccw dasd create", self.create, BUS_ID, "--cylinders", "200")
        run("qemu-ccw boots a guest that sees the 3390", self.start)
        run("the image is locked meanwhile", self.locked)
        run("virt-ccw trace shows the guest setting it online", self.traced)
        run("it is formatted and written", self.write)
        run("QEMU ends", self.stop)
        run("qemu-ccw boots again", self.start)
        run("the written data is there", self.read)
        run("QEMU ends again", self.stop)
        self.steps.done()


if __name__ == "__main__":
    main(QemuCcw, __doc__)
