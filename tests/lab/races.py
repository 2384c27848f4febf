# SPDX-License-Identifier: LGPL-2.1-or-later
"""The common parts of the tests of races: guests that want the same devices, and a check of their owners. Journal,
sysfs, libvirt and QEMU must agree on the owners whenever no operation is in progress."""

import json
import os
import shlex
import subprocess

from files import write
from hosttree import differences, snapshot
from labtest import domain, hostdev, mdev_of
from steps import command, expect
from waiting import DEADLINE, wait_until

DEVICES = ("0.0.1234", "0.0.1235", "0.0.1236", "0.0.1237")
FIRST = DEVICES[0]
CCW = "ccw_0_0_1234"
JOURNAL = "/run/libvirt-ccw/devices"
BACKEND = "/run/libvirt-ccw/backend/libvirt-sock"
UUIDS = {name: f"11111111-2222-4333-8444-55555555{i:04}" for i, name in enumerate(("one", "two", "a", "b", "u", "c"))}
WANTS = {"one": "", "two": "", "a": hostdev(), "b": hostdev(), "u": hostdev(managed="no"),
         "c": hostdev(inside="<boot order='1'/>")}
NEXT = "== next =="
KEPT = "<on_crash>preserve</on_crash>"  # the guest has no system to boot


class Host:
    """The guests: one and two run and have no device; the others want the first device when they start, u unmanaged,
    and c to boot from it."""

    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.before = snapshot()
        self.running = []  # virsh processes in the background
        for name, inside in WANTS.items():
            self.virsh("define", self.file(domain(name, inside, KEPT, UUIDS[name]), name))
        self.devices = {bus_id: self.file(hostdev(f"0x{bus_id[4:]}"), bus_id) for bus_id in DEVICES}
        self.device = self.devices[FIRST]

    def file(self, xml, name):
        return write(os.path.join(self.folder, f"{name}.xml"), xml)

    # Clients.

    def virsh(self, *args):
        return command(["virsh", "-q", *args], timeout=DEADLINE)[1]

    def each(self, commands):
        """Returns the outputs of commands. One virsh runs them all, because its start takes long."""
        if not commands:
            return []
        text = f"; echo '{NEXT}'; ".join(map(shlex.join, commands))
        answers = self.virsh(text).split(NEXT)
        expect(len(answers) == len(commands), f"{len(answers)} answers: {answers}")
        return answers

    def tries(self, *args):
        """Returns (exit code, output), in which nothing shows our implementation."""
        return self.checked(args, *command(["virsh", "-q", *args], timeout=DEADLINE, check=False))

    def fails(self, words, *args):
        code, output = self.tries(*args)
        expect(code == 1 and words in output, f"virsh {' '.join(args)} does not say '{words}': {code}, {output}")

    @staticmethod
    def checked(args, code, output):
        expect(code in (0, 1, -9), f"exit code {code} of virsh {' '.join(args)}: {output}")
        expect("cc390000" not in output.lower(), f"our UUID shows: {output}")
        return code, output

    def begin(self, *args):
        """Starts virsh in the background."""
        virsh = subprocess.Popen(["virsh", "-q", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        virsh.arguments = args
        return virsh

    def end(self, virsh):
        """Returns (exit code, output) of a process of begin()."""
        output = virsh.communicate(timeout=DEADLINE)[0].strip()
        return self.checked(virsh.arguments, virsh.returncode, output)

    def start(self, *names):
        for name in names:
            self.virsh("start", name, "--paused")

    def destroy(self, *names):
        for name in names:
            self.tries("destroy", name)

    def is_running(self, name):
        return self.virsh("domstate", name) in ("running", "paused")

    # Owners.

    @staticmethod
    def entry(bus_id=FIRST):
        try:
            with open(f"{JOURNAL}/{bus_id}.json", encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    def state(self, bus_id=FIRST):
        return (self.entry(bus_id) or {}).get("state")

    @staticmethod
    def is_announced(bus_id=FIRST):
        return os.path.exists(f"{JOURNAL}/{bus_id}.attach")

    def live(self):
        """Returns {bus id: names of the domains that have it}, by their XML and by QEMU, which must not differ."""
        found = {bus_id: [] for bus_id in DEVICES}
        names = [name for name in self.virsh("list", "--name").split() if name in UUIDS]
        asked = [words for name in names
                 for words in (("dumpxml", name), ("qemu-monitor-command", name, "--hmp", "info qtree"))]
        answers = self.each(asked)
        for name, xml, qtree in zip(names, answers[::2], answers[1::2]):
            for bus_id in DEVICES:
                has = f"<address cssid='0x0' ssid='0x0' devno='0x{bus_id[4:]}'/>" in xml
                expect(has == (mdev_of(bus_id) in qtree),
                       f"{bus_id} is {'' if has else 'not '}in the XML of {name}, which QEMU denies")
                if has:
                    found[bus_id].append(name)
        return found

    def agreed(self):
        """Returns {bus id: name of the domain that has it}: journal, libvirt and kernel agree. The host or an
        administrator has the other devices."""
        owners = {}
        for bus_id, names in self.live().items():
            entry = self.entry(bus_id)
            taken = os.path.exists(f"/sys/bus/mdev/devices/{mdev_of(bus_id)}")
            told = f"{bus_id}: {names} have it, its mdev is {'' if taken else 'not '}there, the journal says {entry}"
            expect(len(names) < 2 and taken == (entry is not None), told)
            expect(not self.is_announced(bus_id), f"{bus_id}: an attach is announced still")
            if names:
                expect(entry["state"] == "owned" and entry["domain"] in (UUIDS[names[0]], None), told)
                owners[bus_id] = names[0]
            elif entry:
                expect(entry["state"] == "owned" and entry["domain"] is None, told)
        return owners

    def as_before(self):
        return not any(map(self.entry, DEVICES)) and not differences(self.before, snapshot())

    def comes_back(self):
        """Waits until the device is the host's again, whichever process releases it."""
        wait_until(self.as_before, f"the host is as it was before: {differences(self.before, snapshot())}, "
                                   f"the journal says {self.entry()}")
        expect(not self.agreed(), "a domain has a device")

    def expect_as_before(self):
        expect(self.as_before(), f"{differences(self.before, snapshot())}, the journal says {self.entry()}")

    def only(self, name):
        """This domain has the first device, as all parts agree, and no domain has another one."""
        owners = self.agreed()
        expect(owners == {FIRST: name}, f"not {name} alone: {owners}")
