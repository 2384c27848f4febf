#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the emulated mainframe: detaches a virtio disk. The kernel sets such a disk offline although it is in use, so only
our code keeps a disk that is in use, and keeps others from it until it is offline. Run as: virtio_disk.py --inside VIRT-CCW"""

import contextlib
import os
import signal
import subprocess
import sys

from daemons import is_alive, signal_to, text_of
from files import temporary_folder
from hosttree import differences, snapshot
from killing import TIMEOUT, Trace
from labtest import DAEMON_LOGS, domain
from steps import Steps, command, expect
from waiting import wait_until

DISK = "0.0.2000"
MDEV = "cc390000-0001-8000-8000-000000002000"
ONLINE = f"/sys/bus/ccw/devices/{DISK}/online"
GUEST = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
WANTS = (f"<domain type='qemu'><name>g</name><uuid>{GUEST}</uuid><devices>"
         f"<hostdev mode='subsystem' type='mdev' managed='yes' model='vfio-ccw'><source><address uuid='{MDEV}'/></source>"
         "</hostdev></devices></domain>")
BOOT_DISK = ("<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='{}'/>"
             "<target dev='vda' bus='virtio'/><boot order='1'/></disk>")


class VirtioDisk:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.name = self.name_now()
        self.node = f"/dev/{self.name}"
        self.where = os.path.join(folder, "mounted")
        os.makedirs(self.where)
        command(["mke2fs", "-q", "-F", "-t", "ext4", self.node], timeout=300)
        command(["udevadm", "settle"])
        self.before = snapshot()

    @staticmethod
    def name_now():
        """The path below its virtio device, whose name has an increasing number."""
        folder = f"/sys/bus/ccw/devices/{DISK}"
        virtio = next(name for name in os.listdir(folder) if name.startswith("virtio"))
        return os.listdir(f"{folder}/{virtio}/block")[0]

    def rejected(self, words):
        code, output = command([self.virt_ccw, "detach", DISK], check=False)
        expect(code == 1 and output.endswith(f"ccw device {DISK} is in use by this host: {self.name} {words}"),
               f"exit code {code}, not '{words}': {output}")
        expect(os.path.exists(ONLINE) and not os.path.exists(f"/sys/bus/mdev/devices/{MDEV}"), "it was taken")

    def mount(self, *before):
        command([*before, "mount", self.node, self.where])

    def mounted(self):
        self.mount()
        try:
            self.rejected(f"is mounted on {self.where}; umount {self.where} first")
        finally:
            command(["umount", self.where])

    def mounted_elsewhere(self):
        script = f"mount {self.node} {self.where} && echo mounted && read end"
        with subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            expect(process.stdout.readline() == "mounted\n", "it cannot be mounted there")
            self.rejected(f"is mounted on {self.where} for process {process.pid} (sh)")

    def opened(self):
        for flags in (os.O_RDONLY, os.O_RDWR | os.O_EXCL):
            fd = os.open(self.node, flags)
            try:
                self.rejected(f"is open by process {os.getpid()} ({text_of('/proc/self/comm').strip()})")
            finally:
                os.close(fd)

    def disk_of_a_domain(self):
        """A guest that boots from the disk. QEMU makes no exclusive claim, so that the kernel knows of no conflict."""
        path = os.path.join(self.folder, "one.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(domain("one", BOOT_DISK.format(self.node)))
        command(["virsh", "-q", "create", "--paused", path], timeout=300)
        try:
            self.rejected("is a disk of domain one; detach it from that domain first")
        finally:
            command(["virsh", "-q", "destroy", "one"])

    def write(self):
        self.mount()
        with open(f"{self.where}/kept", "w", encoding="ascii") as file:
            file.write("as it was left")
        command(["umount", self.where])

    def is_back(self):
        """It has the same name as before, because no process had the old one open when it came back."""
        wait_until(lambda: os.path.exists(ONLINE) and not differences(self.state(self.before), self.state(snapshot())),
                   f"it is as it was: {differences(self.state(self.before), self.state(snapshot()))}")
        expect(self.name_now() == self.name, f"it is called {self.name_now()}, not {self.name}")
        command(["udevadm", "settle"])
        self.mount()
        with open(f"{self.where}/kept", encoding="ascii") as file:
            expect(file.read() == "as it was left", "it is not as it was left")
        command(["umount", self.where])

    @staticmethod
    def state(tree):
        """Without the virtio device, whose number increases."""
        return {path: value for path, value in tree.items() if f"/{DISK}/virtio" not in path}

    def there_and_back(self):
        command([self.virt_ccw, "detach", DISK])
        expect(os.path.exists(f"/sys/bus/mdev/devices/{MDEV}") and not os.path.exists(self.node), "it is not detached")
        command([self.virt_ccw, "reattach", DISK])
        self.is_back()

    def hook(self, operation, sub_operation, *before):
        process = subprocess.Popen([*before, self.virt_ccw, "hook", "--", "g", operation, sub_operation, "-"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        process.stdin.write(WANTS)
        process.stdin.close()
        process.stdin = None
        return process

    @contextlib.contextmanager
    def halted(self, call, path):
        """Returns the result of the hook of a guest's start after it was stopped at a call on this file and continued."""
        trace = Trace(self.folder)
        process = self.hook("prepare", "begin", "strace", "-f", "-qq", "-o", trace.path, "-P", path, "-e", f"trace={call}",
                            "-e", f"inject={call}:signal=SIGSTOP:when=1")
        try:
            wait_until(lambda: trace.stopped() or process.poll() is not None, f"the hook stops at {call} of {path}")
            expect(trace.stopped(), f"it did not stop, and ended with {process.returncode}")
            yield trace.stopped()
        finally:
            if trace.stopped() and is_alive(trace.stopped()):
                signal_to(trace.stopped(), signal.SIGCONT)
            output = process.communicate(timeout=TIMEOUT)[0]
        expect(process.returncode == 0, f"exit code {process.returncode}: {output}")

    def has_open(self, pid):
        return any(os.readlink(f"/proc/{pid}/fd/{fd}").split()[0] == self.node for fd in os.listdir(f"/proc/{pid}/fd"))

    def check_release(self):
        process = self.hook("release", "end")
        output = process.communicate(timeout=TIMEOUT)[0]
        expect(process.returncode == 0, output)
        self.is_back()

    def open_before(self):
        with self.halted("openat", self.node) as pid:
            expect(self.has_open(pid), "the hook does not have it open")
            code, output = command(["mount", self.node, self.where], check=False)
            expect(code != 0 and "already mounted or mount point busy" in output, f"mount: exit code {code}: {output}")
        self.check_release()

    def open_until_offline(self):
        with self.halted("write", ONLINE) as pid:
            expect(not os.path.exists(self.node), "it is not offline")
            expect(self.has_open(pid), "the hook closed it before it was offline")
        self.check_release()


def main():
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        disk = VirtioDisk(sys.argv[2], folder)
        steps.run("a virtio disk is refused while it is mounted", disk.mounted)
        steps.run("while another mount namespace has it mounted", disk.mounted_elsewhere)
        steps.run("while a process has it open, with a claim or without", disk.opened)
        steps.run("while a domain boots from it", disk.disk_of_a_domain)
        steps.run("a file is written to it", disk.write)
        steps.run("it is detached and reattached", disk.there_and_back)
        steps.run("no process can mount it once the hook has checked its users", disk.open_before)
        steps.run("and the hook holds it until it is offline", disk.open_until_offline)
    steps.done()


if __name__ == "__main__":
    main()
