#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw trace of a recorded file with the channel I/O of two devices: filters and output forms. TAP.

    test-trace-file.py VIRT-CCW FOLDER-OF-TRACES
"""

import json
import os
import struct
import subprocess
import sys

import labtest
from tap import Tap
from tracer import records

VIRT_CCW, TRACES = (os.path.abspath(path) for path in sys.argv[1:3])
FIRST, SECOND = "0.0.1234", "0.0.1235"
TIMEOUT = 60


def write_trace(path):
    """Alternates between one device and the other; returns how many functions of each."""
    count = 0
    with open(path, "wb") as file:
        for record in records(os.path.join(TRACES, "online.trace")):
            file.write(record + record[:34] + b"\x12\x35" + record[36:])
            count += 1
    return count


def functions(text):
    """Returns the bus ids of the shown functions, in their order."""
    return [line.split()[0] for line in text.splitlines() if not line.startswith(" ")]


def choose(tap, trace, count):
    both = [FIRST, SECOND] * count
    for name, arguments, expected in (
            ("everything", [], both),
            ("one device", ["--device", SECOND], [SECOND] * count),
            ("both by name", ["--device", SECOND, "-d", FIRST], both),
            ("another device", ["--device", "0.0.4711"], []),
            ("three functions", ["--count", "3"], both[:3]),
            ("two functions of one device", ["--count", "2", "--device", SECOND], [SECOND] * 2)):
        code, text, errors = trace(*arguments)
        tap.ok(code == 0 and not errors and functions(text) == expected, name, f"{code}\n{text}{errors}")


def show(tap, trace, folder, count):
    text = trace("--json")[1]
    objects = [json.loads(line) for line in text.splitlines()]
    tap.ok([one["device"] for one in objects] == [FIRST, SECOND] * count, "JSON, a line a function", text)
    # Reads that are decoded, and other functions.
    plain, none, some = (trace("--device", FIRST, *arguments)[1] for arguments in ((), ("--no-data",), ("--data", "4")))
    tap.ok("00000000 00000000 01200000 40000000..." in plain, "16 bytes of data that is not decoded", plain)
    tap.ok("..." not in none and functions(none) == functions(plain), "no data", none)
    tap.ok("order 18 (prepare for read subsystem data), suborder 0e (unit address configuration) | 18000000..." in some,
           "some bytes of all data", some)
    output = os.path.join(folder, "output")
    code, text, _ = trace("--output", output, "--device", FIRST)
    with open(output, encoding="ascii") as file:
        tap.ok(code == 0 and not text and file.read() == plain, "into a file")
    tap.equal(oct(os.stat(output).st_mode & 0o777), "0o600", "which is its user's alone")


def stamps(tap, folder):
    """Functions that start at a known time, the third before the second."""
    path = os.path.join(folder, "times.trace")
    starts = (1_700_000_000_000_001_999, 1_700_000_061_500_000_000, 1_700_000_061_499_999_000)
    first = next(iter(records(os.path.join(TRACES, "online.trace"))))
    with open(path, "wb") as file:
        for start in starts:
            file.write(first[:16] + struct.pack(">Q", start) + first[24:])

    def first_words(option):
        text = subprocess.run([VIRT_CCW, "trace", option, "--decode", path], text=True, timeout=TIMEOUT, check=True,
                              env=dict(os.environ, TZ="UTC"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        return [line.split()[0] for line in text.splitlines() if FIRST in line]

    for option in ("-t", "--time"):
        tap.equal(first_words(option), ["22:13:20.000001", "22:14:21.500000", "22:14:21.499999"], f"{option}: times of day")
    for option in ("-r", "--relative"):
        tap.equal(first_words(option), ["0.000000", "61.499998", "-0.000001"], f"{option}: times between the starts")


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        path = os.path.join(folder, "two.trace")
        count = write_trace(path)

        def trace(*arguments):
            result = subprocess.run([VIRT_CCW, "trace", "--decode", path, *arguments], text=True, timeout=TIMEOUT,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            return result.returncode, result.stdout, result.stderr

        choose(tap, trace, count)
        show(tap, trace, folder, count)
        stamps(tap, folder)
    tap.done()


main()
