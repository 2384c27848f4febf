#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of `meson install`: in a mount namespace they are at their prefix, and work from there. TAP.

    test-install.py BUILD PREFIX BINDIR SBINDIR MANDIR
"""

import os
import subprocess
import sys

import labtest
import links
from tap import Tap
from waiting import DEADLINE

BUILD, PREFIX, BINDIR, SBINDIR, MANDIR = sys.argv[1:6]
HOSTDEV = "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source></hostdev>"


def installed(folder, script):
    """Runs the script where the prefix has only what was installed."""
    enter = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    prepare = f'mount --bind "{folder}/root{PREFIX}" "{PREFIX}" && PATH="{PREFIX}/{BINDIR}:/usr/bin:/bin:/usr/sbin:/sbin"'
    return subprocess.run(enter + ["sh", "-c", f"{prepare}; {script}"], text=True, input=HOSTDEV, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=DEADLINE)


def main():
    tap = Tap()
    if not os.path.isdir(PREFIX):
        tap.skip("an installed tree", f"there is no {PREFIX} to mount it at")
        tap.done()
    with labtest.workdir() as folder:
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", f"{folder}/root"],
                       check=True, stdout=subprocess.DEVNULL)
        os.chmod(folder, 0o755)
        for name, command, output in (
                ("validate finds its schema", "virt-ccw validate", []),
                ("an image", "virt-ccw dasd create disk --cylinders 5 && echo made", ["made"]),
                ("a lab finds its parts", "virt-ccw lab exec --dasd 0.0.1234=disk -- virsh -q nodedev-list --cap ccw",
                 ["ccw_0_0_1234"]),
                ("qemu-ccw finds its library", "qemu-ccw --dasd 0.0.1234=disk --qemu grep -- -c "
                                               "libvirt-ccw-vfio.so$ /proc/self/maps >/dev/null && echo loaded", ["loaded"]),
                ("virtccwd-setup names a page that is there",
                 f"page=$({PREFIX}/{SBINDIR}/virtccwd-setup front x 2>&1 | sed 's/.* in //') && test -s \"$page\" && echo read", ["read"]),
                ("virtccwd", f"{PREFIX}/{SBINDIR}/virtccwd --version | cut -d ' ' -f 1", ["virtccwd"])):
            result = installed(folder, command)
            tap.ok((result.returncode, result.stdout.split(), result.stderr) == (0, output, ""), name,
                   f"code {result.returncode}\n{result.stdout}{result.stderr}")
        if os.path.isdir(os.path.join(BUILD, "docs", "manpages")) and os.listdir(os.path.join(BUILD, "docs", "manpages")):
            pages = [os.path.exists(f"{folder}/root{PREFIX}/{MANDIR}/{page}")
                     for page in ("man1/virt-ccw.1", "man1/virt-ccw-dasd.1", "man1/qemu-ccw.1", "man8/virtccwd.8",
                                  "man8/virtccwd-setup.8")]
            tap.ok(all(pages), "the man pages", pages)
        else:
            tap.skip("the man pages", "rst2man is not installed")
        pages = f"{folder}/root{PREFIX}/share/doc/libvirt-ccw"
        found = list(links.links_below(pages))
        tap.ok(len(found) > 100, "the installed pages have links", found)
        tap.none(sorted(f"{page}: {fault}" for page, target in found for fault in [links.fault(page, target, pages)] if fault),
                 "which lead to installed pages and their headings")
        tap.equal(links.fault("README.md", "none.md", pages), "there is no none.md", "a wrong link is found")
        installed_files = {name for _, _, names in os.walk(f"{folder}/root{PREFIX}/share") for name in names}
        wanted = {place + name for name in ("virt-ccw", "qemu-ccw", "virtccwd") for place in ("", "_")}
        tap.none(sorted(wanted - installed_files), "the completions for bash and zsh")
    tap.done()


main()
