# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kills a process at a chosen step. strace's fault injection kills, or stops, the hook or a daemon after its n-th write,
rename, unlink, fork or message, so that a test can go through all steps. While one process is stopped, the test can kill
another. strace counts each kind of call separately, in each thread."""

import os
import re
import shlex
import signal
import subprocess

from daemons import is_alive, processes, signal_to, text_of
from files import write
from steps import SLOWER
from waiting import DEADLINE, wait_until

TIMEOUT = DEADLINE * SLOWER

CALLS = {
    "hook": ("write", "rename", "unlink"),
    "virtccwd": ("write", "rename", "unlink", "sendmsg"),
    # Without libvirtd's writes: it wakes its threads with hundreds of them.
    "libvirtd": ("rename", "unlink", "clone", "sendmsg"),
}
HOOKS = ("/etc/libvirt/hooks/qemu", "/etc/libvirt/hooks/qemu.d/libvirt-ccw", "/etc/libvirt/hooks/qemu.d/virt-ccw")


def options(calls, number, when):
    """The options of strace. number: the signal to inject; None: only log the calls."""
    names = ",".join(calls)
    return ["-e", f"trace={names}", *(["-e", f"inject={names}:signal={number.name}:when={when}"] if number else [])]


class Trace:
    """The log of strace. Each line begins with the process id."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "strace")
        if os.path.exists(self.path):
            os.unlink(self.path)

    def find(self, words):
        found = re.search(rf"^(\d+) .*{words}", text_of(self.path), re.M)
        return int(found.group(1)) if found else None

    def count(self, call):
        """The largest number of these calls that one thread has made."""
        threads = re.findall(rf"^(\d+) +{call}\(", text_of(self.path), re.M)
        return max(map(threads.count, set(threads)), default=0)

    def killed(self):
        return self.find(r"\+\+\+ killed by SIGKILL")

    def stopped(self):
        return self.find("--- stopped by SIGSTOP")


class HookTrace(Trace):
    """Traces the hook in one of its operations. The hook stays libvirtd's child (strace -D): it claims devices in its parent's
    name."""

    def __init__(self, folder, operation, calls, number=None, when=0):
        super().__init__(folder)
        self.script = next(path for path in HOOKS if "virt-ccw" in text_of(path))
        self.original = text_of(self.script)
        strace = shlex.join(["strace", "-D", "-f", "-qq", "-o", self.path, *options(calls, number, when)])
        self.write(self.original.replace("exec ", f'[ "$2" != {operation} ] || exec {strace} ', 1) +
                   self.original.split("\n", 1)[1])

    def write(self, text):
        new = f"{self.script}.new"
        write(new, text, 0o755)
        os.rename(new, self.script)

    def stop(self):
        self.write(self.original)


class DaemonTrace(Trace):
    """Traces a running daemon. Does not trace libvirtd's children, which are the hook and QEMU."""

    def __init__(self, folder, name, calls, number=None, when=0):
        super().__init__(folder)
        pid = processes(name)[0]
        tasks = os.listdir(f"/proc/{pid}/task")
        who = ["-f", "-p", str(pid)] if name == "virtccwd" else [word for task in tasks for word in ("-p", task)]
        self.process = subprocess.Popen(["strace", "-o", self.path, *options(calls, number, when), *who],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seen = 0
        while seen < (1 if name == "virtccwd" else len(tasks)):
            line = self.process.stderr.readline()
            if not line:
                raise OSError(f"strace does not trace {name}")
            seen += "attached" in line

    def stop(self):
        """Kills strace: a strace that gets SIGTERM waits for processes that are stopped. The traced process continues, or stays
        stopped."""
        self.process.kill()
        self.process.communicate(timeout=TIMEOUT)


def start_trace(folder, actor, calls, *injected):
    """actor: "virtccwd", "libvirtd", or "hook OPERATION"."""
    if actor.startswith("hook "):
        return HookTrace(folder, actor.split()[1], calls, *injected)
    return DaemonTrace(folder, actor, calls, *injected)


def processes_of(victim):
    name = {"qemu": "qemu-system-s390x", "hook": "virt-ccw"}.get(victim, victim)
    found = [pid for pid in processes(name) if is_alive(pid)]
    if victim == "hook":
        found = [pid for pid in found if "\0hook\0" in text_of(f"/proc/{pid}/cmdline")]
    return found


def kill(victim):
    for pid in processes_of(victim):
        signal_to(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: not is_alive(pid), f"{victim} ends")


def run_and_count(folder, actor, argv):
    """Runs argv, and returns {call: how many of them the actor makes}."""
    calls = CALLS[actor.split()[0]]
    trace = start_trace(folder, actor, calls)
    try:
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=TIMEOUT, check=True)
    finally:
        trace.stop()
    return {call: trace.count(call) for call in calls}


def run_and_kill(folder, actor, victim, call, when, argv):
    """Runs argv, and kills the victim after the actor's call number `when` of this kind. Returns False if the actor makes fewer
    calls."""
    itself = victim == actor.split()[0]
    trace = start_trace(folder, actor, (call,), signal.SIGKILL if itself else signal.SIGSTOP, when)
    command = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    find = trace.killed if itself else trace.stopped
    wait_until(lambda: find() is not None or command.poll() is not None,
               f"the end of {shlex.join(argv)}, or {call} {when} of {actor}")
    happened = find()
    if happened and not itself:
        kill(victim)
    trace.stop()
    if happened and not itself:
        signal_to(happened, signal.SIGCONT)  # the kernel accepts a thread's number
    try:
        command.communicate(timeout=TIMEOUT)
    finally:
        command.kill()
    return happened is not None
