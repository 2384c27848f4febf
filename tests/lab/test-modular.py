#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices with a modular libvirt: virtccwd before virtqemud, which gets node devices from virtnodedevd; in a lab,
beside its own libvirtd. Then without virtccwd. Needs modular daemons (docs/deployment.md). Run as: test-modular.py
VIRT-CCW"""

import os
import signal
import subprocess
import sys

from files import read, write
from hosttree import differences, snapshot
from labtest import domain, hostdev, inside_a_lab
from private_libvirt import no_modular
from steps import Steps, command, expect
from tap import skip_all
from waiting import wait_until

INSIDE = "LIBVIRT_CCW_TEST_MODULAR"
FOLDERS = ("/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt", "/etc/libvirt")
OWN = "/run/libvirt-ccw-modular"
BACKEND, RUN = f"{OWN}/backend", f"{OWN}/run"
LAB_BIN = "/run/libvirt-ccw/bin"
URI = "qemu:///system?mode=direct"
CCW = "ccw_0_0_1234"
UUID = "cc390000-0001-8000-8000-000000001234"
DAEMONS = ("virtqemud", "virtnodedevd")
OPEN = 'auth_unix_rw = "none"\nauth_unix_ro = "none"\n'


def programs():
    """Returns their folder, or None."""
    folder = os.environ.get("CCW_MODULAR_LIBVIRT") or "/usr/sbin"
    return folder if all(os.path.exists(f"{folder}/{name}") for name in DAEMONS) else None


class ModularTest:
    def __init__(self, virt_ccw):
        self.virt_ccw = virt_ccw
        self.running = {}
        qemu_conf = read("/etc/libvirt/qemu.conf")
        for folder in FOLDERS:
            command(["mount", "-t", "tmpfs", "none", folder])
        for folder in (BACKEND, RUN, "/etc/libvirt/hooks", "/var/log/libvirt/qemu"):
            os.makedirs(folder)
        write("/etc/libvirt/qemu.conf", qemu_conf + "namespaces = []\n")
        write("/etc/libvirt/virtnodedevd.conf", OPEN)
        self.before = snapshot()

    def start(self, name, argv, **extra):
        environment = dict(os.environ, SYSTEMD_DEVICE_VERIFY_SYSFS="0", **extra)
        with open(f"{OWN}/{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)

    def stop(self, name):
        self.running[name].send_signal(signal.SIGTERM)
        expect(self.running[name].wait(timeout=30) == 0, f"{name} did not end well")

    def start_virtqemud(self, settings=""):
        write("/etc/libvirt/virtqemud.conf", OPEN + settings)
        self.start("virtqemud", [f"{programs()}/virtqemud"], LD_PRELOAD=f"{LAB_BIN}/libvirt-ccw-vfio.so")

    def virsh(self, *arguments, **kwargs):
        return command(["virsh", "-q", "-c", URI, *arguments], **kwargs)[1]

    def expect_as_before(self):
        wait_until(lambda: not differences(self.before, snapshot()), "the host is as it was")

    def starts(self):
        write("/etc/libvirt/hooks/qemu", f'#!/bin/sh\nexec {self.virt_ccw} hook --run-dir {RUN} -- "$@"\n', 0o755)
        self.start("virtnodedevd", [f"{programs()}/virtnodedevd"])
        self.start_virtqemud(f'unix_sock_dir = "{BACKEND}"\n')
        wait_until(lambda: os.path.exists(f"{BACKEND}/virtqemud-sock") and os.path.exists("/run/libvirt/virtnodedevd-sock"),
                   "the daemons listen")
        self.start("virtccwd", [os.path.join(os.path.dirname(self.virt_ccw), "virtccwd"), "--socket-name", "virtqemud-sock",
                                "--backend-dir", BACKEND, "--run-dir", RUN])
        wait_until(lambda: os.path.exists("/run/libvirt/virtqemud-sock"), "virtccwd listens")
        wait_until(lambda: CCW in self.virsh("nodedev-list", "--cap", "ccw").split(), "virtnodedevd has its devices")

    def detached(self):
        self.virsh("nodedev-detach", CCW)
        expect(CCW in self.virsh("nodedev-list", "--cap", "ccw").split(), "it is gone from the list")
        expect("vfio_ccw" in self.virsh("nodedev-dumpxml", CCW), "it is not on vfio_ccw")
        self.virsh("nodedev-reattach", CCW)
        self.expect_as_before()

    def hot_plug(self):
        self.virsh("create", "--paused", write(f"{OWN}/one.xml", domain("one")))
        xml = write(f"{OWN}/hostdev.xml", hostdev())
        self.virsh("attach-device", "one", xml, "--live")
        expect("type='ccw' managed='yes'" in self.virsh("dumpxml", "one"), "it is not in the domain")
        expect(os.path.exists(f"/sys/bus/mdev/devices/{UUID}"), "it was not taken")
        self.virsh("detach-device", "one", xml, "--live")
        self.expect_as_before()
        self.virsh("destroy", "one")

    def cold_start(self):
        """The hook acquires the device, and releases it."""
        self.virsh("define", write(f"{OWN}/two.xml", domain("two", hostdev())))
        self.virsh("start", "--paused", "two")
        expect(os.path.exists(f"/sys/bus/mdev/devices/{UUID}"), "it was not taken")

    def removed(self):
        """The guest continues to run; stock libvirt has it, on its own socket, and its end releases the device."""
        self.stop("virtccwd")
        self.stop("virtqemud")
        self.start_virtqemud()
        wait_until(lambda: command(["virsh", "-c", URI, "uri"], check=False)[0] == 0, "virtqemud answers")
        expect("paused" in self.virsh("domstate", "two"), "the guest has ended")
        xml = self.virsh("dumpxml", "two")
        expect(UUID in xml and "type='mdev'" in xml, xml)
        self.virsh("destroy", "two")
        self.expect_as_before()
        self.virsh("start", "--paused", "two")  # the hook is still installed
        self.virsh("destroy", "two")
        self.virsh("undefine", "two")
        self.expect_as_before()


def inside(virt_ccw):
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable] + sys.argv)
    steps = Steps(False)
    for name in (*DAEMONS, "virtccwd"):
        steps.log(f"{OWN}/{name}.log")
    test = ModularTest(virt_ccw)
    for name, function in (("virtccwd before virtqemud", test.starts), ("an administrator detaches it", test.detached),
                           ("attached and detached", test.hot_plug), ("a guest starts with it", test.cold_start),
                           ("without virtccwd", test.removed)):
        steps.run(name, function)
    steps.done()


def main():
    if os.geteuid() != 0:
        skip_all("it needs root")
    if not programs():
        skip_all(no_modular())
    return inside_a_lab(__file__, inside, ["0.0.1234"])


if __name__ == "__main__":
    sys.exit(main())
