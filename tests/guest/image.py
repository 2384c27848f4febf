#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw image, by a user without privileges: builds a DASD image from a small root file system, finds every owner,
mode and attribute in it, runs commands on it, takes it to Hercules and back, and IPLs it by the firmware of stock QEMU. A
build that fails or is interrupted leaves nothing."""

import glob
import hashlib
import io
import os
import re
import signal
import subprocess
import tarfile

import smallroot
from ckd import CkdImage
from files import sha256
from guest import REBOOT_CACHE
from hercules import Hercules
from labguest import BUS_ID
from labtest import AS_NOBODY, NOBODY, copy_for
from qemuguest import QemuGuest, main
from steps import SLOWER, command, expect
from terminal import Terminal

CAPABILITY = "\x01\x00\x00\x02\x00\x20" + "\x00" * 14  # cap_net_raw, effective
LONG = "srv/" + "long-name-" * 15
# zipl's handler of program interruptions has saved the registers at 200; the old PSW is at 150.
ANSWER_DIAGNOSE = ("r 3000000=EB0F02000004"  # LMG   0,15,X'200'
                   "A7190102"                # LGHI  1,X'102'     there are no IPL parameters
                   "B2B20150",               # LPSWE X'150'
                   "r 1A0=00000001800000000000000003000000",  # the restart-new PSW: 64-bit addresses
                   "restart")
# The kernel is at 10000, zipl's loader below. A processor that is too old for the kernel gets the message instead.
KERNEL_RUNS = (r"Specification exception.*\nPSW=\w{8} \w{8} 0{8}000[1-9A-F]\w{4} INST=83..0308 +DIAG|"
               "The Linux kernel requires more recent processor hardware")
BUILD_SECONDS = 900
RUN_SECONDS = 300


def add_special(tar):
    """Files whose properties get lost easily."""
    smallroot.add_file(tar, "srv/note", b"a note\n", 0o640, (1234, 4321))
    smallroot.add_file(tar, "srv/tool", b"#!/bin/sh\n", 0o4755, (0, 42),
                       (("security.capability", CAPABILITY), ("user.note", "with an attribute")))
    smallroot.add_file(tar, LONG, b"long\n")
    smallroot.add_file(tar, "srv/F\u0151tan\u00fas.crt", b"umlauts\n")
    hard = tarfile.TarInfo("srv/hard")
    hard.type, hard.linkname = tarfile.LNKTYPE, "srv/note"
    tar.addfile(hard)
    soft = tarfile.TarInfo("srv/soft")
    soft.type, soft.linkname = tarfile.SYMTYPE, "/nowhere"
    tar.addfile(soft)
    null = tarfile.TarInfo("srv/null")
    null.type, null.devmajor, null.devminor, null.mode = tarfile.CHRTYPE, 1, 3, 0o666
    tar.addfile(null)


def break_format(tar):
    """A dasdfmt that fails."""
    smallroot.add_file(tar, "usr/sbin/dasdfmt", b"#!/bin/sh\necho no luck today\nexit 3\n", 0o755)


def tracks(path):
    with CkdImage(path) as image:
        return image.sha256()


class Image(QemuGuest):
    def __init__(self, options, workdir, steps):
        self.image = os.path.join(workdir, "disk.ckd")
        self.root = os.path.join(workdir, "root.tar")
        super().__init__(options, workdir, steps, {BUS_ID: self.image})
        # All that makes and opens images here runs without privileges.
        self.image_command = [options.virt_ccw, "image"]
        if os.geteuid() == 0:
            programs = os.path.join(workdir, "programs")
            os.mkdir(programs)
            os.chmod(workdir, 0o755)
            os.chown(workdir, NOBODY, NOBODY)
            self.image_command = [*AS_NOBODY, copy_for(options.virt_ccw, programs, NOBODY), "image"]

    def argv(self):
        """Boots from the DASD, not from a kernel of the host."""
        argv = super().argv()
        for option in ("-kernel", "-initrd", "-append"):
            at = argv.index(option)
            del argv[at:at + 2]
        argv += ["-accel", f"tcg,tb-size={REBOOT_CACHE}"]
        return [word + ",bootindex=1" if word.startswith("vfio-ccw,") else word for word in argv]

    def build_argv(self, root, *options):
        return [*self.image_command, "build", "--device", BUS_ID, "--cylinders", "350", "--volser", "IMG001",
                *options, root, self.image]

    def make_root(self, name, more, **kwargs):
        path = os.path.join(self.workdir, name)
        smallroot.make(self.options.guest, self.workdir, path, more, **kwargs)
        return path

    def build(self):
        self.make_root("root.tar", add_special)
        _, output = command(self.build_argv(self.root, "--parameters", "console=ttysclp0 panic=-1"),
                            timeout=BUILD_SECONDS)
        self.steps.note(output)
        for step in ("format", "unpack", "boot-record", "total"):
            expect(any(line.split()[:1] == [step] and line.endswith(" s") for line in output.splitlines()),
                   f"the time of the step '{step}' is not shown")
        self.left_over([self.image, self.image + ".guest"])

    def left_over(self, expected):
        found = sorted(glob.glob(self.image + "*"))
        expect(found == expected, f"the files beside the image are {found}, not {expected}")

    def check(self):
        _, output = command([self.options.virt_ccw, "dasd", "check", self.image], timeout=300)
        self.steps.note(output)
        _, output = command([self.options.virt_ccw, "dasd", "info", self.image])
        expect("IMG001" in output, "the volume serial is not IMG001:\n" + output)

    def exists(self):
        before = os.stat(self.image)
        code, output = command(self.build_argv(self.root), check=False)
        self.steps.note(output)
        after = os.stat(self.image)
        expect(code == 1 and self.image in output.splitlines()[-1], "an image that exists was not refused")
        expect((before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "the image was changed")

    def run_on_image(self, *words, data=b"", options=()):
        argv = [*self.image_command, "run", *options, self.image, "--", *words]
        return subprocess.run(argv, input=data, capture_output=True, timeout=RUN_SECONDS * SLOWER, check=False)

    def properties(self):
        result = self.run_on_image("tar", "-c", "--format=pax", "--xattrs", "--xattrs-include=*", "-C", "/", "srv")
        expect(result.returncode == 0, f"exit code {result.returncode}: {result.stderr!r}")
        with tarfile.open(fileobj=io.BytesIO(result.stdout)) as tar:
            found = {member.name: member for member in tar.getmembers()}
            expect(tar.extractfile("srv/note").read() == b"a note\n", "srv/note has another text")
        note, hard = found["srv/note"], found["srv/hard"]
        first, second = (note, hard) if hard.islnk() else (hard, note)
        expect((first.uid, first.gid, first.mode) == (1234, 4321, 0o640), "srv/note has another owner or mode")
        expect(second.islnk(), "srv/note and srv/hard are no longer one file")
        tool = found["srv/tool"]
        expect((tool.mode, tool.gid) == (0o4755, 42), f"srv/tool has mode {tool.mode:o} and group {tool.gid}")
        for name, value in (("security.capability", CAPABILITY), ("user.note", "with an attribute")):
            expect(tool.pax_headers.get("SCHILY.xattr." + name) == value, f"srv/tool has lost {name}: {tool.pax_headers}")
        expect(LONG in found and "srv/F\u0151tan\u00fas.crt" in found, f"a name is lost: {sorted(found)}")
        expect(found["srv/soft"].linkname == "/nowhere", "the symbolic link leads elsewhere")
        null = found["srv/null"]
        expect(null.ischr() and (null.devmajor, null.devminor) == (1, 3), "srv/null is no device 1:3")

    def streams(self):
        data = bytes(range(256)) * 1000
        result = self.run_on_image("sh", "-c", "cat; echo 'one thing' >&2; touch '/srv/by run'; exit 7", data=data)
        expect(result.returncode == 7, f"the exit code is {result.returncode}, not 7: {result.stderr!r}")
        expect(result.stdout == data, f"{len(result.stdout)} bytes came back of {len(data)}, or they are others")
        expect(result.stderr == b"one thing\n", f"standard error is {result.stderr!r}")

    def on_terminal(self):
        """A shell on a terminal: keys go to it, its output comes to the last byte, and ^C ends a command of it only."""
        shell = Terminal([*self.image_command, "run", self.image])
        shell.wait_for(r"[#$] ", RUN_SECONDS * SLOWER)
        shell.type("stty size; tty; sleep 1000\r")
        shell.wait_for(r"50 300\r\n.*hvc0\r\n", RUN_SECONDS * SLOWER)
        shell.type("\x03")
        shell.wait_for(r"(?s)\^C.*[#$] ")
        shell.type("exec sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo line $i; done; exit 5'\r")
        try:
            output = shell.rest(RUN_SECONDS * SLOWER)
        except TimeoutError:
            output = shell.text
        lines = [line for line in output.splitlines() if line.startswith("line ")]
        expect(lines == [f"line {number}" for number in range(1, 2001)] and output.endswith("line 2000\r\n"),
               f"{len(lines)} lines came of 2000; the last bytes are {output[-80:]!r}")
        expect((code := shell.end()) == 5, f"the exit code is {code}, not 5")

    def unmounted(self):
        result = self.run_on_image("e2fsck", "-f", "-n", "/dev/disk/by-path/ccw-" + BUS_ID + "-part1",
                                   options=("--unmounted", "--read-only"))
        self.steps.note(result.stdout.decode(errors="replace"))
        expect(result.returncode == 0, f"exit code {result.returncode}: {result.stderr!r}")

    def to_hercules_and_back(self):
        """The image that comes back takes the place of the first one: the steps after this one IPL it."""
        packed, back = (os.path.join(self.workdir, name) for name in ("packed.cckd", "back.ckd"))
        before = tracks(self.image)
        command(["dasdcopy", "-q", "-z", "-o", "CCKD", self.image, packed], timeout=300)
        code, output = command([self.options.virt_ccw, "dasd", "info", packed], check=False)
        self.steps.note(output)
        advice = re.search("is a compressed CKD image: convert it with Hercules' '(.*) IMAGE NEW'$", output)
        expect(code == 1 and advice, "dasd info does not say how to convert a compressed image")
        command([*advice.group(1).split(), packed, back], timeout=300)
        after = tracks(back)
        self.steps.note(f"SHA-256 of the tracks {before}; compressed {os.path.getsize(packed)} bytes; back {after}")
        expect(after == before, "not all tracks came back as they were")
        os.unlink(packed)
        os.replace(back, self.image)

    def in_hercules(self):
        """zipl's loader reads the kernel and the initramfs. The last that it does before it starts the kernel is diagnose
        308 with subcode 6, which Hercules 3.13 does not have. When Hercules' operator has answered it, the kernel starts,
        and asks the same."""
        before = sha256(self.image)
        with Hercules(self.image, self.workdir) as machine:
            machine.ipl()
            machine.wait(r"Booting default \(linux\)")
            self.steps.note(machine.wait(r"Specification exception.*\n.*INST=83..0308 +DIAG").group())
            machine.wait("Disabled wait state")
            self.is_in(machine.storage())
            for text in ANSWER_DIAGNOSE:
                machine.command(text)
            self.steps.note(machine.wait(KERNEL_RUNS).group())
        expect(sha256(self.image) == before, "the image was changed")

    def is_in(self, storage):
        with tarfile.open(self.root) as tar:
            names = [name for name in tar.getnames() if name.startswith("boot/")]
            expect(len(names) == 2, f"not a kernel and an initramfs: {names}")
            for name in names:
                data = tar.extractfile(name).read()
                at = storage.find(data[:4096])
                expected, found = (hashlib.sha256(what).hexdigest() for what in (data, storage[at:at + len(data)]))
                self.steps.note(f"{name}: SHA-256 {expected}; at {at:x} in the storage of Hercules: {found}")
                expect(at >= 0 and found == expected, f"Hercules has not read {name} as it is")

    def ipl(self):
        self.start()
        found = self.in_guest("cat /sys/firmware/ipl/ipl_type /sys/firmware/ipl/device; "
                              "while read -r what where _; do [ $where != / ] || echo $what; done </proc/mounts")
        self.steps.note(found)
        expect(found.split()[:2] == ["ccw", BUS_ID] and found.split()[-1].startswith("/dev/dasd"),
               "it was not booted from the DASD, or its root is elsewhere:\n" + found)
        expect(self.in_guest("cat /srv/note") == "a note", "srv/note is not there")
        found = self.in_guest("[ -e '/srv/by run' ] && cat /etc/fstab /proc/cmdline")
        part = f"/dev/disk/by-path/ccw-{BUS_ID}-part1"
        for text in (f"{part} / ext4", f"root={part}", "console=ttysclp0 panic=-1"):
            expect(text in found, f"'{text}' is missing:\n" + found)
        complaints = self.guest.dasd_complaints()
        expect(not complaints, "the kernel complains of the DASD:\n" + "\n".join(complaints))

    def reboots(self):
        """Else Linux asks for diagnose 308 with subcode 4, which QEMU 7.2 knows under KVM only."""
        self.in_guest("echo 1 >/sys/firmware/reipl/ccw/clear; echo before >/srv/reboot && sync")
        self.reboot()
        expect(self.in_guest("cat /srv/reboot") == "before", "srv/reboot is lost")
        complaints = self.guest.dasd_complaints()
        expect(not complaints, "the kernel complains of the DASD:\n" + "\n".join(complaints))

    def fails(self):
        """A program of the guest fails: the error names the step and its words, and nothing is left."""
        root = self.make_root("broken.tar", break_format, without=("usr/sbin/dasdfmt",))
        code, output = command(self.build_argv(root), timeout=BUILD_SECONDS, check=False)
        self.steps.note(output)
        last = output.splitlines()[-1]
        expect(code == 1 and "'format'" in last and "exit code 3" in last and "no luck today" in last,
               "the error does not name the step, its exit code and its words")
        self.left_over([])

    def lacks(self):
        """The root lacks a program: it is named before any guest is started."""
        root = self.make_root("poor.tar", None, without=("usr/sbin/fdasd",))
        code, output = command(self.build_argv(root), timeout=BUILD_SECONDS, check=False)
        self.steps.note(output)
        expect(code == 1 and "fdasd" in output.splitlines()[-1], "the error does not name fdasd")
        self.left_over([])

    def interrupted(self):
        self.process = subprocess.Popen(self.build_argv(self.root, "--verbose"), stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace")
        for line in self.process.stderr:
            if line.startswith("boot "):  # its end: the guest does the first step
                break
        parts = glob.glob(self.image + "*.part")
        expect(len(parts) == 2, f"the image and its captive guest are not made beside their places: {parts}")
        self.process.send_signal(signal.SIGTERM)
        rest = self.process.stderr.read()
        expect(self.process.wait(timeout=60 * SLOWER) == 1, f"the exit code is {self.process.returncode}")
        expect("ended by" in rest.splitlines()[-1], "the error does not say why it ended:\n" + rest)
        self.left_over([])

    def forget(self):
        for path in (self.image, self.image + ".guest"):
            os.unlink(path)

    def run(self):
        run = self.steps.run
        run("virt-ccw image build makes an image of a small root", self.build)
        run("virt-ccw dasd check finds no error", self.check)
        run("an image that exists is refused", self.exists)
        run("every owner, mode, link and attribute is in the image", self.properties)
        run("virt-ccw image run passes data, errors and the exit code on", self.streams)
        run("and a terminal with all that the command writes", self.on_terminal)
        run("and runs fsck beside the volume", self.unmounted)
        run("Hercules' dasdcopy compresses it, and what dasd info names makes it the same image again", self.to_hercules_and_back)
        run("Hercules IPLs it, as far as its processor goes", self.in_hercules)
        run("the image IPLs", self.ipl)
        run("and reboots", self.reboots)
        run("QEMU ends", self.stop)
        run("virt-ccw dasd check finds no error again", self.check)
        run("the image is removed", self.forget)
        run("a root that lacks a program is refused", self.lacks)
        run("a build that fails names the step, and leaves nothing", self.fails)
        run("a build that is interrupted leaves nothing", self.interrupted)
        self.steps.done()


if __name__ == "__main__":
    main(Image, __doc__)
