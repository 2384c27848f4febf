#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""dasdfmt in a guest under qemu-ccw: every mode, layout and block size, each with file systems; a volume that Hercules'
dasdinit made, one that has grown, and Hercules' tools on the results."""

import os
import re

from dasdguest import CYLINDERS, HEADS, RECORDS, DasdGuest
from qemuguest import main
from steps import command, expect

FIRST, FOREIGN = "0.0.1000", "0.0.1001"
GROWTH = 10  # cylinders
TRACK_BYTES = 56832  # of an image


class DasdFormats(DasdGuest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps, (FIRST, FOREIGN))

    def create_images(self):
        self.create(FIRST, "--cylinders", str(CYLINDERS))
        command(["dasdinit", "-lfs", self.disks[FOREIGN], "3390", "HERC01", str(CYLINDERS)])

    def fresh(self):
        self.online(FIRST, FOREIGN)
        listing = self.in_guest("lsdasd")
        self.steps.note(listing)
        expect(listing.count("n/f") == 2, "not two devices that are not formatted")

    def layouts(self, layout):
        for size in RECORDS:
            self.dasdfmt(FIRST, f"-d {layout} -b {size}", "-l FMT001" if layout == "cdl" else "-l LDL001")
            self.check_format(FIRST, layout, size)
            self.shows(layout, size)
            self.fill(FIRST, layout, size)
        self.no_complaint()

    def shows(self, layout, size):
        text = self.in_guest(f"dasdview -i -x {self.node(FIRST)}")
        for name, value in (("number of cylinders", CYLINDERS), ("blocks per track", RECORDS[size]), ("blocksize", size)):
            expect(re.search(rf"^{name}\s*:.*\bdec {value}$", text, re.M), f"no {name} of {value} in dasdview's\n{text}")
        expect(f"{layout.upper()} formatted" in text, f"dasdview does not show {layout}:\n{text}")
        blocks = CYLINDERS * HEADS * RECORDS[size]
        found = self.in_guest(f"blockdev --getss --getsize64 {self.node(FIRST)}").split()
        expect(found == [str(size), str(blocks * size)], f"the device has {found}, not {blocks} blocks of {size}")

    def quick(self):
        self.dasdfmt(FIRST, "-M quick -d cdl -b 4096 -l QUICK1")
        self.check_format(FIRST, "cdl", 4096)
        self.fill(FIRST, "cdl", 4096)
        self.no_complaint()

    def not_quick(self):
        code, output = self.guest.try_run(f"dasdfmt -M quick -d cdl -b 2048 -y {self.node(FIRST)}", timeout=120)
        self.steps.note(output)
        expect(code != 0, "a quick format with another block size was let through")
        self.no_complaint()

    def foreign(self):
        self.dasdfmt(FOREIGN, "-b 4096 -l HERC02")
        self.fill(FOREIGN, "cdl", 4096)
        self.no_complaint()

    def hercules(self):
        for bus_id, volser in ((FIRST, "QUICK1"), (FOREIGN, "HERC02")):
            listing = command(["dasdls", self.disks[bus_id]])[1]
            self.steps.note(listing)
            expect(f"VOLSER={volser}" in listing and f"LINUX.V{volser}.PART0001.NATIVE" in listing, "not what dasdls lists")
        packed, back = (os.path.join(self.workdir, name) for name in ("packed.cckd", "back.ckd"))
        command(["dasdcopy", "-q", "-o", "cckd", self.disks[FIRST], packed], timeout=300)
        command(["dasdcopy", "-q", "-lfs", "-o", "ckd", packed, back], timeout=300)
        self.steps.note(command([self.options.virt_ccw, "dasd", "check", back])[1])
        self.steps.note(command(["cmp", self.disks[FIRST], back], check=False)[1] or "the copies are the same")
        os.unlink(packed)
        os.unlink(back)

    def grow(self):
        """The new cylinders are not formatted."""
        image = self.disks[FIRST]
        os.truncate(image, os.path.getsize(image) + GROWTH * HEADS * TRACK_BYTES)

    def expand(self):
        self.online(FIRST)
        code, output = self.guest.try_run(f"dasdfmt --check -d cdl -b 4096 {self.node(FIRST)}", timeout=120)
        self.steps.note(output)
        expect(code != 0, "dasdfmt --check accepts tracks that are not formatted")
        self.dasdfmt(FIRST, "-M expand -d cdl -b 4096")
        # udev reads a volume's last blocks, which have no records yet: the kernel may log that.
        found = self.guest.dasd_complaints()
        for line in found:
            expect("0- 7:" not in line or "0- 7: 00 08" in line, "not only 'no record found':\n" + "\n".join(found))
        self.check_format(FIRST, "cdl", 4096)
        self.has_file(FIRST)
        found = self.in_guest(f"blockdev --getsize64 {self.node(FIRST)}")
        expect(found == str((CYLINDERS + GROWTH) * HEADS * RECORDS[4096] * 4096), f"the volume has {found} bytes")
        self.no_complaint()

    def run(self):
        run = self.steps.run
        run("a new image, and one by Hercules' dasdinit", self.create_images)
        run("qemu-ccw boots a guest with both", self.start)
        run("they are online and not formatted", self.fresh)
        for layout in ("cdl", "ldl"):
            run(f"dasdfmt, {layout}, with every block size", self.layouts, layout)
        run("dasdfmt -M full, as the start", self.dasdfmt, FIRST, "-M full -b 4096")
        run("dasdfmt -M quick", self.quick)
        run("dasdfmt -M quick is refused with another block size", self.not_quick)
        run("the volume by dasdinit is formatted", self.foreign)
        run("QEMU ends", self.stop)
        run("Hercules' tools read the volumes", self.hercules)
        run(f"the first volume gets {GROWTH} cylinders more", self.grow)
        run("qemu-ccw boots again", self.start)
        run("dasdfmt -M expand", self.expand)
        run("QEMU ends again", self.stop)
        self.steps.done()


if __name__ == "__main__":
    main(DasdFormats, __doc__)
