# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands for the test guest (tests/guest/obey), over the unix socket of its virtio-serial port."""

import base64
import re
import socket
import struct

from deadline import LATEST, Deadline
from steps import SLOWER
from waiting import happens


class GuestError(Exception):
    """The guest did not answer in time, or a command in it failed."""


class GuestLate(GuestError):
    """The guest did not answer in time."""


BOOT_SECONDS = 180
TRIES = 5


def when_free(shell_command):
    """Returns the command for a guest's shell with repetitions while udev may still read the disk. udev does so after
    each change, and chccwdev, dasdfmt and fdasd then report that the disk is in use. udevadm fails on a busy machine:
    "Failed to wait for daemon to reply: Broken pipe"."""
    return (f"for try in $(seq {TRIES}); do udevadm settle; {{ {shell_command}; }} && break; [ $try != {TRIES} ]; done"
            " && { udevadm settle || udevadm settle; }")
CONSOLE_LINES = 20
# The console of a guest that will never answer shows one of these.
DEAD = ("Kernel panic", "guest: no control port", "disabled wait")


# MiB of translated code that QEMU may keep. A guest that reboots is unpacked over the code of the guest before it, and
# at each store QEMU searches all translated code of that page: this takes a minute with its usual cache, and no time
# with a small one.
REBOOT_CACHE = 64


def _times_ready(console):
    with open(console, encoding="utf-8", errors="replace") as file:
        return file.read().count("guest: ready")


def _read_console(console):
    try:
        with open(console, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _not_up(what, console):
    lines = _read_console(console).splitlines()[-CONSOLE_LINES:]
    return GuestError(f"{what}; the last lines of its console:\n" + ("\n".join(lines) or "(it is empty)"))


class _Listener:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        self._socket.listen(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def accept(self, timeout):
        self._socket.settimeout(timeout)
        try:
            return Guest(connected=self._socket.accept()[0])
        except socket.timeout as late:
            raise GuestError(f"QEMU did not connect within {timeout} s") from late


def _peer(connected):
    """The process at the other end."""
    return struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]


class Guest:
    """A running guest. Every call has a deadline of its own, and no call polls. The time for which QEMU waited for a
    processor of this machine does not count."""

    def __init__(self, socket_path=None, pid=None, connected=None):
        """Connects to the listening socket of a port of the QEMU pid, or uses a connection that the port has made itself."""
        self._socket = connected
        self._pid = _peer(connected) if connected else pid
        self._buffer = b""
        if not connected:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.connect(socket_path)

    @staticmethod
    def listen(socket_path):
        """For a QEMU that connects to the test: a context manager whose accept(timeout) returns the Guest."""
        return _Listener(socket_path)

    def close(self):
        self._socket.close()

    def _line(self, deadline, what):
        while b"\n" not in self._buffer:
            left = deadline.left()
            if left <= 0:
                raise GuestLate(f"no answer from the guest in {deadline.seconds} s, nor in the {deadline.late_by():.0f} s for which "
                                f"QEMU waited for a processor, while it ran: {what}")
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except socket.timeout:
                continue
            if not data:
                raise GuestError(f"the guest is gone, while it ran: {what}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode("utf-8", "replace")

    def send(self, command, timeout=60):
        """Sends the guest a shell command without waiting for an answer: for a command that ends the guest."""
        self._socket.settimeout(timeout)
        self._socket.sendall(base64.b64encode(command.encode()) + b"\n")

    def try_run(self, command, timeout=60, progress=None):
        """Runs a shell command; returns (exit code, output). progress is called with each line as it arrives."""
        deadline = Deadline(timeout * SLOWER, self._pid)
        self.send(command, timeout * SLOWER)
        lines = []
        while True:
            line = self._line(deadline, command)
            if line.startswith("="):
                return int(line[1:]), "\n".join(lines)
            lines.append(line[1:])
            if progress:
                progress(line[1:])

    def run(self, command, timeout=60, progress=None):
        """As try_run; raises GuestError with the output unless the command exits with 0. Returns the output."""
        code, output = self.try_run(command, timeout, progress)
        if code != 0:
            raise GuestError(f"in the guest, exit code {code}: {command}\n{output}")
        return output

    def await_boot(self, console, timeout=BOOT_SECONDS):
        """Waits for the first answer of a guest that boots, and whose console is this file. Raises GuestError with the
        last lines of the console when the guest does not answer in time, or as soon as the console shows that it never
        will."""
        timeout *= SLOWER
        deadline = Deadline(timeout, self._pid)
        self.send("true", timeout)
        while True:
            try:
                if self._line(Deadline(1), "its first command") == "=0":
                    return
            except GuestLate:
                if deadline.left() <= 0:
                    raise _not_up(f"the guest did not come up within {timeout} s", console) from None
            except GuestError:
                raise _not_up("the guest ended while it booted", console) from None
            if any(word in _read_console(console) for word in DEAD):
                raise _not_up("the guest cannot come up", console)

    def reboot(self, console, timeout=BOOT_SECONDS, command="reboot -f"):
        """Boots again in the same QEMU, where the guest's console is this file. See REBOOT_CACHE."""
        before = _times_ready(console)
        timeout *= SLOWER
        deadline = Deadline(timeout, self._pid)
        self.send(command)
        # Bytes that are sent before the guest has opened its port again would be lost with the old port's buffers.
        happens(lambda: _times_ready(console) != before or deadline.left() <= 0, timeout * LATEST)
        if _times_ready(console) == before:
            raise _not_up(f"the guest did not come up again within {timeout} s", console)
        # The old system may have answered the command that ended it.
        self.send("echo up again")
        while self._line(deadline, "its first command") != ":up again":
            pass
        self._line(deadline, "its first command")

    def dasd_complaints(self):
        """Returns the kernel's errors about its DASDs since the last call."""
        log = self.run("dmesg -c | grep -i -E 'dasd|0\\.0\\.[0-9a-f]{4}|I/O error|EXT4-fs|blk_update' || true")
        return [line for line in log.splitlines()
                if re.search(r"error|fail|timeout|sense|reject|lost|inhibit", line, re.I)]
