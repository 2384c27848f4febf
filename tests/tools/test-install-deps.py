#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/install-deps where there is no apt: it names what is missing by its own name, guesses no package's, and installs
nothing. The programs in PATH are links to this machine's, without some.

    test-install-deps.py INSTALL-DEPS
"""

import os
import re
import subprocess
import sys
import tempfile

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")]

from steps import Steps, expect  # noqa: E402

INSTALL_DEPS = os.path.abspath(sys.argv[1])
ABSENT = {"apt-get", "apt-cache", "cpio", "readelf", "xz"}  # all of them in /usr/bin, as PATH gets /usr/sbin added


def rows():
    """What the script needs: kind, name, and the names of Debian's packages."""
    with open(INSTALL_DEPS, encoding="utf-8") as file:
        return re.findall(r"^(?:build|run|guest) +(program|library|file) +(\S+) +(\S+)$", file.read(), re.M)


def links(folder, absent):
    for name in os.listdir("/usr/bin"):
        if name not in absent:
            os.symlink(os.path.join("/usr/bin", name), os.path.join(folder, name))


def missing(absent, libraries):
    """The lines that the script writes, without the first."""
    with tempfile.TemporaryDirectory() as folder:
        links(folder, absent)
        env = {"PATH": folder}
        if not libraries:
            env["PKG_CONFIG_LIBDIR"] = folder
        done = subprocess.run(["/bin/bash", INSTALL_DEPS], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
    lines = done.stderr.splitlines()
    expect(done.returncode == 1 and done.stdout == "", f"exit {done.returncode}: {done.stdout}{done.stderr}")
    expect("only Debian's packages can be installed" in lines[0], done.stderr)
    return lines[1:]


def programs():
    lines = missing(ABSENT, True)
    for name in ("apt-get", "cpio", "readelf", "xz"):
        expect(f"  program {name}" in lines, f"{name} is not named: {lines}")
    expect("  program meson" not in lines and "  library glib-2.0" not in lines, f"what is there is named: {lines}")


def libraries():
    lines = missing(ABSENT, False)
    for name in ("glib-2.0", "libxml-2.0", "libvirt", "fuse3", "json-glib-1.0"):
        expect(f"  library {name}" in lines, f"{name} is not named: {lines}")


def no_package():
    lines = missing(ABSENT, False)
    own = {name for _, name, _ in rows()}
    packages = {package for _, _, names in rows() for package in names.split("|")} - own
    words = {word for line in lines for word in line.split()}
    expect({"hercules", "libfuse3-dev"} <= packages, f"the rows are not read: {packages}")
    expect(not words & packages, f"names of packages: {words & packages}")


def no_pkg_config():
    lines = missing(ABSENT | {"pkg-config", "pkgconf", "x86_64-pc-linux-gnu-pkg-config"}, True)
    expect("  program pkg-config" in lines and "  library glib-2.0" in lines, f"{lines}")
    expect("Without pkg-config" in lines[-1], f"the reason is not said: {lines}")


def main():
    steps = Steps(False)
    steps.run("programs are named by their own names", programs)
    steps.run("libraries by those of their pkg-config files", libraries)
    steps.run("and no package is", no_package)
    steps.run("without pkg-config it says that it cannot see libraries", no_pkg_config)
    steps.done()


if __name__ == "__main__":
    main()
