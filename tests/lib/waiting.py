# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waits, with a deadline, for events that send no notification: checks every few milliseconds."""

import os
import time

from steps import SLOWER, StepFailed

DEADLINE = int(os.environ.get("LIBVIRT_CCW_TEST_DEADLINE", "180"))  # seconds for what an idle machine does at once
INTERVAL = 0.01  # seconds


class NotInTime(StepFailed, TimeoutError):
    """The condition did not come true before the deadline."""


def happens(condition, seconds=DEADLINE):
    """Returns whether the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True


def wait_until(condition, what, seconds=DEADLINE):
    if not happens(condition, seconds * SLOWER):
        raise NotInTime(f"not in {seconds * SLOWER} seconds: {what}")
