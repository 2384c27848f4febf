#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the lab's answers to right and wrong actions on the channel subsystem's sysfs with Linux' own answers.

    test-kernel-behaviour.py VIRT-CCW
"""

import errno
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading

import labtest
from tap import Tap
from waiting import DEADLINE, wait_until

S, D = "0.0.0000", "0.0.1234"
CSS = f"bus/css/devices/{S}"
ONLINE = f"bus/ccw/devices/{D}/online"
OVERRIDE = f"{CSS}/driver_override"
CREATE = f"{CSS}/mdev_supported_types/vfio_ccw-io/create"
UUID = "cc390000-0001-8000-8000-000000001234"
OTHER = "cc390000-0001-8000-8000-000000001235"
REMOVE = f"bus/mdev/devices/{UUID}/remove"
STOCK_LIBVIRT = "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock"
NODEDEV = f"mdev_{UUID.replace('-', '_')}_0_0_0000"


def driver(name, action):
    return f"bus/css/drivers/{name}/{action}"


IO, VFIO = "io_subchannel", "vfio_ccw"

# Writes and their expected errno. The first line that differs is reported.
ROWS = [
    ("bind while bound, the other driver", driver(VFIO, "bind"), S, errno.EBUSY),
    ("bind while bound, the same driver", driver(IO, "bind"), S, errno.EBUSY),
    ("drivers_probe of a bound device", "bus/css/drivers_probe", S, 0),
    ("unbind from the wrong driver", driver(VFIO, "unbind"), S, errno.ENODEV),
    ("unbind of an absent subchannel", driver(IO, "unbind"), "0.0.00ff", errno.ENODEV),
    ("unbind of a ccw id", driver(IO, "unbind"), D, errno.ENODEV),
    ("a driver that is not there", driver("qdio", "bind"), S, errno.ENOENT),
    ("online to its current value", ONLINE, "1", errno.EINVAL),
    ("online to nonsense", ONLINE, "perhaps", errno.EINVAL),
    ("offline", ONLINE, "0", 0),
    ("offline again", ONLINE, "0", errno.EINVAL),
    ("driver_override", OVERRIDE, "vfio_ccw", 0),
    ("unbind", driver(IO, "unbind"), S, 0),
    ("unbind twice", driver(IO, "unbind"), S, errno.ENODEV),
    ("online of a device that is gone", ONLINE, "1", errno.ENOENT),
    ("bind against the override", driver(IO, "bind"), S, errno.ENODEV),
    ("create without vfio_ccw", CREATE, UUID, errno.ENOENT),
    ("bind to vfio_ccw", driver(VFIO, "bind"), S, 0),
    ("bind to vfio_ccw twice", driver(VFIO, "bind"), S, errno.EBUSY),
    ("a bad UUID", CREATE, "cc390000-0001-8000-8000-00000000123x", errno.EINVAL),
    ("a short UUID", CREATE, UUID[:-1], errno.EINVAL),
    ("a UUID with trailing blanks", CREATE, UUID + "  ", errno.EINVAL),
    ("create", CREATE, UUID.upper(), 0),
    ("a duplicate UUID", CREATE, UUID, errno.EEXIST),
    ("a second mdev", CREATE, OTHER, errno.EUSERS),
    ("remove <- 0", REMOVE, "0", 0),
    ("remove <- x", REMOVE, "x", errno.EINVAL),
]

BACK = [
    ("bind against the override, after all", driver(IO, "bind"), S, errno.ENODEV),
    ("drivers_probe follows the override", "bus/css/drivers_probe", S, 0),
    ("unbind what it found", driver(VFIO, "unbind"), S, 0),
    ("an empty line clears the override", OVERRIDE, "", 0),
    ("bind to io_subchannel", driver(IO, "bind"), S, 0),
    ("the device is back, offline", ONLINE, "0", errno.EINVAL),
    ("online", ONLINE, "1", 0),
]


def store(path, text):
    """Writes as echo does it: one write, no O_CREAT."""
    try:
        fd = os.open(f"/sys/{path}", os.O_WRONLY | os.O_TRUNC)
    except OSError as error:
        return error.errno
    try:
        os.write(fd, text.encode() + b"\n")
        return 0
    except OSError as error:
        return error.errno
    finally:
        os.close(fd)


def name_of(code):
    return errno.errorcode.get(code, "ok")


def play(tap, rows):
    for what, path, text, expected in rows:
        tap.equal(name_of(store(path, text)), name_of(expected), what)


def show(path):
    with open(f"/sys/{path}", encoding="utf-8") as file:
        return file.read().strip()


def node_devices(capability):
    """The same through stock libvirtd; virtccwd still shows a detached device."""
    return subprocess.run(["virsh", "-q", "-c", STOCK_LIBVIRT, "nodedev-list", "--cap", capability], check=True,
                          text=True, stdout=subprocess.PIPE).stdout.split()


class Qemu:
    """Does the same as the VFIO library: opens the group, and shows its token at the lab's socket
    (src/util/lab-protocol.h)."""

    MAGIC = 0x4343574C
    GET_TOKEN = 0x80104C01  # _IOR('L', 1, 16 bytes)

    def __init__(self, group=0):
        token = bytearray(16)
        self.node = os.open(f"/dev/vfio/{group}", os.O_RDWR)
        fcntl.ioctl(self.node, self.GET_TOKEN, token)
        self.connect(token)

    def connect(self, token):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(DEADLINE)
        self.socket.connect("/run/libvirt-ccw/lab.sock")
        self.socket.send(struct.pack("=I", self.MAGIC) + token)
        answer, fds, _, _ = socket.recv_fds(self.socket, 256, 4)
        self.status = struct.unpack_from("=Ii", answer)[1]
        for fd in fds:
            os.close(fd)

    def use(self, in_use):
        self.socket.send(struct.pack("=II", self.MAGIC, in_use))

    def wait_for_request(self):
        return self.socket.recv(64) == struct.pack("=I", self.MAGIC)

    def close(self):
        self.socket.close()
        os.close(self.node)


class Guesser(Qemu):
    """A library that has no group open."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.connect(b"0123456789abcdef")
        self.socket.close()


def second_open():
    """Returns the errno of a second open, after the lab has noticed that the device is in use: it answers one
    connection after the other."""
    Guesser()
    try:
        os.close(os.open("/dev/vfio/0", os.O_RDWR))
        return 0
    except OSError as error:
        return error.errno


def in_use(tap, what, path, text):
    """A process has the device open: a removal requests it, and waits."""
    qemu = Qemu()
    tap.equal(qemu.status, 0, f"{what}: QEMU opens the group")
    qemu.use(1)
    tap.equal(name_of(second_open()), "EBUSY", f"{what}: a second QEMU does not")
    result = []
    writer = threading.Thread(target=lambda: result.append(store(path, text)))
    writer.start()
    tap.ok(qemu.wait_for_request(), f"{what}: QEMU is asked for the device")
    wait_until(lambda: not os.path.lexists(f"/sys/bus/mdev/devices/{UUID}"), "the bus link goes")
    tap.equal(show(f"{CSS}/mdev_supported_types/vfio_ccw-io/available_instances"), "0", f"{what}: still none available")
    tap.equal(name_of(store(CREATE, OTHER)), "EUSERS", f"{what}: no other mdev meanwhile")
    tap.ok("css_0_0_0001" in node_devices("css"), f"{what}: libvirt answers meanwhile")
    tap.equal(result, [], f"{what}: the removal still waits")
    qemu.close()
    writer.join(DEADLINE)
    tap.equal(result, [0], f"{what}: and ends when QEMU has closed the device")


def inside():
    tap = Tap()
    uri = subprocess.run(["virsh", "-q", "uri"], text=True, stdout=subprocess.PIPE, check=False).stdout.strip()
    tap.equal(uri, "qemu:///system", "plain virsh speaks to qemu:///system")
    tap.equal(sorted(node_devices("ccw")), ["ccw_0_0_1234", "ccw_0_0_1235"], "libvirt sees the ccw devices")
    tap.equal([show(f"{CSS}/{D}/{name}") for name in ("capacity/logical_capacity", "capacity/space_allocated",
                                                      "capacity/space_configured", "extent_pool/extent_size")],
              ["10", "10", "10", "1113"], "the storage of the volume is what the control unit tells a guest")
    tap.equal(show(OVERRIDE), "(null)", "no override")
    before = sorted(os.listdir("/sys/" + CSS))

    play(tap, ROWS)
    attributes = set(os.listdir("/sys/" + CSS))
    tap.ok(not attributes & {D, "logging", "vpm"}, "the ccw device, logging and vpm are gone", attributes)
    tap.equal(show(f"{CSS}/dev_busid"), D, "dev_busid still names the device")
    tap.equal(show(f"{CSS}/mdev_supported_types/vfio_ccw-io/device_api"), "vfio-ccw", "device_api")
    tap.equal(os.listdir("/sys/class/mdev_bus"), [S], "class/mdev_bus")
    tap.equal(os.stat("/dev/vfio/0").st_mode & 0o777, 0o600, "/dev/vfio/0 is of mode 0600")
    try:
        with open(f"/sys/{REMOVE}", encoding="utf-8") as file:
            file.read()
        tap.ok(False, "reading a write-only attribute, as root")
    except OSError as error:
        tap.equal(name_of(error.errno), "EACCES", "reading a write-only attribute, as root")
    wait_until(lambda: NODEDEV in node_devices("mdev"), "libvirt learns of the mdev")
    tap.ok(NODEDEV in node_devices("mdev"), "libvirt sees the mdev")
    tap.ok("ccw_0_0_1234" not in node_devices("ccw"), "libvirt no longer sees the ccw device")

    tap.equal(name_of(Guesser().status), "EACCES", "a guessed token gives no image")
    idle = Qemu()
    tap.equal(store(REMOVE, "1"), 0, "remove with the group open, but no device: at once")
    idle.close()
    tap.equal(store(CREATE, UUID), 0, "create again")
    in_use(tap, "remove in use", REMOVE, "1")
    tap.ok(not os.path.exists("/dev/vfio/0"), "/dev/vfio/0 is gone")
    wait_until(lambda: not node_devices("mdev"), "libvirt learns that the mdev is gone")
    tap.equal(store(CREATE, UUID), 0, "create a third time")
    in_use(tap, "unbind in use", driver(VFIO, "unbind"), S)
    tap.equal([store(driver(VFIO, "bind"), S), store(CREATE, UUID), store(driver(VFIO, "unbind"), S)], [0, 0, 0],
              "unbind with an idle mdev destroys it")
    tap.equal(os.listdir("/sys/bus/mdev/devices"), [], "no mdev is left")
    play(tap, BACK)
    tap.equal(sorted(os.listdir("/sys/" + CSS)), before, "the subchannel is as it was")
    tap.equal(show(OVERRIDE), "(null)", "no override, again")
    wait_until(lambda: "ccw_0_0_1234" in node_devices("ccw"), "libvirt learns that the device is online")
    tap.equal(store(f"bus/ccw/devices/{D}/uevent", "change"), 0, "a change event is repeated on request")
    tap.done()


def main():
    if sys.argv[1] == "--inside":
        inside()
    with labtest.workdir() as folder:
        devices = {bus_id: labtest.create_image(sys.argv[1], f"{folder}/{bus_id}") for bus_id in (D, "0.0.1235")}
        command = [sys.executable, os.path.abspath(__file__), "--inside"]
        sys.exit(subprocess.run(labtest.lab_command(sys.argv[1], devices, command), check=False).returncode)


main()
