#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stock virsh and stock libvirtd with virtccwd between them: data without our devices passes unchanged, and users read
and write our devices as the element. It has no channel device; the lab has some. auth.py tests authentication.

    proxy.py VIRTCCWD
"""

import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys

import private_libvirt
from files import read, write
from private_libvirt import Private
from steps import Steps, command, expect
from waiting import wait_until

UUID = "cc390000-0001-8000-8000-000000001234"
SOURCE = "<source><address devno='0x1234'/></source>"
HOSTDEV = f"<hostdev mode='subsystem' type='ccw' managed='yes'>{SOURCE}</hostdev>"
GUEST_UUID = "5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0a001"
TEST = "test:///default"
RESTARTS = 3


def domain(name, uuid, devices="", features=""):
    return f"""<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>{features}
<devices><emulator>/usr/bin/qemu-system-s390x</emulator>{devices}</devices></domain>"""


class ProxyTest:
    def __init__(self, virtccwd):
        self.libvirt = Private(virtccwd)
        self.virsh = self.libvirt.virsh
        self.direct = self.libvirt.virsh_direct

    def file(self, name, text):
        return write(os.path.join(self.libvirt.folder, name), text)

    def fails(self, words, *arguments, **kwargs):
        code, output = self.virsh(*arguments, check=False, **kwargs)
        expect(code != 0, f"virsh {' '.join(arguments)} succeeded: {output}")
        expect(words in output, f"virsh {' '.join(arguments)} says\n{output}\nand not '{words}'")
        return output

    # Data without our devices.

    def same_words(self):
        """The same bytes in both directions, of libvirt's test driver and of libvirt's errors."""
        self.direct("define", self.file("plain.xml", domain("plain", "5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0a002")))
        for uri, lines in ((TEST, ("list --all", "dumpxml test", "nodeinfo", "capabilities", "net-dumpxml default",
                                   "pool-list --details", "vol-list default-pool", "iface-list", "domstats",
                                   "nodedev-list", "domjobinfo test", "snapshot-list test", "dumpxml nothing")),
                           ("qemu:///system", ("list --all", "dumpxml plain", "dumpxml plain --inactive", "domid plain",
                                               "capabilities", "vol-list nothing", "snapshot-current plain",
                                               "domcapabilities --arch x86_64", "start nothing"))):
            for line in lines:
                ours = self.virsh(*line.split(), uri=uri, check=False)
                stock = self.direct(*line.split(), uri=uri, check=False)
                expect(ours == stock, f"'{line}' of {uri}: through virtccwd\n{ours}\nand without\n{stock}")

    def big_reply_and_stream(self):
        """Some MiB in each direction of a stream, with their checksum."""
        folder = os.path.join(self.libvirt.folder, "pool")
        os.mkdir(folder)
        content = os.urandom(65536) * 80
        source = os.path.join(self.libvirt.folder, "source")
        target = os.path.join(self.libvirt.folder, "target")
        with open(source, "wb") as file:
            file.write(content)
        self.virsh("pool-create-as", "pool", "dir", "--target", folder)
        self.virsh("vol-create-as", "pool", "volume", str(len(content)))
        self.virsh("vol-upload", "--pool", "pool", "volume", source)
        self.virsh("vol-download", "--pool", "pool", "volume", target)
        with open(target, "rb") as file:
            expect(hashlib.sha256(file.read()).digest() == hashlib.sha256(content).digest(), "other bytes came back")
        self.virsh("pool-destroy", "pool")

    def descriptors(self):
        """virDomainFDAssociate: libvirtd waits for all announced descriptors."""
        with open("/dev/null", "rb") as one, open("/dev/zero", "rb") as two:
            numbers = [file.fileno() for file in (one, two)]
            self.virsh("dom-fd-associate", "plain", "--name", "disk", "--pass-fds", ",".join(map(str, numbers)),
                       pass_fds=numbers)

    def events(self):
        """An event that one client causes reaches another client."""
        listener = subprocess.Popen(["virsh", "-c", "qemu:///system", "event", "--event", "lifecycle", "--loop",
                                     "--timeout", "20"], stdout=subprocess.PIPE, text=True)
        xml = self.file("event.xml", domain("event", "5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0a004"))
        try:
            lines = []
            while not lines:  # the client may not have been listening yet
                self.virsh("define", xml)
                self.virsh("undefine", "event")
                os.set_blocking(listener.stdout.fileno(), False)
                lines = [line for line in listener.stdout.readlines() if "event" in line]
            expect("Defined" in lines[0] or "Undefined" in lines[0], f"virsh event says {lines}")
        finally:
            listener.kill()
            listener.wait()

    # Our devices.

    def define_and_dump(self):
        self.virsh("define", self.file("guest.xml", domain("guest", GUEST_UUID, HOSTDEV)))
        ours = self.virsh("dumpxml", "guest")[1]
        stock = self.direct("dumpxml", "guest")[1]
        expect(re.search(r"<hostdev mode='subsystem' type='ccw' managed='yes'>\s*<source>\s*"
                         r"<address cssid='0x0' ssid='0x0' devno='0x1234'/>\s*</source>\s*"
                         r"<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/>", ours),
               f"virsh dumpxml has no such hostdev:\n{ours}")
        expect(UUID in stock and "type='mdev'" in stock, f"libvirt has no such mdev:\n{stock}")
        expect(UUID not in ours, f"our UUID shows:\n{ours}")
        return ours

    def edit(self):
        """virsh edit reads the element, changes it, and defines it."""
        env = dict(os.environ, EDITOR="sed -i s/0x1234/0x1235/g")
        self.virsh("edit", "guest", env=env)
        expect("devno='0x1235'" in self.virsh("dumpxml", "guest")[1], "the edit did not stay")
        self.virsh("define", self.file("again.xml", self.define_and_dump()))

    def feature(self):
        features = "<features><s390-map-css state='off'/></features>"
        self.virsh("define", self.file("off.xml", domain("off", "5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0a005", HOSTDEV,
                                                         features)))
        ours = self.virsh("dumpxml", "off")[1]
        expect("<s390-map-css state='off'/>" in ours, f"the feature is lost:\n{ours}")
        expect("<address type='ccw' cssid='0x0' ssid='0x0' devno='0x1234'/>" in ours, f"not in its own css:\n{ours}")
        self.virsh("detach-device", "off", self.file("hostdev.xml", HOSTDEV), "--config")
        self.virsh("attach-device", "off", self.file("hostdev.xml", HOSTDEV), "--config")
        ours = self.virsh("dumpxml", "off")[1]
        expect("<address type='ccw' cssid='0x0' ssid='0x0' devno='0x1234'/>" in ours,
               f"an attach does not know the domain's feature:\n{ours}")
        self.virsh("undefine", "off")

    def snapshot(self):
        """<domain> and <inactiveDomain> of a snapshot are domains too."""
        inside = self.virsh("dumpxml", "guest")[1]
        inactive = inside.replace("<domain ", "<inactiveDomain ").replace("</domain>", "</inactiveDomain>")
        xml = f"""<domainsnapshot><name>s1</name><state>running</state><creationTime>1700000000</creationTime>
<memory snapshot='no'/>{inside}{inactive}</domainsnapshot>"""
        self.virsh("snapshot-create", "guest", self.file("snapshot.xml", xml), "--redefine")
        ours = self.virsh("snapshot-dumpxml", "guest", "s1")[1]
        stock = self.direct("snapshot-dumpxml", "guest", "s1")[1]
        expect(ours.count("type='ccw' managed") == 2 and UUID not in ours, f"not raised:\n{ours}")
        expect(stock.count(UUID) == 2, f"not lowered:\n{stock}")
        self.virsh("snapshot-delete", "guest", "s1", "--metadata")

    def invalid(self):
        bad = HOSTDEV.replace("0x1234", "0x123456")
        words = self.fails("0x123456", "define", self.file("bad.xml", domain("bad", GUEST_UUID[:-1] + "9", bad)))
        expect("XML error" in words, words)
        expect("bad" not in self.direct("list", "--all", "--name")[1].split(), "libvirt has it nevertheless")
        torn = self.file("torn.xml", domain("torn", GUEST_UUID[:-1] + "8", HOSTDEV)[:-3])
        ours = self.virsh("define", torn, check=False)
        expect(ours == self.direct("define", torn, check=False), f"not libvirt's own words: {ours}")

    def attach(self):
        """Attaches a device that this machine does not have to a running domain: the host reports the error."""
        hostdev = self.file("hostdev.xml", HOSTDEV)
        self.virsh("create", "--paused", self.file("live.xml", domain("live", GUEST_UUID[:-1] + "7")))
        words = self.fails("0.0.1234", "attach-device", "live", hostdev, "--live")
        expect(UUID not in words, words)
        expect("VFIO support" not in words, f"libvirt did not get as far as the device: {words}")
        expect("hostdev" not in self.virsh("dumpxml", "live")[1], "it is in the domain nevertheless")
        self.fails("0.0.1234", "detach-device", "live", hostdev, "--live")
        self.virsh("attach-device", "guest", hostdev, "--config", check=False)
        self.virsh("destroy", "live")
        return words

    def start_fails(self):
        words = self.fails("0.0.1234", "start", "guest")
        expect(UUID not in words, words)

    def other_rows(self):
        """Procedures that fail here, but whose arguments the table must describe to their last byte."""
        xml = self.file("guest2.xml", domain("guest", GUEST_UUID, HOSTDEV))
        hostdev = self.file("hostdev.xml", HOSTDEV)
        image = self.file("image", "no image")
        for line in (f"save guest {image} --xml {xml}", f"restore {image} --xml {xml}",
                     f"save-image-define {image} {xml}", f"save-image-dumpxml {image}",
                     f"managedsave-define guest {xml}", "managedsave-dumpxml guest",
                     f"update-device guest {hostdev} --config", f"checkpoint-create guest {xml}",
                     f"create {xml} --validate", f"define {xml} --validate", "checkpoint-dumpxml guest c"):
            self.virsh(*line.split(), check=False)
        misfits = [line for line in read(self.libvirt.virtccwd_log).splitlines() if "not laid out" in line]
        expect(not misfits, "\n".join(misfits))

    # Clients and daemons.

    def not_root(self):
        """Without polkit (auth.py has one), only root gets in."""
        user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        for option in ([], ["-r"]):
            code, output = command([*user, "virsh", *option, "-c", "qemu:///system", "list"], check=False)
            expect(code == 1 and "authentication failed: polkit cannot be asked" in output,
                   f"exit code {code}: {output}")

    def read_only(self):
        expect("guest" in self.virsh("-r", "list", "--all")[1], "the read-only socket lists no domain")
        self.fails("read only", "-r", "undefine", "guest")
        self.fails("read only", "-r", "attach-device", "guest", self.file("hostdev.xml", HOSTDEV), "--config")

    def hostile_client(self):
        """Invalid bytes only end their own connection: before the login, and after it."""
        listing = struct.pack(">IIIiIII", 28, 0x20008086, 1, 66, 0, 1, 0)
        for first in (b"", listing):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect("/run/libvirt/libvirt-sock")
                if first:
                    client.sendall(first)
                    expect(client.recv(100).endswith(struct.pack(">II", 1, 0)), "root is not let in")
                client.sendall(b"GET / HTTP/1.0\r\n\r\n" + b"x" * 64)
                try:
                    expect(client.recv(100) == b"", "it was answered")
                except ConnectionResetError:
                    pass
        self.virsh("uri")

    def many(self):
        clients = [subprocess.Popen(["virsh", "-c", TEST, "dumpxml", "test"], stdout=subprocess.DEVNULL)
                   for _ in range(15)]
        expect([client.wait(timeout=60) for client in clients] == [0] * 15, "not all of 15 clients at once were served")

    def backend_dies(self):
        """A client that waits for events gets the same events as libvirtd's own clients."""
        folders = (private_libvirt.FRONT, private_libvirt.BACKEND)
        front, stock = (subprocess.Popen(["virsh", "-c", f"qemu+unix:///system?socket={folder}/libvirt-sock", "event",
                                          "--all", "--loop"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                        for folder in folders)
        xml = self.file("dies.xml", domain("dies", "5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0a00d"))
        for listener in (front, stock):  # it listens once it has received an event
            os.set_blocking(listener.stdout.fileno(), False)
            while not listener.stdout.readlines():
                self.virsh("define", xml)
                self.virsh("undefine", "dies")
        self.libvirt.stop(self.libvirt.libvirtd, signal.SIGKILL)
        said = []
        for listener, folder in ((front, folders[0]), (stock, folders[1])):
            code = listener.wait(timeout=20)
            os.set_blocking(listener.stdout.fileno(), True)
            said.append((code, [line.replace(folder, "FOLDER") for line in listener.stdout.readlines()
                                if not line.startswith("event")]))
        expect(said[0] == said[1], f"virtccwd's client says {said[0]}, libvirtd's own {said[1]}")
        self.libvirt.start_libvirtd()

    def backend_restarts(self):
        self.restart_libvirtd(signal.SIGTERM, lambda: self.fails("cannot connect to libvirt behind virtccwd", "list"))
        self.virsh("list")

    def restart_libvirtd(self, number, meanwhile=lambda: None):
        """Returns when virtccwd has its own connection to the new libvirtd."""
        def is_watching():
            log = read(self.libvirt.virtccwd_log)
            return log.rfind("watching domains") > log.rfind("lost the connection to libvirt")

        wait_until(is_watching, "virtccwd's own connection")
        self.libvirt.stop(self.libvirt.libvirtd, number)
        wait_until(lambda: not is_watching(), "virtccwd to see that libvirtd has gone")
        meanwhile()
        self.libvirt.start_libvirtd()
        wait_until(is_watching, "virtccwd's own connection to the new libvirtd")

    def no_descriptors_lost(self):
        """virtccwd has as many descriptors as before, however often libvirtd is killed and started."""
        def opened():
            return sorted(os.readlink(f"/proc/{self.libvirt.proxy.pid}/fd/{number}").partition(":")[0]
                          for number in os.listdir(f"/proc/{self.libvirt.proxy.pid}/fd"))

        self.restart_libvirtd(signal.SIGKILL)
        before = opened()
        for _ in range(RESTARTS):
            self.restart_libvirtd(signal.SIGKILL)
        wait_until(lambda: opened() == before, f"virtccwd to have only {before} open again")

    def second_start(self):
        code, output = command([self.libvirt.virtccwd], check=False)
        expect(code == 1 and "another process listens" in output and len(output.splitlines()) == 1, f"{code}: {output}")
        code, output = command([self.libvirt.virtccwd, "--nonsense"], check=False)
        expect(code == 2, f"{code}: {output}")
        self.virsh("list")

    def killed_and_started(self):
        self.libvirt.stop(self.libvirt.proxy, signal.SIGKILL)
        expect(os.path.exists("/run/libvirt/libvirt-sock"), "there is no stale socket to start over")
        self.libvirt.start_virtccwd()
        self.virsh("list")

    def hook(self):
        """If libvirt has no hook of ours, or may not have noticed it, virtccwd warns when it starts. libvirtd runs for
        seconds here."""
        expect("libvirt has no hook that calls virt-ccw" in read(self.libvirt.virtccwd_log), "not a word of it")
        os.makedirs("/etc/libvirt/hooks/qemu.d")
        with open("/etc/libvirt/hooks/qemu.d/ours", "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexec virt-ccw hook -- \"$@\"\n")
        os.chmod(file.name, 0o755)
        for words, number in ((f"newer than libvirt's process {self.libvirt.libvirtd.pid}", 1), ("no hook", 0)):
            self.libvirt.stop(self.libvirt.proxy)
            os.truncate(self.libvirt.virtccwd_log, 0)
            self.libvirt.start_virtccwd()
            expect(read(self.libvirt.virtccwd_log).count(words) == number, f"{number} times '{words}'")
        self.libvirt.stop(self.libvirt.libvirtd)
        self.libvirt.stop(self.libvirt.proxy)
        self.libvirt.start_libvirtd()
        os.truncate(self.libvirt.virtccwd_log, 0)
        self.libvirt.start_virtccwd()
        expect("newer" not in read(self.libvirt.virtccwd_log), "it is not newer any more")

    def terminated(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            code = self.libvirt.stop(self.libvirt.proxy, number)
            expect(code == 0, f"exit code {code} after signal {number}")
            left = [name for name in ("libvirt-sock", "libvirt-sock-ro") if os.path.exists(f"/run/libvirt/{name}")]
            expect(not left, f"it left {left}")
            self.libvirt.start_virtccwd()


def main():
    if len(sys.argv) != 2:
        print("usage: proxy.py VIRTCCWD", file=sys.stderr)
        sys.exit(2)
    private_libvirt.enter()
    test = ProxyTest(os.path.abspath(sys.argv[1]))
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    steps.run("libvirtd starts", test.libvirt.start_libvirtd)
    steps.run("virtccwd starts", test.libvirt.start_virtccwd)
    steps.run("data without our devices is the same to the byte", test.same_words)
    steps.run("streams pass", test.big_reply_and_stream)
    steps.run("file descriptors pass", test.descriptors)
    steps.run("events pass", test.events)
    steps.run("define and dumpxml know the element", test.define_and_dump)
    steps.run("edit knows it", test.edit)
    steps.run("the feature is kept, and an attach asks for it", test.feature)
    steps.run("snapshots know it", test.snapshot)
    steps.run("malformed XML is refused by name", test.invalid)
    steps.note(steps.run("an attach of a device that is not there is refused", test.attach))
    steps.run("a start without the device says which", test.start_fails)
    steps.run("every other row fits libvirt's arguments", test.other_rows)
    steps.run("without polkit all users but root are refused, with a reason", test.not_root)
    steps.run("the read-only socket is read-only", test.read_only)
    steps.run("a hostile client only ends its own connection", test.hostile_client)
    steps.run("15 clients at once", test.many)
    steps.run("a hook that libvirt does not call is noticed", test.hook)
    steps.run("a libvirtd that dies is noticed as without virtccwd", test.backend_dies)
    steps.run("virtccwd survives a restart of libvirtd", test.backend_restarts)
    steps.run("restarts of libvirtd cost no descriptors", test.no_descriptors_lost)
    steps.run("a second virtccwd does not start", test.second_start)
    steps.run("virtccwd starts after it was killed", test.killed_and_started)
    steps.run("virtccwd ends on SIGTERM and SIGINT", test.terminated)
    steps.done()


if __name__ == "__main__":
    main()
