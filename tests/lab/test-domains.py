#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains with a ccw device, by usual clients: defined with virt-xml, started automatically, transient, destroyed with
their client; and the errors of unsupported operations. The guests are paused and have no kernel. Run as:
test-domains.py VIRT-CCW"""

import os
import signal
import subprocess
import sys

from files import temporary_folder, write
from hosttree import differences, snapshot
from labtest import DAEMON_LOGS, domain, hostdev, inside_a_lab
from steps import Steps, StepSkipped, command, expect
from waiting import wait_until

FIRST, SECOND = "0.0.1234", "0.0.1235"
SOCKET = "/run/libvirt/libvirt-sock"
LOG = "/var/log/libvirt/virtccwd.log"


def virsh(*args):
    return command(["virsh", "-q", *args])[1]


class DomainsTest:
    def __init__(self, folder):
        self.folder = folder
        self.before = snapshot()

    def file(self, xml, name="device"):
        return write(os.path.join(self.folder, f"{name}.xml"), xml)

    def fails(self, words, *args):
        code, output = command(["virsh", "-q", *args], check=False)
        expect(code == 1, f"exit code {code} of virsh {' '.join(args)}: {output}")
        expect(words in output, f"virsh {' '.join(args)} does not say '{words}': {output}")
        expect("cc390000" not in output.lower(), f"our UUID shows: {output}")

    def comes_back(self):
        wait_until(lambda: not differences(self.before, snapshot()), "the host is as it was before")

    def has_it(self, devno="0x1234"):
        xml = virsh("dumpxml", "one")
        expect("type='ccw' managed='yes'" in xml and f"devno='{devno}'" in xml, xml)
        expect("vfio-ccw" in virsh("qemu-monitor-command", "one", "--hmp", "info qtree"), "QEMU has it not")

    def edited(self):
        """virt-xml --edit, --remove-device and --add-device, of what virsh defined."""
        virsh("define", "--validate", self.file(domain("one", hostdev("0x1235")), "one"))
        edit = ["virt-xml", "one", "--edit", "--hostdev", "xpath.set=./source/address/@devno=0x1234"]
        command(edit, timeout=120)
        xml = virsh("dumpxml", "one")
        expect("devno='0x1234'/>" in xml and "type='ccw' managed='yes'" in xml, f"not edited:\n{xml}")
        command(["virt-xml", "one", "--edit", "--metadata", "title=edited"], timeout=120)
        expect("type='ccw' managed='yes'" in virsh("dumpxml", "one"), "an edit of something else lost it")
        virsh("start", "one", "--paused")
        self.has_it()

    def cannot(self):
        words = f"cannot migrate a domain with <hostdev mode='subsystem' type='ccw'>: detach ccw device {FIRST} first"
        to = f"qemu+unix:///system?socket={SOCKET}"
        self.fails(words, "migrate", "--live", "one", to)
        self.fails(words, "migrate", "--live", "--p2p", "one", to)
        self.fails("non-migratable device", "save", "one", os.path.join(self.folder, "image"))
        self.fails("non-migratable device", "managedsave", "one")
        self.fails("is not supported", "update-device", "one", self.file(hostdev(inside="<boot order='1'/>")), "--live")
        self.has_it()

    def with_iommufd(self):
        """libvirt binds only PCI devices to the domain's iommufd, so that a domain with iommufd can start with a ccw
        device, and attach one."""
        virsh("define", self.file(domain("one", hostdev(), "<iommufd enabled='yes'/>"), "one"))
        if "<iommufd enabled='yes'" not in virsh("dumpxml", "one"):
            raise StepSkipped("this libvirt has no iommufd for a domain")
        virsh("start", "one", "--paused")
        self.has_it()
        virsh("detach-device", "one", self.file(hostdev()), "--live")
        self.comes_back()
        virsh("attach-device", "one", self.file(hostdev()), "--live")
        self.has_it()
        virsh("destroy", "one")
        self.comes_back()
        self.fails("binds only PCI devices to an iommufd", "define",
                   self.file(domain("one", hostdev(inside="<driver iommufd='yes'/>")), "one"))

    def snapshots(self):
        """Deletes the definition, which another one replaces."""
        virsh("destroy", "one")
        self.comes_back()
        virsh("define", self.file(domain("one", hostdev()), "one"))
        text = f"""<domainsnapshot><name>s1</name><state>shutoff</state><creationTime>1700000000</creationTime>
<memory snapshot='no'/>{virsh("dumpxml", "one")}</domainsnapshot>"""
        virsh("snapshot-create", "one", "--redefine", self.file(text, "snapshot"))
        xml = virsh("snapshot-dumpxml", "one", "s1")
        expect("type='ccw' managed='yes'" in xml and "cc390000" not in xml, xml)
        virsh("detach-device", "one", self.file(hostdev()), "--config")
        expect("<hostdev" not in virsh("dumpxml", "one"), "it is still there")
        virsh("snapshot-revert", "one", "s1")
        expect("type='ccw' managed='yes'" in virsh("dumpxml", "one"), "the snapshot did not bring it back")
        virsh("snapshot-delete", "one", "s1")

    def autostarted(self):
        """libvirtd starts the domain by itself: no client calls virtccwd, and the hook acquires the device."""
        virsh("autostart", "one")
        expect("one" in virsh("list", "--all", "--autostart", "--name"), "it would not start by itself")
        stock = "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock"
        command(["virsh", "-c", stock, "start", "one", "--paused"])
        self.has_it()
        virsh("destroy", "one")
        self.comes_back()
        virsh("autostart", "one", "--disable")
        virsh("undefine", "one")

    def transient(self):
        virsh("create", "--paused", "--validate", self.file(domain("one", hostdev()), "one"))
        self.has_it()
        virsh("detach-device", "one", self.file(hostdev()), "--live")
        self.comes_back()
        virsh("attach-device", "one", self.file(hostdev()), "--live")
        virsh("destroy", "one")
        self.comes_back()
        expect("one" not in virsh("list", "--all", "--name").split(), "it did not go")

    def autodestroyed(self):
        """The domain ends with the client that created it, however that client ends."""
        path = self.file(domain("one", hostdev()), "one")
        for end in (signal.SIGTERM, signal.SIGKILL):
            with subprocess.Popen(["virsh", "-q"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  text=True) as client:
                client.stdin.write(f"create --autodestroy --paused {path}\n")
                client.stdin.flush()
                wait_until(lambda: command(["virsh", "domid", "one"], check=False)[0] == 0, "it runs")
                self.has_it()
                client.send_signal(end)
            wait_until(lambda: command(["virsh", "domid", "one"], check=False)[0] != 0, "it is destroyed")
            self.comes_back()

    def end(self):
        expect(not differences(self.before, snapshot()), "the host is not as it was")
        with open(LOG, encoding="utf-8") as file:
            bad = [line for line in file if "CRITICAL" in line or "WARNING" in line]
        expect(not bad, "virtccwd complains: " + "".join(bad))


def inside(_virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        test = DomainsTest(folder)
        steps.run("defined with --validate, edited with virt-xml, started", test.edited)
        steps.run("migrate, save and update fail with a reason", test.cannot)
        steps.run("snapshots of its definition", test.snapshots)
        steps.run("in a domain with an iommufd", test.with_iommufd)
        steps.run("autostart, and a start that virtccwd does not see", test.autostarted)
        steps.run("a transient domain", test.transient)
        steps.run("one that is destroyed with its client", test.autodestroyed)
        steps.run("and the host is as it was", test.end)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
