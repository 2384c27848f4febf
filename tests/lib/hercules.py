# SPDX-License-Identifier: LGPL-2.1-or-later
"""IPLs DASD images in Hercules, with the test at its panel."""

import os
import re
import subprocess

from files import read, write
from steps import SLOWER, expect
from waiting import happens

DEVICE = "1234"
# OSTAILOR NULL: Hercules reports each program interruption.
CONFIGURATION = """ARCHMODE z/ARCH
CPUMODEL 9672
CPUSERIAL 012345
MAINSIZE {mib}
NUMCPU 1
PANRATE SLOW
OSTAILOR NULL
""" + DEVICE + """ 3390 {image} cu=3990-6
"""
SECONDS = 60


class Hercules:
    """A running Hercules with one DASD, 0.0.1234. Its log has the messages of Hercules, and those that the guest writes
    to the console. It runs as a context manager, which kills it at the end: a guest that waits for ever has nothing to
    lose."""

    def __init__(self, image, folder, mib=64):
        self._mib = mib
        self._image = image
        self._path = {name: os.path.join(folder, "hercules." + name) for name in ("cnf", "panel", "log", "storage")}
        self._at = 0  # in the log, behind what was found
        self._panel = self._process = None

    def __enter__(self):
        write(self._path["cnf"], CONFIGURATION.format(mib=self._mib, image=self._image))
        # A pipe in the place of the file of Hercules' first commands. Opened for both directions, it never ends.
        os.mkfifo(self._path["panel"])
        self._panel = os.open(self._path["panel"], os.O_RDWR)
        with open(self._path["log"], "wb") as log:
            self._process = subprocess.Popen(["hercules", "-d", "-f", self._path["cnf"]], stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log, env=dict(os.environ, HERCULES_RC=self._path["panel"]))
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._panel)
        os.unlink(self._path["panel"])

    def command(self, text):
        os.write(self._panel, text.encode() + b"\n")

    def ipl(self):
        self.command("ipl " + DEVICE)

    def wait(self, pattern, seconds=SECONDS):
        """Waits until the log matches behind the last match. Returns the match."""
        pattern = re.compile(pattern)

        def found():
            return pattern.search(read(self._path["log"]), self._at)
        happens(lambda: found() or self._process.poll() is not None, seconds * SLOWER)
        match = found()
        expect(match, f"no '{pattern.pattern}' in the log of Hercules:\n" + read(self._path["log"])[-4000:])
        self._at = match.end()
        return match

    def storage(self):
        """Returns the whole storage. Hercules reports that the processor waits before it has stopped it."""
        while True:
            self.command(f"savecore {self._path['storage']} 0 {(self._mib << 20) - 1:x}")
            if self.wait("HHCPN102E|HHCPN170I").group() == "HHCPN170I":
                break
        with open(self._path["storage"], "rb") as file:
            return file.read()
