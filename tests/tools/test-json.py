#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The output of --json has exactly the members that the man pages describe (docs/stability.md). TAP.

    test-json.py MANPAGES SYSFSDATA TRACEDATA VIRT-CCW
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

import labtest
from recording import restore
from tap import Tap

MANPAGES, SYSFSDATA, TRACEDATA, VIRT_CCW = (os.path.abspath(path) for path in sys.argv[1:5])
EMULATOR = "qemu-system-s390x"
DOMAIN = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
WORD = re.compile(r"(?<!\*)\*([a-z0-9][a-z0-9 _-]*)\*(?!\*)")
# Their members are the names in the lines.
OPEN = {"parameters", "sense"}
# Words of a page that are values, not members.
VALUES = {
    "list": {"mount", "swap", "holder", "group", "disk", "net", "domain", "qemu-ccw", "mdev", "detached", "releasing",
             "unknown"},
    "reconcile": {"released", "noted", "left", "failed"},
    "capabilities": {"stock", "squash-mcss", "series"},
    "check": {"error", "warning"},
    "map": {"label", "vtoc", "data set", "free"},
}
# In a record (src/trace/trace-record.h).
OFS_FUNCTION, OFS_ERRNO, RECORD_SIZE = 36, 40, 160
FLAG_CHAIN_DATA = 0x80


def page(command):
    """Returns the member names on a command's man page."""
    with open(os.path.join(MANPAGES, f"virt-ccw-{command}.rst"), encoding="utf-8") as file:
        return file.read()


def of_option(text, after=""):
    """Returns the paragraph of --json, the first one after some words."""
    text = text[text.index(after):]
    return re.search(r"^\*\*-j\*\*, \*\*--json\*\*\n((?:    .*\n)+)", text, re.M)[1]


def of_section(text):
    return re.search(r"^JSON\n=+\n(.*?)^EXIT STATUS$", text, re.M | re.S)[1]


def members(value):
    """Returns the names of all members, at each depth."""
    if isinstance(value, list):
        return set().union(*map(members, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(members(below) for name, below in value.items() if name not in OPEN))


def run(*arguments):
    result = subprocess.run([VIRT_CCW, *arguments], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, check=False, timeout=120, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return result.stdout, f"{result.stderr} (exit code {result.returncode})"


def compare(tap, what, shown, text, values=()):
    found, said = members(shown), set(WORD.findall(text))
    tap.ok(found, f"{what}: it prints members", shown)
    tap.none(sorted(found - said), f"{what}: the page has each member")
    tap.none(sorted(said - found - set(values)), f"{what}: and no other")


def compare_output(tap, what, arguments, text, values=()):
    output, why = run(*arguments)
    try:
        shown = json.loads(output)
    except json.JSONDecodeError as error:
        tap.ok(False, f"{what}: it prints JSON", f"{error}: {output}{why}")
        return
    compare(tap, what, shown, text, values)


def host(folder):
    """Returns options for recorded trees of a host. A domain that no longer exists owns one of its devices."""
    restore(folder, os.path.join(SYSFSDATA, "virtio-mdev.txt"))
    os.makedirs(f"{folder}/run/devices", 0o700)
    with open(f"{folder}/run/devices/0.0.1234.json", "w", encoding="utf-8") as file:
        json.dump({"version": 1, "device": "0.0.1234", "subchannel": "0.0.0000", "state": "owned", "since": 1,
                   "domain": DOMAIN, "found": {"online": 1, "driver": "io_subchannel", "driver-override": ""},
                   "steps": []}, file)
    return [f"--sysfs-root={folder}/sys", f"--run-dir={folder}/run"]


def records(path):
    """src/trace/trace-record.h: the length is in bytes 4 to 7."""
    with open(path, "rb") as file:
        text = file.read()
    while text:
        length = int.from_bytes(text[4:8], "big")
        yield bytearray(text[:length])
        text = text[length:]


def odd_trace(path):
    """Functions that no recording has: one that fails with an errno, and one whose CCW chains data."""
    first = next(records(os.path.join(TRACEDATA, "online.trace")))
    failed, chained = bytearray(first), next(one for one in records(os.path.join(TRACEDATA, "dasdfmt.trace"))
                                             if int.from_bytes(one[38:40], "big") > 2)
    failed[OFS_ERRNO:OFS_ERRNO + 4] = (16).to_bytes(4, "big")
    chained[RECORD_SIZE + 1] |= FLAG_CHAIN_DATA
    with open(path, "wb") as file:
        file.write(failed + chained)


def traces(tap, folder):
    odd = os.path.join(folder, "odd.trace")
    odd_trace(odd)
    shown = []
    for path in [*sorted(glob.glob(f"{TRACEDATA}/*.trace")), odd]:
        output, why = run("trace", "--decode", path, "--json", "--data", "16")
        tap.ok(output, f"trace: {os.path.basename(path)} has functions", why)
        shown += map(json.loads, output.splitlines())
        summary, why = run("trace", "--decode", path, "--json", "--summary")
        tap.ok(summary, "and a summary", why)
        shown.append(json.loads(summary))
    compare(tap, "trace", shown, of_section(page("trace")))


def images(tap, folder):
    image = labtest.create_image(VIRT_CCW, os.path.join(folder, "disk.ckd"))
    compare_output(tap, "dasd info", ["dasd", "info", "--json", image], of_option(page("dasd"), "Options of **dasd info**"))
    damaged = os.path.join(folder, "damaged.ckd")
    shutil.copy(image, damaged)
    with open(damaged, "r+b") as file:  # the count of the first record
        file.seek(512 + 5 + 8 + 8)
        file.write(b"\xee" * 8)
    compare_output(tap, "dasd check", ["dasd", "check", "--json", damaged],
                   of_option(page("dasd"), "Options of **dasd check**"), VALUES["check"])
    compare_output(tap, "dasd map", ["dasd", "map", "--json", image],
                   of_option(page("dasd"), "Options of **dasd map**"), VALUES["map"])


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        places = host(os.path.join(folder, "host"))
        compare_output(tap, "list", ["list", "--json", *places], of_option(page("list")), VALUES["list"])
        compare_output(tap, "reconcile", ["reconcile", "--json", "--dry-run", "--connect", "test:///default", *places],
                       of_option(page("reconcile")), VALUES["reconcile"])
        images(tap, folder)
        traces(tap, folder)
        if shutil.which(EMULATOR) and not os.environ.get("MESON_EXE_WRAPPER"):
            compare_output(tap, "capabilities", ["capabilities", "--json"], of_option(page("capabilities")),
                           VALUES["capabilities"])
        else:
            tap.skip("capabilities", f"there is no {EMULATOR}, or it cannot run here")
    return tap.done()


sys.exit(main())
