# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the files that virtccwd-setup --root writes, and its messages about a folder's journal."""

import glob
import json
import os

from deployment import PREFIX, SETUP
from files import temporary_folder
from steps import command, expect


def written(umask):
    """Checks the files of virtccwd-setup and their modes."""
    with temporary_folder(parent="/run") as folder:
        os.chmod(folder, 0o755)
        for path in ("etc/systemd/system/virtccwd.socket.d/50-libvirt-ccw.conf", "etc/libvirt/hooks/qemu.d/libvirt-ccw"):
            os.makedirs(os.path.dirname(os.path.join(folder, path)))
            with open(os.path.join(folder, path), "w", encoding="ascii"):  # from an earlier call, readable by every user
                os.chmod(os.path.join(folder, path), 0o666)
        command([SETUP, "--root", folder, "front", "libvirtd"], umask=umask)
        paths = glob.glob(f"{folder}/**", recursive=True)
        return {os.path.relpath(path, folder): os.stat(path).st_mode & 0o7777 for path in paths}


def modes():
    """They do not depend on the caller's umask."""
    for umask in (0, 0o022, 0o077):
        found = written(umask)
        expect(len(found) > 10 and "etc/libvirt/hooks/qemu.d/libvirt-ccw" in found, found)
        wrong = {path: oct(mode) for path, mode in found.items() if mode != (0o644 if path.endswith(".conf") else 0o755)}
        expect(not wrong, f"under umask {umask:o}: {wrong}")


def tells_whose():
    """remove names, for each device in the journal, the command that reattaches it; and status finds AppArmor."""
    with temporary_folder(parent="/run") as folder:
        for device, owner in (("0.0.1233", {"owner": "administrator", "domain": None}),
                              ("0.0.1234", {"owner": "hand", "domain": None}), ("0.0.1235", {"domain": None}),
                              ("0.0.1236", {"owner": "domain", "domain": "c7a5fdbd-edaf-9455-926a-d65c16db1809"}),
                              ("0.0.1237", {"owner": "qemu-ccw", "domain": "cc390000-0002-8000-8000-000000000001"}),
                              ("0.0.1238", {"owner": "a later version's", "domain": None})):
            path = f"{folder}/run/libvirt-ccw/devices/{device}.json"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as file:
                json.dump({"version": 1, "device": device, "subchannel": "0.0.0000", "state": "owned", "since": 1, **owner,
                           "found": {"online": 1, "driver": None, "driver-override": ""}, "steps": []}, file)
        command([SETUP, "--root", folder, "hook", "libvirtd"])
        output = command([SETUP, "--root", folder, "status"])[1]
        for words in ("of domains: 0.0.1236 (", "detached: 0.0.1233 0.0.1234 0.0.1235 ('virt-ccw reattach", "of qemu-ccw: 0.0.1237 (",
                      "is not understood: 0.0.1238 ("):
            expect(words in output, f"no '{words}' in\n{output}")
        apparmor = f"{folder}/sys/module/apparmor/parameters/enabled"
        os.makedirs(os.path.dirname(apparmor))
        with open(apparmor, "w", encoding="ascii") as file:
            file.write("Y\n")
        code, output = command([SETUP, "--root", folder, "status"], check=False)
        expect((code == 1 and "install libvirt-ccw with --prefix=/usr" in output) == (PREFIX != "/usr"), output)
        lines = command([SETUP, "--root", folder, "remove"])[1].splitlines()
        expect(len(lines) == 4 and lines[0].startswith("Domains keep 0.0.1236 ") and
               all(f"virt-ccw reattach {device}'" in line for device, line in zip(("0.0.1233", "0.0.1234", "0.0.1235"), lines[1:])), lines)
