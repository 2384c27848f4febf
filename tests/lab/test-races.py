#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Races for a device, through stock virsh, virtccwd, libvirtd and QEMU: guests that start at once, attaches, node
device operations, guests that end in the middle, processes that die. The order does not depend on chance: a relay stops
messages to libvirt, and a gate stops libvirt's hook, until the other side has done its part. The guests are paused and
have no kernel. Run as: test-races.py VIRT-CCW"""

import os
import signal
import subprocess
import sys

from daemons import Daemon, processes, qemu_of
from files import temporary_folder
from hookgate import HookGates
from labtest import DAEMON_LOGS, few, inside_a_lab, rounds
from races import BACKEND, CCW, DEVICES, FIRST, UUIDS, Host
from relay import Relay
from rpc import ATTACH_DEVICE_FLAGS as ATTACH
from rpc import CALL, LIST_ALL_DOMAINS, LOOKUP_BY_NAME, REPLY
from steps import Steps, expect
from waiting import DEADLINE, wait_until

URI = f"qemu+unix:///system?socket={BACKEND}"  # directly, without virtccwd

# Where an attach is stopped: before libvirt is asked, after libvirt missed the mdev, after the mdev was made, and after
# libvirt has attached it. (kind of frame, number of frames to let pass)
POINTS = {"before the first call": (CALL, 0), "before the claim": (REPLY, 0), "before the second call": (CALL, 1),
          "before the answer": (REPLY, 1)}


class StartRaces:
    """Starts of guests, and an administrator's operations at that time."""

    def __init__(self, host, gates, relay):
        self.host, self.gates, self.relay = host, gates, relay

    def begin(self, name):
        return self.host.begin("start", name, "--paused")

    def ends_well(self, virsh, name):
        code, output = self.host.end(virsh)
        expect(code == 0, output)
        self.host.only(name)
        self.host.destroy(name)
        self.host.expect_as_before()

    def loser_is_told(self, winner, loser, words):
        """The second guest starts when the first one has the device, before its start is complete."""
        with self.gates.gate("behind", winner, "prepare") as gate:
            start = self.begin(winner)
            gate.reached()
            away = self.host.entry()
            self.host.fails(words, "start", loser, "--paused")
            expect(self.host.entry() == away, f"{loser} changed it: {self.host.entry()}, was {away}")
        self.ends_well(start, winner)

    def overtaken(self, first, second, words):
        """The first guest's hook has not begun, or has done its part, when the second one gets the device."""
        with self.gates.gate("before", first, "prepare") as gate:
            start = self.begin(first)
            gate.reached()
            self.host.start(second)
        code, output = self.host.end(start)
        expect(code == 1 and words in output, f"{code}, {output}")
        self.host.only(second)
        self.host.destroy(second)
        self.host.expect_as_before()

    def at_once(self, names, number, note):
        for _ in range(rounds(number)):
            starts = [self.begin(name) for name in names]
            ends = [self.host.end(start) for start in starts]
            codes = [code for code, _ in ends]
            winners = [name for name, code in zip(names, codes) if code == 0]
            expect(len(winners) == 1, f"{len(winners)} of {names} started: {ends}")
            loser = ends[codes.index(1)][1]
            expect(FIRST in loser, loser)
            self.host.only(winners[0])
            self.host.destroy(*names)
            self.host.expect_as_before()
        note(loser.splitlines()[-1])

    def detached_first(self):
        """Unmanaged and managed guests alternate with a device that an administrator has detached, and leave it
        detached."""
        self.host.virsh("nodedev-detach", CCW)
        self.at_once_detached()
        self.host.virsh("nodedev-reattach", CCW)
        self.host.expect_as_before()

    def at_once_detached(self):
        for names in (("u", "a"), ("a", "u")):
            starts = [self.begin(name) for name in names]
            ends = [self.host.end(start) for start in starts]
            winners = [name for name, end in zip(names, ends) if end[0] == 0]
            expect(len(winners) == 1, f"{winners} started: {ends}")
            expect(any(f"ccw device {FIRST} is in use by driver QEMU, domain {winners[0]}" in end[1] for end in ends),
                   f"{ends}")
            self.host.only(winners[0])
            self.host.destroy(winners[0])
            expect(self.host.entry()["domain"] is None, f"{self.host.entry()}")

    def reattached_meanwhile(self, name):
        """nodedev-reattach has checked that no domain has the device. Then a domain starts with it."""
        self.host.virsh("nodedev-detach", CCW)
        with self.relay.hold(LIST_ALL_DOMAINS, REPLY) as hold, self.gates.gate("behind", name, "prepare") as gate:
            reattach = self.host.begin("nodedev-reattach", CCW)
            hold.reached()
            start = self.begin(name)
            gate.reached()
            with self.relay.hold(LIST_ALL_DOMAINS, CALL) as again: # libvirt answers after the guest's hook
                hold.go()
                again.reached()
        code, output = self.host.end(start)
        expect(code == 0, output)
        code, output = self.host.end(reattach)
        expect(code == 1 and f"ccw device {FIRST} is in use by driver QEMU, domain {name}" in output, output)
        self.host.only(name)
        self.host.destroy(name)
        self.host.virsh("nodedev-reattach", CCW)
        self.host.expect_as_before()

    def detached_meanwhile(self):
        """Node device operations while a guest with the device starts or ends are rejected, and change nothing."""
        for point, operation in (("behind", "prepare"), ("before", "started"), ("before", "release")):
            with self.gates.gate(point, "a", operation) as gate:
                start = self.begin("a")
                if operation == "release":
                    expect(self.host.end(start)[0] == 0, "it does not start")
                    start = self.host.begin("destroy", "a")
                gate.reached()
                operations = [self.host.begin(f"nodedev-{verb}", CCW) for verb in ("detach", "reattach", "reset")]
            self.host.end(start)
            outputs = [self.host.end(begun) for begun in operations]
            if operation != "release":
                for code, output in outputs:
                    expect(code == 1 and "is in use by" in output, output)
                self.host.only("a")
                self.host.destroy("a")
            else:
                self.host.tries("nodedev-reattach", CCW)
            self.host.expect_as_before()


class AttachRaces:
    """An attach to the guest one, stopped at a point, while another event happens."""

    def __init__(self, host, relay):
        self.host, self.relay = host, relay
        self.turn = 0

    def at(self, point, operation):
        kind, skip = POINTS[point]
        with self.relay.hold(ATTACH, kind, skip) as hold:
            attach = self.host.begin("attach-device", "one", self.host.device, "--live")
            hold.reached()
            operation(point, attach)
        return self.host.end(attach)

    def everywhere(self, operation, then):
        self.turn += 1
        for point in few(list(POINTS), self.turn):
            code, output = self.at(point, operation)
            then(point, code, output)
            for name in ("one", "two"):
                self.host.tries("detach-device", name, self.host.device, "--live")
            self.host.destroy("a")
            self.host.comes_back()
            for name in ("one", "two"):
                if not self.host.is_running(name):
                    self.host.start(name)

    def overtaken_by_start(self, gates):
        """libvirt rejects the attach because the guest has ended. Before virtccwd reads that, the guest starts with the
        device."""
        self.host.start("a")
        self.host.virsh("detach-device", "a", self.host.device, "--live")
        with self.relay.hold(ATTACH, CALL, 1) as call, self.relay.hold(ATTACH, REPLY, 1) as reply:
            attach = self.host.begin("attach-device", "a", self.host.device, "--live")
            call.reached()
            self.host.virsh("destroy", "a")
            call.go()
            reply.reached()
            with gates.gate("behind", "a", "prepare") as gate:
                start = self.host.begin("start", "a", "--paused")
                gate.reached()
                reply.go()
                code, output = self.host.end(attach)
                expect(code == 1 and "domain is not running" in output, output)
        code, output = self.host.end(start)
        expect(code == 0, output)
        self.host.only("a")
        self.host.destroy("a")
        self.host.expect_as_before()

    # The events, and their results.

    def destroyed(self, _place, _attach):
        self.host.virsh("destroy", "one")

    def destroyed_and_started(self, _place, _attach):
        self.host.virsh("destroy", "one")
        self.host.start("one")

    def dies(self, _place, _attach):
        os.kill(qemu_of("one"), signal.SIGKILL)
        wait_until(lambda: not self.host.is_running("one"), "libvirt knows that it ended")

    def client_dies(self, _place, attach):
        attach.kill()

    def gone(self, point, code, output):
        """The guest has ended: its next start does not have the device."""
        expect(code == (0 if point == "before the answer" else 1), f"{point}: {code}, {output}")
        self.host.comes_back()

    def new_run_has_it(self, point, code, output):
        """An attach belongs to the domain, not to one run of it. But a device that was attached to the last run is
        gone."""
        expect(code == 0, f"{point}: {output}")
        if point == "before the answer":
            self.host.comes_back()
        else:
            self.host.only("one")

    def client_is_gone(self, _place, code, _output):
        """virtccwd goes on without its client, as libvirtd would. The attach stays announced until virtccwd has ended
        it."""
        expect(code == -9, "virsh was through")
        wait_until(lambda: not self.host.is_announced() and self.host.state() in (None, "owned"), "the attach has ended")

    def node_operations(self, point, _attach):
        for verb in ("detach", "reattach", "reset"):
            code, output = self.host.tries(f"nodedev-{verb}", CCW)
            words = "domain one" if point == "before the answer" else "it is being attached to a domain"
            expect(code == 1 and f"ccw device {FIRST} is in use" in output and words in output, f"{point}: {output}")

    def had_by_one(self, point, code, output):
        expect(code == 0, f"{point}: {output}")
        self.host.only("one")

    def to_two(self, _place, _attach):
        self.other = self.host.tries("attach-device", "two", self.host.device, "--live")

    def start_a(self, _place, _attach):
        self.other = self.host.tries("start", "a", "--paused")

    def had_by_either(self, point, code, output, other):
        codes = (code, self.other[0])
        expect(sorted(codes) == [0, 1], f"{point}: {code}, {output}, and the other {self.other}")
        told = output if code else self.other[1]
        winner = "one" if code == 0 else other
        named = f"in use by driver QEMU, domain {winner}" in told or f"in use by domain {UUIDS[winner]}" in told
        expect(f"ccw device {FIRST} is" in told and (named or winner in told), f"{point}: {told}")
        self.host.only(winner)

    def had_by_one_or_two(self, point, code, output):
        self.had_by_either(point, code, output, "two")

    def had_by_one_or_a(self, point, code, output):
        self.had_by_either(point, code, output, "a")


class DetachRaces:
    """A guest that does not release its device when asked: on s390x, only a stopped QEMU can keep it."""

    def __init__(self, host, daemons):
        self.host, self.daemons = host, daemons

    def keeps(self, meanwhile):
        """The host gets the device after QEMU has closed it, and not before, whatever happens meanwhile."""
        self.host.virsh("attach-device", "one", self.host.device, "--live")
        qemu = qemu_of("one")
        os.kill(qemu, signal.SIGSTOP)
        try:
            detach = self.host.begin("detach-device", "one", self.host.device, "--live")
            wait_until(lambda: "occupied" in self.host.tries("domcontrol", "one")[1], "QEMU is asked")
            meanwhile(detach)
            entry = self.host.entry()
            expect(entry and entry["state"] == "owned" and entry["domain"] == UUIDS["one"], f"the journal says {entry}")
        finally:
            os.kill(qemu, signal.SIGCONT)
        code, output = self.host.end(detach)
        if code == 1 and "End of file" in output:  # libvirtd died: one more detach shows whether QEMU got the request
            self.detach_again()
        self.host.comes_back()
        if not self.host.is_running("one"):
            self.host.start("one")

    def detach_again(self):
        """libvirtd has started again. It ends a guest whose monitor still holds the answer to the old libvirtd's
        command."""
        wait_until(lambda: not self.host.is_running("one") or "ok" in self.host.tries("domcontrol", "one")[1],
                   "libvirt has QEMU again, or has ended it")
        if self.host.is_running("one"):
            self.host.tries("detach-device", "one", self.host.device, "--live")

    def nothing(self, _detach):
        pass

    def client_dies(self, detach):
        detach.kill()
        detach.wait()

    def dies(self, name):
        def die(_detach):
            self.daemons[name].kill()
            self.daemons[name].start()
            expect("one" in self.host.virsh("list", "--name").split(), "the guest is not listed")
        return die


class LibvirtRaces:
    """libvirtd ends just when it is called: the caller gets SIGPIPE for its write."""

    def __init__(self, host, relay, daemons):
        self.host, self.relay, self.daemons = host, relay, daemons

    def tells(self, procedure, words, *args):
        """Stops virt-ccw after the answer to its first question."""
        with self.relay.hold(procedure, REPLY) as hold:
            asked = subprocess.Popen([self.host.virt_ccw, *args, "--connect", URI], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            hold.reached()
            self.relay.deafen()
        output = asked.communicate(timeout=DEADLINE)[0]
        expect(asked.returncode == 1 and words in output, f"virt-ccw {args[0]}: {asked.returncode}, {output}")

    def gone_when_asked(self):
        virtccwd = self.daemons["virtccwd"]
        virtccwd.kill()
        with self.relay.hold(LIST_ALL_DOMAINS, REPLY) as hold:  # the first call of its watcher, through the relay
            virtccwd.start()
            hold.reached()
        before = processes("virtccwd")
        self.tells(LIST_ALL_DOMAINS, "nothing was done, try again: ", "reconcile")
        self.tells(LOOKUP_BY_NAME, "error: libvirt: ", "export", "--domain", "one")
        with self.relay.hold(LIST_ALL_DOMAINS, REPLY) as hold:  # virtccwd reconciles again, on a new connection
            self.host.start("a")
            self.host.virsh("destroy", "a")
            hold.reached()
        expect(processes("virtccwd") == before, "virtccwd has ended")
        self.host.virsh("attach-device", "one", self.host.device, "--live")
        self.host.virsh("detach-device", "one", self.host.device, "--live")
        self.host.comes_back()


class HookRaces:
    """The hook is killed: the caller completes what it has begun or should have done."""

    def __init__(self, host, gates):
        self.host, self.gates = host, gates

    def with_gates(self, gates, *virsh):
        """Runs virsh, with the given answers at these gates. Returns its exit code."""
        closed = [(self.gates.gate(point, "a", operation), verdict) for point, operation, verdict in gates]
        process = self.host.begin(*virsh)
        for gate, verdict in closed:
            gate.reached().go(verdict)
        return self.host.end(process)

    def in_prepare(self):
        """Killed before it did anything, or another hook after it: the guest does not start, and starts at once when
        tried again."""
        for point in ("before", "behind"):
            code, output = self.with_gates([(point, "prepare", "killed")], "start", "a", "--paused")
            expect(code == 1, output)
            self.host.expect_as_before()
            self.host.start("a")
            self.host.only("a")
            self.host.destroy("a")
            self.host.expect_as_before()

    def in_release(self):
        """The hook of a guest's end: the guest starts again at once, or virtccwd releases the device."""
        for again in (True, False):
            self.host.start("a")
            code, output = self.with_gates([("before", "release", "killed")], "destroy", "a")
            expect(code == 0, output)
            if again:
                self.host.start("a")
                self.host.only("a")
                self.host.destroy("a")
            self.host.comes_back()

    def in_both(self):
        """A start fails after the device was acquired, without a release: the same guest can start, and so can others."""
        for name in ("a", "b"):
            code, output = self.with_gates([("behind", "prepare", "killed"), ("before", "release", "killed")],
                                           "start", "a", "--paused")
            expect(code == 1, output)
            if name == "b":
                self.host.comes_back()
            self.host.start(name)
            self.host.only(name)
            self.host.destroy(name)
            self.host.expect_as_before()


class DomainRaces:
    """Operations of libvirt on a whole guest."""

    def __init__(self, host, daemons):
        self.host, self.daemons = host, daemons

    def autostarted(self):
        """libvirtd starts the guest when the machine boots, before virtccwd runs."""
        self.host.virsh("autostart", "a")
        for name in ("virtccwd", "libvirtd"):
            self.daemons[name].kill()
        for name in ("one", "two"):
            os.kill(qemu_of(name), signal.SIGKILL)
        os.unlink("/run/libvirt/qemu/autostarted")
        self.daemons["libvirtd"].start(self.stock("uri"))
        wait_until(lambda: self.host.state() == "owned", "libvirtd starts it, and the hook takes its device")
        self.daemons["virtccwd"].start()
        self.host.only("a")
        self.host.virsh("autostart", "a", "--disable")
        self.host.destroy("a")
        self.host.expect_as_before()

    @staticmethod
    def stock(*args):
        return ["virsh", "-q", "-c", URI, *args]

    def booting(self):
        """Detaches the device from a guest that boots from it, as soon as libvirt allows it."""
        for _ in range(rounds(3)):
            self.host.virsh("start", "c")
            self.host.virsh("detach-device", "c", self.host.device, "--live")
            self.host.expect_as_before()
            self.host.virsh("attach-device", "c", self.host.device, "--live")
            self.host.only("c")
            self.host.destroy("c")
            self.host.expect_as_before()

    def suspended(self):
        self.host.start("a")
        self.host.virsh("resume", "a")
        self.host.tries("suspend", "a")  # without a system the guest may have crashed before
        self.host.only("a")
        for verb in ("save", "managedsave"):
            path = [os.path.join(self.host.folder, "image")] if verb == "save" else []
            self.host.fails("non-migratable device", verb, "a", *path)
            self.host.only("a")
        self.host.destroy("a")
        self.host.expect_as_before()

    def reverted(self):
        """Reverts to a state in which the guest has no device, and back to one in which it has."""
        for name, xml in (("without", self.host.virsh("dumpxml", "b").replace(hostdev_of(self.host, "b"), "")),
                          ("with", self.host.virsh("dumpxml", "b"))):
            text = f"<domainsnapshot><name>{name}</name><state>shutoff</state><creationTime>1700000000</creationTime>" \
                   f"<memory snapshot='no'/>{xml}</domainsnapshot>"
            self.host.virsh("snapshot-create", "b", "--redefine", self.host.file(text, "snapshot"))
        self.host.start("b")
        self.host.virsh("snapshot-revert", "b", "without")
        self.host.comes_back()
        self.host.virsh("snapshot-revert", "b", "with", "--paused")
        self.host.only("b")
        self.host.virsh("snapshot-revert", "b", "without", "--paused")
        expect(self.host.is_running("b"), "it does not run")
        self.host.comes_back()
        self.host.destroy("b")
        for name in ("without", "with"):
            self.host.virsh("snapshot-delete", "b", name)


def hostdev_of(host, name):
    """The XML of the domain shows it."""
    xml = host.virsh("dumpxml", name)
    return xml[xml.index("<hostdev"):xml.index("</hostdev>") + len("</hostdev>")]


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        host = Host(virt_ccw, folder)
        daemons = {name: Daemon(name) for name in ("virtccwd", "libvirtd")}
        gates, relay = HookGates(folder), Relay(BACKEND)
        run_starts(steps, StartRaces(host, gates, relay))
        host.start("one", "two")
        run_attaches(steps, AttachRaces(host, relay), gates)
        steps.run("libvirtd ends just when virtccwd and virt-ccw ask it", LibvirtRaces(host, relay, daemons).gone_when_asked)
        relay.close()
        run_detaches(steps, DetachRaces(host, daemons))
        run_hooks(steps, HookRaces(host, gates))
        gates.remove()
        run_domains(steps, DomainRaces(host, daemons))
    steps.done()


def run_starts(steps, races):
    steps.run("two starts: the later one is refused", races.loser_is_told, "a", "b",
              f"ccw device {FIRST} is in use by domain {UUIDS['a']}")
    steps.run("two starts: the one that began first is overtaken", races.overtaken, "a", "b",
              f"ccw device {FIRST} is in use by driver QEMU, domain b")
    steps.run("two starts at once", races.at_once, ("a", "b"), 6, steps.note)
    steps.run("an unmanaged guest does not get a device of another's start", races.loser_is_told, "a", "u",
              f"ccw device {FIRST} is in use by domain {UUIDS['a']}")
    steps.run("managed and unmanaged at once", races.at_once, ("a", "u"), 3, steps.note)
    steps.run("unmanaged and managed at once", races.at_once, ("u", "a"), 3, steps.note)
    steps.run("the same with a device that an administrator has detached", races.detached_first)
    for name in ("u", "a"):
        steps.run(f"reattached while {name} starts: {name} keeps it", races.reattached_meanwhile, name)
    steps.run("node device operations while a guest starts or ends", races.detached_meanwhile)


def run_attaches(steps, races, gates):
    steps.run("an attach that failed takes no device from a start", races.overtaken_by_start, gates)
    for what, operation, then in (
            ("the guest is destroyed", races.destroyed, races.gone),
            ("the guest is destroyed, and started again", races.destroyed_and_started, races.new_run_has_it),
            ("QEMU dies", races.dies, races.gone),
            ("the client dies", races.client_dies, races.client_is_gone),
            ("an administrator detaches, reattaches and resets it", races.node_operations, races.had_by_one),
            ("another guest gets it attached", races.to_two, races.had_by_one_or_two),
            ("a guest starts that wants it", races.start_a, races.had_by_one_or_a)):
        steps.run(f"in the middle of an attach {what}", races.everywhere, operation, then)


def run_detaches(steps, races):
    for what, meanwhile in (("", races.nothing), (", and the client dies", races.client_dies),
                            (", and virtccwd dies", races.dies("virtccwd")),
                            (", and libvirtd dies", races.dies("libvirtd"))):
        steps.run(f"QEMU keeps the device{what}: the host gets it after that", races.keeps, meanwhile)


def run_hooks(steps, races):
    steps.run("the hook is killed before a guest starts", races.in_prepare)
    steps.run("the hook is killed when a guest has ended", races.in_release)
    steps.run("the hook is killed when a guest has failed to start", races.in_both)


def run_domains(steps, races):
    steps.run("detached from a guest that boots from it", races.booting)
    steps.run("suspended and resumed, and not saved", races.suspended)
    steps.run("reverted to states with and without the device", races.reverted)
    steps.run("started by libvirtd itself, before virtccwd is there", races.autostarted)


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, DEVICES))
