#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hardware events by 'virt-ccw lab plug, unplug, state', and the reactions of the lab's kernel.

    test-hardware.py VIRT-CCW
"""

import os
import stat
import subprocess
import sys

import labtest
from labtest import write_sysfs
from tap import Tap
from waiting import DEADLINE

D = "0.0.1234"
DEVICE = f"/sys/bus/ccw/devices/{D}"
SUBCHANNEL = "/sys/bus/css/devices/0.0.0000"


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError as error:
        return error.errno


def seen():
    return [name for name in (D, "0.0.1235") if os.path.lexists(f"/sys/bus/ccw/devices/{name}")]


def inside(virt_ccw):
    tap = Tap()

    def lab(*args):
        result = subprocess.run([virt_ccw, "lab", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=DEADLINE, check=False)
        return result.returncode, result.stdout.strip()

    tap.equal(lab("state", D), (0, "good"), "a device is good at first")
    tap.equal(lab("state", "0.0.9999"),
              (1, "virt-ccw lab state: error: this lab has no device 0.0.9999: its devices are those of "
                  "'virt-ccw lab exec --dasd'"), "a device that is not there")
    tap.equal(lab("state", D, "sick"),
              (1, f"virt-ccw lab state: error: device {D} has no state 'sick': the states are good, boxed, "
                  "no-path, alias and unplugged"), "a state that is not there")
    tap.equal(lab("plug", D), (1, f"virt-ccw lab plug: error: device {D} is good already"), "plug a device that is there")
    tap.equal(lab("unplug")[0], 2, "unplug without a device")
    tap.equal(lab("unplug", D, D)[0], 2, "unplug two")
    mode = stat.S_IMODE(os.stat("/run/libvirt-ccw/lab-control.sock").st_mode)
    tap.equal(oct(mode), "0o600", "only root may connect")

    tap.equal(lab("unplug", D), (0, ""), "unplug an online device")
    tap.ok(not os.path.exists(SUBCHANNEL), "its subchannel has gone")
    tap.equal(os.path.basename(os.path.dirname(os.path.realpath(DEVICE))), "defunct", "it waits below css0/defunct")
    tap.equal((read(f"{DEVICE}/availability"), read(f"{DEVICE}/online")), ("no device", "1"), "and says so")
    tap.equal(lab("plug", D), (0, ""), "plug it again")
    tap.equal((read(f"{DEVICE}/availability"), read(f"{DEVICE}/online")), ("good", "1"), "the device works again")

    write_sysfs(f"{DEVICE}/online", "0")
    write_sysfs(f"{SUBCHANNEL}/driver_override", "vfio_ccw")
    tap.equal(lab("unplug", D), (0, ""), "unplug an offline device")
    tap.equal(seen(), ["0.0.1235"], "it has gone, and the other has not")
    tap.equal(lab("plug", D), (0, ""), "plug it again")
    tap.equal((read(f"{SUBCHANNEL}/driver_override"), read(f"{DEVICE}/online")), ("(null)", "0"),
              "it is offline, and its override is lost")

    tap.equal(lab("state", D, "boxed"), (0, ""), "another system reserves it")
    tap.equal(read(f"{DEVICE}/availability"), "boxed", "boxed")
    tap.equal(lab("state", D, "good"), (0, ""), "and releases it")
    tap.equal(read(f"{DEVICE}/availability"), "good", "good")

    write_sysfs("/sys/devices/css0/chp0.40/status", "offline")
    tap.equal(read("/sys/devices/css0/chp0.40/status"), "offline", "the channel path is varied off")
    tap.equal(seen(), ["0.0.1235"], "an offline device has gone")
    tap.equal(read("/sys/bus/ccw/devices/0.0.1235/availability"), "no path", "an online one waits")
    write_sysfs("/sys/devices/css0/chp0.40/status", "online")
    tap.equal(read("/sys/bus/ccw/devices/0.0.1235/availability"), "good", "varied on again, the device works")
    tap.equal(seen(), [D, "0.0.1235"], "and the other is found again")
    tap.done()


def main():
    if sys.argv[1] != "--inside":
        result = subprocess.run([sys.argv[1], "lab", "state", D], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, check=False)
        if (result.returncode, "this is not a lab" in result.stdout) != (1, True):
            tap = Tap()
            tap.ok(False, "outside a lab", result.stdout)
            tap.done()
    return labtest.inside_a_lab(__file__, inside, [D, "0.0.1235"])


sys.exit(main())
