# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QMP client over a connected socket."""

import json


class Monitor:
    def __init__(self, connected, deadline):
        self.socket = connected
        self.socket.settimeout(deadline)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, name, **arguments):
        """The answer, an object with "return" or "error"; None if QEMU is gone. Events are passed over."""
        self.socket.sendall((json.dumps({"execute": name, "arguments": arguments}) + "\n").encode())
        for line in self.lines:
            message = json.loads(line)
            if "event" not in message:
                return message
        return None
