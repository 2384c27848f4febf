#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qemu-ccw by itself, no libvirt and no lab: the series' command line boots the test guest with an embedded 3390, twice,
with what was written the first time still there the second."""

import argparse
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from guest import Guest
from labguest import BUS_ID
from steps import Steps, command, expect
from tracer import Tracer, wanted


class QemuCcw:
    def __init__(self, options, workdir, steps):
        self.options = options
        self.workdir = workdir
        self.steps = steps
        self.image = os.path.join(workdir, "disk.ckd")
        self.socket = os.path.join(workdir, "guest.sock")
        self.console = os.path.join(workdir, "console.log")
        self.log = os.path.join(workdir, "qemu.log")
        self.process = None
        self.guest = None
        steps.log(self.console)
        steps.log(self.log)

    def create(self):
        command([self.options.virt_ccw, "dasd", "create", self.image, "--cylinders", "200"])

    def start(self):
        # The listening socket is made here and inherited, so that there is nothing to wait for.
        argv = [self.options.qemu_ccw, "--dasd", f"{BUS_ID}={self.image}",
                "-machine", "s390-ccw-virtio,s390-map-css=on", "-m", "1024", "-nodefaults", "-display", "none",
                "-kernel", os.path.join(self.options.guest, "kernel"),
                "-initrd", os.path.join(self.options.guest, "initrd"), "-append", "console=ttysclp0 panic=-1",
                "-chardev", f"file,id=console,path={self.console}", "-device", "sclpconsole,chardev=console",
                "-device", "virtio-serial-ccw", "-chardev", f"socket,id=port,path={self.socket}",
                "-device", "virtserialport,chardev=port,name=org.libvirt-ccw.guest.0",
                "-device", f"vfio-ccw,id=d0,hostid={BUS_ID},guestid=fe.{BUS_ID[2:]}"]
        self.steps.note(" ".join(argv))
        with open(self.log, "ab") as log:
            with Guest.listen(self.socket) as listener:
                self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                self.guest = listener.accept(timeout=60)
        self.steps.note(self.guest.run(f"lscss -d {BUS_ID} | tail -n 1", timeout=180))

    def write(self):
        self.guest.run(f"chccwdev -e {BUS_ID}", timeout=120)
        self.guest.run("dasdfmt -b 4096 -l QEMU01 -y /dev/dasda && udevadm settle", timeout=300)
        self.guest.run("fdasd -a /dev/dasda && udevadm settle && mkfs.ext4 -q /dev/dasda1 && mount /dev/dasda1 /mnt", timeout=120)
        self.guest.run("cp /bin/bash /mnt/ && umount /mnt", timeout=120)

    def read(self):
        self.guest.run(f"chccwdev -e {BUS_ID} && mount /dev/dasda1 /mnt", timeout=120)
        self.guest.run("cmp /bin/bash /mnt/bash", timeout=120)
        self.guest.run("umount /mnt", timeout=120)

    def stop(self):
        self.guest.close()
        self.process.terminate()
        expect(self.process.wait(timeout=60) == 0, f"QEMU ended with exit code {self.process.returncode}")
        os.unlink(self.socket)

    def traced(self):
        tracer = Tracer("--pid", str(self.process.pid), virt_ccw=self.options.virt_ccw).attached()
        self.guest.run(f"chccwdev -e {BUS_ID}", timeout=120)
        wanted(tracer.end(), f"^{BUS_ID} .*SSCH", "READ DEVICE CHARACTERISTICS", "= device ce de")

    def locked(self):
        code, output = command([self.options.qemu_ccw, "--dasd", f"{BUS_ID}={self.image}", "-machine", "none"],
                               check=False)
        self.steps.note(output)
        expect(code == 1 and "\n" not in output and self.image in output, "a second user of the image was let in")

    def run(self):
        run = self.steps.run
        run("virt-ccw dasd create", self.create)
        run("qemu-ccw boots a guest that sees the 3390", self.start)
        run("the image is locked meanwhile", self.locked)
        run("virt-ccw trace shows how it is set online", self.traced)
        run("it is formatted and written", self.write)
        run("QEMU ends", self.stop)
        run("qemu-ccw boots again", self.start)
        run("what was written is there", self.read)
        run("QEMU ends again", self.stop)
        self.steps.done()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("virt-ccw", "qemu-ccw", "guest"):
        parser.add_argument("--" + name, required=True)
    with tempfile.TemporaryDirectory(prefix="libvirt-ccw.") as workdir:
        test = QemuCcw(parser.parse_args(), workdir, Steps(story=False))
        try:
            test.run()
        finally:
            if test.process:
                test.process.kill()


if __name__ == "__main__":
    main()
