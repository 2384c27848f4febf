# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks from within its process what a systemd service may do. systemd silently omits what the kernel or its own build
does not support."""

import contextlib
import os
import re
import resource
import tempfile

from files import read
from steps import StepSkipped, command, expect

APPARMOR = "/sys/module/apparmor/parameters/enabled"
CAPABILITIES = 1 << 2 | 1 << 19  # CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE
READ_ONLY = ("/etc", "/home", "/root", "/etc/libvirt", "/usr", "/var/lib", "/run", "/run/libvirt", "/sys/kernel", "/sys/bus",
             "/sys/class", "/sys/devices", "/sys/devices/system", "/sys/fs", "/sys/module", "/proc/sys/kernel")


def main_process(unit):
    return command(["systemctl", "show", "--value", "-p", "MainPID", unit])[1]


def expect_sandbox(pid):
    """Checks that the process is in the sandbox of virtccwd.service."""
    status = dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":\t" in line)
    expect(status["Seccomp"] == "2" and status["NoNewPrivs"] == "1" and status["Umask"] == "0077", status)
    expect(int(status["CapBnd"], 16) == int(status["CapEff"], 16) == CAPABILITIES, status)
    for path in READ_ONLY:
        code, output = command(["nsenter", "--mount", "--target", pid, "mkdir", f"{path}/of-a-test"], check=False)
        expect(code != 0 and ("Read-only" in output or "No such file" in output), f"{path}: {output}")
        expect(not os.path.exists(f"{path}/of-a-test"), f"the service may write to {path}")


def expect_limits(unit, files, tasks, memory):
    """Checks the unit's limits of the process, and of its control group if the kernel counts these there."""
    limits = read(f"/proc/{main_process(unit)}/limits")
    # Without CAP_SYS_RESOURCE, systemd sets the highest limit that it may set.
    highest = min(files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    expect(re.search(rf"^Max open files +({files}|{highest}) +({files}|{highest}) ", limits, re.M), limits)
    shown = command(["systemctl", "show", "-p", "TasksMax", "-p", "MemoryMax", "-p", "ControlGroup", unit])[1]
    values = dict(line.split("=", 1) for line in shown.splitlines())
    expect((values["TasksMax"], values["MemoryMax"]) == (str(tasks), str(memory)), values)
    for name, value in (("pids.max", tasks), ("memory.max", memory)):
        path = f"/sys/fs/cgroup{values['ControlGroup']}/{name}"
        if os.path.exists(path):
            expect(read(path).strip() == str(value), f"{path} is {read(path)}, not {value}")


@contextlib.contextmanager
def apparmor_enforced(profile):
    """Makes the kernel enforce a profile that is in complain mode otherwise."""
    if not os.path.exists(APPARMOR) or read(APPARMOR).strip() != "Y":
        raise StepSkipped("the kernel has no AppArmor, or it is off")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(read(profile).replace(",complain", ""))
        file.flush()
        command(["apparmor_parser", "--replace", "--skip-cache", file.name])
        try:
            yield
        finally:
            command(["apparmor_parser", "--remove", file.name])
