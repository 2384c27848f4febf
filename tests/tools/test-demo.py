#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The end of ./demo: Ctrl-C and a closed pipe end it at once, without a traceback and without a report of a failure; a
step that fails is named. The test runs the real demo with steps that only wait, fail or print. TAP.

    test-demo.py REPOSITORY
"""

import os
import shutil
import signal
import subprocess
import sys

import labtest
from tap import Tap
from terminal import Terminal
from waiting import DEADLINE

TOP = os.path.abspath(sys.argv[1])
SCRIPTS = ("install-deps", "build", "guest-build")
STEPS = """\
import os
from steps import Steps, command, expect
steps = Steps(True)
def wait():
    steps.note("waiting")
    command(["cat", {fifo!r}], timeout=600)
def fail():
    expect(False, "a reason")
def talk():
    for number in range(100000):
        steps.note(f"line {{number}}")
steps.run("a step", lambda: None)
steps.run("the step", {{"wait": wait, "fail": fail, "talk": talk}}[os.environ["WHAT"]])
"""


def make_demo(folder):
    """Makes a copy of the demo whose programs only print steps. The FIFO has no writer."""
    shutil.copy(os.path.join(TOP, "demo"), folder)
    os.makedirs(os.path.join(folder, "scripts"))
    os.makedirs(os.path.join(folder, "tests", "guest"))
    fifo = os.path.join(folder, "fifo")
    os.mkfifo(fifo)
    steps = os.path.join(folder, "plain_steps.py")
    with open(steps, "w", encoding="utf-8") as file:
        file.write(STEPS.format(fifo=fifo))
    run = f"#!/bin/bash\nset -euo pipefail\n{sys.executable} '{steps}'\n"
    for name, text in (*((f"scripts/{name}", "#!/bin/sh\n") for name in SCRIPTS), ("tests/guest/run-in-lab", run)):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
    return os.path.join(folder, "demo")


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        demo = make_demo(folder)
        terminal = Terminal([demo], {**os.environ, "WHAT": "wait"})
        terminal.wait_for("waiting")
        terminal.type("\x03")
        text = terminal.rest()
        code = terminal.end()
        tap.ok(code in (-signal.SIGINT, 130), "Ctrl-C ends the demo", code, text)
        tap.ok("Traceback" not in text and "FAILED" not in text and "Proven" not in text, "the demo reports nothing after Ctrl-C", text)
        with subprocess.Popen([demo], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "WHAT": "talk"}) as process:
            process.stdout.readline()
            process.stdout.close()
            errors = process.stderr.read().decode()
            code = process.wait(timeout=DEADLINE)
        tap.ok(code in (141, -signal.SIGPIPE) and not errors, "a closed pipe ends the demo, which reports nothing", code, errors)
        result = subprocess.run([demo], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                                timeout=DEADLINE, env={**os.environ, "WHAT": "fail"})
        tap.ok(result.returncode == 1 and "FAILED at step 2: the step\na reason" in result.stderr and
               "./demo FAILED at: The main job" in result.stderr, "the demo names a step that fails", result.stderr)
    tap.done()


main()
