#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qemu-ccw as a program, with the real emulator: the fixtures are what it runs. TAP.

Usage: check-qemu-ccw.py QEMU-CCW VIRT-CCW FIXTURES
"""

import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from files import temporary_folder
from qmp import Child
from tap import Tap

QEMU_CCW, VIRT_CCW, FIXTURES = (os.path.abspath(path) for path in sys.argv[1:4])
UUID = "cc390000-0001-8000-8000-0000"
tap = Tap()


def check(name, good, *why):
    tap.ok(good, name, *map(repr, why))


def qemu_ccw(*arguments):
    return subprocess.run([QEMU_CCW, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)


def start(*arguments):
    return Child(QEMU_CCW, *arguments, "-S", "-qmp", "stdio")


def freed(qemu):
    """The image of a device that was unplugged is free while QEMU runs on, and can be busy when it comes back."""
    again = {"driver": "vfio-ccw", "id": "d1", "sysfsdev": f"/sys/bus/mdev/devices/{UUID}00001235", "devno": "fe.0.1235"}
    other = start("--dasd", "0.0.1235=b.ckd", "-nodefaults", "-display", "none")
    check("the image of a device that is gone is free", other.ask("query-status").get("running") is False)
    refused = qemu.ask("device_add", **again)
    check("while another has the image, the device does not come back", "error" in refused, refused)
    other.quit()
    added = qemu.ask("device_add", **again)
    check("afterwards it does", added == {} and qemu.device("d1") == ("vfio-ccw", True, "fe.0.1235"), added)
    qemu.ask("device_del", id="d1")
    check("and goes", qemu.wait_event("DEVICE_DELETED"))


def start_from_issue():
    qemu = start("--dasd", "0.0.1234=a.ckd", "--dasd", "0.0.1235=b.ckd", "-machine", "s390-ccw-virtio,s390-map-css=on",
                "-device", "vfio-ccw,id=d0,hostid=0.0.1234,guestid=fe.0.1234", "-nodefaults", "-display", "none")
    device = qemu.device("d0")
    check("the documented command line starts, the device is realized",
          device == ("vfio-ccw", True, "fe.0.1234"), device)
    busy = qemu_ccw("--dasd", "0.0.1234=a.ckd", "-version")
    check("a second one on the same image: exit 1, one line",
          busy.returncode == 1 and "a.ckd" in busy.stderr and len(busy.stderr.splitlines()) == 1, busy)
    added = qemu.ask("device_add", driver="vfio-ccw", id="d1",
                     sysfsdev=f"/sys/bus/mdev/devices/{UUID}00001235", devno="fe.0.1235")
    check("a DASD that no -device named is plugged in later",
          added == {} and qemu.device("d1") == ("vfio-ccw", True, "fe.0.1235"), added, qemu.device("d1"))
    busy = qemu_ccw("--dasd", "0.0.1235=b.ckd", "-version")
    check("its image is not free", busy.returncode == 1, busy)
    removed = qemu.ask("device_del", id="d1")
    check("and out again", removed == {} and qemu.wait_event("DEVICE_DELETED"), removed)
    freed(qemu)
    status, errors = qemu.quit()
    check("it quits with status 0, and has named the process that had the image",
          status == 0 and re.fullmatch(r"\S+: \S+: \S*/b\.ckd is in use by process \d+ \(qemu-system-s390x\), as device "
                                       r"0\.0\.1235\n", errors), status, errors)
    again = qemu_ccw("--dasd", "0.0.1234=a.ckd", "-version")
    check("then the image is free", again.returncode == 0 and again.stdout.startswith("QEMU emulator"), again)


def snapshots():
    """Two snapshots of one image at once, and who else may open the image meanwhile; no file remains, also after
    SIGKILL."""
    os.mkdir("snapshots")
    options = ("--snapshot-dir", "snapshots", "-nodefaults", "-display", "none", "-device",
               "vfio-ccw,id=d0,hostid=0.0.1234")
    first = start("--dasd", "0.0.1234=a.ckd,snapshot", *options)
    second = start("--dasd", "0.0.1234=a.ckd,snapshot", *options)
    device = (first.device("d0"), second.device("d0"))
    check("two snapshots of one image at once", device == (("vfio-ccw", True, "fe.0.1234"),) * 2, device)
    reader = qemu_ccw("--dasd", "0.0.1234=a.ckd,ro", "-version")
    check("and a reader", reader.returncode == 0, reader)
    writer = qemu_ccw("--dasd", "0.0.1234=a.ckd", "-version")
    holders = [f"a.ckd is in use by process {qemu.process.pid} (qemu-system-s390x), as device 0.0.1234"
               for qemu in (first, second)]
    check("the error for a writer names the process that has it",
          writer.returncode == 1 and any(holder in writer.stderr for holder in holders) and
          len(writer.stderr.splitlines()) == 1, writer, holders)
    removed = second.ask("device_del", id="d0")
    check("a device that is unplugged", removed == {} and second.wait_event("DEVICE_DELETED"), removed)
    first.process.kill()
    first.process.communicate()
    writer = qemu_ccw("--dasd", "0.0.1234=a.ckd", "-version")
    check("its snapshot keeps the image as it is until the end", writer.returncode == 1 and holders[1] in writer.stderr,
          writer)
    check("no file is in the folder meanwhile, nor after SIGKILL", os.listdir("snapshots") == [],
          os.listdir("snapshots"))
    added = second.ask("device_add", driver="vfio-ccw", id="d0",
                       sysfsdev=f"/sys/bus/mdev/devices/{UUID}00001234", devno="fe.0.1234")
    check("and plugged in again", added == {} and second.device("d0") == ("vfio-ccw", True, "fe.0.1234"), added)
    status, errors = second.quit()
    check("it has no message", (status, errors) == (0, ""), status, errors)
    writer = qemu_ccw("--dasd", "0.0.1234=a.ckd", "-version")
    check("then a writer can have the image", writer.returncode == 0, writer)


def fixture_words(path, tmp):
    """Returns the words of a printed command line, with existing files."""
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("/path/to/", tmp + "/")
    return shlex.split(text.replace("\\\n", ""))


def start_from_fixture(path, tmp):
    words = fixture_words(path, tmp)
    devices = [json.loads(word) for word in words if word.startswith('{"driver":"vfio-ccw"')]
    images = []
    for number, device in enumerate(devices):
        images += ["--dasd", f"{device['hostid']}={number}.ckd"]
    qemu = start(*images, *words)
    found = [qemu.device(device["id"]) for device in devices]
    wanted = [("vfio-ccw", True, device["guestid"]) for device in devices]
    loadparm = qemu.ask("qom-get", path="/machine", property="loadparm")
    status, errors = qemu.quit()
    off = any("s390-map-css=off" in word for word in words)
    check(f"{os.path.basename(path)} starts", devices and found == wanted and status == 0 and ("MCSS-E" in errors) == off,
          found, wanted, status, errors)
    if "loadparm" in path:
        check(f"{os.path.basename(path)}: the machine has the loadparm", loadparm.strip() == "2", loadparm)


def handed_on():
    script = 'printf "%s\\n" "$LD_PRELOAD" "$LIBVIRT_CCW_DEVICES" "$@"; exec 9<&"${LIBVIRT_CCW_DEVICES##*:}"'
    done = qemu_ccw("--dasd", "1.2.abcd=b.ckd", "--qemu", "/bin/sh", "--dasd", "0.0.1234=a.ckd", "-c", script, "word",
                    "-append", "", "-name", "a,,b c", "-device", '{ "driver" : "x" }')
    lines = done.stdout.split("\n")
    odd = any(character in QEMU_CCW for character in " :$")  # see odd_folders
    check("the library is preloaded", odd or (lines[0].endswith("/libvirt-ccw-vfio.so") and os.path.exists(lines[0])),
          done)
    entries = [entry.rpartition(":") for entry in lines[1].split(";")]
    check("the devices are in the order they were given in, with open descriptors",
          [entry[0] for entry in entries] == [f"{UUID}0102abcd=1.2.abcd", f"{UUID}00001234=0.0.1234"] and
          all(entry[2].isdigit() and int(entry[2]) > 2 for entry in entries) and done.returncode == 0, done)
    check("QEMU's arguments are verbatim", lines[2:] == ["-append", "", "-name", "a,,b c", "-device",
                                                         '{ "driver" : "x" }', ""], lines)


def odd_folders():
    """LD_PRELOAD cannot hold every path of an installation."""
    library = os.path.join(os.path.dirname(QEMU_CCW), "..", "vfio", "libvirt-ccw-vfio.so")
    for name in ("plain", "a blank", "a:colon", "a$LIB"):
        os.mkdir(name)
        for part in (QEMU_CCW, library):
            shutil.copy(part, name)
        done = subprocess.run([f"{name}/qemu-ccw", "--qemu", "grep", "--dasd", "0.0.1234=a.ckd", "--", "-cF",
                               f"{name}/libvirt-ccw-vfio.so", "/proc/self/maps"], capture_output=True, timeout=60,
                              check=False)
        check(f"the library is loaded from the folder '{name}'", (done.returncode, done.stderr) == (0, b""), done)


def messages():
    device = "vfio-ccw,id=d0,hostid=0.0.1234"
    for name, status, arguments, message in (
            ("no such image", 1, ("--dasd", "0.0.1234=none.ckd"), "none.ckd"),
            ("an image that is not CKD", 1, ("--dasd", "0.0.1234=text.ckd"), "text.ckd"),
            ("a devno twice", 1, ("--dasd", "0.0.1234=a.ckd", "--dasd", "0.0.1234=b.ckd"),
             "device 0.0.1234 has an image already: a.ckd"),
            ("a cssid out of range", 1, ("--dasd", "ff.0.1234=a.ckd"), "cssid ff of 'ff.0.1234' is out of range"),
            ("a guest address that contradicts the feature", 1,
             ("--dasd", "0.0.1234=a.ckd", "-device", device + ",guestid=0.0.1234"), "contradicts s390-map-css=on"),
            ("a hostid that does not exist", 1, ("-device", device), "--dasd 0.0.1234=IMAGE"),
            ("a snapshot that is read-only", 1, ("--dasd", "0.0.1234=a.ckd,snapshot,ro"),
             "a.ckd: snapshot and ro exclude each other"),
            ("a snapshot that survives a power cut", 1, ("--dasd", "0.0.1234=a.ckd,sync,snapshot"),
             "a.ckd: snapshot and sync exclude each other"),
            ("no folder for snapshots", 1, ("--dasd", "0.0.1234=a.ckd,snapshot", "--snapshot-dir", "none"),
             "cannot make a snapshot of 2 cylinders in none"),
            ("two folders for snapshots", 2, ("--snapshot-dir", "/", "--snapshot-dir", "/"),
             "--snapshot-dir /: give one folder"),
            ("no =", 2, ("--dasd", "0.0.1234"), "--dasd 0.0.1234: give it as BUSID=IMAGE"),
            ("an unknown option", 2, ("--dsad", "0.0.1234=a.ckd"), "there is no option '--dsad'")):
        done = qemu_ccw(*arguments)
        check(f"{name}: exit {status}, one clear line",
              done.returncode == status and done.stdout == "" and message in done.stderr and
              done.stderr.startswith("qemu-ccw: ") and len(done.stderr.splitlines()) == status, done)
    for option, beginning in (("--help", "Usage:\n  qemu-ccw "), ("--version", "qemu-ccw "),
                              ("-version", "QEMU emulator "), ("-help", "QEMU emulator ")):
        done = qemu_ccw(option)
        check(option, (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(beginning), done)


def main():
    with temporary_folder(prefix="qemu-ccw-") as tmp:
        os.chdir(tmp)
        for name in ("a.ckd", "b.ckd", *(f"{number}.ckd" for number in range(8))):
            subprocess.run([VIRT_CCW, "dasd", "create", name, "--cylinders", "2"], check=True,
                           stdout=subprocess.DEVNULL)
        for name, size in (("kernel", 128 << 10), ("initrd", 4096), ("disk.img", 1 << 20), ("text.ckd", 100)):
            with open(name, "wb") as file:
                file.truncate(size)
        messages()
        handed_on()
        odd_folders()
        start_from_issue()
        snapshots()
        for path in sorted(glob.glob(FIXTURES + "/hostdev-ccw-*.series.args")):
            start_from_fixture(path, tmp)
        os.chdir("/")
    tap.done()


if __name__ == "__main__":
    main()
