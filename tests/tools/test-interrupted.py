#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGINT in the middle of commands that write files: strace sends it at each system call by which a command makes or
changes a file. Afterwards the result exists completely or not at all, and there are no other files. TAP.

    test-interrupted.py VIRT-CCW SYSFSDATA TRACEDATA
"""

import os
import shutil
import signal
import subprocess
import sys

import labtest
from recording import restore
from tap import Tap, skip_all

VIRT_CCW, SYSFSDATA, TRACEDATA = (os.path.abspath(path) for path in sys.argv[1:4])
CALLS = ("openat", "ftruncate", "pwrite64", "write", "fchmod", "fsync", "mkdir", "rename", "close")
LAST = 12  # tested calls of a kind, counted from the last one; earlier calls load the program
TIMEOUT = 120
ENDED = {0, 128 + signal.SIGINT}  # strace ends as the command does


def contents(folder):
    """{path: bytes} of all files below a folder."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(path, name), "rb") as file:
                found[os.path.relpath(os.path.join(path, name), folder)] = file.read()
    return found


def run(arguments, *prefix):
    return subprocess.run([*prefix, VIRT_CCW, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=False, timeout=TIMEOUT, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


def interrupt(call, number, arguments):
    """Runs a command that gets SIGINT at this call. Returns its exit code as a shell shows it."""
    code = run(arguments, "strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGINT:when={number}").returncode
    return 128 - code if code < 0 else code


def in_new_folder(folder, function):
    """Calls function(new folder). Returns its result, and the files in the folder."""
    out = os.path.join(folder, "out")
    os.mkdir(out)
    result = function(out)
    left = contents(out)
    shutil.rmtree(out)
    return result, left


def count_calls(folder, arguments):
    """Returns {call: how many of it the command makes}."""
    log = os.path.join(folder, "calls")
    in_new_folder(folder, lambda out: run([argument.replace("OUT", out) for argument in arguments], "strace", "-qq", "-o", log))
    with open(log, encoding="utf-8", errors="replace") as file:
        names = [line.partition("(")[0] for line in file]
    return {call: names.count(call) for call in CALLS}


def check(tap, folder, name, arguments, is_good):
    """arguments: with OUT for a new folder; is_good: whether its contents are right."""
    bad, interrupted = [], 0
    for call, count in count_calls(folder, arguments).items():
        for number in range(max(1, count - LAST + 1), count + 1):
            code, left = in_new_folder(folder, lambda out, call=call, number=number: interrupt(
                call, number, [argument.replace("OUT", out) for argument in arguments]))
            interrupted += code == 128 + signal.SIGINT
            if code not in ENDED or not is_good(left, code):
                bad.append(f"at {call} {number}: code {code}, left {sorted(left)}")
    tap.none(bad, f"{name}: whole or not there")
    tap.ok(interrupted > 5, f"{name}: it was interrupted", interrupted)


def main():
    if not shutil.which("strace"):
        skip_all("strace is not installed")
    tap = Tap()
    with labtest.workdir() as folder:
        if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            skip_all("strace cannot trace a process here")
        restore(os.path.join(folder, "host"), os.path.join(SYSFSDATA, "dasd.txt"))
        sysfs = os.path.join(folder, "host", "sys")
        image = labtest.create_image(VIRT_CCW, os.path.join(folder, "image.ckd"))
        trace = os.path.join(TRACEDATA, "online.trace")
        for name, arguments in (
                ("dasd create", ["dasd", "create", "OUT/disk", "--cylinders", "10", "--volser", "LAB001"]),
                ("dasd map --svg", ["dasd", "map", image, "--svg", "OUT/map.svg"]),
                ("export --output", ["export", "--sysfs-root", sysfs, "--output", "OUT", "0.0.1234", "0.0.1235"]),
                ("trace --svg", ["trace", "--decode", trace, "--svg", "OUT/trace.svg"]),
                ("trace --summary --output", ["trace", "--decode", trace, "--summary", "--output", "OUT/summary"])):
            result, whole = in_new_folder(folder, lambda out, arguments=arguments: run(
                [argument.replace("OUT", out) for argument in arguments]))
            tap.ok(result.returncode == 0 and whole, f"{name}: not interrupted", result.stderr)
            check(tap, folder, name, arguments, lambda left, code, whole=whole: left == whole or (not left and code != 0))
    tap.done()


main()
