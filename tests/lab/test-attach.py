#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attach and detach through stock virsh, virtccwd, stock libvirtd and stock QEMU: the messages of failures, two domains
that want one device, and that no device is lost, whichever process dies. The guests are paused and have no kernel: on
s390x a device comes and goes without the guest's help. Run as: test-attach.py VIRT-CCW"""

import json
import os
import signal
import subprocess
import sys

from daemons import Daemon, processes, qemu_of
from files import temporary_folder, write
from hosttree import differences, snapshot
from labtest import DAEMON_LOGS, IMAGES, UUIDS, domain, hostdev, inside_a_lab, rounds
from races import BACKEND
from relay import Relay
from rpc import CALL, GET_PERF_EVENTS
from steps import Steps, command, expect
from waiting import wait_until

FIRST, SECOND = "0.0.1234", "0.0.1235"
JOURNAL = f"/run/libvirt-ccw/devices/{FIRST}.json"
LOGS = ("/var/log/libvirt/virtccwd.log", "/var/log/libvirt/virtccwd-again.log")
FE_1234 = "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/>"


class AttachTest:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.before = snapshot()
        self.virtccwd = Daemon("virtccwd")
        self.libvirtd = Daemon("libvirtd")

    # Tools.

    def file(self, xml, name="device"):
        return write(os.path.join(self.folder, f"{name}.xml"), xml)

    def virsh(self, *args):
        return command(["virsh", *args])[1]

    def fails(self, words, *args):
        """The command fails with this message, which does not show our implementation, and the host is unchanged."""
        code, output = command(["virsh", *args], check=False)
        expect(code == 1, f"exit code {code} of virsh {' '.join(args)}: {output}")
        expect(words in output, f"virsh {' '.join(args)} does not say '{words}': {output}")
        expect("cc390000" not in output.lower(), f"our UUID shows: {output}")
        return output

    def start_virsh(self, *args):
        return subprocess.Popen(["virsh", "-q", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def attach(self, name, xml=None, *flags):
        self.virsh("attach-device", name, self.file(xml or hostdev()), *(flags or ("--live",)))

    def as_before(self):
        lines = differences(self.before, snapshot())
        return not lines and not os.path.exists(JOURNAL)

    def expect_as_before(self):
        lines = differences(self.before, snapshot())
        expect(not lines, "\n".join(lines))
        expect(not os.path.exists(JOURNAL), f"there is still {JOURNAL}")

    def comes_back(self):
        """Waits until the device is the host's again, whichever process releases it."""
        wait_until(self.as_before, f"the host is as it was before: {differences(self.before, snapshot())}")

    def journal(self):
        try:
            with open(JOURNAL, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    def has_in_xml(self, name, *options):
        return "type='ccw' managed" in self.virsh("dumpxml", name, *options)

    def has_in_qemu(self, name):
        return "vfio-ccw" in self.virsh("qemu-monitor-command", name, "--hmp", "info qtree")

    def expect_with(self, name):
        """The domain has the device, as all parts agree."""
        expect(self.has_in_xml(name), f"not in the XML of {name}")
        expect(self.has_in_qemu(name), f"not in the QEMU of {name}")
        entry = self.journal()
        expect(entry and entry["state"] == "owned" and entry["domain"] == UUIDS[name], f"the journal says {entry}")
        listed = command([self.virt_ccw, "list", FIRST])[1].splitlines()[1]
        expect(f"domain {name}" in listed and "vfio_ccw" in listed, listed)

    # Attach and detach without failures.

    def define_and_start(self):
        for name in UUIDS:
            self.virsh("define", self.file(domain(name), name))
            self.virsh("start", name, "--paused")

    def there_and_back(self):
        self.attach("one")
        self.expect_with("one")
        xml = self.virsh("dumpxml", "one")
        expect(FE_1234 in xml and "<address cssid='0x0' ssid='0x0' devno='0x1234'/>" in xml, xml)
        self.virsh("detach-device", "one", self.file("<hostdev mode='subsystem' type='ccw'><source>"
                                                     "<address devno='0x1234'/></source></hostdev>"), "--live")
        self.expect_as_before()
        expect(not self.has_in_xml("one") and not self.has_in_qemu("one"), "the domain has it still")

    def image_free(self):
        """The image is free as soon as the guest has lost its device, while its QEMU and the lab still run."""
        image = os.path.join(os.environ[IMAGES], FIRST + ".ckd")
        opening = ["qemu-ccw", "--dasd", f"0.0.9999={image}"]

        def expect_busy():
            code, output = command([*opening, "-version"], check=False)
            expect(code == 1 and f"{image} is in use by process " in output, f"exit code {code}: {output}")
        expect_busy()  # the lab has the image
        self.attach("one")
        expect_busy()
        self.virsh("detach-device", "one", self.file(hostdev()), "--live")
        expect(qemu_of("one") and self.virsh("domstate", "one") == "paused", "the guest has ended")
        command([*opening, "-version"])
        other = subprocess.Popen([*opening, "-S", "-nodefaults", "-display", "none", "-qmp", "stdio"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            expect("QMP" in other.stdout.readline(), "the other QEMU does not start")
            code, output = command(["virsh", "attach-device", "one", self.file(hostdev()), "--live"], check=False)
            expect(code == 1 and "cc390000" not in output.lower(), f"exit code {code}: {output}")
            self.comes_back()
        finally:
            other.kill()
            other.wait()
        self.attach("one")
        self.expect_with("one")
        expect_busy()
        self.virsh("detach-device", "one", self.file(hostdev()), "--live")
        self.expect_as_before()

    def rejections(self):
        """The operation on a device that a domain has does not change it."""
        self.attach("one")
        away = snapshot()
        device = self.file(hostdev())
        other_place = self.file(hostdev(inside=FE_1234.replace("1234", "0077")), "other")
        self.fails("the domain already has ccw device 0.0.1234", "attach-device", "one", device, "--live")
        self.fails("0.0.1234 is in use by driver QEMU, domain one", "attach-device", "one", other_place, "--live")
        self.fails("ccw device 0.0.1234 is in use by driver QEMU, domain one", "attach-device", "two", device, "--live")
        self.fails("live update of device 'hostdev' is not supported", "update-device", "one", device)
        self.fails("the domain has no ccw device 0.0.1235", "detach-device", "one",
                   self.file(hostdev("0x1235"), "other"), "--live")
        self.fails("the domain has no ccw device 0.0.1234", "detach-device", "two", device, "--live")
        expect(not differences(away, snapshot()), "the host side has changed")
        self.expect_with("one")
        self.virsh("detach-device", "one", device, "--live")
        self.expect_as_before()

    def unavailable(self):
        absent = self.file(hostdev("0x4321"), "absent")
        words = self.fails("there is no ccw device 0.0.4321 on this host", "attach-device", "one", absent, "--live")
        expect("virt-ccw list" in words and "mediated" not in words, words)
        self.fails("must be detached from the host first: 'virsh nodedev-detach ccw_0_0_1234'", "attach-device", "one",
                   self.file(hostdev(managed="no")), "--live")
        self.fails("there is no ccw device 0.0.4321", "attach-device", "one",
                   self.file(hostdev("0x4321", managed="no")), "--live")
        expect("hostdev" not in self.virsh("dumpxml", "one"), "something of it is in the domain")
        self.expect_as_before()

    def malformed(self):
        for xml, words in (
                (hostdev("0x12345"), "devno='0x12345' of <address> in <source> of a ccw <hostdev> is out of range"),
                (hostdev("0200"), "devno='0200' of <address> in <source> of a ccw <hostdev> is not a number"),
                (hostdev("0x1' cssid='0xff"), "cssid='0xff'"),
                (hostdev("0x1' wwpn='0x1"), "unknown attribute 'wwpn'"),
                (hostdev(managed="maybe"), "managed='maybe'"),
                ("<hostdev mode='subsystem' type='ccw'><source/></hostdev>", "name the host device, for example"),
                ("<hostdev mode='subsystem' type='ccw' model='vfio-ccw'/>", "model='vfio-ccw' does not go with")):
            output = self.fails(words, "attach-device", "one", self.file(xml), "--live")
            expect("XML error: line 1: " in output and len(output.splitlines()) == 2, output)
        torn = self.fails("mismatch", "attach-device", "one", self.file(hostdev()[:-3] + "x>"), "--live")
        expect("device_definition" in torn or "at line 1: Opening and ending tag" in torn, f"not libvirt's own words: {torn}")
        self.fails("ssid='0x9' of the guest's <address> of a ccw <hostdev> is not a number from 0 to 0x3",
                   "attach-device", "one",
                   self.file(hostdev(inside=FE_1234.replace("ssid='0x0'", "ssid='0x9'"))), "--live")
        self.expect_as_before()

    def persistent(self):
        device = self.file(hostdev())
        self.attach("one", None, "--live", "--persistent")
        self.expect_with("one")
        expect(self.has_in_xml("one", "--inactive"), "not in the persistent XML")
        inactive = self.virsh("dumpxml", "one", "--inactive")
        self.virsh("define", self.file(inactive, "again"))
        expect(self.virsh("dumpxml", "one", "--inactive") == inactive, "what was dumped defines something else")
        self.virsh("detach-device", "one", device, "--live")
        self.expect_as_before()
        self.virsh("detach-device", "one", device, "--config")
        expect(not self.has_in_xml("one", "--inactive"), "still in the persistent XML")
        self.attach("one", None, "--current")
        self.expect_with("one")
        self.virsh("detach-device", "one", device, "--current")
        self.expect_as_before()

    def found_offline(self):
        with open(f"/sys/bus/ccw/devices/{FIRST}/online", "w", encoding="ascii") as file:
            file.write("0")
        offline = snapshot()
        self.attach("one")
        self.expect_with("one")
        self.virsh("detach-device", "one", self.file(hostdev()), "--live")
        expect(not differences(offline, snapshot()), "\n".join(differences(offline, snapshot())))
        with open(f"/sys/bus/ccw/devices/{FIRST}/online", "w", encoding="ascii") as file:
            file.write("1")
        self.expect_as_before()

    def map_css_off(self):
        features = "<features><s390-map-css state='off'/></features>"
        uuid = "11111111-2222-4333-8444-666666666666"
        self.virsh("create", "--paused", self.file(domain("off", "", features, uuid), "off"))
        self.attach("off")
        xml = self.virsh("dumpxml", "off")
        expect("<address type='ccw' cssid='0x0' ssid='0x0' devno='0x1234'/>" in xml, f"not in its own css: {xml}")
        expect("<s390-map-css state='off'/>" in xml, f"the feature is lost: {xml}")
        self.virsh("destroy", "off")
        self.expect_as_before()

    # A guest that does not run, and starts.

    def stopped(self):
        """Starts with the device in its definition; '-x' is a name that a guest may have."""
        uuid = "11111111-2222-4333-8444-777777777777"
        device = self.file(hostdev())
        self.virsh("define", self.file(domain("-x", uuid=uuid), "stopped"))
        self.fails("domain is not running", "attach-device", "--domain=-x", device, "--live")
        self.virsh("attach-device", "--domain=-x", device, "--config")
        self.expect_as_before()
        self.virsh("start", "--domain=-x", "--paused")
        entry = self.journal()
        expect(entry and entry["domain"] == uuid and entry["state"] == "owned", f"the journal says {entry}")
        self.fails("ccw device 0.0.1234 is in use by driver QEMU, domain -x", "attach-device", "one", device, "--live")
        self.virsh("destroy", "--domain=-x")
        self.expect_as_before()
        self.attach("one")
        output = self.fails("ccw device 0.0.1234 is in use by driver QEMU, domain one", "start", "--domain=-x")
        expect(output.count("in use by driver QEMU") == 1 and "Hook script execution failed: ccw device" in output,
               f"the reason does not come first, or more than once: {output}")
        self.expect_with("one")
        self.virsh("detach-device", "one", device, "--live")
        self.virsh("attach-device", "--domain=-x", self.file(hostdev("0x4321")), "--config")
        self.fails("there is no ccw device 0.0.4321", "start", "--domain=-x")
        self.expect_as_before()
        self.virsh("undefine", "--domain=-x")

    # The device goes without a call to virtccwd.

    def by_alias(self):
        """libvirt answers before the device is gone. virtccwd releases it after libvirt's event."""
        self.attach("one")
        self.virsh("detach-device-alias", "one", "hostdev0", "--live")
        self.comes_back()

    def by_qemu(self):
        self.attach("one")
        self.virsh("qemu-monitor-command", "one", '{"execute": "device_del", "arguments": {"id": "hostdev0"}}')
        self.comes_back()

    def qemu_dies(self):
        self.attach("one")
        os.kill(qemu_of("one"), signal.SIGKILL)
        self.comes_back()
        wait_until(lambda: self.virsh("domstate", "one") == "shut off", "libvirt knows that it ended")
        self.virsh("start", "one", "--paused")

    # Two domains want one device.

    def both_attach(self, names, note):
        """names: two domains, or one domain twice"""
        for _ in range(rounds(8)):
            path = self.file(hostdev())
            attaches = [self.start_virsh("attach-device", name, path, "--live") for name in names]
            outputs = [attach.communicate(timeout=60)[0].strip() for attach in attaches]
            codes = [attach.returncode for attach in attaches]
            expect(sorted(codes) == [0, 1], f"exit codes {codes}: {outputs}")
            note(outputs[codes.index(1)].splitlines()[-1])
            winner = names[codes.index(0)]
            self.expect_with(winner)
            self.virsh("detach-device", winner, path, "--live")
            self.expect_as_before()

    def handed_over(self):
        """The second domain asks before the first one's event: it gets the device, or an error that names its owner."""
        for _ in range(rounds(8)):
            self.attach("one")
            self.virsh("qemu-monitor-command", "one", '{"execute": "device_del", "arguments": {"id": "hostdev0"}}')
            wait_until(lambda: not self.has_in_xml("one"), "libvirt knows that it is gone")
            code, output = command(["virsh", "attach-device", "two", self.file(hostdev()), "--live"], check=False)
            if code == 0:
                self.expect_with("two")
                self.virsh("detach-device", "two", self.file(hostdev()), "--live")
            else:
                expect("ccw device 0.0.1234 is in use by driver QEMU, domain one" in output, output)
            self.comes_back()

    def taken_over(self, note):
        """The hook releases the first domain's device while libvirt gives it to the second one, which keeps it."""
        got = 0
        for _ in range(rounds(8)):
            self.attach("one")
            destroy = self.start_virsh("destroy", "one")
            code = 1
            while code != 0 and destroy.poll() is None:
                code = command(["virsh", "attach-device", "two", self.file(hostdev()), "--live"], check=False)[0]
            destroy.communicate(timeout=60)
            if code == 0:
                got += 1
                self.expect_with("two")
                self.virsh("detach-device", "two", self.file(hostdev()), "--live")
            self.comes_back()
            self.virsh("start", "one", "--paused")
        note(f"the other got it before the one was through: {got} times")

    def destroyed_meanwhile(self):
        for _ in range(rounds(8)):
            attach = self.start_virsh("attach-device", "two", self.file(hostdev()), "--live")
            self.virsh("destroy", "two")
            output = attach.communicate(timeout=60)[0]
            expect(attach.returncode in (0, 1) and "cc390000" not in output, output)
            self.comes_back()
            self.virsh("start", "two", "--paused")

    # A process dies.

    def virtccwd_dies_with_it(self):
        self.attach("one")
        self.virtccwd.kill()
        self.virtccwd.start()
        self.expect_with("one")
        self.virsh("detach-device", "one", self.file(hostdev()), "--live")
        self.expect_as_before()

    def virtccwd_is_away(self):
        """The device goes while virtccwd does not run, which finds that out when it starts."""
        self.attach("one")
        self.virtccwd.kill()
        command(["virsh", "-c", "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock",
                 "detach-device-alias", "one", "hostdev0", "--live"])
        self.virtccwd.start()
        self.comes_back()

    def virtccwd_dies_in_claim(self, note):
        """Killed as soon as its journal has an entry."""
        caught = 0
        for _ in range(rounds(6)):
            attach = self.start_virsh("attach-device", "one", self.file(hostdev()), "--live")
            while attach.poll() is None and not os.path.exists(JOURNAL):
                pass
            for pid in processes("virtccwd"):
                os.kill(pid, signal.SIGKILL)
            attach.communicate(timeout=60)
            state = (self.journal() or {}).get("state")
            note(f"killed with the claim {state}")
            caught += state == "pending"
            self.virtccwd.kill()
            self.virtccwd.start()
            if self.has_in_xml("one"):
                wait_until(lambda: (self.journal() or {}).get("state") == "owned", "it is noted as the domain's")
                self.virsh("detach-device", "one", self.file(hostdev()), "--live")
            self.comes_back()
        expect(caught > 0, "it was always through before it was killed")

    def virtccwd_dies_in_attach(self):
        """libvirt continues with the attach while a new virtccwd reconciles. A stopped QEMU makes the attach take long."""
        qemu = qemu_of("one")
        os.kill(qemu, signal.SIGSTOP)
        try:
            attach = self.start_virsh("attach-device", "one", self.file(hostdev()), "--live")
            wait_until(lambda: (self.journal() or {}).get("state") == "pending" and
                       "occupied" in self.virsh("domcontrol", "one"), "libvirt attaches it")
            self.virtccwd.kill()
            attach.communicate(timeout=60)
            relay = Relay(BACKEND)
            try:
                with relay.hold(GET_PERF_EVENTS, CALL) as hold:  # libvirt answers this call after the attach
                    self.virtccwd.start()
                    hold.reached()
                    entry = self.journal()
                expect(entry and entry["state"] == "pending", f"the journal says {entry}")
            finally:
                relay.close()
        finally:
            os.kill(qemu, signal.SIGCONT)
        wait_until(lambda: (self.journal() or {}).get("state") == "owned", "it is noted as the domain's")
        self.expect_with("one")
        self.virsh("detach-device", "one", self.file(hostdev()), "--live")
        self.expect_as_before()

    def virtccwd_ends_in_claim(self, note):
        """After SIGTERM, virtccwd first completes what it has begun."""
        caught = 0
        for _ in range(rounds(3)):
            attach = self.start_virsh("attach-device", "one", self.file(hostdev()), "--live")
            while attach.poll() is None and not os.path.exists(JOURNAL):
                pass
            caught += (self.journal() or {}).get("state") == "pending"
            self.virtccwd.kill(signal.SIGTERM)
            attach.communicate(timeout=60)
            state = (self.journal() or {}).get("state")
            has = "cc390000" in command(["virsh", "-c", "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock",
                                   "dumpxml", "one"])[1]
            note(f"ended with the device {state}")
            expect(state == ("owned" if has else None), f"{state}, and libvirt {'has' if has else 'does not have'} it")
            self.virtccwd.start()
            if has:
                self.virsh("detach-device", "one", self.file(hostdev()), "--live")
            self.comes_back()
        expect(caught > 0, "it was always through before it was told")

    def libvirtd_restarts(self):
        self.attach("one", None, "--live")
        self.libvirtd.kill(signal.SIGTERM)
        self.libvirtd.start()
        self.expect_with("one")
        self.virsh("detach-device", "one", self.file(hostdev()), "--live")
        self.expect_as_before()

    def guest_ends_without_libvirtd(self):
        self.attach("one")
        self.libvirtd.kill()
        for pid in processes("qemu-system-s390x"):
            os.kill(pid, signal.SIGKILL)
        self.libvirtd.start()
        self.comes_back()

    def end(self):
        for name in UUIDS:
            command(["virsh", "destroy", name], check=False)
            self.virsh("undefine", name)
        self.expect_as_before()
        for log in LOGS:
            with open(log, encoding="utf-8") as file:
                bad = [line for line in file if "CRITICAL" in line or "WARNING" in line and "cannot connect" not in line]
            expect(not bad, "virtccwd complains: " + "".join(bad))


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        test = AttachTest(virt_ccw, folder)
        steps.run("two guests start", test.define_and_start)
        steps.run("the image is free when its device is gone, although QEMU and the lab run on", test.image_free)
        steps.run("attached, visible everywhere, and detached by its source only", test.there_and_back)
        steps.run("a guest's device is refused to other guests", test.rejections)
        steps.run("an unavailable device is refused with our message", test.unavailable)
        steps.run("malformed XML is refused in one line", test.malformed)
        steps.run("live and persistent, and dumped XML can be defined", test.persistent)
        steps.run("a device that was offline comes back offline", test.found_offline)
        steps.run("a guest without the mapping sees the device at the host's address", test.map_css_off)
        steps.run("a stopped guest takes it when it starts", test.stopped)
        steps.run("detached by its alias it comes back", test.by_alias)
        steps.run("deleted in QEMU it comes back", test.by_qemu)
        steps.run("QEMU dies: it comes back", test.qemu_dies)
        steps.run("two guests at once: one has it", test.both_attach, ("one", "two"), steps.note)
        steps.run("one guest twice at once: it has it once", test.both_attach, ("one", "one"), steps.note)
        steps.run("from one to the other without a pause", test.handed_over)
        steps.run("from one that is destroyed to the other", test.taken_over, steps.note)
        steps.run("destroyed while it is attached: it comes back", test.destroyed_meanwhile)
        steps.run("virtccwd dies: the guest keeps it", test.virtccwd_dies_with_it)
        steps.run("detached while virtccwd is away: it comes back", test.virtccwd_is_away)
        steps.run("virtccwd dies in the middle: nothing is lost", test.virtccwd_dies_in_claim, steps.note)
        steps.run("virtccwd dies while libvirt attaches: the guest gets it, and keeps it", test.virtccwd_dies_in_attach)
        steps.run("virtccwd gets SIGTERM in the middle: it completes the attach first", test.virtccwd_ends_in_claim, steps.note)
        steps.run("libvirtd restarts: the guest keeps it", test.libvirtd_restarts)
        steps.run("the guest ends while libvirtd is away: it comes back", test.guest_ends_without_libvirtd)
        steps.run("and the host is as it was", test.end)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
