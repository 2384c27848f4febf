# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test guest in stock QEMU by qemu-ccw, with any number of DASDs, without libvirt and without a lab."""

import argparse
import os
import shlex
import subprocess

from files import temporary_folder
from guest import Guest
from steps import Steps, command, expect


class QemuGuest:
    """One guest, booted several times. disks: {bus id: image}; each has a vfio-ccw device of the same number."""

    def __init__(self, options, workdir, steps, disks):
        self.options = options
        self.workdir = workdir
        self.steps = steps
        self.disks = disks
        self.read_only = set()  # bus ids
        self.socket = os.path.join(workdir, "guest.sock")
        self.console = os.path.join(workdir, "console.log")
        self.log = os.path.join(workdir, "qemu.log")
        self.process = None
        self.guest = None
        steps.log(self.console)
        steps.log(self.log)

    def create(self, bus_id, *args):
        command([self.options.virt_ccw, "dasd", "create", self.disks[bus_id], *args])

    def argv(self):
        argv = [self.options.qemu_ccw]
        for bus_id, image in self.disks.items():
            argv += ["--dasd", f"{bus_id}={image}" + (",ro" if bus_id in self.read_only else "")]
        argv += ["-machine", "s390-ccw-virtio,s390-map-css=on", "-m", "1024", "-nodefaults", "-display", "none",
                 "-kernel", os.path.join(self.options.guest, "kernel"),
                 "-initrd", os.path.join(self.options.guest, "initrd"), "-append", "console=ttysclp0 panic=-1",
                 "-chardev", f"file,id=console,path={self.console}", "-device", "sclpconsole,chardev=console",
                 "-device", "virtio-serial-ccw", "-chardev", f"socket,id=port,path={self.socket}",
                 "-device", "virtserialport,chardev=port,name=org.libvirt-ccw.guest.0"]
        for number, bus_id in enumerate(self.disks):
            argv += ["-device", f"vfio-ccw,id=d{number},hostid={bus_id},guestid=fe.{bus_id[2:]}"]
        return argv

    def start(self):
        """Boots, and waits until the guest sees its devices."""
        argv = self.argv()
        self.steps.note(shlex.join(argv))
        # QEMU inherits the listening socket of this process, so that there is nothing to wait for.
        with open(self.log, "ab") as log:
            with Guest.listen(self.socket) as listener:
                self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                self.guest = listener.accept(timeout=60)
        os.unlink(self.socket)
        self.guest.await_boot(self.console)
        self.sees_devices()

    def sees_devices(self):
        seen = self.in_guest("lscss -t 3390 | tail -n +3", timeout=180)
        self.steps.note(seen)
        for bus_id in self.disks:
            expect(bus_id in seen, f"the guest does not see {bus_id}:\n{seen}")

    def in_guest(self, text, **kwargs):
        self.steps.note("guest# " + text)
        return self.guest.run(text, **kwargs)

    def reboot(self):
        """Boots the guest anew in the same QEMU."""
        self.steps.note("guest# reboot -f")
        self.guest.reboot(self.console)
        self.sees_devices()

    def stop(self):
        self.guest.close()
        self.process.terminate()
        expect(self.process.wait(timeout=60) == 0, f"QEMU ended with exit code {self.process.returncode}")

    def kill(self):
        """Explains a test that failed."""
        if self.process:
            self.process.kill()
            self.process.wait()


def main(program, description):
    """Runs the steps of a QemuGuest whose only arguments are options, workdir, steps."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("virt-ccw", "qemu-ccw", "guest"):
        parser.add_argument("--" + name, required=True)
    with temporary_folder(prefix="libvirt-ccw.") as workdir:
        test = program(parser.parse_args(), workdir, Steps(plain=False))
        try:
            test.run()
        finally:
            test.kill()
