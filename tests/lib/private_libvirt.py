# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stock libvirtd and virtccwd with their own folders, in private namespaces: the test changes nothing on the machine,
and all processes end with the one that has entered the namespaces."""

import os
import re
import signal
import subprocess
import sys
import tempfile

from files import read, write
from steps import command, expect
from tap import skip_all
from waiting import wait_until

FOLDERS = ("/run/libvirt", "/run/libvirt-ccw", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt",
           "/etc/libvirt", "/run/dbus", "/run/lock")
STOCK_DAEMONS = ("libvirtd", "virtqemud", "virtproxyd", "virtnodedevd")
STOP_SECONDS = 20  # longest time in which a daemon ends
DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
BACKEND = "/run/libvirt-ccw/backend"
NODES = "/run/libvirt-ccw/nodes"  # a lab's nodes, beside the /dev of this test
FRONT = "/run/libvirt"
INSIDE = "LIBVIRT_CCW_TEST_INSIDE"

LIBVIRTD_CONF = f"""
unix_sock_dir = "{BACKEND}"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0700"
unix_sock_ro_perms = "0777"
"""
QEMU_CONF = """
security_driver = "none"
stdio_handler = "file"
remember_owner = 0
user = "root"
group = "root"
namespaces = []
cgroup_controllers = []
"""


def enter():
    """Starts this program again in its own namespaces; returns inside of them."""
    if os.environ.get(INSIDE):
        _reap()
        _mount()
        return
    if os.geteuid() != 0:
        skip_all("it mounts and so needs root")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "--mount-proc",
                          sys.executable] + sys.argv)


def _reap():
    """Process 1 of the namespace adopts libvirt's daemonized QEMUs, and must wait for them. The test is its child."""
    child = os.fork()
    if child == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def _mount():
    os.environ.pop("LD_PRELOAD", None)  # a lab's library, in a folder that is hidden from here on
    missing = [folder for folder in FOLDERS if not os.path.isdir(folder)]
    if missing:
        # Their mount points must not appear on the machine: mounts a tmpfs over the folder above, with a copy of its
        # content.
        if any(not folder.startswith("/run/") for folder in missing):
            skip_all(f"libvirt is not installed: there is no {missing[0]}")
        command(["mount", "-t", "tmpfs", "none", "/run"])
    for folder in FOLDERS:
        os.makedirs(folder, exist_ok=True)
        command(["mount", "-t", "tmpfs", "none", folder])
    _mount_dev()
    os.makedirs(BACKEND)
    os.makedirs("/var/log/libvirt/qemu")
    write("/etc/libvirt/libvirtd.conf", LIBVIRTD_CONF)
    write("/etc/libvirt/qemu.conf", QEMU_CONF)


def _mount_dev():
    """libvirt needs /dev/vfio/vfio to exist, and does not open it, so it is an empty file. A lab's nodes are kept."""
    in_lab = os.path.ismount("/dev/vfio")
    if in_lab:
        os.makedirs(NODES)
        command(["mount", "--bind", "/dev/vfio", NODES])
    command(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/dev"])
    for name, major, minor in DEVICES:
        os.mknod(f"/dev/{name}", 0o020666, os.makedev(major, minor))
        os.chmod(f"/dev/{name}", 0o666)
    for folder in ("/dev/pts", "/dev/shm", "/dev/vfio"):
        os.mkdir(folder)
    command(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "none", "/dev/pts"])
    command(["mount", "-t", "tmpfs", "none", "/dev/shm"])
    os.symlink("pts/ptmx", "/dev/ptmx")
    os.symlink("/proc/self/fd", "/dev/fd")
    if in_lab:
        command(["mount", "--bind", NODES, "/dev/vfio"])
    else:
        write("/dev/vfio/vfio", "")


def no_modular():
    """Why a test with the modular daemons is skipped. CCW_MODULAR_MISSING is from ./check."""
    why = os.environ.get("CCW_MODULAR_MISSING")
    return "it needs modular daemons of libvirt (docs/deployment.md)" + (f"; {why}" if why else "")


class Private:
    """The two daemons. Their logs are files in folder."""

    def __init__(self, virtccwd):
        self.virtccwd = virtccwd
        self.folder = tempfile.mkdtemp(dir="/run/libvirt-ccw")
        self.libvirtd_log = os.path.join(self.folder, "libvirtd.log")
        self.virtccwd_log = os.path.join(self.folder, "virtccwd.log")
        self.libvirtd = None
        self.proxy = None

    def start_libvirtd(self):
        with open(self.libvirtd_log, "ab") as log:
            self.libvirtd = subprocess.Popen(["libvirtd", "-f", "/etc/libvirt/libvirtd.conf", "-p",
                                              "/run/libvirt-ccw/libvirtd.pid"], stdout=log, stderr=log)
        wait_until(self._libvirtd_answers, "libvirtd's answer")

    def _libvirtd_answers(self):
        expect(self.libvirtd.poll() is None, f"libvirtd ended:\n{read(self.libvirtd_log)}")
        return os.path.exists(f"{BACKEND}/libvirt-sock") and self.virsh_direct("uri", check=False)[0] == 0

    def start_virtccwd(self, *options, limits=(), older_kernel=False):
        """Starts virtccwd. It is ready when it says so on its descriptor. limits: options of prlimit for the daemon.
        older_kernel: with the behaviour of a kernel before Linux 6.16 (older-kernel.c)"""
        mine, its = os.pipe()
        environment = dict(os.environ, G_MESSAGES_DEBUG="all")
        if older_kernel:
            environment["LD_PRELOAD"] = os.environ["CCW_OLDER_KERNEL"]
        with open(self.virtccwd_log, "ab") as log:
            prefix = ["prlimit", *limits] if limits else []
            self.proxy = subprocess.Popen([*prefix, self.virtccwd, "--ready-fd", str(its), *options], stdout=log,
                                          stderr=log, pass_fds=[its], env=environment)
        os.close(its)
        ready = os.read(mine, 2)
        os.close(mine)
        expect(ready == b"\n", f"virtccwd said {ready!r} when it should be ready:\n{read(self.virtccwd_log)}")

    def memory(self, name="VmRSS"):
        """Returns virtccwd's resident KiB; VmHWM: the highest number so far."""
        return int(re.search(name + r":\s*(\d+)", read(f"/proc/{self.proxy.pid}/status"))[1])

    @staticmethod
    def stop(daemon, number=signal.SIGTERM):
        daemon.send_signal(number)
        return Private.wait(daemon)

    @staticmethod
    def wait(daemon):
        """Waits for the end. Stock libvirtd 11.3 sometimes does not end, with or without virtccwd: it is killed then."""
        try:
            return daemon.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            if os.path.basename(daemon.args[0]) not in STOCK_DAEMONS:
                raise
        daemon.kill()
        return daemon.wait(timeout=STOP_SECONDS)

    @staticmethod
    def virsh(*arguments, uri="qemu:///system", **kwargs):
        """Runs virsh as a user does: by libvirt's own path."""
        return command(["virsh", "-c", uri, *arguments], **kwargs)

    @staticmethod
    def virsh_direct(*arguments, uri="qemu:///system", **kwargs):
        """Runs virsh on libvirtd's own socket, without virtccwd."""
        scheme, rest = uri.split(":", 1)
        uri = f"{scheme}+unix:{rest}?socket={BACKEND}/libvirt-sock"
        return command(["virsh", "-c", uri, *arguments], **kwargs)
