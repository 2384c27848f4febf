#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab's /dev/vfio/N: only one process can open it, as with a kernel's, and any QEMU in the lab gets its device. On
a real kernel the same steps show that a kernel behaves so. Run as: test-vfio-nodes.py VIRT-CCW [--unprivileged]"""

import errno
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys

from files import temporary_folder
from hosttree import differences, snapshot
from labtest import domain, hostdev, inside_a_lab, rounds, subchannel_of
from qmp import Monitor
from steps import StepFailed, Steps, command, expect
from waiting import DEADLINE, wait_until

FIRST, SECOND = "0.0.1234", "0.0.1235"
UUID = "cc390000-0001-8000-8000-000000001235"
VFIO_GROUP_GET_STATUS = 0x3B67
IS_LAB = os.path.exists("/run/libvirt-ccw/lab.sock")
QEMU = ["-M", "s390-ccw-virtio", "-m", "64", "-display", "none", "-nodefaults", "-S"]


def open_error(path, flags=os.O_RDWR):
    """Returns the errno of open(2); 0 when it works (and closes it again)."""
    try:
        os.close(os.open(path, flags))
    except OSError as error:
        return error.errno
    return 0


def node_of(uuid):
    group = os.path.basename(os.readlink(f"/sys/bus/mdev/devices/{uuid}/iommu_group"))
    return f"/dev/vfio/{group}"


class NodesTest:
    def __init__(self, folder):
        self.folder = folder
        self.node = None

    def export(self):
        command(["virsh", "-q", "nodedev-detach", "ccw_0_0_1235"])
        self.node = node_of(UUID)

    def opens_once(self):
        for flags in (os.O_RDWR, os.O_RDONLY):
            first = os.open(self.node, flags)
            for again in (os.O_RDWR, os.O_RDONLY):
                expect(open_error(self.node, again) == errno.EBUSY, "a second open is not EBUSY")
            duplicate = os.dup(first)
            os.close(first)
            expect(open_error(self.node) == errno.EBUSY, "it is free while a duplicate is open")
            os.close(duplicate)
            expect(open_error(self.node) == 0, "it is not free after the last close")

    def holder_is_killed(self):
        for _ in range(rounds(20)):
            program = f"import os, time; os.open('{self.node}', os.O_RDWR); print(flush=True); time.sleep(1000)"
            with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as holder:
                holder.stdout.readline()
                expect(open_error(self.node) == errno.EBUSY, "a second open is not EBUSY")
                holder.kill()
                holder.wait()
            expect(open_error(self.node) == 0, "it is not free at once after the process that opened it was killed")

    def container(self):
        descriptors = [os.open("/dev/vfio/vfio", os.O_RDWR) for _ in range(5)]
        for descriptor in descriptors:
            os.close(descriptor)

    def looks_like_a_kernels(self):
        found = os.stat(self.node)
        expect(stat.S_IMODE(found.st_mode) == 0o600 and found.st_uid == 0, f"mode {found.st_mode:o} of {found.st_uid}")
        descriptor = os.open(self.node, os.O_RDWR)
        for call in (lambda: os.read(descriptor, 16), lambda: os.write(descriptor, b"x")):
            try:
                call()
                expect(False, "it can be read or written")
            except OSError as error:
                expect(error.errno == errno.EINVAL, error)
        if IS_LAB:
            self.has_no_status(descriptor)
        os.close(descriptor)
        expect(sorted(os.listdir("/dev/vfio")) == sorted([os.path.basename(self.node), "vfio"]), os.listdir("/dev/vfio"))
        expect(open_error("/dev/vfio/77") == errno.ENOENT, "a group that there is not")

    @staticmethod
    def has_no_status(descriptor):
        """A program that is no QEMU; the lab only serves QEMU's calls."""
        try:
            fcntl.ioctl(descriptor, VFIO_GROUP_GET_STATUS, bytearray(8))
            expect(False, "a group has a status in a program that is no QEMU")
        except OSError as error:
            expect(error.errno == errno.ENOTTY, error)

    def monitor(self, argv, **kwargs):
        """Starts QEMU. Returns the process and its monitor, which answers once every device is realized."""
        path = os.path.join(self.folder, "qmp")
        if os.path.exists(path):
            os.unlink(path)
        process = subprocess.Popen([*argv, *QEMU, "-qmp", f"unix:{path},server=on,wait=off"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs)
        connected = socket.socket(socket.AF_UNIX)

        def is_there():
            if process.poll() is not None:
                raise StepFailed(f"{argv} ended with {process.returncode}: {process.stdout.read()}")
            return os.path.exists(path) and connected.connect_ex(path) == 0
        wait_until(is_there, f"{argv} listens at {path}")
        return process, Monitor(connected, DEADLINE)

    def start_and_end(self, argv, has_node=None):
        """While QEMU has the device, its node is busy. It is free at once when QEMU was killed."""
        process, monitor = self.monitor(argv)
        answer = monitor.ask("qom-get", path="/machine/peripheral/d", property="realized")
        expect(answer == {"return": True}, answer)
        if has_node:
            expect(open_error(has_node) == errno.EBUSY, "the group is not open")
            second = subprocess.run([*argv, *QEMU], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False)
            expect(second.returncode == 1 and "Device or resource busy" in second.stdout, second.stdout)
            process.kill()
        else:
            monitor.ask("quit")
        process.communicate(timeout=DEADLINE)
        if has_node:
            expect(open_error(has_node) == 0, "the group is not free at once")

    def stock_without_libvirt(self):
        device = f"vfio-ccw,id=d,sysfsdev=/sys/bus/mdev/devices/{UUID}"
        self.start_and_end(["qemu-system-s390x", "-device", device], self.node)

    def qemu_ccw_stock(self):
        device = f"vfio-ccw,id=d,sysfsdev=/sys/bus/mdev/devices/{UUID}"
        self.start_and_end(["qemu-ccw", "-device", device])

    def qemu_ccw_hostid(self):
        before = snapshot()
        self.start_and_end(["qemu-ccw", "-device", f"vfio-ccw,id=d,hostid={FIRST}"])
        changes = differences(before, snapshot())
        expect(not changes, "\n".join(changes))

    def others_are_not_misled(self):
        """Where the kernel rejects a call of a program other than libvirt, the library does not report success."""
        if command(["cat", "/proc/self/setgroups"])[1] == "deny":
            expect(command(["setpriv", "--clear-groups", "true"], check=False)[0] != 0, "setgroups is said to work")

    def destroy_in_use(self):
        path = os.path.join(self.folder, "one.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(domain("one", hostdev()))
        command(["virsh", "-q", "create", "--paused", path])
        uuid = UUID.replace("1235", "1234")
        mdev = f"mdev_{uuid.replace('-', '_')}_{subchannel_of(FIRST).replace('.', '_')}"
        expect(open_error(node_of(uuid)) == errno.EBUSY, "the guest's group is not open")
        wait_until(lambda: mdev in command(["virsh", "-q", "nodedev-list", "--cap", "mdev"])[1].split(),
                   "libvirt learns of the mediated device")
        code, output = command(["virsh", "nodedev-destroy", mdev], check=False)
        expect(code == 1 and "device in use" in output, f"exit code {code}: {output}")
        expect(command(["virsh", "dumpxml", "one"])[1].count("<hostdev") == 1, "the guest has lost its device")
        expect(os.path.exists(f"/sys/bus/mdev/devices/{uuid}"), "the mediated device has gone")
        node = node_of(uuid)
        pid = command(["pgrep", "-f", "guest=one,"])[1].split()[0]
        os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda: not os.path.exists(f"/sys/bus/mdev/devices/{uuid}"), "the dead guest's device is released")
        wait_until(lambda: open_error(node) == errno.ENOENT, "its node goes")  # after its link in the bus's folder

    def removed_while_open(self):
        """vfio_unregister_group_dev() waits for the device's user, not for an open group."""
        descriptor = os.open(self.node, os.O_RDWR)
        with open(f"/sys/bus/mdev/devices/{UUID}/remove", "wb", buffering=0) as file:
            file.write(b"1")
        expect(open_error(self.node) == errno.ENOENT, "the node is left")
        with open(f"/sys/bus/css/devices/{subchannel_of(SECOND)}/mdev_supported_types/vfio_ccw-io/create", "wb",
                  buffering=0) as file:
            file.write(UUID.encode())
        expect(open_error(node_of(UUID)) == 0, "the old device's process keeps the new one's group busy")
        new = os.open(node_of(UUID), os.O_RDWR)
        os.close(descriptor)
        expect(open_error(node_of(UUID)) == errno.EBUSY, "the old one's close has freed the new one's group")
        os.close(new)


def inside(_virt_ccw):
    with temporary_folder() as folder:
        test = NodesTest(folder)
        steps = Steps(False)
        steps.log("/var/log/libvirt/libvirtd.log")
        steps.run("a device becomes a mediated one, with a group", test.export)
        steps.run("its node opens once, and is free after the last close", test.opens_once)
        steps.run("it is free at once when the process that opened it is killed", test.holder_is_killed)
        steps.run("the container opens any number of times", test.container)
        steps.run("mode, owner and calls are as with a kernel's node", test.looks_like_a_kernels)
        steps.run("stock QEMU without libvirt gets the device, alone", test.stock_without_libvirt)
        steps.run("so does qemu-ccw by the stock property", test.qemu_ccw_stock)
        steps.run("so does qemu-ccw by hostid, and releases it", test.qemu_ccw_hostid)
        steps.run("the library does not mislead other programs", test.others_are_not_misled)
        steps.run("a running guest's device is in use to nodedev-destroy", test.destroy_in_use)
        steps.run("an open group delays neither a removal nor the next device", test.removed_while_open)
        steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
