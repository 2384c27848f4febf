#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits of what a client can make virtccwd do before libvirt has authorised its call: virtccwd runs no program that a
client names, keeps no data of the client, and does not work for calls that fail. The emulator is a script that logs who
has started it; stock libvirtd itself runs it.

    untrusted.py VIRTCCWD
"""

import itertools
import os
import shutil
import statistics
import struct
import subprocess
import sys
import threading
import time

import private_libvirt
from files import read
from private_libvirt import FRONT
from proxy import GUEST_UUID, HOSTDEV, ProxyTest, domain
from rpc import CREATE, DEFINE, Client, string
from steps import Steps, command, expect
from waiting import wait_until

QEMU = "/usr/bin/qemu-system-s390x"
BIN = "/usr/local/bin"  # a folder of system programs, here with the test's own content
CACHE = "/var/cache"
RECORD = "/run/libvirt-ccw/started"
# Logs a line for each start: its user, and the program of each parent process.
SCRIPT = f"""#!/bin/sh
line=$(id -u)
pid=$PPID
while [ "$pid" -gt 1 ]; do
    line="$line $(readlink /proc/$pid/exe)"
    while read -r key value; do
        [ "$key" = PPid: ] && pid=$value
    done < /proc/$pid/status
done
echo "$line" >> {RECORD}
exit 1
"""
LISTS, CONNECTIONS, SPELLINGS = 15, 40, 600
FAILED_STARTS_SECONDS = 3
RATIO = 2  # the time of root's call through virtccwd, relative to a direct one, while others attack


class UntrustedTest(ProxyTest):
    def set_up(self):
        for folder in (BIN, CACHE):
            command(["mount", "-t", "tmpfs", "none", folder])
        os.makedirs(f"{CACHE}/libvirt")
        for name in ("qemu-system-s390x", "qemu-evil", "evil"):
            self.script(f"{BIN}/{name}")
        self.script(f"{self.libvirt.folder}/qemu-evil")
        os.symlink(f"{BIN}/qemu-evil", f"{self.libvirt.folder}/qemu-link")
        with open("/etc/libvirt/libvirtd.conf", "a", encoding="utf-8") as file:
            file.write('log_filters = "1:libvirt.domain"\nlog_outputs = "1:stderr"\n')
        self.libvirt.start_libvirtd()
        self.libvirt.start_virtccwd()
        self.virsh("create", "--paused", self.file("live.xml", domain("live", GUEST_UUID[:-2] + "a1")))

    @staticmethod
    def script(path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(SCRIPT)
        os.chmod(path, 0o755)

    @staticmethod
    def started_by(program):
        lines = read(RECORD).splitlines() if os.path.exists(RECORD) else []
        return [line for line in lines if program in line.split()[1:]]

    def expect_not_started(self):
        lines = self.started_by(os.path.realpath(self.libvirt.virtccwd))
        expect(not lines, f"virtccwd started a client's program {len(lines)} times: user and parents {lines[:1]}")

    def xml(self, emulator, name="evil"):
        return domain(name, GUEST_UUID[:-2] + "a2", HOSTDEV).replace(QEMU, emulator)

    def nameless(self, emulator):
        """libvirt rejects the name before it runs the emulator, which would take time."""
        return self.xml(emulator).replace("<name>evil</name>", "")

    def named(self):
        """Every call that can name an emulator, with every way to name it."""
        for emulator in (f"{BIN}/qemu-system-s390x", f"{BIN}/qemu-evil", f"{BIN}/evil", f"{BIN}/./qemu-evil",
                         f"{self.libvirt.folder}/qemu-evil", f"{self.libvirt.folder}/qemu-link"):
            path = self.file("evil.xml", self.xml(emulator))
            for line in (f"define {path}", f"define --validate {path}", f"create {path}", f"create {path} --validate",
                         f"domxml-to-native qemu-argv --xml {path}", f"domcapabilities --emulatorbin {emulator}",
                         f"domcapabilities --emulatorbin {emulator} --arch s390x --machine s390-ccw-virtio"):
                self.virsh(*line.split(), check=False)
            self.virsh("dominfo", "evil", check=False)
            self.virsh("undefine", "evil", check=False)
        expect(self.started_by(shutil.which("libvirtd")), "libvirt did not start the script: the test shows nothing")
        self.expect_not_started()

    def flipped(self):
        """A link to QEMU that is changed to the script while it is checked."""
        link = f"{self.libvirt.folder}/qemu-flip"
        done = threading.Event()

        def flip():
            while not done.is_set():
                for target in (QEMU, f"{self.libvirt.folder}/qemu-evil"):
                    os.symlink(target, link + ".new")
                    os.rename(link + ".new", link)

        os.symlink(QEMU, link)
        thread = threading.Thread(target=flip)
        thread.start()
        try:
            wire = Client(f"{FRONT}/libvirt-sock")
            for number in range(300):
                wire.call(DEFINE, string(self.nameless(f"{self.libvirt.folder}/{'./' * number}qemu-flip")))
        finally:
            done.set()
            thread.join()
        self.expect_not_started()

    @staticmethod
    def files(folder):
        return {os.path.join(path, name) for path, _, names in os.walk(folder) for name in names}

    def attack(self):
        """Sends DEFINEs on 40 connections, each with another spelling of an emulator, until it is killed. Prints a line
        when it has sent 600."""
        wires = [Client(f"{FRONT}/libvirt-sock") for _ in range(CONNECTIONS)]
        template = self.nameless("EMULATOR")
        for number in itertools.count():
            wire = wires[number % CONNECTIONS]
            if number >= CONNECTIONS:
                expect(b"name" in wire.receive(), "libvirt does not miss the name")
            spelled = f"/usr/{'./' * (number % SPELLINGS)}bin/qemu-system-s390x"
            wire.send(DEFINE, string(template.replace("EMULATOR", spelled)))
            if number == SPELLINGS:
                print("sent", flush=True)

    @staticmethod
    def time_list(virsh):
        started = time.monotonic()
        virsh("list", "--all")
        return time.monotonic() - started

    def spellings(self):
        """While others attack, root does not wait longer than without virtccwd, and no memory stays in use."""
        before = self.files(CACHE) | self.files("/run/libvirt-ccw")
        with subprocess.Popen([sys.executable, __file__, "--attack", self.libvirt.virtccwd], stdout=subprocess.PIPE,
                              text=True) as attacker:
            try:
                expect(attacker.stdout.readline() == "sent\n", "the attacker ended")
                times = [(self.time_list(self.virsh), self.time_list(self.direct)) for _ in range(LISTS)]
                expect(attacker.poll() is None, "the attacker ended")
            finally:
                attacker.kill()
        through, past = (statistics.median(column) for column in zip(*times))
        expect(through <= RATIO * past, f"virsh list takes {through:.3f} s through virtccwd and {past:.3f} s past it")
        new = (self.files(CACHE) | self.files("/run/libvirt-ccw")) - before
        expect(not [name for name in new if "libvirt-ccw" in name], f"virtccwd keeps {sorted(new)}")

    def journal(self):
        """Repeated calls of a client do not enlarge the log."""
        wire = Client(f"{FRONT}/libvirt-sock")
        off = self.xml(QEMU, "logged").replace("<devices>", "<features><s390-map-css state='off'/></features><devices>")
        for _ in range(60):
            wire.call(DEFINE, string(off))
        wait_until(lambda: "s390-map-css is off" in read(self.libvirt.virtccwd_log), "the first line")
        lines = read(self.libvirt.virtccwd_log).count("a domain that is defined or created")
        expect(lines <= 20, f"{lines} lines in the log")
        self.virsh("undefine", "logged")

    def looks(self):
        """Returns how often virtccwd has asked libvirt for the running domains."""
        return read(self.libvirt.libvirtd_log).count("virConnectListAllDomains:")

    def failed_starts(self):
        """After a failed start the watcher looks for devices to release, but not once for each failed start."""
        wire = Client(f"{FRONT}/libvirt-sock")
        nothing = string("nothing") + bytes(16) + struct.pack(">i", -1)
        before, failed = self.looks(), 0
        end = time.monotonic() + FAILED_STARTS_SECONDS
        while time.monotonic() < end:
            expect(b"nothing" in wire.call(CREATE, nothing), "there is such a domain")
            failed += 1
        looks = self.looks() - before
        expect(1 <= looks <= FAILED_STARTS_SECONDS + 1, f"{looks} looks for {failed} failed starts")

    def capable(self):
        """Domain capabilities have ccw where libvirt reports that the emulator has vfio-ccw."""
        other = f"{self.libvirt.folder}/qemu-without"
        with open(QEMU, "rb") as file:
            data = file.read()
        with open(other, "wb") as file:
            file.write(data.replace(b"vfio-ccw\0", b"vfio-xxx\0"))
        os.chmod(other, 0o755)
        arguments = ("domcapabilities", "--arch", "s390x", "--emulatorbin")
        expect("<value>ccw</value>" in self.virsh(*arguments, QEMU)[1], "it is not told of QEMU")
        ours, stock = self.virsh(*arguments, other)[1], self.direct(*arguments, other)[1]
        expect("<machine>s390-ccw-virtio" in ours and ours == stock, f"an emulator without vfio-ccw:\n{ours}")
        self.fails("VFIO CCW device assignment is not supported by this version of QEMU", "define",
                   self.file("without.xml", self.xml(other, "without")))


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--attack":
        UntrustedTest(sys.argv[2]).attack()
    if len(sys.argv) != 2:
        print("usage: untrusted.py VIRTCCWD", file=sys.stderr)
        sys.exit(2)
    private_libvirt.enter()
    test = UntrustedTest(os.path.abspath(sys.argv[1]))
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    steps.run("libvirtd and virtccwd start", test.set_up)
    steps.run("virtccwd starts no emulator that a client names", test.named)
    steps.run("virtccwd starts no emulator that changes while it is checked", test.flipped)
    steps.run("600 spellings of an emulator delay no other client and leave nothing", test.spellings)
    steps.run("warnings do not fill the log", test.journal)
    steps.run("failed starts do not keep the watcher busy", test.failed_starts)
    steps.run("libvirt reports what an emulator supports", test.capable)
    steps.done()


if __name__ == "__main__":
    main()
