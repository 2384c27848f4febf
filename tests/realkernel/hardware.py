#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An emulated mainframe whose hardware goes and comes back, and which boots again while it has devices detached. The
test changes it from outside, by the monitor of its QEMU. In the end no device is lost, and each has an owner or is the
host's."""

import argparse
import os
import shlex
import socket

from machine import Machine, parts
from qmp import Monitor
from steps import Steps, expect

DISK = "0.0.1234"
OTHER = "0.0.1235"
MDEV = "cc390000-0001-8000-8000-000000001234"
DEADLINE = 120
JOURNAL = f"/run/libvirt-ccw/devices/{DISK}.json"
GUEST = """<domain type='qemu'><name>one</name><memory unit='MiB'>64</memory>
<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-s390x</emulator><memballoon model='none'/>
<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source></hostdev>
</devices></domain>"""
# The kernel's own messages, from now on: the expected one may be older, so the test checks the state first.
AWAIT = ("exec 9< <(exec udevadm monitor --kernel 2>/dev/null); read -r -u 9; read -r -u 9; until {test}; do "
         "read -r -t {deadline} -u 9 || {{ echo 'it was not seen: {test}'; exit 1; }}; done")


class Hardware:
    def __init__(self, machine, steps):
        self.machine = machine
        self.steps = steps
        self.monitor = None

    def boot(self):
        self.machine.boot()
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(self.machine.qmp)
        self.monitor = Monitor(connected, DEADLINE)

    def host(self, text, code=0):
        """Runs a command in the emulated mainframe."""
        self.steps.note("host# " + text)
        found, output = self.machine.run("bash -c " + shlex.quote(text), DEADLINE)
        self.steps.note(output)
        expect(found == code, f"exit code {found}, not {code}: {text}\n{output}")
        return output

    def wait(self, test):
        self.host(AWAIT.format(test=test, deadline=DEADLINE))

    def start_guest(self):
        self.host(f"cat >/run/one.xml <<'XML'\n{GUEST}\nXML\nvirsh -q create /run/one.xml --paused")

    def unplug(self):
        self.monitor.get("device_del", id=f"dasd{DISK[-4:]}")
        self.wait(f"! grep -qsx {DISK} /sys/bus/css/devices/*/dev_busid")

    def plug(self):
        self.monitor.get("device_add", driver="vfio-ccw", id=f"dasd{DISK[-4:]}", hostid=DISK, guestid=f"fe.{DISK[2:]}")
        self.wait(f"[ -e /sys/bus/ccw/devices/{DISK}/online ]")
        override = self.host(f"cat /sys/bus/ccw/devices/{DISK}/../driver_override")
        expect(override == "(null)", f"the override is {override}")

    def is_the_hosts(self, online):
        self.wait(f"[ ! -e {JOURNAL} ]")
        found = self.host(f"cat /sys/bus/ccw/devices/{DISK}/online; ls /sys/bus/mdev/devices")
        expect(found == str(online), f"not online {online} and without a mediated device:\n{found}")
        self.host(f"virt-ccw list --no-hint {DISK}")

    def goes_while_detached(self):
        self.host(f"virt-ccw detach {DISK}")
        self.unplug()
        listed = self.host("virt-ccw list --no-hint")
        expect(DISK not in listed and OTHER in listed, f"virt-ccw list shows what is not there:\n{listed}")
        self.host("virt-ccw reconcile")

    def comes_back(self):
        self.plug()
        self.host(f"virt-ccw detach {DISK}")
        self.host(f"virt-ccw reattach {DISK}")
        self.host(f"chccwdev -e {DISK} >/dev/null; udevadm settle")
        self.is_the_hosts(1)

    def subchannel(self, bus_id):
        path = self.host(f"grep -lsx {bus_id} /sys/bus/css/devices/*/dev_busid")
        return os.path.basename(os.path.dirname(path))

    def format_other(self):
        """Mounts a file system of it on the host."""
        node = f"/dev/disk/by-path/ccw-{OTHER}"
        self.host(f"dasdfmt -b 4096 -y {node} >/dev/null; udevadm settle; fdasd -s -a {node} >/dev/null; udevadm settle; "
                  f"mkfs.ext4 -q {node}-part1; mount {node}-part1 /mnt; echo kept >/mnt/file; sync")

    def exchange(self):
        """Each of both devices gets the other's subchannel (z/VM: DETACH, ATTACH), while one is detached. The
        machine is stopped meanwhile, so that it sees both changes at once: its vfio_ccw keeps the subchannel, with the
        mediated device of the one and the other device behind it."""
        self.host(f"virt-ccw detach {DISK}")
        found = {bus_id: self.subchannel(bus_id) for bus_id in (DISK, OTHER)}
        self.monitor.get("stop")
        for bus_id in found:
            self.monitor.get("device_del", id=f"dasd{bus_id[-4:]}")
        for bus_id in sorted(found, key=found.get, reverse=True):  # QEMU uses the first free subchannel
            self.monitor.get("device_add", driver="vfio-ccw", id=f"dasd{bus_id[-4:]}", hostid=bus_id,
                             guestid=f"fe.{bus_id[2:]}")
        self.monitor.get("cont")
        for bus_id, other in ((DISK, OTHER), (OTHER, DISK)):
            self.wait(f"grep -qsx {bus_id} /sys/bus/css/devices/{found[other]}/dev_busid")
        driver = self.host(f"basename $(readlink /sys/bus/css/devices/{found[DISK]}/driver)")
        expect(driver == "vfio_ccw", f"the subchannel of the detached device is on {driver} when it has another")

    def exchanged_for_a_guest(self):
        """The guest gets its own device, and no other one."""
        self.start_guest()
        found = self.host(f"cat /sys/bus/mdev/devices/{MDEV}/../dev_busid")
        expect(found == DISK, f"the guest has {found}, not {DISK}")
        self.host("virsh -q destroy one")
        self.have_both()

    def exchanged_back(self):
        self.host(f"virt-ccw reattach {DISK}")
        self.have_both()
        self.host("umount /mnt")

    def have_both(self):
        """The host has its devices, and the mounted disk, which was never detached."""
        self.is_the_hosts(1)
        self.wait(f"grep -qsx 1 /sys/bus/ccw/devices/{OTHER}/online")
        for bus_id in (DISK, OTHER):
            found = self.host(f"cd /sys/bus/css/devices/{self.subchannel(bus_id)}; cat driver_override; "
                              "basename $(readlink driver)")
            expect(found.split() == ["(null)", "io_subchannel"], f"the subchannel of {bus_id}: {found}")
        self.host("echo 3 >/proc/sys/vm/drop_caches; cat /mnt/file")

    def goes_from_a_guest(self):
        self.start_guest()
        self.host(f"virt-ccw list --no-hint {DISK}; test -e {JOURNAL}")
        self.unplug()
        self.wait(f"[ ! -e {JOURNAL} ]")
        found = self.host("virsh -q domstate one; virsh dumpxml one | grep -c hostdev || true")
        expect(found.split() == ["paused", "0"], f"the guest is not paused, without the device: {found}")

    def comes_back_to_the_host(self):
        self.plug()
        self.host(f"chccwdev -e {DISK} >/dev/null; udevadm settle; virsh -q destroy one")
        self.is_the_hosts(1)

    def reboots(self):
        """/run, driver_override and the mediated device are gone with the boot. The volume is unchanged."""
        self.start_guest()
        self.host(f"virt-ccw list --no-hint {DISK} && test -e {JOURNAL}")
        self.machine.off()
        self.machine.guest.close()
        self.boot()
        self.is_the_hosts(1)
        expect(self.host("virt-ccw reconcile") == "nothing to do", "there is something to reconcile after a boot")

    def run(self):
        run = self.steps.run
        run("the machine boots", self.boot)
        run("a device that is detached is taken out of the machine", self.goes_while_detached)
        run("it comes back, and can be detached and reattached", self.comes_back)
        run("the host mounts another DASD", self.format_other)
        run("the machine exchanges the subchannels of both, while one is detached", self.exchange)
        run("a guest that starts gets its own device, and the host the other one", self.exchanged_for_a_guest)
        run("the machine exchanges them again", self.exchange)
        run("both are the host's again when the one is reattached", self.exchanged_back)
        run("the device of a guest is taken out of the machine", self.goes_from_a_guest)
        run("it comes back to the host", self.comes_back_to_the_host)
        run("the machine boots again while a guest has a device", self.reboots)
        run("and ends", self.machine.off)
        self.steps.done()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the build for this machine")
    parser.add_argument("--build-s390x", required=True, help="the build that is used in the machine")
    options = parser.parse_args()
    with Machine(parts(options.build, options.build_s390x), tools=options.build) as machine:
        steps = Steps(plain=False)
        steps.log(machine.console)
        Hardware(machine, steps).run()


if __name__ == "__main__":
    main()
