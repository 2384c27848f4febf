#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd without descriptors, threads or memory: it does not end, other users are served meanwhile, and all users
afterwards. Real parts, as in attacks.py. tests/lab/test-no-space.py fills the disk of its journal.

    exhaustion.py VIRTCCWD [WORD...]    with words only those tests that have one of them in their names
"""

import os
import re
from functools import partial

import attacks
import hostile
from attacker import Attacker, highest
from attacks import BACKEND, DEFINER, FRONT, VIEWER, RO, RW, AttackTest
from files import read, write
from steps import SLOWER, command, expect
from waiting import wait_until

NOFILE = ("--nofile=256:256",)
STACK = 256 << 20  # bytes of address space for each thread
SPARE = 128 << 20  # address space for everything else: too little for a thread
MEMORY = 2 << 30  # bytes of address space in all
FRAME = hostile.TEXT_MAX  # bytes. virtccwd would hold no frames of 24 MiB
SENDERS = 60  # of such frames, for each user
SHARE = (MEMORY // 8 // 4) >> 10  # KiB that one user may have
ANNOUNCED = (32 << 20) - 4096  # bytes: nearly the maximum of a frame
LARGE = 100_000  # bytes of a call that is rejected without free memory
OVERHEAD = 1.25  # the process's memory, relative to the counted bytes


class ExhaustionTest(AttackTest):
    def check_served(self, *users):
        """Each user gets in, at most twice as slowly as directly at libvirtd."""
        for user in users:
            compared = self.compare(user, rounds=3)
            self.note(f"{user} is served: {compared}")
            compared.check(f"{user} is served")
        self.check_alive()

    def has_recovered(self, before):
        """The attackers' share is free again, and they themselves are served."""
        wait_until(lambda: self.descriptors() <= before + 2, "the end of the attackers' connections", 60)
        self.check_served("root", DEFINER, VIEWER)

    # Descriptors.

    def connections(self):
        self.fresh(limits=NOFILE)
        before = self.descriptors()
        flood = partial(hostile.flood, (RW, RO), hostile.LOG_IN, 150)
        with Attacker(VIEWER, flood) as attacker:
            attacker.wait_idle()
            self.check_delay(attacker, "256 descriptors and a user's 300 connections", users=("root", DEFINER))
            with Attacker(DEFINER, flood) as second:
                second.wait_idle()
                self.check_delay(second, "256 descriptors and two users' 600 connections")
                self.note(f"{self.descriptors()} descriptors are open")
        self.has_recovered(before)

    def queued(self):
        """The descriptors of calls that libvirt does not read."""
        self.fresh(limits=NOFILE, older_kernel=True)
        before = self.descriptors()
        with Attacker(VIEWER, partial(hostile.send_descriptors, RO), 20) as attacker:
            attacker.wait_for("sent", 1)
            most = highest(self.descriptors, lambda now: now > 250, 2, 10 * SLOWER)
            self.note(f"{most} descriptors are open ({attacker.counts})")
            self.check_delay(attacker, "256 descriptors and 20 clients that send some", users=("root", DEFINER))
        self.has_recovered(before)

    # Threads.

    def address_space(self):
        return 1024 * int(re.search(r"VmSize:\s*(\d+)", read(f"/proc/{self.libvirt.proxy.pid}/status"))[1])

    def limit_address_space(self, limit):
        command(["prlimit", "--pid", str(self.libvirt.proxy.pid), f"--as={limit}:"])  # the soft limit

    def threads(self):
        """No thread can start when virtccwd is used for the first time."""
        self.fresh(limits=(f"--stack={STACK}:{STACK}",))
        before = self.descriptors()
        self.limit_address_space(self.address_space() + SPARE)
        self.check_served("root", DEFINER, VIEWER)
        for user in ("root", DEFINER):
            for line in (("define", self.write("define.xml", hostile.domain())),
                         ("attach-device", "live", self.write("device.xml", hostile.DEVICE % 0x1234), "--live"),
                         ("nodedev-detach", "ccw_0_0_1234")):
                code, output = self.virsh(user, FRONT, False, *line)
                self.note(f"{line[0]} of {user}'s: {code}: {output.splitlines()[-1] if output else ''}")
                self.check_alive()
        with Attacker(VIEWER, partial(hostile.define, RW, hostile.domain()), 20) as attacker:
            attacker.wait_for("sent", 20)
            self.check_delay(attacker, "no thread, and 20 clients")
        self.limit_address_space("unlimited")
        self.has_recovered(before)
        self.virsh("root", BACKEND, False, "undefine", "attack")

    def write(self, name, text):
        return write(os.path.join(self.libvirt.folder, name), text)

    # Memory.

    def memory(self):
        """Frames without an end."""
        self.fresh(limits=(f"--as={MEMORY}:{MEMORY}",))
        descriptors, before = self.descriptors(), self.libvirt.memory()
        unfinished = partial(hostile.keep_unfinished, RW, FRAME)
        with Attacker(VIEWER, unfinished, SENDERS) as attacker, Attacker(DEFINER, unfinished, SENDERS) as second:
            for one in (attacker, second):
                one.wait_for("connected", SENDERS, 180)  # an attacker has a low priority, and sends megabytes
            wait_until(lambda: self.libvirt.memory() - before >= 0.9 * SHARE, "a user's share is held", 60)
            most = 2 * SHARE * OVERHEAD
            grown = highest(self.libvirt.memory, lambda now: now - before > most, 2, 15 * SLOWER) - before
            self.note(f"frames that do not end: virtccwd has grown by {grown} KiB, {most:.0f} are allowed "
                      f"({attacker.counts}; {second.counts})")
            self.check_delay(attacker, "frames that do not end")
            expect(grown <= most, f"frames that do not end: virtccwd has grown by {grown} KiB")
        self.has_recovered(descriptors)

    def announced(self):
        """Three users announce as many bytes as all users but root may have, and another user's calls still fit."""
        self.fresh()
        descriptors = self.descriptors()
        define = partial(hostile.define, RW, hostile.domain(hostile.metadata("x" * LARGE)))
        announce = partial(hostile.announce, RO, ANNOUNCED)
        with Attacker(VIEWER, announce, 2) as first, Attacker("viewer", announce, 2) as second, \
                Attacker("nobody", announce, 2) as third:
            for attacker in (first, second, third):
                attacker.wait_for("sent", 2)
            with Attacker(DEFINER, define) as victim:
                wait_until(lambda: victim.counts["answered"] + victim.counts["refused"] >= 20, "calls of the fourth user", 60)
                self.note(f"calls of {ANNOUNCED} bytes are announced: {DEFINER} has {victim.counts}")
                expect(not victim.counts["refused"], f"calls that do not arrive keep {DEFINER} from making calls: {victim.counts}")
        self.has_recovered(descriptors)
        self.virsh("root", BACKEND, False, "undefine", "attack")


TESTS = (
    ("few descriptors and many connections", ExhaustionTest.connections),
    ("few descriptors and clients that send some", ExhaustionTest.queued),
    ("too little memory for threads", ExhaustionTest.threads),
    ("little memory and frames that do not end", ExhaustionTest.memory),
    ("three users' calls that do not arrive", ExhaustionTest.announced),
)

if __name__ == "__main__":
    attacks.run(ExhaustionTest, TESTS)
