#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripts/install-deps without apt: it names each missing program or library, guesses no package name, and installs
nothing. With an apt whose package lists are locked, it waits for some time. The programs in PATH are links to this
machine's, some of which are missing.

    test-install-deps.py INSTALL-DEPS
"""

import glob
import os
import re
import subprocess
import sys

from files import temporary_folder
from steps import Steps, StepSkipped, expect

INSTALL_DEPS = os.path.abspath(sys.argv[1])
ABSENT = {"apt-get", "apt-cache", "cpio", "readelf", "xz"}  # all of them are in /usr/bin: the script adds /usr/sbin to PATH


def rows(parts="build|run|guest"):
    """Returns what the script needs: kind, name, and the names of Debian's packages."""
    with open(INSTALL_DEPS, encoding="utf-8") as file:
        return re.findall(rf"^(?:{parts}) +(program|library|file) +(\S+) +(\S+)$", file.read(), re.M)


def links(folder, absent):
    for name in os.listdir("/usr/bin"):
        if name not in absent:
            os.symlink(os.path.join("/usr/bin", name), os.path.join(folder, name))


def missing(absent, libraries):
    """Returns the lines that the script writes, except the first."""
    with temporary_folder() as folder:
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


# Replaces apt-get: its first $LOCKED calls of update find the lock taken. It installs a link for each package.
APT_GET = """#!/bin/bash
case " $* " in
*" update "*)
    echo >>"$FOLDER/updates"
    if (($(wc -l <"$FOLDER/updates") <= LOCKED)); then
        echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)" >&2
        exit 100
    fi
    ;;
*" install "*) ln -s /bin/true "$FOLDER/cpio" ;;
esac
"""
APT_CACHE = "#!/bin/bash\necho '  Candidate: 1'\n"
SLEEP = "#!/bin/bash\necho >>\"$FOLDER/pauses\"\n"
ID = "#!/bin/bash\necho 0\n"


def with_apt(locked):
    """Returns (commands, number of pauses) where cpio is missing."""
    with open("/etc/os-release", encoding="utf-8") as file:
        if not re.search(r"^ID=\"?debian\"?$", file.read(), re.M):
            raise StepSkipped("only on Debian does it run apt-get")
    with temporary_folder() as folder:
        scripts = {"apt-get": APT_GET, "apt-cache": APT_CACHE, "sleep": SLEEP, "id": ID}
        links(folder, set(scripts) | {"cpio"})
        for name, text in scripts.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(file.name, 0o755)
        done = subprocess.run(["/bin/bash", INSTALL_DEPS], env={"PATH": folder, "FOLDER": folder, "LOCKED": str(locked)},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        pauses = os.path.join(folder, "pauses")
        return done, os.path.getsize(pauses) if os.path.exists(pauses) else 0


def lists_locked():
    done, pauses = with_apt(2)
    expect(done.returncode == 0 and pauses == 2, f"{pauses} pauses: {done}")
    expect(done.stdout.count("Waiting for another program") == 1 and done.stderr == "", str(done))


def lists_stay_locked():
    done, pauses = with_apt(1000)
    expect(done.returncode == 1 and pauses == 40, f"{pauses} pauses: {done}")
    expect("held by process 4711" in done.stderr and done.stderr.endswith("the package lists could not be read\n"), str(done))


def packages_exist():
    """For everything that any option asks for, this release has a package."""
    if not glob.glob("/var/lib/apt/lists/*Packages*"):
        raise StepSkipped("apt has no package lists here")
    needs = rows("[a-z]+")
    names = sorted({name for *_, packages in needs for name in packages.split("|")})
    policy = subprocess.run(["apt-cache", "policy", *names], env=dict(os.environ, LC_ALL="C"), capture_output=True, text=True,
                            timeout=60, check=True).stdout
    known = set(re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (?!\(none\))", policy, re.M))
    expect(len(needs) > 60, f"the rows are not read: {needs}")
    lacking = [f"{name}: {packages}" for _, name, packages in needs if not known & set(packages.split("|"))]
    expect(not lacking, "this release has no package for\n" + "\n".join(lacking))


def main():
    steps = Steps(False)
    steps.run("programs are named by their own names", programs)
    steps.run("libraries by those of their pkg-config files", libraries)
    steps.run("and no package is", no_package)
    steps.run("without pkg-config it says that it cannot see libraries", no_pkg_config)
    steps.run("this release has a package for everything", packages_exist)
    steps.run("it waits for another program that reads the package lists", lists_locked)
    steps.run("for a bounded time, and then names that program", lists_stay_locked)
    steps.done()


if __name__ == "__main__":
    main()
