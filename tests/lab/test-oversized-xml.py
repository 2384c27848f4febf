#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A domain whose XML is longer than libvirt's protocol allows, made so by a client who may change metadata. virtccwd
still works on every device that this domain does not have, and never takes a device from it. Run as:
test-oversized-xml.py VIRT-CCW"""

import os
import struct
import sys

from daemons import processes, qemu_of, text_of
from files import temporary_folder
from labtest import DAEMON_LOGS, inside_a_lab, mdev_of
from races import BACKEND, CCW, DEVICES, FIRST, Host, UUIDS
from rpc import SET_METADATA, Client, is_ok, string
from steps import SLOWER, Steps, command, expect
from waiting import wait_until

SECOND = DEVICES[1]
SECOND_NODE = f"ccw_0_0_{SECOND[4:]}"
FRONT = "/run/libvirt/libvirt-sock"
DIRECT = ("-c", f"qemu+unix:///system?socket={BACKEND}")
ELEMENT, LIVE = 2, 1  # of libvirt's virDomainMetadataType and virDomainModificationImpact
LENGTH = 3 << 20  # bytes of one element; libvirt's protocol has no string of more than 4 MiB
STATUS_LENGTH = 20 << 20  # bytes of libvirt's status file
MEMORY_MAX = 128 << 10  # KiB that virtccwd may ever have used


def set_metadata(client, name, key, content):
    arguments = [client.find_domain(name), struct.pack(">i", ELEMENT)]
    for text in (content, key, f"urn:{key}"):
        arguments.append(struct.pack(">I", 1) + string(text) if text else struct.pack(">I", 0))
    reply = client.call(SET_METADATA, b"".join(arguments) + struct.pack(">I", LIVE))
    expect(is_ok(reply), f"libvirt refuses metadata {key}: {reply[:400]}")


class OversizedXml:
    def __init__(self, host):
        self.host = host
        self.client = Client(FRONT, timeout=60 * SLOWER)

    def grow(self):
        """Enlarges the metadata of guest two, which has a device, by a client who may change nothing else."""
        self.host.virsh("attach-device", "two", self.host.devices[SECOND], "--live")
        for key in ("a", "b"):
            set_metadata(self.client, "two", key, f"<a>{'x' * LENGTH}</a>")
        code, output = self.host.tries("dumpxml", "two")
        expect(code == 1, f"libvirt sends {len(output)} bytes of XML")
        self.expect_kept()

    def expect_kept(self):
        """Checks that two still has its device."""
        entry = self.host.entry(SECOND)
        expect(entry and (entry["state"], entry["domain"]) == ("owned", UUIDS["two"]), f"the journal says {entry}")
        qtree = self.host.virsh("qemu-monitor-command", "two", "--hmp", "info qtree")
        expect(mdev_of(SECOND) in qtree, "QEMU has lost it")

    def is_back(self, bus_id):
        return not self.host.entry(bus_id) and not os.path.exists(f"/sys/bus/mdev/devices/{mdev_of(bus_id)}")

    def there_and_back(self):
        for verb in ("detach", "reset", "reattach"):
            self.host.virsh(f"nodedev-{verb}", CCW)
        expect(self.is_back(FIRST), "it is not back")
        for verb in ("detach", "reset", "reattach"):
            command([self.host.virt_ccw, verb, "--connect", DIRECT[1], FIRST])
        expect(self.is_back(FIRST), "it is not back")

    def unplugged(self):
        """Detaches directly at libvirtd: virtccwd learns of it only by an event."""
        self.host.virsh("attach-device", "one", self.host.device, "--live")
        stock = f"<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address uuid='{mdev_of(FIRST)}'/>" \
                "</source></hostdev>"
        self.host.virsh(*DIRECT, "detach-device", "one", self.host.file(stock, "stock"), "--live")
        wait_until(lambda: self.is_back(FIRST), "virtccwd releases it")
        self.expect_kept()

    def reconciled(self):
        """Gets the XML as another process gets it from libvirt."""
        code, output = command([self.host.virt_ccw, "reconcile", "--connect", DIRECT[1]], check=False)
        expect(code == 0 and "nothing to do" in output, f"virt-ccw reconcile, {code}: {output}")
        self.expect_kept()

    def kept(self):
        """All processes that need it ask for it."""
        for verb in ("detach", "reattach", "reset"):
            self.host.fails("in use by driver QEMU, domain two", f"nodedev-{verb}", SECOND_NODE)
        self.host.fails("in use by", "attach-device", "one", self.host.devices[SECOND], "--live")
        self.expect_kept()

    def in_the_journal_of_another(self):
        """The journal says that one has the device. In truth two has it, and the kernel knows."""
        path = f"/run/libvirt-ccw/devices/{SECOND}.json"
        text = text_of(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(UUIDS["two"], UUIDS["one"]))
        code, output = command([self.host.virt_ccw, "reconcile", "--connect", DIRECT[1]], check=False)
        expect(code == 1 and f"process {qemu_of('two')} (" in output and "has it open" in output,
               f"virt-ccw reconcile, {code}: {output}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.expect_kept()

    def status_file(self, note):
        """libvirt's status file of two is long, and has many small elements. virtccwd searches it for the guest's name."""
        path, key = "/run/libvirt/qemu/two.xml", 0
        while os.path.getsize(path) <= STATUS_LENGTH:
            set_metadata(self.client, "two", f"k{key}", f"<a>{'<b/>' * (LENGTH // 4)}</a>")
            key += 1
        self.host.fails("in use by driver QEMU, domain two", "nodedev-reattach", SECOND_NODE)
        peak = max(int(line.split()[1]) for pid in processes("virtccwd")
                   for line in text_of(f"/proc/{pid}/status").splitlines() if line.startswith("VmHWM:"))
        note(f"the status file has {os.path.getsize(path) >> 20} MiB; virtccwd has used {peak >> 10} MiB at most")
        expect(peak < MEMORY_MAX, f"virtccwd has used {peak} KiB")
        self.there_and_back()
        self.expect_kept()

    def ended(self):
        self.client.close()
        self.host.destroy("two")
        self.host.comes_back()


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        host = Host(virt_ccw, folder)
        host.start("one", "two")
        oversized = OversizedXml(host)
        steps.run("a client makes the XML of a guest too long for libvirt to send", oversized.grow)
        steps.run("another device is detached, reset and reattached", oversized.there_and_back)
        steps.run("virtccwd releases a device that another guest has lost", oversized.unplugged)
        steps.run("virt-ccw reconcile checks the devices of other guests", oversized.reconciled)
        steps.run("the guest keeps its own device", oversized.kept)
        steps.run("also if the journal says that another guest has it", oversized.in_the_journal_of_another)
        if SLOWER == 1:  # an emulated machine takes minutes to write the file
            steps.run("a long status file changes nothing, and costs no memory", oversized.status_file, steps.note)
        steps.run("its device is released when it has ended", oversized.ended)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, DEVICES))
