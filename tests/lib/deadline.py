# SPDX-License-Identifier: LGPL-2.1-or-later
"""A deadline for what another process does, in which the time does not count for which that process waited for a processor:
on a busy machine it is later, and it still ends one that hangs."""

import glob
import time

LATEST = 6  # what the seconds are multiplied by at most, however busy the machine is


def waited(pid):
    """Seconds for which a process has been ready to run, and has not run: the most that one of its threads had waited when it
    ran last."""
    longest = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path, encoding="ascii") as file:
                longest = max(longest, int(file.read().split()[1]))
        except (OSError, IndexError):  # the thread has ended; the kernel counts nothing
            continue
    return longest / 1e9


class Deadline:
    """pid: the process that is awaited. Without one, it is a deadline as any other."""

    def __init__(self, seconds, pid=None, latest=LATEST):
        self.seconds = seconds
        self._latest = seconds * latest
        self._pid = pid
        self._started = time.monotonic()
        self._waited = self._wait()

    def _wait(self):
        return waited(self._pid) if self._pid else 0

    def late_by(self):
        """Seconds for which the process has waited since."""
        return max(self._wait() - self._waited, 0)

    def left(self):
        """Seconds; 0 or less when it is over."""
        return min(self.seconds + self.late_by(), self._latest) - (time.monotonic() - self._started)
