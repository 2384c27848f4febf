#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs recorded_steps.py on the channel subsystem of its machine, which is real or a lab's, and records what sysfs
shows, the errno of each action and its uevents.

    record-tree.py --inside FILE [BUSID]      as root; the DASD (0.0.1234) is online, unused and formatted or not

FILE is a text with one part for each step: its errno, its uevents, and how the tree differs from before. Values that
may differ between two machines are masked: the numbers of subchannel, channel path, group and device node.
"""

import errno
import fnmatch
import functools
import os
import re
import select
import socket
import stat
import subprocess
import sys
import time

import recorded_steps
from waiting import wait_until

IN_LAB = os.path.exists("/run/libvirt-ccw/lab.sock")
QUIET = 0.01 if IN_LAB else 0.3  # seconds without a uevent end a step; a lab has sent them all when a write returns
TIMEOUT = 5 if IN_LAB else 60
ROOTS = ("bus/css", "bus/ccw", "bus/mdev", "class/mdev_bus", "class/vfio", "class/vfio-dev", "devices/css0",
         "devices/virtual/vfio", "kernel/iommu_groups", "module/mdev", "module/vfio", "module/vfio_ccw")
# Other machines have other devices, drivers and channel paths besides ours.
OTHERS = ("*/0.?.????", "*/chp?.*", "bus/ccw/drivers/*", "bus/css/drivers/*")
# Folders of which only the existence matters, and names and values that depend on the kernel's build.
CLOSED = ("*/block/*", "*/paths_info/*")
BUILD = ("module/*/sections", "module/*/notes", "module/*/srcversion", "module/*/version")
# Reading these sends a command to the control unit, which rejects it each time, or gets none without a path.
ASKING = ("*/capacity/*", "*/extent_pool/*", "*/host_access_count")
MASKED = ("*/coresize", "*/initsize", "*/pools", "*/cm_enable", "module/*/refcnt", "*/chid", "*/util_string",
          "module/*/taint", *ASKING)
UEVENT_KEYS = ("ACTION", "DEVPATH", "SUBSYSTEM", "SEQNUM")
SUBSYSTEMS = ("css", "ccw", "mdev", "vfio", "vfio-dev")


@functools.lru_cache(None)  # the same paths come again at each step
def is_one_of(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


class Machine:
    def __init__(self, device):
        self.device = device
        self.subchannel = os.path.basename(os.path.dirname(os.path.realpath(f"/sys/bus/ccw/devices/{device}")))
        chpids = self.read(f"devices/css0/{self.subchannel}/chpids").split()
        self.path = f"0.{chpids[0]}"
        self.words = {"S": self.subchannel, "D": self.device, "C": self.path}
        self.masks = [
            (re.compile(re.escape(self.subchannel)), "{S}"),
            (re.compile(rf"(chp|paths_info/){re.escape(self.path)}"), r"\1{C}"),
            (re.compile(r"(iommu_groups/|(?:class|virtual|DEVNAME=)/?vfio/)\d+"), r"\1{N}"),
            (re.compile(r"\bvfio\d+"), "vfio{N}"),
            (re.compile(r"\bMAJOR=\d+"), "MAJOR={N}"), (re.compile(r"\bMINOR=\d+"), "MINOR={N}"),
            (re.compile(r"\bdasd[a-z]+(?=\d*$)"), "dasd{X}"),
        ]

    @staticmethod
    def read(path):
        with open(f"/sys/{path}", encoding="utf-8", errors="replace") as file:
            return file.read()

    def name(self, text):
        return text.format(**self.words)

    @functools.lru_cache(None)
    def mask(self, text):
        for pattern, word in self.masks:
            text = pattern.sub(word, text)
        return text

    def ours(self, path):
        known = ("/" + self.subchannel, "/" + self.device, "/chp" + self.path, "/io_subchannel", "/vfio_ccw", "/dasd-eckd")
        return path.endswith(known) or not is_one_of(path, OTHERS + BUILD)

    def value(self, path):
        if is_one_of(path, MASKED):
            return "*"
        try:
            text = self.read(path)
        except OSError as error:
            return f"<{errno.errorcode[error.errno]}>"
        if path.endswith("/dev"):
            text = re.sub(r"\d+", "{N}", text)
        if path.endswith("/chpids"):
            text = text.replace(self.path[2:], "{C}", 1)
        return self.mask(text).replace("\n", "|")

    def entry(self, path):
        """Returns one line of the recording, and whether the path is a folder; None when it has gone."""
        try:
            info = os.lstat(f"/sys/{path}")
        except OSError:
            return None, False
        mode = stat.S_IMODE(info.st_mode)
        shown = self.mask(path)
        if stat.S_ISLNK(info.st_mode):
            return f"{shown} -> {self.mask(os.readlink(f'/sys/{path}'))}", False
        if stat.S_ISDIR(info.st_mode):
            return f"{shown}/", not is_one_of(path, CLOSED)
        value = self.value(path) if mode & 0o444 else ""
        return f"{shown} ({mode:o})={value}", False

    def tree(self):
        lines = []
        folders = list(ROOTS)
        while folders:
            path = folders.pop()
            line, more = self.entry(path)
            if line:
                lines.append(line)
            if more:
                folders += [child for child in (f"{path}/{name}" for name in os.listdir(f"/sys/{path}")) if self.ours(child)]
        return sorted(lines)


class Uevents:
    """The kernel's own messages; a lab has only those that udevd would pass on."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((0, 2 if IN_LAB else 1))

    def take(self, machine):
        """Returns all of them as lines, when no more arrive."""
        lines = []
        while select.select([self.socket], [], [], QUIET)[0]:
            words = self.socket.recv(1 << 16).split(b"\0")[IN_LAB:]
            pairs = dict(word.decode().split("=", 1) for word in words if re.match(rb"[A-Z_]+=", word))
            if pairs.get("SUBSYSTEM") not in SUBSYSTEMS or not machine.ours(pairs["DEVPATH"]):
                continue
            env = " ".join(f"{key}={value.replace('/dev/', '')}" for key, value in sorted(pairs.items())
                           if key not in UEVENT_KEYS)
            lines.append(machine.mask(f"{pairs['ACTION']} {pairs['DEVPATH'][1:]} {pairs['SUBSYSTEM']} {env}").strip())
        return lines


def act(path, text):
    """Writes as echo does it: one write, no O_CREAT. Returns the name of the errno, or ok."""
    try:
        fd = os.open(f"/sys/{path}", os.O_RDONLY if text is recorded_steps.READ else os.O_WRONLY | os.O_TRUNC)
        try:
            if text is not recorded_steps.READ:
                os.write(fd, text.encode() + b"\n")
        finally:
            os.close(fd)
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]


def holds(machine, path, wanted):
    if isinstance(wanted, bool):
        return os.path.lexists(f"/sys/{path}") == wanted
    try:
        return machine.read(path).strip() == wanted
    except OSError:
        return False


def wait_for(machine, goal):
    """An event that did not happen is named in the recording."""
    try:
        wait_until(lambda: holds(machine, machine.name(goal[0]), goal[1]), goal[0], TIMEOUT)
        return ""
    except TimeoutError:
        return f"never {goal[0]} {goal[1]}\n"


def play(machine, path, text):
    if not IN_LAB and "online" in path:
        subprocess.run(["udevadm", "settle"], check=True)  # udev opens new and changed disks, and offline fails with EBUSY then
    result = act(machine.name(path), text if text is None else machine.name(text))
    return f"{'read' if text is None else 'write'} {path.split('/')[-1]}{'' if text is None else f' <- {text}'}: {result}"


def record(machine, out):
    uevents = Uevents()
    before = tree = machine.tree()
    out.write("== before\n" + "".join(f"{line}\n" for line in tree))
    for label, *writes, goal in recorded_steps.STEPS:
        answers = [play(machine, *write) for write in (writes[0] if len(writes) == 1 else [writes])]
        late = wait_for(machine, goal) if goal and answers[-1].endswith(" ok") else ""
        said = uevents.take(machine)
        new = machine.tree()
        out.write(f"== {label}\n" + "".join(f"{answer}\n" for answer in answers) + late)
        out.write("".join(f"uevent {line}\n" for line in said))
        out.write("".join(f"- {line}\n" for line in tree if line not in set(new)))
        out.write("".join(f"+ {line}\n" for line in new if line not in set(tree)))
        out.flush()
        tree = new
    out.write("== after, against before\n")
    out.write("".join(f"- {line}\n" for line in before if line not in set(tree)))
    out.write("".join(f"+ {line}\n" for line in tree if line not in set(before)))


def main():
    if len(sys.argv) < 3 or sys.argv[1] != "--inside":
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    started = time.monotonic()
    machine = Machine(sys.argv[3] if len(sys.argv) > 3 else "0.0.1234")
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        record(machine, out)
    print(f"# {len(recorded_steps.STEPS)} steps in {time.monotonic() - started:.1f} s", flush=True)


main()
