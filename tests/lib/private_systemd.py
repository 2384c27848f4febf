# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real systemd as the first process of private namespaces, with only libvirt's units and ours, and its own /etc and
/run. The machine's own systemd, its units and its generators are neither changed nor started."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

import private_libvirt
from steps import StepFailed, command
from tap import skip_all
from waiting import wait_until

SYSTEMD = "/lib/systemd/systemd"
INSIDE = "LIBVIRT_CCW_TEST_SYSTEMD"
OWN = "/run/test-units"
STAGE = "/mnt"  # a folder that every system has: the new /run is mounted there for a moment
STARTED = b"started "
REPORT = 77  # the descriptor for the exit code
PATH = ("/etc/systemd/system", OWN, "/usr/local/lib/systemd/system")
# Units on which services and sockets depend by default, without their usual work.
TARGETS = ("sysinit", "basic", "sockets", "shutdown", "multi-user", "network", "local-fs", "test")


def run(function, keep=(), network=True):
    """Starts this program again in the namespaces. Calls function there, in a child of systemd, and ends with its exit
    code. keep: paths below /run that stay visible. network: the network namespace is a new one."""
    told = _enter(REPORT, keep, network)
    if told is not None:
        sys.exit(int(told or b"1"))
    code = 1
    try:
        function()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        os.write(REPORT, b"%d" % code)
        signal.pause()  # until the process outside kills this one


def _enter(report_fd, keep, network):
    """Returns None inside. Outside, returns what the inside has written to report_fd."""
    if os.environ.get(INSIDE):
        _become_child(report_fd, keep)
        return None
    if os.geteuid() != 0 or not os.path.exists(SYSTEMD):
        skip_all("it needs root" if os.geteuid() else f"there is no {SYSTEMD}")
    group = _make_group()
    if not group:
        skip_all("no control group can be made here, of version 2")
    environment = dict(os.environ, **{INSIDE: "1", private_libvirt.INSIDE: "1"})
    mine, its = os.pipe()
    os.dup2(its, report_fd)
    os.close(its)
    argv = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', group,
            "unshare", "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child", "--mount-proc",
            *(["--net"] if network else []), sys.executable] + sys.argv
    with subprocess.Popen(argv, env=environment, pass_fds=[report_fd]) as process:
        os.close(report_fd)
        started = os.read(mine, len(STARTED))
        told = os.read(mine, 100)
        process.kill()
    os.close(mine)
    wait_until(lambda: _remove_group(group), "the end of systemd's groups")
    if not started:  # the first process has ended, and with it all others
        skip_all("systemd does not start in namespaces here")
    return told


def _make_group():
    """Makes a control group of version 2 below our own, as the root of systemd's; None when that is not possible.
    systemd since 258 requires this version, and a machine may have both."""
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        own = next((line.rstrip("\n")[len("0::"):] for line in file if line.startswith("0::")), "/")
    for mounted in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(f"{mounted}/cgroup.controllers"):
            try:  # process ids do not work, as other namespaces have the same ones
                return tempfile.mkdtemp(prefix="libvirt-ccw-test-", dir=f"{mounted}{own}")
            except OSError:
                return None
    return None


def _remove_group(group):
    """Returns whether the group is gone: the last of its processes may be about to end."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            return False
    return True


def _become_child(report_fd, keep):
    child = os.fork()
    if child == 0:
        os.environ["SYSTEMD_UNIT_PATH"] = ":".join(PATH)
        try:
            _wait_started()
        except StepFailed:
            os._exit(0)
        os.write(report_fd, STARTED)
        return
    os.set_inheritable(report_fd, False)
    _mount(keep)
    environment = {"PATH": os.environ["PATH"], "container": "libvirt-ccw-test", "SYSTEMD_UNIT_PATH": ":".join(PATH),
                   "SYSTEMD_GENERATOR_PATH": "/nothing", "SYSTEMD_LOG_TARGET": "null"}
    os.execve(SYSTEMD, [SYSTEMD, "--system", "--unit=test.target"], environment)


def _mount_run(keep):
    command(["mount", "-t", "tmpfs", "-o", "mode=755", "none", STAGE])
    for path in keep:
        target = STAGE + path.removeprefix("/run")
        os.makedirs(target if os.path.isdir(path) else os.path.dirname(target), exist_ok=True)
        if not os.path.isdir(path):
            with open(target, "w", encoding="ascii"):
                pass
        command(["mount", "--rbind", path, target])
    command(["mount", "--no-mtab", "--move", STAGE, "/run"])


def _mount(keep):
    _mount_run(keep)
    command(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"])
    for folder in private_libvirt.FOLDERS:
        if folder.startswith("/run/"):
            os.makedirs(folder, exist_ok=True)
    os.makedirs(OWN)
    copy = "/run/test-etc"
    command(["cp", "-a", "/etc", copy], check=False)  # it may change meanwhile
    command(["mount", "--bind", copy, "/etc"])
    shutil.rmtree("/etc/systemd/system")
    os.makedirs("/etc/systemd/system")
    with open("/etc/machine-id", "w", encoding="utf-8") as file:
        file.write("0123456789abcdef0123456789abcdef\n")
    for name in TARGETS:
        with open(f"{OWN}/{name}.target", "w", encoding="utf-8") as file:
            file.write("[Unit]\nDefaultDependencies=no\n")


def _wait_started():
    wait_until(lambda: os.path.exists("/run/systemd/private") and
             command(["systemctl", "is-system-running"], check=False)[1] in ("running", "degraded"), "systemd", 60)


def add_unit(path, programs="/usr/sbin"):
    """Copies a unit of the distribution, and changes only the folder of its program."""
    with open(path, encoding="utf-8") as source, open(os.path.join(OWN, os.path.basename(path)), "w",
                                                      encoding="utf-8") as target:
        target.write(source.read().replace("=/usr/sbin/virt", f"={programs}/virt"))


def log_service(name, log):
    """Replaces systemd's journal, which does not run."""
    os.makedirs(f"{OWN}/{name}.d")
    with open(f"{OWN}/{name}.d/log.conf", "w", encoding="utf-8") as file:
        file.write(f"[Service]\nStandardError=append:{log}\nEnvironment=G_MESSAGES_DEBUG=all\n")
    command(["systemctl", "daemon-reload"])
