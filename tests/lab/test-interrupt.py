#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ends a lab at each stage of its start, by the keys of its terminal and by signals. It must end and leave nothing.
TAP.

    test-interrupt.py VIRT-CCW
"""

import os
import pty
import select
import signal
import sys
import time

from labtest import create_image, enter_mounts, host_state, processes_in, workdir
from tap import Tap
from waiting import DEADLINE

# The stages: a process of the lab with this name exists. The last one is the command.
MOMENTS = ("virt-ccw", "virt-ccw-lab", "virt-ccw-sysfs", "libvirtd", "virtccwd", "sleep")
WAYS = {"^C": signal.SIGINT, "^\\": signal.SIGQUIT, "a terminal that goes": signal.SIGHUP, "SIGTERM": signal.SIGTERM,
        "SIGINT": signal.SIGINT}
KEYS = {"^C": b"\x03", "^\\": b"\x1c"}


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def names_below(pid):
    """Returns the names of a process and of all its descendants."""
    found = []
    for each in [pid, *children(pid)]:
        try:
            with open(f"/proc/{each}/comm", encoding="utf-8") as file:
                found.append(file.read().strip())
        except OSError:
            continue
        if each != pid:
            found += names_below(each)
    return found


def namespace_of_lab(pid):
    """Returns the pid namespace of its process 1, which is its only child; None before it exists."""
    for child in children(pid):
        try:
            return os.readlink(f"/proc/{child}/ns/pid")
        except OSError:
            pass
    return None


class Interrupted:
    def __init__(self, virt_ccw, image):
        self.command = [virt_ccw, "lab", "exec", "--dasd", f"0.0.1234={image}", "--", "sleep", "600"]
        self.output = b""

    def await_moment(self, pid, moment):
        deadline = time.monotonic() + DEADLINE
        while moment not in names_below(pid):
            if time.monotonic() > deadline:
                raise TimeoutError(f"there is no process {moment}: {self.output.decode()}")

    def read(self, terminal, seconds):
        if terminal is not None and select.select([terminal], [], [], seconds)[0]:
            try:
                self.output += os.read(terminal, 4096)
            except OSError:  # the other end is closed
                pass

    def await_end(self, pid, terminal):
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if terminal is None:
                select.select([], [], [], 0.01)
            self.read(terminal, 0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None

    def at(self, moment, way):
        """Ends a lab. Returns its exit code, -N for a signal, and the processes that are left in it."""
        pid, terminal = pty.fork()
        if pid == 0:
            for number in WAYS.values():  # where the tests run in the background, these are ignored
                signal.signal(number, signal.SIG_DFL)
            os.execv(self.command[0], self.command)
        self.await_moment(pid, moment)
        namespace = namespace_of_lab(pid)
        if way in KEYS:
            os.write(terminal, KEYS[way])
        elif way == "a terminal that goes":
            os.close(terminal)
            terminal = None
        else:
            os.kill(pid, WAYS[way])
        code = self.await_end(pid, terminal)
        if terminal is not None:
            os.close(terminal)
        return code, processes_in(namespace) if namespace and namespace != os.readlink("/proc/self/ns/pid") else []


def main():
    enter_mounts()
    tap = Tap()
    virt_ccw = os.path.abspath(sys.argv[1])
    with workdir() as folder:
        image = create_image(virt_ccw, os.path.join(folder, "disk.ckd"))
        before = host_state()
        for way, number in WAYS.items():
            for moment in MOMENTS:
                lab = Interrupted(virt_ccw, image)
                code, left = lab.at(moment, way)
                tap.ok(code in (128 + number, -number) and not left, f"{way} when there is {moment}",
                       f"exit code {code}, left are {left}", lab.output.decode(errors="replace"))
        tap.equal(host_state(), before, "nothing is left")
    tap.done()


if __name__ == "__main__":
    main()
