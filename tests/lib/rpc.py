# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's RPC protocol in Python, for calls that libvirt's own client does not send."""

import array
import socket
import struct

from steps import expect

REMOTE, QEMU, UNKNOWN = 0x20008086, 0x20008087, 0x20008099
CALL, REPLY, CALL_WITH_FDS = 0, 1, 4
HEAD = 28  # bytes before a frame's payload
# Procedures of the remote program.
OPEN, CLOSE, GET_TYPE, CAPABILITIES, CREATE, DEFINE, GET_XML_DESC, LOOKUP_BY_NAME = 1, 2, 3, 7, 9, 11, 14, 23
HOSTNAME, FEATURE, AUTH_LIST, SASL_INIT, AUTH_POLKIT, LIST_ALL_DOMAINS = 59, 60, 66, 67, 70, 273
NODE_DEVICE_LOOKUP_BY_NAME, NODE_DEVICE_GET_XML_DESC, NODE_DEVICE_RE_ATTACH = 113, 114, 119
ATTACH_DEVICE_FLAGS, SET_METADATA, EVENT_CALLBACK_REGISTER_ANY, OPEN_GRAPHICS_FD, SET_IDENTITY = 160, 264, 316, 343, 419
GET_PERF_EVENTS = 365


def frame(procedure, payload=b"", serial=1, program=REMOTE, kind=CALL):
    return struct.pack(">IIIiIII", HEAD + len(payload), program, 1, procedure, kind, serial, 0) + payload


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def open_uri(uri, flags=0):
    """Returns the arguments of CONNECT_OPEN."""
    return struct.pack(">I", 1) + string(uri) + struct.pack(">I", flags)


OPEN_QEMU = open_uri("qemu:///system")


def error(code, message):
    """Returns libvirt's error in a reply."""
    return struct.pack(">III", code, 10, 1) + string(message) + struct.pack(">5Iii", 2, 0, 0, 0, 0, 0, 0) + bytes(4)


class Client:
    """A connection to one of libvirt's sockets. Like virsh, it asks how to authenticate, does so, and opens qemu:///system."""

    def __init__(self, path, timeout=20, is_open=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.serial = 0
        if is_open:
            self.log_in()
            expect(is_ok(self.call(OPEN, OPEN_QEMU)), f"qemu:///system of {path} cannot be opened")

    def log_in(self):
        if self.call(AUTH_LIST)[HEAD - 4:] == struct.pack(">II", 1, 2):
            expect(is_ok(self.call(AUTH_POLKIT)), "polkit does not let this user in")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _read(self, length):
        data = bytearray()
        while len(data) < length:
            part = self.socket.recv(min(length - len(data), 1 << 20))
            expect(part, "it hung up")
            data += part
        return bytes(data)

    def receive(self):
        """Returns the next frame without its length word."""
        length = struct.unpack(">I", self._read(4))[0]
        return self._read(length - 4)

    def next_frame(self, procedure, payload=b"", program=REMOTE, kind=CALL):
        self.serial += 1
        return frame(procedure, payload, self.serial, program, kind)

    def send(self, procedure, payload=b"", program=REMOTE):
        self.socket.sendall(self.next_frame(procedure, payload, program))

    def call(self, procedure, payload=b"", program=REMOTE):
        self.send(procedure, payload, program)
        return self.receive()

    def send_fds(self, procedure, payload, fds):
        """Sends a call with descriptors: their count before the payload, and each of them with one byte after it."""
        self.socket.sendall(self.next_frame(procedure, struct.pack(">I", len(fds)) + payload, kind=CALL_WITH_FDS))
        for fd in fds:
            self.socket.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])

    def find_domain(self, name):
        """Returns the domain as the arguments of calls contain it."""
        reply = self.call(LOOKUP_BY_NAME, string(name))
        expect(is_ok(reply), f"there is no domain {name}")
        return reply[HEAD - 4:]


def is_ok(reply):
    """Returns whether a frame without its length word is a reply without an error."""
    return struct.unpack(">I", reply[HEAD - 8:HEAD - 4])[0] == 0
