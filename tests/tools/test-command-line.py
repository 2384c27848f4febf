#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs at a shell: an error is one line that names its cause, with exit code 1 (2 for usage), and nothing is
changed; where output goes; and descriptors that the caller has closed. TAP.

    test-command-line.py VIRT-CCW QEMU-CCW VIRTCCWD
"""

import os
import re
import subprocess
import sys

import labtest
from tap import Tap

VIRT_CCW, QEMU_CCW, VIRTCCWD = (os.path.abspath(path) for path in sys.argv[1:4])
TIMEOUT = 60
EXISTING = {"text": "no DASD\n" * 200, "empty": "", "bad.xml": "<domain>\n<a>\n", "hostdev.xml": """\
<hostdev mode='subsystem' type='ccw' managed='yes'>
  <source><address devno='0x1234'/></source>
</hostdev>
"""}

# One row on each line: the program, its arguments, the exit code, words of the message.
BAD = [
    (VIRT_CCW, [], 2, "a command is missing"),
    (VIRT_CCW, ["bogus"], 2, "'bogus'"),
    (VIRT_CCW, ["help", "bogus"], 2, "'bogus'"),
    (VIRT_CCW, ["dasd"], 2, "create, info, check or map"),
    (VIRT_CCW, ["dasd", "bogus"], 2, "'bogus'"),
    (VIRT_CCW, ["dasd", "create"], 2, "image is missing"),
    (VIRT_CCW, ["dasd", "create", "--model", "3390-1"], 2, "image is missing"),
    (VIRT_CCW, ["dasd", "create", "", "--model", "3390-1"], 2, "image is empty"),
    (VIRT_CCW, ["dasd", "create", "new", "more", "--model", "3390-1"], 2, "'more'"),
    (VIRT_CCW, ["dasd", "create", "new"], 2, "--model or --cylinders"),
    (VIRT_CCW, ["dasd", "create", "new", "--model", "3390-1", "--cylinders", "5"], 2, "not both"),
    (VIRT_CCW, ["dasd", "create", "new", "--model"], 2, "--model"),
    (VIRT_CCW, ["dasd", "create", "new", "--size", "5"], 2, "--size"),
    (VIRT_CCW, ["dasd", "create", "new", "--model", "3380"], 1, "'3380'; it is one of 3390-1"),
    (VIRT_CCW, ["dasd", "create", "--model=", "new"], 1, "''; it is one of 3390-1"),
    (VIRT_CCW, ["dasd", "create", "new", "--cylinders", "0"], 1, "1 to 65520"),
    (VIRT_CCW, ["dasd", "create", "new", "--cylinders", "65521"], 1, "1 to 65520"),
    (VIRT_CCW, ["dasd", "create", "new", "--cylinders", "-1"], 1, "'-1' is not a number of cylinders"),
    (VIRT_CCW, ["dasd", "create", "new", "--cylinders", "99999999999"], 1, "from 1 to 65520"),
    (VIRT_CCW, ["dasd", "create", "new", "--cylinders", "5", "--volser", "abc"], 1, "'abc' is not a volume serial"),
    (VIRT_CCW, ["dasd", "create", "new", "--cylinders", "5", "--volser", "ABCDEFG"], 1, "'ABCDEFG'"),
    (VIRT_CCW, ["dasd", "create", "text", "--cylinders", "5"], 1, "text (remove it first"),
    (VIRT_CCW, ["dasd", "create", "none/new", "--cylinders", "5"], 1, "none/new: No such file"),
    (VIRT_CCW, ["dasd", "info"], 2, "image is missing"),
    (VIRT_CCW, ["dasd", "info", "none"], 1, "cannot open none"),
    (VIRT_CCW, ["dasd", "info", "text"], 1, "not a CKD image: it begins with the bytes 6e 6f 20 44 41 53 44 0a,"),
    (VIRT_CCW, ["dasd", "info", "empty"], 1, "empty is too short"),
    (VIRT_CCW, ["dasd", "info", "."], 1, ". is not a regular file"),
    (VIRT_CCW, ["dasd", "map"], 2, "image is missing"),
    (VIRT_CCW, ["dasd", "map", "text"], 1, "text is not a CKD image"),
    (VIRT_CCW, ["dasd", "map", "text", "--svg", "new", "--json"], 2, "not both"),
    (VIRT_CCW, ["trace", "one", "two"], 2, "one domain"),
    (VIRT_CCW, ["trace", "one", "--pid", "1"], 2, "--pid"),
    (VIRT_CCW, ["trace", "--pid", "-1"], 2, "-1 is not a process id"),
    (VIRT_CCW, ["trace", "-t", "-r"], 2, "either --time or --relative"),
    (VIRT_CCW, ["trace", "--relative", "--json"], 2, "--relative is for the lines of functions"),
    (VIRT_CCW, ["trace", "--time", "--summary"], 2, "--time is for the lines of functions"),
    (VIRT_CCW, ["trace", "--count", "0"], 2, "--count"),
    (VIRT_CCW, ["trace", "--data", "1025"], 2, "1024 bytes"),
    (VIRT_CCW, ["trace", "--record", "new", "--json"], 2, "--record"),
    (VIRT_CCW, ["trace", "--device", "foo"], 1, "'foo' is not a device bus id: give it as CSSID.SSID.DEVNO"),
    (VIRT_CCW, ["trace", "--pid", "2147483647", "--output", "text"], 1, "no process 2147483647"),
    (VIRT_CCW, ["trace", "--decode", "none"], 1, "cannot open none"),
    (VIRT_CCW, ["trace", "--decode", "text"], 1, "text: this is not a file of trace records"),
    (VIRT_CCW, ["trace", "--decode", "text", "--output", "text"], 1, "text is the input, too"),
    (VIRT_CCW, ["image"], 2, "build or run"),
    (VIRT_CCW, ["image", "bogus"], 2, "'bogus'"),
    (VIRT_CCW, ["image", "build", "root"], 2, "give ROOT and IMAGE"),
    (VIRT_CCW, ["image", "build", "none", "new"], 1, "root file system none: No such file"),
    (VIRT_CCW, ["image", "build", "text", "new"], 1, "cannot read text"),
    (VIRT_CCW, ["image", "build", "text", "text"], 1, "cannot create text"),
    (VIRT_CCW, ["image", "build", "--cylinders", "0", "text", "new"], 1, "--cylinders 0: give a number from 1 to 65520"),
    (VIRT_CCW, ["image", "build", "--cylinders", "x", "text", "new"], 2, "--cylinders"),
    (VIRT_CCW, ["image", "build", "--model", "3390-1", "--cylinders", "5", "text", "new"], 2, "not both"),
    (VIRT_CCW, ["image", "build", "--no-guest", "--guest", "g", "text", "new"], 2, "not both"),
    (VIRT_CCW, ["image", "build", "--volser", "abc", "text", "new"], 1, "'abc' is not a volume serial"),
    (VIRT_CCW, ["image", "build", "--file-system", "vfat", "text", "new"], 1, "'vfat'; it is one of ext4, xfs, btrfs"),
    (VIRT_CCW, ["image", "build", "--device", "fe.0.1234", "text", "new"], 1, "--device fe.0.1234"),
    (VIRT_CCW, ["image", "build", "--device", "x", "text", "new"], 1, "--device x"),
    (VIRT_CCW, ["image", "build", "--memory", "1", "text", "new"], 1, "--memory 1: give a number from 256"),
    (VIRT_CCW, ["image", "build", "--timeout", "0", "text", "new"], 1, "--timeout 0: give a number from 1"),
    (VIRT_CCW, ["image", "run"], 2, "image is missing"),
    (VIRT_CCW, ["image", "run", "none"], 2, "give a COMMAND"),
    (VIRT_CCW, ["image", "run", "none", "--"], 2, "COMMAND is missing"),
    (VIRT_CCW, ["image", "run", "none", "true"], 2, "write -- before COMMAND"),
    (VIRT_CCW, ["image", "run", "none", "--", "true"], 1, "cannot open none"),
    (VIRT_CCW, ["image", "run", "text", "--", "true"], 1, "text is not a CKD image"),
    (VIRT_CCW, ["image", "run", "--guest", "g", "--from", "r", "none", "--", "true"], 2, "not both"),
    (VIRT_CCW, ["lab"], 2, "exec"),
    (VIRT_CCW, ["lab", "--dasd", "0.0.1234=text", "exec", "--", "true"], 2, "'--dasd'"),
    (VIRT_CCW, ["lab", "exec"], 2, "command to run is missing"),
    (VIRT_CCW, ["lab", "exec", "--dasd", "0.0.1234=text", "--"], 2, "command to run is missing"),
    (VIRT_CCW, ["lab", "exec", "--dasd", "text", "--", "true"], 2, "--dasd text: give it as BUSID=IMAGE"),
    (VIRT_CCW, ["lab", "exec", "--dasd", "0.0.1234=", "--", "true"], 2, "--dasd 0.0.1234=: give it as"),
    (VIRT_CCW, ["lab", "exec", "--dasd", "0.0.1234=,ro", "--", "true"], 2, "--dasd 0.0.1234=,ro: give it as"),
    (VIRT_CCW, ["lab", "exec", "--dasd", "0.0.1234=none", "--", "true"], 1, "none ('virt-ccw dasd create' makes one)"),
    (VIRT_CCW, ["lab", "exec", "--dasd", "1234=empty,rw", "--", "true"], 1,
     "cannot open empty,rw ('rw' is not an option: the options are ro, read-only, snapshot and sync)"),
    (VIRT_CCW, ["lab", "exec", "--dasd", "foo=empty", "--", "true"], 1, "'foo' is not a device bus id: give it as"),
    (VIRT_CCW, ["lab", "state", "foo"], 1, "'foo' is not a device bus id: give it as"),
    (VIRT_CCW, ["lower", "none.xml"], 1, "none.xml"),
    (VIRT_CCW, ["lower", "."], 1, "cannot read ."),
    (VIRT_CCW, ["lower", "text", "empty"], 2, "'empty'"),
    (VIRT_CCW, ["lower", "text"], 1, "not well-formed: line 1"),
    (VIRT_CCW, ["raise", "bad.xml"], 1, "not well-formed: line 3"),
    (VIRT_CCW, ["validate", "empty"], 1, "not well-formed: line 1"),
    (VIRT_CCW, ["argv", "hostdev.xml"], 2, "--dialect stock or --dialect series"),
    (VIRT_CCW, ["argv", "--dialect", "other", "hostdev.xml"], 2, "'other'"),
    (VIRT_CCW, ["list", "what"], 1, "'what' is not a device bus id"),
    (VIRT_CCW, ["list", "--used", "--free"], 2, "not both"),
    (VIRT_CCW, ["list", "--sysfs-root", "none"], 1, "no channel subsystem here: there is no none/"),
    (VIRT_CCW, ["detach"], 2, "a device is missing"),
    (VIRT_CCW, ["detach", "foo"], 1, "'foo' is not a device bus id: give it as CSSID.SSID.DEVNO"),
    (VIRT_CCW, ["reattach", "--bogus"], 2, "--bogus"),
    (VIRT_CCW, ["reset", "12345"], 1, "device number 12345 of '12345' is out of range"),
    (VIRT_CCW, ["detach", "--sysfs-root", "none", "1234"], 1, "no channel subsystem here: there is no none/"),
    (VIRT_CCW, ["detach", "--sysfs-root", "none", "css_0_0_0034"], 1, "no channel subsystem here: there is no none/"),
    (VIRT_CCW, ["export"], 2, "--domain DOMAIN, --xml FILE, or devices"),
    (VIRT_CCW, ["export", "0.0.1234", "--xml", "hostdev.xml"], 2, "one of"),
    (VIRT_CCW, ["export", "12345"], 1, "device number 12345 of '12345' is out of range"),
    (VIRT_CCW, ["export", "--xml", "none.xml"], 1, "none.xml"),
    (VIRT_CCW, ["export", "--xml", "text"], 1, "not well-formed"),
    (VIRT_CCW, ["export", "--connect", "bogus:///", "--domain", "one"], 1, "cannot reach libvirt"),
    (QEMU_CCW, ["--dasd"], 2, "--dasd"),
    (QEMU_CCW, ["--dasd", "text"], 2, "--dasd text: give it as BUSID=IMAGE"),
    (QEMU_CCW, ["--dasd", "foo=text"], 1, "'foo' is not a device bus id: give it as CSSID.SSID.DEVNO"),
    (QEMU_CCW, ["--qemu", "true", "--dasd", "1234=empty,rw"], 1, "('rw' is not an option: the options are ro"),
    (QEMU_CCW, ["--bogus"], 2, "'--bogus'"),
    (QEMU_CCW, ["--qemu", "none", "-M", "none"], 1, "none is not an executable program"),
    (QEMU_CCW, ["--qemu", "true", "--dasd", "0.0.1234=none"], 1, "none ('virt-ccw dasd create' makes one)"),
    (QEMU_CCW, ["--qemu", "true", "-device", "vfio-ccw,hostid=0.0.1234"], 1, "--dasd 0.0.1234=IMAGE"),
    (VIRTCCWD, ["what"], 2, "'what'"),
    (VIRTCCWD, ["--socket-dir", "none", "--backend-dir", "none", "--run-dir", "none"], 1, "none/libvirt-sock"),
]

HELP = [
    (VIRT_CCW, ["--help"], "virt-ccw COMMAND"),
    (VIRT_CCW, ["help"], "virt-ccw COMMAND"),
    (VIRT_CCW, ["help", "list"], "virt-ccw list"),
    (VIRT_CCW, ["detach", "--help"], "virt-ccw detach [OPTION"),
    (VIRT_CCW, ["help", "dasd", "create"], "virt-ccw dasd create"),
    (VIRT_CCW, ["dasd", "--help"], "  create       create an empty volume"),
    (VIRT_CCW, ["lab", "exec", "--help"], "--dasd=BUSID=IMAGE"),
    (VIRT_CCW, ["argv", "-h"], "--dialect"),
    (VIRT_CCW, ["--version"], "virt-ccw 1."),
    (QEMU_CCW, ["--help"], "--dasd=BUSID=IMAGE"),
    (QEMU_CCW, ["--version"], "qemu-ccw 1."),
    (VIRTCCWD, ["--help"], "--socket-dir"),
    (VIRTCCWD, ["--version"], "virtccwd 1."),
]


def contents(folder):
    state = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            state[name] = file.read()
    return state


def run(folder, program, arguments, **more):
    return subprocess.run([program, *arguments], text=True, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          cwd=folder, check=False, timeout=TIMEOUT, **{"stdout": subprocess.PIPE, **more})


def shell(folder, script, *arguments):
    return subprocess.run(["sh", "-c", script, "sh", *arguments], text=True, stdin=subprocess.DEVNULL, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=TIMEOUT)


def bad_input(tap, folder):
    before = contents(folder)
    for program, arguments, code, hint in BAD:
        result = run(folder, program, arguments)
        lines = result.stderr.splitlines()
        good = (result.returncode == code and not result.stdout and len(lines) == code and hint in lines[0] and
                (code == 1 or lines[1].startswith("Try '")))
        name = " ".join([os.path.basename(program)] + [argument or "''" for argument in arguments])
        tap.ok(good, name.replace("#", "\\#"), f"code {result.returncode}\n{result.stdout}{result.stderr}")
    tap.ok(contents(folder) == before, "none of that changed a file or made one", sorted(os.listdir(folder)))


def helpful(tap, folder):
    for program, arguments, hint in HELP:
        result = run(folder, program, arguments)
        tap.ok(result.returncode == 0 and hint in result.stdout and not result.stderr,
               " ".join([os.path.basename(program), *arguments]), f"{result.returncode}\n{result.stderr}")
    result = run(folder, VIRT_CCW, ["dasd", "create", "--cylinders", "5", "--", "-dash"])
    tap.ok(result.returncode == 0 and "-dash" in os.listdir(folder), "after -- a name may begin with a dash",
           result.stderr)
    result = run(folder, VIRT_CCW, ["dasd", "info", "--", "-dash"])
    tap.ok(result.returncode == 0 and "cylinders:      5\n" in result.stdout, "also for info", result.stderr)


def lost_output(tap, folder):
    with open("/dev/full", "w", encoding="utf-8") as full:
        for program, arguments in ((VIRT_CCW, ["--help"]), (VIRT_CCW, ["dasd", "info", "--", "-dash"]),
                                   (VIRT_CCW, ["lower", "hostdev.xml"]), (QEMU_CCW, ["--version"]),
                                   (VIRTCCWD, ["--help"])):
            result = run(folder, program, arguments, stdout=full)
            tap.ok(result.returncode == 1 and "cannot write to standard output" in result.stderr and
                   result.stderr.count("\n") == 1, f"a full disk under the output of {arguments}", result.stderr)
    result = shell(folder, 'ulimit -f 8; exec "$1" dasd create new --cylinders 50', VIRT_CCW)
    tap.ok(result.returncode == 1 and "File too large" in result.stderr and "new" not in os.listdir(folder),
           "an image beyond the limit of file sizes is an error, and not there", f"{result.returncode} {result.stderr}")


def closed_descriptors(tap, folder):
    """Messages must not be written into the image."""
    emulator = os.path.join(folder, "noisy")
    with open(emulator, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho noise\necho noise >&2\n")
    os.chmod(emulator, 0o755)
    image = os.path.join(folder, "image")
    labtest.create_image(VIRT_CCW, image)
    before = contents(folder)["image"]
    for closed in ("2>&-", ">&-", "<&- >&-", "<&- >&- 2>&-"):
        shell(folder, f'"$1" --qemu ./noisy --dasd 0.0.1234=image {closed}', QEMU_CCW)
        tap.ok(contents(folder)["image"] == before, f"an emulator with {closed} does not write into the image")
    result = shell(folder, '"$1" lower <&-', VIRT_CCW)
    tap.ok(result.returncode == 1 and "cannot read standard input" in result.stderr, "no standard input to read",
           result.stderr)
    result = shell(folder, '"$1" lower hostdev.xml >&-', VIRT_CCW)
    tap.ok(result.returncode == 1 and "cannot write to standard output" in result.stderr,
           "no standard output to write to", result.stderr)


def is_sanitized():
    """With a sanitizer, no other program can load the preloaded library: the sanitizer's own library must come first in
    it."""
    with open(QEMU_CCW, "rb") as file:
        return re.search(rb"__(asan|tsan)_init", file.read()) is not None


def locked_image(tap, folder):
    """The message names the process that has an image, its command, and the bus id, in any spelling of the path."""
    if is_sanitized():
        tap.skip("who has an image", "a sanitizer's library cannot be preloaded into cat")
        return
    with subprocess.Popen([QEMU_CCW, "--qemu", "cat", "--dasd", "1234=image"], cwd=folder, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:
        holder.stdin.write(b"ready\n")
        holder.stdin.flush()
        holder.stdout.readline()  # cat has opened the image
        for program, arguments in ((QEMU_CCW, ["--qemu", "true", "--dasd", "0.0.1235=image"]),
                                   (VIRT_CCW, ["dasd", "check", "image"]),
                                   (VIRT_CCW, ["lab", "exec", "--dasd", "0.0.1235=image", "--", "true"])):
            result = run(folder, program, arguments)
            tap.ok(result.returncode == 1 and f": image is in use by process {holder.pid} (" in result.stderr and
                   result.stderr.endswith("), as device 0.0.1234\n"), f"{' '.join(arguments)} says who has the image",
                   result.stderr)
        holder.stdin.close()
    result = run(folder, QEMU_CCW, ["--qemu", "true", "--dasd", "0.0.1234=image", "--dasd", "0.0.1235=image"])
    tap.ok(result.returncode == 1 and ": image is in use by this command itself, as device 0.0.1234" in result.stderr,
           "an image that is given twice", result.stderr)


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        for name, text in EXISTING.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        bad_input(tap, folder)
        helpful(tap, folder)
        lost_output(tap, folder)
        closed_descriptors(tap, folder)
        locked_image(tap, folder)
    tap.done()


main()
