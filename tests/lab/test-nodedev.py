#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Node devices through stock virsh, libvirt's Python, virt-install and virt-xml: detached and reattached by an
administrator, always visible, and attached to guests by their names. The guests are paused, or have no kernel. Run as:
test-nodedev.py VIRT-CCW"""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from files import temporary_folder
from hosttree import differences, snapshot
from labtest import DAEMON_LOGS, domain, hostdev, inside_a_lab
from steps import Steps, command, expect
from waiting import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))

FIRST, SECOND = "0.0.1234", "0.0.1235"
CCW, OTHER = "ccw_0_0_1234", "ccw_0_0_1235"
BACKEND = "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock"
PCI_NAME = "pci_0000_00_02_0"
ONLINE = f"/sys/bus/ccw/devices/{FIRST}/online"
JOURNAL = f"/run/libvirt-ccw/devices/{FIRST}.json"
ADVERTISED = "cc390000-0001-8000-8000-000100001234"
MDEV = "/sys/bus/mdev/devices/cc390000-0001-8000-8000-000000001234"
INSTALL = ("virt-install --name install --memory 64 --vcpus 1 --arch s390x --machine s390-ccw-virtio --virt-type qemu "
           "--osinfo generic --disk none --network none --import --graphics none --noautoconsole --memballoon none "
           "--events on_crash=preserve").split()

LISTENER = """
import libvirt, signal
signal.alarm(60)
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open()
connection.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
                                      lambda conn, device, event, detail, data: print(device.name(), event), None)
print("ready")
while True:
    libvirt.virEventRunDefaultImpl()
"""


class NodeTest:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.before = snapshot()
        self.css = ElementTree.fromstring(self.virsh("nodedev-dumpxml", CCW)).findtext("parent")

    # Tools.

    def virsh(self, *args):
        return command(["virsh", "-q", *args])[1]

    def fails(self, words, *args):
        code, output = command(["virsh", "-q", *args], check=False)
        expect(code == 1, f"exit code {code} of virsh {' '.join(args)}: {output}")
        expect(words in output, f"virsh {' '.join(args)} does not say '{words}': {output}")
        return output

    def operate(self, verb, *names):
        """Operates on a device by either of its names, as virsh does."""
        said = {"detach": "detached", "reattach": "re-attached", "reset": "reset"}[verb]
        for name in names or (CCW,):
            output = command(["virsh", f"nodedev-{verb}", name])[1]
            expect(output == f"Device {name} {said}", output)

    def as_before(self):
        return not differences(self.before, snapshot()) and not os.path.exists(JOURNAL)

    def expect_as_before(self):
        lines = differences(self.before, snapshot())
        expect(not lines, "\n".join(lines))
        expect(not os.path.exists(JOURNAL), f"there is still {JOURNAL}")
        self.virsh("nodedev-dumpxml", CCW)

    def expect_detached(self):
        expect(os.path.exists(MDEV), "no mediated device")
        with open(JOURNAL, encoding="utf-8") as file:
            record = json.load(file)
        expect((record["state"], record["domain"]) == ("owned", None), f"the journal has {record}")

    def described(self, name):
        """Returns (driver, parent, types of the capabilities, the first one's uuid), after validating the XML against
        the schema."""
        text = self.virsh("nodedev-dumpxml", name)
        path = os.path.join(self.folder, "device.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        command([self.virt_ccw, "validate", path])
        device = ElementTree.fromstring(text)
        expect(device.findtext("name") == name, text)
        expect(os.path.isdir(device.findtext("path")), f"there is no {device.findtext('path')}")
        return (device.findtext("driver/name"), device.findtext("parent"),
                [capability.get("type") for capability in device.findall("capability")],
                device.findtext("capability/uuid"))

    def start(self, managed):
        path = os.path.join(self.folder, "domain.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(domain("one", hostdev(managed=managed)))
        self.virsh("create", "--paused", path)

    # Steps.

    def there_and_back(self):
        for detach in (("nodedev-detach", CCW), ("nodedev-detach", CCW, "--driver", "vfio_ccw"),
                       ("nodedev-detach", CCW, "--driver", "vfio-ccw"),
                       ("nodedev-detach", self.css)):
            for name in (CCW, self.css):
                self.virsh(*detach)
                self.expect_detached()
                self.operate("detach", CCW, self.css)  # it is already
                self.operate("reset", CCW, self.css)
                self.expect_detached()
                self.operate("reattach", name)
                self.expect_as_before()
        self.operate("reattach", CCW, self.css)  # it is already
        self.operate("reset", CCW, self.css)
        self.expect_as_before()

    def rejections(self):
        # libvirt 10 and later first check whether the host has VFIO, which a lab has not.
        stock = self.fails("error", "-c", BACKEND, "nodedev-detach", "computer", "--driver", "foo")
        self.fails(stock.splitlines()[-1], "nodedev-detach", CCW, "--driver", "foo")
        self.fails("device computer is not a PCI device", "nodedev-reset", "computer")
        for verb in ("detach", "reattach", "reset"):
            self.fails(f"no node device with matching name '{PCI_NAME}'", f"nodedev-{verb}", PCI_NAME)
            self.fails("no node device with matching name 'ccw_0_0_4321'", f"nodedev-{verb}", "ccw_0_0_4321")
        self.fails("read only access", "-r", "nodedev-detach", CCW)
        self.expect_as_before()

    def host_uses_it(self):
        with open(ONLINE, "rb") as file:
            expect(file.read() == b"1\n", "it is not online")
        subchannel = self.css[len("css_"):].replace("_", ".")
        create = f"/sys/bus/css/devices/{subchannel}/mdev_supported_types/vfio_ccw-io/create"
        self.operate("detach")
        with open(f"{MDEV}/remove", "w", encoding="ascii") as file:
            file.write("1")
        other = "11111111-2222-4333-8444-555555555555"
        with open(create, "w", encoding="ascii") as file:
            file.write(other)
        self.fails(f"holds mediated device {other}", "nodedev-reattach", CCW)
        with open(f"/sys/bus/mdev/devices/{other}/remove", "w", encoding="ascii") as file:
            file.write("1")
        self.operate("reattach")
        self.expect_as_before()

    def found_offline(self):
        with open(ONLINE, "w", encoding="ascii") as file:
            file.write("0")
        self.operate("detach", self.css)
        expect(self.described(CCW)[0] == "vfio_ccw", "it is not shown")
        self.operate("reattach")
        with open(ONLINE, "r+", encoding="ascii") as file:
            expect(file.read() == "0\n", "it was offline, and is online now")
            file.write("1")
        wait_until(self.as_before, "the host is as it was before")
        wait_until(lambda: CCW in self.virsh("nodedev-list").split(), "libvirt lists it again")

    def stays_visible(self):
        self.operate("detach")
        for arguments in ((), ("--cap", "ccw"), ("--tree",)):
            names = self.virsh("nodedev-list", *arguments).split()
            expect(names.count(CCW) == 1 and names.count(OTHER) == 1, f"nodedev-list {arguments}: {names}")
        expect(CCW not in self.virsh("nodedev-list", "--cap", "css").split(), "it is no css device")
        info = dict(line.split(":") for line in self.virsh("nodedev-info", CCW).splitlines() if line)
        info = {key: value.strip() for key, value in info.items()}
        expect(info["Parent"] == self.css and info["Active"] == "yes", f"nodedev-info: {info}")
        script = ("import libvirt; c = libvirt.open(); d = c.nodeDeviceLookupByName('%s'); "
                  "assert '%s' in c.listDevices('ccw', 0) and c.numOfDevices('ccw', 0) == len(c.listDevices('ccw', 0)); "
                  "assert len(c.listAllDevices()) == c.numOfDevices(None, 0) == len(c.listDevices(None, 0)); "
                  "assert d.parent() == '%s' and d.listCaps() == ['ccw'] and d.numOfCaps() == 1 and d.isActive()")
        command(["/usr/bin/python3", "-c", script % (CCW, CCW, self.css)])
        expect(self.described(CCW) == ("vfio_ccw", self.css, ["mdev", "ccw"], ADVERTISED), self.described(CCW))
        for verb in ("destroy", "autostart"):
            self.fails("Unsupported device type", f"nodedev-{verb}", CCW)
        self.newer_calls()
        expect(self.described(self.css)[2:] == (["mdev", "css"], ADVERTISED), self.described(self.css))
        self.operate("reattach")
        expect(self.described(CCW)[0] == "dasd-eckd", "not the host's at once")
        expect(self.described(CCW)[1:] == (self.css, ["mdev", "ccw"], ADVERTISED), self.described(CCW))

    def newer_calls(self):
        """A libvirt that has these calls gives the same answer about a detached device as about one that the host has."""
        if command(["virsh", "help", "nodedev-update"], check=False)[0] == 0:
            with open(os.path.join(self.folder, "update.xml"), "w", encoding="utf-8") as file:
                file.write(self.virsh("nodedev-dumpxml", CCW))
            answers = [command(["virsh", "nodedev-update", node, file.name], check=False) for node in (OTHER, CCW)]
            answers = [(code, output.replace(OTHER, CCW)) for code, output in answers]
            expect(answers[0] == answers[1] and answers[0][0] == 1, f"nodedev-update: {answers}")
        if command(["virsh", "nodedev-list", "--persistent"], check=False)[0] == 0:
            for arguments in (("--persistent",), ("--transient",), ("--persistent", "--cap", "ccw"), ("--transient", "--cap", "ccw")):
                names = self.virsh("nodedev-list", *arguments).split()
                expect(names.count(CCW) == names.count(OTHER) <= 1, f"nodedev-list {arguments}: {names}")

    def events(self):
        """libvirt's events: the ccw device goes and comes."""
        process = subprocess.Popen(["/usr/bin/python3", "-uc", LISTENER], stdout=subprocess.PIPE, text=True)
        try:
            expect(process.stdout.readline() == "ready\n", "no listener")
            self.operate("detach")
            self.operate("reattach")
            wanted = [f"{CCW} 1", f"{CCW} 0"]  # deleted, created
            for line in process.stdout:
                if line.strip() == wanted[0]:
                    wanted.pop(0)
                if not wanted:
                    break
            expect(not wanted, f"never said: {wanted}")
        finally:
            process.terminate()
            process.wait()
        self.expect_as_before()

    def used_by_guests(self):
        self.operate("detach")
        for managed in ("no", "yes"):
            self.start(managed)
            for verb in ("detach", "reattach", "reset"):
                self.fails(f"ccw device {FIRST} is in use by driver QEMU, domain one", f"nodedev-{verb}", CCW)
            self.virsh("destroy", "one")
            self.expect_detached()
        self.virsh("create", "--paused", self.plain())
        for managed in ("no", "yes"):
            path = os.path.join(self.folder, "hostdev.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(hostdev(managed=managed))
            self.virsh("attach-device", "one", path, "--live")
            self.fails("domain one", "nodedev-reattach", CCW)
            self.virsh("detach-device", "one", path, "--live")
            self.expect_detached()
        self.virsh("destroy", "one")
        self.operate("reattach")
        self.expect_as_before()

    def plain(self):
        path = os.path.join(self.folder, "plain.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(domain("one"))
        return path

    def managed_is_the_guests(self):
        self.start("yes")
        for verb in ("detach", "reattach", "reset"):
            self.fails(f"ccw device {FIRST} is in use by driver QEMU, domain one", f"nodedev-{verb}", CCW)
        expect(self.described(CCW)[0] == "vfio_ccw", "it is not shown with its driver")
        self.virsh("destroy", "one")
        wait_until(self.as_before, "the host is as it was before")

    def virt_manager(self):
        self.virsh("define", self.plain())
        self.virsh("start", "one", "--paused")
        output = command(["/usr/bin/python3", os.path.join(HERE, "virt-manager-calls.py"), CCW, "one"])[1]
        expect(output.splitlines() == ["listed: True", "domain capabilities: s390x"] + ["added: [('ccw', True)]"] * 2 +
               ["removed: 0"] * 2, output)
        self.virsh("destroy", "one")
        self.virsh("undefine", "one")
        wait_until(self.as_before, "the host is as it was before")

    def installed(self, name):
        """The guest has no kernel: it crashes, and its domain is preserved."""
        command([*INSTALL, "--hostdev", name], timeout=120, check=False)
        xml = self.virsh("dumpxml", "install")
        expect("<hostdev mode='subsystem' type='ccw' managed='yes'>" in xml and "devno='0x1234'/>" in xml, xml)
        expect(self.described(CCW)[0] == "vfio_ccw", "the guest does not have it")
        if "xpath" not in name:
            self.edited()
        self.virsh("destroy", "install")
        self.virsh("undefine", "install")
        wait_until(self.as_before, "the host is as it was before")

    def edited(self):
        command(["virt-xml", "install", "--add-device", "--hostdev", OTHER, "--update"])
        expect("devno='0x1235'/>" in self.virsh("dumpxml", "install"), "virt-xml has not added it")
        expect(self.described(OTHER)[0] == "vfio_ccw", "the guest does not have it")
        command(["virt-xml", "install", "--remove-device", "--hostdev", "2", "--update"])
        expect("devno='0x1235'/>" not in self.virsh("dumpxml", "install"), "virt-xml has not removed it")
        command(["virt-xml", "install", "--edit", "1", "--hostdev", "boot.order=1"])
        xml = self.virsh("dumpxml", "--inactive", "install")
        expect("<hostdev mode='subsystem' type='ccw' managed='yes'>" in xml and "<boot order='1'/>" in xml, xml)


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        test = NodeTest(virt_ccw, folder)
        steps.run("detached, reset and reattached by each name", test.there_and_back)
        steps.run("other devices are refused with libvirt's message", test.rejections)
        steps.run("another program's mediated device prevents reattaching", test.host_uses_it)
        steps.run("a device that was offline comes back offline", test.found_offline)
        steps.run("visible while it is detached, and after reattaching at once", test.stays_visible)
        steps.run("events are libvirt's own", test.events)
        steps.run("guests use a detached device, and leave it detached", test.used_by_guests)
        steps.run("a managed device of a guest is refused", test.managed_is_the_guests)
        for name in (CCW, test.css, "type=ccw,xpath.set=./source/address/@devno=0x1234"):
            steps.run(f"virt-install --hostdev {name}", test.installed, name)
        steps.run("the calls of virt-manager", test.virt_manager)
        steps.run("and the host is as it was", test.expect_as_before)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
