#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qemu-ccw --qmp: hot-plug with hostid, on the real emulator. TAP.

Usage: check-qmp.py QEMU-CCW VIRT-CCW
"""

import json
import os
import socket
import subprocess
import sys

from files import temporary_folder
from tap import Tap
from waiting import happens

QEMU_CCW, VIRT_CCW = (os.path.abspath(path) for path in sys.argv[1:3])
DEADLINE = 60
tap = Tap()


def check(name, good, *why):
    tap.ok(good, name, *map(repr, why))


class Qemu:
    """A running qemu-ccw, which ends with the with statement."""

    def __init__(self, *arguments, **kwargs):
        self.process = subprocess.Popen([QEMU_CCW, *arguments, "--qmp", "qmp", "-S", "-nodefaults", "-display", "none"],
                                        stdin=subprocess.DEVNULL, **kwargs)

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Client:
    """A client of the monitor, which first reads the greeting."""

    def __init__(self):
        happens(self.connect)
        self.socket.settimeout(DEADLINE)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.greeting = json.loads(self.lines.readline())
        self.events = []  # events that arrived before an answer

    def connect(self):
        """A socket exists before it listens."""
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect("qmp")
        except (ConnectionRefusedError, FileNotFoundError):
            self.socket.close()
            return False
        return True

    def send(self, text):
        self.socket.sendall(text.encode())

    def answer(self):
        for line in self.lines:
            message = json.loads(line)
            if "event" not in message:
                return message
            self.events.append(message["event"])
        return None

    def event(self, name):
        if name in self.events:
            self.events.remove(name)
            return True
        return any(json.loads(line).get("event") == name for line in self.lines)

    def ask(self, command, **arguments):
        self.send(json.dumps({"execute": command, "arguments": arguments, "id": command}) + "\n")
        return self.answer()

    def device(self, name):
        return [self.ask("qom-get", path="/machine/peripheral/" + name, property=key).get("return")
                for key in ("type", "realized", "devno")]

    def close(self):
        self.lines.close()
        self.socket.close()


def hotplug(client):
    answer = client.ask("device_add", driver="vfio-ccw", id="d0", hostid="0.0.1234")
    check("device_add with hostid", answer == {"return": {}, "id": "device_add"} and
          client.device("d0") == ["vfio-ccw", True, "fe.0.1234"], answer, client.device("d0"))
    answer = client.ask("device_add", driver="vfio-ccw", id="d1", hostid="0.0.1235", guestid="fe.1.0001")
    check("and guestid", "return" in answer and client.device("d1") == ["vfio-ccw", True, "fe.1.0001"], answer)
    for name, arguments, message in (
            ("a device that does not exist", {"hostid": "0.0.4711"}, "hostid 0.0.4711: there is no mediated device "),
            ("a guest address that is none", {"hostid": "0.0.1234", "guestid": "0.0.x"}, "guestid: '0.0.x' is not"),
            ("one that contradicts the feature", {"hostid": "0.0.1234", "guestid": "0.0.1234"},
             "guestid 0.0.1234 of hostid 0.0.1234 is outside css fe")):
        answer = client.ask("device_add", driver="vfio-ccw", id="d2", **arguments)
        check(f"{name} is refused", answer.get("id") == "device_add" and
              answer["error"]["desc"].startswith(message) and "\n" not in answer["error"]["desc"], answer)
    answer = client.ask("device_add", driver="vfio-ccw", id="d2", hostid="0.0.1234")
    check("a device twice is refused by QEMU", "error" in answer, answer)
    answer = client.ask("device_del", id="d0")
    check("device_del", answer.get("return") == {} and client.event("DEVICE_DELETED"), answer)
    answer = client.ask("device_add", driver="vfio-ccw", id="d0", hostid="0.0.1234")
    check("and again in", "return" in answer, answer)


def stream(client):
    client.send('{"execute":"query-status","id":1}{"execute":"query-status",\n"id"')
    first = client.answer()
    client.send(":2}\n{'execute': 'query-status', 'id': '}3'}\n")
    rest = [client.answer(), client.answer()]
    check("commands in any number of lines and pieces, in either kind of quotes",
          [message.get("id") for message in (first, *rest)] == [1, 2, "}3"], first, rest)
    long = client.ask("qom-get", path="x" * 100000, property="type")
    check("a long command", "error" in long and long["id"] == "qom-get", str(long)[:100])
    answer = client.ask("query-qmp-schema")
    check("a long answer", len(answer["return"]) > 100, str(answer)[:100])


def run():
    with Qemu("--dasd", "0.0.1234=a.ckd", "--dasd", "0.0.1235=b.ckd", "-machine", "s390-ccw-virtio,s390-map-css=on",
              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        client = Client()
        check("the socket is its owner's alone", os.stat("qmp").st_mode & 0o777 == 0o600, oct(os.stat("qmp").st_mode))
        check("QEMU greets, and negotiates", "QMP" in client.greeting and "return" in client.ask("qmp_capabilities"))
        hotplug(client)
        stream(client)
        client.close()
        client = Client()
        check("the next client is greeted, too", "QMP" in client.greeting and
              "return" in client.ask("qmp_capabilities") and client.device("d1")[1] is True)
        second = subprocess.run([QEMU_CCW, "--qmp", "qmp"], capture_output=True, text=True, timeout=DEADLINE,
                                stdin=subprocess.DEVNULL, check=False)
        check("a path that exists is refused", second.returncode == 1 and len(second.stderr.splitlines()) == 1 and
              "--qmp: qmp exists already" in second.stderr and os.path.exists("qmp"), second)
        answer = client.ask("quit")
        check("quit is answered", answer == {"return": {}, "id": "quit"}, answer)
        output, _ = process.communicate(timeout=DEADLINE)
        check("QEMU ends well, without a message", (process.returncode, output) == (0, b""), process.returncode, output)
        client.close()
    check("the socket goes", happens(lambda: not os.path.exists("qmp")))
    free = subprocess.run([QEMU_CCW, "--dasd", "0.0.1234=a.ckd", "-version"], capture_output=True, timeout=DEADLINE,
                          check=False)
    check("the images are free", free.returncode == 0, free)


def killed():
    with Qemu("--dasd", "0.0.1234=a.ckd") as process:
        client = Client()
        process.kill()
        process.wait(DEADLINE)
    check("QEMU is killed: its client's connection ends, and the socket goes",
          client.lines.read() == "" and happens(lambda: not os.path.exists("qmp")))
    client.close()
    failed = subprocess.run([QEMU_CCW, "--dasd", "0.0.1234=none.ckd", "--qmp", "qmp"], capture_output=True, text=True,
                            timeout=DEADLINE, stdin=subprocess.DEVNULL, check=False)
    check("no image: nothing is left", failed.returncode == 1 and happens(lambda: not os.path.exists("qmp")), failed)


def main():
    with temporary_folder(prefix="qemu-ccw-") as tmp:
        os.chdir(tmp)
        for name in ("a.ckd", "b.ckd"):
            subprocess.run([VIRT_CCW, "dasd", "create", name, "--cylinders", "2"], check=True,
                           stdout=subprocess.DEVNULL)
        run()
        killed()
        os.chdir("/")
    tap.done()


if __name__ == "__main__":
    main()
