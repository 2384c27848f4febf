#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qemu-ccw as a program, with the real emulator: what the fixtures show is what runs. TAP.

Usage: check-qemu-ccw.py QEMU-CCW VIRT-CCW FIXTURES
"""

import glob
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

QEMU_CCW, VIRT_CCW, FIXTURES = (os.path.abspath(path) for path in sys.argv[1:4])
UUID = "cc390000-0001-8000-8000-0000"
results = []


def check(name, good, *why):
    results.append(good)
    print(f"{'ok' if good else 'not ok'} {len(results)} - {name}", flush=True)
    if not good:
        for item in why:
            print("# " + repr(item))


def qemu_ccw(*arguments):
    return subprocess.run([QEMU_CCW, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)


class Qemu:
    """A started qemu-ccw, asked over QMP on its standard input and output."""

    def __init__(self, *arguments):
        self.events = []  # that came before an answer: QEMU may tell of an event first
        self.process = subprocess.Popen([QEMU_CCW, *arguments, "-S", "-qmp", "stdio"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith('{"QMP"'):  # before it: where a pty console is
                break
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        """The answer's "return", or the whole of it if it is an error, or None when QEMU is gone."""
        try:
            self.process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        for line in self.process.stdout:
            answer = json.loads(line)
            if "event" not in answer:
                return answer.get("return", answer)
            self.events.append(answer["event"])
        return None

    def wait_event(self, name):
        if name in self.events:
            self.events.remove(name)
            return True
        for line in self.process.stdout:
            if json.loads(line).get("event") == name:
                return True
        return False

    def device(self, name):
        path = "/machine/peripheral/" + name
        return tuple(self.ask("qom-get", path=path, property=key) for key in ("type", "realized", "devno"))

    def quit(self):
        self.ask("quit")
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


def start_from_issue():
    qemu = Qemu("--dasd", "0.0.1234=a.ckd", "--dasd", "0.0.1235=b.ckd", "-machine", "s390-ccw-virtio,s390-map-css=on",
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
    removed = qemu.ask("device_del", id="d1")
    check("and out again", removed == {} and qemu.wait_event("DEVICE_DELETED"), removed)
    status, errors = qemu.quit()
    check("it quits with status 0, and had nothing to say", (status, errors) == (0, ""), status, errors)
    again = qemu_ccw("--dasd", "0.0.1234=a.ckd", "-version")
    check("then the image is free", again.returncode == 0 and again.stdout.startswith("QEMU emulator"), again)


def fixture_words(path, tmp):
    """The words of a printed command line, with files that are there."""
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("/path/to/", tmp + "/")
    return shlex.split(text.replace("\\\n", ""))


def start_from_fixture(path, tmp):
    words = fixture_words(path, tmp)
    devices = [json.loads(word) for word in words if word.startswith('{"driver":"vfio-ccw"')]
    images = []
    for number, device in enumerate(devices):
        images += ["--dasd", f"{device['hostid']}={number}.ckd"]
    qemu = Qemu(*images, *words)
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
            ("a hostid that is nowhere", 1, ("-device", device), "--dasd 0.0.1234=IMAGE"),
            ("no =", 2, ("--dasd", "0.0.1234"), "--dasd 0.0.1234: give it as DEVICE=IMAGE"),
            ("an unknown option", 2, ("--dsad", "0.0.1234=a.ckd"), "there is no option '--dsad'")):
        done = qemu_ccw(*arguments)
        check(f"{name}: exit {status}, one clear line",
              done.returncode == status and done.stdout == "" and message in done.stderr and
              done.stderr.startswith("qemu-ccw: ") and len(done.stderr.splitlines()) == status, done)
    for option, beginning in (("--help", "Usage: qemu-ccw "), ("--version", "qemu-ccw "),
                              ("-version", "QEMU emulator "), ("-help", "QEMU emulator ")):
        done = qemu_ccw(option)
        check(option, (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(beginning), done)


def main():
    with tempfile.TemporaryDirectory(prefix="qemu-ccw-") as tmp:
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
        for path in sorted(glob.glob(FIXTURES + "/hostdev-ccw-*.series.args")):
            start_from_fixture(path, tmp)
        os.chdir("/")
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
