#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who gets through virtccwd: exactly who gets through without it, as whom, and with the same words. Stock virsh and stock
libvirtd, real polkit; each thing is done twice, by virtccwd's socket and by libvirtd's own.

    auth.py VIRTCCWD
"""

import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")]

import private_libvirt  # noqa: E402
import private_polkit  # noqa: E402
from private_libvirt import BACKEND, FRONT, Private, read, wait_for  # noqa: E402
from private_polkit import Polkit, as_user  # noqa: E402
from steps import Steps, command, expect  # noqa: E402

EVERYBODY = ("root", "member", "guest", "looker", "nobody")
NAMES = ("libvirt-sock", "libvirt-sock-ro")
REMOTE, QEMU, UNKNOWN = 0x20008086, 0x20008087, 0x20008099
OPEN, GET_TYPE, FEATURE, AUTH_LIST, SASL_INIT, AUTH_POLKIT, SET_IDENTITY = 1, 3, 60, 66, 67, 70, 419
CALL, CALL_WITH_FDS = 0, 4

DOMAIN = """<domain type='qemu'><name>plain</name><uuid>5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0b001</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-s390x</emulator></devices></domain>"""

# guest may do everything but see domains' XML with secrets and delete; looker may not even connect; the others by stock.
RULES = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" && (subject.user == "guest" || subject.user == "looker"))
        return polkit.Result.YES;
    if (action.id.indexOf("org.libvirt.api.") != 0)
        return polkit.Result.NOT_HANDLED;
    if (subject.user == "member")
        return polkit.Result.YES;
    if (subject.user == "guest")
        return /^org.libvirt.api.(connect.(getattr|search-.*)|domain.(getattr|read)|.*.getattr)$/.test(action.id) ?
            polkit.Result.YES : polkit.Result.NO;
    return polkit.Result.NO;
});
"""


def frame(procedure, payload=b"", serial=1, program=REMOTE, kind=CALL):
    return struct.pack(">IIIiIII", 28 + len(payload), program, 1, procedure, kind, serial, 0) + payload


OPEN_QEMU = struct.pack(">II", 1, 14) + b"qemu:///system\0\0" + struct.pack(">I", 0)
# Each: the calls of one connection, each after the answer to the one before.
DIALOGUES = {
    "a call without a word": [frame(OPEN, OPEN_QEMU)],
    "a question before": [frame(FEATURE, struct.pack(">i", 14)), frame(AUTH_LIST)],
    "the wrong kind": [frame(SASL_INIT)],
    "list, and a call": [frame(AUTH_LIST), frame(FEATURE, struct.pack(">i", 14)), frame(OPEN, OPEN_QEMU),
                         frame(OPEN, OPEN_QEMU), frame(GET_TYPE)],
    "polkit without a list": [frame(AUTH_POLKIT), frame(OPEN, OPEN_QEMU), frame(GET_TYPE)],
    "polkit and a list": [frame(AUTH_LIST), frame(AUTH_POLKIT), frame(AUTH_LIST), frame(GET_TYPE)],
    "another program": [frame(1, program=QEMU), frame(AUTH_LIST)],
}


def receive(client):
    data = b""
    while len(data) < 4 or len(data) < struct.unpack(">I", data[:4])[0]:
        piece = client.recv(65536)
        if not piece:
            return b"the end"
        data += piece
    return data


def talk(path, frames):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(path)
        answers = []
        for number, call in enumerate(frames):
            client.sendall(call)
            answers.append(receive(client))
        return answers


def readable(answer):
    """To an AUTH_SASL_* or AUTH_POLKIT that is out of place libvirtd says whatever its worker's last error was."""
    if struct.unpack(">i", answer[12:16])[0] in (SASL_INIT, AUTH_POLKIT) and b"polkit" not in answer:
        answer = answer[4:28]
    return answer.hex(" ", 4) + " " + re.sub(rb"[^ -~]+", b" ", answer).decode()


def talk_all(path):
    """For a process of a user's: prints what it hears."""
    for name, frames in DIALOGUES.items():
        try:
            answers = talk(path, frames)
        except OSError as error:
            answers = [str(error).encode()]
        print(name, [readable(answer) for answer in answers])


class AuthTest:
    def __init__(self, virtccwd):
        self.libvirt = Private(virtccwd)
        self.polkit = Polkit(os.path.join(self.libvirt.folder, "polkit.log"))
        self.polkit.rules(RULES)

    def configure(self, path, **settings):
        """What is not given is as stock libvirtd has it."""
        with open(path, "w", encoding="utf-8") as file:
            for name, value in settings.items():
                text = str(value) if isinstance(value, (int, list)) else f'"{value}"'
                file.write(f"{name} = {text}\n".replace("'", '"'))

    def configure_both(self, access=(), **settings):
        self.configure("/etc/libvirt/libvirtd.conf", unix_sock_dir=BACKEND, access_drivers=list(access), **settings)
        self.configure("/etc/libvirt/virtccwd.conf", **settings)

    def start(self):
        self.libvirt.start_libvirtd()
        self.libvirt.start_virtccwd()

    def restart(self, **settings):
        self.stop()
        self.configure_both(**settings)
        self.start()

    def stop(self):
        for daemon in (self.libvirt.proxy, self.libvirt.libvirtd):
            self.libvirt.stop(daemon)

    # Twice.

    def virsh(self, user, folder, readonly, *arguments):
        uri = f"qemu+unix:///system?socket={folder}/{NAMES[readonly]}"
        option = ["-r"] if readonly else []
        code, output = command([*as_user(user), "virsh", "-q", *option, "-c", uri, *arguments], check=False)
        return code, output.replace(f"{folder}/{NAMES[0]}", "SOCKET")

    def both(self, user, readonly, *arguments):
        ours = self.virsh(user, FRONT, readonly, *arguments)
        stock = self.virsh(user, BACKEND, readonly, *arguments)
        expect(ours == stock, f"{' '.join(arguments)} of {user}, {NAMES[readonly]}: through virtccwd\n{ours}\n"
                              f"and without\n{stock}")
        return ours

    def everybody(self):
        """The same for each; returns who managed to do what."""
        got = {}
        with open(os.path.join(self.libvirt.folder, "domain.xml"), "w", encoding="utf-8") as file:
            file.write(DOMAIN)
        os.chmod(self.libvirt.folder, 0o755)
        self.virsh("root", BACKEND, False, "define", file.name)
        for user in EVERYBODY:
            for readonly in (False, True):
                for line in ("list --all", "dumpxml plain", "dumpxml plain --security-info", "desc plain --new-desc x",
                             "nodedev-list --cap net", f"define {file.name}", "nodedev-detach pci_ffff_00_00_0"):
                    code, output = self.both(user, readonly, *line.split())
                    got[user, readonly, line.split()[0]] = (code, output)
        return got

    def same_bytes(self):
        """Before and while a client authenticates itself, byte for byte; root, who must not, and a user who must."""
        for user in ("root", "guest", "nobody"):
            for name in NAMES:
                said = [command([*as_user(user), sys.executable, __file__, "--talk", f"{folder}/{name}"])[1].splitlines()
                        for folder in (FRONT, BACKEND)]
                for ours, stock in zip(*said):
                    expect(ours == stock, f"{user}, {name}: virtccwd says\n{ours}\nand libvirtd\n{stock}")
                expect(len(said[0]) == len(said[1]) == len(DIALOGUES), f"{said}")

    def stock_defaults(self):
        got = self.everybody()
        for user, code in (("root", 0), ("member", 0), ("guest", 0), ("nobody", 1)):
            expect(got[user, False, "list"][0] == code, f"{user}: {got[user, False, 'list']}")
            expect(got[user, True, "list"][0] == 0, f"{user}, read-only: {got[user, True, 'list']}")
            expect(got[user, True, "define"][0] == 1, f"{user}, read-only: {got[user, True, 'define']}")
        expect("no polkit agent available to authenticate action 'org.libvirt.unix.manage'"
               in got["nobody", False, "list"][1], got["nobody", False, "list"][1])

    def access_drivers(self):
        """The identity that is handed on is the one that they judge."""
        got = self.everybody()
        expect(got["root", False, "define"][0] == 0, f"{got['root', False, 'define']}")
        expect(got["member", False, "define"][0] == 0, f"{got['member', False, 'define']}")
        expect(got["guest", False, "dumpxml"][0] == 1 and "access denied" in got["guest", False, "define"][1], f"{got}")
        expect(got["guest", False, "list"][0] == 0 and "plain" in got["guest", False, "list"][1], f"{got}")
        expect(got["looker", False, "list"][0] == 1 and "access denied" in got["looker", False, "list"][1], f"{got}")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--talk":
        talk_all(sys.argv[2])
        return
    if len(sys.argv) != 2:
        print("usage: auth.py VIRTCCWD", file=sys.stderr)
        sys.exit(2)
    if private_polkit.missing():
        print(f"1..0 # SKIP there is no {private_polkit.missing()}")
        return
    private_libvirt.enter()
    test = AuthTest(os.path.abspath(sys.argv[1]))
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    steps.log(test.polkit.log)
    steps.run("polkit starts", test.polkit.start)
    test.configure_both()
    steps.run("libvirtd and virtccwd start with their defaults", test.start)
    steps.run("before and while a client authenticates itself, the bytes are libvirtd's", test.same_bytes)
    steps.run("everybody gets through what gets through without", test.stock_defaults)
    steps.run("restart with access drivers", lambda: test.restart(access=["polkit"]))
    steps.run("access drivers judge who the client is", test.access_drivers)
    steps.done()


if __name__ == "__main__":
    main()
