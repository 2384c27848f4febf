#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Acquires and releases devices by the hook's own command, on the lab's channel subsystem: real files and real system
calls. It needs no libvirt and no guest: the main job tests those. Run as: test-claim.py VIRT-CCW"""

import json
import os
import subprocess
import sys

from files import temporary_folder
from hosttree import differences, snapshot
from labtest import give_to_host, inside_a_lab, mdev_of, subchannel_of, write_sysfs
from steps import Steps, command, expect

DOMAIN = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
OTHER = "11111111-2222-4333-8444-555555555555"
FIRST, SECOND, ABSENT = "0.0.1234", "0.0.1235", "0.0.4321"


def domain_xml(uuid, *bus_ids):
    hostdevs = "".join(
        "<hostdev mode='subsystem' type='mdev' managed='yes' model='vfio-ccw'>"
        f"<source><address uuid='{mdev_of(bus_id)}'/></source></hostdev>" for bus_id in bus_ids)
    return f"<domain type='qemu'><name>g</name><uuid>{uuid}</uuid><devices>{hostdevs}</devices></domain>"


class Claims:
    def __init__(self, virt_ccw, run_dir):
        self.virt_ccw = virt_ccw
        self.run_dir = run_dir
        self.before = snapshot()

    def start_hook(self, operation, sub_operation, xml):
        process = subprocess.Popen(
            [self.virt_ccw, "hook", "--run-dir", self.run_dir, "--", "g", operation, sub_operation, "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        process.stdin.write(xml)
        process.stdin.close()
        process.stdin = None
        return process

    def hook(self, operation, sub_operation, xml, code=0):
        process = self.start_hook(operation, sub_operation, xml)
        output = process.communicate(timeout=60)[0]
        expect(process.returncode == code, f"{operation}: exit code {process.returncode}, not {code}: {output}")
        return output

    def as_before(self):
        lines = differences(self.before, snapshot())
        expect(not lines, "\n".join(lines))
        left = [name for name in os.listdir(f"{self.run_dir}/devices") if name.endswith(".json")]
        expect(not left, f"left in the journal: {left}")

    def listed(self, bus_id):
        return command([self.virt_ccw, "list", "--json", "--run-dir", self.run_dir, bus_id])[1]

    def there_and_back(self):
        xml = domain_xml(DOMAIN, FIRST, SECOND)
        self.hook("prepare", "begin", xml)
        for bus_id in (FIRST, SECOND):
            line = self.listed(bus_id)
            expect("vfio_ccw" in line and mdev_of(bus_id) in line and DOMAIN in line, line)
            expect(os.path.exists(f"/sys/bus/mdev/devices/{mdev_of(bus_id)}/iommu_group"), f"no group: {bus_id}")
        self.hook("release", "end", xml)
        self.as_before()

    def veto(self):
        output = self.hook("prepare", "begin", domain_xml(DOMAIN, SECOND, FIRST, ABSENT), code=1)
        expect(f"there is no ccw device {ABSENT}" in output and output.count("\n") == 1, output)
        self.as_before()

    def unreadable(self):
        """libvirt kills a guest whose reconnect fails, whatever the reason."""
        for operation, sub_operation, code in (("prepare", "begin", 1), ("started", "begin", 0), ("release", "end", 0),
                                               ("reconnect", "begin", 0)):
            output = self.hook(operation, sub_operation, "\0", code)
            expect("standard input holds a NUL byte" in output and output.count("\n") == 1, output)

    def another_domain(self):
        self.hook("prepare", "begin", domain_xml(DOMAIN, FIRST))
        output = self.hook("prepare", "begin", domain_xml(OTHER, FIRST), code=1)
        expect(f"{FIRST} is in use by domain {DOMAIN}" in output, output)
        self.hook("release", "end", domain_xml(OTHER, FIRST))
        expect(DOMAIN in self.listed(FIRST), self.listed(FIRST))
        self.hook("release", "end", domain_xml(DOMAIN))
        self.as_before()

    def both_at_once(self):
        for _ in range(5):
            processes = [self.start_hook("prepare", "begin", domain_xml(uuid, FIRST)) for uuid in (DOMAIN, OTHER)]
            codes = []
            for process in processes:
                process.communicate(timeout=60)
                codes.append(process.returncode)
            expect(sorted(codes) == [0, 1], f"exit codes {codes}")
            for uuid in (DOMAIN, OTHER):
                self.hook("release", "end", domain_xml(uuid, FIRST))
            self.as_before()

    def steps_of(self, bus_id):
        try:
            with open(f"{self.run_dir}/devices/{bus_id}.json", encoding="utf-8") as file:
                return len(json.load(file)["steps"])
        except FileNotFoundError:
            return 0

    def killed(self, note):
        """Killed as soon as the journal has the n-th step; the two devices have ten."""
        caught = 0
        for wanted in range(1, 11):
            process = self.start_hook("prepare", "begin", domain_xml(DOMAIN, FIRST, SECOND))
            while process.poll() is None and self.steps_of(FIRST) + self.steps_of(SECOND) < wanted:
                pass
            process.kill()
            process.communicate(timeout=60)
            begun = self.steps_of(FIRST) + self.steps_of(SECOND)
            caught += process.returncode < 0
            note(f"killed at step {wanted}: {begun} begun")
            self.hook("release", "end", domain_xml(DOMAIN, FIRST, SECOND))
            self.as_before()
        expect(caught > 0, "it was always through before it was killed")

    def bound_by_administrator(self):
        subchannel = subchannel_of(FIRST)
        folder = f"/sys/bus/css/devices/{subchannel}"
        write_sysfs(f"/sys/bus/ccw/devices/{FIRST}/online", "0")
        write_sysfs(f"{folder}/driver_override", "vfio_ccw")
        write_sysfs("/sys/bus/css/drivers/io_subchannel/unbind", subchannel)
        write_sysfs("/sys/bus/css/drivers/vfio_ccw/bind", subchannel)
        bound = snapshot()
        self.hook("prepare", "begin", domain_xml(DOMAIN, FIRST))
        expect(os.path.exists(f"{folder}/{mdev_of(FIRST)}"), "no mediated device")
        self.hook("release", "end", domain_xml(DOMAIN, FIRST))
        lines = differences(bound, snapshot())
        expect(not lines, "\n".join(lines))

    def another_mdev(self):
        folder = f"/sys/bus/css/devices/{subchannel_of(FIRST)}"
        write_sysfs(f"{folder}/mdev_supported_types/vfio_ccw-io/create", OTHER)
        output = self.hook("prepare", "begin", domain_xml(DOMAIN, FIRST), code=1)
        expect(f"holds mediated device {OTHER}" in output, output)
        write_sysfs(f"{folder}/{OTHER}/remove", "1")

    def foreign_mdev(self):
        folder = f"/sys/bus/css/devices/{subchannel_of(FIRST)}"
        write_sysfs(f"{folder}/mdev_supported_types/vfio_ccw-io/create", mdev_of(FIRST))
        self.hook("prepare", "begin", domain_xml(DOMAIN, FIRST))
        self.hook("release", "end", domain_xml(DOMAIN, FIRST))
        expect(os.path.exists(f"{folder}/{mdev_of(FIRST)}"), "another program's mediated device was removed")

    def undo_administrator(self):
        give_to_host(FIRST)
        self.as_before()


def inside(virt_ccw):
    with temporary_folder() as run_dir:
        claims = Claims(virt_ccw, run_dir)
        steps = Steps(False)
        steps.run("two devices are acquired and released", claims.there_and_back)
        steps.run("a third device does not exist: all are released", claims.veto)
        steps.run("input that cannot be read vetoes a start alone", claims.unreadable)
        steps.run("another domain neither gets nor releases it", claims.another_domain)
        steps.run("two at once: one of them has it", claims.both_at_once)
        steps.run("killed at any step, all devices are released", claims.killed, steps.note)
        steps.run("bound by the administrator: left bound", claims.bound_by_administrator)
        steps.run("another program's mediated device is refused", claims.another_mdev)
        steps.run("our mediated device, made by another program, is used and left", claims.foreign_mdev)
        steps.run("and the host is as it was", claims.undo_administrator)
        steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
