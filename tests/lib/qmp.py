# SPDX-License-Identifier: LGPL-2.1-or-later
"""QMP clients: over a connected socket, and over the standard input and output of a QEMU that the test starts."""

import json
import socket
import subprocess

from steps import StepFailed, expect


def listen(path):
    """For a QEMU that connects to the test: Monitor.accept returns its connection."""
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
        self.events = []  # events that arrived before an answer
        self.ask("qmp_capabilities")

    @classmethod
    def accept(cls, listener, deadline):
        with listener:
            listener.settimeout(deadline)
            return cls(listener.accept()[0], deadline)

    def ask(self, name, **arguments):
        """Returns the answer, an object with "return" or "error"; None if QEMU is gone. Keeps events for wait_event()."""
        self.socket.sendall((json.dumps({"execute": name, "arguments": arguments}) + "\n").encode())
        for line in self.lines:
            message = json.loads(line)
            if "event" not in message:
                return message
            self.events.append(message)
        return None

    def get(self, name, **arguments):
        """Returns QEMU's "return". An error fails the test."""
        answer = self.ask(name, **arguments)
        expect(answer and "return" in answer, f"{name} {arguments}: {answer}")
        return answer["return"]

    def wait_event(self, name, test):
        for message in self._messages():
            if message.get("event") == name and test(message["data"]):
                return
        raise StepFailed(f"QEMU ended before {name}")

    def _messages(self):
        """Yields the events that arrived before, then new ones."""
        while self.events:
            yield self.events.pop(0)
        for line in self.lines:
            yield json.loads(line)

    def close(self):
        self.lines.close()
        self.socket.close()


class Child:
    """A QEMU that this test starts. argv ends with options for QMP on its standard input and output."""

    def __init__(self, *argv):
        self.events = []  # events that arrived before an answer
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith('{"QMP"'):  # QEMU prints other lines before it, such as the name of a pty console
                break
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        """Returns the answer's "return", the whole answer if it is an error, or None when QEMU is gone."""
        try:
            self.process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        for line in self.process.stdout:
            answer = json.loads(line)
            if "event" not in answer:
                return answer.get("return", answer)
            self.events.append(answer["event"])
        return None

    def wait_event(self, name):
        if name in self.events:
            self.events.remove(name)
            return True
        return any(json.loads(line).get("event") == name for line in self.process.stdout)

    def device(self, name):
        path = "/machine/peripheral/" + name
        return tuple(self.ask("qom-get", path=path, property=key) for key in ("type", "realized", "devno"))

    def quit(self):
        """Returns (exit code, messages)."""
        self.ask("quit")
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors
