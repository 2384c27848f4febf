#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw detach, reattach and reset, and every use and state of a device that they reject: by virtccwd, by a stock
libvirt, and without libvirt. The emulated mainframe tests what needs a disk, which a lab has not: file systems, swap
and layers of block devices on a DASD. Run as: test-states.py VIRT-CCW"""

import contextlib
import os
import re
import shlex
import subprocess
import sys

from daemons import Daemon
from files import temporary_folder
from hosttree import differences, snapshot
from labtest import DAEMON_LOGS, domain, hostdev, inside_a_lab, write_sysfs
from relay import Relay
from rpc import CALL, NODE_DEVICE_GET_XML_DESC, NODE_DEVICE_LOOKUP_BY_NAME, NODE_DEVICE_RE_ATTACH, REPLY
from steps import Steps, command, expect
from waiting import wait_until

FIRST, SECOND = "0.0.1234", "0.0.1235"
UUID = "cc390000-0001-8000-8000-000000001234"
BACKEND = "/run/libvirt-ccw/backend/libvirt-sock"
STOCK = ("--connect", f"qemu+unix:///system?socket={BACKEND}")
CSS = "/sys/devices/css0"
LAB_CONTROL = "/run/libvirt-ccw/lab-control.sock"
OURS = "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source></hostdev>"
LOWERED = (f"<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address uuid='{UUID}'/></source>"
           "</hostdev>")
AGAIN = f"and 'virt-ccw reattach {FIRST}' returns it to the host"


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def online(device):
    return read(f"/sys/bus/ccw/devices/{device}/online")


def subchannel_of(device):
    for name in os.listdir("/sys/bus/css/devices"):
        if read(f"/sys/bus/css/devices/{name}/dev_busid") == device:
            return name
    return None


class StatesTest:
    def __init__(self, virt_ccw, folder):
        self.virt_ccw = virt_ccw
        self.folder = folder
        self.before = snapshot()
        self.subchannel = subchannel_of(FIRST)
        chpid = read(f"/sys/bus/css/devices/{self.subchannel}/chpids").split()[0]
        self.path = f"0.{chpid}"

    # Tools.

    def run(self, *args):
        result = subprocess.run([self.virt_ccw, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=120, text=True, check=False)
        return result.returncode, result.stdout.strip(), result.stderr.strip()

    def says(self, expected, *args):
        code, out, err = self.run(*args)
        expect((code, out, err) == (0, expected, ""), f"{args}: {code} {out} {err}")

    def fails(self, words, *args):
        """The command fails with one line that ends with these words, after libvirt's own."""
        code, out, err = self.run(*args)
        expect(code == 1 and not out and err.count("\n") == 0, f"{args}: {code} {out} {err}")
        expect(err.startswith(f"virt-ccw {args[0]}: error: ") and err.endswith(words), f"not '{words}': {err}")

    def rejected(self, words, device=FIRST):
        """Fails with virtccwd and without it, and changes nothing."""
        before = snapshot()
        self.fails(words, "detach", device)
        self.fails(words, "detach", *STOCK, device)
        lines = differences(before, snapshot())
        expect(not lines, "\n".join(lines))

    def in_use(self, words, device=FIRST):
        self.rejected(f"ccw device {device} is in use by this host: {words}", device)

    def expect_as_before(self):
        wait_until(lambda: not differences(self.before, snapshot()), "the host is as it was before")
        expect(not os.path.exists(f"/run/libvirt-ccw/devices/{FIRST}.json"), "there is still an entry")

    def there_and_back(self, device=FIRST):
        self.detach(device)
        code, out, err = self.run("reattach", device)
        expect(code == 0, err)
        expect(out.startswith(f"{device}: reattached, and "), out)

    def detach(self, device=FIRST):
        code, out, err = self.run("detach", device)
        expect(code == 0 and out.startswith(f"{device}: detached; "), f"{code} {out} {err}")

    def back(self, name="", device=FIRST):
        """Returns reattach's message for a device that was online; a lab's device has no disk to name."""
        code, out, err = self.run("reattach", *name.split(), device)
        expect(code == 0 and out.startswith(f"{device}: reattached, and online"), f"{code} {out} {err}")

    @contextlib.contextmanager
    def guest(self, device=FIRST):
        path = os.path.join(self.folder, "one.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(domain("one", hostdev(f"0x{device[-4:]}")))
        command(["virsh", "create", "--paused", path], timeout=300)
        try:
            yield
        finally:
            command(["virsh", "destroy", "one"])

    # Steps.

    def by_any_name(self):
        for name in (FIRST, "1234", "ccw_0_0_1234", f"css_{self.subchannel.replace('.', '_')}"):
            self.says(f"{FIRST}: detached; {OURS} gives it to a guest, {AGAIN}", "detach", name)
            self.says(f"{FIRST}: detached; {OURS} gives it to a guest, {AGAIN}", "detach", name)  # it is already
            self.says(f"{FIRST}: detached: each guest that opens it resets it", "reset", name)
            self.back(device=FIRST)
            self.says(f"{FIRST}: reset", "reset", name)
            self.back()  # it is already
        self.expect_as_before()

    def by_stock_libvirt(self):
        self.says(f"{FIRST}: detached; {LOWERED} gives it to a guest, {AGAIN}", "detach", *STOCK, FIRST)
        self.back(" ".join(STOCK))
        self.expect_as_before()

    def nameless(self):
        """libvirt met the subchannel before the kernel knew its device: libvirt's node device does not show the device."""
        def without_name(frame):
            return re.sub(rb"<channel_dev_addr>.*?</channel_dev_addr>", lambda name: b" " * len(name[0]), frame,
                          flags=re.S)

        write_sysfs(f"/sys/bus/ccw/devices/{FIRST}/online", "0")
        relay = Relay(BACKEND)
        relay.edit(NODE_DEVICE_GET_XML_DESC, REPLY, without_name)
        relay.edit(NODE_DEVICE_LOOKUP_BY_NAME, CALL, lambda frame: frame.replace(b"ccw_0_0_1234", b"ccw_0_0_none"))
        css = f"css_{self.subchannel.replace('.', '_')}"
        for libvirt, form in (((), OURS), (STOCK, LOWERED)):
            xml = command(["virsh", *libvirt, "nodedev-dumpxml", css])[1]
            expect("capability type='css'" in xml and "1234" not in xml, f"it names the device: {xml}")
            self.says(f"{FIRST}: offline: nothing to reset", "reset", *libvirt, FIRST)
            self.says(f"{FIRST}: detached; {form} gives it to a guest, {AGAIN}", "detach", *libvirt, FIRST)
            self.says(f"{FIRST}: reattached, and offline as it was; 'chzdev -e {FIRST}' sets it online", "reattach",
                      *libvirt, FIRST)
        with self.guest(SECOND):
            self.fails(f"ccw device {SECOND} is in use by driver QEMU, domain one", "detach", SECOND)
        relay.close()
        write_sysfs(f"/sys/bus/ccw/devices/{FIRST}/online", "1")
        self.expect_as_before()

    def unlisted(self):
        """The subchannel is newer than libvirt: libvirt lists only the device, while it is online."""
        css = f"css_{self.subchannel.replace('.', '_')}".encode()
        relay = Relay(BACKEND)
        for procedure in (NODE_DEVICE_LOOKUP_BY_NAME, NODE_DEVICE_RE_ATTACH):
            relay.edit(procedure, CALL, lambda frame: frame.replace(css, b"css_0_0_none"))
        for libvirt, form in (((), OURS), (STOCK, LOWERED)):
            self.says(f"{FIRST}: detached; {form} gives it to a guest, {AGAIN}", "detach", *libvirt, FIRST)
            self.back(" ".join(libvirt))
        relay.close()
        self.expect_as_before()

    def several(self):
        code, out, err = self.run("detach", FIRST, SECOND)
        expect(code == 0 and out.count("\n") == 1, f"{out} {err}")
        code, out, err = self.run("reattach", FIRST, "9999")
        expect(code == 1 and "no ccw device 0.0.9999" in err and not out, "one of them was done")
        code, out, err = self.run("reattach", FIRST, SECOND)
        expect(code == 0 and out.count("online") == 2, f"{out} {err}")
        self.expect_as_before()

    def found_offline(self):
        write_sysfs(f"/sys/bus/ccw/devices/{SECOND}/online", "0")
        self.says(f"{SECOND}: offline: nothing to reset", "reset", SECOND)
        self.detach(SECOND)
        self.says(f"{SECOND}: reattached, and offline as it was; 'chzdev -e {SECOND}' sets it online", "reattach",
                  SECOND)
        write_sysfs(f"/sys/bus/ccw/devices/{SECOND}/online", "1")
        self.expect_as_before()

    def settings(self):
        """Settings that the kernel forgets when a DASD goes offline, and those that it keeps."""
        folder = f"/sys/bus/ccw/devices/{FIRST}"
        before = {name: read(f"{folder}/{name}") for name in ("expires", "retries", "readonly")}
        if before["expires"] is None:
            return
        found = {"expires": "77", "retries": "99", "readonly": before["readonly"]}
        for name in ("expires", "retries"):
            write_sysfs(f"{folder}/{name}", found[name])
        for verbs in (("detach", "reattach"), ("reset",)):
            for verb in verbs:
                code, out, err = self.run(verb, FIRST)
                expect(code == 0, f"{out} {err}")
            now = {name: read(f"{folder}/{name}") for name in found}
            expect(now == found, now)
        for name in ("expires", "retries"):
            write_sysfs(f"{folder}/{name}", before[name])
        self.expect_as_before()

    def drivers(self, device=SECOND):
        """Returns the driver of its subchannel, and the one for which it is reserved."""
        folder = f"/sys/bus/css/devices/{subchannel_of(device)}"
        driver = os.path.basename(os.readlink(f"{folder}/driver")) if os.path.exists(f"{folder}/driver") else None
        return driver, read(f"{folder}/driver_override")

    def reserved(self):
        """driver_override was set before, and the subchannel kept its driver, as udev's rule does for a device in use."""
        override = f"/sys/bus/css/devices/{subchannel_of(SECOND)}/driver_override"
        write_sysfs(override, "vfio_ccw")
        for options in ("", " ".join(STOCK)):
            self.detach(SECOND)
            self.back(options, SECOND)
            expect(self.drivers() == ("io_subchannel", "vfio_ccw"), self.drivers())
        write_sysfs(override, "\n")
        self.expect_as_before()

    def given_away(self):
        """The administrator has bound the device to vfio_ccw, or to no driver: guests use it and leave it so. reattach
        returns it."""
        subchannel = subchannel_of(SECOND)
        override = f"/sys/bus/css/devices/{subchannel}/driver_override"
        write_sysfs(f"/sys/bus/ccw/devices/{SECOND}/online", "0")
        write_sysfs("/sys/bus/css/drivers/io_subchannel/unbind", subchannel)
        self.says(f"{SECOND}: it has no driver: nothing to reset", "reset", SECOND)
        for driver in (None, "vfio_ccw"):
            if driver:
                write_sysfs(override, driver)
                write_sysfs(f"/sys/bus/css/drivers/{driver}/bind", subchannel)
            found = self.drivers()
            self.detach(SECOND)
            self.says(f"{SECOND}: released to {driver or 'no driver'}, as it was found; 'virt-ccw reattach {SECOND}' "
                      "again binds it to io_subchannel", "reattach", SECOND)
            expect(self.drivers() == found, self.drivers())
            self.says(f"{SECOND}: reattached, and offline as it was; 'chzdev -e {SECOND}' sets it online", "reattach",
                      SECOND)
            expect(self.drivers() == ("io_subchannel", "(null)"), self.drivers())
            if not driver:
                write_sysfs("/sys/bus/css/drivers/io_subchannel/unbind", subchannel)
        write_sysfs(f"/sys/bus/ccw/devices/{SECOND}/online", "1")
        self.expect_as_before()

    def of_a_guest(self):
        with self.guest():
            for verb in ("detach", "reattach", "reset"):
                self.fails(f"ccw device {FIRST} is in use by driver QEMU, domain one", verb, FIRST)
                self.fails(f"ccw device {FIRST} is in use by driver QEMU, domain one", verb, *STOCK, FIRST)
        self.expect_as_before()

    def group(self):
        return os.path.basename(os.readlink(f"/sys/bus/mdev/devices/{UUID}/iommu_group"))

    def rejects_open_device(self, *options):
        """A process that libvirt does not know has the device, such as a QEMU of an administrator."""
        with open(f"/dev/vfio/{self.group()}", "rb+", buffering=0):
            for verb in ("reattach", "reset"):
                self.fails(f"ccw device {FIRST} is in use by a guest: its mediated device is open by "
                           f"process {os.getpid()} ({read('/proc/self/comm')})", verb, *options, FIRST)
        expect(os.path.exists(f"/sys/bus/mdev/devices/{UUID}"), "it was pulled")

    def of_a_process(self):
        self.detach()
        self.rejects_open_device()
        self.rejects_open_device(*STOCK)
        self.back()
        self.expect_as_before()

    def without_libvirt(self):
        """This step comes last, because it restarts the daemons."""
        daemons = [Daemon("libvirtd"), Daemon("virtccwd")]
        for daemon in reversed(daemons):
            daemon.kill()
        code, out, err = self.run("detach", FIRST)
        expect(code == 0 and out == f"{FIRST}: detached; {LOWERED} gives it to a guest, {AGAIN}", f"{code} {out} {err}")
        expect("cannot ask libvirt" in err, err)
        with open(f"/dev/vfio/{self.group()}", "rb+", buffering=0):
            code, out, err = self.run("reattach", FIRST)
            expect(code == 1 and err.endswith(f"open by process {os.getpid()} ({read('/proc/self/comm')})"), err)
        code, out, err = self.run("reattach", FIRST)
        expect(code == 0 and "reattached, and online" in out, f"{code} {out} {err}")
        daemons[0].start(["virsh", *STOCK, "uri"])
        daemons[1].start()
        self.there_and_back()
        self.expect_as_before()

    def varied_off(self):
        """No other attribute is read meanwhile: some of a DASD (host_access_count) send a command to the device, and
        wait."""
        status = f"{CSS}/chp{self.path}/status"
        words = f"has no channel path: channel path {self.path} is varied off; chchp -v 1 {self.path} first"
        write_sysfs(status, "offline")
        try:
            for verb in ("detach", "reset"):
                self.fails(f"ccw device {FIRST} {words}", verb, FIRST)
                self.fails(f"ccw device {FIRST} {words}", verb, *STOCK, FIRST)
        finally:
            write_sysfs(status, "online")
        wait_until(lambda: online(FIRST) == "1" and read(f"/sys/bus/ccw/devices/{FIRST}/availability") == "good",
                   "its path is back")
        self.there_and_back()
        self.expect_as_before()

    # A lab's hardware.

    def lab(self, *args):
        command([self.virt_ccw, "lab", *args])

    def lab_states(self):
        write_sysfs(f"/sys/bus/ccw/devices/{FIRST}/online", "0")
        self.lab("state", FIRST, "boxed")
        self.rejected(f"ccw device {FIRST} is boxed: another system has reserved it; release it there, or take it over "
                     f"with 'echo force > /sys/bus/ccw/devices/{FIRST}/online'")
        self.lab("state", FIRST, "good")
        write_sysfs(f"/sys/bus/ccw/devices/{FIRST}/online", "1")
        self.lab("state", FIRST, "no-path")
        self.rejected(f"ccw device {FIRST} has no channel path: none is both installed and available (pim 80, pam 00); "
                     "see lschp")
        self.lab("state", FIRST, "good")
        self.lab("state", FIRST, "alias")
        if read(f"/sys/bus/ccw/devices/{FIRST}/alias") == "1":
            code, _, err = self.run("detach", FIRST)
            expect(code == 1 and f"ccw device {FIRST} is a PAV alias" in err, err)
        self.lab("state", FIRST, "good")

    def boxed_meanwhile(self):
        """Another system reserves the device while it is detached: the message says why it does not come online, and it
        is not lost."""
        self.detach()
        self.lab("state", FIRST, "boxed")
        self.fails(f"ccw device {FIRST} is boxed: another system has reserved it; release it there, or take it over "
                   f"with 'echo force > /sys/bus/ccw/devices/{FIRST}/online'", "reattach", FIRST)
        self.lab("state", FIRST, "good")
        code, out, err = self.run("reconcile")
        expect(code == 0, f"{out} {err}")
        self.expect_as_before()

    def gone_and_back(self):
        """Taken out of the machine while detached, and put in: it has its host driver, and the entry is outdated."""
        for verb in ("detach", "reattach"):
            self.detach()
            self.lab("unplug", FIRST)
            expect(subchannel_of(FIRST) is None, "it is still there")
            self.lab("plug", FIRST)
            wait_until(lambda: online(FIRST) == "0", "it is back, offline")
            code, out, err = self.run(verb, FIRST)
            expect(code == 0, f"{out} {err}")
        wait_until(lambda: online(FIRST) == "1", "as it was found")
        self.detach()
        self.lab("unplug", FIRST)
        self.says(f"{FIRST}: removed from the journal; this machine no longer has it", "reattach", FIRST)
        self.fails(f"there is no ccw device {FIRST} on this host: 'virt-ccw list' shows this host's devices", "reattach",
                   FIRST)
        self.lab("plug", FIRST)
        wait_until(lambda: online(FIRST) is not None, "it is back")
        if online(FIRST) == "0":
            write_sysfs(f"/sys/bus/ccw/devices/{FIRST}/online", "1")
        node = "ccw_0_0_1234"  # libvirt lists only this one of the two names if the subchannel is newer than libvirt
        wait_until(lambda: node in command(["virsh", "nodedev-list", "--cap", "ccw"])[1].split(), "it is listed")
        for verb in ("nodedev-detach", "nodedev-reattach"):
            command(["virsh", verb, node])
        expect(online(FIRST) == "1", "it is not online")

    # Disks of a real kernel.

    def format(self):
        for device in (FIRST, SECOND):
            disk = f"/dev/{os.listdir(f'/sys/bus/ccw/devices/{device}/block')[0]}"
            command(["dasdfmt", "-b", "4096", "-y", disk], timeout=600)
            command(["udevadm", "settle"])  # udev reads a disk after each change, and fdasd needs exclusive access
            command(["fdasd", "-s", "-a", disk], timeout=300)
            command(["udevadm", "settle"])
            expect(os.path.exists(f"{disk}1"), "there is no partition")
        command(["mke2fs", "-q", "-F", "-t", "ext4", self.disk() + "1"], timeout=300)
        command(["modprobe", "-a", "loop", "dm_mod", "md_mod"])  # the device nodes of their controls appear with them
        self.before = snapshot()  # the status is "online" now

    def disk(self, device=FIRST):
        return f"/dev/{os.listdir(f'/sys/bus/ccw/devices/{device}/block')[0]}"

    def part(self):
        return os.path.basename(self.disk()) + "1"

    @contextlib.contextmanager
    def mounted(self, node, *before):
        where = os.path.join(self.folder, "my disk")
        os.makedirs(where, exist_ok=True)
        command([*before, "mount", node, where])
        try:
            yield where
        finally:
            command(["umount", where])

    def opened(self):
        with open(self.disk(), "rb"):
            self.in_use(f"{os.path.basename(self.disk())} is open by process {os.getpid()} ({read('/proc/self/comm')})")
            self.fails(f"({read('/proc/self/comm')})", "reset", FIRST)
        self.there_and_back()

    def mount(self):
        with self.mounted(self.disk() + "1") as where:
            self.in_use(f"{self.part()} is mounted on {where}; umount {shlex.quote(where)} first")
        self.there_and_back()

    def mount_elsewhere(self):
        """Mounted in another mount namespace, as in a container."""
        where = os.path.join(self.folder, "elsewhere")
        os.makedirs(where)
        script = f"mount {self.disk()}1 {where} && echo mounted && read end"
        with subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            expect(process.stdout.readline() == "mounted\n", "it cannot be mounted there")
            self.in_use(f"{self.part()} is mounted on {where} for process {process.pid} (sh)")
        self.there_and_back()

    def swap(self):
        command(["mkswap", self.disk() + "1"])
        command(["swapon", self.disk() + "1"])
        try:
            self.in_use(f"{self.part()} is swap space; swapoff {self.disk()}1 first")
        finally:
            command(["swapoff", self.disk() + "1"])
        self.there_and_back()

    def lvm(self):
        node = self.disk() + "1"
        command(["pvcreate", "-ff", "-y", node])
        command(["vgcreate", "ccw-test", node])
        command(["lvcreate", "-y", "-an", "-Zn", "-l", "100%FREE", "-n", "home", "ccw-test"])
        self.there_and_back()
        command(["lvchange", "-ay", "ccw-test/home"])
        layer = os.path.basename(os.path.realpath("/dev/mapper/ccw--test-home"))
        built = f"{self.part()} is part of logical volume ccw-test/home ({layer})"
        self.in_use(f"{built}; lvchange -an ccw-test/home first")
        command(["mke2fs", "-q", "-F", "-t", "ext4", "/dev/mapper/ccw--test-home"], timeout=300)
        with self.mounted("/dev/mapper/ccw--test-home") as where:
            self.in_use(f"{built}, which is mounted on {where}; umount {shlex.quote(where)} first")
        command(["lvchange", "-an", "ccw-test/home"])
        self.there_and_back()
        command(["vgremove", "-f", "ccw-test"])

    def mapped(self):
        sectors = read(f"/sys/class/block/{self.part()}/size")
        command(["dmsetup", "create", "plain", "--table", f"0 {sectors} linear {self.disk()}1 0"])
        layer = os.path.basename(os.path.realpath("/dev/mapper/plain"))
        built = f"{self.part()} is part of device-mapper device plain ({layer})"
        with open("/dev/mapper/plain", "rb"):
            self.in_use(f"{built}, which is open by process {os.getpid()} ({read('/proc/self/comm')})")
        self.in_use(f"{built}; dmsetup remove plain first")
        command(["dmsetup", "remove", "plain"])
        self.there_and_back()

    def raid(self):
        command(["mdadm", "--create", "/dev/md7", "--run", "--force", "--level=linear", "--raid-devices=1",
                 self.disk() + "1"])
        self.in_use(f"{self.part()} is part of RAID array md7; mdadm --stop /dev/md7 first")
        command(["mdadm", "--stop", "/dev/md7"])
        command(["mdadm", "--zero-superblock", self.disk() + "1"])  # otherwise udev would assemble the array when the disk is online again
        self.there_and_back()

    def loop(self):
        node = command(["losetup", "--find", "--show", self.disk() + "1"])[1]
        self.in_use(f"{self.part()} is part of loop device {os.path.basename(node)}; losetup -d {node} first")
        command(["losetup", "-d", node])
        self.there_and_back()

    def ignored(self):
        write_sysfs(f"/sys/bus/ccw/devices/{SECOND}/online", "0")
        write_sysfs("/proc/cio_ignore", f"add {SECOND}")
        write_sysfs("/proc/cio_ignore", "purge")
        wait_until(lambda: subchannel_of(SECOND) is None, "it is hidden")
        self.rejected(f"ccw device {SECOND} is hidden by cio_ignore: cio_ignore -r {SECOND} first", SECOND)
        write_sysfs("/proc/cio_ignore", f"free {SECOND}")
        wait_until(lambda: online(SECOND) == "0", "it is back")
        write_sysfs(f"/sys/bus/ccw/devices/{SECOND}/online", "1")
        self.there_and_back(SECOND)

    def root(self):
        """The disk of the emulated mainframe itself is a virtio disk, which the kernel does not guard."""
        with open("/proc/self/mountinfo", encoding="ascii") as file:
            number = next(line.split()[2] for line in file if line.split()[4] == "/")
        disk = os.path.realpath(f"/sys/dev/block/{number}")
        device = next(part for part in disk.split("/") if part.startswith("0.0.") and
                      os.path.exists(f"/sys/bus/ccw/devices/{part}"))
        self.in_use(f"{os.path.basename(disk)} holds the root file system", device)


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        test = StatesTest(virt_ccw, folder)
        steps.run("detached, reattached and reset by each name", test.by_any_name)
        steps.run("without virtccwd", test.by_stock_libvirt)
        steps.run("when libvirt does not name the device", test.nameless)
        steps.run("where libvirt does not list its subchannel", test.unlisted)
        steps.run("several at once", test.several)
        steps.run("a device that was offline comes back offline", test.found_offline)
        steps.run("settings of the administrator for a DASD", test.settings)
        steps.run("reserved by its driver_override before", test.reserved)
        steps.run("bound to vfio_ccw, or to no driver, by the administrator", test.given_away)
        steps.run("a guest's device", test.of_a_guest)
        steps.run("a device of a process that libvirt does not know", test.of_a_process)
        steps.run("its channel path is varied off", test.varied_off)
        if os.path.exists(LAB_CONTROL):
            steps.run("boxed, without a path, an alias", test.lab_states)
            steps.run("boxed while it is detached", test.boxed_meanwhile)
            steps.run("taken out of the machine, and put in again", test.gone_and_back)
        else:
            steps.run("both DASDs are formatted", test.format)
            steps.run("open", test.opened)
            steps.run("mounted", test.mount)
            steps.run("mounted in another mount namespace", test.mount_elsewhere)
            steps.run("swap", test.swap)
            steps.run("LVM, a volume that is mounted", test.lvm)
            steps.run("device mapper, a device that is open", test.mapped)
            steps.run("a RAID array", test.raid)
            steps.run("a loop device", test.loop)
            steps.run("hidden by cio_ignore", test.ignored)
            steps.run("the root file system", test.root)
        steps.run("without libvirt", test.without_libvirt)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, (FIRST, SECOND)))
