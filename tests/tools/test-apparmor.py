#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The AppArmor profile of virtccwd: apparmor_parser accepts it, in complain mode and enforced, and rejects a copy with
an error. tests/libvirt/deploy.py enforces it. TAP.

    test-apparmor.py PROFILE
"""

import os
import shutil
import subprocess
import sys

from tap import Tap, skip_all

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def parse(parser, text):
    """Parses it without the kernel and without the cache."""
    return subprocess.run([parser, "--skip-kernel-load", "--skip-cache", "--skip-read-cache"], input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)


def main():
    parser = shutil.which("apparmor_parser", path=PATH)
    if not parser:
        skip_all("there is no apparmor_parser (Debian: apparmor)")
    with open(sys.argv[1], encoding="utf-8") as file:
        profile = file.read()
    tap = Tap()
    for name, text, taken in (("complaining", profile, True), ("enforced", profile.replace(",complain", ""), True),
                              ("with a fault", profile.replace("capability sys_ptrace", "capability of_no_kernel"), False)):
        result = parse(parser, text)
        tap.ok((result.returncode == 0) == taken, name, f"exit code {result.returncode}", result.stdout)
    tap.ok(profile.count("flags=(attach_disconnected,complain)") == 2 and "@sbindir@" not in profile, "it is in complain mode", profile)
    tap.done()


main()
