#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts a domain that has the DASD in its definition, in a lab: libvirt's hook acquires the device at the start and
releases it at the end. A second domain that wants the device fails to start and disturbs no other domain. The first
domain installs a system on the DASD, with zipl of s390-tools. The second one boots from the DASD, which is its only
disk."""


from bootable import install, kernel_disk
from daemons import qemu_of
from hosttree import differences, snapshot
from labguest import BUS_ID, DEVICE_XML, LabGuest, device_xml, options
from steps import expect


class ColdStart(LabGuest):
    def __init__(self, opts):
        super().__init__(opts)
        self.rival = LabGuest(opts, self.steps, "ccw-rival")
        self.taken = None

    def define_with_device(self):
        self.define(device_xml() + kernel_disk(self.options.kernel))
        xml = self.virsh("dumpxml", self.name, "--inactive")
        expect("<hostdev mode='subsystem' type='ccw' managed='yes'>" in xml, "no ccw hostdev in\n" + xml)
        lines = differences(self.before, snapshot())
        expect(not lines, "defining a domain touched the host:\n" + "\n".join(lines))

    def start_and_see(self):
        self.start()
        self.sees_device()
        self.taken = snapshot()

    def rival_fails(self):
        self.rival.define(device_xml().replace("</source>", "</source>\n  <boot order='1'/>"), direct_boot=False,
                          on_crash="restart")
        code, output = self.rival.try_virsh("start", self.rival.name)
        self.steps.note(output)
        expect(code != 0, "two domains were started with one device")
        expect(BUS_ID in output, f"the message does not name {BUS_ID}")
        lines = differences(self.taken, snapshot())
        expect(not lines, "the failed start touched the host:\n" + "\n".join(lines))
        self.in_guest(f"dd if=/dev/dasda of=/dev/null bs=4096 count=1 2>&1; cat /sys/bus/ccw/devices/{BUS_ID}/online")

    def attach_twice_fails(self):
        code, output = self.try_virsh("attach-device", self.name, DEVICE_XML, "--live")
        self.steps.note(output)
        expect(code != 0, "one device was attached twice")
        lines = differences(self.taken, snapshot())
        expect(not lines, "the failed attach touched the host:\n" + "\n".join(lines))

    def install(self):
        self.steps.note(install(self.in_guest, self.options.kernel, "/dev/dasda1"))

    def boots_from_it(self):
        self.rival.start()
        self.rival.sees_device()
        found = self.rival.in_guest("cat /sys/firmware/ipl/ipl_type /sys/firmware/ipl/device; "
                                    "while read -r what where _; do [ $where != / ] || echo $what; done </proc/mounts")
        self.steps.note(found)
        expect(found.split()[:2] == ["ccw", BUS_ID] and found.split()[-1].startswith("/dev/dasd"),
               "it was not booted from the DASD, or its root is elsewhere:\n" + found)
        self.rival.no_dasd_error()

    def reboots_from_it(self, clear):
        """By default (clear=0), Linux uses diagnose 308 with subcode 4, which QEMU knows under KVM only. Linux then
        stops in a disabled wait, and libvirt starts the guest again, because its definition has on_crash restart."""
        self.rival.in_guest(f"echo {clear} >/sys/firmware/reipl/ccw/clear; echo written before boot {clear} >/note && sync")
        pid = qemu_of(self.rival.name)
        self.rival.guest.reboot(self.rival.console)
        found = self.rival.in_guest("cat /note /sys/firmware/ipl/device", timeout=180)
        expect(found.splitlines() == [f"written before boot {clear}", BUS_ID], "the note and the IPL device read " + found)
        expect(qemu_of(self.rival.name) == pid, "another QEMU runs")
        self.rival.no_dasd_error()

    def run(self):
        run = self.steps.run
        run("virsh nodedev-list --cap ccw shows the device", self.host_shows_device)
        run("virsh define with the device does not change the host", self.define_with_device)
        run("virsh start: the guest sees a 3390 from the first", self.start_and_see)
        run("the host no longer has the device", self.device_is_away)
        run("the guest's dasd_eckd sets it online and formats it", lambda: (self.online(), self.format("COLD01")))
        run("a system is installed on it, zipl writes its boot records", self.install)
        run("a second domain, with the same device to boot from, fails to start", self.rival_fails)
        run("attaching it a second time fails", self.attach_twice_fails)
        run("the guest's kernel has logged no error of the device", self.no_dasd_error)
        run("virsh destroy", self.destroy)
        run("the host side is as it was found", self.host_as_found)
        run("now the second domain boots from the DASD", self.boots_from_it)
        run("and reboots from it, with reipl/ccw/clear", lambda: self.reboots_from_it(1))
        run("and as it is, with on_crash restart", lambda: self.reboots_from_it(0))
        run("and ends", self.rival.destroy)
        run("the host side is as it was found, once more", self.host_as_found)
        self.steps.done()


if __name__ == "__main__":
    ColdStart(options(__doc__)).run()
