#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Linux' other uses of a 3390, in a guest under qemu-ccw: dasdview, reservations by tunedasd, raw tracks, two devices
at once, offline and online, a reboot in the middle of I/O, a read-only volume, and a volume of the largest model."""

import os

from dasdguest import CYLINDERS, HEADS, DasdGuest
from guest import REBOOT_CACHE
from qemuguest import main
from steps import expect

FIRST, SECOND, LARGE = "0.0.1000", "0.0.1001", "0.0.1002"
LARGE_TRACKS = 65520 * HEADS
LARGE_USAGE = 1 << 20  # bytes of the host's disk
INHIBITED = "writing is inhibited"


class DasdModes(DasdGuest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps, (FIRST, SECOND, LARGE))
        self.sums = None

    def argv(self):
        return super().argv() + ["-accel", f"tcg,tb-size={REBOOT_CACHE}"]

    def dasdview(self):
        node = self.node(FIRST)
        label = self.in_guest(f"dasdview -l {node}")
        expect("'VOL1'" in label and "MODES1" in label, "no volume label:\n" + label)
        vtoc = self.in_guest(f"dasdview -t all {node}")
        expect("format 4 DSCB" in vtoc or "DS4" in vtoc, "no format-4 DSCB:\n" + vtoc)
        expect("LINUX.VMODES1.PART0001" in self.in_guest(f"dasdview -t f1 {node}"), "the partition has no data set")
        characteristics = self.in_guest(f"dasdview -c {node}")
        self.steps.note(characteristics)
        dump = self.in_guest(f"dasdview -b 8192 -s 32 -1 {node}")
        self.steps.note(dump)
        expect("E5D6D3F1" in dump.upper().replace(" ", ""), "no label in block 2:\n" + dump)

    def reservation(self):
        node = self.node(FIRST)
        for step, state in (("", "none"), ("-S", "reserved"), ("-L", "none"), ("-O", "reserved"), ("-L", "none")):
            if step:
                self.in_guest(f"tunedasd {step} {node}")
            found = self.in_guest(f"tunedasd -Q {node}")
            self.steps.note(found)
            expect(state in found, f"tunedasd -Q says {found}, not {state}")
        self.in_guest(f"tunedasd -c sequential -n 2 {node} && tunedasd -g {node} && dd if={node} of=/dev/null bs=64k "
                      f"iflag=direct && tunedasd -c normal {node}")
        self.no_complaint()

    def raw(self, value, *bus_ids):
        self.offline(*bus_ids)
        for bus_id in bus_ids:
            self.in_guest(f"echo {value} >/sys/bus/ccw/devices/{bus_id}/raw_track_access")
        self.online(*bus_ids)

    def raw_copy(self):
        """Copies the first volume's tracks to the second one, which is not formatted."""
        self.raw(1, FIRST, SECOND)
        source, target = self.node(FIRST), self.node(SECOND)
        self.in_guest(f"dd if={source} of={target} bs=1M iflag=direct oflag=direct && "
                      f"dd if={source} bs=64k iflag=direct | sha256sum >/run/a && "
                      f"dd if={target} bs=64k iflag=direct | sha256sum >/run/b && cmp /run/a /run/b", timeout=300)
        # The first bytes of track 1 are the count and data of R0.
        r0 = self.in_guest(f"dd if={target} bs=64k skip=1 count=1 iflag=direct 2>/dev/null | od -A n -t x1 -N 16")
        expect(r0.split() == "00 00 00 01 00 00 00 08".split() + ["00"] * 8, "track 1 does not begin with R0: " + r0)
        self.raw(0, FIRST, SECOND)
        self.has_file(SECOND)
        self.check_format(SECOND, "cdl", 4096)
        self.no_complaint()

    def large(self):
        """Reads the last track, changes the data in R0, and reads the track again."""
        self.in_guest(f"echo 1 >/sys/bus/ccw/devices/{LARGE}/raw_track_access")
        self.online(LARGE)
        node = self.node(LARGE)
        size = self.in_guest(f"blockdev --getsize64 {node}")
        expect(size == str(LARGE_TRACKS * 65536), f"the volume has {size} bytes of raw tracks")
        track = f"bs=64k count=1 {{}}={LARGE_TRACKS - 1}"
        self.in_guest(f"dd if={node} of=/run/track {track.format('skip')} iflag=direct && "
                      "printf 'the last' | dd of=/run/track bs=1 seek=8 conv=notrunc && "
                      f"dd if=/run/track of={node} {track.format('seek')} oflag=direct && "
                      f"dd if={node} {track.format('skip')} iflag=direct | cmp - /run/track", timeout=120)
        self.offline(LARGE)
        self.no_complaint()
        status = os.stat(self.disks[LARGE])
        self.steps.note(f"{status.st_size} bytes, {status.st_blocks * 512} on the disk")
        expect(status.st_blocks * 512 < LARGE_USAGE, "it takes more of the host's disk than it should")

    def parallel(self):
        self.in_guest("mkdir -p /run/one /run/two && "
                      f"mount {self.node(FIRST)}-part1 /run/one && mount {self.node(SECOND)}-part1 /run/two")
        self.in_guest("head -c 1M /dev/urandom >/run/random; for turn in 1 2 3; do for where in one two; do "
                      "(cp /run/random /run/$where/$turn; dd if=/run/random of=/run/$where/direct$turn bs=4k oflag=direct "
                      "count=200) & done; wait; done; sync; echo 3 >/proc/sys/vm/drop_caches; "
                      "for file in /run/one/? /run/two/?; do cmp /run/random $file || exit 1; done", timeout=300)
        threads = [self.thread_name(thread) for thread in os.listdir(f"/proc/{self.process.pid}/task")]
        expect(threads.count("ccw-device") == len(self.disks), f"not a thread for each device: {threads}")
        self.sums = self.in_guest("sha256sum /run/one/* /run/two/* | sort; umount /run/one /run/two", timeout=120)
        self.no_complaint()

    def thread_name(self, thread):
        with open(f"/proc/{self.process.pid}/task/{thread}/comm", encoding="utf-8") as file:
            return file.read().strip()

    def cycles(self):
        for _ in range(10):
            self.offline(FIRST)
            self.online(FIRST)
        self.check_format(FIRST, "cdl", 4096)
        self.no_complaint()

    def reboots(self):
        # With I/O in progress, and a device reserved: the system reset ends both.
        self.in_guest(f"tunedasd -S {self.node(SECOND)}; (cat {self.node(FIRST)} >/dev/null 2>&1 &)")
        self.reboot()
        self.online(FIRST, SECOND)
        expect("none" in self.in_guest(f"tunedasd -Q {self.node(SECOND)}"), "the reservation outlived a system reset")
        now = self.in_guest("mkdir -p /run/one /run/two && "
                            f"mount {self.node(FIRST)}-part1 /run/one && mount {self.node(SECOND)}-part1 /run/two && "
                            "sha256sum /run/one/* /run/two/* | sort; umount /run/one /run/two", timeout=120)
        expect(now == self.sums, "the files differ from those before the reboot:\n" + now)
        self.no_complaint()

    def rejects_writes(self):
        self.online(SECOND)
        node = self.node(SECOND)
        self.has_file(SECOND)
        self.no_complaint()
        for sector in (0, 100):  # a record with a key, and a block of a track's data
            code, output = self.guest.try_run(f"dd if={node} of=/run/block bs=4096 skip={sector} count=1 iflag=direct && "
                                              f"dd if=/dev/zero of={node} bs=4096 seek={sector} count=1 oflag=direct")
            expect(code != 0 and "Input/output error" in output, "a write to a read-only volume did not fail:\n" + output)
            self.in_guest(f"dd if={node} bs=4096 skip={sector} count=1 iflag=direct | cmp - /run/block")
            found = self.guest.dasd_complaints()
            self.steps.note("\n".join(found))
            expect(any(INHIBITED in line for line in found), f"the kernel did not say '{INHIBITED}'")
        code, output = self.guest.try_run(f"dasdfmt -b 4096 -y {node}", timeout=120)
        self.steps.note(output)
        expect(code != 0, "dasdfmt formatted a read-only volume")

    def create_images(self):
        for bus_id in (FIRST, SECOND):
            self.create(bus_id, "--cylinders", str(CYLINDERS))
        self.create(LARGE, "--model", "3390-54")

    def format(self):
        self.online(FIRST, SECOND)
        self.dasdfmt(FIRST, "-b 4096 -l MODES1")
        self.fill(FIRST, "cdl", 4096)
        self.no_complaint()

    def start_read_only(self):
        self.read_only.add(SECOND)
        self.start()

    def run(self):
        run = self.steps.run
        run("two new images, and one of a 3390-54", self.create_images)
        run("qemu-ccw boots a guest with them", self.start)
        run("one is formatted", self.format)
        run("dasdview", self.dasdview)
        run("tunedasd: reserve, release, slock, cache", self.reservation)
        run("raw track access copies it to the other", self.raw_copy)
        run("the last track of a 3390-54", self.large)
        run("two devices at once", self.parallel)
        run("offline and online, ten times", self.cycles)
        run("a reboot in the middle of I/O", self.reboots)
        run("QEMU ends", self.stop)
        run("qemu-ccw boots with the second read-only", self.start_read_only)
        run(f"a write to it fails: {INHIBITED}", self.rejects_writes)
        run("QEMU ends again", self.stop)
        self.steps.done()


if __name__ == "__main__":
    main(DasdModes, __doc__)
