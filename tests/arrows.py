#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the folders' includes to the direction of their arrows (docs/internals.md), one test a folder."""

import os
import re
import sys

# What each folder may include besides itself. tools may include everything.
ARROWS = {
    "util": set(),
    "conf": {"util"},
    "css": {"conf", "util"},
    "hostdev": {"css", "conf", "util"},
    "node_device": {"hostdev", "css", "conf", "util"},
    "qemu": {"css", "conf", "util"},
    "hook": {"hostdev", "css", "conf", "util"},
    "launcher": {"qemu", "hook", "hostdev", "css", "dasd", "conf", "util"},
    "rpc": {"util"},
    "remote": {"rpc", "qemu", "node_device", "hostdev", "css", "conf", "util"},
    "channel": {"util"},
    "dasd": {"channel", "util"},
    "trace": {"channel", "util"},
    "vfio": {"trace", "dasd", "channel", "util"},
    "lab": {"util"},
    "tools": {"lab", "vfio", "trace", "remote", "rpc", "launcher", "hook", "qemu", "node_device", "hostdev", "css", "dasd", "channel", "conf", "util"},
}
# dasd knows the channel's formats and the request, not the translation.
FORMATS = {"arch.h", "request.h"}
# remote validates XML. It must not start an emulator, so it knows nothing of QMP, capabilities and the launcher.
VALIDATOR = {"validate.h"}
ONLY = {("dasd", "channel"): FORMATS, ("trace", "channel"): FORMATS, ("remote", "qemu"): VALIDATOR}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/([^"]+)"', re.M)


def violations(source, folder):
    for path, _, files in os.walk(os.path.join(source, folder)):
        for name in files:
            if not name.endswith((".c", ".h")):
                continue
            with open(os.path.join(path, name), encoding="utf-8") as file:
                for other, header in INCLUDE.findall(file.read()):
                    allowed = other == folder or (other in ARROWS[folder] and header in ONLY.get((folder, other), {header}))
                    if not allowed:
                        yield f"src/{folder}/{name} includes {other}/{header}"


def main():
    source = sys.argv[1]
    folders = sorted(name for name in os.listdir(source) if os.path.isdir(os.path.join(source, name)))
    print(f"1..{len(folders)}")
    for number, folder in enumerate(folders, 1):
        bad = list(violations(source, folder)) if folder in ARROWS else [f"src/{folder} has no arrows in tests/arrows.py"]
        for line in bad:
            print(f"# {line}")
        print(f"{'not ' if bad else ''}ok {number} - {folder}")


if __name__ == "__main__":
    main()
