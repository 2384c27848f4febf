#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lower and raise against stock libvirt, in its embedded QEMU driver: it needs no daemon, and starts no QEMU.

libvirt defines and prints every lowered domain fixture. Raised again, its output must be valid by the schema, have
every ccw device of the fixture and its feature, and lower to the same bytes that libvirt printed. `conf-define.py
--write` renews the NAME.libvirt.xml and NAME.shown.xml of the fixtures that have them.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

from files import temporary_folder
from tap import Tap

VIRT_CCW = os.environ["VIRT_CCW"]
DATA = Path(os.environ["CCW_TEST_DATA"])
# libvirt rejects these because of their stock parts.
UNFIT = {"map-css-features-last": "gic is not for s390x", "hostdev-ccw-encoding": "libvirt takes UTF-8 alone"}


def virt_ccw(command, text):
    return subprocess.run([VIRT_CCW, command], input=text, capture_output=True, check=True).stdout


def devices(text):
    return sorted(re.findall(rb"uuid\s*=\s*.(cc390000-0001-8000-8000-0000[0-9a-f]{8}).", text))


def state(text):
    return re.findall(rb"s390-map-css[^>]*state=.(on|off)", text)


def define(lowered, folder):
    """Returns libvirt's XML of the domain."""
    path = Path(folder) / "domain.xml"
    path.write_bytes(lowered)
    run = subprocess.run(["virsh", "-q", "-c", f"qemu:///embed?root={folder}/libvirt",
                          f"define {path}; dumpxml guest; undefine guest"], capture_output=True)
    if run.returncode != 0:
        raise AssertionError(run.stderr.decode(errors="replace"))
    start, end = run.stdout.index(b"<domain"), run.stdout.rindex(b"</domain>\n")
    return run.stdout[start:end] + b"</domain>\n"


def check(name, lowered, folder):
    printed = define(lowered, folder)
    shown = virt_ccw("raise", printed)
    virt_ccw("validate", shown)
    assert devices(printed) == devices(lowered), f"libvirt printed {devices(printed)}"
    assert b"mdev" not in shown or name in ("hostdev-ccw-mixed",), shown.decode()
    assert state(shown) == state(lowered), shown.decode()
    assert b"<metadata>" not in shown or b"app:conf" in shown, shown.decode()
    again = virt_ccw("lower", shown)
    assert again == printed, f"lowered again:\n{again.decode()}\nlibvirt printed:\n{printed.decode()}"
    if "--write" in sys.argv and (DATA / f"{name}.libvirt.xml").exists():
        (DATA / f"{name}.libvirt.xml").write_bytes(printed)
        (DATA / f"{name}.shown.xml").write_bytes(shown)


def main():
    names = sorted(p.name.removesuffix(".lowered.xml") for p in DATA.glob("*.lowered.xml")
                   if re.search(rb"<domain ", p.read_bytes()) and not re.search(rb"<domain(snap|check)", p.read_bytes()))
    tap = Tap()
    with temporary_folder() as folder:
        for name in names:
            if name in UNFIT:
                tap.skip(name, UNFIT[name])
                continue
            try:
                check(name, (DATA / f"{name}.lowered.xml").read_bytes(), folder)
                tap.ok(True, name)
            except (AssertionError, subprocess.CalledProcessError) as error:
                detail = error.stderr.decode(errors="replace") if isinstance(error, subprocess.CalledProcessError) else str(error)
                tap.ok(False, name, detail)
    tap.done()


main()
