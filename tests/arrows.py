#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the rooms' includes to the direction of their arrows (docs/internals.md), one test a room."""

import os
import re
import sys

# What each room may include besides itself. tools may include everything.
ARROWS = {
    "util": set(),
    "conf": {"util"},
    "node_device": {"conf", "util"},
    "qemu": {"node_device", "dasd", "conf", "util"},
    "remote": {"qemu", "node_device", "conf", "util"},
    "channel": {"util"},
    "dasd": {"channel", "util"},
    "trace": {"channel", "util"},
    "vfio": {"trace", "dasd", "channel", "util"},
    "lab": {"qemu", "node_device", "dasd", "conf", "util"},
    "tools": {"lab", "vfio", "trace", "remote", "qemu", "node_device", "dasd", "channel", "conf", "util"},
}
# dasd knows the channel's formats and the request, not the translation.
FORMATS = {"ccw-arch.h", "ccw-request.h"}
# remote validates XML. It must not start an emulator, so it knows nothing of QMP, capabilities and the launcher.
VALIDATOR = {"ccw-qemu-validate.h"}
ONLY = {("dasd", "channel"): FORMATS, ("trace", "channel"): FORMATS, ("remote", "qemu"): VALIDATOR}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/([^"]+)"', re.M)


def violations(source, room):
    for folder, _, files in os.walk(os.path.join(source, room)):
        for name in files:
            if not name.endswith((".c", ".h")):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for other, header in INCLUDE.findall(file.read()):
                    allowed = other == room or (other in ARROWS[room] and header in ONLY.get((room, other), {header}))
                    if not allowed:
                        yield f"src/{room}/{name} includes {other}/{header}"


def main():
    source = sys.argv[1]
    rooms = sorted(name for name in os.listdir(source) if os.path.isdir(os.path.join(source, name)))
    print(f"1..{len(rooms)}")
    for number, room in enumerate(rooms, 1):
        bad = list(violations(source, room)) if room in ARROWS else [f"src/{room} has no arrows in tests/arrows.py"]
        for line in bad:
            print(f"# {line}")
        print(f"{'not ' if bad else ''}ok {number} - {room}")


if __name__ == "__main__":
    main()
