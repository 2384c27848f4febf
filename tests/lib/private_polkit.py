# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real message bus and a real polkitd with their own users, rules and socket, in the private namespaces of
private_libvirt, as on a system without systemd."""

import os
import re
import shutil
import socket
import stat
import subprocess

from bus import BUS
from steps import command, expect
from waiting import wait_until

FOLDER = "/run/libvirt-ccw/polkit"
POLKITD = "/usr/lib/polkit-1/polkitd"
HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1"
HELPER_UNIT = "/usr/lib/systemd/system/polkit-agent-helper.socket"
HELPER_SOCKET = "/run/polkit/agent-helper.socket"
SO_PEERPIDFD = 77  # since Linux 6.5
RULES = "/etc/polkit-1/rules.d"
PASSWORD = "correct horse"  # root's password in the namespaces, for prompts

# name: (number, whether in group libvirt, who may manage with polkit's stock rules)
USERS = {"member": (64101, True), "guest": (64102, False), "viewer": (64103, False)}


def missing():
    """Returns what the machine lacks, or None."""
    for path in ("/usr/bin/dbus-daemon", POLKITD, "/usr/share/polkit-1/actions/org.libvirt.unix.policy"):
        if not os.path.exists(path):
            return path
    return None


def is_set_user_id():
    return os.path.exists(HELPER) and os.stat(HELPER).st_mode & stat.S_ISUID != 0


def lacks_helper():
    """Returns why an agent could not check a password, or None. If polkit's helper is not set-user-ID, an agent
    connects to a socket for which systemd starts the helper, and the helper asks the kernel for the agent's pidfd."""
    if is_set_user_id():
        return None
    for path in (HELPER, HELPER_UNIT, shutil.which("systemd-socket-activate") or "systemd-socket-activate"):
        if not os.path.exists(path):
            return f"polkit's helper cannot be started: there is no {path}"
    one, other = socket.socketpair()
    with one, other:
        try:
            os.close(one.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD))
        except OSError as error:
            return f"polkit's helper is not set-user-ID, and this kernel has no pidfd of a socket's peer: {error}"
    return None


def as_user(name):
    """Returns the prefix that runs a command as that user with its groups."""
    if name == "root":
        return []
    number, member = USERS[name] if name in USERS else (65534, False)
    groups = ["--groups", group_number("libvirt")] if member else ["--clear-groups"]
    return ["setpriv", "--reuid", str(number), "--regid", str(number), *groups]


def group_number(name):
    with open("/etc/group", encoding="utf-8") as file:
        return next(line.split(":")[2] for line in file if line.startswith(name + ":"))


def _lines(path, drop):
    with open(path, encoding="utf-8") as file:
        return [line for line in file if line.split(":")[0] not in drop]


def _cover(path, lines, mode):
    """Mounts a file of this test over a file of the machine."""
    own = os.path.join(FOLDER, os.path.basename(path))
    with open(own, "w", encoding="utf-8") as file:
        file.writelines(lines)
    os.chmod(own, mode)
    command(["mount", "--bind", own, path])


def _make_users():
    # Where shadow passwords were never turned on, root has none in /etc/shadow, and "*" instead of "x".
    _cover("/etc/passwd", [re.sub("^root:[^:]*:", "root:x:", line) for line in _lines("/etc/passwd", USERS)] +
           [f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, (number, _) in USERS.items()], 0o644)
    members = ",".join(name for name, (_, member) in USERS.items() if member)
    groups = [line.rstrip("\n") + members + "\n" if line.startswith("libvirt:") and line.endswith(":\n") else line
              for line in _lines("/etc/group", USERS)]
    _cover("/etc/group", groups + [f"{name}:x:{number}:\n" for name, (number, _) in USERS.items()], 0o644)
    salted = command(["openssl", "passwd", "-6", PASSWORD])[1] if os.path.exists("/usr/bin/openssl") else "!"
    _cover("/etc/shadow", [f"root:{salted}:19000:0:99999:7:::\n"] + _lines("/etc/shadow", {"root"}), 0o600)


class Polkit:
    """The two daemons."""

    def __init__(self, log):
        self.log = log
        os.makedirs(FOLDER, exist_ok=True)
        os.chmod(FOLDER, 0o755)
        _make_users()
        command(["mount", "-t", "tmpfs", "-o", "mode=755", "none", RULES])
        os.chmod(os.path.dirname(BUS), 0o755)
        self.bus = None
        self.polkitd = None
        self.helper = None

    def rules(self, text):
        """Adds rules to the installed ones. Before start()."""
        with open(os.path.join(RULES, "10-test.rules"), "w", encoding="utf-8") as file:
            file.write(text)

    def start_bus(self):
        with open(self.log, "ab") as log:
            self.bus = subprocess.Popen(["dbus-daemon", "--system", "--nofork", "--nopidfile", "--nosyslog",
                                         f"--address=unix:path={BUS}"], stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(BUS), "the message bus")

    def start(self):
        self.start_bus()
        with open(self.log, "ab") as log:
            self.polkitd = subprocess.Popen([POLKITD, "--no-debug"], stdout=log, stderr=log)
        wait_until(self._answers, "polkitd")
        if not is_set_user_id() and not lacks_helper():
            self._start_helper()

    def _start_helper(self):
        """Starts the helper for each connection, as root, as systemd does by polkit-agent-helper.socket."""
        folder = os.path.dirname(HELPER_SOCKET)
        if not os.path.ismount(folder):
            os.makedirs(folder, exist_ok=True)
            command(["mount", "-t", "tmpfs", "-o", "mode=755", "none", folder])
        with open(self.log, "ab") as log:
            self.helper = subprocess.Popen(["systemd-socket-activate", "--accept", "--inetd", f"--listen={HELPER_SOCKET}",
                                            HELPER, "--socket-activated"], stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(HELPER_SOCKET), "the socket of polkit's helper")
        os.chmod(HELPER_SOCKET, 0o666)

    def _answers(self):
        expect(self.polkitd.poll() is None, "polkitd ended")
        # Calling polkitd directly would make the bus start another one.
        return "boolean true" in command(["dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.DBus",
                                          "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                                          "string:org.freedesktop.PolicyKit1"], check=False)[1]

    def stop(self):
        for daemon in filter(None, (self.helper, self.polkitd, self.bus)):
            daemon.terminate()
            daemon.wait(timeout=20)
        for path in (BUS, HELPER_SOCKET):
            if os.path.exists(path):
                os.unlink(path)
