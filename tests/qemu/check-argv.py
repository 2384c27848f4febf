#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw argv as a program: output, messages, exit codes, and that it leaves nothing behind. TAP.

Usage: check-argv.py VIRT-CCW FIXTURES
"""

import glob
import os
import re
import signal
import subprocess
import sys

import surroundings
from files import read, temporary_folder
from tap import Tap
from waiting import happens

VIRT_CCW, FIXTURES = sys.argv[1:3]
FIXTURE = os.path.join(FIXTURES, "hostdev-ccw-minimal")
tap = Tap()


def check(name, good, *why):
    tap.ok(good, name, *map(repr, why))


def environment(tmp):
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": tmp}


def argv(tmp, *arguments, text=""):
    return subprocess.run([VIRT_CCW, "argv", *arguments], input=text, capture_output=True, text=True, timeout=60,
                          env=environment(tmp), check=False)


def ours(text):
    """Returns our parts of a command line. The rest is libvirt's, and differs between releases; test-xml2argv compares
    it where it can."""
    devices = [line.rstrip(" \\") for line in text.splitlines() if line.startswith('-device \'{"driver":"vfio-ccw"')]
    return devices + re.findall(r"s390-map-css=\w+", text)


def outcomes(tmp):
    for dialect in ("stock", "series"):
        done = argv(tmp, "--dialect", dialect, FIXTURE + ".xml")
        check(f"{dialect}: the fixture, and nothing on stderr",
              (done.returncode, ours(done.stdout), done.stderr) == (0, ours(read(f"{FIXTURE}.{dialect}.args")), ""), done)
    done = argv(tmp, "--dialect=series", text=read(FIXTURE + ".xml"))
    check("standard input", (done.returncode, ours(done.stdout)) == (0, ours(read(FIXTURE + ".series.args"))), done)
    for name, status, arguments, message in (
            ("no such file", 1, ("--dialect", "stock", "/path/to/none.xml"),
             "virt-ccw argv: error: cannot open /path/to/none.xml: No such file or directory\n"),
            ("an error of the element", 1, ("--dialect", "stock", FIXTURES + "/hostdev-ccw-err-cssid.xml"),
             "virt-ccw argv: error: " + read(FIXTURES + "/hostdev-ccw-err-cssid.err")),
            ("an error of libvirt's", 1, ("--dialect", "series", FIXTURES + "/hostdev-ccw-err-twice.xml"),
             "virt-ccw argv: error: " + read(FIXTURES + "/hostdev-ccw-err-twice.err")),
            ("no dialect", 2, (FIXTURE + ".xml",), "virt-ccw argv: --dialect stock or --dialect series is missing\n"),
            ("an unknown dialect", 2, ("--dialect", "new"), "virt-ccw argv: there is no dialect 'new'"),
            ("two files", 2, ("--dialect", "stock", "a", "b"), "virt-ccw argv: give one FILE"),
            ("an unknown option", 2, ("--frob",), "virt-ccw argv: Unknown option --frob")):
        done = argv(tmp, *arguments)
        check(f"{name}: exit {status}, its message, no output",
              done.returncode == status and done.stdout == "" and done.stderr.startswith(message) and
              len(done.stderr.splitlines()) == status, done)
    check("nothing is left in the temporary directory", os.listdir(tmp) == [], os.listdir(tmp))


def emulators(tmp):
    """Returns processes that have tmp in their command line: emulators that libvirt has started to probe them."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if (tmp + "/virt-ccw-").encode() in file.read():
                    found.append(path)
        except OSError:
            continue
    return found


def killed(tmp, number, pattern):
    """Kills it when a file of that pattern exists below the root; then the root and all its users must go."""
    with subprocess.Popen([VIRT_CCW, "argv", "--dialect", "stock", FIXTURE + ".xml"], env=environment(tmp),
                          stdout=subprocess.DEVNULL) as process:
        began = happens(lambda: glob.glob(tmp + pattern) != [] or process.poll() is not None)
        process.send_signal(number)
        process.wait(60)
    gone = happens(lambda: os.listdir(tmp) == [] and emulators(tmp) == [])
    check(f"after {number.name} ({pattern} was there) nothing is left", began and gone and process.returncode == -number,
          process.returncode, os.listdir(tmp), emulators(tmp))


def without_space(tmp):
    """TMPDIR is missing or full: one line says so, and nothing is left there."""
    full = surroundings.with_full(tmp)
    for name, before, folder, reason in (("missing", [], "/none", "set TMPDIR to another folder"), ("full", full, tmp, "No space left on device")):
        if before is None:
            tap.skip(f"a TMPDIR that is {name}", "a file system can be mounted neither by this user nor in a user namespace")
            continue
        line = [*before, "sh", "-c", '"$@"; code=$?; ls "$TMPDIR" 2>/dev/null; exit $code', "sh", VIRT_CCW, "argv", "--dialect", "stock", FIXTURE + ".xml"]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, env=environment(folder), check=False)
        check(f"a TMPDIR that is {name}", done.returncode == 1 and reason in done.stderr and done.stderr.count("\n") == 1 and
              done.stdout.split() == (["filler"] if before else []), done)


def main():
    # libvirt makes sockets in this directory, so its path must be short.
    with temporary_folder(prefix="ca-", parent="/tmp") as tmp:
        outcomes(tmp)
        without_space(tmp)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            for pattern in ("/*", "/*/lib/qemu/qmp-*/qmp.pid"):
                killed(tmp, number, pattern)
    tap.done()


if __name__ == "__main__":
    main()
