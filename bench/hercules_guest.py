# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test guest's kernel and root on Hercules, with one 3390, which the guest formats several times before it ends.

Hercules has no port for commands, so an init of its own has the commands, and the results come by the console."""

import os
import re
import shutil
import struct
import subprocess
import threading

from steps import StepFailed, command

DEVICE = "0.0.1235"
INITRD_AT = 64 << 20
MAIN_STORAGE = 768  # MiB
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

# Reads the guest's own clock before and after the timed command.
FORMAT = """read start rest </proc/uptime
echo "bench: begin"
if dasdfmt -b 4096 -y {device} >/run/dasdfmt.out 2>&1; then
    read end rest </proc/uptime
    echo "bench: formatted $start $end"
else
    cat /run/dasdfmt.out
    echo "bench: failed"
fi
udevadm settle
"""

INIT = """#!/bin/bash
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/run/busybox LC_ALL=C
/bin/busybox mount -t tmpfs tmpfs /run
/bin/busybox mkdir -p /run/busybox
/bin/busybox --install -s /run/busybox
/lib/systemd/systemd-udevd --daemon --children-max=2
modprobe dasd_mod
modprobe dasd_eckd_mod
chccwdev -e {bus_id}
udevadm settle
for round in $(seq {rounds}); do
{work}
done
poweroff -f
"""

# By default, Hercules runs the processor's thread as nice 15.
CONFIGURATION = """ARCHMODE z/Arch
CPUMODEL 2097
CPUSERIAL 012345
MAINSIZE {storage}
NUMCPU 1
CPUPRIO 0
OSTAILOR LINUX
PANRATE SLOW
0009 3215-C / noprompt
1235 3390 {image} cu=3990-6
"""

# Addresses in Linux' parameter area: the initrd's start and length, and the command line.
LOAD = """* Written by bench/hercules_guest.py
kernel 0x00000000
initrd.where 0x00010408
parmfile 0x00010480
initrd 0x{initrd_at:08x}
"""

SCRIPT = """hao tgt HHCCP011I
hao cmd quit
ipl {folder}/load.ins
"""


def seconds_of(line):
    """Parses a line that FORMAT has printed; None for any other line."""
    found = re.search(r"bench: formatted ([0-9.]+) ([0-9.]+)", line)
    return float(found.group(2)) - float(found.group(1)) if found else None


def is_installed():
    return bool(shutil.which("hercules") and shutil.which("dasdinit"))


def cpu_seconds(pid):
    """Returns the time that a process and its threads have used of the host's processors."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


class HerculesGuest:
    def __init__(self, folder, guest, cylinders, rounds):
        """folder: an empty one; guest: the folder of kernel and initrd."""
        self.folder = folder
        self.guest = guest
        self.cylinders = cylinders
        self.rounds = rounds

    def _write(self, name, content):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def _make_initrd(self):
        """Makes the guest's initrd, with one more file."""
        init = INIT.format(bus_id=DEVICE, rounds=self.rounds,
                           work=FORMAT.format(device=f"/dev/$(ls /sys/bus/ccw/devices/{DEVICE}/block)"))
        self._write("bench-init", init)
        os.chmod(os.path.join(self.folder, "bench-init"), 0o755)
        archive = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=b"bench-init\n", cwd=self.folder,
                                 stdout=subprocess.PIPE, check=True).stdout
        with open(os.path.join(self.guest, "initrd"), "rb") as file:
            initrd = file.read()
        # Each archive begins at a multiple of four.
        initrd += bytes(-len(initrd) % 4) + archive
        self._write("initrd", initrd)
        self._write("initrd.where", struct.pack(">QQ", INITRD_AT, len(initrd)))

    def prepare(self):
        image = os.path.join(self.folder, "disk.ckd")
        command(["dasdinit", "-lfs", image, "3390", "BENCH1", str(self.cylinders)], timeout=600)
        shutil.copy(os.path.join(self.guest, "kernel"), os.path.join(self.folder, "kernel"))
        self._make_initrd()
        self._write("parmfile", "rdinit=/bench-init conmode=sclp console=ttyS0 panic=-1\0")
        self._write("load.ins", LOAD.format(initrd_at=INITRD_AT))
        self._write("hercules.cnf", CONFIGURATION.format(storage=MAIN_STORAGE, image=image))
        self._write("script", SCRIPT.format(folder=self.folder))

    def run(self, timeout, progress):
        """Boots and formats. Returns a list of (seconds by the guest's clock, the host's CPU seconds), one for each
        round."""
        process = subprocess.Popen(["hercules", "-d", "-f", "hercules.cnf"], cwd=self.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   env=dict(os.environ, HERCULES_RC=os.path.join(self.folder, "script")))
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        results, before, last = [], 0.0, ""
        try:
            for line in process.stdout:
                seconds = seconds_of(line)
                if "bench: begin" in line:
                    before = cpu_seconds(process.pid)
                elif seconds is not None:
                    results.append((seconds, cpu_seconds(process.pid) - before))
                    progress(f"Hercules: {seconds:.2f} s")
                # On a busy machine Hercules 3.13 sometimes does not end after its last line.
                if len(results) == self.rounds or "HHCCP011I CPU" in line or "bench: failed" in line:
                    break
                last = line.strip() or last
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            process.stdout.close()
        if len(results) < self.rounds:
            raise StepFailed(f"the guest on Hercules formatted {len(results)} of {self.rounds} times; its last line: {last}")
        return results
