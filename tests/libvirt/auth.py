#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd lets in the same users as libvirtd does, with the same rights and the same messages. The test uses stock virsh,
stock libvirtd and real polkit, and does each step twice: through virtccwd's socket, and through libvirtd's own.

    auth.py VIRTCCWD
"""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import private_libvirt
import private_polkit
from files import read
from private_libvirt import BACKEND, FRONT, Private
from private_polkit import Polkit, as_user
from rpc import (ATTACH_DEVICE_FLAGS, AUTH_LIST, AUTH_POLKIT, CALL_WITH_FDS, CLOSE, DEFINE, FEATURE,
                 GET_TYPE, GET_XML_DESC, HEAD, HOSTNAME, OPEN, OPEN_QEMU, QEMU, REMOTE, SASL_INIT, SET_IDENTITY, error, frame,
                 open_uri, string)
from steps import SLOWER, Steps, StepSkipped, command, expect
from tap import skip_all
from terminal import Terminal
from waiting import wait_until

# A copy of this program that each user can read: a clone may be below a folder that only its owner may enter.
COPY = "/run/libvirt-ccw/auth-copy"
PROGRAM = f"{COPY}/libvirt/auth.py"
EVERYBODY = ("root", "member", "guest", "viewer", "nobody")
NAMES = ("libvirt-sock", "libvirt-sock-ro")

DEVICE = "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source></hostdev>"
OWN_URI = "qemu+unix:///system?socket="
PROMPT = 60 * SLOWER  # seconds, for the next step of a login on a terminal
DEVICE_MISSING = 99  # VIR_ERR_DEVICE_MISSING
DOMAIN = """<domain type='qemu'><name>plain</name><uuid>5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0b001</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-s390x</emulator></devices></domain>"""

# guest and viewer may connect. polkit asks the user nobody for root's password. The access drivers allow everything to
# member, reading to guest, and nothing to viewer and nobody.
RULES = """
polkit.addAdminRule(function(action, subject) { return ["unix-user:root"]; });
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" && (subject.user == "guest" || subject.user == "viewer"))
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

# The calls of one connection each. The client sends a call when it has the answer to the call before.
DIALOGUES = {
    "a call without authentication": [frame(OPEN, OPEN_QEMU)],
    "a call before the list": [frame(FEATURE, struct.pack(">i", 14)), frame(AUTH_LIST)],
    "SASL, which is not configured": [frame(SASL_INIT)],
    "list, and a call": [frame(AUTH_LIST), frame(FEATURE, struct.pack(">i", 14)), frame(OPEN, OPEN_QEMU),
                         frame(OPEN, OPEN_QEMU), frame(GET_TYPE)],
    "polkit without a list": [frame(AUTH_POLKIT), frame(OPEN, OPEN_QEMU), frame(GET_TYPE)],
    "polkit and a list": [frame(AUTH_LIST), frame(AUTH_POLKIT), frame(AUTH_LIST), frame(GET_TYPE)],
    "another program": [frame(1, program=QEMU), frame(AUTH_LIST)],
}


def identity(user):
    """The arguments of SET_IDENTITY, as virtproxyd sends them for a user."""
    uid = private_polkit.USERS[user][0]
    started = int(read("/proc/self/stat").rpartition(")")[2].split()[19])
    params = (("user-name", 7, user), ("unix-user-id", 4, uid), ("group-name", 7, user), ("unix-group-id", 4, uid),
              ("process-id", 3, os.getpid()), ("process-time", 4, started))
    payload = struct.pack(">I", len(params))
    for name, kind, value in params:
        payload += string(name) + struct.pack(">I", kind) + (string(value) if kind == 7 else struct.pack(">Q", value))
    return payload + struct.pack(">I", 0)


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
    """An answer as text. libvirtd answers an AUTH_SASL_* or AUTH_POLKIT that is out of place with the last error of its worker
    thread, which is left out."""
    if struct.unpack(">i", answer[12:16])[0] in (SASL_INIT, AUTH_POLKIT) and b"polkit" not in answer:
        answer = answer[4:28]
    return answer.hex(" ", 4) + " " + re.sub(rb"[^ -~]+", b" ", answer).decode()


def talk_all(path):
    """Runs as a user: prints the answers to all dialogues."""
    for name, frames in DIALOGUES.items():
        try:
            answers = talk(path, frames)
        except OSError as error:
            answers = [str(error).encode()]
        print(name, [readable(answer) for answer in answers])


def silent(path):
    """Runs as a user: connects, sends nothing, and ends when its standard input ends."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        print("connected", flush=True)
        sys.stdin.read()


def in_one_go(path):
    """Runs as a user: sends calls before and after a CONNECT_OPEN without waiting for its answer; then one that waits."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(path)
        for procedure in (AUTH_LIST, AUTH_POLKIT):
            client.sendall(frame(procedure))
            print(readable(receive(client)))
        calls = [(HOSTNAME, b""), (OPEN, OPEN_QEMU), (HOSTNAME, b""), (DEFINE, string(DOMAIN))] * 2
        client.sendall(b"".join(frame(procedure, payload, serial=serial + 2)
                                for serial, (procedure, payload) in enumerate(calls)))
        answers = [receive_one(client) for _ in calls]
        for answer in sorted(answers, key=lambda answer: answer[20:24]):
            print(readable(answer))
        client.sendall(frame(SET_IDENTITY, identity("member"), serial=90) +
                       frame(DEFINE, string(DOMAIN), serial=91))
        for answer in sorted((receive_one(client) for _ in range(2)), key=lambda answer: answer[20:24]):
            print(readable(answer))


def reopen(path):
    """Runs as a user: closes and opens again on one connection, and sends calls that the user has no right to make."""
    other = DOMAIN.replace("plain", "reopened").replace("5d0ff2a5", "5d0ff2a6")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(path)
        for call in (frame(AUTH_LIST), frame(AUTH_POLKIT), frame(OPEN, OPEN_QEMU)):
            client.sendall(call)
            receive(client)
        client.sendall(frame(CLOSE, serial=2) + frame(OPEN, OPEN_QEMU, serial=3) +
                       frame(DEFINE, string(other), serial=4) + frame(DEFINE, string(other), serial=5))
        while (answer := receive_if_any(client)):
            print(readable(answer))


REPLY_WITH_FDS = 5
SKEW = 32  # bytes of a frame as libvirtd reads it; the first byte is the one that comes with the descriptor
SMUGGLED = 100


def send_with_descriptor(client):
    """Repeats the message: the kernel rejects descriptors until virtccwd has let the client in."""
    with open(os.devnull, "rb") as null:
        until = time.monotonic() + 30 * SLOWER
        while True:
            try:
                socket.send_fds(client, [b"\0"], [null.fileno()])
                return
            except PermissionError:
                if time.monotonic() > until:
                    raise


def smuggle(path):
    """Runs as a user: libvirtd takes no descriptor after a client's REPLY_WITH_FDS, and so reads the byte that comes with the
    descriptor as the first byte of the next frame. A reader that takes this byte then sees a payload where libvirtd sees
    frames."""
    hidden = frame(OPEN, OPEN_QEMU, serial=SMUGGLED)
    length = 0x2000  # after the descriptor's byte of 0, libvirtd reads its first three bytes as the length SKEW
    rest = length - (SKEW - 4) - 3 - len(hidden)
    head = struct.pack(">IIIiIII", length, 0, 0, 0, 1, 0, 0)
    tail = struct.pack(">IIIiIII", rest, 0x20008099, 1, 1, 1, 77, 0) + bytes(rest - 28)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(path)
        for procedure in (AUTH_LIST, AUTH_POLKIT):
            client.sendall(frame(procedure))
            receive(client)
        try:
            client.sendall(struct.pack(">IIIiIIII", SKEW, REMOTE, 1, 1, REPLY_WITH_FDS, 5, 0, 1))
            send_with_descriptor(client)
            client.sendall(head + bytes(3) + hidden + tail)
            while (answer := receive_if_any(client)):
                serial = struct.unpack(">I", answer[20:24])[0]
                print("answered", serial)
                if serial == SMUGGLED:
                    return
        except (BrokenPipeError, ConnectionResetError):
            pass
        print("the connection ended")


class OwnLibvirt(threading.Thread):
    """A program of a user that speaks libvirt's protocol: it allows every call, and reports each device as missing."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.calls = []  # procedure and payload
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(path)
        self.listening.listen()

    def run(self):
        client = self.listening.accept()[0]
        while (call := receive_if_any(client)):
            procedure, _, serial = struct.unpack(">iII", call[12:24])
            payload = call[HEAD:]
            self.calls.append((procedure, payload))
            status, answer = self.answer(procedure, payload)
            client.sendall(struct.pack(">IIIiIII", HEAD + len(answer), REMOTE, 1, procedure, 1, serial, status) + answer)

    @staticmethod
    def answer(procedure, payload):
        uuid = re.search(rb"cc390000-[0-9a-f-]*", payload)
        if procedure == AUTH_LIST:
            return 0, struct.pack(">II", 1, 0)
        if procedure == ATTACH_DEVICE_FLAGS and uuid:
            return 1, error(DEVICE_MISSING, f"device not found: mediated device '{uuid[0].decode()}' not found")
        if procedure == ATTACH_DEVICE_FLAGS:
            return 1, error(67, "unsupported configuration: unknown device type 'no-device', says its own libvirt")
        if procedure == GET_XML_DESC:
            return 0, string("<domain><uuid>00010203-0405-0607-0809-0a0b0c0d0e0f</uuid></domain>")
        return 0, struct.pack(">I", 0) if procedure == FEATURE else b""


def attach_elsewhere(path, uri, flags):
    """Runs as a user: makes libvirtd open a connection to this URI, and attaches a device through it. Without a URI, libvirtd
    opens its default."""
    device = string("own") + bytes(range(16)) + struct.pack(">I", 1) + string(DEVICE) + struct.pack(">I", 1)
    calls = [frame(AUTH_LIST), frame(AUTH_POLKIT), frame(OPEN, open_uri(uri, int(flags))),
             frame(ATTACH_DEVICE_FLAGS, device)]
    for answer in talk(path, calls if os.geteuid() else calls[:1] + calls[2:]):
        print(readable(answer))


def with_agent(uri):
    """Runs as a user on a terminal: starts a polkit agent and virsh. polkit uses virsh's own agent ("--fallback") only where
    logind knows the user's session."""
    ready, its = os.pipe()
    # pylint: disable=consider-using-with
    subprocess.Popen(["pkttyagent", "--process", str(os.getpid()), "--notify-fd", str(its)], pass_fds=[its])
    os.close(its)
    os.read(ready, 1)
    os.execvp("virsh", ["virsh", "-q", "-c", uri, "uri"])


def receive_if_any(client):
    try:
        return receive_one(client)
    except (ConnectionResetError, struct.error):
        return None


def receive_one(client):
    """Reads one of several answers that may arrive together."""
    length = struct.unpack(">I", client.recv(4, socket.MSG_WAITALL))[0]
    return struct.pack(">I", length) + client.recv(length - 4, socket.MSG_WAITALL)


class AuthTest:
    def __init__(self, virtccwd):
        self.libvirt = Private(virtccwd)
        self.polkit = Polkit(os.path.join(self.libvirt.folder, "polkit.log"))
        self.polkit.rules(RULES)

    def configure(self, path, **settings):
        """Writes a configuration. Other settings have the defaults of stock libvirtd."""
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

    # Each command through virtccwd, and without it.

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
        """Runs the same commands for each user, and returns their results."""
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
        """Compares the bytes that a client gets before and during authentication: root, and users who must authenticate."""
        for user in ("root", "guest", "nobody"):
            for name in NAMES:
                said = [command([*as_user(user), sys.executable, PROGRAM, "--talk", f"{folder}/{name}"])[1].splitlines()
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
        """The access drivers check the identity that virtccwd sends."""
        got = self.everybody()
        expect(got["root", False, "define"][0] == 0, f"{got['root', False, 'define']}")
        expect(got["member", False, "define"][0] == 0, f"{got['member', False, 'define']}")
        expect(got["guest", False, "dumpxml"][0] == 1 and "access denied" in got["guest", False, "define"][1], f"{got}")
        expect(got["guest", False, "list"][0] == 0 and "plain" in got["guest", False, "list"][1], f"{got}")
        expect(got["viewer", False, "list"][0] == 1 and "access denied" in got["viewer", False, "list"][1], f"{got}")
        for readonly in (False, True):
            self.both("guest", readonly, "domcapabilities", "--arch", "s390x")
        ours = self.virsh("member", FRONT, False, "domcapabilities", "--arch", "s390x")
        expect("<value>ccw</value>" in ours[1], f"the client's access decides about virtccwd's own question to QEMU: {ours}")

    def groups(self):
        """With auth none, the group and the permissions of the sockets decide."""
        for name in NAMES:
            ours, stock = (os.stat(f"{folder}/{name}") for folder in (FRONT, BACKEND))
            expect((ours.st_mode, ours.st_uid, ours.st_gid) == (stock.st_mode, stock.st_uid, stock.st_gid),
                   f"{name}: {ours} and {stock}")
        got = self.everybody()
        for user, code in (("root", 0), ("member", 0), ("guest", 1), ("nobody", 1)):
            expect(got[user, False, "list"][0] == code, f"{user}: {got[user, False, 'list']}")
        expect("Permission denied" in got["guest", False, "list"][1], f"{got['guest', False, 'list']}")

    # A password prompt.

    @staticmethod
    def on_terminal(folder):
        """virsh as the user nobody. polkit asks for root's password."""
        uri = f"qemu+unix:///system?socket={folder}/{NAMES[0]}"
        return Terminal(["setpriv", *as_user("nobody"), sys.executable, PROGRAM, "--with-agent", uri])

    @staticmethod
    def answer_prompt(terminal, password):
        terminal.wait_for("Password:", PROMPT)
        terminal.wait_echo_off()
        terminal.type(password + "\n")

    def prompt(self):
        for folder in (FRONT, BACKEND):
            terminal = self.on_terminal(folder)
            self.answer_prompt(terminal, "wrong")
            terminal.wait_for("AUTHENTICATION FAILED", PROMPT)
            self.answer_prompt(terminal, private_polkit.PASSWORD)  # virsh tries once more
            output = terminal.rest(PROMPT)
            code = terminal.end()
            expect(code == 0 and "AUTHENTICATION COMPLETE" in output, f"{folder}: exit code {code}: {output}")

    # Attempts to get the rights of another user.

    def as_guest(self, mode, folder):
        return command([*as_user("guest"), sys.executable, PROGRAM, mode, f"{folder}/{NAMES[0]}"])[1].splitlines()

    def too_early(self):
        """libvirtd would check a call that arrives before the identity as root's."""
        lines = self.as_guest("--in-one-go", FRONT)
        opened = [line for line in lines[2:10] if line.split()[3] == f"{OPEN:08x}"]
        expect(len(lines) == 12 and len(opened) == 2, "\n".join(lines))
        expect("error" not in opened[0] and "connection already open" in opened[1], "\n".join(opened))
        for line in lines[2:10]:
            expect(line in opened or "hypervisor connection not open" in line, f"answered: {line}")
        expect("only root may set the identity of another client" in lines[10], lines[10])
        expect("access denied" in lines[11], lines[11])

    def closed_and_opened(self):
        """A connection that is closed and opened again keeps the client's identity, until libvirtd ends the connection."""
        for folder in (FRONT, BACKEND):
            for _ in range(5):
                lines = self.as_guest("--reopen", folder)
                for line in lines:
                    procedure = int(line.split()[3], 16)
                    expect(procedure != OPEN or "connection already open" in line or "error" in line, f"opened: {line}")
                    expect(procedure != DEFINE or "access denied" in line or "not open" in line, f"defined: {line}")
        expect("reopened" not in self.virsh("root", BACKEND, False, "list", "--all", "--name")[1].split(), "it is defined")

    def open_with_descriptors(self):
        """virtccwd cannot hold a frame of the type with descriptors back, not even one without any: it ends the connection."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(f"{FRONT}/{NAMES[0]}")
            client.sendall(frame(AUTH_LIST))
            receive(client)
            client.sendall(frame(OPEN, struct.pack(">I", 0) + OPEN_QEMU, kind=CALL_WITH_FDS))
            expect(receive(client) == b"the end", "virtccwd answered the call")

    def smuggled(self):
        """A frame of a type that only libvirtd sends ends the connection. libvirtd would check frames in it as root's."""
        lines = self.as_guest("--smuggle", FRONT)
        expect(f"answered {SMUGGLED}" not in lines and "the connection ended" in lines, lines)

    @staticmethod
    def attach_by_uri(user, uri):
        """Returns the answers."""
        return command([*as_user(user), sys.executable, PROGRAM, "--attach-elsewhere", f"{FRONT}/{NAMES[0]}", uri,
                        "0"])[1].splitlines()

    def elsewhere(self):
        """libvirtd would connect as root to the libvirt that a URI names. So a user may not name a libvirt: neither the user's own,
        nor virtccwd's or libvirtd's socket. root may, but the answers from there change nothing on the host. Newer versions
        of libvirt (12.8) reject it from root, too."""
        socket_path = os.path.join(self.libvirt.folder, "own.sock")
        own = OwnLibvirt(socket_path)
        own.start()
        for path in (socket_path, f"{FRONT}/{NAMES[0]}", f"{BACKEND}/{NAMES[0]}"):
            lines = self.attach_by_uri("guest", OWN_URI + path)
            expect(any("only root may have libvirt connect to" in line for line in lines) and not own.calls,
                   f"libvirtd connected to {path} for a user: {own.calls}: {lines}")
        lines = self.attach_by_uri("root", OWN_URI + socket_path)
        if any("is not permitted to include a transport" in line for line in lines):
            expect(not own.calls, f"libvirtd rejects the URI, but has connected: {own.calls}")
            return
        attaches = [payload for procedure, payload in own.calls if procedure == ATTACH_DEVICE_FLAGS]
        expect(own.calls, f"libvirtd did not connect: {lines}")
        expect(len(attaches) == 1 and b"devno='0x1234'" in attaches[0] and "its own libvirt" in lines[-1],
               f"virtccwd did something for the attach: {attaches}: {lines}")

    def default_elsewhere(self):
        """The administrator's default may be another libvirt. libvirtd connects to it as root, before it knows the client."""
        socket_path = os.path.join(self.libvirt.folder, "default.sock")
        default = OwnLibvirt(socket_path)
        default.start()
        self.configure("/etc/libvirt/libvirt.conf", uri_default=OWN_URI + socket_path)
        try:
            lines = self.attach_by_uri("member", "")
        finally:
            os.unlink("/etc/libvirt/libvirt.conf")
        attaches = [payload for procedure, payload in default.calls if procedure == ATTACH_DEVICE_FLAGS]
        expect(len(attaches) == 1 and b"devno='0x1234'" in attaches[0] and "its own libvirt" in lines[-1],
               f"virtccwd did something for the attach: {attaches}: {lines}")

    def session(self):
        """libvirtd opens the same driver for qemu:///session as for qemu:///system. virtccwd rejects other spellings."""
        heard = {}
        for uri in ("qemu:///system", "qemu:///session"):
            for user in ("member", "guest"):
                heard[uri, user] = self.attach_by_uri(user, uri)
            expect("no domain with matching" in heard[uri, "member"][-1], f"{uri}: {heard[uri, 'member']}")
        for user in ("member", "guest"):
            expect(heard["qemu:///system", user] == heard["qemu:///session", user], f"{user}: {heard}")
        for uri in ("qemu:///%73ystem", "qemu:///sessio%6e"):
            lines = self.attach_by_uri("member", uri)
            expect(any("only root may have libvirt connect to" in line for line in lines), f"{uri}: {lines}")
        output = command([*as_user("root"), "virsh", "-q", "-c", f"qemu+unix:///session?socket={FRONT}/{NAMES[0]}",
                          "domcapabilities", "--arch", "s390x"])[1]
        expect("<value>ccw</value>" in output, f"virtccwd does not handle qemu:///session: {output}")

    def in_anothers_name(self):
        """root may set another user's identity, as virtproxyd does, and then has that user's rights."""
        calls = [frame(AUTH_LIST), frame(OPEN, OPEN_QEMU), frame(SET_IDENTITY, identity("guest")),
                 frame(DEFINE, string(DOMAIN))]
        ours, stock = ([readable(answer) for answer in talk(f"{folder}/{NAMES[0]}", calls)]
                       for folder in (FRONT, BACKEND))
        expect(ours == stock and "access denied" in ours[3], f"{ours}\n{stock}")

    def too_many(self):
        """A user who has the maximum number of logins waits until one of them ends. root does not wait."""
        path = f"{FRONT}/{NAMES[0]}"
        uri = f"qemu+unix:///system?socket={path}"
        with subprocess.Popen([*as_user("guest"), sys.executable, PROGRAM, "--silent", path], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as first:
            expect(first.stdout.readline() == b"connected\n", "the first login did not connect")
            with subprocess.Popen([*as_user("guest"), "virsh", "-c", uri, "uri"], stdout=subprocess.DEVNULL) as second:
                wait_until(lambda: "waits for a login to end" in read(self.libvirt.virtccwd_log), "the second login")
                expect(self.virsh("root", FRONT, False, "uri")[0] == 0, "virtccwd did not let root in")
                expect(second.poll() is None, "the second login did not wait")
                first.stdin.close()
                expect(second.wait(timeout=30) == 0, "virtccwd did not let the second login in")

    def polkit_restarts(self):
        """Restarts polkit with its bus, and libvirtd, which ends with its bus."""
        self.polkit.stop()
        self.libvirt.wait(self.libvirt.libvirtd)
        code, output = self.virsh("guest", FRONT, False, "uri")
        expect(code == 1 and "polkit cannot be asked" in output, output)
        self.polkit.start()
        self.libvirt.start_libvirtd()
        code, output = self.virsh("guest", FRONT, False, "uri")
        expect(code == 0, output)

    def leaves_a_prompt(self):
        """The client or virtccwd ends while polkit waits for a password."""
        terminal = self.on_terminal(FRONT)
        terminal.wait_for("Password:", PROMPT)
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.end()
        self.virsh("guest", FRONT, False, "uri")
        terminal = self.on_terminal(FRONT)
        terminal.wait_for("Password:", PROMPT)
        expect(self.libvirt.stop(self.libvirt.proxy, signal.SIGTERM) == 0, "virtccwd did not end with exit code 0")
        terminal.wait_for("failed to connect", PROMPT)
        terminal.end()
        self.libvirt.start_virtccwd()

    def bad_settings(self):
        for line, words in (("auth_unix_rw = \"sasl\"", "'sasl' is not supported"), ("x = 1", "no setting 'x'"),
                            ("unix_sock_group = \"nothing\"", "there is no group 'nothing'"),
                            ("max_clients = 3", "less than max_anonymous_clients 20"),
                            ("max_clients = \"3\"", "without quotes"), ("unix_sock_ro_perms = \"9\"", "'9' is not")):
            path = os.path.join(self.libvirt.folder, "bad.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"# a comment\n{line}\n")
            code, output = command([self.libvirt.virtccwd, "-f", path, "--socket-dir", self.libvirt.folder], check=False)
            expect(code == 1 and words in output and len(output.splitlines()) == 1, f"{line}: {code}: {output}")


def copy_program():
    here = os.path.dirname(os.path.abspath(__file__))
    for name in ("libvirt", "lib"):
        shutil.copytree(os.path.join(here, "..", name), f"{COPY}/{name}", ignore=shutil.ignore_patterns("__pycache__"))
    command(["chmod", "-R", "u=rwX,go=rX", COPY])
    os.environ["PYTHONPATH"] = f"{COPY}/lib"


def with_prompt(function):
    if private_polkit.lacks_helper():
        raise StepSkipped(private_polkit.lacks_helper())
    function()


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "--attach-elsewhere":
        attach_elsewhere(*sys.argv[2:])
        return
    modes = {"--silent": silent, "--reopen": reopen, "--talk": talk_all, "--in-one-go": in_one_go, "--smuggle": smuggle, "--with-agent": with_agent}
    if len(sys.argv) == 3 and sys.argv[1] in modes:
        modes[sys.argv[1]](sys.argv[2])
        return
    if len(sys.argv) != 2:
        print("usage: auth.py VIRTCCWD", file=sys.stderr)
        sys.exit(2)
    if private_polkit.missing():
        skip_all(f"there is no {private_polkit.missing()}")
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it ends the agent of a terminal, also where the tests run under nohup
    private_libvirt.enter()
    copy_program()
    test = AuthTest(os.path.abspath(sys.argv[1]))
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    steps.log(test.polkit.log)
    steps.run("polkit starts", test.polkit.start)
    test.configure_both()
    steps.run("libvirtd and virtccwd start with their defaults", test.start)
    steps.run("the bytes of authentication are the same as libvirtd's", test.same_bytes)
    steps.run("each user can do the same as without virtccwd", test.stock_defaults)
    steps.run("polkit asks a user on a terminal for a password", with_prompt, test.prompt)
    steps.run("virtccwd or its client ends during a password prompt", with_prompt, test.leaves_a_prompt)
    steps.run("polkit ends and starts again", test.polkit_restarts)
    steps.run("the daemons restart with access drivers", lambda: test.restart(access=["polkit"]))
    steps.run("access drivers check the client's identity", test.access_drivers)
    steps.run("no call arrives before the identity", test.too_early)
    steps.run("the identity stays after a close and another open", test.closed_and_opened)
    steps.run("a client cannot name a libvirt of its own", test.elsewhere)
    steps.run("the default may be another libvirt", test.default_elsewhere)
    steps.run("qemu:///session is the same as qemu:///system", test.session)
    steps.run("an open with descriptors ends the connection", test.open_with_descriptors)
    steps.run("a frame that only libvirtd sends ends the connection", test.smuggled)
    steps.run("root may set another user's identity", test.in_anothers_name)
    steps.run("the daemons restart with a group for the sockets", lambda: test.restart(
        auth_unix_rw="none", auth_unix_ro="none", unix_sock_group="libvirt", unix_sock_rw_perms="0770"))
    steps.run("the sockets' permissions decide", test.groups)
    steps.run("the daemons restart with few clients", lambda: test.restart(max_clients=20, max_anonymous_clients=4))
    steps.run("a user's login waits when there are too many", test.too_many)
    steps.run("wrong settings are named", test.bad_settings)
    steps.done()


if __name__ == "__main__":
    main()
