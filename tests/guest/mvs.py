#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An MVS volume that Hercules' dasdload made, with an IPL text, two sequential data sets and a partitioned one: it IPLs
by the firmware of stock QEMU as it does in Hercules, and a Linux guest reads the data sets by zdsfs of s390-tools."""

import hashlib
import os
import random
import re
import struct

import mvsvolume
from dasdguest import DasdGuest
from files import sha256, write
from hercules import Hercules
from mvsvolume import ebcdic
from qemuguest import main
from steps import command, expect

BUS_ID = "0.0.1000"
VOLSER = "MVS001"
RECORD, BLOCK = 80, 6160
LIBRARY, FIXED, TEXT = "TEST.LIB", "TEST.FIXED", "TEST.TEXT"
CONTROL = f"""{VOLSER} 3390 20 ipl.deck
{LIBRARY} VS library.unload TRK 10 0 5
{FIXED} SEQ fixed.bin TRK 10 0 0 PS FB {RECORD} {BLOCK} 0
{TEXT} TEXT lines.txt TRK 2 0 0 PS VB 255 6233 0
"""
LINES = [f"LINE {number} OF A TEXT" + " AND MORE" * (number % 20) for number in range(200)]
IPL_TEXT_BYTES = 24000
IPL_PSW = bytes.fromhex("0008000080000200")  # ESA/390, 31-bit addresses
# The checksum of all bytes from 400 on becomes the address of a disabled wait.
IPL_PROGRAM = bytes.fromhex("41200400"   # LA    2,X'400'
                            "583002F0"   # L     3,X'2F0'   their number
                            "1B44"       # SR    4,4
                            "B2410042"   # CKSM  4,2
                            "A714FFFE"   # BRC   1,*-4      more bytes are left
                            "564002F4"   # O     4,X'2F4'   31-bit addresses
                            "504002FC"   # ST    4,X'2FC'
                            "820002F8")  # LPSW  X'2F8'


def ipl_text(data):
    constants = struct.pack(">4I", len(data), 0x80000000, 0x000A0000, 0)
    return (IPL_PSW.ljust(0x200, b"\0") + IPL_PROGRAM).ljust(0x2F0, b"\0") + constants + bytes(0x100) + data


def checksum(data):
    """Returns what CHECKSUM (CKSM) makes of the data."""
    total = sum(struct.unpack(f">{len(data) // 4}I", data))
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


class Mvs(DasdGuest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps, (BUS_ID,))
        self.image = self.disks[BUS_ID]
        self.read_only.add(BUS_ID)
        self.sum = None  # of the image
        source = random.Random(16)
        self.ipl_data = source.randbytes(IPL_TEXT_BYTES)
        self.members = {name: source.randbytes(records * RECORD)
                        for name, records in (("LARGE", 2000), ("ONE", 1), ("TWOBLKS", BLOCK // RECORD + 5))}
        self.fixed = source.randbytes(3000 * RECORD)

    def put(self, name, data):
        with open(os.path.join(self.workdir, name), "wb") as file:
            file.write(data)

    def make(self):
        self.put("ipl.deck", mvsvolume.object_deck(ipl_text(self.ipl_data)))
        self.put("library.unload", mvsvolume.unloaded_pds(self.members, RECORD, BLOCK))
        self.put("fixed.bin", self.fixed)
        write(os.path.join(self.workdir, "lines.txt"), "".join(line + "\n" for line in LINES))
        write(os.path.join(self.workdir, "volume.ctl"), CONTROL)
        self.steps.note(command(["dasdload", "-lfs", "volume.ctl", self.image, "2"], cwd=self.workdir)[1])
        self.sum = sha256(self.image)

    def named(self):
        tool = self.options.virt_ccw
        found = command([tool, "dasd", "check", self.image])[1]
        self.steps.note(found)
        expect("clean" in found, "dasd check does not find the volume clean")
        found = command([tool, "dasd", "info", self.image])[1]
        self.steps.note(found)
        expect(re.search(rf"^volser: +{VOLSER}$", found, re.M), f"dasd info does not name {VOLSER}")

    def ipls(self):
        """The program in the IPL text stops with the checksum of the text in the PSW."""
        expected = f"{checksum(self.ipl_data) | 0x80000000:08X}"
        with Hercules(self.image, self.workdir) as machine:
            machine.ipl()
            psw = machine.wait(r"Disabled wait state\s+PSW=(\w{8} \w{8})").group(1)
        expect(psw == f"000A0000 {expected}", f"in Hercules, the PSW is {psw}, not 000A0000 {expected}")
        _, output = command([self.options.qemu_ccw, "--dasd", f"{BUS_ID}={self.image}", "-machine", "s390-ccw-virtio",
                             "-nodefaults", "-display", "none", "-d", "guest_errors",
                             "-device", f"vfio-ccw,hostid={BUS_ID},guestid=fe.0.1000,bootindex=1"])
        self.steps.note(output)
        # An ESA/390 PSW as it is stored, or, with newer versions of QEMU, as that of z/Architecture.
        shown = (f"PSW: 0x000a000000000000 0x00000000{expected.lower()}",
                 f"PSW: 0x0002000080000000 0x{checksum(self.ipl_data) & 0x7FFFFFFF:016x}")
        expect(any(psw in output for psw in shown), f"here, the PSW is not one of {shown}")

    def mounts(self):
        self.in_guest(f"echo 1 >/sys/bus/ccw/devices/{BUS_ID}/raw_track_access")
        self.online(BUS_ID)
        self.in_guest(f"modprobe fuse && zdsfs {self.node(BUS_ID)} /mnt", timeout=120)
        found = self.in_guest("cd /mnt && find . -type f | sort")
        self.steps.note(found)
        names = [FIXED, TEXT, *(f"{LIBRARY}/{name}" for name in self.members)]
        expect(set("./" + name for name in names) <= set(found.splitlines()), f"not the data sets {names}")

    def same_data(self):
        files = {FIXED: self.fixed, TEXT: ebcdic("".join(LINES))}
        files.update((f"{LIBRARY}/{name}", data) for name, data in self.members.items())
        found = self.in_guest("cd /mnt && sha256sum " + " ".join(sorted(files)), timeout=120)
        self.steps.note(found)
        expected = "\n".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files))
        expect(found == expected, "the checksums are not\n" + expected)
        self.no_complaint()

    def unchanged(self):
        self.in_guest("umount /mnt")
        self.stop()
        expect(sha256(self.image) == self.sum, "the image was changed")

    def run(self):
        run = self.steps.run
        run("Hercules' dasdload makes an MVS volume", self.make)
        run("virt-ccw dasd info names it, dasd check finds no error", self.named)
        run("it IPLs in Hercules, and here by the firmware of stock QEMU", self.ipls)
        run("qemu-ccw boots a guest with it, read-only", self.start)
        run("zdsfs mounts it", self.mounts)
        run("each data set has the checksum of its file", self.same_data)
        run("QEMU ends, and the image is unchanged", self.unchanged)
        self.steps.done()


if __name__ == "__main__":
    main(Mvs, __doc__)
