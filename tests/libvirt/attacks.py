#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks of a local user on other users through virtccwd. While each attack runs, root's 'virsh list' takes at most
twice as long through virtccwd as directly at libvirtd: tests/lib/clock.py measures that, without any allowance. Stock
virsh, stock libvirtd with access drivers, real polkit and QEMU.

    attacks.py VIRTCCWD [WORD...]    with words only those attacks that have one of them in their names
"""

import fcntl
import os
import re
import signal
import socket
import struct
import sys
import threading
import time
from functools import partial

import clock
import hostile
import private_libvirt
import private_polkit
from attacker import Attacker, highest
from auth import AuthTest
from files import read
from private_libvirt import BACKEND, FRONT
from private_polkit import as_user
from rpc import (ATTACH_DEVICE_FLAGS, CAPABILITIES, CREATE, DEFINE, GET_XML_DESC, HOSTNAME, OPEN, OPEN_QEMU,
                 SET_IDENTITY, frame, string)
from steps import SLOWER, StepFailed, Steps, command, expect
from tap import skip_all
from waiting import wait_until

RW, RO = f"{FRONT}/libvirt-sock", f"{FRONT}/libvirt-sock-ro"
VIEWER = "guest"  # may connect and read, and change nothing
DEFINER = "member"  # may do everything
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
OUR_CACHE = "/var/cache/libvirt-ccw"

WORKERS = 100  # libvirtd's; an attacker with 40 connections leaves it some
SPELLING_CLIENTS, SPELLINGS = 40, 15  # 600 names of an emulator
STOCK_WORKERS = 20  # libvirtd's default of max_workers
STALLED = 3 * SLOWER  # seconds without an answer of libvirtd
LOGINS, LOGIN_SECONDS = 20, 1 * SLOWER  # one login takes some milliseconds without an attack
# The bounds of a client and of a user. libvirtd handles 5 calls of a client at a time, with 32 descriptors each.
CLIENT_FDS = 5 * 32
FDS_OVER = 32 + 8  # one frame that is in transit, and the connection itself
GROWTH = 16 * 1024  # KiB: the most that 10,000 rejections may leave
WATCHER_WAITS = 20
HELD = 256 * 1024  # KiB: the most that one user's clients may make virtccwd hold
BUS_SIGNAL = 4 << 20  # bytes of a signal on the message bus; the longest message has 32 MiB
BUS_MEMORY = 8 * 1024  # KiB: the most that such signals and the measured clients may use
MANY_CLIENTS = 200  # the setting max_clients while the sockets are flooded
MANY = 200  # clients of one user
HOLDERS = 5  # logins that one user may have: a quarter of max_anonymous_clients
BEHIND = 300  # clients that wait after those
LIBVIRT_QUEUE = 10  # clients that the queue of libvirtd's socket holds


# Writes a marker, where only root can, if one of its parent processes is virtccwd.
STARTED_BY = """#!/bin/sh
pid=$PPID
while [ "$pid" -gt 1 ]; do
    case $(readlink /proc/$pid/exe) in *virtccwd) echo >MARKER ;; esac
    while read -r key value; do
        [ "$key" = PPid: ] && pid=$value
    done </proc/$pid/status
done
exit 1
"""


class AttackTest(AuthTest):
    def __init__(self, virtccwd):
        super().__init__(virtccwd)
        self.note = print

    def set_up(self):
        command(["mount", "-t", "tmpfs", "none", "/var/cache"])  # the caches of virtccwd and libvirt
        os.makedirs("/var/cache/libvirt")
        os.chmod(self.libvirt.folder, 0o755)
        self.polkit.start()
        self.configure_libvirtd()
        self.configure("/etc/libvirt/virtccwd.conf")
        self.libvirt.start_libvirtd()
        self.create("live", hostile.domain(devices="").replace("attack", "live").replace("c001", "c002"))

    def create(self, name, xml):
        """Starts a domain through libvirtd's own socket."""
        path = os.path.join(self.libvirt.folder, f"{name}.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(xml)
        self.libvirt.virsh_direct("create", "--paused", path)

    def fresh(self, *options, limits=(), older_kernel=False, **settings):
        """Starts a virtccwd that has not been attacked yet."""
        if self.libvirt.proxy:
            self.libvirt.stop(self.libvirt.proxy, signal.SIGKILL)
        self.configure("/etc/libvirt/virtccwd.conf", **settings)
        self.libvirt.start_virtccwd(*options, limits=limits, older_kernel=older_kernel)
        clock.run_list(self.uri(FRONT))

    # The attack's effects on other users.

    @staticmethod
    def uri(folder):
        return f"qemu+unix:///system?socket={folder}/libvirt-sock"

    def compare(self, user="root", rounds=clock.ROUNDS):
        try:
            return clock.compare_lists(self.uri(FRONT), self.uri(BACKEND), as_user(user), rounds=rounds)
        except StepFailed as failed:
            raise StepFailed(f"{failed}; virtccwd's exit code: {self.libvirt.proxy.poll()}") from failed

    def check_delay(self, attacker, what, users=("root",), rounds=clock.ROUNDS):
        """For each of the users."""
        for user in users:
            compared = self.compare(user, rounds)
            self.note(f"{what}: 'virsh list' of {user}'s takes {compared}; {attacker.counts}")
            compared.check(f"{what}: virsh list of {user}'s")
        self.check_alive()

    def check_alive(self):
        code = self.libvirt.proxy.poll()
        expect(code is None, f"virtccwd has ended: {code}")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.libvirt.proxy.pid}/fd"))

    # Programs.

    def spellings(self):
        """600 names of one emulator on 40 connections, by a user who may define nothing. libvirtd itself starts each of
        them, one at a time, before it checks the user's rights, and one of its workers waits for each. With more
        workers than the attacker has connections libvirtd still answers others, and virtccwd must keep up."""
        self.restart_libvirtd(min_workers=WORKERS, max_workers=WORKERS)  # libvirtd 9.0 starts no worker while calls wait
        self.fresh()
        with self.define_spellings() as attacker:
            attacker.wait_for("sent", SPELLING_CLIENTS)
            self.check_delay(attacker, "600 emulators")
            expect(attacker.counts["answered"] == 0, f"libvirt lets {VIEWER} define domains")
        self.check_cache()
        self.restart_libvirtd()

    def spellings_stall_libvirt(self):
        """The same with libvirtd's default number of workers: all of them wait for the emulators, and libvirtd answers
        neither through virtccwd nor directly. So there is no ratio. Another user's login, which virtccwd handles by
        itself, must succeed."""
        self.fresh()
        with self.define_spellings() as attacker:
            attacker.wait_for("sent", STOCK_WORKERS)
            self.note(f"600 emulators and libvirtd's own workers: {self.answer_past()}; {attacker.counts}")
            with Attacker(DEFINER, partial(hostile.log_in, RW)) as other:
                other.wait_for("answered", 1)
                before, started = other.counts["answered"], time.monotonic()
                other.wait_for("answered", before + LOGINS)
                seconds = (time.monotonic() - started) / LOGINS
            self.note(f"a login of {DEFINER}'s, which virtccwd answers, takes {1000 * seconds:.0f} ms")
            expect(seconds <= LOGIN_SECONDS, f"a login of {DEFINER}'s takes {seconds:.1f} s")
            self.check_alive()
        self.check_cache()
        self.restart_libvirtd()
        self.compare(rounds=3).check("root's virsh list after libvirtd has started again")

    def answer_past(self):
        """Returns whether libvirtd itself accepts root."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(STALLED)
            client.connect(f"{BACKEND}/libvirt-sock")
            client.sendall(frame(OPEN, OPEN_QEMU))
            try:
                return f"libvirtd answers root with {len(client.recv(4096))} bytes"
            except TimeoutError:
                return f"past virtccwd, libvirtd has no answer for root within {STALLED} s"

    @staticmethod
    def define_spellings():
        return Attacker(VIEWER, partial(hostile.define_spellings, RW, SPELLINGS), SPELLING_CLIENTS)

    def check_cache(self):
        left = [name for _, _, names in os.walk(OUR_CACHE) for name in names]
        expect(not left, f"{len(left)} files are left in {OUR_CACHE}")

    def restart_libvirtd(self, **settings):
        """libvirtd starts each emulator that a client names before it checks the client's rights, and has not finished
        yet."""
        self.libvirt.stop(self.libvirt.libvirtd, signal.SIGKILL)
        self.configure_libvirtd(**settings)
        self.libvirt.start_libvirtd()

    def configure_libvirtd(self, **settings):
        self.configure("/etc/libvirt/libvirtd.conf", unix_sock_dir=BACKEND, access_drivers=["polkit"], **settings)

    def flipped_emulator(self):
        """virtccwd does not run a script in QEMU's place. libvirtd, which is root here too, may try it."""
        self.fresh()
        secret = os.path.join(self.libvirt.folder, "secret")
        theirs = os.path.join(self.libvirt.folder, "theirs")
        os.mkdir(secret, 0o700)
        os.mkdir(theirs)
        script = os.path.join(theirs, "qemu-script")
        with open(script, "w", encoding="utf-8") as file:
            file.write(STARTED_BY.replace("MARKER", f"{secret}/marker"))
        os.chmod(script, 0o755)
        os.chown(theirs, private_polkit.USERS[VIEWER][0], -1)
        flip = partial(hostile.flip_emulator, RW, os.path.join(theirs, "qemu"), ("/usr/bin/qemu-system-s390x", script))

        def ran():
            return os.path.exists(f"{secret}/marker")
        with Attacker(VIEWER, flip, 9) as attacker:
            wait_until(lambda: ran() or attacker.counts["refused"] >= 30, "30 refused definitions", 60)
            self.note(f"a symbolic link that changes: {attacker.counts}, the script was {'' if ran() else 'not '}run")
            expect(not ran(), f"virtccwd ran {VIEWER}'s script: {attacker.counts}")
        self.restart_libvirtd()
        self.check_alive()

    # Descriptors.

    def queued_descriptors(self):
        """Calls with descriptors on the read-only socket, which libvirt does not read as its replies are not read."""
        for older_kernel in (True, False):
            self.fresh(older_kernel=older_kernel)
            self.check_descriptors(VIEWER, 10, partial(hostile.send_descriptors, RO), "descriptors that are sent")

    def asked_descriptors(self):
        """Replies with descriptors that are not read: virDomainOpenGraphicsFD, which the read-only socket does not
        have."""
        if not self.libvirt.virsh_direct("list", "--name")[1].count("screen"):
            screen = hostile.domain(devices="<graphics type='vnc' port='-1'/>").replace("attack", "screen")
            self.create("screen", screen.replace("c001", "c003"))
        self.fresh()
        attack = partial(hostile.ask_for_descriptors, RW, "screen")
        self.check_descriptors(DEFINER, 1, attack, "descriptors that are asked for")

    def lingering_descriptors(self):
        """Descriptors whose close(2) waits for a minute: no other process closes them. They come from a user who is
        accepted, from one who is not, and after invalid bytes, for which virtccwd ends the connection."""
        self.loopback_up()
        with socket.create_server(("127.0.0.1", 0)) as server:
            for user, before in ((VIEWER, b""), ("nobody", b""), ("nobody", bytes(28))):
                self.fresh(older_kernel=True)
                attack = partial(hostile.send_lingering, RW, server.getsockname(), before)
                with Attacker(user, attack, 8) as attacker:
                    attacker.wait_for("sent", 1)
                    self.check_delay(attacker, f"descriptors of {user}'s that linger, behind {len(before)} bytes", rounds=5)

    # The message bus.

    def bus_descriptors(self):
        """Descriptors whose close(2) waits, in signals to virtccwd's name on the message bus, do not delay a login by
        polkit."""
        self.loopback_up()
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.fresh()
            attack = partial(hostile.signal_lingering, self.libvirt.proxy.pid, server.getsockname())
            self.libvirt.proxy.send_signal(signal.SIGSTOP)  # so that the attacker does not close them last
            with Attacker("nobody", attack, 4) as attacker:
                try:
                    wait_until(lambda: attacker.counts["sent"] + attacker.counts["refused"] == 4, "the descriptors")
                finally:
                    self.libvirt.proxy.send_signal(signal.SIGCONT)
                self.check_delay(attacker, "signals with descriptors that linger", users=("root", DEFINER), rounds=5)
                expect(attacker.counts["refused"] == 4, f"virtccwd takes descriptors on the message bus: {attacker.counts}")

    def bus_values(self):
        """A signal whose values take many times its length in memory after they are parsed."""
        self.fresh()
        before = self.libvirt.memory("VmHWM")
        attack = partial(hostile.signal_many_values, self.libvirt.proxy.pid, BUS_SIGNAL)
        with Attacker("nobody", attack) as attacker:
            attacker.wait_for("answered", 1, 60)
            compared = self.compare(DEFINER, rounds=3)
            most = self.libvirt.memory("VmHWM") - before
            self.note(f"a signal of many values: virtccwd has grown by {most} KiB, {BUS_MEMORY} are allowed; 'virsh list' of "
                      f"{DEFINER}'s takes {compared}")
            expect(most <= BUS_MEMORY, f"a signal of many values: virtccwd has grown by {most} KiB")
            compared.check(f"a signal of many values: virsh list of {DEFINER}'s")

    def bus_flood(self):
        self.fresh()
        with Attacker("nobody", partial(hostile.signal_again_and_again, self.libvirt.proxy.pid), 2) as attacker:
            attacker.wait_for("sent", 1000)
            self.check_delay(attacker, "signals on the message bus", users=("root", DEFINER), rounds=5)

    def early_descriptors(self):
        """Linux 6.16 and later refuse the descriptors of a client that virtccwd has not accepted yet."""
        self.fresh()
        os.kill(self.libvirt.proxy.pid, signal.SIGSTOP)
        try:
            for path in (RW, RO):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(path)
                    expect(hostile.may_send_descriptor(client) != hostile.can_reject_descriptors(), f"{path}: it was sent")
        finally:
            os.kill(self.libvirt.proxy.pid, signal.SIGCONT)

    @staticmethod
    def loopback_up():
        """Uses the network namespace of this test."""
        request = struct.pack("16sH22x", b"lo", IFF_UP)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFFLAGS, request)

    def check_descriptors(self, user, clients, attack, what):
        before = self.descriptors()
        with Attacker(user, attack, clients) as attacker:
            attacker.wait_for("connected", clients)
            most = clients * (CLIENT_FDS + FDS_OVER)
            held = highest(self.descriptors, lambda now: now > before + most, 2, 10 * SLOWER) - before
            self.note(f"{what}: virtccwd has {held} more than before for {clients} clients, {most} are allowed")
            expect(held <= most, f"{what}: {held} are open for {clients} clients ({attacker.counts})")
            self.check_delay(attacker, what)
        wait_until(lambda: self.descriptors() <= before + 2, "the end of what the attacker had open", 60)

    # XML.

    def attributes(self):
        """730 KB of attributes of one element, from users who may define domains and from users who may not."""
        xml = hostile.domain(hostile.attributes(730_000))
        for user in (VIEWER, DEFINER):
            self.fresh()
            with Attacker(user, partial(hostile.define, RW, xml), 1) as attacker:
                attacker.wait_for("sent", 1)
                self.check_delay(attacker, f"730 KB of attributes of {user}'s")

    def attributes_of_many(self):
        self.fresh()
        define = partial(hostile.define_together, RW, hostile.domain(hostile.attributes(730_000)), threading.Barrier(MANY))
        with Attacker(VIEWER, define, MANY) as attacker:
            attacker.wait_for("sent", 1, 30)
            self.check_delay(attacker, f"{MANY} clients with 730 KB of attributes")

    def attributes_of_running(self):
        """The attributes are a running domain's metadata, which other users ask for."""
        if not self.libvirt.virsh_direct("list", "--name")[1].count("heavy"):
            heavy = hostile.domain(hostile.attributes(120_000).replace("<a:a ", "<a:a s390-map-css='' "), devices="")
            self.create("heavy", heavy.replace("attack", "heavy").replace("c001", "c004"))
        self.fresh()
        dump = partial(hostile.call_for_domain, RW, "heavy", GET_XML_DESC, struct.pack(">I", 0))
        with Attacker(VIEWER, dump, 8) as attacker:
            attacker.wait_for("sent", 8)
            self.check_delay(attacker, "120 KB of attributes in a running domain")

    def shape(self, name):
        self.fresh()
        with Attacker(VIEWER, partial(hostile.define, RW, hostile.SHAPES[name]()), 3) as attacker:
            attacker.wait_for("sent", 1)
            self.check_delay(attacker, name, rounds=3)

    # Frames.

    def slow_frames(self):
        self.fresh()
        xml = hostile.domain(hostile.metadata("x" * (hostile.ROOM)))
        with Attacker(VIEWER, partial(hostile.byte_by_byte, RW, xml), 8) as attacker:
            attacker.wait_for("sent", 8)
            self.check_delay(attacker, "4 MiB byte by byte")

    def unread_replies(self):
        """Calls without pauses, whose replies are not read: small ones with large replies, and large ones."""
        self.fresh()
        before = self.libvirt.memory()
        calls = ((CAPABILITIES,), (DEFINE, string(hostile.domain(hostile.metadata("x" * 32768)))))
        with Attacker(VIEWER, partial(hostile.never_read, RW, calls), 10) as attacker:
            attacker.wait_for("sent", 200)
            self.check_delay(attacker, "calls whose replies are not read", rounds=3)
            grown = self.libvirt.memory() - before
            self.note(f"calls whose replies are not read: virtccwd has grown by {grown} KiB, {HELD} are allowed")
            expect(grown <= HELD, f"calls whose replies are not read: virtccwd has grown by {grown} KiB")

    def unread_rejections(self):
        """Calls that virtccwd itself rejects, discarding their payload: their replies are not read, and are bounded."""
        self.fresh()
        before = self.libvirt.memory()
        with Attacker(VIEWER, partial(hostile.never_read_rejections, RO, HOSTNAME, b""), 4) as attacker:
            attacker.wait_for("connected", 4)
            held = highest(self.libvirt.memory, lambda now: now - before > HELD, 2, 30 * SLOWER) - before
            self.note(f"rejections that are not read: virtccwd has grown by {held} KiB, {HELD} are allowed ({attacker.counts})")
            expect(held <= HELD, f"rejections that are not read: virtccwd has grown by {held} KiB ({attacker.counts})")
            self.check_delay(attacker, "rejections that are not read", rounds=5)

    def answered_calls(self):
        """Calls that virtccwd answers by itself, and whose answers are read: only virtccwd can slow these clients down."""
        for what, is_open, call, clients in (
                ("calls before the connection is open", False, frame(HOSTNAME), 25),
                ("the same on 200 connections", False, frame(HOSTNAME), MANY),
                ("calls in another's name", True, frame(SET_IDENTITY), 25)):
            self.fresh()
            with Attacker(VIEWER, partial(hostile.call_and_read, RO, is_open, call, clients)) as attacker:
                attacker.wait_for("connected", clients, 60)
                attacker.wait_for("sent", clients)
                self.check_delay(attacker, what, users=("root", DEFINER))
                expect(not attacker.counts["refused"], f"{what}: virtccwd ended connections: {attacker.counts}")

    # Work that virtccwd does by itself.

    def watcher_switches(self):
        """Returns how often the thread that reads all running domains has waited: it waits for each reply of libvirt."""
        tasks = f"/proc/{self.libvirt.proxy.pid}/task"
        status = [read(f"{tasks}/{task}/status") for task in os.listdir(tasks)]
        found = [re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M)[1] for text in status
                 if "Name:\twatcher" in text]
        expect(found, "virtccwd has no thread 'watcher'")
        return int(found[0])

    def rejected_starts(self):
        """A user who may start no domain does not make virtccwd read all domains."""
        self.fresh()
        before = highest(self.watcher_switches, lambda _: False, 0.5, 10 * SLOWER)  # after the first reconcile at the start
        with Attacker(VIEWER, partial(hostile.call_for_domain, RO, "live", CREATE, b""), 4) as attacker:
            attacker.wait_for("refused", 2000)
            waits = self.watcher_switches() - before
            self.note(f"starts that libvirt refuses: the watcher has waited {waits} times, {WATCHER_WAITS} are allowed "
                      f"({attacker.counts})")
            expect(waits <= WATCHER_WAITS, f"starts that libvirt refuses made the watcher look: it waited {waits} times")

    def many_devices(self):
        """An attach names all possible devices, in XML that libvirt does not read as a device."""
        self.fresh()
        rest = string(hostile.domain(devices=hostile.devices(hostile.ROOM))) + struct.pack(">I", 1)
        with Attacker(DEFINER, partial(hostile.call_for_domain, RW, "live", ATTACH_DEVICE_FLAGS, rest), 2) as attacker:
            attacker.wait_for("sent", 1)
            self.check_delay(attacker, "an attach of very many devices", rounds=5)

    # Connections.

    def flooded(self):
        """One user's connections use up that user's share, and not that of others."""
        for what, data in (("connections that log in", hostile.LOG_IN), ("connections that send nothing", b"")):
            self.fresh(max_clients=MANY_CLIENTS)
            with Attacker(VIEWER, partial(hostile.flood, (RW, RO), data, MANY_CLIENTS)) as attacker:
                attacker.wait_idle()
                self.check_delay(attacker, what, users=("root", DEFINER))
                let_in = attacker.counts["answered"]
                expect(let_in < MANY_CLIENTS, f"{VIEWER} has all {let_in} of {MANY_CLIENTS} connections")

    def reconnects(self):
        """Connections that open and close, with and without a call."""
        for what, data in (("connections that come and go", b""), ("calls that are not waited for", hostile.LOG_IN)):
            self.fresh()
            with Attacker(VIEWER, partial(hostile.reconnect, RW, data)) as attacker:
                attacker.wait_for("connected", 100)
                self.check_delay(attacker, what, users=("root", DEFINER))

    def wait_closed(self, most, what):
        """Waits until virtccwd has only this many descriptors."""
        try:
            wait_until(lambda: self.descriptors() <= most, f"the end of {what}", 20)
        except StepFailed as late:
            raise StepFailed(f"{late}: virtccwd has {self.descriptors()} descriptors, {most} are allowed") from late

    def churned(self):
        """Connections of three users that open and close at each stage of a login leave no descriptor behind."""
        self.fresh()
        before = self.descriptors()
        churn = partial(hostile.churn, (RW, RO))
        with Attacker(VIEWER, churn, 4) as first, Attacker(DEFINER, churn, 4) as second, Attacker("nobody", churn, 4) as third:
            for attacker in (first, second, third):
                attacker.wait_for("connected", 2000, 60)
        self.wait_closed(before + 2, "the descriptors of connections that came and went")

    def left_the_queue(self):
        """A client that waits for its login leaves the queue when it disconnects, also while earlier logins are
        pending."""
        self.fresh()
        before = self.descriptors()
        for user in (VIEWER, "nobody"):
            for data in (b"", hostile.LOG_IN):
                behind = partial(hostile.churn_behind, RW, HOLDERS, BEHIND, data)
                with Attacker(user, behind) as attacker:
                    attacker.wait_for("sent", BEHIND, 60)
                    self.wait_closed(before + HOLDERS + 2, f"clients of {user}'s that went from the queue")
                self.wait_closed(before + 2, "the clients before them")

    def left_for_libvirt(self):
        """The same for a client that waits for libvirt's queue."""
        self.libvirt.stop(self.libvirt.libvirtd, signal.SIGKILL)
        self.configure_both(access=["polkit"], max_queued_clients=LIBVIRT_QUEUE)
        self.libvirt.start_libvirtd()
        self.fresh()
        before = self.descriptors()
        self.libvirt.libvirtd.send_signal(signal.SIGSTOP)
        try:
            with Attacker("root", partial(hostile.churn_behind, RW, 0, BEHIND, hostile.LOG_IN)) as attacker:
                attacker.wait_for("sent", BEHIND, 60)
            self.wait_closed(before + LIBVIRT_QUEUE + 4, "clients that left before libvirt accepted them")
        finally:
            self.libvirt.libvirtd.send_signal(signal.SIGCONT)
        self.wait_closed(before + 2, "clients in libvirt's queue")

    # Memory.

    def rejections(self):
        """Rejected calls and connections use no memory afterwards."""
        self.fresh()
        for what, attack in (("calls", hostile.call_rejected), ("connections", hostile.connect_rejected)):
            self.reject(partial(attack, RW, 25))  # virtccwd has by now what it keeps for good
            before = self.libvirt.memory()
            self.reject(partial(attack, RW, 1250))
            grown = self.libvirt.memory() - before
            self.note(f"5,000 refused {what}: virtccwd has grown by {grown} KiB, {GROWTH} are allowed")
            expect(grown < GROWTH, f"5,000 refused {what}: virtccwd has grown by {grown} KiB")
        self.check_alive()

    @staticmethod
    def reject(attack):
        """Four clients at a time."""
        with Attacker(VIEWER, attack, 4) as attacker:
            attacker.wait_for("refused", 4 * attack.args[1], 180)


ATTACKS = (
    ("600 names of an emulator", AttackTest.spellings),
    ("600 names of an emulator, which take all of libvirt's workers", AttackTest.spellings_stall_libvirt),
    ("an emulator that becomes a script", AttackTest.flipped_emulator),
    ("descriptors that are sent to a libvirt that waits", AttackTest.queued_descriptors),
    ("descriptors that are asked for and not read", AttackTest.asked_descriptors),
    ("descriptors whose close waits", AttackTest.lingering_descriptors),
    ("signals on the message bus with descriptors whose close waits", AttackTest.bus_descriptors),
    ("signals on the message bus of many values", AttackTest.bus_values),
    ("signals on the message bus that do not end", AttackTest.bus_flood),
    ("descriptors that come before the client is accepted", AttackTest.early_descriptors),
    ("one element with very many attributes", AttackTest.attributes),
    ("the same from 200 clients", AttackTest.attributes_of_many),
    ("the same as a running domain's metadata", AttackTest.attributes_of_running),
    *((name, partial(AttackTest.shape, name=name)) for name in hostile.SHAPES),
    ("frames that come byte by byte", AttackTest.slow_frames),
    ("replies that are not read", AttackTest.unread_replies),
    ("rejections that are not read", AttackTest.unread_rejections),
    ("calls before the connection is open, and in another's name", AttackTest.answered_calls),
    ("starts that libvirt refuses", AttackTest.rejected_starts),
    ("an attach of very many devices", AttackTest.many_devices),
    ("floods of connections", AttackTest.flooded),
    ("connections that come and go", AttackTest.reconnects),
    ("connections that come and go leave nothing behind", AttackTest.churned),
    ("clients that leave the queue of logins", AttackTest.left_the_queue),
    ("clients that leave the queue for libvirt", AttackTest.left_for_libvirt),
    ("10,000 rejections leave nothing behind", AttackTest.rejections),
)


def run(test_class, attacks):
    """The main function of this test and of exhaustion.py."""
    if len(sys.argv) < 2:
        print(f"usage: {os.path.basename(sys.argv[0])} VIRTCCWD [WORD...]", file=sys.stderr)
        sys.exit(2)
    if private_polkit.missing():
        skip_all(f"there is no {private_polkit.missing()}")
    private_libvirt.enter()
    test = test_class(os.path.abspath(sys.argv[1]))
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    test.note = steps.note
    steps.run("polkit, libvirtd and a domain start", test.set_up)
    for name, attack in attacks:
        if len(sys.argv) == 2 or any(word in name for word in sys.argv[2:]):
            steps.run(name, attack, test)
    steps.done()


if __name__ == "__main__":
    run(AttackTest, ATTACKS)
