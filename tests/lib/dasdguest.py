# SPDX-License-Identifier: LGPL-2.1-or-later
"""Common parts of tests that use DASDs in a guest under qemu-ccw: online, offline, dasdfmt, file systems."""

import os

from guest import when_free
from qemuguest import QemuGuest
from steps import expect

CYLINDERS = 20
RECORDS = {512: 49, 1024: 33, 2048: 21, 4096: 12}  # records on a track, by block size
HEADS = 15


class DasdGuest(QemuGuest):
    def __init__(self, options, workdir, steps, bus_ids):
        super().__init__(options, workdir, steps, {bus_id: os.path.join(workdir, f"{bus_id}.ckd") for bus_id in bus_ids})

    def node(self, bus_id):
        """Returns the path of a device by its bus id: its name may differ after a reboot."""
        return f"/dev/disk/by-path/ccw-{bus_id}"

    def online(self, *bus_ids):
        self.in_guest(when_free(f"chccwdev -e {','.join(bus_ids)}"), timeout=120)

    def offline(self, *bus_ids):
        self.in_guest(when_free(f"chccwdev -d {','.join(bus_ids)}"), timeout=120)

    def dasdfmt(self, bus_id, *args):
        self.in_guest(when_free(f"dasdfmt {' '.join(args)} -y {self.node(bus_id)}"), timeout=300)

    def check_format(self, bus_id, layout, size):
        self.in_guest(f"dasdfmt --check -d {layout} -b {size} {self.node(bus_id)}", timeout=120)

    def fill(self, bus_id, layout, size):
        """Partitions, makes a file system with a file in it, checks both."""
        part = self.node(bus_id) + "-part1"
        if layout == "cdl":
            self.in_guest(when_free(f"fdasd -a -k -s {self.node(bus_id)}"), timeout=120)
        self.in_guest(f"mkfs.ext4 -q -b {max(size, 1024)} {part} && mount {part} /mnt && cp /bin/bash /mnt && umount /mnt "
                      f"&& fsck.ext4 -fn {part}", timeout=120)
        self.has_file(bus_id)

    def has_file(self, bus_id):
        """Checks the file of fill(), as read from the device: a mount begins with an empty page cache."""
        self.in_guest(f"mount -o ro,noload {self.node(bus_id)}-part1 /mnt && cmp /bin/bash /mnt/bash; code=$?; umount /mnt; "
                      "exit $code", timeout=120)

    def no_complaint(self):
        found = self.guest.dasd_complaints()
        expect(not found, "the guest's kernel complains of a device:\n" + "\n".join(found))
