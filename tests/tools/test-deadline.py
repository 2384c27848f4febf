#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The deadline of the tests with a guest: it waits for a process that has no processor, and not for one that sleeps or runs. TAP."""

import os
import subprocess
import sys
import time

from deadline import Deadline, waited
from tap import Tap, skip_all
from waiting import happens

SECONDS = 1
NICEST = 19
LOOP = "import os; os.write(1, b'.')\nwhile True: pass"
SLEEP = "import os, time; os.write(1, b'.'); time.sleep(600)"


def start(program, nice=0):
    """It has started when it returns, on the first of our processors."""
    def prepare():
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        os.nice(nice)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, preexec_fn=prepare)
    process.stdout.read(1)
    return process


def lasts(*args, **kwargs):
    """How long such a deadline lasts, and for how much of that the process waited."""
    started = time.monotonic()
    deadline = Deadline(*args, **kwargs)
    happens(lambda: deadline.left() <= 0, 60)
    return time.monotonic() - started, deadline.late_by()


def is_late(pid):
    lasted, late_by = lasts(SECONDS, pid)
    return lasted > 1.5 * SECONDS and late_by > 0.5 * SECONDS


def main():
    if not waited(os.getpid()):
        skip_all("this kernel does not count how long a process waits for a processor")
    tap = Tap()
    lasted, late_by = lasts(SECONDS)
    tap.ok(lasted >= SECONDS and late_by == 0, "without a process it is as any other", lasted, late_by)
    processes = [start(SLEEP), start(LOOP, NICEST)]
    asleep, starved = processes
    try:
        processes.append(start(LOOP))  # it leaves little of that processor to the second one
        lasted, late_by = lasts(SECONDS, asleep.pid)
        tap.ok(lasted >= SECONDS and late_by < SECONDS, "it does not wait for one that sleeps", lasted, late_by)
        # The kernel counts a wait when it is over, so a wait of all these seconds is not seen.
        tap.ok(happens(lambda: is_late(starved.pid), 60), "it waits for one that has no processor")
        lasted, late_by = lasts(SECONDS, starved.pid, latest=1.2)
        tap.ok(1.2 * SECONDS <= lasted, "it ends all the same", lasted, late_by)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    lasted, late_by = lasts(SECONDS, starved.pid)
    tap.ok(lasted >= SECONDS and late_by == 0, "a process that has ended does no harm", lasted, late_by)
    tap.done()


main()
