#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kills QEMU with SIGKILL at random moments while a guest without an operating system (baremetal/writes.c) updates and
formats tracks as fast as it can. The guest acknowledges each operation by a line on the console, which has left QEMU
before the next one begins.

After each kill `virt-ccw dasd check` finds the image clean, and every track has the last acknowledged data, byte by
byte. Only the operation in progress may have left another state: the old records, the new ones, or data of both; after
a format also no records. At the end Hercules' dasdcopy reads the whole volume.

--delayed-writes shows that the test can fail: it must find that writes were acknowledged before they were done."""

import os
import random
import re
import shlex
import struct
import subprocess
import threading
import time

from bareguest import BareTest, main
from ckd import CkdImage
from steps import StepFailed, command, expect

DISK = "0.0.1234"
DEADLINE = 60  # seconds for QEMU and the guest to begin, on a busy machine
LONGEST = 0.4  # seconds from the first acknowledgement to the kill
# As in writes.c.
ORDERS = 0x8000
CYLINDERS, LAST_TRACK = 3, 44
SLOTS, FIRST_UPDATED, FIRST_FORMATTED = 8, 1, 15
LAYOUTS = ((12, 4096), (6, 8192), (33, 1024))
NO_END = 0xffffffff
REPORTED = "a write was interrupted here"


class Lost(StepFailed):
    """An acknowledged write is missing, or there is data that was never written."""


def operation(number):
    """Returns (track, its records) as operation `number` writes them."""
    turn, formats = divmod(number, 2)
    track = (FIRST_FORMATTED if formats else FIRST_UPDATED) + turn % SLOTS
    records, length = LAYOUTS[turn % len(LAYOUTS)] if formats else LAYOUTS[0]
    return track, contents(number, track, records, length)


def contents(number, track, records, length):
    return [struct.pack(">II", number, track << 8 | record) * (length // 8) for record in range(1, records + 1)]


def either(found, old, new):
    """Returns whether the data of a record was replaced from its beginning up to some byte, or not at all."""
    if len(found) != len(old) or len(old) != len(new):
        return False
    same = next((i for i in range(len(found)) if found[i] != new[i]), len(found))
    return found[same:] == old[same:]


class KillDevice(BareTest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps)
        self.random = random.Random(options.seed)
        self.image = os.path.join(workdir, "disk.ckd")
        self.log = os.path.join(workdir, "qemu.log")
        self.next = 0  # the first operation
        self.operations = 0
        self.tracks = {}  # what must be on each track
        self.ends = dict.fromkeys(("not begun", "done", "half done"), 0)  # of the operation in progress at a kill
        steps.log(self.log)

    def start(self, end=NO_END, **kwargs):
        argv = [self.options.qemu_ccw, "--dasd", f"{DISK}={self.image}", "-machine", "s390-ccw-virtio,s390-map-css=on",
                "-device", f"vfio-ccw,hostid={DISK}", "-m", "128", "-nodefaults", "-display", "none",
                "-chardev", "stdio,id=console,signal=off", "-device", "sclpconsole,chardev=console",
                "-device", f"loader,addr={ORDERS:#x},data={self.next << 32 | end:#x},data-len=8,data-be=on",
                "-kernel", self.options.guest]
        if self.next == 0:
            self.steps.note(shlex.join(argv))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, **kwargs)

    def read_lines(self, lines, first):
        for line in self.process.stdout:
            lines.append(line)
            first.set()
        first.set()

    def listen(self):
        """Reads the guest's output. Returns the thread that reads, its lines, and an event for the first one."""
        lines, first = [], threading.Event()
        reader = threading.Thread(target=self.read_lines, args=(lines, first))
        reader.start()
        return reader, lines, first

    def note_acknowledged(self, lines):
        """From now on, expects on the tracks what these lines acknowledge."""
        for line in lines:
            if not line.endswith(b"\n"):
                break  # QEMU was killed in the middle of this line
            expect(re.fullmatch(rb"[0-9a-f]{8}\r?\n", line), f"the guest says: {line}")
            number = int(line, 16)
            expect(number == self.next, f"the guest has done operation {number}, and {self.next} was due")
            track, records = operation(number)
            self.tracks[track] = records
            self.next = number + 1
            self.operations += 1

    def make(self):
        command([self.options.virt_ccw, "dasd", "create", self.image, "--cylinders", str(CYLINDERS)])
        self.tracks = {track: contents(0, track, *LAYOUTS[0]) for track in range(1, LAST_TRACK + 1)}
        self.work(2 * SLOTS)
        self.check()

    def work(self, end):
        """Runs operations up to this one, in a guest that is not killed."""
        self.start(end)
        try:
            said = self.process.communicate(timeout=2 * DEADLINE)[0].splitlines(keepends=True)
        finally:
            self.process.kill()
        expect(said and said[-1].strip() == b"done", f"the guest says: {said[-3:]}")
        self.note_acknowledged(said[:-1])
        expect(self.next == end, f"the guest ended before operation {self.next}")

    def kill(self, **kwargs):
        self.start(**kwargs)
        reader, lines, first = self.listen()
        expect(first.wait(timeout=DEADLINE), "the guest acknowledges nothing")
        time.sleep(self.random.uniform(0, LONGEST))  # the moment of the kill is random
        expect(self.process.poll() is None, f"the guest has ended: {lines[-2:]}")
        self.process.kill()
        self.process.wait()
        reader.join(timeout=DEADLINE)
        self.process.stdout.close()
        self.note_acknowledged(lines)
        self.check(killed=True)

    def check(self, killed=False):
        code, output = command([self.options.virt_ccw, "dasd", "check", self.image], check=False)
        if code != 0 or "warning:" in output.replace(f"warning: {REPORTED}", ""):
            raise Lost(output)
        self.compare(self.image, killed)
        if killed:
            self.next += 1  # the operation in progress is not repeated: a track's data shows its operation

    def compare(self, path, killed):
        in_progress = operation(self.next) if killed else (None, None)
        with CkdImage(path) as image:
            for track, expected in self.tracks.items():
                found = image.records(track)
                if track == in_progress[0]:
                    self.ends["not begun" if found == expected else "done" if found == in_progress[1] else "half done"] += 1
                if found != expected and not (track == in_progress[0] and self.may_be(found, expected, in_progress[1])):
                    raise Lost(f"track {track} holds {self.describe(found)}; acknowledged was {self.describe(expected)}, "
                               f"and operation {self.next} was due next")
                self.tracks[track] = found

    def may_be(self, found, old, new):
        if self.next % 2:
            return found in ([], new)
        return len(found) == len(old) and all(map(either, found, old, new))

    @staticmethod
    def describe(records):
        seen = sorted({struct.unpack(">II", record[at:at + 8])[0] for record in records for at in (0, len(record) - 8)})
        return f"{len(records)} records of the operations {', '.join(map(str, seen)) or 'none'}"

    def kills(self):
        started = time.monotonic()
        for number in range(1, self.options.kills + 1):
            self.kill()
            if number % 10 == 0 or number == self.options.kills:
                self.steps.note(f"{number} kills, {self.operations} operations were acknowledged, "
                                f"{time.monotonic() - started:.0f} s; what was under way was {self.ends}")

    def copy(self):
        """Reads the volume with another program: dasdcopy parses every track and rebuilds it."""
        self.work(self.next + 2 * SLOTS)  # completes tracks whose format was interrupted
        self.check()
        packed, back = self.image + ".cckd", self.image + ".copy"
        command(["dasdcopy", "-q", "-o", "cckd", self.image, packed])
        command(["dasdcopy", "-q", "-lfs", "-o", "ckd", packed, back])
        self.compare(back, killed=False)

    def find_delayed_writes(self):
        # Several kills are needed only if no write was waiting at the first ones.
        for number in range(1, 11):
            try:
                self.kill(env={**os.environ, "LD_PRELOAD": self.options.delayed_writes})
            except Lost as lost:
                self.steps.note(f"kill {number}: {lost}")
                return
        raise StepFailed("a device that acknowledges before it writes was not caught")

    def run(self):
        self.steps.note(f"seed {self.options.seed}")
        self.steps.run("a guest without an operating system formats a volume", self.make)
        self.steps.run(f"{self.options.kills} times QEMU is killed, and no acknowledged write is lost", self.kills)
        self.steps.run("dasdcopy finds the same on every track", self.copy)
        if self.options.delayed_writes:
            self.steps.run("the test finds a device that acknowledges before it writes", self.find_delayed_writes)
        self.steps.done()


def arguments(parser):
    parser.add_argument("--delayed-writes", type=os.path.abspath, help="the library that acknowledges before it writes (delayed_writes.c)")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32),
                        help="of the moments; another one each time if it is not given")


if __name__ == "__main__":
    main(KillDevice, __doc__, arguments)
