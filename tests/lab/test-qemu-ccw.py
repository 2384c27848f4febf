#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qemu-ccw with devices of the host, here a lab's: it acquires them, and releases all of them however it or QEMU ends.
QEMU is paused. Run as: test-qemu-ccw.py VIRT-CCW"""

import json
import os
import signal
import subprocess
import sys

from files import temporary_folder
from hosttree import differences, snapshot
from labtest import give_to_host, inside_a_lab, mdev_of
from qemuccw import Running
from steps import Steps, command, expect
from waiting import DEADLINE

DOMAIN = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
OWNER = "qemu-ccw:"
FIRST, SECOND, ABSENT = "0.0.1234", "0.0.1235", "0.0.4321"
JOURNAL = "/run/libvirt-ccw/devices"


class QemuCcw:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.qemu_ccw = os.path.join(os.path.dirname(virt_ccw), "qemu-ccw")
        self.before = snapshot()

    def argv(self, *arguments, hosts=(FIRST,)):
        devices = [word for bus_id in hosts for word in ("-device", f"vfio-ccw,id=d{bus_id[4:]},hostid={bus_id}")]
        return [self.qemu_ccw, "-machine", "s390-ccw-virtio,s390-map-css=on",
                "-S", "-nodefaults", "-display", "none", *devices, *arguments]

    def start(self, hosts=(FIRST,)):
        path = os.path.join(self.folder, "qmp")
        if os.path.exists(path):
            os.unlink(path)
        return Running(self.argv("-qmp", f"unix:{path},server=on,wait=off", hosts=hosts), path)

    def fails(self, words, *arguments, hosts=(FIRST,), prefix=()):
        tree = snapshot()
        code, output = command([*prefix, *self.argv(*arguments, hosts=hosts)], check=False)
        expect(code == 1 and words in output and output.count("\n") == 0, f"exit code {code}: {output}")
        lines = differences(tree, snapshot())
        expect(not lines, "\n".join(lines))

    def listed(self, bus_id):
        return command([self.virt_ccw, "list", "--json", bus_id])[1]

    def is_taken(self, bus_id):
        line = self.listed(bus_id)
        expect("vfio_ccw" in line and mdev_of(bus_id) in line and OWNER in line, line)

    def as_before(self):
        lines = differences(self.before, snapshot())
        expect(not lines, "\n".join(lines))
        left = [name for name in os.listdir(JOURNAL) if name.endswith(".json")]
        expect(not left, f"left in the journal: {left}")

    def hook(self, operation, sub_operation, uuid, *bus_ids):
        hostdevs = "".join("<hostdev mode='subsystem' type='mdev' managed='yes' model='vfio-ccw'>"
                           f"<source><address uuid='{mdev_of(bus_id)}'/></source></hostdev>" for bus_id in bus_ids)
        xml = f"<domain type='qemu'><name>g</name><uuid>{uuid}</uuid><devices>{hostdevs}</devices></domain>"
        subprocess.run([self.virt_ccw, "hook", "--", "g", operation, sub_operation, "-"], input=xml, text=True,
                       timeout=DEADLINE, check=True)

    def there_and_back(self):
        qemu = self.start(hosts=(FIRST, SECOND))
        for bus_id in (FIRST, SECOND):
            self.is_taken(bus_id)
        answer = qemu.monitor.ask("qom-get", path="/machine/peripheral/d1234", property="realized")
        expect(answer == {"return": True}, answer)
        self.fails("hostid 0.0.1234: ccw device 0.0.1234 is in use by qemu-ccw, process ")
        qemu.monitor.ask("quit")
        code, output = qemu.end()
        expect((code, output) == (0, ""), f"{code}: {output}")
        self.as_before()

    def signalled(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            qemu = self.start()
            self.is_taken(FIRST)
            qemu.process.send_signal(number)
            code, output = qemu.end()
            expect(code == 0 and "terminating on signal" in output, f"{number}: {code}: {output}")
            self.as_before()

    def kill(self):
        qemu = self.start()
        qemu.process.kill()
        expect(qemu.end()[0] == -signal.SIGKILL, "it ended by itself")
        self.is_taken(FIRST)

    def killed(self):
        self.kill()
        self.hook("release", "end", DOMAIN)
        self.as_before()

    def like_a_domain(self):
        """A client may define a domain with any UUID, also the one that older versions had in the journal."""
        qemu = self.start()
        pid = int(json.loads(self.listed(FIRST))[0]["owner"].removeprefix(OWNER))
        for operation, sub_operation in (("started", "begin"), ("release", "end"), ("reconnect", "begin")):
            self.hook(operation, sub_operation, f"cc390000-0002-8000-8000-{pid:012}")
            self.is_taken(FIRST)
        qemu.process.terminate()
        qemu.end()
        self.as_before()

    def killed_and_started(self):
        self.kill()
        qemu = self.start()
        self.is_taken(FIRST)
        qemu.process.terminate()
        qemu.end()
        self.as_before()

    def rejected(self):
        self.hook("prepare", "begin", DOMAIN, SECOND)
        self.fails(f"hostid {SECOND}: ccw device {SECOND} is in use by domain {DOMAIN}", hosts=(FIRST, SECOND))
        self.hook("release", "end", DOMAIN)
        self.fails(f"hostid {ABSENT}: there is no ccw device {ABSENT}", hosts=(FIRST, ABSENT))
        self.fails("run qemu-ccw as root and without -daemonize", "-daemonize")
        self.as_before()

    def qemu_does_not_start(self):
        self.fails("-nosuch: invalid option", "-nosuch")
        code, output = command(self.argv("-device", "nosuch"), check=False)
        expect(code == 1 and "nosuch" in output, f"exit code {code}: {output}")
        self.as_before()

    def prepared(self):
        """The administrator removes the device without us."""
        self.hook("prepare", "begin", DOMAIN, FIRST)
        os.unlink(f"{JOURNAL}/{FIRST}.json")
        tree = snapshot()
        qemu = self.start()
        qemu.process.terminate()
        qemu.end()
        lines = differences(tree, snapshot())
        expect(not lines, "\n".join(lines))

    def plugged(self):
        path = os.path.join(self.folder, "plug")
        qemu = Running(self.argv("--qmp", path, hosts=()), path)
        answer = qemu.monitor.ask("device_add", driver="vfio-ccw", id="d0", hostid=SECOND)
        expect(answer == {"return": {}}, answer)
        self.is_taken(SECOND)
        answer = qemu.monitor.ask("device_add", driver="vfio-ccw", id="d1", hostid=ABSENT)
        expect(f"hostid {ABSENT}: there is no ccw device" in answer["error"]["desc"], answer)
        os.killpg(qemu.process.pid, signal.SIGTERM)  # also to the monitor's process, as timeout(1) does
        qemu.end()
        expect(not os.path.exists(path), "the monitor's socket was left")


def inside(virt_ccw):
    with temporary_folder() as folder:
        test = QemuCcw(virt_ccw, folder)
        steps = Steps(False)
        steps.run("two devices are acquired, and released at QEMU's end", test.there_and_back)
        steps.run("a signal is passed on, and ends it as well", test.signalled)
        steps.run("killed: QEMU ends, and reconciling releases the device", test.killed)
        steps.run("killed: the next qemu-ccw acquires it again", test.killed_and_started)
        steps.run("a domain with a UUID like its owner's cannot take its device", test.like_a_domain)
        steps.run("an unavailable device is refused, and the host is unchanged", test.rejected)
        steps.run("QEMU does not start: all devices are released", test.qemu_does_not_start)
        steps.run("plugged in by --qmp, it is released at QEMU's end", test.plugged)
        steps.run("and all is as before", test.as_before)
        steps.run("a device that the administrator has prepared is used and left", test.prepared)
        steps.run("and undone by the administrator", give_to_host, FIRST)
        steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
