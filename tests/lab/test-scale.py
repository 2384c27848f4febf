#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many devices: 256 are listed in one pass over sysfs; 64 of them are acquired in parallel for one domain that starts,
all or none, and are released. The guests are paused. Run as: test-scale.py VIRT-CCW"""

import json
import os
import re
import sys

from files import temporary_folder
from killing import HookTrace
from labtest import DAEMON_LOGS, domain, hostdev, inside_a_lab
from steps import Steps, command, expect
from waiting import wait_until

DEVNOS = range(0x1000, 0x1100)
OF_DOMAIN = DEVNOS[:64]
CALLS_A_DEVICE = 100  # some 50 in a lab, 94 with a disk of one partition; reading all devices for each would take thousands


def bus_id(devno):
    return f"0.0.{devno:04x}"


BUS_IDS = [bus_id(devno) for devno in DEVNOS]


class ScaleTest:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.before = self.state()

    def list(self, *args):
        return json.loads(command([self.virt_ccw, "list", "--json", *args])[1])

    def xml(self, name, devnos):
        path = os.path.join(self.folder, f"{name}.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(domain(name, "".join(hostdev(f"0x{devno:04x}") for devno in devnos)))
        return path

    def used(self):
        """The devices of this test: the emulated mainframe has others."""
        return [(device["device"], device["in_use_by"][0]["name"]) for device in self.list("--used")
                if device["device"] in BUS_IDS]

    def state(self):
        """The important attributes of all devices: reading all attributes takes seconds."""
        overrides = []
        for device in self.list():
            with open(f"/sys/bus/css/devices/{device['subchannel']}/driver_override", encoding="ascii") as file:
                overrides.append((device, file.read()))
        return overrides

    def expect_as_before(self):
        wait_until(lambda: self.state() == self.before, "the host is as it was before")
        expect(not [name for name in os.listdir("/run/libvirt-ccw/devices") if name.endswith(".json")],
               "there are still entries")

    def listed(self):
        devices = [device["device"] for device in self.list()]
        expect(devices[:len(BUS_IDS)] == BUS_IDS and devices == sorted(devices), devices)
        lines = command([self.virt_ccw, "list"])[1].splitlines()[1:]
        columns = {line.index("3990/") for line in lines[:len(BUS_IDS)]}
        expect(len(lines) == len(devices) and len(columns) == 1, lines[:3])

    def in_one_pass(self):
        path = os.path.join(self.folder, "calls")
        command(["strace", "-f", "-c", "-o", path, self.virt_ccw, "list"])
        with open(path, encoding="ascii") as file:
            calls = int(next(line.split()[3] for line in file if line.rstrip().endswith("total")))
        expect(calls < CALLS_A_DEVICE * len(self.before), f"{calls} system calls")

    def in_parallel(self):
        trace = HookTrace(self.folder, "prepare", ("write",))
        try:
            command(["virsh", "create", "--paused", self.xml("one", OF_DOMAIN)], timeout=300)
        finally:
            trace.stop()
        expect(self.used() == [(bus_id(devno), "one") for devno in OF_DOMAIN], self.used())
        with open(trace.path, encoding="utf-8", errors="replace") as file:
            makers = re.findall(r'^(\d+) +write\(\d+, "cc390000-', file.read(), re.M)
        expect(len(makers) == len(OF_DOMAIN) and len(set(makers)) > 1, f"{len(makers)} by {set(makers)}")
        command(["virsh", "destroy", "one"], timeout=300)
        self.expect_as_before()

    def all_or_none(self):
        command(["virsh", "create", "--paused", self.xml("two", OF_DOMAIN[-1:])], timeout=300)
        code, output = command(["virsh", "create", "--paused", self.xml("one", OF_DOMAIN)], timeout=300, check=False)
        expect(code and f"ccw device {bus_id(OF_DOMAIN[-1])} is in use by driver QEMU, domain two" in output, output)
        expect(self.used() == [(bus_id(OF_DOMAIN[-1]), "two")], self.used())
        command(["virsh", "destroy", "two"])
        self.expect_as_before()


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        test = ScaleTest(virt_ccw, folder)
        steps.run("256 devices are listed", test.listed)
        steps.run("in one pass", test.in_one_pass)
        steps.run("a domain starts with 64 of them, which are acquired in parallel and released", test.in_parallel)
        steps.run("another domain has one of them: no device is acquired", test.all_or_none)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, BUS_IDS))
