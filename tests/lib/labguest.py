# SPDX-License-Identifier: LGPL-2.1-or-later
"""Common parts of the guest programs in tests/guest: a lab's libvirt, a domain with the test guest, and its options."""

import argparse
import os
import re
import time

from guest import BOOT_SECONDS, Guest, REBOOT_CACHE, when_free
from hosttree import differences, snapshot
from steps import SLOWER, Steps, command, expect

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST_FILES = os.path.join(HERE, "..", "guest")
BUS_ID = "0.0.1234"
NODE_DEVICE = "ccw_0_0_1234"
DEVICE_XML = os.path.join(GUEST_FILES, "dasd.xml")
DIRECT_BOOT = """    <kernel>{}</kernel>
    <initrd>{}</initrd>
    <cmdline>console=ttysclp0 panic=-1</cmdline>
"""
# The guest gets a machine check for a device and handles it asynchronously. /proc/cio_settle waits for the devices that
# the guest already knows. So the loop ends as soon as the device has come or gone, and the command's deadline bounds
# it.
WAIT_FOR_DEVICE = f"until [ -e /sys/bus/ccw/devices/{BUS_ID} ]; do echo 1 >/proc/cio_settle; done"
WAIT_FOR_NO_DEVICE = f"while [ -e /sys/bus/ccw/devices/{BUS_ID} ]; do echo 1 >/proc/cio_settle; done"


def options(description, *extra):
    """Parses the options of tests/guest/run-in-lab, and those of the program: (name, keywords) each."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--image", required=True, help=f"of the DASD {BUS_ID} in this lab")
    parser.add_argument("--workdir", required=True, help="an empty folder for the domain's XML, socket and console log")
    parser.add_argument("--memory", type=int, default=1024, help="MiB of guest memory")
    parser.add_argument("--plain", action="store_true", help="for a person instead of a test harness")
    for name, keywords in extra:
        parser.add_argument(name, **keywords)
    return parser.parse_args()


def device_xml():
    with open(DEVICE_XML, encoding="utf-8") as file:
        return file.read()


def give_to_guests(folder):
    """Gives a folder to the user that libvirt's qemu.conf names: this user makes the guest's sockets and logs in it."""
    try:
        with open("/etc/libvirt/qemu.conf", encoding="utf-8") as file:
            owners = dict(re.findall(r'^(user|group) = "\+?(\d+)"$', file.read(), re.MULTILINE))
    except OSError:
        return
    os.chown(folder, int(owners.get("user", 0)), int(owners.get("group", 0)))


class LabGuest:
    """A domain of the lab. Each method is a step or a part of one: it raises StepFailed or GuestError."""

    def __init__(self, opts, steps=None, name="ccw-guest"):
        self.options = opts
        self.steps = steps or Steps(opts.plain)
        self.name = name
        self.guest = None
        self.before = None
        give_to_guests(opts.workdir)
        self.console = os.path.join(opts.workdir, f"{name}-console.log")
        self.socket = os.path.join(opts.workdir, f"{name}.sock")
        self.xml_path = os.path.join(opts.workdir, f"{name}.xml")
        for path in (self.console, "/var/log/libvirt/libvirtd.log", "/var/log/libvirt/virtccwd.log",
                     f"/var/log/libvirt/qemu/{name}.log"):
            self.steps.log(path)

    def try_virsh(self, *args, **kwargs):
        self.steps.note("$ virsh " + " ".join(args))
        return command(["virsh", *args], check=False, **kwargs)

    def virsh(self, *args, **kwargs):
        self.steps.note("$ virsh " + " ".join(args))
        return command(["virsh", *args], **kwargs)[1]

    def in_guest(self, text, repeats=False, **kwargs):
        """repeats: while udev may still read the disk."""
        self.steps.note("guest# " + text)
        return self.guest.run(when_free(text) if repeats else text, **kwargs)

    def host_shows_device(self):
        self.node_device_listed()
        self.before = snapshot()

    def define(self, devices="", direct_boot=True, on_crash="destroy"):
        """Starts the guest with more devices, as XML. Without direct_boot it needs one among them from which it can
        boot."""
        with open(os.path.join(GUEST_FILES, "guest.xml.in"), encoding="utf-8") as file:
            template = file.read()
        boot = DIRECT_BOOT.format(self.options.kernel, self.options.initrd) if direct_boot else ""
        values = {"NAME": self.name, "MEMORY": self.options.memory, "BOOT": boot, "CACHE": REBOOT_CACHE,
                  "CONSOLE": self.console, "SOCKET": self.socket, "DEVICES": devices, "CRASH": on_crash}
        with open(self.xml_path, "w", encoding="utf-8") as file:
            file.write(re.sub("@([A-Z]+)@", lambda match: str(values[match.group(1)]), template))
        self.virsh("define", self.xml_path)

    def start(self, boot_seconds=BOOT_SECONDS):
        self.virsh("start", self.name)
        self.connect()
        self.guest.await_boot(self.console, boot_seconds)
        self.steps.note(self.in_guest("uname -srm; free -m | sed -n 2p"))

    def connect(self):
        with open(f"/run/libvirt/qemu/{self.name}.pid", encoding="ascii") as file:
            self.guest = Guest(self.socket, int(file.read()))

    def sees_device(self):
        self.in_guest(WAIT_FOR_DEVICE)
        device = self.in_guest(f"lscss -d {BUS_ID} | tail -n 1")
        self.steps.note(device)
        expect("3390/" in device and "3990/" in device, "the guest does not see a 3390 behind a 3990: " + device)

    def online(self):
        self.in_guest(f"chccwdev -e {BUS_ID}", timeout=120)
        self.steps.note(self.in_guest("lsdasd"))

    def format(self, volser="LNX390"):
        shown = [0]

        def progress(line):
            percent = re.search(r"(\d+)\s*%", line)
            if percent and int(percent.group(1)) >= shown[0]:
                shown[0] = int(percent.group(1)) + 20
                self.steps.note(line.strip())
        self.in_guest(f"dasdfmt -b 4096 -l {volser} -y -P /dev/dasda", repeats=True, timeout=300, progress=progress)
        self.in_guest("fdasd -a -k /dev/dasda", repeats=True, timeout=120)
        self.in_guest("mkfs.ext4 -q /dev/dasda1", timeout=120)
        self.steps.note(self.in_guest("fdasd -p /dev/dasda | tail -n 5"))

    def node_device_listed(self):
        """libvirt learns of a node device asynchronously, by a uevent: asks until libvirt knows it, or the deadline is
        over."""
        deadline = time.monotonic() + 10 * SLOWER
        names = self.virsh("nodedev-list", "--cap", "ccw").split()
        while NODE_DEVICE not in names and time.monotonic() < deadline:
            names = command(["virsh", "nodedev-list", "--cap", "ccw"])[1].split()
        self.steps.note("\n".join(names))
        expect(NODE_DEVICE in names, f"virsh nodedev-list lacks {NODE_DEVICE}")

    def device_is_away(self):
        expect(differences(self.before, snapshot()), "the host's device is as it was, and yet the guest has it")
        xml = self.virsh("nodedev-dumpxml", NODE_DEVICE)
        expect("<name>vfio_ccw</name>" in xml, f"{NODE_DEVICE} has another driver:\n{xml}")

    def host_as_found(self):
        lines = differences(self.before, snapshot())
        expect(not lines, "the host side is not as it was found:\n" + "\n".join(lines))
        self.node_device_listed()

    def no_dasd_error(self):
        bad = self.guest.dasd_complaints()
        expect(not bad, "the guest's kernel complains of the device:\n" + "\n".join(bad))

    def destroy(self):
        self.virsh("destroy", self.name)
        self.guest.close()
        self.virsh("undefine", self.name)
