# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who dies at which step: strace's fault injection ends, or halts, the hook or a daemon after its n-th write, rename,
unlink, fork or message, so that steps are enumerated and not hit by chance. While one is halted another can be
killed. A thread counts for itself, and each call by itself."""

import os
import re
import shlex
import signal
import subprocess
import time

from daemons import is_alive, processes, signal_to, text_of
from labtest import DEADLINE, wait_until
from steps import SLOWER

PATIENCE = DEADLINE * SLOWER

CALLS = {
    "hook": ("write", "rename", "unlink"),
    "virtccwd": ("write", "rename", "unlink", "sendmsg"),
    # Of libvirtd no plain write: hundreds of them wake its threads.
    "libvirtd": ("rename", "unlink", "clone", "sendmsg"),
}
HOOKS = ("/etc/libvirt/hooks/qemu", "/etc/libvirt/hooks/qemu.d/libvirt-ccw", "/etc/libvirt/hooks/qemu.d/virt-ccw")


def options(calls, number, when):
    """number: a signal, or None, for all of the calls to be only written down."""
    names = ",".join(calls)
    return ["-e", f"trace={names}", *(["-e", f"inject={names}:signal={number.name}:when={when}"] if number else [])]


class Trace:
    """What strace has written so far; lines begin with the process."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "strace")
        if os.path.exists(self.path):
            os.unlink(self.path)

    def find(self, words):
        found = re.search(rf"^(\d+) .*{words}", text_of(self.path), re.M)
        return int(found.group(1)) if found else None

    def count(self, call):
        """The most that one thread has made."""
        threads = re.findall(rf"^(\d+) +{call}\(", text_of(self.path), re.M)
        return max(map(threads.count, set(threads)), default=0)

    def killed(self):
        return self.find(r"\+\+\+ killed by SIGKILL")

    def halted(self):
        return self.find("--- stopped by SIGSTOP")


class HookTrace(Trace):
    """Of the hook, at one operation. It stays libvirtd's child (strace -D): its parent is whom it takes devices for."""

    def __init__(self, folder, operation, calls, number=None, when=0):
        super().__init__(folder)
        self.script = next(path for path in HOOKS if "virt-ccw" in text_of(path))
        self.original = text_of(self.script)
        strace = shlex.join(["strace", "-D", "-f", "-qq", "-o", self.path, *options(calls, number, when)])
        self.write(self.original.replace("exec ", f'[ "$2" != {operation} ] || exec {strace} ', 1) +
                   self.original.split("\n", 1)[1])

    def write(self, text):
        new = f"{self.script}.new"
        with open(new, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(new, 0o755)
        os.rename(new, self.script)

    def stop(self):
        self.write(self.original)


class DaemonTrace(Trace):
    """Of a daemon that runs; of libvirtd without its children, which are the hook and QEMU."""

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
        """Whom strace has traced goes on without it, or stays halted; told to end it would wait for the dead."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


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
    """{call: how many of the actor's there are}"""
    calls = CALLS[actor.split()[0]]
    trace = start_trace(folder, actor, calls)
    try:
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=PATIENCE, check=True)
    finally:
        trace.stop()
    return {call: trace.count(call) for call in calls}


def run_and_kill(folder, actor, victim, call, when, argv):
    """Runs argv; after the actor's call number `when` of this kind the victim is killed. FALSE: there was none."""
    itself = victim == actor.split()[0]
    trace = start_trace(folder, actor, (call,), signal.SIGKILL if itself else signal.SIGSTOP, when)
    command = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    happened = None
    while happened is None and command.poll() is None:
        happened = trace.killed() if itself else trace.halted()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{shlex.join(argv)} neither ends nor comes to {call} {when} of {actor}")
        time.sleep(0.002)
    if happened is None:
        happened = trace.killed() if itself else trace.halted()
    if happened and not itself:
        kill(victim)
    trace.stop()
    if happened and not itself:
        signal_to(happened, signal.SIGCONT)  # a thread's number serves for its process
    try:
        command.communicate(timeout=PATIENCE)
    finally:
        command.kill()
    return happened is not None
