# SPDX-License-Identifier: LGPL-2.1-or-later
"""Named steps of an integration test or a demonstration: the first step that fails ends it, with the log that explains
it.

As TAP, each step is a test; in plain text, each is a line with its time. The same code runs in both cases.
"""

import os
import signal
import subprocess
import sys
import time

from tap import Tap

SLOWER = int(os.environ.get("LIBVIRT_CCW_SLOWER", "1"))  # the factor of all deadlines: the emulated mainframe is slow


LONG = 5  # seconds: a step that takes longer prints its time


class StepFailed(Exception):
    """A step found something else than expected."""


class StepSkipped(Exception):
    """A step cannot run on this machine. The text says why."""


def expect(condition, message):
    if not condition:
        raise StepFailed(message)


def say(text, file=None):
    """Prints a line of plain text. Ends the program if the output is closed, as SIGPIPE ends others: otherwise Python
    would try again at its end to write the line, and report the error."""
    try:
        print(text, file=file, flush=True)
    except BrokenPipeError:
        os._exit(128 + signal.SIGPIPE)


class Steps:
    def __init__(self, plain, logs=()):
        self._plain = plain
        if plain:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends the program without a traceback
        self._logs = list(logs)  # files whose last lines explain a failure
        self._tap = Tap()
        self.shown = []  # what a person sees in plain text: the titles of the steps, and their notes

    def log(self, path):
        self._logs.append(path)

    def note(self, text):
        """Prints an important line of a step: a command line, a device's answer."""
        self.shown += str(text).splitlines()
        if not self._plain:
            self._tap.note(text)
            return
        for line in str(text).splitlines():
            say(f"     {line}")

    def run(self, name, function, *args):
        title = f"[{self._tap.count + 1}] {name}"
        self.shown.append(title)
        if self._plain:
            self._tap.count += 1
            say(f"\n{title}")
        started = time.monotonic()
        try:
            result = function(*args)
        except StepSkipped as reason:
            if self._plain:
                say(f"     not tried: {reason}")
            else:
                self._tap.skip(name, reason)
            return None
        except Exception as error:  # pylint: disable=broad-except
            self._fail(name, error)
        seconds = time.monotonic() - started
        if self._plain:
            say(f"     ok, {seconds:.1f} s")
        else:
            self._tap.ok(True, name)
            if seconds >= LONG:
                self.note(f"{seconds:.0f} s")
        return result

    def skip(self, name, reason):
        """Skips a step that cannot run on this machine."""
        self.run(name, self._reject, reason)

    @staticmethod
    def _reject(reason):
        raise StepSkipped(reason)

    def _fail(self, name, error):
        text = str(error) or type(error).__name__
        if not self._plain:
            self._tap.ok(False, name, text)
        for path in self._logs:
            if os.path.exists(path) and os.path.getsize(path):
                self.note(f"the end of {path}:")
                with open(path, encoding="utf-8", errors="replace") as file:
                    self.note("".join(file.readlines()[-25:]))
        self.done()
        if self._plain:
            say(f"\nFAILED at step {self._tap.count}: {name}\n{text}", sys.stderr)
        sys.exit(1)

    def done(self):
        if not self._plain:
            self._tap.plan()


def _waiting():
    """Prints what each thread waits for: the cause of a time-out may be in another program."""
    argv = ["ps", "-eLo", "pid,ppid,lwp,stat,wchan:32,comm,args"]
    try:
        return subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{argv[0]}: {error}"


def command(argv, timeout=60, check=True, **kwargs):
    """Runs a command with a deadline; returns (exit code, output of both streams)."""
    timeout *= SLOWER
    try:
        result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=timeout, text=True, errors="replace", check=False, **kwargs)
    except subprocess.TimeoutExpired as late:
        raise StepFailed(f"no end within {timeout} s: {' '.join(argv)}\n{late.output or ''}\n{_waiting()}") from late
    if check and result.returncode != 0:
        raise StepFailed(f"exit code {result.returncode}: {' '.join(argv)}\n{result.stdout}")
    return result.returncode, result.stdout.strip()
