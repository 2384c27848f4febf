#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kills QEMU with SIGKILL at random moments while its guest writes, and checks that acknowledged writes are not lost.

The guest has two DASDs. Three loops write numbered blocks to the first one with direct I/O, and acknowledge each batch
to the host after its dd has ended. The second one is formatted again and again. After each kill `virt-ccw dasd check`
finds both images clean, and every acknowledged block is on the first one as it was acknowledged, or newer.

A kill does not need another boot: a guest without DASDs boots once, its state is saved, and each QEMU starts from that
state and gets the DASDs plugged in.

QEMU without KVM does not save a pending interrupt (hw/intc/s390_flic.c, before QEMU 9.2): if virtio-serial waits for
that interrupt, the resumed guest no longer reads its port. So the test first checks whether the saved state works.
"""

import argparse
import os
import random
import re
import shlex
import subprocess
import threading
import time

import qmp
from ckd import CkdImage
from files import temporary_folder
from guest import Guest, GuestError, when_free
from qemuguest import QemuGuest
from steps import Steps, command, expect

WRITTEN, FORMATTED = "0.0.1234", "0.0.1235"
FIRST_BLOCK = 120
BATCH = 48  # blocks, which are 4 tracks
SAVES = 5  # attempts
DEADLINE = 60
# The block size of each loop's writes: single blocks, and whole tracks.
LOOPS = (4096, 4096, 12 * 4096)
BLOCK = re.compile(rb"w(\d+) g(\d+) b(\d+) ")
# Not chccwdev: it waits for the whole channel subsystem to settle, which takes long after a guest was resumed.
ONLINE = "cd /sys/bus/ccw/devices; until echo 1 2>/dev/null >{0}/online && [ $(cat {0}/online) = 1 ]; do :; done"


class SavedGuest(QemuGuest):
    """A guest that boots once, without its DASDs. After that, each QEMU starts from its saved state, with the DASDs."""

    def __init__(self, options, workdir, steps, disks):
        super().__init__(options, workdir, steps, disks)
        self.state = os.path.join(workdir, "state")
        self.monitor = None

    def _launch(self, *extra):
        qmp_path = os.path.join(self.workdir, "qmp.sock")
        # The command line has no devices: they are plugged in.
        argv = self.argv()[:-2 * len(self.disks)] + ["-qmp", f"unix:{qmp_path}", *extra]
        monitor = qmp.listen(qmp_path)
        with open(self.log, "ab") as log:
            with Guest.listen(self.socket) as listener:
                self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                self.monitor = qmp.Monitor.accept(monitor, DEADLINE)
                self.guest = listener.accept(timeout=60)
        os.unlink(self.socket)
        os.unlink(qmp_path)
        return argv

    def save(self):
        for _ in range(SAVES):
            self._try_save()
            if self._is_sound():
                return
            self.steps.note("the saved state lacks an interrupt that was pending; once more")
        raise GuestError(f"{SAVES} times the guest was saved while an interrupt was pending")

    def _is_sound(self):
        """Returns whether the resumed guest gets interrupts of its virtio-serial port. Without them it reads its port
        only rarely."""
        self._wake_bare()
        try:
            counts = [self.guest.run("awk '/VAI/ { print $2 }' /proc/interrupts", timeout=30) for _ in range(3)]
        except GuestError:
            return False
        finally:
            self.end()
        return int(counts[0]) < int(counts[1]) < int(counts[2])

    def _try_save(self):
        self.steps.note(shlex.join(self._launch()))
        self.steps.note(self.guest.run("uname -r && udevadm settle && echo 1 >/proc/cio_settle", timeout=300))
        # The answer itself causes an interrupt, and no event tells that the guest has handled it. This leaves it time,
        # and _is_sound() checks the saved state.
        time.sleep(0.5)
        self.monitor.get("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        self.monitor.get("stop")
        self.monitor.get("migrate", uri=f"exec:cat >{shlex.quote(self.state)}")
        self.monitor.wait_event("MIGRATION", lambda data: data["status"] in ("completed", "failed"))
        self.end()
        expect(os.path.getsize(self.state) > 1 << 20, "the guest's state was not saved")

    def _wake_bare(self):
        self._launch("-S", "-incoming", "defer")
        self.monitor.get("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        self.monitor.get("migrate-incoming", uri=f"exec:cat {shlex.quote(self.state)}")
        self.monitor.wait_event("MIGRATION", lambda data: data["status"] in ("completed", "failed"))
        self.monitor.get("cont")

    def wake(self):
        self._wake_bare()
        for number, bus_id in enumerate(self.disks):
            uuid = "cc390000-0001-8000-8000-00000000" + bus_id[4:]
            self.monitor.get("device_add", driver="vfio-ccw", id=f"d{number}", devno="fe." + bus_id[2:],
                         sysfsdev=f"/sys/bus/mdev/devices/{uuid}")
        for bus_id in self.disks:
            self.guest.run(ONLINE.format(bus_id), timeout=180)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.guest.close()
        self.monitor.close()


class KillWrites:
    def __init__(self, options, workdir, steps):
        self.options = options
        self.steps = steps
        self.random = random.Random(options.seed)
        disks = {WRITTEN: os.path.join(workdir, "written.ckd"), FORMATTED: os.path.join(workdir, "formatted.ckd")}
        self.guest = SavedGuest(options, workdir, steps, disks)
        self.first_generation = 1
        self.acknowledged = [0] * len(LOOPS)  # generations; 0: no generation
        self.found = [[0] * BATCH for _ in LOOPS]
        self.batches = 0
        self.acknowledging = threading.Event()

    def boot(self):
        for bus_id in self.guest.disks:
            self.guest.create(bus_id, "--cylinders", "40")
        self.guest.save()

    def format(self):
        self.guest.wake()
        self.guest.in_guest(when_free("dasdfmt -b 4096 -y /dev/disk/by-path/ccw-" + WRITTEN), timeout=300)
        self.guest.end()
        self.check_images()

    def load(self):
        """Returns the shell commands of a load that does not end by itself."""
        lines = [f"disk=$(readlink -f /dev/disk/by-path/ccw-{WRITTEN})",
                 f"other=$(readlink -f /dev/disk/by-path/ccw-{FORMATTED})",
                 "(while :; do dasdfmt -b 4096 -y $other >/dev/null 2>&1; done) &"]
        for loop, size in enumerate(LOOPS):
            seek = (FIRST_BLOCK + loop * BATCH) * 4096 // size
            lines.append(
                f"""(g={self.first_generation}; while :; do
                awk -v g=$g 'BEGIN {{ for (b = 0; b < {BATCH}; b++) printf "%-4096s", "w{loop} g" g " b" b " " }}' |
                dd of=$disk bs={size} seek={seek} iflag=fullblock oflag=direct conv=notrunc status=none || exit
                echo "ack {loop} $g"; g=$((g + 1)); done) &""")
        return "\n".join(lines + ["wait"])

    def listen(self, line):
        match = re.fullmatch(r"ack (\d+) (\d+)", line)
        expect(match, f"the guest says: {line}")
        self.acknowledged[int(match.group(1))] = int(match.group(2))
        self.batches += 1
        self.acknowledging.set()

    def run_load(self):
        try:
            self.guest.guest.try_run(self.load(), timeout=300, progress=self.listen)
        except (GuestError, OSError):
            pass

    def kill(self):
        self.guest.wake()
        self.acknowledging.clear()
        reader = threading.Thread(target=self.run_load)
        reader.start()
        expect(self.acknowledging.wait(timeout=120), "the guest acknowledges nothing")
        time.sleep(self.random.uniform(0, 1.5))  # the moment of the kill is random
        self.guest.process.kill()
        reader.join(timeout=60)
        expect(not reader.is_alive(), "the port of a killed QEMU is still open")
        self.guest.end()
        self.check_images()
        self.check_blocks()

    def check_images(self):
        for image in self.guest.disks.values():
            code, output = command([self.options.virt_ccw, "dasd", "check", image], check=False)
            expect(code == 0 and "warning:" not in output.replace("a write was interrupted here", ""), output)

    def check_blocks(self):
        with CkdImage(self.guest.disks[WRITTEN]) as image:
            for loop, acknowledged in enumerate(self.acknowledged):
                for number in range(BATCH):
                    found = self.generation(image, loop, number)
                    # A batch without an acknowledgement may be there or not. Older data than the acknowledged one is an
                    # error.
                    before = self.found[loop][number]
                    expect(found >= acknowledged and (found == before or found >= self.first_generation),
                           f"block {number} of loop {loop} has generation {found}, and {acknowledged} was acknowledged; "
                           f"when QEMU was started it had {before}, and the loop began with {self.first_generation}")
                    self.found[loop][number] = found
        self.first_generation = 1 + max(max(row) for row in self.found)

    @staticmethod
    def generation(image, loop, number):
        text = image.block(FIRST_BLOCK + loop * BATCH + number)
        match = BLOCK.match(text)
        expect(match or not text.strip(b"\0"), f"block {number} of loop {loop} is rubbish: {text[:40]}")
        expect(not match or (int(match.group(1)), int(match.group(3))) == (loop, number),
               f"block {number} of loop {loop} is another one: {text[:40]}")
        return int(match.group(2)) if match else 0

    def kills(self):
        started = time.monotonic()
        for number in range(1, self.options.kills + 1):
            self.kill()
            if number % 10 == 0 or number == self.options.kills:
                self.steps.note(f"{number} kills, {self.batches} batches of {BATCH} blocks were acknowledged, "
                                f"{time.monotonic() - started:.0f} s")

    def run(self):
        self.steps.note(f"seed {self.options.seed}")
        self.steps.run("a guest without DASDs boots, and its state is saved", self.boot)
        self.steps.run("the state is resumed with two DASDs, and the guest formats one", self.format)
        self.steps.run(f"{self.options.kills} times QEMU is killed, and no acknowledged write is lost", self.kills)
        self.steps.done()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("virt-ccw", "qemu-ccw", "guest"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32),
                        help="of the moments; another one each time if it is not given")
    with temporary_folder(prefix="libvirt-ccw.") as workdir:
        test = KillWrites(parser.parse_args(), workdir, Steps(plain=False))
        try:
            test.run()
        finally:
            test.guest.kill()


if __name__ == "__main__":
    main()
