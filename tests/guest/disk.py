#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest without an operating system (baremetal/disk.c) writes and reads the first and the last track of every model
of a 3390, with CCWs of both formats and IDAWs of every kind. If the host makes an image read-only in any way, it is
read-only to the guest. In a lab, the options ro and sync work. Several guests write over one image at once, which does
not change."""

import hashlib
import os
import re
import shlex
import subprocess

from bareguest import BareTest, console_argv, main, vfio_library
from steps import StepSkipped, command, expect

# The device's model in READ DEVICE CHARACTERISTICS, and cylinders.
MODELS = (("3390-1", 0x02, 1113), ("3390-2", 0x06, 2226), ("3390-3", 0x0a, 3339), ("3390-9", 0x0c, 10017),
          ("3390-27", 0x0c, 32760), ("3390-54", 0x0c, 65520))
MODES = 6  # of a channel program: on each device the guest writes in another one, and reads in all
WRITTEN = "write 0c00, read " + ", ".join(["0c00 same"] * MODES)
# Write inhibited; then no record found.
REJECTED = "write 0e00 sense 8002, read " + ", ".join(["0e00 sense 0008"] * MODES)
# Equipment check, permanent error; then no record found, because the track is unchanged.
FULL = "write 0e00 sense 1080, read " + ", ".join(["0e00 sense 0008"] * MODES)
SMALL = 3  # cylinders
RUNS = 4  # at the same time over one image
DISK_USAGE = 1 << 20  # bytes that a large volume with two written tracks may take


class Disk(BareTest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps)
        self.console = os.path.join(workdir, "console.log")
        steps.log(self.console)

    def path(self, *names):
        return os.path.join(self.workdir, *names)

    def create(self, path, *args):
        command([self.options.virt_ccw, "dasd", "create", path, *args])
        return path

    def argv(self, count, first=0x1000, console=None):
        argv = [self.options.qemu_ccw, "-machine", "s390-ccw-virtio",
                *console_argv(console or self.console, self.options.guest)]
        for i in range(count):
            argv += ["-device", f"vfio-ccw,hostid=0.0.{first + i:04x}"]
        return argv

    def boot(self, images):
        argv = self.argv(len(images))
        for i, image in enumerate(images):
            argv += ["--dasd", f"0.0.{0x1000 + i:04x}={image}"]
        self.steps.note(shlex.join(argv))
        self.steps.note(command(argv, timeout=120)[1])

    def said(self, expected, first=0x1000, console=None):
        """Returns, for each device, (its model, cylinders, the status for each of the two tracks)."""
        with open(console or self.console, encoding="ascii") as file:
            lines = file.read().splitlines()
        self.steps.note("\n".join(lines))
        expect(len(lines) == 3 * len(expected) + 1 and lines[-1] == "done", "the guest did not come to its end")
        for i, (model, cylinders, outcome) in enumerate(expected):
            device, *tracks = lines[3 * i:3 * i + 3]
            expect(re.fullmatch(rf"{first + i:04x}: .*: 0c00, cylinders {cylinders:04x}, model {model:02x}", device),
                   f"not {cylinders} cylinders, model {model:02x}: {device}")
            expect(tracks == [f"  track 0000 0000: {outcome}", f"  track {cylinders - 1:04x} 000e: {outcome}"],
                   f"not {outcome}:\n" + "\n".join(tracks))

    def models(self):
        images = [self.create(self.path(name + ".ckd"), "--model", name) for name, _, _ in MODELS]
        self.boot(images)
        self.said([(model, cylinders, WRITTEN) for _, model, cylinders in MODELS])
        for image in images:
            status = os.stat(image)
            self.steps.note(f"{image}: {status.st_size} bytes, {status.st_blocks * 512} on the disk")
            expect(status.st_blocks * 512 < DISK_USAGE, f"{image} takes {status.st_blocks * 512} bytes")
            self.steps.note(command([self.options.virt_ccw, "dasd", "check", image])[1])

    def small(self, *names):
        return self.create(self.path(*names), "--cylinders", str(SMALL))

    def read_only(self):
        """By its mode, by ro, by its file system and by an attribute, as far as this host allows."""
        mode, option = self.small("mode.ckd"), self.small("option.ckd")
        os.chmod(mode, 0o444)
        images, undo = [mode, option + ",ro"], []
        folder = self.path("folder")
        os.mkdir(folder)
        mounted = self.small("folder", "mounted.ckd")
        if command(["mount", "--bind", folder, folder], check=False)[0] == 0:
            undo.append(["umount", folder])
            command(["mount", "-o", "remount,bind,ro", folder])
            images.append(mounted)
        immutable = self.small("immutable.ckd")
        if command(["chattr", "+i", immutable], check=False)[0] == 0:
            undo.append(["chattr", "-i", immutable])
            images.append(immutable)
        try:
            before = [os.stat(image.partition(",")[0]).st_mtime_ns for image in images]
            self.boot(images)
            self.said([(0x02, SMALL, REJECTED)] * len(images))
            expect(before == [os.stat(image.partition(",")[0]).st_mtime_ns for image in images], "an image was changed")
        finally:
            for argv in undo:
                command(argv)

    def lab(self):
        names = ("plain", "sync", "ro")
        images = [self.small(name + ".ckd") for name in names]
        log = self.path("strace.log")
        traced = ["strace", "-f", "-y", "-e", "trace=fdatasync", "-o", log, "-E", "LD_PRELOAD=" + self.options.vfio_library,
                  *self.argv(len(images))]
        detach = "; ".join(f"virsh -q nodedev-detach ccw_0_0_{0x1000 + i:04x}" for i in range(len(images)))
        argv = [self.options.virt_ccw, "lab", "exec"]
        for i, (image, options) in enumerate(zip(images, ("", ",sync", ",ro"))):
            argv += ["--dasd", f"0.0.{0x1000 + i:04x}={image}{options}"]
        self.steps.note(command(argv + ["--", "sh", "-c", f"set -e; {detach}; {shlex.join(traced)}"], timeout=120)[1])
        self.said([(0x02, SMALL, WRITTEN), (0x02, SMALL, WRITTEN), (0x02, SMALL, REJECTED)])
        with open(log, encoding="utf-8") as file:
            text = file.read()
        synced = [text.count(f"<{image}>") for image in images]
        self.steps.note(f"fdatasync of {', '.join(names)}: {synced}")
        expect(synced[0] == 0 and synced[1] >= 2 and synced[2] == 0, "not what was asked for, in\n" + text)

    def base(self):
        """Returns (an image for snapshots, a function that checks that the image is unchanged)."""
        image = self.small("base.ckd") if not os.path.exists(self.path("base.ckd")) else self.path("base.ckd")

        def state():
            with open(image, "rb") as file:
                return hashlib.sha256(file.read()).hexdigest(), os.stat(image).st_mtime_ns
        before = state()
        return image, lambda: expect(state() == before, f"{image} was changed")

    def at_once(self):
        image, expect_same = self.base()
        folder = self.path("snapshots")
        os.mkdir(folder)
        runs = []
        for number in range(RUNS):
            first, console = 0x2000 + 16 * number, self.path(f"console-{number}.log")
            argv = self.argv(2, first, console) + ["--snapshot-dir", folder]
            for i in range(2):
                argv += ["--dasd", f"0.0.{first + i:04x}={image},snapshot"]
            runs.append((first, console, subprocess.Popen(argv, stdin=subprocess.DEVNULL)))
        try:
            for first, console, process in runs:
                expect(process.wait(120) == 0, f"exit code {process.returncode}")
                self.said([(0x02, SMALL, WRITTEN)] * 2, first, console)
        finally:
            for _, _, process in runs:
                process.kill()
                process.wait()
        expect(os.listdir(folder) == [], f"files are left: {os.listdir(folder)}")
        expect_same()

    def snapshot_in_lab(self):
        """One image is two devices of a lab. Two guests write to their snapshots, one after the other. The image does not change."""
        image, expect_same = self.base()
        detach = "; ".join(f"virsh -q nodedev-detach ccw_0_0_{0x1000 + i:04x}" for i in range(2))
        guest = shlex.join(["env", "LD_PRELOAD=" + self.options.vfio_library, *self.argv(2)])
        argv = [self.options.virt_ccw, "lab", "exec"]
        for i in range(2):
            argv += ["--dasd", f"0.0.{0x1000 + i:04x}={image},snapshot"]
        script = f"set -e; {detach}; {guest}; {guest}"
        self.steps.note(command(argv + ["--", "sh", "-c", script], timeout=180)[1])
        self.said([(0x02, SMALL, WRITTEN)] * 2)
        expect_same()

    def full_folder(self):
        image, expect_same = self.base()
        folder = self.path("full")
        os.mkdir(folder)
        if command(["mount", "-t", "tmpfs", "-o", "size=4k", "none", folder], check=False)[0] != 0:
            raise StepSkipped("a small file system cannot be mounted here")
        try:
            output = command(self.argv(1) + ["--dasd", f"0.0.1000={image},snapshot", "--snapshot-dir", folder],
                             timeout=120)[1]
        finally:
            command(["umount", folder])
        self.steps.note(output)
        self.said([(0x02, SMALL, FULL)])
        expect(output.count(f"the snapshot of image {image} has no room in {folder}") == 1, "no clear warning, or two")
        expect_same()

    def run(self):
        self.steps.run("every model, its first and its last track", self.models)
        self.steps.run("read-only to the host, read-only to the guest", self.read_only)
        self.steps.run("a lab's ro and sync", self.lab)
        self.steps.run(f"{RUNS} guests at once write over one image, each its own data", self.at_once)
        self.steps.run("two guests in turn write to the two snapshots that a lab has of one image", self.snapshot_in_lab)
        self.steps.run("a full disk below a snapshot is the guest's error", self.full_folder)
        self.steps.done()


if __name__ == "__main__":
    main(Disk, __doc__, vfio_library)
