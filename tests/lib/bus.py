# SPDX-License-Identifier: LGPL-2.1-or-later
"""The message bus's protocol (the D-Bus specification) in Python, for messages that no library sends."""

import os
import socket
import struct

from steps import expect

BUS = "/run/dbus/system_bus_socket"  # the setuid helper of polkit's agents uses this path, whatever the environment is
METHOD_CALL, METHOD_RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)
# Their types, for those that are sent here.
TYPES = {PATH: "o", INTERFACE: "s", MEMBER: "s", REPLY_SERIAL: "u", DESTINATION: "s", SIGNATURE: "g", UNIX_FDS: "u"}


def _align(data, size):
    return data + bytes(-len(data) % size)


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data + b"\0"


def _field(code, value):
    kind = TYPES[code]
    head = bytes((code, 1)) + kind.encode() + b"\0"
    if kind == "g":
        return head + bytes((len(value),)) + value.encode() + b"\0"
    return head + (struct.pack("<I", value) if kind == "u" else text(value))


def message(kind, fields, serial, body=b"", flags=0):
    """fields: a dictionary of header fields."""
    array = b""
    for code, value in fields.items():
        array = _align(array, 8) + _field(code, value)
    return _align(struct.pack("<cBBBIII", b"l", kind, flags, 1, len(body), serial, len(array)) + array, 8) + body


def answers(received):
    """Returns the serial of the message that a message answers."""
    fields = received[1]
    return struct.unpack_from("<I", fields, fields.index(bytes((REPLY_SERIAL, 1)) + b"u\0") + 4)[0]


BUS = "/run/dbus/system_bus_socket"  # the setuid helper of polkit's agents uses this path, whatever the environment is


class Bus:
    """A connection of this process's user that supports descriptors."""

    def __init__(self, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(BUS)
        self.serial = 0
        self.errors = 0  # number of errors for messages without a waiting caller
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        self._expect(b"OK ")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        self._expect(b"AGREE_UNIX_FD")
        self.socket.sendall(b"BEGIN\r\n")
        self.ask("Hello")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _expect(self, words):
        line = b""
        while not line.endswith(b"\r\n"):
            byte = self.socket.recv(1)
            expect(byte, f"the message bus hung up after {line}")
            line += byte
        expect(line.startswith(words), f"the message bus says {line}")

    def send(self, kind, fields, body=b"", flags=0, fds=()):
        self.serial += 1
        data = message(kind, fields | ({UNIX_FDS: len(fds)} if fds else {}), self.serial, body, flags)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"={len(fds)}i", *fds))] if fds else []
        self.socket.sendall(data[self.socket.sendmsg([data], control):])

    def _receive(self, length):
        return self.socket.recv(length, socket.MSG_WAITALL)

    def receive(self):
        """Returns the next message: its kind, its header fields unparsed, and its body."""
        kind, length, _, fields = struct.unpack("<xBxxIII", self._receive(16))
        return kind, self._receive(fields + -fields % 8), self._receive(length)

    def ask(self, member, signature="", body=b""):
        """Calls the bus itself. Returns the body of the answer."""
        fields = {PATH: "/org/freedesktop/DBus", DESTINATION: "org.freedesktop.DBus", INTERFACE: "org.freedesktop.DBus",
                  MEMBER: member, SIGNATURE: signature}
        self.send(METHOD_CALL, fields, body)
        answer = self.receive()
        while answer[0] not in (METHOD_RETURN, ERROR) or answers(answer) != self.serial:
            self.errors += answer[0] == ERROR
            answer = self.receive()
        expect(answer[0] == METHOD_RETURN, f"the message bus's answer to {member}: {answer}")
        return answer[2]

    def names(self):
        """Returns the names of all connections."""
        data, at, names = self.ask("ListNames"), 4, []
        while at < len(data):
            at += -at % 4
            length = struct.unpack_from("<I", data, at)[0]
            names.append(data[at + 4:at + 4 + length].decode())
            at += 4 + length + 1
        return names

    def name_of(self, pid):
        """Returns the unique name of that process's connection, which every user may ask for."""
        for name in self.names():
            if name.startswith(":") and struct.unpack("<I", self.ask("GetConnectionUnixProcessID", "s", text(name)))[0] == pid:
                return name
        expect(False, f"process {pid} has no connection to the message bus")
        return None

    def signal(self, destination, signature="", body=b"", fds=()):
        """Sends a signal to one connection, which need not have asked for it. The bus may answer with an error."""
        self.send(SIGNAL, {PATH: "/a", INTERFACE: "a.a", MEMBER: "A", DESTINATION: destination, SIGNATURE: signature}, body, fds=fds)
