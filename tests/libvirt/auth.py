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
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")]

import private_libvirt  # noqa: E402
import private_polkit  # noqa: E402
from private_libvirt import BACKEND, FRONT, Private, read, wait_for  # noqa: E402
from private_polkit import Polkit, as_user  # noqa: E402
from rpc import (ATTACH_DEVICE_FLAGS, AUTH_LIST, AUTH_POLKIT, CALL_WITH_FDS, CLOSE, DEFINE, FEATURE,  # noqa: E402
                 GET_TYPE, GET_XML_DESC, HEAD, HOSTNAME, OPEN, OPEN_QEMU, QEMU, REMOTE, SASL_INIT, SET_IDENTITY, error, frame,
                 open_uri, string)
from steps import SLOWER, Steps, StepSkipped, command, expect  # noqa: E402

# A copy of this program that each user can read: a clone may be below a folder that only its owner may enter.
COPY = "/run/libvirt-ccw/auth-copy"
PROGRAM = f"{COPY}/libvirt/auth.py"
EVERYBODY = ("root", "member", "guest", "looker", "nobody")
NAMES = ("libvirt-sock", "libvirt-sock-ro")

DEVICE = "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source></hostdev>"
OWN_URI = "qemu+unix:///system?socket="
DEVICE_MISSING = 99  # VIR_ERR_DEVICE_MISSING
DOMAIN = """<domain type='qemu'><name>plain</name><uuid>5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0b001</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-s390x</emulator></devices></domain>"""

# Who may connect: guest and looker too; nobody has root's password asked for. What the access drivers allow, if they are
# asked: member everything, guest to look, looker and nobody nothing.
RULES = """
polkit.addAdminRule(function(action, subject) { return ["unix-user:root"]; });
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


def identity(user):
    """As virtproxyd hands it on."""
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


def silent(path):
    """For a process of a user's: connects, says nothing, and goes when its input ends."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        print("connected", flush=True)
        sys.stdin.read()


def in_one_go(path):
    """For a process of a user's: calls around a CONNECT_OPEN that do not wait for its answer; then one that does."""
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
    """For a process of a user's: on one connection, a CONNECT_CLOSE and another CONNECT_OPEN, and a call as if by whomever."""
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
SKEW = 32  # bytes of a frame for libvirtd, of which the first is that behind a descriptor
SMUGGLED = 100


def send_with_descriptor(client):
    """The kernel refuses descriptors until virtccwd has let the client in."""
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
    """For a process of a user's: libvirtd takes no descriptor behind a REPLY_WITH_FDS of a client, and so reads the byte that
    comes with it as the first of the next frame. Then what is payload for a reader who took that byte is frames for libvirtd."""
    hidden = frame(OPEN, OPEN_QEMU, serial=SMUGGLED)
    length = 0x2000  # whose first three bytes are the length SKEW for libvirtd, behind the byte of 0
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
    """A user's own program that speaks libvirt's protocol: it allows every call, and reports each device as missing."""

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
    """For a process of a user's: has libvirtd open such a connection, and attaches a device by it. An empty URI is libvirtd's
    default."""
    device = string("own") + bytes(range(16)) + struct.pack(">I", 1) + string(DEVICE) + struct.pack(">I", 1)
    calls = [frame(AUTH_LIST), frame(AUTH_POLKIT), frame(OPEN, open_uri(uri, int(flags))),
             frame(ATTACH_DEVICE_FLAGS, device)]
    for answer in talk(path, calls if os.geteuid() else calls[:1] + calls[2:]):
        print(readable(answer))


def with_agent(uri):
    """For a process of a user's on a terminal: virsh, with an agent for it. virsh's own ("--fallback") is of use to polkit only
    where logind has the user's session."""
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
    """Of several that may come together."""
    length = struct.unpack(">I", client.recv(4, socket.MSG_WAITALL))[0]
    return struct.pack(">I", length) + client.recv(length - 4, socket.MSG_WAITALL)


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
        """The identity that is handed on is the one that they judge."""
        got = self.everybody()
        expect(got["root", False, "define"][0] == 0, f"{got['root', False, 'define']}")
        expect(got["member", False, "define"][0] == 0, f"{got['member', False, 'define']}")
        expect(got["guest", False, "dumpxml"][0] == 1 and "access denied" in got["guest", False, "define"][1], f"{got}")
        expect(got["guest", False, "list"][0] == 0 and "plain" in got["guest", False, "list"][1], f"{got}")
        expect(got["looker", False, "list"][0] == 1 and "access denied" in got["looker", False, "list"][1], f"{got}")
        for readonly in (False, True):
            self.both("guest", readonly, "domcapabilities", "--arch", "s390x")
        ours = self.virsh("member", FRONT, False, "domcapabilities", "--arch", "s390x")
        expect("<value>ccw</value>" in ours[1], f"the question about QEMU is not the client's to ask: {ours}")

    def groups(self):
        """auth none: the sockets' group and permissions decide."""
        for name in NAMES:
            ours, stock = (os.stat(f"{folder}/{name}") for folder in (FRONT, BACKEND))
            expect((ours.st_mode, ours.st_uid, ours.st_gid) == (stock.st_mode, stock.st_uid, stock.st_gid),
                   f"{name}: {ours} and {stock}")
        got = self.everybody()
        for user, code in (("root", 0), ("member", 0), ("guest", 1), ("nobody", 1)):
            expect(got[user, False, "list"][0] == code, f"{user}: {got[user, False, 'list']}")
        expect("Permission denied" in got["guest", False, "list"][1], f"{got['guest', False, 'list']}")

    # A prompt.

    @staticmethod
    def on_terminal(folder):
        """virsh of nobody's, for which polkit asks for root's password."""
        uri = f"qemu+unix:///system?socket={folder}/{NAMES[0]}"
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp("setpriv", [*as_user("nobody"), sys.executable, PROGRAM, "--with-agent", uri])
        return pid, terminal

    @staticmethod
    def read_until(terminal, word=None):
        """What it printed up to the word, which must come; without a word, up to its end."""
        output, end = b"", time.monotonic() + 60 * SLOWER
        while word is None or word not in output:
            expect(select.select([terminal], [], [], max(0, end - time.monotonic()))[0], f"no more than {output!r}")
            try:
                output += os.read(terminal, 4096)
            except OSError:
                expect(word is None, f"it ended without {word!r}: {output!r}")
                break
        return output.decode(errors="replace")

    def answer_prompt(self, terminal, password):
        self.read_until(terminal, b"Password:")
        wait_for("the end of the echo", lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(terminal, password.encode() + b"\n")

    def prompt(self):
        for folder in (FRONT, BACKEND):
            pid, terminal = self.on_terminal(folder)
            self.answer_prompt(terminal, "wrong")
            output = self.read_until(terminal, b"AUTHENTICATION FAILED")
            self.answer_prompt(terminal, private_polkit.PASSWORD)  # virsh tries once more
            output += self.read_until(terminal)
            os.close(terminal)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            expect(code == 0 and "AUTHENTICATION FAILED" in output and "AUTHENTICATION COMPLETE" in output,
                   f"{folder}: exit code {code}: {output}")

    # Those who try.

    def as_guest(self, mode, folder):
        return command([*as_user("guest"), sys.executable, PROGRAM, mode, f"{folder}/{NAMES[0]}"])[1].splitlines()

    def too_early(self):
        """A call that overtakes the identity would be judged as root's."""
        lines = self.as_guest("--in-one-go", FRONT)
        opened = [line for line in lines[2:10] if line.split()[3] == f"{OPEN:08x}"]
        expect(len(lines) == 12 and len(opened) == 2, "\n".join(lines))
        expect("error" not in opened[0] and "connection already open" in opened[1], "\n".join(opened))
        for line in lines[2:10]:
            expect(line in opened or "hypervisor connection not open" in line, f"answered: {line}")
        expect("only root may set the identity of another client" in lines[10], lines[10])
        expect("access denied" in lines[11], lines[11])

    def closed_and_opened(self):
        """A connection that is closed and opened again is that client's still; libvirtd ends it some time."""
        for folder in (FRONT, BACKEND):
            for _ in range(5):
                lines = self.as_guest("--reopen", folder)
                for line in lines:
                    procedure = int(line.split()[3], 16)
                    expect(procedure != OPEN or "connection already open" in line or "error" in line, f"opened: {line}")
                    expect(procedure != DEFINE or "access denied" in line or "not open" in line, f"defined: {line}")
        expect("reopened" not in self.virsh("root", BACKEND, False, "list", "--all", "--name")[1].split(), "it is defined")

    def open_with_descriptors(self):
        """A frame with descriptors, even none, cannot be held back; so it ends the connection."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(f"{FRONT}/{NAMES[0]}")
            client.sendall(frame(AUTH_LIST))
            receive(client)
            client.sendall(frame(OPEN, struct.pack(">I", 0) + OPEN_QEMU, kind=CALL_WITH_FDS))
            expect(receive(client) == b"the end", "it was served")

    def smuggled(self):
        """What only libvirtd sends ends the connection. Frames in it would be judged as root's."""
        lines = self.as_guest("--smuggle", FRONT)
        expect(f"answered {SMUGGLED}" not in lines and "the connection ended" in lines, lines)

    @staticmethod
    def attach_by_uri(user, uri):
        """What it hears."""
        return command([*as_user(user), sys.executable, PROGRAM, "--attach-elsewhere", f"{FRONT}/{NAMES[0]}", uri,
                        "0"])[1].splitlines()

    def elsewhere(self):
        """A client may not name a libvirt that libvirtd, as root, shall connect to: its own, or virtccwd's or libvirtd's socket,
        where it would be root. root may, but what answers there decides nothing. Newer libvirts (12.8)
        refuse it to root, too."""
        socket_path = os.path.join(self.libvirt.folder, "own.sock")
        own = OwnLibvirt(socket_path)
        own.start()
        for path in (socket_path, f"{FRONT}/{NAMES[0]}", f"{BACKEND}/{NAMES[0]}"):
            lines = self.attach_by_uri("guest", OWN_URI + path)
            expect(any("only root may have libvirt connect to" in line for line in lines) and not own.calls,
                   f"libvirtd connected to {path} for a user: {own.calls}: {lines}")
        lines = self.attach_by_uri("root", OWN_URI + socket_path)
        if any("is not permitted to include a transport" in line for line in lines):
            expect(not own.calls, f"libvirtd refuses the URI, and connected: {own.calls}")
            return
        attaches = [payload for procedure, payload in own.calls if procedure == ATTACH_DEVICE_FLAGS]
        expect(own.calls, f"libvirtd did not connect: {lines}")
        expect(len(attaches) == 1 and b"devno='0x1234'" in attaches[0] and "its own libvirt" in lines[-1],
               f"virtccwd did something for the attach: {attaches}: {lines}")

    def default_elsewhere(self):
        """The administrator's default may be another libvirt: libvirtd connects to it as root, before it knows the client."""
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
        """libvirtd opens the same driver for qemu:///session as for qemu:///system. No other spelling is let through."""
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
        """root may, as virtproxyd does; then it has that one's rights."""
        calls = [frame(AUTH_LIST), frame(OPEN, OPEN_QEMU), frame(SET_IDENTITY, identity("guest")),
                 frame(DEFINE, string(DOMAIN))]
        ours, stock = ([readable(answer) for answer in talk(f"{folder}/{NAMES[0]}", calls)]
                       for folder in (FRONT, BACKEND))
        expect(ours == stock and "access denied" in ours[3], f"{ours}\n{stock}")

    def too_many(self):
        """A user with as many logins as one user may have waits for one of them to end; root does not."""
        path = f"{FRONT}/{NAMES[0]}"
        uri = f"qemu+unix:///system?socket={path}"
        with subprocess.Popen([*as_user("guest"), sys.executable, PROGRAM, "--silent", path], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as first:
            expect(first.stdout.readline() == b"connected\n", "the first one did not connect")
            with subprocess.Popen([*as_user("guest"), "virsh", "-c", uri, "uri"], stdout=subprocess.DEVNULL) as second:
                wait_for("the second login", lambda: "waits for a login to end" in read(self.libvirt.virtccwd_log))
                expect(self.virsh("root", FRONT, False, "uri")[0] == 0, "root was not let in")
                expect(second.poll() is None, "the second login did not wait")
                first.stdin.close()
                expect(second.wait(timeout=30) == 0, "the second login was not let in")

    def polkit_restarts(self):
        """And the bus with it, and libvirtd, which ends with its bus."""
        self.polkit.stop()
        self.libvirt.libvirtd.wait(timeout=20)
        code, output = self.virsh("guest", FRONT, False, "uri")
        expect(code == 1 and "polkit cannot be asked" in output, output)
        self.polkit.start()
        self.libvirt.start_libvirtd()
        code, output = self.virsh("guest", FRONT, False, "uri")
        expect(code == 0, output)

    def leaves_a_prompt(self):
        """The client goes, or virtccwd ends, while polkit waits for a password."""
        pid, terminal = self.on_terminal(FRONT)
        self.read_until(terminal, b"Password:")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
        self.virsh("guest", FRONT, False, "uri")
        pid, terminal = self.on_terminal(FRONT)
        self.read_until(terminal, b"Password:")
        expect(self.libvirt.stop(self.libvirt.proxy, signal.SIGTERM) == 0, "it did not end well")
        self.read_until(terminal, b"failed to connect")
        os.close(terminal)
        os.waitpid(pid, 0)
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
        print(f"1..0 # SKIP there is no {private_polkit.missing()}")
        return
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which ends a terminal's agent, also where the tests run under nohup
    private_libvirt.enter()
    copy_program()
    test = AuthTest(os.path.abspath(sys.argv[1]))
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    steps.log(test.polkit.log)
    steps.run("polkit starts", test.polkit.start)
    test.configure_both()
    steps.run("libvirtd and virtccwd start with their defaults", test.start)
    steps.run("before and while a client authenticates itself, the bytes are libvirtd's", test.same_bytes)
    steps.run("everybody gets through what gets through without", test.stock_defaults)
    steps.run("a terminal's user is asked for a password", with_prompt, test.prompt)
    steps.run("virtccwd ends or its client goes in the middle of a prompt", with_prompt, test.leaves_a_prompt)
    steps.run("polkit may go and come", test.polkit_restarts)
    steps.run("restart with access drivers", lambda: test.restart(access=["polkit"]))
    steps.run("access drivers judge who the client is", test.access_drivers)
    steps.run("no call overtakes the identity", test.too_early)
    steps.run("nor is it lost by a close and another open", test.closed_and_opened)
    steps.run("nor by a libvirt of the client's own", test.elsewhere)
    steps.run("nor by a default that is another libvirt", test.default_elsewhere)
    steps.run("qemu:///session is qemu:///system", test.session)
    steps.run("nor does one with descriptors", test.open_with_descriptors)
    steps.run("nor one in a frame that only libvirtd sends", test.smuggled)
    steps.run("root may call in another's name", test.in_anothers_name)
    steps.run("restart with groups instead", lambda: test.restart(
        auth_unix_rw="none", auth_unix_ro="none", unix_sock_group="libvirt", unix_sock_rw_perms="0770"))
    steps.run("the sockets' permissions decide", test.groups)
    steps.run("restart with few clients", lambda: test.restart(max_clients=20, max_anonymous_clients=4))
    steps.run("too many logins of a user wait", test.too_many)
    steps.run("settings that are wrong are named", test.bad_settings)
    steps.done()


if __name__ == "__main__":
    main()
