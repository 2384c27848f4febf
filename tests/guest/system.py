#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small Debian with systemd on a DASD, under libvirt: virt-ccw image build makes the image, a domain of a lab IPLs it
by the firmware of stock QEMU, systemd reaches multi-user, and the system reboots as its users reboot it.

    system.py VIRT-CCW GUEST-FOLDER
"""

import os
import subprocess
import sys

import smallroot
from labguest import BUS_ID, LabGuest, device_xml, options
from labtest import workdir
from steps import command, expect
from waiting import happens

BUILD_SECONDS = 900
SYSTEM_SECONDS = 600  # to boot systemd
BOOT = "</source>\n  <boot order='1'/>"


class System(LabGuest):
    def starts(self):
        self.define(device_xml().replace("</source>", BOOT), direct_boot=False)
        self.start(SYSTEM_SECONDS)
        found = self.in_guest("cat /sys/firmware/ipl/ipl_type /sys/firmware/ipl/device; findmnt -n -o SOURCE /")
        self.steps.note(found)
        expect(found.split()[:2] == ["ccw", BUS_ID] and found.split()[2].startswith("/dev/dasd"),
               "it was not booted from the DASD, or its root is elsewhere:\n" + found)

    def reaches_multi_user(self):
        code, state = self.guest.try_run("systemctl is-system-running --wait", timeout=180)
        failed = self.in_guest("systemctl --failed --no-legend --plain --no-pager")
        expect(code == 0 and not failed, f"the system is {state}; units that failed:\n{failed}")
        expect(self.in_guest("systemctl is-active multi-user.target") == "active", "multi-user.target is not active")
        self.steps.note(self.in_guest("systemd-analyze time"))
        expect("ext4" in self.in_guest("findmnt -n -o FSTYPE,OPTIONS / | grep -w rw"), "the root is not mounted for writing")

    def reboots(self):
        self.in_guest("echo before >/srv/note && cat /sys/firmware/reipl/ccw/clear")
        self.steps.note("guest# systemctl reboot")
        self.guest.reboot(self.console, SYSTEM_SECONDS, "systemctl reboot")
        expect(self.in_guest("cat /srv/note", timeout=180) == "before", "/srv/note is lost")

    def powers_off(self):
        self.guest.send("systemctl poweroff")
        expect(happens(lambda: command(["virsh", "domstate", self.name])[1] == "shut off", 180), "it did not power off")
        self.guest.close()
        self.virsh("undefine", self.name)

    def run(self):
        run = self.steps.run
        run("virsh nodedev-list --cap ccw shows the device", self.host_shows_device)
        run("a domain IPLs from the DASD", self.starts)
        run("systemd reaches multi-user, and no unit failed", self.reaches_multi_user)
        run("the guest's kernel has no complaint of the device", self.no_dasd_error)
        run("systemctl reboot boots it again", self.reboots)
        run("systemd reaches multi-user again", self.reaches_multi_user)
        run("the guest's kernel has no complaint of the device again", self.no_dasd_error)
        run("systemctl poweroff ends it", self.powers_off)
        run("the host side is as it was found", self.host_as_found)
        self.steps.done()


def outside(virt_ccw, guest):
    """Makes the image, and runs this program once more in a lab with it."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run-in-lab")
    with workdir() as folder:
        root, image = os.path.join(folder, "root.tar"), os.path.join(folder, "disk.ckd")
        smallroot.make(guest, folder, root, lambda tar: smallroot.add_folder(tar, "srv"), system=True)
        _, output = command([virt_ccw, "image", "build", "--device", BUS_ID, "--no-guest", root, image], timeout=BUILD_SECONDS)
        print("\n".join("# " + line for line in output.splitlines()), flush=True)
        sys.exit(subprocess.call([script, virt_ccw, guest, os.path.basename(__file__)],
                                 env=dict(os.environ, LIBVIRT_CCW_LAB_DISK=image)))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        outside(*sys.argv[1:])
    System(options(__doc__)).run()
