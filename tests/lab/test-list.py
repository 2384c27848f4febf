#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw list shows a device's owner, as it changes; virt-ccw export prepares devices for use without libvirt-ccw, by
the real udevadm, mdevctl and libvirt. The guests are paused. Run as: test-list.py VIRT-CCW"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from files import read, temporary_folder, write
from hosttree import differences, snapshot
from labtest import domain, hostdev, inside_a_lab
from steps import Steps, command, expect
from waiting import wait_until

FIRST, SECOND = "0.0.1234", "0.0.1235"
MDEV = "cc390000-0001-8000-8000-000000001234"
CCW = "ccw_0_0_1234"
RULE = f"udev/rules.d/61-libvirt-ccw-{FIRST}.rules"
RUN_RULES = "/run/udev/rules.d"


class ListTest:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.before = snapshot()
        self.subchannel = os.path.basename(os.path.dirname(os.path.realpath(f"/sys/bus/ccw/devices/{FIRST}")))
        self.definition = f"mdevctl.d/{self.subchannel}/{MDEV}"

    def virsh(self, *args):
        return command(["virsh", "-q", *args])[1]

    def tool(self, *args):
        return command([self.virt_ccw, *args])[1]

    def fails(self, words, *args):
        code, output = command([self.virt_ccw, *args], check=False)
        expect(code == 1 and words in output and "\n" not in output, f"exit code {code}: {output}")

    def cells(self, bus_id):
        return re.split("  +", self.tool("list", bus_id).splitlines()[1])

    def used_by(self, bus_id):
        return self.cells(bus_id)[9]

    def file(self, name, text):
        return write(os.path.join(self.folder, name), text)

    def etc(self):
        """Makes a new folder in place of /etc."""
        return tempfile.mkdtemp(dir=self.folder)

    def expect_as_before(self):
        lines = differences(self.before, snapshot())
        expect(not lines, "\n".join(lines))

    # list

    def as_sysfs_has_it(self):
        devices = {device["device"]: device for device in json.loads(self.tool("list", "--json"))}
        expect({FIRST, SECOND} <= set(devices), f"there are {sorted(devices)}")
        for bus_id in (FIRST, SECOND):
            device, folder = devices[bus_id], os.path.realpath(f"/sys/bus/ccw/devices/{bus_id}")
            for name in ("devtype", "cutype", "availability"):
                expect(device[name] == read(f"{folder}/{name}").strip(), f"{name} is {device[name]}")
            expect(device["online"] == (read(f"{folder}/online").strip() == "1"), device)
            expect(device["driver"] == os.path.basename(os.readlink(f"{folder}/driver")), device)
            expect(device["subchannel"] == os.path.basename(os.path.dirname(folder)), device)
            masks = [device[name] for name in ("pim", "pam", "pom")]
            expect(masks == read(f"{folder}/../pimpampom").split(), masks)
            installed = int(masks[0], 16)
            chpids = [chpid for n, chpid in enumerate(read(f"{folder}/../chpids").split()) if installed & 0x80 >> n]
            expect(device["chpids"] == chpids, device)
            expect(device["owner"] is None and device["in_use_by"] == [], device)
            expect(self.used_by(bus_id) == "-", self.cells(bus_id))

    def who_has_it(self):
        self.virsh("nodedev-detach", CCW)
        expect(self.used_by(FIRST) == "detached", self.cells(FIRST))
        self.virsh("create", "--paused", self.file("one.xml", domain("one", hostdev(managed="no"))))
        expect(self.used_by(FIRST) == "domain one, detached", self.cells(FIRST))
        self.virsh("destroy", "one")
        self.virsh("nodedev-reattach", CCW)
        self.virsh("create", "--paused", self.file("one.xml", domain("one", hostdev())))
        expect(self.used_by(FIRST) == "domain one", self.cells(FIRST))
        expect(self.cells(FIRST)[4:6] == ["vfio_ccw", "-"], self.cells(FIRST))
        used = [line.split()[0] for line in self.tool("list", "--used").splitlines()[1:]]
        expect(FIRST in used and SECOND not in used, used)
        free = [line.split()[0] for line in self.tool("list", "--free").splitlines()[1:]]
        expect(SECOND in free and FIRST not in free, free)
        self.virsh("destroy", "one")
        expect(self.used_by(FIRST) == "-", self.cells(FIRST))
        self.expect_as_before()

    def what_it_is(self, *others):
        """The first device's type, control unit and serial are as given; those of the other devices are unchanged."""
        devices = {device["device"]: device for device in json.loads(self.tool("list", "--json"))}
        for bus_id in others:
            expect(devices[bus_id]["volser"] == "LAB001", devices[bus_id])
        shown = [devices[FIRST][name] for name in ("devtype", "cutype", "volser")]
        cells = self.cells(FIRST)
        expect([cells[2], cells[3], cells[8]] == [name or "-" for name in shown], f"{cells} and {shown}")
        return shown

    def what_a_detached_device_is(self):
        """The lab has no disk to read the serial from, and a detached device has no attributes in sysfs."""
        online = [*(read(f"/sys/bus/ccw/devices/{FIRST}/{name}").strip() for name in ("devtype", "cutype")), "LAB001"]
        expect(self.what_it_is(SECOND) == online, "online")
        self.virsh("nodedev-detach", CCW)
        expect(self.what_it_is(SECOND) == online, "detached")
        self.virsh("create", "--paused", self.file("one.xml", domain("one", hostdev())))
        expect(self.what_it_is(SECOND) == online, "with a guest")
        self.virsh("destroy", "one")
        self.virsh("nodedev-reattach", CCW)
        self.tool("lab", "state", FIRST, "no-path")
        expect(self.what_it_is(SECOND) == [*online[:2], None], "without a path no host could read the label")
        self.tool("lab", "state", FIRST, "good")
        expect(self.what_it_is(SECOND) == online, "online again")
        self.expect_as_before()

    # export

    def export_rejects(self):
        etc = self.etc()
        plain = self.file("plain.xml", domain("one", hostdev(managed="no")))
        self.fails("no ccw device with managed='yes'", "export", "--xml", plain)
        self.fails("no ccw device 0.0.4321", "export", FIRST, "0.0.4321", "--output", etc)
        self.fails("libvirt has no domain 'nobody'", "export", "--domain", "nobody")
        for path in (self.definition, f"mdevctl.d/0.0.fffe/{MDEV}", RULE):
            os.makedirs(os.path.dirname(f"{etc}/{path}"))
            self.file(f"{etc}/{path}", "something else")
            self.fails(f"{etc}/{path}", "export", FIRST, "--output", etc)
            expect(read(f"{etc}/{path}") == "something else", "it was written over")
            os.unlink(f"{etc}/{path}")
            os.rmdir(os.path.dirname(f"{etc}/{path}"))
        expect(not any(files for _, _, files in os.walk(etc)), "something was written")

    def the_same_by_each_way(self):
        self.virsh("define", self.file("one.xml", domain("one", hostdev() + hostdev("0x1235", managed="no"))))
        try:
            printed = self.tool("export", FIRST)
            expect(printed == self.tool("export", CCW), "not by libvirt's name")
            expect(printed == self.tool("export", "--domain", "one"), "not of the domain")
            expect(printed == self.tool("export", "--xml", f"{self.folder}/one.xml"), "not of its XML")
            expect(f"# /etc/{self.definition}\n" in printed and f"# /etc/{RULE}\n" in printed, printed)
        finally:
            self.virsh("undefine", "one")
        etc = self.etc()
        for _ in range(2):  # files that exist already are no error
            written = self.tool("export", FIRST, "--output", etc).splitlines()
            expect(sorted(written) == [f"{etc}/{self.definition}", f"{etc}/{RULE}"], written)
        for path in (self.definition, RULE):
            expect(read(f"{etc}/{path}").strip() in printed, f"{path} is not what was printed")
        expect('"start": "manual"' in self.tool("export", "--manual", FIRST), "it is not manual")

    def commands_of(self, rule):
        """Returns what udev would run at boot for the subchannel; asks udev where it is installed."""
        if not shutil.which("udevadm"):
            return re.search(r"/bin/sh -c '(.*)'\"", read(rule)).group(1).replace("%k", self.subchannel) \
                .replace("$$", "$")
        os.makedirs(RUN_RULES, exist_ok=True)
        shutil.copy(rule, RUN_RULES)
        try:
            device = os.path.realpath(f"/sys/bus/css/devices/{self.subchannel}")
            result = subprocess.run(["udevadm", "test", "-a", "add", device], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, check=True, timeout=60,
                                    env={**os.environ, "SYSTEMD_DEVICE_VERIFY_SYSFS": "0"})
        finally:
            os.unlink(f"{RUN_RULES}/{os.path.basename(rule)}")
        # run: 'COMMAND', and since systemd 257 RUN{program} : COMMAND
        found = re.search(r"^(?:run: '| *RUN\{program\} : )/bin/sh -c '(d=.*?)'{1,2}$", result.stdout, re.M)
        expect(found, f"udevadm test shows no command:\n{result.stdout}")
        return found.group(1)

    def take(self, rule):
        with open(f"/sys/bus/css/devices/{self.subchannel}/driver_override", "w", encoding="ascii") as file:
            file.write("vfio_ccw")
        command(["sh", "-c", self.commands_of(rule)], check=False)

    def release_device(self):
        if os.path.exists(f"/sys/bus/mdev/devices/{MDEV}"):
            command(["mdevctl", "stop", "-u", MDEV])
        self.virsh("nodedev-reattach", CCW)
        online = f"/sys/bus/ccw/devices/{FIRST}/online"
        if read(online) == "0\n" and self.before[online.replace(f"/sys/bus/ccw/devices/{FIRST}", os.path.realpath(
                f"/sys/bus/ccw/devices/{FIRST}"))] == b"1\n":
            with open(online, "w", encoding="ascii") as file:
                file.write("1")
        self.expect_as_before()

    def at_boot(self):
        """mdevctl and libvirt show what is defined. After udev's commands a guest starts, and does not release the
        device."""
        etc = self.etc()
        self.tool("export", FIRST, "--output", etc)
        os.makedirs(f"/etc/mdevctl.d/{self.subchannel}", exist_ok=True)
        shutil.copy(f"{etc}/{self.definition}", f"/etc/{self.definition}")
        try:
            defined = command(["mdevctl", "list", "--defined"])[1]
            expect(f"{MDEV} {self.subchannel} vfio_ccw-io auto" in defined, defined)
            wait_until(lambda: MDEV.replace("-", "_") in self.virsh("nodedev-list", "--inactive"), "libvirt sees it")
            self.take(f"{etc}/{RULE}")
            expect("(defined)" in command(["mdevctl", "list"])[1], "it is not mdevctl's")
            expect(self.used_by(FIRST) == f"mediated device {MDEV}", self.cells(FIRST))
            self.take(f"{etc}/{RULE}")  # a second `udevadm trigger` harms nothing
            self.virsh("create", "--paused", self.file("one.xml", domain("one", hostdev())))
            self.take(f"{etc}/{RULE}")  # not even while the guest runs
            expect("vfio-ccw" in self.virsh("qemu-monitor-command", "one", "--hmp", "info qtree"), "the guest lost it")
            self.virsh("destroy", "one")
            expect(os.path.exists(f"/sys/bus/mdev/devices/{MDEV}"), "it was released")
        finally:
            os.unlink(f"/etc/{self.definition}")
            os.rmdir(f"/etc/mdevctl.d/{self.subchannel}")
        self.release_device()

    def number_shifted(self):
        """The definition names a subchannel that has another device by now: the right device is prepared all the same."""
        etc = self.etc()
        self.tool("export", FIRST, "--output", etc)
        self.take(f"{etc}/{RULE}")
        expect(os.path.exists(f"/sys/bus/mdev/devices/{MDEV}"), "no mediated device")
        self.release_device()

    def started_manually(self):
        etc = self.etc()
        self.tool("export", "--manual", FIRST, "--output", etc)
        self.take(f"{etc}/{RULE}")
        expect(not os.path.exists(f"/sys/bus/mdev/devices/{MDEV}"), "it was started")
        command(["mdevctl", "start", "-u", MDEV, "-p", self.subchannel, "--jsonfile", f"{etc}/{self.definition}"])
        expect(os.path.exists(f"/sys/bus/mdev/devices/{MDEV}"), "no mediated device")
        self.release_device()


def inside(virt_ccw):
    with temporary_folder() as folder:
        steps, test = Steps(False), ListTest(virt_ccw, folder)
        steps.run("list shows what sysfs has", test.as_sysfs_has_it)
        steps.run("list shows who has a device", test.who_has_it)
        steps.run("list shows the type of a detached device", test.what_a_detached_device_is)
        steps.run("export rejects errors, and writes no file then", test.export_rejects)
        steps.run("the same for a device, a domain and an XML", test.the_same_by_each_way)
        steps.run("ready at boot: udev, mdevctl, libvirt, a guest", test.at_boot)
        steps.run("with another subchannel's number", test.number_shifted)
        steps.run("started by mdevctl start", test.started_manually)
        steps.done()


sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
