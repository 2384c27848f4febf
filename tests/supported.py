#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the counts of scripts/count-tests from meson's logs, and the records and page of scripts/supported."""

import json
import os
import re
import shutil
import subprocess
import sys

from files import temporary_folder
from tap import Tap

LOGS = {
    "unit": [("one", "OK", 1000, 2.0, "ok 1 - a\nok 2 - b # SKIP no such file\n1..2\n"),
             ("two", "SKIP", 1002, 63.4, "1..0 # SKIP it needs root\n"),
             ("three", "OK", 1001, 1.0, "")],
    "lab": [("four", "FAIL", 2000, 3.0, "ok 1 - a\nnot ok 2 - the end\n# expected 1, got 2\nok 3 - b\n1..3\n"),
            ("five", "TIMEOUT", 2003, 6.2, "ok 1 - a\n# waits for a disk\x1b[2J\n")],
    "tsan": [("six", "ERROR", 2004, 1.0, "ok 1 - a\n1..1\n")],
}
REPORT = "a start\nWARNING: ThreadSanitizer: data race\n  Write of size 8\n" + 30 * "  a legend\n"


def write_log(path, tests):
    with open(path + ".json", "w", encoding="utf-8") as file:
        for name, result, start, duration, output in tests:
            json.dump({"name": f"libvirt-ccw:unit / {name}", "result": result, "starttime": start, "duration": duration,
                       "stdout": output, "stderr": REPORT if name == "six" else f"{name} ends\n"}, file)
            file.write("\n")


def main():
    scripts = sys.argv[1]
    tap = Tap()

    def expect(what, got, wanted):
        tap.ok(wanted in got, what, f"there is no {wanted!r} in", *(got if isinstance(got, list) else [got]))

    with temporary_folder() as folder:
        for name in ("count-tests", "supported"):
            os.makedirs(f"{folder}/scripts", exist_ok=True)
            shutil.copy(os.path.join(scripts, name), f"{folder}/scripts")
        os.mkdir(f"{folder}/docs")
        for name, tests in LOGS.items():
            write_log(f"{folder}/{name}", tests)

        def run(name, *arguments, commit="new"):
            own = {"LIBVIRT_CCW_RECORDS": f"{folder}/records", "LIBVIRT_CCW_COMMIT": commit}
            argv = [sys.executable, f"{folder}/scripts/{name}", *arguments]
            return subprocess.run(argv, env={**os.environ, **own}, text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

        counted = run("count-tests", f"unit={folder}/unit", f"sanitizers={folder}/unit", f"lab={folder}/lab")
        expect("tests are counted", counted, "\n7 passed, 2 failed, 4 skipped\n")
        expect("each skipped test is listed once, with its suites and its reason", counted,
               "skipped:\n  unit, sanitizers: one: b: no such file\n  unit, sanitizers: two: it needs root\n")
        expect("a failed test is listed, with its points and why they failed", counted,
               "failed:\n  lab: four: the end\n    | not ok 2 - the end\n    | # expected 1, got 2\n    | 1..3\n    | four ends\n")
        expect("a test that did not end is listed with its last output, and does nothing to the terminal", counted,
               "  lab: five: timeout\n    | ok 1 - a\n    | # waits for a disk?[2J\n    | five ends\n")
        expect("a sanitizer's report is shown from its begin", run("count-tests", f"tsan={folder}/tsan"),
               "failed:\n  tsan: six: error\n    | ok 1 - a\n    | 1..1\n    | WARNING: ThreadSanitizer: data race\n"
               "    |   Write of size 8\n")
        expect("what broke is listed, and counts", run("count-tests", "--broken", "the build failed", f"unit={folder}/unit"),
               "failed:\n  the build failed\n2 passed, 1 failed, 2 skipped\n")
        expect("there is no page without a record", run("supported"), "there is no record")
        print(run("supported", "record", f"lab={folder}/lab", commit="old"), end="")
        print(run("supported", "record", f"unit={folder}/unit"), end="")
        run("supported")
        with open(f"{folder}/docs/supported.md", encoding="utf-8") as file:
            lines = re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", file.read()).splitlines()
        expect("a suite has its counts and its time", lines, "| `unit` | 2 passed, 2 skipped in 1 min 5 s |")
        expect("the newest run is named", lines, "| date, commit | DATE, new |")
        expect("a suite of another commit says so", lines, "| `lab` | 3 passed, 2 failed in 9 s (DATE, old) |")
        for line in ("lab: four: the end", "lab: five: timeout", "unit: one: b: no such file", "unit: two: it needs root"):
            expect(f"the page has '{line}'", [shown.partition(", ")[2] for shown in lines if shown.startswith("- ")], line)
    tap.done()


if __name__ == "__main__":
    main()
