# SPDX-License-Identifier: LGPL-2.1-or-later
"""The processes of the host that a test runs on: found by name, and daemons that are killed and started again."""

import os
import signal
import subprocess

from steps import StepFailed, command
from waiting import wait_until


def processes(name):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().strip() == name[:15]:
                    found.append(int(pid))
        except OSError:
            pass
    return found


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid):
    """Returns whether a process runs. A zombie does not, nor does a process that has gone."""
    stat = text_of(f"/proc/{pid}/stat")
    return bool(stat) and stat.rsplit(")", 1)[1].split()[0] not in "ZX"


def signal_to(pid, number):
    """Sends a signal. A process that has gone meanwhile is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Daemon:
    """A daemon of libvirt's or ours, which can be killed and started again with the same arguments."""

    def __init__(self, name):
        self.name = name
        pid = processes(name)[0]
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            argv = file.read().split("\0")[:-1]
        if "--ready-fd" in argv:
            at = argv.index("--ready-fd")
            del argv[at:at + 2]
        self.argv = [os.readlink(f"/proc/{pid}/exe"), *argv[1:]]
        with open(f"/proc/{pid}/environ", encoding="utf-8") as file:
            self.env = dict(entry.split("=", 1) for entry in file.read().split("\0") if "=" in entry)
        self.env.pop("NOTIFY_SOCKET", None)

    def kill(self, number=signal.SIGKILL):
        for pid in processes(self.name):
            signal_to(pid, number)
        wait_until(lambda: not self.alive(), f"{self.name} ends")

    def alive(self):
        return any(map(is_alive, processes(self.name)))

    def start(self, answers=("virsh", "uri")):
        """answers: a command that succeeds when the daemon serves clients"""
        with open(f"/var/log/libvirt/{self.name}-again.log", "ab") as log:
            subprocess.Popen(self.argv, env=self.env, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             start_new_session=True)
        wait_until(lambda: command(answers, check=False)[0] == 0, f"{self.name} answers")


def qemu_of(name):
    """Returns the process of a running domain's QEMU."""
    for pid in processes("qemu-system-s390x"):
        if f"guest={name}," in text_of(f"/proc/{pid}/cmdline"):
            return pid
    raise StepFailed(f"there is no QEMU of {name}")
