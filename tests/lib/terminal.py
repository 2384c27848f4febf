# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs on a terminal: a program to which the test types, and output that a program writes to a terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from waiting import DEADLINE, wait_until


def _read(fd):
    """Returns b"" at the end: Linux reports EIO when the last process has closed a terminal."""
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""


class Terminal:
    """A program on its own terminal, as the leader of its session."""

    def __init__(self, argv, environment=None, folder=None, lines=50, columns=300, log=None):
        """log: a file to which the output of the program is added as it arrives."""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if folder:
                os.chdir(folder)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvpe(argv[0], argv, os.environ if environment is None else environment)
        self.text = ""  # text that the test has not read yet
        self.log = open(log, "ab", buffering=0) if log else None

    def wait_for(self, pattern, seconds=DEADLINE):
        """Reads up to a pattern. Returns the match and the text before it."""
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.text)):
            self._read_until(deadline, pattern)
        before, self.text = self.text[:match.end()], self.text[match.end():]
        return match, before

    def _read_until(self, deadline, pattern):
        if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"{pattern} is not in {self.text!r}")
        data = _read(self.fd)
        if not data:
            raise EOFError(f"{pattern} is not in {self.text!r}")
        if self.log:
            self.log.write(data)
        self.text += data.decode(errors="replace")

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def wait_echo_off(self):
        """Waits until the program reads without an echo, as for a password."""
        wait_until(lambda: not termios.tcgetattr(self.fd)[3] & termios.ECHO, "the end of the echo")

    def rest(self, seconds=DEADLINE):
        """Reads up to the end of the program."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self._read_until(deadline, "the end")
        except EOFError:
            text, self.text = self.text, ""
            return text

    def end(self):
        """Closes the terminal, and waits for the program. Returns its exit code; a signal's number is negative."""
        os.close(self.fd)
        if self.log:
            self.log.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def output_of(argv, timeout=DEADLINE, stderr=subprocess.STDOUT, **kwargs):
    """Returns what a program writes to a terminal that is its standard output. stderr: None for no terminal there"""
    master, slave = pty.openpty()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=slave, stderr=stderr, **kwargs) as process:
        os.close(slave)
        text = b""
        while data := _read(master):
            text += data
        process.wait(timeout=timeout)
    os.close(master)
    return text.decode(errors="replace")
