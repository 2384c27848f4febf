#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares virt-ccw trace --summary and --svg of recorded traces with --json of the same records. TAP.

    test-trace-summary.py VIRT-CCW FOLDER-OF-TRACES
"""

import glob
import json
import os
import re
import subprocess
import sys

import labtest
from picture import draw
from tap import Tap
from tracer import records

VIRT_CCW, TRACES = (os.path.abspath(path) for path in sys.argv[1:3])
TIMEOUT = 120
TIC = "08"
ERRORS = {"uc", "ue"}
PICTURE_MAX = 3 << 20  # bytes
MANY = 20000
STEP = re.compile(r"^    \[(\d+)\] ", re.M)
KINDS = ("other", "read", "write", "error")  # a cell of the picture shows the last of its functions' kinds
NO_READS = {"22", "3e", "4e", "fa"}  # commands with a read's code that read no data of the volume
WRITES = {"01", "05", "09", "0d", "11", "15", "19", "1d", "85", "8d", "95", "9d", "a5"}


def trace(path, *arguments):
    return subprocess.run([VIRT_CCW, "trace", "--decode", path, *arguments], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=TIMEOUT,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})


def functions_of(path):
    """Returns the functions of --json; each CCW also with its index, which only the text shows."""
    functions = [json.loads(line) for line in trace(path, "--json").stdout.splitlines()]
    texts = re.split(r"^(?=\S)", trace(path).stdout, flags=re.M)[1:]
    for function, text in zip(functions, texts, strict=True):
        for ccw, index in zip(function["ccws"], STEP.findall(text), strict=True):
            ccw["index"] = int(index)
    return functions


def is_failed(function):
    if "errno" in function:
        return True
    status = function["status"]
    return bool(ERRORS & set(status["device"]) or set(status["channel"]) - {"pci"})


def executed(function):
    """Returns the CCWs up to the one at which the program stopped, and how many bytes each has moved."""
    status = function.get("status", {})
    stop = status.get("at")
    for ccw in function["ccws"]:
        if stop is not None and ccw["index"] > stop:
            return
        if ccw["command"] == TIC:
            continue
        moved = ccw["count"]
        if stop is not None and ccw["index"] == stop:
            moved -= min(moved, status["residual"])
        yield ccw, moved


def expected_sums(functions):
    """Returns {(device, command's name): [ccws, bytes, errors, times of functions]}."""
    sums = {}

    def row(function, name):
        return sums.setdefault((function["device"], name), [0, 0, 0, []])

    for function in functions:
        name = last = main = function["function"]
        most = 0
        for ccw, moved in executed(function):
            name = name if ccw.get("chained") else ccw.get("name", f"command {ccw['command']}")
            row(function, name)[0] += not ccw.get("chained")
            row(function, name)[1] += moved
            last = name
            if moved >= most:
                most, main = moved, name
        row(function, main)[3].append(function["duration_ns"])
        if is_failed(function):
            row(function, last)[2] += 1
    return sums


def percentile(times, percent):
    return sorted(times)[max(1, -(-len(times) * percent // 100)) - 1]


def close(got, expected):
    return abs(got - expected) <= max(1, expected * 0.02)


def sums(tap, path):
    name = os.path.basename(path)
    expected = expected_sums(functions_of(path))
    shown = json.loads(trace(path, "--summary", "--json").stdout)
    got = {(device["device"], row["command"]): row for device in shown["devices"] for row in device["commands"]}
    tap.equal(sorted(got), sorted(expected), f"{name}: the commands")
    counts = {key: [row["ccws"], row["bytes"], row["errors"], row["functions"]] for key, row in got.items()}
    tap.equal(counts, {key: [*row[:3], len(row[3])] for key, row in expected.items()}, f"{name}: CCWs, bytes, errors, functions")
    wrong = []
    for key, (_, _, _, times) in expected.items():
        if times:
            row = got[key]
            exact = (row["total_ns"], row["min_ns"], row["max_ns"]) == (sum(times), min(times), max(times))
            near = all(close(row[f"p{percent}_ns"], percentile(times, percent)) for percent in (50, 90, 99))
            wrong += [] if exact and near else [f"{key}: {row} of {times}"]
    tap.none(wrong, f"{name}: times")
    totals = {device["device"]: device["total"]["functions"] for device in shown["devices"]}
    tap.equal(sum(totals.values()), len(functions_of(path)), f"{name}: every function counts once")
    lines = trace(path, "--summary").stdout.splitlines()
    tap.ok(lines[0].startswith("Device ") and lines[1].split()[-1] == "command" and any(line.endswith("  total") for line in lines),
           f"{name}: the table", *lines)


def draw_trace(tap, path, folder, name):
    return draw(tap, os.path.join(folder, f"{name}.svg"), name, lambda *arguments: trace(path, *arguments))


def kind_of(function):
    commands = {ccw["command"] for ccw, _ in executed(function) if not ccw.get("chained")}
    if commands & WRITES:
        return "write"
    return "read" if any(int(command, 16) & 3 == 2 for command in commands - NO_READS) else "other"


def seeks_of(functions):
    """Returns the kinds of the seeks in all functions. The last seek of a failed function is an error."""
    found = set()
    for function in functions:
        seeks = [kind_of(function) for ccw, _ in executed(function) if "seek" in ccw.get("parameters", {})]
        if seeks and is_failed(function):
            seeks[-1] = "error"
        found |= set(seeks)
    return found


def picture(tap, path, folder):
    name = os.path.basename(path)
    functions = functions_of(path)
    drawing = draw_trace(tap, path, folder, name)
    texts = drawing.texts()
    failed = sum(map(is_failed, functions))
    tap.ok(f"0.0.1234: {len(functions)} functions, {failed} with errors" in texts, f"{name}: it counts the functions", texts)
    tap.equal(bool(drawing.rectangles("error")), failed > 0, f"{name}: errors are marked")
    shades = [one for shade in range(4) for one in drawing.rectangles(f"shade{shade}")]
    tap.ok(0 < len(shades) <= len(functions), f"{name}: each time has a cell", len(shades), len(functions))
    expected = seeks_of(functions)
    errors = drawing.rectangles("error")
    strip = max((one[1] for one in errors), default=0)  # marks of errors are below the seeks
    drawn = {kind for kind in KINDS[:-1] if drawing.rectangles(kind)}
    drawn |= {"error" for one in errors if one[1] < strip}
    tap.ok(drawn <= expected, f"{name}: only seeks that the trace has are drawn", drawn, expected)
    top = max(expected, key=KINDS.index, default=None)  # no other kind hides it
    tap.ok(top is None or top in drawn, f"{name}: seeks are drawn", drawn, expected)


def with_times(record, started, duration):
    return record[:16] + started.to_bytes(8, "big") + duration.to_bytes(8, "big") + record[32:]


def many(tap, folder):
    """A long trace does not need more memory or a larger picture."""
    path = os.path.join(folder, "many.trace")
    source = list(records(os.path.join(TRACES, "dasdfmt.trace")))
    with open(path, "wb") as file:
        for number in range(MANY):
            file.write(with_times(source[number % len(source)], 10**18 + number * 7_000_000, 1000 + number * 50))
    drawing = draw_trace(tap, path, folder, "many")
    tap.ok(drawing.size < PICTURE_MAX, "a long trace makes no large picture", drawing.size)
    right = max(one[0] + one[2] for shade in range(4) for one in drawing.rectangles(f"shade{shade}"))
    tap.ok(1000 <= right <= 1031, "it goes to the right end", right)
    total = json.loads(trace(path, "--summary", "--json").stdout)["devices"][0]["total"]
    tap.equal(total["functions"], MANY, "each function is in the summary")
    times = [1000 + number * 50 for number in range(MANY)]
    tap.ok(close(total["p50_ns"], percentile(times, 50)) and close(total["p99_ns"], percentile(times, 99)), "percentiles of all", total)


def hostile(tap, folder):
    """Times at the ends of their range, and very many devices."""
    path = os.path.join(folder, "hostile.trace")
    source = list(records(os.path.join(TRACES, "online.trace")))
    with open(path, "wb") as file:
        for started, duration in ((0, 0), (2**64 - 1, 2**64 - 1), (5, 2**63), (2**63, 1)):
            file.write(with_times(source[0], started, duration))
        for number in range(300):
            file.write(source[0][:34] + number.to_bytes(2, "big") + source[0][36:])
    drawing = draw_trace(tap, path, folder, "hostile")
    tap.ok(drawing.size < PICTURE_MAX and any("of more devices are not shown" in text for text in drawing.texts()),
           "some devices are drawn, and the others counted", drawing.size)
    shown = json.loads(trace(path, "--summary", "--json").stdout)
    tap.ok(len(shown["devices"]) == 16 and shown["left_out"] > 200, "the same in the summary", len(shown["devices"]))


def options(tap, folder):
    path = os.path.join(TRACES, "online.trace")
    svg, text = os.path.join(folder, "both.svg"), os.path.join(folder, "both.txt")
    result = trace(path, "--summary", "--svg", svg, "--output", text)
    tap.ok(result.returncode == 0 and not result.stdout and os.path.getsize(svg) and os.path.getsize(text), "both at once, into files",
           result.stderr)
    result = trace(path, "--summary", "--device", "0.0.4711")
    tap.equal(result.stdout, "no function was traced\n", "a device without functions")
    before = open(path, "rb").read()  # pylint: disable=consider-using-with
    for arguments, words in ((["--svg", path], "the input, too"), (["--svg", svg, "--json"], "go with --summary"),
                             (["--svg", svg, "--summary", "--output", svg], "two files")):
        result = trace(path, *arguments)
        tap.ok(result.returncode == 2 and words in result.stderr, " ".join(arguments[:1] + arguments[2:]), result.stderr)
    with open(path, "rb") as file:
        tap.ok(file.read() == before, "the input is as it was")


def main():
    tap = Tap()
    paths = sorted(glob.glob(os.path.join(TRACES, "*.trace")))
    tap.ok(len(paths) > 4, "the traces are found", paths)
    with labtest.workdir() as folder:
        for path in paths:
            sums(tap, path)
            picture(tap, path, folder)
        many(tap, folder)
        hostile(tap, folder)
        options(tap, folder)
    tap.done()


main()
