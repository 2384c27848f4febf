#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The log has one line, at info level, for each attach, detach, release and rejected call, with the device, the domain and who
asked. virtccwd writes its lines to its log; those of the hook, virt-ccw and qemu-ccw arrive at a socket of the test, in the place of
systemd's journal. After each step the test compares all lines with those expected. The guest is paused and has no kernel.
Run as: test-log.py VIRT-CCW"""

import json
import os
import re
import socket
import subprocess
import sys

from files import read, temporary_folder, write
from hosttree import differences, snapshot
from labtest import DAEMON_LOGS, UUIDS, domain, hostdev, inside_a_lab
from qemuccw import Running
from steps import Steps, command, expect
from waiting import DEADLINE, happens, wait_until

DEVICE = "ccw device 0.0.1234"
CCW = "ccw_0_0_1234"
LOG = "/var/log/libvirt/virtccwd.log"
INFO = re.compile(r"INFO: [\d:.]+: (.*)")
ENTRY = "/run/libvirt-ccw/devices/0.0.1234.json"
JOURNAL = "/run/systemd/journal/socket"
PRIORITY_INFO = "PRIORITY=6"
ONE = f"domain 'one' \\({UUIDS['one']}\\)"
BACKEND = "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock"
RELEASED = f"released {DEVICE} of {ONE} to this host"
HOOK = "virt-ccw: "  # before the lines that reach the journal
QEMU_CCW = "qemu-ccw: "


class Journal:
    """The journal's socket."""

    def __init__(self):
        os.makedirs(os.path.dirname(JOURNAL))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(JOURNAL)
        os.chmod(JOURNAL, 0o666)
        self.socket.setblocking(False)

    def lines(self):
        """Returns the messages that have arrived, with the names of their programs."""
        found = []
        while True:
            try:
                fields = self.socket.recv(65536).decode().split("\n")
            except BlockingIOError:
                return found
            values = dict(field.partition("=")[::2] for field in fields)
            expect(PRIORITY_INFO in fields, f"not at info level: {fields}")
            found.append(f"{values['SYSLOG_IDENTIFIER']}: {values['MESSAGE']}")


class LogTest:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.device = write(os.path.join(folder, "device.xml"), hostdev(inside="<alias name='ua-disk'/>"))
        self.again = write(os.path.join(folder, "again.xml"), hostdev())
        self.invalid = write(os.path.join(folder, "invalid.xml"), hostdev("0x12345"))
        self.guest = write(os.path.join(folder, "one.xml"), domain("one"))
        self.with_device = write(os.path.join(folder, "with.xml"), domain("one", hostdev()))
        self.with_none = write(os.path.join(folder, "none.xml"), domain("one", hostdev("0x9999")))
        self.before = snapshot()
        self.journal = Journal()
        self.read = 0
        self.pending = []

    def new_lines(self):
        """Adds the lines since the last call to the pending ones."""
        with open(LOG, encoding="utf-8") as file:
            file.seek(self.read)
            text = file.read()
        whole = text[:text.rfind("\n") + 1]
        self.read += len(whole.encode())
        self.pending += INFO.findall(whole) + self.journal.lines()
        return self.pending

    def logged(self, *patterns):
        """Waits for so many lines, and takes them. A line too many is found with the next step at the latest."""
        happens(lambda: len(self.new_lines()) >= len(patterns))
        lines, self.pending = sorted(self.pending), []
        expect(len(lines) == len(patterns) and all(map(re.fullmatch, sorted(patterns), lines)),
               "expected:\n" + "\n".join(sorted(patterns)) + "\ngot:\n" + "\n".join(lines))

    @staticmethod
    def run(argv, code):
        """Runs a command. Returns how the log names it as the client."""
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            output = process.communicate(timeout=DEADLINE)[0]
        expect(process.returncode == code, f"exit code {process.returncode} of {' '.join(argv)}: {output}")
        return f"for process {process.pid} of user 0"

    def virsh(self, *arguments, code=0):
        return self.run(["virsh", "-q", *arguments], code)

    def attach(self):
        self.virsh("create", "--paused", self.guest)
        client = self.virsh("attach-device", "one", self.device, "--live")
        self.logged(f"attached {DEVICE} to {ONE} {client}")

    def attach_rejected(self):
        client = self.virsh("attach-device", "one", self.again, "--live", code=1)
        self.logged(f"cannot attach {DEVICE} to {ONE} {client}: .*already has {DEVICE}")
        client = self.virsh("attach-device", "one", self.invalid, "--live", code=1)
        self.logged(f"cannot attach a ccw device to {ONE} {client}: .*0x12345.*")
        client = self.virsh("nodedev-detach", CCW, code=1)
        self.logged(f"cannot detach {DEVICE} from this host {client}: .*domain one.*")

    def detach(self):
        client = self.virsh("detach-device", "one", self.device, "--live")
        self.logged(f"detached {DEVICE} from {ONE} {client}", RELEASED)
        client = self.virsh("detach-device", "one", self.device, "--live", code=1)
        self.logged(f"cannot detach {DEVICE} from {ONE} {client}: .*the domain has no {DEVICE}")
        client = self.virsh("attach-device", "one", self.device, "--live")
        self.logged(f"attached {DEVICE} to {ONE} {client}")
        client = self.virsh("detach-device-alias", "one", "ua-disk", "--live")
        self.logged(f"detached the device with alias 'ua-disk' from {ONE} {client}", RELEASED)

    def destroy(self):
        client = self.virsh("attach-device", "one", self.device, "--live")
        self.logged(f"attached {DEVICE} to {ONE} {client}")
        self.virsh("destroy", "one")
        self.logged("(" + HOOK + ")?" + RELEASED)

    def start(self):
        """The hook acquires and releases the device."""
        self.virsh("create", "--paused", self.with_device)
        self.logged(f"{HOOK}acquired {DEVICE} for {ONE}, which libvirt's process \\d+ starts")
        self.virsh("destroy", "one")
        self.logged("(" + HOOK + ")?" + RELEASED)
        self.virsh("create", "--paused", self.with_none, code=1)
        self.logged(f"{HOOK}cannot acquire ccw device 0.0.9999 for {ONE}, which libvirt's process \\d+ starts: .*0.0.9999.*")

    def node_device(self):
        for verb, words in (("detach", f"detached {DEVICE} from this host"), ("reset", f"reset {DEVICE}"),
                            ("reattach", f"reattached {DEVICE} to this host")):
            client = self.virsh(f"nodedev-{verb}", CCW)
            self.logged(f"{words} {client}")

    def without_virtccwd(self):
        """virt-ccw does what virtccwd does, with a stock libvirt."""
        for verb, words in (("detach", f"detached {DEVICE} from this host"), ("reset", f"reset {DEVICE}"),
                            ("reattach", f"reattached {DEVICE} to this host")):
            client = self.run([self.virt_ccw, verb, "--connect", BACKEND, "0.0.1234"], 0)
            self.logged(f"{HOOK}{words} {client}")
        self.virsh("create", "--paused", self.with_device)
        self.logged(f"{HOOK}acquired {DEVICE} for .*")
        client = self.run([self.virt_ccw, "detach", "--connect", BACKEND, "0.0.1234"], 1)
        self.logged(f"{HOOK}cannot detach {DEVICE} from this host {client}: .*domain one.*")
        self.virsh("destroy", "one")
        self.logged("(" + HOOK + ")?" + RELEASED)

    def reconciled(self):
        """The journal's entry names a domain that does not run, as after a crash of this machine's virtccwd and hook."""
        client = self.run([self.virt_ccw, "detach", "--connect", BACKEND, "0.0.1234"], 0)
        self.logged(f"{HOOK}detached {DEVICE} from this host {client}")
        entry = json.loads(read(ENTRY))
        expect((entry["owner"], entry["domain"]) == ("administrator", None), entry)
        write(ENTRY, json.dumps({**entry, "owner": "domain", "domain": UUIDS["two"]}))
        self.run([self.virt_ccw, "reconcile", "--connect", BACKEND], 0)
        self.logged(f"{HOOK}released {DEVICE} of domain {UUIDS['two']} to this host")

    def qemu_ccw_argv(self, *arguments):
        return [os.path.join(os.path.dirname(self.virt_ccw), "qemu-ccw"), "-S", "-nodefaults", "-display", "none", *arguments]

    def start_qemu_ccw(self, *arguments):
        """Returns a running qemu-ccw, and how the log names it."""
        path = os.path.join(self.folder, "qmp")
        if os.path.exists(path):
            os.unlink(path)
        qemu = Running(self.qemu_ccw_argv("--qmp", path, *arguments), path)
        return qemu, f"qemu-ccw, process {qemu.process.pid}"

    def qemu_ccw(self):
        """qemu-ccw acquires the device at its start, and by its monitor; a killed one leaves it to the next."""
        device = ("-device", "vfio-ccw,id=d0,hostid=0.0.1234")
        qemu, first = self.start_qemu_ccw(*device)
        self.logged(f"{QEMU_CCW}acquired {DEVICE} for {first} of user 0")
        self.run(self.qemu_ccw_argv(*device), 1)
        self.logged(f"{QEMU_CCW}cannot acquire {DEVICE} for qemu-ccw, process \\d+ of user 0: .*in use by {first}.*")
        qemu.process.kill()
        qemu.end()
        qemu, second = self.start_qemu_ccw()
        answer = qemu.monitor.ask("device_add", driver="vfio-ccw", id="d0", hostid="0.0.1234")
        expect(answer == {"return": {}}, answer)
        self.logged(f"{QEMU_CCW}released {DEVICE} of {first} to this host", f"{QEMU_CCW}acquired {DEVICE} for {second} of user 0")
        qemu.process.terminate()
        expect(qemu.end()[0] == 0, "QEMU failed")
        self.logged(f"{QEMU_CCW}released {DEVICE} of {second} to this host")

    def qemu_ccw_prepared(self):
        """qemu-ccw uses a device that an administrator has detached, and leaves it detached."""
        client = self.run([self.virt_ccw, "detach", "--connect", BACKEND, "0.0.1234"], 0)
        self.logged(f"{HOOK}detached {DEVICE} from this host {client}")
        qemu, name = self.start_qemu_ccw("-device", "vfio-ccw,id=d0,hostid=0.0.1234")
        self.logged(f"{QEMU_CCW}uses the prepared {DEVICE} for {name} of user 0")
        qemu.process.terminate()
        qemu.end()
        client = self.run([self.virt_ccw, "reattach", "--connect", BACKEND, "0.0.1234"], 0)
        self.logged(f"{HOOK}reattached {DEVICE} to this host {client}")

    def end(self):
        wait_until(lambda: not differences(self.before, snapshot()), "the host is as it was before")
        command(["virsh", "-q", "list", "--all"])
        self.logged()


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        test = LogTest(virt_ccw, folder)
        steps.run("an attach", test.attach)
        steps.run("attaches that are rejected, and a detach of what a guest has", test.attach_rejected)
        steps.run("a detach, and the release", test.detach)
        steps.run("a guest that ends", test.destroy)
        steps.run("a guest that starts with the device, ends, or cannot start", test.start)
        steps.run("detach, reset and reattach of a node device", test.node_device)
        steps.run("the same by virt-ccw without virtccwd", test.without_virtccwd)
        steps.run("a device that a crash has left behind", test.reconciled)
        steps.run("qemu-ccw with the device", test.qemu_ccw)
        steps.run("qemu-ccw with a detached device", test.qemu_ccw_prepared)
        steps.run("and no other line", test.end)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, ("0.0.1234",)))
