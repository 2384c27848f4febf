# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs virt-ccw trace in the background, divides its lines into functions, and reads the records of its files."""

import re
import signal
import subprocess

from steps import expect


class Tracer:
    """Starts at once. The trace has everything that happens after attached()."""

    def __init__(self, *args, virt_ccw="virt-ccw"):
        self.process = subprocess.Popen([virt_ccw, "trace", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def attached(self):
        line = self.process.stderr.readline()
        expect("is traced" in line, "the tracer did not attach: " + line)
        return self

    def ended(self, timeout=60):
        """Waits for its end. Returns its output."""
        output, errors = self.process.communicate(timeout=timeout)
        expect(self.process.returncode == 0, f"exit code {self.process.returncode}: {errors}")
        return output

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.ended()


def records(path):
    """Returns the records of a file. src/trace/trace-record.h: the length is in bytes 4 to 7."""
    with open(path, "rb") as file:
        text = file.read()
    while text:
        length = int.from_bytes(text[4:8], "big")
        yield text[:length]
        text = text[length:]


def functions(text):
    """Returns the functions of a trace: lists of lines."""
    found = []
    for line in text.splitlines():
        if not line.startswith(" ") and not line.startswith("--"):
            found.append([])
        if found:
            found[-1].append(line)
    return found


def wanted(text, *patterns):
    """Returns the first function in which lines match the patterns, each pattern another line, in this order."""
    for lines in functions(text):
        rest = iter(lines)
        if all(any(re.search(pattern, line) for line in rest) for pattern in patterns):
            return lines
    expect(False, "no function with " + " | ".join(patterns) + " in:\n" + "\n".join(text.splitlines()[-60:]))
    return None
