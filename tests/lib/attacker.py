# SPDX-License-Identifier: LGPL-2.1-or-later
"""A local user who attacks virtccwd: a process with one thread for each connection, which count what they do."""

import mmap
import os
import signal
import struct
import sys
import threading
import time
import traceback

import private_polkit
from steps import StepFailed, expect
from waiting import DEADLINE, wait_until

COUNTS = ("connected", "sent", "answered", "refused")
NOBODY = 65534
NICE = 10  # the attack is on the daemon: it must not take processor time from the measured clients


class Counts:
    """Numbers that the attacker writes and the test reads."""

    def __init__(self):
        self._memory = mmap.mmap(-1, 4096)
        self._lock = threading.Lock()

    def add(self, name, number=1):
        at = 8 * COUNTS.index(name)
        with self._lock:
            value = struct.unpack_from("=Q", self._memory, at)[0]
            struct.pack_into("=Q", self._memory, at, value + number)

    def __getitem__(self, name):
        return struct.unpack_from("=Q", self._memory, 8 * COUNTS.index(name))[0]

    def __str__(self):
        return ", ".join(f"{name} {self[name]}" for name in COUNTS)


def become(user):
    """Gives the rest of this process that user's number and groups."""
    if user == "root":
        return
    number, member = private_polkit.USERS.get(user, (NOBODY, False))
    os.setgroups([int(private_polkit.group_number("libvirt"))] if member else [])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)


class Attacker:
    """Runs attack(counts, number) in each of this many threads, in a process of that user, until the with statement
    ends."""

    def __init__(self, user, attack, threads=1):
        self.counts = Counts()
        self._pid = os.fork()
        if self._pid == 0:
            self._run(user, attack, threads)

    def _run(self, user, attack, threads):
        try:
            os.nice(NICE)
            become(user)
            running = [threading.Thread(target=self._run_one, args=(attack, number), daemon=True)
                       for number in range(threads)]
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()
            signal.pause()  # keeps everything open
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
        os._exit(1)

    def _run_one(self, attack, number):
        """Sends all bytes, or as many as virtccwd reads."""
        try:
            attack(self.counts, number)
        except (OSError, StepFailed):
            self.counts.add("refused")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Starts the attacker without a with statement."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def wait_for(self, name, number, seconds=DEADLINE):
        """Waits until the attacker has counted this many."""
        def done():
            expect(os.waitpid(self._pid, os.WNOHANG)[0] == 0, "the attacker ended")
            return self.counts[name] >= number
        try:
            wait_until(done, f"'{name} {number}' of the attacker", seconds)
        except StepFailed as late:
            raise StepFailed(f"{late}: {self.counts}") from late

    def wait_idle(self, quiet=0.5, seconds=20):
        """Waits until all of its threads wait: the counts have not changed for a while."""
        highest(lambda: sum(self.counts[name] for name in COUNTS), lambda _: False, quiet, seconds)


def highest(value, is_enough, quiet, seconds):
    """Returns the highest value(): when it is enough, has not changed for a while, or this much time has passed."""
    started = changed = time.monotonic()
    last = most = value()

    def done():
        nonlocal changed, last, most
        now = value()
        if now != last:
            last, changed = now, time.monotonic()
        most = max(most, now)
        return is_enough(now) or time.monotonic() - min(changed + quiet, started + seconds) >= 0
    wait_until(done, "an end of changes", seconds + 10)
    return most
