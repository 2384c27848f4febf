# SPDX-License-Identifier: LGPL-2.1-or-later
"""Named steps of an integration test or a demonstration: the first that fails ends it, with the log that explains it.

As TAP each step is a test; told as a story each is a line with its time. Both come from the same run of the same code.
"""

import os
import subprocess
import sys
import time


SLOWER = int(os.environ.get("LIBVIRT_CCW_SLOWER", "1"))  # what deadlines are multiplied by: the box is an emulated machine


LONG = 5  # seconds: a step that took them says so


class StepFailed(Exception):
    """A step found something else than it promised."""


class StepSkipped(Exception):
    """A step cannot be tried on this machine. The text says why."""


def expect(condition, message):
    if not condition:
        raise StepFailed(message)


class Steps:
    def __init__(self, story, logs=()):
        self._story = story
        self._logs = list(logs)  # files whose last lines explain a failure
        self._count = 0

    def log(self, path):
        self._logs.append(path)

    def note(self, text):
        """Something worth reading within a step: a command line, a device's answer."""
        for line in str(text).splitlines():
            print(f"     {line}" if self._story else f"# {line}", flush=True)

    def run(self, name, function, *args):
        self._count += 1
        if self._story:
            print(f"\n[{self._count}] {name}", flush=True)
        started = time.monotonic()
        try:
            result = function(*args)
        except StepSkipped as reason:
            print(f"     not tried: {reason}" if self._story else f"ok {self._count} - {name} # SKIP {reason}", flush=True)
            return None
        except Exception as error:  # pylint: disable=broad-except
            self._fail(name, error)
        seconds = time.monotonic() - started
        if self._story:
            print(f"     ok, {seconds:.1f} s", flush=True)
        else:
            print(f"ok {self._count} - {name}", flush=True)
            if seconds >= LONG:
                self.note(f"{seconds:.0f} s")
        return result

    def skip(self, name, reason):
        """A step that cannot be tried on this machine."""
        self.run(name, self._refuse, reason)

    @staticmethod
    def _refuse(reason):
        raise StepSkipped(reason)

    def _fail(self, name, error):
        text = str(error) or type(error).__name__
        if not self._story:
            print(f"not ok {self._count} - {name}", flush=True)
            self.note(text)
        for path in self._logs:
            if os.path.exists(path) and os.path.getsize(path):
                self.note(f"the end of {path}:")
                with open(path, encoding="utf-8", errors="replace") as file:
                    self.note("".join(file.readlines()[-25:]))
        self.done()
        if self._story:
            print(f"\nFAILED at step {self._count}: {name}\n{text}", file=sys.stderr, flush=True)
        sys.exit(1)

    def done(self):
        if not self._story:
            print(f"1..{self._count}", flush=True)


def command(argv, timeout=60, check=True, **kwargs):
    """Runs a command to its end within a deadline; returns (exit code, output of both streams)."""
    timeout *= SLOWER
    try:
        result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=timeout, text=True, errors="replace", check=False, **kwargs)
    except subprocess.TimeoutExpired as late:
        raise StepFailed(f"no end within {timeout} s: {' '.join(argv)}\n{late.output or ''}") from late
    if check and result.returncode != 0:
        raise StepFailed(f"exit code {result.returncode}: {' '.join(argv)}\n{result.stdout}")
    return result.returncode, result.stdout.strip()
