#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kills the hook, virtccwd, libvirtd and QEMU, one at a time, after each step of a guest's start and stop and of an
attach and a detach. Then the test starts the missing processes again, and all parts agree on the device's owner: the
guest, by libvirt's XML, its QEMU and the journal, or the host, whose files are as before. No guest loses its device.

    test-kill.py VIRT-CCW

In the environment: CCW_KILL_STRIDE, every n-th step (1: all; without it one step for each row, and not all processes);
CCW_KILL_ROWS, only rows that have this word."""

import json
import os
import signal
import subprocess
import sys

from daemons import Daemon, qemu_of, text_of
from files import temporary_folder, write
from hosttree import differences, snapshot
from killing import CALLS, processes_of, run_and_count, run_and_kill
from labtest import DAEMON_LOGS, UUIDS, domain, few, hostdev, inside_a_lab, set_online
from steps import Steps, StepFailed, command, expect
from waiting import DEADLINE, wait_until

FIRST = "0.0.1234"
JOURNAL = f"/run/libvirt-ccw/devices/{FIRST}.json"
BACKEND = "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock"
STATUS = "/run/libvirt/qemu"
THIRD = "11111111-2222-4333-8444-999999999999"
UUID = "cc390000-0001-8000-8000-000000001234"

# A guest and an action; the process that is stopped or killed at each of its steps; a second process that is killed
# there.
WITH_VIRTCCWD = (
    ("start", "hook prepare", ("hook", "libvirtd", "virtccwd")),
    ("start", "hook started", ("hook", "libvirtd", "qemu")),
    ("start", "libvirtd", ("libvirtd", "qemu", "virtccwd")),
    ("stop", "hook release", ("hook", "libvirtd", "virtccwd")),
    ("stop", "libvirtd", ("libvirtd", "qemu", "virtccwd")),
    ("attach", "virtccwd", ("virtccwd", "libvirtd", "qemu")),
    ("attach", "libvirtd", ("libvirtd", "virtccwd", "qemu")),
    ("detach", "virtccwd", ("virtccwd", "libvirtd", "qemu")),
    ("detach", "libvirtd", ("libvirtd", "virtccwd", "qemu")),
)
HOOK_ALONE = (
    ("start", "hook prepare", ("hook", "libvirtd")),
    ("start", "hook started", ("hook", "libvirtd", "qemu")),
    ("start", "libvirtd", ("libvirtd", "qemu")),
    ("stop", "hook release", ("hook", "libvirtd")),
    ("stop", "libvirtd", ("libvirtd", "qemu")),
)
# "one" has the device in its definition, "two" gets it by attach.
GUEST = {"start": "one", "stop": "one", "attach": "two", "detach": "two"}


class KillTest:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.before = snapshot()
        self.daemons = {name: Daemon(name) for name in ("libvirtd", "virtccwd")}
        self.with_virtccwd = True
        self.stride = int(os.environ.get("CCW_KILL_STRIDE", "0"))
        self.counts = {}
        self.rows = 0
        self.device = self.file("device", hostdev())
        for name in UUIDS:
            self.virsh("define", self.file(name, domain(name, hostdev() if name == "one" else "")))
        self.virsh("define", self.file("three", domain("three", hostdev(), uuid=THIRD)))

    def file(self, name, xml):
        return write(os.path.join(self.folder, f"{name}.xml"), xml)

    def argv(self, *args):
        return ["virsh", *([] if self.with_virtccwd else ["-c", BACKEND]), *args]

    def virsh(self, *args, check=True):
        return command(self.argv(*args), check=check)[1]

    # The owner.

    @staticmethod
    def journal():
        text = text_of(JOURNAL)
        return json.loads(text) if text else None

    def running(self):
        return self.virsh("list", "--name").split()

    def owner(self):
        """Returns the guest that has the device by its live XML, or None."""
        owners = []
        for name in self.running():
            xml = self.virsh("dumpxml", name)
            if "type='ccw' managed" in xml or UUID in xml:
                owners.append(name)
        expect(len(owners) < 2, "two guests have it")
        return owners[0] if owners else None

    def disagreement(self):
        """Returns a contradiction between the parts, or None."""
        owner = self.owner()
        entry = self.journal()
        if owner is None:
            if entry:
                return f"no guest has it, the journal says {entry}"
            return "\n".join(differences(self.before, snapshot())) or None
        if not entry or (entry["state"], entry["domain"]) != ("owned", UUIDS[owner]):
            return f"{owner} has it, the journal says {entry}"
        if "vfio-ccw" not in self.virsh("qemu-monitor-command", owner, "--hmp", "info qtree", check=False):
            return f"libvirt says that {owner} has it, QEMU has not"
        return None

    def agrees(self):
        try:
            self.last = self.disagreement()
        except (StepFailed, ValueError) as error:  # a domain ended meanwhile, or an entry was incomplete
            self.last = str(error)
        return self.last is None

    def expect_agreement(self):
        if not self.with_virtccwd:
            code, output = command([self.virt_ccw, "reconcile", "--connect", BACKEND], check=False)
            expect(code == 0, f"virt-ccw reconcile: {output}")
        try:
            wait_until(self.agrees, "all agree")
        except TimeoutError as late:
            raise StepFailed(f"{late}: {self.last}") from late

    # One row.

    @staticmethod
    def forget_unborn():
        """Handles a domain that libvirtd was starting when it was killed, before it knew QEMU's process: a new libvirtd
        (9.0) waits for the monitor of process 0, with the domain's lock. Only an administrator can help there. In a
        lab, whose /dev/vfio/N is an ordinary file, libvirtd may also have been binding that for a guest of that number."""
        for name in os.listdir(STATUS):
            path = f"{STATUS}/{name}"
            if name.endswith(".xml") and "pid='0'" in text_of(path):
                os.unlink(path)
            elif ".vfio." in name:
                command(["umount", "-q", path], check=False)
                os.unlink(path)

    def start_missing(self):
        """Starts the missing processes. virtccwd answers for libvirtd only while libvirtd runs."""
        if not processes_of("libvirtd"):
            self.forget_unborn()
        for name, daemon in self.daemons.items():
            if not processes_of(name) and (name != "virtccwd" or self.with_virtccwd):
                with open(f"/var/log/libvirt/{name}-again.log", "ab") as log:
                    subprocess.Popen(daemon.argv, env=daemon.env, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=log, start_new_session=True)

    def answers(self):
        """A child that libvirtd forked just before it died has libvirtd's name for a moment."""
        self.start_missing()
        return command(self.argv("uri"), check=False)[0] == 0

    def restart(self):
        wait_until(self.answers, "libvirt answers")

    def prepare(self, operation):
        if operation in ("attach", "detach") and "two" not in self.running():
            self.virsh("start", "two", "--paused")
        if operation == "detach":
            self.virsh("attach-device", "two", self.device, "--live")
        if operation == "stop":
            self.virsh("start", "one", "--paused")

    def operation(self, operation):
        return self.argv(*{
            "start": ("start", "one", "--paused"),
            "stop": ("destroy", "one"),
            "attach": ("attach-device", "two", self.device, "--live"),
            "detach": ("detach-device", "two", self.device, "--live"),
        }[operation])

    def clean_up(self):
        owner = self.owner()
        if owner == "one":
            self.virsh("destroy", "one")
        elif owner == "two":
            self.virsh("detach-device", "two", self.device, "--live")
        self.expect_agreement()
        expect(self.owner() is None, "a guest keeps it")

    def count(self, operation, actor):
        """Returns {call: number of such calls}."""
        if (operation, actor) not in self.counts:
            self.prepare(operation)
            self.counts[operation, actor] = run_and_count(self.folder, actor, self.operation(operation))
            self.clean_up()
        return self.counts[operation, actor]

    def one_step(self, operation, actor, victim, note):
        """Chooses another kind of step for each row."""
        counts = [(call, count) for call, count in self.count(operation, actor).items() if count]
        self.rows, self.kept = self.rows + 1, 0
        call, count = counts[self.rows % len(counts)]
        step = 1 + 7 * self.rows % count
        happened = self.kill_at(operation, actor, victim, call, step)
        note(f"{call} {step} of {count}{'' if happened else ' did not come'}; a guest had it after {self.kept}")

    def row(self, operation, actor, victim, note):
        """Yields each step of the actor, until the operation ends before the step."""
        if not self.stride:
            self.one_step(operation, actor, victim, note)
            return
        done, self.kept = [], 0
        for call in CALLS[actor.split()[0]]:
            self.rows += 1
            step = 1 + self.rows % self.stride
            while self.kill_at(operation, actor, victim, call, step):
                done.append(f"{call} {step}")
                step += self.stride
        note(f"{len(done)} steps; a guest had it after {self.kept}: {', '.join(done)}")

    def kill_at(self, operation, actor, victim, call, step):
        self.prepare(operation)
        happened = run_and_kill(self.folder, actor, victim, call, step, self.operation(operation))
        try:
            self.restart()
            self.expect_agreement()
            self.kept += happened and self.owner() is not None
            self.clean_up()
        except (StepFailed, TimeoutError) as error:
            raise StepFailed(f"{victim} killed after {call} {step} of {actor}'s at {operation}: {error}") from error
        return happened

    def orphan(self):
        """libvirtd ends before its hook looks up its parent: the device must not be claimed for process 1, which never
        ends."""
        expect(run_and_kill(self.folder, "hook prepare", "libvirtd", "read", 3, self.operation("start")), "it was through")
        self.restart()
        self.expect_agreement()
        self.clean_up()

    def halted(self):
        """The kernel's remove would wait for a stopped QEMU: virt-ccw neither waits nor removes the mdev."""
        self.virsh("start", "one", "--paused")
        qemu = qemu_of("one")
        os.kill(qemu, signal.SIGSTOP)
        try:
            with open(self.file("one", domain("one")), encoding="utf-8") as xml:
                said = subprocess.run([self.virt_ccw, "hook", "--", "one", "release", "end", "-"], stdin=xml, text=True,
                                      stderr=subprocess.PIPE, timeout=DEADLINE, check=True).stderr
            expect(f"process {qemu} (" in said and "has it open" in said, f"the hook says {said}")
            code, said = command([self.virt_ccw, "reconcile"], check=False)
            expect((code, said) == (0, f"{FIRST}: noted as owned by domain one"), f"reconcile, {code}: {said}")
        finally:
            os.kill(qemu, signal.SIGCONT)
        self.expect_agreement()
        self.clean_up()

    def hardware(self, what):
        command([self.virt_ccw, "lab", what, FIRST])

    def back_online(self):
        set_online(FIRST, 1)
        self.expect_agreement()

    def vanished(self):
        """The device is taken out of the machine while a guest has it. When it comes back, it is the host's."""
        self.virsh("start", "one", "--paused")
        self.hardware("unplug")
        wait_until(lambda: self.owner() is None and not self.journal(), "the missing device has no owner")
        self.hardware("plug")
        self.back_online()
        self.virsh("destroy", "one")

    def vanished_without_virtccwd(self):
        """The journal has the device for a running guest, which has lost it: another guest gets it."""
        self.virsh("start", "one", "--paused")
        self.hardware("unplug")
        wait_until(lambda: self.owner() is None, "libvirt knows that it is gone")
        self.hardware("plug")
        expect(self.journal()["domain"] == UUIDS["one"], f"the journal says {self.journal()}")
        self.virsh("start", "three", "--paused")
        expect(self.journal()["domain"] == THIRD, f"the journal says {self.journal()}")
        for name in ("one", "three"):
            self.virsh("destroy", name)
        self.back_online()

    def without_virtccwd(self):
        self.daemons["virtccwd"].kill()
        self.with_virtccwd = False

    def next_guest(self):
        """The next guest that wants the device cleans up after a killed start, without a call of reconcile."""
        for victim in ("hook", "libvirtd"):
            run_and_kill(self.folder, "hook prepare", victim, "write", 7, self.operation("start"))
            self.restart()
            if self.owner() is None:
                self.virsh("start", "three", "--paused")
                expect(self.journal()["domain"] == THIRD, f"the journal says {self.journal()}")
                self.virsh("destroy", "three")
            self.clean_up()

    def end(self):
        if not self.with_virtccwd:
            self.with_virtccwd = True
            self.restart()
        for name in (*UUIDS, "three"):
            command(self.argv("destroy", name), check=False)
            self.virsh("undefine", name)
        self.expect_agreement()


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    wanted = os.environ.get("CCW_KILL_ROWS", "")

    def rows(table, where, short):
        for turn, (operation, actor, victims) in enumerate(table):
            for victim in victims if test.stride else few(victims, turn)[:short]:
                name = f"{operation}{where}: {victim} killed at each step of {actor}'s"
                if wanted in name:
                    steps.run(name, test.row, operation, actor, victim, steps.note)

    with temporary_folder() as folder:
        test = KillTest(virt_ccw, folder)
        rows(WITH_VIRTCCWD, "", 2)
        steps.run("a guest that is halted keeps what it has open", test.halted)
        in_lab = os.path.exists("/run/libvirt-ccw/lab-control.sock")
        if in_lab:
            steps.run("the hardware goes and comes back: the host has it", test.vanished)
        steps.run("virtccwd is no more", test.without_virtccwd)
        rows(HOOK_ALONE, " without virtccwd", 1)
        if in_lab:
            steps.run("the hardware goes and comes back: another guest gets it", test.vanished_without_virtccwd)
        steps.run("libvirtd is gone before its hook has begun: no device is acquired", test.orphan)
        steps.run("the next guest gets the device that a killed start has left", test.next_guest)
        steps.run("and the host is as it was", test.end)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST,)))
