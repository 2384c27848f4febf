# SPDX-License-Identifier: LGPL-2.1-or-later
"""A qemu-ccw that runs with devices of the host, and its monitor."""

import os
import socket
import subprocess

from qmp import Monitor
from waiting import DEADLINE, wait_until


def connect(path):
    """Returns its monitor, as soon as it listens."""
    connected = socket.socket(socket.AF_UNIX)
    wait_until(lambda: os.path.exists(path), path)
    wait_until(lambda: connected.connect_ex(path) == 0, f"{path} is listened at")
    return Monitor(connected, DEADLINE)


class Running:
    """A running qemu-ccw that has its devices. path: of the monitor's socket, which argv names"""

    def __init__(self, argv, path):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.monitor = connect(path)

    def end(self):
        """Returns its exit status and output, when no process, such as QEMU, has the output open any more."""
        output = self.process.communicate(timeout=DEADLINE)[0]
        return self.process.returncode, output
