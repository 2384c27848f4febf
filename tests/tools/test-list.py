#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw list of trees recorded from a kernel: compares text and JSON with tests/sysfsdata/list*.{txt,json}
(LIBVIRT_CCW_REGENERATE=1 in the environment writes them), and prints hostile names safely. TAP.

    test-list.py VIRT-CCW SYSFSDATA
"""

import json
import os
import re
import stat
import subprocess
import sys

import labtest
from recording import restore
from tap import Tap
from terminal import output_of

VIRT_CCW, DATA = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
DOMAIN = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
DASD = "/sys/devices/css0/0.0.0000/0.0.1234"
HEADINGS = ["DEVICE", "SUBCHAN.", "DEVTYPE", "CUTYPE", "DRIVER", "ONLINE", "CHPIDS", "NAME", "VOLSER", "IN USE BY"]


class Host:
    """Makes the trees that list reads from a recording."""

    def __init__(self, root, recording):
        self.root = root
        self.write("/proc/self/mountinfo", "")
        self.write("/proc/filesystems", "nodev\tproc\n\text4\n\tbtrfs\n")
        restore(root, os.path.join(DATA, recording))

    def at(self, path):
        full = self.root + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        return full

    def write(self, path, text):
        with open(self.at(path), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def nodes(self, **numbers):
        """Makes block devices in /dev. Returns False without permission."""
        try:
            for name, (major, minor) in numbers.items():
                os.mknod(self.at(f"/dev/{name}"), stat.S_IFBLK | 0o600, os.makedev(major, minor))
        except PermissionError:
            return False
        return True

    def own(self, bus_id, domain, state="owned", **found):
        entry = {"version": 1, "device": bus_id, "subchannel": "0.0.0000", "state": state, "since": 1,
                 "domain": domain, "found": {"online": 1, "driver": "io_subchannel", "driver-override": "", **found},
                 "steps": []}
        self.write(f"/run/devices/{bus_id}.json", json.dumps(entry))

    def mounts(self, *mounts):
        self.write("/proc/self/mountinfo", b"".join(
            b"36 35 %s / %s rw - %s %s rw\n" % tuple(word.encode() if isinstance(word, str) else word
                                                     for word in mount) for mount in mounts))

    def command(self, *arguments):
        places = {"sysfs-root": "sys", "proc-root": "proc", "dev-dir": "dev", "run-dir": "run",
                  "status-dir": "libvirt"}
        return [VIRT_CCW, "list", *(f"--{name}={self.root}/{place}" for name, place in places.items()), *arguments]

    def list(self, *arguments, lang="C.UTF-8"):
        return subprocess.run(self.command(*arguments), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, env={**os.environ, "LC_ALL": lang}, timeout=60)

    def rows(self, *arguments, lang="C.UTF-8"):
        """Returns the lines without the headings, divided into cells."""
        return [re.split("  +", line) for line in self.list(*arguments, lang=lang).stdout.splitlines()[1:]]

    def on_a_terminal(self, *arguments):
        return output_of(self.command(*arguments), stderr=None).replace("\r\n", "\n")


def golden(tap, name, text):
    path = os.path.join(DATA, name)
    if os.environ.get("LIBVIRT_CCW_REGENERATE") == "1":
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        tap.equal(text, file.read(), name)


def recordings(tap, folder):
    for name in ("dasd", "virtio", "virtio-bound", "virtio-mdev"):
        host = Host(os.path.join(folder, name), f"{name}.txt")
        golden(tap, f"{name}.list", host.list().stdout)
        golden(tap, f"{name}.json", host.list("--json").stdout)


def users(tap, folder):
    host = Host(os.path.join(folder, "users"), "dasd.txt")
    if not host.nodes(dasda2=(94, 2)):
        tap.skip("users", "device nodes cannot be made here")
        return
    host.mounts(("94:1", "/mnt/data\\040one", "ext4", "/dev/disk/by-path/x"), ("0:50", "/btr", "btrfs", "/dev/dasda2"),
                ("8:1", "/other", "ext4", "/dev/sda1"), ("253:0", "/", "ext4", "/dev/mapper/vg0-root"))
    host.write("/proc/swaps", "Filename Type Size\n/dev/dasda2 partition 1 0 -2\n")
    host.write(f"{DASD}/block/dasda/dasda1/holders/dm-0/x", "")
    host.write("/sys/class/block/dm-0/dm/name", "vg0-root\n")
    host.write("/sys/class/block/dm-0/dm/uuid", "LVM-x\n")
    host.write("/sys/class/block/dm-0/dev", "253:0\n")
    golden(tap, "users.list", host.list("--long").stdout)
    golden(tap, "users.json", host.list("--json").stdout)
    tap.equal(host.rows("--used")[0][-1], "/mnt/data one, /btr, 3 more", "long lists are cut")
    tap.equal([row[0] for row in host.rows("--used")], ["0.0.1234"], "--used")
    tap.equal([row[0] for row in host.rows("--free")], ["0.0.1235"], "--free")
    os.symlink("../../../0.0.f5f0", host.at("/sys/devices/css0/0.0.0001/0.0.1235/group_device"))
    tap.equal(host.rows("0.0.1235")[0][-1], "group device 0.0.f5f0", "one of a group")
    tap.equal(host.list("--free").stdout, "  ".join(HEADINGS) + "\n", "headings without a device")


def without_holders(tap, folder):
    """Layers on a disk that do not use it."""
    host = Host(os.path.join(folder, "loop"), "dasd.txt")
    if not host.nodes(dasda1=(94, 1)):
        tap.skip("layers on a disk", "device nodes cannot be made here")
        return
    host.write("/sys/class/block/loop7/loop/backing_file", "/dev/dasda1\n")
    host.write("/sys/class/block/loop7/dev", "7:7\n")
    host.mounts(("7:7", "/loop", "ext4", "/dev/loop7"))
    tap.equal(host.rows("0.0.1234")[0][-1], "loop device loop7, /loop", "a loop device")
    tap.equal([row[0] for row in host.rows("--free")], ["0.0.1235"], "it is not free")
    host = Host(os.path.join(folder, "btrfs"), "dasd.txt")
    host.nodes(dasdx1=(94, 99))
    for part in ("dasda2", "dasdx1"):
        host.write(f"/sys/fs/btrfs/{DOMAIN}/devices/{part}/dev", "94:2\n" if part == "dasda2" else "94:99\n")
    host.mounts(("0:50", "/btr", "btrfs", "/dev/dasdx1"))
    tap.equal(host.rows("0.0.1234")[0][-1], f"btrfs {DOMAIN}, /btr", "a btrfs that is mounted by another disk's name")


def names_of_disks(tap, folder):
    """A user may mount a file system with any source."""
    host = Host(os.path.join(folder, "names"), "dasd.txt")
    host.nodes(dasda1=(94, 1), dasda2=(94, 2))
    host.mounts(("0:51", "/home/user/mnt", "fuse", "/dev/dasda1"), ("0:52", "/home/user/two", "fuse.btrfs", "/dev/dasda2"),
                ("0:53", "/tmp/three", "tmpfs", "/dev/dasda"))
    tap.equal(host.rows("0.0.1234")[0][-1], "-", "a mount whose source is called as a disk is not on it")


def disks_of_guests(tap, folder):
    host = Host(os.path.join(folder, "disks"), "dasd.txt")
    for source, words in (("/dev/dasda", "domain one"), ("/dev/dasda2", "domain one"), ("/dev/dasdb", "-"),
                          ("/dev/mapper/vg0-root", "logical volume vg0/root (dm-0), domain one")):
        if "mapper" in source:
            host.write(f"{DASD}/block/dasda/dasda1/holders/dm-0/x", "")
            host.write("/sys/class/block/dm-0/dm/name", "vg0-root\n")
            host.write("/sys/class/block/dm-0/dm/uuid", "LVM-x\n")
        host.write("/libvirt/one.xml", f"<domstatus><domain><uuid>{DOMAIN}</uuid><devices><disk type='block'><source "
                   f"dev='{source}'/></disk></devices></domain></domstatus>")
        tap.equal(host.rows("0.0.1234")[0][-1], words, f"a guest has {source} for a disk")
    tap.ok("0.0.1234 is not in use: <hostdev" not in host.on_a_terminal(), "and it is not offered")


def beyond(tap, folder):
    host = Host(os.path.join(folder, "beyond"), "dasd.txt")
    for name in ("sda", "sdb", "sdc"):
        os.symlink(f"../../devices/css0/0.0.0001/0.0.1235/host0/rport-0:0-0/target0:0:0/0:0:0:1/block/{name}",
                   host.at(f"/sys/class/block/{name}"))
    tap.equal(host.rows("0.0.1235")[0][-1], "disk sda, disk sdb, 1 more", "SCSI disks behind an FCP channel")
    tap.equal(host.rows("0.0.1234")[0][-1], "-", "not behind another device")


def no_mountinfo(tap, folder):
    host = Host(os.path.join(folder, "no-mountinfo"), "dasd.txt")
    os.unlink(host.root + "/proc/self/mountinfo")
    result = host.list()
    tap.ok(result.returncode == 0 and result.stderr.endswith("/self/mountinfo: what is mounted is not shown\n"),
           "it is said that mounts are not known", result.stderr)
    tap.ok("is not in use: <hostdev" not in host.on_a_terminal(), "and no device is offered")


def owners(tap, folder):
    host = Host(os.path.join(folder, "owners"), "virtio-mdev.txt")
    for domain, words in ((DOMAIN, "domain guest one"), ("11111111-2222-4333-8444-555555555555", None),
                          ("cc390000-0002-8000-8000-000000000812", "qemu-ccw (process 812)"), (None, "detached")):
        host.write("/libvirt/guest one.xml", f"<domstatus><domain><uuid>{DOMAIN}</uuid></domain></domstatus>")
        host.write("/libvirt/odd.xml", "<uuid>")
        host.own("0.0.1234", domain)
        tap.equal(host.rows("0.0.1234")[0][-1], words or f"domain {domain}", f"owned by {domain}")
        tap.equal(json.loads(host.list("--json", "0.0.1234").stdout)[0]["owner"],
                  "qemu-ccw:812" if words and "qemu-ccw" in words else domain or "detached", "and in JSON")
    tap.equal(host.rows("0.0.1234")[0][2:4], ["-", "-"], "an entry of an older version has no device type")
    host.own("0.0.1234", None, devtype="3390/0c", cutype="3990/e9")
    tap.equal(host.rows("0.0.1234")[0][2:4], ["3390/0c", "3990/e9"], "a detached device keeps its type")
    shown = json.loads(host.list("--json", "0.0.1234").stdout)[0]
    tap.equal((shown["devtype"], shown["cutype"]), ("3390/0c", "3990/e9"), "also in JSON")
    tap.equal(shown["volser"], None, "its volume's serial may be unknown")
    host.own("0.0.1234", None, devtype="3390/0c", cutype="3990/e9", volser="0X1234")
    tap.equal(host.rows("0.0.1234")[0][8], "0X1234", "a known serial is shown")
    tap.equal(json.loads(host.list("--json", "0.0.1234").stdout)[0]["volser"], "0X1234", "also in JSON")
    host.own("0.0.1234", None, devtype="3390/0c", cutype="3990/e9", volser="\033[2J")
    tap.ok("\033" not in host.list("0.0.1234").stdout, "no control characters for a terminal")
    host.own("0.0.1234", None)
    mdev = "cc390000-0000-8000-8000-000000001234"  # that of the recording
    host.write("/proc/812/comm", "qemu\n")
    for element, words in (("hostdev", "domain guest one, detached"), ("disk", "detached")):
        host.write("/libvirt/guest one.xml", f"<domstatus pid='812'><devices/><domain><uuid>{DOMAIN}</uuid><devices>"
                   f"<{element} managed='no'><source><address uuid='{mdev.upper()}'/></source></{element}></devices>"
                   "</domain></domstatus>")
        tap.equal(host.rows("0.0.1234")[0][-1], words, f"a guest has it as an unmanaged {element}")
    host.write("/libvirt/guest one.xml", f"<domstatus pid='812'><domain><uuid>{DOMAIN}</uuid><devices><hostdev><source>"
               f"<address uuid='{mdev}'/></source></hostdev></devices></domain></domstatus>")
    for domain in (DOMAIN, None):
        host.own("0.0.1234", domain, "releasing")
        tap.equal(host.rows("0.0.1234")[0][-1], "domain guest one, releasing", f"from {domain}, and still open")
    tap.ok("\n\n0.0.1234 is being released to this host: 'virt-ccw reconcile' continues" in host.on_a_terminal(),
           "and what may be done")
    host.own("0.0.1234", DOMAIN)
    host.own("0.0.9999", None)
    host.write("/run/devices/0.0.aaaa.json", "{}")
    tap.equal(host.list("--owners").stdout, "0.0.1234 domain\n0.0.9999 administrator\n0.0.aaaa unknown\n",
              "--owners prints the whole journal")
    tap.equal(host.list("--owners", "--json").returncode, 2, "and nothing else")
    os.remove(host.at("/run/devices/0.0.9999.json"))
    os.remove(host.at("/run/devices/0.0.aaaa.json"))
    tap.equal(host.rows("0.0.1234")[0][-1], "domain guest one", "its owner is named once")
    os.unlink(host.root + "/run/devices/0.0.1234.json")
    tap.equal(host.rows("0.0.1234")[0][-1], f"domain guest one, mediated device {mdev}", "another program's mediated device")
    host.write("/libvirt/guest one.xml", "<domstatus pid='813'><domain><devices><hostdev><source>"
               f"<address uuid='{mdev}'/></source></hostdev></devices></domain></domstatus>")
    tap.equal(host.rows("0.0.1234")[0][-1], f"mediated device {mdev}", "its QEMU has ended")
    host.write("/run/devices/0.0.1234.json", "damaged")
    tap.equal(host.rows("ccw_0_0_1234")[0][-1], "? (its journal entry is not understood)", "a damaged entry")


def states(tap, folder):
    host = Host(os.path.join(folder, "states"), "dasd.txt")
    for availability, words in (("boxed", "boxed"), ("no path", "no-path"), ("good", "yes"), ("", "yes")):
        host.write(f"{DASD}/availability", f"{availability}\n")
        tap.equal(host.rows("0.0.1234")[0][5], words, f"availability '{availability}'")
    host.write(f"{DASD}/alias", "1\n")
    tap.equal(host.rows("0.0.1234")[0][5], "alias", "a PAV alias")
    host.write("/sys/devices/css0/0.0.0000/chpids", "40 41 00 43 00 00 00 00 \n")
    host.write("/sys/devices/css0/0.0.0000/pimpampom", "d0 c0 ff\n")
    tap.equal(host.rows("0.0.1234")[0][6], "40,41,43", "installed paths")


def hostile(tap, folder):
    """Other users choose a mount point, a volume's name and a UUID-like file name."""
    host = Host(os.path.join(folder, "hostile"), "dasd.txt")
    host.mounts(("94:0", b"/\xff\x1b[2J\\012", "ext4", "x"), ("94:1", "/字" * 300, "ext4", "x"))
    result = host.list("0.0.1234")
    tap.ok("\x1b" not in result.stdout and result.stdout.count("\n") == 2, "no control character", repr(result.stdout))
    tap.ok("/字/字" in result.stdout, "wide characters in UTF-8")
    tap.ok("字" not in host.list(lang="C").stdout, "not elsewhere")
    tap.equal(len(json.loads(host.list("--json").stdout)[0]["in_use_by"]), 2, "JSON is valid UTF-8")
    host.write(f"{DASD}/devtype", "字 x\n")
    lines = host.list().stdout.splitlines()
    tap.ok(lines[1].index("3990/e9") == lines[2].index("3990/e9") - 1, "columns stand below each other: wide", lines)
    tap.equal(host.rows()[0][2], "字?x", "no blank in a column but the last")


def named(tap, folder):
    host = Host(os.path.join(folder, "named"), "dasd.txt")
    tap.equal([row[0] for row in host.rows("0.0.1235", "0.0.1234")], ["0.0.1235", "0.0.1234"], "in the order asked for")
    tap.equal([row[0] for row in host.rows("css_0_0_0001", "1234")], ["0.0.1235", "0.0.1234"], "by other names")
    for arguments, code, words in ((["0.0.4321"], 1, "no ccw device 0.0.4321"), (["what"], 1, "'what' is not"),
                                   (["--used", "--free"], 2, "not both"), (["css_0_0_0009"], 1, "no I/O subchannel 0.0.0009")):
        result = host.list(*arguments)
        tap.ok(result.returncode == code and words in result.stderr and not result.stdout, " ".join(arguments),
               result.stderr)


def hints(tap, folder):
    host = Host(os.path.join(folder, "hints"), "dasd.txt")
    tap.ok("\n\n0.0.1234 is not in use: <hostdev" in host.on_a_terminal(), "a terminal gets a hint", host.on_a_terminal())
    for arguments in (["--no-hint"], ["--json"]):
        tap.ok("is not in use: <hostdev" not in host.on_a_terminal(*arguments), f"not with {arguments[0]}")
    host.write("/proc/cio_ignore", "0.0.0000-0.0.ffff\n")
    tap.ok("cio_ignore" not in host.on_a_terminal(), "none of cio_ignore where there are devices")
    for name in os.listdir(host.root + "/sys/bus/css/devices"):
        os.unlink(f"{host.root}/sys/bus/css/devices/{name}")
    tap.ok("cio_ignore -l" in host.on_a_terminal(), "devices may be hidden", host.on_a_terminal())


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        for part in (recordings, users, without_holders, names_of_disks, disks_of_guests, beyond, no_mountinfo, owners, states, hostile, named, hints):
            part(tap, folder)
    tap.done()


main()
