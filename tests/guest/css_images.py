#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots a guest that looks into every channel subsystem image (baremetal/css.c), with s390-map-css on and off: it
prints the content of its default image, enables MCSS-E, and prints the content of each image. The first device answers
a SENSE ID.

The last steps use a device of the host instead of --dasd: a lab's device, which qemu-ccw acquires itself, or which
virsh has detached."""

import os
import shlex

from bareguest import BareTest, console_argv, main, vfio_library
from steps import command, expect

WARNING = "qemu-ccw: warning: s390-map-css is off"
MCSS_E = ["mcss-e: 0001"]
DASD = ["msch: 0", "ssch: 0", "status: 0c00", "control unit: 3990e9", "device: 33900a", "done"]

# Name, the machine's option, the host's device, device properties; the guest's output before and after MCSS-E.
CASES = (
    ("on: in the default css, which is fe", ",s390-map-css=on", "0.0.1234", "",
     ["css default: subchannel 0000 device 1234"], ["css fe: subchannel 0000 device 1234"]),
    ("on is the default", "", "0.0.1234", "",
     ["css default: subchannel 0000 device 1234"], ["css fe: subchannel 0000 device 1234"]),
    ("off: in the real css, seen with MCSS-E alone", ",s390-map-css=off", "0.0.1234", "",
     [], ["css 00: subchannel 0000 device 1234"]),
    ("off, with the real css 3", ",s390-map-css=off", "3.0.abcd", "", [], ["css 03: subchannel 0000 device abcd"]),
    ("off, with an address of its own", ",s390-map-css=off", "0.0.1234", ",guestid=2.0.0815",
     [], ["css 02: subchannel 0000 device 0815"]),
)


class CssImages(BareTest):
    def __init__(self, options, workdir, steps):
        super().__init__(options, workdir, steps)
        self.image = os.path.join(workdir, "disk.ckd")
        self.console = os.path.join(workdir, "console.log")
        steps.log(self.console)

    def create(self):
        command([self.options.virt_ccw, "dasd", "create", self.image, "--model", "3390-3"])

    def boot(self, machine, host, properties, before, after):
        argv = [self.options.qemu_ccw, "--dasd", f"{host}={self.image}", "-machine", "s390-ccw-virtio" + machine,
                "-device", f"vfio-ccw,hostid={host}{properties}", *console_argv(self.console, self.options.guest)]
        self.steps.note(" ".join(argv))
        _, output = command(argv, timeout=60)
        with open(self.console, encoding="ascii") as file:
            said = file.read().splitlines()
        self.steps.note("\n".join(said))
        expect(said == before + MCSS_E + after + DASD, f"the guest did not say {before} and then {after}")
        expect(output.startswith(WARNING) == machine.endswith("off") and output.count("\n") <= 1,
               f"qemu-ccw said: {output}")

    def boot_from_host(self, before, after):
        qemu = [self.options.qemu_ccw, "-machine", "s390-ccw-virtio,s390-map-css=off", "-device",
                "vfio-ccw,hostid=0.0.1234", *console_argv(self.console, self.options.guest)]
        # The VFIO library provides /dev/vfio in a lab. libvirtd has it preloaded there, but a shell has not.
        run = f"LD_PRELOAD={shlex.quote(self.options.vfio_library)} {shlex.join(qemu)}"
        script = f"set -e; {before}; {run}; {after}; virt-ccw list"
        _, output = command([self.options.virt_ccw, "lab", "exec", "--dasd", f"0.0.1234={self.image}", "--", "sh", "-c",
                             script], timeout=120)
        with open(self.console, encoding="ascii") as file:
            said = file.read().splitlines()
        self.steps.note("\n".join([script, output, *said]))
        expect(output.splitlines()[-1].split()[4:6] == ["dasd-eckd", "yes"], "the host has not got it back")
        expect(said == MCSS_E + ["css 00: subchannel 0000 device 1234"] + DASD, "the guest did not find it")

    def run(self):
        self.steps.run("virt-ccw dasd create", self.create)
        for name, *case in CASES:
            self.steps.run(name, self.boot, *case)
        self.steps.run("the host's own device", self.boot_from_host, "true", "true")
        self.steps.run("and when it was detached before", self.boot_from_host, "virsh -q nodedev-detach ccw_0_0_1234",
                       "virsh -q nodedev-reattach css_0_0_0000")
        self.steps.done()


if __name__ == "__main__":
    main(CssImages, __doc__, vfio_library)
