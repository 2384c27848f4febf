# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QMP client over a connected socket."""

import json
import socket

from steps import StepFailed, expect


def listen(path):
    """For a QEMU that connects to us: Monitor.accept takes it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    return listener


class Monitor:
    def __init__(self, connected, deadline):
        self.socket = connected
        self.socket.settimeout(deadline)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.lines.readline()
        self.events = []  # that came before an answer: QEMU may tell of an event first
        self.ask("qmp_capabilities")

    @classmethod
    def accept(cls, listener, deadline):
        with listener:
            listener.settimeout(deadline)
            return cls(listener.accept()[0], deadline)

    def ask(self, name, **arguments):
        """The answer, an object with "return" or "error"; None if QEMU is gone. Events are kept for wait_event()."""
        self.socket.sendall((json.dumps({"execute": name, "arguments": arguments}) + "\n").encode())
        for line in self.lines:
            message = json.loads(line)
            if "event" not in message:
                return message
            self.events.append(message)
        return None

    def get(self, name, **arguments):
        """What QEMU returns; it must not refuse."""
        answer = self.ask(name, **arguments)
        expect(answer and "return" in answer, f"{name} {arguments}: {answer}")
        return answer["return"]

    def wait_event(self, name, test):
        for message in self._messages():
            if message.get("event") == name and test(message["data"]):
                return
        raise StepFailed(f"QEMU ended before {name}")

    def _messages(self):
        """Those that came before, then those that come."""
        while self.events:
            yield self.events.pop(0)
        for line in self.lines:
            yield json.loads(line)

    def close(self):
        self.lines.close()
        self.socket.close()
