#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The emulator where other distributions have it: /usr/libexec/qemu-kvm as in RHEL, and qemu-kvm in PATH as in SUSE. Each is a
copy of this machine's own, in a mount namespace where qemu-system-s390x cannot be executed. TAP.

Usage: check-emulators.py QEMU-CCW VIRT-CCW FIXTURE.xml
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

from files import temporary_folder
from qmp import Child
from tap import Tap, skip_all

QEMU_CCW, VIRT_CCW, FIXTURE = (os.path.abspath(path) for path in sys.argv[1:4])
LIBEXEC = "/usr/libexec"
tap = Tap()


def check(name, good, *why):
    tap.ok(good, name, *map(repr, why))


def run(*arguments, **kwargs):
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
                          **kwargs)


def enter():
    """Runs this program again in its own mount namespace."""
    if os.environ.get("CCW_ENTERED") is None:
        os.execvpe("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv],
                   dict(os.environ, CCW_ENTERED="1"))


def start(name, image, *arguments):
    """Starts qemu-ccw with one device."""
    return Child(QEMU_CCW, "--dasd", f"0.0.1234={image}", *arguments, "-L", "/usr/share/qemu", "-L", "/usr/share/qemu-firmware",
                 "-machine", "s390-ccw-virtio", "-name", name, "-device", "vfio-ccw,id=d0,hostid=0.0.1234", "-nodefaults",
                 "-display", "none", "-S", "-qmp", "stdio")


def try_emulator(emulator, where, folder):
    done = run(VIRT_CCW, "capabilities", "--json")
    found = json.loads(done.stdout) if done.returncode == 0 else {}
    check(f"{where}: virt-ccw capabilities finds it, and it has vfio-ccw",
          found.get("emulator") == emulator and found.get("vfio_ccw"), done)
    name = f"emulators-{os.getpid()}"
    for how, arguments in (("by itself", ()), ("as the first word", (emulator,))):
        qemu = start(name, os.path.join(folder, "disk.ckd"), *arguments)
        realized = qemu.ask("qom-get", path="/machine/peripheral/d0", property="realized")
        program = os.readlink(f"/proc/{qemu.process.pid}/exe")
        with subprocess.Popen([VIRT_CCW, "trace", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as trace:
            attached = trace.stderr.readline() # its error if the tracer has ended without a guest
            errors = qemu.quit()[1]
            trace.communicate(timeout=60)
        check(f"{where}: qemu-ccw starts it {how}, and its device is there", (realized, program) == (True, emulator), realized,
              program, errors)
        check(f"{where}: virt-ccw trace finds it {how}", "is traced" in attached, attached)
    with open(FIXTURE, encoding="utf-8") as file:
        xml = re.sub("<emulator>.*</emulator>", f"<emulator>{emulator}</emulator>", file.read())
    with_loadparm = xml.replace("</hostdev>", "<boot order='1' loadparm='2'/></hostdev>")
    line = run(VIRT_CCW, "argv", "--dialect", "stock", write(folder, with_loadparm)).stdout
    asked = {"vfio_ccw": True, "loadparm": '"loadparm":"2"' in line, "iommufd": False}
    check(f"{where}: and how libvirt handles its devices", found.get("libvirt") == asked, found, line)
    for dialect in ("stock", "series"):
        done = run(VIRT_CCW, "argv", "--dialect", dialect, write(folder, xml))
        check(f"{where}: virt-ccw argv --dialect {dialect}", emulator in done.stdout and "vfio-ccw" in done.stdout, done)
    valid = run(VIRT_CCW, "validate", write(folder, xml))
    check(f"{where}: virt-ccw validate", valid.returncode == 0, valid)


def write(folder, xml):
    path = os.path.join(folder, "guest.xml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(xml)
    return path


def without_libvirt(emulator):
    """The emulator's capabilities are printed, too, where libvirt has no driver for it."""
    drivers = glob.glob("/usr/lib*/libvirt/connection-driver/libvirt_driver_qemu.so") or glob.glob(
        "/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so")
    mount("--bind", "/dev/null", drivers[0])
    done = run(VIRT_CCW, "capabilities", emulator)
    as_json = run(VIRT_CCW, "capabilities", "--json", emulator)
    subprocess.run(["umount", drivers[0]], check=True)
    check("without libvirt's driver the emulator's capabilities are printed",
          done.returncode == 0 and re.search("^device vfio-ccw +yes$", done.stdout, re.M)
          and re.search("^libvirt assigns it +not known$", done.stdout, re.M) and "warning: cannot start libvirt's QEMU driver" in done.stderr, done)
    check("and in JSON", as_json.returncode == 0 and json.loads(as_json.stdout)["libvirt"] is None, as_json)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def main():
    if os.geteuid() != 0:
        skip_all("only root can have a mount namespace in which /usr/libexec is another")
    enter()
    real = os.path.realpath(shutil.which("qemu-system-s390x"))
    with temporary_folder(prefix="ce-", parent="/tmp") as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        subprocess.run([VIRT_CCW, "dasd", "create", os.path.join(folder, "disk.ckd"), "--cylinders", "10"], check=True,
                       stdout=subprocess.DEVNULL)
        if not os.path.isdir(LIBEXEC):
            skip_all("this machine has no folder /usr/libexec, on which another could be mounted")
        mount("-t", "tmpfs", "emulators", LIBEXEC)
        in_libexec = os.path.join(LIBEXEC, "qemu-kvm")
        shutil.copy(real, in_libexec)
        os.mkdir(os.path.join(folder, "bin"))
        mount("--bind", "/dev/null", real)
        none = run(VIRT_CCW, "capabilities", "qemu-system-s390x")
        check("there is no qemu-system-s390x", none.returncode == 1 and "is not an executable program" in none.stderr, none)
        try_emulator(in_libexec, "/usr/libexec/qemu-kvm", folder)
        in_path = shutil.move(in_libexec, os.path.join(folder, "bin", "qemu-kvm"))
        none = run(VIRT_CCW, "capabilities")
        check("without any the error says where it was looked for", none.returncode == 1 and in_libexec in none.stderr, none)
        os.environ["PATH"] = os.path.join(folder, "bin") + ":" + os.environ["PATH"]
        try_emulator(in_path, "qemu-kvm in PATH", folder)
        without_libvirt(in_path)
        subprocess.run(["umount", real], check=True)
        subprocess.run(["umount", LIBEXEC], check=True)
    tap.done()


if __name__ == "__main__":
    main()
