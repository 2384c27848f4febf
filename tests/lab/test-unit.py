#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd.service and virt-ccw-reconcile.service as they are installed, in their sandboxes, with a lab's devices. A
real systemd starts them; they detach, attach, release, load modules and find processes that have a device open.

    test-unit.py VIRT-CCW
"""

import json
import os
import subprocess
import sys

import files
import private_systemd
from deployment import SETUP, add_units, install
from hosttree import differences, snapshot
from labtest import domain, hostdev, inside_a_lab
from steps import Steps, command, expect
from tap import skip_all
from waiting import wait_until

COMPOSED = "LIBVIRT_CCW_TEST_COMPOSED"
LAB_BIN, LAB_SOCKET = "/run/libvirt-ccw/bin", "/run/libvirt-ccw/lab.sock"
LOG = "/run/virtccwd.log"
MODULE = "vfio_iommu_type1"
LOADED = "/sys/modprobe.log"
JOURNAL = "/run/libvirt-ccw/devices"
BUS_ID, CCW, UUID = "0.0.1234", "ccw_0_0_1234", "cc390000-0001-8000-8000-000000001234"
MDEV = f"/sys/bus/mdev/devices/{UUID}"
ANOTHER_USER = "64999"
# Replaces the kernel, which cannot load its modules into a lab.
MODPROBE = f"""#!/bin/sh
echo "$@" >>{LOADED}
mkdir -p /sys/module/{MODULE}
"""
OPEN = 'auth_unix_rw = "none"\nauth_unix_ro = "none"\n'


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return files.write(path, text, mode)


def mount_cgroups(folder):
    """Mounts the machine's own files: a lab shows none, and systemd needs them."""
    with open("/proc/self/cgroup", encoding="ascii") as file:
        named = "name=systemd" in file.read()
    if not named:
        command(["mount", "-t", "cgroup2", "none", folder])
        return
    command(["mount", "-t", "tmpfs", "-o", "mode=755", "none", folder])
    for name, arguments in (("systemd", ["cgroup", "-o", "none,name=systemd"]), ("unified", ["cgroup2"])):
        os.makedirs(f"{folder}/{name}")
        command(["mount", "-t", *arguments, "none", f"{folder}/{name}"])


def compose_sysfs():
    """The lab's /sys with parts that it lacks: cgroups, and modules that can be loaded and unloaded."""
    stage = private_systemd.STAGE
    command(["mount", "-t", "tmpfs", "-o", "mode=755", "none", stage])
    modules = [f"module/{name}" for name in os.listdir("/sys/module") if name != MODULE]
    for name in [name for name in os.listdir("/sys") if name not in ("fs", "module")] + modules:
        os.makedirs(f"{stage}/{name}")
        command(["mount", "--rbind", f"/sys/{name}", f"{stage}/{name}"])
    os.makedirs(f"{stage}/fs/cgroup")
    mount_cgroups(f"{stage}/fs/cgroup")
    command(["mount", "--move", stage, "/sys"])


class UnitTest:
    def __init__(self):
        self.before = None

    @staticmethod
    def virsh(*arguments, **kwargs):
        return command(["virsh", "-q", "-c", "qemu:///system", *arguments], **kwargs)[1]

    def expect_as_before(self):
        wait_until(lambda: not differences(self.before, snapshot()), "the host is as it was")

    @staticmethod
    def owner():
        """Returns the device's owner in the journal."""
        with open(f"{JOURNAL}/{BUS_ID}.json", encoding="utf-8") as file:
            return json.load(file)["domain"]

    def starts(self):
        for folder in ("/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"):
            command(["mount", "-t", "tmpfs", "none", folder])
        os.unlink("/etc/libvirt/hooks/qemu")  # the lab's own
        write("/etc/libvirt/libvirtd.conf", OPEN)
        write("/etc/libvirt/virtccwd.conf", OPEN)
        self.configure_qemu()
        write(f"{private_systemd.OWN}/libvirtd.service.d/lab.conf",
              f"[Service]\nEnvironment=LD_PRELOAD={LAB_BIN}/libvirt-ccw-vfio.so SYSTEMD_DEVICE_VERIFY_SYSFS=0\n"
              "LimitMEMLOCK=infinity\n")  # a lab may not raise it
        command(["mount", "--bind", write("/run/test-modprobe.sh", MODPROBE, 0o755), os.path.realpath("/sbin/modprobe")])
        self.before = snapshot()
        command([SETUP, "front", "libvirtd"], timeout=120)
        wait_until(lambda: CCW in self.virsh("nodedev-list", "--cap", "ccw").split(), "libvirtd has its devices")

    @staticmethod
    def configure_qemu():
        """The lab's user cannot reach the library: /run/libvirt-ccw is root's here. Of two settings, libvirt uses the
        first."""
        ours = {"user": '"+0"', "group": '"+0"', "namespaces": "[]", "cgroup_controllers": "[]"}
        with open("/etc/libvirt/qemu.conf", encoding="utf-8") as file:
            lines = [line for line in file if line.split("=")[0].strip() not in ours]
        lines += [f"{name} = {value}\n" for name, value in ours.items()]
        write("/etc/libvirt/qemu.conf", "".join(lines))

    def modules(self):
        """virtccwd may not load modules. systemd loads them when virtccwd starts, and when one is missing later."""
        expect(os.path.isdir(f"/sys/module/{MODULE}"), "they were not loaded at the start")
        os.rmdir(f"/sys/module/{MODULE}")
        os.unlink(LOADED)
        self.virsh("nodedev-detach", CCW)
        with open(LOADED, encoding="ascii") as file:
            loaded = file.read().split()
        expect(MODULE in loaded and "vfio_ccw" in loaded, loaded)
        expect("vfio_ccw" in self.virsh("nodedev-dumpxml", CCW), "it is not on vfio_ccw")

    def reattached(self):
        self.virsh("nodedev-reattach", CCW)
        self.expect_as_before()

    def open_elsewhere(self):
        """Another user's process has the device open: /proc shows that to root only with two capabilities."""
        self.virsh("nodedev-detach", CCW)
        group = os.path.basename(os.path.realpath(f"{MDEV}/iommu_group"))
        with open(f"/dev/vfio/{group}", "rb") as node, \
                subprocess.Popen(["setpriv", f"--reuid={ANOTHER_USER}", "--clear-groups", "sleep", "infinity"],
                                 stdin=node) as process:
            try:
                wait_until(lambda: os.stat(f"/proc/{process.pid}/fd").st_uid == int(ANOTHER_USER), "it is that user's")
                node.close()
                output = self.virsh("nodedev-reattach", CCW, check=False)
            finally:
                process.kill()
        expect(str(process.pid) in output and "sleep" in output, output)
        self.reattached()

    def attached(self):
        self.virsh("create", "--paused", write("/run/one.xml", domain("one")))
        self.virsh("attach-device", "one", write("/run/hostdev.xml", hostdev()), "--live")
        expect(os.path.exists(MDEV), "it was not taken")
        expect(self.owner(), "the journal has no owner")
        for path in (JOURNAL, f"{JOURNAL}/{BUS_ID}.json"):
            expect(not os.stat(path).st_mode & 0o022, f"others than root may write to {path}")

    def restarted(self):
        """A restarted virtccwd knows the device's owner."""
        owner = self.owner()
        command(["systemctl", "restart", "virtccwd.service"])
        expect("type='ccw' managed='yes'" in self.virsh("dumpxml", "one"), "it is not in the domain")
        expect(self.owner() == owner and os.path.exists(MDEV), "it went back")

    def detached(self):
        self.virsh("detach-device", "one", "/run/hostdev.xml", "--live")
        self.expect_as_before()
        self.virsh("destroy", "one")

    def hooked(self):
        """A guest starts and ends with the device: the hook acquires it, and virtccwd releases it if the hook does not."""
        self.virsh("define", write("/run/two.xml", domain("two", hostdev())))
        self.virsh("start", "--paused", "two")
        expect(os.path.exists(MDEV), "it was not taken")
        self.virsh("destroy", "two")
        self.expect_as_before()

    def reconciled(self):
        """A killed hook has left a device. virt-ccw-reconcile.service releases it without virtccwd."""
        xml = command(["virsh", "-c", "qemu:///system", "dumpxml", "two"])[1]
        command([SETUP, "hook", "libvirtd"], timeout=120)
        claim = subprocess.run(["virt-ccw", "hook", "--", "two", "prepare", "begin", "-"], input=xml, text=True, check=False,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect(claim.returncode == 0 and os.path.exists(MDEV), claim.stdout)
        command(["systemctl", "restart", "virt-ccw-reconcile.service"])
        self.expect_as_before()
        command([SETUP, "remove"], timeout=120)


def tests(virt_ccw):
    steps = Steps(False)
    steps.log(LOG)
    install(os.path.dirname(os.path.dirname(os.path.dirname(virt_ccw))))
    add_units("/lib/systemd/system/libvirtd*.socket", "/lib/systemd/system/libvirtd.service",
              "/lib/systemd/system/virtlo[gc]*.socket", "/lib/systemd/system/virtlo[gc]*d.service")
    private_systemd.log_service("virtccwd.service", LOG)
    test = UnitTest()
    for name, function in (("virtccwd in front, by systemd", test.starts), ("modules are loaded by systemd", test.modules),
                           ("reattached", test.reattached), ("another user has it open", test.open_elsewhere),
                           ("attached to a guest that runs", test.attached), ("virtccwd restarts", test.restarted),
                           ("detached from it", test.detached), ("a guest starts with it", test.hooked),
                           ("virt-ccw-reconcile.service", test.reconciled)):
        steps.run(name, function)
    steps.done()


def inside(virt_ccw):
    if not os.environ.get(COMPOSED):
        os.environ[COMPOSED] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable] + sys.argv)
    if not os.environ.get(private_systemd.INSIDE):
        compose_sysfs()
    private_systemd.run(lambda: tests(virt_ccw), keep=(LAB_BIN, LAB_SOCKET), network=False)


def main():
    if os.geteuid() != 0 or not os.path.exists(private_systemd.SYSTEMD):
        skip_all(f"it needs root and {private_systemd.SYSTEMD}")
    return inside_a_lab(__file__, inside, [BUS_ID])


if __name__ == "__main__":
    sys.exit(main())
