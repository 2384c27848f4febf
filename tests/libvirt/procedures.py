#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The procedures of virtccwd's table with real clients (virsh, python3-libvirt) and a stock libvirtd: every row fits
libvirt's data to the last byte, the element is lowered and raised, and unsupported operations fail with libvirt's
messages. It has no channel device; the lab has some.

    procedures.py VIRTCCWD
"""

import os
import pty
import select
import socket
import struct
import subprocess
import sys

import private_libvirt
from files import read
from private_libvirt import BACKEND, FRONT
from proxy import GUEST_UUID, HOSTDEV, UUID, ProxyTest, domain
from rpc import GET_XML_DESC, LOOKUP_BY_NAME, Client
from steps import Steps, command, expect
from waiting import wait_until

LIVE_UUID = GUEST_UUID[:-2] + "f7"
VIRTCCWD = os.path.abspath(sys.argv[1]) if len(sys.argv) == 2 else ""
IMAGE_MAGIC = b"LibvirtQemudSave"  # the header has 92 bytes in all (src/qemu/qemu_saveimage.h)
OFF = "<features><s390-map-css state='off'/></features>"
# Runs with the interpreter for which Debian packages python3-libvirt.
PYTHON = """
import libvirt, sys
conn = libvirt.open("qemu:///system")
live = conn.lookupByName("live")
xml = open(sys.argv[1]).read()
def rejected(call, *arguments):
    try:
        call(*arguments)
    except libvirt.libvirtError as error:
        print(call.__name__, error)
    else:
        sys.exit(f"{call.__name__} succeeded")
rejected(live.saveParams, {"file": "/nonexistent/image", "dxml": xml}, 0)
rejected(conn.restoreParams, {"file": "/nonexistent/image", "dxml": xml}, 0)
rejected(live.checkpointCreateXML, "<domaincheckpoint><name>c</name></domaincheckpoint>", 0)
rejected(conn.domainXMLFromNative, "qemu-argv", "/usr/bin/qemu-system-s390x", 0)
rejected(conn.nodeDeviceLookupByName, "ccw_0_0_1234")
"""


def save_image(xml):
    """Writes a saved guest's image as far as libvirt reads it to show and change its XML."""
    data = xml.encode() + b"\0"
    return IMAGE_MAGIC + struct.pack("=5I", 2, len(data), 0, 0, 0) + bytes(56) + data


class ProcedureTest(ProxyTest):
    def both(self, *arguments, **kwargs):
        """Runs the same command through virtccwd and without it."""
        ours = self.virsh(*arguments, check=False, **kwargs)
        stock = self.direct(*arguments, check=False, **kwargs)
        expect(ours == stock, f"'{arguments}': through virtccwd\n{ours}\nand without\n{stock}")
        return ours

    def all_fit(self):
        misfits = [line for line in read(self.libvirt.virtccwd_log).splitlines() if "not laid out" in line]
        expect(not misfits, "\n".join(misfits))

    def set_up(self):
        self.libvirt.start_libvirtd()
        self.libvirt.start_virtccwd()
        self.virsh("define", self.file("guest.xml", domain("guest", GUEST_UUID, HOSTDEV)))
        self.virsh("create", "--paused", self.file("live.xml", domain("live", LIVE_UUID,
                                                                      "<console type='pty'/>")))

    # Validation, by virtccwd and by libvirt.

    def validated(self):
        """--validate: libvirt's schema allows the lowered form of our element and of the feature. virtccwd rejects
        errors in them by name."""
        good = self.file("good.xml", domain("good", GUEST_UUID[:-2] + "f1", HOSTDEV, OFF))
        guest = HOSTDEV.replace("</hostdev>", "<boot order='1'/><alias name='ua-d'/>"
                                "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/></hostdev>")
        on = OFF.replace("off", "on")
        for xml in (good, self.file("guest.xml", domain("good", GUEST_UUID[:-2] + "f1", guest, on)),
                    self.file("other.xml", domain("good", GUEST_UUID[:-2] + "f1", HOSTDEV.replace(
                        "mode='subsystem' type='ccw'", "type='subsystem' subsystem='ccw'")))):
            self.virsh("define", "--validate", xml)
            self.virsh("undefine", "good")
        self.fails("attribute 'display' of <hostdev> is not supported", "define", "--validate", self.file(
            "bad.xml", domain("bad", GUEST_UUID[:-2] + "f2", HOSTDEV.replace("managed=", "display='off' managed="))))
        self.fails("write 0x1234", "define", "--validate", self.file("bad.xml", domain(
            "bad", GUEST_UUID[:-2] + "f2", HOSTDEV.replace("0x1234", "0x00001234"))))
        self.fails("devno", "define", "--validate", self.file("bad.xml", domain(
            "bad", GUEST_UUID[:-2] + "f2", HOSTDEV.replace("devno=", "frob='1' devno="))))
        words = "XML document failed to validate against schema: "
        wrong = self.file("wrong.xml", domain("wrong", GUEST_UUID[:-2] + "f3", HOSTDEV + "<frob/>"))
        self.fails(words, "define", "--validate", wrong)
        self.fails(words, "create", "--validate", wrong)
        self.virsh("define", wrong)  # stock libvirt ignores what it does not know
        self.virsh("undefine", "wrong")
        self.both("define", "--validate", self.file("stock.xml", domain("stock", GUEST_UUID[:-2] + "f4", "<frob/>")))

    def rejected(self):
        """The message is libvirt's, before libvirt gets the document."""
        second = HOSTDEV.replace("0x1234", "0x1235")
        boot = "<boot order='1'/></hostdev>"
        guest = "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/></hostdev>"
        outside = guest.replace("0xfe", "0x0")
        rows = (
            ("unsupported configuration: line 4: boot order '1' used for more than one device",
             HOSTDEV.replace("</hostdev>", boot) + "\n" + second.replace("</hostdev>", boot)),
            ("XML error: line 4: Hostdev already exists in the domain configuration", HOSTDEV + "\n" + HOSTDEV),
            ("XML error: line 4: The CCW devno 'fe.0.1234' is in use already",
             HOSTDEV + "\n" + second.replace("</hostdev>", guest)),
            ("contradicts <s390-map-css state='on'/>", HOSTDEV.replace("</hostdev>", outside)),
            ("unsupported configuration: line 3: ROM tuning is only supported for PCI devices",
             HOSTDEV.replace("</hostdev>", "<rom bar='on'/></hostdev>")),
        )
        for words, devices in rows:
            for verb in ("define", "create"):
                self.fails(words, verb, self.file("no.xml", domain("no", GUEST_UUID[:-2] + "f5", devices)))
        wrong_arch = domain("no", GUEST_UUID[:-2] + "f5", HOSTDEV).replace("s390x' machine='s390-ccw-virtio'",
                                                                        "x86_64' machine='pc'")
        self.fails("a ccw <hostdev> is only supported for machine type s390-ccw-virtio of arch s390x", "define",
                   self.file("no.xml", wrong_arch))
        self.fails("contradicts <s390-map-css state='on'/>", "attach-device", "live",
                   self.file("outside.xml", HOSTDEV.replace("</hostdev>", outside)), "--live")
        expect("no" not in self.direct("list", "--all", "--name")[1].split(), "libvirt has it nevertheless")

    def same_answer(self):
        """virt-ccw validate and define agree about a document."""
        readonly, loadparm = (HOSTDEV.replace("</hostdev>", more + "</hostdev>") for more in (
            "<readonly/>", "<boot order='1' loadparm='2'/>"))
        other = "<disk type='file'><source file='/nonexistent'/><target dev='vda' bus='virtio'/></disk>"
        rows = (("", HOSTDEV, True), ("", loadparm, True), ("", readonly, False),
                ("<!DOCTYPE domain>", HOSTDEV, False), ("<!DOCTYPE domain>", other, True),
                ("<?xml version='1.0' encoding='UTF-7'?>", HOSTDEV, False),
                ("<?xml version='1.0' encoding='UTF-8'?>", HOSTDEV, True))
        for start, devices, good in rows:
            path = self.file("same.xml", start + domain("same", GUEST_UUID[:-2] + "e1", devices))
            valid = command([os.path.join(os.path.dirname(VIRTCCWD), "virt-ccw"), "validate", path], check=False)
            defined = self.virsh("define", path, check=False)
            expect((valid[0] == 0, defined[0] == 0) == (good, good), f"{start}{devices}: validate {valid}, define {defined}")
            if not good:
                words = valid[1].strip().removeprefix("virt-ccw validate: error: ").removeprefix("line 3: ")
                expect(words[:60].removeprefix("unsupported configuration: ") in defined[1],
                       f"validate {valid}, define {defined}")
                continue
            self.virsh("undefine", "same")

    def loadparm(self):
        """The loadparm of the first boot device becomes the machine's, and does not appear elsewhere."""
        boot = HOSTDEV.replace("</hostdev>", "<boot order='1' loadparm='2'/></hostdev>")
        path = self.file("boot.xml", domain("boot", GUEST_UUID[:-2] + "e2", boot))
        self.virsh("define", "--validate", path)
        shown, stock = self.virsh("dumpxml", "boot")[1], self.direct("dumpxml", "boot")[1]
        expect("<boot order='1' loadparm='2'/>" in shown and "commandline" not in shown, shown)
        expect("<qemu:arg value='loadparm=2'/>" in stock, stock)
        argv = self.virsh("domxml-to-native", "qemu-argv", "--domain", "boot")[1]
        expect("-machine loadparm=2" in argv, argv)
        self.virsh("define", self.file("shown.xml", shown))
        expect(self.direct("dumpxml", "boot")[1] == stock, "what was shown, defined again, is another domain")
        self.fails("loadparm of <boot>", "attach-device", "boot", self.file("hostdev.xml", boot), "--config")
        self.virsh("undefine", "boot")

    def not_validated(self):
        """A document without our element is accepted if libvirt accepts it."""
        boot = "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address uuid='%s'/></source>%s</hostdev>"
        odd = boot % (UUID, "<address type='ccw' cssid='0x1' ssid='0x0' devno='0x1234'/>")
        self.both("define", self.file("odd.xml", domain("odd", GUEST_UUID[:-2] + "f6", odd)))
        self.virsh("undefine", "odd")

    def warned(self):
        """The warnings are in dominfo's messages."""
        self.virsh("define", self.file("off.xml", domain("off", GUEST_UUID[:-2] + "f9", HOSTDEV, OFF)))
        ours = self.virsh("dominfo", "off")[1]
        expect("s390-map-css is off: a guest sees devices outside css fe only if it enables MCSS-E" in ours, ours)
        wait_until(lambda: "s390-map-css is off" in read(self.libvirt.virtccwd_log), "the line in the log")
        self.virsh("undefine", "off")
        self.both("dominfo", "live")
        self.both("dominfo", "nothing")

    # Output about devices and capabilities.

    def domain_capabilities(self):
        ours = self.virsh("domcapabilities", "--arch", "s390x")[1]
        stock = self.direct("domcapabilities", "--arch", "s390x")[1]
        expect("<value>ccw</value>" in ours and "<s390-map-css supported='yes'/>" in ours, ours)
        without = [line for line in ours.splitlines() if "ccw</value>" not in line and "s390-map-css" not in line]
        expect(without == stock.splitlines(), "something else is different, too")
        self.both("domcapabilities", "--arch", "x86_64")
        self.both("domcapabilities", "--arch", "nothing")

    def native(self):
        ours = self.virsh("domxml-to-native", "qemu-argv", "--xml", self.file("guest.xml", domain("guest", GUEST_UUID,
                                                                                              HOSTDEV)))[1]
        expect(f"/sys/bus/mdev/devices/{UUID}" in ours and "vfio-ccw" in ours, ours)

    # Domains that move to a file or another host.

    def images(self):
        """Saved guests: libvirt shows and changes the XML in their images."""
        xml = self.direct("dumpxml", "guest")[1]
        image = os.path.join(self.libvirt.folder, "saved")
        managed = "/var/lib/libvirt/qemu/save/guest.save"
        for path in (image, managed):
            with open(path, "wb") as file:
                file.write(save_image(xml))
        new = self.file("titled.xml", self.virsh("dumpxml", "guest")[1].replace("<memory", "<title>T1</title><memory", 1))
        env = dict(os.environ, EDITOR="sed -i s/T1/T2/")
        for show, define, edit in ((("save-image-dumpxml", image), ("save-image-define", image), ("save-image-edit", image)),
                                   (("managedsave-dumpxml", "guest"), ("managedsave-define", "guest"),
                                    ("managedsave-edit", "guest"))):
            expect("type='ccw' managed" in self.virsh(*show)[1], f"{show} does not show the element")
            self.virsh(*define, new)
            self.virsh(*edit, env=env)
            ours, stock = self.virsh(*show)[1], self.direct(*show)[1]
            expect("<title>T2</title>" in ours and "type='ccw' managed" in ours and UUID not in ours, ours)
            expect(UUID in stock and "type='mdev'" in stock, stock)
        self.fails("0.0.1234", "restore", image, "--xml", new)
        os.unlink(managed)

    def migration(self):
        words = "cannot migrate a domain with <hostdev mode='subsystem' type='ccw'>: detach ccw device 0.0.1234 first"
        to = f"qemu+unix:///system?socket={FRONT}/libvirt-sock"
        for options in ((), ("--live", "--p2p"), ("--p2p", "--tunnelled"), ("--persistent", "--undefinesource")):
            self.fails(words, "migrate", "guest", to, *options)
        for options in (("--live",), ("--live", "--p2p")):
            ours = self.virsh("migrate", "live", to, *options, check=False)
            expect(ours[0] != 0 and "ccw" not in ours[1], f"{ours}")
        offline = self.virsh("migrate", "guest", to, "--offline", "--persistent", check=False)
        expect("cannot migrate a domain with <hostdev" not in offline[1], f"{offline}")

    def python(self):
        output = command(["/usr/bin/python3", "-c", PYTHON, os.path.join(self.libvirt.folder, "guest.xml")])[1]
        expect("saveParams" in output and "restoreParams" in output, output)

    def devices(self):
        """update-device and detach-device-alias, for a definition."""
        alias = HOSTDEV.replace("</hostdev>", "<alias name='ua-dasd'/></hostdev>")
        self.virsh("define", self.file("aliased.xml", domain("aliased", GUEST_UUID[:-2] + "f0", alias)))
        self.fails("persistent update of device 'hostdev' is not supported", "update-device", "aliased",
                   self.file("again.xml", alias), "--config")
        self.virsh("detach-device-alias", "aliased", "ua-dasd", "--config")
        expect("<hostdev" not in self.virsh("dumpxml", "aliased")[1], "it is still there")
        self.virsh("undefine", "aliased")

    def node_devices(self):
        """The capability that virtccwd adds for virt-install does not make an mdev when it is passed back."""
        device = """<device><name>ccw_0_0_1234</name><parent>css_0_0_0034</parent><capability type='mdev'>
<type id='vfio_ccw-io'/><uuid>cc390000-0001-8000-8000-000100001234</uuid></capability>
<capability type='ccw'><cssid>0</cssid><ssid>0</ssid><devno>0x1234</devno></capability></device>"""
        for verb in ("nodedev-create", "nodedev-define"):
            self.fails("Unsupported device type", verb, self.file("node.xml", device))
        for verb in ("nodedev-destroy", "nodedev-undefine", "nodedev-start", "nodedev-autostart"):
            self.both(verb, "ccw_0_0_1234")

    def kinds_of_domain(self):
        """Autostart, transient, destroyed with its client; and a start with descriptors."""
        self.virsh("autostart", "guest")
        expect("guest" in self.virsh("list", "--all", "--autostart", "--name")[1], "it is not to start by itself")
        self.virsh("autostart", "guest", "--disable")
        path = self.file("transient.xml", domain("transient", GUEST_UUID[:-2] + "fa", HOSTDEV))
        self.fails("0.0.1234", "create", path)
        self.fails("0.0.1234", "create", "--autodestroy", path)
        with open("/dev/null", "rb") as null:  # libvirt supports this only for containers: the call arrives completely
            self.fails("virDomainCreateXMLWithFiles", "create", path, "--pass-fds", str(null.fileno()),
                       pass_fds=[null.fileno()])

    # Calls without our devices.

    def console(self):
        """A stream in both directions: virsh's console of a guest, and its end."""
        master, slave = pty.openpty()
        virsh = subprocess.Popen(["virsh", "-c", "qemu:///system", "console", "live"], stdin=slave, stdout=slave,
                                 stderr=slave, start_new_session=True)
        os.close(slave)
        try:
            seen = b""
            while b"Escape character" not in seen:
                expect(select.select([master], [], [], 30)[0], f"virsh console says {seen}")
                seen += os.read(master, 4096)

            def ended():
                """Input before virsh has made its terminal raw is lost, so it is repeated."""
                os.write(master, b"\x1d")
                return virsh.poll() is not None

            wait_until(ended, "the end of virsh console", 30)
            expect(virsh.returncode == 0, f"exit code {virsh.returncode}: {seen + os.read(master, 4096)}")
        finally:
            virsh.kill()
            virsh.wait()
            os.close(master)

    def big(self):
        """A string of nearly 4 MiB that contains the element."""
        title = f"<description>{'x' * (4 * 1024 * 1024 - 8192)}</description>"
        xml = domain("big", GUEST_UUID[:-2] + "fc", HOSTDEV).replace("<memory", title + "<memory", 1)
        self.virsh("define", self.file("big.xml", xml))
        ours = self.virsh("dumpxml", "big")[1]
        expect(title in ours and "type='ccw' managed" in ours, "it is not whole")
        self.virsh("undefine", "big")

    def keepalive(self):
        """virtccwd answers pings: virsh would end after two seconds without an answer."""
        self.virsh("-k", "1", "-K", "1", "event", "lifecycle", "--timeout", "4", check=False)
        code, output = self.virsh("-k", "1", "-K", "1", "event", "lifecycle", "--timeout", "4", check=False)
        expect("keepalive" not in output and "closed" not in output, f"{code}: {output}")

    def stalled(self):
        """A client that sends calls and reads no reply: virtccwd stops reading from it, and its memory stays bounded.
        Other clients are served."""
        self.virsh("define", self.file("fat.xml", domain("fat", GUEST_UUID[:-2] + "fd", HOSTDEV).replace(
            "<memory", f"<description>{'x' * (1 << 20)}</description><memory", 1)))
        before = self.libvirt.memory()
        wire = Client(f"{FRONT}/libvirt-sock")
        name = struct.pack(">I", 3) + b"fat\0"
        found = wire.call(LOOKUP_BY_NAME, name)[24:]
        wire.socket.settimeout(1)
        asked = 0
        try:
            while asked < 100000:
                wire.send(GET_XML_DESC, found + struct.pack(">I", 0))
                asked += 1
        except TimeoutError:
            pass
        expect(10 < asked < 100000, f"it could ask {asked} times")
        self.virsh("list")
        grown = self.libvirt.memory() - before
        expect(grown < 64 * 1024, f"virtccwd has grown by {grown} KiB")
        wire.socket.close()
        self.virsh("undefine", "fat")

    def hostile(self):
        """Frames that are too long, too short, cut off, or have unexpected descriptors do not affect other clients."""
        for data in (struct.pack(">I", 0xffffffff), struct.pack(">I", 27) + bytes(64),
                     struct.pack(">7I", 32 << 20, 0x20008086, 1, 11, 0, 1, 0) + bytes(1000),
                     struct.pack(">8I", 4096, 0x20008086, 1, 309, 4, 1, 0, 33) + bytes(4096),
                     struct.pack(">9I", 36, 0x20008086, 1, 309, 4, 1, 0, 1, 0) + b"x",
                     struct.pack(">8I", 32, 0x20008086, 1, 10, 0, 1, 0, 0x7fffffff)):
            wire = Client(f"{FRONT}/libvirt-sock")
            wire.socket.sendall(data)
            wire.socket.shutdown(socket.SHUT_WR)
            while wire.socket.recv(65536):
                pass
        self.virsh("list")

    def newer(self):
        """libvirtd itself answers unknown procedures and programs."""
        ours, stock = Client(f"{FRONT}/libvirt-sock"), Client(f"{BACKEND}/libvirt-sock")
        for procedure, program in ((9999, 0x20008086), (450, 0x20008086), (1, 0x20008099), (99, 0x20008087)):
            answers = [wire.call(procedure, b"\0" * 64, program) for wire in (ours, stock)]
            expect(answers[0] == answers[1], f"procedure {procedure} of {program:x}: {answers}")
            expect(len(answers[0]) > 24, "that is no answer")

    def event_names(self):
        """The alias in a detach is libvirt's; device events pass unchanged."""
        text = read(self.libvirt.virtccwd_log)
        expect("CRITICAL" not in text, text)


def main():
    if len(sys.argv) != 2:
        print("usage: procedures.py VIRTCCWD", file=sys.stderr)
        sys.exit(2)
    private_libvirt.enter()
    test = ProcedureTest(VIRTCCWD)
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    steps.run("libvirtd and virtccwd start", test.set_up)
    steps.run("--validate uses libvirt's schema, and errors in our element are refused by name", test.validated)
    steps.run("operations that QEMU does not support are refused with libvirt's messages", test.rejected)
    steps.run("virt-ccw validate and define give the same answer", test.same_answer)
    steps.run("a loadparm", test.loadparm)
    steps.run("XML without our element is not validated here", test.not_validated)
    steps.run("dominfo warns of devices that no guest will see", test.warned)
    steps.run("domain capabilities tell of the element and the feature", test.domain_capabilities)
    steps.run("a command line of it", test.native)
    steps.run("saved images, managed or not, are shown, defined and edited", test.images)
    steps.run("migration is refused early, by name", test.migration)
    steps.run("devices are updated, and detached by alias", test.devices)
    steps.run("node devices are made as by stock libvirt", test.node_devices)
    steps.run("autostart, transient, autodestroy, with files", test.kinds_of_domain)
    steps.run("python3-libvirt", test.python)
    steps.run("a console", test.console)
    steps.run("4 MiB of XML", test.big)
    steps.run("keepalive", test.keepalive)
    steps.run("procedures of a newer libvirt", test.newer)
    steps.run("a client that reads nothing", test.stalled)
    steps.run("every row fits the data of libvirt's client", test.all_fit)
    steps.run("hostile frames", test.hostile)
    steps.run("no warning was logged", test.event_names)
    steps.done()


if __name__ == "__main__":
    main()
