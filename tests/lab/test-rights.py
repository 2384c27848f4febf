#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd's own operations are allowed to the same users as by libvirt's access drivers: in a lab, with a libvirtd of
the test that asks a real polkit. A user without the right leaves the host unchanged. Run as: test-rights.py VIRT-CCW"""

import os
import subprocess
import sys

import private_libvirt
import private_polkit
from files import write
from hosttree import differences, snapshot
from labtest import domain, hostdev, inside_a_lab
from private_libvirt import BACKEND, FRONT, Private
from private_polkit import Polkit, as_user
from relay import Relay
from rpc import ATTACH_DEVICE_FLAGS, CALL
from steps import Steps, command, expect
from tap import skip_all
from waiting import DEADLINE

CCW = "ccw_0_0_1234"
JOURNAL = "/run/libvirt-ccw/devices/0.0.1234.json"
ANNOUNCED = "/run/libvirt-ccw/devices/0.0.1234.attach"

# member may do everything; guest everything but detach node devices and change domains; viewer may connect, and sees
# nothing.
RULES = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" && subject.user != "nobody")
        return polkit.Result.YES;
    if (action.id.indexOf("org.libvirt.api.") != 0)
        return polkit.Result.NOT_HANDLED;
    if (subject.user == "member" || action.id.indexOf("org.libvirt.api.connect.") == 0)
        return polkit.Result.YES;
    if (subject.user == "guest" && action.id != "org.libvirt.api.node-device.detach" &&
        action.id != "org.libvirt.api.domain.write")
        return polkit.Result.YES;
    return polkit.Result.NO;
});
"""


class RightsTest:
    def __init__(self, virt_ccw):
        self.libvirt = Private(os.path.join(os.path.dirname(virt_ccw), "virtccwd"))
        self.polkit = Polkit(os.path.join(self.libvirt.folder, "polkit.log"))
        self.polkit.rules(RULES)
        os.chmod(self.libvirt.folder, 0o755)
        self.before = snapshot()

    def start(self):
        with open("/etc/libvirt/libvirtd.conf", "w", encoding="utf-8") as file:
            file.write(f'unix_sock_dir = "{BACKEND}"\naccess_drivers = ["polkit"]\n')
        os.environ["SYSTEMD_DEVICE_VERIFY_SYSFS"] = "0"
        self.polkit.start()
        self.libvirt.start_libvirtd()
        self.libvirt.start_virtccwd()

    def file(self, name, text):
        return write(os.path.join(self.libvirt.folder, name), text, 0o644)

    @staticmethod
    def argv(user, *arguments, socket="libvirt-sock"):
        option = ["-r"] if socket.endswith("-ro") else []
        uri = f"qemu+unix:///system?socket={FRONT}/{socket}"
        return [*as_user(user), "virsh", "-q", *option, "-c", uri, *arguments]

    def virsh(self, user, *arguments, **kwargs):
        return command(self.argv(user, *arguments, **kwargs), check=False)

    def begin(self, user, *arguments):
        return subprocess.Popen(self.argv(user, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def may(self, user, *arguments):
        code, output = self.virsh(user, *arguments)
        expect(code == 0, f"{' '.join(arguments)} of {user}: {output}")
        return output

    def may_not(self, user, words, *arguments, **kwargs):
        """Checks that the call fails and the host does not change."""
        before = snapshot()
        code, output = self.virsh(user, *arguments, **kwargs)
        expect(code == 1 and words in output, f"{' '.join(arguments)} of {user}: exit code {code}: {output}")
        changes = differences(before, snapshot())
        expect(not changes, "\n".join(changes))

    @staticmethod
    def is_detached():
        return os.path.exists(JOURNAL)

    def node_operations(self):
        for operation in ("nodedev-detach", "nodedev-reattach", "nodedev-reset"):
            self.may_not("guest", "access denied", operation, CCW)
            self.may_not("member", "read only access prevents", operation, CCW, socket="libvirt-sock-ro")
            self.may_not("nobody", "authentication unavailable", operation, CCW)
        expect(not self.is_detached(), "it is in the journal")
        self.may("member", "nodedev-detach", CCW)
        expect(self.is_detached(), "it is not in the journal")
        self.may_not("guest", "access denied", "nodedev-reattach", CCW)
        expect(CCW in self.may("guest", "nodedev-list", "--cap", "ccw"), "a detached device is gone for who may see it")
        expect(CCW not in self.may("viewer", "nodedev-list", "--cap", "ccw"), "it shows to who may not")
        self.may_not("viewer", "error", "nodedev-dumpxml", CCW)
        self.may("guest", "nodedev-dumpxml", CCW)
        self.may("member", "nodedev-reattach", CCW)
        changes = differences(self.before, snapshot())
        expect(not changes, "\n".join(changes))

    def attach(self):
        self.may("root", "create", "--paused", self.file("one.xml", domain("one")))
        xml = self.file("hostdev.xml", hostdev())
        for user, words in (("guest", "access denied"), ("viewer", "error"), ("nobody", "authentication unavailable")):
            self.may_not(user, words, "attach-device", "one", xml, "--live")
        self.may_not("root", "read only access prevents", "attach-device", "one", xml, "--live",
                     socket="libvirt-sock-ro")
        self.may_not("guest", "access denied", "detach-device", "one", xml, "--live")
        expect(not self.is_detached(), "it is in the journal")
        self.announced(xml)
        self.may("root", "destroy", "one")

    def announced(self, xml):
        """Other users leave the device to an attach only after libvirt has checked the access of its client. The attach
        itself cannot succeed: this libvirtd's /dev has no /dev/vfio."""
        relay = Relay(f"{BACKEND}/libvirt-sock")
        for user, skip in (("guest", 0), ("member", 0), ("member", 1)):
            with relay.hold(ATTACH_DEVICE_FLAGS, CALL, skip) as hold, self.begin(user, "attach-device", "one", xml, "--live") as attach:
                hold.reached()
                expect(os.path.exists(ANNOUNCED) == bool(skip), f"announced for {user}, call {skip}: {not skip}")
                hold.go()
                output = attach.communicate(timeout=DEADLINE)[0]
                expect(("access denied" in output) == (user == "guest"), f"{user}: {output}")
            expect(not os.path.exists(ANNOUNCED), f"it is announced after the attach of {user}")
            expect(not self.is_detached(), f"it is in the journal after the attach of {user}")
        relay.close()


def inside(virt_ccw):
    private_libvirt.enter()
    test = RightsTest(virt_ccw)
    steps = Steps(False)
    steps.log(test.libvirt.virtccwd_log)
    steps.log(test.libvirt.libvirtd_log)
    steps.run("libvirtd with access drivers, polkit and virtccwd start", test.start)
    steps.run("detach, reattach and reset of a node device need the right to detach", test.node_operations)
    steps.run("attach needs the right to change the domain", test.attach)
    steps.done()


def main():
    if os.geteuid() != 0 or private_polkit.missing():
        skip_all(f"it needs root and {private_polkit.missing() or 'nothing else'}")
    return inside_a_lab(__file__, inside, ["0.0.1234"])


if __name__ == "__main__":
    sys.exit(main())
